-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- What the two concerned do with a transfer of ownership.


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
    perform team.fail_at(422, 'self', '/to', 'You are the owner already.');
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
  p_name text, p_account text, p_transfer text, p_idem text default null)
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

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_account.id, p_idem,
    jsonb_build_array('transfer_accept', p_transfer));

  if v_reply.status is not null then
    return v_reply;
  end if;

  v_transfer := team.transfer_find(v_account, v_actor, p_transfer);

  perform team.rule_transfer_mine(v_transfer, v_actor);
  perform team.transfer_decide(v_transfer, 'completed');
  perform team.rule_transfer(v_account, v_actor);

  perform team.owner_move(v_account, v_transfer.from_member_id,
                          v_actor.member_id);
  v_former := team.target_find(v_account, v_actor,
                               v_transfer.from_member_id::text);

  perform team.transfer_note(v_account, v_actor, 'ownership.transfer',
                             v_transfer.id);

  v_reply := team.transfer_reply(200, v_transfer.id, null);
  v_reply.changed := team.changed_persons(v_former, v_actor);
  perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                               v_reply);
  return v_reply;
end
$$;


create or replace function team_api.transfer_decline(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_transfer text, p_idem text default null)
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

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_account.id, p_idem,
    jsonb_build_array('transfer_decline', p_transfer));

  if v_reply.status is not null then
    return v_reply;
  end if;

  v_transfer := team.transfer_find(v_account, v_actor, p_transfer);

  perform team.rule_transfer_mine(v_transfer, v_actor);
  perform team.transfer_decide(v_transfer, 'declined');
  perform team.transfer_note(v_account, v_actor, 'ownership.decline',
                             v_transfer.id);

  v_reply.status := 204;
  perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                               v_reply);
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
