/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * The token rules for tests in other languages.  Each line of standard input
 * is an object, each line of output the answer to one:
 *
 *   keys      text of a key file
 *   keys_hex  the same as bytes in hex
 *   token     verified with them: rules 1 to 4 ...
 *   now       ... and 5, if this is there: with audience (an array), leeway
 *   alg, message, signature
 *             instead of token: the signature alone, the last two in hex
 *
 * The answer is a reason ("ok", "token-signature"), or "keys: why not".
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/core/team_claims.h"
#include "../../src/core/team_json.h"
#include "../../src/core/team_token.h"


#define MAX_LINE       (4 * TEAM_MAX_KEY_FILE)
#define MAX_AUDIENCES  8


static void answer(const json_t *order);
static team_reason_e check_token(const json_t *order);
static team_reason_e check_claims(team_str_t payload, const json_t *order);
static team_reason_e check_signature(const json_t *order);
static size_t from_hex(char *out, team_str_t hex);
static team_str_t text_of(const json_t *order, const char *name);


static char          bytes[2][MAX_LINE];
static char          loaded_bytes[MAX_LINE];
static team_str_t    loaded;
static team_jwks_t  *set;


int
main(void)
{
    size_t        len;
    json_t       *order;

    static char  line[MAX_LINE];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        len = strcspn(line, "\n");

        if (team_json_load(&order, line, len, NULL) != TEAM_JSON_OK) {
            printf("driver: not JSON\n");
            return 2;
        }

        answer(order);
        json_decref(order);
        fflush(stdout);
    }

    team_jwks_free(set);

    return 0;
}


static void
answer(const json_t *order)
{
    team_str_t         keys;
    team_reason_e      reason;
    team_jwk_error_t   error;

    keys = text_of(order, "keys");

    if (keys.data == NULL) {
        keys.len = from_hex(bytes[0], text_of(order, "keys_hex"));
        keys.data = bytes[0];
    }

    /* many questions about one set come in a row */

    if (set == NULL || !team_str_eq(keys, loaded)) {
        team_jwks_free(set);
        set = team_jwks_load(keys.data, keys.len, &error);

        memcpy(loaded_bytes, keys.data, keys.len);
        loaded.data = loaded_bytes;
        loaded.len = keys.len;
    }

    if (set == NULL) {
        printf("keys: %s\n", error.text);
        return;
    }

    if (json_object_get(order, "token") != NULL) {
        reason = check_token(order);

    } else {
        reason = check_signature(order);
    }

    printf("%s\n", team_reason_name(reason));
}


static team_reason_e
check_token(const json_t *order)
{
    team_token_t       token;
    team_reason_e      reason;
    const team_jwk_t  *key;

    reason = team_token_split(&token, text_of(order, "token"));
    if (reason != TEAM_OK) {
        return reason;
    }

    reason = team_token_header(&token);
    if (reason != TEAM_OK) {
        return reason;
    }

    key = team_jwks_find(set, token.kid, token.alg);
    if (key == NULL) {
        return TEAM_TOKEN_KEY;
    }

    reason = team_token_verify(&token, key);
    if (reason != TEAM_OK || json_object_get(order, "now") == NULL) {
        return reason;
    }

    return check_claims(token.payload, order);
}


static team_reason_e
check_claims(team_str_t payload, const json_t *order)
{
    size_t               i;
    json_t              *audience;
    team_str_t           audiences[MAX_AUDIENCES];
    team_claims_t        claims;
    team_reason_e        reason;
    team_claims_rule_t   rule;

    audience = json_object_get(order, "audience");

    for (i = 0; i < json_array_size(audience) && i < MAX_AUDIENCES; i++) {
        audiences[i].data = json_string_value(json_array_get(audience, i));
        audiences[i].len = json_string_length(json_array_get(audience, i));
    }

    rule.audiences = audiences;
    rule.n_audiences = i;
    rule.leeway = json_integer_value(json_object_get(order, "leeway"));
    rule.subject = "sub";
    rule.email = "email";
    rule.email_verified = "email_verified";
    rule.name = "name";

    reason = team_claims_parse(&claims, payload);
    if (reason != TEAM_OK) {
        return reason;
    }

    reason = team_claims_check(&claims, &rule,
                         json_integer_value(json_object_get(order, "now")));

    team_claims_free(&claims);

    return reason;
}


static team_reason_e
check_signature(const json_t *order)
{
    int                alg;
    team_str_t         message, signature, none;
    const team_jwk_t  *key;

    alg = team_alg_find(text_of(order, "alg"));
    if (alg == -1) {
        return TEAM_TOKEN_ALGORITHM;
    }

    none.data = NULL;
    none.len = 0;

    key = team_jwks_find(set, none, (team_alg_e) alg);
    if (key == NULL) {
        return TEAM_TOKEN_KEY;
    }

    message.len = from_hex(bytes[0], text_of(order, "message"));
    message.data = bytes[0];
    signature.len = from_hex(bytes[1], text_of(order, "signature"));
    signature.data = bytes[1];

    return team_signature_verify(key, (team_alg_e) alg, message, signature);
}


/* At most half a line, which is what there is room for. */

static size_t
from_hex(char *out, team_str_t hex)
{
    char    pair[3];
    size_t  i;

    pair[2] = '\0';

    for (i = 0; i < hex.len / 2; i++) {
        pair[0] = hex.data[2 * i];
        pair[1] = hex.data[2 * i + 1];
        out[i] = (char) strtol(pair, NULL, 16);
    }

    return i;
}


static team_str_t
text_of(const json_t *order, const char *name)
{
    json_t      *value;
    team_str_t   text;

    value = json_object_get(order, name);

    text.data = json_string_value(value);
    text.len = json_string_length(value);

    return text;
}
