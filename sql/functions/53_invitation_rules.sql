-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- What invitations and links have in common, and how an invitation is made,
-- whoever asks for it: one person, a row of a batch, a new subaccount.


-- How many an hour: invitations of an account, resends of one invitation.

create or replace function team.quota_limit(p_kind text)
returns integer
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return case p_kind when 'invitation' then 200 when 'resend' then 5 end;
end
$$;


create or replace function team.standing_find(p_account uuid, p_member uuid)
returns team.standing
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_standing  team.standing;
begin
  select s.member_id, s.identity_id, s.issuer, s.subject, s.status, s.rank,
         s.is_owner
    into v_standing
    from team.member_standing s
   where s.account_id = p_account
     and s.member_id = p_member;

  return v_standing;
end
$$;


-- --- rules -------------------------------------------------------------------

-- What is offered must be the inviter's to give, places in groups included.

create or replace function team.rule_offer(p_account team.account,
  p_actor team.standing, p_roles uuid[], p_permissions text[],
  p_groups uuid[])
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_refusal  text := team.rule_grant(p_account, p_actor, p_roles,
                                     p_permissions);
begin
  if v_refusal is null
     and cardinality(p_groups) > 0
     and not team.permission_has(p_actor.member_id, 'groups:assign')
  then
    return 'exceeds-own';
  end if;

  return v_refusal;
end
$$;


-- The same by the standing that whoever made the offer has today: they may have
-- been demoted, suspended, removed, or their own account closed; and who made it
-- from an account above must still see this one, unless they may make its like.
-- An offer of more than they may still give is void as a whole; it is not cut
-- down, since nobody has chosen what would be left.

create or replace function team.rule_inviter(p_account team.account,
  p_inviter_account uuid, p_inviter uuid, p_permission text,
  p_roles uuid[], p_permissions text[], p_groups uuid[])
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_inviter  team.standing := team.standing_find(p_inviter_account, p_inviter);
begin
  if v_inviter.member_id is null
     or v_inviter.status <> 'active'
     or not team.permission_has(v_inviter.member_id, p_permission)
     or p_inviter_account <> p_account.id
        and p_permission <> 'subaccounts:create'
        and not team.permission_has(v_inviter.member_id, 'subaccounts:read')
     or not exists (select
                      from team.account a
                     where a.id = p_inviter_account
                       and a.status = 'active')
     or team.rule_offer(p_account, v_inviter, p_roles, p_permissions,
                        p_groups) is not null
  then
    return 'inviter-lost-right';
  end if;

  return null;
end
$$;


-- What the account's policy says of the roles and permissions of somebody who
-- is no member yet.

create or replace function team.rule_newcomer(p_account team.account,
  p_roles uuid[], p_permissions text[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_nobody  team.standing;
begin
  v_nobody.is_owner := false;

  perform team.rule_cardinality(p_account, cardinality(p_roles));
  perform team.rule_owner_role(p_account, v_nobody, p_roles);

  if cardinality(p_permissions) > 0 then
    perform team.rule_direct(p_account, p_permissions);
  end if;
end
$$;


create or replace function team.rule_channel(p_open boolean)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if not coalesce(p_open, false) then
    perform team.fail(409, 'channel-disabled',
                      'Nobody joins this account in this way.');
  end if;
end
$$;


-- Who invites from an account above does so for a subaccount.

create or replace function team.rule_channel_email(p_account team.account,
  p_inviter_account uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform team.rule_channel(
    p_account.join_email
    or p_account.join_subaccount and p_inviter_account <> p_account.id);
end
$$;


-- --- what an invitation says ------------------------------------------------

-- "open": what a page shows unless asked for more.  status is the stored one,
-- or "expired".

create or replace view team.invitation_body as
select i.account_id,
       i.id as invitation_id,
       s.status,
       s.status in ('pending', 'expired', 'declined')
         and not (s.status = 'declined' and a.decline_mode = 'hidden') as open,
       json_build_object(
         'id', i.id,
         'account', i.account_id,
         'email', i.email,
         'name', i.name,
         'locale', i.locale,
         'status', s.status,
         'roles', coalesce(r.roles, '[]'),
         'permissions', coalesce(p.permissions, '[]'),
         'groups', coalesce(g.groups, '[]'),
         'inviter', (select json_build_object(
                              'id', m.id, 'name', coalesce(m.name, ii.name),
                              'email', ii.email)
                       from team.member m
                       join team.identity ii on ii.id = m.identity_id
                      where m.id = i.inviter_member_id),
         'member', i.accepted_member_id,
         'created_at', team.time_text(i.created_at),
         'expires_at', team.time_text(i.expires_at),
         'decided_at', team.time_text(i.decided_at),
         'delivery', d.delivery
       ) as body
  from team.invitation i
  join team.account a on a.id = i.account_id
  cross join lateral (
    select case
             when i.status = 'pending' and i.expires_at <= statement_timestamp()
               then 'expired'
             else i.status::text
           end as status
  ) s
  left join lateral (
    select json_agg(json_build_object('key', ro.key, 'name', ro.name)
                    order by ro.key) as roles
      from team.invitation_role ir
      join team.role ro on ro.id = ir.role_id
     where ir.invitation_id = i.id
  ) r on true
  left join lateral (
    select json_agg(ip.permission order by ip.permission) as permissions
      from team.invitation_permission ip
     where ip.invitation_id = i.id
  ) p on true
  left join lateral (
    select json_agg(json_build_object('id', mg.id, 'name', mg.name)
                    order by mg.id) as groups
      from team.invitation_group ig
      join team.member_group mg on mg.id = ig.group_id
     where ig.invitation_id = i.id
  ) g on true
  left join lateral (
    select json_build_object(
             'status', case o.status
                         when 'pending' then 'queued'
                         when 'sent' then 'sent'
                         else 'failed'
                       end,
             'sent_at', team.time_text(o.sent_at),
             'attempts', o.attempts) as delivery
      from team.outbox o
     where o.kind = 'invitation.mail'
       and o.payload ->> 'invitation' = i.id::text
     order by o.id desc
     limit 1
  ) d on true;


create or replace function team.invitation_text(p_invitation uuid)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select b.body::text
      from team.invitation_body b
     where b.invitation_id = p_invitation);
end
$$;


-- Where declining is nobody's business, a declined invitation is not there.

create or replace function team.invitation_find(p_account team.account,
  p_invitation text)
returns team.invitation
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_id          uuid := team.id_parse(p_invitation);
  v_invitation  team.invitation;
begin
  select *
    into v_invitation
    from team.invitation i
   where i.account_id = p_account.id
     and i.id = v_id;

  if v_invitation.id is null
     or v_invitation.status = 'declined' and p_account.decline_mode = 'hidden'
  then
    perform team.not_found();
  end if;

  return v_invitation;
end
$$;


create or replace function team.invitation_roles(p_invitation uuid)
returns uuid[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return array(
    select r.role_id
      from team.invitation_role r
     where r.invitation_id = p_invitation);
end
$$;


create or replace function team.invitation_permissions(p_invitation uuid)
returns text[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return array(
    select p.permission::text
      from team.invitation_permission p
     where p.invitation_id = p_invitation);
end
$$;


create or replace function team.invitation_groups(p_invitation uuid)
returns uuid[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return array(
    select g.group_id
      from team.invitation_group g
     where g.invitation_id = p_invitation);
end
$$;


-- --- making one -------------------------------------------------------------

-- Mail of an invitation that has not gone out yet need not go any more.  What
-- is being sent at this moment is left alone, and not waited for.

create or replace function team.invitation_mail_cancel(p_invitation uuid)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  with old as (
    select o.id
      from team.outbox o
     where o.kind = 'invitation.mail'
       and o.payload ->> 'invitation' = p_invitation::text
       and o.status = 'pending'
       for update skip locked
  )
  delete from team.outbox o
   using old
   where o.id = old.id;
end
$$;


-- pending or declined -> withdrawn: no longer shown, nor in anybody's way.

create or replace function team.invitation_withdraw(p_invitation uuid)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  update team.invitation i
     set status = 'withdrawn',
         decided_at = statement_timestamp()
   where i.id = p_invitation
     and i.status in ('pending', 'declined');

  perform team.invitation_mail_cancel(p_invitation);
end
$$;


-- One pending invitation an address; dead ones make way, but for a declined
-- one where the policy says that somebody must have removed it first.

create or replace function team.invitation_make_way(p_account team.account,
  p_email text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_old  team.invitation;
begin
  -- twice, as each has an index: an account may have thousands open

  for v_old in
    select *
      from team.invitation i
     where i.account_id = p_account.id
       and i.email = p_email
       and i.status = 'pending'
    union all
    select *
      from team.invitation i
     where i.account_id = p_account.id
       and i.email = p_email
       and i.status = 'declined'
  loop
    if v_old.status = 'pending'
       and v_old.expires_at > statement_timestamp()
    then
      perform team.fail(409, 'pending-exists',
                        'Pending invitation already exists for this email');
    end if;

    if v_old.status = 'declined'
       and p_account.decline_mode = 'shown'
       and p_account.reinvite_after_decline = 'remove_first'
    then
      perform team.fail(409, 'declined-exists',
                        'The invitation was declined. Remove it first.');
    end if;

    perform team.invitation_withdraw(v_old.id);
  end loop;
end
$$;


-- The account is locked, the actor may invite into it.  p_inviter_account: of
-- which account the actor is a member; another one for a new subaccount.
-- o_refusal: what the caller passes to team.refuse; then nothing is written.

create or replace function team.invitation_create(p_account team.account,
  p_inviter_account uuid, p_actor team.standing, p_email text, p_name text,
  p_roles uuid[], p_permissions text[], p_groups uuid[], p_locale text,
  out o_invitation team.invitation, out o_refusal text)
returns record
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_email  text := team.email_check(p_email);
  v_name   text := team.name_check(p_name, 'name');
begin
  perform team.rule_channel_email(p_account, p_inviter_account);

  if v_name is null and p_account.name_required then
    perform team.fail_at(422, 'name-required', '/name',
                         'An invitation to this account needs a name.');
  end if;

  if p_locale !~ '^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$' then
    perform team.fail_at(422, 'invalid-locale', '/locale',
                         'A locale is a language tag, such as en or de-CH.');
  end if;

  o_refusal := team.rule_offer(p_account, p_actor, p_roles, p_permissions,
                               p_groups);
  if o_refusal is not null then
    return;
  end if;

  perform team.rule_newcomer(p_account, p_roles, p_permissions);
  perform team.scope_check(p_account, null, v_email);
  perform team.invitation_make_way(p_account, v_email);
  perform team.quota_take(p_inviter_account, 'invitation',
                          team.quota_limit('invitation'), 1);

  insert into team.invitation (account_id, email, name, locale,
                               inviter_account_id, inviter_member_id,
                               expires_at)
  values (p_account.id, v_email, v_name, p_locale, p_inviter_account,
          p_actor.member_id,
          statement_timestamp()
          + make_interval(secs => p_account.invitation_ttl))
  returning * into o_invitation;

  insert into team.invitation_role (invitation_id, role_id, account_id)
  select o_invitation.id, r.id, p_account.id
    from unnest(p_roles) r (id);

  if cardinality(p_permissions) > 0 then
    insert into team.invitation_permission (invitation_id, permission)
    select o_invitation.id, p.permission
      from unnest(p_permissions) p (permission);
  end if;

  if cardinality(p_groups) > 0 then
    insert into team.invitation_group (invitation_id, group_id, account_id)
    select o_invitation.id, g.id, p_account.id
      from unnest(p_groups) g (id);
  end if;

  perform team.outbox_add(p_account.id, 'invitation.mail',
                          jsonb_build_object('invitation', o_invitation.id));

  perform team.audit(
    p_account.id, p_actor, 'invitation.create', 'invitation', o_invitation.id,
    null,
    jsonb_build_object('email', v_email,
                       'roles', team.role_keys(p_roles),
                       'permissions', to_jsonb(p_permissions),
                       'groups', to_jsonb(p_groups)));
end
$$;
