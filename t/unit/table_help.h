/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* What the tests of the table share. */

#ifndef TEAM_TABLE_HELP_H
#define TEAM_TABLE_HELP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/core/team_table.h"
#include "team_unit.h"


#define ID(n)  "0f8fad5b-d9cb-469f-a165-7086772895" n


static const uint64_t      secret[2] = { 0x0706050403020100ULL,
                                         0x0f0e0d0c0b0a0908ULL };
static uint64_t            state = 1;
static unsigned char       room[TEAM_MAX_GRANT];
static unsigned char       blob[TEAM_MAX_GRANT];
static team_table_value_t  got;
static team_table_stats_t  stats;


/* As large as it says, so that the sanitizer sees its end. */

static inline team_table_t *
make(size_t size)
{
    void  *memory;

    memory = aligned_alloc(64, size);

    if (memory == NULL) {
        abort();
    }

    memset(memory, 0xa5, size);

    return team_table_create(memory, size, secret);
}


static inline team_table_key_t
person(uint64_t issuer, const char *subject, const char *account)
{
    team_table_key_t  key;

    key.issuer = issuer;
    key.subject = str(subject);
    key.account = str(account);

    return key;
}


static inline int
put(team_table_t *table, team_table_key_t key, uint64_t seq, const char *head,
    size_t head_len, const unsigned char *lists, size_t lists_len)
{
    team_table_value_t  value;

    memset(&value, 0, sizeof(value));
    value.seq = seq;
    value.loaded = 0x123456789ab;
    value.head_len = head_len;
    memcpy(value.head, head,
           head_len < TEAM_GRANT_HEAD ? head_len : TEAM_GRANT_HEAD);
    value.lists_len = lists_len;
    value.lists = (unsigned char *) lists;

    return team_table_store(table, &key, &value);
}


static inline int
get(team_table_t *table, team_table_key_t key)
{
    memset(&got, 0xff, sizeof(got));
    got.lists = room;
    got.lists_size = sizeof(room);

    return team_table_lookup(table, &key, &got);
}


/* Many alike: two cells each. */

static inline int
store_n(team_table_t *table, unsigned n)
{
    char  name[32];

    snprintf(name, sizeof(name), "subject-%05u", n);

    return put(table, person(1, name, "account"), 1,
               "0123456789abcdefghijklmnopqrstuvwxy", 35, NULL, 0);
}


static inline int
use_n(team_table_t *table, unsigned n)
{
    char  name[32];

    snprintf(name, sizeof(name), "subject-%05u", n);

    return get(table, person(1, name, "account"));
}


/* xorshift64*: the same at each run */

static inline uint64_t
number(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;

    return state * 0x2545f4914f6cdd1dULL >> 33;
}


#endif /* TEAM_TABLE_HELP_H */
