/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* Answers that the module itself gives. */

#ifndef NGX_TEAM_REPLY_H
#define NGX_TEAM_REPLY_H

#include "ngx_team.h"
#include "team_problem.h"


/*
 * Adds a response header; name and value are not copied.
 * Returns NGX_OK or NGX_ERROR (no memory).
 */

ngx_int_t ngx_team_reply_header(ngx_http_request_t *r, ngx_str_t name,
    ngx_str_t value);


/*
 * Sends a whole answer: status, type and body (copied; len 0: no body and no
 * Content-Type), with Cache-Control: no-store, and finalizes the request, which
 * must not be touched afterwards.  Headers may have been added before.
 */

void ngx_team_reply_send(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t type, ngx_str_t body);


/*
 * Sends a problem (RFC 9457) and finalizes.  detail and errors may be NULL;
 * errors is borrowed.  503 and 429 carry Retry-After.  Where the administrator
 * has an error_page for the status, that is what the client gets.
 */

void ngx_team_reply_problem(ngx_http_request_t *r,
    const team_problem_t *problem, const char *detail, json_t *errors);


/* The same for a refusal of the gate, with its challenge (RFC 6750). */

void ngx_team_reply_reason(ngx_http_request_t *r, team_reason_e reason,
    const char *detail);


#endif /* NGX_TEAM_REPLY_H */
