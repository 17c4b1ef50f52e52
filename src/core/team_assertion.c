/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <jwt.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "team_assertion.h"
#include "team_perm.h"


struct team_signer_s {
    jwt_alg_t      alg;
    size_t         len;
    unsigned char  key[];       /* PEM or secret, as libjwt wants it */
};


typedef struct {
    team_alg_e     team;
    jwt_alg_t      jwt;
    int            type;        /* EVP_PKEY_*; 0: a secret */
    int            bits;        /* the least that a key may have */
    const char    *curve;       /* OpenSSL's name; NULL: none */
} team_signer_alg_t;


static const team_signer_alg_t *team_signer_alg(team_alg_e alg);
static const char *team_signer_check(const team_signer_alg_t *row,
    const char *key, size_t len);
static const char *team_signer_check_pkey(const team_signer_alg_t *row,
    EVP_PKEY *pkey);
static int team_signer_password(char *buf, int size, int writing, void *data);
static char *team_assertion_claims(const team_assertion_t *assertion);
static int team_assertion_grant(json_t *claims, const team_grant_t *grant);
static int team_assertion_text(json_t *claims, const char *name,
    team_str_t value);
static json_t *team_assertion_list(team_str_t list);
static char *team_assertion_sign(const team_signer_t *signer,
    const char *claims);
static char *team_assertion_encode(jwt_t *jwt);
static void *team_assertion_malloc(size_t size);


/*
 * jwt_encode_str() does not look whether jansson had memory to write header
 * and claims, and reads NULL if not (libjwt 1.10).  So while it runs, a failed
 * allocation of jansson's leaves it by longjmp(), at the price of some lost
 * bytes.  jansson's hook takes no argument: hence these two variables, which
 * mean something only inside team_assertion_encode().  One thread at a time.
 */

static jmp_buf        team_assertion_exhausted;
static json_malloc_t  team_assertion_next_malloc;


static const team_signer_alg_t  team_signer_algs[] = {
    { TEAM_ALG_HS256, JWT_ALG_HS256, 0, 256, NULL },
    { TEAM_ALG_HS384, JWT_ALG_HS384, 0, 384, NULL },
    { TEAM_ALG_HS512, JWT_ALG_HS512, 0, 512, NULL },
    { TEAM_ALG_RS256, JWT_ALG_RS256, EVP_PKEY_RSA, 2048, NULL },
    { TEAM_ALG_RS384, JWT_ALG_RS384, EVP_PKEY_RSA, 2048, NULL },
    { TEAM_ALG_RS512, JWT_ALG_RS512, EVP_PKEY_RSA, 2048, NULL },
    { TEAM_ALG_ES256, JWT_ALG_ES256, EVP_PKEY_EC, 256, "prime256v1" },
    { TEAM_ALG_ES384, JWT_ALG_ES384, EVP_PKEY_EC, 384, "secp384r1" },
    { TEAM_ALG_ES512, JWT_ALG_ES512, EVP_PKEY_EC, 521, "secp521r1" }
};


team_signer_t *
team_signer_create(const char *key, size_t len, team_alg_e alg, char *error,
    size_t size)
{
    char                     *text;
    const char               *reason;
    team_signer_t            *signer;
    const team_signer_alg_t  *row;

    row = team_signer_alg(alg);

    if (row == NULL) {
        snprintf(error, size, "this algorithm can't sign assertions, "
                 "use one of RS, ES or HS");
        return NULL;
    }

    reason = team_signer_check(row, key, len);

    if (reason != NULL) {
        snprintf(error, size, "%s", reason);
        return NULL;
    }

    signer = malloc(sizeof(team_signer_t) + len);

    if (signer == NULL) {
        snprintf(error, size, "out of memory");
        return NULL;
    }

    signer->alg = row->jwt;
    signer->len = len;
    memcpy(signer->key, key, len);

    text = team_assertion_sign(signer, "{\"sub\":\"test\"}");

    if (text == NULL) {
        snprintf(error, size, "libjwt can't sign with this key");
        team_signer_free(signer);
        return NULL;
    }

    free(text);

    return signer;
}


static const team_signer_alg_t *
team_signer_alg(team_alg_e alg)
{
    size_t  i;

    for (i = 0; i < sizeof(team_signer_algs) / sizeof(team_signer_algs[0]);
         i++)
    {
        if (team_signer_algs[i].team == alg) {
            return &team_signer_algs[i];
        }
    }

    return NULL;
}


/* NULL if the key fits, else why not; libjwt itself asks less. */

static const char *
team_signer_check(const team_signer_alg_t *row, const char *key, size_t len)
{
    BIO         *bio;
    EVP_PKEY    *pkey;
    const char  *reason;

    if (len == 0 || len > TEAM_MAX_KEY_FILE) {
        return "the key is empty or too long";
    }

    if (row->type == 0) {
        if (len >= 5 && memcmp(key, "-----", 5) == 0) {
            return "a PEM key can't be a secret for HS";
        }

        return len * 8 < (size_t) row->bits
               ? "the secret is shorter than the hash" : NULL;
    }

    bio = BIO_new_mem_buf(key, (int) len);

    if (bio == NULL) {
        ERR_clear_error();
        return "out of memory";
    }

    pkey = PEM_read_bio_PrivateKey(bio, NULL, team_signer_password, NULL);

    reason = (pkey == NULL)
             ? "there is no private key in PEM without a password"
             : team_signer_check_pkey(row, pkey);

    EVP_PKEY_free(pkey);
    BIO_free(bio);
    ERR_clear_error();

    return reason;
}


static const char *
team_signer_check_pkey(const team_signer_alg_t *row, EVP_PKEY *pkey)
{
    char    curve[32];
    size_t  len;

    if (EVP_PKEY_base_id(pkey) != row->type) {
        return "the key is of another type than the algorithm";
    }

    if (EVP_PKEY_bits(pkey) < row->bits) {
        return "the key is too small for the algorithm";
    }

    if (row->curve != NULL
        && (EVP_PKEY_get_group_name(pkey, curve, sizeof(curve), &len) != 1
            || strcmp(curve, row->curve) != 0))
    {
        return "the key's curve is not the algorithm's";
    }

    return NULL;
}


/* A server has nobody to ask; without this OpenSSL would read the terminal. */

static int
team_signer_password(char *buf, int size, int writing, void *data)
{
    (void) buf;
    (void) size;
    (void) writing;
    (void) data;

    return -1;
}


void
team_signer_free(team_signer_t *signer)
{
    if (signer == NULL) {
        return;
    }

    OPENSSL_cleanse(signer, sizeof(team_signer_t) + signer->len);
    free(signer);
}


char *
team_assertion_mint(const team_signer_t *signer,
    const team_assertion_t *assertion)
{
    char  *claims, *text;

    claims = team_assertion_claims(assertion);

    if (claims == NULL) {
        return NULL;
    }

    text = team_assertion_sign(signer, claims);

    free(claims);

    return text;
}


/* The claims as JSON text, to be freed; NULL: no memory, or not UTF-8. */

static char *
team_assertion_claims(const team_assertion_t *assertion)
{
    char    *text;
    size_t   size;
    json_t  *claims;

    /* an assertion about nobody, or by nobody, would mean anything */

    if (assertion->issuer.len == 0 || assertion->subject.len == 0) {
        return NULL;
    }

    text = NULL;
    claims = json_object();

    if (claims == NULL
        || team_assertion_text(claims, "iss", assertion->issuer) != 0
        || team_assertion_text(claims, "aud", assertion->audience) != 0
        || team_assertion_text(claims, "sub", assertion->subject) != 0
        || team_assertion_text(claims, "idp", assertion->origin) != 0
        || team_assertion_text(claims, "email", assertion->email) != 0
        || team_assertion_text(claims, "jti", assertion->jti) != 0
        || json_object_set_new(claims, "iat",
                               json_integer(assertion->now)) != 0
        || json_object_set_new(claims, "nbf",
                               json_integer(assertion->now)) != 0
        || json_object_set_new(claims, "exp",
                               json_integer(assertion->now + assertion->ttl))
           != 0
        || team_assertion_grant(claims, assertion->grant) != 0)
    {
        goto failed;
    }

    size = json_dumpb(claims, NULL, 0, JSON_COMPACT);

    if (size == 0) {
        goto failed;
    }

    text = malloc(size + 1);

    if (text == NULL) {
        goto failed;
    }

    if (json_dumpb(claims, text, size, JSON_COMPACT) != size) {
        free(text);
        text = NULL;
        goto failed;
    }

    text[size] = '\0';

failed:

    json_decref(claims);

    return text;
}


static int
team_assertion_grant(json_t *claims, const team_grant_t *grant)
{
    if (grant == NULL) {
        return 0;
    }

    if (team_assertion_text(claims, "account", grant->account) != 0
        || team_assertion_text(claims, "member", grant->member) != 0
        || json_object_set_new(claims, "roles",
                               team_assertion_list(grant->roles)) != 0
        || json_object_set_new(claims, "permissions",
                               team_assertion_list(grant->permissions)) != 0)
    {
        return -1;
    }

    return 0;
}


/* Leaves the empty text out.  A NULL value is a failure that jansson tells. */

static int
team_assertion_text(json_t *claims, const char *name, team_str_t value)
{
    if (value.len == 0) {
        return 0;
    }

    return json_object_set_new(claims, name,
                               json_stringn(value.data, value.len));
}


static json_t *
team_assertion_list(team_str_t list)
{
    json_t      *array;
    team_str_t   name;

    array = json_array();

    while (team_list_next(&list, &name)) {
        if (json_array_append_new(array, json_stringn(name.data, name.len))
            != 0)
        {
            json_decref(array);
            return NULL;
        }
    }

    return array;
}


/* libjwt copies the key into each token, and parses a PEM key for each. */

static char *
team_assertion_sign(const team_signer_t *signer, const char *claims)
{
    char   *text;
    jwt_t  *jwt;

    text = NULL;

    if (jwt_new(&jwt) != 0) {
        return NULL;
    }

    if (jwt_set_alg(jwt, signer->alg, signer->key, (int) signer->len) == 0
        && jwt_add_grants_json(jwt, claims) == 0)
    {
        text = team_assertion_encode(jwt);
    }

    jwt_free(jwt);
    ERR_clear_error();

    return text;
}


static char *
team_assertion_encode(jwt_t *jwt)
{
    json_free_t     next_free;
    char *volatile  text;

    text = NULL;

    json_get_alloc_funcs(&team_assertion_next_malloc, &next_free);
    json_set_alloc_funcs(team_assertion_malloc, next_free);

    if (setjmp(team_assertion_exhausted) == 0) {
        text = jwt_encode_str(jwt);
    }

    json_set_alloc_funcs(team_assertion_next_malloc, next_free);

    return text;
}


static void *
team_assertion_malloc(size_t size)
{
    void  *p;

    p = team_assertion_next_malloc(size);

    if (p == NULL) {
        longjmp(team_assertion_exhausted, 1);
    }

    return p;
}
