/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* Rules 1 to 4: bytes, header, key, signature. */

#include "team_unit.h"
#include "team_oom.h"
#include "team_sign.h"

#include <openssl/err.h>

#include "../../src/core/team_token.h"


#define PAYLOAD  "{\"iss\":\"https://id.example.com\",\"sub\":\"anna\"}"


static team_jwks_t *load(EVP_PKEY *pkey);
static team_reason_e verify(const team_jwks_t *set, const char *text);
static void bytes(void);
static void headers(void);
static void every_alg(void);
static void one_alg(team_alg_e alg);
static void mutations(const team_jwks_t *set, const char *token,
    const char *name);
static void confusion(void);
static void signatures(void);
static void salts(void);
static void without_memory(team_alg_e alg);


int
main(void)
{
    int  alg;

    plan(0);

    bytes();
    headers();
    every_alg();
    confusion();
    signatures();
    salts();

    for (alg = 0; alg < TEAM_ALGS; alg += 3) {
        without_memory((team_alg_e) alg);
    }

    return done();
}


static team_jwks_t *
load(EVP_PKEY *pkey)
{
    char              *pem;
    team_jwks_t       *set;
    team_jwk_error_t   error;

    if (pkey == NULL) {
        set = team_jwks_load(TEST_SECRET, 64, &error);

    } else {
        pem = key_pem(pkey, 0);
        set = team_jwks_load(pem, strlen(pem), &error);
        free(pem);
    }

    if (set == NULL) {
        printf("Bail out! %s\n", error.text);
        exit(1);
    }

    return set;
}


static team_reason_e
verify(const team_jwks_t *set, const char *text)
{
    team_token_t       token;
    team_reason_e      reason;
    const team_jwk_t  *key;

    reason = team_token_split(&token, str(text));

    if (reason == TEAM_OK) {
        reason = team_token_header(&token);
    }

    if (reason != TEAM_OK) {
        return reason;
    }

    key = team_jwks_find(set, token.kid, token.alg);

    return key ? team_token_verify(&token, key) : TEAM_TOKEN_KEY;
}


static void
bytes(void)
{
    char          *text;
    int            c, taken;
    size_t         i;
    team_str_t     s;
    team_token_t   token;

    static const struct {
        const char  *text;
        const char  *why;
    } rows[] = {
        { "", "nothing" },
        { "AA.A", "too short" },
        { "AAAAAAAA", "no dot" },
        { "AAAA.AAAA", "one dot" },
        { "AAAA.AAAA.AAAA.AAAA", "three dots" },
        { "AAAA.AAAA.AAAA.", "three dots, the last part empty" },
        { "AAAA.AAAA.AAAA.AAAA.AAAA", "a JWE" },
        { ".AAAA.AAAA", "no header" },
        { "AAAA..AAAA", "no payload" },
        { "AAAA.AAAA.", "no signature" },
        { "AAAA.AAAA.AAAA=", "padding" },
        { "AAAAA.AAAA.AAAA", "1 mod 4 in the header" },
        { "AAAA.AAAAA.AAAA", "1 mod 4 in the payload" },
        { "AAAA.AAAA.AAAAA", "1 mod 4 in the signature" },
        { "AB.AAAA.AAAA", "unused bits in the header" },
        { "AAAA.AAB.AAAA", "unused bits in the payload" },
        { "AAAA.AAAA.AB", "unused bits in the signature" },
        { "AAAA.AAAA.AA/+", "base64's own alphabet" },
        { "AAAA.AAAA.AAAA\n", "a newline at the end" },
        { " AAAA.AAAA.AAAA", "a space in front" },
        { "AAAA.AA\tA.AAAA", "a tab" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        is_int(team_token_split(&token, str(rows[i].text)),
               TEAM_TOKEN_MALFORMED, "malformed: %s", rows[i].why);
    }

    is_int(team_token_split(&token, str("AA.AAA.AAAA")), TEAM_OK, "split");
    ok(team_str_eq(token.header, str("AA"))
       && team_str_eq(token.payload, str("AAA"))
       && team_str_eq(token.signature, str("AAAA"))
       && team_str_eq(token.input, str("AA.AAA")), "... into its parts");

    /* nginx 1.22 lets bytes such as 0x01 through in a header's value */

    taken = 0;

    for (c = 0; c < 256; c++) {
        char  one[] = "AAAA.AAAA.AAAA";

        one[6] = (char) c;
        s.data = one;
        s.len = 14;

        taken += team_token_split(&token, s) == TEAM_OK;
    }

    is_int(taken, 64, "64 bytes are characters of a token");

    text = malloc(TEAM_MAX_TOKEN + 1);
    give_up(text == NULL);

    memset(text, 'A', TEAM_MAX_TOKEN + 1);
    text[4] = '.';
    text[9] = '.';
    s.data = text;
    s.len = TEAM_MAX_TOKEN;

    is_int(team_token_split(&token, s), TEAM_OK, "%d bytes", TEAM_MAX_TOKEN);

    text[10] = '.';
    text[9] = 'A';
    text[8] = 'A';
    s.len++;

    is_int(team_token_split(&token, s), TEAM_TOKEN_MALFORMED, "one more");

    free(text);
}


static void
headers(void)
{
    char          *token, *long_header, name[300];
    size_t         i;
    EVP_PKEY      *pkey;
    team_jwks_t   *set;
    team_token_t   parsed;

    static const struct {
        team_reason_e  reason;
        const char    *header;
    } rows[] = {
        { TEAM_OK, "{\"alg\":\"ES256\"}" },
        { TEAM_OK, " {\"alg\":\"ES256\"}\r\n" },
        { TEAM_OK, "{\"alg\":\"ES256\",\"typ\":\"JWT\"}" },
        { TEAM_OK, "{\"alg\":\"ES256\",\"typ\":\"jwt\"}" },
        { TEAM_OK, "{\"alg\":\"ES256\",\"typ\":\"At+Jwt\"}" },
        { TEAM_OK, "{\"alg\":\"ES256\",\"typ\":\"application/AT+JWT\"}" },
        { TEAM_OK, "{\"\\u0061lg\":\"ES256\",\"cty\":\"x\",\"o\":{\"a\":[]}}" },
        { TEAM_OK, "{\"alg\":\"ES256\",\"jku\":7,\"jwk\":{},\"x5u\":\"http://"
                   "evil.example\",\"x5c\":[]}" },

        { TEAM_TOKEN_TYPE, "{\"alg\":\"ES256\",\"typ\":\"\"}" },
        { TEAM_TOKEN_TYPE, "{\"alg\":\"ES256\",\"typ\":\"JWT \"}" },
        { TEAM_TOKEN_TYPE, "{\"alg\":\"ES256\",\"typ\":\"application/jwt\"}" },
        { TEAM_TOKEN_TYPE, "{\"alg\":\"ES256\",\"typ\":\"logout+jwt\"}" },
        { TEAM_TOKEN_TYPE, "{\"alg\":\"ES256\",\"typ\":\"dpop+jwt\"}" },
        { TEAM_TOKEN_TYPE, "{\"alg\":\"ES256\",\"typ\":\"application/at+jwt "
                           "and forty more bytes to make it long\"}" },
        { TEAM_TOKEN_HEADER, "{\"alg\":\"ES256\",\"typ\":null}" },
        { TEAM_TOKEN_HEADER, "{\"alg\":\"ES256\",\"typ\":[\"JWT\"]}" },

        { TEAM_TOKEN_ALGORITHM, "{\"alg\":\"none\"}" },
        { TEAM_TOKEN_ALGORITHM, "{\"alg\":\"None\"}" },
        { TEAM_TOKEN_ALGORITHM, "{\"alg\":\"nOnE\"}" },
        { TEAM_TOKEN_ALGORITHM, "{\"alg\":\"\"}" },
        { TEAM_TOKEN_ALGORITHM, "{\"alg\":\"es256\"}" },
        { TEAM_TOKEN_ALGORITHM, "{\"alg\":\"ES256 \"}" },
        { TEAM_TOKEN_ALGORITHM, "{\"alg\":\"ES25\"}" },
        { TEAM_TOKEN_ALGORITHM, "{\"alg\":\"ES256K\"}" },
        { TEAM_TOKEN_ALGORITHM, "{\"alg\":\"RSA-OAEP\"}" },
        { TEAM_TOKEN_HEADER, "{\"alg\":null}" },
        { TEAM_TOKEN_HEADER, "{\"alg\":[\"ES256\"]}" },
        { TEAM_TOKEN_HEADER, "{\"alg\":{\"ES256\":1}}" },
        { TEAM_TOKEN_HEADER, "{\"alg\":9}" },
        { TEAM_TOKEN_HEADER, "{\"Alg\":\"ES256\"}" },
        { TEAM_TOKEN_HEADER, "{}" },

        { TEAM_TOKEN_HEADER, "{\"alg\":\"ES256\",\"crit\":[\"exp\"]}" },
        { TEAM_TOKEN_HEADER, "{\"alg\":\"ES256\",\"crit\":[]}" },
        { TEAM_TOKEN_HEADER, "{\"alg\":\"ES256\",\"crit\":null}" },
        { TEAM_TOKEN_HEADER, "{\"alg\":\"ES256\",\"b64\":false}" },
        { TEAM_TOKEN_HEADER, "{\"alg\":\"ES256\",\"b64\":true}" },
        { TEAM_TOKEN_HEADER, "{\"alg\":\"none\",\"alg\":\"ES256\"}" },
        { TEAM_TOKEN_HEADER, "{\"alg\":\"ES256\",\"kid\":\"\"}" },
        { TEAM_TOKEN_HEADER, "{\"alg\":\"ES256\",\"kid\":null}" },
        { TEAM_TOKEN_HEADER, "{\"alg\":\"ES256\",\"kid\":1}" },
        { TEAM_TOKEN_HEADER, "{\"alg\":\"ES256\",\"kid\":[\"a\"]}" },
        { TEAM_TOKEN_HEADER, "{\"alg\":\"ES256\",\"kid\":\"a\\nb\"}" },
        { TEAM_TOKEN_HEADER, "{\"alg\":\"ES256\",\"kid\":\"a\\u0000b\"}" },
        { TEAM_TOKEN_KEY, "{\"alg\":\"ES256\",\"kid\":\"../../dev/null\"}" },
        { TEAM_TOKEN_KEY, "{\"alg\":\"ES256\",\"kid\":\"' or 1=1 --\"}" },

        { TEAM_TOKEN_HEADER, "[\"alg\",\"ES256\"]" },
        { TEAM_TOKEN_HEADER, "\"alg\"" },
        { TEAM_TOKEN_HEADER, "null" },
        { TEAM_TOKEN_HEADER, "{\"alg\":\"ES256\"} {}" },
        { TEAM_TOKEN_HEADER, "{\"alg\":\"ES256\"" },
        { TEAM_TOKEN_HEADER, "\xef\xbb\xbf{\"alg\":\"ES256\"}" },
        { TEAM_TOKEN_HEADER, "{\"alg\":\"ES256\",\"x\":\"\xff\"}" }
    };

    pkey = key_make(TEAM_ALG_ES256);
    set = load(pkey);

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        token = mint(pkey, TEAM_ALG_ES256, rows[i].header, PAYLOAD);

        is_str(team_reason_name(verify(set, token)),
               team_reason_name(rows[i].reason), "header %zu", i);
        free(token);
    }

    /* what the header says is kept, and may be as long as it may be */

    memset(name, 'k', sizeof(name));
    long_header = malloc(4096);
    give_up(long_header == NULL);

    for (i = TEAM_MAX_KID; i <= TEAM_MAX_KID + 1; i++) {
        (void) snprintf(long_header, 4096, "{\"alg\":\"ES256\",\"typ\":\"JWT\","
                        "\"kid\":\"%.*s\"}", (int) i, name);

        token = mint(pkey, TEAM_ALG_ES256, long_header, PAYLOAD);

        (void) team_token_split(&parsed, str(token));

        is_int(team_token_header(&parsed),
               i == TEAM_MAX_KID ? TEAM_OK : TEAM_TOKEN_HEADER,
               "a kid of %zu bytes", i);

        if (i == TEAM_MAX_KID) {
            ok(parsed.kid.len == TEAM_MAX_KID
               && memcmp(parsed.kid.data, name, TEAM_MAX_KID) == 0,
               "... is kept");
            ok(team_str_eq(parsed.typ, str("JWT")), "... and typ");
            is_int(parsed.alg, TEAM_ALG_ES256, "... and alg");
        }

        free(token);
    }

    for (i = TEAM_MAX_HEADER; i <= TEAM_MAX_HEADER + 1; i++) {
        memset(long_header, ' ', i);
        memcpy(long_header, "{\"alg\":\"ES256\"}", 15);
        long_header[i] = '\0';

        token = mint(pkey, TEAM_ALG_ES256, long_header, PAYLOAD);

        is_int(verify(set, token),
               i == TEAM_MAX_HEADER ? TEAM_OK : TEAM_TOKEN_HEADER,
               "a header of %zu bytes", i);
        free(token);
    }

    free(long_header);
    team_jwks_free(set);
    EVP_PKEY_free(pkey);
}


static void
every_alg(void)
{
    int  alg;

    for (alg = 0; alg < TEAM_ALGS; alg++) {
        one_alg((team_alg_e) alg);
    }
}


static void
one_alg(team_alg_e alg)
{
    int           other;
    char         *token, header[64];
    EVP_PKEY     *pkey, *foreign;
    team_jwks_t  *set, *wrong;

    pkey = key_make(alg);
    set = load(pkey);

    (void) snprintf(header, sizeof(header), "{\"alg\":\"%s\"}",
                    team_alg_name(alg));
    token = mint(pkey, alg, header, PAYLOAD);

    is_int(verify(set, token), TEAM_OK, "%s is accepted", team_alg_name(alg));
    is_int(verify(set, token), TEAM_OK, "... again: the key is as it was");

    mutations(set, token, team_alg_name(alg));

    is_int(verify(set, token), TEAM_OK, "... and is still accepted after them");
    free(token);

    foreign = key_make(alg);

    if (foreign != NULL) {
        wrong = load(foreign);
        token = mint(foreign, alg, header, PAYLOAD);

        is_int(verify(set, token), TEAM_TOKEN_SIGNATURE,
               "... with another key of its kind it is not");
        is_int(verify(wrong, token), TEAM_OK, "... which is that key's");

        free(token);
        team_jwks_free(wrong);
        EVP_PKEY_free(foreign);
    }

    /* the alg says one thing, the signature is another's */

    for (other = 0; other < TEAM_ALGS; other++) {
        if (other == (int) alg) {
            continue;
        }

        (void) snprintf(header, sizeof(header), "{\"alg\":\"%s\"}",
                        team_alg_name((team_alg_e) other));
        token = mint(pkey, alg, header, PAYLOAD);

        ok(verify(set, token) != TEAM_OK, "... nor when it says %s",
           team_alg_name((team_alg_e) other));
        free(token);
    }

    ok(ERR_peek_error() == 0, "... and OpenSSL's error queue is empty");

    team_jwks_free(set);
    EVP_PKEY_free(pkey);
}


/* Every third character: in the header, the payload, the signature. */

static void
mutations(const team_jwks_t *set, const char *token, const char *name)
{
    char      *copy;
    size_t     i, len;
    unsigned   accepted, stale;

    len = strlen(token);
    copy = malloc(len + 1);
    give_up(copy == NULL);

    accepted = 0;
    stale = 0;

    for (i = 0; i < len; i += 3) {
        memcpy(copy, token, len + 1);

        copy[i] = copy[i] == 'A' ? 'B' : 'A';

        accepted += verify(set, copy) == TEAM_OK;
        stale += ERR_peek_error() != 0;
    }

    for (i = len - 1; i > len - 8; i--) {
        memcpy(copy, token, len + 1);
        copy[i] = '\0';
        accepted += verify(set, copy) == TEAM_OK;
    }

    is_int(accepted, 0, "... %s with one character changed or some missing: "
           "never", name);
    is_int(stale, 0, "... and no error is left for nginx to log");

    free(copy);
}


/*
 * The attack: take the public key, which everybody has, as an HMAC secret, and
 * say HS256.  The key's type decides, not the token.
 */

static void
confusion(void)
{
    char              *pem, *header, *token, *signature;
    size_t             n;
    unsigned           len;
    EVP_PKEY          *pkey;
    team_str_t         raw;
    team_jwks_t       *set;
    unsigned char      mac[EVP_MAX_MD_SIZE];
    const team_jwk_t  *key;

    pkey = key_make(TEAM_ALG_RS256);
    set = load(pkey);
    pem = key_pem(pkey, 0);
    header = b64("{\"alg\":\"HS256\"}", 15);

    n = strlen(header) + 200;
    token = malloc(n);
    give_up(token == NULL);

    (void) snprintf(token, n, "%s.eyJzdWIiOiJhbm5hIn0", header);

    give_up(HMAC(EVP_sha256(), pem, (int) strlen(pem),
                 (const unsigned char *) token, strlen(token), mac, &len)
            == NULL);

    signature = b64(mac, len);
    (void) snprintf(token + strlen(token), n - strlen(token), ".%s", signature);

    is_int(verify(set, token), TEAM_TOKEN_KEY,
           "HS256 with the public key as its secret finds no key");

    key = team_jwks_get(set, 0);
    raw.data = (const char *) mac;
    raw.len = len;

    is_int(team_signature_verify(key, TEAM_ALG_HS256, str("x"), raw),
           TEAM_TOKEN_ALGORITHM, "... and the key refuses the alg by itself");
    is_int(team_signature_verify(key, TEAM_ALGS, str("x"), raw),
           TEAM_TOKEN_ALGORITHM, "... and an alg that does not exist");

    free(signature);
    free(token);
    free(header);
    free(pem);
    team_jwks_free(set);
    EVP_PKEY_free(pkey);
}


/* CVE-2022-21449 and relatives: r or s zero, or not below the order. */

static void
signatures(void)
{
    size_t             i, len;
    EVP_PKEY          *pkey;
    team_str_t         raw;
    team_jwks_t       *set;
    unsigned char      sig[1024], bad[1024];
    const team_jwk_t  *key;

    pkey = key_make(TEAM_ALG_ES256);
    set = load(pkey);
    key = team_jwks_get(set, 0);

    len = sign_raw(sig, pkey, TEAM_ALG_ES256, "input");
    raw.data = (const char *) sig;
    raw.len = len;

    is_int(team_signature_verify(key, TEAM_ALG_ES256, str("input"), raw),
           TEAM_OK, "R || S is accepted");

    raw.data = (const char *) bad;

    memset(bad, 0, sizeof(bad));
    is_int(team_signature_verify(key, TEAM_ALG_ES256, str("input"), raw),
           TEAM_TOKEN_SIGNATURE, "... all zero is not");

    memset(bad, 0xff, sizeof(bad));
    is_int(team_signature_verify(key, TEAM_ALG_ES256, str("input"), raw),
           TEAM_TOKEN_SIGNATURE, "... nor all ones");

    memcpy(bad, sig, 32);
    memset(bad + 32, 0, 32);
    is_int(team_signature_verify(key, TEAM_ALG_ES256, str("input"), raw),
           TEAM_TOKEN_SIGNATURE, "... nor s = 0");

    memset(bad, 0, 32);
    memcpy(bad + 32, sig + 32, 32);
    is_int(team_signature_verify(key, TEAM_ALG_ES256, str("input"), raw),
           TEAM_TOKEN_SIGNATURE, "... nor r = 0");

    for (i = 0; i <= 200; i++) {
        memset(bad, 0, sizeof(bad));
        memcpy(bad, sig, len);
        raw.len = i;

        if (i != len
            && team_signature_verify(key, TEAM_ALG_ES256, str("input"), raw)
               != TEAM_TOKEN_SIGNATURE)
        {
            break;
        }
    }

    is_int((int64_t) i, 201, "... nor any other length");
    ok(ERR_peek_error() == 0, "... and no error is left");

    team_jwks_free(set);
    EVP_PKEY_free(pkey);
}


/* RFC 7518 section 3.5: the salt is as long as the hash, and no other. */

static void
salts(void)
{
    size_t             i, len;
    EVP_PKEY          *pkey;
    EVP_MD_CTX        *ctx;
    team_str_t         raw;
    team_jwks_t       *set;
    EVP_PKEY_CTX      *pctx;
    unsigned char      sig[1024];

    static const int  lengths[] = { 32, 0, 1, 20, 31, 33, 64, 222 };

    pkey = key_make(TEAM_ALG_PS256);
    set = load(pkey);

    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        len = sizeof(sig);
        ctx = EVP_MD_CTX_new();

        give_up(ctx == NULL
                || EVP_DigestSignInit(ctx, &pctx, EVP_sha256(), NULL, pkey)
                   != 1
                || EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING)
                   != 1
                || EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, lengths[i]) != 1
                || EVP_DigestSign(ctx, sig, &len,
                                  (const unsigned char *) "input", 5)
                   != 1);
        EVP_MD_CTX_free(ctx);

        raw.data = (const char *) sig;
        raw.len = len;

        is_int(team_signature_verify(team_jwks_get(set, 0), TEAM_ALG_PS256,
                                     str("input"), raw),
               lengths[i] == 32 ? TEAM_OK : TEAM_TOKEN_SIGNATURE,
               "PS256 with a salt of %d bytes", lengths[i]);
    }

    team_jwks_free(set);
    EVP_PKEY_free(pkey);
}


static void
without_memory(team_alg_e alg)
{
    long            i;
    char           *good, *bad, header[64];
    EVP_PKEY       *pkey;
    unsigned        accepted;
    team_jwks_t    *set;
    team_reason_e   reason;

    pkey = key_make(alg);
    set = load(pkey);

    (void) snprintf(header, sizeof(header), "{\"alg\":\"%s\"}",
                    team_alg_name(alg));
    good = mint(pkey, alg, header, PAYLOAD);
    bad = mint(pkey, alg, header, PAYLOAD);

    bad[strlen(bad) - 20] = bad[strlen(bad) - 20] == 'A' ? 'B' : 'A';

    /* what the libraries keep for themselves is made before memory ends */

    (void) verify(set, good);
    accepted = verify(set, bad) == TEAM_OK;

    for (i = 0; i < 10000; i++) {
        oom_after(i);
        reason = verify(set, bad);

        if (!oom_happened()) {
            break;
        }

        accepted += reason == TEAM_OK;
    }

    ok(i > 0 && i < 10000, "%s: memory ends after 0 to %ld allocations",
       team_alg_name(alg), i - 1);
    is_int(accepted, 0, "... and a wrong token is never accepted");
    is_int(verify(set, good), TEAM_OK, "... and afterwards a good one is");

    free(good);
    free(bad);
    team_jwks_free(set);
    EVP_PKEY_free(pkey);
}
