/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_changes.h"
#include "ngx_team_zone.h"


size_t
ngx_team_changes_position(char *to, ngx_str_t *snapshot)
{
    size_t   len;
    u_char  *colon;

    if (snapshot->len <= NGX_TEAM_CHANGES_SNAPSHOT) {
        ngx_memcpy(to, snapshot->data, snapshot->len);
        return snapshot->len;
    }

    colon = ngx_strlchr(snapshot->data, snapshot->data + snapshot->len, ':');

    if (colon == NULL) {
        return 0;
    }

    len = colon - snapshot->data + 1;

    if (len * 2 > NGX_TEAM_CHANGES_SNAPSHOT) {
        return 0;
    }

    ngx_memcpy(to, snapshot->data, len);
    ngx_memcpy(to + len, snapshot->data, len);

    return len * 2;
}


void
ngx_team_changes_apply(ngx_team_query_t *query, ngx_uint_t row)
{
    ngx_str_t         issuer, subject, account;
    ngx_atomic_t     *epoch;
    ngx_team_zone_t  *zone;

    zone = ngx_team_worker.zone;

    issuer = ngx_team_query_value(query, row, 1);
    subject = ngx_team_query_value(query, row, 2);
    account = ngx_team_query_value(query, row, 3);

    epoch = NULL;

    if (issuer.data != NULL && subject.data != NULL) {
        epoch = ngx_team_zone_person(zone,
                                     ngx_team_issuer_id((char *) issuer.data,
                                                        issuer.len),
                                     ngx_team_str(subject));

    } else if (account.data != NULL) {
        epoch = ngx_team_zone_account(zone, ngx_team_str(account));
    }

    ngx_team_zone_bump(zone, epoch);
}
