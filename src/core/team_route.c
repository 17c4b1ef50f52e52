/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <string.h>

#include "team_route.h"
#include "team_text.h"


static int team_route_fits(const char *pattern, team_str_t path,
    team_route_match_t *match);
static int team_route_argument(team_str_t segment);


int
team_method_find(team_str_t name)
{
    size_t  i;

    static const struct {
        team_str_t     name;
        team_method_e  method;
    } methods[] = {
        { team_string("GET"), TEAM_METHOD_GET },
        { team_string("HEAD"), TEAM_METHOD_GET },
        { team_string("POST"), TEAM_METHOD_POST },
        { team_string("PUT"), TEAM_METHOD_PUT },
        { team_string("PATCH"), TEAM_METHOD_PATCH },
        { team_string("DELETE"), TEAM_METHOD_DELETE }
    };

    for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (team_str_eq(name, methods[i].name)) {
            return (int) methods[i].method;
        }
    }

    return -1;
}


size_t
team_route_params(const team_route_t *route)
{
    return route->n_fields + (route->public ? 0 : TEAM_ACTOR_PARAMS);
}


int
team_route_match(team_route_match_t *match, int method, team_str_t path,
    unsigned *allowed)
{
    size_t               i, n;
    const team_route_t  *routes;

    *allowed = 0;

    if (path.len > TEAM_MAX_PATH) {
        return 0;
    }

    routes = team_routes(&n);

    for (i = 0; i < n; i++) {

        if (!team_route_fits(routes[i].path, path, match)) {
            continue;
        }

        if ((int) routes[i].method == method) {
            match->route = &routes[i];
            return 1;
        }

        *allowed |= 1u << routes[i].method;
    }

    match->route = NULL;
    match->n_args = 0;

    return *allowed == 0 ? 0 : -1;
}


/* Walks pattern and path segment by segment; each begins with its "/". */

static int
team_route_fits(const char *pattern, team_str_t path,
    team_route_match_t *match)
{
    size_t       len;
    const char  *end;
    team_str_t   segment;

    match->n_args = 0;

    while (*pattern == '/') {

        if (path.len == 0 || path.data[0] != '/') {
            return 0;
        }

        segment.data = path.data + 1;
        segment.len = path.len - 1;

        end = memchr(segment.data, '/', segment.len);

        if (end != NULL) {
            segment.len = (size_t) (end - segment.data);
        }

        path.data += segment.len + 1;
        path.len -= segment.len + 1;

        pattern++;
        len = strcspn(pattern, "/");

        if (*pattern == '{') {
            if (match->n_args == TEAM_MAX_PATH_ARGS
                || !team_route_argument(segment))
            {
                return 0;
            }

            match->args[match->n_args++] = segment;

        } else if (len != segment.len
                   || memcmp(pattern, segment.data, len) != 0)
        {
            return 0;
        }

        pattern += len;
    }

    return path.len == 0;
}


static int
team_route_argument(team_str_t segment)
{
    char        buf[TEAM_MAX_PATH];
    team_str_t  text;

    text.data = buf;

    if (segment.len == 0 || segment.len > sizeof(buf)
        || team_text_decode(buf, &text.len, segment, 0) != 0)
    {
        return 0;
    }

    if (buf[0] == '.'
        && (text.len == 1 || (text.len == 2 && buf[1] == '.')))
    {
        return 0;
    }

    return memchr(buf, '/', text.len) == NULL && !team_text_control(text);
}
