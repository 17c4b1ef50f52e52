-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- The rules of member management, each once.
--
-- A function that writes goes: account_lock -> actor_check -> target_find ->
-- rules -> write -> audit -> reply.  The account's row lock, taken first, makes
-- writes to one account follow one another, so what a rule counts stays true
-- until the commit.
--
-- Rules whose breach is an escalation return the code of the refusal, or null;
-- the caller passes it to team.refuse, which keeps an audit row.  The others
-- raise.


-- --- who, and where ---------------------------------------------------------

create or replace function team.not_found()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform team.fail(404, 'not-found', 'There is no such thing here.');
end
$$;


create or replace function team.actor_present(p_issuer text, p_subject text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if coalesce(p_issuer, '') = '' or coalesce(p_subject, '') = '' then
    perform team.fail(401, 'token-missing', 'Sign in first.');
  end if;
end
$$;


-- By id or slug; an outsider is told the same as for no account, by
-- actor_check.

create or replace function team.account_find(p_account text)
returns team.account
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_id       uuid := team.id_parse(p_account);
  v_account  team.account;
begin
  if v_id is not null then
    select * into v_account from team.account a where a.id = v_id;
  else
    select * into v_account from team.account a where a.slug = p_account;
  end if;

  if v_account.id is null then
    perform team.not_found();
  end if;

  return v_account;
end
$$;


create or replace function team.permission_has(p_member uuid,
  p_permission text)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select
      from team.member_right r
     where r.member_id = p_member
       and r.permission in (p_permission, '*'));
end
$$;


-- Who somebody is to an account: the member they are; else, in a subaccount,
-- the member of the nearest account above that they are, if active and allowed
-- to see subaccounts.  Such a one acts with the rights and the rank that they
-- have there, is no member here ("me" is nobody), and gets past no gate.

create or replace function team.standing_find(p_account team.account,
  p_issuer text, p_subject text)
returns team.standing
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account := p_account;
  v_actor    team.standing;
begin
  loop
    select s.member_id, s.identity_id, s.issuer, s.subject, s.status, s.rank,
           s.is_owner
      into v_actor
      from team.member_standing s
     where s.account_id = v_account.id
       and s.issuer = p_issuer
       and s.subject = p_subject;

    exit when v_actor.member_id is not null or v_account.parent_id is null;

    select *
      into v_account
      from team.account a
     where a.id = v_account.parent_id;
  end loop;

  if v_account.id <> p_account.id
     and (v_account.status <> 'active'
          or v_actor.status <> 'active'
          or not team.permission_has(v_actor.member_id, 'subaccounts:read'))
  then
    return null;
  end if;

  return v_actor;
end
$$;


-- The account that a member is of, who acts in it or in one below.

create or replace function team.member_account(p_member uuid)
returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select m.account_id
      from team.member m
     where m.id = p_member);
end
$$;


-- account_find, locked against other writers.  Under repeatable read what
-- follows would not see what the lock has waited for, so that is refused.  Who
-- is no member doesn't get as far as the lock.

create or replace function team.account_lock(p_account text, p_issuer text,
  p_subject text)
returns team.account
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account := team.account_find(p_account);
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using
      errcode = 'invalid_transaction_state',
      message = 'ngx_team writes only under read committed';
  end if;

  perform team.actor_present(p_issuer, p_subject);

  -- most are members, which is quickly seen

  if not exists (
       select
         from team.identity i
         join team.member m
           on m.identity_id = i.id
          and m.account_id = v_account.id
        where i.issuer = p_issuer
          and i.subject = p_subject)
     and (team.standing_find(v_account, p_issuer, p_subject)).member_id is null
  then
    perform team.not_found();
  end if;

  select *
    into v_account
    from team.account a
   where a.id = v_account.id
     for no key update;

  if v_account.id is null then
    perform team.not_found();
  end if;

  return v_account;
end
$$;


-- The actor: a member of the account or of one above it, and active.
-- p_permission null: any such.

create or replace function team.actor_check(p_account team.account,
  p_issuer text, p_subject text, p_permission text)
returns team.standing
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_actor  team.standing;
begin
  perform team.actor_present(p_issuer, p_subject);

  v_actor := team.standing_find(p_account, p_issuer, p_subject);

  if v_actor.member_id is null then
    perform team.not_found();
  end if;

  if p_account.status = 'closed' then
    perform team.fail(403, 'account-closed', 'The account is closed.');
  end if;

  if v_actor.status = 'pending' then
    perform team.fail(403, 'member-pending',
                      'Your membership has not been approved yet.');
  end if;

  if v_actor.status = 'suspended' then
    perform team.fail(403, 'member-suspended',
                      'Your membership is suspended.');
  end if;

  if p_permission is not null
     and not team.permission_has(v_actor.member_id, p_permission)
  then
    perform team.fail(403, 'permission-missing',
                      'This needs the permission ' || p_permission || '.');
  end if;

  return v_actor;
end
$$;


-- Who it is done to: an id in this account, or "me".

create or replace function team.target_find(p_account team.account,
  p_actor team.standing, p_member text)
returns team.standing
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_id      uuid;
  v_target  team.standing;
begin
  v_id := case
            when p_member = 'me' then p_actor.member_id
            else team.id_parse(p_member)
          end;

  select s.member_id, s.identity_id, s.issuer, s.subject, s.status, s.rank,
         s.is_owner
    into v_target
    from team.member_standing s
   where s.account_id = p_account.id
     and s.member_id = v_id;

  if v_target.member_id is null then
    perform team.not_found();
  end if;

  return v_target;
end
$$;


-- --- rules whose breach is an escalation ------------------------------------

-- Nobody changes their own standing; where another owner may, the owner who
-- does is one whom rule_owner_stays looks after.

create or replace function team.rule_self(p_account team.account,
  p_actor team.standing, p_target team.standing)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
           when p_actor.member_id <> p_target.member_id then null
           when p_account.self_change = 'another_owner'
                and p_actor.is_owner then null
           else 'self-change'
         end;
end
$$;


-- One acts on lower ranks only; an owner also on another owner, where there
-- may be several; p_equal: on one's equals too.

create or replace function team.rule_rank(p_account team.account,
  p_actor team.standing, p_target team.standing, p_equal boolean)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
           when p_actor.member_id = p_target.member_id then null
           when p_actor.rank > p_target.rank then null
           when p_account.owner_mode = 'many'
                and p_actor.is_owner and p_target.is_owner then null
           when p_equal and p_actor.rank = p_target.rank then null
           else 'rank'
         end;
end
$$;


-- What is given must be the giver's own, and of lower rank; an owner may make
-- another owner, where there may be several.

create or replace function team.rule_grant(p_account team.account,
  p_actor team.standing, p_roles uuid[], p_permissions text[])
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (
    select
      from team.role r
     where r.id = any (p_roles)
       and r.rank >= p_actor.rank
       and not (p_account.owner_mode = 'many'
                and p_actor.is_owner
                and r.key = p_account.owner_role))
  then
    return 'rank';
  end if;

  if exists (
    select rp.permission::text
      from team.role_permission rp
     where rp.role_id = any (p_roles)
    union all
    select p.permission
      from unnest(p_permissions) p (permission)
    except
    select r.permission::text
      from team.member_right r
     where r.member_id = p_actor.member_id)
     and not team.permission_has(p_actor.member_id, '*')
  then
    return 'exceeds-own';
  end if;

  return null;
end
$$;


-- What is the owner's alone.  Where an account has no owners, it is for who
-- may do everything.

create or replace function team.rule_owner(p_account team.account,
  p_actor team.standing)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
           when p_actor.is_owner then null
           when p_account.owner_mode = 'none'
                and team.permission_has(p_actor.member_id, '*') then null
           else 'owner-only'
         end;
end
$$;


-- --- rules whose breach is a conflict ---------------------------------------

create or replace function team.rule_cardinality(p_account team.account,
  p_count integer)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_account.role_cardinality = 'one' and p_count <> 1 then
    perform team.fail(409, 'role-cardinality',
                      'A member of this account has exactly one role.');
  end if;

  if p_account.role_cardinality = 'zero_or_one' and p_count > 1 then
    perform team.fail(409, 'role-cardinality',
                      'A member of this account has at most one role.');
  end if;
end
$$;


-- Whether somebody who is active may do everything, beside p_but: "*" is given
-- by a role only.

create or replace function team.all_held(p_account uuid, p_but uuid)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select
      from team.role r
      join team.role_permission rp
        on rp.role_id = r.id
       and rp.permission = '*'
      join team.member_role mr on mr.role_id = r.id
      join team.member m on m.id = mr.member_id
     where r.account_id = p_account
       and m.status = 'active'
       and m.id is distinct from p_but);
end
$$;


-- Before the target stops being an active owner: with a single owner that
-- takes a transfer; with several, an active one must remain; with none,
-- somebody who may do what owners may.

create or replace function team.rule_owner_stays(p_account team.account,
  p_target team.standing)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_account.owner_mode = 'none'
     and p_target.status = 'active'
     and team.permission_has(p_target.member_id, '*')
     and not team.all_held(p_account.id, p_target.member_id)
  then
    perform team.fail(409, 'last-owner',
                      'Somebody who may do everything must remain.');
  end if;

  if not p_target.is_owner then
    return;
  end if;

  if p_account.owner_mode = 'single' then
    perform team.fail(409, 'owner-must-transfer',
                      'The owner must transfer the account first.');
  end if;

  if p_target.status <> 'active' then
    return;
  end if;

  perform
     from team.member_standing s
    where s.account_id = p_account.id
      and s.member_id <> p_target.member_id
      and s.is_owner
      and s.status = 'active';

  if not found then
    perform team.fail(409, 'last-owner',
                      'The account needs at least one active owner.');
  end if;
end
$$;


-- Which roles the owner's role may join or leave.  A single owner keeps it, and
-- a role of the key "owner" is nobody else's; with several owners it is given
-- and taken like any other, while an active owner remains; with none, all roles
-- are, while somebody may do everything.

create or replace function team.rule_owner_role(p_account team.account,
  p_target team.standing, p_new uuid[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_account.owner_mode = 'single' then
    if p_target.is_owner
       and not exists (select
                         from team.role r
                        where r.id = any (p_new)
                          and r.key = p_account.owner_role)
       or not p_target.is_owner
          and exists (select
                        from team.role r
                       where r.id = any (p_new)
                         and r.key = 'owner')
    then
      perform team.fail(409, 'owner-must-transfer',
                        'Ownership changes by a transfer only.');
    end if;

  elsif p_account.owner_mode = 'many' then
    if not exists (select
                     from team.role r
                    where r.id = any (p_new)
                      and r.key = p_account.owner_role)
    then
      perform team.rule_owner_stays(p_account, p_target);
    end if;

  elsif not exists (select
                      from team.role_permission rp
                     where rp.role_id = any (p_new)
                       and rp.permission = '*')
  then
    perform team.rule_owner_stays(p_account, p_target);
  end if;
end
$$;


-- A role of the key "owner" is the single owner's, by whatever way a member
-- comes; the first one to come may have it.

create or replace function team.rule_one_owner(p_account team.account,
  p_roles uuid[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_account.owner_mode = 'single'
     and p_account.owner_member_id is not null
     and exists (select
                   from team.role r
                  where r.id = any (p_roles)
                    and r.key = 'owner')
  then
    perform team.fail(409, 'owner-must-transfer',
                      'Ownership changes by a transfer only.');
  end if;
end
$$;


-- --- what a write leaves ----------------------------------------------------

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
