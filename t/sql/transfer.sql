-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Ownership passes on: by whom, to whom, and what each is left with.

\set ON_ERROR_STOP on
begin;
select plan(120);

create function t.transfer(p_subject text, p_account text, p_to text,
  p_idem text default null)
returns text
language sql as $$
  select t.try('transfer_post', p_subject, p_account,
               t.m(p_account, p_to),
               team.etag(team.account_text(team.account_find(p_account))),
               p_idem)
$$;

create function t.owner(p_account text) returns text
language sql stable as $$
  select i.subject::text
    from team.account a
    join team.member m on m.id = a.owner_member_id
    join team.identity i on i.id = m.identity_id
   where a.slug = p_account
$$;

-- the id of the last transfer

create function t.tr() returns text
language sql stable as $$
  select id::text from team.ownership_transfer order by id desc limit 1
$$;

create function t.transfers() returns bigint
language sql stable as 'select count(*) from team.ownership_transfer';

-- --- who may -----------------------------------------------------------------

select is(t.transfer('acme-admin', 'acme', 'acme-admin2'), '403 owner-only',
          'S0.22, C21: an Admin does not transfer the Owner''s rights');
select is(t.last_audit(),
          'ownership.transfer refused owner-only acme-admin acme-admin2',
          'C12: the attempt is audited');
select is(t.transfer('acme-admin', 'acme', 'acme-admin'), '403 owner-only',
          'an Admin does not make themselves the Owner');
select is(t.transfer('acme-member', 'acme', 'acme-member'), '403 owner-only',
          'nor does a Member');
select is(t.transfer('acme-suspended', 'acme', 'acme-suspended'),
          'TM403 member-suspended', 'nor who is suspended');
select is(t.transfer('stranger', 'acme', 'acme-admin'), 'TM404 not-found',
          'nor a stranger');
select is(t.transfer('tours-owner', 'acme', 'acme-admin'), 'TM404 not-found',
          'nor the owner of another account');
select is(t.transfer('space-admin', 'space', 'space-staff'), '403 owner-only',
          'S4.13: an administrator who is not the Owner can''t');
select is(t.owner('acme') || ' ' || t.owner('space'), 'olga space-owner',
          'the owners are who they were');
select is(t.transfers(), 0::bigint, 'and nothing is noted');

-- --- to whom -----------------------------------------------------------------

select is(t.transfer('olga', 'acme', 'olga'), 'TM422 self', 'to oneself');
select is(t.try('transfer_post', 'olga', 'acme', 'me', '*', null),
          'TM422 self', 'to "me"');
select is(t.transfer('olga', 'acme', 'acme-suspended'),
          'TM409 target-not-eligible', 'S4.10: to a suspended member');
select is(t.transfer('olga', 'acme', 'acme-pending'),
          'TM409 target-not-eligible', 'S4.10: to a pending member');
select is(t.try('transfer_post', 'olga', 'acme', t.m('tours', 'tours-owner'),
                '*', null), 'TM404 not-found', 'to a member of another account');
select is(t.try('transfer_post', 'olga', 'acme', t.m('tours', 'olga'),
                '*', null), 'TM404 not-found',
          'to their own membership of another account');
select is(t.try('transfer_post', 'olga', 'acme', team.uuid_v7()::text, '*',
                null), 'TM404 not-found', 'to nobody');
select is(t.try('transfer_post', 'olga', 'acme', '', '*', null),
          'TM404 not-found', 'to what is no id');
select is(t.try('transfer_post', 'olga', 'acme', null, '*', null),
          'TM404 not-found', 'to null');
select is(t.transfer('space-owner', 'space', 'space-admin'),
          'TM409 target-not-eligible', 'S4.10: to who is not Staff');
select is(t.transfer('space-owner', 'space', 'space-pending'),
          'TM409 target-not-eligible', 'S4.10: to Staff who is not Active');
select is(t.transfer('tours-owner', 'tours', 'tours-approver'),
          'TM409 transfer-disabled', 'C2: several owners transfer nothing');
select is(t.transfer('bento-owner', 'bento', 'bento-team'),
          'TM409 transfer-disabled', 'C2: nor Company Account Admins');
select is(t.try('transfer_post', 'olga', 'acme', t.m('acme', 'acme-admin'),
                null, null), 'TM428 precondition-required',
          'If-Match is required');
select is(t.try('transfer_post', 'olga', 'acme', t.m('acme', 'acme-admin'),
                '"x"', null), 'TM412 precondition-failed', 'and must match');
select is(t.owner('acme') || ' ' || t.owner('space'), 'olga space-owner',
          'the owners are who they were');
select is(t.state('acme', 'olga'), 'active owner', 'with their role');
select is(t.transfers(), 0::bigint, 'and nothing is noted');

-- --- at once -----------------------------------------------------------------

select is(t.transfer('olga', 'acme', 'acme-finance'), '201',
          'S0.20: the Owner transfers, to any active member');
select is(t.owner('acme'), 'acme-finance', 'the account has its new owner');
select is(t.state('acme', 'acme-finance'), 'active owner',
          'S0.21: with full access');
select is(t.state('acme', 'olga'), 'active admin',
          'C21: the old Owner becomes Admin');
select is(t.g('acme-finance', 'acme'), 'active|owner|*', 'at once');
select is(t.list($$
  select i.subject::text from team.member_standing s
    join team.identity i on i.id = s.identity_id
   where s.account_id = t.a('acme')::uuid and s.is_owner$$),
  'acme-finance', 'S0.7: one Owner there is');
select is(t.last_audit(),
          'ownership.transfer done olga acme-finance', 'is audited');
select is((select detail from team.audit_event order by id desc limit 1),
          jsonb_build_object('transfer', t.tr(),
                             'from', t.m('acme', 'olga'),
                             'to', t.m('acme', 'acme-finance')),
          'with the two');
select is((select concat_ws(' ', kind, payload ->> 'transfer', status)
             from team.outbox order by id desc limit 1),
          'ownership.transfer ' || t.tr() || ' pending', 'is to be told');
select results_eq('select t.changes() order by 1',
                  $$values ('acme-finance'), ('olga')$$,
                  'voids the grants of both');
select is(t.transfer('olga', 'acme', 'acme-admin'), '403 owner-only',
          'S4.12: the old Owner can''t do it again');
select is(t.try('member_remove', 'olga', 'acme',
                t.m('acme', 'acme-finance')), '403 rank',
          'S0.11: nor remove the new one');
select is(t.put('olga', 'acme', 'acme-finance', '["member"]'), '403 rank',
          'nor demote them');
select is(t.try('member_remove', 'acme-finance', 'acme', t.m('acme', 'olga')),
          '204', 'S0.6: the new Owner removes Admins, this one too');
select is(t.transfer('acme-finance', 'acme', 'acme-member'), '201',
          'S0.22: and passes it on');
select is(t.state('acme', 'acme-finance') || ' ' || t.owner('acme'),
          'active admin acme-member', 'in turn');

create temporary table sent as
select r.* from t.reply('transfer_post', 'space-owner', 'space',
                        t.m('space', 'space-staff'),
                        (t.reply('account_get', 'space-owner', 'space')).etag,
                        'key-1') r;
select is((select body::jsonb ->> 'message' from sent),
          'Ownership is transferred; you will lose administrator privileges.',
          'S4.12: the words');
select is((select body::jsonb - array['message', 'created_at', 'decided_at']
             from sent),
          jsonb_build_object(
            'id', t.tr(), 'account', t.a('space'), 'status', 'completed',
            'from', jsonb_build_object('id', t.m('space', 'space-owner'),
                                       'name', 'Wanda Work',
                                       'email', 'space-owner@example.com'),
            'to', jsonb_build_object('id', t.m('space', 'space-staff'),
                                     'name', 'Stan Staff',
                                     'email', 'space-staff@example.com')),
          'what is answered');
select is((select changed::jsonb from sent),
          '[{"issuer": "https://id.example.com", "subject": "space-owner"},
            {"issuer": "https://id.example.com", "subject": "space-staff"}]',
          'and whose grants to forget');
select is(t.state('space', 'space-owner'), 'active staff',
          'S4.12: the old owner is Staff');
select is(t.state('space', 'space-staff') || ' ' || t.owner('space'),
          'active admin space-staff',
          'S4.15: the new owner is an administrator with the badge');
select is(t.list($$select (b.body ->> 'is_owner')::boolean::text
                     from team.member_body b
                    where b.member_id in (t.m('space', 'space-owner')::uuid,
                                          t.m('space', 'space-staff')::uuid)
                    order by b.member_id$$),
          'false,true', 'S4.15: it is seen in the rows');
select is(t.state('space', 'space-admin'), 'active admin',
          'other administrators stay');
select results_eq($$
  select r.status, r.body, r.changed
    from t.reply('transfer_post', 'space-owner', 'space',
                 t.m('space', 'space-staff'), '"gone"', 'key-1') r$$,
  'select status, body, changed from sent',
  'the same request again has the same answer, owner no more or not');
select is(t.try('transfer_post', 'space-owner', 'space',
                t.m('space', 'space-admin'), '*', 'key-1'),
          'TM422 idempotency-mismatch', 'another one under its key has not');
select is(t.owner('space'), 'space-staff', 'once is once');
select is(t.transfer('space-owner', 'space', 'space-staff'), '403 owner-only',
          'without the key it is a new one, and not theirs');

select is(t.transfer('cloud-owner', 'cloud', 'cloud-picked'), '201',
          'in hosting: to who has hand-picked permissions');
select is(t.state('cloud', 'cloud-owner'), 'active all',
          'the old owner keeps all permissions by the role of that name');
select is(t.state('cloud', 'cloud-picked'), 'active owner',
          'the new one has the owner''s role');
select is(t.list($$select permission::text from team.member_permission
                    where member_id = t.m('cloud', 'cloud-picked')::uuid
                    order by 1$$),
          'account:read,billing:read,products:read',
          'and the hand-picked ones still');

-- several roles beside the owner's

update team.account
   set role_cardinality = 'many', owner_member_id = t.m('cloud', 'cloud-owner')::uuid
 where slug = 'cloud';
delete from team.member_role where account_id = t.a('cloud')::uuid;
insert into team.role (account_id, key, name, rank)
values (t.a('cloud')::uuid, 'night', 'Night shift', 5);
insert into team.member_role (member_id, role_id, account_id)
select t.m('cloud', v.s)::uuid, r.id, r.account_id
  from (values ('cloud-owner', 'owner'), ('cloud-owner', 'night'),
               ('cloud-picked', 'night')) v (s, r)
  join team.role r on r.account_id = t.a('cloud')::uuid and r.key = v.r;
select is(t.transfer('cloud-owner', 'cloud', 'cloud-picked'), '201',
          'where members have several roles');
select is(t.state('cloud', 'cloud-owner'), 'active all,night',
          'the old owner loses the owner''s only');
select is(t.state('cloud', 'cloud-picked'), 'active night,owner',
          'the new one gains it');

-- policies that can't be followed

update team.account set transfer_old_owner_role = null where slug = 'acme';
select is(t.transfer('acme-member', 'acme', 'acme-admin'),
          'TM409 policy-conflict', 'no role for the former owner');
update team.account set transfer_old_owner_role = 'owner' where slug = 'acme';
select is(t.transfer('acme-member', 'acme', 'acme-admin'),
          'TM409 policy-conflict', 'S0.7: nor may it be the Owner''s');
select is(t.owner('acme') || ' ' || t.state('acme', 'acme-member'),
          'acme-member active owner', 'nothing was changed');
update team.account set transfer_old_owner_role = 'admin',
                        transfer_target = 'off' where slug = 'acme';
select is(t.transfer('acme-member', 'acme', 'acme-admin'),
          'TM409 transfer-disabled', 'switched off');
update team.account set transfer_target = 'any' where slug = 'acme';

-- --- with acceptance ---------------------------------------------------------

update team.account set transfer_acceptance = true
 where slug in ('acme', 'space');

select is(t.transfer('acme-member', 'acme', 'acme-admin'), '201',
          'C12: offered');
select is(t.owner('acme') || ' ' || t.state('acme', 'acme-admin'),
          'acme-member active admin', 'nothing has changed yet');
select is(t.last_audit(), 'ownership.offer done acme-member acme-admin',
          'but the offer is audited');
select is((select concat_ws(' ', status, decided_at)
             from team.ownership_transfer where id = t.tr()::uuid),
          'pending', 'and pending');
select is(t.transfer('acme-member', 'acme', 'acme-admin2'),
          'TM409 transfer-pending', 'there is one at a time');
select is(t.transfer('acme-member', 'acme', 'acme-admin'),
          'TM409 transfer-pending', 'the same one too');
select is(t.try('transfer_accept', 'acme-member', 'acme', t.tr()),
          'TM403 not-target', 'the owner can''t accept it for them');
select is(t.try('transfer_decline', 'acme-member', 'acme', t.tr()),
          'TM403 not-target', 'nor decline');
select is(t.try('transfer_accept', 'acme-admin2', 'acme', t.tr()),
          'TM404 not-found', 'others don''t even know');
select is(t.try('transfer_cancel', 'acme-admin2', 'acme', t.tr()),
          'TM404 not-found', 'nor cancel');
select is(t.try('transfer_accept', 'acme-admin', 'space', t.tr()),
          'TM404 not-found', 'not by way of another account');
select is(t.try('transfer_accept', 'space-staff', 'space', t.tr()),
          'TM404 not-found', 'whose owner knows nothing of it');
select is(t.try('transfer_cancel', 'acme-admin', 'acme', t.tr()),
          '403 owner-only', 'the one it is offered to declines, not cancels');
select is(t.last_audit(),
          'ownership.cancel refused owner-only acme-admin acme-admin',
          'which is audited');
select is(t.owner('acme'), 'acme-member', 'none of which did anything');

update team.member set status = 'suspended'
 where id = t.m('acme', 'acme-admin')::uuid;
select is(t.try('transfer_accept', 'acme-admin', 'acme', t.tr()),
          'TM403 member-suspended', 'suspended before acceptance');
update team.member set status = 'active'
 where id = t.m('acme', 'acme-admin')::uuid;

select is(t.try('member_remove', 'acme-member', 'acme', 'me'),
          'TM409 owner-must-transfer', 'the owner stays until it is accepted');
select is((t.body('transfer_list', 'acme-admin', 'acme', null, null)
             -> 'items' -> 0) ->> 'status', 'pending',
          'the one it is offered to finds it');
select is(jsonb_array_length(t.body('transfer_list', 'acme-admin2', 'acme',
                                    null, null) -> 'items'), 0,
          'others find nothing');
select is(jsonb_array_length(t.body('transfer_list', 'acme-member', 'acme',
                                    null, null) -> 'items'), 3,
          'the owner finds all that ever were');
select is(t.try('transfer_list', 'stranger', 'acme', null, null),
          'TM404 not-found', 'a stranger no account');

select is((t.reply('transfer_accept', 'acme-admin', 'acme', t.tr())).changed
            ::jsonb,
          '[{"issuer": "https://id.example.com", "subject": "acme-member"},
            {"issuer": "https://id.example.com", "subject": "acme-admin"}]',
          'accepted: the grants of both are to be forgotten');
select is(t.owner('acme') || ' ' || t.state('acme', 'acme-admin'),
          'acme-admin active owner', 'the new owner');
select is(t.state('acme', 'acme-member'), 'active admin', 'and the old one');
select is(t.last_audit(), 'ownership.transfer done acme-admin acme-admin',
          'is audited');
select is(t.try('transfer_accept', 'acme-admin', 'acme', t.tr()),
          'TM409 not-pending', 'once only');
select is(t.try('transfer_cancel', 'acme-member', 'acme', t.tr()),
          'TM409 not-pending', 'too late to cancel');
select is(t.try('transfer_decline', 'acme-admin', 'acme', t.tr()),
          'TM409 not-pending', 'and to decline');

-- declined, cancelled

select t.transfer('acme-admin', 'acme', 'acme-member');
select is(t.try('transfer_decline', 'acme-member', 'acme', t.tr()), '204',
          'declined');
select is(t.last_audit(), 'ownership.decline done acme-member acme-member',
          'is audited');
select is(t.try('transfer_accept', 'acme-member', 'acme', t.tr()),
          'TM409 not-pending', 'is final');
select t.transfer('acme-admin', 'acme', 'acme-member');
select is(t.try('transfer_cancel', 'acme-admin', 'acme', t.tr()), '204',
          'cancelled');
select is(t.try('transfer_cancel', 'acme-admin', 'acme', t.tr()), '204',
          'idempotent');
select is((select count(*) from team.audit_event
            where action = 'ownership.cancel' and outcome = 'done'),
          1::bigint, 'audited once');
select is(t.try('transfer_accept', 'acme-member', 'acme', t.tr()),
          'TM409 not-pending', 'there is nothing to accept');
select is(t.owner('acme'), 'acme-admin', 'the owner is who they were');

-- what has changed between offer and acceptance

select t.transfer('acme-admin', 'acme', 'acme-member');
update team.account set owner_member_id = t.m('acme', 'acme-admin2')::uuid
 where slug = 'acme';
select is(t.try('transfer_accept', 'acme-member', 'acme', t.tr()),
          'TM409 stale-owner', 'an offer of who is not the owner any more');
select is(t.owner('acme') || ' ' || (select status from team.ownership_transfer
                                      where id = t.tr()::uuid),
          'acme-admin2 pending', 'changes nothing');
select is(t.try('transfer_cancel', 'acme-admin2', 'acme', t.tr()), '204',
          'the owner of today clears it away');

update team.account
   set owner_member_id = t.m('space', 'space-admin')::uuid
 where slug = 'space';
update team.member_role mr set role_id = r.id
  from team.role r
 where r.account_id = mr.account_id and r.key = 'staff'
   and mr.member_id = t.m('space', 'space-staff')::uuid;
select is(t.transfer('space-admin', 'space', 'space-staff'), '201',
          'S4.10: offered to Staff');
select is(t.put('space-admin', 'space', 'space-staff', '["admin"]'),
          '200', 'who then becomes an administrator');
select is(t.try('transfer_accept', 'space-staff', 'space', t.tr()),
          'TM409 target-not-eligible', 'S4.10: and is not eligible any more');
select is(t.owner('space'), 'space-admin', 'the owner stays');
select t.try('member_remove', 'space-admin', 'space',
             t.m('space', 'space-staff'));
select is(t.try('transfer_accept', 'space-staff', 'space', t.tr()),
          'TM404 not-found', 'removed before acceptance');
select is((t.body('transfer_list', 'space-admin', 'space', null, null)
             -> 'items' -> -1 -> 'to') ->> 'name', null,
          'the list has no name for who is gone');
select is(t.body('transfer_list', 'space-admin', 'space', null, null)
            #>> '{items,-1,status}', 'cancelled',
          'which is in nobody''s way');
select is((select string_agg(concat_ws(' ', action, outcome,
                                       detail ->> 'transfer' = t.tr()), ', '
                             order by id)
             from (select * from team.audit_event
                    where outcome = 'done' order by id desc limit 2) e),
          'ownership.cancel done t, member.remove done', 'as the log tells');
select team.member_add('space', 'https://id.example.com', 'space-staff2', null,
                       'Stella', 'staff') \g /dev/null
select is(t.transfer('space-admin', 'space', 'space-staff2'), '201',
          'somebody else is offered it');
select is(t.try('member_remove', 'space-staff2', 'space', 'me'), '204',
          'and leaves');
select is((select status::text from team.ownership_transfer
            where id = t.tr()::uuid), 'cancelled', 'the same');
select is(t.owner('space'), 'space-admin', 'there is an owner at all times');

-- an account above: who owns that does not own this one

update team.account
   set parent_id = t.a('bento')::uuid, root_id = t.a('bento')::uuid,
       transfer_acceptance = false, transfer_target = 'any'
 where slug = 'cloud';
select is(t.transfer('bento-owner', 'cloud', 'cloud-all'), '403 owner-only',
          'the owner of the account above doesn''t transfer a subaccount');
select is(t.owner('cloud'), 'cloud-picked', 'which stays whose it is');
select is(t.transfer('cloud-picked', 'cloud', 'cloud-all'), '201',
          'its own owner does');

select * from finish();
rollback;
