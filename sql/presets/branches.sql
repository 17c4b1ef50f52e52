-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- An account with subaccounts; several roles and single permissions a person.
-- The Company Account Admins are its owners: at least one of them stays.

select team.preset_put('{
  "name": "branches",
  "title": "Branches",
  "owner_mode": "many",
  "owner_role": "owner",
  "role_cardinality": "many",
  "direct_permissions": true,
  "self_change": "forbid",
  "suspend_enabled": false,
  "suspend_label": "Suspended",
  "admin_may_remove_admin": true,
  "membership_scope": "tree",
  "join_email": true,
  "join_subaccount": true,
  "join_link": false,
  "link_role": null,
  "link_requires_approval": true,
  "link_ttl": 604800,
  "decline_mode": "shown",
  "reinvite_after_decline": "remove_first",
  "invitation_ttl": 604800,
  "name_required": false,
  "seats_counted": "none",
  "remove_mode": "delete",
  "transfer_target": "off",
  "transfer_target_role": null,
  "transfer_old_owner_role": null,
  "transfer_acceptance": false,
  "activation": "registration",
  "all_role": null
}') \g /dev/null

insert into team.preset_role (preset, key, name, rank)
values
  ('branches', 'owner', 'Company Account Admin', 100),
  ('branches', 'team-admin', 'Team Admin', 60)
on conflict (preset, key) do update
  set name = excluded.name,
      rank = excluded.rank;

delete from team.preset_role_permission
 where preset = 'branches';

insert into team.preset_role_permission (preset, role, permission)
values
  ('branches', 'owner', '*'),
  ('branches', 'team-admin', 'account:read'),
  ('branches', 'team-admin', 'account:update'),
  ('branches', 'team-admin', 'audit:read'),
  ('branches', 'team-admin', 'invitations:create'),
  ('branches', 'team-admin', 'invitations:delete'),
  ('branches', 'team-admin', 'invitations:read'),
  ('branches', 'team-admin', 'logins:read'),
  ('branches', 'team-admin', 'members:approve'),
  ('branches', 'team-admin', 'members:permissions'),
  ('branches', 'team-admin', 'members:read'),
  ('branches', 'team-admin', 'members:remove'),
  ('branches', 'team-admin', 'members:roles'),
  ('branches', 'team-admin', 'members:update'),
  ('branches', 'team-admin', 'policy:read'),
  ('branches', 'team-admin', 'roles:read'),
  ('branches', 'team-admin', 'subaccounts:create'),
  ('branches', 'team-admin', 'subaccounts:read');
