/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* The directives of http, server and location. */

#include "ngx_team_conf.h"
#include "ngx_team_headers.h"
#include "team_perm.h"


static void ngx_team_loc_need(ngx_team_loc_conf_t *conf,
    const ngx_team_loc_conf_t *prev, ngx_uint_t inside);
static void ngx_team_loc_merge_rule(ngx_team_rule_t *conf,
    const ngx_team_rule_t *prev);
static ngx_int_t ngx_team_loc_tokens(ngx_conf_t *cf,
    ngx_team_loc_conf_t *tlcf);
static ngx_team_names_t *ngx_team_loc_names(ngx_conf_t *cf);
static char *ngx_team_loc_name(ngx_conf_t *cf, ngx_team_names_t *names,
    ngx_str_t *value, ngx_uint_t permissions);
static char *ngx_team_loc_required(ngx_conf_t *cf, ngx_team_names_t *names,
    team_str_t name);
static char *ngx_team_loc_value(ngx_conf_t *cf, ngx_array_t *values,
    ngx_str_t *value);


static const ngx_team_rule_t  ngx_team_loc_unset = {
    NGX_CONF_UNSET_UINT,
    NGX_CONF_UNSET_PTR,
    NGX_CONF_UNSET_PTR
};


void *
ngx_team_conf_create_loc(ngx_conf_t *cf)
{
    ngx_team_loc_conf_t  *tlcf;

    tlcf = ngx_pcalloc(cf->pool, sizeof(ngx_team_loc_conf_t));
    if (tlcf == NULL) {
        return NULL;
    }

    tlcf->tokens = NGX_CONF_UNSET_PTR;
    tlcf->account = NGX_CONF_UNSET_PTR;
    tlcf->given = ngx_team_loc_unset;
    tlcf->bypass = NGX_CONF_UNSET_PTR;
    tlcf->headers = NGX_CONF_UNSET;
    tlcf->assertion = NGX_CONF_UNSET_PTR;

    return tlcf;
}


char *
ngx_team_conf_merge_loc(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_team_loc_conf_t *prev = parent;
    ngx_team_loc_conf_t *conf = child;

    ngx_uint_t             inside;
    ngx_team_main_conf_t  *tmcf;

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_team_module);

    inside = ngx_team_conf_inherit_place(cf, conf, prev);

    if (ngx_team_conf_problem(cf, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_team_loc_need(conf, prev, inside);

    ngx_conf_merge_ptr_value(conf->tokens, prev->tokens, NULL);
    ngx_conf_merge_ptr_value(conf->account, prev->account, NULL);
    ngx_conf_merge_ptr_value(conf->bypass, prev->bypass, NULL);
    ngx_conf_merge_value(conf->headers, prev->headers, 0);
    ngx_conf_merge_ptr_value(conf->assertion, prev->assertion, NULL);

    if (conf->tokens == NULL && ngx_team_loc_tokens(cf, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (conf->need.access != NGX_TEAM_ACCESS_OFF || conf->api.len) {
        tmcf->used = 1;
    }

    return NGX_CONF_OK;
}


/*
 * The API asks for a token itself, and decides in the database who may do
 * what; invitees have no right yet.  So what the locations around it ask for
 * does not hold in it, but goes on to those inside.
 */

static void
ngx_team_loc_need(ngx_team_loc_conf_t *conf, const ngx_team_loc_conf_t *prev,
    ngx_uint_t inside)
{
    const ngx_team_rule_t  *around;

    around = &prev->given;

    if (conf->api.len) {
        around = inside ? &prev->need : &ngx_team_loc_unset;
    }

    conf->need = conf->given;

    ngx_team_loc_merge_rule(&conf->need, around);
    ngx_team_loc_merge_rule(&conf->given, &prev->given);

    if (conf->need.access == NGX_CONF_UNSET_UINT) {
        conf->need.access = (conf->need.permissions || conf->need.roles)
                            ? NGX_TEAM_ACCESS_ON : NGX_TEAM_ACCESS_OFF;
    }
}


static void
ngx_team_loc_merge_rule(ngx_team_rule_t *conf, const ngx_team_rule_t *prev)
{
    ngx_conf_merge_uint_value(conf->access, prev->access,
                              NGX_CONF_UNSET_UINT);
    ngx_conf_merge_ptr_value(conf->permissions, prev->permissions, NULL);
    ngx_conf_merge_ptr_value(conf->roles, prev->roles, NULL);
}


/* The default: "Authorization: Bearer" (RFC 6750 section 2.1). */

static ngx_int_t
ngx_team_loc_tokens(ngx_conf_t *cf, ngx_team_loc_conf_t *tlcf)
{
    ngx_team_source_t  *source;

    tlcf->tokens = ngx_array_create(cf->pool, 1, sizeof(ngx_team_source_t));
    if (tlcf->tokens == NULL) {
        return NGX_ERROR;
    }

    source = ngx_array_push(tlcf->tokens);
    if (source == NULL) {
        return NGX_ERROR;
    }

    source->type = NGX_TEAM_TOKEN_BEARER;
    ngx_str_set(&source->name, "authorization");
    source->hash = ngx_hash_key(source->name.data, source->name.len);

    return NGX_OK;
}


/* team_token bearer | cookie=NAME | header=NAME ... */

char *
ngx_team_conf_token(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_team_loc_conf_t *tlcf = conf;

    ngx_str_t          *value, s;
    ngx_uint_t          i;
    ngx_team_source_t  *source;

    if (tlcf->tokens != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    tlcf->tokens = ngx_array_create(cf->pool, cf->args->nelts,
                                    sizeof(ngx_team_source_t));
    if (tlcf->tokens == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        source = ngx_array_push(tlcf->tokens);
        if (source == NULL) {
            return NGX_CONF_ERROR;
        }

        if (ngx_strcmp(value[i].data, "bearer") == 0) {
            source->type = NGX_TEAM_TOKEN_BEARER;
            ngx_str_set(&source->name, "authorization");
            source->hash = ngx_hash_key(source->name.data, source->name.len);

        } else if (ngx_team_conf_option(&value[i], "cookie", &s) && s.len) {
            source->type = NGX_TEAM_TOKEN_COOKIE;
            source->name = s;
            source->hash = ngx_hash_key((u_char *) "cookie", 6);

        } else if (ngx_team_conf_option(&value[i], "header", &s) && s.len) {
            source->type = NGX_TEAM_TOKEN_HEADER;
            ngx_strlow(s.data, s.data, s.len);
            source->name = s;
            source->hash = ngx_hash_key(s.data, s.len);

            if (ngx_team_headers_ours(&s)) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "a token can't come in \"%V\": headers "
                                   "under X-Team- are removed first", &s);
                return NGX_CONF_ERROR;
            }

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid source \"%V\", expected \"bearer\", "
                               "\"cookie=NAME\" or \"header=NAME\"",
                               &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* team_access on | off | report */

char *
ngx_team_conf_access(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_team_loc_conf_t *tlcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i;

    static const char  *words[] = { "off", "on", "report" };

    if (tlcf->given.access != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (i = 0; i < 3; i++) {
        if (ngx_strcmp(value[1].data, words[i]) == 0) {
            tlcf->given.access = i;
            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\", expected \"on\", \"off\" or "
                       "\"report\"", &value[1]);

    return NGX_CONF_ERROR;
}


/* team_permission value... and team_role value... */

char *
ngx_team_conf_names(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char *p = conf;

    char               *rv;
    ngx_str_t          *value;
    ngx_uint_t          i, permissions;
    ngx_team_names_t  **names;

    names = (ngx_team_names_t **) (p + cmd->offset);

    if (*names != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    *names = ngx_team_loc_names(cf);
    if (*names == NULL) {
        return NGX_CONF_ERROR;
    }

    permissions = (cmd->offset == offsetof(ngx_team_loc_conf_t,
                                           given.permissions));

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        rv = ngx_http_script_variables_count(&value[i])
             ? ngx_team_loc_value(cf, &(*names)->values, &value[i])
             : ngx_team_loc_name(cf, *names, &value[i], permissions);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


static ngx_team_names_t *
ngx_team_loc_names(ngx_conf_t *cf)
{
    ngx_team_names_t  *names;

    names = ngx_pcalloc(cf->pool, sizeof(ngx_team_names_t));

    if (names == NULL
        || ngx_array_init(&names->names, cf->pool, 4, sizeof(team_str_t))
           != NGX_OK
        || ngx_array_init(&names->values, cf->pool, 2,
                          sizeof(ngx_http_complex_value_t))
           != NGX_OK)
    {
        return NULL;
    }

    return names;
}


static char *
ngx_team_loc_name(ngx_conf_t *cf, ngx_team_names_t *names, ngx_str_t *value,
    ngx_uint_t permissions)
{
    team_str_t  name, *to;

    name = ngx_team_str(*value);

    if (permissions) {
        if (!team_perm_valid(name)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid permission \"%V\", expected "
                               "\"resource:action\" in lower case such as "
                               "\"invoices:read\"", value);
            return NGX_CONF_ERROR;
        }

        return ngx_team_loc_required(cf, names, name);
    }

    if (!team_role_valid(name)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid role \"%V\", expected a role's key in "
                           "lower case such as \"owner\"", value);
        return NGX_CONF_ERROR;
    }

    to = ngx_array_push(&names->names);
    if (to == NULL) {
        return NGX_CONF_ERROR;
    }

    *to = name;

    return NGX_CONF_OK;
}


/* The first TEAM_MAX_REQUIRED permissions get a bit, others are looked up. */

static char *
ngx_team_loc_required(ngx_conf_t *cf, ngx_team_names_t *names, team_str_t name)
{
    ngx_uint_t             i;
    team_str_t            *required;
    ngx_team_main_conf_t  *tmcf;

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_team_module);

    required = tmcf->required.elts;

    for (i = 0; i < tmcf->required.nelts; i++) {
        if (team_str_eq(required[i], name)) {
            break;
        }
    }

    if (i < TEAM_MAX_REQUIRED) {
        names->mask |= (uint64_t) 1 << i;
    }

    if (i < tmcf->required.nelts) {
        return NGX_CONF_OK;
    }

    required = ngx_array_push(i < TEAM_MAX_REQUIRED ? &tmcf->required
                                                    : &names->names);
    if (required == NULL) {
        return NGX_CONF_ERROR;
    }

    *required = name;

    return NGX_CONF_OK;
}


/* A text with variables, compiled to the end of an array. */

static char *
ngx_team_loc_value(ngx_conf_t *cf, ngx_array_t *values, ngx_str_t *value)
{
    ngx_http_compile_complex_value_t  ccv;

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = value;
    ccv.complex_value = ngx_array_push(values);

    if (ccv.complex_value == NULL
        || ngx_http_compile_complex_value(&ccv) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* team_bypass value... */

char *
ngx_team_conf_bypass(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_team_loc_conf_t *tlcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i;

    if (tlcf->bypass != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    tlcf->bypass = ngx_array_create(cf->pool, cf->args->nelts,
                                    sizeof(ngx_http_complex_value_t));
    if (tlcf->bypass == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (!ngx_http_script_variables_count(&value[i])) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" has no variable: it would always, or "
                               "never, let everybody pass; to switch the check "
                               "off write \"team_access off\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        if (ngx_team_loc_value(cf, tlcf->bypass, &value[i]) != NGX_CONF_OK) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}
