-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- What the functions of member management share beside the rules.


-- --- repeats -----------------------------------------------------------------

-- To be called when it is known who asks and that they may: null (its status
-- is null) means to go on, and to end with idempotency_end; otherwise it is
-- the answer of the first time.  p_scope: the account's id, or the nil id.
-- p_request: all that the request says, its function's name included.
--
-- Under an account's lock repeats follow one another; elsewhere the second of
-- two at once is told so, and doesn't wait.

create or replace function team.idempotency_begin(p_issuer text,
  p_subject text, p_scope uuid, p_key text, p_request jsonb)
returns team_api.reply
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_lock     bigint;
  v_request  bytea;
  v_row      team.idempotency_key;
begin
  if p_key is null then
    return null;
  end if;

  if octet_length(p_key) not between 1 and 255 or p_key !~ '^[\x21-\x7e]+$'
  then
    perform team.fail_at(422, 'idempotency-key', 'Idempotency-Key',
                         'Idempotency-Key has 1 to 255 visible ASCII '
                         'characters.');
  end if;

  v_lock := hashtextextended(
              jsonb_build_array('idempotency', p_issuer, p_subject, p_scope,
                                p_key)::text, 0);

  -- whoever comes here with the account's lock may find this one not released
  -- yet by who had both
  if p_scope <> '00000000-0000-0000-0000-000000000000' then
    perform pg_advisory_xact_lock(v_lock);

  elsif not pg_try_advisory_xact_lock(v_lock) then
    perform team.fail(409, 'idempotency-running',
                      'The same request is still being worked on.');
  end if;

  delete from team.idempotency_key k
   where k.ctid = any (array(
           select o.ctid
             from team.idempotency_key o
            where o.created_at < statement_timestamp() - interval '24 hours'
            order by o.created_at
            limit 20
              for update skip locked));

  v_request := sha256(convert_to(coalesce(p_request, 'null')::text, 'UTF8'));

  select *
    into v_row
    from team.idempotency_key k
   where k.issuer = p_issuer
     and k.subject = p_subject
     and k.scope = p_scope
     and k.key = p_key;

  if v_row.key is not null
     and v_row.created_at >= statement_timestamp() - interval '24 hours'
  then
    if v_row.request <> v_request then
      perform team.fail_at(422, 'idempotency-mismatch', 'Idempotency-Key',
                           'The key has been used for another request.');
    end if;

    return v_row.reply;
  end if;

  insert into team.idempotency_key (issuer, subject, scope, key, request)
  values (p_issuer, p_subject, p_scope, p_key, v_request)
  on conflict (issuer, subject, scope, key) do update
    set request = excluded.request,
        created_at = excluded.created_at,
        reply = null;

  return null;
end
$$;


-- A secret that is shown once is not kept: a repeat is told all but that.

create or replace function team.idempotency_end(p_issuer text,
  p_subject text, p_scope uuid, p_key text, p_reply team_api.reply)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_key is null then
    return;
  end if;

  if p_reply.status < 400 and p_reply.body::jsonb ?| array['code', 'token']
  then
    p_reply.body := p_reply.body::jsonb - array['code', 'token'];
  end if;

  update team.idempotency_key k
     set reply = p_reply
   where k.issuer = p_issuer
     and k.subject = p_subject
     and k.scope = p_scope
     and k.key = p_key;
end
$$;


-- --- deliveries and quotas ---------------------------------------------------

-- For mail: events come from team.audit.

create or replace function team.outbox_add(p_account uuid, p_kind text,
  p_payload jsonb)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into team.outbox (account_id, kind, payload)
  values (p_account, p_kind, coalesce(p_payload, '{}'));
end
$$;


-- Deletes events that nobody has fetched in 7 days, at most 1000, and never
-- mail; returns how many.

create or replace function team.outbox_prune()
returns integer
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count  integer;
begin
  with old as (
    select o.id
      from team.outbox o
     where o.kind <> 'invitation.mail'
       and o.created_at < statement_timestamp() - interval '7 days'
     order by o.created_at
     limit 1000
       for update skip locked
  )
  delete from team.outbox o
   using old
   where o.id = old.id;

  get diagnostics v_count = row_count;
  return v_count;
end
$$;


-- Takes p_n of what an account may use up in an hour, or raises with the
-- seconds until there is more as the hint.

create or replace function team.quota_take(p_account uuid, p_kind text,
  p_per_hour integer, p_n integer)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_start  timestamptz := date_trunc('hour', statement_timestamp(), 'UTC');
  v_n      integer;
begin
  insert into team.quota_use as q (account_id, kind, starts_at, n)
  values (p_account, p_kind, v_start, p_n)
  on conflict (account_id, kind, starts_at) do update
    set n = q.n + excluded.n
  returning q.n into v_n;

  if v_n > p_per_hour then
    raise exception using
      errcode = 'TM429',
      message = 'quota-exceeded',
      detail = format('At most %s an hour.', p_per_hour),
      hint = ceil(extract(epoch from v_start + interval '1 hour'
                                     - statement_timestamp()))::text;
  end if;

  -- the first of its hour

  if v_n = p_n then
    delete from team.quota_use q
     where q.account_id = p_account
       and q.kind = p_kind
       and q.starts_at < v_start;
  end if;
end
$$;


-- --- what people say of themselves and others --------------------------------

-- A name, title or the like: without blanks around it; null for nothing.
-- p_what: the member of the request it came in.

create or replace function team.name_check(p_name text, p_what text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_name  text := btrim(p_name);
begin
  if char_length(v_name) > 200 or v_name ~ '[\x01-\x1f\x7f]' then
    perform team.fail_at(422, 'invalid-' || p_what, team.pointer(p_what),
                         format('%s has at most 200 characters and no control '
                                'characters.', p_what));
  end if;

  return nullif(v_name, '');
end
$$;


-- The normal form of an address: RFC 5321's Mailbox without quoted strings and
-- address literals, in ASCII lower case.

create or replace function team.email_check(p_email text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_email  text := team.email_normal(p_email);
begin
  if v_email is null then
    perform team.fail_at(422, 'invalid-email', '/email',
                         'An email address is needed.');
  end if;

  if v_email ~ '^[\x21-\x7e]+@[^\x01-\x7f]*[^\x01-\x20\x7f@]+$'
     and v_email ~ '[^\x01-\x7f]'
  then
    perform team.fail_at(422, 'invalid-email', '/email',
                         'Write an internationalized domain in its ASCII form '
                         '("xn--...").');
  end if;

  if octet_length(v_email) > 254
     or v_email !~ ('^[a-z0-9!#$%&''*+/=?^_`{|}~-]+'
                    '([.][a-z0-9!#$%&''*+/=?^_`{|}~-]+)*'
                    '@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])*'
                    '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$')
     or strpos(v_email, '@') > 65
     or v_email ~ '[@.][0-9]+$'
  then
    perform team.fail_at(422, 'invalid-email', '/email',
                         'That is no email address.');
  end if;

  return v_email;
end
$$;


-- The row of who asks, as their token has them now.  A token that doesn't say
-- leaves what an earlier one has said; what can't be stored is as unsaid.  Nor
-- does an address that isn't verified replace one that is: accounts know their
-- members by it.

create or replace function team.identity_touch(p_issuer text,
  p_subject text, p_email text, p_email_verified boolean, p_name text)
returns uuid
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_email     text := team.email_normal(p_email);
  v_verified  boolean := coalesce(p_email_verified, false);
  v_name      text := nullif(btrim(p_name), '');
  v_id        uuid;
begin
  perform team.actor_present(p_issuer, p_subject);

  if octet_length(v_email) not between 3 and 254
     or v_email !~ '^[^\x01-\x20\x7f@]+@[^\x01-\x20\x7f@]+$'
  then
    v_email := null;
  end if;

  if char_length(v_name) > 200 or v_name ~ '[\x01-\x1f\x7f]' then
    v_name := null;
  end if;

  if v_email is not null and v_verified then
    perform team.address_check(p_issuer, p_subject, v_email);
  end if;

  insert into team.identity as i (issuer, subject, email, email_verified, name)
  values (p_issuer, p_subject, v_email, v_email is not null and v_verified,
          v_name)
  on conflict (issuer, subject) do update
    set email = case
                  when excluded.email is null
                       or i.email_verified and not excluded.email_verified
                    then i.email
                  else excluded.email
                end,
        email_verified = case
                           when excluded.email is null
                                or i.email_verified
                                   and not excluded.email_verified
                                   and excluded.email <> i.email
                             then i.email_verified
                           else excluded.email_verified
                         end,
        name = coalesce(excluded.name, i.name)
  returning i.id into v_id;

  return v_id;
end
$$;


-- --- secrets -----------------------------------------------------------------

-- 256 bits as 43 characters of base64url.  gen_random_uuid() takes PostgreSQL's
-- strong random numbers, 122 bits each; three are more than the hash holds.

create or replace function team.token_make()
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  return rtrim(translate(encode(sha256(uuid_send(gen_random_uuid())
                                       || uuid_send(gen_random_uuid())
                                       || uuid_send(gen_random_uuid())),
                                'base64'), '+/', '-_'), '=');
end
$$;


-- What is kept of one; null for what can't be one.

create or replace function team.token_hash(p_token text)
returns bytea
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
           when p_token ~ '^[A-Za-z0-9_-]{43}$'
           then sha256(convert_to(p_token, 'UTF8'))
         end;
end
$$;


-- A token for an invitation's mail, which is the only one who gets to see it.

create or replace function team.invitation_token_issue(p_invitation uuid)
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_token  text := team.token_make();
begin
  insert into team.invitation_token (token_hash, invitation_id)
  select team.token_hash(v_token), i.id
    from team.invitation i
   where i.id = p_invitation
     and i.status = 'pending';

  if not found then
    perform team.fail(409, 'not-pending', 'The invitation is not pending.');
  end if;

  return v_token;
end
$$;
