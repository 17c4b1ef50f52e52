/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "team_unit.h"
#include "team_oom.h"
#include "../../src/core/team_problem.h"


static void reasons(void);
static void statuses(void);
static void codes(void);
static void sqlstates(void);
static void bodies(void);
static void challenges(void);
static void memory(void);


/* Every code of the API that a client may meet. */

static const struct {
    const char  *code;
    int          status;
} api[] = {
    { "bad-cursor", 400 }, { "not-found", 404 }, { "method-not-allowed", 405 },
    { "gone", 410 }, { "precondition-failed", 412 }, { "body-too-large", 413 },
    { "media-type", 415 }, { "invalid", 422 }, { "precondition-required", 428 },
    { "rate-limited", 429 }, { "unavailable", 503 },
    { "email-unverified", 403 }, { "other-organization", 409 },
    { "policy-conflict", 409 }, { "has-subaccounts", 409 },
    { "email-in-tree", 409 }, { "self-change", 403 }, { "rank", 403 },
    { "exceeds-own", 403 }, { "last-owner", 409 }, { "role-cardinality", 409 },
    { "unknown-group", 422 }, { "seat-limit", 409 },
    { "owner-must-transfer", 409 }, { "pending-exists", 409 },
    { "already-member", 409 }, { "declined-exists", 409 },
    { "not-pending", 409 }, { "already-accepted", 409 },
    { "email-mismatch", 403 }, { "inviter-lost-right", 409 },
    { "domain-not-allowed", 403 }, { "target-not-eligible", 409 },
    { "transfer-pending", 409 }, { "stale-owner", 409 }, { "self", 422 },
    { "role-in-use", 409 }, { "system-role", 409 }, { "bad-limit", 400 },
    { "bad-snapshot", 400 }, { "no-owner", 409 }, { "not-active", 409 },
    { "invalid-roles", 422 }, { "unknown-role", 422 },
    { "unknown-preset", 422 }, { "suspend-disabled", 409 }
};


int
main(void)
{
    plan(0);

    reasons();
    statuses();
    codes();
    sqlstates();
    bodies();
    challenges();
    memory();

    return done();
}


static void
reasons(void)
{
    int                    i, status;
    const team_problem_t  *problem;

    for (i = TEAM_OK + 1; i < TEAM_REASONS; i++) {
        problem = team_problem_reason((team_reason_e) i);

        is_str(problem->code, team_reason_name((team_reason_e) i),
               "the problem of reason %d", i);

        status = i <= TEAM_TOKEN_NOT_YET ? 401
                 : i <= TEAM_ROLE_MISSING ? 403
                 : i <= TEAM_OVERLOADED ? 503 : 500;

        is_int(problem->status, status, "%s has its status", problem->code);
        ok(strlen(problem->title) > 5, "%s has a title", problem->code);
    }

    is_int(team_problem_reason(TEAM_OK)->status, 500, "\"ok\" is no problem");
    is_int(team_problem_reason(TEAM_REASONS)->status, 500, "no such reason");
    is_int(team_problem_reason((team_reason_e) -1)->status, 500,
           "no reason below the first");
}


static void
statuses(void)
{
    size_t            i;
    static const int  known[] = {
        400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 422, 428, 429, 500,
        503, 504
    };

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        is_int(team_problem_status(known[i])->status, known[i], "status %d",
               known[i]);
    }

    is_str(team_problem_status(404)->code, "not-found", "404 has its code");
    is_int(team_problem_status(418)->status, 500, "418 has none");
    is_int(team_problem_status(200)->status, 500, "200 is none");
}


static void
codes(void)
{
    size_t                 i;
    char                   name[65];
    team_problem_t         out;
    const team_problem_t  *problem;

    for (i = 0; i < sizeof(api) / sizeof(api[0]); i++) {
        problem = team_problem_code(api[i].code);

        ok(problem != NULL && problem->status == api[i].status,
           "%s is known as %d", api[i].code, api[i].status);
    }

    is_str(team_problem_code("other-organization")->title,
           "User is already a member of one organization", "S0.17");
    is_str(team_problem_code("pending-exists")->title,
           "Pending invitation already exists for this email", "S0.19");
    ok(team_problem_code("no-such-code") == NULL, "a code that is not there");
    ok(team_problem_code("") == NULL, "no code");

    team_problem_make(409, "brand-new", &out);
    ok(out.status == 409 && strcmp(out.code, "brand-new") == 0
       && strcmp(out.title, team_problem_status(409)->title) == 0,
       "an unknown code has the title of its status");

    team_problem_make(418, NULL, &out);
    ok(out.status == 418 && strcmp(out.code, "bad-request") == 0,
       "a status without a row keeps its number");

    team_problem_make(599, "teapot", &out);
    ok(out.status == 599 && strcmp(out.code, "teapot") == 0, "so does 599");

    team_problem_make(399, "last-owner", &out);
    ok(out.status == 500 && strcmp(out.code, "internal") == 0,
       "399 is no problem's status");

    memset(name, 'a', 64);
    name[64] = '\0';
    team_problem_make(409, name, &out);
    is_str(out.code, "conflict", "a code of 64 bytes is none");
    team_problem_make(409, name + 1, &out);
    is_str(out.code, name + 1, "a code of 63 bytes is one");
}


static void
sqlstates(void)
{
    size_t          i;
    team_problem_t  out;
    static const struct {
        const char  *sqlstate;
        const char  *message;
        int          status;
        const char  *code;
    } rows[] = {
        { "TM409", "last-owner", 409, "last-owner" },
        { "TM403", "rank", 403, "rank" },
        { "TM404", "not-found", 404, "not-found" },
        { "TM409", "some-new-code", 409, "some-new-code" },
        { "TM409", "", 409, "conflict" },
        { "TM409", NULL, 409, "conflict" },
        { "TM409", "Not a code", 409, "conflict" },
        { "TM409", "a\nb", 409, "conflict" },
        { "TM409", "a\"b", 409, "conflict" },
        { "TM409", "-a", 409, "conflict" },
        { "TM422", "1a", 422, "invalid" },
        { "TM200", "ok", 500, "internal" },
        { "TM600", "last-owner", 500, "internal" },
        { "TM000", "last-owner", 500, "internal" },
        { "TM4x9", "last-owner", 500, "internal" },
        { "TM40", "last-owner", 500, "internal" },
        { "TM4090", "last-owner", 500, "internal" },
        { "tm409", "last-owner", 500, "internal" },
        { "", "last-owner", 500, "internal" },
        { NULL, "last-owner", 500, "internal" },
        { "08006", "terminating", 503, "unavailable" },
        { "28P01", "password", 503, "unavailable" },
        { "53300", "too many clients", 503, "unavailable" },
        { "57014", "cancelled", 503, "unavailable" },
        { "57P01", "shutdown", 503, "unavailable" },
        { "58030", "io", 503, "unavailable" },
        { "25006", "read-only", 503, "unavailable" },
        { "40001", "serialization", 503, "unavailable" },
        { "40P01", "deadlock", 503, "unavailable" },
        { "42501", "permission denied", 503, "unavailable" },
        { "55P03", "lock", 503, "unavailable" },
        { "40002", "last-owner", 500, "internal" },
        { "23505", "last-owner", 500, "internal" },
        { "42883", "no function", 500, "internal" },
        { "P0001", "last-owner", 500, "internal" },
        { "XX000", "last-owner", 500, "internal" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        memset(&out, 0, sizeof(out));
        team_problem_sqlstate(rows[i].sqlstate, rows[i].message, &out);

        ok(out.status == rows[i].status && strcmp(out.code, rows[i].code) == 0
           && out.title != NULL,
           "SQLSTATE row %u is %d %s", (unsigned) i, rows[i].status,
           rows[i].code);
    }
}


static void
bodies(void)
{
    char    *text;
    size_t   len;
    json_t  *errors;

    text = team_problem_body(team_problem_code("last-owner"), NULL, NULL,
                             &len);
    is_str(text, "{\"type\":\"/problems/last-owner\",\"title\":\"The account "
           "needs at least one active owner.\",\"status\":409}",
           "without detail");
    is_int((int64_t) len, (int64_t) strlen(text), "its length");
    free(text);

    ok(team_problem_errors("/roles", "caf\xe9") == NULL
       && team_problem_errors(NULL, "is required") == NULL,
       "no errors of what is no text");

    errors = team_problem_errors("/roles", "is required");
    text = team_problem_body(team_problem_status(422), "a \"b\"\r\n<c>",
                             errors, &len);
    is_str(text, "{\"type\":\"/problems/invalid\",\"title\":\"The request "
           "can't be processed as it is.\",\"status\":422,\"detail\":\"a "
           "\\\"b\\\"\\r\\n<c>\",\"errors\":[{\"pointer\":\"/roles\","
           "\"detail\":\"is required\"}]}", "with detail and errors");
    free(text);
    is_int((int64_t) errors->refcount, 1, "errors were borrowed");
    json_decref(errors);

    text = team_problem_body(team_problem_status(404), "caf\xe9", NULL, &len);
    is_str(text, "{\"type\":\"/problems/not-found\",\"title\":\"There is "
           "nothing here, or not for you.\",\"status\":404}",
           "a detail that is not UTF-8 is left out");
    free(text);
}


static void
challenges(void)
{
    int     i;
    char    buf[128];
    size_t  n;

    n = team_problem_challenge(buf, sizeof(buf), TEAM_TOKEN_MISSING, "team");
    is_str(buf, "Bearer realm=\"team\"", "no token: no error");
    is_int((int64_t) n, (int64_t) strlen(buf), "its length");

    for (i = TEAM_TOKEN_MALFORMED; i <= TEAM_TOKEN_NOT_YET; i++) {
        team_problem_challenge(buf, sizeof(buf), (team_reason_e) i, "team");
        is_str(buf, "Bearer realm=\"team\", error=\"invalid_token\"",
               "a bad token: %s", team_reason_name((team_reason_e) i));
    }

    team_problem_challenge(buf, sizeof(buf), TEAM_PERMISSION_MISSING, "team");
    is_str(buf, "Bearer realm=\"team\", error=\"insufficient_scope\"",
           "a missing permission");
    team_problem_challenge(buf, sizeof(buf), TEAM_ROLE_MISSING, "team");
    is_str(buf, "Bearer realm=\"team\", error=\"insufficient_scope\"",
           "a missing role");

    for (i = TEAM_ACCOUNT_REQUIRED; i < TEAM_REASONS; i++) {
        if (i == TEAM_PERMISSION_MISSING || i == TEAM_ROLE_MISSING) {
            continue;
        }

        n = team_problem_challenge(buf, sizeof(buf), (team_reason_e) i, "t");
        ok(n == 0 && buf[0] == '\0', "no challenge: %s",
           team_reason_name((team_reason_e) i));
    }

    n = team_problem_challenge(buf, 20, TEAM_TOKEN_MISSING, "team");
    is_int((int64_t) n, 19, "it fits exactly");
    n = team_problem_challenge(buf, 19, TEAM_TOKEN_MISSING, "team");
    ok(n == 0 && buf[0] == '\0', "one byte short: nothing");
    n = team_problem_challenge(NULL, 0, TEAM_TOKEN_MISSING, "team");
    is_int((int64_t) n, 0, "no room at all");
}


static void
memory(void)
{
    long     i;
    int      happened;
    char    *text;
    size_t   len;
    json_t  *errors;

    errors = team_problem_errors("/roles", "is required");

    for (i = 0; i < 1000; i++) {
        oom_after(i);
        text = team_problem_body(team_problem_status(422), "a detail", errors,
                                 &len);
        happened = oom_happened();

        if (!happened) {
            break;
        }

        if (text != NULL && strlen(text) != len) {
            ok(0, "allocation %ld fails: half a body", i);
        }

        free(text);
    }

    ok(i > 5 && i < 1000 && text != NULL,
       "%ld allocations have failed, one after the other", i);
    free(text);

    is_int((int64_t) errors->refcount, 1, "nobody kept the errors");
    json_decref(errors);
}
