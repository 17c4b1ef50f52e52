/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_source.h"


/* Steps through the values of all request headers with one name. */

typedef struct {
    ngx_list_part_t  *part;
    ngx_uint_t        i;
    ngx_uint_t        hash;
    ngx_str_t         name;       /* lower case */
} ngx_team_header_iter_t;


static ngx_table_elt_t *ngx_team_header_next(ngx_team_header_iter_t *it);
static ngx_uint_t ngx_team_source_header(ngx_http_request_t *r,
    const ngx_team_source_t *source, team_str_t *text);
static ngx_uint_t ngx_team_source_cookie(ngx_http_request_t *r,
    const ngx_team_source_t *source, team_str_t *text);
static ngx_uint_t ngx_team_source_cookies(ngx_str_t *header,
    const ngx_str_t *name, team_str_t *text);
static ngx_uint_t ngx_team_source_bearer(ngx_str_t *value, team_str_t *text);


team_reason_e
ngx_team_source_find(ngx_http_request_t *r, team_str_t *text,
    ngx_uint_t *type)
{
    ngx_uint_t            i, n;
    ngx_team_source_t    *source;
    ngx_team_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_team_module);

    source = tlcf->tokens->elts;

    for (i = 0; i < tlcf->tokens->nelts; i++) {

        if (source[i].type == NGX_TEAM_TOKEN_COOKIE) {
            n = ngx_team_source_cookie(r, &source[i], text);

        } else {
            n = ngx_team_source_header(r, &source[i], text);
        }

        if (n == 1) {
            *type = source[i].type;
            return TEAM_OK;
        }

        if (n > 1) {
            return TEAM_TOKEN_MALFORMED;
        }
    }

    return TEAM_TOKEN_MISSING;
}


static ngx_table_elt_t *
ngx_team_header_next(ngx_team_header_iter_t *it)
{
    ngx_table_elt_t  *h;

    for ( ;; ) {

        if (it->i >= it->part->nelts) {
            if (it->part->next == NULL) {
                return NULL;
            }

            it->part = it->part->next;
            it->i = 0;

            continue;
        }

        h = it->part->elts;
        h += it->i++;

        if (h->hash == it->hash
            && h->key.len == it->name.len
            && ngx_memcmp(h->lowcase_key, it->name.data, it->name.len) == 0)
        {
            return h;
        }
    }
}


/*
 * Returns 0 if no header of this name carries a token, else how many headers
 * of the name there are: beside a bearer token another scheme is one too many.
 */

static ngx_uint_t
ngx_team_source_header(ngx_http_request_t *r, const ngx_team_source_t *source,
    team_str_t *text)
{
    ngx_uint_t               n, found;
    ngx_table_elt_t         *h;
    ngx_team_header_iter_t   it;

    n = 0;
    found = 0;

    it.part = &r->headers_in.headers.part;
    it.i = 0;
    it.hash = source->hash;
    it.name = source->name;

    while ((h = ngx_team_header_next(&it)) != NULL) {
        n++;

        if (source->type == NGX_TEAM_TOKEN_HEADER) {
            *text = ngx_team_str(h->value);
            found = 1;

        } else if (ngx_team_source_bearer(&h->value, text)) {
            found = 1;
        }
    }

    return found ? n : 0;
}


static ngx_uint_t
ngx_team_source_bearer(ngx_str_t *value, team_str_t *text)
{
    u_char  *p, *last;

    if (value->len < 6
        || ngx_strncasecmp(value->data, (u_char *) "Bearer", 6) != 0)
    {
        return 0;
    }

    p = value->data + 6;
    last = value->data + value->len;

    if (p < last && *p != ' ') {
        return 0;
    }

    while (p < last && *p == ' ') {
        p++;
    }

    text->len = last - p;
    text->data = (char *) p;

    return 1;
}


static ngx_uint_t
ngx_team_source_cookie(ngx_http_request_t *r, const ngx_team_source_t *source,
    team_str_t *text)
{
    ngx_uint_t               n;
    team_str_t               value;
    ngx_table_elt_t         *h;
    ngx_team_header_iter_t   it;

    n = 0;

    it.part = &r->headers_in.headers.part;
    it.i = 0;
    it.hash = source->hash;
    ngx_str_set(&it.name, "cookie");

    while ((h = ngx_team_header_next(&it)) != NULL) {

        n += ngx_team_source_cookies(&h->value, &source->name, &value);

        if (n) {
            *text = value;
        }
    }

    return n;
}


/* One Cookie header (RFC 6265 section 4.2.1), read as browsers write it. */

static ngx_uint_t
ngx_team_source_cookies(ngx_str_t *header, const ngx_str_t *name,
    team_str_t *text)
{
    u_char      *p, *last, *end, *eq;
    ngx_uint_t   n;

    n = 0;
    p = header->data;
    last = header->data + header->len;

    while (p < last) {

        while (p < last && (*p == ' ' || *p == '\t' || *p == ';')) {
            p++;
        }

        end = ngx_strlchr(p, last, ';');
        if (end == NULL) {
            end = last;
        }

        eq = ngx_strlchr(p, end, '=');

        if (eq != NULL
            && (size_t) (eq - p) == name->len
            && ngx_memcmp(p, name->data, name->len) == 0)
        {
            eq++;

            text->data = (char *) eq;
            text->len = end - eq;

            while (text->len && text->data[text->len - 1] == ' ') {
                text->len--;
            }

            n++;
        }

        p = end;
    }

    return n;
}
