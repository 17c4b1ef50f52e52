/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * The keeper: one worker per nginx that reads what changed in the database and
 * renews the lease of the zone.
 *
 * Every second (or every poll interval) it reads the change log.  That read is
 * the proof: it began at a known moment and told every change committed before
 * it, so the lease runs for "stale" from that moment.  LISTEN only makes the
 * next read come at once.  A connection that is stopped, black-holed or behind
 * a pooler that swallows notifications therefore costs time, never the promise.
 */

#ifndef NGX_TEAM_KEEPER_H
#define NGX_TEAM_KEEPER_H

#include "ngx_team.h"


/* init_process: starts to ask for the keeper's seat.  NGX_OK, NGX_ERROR. */

ngx_int_t ngx_team_keeper_init(ngx_cycle_t *cycle);

/* exit_process: leaves the seat to another worker. */

void ngx_team_keeper_exit(void);


#endif /* NGX_TEAM_KEEPER_H */
