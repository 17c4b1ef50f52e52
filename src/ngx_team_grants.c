/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_grants.h"
#include "ngx_team_load.h"
#include "ngx_team_zone.h"
#include "team_json.h"
#include "team_perm.h"


typedef enum {
    NGX_TEAM_AGE_OLD = 0,
    NGX_TEAM_AGE_STALE,
    NGX_TEAM_AGE_FRESH
} ngx_team_age_e;


static ngx_team_age_e ngx_team_grant_age(ngx_team_grant_t *grant);
static ngx_team_grant_t *ngx_team_grants_lookup(ngx_team_identity_t *identity,
    team_str_t selector);


static unsigned char  ngx_team_lists[TEAM_MAX_GRANT + 16];


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

ngx_team_grant_t *
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

void
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


/* What does not fit the zone is answered all the same, only not shared. */

void
ngx_team_grants_store(const ngx_team_issuer_t *issuer, team_str_t subject,
    ngx_team_grant_t *grant)
{
    team_table_key_t     key;
    team_table_value_t   value;

    if (team_grant_lists_size(&grant->grant) > sizeof(ngx_team_lists)
        || team_grant_encode(&grant->grant, value.head, ngx_team_lists) != 0)
    {
        return;
    }

    key.issuer = issuer->id;
    key.subject = subject;
    key.account = grant->selector;

    value.seq = grant->seq;
    value.loaded = grant->loaded;
    value.head_len = team_grant_head_size(&grant->grant);
    value.lists = ngx_team_lists;
    value.lists_len = team_grant_lists_size(&grant->grant);
    value.lists_size = sizeof(ngx_team_lists);

    ngx_team_zone_store(ngx_team_worker.zone, &key, &value);
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

    if (changed.len == 0
        || team_json_load(&root, (char *) changed.data, changed.len, NULL)
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
