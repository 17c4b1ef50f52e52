/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* The one door for JSON from strangers. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "team_unit.h"
#include "../../src/core/team_json.h"


static void accepts(void);
static void refuses(void);
static void depth(void);
static void never_quotes(void);
static void out_of_memory(void);
static void one_failure(const char *text, size_t len);
static void *fail_once(size_t size);


static long  left;
static int   failed;


int
main(void)
{
    plan(0);

    accepts();
    refuses();
    depth();
    never_quotes();
    out_of_memory();

    return done();
}


static void
accepts(void)
{
    size_t              i;
    json_t             *root;
    team_json_error_t   error;

    static const char  *texts[] = {
        "{}", "[]", " \t\r\n{ } ", "0", "-0", "1.5e3", "true", "null", "\"\"",
        "9223372036854775807", "-9223372036854775808",
        "\"\\u00e9 \\ud83d\\ude00 \xf0\x9f\x98\x80\"", "\"\x7f\"",
        "{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":1}]}",
        "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[\""
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        is_int(team_json_load(&root, texts[i], strlen(texts[i]), &error),
               TEAM_JSON_OK, "taken: row %zu", i);
        ok(root != NULL, "... there is a value");
        is_str(error.text, "", "... and no error");
        json_decref(root);
    }

    is_int(team_json_load(&root, "{}garbage", 2, NULL), TEAM_JSON_OK,
           "the length counts, not a NUL; error may be NULL");
    json_decref(root);
}


static void
refuses(void)
{
    size_t              i;
    json_t             *root;
    team_json_error_t   error;

    static const struct {
        team_json_e  code;
        const char  *text;
        size_t       len;
        const char  *why;
    } rows[] = {
#define ROW(code, text, why)  { code, text, sizeof(text) - 1, why }
        ROW(TEAM_JSON_SYNTAX, "", "the text ends too early"),
        ROW(TEAM_JSON_SYNTAX, "{", "the text ends too early"),
        ROW(TEAM_JSON_SYNTAX, "{}{}", "bytes after the end of the value"),
        ROW(TEAM_JSON_SYNTAX, "{}\0", "bytes after the end of the value"),
        ROW(TEAM_JSON_SYNTAX, "{} x", "bytes after the end of the value"),
        ROW(TEAM_JSON_SYNTAX, "[1,]", "invalid JSON"),
        ROW(TEAM_JSON_SYNTAX, "{\"a\":1,}", "invalid JSON"),
        ROW(TEAM_JSON_SYNTAX, "{a:1}", "invalid JSON"),
        ROW(TEAM_JSON_SYNTAX, "{'a':1}", "invalid JSON"),
        ROW(TEAM_JSON_SYNTAX, "01", "invalid JSON"),
        ROW(TEAM_JSON_SYNTAX, "+1", "invalid JSON"),
        ROW(TEAM_JSON_SYNTAX, "1.", "invalid JSON"),
        ROW(TEAM_JSON_SYNTAX, "NaN", "invalid JSON"),
        ROW(TEAM_JSON_SYNTAX, "Infinity", "invalid JSON"),
        ROW(TEAM_JSON_SYNTAX, "// a\n1", "invalid JSON"),
        ROW(TEAM_JSON_SYNTAX, "TRUE", "invalid JSON"),
        ROW(TEAM_JSON_SYNTAX, "\xef\xbb\xbf{}", "invalid JSON"),
        ROW(TEAM_JSON_SYNTAX, "\"a", "the text ends too early"),
        ROW(TEAM_JSON_SYNTAX, "\"a\nb\"", "invalid JSON"),
        ROW(TEAM_JSON_SYNTAX, "\"a\0b\"", "invalid JSON"),
        ROW(TEAM_JSON_SYNTAX, "\"\\x41\"", "invalid JSON"),
        ROW(TEAM_JSON_SYNTAX, "\"\\ud800\"", "invalid JSON"),
        ROW(TEAM_JSON_SYNTAX, "\"\\udc00\\ud800\"", "invalid JSON"),
        ROW(TEAM_JSON_SYNTAX, "\"a\\u0000b\"", "NUL in a string"),
        ROW(TEAM_JSON_SYNTAX, "{\"a\\u0000b\":1}", "NUL in a string"),
        ROW(TEAM_JSON_SYNTAX, "\"\xff\"", "invalid UTF-8"),
        ROW(TEAM_JSON_SYNTAX, "\"\xc0\x80\"", "invalid UTF-8"),
        ROW(TEAM_JSON_SYNTAX, "\"\xed\xa0\x80\"", "invalid UTF-8"),
        ROW(TEAM_JSON_SYNTAX, "\"\xf4\x90\x80\x80\"", "invalid UTF-8"),
        ROW(TEAM_JSON_SYNTAX, "9223372036854775808",
            "a number out of range"),
        ROW(TEAM_JSON_SYNTAX, "-9223372036854775809",
            "a number out of range"),
        ROW(TEAM_JSON_SYNTAX, "1e400", "a number out of range"),
        ROW(TEAM_JSON_DUPLICATE, "{\"role\":\"viewer\",\"role\":\"owner\"}",
            "an object names a member twice"),
        ROW(TEAM_JSON_DUPLICATE, "{\"a\":1,\"\\u0061\":2}",
            "an object names a member twice"),
        ROW(TEAM_JSON_DUPLICATE, "[{\"b\":{\"a\":1,\"a\":1}}]",
            "an object names a member twice")
#undef ROW
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        root = (json_t *) &rows;

        is_int(team_json_load(&root, rows[i].text, rows[i].len, &error),
               rows[i].code, "refused: row %zu", i);
        is_str(error.text, rows[i].why, "... and says why");
        ok(root == NULL, "... there is no value");
    }
}


/* jansson recurses: what is deeper must not even reach it. */

static void
depth(void)
{
    char               *text;
    size_t              i, n;
    json_t             *root;
    team_json_error_t   error;

    static const size_t  depths[] = { 33, 34, 1000, 100000 };

    text = malloc(2 * 100000);

    if (text == NULL) {
        ok(0, "memory for the test");
        return;
    }

    memset(text, '[', TEAM_MAX_JSON_DEPTH);
    memset(text + TEAM_MAX_JSON_DEPTH, ']', TEAM_MAX_JSON_DEPTH);

    is_int(team_json_load(&root, text, 2 * TEAM_MAX_JSON_DEPTH, &error),
           TEAM_JSON_OK, "%d levels are taken", TEAM_MAX_JSON_DEPTH);
    json_decref(root);

    for (i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
        n = depths[i];

        memset(text, '[', n);
        memset(text + n, ']', n);

        is_int(team_json_load(&root, text, 2 * n, &error), TEAM_JSON_DEPTH,
               "%zu levels are not", n);
        is_int((int64_t) error.offset, TEAM_MAX_JSON_DEPTH,
               "... and the place is told");
    }

    /* a quote that only seems to end, or to begin, does not fool the count */

    n = (size_t) snprintf(text, 100, "[\"\\\"\",\"\\\\\",");
    memset(text + n, '[', 40);

    is_int(team_json_load(&root, text, n + 40, &error), TEAM_JSON_DEPTH,
           "escaped quotes and backslashes are passed over");

    /* side by side is not deep */

    for (n = 0; n < 1000; n++) {
        memcpy(text + 1 + n * 3, "[],", 3);
    }

    text[0] = '[';
    text[3000] = ']';

    is_int(team_json_load(&root, text, 3001, &error), TEAM_JSON_OK,
           "1000 side by side are taken");
    json_decref(root);

    free(text);
}


/* A key file goes through here: its secret must not end up in the log. */

static void
never_quotes(void)
{
    json_t             *root;
    team_json_error_t   error;

    static const char  text[] = "{\"k\":\"hunter2\" \"hunter3\"}";

    is_int(team_json_load(&root, text, sizeof(text) - 1, &error),
           TEAM_JSON_SYNTAX, "a secret, and a comma missing");
    ok(strstr(error.text, "hunter") == NULL, "... is not in the error: %s",
       error.text);
    ok(error.offset > 5 && error.offset < sizeof(text),
       "... which tells the place instead");
}


/*
 * The attack that needs no attacker: an allocation fails once, inside of
 * jansson's lexer, and a string comes out one byte shorter: another subject.
 */

static void
out_of_memory(void)
{
    char    text[256];
    size_t  n;

    static const char  claims[] =
        "{\"sub\":\"a-subject-that-needs-more-than-sixteen-bytes\",\"n\":[1,"
        "2.5,true],\"o\":{\"k\\u00e9y-that-is-longer-than-sixteen\":null}}";

    one_failure(claims, sizeof(claims) - 1);

    /* the closing quote is what does not fit: 15, 31, 63 bytes before it */

    for (n = 14; n <= 64; n++) {
        text[0] = '"';
        memset(text + 1, 'a', n);
        text[n + 1] = '"';

        one_failure(text, n + 2);
    }
}


static void
one_failure(const char *text, size_t len)
{
    long            i;
    json_t         *root, *whole;
    unsigned        wrong;
    team_json_e     rc;
    json_malloc_t   next_malloc;
    json_free_t     next_free;

    (void) team_json_load(&whole, text, len, NULL);

    json_get_alloc_funcs(&next_malloc, &next_free);
    json_set_alloc_funcs(fail_once, free);

    wrong = 0;

    for (i = 0; /* void */ ; i++) {
        left = i;
        failed = 0;

        rc = team_json_load(&root, text, len, NULL);

        if (!failed) {
            break;
        }

        left = -1;

        wrong += (rc != TEAM_JSON_MEMORY || root != NULL);
        json_decref(root);
    }

    json_set_alloc_funcs(next_malloc, next_free);

    ok(i > 2 && wrong == 0,
       "%zu bytes: each of %ld allocations fails once, and is told", len, i);
    ok(rc == TEAM_JSON_OK && whole != NULL && json_equal(root, whole),
       "... and then it is read as before");

    json_decref(root);
    json_decref(whole);
}


static void *
fail_once(size_t size)
{
    if (left == 0) {
        left = -1;
        failed = 1;
        return NULL;
    }

    if (left > 0) {
        left--;
    }

    return malloc(size);
}
