/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * Cancel requests.  libpq before 17 only has PQcancel(), which connects and
 * waits; so it runs in a thread of its own, a few of them at once.  The thread
 * touches nothing but its ngx_team_cancel_t, which the last of the two users,
 * connection and thread, frees.
 */

#include "ngx_team_pq.h"

#include <pthread.h>
#include <signal.h>


#define NGX_TEAM_CANCEL_THREADS  4      /* a worker */
#define NGX_TEAM_CANCEL_STACK    (256 * 1024)
#define NGX_TEAM_CANCEL_AGAIN    200    /* msec */


struct ngx_team_cancel_s {
    PGcancel      *cancel;
    ngx_atomic_t   users;

    /* the thread's until it is no user any more */

    ngx_uint_t     failed;
    char           error[256];
};


static void *ngx_team_cancel_thread(void *data);
static ngx_int_t ngx_team_cancel_spawn(ngx_team_cancel_t *cancel,
    ngx_log_t *log);
static void ngx_team_cancel_unref(ngx_team_cancel_t *cancel);


static ngx_atomic_t  ngx_team_cancel_threads;


ngx_int_t
ngx_team_cancel_start(ngx_team_pg_t *pg)
{
    ngx_team_cancel_t  *cancel;

    if (ngx_team_cancel_threads >= NGX_TEAM_CANCEL_THREADS) {
        return NGX_BUSY;
    }

    cancel = ngx_alloc(sizeof(ngx_team_cancel_t), &pg->log);
    if (cancel == NULL) {
        return NGX_ERROR;
    }

    cancel->users = 2;
    cancel->failed = 0;
    cancel->error[0] = '\0';
    cancel->cancel = PQgetCancel(pg->conn);

    if (cancel->cancel == NULL) {
        ngx_free(cancel);
        return NGX_ERROR;
    }

    (void) ngx_atomic_fetch_add(&ngx_team_cancel_threads, 1);

    if (ngx_team_cancel_spawn(cancel, &pg->log) != NGX_OK) {
        (void) ngx_atomic_fetch_add(&ngx_team_cancel_threads, -1);
        PQfreeCancel(cancel->cancel);
        ngx_free(cancel);
        return NGX_ERROR;
    }

    pg->cancel = cancel;
    pg->cancel_next = ngx_current_msec + NGX_TEAM_CANCEL_AGAIN;

    (void) ngx_atomic_fetch_add(&pg->counters->cancels, 1);

    return NGX_OK;
}


static ngx_int_t
ngx_team_cancel_spawn(ngx_team_cancel_t *cancel, ngx_log_t *log)
{
    int             err;
    sigset_t        all, old;
    pthread_t       thread;
    pthread_attr_t  attr;

    err = pthread_attr_init(&attr);
    if (err) {
        goto failed;
    }

    (void) pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    (void) pthread_attr_setstacksize(&attr, NGX_TEAM_CANCEL_STACK);

    /* signals are the worker's */

    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_SETMASK, &all, &old);

    err = pthread_create(&thread, &attr, ngx_team_cancel_thread, cancel);

    (void) pthread_sigmask(SIG_SETMASK, &old, NULL);
    (void) pthread_attr_destroy(&attr);

    if (err == 0) {
        return NGX_OK;
    }

failed:

    ngx_log_error(NGX_LOG_ERR, log, err, "no thread for a cancel request");

    return NGX_ERROR;
}


static void *
ngx_team_cancel_thread(void *data)
{
    ngx_team_cancel_t *cancel = data;

    cancel->failed = !PQcancel(cancel->cancel, cancel->error,
                               sizeof(cancel->error));

    PQfreeCancel(cancel->cancel);

    ngx_team_cancel_unref(cancel);

    (void) ngx_atomic_fetch_add(&ngx_team_cancel_threads, -1);

    return NULL;
}


/*
 * True when no cancel request is under way.  PQcancel() returns after the
 * server has signalled the backend, so the next query is safe then.
 */

ngx_uint_t
ngx_team_cancel_done(ngx_team_pg_t *pg)
{
    return pg->cancel == NULL || pg->cancel->users == 1;
}


/*
 * Whether a request should be sent: a first one, one after a failure, or one
 * more, since a backend that had not yet read the query ignores it.
 */

ngx_uint_t
ngx_team_cancel_due(ngx_team_pg_t *pg)
{
    if (pg->cancel == NULL) {
        return 1;
    }

    if (!ngx_team_cancel_done(pg)) {
        return 0;
    }

    if (pg->cancel->failed) {
        ngx_team_pg_fault(pg, "cancel request failed", pg->cancel->error);

    } else if ((ngx_msec_int_t) (pg->cancel_next - ngx_current_msec) > 0) {
        return 0;
    }

    ngx_team_cancel_drop(pg);

    return 1;
}


void
ngx_team_cancel_drop(ngx_team_pg_t *pg)
{
    if (pg->cancel) {
        ngx_team_cancel_unref(pg->cancel);
        pg->cancel = NULL;
    }
}


static void
ngx_team_cancel_unref(ngx_team_cancel_t *cancel)
{
    if (ngx_atomic_fetch_add(&cancel->users, -1) == 1) {
        ngx_free(cancel);
    }
}
