/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_reply.h"


#define NGX_TEAM_REALM      "team"
#define NGX_TEAM_CHALLENGE  256


static ngx_table_elt_t *ngx_team_reply_find(ngx_http_request_t *r,
    ngx_str_t name, const char *begins);
static ngx_table_elt_t *ngx_team_reply_set(ngx_http_request_t *r,
    ngx_table_elt_t *h, ngx_str_t name, ngx_str_t value);
static ngx_int_t ngx_team_reply_common(ngx_http_request_t *r,
    ngx_uint_t status);
static void ngx_team_reply_discard(ngx_http_request_t *r, ngx_uint_t status);
static ngx_int_t ngx_team_reply_challenge(ngx_http_request_t *r,
    team_reason_e reason);
static ngx_uint_t ngx_team_reply_error_page(ngx_http_request_t *r,
    ngx_int_t status);
static ngx_str_t ngx_team_reply_line(ngx_uint_t status);
static ngx_int_t ngx_team_reply_output(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t type, ngx_str_t body);


static ngx_str_t  ngx_team_reply_cache_control = ngx_string("Cache-Control");
static ngx_str_t  ngx_team_reply_no_store = ngx_string("no-store");
static ngx_str_t  ngx_team_reply_retry_after = ngx_string("Retry-After");
static ngx_str_t  ngx_team_reply_one = ngx_string("1");
static ngx_str_t  ngx_team_reply_authenticate = ngx_string("WWW-Authenticate");
static ngx_str_t  ngx_team_reply_type = ngx_string("application/problem+json");


/*
 * A header of this name, whose value begins so; NULL: none.  An error page may
 * end up here again: nothing is to be said twice then.
 */

static ngx_table_elt_t *
ngx_team_reply_find(ngx_http_request_t *r, ngx_str_t name, const char *begins)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    len = ngx_strlen(begins);
    part = &r->headers_out.headers.part;

    while (part != NULL) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].hash != 0
                && h[i].key.len == name.len
                && ngx_strncasecmp(h[i].key.data, name.data, name.len) == 0
                && h[i].value.len >= len
                && ngx_strncmp(h[i].value.data, begins, len) == 0)
            {
                return &h[i];
            }
        }

        part = part->next;
    }

    return NULL;
}


ngx_int_t
ngx_team_reply_header(ngx_http_request_t *r, ngx_str_t name, ngx_str_t value)
{
    ngx_table_elt_t  *h;

    h = ngx_team_reply_find(r, name, "");

    return ngx_team_reply_set(r, h, name, value) ? NGX_OK : NGX_ERROR;
}


/* Gives h, or a new header if it is NULL, the value; NULL without memory. */

static ngx_table_elt_t *
ngx_team_reply_set(ngx_http_request_t *r, ngx_table_elt_t *h, ngx_str_t name,
    ngx_str_t value)
{
    if (h == NULL) {
        h = ngx_list_push(&r->headers_out.headers);
        if (h == NULL) {
            return NULL;
        }

        h->hash = 1;
        h->key = name;
        h->lowcase_key = NULL;
        ngx_team_header_alone(h);
    }

    h->value = value;

    return h;
}


void
ngx_team_reply_send(ngx_http_request_t *r, ngx_uint_t status, ngx_str_t type,
    ngx_str_t body)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);

    if (rc == NGX_OK) {
        rc = ngx_team_reply_common(r, status);
    }

    if (rc == NGX_OK) {
        rc = ngx_team_reply_output(r, status, type, body);
    }

    ngx_http_finalize_request(r, rc);
}


void
ngx_team_reply_problem(ngx_http_request_t *r, const team_problem_t *problem,
    const char *detail, json_t *errors)
{
    char       *text;
    size_t      len;
    ngx_int_t   rc;
    ngx_str_t   body;

    rc = ngx_team_reply_common(r, problem->status);
    if (rc != NGX_OK) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    if (ngx_team_reply_error_page(r, problem->status)) {

        /* the page may want the request's body */

        ngx_http_finalize_request(r, problem->status);
        return;
    }

    text = team_problem_body(problem, detail, errors, &len);
    if (text == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    body.len = len;
    body.data = (u_char *) text;

    ngx_team_reply_discard(r, problem->status);

    rc = ngx_team_reply_output(r, problem->status, ngx_team_reply_type, body);

    /* the core allocates with malloc() */

    free(text);

    ngx_http_finalize_request(r, rc);
}


void
ngx_team_reply_reason(ngx_http_request_t *r, team_reason_e reason,
    const char *detail)
{
    if (ngx_team_reply_challenge(r, reason) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_team_reply_problem(r, team_problem_reason(reason), detail, NULL);
}


/* What all answers share.  NGX_OK, or what to finalize with. */

static ngx_int_t
ngx_team_reply_common(ngx_http_request_t *r, ngx_uint_t status)
{
    if ((status == NGX_HTTP_SERVICE_UNAVAILABLE
         || status == NGX_HTTP_TOO_MANY_REQUESTS)
        && ngx_team_reply_find(r, ngx_team_reply_retry_after, "") == NULL
        && ngx_team_reply_header(r, ngx_team_reply_retry_after,
                                 ngx_team_reply_one)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_team_reply_header(r, ngx_team_reply_cache_control,
                              ngx_team_reply_no_store)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_OK;
}


/*
 * As ngx_http_special_response_handler() does: a body that was announced is
 * not asked for, one that can't be read ends the connection, and in an error
 * page that is refused the status is ours.
 */

static void
ngx_team_reply_discard(ngx_http_request_t *r, ngx_uint_t status)
{
    r->err_status = status;
    r->expect_tested = 1;

    if (ngx_http_discard_request_body(r) != NGX_OK
        || status == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE)
    {
        r->keepalive = 0;
    }
}


static ngx_int_t
ngx_team_reply_challenge(ngx_http_request_t *r, team_reason_e reason)
{
    char              buf[NGX_TEAM_CHALLENGE];
    size_t            len;
    ngx_str_t         value;
    ngx_table_elt_t  *h;

    len = team_problem_challenge(buf, sizeof(buf), reason, NGX_TEAM_REALM);
    if (len == 0) {
        return NGX_OK;
    }

    value.len = len;
    value.data = ngx_pnalloc(r->pool, len);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(value.data, buf, len);

    /* another module's challenge stays: with "satisfy any" it would do, too */

    h = ngx_team_reply_find(r, ngx_team_reply_authenticate, "Bearer ");

    h = ngx_team_reply_set(r, h, ngx_team_reply_authenticate, value);
    if (h == NULL) {
        return NGX_ERROR;
    }

    /* where "satisfy any" looks when another module lets the request pass */

    if (h != r->headers_out.www_authenticate) {
        ngx_team_header_before(h, r->headers_out.www_authenticate);
        r->headers_out.www_authenticate = h;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_team_reply_wanted(ngx_http_request_t *r)
{
    ngx_team_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_team_module);

    /* r->error_page would not tell: not under recursive_error_pages */

    return r->err_status >= NGX_HTTP_BAD_REQUEST
           && tlcf->problem.len != 0
           && r->uri.len == tlcf->problem.len
           && ngx_memcmp(r->uri.data, tlcf->problem.data, r->uri.len) == 0;
}


/*
 * As ngx_http_special_response_handler() will see it, less the page of our own
 * making.
 */

static ngx_uint_t
ngx_team_reply_error_page(ngx_http_request_t *r, ngx_int_t status)
{
    ngx_uint_t                 i;
    ngx_team_loc_conf_t       *tlcf;
    ngx_http_err_page_t       *page;
    ngx_http_core_loc_conf_t  *clcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_team_module);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->error_pages == NULL || r->error_page || r->uri_changes == 0) {
        return 0;
    }

    page = clcf->error_pages->elts;

    for (i = 0; i < clcf->error_pages->nelts; i++) {
        if (page[i].status == status
            && (page[i].value.value.data != tlcf->problem.data
                || tlcf->problem.len == 0))
        {
            return 1;
        }
    }

    return 0;
}


/* For statuses whose names nginx doesn't know; else empty: nginx's own line. */

static ngx_str_t
ngx_team_reply_line(ngx_uint_t status)
{
    static ngx_str_t  content = ngx_string("422 Unprocessable Content");
    static ngx_str_t  required = ngx_string("428 Precondition Required");
    static ngx_str_t  none = ngx_null_string;

    switch (status) {

    case 422:
        return content;

    case 428:
        return required;

    default:
        return none;
    }
}


static ngx_int_t
ngx_team_reply_output(ngx_http_request_t *r, ngx_uint_t status, ngx_str_t type,
    ngx_str_t body)
{
    u_char       *p;
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    r->headers_out.status = status;
    r->headers_out.status_line = ngx_team_reply_line(status);

    /* what it says is said; with it the line would be nginx's own */

    if (r->err_status == status) {
        r->err_status = 0;
    }

    r->headers_out.content_length_n = (status == NGX_HTTP_NOT_MODIFIED)
                                      ? -1 : (off_t) body.len;
    r->disable_not_modified = 1;

    ngx_http_clear_last_modified(r);
    ngx_http_clear_accept_ranges(r);

    b = NULL;

    if (body.len != 0) {

        /* a type with parameters of its own gets no charset from nginx */

        p = ngx_strlchr(type.data, type.data + type.len, ';');

        r->headers_out.content_type = type;
        r->headers_out.content_type_len = p ? (size_t) (p - type.data)
                                            : type.len;
        r->headers_out.content_type_lowcase = NULL;

        b = ngx_create_temp_buf(r->pool, body.len);
        if (b == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        b->last = ngx_cpymem(b->last, body.data, body.len);
        b->last_buf = (r == r->main) ? 1 : 0;
        b->last_in_chain = 1;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    if (b == NULL) {
        return ngx_http_send_special(r, NGX_HTTP_LAST);
    }

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}
