/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>

#include "team_json.h"
#include "team_token.h"


#define TEAM_MAX_SIGNATURE  2048     /* bytes: RSA of 16384 bits */
#define TEAM_MAX_ECDSA_DER  144      /* bytes: two INTEGERs of P-521 are 139 */


static team_reason_e team_token_read(team_token_t *token, const json_t *root);
static team_reason_e team_token_typ(team_token_t *token, const json_t *typ);
static int team_token_is(const char *s, size_t len, const char *lower);
static size_t team_signature_len(const team_jwk_t *key, team_alg_e alg);
static team_reason_e team_signature_mac(const team_jwk_t *key, team_alg_e alg,
    team_str_t input, team_str_t signature);
static team_reason_e team_signature_public(const team_jwk_t *key,
    team_alg_e alg, team_str_t input, team_str_t signature);
static team_reason_e team_signature_eddsa(const team_jwk_t *key,
    team_str_t input, team_str_t signature);
static int team_signature_to_der(unsigned char *der, size_t *len,
    team_str_t signature);


team_reason_e
team_token_split(team_token_t *token, team_str_t text)
{
    const char  *end, *dot[2];

    if (text.len < TEAM_MIN_TOKEN || text.len > TEAM_MAX_TOKEN) {
        return TEAM_TOKEN_MALFORMED;
    }

    end = text.data + text.len;

    dot[0] = memchr(text.data, '.', text.len);

    if (dot[0] == NULL) {
        return TEAM_TOKEN_MALFORMED;
    }

    dot[1] = memchr(dot[0] + 1, '.', (size_t) (end - dot[0] - 1));

    if (dot[1] == NULL) {
        return TEAM_TOKEN_MALFORMED;
    }

    /* a third one would be no base64url character of the signature */

    memset(token, 0, sizeof(team_token_t));

    token->text = text;

    token->input.data = text.data;
    token->input.len = (size_t) (dot[1] - text.data);

    token->header.data = text.data;
    token->header.len = (size_t) (dot[0] - text.data);

    token->payload.data = dot[0] + 1;
    token->payload.len = (size_t) (dot[1] - dot[0] - 1);

    token->signature.data = dot[1] + 1;
    token->signature.len = (size_t) (end - dot[1] - 1);

    if (token->header.len == 0 || token->payload.len == 0
        || token->signature.len == 0
        || !team_base64url_valid(token->header)
        || !team_base64url_valid(token->payload)
        || !team_base64url_valid(token->signature))
    {
        return TEAM_TOKEN_MALFORMED;
    }

    return TEAM_OK;
}


team_reason_e
team_token_header(team_token_t *token)
{
    size_t          len;
    json_t         *root;
    team_json_e     rc;
    team_reason_e   reason;
    unsigned char   header[TEAM_MAX_HEADER];

    if (token->header.len > (TEAM_MAX_HEADER * 4 + 2) / 3
        || team_base64url_decode(header, &len, token->header) != 0)
    {
        return TEAM_TOKEN_HEADER;
    }

    rc = team_json_load(&root, (const char *) header, len, NULL);

    if (rc != TEAM_JSON_OK) {
        return rc == TEAM_JSON_MEMORY ? TEAM_INTERNAL : TEAM_TOKEN_HEADER;
    }

    reason = team_token_read(token, root);

    json_decref(root);

    return reason;
}


static team_reason_e
team_token_read(team_token_t *token, const json_t *root)
{
    int          alg;
    json_t      *value;
    team_str_t   name;

    if (!json_is_object(root)) {
        return TEAM_TOKEN_HEADER;
    }

    /* RFC 7515 section 4.1.11: what must be understood and is not; RFC 7797 */

    if (json_object_get(root, "crit") != NULL
        || json_object_get(root, "b64") != NULL)
    {
        return TEAM_TOKEN_HEADER;
    }

    value = json_object_get(root, "alg");

    if (!json_is_string(value)) {
        return TEAM_TOKEN_HEADER;
    }

    name.data = json_string_value(value);
    name.len = json_string_length(value);

    alg = team_alg_find(name);

    if (alg == -1) {
        return TEAM_TOKEN_ALGORITHM;
    }

    token->alg = (team_alg_e) alg;

    value = json_object_get(root, "kid");

    if (value != NULL) {
        name.data = json_string_value(value);
        name.len = json_string_length(value);

        if (!team_kid_valid(name)) {
            return TEAM_TOKEN_HEADER;
        }

        memcpy(token->kid_data, name.data, name.len);
        token->kid.data = token->kid_data;
        token->kid.len = name.len;
    }

    return team_token_typ(token, json_object_get(root, "typ"));
}


static team_reason_e
team_token_typ(team_token_t *token, const json_t *typ)
{
    size_t       len;
    const char  *s;

    if (typ == NULL) {
        return TEAM_OK;
    }

    if (!json_is_string(typ)) {
        return TEAM_TOKEN_HEADER;
    }

    s = json_string_value(typ);
    len = json_string_length(typ);

    if (!team_token_is(s, len, "jwt") && !team_token_is(s, len, "at+jwt")
        && !team_token_is(s, len, "application/at+jwt"))
    {
        return TEAM_TOKEN_TYPE;
    }

    memcpy(token->typ_data, s, len);
    token->typ.data = token->typ_data;
    token->typ.len = len;

    return TEAM_OK;
}


/* Compares in any case of ASCII letters. */

static int
team_token_is(const char *s, size_t len, const char *lower)
{
    char    c;
    size_t  i;

    if (len != strlen(lower)) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        c = s[i];

        if (c >= 'A' && c <= 'Z') {
            c = (char) (c - 'A' + 'a');
        }

        if (c != lower[i]) {
            return 0;
        }
    }

    return 1;
}


team_reason_e
team_token_verify(const team_token_t *token, const team_jwk_t *key)
{
    size_t          len;
    team_str_t      signature;
    unsigned char   data[TEAM_MAX_SIGNATURE];

    if ((unsigned) token->alg >= TEAM_ALGS
        || !(key->algs & team_alg_bit(token->alg)))
    {
        return TEAM_TOKEN_ALGORITHM;
    }

    len = team_signature_len(key, token->alg);

    if (len > TEAM_MAX_SIGNATURE
        || token->signature.len != (len * 4 + 2) / 3
        || team_base64url_decode(data, &len, token->signature) != 0)
    {
        return TEAM_TOKEN_SIGNATURE;
    }

    signature.data = (const char *) data;
    signature.len = len;

    return team_signature_verify(key, token->alg, token->input, signature);
}


team_reason_e
team_signature_verify(const team_jwk_t *key, team_alg_e alg, team_str_t input,
    team_str_t signature)
{
    team_reason_e  reason;

    if ((unsigned) alg >= TEAM_ALGS || !(key->algs & team_alg_bit(alg))) {
        return TEAM_TOKEN_ALGORITHM;
    }

    if (signature.len != team_signature_len(key, alg)) {
        return TEAM_TOKEN_SIGNATURE;
    }

    if (key->pkey == NULL) {
        reason = team_signature_mac(key, alg, input, signature);

    } else if (alg == TEAM_ALG_EDDSA) {
        reason = team_signature_eddsa(key, input, signature);

    } else {
        reason = team_signature_public(key, alg, input, signature);
    }

    /* or nginx logs what is left here at alert, for whoever comes next */

    ERR_clear_error();

    return reason;
}


static size_t
team_signature_len(const team_jwk_t *key, team_alg_e alg)
{
    return key->siglen != 0 ? key->siglen : team_alg_hash(alg);
}


static team_reason_e
team_signature_mac(const team_jwk_t *key, team_alg_e alg, team_str_t input,
    team_str_t signature)
{
    size_t          len;
    EVP_MAC_CTX    *ctx;
    team_reason_e   reason;
    unsigned char   mac[EVP_MAX_MD_SIZE];

    if (key->mac[alg] == NULL) {
        return TEAM_INTERNAL;
    }

    ctx = EVP_MAC_CTX_dup(key->mac[alg]);
    if (ctx == NULL) {
        return TEAM_INTERNAL;
    }

    if (EVP_MAC_update(ctx, (const unsigned char *) input.data, input.len) != 1
        || EVP_MAC_final(ctx, mac, &len, sizeof(mac)) != 1
        || len != signature.len)
    {
        reason = TEAM_INTERNAL;

    } else if (CRYPTO_memcmp(mac, signature.data, len) != 0) {
        reason = TEAM_TOKEN_SIGNATURE;

    } else {
        reason = TEAM_OK;
    }

    EVP_MAC_CTX_free(ctx);
    OPENSSL_cleanse(mac, sizeof(mac));

    return reason;
}


/*
 * The two steps of EVP_DigestVerify() one by one: it would have its context
 * copied for each signature, these are used again as they are.
 */

static team_reason_e
team_signature_public(const team_jwk_t *key, team_alg_e alg, team_str_t input,
    team_str_t signature)
{
    int                   rc;
    size_t                len;
    EVP_MD_CTX           *digest;
    unsigned              hash_len;
    unsigned char         hash[EVP_MAX_MD_SIZE], der[TEAM_MAX_ECDSA_DER];
    const unsigned char  *sig;

    if (key->verify[alg] == NULL) {
        return TEAM_INTERNAL;
    }

    sig = (const unsigned char *) signature.data;
    len = signature.len;

    if (alg == TEAM_ALG_ES256 || alg == TEAM_ALG_ES384
        || alg == TEAM_ALG_ES512)
    {
        if (team_signature_to_der(der, &len, signature) != 0) {
            return TEAM_INTERNAL;
        }

        sig = der;
    }

    digest = key->digest[alg];

    if (EVP_DigestInit_ex(digest, NULL, NULL) != 1
        || EVP_DigestUpdate(digest, input.data, input.len) != 1
        || EVP_DigestFinal_ex(digest, hash, &hash_len) != 1)
    {
        return TEAM_INTERNAL;
    }

    /* 0 is a wrong signature, negative one that could not even be read */

    rc = EVP_PKEY_verify(key->verify[alg], sig, len, hash, hash_len);

    return rc == 1 ? TEAM_OK : TEAM_TOKEN_SIGNATURE;
}


static team_reason_e
team_signature_eddsa(const team_jwk_t *key, team_str_t input,
    team_str_t signature)
{
    int          rc;
    EVP_MD_CTX  *ctx;

    if (key->digest[TEAM_ALG_EDDSA] == NULL) {
        return TEAM_INTERNAL;
    }

    ctx = EVP_MD_CTX_new();
    if (ctx == NULL) {
        return TEAM_INTERNAL;
    }

    if (EVP_MD_CTX_copy_ex(ctx, key->digest[TEAM_ALG_EDDSA]) != 1) {
        EVP_MD_CTX_free(ctx);
        return TEAM_INTERNAL;
    }

    rc = EVP_DigestVerify(ctx, (const unsigned char *) signature.data,
                          signature.len, (const unsigned char *) input.data,
                          input.len);

    EVP_MD_CTX_free(ctx);

    return rc == 1 ? TEAM_OK : TEAM_TOKEN_SIGNATURE;
}


/* R || S to SEQUENCE { INTEGER, INTEGER }.  Returns 0, or -1 without memory. */

static int
team_signature_to_der(unsigned char *der, size_t *len, team_str_t signature)
{
    int                   n, half;
    BIGNUM               *r, *s;
    ECDSA_SIG            *sig;
    unsigned char        *p;
    const unsigned char  *data;

    data = (const unsigned char *) signature.data;
    half = (int) (signature.len / 2);

    sig = ECDSA_SIG_new();
    r = BN_bin2bn(data, half, NULL);
    s = BN_bin2bn(data + half, half, NULL);

    if (sig == NULL || r == NULL || s == NULL
        || ECDSA_SIG_set0(sig, r, s) != 1)
    {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(sig);
        return -1;
    }

    /* sig owns r and s now */

    n = i2d_ECDSA_SIG(sig, NULL);

    if (n <= 0 || n > TEAM_MAX_ECDSA_DER) {
        ECDSA_SIG_free(sig);
        return -1;
    }

    p = der;
    n = i2d_ECDSA_SIG(sig, &p);

    ECDSA_SIG_free(sig);

    if (n <= 0) {
        return -1;
    }

    *len = (size_t) n;

    return 0;
}
