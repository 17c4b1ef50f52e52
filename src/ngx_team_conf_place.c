/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* The directives that make a location answer by itself. */

#include "ngx_team_api.h"
#include "ngx_team_conf.h"
#include "ngx_team_status.h"


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

    special |= clcf->named | clcf->noname;

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


void
ngx_team_conf_inherit_place(ngx_conf_t *cf, ngx_team_loc_conf_t *conf,
    const ngx_team_loc_conf_t *prev)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (!clcf->lmt_excpt || clcf->handler != NULL) {
        return;
    }

    if (prev->api.len) {
        conf->api = prev->api;
        clcf->handler = ngx_team_api_handler;

    } else if (prev->status != NGX_TEAM_STATUS_NONE) {
        conf->status = prev->status;
        clcf->handler = ngx_team_status_handler;
    }
}
