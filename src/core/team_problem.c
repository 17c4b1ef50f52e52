/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "team_problem.h"
#include "team_problem_table.h"
#include "team_text.h"


#define TEAM_PROBLEM_PREFIX  "/problems/"
#define TEAM_MAX_CODE        63     /* bytes of a code that SQL may raise */


static int team_problem_is_unavailable(const char *sqlstate);
static int team_problem_is_code(const char *code);
static json_t *team_problem_object(const team_problem_t *problem,
    const char *detail, json_t *errors);


const team_problem_t *
team_problem_reason(team_reason_e reason)
{
    if ((unsigned) reason >= TEAM_REASONS) {
        reason = TEAM_INTERNAL;
    }

    return &team_problems[reason];
}


const team_problem_t *
team_problem_status(int status)
{
    size_t  i;

    for (i = TEAM_REASONS; i < team_problems_n; i++) {
        if (team_problems[i].status == status) {
            return &team_problems[i];
        }
    }

    return &team_problems[TEAM_INTERNAL];
}


const team_problem_t *
team_problem_code(const char *code)
{
    size_t  i;

    for (i = 1; i < team_problems_n; i++) {
        if (strcmp(team_problems[i].code, code) == 0) {
            return &team_problems[i];
        }
    }

    return NULL;
}


void
team_problem_make(int status, const char *code, team_problem_t *out)
{
    const team_problem_t  *known;

    if (status < 400 || status > 599) {
        *out = *team_problem_status(500);
        return;
    }

    *out = *team_problem_status(status);

    if (out->status != status) {

        /* one of the hundred others: its class says enough */

        *out = *team_problem_status(status < 500 ? 400 : 500);
        out->status = status;
    }

    if (code == NULL || !team_problem_is_code(code)) {
        return;
    }

    known = team_problem_code(code);

    out->code = code;

    if (known != NULL) {
        out->code = known->code;
        out->title = known->title;
    }
}


void
team_problem_sqlstate(const char *sqlstate, const char *message,
    team_problem_t *out)
{
    int     status;
    size_t  i;

    if (sqlstate == NULL || strlen(sqlstate) != 5) {
        *out = *team_problem_status(500);
        return;
    }

    if (strncmp(sqlstate, "TM", 2) != 0) {
        *out = *team_problem_status(
                               team_problem_is_unavailable(sqlstate) ? 503
                                                                     : 500);
        return;
    }

    status = 0;

    for (i = 2; i < 5; i++) {
        if (sqlstate[i] < '0' || sqlstate[i] > '9') {
            status = 0;
            break;
        }

        status = status * 10 + (sqlstate[i] - '0');
    }

    team_problem_make(status, message, out);
}


/*
 * 1 if the statement failed for what will pass, or for what an operator must
 * put right at the database, without anything wrong in what was asked.
 */

static int
team_problem_is_unavailable(const char *sqlstate)
{
    size_t                    i;
    static const char *const  states[] = {
        "08",       /* connection */
        "28",       /* authorization: password, pg_hba */
        "53",       /* resources */
        "57",       /* operator intervention, also a cancelled statement */
        "58",       /* system */
        "25006",    /* read-only: a standby, after or during a failover */
        "40001",    /* serialization */
        "40P01",    /* deadlock */
        "42501",    /* EXECUTE was not granted */
        "55P03"     /* lock not available */
    };

    for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strncmp(sqlstate, states[i], strlen(states[i])) == 0) {
            return 1;
        }
    }

    return 0;
}


/* A lower-case letter, then lower-case letters, digits and hyphens. */

static int
team_problem_is_code(const char *code)
{
    size_t  i;

    for (i = 0; code[i] != '\0'; i++) {

        if (i == TEAM_MAX_CODE) {
            return 0;
        }

        if (code[i] >= 'a' && code[i] <= 'z') {
            continue;
        }

        if (i > 0 && ((code[i] >= '0' && code[i] <= '9') || code[i] == '-')) {
            continue;
        }

        return 0;
    }

    return i > 0;
}


char *
team_problem_body(const team_problem_t *problem, const char *detail,
    json_t *errors, size_t *len)
{
    char    *text;
    size_t   size;
    json_t  *object;

    object = team_problem_object(problem, detail, errors);

    if (object == NULL) {
        return NULL;
    }

    /* not json_dumps(): its text would belong to jansson's allocator */

    text = NULL;
    size = json_dumpb(object, NULL, 0, JSON_COMPACT);

    if (size > 0) {
        text = malloc(size + 1);
    }

    if (text != NULL && json_dumpb(object, text, size, JSON_COMPACT) != size) {
        free(text);
        text = NULL;
    }

    json_decref(object);

    if (text != NULL) {
        text[size] = '\0';
        *len = size;
    }

    return text;
}


static json_t *
team_problem_object(const team_problem_t *problem, const char *detail,
    json_t *errors)
{
    char         type[sizeof(TEAM_PROBLEM_PREFIX) + TEAM_MAX_CODE];
    json_t      *object;
    team_str_t   text;

    object = json_object();

    if (object == NULL) {
        return NULL;
    }

    snprintf(type, sizeof(type), TEAM_PROBLEM_PREFIX "%s", problem->code);

    /* a NULL value is no memory, and refused by jansson */

    if (json_object_set_new(object, "type", json_string(type)) != 0
        || json_object_set_new(object, "title", json_string(problem->title))
           != 0
        || json_object_set_new(object, "status", json_integer(problem->status))
           != 0)
    {
        goto failed;
    }

    /* what a database in another encoding says is left out, not fatal */

    if (detail != NULL) {
        text.data = detail;
        text.len = strlen(detail);

        if (team_text_valid(text)
            && json_object_set_new(object, "detail", json_string(detail)) != 0)
        {
            goto failed;
        }
    }

    if (errors != NULL
        && json_object_set_new(object, "errors", json_incref(errors)) != 0)
    {
        goto failed;
    }

    return object;

failed:

    json_decref(object);

    return NULL;
}


json_t *
team_problem_errors(const char *place, const char *detail)
{
    return json_pack("[{s:s, s:s}]", "pointer", place, "detail", detail);
}


size_t
team_problem_challenge(char *buf, size_t size, team_reason_e reason,
    const char *realm)
{
    int          n;
    const char  *error;

    if (size > 0) {
        buf[0] = '\0';
    }

    if (reason == TEAM_TOKEN_MISSING) {
        error = "";

    } else if (team_problem_reason(reason)->status == 401) {
        error = ", error=\"invalid_token\"";

    } else if (reason == TEAM_PERMISSION_MISSING
               || reason == TEAM_ROLE_MISSING)
    {
        error = ", error=\"insufficient_scope\"";

    } else {
        return 0;
    }

    n = snprintf(buf, size, "Bearer realm=\"%s\"%s", realm, error);

    if (n < 0 || (size_t) n >= size) {

        /* half a challenge says something else */

        if (size > 0) {
            buf[0] = '\0';
        }

        return 0;
    }

    return (size_t) n;
}
