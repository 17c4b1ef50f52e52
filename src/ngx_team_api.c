/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_api.h"
#include "ngx_team_ctx.h"
#include "ngx_team_identity.h"
#include "ngx_team_reply.h"
#include "ngx_team_zone.h"


static ngx_int_t ngx_team_api_admit(ngx_http_request_t *r,
    team_route_match_t *match);
static ngx_uint_t ngx_team_api_same_origin(ngx_http_request_t *r);


ngx_int_t
ngx_team_api_handler(ngx_http_request_t *r)
{
    team_route_match_t  match;

    /* what we return is finalized: the answer has a count of its own */

    r->main->count++;

    if (ngx_team_reply_wanted(r)) {
        ngx_team_api_refuse_status(r, (int) r->err_status, NULL);
        return NGX_DONE;
    }

    ngx_team_count(api_requests);

    if (ngx_team_api_admit(r, &match) != NGX_OK) {
        return NGX_DONE;
    }

    if (ngx_team_api_has_body(match.route)) {
        ngx_team_api_body_read(r, match.route, ngx_team_api_run);

    } else {
        ngx_team_api_run(r);
    }

    return NGX_DONE;
}


/*
 * Over HTTP/2 nginx does not mark a body as discarded, and so refuses it once
 * more, with a page of its own.  The location is not known yet here.
 */

ngx_int_t
ngx_team_api_sent_on(ngx_http_request_t *r)
{
    ngx_str_t             *problem;
    ngx_uint_t             i;
    ngx_team_main_conf_t  *tmcf;

    if (r->err_status != NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
        return NGX_DECLINED;
    }

    tmcf = ngx_http_get_module_main_conf(r, ngx_team_module);
    problem = tmcf->problems.elts;

    for (i = 0; i < tmcf->problems.nelts; i++) {
        if (r->uri.data == problem[i].data) {
            r->discard_body = 1;
            break;
        }
    }

    return NGX_DECLINED;
}


/* What is decided before a byte of the body.  NGX_OK; NGX_DONE: answered. */

static ngx_int_t
ngx_team_api_admit(ngx_http_request_t *r, team_route_match_t *match)
{
    unsigned         allowed;
    team_reason_e    reason;
    ngx_team_ctx_t  *ctx;

    switch (ngx_team_api_match(r, match, &allowed)) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        if (ngx_team_api_is_document(r)) {
            ngx_team_api_document(r);

        } else {
            ngx_team_api_refuse_status(r, 404, NULL);
        }

        return NGX_DONE;

    case NGX_ABORT:
        ngx_team_api_not_allowed(r, allowed);
        return NGX_DONE;

    default:
        ngx_team_api_refuse_reason(r, TEAM_INTERNAL, NULL);
        return NGX_DONE;
    }

    if (match->route->public) {
        return NGX_OK;
    }

    ctx = ngx_team_ctx_get(r);

    if (ctx == NULL) {
        ngx_team_api_refuse_reason(r, TEAM_INTERNAL, NULL);
        return NGX_DONE;
    }

    reason = ngx_team_identity_get(r, ctx);

    if (reason != TEAM_OK) {
        ctx->reason = reason;
        ngx_team_count(reasons[reason]);

        ngx_team_api_refuse_reason(r, reason, NULL);
        return NGX_DONE;
    }

    /* a browser sends its cookies for other sites' pages, too */

    if (match->route->write
        && ctx->source == NGX_TEAM_TOKEN_COOKIE
        && !ngx_team_api_same_origin(r))
    {
        ngx_team_api_refuse(r, team_problem_code("origin-not-allowed"),
                            "A change with a cookie needs this site's Origin.",
                            NULL);
        return NGX_DONE;
    }

    return NGX_OK;
}


/*
 * The path is that of r->uri, encoded again, not the line as it was sent: what
 * nginx decided about (the location, its permissions, a rewrite) is then what
 * we do.  All that is lost is the difference between "/" and "%2F", and no
 * name in a path has a slash.
 */

ngx_int_t
ngx_team_api_match(ngx_http_request_t *r, team_route_match_t *match,
    unsigned *allowed)
{
    int                   method, rc;
    ngx_str_t             path;
    ngx_team_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_team_module);

    if (r->uri.len <= tlcf->api.len
        || ngx_memcmp(r->uri.data, tlcf->api.data, tlcf->api.len) != 0
        || r->uri.data[tlcf->api.len] != '/')
    {
        return NGX_DECLINED;
    }

    path.len = r->uri.len - tlcf->api.len;
    path.data = r->uri.data + tlcf->api.len;

    if (path.len > TEAM_MAX_PATH) {
        return NGX_DECLINED;
    }

    path = ngx_team_api_escape(r->pool, path, 0);

    if (path.data == NULL) {
        return NGX_ERROR;
    }

    if (path.len > TEAM_MAX_PATH) {
        return NGX_DECLINED;
    }

    method = team_method_find(ngx_team_str(r->method_name));

    *allowed = 0;

    rc = team_route_match(match, method, ngx_team_str(path), allowed);

    if (rc == 1) {
        return NGX_OK;
    }

    return (rc == 0) ? NGX_DECLINED : NGX_ABORT;
}


ngx_str_t
ngx_team_api_escape(ngx_pool_t *pool, ngx_str_t s, ngx_uint_t encoded)
{
    u_char            c, *p;
    size_t            i;
    ngx_str_t         out;
    static u_char     hex[] = "0123456789ABCDEF";
    static const char plain[] = "-._~!$&'()*+,;=:@/?";

    out.len = 0;
    out.data = ngx_pnalloc(pool, s.len * 3 + 1);

    if (out.data == NULL) {
        return out;
    }

    p = out.data;

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if ((c >= 'a' && c <= 'z')
            || (c >= 'A' && c <= 'Z')
            || (c >= '0' && c <= '9')
            || (c == '%' && encoded)
            || (c != '\0' && ngx_strchr(plain, c) != NULL))
        {
            *p++ = c;
            continue;
        }

        *p++ = '%';
        *p++ = hex[c >> 4];
        *p++ = hex[c & 0xf];
    }

    out.len = p - out.data;

    return out;
}


void
ngx_team_api_not_allowed(ngx_http_request_t *r, unsigned allowed)
{
    u_char                 *p;
    ngx_uint_t              i;
    ngx_str_t               value;
    static ngx_str_t        name = ngx_string("Allow");
    static const ngx_str_t  methods[TEAM_METHODS] = {
        [TEAM_METHOD_GET] = ngx_string("GET, HEAD"),
        [TEAM_METHOD_POST] = ngx_string("POST"),
        [TEAM_METHOD_PUT] = ngx_string("PUT"),
        [TEAM_METHOD_PATCH] = ngx_string("PATCH"),
        [TEAM_METHOD_DELETE] = ngx_string("DELETE")
    };

    value.data = ngx_pnalloc(r->pool,
                             sizeof("GET, HEAD, POST, PUT, PATCH, DELETE, "));
    if (value.data == NULL) {
        ngx_team_api_refuse_reason(r, TEAM_INTERNAL, NULL);
        return;
    }

    p = value.data;

    for (i = 0; i < TEAM_METHODS; i++) {

        if (!(allowed & (1u << i))) {
            continue;
        }

        if (p != value.data) {
            *p++ = ',';
            *p++ = ' ';
        }

        p = ngx_cpymem(p, methods[i].data, methods[i].len);
    }

    value.len = p - value.data;

    if (ngx_team_reply_header(r, name, value) != NGX_OK) {
        ngx_team_api_refuse_reason(r, TEAM_INTERNAL, NULL);
        return;
    }

    ngx_team_api_refuse_status(r, 405, NULL);
}


/*
 * 1 for a request that a page of this very site made.  Sec-Fetch-Site is the
 * browser's own word, and right behind a proxy that ends TLS, where we can't
 * know our own origin.
 */

static ngx_uint_t
ngx_team_api_same_origin(ngx_http_request_t *r)
{
    size_t             len;
    ngx_str_t          host;
    ngx_uint_t         n;
    team_str_t         value, scheme;
    static team_str_t  same = team_string("same-origin");
    static team_str_t  http = team_string("http://");
    static team_str_t  https = team_string("https://");

    n = ngx_team_api_header(r, "sec-fetch-site", &value);

    if (n > 0) {
        return n == 1 && team_str_eq(value, same);
    }

    if (ngx_team_api_header(r, "origin", &value) != 1
        || r->headers_in.host == NULL)
    {
        return 0;
    }

    scheme = http;

#if (NGX_HTTP_SSL)

    if (r->connection->ssl != NULL) {
        scheme = https;
    }

#endif

    host = r->headers_in.host->value;
    len = scheme.len;

    return host.len != 0
           && value.len == len + host.len
           && ngx_memcmp(value.data, scheme.data, len) == 0
           && ngx_strncasecmp((u_char *) value.data + len, host.data, host.len)
              == 0;
}


ngx_uint_t
ngx_team_api_has_body(const team_route_t *route)
{
    size_t  i;

    for (i = 0; i < route->n_fields; i++) {

        switch (route->fields[i].type) {

        case TEAM_FIELD_PATH:
        case TEAM_FIELD_QUERY_TEXT:
        case TEAM_FIELD_QUERY_INT:
        case TEAM_FIELD_FORMAT:
        case TEAM_FIELD_IF_MATCH:
        case TEAM_FIELD_IDEMPOTENCY:
            break;

        default:
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_team_api_has_field(const team_route_t *route, team_field_e type)
{
    size_t  i;

    for (i = 0; i < route->n_fields; i++) {
        if (route->fields[i].type == type) {
            return 1;
        }
    }

    return 0;
}


void
ngx_team_api_refuse(ngx_http_request_t *r, const team_problem_t *problem,
    const char *detail, json_t *errors)
{
    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "team_api refused: %d %s", problem->status, problem->code);

    ngx_team_reply_problem(r, problem, detail, errors);
}


void
ngx_team_api_refuse_reason(ngx_http_request_t *r, team_reason_e reason,
    const char *detail)
{
    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "team_api refused: %s", team_reason_name(reason));

    ngx_team_reply_reason(r, reason, detail);
}


void
ngx_team_api_refuse_status(ngx_http_request_t *r, int status,
    const char *detail)
{
    ngx_team_api_refuse(r, team_problem_status(status), detail, NULL);
}
