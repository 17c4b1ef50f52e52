/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_api.h"
#include "ngx_team_ctx.h"


static int ngx_team_api_input(ngx_http_request_t *r, const team_route_t *route,
    team_input_t *input, const char **detail);
static ngx_uint_t ngx_team_api_matches_none(const team_route_t *route,
    team_str_t if_match);
static ngx_int_t ngx_team_api_query(ngx_http_request_t *r,
    const team_route_t *route, const team_params_t *params);
static ngx_int_t ngx_team_api_actor(ngx_team_query_t *query,
    const ngx_team_identity_t *identity);
static ngx_int_t ngx_team_api_attach(ngx_http_request_t *r,
    ngx_team_query_t *query, ngx_team_call_t *call);
static void ngx_team_api_detach(void *data);
static const ngx_team_statement_t *ngx_team_api_statement(
    const team_route_t *route);


/* of team_routes(), made at first use */

static ngx_team_statement_t  *ngx_team_api_statements;


/*
 * The body, if any, is here.  The path is matched once more: that costs less
 * than a place to keep the match in.
 */

void
ngx_team_api_run(ngx_http_request_t *r)
{
    int                  rc;
    unsigned             allowed;
    const char          *detail;
    team_input_t         input;
    team_params_t        params;
    team_route_match_t   match;

    if (ngx_team_api_match(r, &match, &allowed) != NGX_OK) {
        ngx_team_api_refuse_reason(r, TEAM_INTERNAL, NULL);
        return;
    }

    detail = NULL;
    rc = ngx_team_api_input(r, match.route, &input, &detail);

    if (rc != 0) {
        ngx_team_api_refuse_status(r, rc, detail);
        return;
    }

    rc = team_params_read(&params, &match, &input);

    if (rc != 0) {
        ngx_team_api_refuse(r, team_problem_status(rc), params.detail,
                            params.errors);

    } else if (ngx_team_worker.pool == NULL) {
        ngx_team_api_refuse_reason(r, TEAM_UNAVAILABLE, NULL);

    } else if (ngx_team_api_query(r, match.route, &params) != NGX_OK) {
        ngx_team_api_refuse_reason(r, TEAM_INTERNAL, NULL);
    }

    team_params_free(&params);
}


/* Returns 0, or a status to refuse with, and may set *detail then. */

static int
ngx_team_api_input(ngx_http_request_t *r, const team_route_t *route,
    team_input_t *input, const char **detail)
{
    ngx_memzero(input, sizeof(team_input_t));

    input->query = ngx_team_str(r->args);

    /* of two the database would see the first, and somebody else the second */

    if (ngx_team_api_header(r, "if-match", &input->if_match) > 1
        || ngx_team_api_header(r, "idempotency-key", &input->idempotency_key)
           > 1)
    {
        *detail = "If-Match and Idempotency-Key come once each.";
        return 400;
    }

    if (ngx_team_api_matches_none(route, input->if_match)) {
        *detail = "This has no tag that If-Match could name.";
        return 412;
    }

    input->wants_csv = ngx_team_api_wants_csv(r);

    if (!ngx_team_api_has_body(route)) {
        return 0;
    }

    input->csv = ngx_team_api_has_field(route, TEAM_FIELD_CSV)
                 && ngx_team_api_body_is_csv(r);

    return ngx_team_api_body_get(r, &input->body);
}


/*
 * RFC 9110 section 13.1.1: what has no tag has none of those that are named.
 * Where there is one SQL compares it, under the lock.
 */

static ngx_uint_t
ngx_team_api_matches_none(const team_route_t *route, team_str_t if_match)
{
    static team_str_t  any = team_string("*");

    return route->write
           && if_match.len != 0
           && !ngx_team_api_has_field(route, TEAM_FIELD_IF_MATCH)
           && !team_str_eq(if_match, any);
}


static ngx_int_t
ngx_team_api_query(ngx_http_request_t *r, const team_route_t *route,
    const team_params_t *params)
{
    size_t                       i, first;
    const char                  *value;
    ngx_team_ctx_t              *ctx;
    ngx_team_call_t             *call;
    ngx_team_query_t            *query;
    const ngx_team_statement_t  *statement;

    ctx = ngx_team_ctx_get(r);
    statement = ngx_team_api_statement(route);

    if (ctx == NULL || statement == NULL) {
        return NGX_ERROR;
    }

    /* a write may outlive the connection and its log */

    query = ngx_team_query_create(statement, route->write
                                             ? ngx_cycle->log
                                             : r->connection->log);
    if (query == NULL) {
        return NGX_ERROR;
    }

    call = ngx_pcalloc(query->pool, sizeof(ngx_team_call_t));
    if (call == NULL) {
        goto failed;
    }

    if (!route->public
        && ngx_team_api_actor(query, ctx->identity) != NGX_OK)
    {
        goto failed;
    }

    first = team_route_params(route) - params->n;

    for (i = 0; i < params->n; i++) {
        value = params->values[i];

        if (route->fields[i].type == TEAM_FIELD_FORMAT) {
            call->csv = (value != NULL && value[0] == 'c');
        }

        if (value != NULL
            && ngx_team_query_set(query, first + i, (const u_char *) value,
                                  ngx_strlen(value))
               != NGX_OK)
        {
            goto failed;
        }
    }

    call->request = r;
    call->ctx = ctx;
    call->route = route;

    query->handler = ngx_team_api_answer;
    query->data = call;
    query->idempotent = !route->write;

    if (ngx_team_api_attach(r, query, call) != NGX_OK) {
        goto failed;
    }

    ngx_team_pool_query(ngx_team_worker.pool, query);

    return NGX_OK;

failed:

    ngx_team_query_destroy(query);

    return NGX_ERROR;
}


/* From the verified token, never from the body. */

static ngx_int_t
ngx_team_api_actor(ngx_team_query_t *query,
    const ngx_team_identity_t *identity)
{
    ngx_uint_t         i;
    team_str_t         value[TEAM_ACTOR_PARAMS];
    static team_str_t  yes = team_string("true");
    static team_str_t  no = team_string("false");

    value[0] = ngx_team_str(identity->issuer->name);
    value[1] = identity->subject;
    value[2] = identity->email;
    value[3] = identity->email_verified ? yes : no;
    value[4] = identity->name;

    for (i = 0; i < TEAM_ACTOR_PARAMS; i++) {

        if (value[i].len == 0) {
            continue;
        }

        if (ngx_team_query_set(query, i, (const u_char *) value[i].data,
                               value[i].len)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* What happens to the query when the client goes. */

static ngx_int_t
ngx_team_api_attach(ngx_http_request_t *r, ngx_team_query_t *query,
    ngx_team_call_t *call)
{
    if (call->route->write) {
        call->cleanup = ngx_pool_cleanup_add(r->pool, 0);

        if (call->cleanup == NULL) {
            return NGX_ERROR;
        }

        call->cleanup->handler = ngx_team_api_detach;
        call->cleanup->data = call;

    } else {

        /* the context's cleanup abandons it */

        call->ctx->query = query;
    }

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    return NGX_OK;
}


static void
ngx_team_api_detach(void *data)
{
    ngx_team_call_t *call = data;

    call->request = NULL;
    call->ctx = NULL;
}


/*
 * A connection knows a statement by its address, and the server by its name:
 * routes that say the same share one.
 */

static const ngx_team_statement_t *
ngx_team_api_statement(const team_route_t *route)
{
    size_t                 i, n;
    const team_route_t    *routes;
    ngx_team_statement_t  *statement;

    routes = team_routes(&n);

    if (ngx_team_api_statements == NULL) {

        statement = ngx_pcalloc(ngx_cycle->pool,
                                n * sizeof(ngx_team_statement_t));
        if (statement == NULL) {
            return NULL;
        }

        for (i = 0; i < n; i++) {
            statement[i].name = routes[i].function;
            statement[i].text = routes[i].statement;
            statement[i].nparams = team_route_params(&routes[i]);
        }

        ngx_team_api_statements = statement;
    }

    for (i = 0; i < n; i++) {
        if (ngx_strcmp(routes[i].statement, route->statement) == 0) {
            return &ngx_team_api_statements[i];
        }
    }

    return NULL;
}
