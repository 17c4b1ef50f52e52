-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- The directory: members, invitations and requests to join in one list.


-- Where at least two owners are advised: whether there is but one who can act.
-- The order keeps it to the index: a role may have a million holders, and the
-- planner thinks so of each.

create or replace function team.only_one_owner(p_account team.account,
  p_owner_role uuid)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return p_account.owner_mode = 'many'
         and (select count(*)
                from (select
                        from (select mr.member_id
                                from team.member_role mr
                               where mr.role_id = p_owner_role
                               order by mr.member_id) mr
                        join team.member m on m.id = mr.member_id
                       where m.status = 'active'
                       limit 2) o) = 1;
end
$$;


-- The entries of a page as JSON.  Roles, groups and who invited are few: each
-- is looked up once a page, and what stands at the same place in ids and bodies
-- belongs together.  Text put together by hand takes half the time that
-- json_build_object does.

create or replace function team.directory_items(p_account team.account,
  p_owner_role uuid, p_ids uuid[])
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_items  text;
begin
  with page as materialized (
    select d.*, p.n, i.last_login_at, team.time_text(d.created_at) as created
      from unnest(p_ids) with ordinality p (id, n)
      join team.directory d on d.id = p.id
      left join team.identity i on i.id = d.identity_id
  ), role as materialized (
    select array_agg(r.id order by r.key) as ids,
           array_agg(json_build_object('key', r.key, 'name', r.name)::text
                     order by r.key) as bodies
      from (select distinct unnest(p.roles) as id from page p) s
      join team.role r on r.id = s.id
  ), "group" as materialized (
    select array_agg(g.id order by g.name collate "C") as ids,
           array_agg(json_build_object('id', g.id, 'name', g.name)::text
                     order by g.name collate "C") as bodies
      from (select distinct unnest(p.groups) as id from page p) s
      join team.member_group g on g.id = s.id
  ), inviter as materialized (
    select array_agg(m.id) as ids,
           array_agg(json_build_object('id', m.id,
                                       'name', coalesce(m.name, i.name),
                                       'email', i.email)::text) as bodies
      from (select distinct p.inviter_id from page p) s
      join team.member m on m.id = s.inviter_id
      join team.identity i on i.id = m.identity_id
  )
  select '[' || string_agg(
           '{"kind":"' || p.kind
           || '","id":"' || coalesce(p.join_request_id, p.id)
           || case
                when p.kind = 'invitation' then '","member":null'
                else '","member":"' || p.id || '"'
              end
           || ',"name":' || coalesce(to_json(p.name)::text, 'null')
           || ',"email":' || case
                               when p.email = '' then 'null'
                               else to_json(p.email)::text
                             end
           || ',"roles":[' || case cardinality(p.roles)
                when 0 then ''
                when 1 then r.bodies[array_position(r.ids, p.roles[1])]
                else (select string_agg(b.body, ',' order by b.n)
                        from unnest(r.bodies) with ordinality b (body, n)
                       where r.ids[b.n] = any (p.roles))
              end
           || '],"groups":[' || case cardinality(p.groups)
                when 0 then ''
                when 1 then g.bodies[array_position(g.ids, p.groups[1])]
                else (select string_agg(b.body, ',' order by b.n)
                        from unnest(g.bodies) with ordinality b (body, n)
                       where g.ids[b.n] = any (p.groups))
              end
           || '],"status":"' || case
                when p.kind = 'invitation' and p.status = 'pending'
                     and p.expires_at <= statement_timestamp() then 'expired'
                else p.status
              end
           || '","is_owner":' || case
                when p_owner_role is not null then
                  p.kind <> 'invitation' and p_owner_role = any (p.roles)
                else p_account.owner_member_id is not distinct from p.id
              end
           || ',"inviter":'
           || coalesce(v.bodies[array_position(v.ids, p.inviter_id)], 'null')
           || ',"joined_at":' || case
                when p.joined_at = p.created_at then '"' || p.created || '"'
                when p.joined_at < 'infinity' then
                  '"' || team.time_text(p.joined_at) || '"'
                else 'null'
              end
           || ',"created_at":"' || p.created
           || '","expires_at":'
           || coalesce('"' || team.time_text(p.expires_at) || '"', 'null')
           || ',"last_login_at":'
           || coalesce('"' || team.time_text(p.last_login_at) || '"', 'null')
           || '}', ',' order by p.n) || ']'
    into v_items
    from page p
   cross join role r
   cross join "group" g
   cross join inviter v;

  return v_items;
end
$$;


-- The same entries for a spreadsheet, with the permissions that people have
-- beside their roles.

create or replace function team.directory_csv(p_items json)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select E'kind,id,member,name,email,status,roles,permissions,groups,'
           'is_owner,inviter,joined_at,created_at,expires_at,last_login_at\r\n'
           || coalesce(string_agg(c.line || E'\r\n', '' order by e.n), '')
      from json_array_elements(p_items) with ordinality e (entry, n)
     cross join lateral (
       select (select string_agg(r.value ->> 'key', '; ' order by r.n)
                 from json_array_elements(e.entry -> 'roles')
                      with ordinality r (value, n)) as roles,
              (select string_agg(p.permission, '; ' order by p.permission)
                 from (select mp.permission
                         from team.member_permission mp
                        where mp.member_id = (e.entry ->> 'member')::uuid
                        union all
                       select ip.permission
                         from team.invitation_permission ip
                        where ip.invitation_id = (e.entry ->> 'id')::uuid) p)
                as permissions,
              (select string_agg(g.value ->> 'name', '; ' order by g.n)
                 from json_array_elements(e.entry -> 'groups')
                      with ordinality g (value, n)) as groups
     ) l
     cross join lateral (
       select string_agg(team.csv_cell(v.cell), ',' order by v.n) as line
         from (values (1, e.entry ->> 'kind'), (2, e.entry ->> 'id'),
                      (3, e.entry ->> 'member'), (4, e.entry ->> 'name'),
                      (5, e.entry ->> 'email'), (6, e.entry ->> 'status'),
                      (7, l.roles), (8, l.permissions), (9, l.groups),
                      (10, e.entry ->> 'is_owner'),
                      (11, e.entry #>> '{inviter,email}'),
                      (12, e.entry ->> 'joined_at'),
                      (13, e.entry ->> 'created_at'),
                      (14, e.entry ->> 'expires_at'),
                      (15, e.entry ->> 'last_login_at')) v (n, cell)) c);
end
$$;


-- p_sort: name, email, created_at or joined_at, "-" before it: downwards.

create or replace function team_api.directory_list(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_q text, p_kind text, p_status text,
  p_role text, p_group text, p_sort text, p_limit integer, p_cursor text,
  p_format text default null)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account := team.account_find(p_account);
  v_limit    integer := team.limit_check(p_limit);
  v_sort     text := coalesce(p_sort, '-created_at');
  v_query    team.directory_query;
  v_list     bytea;
  v_time     boolean;
  v_id       uuid;
  v_key      text;
  v_ids      uuid[];
  v_end      team.directory;
  v_owner    uuid;
  v_cursor   text;
  v_items    text;
  v_reply    team_api.reply;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'members:read');

  if v_sort not in ('name', '-name', 'email', '-email', 'created_at',
                    '-created_at', 'joined_at', '-joined_at')
  then
    perform team.fail_at(400, 'bad-sort', '?sort',
                         'sort is name, email, created_at or joined_at, with '
                         '"-" before it for downwards.');
  end if;

  v_query := team.directory_query_make(v_account, p_q, p_kind, p_status,
                                       p_role, p_group);
  v_time := v_sort like '%\_at';
  v_list := substring(sha256(convert_to(json_build_array(
              v_account.id, v_sort, p_q, p_kind, p_status, p_role,
              p_group)::text, 'UTF8')) for 16);

  if p_cursor is not null then
    select c.o_id, c.o_place
      into v_id, v_key
      from team.place_read(p_cursor, 'd', v_list, v_time) c;

  elsif v_sort like '-%' then
    v_id := 'ffffffff-ffff-ffff-ffff-ffffffffffff';
    v_key := case when v_time then 'infinity' else repeat(U&'\+10FFFF', 64) end;

  else
    v_id := '00000000-0000-0000-0000-000000000000';
    v_key := case when v_time then '-infinity' else '' end;
  end if;

  v_ids := case v_sort
    when 'name' then
      team.directory_name_key_up(v_query, v_key, v_id, v_limit + 1)
    when '-name' then
      team.directory_name_key_down(v_query, v_key, v_id, v_limit + 1)
    when 'email' then
      team.directory_email_up(v_query, v_key, v_id, v_limit + 1)
    when '-email' then
      team.directory_email_down(v_query, v_key, v_id, v_limit + 1)
    when 'created_at' then
      team.directory_created_at_up(v_query, v_key::timestamptz, v_id,
                                   v_limit + 1)
    when '-created_at' then
      team.directory_created_at_down(v_query, v_key::timestamptz, v_id,
                                     v_limit + 1)
    when 'joined_at' then
      team.directory_joined_at_up(v_query, v_key::timestamptz, v_id,
                                  v_limit + 1)
    when '-joined_at' then
      team.directory_joined_at_down(v_query, v_key::timestamptz, v_id,
                                    v_limit + 1)
  end;

  if cardinality(v_ids) > v_limit then
    select *
      into v_end
      from team.directory d
     where d.id = v_ids[v_limit];

    v_cursor := team.place_make(
      'd', v_list, v_end.id,
      case
        when v_sort like '%name' then v_end.name_key
        when v_sort like '%email' then v_end.email
        when v_sort like '%created\_at' then team.place_time(v_end.created_at)
        else team.place_time(v_end.joined_at)
      end);
  end if;

  if v_account.owner_mode = 'many' then
    v_owner := (
      select r.id
        from team.role r
       where r.account_id = v_account.id
         and r.key = v_account.owner_role);
  end if;

  v_items := coalesce(team.directory_items(v_account, v_owner,
                                           v_ids[1:v_limit]), '[]');

  v_reply.status := 200;
  v_reply.cursor := v_cursor;

  if p_format = 'csv' then
    v_reply.body := team.directory_csv(v_items::json);
    return v_reply;
  end if;

  v_reply.body :=
    '{"items":' || v_items
    || ',"next_cursor":' || coalesce('"' || v_cursor || '"', 'null')
    || ',"labels":' || json_build_object('suspended', v_account.suspend_label)
    || ',"hints":' || json_build_object('only_one_owner',
                                        team.only_one_owner(v_account, v_owner))
    || '}';
  return v_reply;
end
$$;
