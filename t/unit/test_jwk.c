/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* Keys: what is loaded, what is refused and why, which one is found. */

#include "team_unit.h"
#include "team_oom.h"
#include "team_sign.h"
#include "team_load.h"

#include <openssl/core_names.h>


#define K32   "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
#define K31   "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZQ"
#define OCT   "\"kty\":\"oct\",\"k\":\"" K32 "\""


static void names(void);
static void make_keys(void);
static char *param(EVP_PKEY *pkey, const char *name, size_t size);
static char *bignum(int bits, int low);
static char *roca(void);
static void public_keys(void);
static void public_keys_refused(void);
static void secrets(void);
static void secrets_refused(void);
static void sets(void);
static void kids(void);
static void find(void);


/* fields of fresh keys */

static char  *n, *x, *y, *x2, *x384, *y384, *ed;

static EVP_PKEY  *rsa, *ec, *ec384, *eddsa;

static char  set_of_all[4096];


int
main(void)
{
    plan(0);

    names();
    make_keys();
    public_keys();
    public_keys_refused();
    secrets();
    secrets_refused();
    sets();
    kids();
    find();

    (void) snprintf(set_of_all, sizeof(set_of_all),
                    "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"r\","
                    "\"n\":\"%s\",\"e\":\"AQAB\"},"
                    "{\"kty\":\"EC\",\"kid\":\"e\",\"crv\":\"P-256\","
                    "\"x\":\"%s\",\"y\":\"%s\"},{\"kty\":\"OKP\","
                    "\"kid\":\"o\",\"crv\":\"Ed25519\",\"x\":\"%s\"}]}",
                    n, x, y, ed);
    without_memory(set_of_all, "a JWK Set");
    without_memory("{\"keys\":[{" OCT ",\"kid\":\"a\"}]}", "a secret's JWK");
    without_memory(TEST_SECRET, "a secret");

    free(n);
    free(x);
    free(y);
    free(x2);
    free(x384);
    free(y384);
    free(ed);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
    EVP_PKEY_free(ec384);
    EVP_PKEY_free(eddsa);

    return done();
}


static void
names(void)
{
    int         alg;
    size_t      i;
    team_str_t  name;

    static const char  *none[] = {
        "", "none", "rs256", "RS256 ", "RS2", "ES256K", "HS1", "Ed25519"
    };

    for (alg = 0; alg < TEAM_ALGS; alg++) {
        name = str(team_alg_name((team_alg_e) alg));
        is_int(team_alg_find(name), alg, "%s is found", name.data);
    }

    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        is_int(team_alg_find(str(none[i])), -1, "\"%s\" is not", none[i]);
    }

    name.data = "RS256\0";
    name.len = 6;
    is_int(team_alg_find(name), -1, "nor with a NUL behind it");
    is_int((int64_t) team_alg_hash(TEAM_ALG_PS384), 48, "the hash of PS384");
    ok(team_alg_md(TEAM_ALG_EDDSA) == NULL, "EdDSA names no hash");
}


static void
make_keys(void)
{
    EVP_PKEY  *another;

    rsa = key_make(TEAM_ALG_RS256);
    ec = key_make(TEAM_ALG_ES256);
    ec384 = key_make(TEAM_ALG_ES384);
    eddsa = key_make(TEAM_ALG_EDDSA);

    n = param(rsa, OSSL_PKEY_PARAM_RSA_N, 256);
    x = param(ec, OSSL_PKEY_PARAM_EC_PUB_X, 32);
    y = param(ec, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
    x384 = param(ec384, OSSL_PKEY_PARAM_EC_PUB_X, 48);
    y384 = param(ec384, OSSL_PKEY_PARAM_EC_PUB_Y, 48);

    another = key_make(TEAM_ALG_ES256);
    x2 = param(another, OSSL_PKEY_PARAM_EC_PUB_X, 32);
    EVP_PKEY_free(another);

    {
        size_t         len = 32;
        unsigned char  raw[32];

        give_up(EVP_PKEY_get_raw_public_key(eddsa, raw, &len) != 1);
        ed = b64(raw, len);
    }
}


static char *
param(EVP_PKEY *pkey, const char *name, size_t size)
{
    BIGNUM         *bn;
    unsigned char   raw[2100];

    bn = NULL;

    give_up(EVP_PKEY_get_bn_param(pkey, name, &bn) != 1
            || BN_bn2binpad(bn, raw, (int) size) < 0);
    BN_free(bn);

    return b64(raw, size);
}


/* A number of so many bits, with these low bits. */

static char *
bignum(int bits, int low)
{
    size_t         len;
    unsigned char  raw[2200];

    len = (size_t) (bits + 7) / 8;

    memset(raw, 0x5a, sizeof(raw));
    raw[0] = (unsigned char) (1 << ((bits - 1) % 8));
    raw[len - 1] = (unsigned char) low;

    return b64(raw, len);
}


/* 65537 ^ 128: what the broken generator's moduli look like, of 2049 bits */

static char *
roca(void)
{
    char           *text64;
    BIGNUM         *base, *power, *modulus;
    BN_CTX         *ctx;
    unsigned char   raw[257];

    ctx = BN_CTX_new();
    base = BN_new();
    power = BN_new();
    modulus = BN_new();

    give_up(ctx == NULL || base == NULL || power == NULL || modulus == NULL);
    give_up(BN_set_word(base, 65537) != 1 || BN_set_word(power, 128) != 1
            || BN_exp(modulus, base, power, ctx) != 1
            || BN_bn2binpad(modulus, raw, sizeof(raw)) < 0);

    text64 = b64(raw, sizeof(raw));

    BN_free(base);
    BN_free(power);
    BN_free(modulus);
    BN_CTX_free(ctx);

    return text64;
}


static void
public_keys(void)
{
    accepted(JWK("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}", n),
             RSA_ALGS, "RSA serves six algs");
    accepted(JWK("\n\t {\"keys\":[{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\","
                 "\"alg\":\"PS384\"}]}", n),
             BIT(PS384), "RSA that names one, in a set");
    accepted(JWK("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\","
                 "\"use\":\"sig\",\"key_ops\":[\"verify\"]}", x, y),
             BIT(ES256), "P-256");
    accepted(JWK("{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"%s\","
                 "\"y\":\"%s\"}", x384, y384),
             BIT(ES384), "P-384");
    accepted(JWK("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\","
                 "\"alg\":\"EdDSA\"}", ed),
             BIT(EDDSA), "Ed25519");
    accepted(JWK("{\"keys\":["
                 "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"%s\"},"
                 "{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"AA\"},"
                 "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"A\"},"
                 "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\","
                 "\"use\":\"enc\"},"
                 "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\","
                 "\"alg\":\"RSA-OAEP\"},"
                 "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\","
                 "\"key_ops\":[\"encrypt\"]},"
                 "{\"kty\":\"oct\",\"k\":\"AA\",\"alg\":\"A128KW\"},"
                 "{\"kty\":\"AKP\",\"pub\":\"AA\"},"
                 "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\","
                 "\"y\":\"%s\",\"kid\":\"1\",\"x5c\":7}]}",
                 ed, n, n, n, x, y),
             BIT(ES256), "what is not for us is passed over");
}


static void
public_keys_refused(void)
{
    char  *odd, *even, *small, *large, *huge_e, *weak;

    odd = bignum(2048, 1);
    even = bignum(2048, 2);
    small = bignum(2047, 1);
    large = bignum(16385, 1);
    huge_e = bignum(65, 1);
    weak = roca();

#define RSA(n, e)  JWK("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}", n, e)
#define EC(crv, x, y)  \
    JWK("{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"}", crv, x, y)

    accepted(RSA(odd, "Aw"), RSA_ALGS, "2048 bits and e = 3");

    refused(RSA(small, "AQAB"), "key 1: RSA modulus of 2047 bits, under 2048");
    refused(RSA(large, "AQAB"), "key 1: RSA modulus of 16385 bits, over 16384");
    refused(RSA(even, "AQAB"), "key 1: RSA modulus is even");
    refused(RSA(n, "AQ"), "key 1: RSA exponent is even or 1");
    refused(RSA(n, "Ag"), "key 1: RSA exponent is even or 1");
    refused(RSA(n, "AA"), "key 1: RSA exponent is even or 1");
    refused(RSA(n, huge_e), "key 1: RSA exponent of 65 bits, over 64");
    refused(RSA(weak, "AQAB"),
            "key 1: RSA key of a broken generator (CVE-2017-15361)");
    refused(RSA(n, "AQAB="), "key 1: \"e\" is not base64url");
    refused(RSA("", "AQAB"), "key 1: RSA modulus of 0 bits, under 2048");
    refused(JWK("{\"kty\":\"RSA\",\"e\":\"AQAB\"}"),
            "key 1: \"n\" is missing or not a string");
    refused(JWK("{\"kty\":\"RSA\",\"n\":\"%s\"}", n),
            "key 1: \"e\" is missing or not a string");
    refused(JWK("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":65537}", n),
            "key 1: \"e\" is missing or not a string");
    refused(JWK("{\"kty\":\"RSA\",\"n\":\"%06000d\",\"e\":\"AQAB\"}", 0),
            "key 1: \"n\" is too long");
    refused(JWK("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\","
                "\"alg\":\"ES256\"}", n),
            "key 1: \"alg\" ES256 does not fit the key");
    refused(JWK("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\","
                "\"alg\":\"HS256\"}", n),
            "key 1: \"alg\" HS256 does not fit the key");

    refused(EC("P-256", x2, y),
            "key 1: EC point is not on its curve, or out of memory");
    refused(EC("P-256", y, x),
            "key 1: EC point is not on its curve, or out of memory");
    refused(EC("P-384", x, y),
            "key 1: \"x\" and \"y\" are not of 48 bytes each");
    refused(EC("P-256", x384, y384),
            "key 1: \"x\" and \"y\" are not of 32 bytes each");
    refused(EC("P-256", x, ""),
            "key 1: \"x\" and \"y\" are not of 32 bytes each");
    refused(EC("P-256", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            "key 1: EC point is not on its curve, or out of memory");
    refused(JWK("{\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y),
            "key 1: \"crv\" is missing or not a string");
    refused(JWK("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\","
                "\"y\":\"%s\",\"alg\":\"ES384\"}", x, y),
            "key 1: \"alg\" ES384 does not fit the key");
    refused(JWK("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}", x384),
            "key 1: \"x\" is not of 32 bytes");

    refused(JWK("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\","
                "\"d\":\"AA\"}", n),
            "key 1: private key material");
    refused(JWK("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\",\"p\":\"AA\","
                "\"kid\":\"a\"}", n), "key 1: private key material");
    refused(JWK("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\","
                "\"y\":\"%s\",\"d\":null}", x, y),
            "key 1: private key material");
    refused(JWK("{\"kty\":\"AKP\",\"priv\":\"AA\"}"),
            "key 1: private key material");
    refused(JWK("{\"kty\":\"RSA\",\"use\":\"enc\",\"oth\":[]}"),
            "key 1: private key material");

    free(odd);
    free(even);
    free(small);
    free(large);
    free(huge_e);
    free(weak);
}


static void
secrets(void)
{
    accepted("{" OCT "}", BIT(HS256), "a secret of 32 bytes");
    accepted("{" OCT ",\"alg\":\"HS256\"}", BIT(HS256), "... that names HS256");
    accepted(TEST_SECRET, BIT(HS256) | BIT(HS384) | BIT(HS512),
             "64 bytes in a file");
    accepted("0123456789abcdef0123456789abcdef\n", BIT(HS256),
             "32 bytes and a newline");
    accepted("0123456789abcdef0123456789abcdef\r\n", BIT(HS256),
             "32 bytes and CR LF");
    accepted("0123456789abcdef0123456789abcdef0123456789abcde\n", BIT(HS256),
             "47 bytes and a newline: the newline does not count");
    accepted("[0123456789abcdef0123456789abcdef", BIT(HS256),
             "a bracket is not JSON");
}


static void
secrets_refused(void)
{
    refused("0123456789abcdef0123456789abcde",
            "HMAC secret of 31 bytes, under 32");
    refused("0123456789abcdef0123456789abcde\n",
            "HMAC secret of 31 bytes, under 32");
    refused("\n", "empty");
    refused("", "empty");
    refused("{\"kty\":\"oct\",\"k\":\"" K31 "\"}",
            "key 1: HMAC secret of 31 bytes, under 32");
    refused("{" OCT ",\"alg\":\"HS384\"}",
            "key 1: HMAC secret of 32 bytes, under the 48 of HS384");
    refused("{" OCT ",\"alg\":\"RS256\"}",
            "key 1: \"alg\" RS256 does not fit the key");
    refused("{\"kty\":\"oct\",\"k\":\"\"}",
            "key 1: HMAC secret of 0 bytes, under 32");
    refused("{\"kty\":\"oct\"}", "key 1: \"k\" is missing or not a string");
    refused(JWK("%05000d", 0), "HMAC secret of 5000 bytes, over 4096");
}


static void
sets(void)
{
    size_t  i, len;

    static const char  kid[] = "key 1: \"kid\" is not text of 1 to 256 bytes "
                               "without control bytes";

    refused("{\"keys\":[]}", "no key in it that can verify a token");
    refused("{\"keys\":[{\"kty\":\"AKP\"}]}",
            "no key in it that can verify a token");
    refused("{\"keys\":{}}", "\"keys\" is not an array");
    refused("{\"keys\":null}", "\"keys\" is not an array");
    refused("{\"keys\":[7]}", "key 1: not an object with a \"kty\"");
    refused("{\"keys\":[[]]}", "key 1: not an object with a \"kty\"");
    refused("{}", "key 1: not an object with a \"kty\"");
    refused("{\"kty\":1}", "key 1: not an object with a \"kty\"");
    refused("{\"keys\":[", "JSON, at byte 9: the text ends too early");
    refused("{\"keys\":[],\"keys\":[]}",
            "JSON, at byte 17: an object names a member twice");
    refused("{" OCT ",\"use\":1}", "key 1: \"use\" is not a string");
    refused("{" OCT ",\"alg\":[]}", "key 1: \"alg\" is not a string");
    refused("{" OCT ",\"key_ops\":\"verify\"}",
            "key 1: \"key_ops\" is not an array");
    refused("{" OCT ",\"key_ops\":[\"verify\",1]}",
            "key 1: \"key_ops\" holds more than strings");
    refused("{" OCT ",\"kid\":\"\"}", kid);
    refused("{" OCT ",\"kid\":7}", kid);
    refused("{" OCT ",\"kid\":\"a\\nb\"}", kid);
    refused("{\"keys\":[{" OCT ",\"kid\":\"a\"},{" OCT ",\"kid\":\"a\"}]}",
            "key 2 (kid \"a\"): the same kid as key 1 of those that can "
            "verify");
    refused(JWK("{\"keys\":[{" OCT ",\"kid\":\"s\"},{\"kty\":\"EC\","
                "\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}]}", x, y),
            "key 2: secret and public keys in one set");
    refused(JWK("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\","
                "\"y\":\"%s\"},{" OCT "}]}", x, y),
            "key 2: secret and public keys in one set");

    for (i = TEAM_MAX_KEYS; i <= TEAM_MAX_KEYS + 1; i++) {
        size_t             k;
        team_jwks_t       *set;
        team_jwk_error_t   error;

        len = (size_t) snprintf(text, sizeof(text), "{\"keys\":[");

        for (k = 0; k < i; k++) {
            len += (size_t) snprintf(text + len, sizeof(text) - len,
                                     "%s{" OCT ",\"kid\":\"%zu\"}",
                                     k ? "," : "", k);
        }

        (void) snprintf(text + len, sizeof(text) - len, "]}");

        set = team_jwks_load(text, strlen(text), &error);

        if (i == TEAM_MAX_KEYS) {
            ok(set != NULL && team_jwks_count(set) == TEAM_MAX_KEYS,
               "%d keys", TEAM_MAX_KEYS);

        } else {
            is_str(error.text, "more than 64 keys", "one more is too many");
        }

        team_jwks_free(set);
    }

    {
        char              *big;
        team_jwk_error_t   error;

        big = calloc(1, TEAM_MAX_KEY_FILE + 1);
        give_up(big == NULL);

        ok(team_jwks_load(big, TEAM_MAX_KEY_FILE + 1, &error) == NULL,
           "a file too large is refused");
        is_str(error.text, "more than 262144 bytes", "... and says why");
        free(big);
    }
}


static void
kids(void)
{
    size_t      i;
    char        name[TEAM_MAX_KID + 1];
    team_str_t  kid;

    static const char  *good[] = {
        "1", "key-1", "../../dev/null", "a b", "\"", "cl\xc3\xa9", "\xc2\x80"
    };
    static const char  *bad[] = {
        "", "a\nb", "\t", "\x1f", "a\x7f", "\xff", "cl\xc3", "\xc0\x80",
        "\xed\xa0\x80"
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        is_int(team_kid_valid(str(good[i])), 1, "a kid: %s", good[i]);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        is_int(team_kid_valid(str(bad[i])), 0, "no kid, %zu", i);
    }

    memset(name, 'k', sizeof(name));
    kid.data = name;
    kid.len = TEAM_MAX_KID;
    is_int(team_kid_valid(kid), 1, "%d bytes", TEAM_MAX_KID);
    kid.len++;
    is_int(team_kid_valid(kid), 0, "one more is too many");

    kid.data = "a\0b";
    kid.len = 3;
    is_int(team_kid_valid(kid), 0, "nor with a NUL in it");

    kid.data = NULL;
    kid.len = 0;
    is_int(team_kid_valid(kid), 0, "nor none at all");
}


static void
find(void)
{
    team_str_t         none;
    team_jwks_t       *set;
    team_jwk_error_t   error;
    const team_jwk_t  *a, *b, *r;

    none.data = NULL;
    none.len = 0;

    (void) JWK("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\","
               "\"y\":\"%s\",\"kid\":\"a\"},{\"kty\":\"EC\",\"crv\":\"P-256\","
               "\"x\":\"%s\",\"y\":\"%s\",\"kid\":\"b\"},{\"kty\":\"RSA\","
               "\"n\":\"%s\",\"e\":\"AQAB\",\"alg\":\"RS256\"}]}", x, y, x, y,
               n);

    set = team_jwks_load(text, strlen(text), &error);

    if (!ok(set != NULL, "a set of three: %s", error.text)) {
        return;
    }

    a = team_jwks_get(set, 0);
    b = team_jwks_get(set, 1);
    r = team_jwks_get(set, 2);

    ok(team_jwks_find(set, str("a"), TEAM_ALG_ES256) == a, "a by its kid");
    ok(team_jwks_find(set, str("b"), TEAM_ALG_ES256) == b, "b by its kid");
    ok(team_jwks_find(set, str("a"), TEAM_ALG_RS256) == NULL,
       "a kid does not bring an alg along");
    ok(team_jwks_find(set, str("c"), TEAM_ALG_ES256) == NULL, "no such kid");
    ok(team_jwks_find(set, str("A"), TEAM_ALG_ES256) == NULL,
       "a kid is not its upper case");
    ok(team_jwks_find(set, str("c"), TEAM_ALG_RS256) == NULL,
       "a kid does not find a key without one");
    ok(team_jwks_find(set, none, TEAM_ALG_RS256) == r,
       "without a kid, the one that serves RS256");
    ok(team_jwks_find(set, none, TEAM_ALG_RS384) == NULL,
       "... which pins its alg");
    ok(team_jwks_find(set, none, TEAM_ALG_ES256) == NULL,
       "without a kid, two that serve ES256 are none");
    ok(team_jwks_find(set, none, TEAM_ALG_HS256) == NULL, "no HS256 at all");

    team_jwks_free(set);
}
