-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- The directory: who is in it, how it is searched, sorted and paged.

\set ON_ERROR_STOP on
begin;
select * from no_plan();

-- what it is kept by runs at commit; there is none in here
set constraints all immediate;

-- a call with named parts; what is not said is null

create function t.dir(p_who text, p_account text, p_q text default null,
  p_kind text default null, p_status text default null,
  p_role text default null, p_group text default null,
  p_sort text default null, p_limit text default null,
  p_cursor text default null)
returns team_api.reply
language sql as $$
  select t.reply('directory_list', p_who, p_account, p_q, p_kind, p_status,
                 p_role, p_group, p_sort, p_limit, p_cursor)
$$;

-- the emails of a page, without their domain

create function t.who(p_who text, p_account text, p_q text default null,
  p_kind text default null, p_status text default null,
  p_role text default null, p_group text default null,
  p_sort text default 'email')
returns text
language sql as $$
  select coalesce(string_agg(split_part(i.item ->> 'email', '@', 1), ' '
                             order by i.n), '')
    from jsonb_array_elements(
           (t.dir(p_who, p_account, p_q, p_kind, p_status, p_role, p_group,
                  p_sort)).body::jsonb -> 'items')
         with ordinality i (item, n)
$$;

create function t.entry(p_who text, p_account text, p_email text)
returns jsonb
language sql as $$
  select i
    from jsonb_array_elements(
           (t.dir(p_who, p_account, p_limit => '200')).body::jsonb -> 'items') i
   where i ->> 'email' = p_email || '@example.com'
$$;

create function t.dirtry(p_account text, p_kind text default null,
  p_status text default null, p_sort text default null,
  p_limit text default null, p_cursor text default null,
  p_q text default null, p_who text default 'olga')
returns text
language sql as $$
  select t.try('directory_list', p_who, p_account, p_q, p_kind, p_status, null,
               null, p_sort, p_limit, p_cursor)
$$;


-- who may see it

select is(t.dirtry('acme'), '200', 'S0.1 the owner sees who is there');
select is(t.dirtry('acme', p_who => 'acme-admin'), '200',
          'S0.11 so does an Admin');
select is(t.dirtry('acme', p_who => 'acme-finance'), 'TM403 permission-missing',
          'S0.9 Finance does not manage users');
select is(t.dirtry('acme', p_who => 'acme-member'), 'TM403 permission-missing',
          'S0.8 nor does a Member');
select is(t.dirtry('acme', p_who => 'acme-suspended'), 'TM403 member-suspended',
          'S2.20 nobody who is suspended');
select is(t.dirtry('acme', p_who => 'acme-pending'), 'TM403 member-pending',
          'S4.7 nobody who waits');
select is(t.dirtry('tours', p_who => 'acme-admin'), 'TM404 not-found',
          'nobody of another account');
select is(t.dirtry('nowhere'), 'TM404 not-found',
          'and no such account is the same');

-- members

select is(t.who('olga', 'acme'),
          'acme-admin2 acme-admin acme-developer acme-finance acme-member '
          'acme-pending acme-suspended olga', 'S2.1 everybody is in one list');
select is(t.entry('olga', 'acme', 'acme-admin') - 'created_at' - 'joined_at',
          jsonb_build_object(
            'kind', 'member', 'id', t.m('acme', 'acme-admin'),
            'member', t.m('acme', 'acme-admin'), 'name', 'Adam Admin',
            'email', 'acme-admin@example.com',
            'roles', '[{"key": "admin", "name": "Admin"}]'::jsonb,
            'groups', '[]'::jsonb, 'status', 'active', 'is_owner', false,
            'inviter', null, 'expires_at', null, 'last_login_at', null),
          'S2.16 name and email, role, status of a row');
select is(t.entry('olga', 'acme', 'acme-admin') -> 'joined_at',
          t.body('member_get', 'olga', 'acme', t.m('acme', 'acme-admin'))
            -> 'joined_at', 'S2.16 and the joined date, when they accepted');
select is(t.entry('space-owner', 'space', 'space-staff') -> 'created_at',
          t.body('member_get', 'space-owner', 'space',
                 t.m('space', 'space-staff')) -> 'created_at',
          'S4.16 when the member was made, in UTC');
select is(t.entry('olga', 'acme', 'acme-pending') -> 'joined_at', 'null'::jsonb,
          'who waits has not joined');
select is((t.dir('olga', 'acme')).body::jsonb #>> '{items,0,id}',
          (select d.id::text from team.directory d
            where d.account_id = t.a('acme')::uuid
            order by d.created_at desc, d.id desc limit 1),
          'the newest first, unless asked otherwise');

select is(t.entry('olga', 'acme', 'olga') -> 'is_owner', 'true'::jsonb,
          'S0.7 the owner');
select is(t.entry('space-owner', 'space', 'space-owner') -> 'is_owner',
          'true'::jsonb, 'S4.1 the owner indicator');
select is(t.entry('space-owner', 'space', 'space-admin') -> 'is_owner',
          'false'::jsonb, 'S4.15 is the owner''s, not the administrators''');
select is(t.entry('space-owner', 'space', 'space-admin') #>> '{roles,0,name}',
          'Administrator', 'S4.1 the role''s name');
select is(t.entry('tours-owner', 'tours', 'tours-owner2') -> 'is_owner',
          'true'::jsonb, 'S2.3 each of several owners');
select is(t.entry('bento-owner', 'bento', 'bento-owner') -> 'is_owner',
          'true'::jsonb, 'S1.21 each Company Account Admin');

-- labels and hints

select is((t.dir('tours-owner', 'tours')).body::jsonb -> 'labels',
          '{"suspended": "Disabled"}', 'S2.16 what "suspended" is called');
select is((t.dir('olga', 'acme')).body::jsonb -> 'labels',
          '{"suspended": "Suspended"}', 'S0.20 elsewhere');
select is((t.dir('tours-owner', 'tours')).body::jsonb
            #> '{hints,only_one_owner}',
          'false', 'S2.32 two owners need no hint');
update team.member set status = 'suspended'
 where id = t.m('tours', 'tours-owner2')::uuid;
select is((t.dir('tours-owner', 'tours')).body::jsonb
            #> '{hints,only_one_owner}',
          'true', 'S2.32 only one who is active does');
select is((t.dir('olga', 'acme')).body::jsonb
            #> '{hints,only_one_owner}',
          'false', 'S0.7 where there is one only by design, none');

-- states: a change is in the list at once

select is(t.entry('tours-owner', 'tours', 'tours-owner2') ->> 'status',
          'suspended', 'S2.20 disabled, and still there');
select is(t.who('tours-owner', 'tours', p_status => 'suspended'),
          'tours-owner2', 'S2.27 found by the status');
update team.member set status = 'active'
 where id = t.m('tours', 'tours-owner2')::uuid;
select is(t.who('tours-owner', 'tours', p_status => 'suspended'), '',
          'S2.20 and back');

-- invitations

select is(t.try('invitation_post', 'bento-owner', 'bento', 'new@example.com',
                'Nina New', '["team-admin"]', null, null, null, null),
          '201', 'somebody is invited');
select is(t.entry('bento-owner', 'bento', 'new') - 'id' - 'created_at'
            - 'expires_at',
          jsonb_build_object(
            'kind', 'invitation', 'member', null, 'name', 'Nina New',
            'email', 'new@example.com',
            'roles', '[{"key": "team-admin", "name": "Team Admin"}]'::jsonb,
            'groups', '[]'::jsonb, 'status', 'pending', 'is_owner', false,
            'inviter', jsonb_build_object(
              'id', t.m('bento', 'bento-owner'), 'name', 'Cora Company',
              'email', 'bento-owner@example.com'),
            'joined_at', null, 'last_login_at', null),
          'S1.2 details, role and invitation status, in the same list');
select is(t.entry('bento-owner', 'bento', 'new') ->> 'id',
          (select i.id::text from team.invitation i
            where i.email = 'new@example.com'), 'by the invitation''s id');
select isnt(t.entry('bento-owner', 'bento', 'new') ->> 'expires_at', null,
            'S2.27 with its expiry');
select is(t.entry('bento-owner', 'bento', 'new') #>> '{inviter,email}',
          'bento-owner@example.com', 'S1.18 whom to ask is to be seen');
select is(t.who('bento-owner', 'bento', p_status => 'pending'), 'new',
          'S1.5 pending');
select is(t.who('bento-owner', 'bento', p_kind => 'invitation'), 'new',
          'S1.3 of that kind');
select is(t.who('bento-owner', 'bento', p_kind => 'member',
                p_status => 'active'),
          'bento-owner2 bento-owner bento-plain bento-team',
          'S1.4 who has accepted is a member');

update team.invitation set expires_at = statement_timestamp() - interval '1 s'
 where email = 'new@example.com';
select is(t.entry('bento-owner', 'bento', 'new') ->> 'status', 'expired',
          'S2.23 an expired one is seen as such');
select is(t.who('bento-owner', 'bento', p_status => 'expired'), 'new',
          'S2.23 and found');
select is(t.who('bento-owner', 'bento', p_status => 'pending'), '',
          'S2.23 pending no more');

update team.invitation
   set status = 'declined', decided_at = statement_timestamp()
 where email = 'new@example.com';
select is(t.entry('bento-owner', 'bento', 'new') ->> 'status', 'declined',
          'S1.6 declined');
select is(t.who('bento-owner', 'bento', p_status => 'declined'), 'new',
          'S1.3 by status');
update team.account set decline_mode = 'hidden' where slug = 'bento';
select is(t.entry('bento-owner', 'bento', 'new'), null,
          'S1.6 a declined one is shown where the policy says so only');
select is(t.who('bento-owner', 'bento', p_status => 'declined'), '',
          'S1.6 whatever is asked for');
update team.account set decline_mode = 'shown' where slug = 'bento';
select is(t.try('invitation_delete', 'bento-owner', 'bento',
                (select i.id::text from team.invitation i
                  where i.email = 'new@example.com')), '204', 'cleared');
select is(t.entry('bento-owner', 'bento', 'new'), null,
          'S1.8 it leaves the list');

-- requests to join

insert into team.invite_link (id, account_id, code_hash, created_by, expires_at)
select '01900000-0000-7000-8000-000000000001', t.a('space')::uuid,
       sha256('x'), t.m('space', 'space-owner')::uuid, now() + interval '1 day';
insert into team.join_request (id, account_id, member_id, identity_id, link_id)
select '01900000-0000-7000-8000-000000000002', m.account_id, m.id,
       m.identity_id, '01900000-0000-7000-8000-000000000001'
  from team.member m
 where m.id = t.m('space', 'space-pending')::uuid;
select is(t.entry('space-owner', 'space', 'space-pending') - 'created_at',
          jsonb_build_object(
            'kind', 'join_request',
            'id', '01900000-0000-7000-8000-000000000002',
            'member', t.m('space', 'space-pending'), 'name', 'Paul Pending',
            'email', 'space-pending@example.com',
            'roles', '[{"key": "staff", "name": "Staff"}]'::jsonb,
            'groups', '[]'::jsonb, 'status', 'pending', 'is_owner', false,
            'inviter', null, 'joined_at', null, 'expires_at', null,
            'last_login_at', null),
          'S4.7 joined by the link and waiting, by the request''s id');
select is(t.who('space-owner', 'space', p_kind => 'join_request'),
          'space-pending', 'S4.5 of that kind');
select is(t.try('join_approve', 'space-owner', 'space',
                '01900000-0000-7000-8000-000000000002'), '200', 'approved');
select is(t.entry('space-owner', 'space', 'space-pending') ->> 'kind', 'member',
          'S4.5 after approval a member');
select is(t.entry('space-owner', 'space', 'space-pending') ->> 'status',
          'active', 'S4.5 who is active');
select is(t.try('member_remove', 'space-owner', 'space',
                t.m('space', 'space-pending')), '204', 'removed');
select is(t.entry('space-owner', 'space', 'space-pending'), null,
          'S4.8 who is removed leaves the list');

-- groups and roles

insert into team.member_group (id, account_id, name)
select '01900000-0000-7000-8000-00000000000a', t.a('tours')::uuid, 'Sales';
insert into team.group_member (group_id, member_id, account_id)
select '01900000-0000-7000-8000-00000000000a', m.id, m.account_id
  from team.member m
 where m.id in (t.m('tours', 'olga')::uuid,
                t.m('tours', 'tours-finance')::uuid);
select is(t.who('tours-owner', 'tours',
                p_group => '01900000-0000-7000-8000-00000000000a'),
          'olga tours-finance', 'S2.31 who is in a group');
select is(t.entry('tours-owner', 'tours', 'olga') -> 'groups',
          '[{"id": "01900000-0000-7000-8000-00000000000a", "name": "Sales"}]',
          'S2.31 and a row''s groups');
update team.member_group set name = 'Field'
 where id = '01900000-0000-7000-8000-00000000000a';
select is(t.entry('tours-owner', 'tours', 'olga') #>> '{groups,0,name}',
          'Field', 'under their present names');
delete from team.member_group
 where id = '01900000-0000-7000-8000-00000000000a';
select is(t.entry('tours-owner', 'tours', 'olga') -> 'groups', '[]',
          'until they go');
select is(t.who('tours-owner', 'tours', p_group => t.a('tours')), '',
          'of no group is nobody');
select is(t.who('tours-owner', 'tours', p_group => 'x'), '', 'nor of nonsense');
select is(t.who('tours-owner', 'tours', p_role => 'approver'), 'tours-approver',
          'S2.6 who has a role');
select is(t.who('tours-owner', 'tours', p_role => 'nothing'), '',
          'no such role, nobody');
select is(t.put('tours-owner', 'tours', 'tours-approver', '["traveller"]'),
          '200', 'a role is changed');
select is(t.who('tours-owner', 'tours', p_role => 'approver')
            || '/' || t.who('tours-owner', 'tours', p_role => 'traveller'),
          '/olga tours-approver', 'S2.19 at once here too');

-- last login

select is(team_api.login_record('[{"issuer": "https://id.example.com",
            "subject": "olga", "at": 1900000000.5}]'), 1, 'olga has signed in');
select is(t.entry('tours-owner', 'tours', 'olga') ->> 'last_login_at',
          (select team.time_text(l.at) from team.login l),
          'S3.2 the last login time');

-- search

select is(t.who('olga', 'acme', 'adam'), 'acme-admin', 'S2.17 by name');
select is(t.who('olga', 'acme', 'ADMIN2@ex'), 'acme-admin2', 'S2.17 by email');
select is(t.who('olga', 'acme', 'Finance'), 'acme-finance', 'S2.17 by role');
select is(t.who('olga', 'acme', 'devel'), 'acme-developer',
          'S2.17 by a part, in any case');
select is(t.who('olga', 'acme', 'ember'),
          'acme-member acme-pending acme-suspended',
          'S2.17 a role''s holders and those of that name');
update team.role set name = 'Treasury'
 where account_id = t.a('acme')::uuid and key = 'finance';
select is(t.who('olga', 'acme', 'treas'), 'acme-finance',
          'S2.17 by a role''s present name');
select is(t.who('olga', 'acme', ''),  t.who('olga', 'acme'),
          'nothing looks for nothing');
select is(t.who('olga', 'acme', 'nobody'), '', 'no hit');
select is(t.who('olga', 'acme', 'a@'), 'olga', 'two characters');
select is(t.who('olga', 'acme', '2'), 'acme-admin2', 'one');
select is(t.who('olga', 'acme', '%'), '', 'LIKE wildcards are text: %');
select is(t.who('olga', 'acme', '_'), '', 'and _');
select is(t.who('olga', 'acme', 'a%n'), '', 'within others too');
select is(t.who('olga', 'acme', '\'), '', 'a backslash is text');
select is(t.who('olga', 'acme', E'\n'), '', 'so is a line break');
select is(t.who('olga', 'acme', ''' or true --'), '', 'and an injection');
update team.identity set name = '100% Łódź_王芳' where subject = 'acme-member';
select is(t.who('olga', 'acme', '100% Ł'), 'acme-member', 'as are real ones');
select is(t.who('olga', 'acme', 'ź_王'), 'acme-member', 'in any script');
select is(t.who('olga', 'acme', '王芳'), 'acme-member',
          'two of which are a name');
select is(t.who('olga', 'acme', 'łódź'), 'acme-member',
          'S2.17 in any case, whatever the alphabet');
update team.identity set name = 'Иван Νίκος İnci Ünal'
 where subject = 'acme-member';
select is(t.who('olga', 'acme', q), 'acme-member', 'S2.17 ' || q)
  from unnest(array['иван', 'ИВАН', 'ΝΊΚΟΣ', 'νίκος', 'inci', 'İNCİ', 'ünal',
                    'ÜNAL', 'и', 'вА']) q;
select is(t.who('olga', 'acme', 'unal'), '', 'a dot more is another letter');
select is(t.who('olga', 'acme', 'mia'), '', 'an old name is gone');
update team.member set name = 'Mia Again'
 where id = t.m('acme', 'acme-member')::uuid;
select is(t.who('olga', 'acme', 'mia'), 'acme-member',
          'S0.20 what the account calls them counts');
select is(t.who('olga', 'acme', 'm', p_kind => 'member', p_status => 'active',
                p_role => 'member'), 'acme-member', 'with filters');

-- order

select is(t.who('tours-owner', 'tours', p_sort => 'email'),
          'olga tours-approver tours-finance tours-owner2 tours-owner',
          'by email');
select is(t.who('tours-owner', 'tours', p_sort => '-email'),
          'tours-owner tours-owner2 tours-finance tours-approver olga',
          'and down');
update team.identity set name = 'aaron' where subject = 'tours-owner2';
select is(t.who('tours-owner', 'tours', p_sort => 'name'),
          'tours-owner2 tours-approver tours-finance olga tours-owner',
          'by name, in any case');
select is(t.who('tours-owner', 'tours', p_sort => '-name'),
          'tours-owner olga tours-finance tours-approver tours-owner2',
          'and down');
update team.member set joined_at = '2001-01-01'
 where id = t.m('tours', 'olga')::uuid;
select is(split_part(t.who('tours-owner', 'tours', p_sort => 'joined_at'), ' ',
                     1), 'olga', 'S2.16 by the joined date');
select matches(t.who('tours-owner', 'tours', p_sort => '-joined_at'), ' olga$',
               'and down');
update team.member set created_at = '2001-01-01'
 where id = t.m('tours', 'tours-finance')::uuid;
select matches(t.who('tours-owner', 'tours', p_sort => 'created_at'),
               '^tours-finance ', 'S4.16 by when they were made');
select matches(t.who('tours-owner', 'tours', p_sort => '-created_at'),
               ' tours-finance$', 'and down');

select is(t.dirtry('acme', p_sort => 'id'), 'TM400 bad-sort', 'no other order');
select is(t.dirtry('acme', p_sort => '--name'), 'TM400 bad-sort', 'nor twice');
select is(t.dirtry('acme', p_kind => 'x'), 'TM400 bad-kind', 'no other kind');
select is(t.dirtry('acme', p_status => 'x'), 'TM400 bad-status',
          'no other status');
select is(t.dirtry('acme', p_limit => '0'), 'TM400 bad-limit', 'limit 0');

-- Pages: everybody once and in order, while rows come and go.

create function t.walk(p_sort text, p_limit text) returns text[]
language plpgsql as $$
declare
  v_down   boolean := p_sort like '-%';
  v_reply  team_api.reply;
  v_seen   text[] := '{}';
  v_page   integer := 0;
  v_text   text;
begin
  loop
    v_reply := t.dir('bento-owner', 'bento', p_sort => p_sort,
                     p_limit => p_limit, p_cursor => v_reply.cursor);
    v_seen := v_seen || array(
      select i ->> 'email'
        from jsonb_array_elements(v_reply.body::jsonb -> 'items') i);
    exit when v_reply.cursor is null;

    -- whom the cursor names goes, and somebody comes who is before all others

    v_page := v_page + 1;
    delete from team.invitation where email = v_seen[cardinality(v_seen)];
    insert into team.invitation (account_id, email, name, created_at,
                                 inviter_account_id, inviter_member_id,
                                 expires_at)
    select t.a('bento')::uuid,
           case when v_down then 'zzz' else '!' end || v_page || '@example.com',
           case when v_down then 'zzz' else '!' end,
           case when v_down then timestamptz '2999-01-01' else '1999-01-01' end,
           t.a('bento')::uuid, t.m('bento', 'bento-owner')::uuid,
           now() + interval '1 day';
  end loop;

  raise exception using errcode = 'T0000', message = v_seen;
exception
  when sqlstate 'T0000' then
    -- all that was done is undone
    return sqlerrm::text[];
end
$$;

-- twelve people, some of whom share a name and a time

insert into team.invitation (account_id, email, name, created_at,
                             inviter_account_id, inviter_member_id, expires_at)
select t.a('bento')::uuid, 'p' || lpad(n::text, 2, '0') || '@example.com',
       case when n % 4 = 0 then 'Same' else 'Name ' || n end,
       timestamptz '2020-01-01' + (n / 4) * interval '1 day',
       t.a('bento')::uuid, t.m('bento', 'bento-owner')::uuid,
       now() + interval '1 day'
  from generate_series(1, 12) n;

select is(cardinality(t.walk('name', '3')), 16, 'all are met');

select is(t.walk(s.sort, l.n),
          array(select d.email
                  from team.directory d
                 where d.account_id = t.a('bento')::uuid
                 order by case s.sort when 'name' then d.name_key end,
                          case s.sort when 'email' then d.email end,
                          case s.sort when 'created_at' then d.created_at end,
                          case s.sort when '-name' then d.name_key end desc,
                          case s.sort when '-email' then d.email end desc,
                          case s.sort when '-created_at' then d.created_at end
                            desc,
                          case when s.sort not like '-%' then d.id end,
                          d.id desc),
          'page by page, ' || s.sort || ', ' || l.n || ' a page')
  from unnest('{name,-name,email,-email,created_at,-created_at}'::text[])
         s (sort),
       unnest('{1,3,5}'::text[]) l (n);

-- As a table, for whoever takes the people of an account elsewhere.

create function t.csv(p_sort text, p_limit text, p_cursor text default null)
returns team_api.reply
language sql as $$
  select t.reply('directory_list', 'cloud-owner', 'cloud', null, null, null,
                 null, null, p_sort, p_limit, p_cursor, 'csv')
$$;

savepoint csv;
update team.identity
   set name = '=HYPERLINK("http://evil/")', last_login_at = '2024-02-29 12:00Z'
 where subject = 'cloud-all';
insert into team.member_group (account_id, name)
values (t.a('cloud')::uuid, '+1'), (t.a('cloud')::uuid, 'Big Deals');
insert into team.group_member
select id, t.m('cloud', 'cloud-all')::uuid, account_id from team.member_group
 where account_id = t.a('cloud')::uuid;
update team.member set invited_by = t.m('cloud', 'cloud-owner')::uuid
 where id = t.m('cloud', 'cloud-all')::uuid;
select is(t.try('invitation_post', 'cloud-owner', 'cloud', '=1@example.org',
                null, '[]', '["products:read"]', null, null, null), '201',
          'somebody is invited');

select is((t.csv('email', '2')).body,
          E'kind,id,member,name,email,status,roles,permissions,groups,is_owner,'
          'inviter,joined_at,created_at,expires_at,last_login_at\r\n'
          || format('"invitation","%s","","","''=1@example.org","pending","",'
                    '"products:read","","false","cloud-owner@example.com","",'
                    '"%s","%s",""', i.id, team.time_text(i.created_at),
                    team.time_text(i.expires_at)) || E'\r\n'
          || format('"member","%s","%1$s","''=HYPERLINK(""http://evil/"")",'
                    '"cloud-all@example.com","active","all","",'
                    '"''+1; Big Deals","false","cloud-owner@example.com","%s",'
                    '"%s","","2024-02-29T12:00:00.000Z"', m.id,
                    team.time_text(m.joined_at), team.time_text(m.created_at))
          || E'\r\n',
          'a page as CSV, without formulas')
  from team.invitation i, team.member m
 where i.email = '=1@example.org'
   and m.id = t.m('cloud', 'cloud-all')::uuid;
select is((select string_agg(c.fields[5] || ' ' || c.fields[8], ', '
                             order by c.n)
             from team.csv_parse((t.csv('email', '2',
                                        (t.csv('email', '2')).cursor)).body) c
            where c.n > 1),
          'cloud-owner@example.com , '
          'cloud-picked@example.com account:read; billing:read; products:read',
          'and the next, with the permissions that people have themselves');
select is((t.csv('email', '4')).cursor, null, 'to the end');
select is(t.try('directory_list', 'acme-finance', 'acme', null, null, null,
                null, null, null, null, null, 'csv'),
          'TM403 permission-missing', 'for who may see it only');
rollback to csv;

-- A cursor is good for its account, order, text and filters only.

create temporary table one as
select (t.dir('bento-owner', 'bento', p_limit => '1')).cursor as cursor;
grant select on one to public;

select is(t.dirtry('bento', p_who => 'bento-owner', p_cursor => o.cursor),
          '200', 'a cursor of this list') from one o;
select is(t.dirtry('tours', p_who => 'tours-owner', p_cursor => o.cursor),
          'TM400 bad-cursor', 'of another account') from one o;
select is(t.dirtry('bento', p_who => 'bento-owner', p_cursor => o.cursor,
                   p_sort => 'created_at'),
          'TM400 bad-cursor', 'of another order') from one o;
select is(t.dirtry('bento', p_who => 'bento-owner', p_cursor => o.cursor,
                   p_q => 'n'),
          'TM400 bad-cursor', 'of another search') from one o;
select is(t.dirtry('bento', p_who => 'bento-owner', p_cursor => o.cursor,
                   p_kind => 'member'),
          'TM400 bad-cursor', 'of another filter') from one o;
select is(t.dirtry('bento', p_who => 'bento-owner',
                   p_cursor => (t.reply('member_list', 'bento-owner', 'bento',
                                        '1', null)).cursor),
          'TM400 bad-cursor', 'of another list');
select is(t.dirtry('bento', p_who => 'bento-owner', p_cursor => c.bad),
          'TM400 bad-cursor', 'not one at all: ' || to_json(left(c.bad, 20)))
  from unnest(array['', 'x', '====', 'ZA', repeat('_', 60), repeat('Z', 512),
                    'ü', '%', E'Z\nZ']) c (bad);
select is(t.dirtry('bento', p_who => 'bento-owner',
                   p_cursor => left(o.cursor, 44) || rtrim(translate(encode(
                     c.bad, 'base64'), '+/', '-_'), '=')),
          'TM400 bad-cursor', 'a forged place: ' || c.bad::text)
  from one o,
       unnest(array['no time', '\xff', '2020-13-01', '']::bytea[]) c (bad);


-- The list agrees with what it is made from, whatever has been done above.

select set_eq('select * from team.directory',
              'select * from team.directory_source',
              'what is kept is what there is');
select lives_ok('select team.directory_build()', 'it can be made anew');
select set_eq('select * from team.directory',
              'select * from team.directory_source', 'and is the same');

select * from finish();
rollback;
