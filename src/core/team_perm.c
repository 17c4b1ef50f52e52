/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <string.h>

#include "team_perm.h"


static size_t team_perm_word(team_str_t name, size_t start);
static int team_list_cmp(team_str_t a, team_str_t b);


int
team_perm_valid(team_str_t name)
{
    size_t  colon;

    if (name.len == 1) {
        return name.data[0] == '*';
    }

    if (name.len < 3 || name.len > TEAM_MAX_PERMISSION) {
        return 0;
    }

    colon = team_perm_word(name, 0);

    if (colon == 0 || colon == name.len || name.data[colon] != ':') {
        return 0;
    }

    return team_perm_word(name, colon + 1) == name.len
           && name.len > colon + 1;
}


/* Where the word that starts at start ends; start itself if there is none. */

static size_t
team_perm_word(team_str_t name, size_t start)
{
    char    c;
    size_t  i;

    for (i = start; i < name.len; i++) {
        c = name.data[i];

        if (c >= 'a' && c <= 'z') {
            continue;
        }

        if (i > start && ((c >= '0' && c <= '9') || c == '-')) {
            continue;
        }

        break;
    }

    return i;
}


int
team_role_valid(team_str_t name)
{
    char    c;
    size_t  i;

    if (name.len == 0 || name.len > TEAM_MAX_ROLE) {
        return 0;
    }

    for (i = 0; i < name.len; i++) {
        c = name.data[i];

        if (c >= 'a' && c <= 'z') {
            continue;
        }

        if (i > 0 && ((c >= '0' && c <= '9') || c == '-' || c == '_')) {
            continue;
        }

        return 0;
    }

    return 1;
}


int
team_list_valid(team_str_t list)
{
    size_t      i;
    team_str_t  name, last;

    if (list.len == 0) {
        return 1;
    }

    /* a header carries it: printable ASCII, and no space at either end */

    for (i = 0; i < list.len; i++) {
        if (list.data[i] < 0x20 || list.data[i] > 0x7e) {
            return 0;
        }
    }

    if (list.data[list.len - 1] == ' ') {
        return 0;
    }

    last.len = 0;
    last.data = NULL;

    while (team_list_next(&list, &name)) {

        /* an empty name is a second space, and is never above the last */

        if (team_list_cmp(name, last) <= 0) {
            return 0;
        }

        last = name;
    }

    return 1;
}


int
team_list_has(team_str_t list, team_str_t name)
{
    int         rc;
    team_str_t  next;

    if (name.len == 0) {
        return 0;
    }

    while (team_list_next(&list, &next)) {
        rc = team_list_cmp(next, name);

        if (rc == 0) {
            return 1;
        }

        if (rc > 0) {
            break;
        }
    }

    return 0;
}


int
team_list_next(team_str_t *rest, team_str_t *name)
{
    const char  *space;

    if (rest->len == 0) {
        return 0;
    }

    name->data = rest->data;
    space = memchr(rest->data, ' ', rest->len);

    if (space == NULL) {
        name->len = rest->len;
        rest->data += rest->len;
        rest->len = 0;
        return 1;
    }

    name->len = (size_t) (space - rest->data);
    rest->data = space + 1;
    rest->len -= name->len + 1;

    return 1;
}


/* Byte order; a name comes before those that it begins. */

static int
team_list_cmp(team_str_t a, team_str_t b)
{
    int     rc;
    size_t  n;

    n = a.len < b.len ? a.len : b.len;

    if (n > 0) {
        rc = memcmp(a.data, b.data, n);

        if (rc != 0) {
            return rc;
        }
    }

    return (a.len > b.len) - (a.len < b.len);
}


uint64_t
team_perm_mask(team_str_t list, const team_str_t *names, size_t n)
{
    int                      all;
    size_t                   i;
    uint64_t                 mask;
    static const team_str_t  star = team_string("*");

    if (n > TEAM_MAX_REQUIRED) {
        n = TEAM_MAX_REQUIRED;
    }

    all = team_list_has(list, star);
    mask = 0;

    for (i = 0; i < n; i++) {
        if (all || team_list_has(list, names[i])) {
            mask |= (uint64_t) 1 << i;
        }
    }

    return mask;
}
