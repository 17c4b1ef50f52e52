-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Logins: the first sight of each new token, by its auth_time, else its iat.


-- --- those of strangers ------------------------------------------------------

-- Whoever is invited signs in first, and is a stranger until they accept: their
-- login waits for their identity.
--
-- Two sessions that don't see each other's rows must not miss each other, so
-- both write the waiting row, and one waits there for the other: who records a
-- login, before they look for the identity (again); who makes an identity, even
-- when no login waits.  In the order of the key, several at once.

create or replace function team.login_waiting_take()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids    uuid[];
  v_times  timestamptz[];
begin
  insert into team.login_waiting as w (issuer, subject, at)
  select n.issuer, n.subject, '-infinity'
    from new_row n
   order by n.issuer, n.subject
  on conflict (issuer, subject) do update
    set at = w.at;

  if not found then
    return null;
  end if;

  with gone as (
    delete from team.login_waiting w
     using new_row n
     where w.issuer = n.issuer
       and w.subject = n.subject
    returning n.id, w.at
  )
  select array_agg(g.id), array_agg(g.at)
    into v_ids, v_times
    from gone g
   where g.at > '-infinity';

  if v_ids is not null then
    insert into team.login (identity_id, at)
    select l.id, l.at
      from unnest(v_ids, v_times) l (id, at);

    update team.identity i
       set last_login_at = l.at
      from unnest(v_ids, v_times) l (id, at)
     where i.id = l.id
       and (i.last_login_at is null or i.last_login_at < l.at);
  end if;

  return null;
end
$$;

create or replace trigger login_waiting_insert
  after insert on team.identity
  referencing new table as new_row
  for each statement execute function team.login_waiting_take();


-- Anybody with a token of the issuer gets a row: they stay for a day, and are
-- no more than 10000.  At most 1000 at a time; returns how many have gone.

create or replace function team.login_waiting_prune()
returns integer
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count  integer;
begin
  delete from team.login_waiting w
   where w.ctid = any (array(
           select o.ctid
             from team.login_waiting o
            where o.told_at <= greatest(
                    statement_timestamp() - interval '24 hours',
                    (select n.told_at
                       from team.login_waiting n
                      order by n.told_at desc
                     offset 10000
                      limit 1))
            order by o.told_at
            limit 1000
              for update skip locked));

  get diagnostics v_count = row_count;
  return v_count;
end
$$;


-- --- recording ---------------------------------------------------------------

-- From the gateway's keeper, many at once: [{"issuer", "subject", "at"}], at in
-- seconds since 1970 or as RFC 3339.  Of who is unknown here the last one waits
-- for their identity.  What was told before changes nothing; a clock that is
-- ahead of ours is not believed.  Returns how many were new.

create or replace function team_api.login_record(p_logins jsonb)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_issuers   text[];
  v_subjects  text[];
  v_ats       timestamptz[];
  v_waits     boolean;
  v_ids       uuid[];
  v_times     timestamptz[];
  v_count     integer;
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

  select array_agg(v.login ->> 'issuer'), array_agg(v.login ->> 'subject'),
         array_agg(least(case jsonb_typeof(v.login -> 'at')
                           when 'number' then
                             to_timestamp((v.login ->> 'at')::double precision)
                           else team.time_parse(v.login ->> 'at')
                         end,
                         statement_timestamp()))
    into v_issuers, v_subjects, v_ats
    from jsonb_array_elements(p_logins) v (login);

  insert into team.login_waiting as w (issuer, subject, at)
  select l.issuer, l.subject, max(l.at)
    from (select u.issuer collate "C", u.subject collate "C", u.at
            from unnest(v_issuers, v_subjects, v_ats) u (issuer, subject, at)
           where octet_length(u.issuer) between 1 and 255
             and octet_length(u.subject) between 1 and 255
             and u.issuer || u.subject !~ '[\x01-\x1f\x7f]') l
   where not exists (
           select
             from team.identity i
            where i.issuer = l.issuer
              and i.subject = l.subject)
   group by l.issuer, l.subject
   order by l.issuer, l.subject
  on conflict (issuer, subject) do update
    set at = greatest(w.at, excluded.at),
        told_at = excluded.told_at;

  v_waits := found;

  -- in one order, against others who record at the same time

  select array_agg(i.id), array_agg(l.at)
    into v_ids, v_times
    from unnest(v_issuers, v_subjects, v_ats) l (issuer, subject, at)
    join team.identity i
      on i.issuer = l.issuer
     and i.subject = l.subject;

  perform
     from team.identity i
    where i.id = any (v_ids)
    order by i.id
      for no key update;

  if v_waits then

    -- who has got one since we looked first

    delete from team.login_waiting w
     using team.identity i
     where i.id = any (v_ids)
       and w.issuer = i.issuer
       and w.subject = i.subject;

    perform team.login_waiting_prune();
  end if;

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
