-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Who has joined by a link and waits to be let in.


-- Those that wait, in the order in which they came.

create or replace function team_api.join_list(
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
  v_items    json;
  v_last     uuid;
  v_count    integer;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'members:approve');

  v_after := coalesce(team.cursor_read(p_cursor, 'j', v_account.id),
                      '00000000-0000-0000-0000-000000000000');

  with page as (
    select j.id, row_number() over (order by j.id) as n
      from (select j.id
              from team.join_request j
             where j.account_id = v_account.id
               and j.id > v_after
               and j.status = 'pending'
               and j.member_id is not null
             order by j.id
             limit v_limit + 1) j
  )
  select json_agg((select b.body
                     from team.join_request_body b
                    where b.join_id = p.id) order by p.n)
           filter (where p.n <= v_limit),
         (array_agg(p.id order by p.n))[v_limit],
         count(*)
    into v_items, v_last, v_count
    from page p;

  return team.list_reply(
    v_items,
    case when v_count > v_limit
         then team.cursor_make('j', v_account.id, v_last)
    end);
end
$$;


-- The request as a path names it, still to be decided.

create or replace function team.join_find(p_account team.account, p_join text)
returns team.join_request
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_id    uuid := team.id_parse(p_join);
  v_join  team.join_request;
begin
  select *
    into v_join
    from team.join_request j
   where j.account_id = p_account.id
     and j.id = v_id;

  if v_join.id is null then
    perform team.not_found();
  end if;

  if v_join.status <> 'pending' or v_join.member_id is null then
    perform team.fail(409, 'not-pending',
                      'The request has been decided already.');
  end if;

  return v_join;
end
$$;


create or replace function team.join_decide(p_join uuid, p_status text,
  p_actor team.standing)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  update team.join_request j
     set status = p_status,
         decided_at = statement_timestamp(),
         decided_by = p_actor.member_id
   where j.id = p_join
     and j.status = 'pending';
end
$$;


-- Whoever approves gives the rights: they must be theirs to give, whatever the
-- link's maker had.

create or replace function team_api.join_approve(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_join text, p_idem text default null)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_join     team.join_request;
  v_target   team.standing;
  v_refusal  text;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'members:approve');

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_account.id, p_idem,
    jsonb_build_array('join_approve', p_join));

  if v_reply.status is not null then
    return v_reply;
  end if;

  v_join := team.join_find(v_account, p_join);
  v_target := team.standing_find(v_account.id, v_join.member_id);

  if v_target.status <> 'pending' then
    perform team.fail(409, 'not-pending', 'The member is not pending.');
  end if;

  v_refusal := coalesce(
    team.rule_rank(v_account, v_actor, v_target, false),
    team.rule_offer(
      v_account, v_actor,
      array(select mr.role_id
              from team.member_role mr
             where mr.member_id = v_target.member_id),
      array(select mp.permission::text
              from team.member_permission mp
             where mp.member_id = v_target.member_id),
      '{}'));

  if v_refusal is not null then
    v_reply := team.refuse(v_account, v_actor, 'join-request.approve',
                           v_join.id, v_refusal, null, 'join_request');
    perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                                 v_reply);
    return v_reply;
  end if;

  perform team.seat_check(v_account);

  update team.member m
     set status = 'active',
         joined_at = statement_timestamp(),
         invited_by = v_actor.member_id
   where m.id = v_target.member_id;

  perform team.join_decide(v_join.id, 'approved', v_actor);
  perform team.audit(v_account.id, v_actor, 'join-request.approve',
                     'join_request', v_join.id, null,
                     jsonb_build_object('member', v_target.member_id));

  v_reply.status := 200;
  v_reply.body := team.member_text(v_target.member_id);
  v_reply.etag := team.etag(v_reply.body);
  v_reply.changed := team.changed_person(v_target);
  perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                               v_reply);
  return v_reply;
end
$$;


create or replace function team_api.join_reject(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_join text, p_idem text default null)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_join     team.join_request;
  v_target   team.standing;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'members:approve');

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_account.id, p_idem,
    jsonb_build_array('join_reject', p_join));

  if v_reply.status is not null then
    return v_reply;
  end if;

  v_join := team.join_find(v_account, p_join);
  v_target := team.standing_find(v_account.id, v_join.member_id);

  if v_target.status <> 'pending' then
    perform team.fail(409, 'not-pending', 'The member is not pending.');
  end if;

  perform team.member_end(v_account, v_actor, v_target, false);

  perform team.join_decide(v_join.id, 'rejected', v_actor);
  perform team.audit(v_account.id, v_actor, 'join-request.reject',
                     'join_request', v_join.id, null,
                     jsonb_build_object('issuer', v_target.issuer,
                                        'subject', v_target.subject));

  v_reply.status := 204;
  v_reply.changed := team.changed_person(v_target);
  perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                               v_reply);
  return v_reply;
end
$$;
