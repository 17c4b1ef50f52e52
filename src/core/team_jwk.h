/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * Keys: parsed once, checked when they are loaded, immutable afterwards.
 * RFC 7517 (JWK), RFC 7518 (JWA), RFC 8037 (Ed25519).
 */

#ifndef TEAM_JWK_H
#define TEAM_JWK_H

#include <openssl/evp.h>

#include "team_base.h"


/* RFC 7518 section 3.1, RFC 8037 section 3.1; "none" has no value here. */

typedef enum {
    TEAM_ALG_HS256 = 0,
    TEAM_ALG_HS384,
    TEAM_ALG_HS512,
    TEAM_ALG_RS256,
    TEAM_ALG_RS384,
    TEAM_ALG_RS512,
    TEAM_ALG_PS256,
    TEAM_ALG_PS384,
    TEAM_ALG_PS512,
    TEAM_ALG_ES256,
    TEAM_ALG_ES384,
    TEAM_ALG_ES512,
    TEAM_ALG_EDDSA,
    TEAM_ALGS
} team_alg_e;

#define team_alg_bit(alg)  (1u << (alg))


/*
 * What a key may verify is pinned here: algs is the set (bits of team_alg_e)
 * that its type, curve, size, "alg" and "use" leave.  A secret serves the
 * algs whose hash is not longer than it.
 *
 * A context for each of algs in which the key, the hash and the padding are set
 * comes with it: setting these up anew would cost half of an RSA verification
 * again.  Verifications use it, so two threads must not with one key at once.
 */

typedef struct {
    team_str_t    kid;                 /* len 0: none; data owned by the set */
    uint32_t      algs;
    EVP_PKEY     *pkey;                /* NULL for a secret */
    team_str_t    secret;              /* raw HMAC key; len 0: public key */
    size_t        siglen;              /* exact signature bytes; 0: depends on
                                          the alg (HMAC) */

    /* NULL where algs has no bit */

    EVP_PKEY_CTX *verify[TEAM_ALGS];   /* of a hash; EdDSA has none */
    EVP_MD_CTX   *digest[TEAM_ALGS];   /* EdDSA: of the whole, to be copied */
    EVP_MAC_CTX  *mac[TEAM_ALGS];      /* to be copied */
} team_jwk_t;


typedef struct team_jwks_s  team_jwks_t;


typedef struct {
    char  text[400];          /* NUL-terminated: which key, what is wrong;
                                 never a part of a key */
} team_jwk_error_t;


/* The alg of an exact name such as "RS256"; -1 for any other text. */

int team_alg_find(team_str_t name);

/* "RS256"; never NULL for a valid alg. */

const char *team_alg_name(team_alg_e alg);

/* The hash of an alg; NULL for EdDSA, which brings its own. */

const EVP_MD *team_alg_md(team_alg_e alg);

/* Its length in bytes: 32, 48, 64; 0 for EdDSA. */

size_t team_alg_hash(team_alg_e alg);


/*
 * 1 for what may be a kid, of a key and of a token: text of 1 to TEAM_MAX_KID
 * bytes without control bytes; else 0.
 */

int team_kid_valid(team_str_t kid);


/*
 * Loads a key set from the text of a file; the form is told by its content:
 *   - "{" after white space: a JWK Set, or a single JWK;
 *   - "-----BEGIN" anywhere: one or more PEM public keys or certificates
 *     (whose validity is not looked at);
 *   - anything else: a raw HMAC secret, its trailing newline removed.  What
 *     looks like a public key in another form, or like a page of text, is
 *     refused: as a secret it would be one that everybody knows.
 *
 * Private keys are accepted in neither form.  Refused with the reason in
 * *error: an empty set, RSA under 2048 or over 16384 bits, with an even
 * modulus, with e = 1 or even, or from the generator of CVE-2017-15361
 * (ROCA), EC points off their curve, an alg that does not fit its key, an
 * HMAC key shorter than the hash of its alg, secret and public keys in one
 * set, the same kid twice, private key material, more than TEAM_MAX_KEYS.
 * A JWK whose kty, crv, use, key_ops or alg is merely not for us
 * ("use":"enc", "kty":"OKP" with X25519, an unknown kty) is skipped; a set
 * with nothing left is refused.
 *
 * Returns a set that the caller frees with team_jwks_free(), or NULL.
 * OpenSSL's error queue is empty afterwards.
 */

team_jwks_t *team_jwks_load(const char *data, size_t len,
    team_jwk_error_t *error);

/*
 * Gives the key of a PEM text or a secret, which come without one, its kid;
 * once, before the set is used.  Refused with the reason in *error: keys from
 * JSON, a set of several keys, a kid that is not valid.
 *
 * Returns 0, or -1: the set is as it was and still the caller's.
 */

int team_jwks_name(team_jwks_t *set, team_str_t kid,
    team_jwk_error_t *error);

void team_jwks_free(team_jwks_t *set);

size_t team_jwks_count(const team_jwks_t *set);

/* The i-th key, i < team_jwks_count(). */

const team_jwk_t *team_jwks_get(const team_jwks_t *set, size_t i);


/*
 * Rule 3: with a kid the one key of that name, if it may serve alg; without
 * (kid.len == 0) the one key that may serve alg, none if there are several.
 * Returns NULL when there is no such key; else a key that lives as long as
 * the set.
 */

const team_jwk_t *team_jwks_find(const team_jwks_t *set, team_str_t kid,
    team_alg_e alg);


#endif /* TEAM_JWK_H */
