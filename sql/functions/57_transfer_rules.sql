-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- What transfers of ownership have in common.
--
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
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
           when p_account.owner_mode <> 'single' then
             team.rule_owner(p_account, p_actor)
           when p_account.owner_member_id = p_actor.member_id then null
           else 'owner-only'
         end;
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


-- The audit row of what has become of a transfer.

create or replace function team.transfer_note(p_account team.account,
  p_actor team.standing, p_action text, p_transfer uuid)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_transfer  team.ownership_transfer;
begin
  select *
    into v_transfer
    from team.ownership_transfer t
   where t.id = p_transfer;

  perform team.audit(p_account.id, p_actor, p_action, 'member',
                     v_transfer.to_member_id, null,
                     jsonb_build_object('transfer', p_transfer,
                                        'from', v_transfer.from_member_id,
                                        'to', v_transfer.to_member_id));
end
$$;


create or replace function team.changed_persons(p_a team.standing,
  p_b team.standing)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (team.changed_person(p_a)::jsonb || team.changed_person(p_b)::jsonb)
           ::text;
end
$$;
