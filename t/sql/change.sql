-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Which cached grants a change voids, however it is made.  Each statement here
-- is one by hand, in a transaction of its own by way of savepoints.

\set ON_ERROR_STOP on
set client_min_messages = warning;
begin;
select plan(37);

-- the change rows of one statement, sorted; undone afterwards

create function pg_temp.of(p_sql text) returns text language plpgsql as $$
declare
  v_before  bigint := (select coalesce(max(id), 0) from team.change);
  v_told    text;
  v_rows    bigint;
begin
  begin
    execute p_sql;
    select string_agg(coalesce(c.subject, 'account ' || a.slug,
                               case when c.account_id is null
                                    then 'everything' else 'account gone' end),
                      ',' order by c.subject, a.slug),
           count(*)
      into v_told, v_rows
      from team.change c
      left join team.account a on a.id = c.account_id
     where c.id > v_before;
    raise exception 'undo' using errcode = 'UNDO1';
  exception
    when sqlstate 'UNDO1' then null;
  end;
  return coalesce(v_told, '-');
end
$$;

create temporary table member_of as
select a.slug, i.subject, m.id, m.account_id, i.id as identity_id
  from team.member m
  join team.account a on a.id = m.account_id
  join team.identity i on i.id = m.identity_id;

-- member

select is(pg_temp.of($$update team.member set status = 'suspended'
  where id = t.m('acme', 'acme-admin')::uuid$$), 'acme-admin',
  'a suspension names the person');
select is(pg_temp.of($$update team.member set status = status
  where account_id = t.a('cloud')::uuid$$),
  'cloud-all,cloud-owner,cloud-picked', 'each person of a statement');
select is(pg_temp.of($$update team.member set status = 'active'
  where identity_id = (select identity_id from member_of
                        where slug = 'acme' and subject = 'olga')$$),
  'olga', 'once, with two memberships');
select is(pg_temp.of($$delete from team.member
  where id = t.m('acme', 'acme-admin')::uuid$$), 'acme-admin', 'a removal');
select is(pg_temp.of($$insert into team.member
  (account_id, identity_id, status, joined_at)
  select t.a('tours')::uuid, identity_id, 'active', now()
    from member_of where subject = 'acme-admin'$$), 'acme-admin',
  'a new membership');
select is(pg_temp.of($$update team.member set identity_id =
    (select identity_id from member_of where subject = 'acme-admin')
  where id = t.m('tours', 'tours-owner')::uuid$$), 'acme-admin,tours-owner',
  'a membership handed over names both');
select is(pg_temp.of($$truncate team.member cascade$$),
  'everything,everything,everything,everything,everything,everything',
  'truncate voids everything');
select is(pg_temp.of($$update team.member set status = 'active' where false$$),
  '-', 'no row, no change');

-- member_role, member_permission

select is(pg_temp.of($$delete from team.member_role
  where member_id = t.m('acme', 'acme-admin')::uuid$$), 'acme-admin',
  'a role taken');
select is(pg_temp.of($$insert into team.member_role
  (member_id, role_id, account_id)
  select t.m('acme', 'acme-admin')::uuid, id, account_id from team.role
   where account_id = t.a('acme')::uuid and key in ('member', 'finance')$$),
  'acme-admin', 'two roles given name the person once');
select is(pg_temp.of($$update team.member_role set role_id =
  (select id from team.role
    where account_id = t.a('acme')::uuid and key = 'member')
  where member_id = t.m('acme', 'acme-admin')::uuid$$), 'acme-admin',
  'a role replaced');
select is(pg_temp.of($$insert into team.member_permission values
  (t.m('cloud', 'cloud-all')::uuid, 'billing:read')$$), 'cloud-all',
  'a permission given');
select is(pg_temp.of($$update team.member_permission
  set permission = 'reports:read' where permission = 'billing:read'$$),
  'cloud-picked', 'a permission replaced');
select is(pg_temp.of($$delete from team.member_permission
  where permission = 'billing:read'$$), 'cloud-picked', 'a permission taken');
select is(pg_temp.of('truncate team.member_role'), 'everything',
  'truncate of roles held');
select is(pg_temp.of('truncate team.member_permission'), 'everything',
  'truncate of permissions held');

-- role, role_permission

select is(pg_temp.of($$update team.role set key = 'money'
  where account_id = t.a('acme')::uuid and key = 'finance'$$),
  'account acme', 'a role''s new key is its account''s');
select is(pg_temp.of($$update team.role set name = 'Money', rank = 41
  where account_id = t.a('acme')::uuid and key = 'finance'$$), '-',
  'its name and rank are not in a grant');
select is(pg_temp.of($$delete from team.role
  where account_id = t.a('bento')::uuid and key = 'none'$$), '-',
  'no role, no change');
select is(pg_temp.of($$with r as (
    insert into team.role (account_id, key, name, rank)
    values (t.a('bento')::uuid, 'new', 'New', 1) returning id)
  select * from r$$), '-', 'a new role is nobody''s yet');
select is(pg_temp.of($$
  delete from team.role where account_id = t.a('travel')::uuid;
  delete from team.member_role where account_id = t.a('tours')::uuid
     and member_id = t.m('tours', 'tours-approver')::uuid;
  delete from team.role
   where account_id = t.a('tours')::uuid and key = 'approver'$$),
  'tours-approver,account tours', 'a role deleted, permissions and all');
select is(pg_temp.of($$insert into team.role_permission
  select id, 'audit:read' from team.role
   where account_id = t.a('acme')::uuid and key in ('finance', 'member')$$),
  'account acme', 'permissions of two roles name the account once');
select is(pg_temp.of($$delete from team.role_permission
  where permission = 'apis:manage'$$), 'account acme', 'a permission taken');
select is(pg_temp.of($$update team.role_permission
  set permission = 'audit:read' where permission = 'cost-codes:manage'$$),
  'account tours', 'a permission replaced');
select is(pg_temp.of('truncate team.role_permission'), 'everything',
  'truncate of permissions of roles');

-- identity

select is(pg_temp.of($$update team.identity set subject = 'adam'
  where subject = 'acme-admin'$$), 'acme-admin,adam',
  'a new subject: the old and the new person');
select is(pg_temp.of($$update team.identity
  set issuer = 'https://new.example' where subject = 'acme-admin'$$),
  'acme-admin,acme-admin', 'a new issuer: the same');
select is(pg_temp.of($$update team.identity set name = 'Adam', email = null,
  email_verified = false where subject = 'acme-admin'$$), '-',
  'name and email are not in a grant');
select is(pg_temp.of($$delete from team.identity
  where subject = 'acme-admin'$$), 'acme-admin', 'a person deleted');
select is(pg_temp.of($$update team.identity set subject = subject || '-x'
  where subject in ('acme-admin', 'acme-admin2')$$),
  'acme-admin,acme-admin-x,acme-admin2,acme-admin2-x', 'two at once: all four');

-- account

select is(pg_temp.of($$update team.account
  set status = 'closed', closed_at = now() where slug = 'acme'$$),
  'everything', 'closing');
select is(pg_temp.of($$update team.account set slug = 'acme2'
  where slug = 'acme'$$), 'everything', 'a new slug');
select is(pg_temp.of($$update team.account set name = 'New',
  owner_mode = 'single' where slug = 'acme'$$), '-',
  'name and policy are not in a grant');
select is(pg_temp.of($$select team.account_create('new', 'New', 'travel')$$),
  'account new', 'a new account has nobody to tell');
select is(pg_temp.of($$
  update team.account set owner_member_id = null where slug = 'cloud';
  delete from team.account where slug = 'cloud'$$),
  'cloud-all,cloud-owner,cloud-picked,account gone,account gone',
  'an account deleted: its people, its roles and itself');

-- notify, and who else may write

select is((select count(*) from pg_trigger
            where tgname like 'change\_%' and not tgisinternal), 25::bigint,
          'as many triggers as there are tables and events');
select is((select count(distinct tgrelid) from pg_trigger
            where tgname = 'change_truncate'), 7::bigint,
          'every table that grants depend on');

select * from finish();
rollback;
