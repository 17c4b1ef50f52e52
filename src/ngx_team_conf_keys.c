/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* The keys of a team_issuer block. */

#include "ngx_team_conf.h"


static char *ngx_team_keys_kid(ngx_conf_t *cf, team_str_t *kid);
static void ngx_team_keys_free(void *data);


/* keys FILE [kid=NAME] */

char *
ngx_team_conf_keys(ngx_conf_t *cf, ngx_team_issuer_t *issuer)
{
    char                *rv;
    ngx_str_t           *value, text;
    ngx_uint_t           open_to_all;
    team_str_t           kid;
    team_jwk_error_t     error;
    ngx_pool_cleanup_t  *cln;

    if (issuer->keys != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strncasecmp(value[1].data, (u_char *) "https://", 8) == 0
        || ngx_strncasecmp(value[1].data, (u_char *) "http://", 7) == 0)
    {
        return "takes a file, not a URL: let a timer fetch it and reload nginx";
    }

    rv = ngx_team_keys_kid(cf, &kid);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    issuer->keys_file = value[1];

    if (ngx_team_conf_read(cf, &issuer->keys_file, &text, &open_to_all)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_CONF_ERROR;
    }

    issuer->keys = team_jwks_load((char *) text.data, text.len, &error);

    ngx_explicit_memzero(text.data, text.len);

    if (issuer->keys == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "keys in \"%V\": %s",
                           &issuer->keys_file, error.text);
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_team_keys_free;
    cln->data = issuer->keys;

    if (kid.len && team_jwks_name(issuer->keys, kid, &error) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"kid=\" for the keys in \"%V\": %s",
                           &issuer->keys_file, error.text);
        return NGX_CONF_ERROR;
    }

    if (team_jwks_get(issuer->keys, 0)->secret.len) {
        ngx_team_conf_warn_secret(cf, &issuer->keys_file, open_to_all);
    }

    return NGX_CONF_OK;
}


/* What follows the file; *kid is of length 0 if it is not given. */

static char *
ngx_team_keys_kid(ngx_conf_t *cf, team_str_t *kid)
{
    ngx_str_t   *value, s;
    ngx_uint_t   i;

    kid->len = 0;
    value = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {

        if (!ngx_team_conf_option(&value[i], "kid", &s)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\", expected a file with "
                               "a JWKS, PEM keys or a secret, and \"kid=\" if "
                               "it is one PEM key or a secret", &value[i]);
            return NGX_CONF_ERROR;
        }

        if (kid->len) {
            return "takes \"kid=\" only once";
        }

        *kid = ngx_team_str(s);

        if (!team_kid_valid(*kid)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid \"kid=\", expected UTF-8 text of 1 to "
                               "%d bytes without control bytes", TEAM_MAX_KID);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static void
ngx_team_keys_free(void *data)
{
    team_jwks_free(data);
}
