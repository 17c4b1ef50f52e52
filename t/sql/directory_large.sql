-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- The directory of an account that is too large to be walked: what is found is
-- what looking at each entry finds, by whatever way it is found.

\set ON_ERROR_STOP on
begin;
select * from no_plan();

-- under what the gateway's sessions run, before anything is planned
set local plan_cache_mode = force_generic_plan;
set local enable_hashjoin = off;
set local enable_mergejoin = off;
set local random_page_cost = 1.1;
set local max_parallel_workers_per_gather = 0;

-- 6,000 members of "tours" beside the 5 of the sample.  A hundredth is called
-- Quentin, the first and the last thousand never; one is Zoltan; a third is of
-- Ülker, which has two characters more in bytes.  Xaver begins a name, ends one
-- and begins an email.  One has more roles than are kept in an index.

set local session_replication_role = replica;

insert into team.identity (id, issuer, subject, email, email_verified, name)
select ('01900000-0000-7000-8001-' || lpad(to_hex(n), 12, '0'))::uuid,
       'https://id.example.com', 'p' || n,
       case n when 2200 then 'xaver.' else '' end || 'p' || n || '@example.org',
       true,
       case
         when n = 3000 then 'Zoltan'
         when n = 2000 then 'Xaver'
         when n = 2100 then 'Wendelin Xaver'
         when n = 2300 then 'Łódź'
         when n % 100 = 7 and n between 1000 and 5000 then 'Quentin'
         when n % 3 = 0 then 'Ülker'
         else 'Anna'
       end || ' ' || chr(65 + n % 26) || 'orn'
  from generate_series(1, 6000) n;

insert into team.member (id, account_id, identity_id, status, created_at,
                         joined_at)
select ('01900000-0000-7000-8002-' || lpad(to_hex(n), 12, '0'))::uuid,
       t.a('tours')::uuid,
       ('01900000-0000-7000-8001-' || lpad(to_hex(n), 12, '0'))::uuid,
       case when n % 2000 = 1500 then 'suspended' else 'active' end,
       timestamptz '2020-01-01' + n * interval '1 minute',
       timestamptz '2020-01-01' + (n % 777) * interval '1 hour'
  from generate_series(1, 6000) n;

insert into team.member_role (member_id, role_id, account_id)
select ('01900000-0000-7000-8002-' || lpad(to_hex(n), 12, '0'))::uuid, r.id,
       r.account_id
  from generate_series(1, 6000) n
  join team.role r
    on r.account_id = t.a('tours')::uuid
   and r.key = case when n = 4000 then 'approver'
                    when n % 40 = 0 then 'travel-admin'
                    else 'traveller' end;

insert into team.role (id, account_id, key, name, rank)
select ('01900000-0000-7000-8003-' || lpad(to_hex(n), 12, '0'))::uuid,
       t.a('tours')::uuid, 'extra-' || n, 'Extra ' || n, 10
  from generate_series(1, 9) n;

insert into team.member_role (member_id, role_id, account_id)
select ('01900000-0000-7000-8002-' || lpad(to_hex(2400), 12, '0'))::uuid, r.id,
       r.account_id
  from team.role r
 where r.account_id = t.a('tours')::uuid
   and r.key like 'extra-%';

insert into team.member_group (id, account_id, name)
values ('01900000-0000-7000-8000-00000000000a', t.a('tours')::uuid, 'Sales');

insert into team.group_member (group_id, member_id, account_id)
select '01900000-0000-7000-8000-00000000000a',
       ('01900000-0000-7000-8002-' || lpad(to_hex(n), 12, '0'))::uuid,
       t.a('tours')::uuid
  from generate_series(1, 6000, 1234) n;

select team.directory_build();
analyze team.directory, team.identity, team.member, team.member_role;

set local session_replication_role = origin;

create temporary table everybody as
select * from team.directory_source d where d.account_id = t.a('tours')::uuid;

-- the first 50 by looking at each entry, as ids

create function t.plain(p_q text, p_kind text, p_status text, p_role text,
  p_group uuid, p_sort text)
returns text
language sql as $$
  select coalesce(string_agg(e.id::text, ' ' order by e.n), '')
    from (select d.id, row_number() over (order by
                   case p_sort when 'name' then d.name_key collate "C" end,
                   case p_sort when 'email' then d.email collate "C" end,
                   case p_sort when 'created_at' then d.created_at end,
                   case p_sort when 'joined_at' then d.joined_at end,
                   case p_sort when '-name' then d.name_key collate "C" end
                     desc,
                   case p_sort when '-email' then d.email collate "C" end
                     desc,
                   case p_sort when '-created_at' then d.created_at end desc,
                   case p_sort when '-joined_at' then d.joined_at end desc,
                   case when p_sort not like '-%' then d.id end,
                   d.id desc) as n
            from everybody d
           where (p_q is null
                  or strpos(d.search, p_q) > 0
                  or exists (select
                               from team.role r
                              where r.id = any (d.roles)
                                and (r.key like '%' || p_q || '%'
                                     or lower(r.name) like '%' || p_q || '%')))
             and (p_kind is null or d.kind = p_kind)
             and (p_status is null or d.status = p_status)
             and (p_role is null
                  or exists (select
                               from team.role r
                              where r.id = any (d.roles) and r.key = p_role))
             and (p_group is null or p_group = any (d.groups))) e
   where e.n <= 50
$$;

create function t.found(p_q text, p_kind text, p_status text, p_role text,
  p_group uuid, p_sort text)
returns text
language sql as $$
  select coalesce(string_agg(i.item ->> 'id', ' ' order by i.n), '')
    from jsonb_array_elements(
           t.body('directory_list', 'tours-owner', 'tours', p_q, p_kind,
                  p_status, p_role, p_group::text, p_sort, null, null)
           -> 'items') with ordinality i (item, n)
$$;

select is(t.found(q.text, q.kind, q.status, q.role, q.group, s.sort),
          t.plain(q.text, q.kind, q.status, q.role, q.group, s.sort),
          'S2.17 ' || q.what || ', by ' || s.sort)
  from (values
    ('everybody', null, null, null, null, null::uuid),
    ('one name', 'zoltan', null, null, null, null),
    ('one email', 'p2345@', null, null, null, null),
    ('one email that begins as many do', 'p5990@', null, null, null, null),
    ('one role', 'approver', null, null, null, null),
    ('a name of some', 'quentin', null, null, null, null),
    ('a role of some', 'travel admin', null, null, null, null),
    ('what all have', 'example.org', null, null, null, null),
    ('two characters', 'zo', null, null, null, null),
    ('one character', 'z', null, null, null, null),
    ('another script', 'ülker q', null, null, null, null),
    ('nothing', 'nobody at all', null, null, null, null),
    ('a long text', repeat('orn ', 40), null, null, null, null),
    ('wildcards', 'zo%n', null, null, null, null),
    ('a status', null, null, 'suspended', null, null),
    ('a role', null, null, null, 'approver', null),
    ('a group', null, null, null, null,
     '01900000-0000-7000-8000-00000000000a'),
    ('a kind that is not there', null, 'invitation', null, null, null),
    ('a beginning, an end, an email', 'xaver', null, null, null, null),
    ('the three characters that begin', 'xav', null, null, null, null),
    ('the two characters that begin', 'xa', null, null, null, null),
    ('two characters before another script', 'ód', null, null, null, null),
    ('one that has many roles', 'extra 7', null, null, null, null),
    ('a role of one that has many', null, null, null, 'extra-7', null),
    ('a text and a role', 'quentin', null, null, 'traveller', null),
    ('a text and a status', 'anna', null, 'suspended', null, null)
  ) q (what, text, kind, status, role, "group"),
  unnest('{name,-name,email,-created_at}'::text[]) s (sort);
select is(t.found('quentin', null, null, null, null, s.sort),
          t.plain('quentin', null, null, null, null, s.sort),
          'S2.17 by ' || s.sort)
  from unnest('{-email,created_at,joined_at,-joined_at}'::text[]) s (sort);


-- Page by page to the end, where the index of numbers is the way.

create function t.pages(p_q text, p_sort text) returns text
language plpgsql as $$
declare
  v_reply  team_api.reply;
  v_ids    text[] := '{}';
begin
  loop
    v_reply := t.reply('directory_list', 'tours-owner', 'tours', p_q, null,
                       null, null, null, p_sort, '2', v_reply.cursor);
    v_ids := v_ids || array(select i ->> 'id'
                              from jsonb_array_elements(
                                     v_reply.body::jsonb -> 'items') i);
    exit when v_reply.cursor is null;
  end loop;

  return array_to_string(v_ids, ' ');
end
$$;

select is(t.pages('quentin', s.sort), t.plain('quentin', null, null, null, null,
                                              s.sort),
          'S2.17 page by page, by ' || s.sort)
  from unnest('{name,-email,created_at,-joined_at}'::text[]) s (sort);
select is(t.pages(q.text, s.sort), t.plain(q.text, null, null, null, null,
                                           s.sort),
          'S2.17 page by page, ' || q.text || ' by ' || s.sort)
  from unnest('{xaver,xav}'::text[]) q (text),
       unnest('{name,-name,email,-email}'::text[]) s (sort);


-- What a search reads of the tables that grow with the account.

create function t.touched(p_who text, p_account text, p_q text, p_status text,
  p_role text, p_sort text)
returns text
language plpgsql as $$
declare
  v_seq   bigint;
  v_rows  bigint;
begin
  select sum(s.seq_scan), sum(s.idx_tup_fetch)
    into v_seq, v_rows
    from pg_stat_xact_all_tables s
   where s.schemaname = 'team'
     and s.relname in ('directory', 'identity', 'member', 'member_role');
  perform t.reply('directory_list', p_who, p_account, p_q, null, p_status,
                  p_role, null, p_sort, null, null);
  select sum(s.seq_scan) - v_seq, sum(s.idx_tup_fetch) - v_rows
    into v_seq, v_rows
    from pg_stat_xact_all_tables s
   where s.schemaname = 'team'
     and s.relname in ('directory', 'identity', 'member', 'member_role');

  return case when v_seq = 0 then '' else v_seq || ' scans, ' end
         || case
              when v_rows = 0 then 'nothing'
              when v_rows <= 60 then 'small'
              when v_rows <= 2500 then 'medium'
              else v_rows || ' rows'
            end;
end
$$;

select is(t.touched('olga', 'acme', q.text, null, null, s.sort), 'small',
          'a search in a small account reads no other''s: '
          || coalesce(q.text, 'everybody') || ' by ' || s.sort)
  from unnest(array[null, 'anna', 'zoltan', 'traveller', 'ember', 'z',
                    'nobody at all']) q (text),
       unnest('{name,-created_at}'::text[]) s (sort);
select is(t.touched('tours-owner', 'tours', null, null, null, s.sort), 'medium',
          'a page of a large account reads little more than its rows, by '
          || s.sort)
  from unnest('{name,-email,-created_at,joined_at}'::text[]) s (sort);
select is(t.touched('tours-owner', 'tours', q.text, q.status, q.role, s.sort),
          'medium', 'what is rare is found by its index: ' || q.what || ' by '
                    || s.sort)
  from (values ('name', 'zoltan', null, null), ('email', 'p2345@', null, null),
               ('role', 'approver', null, null), ('two', 'zo', null, null),
               ('beginning', 'quentin', null, null),
               ('common beginning', 'p1990@', null, null),
               ('status', null, 'suspended', null),
               ('role alone', null, null, 'approver'),
               ('nothing', 'nobody at all', null, null))
         q (what, text, status, role),
       unnest('{name,-created_at}'::text[]) s (sort);

select * from finish();
rollback;
