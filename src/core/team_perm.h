/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * Names of permissions and roles, and lists of them.  A list is text: names
 * in ascending byte order, each once, separated by one space.  That is how
 * PostgreSQL sends it, how a grant keeps it, and how headers carry it.
 */

#ifndef TEAM_PERM_H
#define TEAM_PERM_H

#include "team_base.h"


/*
 * 1 if name is a permission: "*", or "resource:action" of 3 to
 * TEAM_MAX_PERMISSION bytes, both parts a lower-case letter followed by
 * lower-case letters, digits and hyphens; else 0.
 */

int team_perm_valid(team_str_t name);


/*
 * 1 if name is a role's key: a lower-case letter, then lower-case letters,
 * digits, hyphens and underscores, at most TEAM_MAX_ROLE bytes; else 0.
 */

int team_role_valid(team_str_t name);


/* 1 if the list is sorted, without repeats, single-spaced; "" is; else 0. */

int team_list_valid(team_str_t list);


/* 1 if the list holds exactly this name; else 0. */

int team_list_has(team_str_t list, team_str_t name);


/*
 * Takes the next name off *rest into *name.
 * Returns 1, or 0 when nothing is left.
 */

int team_list_next(team_str_t *rest, team_str_t *name);


/*
 * Which of n names (n <= TEAM_MAX_REQUIRED) the list of permissions holds:
 * bit i for names[i].  "*" in the list sets all n bits.
 */

uint64_t team_perm_mask(team_str_t list, const team_str_t *names, size_t n);


#endif /* TEAM_PERM_H */
