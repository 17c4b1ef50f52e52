/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "team_unit.h"
#include "team_oom.h"
#include "../../src/core/team_body.h"


static int read_parts(team_params_t *params, const team_route_t *route,
    const char *query, const char *body);
static void print(char *out, size_t size, const team_params_t *params);
static void table(void);
static void tables_row(size_t i);
static void headers(void);
static void long_ones(void);
static void many(void);
static void real_routes(void);
static void memory(void);


/* One route with a field of every kind. */

static const team_field_t  all_fields[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_QUERY_TEXT, "q", 0, 8, 0 },
    { TEAM_FIELD_QUERY_INT, "n", -5, 200, 0 },
    { TEAM_FIELD_TEXT, "name", 2, 5, 1 },
    { TEAM_FIELD_BOOL, "flag", 0, 0, 0 },
    { TEAM_FIELD_INT, "count", -1, 10, 0 },
    { TEAM_FIELD_TEXTS, "list", 1, 3, 0 },
    { TEAM_FIELD_IF_MATCH, NULL, 0, 0, 0 },
    { TEAM_FIELD_IDEMPOTENCY, NULL, 0, 0, 0 }
};

static const team_route_t  all = {
    TEAM_METHOD_POST, "/{a}/{b}", "all", "", all_fields,
    sizeof(all_fields) / sizeof(all_fields[0]), 0, 1
};

static const team_field_t  whole_fields[] = {
    { TEAM_FIELD_BODY, NULL, 0, 40, 1 },
    { TEAM_FIELD_QUERY_TEXT, "q", 1, 8, 1 }
};

static const team_route_t  whole = {
    TEAM_METHOD_PATCH, "/", "whole", "", whole_fields, 2, 0, 1
};

static const team_route_t  bare = {
    TEAM_METHOD_PUT, "/", "bare", "", NULL, 0, 0, 1
};

static const team_field_t  strict_fields[] = {
    { TEAM_FIELD_IF_MATCH, NULL, 0, 0, 1 },
    { TEAM_FIELD_IDEMPOTENCY, NULL, 0, 0, 1 },
    { TEAM_FIELD_QUERY_INT, "n", 1, 2, 1 },
    { TEAM_FIELD_TEXT, "a/b~c", 1, 2, 1 }
};

static const team_route_t  strict = {
    TEAM_METHOD_PUT, "/", "strict", "", strict_fields, 4, 0, 1
};


/* Values are shown with "|" between them, "-" for NULL; errors one a word. */

static const struct {
    const team_route_t  *route;
    const char          *query;
    const char          *body;
    int                  status;
    const char          *outcome;
} rows[] = {

    /* what is good */

    { &all, "", "{\"name\":\"ab\"}", 0, "x y|z|-|-|ab|-|-|-|-|-" },
    { &all, "q=a+b%26&n=07", "{\"name\":\"abcde\",\"flag\":true}", 0,
      "x y|z|a b&|7|abcde|true|-|-|-|-" },
    { &all, "n=-5", "{\"flag\":false,\"name\":\"\\u00e9x\",\"count\":-1}", 0,
      "x y|z|-|-5|\xc3\xa9x|false|-1|-|-|-" },
    { &all, "q=%F0%9F%90%98234567%C3%A9",
      "{\"name\":\"\xf0\x9f\x90\x98" "123\xc3\xa9\"}", 0,
      "x y|z|\xf0\x9f\x90\x98" "234567\xc3\xa9|-|\xf0\x9f\x90\x98"
      "123\xc3\xa9|-|-|-|-|-" },
    { &all, "q=&&n=200&", " {\"name\":\"ab\",\"list\":[\"b\",\"a\\\"\"]} ", 0,
      "x y|z||200|ab|-|-|[\"b\",\"a\\\"\"]|-|-" },
    { &all, "q=%C3%A9&%6e=1", "{\"name\":\"ab\",\"count\":10}", 0,
      "x y|z|\xc3\xa9|1|ab|-|10|-|-|-" },
    { &whole, "q=1", "{ \"b\": [1, {\"a\": null}], \"x\": 1.5 }", 0,
      "{\"b\":[1,{\"a\":null}],\"x\":1.5}|1" },
    { &whole, "q=1", "{}", 0, "{}|1" },
    { &bare, "", "", 0, "" },
    { &bare, "", "{}", 0, "" },
    { &bare, "&&", "", 0, "" },

    /* the body as a whole */

    { &all, "", "", 422, "/name:is required" },
    { &all, "", "{}", 422, "/name:is required" },
    { &all, "", "[]", 422, ":must be a JSON object" },
    { &all, "", "\"ab\"", 422, ":must be a JSON object" },
    { &all, "", "null", 422, ":must be a JSON object" },
    { &all, "", " ", 422, ":is not valid JSON" },
    { &all, "", "{\"name\":\"ab\"", 422, ":is not valid JSON" },
    { &all, "", "{\"name\":\"ab\"}x", 422, ":is not valid JSON" },
    { &all, "", "{\"name\":\"ab\"}{}", 422, ":is not valid JSON" },
    { &all, "", "{'name':'ab'}", 422, ":is not valid JSON" },
    { &all, "", "{\"name\":\"a\xff\"}", 422, ":is not valid JSON" },
    { &all, "", "{\"name\":\"a\\u0000\"}", 422, ":is not valid JSON" },
    { &all, "", "{\"name\":\"\\ud800x\"}", 422, ":is not valid JSON" },
    { &all, "", "name=ab", 422, ":is not valid JSON" },
    { &all, "", "{\"name\":\"ab\",\"name\":\"ab\"}", 422,
      ":names a member twice" },
    { &all, "", "{\"name\":\"ab\",\"\\u006eame\":\"cd\"}", 422,
      ":names a member twice" },
    { &whole, "q=1", "{\"a\":{\"b\":1,\"b\":2}}", 422,
      ":names a member twice" },
    { &whole, "q=1", "", 422, ":must be a JSON object" },
    { &whole, "q=1", "[{}]", 422, ":must be a JSON object" },
    { &whole, "q=1", "{\"a\":\"0123456789012345678901234567890123\"}", 422,
      ":must be JSON of 0 to 40 bytes" },
    { &bare, "", "{\"a\":1}", 422, "/a:is not known here" },
    { &bare, "", "[]", 422, ":must be a JSON object" },

    /* its members */

    { &all, "", "{\"name\":\"ab\",\"role\":\"owner\"}", 422,
      "/role:is not known here" },
    { &all, "", "{\"name\":\"ab\",\"Name\":\"ab\"}", 422,
      "/Name:is not known here" },
    { &all, "", "{\"name\":\"ab\",\"q\":\"ab\"}", 422,
      "/q:is not known here" },
    { &all, "", "{\"name\":\"ab\",\"\":1}", 422, "/:is not known here" },
    { &all, "", "{\"name\":\"ab\",\"a/b~c\":1}", 422,
      "/a~1b~0c:is not known here" },
    { &all, "", "{\"name\":\"a\"}", 422,
      "/name:must be text of 2 to 5 characters" },
    { &all, "", "{\"name\":\"abcdef\"}", 422,
      "/name:must be text of 2 to 5 characters" },
    { &all, "", "{\"name\":\"\xc3\xa9\"}", 422,
      "/name:must be text of 2 to 5 characters" },
    { &all, "", "{\"name\":12}", 422,
      "/name:must be text of 2 to 5 characters" },
    { &all, "", "{\"name\":null}", 422,
      "/name:must be text of 2 to 5 characters" },
    { &all, "", "{\"name\":[\"ab\"]}", 422,
      "/name:must be text of 2 to 5 characters" },
    { &all, "", "{\"name\":{}}", 422,
      "/name:must be text of 2 to 5 characters" },
    { &all, "", "{\"name\":\"ab\",\"flag\":1}", 422,
      "/flag:must be true or false" },
    { &all, "", "{\"name\":\"ab\",\"flag\":\"true\"}", 422,
      "/flag:must be true or false" },
    { &all, "", "{\"name\":\"ab\",\"flag\":null}", 422,
      "/flag:must be true or false" },
    { &all, "", "{\"name\":\"ab\",\"count\":11}", 422,
      "/count:must be a whole number from -1 to 10" },
    { &all, "", "{\"name\":\"ab\",\"count\":-2}", 422,
      "/count:must be a whole number from -1 to 10" },
    { &all, "", "{\"name\":\"ab\",\"count\":1.0}", 422,
      "/count:must be a whole number from -1 to 10" },
    { &all, "", "{\"name\":\"ab\",\"count\":\"1\"}", 422,
      "/count:must be a whole number from -1 to 10" },
    { &all, "", "{\"name\":\"ab\",\"count\":99999999999999999999}", 422,
      ":is not valid JSON" },

    /* a role as array, comma string, number, null (GitLab CVE-2023-7028) */

    { &all, "", "{\"name\":\"ab\",\"list\":\"a,b\"}", 422,
      "/list:must be an array of 1 to 3 strings" },
    { &all, "", "{\"name\":\"ab\",\"list\":7}", 422,
      "/list:must be an array of 1 to 3 strings" },
    { &all, "", "{\"name\":\"ab\",\"list\":null}", 422,
      "/list:must be an array of 1 to 3 strings" },
    { &all, "", "{\"name\":\"ab\",\"list\":{\"0\":\"a\"}}", 422,
      "/list:must be an array of 1 to 3 strings" },
    { &all, "", "{\"name\":\"ab\",\"list\":[]}", 422,
      "/list:must be an array of 1 to 3 strings" },
    { &all, "", "{\"name\":\"ab\",\"list\":[\"a\",\"b\",\"c\",\"d\"]}", 422,
      "/list:must be an array of 1 to 3 strings" },
    { &all, "", "{\"name\":\"ab\",\"list\":[\"a\",7,[\"b\"]]}", 422,
      "/list/1:must be text of 1 to 255 characters "
      "/list/2:must be text of 1 to 255 characters" },
    { &all, "", "{\"name\":\"ab\",\"list\":[\"\"]}", 422,
      "/list/0:must be text of 1 to 255 characters" },

    /* several at once */

    { &all, "", "{\"name\":1,\"flag\":2,\"x\":3}", 422,
      "/name:must be text of 2 to 5 characters /flag:must be true or false "
      "/x:is not known here" },
    { &all, "n=x", "{\"name\":1}", 400,
      "?n:must be a whole number from -5 to 200 "
      "/name:must be text of 2 to 5 characters" },

    /* the query */

    { &all, "n=", "{\"name\":\"ab\"}", 400,
      "?n:must be a whole number from -5 to 200" },
    { &all, "n", "{\"name\":\"ab\"}", 400,
      "?n:must be a whole number from -5 to 200" },
    { &all, "n=201", "{\"name\":\"ab\"}", 400,
      "?n:must be a whole number from -5 to 200" },
    { &all, "n=-6", "{\"name\":\"ab\"}", 400,
      "?n:must be a whole number from -5 to 200" },
    { &all, "n=-", "{\"name\":\"ab\"}", 400,
      "?n:must be a whole number from -5 to 200" },
    { &all, "n=+1", "{\"name\":\"ab\"}", 400,
      "?n:must be a whole number from -5 to 200" },
    { &all, "n=1.0", "{\"name\":\"ab\"}", 400,
      "?n:must be a whole number from -5 to 200" },
    { &all, "n=1e1", "{\"name\":\"ab\"}", 400,
      "?n:must be a whole number from -5 to 200" },
    { &all, "n=0x1", "{\"name\":\"ab\"}", 400,
      "?n:must be a whole number from -5 to 200" },
    { &all, "n=18446744073709551617", "{\"name\":\"ab\"}", 400,
      "?n:must be a whole number from -5 to 200" },
    { &all, "q=123456789", "{\"name\":\"ab\"}", 400,
      "?q:must be text of 0 to 8 characters" },
    { &all, "q=1&q=2", "{\"name\":\"ab\"}", 400,
      "?q:is given more than once" },
    { &all, "n=1&%6e=1", "{\"name\":\"ab\"}", 400,
      "?n:is given more than once" },
    { &all, "n=x&n=1", "{\"name\":\"ab\"}", 400,
      "?n:must be a whole number from -5 to 200 ?n:is given more than once" },
    { &all, "name=ab", "{\"name\":\"ab\"}", 400, "?name:is not known here" },
    { &all, "N=1", "{\"name\":\"ab\"}", 400, "?N:is not known here" },
    { &all, "n%20=1", "{\"name\":\"ab\"}", 400, "?n :is not known here" },
    { &all, "=1", "{\"name\":\"ab\"}", 400, "?:is not known here" },
    { &all, "q=%", "{\"name\":\"ab\"}", 400,
      "?q:must be percent-encoded UTF-8 without NUL" },
    { &all, "q=%4", "{\"name\":\"ab\"}", 400,
      "?q:must be percent-encoded UTF-8 without NUL" },
    { &all, "q=%xx", "{\"name\":\"ab\"}", 400,
      "?q:must be percent-encoded UTF-8 without NUL" },
    { &all, "q=%00", "{\"name\":\"ab\"}", 400,
      "?q:must be percent-encoded UTF-8 without NUL" },
    { &all, "q=a%00b", "{\"name\":\"ab\"}", 400,
      "?q:must be percent-encoded UTF-8 without NUL" },
    { &all, "q=%C3", "{\"name\":\"ab\"}", 400,
      "?q:must be percent-encoded UTF-8 without NUL" },
    { &all, "q=\xc3\x28", "{\"name\":\"ab\"}", 400,
      "?q:must be percent-encoded UTF-8 without NUL" },
    { &all, "%zz=1", "{\"name\":\"ab\"}", 400,
      "?:has a name that is not percent-encoded UTF-8" },
    { &whole, "", "{}", 400, "?q:is required" },
    { &whole, "q=", "{}", 400, "?q:must be text of 1 to 8 characters" },
    { &bare, "limit=1", "", 400, "?limit:is not known here" },

    /* what is required */

    { &strict, "", "", 400,
      "If-Match:is required Idempotency-Key:is required ?n:is required "
      "/a~1b~0c:is required" }
};


int
main(void)
{
    plan(0);

    table();
    headers();
    long_ones();
    many();
    real_routes();
    memory();

    return done();
}


static int
read_parts(team_params_t *params, const team_route_t *route,
    const char *query, const char *body)
{
    team_input_t        input;
    team_route_match_t  match;

    memset(&input, 0, sizeof(input));
    input.query = str(query);
    input.body = str(body);

    match.route = route;
    match.n_args = 2;
    match.args[0] = str("x%20y");
    match.args[1] = str("z");

    return team_params_read(params, &match, &input);
}


static void
print(char *out, size_t size, const team_params_t *params)
{
    size_t   i, n;
    json_t  *error;

    n = 0;
    out[0] = '\0';

    if (params->errors == NULL) {
        for (i = 0; i < params->n && n < size; i++) {
            n += (size_t) snprintf(out + n, size - n, "%s%s",
                                   i > 0 ? "|" : "",
                                   params->values[i] ? params->values[i]
                                                     : "-");
        }

        return;
    }

    json_array_foreach(params->errors, i, error) {
        n += (size_t) snprintf(out + n, size - n, "%s%s:%s", i > 0 ? " " : "",
                          json_string_value(json_object_get(error, "pointer")),
                          json_string_value(json_object_get(error, "detail")));

        if (n >= size) {
            break;
        }
    }
}


static void
table(void)
{
    size_t  i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tables_row(i);
    }
}


static void
tables_row(size_t i)
{
    int             status;
    char            out[1024];
    team_params_t   params;

    status = read_parts(&params, rows[i].route, rows[i].query, rows[i].body);

    print(out, sizeof(out), &params);

    is_int(status, rows[i].status, "%u: %s ?%s %s", (unsigned) i,
           rows[i].route->function, rows[i].query, rows[i].body);
    is_str(out, rows[i].outcome, "... with its outcome");
    ok((params.detail != NULL) == (status != 0), "... and a detail or none");

    team_params_free(&params);
}


static void
headers(void)
{
    size_t              i;
    int                 status;
    char                out[1024];
    static char         tag[TEAM_MAX_TAG + 1];
    team_input_t        input;
    team_params_t       params;
    team_route_match_t  match;
    static const char   whole_body[] = "{\"name\":\"ab\"}";

    memset(tag, 't', sizeof(tag));

    match.route = &all;
    match.n_args = 2;
    match.args[0] = str("x");
    match.args[1] = str("z");

    memset(&input, 0, sizeof(input));
    input.body = str(whole_body);
    input.if_match = str("\"v1\"");
    input.idempotency_key = str("k-1");

    status = team_params_read(&params, &match, &input);
    print(out, sizeof(out), &params);
    is_str(out, "x|z|-|-|ab|-|-|-|\"v1\"|k-1", "both headers are read");
    is_int(status, 0, "... which is fine");
    team_params_free(&params);

    for (i = 0; i < 5; i++) {
        input.if_match = str(i == 0 ? "" : i == 1 ? "a\x01" : "\xe9");

        if (i > 2) {
            input.if_match.data = tag;
            input.if_match.len = sizeof(tag) - (i == 3);
        }

        status = team_params_read(&params, &match, &input);
        print(out, sizeof(out), &params);

        if (i == 3) {
            is_int(status, 0, "the longest tag");

        } else {
            is_int(status, 400, "a bad tag, %u", (unsigned) i);
            is_str(out, "If-Match:must be text of 1 to 255 bytes",
                   "... and why");
        }

        team_params_free(&params);
    }

    match.n_args = 1;
    status = team_params_read(&params, &match, &input);
    is_int(status, 400, "an argument is missing");
    team_params_free(&params);
}


static void
long_ones(void)
{
    int            status;
    char           out[1024], body[1024], *deep;
    size_t         n;
    team_params_t  params;

    /* a member's name of 192 bytes that all double, and one byte more */

    n = (size_t) snprintf(body, sizeof(body), "{\"name\":\"ab\",\"");
    memset(body + n, '~', 192);
    snprintf(body + n + 192, sizeof(body) - n - 192, "\":1}");

    status = read_parts(&params, &all, "", body);
    print(out, sizeof(out), &params);
    is_int(status, 422, "a long name");
    is_int((int64_t) strlen(out), 1 + 192 * 2 + 18, "... is told as it is");
    is_int((int64_t) strlen(params.detail), 1 + 192 * 2 + 19,
           "... in the detail, too");
    team_params_free(&params);

    snprintf(body + n + 192, sizeof(body) - n - 192, "~\":1}");
    status = read_parts(&params, &all, "", body);
    print(out, sizeof(out), &params);
    is_int(status, 422, "a longer name");
    is_str(out, ":has a member whose name is too long", "... is not told");
    team_params_free(&params);

    memset(body, 'n', 193);
    body[193] = '\0';
    status = read_parts(&params, &all, body, "{\"name\":\"ab\"}");
    print(out, sizeof(out), &params);
    is_int(status, 400, "a long name in the query");
    is_str(out, "?:has a name that is too long", "... is not told");
    team_params_free(&params);

    deep = malloc(100001);

    if (deep == NULL) {
        abort();
    }

    memset(deep, '[', 100000);
    deep[100000] = '\0';

    status = read_parts(&params, &all, "", deep);
    print(out, sizeof(out), &params);
    is_int(status, 422, "100,000 levels deep");
    is_str(out, ":is nested too deeply", "... are told");
    is_str(params.detail, "The body is nested too deeply.", "... in words");
    team_params_free(&params);

    free(deep);
}


static void
many(void)
{
    char           body[2048];
    size_t         i, n;
    team_params_t  params;

    n = (size_t) snprintf(body, sizeof(body), "{\"name\":\"ab\"");

    for (i = 0; i < 50; i++) {
        n += (size_t) snprintf(body + n, sizeof(body) - n, ",\"x%u\":1",
                               (unsigned) i);
    }

    snprintf(body + n, sizeof(body) - n, "}");

    is_int(read_parts(&params, &all, "a&b&c", body), 400, "53 errors");
    is_int((int64_t) json_array_size(params.errors), TEAM_MAX_ERRORS,
           "... ten of which are told");
    is_str(params.detail, "?a is not known here.", "... the first in words");
    team_params_free(&params);
}


static void
real_routes(void)
{
    int                 status;
    char                out[256];
    unsigned            allowed;
    team_input_t        input;
    team_params_t       params;
    team_route_match_t  match;

    memset(&input, 0, sizeof(input));

    team_route_match(&match, TEAM_METHOD_PUT,
                     str("/v1/accounts/caf%C3%A9/members/m/roles"), &allowed);
    input.body = str("{\"roles\":[\"admin\",\"finance\"]}");
    input.if_match = str("\"7\"");

    status = team_params_read(&params, &match, &input);
    print(out, sizeof(out), &params);
    is_int(status, 0, "roles are put");
    is_str(out, "caf\xc3\xa9|m|[\"admin\",\"finance\"]|\"7\"",
           "... with account, member, roles, version");
    team_params_free(&params);

    input.body = str("{}");
    status = team_params_read(&params, &match, &input);
    is_int(status, 422, "no roles");
    is_str(params.detail, "/roles is required.", "... and why");
    team_params_free(&params);

    memset(&input, 0, sizeof(input));
    team_route_match(&match, TEAM_METHOD_GET, str("/v1/accounts/a/members"),
                     &allowed);
    input.query = str("limit=200&cursor=abc");

    status = team_params_read(&params, &match, &input);
    print(out, sizeof(out), &params);
    is_int(status, 0, "a page of members");
    is_str(out, "a|200|abc", "... with account, limit, cursor");
    team_params_free(&params);

    input.query = str("limit=201");
    status = team_params_read(&params, &match, &input);
    is_int(status, 400, "too large a page");
    is_str(params.detail, "?limit must be a whole number from 1 to 200.",
           "... and why");
    team_params_free(&params);
}


static void
memory(void)
{
    int                  happened, status;
    long                 i;
    size_t               j;
    unsigned             refused;
    team_params_t        params;
    static const char   *bodies[] = {
        "{\"name\":\"ab\",\"flag\":true,\"count\":3,\"list\":[\"a\",\"b\"]}",
        "{\"name\":1,\"flag\":2,\"x\":{\"a\":[1,2,3]},\"list\":[1,2]}"
    };

    for (j = 0; j < 2; j++) {
        refused = 0;

        for (i = 0; i < 5000; i++) {
            oom_after(i);
            status = read_parts(&params, &all, j == 0 ? "q=1&n=2" : "q=1&y=2",
                                bodies[j]);
            happened = oom_happened();

            if (happened && status == 500) {
                refused++;
            }

            if (happened && status == 0) {
                ok(0, "allocation %ld fails and nobody says so", i);
            }

            team_params_free(&params);

            if (!happened) {
                break;
            }
        }

        is_int(status, j == 0 ? 0 : 400, "with enough memory, as ever");
        ok(refused > 10, "%u of %ld failed allocations end in 500", refused,
           i);
    }
}
