/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <string.h>

#include "team_base.h"


#define TEAM_BASE64URL_BAD  0x80


static inline uint64_t team_load64(const unsigned char *p);
static inline uint64_t team_rotl64(uint64_t x, unsigned bits);
static inline void team_sipround(uint64_t v[4]);
static unsigned team_base64url_seen(const unsigned char *p, size_t len);
static int team_base64url_ends(const unsigned char *p, size_t len);


static const char  *team_reason_names[TEAM_REASONS] = {
    [TEAM_OK]                 = "ok",

    [TEAM_TOKEN_MISSING]      = "token-missing",
    [TEAM_TOKEN_MALFORMED]    = "token-malformed",
    [TEAM_TOKEN_HEADER]       = "token-header",
    [TEAM_TOKEN_ALGORITHM]    = "token-algorithm",
    [TEAM_TOKEN_TYPE]         = "token-type",
    [TEAM_TOKEN_KEY]          = "token-key",
    [TEAM_TOKEN_SIGNATURE]    = "token-signature",
    [TEAM_TOKEN_CLAIMS]       = "token-claims",
    [TEAM_TOKEN_ISSUER]       = "token-issuer",
    [TEAM_TOKEN_AUDIENCE]     = "token-audience",
    [TEAM_TOKEN_EXPIRED]      = "token-expired",
    [TEAM_TOKEN_NOT_YET]      = "token-not-yet-valid",

    [TEAM_ACCOUNT_REQUIRED]   = "account-required",
    [TEAM_ACCOUNT_CLOSED]     = "account-closed",
    [TEAM_NOT_MEMBER]         = "not-member",
    [TEAM_MEMBER_PENDING]     = "member-pending",
    [TEAM_MEMBER_SUSPENDED]   = "member-suspended",
    [TEAM_PERMISSION_MISSING] = "permission-missing",
    [TEAM_ROLE_MISSING]       = "role-missing",

    [TEAM_UNAVAILABLE]        = "unavailable",
    [TEAM_OVERLOADED]         = "overloaded",

    [TEAM_INTERNAL]           = "internal"
};


static const char  team_base64url_chars[64] =
    { 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M',
      'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z',
      'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm',
      'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
      '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '-', '_' };


/* the reverse of the table above; XX (TEAM_BASE64URL_BAD) is no character */

#define XX  TEAM_BASE64URL_BAD

static const unsigned char  team_base64url_values[256] = {
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, 62, XX, XX,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, XX, XX, XX, XX, XX, XX,
    XX,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, XX, XX, XX, XX, 63,
    XX, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX
};

#undef XX


const char *
team_reason_name(team_reason_e reason)
{
    if ((unsigned) reason >= TEAM_REASONS) {
        return team_reason_names[TEAM_INTERNAL];
    }

    return team_reason_names[reason];
}


int
team_str_eq(team_str_t a, team_str_t b)
{
    if (a.len != b.len) {
        return 0;
    }

    return a.len == 0 || memcmp(a.data, b.data, a.len) == 0;
}


uint64_t
team_siphash(const uint64_t key[2], const void *data, size_t len)
{
    size_t                i;
    uint64_t              v[4], m;
    const unsigned char  *p;

    p = data;

    /* "somepseudorandomlygeneratedbytes", as the paper has it */

    v[0] = key[0] ^ 0x736f6d6570736575ULL;
    v[1] = key[1] ^ 0x646f72616e646f6dULL;
    v[2] = key[0] ^ 0x6c7967656e657261ULL;
    v[3] = key[1] ^ 0x7465646279746573ULL;

    for (i = len / 8; i > 0; i--) {
        m = team_load64(p);
        p += 8;

        v[3] ^= m;
        team_sipround(v);
        v[0] ^= m;
    }

    m = (uint64_t) (len & 0xff) << 56;

    for (i = 0; i < len % 8; i++) {
        m |= (uint64_t) p[i] << (8 * i);
    }

    v[3] ^= m;
    team_sipround(v);
    v[0] ^= m;

    v[2] ^= 0xff;

    for (i = 0; i < 3; i++) {
        team_sipround(v);
    }

    return v[0] ^ v[1] ^ v[2] ^ v[3];
}


/* Written out: compilers make one load of it, which of a loop they don't. */

static inline uint64_t
team_load64(const unsigned char *p)
{
    return (uint64_t) p[0] | (uint64_t) p[1] << 8
           | (uint64_t) p[2] << 16 | (uint64_t) p[3] << 24
           | (uint64_t) p[4] << 32 | (uint64_t) p[5] << 40
           | (uint64_t) p[6] << 48 | (uint64_t) p[7] << 56;
}


static inline uint64_t
team_rotl64(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}


static inline void
team_sipround(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = team_rotl64(v[1], 13) ^ v[0];
    v[0] = team_rotl64(v[0], 32);

    v[2] += v[3];
    v[3] = team_rotl64(v[3], 16) ^ v[2];

    v[0] += v[3];
    v[3] = team_rotl64(v[3], 21) ^ v[0];

    v[2] += v[1];
    v[1] = team_rotl64(v[1], 17) ^ v[2];
    v[2] = team_rotl64(v[2], 32);
}


int
team_base64url_valid(team_str_t in)
{
    const unsigned char  *p;

    p = (const unsigned char *) in.data;

    return in.len % 4 != 1
           && !(team_base64url_seen(p, in.len) & TEAM_BASE64URL_BAD)
           && team_base64url_ends(p, in.len);
}


/* All values or-ed together; four at a time, for tokens are long. */

static unsigned
team_base64url_seen(const unsigned char *p, size_t len)
{
    size_t    i;
    unsigned  seen;

    seen = 0;

    for (i = len / 4; i > 0; i--) {
        seen |= team_base64url_values[p[0]] | team_base64url_values[p[1]]
                | team_base64url_values[p[2]] | team_base64url_values[p[3]];
        p += 4;
    }

    for (i = len % 4; i > 0; i--) {
        seen |= team_base64url_values[*p++];
    }

    return seen;
}


/* Two characters carry 4 bits too many, three carry 2: all must be zero. */

static int
team_base64url_ends(const unsigned char *p, size_t len)
{
    switch (len % 4) {

    case 2:
        return (team_base64url_values[p[len - 1]] & 0x0f) == 0;

    case 3:
        return (team_base64url_values[p[len - 1]] & 0x03) == 0;

    default:
        return 1;
    }
}


int
team_base64url_decode(unsigned char *out, size_t *len, team_str_t in)
{
    size_t                i;
    uint32_t              a, b, c, d, seen;
    unsigned char        *start;
    const unsigned char  *p;

    p = (const unsigned char *) in.data;

    if (in.len % 4 == 1 || !team_base64url_ends(p, in.len)) {
        return -1;
    }

    start = out;
    seen = 0;

    for (i = in.len / 4; i > 0; i--) {
        a = team_base64url_values[p[0]];
        b = team_base64url_values[p[1]];
        c = team_base64url_values[p[2]];
        d = team_base64url_values[p[3]];
        p += 4;

        seen |= a | b | c | d;

        *out++ = (unsigned char) (a << 2 | b >> 4);
        *out++ = (unsigned char) (b << 4 | c >> 2);
        *out++ = (unsigned char) (c << 6 | d);
    }

    if (in.len % 4 >= 2) {
        a = team_base64url_values[p[0]];
        b = team_base64url_values[p[1]];

        seen |= a | b;

        *out++ = (unsigned char) (a << 2 | b >> 4);

        if (in.len % 4 == 3) {
            c = team_base64url_values[p[2]];
            seen |= c;

            *out++ = (unsigned char) (b << 4 | c >> 2);
        }
    }

    if (seen & TEAM_BASE64URL_BAD) {
        return -1;
    }

    *len = (size_t) (out - start);

    return 0;
}


size_t
team_base64url_encode(char *out, const void *data, size_t len)
{
    char                 *start;
    size_t                i;
    uint32_t              bits;
    const unsigned char  *p;

    start = out;
    p = data;

    for (i = len / 3; i > 0; i--) {
        bits = (uint32_t) p[0] << 16 | (uint32_t) p[1] << 8 | p[2];
        p += 3;

        *out++ = team_base64url_chars[bits >> 18];
        *out++ = team_base64url_chars[bits >> 12 & 0x3f];
        *out++ = team_base64url_chars[bits >> 6 & 0x3f];
        *out++ = team_base64url_chars[bits & 0x3f];
    }

    if (len % 3 != 0) {
        bits = (uint32_t) p[0] << 16;

        if (len % 3 == 2) {
            bits |= (uint32_t) p[1] << 8;
        }

        *out++ = team_base64url_chars[bits >> 18];
        *out++ = team_base64url_chars[bits >> 12 & 0x3f];

        if (len % 3 == 2) {
            *out++ = team_base64url_chars[bits >> 6 & 0x3f];
        }
    }

    return (size_t) (out - start);
}
