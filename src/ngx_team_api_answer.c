/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_api.h"
#include "ngx_team_ctx.h"
#include "ngx_team_grants.h"
#include "ngx_team_reply.h"
#include "team_json.h"


/* team_api.reply, in the order of its columns */

typedef enum {
    NGX_TEAM_REPLY_STATUS = 0,
    NGX_TEAM_REPLY_BODY,
    NGX_TEAM_REPLY_ETAG,
    NGX_TEAM_REPLY_LOCATION,
    NGX_TEAM_REPLY_CURSOR,
    NGX_TEAM_REPLY_CHANGED,
    NGX_TEAM_REPLY_COLUMNS
} ngx_team_reply_column_e;


typedef struct {
    ngx_int_t   status;
    ngx_str_t   column[NGX_TEAM_REPLY_COLUMNS];   /* borrowed from the query */
} ngx_team_api_row_t;


static ngx_int_t ngx_team_api_row(ngx_team_query_t *query,
    ngx_team_api_row_t *row);
static void ngx_team_api_forget(ngx_team_query_t *query,
    ngx_team_call_t *call, ngx_team_api_row_t *row);
static void ngx_team_api_reply(ngx_http_request_t *r, ngx_team_query_t *query,
    ngx_team_call_t *call, ngx_team_api_row_t *row);
static void ngx_team_api_reply_row(ngx_http_request_t *r,
    ngx_team_call_t *call, ngx_team_api_row_t *row);
static void ngx_team_api_reply_refusal(ngx_http_request_t *r,
    ngx_team_api_row_t *row);
static void ngx_team_api_reply_raised(ngx_http_request_t *r,
    ngx_team_query_t *query);
static char *ngx_team_api_text(ngx_pool_t *pool, ngx_str_t *value);
static ngx_int_t ngx_team_api_retry_after(ngx_http_request_t *r,
    ngx_team_query_t *query);
static void ngx_team_api_fault(ngx_http_request_t *r, ngx_team_query_t *query);


void
ngx_team_api_answer(ngx_team_query_t *query)
{
    ngx_connection_t    *c;
    ngx_team_call_t     *call;
    ngx_http_request_t  *r;
    ngx_team_api_row_t   row;

    call = query->data;
    r = call->request;

    row.status = 0;

    /* before anybody hears that it is done */

    ngx_team_api_forget(query, call, &row);

    if (r == NULL) {
        return;
    }

    if (call->cleanup != NULL) {
        call->cleanup->handler = NULL;

    } else {
        call->ctx->query = NULL;
    }

    if (!ngx_team_ctx_is_current(call->ctx)) {
        return;
    }

    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ngx_team_api_reply(r, query, call, &row);

    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_team_api_row(ngx_team_query_t *query, ngx_team_api_row_t *row)
{
    ngx_uint_t  i;

    if (ngx_team_query_rows(query) != 1
        || ngx_team_query_columns(query) != NGX_TEAM_REPLY_COLUMNS)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_TEAM_REPLY_COLUMNS; i++) {
        row->column[i] = ngx_team_query_value(query, 0, i);
    }

    row->status = ngx_atoi(row->column[NGX_TEAM_REPLY_STATUS].data,
                           row->column[NGX_TEAM_REPLY_STATUS].len);

    if (row->status < 200 || row->status > 599) {
        row->status = 0;
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_team_api_forget(ngx_team_query_t *query, ngx_team_call_t *call,
    ngx_team_api_row_t *row)
{
    static ngx_str_t  everything = ngx_null_string;

    if (query->outcome != NGX_TEAM_QUERY_OK) {
        return;
    }

    if (ngx_team_api_row(query, row) != NGX_OK) {

        /* something was done, and we can't read what */

        if (call->route->write) {
            ngx_team_grants_forget(everything);
        }

        return;
    }

    if (row->column[NGX_TEAM_REPLY_CHANGED].data != NULL) {
        ngx_team_grants_forget(row->column[NGX_TEAM_REPLY_CHANGED]);
    }
}


static void
ngx_team_api_reply(ngx_http_request_t *r, ngx_team_query_t *query,
    ngx_team_call_t *call, ngx_team_api_row_t *row)
{
    const char  *detail;

    detail = call->route->write
             ? "Whether the change was made is not known: look before you "
               "repeat it."
             : NULL;

    switch (query->outcome) {

    case NGX_TEAM_QUERY_OK:

        if (row->status == 0) {
            ngx_team_api_fault(r, query);
            ngx_team_api_refuse_reason(r, TEAM_INTERNAL, NULL);

        } else if (row->status >= NGX_HTTP_BAD_REQUEST) {
            ngx_team_api_reply_refusal(r, row);

        } else {
            ngx_team_api_reply_row(r, call, row);
        }

        break;

    case NGX_TEAM_QUERY_REFUSED:
        ngx_team_api_reply_raised(r, query);
        break;

    case NGX_TEAM_QUERY_OVERLOADED:
        ngx_team_api_refuse_reason(r, TEAM_OVERLOADED, NULL);
        break;

    default: /* NGX_TEAM_QUERY_UNAVAILABLE, NGX_TEAM_QUERY_TIMEOUT */
        ngx_team_api_refuse_reason(r, TEAM_UNAVAILABLE, detail);
    }
}


static void
ngx_team_api_reply_row(ngx_http_request_t *r, ngx_team_call_t *call,
    ngx_team_api_row_t *row)
{
    ngx_str_t         body;
    static ngx_str_t  none = ngx_null_string;
    static ngx_str_t  json = ngx_string("application/json");
    static ngx_str_t  csv = ngx_string("text/csv; charset=utf-8; "
                                       "header=present");

    if (ngx_team_api_headers(r, row->column[NGX_TEAM_REPLY_ETAG],
                             row->column[NGX_TEAM_REPLY_LOCATION],
                             row->column[NGX_TEAM_REPLY_CURSOR])
        != NGX_OK)
    {
        ngx_team_api_refuse_reason(r, TEAM_INTERNAL, NULL);
        return;
    }

    if (row->status == NGX_HTTP_OK
        && (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))
        && ngx_team_api_not_modified(r, row->column[NGX_TEAM_REPLY_ETAG]))
    {
        ngx_team_reply_send(r, NGX_HTTP_NOT_MODIFIED, none, none);
        return;
    }

    body = row->column[NGX_TEAM_REPLY_BODY];

    if (row->status == NGX_HTTP_NO_CONTENT) {
        body = none;
    }

    ngx_team_reply_send(r, row->status, call->csv ? csv : json, body);
}


/* Refused, and written down as such, so that it could not be raised. */

static void
ngx_team_api_reply_refusal(ngx_http_request_t *r, ngx_team_api_row_t *row)
{
    json_t          *root;
    ngx_str_t        body;
    team_problem_t   problem;

    body = row->column[NGX_TEAM_REPLY_BODY];
    root = NULL;

    if (body.len != 0
        && team_json_load(&root, (char *) body.data, body.len, NULL)
           != TEAM_JSON_OK)
    {
        ngx_team_api_refuse_reason(r, TEAM_INTERNAL, NULL);
        return;
    }

    /* what is not there, or no text, comes as NULL */

    team_problem_make((int) row->status,
                      json_string_value(json_object_get(root, "code")),
                      &problem);

    ngx_team_api_refuse(r, &problem,
                        json_string_value(json_object_get(root, "detail")),
                        json_object_get(root, "errors"));

    json_decref(root);
}


static void
ngx_team_api_reply_raised(ngx_http_request_t *r, ngx_team_query_t *query)
{
    char            *message, *detail, *place;
    json_t          *errors;
    team_problem_t   problem;

    message = ngx_team_api_text(r->pool, &query->message);
    detail = ngx_team_api_text(r->pool, &query->detail);
    place = ngx_team_api_text(r->pool, &query->hint);

    if (message == NULL || detail == NULL || place == NULL) {
        ngx_team_api_refuse_reason(r, TEAM_INTERNAL, NULL);
        return;
    }

    team_problem_sqlstate(query->sqlstate, message, &problem);

    /* what PostgreSQL itself says may show a value or a name: not told */

    if (query->sqlstate[0] != 'T' || query->sqlstate[1] != 'M') {
        ngx_team_api_fault(r, query);
        detail[0] = '\0';
    }

    if (problem.status == 429
        && ngx_team_api_retry_after(r, query) != NGX_OK)
    {
        ngx_team_api_refuse_reason(r, TEAM_INTERNAL, NULL);
        return;
    }

    errors = NULL;

    /* of bad input the hint is the place, which is empty for a whole body */

    if (detail[0] != '\0'
        && (problem.status == 422 || (problem.status == 400 && place[0])))
    {
        errors = team_problem_errors(place, detail);
    }

    ngx_team_api_refuse(r, &problem, detail[0] ? detail : NULL, errors);

    json_decref(errors);
}


/* NUL-terminated, which a counted string need not be; NULL without memory. */

static char *
ngx_team_api_text(ngx_pool_t *pool, ngx_str_t *value)
{
    u_char  *text;

    text = ngx_pnalloc(pool, value->len + 1);

    if (text != NULL) {
        *ngx_cpymem(text, value->data, value->len) = '\0';
    }

    return (char *) text;
}


/* A quota says as the hint how many seconds it lasts. */

static ngx_int_t
ngx_team_api_retry_after(ngx_http_request_t *r, ngx_team_query_t *query)
{
    ngx_str_t  value;

    static ngx_str_t  name = ngx_string("Retry-After");

    if (ngx_atoi(query->hint.data, query->hint.len) == NGX_ERROR) {
        return NGX_OK;
    }

    value.len = query->hint.len;
    value.data = ngx_pstrdup(r->pool, &query->hint);

    if (value.data == NULL) {
        return NGX_ERROR;
    }

    return ngx_team_reply_header(r, name, value);
}


/* An operator must know; once a second is enough. */

static void
ngx_team_api_fault(ngx_http_request_t *r, ngx_team_query_t *query)
{
    static time_t  last;

    if (ngx_time() == last) {
        return;
    }

    last = ngx_time();

    if (query->outcome == NGX_TEAM_QUERY_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "team_api: statement \"%s\" gave no reply that can be "
                      "read", query->statement->name);

    } else {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "team_api: statement \"%s\" failed with SQLSTATE %s",
                      query->statement->name, query->sqlstate);
    }
}
