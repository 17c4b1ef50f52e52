-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Writing to members: every rule, and that a refusal changes nothing.

\set ON_ERROR_STOP on
begin;
select plan(114);

-- --- suspend and resume ------------------------------------------------------

select is(t.try('member_suspend', 'olga', 'acme', t.m('acme', 'acme-admin')),
          '204', 'S0.20: suspend');
select is(t.state('acme', 'acme-admin'), 'suspended admin', 'is suspended');
select is(t.g('acme-admin', 'acme'), 'suspended||', 'and has no rights left');
select is(t.last_audit(), 'member.suspend done olga acme-admin', 'is audited');
select results_eq('select t.changes()', $$values ('acme-admin')$$,
                  'voids that person''s grants');
select is((t.reply('member_suspend', 'olga', 'acme',
                   t.m('acme', 'acme-admin'))).changed::jsonb,
          '[{"issuer": "https://id.example.com", "subject": "acme-admin"}]',
          'names whom, also when repeated');
select is(t.audits(), (select count(*) from team.audit_event
                        where action <> 'member.suspend') + 1,
          'a repeat writes nothing');
select is(t.try('member_resume', 'olga', 'acme', t.m('acme', 'acme-admin')),
          '204', 'resume');
select is(t.state('acme', 'acme-admin'), 'active admin', 'S2.21: as before');
select is(t.last_audit(), 'member.resume done olga acme-admin', 'is audited');
select is(t.try('member_resume', 'olga', 'acme', t.m('acme', 'acme-admin')),
          '204', 'idempotent');

select is(t.try('member_suspend', 'acme-finance', 'acme',
                t.m('acme', 'acme-member')), 'TM403 permission-missing',
          'S0.9: Finance cannot manage users');
select is(t.try('member_suspend', 'acme-admin', 'acme',
                t.m('acme', 'acme-member')), '204',
          'S0.11: Admin manages users');
select is(t.try('member_resume', 'acme-admin', 'acme',
                t.m('acme', 'acme-member')), '204', 'both ways');
select is(t.try('member_suspend', 'acme-admin', 'acme',
                t.m('acme', 'acme-admin2')), '403 rank', 'not other Admins');
select is(t.state('acme', 'acme-admin2'), 'active admin', 'who stays active');
select is(t.last_audit(), 'member.suspend refused rank acme-admin acme-admin2',
          'the attempt is audited');
select is(t.try('member_suspend', 'acme-admin', 'acme', t.m('acme', 'olga')),
          '403 rank', 'nor the Owner');
select is(t.try('member_suspend', 'acme-admin', 'acme', 'me'),
          '403 self-change', 'nobody suspends themselves');
select is(t.last_audit(),
          'member.suspend refused self-change acme-admin acme-admin',
          'that is audited too');
select is(t.try('member_suspend', 'olga', 'acme', 'me'), '403 self-change',
          'the owner neither');
select is(t.try('member_suspend', 'olga', 'acme', t.m('acme', 'acme-pending')),
          'TM409 not-active', 'who is not in yet is not suspended');
select is(t.try('member_resume', 'olga', 'acme', t.m('acme', 'acme-pending')),
          'TM409 not-active', 'nor let in that way');
select is(t.try('member_suspend', 'space-owner', 'space',
                t.m('space', 'space-staff')), 'TM409 suspend-disabled',
          'C11: no suspension in a workspace');
select is(t.state('space', 'space-staff'), 'active staff', 'so there is none');

-- ids of others, malformed, unknown: the same 404, no write

select is(t.try('member_suspend', 'olga', 'acme', t.m('tours', 'tours-owner')),
          'TM404 not-found', 'a member of another account');
select is(t.state('tours', 'tours-owner'), 'active owner', 'untouched');
select is(t.try('member_suspend', 'acme-admin', 'tours',
                t.m('tours', 'tours-owner')), 'TM404 not-found',
          'in an account of others');
select is(t.try('member_suspend', 'olga', 'acme', ''), 'TM404 not-found',
          'no id');
select is(t.try('member_suspend', 'olga', 'nowhere', 'me'), 'TM404 not-found',
          'no account');
select is(t.try('member_suspend', 'stranger', 'acme', t.m('acme', 'olga')),
          'TM404 not-found', 'a stranger');
select is(t.try('member_suspend', 'acme-suspended', 'acme',
                t.m('acme', 'acme-finance')), 'TM403 member-suspended',
          'a suspended actor');
select throws_ok($$select team_api.member_suspend(null, null, null, null, null,
                                                  'acme', 'me')$$,
                 'TM401', 'token-missing', 'no actor');

-- owners, where there may be several

select is(t.try('member_suspend', 'tours-finance', 'tours',
                t.m('tours', 'tours-owner')), 'TM403 permission-missing',
          'S2.5: Finance Admin has no such right');
select is(t.try('member_suspend', 'tours-owner', 'tours',
                t.m('tours', 'tours-owner2')), '204',
          'an owner disables another owner');
select is(t.try('member_suspend', 'tours-owner', 'tours', 'me'),
          'TM409 last-owner', 'S2.9: the last owner cannot be disabled');
select is(t.state('tours', 'tours-owner'), 'active owner', 'and is not');
select is(t.put('tours-owner', 'tours', 'tours-owner', '["traveller"]'),
          'TM409 last-owner', 'S2.10: nor their role changed');
select is(t.try('member_remove', 'tours-owner', 'tours', 'me'),
          'TM409 last-owner', 'nor can they leave');
select is(t.state('tours', 'tours-owner'), 'active owner', 'S2.8: still there');
select is(t.try('member_resume', 'tours-owner', 'tours',
                t.m('tours', 'tours-owner2')), '204', 'S2.20: enabled again');
select is(t.put('tours-owner', 'tours', 'tours-owner', '["traveller"]'), '200',
          'S2.10: with another active owner the role may be changed');
select is(t.state('tours', 'tours-owner'), 'active traveller', 'and is');
select is(t.try('member_remove', 'tours-owner2', 'tours', 'me'),
          'TM409 last-owner', 'which leaves the other as the last');
select is(t.put('tours-owner2', 'tours', 'tours-owner', '["owner"]'), '200',
          'S2.8: an owner makes another one');
select is(t.try('member_remove', 'tours-owner', 'tours',
                t.m('tours', 'tours-owner2')), '204',
          'and may remove their equal');
select is(t.state('tours', 'tours-owner2'), null, 'who is gone');

-- where there are none: somebody stays who may do everything

savepoint nobody;
update team.account set owner_mode = 'none', owner_role = null,
                        self_change = 'forbid'
 where slug = 'tours';
select is(t.try('member_remove', 'tours-owner', 'tours', 'me'),
          'TM409 last-owner', 'C2: the last of them does not leave');
select is(t.state('tours', 'tours-owner'), 'active owner', 'nor has');
select is(t.try('member_remove', 'tours-approver', 'tours', 'me'), '204',
          'others do');
select team.member_add('tours', 'https://id.example.com', 'tours-high', null,
                       'Hana', 'traveller') \g /dev/null
insert into team.role (account_id, key, name, rank)
values (t.a('tours')::uuid, 'high', 'High', 200);
insert into team.role_permission
select id, unnest(array['members:remove', 'members:suspend', 'members:roles'])
  from team.role where key = 'high';
update team.member_role
   set role_id = (select id from team.role where key = 'high')
 where member_id = t.m('tours', 'tours-high')::uuid;
select is(t.try('member_remove', 'tours-high', 'tours',
                t.m('tours', 'tours-owner')), 'TM409 last-owner',
          'nor are they removed by who is above them');
select is(t.try('member_suspend', 'tours-high', 'tours',
                t.m('tours', 'tours-owner')), 'TM409 last-owner',
          'nor suspended');
select is(t.put('tours-high', 'tours', 'tours-owner', '[]'),
          'TM409 role-cardinality', 'a role is needed');
update team.account set role_cardinality = 'many' where slug = 'tours';
select is(t.put('tours-high', 'tours', 'tours-owner', '[]'),
          'TM409 last-owner', 'that one');
select is(t.state('tours', 'tours-owner'), 'active owner', 'which stays');
select team.member_add('tours', 'https://id.example.com', 'tours-two', null,
                       'Two', 'traveller') \g /dev/null
update team.member_role
   set role_id = (select id from team.role
                   where key = 'owner' and account_id = t.a('tours')::uuid)
 where member_id = t.m('tours', 'tours-two')::uuid;
select is(t.try('member_suspend', 'tours-high', 'tours',
                t.m('tours', 'tours-owner')), '204', 'one of two may be');
select is(t.try('member_remove', 'tours-two', 'tours', 'me'),
          'TM409 last-owner', 'but then not the other');
rollback to nobody;

-- --- roles ------------------------------------------------------------------

select is(t.put('olga', 'acme', 'acme-finance', '["developer"]'), '200',
          'S0.1: a role changed');
select is(t.state('acme', 'acme-finance'), 'active developer', 'it is');
select is(t.g('acme-finance', 'acme'),
          'active|developer|account:read apis:manage checkout:manage own-cards:read roles:read',
          'S2.19: at once');
select is(t.last_audit(), 'member.roles done olga acme-finance', 'is audited');
select is((select detail from team.audit_event order by id desc limit 1),
          '{"from": ["finance"], "to": ["developer"]}', 'from what to what');
select is((t.reply('member_roles_put', 'olga', 'acme',
                   t.m('acme', 'acme-finance'), '["finance"]', '*')).body::jsonb
            -> 'roles',
          '[{"key": "finance", "name": "Finance"}]', 'answers with the member');
select is((t.reply('member_roles_put', 'olga', 'acme',
                   t.m('acme', 'acme-finance'), '["finance"]', '*')).etag,
          (t.reply('member_get', 'olga', 'acme',
                   t.m('acme', 'acme-finance'))).etag, 'and its entity tag');
select is((t.reply('member_roles_put', 'olga', 'acme',
                   t.m('acme', 'acme-finance'), '["finance"]', '*'))
            .changed::jsonb,
          '[{"issuer": "https://id.example.com", "subject": "acme-finance"}]',
          'and whose grants to forget');

select is(t.try('member_roles_put', 'olga', 'acme',
                t.m('acme', 'acme-finance'), '["member"]', null),
          'TM428 precondition-required', 'If-Match is required');
select is(t.try('member_roles_put', 'olga', 'acme',
                t.m('acme', 'acme-finance'), '["member"]', '"0123"'),
          'TM412 precondition-failed', 'and must match');
select is(t.try('member_roles_put', 'olga', 'acme',
                t.m('acme', 'acme-finance'), '["member"]',
                'W/' || (t.reply('member_get', 'olga', 'acme',
                                 t.m('acme', 'acme-finance'))).etag),
          'TM412 precondition-failed', 'strongly');
select is(t.try('member_roles_put', 'olga', 'acme',
                t.m('acme', 'acme-finance'), '["member"]', ''),
          'TM412 precondition-failed', 'empty is no match');
select is(t.state('acme', 'acme-finance'), 'active finance',
          'nothing was changed');
select is(t.try('member_roles_put', 'olga', 'acme',
                t.m('acme', 'acme-finance'), '["member"]',
                '"x" , ' || (t.reply('member_get', 'olga', 'acme',
                                     t.m('acme', 'acme-finance'))).etag),
          '200', 'one of a list');

-- bad input (GitLab CVE-2023-7028: a role as something else)

select is(t.put('olga', 'acme', 'acme-finance', '"owner"'),
          'TM422 invalid-roles', 'a string');
select is(t.put('olga', 'acme', 'acme-finance', '["admin", ["owner"]]'),
          'TM422 invalid-roles', 'an array in it');
select is(t.put('olga', 'acme', 'acme-finance', '[null]'),
          'TM422 invalid-roles', 'null in it');
select is(t.put('olga', 'acme', 'acme-finance', '[7]'), 'TM422 invalid-roles',
          'a number');
select is(t.put('olga', 'acme', 'acme-finance', 'null'), 'TM422 invalid-roles',
          'null');
select is(t.put('olga', 'acme', 'acme-finance', '{"owner": true}'),
          'TM422 invalid-roles', 'an object');
select is(t.put('olga', 'acme', 'acme-finance', '["member", "member"]'),
          'TM422 invalid-roles', 'twice the same');
select is(t.put('olga', 'acme', 'acme-finance', '["member,owner"]'),
          'TM422 unknown-role', 'with a comma');
select is(t.put('olga', 'acme', 'acme-finance', '["traveller"]'),
          'TM422 unknown-role', 'another account''s role');
select is(t.put('olga', 'acme', 'acme-finance', '["admin", "member"]'),
          'TM409 role-cardinality', 'S2.2: one role only');
select is(t.put('olga', 'acme', 'acme-finance', '[]'), 'TM409 role-cardinality',
          'and not none');
select is(t.put('cloud-owner', 'cloud', 'cloud-all', '[]'), '200',
          'S3.9: none, where permissions are hand-picked');
select is(t.put('cloud-owner', 'cloud', 'cloud-all', '["all", "owner"]'),
          'TM409 role-cardinality', 'not two');
select is(t.put('cloud-owner', 'cloud', 'cloud-all', '["owner"]'),
          'TM409 owner-must-transfer', 'and not the owner''s');

-- escalation

select is(t.put('acme-finance', 'acme', 'acme-member', '["member"]'),
          'TM403 permission-missing', 'members:roles is needed');
select is(t.put('acme-admin', 'acme', 'acme-admin', '["owner"]'),
          '403 self-change', 'S1.17: not one''s own');
select is(t.put('acme-admin', 'acme', 'acme-member', '["admin"]'), '403 rank',
          'an Admin makes no Admin');
select is(t.put('acme-admin', 'acme', 'acme-member', '["owner"]'), '403 rank',
          'let alone an Owner');
select is((select concat_ws(' ', outcome, code, detail)
             from team.audit_event order by id desc limit 1),
          'refused rank {"roles": ["owner"]}', 'the attempt is audited');
select is(t.put('acme-admin', 'acme', 'acme-admin2', '["member"]'), '403 rank',
          'nor demotes one');
select is(t.put('acme-admin', 'acme', 'olga', '["member"]'), '403 rank',
          'nor the Owner');
select is(t.put('acme-admin', 'acme', 'acme-member', '["developer"]'), '200',
          'lower roles are an Admin''s to give');
select is(t.put('olga', 'acme', 'acme-member', '["owner"]'),
          'TM409 owner-must-transfer', 'S0.7: there is one Owner');
select is(t.state('acme', 'acme-member'), 'active developer',
          'and nobody else became one');

insert into team.role (account_id, key, name, rank)
values (t.a('acme')::uuid, 'spy', 'Spy', 5);
insert into team.role_permission (role_id, permission)
select id, 'data:export' from team.role where key = 'spy';
select is(t.put('acme-admin', 'acme', 'acme-member', '["spy"]'),
          '403 exceeds-own', 'a low role with a right that the giver lacks');
select is(t.last_audit(),
          'member.roles refused exceeds-own acme-admin acme-member',
          'is audited');
select is(t.put('olga', 'acme', 'acme-member', '["spy"]'), '200',
          'who has all rights may give it');
select is(t.put('acme-admin', 'acme', 'acme-member', '["member"]'), '200',
          'taking it away needs rank only');

-- --- several roles ----------------------------------------------------------

select is(t.put('bento-owner', 'bento', 'bento-team', '["owner", "team-admin"]'),
          '200', 'S1.15: several roles');
select is(t.state('bento', 'bento-team'), 'active owner,team-admin', 'are held');
select is(t.put('bento-owner', 'bento', 'bento-team', '["team-admin"]'), '200',
          'S1.16: one unticked');
select is(t.put('bento-owner', 'bento', 'bento-owner', '["team-admin"]'),
          '403 self-change', 'S1.17: never one''s own, another owner or not');
select is(t.put('bento-team', 'bento', 'bento-plain', '["team-admin"]'),
          '403 rank', 'S1.18: a Team Admin makes no Team Admin');

-- --- remove and leave -------------------------------------------------------

select is(t.try('member_remove', 'acme-admin', 'acme',
                t.m('acme', 'acme-admin2')), '403 rank',
          'S0.6: only the Owner removes Admins');
select is(t.try('member_remove', 'acme-admin', 'acme', t.m('acme', 'olga')),
          '403 rank', 'S0.11: nobody the Owner');
select is(t.try('member_remove', 'olga', 'acme', t.m('acme', 'acme-admin2')),
          '204', 'the Owner does');
select is(t.g('acme-admin2', 'acme'), 'none||', 'S1.14: no access any more');
select is(t.try('member_remove', 'olga', 'acme', 'me'),
          'TM409 owner-must-transfer', 'the owner can''t leave');
select is(t.try('member_remove', 'acme-developer', 'acme',
                t.m('acme', 'acme-finance')), 'TM403 permission-missing',
          'members:remove is needed');
select is(t.try('member_remove', 'acme-developer', 'acme', 'me'), '204',
          'leaving needs nothing');
select is((select concat_ws(' ', action, actor_subject, detail ->> 'subject')
             from team.audit_event order by id desc limit 1),
          'member.leave acme-developer acme-developer', 'is audited as that');
select is(t.try('member_remove', 'space-admin', 'space',
                t.m('space', 'space-owner')), '403 rank',
          'an administrator does not remove the owner');
update team.account set owner_member_id = t.m('space', 'space-staff')::uuid
 where slug = 'space';
select is(t.try('member_remove', 'space-admin', 'space',
                t.m('space', 'space-owner')), '204',
          'S4.8: any administrator removes an administrator');

select * from finish();
rollback;
