/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * Rule 5: the claims of a token whose signature has been verified.
 * RFC 7519 section 4.1, RFC 9068, OpenID Connect Core section 5.1.
 */

#ifndef TEAM_CLAIMS_H
#define TEAM_CLAIMS_H

#include <jansson.h>

#include "team_base.h"


/* What an issuer's block in the configuration asks for. */

typedef struct {
    const team_str_t  *audiences;     /* any one of them; n == 0: not checked */
    size_t             n_audiences;
    int64_t            leeway;        /* seconds, for exp, nbf, iat */

    /* names of the claims that are read; NUL-terminated, never NULL */

    const char        *subject;          /* "sub" */
    const char        *email;            /* "email" */
    const char        *email_verified;   /* "email_verified" */
    const char        *name;             /* "name" */
} team_claims_rule_t;


typedef struct {
    json_t      *root;             /* owned: team_claims_free() */

    team_str_t   issuer;           /* all borrowed from root */
    team_str_t   subject;
    team_str_t   email;            /* len 0: absent, or not a string of 1 to
                                      TEAM_MAX_EMAIL bytes without control
                                      bytes */
    team_str_t   name;             /* len 0: absent; cut at TEAM_MAX_NAME bytes
                                      on a character's edge; no control bytes */
    int          email_verified;   /* 1 only for JSON true or "true" */

    int64_t      exp;              /* seconds since the epoch, rounded down */
    int64_t      nbf;              /* 0: absent; rounded up */
    int64_t      iat;              /* 0: absent; rounded up */
    int64_t      auth_time;        /* 0: absent */
} team_claims_t;


/*
 * Decodes the base64url payload and reads what does not depend on the
 * issuer's block: an object without duplicate names; iss a string of 1 to
 * TEAM_MAX_ISSUER bytes.
 *
 * Returns TEAM_OK (claims->root owned by the caller from now on),
 * TEAM_TOKEN_CLAIMS, TEAM_TOKEN_ISSUER (iss absent or no such string) or
 * TEAM_INTERNAL; then there is nothing to free.
 */

team_reason_e team_claims_parse(team_claims_t *claims, team_str_t payload);


/*
 * Checks the rest against the issuer's rule at time now (seconds since the
 * epoch) and fills the other members.  exp is required; times are numbers in
 * [0, TEAM_MAX_TIME]; a token is good while now < exp + leeway and from
 * now >= nbf - leeway, iat - leeway on; aud a string or an array of strings;
 * sub a non-empty string of at most TEAM_MAX_SUBJECT bytes without control
 * bytes.
 *
 * Returns TEAM_OK, TEAM_TOKEN_CLAIMS, TEAM_TOKEN_AUDIENCE, TEAM_TOKEN_EXPIRED,
 * TEAM_TOKEN_NOT_YET.  claims stays owned by the caller in every case.
 */

team_reason_e team_claims_check(team_claims_t *claims,
    const team_claims_rule_t *rule, int64_t now);


/* Gives the memory back; claims->root becomes NULL.  NULL root: nothing. */

void team_claims_free(team_claims_t *claims);


#endif /* TEAM_CLAIMS_H */
