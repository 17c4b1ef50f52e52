/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_load.h"
#include "ngx_team_zone.h"
#include "team_perm.h"


#define NGX_TEAM_LOAD_BUCKETS  256
#define NGX_TEAM_LOAD_LINE     1000   /* ms between two lines in the log */


/* One query for a key, and everybody who waits for it. */

struct ngx_team_load_s {
    ngx_queue_t               queue;       /* in its bucket */
    ngx_queue_t               waiters;
    const ngx_team_issuer_t  *issuer;
    team_str_t                subject;
    team_str_t                selector;
    ngx_atomic_t             *person;
    uint64_t                  seq;
    uint64_t                  loaded;
    ngx_msec_t                began;       /* repeats included */
};


static ngx_team_load_t *ngx_team_load_create(ngx_team_identity_t *identity,
    team_str_t selector);
static ngx_int_t ngx_team_load_start(ngx_team_load_t *load);
static void ngx_team_load_handler(ngx_team_query_t *query);
static ngx_team_grant_t *ngx_team_load_grant(ngx_team_load_t *load,
    ngx_team_query_t *query, team_reason_e *reason);
static void ngx_team_load_refused(ngx_team_query_t *query);
static void ngx_team_load_done(ngx_team_load_t *load, ngx_team_grant_t *grant,
    team_reason_e reason);


static const ngx_team_statement_t  ngx_team_grant_get = {
    "grant_get",
    "select status, account_id, member_id, roles, permissions "
        "from team_api.grant_get($1, $2, $3)",
    3
};


static ngx_queue_t  ngx_team_loads[NGX_TEAM_LOAD_BUCKETS];


ngx_int_t
ngx_team_grants_init(void)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_TEAM_LOAD_BUCKETS; i++) {
        ngx_queue_init(&ngx_team_loads[i]);
    }

    return NGX_OK;
}


ngx_int_t
ngx_team_load_join(ngx_team_ctx_t *ctx, team_str_t selector)
{
    uint64_t              hash;
    ngx_queue_t          *q, *bucket;
    ngx_team_load_t      *load;
    ngx_team_identity_t  *identity;

    identity = ctx->identity;

    hash = team_siphash(ngx_team_worker.zone->sh->key, identity->subject.data,
                        identity->subject.len);

    bucket = &ngx_team_loads[hash % NGX_TEAM_LOAD_BUCKETS];

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = ngx_queue_next(q))
    {
        load = ngx_queue_data(q, ngx_team_load_t, queue);

        /* a load that a change has overtaken may be shared: it will repeat */

        if (load->issuer == identity->issuer
            && team_str_eq(load->subject, identity->subject)
            && team_str_eq(load->selector, selector))
        {
            goto join;
        }
    }

    load = ngx_team_load_create(identity, selector);
    if (load == NULL) {
        return NGX_ERROR;
    }

    if (ngx_team_load_start(load) != NGX_OK) {
        ngx_free(load);
        return NGX_ERROR;
    }

    ngx_queue_insert_tail(bucket, &load->queue);

join:

    ctx->waiter.load = load;
    ctx->waiter.grant = NULL;

    ngx_queue_insert_tail(&load->waiters, &ctx->waiter.queue);

    return NGX_AGAIN;
}


static ngx_team_load_t *
ngx_team_load_create(ngx_team_identity_t *identity, team_str_t selector)
{
    char             *p;
    ngx_team_load_t  *load;

    load = ngx_alloc(sizeof(ngx_team_load_t) + identity->subject.len
                     + selector.len,
                     ngx_cycle->log);
    if (load == NULL) {
        return NULL;
    }

    p = (char *) load + sizeof(ngx_team_load_t);

    load->subject.len = identity->subject.len;
    load->subject.data = p;
    p = (char *) ngx_cpymem(p, identity->subject.data, identity->subject.len);

    load->selector.len = selector.len;
    load->selector.data = p;
    ngx_memcpy(p, selector.data, selector.len);

    load->issuer = identity->issuer;
    load->began = ngx_current_msec;
    load->person = ngx_team_zone_person(ngx_team_worker.zone,
                                        identity->issuer->id,
                                        identity->subject);

    ngx_queue_init(&load->waiters);

    return load;
}


static ngx_int_t
ngx_team_load_start(ngx_team_load_t *load)
{
    ngx_team_query_t  *query;

    query = ngx_team_query_create(&ngx_team_grant_get, ngx_cycle->log);
    if (query == NULL) {
        return NGX_ERROR;
    }

    if (ngx_team_query_set(query, 0, load->issuer->name.data,
                           load->issuer->name.len)
        != NGX_OK
        || ngx_team_query_set(query, 1, (u_char *) load->subject.data,
                              load->subject.len)
           != NGX_OK
        || ngx_team_query_set(query, 2, (u_char *) load->selector.data,
                              load->selector.len)
           != NGX_OK)
    {
        ngx_team_query_destroy(query);
        return NGX_ERROR;
    }

    /* before the query, so that a change after this moment is never missed */

    load->seq = ngx_team_worker.zone->sh->seq;
    ngx_memory_barrier();
    load->loaded = ngx_current_msec;

    query->idempotent = 1;
    query->handler = ngx_team_load_handler;
    query->data = load;

    ngx_team_pool_query(ngx_team_worker.pool, query);

    return NGX_OK;
}


static void
ngx_team_load_handler(ngx_team_query_t *query)
{
    team_reason_e      reason;
    ngx_team_load_t   *load;
    ngx_team_grant_t  *grant;

    load = query->data;

    grant = ngx_team_load_grant(load, query, &reason);

    if (grant != NULL
        && !ngx_team_zone_current(ngx_team_worker.zone, grant->seq,
                                  grant->person, grant->account))
    {
        /* a change came while we read: what we read may be from before it */

        ngx_team_grant_release(grant);
        grant = NULL;
        reason = TEAM_UNAVAILABLE;

        if (ngx_current_msec - load->began
            < ngx_team_worker.conf->database.timeout
            && ngx_team_load_start(load) == NGX_OK)
        {
            return;
        }
    }

    if (grant != NULL) {
        ngx_team_grants_store(load->issuer, load->subject, grant);
    }

    ngx_team_load_done(load, grant, reason);
}


static ngx_team_grant_t *
ngx_team_load_grant(ngx_team_load_t *load, ngx_team_query_t *query,
    team_reason_e *reason)
{
    int                   status;
    team_str_t            word;
    team_grant_t          from;
    ngx_team_grant_t     *grant;
    ngx_team_identity_t   who;

    *reason = TEAM_UNAVAILABLE;

    switch (query->outcome) {

    case NGX_TEAM_QUERY_OK:
        break;

    case NGX_TEAM_QUERY_OVERLOADED:
        *reason = TEAM_OVERLOADED;
        return NULL;

    case NGX_TEAM_QUERY_REFUSED:
        ngx_team_load_refused(query);
        return NULL;

    default:
        return NULL;
    }

    if (ngx_team_query_rows(query) != 1 || ngx_team_query_columns(query) != 5) {
        ngx_log_error(NGX_LOG_ERR, query->log, 0,
                      "team_api.grant_get did not return one row of five "
                      "columns, is the schema of this version installed?");
        return NULL;
    }

    word = ngx_team_str(ngx_team_query_value(query, 0, 0));
    status = team_member_find(word);

    if (status == -1) {
        ngx_log_error(NGX_LOG_ERR, query->log, 0,
                      "team_api.grant_get returned an unknown status \"%*s\"",
                      word.len, word.data);
        return NULL;
    }

    from.status = (team_member_e) status;
    from.account = ngx_team_str(ngx_team_query_value(query, 0, 1));
    from.member = ngx_team_str(ngx_team_query_value(query, 0, 2));
    from.roles = ngx_team_str(ngx_team_query_value(query, 0, 3));
    from.permissions = ngx_team_str(ngx_team_query_value(query, 0, 4));

    if (!team_list_valid(from.roles) || !team_list_valid(from.permissions)) {
        ngx_log_error(NGX_LOG_ERR, query->log, 0,
                      "team_api.grant_get returned a list that is not in "
                      "order, member \"%*s\"",
                      from.member.len, from.member.data);
        return NULL;
    }

    who.issuer = load->issuer;
    who.subject = load->subject;

    grant = ngx_team_grant_create(&from, &who, load->selector);

    if (grant == NULL) {
        *reason = TEAM_INTERNAL;
        return NULL;
    }

    grant->seq = load->seq;
    grant->loaded = load->loaded;

    return grant;
}


/*
 * A look-up is never refused for what a client sent: the database is in
 * trouble.  A line a second for all workers; what the connection has told
 * itself, missing rights and functions (class 42), is not told again.
 */

static void
ngx_team_load_refused(ngx_team_query_t *query)
{
    ngx_atomic_t  *line;
    ngx_msec_t     now, last;

    now = ngx_current_msec;
    line = &ngx_team_worker.zone->sh->complained;
    last = *line;

    if (ngx_strncmp(query->sqlstate, "42", 2) == 0
        || (last != 0 && now - last < NGX_TEAM_LOAD_LINE)
        || !ngx_atomic_cmp_set(line, last, now))
    {
        return;
    }

    ngx_log_error(NGX_LOG_ERR, query->log, 0,
                  "grants can't be read: %V (%s in %s)", &query->message,
                  query->sqlstate, query->statement->name);
}


/*
 * Tells everybody.  A waiter may end other waiters' requests, so the list is
 * read anew each time; a request that comes meanwhile starts a load of its own.
 */

static void
ngx_team_load_done(ngx_team_load_t *load, ngx_team_grant_t *grant,
    team_reason_e reason)
{
    ngx_queue_t        *q;
    ngx_team_ctx_t     *ctx;
    ngx_team_waiter_t  *waiter;

    ngx_queue_remove(&load->queue);

    while (!ngx_queue_empty(&load->waiters)) {
        q = ngx_queue_head(&load->waiters);
        ngx_queue_remove(q);

        waiter = ngx_queue_data(q, ngx_team_waiter_t, queue);
        waiter->load = NULL;

        ctx = waiter->data;

        if (grant != NULL) {
            grant->refs++;
            ngx_team_grants_use(ctx, grant);
        }

        waiter->grant = grant;
        waiter->reason = reason;

        waiter->handler(ctx);
    }

    if (grant != NULL) {
        ngx_team_grant_release(grant);
    }

    ngx_free(load);
}


void
ngx_team_grants_abandon(ngx_team_waiter_t *waiter)
{
    ngx_queue_remove(&waiter->queue);
    waiter->load = NULL;
}
