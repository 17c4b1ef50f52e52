/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* Headers that are remembered, by their exact bytes. */

#include <stdio.h>
#include <string.h>

#include "team_unit.h"

#include "../../src/core/team_header.h"


static void read_token(team_token_t *token, char *text, const char *header);
static void what_is_known(void);
static void what_goes(void);
static void what_is_too_long(void);


static team_header_memo_t  memo;


int
main(void)
{
    plan(0);

    what_is_known();
    what_goes();
    what_is_too_long();

    return done();
}


/* text is room for TEAM_MAX_TOKEN bytes */

static void
read_token(team_token_t *token, char *text, const char *header)
{
    size_t      n;
    team_str_t  s;

    n = team_base64url_encode(text, header, strlen(header));
    memcpy(text + n, ".e30.AA", 7);

    s.data = text;
    s.len = n + 7;

    is_int(team_token_split(token, s), TEAM_OK, "split");
}


static void
what_is_known(void)
{
    char          a[TEAM_MAX_TOKEN], b[TEAM_MAX_TOKEN], c[TEAM_MAX_TOKEN];
    team_token_t  token, same, other;

    static const char  header[] =
        "{\"alg\":\"PS384\",\"kid\":\"k-1\",\"typ\":\"at+jwt\"}";

    memset(&memo, 0, sizeof(memo));

    read_token(&token, a, header);
    read_token(&same, b, header);
    read_token(&other, c,
               "{\"alg\":\"PS384\",\"kid\":\"k-2\",\"typ\":\"at+jwt\"}");

    ok(!team_header_recall(&memo, &token), "an empty memo knows nothing");
    is_int(token.kid.len, 0, "... and sets nothing");

    is_int(team_token_header(&token), TEAM_OK, "a header is read");
    team_header_remember(&memo, &token);
    memset(a, 'x', sizeof(a));

    ok(team_header_recall(&memo, &same), "the same in another token is known");
    is_int(same.alg, TEAM_ALG_PS384, "... its alg");
    ok(team_str_eq(same.kid, str("k-1")), "... its kid");
    ok(team_str_eq(same.typ, str("at+jwt")), "... its typ");
    ok(same.kid.data == same.kid_data && same.typ.data == same.typ_data,
       "... in the token's own memory");

    ok(!team_header_recall(&memo, &other), "one byte makes another header");

    other = same;
    other.header.len--;
    ok(!team_header_recall(&memo, &other), "... and so does one less");

    read_token(&other, c, "{\"alg\":\"ES256\"}");
    is_int(team_token_header(&other), TEAM_OK, "a header with no more to say");
    team_header_remember(&memo, &other);

    other.kid = str("k");
    other.typ = str("t");
    ok(team_header_recall(&memo, &other), "... is known");
    ok(other.kid.len == 0 && other.typ.len == 0, "... with no kid, no typ");
}


static void
what_goes(void)
{
    char          text[TEAM_MAX_TOKEN], header[80];
    size_t        i;
    team_token_t  token;

    memset(&memo, 0, sizeof(memo));

    for (i = 0; i <= TEAM_MEMO_HEADERS; i++) {
        (void) snprintf(header, sizeof(header),
                        "{\"alg\":\"ES256\",\"kid\":\"%zu\"}", i);
        read_token(&token, text, header);
        (void) team_token_header(&token);
        team_header_remember(&memo, &token);
    }

    for (i = 0; i <= TEAM_MEMO_HEADERS; i++) {
        (void) snprintf(header, sizeof(header),
                        "{\"alg\":\"ES256\",\"kid\":\"%zu\"}", i);
        read_token(&token, text, header);

        is_int(team_header_recall(&memo, &token), i > 0,
               i == 0 ? "the oldest has gone" : "the others are there");
    }
}


static void
what_is_too_long(void)
{
    char          text[TEAM_MAX_TOKEN], header[TEAM_MAX_HEADER];
    size_t        pad;
    team_token_t  token;

    memset(&memo, 0, sizeof(memo));

    /* 3 bytes are 4 characters */

    for (pad = 0; pad <= 1; pad++) {
        (void) snprintf(header, sizeof(header), "{\"alg\":\"ES256\"%*s}",
                        (int) (TEAM_MEMO_BYTES / 4 * 3 - 15 + pad), "");
        read_token(&token, text, header);
        is_int(team_token_header(&token), TEAM_OK, "a long header");
        team_header_remember(&memo, &token);

        is_int(token.header.len <= TEAM_MEMO_BYTES, pad == 0,
               "of %zu characters", token.header.len);
        is_int(team_header_recall(&memo, &token), pad == 0,
               pad == 0 ? "... is remembered" : "... is not");
    }
}
