-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- The five policies, reading one, changing one, switching to another.

\set ON_ERROR_STOP on
begin;
select plan(148);

create function pg_temp.p(p_account text) returns jsonb language sql as $$
  select team.policy_text(team.policy_of(a))::jsonb
    from team.account a where a.slug = p_account
$$;

-- '200', '403 owner-only' (returned), 'TM409 policy-conflict: why' (raised)

create function pg_temp.try(p_subject text, p_account text, p_body text,
  p_if_match text)
returns text language plpgsql as $$
declare
  v_reply   team_api.reply;
  v_detail  text;
begin
  v_reply := t.reply('policy_put', p_subject, p_account, p_body, p_if_match);
  return concat_ws(' ', v_reply.status, v_reply.body::jsonb ->> 'code');
exception
  when others then
    get stacked diagnostics v_detail = pg_exception_detail;
    return sqlstate || ' ' || sqlerrm || ': ' || v_detail;
end
$$;

-- a change to some settings, with the entity tag of now

create function pg_temp.put(p_subject text, p_account text, p_change jsonb)
returns text language sql as $$
  select pg_temp.try(p_subject, p_account,
                     (pg_temp.p(p_account) || p_change)::text,
                     team.etag(pg_temp.p(p_account)::text))
$$;

create function pg_temp.switch(p_subject text, p_account text, p_preset text)
returns text language sql as $$
  select pg_temp.try(p_subject, p_account,
                     jsonb_build_object('preset', p_preset)::text,
                     team.etag(pg_temp.p(p_account)::text))
$$;


-- What the presets say, setting by setting: business, branches, travel,
-- hosting, workspace.

create function pg_temp.five(p_key text) returns text language sql as $$
  select string_agg(coalesce(pg_temp.p(s) ->> p_key, '-'), ' ' order by n)
    from unnest(array['acme', 'bento', 'tours', 'cloud', 'space'])
         with ordinality u (s, n)
$$;

select is(pg_temp.five(k), v, d)
  from (values
    ('membership_scope', 'exclusive tree many many many',
     'S0.16, S1.19, S3.11: accounts per email (C1)'),
    ('owner_mode', 'single many many single single',
     'S0.7, S2.8, S4.15: number of owners (C2)'),
    ('owner_role', 'owner owner owner owner admin',
     'S4.15: ownership is beside the role'),
    ('role_cardinality', 'one many one zero_or_one one',
     'S1.15, S2.2, S3.9: roles a person (C3)'),
    ('direct_permissions', 'false true false true false',
     'S1.15, S3.9: single permissions (C3)'),
    ('self_change', 'forbid forbid another_owner forbid forbid',
     'S1.17, S2.10: one''s own role (C4)'),
    ('join_email', 'true true true true false',
     'S0.13, S2.12, S3.10, S4.3: invited by email (C5)'),
    ('join_subaccount', 'false true false false false',
     'S1.10: subaccounts, and who is in charge (C5, C19)'),
    ('join_link', 'false false false false true',
     'S4.2: invited by a link (C5)'),
    ('link_role', '- - - - staff',
     'S4.17: a person who joins by link becomes Staff'),
    ('link_requires_approval', 'true true true true true',
     'S4.7: and is pending until approved (C6)'),
    ('decline_mode', 'hidden shown hidden hidden off',
     'S1.6: declining (C7)'),
    ('reinvite_after_decline', 'allow remove_first allow allow allow',
     'S1.8: inviting again (C9)'),
    ('invitation_ttl', '604800 604800 604800 604800 604800',
     'S0.27, S2.12: seven days (C10)'),
    ('link_ttl', '604800 604800 604800 604800 604800',
     'the same for links'),
    ('suspend_enabled', 'true false true false false',
     'S0.20, S2.20: suspending (C11)'),
    ('suspend_label', 'Suspended Suspended Disabled Suspended Suspended',
     'S2.20: as it is called'),
    ('transfer_target', 'any off off any role',
     'S0.20, S4.10: who may become the owner (C12)'),
    ('transfer_target_role', '- - - - staff',
     'S4.10: staff only'),
    ('transfer_old_owner_role', 'admin - - all staff',
     'S4.12: what the old owner becomes (C12, C21)'),
    ('transfer_acceptance', 'false false false false false',
     'S4.11: two steps are the page''s'),
    ('remove_mode', 'delete delete delete revoke delete',
     'S2.26, S3.6: removing (C13)'),
    ('admin_may_remove_admin', 'false true true true true',
     'S0.6, S4.8: who removes an Admin (C14)'),
    ('seats_counted', 'active none active none none',
     'S2.28: what takes a seat (C15)'),
    ('activation',
     'registration registration acceptance registration approval',
     'S0.24, S1.4, S2.13, S3.12, S4.5: when one is active (C18)'),
    ('name_required', 'true false false false false',
     'S0.13: a name at the invitation (C20)'),
    ('all_role', '- - - all -', 'S3.9: All Permissions is a role'),
    ('preset', 'business branches travel hosting workspace',
     'and of which preset it is')
  ) v (k, v, d);

select is((select count(*) from jsonb_object_keys(pg_temp.p('acme'))),
          28::bigint, 'those are all');
select is_empty($$
  select p.name, k.key
    from team.preset p,
         unnest(array[p.owner_role, p.link_role, p.transfer_target_role,
                      p.transfer_old_owner_role, p.all_role]::text[]) k (key)
   where k.key is not null
     and not exists (select from team.preset_role r
                      where r.preset = p.name and r.key = k.key)$$,
  'a preset has the roles that it names');

-- preset_put

select throws_ok($$select team.preset_put('{"name": "x", "colour": 1}')$$,
                 'TM422', 'invalid-policy', 'a preset has no other settings');
select throws_ok($$select team.preset_put('{"name": "x", "title": "X"}')$$,
                 '23502', null, 'and names them all');

-- reading

select is(t.try('policy_get', 'olga', 'acme'), '200', 'the owner reads it');
select is(t.body('policy_get', 'olga', 'acme'), pg_temp.p('acme'), 'all of it');
select is((t.reply('policy_get', 'olga', 'acme')).etag,
          team.etag(pg_temp.p('acme')::text), 'with its entity tag');
select is(t.try('policy_get', 'acme-admin', 'acme'), '200', 'so does an Admin');
select is(t.try('policy_get', 'acme-member', 'acme'),
          'TM403 permission-missing', 'a Member does not');
select is(t.try('policy_get', 'tours-owner', 'acme'), 'TM404 not-found',
          'another account''s owner least of all');

-- changing: who, and in what state

select is(pg_temp.put('acme-admin', 'acme', '{"invitation_ttl": 7200}'),
          'TM403 permission-missing: This needs the permission policy:update.',
          'S0.11: an Admin manages no policy');
select is(pg_temp.put('tours-owner', 'acme', '{}'),
          'TM404 not-found: There is no such thing here.', 'a stranger');
select is(t.try('policy_put', 'olga', 'acme', pg_temp.p('acme')::text, null),
          'TM428 precondition-required', 'not without If-Match');
select is(t.try('policy_put', 'olga', 'acme', pg_temp.p('acme')::text, '"x"'),
          'TM412 precondition-failed', 'nor with an old one');
select is(t.audits(), (select count(*) from team.audit_event
                        where action = 'member.add'), 'nothing has happened');
select is(pg_temp.put('olga', 'acme', '{}'), '200', 'the same again');
select is(t.audits(), (select count(*) from team.audit_event
                        where action = 'member.add'), 'is no change');
select is(pg_temp.put('olga', 'acme', '{"invitation_ttl": 7200}'), '200',
          'S0.27: the owner changes for how long invitations are valid');
select is((select invitation_ttl::integer from team.account
            where slug = 'acme'), 7200, 'it is stored');
select is((select detail from team.audit_event where action = 'policy.update'),
          '{"from": {"invitation_ttl": 604800}, "to": {"invitation_ttl": 7200}}'
          ::jsonb, 'and audited, as what it was and is');
select is((t.reply('policy_put', 'olga', 'acme', pg_temp.p('acme')::text,
                   '*')).changed::jsonb,
          jsonb_build_array(jsonb_build_object('account', t.a('acme'))),
          'the account is named as changed');

-- bodies that are none

select is(pg_temp.put('olga', 'acme', j), 'TM422 invalid-policy: ' || d, d)
  from (values
    ('{"colour": "red"}'::jsonb, 'A policy has no "colour".'),
    ('{"name": "x"}', 'A policy has no "name".'),
    ('{"seat_limit": 1000}', 'A policy has no "seat_limit".'),
    ('{"owner_member_id": null}', 'A policy has no "owner_member_id".'),
    ('{"join_email": "yes"}', '"join_email" must be a boolean.'),
    ('{"join_email": null}', '"join_email" must be a boolean.'),
    ('{"suspend_label": null}', '"suspend_label" must be a string.'),
    ('{"invitation_ttl": "604800"}', '"invitation_ttl" must be a number.'),
    ('{"invitation_ttl": 3599}', '"invitation_ttl" can''t be that.'),
    ('{"invitation_ttl": 7776001}', '"invitation_ttl" can''t be that.'),
    ('{"invitation_ttl": 7200.5}', '"invitation_ttl" can''t be that.'),
    ('{"invitation_ttl": 1e300}', '"invitation_ttl" can''t be that.'),
    ('{"owner_mode": "several"}', '"owner_mode" can''t be that.'),
    ('{"owner_mode": ["many"]}', '"owner_mode" must be a string.'),
    ('{"link_role": "a b"}', '"link_role" can''t be that.'),
    ('{"suspend_label": "a\nb"}', '"suspend_label" can''t be that.'),
    ('{"owner_mode": "none"}', 'owner_role is null where owner_mode is "none", '
     'and only there.'),
    ('{"owner_role": null}', 'owner_role is null where owner_mode is "none", '
     'and only there.'),
    ('{"transfer_target": "role"}',
     'transfer_target "role" needs a transfer_target_role.'),
    ('{"preset": "travel"}',
     'To switch to another preset, put {"preset": name}.')
  ) v (j, d);
select is(pg_temp.try('olga', 'acme',
                       (pg_temp.p('acme') - 'all_role')::text, '*'),
          'TM422 invalid-policy: "all_role" is missing: a policy is put as a '
          'whole, or as {"preset": name}.', 'a policy is put as a whole');
select is(pg_temp.try('olga', 'acme', b, '*'), w, 'body ' || b)
  from (values
    ('[]', 'TM422 invalid-policy: A policy is a JSON object.'),
    ('null', 'TM422 invalid-policy: A policy is a JSON object.'),
    ('{"preset": "none"}', 'TM422 unknown-preset: There is no such preset.')
  ) v (b, w);
select alike(pg_temp.try('olga', 'acme', b, '*'),
            'TM422 invalid-policy: %is missing%', 'body ' || b)
  from (values ('{}'), ('{"preset": 1}')) v (b);

-- The story: somebody with no more than policy:update makes themselves an
-- owner, by naming their own role the owner's.

savepoint story;
insert into team.role (account_id, key, name, rank)
values (t.a('acme')::uuid, 'clerk', 'Clerk', 20);
insert into team.role_permission
select id, unnest(array['policy:read', 'policy:update']) from team.role
 where key = 'clerk';
insert into team.member_role
select t.m('acme', 'acme-member')::uuid, id, account_id from team.role
 where key = 'clerk';
delete from team.member_role
 where member_id = t.m('acme', 'acme-member')::uuid
   and role_id <> (select id from team.role where key = 'clerk');

select is(pg_temp.put('acme-member', 'acme', '{"invitation_ttl": 3600}'), '200',
          'with policy:update alone one changes what it is for');
select is(pg_temp.put('acme-member', 'acme',
                      '{"owner_mode": "many", "owner_role": "clerk"}'),
          '403 owner-only', 'but not who the owners are');
select is((select (e.action, e.outcome, e.code, e.target_type, e.actor_subject,
                   e.target_id = t.a('acme')::uuid)::text
             from team.audit_event e order by id desc limit 1),
          '(policy.update,refused,owner-only,account,acme-member,t)',
          'which is audited');
select is(pg_temp.put('acme-member', 'acme', j), '403 owner-only',
          'nor ' || j::text)
  from (values ('{"self_change": "another_owner"}'::jsonb),
               ('{"admin_may_remove_admin": true}'),
               ('{"transfer_target": "off"}'),
               ('{"transfer_old_owner_role": "member"}'),
               ('{"transfer_acceptance": true}')) v (j);
select is(pg_temp.switch('acme-member', 'acme', 'travel'), '403 owner-only',
          'nor the preset');
select is(pg_temp.put('acme-member', 'acme', '{"link_role": "admin"}'),
          '403 rank', 'nor a link''s role above their own');
select is(pg_temp.put('acme-member', 'acme', '{"link_role": "member"}'),
          '403 exceeds-own', 'or with more than their own');
select is((select (owner_mode, owner_role, link_role)::text from team.account
            where slug = 'acme'), '(single,owner,)', 'and nothing of it is so');
select is(pg_temp.put('olga', 'acme', '{"admin_may_remove_admin": true}'),
          '200', 'the owner may');
rollback to story;

-- settings that those who are here are in the way of

select is(pg_temp.put('olga', 'acme', '{"suspend_enabled": false}'),
          'TM409 policy-conflict: Sue Suspended is suspended.',
          'S0.20: no suspending, with somebody suspended');
select is(pg_temp.put('olga', 'acme', '{"link_role": "nobody"}'),
          'TM409 policy-conflict: The account has no role "nobody".',
          'a role that isn''t');
select is(pg_temp.put('olga', 'acme', '{"all_role": "staff"}'),
          'TM409 policy-conflict: The account has no role "staff".',
          'nor one of another account''s');
select is(pg_temp.put('bento-owner', 'bento', '{"direct_permissions": false}'),
          'TM409 policy-conflict: Tim Team has permissions of their own.',
          'S1.15: no single permissions, with somebody who has some');
select is(pg_temp.put('bento-owner', 'bento', '{"role_cardinality": "one"}'),
          'TM409 policy-conflict: Pia Plain has 0 roles.',
          'S1.15: one role each, with somebody who has none');
select is(pg_temp.put('bento-owner', 'bento',
                      '{"role_cardinality": "zero_or_one"}'), '200',
          'at most one is what they have');
insert into team.member_role
select t.m('tours', 'tours-approver')::uuid, id, account_id from team.role
 where account_id = t.a('tours')::uuid and key = 'traveller';
update team.account set role_cardinality = 'many' where slug = 'tours';
select is(pg_temp.put('tours-owner', 'tours', '{"role_cardinality": "one"}'),
          'TM409 policy-conflict: Apu Approver has 2 roles.',
          'S2.2: one role each, with somebody who has two');
delete from team.member_role
 where member_id = t.m('tours', 'tours-approver')::uuid
   and role_id in (select id from team.role where key = 'traveller');
select is(pg_temp.put('tours-owner', 'tours', '{"role_cardinality": "one"}'),
          '200', 'and without');
select is(pg_temp.put('tours-owner', 'tours', '{"owner_mode": "single"}'),
          'TM409 policy-conflict: The account has 2 owners, and would have a '
          'single one.', 'S0.7: a single owner, with two');
select is(pg_temp.put('tours-owner', 'tours', '{"membership_scope": "tree"}'),
          '200', 'S1.19: once a tree is what they are');
select is(pg_temp.put('tours-owner', 'tours',
                      '{"membership_scope": "exclusive"}'),
          'TM409 policy-conflict: Olga Owner is a member of another account.',
          'S0.16: one account per email, with somebody in two');
update team.account set seat_limit = 4 where slug = 'tours';
select is(pg_temp.put('tours-owner', 'tours',
                      '{"seats_counted": "active", "name_required": true}'),
          'TM409 policy-conflict: 5 members are active, for 4 seats.',
          'S2.28: seats, with more than there are');
select is(pg_temp.put('tours-owner', 'tours', '{"seats_counted": "none"}'),
          '200', 'they need not count');
insert into team.ownership_transfer (account_id, from_member_id, to_member_id,
                                     status)
values (t.a('cloud')::uuid, t.m('cloud', 'cloud-owner')::uuid,
        t.m('cloud', 'cloud-all')::uuid, 'pending');
select is(pg_temp.put('cloud-owner', 'cloud', '{"transfer_target": "off"}'),
          'TM409 policy-conflict: An ownership transfer is pending.',
          'no transfers, with one pending');
insert into team.invitation (account_id, email, inviter_account_id,
                             inviter_member_id, expires_at)
values (t.a('cloud')::uuid, 'new@example.com', t.a('cloud')::uuid,
        t.m('cloud', 'cloud-owner')::uuid, now() + interval '1 day');
insert into team.invitation_permission
select id, 'products:read' from team.invitation;
delete from team.member_permission
 where member_id = t.m('cloud', 'cloud-picked')::uuid;
select is(pg_temp.put('cloud-owner', 'cloud', '{"direct_permissions": false}'),
          'TM409 policy-conflict: new@example.com is invited with permissions '
          'of their own.', 'who is invited counts too');
select is(t.state('cloud', 'cloud-picked'), 'active -', 'has no role');
delete from team.member where id = t.m('cloud', 'cloud-picked')::uuid;
select is(pg_temp.put('cloud-owner', 'cloud', '{"role_cardinality": "one"}'),
          'TM409 policy-conflict: new@example.com is invited with 0 roles.',
          'by roles as well');

-- The story: a setting says which role makes owners, and all who hold that role
-- are owners from then on; or people of a higher rank, who can give it.

select is(pg_temp.put('olga', 'acme', '{"owner_role": "member"}'),
          'TM409 policy-conflict: With the role "member" no owner could change '
          'the policy.', 'S0.21: an owner without rights is none');
select alike(pg_temp.put('space-owner', 'space', '{"owner_mode": "many"}'),
             'TM409 policy-conflict: % holds the role "admin" and would become '
             'an owner.', 'S4.15: administrators do not become owners');
insert into team.role (account_id, key, name, rank)
values (t.a('tours')::uuid, 'low', 'Low', 5);
insert into team.role_permission
select id, 'policy:update' from team.role where key = 'low';
select alike(pg_temp.put('tours-owner', 'tours', '{"owner_role": "low"}'),
             'TM409 policy-conflict: % would stand above the owners.',
             'nor does anybody outrank them');
delete from team.role where key = 'low';
savepoint invited;
insert into team.role (account_id, key, name, rank)
values (t.a('acme')::uuid, 'boss', 'Boss', 90);
insert into team.role_permission
select id, '*' from team.role where key = 'boss';
select is(t.try('invitation_post', 'olga', 'acme', 'new@example.org', 'New',
                '["boss"]', null, null, null, null), '201',
          'somebody is invited with much');
select is(pg_temp.put('olga', 'acme',
                      '{"owner_mode": "many", "owner_role": "boss"}'),
          'TM409 policy-conflict: new@example.org is invited with the role '
          '"boss" and would become an owner.',
          'S2.8: which does not become more before they accept');
rollback to invited;

-- no owners, but somebody who may do everything

savepoint nobody;
insert into team.role (account_id, key, name, rank)
values (t.a('tours')::uuid, 'head', 'Head', 100);
insert into team.role_permission
select id, unnest(array['policy:read', 'policy:update']) from team.role
 where key = 'head';
select is(pg_temp.put('tours-owner', 'tours', '{"owner_role": "head"}'), '200',
          'owners who may little more than change the policy');
select is(pg_temp.put('tours-owner', 'tours',
                      '{"owner_mode": "none", "owner_role": null}'),
          'TM409 policy-conflict: Nobody could do everything.',
          'C2: there would be nobody in their place');
rollback to nobody;
select is(pg_temp.put('tours-owner', 'tours',
                      '{"owner_mode": "none", "owner_role": null}'), '200',
          'C2: an account may be without owners');
select is(pg_temp.put('tours-owner', 'tours',
                      '{"owner_mode": "many", "owner_role": "owner"}'), '200',
          'and have some again');

-- owners, one or several

select is(pg_temp.put('olga', 'acme', '{"owner_mode": "many"}'), '200',
          'S2.8: several owners from now on');
select is((select owner_member_id from team.account where slug = 'acme'), null,
          'nobody is the one owner');
select is(t.body('member_get', 'olga', 'acme', 'me') ->> 'is_owner', 'true',
          'who was is an owner still');
select is(t.put('olga', 'acme', 'acme-admin', '["owner"]'), '200',
          'and makes another');
select is(pg_temp.put('acme-admin', 'acme', '{"owner_mode": "single"}'),
          'TM409 policy-conflict: The account has 2 owners, and would have a '
          'single one.', 'so there is no way back');
select is(t.put('acme-admin', 'acme', 'olga', '["finance"]'), '200',
          'until one of them is none');
select is(pg_temp.put('acme-admin', 'acme', '{"owner_mode": "single"}'), '200',
          'S0.7: and then there is');
select is((select owner_member_id::text from team.account
            where slug = 'acme'), t.m('acme', 'acme-admin'),
          'the other is the owner');

-- switching to another preset

select is(pg_temp.switch('bento-owner', 'bento', 'business'),
          'TM409 policy-conflict: The account has 2 owners, and would have a '
          'single one.', 'from branches to business: S0.7');
delete from team.member where id = t.m('bento', 'bento-owner2')::uuid;
select is(pg_temp.switch('bento-owner', 'bento', 'business'),
          'TM409 policy-conflict: Pia Plain has 0 roles.',
          'and everybody has a role');
select is(t.list($$select key::text from team.role
                    where account_id = t.a('bento')::uuid order by key$$),
          'owner,team-admin', 'a switch that is refused leaves no roles');
select is(pg_temp.switch('bento-owner', 'bento', 'hosting'),
          '200', 'to hosting it is possible');
select is(pg_temp.p('bento'),
          (select to_jsonb(p) - 'name' - 'title' || '{"preset": "hosting"}'
             from team.preset p where name = 'hosting'),
          'with all the settings of hosting');
select is(t.list($$select key::text from team.role
                    where account_id = t.a('bento')::uuid order by key$$),
          'all,owner,team-admin',
          'its roles, and those that somebody still holds');
select is((select detail #>> '{to,preset}' from team.audit_event
            where action = 'policy.switch'), 'hosting', 'is audited');
select is((select owner_member_id::text from team.account
            where slug = 'bento'), t.m('bento', 'bento-owner'),
          'the last owner is the owner');

select is(pg_temp.switch('space-admin', 'space', 'business'), '403 owner-only',
          'an Administrator who is not the owner switches nothing');
select is(pg_temp.switch('space-owner', 'space', 'travel'), '200',
          'from workspace to travel');
select is(t.state('space', 'space-owner'), 'active owner',
          'the owner of a workspace gets the owner''s role');
select is(t.state('space', 'space-admin'), 'active admin',
          'the others keep theirs');
select is(t.g('space-owner', 'space'), 'active|owner|*',
          'with what it permits');
select is(pg_temp.switch('space-owner', 'space', 'workspace'), '200',
          'and back');
select is(t.state('space', 'space-owner'), 'active admin',
          'S4.15: an administrator again');
select is(t.list($$select key::text from team.role
                    where account_id = t.a('space')::uuid order by key$$),
          'admin,staff', 'with nothing left of travel');

select is(pg_temp.switch('tours-owner', 'tours', 'workspace'),
          'TM409 policy-conflict: The account has 2 owners, and would have a '
          'single one.', 'from travel to workspace: not with two owners');
select is(t.put('tours-owner', 'tours', 'tours-owner2', '["traveller"]'), '200',
          'with one');
select is(pg_temp.switch('tours-owner', 'tours', 'workspace'), '200', 'it is');
select is(t.g('tours-owner2', 'tours'),
          'active|traveller|account:read own-trips:read trips:book',
          'roles in use permit what they did');
select is(t.state('tours', 'tours-owner'), 'active admin',
          'the owner is an administrator');

-- built-in roles become what the preset says, an account's own stay

insert into team.role (account_id, key, name, rank)
values (t.a('cloud')::uuid, 'mine', 'Mine', 5);
delete from team.ownership_transfer;
delete from team.invitation;
select is(pg_temp.switch('cloud-owner', 'cloud', 'business'), '200',
          'from hosting to business');
select is(t.list($$select key::text from team.role
                    where account_id = t.a('cloud')::uuid order by key$$),
          'admin,all,developer,finance,member,mine,owner',
          'one''s own roles stay');
update team.role set key = 'staff' where key = 'mine';
select is(pg_temp.switch('cloud-owner', 'cloud', 'workspace'),
          'TM409 policy-conflict: The account has a role "staff" of its own.',
          'S4.17: nor does one take the place of a built-in one');
delete from team.role where key = 'staff' and not system;
select is(pg_temp.switch('cloud-owner', 'cloud', 'workspace'), '200', 'on');
select is((select (name, rank, permission_list)::text from team.role
            where account_id = t.a('cloud')::uuid and key = 'admin'),
          '(Administrator,80,*)', 'a key of both is what the new one says');

select * from finish();
rollback;
