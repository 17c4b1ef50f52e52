/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <string.h>

#include "team_grant.h"
#include "team_perm.h"


#define TEAM_GRANT_PREFIX   3       /* version, status, flags */
#define TEAM_GRANT_ID       16      /* bytes of an id in the blob */
#define TEAM_GRANT_ID_TEXT  36      /* and in text */

#define TEAM_GRANT_HAS_ACCOUNT  0x01
#define TEAM_GRANT_HAS_MEMBER   0x02
#define TEAM_GRANT_FLAGS        0x03


static int team_grant_valid(const team_grant_t *grant);
static int team_grant_names(team_str_t list, int (*valid)(team_str_t name));
static int team_grant_id_parse(unsigned char *id, team_str_t text);
static void team_grant_id_write(char *text, const unsigned char *id);


/* The words of SQL, by team_member_e. */

static const team_str_t  team_member_words[TEAM_MEMBER_STATES] = {
    team_string("none"),
    team_string("active"),
    team_string("pending"),
    team_string("suspended"),
    team_string("choice"),
    team_string("closed")
};


size_t
team_grant_head_size(const team_grant_t *grant)
{
    size_t  size;

    size = TEAM_GRANT_PREFIX;

    if (grant->account.len > 0) {
        size += TEAM_GRANT_ID;
    }

    if (grant->member.len > 0) {
        size += TEAM_GRANT_ID;
    }

    return size;
}


size_t
team_grant_lists_size(const team_grant_t *grant)
{
    return sizeof(uint16_t) + grant->roles.len + grant->permissions.len;
}


int
team_grant_encode(const team_grant_t *grant, unsigned char *head,
    unsigned char *lists)
{
    uint16_t        n;
    unsigned char  *p;

    if (!team_grant_valid(grant)) {
        return -1;
    }

    head[0] = TEAM_GRANT_VERSION;
    head[1] = (unsigned char) grant->status;
    head[2] = 0;

    p = head + TEAM_GRANT_PREFIX;

    if (grant->account.len > 0) {
        if (team_grant_id_parse(p, grant->account) != 0) {
            return -1;
        }

        head[2] |= TEAM_GRANT_HAS_ACCOUNT;
        p += TEAM_GRANT_ID;
    }

    if (grant->member.len > 0) {
        if (team_grant_id_parse(p, grant->member) != 0) {
            return -1;
        }

        head[2] |= TEAM_GRANT_HAS_MEMBER;
    }

    n = (uint16_t) grant->roles.len;
    memcpy(lists, &n, sizeof(n));
    p = lists + sizeof(n);

    if (grant->roles.len > 0) {
        memcpy(p, grant->roles.data, grant->roles.len);
    }

    if (grant->permissions.len > 0) {
        memcpy(p + n, grant->permissions.data, grant->permissions.len);
    }

    return 0;
}


/*
 * What encoding refuses and decoding never gives out: everything but the form
 * of the ids.
 */

static int
team_grant_valid(const team_grant_t *grant)
{
    if ((unsigned) grant->status >= TEAM_MEMBER_STATES) {
        return 0;
    }

    /* compared one by one, so that no sum can wrap around */

    if (grant->roles.len > TEAM_MAX_GRANT
        || grant->permissions.len > TEAM_MAX_GRANT
        || team_grant_head_size(grant) + team_grant_lists_size(grant)
           > TEAM_MAX_GRANT)
    {
        return 0;
    }

    if (grant->status == TEAM_MEMBER_NONE
        && (grant->account.len > 0 || grant->member.len > 0
            || grant->roles.len > 0 || grant->permissions.len > 0))
    {
        return 0;
    }

    /* who may act is somebody, somewhere */

    if (grant->status == TEAM_MEMBER_ACTIVE
        && (grant->account.len == 0 || grant->member.len == 0))
    {
        return 0;
    }

    return team_grant_names(grant->roles, team_role_valid)
           && team_grant_names(grant->permissions, team_perm_valid);
}


/*
 * What team_list_valid() asks for, and of each name that it is one, in one
 * pass: this is done for each grant that is found in the zone.  A valid name
 * holds neither a space nor what is not printable.
 */

static int
team_grant_names(team_str_t list, int (*valid)(team_str_t name))
{
    int         rc;
    team_str_t  name, last;

    if (list.len > 0 && list.data[list.len - 1] == ' ') {
        return 0;
    }

    last.len = 0;
    last.data = "";

    while (team_list_next(&list, &name)) {

        if (!valid(name)) {
            return 0;
        }

        rc = memcmp(last.data, name.data,
                    last.len < name.len ? last.len : name.len);

        if (rc > 0 || (rc == 0 && last.len >= name.len)) {
            return 0;
        }

        last = name;
    }

    return 1;
}


int
team_grant_decode(team_grant_t *grant, char ids[72],
    const unsigned char *head, size_t head_len,
    const unsigned char *lists, size_t lists_len)
{
    uint16_t              n;
    team_grant_t          out;
    const unsigned char  *p;

    if (head_len < TEAM_GRANT_PREFIX || head_len > TEAM_GRANT_HEAD
        || lists_len < sizeof(n) || lists_len > TEAM_MAX_GRANT)
    {
        return -1;
    }

    if (head[0] != TEAM_GRANT_VERSION || head[1] >= TEAM_MEMBER_STATES
        || (head[2] & ~TEAM_GRANT_FLAGS) != 0)
    {
        return -1;
    }

    memset(&out, 0, sizeof(out));

    out.status = (team_member_e) head[1];

    if (head[2] & TEAM_GRANT_HAS_ACCOUNT) {
        out.account.len = TEAM_GRANT_ID_TEXT;
        out.account.data = ids;
    }

    if (head[2] & TEAM_GRANT_HAS_MEMBER) {
        out.member.len = TEAM_GRANT_ID_TEXT;
        out.member.data = ids + TEAM_GRANT_ID_TEXT;
    }

    if (head_len != team_grant_head_size(&out)) {
        return -1;
    }

    memcpy(&n, lists, sizeof(n));

    if (n > lists_len - sizeof(n)) {
        return -1;
    }

    out.roles.len = n;
    out.roles.data = (const char *) lists + sizeof(n);
    out.permissions.len = lists_len - sizeof(n) - n;
    out.permissions.data = out.roles.data + n;

    if (!team_grant_valid(&out)) {
        return -1;
    }

    p = head + TEAM_GRANT_PREFIX;

    if (out.account.len > 0) {
        team_grant_id_write(ids, p);
        p += TEAM_GRANT_ID;
    }

    if (out.member.len > 0) {
        team_grant_id_write(ids + TEAM_GRANT_ID_TEXT, p);
    }

    *grant = out;

    return 0;
}


/* Lower-case only, hyphens where RFC 9562 section 4 has them. */

static int
team_grant_id_parse(unsigned char *id, team_str_t text)
{
    char      c;
    size_t    i, n;
    unsigned  digit, byte;

    if (text.len != TEAM_GRANT_ID_TEXT) {
        return -1;
    }

    n = 0;
    byte = 0;

    for (i = 0; i < text.len; i++) {
        c = text.data[i];

        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (c != '-') {
                return -1;
            }

            continue;
        }

        if (c >= '0' && c <= '9') {
            digit = (unsigned) (c - '0');

        } else if (c >= 'a' && c <= 'f') {
            digit = (unsigned) (c - 'a' + 10);

        } else {
            return -1;
        }

        byte = byte << 4 | digit;

        if (n++ & 1) {
            *id++ = (unsigned char) (byte & 0xff);
        }
    }

    return 0;
}


static void
team_grant_id_write(char *text, const unsigned char *id)
{
    size_t             i;
    static const char  hex[] = "0123456789abcdef";

    for (i = 0; i < TEAM_GRANT_ID; i++) {

        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *text++ = '-';
        }

        *text++ = hex[id[i] >> 4];
        *text++ = hex[id[i] & 0xf];
    }
}


int
team_member_find(team_str_t word)
{
    int  i;

    for (i = 0; i < TEAM_MEMBER_STATES; i++) {
        if (team_str_eq(word, team_member_words[i])) {
            return i;
        }
    }

    return -1;
}
