-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Logins: the first sight of each new token, by its auth_time, else its iat.


-- From the gateway's keeper, many at once: [{"issuer", "subject", "at"}], at in
-- seconds since 1970 or as RFC 3339.  Who is unknown here is passed over, and
-- what was told before changes nothing; a clock that is ahead of ours is not
-- believed.  Returns how many were new.

create or replace function team_api.login_record(p_logins jsonb)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids    uuid[];
  v_times  timestamptz[];
  v_count  integer;
begin
  if p_logins is null or jsonb_typeof(p_logins) <> 'array'
     or jsonb_array_length(p_logins) <> jsonb_array_length(
          jsonb_path_query_array(
            p_logins,
            'strict $[*] ? (@.issuer.type() == "string"
                            && @.subject.type() == "string"
                            && (@.at.type() == "number" && @.at >= 0
                                  && @.at <= 253402300799
                                || @.at.type() == "string"))'))
  then
    perform team.fail(422, 'invalid-logins',
                      'A login has an issuer, a subject and a time.');
  end if;

  -- in one order, against others who record at the same time

  select array_agg(l.id), array_agg(l.at)
    into v_ids, v_times
    from (select i.id,
                 least(case jsonb_typeof(v.login -> 'at')
                         when 'number' then
                           to_timestamp((v.login ->> 'at')::double precision)
                         else team.time_parse(v.login ->> 'at')
                       end,
                       statement_timestamp()) as at
            from jsonb_array_elements(p_logins) v (login)
            join team.identity i
              on i.issuer = v.login ->> 'issuer'
             and i.subject = v.login ->> 'subject') l;

  perform
     from team.identity i
    where i.id = any (v_ids)
    order by i.id
      for no key update;

  with new as (
    insert into team.login (identity_id, at)
    select l.id, l.at
      from unnest(v_ids, v_times) l (id, at)
    on conflict (identity_id, at) do nothing
    returning identity_id, at
  ), seen as (
    update team.identity i
       set last_login_at = n.at
      from (select n.identity_id, max(n.at) as at
              from new n
             group by n.identity_id) n
     where i.id = n.identity_id
       and (i.last_login_at is null or i.last_login_at < n.at)
  )
  select count(*)
    into v_count
    from new n;

  return v_count;
end
$$;


-- The latest first.  Oneself always, "me" or by id.

create or replace function team_api.login_list(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_member text, p_limit integer, p_cursor text)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account := team.account_find(p_account);
  v_limit    integer := team.limit_check(p_limit);
  v_actor    team.standing;
  v_target   team.standing;
  v_list     bytea;
  v_place    text := 'infinity';
  v_times    timestamptz[];
  v_cursor   text;
begin
  v_actor := team.actor_check(v_account, p_issuer, p_subject, null);

  if p_member is distinct from 'me'
     and p_member is distinct from v_actor.member_id::text
  then
    v_actor := team.actor_check(v_account, p_issuer, p_subject, 'logins:read');
  end if;

  v_target := team.target_find(v_account, v_actor, p_member);
  v_list := uuid_send(v_target.member_id);

  if p_cursor is not null then
    select c.o_place
      into v_place
      from team.place_read(p_cursor, 'l', v_list, true) c;
  end if;

  v_times := array(
    select l.at
      from team.login l
     where l.identity_id = v_target.identity_id
       and l.at < v_place::timestamptz
     order by l.at desc
     limit v_limit + 1);

  if cardinality(v_times) > v_limit then
    v_cursor := team.place_make('l', v_list, v_target.member_id,
                                team.place_time(v_times[v_limit]));
  end if;

  return team.list_reply(
    (select json_agg(json_build_object('at', team.time_text(l.at))
                     order by l.n)
       from unnest(v_times[1:v_limit]) with ordinality l (at, n)),
    v_cursor);
end
$$;
