/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* Text as strangers send it: UTF-8, and percent-encoding around it. */

#ifndef TEAM_TEXT_H
#define TEAM_TEXT_H

#include "team_base.h"


/*
 * 1 if text is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates,
 * nothing above U+10FFFF) without U+0000, which PostgreSQL's text can't hold;
 * else 0.  The empty text is.
 */

int team_text_valid(team_str_t text);


/* How many characters there are in text that is valid. */

size_t team_text_length(team_str_t text);


/* 1 if text has a byte below 0x20, or 0x7f; else 0. */

int team_text_control(team_str_t text);


/*
 * Decodes %XX, and "+" as a space if plus is set (a query, not a path).
 * Writes at most in.len bytes to out, no NUL, and their number to *len.
 *
 * Returns 0, or -1 when a "%" is not followed by two hexadecimal digits or
 * the outcome is not valid by team_text_valid(); *len is then undefined.
 */

int team_text_decode(char *out, size_t *len, team_str_t in, int plus);


#endif /* TEAM_TEXT_H */
