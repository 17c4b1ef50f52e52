/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * A connection in the event loop: connecting, sending, reading, and the moves
 * that follow.
 */

#include "ngx_team_pq.h"


static void ngx_team_pg_poll(ngx_team_pg_t *pg);
static ngx_int_t ngx_team_pg_attach(ngx_team_pg_t *pg, ngx_uint_t write);
static void ngx_team_pg_established(ngx_team_pg_t *pg);

static void ngx_team_pg_event(ngx_event_t *ev);
static void ngx_team_pg_exchange(ngx_team_pg_t *pg);
static void ngx_team_pg_rest(ngx_team_pg_t *pg);
static void ngx_team_pg_notifies(ngx_team_pg_t *pg);
static void ngx_team_pg_lost(ngx_team_pg_t *pg, const char *message);


ngx_int_t
ngx_team_pg_connect(ngx_team_pg_t *pg)
{
    if (pg->state != NGX_TEAM_PG_CLOSED) {
        ngx_log_error(NGX_LOG_ALERT, &pg->log, 0,
                      "database connection is not closed");
        return NGX_ERROR;
    }

    pg->epoch++;
    pg->log.action = "connecting to database";

    (void) ngx_atomic_fetch_add(&pg->counters->connects, 1);

    pg->conn = ngx_team_conninfo_start(&pg->database->conninfo, pg->turn,
                                       &pg->log);
    if (pg->conn == NULL) {
        goto failed;
    }

    (void) PQsetNoticeReceiver(pg->conn, ngx_team_pg_notice, pg);

    if (PQstatus(pg->conn) == CONNECTION_BAD) {

        /* refused at once, as by a socket that is not there: tell it later */

        ngx_team_pg_move(pg, NGX_TEAM_PG_CONNECTING);
        ngx_post_event(&pg->event, &ngx_posted_next_events);
        ngx_add_timer(&pg->timer, pg->database->timeout);

        return NGX_OK;
    }

    /* a first PQconnectPoll() is due when the socket can be written to */

    if (ngx_team_pg_attach(pg, 1) != NGX_OK) {
        goto failed;
    }

    ngx_team_pg_move(pg, NGX_TEAM_PG_CONNECTING);
    ngx_add_timer(&pg->timer, pg->database->timeout);

    return NGX_OK;

failed:

    (void) ngx_atomic_fetch_add(&pg->counters->connect_failures, 1);

    ngx_team_pg_fault(pg, "could not be connected", "no memory or no free "
                      "worker_connections");

    if (pg->conn) {
        PQfinish(pg->conn);
        pg->conn = NULL;
    }

    return NGX_ERROR;
}


/*
 * PQconnectPoll() may close the socket and open another, under the same number
 * too, so nginx's connection is given back before each call and taken anew
 * after it: that also flips its instance, by which events of the old socket
 * that were already fetched are recognized as stale.
 */

static void
ngx_team_pg_poll(ngx_team_pg_t *pg)
{
    PostgresPollingStatusType  rc;

    ngx_team_pg_detach(pg);

    rc = PQconnectPoll(pg->conn);

    switch (rc) {

    case PGRES_POLLING_READING:
    case PGRES_POLLING_WRITING:

        if (ngx_team_pg_attach(pg, rc == PGRES_POLLING_WRITING) != NGX_OK) {
            ngx_team_pg_connect_failed(pg, "no free worker_connections");
        }

        return;

    case PGRES_POLLING_OK:

        if (PQsetnonblocking(pg->conn, 1) == -1
            || PQenterPipelineMode(pg->conn) != 1
            || ngx_team_pg_attach(pg, 0) != NGX_OK)
        {
            ngx_team_pg_connect_failed(pg, PQerrorMessage(pg->conn));
            return;
        }

        ngx_team_pg_established(pg);
        return;

    default:
        ngx_team_pg_connect_failed(pg, PQerrorMessage(pg->conn));
        return;
    }
}


/*
 * Events for the socket: reading, or, where write is set, only writing, since
 * a connection attempt waits for exactly one of them.
 */

static ngx_int_t
ngx_team_pg_attach(ngx_team_pg_t *pg, ngx_uint_t write)
{
    int                fd;
    ngx_int_t          rc;
    ngx_connection_t  *c;

    fd = PQsocket(pg->conn);
    if (fd == -1) {
        return NGX_ERROR;
    }

    c = ngx_get_connection(fd, &pg->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    c->data = pg;
    c->pool = NULL;
    c->log_error = NGX_ERROR_INFO;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);

    c->read->handler = ngx_team_pg_event;
    c->read->log = &pg->log;
    c->write->handler = ngx_team_pg_event;
    c->write->log = &pg->log;

    pg->connection = c;
    pg->log.connection = c->number;

    rc = write ? ngx_add_event(c->write, NGX_WRITE_EVENT, NGX_LEVEL_EVENT)
               : ngx_add_event(c->read, NGX_READ_EVENT, NGX_LEVEL_EVENT);

    if (rc != NGX_OK) {
        ngx_team_pg_detach(pg);
    }

    return rc;
}


/*
 * The socket itself is libpq's.  Where libpq has closed it, after an error, it
 * has left epoll already.
 */

void
ngx_team_pg_detach(ngx_team_pg_t *pg)
{
    ngx_uint_t         flags;
    ngx_connection_t  *c;

    c = pg->connection;

    if (c == NULL) {
        return;
    }

    flags = (PQsocket(pg->conn) == c->fd) ? 0 : NGX_CLOSE_EVENT;

    if (c->read->active) {
        ngx_del_event(c->read, NGX_READ_EVENT, flags);
    }

    if (c->write->active) {
        ngx_del_event(c->write, NGX_WRITE_EVENT, flags);
    }

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    c->read->closed = 1;
    c->write->closed = 1;

    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;

    pg->connection = NULL;
}


static void
ngx_team_pg_established(ngx_team_pg_t *pg)
{
    ngx_atomic_t  *since;
    ngx_msec_t     start;

    ngx_del_timer(&pg->timer);

    pg->log.action = "talking to database";

    since = &pg->counters->fault_since;
    start = *since;

    /* whoever of the workers clears the fault says so */

    if (start && ngx_atomic_cmp_set(since, start, 0)) {
        pg->counters->fault_crc = 0;

        ngx_log_error(NGX_LOG_NOTICE, &pg->log, 0,
                      "database connection established again after %M ms",
                      ngx_current_msec - start);
    }

    ngx_team_pg_move(pg, NGX_TEAM_PG_IDLE);
    pg->owner->ready(pg);
    ngx_team_pg_rest(pg);
}


/* Both events of the socket, in all states. */

static void
ngx_team_pg_event(ngx_event_t *ev)
{
    ngx_team_pg_t     *pg;
    ngx_connection_t  *c;

    c = ev->data;
    pg = c->data;

    if (c->close) {

        /*
         * a worker that exits: idle connections go at once, the others only
         * when worker_shutdown_timeout has passed
         */

        ngx_team_pg_closed(pg);
        return;
    }

    if (pg->state == NGX_TEAM_PG_CONNECTING) {
        ngx_team_pg_poll(pg);
        return;
    }

    ngx_team_pg_exchange(pg);
}


static void
ngx_team_pg_exchange(ngx_team_pg_t *pg)
{
    ngx_int_t   rc;
    ngx_uint_t  alive, epoch;

    epoch = pg->epoch;
    alive = (PQconsumeInput(pg->conn) == 1);

    if (alive && pg->state == NGX_TEAM_PG_BUSY) {
        alive = (ngx_team_pg_flush(pg) == NGX_OK);
    }

    rc = NGX_TEAM_ANSWER_MORE;

    if (pg->state == NGX_TEAM_PG_BUSY) {
        rc = ngx_team_query_answer(pg);

    } else {
        /* parses what has come: parameters, notices, a farewell */
        (void) PQisBusy(pg->conn);
    }

    ngx_team_pg_notifies(pg);

    if (rc == NGX_TEAM_ANSWER_WRONG) {
        ngx_team_pg_lost(pg, "answer is not one that was asked for");
        return;
    }

    if (rc == NGX_TEAM_ANSWER_SYNC) {

        if (pg->dying) {
            pg->leave = (const char *) pg->farewell;

        } else if (!alive) {
            pg->leave = "the server has closed it";
        }

        ngx_team_pg_answered(pg);

        if (pg->epoch != epoch || pg->state == NGX_TEAM_PG_CLOSED) {
            return;
        }
    }

    if (!alive || PQstatus(pg->conn) == CONNECTION_BAD) {
        ngx_team_pg_lost(pg, PQerrorMessage(pg->conn));
        return;
    }

    if (pg->notified) {
        pg->notified = 0;

        if (pg->owner->notify) {
            pg->owner->notify(pg);
        }

        pg->own_payload = 0;
    }
}


/* Asks for write events as long as libpq has something to send. */

ngx_int_t
ngx_team_pg_flush(ngx_team_pg_t *pg)
{
    int           rc;
    ngx_event_t  *wev;

    wev = pg->connection->write;
    rc = PQflush(pg->conn);

    if (rc == -1) {
        return NGX_ERROR;
    }

    if (rc == 1 && !wev->active) {
        return ngx_add_event(wev, NGX_WRITE_EVENT, NGX_LEVEL_EVENT);
    }

    if (rc == 0 && wev->active) {
        return ngx_del_event(wev, NGX_WRITE_EVENT, 0);
    }

    return NGX_OK;
}


/* The answer to all that was sent has come. */

void
ngx_team_pg_answered(ngx_team_pg_t *pg)
{
    ngx_uint_t         refused;
    ngx_team_query_t  *query;

    query = pg->query;

    if (query && ngx_team_query_again(pg) == NGX_OK) {
        return;
    }

    if (pg->cancelling && !ngx_team_cancel_done(pg)) {

        /* or the cancel might hit the next query */

        pg->answered = 1;
        return;
    }

    if (pg->cancelling) {
        ngx_team_cancel_drop(pg);
        pg->cancelling = 0;
        pg->log.action = "talking to database";

        if (pg->timer.timer_set) {
            ngx_del_timer(&pg->timer);
        }
    }

    pg->query = NULL;
    pg->answered = 0;

    if (pg->leave) {
        ngx_team_pg_fault(pg, "is left", pg->leave);
        ngx_team_pg_closed(pg);

    } else {
        ngx_team_pg_move(pg, NGX_TEAM_PG_IDLE);
        pg->owner->ready(pg);
    }

    if (query) {
        refused = query->failed;
        query->pg = NULL;

        ngx_team_query_finish(query, refused ? NGX_TEAM_QUERY_REFUSED
                                             : NGX_TEAM_QUERY_OK,
                              pg->counters);
    }

    ngx_team_pg_rest(pg);
}


/* A worker that exits keeps no connection without work. */

static void
ngx_team_pg_rest(ngx_team_pg_t *pg)
{
    if (ngx_exiting && pg->state == NGX_TEAM_PG_IDLE) {
        ngx_team_pg_closed(pg);
    }
}


static void
ngx_team_pg_notifies(ngx_team_pg_t *pg)
{
    size_t     len;
    PGnotify  *notify;

    for ( ;; ) {
        notify = PQnotifies(pg->conn);
        if (notify == NULL) {
            return;
        }

        pg->notified = 1;

        if (notify->be_pid == PQbackendPID(pg->conn)) {
            len = ngx_min(ngx_strlen(notify->extra), sizeof(pg->payload));
            ngx_memcpy(pg->payload, notify->extra, len);
            pg->payload_len = len;
            pg->own_payload = 1;
        }

        PQfreemem(notify);
    }
}


static void
ngx_team_pg_lost(ngx_team_pg_t *pg, const char *message)
{
    /* the server's last words say more than libpq's "closed unexpectedly" */

    if (pg->dying) {
        message = (const char *) pg->farewell;
    }

    ngx_team_pg_fault(pg, "connection was lost", message);
    ngx_team_pg_closed(pg);
}
