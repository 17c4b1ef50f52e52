/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_ctx.h"
#include "ngx_team_grants.h"
#include "ngx_team_identity.h"


static void ngx_team_ctx_cleanup(void *data);


ngx_team_ctx_t *
ngx_team_ctx_get(ngx_http_request_t *r)
{
    ngx_team_ctx_t      *ctx;
    ngx_pool_cleanup_t  *cln;

    ctx = ngx_http_get_module_ctx(r, ngx_team_module);

    if (ctx != NULL) {
        return ctx;
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_team_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;

    ngx_memzero(ctx, sizeof(ngx_team_ctx_t));

    cln->handler = ngx_team_ctx_cleanup;

    ctx->request = r;

    ngx_http_set_ctx(r, ctx, ngx_team_module);

    return ctx;
}


ngx_team_ctx_t *
ngx_team_ctx_find(ngx_http_request_t *r)
{
    ngx_team_ctx_t      *ctx;
    ngx_pool_cleanup_t  *cln;

    ctx = ngx_http_get_module_ctx(r, ngx_team_module);

    if (ctx != NULL || !(r->internal || r->filter_finalize)) {
        return ctx;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_team_ctx_cleanup) {
            return cln->data;
        }
    }

    return NULL;
}


ngx_uint_t
ngx_team_ctx_is_current(ngx_team_ctx_t *ctx)
{
    return ngx_http_get_module_ctx(ctx->request, ngx_team_module) == ctx;
}


static void
ngx_team_ctx_cleanup(void *data)
{
    ngx_team_ctx_t *ctx = data;

    if (ctx->waiter.load != NULL) {
        ngx_team_grants_abandon(&ctx->waiter);
    }

    if (ctx->query != NULL) {
        ngx_team_query_abandon(ctx->query);
    }

    if (ctx->grant != NULL) {
        ngx_team_grant_release(ctx->grant);
    }

    if (ctx->identity != NULL) {
        ngx_team_identity_release(ctx->identity);
    }

    json_decref(ctx->claims);
}
