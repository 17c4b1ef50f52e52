/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * How the table of grants lies in memory, and the work on single cells; for
 * team_table.c and its tests only.
 *
 *   header   TEAM_TABLE_HEADER bytes, struct team_table_s
 *   buckets  uint32_t each, one for two cells: number of the first entry
 *   cells    64 bytes each, numbered from 1; 0 means none, so the first is
 *            left unused
 *
 * An entry's bytes begin in its first cell and go on in further ones: a link
 * and 60 bytes each, but 64 bytes and no link in the last, since the length
 * says which one is the last.
 *
 * Whatever is changed here needs another version of the zone.
 */

#ifndef TEAM_TABLE_CELL_H
#define TEAM_TABLE_CELL_H

#include <stdatomic.h>

#include "team_table.h"


#define TEAM_TABLE_HEADER      128

#define TEAM_CELL_SIZE         64
#define TEAM_CELL_MORE         60      /* bytes of a further cell with a link */
#define TEAM_CELL_GRANT        13      /* of a grant's first cell */
#define TEAM_CELL_LISTS        40      /* of a lists' first cell */

/* kind; a free cell's is 0 */

#define TEAM_CELL_IS_GRANT     1
#define TEAM_CELL_IS_LISTS     2

/* flags: this text is a UUID, kept as 16 bytes */

#define TEAM_CELL_SUBJECT_ID   0x01
#define TEAM_CELL_ACCOUNT_ID   0x02


/* Bytes: subject, account, head. */

typedef struct {
    uint32_t       next;          /* further cell */
    uint32_t       chain;         /* next entry of the bucket */
    uint32_t       hash;          /* foreign entries are skipped by it */
    uint8_t        kind;
    uint8_t        used;          /* since the sweep came by */
    uint8_t        subject_len;   /* as kept here */
    uint8_t        account_len;
    uint32_t       newer;         /* in the order of storing */
    uint32_t       older;
    uint32_t       lists;         /* entry; 0: none */
    uint32_t       loaded;        /* in 16 ms, low part */
    uint64_t       seq;
    uint64_t       issuer;
    uint8_t        loaded_high;
    uint8_t        head_len;
    uint8_t        flags;
    unsigned char  data[TEAM_CELL_GRANT];
} team_cell_grant_t;


typedef struct {
    uint32_t       next;
    uint32_t       chain;
    uint32_t       hash;
    uint8_t        kind;
    uint8_t        spare[3];
    uint32_t       refs;          /* grants that refer to it */
    uint32_t       len;
    unsigned char  data[TEAM_CELL_LISTS];
} team_cell_lists_t;


typedef struct {
    uint32_t       next;
    unsigned char  data[TEAM_CELL_MORE];
} team_cell_more_t;


typedef union {
    team_cell_grant_t  grant;
    team_cell_lists_t  lists;     /* its first members are those of grant */
    team_cell_more_t   more;      /* also a free one */
    unsigned char      last[TEAM_CELL_SIZE];
} team_cell_t;


struct team_table_s {
    uint64_t          key[2];
    uint64_t          at;         /* offset of cell 0 */
    uint64_t          evicted;
    uint64_t          refused;
    uint32_t          cells;      /* the highest number */
    uint32_t          buckets;
    _Atomic uint32_t  changing;
    uint32_t          used;
    uint32_t          fresh;      /* this cell and those behind it were never
                                     used since the table was emptied */
    uint32_t          free;       /* list of those that were */
    uint32_t          newest;
    uint32_t          oldest;
    uint32_t          entries;
    uint32_t          lists;
};


_Static_assert(sizeof(team_cell_t) == TEAM_CELL_SIZE, "a cell is 64 bytes");
_Static_assert(sizeof(team_cell_grant_t) == TEAM_CELL_SIZE, "no padding");
_Static_assert(sizeof(team_cell_lists_t) == TEAM_CELL_SIZE, "no padding");
_Static_assert(sizeof(struct team_table_s) <= TEAM_TABLE_HEADER, "it fits");


/*
 * Functions that return int return 1 yes, 0 no, and -1 for what can't be:
 * cells that are damaged.
 */


/* NULL for a number that no cell has. */

static inline team_cell_t *
team_table_cell(team_table_t *table, uint32_t n)
{
    if (n == 0 || n > table->cells) {
        return NULL;
    }

    return (team_cell_t *) ((unsigned char *) table + table->at) + n;
}


/* Any number of buckets will do, since the hash is multiplied. */

static inline uint32_t *
team_table_bucket(team_table_t *table, uint32_t hash)
{
    uint32_t  *buckets;

    buckets = (uint32_t *) ((unsigned char *) table + TEAM_TABLE_HEADER);

    return &buckets[(uint64_t) hash * table->buckets >> 32];
}


/* With a secret key no bucket has so many entries: a loop. */

#define TEAM_TABLE_CHAIN       1024


/* Cells of an entry of len bytes whose first cell holds first of them. */

size_t team_cell_count(size_t first, size_t len);

/* A free cell's number; 0: there is none, or the list of them is damaged. */

uint32_t team_cell_take(team_table_t *table);

/* Frees all cells of entry n.  1 or -1. */

int team_cell_give(team_table_t *table, uint32_t n, size_t first, size_t len);


/* Entry n into its bucket, and out of it: 1 or -1. */

void team_table_chain(team_table_t *table, uint32_t n);
int team_table_unchain(team_table_t *table, uint32_t n);

/* Grant n as the newest, and out of the order: 1 or -1. */

int team_table_enqueue(team_table_t *table, uint32_t n);
int team_table_dequeue(team_table_t *table, uint32_t n);


/* A place in an entry's bytes. */

typedef struct {
    team_table_t   *table;
    uint32_t       *link;         /* where the next cell's number stands */
    unsigned char  *p;
    size_t          left;         /* bytes at p */
    size_t          rest;         /* bytes in further cells */
} team_cursor_t;


/* At the first of len bytes. */

void team_cursor_grant(team_cursor_t *cursor, team_table_t *table,
    team_cell_t *cell, size_t len);
void team_cursor_lists(team_cursor_t *cursor, team_table_t *table,
    team_cell_t *cell, size_t len);


/*
 * Each goes on by len bytes.  read and write return 1 or -1 (write: also when
 * no cell is free); equal returns 0 at a difference and is of no use then.
 */

int team_cursor_read(team_cursor_t *cursor, void *data, size_t len);
int team_cursor_equal(team_cursor_t *cursor, const void *data, size_t len);
int team_cursor_write(team_cursor_t *cursor, const void *data, size_t len);


/* A key as it is kept; the hash is of bytes. */

#define TEAM_TABLE_TEXT        255     /* bytes of a subject or an account */
#define TEAM_TABLE_PREFIX      11      /* issuer, flags and two lengths */

typedef struct {
    uint64_t       issuer;
    uint32_t       hash;
    uint8_t        flags;
    uint8_t        subject_len;
    uint8_t        account_len;
    unsigned char  bytes[TEAM_TABLE_PREFIX + 2 * TEAM_TABLE_TEXT];
} team_table_packed_t;


/* 1, or 0 for a key that can't be in a table. */

int team_table_pack(team_table_t *table, team_table_packed_t *packed,
    const team_table_key_t *key);

/*
 * The number of a key's grant, with the cursor behind the key, at the head:
 * 1, 0 or -1.
 */

int team_table_find(team_table_t *table, const team_table_packed_t *packed,
    uint32_t *n, team_cursor_t *cursor);

/* Sets the mark: call it before the first change. */

void team_table_change(team_table_t *table);


#endif /* TEAM_TABLE_CELL_H */
