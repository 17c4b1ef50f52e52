/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* The table of grants: what each call does. */

#include "table_check.h"
#include "table_help.h"


static void
test_basic(void)
{
    team_table_t      *table;
    team_table_key_t   key;
    void              *memory;

    memory = aligned_alloc(64, 8192);

    ok(team_table_create(memory, 4095, secret) == NULL, "4095 bytes: none");
    ok(team_table_create((char *) memory + 8, 4096, secret) == NULL,
       "not aligned: none");
    free(memory);

    table = make(4096);
    key = person(7, "alice", "acme");

    is_int(team_table_enter(table), 0, "a new table is whole");
    is_int(get(table, key), 0, "and empty");
    is_int(put(table, key, 5, "head", 4, (unsigned char *) "lists", 5), 1,
           "stored");
    is_int(get(table, key), 1, "found");
    is_int((int64_t) got.seq, 5, "seq");
    is_int((int64_t) got.loaded, 0x123456789a0, "loaded, to 16 ms");
    ok(got.head_len == 4 && memcmp(got.head, "head", 4) == 0, "head");
    ok(got.lists_len == 5 && memcmp(room, "lists", 5) == 0, "lists");

    is_int(get(table, person(8, "alice", "acme")), 0, "another issuer");
    is_int(get(table, person(7, "alic", "eacme")), 0, "another cut");
    is_int(get(table, person(7, "alice", "")), 0, "no account");
    is_int(get(table, person(7, "alicf", "acme")), 0, "another subject");

    got.lists = room;
    got.lists_size = 4;
    is_int(team_table_lookup(table, &key, &got), -1, "too little room");
    is_int((int64_t) got.lists_len, 5, "and how much it takes");

    is_int(put(table, key, 4, "old", 3, NULL, 0), 0, "a lower seq is refused");
    ok(get(table, key) == 1 && got.seq == 5 && got.head_len == 4,
       "and what was there stays");
    is_int(put(table, key, 5, "same", 4, NULL, 0), 1, "the same seq is taken");
    ok(get(table, key) == 1 && memcmp(got.head, "same", 4) == 0, "and is read");
    is_int(put(table, key, 6, "", 0, NULL, 0), 1, "a higher seq is taken");
    ok(get(table, key) == 1 && got.seq == 6 && got.head_len == 0
       && got.lists_len == 0, "and is read");

    team_table_stats(table, &stats);
    ok(stats.entries == 1 && stats.lists == 0 && stats.used == 1,
       "one entry of one cell");

    is_int(team_table_remove(table, &key), 1, "removed");
    is_int(team_table_remove(table, &key), 0, "once");
    is_int(get(table, key), 0, "gone");

    put(table, key, 1, "head", 4, (unsigned char *) "lists", 5);
    team_table_clear(table);
    is_int(get(table, key), 0, "cleared");
    team_table_stats(table, &stats);
    ok(stats.entries == 0 && stats.lists == 0 && stats.used == 0,
       "nothing is used");
    is_str(table_check(table), NULL, "sound");
    free(table);
}


static void
test_sizes(void)
{
    char                long_subject[257], long_account[257];
    size_t              i, used;
    team_table_t       *table;
    team_table_key_t    key;

    static const struct {
        size_t  subject, account, head, lists;
        int     stored;
    } cases[] = {
        { 1, 0, 0, 0, 1 },        { 1, 0, 35, 32768, 1 },
        { 255, 255, 35, 1, 1 },   { 255, 0, 35, 40, 1 },
        { 13, 0, 0, 41, 1 },      { 14, 0, 0, 104, 1 },
        { 77, 0, 0, 105, 1 },     { 78, 0, 0, 164, 1 },
        { 73, 0, 0, 165, 1 },     { 74, 0, 3, 168, 1 },
        { 0, 4, 35, 300, 0 },     { 256, 0, 35, 300, 0 },
        { 36, 256, 35, 300, 0 },  { 36, 8, 36, 300, 0 },
        { 36, 8, 35, 32769, 0 }
    };

    memset(long_subject, 's', 256);
    memset(long_account, 'a', 256);

    for (i = 0; i < sizeof(blob); i++) {
        blob[i] = (unsigned char) (i * 31 + i / 251);
    }

    table = make(256 * 1024);
    used = 0;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        key.issuer = i;
        key.subject.len = cases[i].subject;
        key.subject.data = long_subject;
        key.account.len = cases[i].account;
        key.account.data = long_account;

        /* a head of 36 bytes is refused by its length, before it is read */

        ok(put(table, key, 1, "0123456789abcdefghijklmnopqrstuvwxyz",
               cases[i].head, blob, cases[i].lists) == cases[i].stored
           && get(table, key) == cases[i].stored
           && (!cases[i].stored
               || (got.head_len == cases[i].head
                   && memcmp(got.head, "0123456789abcdefghijklmnopqrstuvwxyz",
                             got.head_len) == 0
                   && got.lists_len == cases[i].lists
                   && memcmp(room, blob, got.lists_len) == 0)),
           "subject %zu account %zu head %zu lists %zu: %s",
           cases[i].subject, cases[i].account, cases[i].head, cases[i].lists,
           cases[i].stored ? "stored" : "refused");

        if (cases[i].stored) {
            used += team_cell_count(TEAM_CELL_GRANT, cases[i].subject
                                    + cases[i].account + cases[i].head);
            used += cases[i].lists == 0
                    ? 0 : team_cell_count(TEAM_CELL_LISTS, cases[i].lists);
        }
    }

    team_table_stats(table, &stats);
    is_int((int64_t) stats.used, (int64_t) used, "as many cells as counted");

    is_str(table_check(table), NULL, "sound");

    for (i = 0; i < 10; i++) {
        key.issuer = i;
        key.subject.len = cases[i].subject;
        key.account.len = cases[i].account;
        team_table_remove(table, &key);
    }

    team_table_stats(table, &stats);
    is_int((int64_t) stats.used, 0, "all cells come back");
    free(table);
}


static void
test_ids(void)
{
    size_t         i, j, n;
    team_table_t  *table;

    /* texts that a careless reader takes for the same UUID, or its bytes */

    static const char  *texts[] = {
        ID("aa"), ID("ab"), ID("aA"), ID("a:"), ID("a3"), ID("a`"), ID("a9"),
        ID("ag"), ID("a0"), ID("a/"), ID("a8"),
        "0f8fad5b-d9cb-469f-a165_7086772895aa",
        "0f8fad5b0d9cb-469f-a165-7086772895aa",
        "0f8fad5bd9cb469fa1657086772895aa",
        "\x0f\x8f\xad\x5b\xd9\xcb\x46\x9f\xa1\x65\x70\x86\x77\x28\x95\xaa"
    };

    table = make(64 * 1024);
    n = sizeof(texts) / sizeof(texts[0]);

    for (i = 0; i < n; i++) {
        for (j = 0; j < n; j++) {
            put(table, person(1, texts[i], texts[j]), i * n + j, "h", 1,
                NULL, 0);
        }
    }

    for (i = 0; i < n; i++) {
        for (j = 0; j < n; j++) {
            if (get(table, person(1, texts[i], texts[j])) != 1
                || got.seq != i * n + j)
            {
                ok(0, "%s in %s", texts[i], texts[j]);
            }
        }
    }

    team_table_stats(table, &stats);
    is_int((int64_t) stats.entries, (int64_t) (n * n),
           "nearly equal ids are different keys");

    team_table_clear(table);
    put(table, person(1, ID("aa"), "a-slug-of-twenty-six-bytes"), 1,
        "0123456789abcdefghijklmnopqrstuvwxy", 35, NULL, 0);
    team_table_stats(table, &stats);
    is_int((int64_t) stats.used, 2, "a typical member takes two cells");
    free(table);
}


static void
test_lists(void)
{
    team_table_t      *table;
    team_table_key_t   a, b, c;

    table = make(64 * 1024);
    a = person(1, "a", "x");
    b = person(1, "b", "x");
    c = person(1, "c", "x");

    put(table, a, 1, "h", 1, blob, 300);
    put(table, b, 1, "h", 1, blob, 300);
    put(table, c, 1, "h", 1, blob + 1, 300);

    team_table_stats(table, &stats);
    is_int((int64_t) stats.lists, 2, "equal lists are one");
    is_int((int64_t) stats.used, 3 + 2 * 6, "and take their cells once");

    team_table_remove(table, &a);
    team_table_stats(table, &stats);
    is_int((int64_t) stats.lists, 2, "they stay for who is left");
    ok(get(table, b) == 1 && memcmp(room, blob, 300) == 0, "and are read");

    put(table, b, 2, "h", 1, blob + 1, 300);
    team_table_stats(table, &stats);
    is_int((int64_t) stats.lists, 1, "and go with the last");

    put(table, b, 3, "h", 1, blob + 1, 300);
    put(table, c, 3, "h", 1, NULL, 0);
    put(table, b, 4, "h", 1, NULL, 0);
    team_table_stats(table, &stats);
    ok(stats.lists == 0 && stats.used == 2, "nothing is left of them");
    is_str(table_check(table), NULL, "sound");
    free(table);
}


/* Exists?  Told without the lookup's mark. */

static int
there(team_table_t *table, unsigned n)
{
    char                 name[32];
    uint32_t             cell;
    team_cursor_t        cursor;
    team_table_key_t     key;
    team_table_packed_t  packed;

    snprintf(name, sizeof(name), "subject-%05u", n);
    key = person(1, name, "account");
    team_table_pack(table, &packed, &key);

    return team_table_find(table, &packed, &cell, &cursor);
}


static void
test_evict(void)
{
    unsigned       i, n;
    team_table_t  *table;

    table = make(16 * 1024);
    team_table_stats(table, &stats);
    n = (unsigned) stats.cells / 2;

    for (i = 0; i < n; i++) {
        store_n(table, i);
    }

    team_table_stats(table, &stats);
    ok(stats.entries == n && stats.evicted == 0 && n > 100, "full");

    store_n(table, n);
    ok(!there(table, 0) && there(table, 1), "the oldest goes");

    use_n(table, 1);
    use_n(table, 3);
    store_n(table, n + 1);
    ok(there(table, 1) && !there(table, 2) && there(table, 3),
       "one that was used is spared");
    store_n(table, n + 2);
    ok(there(table, 3) && !there(table, 4) && there(table, 5),
       "and so is the next");

    for (i = 5; i < n + 1; i++) {
        store_n(table, n + i);
    }

    ok(!there(table, n) && there(table, 1), "the others go in their order");
    store_n(table, 3 * n);
    ok(!there(table, 1) && there(table, n + 1), "a spared one in its turn");

    team_table_stats(table, &stats);
    ok(stats.entries == n && stats.refused == 0, "nothing was refused");
    is_str(table_check(table), NULL, "sound");

    team_table_clear(table);

    for (i = 0; i < n; i++) {
        store_n(table, i);
        use_n(table, i);
    }

    is_int(store_n(table, n), 1, "stored although all are in use");
    ok(there(table, 63) && !there(table, 64) && there(table, 65),
       "64 are spared, not more");
    is_int(store_n(table, n + 1), 1, "stored again");
    ok(!there(table, 0) && there(table, 1) && there(table, 65),
       "with a second chance for the others, not a third");
    is_str(table_check(table), NULL, "sound");

    /* lists that must not go while they are being given to a new member */

    team_table_clear(table);
    put(table, person(1, "a", "x"), 1, "h", 1, blob, 300);

    for (i = 0; i < 3 * n; i++) {
        store_n(table, i);
        put(table, person(1, i & 1 ? "a" : "b", "x"), 1, "h", 1, blob, 300);
    }

    ok(get(table, person(1, "a", "x")) == 1 && memcmp(room, blob, 300) == 0,
       "lists survive the eviction of who shared them");
    is_str(table_check(table), NULL, "sound");

    team_table_stats(table, &stats);
    i = (unsigned) stats.entries;
    is_int(put(table, person(1, "c", "x"), 1, "h", 1, blob, 32768), 0,
           "larger than the table: refused");
    team_table_stats(table, &stats);
    ok(stats.refused == 1 && stats.entries == i, "and nobody had to go");

    free(table);
}


static int
by_hash(const void *a, const void *b)
{
    uint64_t  x, y;

    x = *(const uint64_t *) a;
    y = *(const uint64_t *) b;

    return (x > y) - (x < y);
}


/* Two subjects of one hash: the first 32 bits of 200,000 meet four times. */

static void
test_collisions(void)
{
    char                 name[2][16];
    size_t               i, found;
    uint64_t            *hashes;
    team_table_t        *table;
    team_table_key_t     key;
    team_table_packed_t  packed;

    table = make(4096);
    hashes = malloc(200000 * sizeof(uint64_t));
    found = 0;

    for (i = 0; i < 200000; i++) {
        snprintf(name[0], sizeof(name[0]), "%06zu", i);
        key = person(1, name[0], "x");
        team_table_pack(table, &packed, &key);
        hashes[i] = (uint64_t) packed.hash << 32 | i;
    }

    qsort(hashes, 200000, sizeof(uint64_t), by_hash);

    for (i = 1; i < 200000; i++) {
        if (hashes[i] >> 32 != hashes[i - 1] >> 32) {
            continue;
        }

        found++;
        snprintf(name[0], sizeof(name[0]), "%06u", (unsigned) hashes[i - 1]);
        snprintf(name[1], sizeof(name[1]), "%06u", (unsigned) hashes[i]);

        put(table, person(1, name[0], "x"), 1, "a", 1, NULL, 0);
        ok(get(table, person(1, name[1], "x")) == 0,
           "%s is not found as %s", name[0], name[1]);
        put(table, person(1, name[1], "x"), 2, "b", 1, NULL, 0);
        ok(get(table, person(1, name[0], "x")) == 1 && got.seq == 1
           && get(table, person(1, name[1], "x")) == 1 && got.seq == 2,
           "both are kept");
        key = person(1, name[0], "x");
        ok(team_table_remove(table, &key) == 1
           && get(table, person(1, name[0], "x")) == 0
           && get(table, person(1, name[1], "x")) == 1 && got.seq == 2,
           "one is removed");
    }

    ok(found > 0, "there were equal hashes");
    is_str(table_check(table), NULL, "sound");
    free(hashes);
    free(table);
}


/* Keys that differ in one thing, and whose hash is made the same. */

static void
test_compare(void)
{
    size_t               i;
    uint32_t             n;
    team_table_t        *table;
    team_cursor_t        cursor;
    team_table_packed_t  packed;

    static const char  raw[] =
        "\x0f\x8f\xad\x5b\xd9\xcb\x46\x9f\xa1\x65\x70\x86\x77\x28\x95\xaa";

    const struct {
        team_table_key_t  stored, asked;
        const char       *what;
    } cases[] = {
        { person(1, "ab", "cd"), person(2, "ab", "cd"), "issuer" },
        { person(1, "ab", "cd"), person(1, "abc", "d"), "cut" },
        { person(1, "ab", "cd"), person(1, "abc", "dx"), "subject" },
        { person(1, "ab", "cd"), person(1, "ab", "ce"), "account" },
        { person(1, "ab", "cd"), person(1, "ab", "c"), "length" },
        { person(1, ID("aa"), "cd"), person(1, raw, "cd"), "form of subject" },
        { person(1, "ab", raw), person(1, "ab", ID("aa")), "form of account" }
    };

    table = make(4096);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        team_table_clear(table);
        put(table, cases[i].stored, 1, "h", 1, NULL, 0);

        (void) team_table_pack(table, &packed, &cases[i].stored);
        (void) team_table_find(table, &packed, &n, &cursor);
        (void) team_table_pack(table, &packed, &cases[i].asked);

        (void) team_table_unchain(table, n);
        team_table_cell(table, n)->grant.hash = packed.hash;
        team_table_chain(table, n);

        is_int(get(table, cases[i].asked), 0, "another %s, the same hash",
               cases[i].what);
    }

    free(table);
}


static void
test_enter(void)
{
    unsigned       i, in_between;
    team_table_t  *table;

    table = make(4096);

    team_table_enter(table);
    store_n(table, 1);
    team_table_leave(table);
    is_int(team_table_enter(table), 0, "left after a store");
    is_int(use_n(table, 1), 1, "it is there");
    is_int(team_table_enter(table), 0, "died after a lookup: nothing is lost");
    is_int(use_n(table, 1), 1, "it is there");

    store_n(table, 2);
    is_int(team_table_enter(table), 1, "died after a store");
    is_int(use_n(table, 1), 0, "empty");
    is_int(team_table_enter(table), 0, "once");

    /* died in the middle, with anything behind the header */

    in_between = 0;

    for (i = 0; i < 200; i++) {
        store_n(table, i % 40);
        memset((char *) table + TEAM_TABLE_HEADER, (int) number(),
               4096 - TEAM_TABLE_HEADER);
        in_between += (unsigned) team_table_enter(table);

        if (table_check(table) != NULL || use_n(table, i % 40) != 0
            || store_n(table, i % 40) != 1 || use_n(table, i % 40) != 1)
        {
            ok(0, "not well after a death");
        }
    }

    is_int(in_between, 200, "well after each death");
    free(table);
}


int
main(void)
{
    plan(0);

    test_basic();
    test_sizes();
    test_ids();
    test_lists();
    test_evict();
    test_collisions();
    test_compare();
    test_enter();

    return done();
}
