/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * The types of the module inside nginx: configuration, a worker's state, a
 * request's context.  No logic.
 */

#ifndef NGX_TEAM_H
#define NGX_TEAM_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_team_compat.h"
#include "ngx_team_pool.h"
#include "team_assertion.h"
#include "team_base.h"
#include "team_claims.h"
#include "team_decide.h"
#include "team_jwk.h"


#define NGX_TEAM_VERSION  "0.1.0"


typedef struct ngx_team_zone_s      ngx_team_zone_t;
typedef struct ngx_team_identity_s  ngx_team_identity_t;
typedef struct ngx_team_grant_s     ngx_team_grant_t;
typedef struct ngx_team_load_s      ngx_team_load_t;


/* An nginx string as one of the core, and back; nothing is copied. */

static ngx_inline team_str_t
ngx_team_str(ngx_str_t s)
{
    team_str_t  t;

    t.len = s.len;
    t.data = (const char *) s.data;

    return t;
}


static ngx_inline ngx_str_t
ngx_team_ngx_str(team_str_t t)
{
    ngx_str_t  s;

    s.len = t.len;
    s.data = (u_char *) t.data;

    return s;
}


/* team_issuer NAME { ... } */

typedef struct {
    ngx_str_t                name;
    uint64_t                 id;           /* hash of the name: the issuer's
                                              part of a key in the zone */
    team_jwks_t             *keys;
    ngx_str_t                keys_file;
    uint32_t                 algs;         /* bits of team_alg_e */
    ngx_array_t             *types;        /* team_str_t, lower case; NULL: any
                                              that the core takes */
    ngx_array_t             *audiences;    /* team_str_t; NULL: any */
    team_claims_rule_t       rule;
} ngx_team_issuer_t;


typedef struct {
    ngx_msec_t               valid;        /* team_cache valid= */
    ngx_msec_t               stale;        /* stale= */
    ngx_msec_t               absent;       /* absent=: for "not a member" */
    ngx_uint_t               tokens;       /* tokens=: remembered a worker */
} ngx_team_cache_conf_t;


/* Main configuration; const outside ngx_team_conf.c. */

typedef struct {
    ngx_shm_zone_t          *shm_zone;
    ngx_team_database_t      database;     /* connections == 0: none given */
    ngx_array_t              issuers;      /* ngx_team_issuer_t */
    ngx_team_cache_conf_t    cache;
    ngx_msec_t               poll;         /* 0: LISTEN */
    ngx_uint_t               changes_set;  /* team_changes was given */
    ngx_array_t              required;     /* team_str_t: permissions with a
                                              bit, TEAM_MAX_REQUIRED of them */
    ngx_array_t              problems;     /* ngx_str_t: the error pages that
                                              locations of the API have */
    ngx_uint_t               used;         /* some location needs the gate or
                                              the API */
} ngx_team_main_conf_t;


typedef enum {
    NGX_TEAM_TOKEN_BEARER = 0,
    NGX_TEAM_TOKEN_COOKIE,
    NGX_TEAM_TOKEN_HEADER
} ngx_team_source_e;


typedef struct {
    ngx_team_source_e        type;
    ngx_str_t                name;         /* of the cookie; of the header, in
                                              lower case */
    ngx_uint_t               hash;         /* of the request header to find */
} ngx_team_source_t;


typedef enum {
    NGX_TEAM_ACCESS_OFF = 0,
    NGX_TEAM_ACCESS_ON,
    NGX_TEAM_ACCESS_REPORT
} ngx_team_access_e;


typedef struct {
    team_signer_t           *signer;
    ngx_str_t                audience;
    ngx_str_t                issuer;
    time_t                   ttl;
} ngx_team_assertion_conf_t;


/* team_permission or team_role: what is fixed, and what variables say. */

typedef struct {
    uint64_t                 mask;         /* permissions with a bit */
    ngx_array_t              names;        /* team_str_t, fixed */
    ngx_array_t              values;       /* ngx_http_complex_value_t */
} ngx_team_names_t;


/* What a request has to have. */

typedef struct {
    ngx_uint_t               access;       /* ngx_team_access_e */
    ngx_team_names_t        *permissions;
    ngx_team_names_t        *roles;
} ngx_team_rule_t;


typedef enum {
    NGX_TEAM_STATUS_NONE = 0,
    NGX_TEAM_STATUS_JSON,
    NGX_TEAM_STATUS_PROMETHEUS
} ngx_team_status_e;


/* Location configuration; const outside ngx_team_conf.c. */

typedef struct {
    ngx_array_t                 *tokens;       /* ngx_team_source_t */
    ngx_http_complex_value_t    *account;
    ngx_team_rule_t              given;        /* here or around; inherited */
    ngx_team_rule_t              need;         /* what holds here, its access
                                                  never unset */
    ngx_array_t                 *bypass;       /* ngx_http_complex_value_t */
    ngx_flag_t                   headers;
    ngx_team_assertion_conf_t   *assertion;
    ngx_str_t                    api;          /* mount point; len 0: none */
    ngx_str_t                    problem;      /* the API's own error_page */
    ngx_uint_t                   status;       /* ngx_team_status_e */
} ngx_team_loc_conf_t;


/*
 * A person as a verified token shows them, in one block of memory that the
 * worker's cache and the requests that use it share by counting.
 */

struct ngx_team_identity_s {

    /* what a request with a known token reads, together */

    ngx_team_identity_t     *next;         /* in its bucket */
    uint64_t                 hash;
    team_str_t               token;
    int64_t                  expires;      /* exp + leeway: refused from then */
    int64_t                  starts;       /* nbf, iat - leeway, the later */
    ngx_team_grant_t        *grant;        /* the last one used, or NULL */
    ngx_uint_t               refs;
    ngx_uint_t               used;         /* since it was last spared */

    ngx_queue_t              queue;        /* of the worker's tokens */
    const ngx_team_issuer_t *issuer;
    team_str_t               subject;
    team_str_t               email;        /* len 0: none */
    team_str_t               name;         /* len 0: none */
    unsigned                 email_verified:1;
    int64_t                  auth_time;    /* else iat; 0: neither */

    /* the last assertion minted about that grant */

    char                          *assertion;     /* malloc'd by the core */
    ngx_team_grant_t              *assertion_grant;  /* counted */
    const ngx_team_assertion_conf_t
                                  *assertion_conf;
    int64_t                        assertion_until;
};


/* A grant as a worker keeps it; counted likewise. */

struct ngx_team_grant_s {
    ngx_uint_t               refs;
    uint64_t                 seq;          /* zone's change count when the load
                                              began */
    uint64_t                 loaded;       /* monotonic, ms */
    ngx_atomic_t            *person;       /* epochs in the zone */
    ngx_atomic_t            *account;      /* NULL: no account known */
    uint64_t                 held;         /* bits of tmcf->required */
    team_str_t               selector;     /* the account as it was asked for */
    team_grant_t             grant;
};


typedef enum {
    NGX_TEAM_DECISION_NONE = 0,
    NGX_TEAM_DECISION_ALLOW,
    NGX_TEAM_DECISION_DENY,
    NGX_TEAM_DECISION_REPORT,
    NGX_TEAM_DECISION_BYPASS,
    NGX_TEAM_DECISIONS
} ngx_team_decision_e;


typedef enum {
    NGX_TEAM_CACHE_NONE = 0,
    NGX_TEAM_CACHE_WORKER,
    NGX_TEAM_CACHE_ZONE,
    NGX_TEAM_CACHE_MISS,
    NGX_TEAM_CACHE_STALE,
    NGX_TEAM_CACHES
} ngx_team_cache_e;


/* Waits for a load of ngx_team_grants.c. */

typedef struct {
    ngx_queue_t              queue;
    ngx_team_load_t         *load;         /* NULL: not waiting */
    ngx_team_grant_t        *grant;        /* the outcome, counted; or NULL: */
    team_reason_e            reason;
    void                   (*handler)(void *data);
    void                    *data;
} ngx_team_waiter_t;


/* A request's context. */

typedef struct {
    ngx_http_request_t      *request;
    ngx_team_identity_t     *identity;     /* counted; NULL: no valid token */
    ngx_team_grant_t        *grant;        /* counted; NULL: not known */
    ngx_team_waiter_t        waiter;
    ngx_team_decision_e      decision;
    team_reason_e            reason;
    ngx_team_cache_e         cache;
    ngx_uint_t               source;       /* ngx_team_source_e of the token */
    json_t                  *claims;       /* parsed when $team_claim_ asks */
    ngx_team_query_t        *query;        /* of the API */
    unsigned                 waiting:1;    /* for a grant */
    unsigned                 decided:1;
} ngx_team_ctx_t;


/* What a worker has; made in init_process. */

typedef struct {
    const ngx_team_main_conf_t  *conf;
    ngx_team_zone_t             *zone;
    ngx_team_pool_t             *pool;     /* NULL: no team_database */
    ngx_uint_t                   slot;     /* of counters in the zone */
} ngx_team_worker_t;

extern ngx_team_worker_t  ngx_team_worker;


extern ngx_module_t  ngx_team_module;


#endif /* NGX_TEAM_H */
