-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- One owner, five built-in roles.

select team.preset_put('{
  "name": "business",
  "title": "Business",
  "owner_mode": "single",
  "owner_role": "owner",
  "role_cardinality": "one",
  "direct_permissions": false,
  "self_change": "forbid",
  "suspend_enabled": true,
  "suspend_label": "Suspended",
  "admin_may_remove_admin": false,
  "membership_scope": "exclusive",
  "join_email": true,
  "join_subaccount": false,
  "join_link": false,
  "link_role": null,
  "link_requires_approval": true,
  "link_ttl": 604800,
  "decline_mode": "hidden",
  "reinvite_after_decline": "allow",
  "invitation_ttl": 604800,
  "name_required": true,
  "seats_counted": "active",
  "remove_mode": "delete",
  "transfer_target": "any",
  "transfer_target_role": null,
  "transfer_old_owner_role": "admin",
  "transfer_acceptance": false,
  "activation": "registration",
  "all_role": null
}') \g /dev/null

insert into team.preset_role (preset, key, name, rank)
values
  ('business', 'owner', 'Owner', 100),
  ('business', 'admin', 'Admin', 80),
  ('business', 'finance', 'Finance', 40),
  ('business', 'developer', 'Developer', 40),
  ('business', 'member', 'Member', 10)
on conflict (preset, key) do update
  set name = excluded.name,
      rank = excluded.rank;

delete from team.preset_role_permission
 where preset = 'business';

insert into team.preset_role_permission (preset, role, permission)
values
  ('business', 'owner', '*'),
  ('business', 'admin', 'account:read'),
  ('business', 'admin', 'account:update'),
  ('business', 'admin', 'apis:manage'),
  ('business', 'admin', 'audit:read'),
  ('business', 'admin', 'bills:manage'),
  ('business', 'admin', 'cards:read'),
  ('business', 'admin', 'checkout:manage'),
  ('business', 'admin', 'funds:manage'),
  ('business', 'admin', 'funds:read'),
  ('business', 'admin', 'invitations:create'),
  ('business', 'admin', 'invitations:delete'),
  ('business', 'admin', 'invitations:read'),
  ('business', 'admin', 'logins:read'),
  ('business', 'admin', 'members:approve'),
  ('business', 'admin', 'members:read'),
  ('business', 'admin', 'members:remove'),
  ('business', 'admin', 'members:roles'),
  ('business', 'admin', 'members:suspend'),
  ('business', 'admin', 'members:update'),
  ('business', 'admin', 'own-cards:read'),
  ('business', 'admin', 'payees:manage'),
  ('business', 'admin', 'policy:read'),
  ('business', 'admin', 'reports:read'),
  ('business', 'admin', 'roles:read'),
  ('business', 'admin', 'settings:manage'),
  ('business', 'finance', 'account:read'),
  ('business', 'finance', 'bills:manage'),
  ('business', 'finance', 'cards:read'),
  ('business', 'finance', 'funds:read'),
  ('business', 'finance', 'own-cards:read'),
  ('business', 'finance', 'payees:manage'),
  ('business', 'finance', 'reports:read'),
  ('business', 'finance', 'roles:read'),
  ('business', 'developer', 'account:read'),
  ('business', 'developer', 'apis:manage'),
  ('business', 'developer', 'checkout:manage'),
  ('business', 'developer', 'own-cards:read'),
  ('business', 'developer', 'roles:read'),
  ('business', 'member', 'account:read'),
  ('business', 'member', 'own-cards:read');
