/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * One connection: its making, its states, its end.
 */

#include "ngx_team_pq.h"

#include <openssl/err.h>


#define NGX_TEAM_PG_TICK         10     /* msec: is the cancel done? */
#define NGX_TEAM_PG_PATIENCE     1000   /* msec for the answer to a cancel */


static void ngx_team_pg_timer(ngx_event_t *ev);
static void ngx_team_pg_posted(ngx_event_t *ev);


static const char  *ngx_team_pg_states[] = {
    "closed", "connecting", "idle", "busy"
};

/* from (row) to (column) */

static const u_char  ngx_team_pg_moves[4][4] = {
    { 0, 1, 0, 0 },
    { 1, 0, 1, 0 },
    { 1, 0, 0, 1 },
    { 1, 0, 1, 0 }
};


ngx_team_pg_t *
ngx_team_pg_create(ngx_pool_t *pool, ngx_log_t *log,
    const ngx_team_database_t *database, ngx_team_pg_counters_t *counters,
    const ngx_team_pg_owner_t *owner, void *data)
{
    ngx_team_pg_t  *pg;

    pg = ngx_pcalloc(pool, sizeof(ngx_team_pg_t));
    if (pg == NULL) {
        return NULL;
    }

    if (ngx_array_init(&pg->prepared, pool, 32, sizeof(ngx_team_prepared_t))
        != NGX_OK)
    {
        return NULL;
    }

    pg->database = database;
    pg->owner = owner;
    pg->data = data;
    pg->counters = counters;

    pg->log = *log;
    pg->log.handler = ngx_team_pg_log;
    pg->log.data = pg;
    pg->log.action = NULL;

    pg->timer.handler = ngx_team_pg_timer;
    pg->timer.data = pg;
    pg->timer.log = &pg->log;

    pg->event.handler = ngx_team_pg_posted;
    pg->event.data = pg;
    pg->event.log = &pg->log;

    ngx_queue_init(&pg->ended);

    return pg;
}


void *
ngx_team_pg_data(ngx_team_pg_t *pg)
{
    return pg->data;
}


void
ngx_team_pg_set_gauges(ngx_team_pg_t *pg, ngx_team_pg_gauges_t *gauges)
{
    pg->gauges = gauges;
}


ngx_uint_t
ngx_team_pg_is_idle(ngx_team_pg_t *pg)
{
    return pg->state == NGX_TEAM_PG_IDLE;
}


ngx_uint_t
ngx_team_pg_is_closed(ngx_team_pg_t *pg)
{
    return pg->state == NGX_TEAM_PG_CLOSED;
}


/* The only writer of state, and so of the gauges that follow from it. */

void
ngx_team_pg_move(ngx_team_pg_t *pg, ngx_team_pg_state_e state)
{
    ngx_team_pg_state_e  old;

    old = pg->state;

    if (!ngx_team_pg_moves[old][state]) {
        ngx_log_error(NGX_LOG_ALERT, &pg->log, 0,
                      "database connection can't move from %s to %s",
                      ngx_team_pg_states[old], ngx_team_pg_states[state]);
        return;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_CORE, &pg->log, 0,
                   "team pg %p: %s -> %s", pg, ngx_team_pg_states[old],
                   ngx_team_pg_states[state]);

    pg->state = state;

    if (pg->connection) {
        pg->connection->idle = (state == NGX_TEAM_PG_IDLE);
    }

    if (pg->gauges) {
        pg->gauges->open += (state >= NGX_TEAM_PG_IDLE);
        pg->gauges->open -= (old >= NGX_TEAM_PG_IDLE);
        pg->gauges->busy += (state == NGX_TEAM_PG_BUSY);
        pg->gauges->busy -= (old == NGX_TEAM_PG_BUSY);
    }
}


void
ngx_team_pg_connect_failed(ngx_team_pg_t *pg, const char *message)
{
    (void) ngx_atomic_fetch_add(&pg->counters->connect_failures, 1);

    ngx_team_pg_fault(pg, "could not be connected", message);
    ngx_team_pg_release(pg);
    pg->owner->closed(pg);
}


/* Closes, from inside the event loop: tells the owner, then the query's. */

void
ngx_team_pg_closed(ngx_team_pg_t *pg)
{
    ngx_team_query_t  *query;

    query = pg->query;
    pg->query = NULL;

    ngx_team_pg_release(pg);

    if (query) {
        query->pg = NULL;
        ngx_team_query_reset(query);

        if (query->idempotent && !query->repeated && !query->abandoned) {
            pg->orphan = query;
            query = NULL;
        }
    }

    pg->owner->closed(pg);

    if (pg->orphan) {
        query = ngx_team_pg_take(pg);
    }

    if (query) {
        ngx_team_query_finish(query, NGX_TEAM_QUERY_UNAVAILABLE,
                              pg->counters);
    }
}


ngx_team_query_t *
ngx_team_pg_take(ngx_team_pg_t *pg)
{
    ngx_team_query_t  *query;

    query = pg->orphan;
    pg->orphan = NULL;

    return query;
}


/* Gives everything back, whatever the state; pg->query stays the caller's. */

void
ngx_team_pg_release(ngx_team_pg_t *pg)
{
    if (pg->timer.timer_set) {
        ngx_del_timer(&pg->timer);
    }

    if (pg->event.posted && ngx_queue_empty(&pg->ended)) {
        ngx_delete_posted_event(&pg->event);
    }

    ngx_team_cancel_drop(pg);
    ngx_team_pg_forget(pg);
    ngx_team_pg_detach(pg);

    PQfinish(pg->conn);
    pg->conn = NULL;

    /* nginx logs at alert what others leave in OpenSSL's queue */

    ERR_clear_error();

    pg->log.action = NULL;
    pg->log.connection = 0;

    pg->answered = 0;
    pg->cancelling = 0;
    pg->leave = NULL;
    pg->dying = 0;
    pg->notified = 0;
    pg->own_payload = 0;

    ngx_team_pg_move(pg, NGX_TEAM_PG_CLOSED);
}


void
ngx_team_pg_close(ngx_team_pg_t *pg)
{
    ngx_team_query_t  *query;

    if (pg->state == NGX_TEAM_PG_CLOSED) {
        return;
    }

    query = pg->query;
    pg->query = NULL;

    ngx_team_pg_release(pg);

    if (query == NULL) {
        return;
    }

    query->pg = NULL;
    ngx_team_query_reset(query);

    if (query->abandoned) {
        ngx_team_query_destroy(query);
        return;
    }

    /* its end is settled: the timer would end it once more, if it came first */

    if (query->timer.timer_set) {
        ngx_del_timer(&query->timer);
    }

    ngx_queue_insert_tail(&pg->ended, &query->queue);
    query->answered = 1;

    ngx_post_event(&pg->event, &ngx_posted_next_events);
}


void
ngx_team_pg_destroy(ngx_team_pg_t *pg)
{
    ngx_queue_t  *q;

    if (pg->query) {
        pg->query->abandoned = 1;
    }

    ngx_team_pg_close(pg);

    if (pg->event.posted) {
        ngx_delete_posted_event(&pg->event);
    }

    while (!ngx_queue_empty(&pg->ended)) {
        q = ngx_queue_head(&pg->ended);
        ngx_queue_remove(q);
        ngx_team_query_destroy(ngx_queue_data(q, ngx_team_query_t, queue));
    }
}


ngx_str_t
ngx_team_pg_own_payload(ngx_team_pg_t *pg)
{
    ngx_str_t  payload;

    ngx_str_null(&payload);

    if (pg->own_payload) {
        payload.data = pg->payload;
        payload.len = pg->payload_len;
    }

    return payload;
}


/* Asks the server to end the query that timed out, and waits a little. */

void
ngx_team_pg_cancel(ngx_team_pg_t *pg)
{
    pg->cancelling = 1;
    pg->cancel_end = ngx_current_msec + NGX_TEAM_PG_PATIENCE;
    pg->log.action = "cancelling a query in database";

    (void) ngx_team_cancel_start(pg);

    ngx_add_timer(&pg->timer, NGX_TEAM_PG_TICK);
}


static void
ngx_team_pg_timer(ngx_event_t *ev)
{
    ngx_team_pg_t  *pg;

    pg = ev->data;

    if (pg->state == NGX_TEAM_PG_CONNECTING) {

        /* the host that did not answer comes last in the next attempt */

        pg->turn++;
        ngx_team_pg_connect_failed(pg, "timed out");
        return;
    }

    if (pg->answered && ngx_team_cancel_done(pg)) {
        ngx_team_pg_answered(pg);
        return;
    }

    if ((ngx_msec_int_t) (pg->cancel_end - ngx_current_msec) <= 0) {
        ngx_team_pg_fault(pg, "connection is closed",
                          "no answer after a query was cancelled");
        ngx_team_pg_closed(pg);
        return;
    }

    if (!pg->answered && ngx_team_cancel_due(pg)) {
        (void) ngx_team_cancel_start(pg);
    }

    ngx_add_timer(&pg->timer, NGX_TEAM_PG_TICK);
}


/* What could not be said from inside connect() and close(). */

static void
ngx_team_pg_posted(ngx_event_t *ev)
{
    ngx_queue_t       *q;
    ngx_team_pg_t     *pg;
    ngx_team_query_t  *query;

    pg = ev->data;

    while (!ngx_queue_empty(&pg->ended)) {
        q = ngx_queue_head(&pg->ended);
        ngx_queue_remove(q);

        query = ngx_queue_data(q, ngx_team_query_t, queue);
        query->leave = NULL;

        ngx_team_query_finish(query, NGX_TEAM_QUERY_UNAVAILABLE,
                              pg->counters);
    }

    if (pg->state == NGX_TEAM_PG_CONNECTING && pg->connection == NULL) {
        ngx_team_pg_connect_failed(pg, PQerrorMessage(pg->conn));
    }
}
