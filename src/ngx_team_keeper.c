/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_keeper.h"
#include "ngx_team_changes.h"
#include "ngx_team_grants.h"
#include "ngx_team_logins.h"
#include "ngx_team_zone.h"


#define NGX_TEAM_KEEPER_TICK    100      /* ms; how soon a free seat is taken */
#define NGX_TEAM_KEEPER_SEAT    2000     /* ms; a stalled keeper loses it */
#define NGX_TEAM_KEEPER_BEAT    1000     /* ms between two reads at most */
#define NGX_TEAM_KEEPER_RETRY   250      /* ms between two connects */
#define NGX_TEAM_KEEPER_PRUNE   60000    /* ms */
#define NGX_TEAM_KEEPER_PRUNED  1000     /* rows; there are more to prune */


typedef struct {
    ngx_team_database_t    database;     /* the gate's, with our own timeout */
    ngx_team_pg_t         *pg;
    ngx_event_t            timer;
    ngx_log_t             *log;

    uint64_t               connected;    /* ms of the last attempt */
    uint64_t               started;      /* ms when the read under way began */
    uint64_t               prune;        /* ms when the next one is due */
    uint64_t               told;         /* ms when logins were looked for */

    char                   snapshot[NGX_TEAM_CHANGES_SNAPSHOT];
    size_t                 snapshot_len; /* 0: none, forget everything */

    unsigned               seated:1;
    unsigned               listening:1;
    unsigned               pending:1;    /* a change was announced */
    unsigned               busy:1;       /* a statement is under way */
    unsigned               faulted:1;    /* told in the log */
} ngx_team_keeper_t;


static void ngx_team_keeper_tick(ngx_event_t *ev);
static void ngx_team_keeper_sit(uint64_t now);
static void ngx_team_keeper_rise(void);
static ngx_msec_t ngx_team_keeper_interval(void);
static void ngx_team_keeper_work(uint64_t now);
static void ngx_team_keeper_ready(ngx_team_pg_t *pg);
static void ngx_team_keeper_closed(ngx_team_pg_t *pg);
static void ngx_team_keeper_notify(ngx_team_pg_t *pg);
static void ngx_team_keeper_send(const ngx_team_statement_t *statement,
    ngx_team_query_handler_pt handler, const char *arg, size_t len);
static void ngx_team_keeper_listening(ngx_team_query_t *query);
static void ngx_team_keeper_changes(ngx_team_query_t *query);
static void ngx_team_keeper_pruned(ngx_team_query_t *query);
static ngx_uint_t ngx_team_keeper_failed(ngx_team_query_t *query);


static const ngx_team_statement_t  ngx_team_keeper_listen = {
    "changes_listen",
    "listen team_change",
    0
};

static const ngx_team_statement_t  ngx_team_keeper_since = {
    "changes_since",
    "select snapshot, issuer, subject, account_id "
        "from team_api.changes_since($1)",
    1
};

static const ngx_team_statement_t  ngx_team_keeper_prune = {
    "changes_prune",
    "select team_api.changes_prune()",
    0
};

static const ngx_team_pg_owner_t  ngx_team_keeper_owner = {
    ngx_team_keeper_ready,
    ngx_team_keeper_closed,
    ngx_team_keeper_notify
};


static ngx_team_keeper_t  ngx_team_keeper;


ngx_int_t
ngx_team_keeper_init(ngx_cycle_t *cycle)
{
    ngx_team_keeper_t  *keeper = &ngx_team_keeper;

    ngx_memzero(keeper, sizeof(ngx_team_keeper_t));

    /* a read that takes longer than the lease proves nothing */

    keeper->database = ngx_team_worker.conf->database;
    keeper->database.timeout = ngx_team_worker.conf->cache.stale;
    keeper->log = cycle->log;

    keeper->pg = ngx_team_pg_create(cycle->pool, cycle->log,
                                    &keeper->database,
                                    &ngx_team_worker.zone->sh->pg,
                                    &ngx_team_keeper_owner, NULL);
    if (keeper->pg == NULL) {
        return NGX_ERROR;
    }

    keeper->timer.handler = ngx_team_keeper_tick;
    keeper->timer.log = cycle->log;
    keeper->timer.data = keeper;
    keeper->timer.cancelable = 1;

    ngx_add_timer(&keeper->timer, 1);

    return NGX_OK;
}


void
ngx_team_keeper_exit(void)
{
    if (ngx_team_keeper.pg == NULL) {
        return;
    }

    if (ngx_team_keeper.timer.timer_set) {
        ngx_del_timer(&ngx_team_keeper.timer);
    }

    ngx_team_pg_destroy(ngx_team_keeper.pg);
    ngx_team_keeper.pg = NULL;

    ngx_team_zone_seat_leave(ngx_team_worker.zone);
}


static void
ngx_team_keeper_tick(ngx_event_t *ev)
{
    uint64_t  now = ngx_current_msec;

    if (ngx_exiting) {

        /* another worker takes the seat; no tick comes after this one */

        if (ngx_team_keeper.seated) {
            ngx_team_keeper_rise();
        }

        return;
    }

    if (!ngx_team_zone_seat_take(ngx_team_worker.zone, now,
                                 now + NGX_TEAM_KEEPER_SEAT))
    {
        if (ngx_team_keeper.seated) {
            ngx_team_keeper_rise();
        }

    } else {
        if (!ngx_team_keeper.seated) {
            ngx_team_keeper_sit(now);
        }

        ngx_team_keeper_work(now);
    }

    ngx_add_timer(ev, ngx_min(NGX_TEAM_KEEPER_TICK,
                              ngx_team_keeper_interval()));
}


static void
ngx_team_keeper_sit(uint64_t now)
{
    ngx_team_keeper.seated = 1;
    ngx_team_keeper.prune = now + NGX_TEAM_KEEPER_BEAT;

    ngx_log_error(NGX_LOG_INFO, ngx_team_keeper.log, 0,
                  "this worker keeps the team's changes");
}


static void
ngx_team_keeper_rise(void)
{
    ngx_team_keeper.seated = 0;
    ngx_team_keeper.listening = 0;
    ngx_team_keeper.busy = 0;

    ngx_team_logins_leave();

    if (!ngx_team_pg_is_closed(ngx_team_keeper.pg)) {
        ngx_team_pg_close(ngx_team_keeper.pg);
    }

    ngx_team_zone_seat_leave(ngx_team_worker.zone);
}


static ngx_msec_t
ngx_team_keeper_interval(void)
{
    const ngx_team_main_conf_t  *tmcf;

    tmcf = ngx_team_worker.conf;

    if (tmcf->poll) {
        return tmcf->poll;
    }

    /* two reads may fail before the lease runs out */

    return ngx_min(NGX_TEAM_KEEPER_BEAT, tmcf->cache.stale / 3);
}


static void
ngx_team_keeper_work(uint64_t now)
{
    ngx_team_keeper_t  *keeper = &ngx_team_keeper;

    if (ngx_team_pg_is_closed(keeper->pg)) {

        if (now < keeper->connected + NGX_TEAM_KEEPER_RETRY) {
            return;
        }

        /*
         * A position means nothing in another connection: a server that
         * crashed, failed over or was restored may use transaction ids again.
         */

        keeper->connected = now;
        keeper->snapshot_len = 0;
        keeper->pending = 1;
        keeper->listening = 0;
        keeper->busy = 0;

        (void) ngx_team_pg_connect(keeper->pg);

        return;
    }

    if (keeper->busy || !ngx_team_pg_is_idle(keeper->pg)) {
        return;
    }

    /* where a read is due each time we come here, all else goes before it */

    if (now >= keeper->told + NGX_TEAM_KEEPER_BEAT) {
        keeper->told = now;
        ngx_team_logins_tell(keeper->log);
    }

    if (!keeper->listening && ngx_team_worker.conf->poll == 0) {

        /* LISTEN is committed before the read that catches up */

        ngx_team_keeper_send(&ngx_team_keeper_listen,
                             ngx_team_keeper_listening, NULL, 0);
        return;
    }

    if (keeper->snapshot_len && now >= keeper->prune) {
        keeper->prune = now + NGX_TEAM_KEEPER_PRUNE;

        ngx_team_keeper_send(&ngx_team_keeper_prune, ngx_team_keeper_pruned,
                             NULL, 0);
        return;
    }

    if (keeper->pending
        || now >= keeper->started + ngx_team_keeper_interval())
    {
        keeper->pending = 0;
        keeper->started = now;

        ngx_team_keeper_send(&ngx_team_keeper_since, ngx_team_keeper_changes,
                             keeper->snapshot, keeper->snapshot_len);
    }
}


static void
ngx_team_keeper_ready(ngx_team_pg_t *pg)
{
    if (ngx_team_keeper.seated) {
        ngx_team_keeper_work(ngx_current_msec);
    }
}


static void
ngx_team_keeper_closed(ngx_team_pg_t *pg)
{
    ngx_team_keeper.listening = 0;
    ngx_team_keeper.pending = 1;
}


static void
ngx_team_keeper_notify(ngx_team_pg_t *pg)
{
    ngx_team_keeper.pending = 1;
    ngx_team_keeper_ready(pg);
}


static void
ngx_team_keeper_send(const ngx_team_statement_t *statement,
    ngx_team_query_handler_pt handler, const char *arg, size_t len)
{
    ngx_team_query_t  *query;

    query = ngx_team_query_create(statement, ngx_team_keeper.log);
    if (query == NULL) {
        return;
    }

    if (len && ngx_team_query_set(query, 0, (u_char *) arg, len) != NGX_OK) {
        ngx_team_query_destroy(query);
        return;
    }

    query->handler = handler;

    if (ngx_team_pg_send(ngx_team_keeper.pg, query) != NGX_OK) {
        ngx_team_query_destroy(query);
        return;
    }

    ngx_team_keeper.busy = 1;
}


static void
ngx_team_keeper_listening(ngx_team_query_t *query)
{
    ngx_team_keeper.busy = 0;

    if (ngx_team_keeper_failed(query)) {
        return;
    }

    ngx_team_keeper.listening = 1;
    ngx_team_keeper.pending = 1;

    ngx_team_keeper_work(ngx_current_msec);
}


static void
ngx_team_keeper_changes(ngx_team_query_t *query)
{
    ngx_str_t           snapshot;
    ngx_uint_t          i, n;
    ngx_team_zone_t    *zone = ngx_team_worker.zone;
    ngx_team_keeper_t  *keeper = &ngx_team_keeper;

    keeper->busy = 0;

    if (ngx_team_keeper_failed(query)) {
        keeper->pending = 1;
        return;
    }

    n = ngx_team_query_rows(query);

    if (n == 0 || ngx_team_query_columns(query) != 4) {
        ngx_log_error(NGX_LOG_ERR, keeper->log, 0,
                      "team_api.changes_since did not return rows of four "
                      "columns, is the schema of this version installed?");
        return;
    }

    if (keeper->snapshot_len == 0) {

        /* what changed before this read is unknown */

        ngx_team_zone_bump(zone, NULL);
    }

    for (i = 1; i < n; i++) {
        ngx_team_changes_apply(query, i);
    }

    (void) ngx_atomic_fetch_add(&zone->sh->changes, n - 1);

    snapshot = ngx_team_query_value(query, 0, 0);

    keeper->snapshot_len = ngx_team_changes_position(keeper->snapshot,
                                                     &snapshot);

    ngx_team_zone_renew(zone,
                        keeper->started + ngx_team_worker.conf->cache.stale);

    if (keeper->pending) {
        ngx_team_keeper_work(ngx_current_msec);
    }
}


static void
ngx_team_keeper_pruned(ngx_team_query_t *query)
{
    ngx_str_t  count;

    ngx_team_keeper.busy = 0;

    if (ngx_team_keeper_failed(query) || ngx_team_query_rows(query) != 1) {
        return;
    }

    count = ngx_team_query_value(query, 0, 0);

    if (ngx_atoi(count.data, count.len) >= NGX_TEAM_KEEPER_PRUNED) {
        ngx_team_keeper.prune = ngx_current_msec + NGX_TEAM_KEEPER_BEAT;
    }

    /* a change that was announced meanwhile does not wait for the next tick */

    if (ngx_team_keeper.pending) {
        ngx_team_keeper_work(ngx_current_msec);
    }
}


/* Lost connections are logged where they are lost; here what SQL refused. */

static ngx_uint_t
ngx_team_keeper_failed(ngx_team_query_t *query)
{
    if (query->outcome == NGX_TEAM_QUERY_OK) {
        ngx_team_keeper.faulted = 0;
        return 0;
    }

    if (query->outcome == NGX_TEAM_QUERY_REFUSED && !ngx_team_keeper.faulted) {
        ngx_team_keeper.faulted = 1;

        ngx_log_error(NGX_LOG_ERR, ngx_team_keeper.log, 0,
                      "the keeper's %s was refused: %V (%s)",
                      query->statement->name, &query->message,
                      query->sqlstate);
    }

    return 1;
}
