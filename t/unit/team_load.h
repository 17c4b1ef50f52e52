/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * Assertions about loading keys.  Included by a test's one source file, behind
 * team_unit.h, team_oom.h and team_sign.h.
 */

#ifndef TEAM_LOAD_H
#define TEAM_LOAD_H

#include <openssl/err.h>


/* with a sanitizer only jansson's allocations can fail */

#ifdef OOM_SANITIZER
#define FEWEST  0
#else
#define FEWEST  5
#endif

#define BIT(alg)  team_alg_bit(TEAM_ALG_##alg)

#define RSA_ALGS  (BIT(RS256) | BIT(RS384) | BIT(RS512) | BIT(PS256) \
                   | BIT(PS384) | BIT(PS512))

#define JWK(...)  \
    ((void) snprintf(text, sizeof(text), __VA_ARGS__), text)


static char  text[70000];


static UNUSED void
accepted(const char *data, uint32_t algs, const char *what)
{
    team_jwks_t       *set;
    team_jwk_error_t   error;

    set = team_jwks_load(data, strlen(data), &error);

    if (ok(set != NULL, "loaded: %s%s%s", what, set ? "" : ": ",
           set ? "" : error.text))
    {
        is_int((int64_t) team_jwks_count(set), 1, "... one key");
        is_int(team_jwks_get(set, 0)->algs, algs, "... for its algs");
        is_str(error.text, "", "... without an error");
    }

    ok(ERR_peek_error() == 0, "... OpenSSL's error queue is empty");
    team_jwks_free(set);
}


static UNUSED void
refused(const char *data, const char *why)
{
    team_jwks_t       *set;
    team_jwk_error_t   error;

    set = team_jwks_load(data, strlen(data), &error);

    ok(set == NULL, "refused: %.120s", data);
    is_str(error.text, why, "... and says why");
    ok(ERR_peek_error() == 0, "... OpenSSL's error queue is empty");
    team_jwks_free(set);
}


static UNUSED void
without_memory(const char *data, const char *what)
{
    long               i;
    size_t             count;
    unsigned           loaded, silent;
    team_jwks_t       *set;
    team_jwk_error_t   error;

    set = team_jwks_load(data, strlen(data), &error);

    if (!ok(set != NULL, "%s: %s", what, error.text)) {
        return;
    }

    count = team_jwks_count(set);
    team_jwks_free(set);

    loaded = 0;
    silent = 0;

    for (i = 0; i < 100000; i++) {
        oom_after(i);
        set = team_jwks_load(data, strlen(data), &error);

        if (!oom_happened()) {
            break;
        }

        /* OpenSSL can do without some; half a set is what must not be */

        loaded += set != NULL && team_jwks_count(set) != count;
        silent += set == NULL && error.text[0] == '\0';
        team_jwks_free(set);
        set = NULL;
    }

    ok(i >= FEWEST && i < 100000, "%s: memory ends after 0 to %ld allocations",
       what, i - 1);
    is_int(loaded, 0, "... there is never half a set");
    is_int(silent, 0, "... and always a reason");
    team_jwks_free(set);
}


#endif /* TEAM_LOAD_H */
