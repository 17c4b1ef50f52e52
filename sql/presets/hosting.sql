-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- All permissions, or hand-picked ones.

insert into team.preset (name, title, owner_mode, owner_role,
                         role_cardinality, direct_permissions, self_change,
                         suspend_enabled, suspend_label, admin_may_remove_admin)
values ('hosting', 'Hosting', 'single', 'owner',
        'zero_or_one', true, 'forbid',
        false, 'Suspended', true)
on conflict (name) do update
  set title = excluded.title,
      owner_mode = excluded.owner_mode,
      owner_role = excluded.owner_role,
      role_cardinality = excluded.role_cardinality,
      direct_permissions = excluded.direct_permissions,
      self_change = excluded.self_change,
      suspend_enabled = excluded.suspend_enabled,
      suspend_label = excluded.suspend_label,
      admin_may_remove_admin = excluded.admin_may_remove_admin;

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
