/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_logins.h"
#include "ngx_team_zone.h"


static size_t ngx_team_logins_length(ngx_team_login_t *login);
static u_char *ngx_team_logins_write(u_char *p, ngx_team_login_t *login);
static const ngx_str_t *ngx_team_logins_issuer(uint64_t id);


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


ngx_int_t
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


void
ngx_team_logins_drop(ngx_uint_t n)
{
    ngx_team_zone_login_drop(ngx_team_worker.zone, n);
}
