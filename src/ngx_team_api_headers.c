/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_api.h"
#include "ngx_team_reply.h"
#include "team_text.h"


static ngx_int_t ngx_team_api_etag(ngx_http_request_t *r, ngx_str_t etag);
static ngx_int_t ngx_team_api_location(ngx_http_request_t *r,
    ngx_str_t location);
static ngx_int_t ngx_team_api_link(ngx_http_request_t *r, ngx_str_t cursor);
static ngx_str_t ngx_team_api_args(ngx_http_request_t *r);
static ngx_uint_t ngx_team_api_is_cursor(u_char *start, u_char *end);


ngx_int_t
ngx_team_api_headers(ngx_http_request_t *r, ngx_str_t etag, ngx_str_t location,
    ngx_str_t cursor)
{
    if (etag.len != 0 && ngx_team_api_etag(r, etag) != NGX_OK) {
        return NGX_ERROR;
    }

    if (location.len != 0 && ngx_team_api_location(r, location) != NGX_OK) {
        return NGX_ERROR;
    }

    if (cursor.len != 0 && ngx_team_api_link(r, cursor) != NGX_OK) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * Not told to nginx (r->headers_out.etag): its gzip filter would make it a weak
 * one, which If-Match can't take.
 */

static ngx_int_t
ngx_team_api_etag(ngx_http_request_t *r, ngx_str_t etag)
{
    ngx_str_t         value;
    static ngx_str_t  name = ngx_string("ETag");

    if (team_text_control(ngx_team_str(etag))) {
        return NGX_ERROR;
    }

    value.len = etag.len;
    value.data = ngx_pstrdup(r->pool, &etag);

    if (value.data == NULL) {
        return NGX_ERROR;
    }

    return ngx_team_reply_header(r, name, value);
}


static ngx_int_t
ngx_team_api_location(ngx_http_request_t *r, ngx_str_t location)
{
    u_char               *p;
    ngx_str_t             value, mount;
    ngx_team_loc_conf_t  *tlcf;
    static ngx_str_t      name = ngx_string("Location");

    tlcf = ngx_http_get_module_loc_conf(r, ngx_team_module);

    mount = ngx_team_api_escape(r->pool, tlcf->api, 0);
    location = ngx_team_api_escape(r->pool, location, 1);

    if (mount.data == NULL || location.data == NULL) {
        return NGX_ERROR;
    }

    value.len = mount.len + location.len;
    value.data = ngx_pnalloc(r->pool, value.len);

    if (value.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(value.data, mount.data, mount.len);
    ngx_memcpy(p, location.data, location.len);

    return ngx_team_reply_header(r, name, value);
}


/* RFC 8288: the next page is at this URL, with another cursor. */

static ngx_int_t
ngx_team_api_link(ngx_http_request_t *r, ngx_str_t cursor)
{
    u_char           *p;
    ngx_str_t         path, args, value;
    static ngx_str_t  name = ngx_string("Link");

    path = ngx_team_api_escape(r->pool, r->uri, 0);
    args = ngx_team_api_args(r);
    cursor = ngx_team_api_escape(r->pool, cursor, 0);

    if (path.data == NULL || args.data == NULL || cursor.data == NULL) {
        return NGX_ERROR;
    }

    value.len = sizeof("<?&cursor=>; rel=\"next\"") - 1
                + path.len + args.len + cursor.len;
    value.data = ngx_pnalloc(r->pool, value.len);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_slprintf(value.data, value.data + value.len,
                     "<%V?%V%scursor=%V>; rel=\"next\"",
                     &path, &args, args.len ? "&" : "", &cursor);

    value.len = p - value.data;

    return ngx_team_reply_header(r, name, value);
}


/* The query less its cursor, escaped; data NULL without memory. */

static ngx_str_t
ngx_team_api_args(ngx_http_request_t *r)
{
    u_char     *p, *start, *end, *last;
    ngx_str_t   args;

    args.len = 0;
    args.data = ngx_pnalloc(r->pool, r->args.len + 1);

    if (args.data == NULL) {
        return args;
    }

    p = args.data;
    last = r->args.data + r->args.len;

    for (start = r->args.data; start < last; start = end + 1) {

        end = ngx_strlchr(start, last, '&');
        if (end == NULL) {
            end = last;
        }

        if (end == start || ngx_team_api_is_cursor(start, end)) {
            continue;
        }

        if (p != args.data) {
            *p++ = '&';
        }

        p = ngx_cpymem(p, start, end - start);
    }

    args.len = p - args.data;

    return ngx_team_api_escape(r->pool, args, 1);
}


/* Its letters may be percent-encoded, as any may. */

static ngx_uint_t
ngx_team_api_is_cursor(u_char *start, u_char *end)
{
    char               buf[3 * (sizeof("cursor") - 1)];
    size_t             len;
    u_char            *equal;
    team_str_t         name;
    static team_str_t  cursor = team_string("cursor");

    equal = ngx_strlchr(start, end, '=');

    name.len = (equal ? equal : end) - start;
    name.data = (char *) start;

    if (name.len > sizeof(buf)
        || team_text_decode(buf, &len, name, 1) != 0)
    {
        return 0;
    }

    name.len = len;
    name.data = buf;

    return team_str_eq(name, cursor);
}


/* RFC 9110 section 13.1.2: any of them, compared weakly, or "*". */

ngx_uint_t
ngx_team_api_not_modified(ngx_http_request_t *r, ngx_str_t etag)
{
    u_char     *p, *end;
    ngx_str_t   value;

    if (r->headers_in.if_none_match == NULL || etag.len == 0) {
        return 0;
    }

    value = r->headers_in.if_none_match->value;

    if (value.len == 1 && value.data[0] == '*') {
        return 1;
    }

    p = value.data;
    end = value.data + value.len;

    while (p < end) {

        if (*p == ' ' || *p == '\t' || *p == ',') {
            p++;
            continue;
        }

        if (end - p > 2 && p[0] == 'W' && p[1] == '/') {
            p += 2;
        }

        if ((size_t) (end - p) >= etag.len
            && ngx_memcmp(p, etag.data, etag.len) == 0
            && (p + etag.len == end
                || ngx_strchr(", \t", p[etag.len]) != NULL))
        {
            return 1;
        }

        /* past this one; a comma may be inside quotes, but not in ours */

        while (p < end && *p != ',') {
            p++;
        }
    }

    return 0;
}
