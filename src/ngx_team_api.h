/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * The REST endpoints: a request becomes one call of one SQL function, and its
 * reply the answer.
 */

#ifndef NGX_TEAM_API_H
#define NGX_TEAM_API_H

#include "ngx_team.h"
#include "team_body.h"
#include "team_problem.h"
#include "team_route.h"


#define TEAM_MAX_BODY  65536   /* bytes; the largest body with a meaning, a
                                  hundred invitations, is half of it */


/* The content handler that team_api sets. */

ngx_int_t ngx_team_api_handler(ngx_http_request_t *r);


/*
 * Server rewrite phase: a body that nginx has refused for its size is not
 * looked at again on the way to the problem.
 */

ngx_int_t ngx_team_api_sent_on(ngx_http_request_t *r);


/* For ngx_team_api*.c only. */

/* 1 if the path is that of the API's description, which needs no token. */

ngx_uint_t ngx_team_api_is_document(ngx_http_request_t *r);

void ngx_team_api_document(ngx_http_request_t *r);


/* 405, with Allow; allowed: bits of 1 << team_method_e. */

void ngx_team_api_not_allowed(ngx_http_request_t *r, unsigned allowed);


/*
 * One call of a function, in the pool of its query.  A read ends with its
 * request.  A write does not: it has happened even when nobody waits for the
 * answer, and what it changed must be forgotten.
 */

typedef struct {
    ngx_http_request_t  *request;    /* NULL: the client has gone */
    ngx_team_ctx_t      *ctx;        /* NULL with it, or without an identity */
    ngx_pool_cleanup_t  *cleanup;    /* of the request; NULL for a read */
    const team_route_t  *route;
    ngx_uint_t           csv;        /* the answer is text/csv */
} ngx_team_call_t;


/*
 * The route of a request.  Returns NGX_OK, NGX_DECLINED (no such path),
 * NGX_ABORT (no such method there: *allowed is set, as team_route_match() has
 * it), NGX_ERROR (no memory).
 */

ngx_int_t ngx_team_api_match(ngx_http_request_t *r, team_route_match_t *match,
    unsigned *allowed);

ngx_uint_t ngx_team_api_has_body(const team_route_t *route);

/* 1 if the route has a field of this type. */

ngx_uint_t ngx_team_api_has_field(const team_route_t *route,
    team_field_e type);


/* Calls the route's function; the body, if the route has one, was read. */

void ngx_team_api_run(ngx_http_request_t *r);


/*
 * Escapes what is not plain in a URI, "%" included unless encoded is set.
 * Returns a copy in pool; data NULL without memory.
 */

ngx_str_t ngx_team_api_escape(ngx_pool_t *pool, ngx_str_t s,
    ngx_uint_t encoded);


/* Answers with a problem, logged at info; as ngx_team_reply_problem(). */

void ngx_team_api_refuse(ngx_http_request_t *r, const team_problem_t *problem,
    const char *detail, json_t *errors);

/* The same for what only a reason or only a status is known of. */

void ngx_team_api_refuse_reason(ngx_http_request_t *r, team_reason_e reason,
    const char *detail);
void ngx_team_api_refuse_status(ngx_http_request_t *r, int status,
    const char *detail);


/*
 * How many request headers have the lower-case name; *value is that of the
 * first, data NULL if there is none.
 */

ngx_uint_t ngx_team_api_header(ngx_http_request_t *r, const char *name,
    team_str_t *value);


/*
 * Reads the body, of a route that has members in it, and calls handler.  Takes
 * over the caller's count of r: handler, or a refusal, gives it back.
 */

void ngx_team_api_body_read(ngx_http_request_t *r, const team_route_t *route,
    ngx_http_client_body_handler_pt handler);


/* 1 if the body's media type is text/csv (RFC 7111), in UTF-8. */

ngx_uint_t ngx_team_api_body_is_csv(ngx_http_request_t *r);


/* 1 if the answer is to be text/csv, says Accept. */

ngx_uint_t ngx_team_api_wants_csv(ngx_http_request_t *r);


/*
 * The bytes that were read, in one piece; len 0: none.
 * Returns 0, or a status to refuse with: 413, 500.
 */

int ngx_team_api_body_get(ngx_http_request_t *r, team_str_t *body);


/* The query's handler; its data is a call. */

void ngx_team_api_answer(ngx_team_query_t *query);


/*
 * Sets ETag, Location (below the mount point) and Link (for the next page) on
 * the answer, each if it is not empty.  NGX_OK, NGX_ERROR.
 */

ngx_int_t ngx_team_api_headers(ngx_http_request_t *r, ngx_str_t etag,
    ngx_str_t location, ngx_str_t cursor);

/* 1 if the client has what carries this tag. */

ngx_uint_t ngx_team_api_not_modified(ngx_http_request_t *r, ngx_str_t etag);


#endif /* NGX_TEAM_API_H */
