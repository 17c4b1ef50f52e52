/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* The worker's memory of verified tokens.  For ngx_team_identity only. */

#ifndef NGX_TEAM_TOKENS_H
#define NGX_TEAM_TOKENS_H

#include "ngx_team.h"


/* NGX_OK, NGX_ERROR; max is how many are kept. */

ngx_int_t ngx_team_tokens_init(ngx_cycle_t *cycle, ngx_uint_t max);
void ngx_team_tokens_exit(void);


uint64_t ngx_team_tokens_hash(team_str_t text);

/* The identity of exactly this token, still owned here; or NULL. */

ngx_team_identity_t *ngx_team_tokens_find(uint64_t hash, team_str_t text);


/*
 * insert takes one count of an identity whose hash is set; remove gives it
 * back.
 */

void ngx_team_tokens_insert(ngx_team_identity_t *identity);
void ngx_team_tokens_remove(ngx_team_identity_t *identity);


#endif /* NGX_TEAM_TOKENS_H */
