/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* TAP for unit tests in C: each assertion prints one line. */

#ifndef TEAM_UNIT_H
#define TEAM_UNIT_H

#include <stdint.h>

#include "../../src/core/team_base.h"


/* How many assertions follow; 0: the number is printed by done(). */

void plan(unsigned n);


/* Each returns whether it held; what is a printf format. */

int ok(int condition, const char *what, ...)
    __attribute__((format(printf, 2, 3)));
int is_int(int64_t got, int64_t expected, const char *what, ...)
    __attribute__((format(printf, 3, 4)));

/* NULL equals NULL only. */

int is_str(const char *got, const char *expected, const char *what, ...)
    __attribute__((format(printf, 3, 4)));


/* For main() to return: 0 if all held and as many ran as planned, else 1. */

int done(void);


/* A counted string of a NUL-terminated one; borrowed. */

team_str_t str(const char *text);


#endif /* TEAM_UNIT_H */
