/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* The directives of the http block, but for team_issuer. */

#include "ngx_team_conf.h"
#include "ngx_team_zone.h"


#define NGX_TEAM_MAX_CONNECTIONS  256      /* a worker */


static char *ngx_team_conf_number(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *value, ngx_int_t min, ngx_int_t max, ngx_uint_t *to);
static char *ngx_team_conf_msec(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *value, ngx_msec_t min, ngx_msec_t max, ngx_msec_t *to);
static ngx_int_t ngx_team_conf_missing(ngx_conf_t *cf, const char *directive,
    const char *why);


void *
ngx_team_conf_create_main(ngx_conf_t *cf)
{
    ngx_team_main_conf_t  *tmcf;

    tmcf = ngx_pcalloc(cf->pool, sizeof(ngx_team_main_conf_t));
    if (tmcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&tmcf->issuers, cf->pool, 4, sizeof(ngx_team_issuer_t))
        != NGX_OK
        || ngx_array_init(&tmcf->required, cf->pool, TEAM_MAX_REQUIRED,
                          sizeof(team_str_t))
           != NGX_OK
        || ngx_array_init(&tmcf->problems, cf->pool, 2, sizeof(ngx_str_t))
           != NGX_OK)
    {
        return NULL;
    }

    tmcf->cache.valid = NGX_CONF_UNSET_MSEC;
    tmcf->cache.stale = NGX_CONF_UNSET_MSEC;
    tmcf->cache.absent = NGX_CONF_UNSET_MSEC;
    tmcf->cache.tokens = NGX_CONF_UNSET_UINT;

    return tmcf;
}


char *
ngx_team_conf_init_main(ngx_conf_t *cf, void *conf)
{
    ngx_team_main_conf_t *tmcf = conf;

    ngx_conf_init_msec_value(tmcf->cache.valid, 60000);
    ngx_conf_init_msec_value(tmcf->cache.stale, 3000);
    ngx_conf_init_msec_value(tmcf->cache.absent,
                             ngx_min(tmcf->cache.valid, 10000));
    ngx_conf_init_uint_value(tmcf->cache.tokens, 8192);

    if (tmcf->cache.stale > tmcf->cache.valid) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "team_cache: \"stale\" must not be longer than "
                           "\"valid\"");
        return NGX_CONF_ERROR;
    }

    if (tmcf->poll >= tmcf->cache.stale) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "team_changes: \"poll\" must be shorter than "
                           "\"stale\" of team_cache, %Mms",
                           tmcf->cache.stale);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_team_conf_check(ngx_conf_t *cf)
{
    ngx_team_main_conf_t  *tmcf;

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_team_module);

    if (!tmcf->used) {
        return NGX_OK;
    }

    if (tmcf->shm_zone == NULL) {
        return ngx_team_conf_missing(cf, "team_zone",
                                     "where grants are cached");
    }

    if (tmcf->issuers.nelts == 0) {
        return ngx_team_conf_missing(cf, "team_issuer",
                                     "whose tokens are accepted");
    }

    if (tmcf->database.connections == 0) {
        return ngx_team_conf_missing(cf, "team_database",
                                     "where members are kept");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_team_conf_missing(ngx_conf_t *cf, const char *directive, const char *why)
{
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "team_access, team_permission, team_role and team_api need "
                  "\"%s\" in the http block: %s", directive, why);

    return NGX_ERROR;
}


/* team_zone name:size */

char *
ngx_team_conf_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_team_main_conf_t *tmcf = conf;

    u_char           *colon;
    ssize_t           size;
    ngx_str_t        *value, name, s;
    ngx_team_zone_t  *zone;

    if (tmcf->shm_zone != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;

    colon = (u_char *) ngx_strchr(value[1].data, ':');

    if (colon == NULL || colon == value[1].data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone \"%V\", expected \"name:size\" such "
                           "as \"team:64m\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    name.data = value[1].data;
    name.len = colon - value[1].data;

    s.data = colon + 1;
    s.len = value[1].data + value[1].len - s.data;

    size = ngx_parse_size(&s);

    if (size == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid size \"%V\" of zone \"%V\"", &s, &name);
        return NGX_CONF_ERROR;
    }

    if (size < (ssize_t) NGX_TEAM_ZONE_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" of %V is too small, the least is %dk",
                           &name, &s, NGX_TEAM_ZONE_MIN / 1024);
        return NGX_CONF_ERROR;
    }

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_team_zone_t));
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    tmcf->shm_zone = ngx_shared_memory_add(cf, &name, size, &ngx_team_module);
    if (tmcf->shm_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    tmcf->shm_zone->init = ngx_team_zone_init;
    tmcf->shm_zone->data = zone;

    return NGX_CONF_OK;
}


/* team_database "conninfo" [connections=N] [timeout=T] [queue=N] */

char *
ngx_team_conf_database(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_team_main_conf_t *tmcf = conf;

    char                 *rv;
    ngx_str_t            *value, s;
    ngx_uint_t            i;
    ngx_team_database_t  *db;

    db = &tmcf->database;

    if (db->connections) {
        return "is duplicate";
    }

    db->connections = 4;
    db->queue = 1024;
    db->timeout = 5000;

    value = cf->args->elts;

    rv = ngx_team_pg_conninfo(cf->pool, &value[1], &db->conninfo);

    if (rv != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "team_database: %s", rv);
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_team_conf_option(&value[i], "connections", &s)) {
            rv = ngx_team_conf_number(cf, &value[i], &s, 1,
                                      NGX_TEAM_MAX_CONNECTIONS,
                                      &db->connections);

        } else if (ngx_team_conf_option(&value[i], "queue", &s)) {
            rv = ngx_team_conf_number(cf, &value[i], &s, 1, 1000000,
                                      &db->queue);

        } else if (ngx_team_conf_option(&value[i], "timeout", &s)) {
            rv = ngx_team_conf_msec(cf, &value[i], &s, 10, 600000,
                                    &db->timeout);

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\", expected "
                               "\"connections=\", \"timeout=\" or \"queue=\"",
                               &value[i]);
            return NGX_CONF_ERROR;
        }

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


/* team_cache [valid=60s] [stale=3s] [absent=10s] [tokens=8192] */

char *
ngx_team_conf_cache(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_team_main_conf_t *tmcf = conf;

    char                   *rv;
    ngx_str_t              *value, s;
    ngx_uint_t              i;
    ngx_team_cache_conf_t  *cache;

    cache = &tmcf->cache;

    if (cache->valid != NGX_CONF_UNSET_MSEC
        || cache->stale != NGX_CONF_UNSET_MSEC
        || cache->absent != NGX_CONF_UNSET_MSEC
        || cache->tokens != NGX_CONF_UNSET_UINT)
    {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_team_conf_option(&value[i], "valid", &s)) {
            rv = ngx_team_conf_msec(cf, &value[i], &s, 1000, 86400000,
                                    &cache->valid);

        } else if (ngx_team_conf_option(&value[i], "stale", &s)) {
            rv = ngx_team_conf_msec(cf, &value[i], &s, 300, 60000,
                                    &cache->stale);

        } else if (ngx_team_conf_option(&value[i], "absent", &s)) {
            rv = ngx_team_conf_msec(cf, &value[i], &s, 100, 86400000,
                                    &cache->absent);

        } else if (ngx_team_conf_option(&value[i], "tokens", &s)) {
            rv = ngx_team_conf_number(cf, &value[i], &s, 1, 10000000,
                                      &cache->tokens);

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\", expected \"valid=\", "
                               "\"stale=\", \"absent=\" or \"tokens=\"",
                               &value[i]);
            return NGX_CONF_ERROR;
        }

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


/* team_changes listen | poll=T */

char *
ngx_team_conf_changes(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_team_main_conf_t *tmcf = conf;

    ngx_str_t  *value, s;

    if (tmcf->changes_set) {
        return "is duplicate";
    }

    tmcf->changes_set = 1;

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "listen") == 0) {
        return NGX_CONF_OK;
    }

    if (ngx_team_conf_option(&value[1], "poll", &s)) {
        return ngx_team_conf_msec(cf, &value[1], &s, 20, 10000, &tmcf->poll);
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\", expected \"listen\" or "
                       "\"poll=\" with a time such as \"poll=200ms\"",
                       &value[1]);

    return NGX_CONF_ERROR;
}


ngx_uint_t
ngx_team_conf_option(ngx_str_t *arg, const char *name, ngx_str_t *value)
{
    size_t  len;

    len = ngx_strlen(name);

    if (arg->len <= len
        || ngx_strncmp(arg->data, name, len) != 0
        || arg->data[len] != '=')
    {
        return 0;
    }

    value->data = arg->data + len + 1;
    value->len = arg->len - len - 1;

    return 1;
}


static char *
ngx_team_conf_number(ngx_conf_t *cf, ngx_str_t *name, ngx_str_t *value,
    ngx_int_t min, ngx_int_t max, ngx_uint_t *to)
{
    ngx_int_t  n;

    n = ngx_atoi(value->data, value->len);

    if (n == NGX_ERROR || n < min || n > max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value in \"%V\", expected a number from "
                           "%i to %i", name, min, max);
        return NGX_CONF_ERROR;
    }

    *to = n;

    return NGX_CONF_OK;
}


static char *
ngx_team_conf_msec(ngx_conf_t *cf, ngx_str_t *name, ngx_str_t *value,
    ngx_msec_t min, ngx_msec_t max, ngx_msec_t *to)
{
    ngx_int_t  ms;

    ms = ngx_parse_time(value, 0);

    if (ms == NGX_ERROR || (ngx_msec_t) ms < min || (ngx_msec_t) ms > max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value in \"%V\", expected a time from "
                           "%Mms to %Mms", name, min, max);
        return NGX_CONF_ERROR;
    }

    *to = ms;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_team_conf_read(ngx_conf_t *cf, ngx_str_t *name, ngx_str_t *text,
    ngx_uint_t *open_to_all)
{
    ssize_t     n;
    ngx_int_t   rc;
    ngx_file_t  file;

    if (ngx_conf_full_name(cf->cycle, name, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memzero(&file, sizeof(ngx_file_t));

    file.name = *name;
    file.log = cf->log;

    file.fd = ngx_open_file(name->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (file.fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", name);
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    if (ngx_fd_info(file.fd, &file.info) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", name);
        goto done;
    }

    if (!ngx_is_file(&file.info)
        || ngx_file_size(&file.info) == 0
        || ngx_file_size(&file.info) > TEAM_MAX_KEY_FILE)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is not a file of 1 to %d bytes",
                           name, TEAM_MAX_KEY_FILE);
        goto done;
    }

    *open_to_all = (file.info.st_mode & 0004) ? 1 : 0;

    text->len = ngx_file_size(&file.info);
    text->data = ngx_pnalloc(cf->temp_pool, text->len);

    if (text->data == NULL) {
        goto done;
    }

    n = ngx_read_file(&file, text->data, text->len, 0);

    if (n != (ssize_t) text->len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" could not be read to its end", name);
        goto done;
    }

    rc = NGX_OK;

done:

    if (ngx_close_file(file.fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", name);
    }

    return rc;
}


void
ngx_team_conf_warn_secret(ngx_conf_t *cf, ngx_str_t *name,
    ngx_uint_t open_to_all)
{
    if (open_to_all) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"%V\" holds a secret that every user may read, "
                           "take that right away with \"chmod o-r\"", name);
    }
}
