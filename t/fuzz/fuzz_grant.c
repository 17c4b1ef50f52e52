/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * A grant's blob of any bytes: refused, or read as what is written as exactly
 * these bytes.  And the lists in it, whatever they are, to all that reads
 * lists.  The first byte of the input says how long the head is.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/core/team_decide.h"
#include "../../src/core/team_grant.h"
#include "../../src/core/team_perm.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const team_grant_t *grant, const unsigned char *head,
    size_t head_len, const unsigned char *lists, size_t lists_len);
static void lists_of(const unsigned char *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char            ids[72];
    size_t          n, rest;
    team_grant_t    grant;
    unsigned char  *head, *lists;

    if (size == 0) {
        return 0;
    }

    n = data[0];
    data++;
    size--;

    if (n > size) {
        n = size;
    }

    rest = size - n;

    /* copies of their own size, so that a byte too far is seen */

    head = malloc(n + 1);
    lists = malloc(rest + 1);

    if (head == NULL || lists == NULL) {
        abort();
    }

    /* an odd address, too */

    memcpy(head, data, n);
    memcpy(lists + 1, data + n, rest);

    if (team_grant_decode(&grant, ids, head, n, lists + 1, rest) == 0) {
        round_trip(&grant, head, n, lists + 1, rest);
    }

    lists_of(lists + 1, rest);

    free(head);
    free(lists);

    return 0;
}


static void
round_trip(const team_grant_t *grant, const unsigned char *head,
    size_t head_len, const unsigned char *lists, size_t lists_len)
{
    team_need_t     need;
    unsigned char  *again, *again_lists;

    if (team_grant_head_size(grant) != head_len
        || team_grant_lists_size(grant) != lists_len)
    {
        abort();
    }

    again = malloc(head_len);
    again_lists = malloc(lists_len);

    if (again == NULL || again_lists == NULL
        || team_grant_encode(grant, again, again_lists) != 0
        || memcmp(again, head, head_len) != 0
        || memcmp(again_lists, lists, lists_len) != 0)
    {
        abort();
    }

    free(again);
    free(again_lists);

    memset(&need, 0, sizeof(need));

    if ((team_decide(grant, 0, &need) == TEAM_OK)
        != (grant->status == TEAM_MEMBER_ACTIVE))
    {
        abort();
    }
}


/* Every name that a valid list yields is in it, and no other than these. */

static void
lists_of(const unsigned char *data, size_t size)
{
    int         valid;
    size_t      total;
    uint64_t    mask;
    team_str_t  list, rest, name;

    list.data = (const char *) data;
    list.len = size;

    valid = team_list_valid(list);
    rest = list;
    total = 0;

    while (team_list_next(&rest, &name)) {
        total += name.len + 1;

        if (valid && (name.len == 0 || !team_list_has(list, name))) {
            abort();
        }

        mask = team_perm_mask(list, &name, 1);

        if (mask > 1 || (valid && mask != 1)) {
            abort();
        }

        (void) team_perm_valid(name);
        (void) team_role_valid(name);
    }

    if (total > size + 1) {
        abort();
    }
}
