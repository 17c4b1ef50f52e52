-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- What is in the way of another policy, and what comes with one.


create or replace function team.policy_conflict(p_detail text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform team.fail(409, 'policy-conflict', p_detail);
end
$$;


-- How a conflict names a member.

create or replace function team.member_label(p_member uuid)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(m.name, i.name, i.email::text, m.id::text)
      from team.member m
      join team.identity i on i.id = m.identity_id
     where m.id = p_member);
end
$$;


-- Whether those who are here may be here under another policy.  The account
-- has the new one already; p_old: as it was.  Raises with the first who, and
-- why, is in its way.

create or replace function team.policy_members_check(p_account team.account,
  p_old team.account)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_member   uuid;
  v_count    integer;
  v_missing  text;
  v_row      record;
begin
  select k.key
    into v_missing
    from unnest(array[p_account.owner_role, p_account.link_role,
                      p_account.transfer_target_role,
                      p_account.transfer_old_owner_role,
                      p_account.all_role]::text[]) k (key)
   where k.key is not null
     and not exists (select
                       from team.role r
                      where r.account_id = p_account.id
                        and r.key = k.key);

  if found then
    perform team.policy_conflict(
      format('The account has no role "%s".', v_missing));
  end if;

  -- the cardinality of roles, of members and of those invited

  if p_account.role_cardinality <> 'many' then
    select m.id, count(mr.role_id)
      into v_member, v_count
      from team.member m
      left join team.member_role mr on mr.member_id = m.id
     where m.account_id = p_account.id
     group by m.id
    having count(mr.role_id) > 1
        or count(mr.role_id) = 0 and p_account.role_cardinality = 'one'
     order by m.id
     limit 1;

    if found then
      perform team.policy_conflict(
        format('%s has %s roles.', team.member_label(v_member), v_count));
    end if;

    select i.email, count(ir.role_id) as count
      into v_row
      from team.invitation i
      left join team.invitation_role ir on ir.invitation_id = i.id
     where i.account_id = p_account.id
       and i.status = 'pending'
     group by i.id
    having count(ir.role_id) > 1
        or count(ir.role_id) = 0 and p_account.role_cardinality = 'one'
     order by i.id
     limit 1;

    if found then
      perform team.policy_conflict(
        format('%s is invited with %s roles.', v_row.email, v_row.count));
    end if;
  end if;

  if not p_account.direct_permissions then
    select m.id
      into v_member
      from team.member m
     where m.account_id = p_account.id
       and exists (select
                     from team.member_permission mp
                    where mp.member_id = m.id)
     order by m.id
     limit 1;

    if found then
      perform team.policy_conflict(
        format('%s has permissions of their own.',
               team.member_label(v_member)));
    end if;

    select i.email
      into v_row
      from team.invitation i
     where i.account_id = p_account.id
       and i.status = 'pending'
       and exists (select
                     from team.invitation_permission ip
                    where ip.invitation_id = i.id)
     order by i.id
     limit 1;

    if found then
      perform team.policy_conflict(
        format('%s is invited with permissions of their own.', v_row.email));
    end if;
  end if;

  -- nobody could let them in again

  if not p_account.suspend_enabled then
    select m.id
      into v_member
      from team.member m
     where m.account_id = p_account.id
       and m.status = 'suspended'
     order by m.id
     limit 1;

    if found then
      perform team.policy_conflict(
        format('%s is suspended.', team.member_label(v_member)));
    end if;
  end if;

  if p_account.seats_counted = 'active'
     and p_account.seat_limit < team.seats_used(p_account.id)
  then
    perform team.policy_conflict(
      format('%s members are active, for %s seats.',
             team.seats_used(p_account.id), p_account.seat_limit));
  end if;

  if (p_account.owner_mode <> 'single' or p_account.transfer_target = 'off')
     and exists (select
                   from team.ownership_transfer t
                  where t.account_id = p_account.id
                    and t.status = 'pending')
  then
    perform team.policy_conflict('An ownership transfer is pending.');
  end if;

  if p_account.membership_scope <> p_old.membership_scope then
    perform team.policy_scope_check(p_account);
  end if;
end
$$;


-- Joins to other accounts under way are waited for, and wait.

create or replace function team.policy_scope_check(p_account team.account)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_member  uuid;
begin
  if p_account.membership_scope = 'many' then
    return;
  end if;

  perform pg_advisory_xact_lock(team.scope_lock());

  -- what the root says holds among the accounts below, too

  select m.id
    into v_member
    from team.account a
    join team.member m on m.account_id = a.id
    join team.identity i on i.id = m.identity_id
   where (a.id = p_account.id
          or p_account.membership_scope = 'tree'
             and a.root_id = p_account.id
             and a.status = 'active')
     and exists (
       select
         from team.identity oi
         join team.member o on o.identity_id = oi.id
         join team.account oa on oa.id = o.account_id
        where (oi.id = i.id
               or oi.email = i.email
                  and oi.email_verified
                  and i.email_verified)
          and oa.status = 'active'
          and oa.id <> a.id
          and (oa.root_id = p_account.root_id
               or p_account.membership_scope = 'exclusive'))
   order by m.id
   limit 1;

  if found then
    perform team.policy_conflict(
      format('%s is a member of another account.',
             team.member_label(v_member)));
  end if;
end
$$;


-- Whether the role that makes owners can be that: who has it can still change
-- the policy, nobody becomes an owner by what they hold already or are offered
-- as less, and nobody stands above the owners, who could then make some.

create or replace function team.policy_owner_check(p_account team.account,
  p_owners uuid[])
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_role    team.role;
  v_member  uuid;
  v_email   text;
begin
  select *
    into v_role
    from team.role r
   where r.account_id = p_account.id
     and r.key = p_account.owner_role;

  if not found then
    return;
  end if;

  if not exists (select
                   from team.role_permission rp
                  where rp.role_id = v_role.id
                    and rp.permission in ('*', 'policy:update'))
  then
    perform team.policy_conflict(
      format('With the role "%s" no owner could change the policy.',
             v_role.key));
  end if;

  if p_account.owner_mode = 'many' then
    select min(mr.member_id::text)::uuid
      into v_member
      from team.member_role mr
     where mr.role_id = v_role.id
       and mr.member_id <> all (p_owners);

    if v_member is not null then
      perform team.policy_conflict(
        format('%s holds the role "%s" and would become an owner.',
               team.member_label(v_member), v_role.key));
    end if;

    select min(i.email::text)
      into v_email
      from team.invitation_role ir
      join team.invitation i on i.id = ir.invitation_id
     where ir.account_id = p_account.id
       and ir.role_id = v_role.id
       and i.status = 'pending';

    if v_email is not null then
      perform team.policy_conflict(
        format('%s is invited with the role "%s" and would become an owner.',
               v_email, v_role.key));
    end if;
  end if;

  select min(mr.member_id::text)::uuid
    into v_member
    from team.member_role mr
    join team.role r on r.id = mr.role_id
   where mr.account_id = p_account.id
     and mr.member_id <> all (p_owners)
     and r.rank > v_role.rank;

  if v_member is not null then
    perform team.policy_conflict(
      format('%s would stand above the owners.',
             team.member_label(v_member)));
  end if;
end
$$;


-- Writes the policy.  The owners stay owners: they change to the new owner_role
-- where that is another one.  Returns the account as it is then.

create or replace function team.policy_set(p_account team.account,
  p_policy team.preset)
returns team.account
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account;
  v_owners   uuid[];
  v_active   integer;
begin
  select coalesce(array_agg(s.member_id order by s.member_id), '{}'),
         count(*) filter (where s.status = 'active')
    into v_owners, v_active
    from team.member_standing s
   where s.account_id = p_account.id
     and case
           when p_account.owner_mode <> 'none' then s.is_owner
           else exists (select
                          from team.member_role mr
                          join team.role r on r.id = mr.role_id
                         where mr.member_id = s.member_id
                           and r.key = p_policy.owner_role)
         end;

  -- not of a subaccount that stays as it is: it need not have an owner yet

  if (p_policy.owner_mode, p_policy.owner_role)
     is distinct from (p_account.owner_mode, p_account.owner_role)
  then
    if p_policy.owner_mode = 'single' and cardinality(v_owners) <> 1 then
      perform team.policy_conflict(
        format('The account has %s owners, and would have a single one.',
               cardinality(v_owners)));
    end if;

    if p_policy.owner_mode <> 'none' and v_active = 0 then
      perform team.policy_conflict('The account would have no active owner.');
    end if;

    if p_policy.owner_mode = 'none'
       and cardinality(v_owners) > 0
       and not team.all_held(p_account.id, null)
    then
      perform team.policy_conflict('Nobody could do everything.');
    end if;
  end if;

  if p_policy.owner_mode <> 'none' then
    insert into team.member_role (member_id, role_id, account_id)
    select o.id, r.id, p_account.id
      from unnest(v_owners) o (id)
      join team.role r
        on r.account_id = p_account.id
       and r.key = p_policy.owner_role
    on conflict (member_id, role_id) do nothing;

    delete from team.member_role mr
     using team.role r
     where mr.member_id = any (v_owners)
       and r.id = mr.role_id
       and r.key = p_account.owner_role
       and r.key <> p_policy.owner_role;
  end if;

  update team.account a
     set preset = p_policy.name,
         owner_member_id = case
                             when p_policy.owner_mode = 'single'
                             then v_owners[1]
                           end,
         owner_mode = p_policy.owner_mode,
         owner_role = p_policy.owner_role,
         role_cardinality = p_policy.role_cardinality,
         direct_permissions = p_policy.direct_permissions,
         self_change = p_policy.self_change,
         suspend_enabled = p_policy.suspend_enabled,
         suspend_label = p_policy.suspend_label,
         admin_may_remove_admin = p_policy.admin_may_remove_admin,
         membership_scope = p_policy.membership_scope,
         join_email = p_policy.join_email,
         join_subaccount = p_policy.join_subaccount,
         join_link = p_policy.join_link,
         link_role = p_policy.link_role,
         link_requires_approval = p_policy.link_requires_approval,
         link_ttl = p_policy.link_ttl,
         decline_mode = p_policy.decline_mode,
         reinvite_after_decline = p_policy.reinvite_after_decline,
         invitation_ttl = p_policy.invitation_ttl,
         name_required = p_policy.name_required,
         seats_counted = p_policy.seats_counted,
         remove_mode = p_policy.remove_mode,
         transfer_target = p_policy.transfer_target,
         transfer_target_role = p_policy.transfer_target_role,
         transfer_old_owner_role = p_policy.transfer_old_owner_role,
         transfer_acceptance = p_policy.transfer_acceptance,
         activation = p_policy.activation,
         all_role = p_policy.all_role
   where a.id = p_account.id
  returning * into v_account;

  if (v_account.owner_mode, v_account.owner_role)
     is distinct from (p_account.owner_mode, p_account.owner_role)
  then
    perform team.policy_owner_check(v_account, v_owners);
  end if;

  -- of several owners that were, none may be left with a single one's role

  if v_account.owner_mode = 'single'
     and exists (select
                   from team.member_role mr
                   join team.role r on r.id = mr.role_id
                  where mr.account_id = v_account.id
                    and mr.member_id <> v_account.owner_member_id
                    and r.key = 'owner')
  then
    perform team.policy_conflict(
      'Somebody who would not be the owner holds the role "owner".');
  end if;

  return v_account;
end
$$;
