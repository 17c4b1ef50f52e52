-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Links that are passed on by hand, and who asks to join by one.


-- --- what a link is ----------------------------------------------------------

-- The role that joining by a link gives: the link's, else the policy's; null:
-- none.

create or replace function team.link_role(p_account team.account, p_role uuid)
returns uuid[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return array(
    select r.id
      from team.role r
     where r.account_id = p_account.id
       and (r.id = p_role
            or p_role is null and r.key = p_account.link_role));
end
$$;


-- A link never makes an owner, not even where an owner may make another one:
-- nobody knows whose hands it comes into.

create or replace function team.rule_link_role(p_account team.account,
  p_roles uuid[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform team.rule_newcomer(p_account, p_roles, '{}');

  if p_account.owner_mode = 'many'
     and exists (select
                   from team.role r
                  where r.id = any (p_roles)
                    and r.key = p_account.owner_role)
  then
    perform team.fail(409, 'owner-role', 'A link never makes an owner.');
  end if;
end
$$;


create or replace view team.invite_link_body as
select l.account_id,
       l.id as link_id,
       json_build_object(
         'id', l.id,
         'account', l.account_id,
         'status', case
                     when l.revoked_at is not null then 'revoked'
                     when l.expires_at <= statement_timestamp() then 'expired'
                     when l.uses >= l.max_uses then 'used-up'
                     else 'active'
                   end,
         'role', (select json_build_object('key', r.key, 'name', r.name)
                    from team.role r
                   where r.id = l.role_id),
         'max_uses', l.max_uses,
         'uses', l.uses,
         'domains', coalesce(to_json(l.domains), '[]'),
         'creator', (select json_build_object(
                              'id', m.id, 'name', coalesce(m.name, i.name),
                              'email', i.email)
                       from team.member m
                       join team.identity i on i.id = m.identity_id
                      where m.id = l.created_by),
         'created_at', team.time_text(l.created_at),
         'expires_at', team.time_text(l.expires_at)
       ) as body
  from team.invite_link l;


create or replace function team.link_text(p_link uuid)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select b.body::text
      from team.invite_link_body b
     where b.link_id = p_link);
end
$$;


-- The link that a path names.

create or replace function team.link_find(p_account team.account, p_link text)
returns team.invite_link
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_id    uuid := team.id_parse(p_link);
  v_link  team.invite_link;
begin
  select *
    into v_link
    from team.invite_link l
   where l.account_id = p_account.id
     and l.id = v_id;

  if v_link.id is null then
    perform team.not_found();
  end if;

  return v_link;
end
$$;


create or replace view team.join_request_body as
select j.account_id,
       j.id as join_id,
       json_build_object(
         'id', j.id,
         'account', j.account_id,
         'status', j.status,
         'member', j.member_id,
         'name', coalesce(m.name, i.name),
         'email', i.email,
         'roles', coalesce((
           select json_agg(json_build_object('key', r.key, 'name', r.name)
                           order by r.key)
             from team.member_role mr
             join team.role r on r.id = mr.role_id
            where mr.member_id = j.member_id), '[]'),
         'created_at', team.time_text(j.created_at),
         'decided_at', team.time_text(j.decided_at)
       ) as body
  from team.join_request j
  join team.identity i on i.id = j.identity_id
  left join team.member m on m.id = j.member_id;


-- Email domains in ASCII lower case; null for none, which lets everybody in.

create or replace function team.domains_parse(p_domains jsonb)
returns text[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_domains  text[];
begin
  if p_domains is null or p_domains = '[]' or p_domains = 'null' then
    return null;
  end if;

  if jsonb_typeof(p_domains) <> 'array'
     or jsonb_array_length(p_domains) > 20
     or jsonb_path_exists(p_domains, 'strict $[*] ? (@.type() != "string")')
  then
    perform team.fail_at(422, 'invalid-domains', '/domains',
                         'domains must be an array of at most 20 domain '
                         'names.');
  end if;

  v_domains := array(
    select distinct team.email_normal(d.name)
      from jsonb_array_elements_text(p_domains) d (name)
     order by 1);

  if exists (select
               from unnest(v_domains) d (name)
              where octet_length(d.name) > 253
                 or d.name !~ ('^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+'
                               '[a-z]([a-z0-9-]{0,61}[a-z0-9])?$'))
  then
    perform team.fail_at(422, 'invalid-domains', '/domains',
                         'A domain is written in its ASCII form, such as '
                         'example.com.');
  end if;

  return v_domains;
end
$$;


-- --- links -------------------------------------------------------------------

-- The code is in this answer and nowhere else.

create or replace function team_api.link_post(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_role text, p_max_uses integer,
  p_expires_in integer, p_domains jsonb, p_idem text)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_role     uuid;
  v_roles    uuid[];
  v_domains  text[];
  v_refusal  text;
  v_code     text := team.token_make();
  v_id       uuid := team.uuid_v7();
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'invite-links:create');

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_account.id, p_idem,
    jsonb_build_array('link_post', p_role, p_max_uses, p_expires_in,
                      p_domains));
  if v_reply.status is not null then
    return v_reply;
  end if;

  perform team.rule_channel(v_account.join_link);

  if p_max_uses not between 1 and 100000 then
    perform team.fail_at(422, 'invalid-max-uses', '/max_uses',
                         'max_uses must be from 1 to 100000.');
  end if;

  if p_expires_in not between 3600 and 7776000 then
    perform team.fail_at(422, 'invalid-expires-in', '/expires_in',
                         'expires_in must be from 3600 to 7776000 seconds.');
  end if;

  v_domains := team.domains_parse(p_domains);

  if p_role is not null then
    select r.id
      into v_role
      from team.role r
     where r.account_id = v_account.id
       and r.key = p_role;

    if not found then
      perform team.fail_at(422, 'unknown-role', '/role',
                           'The account has no role of that key.');
    end if;
  end if;

  v_roles := team.link_role(v_account, v_role);
  v_refusal := team.rule_offer(v_account, v_actor, v_roles, '{}', '{}');

  if v_refusal is not null then
    v_reply := team.refuse(v_account, v_actor, 'invite-link.create',
                           v_account.id, v_refusal,
                           jsonb_build_object('role', p_role), 'account');
    perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                                 v_reply);
    return v_reply;
  end if;

  perform team.rule_link_role(v_account, v_roles);

  insert into team.invite_link (id, account_id, code_hash, role_id, created_by,
                                expires_at, max_uses, domains)
  values (v_id, v_account.id, team.token_hash(v_code), v_role,
          v_actor.member_id,
          statement_timestamp()
          + make_interval(secs => coalesce(p_expires_in, v_account.link_ttl)),
          p_max_uses, v_domains);

  perform team.audit(v_account.id, v_actor, 'invite-link.create',
                     'invite_link', v_id, null,
                     jsonb_build_object('roles', team.role_keys(v_roles),
                                        'max_uses', p_max_uses,
                                        'domains', to_jsonb(v_domains)));

  v_reply.status := 201;
  v_reply.body := team.link_text(v_id);
  v_reply.etag := team.etag(v_reply.body);
  v_reply.body := v_reply.body::jsonb
                  || jsonb_build_object('code', v_code,
                                        'account_name', v_account.name);
  v_reply.location := format('/v1/accounts/%s/invite-links/%s', v_account.id,
                             v_id);

  perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                               v_reply);
  return v_reply;
end
$$;


-- All but the revoked.

create or replace function team_api.link_list(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_limit integer, p_cursor text)
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
  v_items    json;
  v_last     uuid;
  v_count    integer;
begin
  perform team.actor_check(v_account, p_issuer, p_subject,
                           'invite-links:read');

  v_after := coalesce(team.cursor_read(p_cursor, 'l', v_account.id),
                      '00000000-0000-0000-0000-000000000000');

  with page as (
    select l.id, row_number() over (order by l.id) as n
      from (select l.id
              from team.invite_link l
             where l.account_id = v_account.id
               and l.id > v_after
               and l.revoked_at is null
             order by l.id
             limit v_limit + 1) l
  )
  select json_agg((select b.body
                     from team.invite_link_body b
                    where b.link_id = p.id) order by p.n)
           filter (where p.n <= v_limit),
         (array_agg(p.id order by p.n))[v_limit],
         count(*)
    into v_items, v_last, v_count
    from page p;

  return team.list_reply(
    v_items,
    case when v_count > v_limit
         then team.cursor_make('l', v_account.id, v_last)
    end);
end
$$;


-- Any one, so that who has made it can see what has become of it.

create or replace function team_api.link_get(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_link text)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account := team.account_find(p_account);
  v_link     team.invite_link;
  v_reply    team_api.reply;
begin
  perform team.actor_check(v_account, p_issuer, p_subject,
                           'invite-links:read');
  v_link := team.link_find(v_account, p_link);

  v_reply.status := 200;
  v_reply.body := team.link_text(v_link.id);
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;


create or replace function team_api.link_delete(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_link text,
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
  v_link     team.invite_link;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'invite-links:delete');
  v_link := team.link_find(v_account, p_link);

  perform team.if_match_honour(p_if_match,
                               team.etag(team.link_text(v_link.id)));

  v_reply.status := 204;

  if v_link.revoked_at is not null then
    return v_reply;
  end if;

  update team.invite_link l
     set revoked_at = statement_timestamp()
   where l.id = v_link.id;

  perform team.audit(v_account.id, v_actor, 'invite-link.revoke',
                     'invite_link', v_link.id, null, null);
  return v_reply;
end
$$;
