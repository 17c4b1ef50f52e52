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


/*
 * Notes that identity has logged in at its auth_time, else iat; nothing if it
 * has neither.  When the ring is full, because PostgreSQL is away, the login is
 * not noted, and counted as dropped.
 */

void ngx_team_logins_add(const ngx_team_identity_t *identity);


/*
 * For the keeper: sends the oldest ones, in batches until none is left, unless
 * that is under way already.  Through the worker's pool: whoever holds the row
 * of a person, psql for one, makes the statement wait, and the keeper's own
 * connection must not wait with it.  They stay in the ring while the database
 * can't take them, and leave it when they are recorded or SQL finds something
 * wrong with them.  A refusal is logged once, until one is taken again.
 */

void ngx_team_logins_tell(ngx_log_t *log);


/* The seat is another's, who tells of what is not known to be recorded. */

void ngx_team_logins_leave(void);


#endif /* NGX_TEAM_LOGINS_H */
