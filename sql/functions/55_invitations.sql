-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- What an account's people do with invitations.


-- What an invitation may leave out: permissions and groups.

create or replace function team.offer_permissions_parse(p_permissions jsonb)
returns text[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return team.permissions_parse(coalesce(p_permissions, '[]'));
end
$$;


create or replace function team.offer_groups_parse(p_account uuid,
  p_groups jsonb)
returns uuid[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return team.groups_parse(p_account, coalesce(p_groups, '[]'));
end
$$;


create or replace function team.invitation_message()
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return 'Invitation email sent. It may take a moment to arrive.';
end
$$;


create or replace function team_api.invitation_post(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_invitee_email text, p_invitee_name text,
  p_roles jsonb, p_permissions jsonb, p_groups jsonb, p_locale text,
  p_idem text)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_made     record;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'invitations:create');

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_account.id, p_idem,
    jsonb_build_array('invitation_post', p_invitee_email, p_invitee_name,
                      p_roles, p_permissions, p_groups, p_locale));
  if v_reply.status is not null then
    return v_reply;
  end if;

  v_made := team.invitation_create(
    v_account, team.member_account(v_actor.member_id), v_actor,
    p_invitee_email, p_invitee_name,
    team.roles_parse(v_account.id, coalesce(p_roles, '[]')),
    team.offer_permissions_parse(p_permissions),
    team.offer_groups_parse(v_account.id, p_groups), p_locale);

  if v_made.o_refusal is not null then
    v_reply := team.refuse(v_account, v_actor, 'invitation.create',
                           v_account.id, v_made.o_refusal,
                           jsonb_build_object('email', p_invitee_email,
                                              'roles', p_roles,
                                              'permissions', p_permissions),
                           'account');

  else
    v_reply.status := 201;
    v_reply.body := team.invitation_text((v_made.o_invitation).id);
    v_reply.etag := team.etag(v_reply.body);
    v_reply.body := v_reply.body::jsonb
                    || jsonb_build_object('message', team.invitation_message());
    v_reply.location := format('/v1/accounts/%s/invitations/%s', v_account.id,
                               (v_made.o_invitation).id);
  end if;

  perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                               v_reply);
  return v_reply;
end
$$;


-- p_status null: what is open.  In the order of their ids.

create or replace function team_api.invitation_list(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_status text, p_limit integer,
  p_cursor text)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account := team.account_find(p_account);
  v_limit    integer := team.limit_check(p_limit);
  v_after    uuid;
  v_ids      uuid[];
  v_items    json;
begin
  perform team.actor_check(v_account, p_issuer, p_subject,
                           'invitations:read');

  if p_status not in ('pending', 'expired', 'accepted', 'declined',
                      'withdrawn')
  then
    perform team.fail_at(400, 'bad-status', '?status',
                         'status is pending, expired, accepted, declined or '
                         'withdrawn.');
  end if;

  v_after := coalesce(team.cursor_read(p_cursor, 'i', v_account.id),
                      '00000000-0000-0000-0000-000000000000');

  -- apart, as there is an index of the open ones: they are few, while the
  -- accepted ones grow with the members

  if p_status in ('accepted', 'withdrawn') then
    v_ids := array(
      select i.id
        from team.invitation i
       where i.account_id = v_account.id
         and i.id > v_after
         and i.status = p_status
       order by i.id
       limit v_limit + 1);

  else
    v_ids := array(
      select i.id
        from team.invitation i
       where i.account_id = v_account.id
         and i.id > v_after
         and i.status in ('pending', 'declined')
         and (p_status is null
              or p_status = case
                              when i.status = 'pending'
                                   and i.expires_at <= statement_timestamp()
                                then 'expired'
                              else i.status
                            end)
         and (i.status <> 'declined' or v_account.decline_mode <> 'hidden')
       order by i.id
       limit v_limit + 1);
  end if;

  select json_agg((select b.body
                     from team.invitation_body b
                    where b.invitation_id = p.id) order by p.n)
    into v_items
    from unnest(v_ids[:v_limit]) with ordinality p (id, n);

  return team.list_reply(
    v_items,
    case when cardinality(v_ids) > v_limit
         then team.cursor_make('i', v_account.id, v_ids[v_limit])
    end);
end
$$;


create or replace function team_api.invitation_get(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_invitation text)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account     team.account := team.account_find(p_account);
  v_invitation  team.invitation;
  v_reply       team_api.reply;
begin
  perform team.actor_check(v_account, p_issuer, p_subject,
                           'invitations:read');

  v_invitation := team.invitation_find(v_account, p_invitation);

  v_reply.status := 200;
  v_reply.body := team.invitation_text(v_invitation.id);
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;


-- A new mail with a new link; earlier links are dead, expiry starts anew.  Who
-- resends is from then on who invites: the offer must be theirs to make, and an
-- invitation whose inviter has gone lives again.

create or replace function team_api.invitation_resend(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_invitation text, p_idem text,
  p_if_match text default null)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account      team.account;
  v_actor        team.standing;
  v_invitation   team.invitation;
  v_roles        uuid[];
  v_permissions  text[];
  v_refusal      text;
  v_reply        team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'invitations:create');
  v_invitation := team.invitation_find(v_account, p_invitation);

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_account.id, p_idem,
    jsonb_build_array('invitation_resend', v_invitation.id));
  if v_reply.status is not null then
    return v_reply;
  end if;

  perform team.if_match_honour(
    p_if_match, team.etag(team.invitation_text(v_invitation.id)));

  if v_invitation.status <> 'pending' then
    perform team.fail(409, 'not-pending', 'The invitation is not pending.');
  end if;

  -- against a token that is being issued, which takes a share of this row
  perform
     from team.invitation i
    where i.id = v_invitation.id
      for update;

  v_roles := team.invitation_roles(v_invitation.id);
  v_permissions := team.invitation_permissions(v_invitation.id);

  v_refusal := team.rule_offer(v_account, v_actor, v_roles, v_permissions,
                               team.invitation_groups(v_invitation.id));
  if v_refusal is not null then
    v_reply := team.refuse(v_account, v_actor, 'invitation.resend',
                           v_invitation.id, v_refusal, null, 'invitation');
    perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                                 v_reply);
    return v_reply;
  end if;

  perform team.rule_channel_email(v_account, v_invitation.inviter_account_id);
  perform team.rule_newcomer(v_account, v_roles, v_permissions);
  perform team.scope_check(v_account, null, v_invitation.email);
  perform team.quota_take(v_account.id, 'resend:' || v_invitation.id,
                          team.quota_limit('resend'), 1);

  update team.invitation_token t
     set void = true
   where t.invitation_id = v_invitation.id
     and not t.void;

  update team.invitation i
     set expires_at = statement_timestamp()
                      + make_interval(secs => v_account.invitation_ttl),
         inviter_account_id = team.member_account(v_actor.member_id),
         inviter_member_id = v_actor.member_id,
         sent_at = null
   where i.id = v_invitation.id
     and i.status = 'pending';

  perform team.invitation_mail_cancel(v_invitation.id);
  perform team.outbox_add(v_account.id, 'invitation.mail',
                          jsonb_build_object('invitation', v_invitation.id));
  perform team.audit(v_account.id, v_actor, 'invitation.resend', 'invitation',
                     v_invitation.id, null, null);

  v_reply.status := 202;
  v_reply.body := team.invitation_text(v_invitation.id)::jsonb
                  || jsonb_build_object('message', team.invitation_message());

  perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                               v_reply);
  return v_reply;
end
$$;


-- A pending one is withdrawn, its link dead at once; a declined or expired one
-- is cleared away.  Repeats are harmless.

create or replace function team_api.invitation_delete(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_invitation text,
  p_if_match text default null)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account     team.account;
  v_actor       team.standing;
  v_invitation  team.invitation;
  v_reply       team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'invitations:delete');
  v_invitation := team.invitation_find(v_account, p_invitation);

  perform team.if_match_honour(
    p_if_match, team.etag(team.invitation_text(v_invitation.id)));

  if v_invitation.status = 'accepted' then
    perform team.fail(409, 'already-accepted',
                      'The invitation has been accepted. Remove the member.');
  end if;

  v_reply.status := 204;

  if v_invitation.status = 'withdrawn' then
    return v_reply;
  end if;

  perform team.invitation_withdraw(v_invitation.id);
  perform team.audit(
    v_account.id, v_actor,
    case
      when v_invitation.status = 'pending'
           and v_invitation.expires_at > statement_timestamp()
        then 'invitation.withdraw'
      else 'invitation.clear'
    end,
    'invitation', v_invitation.id, null,
    jsonb_build_object('email', v_invitation.email));
  return v_reply;
end
$$;
