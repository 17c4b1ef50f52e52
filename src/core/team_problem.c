/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "team_problem.h"
#include "team_text.h"


#define TEAM_PROBLEM_PREFIX  "/problems/"
#define TEAM_MAX_CODE        63     /* bytes of a code that SQL may raise */


static int team_problem_is_unavailable(const char *sqlstate);
static int team_problem_is_code(const char *code);
static json_t *team_problem_object(const team_problem_t *problem,
    const char *detail, json_t *errors);


/*
 * All problems: those of reasons first and in their order, so that a reason is
 * an index, then one for each status, then those of rules.  The two titles
 * without a full stop are requirements S0.17 and S0.19, to the letter.
 */

static const team_problem_t  team_problems[] = {
    { 500, "internal", "Something went wrong on our side." },
    { 401, "token-missing", "Sign in first." },
    { 401, "token-malformed", "The token is malformed." },
    { 401, "token-header", "The token's header is not accepted." },
    { 401, "token-algorithm", "The token's algorithm is not accepted." },
    { 401, "token-type", "This type of token is not accepted." },
    { 401, "token-key", "The token's key is not known." },
    { 401, "token-signature", "The token's signature is wrong." },
    { 401, "token-claims", "The token's claims are not accepted." },
    { 401, "token-issuer", "The token's issuer is not accepted." },
    { 401, "token-audience", "The token is meant for another service." },
    { 401, "token-expired", "The token has expired. Sign in again." },
    { 401, "token-not-yet-valid", "The token is not valid yet." },
    { 403, "account-required", "Say which account you mean." },
    { 403, "account-closed", "The account is closed." },
    { 403, "not-member", "You are not a member of this account." },
    { 403, "member-pending", "Your membership is not active yet." },
    { 403, "member-suspended", "Your membership is suspended." },
    { 403, "permission-missing", "You don't have the permission for this." },
    { 403, "role-missing", "You don't have the role for this." },
    { 503, "unavailable", "The service is not available. Try again soon." },
    { 503, "overloaded", "The service is busy. Try again soon." },
    { 500, "internal", "Something went wrong on our side." },

    /* the first of a status stands for all that have no code */

    { 400, "bad-request", "The request is malformed." },
    { 401, "unauthorized", "Sign in first." },
    { 403, "forbidden", "You may not do this." },
    { 404, "not-found", "There is nothing here, or not for you." },
    { 405, "method-not-allowed", "This method is not possible here." },
    { 409, "conflict", "This is not possible as things are." },
    { 410, "gone", "This is no longer valid." },
    { 412, "precondition-failed", "It was changed meanwhile. Load it again." },
    { 413, "body-too-large", "The body is too large." },
    { 415, "media-type", "The body must be application/json." },
    { 422, "invalid", "The request can't be processed as it is." },
    { 428, "precondition-required",
      "Say by If-Match which version you mean." },
    { 429, "rate-limited", "Too many requests. Try again later." },
    { 500, "internal", "Something went wrong on our side." },
    { 503, "unavailable", "The service is not available. Try again soon." },
    { 504, "timeout", "It took too long. Try again soon." },

    /* rules; docs say where each is met */

    { 400, "bad-cursor", "The cursor does not belong to this list." },
    { 400, "bad-limit", "The limit must be from 1 to 200." },
    { 400, "bad-snapshot", "The snapshot is not one of ours." },
    { 403, "domain-not-allowed", "Your email's domain is not allowed here." },
    { 403, "email-mismatch", "The invitation is for another email address." },
    { 403, "email-unverified", "Verify your email address first." },
    { 403, "exceeds-own", "You can't give rights that you don't have." },
    { 403, "origin-not-allowed", "Requests from this site are not allowed." },
    { 403, "rank", "You can't do this to somebody of that rank." },
    { 403, "self-change", "You can't change your own rights." },
    { 409, "already-accepted", "The invitation has been accepted already." },
    { 409, "already-member", "This person is already a member." },
    { 409, "declined-exists", "Remove the declined invitation first." },
    { 409, "email-in-tree",
      "This email is already used in this organization." },
    { 409, "has-subaccounts", "Close the subaccounts first." },
    { 409, "inviter-lost-right",
      "The inviter may no longer give these rights." },
    { 409, "last-owner", "The account needs at least one active owner." },
    { 409, "no-owner", "This account has no owners." },
    { 409, "not-active", "This person is not active." },
    { 409, "not-pending", "This is no longer pending." },
    { 409, "other-organization",
      "User is already a member of one organization" },
    { 409, "owner-must-transfer", "Transfer the ownership first." },
    { 409, "pending-exists",
      "Pending invitation already exists for this email" },
    { 409, "policy-conflict", "These settings contradict each other." },
    { 409, "request-running", "The same request is still being processed." },
    { 409, "role-cardinality", "That number of roles is not possible here." },
    { 409, "role-in-use", "The role is still in use." },
    { 409, "seat-limit", "All seats are taken." },
    { 409, "stale-owner", "The owner has changed meanwhile." },
    { 409, "suspend-disabled", "Suspending is switched off in this account." },
    { 409, "system-role", "A built-in role can't be changed." },
    { 409, "target-not-eligible", "This person can't become the owner." },
    { 409, "transfer-pending", "A transfer of ownership is already pending." },
    { 422, "idempotency-mismatch",
      "This Idempotency-Key came with another request." },
    { 422, "invalid-roles", "The roles are not a list of roles." },
    { 422, "self", "You can't choose yourself." },
    { 422, "unknown-group", "There is no such group." },
    { 422, "unknown-permission", "There is no such permission." },
    { 422, "unknown-preset", "There is no such preset." },
    { 422, "unknown-role", "There is no such role." }
};

#define TEAM_PROBLEMS  (sizeof(team_problems) / sizeof(team_problems[0]))


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

    for (i = TEAM_REASONS; i < TEAM_PROBLEMS; i++) {
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

    for (i = 1; i < TEAM_PROBLEMS; i++) {
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
