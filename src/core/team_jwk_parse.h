/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* Between the team_jwk*.c files only. */

#ifndef TEAM_JWK_PARSE_H
#define TEAM_JWK_PARSE_H

#include <jansson.h>

#include "team_jwk.h"


#define TEAM_MIN_RSA_BITS  2048
#define TEAM_MAX_RSA_BITS  16384     /* OpenSSL verifies with no more */
#define TEAM_MAX_RSA_E     64        /* bits; larger ones only cost time */
#define TEAM_MAX_SECRET    4096      /* bytes */


struct team_jwks_s {
    int          json;       /* its keys had a place for their kid */
    size_t       n;
    team_jwk_t   keys[TEAM_MAX_KEYS];
};


/*
 * Reads one member of a JWK Set into a zeroed key.  Returns 1 (loaded), 0 (not
 * for us) or -1 (refused, with the reason).  What the key holds is released
 * with team_jwk_clear() in every case.
 */

int team_jwk_parse(team_jwk_t *key, const json_t *jwk,
    team_jwk_error_t *error);


/* A public key of this type; NULL if it is none, or for params NULL. */

EVP_PKEY *team_jwk_build(const char *type, OSSL_PARAM *params);


/*
 * Looks at key->pkey: type, size, curve; fills algs and siglen.  Returns 0, or
 * -1 with the reason.
 */

int team_jwk_inspect(team_jwk_t *key, team_jwk_error_t *error);


/*
 * Copies a secret into the key; fills algs.  Returns 0, or -1 with the reason.
 */

int team_jwk_set_secret(team_jwk_t *key, const void *data, size_t len,
    team_jwk_error_t *error);


/*
 * Copies a name into a key that has none.  Returns 0, or -1 with the reason.
 */

int team_jwk_set_kid(team_jwk_t *key, team_str_t kid,
    team_jwk_error_t *error);


/*
 * Adds every block of a PEM text to the set.  Returns 0, or -1 with the
 * reason.
 */

int team_jwks_load_pem(team_jwks_t *set, const char *data, size_t len,
    team_jwk_error_t *error);


/*
 * 1 when bytes that are not PEM nor JSON are a public key all the same: DER, or
 * base64 of DER, or OpenSSH's.
 */

int team_jwk_is_public(const char *data, size_t len);


/*
 * Makes the key ready and moves it to the set; *key is then empty.  Returns 0,
 * or -1 with the reason (key still the caller's).
 */

int team_jwks_add(team_jwks_t *set, team_jwk_t *key, team_jwk_error_t *error);


/* Makes the contexts for each of algs.  Returns 0 or -1. */

int team_jwk_prepare(team_jwk_t *key);

void team_jwk_clear(team_jwk_t *key);

void team_jwk_set_error(team_jwk_error_t *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));


#endif /* TEAM_JWK_PARSE_H */
