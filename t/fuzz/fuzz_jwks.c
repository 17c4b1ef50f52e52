/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * A key file as an issuer may serve it.  What must hold: a set or a reason,
 * never both; each key is strong enough for what it may verify.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "../../src/core/team_token.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int condition, const char *what);
static void look(const team_jwk_t *key);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t             i, count;
    team_jwks_t       *set;
    team_jwk_error_t   error;

    set = team_jwks_load((const char *) data, size, &error);

    expect(ERR_peek_error() == 0, "an empty error queue");
    expect(memchr(error.text, '\0', sizeof(error.text)) != NULL,
           "the reason ends");
    expect((set == NULL) == (error.text[0] != '\0'), "a set or a reason");

    if (set == NULL) {
        return 0;
    }

    count = team_jwks_count(set);
    expect(count > 0 && count <= TEAM_MAX_KEYS, "1 to 64 keys");

    for (i = 0; i < count; i++) {
        look(team_jwks_get(set, i));
    }

    team_jwks_free(set);

    return 0;
}


static void
expect(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "broken: %s\n", what);
        abort();
    }
}


static void
look(const team_jwk_t *key)
{
    int                  alg;
    team_str_t           input, signature;

    static const char    zeros[2048];

    expect(key->algs != 0 && key->algs < 1u << TEAM_ALGS, "algs");
    expect(key->kid.len <= TEAM_MAX_KID, "a short kid");
    expect((key->pkey == NULL) == (key->secret.len > 0), "public or secret");
    expect(key->pkey != NULL || key->secret.len >= 32, "a long secret");
    expect(key->siglen <= sizeof(zeros), "a short signature");

    input.data = "input";
    input.len = 5;
    signature.data = zeros;

    for (alg = 0; alg < TEAM_ALGS; alg++) {
        signature.len = key->siglen ? key->siglen
                                    : team_alg_hash((team_alg_e) alg);

        expect(team_signature_verify(key, (team_alg_e) alg, input, signature)
               != TEAM_OK || alg == TEAM_ALG_EDDSA, "zeros are refused");
    }
}
