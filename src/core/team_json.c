/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <stdio.h>
#include <string.h>

#include "team_json.h"


static int team_json_depth(const char *data, size_t len, size_t *offset);
static team_json_e team_json_code(const json_error_t *error);
static const char *team_json_text(team_json_e code, const json_error_t *error);
static void team_json_set_error(team_json_error_t *error, size_t offset,
    const char *text);
static void *team_json_malloc(size_t size);


/*
 * jansson's lexer (2.14, and before) does not look whether its buffer grew: a
 * failed allocation drops one byte of the string, and if that byte is the
 * closing quote it writes past the end.  So while it parses, the first failed
 * allocation makes all later ones fail, which it does look at.  The hook it
 * offers takes no argument, so these two are the only variables in the core;
 * they mean something only inside team_json_load(), which therefore must not
 * run in two threads at once.
 */

static json_malloc_t  team_json_next_malloc;
static int            team_json_exhausted;


team_json_e
team_json_load(json_t **root, const char *data, size_t len,
    team_json_error_t *error)
{
    size_t         offset;
    json_free_t    next_free;
    team_json_e    code;
    json_error_t   reason;

    *root = NULL;

    if (!team_json_depth(data, len, &offset)) {
        team_json_set_error(error, offset, "nested too deeply");
        return TEAM_JSON_DEPTH;
    }

    json_get_alloc_funcs(&team_json_next_malloc, &next_free);
    team_json_exhausted = 0;
    json_set_alloc_funcs(team_json_malloc, next_free);

    *root = json_loadb(data, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
                       &reason);

    json_set_alloc_funcs(team_json_next_malloc, next_free);

    if (team_json_exhausted) {
        json_decref(*root);
        *root = NULL;

        team_json_set_error(error, 0, "out of memory");
        return TEAM_JSON_MEMORY;
    }

    if (*root == NULL) {
        code = team_json_code(&reason);
        offset = reason.position > 0 ? (size_t) reason.position : 0;

        team_json_set_error(error, offset, team_json_text(code, &reason));
        return code;
    }

    team_json_set_error(error, 0, "");

    return TEAM_JSON_OK;
}


/*
 * Returns 1 if no bracket outside of a string is nested too deeply, else 0
 * with its place.  Text that is not JSON may fool the count; it can't fool
 * jansson into going deeper, which stops at the first byte that is wrong.
 */

static int
team_json_depth(const char *data, size_t len, size_t *offset)
{
    int     quoted;
    size_t  i, depth;

    quoted = 0;
    depth = 0;

    for (i = 0; i < len; i++) {

        if (quoted) {
            if (data[i] == '\\') {
                i++;

            } else if (data[i] == '"') {
                quoted = 0;
            }

            continue;
        }

        switch (data[i]) {

        case '"':
            quoted = 1;
            break;

        case '{':
        case '[':
            if (++depth > TEAM_MAX_JSON_DEPTH) {
                *offset = i;
                return 0;
            }

            break;

        case '}':
        case ']':
            if (depth > 0) {
                depth--;
            }

            break;

        default:
            break;
        }
    }

    return 1;
}


static team_json_e
team_json_code(const json_error_t *error)
{
    switch (json_error_code(error)) {

    case json_error_out_of_memory:
        return TEAM_JSON_MEMORY;

    case json_error_stack_overflow:
        return TEAM_JSON_DEPTH;

    case json_error_duplicate_key:
        return TEAM_JSON_DUPLICATE;

    default:
        return TEAM_JSON_SYNTAX;
    }
}


/* Not jansson's own words: those quote the text, which may be a secret. */

static const char *
team_json_text(team_json_e code, const json_error_t *error)
{
    switch (code) {

    case TEAM_JSON_MEMORY:
        return "out of memory";

    case TEAM_JSON_DEPTH:
        return "nested too deeply";

    case TEAM_JSON_DUPLICATE:
        return "an object names a member twice";

    default:
        break;
    }

    switch (json_error_code(error)) {

    case json_error_premature_end_of_input:
        return "the text ends too early";

    case json_error_end_of_input_expected:
        return "bytes after the end of the value";

    case json_error_invalid_utf8:
        return "invalid UTF-8";

    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "NUL in a string";

    case json_error_numeric_overflow:
        return "a number out of range";

    default:
        return "invalid JSON";
    }
}


static void
team_json_set_error(team_json_error_t *error, size_t offset, const char *text)
{
    if (error == NULL) {
        return;
    }

    error->offset = offset;
    (void) snprintf(error->text, sizeof(error->text), "%s", text);
}


static void *
team_json_malloc(size_t size)
{
    void  *p;

    p = team_json_exhausted ? NULL : team_json_next_malloc(size);

    if (p == NULL) {
        team_json_exhausted = 1;
    }

    return p;
}
