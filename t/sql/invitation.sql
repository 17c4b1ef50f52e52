-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Invitations as an account's people see them: making, listing, sending again,
-- withdrawing.

\set ON_ERROR_STOP on
begin;
select plan(141);

create function pg_temp.invite(p_actor text, p_account text, p_email text,
  p_roles text, p_more text[] default '{}')
returns text language sql as $$
  select t.try('invitation_post', p_actor, p_account, p_email,
               coalesce(p_more[1], 'Ina Invited'), p_roles, p_more[2],
               p_more[3], p_more[4], p_more[5])
$$;

create function pg_temp.i(p_account text, p_email text) returns text
language sql as $$
  select i.id::text from team.invitation i
   where i.account_id = t.a(p_account)::uuid and i.email = p_email
   order by i.id desc limit 1
$$;

create function pg_temp.status(p_account text, p_email text) returns text
language sql as $$
  select b.status from team.invitation_body b
   where b.invitation_id = pg_temp.i(p_account, p_email)::uuid
$$;

create function pg_temp.expire(p_account text, p_email text) returns void
language sql as $$
  update team.invitation i set expires_at = statement_timestamp()
   where i.id = pg_temp.i(p_account, p_email)::uuid
$$;

create function pg_temp.counts() returns text language sql as $$
  select (select count(*) from team.invitation) || ' '
         || (select count(*) from team.outbox) || ' '
         || (select count(*) from team.member)
$$;

-- --- inviting ----------------------------------------------------------------

create temporary table first as
select * from t.reply('invitation_post', 'olga', 'acme', 'Ina@Example.COM',
                      ' Ina Invited ', '["finance"]', null, null, 'en', null);

select is(status, 201, 'S0.13 name, role and email: invited') from first;
select is(body::json ->> 'message',
          'Invitation email sent. It may take a moment to arrive.',
          'S0.18 the message') from first;
select is(location, '/v1/accounts/' || t.a('acme') || '/invitations/'
                    || (body::json ->> 'id'), 'with its location') from first;
select is(body::json ->> 'email', 'ina@example.com',
          'the address in ASCII lower case') from first;
select is(body::json ->> 'name', 'Ina Invited', 'the name') from first;
select is((body::json -> 'roles')::text,
          '[{"key": "finance", "name": "Finance"}]', 'the role') from first;
select is(body::json ->> 'status', 'pending', 'S2.27 Pending: sent') from first;
select is(body::jsonb -> 'inviter' ->> 'name', 'Olga Owner',
          'S1.18 the inviter is visible') from first;
select is(body::jsonb -> 'delivery',
          '{"status": "queued", "sent_at": null, "attempts": 0}',
          'S0.18 delivery is to come') from first;
select is((select i.expires_at - i.created_at from team.invitation i),
          interval '7 days', 'S0.27 valid for 7 days');
select is(changed, null, 'nobody''s grants have changed') from first;
select is(t.last_audit(), 'invitation.create done olga', 'is audited');
select is((select detail from team.audit_event order by id desc limit 1),
          '{"email": "ina@example.com", "roles": ["finance"],
            "permissions": [], "groups": []}',
          'with what was offered');
select is((select jsonb_build_array(o.kind, o.payload - 'invitation',
                                    o.payload ->> 'invitation'
                                      = (select body::json ->> 'id' from first))
             from team.outbox o where o.kind = 'invitation.mail'),
          '["invitation.mail", {}, true]',
          'S3.10 a mail is queued, which knows no token');
select is((select count(*) from team.invitation_token), 0::bigint,
          'there is no token before there is a mail');
select is(t.m('acme', 'ina'), null, 'S1.5 not accepted: no member');
select is(t.g('ina', 'acme'), 'none||', 'and no access');

select is(pg_temp.invite('olga', 'acme', 'INA@example.com', '["member"]'),
          'TM409 pending-exists', 'S0.19 inviting the same person twice');
select throws_ok($$
  select team_api.invitation_post('https://id.example.com', 'olga', null, null,
    null, 'acme', 'ina@example.com', 'x', '["member"]', null, null, null,
    null)$$,
  'TM409', 'pending-exists', 'S0.19 has a code');
create function pg_temp.detail(p_email text) returns text
language plpgsql as $$
declare
  v_detail  text;
begin
  perform team_api.invitation_post('https://id.example.com', 'olga', null,
    null, null, 'acme', p_email, 'x', '["member"]', null, null, null, null);
  return null;
exception
  when others then
    get stacked diagnostics v_detail = pg_exception_detail;
    return v_detail;
end
$$;
select is(pg_temp.detail('ina@example.com'),
          'Pending invitation already exists for this email',
          'S0.19 the message');
select is(pg_temp.detail('tours-owner@example.com'),
          'User is already a member of one organization',
          'S0.15 S0.17 who is in another organization');
select is(pg_temp.invite('olga', 'acme', 'tours-owner@example.com',
                         '["member"]'), 'TM409 other-organization',
          'S0.14 S0.16 S0.26 one account an email: fails');
select is(pg_temp.invite('olga', 'acme', 'acme-member@example.com',
                         '["member"]'), 'TM409 already-member',
          'S1.19 a member already');
select is(pg_temp.invite('olga', 'acme', 'ACME-suspended@example.com',
                         '["member"]'), 'TM409 already-member',
          'a suspended one too');
select is(pg_temp.invite('tours-owner', 'tours', 'bento-plain@example.com',
                         '["traveller"]'), '201',
          'S3.11 where people may be in several accounts, they are invited');
select is((select count(*) from team.invitation), 2::bigint,
          'those refused are not there');

-- bad addresses and names

select is(pg_temp.invite('olga', 'acme', e, '["member"]'),
          'TM422 invalid-email', 'S3.8 no address: '
          || regexp_replace(left(e, 30), '[^ -~]', '?', 'g'))
  from unnest(array['', 'x', '@example.com', 'a@', 'a b@example.com',
                    'a@b@example.com', E'a@example.com\r\nBcc: b@example.com',
                    'a@ex ample.com', 'a@-x.com', '"a b"@example.com',
                    'a..b@example.com', 'a@1.2.3.4', 'ı@example.com',
                    repeat('a', 65) || '@example.com', 'A <a@example.com>',
                    'a@bücher.example']) e;
select is(t.try('invitation_post', 'olga', 'acme', null, 'x', '["member"]',
                null, null, null, null), 'TM422 invalid-email', 'none at all');
select is(pg_temp.invite('olga', 'acme', 'new@example.com', '["member"]',
                         array['  ']), 'TM422 name-required',
          'S0.13 the form has a name');
select is(pg_temp.invite('tours-owner', 'tours', 'new@example.com',
                         '["traveller"]', array['']), '201',
          'C20: elsewhere it has not');
select is(pg_temp.invite('olga', 'acme', 'new@example.com', '["member"]',
                         array[E'x\nBcc: y']), 'TM422 invalid-name',
          'header injection through the name');
select is(pg_temp.invite('olga', 'acme', 'new@example.com', '["member"]',
                         array[repeat('x', 201)]), 'TM422 invalid-name',
          'a long name');
select is(pg_temp.invite('olga', 'acme', 'new@example.com', '["member"]',
                         array['x', null, null, l]), 'TM422 invalid-locale',
          'no locale: ' || regexp_replace(l, '[^ -~]', '?', 'g'))
  from unnest(array['../../etc/passwd', 'en_US', 'x', E'en\r\n', '']) l;
select is(pg_temp.invite('olga', 'acme', 'new@example.com', r),
          'TM422 invalid-roles', 'no roles: ' || r)
  from unnest(array['"owner"', '[null]', '[["owner"]]', '7',
                    '{"owner": true}', '["member", "member"]']) r;
select is(pg_temp.invite('olga', 'acme', 'new@example.com', '["traveller"]'),
          'TM422 unknown-role', 'another account''s role');
select is(pg_temp.invite('olga', 'acme', 'new@example.com', null),
          'TM409 role-cardinality', 'S0.13 the form has a role');
select is(pg_temp.invite('olga', 'acme', 'new@example.com',
                         '["member", "finance"]'), 'TM409 role-cardinality',
          'S2.2 one only');
select is(pg_temp.invite('olga', 'acme', 'new@example.com', '["member"]',
                         array['x', '["cards:read"]']),
          'TM409 direct-permissions-disabled', 'C3: roles only');
select is(pg_temp.status('acme', 'new@example.com'), null,
          'none of these is there');

-- who may

select is(pg_temp.invite('acme-finance', 'acme', 'new@example.com',
                         '["member"]'), 'TM403 permission-missing',
          'S0.9 Finance may not invite');
select is(pg_temp.invite('stranger', 'acme', 'new@example.com', '["member"]'),
          'TM404 not-found', 'a stranger');
select is(pg_temp.invite('acme-suspended', 'acme', 'new@example.com',
                         '["member"]'), 'TM403 member-suspended',
          'who is suspended');
select is(pg_temp.invite('space-owner', 'space', 'new@example.com',
                         '["staff"]'), 'TM409 channel-disabled',
          'S4.3 no email is sent for a workspace');

-- no owner is minted, nor anything above the inviter (Shelf PR #2863,
-- chainloop #3264)

select is(pg_temp.invite('acme-admin', 'acme', 'new@example.com',
                         '["owner"]'), '403 rank',
          'S0.7 an Admin makes no Owner');
select is(t.last_audit(), 'invitation.create refused rank acme-admin',
          'the attempt is audited');
select is(pg_temp.invite('acme-admin', 'acme', 'new@example.com',
                         '["admin"]'), '403 rank', 'nor another Admin');
select is(pg_temp.invite('olga', 'acme', 'new@example.com', '["owner"]'),
          'TM409 owner-must-transfer', 'S0.7 nor does the Owner');
select is(pg_temp.invite('bento-team', 'bento', 'new@example.com',
                         '["owner"]'), '403 rank',
          'a Team Admin makes no Company Account Admin');
select is(pg_temp.invite('bento-team', 'bento', 'new@example.com', '[]',
                         array['x', '["*"]']), '403 exceeds-own',
          'nor gives everything');
select is(pg_temp.invite('bento-team', 'bento', 'new@example.com', '[]',
                         array['x', '["policy:update"]']), '403 exceeds-own',
          'nor what they don''t have');
select is(pg_temp.invite('bento-team', 'bento', 'new@example.com', '[]',
                         array['x', p]), 'TM422 ' || c, 'no permissions: ' || p)
  from (values ('["no:such"]', 'unknown-permission'),
               ('"members:read"', 'invalid-permissions'),
               ('[null]', 'invalid-permissions')) v (p, c);
insert into team.role (account_id, key, name, rank)
values (t.a('bento')::uuid, 'sly', 'Sly', 5);
insert into team.role_permission (role_id, permission)
select r.id, '*' from team.role r where r.key = 'sly';
select is(pg_temp.invite('bento-team', 'bento', 'new@example.com',
                         '["sly"]'), '403 exceeds-own',
          'nor by a custom role of low rank');
select is(pg_temp.status('bento', 'new@example.com'), null,
          'none of these is there');
select is(pg_temp.invite('bento-team', 'bento', 'new@example.com', '[]',
                         array['x', '["members:read", "audit:read"]']), '201',
          'S1.15 single permissions of one''s own, and no role');
select is(pg_temp.invite('tours-owner', 'tours', 'boss@example.com',
                         '["owner"]'), '201',
          'S2.30 where there may be several owners, an owner invites one');
select is(pg_temp.invite('cloud-owner', 'cloud', 'all@example.com',
                         '["all"]'), '201', 'S3.9 All Permissions');
select is(pg_temp.invite('cloud-owner', 'cloud', 'some@example.com', null,
                         array['x', '["*"]']), 'TM409 all-by-role',
          'S3.9 which is not hand-picked');
select is(pg_temp.invite('cloud-owner', 'cloud', 'some@example.com', null,
                         array['x', '["products:read"]']), '201',
          'S3.9 Choose Permissions');
select is(pg_temp.invite('cloud-all', 'cloud', 'all2@example.com',
                         '["all"]'), '403 rank', 'not to one''s equals');

-- groups

insert into team.member_group (account_id, name)
values (t.a('tours')::uuid, 'Sales'), (t.a('acme')::uuid, 'Foreign');
create function pg_temp.gid(p_name text) returns text language sql as
  'select g.id::text from team.member_group g where g.name = p_name';

select is(pg_temp.invite('tours-owner', 'tours', 'grouped@example.com',
                         '["traveller"]',
                         array['x', null,
                               '["' || pg_temp.gid('Sales') || '"]']), '201',
          'S2.11 invited into a group');
select is(t.body('invitation_get', 'tours-owner', 'tours',
                 pg_temp.i('tours', 'grouped@example.com')) -> 'groups',
          jsonb_build_array(jsonb_build_object('id', pg_temp.gid('Sales'),
                                               'name', 'Sales')),
          'S2.31 as the invitation says');
select is((select count(*) from team.group_member), 0::bigint,
          'S2.14 which is not joined yet');
select is(pg_temp.invite('tours-owner', 'tours', 'g2@example.com',
                         '["traveller"]', array['x', null, g]),
          'TM422 ' || c, 'no group: ' || c)
  from (values ('["' || pg_temp.gid('Foreign') || '"]', 'unknown-group'),
               ('["Sales"]', 'unknown-group'),
               ('"Sales"', 'invalid-groups'),
               ('[7]', 'invalid-groups')) v (g, c);
insert into team.role_permission (role_id, permission)
select r.id, 'invitations:create' from team.role r
 where r.key = 'travel-admin' and r.account_id = t.a('tours')::uuid;
delete from team.role_permission rp using team.role r
 where r.id = rp.role_id and r.key = 'travel-admin'
   and rp.permission = 'groups:assign';
select is(t.put('tours-owner', 'tours', 'tours-finance', '["travel-admin"]'),
          '200', 'somebody who may invite but not assign groups');
select is(pg_temp.invite('tours-finance', 'tours', 'g2@example.com',
                         '["traveller"]',
                         array['x', null,
                               '["' || pg_temp.gid('Sales') || '"]']),
          '403 exceeds-own', 'gives no place in a group either');

-- repeats

select is(pg_temp.invite('olga', 'acme', 'once@example.com', '["member"]',
                         array['x', null, null, null, 'key-1']), '201',
          'with an Idempotency-Key');
select is((t.body('invitation_post', 'olga', 'acme', 'once@example.com', 'x',
                  '["member"]', null, null, null, 'key-1')) ->> 'id',
          pg_temp.i('acme', 'once@example.com'),
          'the repeat has the first answer');
select is(pg_temp.invite('olga', 'acme', 'twice@example.com', '["member"]',
                         array['x', null, null, null, 'key-1']),
          'TM422 idempotency-mismatch', 'another request with the key');
select is(pg_temp.invite('acme-admin', 'acme', 'sly@example.com', '["owner"]',
                         array['x', null, null, null, 'key-2']), '403 rank',
          'a refusal');
select is(pg_temp.invite('acme-admin', 'acme', 'sly@example.com', '["owner"]',
                         array['x', null, null, null, 'key-2']), '403 rank',
          'is repeated as well');

-- --- looking at them ---------------------------------------------------------

select is(t.list($$
  select i ->> 'email' from jsonb_array_elements(
    t.body('invitation_list', 'olga', 'acme', null, null, null)
      -> 'items') i$$),
  'ina@example.com,once@example.com', 'the open ones, in order');
select is(t.body('invitation_list', 'olga', 'acme', null, '1', null)
            -> 'items' -> 0 ->> 'email', 'ina@example.com', 'a page of one');
select is(t.body('invitation_list', 'olga', 'acme', null, '1',
                 t.body('invitation_list', 'olga', 'acme', null, '1', null)
                   ->> 'next_cursor') -> 'items' -> 0 ->> 'email',
          'once@example.com', 'and the next');
select is(t.try('invitation_list', 'tours-owner', 'tours', null, null,
                t.body('invitation_list', 'olga', 'acme', null, '1', null)
                  ->> 'next_cursor'), 'TM400 bad-cursor',
          'another account''s cursor');
select is(t.try('invitation_list', 'olga', 'acme', 'odd', null, null),
          'TM400 bad-status', 'a status that there is not');
select is(t.try('invitation_list', 'acme-finance', 'acme', null, null, null),
          'TM403 permission-missing', 'needs the right');
select is(t.try('invitation_get', 'tours-owner', 'tours',
                pg_temp.i('acme', 'ina@example.com')), 'TM404 not-found',
          'another account''s invitation');
select is(t.try('invitation_get', 'olga', 'acme', 'x'), 'TM404 not-found',
          'no id');
update team.outbox o set status = 'dead', attempts = 9
 where o.payload ->> 'invitation' = pg_temp.i('acme', 'once@example.com');
select is(t.body('invitation_get', 'olga', 'acme',
                 pg_temp.i('acme', 'once@example.com')) #>> '{delivery,status}',
          'failed', 'a mail that could not be delivered shows');

-- --- sending again -----------------------------------------------------------

create temporary table old as
select team.invitation_token_issue(
         pg_temp.i('acme', 'ina@example.com')::uuid) as token;
select pg_temp.expire('acme', 'ina@example.com');

select is(pg_temp.status('acme', 'ina@example.com'), 'expired',
          'S0.28 expired');
select is(t.list($$
  select i ->> 'email' from jsonb_array_elements(
    t.body('invitation_list', 'olga', 'acme', 'expired', null, null)
      -> 'items') i$$), 'ina@example.com', 'which the list can tell');
select is(t.try('invitation_lookup', 'ina', (select token from old)),
          'TM410 invitation-expired', 'its link says so');
select is(t.try('invitation_resend', 'acme-admin', 'acme',
                pg_temp.i('acme', 'ina@example.com'), null), '202',
          'S2.23 sent again, though expired');
select is(pg_temp.status('acme', 'ina@example.com'), 'pending',
          'S0.28 and it is pending');
select is(t.try('invitation_lookup', 'ina', (select token from old)),
          'TM410 invitation-replaced', 'S2.24 the old link is dead');
select is((select count(*) from team.outbox o
            where o.payload ->> 'invitation'
                  = pg_temp.i('acme', 'ina@example.com')), 1::bigint,
          'S2.24 one mail is to go, not two');
select is(t.last_audit(), 'invitation.resend done acme-admin', 'is audited');
select is(t.body('invitation_get', 'olga', 'acme',
                 pg_temp.i('acme', 'ina@example.com')) #>> '{inviter,name}',
          'Adam Admin', 'who resends is who invites');
select is(t.try('invitation_lookup', 'ina', team.invitation_token_issue(
                  pg_temp.i('acme', 'ina@example.com')::uuid)), '200',
          'S2.24 the new link works');
select is(t.list($$
  select t.try('invitation_resend', 'olga', 'acme',
               pg_temp.i('acme', 'ina@example.com'), null)
    from generate_series(1, 5)$$),
  '202,202,202,202,TM429 quota-exceeded', 'five an hour');
select is(t.try('invitation_resend', 'acme-finance', 'acme',
                pg_temp.i('acme', 'ina@example.com'), null),
          'TM403 permission-missing', 'who may not invite may not resend');
select is(t.try('invitation_resend', 'tours-owner', 'tours',
                pg_temp.i('acme', 'ina@example.com'), null),
          'TM404 not-found', 'another account''s');
select is(t.try('invitation_resend', 'tours-finance', 'tours',
                pg_temp.i('tours', 'boss@example.com'), null), '403 rank',
          'no owner is minted by resending');
select is(t.last_audit(), 'invitation.resend refused rank tours-finance',
          'the attempt is audited');

-- --- withdrawing and clearing ------------------------------------------------

select is(t.try('invitation_delete', 'acme-finance', 'acme',
                pg_temp.i('acme', 'ina@example.com')),
          'TM403 permission-missing', 'withdrawing needs the right');
select is(t.try('invitation_delete', 'tours-owner', 'tours',
                pg_temp.i('acme', 'ina@example.com')), 'TM404 not-found',
          'and the account');
create temporary table live as
select team.invitation_token_issue(
         pg_temp.i('acme', 'ina@example.com')::uuid) as token;
select is(t.try('invitation_delete', 'olga', 'acme',
                pg_temp.i('acme', 'ina@example.com')), '204',
          'S2.25 S1.11 withdrawn');
select is(t.last_audit(), 'invitation.withdraw done olga', 'is audited');
select is(t.try('invitation_lookup', 'ina', (select token from live)),
          'TM410 invitation-withdrawn', 'S2.25 the link is dead at once');
select is((select count(*) from team.outbox o
            where o.payload ->> 'invitation'
                  = pg_temp.i('acme', 'ina@example.com')), 0::bigint,
          'a mail that has not gone will not');
select is(t.try('invitation_delete', 'olga', 'acme',
                pg_temp.i('acme', 'ina@example.com')), '204', 'idempotent');
select is(t.try('invitation_resend', 'olga', 'acme',
                pg_temp.i('acme', 'ina@example.com'), null),
          'TM409 not-pending', 'not to be sent again');
select throws_ok($$select team.invitation_token_issue(
                     pg_temp.i('acme', 'ina@example.com')::uuid)$$,
                 'TM409', 'not-pending', 'nor does a late mail get a token');
select is(pg_temp.invite('olga', 'acme', 'ina@example.com', '["member"]'),
          '201', 'a withdrawn invitation does not block a new one');
select pg_temp.expire('acme', 'ina@example.com');
select is(pg_temp.invite('olga', 'acme', 'ina@example.com', '["finance"]'),
          '201', 'nor does an expired one');
select is(t.list($$select i.status::text from team.invitation i
                    where i.email = 'ina@example.com' order by i.id$$),
          'withdrawn,withdrawn,pending', 'one is pending');
select pg_temp.expire('acme', 'ina@example.com');
select is(t.try('invitation_delete', 'olga', 'acme',
                pg_temp.i('acme', 'ina@example.com')), '204',
          'an expired one is cleared');
select is(t.last_audit(), 'invitation.clear done olga', 'and audited as such');

-- --- quota -------------------------------------------------------------------

update team.quota_use q set n = 199
 where q.account_id = t.a('acme')::uuid and q.kind = 'invitation';
select is(pg_temp.invite('olga', 'acme', 'q1@example.com', '["member"]'),
          '201', 'the 200th of an hour');
select is(pg_temp.invite('olga', 'acme', 'q2@example.com', '["member"]'),
          'TM429 quota-exceeded', 'is the last');
select is(pg_temp.status('acme', 'q2@example.com'), null, 'nothing is left');
select is(pg_temp.invite('tours-owner', 'tours', 'q2@example.com',
                         '["traveller"]'), '201', 'others are not concerned');

select * from finish();
rollback;
