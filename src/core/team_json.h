/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * The only door through which untrusted JSON enters: jansson, with the
 * checks before it that jansson does not make.
 */

#ifndef TEAM_JSON_H
#define TEAM_JSON_H

#include <jansson.h>

#include "team_base.h"


typedef enum {
    TEAM_JSON_OK = 0,
    TEAM_JSON_DEPTH,          /* nested deeper than TEAM_MAX_JSON_DEPTH */
    TEAM_JSON_SYNTAX,         /* RFC 8259 says no; also invalid UTF-8, NUL,
                                 trailing bytes, a number out of range */
    TEAM_JSON_DUPLICATE,      /* an object names a member twice */
    TEAM_JSON_MEMORY
} team_json_e;


typedef struct {
    size_t  offset;           /* bytes into the text; 0 when unknown */
    char    text[120];        /* NUL-terminated, says what was expected */
} team_json_error_t;


/*
 * Parses len bytes (need not end in NUL) as one JSON value; any value at the
 * top is taken.  The nesting is counted before jansson sees a byte, so its
 * recursion is bounded by ours.
 *
 * On TEAM_JSON_OK *root holds a reference that the caller gives back with
 * json_decref(); else *root is NULL and *error (may be NULL) says why, without
 * quoting the text.  Uses jansson's allocation functions as they are set, and
 * must not run in two threads at once.
 */

team_json_e team_json_load(json_t **root, const char *data, size_t len,
    team_json_error_t *error);


#endif /* TEAM_JSON_H */
