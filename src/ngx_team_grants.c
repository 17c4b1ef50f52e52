/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_grants.h"
#include "ngx_team_zone.h"
#include "team_json.h"
#include "team_perm.h"


#define NGX_TEAM_LOAD_BUCKETS  256
#define NGX_TEAM_LOAD_TRIES    5      /* changes that overtake one load */


typedef enum {
    NGX_TEAM_AGE_OLD = 0,
    NGX_TEAM_AGE_STALE,
    NGX_TEAM_AGE_FRESH
} ngx_team_age_e;


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
    ngx_uint_t                tries;
};


static ngx_team_age_e ngx_team_grant_age(ngx_team_grant_t *grant);
static ngx_team_grant_t *ngx_team_grants_lookup(ngx_team_identity_t *identity,
    team_str_t selector);
static ngx_team_grant_t *ngx_team_grant_create(const team_grant_t *from,
    ngx_team_identity_t *identity, team_str_t selector);
static void ngx_team_grants_use(ngx_team_ctx_t *ctx, ngx_team_grant_t *grant);

static ngx_int_t ngx_team_load_join(ngx_team_ctx_t *ctx, team_str_t selector);
static ngx_team_load_t *ngx_team_load_create(ngx_team_identity_t *identity,
    team_str_t selector);
static ngx_int_t ngx_team_load_start(ngx_team_load_t *load);
static void ngx_team_load_handler(ngx_team_query_t *query);
static ngx_team_grant_t *ngx_team_load_grant(ngx_team_load_t *load,
    ngx_team_query_t *query, team_reason_e *reason);
static void ngx_team_load_store(ngx_team_load_t *load,
    ngx_team_grant_t *grant);
static void ngx_team_load_done(ngx_team_load_t *load, ngx_team_grant_t *grant,
    team_reason_e reason);


static const ngx_team_statement_t  ngx_team_grant_get = {
    "grant_get",
    "select status, account_id, member_id, roles, permissions "
        "from team_api.grant_get($1, $2, $3)",
    3
};


static ngx_queue_t    ngx_team_loads[NGX_TEAM_LOAD_BUCKETS];
static unsigned char  ngx_team_lists[TEAM_MAX_GRANT + 16];


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
ngx_team_grants_get(ngx_team_ctx_t *ctx, team_str_t selector)
{
    ngx_team_age_e        age;
    ngx_team_grant_t     *grant;
    ngx_team_identity_t  *identity;

    identity = ctx->identity;
    grant = identity->grant;

    if (grant != NULL && team_str_eq(grant->selector, selector)) {
        age = ngx_team_grant_age(grant);

        if (age != NGX_TEAM_AGE_OLD) {
            ctx->cache = (age == NGX_TEAM_AGE_FRESH) ? NGX_TEAM_CACHE_WORKER
                                                     : NGX_TEAM_CACHE_STALE;
            grant->refs++;
            ctx->grant = grant;

            return NGX_OK;
        }
    }

    grant = ngx_team_grants_lookup(identity, selector);

    if (grant != NULL) {
        age = ngx_team_grant_age(grant);

        if (age != NGX_TEAM_AGE_OLD) {
            ctx->cache = (age == NGX_TEAM_AGE_FRESH) ? NGX_TEAM_CACHE_ZONE
                                                     : NGX_TEAM_CACHE_STALE;
            ngx_team_grants_use(ctx, grant);

            return NGX_OK;
        }

        ngx_team_grant_release(grant);
    }

    ctx->cache = NGX_TEAM_CACHE_MISS;

    if (ngx_team_worker.pool == NULL) {
        ctx->reason = TEAM_UNAVAILABLE;
        return NGX_DECLINED;
    }

    return ngx_team_load_join(ctx, selector);
}


/*
 * While changes are known to reach us, a grant that none has touched is good
 * for "valid"; otherwise only for "stale" after its load.
 */

static ngx_team_age_e
ngx_team_grant_age(ngx_team_grant_t *grant)
{
    uint64_t                      now, age;
    ngx_team_zone_t              *zone;
    const ngx_team_cache_conf_t  *cache;

    zone = ngx_team_worker.zone;

    if (!ngx_team_zone_current(zone, grant->seq, grant->person,
                               grant->account))
    {
        return NGX_TEAM_AGE_OLD;
    }

    cache = &ngx_team_worker.conf->cache;

    /* another worker's clock may be a tick ahead of ours */

    now = ngx_current_msec;
    age = (now > grant->loaded) ? now - grant->loaded : 0;

    if (age >= (grant->account ? cache->valid : cache->absent)) {
        return NGX_TEAM_AGE_OLD;
    }

    if (ngx_team_zone_leased(zone, now)) {
        return NGX_TEAM_AGE_FRESH;
    }

    return (age < cache->stale) ? NGX_TEAM_AGE_STALE : NGX_TEAM_AGE_OLD;
}


static ngx_team_grant_t *
ngx_team_grants_lookup(ngx_team_identity_t *identity, team_str_t selector)
{
    char                 ids[72];
    team_grant_t         from;
    team_table_key_t     key;
    ngx_team_grant_t    *grant;
    team_table_value_t   value;

    key.issuer = identity->issuer->id;
    key.subject = identity->subject;
    key.account = selector;

    value.lists = ngx_team_lists;
    value.lists_size = sizeof(ngx_team_lists);

    if (ngx_team_zone_lookup(ngx_team_worker.zone, &key, &value) != 1
        || team_grant_decode(&from, ids, value.head, value.head_len,
                             value.lists, value.lists_len)
           != 0)
    {
        return NULL;
    }

    grant = ngx_team_grant_create(&from, identity, selector);

    if (grant != NULL) {
        grant->seq = value.seq;
        grant->loaded = value.loaded;
    }

    return grant;
}


/* A copy in one block; refs is 1. */

static ngx_team_grant_t *
ngx_team_grant_create(const team_grant_t *from, ngx_team_identity_t *identity,
    team_str_t selector)
{
    char              *p;
    team_str_t        *to[4], source[4];
    ngx_uint_t         i;
    const ngx_array_t *required;
    ngx_team_grant_t  *grant;

    grant = ngx_alloc(sizeof(ngx_team_grant_t) + selector.len
                      + from->account.len + from->member.len
                      + from->roles.len + from->permissions.len,
                      ngx_cycle->log);
    if (grant == NULL) {
        return NULL;
    }

    ngx_memzero(grant, sizeof(ngx_team_grant_t));

    grant->refs = 1;
    grant->grant.status = from->status;

    p = (char *) grant + sizeof(ngx_team_grant_t);

    grant->selector.len = selector.len;
    grant->selector.data = p;
    p = (char *) ngx_cpymem(p, selector.data, selector.len);

    source[0] = from->account;
    source[1] = from->member;
    source[2] = from->roles;
    source[3] = from->permissions;

    to[0] = &grant->grant.account;
    to[1] = &grant->grant.member;
    to[2] = &grant->grant.roles;
    to[3] = &grant->grant.permissions;

    for (i = 0; i < 4; i++) {
        to[i]->len = source[i].len;
        to[i]->data = p;
        p = (char *) ngx_cpymem(p, source[i].data, source[i].len);
    }

    grant->person = ngx_team_zone_person(ngx_team_worker.zone,
                                         identity->issuer->id,
                                         identity->subject);

    if (from->account.len) {
        grant->account = ngx_team_zone_account(ngx_team_worker.zone,
                                               grant->grant.account);
    }

    required = &ngx_team_worker.conf->required;

    grant->held = team_perm_mask(grant->grant.permissions, required->elts,
                                 required->nelts);

    return grant;
}


/* The identity remembers the grant, the request holds it; takes one count. */

static void
ngx_team_grants_use(ngx_team_ctx_t *ctx, ngx_team_grant_t *grant)
{
    if (ctx->identity->grant != NULL) {
        ngx_team_grant_release(ctx->identity->grant);
    }

    grant->refs++;
    ctx->identity->grant = grant;

    ctx->grant = grant;
}


void
ngx_team_grant_release(ngx_team_grant_t *grant)
{
    if (--grant->refs == 0) {
        ngx_free(grant);
    }
}


static ngx_int_t
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
    load->tries = 0;
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
    load->tries++;

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

        if (load->tries < NGX_TEAM_LOAD_TRIES
            && ngx_team_load_start(load) == NGX_OK)
        {
            return;
        }
    }

    if (grant != NULL) {
        ngx_team_load_store(load, grant);
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


/* What does not fit the zone is answered all the same, only not shared. */

static void
ngx_team_load_store(ngx_team_load_t *load, ngx_team_grant_t *grant)
{
    team_table_key_t     key;
    team_table_value_t   value;

    if (team_grant_lists_size(&grant->grant) > sizeof(ngx_team_lists)
        || team_grant_encode(&grant->grant, value.head, ngx_team_lists) != 0)
    {
        return;
    }

    key.issuer = load->issuer->id;
    key.subject = load->subject;
    key.account = load->selector;

    value.seq = grant->seq;
    value.loaded = grant->loaded;
    value.head_len = team_grant_head_size(&grant->grant);
    value.lists = ngx_team_lists;
    value.lists_len = team_grant_lists_size(&grant->grant);
    value.lists_size = sizeof(ngx_team_lists);

    ngx_team_zone_store(ngx_team_worker.zone, &key, &value);
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


void
ngx_team_grants_forget(ngx_str_t changed)
{
    size_t            i;
    json_t           *root, *item;
    team_str_t        name;
    const char       *issuer, *subject, *account;
    ngx_team_zone_t  *zone;

    zone = ngx_team_worker.zone;

    if (changed.len == 0) {
        return;
    }

    if (team_json_load(&root, (char *) changed.data, changed.len, NULL)
        != TEAM_JSON_OK)
    {
        ngx_team_zone_bump(zone, NULL);
        return;
    }

    if (!json_is_array(root)) {
        ngx_team_zone_bump(zone, NULL);
    }

    json_array_foreach(root, i, item) {

        issuer = json_string_value(json_object_get(item, "issuer"));
        subject = json_string_value(json_object_get(item, "subject"));
        account = json_string_value(json_object_get(item, "account"));

        if (issuer != NULL && subject != NULL) {
            name.data = subject;
            name.len = ngx_strlen(subject);

            ngx_team_zone_bump(zone,
                ngx_team_zone_person(zone, ngx_team_issuer_id(issuer,
                                                      ngx_strlen(issuer)),
                                     name));

        } else if (account != NULL) {
            name.data = account;
            name.len = ngx_strlen(account);

            ngx_team_zone_bump(zone, ngx_team_zone_account(zone, name));

        } else {
            ngx_team_zone_bump(zone, NULL);
        }
    }

    json_decref(root);
}
