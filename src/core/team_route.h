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


#define TEAM_ACTOR_PARAMS    5       /* issuer, subject, email, whether it is
                                        verified, name */
#define TEAM_MAX_PATH_ARGS   4
#define TEAM_MAX_FIELDS      12
#define TEAM_MAX_PATH        1024    /* bytes below the mount point */
#define TEAM_MAX_ITEM        255     /* characters in TEAM_FIELD_TEXTS */
#define TEAM_MAX_TAG         255     /* bytes of If-Match, Idempotency-Key */


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
    TEAM_FIELD_QUERY_TEXT,     /* ?name=..., min to max characters, else NULL */
    TEAM_FIELD_QUERY_INT,      /* ?name=n within [min, max], else NULL */
    TEAM_FIELD_TEXT,           /* body member: string of min to max characters,
                                  as JSON Schema counts them */
    TEAM_FIELD_BOOL,           /* body member: true or false */
    TEAM_FIELD_INT,            /* body member: integer within [min, max] */
    TEAM_FIELD_TEXTS,          /* body member: array of min to max strings of
                                  1 to TEAM_MAX_ITEM characters, passed as a
                                  JSON text */
    TEAM_FIELD_JSON,           /* body member: an object or array of at most max
                                  bytes, passed as JSON text */
    TEAM_FIELD_CSV,            /* the whole body where it is text/csv, at most
                                  max bytes; NULL where it is JSON */
    TEAM_FIELD_FORMAT,         /* "csv" where the answer is to be text/csv, by
                                  ?format= or by Accept; else NULL */
    TEAM_FIELD_BODY,           /* the whole body, as JSON text of at most max
                                  bytes: an object, its members not looked at */
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
    const char          *statement;   /* "select status, ..., changed from
                                         team_api.member_get($1, ..., $n)",
                                         complete: $1 to $5 are the actor,
                                         the fields follow; a public route has
                                         its fields from $1 on */
    const team_field_t  *fields;
    size_t               n_fields;
    unsigned             public:1;    /* needs no token, and has no actor */
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


/* How many parameters the statement of a route has. */

size_t team_route_params(const team_route_t *route);


/*
 * Finds the row for a path below the mount point (starts with "/", no query),
 * as sent: fixed segments are compared byte by byte, so each resource has one
 * spelling; a {placeholder} takes any one segment that decodes to UTF-8
 * without control bytes and "/", and is neither empty nor "." nor "..".
 * The first row that fits counts; method may be -1 (unknown).
 *
 * Returns 1 and fills *match; 0 if no path fits; -1 if a path fits and the
 * method does not: *allowed then holds bits 1 << team_method_e.
 */

int team_route_match(team_route_match_t *match, int method, team_str_t path,
    unsigned *allowed);


#endif /* TEAM_ROUTE_H */
