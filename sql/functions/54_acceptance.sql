-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- What the invited do: look, accept, decline.
--
-- A token says which invitation is meant, and lets nobody in by itself: it
-- takes the same verified address.  Malformed, unknown and foreign tokens are
-- all the same 404; 410 is for one that was good once.


-- An account by its id, locked as account_lock does it, for who is no member.

create or replace function team.account_hold(p_account uuid)
returns team.account
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using
      errcode = 'invalid_transaction_state',
      message = 'ngx_team writes only under read committed';
  end if;

  select *
    into v_account
    from team.account a
   where a.id = p_account
     for no key update;

  if v_account.id is null then
    perform team.not_found();
  end if;

  if v_account.status = 'closed' then
    perform team.fail(410, 'account-closed', 'The account is closed.');
  end if;

  return v_account;
end
$$;


create or replace function team.invitation_by_token(p_token text)
returns team.invitation
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hash        bytea := team.token_hash(p_token);
  v_token       team.invitation_token;
  v_invitation  team.invitation;
begin
  select *
    into v_token
    from team.invitation_token t
   where t.token_hash = v_hash;

  if v_token.token_hash is null then
    perform team.not_found();
  end if;

  select *
    into v_invitation
    from team.invitation i
   where i.id = v_token.invitation_id;

  case v_invitation.status
    when 'accepted' then
      perform team.fail(410, 'invitation-accepted',
                        'The invitation has been accepted already.');
    when 'declined' then
      perform team.fail(410, 'invitation-declined',
                        'The invitation has been declined.');
    when 'withdrawn' then
      perform team.fail(410, 'invitation-withdrawn',
                        'The invitation has been withdrawn.');
    else
      null;
  end case;

  if v_token.void then
    perform team.fail(410, 'invitation-replaced',
                      'There is a newer mail with a link that works.');
  end if;

  if v_invitation.expires_at <= statement_timestamp() then
    perform team.fail(410, 'invitation-expired',
                      'The invitation has expired. Ask who invited you to '
                      'send it again.');
  end if;

  return v_invitation;
end
$$;


create or replace function team.email_verified_check(p_email text,
  p_email_verified boolean)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_email is null or p_email_verified is not true then
    perform team.fail(403, 'email-unverified',
                      'Verify your email address first.');
  end if;

  return team.email_normal(p_email);
end
$$;


create or replace function team.rule_addressee(p_invitation team.invitation,
  p_email text, p_email_verified boolean)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if team.email_verified_check(p_email, p_email_verified)
     is distinct from p_invitation.email
  then
    perform team.fail(403, 'email-mismatch',
                      'The invitation is for another email address.');
  end if;
end
$$;


-- Who asks, as audit wants them, where they are no member.

create or replace function team.stranger(p_issuer text, p_subject text)
returns team.standing
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_stranger  team.standing;
begin
  v_stranger.issuer := p_issuer;
  v_stranger.subject := p_subject;
  return v_stranger;
end
$$;


-- An offer that no longer holds: 409 with its audit row, so not raised.

create or replace function team.offer_void(p_account team.account,
  p_actor team.standing, p_action text, p_target_type text, p_target uuid)
returns team_api.reply
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_reply  team_api.reply;
begin
  perform team.audit(p_account.id, p_actor, p_action, p_target_type, p_target,
                     'inviter-lost-right', null);

  v_reply.status := 409;
  v_reply.body := json_build_object(
    'code', 'inviter-lost-right',
    'detail', 'Who invited you may no longer give these rights. Ask them or '
              'another administrator.');
  return v_reply;
end
$$;


-- The answer to whoever has just become a member.

create or replace function team.joined_reply(p_account team.account,
  p_member team.standing)
returns team_api.reply
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_reply  team_api.reply;
begin
  v_reply.status := 201;
  v_reply.body := team.member_text(p_member.member_id);
  v_reply.etag := team.etag(v_reply.body);
  v_reply.location := format('/v1/accounts/%s/members/%s', p_account.id,
                             p_member.member_id);
  v_reply.changed := team.changed_person(p_member);
  return v_reply;
end
$$;


-- j***@example.com: enough for its owner to know it by.

create or replace function team.email_mask(p_email text)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return left(p_email, 1) || '***' || substr(p_email, strpos(p_email, '@'));
end
$$;


-- --- looking ----------------------------------------------------------------

-- Without signing in: what a page needs to ask "do you want to join?".

create or replace function team_api.invitation_lookup(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_token text)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_invitation  team.invitation := team.invitation_by_token(p_token);
  v_reply       team_api.reply;
begin
  select 200,
         json_build_object(
           'account', json_build_object('name', a.name),
           'inviter', json_build_object(
             'name', (select coalesce(m.name, ii.name)
                        from team.member m
                        join team.identity ii on ii.id = m.identity_id
                       where m.id = v_invitation.inviter_member_id)),
           'email', team.email_mask(v_invitation.email),
           'expires_at', team.time_text(v_invitation.expires_at),
           'may_decline', a.decline_mode <> 'off')
    into v_reply.status, v_reply.body
    from team.account a
   where a.id = v_invitation.account_id
     and a.status = 'active';

  if v_reply.status is null then
    perform team.fail(410, 'account-closed', 'The account is closed.');
  end if;

  return v_reply;
end
$$;


-- The pending invitations to the caller's address.  The list has no tokens:
-- the mail has.

create or replace function team_api.me_invitations(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_limit integer, p_cursor text)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_limit  integer := team.limit_check(p_limit);
  v_email  text;
  v_scope  uuid;
  v_after  uuid;
  v_items  json;
  v_last   uuid;
  v_count  integer;
begin
  perform team.actor_present(p_issuer, p_subject);

  v_email := team.email_verified_check(p_email, p_email_verified);
  v_scope := substr(encode(sha256(convert_to(v_email, 'UTF8')), 'hex'),
                    1, 32)::uuid;
  v_after := coalesce(team.cursor_read(p_cursor, 'e', v_scope),
                      '00000000-0000-0000-0000-000000000000');

  with page as (
    select i.id, i.account_id, i.inviter_member_id, i.expires_at, a.slug,
           a.name, row_number() over (order by i.id) as n
      from team.invitation i
      join team.account a on a.id = i.account_id
     where i.email = v_email
       and i.status = 'pending'
       and i.expires_at > statement_timestamp()
       and a.status = 'active'
       and i.id > v_after
     order by i.id
     limit v_limit + 1
  )
  select json_agg(json_build_object(
                    'id', p.id,
                    'account', json_build_object(
                      'id', p.account_id,
                      'slug', p.slug,
                      'name', p.name),
                    'roles', (select b.body -> 'roles'
                                from team.invitation_body b
                               where b.invitation_id = p.id),
                    'inviter', (select json_build_object(
                                         'name', coalesce(m.name, ii.name),
                                         'email', ii.email)
                                  from team.member m
                                  join team.identity ii
                                    on ii.id = m.identity_id
                                 where m.id = p.inviter_member_id),
                    'expires_at', team.time_text(p.expires_at))
                  order by p.n)
           filter (where p.n <= v_limit),
         (array_agg(p.id order by p.n))[v_limit],
         count(*)
    into v_items, v_last, v_count
    from page p;

  return team.list_reply(
    v_items,
    case when v_count > v_limit
         then team.cursor_make('e', v_scope, v_last)
    end);
end
$$;


-- --- deciding ---------------------------------------------------------------

-- Who is not the addressee doesn't get as far as the account's lock.  Under it
-- everything is looked up again, and the update is what decides.  A repeat is
-- known before the token is looked at, which is not good any more.

create or replace function team_api.invitation_accept(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_token text, p_idem text default null)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_nil          constant uuid := '00000000-0000-0000-0000-000000000000';
  v_invitation   team.invitation;
  v_account      team.account;
  v_identity     uuid;
  v_roles        uuid[];
  v_permissions  text[];
  v_groups       uuid[];
  v_id           uuid;
  v_member       team.standing;
  v_reply        team_api.reply;
begin
  perform team.actor_present(p_issuer, p_subject);

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_nil, p_idem,
    jsonb_build_array('invitation_accept', p_token));

  if v_reply.status is not null then
    return v_reply;
  end if;

  v_invitation := team.invitation_by_token(p_token);
  perform team.rule_addressee(v_invitation, p_email, p_email_verified);

  v_account := team.account_hold(v_invitation.account_id);
  v_invitation := team.invitation_by_token(p_token);

  v_roles := team.invitation_roles(v_invitation.id);
  v_permissions := team.invitation_permissions(v_invitation.id);
  v_groups := team.invitation_groups(v_invitation.id);

  if team.rule_inviter(
       v_account, v_invitation.inviter_account_id,
       v_invitation.inviter_member_id,
       case
         when v_invitation.inviter_account_id = v_account.id
              or team.permission_has(v_invitation.inviter_member_id,
                                     'invitations:create')
                 and team.permission_has(v_invitation.inviter_member_id,
                                         'subaccounts:read')
           then 'invitations:create'
         else 'subaccounts:create'
       end,
       v_roles, v_permissions, v_groups) is not null
  then
    v_reply := team.offer_void(v_account, team.stranger(p_issuer, p_subject),
                               'invitation.accept', 'invitation',
                               v_invitation.id);
    perform team.idempotency_end(p_issuer, p_subject, v_nil, p_idem, v_reply);
    return v_reply;
  end if;

  perform team.rule_channel_email(v_account, v_invitation.inviter_account_id);
  perform team.rule_newcomer(v_account, v_roles, v_permissions);

  v_identity := team.identity_touch(p_issuer, p_subject, p_email,
                                    p_email_verified, p_name);

  update team.invitation i
     set status = 'accepted',
         decided_at = statement_timestamp()
   where i.id = v_invitation.id
     and i.status = 'pending'
     and i.expires_at > statement_timestamp()
  returning * into v_invitation;

  if v_invitation.id is null then
    perform team.invitation_by_token(p_token);
    perform team.fail(410, 'gone', 'The invitation is no longer valid.');
  end if;

  -- two statements, as the second must see what the first has written
  v_id := team.member_join(v_account, v_identity, v_roles, v_permissions,
                           v_groups, v_invitation.inviter_member_id, 'active');
  v_member := team.standing_find(v_account.id, v_id);

  update team.invitation i
     set accepted_member_id = v_id
   where i.id = v_invitation.id;

  perform team.audit(v_account.id, v_member, 'invitation.accept', 'invitation',
                     v_invitation.id, null,
                     jsonb_build_object('member', v_member.member_id));

  v_reply := team.joined_reply(v_account, v_member);
  perform team.idempotency_end(p_issuer, p_subject, v_nil, p_idem, v_reply);
  return v_reply;
end
$$;


create or replace function team_api.invitation_decline(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_token text, p_idem text default null)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_nil         constant uuid := '00000000-0000-0000-0000-000000000000';
  v_invitation  team.invitation;
  v_account     team.account;
  v_reply       team_api.reply;
begin
  perform team.actor_present(p_issuer, p_subject);

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_nil, p_idem,
    jsonb_build_array('invitation_decline', p_token));

  if v_reply.status is not null then
    return v_reply;
  end if;

  v_invitation := team.invitation_by_token(p_token);
  perform team.rule_addressee(v_invitation, p_email, p_email_verified);

  v_account := team.account_hold(v_invitation.account_id);

  if v_account.decline_mode = 'off' then
    perform team.fail(409, 'decline-disabled',
                      'Invitations to this account are not declined: they '
                      'expire.');
  end if;

  v_invitation := team.invitation_by_token(p_token);

  update team.invitation i
     set status = 'declined',
         decided_at = statement_timestamp()
   where i.id = v_invitation.id
     and i.status = 'pending'
     and i.expires_at > statement_timestamp()
  returning * into v_invitation;

  if v_invitation.id is null then
    perform team.invitation_by_token(p_token);
    perform team.fail(410, 'gone', 'The invitation is no longer valid.');
  end if;

  perform team.invitation_mail_cancel(v_invitation.id);
  perform team.audit(v_account.id, team.stranger(p_issuer, p_subject),
                     'invitation.decline', 'invitation', v_invitation.id, null,
                     null);

  v_reply.status := 204;
  perform team.idempotency_end(p_issuer, p_subject, v_nil, p_idem, v_reply);
  return v_reply;
end
$$;
