/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_variables.h"
#include "ngx_team_ctx.h"
#include "team_text.h"
#include "team_token.h"


typedef enum {
    NGX_TEAM_VAR_SUBJECT = 0,
    NGX_TEAM_VAR_EMAIL,
    NGX_TEAM_VAR_ACCOUNT,
    NGX_TEAM_VAR_MEMBER,
    NGX_TEAM_VAR_ROLES,
    NGX_TEAM_VAR_PERMISSIONS
} ngx_team_var_e;


static ngx_int_t ngx_team_variable_decision(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_team_variable_reason(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_team_variable_cache(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_team_variable_text(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_team_variable_claim(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static json_t *ngx_team_variable_claims(ngx_team_ctx_t *ctx);
static ngx_int_t ngx_team_variable_json(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, json_t *value);
static ngx_int_t ngx_team_variable_set(ngx_http_variable_value_t *v,
    ngx_str_t *value);


static ngx_http_variable_t  ngx_team_vars[] = {

    { ngx_string("team_decision"), NULL, ngx_team_variable_decision, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("team_reason"), NULL, ngx_team_variable_reason, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("team_cache"), NULL, ngx_team_variable_cache, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("team_subject"), NULL, ngx_team_variable_text,
      NGX_TEAM_VAR_SUBJECT, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("team_email"), NULL, ngx_team_variable_text,
      NGX_TEAM_VAR_EMAIL, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("team_account"), NULL, ngx_team_variable_text,
      NGX_TEAM_VAR_ACCOUNT, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("team_member"), NULL, ngx_team_variable_text,
      NGX_TEAM_VAR_MEMBER, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("team_roles"), NULL, ngx_team_variable_text,
      NGX_TEAM_VAR_ROLES, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("team_permissions"), NULL, ngx_team_variable_text,
      NGX_TEAM_VAR_PERMISSIONS, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("team_claim_"), NULL, ngx_team_variable_claim, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

      ngx_http_null_variable
};


static ngx_str_t  ngx_team_decision_names[] = {
    ngx_string("NONE"),
    ngx_string("ALLOW"),
    ngx_string("DENY"),
    ngx_string("REPORT"),
    ngx_string("BYPASS")
};


static ngx_str_t  ngx_team_cache_names[] = {
    ngx_string("NONE"),
    ngx_string("WORKER"),
    ngx_string("ZONE"),
    ngx_string("MISS"),
    ngx_string("STALE")
};


ngx_int_t
ngx_team_variables_add(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_team_vars; v->name.len; v++) {

        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_team_variable_decision(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_team_ctx_t  *ctx;

    ctx = ngx_team_ctx_find(r);

    return ngx_team_variable_set(v,
             &ngx_team_decision_names[ctx ? ctx->decision
                                          : NGX_TEAM_DECISION_NONE]);
}


static ngx_int_t
ngx_team_variable_reason(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t        name;
    ngx_team_ctx_t  *ctx;

    ctx = ngx_team_ctx_find(r);

    ngx_str_null(&name);

    if (ctx != NULL && ctx->decision != NGX_TEAM_DECISION_NONE
        && ctx->decision != NGX_TEAM_DECISION_BYPASS)
    {
        name.data = (u_char *) team_reason_name(ctx->reason);
        name.len = ngx_strlen(name.data);
    }

    return ngx_team_variable_set(v, &name);
}


static ngx_int_t
ngx_team_variable_cache(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t        none;
    ngx_team_ctx_t  *ctx;

    ctx = ngx_team_ctx_find(r);

    if (ctx == NULL || ctx->cache == NGX_TEAM_CACHE_NONE) {
        ngx_str_null(&none);
        return ngx_team_variable_set(v, &none);
    }

    return ngx_team_variable_set(v, &ngx_team_cache_names[ctx->cache]);
}


static ngx_int_t
ngx_team_variable_text(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t            value;
    team_str_t           text;
    ngx_team_ctx_t      *ctx;
    const team_grant_t  *grant;

    static const team_grant_t  nothing;

    text.len = 0;
    text.data = "";

    ctx = ngx_team_ctx_find(r);

    if (ctx != NULL && ctx->identity != NULL) {

        grant = ctx->grant ? &ctx->grant->grant : &nothing;

        switch (data) {

        case NGX_TEAM_VAR_SUBJECT:
            text = ctx->identity->subject;
            break;

        case NGX_TEAM_VAR_EMAIL:
            text = ctx->identity->email;
            break;

        case NGX_TEAM_VAR_ACCOUNT:
            text = grant->account;
            break;

        case NGX_TEAM_VAR_MEMBER:
            text = grant->member;
            break;

        case NGX_TEAM_VAR_ROLES:
            text = grant->roles;
            break;

        default: /* NGX_TEAM_VAR_PERMISSIONS */
            text = grant->permissions;
            break;
        }
    }

    value = ngx_team_ngx_str(text);

    return ngx_team_variable_set(v, &value);
}


/*
 * $team_claim_NAME: a string as it is, numbers and booleans as JSON writes
 * them, arrays and objects as JSON; nothing for null and for what is not there,
 * nor for a string with control bytes: a name that people choose themselves may
 * hold the end of a line, and behind it the header that they want to be sent.
 */

static ngx_int_t
ngx_team_variable_claim(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t *name = (ngx_str_t *) data;

    json_t          *claims, *value;
    ngx_team_ctx_t  *ctx;

    ctx = ngx_team_ctx_find(r);

    if (ctx == NULL || ctx->identity == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    claims = ngx_team_variable_claims(ctx);
    if (claims == NULL) {
        return NGX_ERROR;
    }

    value = json_object_getn(claims,
                             (char *) name->data + sizeof("team_claim_") - 1,
                             name->len - (sizeof("team_claim_") - 1));

    if (value == NULL || json_is_null(value)) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_team_variable_json(r, v, value);
}


/* The verified token holds them; they are read again when first asked for. */

static json_t *
ngx_team_variable_claims(ngx_team_ctx_t *ctx)
{
    team_token_t   token;
    team_claims_t  claims;

    if (ctx->claims == NULL
        && team_token_split(&token, ctx->identity->token) == TEAM_OK
        && team_claims_parse(&claims, token.payload) == TEAM_OK)
    {
        ctx->claims = claims.root;
    }

    return ctx->claims;
}


static ngx_int_t
ngx_team_variable_json(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    json_t *value)
{
    char       *text;
    ngx_str_t   s;

    if (json_is_string(value)) {
        s.data = (u_char *) json_string_value(value);
        s.len = json_string_length(value);

        if (team_text_control(ngx_team_str(s))) {
            v->not_found = 1;
            return NGX_OK;
        }

        return ngx_team_variable_set(v, &s);
    }

    text = json_dumps(value, JSON_COMPACT|JSON_ENCODE_ANY);
    if (text == NULL) {
        return NGX_ERROR;
    }

    s.len = ngx_strlen(text);
    s.data = ngx_pnalloc(r->pool, s.len);

    if (s.data != NULL) {
        ngx_memcpy(s.data, text, s.len);
    }

    free(text);

    return s.data ? ngx_team_variable_set(v, &s) : NGX_ERROR;
}


static ngx_int_t
ngx_team_variable_set(ngx_http_variable_value_t *v, ngx_str_t *value)
{
    if (value->len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->len = value->len;
    v->valid = 1;
    v->no_cacheable = 1;
    v->not_found = 0;
    v->data = value->data;

    return NGX_OK;
}
