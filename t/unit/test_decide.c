/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * Decisions as a table: t/data/decisions.tsv.  Every row is decided twice
 * where it can be: by the names, and by the bits that the names would have got
 * from the configuration.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "team_unit.h"
#include "../../src/core/team_decide.h"
#include "../../src/core/team_perm.h"


#define COLUMNS  7
#define NAMES    8

static size_t columns(char *line, char **column);
static size_t names(char *text, team_str_t *name);
static void row(unsigned number, char **column);
static void bounds(void);


int
main(int argc, char **argv)
{
    char         line[1024], copy[1024], *column[COLUMNS];
    FILE        *file;
    unsigned     number, rows;
    const char  *path;

    path = argc > 1 ? argv[1] : "t/data/decisions.tsv";
    file = fopen(path, "r");

    if (file == NULL) {
        printf("Bail out! can't open %s\n", path);
        return 1;
    }

    plan(0);

    rows = 0;

    for (number = 1; fgets(line, sizeof(line), file) != NULL; number++) {
        line[strcspn(line, "\n")] = '\0';

        if (line[0] == '#' || line[0] == '\0') {
            continue;
        }

        memcpy(copy, line, sizeof(line));

        if (columns(copy, column) != COLUMNS) {
            ok(0, "line %u has %d columns: %s", number, COLUMNS, line);
            continue;
        }

        row(number, column);
        rows++;
    }

    fclose(file);

    ok(rows >= 60, "%u rows were decided", rows);
    bounds();

    return done();
}


static size_t
columns(char *line, char **column)
{
    char    *tab;
    size_t   n;

    for (n = 0; n < COLUMNS; n++) {
        column[n] = line;
        tab = strchr(line, '\t');

        if (tab == NULL) {
            return n + 1;
        }

        *tab = '\0';
        line = tab + 1;
    }

    return COLUMNS + 1;
}


/* "-" is no name at all, "" an empty one, commas between names. */

static size_t
names(char *text, team_str_t *name)
{
    char    *comma;
    size_t   n;

    if (strcmp(text, "-") == 0) {
        return 0;
    }

    for (n = 0; n < NAMES; /* void */) {
        comma = strchr(text, ',');

        if (comma != NULL) {
            *comma = '\0';
        }

        name[n++] = str(strcmp(text, "\"\"") == 0 ? "" : text);

        if (comma == NULL) {
            break;
        }

        text = comma + 1;
    }

    return n;
}


static void
row(unsigned number, char **column)
{
    int            status, all;
    size_t         i;
    uint64_t       held;
    team_str_t     permissions[NAMES], roles[NAMES];
    team_need_t    need;
    team_grant_t   grant;
    team_reason_e  reason;

    memset(&grant, 0, sizeof(grant));
    memset(&need, 0, sizeof(need));

    status = team_member_find(str(column[0]));
    grant.status = (team_member_e) (status < 0 ? atol(column[0]) : status);
    grant.roles = str(strcmp(column[1], "-") ? column[1] : "");
    grant.permissions = str(strcmp(column[2], "-") ? column[2] : "");

    need.permissions = permissions;
    need.n_permissions = names(column[3], permissions);
    need.roles = roles;
    need.n_roles = names(column[4], roles);

    reason = team_decide(&grant, 0, &need);

    is_str(team_reason_name(reason), column[5], "line %u, by name: %s",
           number, column[6]);

    all = 1;

    for (i = 0; i < need.n_permissions; i++) {
        all &= team_perm_valid(permissions[i]);
    }

    if (!all || need.n_permissions == 0) {
        return;
    }

    held = team_perm_mask(grant.permissions, permissions, need.n_permissions);
    need.mask = ((uint64_t) 1 << need.n_permissions) - 1;
    need.n_permissions = 0;

    reason = team_decide(&grant, held, &need);

    is_str(team_reason_name(reason), column[5], "line %u, by mask: %s",
           number, column[6]);
}


static void
bounds(void)
{
    team_need_t   need;
    team_grant_t  grant;

    memset(&grant, 0, sizeof(grant));
    memset(&need, 0, sizeof(need));

    grant.status = TEAM_MEMBER_ACTIVE;
    need.mask = ~(uint64_t) 0;

    is_int(team_decide(&grant, ~(uint64_t) 0, &need), TEAM_OK,
           "all 64 bits needed and held");
    is_int(team_decide(&grant, ~(uint64_t) 1, &need), TEAM_PERMISSION_MISSING,
           "bit 0 not held");
    is_int(team_decide(&grant, ~(uint64_t) 0 >> 1, &need),
           TEAM_PERMISSION_MISSING, "bit 63 not held");

    need.mask = 0;

    is_int(team_decide(&grant, 0, &need), TEAM_OK, "no bit needed, none held");

    grant.status = TEAM_MEMBER_STATES;

    is_int(team_decide(&grant, ~(uint64_t) 0, &need), TEAM_INTERNAL,
           "one status beyond the last");
}
