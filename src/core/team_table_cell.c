/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <string.h>

#include "team_table_cell.h"


static void team_cursor_first(team_cursor_t *cursor, team_table_t *table,
    team_cell_t *cell, unsigned char *data, size_t size, size_t len);
static int team_cursor_next(team_cursor_t *cursor);


size_t
team_cell_count(size_t first, size_t len)
{
    size_t  n;

    if (len <= first) {
        return 1;
    }

    len -= first;

    for (n = 2; len > TEAM_CELL_SIZE; n++) {
        len -= TEAM_CELL_MORE;
    }

    return n;
}


uint32_t
team_cell_take(team_table_t *table)
{
    uint32_t      n;
    team_cell_t  *cell;

    n = table->free;

    if (n != 0) {
        cell = team_table_cell(table, n);
        if (cell == NULL) {
            return 0;
        }

        table->free = cell->more.next;

    } else {
        if (table->fresh > table->cells) {
            return 0;
        }

        n = table->fresh++;
    }

    table->used++;

    return n;
}


int
team_cell_give(team_table_t *table, uint32_t n, size_t first, size_t len)
{
    uint32_t      next;
    team_cell_t  *cell;

    len = len > first ? len - first : 0;

    cell = team_table_cell(table, n);
    if (cell == NULL) {
        return -1;
    }

    next = cell->more.next;
    cell->grant.kind = 0;

    for ( ;; ) {

        if (table->used == 0) {
            return -1;
        }

        cell->more.next = table->free;
        table->free = n;
        table->used--;

        if (len == 0) {
            return 1;
        }

        n = next;

        cell = team_table_cell(table, n);
        if (cell == NULL) {
            return -1;
        }

        if (len > TEAM_CELL_SIZE) {
            next = cell->more.next;
            len -= TEAM_CELL_MORE;

        } else {
            next = 0;
            len = 0;
        }
    }
}


void
team_table_chain(team_table_t *table, uint32_t n)
{
    uint32_t     *bucket;
    team_cell_t  *cell;

    cell = team_table_cell(table, n);
    bucket = team_table_bucket(table, cell->grant.hash);

    cell->grant.chain = *bucket;
    *bucket = n;
}


int
team_table_unchain(team_table_t *table, uint32_t n)
{
    uint32_t     *link;
    unsigned      i;
    team_cell_t  *cell, *other;

    cell = team_table_cell(table, n);
    link = team_table_bucket(table, cell->grant.hash);

    for (i = 0; i < TEAM_TABLE_CHAIN; i++) {

        if (*link == n) {
            *link = cell->grant.chain;
            return 1;
        }

        other = team_table_cell(table, *link);
        if (other == NULL) {
            return -1;
        }

        link = &other->grant.chain;
    }

    return -1;
}


int
team_table_enqueue(team_table_t *table, uint32_t n)
{
    team_cell_t  *cell, *newest;

    cell = team_table_cell(table, n);

    cell->grant.newer = 0;
    cell->grant.older = table->newest;

    if (table->newest == 0) {
        table->oldest = n;

    } else {
        newest = team_table_cell(table, table->newest);
        if (newest == NULL) {
            return -1;
        }

        newest->grant.newer = n;
    }

    table->newest = n;

    return 1;
}


int
team_table_dequeue(team_table_t *table, uint32_t n)
{
    uint32_t     *newer, *older;
    team_cell_t  *cell, *other;

    cell = team_table_cell(table, n);

    newer = &table->oldest;
    older = &table->newest;

    if (cell->grant.newer != 0) {
        other = team_table_cell(table, cell->grant.newer);
        if (other == NULL) {
            return -1;
        }

        older = &other->grant.older;
    }

    if (cell->grant.older != 0) {
        other = team_table_cell(table, cell->grant.older);
        if (other == NULL) {
            return -1;
        }

        newer = &other->grant.newer;
    }

    /* both neighbours must agree that this is their neighbour */

    if (*newer != n || *older != n) {
        return -1;
    }

    *newer = cell->grant.newer;
    *older = cell->grant.older;

    return 1;
}


void
team_cursor_grant(team_cursor_t *cursor, team_table_t *table,
    team_cell_t *cell, size_t len)
{
    team_cursor_first(cursor, table, cell, cell->grant.data, TEAM_CELL_GRANT,
                      len);
}


void
team_cursor_lists(team_cursor_t *cursor, team_table_t *table,
    team_cell_t *cell, size_t len)
{
    team_cursor_first(cursor, table, cell, cell->lists.data, TEAM_CELL_LISTS,
                      len);
}


static void
team_cursor_first(team_cursor_t *cursor, team_table_t *table,
    team_cell_t *cell, unsigned char *data, size_t size, size_t len)
{
    cursor->table = table;
    cursor->link = &cell->more.next;
    cursor->p = data;
    cursor->left = len < size ? len : size;
    cursor->rest = len - cursor->left;
}


/* Goes on to the next cell.  1 or -1. */

static int
team_cursor_next(team_cursor_t *cursor)
{
    team_cell_t  *cell;

    cell = team_table_cell(cursor->table, *cursor->link);

    if (cell == NULL || cursor->rest == 0) {
        return -1;
    }

    if (cursor->rest > TEAM_CELL_SIZE) {
        cursor->link = &cell->more.next;
        cursor->p = cell->more.data;
        cursor->left = TEAM_CELL_MORE;

    } else {
        cursor->p = cell->last;
        cursor->left = cursor->rest;
    }

    cursor->rest -= cursor->left;

    return 1;
}


int
team_cursor_read(team_cursor_t *cursor, void *data, size_t len)
{
    size_t          n;
    unsigned char  *p;

    for (p = data; len > 0; len -= n) {

        if (cursor->left == 0 && team_cursor_next(cursor) != 1) {
            return -1;
        }

        n = len < cursor->left ? len : cursor->left;

        memcpy(p, cursor->p, n);

        p += n;
        cursor->p += n;
        cursor->left -= n;
    }

    return 1;
}


int
team_cursor_equal(team_cursor_t *cursor, const void *data, size_t len)
{
    size_t                n;
    const unsigned char  *p;

    for (p = data; len > 0; len -= n) {

        if (cursor->left == 0 && team_cursor_next(cursor) != 1) {
            return -1;
        }

        n = len < cursor->left ? len : cursor->left;

        if (memcmp(p, cursor->p, n) != 0) {
            return 0;
        }

        p += n;
        cursor->p += n;
        cursor->left -= n;
    }

    return 1;
}


int
team_cursor_write(team_cursor_t *cursor, const void *data, size_t len)
{
    size_t                n;
    const unsigned char  *p;

    for (p = data; len > 0; len -= n) {

        if (cursor->left == 0) {
            *cursor->link = team_cell_take(cursor->table);

            if (team_cursor_next(cursor) != 1) {
                return -1;
            }
        }

        n = len < cursor->left ? len : cursor->left;

        memcpy(cursor->p, p, n);

        p += n;
        cursor->p += n;
        cursor->left -= n;
    }

    return 1;
}
