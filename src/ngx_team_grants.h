/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * What a person may do: worker cache, zone, PostgreSQL, in this order, with
 * one query at a time for one key (single flight).
 */

#ifndef NGX_TEAM_GRANTS_H
#define NGX_TEAM_GRANTS_H

#include "ngx_team.h"


/* init_process: nothing is under way.  NGX_OK. */

ngx_int_t ngx_team_grants_init(void);


/*
 * The grant of ctx->identity in the account that selector names (an id, a
 * slug, or len 0 for the person's only one).
 *
 * Returns NGX_OK      ctx->grant (counted) and ctx->cache are set
 *         NGX_AGAIN   ctx->waiter will be called: then waiter->grant is the
 *                     grant, or NULL with waiter->reason
 *         NGX_DECLINED  it can't be known: ctx->reason
 *         NGX_ERROR   no memory
 */

ngx_int_t ngx_team_grants_get(ngx_team_ctx_t *ctx, team_str_t selector);


/* A waiter that is not to be called any more. */

void ngx_team_grants_abandon(ngx_team_waiter_t *waiter);


/* Gives a count back. */

void ngx_team_grant_release(ngx_team_grant_t *grant);


/*
 * Forgets what a management function said it changed: a JSON array of
 * {"issuer","subject"} and {"account"}, as team_api.reply has it.  Afterwards
 * no worker of this nginx uses an older grant of these.  Text that can't be
 * read forgets everything.
 */

void ngx_team_grants_forget(ngx_str_t changed);


#endif /* NGX_TEAM_GRANTS_H */
