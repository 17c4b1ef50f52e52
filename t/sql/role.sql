-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Roles of an account's own, and the matrix of roles and permissions.
--
-- The story (Shelf PR #2863, chainloop #3264): somebody who may make roles
-- makes one with more rights than they have, or makes one they hold stronger.

\set ON_ERROR_STOP on
begin;
select plan(108);

create function t.role_tag(p_account text, p_role text) returns text
language sql stable as $$
  select team.etag(team.role_text(r.id))
    from team.role r
   where r.account_id = t.a(p_account)::uuid and r.key = p_role
$$;

create function t.role_put(p_subject text, p_account text, p_role text,
  p_name text, p_rank text, p_permissions text)
returns text
language sql as $$
  select t.try('role_put', p_subject, p_account, p_role, p_name, p_rank,
               p_permissions, t.role_tag(p_account, p_role))
$$;

create function t.role_post(p_subject text, p_account text, p_key text,
  p_rank text, p_permissions text)
returns text
language sql as $$
  select t.try('role_post', p_subject, p_account, p_key, 'A ' || p_key,
               p_rank, p_permissions, null)
$$;

create function t.role_delete(p_subject text, p_account text, p_role text)
returns text
language sql as $$
  select t.try('role_delete', p_subject, p_account, p_role,
               t.role_tag(p_account, p_role))
$$;

-- '30 Name a:b c:d'; null: no such role

create function t.role(p_account text, p_role text) returns text
language sql stable as $$
  select concat_ws(' ', r.rank, r.name, nullif(r.permission_list, ''))
    from team.role r
   where r.account_id = t.a(p_account)::uuid and r.key = p_role
$$;

-- gives a role further permissions, as an administrator of the database

create function t.permit(p_account text, p_role text, p_permissions text)
returns void
language sql as $$
  insert into team.role_permission (role_id, permission)
  select r.id, p
    from team.role r, unnest(string_to_array(p_permissions, ' ')) p
   where r.account_id = t.a(p_account)::uuid and r.key = p_role
  on conflict do nothing
$$;

-- --- reading -----------------------------------------------------------------

select is((select string_agg(r ->> 'name', ',' order by n)
             from jsonb_array_elements(t.body('role_list', 'olga', 'acme')
                                       -> 'items') with ordinality x (r, n)),
          'Owner,Admin,Developer,Finance,Member',
          'S0.4: five built-in roles, highest first');
select is(t.body('role_get', 'olga', 'acme', 'member') - array['id', 'account'],
          '{"key": "member", "name": "Member", "rank": 10, "system": true,
            "permissions": ["account:read", "own-cards:read"]}',
          'S0.8: what one is');
select is((t.reply('role_get', 'olga', 'acme', 'member')).etag,
          t.role_tag('acme', 'member'), 'with its entity tag');
select is(t.try('role_list', 'acme-member', 'acme'),
          'TM403 permission-missing', 'roles:read is needed');
select is(t.try('role_get', 'acme-member', 'acme', 'member'),
          'TM403 permission-missing', 'for one too');
select is(t.try('role_list', 'stranger', 'acme'), 'TM404 not-found',
          'a stranger');
select is(t.try('role_get', 'olga', 'acme', 'traveller'), 'TM404 not-found',
          'a role of another account');
select is(t.try('role_get', 'olga', 'acme', null), 'TM404 not-found', 'null');

create temporary view matrix as
select p ->> 'name' as name, p ->> 'description' as description,
       (select string_agg(k, ',') from jsonb_array_elements_text(p -> 'roles')
                                        k) as roles
  from jsonb_array_elements(t.body('permission_list', 'olga', 'acme')
                            -> 'permissions') p;
select is((select count(*) from matrix),
          (select count(*) from team.permission),
          'S0.12: the catalogue as a matrix');
select is((select roles from matrix where name = 'bills:manage'),
          'admin,finance,owner', 'S0.12: who may manage bills, "*" included');
select is((select roles from matrix where name = '*'), 'owner',
          'S0.21: who may do everything');
select is((select roles from matrix where name = 'account:close'), 'owner',
          'S0.5: who may close the account');
select is((select roles from matrix where name = 'apis:manage'),
          'admin,developer,owner', 'S0.10: who may manage APIs');
select is((select roles from matrix where name = 'funds:read'),
          'admin,finance,owner', 'S0.10: a Developer doesn''t see funds');
select is((select roles from matrix where name = 'members:remove'),
          'admin,owner', 'S0.9: Finance doesn''t manage users');
select is((select description from matrix where name = 'bills:manage'),
          'Enter and pay bills', 'with a description');
insert into team.permission values ('rockets:launch', 'Launch rockets');
select is((select concat_ws(' ', roles, description) from matrix
            where name = 'rockets:launch'), 'owner Launch rockets',
          'S3.5: the catalogue is data');
select is(t.try('permission_list', 'acme-member', 'acme'),
          'TM403 permission-missing', 'members:read is needed');

-- --- making one --------------------------------------------------------------

create temporary table made as
select r.* from t.reply('role_post', 'olga', 'acme', 'auditor', ' Auditor ',
                        '30', '["reports:read", "audit:read"]', 'key-1') r;
select is((select status from made), 201, 'a role of one''s own');
select is((select location from made),
          '/v1/accounts/' || t.a('acme') || '/roles/auditor', 'is there');
select is((select body::jsonb - array['id', 'account'] from made),
          '{"key": "auditor", "name": "Auditor", "rank": 30, "system": false,
            "permissions": ["audit:read", "reports:read"]}', 'as it was said');
select is((select etag from made), t.role_tag('acme', 'auditor'),
          'with its entity tag');
select is((select concat_ws(' ', action, outcome, target_type,
                            detail ->> 'key')
             from team.audit_event order by id desc limit 1),
          'role.create done role auditor', 'is audited');
select results_eq($$
  select r.status, r.body
    from t.reply('role_post', 'olga', 'acme', 'auditor', ' Auditor ', '30',
                 '["reports:read", "audit:read"]', 'key-1') r$$,
  'select status, body from made', 'a repeat has the same answer');
select is(t.role_post('olga', 'acme', 'auditor', '30', '[]'),
          'TM409 role-exists', 'a key is there once');
select is(t.role_post('olga', 'acme', 'member', '30', '[]'),
          'TM409 role-exists', 'those of built-in roles too');
select is(t.role_post('space-owner', 'space', 'owner', '30', '[]'),
          'TM409 role-exists', 'S0.7: the key "owner" is nobody''s to make');
select is(t.role('space', 'owner'), null, 'and is not made');
select is(t.put('olga', 'acme', 'acme-member', '["auditor"]'), '200',
          'S3.5: it is given like any other');
select is(t.g('acme-member', 'acme'),
          'active|auditor|audit:read reports:read', 'and holds');
select is(t.role_post('olga', 'acme', 'empty', '1', '[]'), '201',
          'S2.30: least privilege is none');
select is(t.role_post('olga', 'acme', 'almost', '999', '["*"]'), '201',
          'the owner gives all, up to the highest rank');
select is((select (s.is_owner, s.rank)::text from team.member_standing s
            where s.member_id = t.m('acme', 'olga')::uuid), '(t,1000)',
          'S0.7: which makes nobody an owner');

-- bad input

select is(t.role_post('olga', 'acme', null, '30', '[]'), 'TM422 invalid-key',
          'no key');
select is(t.role_post('olga', 'acme', 'A b', '30', '[]'), 'TM422 invalid-key',
          'a key with a blank');
select is(t.role_post('olga', 'acme', '', '30', '[]'), 'TM422 invalid-key',
          'an empty one');
select is(t.role_post('olga', 'acme', repeat('x', 64), '30', '[]'),
          'TM422 invalid-key', 'one too long');
select is(t.role_post('olga', 'acme', E'x\n', '30', '[]'),
          'TM422 invalid-key', 'one with a newline');
select is(t.try('role_post', 'olga', 'acme', 'x', ' ', '30', '[]', null),
          'TM422 invalid-name', 'no name');
select is(t.try('role_post', 'olga', 'acme', 'x', null, '30', '[]', null),
          'TM422 invalid-name', 'null for a name');
select is(t.try('role_post', 'olga', 'acme', 'x', repeat('x', 201), '30',
                '[]', null), 'TM422 invalid-name', 'a name too long');
select is(t.try('role_post', 'olga', 'acme', 'x', E'a\rb', '30', '[]', null),
          'TM422 invalid-name', 'a name of two lines');
select is(t.role_post('olga', 'acme', 'x', '0', '[]'), 'TM422 invalid-rank',
          'rank 0');
select is(t.role_post('olga', 'acme', 'x', '1000', '[]'),
          'TM422 invalid-rank', 'the owner''s rank');
select is(t.role_post('olga', 'acme', 'x', null, '[]'), 'TM422 invalid-rank',
          'no rank');
select is(t.role_post('olga', 'acme', 'x', '30', '"*"'),
          'TM422 invalid-permissions', 'permissions as a string');
select is(t.role_post('olga', 'acme', 'x', '30', '[["*"]]'),
          'TM422 invalid-permissions', 'in two arrays');
select is(t.role_post('olga', 'acme', 'x', '30', '[null]'),
          'TM422 invalid-permissions', 'null');
select is(t.role_post('olga', 'acme', 'x', '30', null),
          'TM422 invalid-permissions', 'none said');
select is(t.role_post('olga', 'acme', 'x', '30',
                      '["audit:read", "audit:read"]'),
          'TM422 invalid-permissions', 'twice the same');
select is(t.role_post('olga', 'acme', 'x', '30', '["audit:read audit:write"]'),
          'TM422 unknown-permission', 'two in one');
select is(t.role_post('olga', 'acme', 'x', '30', '["no:such"]'),
          'TM422 unknown-permission', 'S3.5: not of the catalogue');
select is(t.role('acme', 'x'), null, 'none of which made a role');

-- --- escalation --------------------------------------------------------------

select is(t.role_post('acme-admin', 'acme', 'x', '30', '[]'),
          'TM403 permission-missing', 'S0.11: an Admin makes no roles');
select t.permit('acme', 'admin', 'roles:create roles:update roles:delete');

select is(t.role_post('acme-admin', 'acme', 'mine', '30',
                      '["members:read", "data:export"]'), '403 exceeds-own',
          'a custom role beyond the giver''s own');
select is((select concat_ws(' ', action, outcome, code, target_type, detail)
             from team.audit_event order by id desc limit 1),
          'role.create refused exceeds-own account {"key": "mine", "rank": 30,'
          || ' "permissions": ["members:read", "data:export"]}',
          'is refused and audited');
select is(t.role_post('acme-admin', 'acme', 'mine', '30', '["*"]'),
          '403 exceeds-own', 'S0.21: everything is not theirs to give');
select is(t.role_post('acme-admin', 'acme', 'mine', '30',
                      '["account:close"]'), '403 exceeds-own',
          'S0.5: nor closing the account');
select is(t.role_post('acme-admin', 'acme', 'mine', '80', '[]'), '403 rank',
          'S0.6: nor their own rank');
select is(t.role_post('acme-admin', 'acme', 'mine', '999', '[]'), '403 rank',
          'nor a higher one');
select is(t.role('acme', 'mine'), null, 'there is no such role');
select is(t.role_post('acme-admin', 'acme', 'mine', '79',
                      '["members:read", "members:remove"]'), '201',
          'what is theirs they may give');
select is(t.role_put('acme-admin', 'acme', 'mine', 'Mine', '80', '[]'),
          '403 rank', 'not to be raised to their own rank');
select is(t.role_put('acme-admin', 'acme', 'mine', 'Mine', '70',
                     '["members:read", "data:export"]'), '403 exceeds-own',
          'nor beyond their own rights later');
select is((select concat_ws(' ', action, outcome, code, target_type)
             from team.audit_event order by id desc limit 1),
          'role.update refused exceeds-own role', 'that is audited too');
select is(t.role_put('acme-admin', 'acme', 'admin', 'Admin', '80', '["*"]'),
          '403 rank', 'S1.17: not the role they hold themselves');
select is(t.role_put('acme-admin', 'acme', 'owner', 'Owner', '100', '["*"]'),
          '403 rank', 'S0.11: nor the Owner''s');
select is(t.role_delete('acme-admin', 'acme', 'owner'), '403 rank',
          'which they can''t delete either');
select is(t.role('acme', 'mine'), '79 A mine members:read members:remove',
          'nothing has changed');

-- what somebody else has put into a role stays when it is edited
select t.permit('acme', 'mine', 'data:export');
select is(t.role_put('acme-admin', 'acme', 'mine', 'Mine', '70',
                     '["members:read", "data:export"]'), '200',
          'only what is added must be one''s own');
select is(t.role('acme', 'mine'), '70 Mine data:export members:read', 'is so');

-- several roles: one's own among them, and those of one's betters

select t.permit('bento', 'team-admin', 'roles:create roles:update roles:delete');
select is(t.role_post('bento-team', 'bento', 'helper', '20',
                      '["members:read"]'), '201', 'S1.15: a further role');
insert into team.member_role (member_id, role_id, account_id)
select t.m('bento', 'bento-team')::uuid, r.id, r.account_id
  from team.role r where r.key = 'helper';
select is(t.role_put('bento-team', 'bento', 'helper', 'Helper', '20',
                     '["members:read", "audit:read"]'), '403 self-change',
          'S1.17: not one that they hold, though of a lower rank');
select is(t.role_delete('bento-team', 'bento', 'helper'), '403 self-change',
          'S1.17: nor away with it');
select is(t.role_put('bento-owner', 'bento', 'helper', 'Helper', '20',
                     '["audit:read"]'), '200', 'S1.18: who is above them may');
update team.member_role set member_id = t.m('bento', 'bento-owner')::uuid
 where role_id = (select id from team.role where key = 'helper');
select is(t.role_put('bento-team', 'bento', 'helper', 'Helper', '20', '[]'),
          '403 rank', 'a low role that somebody of higher rank holds');
select is(t.role_put('bento-owner2', 'bento', 'helper', 'Helper', '20',
                     '["*"]'), '200', 'an owner may, for another owner');
update team.member_role set member_id = t.m('bento', 'bento-owner2')::uuid
 where role_id = (select id from team.role where key = 'helper');
select is(t.role_put('bento-owner2', 'bento', 'helper', 'Helper', '20', '[]'),
          '403 self-change', 'S1.17: not for themselves');
select is(t.role_post('bento-owner', 'bento', 'peer', '100', '[]'),
          '403 rank', 'C2: a second owner''s role can''t be made');
select is(t.role_put('tours-owner', 'tours', 'owner', 'X', '50', '[]'),
          '403 rank', 'S2.8: nor the owners'' role be undone');

-- the single owner holds one

update team.account set role_cardinality = 'many' where slug = 'acme';
insert into team.member_role (member_id, role_id, account_id)
select t.m('acme', 'olga')::uuid, r.id, r.account_id
  from team.role r where r.key = 'mine';
select is(t.role_put('acme-admin', 'acme', 'mine', 'Mine', '70', '[]'),
          '403 rank', 'S0.11: a role that the Owner holds is above an Admin');
insert into team.member_role (member_id, role_id, account_id)
select t.m('acme', 'acme-admin2')::uuid, r.id, r.account_id
  from team.role r where r.key = 'almost';
select is(t.role_put('acme-admin2', 'acme', 'mine', 'Mine', '70', '[]'),
          '403 rank', 'S0.21: of whatever rank the other''s roles are');
delete from team.member_role
 where role_id in (select id from team.role where key in ('mine', 'almost'));
update team.account set role_cardinality = 'one' where slug = 'acme';

-- --- changing and deleting ---------------------------------------------------

select is(t.role_put('olga', 'acme', 'member', 'Fellow', '10',
                     '["account:read"]'), 'TM409 system-role',
          'S0.4: built-in roles stay');
select is(t.role_delete('olga', 'acme', 'finance'), 'TM409 system-role',
          'all of them');
select is(t.role('acme', 'member'), '10 Member account:read own-cards:read',
          'as they are');
select is(t.try('role_put', 'olga', 'acme', 'auditor', 'A', '30', '[]', null),
          'TM428 precondition-required', 'If-Match is required');
select is(t.try('role_put', 'olga', 'acme', 'auditor', 'A', '30', '[]',
                t.role_tag('acme', 'member')), 'TM412 precondition-failed',
          'and must match');
select is(t.try('role_delete', 'olga', 'acme', 'auditor', null),
          'TM428 precondition-required', 'to delete it too');
select is(t.try('role_put', 'tours-owner', 'tours', 'auditor', 'A', '30',
                '[]', '*'), 'TM404 not-found', 'a role of another account');
select is(t.try('role_delete', 'tours-owner', 'tours', 'auditor', '*'),
          'TM404 not-found', 'not to delete either');

delete from team.change where xid = pg_current_xact_id();
select is(t.role_put('olga', 'acme', 'auditor', n, r, '[]'), w, w)
  from (values ('  ', '30', 'TM422 invalid-name'),
               ('Auditors', '0', 'TM422 invalid-rank'),
               ('Auditors', '1000', 'TM422 invalid-rank')) v (n, r, w);
select is((t.reply('role_put', 'olga', 'acme', 'auditor', 'Auditors', '35',
                   '["audit:read", "funds:read"]', '*')).changed::jsonb,
          jsonb_build_array(jsonb_build_object('account', t.a('acme'))),
          'S2.19: who holds it is to be forgotten');
select results_eq('select t.changes()', $$values ('account acme')$$,
                  'everybody in the account');
select is(t.g('acme-member', 'acme'),
          'active|auditor|audit:read funds:read', 'S2.19: at once');
select is((select concat_ws(' ', action, detail)
             from team.audit_event order by id desc limit 1),
          'role.update '::text || jsonb_build_object(
            'from', '{"key": "auditor", "name": "Auditor", "rank": 30,
                      "system": false,
                      "permissions": ["audit:read", "reports:read"]}'::jsonb,
            'to', '{"key": "auditor", "name": "Auditors", "rank": 35,
                    "system": false,
                    "permissions": ["audit:read", "funds:read"]}'::jsonb)::text,
          'from what to what');
create temporary table before as select t.audits() as n;
select is(t.role_put('olga', 'acme', 'auditor', 'Auditors', '35',
                     '["funds:read", "audit:read"]'), '200', 'nothing new');
select is(t.audits(), (select n from before), 'is nothing to note');

-- role-in-use

select is(t.role_delete('olga', 'acme', 'auditor'), 'TM409 role-in-use',
          'a member has it');
select t.put('olga', 'acme', 'acme-member', '["member"]');
insert into team.invitation (id, account_id, email, inviter_account_id,
                             inviter_member_id, expires_at)
values ('01900000-0000-7000-8000-000000000001', t.a('acme')::uuid,
        'x@example.com', t.a('acme')::uuid, t.m('acme', 'olga')::uuid,
        now() - interval '1 day');
insert into team.invitation_role (invitation_id, role_id, account_id)
select '01900000-0000-7000-8000-000000000001', id, account_id
  from team.role where key = 'auditor';
select is(t.role_delete('olga', 'acme', 'auditor'), 'TM409 role-in-use',
          'S2.23: an invitation gives it, which can be sent again');
update team.invitation set status = 'declined', decided_at = now()
 where email = 'x@example.com';
insert into team.invite_link (account_id, code_hash, role_id, created_by,
                              expires_at, max_uses, uses)
select account_id, sha256('x'), id, t.m('acme', 'olga')::uuid,
       now() + interval '1 day', 3, 2
  from team.role where key = 'auditor';
select is(t.role_delete('olga', 'acme', 'auditor'), 'TM409 role-in-use',
          'a link gives it');
update team.invite_link set uses = 3 where max_uses = 3;
update team.account set transfer_old_owner_role = 'auditor'
 where slug = 'acme';
select is(t.role_delete('olga', 'acme', 'auditor'), 'TM409 role-in-use',
          'the policy names it');
update team.account set transfer_old_owner_role = 'admin' where slug = 'acme';
select is(t.role_delete('olga', 'acme', 'auditor'), '204',
          'the declined and the used up don''t keep it');
select is(t.role('acme', 'auditor'), null, 'it is gone');
select is((select concat_ws(' ', action, outcome, detail ->> 'key')
             from team.audit_event order by id desc limit 1),
          'role.delete done auditor', 'is audited');
select is(t.role_delete('acme-admin', 'acme', 'mine'), '204',
          'one of lower rank goes at an Admin''s word too');

insert into team.role (account_id, key, name, rank)
select t.a('acme')::uuid, 'r' || n, 'R', 1
  from generate_series(1, 200 - (select count(*) from team.role
                                  where account_id = t.a('acme')::uuid)) n;
select is(t.role_post('olga', 'acme', 'onemore', '1', '[]'),
          'TM409 role-limit', 'there is an end to it');

select * from finish();
rollback;
