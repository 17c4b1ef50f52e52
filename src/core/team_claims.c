/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <string.h>

#include "team_claims.h"
#include "team_json.h"


typedef enum {
    TEAM_ROUND_DOWN,
    TEAM_ROUND_UP
} team_round_e;


static team_reason_e team_claims_audience(const json_t *aud,
    const team_claims_rule_t *rule);
static int team_claims_wanted(const json_t *aud,
    const team_claims_rule_t *rule);
static team_reason_e team_claims_times(team_claims_t *claims);
static int team_claims_time(int64_t *time, const json_t *value,
    team_round_e round);
static void team_claims_person(team_claims_t *claims,
    const team_claims_rule_t *rule);
static team_str_t team_claims_text(const json_t *value);


team_reason_e
team_claims_parse(team_claims_t *claims, team_str_t payload)
{
    size_t          len;
    json_t         *root;
    team_json_e     rc;
    unsigned char   data[TEAM_MAX_TOKEN];

    memset(claims, 0, sizeof(team_claims_t));

    if (payload.len > TEAM_MAX_TOKEN
        || team_base64url_decode(data, &len, payload) != 0)
    {
        return TEAM_TOKEN_CLAIMS;
    }

    rc = team_json_load(&root, (const char *) data, len, NULL);

    if (rc != TEAM_JSON_OK) {
        return rc == TEAM_JSON_MEMORY ? TEAM_INTERNAL : TEAM_TOKEN_CLAIMS;
    }

    if (!json_is_object(root)) {
        json_decref(root);
        return TEAM_TOKEN_CLAIMS;
    }

    claims->issuer = team_claims_text(json_object_get(root, "iss"));

    if (claims->issuer.len == 0 || claims->issuer.len > TEAM_MAX_ISSUER) {
        memset(claims, 0, sizeof(team_claims_t));
        json_decref(root);
        return TEAM_TOKEN_ISSUER;
    }

    claims->root = root;

    return TEAM_OK;
}


team_reason_e
team_claims_check(team_claims_t *claims, const team_claims_rule_t *rule,
    int64_t now)
{
    team_reason_e  reason;

    reason = team_claims_times(claims);
    if (reason != TEAM_OK) {
        return reason;
    }

    claims->subject = team_claims_text(json_object_get(claims->root,
                                                       rule->subject));

    if (claims->subject.len == 0 || claims->subject.len > TEAM_MAX_SUBJECT) {
        claims->subject.len = 0;
        return TEAM_TOKEN_CLAIMS;
    }

    reason = team_claims_audience(json_object_get(claims->root, "aud"), rule);
    if (reason != TEAM_OK) {
        return reason;
    }

    /* the times are at most TEAM_MAX_TIME: these sums stay in range */

    if (now >= claims->exp + rule->leeway) {
        return TEAM_TOKEN_EXPIRED;
    }

    if (now < claims->nbf - rule->leeway || now < claims->iat - rule->leeway) {
        return TEAM_TOKEN_NOT_YET;
    }

    team_claims_person(claims, rule);

    return TEAM_OK;
}


/* The type is looked at even where no audience is asked for. */

static team_reason_e
team_claims_audience(const json_t *aud, const team_claims_rule_t *rule)
{
    int      found;
    size_t   i;
    json_t  *one;

    found = 0;

    if (json_is_array(aud)) {

        for (i = 0; i < json_array_size(aud); i++) {
            one = json_array_get(aud, i);

            if (!json_is_string(one)) {
                return TEAM_TOKEN_CLAIMS;
            }

            found |= team_claims_wanted(one, rule);
        }

    } else if (json_is_string(aud)) {
        found = team_claims_wanted(aud, rule);

    } else if (aud != NULL) {
        return TEAM_TOKEN_CLAIMS;
    }

    if (rule->n_audiences > 0 && !found) {
        return TEAM_TOKEN_AUDIENCE;
    }

    return TEAM_OK;
}


static int
team_claims_wanted(const json_t *aud, const team_claims_rule_t *rule)
{
    size_t      i;
    team_str_t  text;

    text.data = json_string_value(aud);
    text.len = json_string_length(aud);

    for (i = 0; i < rule->n_audiences; i++) {
        if (team_str_eq(text, rule->audiences[i])) {
            return 1;
        }
    }

    return 0;
}


static team_reason_e
team_claims_times(team_claims_t *claims)
{
    json_t  *exp;

    exp = json_object_get(claims->root, "exp");

    if (exp == NULL
        || team_claims_time(&claims->exp, exp, TEAM_ROUND_DOWN) != 0
        || team_claims_time(&claims->nbf, json_object_get(claims->root, "nbf"),
                            TEAM_ROUND_UP)
           != 0
        || team_claims_time(&claims->iat, json_object_get(claims->root, "iat"),
                            TEAM_ROUND_UP)
           != 0
        || team_claims_time(&claims->auth_time,
                            json_object_get(claims->root, "auth_time"),
                            TEAM_ROUND_DOWN)
           != 0)
    {
        return TEAM_TOKEN_CLAIMS;
    }

    return TEAM_OK;
}


/* Rounds so that no token is good for longer than it says. */

static int
team_claims_time(int64_t *time, const json_t *value, team_round_e round)
{
    double   real;
    int64_t  seconds;

    *time = 0;

    if (value == NULL) {
        return 0;
    }

    if (json_is_integer(value)) {
        seconds = json_integer_value(value);

    } else if (json_is_real(value)) {
        real = json_real_value(value);

        /* written so that NaN fails too */

        if (!(real >= 0 && real <= (double) TEAM_MAX_TIME)) {
            return -1;
        }

        seconds = (int64_t) real;

        if (round == TEAM_ROUND_UP && (double) seconds < real) {
            seconds++;
        }

    } else {
        return -1;
    }

    if (seconds < 0 || seconds > TEAM_MAX_TIME) {
        return -1;
    }

    *time = seconds;

    return 0;
}


/* What is nice to have; nothing here refuses a token. */

static void
team_claims_person(team_claims_t *claims, const team_claims_rule_t *rule)
{
    size_t       len;
    json_t      *verified;
    team_str_t   text;

    text = team_claims_text(json_object_get(claims->root, rule->email));

    if (text.len > TEAM_MAX_EMAIL) {
        text.len = 0;
    }

    claims->email = text;

    verified = json_object_get(claims->root, rule->email_verified);

    claims->email_verified = json_is_true(verified);

    if (json_is_string(verified)) {
        text.data = json_string_value(verified);
        text.len = json_string_length(verified);

        claims->email_verified = team_str_eq(text,
                                             (team_str_t) team_string("true"));
    }

    text = team_claims_text(json_object_get(claims->root, rule->name));

    if (text.len > TEAM_MAX_NAME) {
        len = TEAM_MAX_NAME;

        /* back to the first byte of the character that does not fit */

        while (len > 0 && ((unsigned char) text.data[len] & 0xc0) == 0x80) {
            len--;
        }

        text.len = len;
    }

    claims->name = text;
}


/* A string without control bytes; len 0 for everything else. */

static team_str_t
team_claims_text(const json_t *value)
{
    size_t      i;
    team_str_t  text, none;

    none.data = NULL;
    none.len = 0;

    if (!json_is_string(value)) {
        return none;
    }

    text.data = json_string_value(value);
    text.len = json_string_length(value);

    for (i = 0; i < text.len; i++) {
        if ((unsigned char) text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return none;
        }
    }

    return text;
}


void
team_claims_free(team_claims_t *claims)
{
    json_decref(claims->root);
    memset(claims, 0, sizeof(team_claims_t));
}
