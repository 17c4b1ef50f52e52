/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* From a request's parts to the parameters of its SQL function. */

#ifndef TEAM_BODY_H
#define TEAM_BODY_H

#include <jansson.h>

#include "team_base.h"
#include "team_route.h"


#define TEAM_MAX_ERRORS  10    /* told at once; one is enough to refuse */


typedef struct {
    team_str_t  query;            /* after "?", as sent; len 0: none */
    team_str_t  body;             /* raw bytes; len 0: none */
    int         csv;              /* the body is text/csv, else JSON */
    int         wants_csv;        /* Accept names text/csv */
    team_str_t  if_match;         /* data NULL: absent */
    team_str_t  idempotency_key;  /* data NULL: absent */
} team_input_t;


typedef struct {
    size_t        n;                        /* == route->n_fields */
    const char   *values[TEAM_MAX_FIELDS];  /* NUL-terminated UTF-8, or NULL;
                                               not to be used after a refusal */
    json_t       *errors;                   /* array of {"pointer", "detail"}
                                               for a 422 or 400; else NULL */
    const char   *detail;                   /* first error as a sentence, owned
                                               here; NULL if there is none */
    void         *owned;                    /* freed by team_params_free() */
} team_params_t;


/*
 * Reads every field of the route.  Unknown or duplicate body members, wrong
 * types, bytes that are not UTF-8, NUL, nesting, lengths and ranges are told
 * in params->errors with a JSON Pointer (RFC 6901) each; a query member that
 * is unknown, repeated or out of range likewise, with pointer "?name", and a
 * header with its name.  At most TEAM_MAX_ERRORS are told.
 *
 * No body at all is as an object without members, and a route without body
 * fields takes no other one.
 *
 * Returns 0, or the HTTP status to answer with: 400 (query, path), 422 (body),
 * 413 never (the caller's limit), 500 (no memory).  The caller calls
 * team_params_free() in every case.
 */

int team_params_read(team_params_t *params, const team_route_match_t *match,
    const team_input_t *input);

void team_params_free(team_params_t *params);


#endif /* TEAM_BODY_H */
