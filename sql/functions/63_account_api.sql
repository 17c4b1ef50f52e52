-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Making, changing and closing accounts.


-- An area and city as in "Europe/Berlin", or UTC; null: UTC.  PostgreSQL would
-- take much else: offsets, abbreviations, rules in POSIX's language.

create or replace function team.time_zone_check(p_time_zone text)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_time_zone ~ '^[A-Za-z]+(/[A-Za-z][A-Za-z0-9_+-]*){1,2}$'
     or coalesce(p_time_zone, 'UTC') = 'UTC'
  then
    perform timezone(p_time_zone, statement_timestamp());
    return coalesce(p_time_zone, 'UTC');
  end if;

  raise invalid_parameter_value;

exception
  when invalid_parameter_value then
    perform team.fail_at(422, 'invalid-time-zone', '/time_zone',
                         'A time zone is one like "Europe/Berlin", or "UTC".');
end
$$;


create or replace function team.slug_check(p_slug text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return p_slug::team.slug;

exception
  when check_violation then
    perform team.fail_at(422, 'invalid-slug', '/slug',
                         'A slug has 1 to 63 characters: a-z, 0-9 and "-", a '
                         'letter first, no "-" last; and is not like an id.');
end
$$;


create or replace function team.account_name_check(p_name text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_name  text := team.name_check(p_name, 'name');
begin
  if v_name is null then
    perform team.fail_at(422, 'invalid-name', '/name',
                         'An account needs a name.');
  end if;

  return v_name;
end
$$;


-- A slug as somebody would make it of the name; there may be one like it.

create or replace function team.slug_make(p_name text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_slug  text;
begin
  v_slug := btrim(left(btrim(regexp_replace(team.email_normal(p_name),
                                            '[^a-z0-9]+', '-', 'g'), '-'),
                       40), '-');

  if v_slug !~ '^[a-z]' or team.id_parse(v_slug) is not null then
    v_slug := btrim('team-' || v_slug, '-');
  end if;

  return v_slug;
end
$$;


-- account_insert with a slug that is asked for, or made where it is null.

create or replace function team.account_make(p_like jsonb, p_preset text,
  p_slug text, p_name text, p_time_zone text, p_parent team.account)
returns team.account
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_base  text := coalesce(p_slug, team.slug_make(p_name));
  v_slug  text := v_base;
begin
  for n in 1 .. 8 loop
    begin
      return team.account_insert(p_like, p_preset, v_slug, p_name,
                                 p_time_zone, p_parent);
    exception
      when unique_violation then
        if p_slug is not null then
          perform team.fail(409, 'slug-taken', 'Another account has it.');
        end if;
    end;

    v_slug := v_base || '-' || substr(replace(gen_random_uuid()::text, '-', ''),
                                      1, 6);
  end loop;

  perform team.fail(409, 'slug-taken', 'Another account has it.');
end
$$;


-- What an account may be made as: for whoever is signed in, who may make one.

create or replace function team_api.preset_list(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform team.actor_present(p_issuer, p_subject);

  return team.list_reply(
    (select json_agg(json_build_object(
                       'name', p.name,
                       'title', p.title,
                       'roles', coalesce((
                         select json_agg(json_build_object('key', r.key,
                                                           'name', r.name)
                                         order by r.rank desc, r.key)
                           from team.preset_role r
                          where r.preset = p.name), '[]'))
                     order by p.name)
       from team.preset p),
    null);
end
$$;


create or replace function team.account_reply(p_status integer,
  p_account team.account)
returns team_api.reply
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_reply  team_api.reply;
begin
  v_reply.status := p_status;
  v_reply.body := team.account_text(p_account);
  v_reply.etag := team.etag(v_reply.body);

  if p_status = 201 then
    v_reply.location := '/v1/accounts/' || p_account.id;
  end if;

  return v_reply;
end
$$;


-- The caller becomes the owner; where a preset has none, they get the role of
-- the highest rank.

create or replace function team_api.account_post(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account_name text, p_preset text, p_time_zone text,
  p_slug text, p_idem text)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_nil       constant uuid := '00000000-0000-0000-0000-000000000000';
  v_name      text;
  v_slug      text;
  v_zone      text;
  v_preset    jsonb;
  v_account   team.account;
  v_identity  uuid;
  v_member    uuid;
  v_role      uuid;
  v_actor     team.standing;
  v_reply     team_api.reply;
begin
  perform team.actor_present(p_issuer, p_subject);

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_nil, p_idem,
    jsonb_build_array('account_post', p_account_name, p_preset, p_time_zone,
                      p_slug));

  if v_reply.status is not null then
    return v_reply;
  end if;

  v_name := team.account_name_check(p_account_name);
  v_slug := team.slug_check(p_slug);
  v_zone := team.time_zone_check(p_time_zone);

  select to_jsonb(p)
    into v_preset
    from team.preset p
   where p.name = p_preset;

  if not found then
    perform team.fail_at(422, 'unknown-preset', '/preset',
                         'There is no such preset.');
  end if;

  v_identity := team.identity_touch(p_issuer, p_subject, p_email,
                                    p_email_verified, p_name);
  v_account := team.account_make(v_preset, p_preset, v_slug, v_name, v_zone,
                                 null);
  perform team.preset_roles_add(v_account.id, p_preset);

  select r.id
    into v_role
    from team.role r
   where r.account_id = v_account.id
   order by r.key is not distinct from v_account.owner_role desc,
            r.rank desc, r.key
   limit 1;

  v_member := team.member_join(v_account, v_identity, array[v_role], null,
                               null, null, 'active');

  select *
    into v_account
    from team.account a
   where a.id = v_account.id;

  v_actor := team.standing_find(v_account, p_issuer, p_subject);
  perform team.audit(v_account.id, v_actor, 'account.create', 'account',
                     v_account.id, null,
                     jsonb_build_object('preset', p_preset, 'name', v_name));

  v_reply := team.account_reply(201, v_account);
  v_reply.changed := team.changed_person(v_actor);
  perform team.idempotency_end(p_issuer, p_subject, v_nil, p_idem, v_reply);
  return v_reply;
end
$$;


-- RFC 7396: name, slug, time_zone.  Under a new slug other people's requests
-- can mean this account: all must look again.

create or replace function team_api.account_patch(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_body jsonb, p_if_match text)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_old      team.account;
  v_account  team.account;
  v_actor    team.standing;
  v_wrong    text := '';
  v_reply    team_api.reply;
begin
  v_old := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_old, p_issuer, p_subject, 'account:update');

  perform team.if_match_check(p_if_match,
                              team.etag(team.account_text(v_old)));

  if jsonb_typeof(p_body) = 'object' then
    select team.pointer(b.key)
      into v_wrong
      from jsonb_each(p_body) b
     where b.key not in ('name', 'slug', 'time_zone')
        or jsonb_typeof(b.value) <> 'string'
     order by b.key collate "C"
     limit 1;
  end if;

  if v_wrong is not null then
    perform team.fail_at(422, 'invalid-account', v_wrong,
                         'Of an account name, slug and time_zone can be '
                         'changed; each is a string.');
  end if;

  v_account := v_old;

  if p_body ? 'name' then
    v_account.name := team.account_name_check(p_body ->> 'name');
  end if;

  if p_body ? 'slug' then
    v_account.slug := team.slug_check(p_body ->> 'slug');
  end if;

  if p_body ? 'time_zone' then
    v_account.time_zone := team.time_zone_check(p_body ->> 'time_zone');
  end if;

  if v_account is distinct from v_old then
    begin
      update team.account a
         set name = v_account.name,
             slug = v_account.slug,
             time_zone = v_account.time_zone
       where a.id = v_old.id;
    exception
      when unique_violation then
        perform team.fail(409, 'slug-taken', 'Another account has it.');
    end;

    perform team.audit(
      v_old.id, v_actor, 'account.update', 'account', v_old.id, null,
      jsonb_build_object(
        'from', jsonb_build_object('name', v_old.name,
                                   'slug', v_old.slug,
                                   'time_zone', v_old.time_zone),
        'to', jsonb_build_object('name', v_account.name,
                                 'slug', v_account.slug,
                                 'time_zone', v_account.time_zone)));
  end if;

  v_reply := team.account_reply(200, v_account);

  if p_body ? 'slug' then
    v_reply.changed := '[{}]';
  end if;

  return v_reply;
end
$$;


-- For good.  What was still on offer is no more.

create or replace function team_api.account_close(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_confirm text, p_if_match text,
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
  v_refusal  text;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);

  -- before the actor is checked: to them the account is closed already
  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_account.id, p_idem,
    jsonb_build_array('account_close', p_confirm));

  if v_reply.status is not null then
    return v_reply;
  end if;

  v_actor := team.actor_check(v_account, p_issuer, p_subject, 'account:close');
  v_refusal := team.rule_owner(v_account, v_actor);

  if v_refusal is not null then
    v_reply := team.refuse(v_account, v_actor, 'account.close', v_account.id,
                           v_refusal, null, 'account');
    perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                                 v_reply);
    return v_reply;
  end if;

  perform team.if_match_check(p_if_match,
                              team.etag(team.account_text(v_account)));

  if p_confirm is distinct from v_account.slug::text then
    perform team.fail_at(422, 'confirm-mismatch', '/confirm',
                         'confirm must be the account''s slug.');
  end if;

  perform
     from team.account a
    where a.parent_id = v_account.id
      and a.status = 'active';

  if found then
    perform team.fail(409, 'has-subaccounts', 'Close its subaccounts first.');
  end if;

  update team.invitation i
     set status = 'withdrawn',
         decided_at = statement_timestamp()
   where i.account_id = v_account.id
     and i.status = 'pending';

  update team.invite_link l
     set revoked_at = statement_timestamp()
   where l.account_id = v_account.id
     and l.revoked_at is null;

  update team.ownership_transfer t
     set status = 'cancelled',
         decided_at = statement_timestamp()
   where t.account_id = v_account.id
     and t.status = 'pending';

  update team.account a
     set status = 'closed',
         closed_at = statement_timestamp()
   where a.id = v_account.id
  returning * into v_account;

  perform team.audit(v_account.id, v_actor, 'account.close', 'account',
                     v_account.id, null, null);

  v_reply := team.account_reply(202, v_account);
  v_reply.changed := '[{}]';
  perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                               v_reply);
  return v_reply;
end
$$;


create or replace function team_api.seats_get(
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

  v_reply.status := 200;
  v_reply.body := json_build_object('limit', v_account.seat_limit,
                                    'used', team.seats_used(v_account.id));
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;
