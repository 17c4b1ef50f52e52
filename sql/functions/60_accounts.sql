-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- For whoever administers the database, in psql; the gateway can't call these:
--
--     select team.account_create('acme', 'Acme Ltd', 'business');
--     select team.member_add('acme', 'https://id.example.com', 'u-1',
--                            'jane@example.com', 'Jane Doe', 'owner');


-- Returns the new account's id.

create or replace function team.account_create(p_slug text, p_name text,
  p_preset text, p_time_zone text default 'UTC')
returns uuid
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_id  uuid := team.uuid_v7();
begin
  -- raises for a zone that PostgreSQL doesn't know
  perform timezone(p_time_zone, statement_timestamp());

  insert into team.account (id, root_id, slug, name, time_zone, preset,
                            owner_mode, owner_role, role_cardinality,
                            direct_permissions, self_change, suspend_enabled,
                            suspend_label, admin_may_remove_admin)
  select v_id, v_id, p_slug, p_name, p_time_zone, p.name,
         p.owner_mode, p.owner_role, p.role_cardinality,
         p.direct_permissions, p.self_change, p.suspend_enabled,
         p.suspend_label, p.admin_may_remove_admin
    from team.preset p
   where p.name = p_preset;

  if not found then
    perform team.fail(422, 'unknown-preset',
                      format('There is no preset "%s".', p_preset));
  end if;

  insert into team.role (account_id, key, name, rank, system)
  select v_id, r.key, r.name, r.rank, true
    from team.preset_role r
   where r.preset = p_preset;

  insert into team.role_permission (role_id, permission)
  select r.id, p.permission
    from team.preset_role_permission p
    join team.role r
      on r.account_id = v_id
     and r.key = p.role
   where p.preset = p_preset;

  return v_id;
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
