-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- An account's policy: the columns that it shares with team.preset, by their
-- names.


create or replace function team.policy_of(p_account team.account)
returns team.preset
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_policy  team.preset;
begin
  -- both have a name of their own
  v_policy := jsonb_populate_record(
    null::team.preset,
    to_jsonb(p_account) || jsonb_build_object('name', p_account.preset));
  return v_policy;
end
$$;


create or replace function team.policy_text(p_policy team.preset)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return to_jsonb(p_policy) - array['name', 'title']
         || jsonb_build_object('preset', p_policy.name);
end
$$;


create or replace function team_api.policy_get(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account := team.account_find(p_account);
  v_reply    team_api.reply;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'policy:read');

  v_reply.status := 200;
  v_reply.body := team.policy_text(team.policy_of(v_account));
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;


-- The policy that a request's body asks for: all settings, or only the name of
-- a preset to switch to.

create or replace function team.policy_parse(p_account team.account,
  p_body jsonb)
returns team.preset
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_old     jsonb := team.policy_text(team.policy_of(p_account));
  v_policy  team.preset;
  v_key     text;
  v_type    text;
begin
  if p_body is null or jsonb_typeof(p_body) <> 'object' then
    perform team.fail(422, 'invalid-policy', 'A policy is a JSON object.');
  end if;

  if p_body - 'preset' = '{}' and jsonb_typeof(p_body -> 'preset') = 'string'
  then
    select *
      into v_policy
      from team.preset p
     where p.name = p_body ->> 'preset';

    if not found then
      perform team.fail(422, 'unknown-preset', 'There is no such preset.');
    end if;

    return v_policy;
  end if;

  for v_key in
    select k.key
      from (select jsonb_object_keys(p_body)
            union
            select jsonb_object_keys(v_old)) k (key)
     where k.key <> 'preset'
     order by k.key collate "C"
  loop
    if not v_old ? v_key then
      perform team.fail(422, 'invalid-policy',
                        format('A policy has no "%s".', left(v_key, 100)));
    end if;

    if not p_body ? v_key then
      perform team.fail(422, 'invalid-policy',
                        format('"%s" is missing: a policy is put as a whole, '
                               'or as {"preset": name}.', v_key));
    end if;

    -- what is null now may hold a role's key
    v_type := coalesce(nullif(jsonb_typeof(v_old -> v_key), 'null'), 'string');

    if jsonb_typeof(p_body -> v_key) <> v_type
       and not (jsonb_typeof(p_body -> v_key) = 'null'
                and v_key in ('owner_role', 'link_role',
                              'transfer_target_role',
                              'transfer_old_owner_role', 'all_role'))
    then
      perform team.fail(422, 'invalid-policy',
                        format('"%s" must be a %s.', v_key, v_type));
    end if;

    begin
      perform jsonb_populate_record(null::team.preset,
                                    jsonb_build_object(v_key,
                                                       p_body -> v_key));
    exception
      when check_violation or data_exception then
        perform team.fail(422, 'invalid-policy',
                          format('"%s" can''t be that.', v_key));
    end;
  end loop;

  if p_body ? 'preset' and p_body -> 'preset' <> v_old -> 'preset' then
    perform team.fail(422, 'invalid-policy',
                      'To switch to another preset, put {"preset": name}.');
  end if;

  v_policy := jsonb_populate_record(null::team.preset, p_body);
  v_policy.name := p_account.preset;

  if (v_policy.owner_mode = 'none') <> (v_policy.owner_role is null) then
    perform team.fail(422, 'invalid-policy',
                      'owner_role is null where owner_mode is "none", and '
                      'only there.');
  end if;

  if v_policy.transfer_target = 'role'
     and v_policy.transfer_target_role is null
  then
    perform team.fail(422, 'invalid-policy',
                      'transfer_target "role" needs a transfer_target_role.');
  end if;

  return v_policy;
end
$$;


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

  select m.id
    into v_member
    from team.member m
    join team.identity i on i.id = m.identity_id
   where m.account_id = p_account.id
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
          and oa.id <> p_account.id
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

  if p_policy.owner_mode = 'single' and cardinality(v_owners) <> 1 then
    perform team.policy_conflict(
      format('The account has %s owners, and would have a single one.',
             cardinality(v_owners)));
  end if;

  if p_policy.owner_mode <> 'none' and v_active = 0 then
    perform team.policy_conflict('The account would have no active owner.');
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


-- The preset's roles: those that are missing come, the built-in ones of its
-- keys become what it says.

create or replace function team.policy_roles_switch(p_account uuid,
  p_preset text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  update team.role r
     set name = pr.name,
         rank = pr.rank
    from team.preset_role pr
   where r.account_id = p_account
     and r.system
     and pr.preset = p_preset
     and pr.key = r.key
     and (r.name <> pr.name or r.rank <> pr.rank);

  delete from team.role_permission rp
   using team.role r
   join team.preset_role pr on pr.preset = p_preset and pr.key = r.key
   where r.account_id = p_account
     and r.system
     and rp.role_id = r.id
     and not exists (select
                       from team.preset_role_permission p
                      where p.preset = p_preset
                        and p.role = r.key
                        and p.permission = rp.permission);

  insert into team.role_permission (role_id, permission)
  select r.id, p.permission
    from team.role r
    join team.preset_role_permission p
      on p.preset = p_preset
     and p.role = r.key
   where r.account_id = p_account
     and r.system
  on conflict (role_id, permission) do nothing;

  perform team.preset_roles_add(p_account, p_preset);
end
$$;


-- Built-in roles of an earlier preset go when nobody holds or is offered them.

create or replace function team.policy_roles_prune(p_account uuid,
  p_preset text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from team.role r
   where r.account_id = p_account
     and r.system
     and not exists (select
                       from team.preset_role pr
                      where pr.preset = p_preset
                        and pr.key = r.key)
     and not exists (select
                       from team.member_role mr
                      where mr.role_id = r.id)
     and not exists (select
                       from team.invitation_role ir
                      where ir.role_id = r.id)
     and not exists (select
                       from team.invite_link l
                      where l.role_id = r.id);
end
$$;


-- Who the owners are, what they may do to each other and how ownership moves
-- is the owners' to say: with only policy:update one could make oneself one.

create or replace function team_api.policy_put(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_body jsonb, p_if_match text)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_old      team.account;
  v_account  team.account;
  v_actor    team.standing;
  v_policy   team.preset;
  v_refusal  text;
  v_from     jsonb;
  v_to       jsonb;
  v_switch   boolean;
  v_reply    team_api.reply;
begin
  v_old := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_old, p_issuer, p_subject, 'policy:update');

  v_from := team.policy_text(team.policy_of(v_old));
  perform team.if_match_check(p_if_match, team.etag(v_from::text));

  v_policy := team.policy_parse(v_old, p_body);
  v_to := team.policy_text(v_policy);
  v_switch := p_body - 'preset' = '{}';

  if v_switch
     or (v_policy.owner_mode, v_policy.owner_role, v_policy.self_change,
         v_policy.admin_may_remove_admin, v_policy.transfer_target,
         v_policy.transfer_target_role, v_policy.transfer_old_owner_role,
         v_policy.transfer_acceptance)
        is distinct from
        (v_old.owner_mode, v_old.owner_role, v_old.self_change,
         v_old.admin_may_remove_admin, v_old.transfer_target,
         v_old.transfer_target_role, v_old.transfer_old_owner_role,
         v_old.transfer_acceptance)
  then
    v_refusal := team.rule_owner(v_old, v_actor);
  end if;

  -- what a link gives must be the giver's own, here as when making one

  if v_refusal is null and not v_switch
     and v_policy.link_role is distinct from v_old.link_role
  then
    v_refusal := team.rule_grant(
      v_old, v_actor,
      array(select r.id
              from team.role r
             where r.account_id = v_old.id
               and r.key = v_policy.link_role), '{}');
  end if;

  if v_refusal is not null then
    return team.refuse(v_old, v_actor, 'policy.update', v_old.id, v_refusal,
                       p_body, 'account');
  end if;

  if v_switch or v_to <> v_from then
    if v_switch then
      perform team.policy_roles_switch(v_old.id, v_policy.name);
    end if;

    v_account := team.policy_set(v_old, v_policy);

    if v_switch then
      perform team.policy_roles_prune(v_old.id, v_policy.name);
    end if;

    perform team.policy_members_check(v_account, v_old);

    perform team.audit(
      v_old.id, v_actor,
      case when v_switch then 'policy.switch' else 'policy.update' end,
      'account', v_old.id, null,
      jsonb_build_object(
        'from', (select jsonb_object_agg(f.key, f.value)
                   from jsonb_each(v_from) f
                  where v_to -> f.key is distinct from f.value),
        'to', (select jsonb_object_agg(t.key, t.value)
                 from jsonb_each(v_to) t
                where v_from -> t.key is distinct from t.value)));
  end if;

  v_reply.status := 200;
  v_reply.body := v_to;
  v_reply.etag := team.etag(v_reply.body);
  v_reply.changed := json_build_array(json_build_object('account', v_old.id));
  return v_reply;
end
$$;
