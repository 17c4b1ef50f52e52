/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * The map of the module: its directives, its places in nginx's phases, its
 * life.  What each does is in src/.
 */

#include "ngx_team.h"
#include "ngx_team_access.h"
#include "ngx_team_api.h"
#include "ngx_team_conf.h"
#include "ngx_team_grants.h"
#include "ngx_team_headers.h"
#include "ngx_team_identity.h"
#include "ngx_team_keeper.h"
#include "ngx_team_variables.h"
#include "ngx_team_zone.h"


#define NGX_TEAM_ANY_CONF  (NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF              \
                            |NGX_HTTP_LOC_CONF|NGX_HTTP_LMT_CONF)


static ngx_int_t ngx_team_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_team_postconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_team_phase(ngx_conf_t *cf, ngx_uint_t phase,
    ngx_http_handler_pt handler, ngx_uint_t last);
static ngx_int_t ngx_team_init_process(ngx_cycle_t *cycle);
static void ngx_team_exit_process(ngx_cycle_t *cycle);


ngx_team_worker_t  ngx_team_worker;


static ngx_command_t  ngx_team_commands[] = {

    { ngx_string("team_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_team_conf_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("team_database"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1234,
      ngx_team_conf_database,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("team_issuer"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_team_conf_issuer,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("team_cache"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_team_conf_cache,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("team_changes"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_team_conf_changes,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("team_token"),
      NGX_TEAM_ANY_CONF|NGX_CONF_1MORE,
      ngx_team_conf_token,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("team_account"),
      NGX_TEAM_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_team_loc_conf_t, account),
      NULL },

    { ngx_string("team_access"),
      NGX_TEAM_ANY_CONF|NGX_CONF_TAKE1,
      ngx_team_conf_access,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("team_permission"),
      NGX_TEAM_ANY_CONF|NGX_CONF_1MORE,
      ngx_team_conf_names,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_team_loc_conf_t, given.permissions),
      NULL },

    { ngx_string("team_role"),
      NGX_TEAM_ANY_CONF|NGX_CONF_1MORE,
      ngx_team_conf_names,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_team_loc_conf_t, given.roles),
      NULL },

    { ngx_string("team_bypass"),
      NGX_TEAM_ANY_CONF|NGX_CONF_1MORE,
      ngx_team_conf_bypass,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("team_headers"),
      NGX_TEAM_ANY_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_team_loc_conf_t, headers),
      NULL },

    { ngx_string("team_assertion"),
      NGX_TEAM_ANY_CONF|NGX_CONF_1MORE,
      ngx_team_conf_assertion,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("team_api"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_team_conf_api,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("team_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_team_conf_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_team_module_ctx = {
    ngx_team_preconfiguration,             /* preconfiguration */
    ngx_team_postconfiguration,            /* postconfiguration */

    ngx_team_conf_create_main,             /* create main configuration */
    ngx_team_conf_init_main,               /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_team_conf_create_loc,              /* create location configuration */
    ngx_team_conf_merge_loc                /* merge location configuration */
};


ngx_module_t  ngx_team_module = {
    NGX_MODULE_V1,
    &ngx_team_module_ctx,                  /* module context */
    ngx_team_commands,                     /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_team_init_process,                 /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_team_exit_process,                 /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_team_preconfiguration(ngx_conf_t *cf)
{
    ngx_team_headers_init();

    return ngx_team_variables_add(cf);
}


static ngx_int_t
ngx_team_postconfiguration(ngx_conf_t *cf)
{
    if (ngx_team_conf_check(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_team_phase(cf, NGX_HTTP_POST_READ_PHASE, ngx_team_access_scrub, 0)
        != NGX_OK
        || ngx_team_phase(cf, NGX_HTTP_SERVER_REWRITE_PHASE,
                          ngx_team_api_sent_on, 0)
           != NGX_OK
        || ngx_team_phase(cf, NGX_HTTP_PREACCESS_PHASE,
                          ngx_team_access_scrub_again, 0)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_team_phase(cf, NGX_HTTP_ACCESS_PHASE, ngx_team_access_handler,
                          1);
}


/*
 * nginx runs a phase's handlers from the last in the array to the first, so a
 * new one runs before those there are; "last" puts it behind them: the gate
 * has the last word, also under "satisfy any".
 */

static ngx_int_t
ngx_team_phase(ngx_conf_t *cf, ngx_uint_t phase, ngx_http_handler_pt handler,
    ngx_uint_t last)
{
    ngx_array_t                *handlers;
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    handlers = &cmcf->phases[phase].handlers;

    h = ngx_array_push(handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    if (last) {
        h = handlers->elts;
        ngx_memmove(h + 1, h,
                    (handlers->nelts - 1) * sizeof(ngx_http_handler_pt));
    }

    *h = handler;

    return NGX_OK;
}


static ngx_int_t
ngx_team_init_process(ngx_cycle_t *cycle)
{
    ngx_team_slot_t       *slot;
    ngx_team_main_conf_t  *tmcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    tmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_team_module);

    if (tmcf == NULL || tmcf->shm_zone == NULL) {
        return NGX_OK;
    }

    ngx_team_worker.conf = tmcf;
    ngx_team_worker.zone = tmcf->shm_zone->data;
    /* of live processes: at a reload old and new workers share a number */

    ngx_team_worker.slot = ngx_process_slot % NGX_TEAM_ZONE_SLOTS;

    slot = ngx_team_slot();

    slot->pid = ngx_pid;
    ngx_memzero((void *) &slot->gauges, sizeof(ngx_team_pg_gauges_t));

    if (ngx_team_identity_init(cycle, tmcf->cache.tokens) != NGX_OK
        || ngx_team_grants_init() != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (tmcf->database.connections == 0) {
        return NGX_OK;
    }

    ngx_team_worker.pool = ngx_team_pool_create(cycle, &tmcf->database,
                                                &ngx_team_worker.zone->sh->pg,
                                                &slot->gauges);
    if (ngx_team_worker.pool == NULL) {
        return NGX_ERROR;
    }

    return ngx_team_keeper_init(cycle);
}


static void
ngx_team_exit_process(ngx_cycle_t *cycle)
{
    ngx_team_keeper_exit();

    if (ngx_team_worker.pool != NULL) {
        ngx_team_pool_destroy(ngx_team_worker.pool);
        ngx_team_worker.pool = NULL;
    }

    ngx_team_identity_exit();
}
