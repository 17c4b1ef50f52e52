-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- What a write leaves behind: audit row, event, and the answer.


-- The audit row, and for what was done (p_code is null) the outbox row that
-- tells others: under the same id, with the ids of the detail, and no more of
-- it, since a detail says who a person is.

create or replace function team.audit(p_account uuid, p_actor team.standing,
  p_action text, p_target_type text, p_target uuid, p_code text,
  p_detail jsonb)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_id       uuid;
  v_payload  jsonb;
begin
  insert into team.audit_event (account_id, actor_issuer, actor_subject,
                                actor_member_id, action, target_type,
                                target_id, outcome, code, detail)
  values (p_account, p_actor.issuer, p_actor.subject, p_actor.member_id,
          p_action, p_target_type, p_target,
          case when p_code is null then 'done' else 'refused' end,
          p_code, coalesce(p_detail, '{}'))
  returning id into v_id;

  if p_code is not null then
    return;
  end if;

  v_payload := jsonb_build_object('target_type', p_target_type,
                                  'target', p_target);

  if p_detail ?| array['from', 'group', 'link', 'member', 'parent', 'to',
                       'transfer']
  then
    v_payload := v_payload
                 || coalesce((select jsonb_object_agg(d.key, d.value)
                                from jsonb_each(p_detail) d
                               where d.key in ('from', 'group', 'link',
                                               'member', 'parent', 'to',
                                               'transfer')
                                 and jsonb_typeof(d.value) = 'string'),
                             '{}');
  end if;

  insert into team.outbox (id, account_id, kind, payload)
  values (v_id, p_account, p_action, v_payload);
end
$$;


create or replace function team.audit_keep()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'insufficient_privilege',
    message = 'audit events are never changed or deleted';
end
$$;

create or replace trigger audit_keep_row
  before update or delete on team.audit_event
  for each row execute function team.audit_keep();

create or replace trigger audit_keep_truncate
  before truncate on team.audit_event
  for each statement execute function team.audit_keep();


-- A refusal with its audit row: returned, since raising would undo the row.
-- p_target_type: what p_target is the id of.

create or replace function team.refuse(p_account team.account,
  p_actor team.standing, p_action text, p_target uuid, p_code text,
  p_detail jsonb, p_target_type text default 'member')
returns team_api.reply
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_reply  team_api.reply;
begin
  perform team.audit(p_account.id, p_actor, p_action, p_target_type, p_target,
                     p_code, p_detail);

  v_reply.status := 403;
  v_reply.body := json_build_object(
    'code', p_code,
    'detail', case p_code
                when 'self-change' then
                  'Nobody changes their own standing here.'
                when 'rank' then
                  'Your rank is not above the one this is about.'
                when 'exceeds-own' then
                  'You can''t give permissions that you don''t have.'
                when 'owner-only' then
                  'Only an owner can do this.'
              end);
  return v_reply;
end
$$;


create or replace function team.changed_person(p_who team.standing)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return json_build_array(
           json_build_object('issuer', p_who.issuer,
                             'subject', p_who.subject))::text;
end
$$;


create or replace function team.role_keys(p_roles uuid[])
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(jsonb_agg(r.key order by r.key), '[]')
      from team.role r
     where r.id = any (p_roles));
end
$$;


create or replace function team.member_text(p_member uuid)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select b.body::text
      from team.member_body b
     where b.member_id = p_member);
end
$$;
