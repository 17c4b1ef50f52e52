/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * libjwt for tests in other languages: a second opinion.  Each line of
 * standard input is an object:
 *
 *   key       PEM or an HMAC secret, as text
 *   token     is it signed with key?  Answers "ok" or "refused" ...
 *   alg, claims
 *             ... or, instead of token, mints one of claims (JSON as text)
 *             and answers with it
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jwt.h>

#include "../../src/core/team_json.h"


#define MAX_LINE  65536


static void answer(const json_t *order);
static void mint(const json_t *order, const unsigned char *key, int len);


int
main(void)
{
    json_t       *order;

    static char  line[MAX_LINE];

    while (fgets(line, sizeof(line), stdin) != NULL) {

        if (team_json_load(&order, line, strcspn(line, "\n"), NULL)
            != TEAM_JSON_OK)
        {
            printf("driver: not JSON\n");
            return 2;
        }

        answer(order);
        json_decref(order);
        fflush(stdout);
    }

    return 0;
}


static void
answer(const json_t *order)
{
    int                   len;
    jwt_t                *jwt;
    json_t               *key;
    const char           *token;
    const unsigned char  *data;

    key = json_object_get(order, "key");
    data = (const unsigned char *) json_string_value(key);
    len = (int) json_string_length(key);

    token = json_string_value(json_object_get(order, "token"));

    if (token == NULL) {
        mint(order, data, len);
        return;
    }

    if (jwt_decode(&jwt, token, data, len) != 0) {
        printf("refused\n");
        return;
    }

    printf("ok\n");
    jwt_free(jwt);
}


static void
mint(const json_t *order, const unsigned char *key, int len)
{
    char        *token;
    jwt_t       *jwt;
    const char  *alg, *claims;

    alg = json_string_value(json_object_get(order, "alg"));
    claims = json_string_value(json_object_get(order, "claims"));

    if (alg == NULL || claims == NULL || jwt_new(&jwt) != 0) {
        printf("driver: what is to be minted?\n");
        return;
    }

    token = NULL;

    if (jwt_add_grants_json(jwt, claims) == 0
        && jwt_set_alg(jwt, jwt_str_alg(alg), key, len) == 0)
    {
        token = jwt_encode_str(jwt);
    }

    printf("%s\n", token ? token : "driver: libjwt can't sign");

    free(token);
    jwt_free(jwt);
}
