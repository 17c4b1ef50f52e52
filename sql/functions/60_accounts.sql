-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- For whoever administers the database, in psql; the gateway can't call these:
--
--     select team.account_create('acme', 'Acme Ltd', 'business');
--     select team.member_add('acme', 'https://id.example.com', 'u-1',
--                            'jane@example.com', 'Jane Doe', 'owner');


-- Makes or changes a preset; p_preset names every column.  Its roles and what
-- they permit are rows of preset_role and preset_role_permission.  Accounts
-- keep the policy that they have.

create or replace function team.preset_put(p_preset jsonb)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_unknown  text;
begin
  select k.key
    into v_unknown
    from jsonb_object_keys(p_preset) k (key)
   where not exists (select
                       from pg_attribute t
                      where t.attrelid = 'team.preset'::regclass
                        and t.attnum > 0
                        and t.attname = k.key);

  if found then
    perform team.fail(422, 'invalid-policy',
                      format('A preset has no "%s".', v_unknown));
  end if;

  insert into team.preset
  select p.*
    from jsonb_populate_record(null::team.preset, p_preset) p
  on conflict (name) do update
    set title = excluded.title,
        owner_mode = excluded.owner_mode,
        owner_role = excluded.owner_role,
        role_cardinality = excluded.role_cardinality,
        direct_permissions = excluded.direct_permissions,
        self_change = excluded.self_change,
        suspend_enabled = excluded.suspend_enabled,
        suspend_label = excluded.suspend_label,
        admin_may_remove_admin = excluded.admin_may_remove_admin,
        membership_scope = excluded.membership_scope,
        join_email = excluded.join_email,
        join_subaccount = excluded.join_subaccount,
        join_link = excluded.join_link,
        link_role = excluded.link_role,
        link_requires_approval = excluded.link_requires_approval,
        link_ttl = excluded.link_ttl,
        decline_mode = excluded.decline_mode,
        reinvite_after_decline = excluded.reinvite_after_decline,
        invitation_ttl = excluded.invitation_ttl,
        name_required = excluded.name_required,
        seats_counted = excluded.seats_counted,
        remove_mode = excluded.remove_mode,
        transfer_target = excluded.transfer_target,
        transfer_target_role = excluded.transfer_target_role,
        transfer_old_owner_role = excluded.transfer_old_owner_role,
        transfer_acceptance = excluded.transfer_acceptance,
        activation = excluded.activation,
        all_role = excluded.all_role;
end
$$;


-- A new account, without roles and members.  p_like: a preset or an account as
-- JSON, whose policy it has; the columns are named alike.

create or replace function team.account_insert(p_like jsonb, p_preset text,
  p_slug text, p_name text, p_time_zone text, p_parent team.account)
returns team.account
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_id       uuid := team.uuid_v7();
  v_account  team.account;
begin
  -- raises for a zone that PostgreSQL doesn't know
  perform timezone(p_time_zone, statement_timestamp());

  insert into team.account
  select n.*
    from jsonb_populate_record(
           null::team.account,
           p_like || jsonb_build_object(
             'id', v_id,
             'slug', p_slug,
             'name', p_name,
             'time_zone', p_time_zone,
             'status', 'active',
             'preset', p_preset,
             'parent_id', p_parent.id,
             'root_id', coalesce(p_parent.root_id, v_id),
             'owner_member_id', null,
             'seat_limit', null,
             'created_at', statement_timestamp(),
             'closed_at', null)) n
  returning * into v_account;

  return v_account;
end
$$;


-- Returns the new account's id.

create or replace function team.account_create(p_slug text, p_name text,
  p_preset text, p_time_zone text default 'UTC')
returns uuid
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_preset   jsonb;
  v_account  team.account;
begin
  select to_jsonb(p)
    into v_preset
    from team.preset p
   where p.name = p_preset;

  if not found then
    perform team.fail(422, 'unknown-preset',
                      format('There is no preset "%s".', p_preset));
  end if;

  v_account := team.account_insert(v_preset, p_preset, p_slug, p_name,
                                   p_time_zone, null);
  perform team.preset_roles_add(v_account.id, p_preset);
  return v_account.id;
end
$$;


-- The roles of a preset that an account doesn't have.

create or replace function team.preset_roles_add(p_account uuid,
  p_preset text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  with new as (
    insert into team.role (account_id, key, name, rank, system)
    select p_account, r.key, r.name, r.rank, true
      from team.preset_role r
     where r.preset = p_preset
    on conflict (account_id, key) do nothing
    returning id, key
  )
  insert into team.role_permission (role_id, permission)
  select n.id, p.permission
    from new n
    join team.preset_role_permission p
      on p.preset = p_preset
     and p.role = n.key;
end
$$;


-- Returns the new member's id.  p_role: a role's key; 'owner': makes the owner
-- (or another one, where there may be several), whatever role that goes with;
-- null: none.

create or replace function team.member_add(p_account text, p_issuer text,
  p_subject text, p_email text, p_name text, p_role text,
  p_status text default 'active')
returns uuid
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account   team.account;
  v_identity  uuid;
  v_member    uuid;
  v_role      text := p_role;
begin
  v_account := team.account_find(p_account);

  select *
    into v_account
    from team.account a
   where a.id = v_account.id
     for no key update;

  if p_role = 'owner' then
    v_role := v_account.owner_role;

    if v_role is null then
      perform team.fail(409, 'no-owner', 'This account has no owners.');
    end if;

    if v_account.owner_member_id is not null then
      perform team.fail(409, 'owner-must-transfer',
                        'The account has its owner already.');
    end if;

    if v_account.owner_mode = 'single' and p_status <> 'active' then
      perform team.fail(409, 'not-active', 'The owner must be active.');
    end if;
  end if;

  insert into team.identity (issuer, subject, email, email_verified, name)
  values (p_issuer, p_subject, team.email_normal(p_email),
          p_email is not null, p_name)
  on conflict (issuer, subject) do nothing;

  select i.id
    into v_identity
    from team.identity i
   where i.issuer = p_issuer
     and i.subject = p_subject;

  insert into team.member (account_id, identity_id, status, joined_at)
  values (v_account.id, v_identity, p_status,
          case when p_status <> 'pending' then statement_timestamp() end)
  on conflict (identity_id, account_id) do nothing
  returning id into v_member;

  if v_member is null then
    perform team.fail(409, 'already-member',
                      'This person is a member already.');
  end if;

  if v_role is not null then
    insert into team.member_role (member_id, role_id, account_id)
    select v_member, r.id, v_account.id
      from team.role r
     where r.account_id = v_account.id
       and r.key = v_role;

    if not found then
      perform team.fail(422, 'unknown-role',
                        format('The account has no role "%s".', v_role));
    end if;

  else
    perform team.rule_cardinality(v_account, 0);
  end if;

  if p_role = 'owner' and v_account.owner_mode = 'single' then
    update team.account a
       set owner_member_id = v_member
     where a.id = v_account.id;
  end if;

  perform team.audit(v_account.id, null, 'member.add', 'member', v_member,
                     null, jsonb_build_object('role', v_role,
                                              'status', p_status));
  return v_member;
end
$$;
