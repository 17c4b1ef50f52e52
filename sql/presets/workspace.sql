-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Administrators and staff. The owner is an administrator: ownership is an
-- attribute beside the role.

select team.preset_put('{
  "name": "workspace",
  "title": "Workspace",
  "owner_mode": "single",
  "owner_role": "admin",
  "role_cardinality": "one",
  "direct_permissions": false,
  "self_change": "forbid",
  "suspend_enabled": false,
  "suspend_label": "Suspended",
  "admin_may_remove_admin": true,
  "membership_scope": "many",
  "join_email": false,
  "join_subaccount": false,
  "join_link": true,
  "link_role": "staff",
  "link_requires_approval": true,
  "link_ttl": 604800,
  "decline_mode": "off",
  "reinvite_after_decline": "allow",
  "invitation_ttl": 604800,
  "name_required": false,
  "seats_counted": "none",
  "remove_mode": "delete",
  "transfer_target": "role",
  "transfer_target_role": "staff",
  "transfer_old_owner_role": "staff",
  "transfer_acceptance": false,
  "activation": "approval",
  "all_role": null
}') \g /dev/null

insert into team.preset_role (preset, key, name, rank)
values
  ('workspace', 'admin', 'Administrator', 80),
  ('workspace', 'staff', 'Staff', 10)
on conflict (preset, key) do update
  set name = excluded.name,
      rank = excluded.rank;

delete from team.preset_role_permission
 where preset = 'workspace';

insert into team.preset_role_permission (preset, role, permission)
values
  ('workspace', 'admin', '*'),
  ('workspace', 'staff', 'account:read'),
  ('workspace', 'staff', 'members:read'),
  ('workspace', 'staff', 'workspace:use');
