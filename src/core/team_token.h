/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * A compact JWS (RFC 7515 section 3.1), read strictly and in this order:
 * bytes, header, key, signature.  Claims come after, in team_claims.h.
 */

#ifndef TEAM_TOKEN_H
#define TEAM_TOKEN_H

#include "team_base.h"
#include "team_jwk.h"


#define TEAM_MAX_TYP  32      /* bytes; the longest that is taken has 18 */


typedef struct {
    team_str_t     text;       /* the whole, as sent; borrowed */
    team_str_t     input;      /* header "." payload: what is signed */
    team_str_t     header;     /* base64url, borrowed from text */
    team_str_t     payload;
    team_str_t     signature;

    /* set by team_token_header() */

    team_alg_e     alg;
    team_str_t     kid;        /* points into kid_data; len 0: absent */
    team_str_t     typ;        /* points into typ_data; len 0: absent */
    char           kid_data[TEAM_MAX_KID];
    char           typ_data[TEAM_MAX_TYP];
} team_token_t;


/*
 * Rule 1.  Length TEAM_MIN_TOKEN to TEAM_MAX_TOKEN, exactly two dots,
 * base64url characters only, none of the three parts empty or impossible.
 *
 * Returns TEAM_OK or TEAM_TOKEN_MALFORMED.
 */

team_reason_e team_token_split(team_token_t *token, team_str_t text);


/*
 * Rule 2.  Decodes and reads the header: an object with a known alg; kid absent
 * or a string of 1 to TEAM_MAX_KID bytes without control bytes; no crit, no
 * b64; typ absent, or "JWT", "at+jwt", "application/at+jwt" in any case.  jku,
 * jwk, x5u and x5c are never looked at.
 *
 * Returns TEAM_OK, TEAM_TOKEN_HEADER, TEAM_TOKEN_ALGORITHM, TEAM_TOKEN_TYPE
 * or TEAM_INTERNAL (no memory).
 */

team_reason_e team_token_header(team_token_t *token);


/*
 * Rule 4.  Verifies the signature with a key from team_jwks_find(); alg must
 * be among key->algs (checked again here).  OpenSSL's error queue is empty
 * afterwards.
 *
 * Returns TEAM_OK, TEAM_TOKEN_ALGORITHM, TEAM_TOKEN_SIGNATURE or
 * TEAM_INTERNAL.
 */

team_reason_e team_token_verify(const team_token_t *token,
    const team_jwk_t *key);


/*
 * The layer below: is signature one of alg by key over input?  Raw bytes on
 * both sides; ES signatures are R || S (RFC 7518 section 3.4).
 * Returns as team_token_verify().
 */

team_reason_e team_signature_verify(const team_jwk_t *key, team_alg_e alg,
    team_str_t input, team_str_t signature);


#endif /* TEAM_TOKEN_H */
