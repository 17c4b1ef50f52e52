/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* The decision itself: a grant against what a location asks for. */

#ifndef TEAM_DECIDE_H
#define TEAM_DECIDE_H

#include "team_base.h"
#include "team_grant.h"


typedef struct {
    uint64_t           mask;          /* bits of static permissions: all of
                                         these are needed */
    const team_str_t  *permissions;   /* and all of these, by name */
    size_t             n_permissions;
    const team_str_t  *roles;         /* and any one of these; n == 0: none
                                         asked for */
    size_t             n_roles;
} team_need_t;


/*
 * Decides for a grant whose static permissions are the bits of held.  An
 * empty or malformed name in need->permissions is never held, not even by
 * "*": a variable that came out empty must not open a door.
 *
 * Returns TEAM_OK or why not: TEAM_NOT_MEMBER, TEAM_ACCOUNT_REQUIRED,
 * TEAM_ACCOUNT_CLOSED, TEAM_MEMBER_PENDING, TEAM_MEMBER_SUSPENDED,
 * TEAM_PERMISSION_MISSING, TEAM_ROLE_MISSING; TEAM_INTERNAL for a status
 * that does not exist.
 */

team_reason_e team_decide(const team_grant_t *grant, uint64_t held,
    const team_need_t *need);


#endif /* TEAM_DECIDE_H */
