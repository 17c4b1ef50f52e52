/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * The shared zone: the table of grants, the epochs, the lease, the keeper's
 * seat and the counters.
 *
 * Time is counted in changes.  Every change that arrives takes the next number
 * of seq and writes it into the epoch of the person, of the account, or of
 * everything.  A grant carries the number that seq had before its load began;
 * it counts only while none of its three epochs is higher.  So a change never
 * searches for entries, and a load that began before a change can't be used
 * after it, wherever it was stored.
 */

#ifndef NGX_TEAM_ZONE_H
#define NGX_TEAM_ZONE_H

#include "ngx_team.h"
#include "team_table.h"


#define NGX_TEAM_ZONE_SLOTS     64      /* of counters; more workers share */


/* One a worker, so that counting does not bounce cache lines. */

typedef struct {
    ngx_atomic_t             decisions[NGX_TEAM_DECISIONS];
    ngx_atomic_t             reasons[TEAM_REASONS];
    ngx_atomic_t             caches[NGX_TEAM_CACHES];
    ngx_atomic_t             tokens_verified;   /* not remembered */
    ngx_atomic_t             tokens_known;      /* remembered */
    ngx_atomic_t             api_requests;
    ngx_atomic_t             pid;
    ngx_team_pg_gauges_t     gauges;
} ngx_team_slot_t;


/* A login on its way to PostgreSQL; see ngx_team_logins.h. */

typedef struct {
    uint64_t                 issuer;       /* id */
    int64_t                  at;           /* seconds since the epoch */
    uint8_t                  len;
    char                     subject[TEAM_MAX_SUBJECT];
} ngx_team_login_t;


/* In shared memory. */

typedef struct {
    uint32_t                 version;      /* of this layout */
    uint32_t                 size;         /* sizeof this: another build */
    uint64_t                 key[2];       /* for SipHash */

    ngx_atomic_t             seq;
    ngx_atomic_t             all;          /* epoch of everything */
    ngx_atomic_t             lease;        /* monotonic ms */
    ngx_atomic_t             keeper;       /* pid; 0: the seat is free */
    ngx_atomic_t             keeper_until; /* monotonic ms */
    ngx_atomic_t             changes;      /* read by keepers */
    ngx_atomic_t             takeovers;
    ngx_atomic_t             torn;         /* tables found half-written */
    ngx_atomic_t             complained;   /* monotonic ms: the last line about
                                              what SQL refused */

    ngx_atomic_t            *persons;      /* epochs, mask + 1 of each */
    ngx_atomic_t            *accounts;
    ngx_uint_t               mask;

    /* guarded by the mutex */

    team_table_t            *table;

    ngx_team_login_t        *logins;       /* a ring */
    ngx_uint_t               logins_max;
    ngx_uint_t               logins_first; /* counted on, taken modulo max */
    ngx_uint_t               logins_next;
    ngx_atomic_t             logins_dropped;


    ngx_team_pg_counters_t   pg;
    ngx_team_slot_t          slots[NGX_TEAM_ZONE_SLOTS];
} ngx_team_zone_sh_t;


struct ngx_team_zone_s {
    ngx_team_zone_sh_t      *sh;
    ngx_slab_pool_t         *shpool;
};


/* The shared memory's init callback; shm_zone->data is ngx_team_zone_t. */

ngx_int_t ngx_team_zone_init(ngx_shm_zone_t *shm_zone, void *data);


/* The smallest zone that holds anything, bytes. */

#define NGX_TEAM_ZONE_MIN  (32 * 4096)


/*
 * The issuer's part of a key: 64 bits of a hash that is the same in every
 * process and build.  Issuers come from the configuration, never from a client,
 * and two that collide are refused there.
 */

uint64_t ngx_team_issuer_id(const char *name, size_t len);


/* The epochs. */

ngx_atomic_t *ngx_team_zone_person(ngx_team_zone_t *zone, uint64_t issuer,
    team_str_t subject);
ngx_atomic_t *ngx_team_zone_account(ngx_team_zone_t *zone, team_str_t id);


/* A change: of a person, of an account, of everything (epoch NULL). */

void ngx_team_zone_bump(ngx_team_zone_t *zone, ngx_atomic_t *epoch);


/* 1 while a load that began at seq counts; account may be NULL. */

static ngx_inline ngx_uint_t
ngx_team_zone_current(ngx_team_zone_t *zone, uint64_t seq,
    ngx_atomic_t *person, ngx_atomic_t *account)
{
    return zone->sh->all <= seq
           && *person <= seq
           && (account == NULL || *account <= seq);
}


/* 1 while the proof that changes reach us holds. */

static ngx_inline ngx_uint_t
ngx_team_zone_leased(ngx_team_zone_t *zone, uint64_t now)
{
    return now < zone->sh->lease;
}


/* Sets the lease, unless a later one is there. */

void ngx_team_zone_renew(ngx_team_zone_t *zone, uint64_t until);


/*
 * Looks up or stores a grant; see team_table.h for what is returned.  Both
 * take the mutex, and neither can fail in another way than "not there".
 */

int ngx_team_zone_lookup(ngx_team_zone_t *zone, const team_table_key_t *key,
    team_table_value_t *value);
void ngx_team_zone_store(ngx_team_zone_t *zone, const team_table_key_t *key,
    const team_table_value_t *value);


/*
 * The ring of logins: put returns NGX_OK, or NGX_DECLINED when it is full; peek
 * copies at most max of the oldest and returns how many; drop removes them.
 */

ngx_int_t ngx_team_zone_login_put(ngx_team_zone_t *zone,
    const ngx_team_login_t *login);
ngx_uint_t ngx_team_zone_login_peek(ngx_team_zone_t *zone,
    ngx_team_login_t *logins, ngx_uint_t max);
void ngx_team_zone_login_drop(ngx_team_zone_t *zone, ngx_uint_t n);


/* The table's figures for the status page. */

void ngx_team_zone_stats(ngx_team_zone_t *zone, team_table_stats_t *stats);


/*
 * The keeper's seat.  Returns 1 if this process has it afterwards, until
 * "until" (monotonic ms), else 0.
 */

ngx_uint_t ngx_team_zone_seat_take(ngx_team_zone_t *zone, uint64_t now,
    uint64_t until);
void ngx_team_zone_seat_leave(ngx_team_zone_t *zone);


#define ngx_team_slot()                                                       \
    (&ngx_team_worker.zone->sh->slots[ngx_team_worker.slot])

#define ngx_team_count(member)                                                \
    (void) ngx_atomic_fetch_add(&ngx_team_slot()->member, 1)


#endif /* NGX_TEAM_ZONE_H */
