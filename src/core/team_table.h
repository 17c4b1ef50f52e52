/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * The table of grants: a hash table over one piece of memory that several
 * processes map.  It holds numbers of cells, no pointers; takes its time and
 * its key as arguments; and does no locking: the caller holds a lock around
 * every function here.
 *
 * Memory is cells of 64 bytes.  An entry is a chain of cells; what many
 * members have in common, the lists of roles and permissions, is one entry
 * that all of them refer to, so a typical member costs two cells (128 bytes)
 * and a bucket: with a UUID as subject, an account's UUID or up to 26 bytes
 * of slug fit; a longer pair takes a third.
 *
 * When memory runs out, the entry that was stored longest ago goes, unless it
 * has been used since: then it is spared once (second chance).  A store
 * spares at most 64, so its work is bounded.
 *
 * A process may die while it changes the table.  team_table_enter() finds the
 * mark that it left and empties the table: nothing half-written is ever read.
 * Should the cells be damaged in another way, no function reads or writes
 * outside of the table; the first that notices empties it.
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
 * What is stored.  For a lookup the caller gives lists room for lists_size
 * bytes; lists may be NULL where that is 0.
 */

typedef struct {
    uint64_t        seq;
    uint64_t        loaded;       /* monotonic ms; rounded down to 16 */
    size_t          head_len;     /* at most TEAM_GRANT_HEAD */
    unsigned char   head[TEAM_GRANT_HEAD];
    size_t          lists_len;    /* at most TEAM_MAX_GRANT */
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
 * Returns the table (== memory), or NULL if size is under 4096 or memory is
 * not aligned.
 */

team_table_t *team_table_create(void *memory, size_t size,
    const uint64_t key[2]);


/*
 * Before anything else under the lock, and after.  enter returns 1 if a holder
 * died while it changed the table, which is empty now; else 0.  Whoever dies
 * while it only looks up leaves no trace.
 */

int team_table_enter(team_table_t *table);
void team_table_leave(team_table_t *table);


/*
 * Returns 1 and fills *value; 0 if there is no such entry; -1 if lists_size is
 * too small: value->lists_len is what is needed.  Other members of *value mean
 * something only after 1.
 */

int team_table_lookup(team_table_t *table, const team_table_key_t *key,
    team_table_value_t *value);


/*
 * Stores, in place of an entry of the same key unless that one has a higher
 * seq.  Returns 1; 0 if it was not stored (the table could not hold it even if
 * it were empty, an older seq, or sizes out of range).
 */

int team_table_store(team_table_t *table, const team_table_key_t *key,
    const team_table_value_t *value);


/* Removes an entry.  Returns 1, or 0 if there was none. */

int team_table_remove(team_table_t *table, const team_table_key_t *key);

/* Empties the table; evicted and refused go on counting. */

void team_table_clear(team_table_t *table);

void team_table_stats(const team_table_t *table, team_table_stats_t *stats);


#endif /* TEAM_TABLE_H */
