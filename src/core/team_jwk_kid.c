/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* The name of a key, RFC 7517 section 4.5, RFC 7515 section 4.1.4. */

#include <string.h>

#include <openssl/crypto.h>

#include "team_jwk_parse.h"
#include "team_text.h"


int
team_kid_valid(team_str_t kid)
{
    /* an empty one would read as absent; control bytes would be logged */

    return kid.len > 0 && kid.len <= TEAM_MAX_KID && team_text_valid(kid)
           && !team_text_control(kid);
}


int
team_jwk_set_kid(team_jwk_t *key, team_str_t kid, team_jwk_error_t *error)
{
    char  *copy;

    if (!team_kid_valid(kid)) {
        team_jwk_set_error(error, "\"kid\" is not text of 1 to %d bytes "
                           "without control bytes", TEAM_MAX_KID);
        return -1;
    }

    copy = OPENSSL_malloc(kid.len);
    if (copy == NULL) {
        team_jwk_set_error(error, "out of memory");
        return -1;
    }

    memcpy(copy, kid.data, kid.len);

    key->kid.data = copy;
    key->kid.len = kid.len;

    return 0;
}


int
team_jwks_name(team_jwks_t *set, team_str_t kid, team_jwk_error_t *error)
{
    /* or the one inside and the one from outside might differ */

    if (set->json) {
        team_jwk_set_error(error, "a JWK has its \"kid\" inside, from outside "
                           "only a PEM key or a secret is given one");
        return -1;
    }

    if (set->n > 1) {
        team_jwk_set_error(error, "%zu keys, and a \"kid\" names only one",
                           set->n);
        return -1;
    }

    return team_jwk_set_kid(&set->keys[0], kid, error);
}
