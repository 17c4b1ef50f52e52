-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Several owners; members can be disabled and enabled.

select team.preset_put('{
  "name": "travel",
  "title": "Travel",
  "owner_mode": "many",
  "owner_role": "owner",
  "role_cardinality": "one",
  "direct_permissions": false,
  "self_change": "another_owner",
  "suspend_enabled": true,
  "suspend_label": "Disabled",
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
  "seats_counted": "active",
  "remove_mode": "delete",
  "transfer_target": "off",
  "transfer_target_role": null,
  "transfer_old_owner_role": null,
  "transfer_acceptance": false,
  "activation": "acceptance",
  "all_role": null
}') \g /dev/null

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
  ('travel', 'travel-admin', 'groups:assign'),
  ('travel', 'travel-admin', 'groups:create'),
  ('travel', 'travel-admin', 'groups:delete'),
  ('travel', 'travel-admin', 'groups:read'),
  ('travel', 'travel-admin', 'groups:update'),
  ('travel', 'travel-admin', 'invitations:read'),
  ('travel', 'travel-admin', 'members:read'),
  ('travel', 'travel-admin', 'own-trips:read'),
  ('travel', 'travel-admin', 'roles:read'),
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
