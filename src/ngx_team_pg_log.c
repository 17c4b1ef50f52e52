/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * What a connection logs, and what the server says unasked.
 */

#include "ngx_team_pq.h"


#define NGX_TEAM_PG_LINE         1000   /* msec between two lines on faults */
#define NGX_TEAM_PG_SAME_LINE    60000  /* the same words again */
#define NGX_TEAM_PG_MESSAGE      512    /* bytes of one */


static void ngx_team_pg_line(ngx_team_pg_t *pg, const char *what,
    const char *message);
static size_t ngx_team_pg_one_line(u_char *text, const char *message);


void
ngx_team_pg_fault(ngx_team_pg_t *pg, const char *what, const char *message)
{
    ngx_msec_t  now;

    now = ngx_current_msec;

    (void) ngx_atomic_cmp_set(&pg->counters->fault_since, 0, now ? now : 1);

    ngx_team_pg_line(pg, what, message);
}


/* The connection itself is all right, so nothing is "established again". */

void
ngx_team_pg_slow(ngx_team_pg_t *pg, const char *statement)
{
    ngx_team_pg_line(pg, "gave no answer in time", statement);
}


/*
 * One line a second for all workers, and the same words not again for a
 * minute while the fault lasts.  Messages of libpq have several lines.
 */

static void
ngx_team_pg_line(ngx_team_pg_t *pg, const char *what, const char *message)
{
    u_char                   text[NGX_TEAM_PG_MESSAGE];
    size_t                   len;
    uint32_t                 crc;
    ngx_msec_t               now, last;
    ngx_uint_t               level;
    ngx_team_pg_counters_t  *counters;

    len = ngx_team_pg_one_line(text, message);
    crc = ngx_crc32_short(text, len) ^ ngx_crc32_short((u_char *) what,
                                                       ngx_strlen(what));
    counters = pg->counters;
    now = ngx_current_msec;
    last = counters->fault_line;
    level = NGX_LOG_DEBUG;

    if (last == 0
        || now - last >= NGX_TEAM_PG_SAME_LINE
        || (now - last >= NGX_TEAM_PG_LINE && counters->fault_crc != crc))
    {
        if (ngx_atomic_cmp_set(&counters->fault_line, last, now ? now : 1)) {
            counters->fault_crc = crc;
            level = NGX_LOG_ERR;
        }
    }

    ngx_log_error(level, &pg->log, 0, "database %s: %*s", what, len, text);
}


static size_t
ngx_team_pg_one_line(u_char *text, const char *message)
{
    size_t  len;
    u_char  ch;

    for (len = 0; *message && len < NGX_TEAM_PG_MESSAGE; message++) {
        ch = (u_char) *message;

        if (ch >= ' ' && ch != 0x7f) {
            text[len++] = ch;

        } else if (len && text[len - 1] != ' ') {
            text[len++] = ' ';
        }
    }

    while (len && text[len - 1] == ' ') {
        len--;
    }

    return len;
}


/*
 * libpq would print notices to stderr.  An error outside of any query is the
 * server's farewell: the reason why the connection is about to end.
 */

void
ngx_team_pg_notice(void *data, const PGresult *res)
{
    ngx_team_pg_t *pg = data;

    const char  *severity, *message;

    severity = PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);
    message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

    if (severity == NULL || message == NULL) {
        return;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_CORE, &pg->log, 0,
                   "team pg notice of severity %s", severity);

    if (ngx_strcmp(severity, "FATAL") == 0
        || ngx_strcmp(severity, "PANIC") == 0)
    {
        (void) ngx_cpystrn(pg->farewell, (u_char *) message,
                           sizeof(pg->farewell));
        pg->dying = 1;
    }
}


u_char *
ngx_team_pg_log(ngx_log_t *log, u_char *buf, size_t len)
{
    u_char         *p;
    ngx_team_pg_t  *pg;

    pg = log->data;
    p = buf;

    if (log->action) {
        p = ngx_snprintf(p, len, " while %s", log->action);
        len -= p - buf;
    }

    if (pg->conn && PQhost(pg->conn)) {
        p = ngx_snprintf(p, len, ", database: \"%s:%s\"", PQhost(pg->conn),
                         PQport(pg->conn));
    }

    return p;
}
