/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * A worker's connections and the queue in front of them.
 *
 * The connections know their own states; kept here is only which of them are
 * being opened, and what the last attempt has taught.  Everything that happens
 * ends in ngx_team_pool_settle().
 */

#include "ngx_team_pool.h"


#define NGX_TEAM_POOL_BACKOFF_MIN  100      /* msec, doubling */
#define NGX_TEAM_POOL_BACKOFF_MAX  2000


typedef struct {
    ngx_team_pg_t                *pg;
    ngx_team_pool_t              *pool;
    ngx_uint_t                    connecting;
} ngx_team_pool_slot_t;


typedef struct {
    ngx_uint_t                    open;
    ngx_uint_t                    connecting;
    ngx_uint_t                    openable;   /* now, beside those */
} ngx_team_pool_census_t;


struct ngx_team_pool_s {
    const ngx_team_database_t    *database;
    ngx_team_pg_counters_t       *counters;
    ngx_team_pg_gauges_t         *gauges;

    ngx_team_pool_slot_t         *slots;

    ngx_queue_t                   waiting;
    ngx_uint_t                    nwaiting;

    ngx_queue_t                   answers;    /* told from event */
    ngx_event_t                   event;

    ngx_msec_t                    backoff;
    ngx_msec_t                    next;       /* no attempt before, if failed */
    ngx_uint_t                    failed;     /* the last attempt */
};


static ngx_int_t ngx_team_pool_send(ngx_team_pool_t *pool,
    ngx_team_query_t *query);
static void ngx_team_pool_wait(ngx_team_pool_t *pool, ngx_team_query_t *query,
    ngx_uint_t first);
static void ngx_team_pool_leave(ngx_team_query_t *query);
static void ngx_team_pool_answer(ngx_team_pool_t *pool,
    ngx_team_query_t *query, ngx_team_query_e outcome);
static void ngx_team_pool_answers(ngx_event_t *ev);
static void ngx_team_pool_timeout(ngx_event_t *ev);

static void ngx_team_pool_settle(ngx_team_pool_t *pool);
static void ngx_team_pool_open(ngx_team_pool_t *pool);
static ngx_team_pool_census_t ngx_team_pool_count(ngx_team_pool_t *pool);
static void ngx_team_pool_failed(ngx_team_pool_t *pool);
static void ngx_team_pool_ready(ngx_team_pg_t *pg);
static void ngx_team_pool_closed(ngx_team_pg_t *pg);


static const ngx_team_pg_owner_t  ngx_team_pool_owner = {
    ngx_team_pool_ready,
    ngx_team_pool_closed,
    NULL
};


ngx_team_pool_t *
ngx_team_pool_create(ngx_cycle_t *cycle, const ngx_team_database_t *database,
    ngx_team_pg_counters_t *counters, ngx_team_pg_gauges_t *gauges)
{
    ngx_uint_t             i;
    ngx_team_pool_t       *pool;
    ngx_team_pool_slot_t  *slot;

    pool = ngx_pcalloc(cycle->pool, sizeof(ngx_team_pool_t));
    if (pool == NULL) {
        return NULL;
    }

    pool->slots = ngx_pcalloc(cycle->pool, database->connections
                                           * sizeof(ngx_team_pool_slot_t));
    if (pool->slots == NULL) {
        return NULL;
    }

    pool->database = database;
    pool->counters = counters;
    pool->gauges = gauges;

    ngx_queue_init(&pool->waiting);
    ngx_queue_init(&pool->answers);

    pool->event.handler = ngx_team_pool_answers;
    pool->event.data = pool;
    pool->event.log = cycle->log;

    /* another process may have had these before */

    gauges->open = 0;
    gauges->busy = 0;
    gauges->waiting = 0;

    for (i = 0; i < database->connections; i++) {
        slot = &pool->slots[i];
        slot->pool = pool;

        slot->pg = ngx_team_pg_create(cycle->pool, cycle->log, database,
                                      counters, &ngx_team_pool_owner, slot);
        if (slot->pg == NULL) {
            return NULL;
        }

        ngx_team_pg_set_gauges(slot->pg, gauges);
    }

    return pool;
}


void
ngx_team_pool_query(ngx_team_pool_t *pool, ngx_team_query_t *query)
{
    ngx_uint_t               coming;
    struct timespec          ts;
    ngx_team_pool_census_t   count;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    query->started_us = (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
    query->place = pool;
    query->timer.handler = ngx_team_pool_timeout;
    ngx_add_timer(&query->timer, pool->database->timeout);

    if (pool->nwaiting == 0 && ngx_team_pool_send(pool, query) == NGX_OK) {
        return;
    }

    count = ngx_team_pool_count(pool);
    coming = count.connecting + count.openable;

    if (count.open == 0 && coming == 0) {
        ngx_team_pool_answer(pool, query, NGX_TEAM_QUERY_UNAVAILABLE);
        return;
    }

    /* who waits for a connection that is being opened needs no place */

    if (pool->nwaiting >= pool->database->queue + coming) {
        ngx_team_pool_answer(pool, query, NGX_TEAM_QUERY_OVERLOADED);
        return;
    }

    ngx_team_pool_wait(pool, query, 0);
    ngx_team_pool_settle(pool);
}


/* NGX_OK: under way; NGX_DECLINED: no connection is idle. */

static ngx_int_t
ngx_team_pool_send(ngx_team_pool_t *pool, ngx_team_query_t *query)
{
    ngx_uint_t      i;
    ngx_team_pg_t  *pg;

    for (i = 0; i < pool->database->connections; i++) {
        pg = pool->slots[i].pg;

        /* one that turns out to be dead is closed then: try the others */

        if (ngx_team_pg_is_idle(pg)
            && ngx_team_pg_send(pg, query) == NGX_OK)
        {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


static void
ngx_team_pool_wait(ngx_team_pool_t *pool, ngx_team_query_t *query,
    ngx_uint_t first)
{
    query->place = pool;
    query->leave = ngx_team_pool_leave;
    query->timer.handler = ngx_team_pool_timeout;

    if (first) {
        ngx_queue_insert_head(&pool->waiting, &query->queue);

    } else {
        ngx_queue_insert_tail(&pool->waiting, &query->queue);
    }

    pool->nwaiting++;
    pool->gauges->waiting = pool->nwaiting;
}


/* Out of either queue. */

static void
ngx_team_pool_leave(ngx_team_query_t *query)
{
    ngx_team_pool_t  *pool;

    pool = query->place;

    ngx_queue_remove(&query->queue);
    query->leave = NULL;

    if (!query->answered) {
        pool->nwaiting--;
        pool->gauges->waiting = pool->nwaiting;
    }
}


/*
 * The handler is never called from inside ngx_team_pool_query().  The query's
 * timer runs on: without it an exiting worker might not wait for the event.
 */

static void
ngx_team_pool_answer(ngx_team_pool_t *pool, ngx_team_query_t *query,
    ngx_team_query_e outcome)
{
    query->answered = 1;
    query->outcome = outcome;
    query->leave = ngx_team_pool_leave;

    ngx_queue_insert_tail(&pool->answers, &query->queue);

    ngx_post_event(&pool->event, &ngx_posted_next_events);
}


static void
ngx_team_pool_answers(ngx_event_t *ev)
{
    ngx_queue_t       *q;
    ngx_team_pool_t   *pool;
    ngx_team_query_t  *query;

    pool = ev->data;

    while (!ngx_queue_empty(&pool->answers)) {
        q = ngx_queue_head(&pool->answers);
        query = ngx_queue_data(q, ngx_team_query_t, queue);

        ngx_team_pool_leave(query);
        ngx_team_query_finish(query, query->outcome, pool->counters);
    }
}


/* Of a query that waits; one that was sent has the connection's handler. */

static void
ngx_team_pool_timeout(ngx_event_t *ev)
{
    ngx_team_pool_t   *pool;
    ngx_team_query_t  *query;

    query = ev->data;
    pool = query->place;

    ngx_team_pool_leave(query);
    ngx_team_query_finish(query, query->answered ? query->outcome
                                                 : NGX_TEAM_QUERY_TIMEOUT,
                          pool->counters);
}


/*
 * Gives waiting queries to idle connections, opens connections for the others,
 * and where there is nothing to wait for, ends the wait.
 */

static void
ngx_team_pool_settle(ngx_team_pool_t *pool)
{
    ngx_queue_t             *q;
    ngx_team_query_t        *query;
    ngx_team_pool_census_t   count;

    while (pool->nwaiting) {
        q = ngx_queue_head(&pool->waiting);
        query = ngx_queue_data(q, ngx_team_query_t, queue);

        ngx_team_pool_leave(query);

        if (ngx_team_pool_send(pool, query) != NGX_OK) {
            ngx_team_pool_wait(pool, query, 1);
            break;
        }
    }

    ngx_team_pool_open(pool);

    count = ngx_team_pool_count(pool);

    if (count.open || count.connecting) {
        return;
    }

    while (pool->nwaiting) {
        q = ngx_queue_head(&pool->waiting);
        query = ngx_queue_data(q, ngx_team_query_t, queue);

        ngx_team_pool_leave(query);
        ngx_team_pool_answer(pool, query, NGX_TEAM_QUERY_UNAVAILABLE);
    }
}


/* As many attempts at a time as queries wait; after a failure one. */

static void
ngx_team_pool_open(ngx_team_pool_t *pool)
{
    ngx_uint_t               i;
    ngx_team_pool_slot_t    *slot;
    ngx_team_pool_census_t   count;

    count = ngx_team_pool_count(pool);

    for (i = 0; i < pool->database->connections; i++) {

        if (count.openable == 0 || count.connecting >= pool->nwaiting) {
            return;
        }

        slot = &pool->slots[i];

        if (!ngx_team_pg_is_closed(slot->pg)) {
            continue;
        }

        if (ngx_team_pg_connect(slot->pg) != NGX_OK) {
            ngx_team_pool_failed(pool);
            return;
        }

        slot->connecting = 1;
        count.connecting++;
        count.openable--;
    }
}


static ngx_team_pool_census_t
ngx_team_pool_count(ngx_team_pool_t *pool)
{
    ngx_uint_t               i, closed;
    ngx_team_pool_census_t   count;

    closed = 0;
    count.open = 0;
    count.connecting = 0;

    for (i = 0; i < pool->database->connections; i++) {

        if (ngx_team_pg_is_closed(pool->slots[i].pg)) {
            closed++;

        } else if (pool->slots[i].connecting) {
            count.connecting++;

        } else {
            count.open++;
        }
    }

    count.openable = closed;

    if (pool->failed) {
        count.openable = closed
                         && count.connecting == 0
                         && (ngx_msec_int_t) (pool->next - ngx_current_msec)
                            <= 0;
    }

    return count;
}


/* Attempts that were begun together and fail together count once. */

static void
ngx_team_pool_failed(ngx_team_pool_t *pool)
{
    ngx_msec_t  now;

    now = ngx_current_msec;

    if (pool->failed && (ngx_msec_int_t) (pool->next - now) > 0) {
        return;
    }

    pool->backoff = pool->failed ? ngx_min(pool->backoff * 2,
                                           NGX_TEAM_POOL_BACKOFF_MAX)
                                 : NGX_TEAM_POOL_BACKOFF_MIN;
    pool->failed = 1;

    /* from 75 % to 125 %, so that workers and nodes don't come in step */

    pool->next = now + pool->backoff * 3 / 4
                 + ngx_random() % (pool->backoff / 2 + 1);
}


static void
ngx_team_pool_ready(ngx_team_pg_t *pg)
{
    ngx_team_pool_slot_t  *slot;

    slot = ngx_team_pg_data(pg);

    if (slot->connecting) {
        slot->connecting = 0;
        slot->pool->failed = 0;
    }

    ngx_team_pool_settle(slot->pool);
}


static void
ngx_team_pool_closed(ngx_team_pg_t *pg)
{
    ngx_team_pool_t       *pool;
    ngx_team_query_t      *query;
    ngx_team_pool_slot_t  *slot;

    slot = ngx_team_pg_data(pg);
    pool = slot->pool;

    if (slot->connecting) {
        slot->connecting = 0;
        ngx_team_pool_failed(pool);
    }

    query = ngx_team_pg_take(pg);

    if (query) {
        query->repeated = 1;
        ngx_team_pool_wait(pool, query, 1);
    }

    ngx_team_pool_settle(pool);
}


void
ngx_team_pool_destroy(ngx_team_pool_t *pool)
{
    ngx_uint_t         i;
    ngx_queue_t       *q, *queues[2];

    if (pool->event.posted) {
        ngx_delete_posted_event(&pool->event);
    }

    queues[0] = &pool->waiting;
    queues[1] = &pool->answers;

    for (i = 0; i < 2; i++) {
        while (!ngx_queue_empty(queues[i])) {
            q = ngx_queue_head(queues[i]);
            ngx_queue_remove(q);

            ngx_team_query_destroy(ngx_queue_data(q, ngx_team_query_t,
                                                  queue));
        }
    }

    pool->nwaiting = 0;
    pool->gauges->waiting = 0;

    for (i = 0; i < pool->database->connections; i++) {
        ngx_team_pg_destroy(pool->slots[i].pg);
    }
}
