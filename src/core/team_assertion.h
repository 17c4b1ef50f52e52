/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * X-Team-Assertion: a short JWT about one decision, minted by libjwt.  The
 * only file that includes <jwt.h> is the one behind this header.
 */

#ifndef TEAM_ASSERTION_H
#define TEAM_ASSERTION_H

#include "team_base.h"
#include "team_grant.h"
#include "team_jwk.h"


typedef struct team_signer_s  team_signer_t;


/*
 * Makes a signer from a private key in PEM, or an HMAC secret, and an alg that
 * libjwt can sign with and that fits the key: RS, ES and HS (PS and EdDSA
 * depend on libjwt's version).  Signs once, to know that it works.  Refused are
 * RSA under 2048 bits, a curve that is not the alg's, a secret shorter than the
 * hash, a PEM key as a secret, and a PEM key with a password.
 *
 * Returns NULL with the reason in error (size bytes), else a signer that the
 * caller frees with team_signer_free().
 */

team_signer_t *team_signer_create(const char *key, size_t len, team_alg_e alg,
    char *error, size_t size);

void team_signer_free(team_signer_t *signer);


typedef struct {
    team_str_t           issuer;       /* iss; needed */
    team_str_t           audience;     /* aud; len 0: left out */
    team_str_t           subject;      /* sub; needed */
    team_str_t           origin;       /* "idp": who vouched for sub */
    team_str_t           email;        /* len 0: left out */
    const team_grant_t  *grant;        /* account, member, roles, permissions;
                                          NULL: left out */
    team_str_t           jti;          /* len 0: left out */
    int64_t              now;          /* iat, nbf */
    int64_t              ttl;          /* exp = now + ttl, seconds */
} team_assertion_t;


/*
 * Mints; "typ" is "JWT", libjwt 1.10 writes no other.  Returns NUL-terminated
 * text that the caller frees with free(), or NULL (no memory, no issuer or
 * subject, text that is not UTF-8, or libjwt refused).  Not for two threads
 * at once.
 */

char *team_assertion_mint(const team_signer_t *signer,
    const team_assertion_t *assertion);


#endif /* TEAM_ASSERTION_H */
