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
