-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Invitations as the invited see them: looking, accepting, declining; and every
-- way in which somebody else might.

\set ON_ERROR_STOP on
begin;
select plan(133);

-- an invitation by somebody of the account, and a mail's token for it

create function pg_temp.mail(p_account text, p_actor text, p_email text,
  p_roles text default '["member"]', p_permissions text default null,
  p_groups text default null)
returns text language plpgsql as $$
declare
  v_id  uuid;
begin
  v_id := t.body('invitation_post', p_actor, p_account, p_email,
                 'Ina Invited', p_roles, p_permissions, p_groups, null,
                 null) ->> 'id';
  return team.invitation_token_issue(v_id);
end
$$;

-- one call by somebody whose token has that address: status and code

create function pg_temp.as(p_function text, p_subject text, p_email text,
  p_verified boolean, p_token text)
returns text language plpgsql as $$
declare
  v_reply  team_api.reply;
begin
  perform set_config('role', 'team_gateway', true);
  execute format('select * from team_api.%I($1, $2, $3, $4, $5, $6)',
                 p_function)
     into v_reply
    using 'https://id.example.com', p_subject, p_email, p_verified, p_subject,
          p_token;
  perform set_config('role', 'none', true);
  return v_reply.status || coalesce(' ' || (v_reply.body::json ->> 'code'), '');
exception
  when others then
    return sqlstate || ' ' || sqlerrm;
end
$$;

create function pg_temp.accept(p_subject text, p_token text)
returns text language sql as $$
  select t.try('invitation_accept', p_subject, p_token)
$$;

create function pg_temp.invitation(p_token text) returns team.invitation
language sql as $$
  select i
    from team.invitation i
    join team.invitation_token k on k.invitation_id = i.id
   where k.token_hash = sha256(convert_to(p_token, 'UTF8'))
$$;

create function pg_temp.status(p_token text) returns text
language sql as $$
  select (pg_temp.invitation(p_token)).status::text
$$;

create function pg_temp.expire(p_token text) returns void
language sql as $$
  update team.invitation i set expires_at = statement_timestamp()
   where i.id = (pg_temp.invitation(p_token)).id
$$;

-- --- looking -----------------------------------------------------------------

select pg_temp.mail('acme', 'olga', 'ina@example.com', '["finance"]') as ina
\gset

select matches(:'ina'::text, '^[A-Za-z0-9_-]{43}$',
               'S2.12 a token of 256 bits');
select is((select k.token_hash from team.invitation_token k),
          sha256(convert_to(:'ina', 'UTF8')), 'of which the hash is kept');
select is(t.body('invitation_lookup', null, :'ina') - 'expires_at',
          '{"account": {"name": "Acme Ltd"}, "inviter": {"name": "Olga Owner"},
            "email": "i***@example.com", "may_decline": true}',
          'whoever has the link learns who invites, and a masked address');
select is(pg_temp.status(:'ina'), 'pending',
          'mail scanners follow links: looking changes nothing');
select is(t.try('invitation_lookup', null, p), 'TM404 not-found',
          'no such token: ' || coalesce(left(p, 20), 'null'))
  from unnest(array[null, '', 'x', repeat('A', 43), repeat('A', 44),
                    :'ina' || '=', left(:'ina', 42) || '!',
                    case left(:'ina', 1) when 'A' then 'B' else 'A' end
                      || substr(:'ina', 2),
                    repeat('A', 1048576)]) p;
select is(pg_temp.accept('ina', p), 'TM404 not-found',
          'nor to accept: ' || coalesce(left(p, 20), 'null'))
  from unnest(array[null, '', 'x', repeat('A', 43), :'ina' || ' ',
                    encode(sha256(convert_to(:'ina', 'UTF8')), 'base64'),
                    repeat('A', 1048576)]) p;

select is(t.body('me_invitations', 'ina', null, null) -> 'items' #- '{0,id}'
            #- '{0,expires_at}',
          jsonb_build_array(jsonb_build_object(
            'account', jsonb_build_object('id', t.a('acme'), 'slug', 'acme',
                                          'name', 'Acme Ltd'),
            'roles', '[{"key": "finance", "name": "Finance"}]'::jsonb,
            'inviter', '{"name": "Olga Owner",
                         "email": "olga@example.com"}'::jsonb)),
          'signed in, one sees what one is invited to');
select throws_ok($$
  select team_api.me_invitations('https://id.example.com', 'ina',
                                 'ina@example.com', false, null, null, null)$$,
  'TM403', 'email-unverified', 'with a verified address only');
select is(t.body('me_invitations', 'eve', null, null) -> 'items', '[]',
          'others see nothing');
select is(t.body('me_invitations', 'ina', null, null)::text ~ :'ina', false,
          'and nobody a token');
select is((select count(*)
             from (select e::text from team.audit_event e
                   union all select o::text from team.outbox o
                   union all select i::text from team.invitation i
                   union all select k::text from team.invitation_token k) x (y)
            where strpos(y, :'ina') > 0), 0::bigint,
          'the token is nowhere in the database');

-- --- the same verified address ----------------------------------------------

select is(pg_temp.as('invitation_accept', 'eve', 'eve@example.com', true,
                     :'ina'), 'TM403 email-mismatch', 'another address');
select is(pg_temp.as('invitation_accept', 'ina', 'ina@example.com', false,
                     :'ina'), 'TM403 email-unverified',
          'the right one, but not verified');
select is(pg_temp.as('invitation_accept', 'ina', 'ina@example.com', null,
                     :'ina'), 'TM403 email-unverified', 'nor said to be');
select is(pg_temp.as('invitation_accept', 'ina', null, true, :'ina'),
          'TM403 email-unverified', 'none');
select is(pg_temp.as('invitation_accept', 'ina', 'ına@example.com', true,
                     :'ina'), 'TM403 email-mismatch',
          'one that some lower() makes the same');
select is(pg_temp.as('invitation_accept', '', 'ina@example.com', true, :'ina'),
          'TM401 token-missing', 'not signed in');
select is(pg_temp.as('invitation_decline', 'eve', 'eve@example.com', true,
                     :'ina'), 'TM403 email-mismatch',
          'nor does another decline');
select is(pg_temp.as('invitation_decline', 'ina', 'ina@example.com', false,
                     :'ina'), 'TM403 email-unverified', 'or an unverified one');
select is(pg_temp.status(:'ina'), 'pending', 'the invitation is as it was');
select is((select count(*) from team.identity i
            where i.subject in ('ina', 'eve')), 0::bigint,
          'and nobody has been noted');

-- --- accepting ---------------------------------------------------------------

create temporary table accepted as
select pg_temp.as('invitation_accept', 'ina', 'INA@Example.com', true, :'ina')
         as answer;

select is(answer, '201', 'S2.13 accepted, whatever the case of the address')
  from accepted;
select is(t.state('acme', 'ina'), 'active finance',
          'S0.24 S1.4 registered and accepted: Active, in the role offered');
select is(t.g('ina', 'acme') ~ '^active[|]finance[|].*bills:manage', true,
          'S2.13 with its rights');
select is((select m.joined_at = i.decided_at
             from team.member m, team.invitation i
            where m.id = t.m('acme', 'ina')::uuid
              and i.accepted_member_id = m.id), true,
          'S2.16 joined when accepted');
select is(t.body('member_get', 'ina', 'acme', 'me') #>> '{inviter,name}',
          'Olga Owner', 'S1.18 by whom is to be seen');
select is((select jsonb_build_array(e.action, e.outcome, e.actor_subject,
                                    e.actor_member_id
                                      = t.m('acme', 'ina')::uuid,
                                    e.target_id
                                      = (pg_temp.invitation(:'ina')).id,
                                    e.detail)
             from team.audit_event e order by e.id desc limit 1),
          jsonb_build_array('invitation.accept', 'done', 'ina', true, true,
                            jsonb_build_object('member', t.m('acme', 'ina'))),
          'is audited');
select is((select o.payload from team.outbox o order by o.id desc limit 1),
          jsonb_build_object('target_type', 'invitation',
                             'target', (pg_temp.invitation(:'ina')).id,
                             'member', t.m('acme', 'ina')),
          'and told in the same transaction');
select ok('ina' in (select t.changes()), 'and voids what was known of her');
select is(pg_temp.accept('ina', :'ina'), 'TM410 invitation-accepted',
          'a second time');
select is(t.try('invitation_lookup', null, :'ina'),
          'TM410 invitation-accepted',
          'nor to be looked up');
select is(pg_temp.as('invitation_decline', 'ina', 'ina@example.com', true,
                     :'ina'), 'TM410 invitation-accepted', 'nor declined');
select is(t.try('invitation_delete', 'olga', 'acme',
                (pg_temp.invitation(:'ina')).id::text),
          'TM409 already-accepted', 'S1.13 nor withdrawn');
select is(t.try('invitation_resend', 'olga', 'acme',
                (pg_temp.invitation(:'ina')).id::text, null),
          'TM409 not-pending', 'nor sent again');

-- the reply, of somebody else: who, where, and whose grants to forget

select pg_temp.mail('acme', 'olga', 'ivy@example.com') as ivy \gset
create temporary table reply as
select * from t.reply('invitation_accept', 'ivy', :'ivy');
select is(array[status::text, location, etag, changed::json ->> 0],
          array['201', '/v1/accounts/' || t.a('acme') || '/members/'
                       || t.m('acme', 'ivy'),
                (t.reply('member_get', 'ivy', 'acme', 'me')).etag,
                '{"issuer" : "https://id.example.com", "subject" : "ivy"}'],
          'the answer is the member') from reply;

-- removed, and invited again: what the new invitation says

select is(t.try('member_remove', 'olga', 'acme', t.m('acme', 'ina')), '204',
          'removed');
select is(pg_temp.accept('ina', :'ina'), 'TM410 invitation-accepted',
          'S1.14 the old link does not bring her back');
select pg_temp.mail('acme', 'olga', 'ina@example.com', '["member"]') as ina2
\gset
select is(pg_temp.accept('ina', :'ina2'), '201', 'a new invitation does');
select is(t.state('acme', 'ina'), 'active member',
          'with what it says, not with old rights');

-- --- links that were good once -----------------------------------------------

select pg_temp.mail('acme', 'olga', 'dora@example.com') as dora \gset
select team.invitation_token_issue((pg_temp.invitation(:'dora')).id) as dora2
\gset
select is(t.try('invitation_lookup', null, :'dora2'), '200',
          'a mail sent twice by accident has two links that work');
select is(t.try('invitation_resend', 'olga', 'acme',
                (pg_temp.invitation(:'dora')).id::text, null), '202',
          'sent again on purpose');
select is(pg_temp.accept('dora', x), 'TM410 invitation-replaced',
          'S2.24 the old links are dead')
  from unnest(array[:'dora', :'dora2']) x;
select is(t.try('invitation_delete', 'olga', 'acme',
                (pg_temp.invitation(:'dora')).id::text), '204', 'withdrawn');
select is(pg_temp.accept('dora', :'dora'), 'TM410 invitation-withdrawn',
          'S1.12 accepting after cancellation gives nothing');
select is(pg_temp.as('invitation_decline', 'dora', 'dora@example.com', true,
                     :'dora'), 'TM410 invitation-withdrawn',
          'nor is it declined any more');
select is(t.state('acme', 'dora'), null, 'S1.12 no member');

select pg_temp.mail('acme', 'olga', 'dora@example.com') as dora \gset
select pg_temp.expire(:'dora');
select is(pg_temp.accept('dora', :'dora'), 'TM410 invitation-expired',
          'S0.27 an expired link');
select is(t.state('acme', 'dora'), null, 'S2.27 no member');
select is(t.body('me_invitations', 'dora', null, null) -> 'items', '[]',
          'nor is it listed');

-- --- declining ---------------------------------------------------------------

select pg_temp.mail('bento', 'bento-owner', 'dan@example.com',
                    '["team-admin"]') as dan \gset
select is(pg_temp.as('invitation_decline', 'dan', 'dan@example.com', true,
                     :'dan'), '204', 'S1.6 declined');
select is((select e.action || ' ' || e.actor_subject
             from team.audit_event e order by e.id desc limit 1),
          'invitation.decline dan', 'is audited');
select is(pg_temp.accept('dan', :'dan'), 'TM410 invitation-declined',
          'S1.6 no access by that link');
select is(pg_temp.as('invitation_decline', 'dan', 'dan@example.com', true,
                     :'dan'), 'TM410 invitation-declined', 'nor again');
select is(t.body('invitation_list', 'bento-owner', 'bento', null, null, null)
            -> 'items' -> 0 ->> 'status', 'declined', 'S1.3 is shown');
select is(t.try('invitation_post', 'bento-owner', 'bento', 'dan@example.com',
                null, '["team-admin"]', null, null, null, null),
          'TM409 declined-exists', 'S1.8 the declined one must go first');
savepoint off;
update team.account set decline_mode = 'off' where slug = 'bento';
select is(t.try('invitation_post', 'bento-owner', 'bento', 'dan@example.com',
                null, '["team-admin"]', null, null, null, null), '201',
          'C9: unless no page shows it any more');
rollback to off;
select is(t.try('invitation_delete', 'bento-owner', 'bento',
                (pg_temp.invitation(:'dan')).id::text), '204',
          'S1.13 "Remove user"');
select is(t.last_audit(), 'invitation.clear done bento-owner', 'is audited');
select pg_temp.mail('bento', 'bento-owner', 'dan@example.com',
                    '["team-admin"]') as dan2 \gset
select is(pg_temp.accept('dan', :'dan2'), '201',
          'S1.7 and a new invitation is possible');

select pg_temp.mail('acme', 'olga', 'dora@example.com') as dora \gset
select is(pg_temp.as('invitation_decline', 'dora', 'dora@example.com', true,
                     :'dora'), '204', 'C7: where it is not shown');
select is(t.list($$
  select i ->> 'email'
    from unnest(array[null, 'declined']) s,
         jsonb_array_elements(t.body('invitation_list', 'olga', 'acme', s,
                                     null, null) -> 'items') i
   where i ->> 'email' = 'dora@example.com'$$), null, 'it is in no list');
select is(t.try('invitation_get', 'olga', 'acme',
                (pg_temp.invitation(:'dora')).id::text), 'TM404 not-found',
          'and not there by its id');
select pg_temp.mail('acme', 'olga', 'dora@example.com') as dora2 \gset
select is(pg_temp.status(:'dora2'), 'pending',
          'C9: nor does it block a new one');

update team.account set decline_mode = 'off' where slug = 'acme';
select is(pg_temp.as('invitation_decline', 'dora', 'dora@example.com', true,
                     :'dora2'), 'TM409 decline-disabled',
          'C7: where there is no declining');
select is(t.body('invitation_lookup', null, :'dora2') -> 'may_decline',
          'false', 'C7: which a page knows before');
select is(pg_temp.status(:'dora2'), 'pending', 'nothing is declined');

-- people are invited by email no more

savepoint channel;
update team.account set join_email = false, decline_mode = 'hidden'
 where slug = 'acme';
select is(pg_temp.accept('dora', :'dora2'), 'TM409 channel-disabled',
          'C5: who was invited by email before does not come in by it');
select is(t.state('acme', 'dora'), null, 'there is no member');
select is(pg_temp.status(:'dora2'), 'pending', 'the invitation waits');
update team.account set join_email = true where slug = 'acme';
select is(pg_temp.accept('dora', :'dora2'), '201', 'for it to be so again');
rollback to channel;

-- --- the inviter, today ------------------------------------------------------
-- (alkem-io PR #10299: an invitation outlived the rights of who had sent it)

select pg_temp.mail('acme', 'acme-admin', 'fin@example.com', '["finance"]')
         as fin \gset
select is(t.try('member_suspend', 'olga', 'acme', t.m('acme', 'acme-admin')),
          '204', 'the inviter is suspended');
select is(pg_temp.accept('fin', :'fin'), '409 inviter-lost-right',
          'and so is the invitation');
select is((select concat_ws(' ', e.action, e.outcome, e.code, e.actor_subject)
             from team.audit_event e order by e.id desc limit 1),
          'invitation.accept refused inviter-lost-right fin',
          'the attempt is audited');
select is(t.state('acme', 'fin'), null, 'there is no member');
select is((select count(*) from team.identity i where i.subject = 'fin'),
          0::bigint, 'nor an identity');
select is(pg_temp.status(:'fin'), 'pending', 'the invitation stays');
select is(t.try('member_resume', 'olga', 'acme', t.m('acme', 'acme-admin')),
          '204', 'with the inviter back');
select is(t.put('olga', 'acme', 'acme-admin', '["member"]'), '200',
          'but demoted');
select is(pg_temp.accept('fin', :'fin'), '409 inviter-lost-right',
          'it is not theirs to give');
select is(t.put('olga', 'acme', 'acme-admin', '["admin"]'), '200',
          'promoted again');
select is(pg_temp.accept('fin', :'fin'), '201', 'it is good again');

select pg_temp.mail('acme', 'acme-admin', 'gus@example.com', '["finance"]')
         as gus \gset
insert into team.role_permission (role_id, permission)
select r.id, 'policy:update' from team.role r
 where r.key = 'finance' and r.account_id = t.a('acme')::uuid;
select is(pg_temp.accept('gus', :'gus'), '409 inviter-lost-right',
          'the role has grown beyond the inviter''s rights');
delete from team.role_permission rp using team.role r
 where r.id = rp.role_id and r.key = 'finance'
   and rp.permission = 'policy:update';
select is(t.try('member_remove', 'olga', 'acme', t.m('acme', 'acme-admin')),
          '204', 'the inviter is removed');
select is(pg_temp.accept('gus', :'gus'), '409 inviter-lost-right',
          'the invitation with them');
select is(t.body('invitation_lookup', null, :'gus') -> 'inviter',
          '{"name": null}', 'whose name is gone');
select is(t.try('invitation_resend', 'olga', 'acme',
                (pg_temp.invitation(:'gus')).id::text, null), '202',
          'S0.28 somebody else sends it again');
select team.invitation_token_issue((pg_temp.invitation(:'gus')).id) as gus2
\gset
select is(pg_temp.accept('gus', :'gus2'), '201', 'and it is good');

-- --- seats -------------------------------------------------------------------

update team.account a
   set seat_limit = (select count(*) + 1 from team.member m
                      where m.account_id = a.id and m.status = 'active'),
       seats_counted = 'active'
 where a.slug = 'tours';
select pg_temp.mail('tours', 'tours-owner', 'seat1@example.com',
                    '["traveller"]') as seat1 \gset
select pg_temp.mail('tours', 'tours-owner', 'seat2@example.com',
                    '["traveller"]') as seat2 \gset
select is(pg_temp.accept('seat1', :'seat1'), '201',
          'S2.29 pending invitations take no seat: the last one is free');
select is(pg_temp.accept('seat2', :'seat2'), 'TM409 seat-limit',
          'S2.28 S2.29 then the account is full');
select is(pg_temp.status(:'seat2') || t.state('tours', 'seat1'),
          'pendingactive traveller', 'the invitation stays');
select is(t.try('member_suspend', 'tours-owner', 'tours',
                t.m('tours', 'tours-approver')), '204', 'S2.22 a seat freed');
select is(pg_temp.accept('seat2', :'seat2'), '201', 'is taken');

-- --- one person, how many accounts -------------------------------------------

select pg_temp.mail('acme', 'olga', 'rex@example.com') as rex \gset
select pg_temp.mail('cloud', 'cloud-owner', 'rex@example.com', '[]',
                    '["products:read", "billing:read"]') as rex2 \gset
select is(pg_temp.accept('rex', :'rex2'), '201',
          'S3.12 joins with the permissions assigned');
select is(t.g('rex', 'cloud'), 'active||billing:read products:read',
          'S3.9 just those');
select is(pg_temp.accept('rex', :'rex'), 'TM409 other-organization',
          'S0.26 and so can''t join an exclusive account any more');
select is(pg_temp.status(:'rex'), 'pending', 'that invitation stays');
select is(pg_temp.as('invitation_accept', 'rex-two', 'rex@example.com', true,
                     :'rex'), 'TM409 other-organization',
          'nor under another identity of that address');
select pg_temp.mail('tours', 'tours-owner', 'rex@example.com',
                    '["traveller"]') as rex3 \gset
update team.account set seat_limit = null where slug = 'tours';
select is(pg_temp.accept('rex', :'rex3'), '201',
          'S3.11 an existing person joins another account');
select pg_temp.mail('tours', 'tours-owner', 'new@example.com',
                    '["traveller"]') as new \gset
select is(pg_temp.as('invitation_accept', 'rex', 'new@example.com', true,
                     :'new'), 'TM409 already-member',
          'a member under another address can''t join twice');

-- --- groups ------------------------------------------------------------------

insert into team.member_group (account_id, name)
values (t.a('tours')::uuid, 'Sales'), (t.a('tours')::uuid, 'Gone');
select pg_temp.mail('tours', 'tours-owner', 'grp@example.com',
                    '["traveller"]', null,
                    (select jsonb_agg(g.id)::text from team.member_group g))
         as grp \gset
delete from team.member_group g where g.name = 'Gone';
select is(pg_temp.accept('grp', :'grp'), '201', 'invited into groups');
select is(t.list($$
  select g.name::text from team.group_member gm
    join team.member_group g on g.id = gm.group_id
   where gm.member_id = t.m('tours', 'grp')::uuid$$), 'Sales',
  'S2.14 joined at acceptance, if they are still there');

-- --- a token is of its account only ------------------------------------------
-- (Keycloak CVE-2026-1529: a token of one organization accepted in another)

select pg_temp.mail('cloud', 'cloud-owner', 'kay@example.com', '["all"]')
         as kay \gset
select is(pg_temp.accept('kay', :'kay'), '201', 'accepted');
select is(t.list($$
  select a.slug::text from team.member m
    join team.account a on a.id = m.account_id
    join team.identity i on i.id = m.identity_id
   where i.subject = 'kay'$$), 'cloud', 'into that account, and no other');

-- --- the policy has changed since, beside the API ------------------------------

select pg_temp.mail('cloud', 'cloud-owner', 'dir@example.com', '[]',
                    '["billing:read"]') as dir \gset
update team.account set direct_permissions = false where slug = 'cloud';
select is(pg_temp.accept('dir', :'dir'), 'TM409 direct-permissions-disabled',
          'no single permissions by an offer of old');
select is(t.try('invitation_resend', 'cloud-owner', 'cloud',
                (pg_temp.invitation(:'dir')).id::text, null),
          'TM409 direct-permissions-disabled', 'nor is it sent again');
update team.account set direct_permissions = true, join_email = false
 where slug = 'cloud';
select is(t.try('invitation_resend', 'cloud-owner', 'cloud',
                (pg_temp.invitation(:'dir')).id::text, null),
          'TM409 channel-disabled', 'nor where nobody is invited by mail');
update team.account set join_email = true where slug = 'cloud';

-- --- repeats -----------------------------------------------------------------
-- (the answer was lost on its way: the same key, and the token is used up)

select pg_temp.mail('tours', 'tours-owner', 'rep@example.com',
                    '["traveller"]') as rep \gset
create temporary view people as
select count(*) as n from team.member;
select (t.reply('invitation_accept', 'rep', :'rep', 'k')).body as first \gset
select n from people \gset
select is((t.reply('invitation_accept', 'rep', :'rep', 'k')).body, :'first',
          'the same answer');
select is((select n from people), :n::bigint, 'nobody comes twice');
select is(t.try('invitation_accept', 'rep', :'rep'),
          'TM410 invitation-accepted', 'without the key it is known as used');
select is(t.try('invitation_accept', 'rep', :'kay', 'k'),
          'TM422 idempotency-mismatch', 'the key is good for that token only');
select is(t.try('invitation_accept', 'kay', :'rep', 'k'),
          'TM410 invitation-accepted', 'and for that person');
select pg_temp.mail('tours', 'tours-owner', 'red@example.com',
                    '["traveller"]') as red \gset
select is(t.try('invitation_decline', 'red', :'red', 'k') || ' '
          || t.try('invitation_decline', 'red', :'red', 'k'), '204 204',
          'declined once and again');
select is((select count(*) from team.outbox o
            where o.kind = 'invitation.mail' and o.status = 'pending'
              and o.payload ->> 'invitation'
                  = (pg_temp.invitation(:'red')).id::text), 0::bigint,
          'a mail that still waits is not sent');
select is(t.try('invitation_accept', 'red', :'red', 'k'),
          'TM422 idempotency-mismatch', 'which is no acceptance');
select is((select count(*) from team.audit_event e
            where e.action in ('invitation.accept', 'invitation.decline')
              and e.actor_subject in ('rep', 'red')), 2::bigint,
          'each is audited once');

-- --- a closed account --------------------------------------------------------

select pg_temp.mail('cloud', 'cloud-owner', 'late@example.com', '["all"]')
         as late \gset
update team.account set status = 'closed', closed_at = now()
 where slug = 'cloud';
select is(t.try('invitation_lookup', null, :'late'), 'TM410 account-closed',
          'no more of a closed account');
select is(pg_temp.accept('late', :'late'), 'TM410 account-closed', 'at all');
select is(t.body('me_invitations', 'late', null, null) -> 'items', '[]',
          'nor listed');

select * from finish();
rollback;
