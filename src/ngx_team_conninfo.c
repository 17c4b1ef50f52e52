/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * Connection strings.  PQconnectStart() resolves names while the worker waits,
 * so that is done when the configuration is read: a host with several addresses
 * becomes several hosts of that name, each with its hostaddr.
 */

#include "ngx_team_pq.h"


static char *ngx_team_conninfo_expand(ngx_pool_t *pool,
    PQconninfoOption *options, ngx_str_t *out);
static char *ngx_team_conninfo_check(ngx_pool_t *pool,
    PQconninfoOption *options);
static char *ngx_team_conninfo_write(ngx_pool_t *pool,
    PQconninfoOption *options, ngx_array_t *hosts, ngx_str_t *out);
static u_char *ngx_team_conninfo_lists(u_char *p, u_char *list,
    ngx_array_t *hosts);
static u_char *ngx_team_conninfo_pair(u_char *p, const char *key,
    const u_char *value, size_t len);


/* where the administrator says nothing */

static const char  *ngx_team_conninfo_defaults[][2] = {
    { "client_encoding", "UTF8" },
    { "fallback_application_name", "ngx_team/worker" },

    /* looking for a ticket would block */
    { "gssencmode", "disable" }
};

#define NGX_TEAM_CONNINFO_DEFAULTS  3


char *
ngx_team_pg_conninfo(ngx_pool_t *pool, ngx_str_t *conninfo, ngx_str_t *out)
{
    char              *text, *error, *answer;
    ngx_str_t          why;
    ngx_uint_t         secret;
    PQconninfoOption  *options;

    if (memchr(conninfo->data, '\0', conninfo->len) != NULL) {
        return "a NUL in the connection string";
    }

    text = ngx_pnalloc(pool, conninfo->len + 1);
    if (text == NULL) {
        return "no memory";
    }

    ngx_memcpy(text, conninfo->data, conninfo->len);
    text[conninfo->len] = '\0';

    secret = (strstr(text, "pass") != NULL || strstr(text, "://") != NULL);

    error = NULL;
    options = PQconninfoParse(text, &error);

    ngx_explicit_memzero(text, conninfo->len);

    if (options == NULL) {
        answer = "is not a connection string of libpq";

        /* libpq repeats what it can't read, which may be a password */

        if (error && !secret) {
            why.data = (u_char *) error;
            why.len = ngx_strlen(error);

            while (why.len && error[why.len - 1] <= ' ') {
                why.len--;
            }

            answer = ngx_team_conninfo_error(pool, "is not a connection "
                                             "string:", &why, NULL);
        }

        PQfreemem(error);

        return answer;
    }

    answer = ngx_team_conninfo_expand(pool, options, out);

    PQconninfoFree(options);

    return answer;
}


static char *
ngx_team_conninfo_expand(ngx_pool_t *pool, PQconninfoOption *options,
    ngx_str_t *out)
{
    char         *error;
    ngx_array_t   hosts;

    if (ngx_array_init(&hosts, pool, 4, sizeof(ngx_team_host_t)) != NGX_OK) {
        return "no memory";
    }

    error = ngx_team_conninfo_check(pool, options);
    if (error) {
        return error;
    }

    error = ngx_team_conninfo_hosts(pool, options, &hosts);
    if (error) {
        return error;
    }

    return ngx_team_conninfo_write(pool, options, &hosts, out);
}


static char *
ngx_team_conninfo_check(ngx_pool_t *pool, PQconninfoOption *options)
{
    u_char      *p;
    const char  *value;

    /* its file would be read, and its hosts resolved, in the event loop */

    if (ngx_team_conninfo_option(options, "service")) {
        return "\"service\" is not supported: give its settings here";
    }

    if (ngx_team_conninfo_option(options, "replication")) {
        return "\"replication\" is not supported";
    }

    value = ngx_team_conninfo_option(options, "client_encoding");

    if (value
        && ngx_strcasecmp((u_char *) value, (u_char *) "UTF8") != 0
        && ngx_strcasecmp((u_char *) value, (u_char *) "UTF-8") != 0)
    {
        return "\"client_encoding\" can only be UTF8";
    }

    /* whatever libpq would say of a port only when it connects */

    value = ngx_team_conninfo_option(options, "port");

    for (p = (u_char *) value; p && *p; p++) {
        if ((*p < '0' || *p > '9') && *p != ',') {
            return "\"port\" is not a number";
        }
    }

    return NULL;
}


/* key='value' for each; host, hostaddr and port become lists of one length. */

static char *
ngx_team_conninfo_write(ngx_pool_t *pool, PQconninfoOption *options,
    ngx_array_t *hosts, ngx_str_t *out)
{
    size_t             size;
    u_char            *p, *list;
    ngx_uint_t         i;
    const char        *key, *value;
    ngx_team_host_t   *host;
    PQconninfoOption  *option;

    host = hosts->elts;
    size = 256;

    for (option = options; option->keyword; option++) {
        if (option->val) {
            size += ngx_strlen(option->keyword)
                    + 2 * ngx_strlen(option->val) + 4;
        }
    }

    for (i = 0; i < hosts->nelts; i++) {
        size += 2 * (host[i].host.len + host[i].hostaddr.len
                     + host[i].port.len + 3);
    }

    out->data = ngx_pnalloc(pool, size);
    list = ngx_pnalloc(pool, size);

    if (out->data == NULL || list == NULL) {
        return "no memory";
    }

    p = out->data;

    for (option = options; option->keyword; option++) {
        key = option->keyword;
        value = option->val;

        if (value == NULL || value[0] == '\0'
            || (hosts->nelts && (ngx_strcmp(key, "host") == 0
                                 || ngx_strcmp(key, "hostaddr") == 0
                                 || ngx_strcmp(key, "port") == 0)))
        {
            continue;
        }

        p = ngx_team_conninfo_pair(p, key, (u_char *) value,
                                   ngx_strlen(value));
    }

    if (hosts->nelts) {
        p = ngx_team_conninfo_lists(p, list, hosts);
    }

    for (i = 0; i < NGX_TEAM_CONNINFO_DEFAULTS; i++) {
        key = ngx_team_conninfo_defaults[i][0];
        value = ngx_team_conninfo_defaults[i][1];

        if (ngx_team_conninfo_option(options, key) == NULL) {
            p = ngx_team_conninfo_pair(p, key, (u_char *) value,
                                       ngx_strlen(value));
        }
    }

    *p = '\0';
    out->len = p - out->data;

    return NULL;
}


/* list is room for one of them. */

static u_char *
ngx_team_conninfo_lists(u_char *p, u_char *list, ngx_array_t *hosts)
{
    u_char           *last;
    ngx_str_t        *value;
    ngx_uint_t        i, k;
    ngx_team_host_t  *host;

    static const char        *keys[] = { "host", "hostaddr", "port" };
    static const ngx_uint_t   offsets[] = {
        offsetof(ngx_team_host_t, host),
        offsetof(ngx_team_host_t, hostaddr),
        offsetof(ngx_team_host_t, port)
    };

    host = hosts->elts;

    for (k = 0; k < 3; k++) {
        last = list;

        for (i = 0; i < hosts->nelts; i++) {
            value = (ngx_str_t *) ((u_char *) &host[i] + offsets[k]);

            if (i) {
                *last++ = ',';
            }

            last = ngx_cpymem(last, value->data, value->len);
        }

        p = ngx_team_conninfo_pair(p, keys[k], list, last - list);
    }

    return p;
}


static u_char *
ngx_team_conninfo_pair(u_char *p, const char *key, const u_char *value,
    size_t len)
{
    size_t  i;

    p = ngx_cpymem(p, key, ngx_strlen(key));
    *p++ = '=';
    *p++ = '\'';

    for (i = 0; i < len; i++) {
        if (value[i] == '\'' || value[i] == '\\') {
            *p++ = '\\';
        }

        *p++ = value[i];
    }

    *p++ = '\'';
    *p++ = ' ';

    return p;
}
