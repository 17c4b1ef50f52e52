/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* What changes the table of grants: storing, evicting, removing. */

#include <string.h>

#include "team_table_cell.h"


#define TEAM_TABLE_CHANCES  64      /* entries spared by one store */


static int team_table_put(team_table_t *table,
    const team_table_packed_t *packed, const team_table_value_t *value);
static int team_table_put_lists(team_table_t *table, uint32_t hash,
    const team_table_value_t *value, uint32_t *n);
static int team_table_put_grant(team_table_t *table,
    const team_table_packed_t *packed, const team_table_value_t *value,
    uint32_t lists);
static int team_table_find_lists(team_table_t *table, uint32_t hash,
    const team_table_value_t *value, uint32_t *n);
static int team_table_room(team_table_t *table, size_t need);
static int team_table_drop(team_table_t *table, uint32_t n);
static int team_table_unref(team_table_t *table, uint32_t n);


int
team_table_store(team_table_t *table, const team_table_key_t *key,
    const team_table_value_t *value)
{
    int                  rc;
    uint32_t             n;
    team_cursor_t        cursor;
    team_table_packed_t  packed;

    if (value->head_len > TEAM_GRANT_HEAD
        || value->lists_len > TEAM_MAX_GRANT
        || !team_table_pack(table, &packed, key))
    {
        return 0;
    }

    rc = team_table_find(table, &packed, &n, &cursor);

    if (rc == 1) {
        if (team_table_cell(table, n)->grant.seq > value->seq) {
            return 0;
        }

        team_table_change(table);

        rc = team_table_drop(table, n);
    }

    if (rc != -1) {
        team_table_change(table);

        rc = team_table_put(table, &packed, value);
    }

    if (rc == -1) {
        team_table_clear(table);
        return 0;
    }

    if (rc == 0) {
        table->refused++;
    }

    return rc;
}


static int
team_table_put(team_table_t *table, const team_table_packed_t *packed,
    const team_table_value_t *value)
{
    int       rc;
    size_t    grant, lists;
    uint32_t  n, hash;

    grant = team_cell_count(TEAM_CELL_GRANT,
                            (size_t) packed->subject_len + packed->account_len
                            + value->head_len);
    lists = value->lists_len > 0
            ? team_cell_count(TEAM_CELL_LISTS, value->lists_len) : 0;

    /* before anybody is evicted for what will not fit anyway */

    if (grant + lists > table->cells) {
        return 0;
    }

    n = 0;
    hash = 0;

    if (lists > 0) {
        hash = (uint32_t) team_siphash(table->key, value->lists,
                                       value->lists_len);

        rc = team_table_find_lists(table, hash, value, &n);
        if (rc == -1) {
            return -1;
        }

        if (rc == 1) {

            /* first of all, so that they stay when their last member goes */

            team_table_cell(table, n)->lists.refs++;
            lists = 0;
        }
    }

    if (team_table_room(table, grant + lists) != 1) {
        return -1;
    }

    if (lists > 0 && team_table_put_lists(table, hash, value, &n) != 1) {
        return -1;
    }

    return team_table_put_grant(table, packed, value, n);
}


static int
team_table_find_lists(team_table_t *table, uint32_t hash,
    const team_table_value_t *value, uint32_t *n)
{
    int             rc;
    unsigned        i;
    team_cell_t    *cell;
    team_cursor_t   cursor;

    *n = *team_table_bucket(table, hash);

    for (i = 0; *n != 0; i++) {

        cell = team_table_cell(table, *n);

        if (cell == NULL || i == TEAM_TABLE_CHAIN) {
            return -1;
        }

        if (cell->lists.hash == hash
            && cell->lists.kind == TEAM_CELL_IS_LISTS
            && cell->lists.len == value->lists_len)
        {
            team_cursor_lists(&cursor, table, cell, value->lists_len);

            rc = team_cursor_equal(&cursor, value->lists, value->lists_len);
            if (rc != 0) {
                return rc;
            }
        }

        *n = cell->lists.chain;
    }

    return 0;
}


static int
team_table_put_lists(team_table_t *table, uint32_t hash,
    const team_table_value_t *value, uint32_t *n)
{
    team_cell_t    *cell;
    team_cursor_t   cursor;

    *n = team_cell_take(table);

    cell = team_table_cell(table, *n);
    if (cell == NULL) {
        return -1;
    }

    memset(cell, 0, sizeof(team_cell_t));

    cell->lists.hash = hash;
    cell->lists.kind = TEAM_CELL_IS_LISTS;
    cell->lists.refs = 1;
    cell->lists.len = (uint32_t) value->lists_len;

    team_cursor_lists(&cursor, table, cell, value->lists_len);

    if (team_cursor_write(&cursor, value->lists, value->lists_len) != 1) {
        return -1;
    }

    team_table_chain(table, *n);
    table->lists++;

    return 1;
}


static int
team_table_put_grant(team_table_t *table, const team_table_packed_t *packed,
    const team_table_value_t *value, uint32_t lists)
{
    size_t              len;
    uint32_t            n;
    team_cell_t        *cell;
    team_cursor_t       cursor;
    team_cell_grant_t  *grant;

    n = team_cell_take(table);

    cell = team_table_cell(table, n);
    if (cell == NULL) {
        return -1;
    }

    memset(cell, 0, sizeof(team_cell_t));

    grant = &cell->grant;

    grant->hash = packed->hash;
    grant->kind = TEAM_CELL_IS_GRANT;
    grant->subject_len = packed->subject_len;
    grant->account_len = packed->account_len;
    grant->flags = packed->flags;
    grant->issuer = packed->issuer;
    grant->lists = lists;
    grant->seq = value->seq;
    grant->loaded = (uint32_t) (value->loaded >> 4);
    grant->loaded_high = (uint8_t) (value->loaded >> 36);
    grant->head_len = (uint8_t) value->head_len;

    len = (size_t) packed->subject_len + packed->account_len;

    team_cursor_grant(&cursor, table, cell, len + value->head_len);

    if (team_cursor_write(&cursor, packed->bytes + TEAM_TABLE_PREFIX, len) != 1
        || team_cursor_write(&cursor, value->head, value->head_len) != 1)
    {
        return -1;
    }

    team_table_chain(table, n);
    table->entries++;

    return team_table_enqueue(table, n);
}


/*
 * Makes room for need cells.  Each eviction frees one at least, so at most
 * need grants go and TEAM_TABLE_CHANCES are spared.
 */

static int
team_table_room(team_table_t *table, size_t need)
{
    uint32_t      n;
    unsigned      chances;
    team_cell_t  *cell;

    chances = TEAM_TABLE_CHANCES;

    while (table->cells - table->used < need) {

        n = table->oldest;

        cell = team_table_cell(table, n);
        if (cell == NULL) {
            return -1;
        }

        if (cell->grant.used && chances > 0) {
            chances--;
            cell->grant.used = 0;

            if (team_table_dequeue(table, n) != 1
                || team_table_enqueue(table, n) != 1)
            {
                return -1;
            }

            continue;
        }

        if (team_table_drop(table, n) != 1) {
            return -1;
        }

        table->evicted++;
    }

    return 1;
}


int
team_table_remove(team_table_t *table, const team_table_key_t *key)
{
    int                  rc;
    uint32_t             n;
    team_cursor_t        cursor;
    team_table_packed_t  packed;

    if (!team_table_pack(table, &packed, key)) {
        return 0;
    }

    rc = team_table_find(table, &packed, &n, &cursor);

    if (rc == 1) {
        team_table_change(table);

        rc = team_table_drop(table, n);
    }

    if (rc == -1) {
        team_table_clear(table);
        return 0;
    }

    return rc;
}


/* Takes a grant out of everything.  1 or -1. */

static int
team_table_drop(team_table_t *table, uint32_t n)
{
    team_cell_grant_t  *grant;

    grant = &team_table_cell(table, n)->grant;

    if (grant->kind != TEAM_CELL_IS_GRANT
        || table->entries == 0
        || team_table_unchain(table, n) != 1
        || team_table_dequeue(table, n) != 1
        || (grant->lists != 0 && team_table_unref(table, grant->lists) != 1))
    {
        return -1;
    }

    table->entries--;

    return team_cell_give(table, n, TEAM_CELL_GRANT,
                          (size_t) grant->subject_len + grant->account_len
                          + grant->head_len);
}


/* One grant less refers to these lists; the last one takes them along. */

static int
team_table_unref(team_table_t *table, uint32_t n)
{
    team_cell_t  *cell;

    cell = team_table_cell(table, n);

    if (cell == NULL
        || cell->lists.kind != TEAM_CELL_IS_LISTS
        || cell->lists.refs == 0)
    {
        return -1;
    }

    if (--cell->lists.refs > 0) {
        return 1;
    }

    if (table->lists == 0 || team_table_unchain(table, n) != 1) {
        return -1;
    }

    table->lists--;

    return team_cell_give(table, n, TEAM_CELL_LISTS, cell->lists.len);
}
