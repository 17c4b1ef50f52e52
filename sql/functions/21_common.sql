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
  v_request  bytea;
  v_row      team.idempotency_key;
begin
  if p_key is null then
    return null;
  end if;

  if octet_length(p_key) not between 1 and 255 or p_key !~ '^[\x21-\x7e]+$'
  then
    perform team.fail(422, 'idempotency-key',
                      'Idempotency-Key has 1 to 255 visible ASCII characters.');
  end if;

  if not pg_try_advisory_xact_lock(
       hashtextextended(jsonb_build_array('idempotency', p_issuer, p_subject,
                                          p_scope, p_key)::text, 0))
  then
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
      perform team.fail(422, 'idempotency-mismatch',
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

  delete from team.quota_use q
   where q.account_id = p_account
     and q.kind = p_kind
     and q.starts_at < v_start;
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
    perform team.fail(422, 'invalid-' || p_what,
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
    perform team.fail(422, 'invalid-email', 'An email address is needed.');
  end if;

  if v_email ~ '^[\x21-\x7e]+@[^\x01-\x7f]*[^\x01-\x20\x7f@]+$'
     and v_email ~ '[^\x01-\x7f]'
  then
    perform team.fail(422, 'invalid-email',
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
    perform team.fail(422, 'invalid-email', 'That is no email address.');
  end if;

  return v_email;
end
$$;


-- The row of who asks, as their token has them now.  A token that doesn't say
-- leaves what an earlier one has said; what can't be stored is as unsaid.

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

  insert into team.identity as i (issuer, subject, email, email_verified, name)
  values (p_issuer, p_subject, v_email, v_email is not null and v_verified,
          v_name)
  on conflict (issuer, subject) do update
    set email = coalesce(excluded.email, i.email),
        email_verified = case
                           when excluded.email is null then i.email_verified
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


-- --- joining -----------------------------------------------------------------

create or replace function team.seats_used(p_account uuid)
returns integer
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select count(*)
      from team.member m
     where m.account_id = p_account
       and m.status = 'active');
end
$$;


-- Before one more becomes active.

create or replace function team.seat_check(p_account team.account)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_account.seats_counted = 'active'
     and p_account.seat_limit is not null
     and team.seats_used(p_account.id) >= p_account.seat_limit
  then
    perform team.fail(409, 'seat-limit',
                      'All seats of this account are taken.');
  end if;
end
$$;


-- Whether a person may be in this account beside the others they are in: by
-- their row, and by who else has that address, verified.  p_identity null: only
-- an address is known yet, as when inviting.
--
-- In an exclusive account is who is nowhere else, whichever of the two came
-- first.  Joining, it holds until the commit: two accounts' locks don't order
-- the two joins of one person, so they take one on the person, after the
-- account's; and one that says "somebody joins" to policy_put.

create or replace function team.scope_check(p_account team.account,
  p_identity uuid, p_email text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_email  text := team.email_normal(p_email);
begin
  if p_identity is not null then
    perform pg_advisory_xact_lock_shared(team.scope_lock());

    perform
       from team.identity i
      where i.id = p_identity
        for no key update;

    if v_email is not null then
      perform pg_advisory_xact_lock(hashtextextended('email:' || v_email, 0));
    end if;
  end if;

  perform
     from team.member m
     join team.account a on a.id = m.account_id
    where m.identity_id in (select p_identity
                            union all
                            select i.id
                              from team.identity i
                             where i.email = v_email
                               and i.email_verified)
      and a.id <> p_account.id
      and a.root_id = p_account.root_id
      and a.status = 'active'
      and p_account.membership_scope = 'tree';

  if found then
    perform team.fail(409, 'email-in-tree',
                      'User is already a member of an account of this '
                      'organization.');
  end if;

  perform
     from team.member m
     join team.account a on a.id = m.account_id
    where m.identity_id in (select p_identity
                            union all
                            select i.id
                              from team.identity i
                             where i.email = v_email
                               and i.email_verified)
      and a.id <> p_account.id
      and a.status = 'active'
      and 'exclusive' in (p_account.membership_scope, a.membership_scope);

  if found then
    perform team.fail(409, 'other-organization',
                      'User is already a member of one organization');
  end if;
end
$$;


-- The key of the lock that joins share and a change of scope takes alone.

create or replace function team.scope_lock()
returns bigint
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select hashtextextended('membership_scope', 0)
$$;


-- A new member, under the account's lock; whoever calls has seen to it that
-- the roles, permissions and groups are the account's, and the giver's to give.
-- The first to hold the owner's role where the owner is a single one is the
-- owner.  Returns the member's id.

create or replace function team.member_join(p_account team.account,
  p_identity uuid, p_roles uuid[], p_permissions text[], p_groups uuid[],
  p_invited_by uuid, p_status text)
returns uuid
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_email   text;
  v_member  uuid;
begin
  select i.email
    into v_email
    from team.identity i
   where i.id = p_identity
     and i.email_verified;

  perform team.scope_check(p_account, p_identity, v_email);
  perform team.rule_cardinality(p_account,
                                coalesce(cardinality(p_roles), 0));
  perform team.rule_one_owner(p_account, p_roles);

  if p_status = 'active' then
    perform team.seat_check(p_account);
  end if;

  insert into team.member (account_id, identity_id, status, joined_at,
                           invited_by)
  values (p_account.id, p_identity, p_status,
          case when p_status <> 'pending' then statement_timestamp() end,
          p_invited_by)
  on conflict (identity_id, account_id) do nothing
  returning id into v_member;

  if v_member is null then
    perform team.fail(409, 'already-member',
                      'This person is a member already.');
  end if;

  insert into team.member_role (member_id, role_id, account_id)
  select v_member, r.id, p_account.id
    from unnest(p_roles) r (id);

  insert into team.member_permission (member_id, permission)
  select v_member, p.name
    from unnest(p_permissions) p (name);

  insert into team.group_member (group_id, member_id, account_id)
  select g.id, v_member, p_account.id
    from unnest(p_groups) g (id);

  -- only a new account, or a subaccount, is still without

  update team.account a
     set owner_member_id = v_member
   where a.id = p_account.id
     and a.owner_mode = 'single'
     and a.owner_member_id is null
     and p_status = 'active'
     and exists (select
                   from team.role r
                  where r.id = any (p_roles)
                    and r.key = a.owner_role);

  return v_member;
end
$$;
