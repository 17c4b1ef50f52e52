-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Roles: the presets' own, which stay as they are, and an account's own.


create or replace view team.role_body as
select r.account_id,
       r.id as role_id,
       r.key,
       r.rank,
       json_build_object(
         'id', r.id,
         'account', r.account_id,
         'key', r.key,
         'name', r.name,
         'rank', r.rank,
         'system', r.system,
         'permissions', to_json(string_to_array(r.permission_list, ' '))
       ) as body
  from team.role r;


create or replace function team.role_text(p_role uuid)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select b.body::text
      from team.role_body b
     where b.role_id = p_role);
end
$$;


create or replace function team.role_find(p_account team.account,
  p_role text)
returns team.role
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_role  team.role;
begin
  select *
    into v_role
    from team.role r
   where r.account_id = p_account.id
     and r.key = p_role;

  if v_role.id is null then
    perform team.not_found();
  end if;

  return v_role;
end
$$;


create or replace function team.changed_account(p_account uuid)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return json_build_array(json_build_object('account', p_account))::text;
end
$$;


-- To make a role (p_role null), to change one, or to do away with it (p_rank
-- null): its rank stays below the actor's, before and after, and nobody of the
-- actor's rank or above holds it; a role that the actor holds is the actor's
-- own standing; and what is added to it must be the actor's to give.
--
-- Who holds it is asked from the other end, by the few roles of such ranks: a
-- role of an application may have everybody in it.

create or replace function team.rule_role(p_account team.account,
  p_actor team.standing, p_role team.role, p_rank integer,
  p_permissions text[])
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if greatest(p_role.rank, p_rank) >= p_actor.rank then
    return 'rank';
  end if;

  if exists (
    select
      from team.role ro
      join team.member_role above on above.role_id = ro.id
      join team.member_role mr on mr.member_id = above.member_id
      join team.member_standing s on s.member_id = mr.member_id
     where ro.account_id = p_account.id
       and ro.rank >= p_actor.rank
       and mr.role_id = p_role.id
       and s.member_id <> p_actor.member_id
       and not (p_account.owner_mode = 'many'
                and p_actor.is_owner
                and s.is_owner)
    union all
    select
      from team.member_role mr
     where mr.role_id = p_role.id
       and mr.member_id = p_account.owner_member_id
       and mr.member_id <> p_actor.member_id)
  then
    return 'rank';
  end if;

  if exists (
    select
      from team.member_role mr
     where mr.role_id = p_role.id
       and mr.member_id = p_actor.member_id)
     and team.rule_self(p_account, p_actor, p_actor) is not null
  then
    return 'self-change';
  end if;

  return team.rule_grant(
    p_account, p_actor, '{}',
    array(select unnest(p_permissions)
          except
          select rp.permission::text
            from team.role_permission rp
           where rp.role_id = p_role.id));
end
$$;


-- Built in are the preset's roles, and whichever the policy says is the
-- owner's.

create or replace function team.rule_role_system(p_account team.account,
  p_role team.role)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_role.system or p_role.key = p_account.owner_role then
    perform team.fail(409, 'system-role',
                      'A built-in role can''t be changed.');
  end if;
end
$$;


create or replace function team.role_check(p_name text, p_rank integer)
returns void
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if team.name_check(p_name, 'name') is null then
    perform team.fail_at(422, 'invalid-name', '/name', 'A role needs a name.');
  end if;

  if p_rank is null or p_rank not between 1 and 999 then
    perform team.fail_at(422, 'invalid-rank', '/rank',
                         'rank must be from 1 to 999.');
  end if;
end
$$;


-- All of them, highest rank first; role_post keeps them countable.

create or replace function team_api.role_list(
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
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'roles:read');

  return team.list_reply(
    (select json_agg(b.body order by b.rank desc, b.key)
       from team.role_body b
      where b.account_id = v_account.id),
    null);
end
$$;


create or replace function team_api.role_get(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_role text)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account := team.account_find(p_account);
  v_role     team.role;
  v_reply    team_api.reply;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'roles:read');
  v_role := team.role_find(v_account, p_role);

  v_reply.status := 200;
  v_reply.body := team.role_text(v_role.id);
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;


-- The catalogue, and which roles hold each permission, by "*" too.

create or replace function team_api.permission_list(
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
  perform team.actor_check(v_account, p_issuer, p_subject, 'members:read');

  select json_build_object(
           'permissions',
           coalesce(json_agg(json_build_object(
                               'name', p.name,
                               'description', p.description,
                               'roles', coalesce(r.keys, '[]'))
                             order by p.name), '[]'))
    into v_reply.body
    from team.permission p
    left join lateral (
      select json_agg(distinct ro.key order by ro.key) as keys
        from team.role ro
        join team.role_permission rp on rp.role_id = ro.id
       where ro.account_id = v_account.id
         and rp.permission in (p.name, '*')
    ) r on true;

  v_reply.status := 200;
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;


-- An account's own role.  The key "owner" is the single owner's, whatever the
-- account's policy is now.

create or replace function team_api.role_post(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_key text, p_role_name text,
  p_rank integer, p_permissions jsonb, p_idem text)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account      team.account;
  v_actor        team.standing;
  v_permissions  text[];
  v_refusal      text;
  v_id           uuid;
  v_reply        team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject, 'roles:create');

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_account.id, p_idem,
    jsonb_build_object('function', 'role_post', 'key', p_key,
                       'name', p_role_name, 'rank', p_rank,
                       'permissions', p_permissions));

  if v_reply.status is not null then
    return v_reply;
  end if;

  if p_key is null or p_key !~ '^[a-z][a-z0-9_-]{0,62}$' then
    perform team.fail_at(422, 'invalid-key', '/key',
                         'key starts with a letter and has at most 63 of a-z, '
                         '0-9, "-" and "_".');
  end if;

  perform team.role_check(p_role_name, p_rank);
  v_permissions := team.permissions_parse(p_permissions);
  v_refusal := team.rule_role(v_account, v_actor, null, p_rank,
                              v_permissions);

  if v_refusal is not null then
    v_reply := team.refuse(v_account, v_actor, 'role.create', v_account.id,
                           v_refusal,
                           jsonb_build_object('key', p_key, 'rank', p_rank,
                                              'permissions', p_permissions),
                           'account');
    perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                                 v_reply);
    return v_reply;
  end if;

  if (select count(*)
        from team.role r
       where r.account_id = v_account.id) >= 200
  then
    perform team.fail(409, 'role-limit', 'An account has at most 200 roles.');
  end if;

  insert into team.role (account_id, key, name, rank)
  select v_account.id, p_key, team.name_check(p_role_name, 'name'), p_rank
   where p_key <> 'owner'
  on conflict (account_id, key) do nothing
  returning id into v_id;

  if v_id is null then
    perform team.fail(409, 'role-exists',
                      'There is a role of that key, or it is reserved.');
  end if;

  insert into team.role_permission (role_id, permission)
  select v_id, p.name
    from unnest(v_permissions) p (name);

  perform team.audit(v_account.id, v_actor, 'role.create', 'role', v_id, null,
                     team.role_text(v_id)::jsonb - array['id', 'account']);

  v_reply.status := 201;
  v_reply.body := team.role_text(v_id);
  v_reply.etag := team.etag(v_reply.body);
  v_reply.location := '/v1/accounts/' || v_account.id || '/roles/' || p_key;
  perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                               v_reply);
  return v_reply;
end
$$;


-- Replaces a role's name, rank and permissions; its key stays.

create or replace function team_api.role_put(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_role text, p_role_name text,
  p_rank integer, p_permissions jsonb, p_if_match text)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account      team.account;
  v_actor        team.standing;
  v_role         team.role;
  v_permissions  text[];
  v_old          text;
  v_refusal      text;
  v_reply        team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject, 'roles:update');
  v_role := team.role_find(v_account, p_role);
  v_old := team.role_text(v_role.id);

  perform team.if_match_check(p_if_match, team.etag(v_old));
  perform team.role_check(p_role_name, p_rank);
  v_permissions := team.permissions_parse(p_permissions);
  v_refusal := team.rule_role(v_account, v_actor, v_role, p_rank,
                              v_permissions);

  if v_refusal is not null then
    return team.refuse(v_account, v_actor, 'role.update', v_role.id,
                       v_refusal,
                       jsonb_build_object('rank', p_rank,
                                          'permissions', p_permissions),
                       'role');
  end if;

  perform team.rule_role_system(v_account, v_role);

  update team.role r
     set name = team.name_check(p_role_name, 'name'),
         rank = p_rank
   where r.id = v_role.id;

  delete from team.role_permission rp
   where rp.role_id = v_role.id
     and rp.permission <> all (v_permissions);

  insert into team.role_permission (role_id, permission)
  select v_role.id, p.name
    from unnest(v_permissions) p (name)
  on conflict (role_id, permission) do nothing;

  v_reply.status := 200;
  v_reply.body := team.role_text(v_role.id);
  v_reply.etag := team.etag(v_reply.body);
  v_reply.changed := team.changed_account(v_account.id);

  if v_reply.body <> v_old then
    perform team.audit(
      v_account.id, v_actor, 'role.update', 'role', v_role.id, null,
      jsonb_build_object(
        'from', v_old::jsonb - array['id', 'account'],
        'to', v_reply.body::jsonb - array['id', 'account']));
  end if;

  return v_reply;
end
$$;


-- What still needs the role: a member, an invitation or a link that somebody
-- may yet come by, or the policy.

create or replace function team.rule_role_unused(p_account team.account,
  p_role team.role)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_where  text;
begin
  v_where := case
               when p_role.key in (p_account.link_role, p_account.all_role,
                                   p_account.transfer_target_role,
                                   p_account.transfer_old_owner_role)
                 then 'The account''s policy names the role.'
               when exists (select
                              from team.member_role mr
                             where mr.role_id = p_role.id)
                 then 'Members have the role.'
               when exists (select
                              from team.invitation_role ir
                              join team.invitation i on i.id = ir.invitation_id
                             where ir.account_id = p_account.id
                               and ir.role_id = p_role.id
                               and i.status = 'pending')
                 then 'Pending invitations give the role.'
               when exists (select
                              from team.invite_link l
                             where l.account_id = p_account.id
                               and l.role_id = p_role.id
                               and l.revoked_at is null
                               and l.expires_at > statement_timestamp()
                               and l.uses < coalesce(l.max_uses, l.uses + 1))
                 then 'Invite links give the role.'
             end;

  if v_where is not null then
    perform team.fail(409, 'role-in-use', v_where);
  end if;
end
$$;


create or replace function team_api.role_delete(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_role text, p_if_match text)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_role     team.role;
  v_old      text;
  v_refusal  text;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject, 'roles:delete');
  v_role := team.role_find(v_account, p_role);
  v_old := team.role_text(v_role.id);

  perform team.if_match_check(p_if_match, team.etag(v_old));
  v_refusal := team.rule_role(v_account, v_actor, v_role, null, '{}');

  if v_refusal is not null then
    return team.refuse(v_account, v_actor, 'role.delete', v_role.id,
                       v_refusal, null, 'role');
  end if;

  perform team.rule_role_system(v_account, v_role);
  perform team.rule_role_unused(v_account, v_role);

  delete from team.role r
   where r.id = v_role.id;

  perform team.audit(v_account.id, v_actor, 'role.delete', 'role', v_role.id,
                     null, v_old::jsonb - array['id', 'account']);

  v_reply.status := 204;
  v_reply.changed := team.changed_account(v_account.id);
  return v_reply;
end
$$;
