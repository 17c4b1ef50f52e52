/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* The request headers under X-Team-: what the application may believe. */

#ifndef NGX_TEAM_HEADERS_H
#define NGX_TEAM_HEADERS_H

#include "ngx_team.h"


/* Configuration time: hashes of the names. */

void ngx_team_headers_init(void);


/*
 * 1 for a name that an application could take for one of ours: "X-Team-" in any
 * case, with any other character in place of the hyphens (a header X_Team_Roles
 * becomes HTTP_X_TEAM_ROLES in CGI just the same), or "X-Team" alone.
 */

ngx_uint_t ngx_team_headers_ours(const ngx_str_t *name);


/*
 * Removes every request header of such a name.
 *
 * Returns NGX_OK, or NGX_ERROR without memory: the request must end then.
 */

ngx_int_t ngx_team_headers_scrub(ngx_http_request_t *r);


/*
 * Adds ours for ctx->identity and ctx->grant; those without a value are left
 * out.  Values are borrowed from the two, which live as long as the request.
 * Returns NGX_OK or NGX_ERROR (no memory, or no assertion could be minted).
 */

ngx_int_t ngx_team_headers_set(ngx_http_request_t *r, ngx_team_ctx_t *ctx);


#endif /* NGX_TEAM_HEADERS_H */
