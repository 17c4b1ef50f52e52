/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include "team_decide.h"
#include "team_perm.h"


static int team_decide_permission(team_str_t list, team_str_t name);
static int team_decide_role(team_str_t list, const team_need_t *need);


team_reason_e
team_decide(const team_grant_t *grant, uint64_t held, const team_need_t *need)
{
    size_t  i;

    switch (grant->status) {

    case TEAM_MEMBER_ACTIVE:
        break;

    case TEAM_MEMBER_NONE:
        return TEAM_NOT_MEMBER;

    case TEAM_MEMBER_IS_PENDING:
        return TEAM_MEMBER_PENDING;

    case TEAM_MEMBER_IS_SUSPENDED:
        return TEAM_MEMBER_SUSPENDED;

    case TEAM_MEMBER_CHOICE:
        return TEAM_ACCOUNT_REQUIRED;

    case TEAM_MEMBER_CLOSED:
        return TEAM_ACCOUNT_CLOSED;

    default:
        return TEAM_INTERNAL;
    }

    if ((held & need->mask) != need->mask) {
        return TEAM_PERMISSION_MISSING;
    }

    for (i = 0; i < need->n_permissions; i++) {
        if (!team_decide_permission(grant->permissions,
                                    need->permissions[i]))
        {
            return TEAM_PERMISSION_MISSING;
        }
    }

    if (need->n_roles > 0 && !team_decide_role(grant->roles, need)) {
        return TEAM_ROLE_MISSING;
    }

    return TEAM_OK;
}


static int
team_decide_permission(team_str_t list, team_str_t name)
{
    if (!team_perm_valid(name)) {
        return 0;
    }

    /* "*" sorts before every letter, so it can only be the first */

    if (list.len > 0 && list.data[0] == '*'
        && (list.len == 1 || list.data[1] == ' '))
    {
        return 1;
    }

    return team_list_has(list, name);
}


static int
team_decide_role(team_str_t list, const team_need_t *need)
{
    size_t  i;

    for (i = 0; i < need->n_roles; i++) {
        if (team_role_valid(need->roles[i])
            && team_list_has(list, need->roles[i]))
        {
            return 1;
        }
    }

    return 0;
}
