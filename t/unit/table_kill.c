/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * Processes share a table of grants and are killed with SIGKILL at any moment.
 * Whoever comes next sees a whole table or an empty one, and under each key
 * only what was stored under it: every value is told by its key and its seq.
 */

#define _DEFAULT_SOURCE

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "table_check.h"
#include "table_help.h"


#define KILLS     300
#define CHILDREN  2
#define KEYS      1000
#define SIZE      (128 * 1024)
#define DEADLINE  60        /* seconds; the test takes one or two */


typedef struct {
    pthread_mutex_t  lock;
    _Atomic int      wrong;             /* a value that nobody stored */
    _Atomic int      torn;              /* deaths found by a child's enter */
    _Atomic int      held;              /* deaths that left the lock behind */
    _Atomic unsigned calls[CHILDREN];
    _Atomic int      inside[CHILDREN];
} shared_t;


static shared_t      *shared;
static team_table_t  *table;


/* Returns what enter did. */

static int
lock(void)
{
    if (pthread_mutex_lock(&shared->lock) == EOWNERDEAD) {
        (void) pthread_mutex_consistent(&shared->lock);
        atomic_fetch_add(&shared->held, 1);
    }

    return team_table_enter(table);
}


static void
unlock(void)
{
    team_table_leave(table);
    (void) pthread_mutex_unlock(&shared->lock);
}


/* The one value of a key at a seq; lists shared by keys that are congruent. */

static void
value_of(team_table_value_t *value, unsigned n, uint64_t seq,
    unsigned char *lists)
{
    size_t    i;
    unsigned  group;

    group = n % 20;

    value->seq = seq;
    value->loaded = (seq * 7 + n) << 4;
    value->head_len = 3 + (n + seq) % 33;
    memset(value->head, (int) (n * 31 + seq), sizeof(value->head));
    value->lists = lists;
    value->lists_len = group == 0 ? 16000 : group * 40 + seq % 3;
    memset(lists, (int) (group * 3 + seq % 3), value->lists_len);

    for (i = 0; i < value->lists_len; i += 60) {
        lists[i] = (unsigned char) (i / 60 + group);
    }
}


static team_table_key_t
key_of(unsigned n, char *text)
{
    snprintf(text, 64, n & 1 ? "%08x-d9cb-469f-a165-7086772895aa"
                             : "a subject that takes more than a cell %u", n);

    return person(n, text, n % 3 ? "acme" : "");
}


/* 1 if what is found is what belongs there, or nothing is. */

static int
right(unsigned n)
{
    int                 rc;
    char                text[64];
    team_table_value_t  expected;

    rc = get(table, key_of(n, text));

    if (rc != 1) {
        return rc == 0;
    }

    value_of(&expected, n, got.seq, blob);

    return got.loaded == expected.loaded
           && got.head_len == expected.head_len
           && memcmp(got.head, expected.head, got.head_len) == 0
           && got.lists_len == expected.lists_len
           && memcmp(room, blob, got.lists_len) == 0;
}


static void
work(void)
{
    char                text[64];
    unsigned            n;
    team_table_key_t    key;
    team_table_value_t  value;

    n = (unsigned) (number() % KEYS);
    key = key_of(n, text);

    switch (number() % 8) {
    case 0:
        (void) team_table_remove(table, &key);
        break;

    case 1:
    case 2:
    case 3:
        if (!right(n)) {
            atomic_fetch_add(&shared->wrong, 1);
        }
        break;

    default:
        value_of(&value, n, number() % 1000, blob);
        (void) team_table_store(table, &key, &value);
    }
}


static pid_t
start(int child)
{
    pid_t     pid;
    uint64_t  i, seed;

    seed = number();
    atomic_store(&shared->calls[child], 0);
    atomic_store(&shared->inside[child], 0);
    pid = fork();

    if (pid != 0) {
        return pid;
    }

    state = seed * 2 + 1;
    (void) alarm(DEADLINE);

    for ( ;; ) {
        if (lock()) {
            atomic_fetch_add(&shared->torn, 1);
        }

        atomic_store(&shared->inside[child], 1);

        for (i = number() % 8; i > 0; i--) {
            work();
        }

        atomic_store(&shared->inside[child], 0);
        unlock();
        atomic_fetch_add(&shared->calls[child], 1);
    }
}


/* After a death: NULL, or what is wrong.  Counts deaths within a change. */

static const char *
survive(int *torn)
{
    unsigned     n;
    const char  *error;

    error = NULL;

    if (lock()) {
        (*torn)++;
        team_table_stats(table, &stats);

        if (stats.entries != 0 || stats.used != 0 || stats.lists != 0) {
            error = "a torn table was not emptied";
        }
    }

    if (error == NULL) {
        error = table_check(table);
    }

    for (n = 0; n < KEYS && error == NULL; n++) {
        if (!right(n)) {
            error = "a value that was never stored";
        }
    }

    for (n = 0; n < 20; n++) {
        work();
    }

    unlock();

    return error;
}


static void
prepare(void)
{
    char                *memory;
    pthread_mutexattr_t  attr;

    memory = mmap(NULL, 4096 + SIZE, PROT_READ|PROT_WRITE,
                  MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }

    shared = (shared_t *) (void *) memory;
    table = team_table_create(memory + 4096, SIZE, secret);

    (void) pthread_mutexattr_init(&attr);
    (void) pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    (void) pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    (void) pthread_mutex_init(&shared->lock, &attr);
}


/*
 * Until a child has done some calls, and for every second time is at work, and
 * a few instructions more.
 */

static void
wait_for(int child, int inside)
{
    volatile unsigned  spin;
    unsigned           calls;

    calls = (unsigned) (number() % 50);

    while (atomic_load(&shared->calls[child]) <= calls) {
        (void) sched_yield();
    }

    spin = (unsigned) (number() % 20000);

    if (inside) {
        while (!atomic_load(&shared->inside[child])) {
            (void) sched_yield();
        }

        spin %= 1000;
    }

    while (spin > 0) {
        spin--;
    }
}


int
main(void)
{
    int          i, child, torn;
    pid_t        pids[CHILDREN];
    uint64_t     seed;
    const char  *error;

    seed = (uint64_t) time(NULL) << 16 ^ (uint64_t) getpid();
    printf("# seed %u\n", (unsigned) seed);
    state = seed | 1;

    plan(7);
    prepare();
    (void) alarm(DEADLINE);

    for (i = 0; i < CHILDREN; i++) {
        pids[i] = start(i);
    }

    torn = 0;
    error = NULL;

    for (i = 0; i < KILLS && error == NULL; i++) {
        child = i % CHILDREN;
        wait_for(child, i / 2 % 2);

        (void) kill(pids[child], SIGKILL);
        (void) waitpid(pids[child], NULL, 0);

        error = survive(&torn);
        pids[child] = start(child);
    }

    for (child = 0; child < CHILDREN; child++) {
        (void) kill(pids[child], SIGKILL);
        (void) waitpid(pids[child], NULL, 0);
    }

    torn += shared->torn;

    is_int(i, KILLS, "processes were killed");
    is_str(error, NULL, "each survivor found a whole table or an empty one");
    is_int(shared->wrong, 0, "nobody read what was never stored");
    ok(shared->held > 0, "%d died with the lock", (int) shared->held);
    ok(torn > 0, "%d of them while they changed the table", torn);
    ok(torn <= shared->held, "who died outside of it left a whole table");

    team_table_stats(table, &stats);
    is_int((int64_t) stats.refused, 0, "nothing was refused");

    return done();
}
