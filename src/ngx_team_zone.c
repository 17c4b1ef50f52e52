/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_zone.h"

#include <openssl/rand.h>


#define NGX_TEAM_ZONE_VERSION     1
#define NGX_TEAM_ZONE_MIN_EPOCHS  256
#define NGX_TEAM_ZONE_MAX_EPOCHS  65536
#define NGX_TEAM_ZONE_MAX_LOGINS  4096


static ngx_int_t ngx_team_zone_create(ngx_shm_zone_t *shm_zone,
    ngx_team_zone_t *zone);
static ngx_int_t ngx_team_zone_epochs(ngx_team_zone_t *zone, size_t size);
static ngx_int_t ngx_team_zone_logins(ngx_team_zone_t *zone, size_t size);
static ngx_int_t ngx_team_zone_table(ngx_team_zone_t *zone);
static void ngx_team_zone_lock(ngx_team_zone_t *zone);
static void ngx_team_zone_unlock(ngx_team_zone_t *zone);


ngx_int_t
ngx_team_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_team_zone_t     *zone, *old;
    ngx_team_zone_sh_t  *sh;

    zone = shm_zone->data;
    old = data;

    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (old != NULL) {
        zone->sh = old->sh;

    } else if (shm_zone->shm.exists) {
        zone->sh = zone->shpool->data;

    } else {
        return ngx_team_zone_create(shm_zone, zone);
    }

    sh = zone->sh;

    /* a binary upgrade may bring another layout: it must not be misread */

    if (sh == NULL
        || sh->version != NGX_TEAM_ZONE_VERSION
        || sh->size != sizeof(ngx_team_zone_sh_t))
    {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "team_zone \"%V\" was made by another version of "
                      "ngx_team, give it another name or size",
                      &shm_zone->shm.name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_team_zone_create(ngx_shm_zone_t *shm_zone, ngx_team_zone_t *zone)
{
    size_t               len;
    ngx_slab_pool_t     *shpool;
    ngx_team_zone_sh_t  *sh;

    shpool = zone->shpool;

    len = sizeof(" in team_zone \"\"") + shm_zone->shm.name.len;

    shpool->log_ctx = ngx_slab_alloc(shpool, len);
    if (shpool->log_ctx == NULL) {
        goto failed;
    }

    ngx_sprintf(shpool->log_ctx, " in team_zone \"%V\"%Z",
                &shm_zone->shm.name);

    sh = ngx_slab_calloc(shpool, sizeof(ngx_team_zone_sh_t));
    if (sh == NULL) {
        goto failed;
    }

    zone->sh = sh;
    shpool->data = sh;

    sh->version = NGX_TEAM_ZONE_VERSION;
    sh->size = sizeof(ngx_team_zone_sh_t);

    /* grants that carry 0 can't be current: the count starts at one */

    sh->seq = 1;

    if (RAND_bytes((u_char *) sh->key, sizeof(sh->key)) != 1) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "no random bytes for team_zone \"%V\"",
                      &shm_zone->shm.name);
        return NGX_ERROR;
    }

    if (ngx_team_zone_epochs(zone, shm_zone->shm.size) != NGX_OK
        || ngx_team_zone_logins(zone, shm_zone->shm.size) != NGX_OK
        || ngx_team_zone_table(zone) != NGX_OK)
    {
        goto failed;
    }

    return NGX_OK;

failed:

    ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                  "team_zone \"%V\" of %uzk is too small",
                  &shm_zone->shm.name, shm_zone->shm.size / 1024);

    return NGX_ERROR;
}


/*
 * Two persons in one slot only cost each other a query after a change, so the
 * arrays grow with the zone but stay small in it: one part in 64.
 */

static ngx_int_t
ngx_team_zone_epochs(ngx_team_zone_t *zone, size_t size)
{
    ngx_uint_t           n;
    ngx_team_zone_sh_t  *sh;

    n = NGX_TEAM_ZONE_MIN_EPOCHS;

    while (n < NGX_TEAM_ZONE_MAX_EPOCHS
           && n * 2 * 2 * sizeof(ngx_atomic_t) <= size / 64)
    {
        n *= 2;
    }

    sh = zone->sh;

    sh->mask = n - 1;

    sh->persons = ngx_slab_calloc(zone->shpool, n * sizeof(ngx_atomic_t));
    sh->accounts = ngx_slab_calloc(zone->shpool, n * sizeof(ngx_atomic_t));

    return (sh->persons && sh->accounts) ? NGX_OK : NGX_ERROR;
}


/* A second's worth where the zone is large, one part in 32 where it is not. */

static ngx_int_t
ngx_team_zone_logins(ngx_team_zone_t *zone, size_t size)
{
    ngx_uint_t           n;
    ngx_team_zone_sh_t  *sh;

    n = size / 32 / sizeof(ngx_team_login_t);
    n = ngx_min(n, NGX_TEAM_ZONE_MAX_LOGINS);

    sh = zone->sh;

    sh->logins_max = n;
    sh->logins = ngx_slab_calloc(zone->shpool, n * sizeof(ngx_team_login_t));

    return sh->logins ? NGX_OK : NGX_ERROR;
}


/* All that is left, in whole pages. */

static ngx_int_t
ngx_team_zone_table(ngx_team_zone_t *zone)
{
    void        *memory;
    ngx_uint_t   pages;

    for (pages = zone->shpool->pfree; pages; pages--) {

        /* free pages need not be one run: slots took some in between */

        zone->shpool->log_nomem = 0;

        memory = ngx_slab_alloc(zone->shpool, pages * ngx_pagesize);

        if (memory != NULL) {
            zone->sh->table = team_table_create(memory, pages * ngx_pagesize,
                                                zone->sh->key);

            return zone->sh->table ? NGX_OK : NGX_ERROR;
        }
    }

    return NGX_ERROR;
}


uint64_t
ngx_team_issuer_id(const char *name, size_t len)
{
    static const uint64_t  key[2] = { 0x6e67785f7465616dULL,
                                      0x6973737565722e31ULL };

    return team_siphash(key, name, len);
}


ngx_atomic_t *
ngx_team_zone_person(ngx_team_zone_t *zone, uint64_t issuer,
    team_str_t subject)
{
    uint64_t             key[2];
    ngx_team_zone_sh_t  *sh;

    sh = zone->sh;

    key[0] = sh->key[0] ^ issuer;
    key[1] = sh->key[1];

    return &sh->persons[team_siphash(key, subject.data, subject.len)
                        & sh->mask];
}


ngx_atomic_t *
ngx_team_zone_account(ngx_team_zone_t *zone, team_str_t id)
{
    ngx_team_zone_sh_t  *sh;

    sh = zone->sh;

    return &sh->accounts[team_siphash(sh->key, id.data, id.len) & sh->mask];
}


void
ngx_team_zone_bump(ngx_team_zone_t *zone, ngx_atomic_t *epoch)
{
    ngx_atomic_uint_t    seq, old;
    ngx_team_zone_sh_t  *sh;

    sh = zone->sh;

    if (epoch == NULL) {
        epoch = &sh->all;
    }

    seq = ngx_atomic_fetch_add(&sh->seq, 1) + 1;

    /* two changes of one epoch may come the other way round: keep the higher */

    do {
        old = *epoch;

        if (old >= seq) {
            return;
        }

    } while (!ngx_atomic_cmp_set(epoch, old, seq));
}


void
ngx_team_zone_renew(ngx_team_zone_t *zone, uint64_t until)
{
    ngx_atomic_uint_t  old;

    do {
        old = zone->sh->lease;

        if (old >= until) {
            return;
        }

    } while (!ngx_atomic_cmp_set(&zone->sh->lease, old, until));
}


static void
ngx_team_zone_lock(ngx_team_zone_t *zone)
{
    ngx_shmtx_lock(&zone->shpool->mutex);

    if (team_table_enter(zone->sh->table)) {
        (void) ngx_atomic_fetch_add(&zone->sh->torn, 1);
    }
}


static void
ngx_team_zone_unlock(ngx_team_zone_t *zone)
{
    team_table_leave(zone->sh->table);

    ngx_shmtx_unlock(&zone->shpool->mutex);
}


int
ngx_team_zone_lookup(ngx_team_zone_t *zone, const team_table_key_t *key,
    team_table_value_t *value)
{
    int  rc;

    ngx_team_zone_lock(zone);

    rc = team_table_lookup(zone->sh->table, key, value);

    ngx_team_zone_unlock(zone);

    return rc;
}


void
ngx_team_zone_store(ngx_team_zone_t *zone, const team_table_key_t *key,
    const team_table_value_t *value)
{
    ngx_team_zone_lock(zone);

    (void) team_table_store(zone->sh->table, key, value);

    ngx_team_zone_unlock(zone);
}


void
ngx_team_zone_stats(ngx_team_zone_t *zone, team_table_stats_t *stats)
{
    ngx_team_zone_lock(zone);

    team_table_stats(zone->sh->table, stats);

    ngx_team_zone_unlock(zone);
}


/* A process that dies in the middle leaves a login out, or one told twice. */

ngx_int_t
ngx_team_zone_login_put(ngx_team_zone_t *zone, const ngx_team_login_t *login)
{
    ngx_int_t            rc;
    ngx_team_zone_sh_t  *sh;

    sh = zone->sh;
    rc = NGX_DECLINED;

    ngx_shmtx_lock(&zone->shpool->mutex);

    if (sh->logins_next - sh->logins_first < sh->logins_max) {
        sh->logins[sh->logins_next % sh->logins_max] = *login;
        ngx_memory_barrier();
        sh->logins_next++;

        rc = NGX_OK;
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);

    return rc;
}


ngx_uint_t
ngx_team_zone_login_peek(ngx_team_zone_t *zone, ngx_team_login_t *logins,
    ngx_uint_t max)
{
    ngx_uint_t           i, n;
    ngx_team_zone_sh_t  *sh;

    sh = zone->sh;

    ngx_shmtx_lock(&zone->shpool->mutex);

    n = ngx_min(sh->logins_next - sh->logins_first, max);

    for (i = 0; i < n; i++) {
        logins[i] = sh->logins[(sh->logins_first + i) % sh->logins_max];
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);

    return n;
}


void
ngx_team_zone_login_drop(ngx_team_zone_t *zone, ngx_uint_t n)
{
    ngx_team_zone_sh_t  *sh;

    sh = zone->sh;

    ngx_shmtx_lock(&zone->shpool->mutex);

    sh->logins_first += ngx_min(sh->logins_next - sh->logins_first, n);

    ngx_shmtx_unlock(&zone->shpool->mutex);
}


ngx_uint_t
ngx_team_zone_seat_take(ngx_team_zone_t *zone, uint64_t now, uint64_t until)
{
    ngx_pid_t            holder;
    ngx_team_zone_sh_t  *sh;

    sh = zone->sh;
    holder = (ngx_pid_t) sh->keeper;

    if (holder != ngx_pid) {

        /* a process that was killed leaves the seat to the first who asks */

        if (holder != 0
            && now < sh->keeper_until
            && !(kill(holder, 0) == -1 && ngx_errno == NGX_ESRCH))
        {
            return 0;
        }

        if (!ngx_atomic_cmp_set(&sh->keeper, (ngx_atomic_uint_t) holder,
                                (ngx_atomic_uint_t) ngx_pid))
        {
            return 0;
        }

        (void) ngx_atomic_fetch_add(&sh->takeovers, 1);
    }

    sh->keeper_until = until;

    return 1;
}


void
ngx_team_zone_seat_leave(ngx_team_zone_t *zone)
{
    (void) ngx_atomic_cmp_set(&zone->sh->keeper, (ngx_atomic_uint_t) ngx_pid,
                              0);
}
