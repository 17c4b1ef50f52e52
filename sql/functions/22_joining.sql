-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- How somebody becomes a member, by whatever way they come.


create or replace function team.seats_used(p_account uuid)
returns integer
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select count(*)
      from team.member m
     where m.account_id = p_account
       and m.status = 'active');
end
$$;


-- Before one more becomes active.

create or replace function team.seat_check(p_account team.account)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_account.seats_counted = 'active'
     and p_account.seat_limit is not null
     and team.seats_used(p_account.id) >= p_account.seat_limit
  then
    perform team.fail(409, 'seat-limit',
                      'All seats of this account are taken.');
  end if;
end
$$;


-- Whether a person may be in this account beside the others they are in: by
-- their row, and by who else has that address, verified.  p_identity null: only
-- an address is known yet, as when inviting.
--
-- An address is in an account once; and once in a tree where one of its two
-- accounts says so, or the root.  In an exclusive account is who is nowhere
-- else, whichever of the two came first.
--
-- Joining, it holds until the commit: two accounts' locks don't order the two
-- joins of one person, so they take one on the person, after the account's; and
-- one that says "somebody joins" to policy_put.

create or replace function team.scope_check(p_account team.account,
  p_identity uuid, p_email text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_email      text := team.email_normal(p_email);
  v_member     boolean;
  v_tree       boolean;
  v_exclusive  boolean;
begin
  if p_identity is not null then
    perform pg_advisory_xact_lock_shared(team.scope_lock());

    perform
       from team.identity i
      where i.id = p_identity
        for no key update;

    if v_email is not null then
      perform pg_advisory_xact_lock(hashtextextended('email:' || v_email, 0));
    end if;
  end if;

  select bool_or(p.named and a.id = p_account.id),
         bool_or(a.id <> p_account.id
                 and a.status = 'active'
                 and a.root_id = p_account.root_id
                 and 'tree' in (p_account.membership_scope,
                                a.membership_scope, r.membership_scope)),
         bool_or(a.id <> p_account.id
                 and a.status = 'active'
                 and 'exclusive' in (p_account.membership_scope,
                                     a.membership_scope))
    into v_member, v_tree, v_exclusive
    from (select p_identity, false
          union all
          select i.id, true
            from team.identity i
           where i.email = v_email
             and i.email_verified) p (id, named)
    join team.member m on m.identity_id = p.id
    join team.account a on a.id = m.account_id
    join team.account r on r.id = a.root_id;

  if v_member then
    perform team.fail(409, 'already-member',
                      'This person is a member already.');
  end if;

  if v_tree then
    perform team.fail(409, 'email-in-tree',
                      'User is already a member of an account of this '
                      'organization.');
  end if;

  if v_exclusive then
    perform team.fail(409, 'other-organization',
                      'User is already a member of one organization');
  end if;
end
$$;


-- Before an address becomes somebody's who is known by another one: wherever they
-- are they must not be in the way of who has it, as if they came in by it now.

create or replace function team.address_check(p_issuer text, p_subject text,
  p_email text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_identity  team.identity;
  v_account   team.account;
begin
  select *
    into v_identity
    from team.identity i
   where i.issuer = p_issuer
     and i.subject = p_subject
     and not (i.email_verified and i.email = p_email);

  if v_identity.id is null then
    return;
  end if;

  for v_account in
    select a.*
      from team.member m
      join team.account a on a.id = m.account_id
     where m.identity_id = v_identity.id
       and a.status = 'active'
     order by a.id
  loop
    perform team.scope_check(v_account, v_identity.id, p_email);
  end loop;
end
$$;


-- The key of the lock that joins share and a change of scope takes alone.

create or replace function team.scope_lock()
returns bigint
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return hashtextextended('membership_scope', 0);
end
$$;


-- A new member, under the account's lock; whoever calls has seen to it that
-- the roles, permissions and groups are the account's, and the giver's to give.
-- The first to hold the owner's role where the owner is a single one is the
-- owner.  Returns the member's id.

create or replace function team.member_join(p_account team.account,
  p_identity uuid, p_roles uuid[], p_permissions text[], p_groups uuid[],
  p_invited_by uuid, p_status text)
returns uuid
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_email   text;
  v_member  uuid;
begin
  select i.email
    into v_email
    from team.identity i
   where i.id = p_identity
     and i.email_verified;

  perform team.scope_check(p_account, p_identity, v_email);
  perform team.rule_cardinality(p_account,
                                coalesce(cardinality(p_roles), 0));
  perform team.rule_one_owner(p_account, p_roles);

  if p_status = 'active' then
    perform team.seat_check(p_account);
  end if;

  insert into team.member (account_id, identity_id, status, joined_at,
                           invited_by)
  values (p_account.id, p_identity, p_status,
          case when p_status <> 'pending' then statement_timestamp() end,
          p_invited_by)
  on conflict (identity_id, account_id) do nothing
  returning id into v_member;

  if v_member is null then
    perform team.fail(409, 'already-member',
                      'This person is a member already.');
  end if;

  insert into team.member_role (member_id, role_id, account_id)
  select v_member, r.id, p_account.id
    from unnest(p_roles) r (id);

  insert into team.member_permission (member_id, permission)
  select v_member, p.name
    from unnest(p_permissions) p (name);

  insert into team.group_member (group_id, member_id, account_id)
  select g.id, v_member, p_account.id
    from unnest(p_groups) g (id);

  -- only a new account, or a subaccount, is still without

  update team.account a
     set owner_member_id = v_member
   where a.id = p_account.id
     and a.owner_mode = 'single'
     and a.owner_member_id is null
     and p_status = 'active'
     and exists (select
                   from team.role r
                  where r.id = any (p_roles)
                    and r.key = a.owner_role);

  return v_member;
end
$$;
