/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "team_text.h"


static size_t team_text_sequence(const unsigned char *p, size_t left);
static int team_text_hex(unsigned char c);


int
team_text_valid(team_str_t text)
{
    size_t                n, left;
    const unsigned char  *p;

    p = (const unsigned char *) text.data;
    left = text.len;

    while (left > 0) {

        if (*p != 0 && *p < 0x80) {
            p++;
            left--;
            continue;
        }

        n = team_text_sequence(p, left);

        if (n == 0) {
            return 0;
        }

        p += n;
        left -= n;
    }

    return 1;
}


/*
 * The length of the multibyte sequence at p, or 0 if there is none: the rows
 * of the table in RFC 3629 section 4.
 */

static size_t
team_text_sequence(const unsigned char *p, size_t left)
{
    size_t         i, n;
    unsigned char  low, high;

    low = 0x80;
    high = 0xbf;

    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        n = 2;

    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        n = 3;

        if (p[0] == 0xe0) {
            low = 0xa0;

        } else if (p[0] == 0xed) {
            high = 0x9f;
        }

    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        n = 4;

        if (p[0] == 0xf0) {
            low = 0x90;

        } else if (p[0] == 0xf4) {
            high = 0x8f;
        }

    } else {
        return 0;
    }

    if (left < n || p[1] < low || p[1] > high) {
        return 0;
    }

    for (i = 2; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    return n;
}


size_t
team_text_length(team_str_t text)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < text.len; i++) {

        /* all but the bytes that go on with a sequence */

        n += ((unsigned char) text.data[i] & 0xc0) != 0x80;
    }

    return n;
}


int
team_text_control(team_str_t text)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < text.len; i++) {
        c = (unsigned char) text.data[i];

        if (c < 0x20 || c == 0x7f) {
            return 1;
        }
    }

    return 0;
}


int
team_text_decode(char *out, size_t *len, team_str_t in, int plus)
{
    int         high, low;
    size_t      i, n;
    team_str_t  text;

    n = 0;

    for (i = 0; i < in.len; i++) {

        if (in.data[i] == '+' && plus) {
            out[n++] = ' ';
            continue;
        }

        if (in.data[i] != '%') {
            out[n++] = in.data[i];
            continue;
        }

        if (in.len - i < 3) {
            return -1;
        }

        high = team_text_hex((unsigned char) in.data[i + 1]);
        low = team_text_hex((unsigned char) in.data[i + 2]);

        if (high < 0 || low < 0) {
            return -1;
        }

        out[n++] = (char) (high * 16 + low);
        i += 2;
    }

    text.data = out;
    text.len = n;

    if (!team_text_valid(text)) {
        return -1;
    }

    *len = n;

    return 0;
}


static int
team_text_hex(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }

    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }

    return -1;
}
