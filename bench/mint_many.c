/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * Mints many tokens fast, with one kept key:
 *
 *     mint_many -a RS256|HS256 -k KEYFILE -i ISSUER -d AUDIENCE
 *               -p PEOPLE [-r] [-s SIZE] [-f FIRST] -n COUNT
 *     mint_many -j -k KEYFILE
 *
 * The first prints a token and its person's account a line, the second the
 * public JWK Set.  Token i belongs to person i % PEOPLE, or with -r to one
 * drawn at random, the same ones in each run; SIZE persons (1000) share an
 * account.  No two tokens are alike: jti counts.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>


#define MINT_LIFE     (60 * 24 * 3600)
#define MINT_INPUT    2048
#define MINT_SECRET   1024
#define MINT_SIG      1024


typedef struct {
    const char     *alg;
    const char     *file;
    const char     *issuer;
    const char     *audience;
    uint64_t        people;
    uint64_t        size;         /* of an account */
    uint64_t        first;
    uint64_t        count;
    int             random;
    int             jwks;

    EVP_PKEY       *key;          /* RS256 */
    EVP_MD_CTX     *md;
    EVP_MAC_CTX    *mac;          /* HS256 */
} mint_t;


static int mint_options(mint_t *m, int argc, char **argv);
static int mint_key(mint_t *m);
static int mint_secret(mint_t *m, FILE *f);
static int mint_tokens(mint_t *m);
static int mint_token(mint_t *m, const char *header, long long now,
    uint64_t i);
static int mint_sign(mint_t *m, const char *input, size_t len,
    unsigned char *sig, size_t *sig_len);
static int mint_jwks(mint_t *m);
static int mint_number(const char *text, uint64_t *n);
static uint64_t mint_mix(uint64_t x);
static size_t mint_base64url(char *dst, const unsigned char *src, size_t len);


int
main(int argc, char **argv)
{
    int     rc;
    mint_t  m;

    memset(&m, 0, sizeof(m));
    m.size = 1000;

    if (mint_options(&m, argc, argv) != 0) {
        fprintf(stderr, "usage: mint_many -a RS256|HS256 -k FILE -i ISSUER "
                "-d AUDIENCE -p PEOPLE [-r] [-s SIZE] [-f FIRST] "
                "-n COUNT\n"
                "       mint_many -j -k FILE\n");
        return 2;
    }

    if (mint_key(&m) != 0) {
        fprintf(stderr, "mint_many: no usable key in \"%s\"\n", m.file);
        return 1;
    }

    rc = m.jwks ? mint_jwks(&m) : mint_tokens(&m);

    if (rc == 0 && fflush(stdout) != 0) {
        rc = -1;
    }

    if (rc != 0) {
        fprintf(stderr, "mint_many: failed\n");
    }

    EVP_MAC_CTX_free(m.mac);
    EVP_MD_CTX_free(m.md);
    EVP_PKEY_free(m.key);

    return rc == 0 ? 0 : 1;
}


static int
mint_options(mint_t *m, int argc, char **argv)
{
    int  c;

    while ((c = getopt(argc, argv, "a:k:i:d:p:s:f:n:rj")) != -1) {

        switch (c) {

        case 'a':
            m->alg = optarg;
            break;

        case 'k':
            m->file = optarg;
            break;

        case 'i':
            m->issuer = optarg;
            break;

        case 'd':
            m->audience = optarg;
            break;

        case 'p':
            if (mint_number(optarg, &m->people) != 0) {
                return -1;
            }
            break;

        case 's':
            if (mint_number(optarg, &m->size) != 0) {
                return -1;
            }
            break;

        case 'f':
            if (mint_number(optarg, &m->first) != 0) {
                return -1;
            }
            break;

        case 'n':
            if (mint_number(optarg, &m->count) != 0) {
                return -1;
            }
            break;

        case 'r':
            m->random = 1;
            break;

        case 'j':
            m->jwks = 1;
            break;

        default:
            return -1;
        }
    }

    if (m->file == NULL || optind != argc) {
        return -1;
    }

    if (m->jwks) {
        m->alg = "RS256";
        return 0;
    }

    if (m->alg == NULL || m->issuer == NULL || m->audience == NULL
        || m->people == 0 || m->size == 0 || m->count == 0)
    {
        return -1;
    }

    return strcmp(m->alg, "RS256") == 0 || strcmp(m->alg, "HS256") == 0
           ? 0 : -1;
}


static int
mint_key(mint_t *m)
{
    int    rc;
    FILE  *f;

    f = fopen(m->file, "rb");
    if (f == NULL) {
        return -1;
    }

    if (strcmp(m->alg, "HS256") == 0) {
        rc = mint_secret(m, f);

    } else {
        m->md = EVP_MD_CTX_new();
        m->key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
        rc = m->md != NULL && m->key != NULL && EVP_PKEY_is_a(m->key, "RSA")
             ? 0 : -1;
    }

    fclose(f);

    return rc;
}


static int
mint_secret(mint_t *m, FILE *f)
{
    size_t         len;
    EVP_MAC       *mac;
    OSSL_PARAM     params[2];
    unsigned char  secret[MINT_SECRET];

    static char  digest[] = "SHA256";

    len = fread(secret, 1, sizeof(secret), f);

    /* a last line feed is no part of the secret */

    if (len > 0 && secret[len - 1] == '\n') {
        len--;
    }

    if (len < 32) {
        return -1;
    }

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                 digest, 0);
    params[1] = OSSL_PARAM_construct_end();

    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    m->mac = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);

    return m->mac != NULL && EVP_MAC_init(m->mac, secret, len, params) == 1
           ? 0 : -1;
}


static int
mint_tokens(mint_t *m)
{
    int        len, rc;
    char       header[128];
    char       text[96];
    uint64_t   i;
    long long  now;

    now = (long long) time(NULL);

    len = snprintf(text, sizeof(text), "{\"alg\":\"%s\",\"typ\":\"JWT\"%s}",
                   m->alg, m->key != NULL ? ",\"kid\":\"bench-1\"" : "");

    mint_base64url(header, (unsigned char *) text, (size_t) len);

    rc = 0;

    for (i = m->first; i < m->first + m->count && rc == 0; i++) {
        rc = mint_token(m, header, now, i);
    }

    return rc;
}


static int
mint_token(mint_t *m, const char *header, long long now, uint64_t i)
{
    int                 len;
    char                claims[1024], input[MINT_INPUT], text[MINT_SIG * 2];
    size_t              n, sig_len;
    unsigned char       sig[MINT_SIG];
    unsigned long long  person;

    person = (m->random ? mint_mix(i) : i) % m->people;

    len = snprintf(claims, sizeof(claims),
                   "{\"iss\":\"%s\",\"aud\":\"%s\","
                   "\"sub\":\"00000000-0000-4000-8000-%012llx\","
                   "\"iat\":%lld,\"exp\":%lld,\"jti\":\"%016llx\","
                   "\"email\":\"person-%llu@example.com\","
                   "\"email_verified\":true,\"name\":\"Person %llu\"}",
                   m->issuer, m->audience, person, now, now + MINT_LIFE,
                   (unsigned long long) i, person, person);

    if (len < 0 || (size_t) len >= sizeof(claims)) {
        return -1;
    }

    n = strlen(header);

    memcpy(input, header, n);
    input[n++] = '.';
    n += mint_base64url(input + n, (unsigned char *) claims, (size_t) len);

    sig_len = sizeof(sig);

    if (mint_sign(m, input, n, sig, &sig_len) != 0) {
        return -1;
    }

    mint_base64url(text, sig, sig_len);

    return printf("%s.%s org-%04llu\n", input, text, person / m->size) < 0
           ? -1 : 0;
}


static int
mint_sign(mint_t *m, const char *input, size_t len, unsigned char *sig,
    size_t *sig_len)
{
    const unsigned char  *in;

    in = (const unsigned char *) input;

    if (m->mac != NULL) {

        /* without a key: the one it has, which is hashed already */

        return EVP_MAC_init(m->mac, NULL, 0, NULL) == 1
               && EVP_MAC_update(m->mac, in, len) == 1
               && EVP_MAC_final(m->mac, sig, sig_len, *sig_len) == 1
               ? 0 : -1;
    }

    return EVP_DigestSignInit(m->md, NULL, EVP_sha256(), NULL, m->key) == 1
           && EVP_DigestSign(m->md, sig, sig_len, in, len) == 1
           && EVP_MD_CTX_reset(m->md) == 1
           ? 0 : -1;
}


static int
mint_jwks(mint_t *m)
{
    int            i, rc, len;
    char           text[MINT_SIG * 2];
    BIGNUM        *bn;
    unsigned char  bytes[MINT_SIG];

    static const char *const  names[] = {
        OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E
    };

    rc = 0;

    printf("{\"keys\":[{\"kty\":\"RSA\",\"use\":\"sig\",\"alg\":\"RS256\","
           "\"kid\":\"bench-1\"");

    for (i = 0; i < 2 && rc == 0; i++) {
        bn = NULL;

        if (EVP_PKEY_get_bn_param(m->key, names[i], &bn) != 1
            || BN_num_bytes(bn) > MINT_SIG)
        {
            rc = -1;

        } else {
            len = BN_bn2bin(bn, bytes);
            mint_base64url(text, bytes, (size_t) len);
            printf(",\"%s\":\"%s\"", names[i], text);
        }

        BN_free(bn);
    }

    printf("}]}\n");

    return rc;
}


static int
mint_number(const char *text, uint64_t *n)
{
    char               *end;
    unsigned long long  v;

    v = strtoull(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0') {
        return -1;
    }

    *n = v;

    return 0;
}


/* splitmix64: numbers that look random, from a counter. */

static uint64_t
mint_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;

    return x ^ (x >> 31);
}


/* dst has room for 4/3 of len and a zero byte; returns the text's length. */

static size_t
mint_base64url(char *dst, const unsigned char *src, size_t len)
{
    int     n;
    size_t  i;

    n = EVP_EncodeBlock((unsigned char *) dst, src, (int) len);

    while (n > 0 && dst[n - 1] == '=') {
        n--;
    }

    dst[n] = '\0';

    for (i = 0; i < (size_t) n; i++) {
        if (dst[i] == '+') {
            dst[i] = '-';

        } else if (dst[i] == '/') {
            dst[i] = '_';
        }
    }

    return (size_t) n;
}
