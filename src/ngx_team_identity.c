/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_identity.h"
#include "ngx_team_grants.h"
#include "ngx_team_logins.h"
#include "ngx_team_source.h"
#include "ngx_team_tokens.h"
#include "ngx_team_zone.h"
#include "team_claims.h"
#include "team_header.h"


static team_reason_e ngx_team_identity_verify(ngx_team_identity_t **identity,
    team_str_t text, uint64_t hash);
static team_reason_e ngx_team_identity_signature(team_token_t *token,
    const ngx_team_issuer_t *only, const ngx_team_issuer_t **issuer);
static const ngx_team_issuer_t *ngx_team_identity_issuer(team_str_t name);
static team_reason_e ngx_team_identity_type(const ngx_team_issuer_t *issuer,
    team_str_t typ);
static ngx_team_identity_t *ngx_team_identity_create(team_str_t text,
    uint64_t hash, const ngx_team_issuer_t *issuer, team_claims_t *claims);


static team_header_memo_t  ngx_team_identity_headers;


ngx_int_t
ngx_team_identity_init(ngx_cycle_t *cycle, ngx_uint_t tokens)
{
    return ngx_team_tokens_init(cycle, tokens);
}


void
ngx_team_identity_exit(void)
{
    ngx_team_tokens_exit();
}


team_reason_e
ngx_team_identity_get(ngx_http_request_t *r, ngx_team_ctx_t *ctx)
{
    int64_t               now;
    uint64_t              hash;
    team_str_t            text;
    team_reason_e         reason;
    ngx_team_identity_t  *identity;

    if (ctx->identity != NULL) {
        return TEAM_OK;
    }

    reason = ngx_team_source_find(r, &text, &ctx->source);
    if (reason != TEAM_OK) {
        return reason;
    }

    if (text.len < TEAM_MIN_TOKEN || text.len > TEAM_MAX_TOKEN) {
        return TEAM_TOKEN_MALFORMED;
    }

    hash = ngx_team_tokens_hash(text);

    identity = ngx_team_tokens_find(hash, text);

    if (identity != NULL) {
        now = ngx_time();

        if (now >= identity->expires) {
            ngx_team_tokens_remove(identity);
            return TEAM_TOKEN_EXPIRED;
        }

        if (now < identity->starts) {
            return TEAM_TOKEN_NOT_YET;
        }

        ngx_team_count(tokens_known);

    } else {
        reason = ngx_team_identity_verify(&identity, text, hash);

        if (reason != TEAM_OK) {
            return reason;
        }

        ngx_team_count(tokens_verified);
    }

    identity->refs++;
    ctx->identity = identity;

    return TEAM_OK;
}


/* A token that is seen for the first time: the rules in their order. */

static team_reason_e
ngx_team_identity_verify(ngx_team_identity_t **identity, team_str_t text,
    uint64_t hash)
{
    ngx_uint_t                known;
    team_token_t              token;
    team_reason_e             reason;
    team_claims_t             claims;
    const ngx_team_issuer_t  *issuer, *named;

    reason = team_token_split(&token, text);
    if (reason != TEAM_OK) {
        return reason;
    }

    known = team_header_recall(&ngx_team_identity_headers, &token);

    if (!known) {
        reason = team_token_header(&token);
        if (reason != TEAM_OK) {
            return reason;
        }
    }

    reason = ngx_team_identity_signature(&token, NULL, &issuer);
    if (reason != TEAM_OK) {
        return reason;
    }

    if (!known) {
        team_header_remember(&ngx_team_identity_headers, &token);
    }

    reason = team_claims_parse(&claims, token.payload);
    if (reason != TEAM_OK) {
        return reason;
    }

    /*
     * Issuers may share a key (tenants of one provider do), so the key that
     * fitted first need not be the one of the issuer that the token names.
     */

    if (!team_str_eq(claims.issuer, ngx_team_str(issuer->name))) {
        named = ngx_team_identity_issuer(claims.issuer);

        if (named == NULL
            || ngx_team_identity_signature(&token, named, &issuer) != TEAM_OK)
        {
            reason = TEAM_TOKEN_ISSUER;
            goto failed;
        }
    }

    reason = ngx_team_identity_type(issuer, token.typ);
    if (reason != TEAM_OK) {
        goto failed;
    }

    reason = team_claims_check(&claims, &issuer->rule, ngx_time());
    if (reason != TEAM_OK) {
        goto failed;
    }

    *identity = ngx_team_identity_create(text, hash, issuer, &claims);

    if (*identity == NULL) {
        reason = TEAM_INTERNAL;
        goto failed;
    }

    ngx_team_tokens_insert(*identity);

    ngx_team_logins_add(*identity);

failed:

    team_claims_free(&claims);

    return reason;
}


/*
 * Looks for an issuer, or takes the only one asked for, that allows the
 * token's algorithm, has its key, and whose key verifies it.
 */

static team_reason_e
ngx_team_identity_signature(team_token_t *token,
    const ngx_team_issuer_t *only, const ngx_team_issuer_t **issuer)
{
    ngx_uint_t                i, n;
    team_reason_e             reason, rc;
    const team_jwk_t         *key;
    const ngx_team_issuer_t  *issuers;

    issuers = only;
    n = 1;

    if (only == NULL) {
        issuers = ngx_team_worker.conf->issuers.elts;
        n = ngx_team_worker.conf->issuers.nelts;
    }

    reason = TEAM_TOKEN_ALGORITHM;

    for (i = 0; i < n; i++) {

        if (!(issuers[i].algs & team_alg_bit(token->alg))) {
            continue;
        }

        key = team_jwks_find(issuers[i].keys, token->kid, token->alg);

        if (key == NULL) {
            if (reason == TEAM_TOKEN_ALGORITHM) {
                reason = TEAM_TOKEN_KEY;
            }

            continue;
        }

        rc = team_token_verify(token, key);

        if (rc == TEAM_OK) {
            *issuer = &issuers[i];
            return TEAM_OK;
        }

        if (rc == TEAM_INTERNAL) {
            return rc;
        }

        reason = rc;
    }

    return reason;
}


static const ngx_team_issuer_t *
ngx_team_identity_issuer(team_str_t name)
{
    ngx_uint_t                i;
    const ngx_team_issuer_t  *issuer;

    issuer = ngx_team_worker.conf->issuers.elts;

    for (i = 0; i < ngx_team_worker.conf->issuers.nelts; i++) {
        if (team_str_eq(ngx_team_str(issuer[i].name), name)) {
            return &issuer[i];
        }
    }

    return NULL;
}


/* What the core took as a typ may still be narrowed by the issuer's block. */

static team_reason_e
ngx_team_identity_type(const ngx_team_issuer_t *issuer, team_str_t typ)
{
    size_t       len;
    u_char      *p;
    ngx_uint_t   i;
    team_str_t  *type;

    if (issuer->types == NULL) {
        return TEAM_OK;
    }

    /* RFC 7515 section 4.1.9: "application/" may be left out */

    p = (u_char *) typ.data;
    len = typ.len;

    if (len > 12 && ngx_strncasecmp(p, (u_char *) "application/", 12) == 0) {
        p += 12;
        len -= 12;
    }

    type = issuer->types->elts;

    for (i = 0; i < issuer->types->nelts; i++) {
        if (type[i].len == len
            && ngx_strncasecmp((u_char *) type[i].data, p, len) == 0)
        {
            return TEAM_OK;
        }
    }

    return TEAM_TOKEN_TYPE;
}


static ngx_team_identity_t *
ngx_team_identity_create(team_str_t text, uint64_t hash,
    const ngx_team_issuer_t *issuer, team_claims_t *claims)
{
    char                 *p;
    ngx_team_identity_t  *identity;

    identity = ngx_alloc(sizeof(ngx_team_identity_t) + text.len
                         + claims->subject.len + claims->email.len
                         + claims->name.len,
                         ngx_cycle->log);
    if (identity == NULL) {
        return NULL;
    }

    ngx_memzero(identity, sizeof(ngx_team_identity_t));

    p = (char *) identity + sizeof(ngx_team_identity_t);

    identity->token = text;
    identity->token.data = p;
    p = (char *) ngx_cpymem(p, text.data, text.len);

    identity->subject = claims->subject;
    identity->subject.data = p;
    p = (char *) ngx_cpymem(p, claims->subject.data, claims->subject.len);

    identity->email = claims->email;
    identity->email.data = p;
    p = (char *) ngx_cpymem(p, claims->email.data, claims->email.len);

    identity->name = claims->name;
    identity->name.data = p;
    ngx_memcpy(p, claims->name.data, claims->name.len);

    identity->refs = 1;
    identity->hash = hash;
    identity->issuer = issuer;
    identity->email_verified = claims->email_verified ? 1 : 0;
    identity->expires = claims->exp + issuer->rule.leeway;
    identity->starts = ngx_max(claims->nbf, claims->iat)
                       - issuer->rule.leeway;
    identity->auth_time = claims->auth_time ? claims->auth_time : claims->iat;

    return identity;
}


void
ngx_team_identity_release(ngx_team_identity_t *identity)
{
    if (--identity->refs) {
        return;
    }

    if (identity->grant != NULL) {
        ngx_team_grant_release(identity->grant);
    }

    if (identity->assertion_grant != NULL) {
        ngx_team_grant_release(identity->assertion_grant);
    }

    /* the core allocates with malloc() */

    free(identity->assertion);

    ngx_free(identity);
}
