/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * Answers that the module itself gives.
 *
 * Everything here that sends also finalizes, which gives back one count of
 * r->main->count; the request must not be touched afterwards.  So
 *
 *   a phase handler, called first or through ngx_http_core_run_phases(), has
 *   the count that the phases run on: it sends, and returns NGX_DONE;
 *
 *   a content handler's return value is finalized by nginx as well: it takes a
 *   count (r->main->count++) before it sends, or before it waits for what will
 *   send, and returns NGX_DONE;
 *
 *   whoever sends from an event of its own calls ngx_http_run_posted_requests()
 *   afterwards, with the connection as it was read before.
 *
 * A body that was not read is discarded, so that the connection stays usable,
 * or left for the error page that takes over.
 */

#ifndef NGX_TEAM_REPLY_H
#define NGX_TEAM_REPLY_H

#include "ngx_team.h"
#include "team_problem.h"


/*
 * Sets a response header, in place of one of that name that is there; name and
 * value are not copied.  Returns NGX_OK or NGX_ERROR (no memory).
 */

ngx_int_t ngx_team_reply_header(ngx_http_request_t *r, ngx_str_t name,
    ngx_str_t value);


/*
 * Sends a whole answer: status, type and body (copied; len 0: no body and no
 * Content-Type), with Cache-Control: no-store.  type is not copied.  Headers
 * may have been set before.  nginx does not look at If-Match and the like any
 * more: who knows the ETag has done so.
 */

void ngx_team_reply_send(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t type, ngx_str_t body);


/*
 * Sends a problem (RFC 9457).  detail and errors may be NULL; errors is
 * borrowed.  503 and 429 carry Retry-After: 1, unless one was set before.
 * Where the administrator has an error_page for the status, that is what the
 * client gets, with the headers that were set.
 */

void ngx_team_reply_problem(ngx_http_request_t *r,
    const team_problem_t *problem, const char *detail, json_t *errors);


/* The same for a refusal by reason, with its challenge (RFC 6750). */

void ngx_team_reply_reason(ngx_http_request_t *r, team_reason_e reason,
    const char *detail);


/*
 * 1 for a request that nginx itself has refused, sent here by the error_page
 * that team_api makes: what is wanted is the problem of r->err_status.
 */

ngx_uint_t ngx_team_reply_wanted(ngx_http_request_t *r);


#endif /* NGX_TEAM_REPLY_H */
