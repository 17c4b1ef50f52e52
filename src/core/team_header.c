/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <string.h>

#include "team_header.h"


int
team_header_recall(const team_header_memo_t *memo, team_token_t *token)
{
    size_t                i;
    const team_header_t  *header;

    for (i = 0; i < TEAM_MEMO_HEADERS; i++) {
        header = &memo->headers[i];

        if (header->len == 0 || header->len != token->header.len
            || memcmp(header->data, token->header.data, header->len) != 0)
        {
            continue;
        }

        token->alg = header->alg;

        memcpy(token->kid_data, header->kid_data, header->kid_len);
        token->kid.data = token->kid_data;
        token->kid.len = header->kid_len;

        memcpy(token->typ_data, header->typ_data, header->typ_len);
        token->typ.data = token->typ_data;
        token->typ.len = header->typ_len;

        return 1;
    }

    return 0;
}


void
team_header_remember(team_header_memo_t *memo, const team_token_t *token)
{
    team_header_t  *header;

    if (token->header.len == 0 || token->header.len > TEAM_MEMO_BYTES) {
        return;
    }

    header = &memo->headers[memo->next];
    memo->next = (memo->next + 1) % TEAM_MEMO_HEADERS;

    header->len = token->header.len;
    memcpy(header->data, token->header.data, token->header.len);

    header->alg = token->alg;

    header->kid_len = token->kid.len;
    memcpy(header->kid_data, token->kid_data, token->kid.len);

    header->typ_len = token->typ.len;
    memcpy(header->typ_data, token->typ_data, token->typ.len);
}
