/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <string.h>

#include "team_table_cell.h"


#define TEAM_TABLE_MIN      4096
#define TEAM_TABLE_ID       16
#define TEAM_TABLE_ID_TEXT  36


static size_t team_table_pack_text(unsigned char *out, team_str_t text);
static int team_table_pack_id(unsigned char *out, team_str_t text);
static int team_table_read(team_table_t *table, uint32_t n,
    team_cursor_t *cursor, team_table_value_t *value);
static int team_table_read_lists(team_table_t *table, uint32_t n,
    team_table_value_t *value);


team_table_t *
team_table_create(void *memory, size_t size, const uint64_t key[2])
{
    size_t         cells, left;
    team_table_t  *table;

    if (size < TEAM_TABLE_MIN || (uintptr_t) memory % TEAM_CELL_SIZE != 0) {
        return NULL;
    }

    /* less cell 0 and what aligning the cells may take */

    left = size - TEAM_TABLE_HEADER - 2 * TEAM_CELL_SIZE;
    cells = left / (TEAM_CELL_SIZE + sizeof(uint32_t) / 2);

    if (cells > UINT32_MAX - 1) {
        cells = UINT32_MAX - 1;
    }

    table = memory;
    memset(table, 0, TEAM_TABLE_HEADER);

    table->key[0] = key[0];
    table->key[1] = key[1];
    table->cells = (uint32_t) cells;
    table->buckets = (uint32_t) (cells / 2);

    table->at = TEAM_TABLE_HEADER + table->buckets * sizeof(uint32_t);
    table->at = (table->at + TEAM_CELL_SIZE - 1) & ~(uint64_t)
                (TEAM_CELL_SIZE - 1);

    team_table_clear(table);
    team_table_leave(table);

    return table;
}


/*
 * The mark is ordered against everything else by the fences.  For a process
 * that is killed the order of its instructions would do; the fences also say
 * so to the compiler, and to processors that show stores out of order.
 */

int
team_table_enter(team_table_t *table)
{
    if (atomic_load_explicit(&table->changing, memory_order_acquire) == 0) {
        return 0;
    }

    /* whoever dies in here leaves the mark to the next */

    team_table_clear(table);
    team_table_leave(table);

    return 1;
}


void
team_table_leave(team_table_t *table)
{
    if (atomic_load_explicit(&table->changing, memory_order_relaxed) != 0) {
        atomic_store_explicit(&table->changing, 0, memory_order_release);
    }
}


void
team_table_change(team_table_t *table)
{
    atomic_store_explicit(&table->changing, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
}


/* No list of free cells is made: they are taken in order. */

void
team_table_clear(team_table_t *table)
{
    team_table_change(table);

    table->used = 0;
    table->fresh = 1;
    table->free = 0;
    table->newest = 0;
    table->oldest = 0;
    table->entries = 0;
    table->lists = 0;

    memset((unsigned char *) table + TEAM_TABLE_HEADER, 0,
           table->buckets * sizeof(uint32_t));
}


void
team_table_stats(const team_table_t *table, team_table_stats_t *stats)
{
    stats->cells = table->cells;
    stats->used = table->used;
    stats->entries = table->entries;
    stats->lists = table->lists;
    stats->evicted = table->evicted;
    stats->refused = table->refused;
}


int
team_table_pack(team_table_t *table, team_table_packed_t *packed,
    const team_table_key_t *key)
{
    size_t          len;
    unsigned char  *p;

    if (key->subject.len == 0
        || key->subject.len > TEAM_TABLE_TEXT
        || key->account.len > TEAM_TABLE_TEXT)
    {
        return 0;
    }

    packed->issuer = key->issuer;
    packed->flags = 0;

    p = packed->bytes + TEAM_TABLE_PREFIX;

    len = team_table_pack_text(p, key->subject);
    if (len < key->subject.len) {
        packed->flags |= TEAM_CELL_SUBJECT_ID;
    }

    packed->subject_len = (uint8_t) len;
    p += len;

    len = team_table_pack_text(p, key->account);
    if (len < key->account.len) {
        packed->flags |= TEAM_CELL_ACCOUNT_ID;
    }

    packed->account_len = (uint8_t) len;
    p += len;

    memcpy(packed->bytes, &packed->issuer, sizeof(uint64_t));
    packed->bytes[8] = packed->flags;
    packed->bytes[9] = packed->subject_len;
    packed->bytes[10] = packed->account_len;

    packed->hash = (uint32_t) team_siphash(table->key, packed->bytes,
                                           (size_t) (p - packed->bytes));

    return 1;
}


static size_t
team_table_pack_text(unsigned char *out, team_str_t text)
{
    if (text.len == TEAM_TABLE_ID_TEXT && team_table_pack_id(out, text)) {
        return TEAM_TABLE_ID;
    }

    if (text.len > 0) {
        memcpy(out, text.data, text.len);
    }

    return text.len;
}


/*
 * Only lower case, so that one number stands for one text.  Without branches
 * on the digits: nothing can predict them.
 */

static int
team_table_pack_id(unsigned char *out, team_str_t text)
{
    size_t                i, j;
    unsigned              digit, letter, bad, byte;
    const unsigned char  *p;

    static const uint8_t  places[TEAM_TABLE_ID] =
        { 0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34 };

    p = (const unsigned char *) text.data;

    if (p[8] != '-' || p[13] != '-' || p[18] != '-' || p[23] != '-') {
        return 0;
    }

    bad = 0;

    for (i = 0; i < TEAM_TABLE_ID; i++) {
        byte = 0;

        for (j = 0; j < 2; j++) {
            digit = p[places[i] + j] - (unsigned) '0';
            letter = p[places[i] + j] - (unsigned) 'a';

            bad |= (digit > 9) & (letter > 5);
            byte = byte << 4 | ((digit < 10 ? digit : letter + 10) & 0xf);
        }

        out[i] = (unsigned char) byte;
    }

    return !bad;
}


int
team_table_lookup(team_table_t *table, const team_table_key_t *key,
    team_table_value_t *value)
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
        rc = team_table_read(table, n, &cursor, value);
    }

    if (rc == -1) {
        team_table_clear(table);
        return 0;
    }

    if (rc == 1 && value->lists_len > value->lists_size) {
        return -1;
    }

    return rc;
}


int
team_table_find(team_table_t *table, const team_table_packed_t *packed,
    uint32_t *n, team_cursor_t *cursor)
{
    int                 rc;
    size_t              len;
    unsigned            i;
    team_cell_t        *cell;
    team_cell_grant_t  *grant;

    *n = *team_table_bucket(table, packed->hash);

    for (i = 0; *n != 0; i++) {

        cell = team_table_cell(table, *n);

        if (cell == NULL || i == TEAM_TABLE_CHAIN) {
            return -1;
        }

        grant = &cell->grant;

        if (grant->hash == packed->hash
            && grant->kind == TEAM_CELL_IS_GRANT
            && grant->issuer == packed->issuer
            && grant->flags == packed->flags
            && grant->subject_len == packed->subject_len
            && grant->account_len == packed->account_len)
        {
            len = (size_t) grant->subject_len + grant->account_len;

            team_cursor_grant(cursor, table, cell, len + grant->head_len);

            rc = team_cursor_equal(cursor, packed->bytes + TEAM_TABLE_PREFIX,
                                   len);
            if (rc != 0) {
                return rc;
            }
        }

        *n = grant->chain;
    }

    return 0;
}


/* Returns 1 or -1; lists that are larger than their room are left alone. */

static int
team_table_read(team_table_t *table, uint32_t n, team_cursor_t *cursor,
    team_table_value_t *value)
{
    team_cell_grant_t  *grant;

    grant = &team_table_cell(table, n)->grant;

    if (grant->head_len > TEAM_GRANT_HEAD) {
        return -1;
    }

    value->seq = grant->seq;
    value->loaded = ((uint64_t) grant->loaded_high << 32 | grant->loaded) << 4;
    value->head_len = grant->head_len;

    if (team_cursor_read(cursor, value->head, grant->head_len) != 1) {
        return -1;
    }

    /* not written when it is there already: other processors keep the line */

    if (!grant->used) {
        grant->used = 1;
    }

    return team_table_read_lists(table, grant->lists, value);
}


static int
team_table_read_lists(team_table_t *table, uint32_t n,
    team_table_value_t *value)
{
    team_cell_t    *cell;
    team_cursor_t   cursor;

    value->lists_len = 0;

    if (n == 0) {
        return 1;
    }

    cell = team_table_cell(table, n);

    if (cell == NULL
        || cell->lists.kind != TEAM_CELL_IS_LISTS
        || cell->lists.len > TEAM_MAX_GRANT)
    {
        return -1;
    }

    value->lists_len = cell->lists.len;

    if (value->lists_len > value->lists_size) {
        return 1;
    }

    team_cursor_lists(&cursor, table, cell, value->lists_len);

    return team_cursor_read(&cursor, value->lists, value->lists_len);
}
