/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * What must hold in a table of grants between two calls, told from its memory
 * alone: every cell is free or part of exactly one entry, every entry is in
 * its bucket, every grant in the order, every count right.
 */

#ifndef TEAM_TABLE_CHECK_H
#define TEAM_TABLE_CHECK_H

#include <stdlib.h>
#include <string.h>

#include "../../src/core/team_table_cell.h"


typedef struct {
    team_table_t   *table;
    unsigned char  *owned;      /* by cell: 1 an entry's, 2 free */
    uint32_t       *refs;       /* by cell: found, of lists */
    uint32_t        n_owned;
    uint32_t        n_free;
    uint32_t        n_grants;
    uint32_t        n_lists;
    unsigned char   bytes[TEAM_TABLE_PREFIX + TEAM_MAX_GRANT + 1024];
} table_check_t;


static const char *
table_check_cells(table_check_t *c, uint32_t n, unsigned char *first,
    size_t room, size_t len, unsigned char *out)
{
    size_t          size;
    uint32_t        next;
    team_cell_t    *cell;
    unsigned char  *p;

    cell = team_table_cell(c->table, n);
    next = cell->more.next;
    size = len < room ? len : room;
    p = first;

    for ( ;; ) {
        if (n >= c->table->fresh) {
            return "an entry has a cell that was never taken";
        }

        if (c->owned[n]++) {
            return "a cell is in two places";
        }

        c->n_owned++;
        memcpy(out, p, size);
        out += size;
        len -= size;

        if (len == 0) {
            return NULL;
        }

        n = next;
        cell = team_table_cell(c->table, n);

        if (cell == NULL) {
            return "an entry ends too early";
        }

        next = cell->more.next;
        size = len > 64 ? 60 : len;
        p = len > 64 ? cell->more.data : cell->last;
    }
}


static const char *
table_check_entry(table_check_t *c, uint32_t n)
{
    size_t              len, key;
    const char         *error;
    team_cell_t        *cell;
    team_cell_grant_t  *grant;

    cell = team_table_cell(c->table, n);

    if (cell->grant.kind == TEAM_CELL_IS_LISTS) {
        c->n_lists++;
        len = cell->lists.len;

        if (len == 0 || len > TEAM_MAX_GRANT || cell->lists.refs == 0) {
            return "lists of no size, or of nobody";
        }

        error = table_check_cells(c, n, cell->lists.data, TEAM_CELL_LISTS, len,
                                  c->bytes);

    } else if (cell->grant.kind == TEAM_CELL_IS_GRANT) {
        c->n_grants++;
        grant = &cell->grant;
        key = (size_t) grant->subject_len + grant->account_len;

        memcpy(c->bytes, &grant->issuer, 8);
        c->bytes[8] = grant->flags;
        c->bytes[9] = grant->subject_len;
        c->bytes[10] = grant->account_len;

        error = table_check_cells(c, n, grant->data, TEAM_CELL_GRANT,
                                  key + grant->head_len, c->bytes + 11);
        len = 11 + key;

        if (grant->lists > c->table->cells || grant->used > 1) {
            return "a grant's lists or mark are out of range";
        }

        c->refs[grant->lists]++;

    } else {
        return "an entry of no kind";
    }

    if (error == NULL
        && (uint32_t) team_siphash(c->table->key, c->bytes, len)
           != cell->grant.hash)
    {
        error = "a hash is not that of its entry";
    }

    return error;
}


static const char *
table_check_order(table_check_t *c)
{
    uint32_t      n, newer, count;
    team_cell_t  *cell;

    newer = 0;
    count = 0;

    for (n = c->table->newest; n != 0; n = cell->grant.older) {
        cell = team_table_cell(c->table, n);

        if (cell == NULL || count++ > c->table->cells
            || cell->grant.kind != TEAM_CELL_IS_GRANT
            || cell->grant.newer != newer)
        {
            return "the order is broken";
        }

        newer = n;
    }

    if (c->table->oldest != newer || count != c->n_grants) {
        return "the order lacks entries";
    }

    for (n = c->table->free; n != 0; n = cell->more.next) {
        cell = team_table_cell(c->table, n);

        if (cell == NULL || n >= c->table->fresh || c->owned[n]) {
            return "a cell that is not free is among the free ones";
        }

        c->owned[n] = 2;
        c->n_free++;
    }

    return NULL;
}


static const char *
table_check_all(table_check_t *c)
{
    size_t         i;
    uint32_t       n, lists, *buckets;
    const char    *error;
    team_cell_t   *cell;
    team_table_t  *table;

    lists = 0;
    table = c->table;
    buckets = (uint32_t *) (void *) ((char *) table + TEAM_TABLE_HEADER);

    for (i = 0; i < table->buckets; i++) {
        for (n = buckets[i]; n != 0; n = cell->grant.chain) {

            cell = team_table_cell(table, n);

            if (cell == NULL || c->n_owned > table->cells) {
                return "a bucket is broken";
            }

            if (team_table_bucket(table, cell->grant.hash) != &buckets[i]) {
                return "an entry is in a foreign bucket";
            }

            error = table_check_entry(c, n);
            if (error) {
                return error;
            }
        }
    }

    error = table_check_order(c);
    if (error) {
        return error;
    }

    for (n = 1; n <= table->cells; n++) {
        cell = team_table_cell(table, n);

        if (n < table->fresh && !c->owned[n]) {
            return "a cell is lost";
        }

        if (c->refs[n] > 0
            && (c->owned[n] != 1 || cell->lists.kind != TEAM_CELL_IS_LISTS
                || cell->lists.refs != c->refs[n]))
        {
            return "a count of references is wrong";
        }

        lists += c->refs[n] > 0;
    }

    if (c->n_owned != table->used || c->n_grants != table->entries
        || c->n_lists != table->lists || c->n_lists != lists
        || c->n_owned + c->n_free + 1 != table->fresh)
    {
        return "a count is wrong";
    }

    return NULL;
}


/* NULL, or what is wrong. */

static const char *
table_check(team_table_t *table)
{
    const char     *error;
    table_check_t  *c;

    c = calloc(1, sizeof(table_check_t));
    if (c == NULL) {
        return "no memory";
    }

    c->table = table;
    c->owned = calloc(table->cells + 1, 1);
    c->refs = calloc(table->cells + 1, sizeof(uint32_t));

    error = c->owned && c->refs ? table_check_all(c) : "no memory";

    free(c->owned);
    free(c->refs);
    free(c);

    return error;
}


#endif /* TEAM_TABLE_CHECK_H */
