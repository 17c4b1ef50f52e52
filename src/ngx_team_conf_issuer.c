/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* team_issuer NAME { keys; audience; algorithms; leeway; claims; typ; } */

#include "ngx_team_conf.h"
#include "ngx_team_zone.h"


#define NGX_TEAM_MAX_LEEWAY  600      /* seconds; beyond, a clock is broken */


typedef struct {
    const char   *name;
    char       *(*set)(ngx_conf_t *cf, ngx_team_issuer_t *issuer);
} ngx_team_issuer_directive_t;


static char *ngx_team_issuer_line(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf);
static char *ngx_team_issuer_finish(ngx_conf_t *cf, ngx_team_main_conf_t *tmcf,
    ngx_team_issuer_t *issuer);
static char *ngx_team_issuer_audience(ngx_conf_t *cf,
    ngx_team_issuer_t *issuer);
static char *ngx_team_issuer_algorithms(ngx_conf_t *cf,
    ngx_team_issuer_t *issuer);
static char *ngx_team_issuer_leeway(ngx_conf_t *cf, ngx_team_issuer_t *issuer);
static char *ngx_team_issuer_claims(ngx_conf_t *cf, ngx_team_issuer_t *issuer);
static char *ngx_team_issuer_typ(ngx_conf_t *cf, ngx_team_issuer_t *issuer);
static ngx_array_t *ngx_team_issuer_list(ngx_conf_t *cf);


static ngx_team_issuer_directive_t  ngx_team_issuer_directives[] = {
    { "keys", ngx_team_conf_keys },
    { "audience", ngx_team_issuer_audience },
    { "algorithms", ngx_team_issuer_algorithms },
    { "leeway", ngx_team_issuer_leeway },
    { "claims", ngx_team_issuer_claims },
    { "typ", ngx_team_issuer_typ },
    { NULL, NULL }
};


char *
ngx_team_conf_issuer(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_team_main_conf_t *tmcf = conf;

    char               *rv;
    ngx_str_t          *value;
    ngx_conf_t          save;
    ngx_uint_t          i;
    ngx_team_issuer_t  *issuer;

    value = cf->args->elts;

    if (value[1].len == 0 || value[1].len > TEAM_MAX_ISSUER) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the name of an issuer has 1 to %d bytes",
                           TEAM_MAX_ISSUER);
        return NGX_CONF_ERROR;
    }

    issuer = tmcf->issuers.elts;

    for (i = 0; i < tmcf->issuers.nelts; i++) {
        if (issuer[i].name.len == value[1].len
            && ngx_strncmp(issuer[i].name.data, value[1].data, value[1].len)
               == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "issuer \"%V\" is duplicate", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    issuer = ngx_array_push(&tmcf->issuers);
    if (issuer == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(issuer, sizeof(ngx_team_issuer_t));

    issuer->name = value[1];
    issuer->id = ngx_team_issuer_id((char *) value[1].data, value[1].len);
    issuer->rule.leeway = NGX_CONF_UNSET;

    save = *cf;
    cf->handler = ngx_team_issuer_line;
    cf->handler_conf = (char *) issuer;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    return ngx_team_issuer_finish(cf, tmcf, issuer);
}


static char *
ngx_team_issuer_line(ngx_conf_t *cf, ngx_command_t *dummy, void *conf)
{
    ngx_team_issuer_t *issuer = conf;

    char                         *rv;
    ngx_str_t                    *value;
    ngx_team_issuer_directive_t  *d;

    value = cf->args->elts;

    for (d = ngx_team_issuer_directives; d->name; d++) {

        if (ngx_strcmp(value[0].data, d->name) != 0) {
            continue;
        }

        if (cf->args->nelts < 2) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%s\" needs a value", d->name);
            return NGX_CONF_ERROR;
        }

        rv = d->set(cf, issuer);

        if (rv != NGX_CONF_OK && rv != NGX_CONF_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%s\" %s", d->name, rv);
            return NGX_CONF_ERROR;
        }

        return rv;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unknown directive \"%V\" in team_issuer, expected "
                       "keys, audience, algorithms, leeway, claims or typ",
                       &value[0]);

    return NGX_CONF_ERROR;
}


/* What was left out, and what only shows when all is known. */

static char *
ngx_team_issuer_finish(ngx_conf_t *cf, ngx_team_main_conf_t *tmcf,
    ngx_team_issuer_t *issuer)
{
    uint32_t            served;
    ngx_uint_t          i;
    ngx_team_issuer_t  *others;

    if (issuer->keys == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "issuer \"%V\" has no \"keys\"", &issuer->name);
        return NGX_CONF_ERROR;
    }

    served = 0;

    for (i = 0; i < team_jwks_count(issuer->keys); i++) {
        served |= team_jwks_get(issuer->keys, i)->algs;
    }

    if (issuer->algs == 0) {
        issuer->algs = served;
    }

    for (i = 0; i < TEAM_ALGS; i++) {
        if ((issuer->algs & team_alg_bit(i)) && !(served & team_alg_bit(i))) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "issuer \"%V\" allows %s, but no key in \"%V\" "
                               "can verify it", &issuer->name,
                               team_alg_name(i), &issuer->keys_file);
            return NGX_CONF_ERROR;
        }
    }

    if (issuer->rule.leeway == NGX_CONF_UNSET) {
        issuer->rule.leeway = 0;
    }

    if (issuer->rule.subject == NULL) {
        issuer->rule.subject = "sub";
    }

    if (issuer->rule.email == NULL) {
        issuer->rule.email = "email";
    }

    if (issuer->rule.email_verified == NULL) {
        issuer->rule.email_verified = "email_verified";
    }

    if (issuer->rule.name == NULL) {
        issuer->rule.name = "name";
    }

    if (issuer->audiences != NULL) {
        issuer->rule.audiences = issuer->audiences->elts;
        issuer->rule.n_audiences = issuer->audiences->nelts;

    } else {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "issuer \"%V\" has no \"audience\": tokens that it "
                           "made for other applications are accepted too",
                           &issuer->name);
    }

    others = tmcf->issuers.elts;

    for (i = 0; i < tmcf->issuers.nelts; i++) {
        if (&others[i] != issuer && others[i].id == issuer->id) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "issuers \"%V\" and \"%V\" collide in their "
                               "hash", &issuer->name, &others[i].name);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* The values of a line, as strings of the core. */

static ngx_array_t *
ngx_team_issuer_list(ngx_conf_t *cf)
{
    ngx_str_t    *value;
    ngx_uint_t    i;
    team_str_t   *s;
    ngx_array_t  *list;

    value = cf->args->elts;

    list = ngx_array_create(cf->pool, cf->args->nelts, sizeof(team_str_t));
    if (list == NULL) {
        return NULL;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        s = ngx_array_push(list);
        if (s == NULL) {
            return NULL;
        }

        *s = ngx_team_str(value[i]);
    }

    return list;
}


static char *
ngx_team_issuer_audience(ngx_conf_t *cf, ngx_team_issuer_t *issuer)
{
    if (issuer->audiences != NULL) {
        return "is duplicate";
    }

    issuer->audiences = ngx_team_issuer_list(cf);

    return issuer->audiences ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_team_issuer_algorithms(ngx_conf_t *cf, ngx_team_issuer_t *issuer)
{
    int          alg;
    ngx_str_t   *value;
    ngx_uint_t   i;

    if (issuer->algs) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        alg = team_alg_find(ngx_team_str(value[i]));

        if (alg == -1) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unknown algorithm \"%V\", expected HS, RS, PS "
                               "or ES with 256, 384 or 512, or EdDSA",
                               &value[i]);
            return NGX_CONF_ERROR;
        }

        issuer->algs |= team_alg_bit(alg);
    }

    return NGX_CONF_OK;
}


static char *
ngx_team_issuer_leeway(ngx_conf_t *cf, ngx_team_issuer_t *issuer)
{
    ngx_int_t   sec;
    ngx_str_t  *value;

    if (issuer->rule.leeway != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    sec = (cf->args->nelts == 2) ? ngx_parse_time(&value[1], 1) : NGX_ERROR;

    if (sec == NGX_ERROR || sec > NGX_TEAM_MAX_LEEWAY) {
        return "takes a time in seconds, at most 10m";
    }

    issuer->rule.leeway = sec;

    return NGX_CONF_OK;
}


/* claims subject=sub email=email email_verified=... name=... */

static char *
ngx_team_issuer_claims(ngx_conf_t *cf, ngx_team_issuer_t *issuer)
{
    ngx_str_t    *value, s;
    ngx_uint_t    i;
    const char  **to;

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_team_conf_option(&value[i], "subject", &s)) {
            to = &issuer->rule.subject;

        } else if (ngx_team_conf_option(&value[i], "email", &s)) {
            to = &issuer->rule.email;

        } else if (ngx_team_conf_option(&value[i], "email_verified", &s)) {
            to = &issuer->rule.email_verified;

        } else if (ngx_team_conf_option(&value[i], "name", &s)) {
            to = &issuer->rule.name;

        } else {
            return "takes subject=, email=, email_verified= and name=, each "
                   "with the name of a claim";
        }

        if (*to != NULL || s.len == 0) {
            return "names one claim twice, or none";
        }

        *to = (char *) s.data;
    }

    return NGX_CONF_OK;
}


static char *
ngx_team_issuer_typ(ngx_conf_t *cf, ngx_team_issuer_t *issuer)
{
    ngx_str_t   *value;
    ngx_uint_t   i;

    if (issuer->types != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_strcasecmp(value[i].data, (u_char *) "JWT") != 0
            && ngx_strcasecmp(value[i].data, (u_char *) "at+jwt") != 0)
        {
            return "takes \"JWT\", \"at+jwt\" or both";
        }
    }

    issuer->types = ngx_team_issuer_list(cf);

    return issuer->types ? NGX_CONF_OK : NGX_CONF_ERROR;
}
