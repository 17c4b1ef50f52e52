/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * Queries: making them, ending them, reading their rows.
 */

#include "ngx_team_pq.h"


#define NGX_TEAM_QUERY_POOL  1024


static void ngx_team_query_latency(ngx_team_query_t *query,
    ngx_team_pg_counters_t *counters);


const ngx_uint_t  ngx_team_latency_bounds[NGX_TEAM_LATENCY_BUCKETS - 1] = {
    250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000
};


ngx_team_query_t *
ngx_team_query_create(const ngx_team_statement_t *statement, ngx_log_t *log)
{
    ngx_pool_t        *pool;
    ngx_team_query_t  *query;

    pool = ngx_create_pool(NGX_TEAM_QUERY_POOL, log);
    if (pool == NULL) {
        return NULL;
    }

    query = ngx_pcalloc(pool, sizeof(ngx_team_query_t));
    if (query == NULL) {
        goto failed;
    }

    query->values = ngx_pcalloc(pool, (statement->nparams + 1)
                                      * sizeof(char *));
    if (query->values == NULL) {
        goto failed;
    }

    query->pool = pool;
    query->log = log;
    query->statement = statement;

    query->timer.data = query;
    query->timer.log = log;

    return query;

failed:

    ngx_destroy_pool(pool);

    return NULL;
}


ngx_int_t
ngx_team_query_set(ngx_team_query_t *query, ngx_uint_t i, const u_char *data,
    size_t len)
{
    u_char  *copy;

    if (i >= query->statement->nparams) {
        return NGX_ERROR;
    }

    if (data == NULL) {
        query->values[i] = NULL;
        return NGX_OK;
    }

    if (memchr(data, '\0', len) != NULL) {
        return NGX_ERROR;
    }

    copy = ngx_pnalloc(query->pool, len + 1);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(copy, data, len);
    copy[len] = '\0';

    query->values[i] = (const char *) copy;

    return NGX_OK;
}


void
ngx_team_query_abandon(ngx_team_query_t *query)
{
    ngx_log_t  *log;

    if (query->done) {
        return;
    }

    /* the request's log goes with the request */

    log = ngx_cycle->log;

    query->log = log;
    query->pool->log = log;
    query->timer.log = log;

    query->abandoned = 1;
    query->handler = NULL;

    if (query->pg) {
        return;
    }

    if (query->leave) {
        query->leave(query);

    } else if (query->answered) {
        ngx_queue_remove(&query->queue);
    }

    ngx_team_query_destroy(query);
}


void
ngx_team_query_destroy(ngx_team_query_t *query)
{
    if (query->timer.timer_set) {
        ngx_del_timer(&query->timer);
    }

    PQclear(query->result);

    /* the handler may have ended the request, and with it its log */

    query->pool->log = ngx_cycle->log;

    ngx_destroy_pool(query->pool);
}


void
ngx_team_query_finish(ngx_team_query_t *query, ngx_team_query_e outcome,
    ngx_team_pg_counters_t *counters)
{
    ngx_atomic_t  *counter;

    if (query->timer.timer_set) {
        ngx_del_timer(&query->timer);
    }

    switch (outcome) {

    case NGX_TEAM_QUERY_REFUSED:
        counter = &counters->refused;
        ngx_team_query_latency(query, counters);
        break;

    case NGX_TEAM_QUERY_UNAVAILABLE:
        counter = &counters->unavailable;
        break;

    case NGX_TEAM_QUERY_OVERLOADED:
        counter = &counters->overloaded;
        break;

    case NGX_TEAM_QUERY_TIMEOUT:
        counter = &counters->timeouts;
        break;

    default: /* NGX_TEAM_QUERY_OK */
        counter = NULL;
        ngx_team_query_latency(query, counters);
    }

    if (counter) {
        (void) ngx_atomic_fetch_add(counter, 1);
    }

    query->outcome = outcome;
    query->done = 1;

    if (!query->abandoned && query->handler) {
        query->handler(query);
    }

    ngx_team_query_destroy(query);
}


/* Forgets the answer: it is sent again, or nobody may look at half of one. */

void
ngx_team_query_reset(ngx_team_query_t *query)
{
    PQclear(query->result);

    query->result = NULL;
    query->failed = 0;
    query->sqlstate[0] = '\0';

    ngx_str_null(&query->message);
    ngx_str_null(&query->detail);
    ngx_str_null(&query->hint);
}


static void
ngx_team_query_latency(ngx_team_query_t *query,
    ngx_team_pg_counters_t *counters)
{
    uint64_t         us;
    ngx_uint_t       i;
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    us = (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
    us = (us > query->started_us) ? us - query->started_us : 0;

    for (i = 0; i < NGX_TEAM_LATENCY_BUCKETS - 1; i++) {
        if (us <= ngx_team_latency_bounds[i]) {
            break;
        }
    }

    (void) ngx_atomic_fetch_add(&counters->latency_us,
                                (ngx_atomic_int_t) us);
    (void) ngx_atomic_fetch_add(&counters->latency[i], 1);
}


ngx_uint_t
ngx_team_query_rows(ngx_team_query_t *query)
{
    return query->result ? PQntuples(query->result) : 0;
}


ngx_uint_t
ngx_team_query_columns(ngx_team_query_t *query)
{
    return query->result ? PQnfields(query->result) : 0;
}


ngx_str_t
ngx_team_query_value(ngx_team_query_t *query, ngx_uint_t row,
    ngx_uint_t column)
{
    PGresult   *res;
    ngx_str_t   value;

    ngx_str_null(&value);

    res = query->result;

    if (row >= ngx_team_query_rows(query)
        || column >= ngx_team_query_columns(query)
        || PQgetisnull(res, row, column))
    {
        return value;
    }

    value.data = (u_char *) PQgetvalue(res, row, column);
    value.len = PQgetlength(res, row, column);

    return value;
}
