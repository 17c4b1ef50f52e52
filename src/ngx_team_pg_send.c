/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * A query on a connection: what is sent for it, and its answer.
 */

#include "ngx_team_pq.h"


#define NGX_TEAM_NAME      64   /* of a statement on the server */

/*
 * How often a query's statement is prepared anew: once is enough for a server;
 * a pooler that moves us between servers may need it again.
 */

#define NGX_TEAM_PREPARES  2


static ngx_int_t ngx_team_query_put(ngx_team_pg_t *pg,
    ngx_team_query_t *query);
static ngx_team_prepared_t *ngx_team_query_prepared(ngx_team_pg_t *pg,
    const ngx_team_statement_t *statement);
static void ngx_team_query_name(u_char *name, ngx_team_prepared_t *prepared);
static ngx_uint_t ngx_team_query_result(ngx_team_pg_t *pg, PGresult *res);
static void ngx_team_query_failed(ngx_team_pg_t *pg, PGresult *res);
static ngx_str_t ngx_team_query_field(PGresult *res, int code);
static void ngx_team_query_timeout(ngx_event_t *ev);


ngx_int_t
ngx_team_pg_send(ngx_team_pg_t *pg, ngx_team_query_t *query)
{
    struct timespec  ts;

    if (pg->state != NGX_TEAM_PG_IDLE) {
        ngx_log_error(NGX_LOG_ALERT, &pg->log, 0,
                      "database connection takes no query now");
        return NGX_ERROR;
    }

    /*
     * a write is never sent twice, so look first whether the connection has
     * died unnoticed (PQisBusy parses what the server may have said)
     */

    if (!query->idempotent
        && (PQconsumeInput(pg->conn) == 0 || PQisBusy(pg->conn) || pg->dying))
    {
        goto failed;
    }

    if (query->started_us == 0) {
        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        query->started_us = (uint64_t) ts.tv_sec * 1000000
                            + ts.tv_nsec / 1000;
    }

    if (ngx_team_query_put(pg, query) != NGX_OK) {
        goto failed;
    }

    query->pg = pg;
    query->sent = 1;
    query->leave = NULL;
    query->timer.handler = ngx_team_query_timeout;

    if (!query->timer.timer_set) {
        ngx_add_timer(&query->timer, pg->database->timeout);
    }

    pg->query = query;

    (void) ngx_atomic_fetch_add(&pg->counters->queries, 1);

    ngx_team_pg_move(pg, NGX_TEAM_PG_BUSY);

    return NGX_OK;

failed:

    ngx_team_pg_fault(pg, "connection was lost",
                      pg->dying ? (const char *) pg->farewell
                                : PQerrorMessage(pg->conn));
    ngx_team_pg_release(pg);

    return NGX_ERROR;
}


/* Prepare where it is the first use, Bind, Execute, Sync: in one go. */

static ngx_int_t
ngx_team_query_put(ngx_team_pg_t *pg, ngx_team_query_t *query)
{
    u_char                       name[NGX_TEAM_NAME];
    ngx_team_prepared_t         *prepared;
    const ngx_team_statement_t  *statement;

    statement = query->statement;

    prepared = ngx_team_query_prepared(pg, statement);
    if (prepared == NULL) {
        return NGX_ERROR;
    }

    ngx_team_query_name(name, prepared);

    pg->used = prepared - (ngx_team_prepared_t *) pg->prepared.elts;
    pg->prepares = !prepared->prepared;
    pg->preparing = pg->prepares;

    if (pg->prepares
        && PQsendPrepare(pg->conn, (char *) name, statement->text, 0, NULL)
           != 1)
    {
        return NGX_ERROR;
    }

    if (PQsendQueryPrepared(pg->conn, (char *) name, statement->nparams,
                            query->values, NULL, NULL, 0)
        != 1
        || PQpipelineSync(pg->conn) != 1)
    {
        return NGX_ERROR;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_CORE, &pg->log, 0,
                   "team pg %p: query \"%s\"", pg, statement->name);

    return ngx_team_pg_flush(pg);
}


static ngx_team_prepared_t *
ngx_team_query_prepared(ngx_team_pg_t *pg,
    const ngx_team_statement_t *statement)
{
    ngx_uint_t            i;
    ngx_team_prepared_t  *prepared;

    prepared = pg->prepared.elts;

    for (i = 0; i < pg->prepared.nelts; i++) {
        if (prepared[i].statement == statement) {
            return &prepared[i];
        }
    }

    prepared = ngx_array_push(&pg->prepared);

    if (prepared) {
        prepared->statement = statement;
        prepared->generation = 0;
        prepared->prepared = 0;
    }

    return prepared;
}


/*
 * The text's checksum is part of the name, so that another version of us that
 * shares a server connection through a pooler can't take it for its own.
 */

static void
ngx_team_query_name(u_char *name, ngx_team_prepared_t *prepared)
{
    uint32_t     crc;
    const char  *text;

    text = prepared->statement->text;
    crc = ngx_crc32_long((u_char *) text, ngx_strlen(text));

    *ngx_snprintf(name, NGX_TEAM_NAME - 1, "team_%08xD_%ui_%s", crc,
                  prepared->generation, prepared->statement->name) = '\0';
}


/* The connection ends: nothing is prepared on the next one. */

void
ngx_team_pg_forget(ngx_team_pg_t *pg)
{
    ngx_uint_t            i;
    ngx_team_prepared_t  *prepared;

    prepared = pg->prepared.elts;

    for (i = 0; i < pg->prepared.nelts; i++) {
        prepared[i].prepared = 0;
    }
}


/*
 * Results come in the order of the commands, a NULL after each command's; two
 * NULLs mean that nothing is under way.  The transaction is committed at Sync,
 * which may fail too: only PGRES_PIPELINE_SYNC makes an answer final.
 */

ngx_int_t
ngx_team_query_answer(ngx_team_pg_t *pg)
{
    PGresult    *res;
    ngx_uint_t   nothing;

    nothing = 0;

    while (nothing < 2) {

        if (PQisBusy(pg->conn)) {
            return NGX_TEAM_ANSWER_MORE;
        }

        res = PQgetResult(pg->conn);

        if (res == NULL) {
            nothing++;
            continue;
        }

        nothing = 0;

        if (PQresultStatus(res) == PGRES_PIPELINE_SYNC) {
            PQclear(res);
            return NGX_TEAM_ANSWER_SYNC;
        }

        if (!ngx_team_query_result(pg, res)) {
            return NGX_TEAM_ANSWER_WRONG;
        }
    }

    return NGX_TEAM_ANSWER_MORE;
}


/* One command's result, kept or cleared here.  False: not one of ours. */

static ngx_uint_t
ngx_team_query_result(ngx_team_pg_t *pg, PGresult *res)
{
    ngx_team_query_t     *query;
    ngx_team_prepared_t  *prepared;

    query = pg->query;
    prepared = pg->prepared.elts;

    switch (PQresultStatus(res)) {

    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:

        if (pg->preparing) {
            pg->preparing = 0;
            prepared[pg->used].prepared = 1;
            break;
        }

        /* fall through */

    case PGRES_TUPLES_OK:

        if (query && query->result == NULL) {
            query->result = res;
            return 1;
        }

        break;

    case PGRES_FATAL_ERROR:
    case PGRES_NONFATAL_ERROR:
    case PGRES_BAD_RESPONSE:
        pg->preparing = 0;
        ngx_team_query_failed(pg, res);
        return 1;

    case PGRES_PIPELINE_ABORTED:
        pg->preparing = 0;
        break;

    default:
        PQclear(res);
        return 0;
    }

    PQclear(res);

    return 1;
}


/* The first error counts; one at Sync undoes a result that looked fine. */

static void
ngx_team_query_failed(ngx_team_pg_t *pg, PGresult *res)
{
    const char        *sqlstate;
    ngx_team_query_t  *query;

    ngx_team_pg_notice(pg, res);

    sqlstate = PQresultErrorField(res, PG_DIAG_SQLSTATE);

    if (sqlstate == NULL) {
        sqlstate = "";
    }

    if (ngx_strcmp(sqlstate, "25006") == 0) {

        /* this server was the primary once: look for the new one */

        pg->leave = "it has become read-only";
    }

    query = pg->query;

    if (query == NULL || query->failed) {
        PQclear(res);
        return;
    }

    PQclear(query->result);

    query->failed = 1;
    query->result = res;
    (void) ngx_cpystrn((u_char *) query->sqlstate, (u_char *) sqlstate,
                       sizeof(query->sqlstate));
    query->message = ngx_team_query_field(res, PG_DIAG_MESSAGE_PRIMARY);
    query->detail = ngx_team_query_field(res, PG_DIAG_MESSAGE_DETAIL);
    query->hint = ngx_team_query_field(res, PG_DIAG_MESSAGE_HINT);

    ngx_log_debug2(NGX_LOG_DEBUG_CORE, &pg->log, 0,
                   "team query \"%s\" refused: %s", query->statement->name,
                   query->sqlstate);

    /* missing functions and rights; such messages name objects, not values */

    if (sqlstate[0] == '4' && sqlstate[1] == '2') {
        ngx_team_pg_fault(pg, "refused a statement",
                          PQresultErrorMessage(res));
    }
}


static ngx_str_t
ngx_team_query_field(PGresult *res, int code)
{
    char       *text;
    ngx_str_t   value;

    ngx_str_null(&value);

    text = PQresultErrorField(res, code);

    if (text) {
        value.data = (u_char *) text;
        value.len = ngx_strlen(text);
    }

    return value;
}


/*
 * Errors about the prepared statement itself.  All of them are found before or
 * in the transaction that they end, so the query has had no effect.
 */

ngx_int_t
ngx_team_query_again(ngx_team_pg_t *pg)
{
    ngx_team_query_t     *query;
    ngx_team_prepared_t  *prepared;

    query = pg->query;

    if (!query->failed || query->abandoned || pg->leave
        || query->prepares == NGX_TEAM_PREPARES)
    {
        return NGX_DECLINED;
    }

    prepared = pg->prepared.elts;
    prepared += pg->used;

    if (pg->prepares) {

        if (ngx_strcmp(query->sqlstate, "42P05") != 0) {
            return NGX_DECLINED;
        }

        /* exists already: we are behind a pooler */

        prepared->prepared = 1;

    } else if (ngx_strcmp(query->sqlstate, "26000") == 0) {

        /* does not exist: DISCARD ALL, or another server of a pooler */

        prepared->prepared = 0;

    } else if (ngx_strcmp(query->sqlstate, "0A000") == 0) {

        /* cached plan must not change result type */

        prepared->prepared = 0;
        prepared->generation++;

    } else {
        return NGX_DECLINED;
    }

    query->prepares++;

    ngx_team_query_reset(query);

    if (ngx_team_query_put(pg, query) != NGX_OK) {

        /* the loss shows when it is read from next */

        pg->leave = "a query could not be sent again";
    }

    return NGX_OK;
}


/* Of a query that is under way; one that waits has its owner's handler. */

static void
ngx_team_query_timeout(ngx_event_t *ev)
{
    ngx_team_pg_t     *pg;
    ngx_team_query_t  *query;

    query = ev->data;
    pg = query->pg;

    pg->query = NULL;
    query->pg = NULL;

    ngx_team_pg_slow(pg, query->statement->name);
    ngx_team_pg_cancel(pg);
    ngx_team_query_reset(query);

    ngx_team_query_finish(query, NGX_TEAM_QUERY_TIMEOUT, pg->counters);
}
