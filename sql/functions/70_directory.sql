-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- The directory: members, invitations and requests to join in one list.


-- What is looked for: text, roles whose names have it, filters.  A null means
-- anything.

do $$
begin
  if to_regtype('team.directory_query') is null then
    create type team.directory_query as (
      account_id  uuid,
      text        text,
      text_roles  uuid[],
      kind        text,
      status      text,
      expired     boolean,
      declined    boolean,
      role        uuid,
      "group"     uuid
    );
  end if;
end $$;


-- What a request asks for.  A role or a group that isn't there is as the nil
-- id, which nobody has.

create or replace function team.directory_query_make(p_account team.account,
  p_q text, p_kind text, p_status text, p_role text, p_group text)
returns team.directory_query
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_nil    constant uuid := '00000000-0000-0000-0000-000000000000';
  v_query  team.directory_query;
begin
  if p_kind not in ('member', 'invitation', 'join_request') then
    perform team.fail(400, 'bad-kind',
                      'kind is member, invitation or join_request.');
  end if;

  if p_status not in ('active', 'pending', 'suspended', 'declined', 'expired')
  then
    perform team.fail(400, 'bad-status',
                      'status is active, pending, suspended, declined or '
                      'expired.');
  end if;

  v_query.account_id := p_account.id;
  v_query.kind := p_kind;
  v_query.declined := p_account.decline_mode = 'shown';

  if p_status in ('pending', 'expired') then
    v_query.status := 'pending';
    v_query.expired := p_status = 'expired';
  else
    v_query.status := p_status;
  end if;

  if p_role is not null then
    v_query.role := coalesce((select r.id
                                from team.role r
                               where r.account_id = p_account.id
                                 and r.key = p_role), v_nil);
  end if;

  if p_group is not null then
    v_query."group" := coalesce(team.id_parse(p_group), v_nil);
  end if;

  if p_q <> '' then
    -- no name holds a line break, which is what ends one in an entry's text
    v_query.text := translate(team.email_normal(p_q), E'\n', E'\x01');
    v_query.text_roles := nullif(
      array(select r.id
              from team.role r
             where r.account_id = p_account.id
               and (strpos(team.email_normal(r.name), v_query.text) > 0
                    or strpos(r.key, v_query.text) > 0)), '{}');
  end if;

  return v_query;
end
$$;


create or replace function team.directory_key(p_what text)
returns bigint
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return hashtextextended(p_what, 256);
end
$$;


-- The numbers of the index (team.directory_keys) that an entry must have.  Of
-- the text's, those that are rarest among some entries of the account: reading
-- all that have a common one costs more than it saves.  Null: none is known.

create or replace function team.directory_keys_wanted(
  p_query team.directory_query)
returns bigint[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_sort    bigint := uuid_hash_extended(p_query.account_id, 0) & 255;
  v_length  integer := least(length(coalesce(p_query.text, '')), 3);
  v_sample  text;
  v_keys    bigint[] := '{}';
begin
  if v_length >= 2 then
    select string_agg(d.search, E'\n')
      into v_sample
      from (select d.search
              from team.directory d
             where d.account_id = p_query.account_id
             order by d.created_at desc, d.id desc
             limit 200) d;

    v_keys := array(
      select hashtextextended(p.part, v_sort)
        from (select substr(p_query.text, i, v_length) as part
                from generate_series(
                       1, least(length(p_query.text) - v_length + 1, 100)) i) p
       order by length(v_sample) - length(replace(v_sample, p.part, ''))
       limit 4);

  elsif v_length = 1 then
    return null;
  end if;

  if p_query.role is not null and v_keys = '{}' then
    v_keys := v_keys || team.directory_key('role ' || p_query.role);
  end if;

  if p_query."group" is not null then
    v_keys := v_keys || team.directory_key('group ' || p_query."group");
  end if;

  if p_query.status is not null and p_query.status <> 'active' then
    v_keys := v_keys || team.directory_key('status ' || p_query.status || ' '
                                           || p_query.account_id);
  end if;

  if p_query.kind is not null and p_query.kind <> 'member' then
    v_keys := v_keys || team.directory_key('kind ' || p_query.kind || ' '
                                           || p_query.account_id);
  end if;

  return nullif(v_keys, '{}');
end
$$;


-- The next entries, one function for each order: after p_after and p_id, at
-- most p_limit.
--
-- What is common is soon met by walking the list in its order; what is rare is
-- found by the index of numbers.  Which of the two it is, the first thousand
-- entries tell: with one in two hundred, the page is full after some ten
-- thousand.  A small account is walked to its end by then.

do $do$
declare
  v_column  text;
  v_down    boolean;
  v_text    text;
begin
  foreach v_column in array '{name_key,email,created_at,joined_at}'::text[] loop
    foreach v_down in array '{f,t}'::boolean[] loop
      v_text := $fn$
create or replace function team.directory_%NAME%(
  p_query team.directory_query, p_after %TYPE%, p_id uuid, p_limit integer)
returns team.directory[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  constant uuid := p_query.account_id;
  v_text     constant text := p_query.text;
  v_roles    constant uuid[] := p_query.text_roles;
  v_kind     constant text := p_query.kind;
  v_status   constant text := p_query.status;
  v_expired  constant boolean := p_query.expired;
  v_hide     constant boolean := not p_query.declined;
  v_role     constant uuid := p_query.role;
  v_group    constant uuid := p_query."group";
  v_after    %TYPE% := p_after;
  v_id       uuid := p_id;
  v_budget   integer := 1000;
  v_rows     team.directory[] := '{}';
  v_keys     bigint[];
begin
  loop
    v_rows := v_rows || array(
      select row (d.*)::team.directory
        from (select *
                from team.directory o
               where o.account_id = v_account
                 and (o.%COLUMN%, o.id) %THAN% (v_after, v_id)
               order by o.%COLUMN% %ORDER%, o.id %ORDER%
               limit v_budget) d
       where %FILTER%
       limit p_limit - cardinality(v_rows));

    if cardinality(v_rows) = p_limit or v_budget is null then
      return v_rows;
    end if;

    select o.%COLUMN%, o.id
      into v_after, v_id
      from team.directory o
     where o.account_id = v_account
       and (o.%COLUMN%, o.id) %THAN% (v_after, v_id)
     order by o.%COLUMN% %ORDER%, o.id %ORDER%
    offset v_budget - 1
     limit 1;

    if not found then
      return v_rows;
    end if;

    if v_budget = 1000 and cardinality(v_rows) >= 5 then
      v_budget := 19000;

    else
      v_keys := team.directory_keys_wanted(p_query);
      exit when v_keys is not null;
      v_budget := null;
    end if;
  end loop;

  -- "offset 0": no other index than that of the numbers is thought of

  return array(
    select row (d.*)::team.directory
      from (select *
              from team.directory o
             where team.directory_keys(o.account_id, o.kind, o.status, o.search,
                                       o.roles, o.groups) @> v_keys
                or team.directory_keys(o.account_id, o.kind, o.status, o.search,
                                       o.roles, o.groups)
                   && array(select team.directory_key('role ' || r.id)
                              from unnest(v_roles) r (id))
            offset 0) d
     where d.account_id = v_account
       and (d.%COLUMN%, d.id) %THAN% (p_after, p_id)
       and %FILTER%
     order by d.%COLUMN% %ORDER%, d.id %ORDER%
     limit p_limit);
end
$$
$fn$;

      -- "case": what isn't of the text is asked nothing else

      v_text := replace(v_text, '%FILTER%', $f$case
               when v_text is null or strpos(d.search, v_text) > 0
                    or d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end$f$);
      v_text := replace(v_text, '%NAME%', v_column
                        || case when v_down then '_down' else '_up' end);
      v_text := replace(v_text, '%COLUMN%', v_column);
      v_text := replace(v_text, '%TYPE%',
                        case when v_column like '%\_at' then 'timestamptz'
                             else 'text' end);
      v_text := replace(v_text, '%THAN%',
                        case when v_down then '<' else '>' end);
      v_text := replace(v_text, '%ORDER%',
                        case when v_down then 'desc' else 'asc' end);
      execute v_text;
    end loop;
  end loop;
end
$do$;


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
-- set of them is looked up once a page.  Text put together by hand takes half
-- the time that json_build_object does.

create or replace function team.directory_items(p_account team.account,
  p_owner_role uuid, p_rows team.directory[])
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_items  text;
begin
  with page as materialized (
    select *
      from unnest(p_rows) with ordinality
             p (id, account_id, created_at, joined_at, status, kind, search,
                roles, groups, name_key, email, name, expires_at, identity_id,
                join_request_id, inviter_id, n)
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
           || ',"roles":' || coalesce(r.body, '[]')
           || ',"groups":' || coalesce(g.body, '[]')
           || ',"status":"' || case
                when p.kind = 'invitation' and p.status = 'pending'
                     and p.expires_at <= statement_timestamp() then 'expired'
                else p.status
              end
           || '","is_owner":' || case
                when p_owner_role is not null then
                  p.kind <> 'invitation' and p_owner_role = any (p.roles)
                else p_account.owner_member_id is not distinct from p.id
              end
           || ',"inviter":' || coalesce(v.body, 'null')
           || ',"joined_at":' || case
                when p.joined_at < 'infinity' then
                  '"' || team.time_text(p.joined_at) || '"'
                else 'null'
              end
           || ',"created_at":"' || team.time_text(p.created_at)
           || '","expires_at":'
           || coalesce('"' || team.time_text(p.expires_at) || '"', 'null')
           || ',"last_login_at":'
           || coalesce('"' || team.time_text(i.last_login_at) || '"', 'null')
           || '}', ',' order by p.n) || ']'
    into v_items
    from page p
    left join team.identity i on i.id = p.identity_id
    left join roles r on r.roles = p.roles
    left join groups g on g.groups = p.groups
    left join inviters v on v.id = p.inviter_id;

  return v_items;
end
$$;


-- p_sort: name, email, created_at or joined_at, "-" before it: downwards.

create or replace function team_api.directory_list(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_q text, p_kind text, p_status text,
  p_role text, p_group text, p_sort text, p_limit integer, p_cursor text)
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
  v_rows     team.directory[];
  v_end      team.directory;
  v_owner    uuid;
  v_cursor   text;
  v_reply    team_api.reply;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'members:read');

  if v_sort not in ('name', '-name', 'email', '-email', 'created_at',
                    '-created_at', 'joined_at', '-joined_at')
  then
    perform team.fail(400, 'bad-sort',
                      'sort is name, email, created_at or joined_at, with "-" '
                      'before it for downwards.');
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

  v_rows := case v_sort
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

  if cardinality(v_rows) > v_limit then
    v_end := v_rows[v_limit];
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

  v_reply.status := 200;
  v_reply.cursor := v_cursor;
  v_reply.body :=
    '{"items":'
    || coalesce(team.directory_items(v_account, v_owner, v_rows[1:v_limit]),
                '[]')
    || ',"next_cursor":' || coalesce('"' || v_cursor || '"', 'null')
    || ',"labels":' || json_build_object('suspended', v_account.suspend_label)
    || ',"hints":' || json_build_object('only_one_owner',
                                        team.only_one_owner(v_account, v_owner))
    || '}';
  return v_reply;
end
$$;
