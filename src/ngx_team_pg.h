/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * One PostgreSQL connection in nginx's event loop, and queries.  Only the
 * private header ngx_team_pq.h includes <libpq-fe.h>.
 *
 * A connection is in one state, moved by one function (ngx_team_pg_move):
 *
 *     CLOSED -> CONNECTING -> IDLE <-> BUSY -> CLOSED, and any -> CLOSED
 *
 * Pipeline mode throughout: a statement's first use on a connection sends
 * Parse, Bind, Execute and Sync in one go; later uses send Bind, Execute, Sync.
 */

#ifndef NGX_TEAM_PG_H
#define NGX_TEAM_PG_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


typedef struct ngx_team_pg_s     ngx_team_pg_t;
typedef struct ngx_team_query_s  ngx_team_query_t;


/* A statement is static text, prepared under its name where it is used. */

typedef struct {
    const char                *name;      /* also what logs show */
    const char                *text;
    ngx_uint_t                 nparams;   /* $1 .. $n, all sent as text */
} ngx_team_statement_t;


/* Where, how, how long: made at configuration time, const afterwards. */

typedef struct {
    ngx_str_t                  conninfo;  /* NUL-terminated; host names are
                                             resolved already (hostaddr) */
    ngx_uint_t                 connections;   /* a worker, >= 1 */
    ngx_uint_t                 queue;     /* queries that may wait, a worker */
    ngx_msec_t                 timeout;   /* for one query, waiting included;
                                             and for one connect */
} ngx_team_database_t;


/* In shared memory, one for all workers.  Latencies: see the bounds below. */

#define NGX_TEAM_LATENCY_BUCKETS  12

typedef struct {
    ngx_atomic_t               queries;      /* sent */
    ngx_atomic_t               refused;      /* answered with an SQL error */
    ngx_atomic_t               unavailable;  /* connection lost or none */
    ngx_atomic_t               timeouts;
    ngx_atomic_t               overloaded;   /* queue full */
    ngx_atomic_t               cancels;      /* cancel requests sent */
    ngx_atomic_t               connects;
    ngx_atomic_t               connect_failures;
    ngx_atomic_t               latency_us;   /* sum, microseconds */
    ngx_atomic_t               latency[NGX_TEAM_LATENCY_BUCKETS];

    /* not counters: all workers share one log line a second for faults */

    ngx_atomic_t               fault_since;  /* msec, 0: all is well */
    ngx_atomic_t               fault_line;   /* msec of the last line */
    ngx_atomic_t               fault_crc;    /* what it said */
} ngx_team_pg_counters_t;

/* upper bounds in microseconds, ascending; the last bucket has none */

extern const ngx_uint_t  ngx_team_latency_bounds[NGX_TEAM_LATENCY_BUCKETS - 1];


/*
 * In shared memory, one a process: indexed by ngx_process_slot, since after a
 * reload the old and the new worker share an ngx_worker number for a while.
 */

typedef struct {
    ngx_atomic_t               open;         /* connections */
    ngx_atomic_t               busy;
    ngx_atomic_t               waiting;      /* queries in the queue */
} ngx_team_pg_gauges_t;


typedef enum {
    NGX_TEAM_QUERY_OK = 0,        /* rows can be read */
    NGX_TEAM_QUERY_REFUSED,       /* SQL error: sqlstate, message, hint set */
    NGX_TEAM_QUERY_UNAVAILABLE,   /* no connection, or it was lost; whether a
                                     statement already sent ran is unknown */
    NGX_TEAM_QUERY_OVERLOADED,    /* queue full; nothing was sent */
    NGX_TEAM_QUERY_TIMEOUT        /* a cancel was sent if it was running */
} ngx_team_query_e;


typedef void (*ngx_team_query_handler_pt)(ngx_team_query_t *query);


/*
 * A query owns its pool; everything it needs is allocated from it, parameters
 * included.  The handler is called exactly once, from the event loop or, when
 * the pool is overloaded, from a posted event: never from inside the call that
 * starts the query.  After the handler returns the query is destroyed.
 */

struct ngx_team_query_s {
    ngx_pool_t                    *pool;
    ngx_log_t                     *log;
    const ngx_team_statement_t    *statement;
    const char                   **values;     /* nparams; NULL is SQL null */
    ngx_team_query_handler_pt      handler;
    void                          *data;

    /* for the handler */

    ngx_team_query_e               outcome;
    void                          *result;     /* PGresult, cleared by us */
    char                           sqlstate[6];
    ngx_str_t                      message;    /* MESSAGE_PRIMARY */
    ngx_str_t                      detail;     /* MESSAGE_DETAIL, or empty */
    ngx_str_t                      hint;       /* MESSAGE_HINT, or empty; all
                                                  borrowed, as values are */

    /* set by the owner before it starts */

    unsigned                       idempotent:1;  /* a read: if its connection
                                                     dies, again on another */

    /* inside pg and pool only */

    unsigned                       abandoned:1;
    unsigned                       sent:1;
    unsigned                       repeated:1;    /* that once is used up */
    unsigned                       failed:1;      /* result is an error */
    unsigned                       done:1;        /* in or past its handler */
    unsigned                       answered:1;    /* outcome not told yet */
    unsigned                       prepares:2;    /* times prepared again */
    ngx_queue_t                    queue;
    ngx_event_t                    timer;
    ngx_team_pg_t                 *pg;
    uint64_t                       started_us;    /* monotonic */
    void                         (*leave)(ngx_team_query_t *query);
    void                          *place;         /* whose queue it is in */
};


/*
 * A new query on a pool of its own.  values has room for statement->nparams
 * pointers, all NULL.  Returns NULL without memory.
 */

ngx_team_query_t *ngx_team_query_create(const ngx_team_statement_t *statement,
    ngx_log_t *log);


/*
 * Sets parameter i (0-based) to a NUL-terminated copy.  A NULL data makes it
 * SQL null.  Returns NGX_OK, or NGX_ERROR (no memory, or a NUL inside).
 */

ngx_int_t ngx_team_query_set(ngx_team_query_t *query, ngx_uint_t i,
    const u_char *data, size_t len);


/*
 * Nobody waits any more: the handler will never be called, the query goes on
 * to its end by itself and is then destroyed.  (A query that still waits in
 * the queue is removed and destroyed at once.)  For request cleanups; within
 * the query's own handler it does nothing.  The log given to create is not
 * used afterwards.
 */

void ngx_team_query_abandon(ngx_team_query_t *query);


/* A query that was never started. */

void ngx_team_query_destroy(ngx_team_query_t *query);


/* For pg and pool: counts, calls the handler, destroys the query. */

void ngx_team_query_finish(ngx_team_query_t *query, ngx_team_query_e outcome,
    ngx_team_pg_counters_t *counters);


/* Reading rows; row and column 0-based, within the result. */

ngx_uint_t ngx_team_query_rows(ngx_team_query_t *query);
ngx_uint_t ngx_team_query_columns(ngx_team_query_t *query);

/* Borrowed until the handler returns; data NULL and len 0 for SQL null. */

ngx_str_t ngx_team_query_value(ngx_team_query_t *query, ngx_uint_t row,
    ngx_uint_t column);


/*
 * The connection.  Its owner (pool, keeper) is told of two things:
 *   ready   it became IDLE: it takes a query
 *   closed  it became CLOSED, for whatever reason; the owner may connect again
 * and of notifications.  All are called from the event loop, never from inside
 * one of the calls below.  When a query ends, ready or closed comes first and
 * its handler after it.
 *
 * An exiting worker (ngx_exiting) closes its connections as they become idle:
 * ready, and if it started no query, closed.  A query started after that opens
 * a connection once more; an owner that would connect again by itself has to
 * look at ngx_exiting.
 */

typedef struct {
    void  (*ready)(ngx_team_pg_t *pg);
    void  (*closed)(ngx_team_pg_t *pg);
    void  (*notify)(ngx_team_pg_t *pg);      /* may be NULL; one call for any
                                                number of notifications */
} ngx_team_pg_owner_t;


ngx_team_pg_t *ngx_team_pg_create(ngx_pool_t *pool, ngx_log_t *log,
    const ngx_team_database_t *database, ngx_team_pg_counters_t *counters,
    const ngx_team_pg_owner_t *owner, void *data);

void *ngx_team_pg_data(ngx_team_pg_t *pg);


/* Keeps gauges->open and ->busy right from now on. */

void ngx_team_pg_set_gauges(ngx_team_pg_t *pg, ngx_team_pg_gauges_t *gauges);


/*
 * Starts connecting; only in CLOSED.  Returns NGX_OK (ready or closed will
 * follow), NGX_ERROR (not even started; logged).
 */

ngx_int_t ngx_team_pg_connect(ngx_team_pg_t *pg);


/*
 * Sends a query; only in IDLE.  Starts its timer unless it runs already.
 * NGX_OK: its handler will be called.  NGX_ERROR: the connection turned out to
 * be dead and is CLOSED now (closed is not called), nothing was sent, and the
 * query is still the caller's.
 */

ngx_int_t ngx_team_pg_send(ngx_team_pg_t *pg, ngx_team_query_t *query);


/*
 * Closes now; a query under way ends as UNAVAILABLE, its handler called from a
 * posted event.  closed is not called.
 */

void ngx_team_pg_close(ngx_team_pg_t *pg);


/* For exit_process: the same, but a query under way is just destroyed. */

void ngx_team_pg_destroy(ngx_team_pg_t *pg);


/*
 * Only inside closed: takes over the idempotent query that was under way, to
 * be sent once more.  NULL when there is none.  One not taken ends as
 * UNAVAILABLE.
 */

ngx_team_query_t *ngx_team_pg_take(ngx_team_pg_t *pg);


/*
 * Only inside notify: the payload of the last notification that this very
 * connection sent to itself since the last call of notify; data NULL if none.
 * What the keeper proves its lease with.
 */

ngx_str_t ngx_team_pg_own_payload(ngx_team_pg_t *pg);

ngx_uint_t ngx_team_pg_is_idle(ngx_team_pg_t *pg);
ngx_uint_t ngx_team_pg_is_closed(ngx_team_pg_t *pg);


/*
 * Configuration time: checks a conninfo (key=value or URI) with
 * PQconninfoParse, resolves its host names, and writes the expanded,
 * NUL-terminated text to *out.  All its keys are kept, and given defaults that
 * suit an event loop: client_encoding, fallback_application_name, gssencmode.
 * Returns NULL, or an error text (allocated from pool, never with a password)
 * fit for "[emerg] ... %s".
 */

char *ngx_team_pg_conninfo(ngx_pool_t *pool, ngx_str_t *conninfo,
    ngx_str_t *out);


#endif /* NGX_TEAM_PG_H */
