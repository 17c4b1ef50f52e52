/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * What reading a request's parts has in common: the values found so far, and
 * the errors.  For team_body and team_query only.
 */

#ifndef TEAM_READER_H
#define TEAM_READER_H

#include "team_body.h"


#define TEAM_MAX_MEMBER  192    /* bytes of a member's name that is looked at */

/* What a pointer can grow to: each byte of a name may become two. */

#define TEAM_MAX_POINTER  (TEAM_MAX_MEMBER * 2 + 16)


typedef struct {
    char   detail[TEAM_MAX_POINTER + 160];
    char  *values[TEAM_MAX_FIELDS];
} team_owned_t;


typedef struct {
    team_params_t       *params;
    team_owned_t        *owned;
    const team_route_t  *route;
    uint32_t             seen;      /* bits of fields that were sent */
    int                  status;    /* of the errors so far: 0, 400, 422 */
    unsigned             failed:1;  /* no memory */
} team_reader_t;


/*
 * The field of a member of the query (query set) or of the body with this
 * name; -1: there is none.
 */

int team_reader_find(const team_reader_t *reader, int query, team_str_t name);


/* Keeps a copy as the value of field i. */

void team_reader_set(team_reader_t *reader, size_t i, const char *data,
    size_t len);


/*
 * Adds an error; pointer "" is the whole body, detail goes on where the
 * pointer left off ("must be ...").  The first one's status counts, but a 400
 * goes before a 422.
 */

void team_reader_error(team_reader_t *reader, int status, const char *pointer,
    const char *detail);


/* The same: "must be <what> <min> to <max><unit>", as the field says. */

void team_reader_range(team_reader_t *reader, int status, const char *pointer,
    const char *what, const team_field_t *field, const char *unit);


/*
 * The JSON Pointer of a member of the top object (RFC 6901 section 3).
 * Returns 0, or -1 if the name is longer than any that could be known, or
 * size is under TEAM_MAX_POINTER.
 */

int team_reader_pointer(char *out, size_t size, const char *name);


/* The parts that are not the body, in team_query.c. */

void team_query_path(team_reader_t *reader, size_t i,
    const team_route_match_t *match);
void team_query_header(team_reader_t *reader, size_t i, const char *name,
    team_str_t value);
void team_query_read(team_reader_t *reader, team_str_t query);


#endif /* TEAM_READER_H */
