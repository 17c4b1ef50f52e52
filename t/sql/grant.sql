-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- team_api.grant_get: what the gate is told.

\set ON_ERROR_STOP on
begin;
select plan(39);

\set i '''https://id.example.com'''
\set finance '''active|finance|account:read bills:manage cards:read funds:read own-cards:read payees:manage reports:read roles:read'''

select is(t.g('acme-finance', 'acme'), :finance, 'by slug');
select is(t.g('acme-finance', t.a('acme')), :finance, 'by id');
select is(t.g('acme-finance', ''), :finance, 'the only account, empty');
select is(t.g('acme-finance', null), :finance, 'the only account, null');

select is(
  (select (g.account_id, g.member_id)::text
     from team_api.grant_get(:i, 'acme-finance', 'acme') g),
  (select (t.a('acme'), t.m('acme', 'acme-finance'))::text),
  'with the ids of account and member');

select is(t.g('olga', 'acme'), 'active|owner|*', 'all permissions stay "*"');
select is(t.g('acme-pending', 'acme'), 'pending||', 'pending has no rights');
select is(t.g('acme-suspended', 'acme'), 'suspended||', 'nor has suspended');
select is(t.g('acme-pending', null), 'pending||',
          'a pending one where it is the only one');

-- Not a member and no such account are one answer.

select is(t.g('acme-finance', 'tours'), 'none||', 'another''s account');
select is(t.g('acme-finance', 'nowhere'), 'none||', 'no account of that name');
select is(t.g('acme-finance', team.uuid_v7()::text), 'none||', 'nor id');
select is(t.g('nobody', 'acme'), 'none||', 'no such person');
select is(t.g('nobody', null), 'none||', 'nor without an account');
select is(t.g('acme-finance', upper(t.a('acme'))), 'none||',
          'an id has one spelling');
select is(t.g('acme-finance', 'ACME'), 'none||', 'a slug too');
select is(
  (select (g.*)::text from team_api.grant_get(:i, 'nobody', 'acme') g),
  (select (g.*)::text from team_api.grant_get(:i, 'nobody', 'x') g),
  'byte for byte the same, without ids');
select is(
  (select g.status
     from team_api.grant_get('https://other.example', 'olga', 'acme') g),
  'none', 'a subject of another issuer is another person');
select is(
  (select count(*) from team_api.grant_get(null, null, null)), 1::bigint,
  'always one row');

-- Several accounts.

select is(t.g('olga', null), 'choice||', 'several to choose from');
select is(t.g('olga', 'tours'),
          'active|traveller|account:read own-trips:read trips:book',
          'each by its name');

update team.member set status = 'suspended'
 where id = t.m('tours', 'olga')::uuid;
select is(t.g('olga', null), 'active|owner|*', 'the usable one counts first');

update team.member set status = 'suspended'
 where id = t.m('acme', 'olga')::uuid;
select is(t.g('olga', null), 'choice||', 'several, none of them usable');

update team.member set status = 'active'
 where id in (t.m('tours', 'olga')::uuid, t.m('acme', 'olga')::uuid);

-- A closed account.

update team.account set status = 'closed', closed_at = now()
 where slug = 'acme';
select is(t.g('acme-finance', 'acme'), 'closed||', 'closed, for a member');
select is(t.g('acme-suspended', 'acme'), 'closed||', 'whatever their status');
select is(t.g('acme-finance', null), 'closed||', 'also unnamed');
select is(t.g('bento-plain', 'acme'), 'none||', 'for others there is none');
select is(t.g('olga', null),
          'active|traveller|account:read own-trips:read trips:book',
          'the open account is the only one now');
update team.account set status = 'active', closed_at = null
 where slug = 'acme';

-- Several roles, single permissions.

select is(t.g('cloud-picked', 'cloud'),
          'active||account:read billing:read products:read',
          'hand-picked permissions without any role');
select is(t.g('bento-plain', 'bento'), 'active||members:read', 'just one');

insert into team.member_permission (member_id, permission)
values (t.m('acme', 'acme-developer')::uuid, 'account:read'),
       (t.m('acme', 'acme-developer')::uuid, 'data:export');
select is(t.g('acme-developer', 'acme'),
          'active|developer|account:read apis:manage checkout:manage data:export own-cards:read roles:read',
          'the union of role and single ones, each once');

insert into team.member_role (member_id, role_id, account_id)
select t.m('acme', 'acme-developer')::uuid, r.id, r.account_id
  from team.role r
 where r.account_id = t.a('acme')::uuid and r.key = 'finance';
select is(t.g('acme-developer', 'acme'),
          'active|developer finance|account:read apis:manage bills:manage cards:read checkout:manage data:export funds:read own-cards:read payees:manage reports:read roles:read',
          'the union of two roles');

delete from team.member_role where member_id = t.m('tours', 'olga')::uuid;
select is(t.g('olga', 'tours'), 'active||', 'active, and no rights at all');

-- Byte order, not the locale's: this database's default sorts "a-c" elsewhere.

insert into team.permission (name, description)
values ('a:z', ''), ('a-c:a', ''), ('ab:a', ''), ('a1:a', '');
insert into team.role_permission (role_id, permission)
select r.id, p.p
  from team.role r, unnest(array['ab:a', 'a:z', 'a1:a', 'a-c:a']) p (p)
 where r.account_id = t.a('space')::uuid and r.key = 'staff';
select is(t.g('space-staff', 'space'),
          'active|staff|a-c:a a1:a a:z ab:a account:read members:read workspace:use',
          'ascending bytes, one role');
insert into team.member_permission (member_id, permission)
values (t.m('space', 'space-staff')::uuid, 'a1:a');
select is(t.g('space-staff', 'space'),
          'active|staff|a-c:a a1:a a:z ab:a account:read members:read workspace:use',
          'ascending bytes, through the union');

-- The list that a role keeps follows every change of its permissions.

create function pg_temp.stale() returns bigint language sql as $$
  select count(*)
    from team.role r
   where r.permission_list <> coalesce(
     (select string_agg(rp.permission, ' ' order by rp.permission)
        from team.role_permission rp where rp.role_id = r.id), '')
$$;

select is(pg_temp.stale(), 0::bigint, 'after inserts');
update team.role_permission set permission = 'data:export'
 where permission = 'workspace:use';
select is(pg_temp.stale(), 0::bigint, 'after an update');
delete from team.role_permission where permission = 'account:read';
select is(pg_temp.stale(), 0::bigint, 'after a delete');
truncate team.role_permission;
select is(pg_temp.stale(), 0::bigint, 'after truncate');

select * from finish();
rollback;
