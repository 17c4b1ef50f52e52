/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * A worker's connections, and the bounded queue in front of them.  Connections
 * are opened when they are needed, up to database->connections, and kept; a
 * failed one is opened again with backoff and jitter.
 */

#ifndef NGX_TEAM_POOL_H
#define NGX_TEAM_POOL_H

#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_team_pg.h"


typedef struct ngx_team_pool_s  ngx_team_pool_t;


/*
 * Made in init_process, on the cycle's pool.  gauges: this worker's own.
 * Returns NULL without memory.
 */

ngx_team_pool_t *ngx_team_pool_create(ngx_cycle_t *cycle,
    const ngx_team_database_t *database, ngx_team_pg_counters_t *counters,
    ngx_team_pg_gauges_t *gauges);


/*
 * Starts a query, or queues it.  The deadline is database->timeout from now.
 * While the last connection attempt has failed and no connection is open, a
 * query is answered UNAVAILABLE at once unless an attempt is under way or
 * due.  The handler is always called later, exactly once, unless the query is
 * abandoned.
 */

void ngx_team_pool_query(ngx_team_pool_t *pool, ngx_team_query_t *query);


/* exit_process: closes everything; no handler is called any more. */

void ngx_team_pool_destroy(ngx_team_pool_t *pool);


#endif /* NGX_TEAM_POOL_H */
