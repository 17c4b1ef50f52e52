/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <stdlib.h>
#include <string.h>

#include "team_unit.h"
#include "../../src/core/team_grant.h"


#define ACCOUNT  "0192f0c1-2345-7abc-8def-0123456789ab"
#define MEMBER   "0192f0c1-ffff-7000-bfff-fedcba987654"

static team_grant_t grant(team_member_e status, const char *account,
    const char *member, const char *roles, const char *permissions);
static void round_trip(const team_grant_t *in, const char *what);
static void refused(team_grant_t in, const char *what);
static void encoding(void);
static void sizes(void);
static void decoding(void);
static void words(void);


int
main(void)
{
    plan(0);

    encoding();
    sizes();
    decoding();
    words();

    return done();
}


static team_grant_t
grant(team_member_e status, const char *account, const char *member,
    const char *roles, const char *permissions)
{
    team_grant_t  out;

    out.status = status;
    out.account = str(account);
    out.member = str(member);
    out.roles = str(roles);
    out.permissions = str(permissions);

    return out;
}


static void
round_trip(const team_grant_t *in, const char *what)
{
    int             rc;
    char            ids[72];
    size_t          head_len, lists_len;
    team_grant_t    out;
    unsigned char  *head, *lists;

    /* exactly the room that was promised to be enough, so ASAN sees more */

    head_len = team_grant_head_size(in);
    lists_len = team_grant_lists_size(in);
    head = malloc(head_len);
    lists = malloc(lists_len);

    if (head == NULL || lists == NULL) {
        abort();
    }

    ok(head_len <= TEAM_GRANT_HEAD, "%s: head of %u bytes", what,
       (unsigned) head_len);

    rc = team_grant_encode(in, head, lists);
    is_int(rc, 0, "%s: encoded", what);

    rc = team_grant_decode(&out, ids, head, head_len, lists, lists_len);
    is_int(rc, 0, "%s: decoded", what);

    ok(rc == 0 && out.status == in->status
       && team_str_eq(out.account, in->account)
       && team_str_eq(out.member, in->member)
       && team_str_eq(out.roles, in->roles)
       && team_str_eq(out.permissions, in->permissions),
       "%s: and the same", what);

    free(head);
    free(lists);
}


static void
refused(team_grant_t in, const char *what)
{
    static unsigned char  head[TEAM_GRANT_HEAD], lists[TEAM_MAX_GRANT * 3];

    is_int(team_grant_encode(&in, head, lists), -1, "refused: %s", what);
}


static void
encoding(void)
{
    team_grant_t  in;

    in = grant(TEAM_MEMBER_ACTIVE, ACCOUNT, MEMBER, "admin owner",
               "* invoices:read");
    round_trip(&in, "active");

    in = grant(TEAM_MEMBER_ACTIVE, ACCOUNT, MEMBER, "", "");
    round_trip(&in, "active without rights");

    in = grant(TEAM_MEMBER_NONE, "", "", "", "");
    round_trip(&in, "not a member");

    in = grant(TEAM_MEMBER_IS_PENDING, ACCOUNT, MEMBER, "", "");
    round_trip(&in, "pending");

    in = grant(TEAM_MEMBER_IS_SUSPENDED, ACCOUNT, MEMBER, "admin", "a:b");
    round_trip(&in, "suspended");

    in = grant(TEAM_MEMBER_CHOICE, "", "", "", "");
    round_trip(&in, "choice");

    in = grant(TEAM_MEMBER_CLOSED, ACCOUNT, "", "", "");
    round_trip(&in, "closed");

    refused(grant(TEAM_MEMBER_STATES, "", "", "", ""), "status");
    refused(grant((team_member_e) 255, "", "", "", ""), "status 255");
    refused(grant(TEAM_MEMBER_NONE, ACCOUNT, "", "", ""), "none, account");
    refused(grant(TEAM_MEMBER_NONE, "", MEMBER, "", ""), "none, member");
    refused(grant(TEAM_MEMBER_NONE, "", "", "owner", ""), "none, roles");
    refused(grant(TEAM_MEMBER_NONE, "", "", "", "*"), "none, permissions");
    refused(grant(TEAM_MEMBER_ACTIVE, "", MEMBER, "", ""), "no account");
    refused(grant(TEAM_MEMBER_ACTIVE, ACCOUNT, "", "", ""), "no member");
    refused(grant(TEAM_MEMBER_ACTIVE, ACCOUNT, "m", "", ""), "short id");
    refused(grant(TEAM_MEMBER_ACTIVE, ACCOUNT "0", MEMBER, "", ""), "long id");
    refused(grant(TEAM_MEMBER_ACTIVE, "0192F0C1-2345-7abc-8def-0123456789ab",
                  MEMBER, "", ""), "upper case id");
    refused(grant(TEAM_MEMBER_ACTIVE, "0192f0c112345-7abc-8def-0123456789ab",
                  MEMBER, "", ""), "digit for a hyphen");
    refused(grant(TEAM_MEMBER_ACTIVE, "0192f0c1-2345-7abc-8def-0123456789a-",
                  MEMBER, "", ""), "hyphen for a digit");
    refused(grant(TEAM_MEMBER_ACTIVE, ACCOUNT, MEMBER, "b a", ""),
            "unsorted roles");
    refused(grant(TEAM_MEMBER_ACTIVE, ACCOUNT, MEMBER, "", "a:b a:b"),
            "repeated permission");
    refused(grant(TEAM_MEMBER_ACTIVE, ACCOUNT, MEMBER, "Owner", ""),
            "no role's name");
    refused(grant(TEAM_MEMBER_ACTIVE, ACCOUNT, MEMBER, "", "owner"),
            "no permission's name");
    refused(grant(TEAM_MEMBER_ACTIVE, ACCOUNT, MEMBER, "",
                  "a:b\r\nX-Team-Roles: owner"), "a header's end");
}


static void
sizes(void)
{
    size_t        n;
    static char   list[TEAM_MAX_GRANT * 2];
    team_grant_t  in;

    /* names of 8 bytes and a space, ascending */

    for (n = 0; n + 9 <= TEAM_MAX_GRANT; n += 9) {
        list[n] = 'r';
        list[n + 1] = (char) ('a' + n / 9 / 676);
        list[n + 2] = (char) ('a' + n / 9 / 26 % 26);
        list[n + 3] = (char) ('a' + n / 9 % 26);
        memcpy(&list[n + 4], ":abc ", 5);
    }

    in = grant(TEAM_MEMBER_ACTIVE, ACCOUNT, MEMBER, "", "");
    in.permissions.data = list;

    in.permissions.len = (TEAM_MAX_GRANT - TEAM_GRANT_HEAD - 2) / 9 * 9 - 1;
    round_trip(&in, "nearly as long as may be");

    in.permissions.len += 9;
    while (in.permissions.len + 2 + TEAM_GRANT_HEAD <= TEAM_MAX_GRANT) {
        in.permissions.len++;
    }

    refused(in, "one byte too long");

    in.permissions.len = (size_t) -1;
    refused(in, "a length that wraps around");

    in.permissions.len = 0;
    in.roles.data = list;
    in.roles.len = (size_t) -2;
    refused(in, "roles whose length wraps around");

    in.roles.len = 65536;
    refused(in, "roles longer than their length field");
}


static void
decoding(void)
{
    int            rc;
    char           ids[72];
    size_t         i, j, taken;
    team_grant_t   in, out;
    unsigned char  head[TEAM_GRANT_HEAD], lists[64], copy[64], again[64];
    unsigned char  again_head[TEAM_GRANT_HEAD];

    in = grant(TEAM_MEMBER_ACTIVE, ACCOUNT, MEMBER, "admin owner", "a:b c:d");

    if (team_grant_encode(&in, head, lists) != 0) {
        abort();
    }

    for (i = 0; i < TEAM_GRANT_HEAD; i++) {
        rc = team_grant_decode(&out, ids, head, i, lists,
                               team_grant_lists_size(&in));

        if (rc != -1) {
            break;
        }
    }

    is_int((int64_t) i, TEAM_GRANT_HEAD, "every shorter head is refused");

    for (i = 0; i < 2 + in.roles.len; i++) {
        rc = team_grant_decode(&out, ids, head, sizeof(head), lists, i);

        if (rc != -1) {
            break;
        }
    }

    is_int((int64_t) i, 2 + 11, "lists that end inside the roles are refused");

    head[0]++;
    rc = team_grant_decode(&out, ids, head, sizeof(head), lists,
                           team_grant_lists_size(&in));
    is_int(rc, -1, "another version is refused");
    head[0]--;

    /*
     * Every single changed byte of the lists: refused, or what is read would
     * be written as exactly these bytes.
     */

    taken = 0;

    for (i = 0; i < team_grant_lists_size(&in); i++) {
        for (j = 0; j < 256; j++) {
            memcpy(copy, lists, sizeof(copy));
            copy[i] = (unsigned char) j;

            rc = team_grant_decode(&out, ids, head, sizeof(head), copy,
                                   team_grant_lists_size(&in));

            if (rc != 0) {
                continue;
            }

            taken++;

            if (team_grant_encode(&out, again_head, again) != 0
                || memcmp(again_head, head, sizeof(head)) != 0
                || memcmp(again, copy, team_grant_lists_size(&in)) != 0)
            {
                ok(0, "byte %u as %u is read as something else", (unsigned) i,
                   (unsigned) j);
            }
        }
    }

    ok(taken >= team_grant_lists_size(&in),
       "%u changed blobs were read, each as itself", (unsigned) taken);

    /* the host is read at any address */

    memmove(copy + 1, lists, team_grant_lists_size(&in));
    rc = team_grant_decode(&out, ids, head, sizeof(head), copy + 1,
                           team_grant_lists_size(&in));
    ok(rc == 0 && team_str_eq(out.permissions, in.permissions),
       "an odd address is fine");
}


static void
words(void)
{
    is_int(team_member_find(str("none")), TEAM_MEMBER_NONE, "none");
    is_int(team_member_find(str("active")), TEAM_MEMBER_ACTIVE, "active");
    is_int(team_member_find(str("pending")), TEAM_MEMBER_IS_PENDING, "pending");
    is_int(team_member_find(str("suspended")), TEAM_MEMBER_IS_SUSPENDED,
           "suspended");
    is_int(team_member_find(str("choice")), TEAM_MEMBER_CHOICE, "choice");
    is_int(team_member_find(str("closed")), TEAM_MEMBER_CLOSED, "closed");
    is_int(team_member_find(str("")), -1, "no word");
    is_int(team_member_find(str("Active")), -1, "upper case");
    is_int(team_member_find(str("activ")), -1, "too short");
    is_int(team_member_find(str("actives")), -1, "too long");
}
