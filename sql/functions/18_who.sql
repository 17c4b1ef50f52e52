-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Who asks, of which account, and who it is done to.


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
