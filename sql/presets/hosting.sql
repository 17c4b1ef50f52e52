-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- All permissions, or hand-picked ones.

select team.preset_put('{
  "name": "hosting",
  "title": "Hosting",
  "owner_mode": "single",
  "owner_role": "owner",
  "role_cardinality": "zero_or_one",
  "direct_permissions": true,
  "self_change": "forbid",
  "suspend_enabled": false,
  "suspend_label": "Suspended",
  "admin_may_remove_admin": true,
  "membership_scope": "many",
  "join_email": true,
  "join_subaccount": false,
  "join_link": false,
  "link_role": null,
  "link_requires_approval": true,
  "link_ttl": 604800,
  "decline_mode": "hidden",
  "reinvite_after_decline": "allow",
  "invitation_ttl": 604800,
  "name_required": false,
  "seats_counted": "none",
  "remove_mode": "revoke",
  "transfer_target": "any",
  "transfer_target_role": null,
  "transfer_old_owner_role": "all",
  "transfer_acceptance": false,
  "activation": "registration",
  "all_role": "all"
}') \g /dev/null

insert into team.preset_role (preset, key, name, rank)
values
  ('hosting', 'owner', 'Owner', 100),
  ('hosting', 'all', 'All Permissions', 80)
on conflict (preset, key) do update
  set name = excluded.name,
      rank = excluded.rank;

delete from team.preset_role_permission
 where preset = 'hosting';

insert into team.preset_role_permission (preset, role, permission)
values
  ('hosting', 'owner', '*'),
  ('hosting', 'all', '*');
