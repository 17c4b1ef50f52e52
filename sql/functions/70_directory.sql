-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- The directory: members, invitations and requests to join in one list.


-- --- how it is kept ----------------------------------------------------------

-- What team.directory has to say, column by column.

create or replace view team.directory_source as
select s.id, s.account_id, s.identity_id, s.join_request_id, s.inviter_id,
       s.created_at, s.joined_at, s.expires_at, s.kind, s.status, s.name,
       coalesce(left(team.email_normal(s.name), 64), '') as name_key,
       s.email,
       coalesce(team.email_normal(s.name), '') || E'\n' || s.email as search,
       s.roles, s.groups
  from (
    select m.id,
           m.account_id,
           m.identity_id,
           j.id as join_request_id,
           m.invited_by as inviter_id,
           m.created_at,
           coalesce(m.joined_at, 'infinity') as joined_at,
           null::timestamptz as expires_at,
           case when j.id is null then 'member' else 'join_request' end as kind,
           m.status::text as status,
           coalesce(m.name, i.name) as name,
           coalesce(i.email, '') as email,
           array(select mr.role_id
                   from team.member_role mr
                  where mr.member_id = m.id
                  order by mr.role_id) as roles,
           array(select gm.group_id
                   from team.group_member gm
                  where gm.member_id = m.id
                  order by gm.group_id) as groups
      from team.member m
      join team.identity i on i.id = m.identity_id
      left join team.join_request j
        on j.member_id = m.id
       and j.status = 'pending'
    union all
    select i.id,
           i.account_id,
           null,
           null,
           i.inviter_member_id,
           i.created_at,
           'infinity',
           i.expires_at,
           'invitation',
           i.status,
           i.name,
           i.email,
           array(select ir.role_id
                   from team.invitation_role ir
                  where ir.invitation_id = i.id
                  order by ir.role_id),
           array(select ig.group_id
                   from team.invitation_group ig
                  where ig.invitation_id = i.id
                  order by ig.group_id)
      from team.invitation i
     where i.status in ('pending', 'declined')
  ) s;


-- Brings a row up to date.  The locks first, and in statements of their own, so
-- that of two who change parts of one person the second sees what the first
-- has done: the identity's against who is renaming it now, then the row's.

create or replace function team.directory_put(p_id uuid, p_identity uuid)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_old  team.directory;
  v_new  team.directory;
begin
  perform
     from team.identity i
    where i.id = p_identity
      for share;

  select *
    into v_old
    from team.directory d
   where d.id = p_id
     for update;

  select *
    into v_new
    from team.directory_source s
   where s.id = p_id;

  if v_new is not distinct from v_old then
    return;
  end if;

  if v_new.id is null then
    delete from team.directory d
     where d.id = p_id;
    return;
  end if;

  insert into team.directory
  select v_new.*
  on conflict (id) do update
    set (id, account_id, identity_id, join_request_id, inviter_id, created_at,
         joined_at, expires_at, kind, status, name, name_key, email, search,
         roles, groups) = row (excluded.*);
end
$$;


-- Everything anew: after rows were loaded with triggers disabled.

create or replace function team.directory_build()
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  lock table team.directory in share row exclusive mode;

  delete from team.directory;

  insert into team.directory
  select *
    from team.directory_source s;
end
$$;


-- What a row of one of the tables belongs to: members, or an invitation.  The
-- triggers run as their owner: whoever may write a table needs no right on
-- team.directory.

create or replace function team.directory_follow()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_row  record;
begin
  if tg_op = 'DELETE' then
    v_row := old;
  else
    v_row := new;
  end if;

  case tg_table_name
    when 'member' then
      perform team.directory_put(v_row.id, v_row.identity_id);

    when 'identity' then
      perform team.directory_put(m.id, null)
         from (select o.id
                 from team.member o
                where o.identity_id = v_row.id
                order by o.id) m;

    when 'invitation' then
      perform team.directory_put(v_row.id, null);

    when 'invitation_role', 'invitation_group' then
      perform team.directory_put(v_row.invitation_id, null);

    else
      perform team.directory_put(m.id, m.identity_id)
         from team.member m
        where m.id = v_row.member_id;
  end case;

  return null;
end
$$;


create or replace function team.directory_everything()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform team.directory_build();
  return null;
end
$$;


-- When the transaction commits: what it writes to several tables is then one
-- row here, and the first event to find it does the work for all.  Only where
-- they are missing, since there is no "or replace" for constraint triggers.

do $$
declare
  v_table  text;
  v_event  text;
  v_when   text;
begin
  for v_table, v_event, v_when in
    values ('member', 'insert or delete', ''),
           ('member', 'update', 'when (old is distinct from new)'),
           ('member_role', 'insert or delete or update', ''),
           ('group_member', 'insert or delete or update', ''),
           ('join_request', 'insert or delete or update', ''),
           ('identity', 'update',
            'when ((old.name, old.email) is distinct from '
            '(new.name, new.email))'),
           ('invitation', 'insert or delete', ''),
           ('invitation', 'update', 'when (old is distinct from new)'),
           ('invitation_role', 'insert or delete or update', ''),
           ('invitation_group', 'insert or delete or update', '')
  loop
    if not exists (
      select
        from pg_trigger t
       where t.tgrelid = ('team.' || v_table)::regclass
         and t.tgname = 'directory_' || split_part(v_event, ' ', 1))
    then
      execute format('create constraint trigger %I after %s on team.%I '
                     'deferrable initially deferred for each row %s '
                     'execute function team.directory_follow()',
                     'directory_' || split_part(v_event, ' ', 1), v_event,
                     v_table, v_when);
    end if;

    execute format('create or replace trigger directory_truncate '
                   'after truncate on team.%I for each statement '
                   'execute function team.directory_everything()', v_table);
  end loop;

  if not exists (select from team.directory)
     and exists (select from team.directory_source)
  then
    perform team.directory_build();
  end if;
end $$;


-- --- how it is read ----------------------------------------------------------

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


-- What a request asks for.  A role or a group that isn't there is as the nil id,
-- which nobody has.

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
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select hashtextextended(p_what, 256)
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
  v_length  integer := least(length(p_query.text), 3);
  v_keys    bigint[] := '{}';
begin
  if v_length >= 2 then
    v_keys := array(
      select g.key
        from (select hashtextextended(p.part, v_sort) as key,
                     (select count(*)
                        from (select d.search
                                from team.directory d
                               where d.account_id = p_query.account_id
                               order by d.created_at desc, d.id desc
                               limit 200) d
                       where strpos(d.search, p.part) > 0) as n,
                     p.i
                from (select substr(p_query.text, i, v_length) as part, i
                        from generate_series(
                               1, length(p_query.text) - v_length + 1) i
                       limit 24) p) g
       order by g.n, g.i
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


-- The ids of the next entries, one function for each order: from p_after, p_id
-- on, at most p_limit.
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
returns uuid[]
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
  v_ids      uuid[] := '{}';
  v_keys     bigint[];
begin
  loop
    v_ids := v_ids || array(
      select d.id
        from (select *
                from team.directory o
               where o.account_id = v_account
                 and (o.%COLUMN%, o.id) %THAN% (v_after, v_id)
               order by o.%COLUMN% %ORDER%, o.id %ORDER%
               limit v_budget) d
       where %FILTER%
       limit p_limit - cardinality(v_ids));

    if cardinality(v_ids) = p_limit or v_budget is null then
      return v_ids;
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
      return v_ids;
    end if;

    if v_budget = 1000 and cardinality(v_ids) >= 5 then
      v_budget := 19000;

    else
      v_keys := team.directory_keys_wanted(p_query);
      exit when v_keys is not null;
      v_budget := null;
    end if;
  end loop;

  return array(
    with found as materialized (
      select *
        from team.directory o
       where team.directory_keys(o.account_id, o.kind, o.status, o.search,
                                 o.roles, o.groups) @> v_keys
          or team.directory_keys(o.account_id, o.kind, o.status, o.search,
                                 o.roles, o.groups)
             && array(select team.directory_key('role ' || r.id)
                        from unnest(v_roles) r (id))
    )
    select d.id
      from found d
     where d.account_id = v_account
       and (d.%COLUMN%, d.id) %THAN% (p_after, p_id)
       and %FILTER%
     order by d.%COLUMN% %ORDER%, d.id %ORDER%
     limit p_limit);
end
$$
$fn$;

      v_text := replace(v_text, '%FILTER%', $f$
             (v_text is null or strpos(d.search, v_text) > 0
                             or d.roles && v_roles)
         and (v_kind is null or d.kind = v_kind)
         and (v_status is null or d.status = v_status)
         and (v_hide is false or d.status <> 'declined')
         and (v_expired is null
              or coalesce(d.expires_at <= statement_timestamp(), false)
                 = v_expired)
         and (v_role is null or v_role = any (d.roles))
         and (v_group is null or v_group = any (d.groups))$f$);
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


-- A cursor for orders other than that of ids: base64url of one byte for the kind
-- of list, 16 that stand for the list itself, the id of the last row seen and
-- its place in the order, since the row may be gone when the next page is asked
-- for.

create or replace function team.place_make(p_kind text, p_list bytea,
  p_id uuid, p_place text)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return rtrim(translate(encode(convert_to(p_kind, 'SQL_ASCII') || p_list
                                || uuid_send(p_id)
                                || convert_to(p_place, 'UTF8'), 'base64'),
                         E'+/\n', '-_'), '=');
end
$$;


-- p_time: the place is a time.

create or replace function team.place_read(p_cursor text, p_kind text,
  p_list bytea, p_time boolean, out o_id uuid, out o_place text)
returns record
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_bytes  bytea;
begin
  begin
    v_bytes := decode(translate(p_cursor, '-_', '+/')
                      || repeat('=', -length(p_cursor) & 3), 'base64');
    o_id := encode(substring(v_bytes from 18 for 16), 'hex')::uuid;
    o_place := convert_from(substring(v_bytes from 34), 'UTF8');

    if p_time then
      perform o_place::timestamptz;
    end if;
  exception
    when data_exception then
      o_id := null;
  end;

  if o_id is null
     or team.place_make(p_kind, p_list, o_id, o_place)
        is distinct from p_cursor collate "C"
  then
    perform team.fail(400, 'bad-cursor', 'The cursor is not one of this list.');
  end if;
end
$$;


-- Exact, and the same in every session.

create or replace function team.place_time(p_time timestamptz)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
           when isfinite(p_time) then
             to_char(timezone('UTC', p_time), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
           else 'infinity'
         end;
end
$$;


-- Where at least two owners are advised: whether there is but one who can act.

create or replace function team.only_one_owner(p_account team.account)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return p_account.owner_mode = 'many'
         and (select count(*)
                from (select
                        from team.role r
                        join team.member_role mr on mr.role_id = r.id
                        join team.member m on m.id = mr.member_id
                       where r.account_id = p_account.id
                         and r.key = p_account.owner_role
                         and m.status = 'active'
                       limit 2) o) = 1;
end
$$;


-- The entries of a page as JSON.  Roles, groups and who invited are few: each
-- set of them is looked up once a page.  Text put together by hand takes half
-- the time that json_build_object does.

create or replace function team.directory_items(p_account team.account,
  p_ids uuid[])
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_owner_role  uuid;
  v_items       text;
begin
  if p_account.owner_mode = 'many' then
    select r.id
      into v_owner_role
      from team.role r
     where r.account_id = p_account.id
       and r.key = p_account.owner_role;
  end if;

  with page as materialized (
    select d.*, p.n
      from unnest(p_ids) with ordinality p (id, n)
      join team.directory d on d.id = p.id
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
                when v_owner_role is not null then
                  p.kind <> 'invitation' and v_owner_role = any (p.roles)
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
  v_ids      uuid[];
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
    select team.place_make(
             'd', v_list, d.id,
             case ltrim(v_sort, '-')
               when 'name' then d.name_key
               when 'email' then d.email
               when 'created_at' then team.place_time(d.created_at)
               else team.place_time(d.joined_at)
             end)
      into v_cursor
      from team.directory d
     where d.id = v_ids[v_limit];
  end if;

  v_reply.status := 200;
  v_reply.cursor := v_cursor;
  v_reply.body :=
    '{"items":'
    || coalesce(team.directory_items(v_account, v_ids[1:v_limit]), '[]')
    || ',"next_cursor":' || coalesce('"' || v_cursor || '"', 'null')
    || ',"labels":' || json_build_object('suspended', v_account.suspend_label)
    || ',"hints":' || json_build_object('only_one_owner',
                                        team.only_one_owner(v_account))
    || '}';
  return v_reply;
end
$$;
