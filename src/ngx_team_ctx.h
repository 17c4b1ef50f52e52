/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#ifndef NGX_TEAM_CTX_H
#define NGX_TEAM_CTX_H

#include "ngx_team.h"


/*
 * The request's context, made with its cleanup (which abandons a wait and a
 * query, and gives identity and grant back) if there is none yet.
 * Returns NULL without memory.
 */

ngx_team_ctx_t *ngx_team_ctx_get(ngx_http_request_t *r);


/*
 * The context there is, or was: a redirect inside nginx, to an error page say,
 * clears it, and yet logs want to know what was decided.  NULL: none.
 */

ngx_team_ctx_t *ngx_team_ctx_find(ngx_http_request_t *r);


/*
 * 0 when the request has gone on without what ctx waits for: its client went,
 * and "post_action" has led it to elsewhere.  It must be left alone then.
 */

ngx_uint_t ngx_team_ctx_is_current(ngx_team_ctx_t *ctx);


#endif /* NGX_TEAM_CTX_H */
