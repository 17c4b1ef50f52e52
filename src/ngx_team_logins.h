/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * Logins on their way to PostgreSQL: a ring in the zone.  A worker that sees a
 * good token for the first time puts a login in; the keeper takes them out in
 * batches.  A login is told at most once a worker, and the database keeps one
 * of equal ones, so it may be told again but is not counted twice.
 */

#ifndef NGX_TEAM_LOGINS_H
#define NGX_TEAM_LOGINS_H

#include "ngx_team.h"


#define NGX_TEAM_LOGINS_BATCH  64     /* at a time */


/*
 * Notes that identity has logged in at its auth_time, else iat; nothing if it
 * has neither.  When the ring is full, because PostgreSQL is away, the login is
 * not noted, and counted as dropped.
 */

void ngx_team_logins_add(const ngx_team_identity_t *identity);


/*
 * The oldest logins as a JSON array of {"issuer", "subject", "at"}, allocated
 * from pool, at most NGX_TEAM_LOGINS_BATCH.  Returns NGX_OK with how many in *n
 * (0: none, text is not set) or NGX_ERROR (no memory).
 */

ngx_int_t ngx_team_logins_peek(ngx_pool_t *pool, ngx_str_t *text,
    ngx_uint_t *n);

/* They are in the database. */

void ngx_team_logins_drop(ngx_uint_t n);


#endif /* NGX_TEAM_LOGINS_H */
