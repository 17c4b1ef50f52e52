/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* The directives that make a location answer by itself. */

#include "ngx_team_api.h"
#include "ngx_team_conf.h"
#include "ngx_team_status.h"


static ngx_int_t ngx_team_conf_error_pages(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *clcf, ngx_str_t uri);


/* team_api */

char *
ngx_team_conf_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_team_loc_conf_t *tlcf = conf;

    ngx_uint_t                 special;
    ngx_http_core_loc_conf_t  *clcf;

    if (tlcf->api.len) {
        return "is duplicate";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

#if (NGX_PCRE)
    special = (clcf->regex != NULL);
#else
    special = 0;
#endif

    special |= clcf->named | clcf->noname | clcf->exact_match;

    if (special || clcf->name.len == 0
        || clcf->name.data[clcf->name.len - 1] != '/')
    {
        return "needs a location that is a prefix ending with \"/\", such as "
               "\"location /team/\"";
    }

    tlcf->api = clcf->name;
    tlcf->api.len--;

    /* "location / { team_api; }": the mount point is empty but set */

    if (tlcf->api.len == 0) {
        return "needs a prefix of its own, such as \"location /team/\"";
    }

    clcf->handler = ngx_team_api_handler;

    return NGX_CONF_OK;
}


/* team_status [json | prometheus] */

char *
ngx_team_conf_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_team_loc_conf_t *tlcf = conf;

    ngx_str_t                 *value;
    ngx_http_core_loc_conf_t  *clcf;

    if (tlcf->status != NGX_TEAM_STATUS_NONE) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 1 || ngx_strcmp(value[1].data, "json") == 0) {
        tlcf->status = NGX_TEAM_STATUS_JSON;

    } else if (ngx_strcmp(value[1].data, "prometheus") == 0) {
        tlcf->status = NGX_TEAM_STATUS_PROMETHEUS;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\", expected \"json\" or "
                           "\"prometheus\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_team_status_handler;

    return NGX_CONF_OK;
}


ngx_uint_t
ngx_team_conf_inherit_place(ngx_conf_t *cf, ngx_team_loc_conf_t *conf,
    const ngx_team_loc_conf_t *prev)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (!clcf->noname || clcf->handler != NULL) {
        return 0;
    }

    if (prev->api.len) {
        conf->api = prev->api;
        clcf->handler = ngx_team_api_handler;

    } else if (prev->status != NGX_TEAM_STATUS_NONE) {
        conf->status = prev->status;
        clcf->handler = ngx_team_status_handler;
    }

    return 1;
}


ngx_int_t
ngx_team_conf_problem(ngx_conf_t *cf, ngx_team_loc_conf_t *conf)
{
    ngx_str_t                 *problem;
    ngx_team_main_conf_t      *tmcf;
    ngx_http_core_loc_conf_t  *clcf;

    if (conf->api.len == 0) {
        return NGX_OK;
    }

    conf->problem.len = conf->api.len + sizeof("/problem") - 1;
    conf->problem.data = ngx_pnalloc(cf->pool, conf->problem.len);

    if (conf->problem.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(conf->problem.data, "%V/problem", &conf->api);

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_team_module);

    problem = ngx_array_push(&tmcf->problems);
    if (problem == NULL) {
        return NGX_ERROR;
    }

    *problem = conf->problem;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    return ngx_team_conf_error_pages(cf, clcf, conf->problem);
}


/*
 * What nginx itself refuses here, such as a body over client_max_body_size, is
 * sent on to the API, which answers with a problem; but not what the
 * administrator has an error_page for, here or around.  401 and 403 are not
 * among it: who is denied is denied what is sent on, too.
 */

static ngx_int_t
ngx_team_conf_error_pages(ngx_conf_t *cf, ngx_http_core_loc_conf_t *clcf,
    ngx_str_t uri)
{
    ngx_uint_t              i, j, n;
    ngx_array_t            *pages;
    ngx_http_err_page_t    *page, *given;
    static const ngx_int_t  statuses[] = {
        NGX_HTTP_BAD_REQUEST,
        NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
        NGX_HTTP_TOO_MANY_REQUESTS,
        NGX_HTTP_INTERNAL_SERVER_ERROR,
        NGX_HTTP_SERVICE_UNAVAILABLE
    };

    given = clcf->error_pages ? clcf->error_pages->elts : NULL;
    n = clcf->error_pages ? clcf->error_pages->nelts : 0;

    /* the array may be that of the server, and of other locations */

    pages = ngx_array_create(cf->pool, n + 5, sizeof(ngx_http_err_page_t));
    if (pages == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        page = ngx_array_push(pages);
        if (page == NULL) {
            return NGX_ERROR;
        }

        *page = given[i];
    }

    for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {

        for (j = 0; j < n; j++) {
            if (given[j].status == statuses[i]) {
                break;
            }
        }

        if (j < n) {
            continue;
        }

        page = ngx_array_push(pages);
        if (page == NULL) {
            return NGX_ERROR;
        }

        ngx_memzero(page, sizeof(ngx_http_err_page_t));
        page->status = statuses[i];
        page->overwrite = -1;
        page->value.value = uri;
    }

    clcf->error_pages = pages;

    return NGX_OK;
}
