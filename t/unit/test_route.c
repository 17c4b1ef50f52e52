/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <stdio.h>
#include <string.h>

#include "team_unit.h"
#include "../../src/core/team_route.h"


static void table(void);
static void methods(void);
static void matches(void);
static void bounds(void);
static size_t placeholders(const char *path);
static size_t parameters(const char *statement);


#define M  "/v1/accounts/acme/members/0192f0c1"

/* function: of the row that fits; NULL: none does; "": the method does not */

static const struct {
    const char  *method;
    const char  *path;
    const char  *function;
    const char  *args;
} paths[] = {
    { "GET", "/v1/healthz", "healthz_get", "" },
    { "HEAD", "/v1/healthz", "healthz_get", "" },
    { "GET", "/v1/me", "me_get", "" },
    { "GET", "/v1/me/accounts", "me_accounts", "" },
    { "GET", "/v1/accounts/acme", "account_get", "acme " },
    { "HEAD", "/v1/accounts/acme", "account_get", "acme " },
    { "GET", "/v1/accounts/acme/members", "member_list", "acme " },
    { "GET", M, "member_get", "acme 0192f0c1 " },
    { "GET", "/v1/accounts/a/members/me", "member_get", "a me " },
    { "DELETE", M, "member_remove", "acme 0192f0c1 " },
    { "PUT", M "/suspension", "member_suspend", "acme 0192f0c1 " },
    { "DELETE", M "/suspension", "member_resume", "acme 0192f0c1 " },
    { "PUT", M "/roles", "member_roles_put", "acme 0192f0c1 " },
    { "GET", "/v1/accounts/caf%C3%A9", "account_get", "caf%C3%A9 " },
    { "GET", "/v1/accounts/a+b", "account_get", "a+b " },
    { "GET", "/v1/accounts/%2541", "account_get", "%2541 " },
    { "GET", "/v1/accounts/...", "account_get", "... " },
    { "GET", "/v1/accounts/.a", "account_get", ".a " },
    { "GET", "/v1/accounts/{a}", "account_get", "{a} " },

    { "POST", "/v1/me", "", NULL },
    { "PATCH", M "/roles", "", NULL },
    { "POST", M "/roles", "", NULL },
    { "OPTIONS", M, "", NULL },
    { "get", "/v1/me", "", NULL },
    { "POST", "/v1/accounts/acme/members", "", NULL },

    { "GET", "", NULL, NULL },
    { "GET", "/", NULL, NULL },
    { "GET", "//", NULL, NULL },
    { "GET", "v1/me", NULL, NULL },
    { "GET", "/v1", NULL, NULL },
    { "GET", "/v1/", NULL, NULL },
    { "GET", "/v2/me", NULL, NULL },
    { "GET", "/v1/me/", NULL, NULL },
    { "GET", "//v1/me", NULL, NULL },
    { "GET", "/v1//me", NULL, NULL },
    { "GET", "/v1/mee", NULL, NULL },
    { "GET", "/v1/m", NULL, NULL },
    { "GET", "/V1/me", NULL, NULL },
    { "GET", "/v1/Me", NULL, NULL },
    { "GET", "/v1/%6de", NULL, NULL },
    { "GET", "/v1%2fme", NULL, NULL },
    { "GET", "/v1/me?limit=1", NULL, NULL },
    { "GET", "/v1/accounts", "", NULL },
    { "GET", "/v1/accounts/", NULL, NULL },
    { "GET", "/v1/accounts//members", NULL, NULL },
    { "GET", "/v1/accounts/acme/", NULL, NULL },
    { "GET", "/v1/accounts/.", NULL, NULL },
    { "GET", "/v1/accounts/..", NULL, NULL },
    { "GET", "/v1/accounts/%2e", NULL, NULL },
    { "GET", "/v1/accounts/%2E%2e", NULL, NULL },
    { "GET", "/v1/accounts/.%2e", NULL, NULL },
    { "GET", "/v1/accounts/../members", NULL, NULL },
    { "GET", "/v1/accounts/a%2fb", NULL, NULL },
    { "GET", "/v1/accounts/a%2Fmembers", NULL, NULL },
    { "GET", "/v1/accounts/a%00", NULL, NULL },
    { "GET", "/v1/accounts/%00", NULL, NULL },
    { "GET", "/v1/accounts/a%0d%0ab", NULL, NULL },
    { "GET", "/v1/accounts/a\tb", NULL, NULL },
    { "GET", "/v1/accounts/a%7f", NULL, NULL },
    { "GET", "/v1/accounts/%", NULL, NULL },
    { "GET", "/v1/accounts/%4", NULL, NULL },
    { "GET", "/v1/accounts/%zz", NULL, NULL },
    { "GET", "/v1/accounts/%ff", NULL, NULL },
    { "GET", "/v1/accounts/%c0%ae", NULL, NULL },
    { "GET", "/v1/accounts/\xe9", NULL, NULL },
    { "DELETE", "/v1/accounts/acme/members/", NULL, NULL },
    { "DELETE", "/v1/accounts/acme/members/..", NULL, NULL },
    { "PUT", M "/roles/", NULL, NULL },
    { "PUT", M "/roles/x", NULL, NULL },
    { "PUT", M "/", NULL, NULL }
};


int
main(void)
{
    plan(0);

    table();
    methods();
    matches();
    bounds();

    return done();
}


/* What holds for every row, and so for those to come. */

static void
table(void)
{
    int                  asks;
    char                 call[128];
    size_t               i, j, n, args;
    const team_route_t  *route;

    route = team_routes(&n);

    for (i = 0; i < n; i++, route++) {

        ok(strncmp(route->path, "/v1/", 4) == 0
           && route->path[strlen(route->path) - 1] != '/'
           && strlen(route->path) < TEAM_MAX_PATH,
           "%s: path", route->path);

        snprintf(call, sizeof(call), " from team_api.%s(", route->function);

        ok(strstr(route->statement, call) != NULL,
           "%s: its statement calls team_api.%s", route->path,
           route->function);

        is_int((int64_t) parameters(route->statement),
               (int64_t) team_route_params(route), "%s: parameters",
               route->function);

        args = 0;

        for (j = 0; j < route->n_fields; j++) {
            args += (route->fields[j].type == TEAM_FIELD_PATH);

            ok((route->fields[j].name != NULL)
               == (route->fields[j].type != TEAM_FIELD_PATH
                   && route->fields[j].type != TEAM_FIELD_BODY
                   && route->fields[j].type != TEAM_FIELD_CSV
                   && route->fields[j].type != TEAM_FIELD_IF_MATCH
                   && route->fields[j].type != TEAM_FIELD_IDEMPOTENCY)
               && route->fields[j].min <= route->fields[j].max,
               "%s: field %u", route->function, (unsigned) j);
        }

        ok(route->n_fields <= TEAM_MAX_FIELDS && args <= TEAM_MAX_PATH_ARGS,
           "%s: not too many fields", route->function);
        is_int((int64_t) args, (int64_t) placeholders(route->path),
               "%s: a field for each placeholder", route->function);

        /* two questions are asked with a body, for what it says */

        asks = strcmp(route->function, "invitation_lookup") == 0
               || strcmp(route->function, "explain") == 0;

        ok(route->write == (route->method != TEAM_METHOD_GET && !asks),
           "%s: GET changes nothing, the others may", route->function);

        for (j = 1; j < n - i; j++) {
            if (route[j].method == route->method
                && strcmp(route[j].path, route->path) == 0)
            {
                ok(0, "%s: another row has its path", route->function);
            }
        }
    }
}


static size_t
placeholders(const char *path)
{
    size_t  n;

    for (n = 0; *path != '\0'; path++) {
        n += (*path == '{');
    }

    return n;
}


/* How many parameters a statement has, if they are $1, $2, ... in order. */

static size_t
parameters(const char *statement)
{
    char    number[8];
    size_t  n;

    for (n = 0; (statement = strchr(statement, '$')) != NULL; statement++) {
        snprintf(number, sizeof(number), "$%u", (unsigned) n + 1);

        if (strncmp(statement, number, strlen(number)) != 0) {
            return 1000;
        }

        n++;
    }

    return n;
}


static void
methods(void)
{
    is_int(team_method_find(str("GET")), TEAM_METHOD_GET, "GET");
    is_int(team_method_find(str("HEAD")), TEAM_METHOD_GET, "HEAD");
    is_int(team_method_find(str("POST")), TEAM_METHOD_POST, "POST");
    is_int(team_method_find(str("PUT")), TEAM_METHOD_PUT, "PUT");
    is_int(team_method_find(str("PATCH")), TEAM_METHOD_PATCH, "PATCH");
    is_int(team_method_find(str("DELETE")), TEAM_METHOD_DELETE, "DELETE");
    is_int(team_method_find(str("")), -1, "no method");
    is_int(team_method_find(str("get")), -1, "lower case");
    is_int(team_method_find(str("GETS")), -1, "longer");
    is_int(team_method_find(str("OPTIONS")), -1, "OPTIONS");
    is_int(team_method_find(str("TRACE")), -1, "TRACE");
}


static void
matches(void)
{
    int                 rc;
    char                args[256];
    size_t              i, j;
    unsigned            allowed;
    team_route_match_t  match;

    for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        memset(&match, 0xff, sizeof(match));

        rc = team_route_match(&match, team_method_find(str(paths[i].method)),
                              str(paths[i].path), &allowed);

        if (rc != 1) {
            is_str(rc == 0 ? NULL : "", paths[i].function, "%s %s",
                   paths[i].method, paths[i].path);
            ok((allowed != 0) == (rc == -1) && match.route == NULL,
               "... other methods are told only if there are some");
            continue;
        }

        is_str(match.route->function, paths[i].function, "%s %s",
               paths[i].method, paths[i].path);

        args[0] = '\0';

        for (j = 0; j < match.n_args; j++) {
            snprintf(args + strlen(args), sizeof(args) - strlen(args), "%.*s ",
                     (int) match.args[j].len, match.args[j].data);
        }

        is_str(args, paths[i].args, "... with its arguments as sent");
    }

    team_route_match(&match, TEAM_METHOD_POST, str(M), &allowed);
    is_int(allowed, 1 << TEAM_METHOD_GET | 1 << TEAM_METHOD_PATCH
                    | 1 << TEAM_METHOD_DELETE,
           "a member can be read, changed and removed");

    team_route_match(&match, TEAM_METHOD_GET, str(M "/suspension"), &allowed);
    is_int(allowed, 1 << TEAM_METHOD_PUT | 1 << TEAM_METHOD_DELETE,
           "a suspension can be put and deleted");
}


static void
bounds(void)
{
    char                path[TEAM_MAX_PATH + 2];
    unsigned            allowed;
    team_str_t          text;
    team_route_match_t  match;

    memset(path, 'a', sizeof(path));
    memcpy(path, "/v1/accounts/", 13);
    text.data = path;

    text.len = TEAM_MAX_PATH;
    is_int(team_route_match(&match, TEAM_METHOD_GET, text, &allowed), 1,
           "the longest path");

    text.len = TEAM_MAX_PATH + 1;
    is_int(team_route_match(&match, TEAM_METHOD_GET, text, &allowed), 0,
           "one byte more");

    text.data = NULL;
    text.len = 0;
    is_int(team_route_match(&match, TEAM_METHOD_GET, text, &allowed), 0,
           "no path at all");

    text.data = "/v1/accounts/a\0b";
    text.len = 16;
    is_int(team_route_match(&match, TEAM_METHOD_GET, text, &allowed), 0,
           "a raw NUL");
}
