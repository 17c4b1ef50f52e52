/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* The API's description: no row of the table, as it asks no database. */

#include "ngx_team_api.h"
#include "ngx_team_reply.h"
#include "team_openapi.h"


static ngx_str_t ngx_team_api_mounted(ngx_http_request_t *r);


ngx_uint_t
ngx_team_api_is_document(ngx_http_request_t *r)
{
    ngx_str_t             path;
    ngx_team_loc_conf_t  *tlcf;
    static ngx_str_t      name = ngx_string("/openapi.json");
    static ngx_str_t      versioned = ngx_string("/v1/openapi.json");

    tlcf = ngx_http_get_module_loc_conf(r, ngx_team_module);

    if (r->uri.len <= tlcf->api.len
        || ngx_memcmp(r->uri.data, tlcf->api.data, tlcf->api.len) != 0)
    {
        return 0;
    }

    path.len = r->uri.len - tlcf->api.len;
    path.data = r->uri.data + tlcf->api.len;

    return team_str_eq(ngx_team_str(path), ngx_team_str(name))
           || team_str_eq(ngx_team_str(path), ngx_team_str(versioned));
}


void
ngx_team_api_document(ngx_http_request_t *r)
{
    ngx_str_t         body, etag;
    team_str_t        tag;
    static ngx_str_t  none = ngx_null_string;
    static ngx_str_t  type = ngx_string("application/json");

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        ngx_team_api_not_allowed(r, 1u << TEAM_METHOD_GET);
        return;
    }

    body = ngx_team_api_mounted(r);

    tag = team_openapi_etag();
    etag.len = tag.len;
    etag.data = (u_char *) tag.data;

    if (body.data == NULL
        || ngx_team_api_headers(r, etag, none, none) != NGX_OK)
    {
        ngx_team_api_refuse_reason(r, TEAM_INTERNAL, NULL);

    } else if (ngx_team_api_not_modified(r, etag)) {
        ngx_team_reply_send(r, NGX_HTTP_NOT_MODIFIED, none, none);

    } else {
        ngx_team_reply_send(r, NGX_HTTP_OK, type, body);
    }
}


/*
 * The document with the mount point of this location for its own, so that a
 * client that is made of it finds the API.  data NULL without memory.
 */

static ngx_str_t
ngx_team_api_mounted(ngx_http_request_t *r)
{
    size_t                before, after;
    u_char               *p;
    ngx_str_t             body, mount;
    team_str_t            json, part;
    ngx_team_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_team_module);

    json = team_openapi();
    part = team_openapi_mount();
    before = part.data - json.data;
    after = json.len - before - part.len;

    mount = ngx_team_api_escape(r->pool, tlcf->api, 0);

    body.len = before + mount.len + after;
    body.data = mount.data ? ngx_pnalloc(r->pool, body.len) : NULL;

    if (body.data == NULL) {
        return body;
    }

    /* what is plain in a URI is plain in a JSON string */

    p = ngx_cpymem(body.data, json.data, before);
    p = ngx_cpymem(p, mount.data, mount.len);

    ngx_memcpy(p, part.data + part.len, after);

    return body;
}
