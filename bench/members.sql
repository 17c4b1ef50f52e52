-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Three accounts of the preset "travel": "small" with 1,000 members, which stay
-- as they are, "large" with as many as said, and "busy" with 1,000, for what
-- writes:
--
--     psql -d team -v members=1000000 -f bench/members.sql
--
-- Person N of an account has the subject <account>-N and the address
-- <subject>@example.com.  Number 0 is an owner, one in a hundred a finance
-- admin, one in a hundred is called Quentin; number 500 alone is called Zoltan,
-- everybody else has one of 16 first and 256 last names.

\set ON_ERROR_STOP on

select pg_get_indexdef('team.directory_keys_idx'::regclass) as keys_idx
\gset

begin;

set local maintenance_work_mem = '256MB';

-- without triggers: nothing has been cached of people who were not there
set local session_replication_role = replica;

select team.account_create('small', 'Small Tours', 'travel'),
       team.account_create('large', 'Large Tours', 'travel'),
       team.account_create('busy', 'Busy Tours', 'travel')
\g /dev/null

create temporary table person on commit drop as
select a.id as account_id,
       ('01900000-0000-7000-800' || v.k || '-' || x.hex)::uuid as member_id,
       ('01900000-0000-7000-801' || v.k || '-' || x.hex)::uuid as identity_id,
       v.slug || '-' || n as subject,
       timestamptz '2020-01-01 00:00Z' + n * interval '1 minute' as at,
       case
         when n = 0 then 'owner'
         when n % 100 = 42 then 'finance-admin'
         else 'traveller'
       end as role,
       case
         when n = 500 then 'Zoltan'
         when n % 100 = 7 then 'Quentin'
         else ('{Anna,Bo,Carla,Dora,Emil,Finn,Greta,Hanna,Ida,Jan,Karl,Lena,'
               'Max,Nora,Otto,Paul}'::text[])[1 + (x.hash & 15)]
       end
       || ' '
       || ('{Ba,Ce,Di,Fo,Gu,Ha,Je,Ki,Lo,Mu,Na,Pe,Ri,So,Tu,Wa}'::text[])
            [1 + (x.hash >> 4 & 15)]
       || ('{rens,lmer,nter,ster,dell,rgen,ckel,man,tova,rini,shko,bach,ven,'
           'lund,ski,ndez}'::text[])[1 + (x.hash >> 8 & 15)] as name
  from (values ('small', 1, 1000), ('large', 2, :members), ('busy', 3, 1000))
         v (slug, k, members)
  join team.account a on a.slug = v.slug
 cross join lateral generate_series(0, v.members - 1) n
 cross join lateral (select hashint4(n) as hash,
                            lpad(to_hex(n), 12, '0') as n) x (hash, hex);

insert into team.identity (id, issuer, subject, email, email_verified, name,
                           created_at, last_login_at)
select p.identity_id, 'https://id.example.com', p.subject,
       p.subject || '@example.com', true, p.name, p.at, p.at
  from person p;

insert into team.member (id, account_id, identity_id, status, created_at,
                         joined_at)
select p.member_id, p.account_id, p.identity_id, 'active', p.at, p.at
  from person p;

insert into team.member_role (member_id, role_id, account_id)
select p.member_id, r.id, p.account_id
  from person p
  join team.role r
    on r.account_id = p.account_id
   and r.key = p.role;

analyze team.identity, team.member, team.member_role, team.role;

-- one index is made afterwards, which is quicker
drop index team.directory_keys_idx;
select team.directory_build() \g /dev/null
:keys_idx;
alter index team.directory_keys_idx alter column 1 set statistics 0;

commit;

vacuum analyze;
