/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * For tests only: the connection pool behind a location.
 *
 *     team_pool_test "conninfo" [connections=N] [queue=N] [timeout=T]   http
 *     team_pool_run       location: /?s=NAME&p=PARAMETER runs a statement
 *     team_pool_status    location: counters, and the gauges of each process
 *
 * Each worker also holds one more connection that listens to "team_test", as
 * the keeper will; ?s=self sends a notification through it.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_team_pool.h"


#define TEST_PROCESSES  256
#define TEST_SHOWN      64      /* bytes of a value */


typedef struct {
    ngx_team_database_t       database;
    ngx_shm_zone_t           *zone;
    unsigned                  set:1;
    unsigned                  listen:1;
} test_main_conf_t;


typedef struct {
    ngx_team_pg_counters_t    counters;
    ngx_atomic_t              notified;
    u_char                    payload[64];
    struct {
        ngx_atomic_t          pid;
        ngx_team_pg_gauges_t  gauges;
    } process[TEST_PROCESSES];
} test_shared_t;


typedef struct {
    ngx_http_request_t       *request;
    ngx_team_query_t         *query;
} test_ctx_t;


static char *test_database(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *test_handler(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static void *test_create_main_conf(ngx_conf_t *cf);
static ngx_int_t test_init_zone(ngx_shm_zone_t *zone, void *data);
static ngx_int_t test_init_process(ngx_cycle_t *cycle);
static void test_exit_process(ngx_cycle_t *cycle);

static ngx_int_t test_run(ngx_http_request_t *r);
static ngx_int_t test_status(ngx_http_request_t *r);
static void test_done(ngx_team_query_t *query);
static void test_cleanup(void *data);
static ngx_int_t test_send(ngx_http_request_t *r, ngx_str_t *text);

static void test_listen_start(ngx_event_t *ev);
static void test_listen_ready(ngx_team_pg_t *pg);
static void test_listen_closed(ngx_team_pg_t *pg);
static void test_listen_notify(ngx_team_pg_t *pg);
static void test_listen_done(ngx_team_query_t *query);


static const ngx_team_statement_t  test_statements[] = {
    { "one", "select 1", 0 },
    { "echo", "select $1::text", 1 },
    { "sleep", "select pg_catalog.pg_sleep($1::float8)", 1 },
    { "divide", "select 1 / $1::int4", 1 },
    { "raise", "select test.raise($1)", 1 },
    { "big", "select pg_catalog.repeat('x', $1::int4)", 1 },
    { "many", "select i, null from pg_catalog.generate_series(1, $1::int4) i",
      1 },
    { "pid", "select pg_catalog.pg_backend_pid()", 0 },
    { "wait_pid", "select pg_catalog.pg_backend_pid(), pg_catalog.pg_sleep($1"
      "::float8)", 1 },
    { "write", "insert into test.row (value) values ($1) returning value", 1 },
    { "slow_write", "select test.slow_write($1)", 1 },
    { "deferred", "insert into test.deferred (value) values ($1) "
      "returning value", 1 },
    { "missing", "select test.missing()", 0 },
    { "forbidden", "select * from test.forbidden", 0 },
    { "syntax", "selekt 1", 0 },
    { "changing", "select * from test.changing", 0 },
    { "forget", "select test.forget()", 0 },
    { "notify", "select pg_catalog.pg_notify('team_test', $1)", 1 },
    { "set", "select pg_catalog.set_config('default_transaction_read_only', "
      "$1, false)", 1 },
    { NULL, NULL, 0 }
};

/* the first of these are reads, and said to be so */

#define TEST_WRITES  9

static const ngx_team_statement_t  test_listen = {
    "listen", "listen team_test", 0
};

static const ngx_team_pg_owner_t  test_listen_owner = {
    test_listen_ready,
    test_listen_closed,
    test_listen_notify
};

static const char  *test_outcomes[] = {
    "OK", "REFUSED", "UNAVAILABLE", "OVERLOADED", "TIMEOUT"
};


static ngx_team_pool_t  *test_pool;
static ngx_team_pg_t    *test_listener;
static ngx_uint_t        test_listening;
static ngx_event_t       test_again;
static test_shared_t    *test_shared;


static ngx_command_t  test_commands[] = {

    { ngx_string("team_pool_test"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      test_database,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("team_pool_run"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      test_handler,
      0,
      0,
      test_run },

    { ngx_string("team_pool_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      test_handler,
      0,
      0,
      test_status },

      ngx_null_command
};


static ngx_http_module_t  test_module_ctx = {
    NULL,
    NULL,
    test_create_main_conf,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL
};


ngx_module_t  ngx_team_pool_test_module = {
    NGX_MODULE_V1,
    &test_module_ctx,
    test_commands,
    NGX_HTTP_MODULE,
    NULL,
    NULL,
    test_init_process,
    NULL,
    NULL,
    test_exit_process,
    NULL,
    NGX_MODULE_V1_PADDING
};


static void *
test_create_main_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(test_main_conf_t));
}


static char *
test_database(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    test_main_conf_t *tmcf = conf;

    char       *error;
    ngx_str_t  *value, name, part;
    ngx_uint_t  i;

    value = cf->args->elts;

    error = ngx_team_pg_conninfo(cf->pool, &value[1],
                                 &tmcf->database.conninfo);
    if (error) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "team_pool_test: %s", error);
        return NGX_CONF_ERROR;
    }

    tmcf->set = 1;
    tmcf->database.connections = 4;
    tmcf->database.queue = 64;
    tmcf->database.timeout = 2000;

    for (i = 2; i < cf->args->nelts; i++) {
        part = value[i];

        if (ngx_strncmp(part.data, "connections=", 12) == 0) {
            tmcf->database.connections = ngx_atoi(part.data + 12,
                                                  part.len - 12);

        } else if (ngx_strncmp(part.data, "queue=", 6) == 0) {
            tmcf->database.queue = ngx_atoi(part.data + 6, part.len - 6);

        } else if (ngx_strncmp(part.data, "timeout=", 8) == 0) {
            part.data += 8;
            part.len -= 8;
            tmcf->database.timeout = ngx_parse_time(&part, 0);

        } else if (ngx_strcmp(part.data, "listen") == 0) {
            tmcf->listen = 1;

        } else {
            return "has an invalid parameter";
        }
    }

    ngx_str_set(&name, "team_pool_test");

    tmcf->zone = ngx_shared_memory_add(cf, &name, 256 * 1024,
                                       &ngx_team_pool_test_module);
    if (tmcf->zone == NULL) {
        return NGX_CONF_ERROR;
    }

    tmcf->zone->init = test_init_zone;

    return NGX_CONF_OK;
}


static char *
test_handler(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = (ngx_http_handler_pt) cmd->post;

    return NGX_CONF_OK;
}


static ngx_int_t
test_init_zone(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) zone->shm.addr;

    if (data) {
        zone->data = data;
        return NGX_OK;
    }

    zone->data = ngx_slab_calloc(shpool, sizeof(test_shared_t));

    return zone->data ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
test_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t         slot;
    test_main_conf_t  *tmcf;

    tmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_team_pool_test_module);

    if (tmcf == NULL || !tmcf->set || ngx_process == NGX_PROCESS_HELPER) {
        return NGX_OK;
    }

    slot = ngx_process_slot % TEST_PROCESSES;
    test_shared = tmcf->zone->data;
    test_shared->process[slot].pid = ngx_pid;

    test_pool = ngx_team_pool_create(cycle, &tmcf->database,
                                     &test_shared->counters,
                                     &test_shared->process[slot].gauges);
    if (test_pool == NULL) {
        return NGX_ERROR;
    }

    if (!tmcf->listen) {
        return NGX_OK;
    }

    test_listener = ngx_team_pg_create(cycle->pool, cycle->log,
                                       &tmcf->database,
                                       &test_shared->counters,
                                       &test_listen_owner, NULL);
    if (test_listener == NULL) {
        return NGX_ERROR;
    }

    test_again.handler = test_listen_start;
    test_again.data = test_listener;
    test_again.log = cycle->log;
    test_again.cancelable = 1;

    test_listen_start(&test_again);

    return NGX_OK;
}


static void
test_exit_process(ngx_cycle_t *cycle)
{
    if (test_pool == NULL) {
        return;
    }

    ngx_team_pool_destroy(test_pool);

    if (test_listener) {
        ngx_team_pg_destroy(test_listener);
    }

    test_shared->process[ngx_process_slot % TEST_PROCESSES].pid = 0;
}


static void
test_listen_start(ngx_event_t *ev)
{
    if (!ngx_exiting && ngx_team_pg_is_closed(test_listener)
        && ngx_team_pg_connect(test_listener) != NGX_OK)
    {
        ngx_add_timer(&test_again, 100);
    }
}


static void
test_listen_ready(ngx_team_pg_t *pg)
{
    ngx_team_query_t  *query;

    if (test_listening) {
        return;
    }

    query = ngx_team_query_create(&test_listen, ngx_cycle->log);
    if (query == NULL) {
        return;
    }

    query->handler = test_listen_done;

    if (ngx_team_pg_send(pg, query) != NGX_OK) {
        ngx_team_query_destroy(query);
        ngx_add_timer(&test_again, 100);
        return;
    }

    test_listening = 1;
}


static void
test_listen_done(ngx_team_query_t *query)
{
    if (query->outcome != NGX_TEAM_QUERY_OK) {
        ngx_team_pg_close(test_listener);
        test_listen_closed(test_listener);
    }
}


static void
test_listen_closed(ngx_team_pg_t *pg)
{
    test_listening = 0;

    if (!ngx_exiting && !test_again.timer_set) {
        ngx_add_timer(&test_again, 100);
    }
}


static void
test_listen_notify(ngx_team_pg_t *pg)
{
    ngx_str_t  payload;

    (void) ngx_atomic_fetch_add(&test_shared->notified, 1);

    payload = ngx_team_pg_own_payload(pg);

    if (payload.data) {
        (void) ngx_cpystrn(test_shared->payload, payload.data,
                           ngx_min(payload.len + 1, 64));
    }
}


static ngx_int_t
test_run(ngx_http_request_t *r)
{
    size_t                       len;
    ngx_str_t                    name, value;
    test_ctx_t                  *ctx;
    ngx_uint_t                   self;
    ngx_team_query_t            *query;
    ngx_pool_cleanup_t          *cln;
    const ngx_team_statement_t  *statement;

    if (ngx_http_discard_request_body(r) != NGX_OK
        || ngx_http_arg(r, (u_char *) "s", 1, &name) != NGX_OK)
    {
        return NGX_HTTP_BAD_REQUEST;
    }

    self = (name.len == 4 && ngx_strncmp(name.data, "self", 4) == 0);

    if (self) {
        ngx_str_set(&name, "notify");
    }

    for (statement = test_statements; statement->name; statement++) {
        len = ngx_strlen(statement->name);

        if (len == name.len
            && ngx_strncmp(statement->name, name.data, len) == 0)
        {
            break;
        }
    }

    if (statement->name == NULL) {
        return NGX_HTTP_NOT_FOUND;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(test_ctx_t));
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (ctx == NULL || cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = test_cleanup;
    cln->data = ctx;

    query = ngx_team_query_create(statement, r->connection->log);
    if (query == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->request = r;

    if (ngx_http_arg(r, (u_char *) "p", 1, &value) == NGX_OK
        && ngx_team_query_set(query, 0, value.data, value.len) != NGX_OK)
    {
        ngx_team_query_destroy(query);
        return NGX_HTTP_BAD_REQUEST;
    }

    query->handler = test_done;
    query->data = ctx;
    query->idempotent = (statement - test_statements < TEST_WRITES);

    if (self) {

        if (!test_listener || !ngx_team_pg_is_idle(test_listener)
            || ngx_team_pg_send(test_listener, query) != NGX_OK)
        {
            ngx_team_query_destroy(query);
            return NGX_HTTP_SERVICE_UNAVAILABLE;
        }

    } else {
        ngx_team_pool_query(test_pool, query);
    }

    ctx->query = query;
    r->main->count++;
    r->read_event_handler = ngx_http_test_reading;

    return NGX_DONE;
}


static void
test_cleanup(void *data)
{
    test_ctx_t *ctx = data;

    if (ctx->query) {
        ngx_team_query_abandon(ctx->query);
        ctx->query = NULL;
    }
}


static void
test_done(ngx_team_query_t *query)
{
    u_char              *p;
    size_t               size;
    ngx_str_t            text, first, last;
    ngx_uint_t           rows, columns;
    test_ctx_t          *ctx;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    ctx = query->data;
    r = ctx->request;
    c = r->connection;
    ctx->query = NULL;

    rows = ngx_team_query_rows(query);
    columns = ngx_team_query_columns(query);
    first = ngx_team_query_value(query, 0, 0);
    last = ngx_team_query_value(query, rows ? rows - 1 : 0,
                                columns ? columns - 1 : 0);

    size = 512 + query->message.len + query->detail.len + query->hint.len;

    text.data = ngx_pnalloc(r->pool, size);
    if (text.data == NULL) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    p = ngx_snprintf(text.data, size, "%s rows=%ui columns=%ui len=%uz "
                     "value=%*s last=%s sqlstate=%s message=%V detail=%V "
                     "hint=%V\n",
                     test_outcomes[query->outcome], rows, columns, first.len,
                     ngx_min(first.len, TEST_SHOWN), first.data,
                     last.data ? "value" : "null", query->sqlstate,
                     &query->message, &query->detail, &query->hint);
    text.len = p - text.data;

    ngx_http_finalize_request(r, test_send(r, &text));
    ngx_http_run_posted_requests(c);
}


static ngx_int_t
test_status(ngx_http_request_t *r)
{
    u_char                  *p, *last;
    ngx_str_t                text;
    ngx_uint_t               i;
    ngx_team_pg_counters_t  *c;

    if (test_shared == NULL) {
        return NGX_HTTP_NOT_FOUND;
    }

    text.data = ngx_pnalloc(r->pool, 16384);
    if (text.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = text.data;
    last = p + 16384;
    c = &test_shared->counters;

    p = ngx_slprintf(p, last, "queries=%uA refused=%uA unavailable=%uA "
                     "timeouts=%uA overloaded=%uA cancels=%uA connects=%uA "
                     "connect_failures=%uA latency_us=%uA notified=%uA "
                     "payload=%s\nlatency:", c->queries, c->refused,
                     c->unavailable, c->timeouts, c->overloaded, c->cancels,
                     c->connects, c->connect_failures, c->latency_us,
                     test_shared->notified, test_shared->payload);

    for (i = 0; i < NGX_TEAM_LATENCY_BUCKETS; i++) {
        p = ngx_slprintf(p, last, " %uA", c->latency[i]);
    }

    p = ngx_slprintf(p, last, "\n");

    for (i = 0; i < TEST_PROCESSES; i++) {
        if (test_shared->process[i].pid) {
            p = ngx_slprintf(p, last, "worker=%uA open=%uA busy=%uA "
                             "waiting=%uA\n", test_shared->process[i].pid,
                             test_shared->process[i].gauges.open,
                             test_shared->process[i].gauges.busy,
                             test_shared->process[i].gauges.waiting);
        }
    }

    text.len = p - text.data;

    return test_send(r, &text);
}


static ngx_int_t
test_send(ngx_http_request_t *r, ngx_str_t *text)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = text->len;
    ngx_str_set(&r->headers_out.content_type, "text/plain");
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_create_temp_buf(r->pool, text->len);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->last = ngx_cpymem(b->last, text->data, text->len);
    b->last_buf = 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}
