/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * A grant: what one person may do now in one account.  As a blob it is
 * length-prefixed bytes without pointers, and starts with a version, so that
 * shared memory that outlives a binary upgrade can't be misread.
 */

#ifndef TEAM_GRANT_H
#define TEAM_GRANT_H

#include "team_base.h"


#define TEAM_GRANT_VERSION  1


typedef enum {
    TEAM_MEMBER_NONE = 0,      /* not a member; no ids, no lists */
    TEAM_MEMBER_ACTIVE,
    TEAM_MEMBER_IS_PENDING,
    TEAM_MEMBER_IS_SUSPENDED,
    TEAM_MEMBER_CHOICE,        /* no account was named and there are several */
    TEAM_MEMBER_CLOSED,        /* the account is closed */
    TEAM_MEMBER_STATES
} team_member_e;


typedef struct {
    team_member_e  status;
    team_str_t     account;       /* id, 36 characters; len 0: none */
    team_str_t     member;        /* id, 36 characters; len 0: none */
    team_str_t     roles;         /* list, see team_perm.h */
    team_str_t     permissions;   /* list */
} team_grant_t;


/*
 * The blob has two parts, so that many members with the same rights can share
 * one copy of the second:
 *
 *   head:  version, status, flags (1 byte each); account and member id as 16
 *          bytes each, where present
 *   lists: u16 length of roles, roles, permissions (both in the host's order;
 *          the zone never leaves the host)
 *
 * team_grant_head_size() is at most TEAM_GRANT_HEAD.
 */

#define TEAM_GRANT_HEAD  35

size_t team_grant_head_size(const team_grant_t *grant);
size_t team_grant_lists_size(const team_grant_t *grant);


/*
 * Writes both parts; the caller has made room by the sizes above.
 * Returns 0, or -1 if the grant can't be encoded: an id that is not a UUID in
 * lower-case text, a list that is not valid, together over TEAM_MAX_GRANT.
 * Nothing is to be used of the buffers then.
 */

int team_grant_encode(const team_grant_t *grant, unsigned char *head,
    unsigned char *lists);


/*
 * Reads a blob.  ids receives the texts of account and member (2 x 36 bytes);
 * grant borrows from ids and lists.
 * Returns 0, or -1 for anything that team_grant_encode() would not have
 * written: such a blob must be treated as absent.
 */

int team_grant_decode(team_grant_t *grant, char ids[72],
    const unsigned char *head, size_t head_len,
    const unsigned char *lists, size_t lists_len);


/*
 * The member status of a word as SQL says it: "none", "active", "pending",
 * "suspended", "choice", "closed"; -1 for any other.
 */

int team_member_find(team_str_t word);


#endif /* TEAM_GRANT_H */
