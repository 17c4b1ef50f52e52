/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_logins.h"
#include "ngx_team_pool.h"
#include "ngx_team_reply.h"
#include "ngx_team_zone.h"


#define NGX_TEAM_LOGINS_BATCH  64     /* at a time */


typedef struct {
    ngx_team_query_t  *query;         /* the batch under way, or NULL */
    ngx_uint_t         n;             /* how many are in it */
    ngx_log_t         *log;

    unsigned           refused:1;     /* told in the log */
} ngx_team_logins_t;


static ngx_int_t ngx_team_logins_peek(ngx_pool_t *pool, ngx_str_t *text,
    ngx_uint_t *n);
static size_t ngx_team_logins_length(ngx_team_login_t *login);
static u_char *ngx_team_logins_write(u_char *p, ngx_team_login_t *login);
static const ngx_str_t *ngx_team_logins_issuer(uint64_t id);
static void ngx_team_logins_told(ngx_team_query_t *query);
static ngx_uint_t ngx_team_logins_keep(ngx_team_query_t *query);


static const ngx_team_statement_t  ngx_team_logins_record = {
    "login_record",
    "select team_api.login_record($1::jsonb)",
    1
};


static ngx_team_logins_t  ngx_team_logins;


void
ngx_team_logins_add(const ngx_team_identity_t *identity)
{
    ngx_team_zone_t   *zone;
    ngx_team_login_t   login;

    zone = ngx_team_worker.zone;

    if (identity->auth_time == 0) {
        return;
    }

    login.issuer = identity->issuer->id;
    login.at = identity->auth_time;
    login.len = identity->subject.len;

    ngx_memcpy(login.subject, identity->subject.data, identity->subject.len);

    if (ngx_team_zone_login_put(zone, &login) != NGX_OK) {
        (void) ngx_atomic_fetch_add(&zone->sh->logins_dropped, 1);
    }
}


void
ngx_team_logins_tell(ngx_log_t *log)
{
    ngx_str_t          text;
    ngx_team_query_t  *query;

    if (ngx_team_logins.query) {
        return;
    }

    query = ngx_team_query_create(&ngx_team_logins_record, log);
    if (query == NULL) {
        return;
    }

    if (ngx_team_logins_peek(query->pool, &text, &ngx_team_logins.n) != NGX_OK
        || ngx_team_logins.n == 0
        || ngx_team_query_set(query, 0, text.data, text.len) != NGX_OK)
    {
        ngx_team_query_destroy(query);
        return;
    }

    query->handler = ngx_team_logins_told;

    ngx_team_logins.query = query;
    ngx_team_logins.log = log;

    ngx_team_pool_query(ngx_team_worker.pool, query);
}


void
ngx_team_logins_leave(void)
{
    if (ngx_team_logins.query) {
        ngx_team_query_abandon(ngx_team_logins.query);
        ngx_team_logins.query = NULL;
    }
}


/*
 * The oldest logins as a JSON array of {"issuer", "subject", "at"}, allocated
 * from pool, at most NGX_TEAM_LOGINS_BATCH.  Returns NGX_OK with how many in *n
 * (0: none, text is not set) or NGX_ERROR (no memory).
 */

static ngx_int_t
ngx_team_logins_peek(ngx_pool_t *pool, ngx_str_t *text, ngx_uint_t *n)
{
    u_char            *p;
    size_t             len;
    ngx_uint_t         i;
    ngx_team_login_t  *logins;

    logins = ngx_palloc(pool, NGX_TEAM_LOGINS_BATCH
                              * sizeof(ngx_team_login_t));
    if (logins == NULL) {
        return NGX_ERROR;
    }

    *n = ngx_team_zone_login_peek(ngx_team_worker.zone, logins,
                                  NGX_TEAM_LOGINS_BATCH);

    if (*n == 0) {
        return NGX_OK;
    }

    len = sizeof("[]") - 1;

    for (i = 0; i < *n; i++) {
        len += ngx_team_logins_length(&logins[i]);
    }

    p = ngx_pnalloc(pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    *p++ = '[';

    for (i = 0; i < *n; i++) {
        p = ngx_team_logins_write(p, &logins[i]);
    }

    /* the comma behind the last one, if any was written */

    if (p[-1] == ',') {
        p--;
    }

    *p++ = ']';

    text->len = p - text->data;

    return NGX_OK;
}


/* At most; 0 for an issuer that a reload has taken out: nobody to tell. */

static size_t
ngx_team_logins_length(ngx_team_login_t *login)
{
    const ngx_str_t  *issuer;

    issuer = ngx_team_logins_issuer(login->issuer);

    if (issuer == NULL) {
        return 0;
    }

    return sizeof("{\"issuer\":\"\",\"subject\":\"\",\"at\":},") - 1
           + issuer->len + ngx_escape_json(NULL, issuer->data, issuer->len)
           + login->len + ngx_escape_json(NULL, (u_char *) login->subject,
                                          login->len)
           + NGX_INT64_LEN;
}


static u_char *
ngx_team_logins_write(u_char *p, ngx_team_login_t *login)
{
    const ngx_str_t  *issuer;

    issuer = ngx_team_logins_issuer(login->issuer);

    if (issuer == NULL) {
        return p;
    }

    p = ngx_cpymem(p, "{\"issuer\":\"", sizeof("{\"issuer\":\"") - 1);
    p = (u_char *) ngx_escape_json(p, issuer->data, issuer->len);
    p = ngx_cpymem(p, "\",\"subject\":\"", sizeof("\",\"subject\":\"") - 1);
    p = (u_char *) ngx_escape_json(p, (u_char *) login->subject, login->len);

    return ngx_sprintf(p, "\",\"at\":%L},", login->at);
}


static const ngx_str_t *
ngx_team_logins_issuer(uint64_t id)
{
    ngx_uint_t                i;
    const ngx_team_issuer_t  *issuer;

    issuer = ngx_team_worker.conf->issuers.elts;

    for (i = 0; i < ngx_team_worker.conf->issuers.nelts; i++) {
        if (issuer[i].id == id) {
            return &issuer[i].name;
        }
    }

    return NULL;
}


static void
ngx_team_logins_told(ngx_team_query_t *query)
{
    ngx_team_logins.query = NULL;

    if (ngx_team_logins_keep(query)) {
        return;
    }

    ngx_team_zone_login_drop(ngx_team_worker.zone, ngx_team_logins.n);

    if (ngx_team_logins.n == NGX_TEAM_LOGINS_BATCH) {
        ngx_team_logins_tell(ngx_team_logins.log);
    }
}


/*
 * 1 if they are to be told of once more: the connection was lost, or they had
 * to wait for too long.  What SQL finds wrong with them it would find again.
 */

static ngx_uint_t
ngx_team_logins_keep(ngx_team_query_t *query)
{
    team_problem_t  problem;

    if (query->outcome == NGX_TEAM_QUERY_OK) {
        ngx_team_logins.refused = 0;
        return 0;
    }

    if (query->outcome != NGX_TEAM_QUERY_REFUSED) {
        return 1;
    }

    if (!ngx_team_logins.refused) {
        ngx_team_logins.refused = 1;

        ngx_log_error(NGX_LOG_ERR, ngx_team_logins.log, 0,
                      "%s was refused: %V (%s)", query->statement->name,
                      &query->message, query->sqlstate);
    }

    team_problem_sqlstate(query->sqlstate, NULL, &problem);

    return problem.status == 503;
}
