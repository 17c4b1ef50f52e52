-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Joining by an invite link.


create or replace function team.link_by_code(p_code text)
returns team.invite_link
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hash  bytea := team.token_hash(p_code);
  v_link  team.invite_link;
begin
  select *
    into v_link
    from team.invite_link l
   where l.code_hash = v_hash;

  if v_link.id is null then
    perform team.not_found();
  end if;

  if v_link.revoked_at is not null then
    perform team.fail(410, 'link-revoked', 'The link has been withdrawn.');
  end if;

  if v_link.expires_at <= statement_timestamp() then
    perform team.fail(410, 'link-expired', 'The link has expired.');
  end if;

  if v_link.uses >= v_link.max_uses then
    perform team.fail(410, 'link-used-up',
                      'The link has been used as often as it may be.');
  end if;

  return v_link;
end
$$;


-- A member at once, or one that waits for approval, as the policy says.  One
-- that was rejected or removed may ask again, which is another use.

create or replace function team_api.link_join(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_code text, p_idem text default null)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_nil       constant uuid := '00000000-0000-0000-0000-000000000000';
  v_email     text;
  v_link      team.invite_link;
  v_account   team.account;
  v_roles     uuid[];
  v_identity  uuid;
  v_id        uuid;
  v_member    team.standing;
  v_join      uuid;
  v_reply     team_api.reply;
begin
  perform team.actor_present(p_issuer, p_subject);

  v_reply := team.idempotency_begin(p_issuer, p_subject, v_nil, p_idem,
                                    jsonb_build_array('link_join', p_code));

  if v_reply.status is not null then
    return v_reply;
  end if;

  v_link := team.link_by_code(p_code);
  v_email := team.email_verified_check(p_email, p_email_verified);

  if substr(v_email, strpos(v_email, '@') + 1) <> all (v_link.domains) then
    perform team.fail(403, 'domain-not-allowed',
                      'The link is not for email addresses of your domain.');
  end if;

  v_account := team.account_hold(v_link.account_id);
  v_link := team.link_by_code(p_code);
  v_roles := team.link_role(v_account, v_link.role_id);

  perform team.rule_channel(v_account.join_link);

  if team.rule_inviter(v_account, team.member_account(v_link.created_by),
                       v_link.created_by,
                       'invite-links:create', v_roles, '{}', '{}') is not null
  then
    v_reply := team.offer_void(v_account, team.stranger(p_issuer, p_subject),
                               'invite-link.join', 'invite_link', v_link.id);
    perform team.idempotency_end(p_issuer, p_subject, v_nil, p_idem, v_reply);
    return v_reply;
  end if;

  perform team.rule_link_role(v_account, v_roles);

  v_identity := team.identity_touch(p_issuer, p_subject, p_email,
                                    p_email_verified, p_name);

  update team.invite_link l
     set uses = l.uses + 1
   where l.id = v_link.id
     and l.revoked_at is null
     and l.expires_at > statement_timestamp()
     and (l.max_uses is null or l.uses < l.max_uses);

  if not found then
    perform team.link_by_code(p_code);
    perform team.fail(410, 'gone', 'The link is no longer valid.');
  end if;

  -- two statements, as the second must see what the first has written
  v_id := team.member_join(v_account, v_identity, v_roles, '{}', '{}',
                           v_link.created_by,
                           case
                             when v_account.link_requires_approval
                               then 'pending'
                             else 'active'
                           end);
  v_member := team.standing_find(v_account.id, v_id);

  if not v_account.link_requires_approval then
    perform team.audit(v_account.id, v_member, 'invite-link.join',
                       'invite_link', v_link.id, null,
                       jsonb_build_object('member', v_member.member_id));
    v_reply := team.joined_reply(v_account, v_member);
    perform team.idempotency_end(p_issuer, p_subject, v_nil, p_idem, v_reply);
    return v_reply;
  end if;

  -- one whose member was removed in the meantime is not pending any more
  update team.join_request j
     set status = 'rejected',
         decided_at = statement_timestamp()
   where j.account_id = v_account.id
     and j.identity_id = v_identity
     and j.status = 'pending';

  insert into team.join_request (account_id, member_id, identity_id, link_id)
  values (v_account.id, v_member.member_id, v_identity, v_link.id)
  returning id into v_join;

  perform team.audit(v_account.id, v_member, 'join-request.create',
                     'join_request', v_join, null,
                     jsonb_build_object('link', v_link.id));

  select 202, b.body
    into v_reply.status, v_reply.body
    from team.join_request_body b
   where b.join_id = v_join;

  v_reply.changed := team.changed_person(v_member);
  perform team.idempotency_end(p_issuer, p_subject, v_nil, p_idem, v_reply);
  return v_reply;
end
$$;
