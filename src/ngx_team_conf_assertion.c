/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_conf.h"


#define NGX_TEAM_MAX_TTL  3600      /* seconds */


static char *ngx_team_assertion_signer(ngx_conf_t *cf,
    ngx_team_assertion_conf_t *conf, ngx_str_t *key, int alg);
static void ngx_team_assertion_free(void *data);


/* team_assertion off | key=FILE [alg=] [ttl=60s] [audience=] [issuer=] */

char *
ngx_team_conf_assertion(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_team_loc_conf_t *tlcf = conf;

    int                         alg;
    ngx_str_t                  *value, key, s;
    ngx_int_t                   sec;
    ngx_uint_t                  i;
    ngx_team_assertion_conf_t  *to;

    if (tlcf->assertion != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        tlcf->assertion = NULL;
        return NGX_CONF_OK;
    }

    to = ngx_pcalloc(cf->pool, sizeof(ngx_team_assertion_conf_t));
    if (to == NULL) {
        return NGX_CONF_ERROR;
    }

    tlcf->assertion = to;

    to->ttl = 60;
    ngx_str_set(&to->issuer, "ngx_team");

    alg = TEAM_ALG_RS256;
    ngx_str_null(&key);

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_team_conf_option(&value[i], "key", &s) && s.len) {
            key = s;

        } else if (ngx_team_conf_option(&value[i], "audience", &s)) {
            to->audience = s;

        } else if (ngx_team_conf_option(&value[i], "issuer", &s) && s.len) {
            to->issuer = s;

        } else if (ngx_team_conf_option(&value[i], "alg", &s)
                   && (alg = team_alg_find(ngx_team_str(s))) != -1)
        {
            continue;

        } else if (ngx_team_conf_option(&value[i], "ttl", &s)
                   && (sec = ngx_parse_time(&s, 1)) != NGX_ERROR
                   && sec >= 2 && sec <= NGX_TEAM_MAX_TTL)
        {
            to->ttl = sec;

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\", expected \"key=\" "
                               "with a file, \"alg=\" such as RS256, \"ttl=\" "
                               "from 2s to 1h, \"audience=\" or \"issuer=\"",
                               &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    if (key.len == 0) {
        return "needs \"key=\" with the file of a private key or a secret";
    }

    return ngx_team_assertion_signer(cf, to, &key, alg);
}


static char *
ngx_team_assertion_signer(ngx_conf_t *cf, ngx_team_assertion_conf_t *conf,
    ngx_str_t *key, int alg)
{
    char                 error[200];
    ngx_str_t            text;
    ngx_uint_t           open_to_all;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_team_conf_read(cf, key, &text, &open_to_all) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_team_conf_warn_secret(cf, key, open_to_all);

    /* as with "keys": the newline that ends a file is not part of a secret */

    if (alg <= TEAM_ALG_HS512 && text.len > 1
        && text.data[text.len - 1] == '\n')
    {
        text.len--;
    }

    conf->signer = team_signer_create((char *) text.data, text.len,
                                      (team_alg_e) alg, error, sizeof(error));

    ngx_explicit_memzero(text.data, text.len);

    if (conf->signer == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "key in \"%V\": %s",
                           key, error);
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_team_assertion_free;
    cln->data = conf->signer;

    return NGX_CONF_OK;
}


static void
ngx_team_assertion_free(void *data)
{
    team_signer_free(data);
}
