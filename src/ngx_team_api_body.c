/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_api.h"
#include "ngx_team_reply.h"


static ngx_int_t ngx_team_api_body_check(ngx_http_request_t *r,
    const team_route_t *route);
static ngx_uint_t ngx_team_api_body_is(team_str_t type, const char *name);
static ngx_uint_t ngx_team_api_take(team_str_t *rest, const char *word);
static void ngx_team_api_skip(team_str_t *rest);
static ngx_int_t ngx_team_api_body_copy(ngx_http_request_t *r, u_char *p,
    size_t size);


ngx_uint_t
ngx_team_api_header(ngx_http_request_t *r, const char *name, team_str_t *value)
{
    size_t            len;
    ngx_uint_t        i, n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    value->len = 0;
    value->data = NULL;

    len = ngx_strlen(name);
    n = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].hash == 0
                || h[i].key.len != len
                || ngx_strncasecmp(h[i].key.data, (u_char *) name, len) != 0)
            {
                continue;
            }

            if (n++ == 0) {
                *value = ngx_team_str(h[i].value);
            }
        }
    }

    return n;
}


void
ngx_team_api_body_read(ngx_http_request_t *r, const team_route_t *route,
    ngx_http_client_body_handler_pt handler)
{
    ngx_int_t  rc;

    if (ngx_team_api_body_check(r, route) != NGX_OK) {
        return;
    }

    r->request_body_in_single_buf = 1;

    /* reading takes a count by itself */

    r->main->count--;

    rc = ngx_http_read_client_request_body(r, handler);

    if (rc < NGX_HTTP_SPECIAL_RESPONSE) {
        return;
    }

    /* it has given its count back; where the next request begins is unknown */

    r->main->count++;
    r->keepalive = 0;

    ngx_team_api_refuse_status(r, (int) rc, NULL);
}


/* NGX_OK: worth reading; NGX_DONE: answered. */

static ngx_int_t
ngx_team_api_body_check(ngx_http_request_t *r, const team_route_t *route)
{
    ngx_uint_t  n;
    team_str_t  type, encoding;

    if (r->headers_in.content_length_n <= 0 && !r->headers_in.chunked) {
        return NGX_OK;
    }

    if (r->headers_in.content_length_n > TEAM_MAX_BODY) {
        ngx_team_api_refuse_status(r, 413, NULL);
        return NGX_DONE;
    }

    n = ngx_team_api_header(r, "content-encoding", &encoding);

    if (n > 1 || (n == 1 && !(ngx_team_api_take(&encoding, "identity")
                              && encoding.len == 0)))
    {
        ngx_team_api_refuse_status(r, 415, "Send it without an encoding.");
        return NGX_DONE;
    }

    if (ngx_team_api_header(r, "content-type", &type) == 1
        && (ngx_team_api_body_is(type, "application/json")
            || (ngx_team_api_has_field(route, TEAM_FIELD_CSV)
                && ngx_team_api_body_is(type, "text/csv"))))
    {
        return NGX_OK;
    }

    ngx_team_api_refuse_status(r, 415,
                               ngx_team_api_has_field(route, TEAM_FIELD_CSV)
                               ? "Content-Type must be application/json or "
                                 "text/csv, in UTF-8."
                               : "Content-Type must be application/json.");

    return NGX_DONE;
}


ngx_uint_t
ngx_team_api_body_is_csv(ngx_http_request_t *r)
{
    team_str_t  type;

    return ngx_team_api_header(r, "content-type", &type) == 1
           && ngx_team_api_body_is(type, "text/csv");
}


/*
 * RFC 9110 section 12.5.1, as far as one wants a table: it is named first, and
 * not to say that it isn't wanted.
 */

ngx_uint_t
ngx_team_api_wants_csv(ngx_http_request_t *r)
{
    team_str_t  accept;

    if (ngx_team_api_header(r, "accept", &accept) != 1
        || !ngx_team_api_take(&accept, "text/csv"))
    {
        return 0;
    }

    for ( ;; ) {
        ngx_team_api_skip(&accept);

        if (accept.len == 0 || *accept.data == ',') {
            return 1;
        }

        if (!ngx_team_api_take(&accept, ";")) {
            return 0;
        }

        ngx_team_api_skip(&accept);

        if (ngx_team_api_take(&accept, "q=0")) {
            while (accept.len && (*accept.data == '.' || *accept.data == '0')) {
                accept.data++;
                accept.len--;
            }

            return accept.len && *accept.data >= '1' && *accept.data <= '9';
        }

        while (accept.len && *accept.data != ';' && *accept.data != ',') {
            accept.data++;
            accept.len--;
        }
    }
}


/*
 * RFC 9110 section 8.3: the media type, at most with charset=utf-8; a table
 * may also say that it has a header (RFC 4180 section 3), as ours do.
 */

static ngx_uint_t
ngx_team_api_body_is(team_str_t type, const char *name)
{
    if (!ngx_team_api_take(&type, name)) {
        return 0;
    }

    for ( ;; ) {
        ngx_team_api_skip(&type);

        if (type.len == 0) {
            return 1;
        }

        if (!ngx_team_api_take(&type, ";")) {
            return 0;
        }

        ngx_team_api_skip(&type);

        if (!ngx_team_api_take(&type, "charset=utf-8")
            && !ngx_team_api_take(&type, "charset=\"utf-8\"")
            && !(name[0] == 't' && ngx_team_api_take(&type, "header=present")))
        {
            return 0;
        }
    }
}


/* Takes a word, in any case, off the front; 1 if it is there. */

static ngx_uint_t
ngx_team_api_take(team_str_t *rest, const char *word)
{
    size_t  len;

    len = ngx_strlen(word);

    if (rest->len < len
        || ngx_strncasecmp((u_char *) rest->data, (u_char *) word, len) != 0)
    {
        return 0;
    }

    rest->data += len;
    rest->len -= len;

    return 1;
}


static void
ngx_team_api_skip(team_str_t *rest)
{
    while (rest->len && (*rest->data == ' ' || *rest->data == '\t')) {
        rest->data++;
        rest->len--;
    }
}


int
ngx_team_api_body_get(ngx_http_request_t *r, team_str_t *body)
{
    off_t         size;
    u_char       *p;
    ngx_chain_t  *cl;

    body->len = 0;
    body->data = NULL;

    if (r->request_body == NULL || r->request_body->bufs == NULL) {
        return 0;
    }

    size = 0;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);

        /* a chunked body shows only now how long it is */

        if (size > TEAM_MAX_BODY) {
            return 413;
        }
    }

    if (size == 0) {
        return 0;
    }

    p = ngx_pnalloc(r->pool, size);

    if (p == NULL || ngx_team_api_body_copy(r, p, size) != NGX_OK) {
        return 500;
    }

    body->len = size;
    body->data = (char *) p;

    return 0;
}


/* nginx leaves a body in memory, in a file, or its end in memory. */

static ngx_int_t
ngx_team_api_body_copy(ngx_http_request_t *r, u_char *p, size_t size)
{
    size_t        n;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        b = cl->buf;
        n = ngx_buf_size(b);

        if (n > size) {
            return NGX_ERROR;
        }

        if (ngx_buf_in_memory(b)) {
            ngx_memcpy(p, b->pos, n);

        } else if (n > 0
                   && ngx_read_file(b->file, p, n, b->file_pos) != (ssize_t) n)
        {
            return NGX_ERROR;
        }

        p += n;
        size -= n;
    }

    return NGX_OK;
}
