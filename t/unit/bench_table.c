/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * Measures the table of grants: bench_table [entries].  Typical entries: a
 * UUID as subject, a slug of 8 bytes, a head of 35, and lists of 300 bytes
 * that 50,000 members share.  Run by hand; not a test.
 */

#define _DEFAULT_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "../../src/core/team_table.h"


#define SHARED   50000
#define LOOKUPS  2000000


static double now(void);
static uint32_t number(void);
static void name(size_t i);


static char                subject[40], account[16];
static uint32_t            state = 1;
static unsigned char       room[TEAM_MAX_GRANT];
static team_table_key_t    key;
static team_table_value_t  value;


int
main(int argc, char **argv)
{
    void                *memory;
    double               start, spent, empty;
    size_t               i, n, size;
    team_table_t        *table;
    team_table_stats_t   stats;

    static const uint64_t  secret[2] = { 1, 2 };

    n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    size = n * 136 + 65536;

    memory = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS,
                  -1, 0);
    if (n == 0 || memory == MAP_FAILED) {
        fprintf(stderr, "usage: bench_table [entries]\n");
        return 1;
    }

    table = team_table_create(memory, size, secret);
    value.lists = room;
    value.head_len = 35;
    start = now();

    for (i = 0; ; i++) {
        name(i);
        value.lists_len = 300;
        memset(room, (int) (i / SHARED), 300);
        (void) team_table_store(table, &key, &value);

        team_table_stats(table, &stats);

        if (stats.evicted > 0) {
            break;
        }
    }

    printf("%zu entries in %zu bytes: %.1f bytes each, all included; "
           "stored in %.0f ns each\n", i, size, (double) size / (double) i,
           (now() - start) * 1e9 / (double) i);

    for (n = i; n > 0; n = n > 1000 ? 1000 : 0) {
        team_table_clear(table);

        for (i = 0; i < n; i++) {
            name(i);
            value.lists_len = 300;
            memset(room, (int) (i / SHARED), 300);
            (void) team_table_store(table, &key, &value);
        }

        team_table_leave(table);
        value.lists_size = sizeof(room);
        start = now();

        for (i = 0; i < LOOKUPS; i++) {
            name(number() % n);
        }

        empty = now() - start;
        start = now();

        for (i = 0; i < LOOKUPS; i++) {
            name(number() % n);

            if (team_table_enter(table)
                || team_table_lookup(table, &key, &value) != 1)
            {
                fprintf(stderr, "bench_table: an entry is missing\n");
                return 1;
            }

            team_table_leave(table);
        }

        spent = now() - start - empty;
        printf("%zu entries: %.0f ns for a lookup, random access\n", n,
               spent * 1e9 / LOOKUPS);

        start = now();
        team_table_clear(table);
        printf("%zu entries: %.0f us to empty the table\n", n,
               (now() - start) * 1e6);
    }

    return 0;
}


/* Makes the key of person i; text without printf, which would be the bill. */

static void
name(size_t i)
{
    size_t             j;
    static const char  hex[] = "0123456789abcdef";

    if (subject[0] == 0) {
        memcpy(subject, "00000000-d9cb-469f-a165-708677289500", 37);
        memcpy(account, "acct-000", 9);
        key.issuer = 42;
        key.subject.len = 36;
        key.subject.data = subject;
        key.account.len = 8;
        key.account.data = account;
    }

    for (j = 0; j < 8; j++) {
        subject[7 - j] = hex[i >> 4 * j & 15];
    }

    for (j = 0; j < 3; j++) {
        account[7 - j] = hex[i / SHARED >> 4 * j & 15];
    }
}


static uint32_t
number(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;

    return state;
}


static double
now(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);

    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}
