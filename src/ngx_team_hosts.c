/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * The hosts of a connection string: resolving them when the configuration is
 * read, and starting a connection with another one first.
 */

#include "ngx_team_pq.h"

#include <netdb.h>


#define NGX_TEAM_CONNINFO_HOSTS  64
#define NGX_TEAM_CONNINFO_KEYS   64
#define NGX_TEAM_CONNINFO_ERROR  512


static char *ngx_team_conninfo_resolve(ngx_pool_t *pool,
    ngx_team_host_t *host, ngx_array_t *hosts);
static ngx_uint_t ngx_team_conninfo_count(const char *list);
static ngx_str_t ngx_team_conninfo_item(const char *list, ngx_uint_t i);
static char *ngx_team_conninfo_turn(ngx_pool_t *pool, const char *list,
    ngx_uint_t turn);


char *
ngx_team_conninfo_hosts(ngx_pool_t *pool, PQconninfoOption *options,
    ngx_array_t *hosts)
{
    char             *error;
    const char       *host, *hostaddr, *port;
    ngx_uint_t        i, n, nports;
    ngx_team_host_t   item;

    host = ngx_team_conninfo_option(options, "host");
    hostaddr = ngx_team_conninfo_option(options, "hostaddr");
    port = ngx_team_conninfo_option(options, "port");

    if (host == NULL && hostaddr == NULL) {

        /* libpq's own default: a socket */

        return NULL;
    }

    n = ngx_team_conninfo_count(host ? host : hostaddr);
    nports = ngx_team_conninfo_count(port);

    if (host && hostaddr && ngx_team_conninfo_count(hostaddr) != n) {
        return "\"host\" and \"hostaddr\" have different numbers of entries";
    }

    if (nports > 1 && nports != n) {
        return "\"port\" has not as many entries as \"host\"";
    }

    for (i = 0; i < n; i++) {
        item.host = ngx_team_conninfo_item(host, i);
        item.hostaddr = ngx_team_conninfo_item(hostaddr, i);
        item.port = ngx_team_conninfo_item(port, nports > 1 ? i : 0);

        if (item.host.len == 0 && item.hostaddr.len == 0) {
            return "an entry of \"host\" is empty";
        }

        error = ngx_team_conninfo_resolve(pool, &item, hosts);
        if (error) {
            return error;
        }

        if (hosts->nelts > NGX_TEAM_CONNINFO_HOSTS) {
            return "more than 64 addresses";
        }
    }

    return NULL;
}


static char *
ngx_team_conninfo_resolve(ngx_pool_t *pool, ngx_team_host_t *host,
    ngx_array_t *hosts)
{
    int               rc;
    char             *name, text[NI_MAXHOST];
    ngx_team_host_t  *item;
    struct addrinfo   hints, *list, *ai;

    if (host->hostaddr.len
        || host->host.data[0] == '/' || host->host.data[0] == '@')
    {
        item = ngx_array_push(hosts);
        if (item == NULL) {
            return "no memory";
        }

        *item = *host;

        return NULL;
    }

    name = ngx_pnalloc(pool, host->host.len + 1);
    if (name == NULL) {
        return "no memory";
    }

    (void) ngx_cpystrn((u_char *) name, host->host.data, host->host.len + 1);

    ngx_memzero(&hints, sizeof(struct addrinfo));
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;

    rc = getaddrinfo(name, NULL, &hints, &list);
    if (rc != 0) {
        return ngx_team_conninfo_error(pool, "can't be resolved: host",
                                       &host->host, gai_strerror(rc));
    }

    for (ai = list; ai; ai = ai->ai_next) {

        if (getnameinfo(ai->ai_addr, ai->ai_addrlen, text, sizeof(text), NULL,
                        0, NI_NUMERICHOST)
            != 0)
        {
            continue;
        }

        item = ngx_array_push(hosts);
        if (item == NULL) {
            goto failed;
        }

        *item = *host;
        item->hostaddr.len = ngx_strlen(text);
        item->hostaddr.data = ngx_pnalloc(pool, item->hostaddr.len);
        if (item->hostaddr.data == NULL) {
            goto failed;
        }

        ngx_memcpy(item->hostaddr.data, text, item->hostaddr.len);
    }

    freeaddrinfo(list);

    return NULL;

failed:

    freeaddrinfo(list);

    return "no memory";
}


PGconn *
ngx_team_conninfo_start(const ngx_str_t *conninfo, ngx_uint_t turn,
    ngx_log_t *log)
{
    char              *value;
    PGconn            *conn;
    ngx_uint_t         n;
    ngx_pool_t        *pool;
    const char        *keys[NGX_TEAM_CONNINFO_KEYS + 1];
    const char        *values[NGX_TEAM_CONNINFO_KEYS + 1];
    PQconninfoOption  *options, *option;

    conn = NULL;

    options = PQconninfoParse((char *) conninfo->data, NULL);
    if (options == NULL) {
        return NULL;
    }

    pool = ngx_create_pool(1024, log);
    if (pool == NULL) {
        goto failed;
    }

    n = 0;

    for (option = options; option->keyword; option++) {

        if (option->val == NULL) {
            continue;
        }

        if (n == NGX_TEAM_CONNINFO_KEYS) {
            goto failed;
        }

        value = option->val;

        if (ngx_strcmp(option->keyword, "host") == 0
            || ngx_strcmp(option->keyword, "hostaddr") == 0
            || ngx_strcmp(option->keyword, "port") == 0)
        {
            value = ngx_team_conninfo_turn(pool, value, turn);
            if (value == NULL) {
                goto failed;
            }
        }

        keys[n] = option->keyword;
        values[n] = value;
        n++;
    }

    keys[n] = NULL;
    values[n] = NULL;

    conn = PQconnectStartParams(keys, values, 0);

failed:

    if (pool) {
        ngx_destroy_pool(pool);
    }

    PQconninfoFree(options);

    return conn;
}


/* The list a,b,c turned once is b,c,a. */

static char *
ngx_team_conninfo_turn(ngx_pool_t *pool, const char *list, ngx_uint_t turn)
{
    char        *text;
    u_char      *p;
    ngx_str_t    item;
    ngx_uint_t   i, n;

    text = ngx_pnalloc(pool, ngx_strlen(list) + 1);
    if (text == NULL) {
        return NULL;
    }

    n = ngx_team_conninfo_count(list);
    p = (u_char *) text;

    for (i = 0; i < n; i++) {
        item = ngx_team_conninfo_item(list, (i + turn) % n);

        if (i) {
            *p++ = ',';
        }

        p = ngx_cpymem(p, item.data, item.len);
    }

    *p = '\0';

    return text;
}


const char *
ngx_team_conninfo_option(PQconninfoOption *options, const char *keyword)
{
    PQconninfoOption  *option;

    for (option = options; option->keyword; option++) {

        if (option->val && option->val[0]
            && ngx_strcmp(option->keyword, keyword) == 0)
        {
            return option->val;
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_team_conninfo_count(const char *list)
{
    ngx_uint_t  n;

    if (list == NULL) {
        return 0;
    }

    for (n = 1; *list; list++) {
        n += (*list == ',');
    }

    return n;
}


static ngx_str_t
ngx_team_conninfo_item(const char *list, ngx_uint_t i)
{
    ngx_str_t    item;
    const char  *end;

    ngx_str_null(&item);

    if (list == NULL) {
        return item;
    }

    for ( ;; ) {
        end = strchr(list, ',');

        if (i == 0) {
            item.data = (u_char *) list;
            item.len = end ? (size_t) (end - list) : ngx_strlen(list);
            return item;
        }

        if (end == NULL) {
            return item;
        }

        list = end + 1;
        i--;
    }
}


char *
ngx_team_conninfo_error(ngx_pool_t *pool, const char *what, ngx_str_t *name,
    const char *why)
{
    u_char  *text;

    text = ngx_pnalloc(pool, NGX_TEAM_CONNINFO_ERROR);
    if (text == NULL) {
        return "no memory";
    }

    if (why) {
        (void) ngx_snprintf(text, NGX_TEAM_CONNINFO_ERROR, "%s \"%V\": %s%Z",
                            what, name, why);

    } else {
        (void) ngx_snprintf(text, NGX_TEAM_CONNINFO_ERROR, "%s %V%Z", what,
                            name);
    }

    text[NGX_TEAM_CONNINFO_ERROR - 1] = '\0';

    return (char *) text;
}
