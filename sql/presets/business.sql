-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- One owner, five built-in roles.

insert into team.preset (name, title, owner_mode, owner_role,
                         role_cardinality, direct_permissions, self_change,
                         suspend_enabled, suspend_label, admin_may_remove_admin)
values ('business', 'Business', 'single', 'owner',
        'one', false, 'forbid',
        true, 'Suspended', false)
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
