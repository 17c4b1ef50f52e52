/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "team_body.h"
#include "team_json.h"
#include "team_reader.h"
#include "team_text.h"


static void team_body_read(team_reader_t *reader, team_str_t body);
static void team_body_member(team_reader_t *reader, const char *name,
    json_t *value);
static void team_body_value(team_reader_t *reader, size_t i,
    const char *pointer, json_t *value);
static void team_body_text(team_reader_t *reader, size_t i,
    const char *pointer, json_t *value);
static void team_body_texts(team_reader_t *reader, size_t i,
    const char *pointer, json_t *value);
static void team_body_json(team_reader_t *reader, size_t i,
    const char *pointer, json_t *value);
static void team_body_csv(team_reader_t *reader, team_str_t body);
static void team_body_required(team_reader_t *reader);


int
team_params_read(team_params_t *params, const team_route_match_t *match,
    const team_input_t *input)
{
    size_t         i;
    team_reader_t  reader;

    memset(params, 0, sizeof(team_params_t));
    memset(&reader, 0, sizeof(reader));

    reader.params = params;
    reader.route = match->route;
    reader.owned = calloc(1, sizeof(team_owned_t));

    if (reader.owned == NULL || match->route->n_fields > TEAM_MAX_FIELDS) {
        free(reader.owned);
        return 500;
    }

    params->owned = reader.owned;
    params->n = match->route->n_fields;

    for (i = 0; i < params->n; i++) {

        switch (match->route->fields[i].type) {

        case TEAM_FIELD_PATH:
            team_query_path(&reader, i, match);
            break;

        case TEAM_FIELD_IF_MATCH:
            team_query_header(&reader, i, "If-Match", input->if_match);
            break;

        case TEAM_FIELD_FORMAT:
            if (input->wants_csv) {
                team_reader_set(&reader, i, "csv", 3);
            }

            break;

        case TEAM_FIELD_IDEMPOTENCY:
            team_query_header(&reader, i, "Idempotency-Key",
                               input->idempotency_key);
            break;

        default:
            break;
        }
    }

    team_query_read(&reader, input->query);

    if (input->csv) {
        team_body_csv(&reader, input->body);

    } else {
        team_body_read(&reader, input->body);
    }

    /* nothing is said to be missing in a body that could not be read */

    if (reader.status == 0) {
        team_body_required(&reader);
    }

    return reader.failed ? 500 : reader.status;
}


void
team_params_free(team_params_t *params)
{
    size_t         i;
    team_owned_t  *owned;

    owned = params->owned;

    if (owned != NULL) {
        for (i = 0; i < TEAM_MAX_FIELDS; i++) {
            free(owned->values[i]);
        }

        free(owned);
    }

    json_decref(params->errors);
    memset(params, 0, sizeof(team_params_t));
}


static void
team_body_read(team_reader_t *reader, team_str_t body)
{
    size_t        i;
    json_t       *root, *value;
    const char   *name;
    team_json_e   rc;

    if (body.len == 0) {
        return;
    }

    rc = team_json_load(&root, body.data, body.len, NULL);

    switch (rc) {

    case TEAM_JSON_OK:
        break;

    case TEAM_JSON_MEMORY:
        reader->failed = 1;
        return;

    case TEAM_JSON_DEPTH:
        team_reader_error(reader, 422, "", "is nested too deeply");
        return;

    case TEAM_JSON_DUPLICATE:
        team_reader_error(reader, 422, "", "names a member twice");
        return;

    default:
        team_reader_error(reader, 422, "", "is not valid JSON");
        return;
    }

    if (!json_is_object(root)) {
        team_reader_error(reader, 422, "", "must be a JSON object");
        json_decref(root);
        return;
    }

    for (i = 0; i < reader->route->n_fields; i++) {
        if (reader->route->fields[i].type == TEAM_FIELD_BODY) {
            reader->seen |= (uint32_t) 1 << i;
            team_body_json(reader, i, "", root);
            break;
        }
    }

    if (i == reader->route->n_fields) {
        json_object_foreach(root, name, value) {
            team_body_member(reader, name, value);
        }
    }

    json_decref(root);
}


static void
team_body_member(team_reader_t *reader, const char *name, json_t *value)
{
    int         i;
    char        pointer[TEAM_MAX_POINTER];
    team_str_t  text;

    if (team_reader_pointer(pointer, sizeof(pointer), name) != 0) {
        team_reader_error(reader, 422, "",
                          "has a member whose name is too long");
        return;
    }

    text.data = name;
    text.len = strlen(name);

    i = team_reader_find(reader, 0, text);

    if (i < 0) {
        team_reader_error(reader, 422, pointer, "is not known here");
        return;
    }

    reader->seen |= (uint32_t) 1 << i;
    team_body_value(reader, (size_t) i, pointer, value);
}


static void
team_body_value(team_reader_t *reader, size_t i, const char *pointer,
    json_t *value)
{
    int                  n;
    char                 text[24];
    const team_field_t  *field;

    field = &reader->route->fields[i];

    switch (field->type) {

    case TEAM_FIELD_TEXT:
        team_body_text(reader, i, pointer, value);
        return;

    case TEAM_FIELD_TEXTS:
        team_body_texts(reader, i, pointer, value);
        return;

    case TEAM_FIELD_JSON:
        if (!json_is_object(value) && !json_is_array(value)) {
            team_reader_error(reader, 422, pointer,
                              "must be an object or an array");
            return;
        }

        team_body_json(reader, i, pointer, value);
        return;

    case TEAM_FIELD_BOOL:
        if (!json_is_boolean(value)) {
            team_reader_error(reader, 422, pointer, "must be true or false");

        } else if (json_is_true(value)) {
            team_reader_set(reader, i, "true", 4);

        } else {
            team_reader_set(reader, i, "false", 5);
        }

        return;

    default:
        break;
    }

    if (!json_is_integer(value) || json_integer_value(value) < field->min
        || json_integer_value(value) > field->max)
    {
        team_reader_range(reader, 422, pointer, "a whole number from", field,
                          "");
        return;
    }

    n = snprintf(text, sizeof(text), "%" PRId64,
                 (int64_t) json_integer_value(value));
    team_reader_set(reader, i, text, (size_t) n);
}


static void
team_body_text(team_reader_t *reader, size_t i, const char *pointer,
    json_t *value)
{
    team_str_t           text;
    const team_field_t  *field;

    field = &reader->route->fields[i];

    /* of what is no string jansson says NULL and 0 */

    text.data = json_string_value(value);
    text.len = json_string_length(value);

    if (text.data == NULL || !team_text_valid(text)
        || (int64_t) team_text_length(text) < field->min
        || (int64_t) team_text_length(text) > field->max)
    {
        team_reader_range(reader, 422, pointer, "text of", field,
                          " characters");
        return;
    }

    team_reader_set(reader, i, text.data, text.len);
}


static void
team_body_texts(team_reader_t *reader, size_t i, const char *pointer,
    json_t *value)
{
    int                  good;
    char                 where[TEAM_MAX_POINTER + 24], detail[80];
    size_t               j;
    team_str_t           text;
    const team_field_t  *field;

    field = &reader->route->fields[i];

    if (!json_is_array(value) || (int64_t) json_array_size(value) < field->min
        || (int64_t) json_array_size(value) > field->max)
    {
        team_reader_range(reader, 422, pointer, "an array of", field,
                          " strings");
        return;
    }

    good = 1;

    for (j = 0; j < json_array_size(value); j++) {
        text.data = json_string_value(json_array_get(value, j));
        text.len = json_string_length(json_array_get(value, j));

        if (text.len > 0 && team_text_valid(text)
            && team_text_length(text) <= TEAM_MAX_ITEM)
        {
            continue;
        }

        snprintf(where, sizeof(where), "%s/%zu", pointer, j);
        snprintf(detail, sizeof(detail), "must be text of 1 to %d characters",
                 TEAM_MAX_ITEM);
        team_reader_error(reader, 422, where, detail);
        good = 0;
    }

    if (good) {
        team_body_json(reader, i, pointer, value);
    }
}


/* As compact text; a whole body within the field's bounds. */

static void
team_body_json(team_reader_t *reader, size_t i, const char *pointer,
    json_t *value)
{
    char                *text;
    size_t               size;
    const team_field_t  *field;

    field = &reader->route->fields[i];
    size = json_dumpb(value, NULL, 0, JSON_COMPACT);

    if (size == 0) {
        reader->failed = 1;
        return;
    }

    if ((field->type == TEAM_FIELD_BODY || field->type == TEAM_FIELD_JSON)
        && (int64_t) size > field->max)
    {
        team_reader_range(reader, 422, pointer, "JSON of", field, " bytes");
        return;
    }

    text = malloc(size);

    if (text == NULL || json_dumpb(value, text, size, JSON_COMPACT) != size) {
        reader->failed = 1;

    } else {
        team_reader_set(reader, i, text, size);
    }

    free(text);
}


/* Other members of the body can't be there then; they are not missed. */

static void
team_body_csv(team_reader_t *reader, team_str_t body)
{
    size_t               i;
    const team_field_t  *field;

    for (i = 0; i < reader->route->n_fields; i++) {
        field = &reader->route->fields[i];

        if (field->type != TEAM_FIELD_CSV) {
            continue;
        }

        reader->seen |= (uint32_t) 1 << i;

        if ((int64_t) body.len > field->max) {
            team_reader_range(reader, 422, "", "a table of", field, " bytes");
            return;
        }

        if (!team_text_valid(body)) {
            team_reader_error(reader, 422, "", "must be UTF-8 without NUL");
            return;
        }

        team_reader_set(reader, i, body.data, body.len);
        return;
    }

    team_reader_error(reader, 422, "", "must be JSON");
}


static void
team_body_required(team_reader_t *reader)
{
    char                 pointer[TEAM_MAX_POINTER];
    size_t               i;
    const team_field_t  *field;

    for (i = 0; i < reader->route->n_fields; i++) {
        field = &reader->route->fields[i];

        if (!field->required || reader->seen & (uint32_t) 1 << i) {
            continue;
        }

        switch (field->type) {

        case TEAM_FIELD_PATH:
            break;

        case TEAM_FIELD_IF_MATCH:
            team_reader_error(reader, 400, "If-Match", "is required");
            break;

        case TEAM_FIELD_IDEMPOTENCY:
            team_reader_error(reader, 400, "Idempotency-Key", "is required");
            break;

        case TEAM_FIELD_QUERY_TEXT:
        case TEAM_FIELD_QUERY_INT:
            snprintf(pointer, sizeof(pointer), "?%s", field->name);
            team_reader_error(reader, 400, pointer, "is required");
            break;

        case TEAM_FIELD_BODY:
            team_reader_error(reader, 422, "", "must be a JSON object");
            break;

        default:
            if (team_reader_pointer(pointer, sizeof(pointer), field->name)
                == 0)
            {
                team_reader_error(reader, 422, pointer, "is required");
            }
        }
    }
}
