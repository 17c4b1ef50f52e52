/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * The API's routes as a table: a new endpoint is a row here and a function in
 * sql/functions.  A row names its method, its path, the SQL function, and
 * where each of the function's parameters after the actor's five comes from.
 */

#ifndef TEAM_ROUTE_H
#define TEAM_ROUTE_H

#include "team_base.h"


#define TEAM_MAX_PATH_ARGS   4
#define TEAM_MAX_FIELDS      12
#define TEAM_MAX_PATH        1024    /* bytes below the mount point */


typedef enum {
    TEAM_METHOD_GET = 0,
    TEAM_METHOD_POST,
    TEAM_METHOD_PUT,
    TEAM_METHOD_PATCH,
    TEAM_METHOD_DELETE,
    TEAM_METHODS
} team_method_e;


typedef enum {
    TEAM_FIELD_PATH = 0,       /* the next {placeholder} of the path, as text */
    TEAM_FIELD_QUERY_TEXT,     /* ?name=..., at most max bytes, else NULL */
    TEAM_FIELD_QUERY_INT,      /* ?name=n within [min, max], else NULL */
    TEAM_FIELD_TEXT,           /* body member: string of min to max bytes */
    TEAM_FIELD_BOOL,           /* body member: true or false */
    TEAM_FIELD_INT,            /* body member: integer within [min, max] */
    TEAM_FIELD_TEXTS,          /* body member: array of at most max strings,
                                  passed as a JSON text */
    TEAM_FIELD_BODY,           /* the whole body, as JSON text: an object */
    TEAM_FIELD_IF_MATCH,       /* the If-Match header, NULL if absent */
    TEAM_FIELD_IDEMPOTENCY     /* the Idempotency-Key header, NULL if absent */
} team_field_e;


typedef struct {
    team_field_e   type;
    const char    *name;       /* of the body or query member; NULL for PATH */
    int64_t        min;
    int64_t        max;
    unsigned       required:1;
} team_field_t;


typedef struct {
    team_method_e        method;
    const char          *path;        /* "/v1/accounts/{a}/members/{m}" */
    const char          *function;    /* "member_get", in schema team_api */
    const char          *statement;   /* "select * from team_api.member_get
                                         ($1, ..., $n)", complete */
    const team_field_t  *fields;
    size_t               n_fields;
    unsigned             public:1;    /* needs no token (then the actor's five
                                         parameters are NULL) */
    unsigned             write:1;     /* changes something: Origin is checked
                                         for cookie tokens, body is read */
} team_route_t;


typedef struct {
    const team_route_t  *route;
    size_t               n_args;
    team_str_t           args[TEAM_MAX_PATH_ARGS];   /* percent-encoded as sent;
                                                        borrowed from path */
} team_route_match_t;


/* All routes; *n is how many. */

const team_route_t *team_routes(size_t *n);


/* The method of an exact, upper-case name ("HEAD" is GET); -1 if unknown. */

int team_method_find(team_str_t name);


/*
 * Finds the row for a path below the mount point (starts with "/", no query).
 * Returns 1 and fills *match; 0 if no path fits; -1 if a path fits and the
 * method does not: *allowed then holds bits 1 << team_method_e.
 */

int team_route_match(team_route_match_t *match, int method, team_str_t path,
    unsigned *allowed);


#endif /* TEAM_ROUTE_H */
