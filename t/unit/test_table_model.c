/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * The table of grants against a simple model, and against damage.  Randomness
 * is of fixed seeds.
 */

#include "table_check.h"
#include "table_help.h"


#define PERSONS  500


typedef struct {
    team_table_key_t  key;
    char              text[2][256];
} person_t;


typedef struct {
    int            present;       /* unless it was evicted */
    uint64_t       seq;
    size_t         head_len;
    size_t         from, len;     /* lists: a part of blob */
    unsigned char  head[TEAM_GRANT_HEAD];
} model_t;


/*
 * Memory that something else has written into: no call may leave the table
 * (the sanitizer looks), and it is of use again after all.
 */

static void
test_damage(void)
{
    size_t             size, i, j, cleared, bad;
    unsigned           n;
    unsigned char     *p;
    team_table_t      *table;

    cleared = 0;
    bad = 0;
    size = 8192;
    table = make(size);

    for (i = 0; i < 3000; i++) {
        team_table_clear(table);

        for (n = 0; n < 40; n++) {
            store_n(table, n);
            put(table, person(1, ID("aa"), n & 1 ? "x" : "y"), n, "h", 1,
                blob, 200 + n);
        }

        p = (unsigned char *) table + TEAM_TABLE_HEADER;

        for (j = 1 + number() % 64; j > 0; j--) {
            p[number() % (size - TEAM_TABLE_HEADER)] =
                (unsigned char) (number() & 1 ? number() : number() % 130);
        }

        for (n = 0; n < 60; n++) {
            switch (number() % 4) {
            case 0:
                store_n(table, (unsigned) (number() % 80));
                break;
            case 1:
                put(table, person(1, ID("aa"), "x"), 1000, "h", 1, blob,
                    200 + number() % 60);
                break;
            default:
                if (use_n(table, n) == 1 && got.head_len > TEAM_GRANT_HEAD) {
                    bad++;
                }
            }

            team_table_stats(table, &stats);
            cleared += stats.entries == 0;
        }
    }

    ok(bad == 0, "no head is longer than it may be, whatever is in there");
    ok(cleared > 100, "damage is noticed");

    team_table_clear(table);
    ok(store_n(table, 1) == 1 && use_n(table, 1) == 1
       && table_check(table) == NULL, "a cleared table is whole");
    free(table);
}


static void
model_keys(person_t *persons)
{
    size_t     i, j, n;
    person_t  *p;

    static const size_t  sizes[] = { 1, 2, 13, 14, 36, 77, 78, 255, 0, 9 };

    for (i = 0; i < PERSONS; i++) {
        p = &persons[i];
        p->key.issuer = i / 3;

        for (j = 0; j < 2; j++) {
            n = sizes[number() % (j ? 10 : 8)];
            memset(p->text[j], 'a' + (int) (number() % 3), 255);

            if (number() % 2) {
                snprintf(p->text[j], 37, "%08x-d9cb-469f-a165-7086772895aa",
                         (unsigned) i);
                n = 36;
            }

            if (j == 0) {
                p->key.subject = (team_str_t) { n, p->text[0] };

            } else {
                p->key.account = (team_str_t) { n, p->text[1] };
            }
        }
    }
}


/* One store against the model; NULL or what was wrong. */

static const char *
model_store(team_table_t *table, const person_t *p, model_t *m, size_t large)
{
    int                 rc, existed;
    model_t             new;
    team_table_stats_t  before;
    team_table_value_t  value;

    existed = get(table, p->key);

    new.present = 1;
    new.seq = number() % 4 ? m->seq + number() % 2 : m->seq / 2;
    new.head_len = number() % 2 ? 35 : number() % 36;
    memset(new.head, (int) number(), sizeof(new.head));

    /* few different lists, so that they are shared, some of them long */

    new.from = number() % 8;
    new.len = number() % 100 ? (number() % 5) * 75 : number() % large;

    memset(&value, 0, sizeof(value));
    value.seq = new.seq;
    value.head_len = new.head_len;
    memcpy(value.head, new.head, sizeof(new.head));
    value.lists = blob + new.from;
    value.lists_len = new.len;

    team_table_stats(table, &before);
    rc = team_table_store(table, &p->key, &value);
    team_table_stats(table, &stats);

    if (existed && m->seq > new.seq) {
        return rc == 0 && stats.entries == before.entries
               && stats.evicted == before.evicted
               ? NULL : "an older seq was stored";
    }

    if (rc != 1) {
        return "not stored";
    }

    *m = new;

    return stats.entries == before.entries + !existed
                            - (stats.evicted - before.evicted)
           ? NULL : "entries went uncounted";
}


static const char *
model_lookup(team_table_t *table, const person_t *p, const model_t *m,
    size_t *missed)
{
    if (get(table, p->key) != 1) {
        *missed += (size_t) m->present;
        return NULL;
    }

    if (!m->present) {
        return "found what was removed";
    }

    if (got.seq != m->seq || got.head_len != m->head_len
        || memcmp(got.head, m->head, m->head_len) != 0
        || got.lists_len != m->len
        || memcmp(room, blob + m->from, m->len) != 0)
    {
        return "found another value";
    }

    return NULL;
}


static void
test_model(size_t size, uint64_t seed, size_t large)
{
    size_t         i, n, missed;
    model_t       *models;
    person_t      *persons;
    const char    *error;
    team_table_t  *table;

    state = seed;
    missed = 0;
    error = NULL;
    models = calloc(PERSONS, sizeof(model_t));
    persons = calloc(PERSONS, sizeof(person_t));
    table = make(size);
    model_keys(persons);

    for (i = 0; i < 100000 && error == NULL; i++) {
        n = number() % PERSONS;

        switch (number() % 8) {
        case 0:
            if (team_table_remove(table, &persons[n].key) == 0) {
                missed += (size_t) models[n].present;
            }
            models[n].present = 0;
            break;

        case 1:
        case 2:
        case 3:
            error = model_store(table, &persons[n], &models[n], large);
            break;

        default:
            error = model_lookup(table, &persons[n], &models[n], &missed);
        }

        if (error == NULL && i % 250 == 0) {
            error = table_check(table);
        }

        if (i == 50000) {
            team_table_clear(table);
            memset(models, 0, PERSONS * sizeof(model_t));
        }
    }

    is_str(error, NULL, "100,000 operations on %zu bytes, seed %u", size,
           (unsigned) seed);
    team_table_stats(table, &stats);

    if (stats.evicted == 0) {
        is_int((int64_t) missed, 0, "nothing was missing");

    } else {
        ok(missed > 1000 && stats.evicted > 1000, "%zu missing, %u evicted",
           missed, (unsigned) stats.evicted);
    }

    is_int((int64_t) stats.refused, 0, "nothing was refused");

    for (n = 0; n < PERSONS; n++) {
        team_table_remove(table, &persons[n].key);
    }

    team_table_stats(table, &stats);
    ok(stats.used == 0 && stats.entries == 0 && stats.lists == 0,
       "all cells come back");
    free(models);
    free(persons);
    free(table);
}


int
main(void)
{
    size_t  i;

    plan(0);

    for (i = 0; i < sizeof(blob); i++) {
        blob[i] = (unsigned char) (i * 31 + i / 251);
    }

    test_damage();

    test_model(4 * 1024 * 1024, 11, 32768);
    test_model(64 * 1024, 12, 32000);
    test_model(16 * 1024, 13, 4000);

    return done();
}
