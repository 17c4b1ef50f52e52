/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * Problem details (RFC 9457) and bearer challenges (RFC 6750): the one place,
 * with reply, that knows which HTTP status a reason has.
 */

#ifndef TEAM_PROBLEM_H
#define TEAM_PROBLEM_H

#include <jansson.h>

#include "team_base.h"


typedef struct {
    int          status;      /* HTTP */
    const char  *code;        /* last part of "type", stable */
    const char  *title;       /* one short sentence for people */
} team_problem_t;


/* The problem of a refusal by the gate; never NULL, 500 for TEAM_OK. */

const team_problem_t *team_problem_reason(team_reason_e reason);


/*
 * The problem that stands for a status when there is no code: 404 "not-found",
 * 405 "method-not-allowed", 413 "body-too-large", 415 "media-type", ...; never
 * NULL, that of 500 for a status that has none.
 */

const team_problem_t *team_problem_status(int status);


/* The problem of a code such as "last-owner"; NULL if the table lacks it. */

const team_problem_t *team_problem_code(const char *code);


/*
 * The problem of a status from 400 to 599 (any other: 500) with a code.  A
 * code in the table brings its title; one that only has the form of a code
 * (lower-case letters, digits, hyphens, at most 63 bytes) gets the title of
 * the status; NULL or any other text leaves team_problem_status().
 * *out is filled; out->code may be code itself, out->title is static.
 */

void team_problem_make(int status, const char *code, team_problem_t *out);


/*
 * The problem behind what a SQL function raised: SQLSTATE "TMnnn" gives the
 * status, message the code, as team_problem_make() takes them.
 * Any other SQLSTATE: classes 08, 28, 53, 57, 58 (connection, authorization,
 * resources, operator intervention, system) and 25006 (read-only: a standby),
 * 40001, 40P01 (serialization, deadlock), 42501 (EXECUTE not granted), 55P03
 * (lock not available) are 503 "unavailable"; the rest 500 "internal".
 * *out is filled; out->code may point into message, out->title is static.
 */

void team_problem_sqlstate(const char *sqlstate, const char *message,
    team_problem_t *out);


/*
 * The body: {"type":"/problems/<code>","title":...,"status":...,"detail":...}
 * with "errors" appended if not NULL (borrowed).  detail may be NULL; one
 * that is not UTF-8 is left out.
 * Returns text that the caller frees with free(), or NULL without memory;
 * *len excludes the final NUL.
 */

char *team_problem_body(const team_problem_t *problem, const char *detail,
    json_t *errors, size_t *len);


/*
 * "errors" with one entry, for bad input that a SQL function has found: where,
 * as a JSON Pointer, "?name" or a header's name, and what.
 * Returns a value that the caller owns; NULL without memory, or if one of the
 * two is NULL or not UTF-8.
 */

json_t *team_problem_errors(const char *place, const char *detail);


/*
 * The value of WWW-Authenticate (RFC 6750 section 3) for a reason: without a
 * token just the scheme and realm; with a bad one error="invalid_token"; for
 * a missing permission or role error="insufficient_scope".  Writes at most
 * size bytes with the final NUL; realm must need no quoting.
 * Returns the length, 0 when the reason carries no challenge or it does not
 * fit; buf is then an empty text.
 */

size_t team_problem_challenge(char *buf, size_t size, team_reason_e reason,
    const char *realm);


#endif /* TEAM_PROBLEM_H */
