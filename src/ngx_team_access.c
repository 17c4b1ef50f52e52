/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_access.h"
#include "ngx_team_ctx.h"
#include "ngx_team_grants.h"
#include "ngx_team_headers.h"
#include "ngx_team_identity.h"
#include "ngx_team_reply.h"
#include "ngx_team_zone.h"
#include "team_perm.h"
#include "team_text.h"


#define NGX_TEAM_MAX_NAMES  32     /* that one request's variables may give */


static ngx_int_t ngx_team_access_bypass(ngx_http_request_t *r,
    ngx_team_loc_conf_t *tlcf);
static ngx_int_t ngx_team_access_start(ngx_http_request_t *r,
    ngx_team_ctx_t *ctx, ngx_team_loc_conf_t *tlcf);
static void ngx_team_access_resume(void *data);
static ngx_int_t ngx_team_access_decide(ngx_http_request_t *r,
    ngx_team_ctx_t *ctx, ngx_team_loc_conf_t *tlcf);
static ngx_int_t ngx_team_access_names(ngx_http_request_t *r,
    const ngx_team_names_t *from, const team_str_t **names, size_t *n);
static ngx_int_t ngx_team_access_finish(ngx_http_request_t *r,
    ngx_team_ctx_t *ctx, ngx_team_loc_conf_t *tlcf);
static void ngx_team_access_log(ngx_http_request_t *r, ngx_team_ctx_t *ctx,
    ngx_uint_t report);


ngx_int_t
ngx_team_access_scrub(ngx_http_request_t *r)
{
    if (ngx_team_headers_scrub(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


/*
 * A redirect inside nginx leads to another location: what was decided, and
 * told, for the first one does not count there.
 */

ngx_int_t
ngx_team_access_scrub_again(ngx_http_request_t *r)
{
    if (!r->internal || r != r->main) {
        return NGX_DECLINED;
    }

    return ngx_team_access_scrub(r);
}


ngx_int_t
ngx_team_access_handler(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_team_ctx_t       *ctx;
    ngx_team_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_team_module);

    if (tlcf->need.access == NGX_TEAM_ACCESS_OFF || ngx_team_reply_wanted(r)) {
        return NGX_DECLINED;
    }

    ctx = ngx_team_ctx_get(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->waiting) {
        return NGX_AGAIN;
    }

    if (!ctx->decided) {

        rc = ngx_team_access_bypass(r, tlcf);

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (rc == NGX_OK) {
            ctx->decided = 1;
            ctx->decision = NGX_TEAM_DECISION_BYPASS;
            ngx_team_count(decisions[NGX_TEAM_DECISION_BYPASS]);

            return NGX_OK;
        }

        rc = ngx_team_access_start(r, ctx, tlcf);

        if (rc == NGX_AGAIN) {
            return NGX_AGAIN;
        }
    }

    return ngx_team_access_finish(r, ctx, tlcf);
}


/* NGX_OK: a value says so; NGX_DECLINED: none does; NGX_ERROR. */

static ngx_int_t
ngx_team_access_bypass(ngx_http_request_t *r, ngx_team_loc_conf_t *tlcf)
{
    ngx_str_t                  value;
    ngx_uint_t                 i;
    ngx_http_complex_value_t  *cv;

    if (tlcf->bypass == NULL) {
        return NGX_DECLINED;
    }

    cv = tlcf->bypass->elts;

    for (i = 0; i < tlcf->bypass->nelts; i++) {

        if (ngx_http_complex_value(r, &cv[i], &value) != NGX_OK) {
            return NGX_ERROR;
        }

        if (value.len && !(value.len == 1 && value.data[0] == '0')) {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


/* Sets ctx->reason, or returns NGX_AGAIN while a grant is on its way. */

static ngx_int_t
ngx_team_access_start(ngx_http_request_t *r, ngx_team_ctx_t *ctx,
    ngx_team_loc_conf_t *tlcf)
{
    ngx_str_t  account;

    ctx->reason = ngx_team_identity_get(r, ctx);

    if (ctx->reason != TEAM_OK) {
        return NGX_OK;
    }

    ngx_str_null(&account);

    if (tlcf->account != NULL
        && ngx_http_complex_value(r, tlcf->account, &account) != NGX_OK)
    {
        ctx->reason = TEAM_INTERNAL;
        return NGX_OK;
    }

    /* no account has such a name, and PostgreSQL can't even be asked for it */

    if (account.len > TEAM_MAX_ACCOUNT
        || !team_text_valid(ngx_team_str(account)))
    {
        ctx->reason = TEAM_NOT_MEMBER;
        return NGX_OK;
    }

    ctx->waiter.handler = ngx_team_access_resume;
    ctx->waiter.data = ctx;

    switch (ngx_team_grants_get(ctx, ngx_team_str(account))) {

    case NGX_OK:
        return ngx_team_access_decide(r, ctx, tlcf);

    case NGX_AGAIN:
        ctx->waiting = 1;

        /* the client may go meanwhile: then the cleanup abandons the wait */

        r->read_event_handler = ngx_http_test_reading;
        r->write_event_handler = ngx_http_request_empty_handler;

        return NGX_AGAIN;

    case NGX_DECLINED:
        return NGX_OK;

    default:
        ctx->reason = TEAM_INTERNAL;
        return NGX_OK;
    }
}


static void
ngx_team_access_resume(void *data)
{
    ngx_team_ctx_t *ctx = data;

    ngx_connection_t     *c;
    ngx_http_request_t   *r;
    ngx_team_loc_conf_t  *tlcf;

    r = ctx->request;
    c = r->connection;

    if (!ngx_team_ctx_is_current(ctx)) {
        return;
    }

    ngx_http_set_log_request(c->log, r);

    tlcf = ngx_http_get_module_loc_conf(r, ngx_team_module);

    ctx->waiting = 0;
    ctx->decided = 1;

    if (ctx->waiter.grant == NULL) {
        ctx->reason = ctx->waiter.reason;

    } else {
        (void) ngx_team_access_decide(r, ctx, tlcf);
    }

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);

    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_team_access_decide(ngx_http_request_t *r, ngx_team_ctx_t *ctx,
    ngx_team_loc_conf_t *tlcf)
{
    team_need_t             need;
    const ngx_team_rule_t  *rule;

    rule = &tlcf->need;

    ngx_memzero(&need, sizeof(team_need_t));

    if (rule->permissions != NULL) {
        need.mask = rule->permissions->mask;

        if (ngx_team_access_names(r, rule->permissions, &need.permissions,
                                  &need.n_permissions)
            != NGX_OK)
        {
            ctx->reason = TEAM_INTERNAL;
            return NGX_OK;
        }
    }

    if (rule->roles != NULL
        && ngx_team_access_names(r, rule->roles, &need.roles, &need.n_roles)
           != NGX_OK)
    {
        ctx->reason = TEAM_INTERNAL;
        return NGX_OK;
    }

    ctx->reason = team_decide(&ctx->grant->grant, ctx->grant->held, &need);

    return NGX_OK;
}


/*
 * Fixed names, then those that variables give: each value one name or several
 * with spaces between.  A value that is empty counts as a name, which nobody
 * holds: what a variable forgot must not open a door.
 */

static ngx_int_t
ngx_team_access_names(ngx_http_request_t *r, const ngx_team_names_t *from,
    const team_str_t **names, size_t *n)
{
    size_t                           count;
    ngx_str_t                        value;
    ngx_uint_t                       i;
    team_str_t                      *list, rest;
    const ngx_http_complex_value_t  *cv;

    *names = from->names.elts;
    *n = from->names.nelts;

    if (from->values.nelts == 0) {
        return NGX_OK;
    }

    list = ngx_palloc(r->pool, (from->names.nelts + from->values.nelts
                                + NGX_TEAM_MAX_NAMES)
                               * sizeof(team_str_t));
    if (list == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(list, from->names.elts,
               from->names.nelts * sizeof(team_str_t));

    count = from->names.nelts;
    cv = from->values.elts;

    for (i = 0; i < from->values.nelts; i++) {

        if (ngx_http_complex_value(r, (ngx_http_complex_value_t *) &cv[i],
                                   &value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        rest = ngx_team_str(value);

        do {
            if (count == from->names.nelts + from->values.nelts
                         + NGX_TEAM_MAX_NAMES)
            {
                ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                              "variables ask for more than %d permissions "
                              "or roles at once", NGX_TEAM_MAX_NAMES);
                return NGX_ERROR;
            }

            list[count].len = 0;
            list[count].data = "";

            (void) team_list_next(&rest, &list[count]);
            count++;

        } while (rest.len);
    }

    *names = list;
    *n = count;

    return NGX_OK;
}


static ngx_int_t
ngx_team_access_finish(ngx_http_request_t *r, ngx_team_ctx_t *ctx,
    ngx_team_loc_conf_t *tlcf)
{
    ngx_uint_t  report;

    ctx->decided = 1;

    report = (tlcf->need.access == NGX_TEAM_ACCESS_REPORT);

    ngx_team_count(reasons[ctx->reason]);
    ngx_team_count(caches[ctx->cache]);

    if (ctx->reason == TEAM_OK) {
        ctx->decision = NGX_TEAM_DECISION_ALLOW;

    } else {
        ctx->decision = report ? NGX_TEAM_DECISION_REPORT
                               : NGX_TEAM_DECISION_DENY;

        ngx_team_access_log(r, ctx, report);
    }

    ngx_team_count(decisions[ctx->decision]);

    if (ctx->decision == NGX_TEAM_DECISION_DENY) {

        /*
         * We are the last access handler, so with "satisfy any" nobody else
         * has let the request through either: the answer is ours to give.
         */

        ngx_team_reply_reason(r, ctx->reason, NULL);
        return NGX_DONE;
    }

    if ((tlcf->headers || tlcf->assertion)
        && ctx->grant != NULL
        && ctx->grant->grant.status == TEAM_MEMBER_ACTIVE
        && ngx_team_headers_set(r, ctx) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return (ctx->decision == NGX_TEAM_DECISION_ALLOW) ? NGX_OK : NGX_DECLINED;
}


static void
ngx_team_access_log(ngx_http_request_t *r, ngx_team_ctx_t *ctx,
    ngx_uint_t report)
{
    ngx_str_t  subject, account;

    if (r->connection->log->log_level < NGX_LOG_INFO) {
        return;
    }

    ngx_str_null(&subject);
    ngx_str_null(&account);

    if (ctx->identity != NULL) {
        subject = ngx_team_ngx_str(ctx->identity->subject);
    }

    if (ctx->grant != NULL) {
        account = ngx_team_ngx_str(ctx->grant->grant.account);
    }

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "%s: %s, subject \"%V\", account \"%V\"",
                  report ? "access would be refused" : "access refused",
                  team_reason_name(ctx->reason), &subject, &account);
}
