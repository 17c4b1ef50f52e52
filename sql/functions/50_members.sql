-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Writing to members.


-- suspended <-> active, both idempotent.  A repeat names what changed as well:
-- the first answer may have been lost on its way to the gateway.

create or replace function team.member_status_set(
  p_issuer text, p_subject text, p_account text, p_member text,
  p_status text, p_if_match text)
returns team_api.reply
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_action   text := case p_status
                       when 'suspended' then 'member.suspend'
                       else 'member.resume'
                     end;
  v_account  team.account;
  v_actor    team.standing;
  v_target   team.standing;
  v_refusal  text;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'members:suspend');
  v_target := team.target_find(v_account, v_actor, p_member);

  perform team.if_match_honour(
    p_if_match, team.etag(team.member_text(v_target.member_id)));

  v_refusal := coalesce(
    team.rule_self(v_account, v_actor, v_target),
    team.rule_rank(v_account, v_actor, v_target, false));

  if v_refusal is not null then
    return team.refuse(v_account, v_actor, v_action, v_target.member_id,
                       v_refusal, null);
  end if;

  if not v_account.suspend_enabled then
    perform team.fail(409, 'suspend-disabled',
                      'Members of this account can''t be suspended.');
  end if;

  if v_target.status = 'pending' then
    perform team.fail(409, 'not-active',
                      'The member has not been approved yet.');
  end if;

  v_reply.status := 204;
  v_reply.changed := team.changed_person(v_target);

  if v_target.status = p_status then
    return v_reply;
  end if;

  if p_status = 'suspended' then
    perform team.rule_owner_stays(v_account, v_target);

  else
    perform team.seat_check(v_account);
  end if;

  update team.member m
     set status = p_status
   where m.id = v_target.member_id;

  perform team.audit(v_account.id, v_actor, v_action, 'member',
                     v_target.member_id, null, null);
  return v_reply;
end
$$;


create or replace function team_api.member_suspend(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_member text,
  p_if_match text default null)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return team.member_status_set(p_issuer, p_subject, p_account, p_member,
                                'suspended', p_if_match);
end
$$;


create or replace function team_api.member_resume(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_member text,
  p_if_match text default null)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return team.member_status_set(p_issuer, p_subject, p_account, p_member,
                                'active', p_if_match);
end
$$;


-- The ids of the roles that a JSON array of keys names.

create or replace function team.roles_parse(p_account uuid, p_roles jsonb)
returns uuid[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_keys  text[];
  v_ids   uuid[];
begin
  if p_roles is null or jsonb_typeof(p_roles) <> 'array'
     or jsonb_path_exists(p_roles, 'strict $[*] ? (@.type() != "string")')
  then
    perform team.fail_at(422, 'invalid-roles', '/roles',
                         'roles must be an array of role keys.');
  end if;

  if p_roles = '[]' then
    return '{}';
  end if;

  v_keys := array(select k.key from jsonb_array_elements_text(p_roles) k (key));

  if cardinality(v_keys) > 1
     and cardinality(v_keys) <> (select count(distinct k.key collate "C")
                                   from unnest(v_keys) k (key))
  then
    perform team.fail_at(422, 'invalid-roles',
                         team.pointer_in('roles', v_keys, null),
                         'A role is named twice.');
  end if;

  v_ids := array(select r.id
                   from team.role r
                  where r.account_id = p_account
                    and r.key = any (v_keys));

  if cardinality(v_ids) <> cardinality(v_keys) then
    perform team.fail_at(422, 'unknown-role',
                         team.pointer_in('roles', v_keys, array(
                           select r.key::text
                             from team.role r
                            where r.id = any (v_ids))),
                         'The account has no role of that key.');
  end if;

  return v_ids;
end
$$;


-- Replaces the roles of a member.  Only what is added must be the actor's to
-- give; what is taken away needs rank over the member alone.

create or replace function team_api.member_roles_put(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_member text, p_roles jsonb,
  p_if_match text)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_target   team.standing;
  v_old      uuid[];
  v_new      uuid[];
  v_refusal  text;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject, 'members:roles');
  v_target := team.target_find(v_account, v_actor, p_member);

  perform team.if_match_check(
    p_if_match, team.etag(team.member_text(v_target.member_id)));

  v_new := team.roles_parse(v_account.id, p_roles);
  v_old := array(select mr.role_id
                   from team.member_role mr
                  where mr.member_id = v_target.member_id);

  v_refusal := coalesce(
    team.rule_self(v_account, v_actor, v_target),
    team.rule_rank(v_account, v_actor, v_target, false),
    team.rule_grant(
      v_account, v_actor,
      array(select unnest(v_new) except select unnest(v_old)), '{}'));

  if v_refusal is not null then
    return team.refuse(v_account, v_actor, 'member.roles', v_target.member_id,
                       v_refusal, jsonb_build_object('roles', p_roles));
  end if;

  perform team.rule_cardinality(v_account, cardinality(v_new));
  perform team.rule_owner_role(v_account, v_target, v_new);

  if not (v_new @> v_old and v_old @> v_new) then
    delete from team.member_role mr
     where mr.member_id = v_target.member_id
       and mr.role_id <> all (v_new);

    insert into team.member_role (member_id, role_id, account_id)
    select v_target.member_id, n.id, v_account.id
      from unnest(v_new) n (id)
     where n.id <> all (v_old);

    perform team.audit(
      v_account.id, v_actor, 'member.roles', 'member', v_target.member_id,
      null,
      jsonb_build_object('from', team.role_keys(v_old),
                         'to', team.role_keys(v_new)));
  end if;

  v_reply.status := 200;
  v_reply.body := team.member_text(v_target.member_id);
  v_reply.etag := team.etag(v_reply.body);
  v_reply.changed := team.changed_person(v_target);
  return v_reply;
end
$$;


-- A member goes, with roles and permissions; an ownership that was offered to
-- them waits for nobody.  Who doesn't leave by themselves is turned away: what
-- is still offered to their address goes too, or they would be back by it.

create or replace function team.member_end(p_account team.account,
  p_actor team.standing, p_target team.standing, p_leaves boolean)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_invitation  team.invitation;
  v_transfer    team.ownership_transfer;
begin
  delete from team.member m
   where m.id = p_target.member_id;

  for v_invitation in
    select n.*
      from team.identity i
      join team.invitation n
        on n.account_id = p_account.id
       and n.email = i.email
       and n.status = 'pending'
     where i.id = p_target.identity_id
       and i.email_verified
       and not p_leaves
  loop
    perform team.invitation_withdraw(v_invitation.id);
    perform team.audit(p_account.id, p_actor, 'invitation.withdraw',
                       'invitation', v_invitation.id, null,
                       jsonb_build_object('email', v_invitation.email));
  end loop;

  for v_transfer in
    update team.ownership_transfer t
       set status = 'cancelled',
           decided_at = statement_timestamp()
     where t.account_id = p_account.id
       and t.status = 'pending'
       and t.to_member_id = p_target.member_id
    returning *
  loop
    perform team.transfer_note(p_account, p_actor, 'ownership.cancel',
                               v_transfer.id);
  end loop;
end
$$;


-- Ends a membership: who comes back later has what the new invitation says.
-- One's own: leaving, which needs no right, and is open to who waits to be let
-- in: an account that lets nobody be in another one would hold them until
-- somebody decides.

create or replace function team_api.member_remove(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_member text,
  p_if_match text default null)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_target   team.standing;
  v_leaves   boolean;
  v_refusal  text;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.standing_find(v_account, p_issuer, p_subject);
  v_leaves := coalesce(p_member in ('me', v_actor.member_id::text), false);

  if not v_leaves then
    v_actor := team.actor_check(v_account, p_issuer, p_subject,
                                'members:remove');

  elsif v_actor.status is distinct from 'pending'
        or v_account.status = 'closed' then
    v_actor := team.actor_check(v_account, p_issuer, p_subject, null);
  end if;

  v_target := team.target_find(v_account, v_actor, p_member);

  perform team.if_match_honour(
    p_if_match, team.etag(team.member_text(v_target.member_id)));

  v_refusal := team.rule_rank(v_account, v_actor, v_target,
                              v_account.admin_may_remove_admin);

  if v_refusal is not null then
    return team.refuse(v_account, v_actor, 'member.remove', v_target.member_id,
                       v_refusal, null);
  end if;

  perform team.rule_owner_stays(v_account, v_target);

  perform team.member_end(v_account, v_actor, v_target, v_leaves);

  perform team.audit(
    v_account.id, v_actor,
    case when v_leaves then 'member.leave' else 'member.remove' end,
    'member', v_target.member_id, null,
    jsonb_build_object('issuer', v_target.issuer,
                       'subject', v_target.subject));

  v_reply.status := 204;
  v_reply.changed := team.changed_person(v_target);
  return v_reply;
end
$$;
