-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Ownership of an account with a single owner passes on: at once, or, where
-- the policy says so, when the one it is offered to accepts.
--
-- The pointer account.owner_member_id moves by compare-and-set, under the
-- account's lock; the owner's role moves with it.


-- What is shown to the account's owner, and to the two it is about.

create or replace view team.transfer_body as
select t.account_id,
       t.id as transfer_id,
       t.from_member_id,
       t.to_member_id,
       jsonb_build_object(
         'id', t.id,
         'account', t.account_id,
         'from', jsonb_build_object(
           'id', t.from_member_id,
           'name', coalesce(fm.name, fi.name),
           'email', fi.email),
         'to', jsonb_build_object(
           'id', t.to_member_id,
           'name', coalesce(tm.name, ti.name),
           'email', ti.email),
         'status', t.status,
         'created_at', team.time_text(t.created_at),
         'decided_at', team.time_text(t.decided_at)
       ) as body
  from team.ownership_transfer t
  left join team.member fm on fm.id = t.from_member_id
  left join team.identity fi on fi.id = fm.identity_id
  left join team.member tm on tm.id = t.to_member_id
  left join team.identity ti on ti.id = tm.identity_id;


-- Whom the policy lets become the owner, now: asked when it is offered, and
-- again when it is accepted.

create or replace function team.rule_transfer(p_account team.account,
  p_target team.standing)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_account.owner_mode <> 'single' or p_account.transfer_target = 'off'
  then
    perform team.fail(409, 'transfer-disabled',
                      'Ownership of this account is not passed on.');
  end if;

  if p_target.status <> 'active' then
    perform team.fail(409, 'target-not-eligible',
                      'Only an active member can become the owner.');
  end if;

  if p_account.transfer_target = 'role'
     and not exists (
       select
         from team.member_role mr
         join team.role r on r.id = mr.role_id
        where mr.member_id = p_target.member_id
          and r.key = p_account.transfer_target_role)
  then
    perform team.fail(409, 'target-not-eligible',
                      format('Only a member with the role "%s" can become the '
                             'owner.', p_account.transfer_target_role));
  end if;
end
$$;


-- A single owner's account is theirs alone to give away: whoever stands above
-- it from an account above is not asked.

create or replace function team.rule_transfer_owner(p_account team.account,
  p_actor team.standing)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select case
           when p_account.owner_mode <> 'single' then
             team.rule_owner(p_account, p_actor)
           when p_account.owner_member_id = p_actor.member_id then null
           else 'owner-only'
         end
$$;


-- Moves the pointer and the roles.  The former owner is left with the role
-- that the policy names, and with what they hold beside the owner's where
-- members may hold several.

create or replace function team.owner_move(p_account team.account,
  p_from uuid, p_to uuid)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_owner   uuid;
  v_former  uuid;
begin
  select r.id
    into v_owner
    from team.role r
   where r.account_id = p_account.id
     and r.key = p_account.owner_role;

  select r.id
    into v_former
    from team.role r
   where r.account_id = p_account.id
     and r.key = p_account.transfer_old_owner_role
     and r.key <> 'owner';

  if v_owner is null
     or v_former is null and p_account.role_cardinality = 'one'
  then
    perform team.fail(409, 'policy-conflict',
                      'The policy names no role for the former owner.');
  end if;

  update team.account a
     set owner_member_id = p_to
   where a.id = p_account.id
     and a.owner_member_id = p_from;

  if not found then
    perform team.fail(409, 'stale-owner', 'The owner has changed meanwhile.');
  end if;

  delete from team.member_role mr
   where mr.member_id in (p_from, p_to)
     and (p_account.role_cardinality <> 'many'
          or mr.member_id = p_from and mr.role_id = v_owner);

  insert into team.member_role (member_id, role_id, account_id)
  select n.member_id, n.role_id, p_account.id
    from (values (p_to, v_owner), (p_from, v_former)) n (member_id, role_id)
   where n.role_id is not null
  on conflict (member_id, role_id) do nothing;
end
$$;


-- The one of a path, if the actor may know of it.

create or replace function team.transfer_find(p_account team.account,
  p_actor team.standing, p_transfer text)
returns team.ownership_transfer
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_id        uuid := team.id_parse(p_transfer);
  v_transfer  team.ownership_transfer;
begin
  select *
    into v_transfer
    from team.ownership_transfer t
   where t.id = v_id
     and t.account_id = p_account.id
     and (p_actor.member_id in (t.from_member_id, t.to_member_id)
          or p_actor.is_owner);

  if v_transfer.id is null then
    perform team.not_found();
  end if;

  return v_transfer;
end
$$;


create or replace function team.transfer_decide(
  p_transfer team.ownership_transfer, p_status text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_transfer.status <> 'pending' then
    perform team.fail(409, 'not-pending', 'This is no longer pending.');
  end if;

  update team.ownership_transfer t
     set status = p_status,
         decided_at = statement_timestamp()
   where t.id = p_transfer.id;
end
$$;


-- p_message: what else the person is told, or null.

create or replace function team.transfer_reply(p_status integer,
  p_transfer uuid, p_message text)
returns team_api.reply
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_body   jsonb;
  v_reply  team_api.reply;
begin
  select b.body
    into v_body
    from team.transfer_body b
   where b.transfer_id = p_transfer;

  if p_message is not null then
    v_body := v_body || jsonb_build_object('message', p_message);
  end if;

  v_reply.status := p_status;
  v_reply.body := v_body;
  return v_reply;
end
$$;


-- The audit row and the outbox row of what has become of a transfer.

create or replace function team.transfer_note(p_account team.account,
  p_actor team.standing, p_action text, p_transfer uuid)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_transfer  team.ownership_transfer;
  v_detail    jsonb;
begin
  select *
    into v_transfer
    from team.ownership_transfer t
   where t.id = p_transfer;

  v_detail := jsonb_build_object('transfer', p_transfer,
                                 'from', v_transfer.from_member_id,
                                 'to', v_transfer.to_member_id);

  perform team.audit(p_account.id, p_actor, p_action, 'member',
                     v_transfer.to_member_id, null, v_detail);
  perform team.outbox_add(p_account.id, p_action, v_detail);
end
$$;


create or replace function team.changed_persons(p_a team.standing,
  p_b team.standing)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select (team.changed_person(p_a)::jsonb || team.changed_person(p_b)::jsonb)
           ::text
$$;


-- Who was the owner when they asked, and is not now that it is their turn, is
-- told that; anybody else, that they are not the owner.

create or replace function team_api.transfer_post(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_to text, p_if_match text, p_idem text)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_before   team.account := team.account_find(p_account);
  v_account  team.account;
  v_actor    team.standing;
  v_target   team.standing;
  v_refusal  text;
  v_id       uuid;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject, null);

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_account.id, p_idem,
    jsonb_build_object('function', 'transfer_post', 'to', p_to));

  if v_reply.status is not null then
    return v_reply;
  end if;

  v_target := team.target_find(v_account, v_actor, p_to);

  if v_before.owner_member_id = v_actor.member_id
     and v_account.owner_member_id is distinct from v_actor.member_id
  then
    perform team.fail(409, 'stale-owner', 'The owner has changed meanwhile.');
  end if;

  v_refusal := team.rule_transfer_owner(v_account, v_actor);

  if v_refusal is not null then
    v_reply := team.refuse(v_account, v_actor, 'ownership.transfer',
                           v_target.member_id, v_refusal, null);
    perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                                 v_reply);
    return v_reply;
  end if;

  perform team.if_match_check(p_if_match,
                              team.etag(team.account_text(v_account)));

  if v_target.member_id = v_actor.member_id then
    perform team.fail(422, 'self', 'You are the owner already.');
  end if;

  perform team.rule_transfer(v_account, v_target);

  perform
     from team.ownership_transfer t
    where t.account_id = v_account.id
      and t.status = 'pending';

  if found then
    perform team.fail(409, 'transfer-pending',
                      'A transfer of ownership is already pending.');
  end if;

  insert into team.ownership_transfer (account_id, from_member_id,
                                       to_member_id, status, decided_at)
  values (v_account.id, v_actor.member_id, v_target.member_id,
          case when v_account.transfer_acceptance
               then 'pending' else 'completed' end,
          case when not v_account.transfer_acceptance
               then statement_timestamp() end)
  returning id into v_id;

  if v_account.transfer_acceptance then
    perform team.transfer_note(v_account, v_actor, 'ownership.offer', v_id);
    v_reply := team.transfer_reply(
      201, v_id, 'The transfer takes effect when the new owner accepts it.');

  else
    perform team.owner_move(v_account, v_actor.member_id,
                            v_target.member_id);
    perform team.transfer_note(v_account, v_actor, 'ownership.transfer', v_id);
    v_reply := team.transfer_reply(
      201, v_id,
      'Ownership is transferred; you will lose administrator privileges.');
    v_reply.changed := team.changed_persons(v_actor, v_target);
  end if;

  perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                               v_reply);
  return v_reply;
end
$$;


-- The owner sees all of the account's, everybody else their own.

create or replace function team_api.transfer_list(
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
  v_actor    team.standing;
  v_after    uuid;
  v_items    json;
  v_last     uuid;
  v_count    integer;
begin
  v_actor := team.actor_check(v_account, p_issuer, p_subject, null);
  v_after := coalesce(team.cursor_read(p_cursor, 't', v_account.id),
                      '00000000-0000-0000-0000-000000000000');

  with page as (
    select t.id, row_number() over (order by t.id) as n
      from (select t.id
              from team.ownership_transfer t
             where t.account_id = v_account.id
               and t.id > v_after
               and (v_actor.is_owner
                    or v_actor.member_id in (t.from_member_id,
                                             t.to_member_id))
             order by t.id
             limit v_limit + 1) t
  )
  select json_agg((select b.body
                     from team.transfer_body b
                    where b.transfer_id = p.id) order by p.n)
           filter (where p.n <= v_limit),
         (array_agg(p.id order by p.n))[v_limit],
         count(*)
    into v_items, v_last, v_count
    from page p;

  return team.list_reply(
    v_items,
    case when v_count > v_limit
         then team.cursor_make('t', v_account.id, v_last)
    end);
end
$$;


-- Whom it is offered to answers; nobody in their place.

create or replace function team.rule_transfer_mine(
  p_transfer team.ownership_transfer, p_actor team.standing)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_transfer.to_member_id <> p_actor.member_id then
    perform team.fail(403, 'not-target',
                      'Only the one it is offered to can answer.');
  end if;
end
$$;


-- Between offer and acceptance the owner, the target's role and the policy may
-- have become others: all is asked again.

create or replace function team_api.transfer_accept(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_transfer text)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account   team.account;
  v_actor     team.standing;
  v_former    team.standing;
  v_transfer  team.ownership_transfer;
  v_reply     team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject, null);
  v_transfer := team.transfer_find(v_account, v_actor, p_transfer);

  perform team.rule_transfer_mine(v_transfer, v_actor);
  perform team.transfer_decide(v_transfer, 'completed');
  perform team.rule_transfer(v_account, v_actor);

  if v_account.owner_member_id is distinct from v_transfer.from_member_id then
    perform team.fail(409, 'stale-owner', 'The owner has changed meanwhile.');
  end if;

  v_former := team.target_find(v_account, v_actor,
                               v_transfer.from_member_id::text);

  perform team.owner_move(v_account, v_former.member_id, v_actor.member_id);
  perform team.transfer_note(v_account, v_actor, 'ownership.transfer',
                             v_transfer.id);

  v_reply := team.transfer_reply(200, v_transfer.id, null);
  v_reply.changed := team.changed_persons(v_former, v_actor);
  return v_reply;
end
$$;


create or replace function team_api.transfer_decline(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_transfer text)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account   team.account;
  v_actor     team.standing;
  v_transfer  team.ownership_transfer;
  v_reply     team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject, null);
  v_transfer := team.transfer_find(v_account, v_actor, p_transfer);

  perform team.rule_transfer_mine(v_transfer, v_actor);
  perform team.transfer_decide(v_transfer, 'declined');
  perform team.transfer_note(v_account, v_actor, 'ownership.decline',
                             v_transfer.id);

  v_reply.status := 204;
  return v_reply;
end
$$;


-- A repeat finds it cancelled, and that is well.

create or replace function team_api.transfer_cancel(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_transfer text)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account   team.account;
  v_actor     team.standing;
  v_transfer  team.ownership_transfer;
  v_refusal   text;
  v_reply     team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject, null);
  v_transfer := team.transfer_find(v_account, v_actor, p_transfer);

  v_refusal := team.rule_owner(v_account, v_actor);

  if v_refusal is not null and v_transfer.status = 'pending' then
    return team.refuse(v_account, v_actor, 'ownership.cancel',
                       v_transfer.to_member_id, v_refusal,
                       jsonb_build_object('transfer', v_transfer.id));
  end if;

  v_reply.status := 204;

  if v_transfer.status <> 'cancelled' then
    perform team.transfer_decide(v_transfer, 'cancelled');
    perform team.transfer_note(v_account, v_actor, 'ownership.cancel',
                               v_transfer.id);
  end if;

  return v_reply;
end
$$;
