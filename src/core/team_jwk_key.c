/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* One key: what it may verify, and the contexts ready for it. */

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include "team_jwk_parse.h"


static int team_jwk_inspect_rsa(team_jwk_t *key, team_jwk_error_t *error);
static int team_jwk_check_rsa(const BIGNUM *n, const BIGNUM *e,
    team_jwk_error_t *error);
static int team_jwk_is_roca(const BIGNUM *n);
static int team_jwk_inspect_ec(team_jwk_t *key, team_jwk_error_t *error);
static int team_jwk_prepare_verify(team_jwk_t *key, team_alg_e alg);
static EVP_PKEY_CTX *team_jwk_prepare_pkey(EVP_PKEY *pkey, team_alg_e alg);
static EVP_MAC_CTX *team_jwk_prepare_mac(team_str_t secret, team_alg_e alg);


/* group: OpenSSL's name; siglen: R || S, RFC 7518 section 3.4 */

static const struct {
    const char  *group;
    team_alg_e   alg;
    size_t       siglen;
} team_jwk_curves[] = {
    { "prime256v1", TEAM_ALG_ES256, 64 },
    { "secp384r1", TEAM_ALG_ES384, 96 },
    { "secp521r1", TEAM_ALG_ES512, 132 }
};


EVP_PKEY *
team_jwk_build(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY      *pkey;
    EVP_PKEY_CTX  *ctx;

    pkey = NULL;

    if (params == NULL) {
        return NULL;
    }

    ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (ctx == NULL) {
        return NULL;
    }

    if (EVP_PKEY_fromdata_init(ctx) != 1
        || EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
    {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }

    EVP_PKEY_CTX_free(ctx);

    return pkey;
}


int
team_jwk_inspect(team_jwk_t *key, team_jwk_error_t *error)
{
    if (EVP_PKEY_is_a(key->pkey, "RSA")) {
        return team_jwk_inspect_rsa(key, error);
    }

    if (EVP_PKEY_is_a(key->pkey, "EC")) {
        return team_jwk_inspect_ec(key, error);
    }

    if (EVP_PKEY_is_a(key->pkey, "ED25519")) {
        key->algs = team_alg_bit(TEAM_ALG_EDDSA);
        key->siglen = 64;
        return 0;
    }

    team_jwk_set_error(error, "neither an RSA nor an EC nor an Ed25519 key");

    return -1;
}


static int
team_jwk_inspect_rsa(team_jwk_t *key, team_jwk_error_t *error)
{
    int      rc;
    BIGNUM  *n, *e;

    rc = -1;
    n = NULL;
    e = NULL;

    if (EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_N, &n) != 1
        || EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
    {
        team_jwk_set_error(error, "RSA key can't be read, or out of memory");
        goto failed;
    }

    if (team_jwk_check_rsa(n, e, error) != 0) {
        goto failed;
    }

    key->siglen = (size_t) BN_num_bytes(n);
    key->algs = team_alg_bit(TEAM_ALG_RS256) | team_alg_bit(TEAM_ALG_RS384)
                | team_alg_bit(TEAM_ALG_RS512) | team_alg_bit(TEAM_ALG_PS256)
                | team_alg_bit(TEAM_ALG_PS384) | team_alg_bit(TEAM_ALG_PS512);
    rc = 0;

failed:

    BN_free(n);
    BN_free(e);

    return rc;
}


static int
team_jwk_check_rsa(const BIGNUM *n, const BIGNUM *e, team_jwk_error_t *error)
{
    if (BN_num_bits(n) < TEAM_MIN_RSA_BITS) {
        team_jwk_set_error(error, "RSA modulus of %d bits, under %d",
                           BN_num_bits(n), TEAM_MIN_RSA_BITS);
        return -1;
    }

    if (BN_num_bits(n) > TEAM_MAX_RSA_BITS) {
        team_jwk_set_error(error, "RSA modulus of %d bits, over %d",
                           BN_num_bits(n), TEAM_MAX_RSA_BITS);
        return -1;
    }

    if (!BN_is_odd(n)) {
        team_jwk_set_error(error, "RSA modulus is even");
        return -1;
    }

    if (!BN_is_odd(e) || BN_is_one(e)) {
        team_jwk_set_error(error, "RSA exponent is even or 1");
        return -1;
    }

    if (BN_num_bits(e) > TEAM_MAX_RSA_E) {
        team_jwk_set_error(error, "RSA exponent of %d bits, over %d",
                           BN_num_bits(e), TEAM_MAX_RSA_E);
        return -1;
    }

    if (team_jwk_is_roca(n)) {
        team_jwk_set_error(error, "RSA key of a broken generator "
                           "(CVE-2017-15361)");
        return -1;
    }

    return 0;
}


/*
 * The generator's primes are powers of 65537 modulo the product of the small
 * primes, so the modulus is one too, modulo each of these.  Another modulus
 * passes them all once in about 2^27.
 */

static int
team_jwk_is_roca(const BIGNUM *n)
{
    size_t    i;
    BN_ULONG  prime, wanted, power;

    static const unsigned char  primes[] = {
        3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67,
        71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139,
        149, 151, 157, 163, 167
    };

    for (i = 0; i < sizeof(primes); i++) {
        prime = primes[i];
        wanted = BN_mod_word(n, prime);
        power = 1;

        do {
            if (power == wanted) {
                break;
            }

            power = power * (65537 % prime) % prime;

        } while (power != 1);

        if (power != wanted) {
            return 0;
        }
    }

    return 1;
}


static int
team_jwk_inspect_ec(team_jwk_t *key, team_jwk_error_t *error)
{
    int            spelled_out;
    char           group[64];
    size_t         i;
    EVP_PKEY_CTX  *ctx;

    /* parameters written out can name a generator of somebody's choice */

    if (EVP_PKEY_get_int_param(key->pkey,
                               OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                               &spelled_out)
        == 1
        && spelled_out)
    {
        team_jwk_set_error(error, "EC curve is not given by its name");
        return -1;
    }

    if (EVP_PKEY_get_group_name(key->pkey, group, sizeof(group), NULL) != 1) {
        team_jwk_set_error(error, "EC curve has no name, or out of memory");
        return -1;
    }

    for (i = 0; strcmp(team_jwk_curves[i].group, group) != 0; /* void */ ) {
        if (++i == sizeof(team_jwk_curves) / sizeof(team_jwk_curves[0])) {
            team_jwk_set_error(error, "EC curve is not P-256, P-384 or P-521");
            return -1;
        }
    }

    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);

    if (ctx == NULL || EVP_PKEY_public_check(ctx) != 1) {
        EVP_PKEY_CTX_free(ctx);
        team_jwk_set_error(error, "EC point is not on its curve, or out of "
                           "memory");
        return -1;
    }

    EVP_PKEY_CTX_free(ctx);

    key->algs = team_alg_bit(team_jwk_curves[i].alg);
    key->siglen = team_jwk_curves[i].siglen;

    return 0;
}


int
team_jwk_set_secret(team_jwk_t *key, const void *data, size_t len,
    team_jwk_error_t *error)
{
    int    alg;
    char  *copy;

    for (alg = TEAM_ALG_HS256; alg <= TEAM_ALG_HS512; alg++) {
        if (len >= team_alg_hash(alg)) {
            key->algs |= team_alg_bit(alg);
        }
    }

    if (key->algs == 0) {
        team_jwk_set_error(error, "HMAC secret of %zu bytes, under %zu", len,
                           team_alg_hash(TEAM_ALG_HS256));
        return -1;
    }

    if (len > TEAM_MAX_SECRET) {
        team_jwk_set_error(error, "HMAC secret of %zu bytes, over %d", len,
                           TEAM_MAX_SECRET);
        return -1;
    }

    copy = OPENSSL_malloc(len);
    if (copy == NULL) {
        team_jwk_set_error(error, "out of memory");
        return -1;
    }

    memcpy(copy, data, len);

    key->secret.data = copy;
    key->secret.len = len;

    return 0;
}


int
team_jwk_prepare(team_jwk_t *key)
{
    int  alg;

    for (alg = 0; alg < TEAM_ALGS; alg++) {

        if (!(key->algs & team_alg_bit(alg))) {
            continue;
        }

        if (key->pkey == NULL) {
            key->mac[alg] = team_jwk_prepare_mac(key->secret, alg);

            if (key->mac[alg] == NULL) {
                return -1;
            }

            continue;
        }

        if (team_jwk_prepare_verify(key, alg) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
team_jwk_prepare_verify(team_jwk_t *key, team_alg_e alg)
{
    EVP_MD_CTX  *digest;

    digest = EVP_MD_CTX_new();
    if (digest == NULL) {
        return -1;
    }

    key->digest[alg] = digest;

    if (alg == TEAM_ALG_EDDSA) {
        return EVP_DigestVerifyInit(digest, NULL, NULL, NULL, key->pkey) == 1
               ? 0 : -1;
    }

    if (EVP_DigestInit_ex(digest, team_alg_md(alg), NULL) != 1) {
        return -1;
    }

    key->verify[alg] = team_jwk_prepare_pkey(key->pkey, alg);

    return key->verify[alg] != NULL ? 0 : -1;
}


static EVP_PKEY_CTX *
team_jwk_prepare_pkey(EVP_PKEY *pkey, team_alg_e alg)
{
    EVP_PKEY_CTX  *ctx;

    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    if (ctx == NULL) {
        return NULL;
    }

    if (EVP_PKEY_verify_init(ctx) != 1
        || EVP_PKEY_CTX_set_signature_md(ctx, team_alg_md(alg)) != 1)
    {
        goto failed;
    }

    if (alg == TEAM_ALG_PS256 || alg == TEAM_ALG_PS384
        || alg == TEAM_ALG_PS512)
    {
        /* RFC 7518 section 3.5: MGF1 with the same hash, salt of its length */

        if (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) != 1
            || EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, team_alg_md(alg)) != 1
            || EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST)
               != 1)
        {
            goto failed;
        }
    }

    return ctx;

failed:

    EVP_PKEY_CTX_free(ctx);

    return NULL;
}


static EVP_MAC_CTX *
team_jwk_prepare_mac(team_str_t secret, team_alg_e alg)
{
    EVP_MAC      *mac;
    OSSL_PARAM    params[2];
    const char   *md;
    EVP_MAC_CTX  *ctx;

    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (mac == NULL) {
        return NULL;
    }

    ctx = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);

    if (ctx == NULL) {
        return NULL;
    }

    md = EVP_MD_get0_name(team_alg_md(alg));

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                 (char *) md, 0);
    params[1] = OSSL_PARAM_construct_end();

    if (EVP_MAC_init(ctx, (const unsigned char *) secret.data, secret.len,
                     params)
        != 1)
    {
        EVP_MAC_CTX_free(ctx);
        return NULL;
    }

    return ctx;
}


void
team_jwk_clear(team_jwk_t *key)
{
    int  alg;

    for (alg = 0; alg < TEAM_ALGS; alg++) {
        EVP_PKEY_CTX_free(key->verify[alg]);
        EVP_MD_CTX_free(key->digest[alg]);
        EVP_MAC_CTX_free(key->mac[alg]);
    }

    EVP_PKEY_free(key->pkey);
    OPENSSL_clear_free((char *) key->secret.data, key->secret.len);
    OPENSSL_free((char *) key->kid.data);

    memset(key, 0, sizeof(team_jwk_t));
}
