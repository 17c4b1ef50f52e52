/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * What the files of a connection share, and nobody else: ngx_team_pg.c,
 * ngx_team_pg_event.c, ngx_team_pg_log.c, ngx_team_pg_send.c, ngx_team_query.c,
 * ngx_team_cancel.c, ngx_team_conninfo.c and ngx_team_hosts.c.  The one place
 * that includes <libpq-fe.h>.
 */

#ifndef NGX_TEAM_PQ_H
#define NGX_TEAM_PQ_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include <libpq-fe.h>

#include "ngx_team_pg.h"


typedef enum {
    NGX_TEAM_PG_CLOSED = 0,
    NGX_TEAM_PG_CONNECTING,
    NGX_TEAM_PG_IDLE,
    NGX_TEAM_PG_BUSY
} ngx_team_pg_state_e;


typedef struct ngx_team_cancel_s  ngx_team_cancel_t;


/*
 * A statement this connection has seen.  The generation is part of its name on
 * the server: it moves on when the server says that the plan behind the name
 * no longer fits.
 */

typedef struct {
    const ngx_team_statement_t   *statement;
    ngx_uint_t                    generation;
    ngx_uint_t                    prepared;
} ngx_team_prepared_t;


struct ngx_team_pg_s {
    ngx_team_pg_state_e           state;      /* ngx_team_pg_move() only */
    PGconn                       *conn;
    ngx_connection_t             *connection;

    const ngx_team_database_t    *database;
    const ngx_team_pg_owner_t    *owner;
    void                         *data;
    ngx_team_pg_counters_t       *counters;
    ngx_team_pg_gauges_t         *gauges;
    ngx_log_t                     log;

    ngx_event_t                   timer;      /* CONNECTING; after a timeout */
    ngx_event_t                   event;      /* for what must happen later */
    ngx_queue_t                   ended;      /* queries, told from event */

    ngx_uint_t                    epoch;      /* counts connections */
    ngx_uint_t                    turn;       /* which host comes first */

    /*
     * The one query under way: NULL in BUSY when it timed out and its answer
     * is still to come.  A deeper pipeline would make these a queue.
     */

    ngx_team_query_t             *query;
    ngx_team_query_t             *orphan;     /* during closed */
    ngx_uint_t                    used;       /* its entry in prepared */
    ngx_array_t                   prepared;   /* of ngx_team_prepared_t */

    const char                   *leave;      /* why not to use it again */
    ngx_team_cancel_t            *cancel;
    ngx_msec_t                    cancel_next;
    ngx_msec_t                    cancel_end; /* patience ends */

    u_char                        farewell[256];  /* FATAL while idle */
    u_char                        payload[64];
    size_t                        payload_len;

    unsigned                      preparing:1;    /* its answer comes first */
    unsigned                      prepares:1;     /* Prepare was sent along */
    unsigned                      answered:1;     /* but cancel not done */
    unsigned                      cancelling:1;
    unsigned                      dying:1;        /* farewell is set */
    unsigned                      notified:1;
    unsigned                      own_payload:1;
};


/* ngx_team_pg.c */

void ngx_team_pg_move(ngx_team_pg_t *pg, ngx_team_pg_state_e state);
void ngx_team_pg_connect_failed(ngx_team_pg_t *pg, const char *message);
void ngx_team_pg_cancel(ngx_team_pg_t *pg);

/* Gives everything back, whatever the state; pg->query stays the caller's. */

void ngx_team_pg_release(ngx_team_pg_t *pg);

/* Closes from inside the event loop: tells the owner, then the query's. */

void ngx_team_pg_closed(ngx_team_pg_t *pg);


/* ngx_team_pg_log.c */

/* The handler of pg->log: says where the connection leads. */

u_char *ngx_team_pg_log(ngx_log_t *log, u_char *buf, size_t len);

/* The notice receiver; keeps the reason the server gives for an end. */

void ngx_team_pg_notice(void *data, const PGresult *res);

/*
 * These log at error, at most a line a second from all workers together: a
 * connection is in trouble; a statement took longer than "timeout".
 */

void ngx_team_pg_fault(ngx_team_pg_t *pg, const char *what,
    const char *message);
void ngx_team_pg_slow(ngx_team_pg_t *pg, const char *statement);


/* ngx_team_pg_event.c */

void ngx_team_pg_detach(ngx_team_pg_t *pg);
ngx_int_t ngx_team_pg_flush(ngx_team_pg_t *pg);
void ngx_team_pg_answered(ngx_team_pg_t *pg);


/* ngx_team_query.c */

void ngx_team_query_reset(ngx_team_query_t *query);


/* ngx_team_pg_send.c */

#define NGX_TEAM_ANSWER_MORE   NGX_AGAIN
#define NGX_TEAM_ANSWER_SYNC   NGX_OK
#define NGX_TEAM_ANSWER_WRONG  NGX_ERROR  /* nothing we ever ask for */

/* Reads what has arrived. */

ngx_int_t ngx_team_query_answer(ngx_team_pg_t *pg);

/* NGX_OK: was sent once more, its statement prepared anew; NGX_DECLINED. */

ngx_int_t ngx_team_query_again(ngx_team_pg_t *pg);

void ngx_team_pg_forget(ngx_team_pg_t *pg);


/* ngx_team_cancel.c */

/* NGX_OK: being sent; NGX_BUSY: too many at once, try later; NGX_ERROR. */

ngx_int_t ngx_team_cancel_start(ngx_team_pg_t *pg);
ngx_uint_t ngx_team_cancel_done(ngx_team_pg_t *pg);
ngx_uint_t ngx_team_cancel_due(ngx_team_pg_t *pg);
void ngx_team_cancel_drop(ngx_team_pg_t *pg);


/* ngx_team_hosts.c */

typedef struct {
    ngx_str_t                     host;
    ngx_str_t                     hostaddr;
    ngx_str_t                     port;
} ngx_team_host_t;

/*
 * Appends every address of every host in the options to hosts, an array of
 * ngx_team_host_t; none where libpq's default applies.  Returns NULL or an
 * error text.
 */

char *ngx_team_conninfo_hosts(ngx_pool_t *pool, PQconninfoOption *options,
    ngx_array_t *hosts);

/* NULL where it is absent or empty. */

const char *ngx_team_conninfo_option(PQconninfoOption *options,
    const char *keyword);

/* what "name": why, or what name */

char *ngx_team_conninfo_error(ngx_pool_t *pool, const char *what,
    ngx_str_t *name, const char *why);

/*
 * PQconnectStart, with the list of hosts turned so that another one comes
 * first: libpq gives us no way to leave a host that does not answer, so the
 * attempt after a timeout starts with the next.  NULL without memory.
 */

PGconn *ngx_team_conninfo_start(const ngx_str_t *conninfo, ngx_uint_t turn,
    ngx_log_t *log);


#endif /* NGX_TEAM_PQ_H */
