/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "team_unit.h"
#include "team_oom.h"
#include "../../src/core/team_assertion.h"
#include "../../src/core/team_json.h"
#include "../../src/core/team_token.h"


#define ACCOUNT  "0192f0c1-2345-7abc-8def-0123456789ab"
#define MEMBER   "0192f0c1-ffff-7000-bfff-fedcba987654"

static void generate(void);
static EVP_PKEY *generate_key(int kind);
static char *pem(EVP_PKEY *pkey, int private, const char *password);
static void refusals(void);
static void signatures(void);
static void signature(team_alg_e alg, const char *private_key,
    const char *public_key);
static void claims(void);
static void memory(void);
static char *decode(team_str_t part);
static void same(team_str_t part, const char *expected, const char *what);
static team_assertion_t full(const team_grant_t *grant);


/* Keys, as PEM text. */

enum { RSA_2048 = 0, RSA_1024, P256, P384, P521, K256, ED25519, PSS, KINDS };

static char  *keys[KINDS], *public_keys[KINDS], *locked;

static char  secret[] = "0123456789abcdef0123456789abcdef"
                        "0123456789abcdef0123456789abcdef";


int
main(void)
{
    int  i;

    plan(0);

    generate();
    refusals();
    signatures();
    claims();
    memory();

    for (i = 0; i < KINDS; i++) {
        OPENSSL_free(keys[i]);
        OPENSSL_free(public_keys[i]);
    }

    OPENSSL_free(locked);

    return done();
}


static void
generate(void)
{
    int        i;
    EVP_PKEY  *pkey;

    for (i = 0; i < KINDS; i++) {
        pkey = generate_key(i);

        if (pkey == NULL) {
            printf("Bail out! no key %d\n", i);
            exit(1);
        }

        keys[i] = pem(pkey, 1, NULL);
        public_keys[i] = pem(pkey, 0, NULL);

        if (i == P256) {
            locked = pem(pkey, 1, "password");
        }

        EVP_PKEY_free(pkey);
    }
}


static EVP_PKEY *
generate_key(int kind)
{
    EVP_PKEY            *pkey;
    EVP_PKEY_CTX        *ctx;
    static const char   *curves[KINDS] = {
        [P256] = "P-256", [P384] = "P-384", [P521] = "P-521",
        [K256] = "secp256k1"
    };

    if (curves[kind] != NULL) {
        return EVP_EC_gen(curves[kind]);
    }

    pkey = NULL;
    ctx = EVP_PKEY_CTX_new_from_name(NULL, kind == ED25519 ? "ED25519"
                                           : kind == PSS ? "RSA-PSS" : "RSA",
                                     NULL);

    if (ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1
        && (kind == ED25519
            || EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, kind == RSA_1024 ? 1024
                                                     : 2048) == 1))
    {
        (void) EVP_PKEY_keygen(ctx, &pkey);
    }

    EVP_PKEY_CTX_free(ctx);

    return pkey;
}


static char *
pem(EVP_PKEY *pkey, int private, const char *password)
{
    int    rc;
    BIO   *bio;
    char  *data, *text;
    long   len;

    bio = BIO_new(BIO_s_mem());

    if (private) {
        rc = PEM_write_bio_PKCS8PrivateKey(bio, pkey,
                                           password ? EVP_aes_128_cbc() : NULL,
                                           password,
                                           password ? (int) strlen(password)
                                                    : 0, NULL, NULL);

    } else {
        rc = PEM_write_bio_PUBKEY(bio, pkey);
    }

    len = BIO_get_mem_data(bio, &data);
    text = OPENSSL_zalloc((size_t) len + 1);

    if (rc != 1 || text == NULL) {
        printf("Bail out! no PEM\n");
        exit(1);
    }

    memcpy(text, data, (size_t) len);
    BIO_free(bio);

    return text;
}


static void
refusals(void)
{
    size_t          i;
    char            error[120];
    team_signer_t  *signer;

    struct {
        const char  *what;
        const char  *key;
        size_t       len;
        team_alg_e   alg;
        const char  *error;
    } rows[] = {
        { "HS256, 31 bytes", secret, 31, TEAM_ALG_HS256,
          "the secret is shorter than the hash" },
        { "HS384, 47 bytes", secret, 47, TEAM_ALG_HS384,
          "the secret is shorter than the hash" },
        { "HS512, 63 bytes", secret, 63, TEAM_ALG_HS512,
          "the secret is shorter than the hash" },
        { "no secret", secret, 0, TEAM_ALG_HS256,
          "the key is empty or too long" },
        { "HS256 with a public key", public_keys[RSA_2048], 0, TEAM_ALG_HS256,
          "a PEM key can't be a secret for HS" },
        { "RS256, 1024 bits", keys[RSA_1024], 0, TEAM_ALG_RS256,
          "the key is too small for the algorithm" },
        { "RS256, EC key", keys[P256], 0, TEAM_ALG_RS256,
          "the key is of another type than the algorithm" },
        { "RS256, RSA-PSS key", keys[PSS], 0, TEAM_ALG_RS256,
          "the key is of another type than the algorithm" },
        { "RS256, public key", public_keys[RSA_2048], 0, TEAM_ALG_RS256,
          "there is no private key in PEM without a password" },
        { "RS256, a secret", secret, 64, TEAM_ALG_RS256,
          "there is no private key in PEM without a password" },
        { "ES256, RSA key", keys[RSA_2048], 0, TEAM_ALG_ES256,
          "the key is of another type than the algorithm" },
        { "ES256, P-384", keys[P384], 0, TEAM_ALG_ES256,
          "the key's curve is not the algorithm's" },
        { "ES384, P-256", keys[P256], 0, TEAM_ALG_ES384,
          "the key is too small for the algorithm" },
        { "ES512, P-384", keys[P384], 0, TEAM_ALG_ES512,
          "the key is too small for the algorithm" },
        { "ES256, secp256k1", keys[K256], 0, TEAM_ALG_ES256,
          "the key's curve is not the algorithm's" },
        { "ES256, Ed25519", keys[ED25519], 0, TEAM_ALG_ES256,
          "the key is of another type than the algorithm" },
        { "ES256, with a password", locked, 0, TEAM_ALG_ES256,
          "there is no private key in PEM without a password" },
        { "PS256", keys[RSA_2048], 0, TEAM_ALG_PS256,
          "this algorithm can't sign assertions, use one of RS, ES or HS" },
        { "EdDSA", keys[ED25519], 0, TEAM_ALG_EDDSA,
          "this algorithm can't sign assertions, use one of RS, ES or HS" },
        { "no such alg", secret, 64, TEAM_ALGS,
          "this algorithm can't sign assertions, use one of RS, ES or HS" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {

        if (rows[i].len == 0 && rows[i].key != secret) {
            rows[i].len = strlen(rows[i].key);
        }

        error[0] = '\0';
        signer = team_signer_create(rows[i].key, rows[i].len, rows[i].alg,
                                    error, sizeof(error));

        ok(signer == NULL, "refused: %s", rows[i].what);
        is_str(error, rows[i].error, "... and why");
        team_signer_free(signer);
    }

    signer = team_signer_create(secret, 31, TEAM_ALG_HS256, error, 5);
    is_str(error, "the ", "the reason is cut where the room ends");
    team_signer_free(signer);
    team_signer_free(NULL);
}


static void
signatures(void)
{
    signature(TEAM_ALG_HS256, NULL, NULL);
    signature(TEAM_ALG_HS384, NULL, NULL);
    signature(TEAM_ALG_HS512, NULL, NULL);
    signature(TEAM_ALG_RS256, keys[RSA_2048], public_keys[RSA_2048]);
    signature(TEAM_ALG_RS384, keys[RSA_2048], public_keys[RSA_2048]);
    signature(TEAM_ALG_RS512, keys[RSA_2048], public_keys[RSA_2048]);
    signature(TEAM_ALG_ES256, keys[P256], public_keys[P256]);
    signature(TEAM_ALG_ES384, keys[P384], public_keys[P384]);
    signature(TEAM_ALG_ES512, keys[P521], public_keys[P521]);
}


/* What libjwt signs, our own verification accepts. */

static void
signature(team_alg_e alg, const char *private_key, const char *public_key)
{
    char               *text, error[120];
    size_t              len, i;
    const char         *name;
    unsigned char       raw[1024];
    team_jwks_t        *set;
    team_token_t        token;
    team_signer_t      *signer;
    team_assertion_t    assertion;
    team_jwk_error_t    why;

    name = team_alg_name(alg);

    if (private_key == NULL) {
        private_key = secret;
        public_key = secret;
    }

    set = team_jwks_load(public_key, strlen(public_key), &why);
    signer = team_signer_create(private_key, strlen(private_key), alg, error,
                                sizeof(error));

    if (!ok(signer != NULL && set != NULL, "%s: a signer", name)) {
        return;
    }

    assertion = full(NULL);

    /* ES: short R or S must be padded, which one in 128 shows */

    for (i = 0; i < (private_key[0] == '-' ? 20u : 1u); i++) {
        text = team_assertion_mint(signer, &assertion);

        if (text == NULL
            || team_token_split(&token, str(text)) != TEAM_OK
            || token.signature.len > sizeof(raw)
            || team_base64url_decode(raw, &len, token.signature) != 0
            || team_signature_verify(team_jwks_get(set, 0), alg, token.input,
                                (team_str_t) { len, (const char *) raw })
               != TEAM_OK)
        {
            ok(0, "%s: the signature is good, round %u", name, (unsigned) i);
            free(text);
            break;
        }

        if (i == 0) {
            is_int(team_token_header(&token), TEAM_OK, "%s: a good header",
                   name);
            is_int(token.alg, alg, "%s: and alg", name);

            ((char *) token.input.data)[token.input.len - 1] ^= 1;
            is_int(team_signature_verify(team_jwks_get(set, 0), alg,
                                         token.input,
                                  (team_str_t) { len, (const char *) raw }),
                   TEAM_TOKEN_SIGNATURE, "%s: one bit changed", name);
        }

        free(text);
    }

    ok(i > 0, "%s: %u signatures are good", name, (unsigned) i);

    team_signer_free(signer);
    team_jwks_free(set);
}


static team_assertion_t
full(const team_grant_t *grant)
{
    team_assertion_t  assertion;

    assertion.issuer = str("https://gate.example.com");
    assertion.audience = str("app");
    assertion.subject = str("s\xc3\xa9-1");
    assertion.origin = str("https://id.example.com");
    assertion.email = str("a@example.com");
    assertion.grant = grant;
    assertion.jti = str("j-1");
    assertion.now = 1700000000;
    assertion.ttl = 60;

    return assertion;
}


static char *
decode(team_str_t part)
{
    char    *text;
    size_t   len;

    text = malloc(part.len + 1);

    if (text == NULL || team_base64url_decode((unsigned char *) text, &len,
                                              part) != 0)
    {
        abort();
    }

    text[len] = '\0';

    return text;
}


/* Compares header or claims as JSON: the order of members is libjwt's own. */

static void
same(team_str_t part, const char *expected, const char *what)
{
    char    *text;
    json_t  *a, *b;

    text = decode(part);

    team_json_load(&a, text, strlen(text), NULL);
    team_json_load(&b, expected, strlen(expected), NULL);

    ok(a != NULL && b != NULL && json_equal(a, b), "%s: %s", what, text);

    json_decref(a);
    json_decref(b);
    free(text);
}


static void
claims(void)
{
    char              *text, error[120];
    team_token_t       token;
    team_grant_t       grant;
    team_signer_t     *signer;
    team_assertion_t   assertion;

    signer = team_signer_create(secret, 64, TEAM_ALG_HS256, error,
                                sizeof(error));
    if (signer == NULL) {
        ok(0, "a signer: %s", error);
        return;
    }

    grant.status = TEAM_MEMBER_ACTIVE;
    grant.account = str(ACCOUNT);
    grant.member = str(MEMBER);
    grant.roles = str("admin owner");
    grant.permissions = str("*");

    assertion = full(&grant);
    text = team_assertion_mint(signer, &assertion);
    ok(text != NULL && team_token_split(&token, str(text)) == TEAM_OK,
       "an assertion with everything");
    same(token.header, "{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
         "its header");
    same(token.payload, "{\"iss\":\"https://gate.example.com\",\"aud\":\"app\","
         "\"sub\":\"s\xc3\xa9-1\",\"idp\":\"https://id.example.com\","
         "\"email\":\"a@example.com\",\"jti\":\"j-1\",\"iat\":1700000000,"
         "\"nbf\":1700000000,\"exp\":1700000060,\"account\":\"" ACCOUNT "\","
         "\"member\":\"" MEMBER "\",\"roles\":[\"admin\",\"owner\"],"
         "\"permissions\":[\"*\"]}", "its claims");
    free(text);

    grant.roles = str("");
    grant.permissions = str("");
    assertion.audience = str("");
    assertion.email = str("");
    text = team_assertion_mint(signer, &assertion);
    ok(text != NULL && team_token_split(&token, str(text)) == TEAM_OK,
       "without audience, email, rights");
    same(token.payload, "{\"iss\":\"https://gate.example.com\","
         "\"sub\":\"s\xc3\xa9-1\",\"idp\":\"https://id.example.com\","
         "\"jti\":\"j-1\",\"iat\":1700000000,"
         "\"nbf\":1700000000,\"exp\":1700000060,\"account\":\"" ACCOUNT "\","
         "\"member\":\"" MEMBER "\",\"roles\":[],\"permissions\":[]}",
         "its claims");
    free(text);

    assertion.grant = NULL;
    text = team_assertion_mint(signer, &assertion);
    ok(text != NULL && team_token_split(&token, str(text)) == TEAM_OK,
       "without a grant");
    same(token.payload, "{\"iss\":\"https://gate.example.com\","
         "\"sub\":\"s\xc3\xa9-1\",\"idp\":\"https://id.example.com\","
         "\"jti\":\"j-1\",\"iat\":1700000000,"
         "\"nbf\":1700000000,\"exp\":1700000060}", "its claims");
    free(text);

    /* a name that tries to be more than text */

    assertion.email = str("\"},\"roles\":[\"owner\"],\"x\":{\"y\":\"\r\n");
    text = team_assertion_mint(signer, &assertion);
    ok(text != NULL && team_token_split(&token, str(text)) == TEAM_OK,
       "an email that looks like claims");
    same(token.payload, "{\"iss\":\"https://gate.example.com\","
         "\"sub\":\"s\xc3\xa9-1\",\"idp\":\"https://id.example.com\","
         "\"email\":\"\\\"},\\\"roles\\\":[\\\"owner\\\"],\\\"x\\\":{"
         "\\\"y\\\":\\\"\\r\\n\",\"jti\":\"j-1\",\"iat\":1700000000,"
         "\"nbf\":1700000000,\"exp\":1700000060}", "stays one email");
    free(text);

    assertion.email = str("caf\xe9");
    ok(team_assertion_mint(signer, &assertion) == NULL, "an email in Latin-1");

    assertion = full(NULL);
    assertion.subject = str("");
    ok(team_assertion_mint(signer, &assertion) == NULL, "about nobody");

    assertion = full(NULL);
    assertion.issuer = str("");
    ok(team_assertion_mint(signer, &assertion) == NULL, "by nobody");

    team_signer_free(signer);
}


/* libjwt loses some bytes where memory runs out while it writes. */

#ifdef OOM_SANITIZER
void __lsan_disable(void);
void __lsan_enable(void);
#else
#define __lsan_disable()
#define __lsan_enable()
#endif


static void
memory(void)
{
    int                happened;
    long               i, refused;
    char              *text, error[120];
    team_grant_t       grant;
    team_signer_t     *signer;
    team_assertion_t   assertion;

    grant.status = TEAM_MEMBER_ACTIVE;
    grant.account = str(ACCOUNT);
    grant.member = str(MEMBER);
    grant.roles = str("admin owner");
    grant.permissions = str("a:b c:d");
    assertion = full(&grant);

    signer = team_signer_create(secret, 64, TEAM_ALG_HS256, error,
                                sizeof(error));
    if (signer == NULL) {
        ok(0, "a signer: %s", error);
        return;
    }

    __lsan_disable();

    refused = 0;

    for (i = 0; i < 5000; i++) {
        oom_after(i);
        text = team_assertion_mint(signer, &assertion);
        happened = oom_happened();

        if (happened && text == NULL) {
            refused++;
        }

        if (!happened) {
            break;
        }

        free(text);
    }

    ok(text != NULL, "with enough memory there is an assertion");
    ok(refused > 20, "%ld of %ld failed allocations give none", refused, i);

    free(text);
    team_signer_free(signer);

    refused = 0;

    /* OpenSSL allocates thousands of times: ever larger steps */

    for (i = 0; i < 1000000; i += 1 + i / 20) {
        oom_after(i);
        signer = team_signer_create(keys[P256], strlen(keys[P256]),
                                    TEAM_ALG_ES256, error, sizeof(error));
        happened = oom_happened();

        if (happened && signer == NULL) {
            refused++;
        }

        if (!happened) {
            break;
        }

        team_signer_free(signer);
    }

    __lsan_enable();

    ok(signer != NULL, "with enough memory there is a signer");
    ok(refused > 20, "%ld failed allocations below %ld give none", refused, i);
    team_signer_free(signer);
}
