/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * An issuer writes one header into all its tokens until its key changes, and
 * reading it anew each time costs a tenth of the signature.  So the last few
 * good ones are kept by their exact bytes, with what was read in them.
 */

#ifndef TEAM_HEADER_H
#define TEAM_HEADER_H

#include "team_token.h"


#define TEAM_MEMO_HEADERS  8
#define TEAM_MEMO_BYTES    512       /* a longer header is not remembered */


typedef struct {
    size_t         len;              /* 0: empty */
    char           data[TEAM_MEMO_BYTES];
    team_alg_e     alg;
    size_t         kid_len;
    size_t         typ_len;
    char           kid_data[TEAM_MAX_KID];
    char           typ_data[TEAM_MAX_TYP];
} team_header_t;


/* Owned by the caller; zeroed memory is an empty one. */

typedef struct {
    size_t         next;             /* to be replaced */
    team_header_t  headers[TEAM_MEMO_HEADERS];
} team_header_memo_t;


/*
 * Does what team_token_header() does, if it knows the header that
 * team_token_split() has found: returns 1.  Else returns 0, and sets nothing.
 */

int team_header_recall(const team_header_memo_t *memo, team_token_t *token);


/*
 * Keeps what team_token_header() has set, in place of the oldest.  Only for a
 * token whose signature has been verified: strangers must not be able to push
 * out what others use.
 */

void team_header_remember(team_header_memo_t *memo,
    const team_token_t *token);


#endif /* TEAM_HEADER_H */
