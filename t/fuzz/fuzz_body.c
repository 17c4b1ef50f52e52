/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * A request to the API: its first line is the method and the path, its second
 * the query, its third If-Match and Idempotency-Key, the rest the body.  Where
 * no row fits, a route with a field of every kind is taken, or one that takes
 * the whole body.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/core/team_body.h"
#include "../../src/core/team_problem.h"
#include "../../src/core/team_text.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static team_str_t line(team_str_t *rest);
static void route_find(team_route_match_t *match, team_str_t request);
static void check(const team_params_t *params, int status);


static const team_field_t  all_fields[] = {
    { TEAM_FIELD_QUERY_TEXT, "q", 1, 20, 0 },
    { TEAM_FIELD_QUERY_INT, "n", -5, 200, 0 },
    { TEAM_FIELD_TEXT, "name", 1, 20, 0 },
    { TEAM_FIELD_BOOL, "flag", 0, 0, 0 },
    { TEAM_FIELD_INT, "count", -10, 10, 0 },
    { TEAM_FIELD_TEXTS, "list", 0, 3, 0 },
    { TEAM_FIELD_IF_MATCH, NULL, 0, 0, 0 },
    { TEAM_FIELD_IDEMPOTENCY, NULL, 0, 0, 0 }
};

static const team_field_t  whole_fields[] = {
    { TEAM_FIELD_BODY, NULL, 0, 200, 1 }
};

static const team_route_t  others[] = {
    { TEAM_METHOD_POST, "/", "all", "", all_fields,
      sizeof(all_fields) / sizeof(all_fields[0]), 0, 1 },
    { TEAM_METHOD_PATCH, "/", "whole", "", whole_fields, 1, 0, 1 }
};


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                 status;
    team_str_t          rest, request;
    team_input_t        input;
    team_params_t       params;
    team_route_match_t  match;

    rest.data = (const char *) data;
    rest.len = size;

    memset(&input, 0, sizeof(input));

    request = line(&rest);
    input.query = line(&rest);
    input.if_match = line(&rest);
    input.idempotency_key = input.if_match;
    input.body = rest;

    if (input.if_match.len == 0) {
        input.if_match.data = NULL;
        input.idempotency_key.data = NULL;
    }

    route_find(&match, request);

    status = team_params_read(&params, &match, &input);
    check(&params, status);

    team_params_free(&params);

    return 0;
}


static team_str_t
line(team_str_t *rest)
{
    const char  *end;
    team_str_t   text;

    text = *rest;
    end = text.len > 0 ? memchr(text.data, '\n', text.len) : NULL;

    if (end == NULL) {
        rest->data = text.data + text.len;
        rest->len = 0;
        return text;
    }

    text.len = (size_t) (end - text.data);
    rest->data = end + 1;
    rest->len -= text.len + 1;

    return text;
}


static void
route_find(team_route_match_t *match, team_str_t request)
{
    int          rc, method;
    size_t       i;
    unsigned     allowed;
    team_str_t   name, path;
    const char  *space;

    name = request;
    path = request;
    space = request.len > 0 ? memchr(request.data, ' ', request.len) : NULL;

    if (space != NULL) {
        name.len = (size_t) (space - request.data);
        path.data = space + 1;
        path.len -= name.len + 1;
    }

    method = team_method_find(name);
    rc = team_route_match(match, method, path, &allowed);

    if (rc == 1) {
        if (match->route == NULL || (int) match->route->method != method
            || match->n_args > TEAM_MAX_PATH_ARGS)
        {
            abort();
        }

        for (i = 0; i < match->n_args; i++) {
            if (match->args[i].len == 0
                || match->args[i].data < path.data
                || match->args[i].data + match->args[i].len
                   > path.data + path.len
                || memchr(match->args[i].data, '/', match->args[i].len))
            {
                abort();
            }
        }

        return;
    }

    if ((rc == -1) != (allowed != 0) || match->route != NULL) {
        abort();
    }

    match->route = &others[method == TEAM_METHOD_PATCH];
    match->n_args = 0;
}


static void
check(const team_params_t *params, int status)
{
    char            *text;
    size_t           i, len;
    json_t          *error;
    team_str_t       value;
    team_problem_t   problem;

    if ((status != 0 && status != 400 && status != 422)
        || (status == 0) != (params->errors == NULL)
        || (status == 0) != (params->detail == NULL))
    {
        abort();
    }

    for (i = 0; i < params->n; i++) {
        if (params->values[i] == NULL) {
            continue;
        }

        value.data = params->values[i];
        value.len = strlen(value.data);

        if (!team_text_valid(value)) {
            abort();
        }
    }

    if (status == 0) {
        return;
    }

    if (json_array_size(params->errors) == 0
        || json_array_size(params->errors) > TEAM_MAX_ERRORS)
    {
        abort();
    }

    json_array_foreach(params->errors, i, error) {
        if (!json_is_string(json_object_get(error, "pointer"))
            || !json_is_string(json_object_get(error, "detail")))
        {
            abort();
        }
    }

    /* whatever was sent, the answer can be written, and says why */

    team_problem_make(status, "invalid", &problem);
    text = team_problem_body(&problem, params->detail, params->errors, &len);

    if (text == NULL || strlen(text) != len
        || strstr(text, "\"detail\":") == NULL)
    {
        abort();
    }

    free(text);
}
