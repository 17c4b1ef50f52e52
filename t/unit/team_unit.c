/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "team_unit.h"


static void report(int held, const char *what, va_list args);


static unsigned  planned, ran, failed;


void
plan(unsigned n)
{
    planned = n;

    if (n > 0) {
        printf("1..%u\n", n);
    }
}


int
ok(int condition, const char *what, ...)
{
    va_list  args;

    va_start(args, what);
    report(condition, what, args);
    va_end(args);

    return condition;
}


int
is_int(int64_t got, int64_t expected, const char *what, ...)
{
    va_list  args;

    va_start(args, what);
    report(got == expected, what, args);
    va_end(args);

    if (got != expected) {
        printf("#   got      %" PRId64 "\n#   expected %" PRId64 "\n", got,
               expected);
    }

    return got == expected;
}


int
is_str(const char *got, const char *expected, const char *what, ...)
{
    int      held;
    va_list  args;

    if (got == NULL || expected == NULL) {
        held = (got == expected);

    } else {
        held = (strcmp(got, expected) == 0);
    }

    va_start(args, what);
    report(held, what, args);
    va_end(args);

    if (!held) {
        printf("#   got      %s\n#   expected %s\n", got ? got : "(null)",
               expected ? expected : "(null)");
    }

    return held;
}


static void
report(int held, const char *what, va_list args)
{
    ran++;

    if (!held) {
        failed++;
    }

    printf("%sok %u - ", held ? "" : "not ", ran);
    vprintf(what, args);
    printf("\n");
    fflush(stdout);
}


int
done(void)
{
    if (planned == 0) {
        printf("1..%u\n", ran);

    } else if (planned != ran) {
        printf("# planned %u, ran %u\n", planned, ran);
        return 1;
    }

    return failed > 0;
}


team_str_t
str(const char *text)
{
    team_str_t  s;

    s.len = strlen(text);
    s.data = text;

    return s;
}
