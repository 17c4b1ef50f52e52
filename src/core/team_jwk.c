/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "team_json.h"
#include "team_jwk_parse.h"


static int team_jwks_load_form(team_jwks_t *set, const char *data, size_t len,
    team_jwk_error_t *error);
static int team_jwks_load_json(team_jwks_t *set, const char *data, size_t len,
    team_jwk_error_t *error);
static int team_jwks_load_jwk(team_jwks_t *set, const json_t *jwk, size_t i,
    team_jwk_error_t *error);
static int team_jwks_load_secret(team_jwks_t *set, const char *data,
    size_t len, team_jwk_error_t *error);
static int team_jwk_is_page(const char *data, size_t len);
static int team_jwk_has(const char *data, size_t len, const char *what);


static const struct {
    const char  *name;
    size_t       hash;
} team_algs[TEAM_ALGS] = {
    [TEAM_ALG_HS256] = { "HS256", 32 },
    [TEAM_ALG_HS384] = { "HS384", 48 },
    [TEAM_ALG_HS512] = { "HS512", 64 },
    [TEAM_ALG_RS256] = { "RS256", 32 },
    [TEAM_ALG_RS384] = { "RS384", 48 },
    [TEAM_ALG_RS512] = { "RS512", 64 },
    [TEAM_ALG_PS256] = { "PS256", 32 },
    [TEAM_ALG_PS384] = { "PS384", 48 },
    [TEAM_ALG_PS512] = { "PS512", 64 },
    [TEAM_ALG_ES256] = { "ES256", 32 },
    [TEAM_ALG_ES384] = { "ES384", 48 },
    [TEAM_ALG_ES512] = { "ES512", 64 },
    [TEAM_ALG_EDDSA] = { "EdDSA", 0 }
};


int
team_alg_find(team_str_t name)
{
    int         alg;
    team_str_t  known;

    for (alg = 0; alg < TEAM_ALGS; alg++) {
        known.data = team_algs[alg].name;
        known.len = strlen(known.data);

        if (team_str_eq(known, name)) {
            return alg;
        }
    }

    return -1;
}


const char *
team_alg_name(team_alg_e alg)
{
    return (unsigned) alg < TEAM_ALGS ? team_algs[alg].name : NULL;
}


size_t
team_alg_hash(team_alg_e alg)
{
    return (unsigned) alg < TEAM_ALGS ? team_algs[alg].hash : 0;
}


const EVP_MD *
team_alg_md(team_alg_e alg)
{
    switch (team_alg_hash(alg)) {

    case 32:
        return EVP_sha256();

    case 48:
        return EVP_sha384();

    case 64:
        return EVP_sha512();

    default:
        return NULL;
    }
}


team_jwks_t *
team_jwks_load(const char *data, size_t len, team_jwk_error_t *error)
{
    team_jwks_t  *set;

    error->text[0] = '\0';

    if (len > TEAM_MAX_KEY_FILE) {
        team_jwk_set_error(error, "more than %d bytes", TEAM_MAX_KEY_FILE);
        return NULL;
    }

    set = OPENSSL_zalloc(sizeof(team_jwks_t));
    if (set == NULL) {
        ERR_clear_error();
        team_jwk_set_error(error, "out of memory");
        return NULL;
    }

    if (team_jwks_load_form(set, data, len, error) != 0) {
        goto failed;
    }

    if (set->n == 0) {
        team_jwk_set_error(error, "no key in it that can verify a token");
        goto failed;
    }

    ERR_clear_error();

    return set;

failed:

    team_jwks_free(set);
    ERR_clear_error();

    return NULL;
}


static int
team_jwks_load_form(team_jwks_t *set, const char *data, size_t len,
    team_jwk_error_t *error)
{
    size_t  i;

    i = 0;

    while (i < len && (data[i] == ' ' || data[i] == '\t' || data[i] == '\r'
                       || data[i] == '\n'))
    {
        i++;
    }

    if (i == len) {
        team_jwk_set_error(error, "empty");
        return -1;
    }

    if (data[i] == '{') {
        return team_jwks_load_json(set, data, len, error);
    }

    if (team_jwk_has(data, len, "-----BEGIN")) {
        return team_jwks_load_pem(set, data, len, error);
    }

    return team_jwks_load_secret(set, data, len, error);
}


static int
team_jwks_load_json(team_jwks_t *set, const char *data, size_t len,
    team_jwk_error_t *error)
{
    size_t              i;
    json_t             *root, *keys;
    team_json_error_t   reason;

    set->json = 1;

    if (team_json_load(&root, data, len, &reason) != TEAM_JSON_OK) {
        team_jwk_set_error(error, "JSON, at byte %zu: %s", reason.offset,
                           reason.text);
        return -1;
    }

    keys = json_object_get(root, "keys");

    if (keys == NULL) {

        /* a single JWK, which says so itself if it is none */

        if (team_jwks_load_jwk(set, root, 0, error) != 0) {
            goto failed;
        }

        json_decref(root);
        return 0;
    }

    if (!json_is_array(keys)) {
        team_jwk_set_error(error, "\"keys\" is not an array");
        goto failed;
    }

    if (json_array_size(keys) > TEAM_MAX_KEYS) {
        team_jwk_set_error(error, "more than %d keys", TEAM_MAX_KEYS);
        goto failed;
    }

    for (i = 0; i < json_array_size(keys); i++) {
        if (team_jwks_load_jwk(set, json_array_get(keys, i), i, error) != 0) {
            goto failed;
        }
    }

    json_decref(root);

    return 0;

failed:

    json_decref(root);

    return -1;
}


static int
team_jwks_load_jwk(team_jwks_t *set, const json_t *jwk, size_t i,
    team_jwk_error_t *error)
{
    int               rc;
    team_jwk_t        key;
    team_jwk_error_t  reason;

    memset(&key, 0, sizeof(team_jwk_t));
    reason.text[0] = '\0';

    rc = team_jwk_parse(&key, jwk, &reason);

    if (rc == 1) {
        rc = team_jwks_add(set, &key, &reason);
    }

    if (rc == -1) {
        if (key.kid.len > 0 && key.kid.len <= 64) {
            team_jwk_set_error(error, "key %zu (kid \"%.*s\"): %.200s", i + 1,
                               (int) key.kid.len, key.kid.data, reason.text);

        } else {
            team_jwk_set_error(error, "key %zu: %.200s", i + 1, reason.text);
        }
    }

    team_jwk_clear(&key);

    return rc;
}


static int
team_jwks_load_secret(team_jwks_t *set, const char *data, size_t len,
    team_jwk_error_t *error)
{
    int         rc;
    size_t      i;
    team_jwk_t  key;

    /*
     * Half a file of public keys, or one in a form that we don't read, would
     * make a secret that everybody knows.
     */

    static const char  *marks[] = {
        "\"kty\"", "\"keys\"", "PUBLIC KEY", "CERTIFICATE", "-----END"
    };

    rc = team_jwk_is_public(data, len);

    for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        rc |= team_jwk_has(data, len, marks[i]);
    }

    if (rc) {
        team_jwk_set_error(error, "neither a JWK Set nor PEM, and looks like "
                           "a public key: not taken as an HMAC secret");
        return -1;
    }

    if (data[len - 1] == '\n') {
        len--;

        if (len > 0 && data[len - 1] == '\r') {
            len--;
        }
    }

    if (team_jwk_is_page(data, len)) {
        team_jwk_set_error(error, "neither a JWK Set nor PEM, and looks like "
                           "a page of text: not taken as an HMAC secret");
        return -1;
    }

    memset(&key, 0, sizeof(team_jwk_t));

    rc = team_jwk_set_secret(&key, data, len, error);

    if (rc == 0) {
        rc = team_jwks_add(set, &key, error);
    }

    team_jwk_clear(&key);

    return rc;
}


/*
 * The error page that a proxy answered with when somebody fetched the keys:
 * markup, or text of several lines.  Everybody knows it, so as a secret it
 * would let everybody sign.  Half the bytes of a random secret are not ASCII.
 */

static int
team_jwk_is_page(const char *data, size_t len)
{
    size_t         i, ascii, lines;
    unsigned char  ch;

    ascii = 0;
    lines = 0;

    for (i = 0; i < len; i++) {
        ch = (unsigned char) data[i];

        if (ch == '\n' || ch == '\r') {
            lines++;

        } else if ((ch < 0x20 && ch != '\t') || ch == 0x7f) {
            return 0;
        }

        ascii += (ch < 0x80);
    }

    if (ascii < len - len / 4) {
        return 0;
    }

    return lines || (data[0] == '<' && data[len - 1] == '>');
}


static int
team_jwk_has(const char *data, size_t len, const char *what)
{
    size_t  i, n;

    n = strlen(what);

    for (i = 0; i + n <= len; i++) {
        if (memcmp(data + i, what, n) == 0) {
            return 1;
        }
    }

    return 0;
}


int
team_jwks_add(team_jwks_t *set, team_jwk_t *key, team_jwk_error_t *error)
{
    size_t  i;

    if (set->n == TEAM_MAX_KEYS) {
        team_jwk_set_error(error, "more than %d keys", TEAM_MAX_KEYS);
        return -1;
    }

    for (i = 0; i < set->n; i++) {

        if ((set->keys[i].pkey == NULL) != (key->pkey == NULL)) {
            team_jwk_set_error(error, "secret and public keys in one set");
            return -1;
        }

        if (key->kid.len > 0 && team_str_eq(set->keys[i].kid, key->kid)) {
            team_jwk_set_error(error, "the same kid as key %zu of those that "
                               "can verify", i + 1);
            return -1;
        }
    }

    if (team_jwk_prepare(key) != 0) {
        team_jwk_set_error(error, "OpenSSL can't verify with it, or is out "
                           "of memory");
        return -1;
    }

    set->keys[set->n++] = *key;
    memset(key, 0, sizeof(team_jwk_t));

    return 0;
}


void
team_jwk_set_error(team_jwk_error_t *error, const char *format, ...)
{
    va_list  args;

    va_start(args, format);
    (void) vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
}


void
team_jwks_free(team_jwks_t *set)
{
    size_t  i;

    if (set == NULL) {
        return;
    }

    for (i = 0; i < set->n; i++) {
        team_jwk_clear(&set->keys[i]);
    }

    OPENSSL_free(set);
}


size_t
team_jwks_count(const team_jwks_t *set)
{
    return set->n;
}


const team_jwk_t *
team_jwks_get(const team_jwks_t *set, size_t i)
{
    return &set->keys[i];
}


const team_jwk_t *
team_jwks_find(const team_jwks_t *set, team_str_t kid, team_alg_e alg)
{
    size_t             i;
    const team_jwk_t  *key, *found;

    found = NULL;

    for (i = 0; i < set->n; i++) {
        key = &set->keys[i];

        if (kid.len > 0) {
            if (team_str_eq(key->kid, kid)) {
                return (key->algs & team_alg_bit(alg)) ? key : NULL;
            }

            continue;
        }

        if (key->algs & team_alg_bit(alg)) {
            if (found != NULL) {
                return NULL;
            }

            found = key;
        }
    }

    return found;
}
