-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Reading.  Nothing here changes anything.


create or replace function team_api.healthz_get(
  p_issuer text default null, p_subject text default null,
  p_email text default null, p_email_verified boolean default null,
  p_name text default null)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_reply  team_api.reply;
begin
  select 200, json_build_object('status', 'ok', 'schema', max(m.number))
    into v_reply.status, v_reply.body
    from team.migration m;

  return v_reply;
end
$$;


-- Whom the token names.  Without any membership there is no row, and no id.

create or replace function team_api.me_get(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_id     uuid;
  v_reply  team_api.reply;
begin
  perform team.actor_present(p_issuer, p_subject);

  select i.id
    into v_id
    from team.identity i
   where i.issuer = p_issuer
     and i.subject = p_subject;

  v_reply.status := 200;
  v_reply.body := json_build_object(
    'id', v_id,
    'issuer', p_issuer,
    'subject', p_subject,
    'email', team.email_normal(p_email),
    'email_verified', coalesce(p_email_verified, false),
    'name', p_name);
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;


create or replace function team.list_reply(p_items json, p_cursor text)
returns team_api.reply
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_reply  team_api.reply;
begin
  v_reply.status := 200;
  v_reply.body := json_build_object('items', coalesce(p_items, '[]'),
                                    'next_cursor', p_cursor);
  v_reply.cursor := p_cursor;
  return v_reply;
end
$$;


-- In both lists a row's body is a sub-query, not a join: it is looked up for
-- the rows of the page only, whatever the planner thinks v_limit may be.


-- The accounts the caller is in, whatever the status there.

create or replace function team_api.me_accounts(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_limit integer, p_cursor text)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_nil    constant uuid := '00000000-0000-0000-0000-000000000000';
  v_limit  integer := team.limit_check(p_limit);
  v_id     uuid;
  v_after  uuid;
  v_items  json;
  v_last   uuid;
  v_count  integer;
begin
  perform team.actor_present(p_issuer, p_subject);

  select i.id
    into v_id
    from team.identity i
   where i.issuer = p_issuer
     and i.subject = p_subject;

  v_after := coalesce(team.cursor_read(p_cursor, 'a', coalesce(v_id, v_nil)),
                      v_nil);

  with page as (
    select m.id, m.account_id, row_number() over (order by m.account_id) as n
      from (select m.id, m.account_id
              from team.member m
             where m.identity_id = v_id
               and m.account_id > v_after
             order by m.account_id
             limit v_limit + 1) m
  )
  select json_agg(json_build_object(
                    'account', json_build_object(
                      'id', a.id,
                      'slug', a.slug,
                      'name', a.name,
                      'status', a.status),
                    'member', (select b.body
                                 from team.member_body b
                                where b.member_id = p.id)) order by p.n)
           filter (where p.n <= v_limit),
         (array_agg(p.account_id order by p.n))[v_limit],
         count(*)
    into v_items, v_last, v_count
    from page p
    join team.account a on a.id = p.account_id;

  return team.list_reply(
    v_items,
    case when v_count > v_limit then team.cursor_make('a', v_id, v_last) end);
end
$$;


create or replace function team.account_text(p_account team.account)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return json_build_object(
    'id', p_account.id,
    'slug', p_account.slug,
    'name', p_account.name,
    'status', p_account.status,
    'time_zone', p_account.time_zone,
    'preset', p_account.preset,
    'parent', p_account.parent_id,
    'owner', p_account.owner_member_id,
    'created_at', team.time_text(p_account.created_at));
end
$$;


create or replace function team_api.account_get(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account := team.account_find(p_account);
  v_reply    team_api.reply;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'account:read');

  v_reply.status := 200;
  v_reply.body := team.account_text(v_account);
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;


-- The members of an account as one JSON array, each of them byte by byte as
-- team.member_body has it.  A page is put together by hand, since that takes a
-- third of the time: roles, groups and who invited are few, and looked up once
-- a page instead of once a member.

create or replace function team.members_text(p_account team.account,
  p_ids uuid[])
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_owner_role  uuid;
  v_text        text;
begin
  if p_account.owner_mode = 'many' then
    v_owner_role := (
      select r.id
        from team.role r
       where r.account_id = p_account.id
         and r.key = p_account.owner_role);
  end if;

  with page as materialized (
    select m.id, m.status, coalesce(m.name, i.name) as name, i.email, m.title,
           m.invited_by, m.joined_at, m.created_at, p.n,
           array(select mr.role_id
                   from team.member_role mr
                  where mr.member_id = m.id
                  order by mr.role_id) as roles,
           array(select mp.permission
                   from team.member_permission mp
                  where mp.member_id = m.id
                  order by mp.permission) as permissions,
           array(select gm.group_id
                   from team.group_member gm
                  where gm.member_id = m.id
                  order by gm.group_id) as groups
      from unnest(p_ids) with ordinality p (id, n)
      join team.member m on m.id = p.id
      join team.identity i on i.id = m.identity_id
  ), roles as materialized (
    select s.roles,
           (select json_agg(json_build_object('key', r.key, 'name', r.name)
                            order by r.key)::text
              from team.role r
             where r.id = any (s.roles)) as body
      from (select distinct p.roles from page p where p.roles <> '{}') s
  ), groups as materialized (
    select s.groups,
           (select json_agg(json_build_object('id', g.id, 'name', g.name)
                            order by g.name collate "C")::text
              from team.member_group g
             where g.id = any (s.groups)) as body
      from (select distinct p.groups from page p where p.groups <> '{}') s
  ), inviters as materialized (
    select m.id,
           json_build_object('id', m.id, 'name', coalesce(m.name, i.name),
                             'email', i.email)::text as body
      from (select distinct p.invited_by from page p) s
      join team.member m on m.id = s.invited_by
      join team.identity i on i.id = m.identity_id
  )
  select string_agg(
           '{"id" : "' || p.id
           || '", "account" : "' || p_account.id
           || '", "status" : "' || p.status
           || '", "name" : ' || coalesce(to_json(p.name)::text, 'null')
           || ', "email" : ' || coalesce(to_json(p.email)::text, 'null')
           || ', "title" : ' || coalesce(to_json(p.title)::text, 'null')
           || ', "roles" : ' || coalesce(r.body, '[]')
           || ', "permissions" : ' || case
                when p.permissions = '{}' then '[]'
                else '["' || array_to_string(p.permissions, '", "') || '"]'
              end
           || ', "groups" : ' || coalesce(g.body, '[]')
           || ', "is_owner" : ' || case p_account.owner_mode
                when 'single' then p_account.owner_member_id is not distinct
                                   from p.id
                when 'many' then coalesce(v_owner_role = any (p.roles), false)
                else false
              end
           || ', "inviter" : ' || coalesce(v.body, 'null')
           || ', "joined_at" : '
           || coalesce('"' || team.time_text(p.joined_at) || '"', 'null')
           || ', "created_at" : "' || team.time_text(p.created_at)
           || '"}', ', ' order by p.n)
    into v_text
    from page p
    left join roles r on r.roles = p.roles
    left join groups g on g.groups = p.groups
    left join inviters v on v.id = p.invited_by;

  return '[' || coalesce(v_text, '') || ']';
end
$$;


-- In the order of their ids, which is that of their creation.

create or replace function team_api.member_list(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_limit integer, p_cursor text)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account := team.account_find(p_account);
  v_limit    integer := team.limit_check(p_limit);
  v_after    uuid;
  v_ids      uuid[];
  v_reply    team_api.reply;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'members:read');

  v_after := coalesce(team.cursor_read(p_cursor, 'm', v_account.id),
                      '00000000-0000-0000-0000-000000000000');

  v_ids := array(
    select m.id
      from team.member m
     where m.account_id = v_account.id
       and m.id > v_after
     order by m.id
     limit v_limit + 1);

  if cardinality(v_ids) > v_limit then
    v_reply.cursor := team.cursor_make('m', v_account.id, v_ids[v_limit]);
  end if;

  v_reply.status := 200;
  v_reply.body := '{"items" : ' || team.members_text(v_account,
                                                     v_ids[1:v_limit])
                  || ', "next_cursor" : '
                  || coalesce('"' || v_reply.cursor || '"', 'null') || '}';
  return v_reply;
end
$$;


-- Oneself always, "me" or by id.

create or replace function team_api.member_get(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_member text)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account := team.account_find(p_account);
  v_actor    team.standing;
  v_target   team.standing;
  v_reply    team_api.reply;
begin
  v_actor := team.actor_check(v_account, p_issuer, p_subject, null);

  if p_member is distinct from 'me'
     and p_member is distinct from v_actor.member_id::text
  then
    v_actor := team.actor_check(v_account, p_issuer, p_subject,
                                'members:read');
  end if;

  v_target := team.target_find(v_account, v_actor, p_member);

  v_reply.status := 200;
  v_reply.body := team.member_text(v_target.member_id);
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;
