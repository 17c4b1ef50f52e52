/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* From one JWK to a key: RFC 7517, RFC 7518 section 6, RFC 8037. */

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>

#include "team_jwk_parse.h"


/* a field as bytes: the longest is a modulus with some leading zeros */

#define TEAM_JWK_FIELD  (TEAM_MAX_SECRET + 64)


typedef struct {
    size_t         len;
    unsigned char  data[TEAM_JWK_FIELD];
} team_jwk_field_t;


typedef int (*team_jwk_type_pt)(team_jwk_t *key, const json_t *jwk,
    team_jwk_error_t *error);


static int team_jwk_is_private(const json_t *jwk);
static int team_jwk_purpose(const json_t *jwk, int *alg,
    team_jwk_error_t *error);
static int team_jwk_operations(const json_t *ops, team_jwk_error_t *error);
static int team_jwk_kid(team_jwk_t *key, const json_t *value,
    team_jwk_error_t *error);
static int team_jwk_pin(team_jwk_t *key, team_alg_e alg,
    team_jwk_error_t *error);
static int team_jwk_rsa(team_jwk_t *key, const json_t *jwk,
    team_jwk_error_t *error);
static int team_jwk_ec(team_jwk_t *key, const json_t *jwk,
    team_jwk_error_t *error);
static int team_jwk_okp(team_jwk_t *key, const json_t *jwk,
    team_jwk_error_t *error);
static int team_jwk_oct(team_jwk_t *key, const json_t *jwk,
    team_jwk_error_t *error);
static int team_jwk_field(team_jwk_field_t *field, const json_t *jwk,
    const char *name, team_jwk_error_t *error);


static const struct {
    const char        *kty;
    team_jwk_type_pt   parse;
} team_jwk_types[] = {
    { "RSA", team_jwk_rsa },
    { "EC", team_jwk_ec },
    { "OKP", team_jwk_okp },
    { "oct", team_jwk_oct }
};


int
team_jwk_parse(team_jwk_t *key, const json_t *jwk, team_jwk_error_t *error)
{
    int          rc, alg;
    size_t       i;
    const char  *kty;

    kty = json_string_value(json_object_get(jwk, "kty"));

    if (kty == NULL) {
        team_jwk_set_error(error, "not an object with a \"kty\"");
        return -1;
    }

    /* even where the key is not for us: the file should not lie here */

    if (strcmp(kty, "oct") != 0 && team_jwk_is_private(jwk)) {
        team_jwk_set_error(error, "private key material");
        return -1;
    }

    for (i = 0; strcmp(team_jwk_types[i].kty, kty) != 0; /* void */ ) {
        if (++i == sizeof(team_jwk_types) / sizeof(team_jwk_types[0])) {
            return 0;
        }
    }

    rc = team_jwk_purpose(jwk, &alg, error);
    if (rc != 1) {
        return rc;
    }

    if (team_jwk_kid(key, json_object_get(jwk, "kid"), error) != 0) {
        return -1;
    }

    rc = team_jwk_types[i].parse(key, jwk, error);
    if (rc != 1) {
        return rc;
    }

    if (alg != -1 && team_jwk_pin(key, alg, error) != 0) {
        return -1;
    }

    return 1;
}


/* RFC 7518 section 6.2.2, 6.3.2; RFC 8037 section 2; "priv": newer types */

static int
team_jwk_is_private(const json_t *jwk)
{
    size_t  i;

    static const char  *names[] = {
        "d", "p", "q", "dp", "dq", "qi", "oth", "priv"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (json_object_get(jwk, names[i]) != NULL) {
            return 1;
        }
    }

    return 0;
}


/*
 * use, key_ops, alg.  Returns 1 with *alg (-1: none is named), 0 when the key
 * serves something else, -1.
 */

static int
team_jwk_purpose(const json_t *jwk, int *alg, team_jwk_error_t *error)
{
    int         rc;
    team_str_t  name;
    json_t     *value;

    *alg = -1;

    value = json_object_get(jwk, "use");

    if (value != NULL) {
        if (!json_is_string(value)) {
            team_jwk_set_error(error, "\"use\" is not a string");
            return -1;
        }

        if (strcmp(json_string_value(value), "sig") != 0) {
            return 0;
        }
    }

    value = json_object_get(jwk, "key_ops");

    if (value != NULL) {
        rc = team_jwk_operations(value, error);
        if (rc != 1) {
            return rc;
        }
    }

    value = json_object_get(jwk, "alg");

    if (value != NULL) {
        if (!json_is_string(value)) {
            team_jwk_set_error(error, "\"alg\" is not a string");
            return -1;
        }

        name.data = json_string_value(value);
        name.len = json_string_length(value);

        *alg = team_alg_find(name);

        if (*alg == -1) {
            return 0;
        }
    }

    return 1;
}


static int
team_jwk_operations(const json_t *ops, team_jwk_error_t *error)
{
    int          found;
    size_t       i;
    const char  *op;

    if (!json_is_array(ops)) {
        team_jwk_set_error(error, "\"key_ops\" is not an array");
        return -1;
    }

    found = 0;

    for (i = 0; i < json_array_size(ops); i++) {
        op = json_string_value(json_array_get(ops, i));

        if (op == NULL) {
            team_jwk_set_error(error, "\"key_ops\" holds more than strings");
            return -1;
        }

        if (strcmp(op, "verify") == 0) {
            found = 1;
        }
    }

    return found;
}


static int
team_jwk_kid(team_jwk_t *key, const json_t *value, team_jwk_error_t *error)
{
    team_str_t  kid;

    if (value == NULL) {
        return 0;
    }

    /* of what is no string the length is 0 */

    kid.data = json_string_value(value);
    kid.len = json_string_length(value);

    return team_jwk_set_kid(key, kid, error);
}


static int
team_jwk_pin(team_jwk_t *key, team_alg_e alg, team_jwk_error_t *error)
{
    if (!(key->algs & team_alg_bit(alg))) {

        if (key->pkey == NULL && alg <= TEAM_ALG_HS512) {
            team_jwk_set_error(error, "HMAC secret of %zu bytes, under the "
                               "%zu of %s", key->secret.len,
                               team_alg_hash(alg), team_alg_name(alg));

        } else {
            team_jwk_set_error(error, "\"alg\" %s does not fit the key",
                               team_alg_name(alg));
        }

        return -1;
    }

    key->algs = team_alg_bit(alg);

    return 0;
}


static int
team_jwk_rsa(team_jwk_t *key, const json_t *jwk, team_jwk_error_t *error)
{
    BIGNUM            *n, *e;
    OSSL_PARAM        *params;
    OSSL_PARAM_BLD    *build;
    team_jwk_field_t   field;

    n = NULL;
    e = NULL;
    params = NULL;
    build = NULL;

    if (team_jwk_field(&field, jwk, "n", error) != 0) {
        return -1;
    }

    n = BN_bin2bn(field.data, (int) field.len, NULL);

    if (team_jwk_field(&field, jwk, "e", error) != 0) {
        BN_free(n);
        return -1;
    }

    e = BN_bin2bn(field.data, (int) field.len, NULL);
    build = OSSL_PARAM_BLD_new();

    if (n != NULL && e != NULL && build != NULL
        && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1
        && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
    {
        params = OSSL_PARAM_BLD_to_param(build);
    }

    key->pkey = team_jwk_build("RSA", params);

    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);

    if (key->pkey == NULL) {
        team_jwk_set_error(error, "not an RSA key, or out of memory");
        return -1;
    }

    return team_jwk_inspect(key, error) == 0 ? 1 : -1;
}


static int
team_jwk_ec(team_jwk_t *key, const json_t *jwk, team_jwk_error_t *error)
{
    size_t             i;
    OSSL_PARAM         params[3];
    const char        *crv;
    unsigned char      point[1 + 2 * 66];
    team_jwk_field_t   x, y;

    /* OpenSSL knows them by the same names */

    static const struct {
        const char  *crv;
        size_t       size;
    } curves[] = {
        { "P-256", 32 },
        { "P-384", 48 },
        { "P-521", 66 }
    };

    crv = json_string_value(json_object_get(jwk, "crv"));

    if (crv == NULL) {
        team_jwk_set_error(error, "\"crv\" is missing or not a string");
        return -1;
    }

    for (i = 0; strcmp(curves[i].crv, crv) != 0; /* void */ ) {
        if (++i == sizeof(curves) / sizeof(curves[0])) {
            return 0;
        }
    }

    if (team_jwk_field(&x, jwk, "x", error) != 0
        || team_jwk_field(&y, jwk, "y", error) != 0)
    {
        return -1;
    }

    /* RFC 7518 section 6.2.1.2: as long as the field, leading zeros kept */

    if (x.len != curves[i].size || y.len != curves[i].size) {
        team_jwk_set_error(error, "\"x\" and \"y\" are not of %zu bytes each",
                           curves[i].size);
        return -1;
    }

    point[0] = POINT_CONVERSION_UNCOMPRESSED;
    memcpy(point + 1, x.data, x.len);
    memcpy(point + 1 + x.len, y.data, y.len);

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                                 (char *) curves[i].crv, 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                                  point, 1 + x.len + y.len);
    params[2] = OSSL_PARAM_construct_end();

    key->pkey = team_jwk_build("EC", params);

    if (key->pkey == NULL) {
        team_jwk_set_error(error, "EC point is not on its curve, or out of "
                           "memory");
        return -1;
    }

    return team_jwk_inspect(key, error) == 0 ? 1 : -1;
}


static int
team_jwk_okp(team_jwk_t *key, const json_t *jwk, team_jwk_error_t *error)
{
    const char        *crv;
    team_jwk_field_t   x;

    crv = json_string_value(json_object_get(jwk, "crv"));

    if (crv == NULL) {
        team_jwk_set_error(error, "\"crv\" is missing or not a string");
        return -1;
    }

    if (strcmp(crv, "Ed25519") != 0) {
        return 0;
    }

    if (team_jwk_field(&x, jwk, "x", error) != 0) {
        return -1;
    }

    if (x.len != 32) {
        team_jwk_set_error(error, "\"x\" is not of 32 bytes");
        return -1;
    }

    key->pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, x.data,
                                               x.len);

    if (key->pkey == NULL) {
        team_jwk_set_error(error, "not an Ed25519 key, or out of memory");
        return -1;
    }

    return team_jwk_inspect(key, error) == 0 ? 1 : -1;
}


static int
team_jwk_oct(team_jwk_t *key, const json_t *jwk, team_jwk_error_t *error)
{
    int               rc;
    team_jwk_field_t  k;

    if (team_jwk_field(&k, jwk, "k", error) != 0) {
        return -1;
    }

    rc = team_jwk_set_secret(key, k.data, k.len, error);

    OPENSSL_cleanse(k.data, k.len);

    return rc == 0 ? 1 : -1;
}


static int
team_jwk_field(team_jwk_field_t *field, const json_t *jwk, const char *name,
    team_jwk_error_t *error)
{
    json_t      *value;
    team_str_t   text;

    value = json_object_get(jwk, name);

    if (!json_is_string(value)) {
        team_jwk_set_error(error, "\"%s\" is missing or not a string", name);
        return -1;
    }

    text.data = json_string_value(value);
    text.len = json_string_length(value);

    if (text.len > TEAM_JWK_FIELD) {
        team_jwk_set_error(error, "\"%s\" is too long", name);
        return -1;
    }

    if (team_base64url_decode(field->data, &field->len, text) != 0) {
        team_jwk_set_error(error, "\"%s\" is not base64url", name);
        return -1;
    }

    return 0;
}
