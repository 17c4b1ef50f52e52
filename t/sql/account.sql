-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Presets, and what an administrator does in psql; constraints that hold for
-- whatever is written by hand.

\set ON_ERROR_STOP on
begin;
select plan(48);

-- presets

select is(t.list($$select name::text from team.preset order by name$$),
  'branches,business,hosting,travel,workspace',
  'five presets');
select is(t.list($$
  select r.name::text from team.role r
   where r.account_id = t.a('acme')::uuid order by r.rank desc, r.key$$),
  'Owner,Admin,Developer,Finance,Member',
  'S0.4: five built-in roles');
select is_empty($$select from team.role where not system$$,
                'all of them built in');
select is(t.list($$
  select distinct r.key::text from team.role r
    join team.role_permission p on p.role_id = r.id
   where r.account_id = t.a('acme')::uuid
     and p.permission in ('account:close', '*')$$),
  'owner',
  'S0.5: only the Owner may close the account');
select is_empty($$
  select p.permission from team.role r
    join team.role_permission p on p.role_id = r.id
   where r.account_id = t.a('acme')::uuid and r.key = 'developer'
     and p.permission ~ '^(funds|bills|payees|cards|reports):'$$,
  'S0.10: a Developer has no financial data');
select is_empty($$
  select p.permission from team.role r
    join team.role_permission p on p.role_id = r.id
   where r.account_id = t.a('acme')::uuid and r.key = 'finance'
     and p.permission ~ '^(members|settings|invitations):'$$,
  'S0.9: Finance manages neither users nor settings');
select is(t.list($$
  select p.permission::text from team.role r
    join team.role_permission p on p.role_id = r.id
   where r.account_id = t.a('acme')::uuid and r.key = 'member' order by 1$$),
  'account:read,own-cards:read', 'S0.8: a Member sees their own');
select is(t.list($$
  select r.name::text from team.role r
   where r.account_id = t.a('bento')::uuid order by r.rank desc$$),
  'Company Account Admin,Team Admin', 'S1.21');
select is(t.list($$
  select r.name::text from team.role r
   where r.account_id = t.a('tours')::uuid order by r.rank desc, r.key desc$$),
  'Owner,Travel Admin,Finance Admin,Approver,Traveller',
  'S2.3 to S2.7');
select is(t.list($$
  select r.name::text from team.role r
   where r.account_id = t.a('cloud')::uuid order by r.rank desc$$),
  'Owner,All Permissions', 'S3.9');
select is(t.list($$
  select r.name::text from team.role r
   where r.account_id = t.a('space')::uuid order by r.rank desc$$),
  'Administrator,Staff', 'S4.1');
select is((select (owner_mode, owner_role, role_cardinality,
                   direct_permissions, self_change, suspend_enabled,
                   suspend_label, admin_may_remove_admin)::text
             from team.account where slug = 'tours'),
          '(many,owner,one,f,another_owner,t,Disabled,t)',
          'an account takes over the preset''s policy');

-- account_create

select throws_ok($$select team.account_create('acme', 'x', 'travel')$$,
                 '23505', null, 'a slug is there once');
select throws_ok($$select team.account_create('x', 'x', 'none')$$,
                 'TM422', 'unknown-preset', 'an unknown preset');
select throws_ok($$select team.account_create('x', 'x', 'travel', 'Mars/X')$$,
                 '22023', null, 'an unknown time zone');
select throws_ok($$select team.account_create('X', 'x', 'travel')$$,
                 '23514', null, 'a slug is lower case');
select throws_ok($$select team.account_create('x-', 'x', 'travel')$$,
                 '23514', null, 'and ends in a letter or digit');
select throws_ok($$select team.account_create(
                   'abcdef01-2345-7678-9abc-def012345678', 'x', 'travel')$$,
                 '23514', null, 'and is not like an id');
select lives_ok($$select team.account_create(repeat('x', 63), 'x', 'travel')$$,
                'of at most 63 bytes');
select throws_ok($$select team.account_create(repeat('x', 64), 'x', 'travel')$$,
                 '23514', null, 'not 64');

-- member_add

select team.account_create('fresh', 'Fresh', 'business');
select throws_ok($$select team.member_add('fresh', 'i', 's', null, null, 'x')$$,
                 'TM422', 'unknown-role', 'an unknown role');
select throws_ok($$select team.member_add('fresh', 'i', 's', null, null, null)$$,
                 'TM409', 'role-cardinality', 'a role is needed here');
select throws_ok($$select team.member_add('no', 'i', 's', null, null, null)$$,
                 'TM404', 'not-found', 'an unknown account');
select throws_ok($$select team.member_add('fresh', 'i', 's', null, null,
                                          'owner', 'pending')$$,
                 'TM409', 'not-active', 'an owner is active');
select throws_ok($$select team.member_add('fresh', 'i', '', null, null,
                                          'member')$$,
                 '23514', null, 'a subject is not empty');
select is_empty($$select from team.identity where issuer = 'i'$$,
                'nothing is left of those');
select isnt(team.member_add('fresh', 'i', 's', 'A@Example.ORG', 'S', 'owner'),
            null, 'a new member''s id');
select is((select (i.email, i.email_verified)::text from team.identity i
            where i.issuer = 'i' and i.subject = 's'), '(a@example.org,t)',
          'the email is in ASCII lower case');
select is((select m.identity_id from team.account a
             join team.member m on m.id = a.owner_member_id
            where a.slug = 'fresh'),
          (select id from team.identity where issuer = 'i'),
          'the account points at its owner');
select throws_ok($$select team.member_add('fresh', 'i', 's2', null, null,
                                          'owner')$$,
                 'TM409', 'owner-must-transfer', 'S0.7: there is one already');
select throws_ok($$select team.member_add('fresh', 'i', 's', null, null,
                                          'member')$$,
                 'TM409', 'already-member', 'twice the same person');
select lives_ok($$select team.member_add('tours', 'i', 's', 'other@x.y', 'T',
                                         'owner')$$,
                'in another account the same person, and a further owner');
select is((select name::text from team.identity where issuer = 'i'), 'S',
          'known people keep their name');
select is((select concat_ws(' ', action, outcome, target_type)
             from team.audit_event order by id desc limit 1),
          'member.add done member', 'is audited');

-- constraints

set constraints all immediate;
select throws_ok($$delete from team.member where id = t.m('acme', 'olga')::uuid$$,
                 '23503', null, 'the single owner can''t be deleted by hand');
select throws_ok($$update team.account
                      set owner_member_id = t.m('tours', 'olga')::uuid
                    where slug = 'acme'$$,
                 '23503', null, 'nor be of another account');
select throws_ok($$insert into team.member_role (member_id, role_id, account_id)
                   select t.m('acme', 'acme-member')::uuid, id, account_id
                     from team.role
                    where account_id = t.a('tours')::uuid and key = 'owner'$$,
                 '23503', null, 'a role of another account can''t be held');
select throws_ok($$delete from team.role
                    where account_id = t.a('acme')::uuid and key = 'member'$$,
                 '23503', null, 'a role in use stays');
select throws_ok($$insert into team.member_permission
                   values (t.m('cloud', 'cloud-all')::uuid, 'a:b')$$,
                 '23503', null, 'a permission is of the catalogue');
select throws_ok($$insert into team.permission values ('a', '')$$,
                 '23514', null, 'a permission is resource:action');
select throws_ok($$insert into team.permission values ('a:b c', '')$$,
                 '23514', null, 'without spaces');
select throws_ok($$update team.role set key = 'a b' where key = 'spy'
                     or key = 'member'$$,
                 '23514', null, 'a role''s key too');
select throws_ok($$update team.identity set email = 'A@b.c'
                    where issuer = 'i'$$,
                 '23514', null, 'an email in upper case');
select throws_ok($$update team.identity set subject = E'a\nb'
                    where issuer = 'i'$$,
                 '23514', null, 'a control byte in a subject');
select throws_ok($$insert into team.member (account_id, identity_id, status,
                                            joined_at)
                   select account_id, identity_id, 'active', now()
                     from team.member limit 1$$,
                 '23505', null, 'a person is a member once');

-- ids

select is_empty($$
  select 1 from generate_series(1, 1000), lateral team.uuid_v7() u
   where u::text !~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-'
      or abs(extract(epoch from clock_timestamp()) * 1000
             - ('x' || substr(replace(u::text, '-', ''), 1, 12))::bit(48)::bigint)
         > 60000$$,
  'ids are UUIDv7 of the present time');
select is_empty($$
  select 1
    from (select id, lag(id) over (order by n) as before
            from (select n, team.uuid_v7() as id
                    from generate_series(1, 1000) n
                  offset 0) u) v
   where id < before$$,
  'in the order in which they are made');
select lives_ok($$
  update team.account set owner_member_id = null where slug = 'acme';
  delete from team.account where slug = 'acme'$$,
  'an account can be deleted with all that is in it');

select * from finish();
rollback;
