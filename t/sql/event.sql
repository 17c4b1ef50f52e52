-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Events: what is done is told by a row of the outbox, written with the audit
-- row; what is refused is told to nobody.

\set ON_ERROR_STOP on
begin;
select * from no_plan();

-- One call by the gateway, and how much it has told.  t.try has a transaction
-- of its own within ours, so rows of one call share their xmin, and no other's.

create temporary table call (function text, answer text, told bigint);

create function pg_temp.tells(p_answer text, p_function text, p_subject text,
  variadic p_args text[])
returns text language plpgsql as $$
declare
  v_before  uuid[] := array(select e.id from team.audit_event e);
  v_answer  text := t.try(p_function, p_subject, variadic p_args);
begin
  insert into call
  select p_function, v_answer, count(*)
    from team.audit_event e
    join team.outbox o on o.id = e.id and o.xmin = e.xmin
   where e.id <> all (v_before);

  return public.is(v_answer, p_answer, p_function || ': ' || p_answer);
end
$$;

-- the ids that calls need

create function pg_temp.group() returns text language sql as $$
  select g.id::text from team.member_group g where g.name like 'Sales%'
$$;

create function pg_temp.invitation(p_email text) returns text
language sql as $$
  select i.id::text from team.invitation i where i.email = p_email
$$;

create function pg_temp.token(p_email text) returns text language sql as $$
  select team.invitation_token_issue(pg_temp.invitation(p_email)::uuid)
$$;

create function pg_temp.join() returns text language sql as $$
  select j.id::text from team.join_request j where j.status = 'pending'
$$;

create function pg_temp.transfer() returns text language sql as $$
  select w.id::text from team.ownership_transfer w where w.status = 'pending'
$$;

update team.account set transfer_acceptance = true where slug = 'space';

-- --- every function that writes ----------------------------------------------

-- accounts

select pg_temp.tells('201', 'account_post', 'ann', 'Ann', 'travel', null,
                     'anns', null);
select pg_temp.tells('200', 'account_patch', 'ann', 'anns',
                     '{"name": "Ann & Co"}', '*');
select pg_temp.tells('200', 'policy_put', 'ann', 'anns',
                     (team.policy_text(team.policy_of(a))::jsonb
                      || '{"suspend_label": "Barred"}')::text, '*')
  from team.account a where a.slug = 'anns';
select pg_temp.tells('202', 'account_close', 'ann', 'anns', 'anns', '*', null);
select pg_temp.tells('201', 'subaccount_post', 'bento-owner', 'bento', 'North',
                     'north', null, '{"email": "nora@example.com"}', null);

-- members and roles

select pg_temp.tells('204', 'member_suspend', 'olga', 'acme',
                     t.m('acme', 'acme-member'));
select pg_temp.tells('204', 'member_resume', 'olga', 'acme',
                     t.m('acme', 'acme-member'));
select pg_temp.tells('200', 'member_patch', 'olga', 'acme',
                     t.m('acme', 'acme-member'), '{"title": "Clerk"}', '*');
select pg_temp.tells('200', 'member_roles_put', 'olga', 'acme',
                     t.m('acme', 'acme-member'), '["finance"]', '*');
select pg_temp.tells('204', 'member_remove', 'olga', 'acme',
                     t.m('acme', 'acme-member'));
select pg_temp.tells('200', 'member_permissions_put', 'cloud-owner', 'cloud',
                     t.m('cloud', 'cloud-picked'), '["account:read"]', '*');
select pg_temp.tells('201', 'role_post', 'olga', 'acme', 'clerk', 'A clerk',
                     '10', '["members:read"]', null);
select pg_temp.tells('200', 'role_put', 'olga', 'acme', 'clerk', 'Clerk', '10',
                     '["members:read"]', '*');
select pg_temp.tells('204', 'role_delete', 'olga', 'acme', 'clerk', '*');

-- groups

select pg_temp.tells('201', 'group_post', 'tours-owner', 'tours', 'Sales', null,
                     null, null);
select pg_temp.tells('200', 'group_patch', 'tours-owner', 'tours',
                     pg_temp.group(), '{"name": "Sales 2"}', '*');
select pg_temp.tells('204', 'group_member_put', 'tours-owner', 'tours',
                     pg_temp.group(), t.m('tours', 'olga'));
select pg_temp.tells('204', 'group_member_delete', 'tours-owner', 'tours',
                     pg_temp.group(), t.m('tours', 'olga'));
select pg_temp.tells('200', 'member_groups_put', 'tours-owner', 'tours',
                     t.m('tours', 'olga'),
                     json_build_array(pg_temp.group())::text, '*');
select pg_temp.tells('204', 'group_delete', 'tours-owner', 'tours',
                     pg_temp.group());

-- invitations

select pg_temp.tells('201', 'invitation_post', 'olga', 'acme',
                     'ina@example.com', 'Ina', '["member"]', null, null, null,
                     null);
select pg_temp.tells('200', 'invitation_batch', 'olga', 'acme',
                     '[{"email": "ida@example.com", "name": "I",
                        "roles": ["member"]},
                       {"email": "ivo@example.com", "name": "I",
                        "roles": ["owner"]},
                       {"email": "ira@example.com", "name": "I",
                        "roles": ["member"]}]', null, null);
select pg_temp.tells('202', 'invitation_resend', 'olga', 'acme',
                     pg_temp.invitation('ina@example.com'), null);
select pg_temp.tells('201', 'invitation_accept', 'ina',
                     pg_temp.token('ina@example.com'));
select pg_temp.tells('204', 'invitation_decline', 'ida',
                     pg_temp.token('ida@example.com'));
select pg_temp.tells('204', 'invitation_delete', 'olga', 'acme',
                     pg_temp.invitation('ira@example.com'));

-- links

create temporary table link as
select t.body('link_post', 'space-owner', 'space', null, null, null, null,
              null) as body;
select pg_temp.tells('201', 'link_post', 'space-owner', 'space', null, null,
                     null, null, null);
select pg_temp.tells('202', 'link_join', 'joe', body ->> 'code') from link;
select pg_temp.tells('200', 'join_approve', 'space-owner', 'space',
                     pg_temp.join());
select pg_temp.tells('202', 'link_join', 'jim', body ->> 'code') from link;
select pg_temp.tells('204', 'join_reject', 'space-owner', 'space',
                     pg_temp.join());
update team.account set link_requires_approval = false where slug = 'space';
select pg_temp.tells('201', 'link_join', 'jan', body ->> 'code') from link;
select pg_temp.tells('204', 'link_delete', 'space-owner', 'space',
                     body ->> 'id') from link;

-- ownership

select pg_temp.tells('201', 'transfer_post', 'space-owner', 'space',
                     t.m('space', 'space-staff'), '*', null);
select pg_temp.tells('204', 'transfer_cancel', 'space-owner', 'space',
                     pg_temp.transfer());
select pg_temp.tells('201', 'transfer_post', 'space-owner', 'space',
                     t.m('space', 'space-staff'), '*', null);
select pg_temp.tells('204', 'transfer_decline', 'space-staff', 'space',
                     pg_temp.transfer());
select pg_temp.tells('201', 'transfer_post', 'space-owner', 'space',
                     t.m('space', 'space-staff'), '*', null);
select pg_temp.tells('200', 'transfer_accept', 'space-staff', 'space',
                     pg_temp.transfer());

select is_empty($$
  select p.proname::text
    from pg_proc p
   where p.pronamespace = 'team_api'::regnamespace
     and p.provolatile = 'v'
  except
  select function from call
  except
  values ('changes_prune'), ('login_record')
$$, 'that was every function that writes');
select is_empty($$
  select * from call
   where told <> case function
                   when 'invitation_batch' then 2
                   when 'subaccount_post' then 3
                   else 1
                 end
$$, 'each has told what it did, with the audit row');

-- --- what is not done --------------------------------------------------------

create temporary table before as
select (select count(*) from team.audit_event) as audits,
       (select count(*) from team.outbox) as events;
grant select on before to public;

select is(t.try('member_suspend', 'acme-admin', 'acme', t.m('acme', 'olga')),
          '403 rank', 'refused: rank');
select is(t.try('invitation_post', 'acme-admin', 'acme', 'x@example.com', 'X',
                '["owner"]', null, null, null, null), '403 rank',
          'refused: to invite an owner');
select is(t.try('member_roles_put', 'acme-admin', 'acme', 'me', '["owner"]',
                '*'), '403 self-change', 'refused: oneself');
select is(t.try('transfer_post', 'acme-admin', 'acme',
                t.m('acme', 'acme-admin2'), '*', null), '403 owner-only',
          'refused: ownership');
select is(t.try('member_suspend', 'olga', 'acme', t.m('acme', 'acme-suspended')),
          '204', 'nothing to do');
select is((select count(*) from team.audit_event) - audits, 4::bigint,
          'four refusals are audited') from before;
select is((select count(*) from team.outbox) - events, 0::bigint,
          'and nobody is told') from before;

-- --- all that is there -------------------------------------------------------

select is_empty($$
  select e.id, e.action, o.kind
    from (select * from team.audit_event where outcome = 'done') e
    full join (select * from team.outbox
                where kind <> 'invitation.mail') o on o.id = e.id
   where (e.action, e.account_id, e.target_type, e.target_id::text)
         is distinct from (o.kind, o.account_id, o.payload ->> 'target_type',
                           o.payload ->> 'target')
$$, 'one event for each audit event that says "done", and no other');
select is_empty($$
  select o.kind, p.key, p.value
    from team.outbox o, jsonb_each(o.payload) p
   where p.key <> 'target_type'
     and p.value::text
         !~ '^"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"$'
$$, 'which names things by id, and says nothing about anybody');
select is(t.list($$
  select kind || ': ' || string_agg(k, ' ' order by k)
    from (select distinct o.kind, k
            from team.outbox o, jsonb_object_keys(o.payload) k (k)
           where o.kind <> 'invitation.mail'
             and k not in ('target_type', 'target')) x
   group by kind
   order by kind$$),
  'account.create: parent,group.enter: group,group.leave: group,'
  'invitation.accept: member,invite-link.join: member,'
  'join-request.approve: member,join-request.create: link,'
  'ownership.cancel: from to transfer,ownership.decline: from to transfer,'
  'ownership.offer: from to transfer,ownership.transfer: from to transfer',
  'beside the target, what else had a part in it');
select is_empty($$
  select p.oid::regprocedure
    from pg_proc p
   where p.pronamespace in ('team'::regnamespace, 'team_api'::regnamespace)
     and p.oid <> to_regproc('team.audit')
     and p.prosrc ~ 'insert into team\.audit_event'
$$, 'nothing else writes audit events');

-- --- pruning -----------------------------------------------------------------

create temporary table old as
select o.id, row_number() over (order by o.id) as n
  from team.outbox o where o.kind <> 'invitation.mail';
update team.outbox o
   set created_at = statement_timestamp() - interval '7 days 1 second'
  from old
 where old.id = o.id and old.n <= 3;
update team.outbox o
   set created_at = statement_timestamp() - interval '8 days'
 where o.kind = 'invitation.mail';
create function pg_temp.outbox() returns text language sql as $$
  select (count(*) filter (where kind = 'invitation.mail')) || ' '
         || (select count(*) from old) - (count(*) filter (
              where kind <> 'invitation.mail'))
    from team.outbox
$$;
select is(pg_temp.outbox(), '2 0', 'two mails, and all events');
set role team_gateway;
select team_api.changes_prune();
reset role;
select is(pg_temp.outbox(), '2 3', 'events of more than 7 days are gone');
insert into team.outbox (account_id, kind, created_at)
select t.a('acme')::uuid, 'x', statement_timestamp() - interval '9 days'
  from generate_series(1, 1500);
select is(team_api.changes_prune(), 1000, 'a thousand at a time');
select is(team_api.changes_prune(), 500, 'then the rest');
select is(team_api.changes_prune(), 0, 'then none');
select is(pg_temp.outbox(), '2 3', 'those that are newer, and mail, stay');

select * from finish();
rollback;
