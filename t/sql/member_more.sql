-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- What is noted about a member, and single permissions.

\set ON_ERROR_STOP on
begin;
select plan(74);

create function t.permit(p_subject text, p_account text, p_target text,
  p_permissions text)
returns text
language sql as $$
  select t.try('member_permissions_put', p_subject, p_account,
               t.m(p_account, p_target), p_permissions,
               team.etag(team.member_text(t.m(p_account, p_target)::uuid)))
$$;

create function t.single(p_account text, p_subject text) returns text
language sql stable as $$
  select string_agg(mp.permission, ' ' order by mp.permission)
    from team.member_permission mp
   where mp.member_id = t.m(p_account, p_subject)::uuid
$$;

create function t.patch(p_subject text, p_account text, p_target text,
  p_body text)
returns text
language sql as $$
  select t.try('member_patch', p_subject, p_account,
               t.m(p_account, p_target), p_body, null)
$$;

create function t.noted(p_account text, p_subject text) returns text
language sql stable as $$
  select concat_ws('|', b.body ->> 'name', b.body ->> 'title')
    from team.member_body b
   where b.member_id = t.m(p_account, p_subject)::uuid
$$;

-- --- single permissions ------------------------------------------------------

select is(t.permit('bento-owner', 'bento', 'bento-team',
                   '["audit:read", "reports:read"]'), '200',
          'S1.15: permissions beside roles, several of them');
select is(t.single('bento', 'bento-team'), 'audit:read reports:read',
          'S1.16: one ticked');
select is(t.state('bento', 'bento-team'), 'active team-admin',
          'S1.15: the role stays');
select is(t.permit('bento-owner', 'bento', 'bento-team', '["reports:read"]'),
          '200', 'S1.16: one unticked');
select is(t.single('bento', 'bento-team'), 'reports:read', 'and no other');
select is(t.last_audit(), 'member.permissions done bento-owner bento-team',
          'is audited');
select is((select detail from team.audit_event order by id desc limit 1),
          '{"from": ["audit:read", "reports:read"], "to": ["reports:read"]}',
          'from what to what');
select is(t.permit('cloud-owner', 'cloud', 'cloud-picked',
                   '["account:read", "account:update", "products:manage"]'),
          '200', 'S3.4: hand-picked ones');
select is(t.g('cloud-picked', 'cloud'),
          'active||account:read account:update products:manage',
          'S3.9: hold at once');
delete from team.change where xid = pg_current_xact_id();
select is((t.reply('member_permissions_put', 'cloud-owner', 'cloud',
                   t.m('cloud', 'cloud-picked'), '["account:read"]', '*'))
            .changed::jsonb,
          '[{"issuer": "https://id.example.com", "subject": "cloud-picked"}]',
          'whose grants to forget');
select results_eq('select t.changes()', $$values ('cloud-picked')$$,
                  'and they are void');
select is((t.reply('member_permissions_put', 'cloud-owner', 'cloud',
                   t.m('cloud', 'cloud-picked'), '["account:read"]', '*')).etag,
          (t.reply('member_get', 'cloud-owner', 'cloud',
                   t.m('cloud', 'cloud-picked'))).etag,
          'the answer is the member with their entity tag');
create temporary table before as select t.audits() as n;
select is(t.permit('cloud-owner', 'cloud', 'cloud-picked',
                   '["account:read"]'), '200', 'the same again');
select is(t.audits(), (select n from before), 'is nothing to note');
select is(t.permit('cloud-owner', 'cloud', 'cloud-picked', '[]'), '200',
          'S3.9: none');
select is(t.g('cloud-picked', 'cloud'), 'active||', 'at all');

-- "All Permissions"

select is(t.permit('cloud-owner', 'cloud', 'cloud-picked', '["*"]'),
          'TM409 all-by-role', 'S3.9: all permissions are the role''s to give');
select is(t.single('cloud', 'cloud-picked'), null, 'not one single one''s');
select is(t.put('cloud-owner', 'cloud', 'cloud-picked', '["all"]'), '200',
          'S3.9: "All Permissions"');
select is(t.g('cloud-picked', 'cloud'), 'active|all|*', 'is that');
select is(t.permit('bento-owner', 'bento', 'bento-plain', '["*"]'),
          'TM409 all-by-role', 'where no role is for that either');
select is(t.permit('bento-team', 'bento', 'bento-plain',
                   '["members:read", "*"]'), '403 exceeds-own',
          'who doesn''t have it is told that first');
select is(t.last_audit(),
          'member.permissions refused exceeds-own bento-team bento-plain',
          'and it is audited');

-- where they are off

select is(t.permit('olga', 'acme', 'acme-member', '["bills:manage"]'),
          'TM409 direct-permissions-disabled', 'C3: roles only, in business');
select is(t.permit('tours-owner', 'tours', 'tours-approver', '[]'),
          'TM409 direct-permissions-disabled', 'C3: and in travel');
select is(t.permit('space-owner', 'space', 'space-staff', '["audit:read"]'),
          'TM409 direct-permissions-disabled', 'C3: and in a workspace');
select is(t.single('acme', 'acme-member'), null, 'nobody has one there');

-- escalation

select is(t.permit('bento-team', 'bento', 'bento-team', '["audit:read"]'),
          '403 self-change', 'S1.17: nobody gives themselves any');
select is(t.permit('bento-owner', 'bento', 'bento-owner', '["audit:read"]'),
          '403 self-change', 'S1.17: an owner neither');
select is(t.try('member_permissions_put', 'bento-team', 'bento', 'me',
                '["audit:read"]', '*'), '403 self-change', 'as "me" neither');
select is(t.permit('bento-team', 'bento', 'bento-plain',
                   '["members:read", "data:export"]'), '403 exceeds-own',
          'S1.18: not beyond the giver''s own');
select is((select concat_ws(' ', outcome, code, detail)
             from team.audit_event order by id desc limit 1),
          'refused exceeds-own {"permissions": ["members:read", '
          || '"data:export"]}', 'is audited with what was tried');
select is(t.permit('bento-team', 'bento', 'bento-plain',
                   '["members:read", "subaccounts:read"]'), '200',
          'what is theirs they give');
select is(t.permit('bento-team', 'bento', 'bento-owner', '["audit:read"]'),
          '403 rank', 'not to who is above them');
select is(t.permit('bento-owner', 'bento', 'bento-owner2', '["audit:read"]'),
          '200', 'an owner gives to an owner');
select is(t.permit('bento-plain', 'bento', 'bento-team', '[]'),
          'TM403 permission-missing', 'members:permissions is needed');
select is(t.permit('cloud-all', 'cloud', 'cloud-owner', '["audit:read"]'),
          '403 rank', 'nobody changes the owner');
insert into team.member_permission
values (t.m('bento', 'bento-plain')::uuid, 'data:export');
select is(t.permit('bento-team', 'bento', 'bento-plain',
                   '["data:export", "audit:read"]'), '200',
          'what others have given may stay');
select is(t.permit('bento-team', 'bento', 'bento-plain', '[]'), '200',
          'or go: that needs rank only');
select is(t.permit('bento-team', 'bento', 'bento-plain', '["data:export"]'),
          '403 exceeds-own', 'but not come again');
select is(t.single('bento', 'bento-plain'), null, 'and doesn''t');
select is(t.try('member_permissions_put', 'bento-owner', 'bento',
                t.m('cloud', 'cloud-picked'), '[]', '*'), 'TM404 not-found',
          'a member of another account');
select is(t.try('member_permissions_put', 'bento-owner', 'cloud',
                t.m('cloud', 'cloud-all'), '["audit:read"]', '*'),
          'TM404 not-found', 'in an account of others');
select is(t.single('cloud', 'cloud-all'), null, 'untouched');

-- bad input

select is(t.try('member_permissions_put', 'bento-owner', 'bento',
                t.m('bento', 'bento-plain'), '[]', null),
          'TM428 precondition-required', 'If-Match is required');
select is(t.try('member_permissions_put', 'bento-owner', 'bento',
                t.m('bento', 'bento-plain'), '["audit:read"]', '"x"'),
          'TM412 precondition-failed', 'and must match');
select is(t.permit('bento-owner', 'bento', 'bento-plain', '"audit:read"'),
          'TM422 invalid-permissions', 'a string');
select is(t.permit('bento-owner', 'bento', 'bento-plain', 'null'),
          'TM422 invalid-permissions', 'null');
select is(t.permit('bento-owner', 'bento', 'bento-plain', '[7]'),
          'TM422 invalid-permissions', 'a number in it');
select is(t.permit('bento-owner', 'bento', 'bento-plain', '{"audit:read": 1}'),
          'TM422 invalid-permissions', 'an object');
select is(t.permit('bento-owner', 'bento', 'bento-plain',
                   '["audit:read", "audit:read"]'),
          'TM422 invalid-permissions', 'twice the same');
select is(t.permit('bento-owner', 'bento', 'bento-plain', '["AUDIT:read"]'),
          'TM422 unknown-permission', 'S3.5: one not of the catalogue');
select is(t.permit('bento-owner', 'bento', 'bento-plain', '[""]'),
          'TM422 unknown-permission', 'or empty');
select is(t.single('bento', 'bento-plain'), null, 'none of which was written');

-- --- name and title ----------------------------------------------------------

select is(t.patch('acme-admin', 'acme', 'acme-member',
                  '{"name": "  Mia M. Member ", "title": "Clerk"}'), '200',
          'S0.20, S0.25: user information is edited');
select is(t.noted('acme', 'acme-member'), 'Mia M. Member|Clerk', 'it is');
select is(t.last_audit(), 'member.update done acme-admin acme-member',
          'is audited');
select is(t.patch('acme-admin', 'acme', 'acme-member', '{"title": null}'),
          '200', 'one taken away');
select is(t.noted('acme', 'acme-member'), 'Mia M. Member',
          'RFC 7396: what isn''t named stays');
select is(t.patch('acme-admin', 'acme', 'acme-member', '{"name": null}'),
          '200', 'back to what their issuer says');
select is(t.noted('acme', 'acme-member'), 'Mia Member', 'it is that');
select is(t.patch('acme-admin', 'acme', 'acme-member', '{}'), '200',
          'nothing is nothing');
select is(t.patch('tours-owner', 'tours', 'olga', '{"name": "Helga"}'), '200',
          'somebody who is in two accounts');
select is(t.noted('tours', 'olga') || ' ' || t.noted('acme', 'olga'),
          'Helga Olga Owner', 'has their name in the other one still');
select is(t.patch('acme-admin', 'acme', 'olga', '{"name": "Nobody"}'),
          '403 rank', 'who is above one is not renamed');
select is(t.patch('acme-admin', 'acme', 'acme-admin2', '{"title": "Peer"}'),
          '200', 'one''s equals are edited');
select is(t.patch('acme-finance', 'acme', 'acme-member', '{"title": "x"}'),
          'TM403 permission-missing', 'members:update is needed');
select is(t.patch('acme-admin', 'acme', 'acme-member', '{"email": "a@b.c"}'),
          'TM422 unknown-field', 'an address is their issuer''s to say');
select is(t.patch('acme-admin', 'acme', 'acme-member', '{"name": ["x"]}'),
          'TM422 invalid-name', 'a name is a string');
select is(t.patch('acme-admin', 'acme', 'acme-member',
                  '{"title": "a\r\nBcc: x@example.com"}'),
          'TM422 invalid-title', 'of one line');
select is(t.patch('acme-admin', 'acme', 'acme-member', '[]'),
          'TM422 invalid-body', 'a body is an object');
select is(t.try('member_patch', 'acme-admin', 'acme',
                t.m('acme', 'acme-member'), '{"title": "x"}', '"x"'),
          'TM412 precondition-failed', 'If-Match is honoured');
select is(t.try('member_patch', 'olga', 'acme', t.m('tours', 'tours-owner'),
                '{"title": "x"}', null), 'TM404 not-found',
          'a member of another account');
select is(t.noted('tours', 'tours-owner'), 'Otto Owner', 'untouched');

select * from finish();
rollback;
