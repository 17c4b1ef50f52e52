-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- An account with subaccounts; several roles and single permissions a person.
-- The Company Account Admins are its owners: at least one of them stays.

insert into team.preset (name, title, owner_mode, owner_role,
                         role_cardinality, direct_permissions, self_change,
                         suspend_enabled, suspend_label, admin_may_remove_admin)
values ('branches', 'Branches', 'many', 'owner',
        'many', true, 'forbid',
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
