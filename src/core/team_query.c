/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "team_reader.h"
#include "team_text.h"


static void team_query_member(team_reader_t *reader, team_str_t name,
    team_str_t value);
static void team_query_value(team_reader_t *reader, size_t i,
    const char *pointer, team_str_t value);
static int team_query_integer(team_str_t text, int64_t *value);


/* The k-th field of this type takes the k-th argument, which is a good one. */

void
team_query_path(team_reader_t *reader, size_t i,
    const team_route_match_t *match)
{
    char    buf[TEAM_MAX_PATH];
    size_t  j, k, len;

    k = 0;

    for (j = 0; j < i; j++) {
        k += (reader->route->fields[j].type == TEAM_FIELD_PATH);
    }

    if (k >= match->n_args || match->args[k].len > sizeof(buf)
        || team_text_decode(buf, &len, match->args[k], 0) != 0)
    {
        team_reader_error(reader, 400, "", "does not belong to this path");
        return;
    }

    team_reader_set(reader, i, buf, len);
}


void
team_query_header(team_reader_t *reader, size_t i, const char *name,
    team_str_t value)
{
    char  detail[80];

    if (value.data == NULL) {
        return;
    }

    reader->seen |= (uint32_t) 1 << i;

    if (value.len == 0 || value.len > TEAM_MAX_TAG || !team_text_valid(value)
        || team_text_control(value))
    {
        snprintf(detail, sizeof(detail), "must be text of 1 to %d bytes",
                 TEAM_MAX_TAG);
        team_reader_error(reader, 400, name, detail);
        return;
    }

    team_reader_set(reader, i, value.data, value.len);
}


void
team_query_read(team_reader_t *reader, team_str_t query)
{
    const char  *end, *equals;
    team_str_t   name, value;

    while (query.len > 0) {

        name = query;
        end = memchr(query.data, '&', query.len);

        if (end != NULL) {
            name.len = (size_t) (end - query.data);
            query.data = end + 1;
            query.len -= name.len + 1;

        } else {
            query.len = 0;
        }

        if (name.len == 0) {
            continue;
        }

        value.data = name.data + name.len;
        value.len = 0;

        equals = memchr(name.data, '=', name.len);

        if (equals != NULL) {
            value.data = equals + 1;
            value.len = name.len - (size_t) (equals - name.data) - 1;
            name.len = (size_t) (equals - name.data);
        }

        team_query_member(reader, name, value);
    }
}


static void
team_query_member(team_reader_t *reader, team_str_t name,
    team_str_t value)
{
    int         i;
    char        pointer[TEAM_MAX_MEMBER + 2], *text;
    team_str_t  decoded;

    pointer[0] = '?';
    pointer[1] = '\0';

    if (name.len > TEAM_MAX_MEMBER) {
        team_reader_error(reader, 400, pointer, "has a name that is too long");
        return;
    }

    decoded.data = &pointer[1];

    if (team_text_decode(&pointer[1], &decoded.len, name, 1) != 0) {
        pointer[1] = '\0';
        team_reader_error(reader, 400, pointer,
                          "has a name that is not percent-encoded UTF-8");
        return;
    }

    pointer[decoded.len + 1] = '\0';
    i = team_reader_find(reader, 1, decoded);

    if (i < 0) {
        team_reader_error(reader, 400, pointer, "is not known here");
        return;
    }

    if (reader->seen & (uint32_t) 1 << i) {
        team_reader_error(reader, 400, pointer, "is given more than once");
        return;
    }

    reader->seen |= (uint32_t) 1 << i;

    text = malloc(value.len + 1);

    if (text == NULL) {
        reader->failed = 1;
        return;
    }

    decoded.data = text;

    if (team_text_decode(text, &decoded.len, value, 1) != 0) {
        team_reader_error(reader, 400, pointer,
                          "must be percent-encoded UTF-8 without NUL");

    } else {
        team_query_value(reader, (size_t) i, pointer, decoded);
    }

    free(text);
}


static void
team_query_value(team_reader_t *reader, size_t i, const char *pointer,
    team_str_t value)
{
    int                  n;
    char                 text[24];
    int64_t              number;
    const team_field_t  *field;

    field = &reader->route->fields[i];

    if (field->type == TEAM_FIELD_QUERY_TEXT) {

        if ((int64_t) team_text_length(value) < field->min
            || (int64_t) team_text_length(value) > field->max)
        {
            team_reader_range(reader, 400, pointer, "text of", field,
                              " characters");
            return;
        }

        team_reader_set(reader, i, value.data, value.len);
        return;
    }

    if (field->type == TEAM_FIELD_FORMAT) {

        if ((value.len != 3 || memcmp(value.data, "csv", 3) != 0)
            && (value.len != 4 || memcmp(value.data, "json", 4) != 0))
        {
            team_reader_error(reader, 400, pointer, "must be json or csv");
            return;
        }

        team_reader_set(reader, i, value.data, value.len);
        return;
    }

    if (!team_query_integer(value, &number) || number < field->min
        || number > field->max)
    {
        team_reader_range(reader, 400, pointer, "a whole number from", field,
                          "");
        return;
    }

    n = snprintf(text, sizeof(text), "%" PRId64, number);
    team_reader_set(reader, i, text, (size_t) n);
}


/* 1 for at most 18 digits, so that nothing can overflow, after a "-" or not. */

static int
team_query_integer(team_str_t text, int64_t *value)
{
    size_t   i, start;
    int64_t  n;

    start = text.len > 0 && text.data[0] == '-';

    if (text.len == start || text.len - start > 18) {
        return 0;
    }

    n = 0;

    for (i = start; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return 0;
        }

        n = n * 10 + (text.data[i] - '0');
    }

    *value = start ? -n : n;

    return 1;
}
