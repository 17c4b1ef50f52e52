-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- The audit log: the latest first, as JSON or for a spreadsheet.


-- RFC 3339, or a day, which begins in UTC.

create or replace function team.time_parse(p_text text)
returns timestamptz
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_text is null then
    return null;
  end if;

  if p_text ~ '^\d{4}-\d\d-\d\d$' then
    return (p_text || ' 00:00:00+00')::timestamptz;

  elsif p_text ~ ('^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d([.]\d{1,9})?'
                  '([Zz]|[+-]\d\d:\d\d)$')
  then
    return p_text::timestamptz;
  end if;

  raise exception using errcode = 'datetime_field_overflow';
exception
  when data_exception then
    perform team.fail(400, 'bad-time',
                      'A time is like 2030-12-31T23:59:59Z, or 2030-12-31.');
end
$$;


-- The same of a parameter.

create or replace function team.time_check(p_text text, p_what text)
returns timestamptz
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_detail  text;
begin
  return team.time_parse(p_text);
exception
  when sqlstate 'TM400' then
    get stacked diagnostics v_detail = pg_exception_detail;
    perform team.fail_at(400, 'bad-time', '?' || p_what, v_detail);
end
$$;


-- A cell of a CSV file (RFC 4180).  What a spreadsheet would take for a formula
-- begins with an apostrophe instead: names are written by strangers.

create or replace function team.csv_cell(p_text text)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return '"'
         || case
              when p_text ~ '^\s*[=+@|%＝＋－＠-]|^[\t\r\n]' then ''''
              else ''
            end
         || replace(coalesce(p_text, ''), '"', '""')
         || '"';
end
$$;


-- The ids of the next events, one function for each way to them: all, of one
-- member, about one thing.  Each has its index, which also has the order.

do $do$
declare
  v_way    text;
  v_where  text;
begin
  for v_way, v_where in
    values ('all', '(p_subject is null or e.actor_subject = p_subject)'),
           ('actor', 'e.actor_member_id = p_id'),
           ('target', 'e.target_id = p_id
       and (p_actor is null or e.actor_member_id = p_actor)
       and (p_subject is null or e.actor_subject = p_subject)')
  loop
    execute replace(replace($fn$
create or replace function team.audit_%WAY%(p_account uuid, p_id uuid,
  p_actor uuid, p_subject text, p_action text, p_from timestamptz,
  p_at timestamptz, p_last uuid, p_limit integer)
returns uuid[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return array(
    select e.id
      from team.audit_event e
     where e.account_id = p_account
       and %WHERE%
       and e.at >= p_from
       and (e.at, e.id) < (p_at, p_last)
       and (p_action is null or e.action = p_action)
     order by e.at desc, e.id desc
     limit p_limit);
end
$$
$fn$, '%WAY%', v_way), '%WHERE%', v_where);
  end loop;
end
$do$;


-- What the log says of events, with the names that people have now.

create or replace view team.audit_line as
select e.id, e.at, e.actor_member_id, e.actor_issuer, e.actor_subject,
       coalesce(am.name, ai.name) as actor_name,
       e.action, e.target_type, e.target_id,
       coalesce(tm.name, ti.name) as target_name,
       e.outcome, e.code, e.detail
  from team.audit_event e
  left join team.identity ai
    on ai.issuer = e.actor_issuer
   and ai.subject = e.actor_subject
  left join team.member am
    on am.identity_id = ai.id
   and am.account_id = e.account_id
  left join team.member tm
    on tm.id = e.target_id
   and tm.account_id = e.account_id
   and e.target_type = 'member'
  left join team.identity ti on ti.id = tm.identity_id;


create or replace function team.audit_json(p_ids uuid[], p_cursor text)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select json_build_object(
             'items', coalesce(json_agg(
               json_build_object(
                 'id', l.id,
                 'at', team.time_text(l.at),
                 'actor', json_build_object(
                   'member', l.actor_member_id,
                   'issuer', l.actor_issuer,
                   'subject', l.actor_subject,
                   'name', l.actor_name),
                 'action', l.action,
                 'target', json_build_object(
                   'type', l.target_type,
                   'id', l.target_id,
                   'name', l.target_name),
                 'outcome', l.outcome,
                 'code', l.code,
                 'detail', l.detail) order by p.n), '[]'),
             'next_cursor', p_cursor)
      from unnest(p_ids) with ordinality p (id, n)
      join team.audit_line l on l.id = p.id);
end
$$;


create or replace function team.audit_csv(p_ids uuid[])
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select E'id,at,actor_member,actor_issuer,actor_subject,actor_name,action,'
           'target_type,target,target_name,outcome,code,detail\r\n'
           || coalesce(string_agg(c.line || E'\r\n', '' order by p.n), '')
      from unnest(p_ids) with ordinality p (id, n)
      join team.audit_line l on l.id = p.id
     cross join lateral (
       select string_agg(team.csv_cell(v.cell), ',' order by v.n) as line
         from (values (1, l.id::text), (2, team.time_text(l.at)),
                      (3, l.actor_member_id::text), (4, l.actor_issuer),
                      (5, l.actor_subject), (6, l.actor_name), (7, l.action),
                      (8, l.target_type), (9, l.target_id::text),
                      (10, l.target_name), (11, l.outcome), (12, l.code),
                      (13, l.detail::text)) v (n, cell)) c);
end
$$;


-- p_actor: a member's id, or the subject of somebody's tokens.  p_target: an
-- id.  From p_from on and before p_to.

create or replace function team_api.audit_list(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_actor text, p_action text, p_target text,
  p_from text, p_to text, p_limit integer, p_cursor text, p_format text)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account := team.account_find(p_account);
  v_limit    integer := team.limit_check(p_limit);
  v_from     timestamptz := coalesce(team.time_check(p_from, 'from'), '-infinity');
  v_at       timestamptz := coalesce(team.time_check(p_to, 'to'), 'infinity');
  v_last     uuid;
  v_actor    uuid;
  v_who      text := p_actor;
  v_ids      uuid[];
  v_reply    team_api.reply;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'audit:read');

  -- events are never deleted, so the one that a cursor names is still there

  v_last := team.cursor_read(p_cursor, 'e', v_account.id);

  if v_last is not null then
    select e.at
      into v_at
      from team.audit_event e
     where e.id = v_last
       and e.account_id = v_account.id;

  else
    v_last := '00000000-0000-0000-0000-000000000000';
  end if;

  -- a subject may look like an id

  select e.actor_member_id, null
    into v_actor, v_who
    from team.audit_event e
   where e.account_id = v_account.id
     and e.actor_member_id = team.id_parse(p_actor)
   limit 1;

  if not found then
    v_who := p_actor;
  end if;

  v_ids := case
    when p_target is not null then
      team.audit_target(v_account.id, team.id_parse(p_target), v_actor, v_who,
                        p_action, v_from, v_at, v_last, v_limit + 1)
    when v_actor is not null then
      team.audit_actor(v_account.id, v_actor, null, null, p_action, v_from,
                       v_at, v_last, v_limit + 1)
    else
      team.audit_all(v_account.id, null, null, v_who, p_action, v_from, v_at,
                     v_last, v_limit + 1)
  end;

  if cardinality(v_ids) > v_limit then
    v_reply.cursor := team.cursor_make('e', v_account.id, v_ids[v_limit]);
  end if;

  v_reply.status := 200;
  v_reply.body := case
    when p_format = 'csv' then team.audit_csv(v_ids[1:v_limit])
    else team.audit_json(v_ids[1:v_limit], v_reply.cursor)
  end;
  return v_reply;
end
$$;
