/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* Who asks: from a request's token to a verified identity. */

#ifndef NGX_TEAM_IDENTITY_H
#define NGX_TEAM_IDENTITY_H

#include "ngx_team.h"


/* init_process: the worker's cache of verified tokens.  NGX_OK, NGX_ERROR. */

ngx_int_t ngx_team_identity_init(ngx_cycle_t *cycle, ngx_uint_t tokens);

/* exit_process: every identity that no request holds is freed. */

void ngx_team_identity_exit(void);


/*
 * Finds the token by the location's sources, verifies it, unless the worker
 * remembers it, and sets ctx->identity (counted; given back by the request's
 * cleanup) and ctx->source.
 *
 * Returns TEAM_OK or why there is no identity.  Nothing is logged.
 */

team_reason_e ngx_team_identity_get(ngx_http_request_t *r,
    ngx_team_ctx_t *ctx);


/* Gives a count back; at zero the identity is freed. */

void ngx_team_identity_release(ngx_team_identity_t *identity);


#endif /* NGX_TEAM_IDENTITY_H */
