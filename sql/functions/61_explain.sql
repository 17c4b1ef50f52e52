-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- What one may do in an account, and why somebody may or may not.


-- What the caller may do now, by which a page shows its buttons or hides them:
-- for whom the account knows, whatever the status, and for who acts from an
-- account above, as no member of this one.

create or replace function team_api.me_grant(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account      team.account := team.account_find(p_account);
  v_actor        team.standing;
  v_member       uuid;
  v_roles        json;
  v_permissions  json;
  v_reply        team_api.reply;
begin
  perform team.actor_present(p_issuer, p_subject);

  v_actor := team.standing_find(v_account, p_issuer, p_subject);

  if v_actor.member_id is null then
    perform team.not_found();
  end if;

  if v_account.status = 'closed' then
    perform team.fail(403, 'account-closed', 'The account is closed.');
  end if;

  if team.member_account(v_actor.member_id) = v_account.id then
    v_member := v_actor.member_id;
  end if;

  if v_actor.status = 'active' then
    select json_agg(json_build_object('key', r.key, 'name', r.name)
                    order by r.key)
      into v_roles
      from team.member_role mr
      join team.role r on r.id = mr.role_id
     where mr.member_id = v_actor.member_id;

    select json_agg(distinct r.permission::text collate "C")
      into v_permissions
      from team.member_right r
     where r.member_id = v_actor.member_id;
  end if;

  v_reply.status := 200;
  v_reply.body := json_build_object(
    'account', v_account.id,
    'member', v_member,
    'status', v_actor.status,
    'is_owner', v_actor.is_owner,
    'rank', v_actor.rank,
    'roles', coalesce(v_roles, '[]'),
    'permissions', coalesce(v_permissions, '[]'));
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;


-- What the gate would decide for a permission, with the reason.
--
-- p_identity: a member's id, or "me".  About oneself everybody may ask whom
-- the account knows, suspended or not; about others, who may see the members.
-- An id that is nobody's here is "not-member", another account's too; "me" is
-- that for who acts from an account above.

create or replace function team_api.explain(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_identity text, p_permission text)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account := team.account_find(p_account);
  v_actor    uuid;
  v_target   uuid;
  v_status   text;
  v_roles    json := '[]';
  v_direct   boolean := false;
  v_reason   text;
  v_reply    team_api.reply;
begin
  perform team.actor_present(p_issuer, p_subject);

  select s.member_id
    into v_actor
    from team.member_standing s
   where s.account_id = v_account.id
     and s.issuer = p_issuer
     and s.subject = p_subject;

  if v_actor is not null and p_identity in ('me', v_actor::text) then
    v_target := v_actor;

  else
    perform team.actor_check(v_account, p_issuer, p_subject, 'members:read');
    v_target := team.id_parse(p_identity);
  end if;

  if p_permission is null
     or octet_length(p_permission) > 100
     or p_permission !~ '^([*]|[a-z][a-z0-9-]*:[a-z][a-z0-9-]*)$'
  then
    perform team.fail_at(422, 'invalid-permission', '/permission',
                         'permission must be like "resource:action".');
  end if;

  select m.status
    into v_status
    from team.member m
   where m.account_id = v_account.id
     and m.id = v_target;

  v_reason := case
                when v_status is null then 'not-member'
                when v_account.status = 'closed' then 'account-closed'
                when v_status = 'pending' then 'member-pending'
                when v_status = 'suspended' then 'member-suspended'
                when team.permission_has(v_target, p_permission) then 'ok'
                else 'permission-missing'
              end;

  if v_reason = 'ok' then
    select coalesce(json_agg(r.key order by r.key), '[]')
      into v_roles
      from team.member_role mr
      join team.role r on r.id = mr.role_id
     where mr.member_id = v_target
       and exists (select
                     from team.role_permission rp
                    where rp.role_id = r.id
                      and rp.permission in (p_permission, '*'));

    v_direct := exists (
      select
        from team.member_permission mp
       where mp.member_id = v_target
         and mp.permission in (p_permission, '*'));
  end if;

  v_reply.status := 200;
  v_reply.body := json_build_object(
    'allowed', v_reason = 'ok',
    'roles', v_roles,
    'direct', v_direct,
    'reason', v_reason);
  return v_reply;
end
$$;
