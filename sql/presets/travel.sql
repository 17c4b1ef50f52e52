-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Several owners; members can be disabled and enabled.

insert into team.preset (name, title, owner_mode, owner_role,
                         role_cardinality, direct_permissions, self_change,
                         suspend_enabled, suspend_label, admin_may_remove_admin)
values ('travel', 'Travel', 'many', 'owner',
        'one', false, 'another_owner',
        true, 'Disabled', true)
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
  ('travel', 'owner', 'Owner', 100),
  ('travel', 'travel-admin', 'Travel Admin', 60),
  ('travel', 'finance-admin', 'Finance Admin', 60),
  ('travel', 'approver', 'Approver', 30),
  ('travel', 'traveller', 'Traveller', 10)
on conflict (preset, key) do update
  set name = excluded.name,
      rank = excluded.rank;

delete from team.preset_role_permission
 where preset = 'travel';

insert into team.preset_role_permission (preset, role, permission)
values
  ('travel', 'owner', '*'),
  ('travel', 'travel-admin', 'account:read'),
  ('travel', 'travel-admin', 'approvals:manage'),
  ('travel', 'travel-admin', 'assigned-trips:approve'),
  ('travel', 'travel-admin', 'own-trips:read'),
  ('travel', 'travel-admin', 'travel-policies:manage'),
  ('travel', 'travel-admin', 'trips:book'),
  ('travel', 'travel-admin', 'trips:read'),
  ('travel', 'finance-admin', 'account:read'),
  ('travel', 'finance-admin', 'cost-codes:manage'),
  ('travel', 'finance-admin', 'data:export'),
  ('travel', 'finance-admin', 'own-trips:read'),
  ('travel', 'finance-admin', 'reports:read'),
  ('travel', 'finance-admin', 'trips:book'),
  ('travel', 'approver', 'account:read'),
  ('travel', 'approver', 'assigned-trips:approve'),
  ('travel', 'approver', 'own-trips:read'),
  ('travel', 'approver', 'trips:book'),
  ('travel', 'traveller', 'account:read'),
  ('travel', 'traveller', 'own-trips:read'),
  ('travel', 'traveller', 'trips:book');
