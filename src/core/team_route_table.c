/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* The routes themselves: what is asked where, and who answers it. */

#include "team_route.h"


#define TEAM_MAX_CURSOR  512     /* ours are far below */
#define TEAM_MAX_LIMIT   200     /* rows of one page */
#define TEAM_MAX_ROLES   20      /* roles of one member */
#define TEAM_MAX_NAMES   200     /* permissions or groups at a time */
#define TEAM_MAX_TEXT    200     /* of names, and of what is looked for */
#define TEAM_MAX_SECRET  200     /* of a token or code; ours have 43 */
#define TEAM_MAX_JSON    65536   /* bytes; as much as a body */


/*
 * The parts of a statement.  Parameters travel as text; where a function wants
 * another type the cast stands beside the number.
 */

#define TEAM_SELECT                                                           \
    "select status, body, etag, location, cursor, changed from team_api."

#define TEAM_ACTOR  "$1, $2, $3, $4::boolean, $5"

#define team_fields(list)  list, sizeof(list) / sizeof(list[0])


/* The fields of the rows below, in the order of the function's parameters. */

static const team_field_t  team_fields_page[] = {
    { TEAM_FIELD_QUERY_INT, "limit", 1, TEAM_MAX_LIMIT, 0 },
    { TEAM_FIELD_QUERY_TEXT, "cursor", 1, TEAM_MAX_CURSOR, 0 }
};

static const team_field_t  team_fields_account_post[] = {
    { TEAM_FIELD_TEXT, "name", 1, TEAM_MAX_TEXT, 1 },
    { TEAM_FIELD_TEXT, "preset", 1, 63, 1 },
    { TEAM_FIELD_TEXT, "time_zone", 1, 64, 0 },
    { TEAM_FIELD_TEXT, "slug", 1, TEAM_MAX_ACCOUNT, 0 },
    { TEAM_FIELD_IDEMPOTENCY, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_account[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_change[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_BODY, NULL, 0, TEAM_MAX_JSON, 1 },
    { TEAM_FIELD_IF_MATCH, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_account_close[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_TEXT, "confirm", 1, TEAM_MAX_ACCOUNT, 1 },
    { TEAM_FIELD_IF_MATCH, NULL, 0, 0, 0 },
    { TEAM_FIELD_IDEMPOTENCY, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_list[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_QUERY_INT, "limit", 1, TEAM_MAX_LIMIT, 0 },
    { TEAM_FIELD_QUERY_TEXT, "cursor", 1, TEAM_MAX_CURSOR, 0 }
};

static const team_field_t  team_fields_subaccount_post[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_TEXT, "name", 1, TEAM_MAX_TEXT, 1 },
    { TEAM_FIELD_TEXT, "slug", 1, TEAM_MAX_ACCOUNT, 0 },
    { TEAM_FIELD_TEXT, "time_zone", 1, 64, 0 },
    { TEAM_FIELD_JSON, "invitation", 0, TEAM_MAX_JSON, 0 },
    { TEAM_FIELD_IDEMPOTENCY, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_directory_list[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_QUERY_TEXT, "q", 0, TEAM_MAX_TEXT, 0 },
    { TEAM_FIELD_QUERY_TEXT, "kind", 1, 20, 0 },
    { TEAM_FIELD_QUERY_TEXT, "status", 1, 20, 0 },
    { TEAM_FIELD_QUERY_TEXT, "role", 1, 63, 0 },
    { TEAM_FIELD_QUERY_TEXT, "group", 1, 36, 0 },
    { TEAM_FIELD_QUERY_TEXT, "sort", 1, 20, 0 },
    { TEAM_FIELD_QUERY_INT, "limit", 1, TEAM_MAX_LIMIT, 0 },
    { TEAM_FIELD_QUERY_TEXT, "cursor", 1, TEAM_MAX_CURSOR, 0 },
    { TEAM_FIELD_FORMAT, "format", 0, 0, 0 }
};

static const team_field_t  team_fields_one[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_one_match[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_IF_MATCH, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_one_once[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_IDEMPOTENCY, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_change_one[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_BODY, NULL, 0, TEAM_MAX_JSON, 1 },
    { TEAM_FIELD_IF_MATCH, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_member_roles_put[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_TEXTS, "roles", 0, TEAM_MAX_ROLES, 1 },
    { TEAM_FIELD_IF_MATCH, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_member_permissions_put[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_TEXTS, "permissions", 0, TEAM_MAX_NAMES, 1 },
    { TEAM_FIELD_IF_MATCH, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_member_groups_put[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_TEXTS, "groups", 0, TEAM_MAX_NAMES, 1 },
    { TEAM_FIELD_IF_MATCH, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_login_list[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_QUERY_INT, "limit", 1, TEAM_MAX_LIMIT, 0 },
    { TEAM_FIELD_QUERY_TEXT, "cursor", 1, TEAM_MAX_CURSOR, 0 }
};

static const team_field_t  team_fields_invitation_list[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_QUERY_TEXT, "status", 1, 20, 0 },
    { TEAM_FIELD_QUERY_INT, "limit", 1, TEAM_MAX_LIMIT, 0 },
    { TEAM_FIELD_QUERY_TEXT, "cursor", 1, TEAM_MAX_CURSOR, 0 }
};

static const team_field_t  team_fields_invitation_post[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_TEXT, "email", 1, 320, 1 },
    { TEAM_FIELD_TEXT, "name", 1, TEAM_MAX_TEXT, 0 },
    { TEAM_FIELD_TEXTS, "roles", 0, TEAM_MAX_ROLES, 0 },
    { TEAM_FIELD_TEXTS, "permissions", 0, TEAM_MAX_NAMES, 0 },
    { TEAM_FIELD_TEXTS, "groups", 0, TEAM_MAX_NAMES, 0 },
    { TEAM_FIELD_TEXT, "locale", 2, 35, 0 },
    { TEAM_FIELD_IDEMPOTENCY, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_invitation_batch[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_JSON, "invitations", 0, TEAM_MAX_JSON, 0 },
    { TEAM_FIELD_CSV, NULL, 0, TEAM_MAX_JSON, 0 },
    { TEAM_FIELD_IDEMPOTENCY, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_invitation_resend[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_IDEMPOTENCY, NULL, 0, 0, 0 },
    { TEAM_FIELD_IF_MATCH, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_token[] = {
    { TEAM_FIELD_TEXT, "token", 1, TEAM_MAX_SECRET, 1 }
};

static const team_field_t  team_fields_token_once[] = {
    { TEAM_FIELD_TEXT, "token", 1, TEAM_MAX_SECRET, 1 },
    { TEAM_FIELD_IDEMPOTENCY, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_link_post[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_TEXT, "role", 1, TEAM_MAX_ROLE, 0 },
    { TEAM_FIELD_INT, "max_uses", 1, 1000000, 0 },
    { TEAM_FIELD_INT, "expires_in", 3600, 7776000, 0 },
    { TEAM_FIELD_TEXTS, "domains", 0, 20, 0 },
    { TEAM_FIELD_IDEMPOTENCY, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_link_join[] = {
    { TEAM_FIELD_TEXT, "code", 1, TEAM_MAX_SECRET, 1 },
    { TEAM_FIELD_IDEMPOTENCY, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_transfer_post[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_TEXT, "to", 1, 36, 1 },
    { TEAM_FIELD_IF_MATCH, NULL, 0, 0, 0 },
    { TEAM_FIELD_IDEMPOTENCY, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_role_post[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_TEXT, "key", 1, TEAM_MAX_ROLE, 1 },
    { TEAM_FIELD_TEXT, "name", 1, TEAM_MAX_TEXT, 1 },
    { TEAM_FIELD_INT, "rank", 1, 999, 1 },
    { TEAM_FIELD_TEXTS, "permissions", 0, TEAM_MAX_NAMES, 1 },
    { TEAM_FIELD_IDEMPOTENCY, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_role_put[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_TEXT, "name", 1, TEAM_MAX_TEXT, 1 },
    { TEAM_FIELD_INT, "rank", 1, 999, 1 },
    { TEAM_FIELD_TEXTS, "permissions", 0, TEAM_MAX_NAMES, 1 },
    { TEAM_FIELD_IF_MATCH, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_group_post[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_TEXT, "name", 1, TEAM_MAX_TEXT, 1 },
    { TEAM_FIELD_TEXT, "policy", 1, TEAM_MAX_TEXT, 0 },
    { TEAM_FIELD_TEXT, "approver", 1, 36, 0 },
    { TEAM_FIELD_IDEMPOTENCY, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_two[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_IF_MATCH, NULL, 0, 0, 0 }
};

static const team_field_t  team_fields_audit_list[] = {
    { TEAM_FIELD_PATH, NULL, 0, 0, 0 },
    { TEAM_FIELD_QUERY_TEXT, "actor", 1, 255, 0 },
    { TEAM_FIELD_QUERY_TEXT, "action", 1, 64, 0 },
    { TEAM_FIELD_QUERY_TEXT, "target", 1, 36, 0 },
    { TEAM_FIELD_QUERY_TEXT, "from", 1, 40, 0 },
    { TEAM_FIELD_QUERY_TEXT, "to", 1, 40, 0 },
    { TEAM_FIELD_QUERY_INT, "limit", 1, TEAM_MAX_LIMIT, 0 },
    { TEAM_FIELD_QUERY_TEXT, "cursor", 1, TEAM_MAX_CURSOR, 0 },
    { TEAM_FIELD_FORMAT, "format", 0, 0, 0 }
};

static const team_field_t  team_fields_explain[] = {
    { TEAM_FIELD_TEXT, "account", 1, TEAM_MAX_ACCOUNT, 1 },
    { TEAM_FIELD_TEXT, "identity", 1, 36, 1 },
    { TEAM_FIELD_TEXT, "permission", 1, TEAM_MAX_PERMISSION, 1 }
};


/* method, path, function, statement, fields, their number, public, write */

static const team_route_t  team_route_table[] = {

    { TEAM_METHOD_GET, "/v1/healthz", "healthz_get",
      TEAM_SELECT "healthz_get()",
      NULL, 0, 1, 0 },

    { TEAM_METHOD_GET, "/v1/me", "me_get",
      TEAM_SELECT "me_get(" TEAM_ACTOR ")",
      NULL, 0, 0, 0 },

    { TEAM_METHOD_GET, "/v1/me/accounts", "me_accounts",
      TEAM_SELECT "me_accounts(" TEAM_ACTOR ", $6::integer, $7)",
      team_fields(team_fields_page), 0, 0 },

    { TEAM_METHOD_GET, "/v1/me/invitations", "me_invitations",
      TEAM_SELECT "me_invitations(" TEAM_ACTOR ", $6::integer, $7)",
      team_fields(team_fields_page), 0, 0 },

    { TEAM_METHOD_GET, "/v1/presets", "preset_list",
      TEAM_SELECT "preset_list(" TEAM_ACTOR ")",
      NULL, 0, 0, 0 },

    { TEAM_METHOD_POST, "/v1/accounts", "account_post",
      TEAM_SELECT "account_post(" TEAM_ACTOR ", $6, $7, $8, $9, $10)",
      team_fields(team_fields_account_post), 0, 1 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}", "account_get",
      TEAM_SELECT "account_get(" TEAM_ACTOR ", $6)",
      team_fields(team_fields_account), 0, 0 },

    { TEAM_METHOD_PATCH, "/v1/accounts/{a}", "account_patch",
      TEAM_SELECT "account_patch(" TEAM_ACTOR ", $6, $7::jsonb, $8)",
      team_fields(team_fields_change), 0, 1 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}/grant", "me_grant",
      TEAM_SELECT "me_grant(" TEAM_ACTOR ", $6)",
      team_fields(team_fields_account), 0, 0 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}/policy", "policy_get",
      TEAM_SELECT "policy_get(" TEAM_ACTOR ", $6)",
      team_fields(team_fields_account), 0, 0 },

    { TEAM_METHOD_PUT, "/v1/accounts/{a}/policy", "policy_put",
      TEAM_SELECT "policy_put(" TEAM_ACTOR ", $6, $7::jsonb, $8)",
      team_fields(team_fields_change), 0, 1 },

    { TEAM_METHOD_POST, "/v1/accounts/{a}/closure", "account_close",
      TEAM_SELECT "account_close(" TEAM_ACTOR ", $6, $7, $8, $9)",
      team_fields(team_fields_account_close), 0, 1 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}/subaccounts", "subaccount_list",
      TEAM_SELECT "subaccount_list(" TEAM_ACTOR ", $6, $7::integer, $8)",
      team_fields(team_fields_list), 0, 0 },

    { TEAM_METHOD_POST, "/v1/accounts/{a}/subaccounts", "subaccount_post",
      TEAM_SELECT "subaccount_post(" TEAM_ACTOR
          ", $6, $7, $8, $9, $10::jsonb, $11)",
      team_fields(team_fields_subaccount_post), 0, 1 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}/seats", "seats_get",
      TEAM_SELECT "seats_get(" TEAM_ACTOR ", $6)",
      team_fields(team_fields_account), 0, 0 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}/directory", "directory_list",
      TEAM_SELECT "directory_list(" TEAM_ACTOR
          ", $6, $7, $8, $9, $10, $11, $12, $13::integer, $14, $15)",
      team_fields(team_fields_directory_list), 0, 0 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}/members", "member_list",
      TEAM_SELECT "member_list(" TEAM_ACTOR ", $6, $7::integer, $8)",
      team_fields(team_fields_list), 0, 0 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}/members/{m}", "member_get",
      TEAM_SELECT "member_get(" TEAM_ACTOR ", $6, $7)",
      team_fields(team_fields_one), 0, 0 },

    { TEAM_METHOD_PATCH, "/v1/accounts/{a}/members/{m}", "member_patch",
      TEAM_SELECT "member_patch(" TEAM_ACTOR ", $6, $7, $8::jsonb, $9)",
      team_fields(team_fields_change_one), 0, 1 },

    { TEAM_METHOD_DELETE, "/v1/accounts/{a}/members/{m}", "member_remove",
      TEAM_SELECT "member_remove(" TEAM_ACTOR ", $6, $7, $8)",
      team_fields(team_fields_one_match), 0, 1 },

    { TEAM_METHOD_PUT, "/v1/accounts/{a}/members/{m}/suspension",
      "member_suspend",
      TEAM_SELECT "member_suspend(" TEAM_ACTOR ", $6, $7, $8)",
      team_fields(team_fields_one_match), 0, 1 },

    { TEAM_METHOD_DELETE, "/v1/accounts/{a}/members/{m}/suspension",
      "member_resume",
      TEAM_SELECT "member_resume(" TEAM_ACTOR ", $6, $7, $8)",
      team_fields(team_fields_one_match), 0, 1 },

    { TEAM_METHOD_PUT, "/v1/accounts/{a}/members/{m}/roles",
      "member_roles_put",
      TEAM_SELECT "member_roles_put(" TEAM_ACTOR ", $6, $7, $8::jsonb, $9)",
      team_fields(team_fields_member_roles_put), 0, 1 },

    { TEAM_METHOD_PUT, "/v1/accounts/{a}/members/{m}/permissions",
      "member_permissions_put",
      TEAM_SELECT "member_permissions_put(" TEAM_ACTOR
          ", $6, $7, $8::jsonb, $9)",
      team_fields(team_fields_member_permissions_put), 0, 1 },

    { TEAM_METHOD_PUT, "/v1/accounts/{a}/members/{m}/groups",
      "member_groups_put",
      TEAM_SELECT "member_groups_put(" TEAM_ACTOR ", $6, $7, $8::jsonb, $9)",
      team_fields(team_fields_member_groups_put), 0, 1 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}/members/{m}/logins", "login_list",
      TEAM_SELECT "login_list(" TEAM_ACTOR ", $6, $7, $8::integer, $9)",
      team_fields(team_fields_login_list), 0, 0 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}/invitations", "invitation_list",
      TEAM_SELECT "invitation_list(" TEAM_ACTOR ", $6, $7, $8::integer, $9)",
      team_fields(team_fields_invitation_list), 0, 0 },

    { TEAM_METHOD_POST, "/v1/accounts/{a}/invitations", "invitation_post",
      TEAM_SELECT "invitation_post(" TEAM_ACTOR
          ", $6, $7, $8, $9::jsonb, $10::jsonb, $11::jsonb, $12, $13)",
      team_fields(team_fields_invitation_post), 0, 1 },

    { TEAM_METHOD_POST, "/v1/accounts/{a}/invitation-batches",
      "invitation_batch",
      TEAM_SELECT "invitation_batch(" TEAM_ACTOR ", $6, $7::jsonb, $8, $9)",
      team_fields(team_fields_invitation_batch), 0, 1 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}/invitations/{i}", "invitation_get",
      TEAM_SELECT "invitation_get(" TEAM_ACTOR ", $6, $7)",
      team_fields(team_fields_one), 0, 0 },

    { TEAM_METHOD_DELETE, "/v1/accounts/{a}/invitations/{i}",
      "invitation_delete",
      TEAM_SELECT "invitation_delete(" TEAM_ACTOR ", $6, $7, $8)",
      team_fields(team_fields_one_match), 0, 1 },

    { TEAM_METHOD_POST, "/v1/accounts/{a}/invitations/{i}/resend",
      "invitation_resend",
      TEAM_SELECT "invitation_resend(" TEAM_ACTOR ", $6, $7, $8, $9)",
      team_fields(team_fields_invitation_resend), 0, 1 },

    { TEAM_METHOD_POST, "/v1/invitations/lookup", "invitation_lookup",
      TEAM_SELECT "invitation_lookup(null, null, null, null, null, $1)",
      team_fields(team_fields_token), 1, 0 },

    { TEAM_METHOD_POST, "/v1/invitations/accept", "invitation_accept",
      TEAM_SELECT "invitation_accept(" TEAM_ACTOR ", $6, $7)",
      team_fields(team_fields_token_once), 0, 1 },

    { TEAM_METHOD_POST, "/v1/invitations/decline", "invitation_decline",
      TEAM_SELECT "invitation_decline(" TEAM_ACTOR ", $6, $7)",
      team_fields(team_fields_token_once), 0, 1 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}/invite-links", "link_list",
      TEAM_SELECT "link_list(" TEAM_ACTOR ", $6, $7::integer, $8)",
      team_fields(team_fields_list), 0, 0 },

    { TEAM_METHOD_POST, "/v1/accounts/{a}/invite-links", "link_post",
      TEAM_SELECT "link_post(" TEAM_ACTOR
          ", $6, $7, $8::integer, $9::integer, $10::jsonb, $11)",
      team_fields(team_fields_link_post), 0, 1 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}/invite-links/{l}", "link_get",
      TEAM_SELECT "link_get(" TEAM_ACTOR ", $6, $7)",
      team_fields(team_fields_one), 0, 0 },

    { TEAM_METHOD_DELETE, "/v1/accounts/{a}/invite-links/{l}", "link_delete",
      TEAM_SELECT "link_delete(" TEAM_ACTOR ", $6, $7, $8)",
      team_fields(team_fields_one_match), 0, 1 },

    { TEAM_METHOD_POST, "/v1/invite-links/join", "link_join",
      TEAM_SELECT "link_join(" TEAM_ACTOR ", $6, $7)",
      team_fields(team_fields_link_join), 0, 1 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}/join-requests", "join_list",
      TEAM_SELECT "join_list(" TEAM_ACTOR ", $6, $7::integer, $8)",
      team_fields(team_fields_list), 0, 0 },

    { TEAM_METHOD_POST, "/v1/accounts/{a}/join-requests/{j}/approve",
      "join_approve",
      TEAM_SELECT "join_approve(" TEAM_ACTOR ", $6, $7, $8)",
      team_fields(team_fields_one_once), 0, 1 },

    { TEAM_METHOD_POST, "/v1/accounts/{a}/join-requests/{j}/reject",
      "join_reject",
      TEAM_SELECT "join_reject(" TEAM_ACTOR ", $6, $7, $8)",
      team_fields(team_fields_one_once), 0, 1 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}/ownership-transfers", "transfer_list",
      TEAM_SELECT "transfer_list(" TEAM_ACTOR ", $6, $7::integer, $8)",
      team_fields(team_fields_list), 0, 0 },

    { TEAM_METHOD_POST, "/v1/accounts/{a}/ownership-transfers",
      "transfer_post",
      TEAM_SELECT "transfer_post(" TEAM_ACTOR ", $6, $7, $8, $9)",
      team_fields(team_fields_transfer_post), 0, 1 },

    { TEAM_METHOD_POST, "/v1/accounts/{a}/ownership-transfers/{t}/accept",
      "transfer_accept",
      TEAM_SELECT "transfer_accept(" TEAM_ACTOR ", $6, $7, $8)",
      team_fields(team_fields_one_once), 0, 1 },

    { TEAM_METHOD_POST, "/v1/accounts/{a}/ownership-transfers/{t}/decline",
      "transfer_decline",
      TEAM_SELECT "transfer_decline(" TEAM_ACTOR ", $6, $7, $8)",
      team_fields(team_fields_one_once), 0, 1 },

    { TEAM_METHOD_DELETE, "/v1/accounts/{a}/ownership-transfers/{t}",
      "transfer_cancel",
      TEAM_SELECT "transfer_cancel(" TEAM_ACTOR ", $6, $7)",
      team_fields(team_fields_one), 0, 1 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}/roles", "role_list",
      TEAM_SELECT "role_list(" TEAM_ACTOR ", $6)",
      team_fields(team_fields_account), 0, 0 },

    { TEAM_METHOD_POST, "/v1/accounts/{a}/roles", "role_post",
      TEAM_SELECT "role_post(" TEAM_ACTOR
          ", $6, $7, $8, $9::integer, $10::jsonb, $11)",
      team_fields(team_fields_role_post), 0, 1 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}/roles/{r}", "role_get",
      TEAM_SELECT "role_get(" TEAM_ACTOR ", $6, $7)",
      team_fields(team_fields_one), 0, 0 },

    { TEAM_METHOD_PUT, "/v1/accounts/{a}/roles/{r}", "role_put",
      TEAM_SELECT "role_put(" TEAM_ACTOR
          ", $6, $7, $8, $9::integer, $10::jsonb, $11)",
      team_fields(team_fields_role_put), 0, 1 },

    { TEAM_METHOD_DELETE, "/v1/accounts/{a}/roles/{r}", "role_delete",
      TEAM_SELECT "role_delete(" TEAM_ACTOR ", $6, $7, $8)",
      team_fields(team_fields_one_match), 0, 1 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}/permissions", "permission_list",
      TEAM_SELECT "permission_list(" TEAM_ACTOR ", $6)",
      team_fields(team_fields_account), 0, 0 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}/groups", "group_list",
      TEAM_SELECT "group_list(" TEAM_ACTOR ", $6, $7::integer, $8)",
      team_fields(team_fields_list), 0, 0 },

    { TEAM_METHOD_POST, "/v1/accounts/{a}/groups", "group_post",
      TEAM_SELECT "group_post(" TEAM_ACTOR ", $6, $7, $8, $9, $10)",
      team_fields(team_fields_group_post), 0, 1 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}/groups/{g}", "group_get",
      TEAM_SELECT "group_get(" TEAM_ACTOR ", $6, $7)",
      team_fields(team_fields_one), 0, 0 },

    { TEAM_METHOD_PATCH, "/v1/accounts/{a}/groups/{g}", "group_patch",
      TEAM_SELECT "group_patch(" TEAM_ACTOR ", $6, $7, $8::jsonb, $9)",
      team_fields(team_fields_change_one), 0, 1 },

    { TEAM_METHOD_DELETE, "/v1/accounts/{a}/groups/{g}", "group_delete",
      TEAM_SELECT "group_delete(" TEAM_ACTOR ", $6, $7, $8)",
      team_fields(team_fields_one_match), 0, 1 },

    { TEAM_METHOD_PUT, "/v1/accounts/{a}/groups/{g}/members/{m}",
      "group_member_put",
      TEAM_SELECT "group_member_put(" TEAM_ACTOR ", $6, $7, $8, $9)",
      team_fields(team_fields_two), 0, 1 },

    { TEAM_METHOD_DELETE, "/v1/accounts/{a}/groups/{g}/members/{m}",
      "group_member_delete",
      TEAM_SELECT "group_member_delete(" TEAM_ACTOR ", $6, $7, $8, $9)",
      team_fields(team_fields_two), 0, 1 },

    { TEAM_METHOD_GET, "/v1/accounts/{a}/audit-events", "audit_list",
      TEAM_SELECT "audit_list(" TEAM_ACTOR
          ", $6, $7, $8, $9, $10, $11, $12::integer, $13, $14)",
      team_fields(team_fields_audit_list), 0, 0 },

    { TEAM_METHOD_POST, "/v1/explain", "explain",
      TEAM_SELECT "explain(" TEAM_ACTOR ", $6, $7, $8)",
      team_fields(team_fields_explain), 0, 0 }
};


const team_route_t *
team_routes(size_t *n)
{
    *n = sizeof(team_route_table) / sizeof(team_route_table[0]);

    return team_route_table;
}
