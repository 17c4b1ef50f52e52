/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_headers.h"
#include "ngx_team_grants.h"

#include <openssl/rand.h>


#define NGX_TEAM_ASSERTION_NAME  6      /* in the table of names */


static ngx_int_t ngx_team_header_remove(ngx_http_request_t *r,
    ngx_list_part_t *part, ngx_uint_t i);
static void ngx_team_header_drop_part(ngx_list_t *list, ngx_list_part_t *prev,
    ngx_list_part_t *part);
static ngx_int_t ngx_team_header_close_list(ngx_http_request_t *r);
static team_str_t ngx_team_header_email(ngx_team_identity_t *identity);
static ngx_int_t ngx_team_header_add(ngx_http_request_t *r, ngx_uint_t name,
    team_str_t value);
static ngx_int_t ngx_team_header_assertion(ngx_http_request_t *r,
    ngx_team_ctx_t *ctx, const ngx_team_assertion_conf_t *conf);


static struct {
    ngx_str_t   name;
    ngx_str_t   lower;
    ngx_uint_t  hash;
} ngx_team_header_names[] = {
    { ngx_string("X-Team-Account"), ngx_string("x-team-account"), 0 },
    { ngx_string("X-Team-Member"), ngx_string("x-team-member"), 0 },
    { ngx_string("X-Team-Subject"), ngx_string("x-team-subject"), 0 },
    { ngx_string("X-Team-Email"), ngx_string("x-team-email"), 0 },
    { ngx_string("X-Team-Roles"), ngx_string("x-team-roles"), 0 },
    { ngx_string("X-Team-Permissions"), ngx_string("x-team-permissions"), 0 },
    { ngx_string("X-Team-Assertion"), ngx_string("x-team-assertion"), 0 },
    { ngx_null_string, ngx_null_string, 0 }
};


void
ngx_team_headers_init(void)
{
    ngx_uint_t  i;

    for (i = 0; ngx_team_header_names[i].name.len; i++) {
        ngx_team_header_names[i].hash =
            ngx_hash_key(ngx_team_header_names[i].lower.data,
                         ngx_team_header_names[i].lower.len);
    }
}


/*
 * Other headers may be pointed to (headers_in.host and the like), so none is
 * moved: a part of the list is shortened, shifted or split instead.
 */

ngx_int_t
ngx_team_headers_scrub(ngx_http_request_t *r)
{
    ngx_uint_t        i, removed;
    ngx_list_t       *list;
    ngx_table_elt_t  *h;
    ngx_list_part_t  *part, *prev;

    list = &r->headers_in.headers;

    removed = 0;
    prev = NULL;
    part = &list->part;

    while (part != NULL) {

        h = part->elts;
        i = 0;

        while (i < part->nelts) {

            if (!ngx_team_headers_ours(&h[i].key)) {
                i++;
                continue;
            }

            if (ngx_team_header_remove(r, part, i) != NGX_OK) {
                return NGX_ERROR;
            }

            removed = 1;
            h = part->elts;
        }

        if (part->nelts == 0 && prev != NULL) {
            ngx_team_header_drop_part(list, prev, part);

        } else {
            prev = part;
        }

        part = part->next;
    }

    return removed ? ngx_team_header_close_list(r) : NGX_OK;
}


ngx_uint_t
ngx_team_headers_ours(const ngx_str_t *name)
{
    u_char  *p, c;

    p = name->data;

    if (name->len < 6 || (p[0] | 0x20) != 'x') {
        return 0;
    }

    if ((p[2] | 0x20) != 't' || (p[3] | 0x20) != 'e'
        || (p[4] | 0x20) != 'a' || (p[5] | 0x20) != 'm')
    {
        return 0;
    }

    if (name->len == 6) {
        return 1;
    }

    c = p[6] | 0x20;

    return !(c >= 'a' && c <= 'z') && !(p[6] >= '0' && p[6] <= '9');
}


static ngx_int_t
ngx_team_header_remove(ngx_http_request_t *r, ngx_list_part_t *part,
    ngx_uint_t i)
{
    ngx_table_elt_t  *h;
    ngx_list_part_t  *rest;

    h = part->elts;

    if (i == part->nelts - 1) {
        part->nelts--;
        return NGX_OK;
    }

    if (i == 0) {
        part->elts = h + 1;
        part->nelts--;
        return NGX_OK;
    }

    rest = ngx_palloc(r->pool, sizeof(ngx_list_part_t));
    if (rest == NULL) {
        return NGX_ERROR;
    }

    rest->elts = h + i + 1;
    rest->nelts = part->nelts - i - 1;
    rest->next = part->next;

    part->nelts = i;
    part->next = rest;

    if (r->headers_in.headers.last == part) {
        r->headers_in.headers.last = rest;
    }

    return NGX_OK;
}


/* nginx's loops over a list expect no empty part but the first. */

static void
ngx_team_header_drop_part(ngx_list_t *list, ngx_list_part_t *prev,
    ngx_list_part_t *part)
{
    prev->next = part->next;

    if (list->last == part) {
        list->last = prev;
    }
}


/*
 * The last part may have been shifted, so what stands behind its elements is
 * not its own any more: it is declared full, and the next push takes a new one.
 */

static ngx_int_t
ngx_team_header_close_list(ngx_http_request_t *r)
{
    ngx_list_t  *list;

    list = &r->headers_in.headers;

    if (list->last->nelts != 0) {
        list->nalloc = list->last->nelts;
        return NGX_OK;
    }

    list->last->elts = ngx_palloc(r->pool, list->nalloc * list->size);

    return list->last->elts ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_team_headers_set(ngx_http_request_t *r, ngx_team_ctx_t *ctx)
{
    ngx_uint_t            i;
    team_str_t            values[NGX_TEAM_ASSERTION_NAME];
    ngx_team_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_team_module);

    if (tlcf->headers) {
        values[0] = ctx->grant->grant.account;
        values[1] = ctx->grant->grant.member;
        values[2] = ctx->identity->subject;
        values[3] = ngx_team_header_email(ctx->identity);
        values[4] = ctx->grant->grant.roles;
        values[5] = ctx->grant->grant.permissions;

        for (i = 0; i < NGX_TEAM_ASSERTION_NAME; i++) {
            if (values[i].len
                && ngx_team_header_add(r, i, values[i]) != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    if (tlcf->assertion != NULL) {
        return ngx_team_header_assertion(r, ctx, tlcf->assertion);
    }

    return NGX_OK;
}


/* An address that nobody has checked may be somebody else's: it is not told. */

static team_str_t
ngx_team_header_email(ngx_team_identity_t *identity)
{
    static const team_str_t  none = team_string("");

    return identity->email_verified ? identity->email : none;
}


static ngx_int_t
ngx_team_header_add(ngx_http_request_t *r, ngx_uint_t name, team_str_t value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_in.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = ngx_team_header_names[name].hash;
    h->key = ngx_team_header_names[name].name;
    h->value = ngx_team_ngx_str(value);
    h->lowcase_key = ngx_team_header_names[name].lower.data;
    ngx_team_header_alone(h);

    return NGX_OK;
}


/*
 * Signing costs as much as a thousand requests, so an assertion serves for
 * half of its life, as long as it says the same about the same token.
 */

static ngx_int_t
ngx_team_header_assertion(ngx_http_request_t *r, ngx_team_ctx_t *ctx,
    const ngx_team_assertion_conf_t *conf)
{
    u_char                jti[16], text[32];
    team_str_t            value;
    team_assertion_t      assertion;
    ngx_team_identity_t  *identity;

    identity = ctx->identity;

    if (identity->assertion == NULL
        || identity->assertion_conf != conf
        || identity->assertion_grant != ctx->grant
        || ngx_time() >= identity->assertion_until)
    {
        if (RAND_bytes(jti, sizeof(jti)) != 1) {
            return NGX_ERROR;
        }

        ngx_hex_dump(text, jti, sizeof(jti));

        assertion.issuer = ngx_team_str(conf->issuer);
        assertion.audience = ngx_team_str(conf->audience);
        assertion.subject = identity->subject;
        assertion.origin = ngx_team_str(identity->issuer->name);
        assertion.email = ngx_team_header_email(identity);
        assertion.grant = &ctx->grant->grant;
        assertion.jti.data = (char *) text;
        assertion.jti.len = sizeof(text);
        assertion.now = ngx_time();
        assertion.ttl = conf->ttl;

        free(identity->assertion);

        identity->assertion = team_assertion_mint(conf->signer, &assertion);
        identity->assertion_conf = conf;

        ctx->grant->refs++;

        if (identity->assertion_grant != NULL) {
            ngx_team_grant_release(identity->assertion_grant);
        }

        identity->assertion_grant = ctx->grant;
        identity->assertion_until = assertion.now + (conf->ttl + 1) / 2;

        if (identity->assertion == NULL) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "no assertion could be signed");
            return NGX_ERROR;
        }
    }

    /* a later request may replace the text while this one still runs */

    value.len = ngx_strlen(identity->assertion);
    value.data = ngx_pnalloc(r->pool, value.len);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy((char *) value.data, identity->assertion, value.len);

    return ngx_team_header_add(r, NGX_TEAM_ASSERTION_NAME, value);
}
