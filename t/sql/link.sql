-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Invite links, joining by them, and approving who has.

\set ON_ERROR_STOP on
begin;
select plan(130);

-- a link's code; role, uses, domains as they may be

create function pg_temp.link(p_actor text, p_account text,
  p_role text default null, p_uses text default null,
  p_domains text default null)
returns text language sql as $$
  select t.body('link_post', p_actor, p_account, p_role, p_uses, null,
                p_domains, null) ->> 'code'
$$;

create function pg_temp.join(p_subject text, p_code text) returns text
language sql as $$
  select t.try('link_join', p_subject, p_code)
$$;

create function pg_temp.j(p_account text, p_subject text) returns text
language sql as $$
  select j.id::text from team.join_request j
    join team.identity i on i.id = j.identity_id
   where j.account_id = t.a(p_account)::uuid and i.subject = p_subject
   order by j.id desc limit 1
$$;

create function pg_temp.l(p_code text) returns text
language sql as $$
  select l.id::text from team.invite_link l
   where l.code_hash = sha256(convert_to(p_code, 'UTF8'))
$$;

create function pg_temp.uses(p_code text) returns integer
language sql as $$
  select l.uses from team.invite_link l where l.id = pg_temp.l(p_code)::uuid
$$;

-- --- making ------------------------------------------------------------------

create temporary table made as
select * from t.reply('link_post', 'space-admin', 'space', null, null, null,
                      null, null);

select is(status, 201, 'S4.2 an Administrator makes a link') from made;
select matches(body::json ->> 'code', '^[A-Za-z0-9_-]{43}$', 'S4.2 team_code')
  from made;
select is(body::json ->> 'account_name', 'Work Space', 'S4.2 team_name')
  from made;
select is(body::jsonb - array['id', 'account', 'code', 'creator',
                              'created_at', 'expires_at'],
          '{"status": "active", "role": null, "max_uses": null, "uses": 0,
            "domains": [], "account_name": "Work Space"}',
          'S4.17 the link carries no role') from made;
select is(location, '/v1/accounts/' || t.a('space') || '/invite-links/'
                    || (body::json ->> 'id'), 'with its location') from made;
select is((select l.code_hash from team.invite_link l),
          sha256(convert_to(body::json ->> 'code', 'UTF8')),
          'of the code the hash is kept') from made;
select is((select l.expires_at - l.created_at from team.invite_link l),
          interval '7 days', 'for as long as the policy says');
select is(t.last_audit(), 'invite-link.create done space-admin', 'is audited');
select is((select count(*) from team.outbox
            where kind = 'invitation.mail'), 0::bigint,
          'S4.3 no email is sent');
select is((select count(*)
             from (select e::text from team.audit_event e
                   union all select l::text from team.invite_link l) x (y),
                  made m
            where strpos(y, m.body::json ->> 'code') > 0), 0::bigint,
          'the code is nowhere in the database');
select is(t.body('link_list', 'space-owner', 'space', null, null)
            -> 'items' -> 0 ? 'code', false, 'nor in the list');
select is(t.body('link_list', 'space-owner', 'space', null, null)
            #>> '{items,0,creator,name}', 'Arno Admin',
          'which says who made it');
select is(t.try('link_post', 'space-staff', 'space', null, null, null, null,
                null), 'TM403 permission-missing',
          'S4.4 Staff makes none');
select is(t.try('link_list', 'space-staff', 'space', null, null),
          'TM403 permission-missing', 'nor sees any');
select is(t.try('link_post', 'olga', 'acme', null, null, null, null, null),
          'TM409 channel-disabled',
          'C5: elsewhere people are invited by email');

create temporary table twice as
select t.body('link_post', 'space-owner', 'space', null, null, null, null,
              'key-l') as body
  from generate_series(1, 2);
select is((select count(distinct body ->> 'id') from twice), 1::bigint,
          'an Idempotency-Key makes a repeat harmless');
select is((select count(*) from twice where body ? 'code'), 1::bigint,
          'the code is shown once');
select is((select count(*) from team.idempotency_key k, twice w
            where strpos(k::text, w.body ->> 'code') > 0), 0::bigint,
          'as it is not kept for the repeat either');

select is(t.try('link_post', 'space-owner', 'space', null, u, e, d, null),
          'TM422 ' || c, c || ' ' || coalesce(u, e, left(d, 40)))
  from (values ('0', null, null, 'invalid-max-uses'),
               ('-1', null, null, 'invalid-max-uses'),
               ('100001', null, null, 'invalid-max-uses'),
               (null, '3599', null, 'invalid-expires-in'),
               (null, '7776001', null, 'invalid-expires-in'),
               (null, null, '"example.com"', 'invalid-domains'),
               (null, null, '[null]', 'invalid-domains'),
               (null, null, '["example"]', 'invalid-domains'),
               (null, null, '["@example.com"]', 'invalid-domains'),
               (null, null, '["%.com"]', 'invalid-domains'),
               (null, null, '["bücher.example"]', 'invalid-domains'))
       v (u, e, d, c);
select is(t.try('link_post', 'space-owner', 'space', 'none', null, null, null,
                null), 'TM422 unknown-role', 'a role that there is not');

-- no owner by a link

select is(t.try('link_post', 'space-admin', 'space', 'admin', null, null, null,
                null), '403 rank', 'no role of one''s own rank');
select is(t.last_audit(), 'invite-link.create refused rank space-admin',
          'the attempt is audited');
insert into team.role (account_id, key, name, rank)
values (t.a('space')::uuid, 'owner', 'Owner', 20);
select is(t.try('link_post', 'space-owner', 'space', 'owner', null, null, null,
                null), 'TM409 owner-must-transfer', 'no owner by a link');
update team.account set join_link = true, link_role = 'traveller'
 where slug = 'tours';
select is(t.try('link_post', 'tours-owner', 'tours', 'owner', null, null, null,
                null), 'TM409 owner-role',
          'not even where an owner may invite one');
update team.account set link_role = 'owner' where slug = 'tours';
select is(t.try('link_post', 'tours-owner', 'tours', null, null, null, null,
                null), 'TM409 owner-role', 'nor by the policy''s role');
update team.account set link_role = null where slug = 'tours';
select is(t.try('link_post', 'tours-owner', 'tours', null, null, null, null,
                null), 'TM409 role-cardinality', 'nor anybody without a role');

-- --- joining -----------------------------------------------------------------

select body::json ->> 'code' as code from made \gset

select is(pg_temp.join('joe', p), 'TM404 not-found',
          'no such code: ' || coalesce(left(p, 20), 'null'))
  from unnest(array[null, '', 'x', repeat('A', 43), :'code' || 'A']) p;
select throws_ok(format($$
  select team_api.link_join('https://id.example.com', 'joe',
                            'joe@example.com', false, null, %L)$$, :'code'),
  'TM403', 'email-unverified', 'an address that is not verified');
select throws_ok(format($$
  select team_api.link_join('https://id.example.com', null,
                            'joe@example.com', true, null, %L)$$, :'code'),
  'TM401', 'token-missing', 'nobody');
select is(pg_temp.uses(:'code'), 0, 'none of which is a use');

create temporary table joined as
select * from t.reply('link_join', 'joe', :'code');
select is(status, 202, 'S4.7 joined by a link') from joined;
select is(body::jsonb - array['id', 'account', 'member', 'created_at'],
          '{"status": "pending", "name": "joe", "email": "joe@example.com",
            "roles": [{"key": "staff", "name": "Staff"}],
            "decided_at": null}', 'a join request') from joined;
select is(changed::jsonb,
          '[{"issuer": "https://id.example.com", "subject": "joe"}]',
          'names whose grants to forget') from joined;
select is(t.state('space', 'joe'), 'pending staff',
          'S4.7 S4.17 Pending, as Staff');
select is(t.g('joe', 'space'), 'pending||', 'C18: without rights');
select is(t.last_audit(), 'join-request.create done joe', 'is audited');
select is(pg_temp.uses(:'code'), 1, 'which is one use');
select is(pg_temp.join('joe', :'code'), 'TM409 already-member', 'not twice');
select is(pg_temp.join('space-staff', :'code'), 'TM409 already-member',
          'nor a member');
select is(pg_temp.uses(:'code'), 1, 'neither is a use');

-- --- approving ---------------------------------------------------------------

select is(t.list($$
  select x ->> 'email' from jsonb_array_elements(
    t.body('join_list', 'space-admin', 'space', null, null) -> 'items') x$$),
  'joe@example.com', 'who waits');
select is(t.try('join_list', 'space-staff', 'space', null, null),
          'TM403 permission-missing', 'S4.6 Staff does not see them');
select is(t.try('join_approve', 'space-staff', 'space',
                pg_temp.j('space', 'joe')), 'TM403 permission-missing',
          'S4.6 nor approves');
select is(t.try('join_approve', 'joe', 'space', pg_temp.j('space', 'joe')),
          'TM403 member-pending', 'nor do they themselves');
select is(t.try('join_approve', 'olga', 'acme', pg_temp.j('space', 'joe')),
          'TM404 not-found', 'nor another account''s owner');
select is(t.try('join_reject', 'olga', 'acme', pg_temp.j('space', 'joe')),
          'TM404 not-found', 'who does not reject either');
select is(t.try('join_approve', 'space-admin', 'space', 'x'),
          'TM404 not-found', 'no id');
select is(t.state('space', 'joe'), 'pending staff', 'still Pending');
create temporary table approved as
select * from t.reply('join_approve', 'space-admin', 'space',
                      pg_temp.j('space', 'joe'));
select is(status || ' ' || (body::json ->> 'status'), '200 active',
          'S4.5 an Administrator approves') from approved;
select is(changed::jsonb,
          '[{"issuer": "https://id.example.com", "subject": "joe"}]',
          'names whose grants to forget') from approved;
select is(t.g('joe', 'space'),
          'active|staff|account:read members:read workspace:use',
          'S4.5 status: Active');
select is(t.last_audit(), 'join-request.approve done space-admin',
          'is audited');
select is(t.try('join_approve', 'space-admin', 'space',
                pg_temp.j('space', 'joe')), 'TM409 not-pending', 'not twice');
select is(t.try('join_reject', 'space-admin', 'space',
                pg_temp.j('space', 'joe')), 'TM409 not-pending',
          'nor rejected afterwards');
select is(t.state('space', 'joe'), 'active staff', 'still a member');

-- rejecting

select is(pg_temp.join('jim', :'code'), '202', 'another one');
select is(t.try('join_reject', 'space-admin', 'space',
                pg_temp.j('space', 'jim')), '204', 'rejected');
select is(t.state('space', 'jim'), null, 'is no member');
select is(t.last_audit(), 'join-request.reject done space-admin',
          'is audited');
select is(t.try('join_approve', 'space-admin', 'space',
                pg_temp.j('space', 'jim')), 'TM409 not-pending',
          'and stays so');
select is(pg_temp.join('jim', :'code'), '202', 'but may ask again');
select is(t.try('member_remove', 'space-admin', 'space',
                t.m('space', 'jim')), '204', 'removed instead');
select is(t.body('join_list', 'space-admin', 'space', null, null) -> 'items',
          '[]', 'is not in the list');
select is(t.try('join_approve', 'space-admin', 'space',
                pg_temp.j('space', 'jim')), 'TM409 not-pending',
          'nor to be approved');
select is(pg_temp.join('jim', :'code'), '202', 'and may ask again');
select is((select count(*) from team.join_request j
             join team.identity i on i.id = j.identity_id
            where i.subject = 'jim' and j.status = 'pending'), 1::bigint,
          'once');

-- who waits may take it back

select is(t.try('member_remove', 'jim', 'space', t.m('space', 'space-staff')),
          'TM403 member-pending', 'who waits removes nobody');
select is(t.try('member_remove', 'jim', 'space', 'me'), '204',
          'but may take back what they ask');
select is(t.state('space', 'jim'), null, 'is no member');
select is(t.last_audit(), 'member.leave done jim', 'is audited');
select is(t.try('join_approve', 'space-admin', 'space',
                pg_temp.j('space', 'jim')), 'TM409 not-pending',
          'is nobody to approve');
select is(t.body('join_list', 'space-admin', 'space', null, null) -> 'items',
          '[]', 'nor in the list');
select is(pg_temp.join('jim', :'code'), '202', 'and may ask again');

-- an approver gives what is theirs only

select pg_temp.link('space-owner', 'space', 'admin') as admin \gset
select is(pg_temp.join('jane', :'admin'), '202', 'a link for Administrators');
select is(t.try('join_approve', 'space-admin', 'space',
                pg_temp.j('space', 'jane')), '403 rank',
          'no equal is let in');
select is(t.last_audit(), 'join-request.approve refused rank space-admin',
          'the attempt is audited');

-- somebody lets others in, and lacks what the link's role has

savepoint porter;
insert into team.role (account_id, key, name, rank)
values (t.a('space')::uuid, 'porter', 'Porter', 70);
insert into team.role_permission
select id, 'members:approve' from team.role where key = 'porter';
update team.member_role
   set role_id = (select id from team.role where key = 'porter')
 where member_id = t.m('space', 'space-staff')::uuid;
select is(pg_temp.join('gil', :'code'), '202', 'somebody waits');
select is(t.try('join_approve', 'space-staff', 'space',
                pg_temp.j('space', 'gil')), '403 exceeds-own',
          'nobody lets in with more than they have');
rollback to porter;
select is(t.try('join_approve', 'space-owner', 'space',
                pg_temp.j('space', 'jane')), '200', 'but by the owner');

-- seats

update team.account a
   set seats_counted = 'active',
       seat_limit = (select count(*) from team.member m
                      where m.account_id = a.id and m.status = 'active')
 where a.slug = 'space';
select is(t.try('join_approve', 'space-owner', 'space',
                pg_temp.j('space', 'jim')), 'TM409 seat-limit',
          'no seat is left');
select is(t.state('space', 'jim'), 'pending staff', 'so they wait');
update team.account a set seat_limit = null where a.slug = 'space';

-- --- bounds ------------------------------------------------------------------

select pg_temp.link('space-owner', 'space', null, '2') as two \gset
select is(t.list(format($$select pg_temp.join('n' || n, %L)
                            from generate_series(1, 3) n$$, :'two')),
          '202,202,TM410 link-used-up', 'as often as it may be used');
select is(t.state('space', 'n3'), null, 'and no more');

select pg_temp.link('space-owner', 'space', null, null,
                    '["Example.ORG", "corp.example"]') as corp \gset
select is(pg_temp.join('kim', :'corp'), 'TM403 domain-not-allowed',
          'for some domains only');
select is((team_api.link_join('https://id.example.com', s, e, true, s,
                              :'corp')).status, 202, 'such as ' || e)
  from (values ('kim', 'Kim@example.ORG'),
               ('lee', 'lee@corp.example')) v (s, e);
select throws_ok(format($$
  select team_api.link_join('https://id.example.com', 'mal', %L, true, null,
                            %L)$$, e, :'corp'),
  'TM403', 'domain-not-allowed', 'not ' || e)
  from unnest(array['mal@sub.corp.example', 'mal@corp.example.evil.com',
                    'mal@evilcorp.example']) e;

select is(t.try('link_delete', 'space-staff', 'space', pg_temp.l(:'code')),
          'TM403 permission-missing', 'withdrawing needs the right');
select is(t.try('link_delete', 'tours-owner', 'tours', pg_temp.l(:'code')),
          'TM404 not-found', 'and the account');
select is(t.try('link_delete', 'space-owner', 'space', pg_temp.l(:'code')),
          '204', 'withdrawn');
select is(t.last_audit(), 'invite-link.revoke done space-owner', 'is audited');
select is(pg_temp.join('ned', :'code'), 'TM410 link-revoked', 'is dead');
select is(t.try('link_delete', 'space-owner', 'space', pg_temp.l(:'code')),
          '204', 'idempotent');

select pg_temp.link('space-owner', 'space') as late \gset
update team.invite_link l set expires_at = statement_timestamp()
 where l.id = pg_temp.l(:'late')::uuid;
select is(pg_temp.join('ned', :'late'), 'TM410 link-expired', 'expired');

-- who made it, today

select pg_temp.link('space-admin', 'space') as adm \gset
select is(t.put('space-owner', 'space', 'space-admin', '["staff"]'), '200',
          'its maker is demoted');
select is(pg_temp.join('ned', :'adm'), '409 inviter-lost-right',
          'and it lets nobody in');
select is(t.state('space', 'ned') is null
          and not exists (select from team.identity i where i.subject = 'ned'),
          true, 'nobody is noted');
select is(pg_temp.uses(:'adm'), 0, 'that is no use');

-- without approval, and where people may be in one account only

update team.account set join_link = true, link_role = 'member',
                        link_requires_approval = false,
                        seats_counted = 'active',
                        seat_limit = 6
 where slug = 'acme';
insert into team.role_permission (role_id, permission)
select r.id, 'invite-links:create' from team.role r
 where r.key = 'admin' and r.account_id = t.a('acme')::uuid;
select pg_temp.link('olga', 'acme') as acme \gset
select is(pg_temp.join('tours-owner', :'acme'), 'TM409 other-organization',
          'S0.26 not by a link either');
select is(pg_temp.join('ned', :'acme'), 'TM409 seat-limit',
          'S2.28 nor without a seat');
update team.account set seat_limit = 7 where slug = 'acme';
select is(pg_temp.join('ned', :'acme'), '201', 'a member at once');
select is(t.state('acme', 'ned'), 'active member', 'and active');
select is(t.last_audit(), 'invite-link.join done ned', 'is audited');
select is(pg_temp.uses(:'acme'), 1, 'one use');
update team.account set join_link = false where slug = 'acme';
select is(pg_temp.join('pat', :'acme'), 'TM409 channel-disabled',
          'switched off, no link of old works');


-- Somebody is invited, asks to join by a link, and is turned away: the
-- invitation is no way back.

update team.account set join_email = true where slug = 'space';
select pg_temp.link('space-owner', 'space') as back \gset
create temporary table offer as
select s, t.try('invitation_post', 'space-owner', 'space',
                s || '@example.com', null, '["staff"]', null, null, null,
                null) as invited, pg_temp.join(s, :'back') as joined
  from unnest(array['out', 'off', 'gone']) s;
select is(string_agg(invited || ' ' || joined, ',' order by s),
          '201 202,201 202,201 202', 'three are invited and ask to join')
  from offer;
select is(t.try('member_remove', 'space-owner', 'space', t.m('space', 'out')),
          '204', 'one is removed');
select is((select (action, target_type, outcome, detail ->> 'email')::text
             from team.audit_event
            where action ~ '^invitation' order by id desc limit 1),
          '(invitation.withdraw,invitation,done,out@example.com)',
          'which the log tells of the invitation, too');
select is(t.try('join_reject', 'space-owner', 'space',
                pg_temp.j('space', 'off')), '204', 'one is rejected');
select is(t.try('join_approve', 'space-owner', 'space',
                pg_temp.j('space', 'gone')), '200', 'one is let in');
select is(t.try('member_remove', 'gone', 'space', 'me'), '204', 'and leaves');
select is(t.list($$select split_part(email, '@', 1) || ' ' || status
                     from team.invitation order by email$$),
          'gone pending,off withdrawn,out withdrawn',
          'only who left may come back');

-- what the link gives makes owners by now

update team.account
   set join_link = true, link_role = 'traveller'
 where slug = 'tours';
select pg_temp.link('tours-owner', 'tours', 'approver') as tours \gset
update team.account set owner_role = 'approver' where slug = 'tours';
select is(pg_temp.join('gus', :'tours'), 'TM409 owner-role',
          'it makes no owner');
select is(t.m('tours', 'gus'), null, 'nobody has come');

select * from finish();
rollback;
