/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "team_reader.h"


int
team_reader_find(const team_reader_t *reader, int query, team_str_t name)
{
    int                  is_query;
    size_t               i;
    team_str_t           known;
    const team_field_t  *field;

    for (i = 0; i < reader->route->n_fields; i++) {
        field = &reader->route->fields[i];

        if (field->name == NULL) {
            continue;
        }

        is_query = (field->type == TEAM_FIELD_QUERY_TEXT
                    || field->type == TEAM_FIELD_QUERY_INT
                    || field->type == TEAM_FIELD_FORMAT);

        known.data = field->name;
        known.len = strlen(field->name);

        if (is_query == query && team_str_eq(known, name)) {
            return (int) i;
        }
    }

    return -1;
}


void
team_reader_set(team_reader_t *reader, size_t i, const char *data, size_t len)
{
    char  *copy;

    copy = malloc(len + 1);

    if (copy == NULL) {
        reader->failed = 1;
        return;
    }

    if (len > 0) {
        memcpy(copy, data, len);
    }

    copy[len] = '\0';

    free(reader->owned->values[i]);

    reader->owned->values[i] = copy;
    reader->params->values[i] = copy;
}


void
team_reader_error(team_reader_t *reader, int status, const char *pointer,
    const char *detail)
{
    json_t         *error;
    team_params_t  *params;

    params = reader->params;

    if (reader->status != 400) {
        reader->status = status;
    }

    if (params->detail == NULL) {
        snprintf(reader->owned->detail, sizeof(reader->owned->detail),
                 "%s %s.", pointer[0] == '\0' ? "The body" : pointer, detail);
        params->detail = reader->owned->detail;
    }

    if (params->errors == NULL) {
        params->errors = json_array();
    }

    if (json_array_size(params->errors) >= TEAM_MAX_ERRORS) {
        return;
    }

    error = json_pack("{s:s, s:s}", "pointer", pointer, "detail", detail);

    /* a NULL on either side is no memory, and refused by jansson */

    if (json_array_append_new(params->errors, error) != 0) {
        reader->failed = 1;
    }
}


void
team_reader_range(team_reader_t *reader, int status, const char *pointer,
    const char *what, const team_field_t *field, const char *unit)
{
    char  detail[120];

    snprintf(detail, sizeof(detail),
             "must be %s %" PRId64 " to %" PRId64 "%s", what, field->min,
             field->max, unit);
    team_reader_error(reader, status, pointer, detail);
}


int
team_reader_pointer(char *out, size_t size, const char *name)
{
    size_t  n;

    if (strlen(name) > TEAM_MAX_MEMBER || size < TEAM_MAX_POINTER) {
        return -1;
    }

    n = 0;
    out[n++] = '/';

    for (/* void */; *name != '\0'; name++) {

        if (*name == '~' || *name == '/') {
            out[n++] = '~';
            out[n++] = (*name == '~') ? '0' : '1';
            continue;
        }

        out[n++] = *name;
    }

    out[n] = '\0';

    return 0;
}
