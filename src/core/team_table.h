/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * The table of grants: a hash table over one piece of memory that several
 * processes map.  It holds offsets, no pointers; takes its time and its key
 * as arguments; and does no locking: the caller holds a lock around every
 * function here, except team_table_size().
 *
 * Memory is cells of 64 bytes.  An entry is a chain of cells; what many
 * members have in common, the lists of roles and permissions, is one entry
 * that all of them refer to, so a typical member costs two cells (128 bytes),
 * three with a long account name.
 *
 * When memory runs out, the entry that has not been used for longest goes
 * (second chance: a use marks, the sweep takes the unmarked).
 *
 * A process may die while it changes the table.  team_table_enter() finds the
 * mark that it left and empties the table: nothing half-written is ever read.
 */

#ifndef TEAM_TABLE_H
#define TEAM_TABLE_H

#include "team_base.h"
#include "team_grant.h"


typedef struct team_table_s  team_table_t;


/* Whose grant: compared whole. */

typedef struct {
    uint64_t     issuer;      /* the issuer's id, a hash of its name */
    team_str_t   subject;     /* 1 to 255 bytes */
    team_str_t   account;     /* as asked for: 0 to 255 bytes */
} team_table_key_t;


/*
 * What is stored.  For a lookup the caller gives lists.data room for
 * lists_size bytes.
 */

typedef struct {
    uint64_t        seq;
    uint64_t        loaded;       /* monotonic ms; kept to 16 ms, rounded down */
    size_t          head_len;
    unsigned char   head[TEAM_GRANT_HEAD];
    size_t          lists_len;
    size_t          lists_size;
    unsigned char  *lists;
} team_table_value_t;


typedef struct {
    size_t     cells;         /* in all */
    size_t     used;
    size_t     entries;       /* grants */
    size_t     lists;         /* shared lists */
    uint64_t   evicted;       /* grants, since the table was made */
    uint64_t   refused;       /* stores that found no room */
} team_table_stats_t;


/*
 * Makes a table in size bytes at memory (aligned to 64).  key is copied.
 * Returns the table (== memory), or NULL if size is under 4096.
 */

team_table_t *team_table_create(void *memory, size_t size,
    const uint64_t key[2]);


/*
 * Before anything else under the lock, and after.  enter returns 1 if the last
 * holder died in between, in which case the table is empty now; else 0.
 */

int team_table_enter(team_table_t *table);
void team_table_leave(team_table_t *table);


/*
 * Returns 1 and fills *value; 0 if there is no such entry; -1 if lists_size is
 * too small: value->lists_len is what is needed.
 */

int team_table_lookup(team_table_t *table, const team_table_key_t *key,
    team_table_value_t *value);


/*
 * Stores, in place of an entry of the same key unless that one has a higher
 * seq.  Returns 1; 0 if it was not stored (no room even after evicting, an
 * older seq, or sizes out of range).
 */

int team_table_store(team_table_t *table, const team_table_key_t *key,
    const team_table_value_t *value);


/* Removes an entry.  Returns 1, or 0 if there was none. */

int team_table_remove(team_table_t *table, const team_table_key_t *key);

void team_table_clear(team_table_t *table);

void team_table_stats(const team_table_t *table, team_table_stats_t *stats);


#endif /* TEAM_TABLE_H */
