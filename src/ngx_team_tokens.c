/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "ngx_team_tokens.h"
#include "ngx_team_identity.h"

#include <openssl/rand.h>


#define NGX_TEAM_TOKENS_TAIL    64     /* bytes that are hashed */
#define NGX_TEAM_TOKENS_SPARED  64     /* at most, for one that comes */


/*
 * A worker's verified tokens, by their exact bytes.  When there are too many,
 * the oldest goes, unless it has been used since: then it is spared once.  So
 * a hit moves nothing in memory that is not its own.
 */

typedef struct {
    uint64_t                key[2];
    ngx_team_identity_t   **buckets;
    ngx_uint_t              mask;
    ngx_uint_t              max;
    ngx_uint_t              n;
    ngx_queue_t             queue;        /* the latest first */
} ngx_team_tokens_t;


static void ngx_team_tokens_evict(void);


static ngx_team_tokens_t  ngx_team_tokens;


ngx_int_t
ngx_team_tokens_init(ngx_cycle_t *cycle, ngx_uint_t max)
{
    ngx_uint_t  n;

    if (RAND_bytes((u_char *) ngx_team_tokens.key,
                   sizeof(ngx_team_tokens.key))
        != 1)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "no random bytes for the cache of tokens");
        return NGX_ERROR;
    }

    for (n = 16; n < max; n *= 2) { /* void */ }

    ngx_team_tokens.buckets = ngx_pcalloc(cycle->pool, n * sizeof(void *));
    if (ngx_team_tokens.buckets == NULL) {
        return NGX_ERROR;
    }

    ngx_team_tokens.mask = n - 1;
    ngx_team_tokens.max = max;
    ngx_team_tokens.n = 0;

    ngx_queue_init(&ngx_team_tokens.queue);

    return NGX_OK;
}


void
ngx_team_tokens_exit(void)
{
    ngx_queue_t  *q;

    if (ngx_team_tokens.buckets == NULL) {
        return;
    }

    while (!ngx_queue_empty(&ngx_team_tokens.queue)) {
        q = ngx_queue_last(&ngx_team_tokens.queue);

        ngx_team_tokens_remove(ngx_queue_data(q, ngx_team_identity_t, queue));
    }
}


/*
 * Of the last bytes only: a token ends in its signature, and only verified
 * ones are kept, so nobody can make many that end alike.
 */

uint64_t
ngx_team_tokens_hash(team_str_t text)
{
    size_t  len;

    len = ngx_min(text.len, NGX_TEAM_TOKENS_TAIL);

    return team_siphash(ngx_team_tokens.key, text.data + text.len - len, len);
}


ngx_team_identity_t *
ngx_team_tokens_find(uint64_t hash, team_str_t text)
{
    ngx_team_identity_t  *identity;

    identity = ngx_team_tokens.buckets[hash & ngx_team_tokens.mask];

    for ( /* void */ ; identity != NULL; identity = identity->next) {

        if (identity->hash == hash && team_str_eq(identity->token, text)) {
            identity->used = 1;
            return identity;
        }
    }

    return NULL;
}


void
ngx_team_tokens_insert(ngx_team_identity_t *identity)
{
    ngx_team_identity_t  **bucket;

    if (ngx_team_tokens.n >= ngx_team_tokens.max) {
        ngx_team_tokens_evict();
    }

    bucket = &ngx_team_tokens.buckets[identity->hash & ngx_team_tokens.mask];

    identity->next = *bucket;
    *bucket = identity;

    ngx_queue_insert_head(&ngx_team_tokens.queue, &identity->queue);

    ngx_team_tokens.n++;
}


static void
ngx_team_tokens_evict(void)
{
    ngx_uint_t            i;
    ngx_queue_t          *q;
    ngx_team_identity_t  *identity;

    for (i = 0; /* void */ ; i++) {
        q = ngx_queue_last(&ngx_team_tokens.queue);
        identity = ngx_queue_data(q, ngx_team_identity_t, queue);

        if (!identity->used || i == NGX_TEAM_TOKENS_SPARED) {
            break;
        }

        identity->used = 0;

        ngx_queue_remove(q);
        ngx_queue_insert_head(&ngx_team_tokens.queue, q);
    }

    ngx_team_tokens_remove(identity);
}


void
ngx_team_tokens_remove(ngx_team_identity_t *identity)
{
    ngx_team_identity_t  **prev;

    prev = &ngx_team_tokens.buckets[identity->hash & ngx_team_tokens.mask];

    while (*prev != identity) {
        prev = &(*prev)->next;
    }

    *prev = identity->next;

    ngx_queue_remove(&identity->queue);

    ngx_team_tokens.n--;

    ngx_team_identity_release(identity);
}
