/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_logins.h"
#include "ngx_team_zone.h"

#include <jansson.h>


static json_t *ngx_team_logins_json(const ngx_team_login_t *login);
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
    char              *dump;
    json_t            *list, *item;
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

    list = json_array();

    for (i = 0; i < *n; i++) {
        item = ngx_team_logins_json(&logins[i]);

        /* of an issuer that a reload has taken out: nobody to tell it of */

        if (item != NULL && json_array_append_new(list, item) != 0) {
            break;
        }
    }

    dump = (i == *n) ? json_dumps(list, JSON_COMPACT) : NULL;

    json_decref(list);

    if (dump == NULL) {
        return NGX_ERROR;
    }

    text->len = ngx_strlen(dump);
    text->data = ngx_pnalloc(pool, text->len);

    if (text->data != NULL) {
        ngx_memcpy(text->data, dump, text->len);
    }

    free(dump);

    return text->data ? NGX_OK : NGX_ERROR;
}


static json_t *
ngx_team_logins_json(const ngx_team_login_t *login)
{
    const ngx_str_t  *issuer;

    issuer = ngx_team_logins_issuer(login->issuer);

    if (issuer == NULL) {
        return NULL;
    }

    return json_pack("{s:s%, s:s%, s:I}",
                     "issuer", issuer->data, issuer->len,
                     "subject", login->subject, (size_t) login->len,
                     "at", (json_int_t) login->at);
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
