/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * Between the two halves of grants: ngx_team_grants.c, which looks into the
 * caches, and ngx_team_load.c, which asks PostgreSQL.  For these two only.
 */

#ifndef NGX_TEAM_LOAD_H
#define NGX_TEAM_LOAD_H

#include "ngx_team_grants.h"


/*
 * Waits for the load of a key, and starts it if there is none.  NGX_AGAIN:
 * ctx->waiter will be called; NGX_ERROR: no memory.
 */

ngx_int_t ngx_team_load_join(ngx_team_ctx_t *ctx, team_str_t selector);


/* A copy in one block, with refs 1; seq and loaded are the caller's to set. */

ngx_team_grant_t *ngx_team_grant_create(const team_grant_t *from,
    ngx_team_identity_t *identity, team_str_t selector);


/* The identity remembers the grant, the request holds it; takes one count. */

void ngx_team_grants_use(ngx_team_ctx_t *ctx, ngx_team_grant_t *grant);


/* To the zone; what does not fit is answered all the same, only not shared. */

void ngx_team_grants_store(const ngx_team_issuer_t *issuer,
    team_str_t subject, ngx_team_grant_t *grant);


#endif /* NGX_TEAM_LOAD_H */
