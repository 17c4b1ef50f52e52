CREATE SCHEMA team;

ALTER SCHEMA team OWNER TO team_owner;

CREATE SCHEMA team_api;

ALTER SCHEMA team_api OWNER TO team_owner;

CREATE DOMAIN team.account_status AS text COLLATE pg_catalog."C"
	CONSTRAINT account_status_check CHECK ((VALUE = ANY (ARRAY['active'::text, 'closed'::text])));

ALTER DOMAIN team.account_status OWNER TO team_owner;

CREATE DOMAIN team.activation AS text COLLATE pg_catalog."C"
	CONSTRAINT activation_check CHECK ((VALUE = ANY (ARRAY['registration'::text, 'acceptance'::text, 'approval'::text])));

ALTER DOMAIN team.activation OWNER TO team_owner;

CREATE DOMAIN team.decline_mode AS text COLLATE pg_catalog."C"
	CONSTRAINT decline_mode_check CHECK ((VALUE = ANY (ARRAY['off'::text, 'hidden'::text, 'shown'::text])));

ALTER DOMAIN team.decline_mode OWNER TO team_owner;

CREATE DOMAIN team.directory_kind AS text COLLATE pg_catalog."C"
	CONSTRAINT directory_kind_check CHECK ((VALUE = ANY (ARRAY['member'::text, 'invitation'::text, 'join_request'::text])));

ALTER DOMAIN team.directory_kind OWNER TO team_owner;

CREATE TYPE team.directory_query AS (
	account_id uuid,
	text text,
	text_roles uuid[],
	kind text,
	status text,
	expired boolean,
	declined boolean,
	role uuid,
	"group" uuid
);

ALTER TYPE team.directory_query OWNER TO team_owner;

CREATE DOMAIN team.directory_status AS text COLLATE pg_catalog."C"
	CONSTRAINT directory_status_check CHECK ((VALUE = ANY (ARRAY['pending'::text, 'active'::text, 'suspended'::text, 'declined'::text])));

ALTER DOMAIN team.directory_status OWNER TO team_owner;

CREATE DOMAIN team.display_name AS text
	CONSTRAINT display_name_check CHECK (((char_length(VALUE) <= 200) AND (VALUE !~ '[\x01-\x1f\x7f]'::text)));

ALTER DOMAIN team.display_name OWNER TO team_owner;

CREATE DOMAIN team.email AS text COLLATE pg_catalog."C"
	CONSTRAINT email_check CHECK ((((octet_length(VALUE) >= 3) AND (octet_length(VALUE) <= 254)) AND (VALUE ~ '^[^\x01-\x20\x7f@]+@[^\x01-\x20\x7f@]+$'::text) AND (VALUE !~ '[A-Z]'::text)));

ALTER DOMAIN team.email OWNER TO team_owner;

CREATE DOMAIN team.identifier AS text COLLATE pg_catalog."C"
	CONSTRAINT identifier_check CHECK ((((octet_length(VALUE) >= 1) AND (octet_length(VALUE) <= 255)) AND (VALUE !~ '[\x01-\x1f\x7f]'::text)));

ALTER DOMAIN team.identifier OWNER TO team_owner;

CREATE DOMAIN team.invitation_status AS text COLLATE pg_catalog."C"
	CONSTRAINT invitation_status_check CHECK ((VALUE = ANY (ARRAY['pending'::text, 'accepted'::text, 'declined'::text, 'withdrawn'::text])));

ALTER DOMAIN team.invitation_status OWNER TO team_owner;

CREATE DOMAIN team.join_status AS text COLLATE pg_catalog."C"
	CONSTRAINT join_status_check CHECK ((VALUE = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text])));

ALTER DOMAIN team.join_status OWNER TO team_owner;

CREATE DOMAIN team.locale AS text COLLATE pg_catalog."C"
	CONSTRAINT locale_check CHECK ((VALUE ~ '^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$'::text));

ALTER DOMAIN team.locale OWNER TO team_owner;

CREATE DOMAIN team.member_status AS text COLLATE pg_catalog."C"
	CONSTRAINT member_status_check CHECK ((VALUE = ANY (ARRAY['pending'::text, 'active'::text, 'suspended'::text])));

ALTER DOMAIN team.member_status OWNER TO team_owner;

CREATE DOMAIN team.membership_scope AS text COLLATE pg_catalog."C"
	CONSTRAINT membership_scope_check CHECK ((VALUE = ANY (ARRAY['exclusive'::text, 'tree'::text, 'many'::text])));

ALTER DOMAIN team.membership_scope OWNER TO team_owner;

CREATE DOMAIN team.outbox_status AS text COLLATE pg_catalog."C"
	CONSTRAINT outbox_status_check CHECK ((VALUE = ANY (ARRAY['pending'::text, 'sent'::text, 'dead'::text])));

ALTER DOMAIN team.outbox_status OWNER TO team_owner;

CREATE DOMAIN team.owner_mode AS text COLLATE pg_catalog."C"
	CONSTRAINT owner_mode_check CHECK ((VALUE = ANY (ARRAY['single'::text, 'many'::text, 'none'::text])));

ALTER DOMAIN team.owner_mode OWNER TO team_owner;

CREATE DOMAIN team.permission_name AS text COLLATE pg_catalog."C"
	CONSTRAINT permission_name_check CHECK (((octet_length(VALUE) <= 100) AND (VALUE ~ '^([*]|[a-z][a-z0-9-]*:[a-z][a-z0-9-]*)$'::text)));

ALTER DOMAIN team.permission_name OWNER TO team_owner;

CREATE DOMAIN team.reinvite_mode AS text COLLATE pg_catalog."C"
	CONSTRAINT reinvite_mode_check CHECK ((VALUE = ANY (ARRAY['allow'::text, 'remove_first'::text])));

ALTER DOMAIN team.reinvite_mode OWNER TO team_owner;

CREATE DOMAIN team.remove_mode AS text COLLATE pg_catalog."C"
	CONSTRAINT remove_mode_check CHECK ((VALUE = ANY (ARRAY['delete'::text, 'revoke'::text])));

ALTER DOMAIN team.remove_mode OWNER TO team_owner;

CREATE DOMAIN team.role_cardinality AS text COLLATE pg_catalog."C"
	CONSTRAINT role_cardinality_check CHECK ((VALUE = ANY (ARRAY['one'::text, 'zero_or_one'::text, 'many'::text])));

ALTER DOMAIN team.role_cardinality OWNER TO team_owner;

CREATE DOMAIN team.role_key AS text COLLATE pg_catalog."C"
	CONSTRAINT role_key_check CHECK ((VALUE ~ '^[a-z][a-z0-9_-]{0,62}$'::text));

ALTER DOMAIN team.role_key OWNER TO team_owner;

CREATE DOMAIN team.seats_counted AS text COLLATE pg_catalog."C"
	CONSTRAINT seats_counted_check CHECK ((VALUE = ANY (ARRAY['none'::text, 'active'::text])));

ALTER DOMAIN team.seats_counted OWNER TO team_owner;

CREATE DOMAIN team.self_change AS text COLLATE pg_catalog."C"
	CONSTRAINT self_change_check CHECK ((VALUE = ANY (ARRAY['forbid'::text, 'another_owner'::text])));

ALTER DOMAIN team.self_change OWNER TO team_owner;

CREATE DOMAIN team.slug AS text COLLATE pg_catalog."C"
	CONSTRAINT slug_check CHECK (((VALUE ~ '^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$'::text) AND (VALUE !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'::text)));

ALTER DOMAIN team.slug OWNER TO team_owner;

CREATE TYPE team.standing AS (
	member_id uuid,
	identity_id uuid,
	issuer text,
	subject text,
	status text,
	rank integer,
	is_owner boolean
);

ALTER TYPE team.standing OWNER TO team_owner;

CREATE DOMAIN team.transfer_status AS text COLLATE pg_catalog."C"
	CONSTRAINT transfer_status_check CHECK ((VALUE = ANY (ARRAY['pending'::text, 'completed'::text, 'declined'::text, 'cancelled'::text])));

ALTER DOMAIN team.transfer_status OWNER TO team_owner;

CREATE DOMAIN team.transfer_target AS text COLLATE pg_catalog."C"
	CONSTRAINT transfer_target_check CHECK ((VALUE = ANY (ARRAY['off'::text, 'any'::text, 'role'::text])));

ALTER DOMAIN team.transfer_target OWNER TO team_owner;

CREATE DOMAIN team.ttl_seconds AS integer
	CONSTRAINT ttl_seconds_check CHECK (((VALUE >= 3600) AND (VALUE <= 7776000)));

ALTER DOMAIN team.ttl_seconds OWNER TO team_owner;

CREATE TYPE team_api.reply AS (
	status integer,
	body text,
	etag text,
	location text,
	cursor text,
	changed text
);

ALTER TYPE team_api.reply OWNER TO team_owner;

COMMENT ON TYPE team_api.reply IS 'What the gateway answers. From status 400 on the body is {"code": ..., "detail": ...}, to be sent as a problem: such a refusal is not raised, as it has left an audit row. changed, if not null, is a JSON array of {"issuer": ..., "subject": ...} and {"account": ...} whose cached grants must be forgotten before the answer is sent; {} means all.';

CREATE FUNCTION team.account_create(p_slug text, p_name text, p_preset text, p_time_zone text DEFAULT 'UTC'::text) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_preset   jsonb;
  v_account  team.account;
begin
  select to_jsonb(p)
    into v_preset
    from team.preset p
   where p.name = p_preset;

  if not found then
    perform team.fail(422, 'unknown-preset',
                      format('There is no preset "%s".', p_preset));
  end if;

  v_account := team.account_insert(v_preset, p_preset, p_slug, p_name,
                                   p_time_zone, null);
  perform team.preset_roles_add(v_account.id, p_preset);
  return v_account.id;
end
$$;

ALTER FUNCTION team.account_create(p_slug text, p_name text, p_preset text, p_time_zone text) OWNER TO team_owner;

CREATE FUNCTION team.uuid_v7() RETURNS uuid
    LANGUAGE plpgsql PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_us  bigint := extract(epoch from clock_timestamp()) * 1000000;
begin
  return encode(
           overlay(uuid_send(gen_random_uuid())
                   placing int8send((v_us / 1000 << 16) | (7 << 12)
                                    | (v_us % 1000 * 4096 / 1000))
                   from 1 for 8),
           'hex')::uuid;
end
$$;

ALTER FUNCTION team.uuid_v7() OWNER TO team_owner;

CREATE TABLE team.account (
    id uuid DEFAULT team.uuid_v7() NOT NULL,
    slug team.slug NOT NULL,
    name team.display_name NOT NULL,
    time_zone text DEFAULT 'UTC'::text NOT NULL,
    status team.account_status DEFAULT 'active'::text NOT NULL,
    preset team.slug NOT NULL,
    parent_id uuid,
    root_id uuid NOT NULL,
    owner_member_id uuid,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    closed_at timestamp with time zone,
    owner_mode team.owner_mode NOT NULL,
    owner_role team.role_key,
    role_cardinality team.role_cardinality NOT NULL,
    direct_permissions boolean NOT NULL,
    self_change team.self_change NOT NULL,
    suspend_enabled boolean NOT NULL,
    suspend_label team.display_name NOT NULL,
    admin_may_remove_admin boolean NOT NULL,
    membership_scope team.membership_scope DEFAULT 'many'::text NOT NULL,
    join_email boolean DEFAULT true NOT NULL,
    join_subaccount boolean DEFAULT false NOT NULL,
    join_link boolean DEFAULT false NOT NULL,
    link_role team.role_key,
    link_requires_approval boolean DEFAULT true NOT NULL,
    link_ttl team.ttl_seconds DEFAULT 604800 NOT NULL,
    decline_mode team.decline_mode DEFAULT 'hidden'::text NOT NULL,
    reinvite_after_decline team.reinvite_mode DEFAULT 'allow'::text NOT NULL,
    invitation_ttl team.ttl_seconds DEFAULT 604800 NOT NULL,
    name_required boolean DEFAULT false NOT NULL,
    seats_counted team.seats_counted DEFAULT 'none'::text NOT NULL,
    remove_mode team.remove_mode DEFAULT 'delete'::text NOT NULL,
    transfer_target team.transfer_target DEFAULT 'off'::text NOT NULL,
    transfer_target_role team.role_key,
    transfer_old_owner_role team.role_key,
    transfer_acceptance boolean DEFAULT false NOT NULL,
    activation team.activation DEFAULT 'acceptance'::text NOT NULL,
    all_role team.role_key,
    seat_limit integer,
    CONSTRAINT account_closed_check CHECK ((((status)::text = 'closed'::text) = (closed_at IS NOT NULL))),
    CONSTRAINT account_owner_member_check CHECK (((owner_member_id IS NULL) OR ((owner_mode)::text = 'single'::text))),
    CONSTRAINT account_owner_role_check CHECK ((((owner_mode)::text = 'none'::text) = (owner_role IS NULL))),
    CONSTRAINT account_root_check CHECK (((parent_id IS NULL) = (root_id = id))),
    CONSTRAINT account_seat_limit_check CHECK ((seat_limit >= 1)),
    CONSTRAINT account_transfer_role_check CHECK ((((transfer_target)::text <> 'role'::text) OR (transfer_target_role IS NOT NULL)))
);

ALTER TABLE team.account OWNER TO team_owner;

COMMENT ON COLUMN team.account.owner_member_id IS 'The owner where owner_mode is single; else null, and every member that holds the role owner_role is an owner. The single owner holds that role too: the role carries the rights, the pointer says whose account it is.';

COMMENT ON COLUMN team.account.all_role IS 'The role that stands for "All Permissions" where roles are otherwise hand-picked permissions.';

COMMENT ON COLUMN team.account.seat_limit IS 'How many seats there are; null: no limit. What takes one: seats_counted.';

CREATE FUNCTION team.account_find(p_account text) RETURNS team.account
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_id       uuid := team.id_parse(p_account);
  v_account  team.account;
begin
  if v_id is not null then
    select * into v_account from team.account a where a.id = v_id;
  else
    select * into v_account from team.account a where a.slug = p_account;
  end if;

  if v_account.id is null then
    perform team.not_found();
  end if;

  return v_account;
end
$$;

ALTER FUNCTION team.account_find(p_account text) OWNER TO team_owner;

CREATE FUNCTION team.account_hold(p_account uuid) RETURNS team.account
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.account_hold(p_account uuid) OWNER TO team_owner;

CREATE FUNCTION team.account_insert(p_like jsonb, p_preset text, p_slug text, p_name text, p_time_zone text, p_parent team.account) RETURNS team.account
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_id       uuid := team.uuid_v7();
  v_account  team.account;
begin
  -- raises for a zone that PostgreSQL doesn't know
  perform timezone(p_time_zone, statement_timestamp());

  insert into team.account
  select n.*
    from jsonb_populate_record(
           null::team.account,
           p_like || jsonb_build_object(
             'id', v_id,
             'slug', p_slug,
             'name', p_name,
             'time_zone', p_time_zone,
             'status', 'active',
             'preset', p_preset,
             'parent_id', p_parent.id,
             'root_id', coalesce(p_parent.root_id, v_id),
             'owner_member_id', null,
             'seat_limit', null,
             'created_at', statement_timestamp(),
             'closed_at', null)) n
  returning * into v_account;

  return v_account;
end
$$;

ALTER FUNCTION team.account_insert(p_like jsonb, p_preset text, p_slug text, p_name text, p_time_zone text, p_parent team.account) OWNER TO team_owner;

CREATE FUNCTION team.account_lock(p_account text, p_issuer text, p_subject text) RETURNS team.account
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account := team.account_find(p_account);
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using
      errcode = 'invalid_transaction_state',
      message = 'ngx_team writes only under read committed';
  end if;

  perform team.actor_present(p_issuer, p_subject);

  -- most are members, which is quickly seen

  if not exists (
       select
         from team.identity i
         join team.member m
           on m.identity_id = i.id
          and m.account_id = v_account.id
        where i.issuer = p_issuer
          and i.subject = p_subject)
     and (team.standing_find(v_account, p_issuer, p_subject)).member_id is null
  then
    perform team.not_found();
  end if;

  select *
    into v_account
    from team.account a
   where a.id = v_account.id
     for no key update;

  if v_account.id is null then
    perform team.not_found();
  end if;

  return v_account;
end
$$;

ALTER FUNCTION team.account_lock(p_account text, p_issuer text, p_subject text) OWNER TO team_owner;

CREATE FUNCTION team.account_make(p_like jsonb, p_preset text, p_slug text, p_name text, p_time_zone text, p_parent team.account) RETURNS team.account
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.account_make(p_like jsonb, p_preset text, p_slug text, p_name text, p_time_zone text, p_parent team.account) OWNER TO team_owner;

CREATE FUNCTION team.account_name_check(p_name text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.account_name_check(p_name text) OWNER TO team_owner;

CREATE FUNCTION team.account_reply(p_status integer, p_account team.account) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.account_reply(p_status integer, p_account team.account) OWNER TO team_owner;

CREATE FUNCTION team.account_roles_copy(p_from uuid, p_to uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into team.role (account_id, key, name, rank, system)
  select p_to, r.key, r.name, r.rank, r.system
    from team.role r
   where r.account_id = p_from;

  insert into team.role_permission (role_id, permission)
  select n.id, rp.permission
    from team.role r
    join team.role_permission rp on rp.role_id = r.id
    join team.role n
      on n.account_id = p_to
     and n.key = r.key
   where r.account_id = p_from;
end
$$;

ALTER FUNCTION team.account_roles_copy(p_from uuid, p_to uuid) OWNER TO team_owner;

CREATE FUNCTION team.account_text(p_account team.account) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return json_build_object(
    'id', p_account.id,
    'slug', p_account.slug,
    'name', p_account.name,
    'status', p_account.status,
    'time_zone', p_account.time_zone,
    'preset', p_account.preset,
    'parent', p_account.parent_id,
    'owner', p_account.owner_member_id,
    'created_at', team.time_text(p_account.created_at));
end
$$;

ALTER FUNCTION team.account_text(p_account team.account) OWNER TO team_owner;

CREATE FUNCTION team.actor_check(p_account team.account, p_issuer text, p_subject text, p_permission text) RETURNS team.standing
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_actor  team.standing;
begin
  perform team.actor_present(p_issuer, p_subject);

  v_actor := team.standing_find(p_account, p_issuer, p_subject);

  if v_actor.member_id is null then
    perform team.not_found();
  end if;

  if p_account.status = 'closed' then
    perform team.fail(403, 'account-closed', 'The account is closed.');
  end if;

  if v_actor.status = 'pending' then
    perform team.fail(403, 'member-pending',
                      'Your membership has not been approved yet.');
  end if;

  if v_actor.status = 'suspended' then
    perform team.fail(403, 'member-suspended',
                      'Your membership is suspended.');
  end if;

  if p_permission is not null
     and not team.permission_has(v_actor.member_id, p_permission)
  then
    perform team.fail(403, 'permission-missing',
                      'This needs the permission ' || p_permission || '.');
  end if;

  return v_actor;
end
$$;

ALTER FUNCTION team.actor_check(p_account team.account, p_issuer text, p_subject text, p_permission text) OWNER TO team_owner;

CREATE FUNCTION team.actor_present(p_issuer text, p_subject text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if coalesce(p_issuer, '') = '' or coalesce(p_subject, '') = '' then
    perform team.fail(401, 'token-missing', 'Sign in first.');
  end if;
end
$$;

ALTER FUNCTION team.actor_present(p_issuer text, p_subject text) OWNER TO team_owner;

CREATE FUNCTION team.address_check(p_issuer text, p_subject text, p_email text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_identity  team.identity;
  v_account   team.account;
begin
  select *
    into v_identity
    from team.identity i
   where i.issuer = p_issuer
     and i.subject = p_subject
     and not (i.email_verified and i.email = p_email);

  if v_identity.id is null then
    return;
  end if;

  for v_account in
    select a.*
      from team.member m
      join team.account a on a.id = m.account_id
     where m.identity_id = v_identity.id
       and a.status = 'active'
     order by a.id
  loop
    perform team.scope_check(v_account, v_identity.id, p_email);
  end loop;
end
$$;

ALTER FUNCTION team.address_check(p_issuer text, p_subject text, p_email text) OWNER TO team_owner;

CREATE FUNCTION team.all_held(p_account uuid, p_but uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return exists (
    select
      from team.role r
      join team.role_permission rp
        on rp.role_id = r.id
       and rp.permission = '*'
      join team.member_role mr on mr.role_id = r.id
      join team.member m on m.id = mr.member_id
     where r.account_id = p_account
       and m.status = 'active'
       and m.id is distinct from p_but);
end
$$;

ALTER FUNCTION team.all_held(p_account uuid, p_but uuid) OWNER TO team_owner;

CREATE FUNCTION team.audit(p_account uuid, p_actor team.standing, p_action text, p_target_type text, p_target uuid, p_code text, p_detail jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_id       uuid;
  v_payload  jsonb;
begin
  insert into team.audit_event (account_id, actor_issuer, actor_subject,
                                actor_member_id, action, target_type,
                                target_id, outcome, code, detail)
  values (p_account, p_actor.issuer, p_actor.subject, p_actor.member_id,
          p_action, p_target_type, p_target,
          case when p_code is null then 'done' else 'refused' end,
          p_code, coalesce(p_detail, '{}'))
  returning id into v_id;

  if p_code is not null then
    return;
  end if;

  v_payload := jsonb_build_object('target_type', p_target_type,
                                  'target', p_target);

  if p_detail ?| array['from', 'group', 'link', 'member', 'parent', 'to',
                       'transfer']
  then
    v_payload := v_payload
                 || coalesce((select jsonb_object_agg(d.key, d.value)
                                from jsonb_each(p_detail) d
                               where d.key in ('from', 'group', 'link',
                                               'member', 'parent', 'to',
                                               'transfer')
                                 and jsonb_typeof(d.value) = 'string'),
                             '{}');
  end if;

  insert into team.outbox (id, account_id, kind, payload)
  values (v_id, p_account, p_action, v_payload);
end
$$;

ALTER FUNCTION team.audit(p_account uuid, p_actor team.standing, p_action text, p_target_type text, p_target uuid, p_code text, p_detail jsonb) OWNER TO team_owner;

CREATE FUNCTION team.audit_actor(p_account uuid, p_id uuid, p_actor uuid, p_subject text, p_action text, p_from timestamp with time zone, p_at timestamp with time zone, p_last uuid, p_limit integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return array(
    select e.id
      from team.audit_event e
     where e.account_id = p_account
       and e.actor_member_id = p_id
       and e.at >= p_from
       and (e.at, e.id) < (p_at, p_last)
       and (p_action is null or e.action = p_action)
     order by e.at desc, e.id desc
     limit p_limit);
end
$$;

ALTER FUNCTION team.audit_actor(p_account uuid, p_id uuid, p_actor uuid, p_subject text, p_action text, p_from timestamp with time zone, p_at timestamp with time zone, p_last uuid, p_limit integer) OWNER TO team_owner;

CREATE FUNCTION team.audit_all(p_account uuid, p_id uuid, p_actor uuid, p_subject text, p_action text, p_from timestamp with time zone, p_at timestamp with time zone, p_last uuid, p_limit integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return array(
    select e.id
      from team.audit_event e
     where e.account_id = p_account
       and (p_subject is null or e.actor_subject = p_subject)
       and e.at >= p_from
       and (e.at, e.id) < (p_at, p_last)
       and (p_action is null or e.action = p_action)
     order by e.at desc, e.id desc
     limit p_limit);
end
$$;

ALTER FUNCTION team.audit_all(p_account uuid, p_id uuid, p_actor uuid, p_subject text, p_action text, p_from timestamp with time zone, p_at timestamp with time zone, p_last uuid, p_limit integer) OWNER TO team_owner;

CREATE FUNCTION team.audit_csv(p_ids uuid[]) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select E'id,at,actor_member,actor_issuer,actor_subject,actor_name,action,'
           'target_type,target,target_name,outcome,code,detail\r\n'
           || coalesce(string_agg(c.line || E'\r\n', '' order by p.n), '')
      from unnest(p_ids) with ordinality p (id, n)
      join team.audit_line l on l.id = p.id
     cross join lateral (
       select string_agg(team.csv_cell(v.cell), ',' order by v.n) as line
         from (values (1, l.id::text), (2, team.time_text(l.at)),
                      (3, l.actor_member_id::text), (4, l.actor_issuer),
                      (5, l.actor_subject), (6, l.actor_name), (7, l.action),
                      (8, l.target_type), (9, l.target_id::text),
                      (10, l.target_name), (11, l.outcome), (12, l.code),
                      (13, l.detail::text)) v (n, cell)) c);
end
$$;

ALTER FUNCTION team.audit_csv(p_ids uuid[]) OWNER TO team_owner;

CREATE FUNCTION team.audit_json(p_ids uuid[], p_cursor text) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select json_build_object(
             'items', coalesce(json_agg(
               json_build_object(
                 'id', l.id,
                 'at', team.time_text(l.at),
                 'actor', json_build_object(
                   'member', l.actor_member_id,
                   'issuer', l.actor_issuer,
                   'subject', l.actor_subject,
                   'name', l.actor_name),
                 'action', l.action,
                 'target', json_build_object(
                   'type', l.target_type,
                   'id', l.target_id,
                   'name', l.target_name),
                 'outcome', l.outcome,
                 'code', l.code,
                 'detail', l.detail) order by p.n), '[]'),
             'next_cursor', p_cursor)
      from unnest(p_ids) with ordinality p (id, n)
      join team.audit_line l on l.id = p.id);
end
$$;

ALTER FUNCTION team.audit_json(p_ids uuid[], p_cursor text) OWNER TO team_owner;

CREATE FUNCTION team.audit_keep() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  raise exception using
    errcode = 'insufficient_privilege',
    message = 'audit events are never changed or deleted';
end
$$;

ALTER FUNCTION team.audit_keep() OWNER TO team_owner;

CREATE FUNCTION team.audit_target(p_account uuid, p_id uuid, p_actor uuid, p_subject text, p_action text, p_from timestamp with time zone, p_at timestamp with time zone, p_last uuid, p_limit integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return array(
    select e.id
      from team.audit_event e
     where e.account_id = p_account
       and e.target_id = p_id
       and (p_actor is null or e.actor_member_id = p_actor)
       and (p_subject is null or e.actor_subject = p_subject)
       and e.at >= p_from
       and (e.at, e.id) < (p_at, p_last)
       and (p_action is null or e.action = p_action)
     order by e.at desc, e.id desc
     limit p_limit);
end
$$;

ALTER FUNCTION team.audit_target(p_account uuid, p_id uuid, p_actor uuid, p_subject text, p_action text, p_from timestamp with time zone, p_at timestamp with time zone, p_last uuid, p_limit integer) OWNER TO team_owner;

CREATE FUNCTION team.change_account() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if tg_op = 'DELETE' then
    insert into team.change (account_id)
    select o.id
      from old_row o;

  elsif exists (
    select
      from old_row o
      full join new_row n on n.id = o.id
     where (o.id, o.slug, o.status) is distinct from (n.id, n.slug, n.status))
  then
    insert into team.change default values;

  else
    return null;
  end if;

  perform team.change_notify();
  return null;
end
$$;

ALTER FUNCTION team.change_account() OWNER TO team_owner;

CREATE FUNCTION team.change_everything() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if tg_table_name = 'role_permission' then
    update team.role
       set permission_list = '';
  end if;

  insert into team.change default values;
  perform team.change_notify();
  return null;
end
$$;

ALTER FUNCTION team.change_everything() OWNER TO team_owner;

CREATE FUNCTION team.change_identity() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if tg_op = 'DELETE' then
    insert into team.change (issuer, subject)
    select o.issuer, o.subject
      from old_row o;

  else
    insert into team.change (issuer, subject)
    select p.issuer, p.subject
      from (select o.issuer, o.subject, o.id from old_row o
            except
            select n.issuer, n.subject, n.id from new_row n) p
    union
    select p.issuer, p.subject
      from (select n.issuer, n.subject, n.id from new_row n
            except
            select o.issuer, o.subject, o.id from old_row o) p;
  end if;

  if found then
    perform team.change_notify();
  end if;

  return null;
end
$$;

ALTER FUNCTION team.change_identity() OWNER TO team_owner;

CREATE FUNCTION team.change_member() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  case tg_op
    when 'INSERT' then
      insert into team.change (issuer, subject)
      select distinct i.issuer, i.subject
        from new_row n
        join team.identity i on i.id = n.identity_id;

    when 'DELETE' then
      insert into team.change (issuer, subject)
      select distinct i.issuer, i.subject
        from old_row o
        join team.identity i on i.id = o.identity_id;

    else
      insert into team.change (issuer, subject)
      select distinct i.issuer, i.subject
        from (select o.identity_id
                from old_row o
              union
              select n.identity_id
                from new_row n) p
        join team.identity i on i.id = p.identity_id;
  end case;

  if found then
    perform team.change_notify();
  end if;

  return null;
end
$$;

ALTER FUNCTION team.change_member() OWNER TO team_owner;

CREATE FUNCTION team.change_member_part() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  case tg_op
    when 'INSERT' then
      insert into team.change (issuer, subject)
      select distinct i.issuer, i.subject
        from new_row n
        join team.member m on m.id = n.member_id
        join team.identity i on i.id = m.identity_id;

    when 'DELETE' then
      insert into team.change (issuer, subject)
      select distinct i.issuer, i.subject
        from old_row o
        join team.member m on m.id = o.member_id
        join team.identity i on i.id = m.identity_id;

    else
      insert into team.change (issuer, subject)
      select distinct i.issuer, i.subject
        from (select o.member_id
                from old_row o
              union
              select n.member_id
                from new_row n) p
        join team.member m on m.id = p.member_id
        join team.identity i on i.id = m.identity_id;
  end case;

  if found then
    perform team.change_notify();
  end if;

  return null;
end
$$;

ALTER FUNCTION team.change_member_part() OWNER TO team_owner;

CREATE FUNCTION team.change_notify() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform pg_notify('team_change', '');
end
$$;

ALTER FUNCTION team.change_notify() OWNER TO team_owner;

CREATE FUNCTION team.change_role() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if tg_op = 'DELETE' then
    insert into team.change (account_id)
    select distinct o.account_id
      from old_row o;

  else
    insert into team.change (account_id)
    select p.account_id
      from (select o.id, o.account_id, o.key from old_row o
            except
            select n.id, n.account_id, n.key from new_row n) p
    union
    select p.account_id
      from (select n.id, n.account_id, n.key from new_row n
            except
            select o.id, o.account_id, o.key from old_row o) p;
  end if;

  if found then
    perform team.change_notify();
  end if;

  return null;
end
$$;

ALTER FUNCTION team.change_role() OWNER TO team_owner;

CREATE FUNCTION team.change_role_permission() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_roles  uuid[];
begin
  case tg_op
    when 'INSERT' then
      v_roles := array(select n.role_id from new_row n);

    when 'DELETE' then
      v_roles := array(select o.role_id from old_row o);

    else
      v_roles := array(select o.role_id from old_row o
                       union
                       select n.role_id from new_row n);
  end case;

  perform
     from team.role r
    where r.id = any (v_roles)
    order by r.id
      for update;

  update team.role r
     set permission_list = coalesce(
           (select string_agg(rp.permission, ' ' order by rp.permission)
              from team.role_permission rp
             where rp.role_id = r.id),
           '')
   where r.id = any (v_roles);

  insert into team.change (account_id)
  select distinct r.account_id
    from team.role r
   where r.id = any (v_roles);

  if found then
    perform team.change_notify();
  end if;

  return null;
end
$$;

ALTER FUNCTION team.change_role_permission() OWNER TO team_owner;

CREATE FUNCTION team.changed_account(p_account uuid) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return json_build_array(json_build_object('account', p_account))::text;
end
$$;

ALTER FUNCTION team.changed_account(p_account uuid) OWNER TO team_owner;

CREATE FUNCTION team.changed_person(p_who team.standing) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return json_build_array(
           json_build_object('issuer', p_who.issuer,
                             'subject', p_who.subject))::text;
end
$$;

ALTER FUNCTION team.changed_person(p_who team.standing) OWNER TO team_owner;

CREATE FUNCTION team.changed_persons(p_a team.standing, p_b team.standing) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (team.changed_person(p_a)::jsonb || team.changed_person(p_b)::jsonb)
           ::text;
end
$$;

ALTER FUNCTION team.changed_persons(p_a team.standing, p_b team.standing) OWNER TO team_owner;

CREATE FUNCTION team.charge_check(p_invitation jsonb) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_wrong  text := '';
begin
  if jsonb_typeof(p_invitation) = 'object' then
    select team.pointer(i.key)
      into v_wrong
      from (select k.key, p_invitation -> k.key as value
              from (select jsonb_object_keys(p_invitation)
                    union
                    select 'email') k (key)) i
     where i.key not in ('email', 'name', 'roles', 'permissions', 'locale')
        or i.key in ('email', 'name', 'locale')
           and jsonb_typeof(i.value) is distinct from 'string'
     order by i.key collate "C"
     limit 1;
  end if;

  if v_wrong is not null then
    perform team.fail_at(422, 'invalid-invitation', v_wrong,
                         'An invitation here has an email and may have a name, '
                         'roles, permissions and a locale.');
  end if;
end
$$;

ALTER FUNCTION team.charge_check(p_invitation jsonb) OWNER TO team_owner;

CREATE FUNCTION team.csv_cell(p_text text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return '"'
         || case
              when p_text ~ '^\s*[=+@|%＝＋－＠-]|^[\t\r\n]' then ''''
              else ''
            end
         || replace(coalesce(p_text, ''), '"', '""')
         || '"';
end
$$;

ALTER FUNCTION team.csv_cell(p_text text) OWNER TO team_owner;

CREATE FUNCTION team.csv_groups(p_account uuid, p_names jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select coalesce(jsonb_agg(distinct coalesce(g.id::text, n.name)), '[]')
      from jsonb_array_elements_text(p_names) n (name)
      left join team.member_group g
        on g.account_id = p_account
       and g.name = n.name);
end
$$;

ALTER FUNCTION team.csv_groups(p_account uuid, p_names jsonb) OWNER TO team_owner;

CREATE FUNCTION team.csv_invitations(p_csv text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_known   constant text[] := '{email,name,roles,permissions,groups,locale}';
  v_header  text[];
  v_fields  text[];
  v_n       integer;
  v_rows    jsonb := '[]';
begin
  for v_n, v_fields in
    select c.n, c.fields
      from team.csv_parse(p_csv) c
     limit 102
  loop
    if v_n = 1 then
      v_header := array(select team.email_normal(btrim(h.name))
                          from unnest(v_fields) h (name));

      if not v_header @> array['email']
         or not v_header <@ v_known
         or cardinality(v_header) <> (select count(distinct h.name)
                                        from unnest(v_header) h (name))
      then
        perform team.fail_at(
          422, 'invalid-csv', '',
          'The first line names the columns: email, and any of name, roles, '
          'permissions, groups, locale'
          || coalesce((select format('; not "%s"', left(h.name, 50))
                         from unnest(v_header) with ordinality h (name, n)
                        where h.name <> all (v_known)
                        order by h.n
                        limit 1), '')
          || '.');
      end if;

      continue;
    end if;

    v_rows := v_rows || jsonb_build_array(
      case
        when cardinality(v_fields) = cardinality(v_header) then (
          select jsonb_object_agg(
                   h.name,
                   case
                     when h.name in ('roles', 'permissions', 'groups')
                       then team.csv_names(v_fields[h.i])
                     else to_jsonb(nullif(btrim(v_fields[h.i]), ''))
                   end)
            from unnest(v_header) with ordinality h (name, i))
      end);
  end loop;

  if v_header is null then
    perform team.fail_at(422, 'invalid-csv', '', 'The CSV text is empty.');
  end if;

  return v_rows;
end
$$;

ALTER FUNCTION team.csv_invitations(p_csv text) OWNER TO team_owner;

CREATE FUNCTION team.csv_names(p_field text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select coalesce(jsonb_agg(btrim(s.name)), '[]')
      from regexp_split_to_table(
             p_field,
             case when strpos(p_field, ';') > 0 then ';' else ' ' end) s (name)
     where btrim(s.name) <> '');
end
$$;

ALTER FUNCTION team.csv_names(p_field text) OWNER TO team_owner;

CREATE FUNCTION team.csv_parse(p_csv text) RETURNS TABLE(n integer, fields text[])
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_text     text := ltrim(p_csv, chr(65279));
  v_between  text := case
                       when v_text ~ '^[\r\n]*[^,\r\n]*;[^,\r\n]*([\r\n]|$)'
                         then ';'
                       else ','
                     end;
  v_match    text[];
  v_length   bigint := 0;
begin
  if octet_length(p_csv) > 262144 then
    perform team.fail_at(422, 'invalid-csv', '',
                         'The CSV text may have at most 256 KiB.');
  end if;

  n := 0;
  fields := '{}';

  if right(v_text, 1) not in (E'\n', E'\r') then
    v_text := v_text || E'\n';
  end if;

  for v_match in
    select regexp_matches(
             v_text,
             replace('("(?:[^"]|"")*"|[^"%\r\n]*)(%|\r\n|\n|\r)', '%',
                     v_between), 'g')
  loop
    v_length := v_length + length(v_match[1]) + length(v_match[2]);
    fields := fields
              || case
                   when left(v_match[1], 1) = '"' then
                     replace(substr(v_match[1], 2, length(v_match[1]) - 2),
                             '""', '"')
                   else v_match[1]
                 end;

    if v_match[2] <> v_between then
      if btrim(array_to_string(fields, '')) <> '' then
        n := n + 1;
        return next;
      end if;

      fields := '{}';
    end if;
  end loop;

  if v_length <> length(v_text) then
    perform team.fail_at(422, 'invalid-csv', '',
                         'A quote is out of place in the CSV text.');
  end if;
end
$_$;

ALTER FUNCTION team.csv_parse(p_csv text) OWNER TO team_owner;

CREATE FUNCTION team.cursor_make(p_kind text, p_scope uuid, p_last uuid) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return translate(
           encode(convert_to(p_kind, 'SQL_ASCII') || uuid_send(p_scope)
                  || uuid_send(p_last), 'base64'),
           '+/', '-_');
end
$$;

ALTER FUNCTION team.cursor_make(p_kind text, p_scope uuid, p_last uuid) OWNER TO team_owner;

CREATE FUNCTION team.cursor_read(p_cursor text, p_kind text, p_scope uuid) RETURNS uuid
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_last uuid;
begin
  if p_cursor is null then
    return null;
  end if;

  if p_cursor ~ '^[A-Za-z0-9_-]{44}$' then
    v_last := encode(substring(decode(translate(p_cursor, '-_', '+/'),
                                      'base64') from 18), 'hex')::uuid;
    if team.cursor_make(p_kind, p_scope, v_last) = p_cursor collate "C" then
      return v_last;
    end if;
  end if;

  perform team.fail_at(400, 'bad-cursor', '?cursor',
                       'The cursor is not one of this list.');
end
$_$;

ALTER FUNCTION team.cursor_read(p_cursor text, p_kind text, p_scope uuid) OWNER TO team_owner;

CREATE FUNCTION team.directory_build() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  lock table team.directory in share row exclusive mode;

  delete from team.directory;

  -- as they would have come: the first pages are then close together

  insert into team.directory
  select *
    from team.directory_source s
   order by s.created_at, s.id;
end
$$;

ALTER FUNCTION team.directory_build() OWNER TO team_owner;

CREATE FUNCTION team.directory_created_at_down(p_query team.directory_query, p_after timestamp with time zone, p_id uuid, p_limit integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account    constant uuid := p_query.account_id;
  v_text       constant text := p_query.text;
  v_from       constant text := left(v_text, 64);
  v_to         constant text := v_from || U&'\+10FFFF';
  v_roles      constant uuid[] := p_query.text_roles;
  v_kind       constant text := p_query.kind;
  v_status     constant text := p_query.status;
  v_expired    constant boolean := p_query.expired;
  v_hide       constant boolean := not p_query.declined;
  v_role       constant uuid := p_query.role;
  v_group      constant uuid := p_query."group";
  v_after      timestamptz := p_after;
  v_id         uuid := p_id;
  v_budget     integer := 1000;
  v_ids        uuid[] := '{}';
  v_all        bigint[];
  v_any        bigint[];
  v_role_keys  bigint[];
begin
  loop
    v_ids := v_ids || array(
      select d.id
        from (select *
                from team.directory o
               where o.account_id = v_account
                 and (o.created_at, o.id) < (v_after, v_id)
               order by o.created_at desc, o.id desc
               limit v_budget) d
       where case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end
       limit p_limit - cardinality(v_ids));

    if cardinality(v_ids) = p_limit or v_budget is null then
      return v_ids;
    end if;

    select o.created_at, o.id
      into v_after, v_id
      from team.directory o
     where o.account_id = v_account
       and (o.created_at, o.id) < (v_after, v_id)
     order by o.created_at desc, o.id desc
    offset v_budget - 1
     limit 1;

    if not found then
      return v_ids;
    end if;

    if v_budget = 1000 and cardinality(v_ids) >= 5 then
      v_budget := 19000;

    else
      select w.o_all, w.o_any
        into v_all, v_any
        from team.directory_keys_wanted(p_query, null) w;
      exit when v_any is not null or v_all <> '{}';
      v_budget := null;
    end if;
  end loop;

  v_role_keys := array(select team.directory_key('role ' || r.id)
                         from unnest(v_roles) r (id));

  -- "offset 0": no other index than that of the numbers is thought of

  if v_any is null then
    return array(
      select e.id
        from (
            select d.created_at, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) @> v_all
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.created_at, d.id) < (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end) e
       order by e.created_at desc, e.id desc
       limit p_limit);
  end if;

  if v_all = '{}' then
    return array(
      select e.id
        from (
            select d.created_at, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_any
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.created_at, d.id) < (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end) e
       order by e.created_at desc, e.id desc
       limit p_limit);
  end if;

  return array(
    select e.id
      from (
            select d.created_at, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_any
                           and team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) @> v_all
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.created_at, d.id) < (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end) e
     order by e.created_at desc, e.id desc
     limit p_limit);
end
$$;

ALTER FUNCTION team.directory_created_at_down(p_query team.directory_query, p_after timestamp with time zone, p_id uuid, p_limit integer) OWNER TO team_owner;

CREATE FUNCTION team.directory_created_at_up(p_query team.directory_query, p_after timestamp with time zone, p_id uuid, p_limit integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account    constant uuid := p_query.account_id;
  v_text       constant text := p_query.text;
  v_from       constant text := left(v_text, 64);
  v_to         constant text := v_from || U&'\+10FFFF';
  v_roles      constant uuid[] := p_query.text_roles;
  v_kind       constant text := p_query.kind;
  v_status     constant text := p_query.status;
  v_expired    constant boolean := p_query.expired;
  v_hide       constant boolean := not p_query.declined;
  v_role       constant uuid := p_query.role;
  v_group      constant uuid := p_query."group";
  v_after      timestamptz := p_after;
  v_id         uuid := p_id;
  v_budget     integer := 1000;
  v_ids        uuid[] := '{}';
  v_all        bigint[];
  v_any        bigint[];
  v_role_keys  bigint[];
begin
  loop
    v_ids := v_ids || array(
      select d.id
        from (select *
                from team.directory o
               where o.account_id = v_account
                 and (o.created_at, o.id) > (v_after, v_id)
               order by o.created_at asc, o.id asc
               limit v_budget) d
       where case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end
       limit p_limit - cardinality(v_ids));

    if cardinality(v_ids) = p_limit or v_budget is null then
      return v_ids;
    end if;

    select o.created_at, o.id
      into v_after, v_id
      from team.directory o
     where o.account_id = v_account
       and (o.created_at, o.id) > (v_after, v_id)
     order by o.created_at asc, o.id asc
    offset v_budget - 1
     limit 1;

    if not found then
      return v_ids;
    end if;

    if v_budget = 1000 and cardinality(v_ids) >= 5 then
      v_budget := 19000;

    else
      select w.o_all, w.o_any
        into v_all, v_any
        from team.directory_keys_wanted(p_query, null) w;
      exit when v_any is not null or v_all <> '{}';
      v_budget := null;
    end if;
  end loop;

  v_role_keys := array(select team.directory_key('role ' || r.id)
                         from unnest(v_roles) r (id));

  -- "offset 0": no other index than that of the numbers is thought of

  if v_any is null then
    return array(
      select e.id
        from (
            select d.created_at, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) @> v_all
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.created_at, d.id) > (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end) e
       order by e.created_at asc, e.id asc
       limit p_limit);
  end if;

  if v_all = '{}' then
    return array(
      select e.id
        from (
            select d.created_at, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_any
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.created_at, d.id) > (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end) e
       order by e.created_at asc, e.id asc
       limit p_limit);
  end if;

  return array(
    select e.id
      from (
            select d.created_at, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_any
                           and team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) @> v_all
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.created_at, d.id) > (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end) e
     order by e.created_at asc, e.id asc
     limit p_limit);
end
$$;

ALTER FUNCTION team.directory_created_at_up(p_query team.directory_query, p_after timestamp with time zone, p_id uuid, p_limit integer) OWNER TO team_owner;

CREATE FUNCTION team.directory_csv(p_items json) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select E'kind,id,member,name,email,status,roles,permissions,groups,'
           'is_owner,inviter,joined_at,created_at,expires_at,last_login_at\r\n'
           || coalesce(string_agg(c.line || E'\r\n', '' order by e.n), '')
      from json_array_elements(p_items) with ordinality e (entry, n)
     cross join lateral (
       select (select string_agg(r.value ->> 'key', '; ' order by r.n)
                 from json_array_elements(e.entry -> 'roles')
                      with ordinality r (value, n)) as roles,
              (select string_agg(p.permission, '; ' order by p.permission)
                 from (select mp.permission
                         from team.member_permission mp
                        where mp.member_id = (e.entry ->> 'member')::uuid
                        union all
                       select ip.permission
                         from team.invitation_permission ip
                        where ip.invitation_id = (e.entry ->> 'id')::uuid) p)
                as permissions,
              (select string_agg(g.value ->> 'name', '; ' order by g.n)
                 from json_array_elements(e.entry -> 'groups')
                      with ordinality g (value, n)) as groups
     ) l
     cross join lateral (
       select string_agg(team.csv_cell(v.cell), ',' order by v.n) as line
         from (values (1, e.entry ->> 'kind'), (2, e.entry ->> 'id'),
                      (3, e.entry ->> 'member'), (4, e.entry ->> 'name'),
                      (5, e.entry ->> 'email'), (6, e.entry ->> 'status'),
                      (7, l.roles), (8, l.permissions), (9, l.groups),
                      (10, e.entry ->> 'is_owner'),
                      (11, e.entry #>> '{inviter,email}'),
                      (12, e.entry ->> 'joined_at'),
                      (13, e.entry ->> 'created_at'),
                      (14, e.entry ->> 'expires_at'),
                      (15, e.entry ->> 'last_login_at')) v (n, cell)) c);
end
$$;

ALTER FUNCTION team.directory_csv(p_items json) OWNER TO team_owner;

CREATE FUNCTION team.directory_email_down(p_query team.directory_query, p_after text, p_id uuid, p_limit integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account    constant uuid := p_query.account_id;
  v_text       constant text := p_query.text;
  v_from       constant text := left(v_text, 64);
  v_to         constant text := v_from || U&'\+10FFFF';
  v_roles      constant uuid[] := p_query.text_roles;
  v_kind       constant text := p_query.kind;
  v_status     constant text := p_query.status;
  v_expired    constant boolean := p_query.expired;
  v_hide       constant boolean := not p_query.declined;
  v_role       constant uuid := p_query.role;
  v_group      constant uuid := p_query."group";
  v_after      text := p_after;
  v_id         uuid := p_id;
  v_budget     integer := 1000;
  v_ids        uuid[] := '{}';
  v_all        bigint[];
  v_any        bigint[];
  v_role_keys  bigint[];
begin
  loop
    v_ids := v_ids || array(
      select d.id
        from (select o.email, o.id, o.search, o.few_roles, o.kind, o.status, o.expires_at
                from team.directory o
               where o.account_id = v_account
                 and (o.email, o.id) < (v_after, v_id)
               order by o.email desc, o.id desc
               limit v_budget) d
       where case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id)) && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id))))
                    and (v_group is null or v_group = any (
                      (select o.groups
                         from team.directory o
                        where o.id = d.id)::uuid[]))
               else false
             end
       limit p_limit - cardinality(v_ids));

    if cardinality(v_ids) = p_limit or v_budget is null then
      return v_ids;
    end if;

    select o.email, o.id
      into v_after, v_id
      from team.directory o
     where o.account_id = v_account
       and (o.email, o.id) < (v_after, v_id)
     order by o.email desc, o.id desc
    offset v_budget - 1
     limit 1;

    if not found then
      return v_ids;
    end if;

    if v_budget = 1000 and cardinality(v_ids) >= 5 then
      v_budget := 19000;

    else
      select w.o_all, w.o_any
        into v_all, v_any
        from team.directory_keys_wanted(p_query, 2) w;
      exit when v_any is not null or v_all <> '{}';
      v_budget := null;
    end if;
  end loop;

  v_role_keys := array(select team.directory_key('role ' || r.id)
                         from unnest(v_roles) r (id));

  -- from where those begin that begin with the text, or where we are

  if p_after >= v_to collate "C" then
    v_after := v_to;
    v_id := '00000000-0000-0000-0000-000000000000';
  else
    v_after := p_after;
    v_id := p_id;
  end if;

  -- "offset 0": no other index than that of the numbers is thought of

  if v_any is null then
    return array(
      select e.id
        from ((
            select d.email, d.id
              from (select o.email, o.id, o.search, o.few_roles, o.kind, o.status, o.expires_at
                      from team.directory o
                     where o.account_id = v_account
                       and (o.email, o.id) < (v_after, v_id)
                       and o.email >= v_from) d
             where case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id)) && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id))))
                    and (v_group is null or v_group = any (
                      (select o.groups
                         from team.directory o
                        where o.id = d.id)::uuid[]))
               else false
             end
             order by d.email desc, d.id desc
             limit p_limit)
            union all (
            select d.email, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) @> v_all
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.email, d.id) < (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end
               and (v_text is null
                    or d.email < v_from
                    or d.email >= v_to))) e
       order by e.email desc, e.id desc
       limit p_limit);
  end if;

  if v_all = '{}' then
    return array(
      select e.id
        from ((
            select d.email, d.id
              from (select o.email, o.id, o.search, o.few_roles, o.kind, o.status, o.expires_at
                      from team.directory o
                     where o.account_id = v_account
                       and (o.email, o.id) < (v_after, v_id)
                       and o.email >= v_from) d
             where case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id)) && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id))))
                    and (v_group is null or v_group = any (
                      (select o.groups
                         from team.directory o
                        where o.id = d.id)::uuid[]))
               else false
             end
             order by d.email desc, d.id desc
             limit p_limit)
            union all (
            select d.email, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_any
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.email, d.id) < (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end
               and (v_text is null
                    or d.email < v_from
                    or d.email >= v_to))) e
       order by e.email desc, e.id desc
       limit p_limit);
  end if;

  return array(
    select e.id
      from ((
            select d.email, d.id
              from (select o.email, o.id, o.search, o.few_roles, o.kind, o.status, o.expires_at
                      from team.directory o
                     where o.account_id = v_account
                       and (o.email, o.id) < (v_after, v_id)
                       and o.email >= v_from) d
             where case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id)) && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id))))
                    and (v_group is null or v_group = any (
                      (select o.groups
                         from team.directory o
                        where o.id = d.id)::uuid[]))
               else false
             end
             order by d.email desc, d.id desc
             limit p_limit)
            union all (
            select d.email, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_any
                           and team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) @> v_all
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.email, d.id) < (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end
               and (v_text is null
                    or d.email < v_from
                    or d.email >= v_to))) e
     order by e.email desc, e.id desc
     limit p_limit);
end
$$;

ALTER FUNCTION team.directory_email_down(p_query team.directory_query, p_after text, p_id uuid, p_limit integer) OWNER TO team_owner;

CREATE FUNCTION team.directory_email_up(p_query team.directory_query, p_after text, p_id uuid, p_limit integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account    constant uuid := p_query.account_id;
  v_text       constant text := p_query.text;
  v_from       constant text := left(v_text, 64);
  v_to         constant text := v_from || U&'\+10FFFF';
  v_roles      constant uuid[] := p_query.text_roles;
  v_kind       constant text := p_query.kind;
  v_status     constant text := p_query.status;
  v_expired    constant boolean := p_query.expired;
  v_hide       constant boolean := not p_query.declined;
  v_role       constant uuid := p_query.role;
  v_group      constant uuid := p_query."group";
  v_after      text := p_after;
  v_id         uuid := p_id;
  v_budget     integer := 1000;
  v_ids        uuid[] := '{}';
  v_all        bigint[];
  v_any        bigint[];
  v_role_keys  bigint[];
begin
  loop
    v_ids := v_ids || array(
      select d.id
        from (select o.email, o.id, o.search, o.few_roles, o.kind, o.status, o.expires_at
                from team.directory o
               where o.account_id = v_account
                 and (o.email, o.id) > (v_after, v_id)
               order by o.email asc, o.id asc
               limit v_budget) d
       where case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id)) && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id))))
                    and (v_group is null or v_group = any (
                      (select o.groups
                         from team.directory o
                        where o.id = d.id)::uuid[]))
               else false
             end
       limit p_limit - cardinality(v_ids));

    if cardinality(v_ids) = p_limit or v_budget is null then
      return v_ids;
    end if;

    select o.email, o.id
      into v_after, v_id
      from team.directory o
     where o.account_id = v_account
       and (o.email, o.id) > (v_after, v_id)
     order by o.email asc, o.id asc
    offset v_budget - 1
     limit 1;

    if not found then
      return v_ids;
    end if;

    if v_budget = 1000 and cardinality(v_ids) >= 5 then
      v_budget := 19000;

    else
      select w.o_all, w.o_any
        into v_all, v_any
        from team.directory_keys_wanted(p_query, 2) w;
      exit when v_any is not null or v_all <> '{}';
      v_budget := null;
    end if;
  end loop;

  v_role_keys := array(select team.directory_key('role ' || r.id)
                         from unnest(v_roles) r (id));

  -- from where those begin that begin with the text, or where we are

  if p_after < v_from collate "C" then
    v_after := v_from;
    v_id := '00000000-0000-0000-0000-000000000000';
  else
    v_after := p_after;
    v_id := p_id;
  end if;

  -- "offset 0": no other index than that of the numbers is thought of

  if v_any is null then
    return array(
      select e.id
        from ((
            select d.email, d.id
              from (select o.email, o.id, o.search, o.few_roles, o.kind, o.status, o.expires_at
                      from team.directory o
                     where o.account_id = v_account
                       and (o.email, o.id) > (v_after, v_id)
                       and o.email < v_to) d
             where case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id)) && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id))))
                    and (v_group is null or v_group = any (
                      (select o.groups
                         from team.directory o
                        where o.id = d.id)::uuid[]))
               else false
             end
             order by d.email asc, d.id asc
             limit p_limit)
            union all (
            select d.email, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) @> v_all
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.email, d.id) > (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end
               and (v_text is null
                    or d.email < v_from
                    or d.email >= v_to))) e
       order by e.email asc, e.id asc
       limit p_limit);
  end if;

  if v_all = '{}' then
    return array(
      select e.id
        from ((
            select d.email, d.id
              from (select o.email, o.id, o.search, o.few_roles, o.kind, o.status, o.expires_at
                      from team.directory o
                     where o.account_id = v_account
                       and (o.email, o.id) > (v_after, v_id)
                       and o.email < v_to) d
             where case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id)) && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id))))
                    and (v_group is null or v_group = any (
                      (select o.groups
                         from team.directory o
                        where o.id = d.id)::uuid[]))
               else false
             end
             order by d.email asc, d.id asc
             limit p_limit)
            union all (
            select d.email, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_any
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.email, d.id) > (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end
               and (v_text is null
                    or d.email < v_from
                    or d.email >= v_to))) e
       order by e.email asc, e.id asc
       limit p_limit);
  end if;

  return array(
    select e.id
      from ((
            select d.email, d.id
              from (select o.email, o.id, o.search, o.few_roles, o.kind, o.status, o.expires_at
                      from team.directory o
                     where o.account_id = v_account
                       and (o.email, o.id) > (v_after, v_id)
                       and o.email < v_to) d
             where case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id)) && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id))))
                    and (v_group is null or v_group = any (
                      (select o.groups
                         from team.directory o
                        where o.id = d.id)::uuid[]))
               else false
             end
             order by d.email asc, d.id asc
             limit p_limit)
            union all (
            select d.email, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_any
                           and team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) @> v_all
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.email, d.id) > (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end
               and (v_text is null
                    or d.email < v_from
                    or d.email >= v_to))) e
     order by e.email asc, e.id asc
     limit p_limit);
end
$$;

ALTER FUNCTION team.directory_email_up(p_query team.directory_query, p_after text, p_id uuid, p_limit integer) OWNER TO team_owner;

CREATE FUNCTION team.directory_everything() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform team.directory_build();
  return null;
end
$$;

ALTER FUNCTION team.directory_everything() OWNER TO team_owner;

CREATE FUNCTION team.directory_follow() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_row  record;
begin
  if tg_op = 'DELETE' then
    v_row := old;
  else
    v_row := new;
  end if;

  case tg_table_name
    when 'member' then
      perform team.directory_put(v_row.id, true, v_row.identity_id);

    when 'identity' then
      perform team.directory_put(m.id, true, null)
         from (select o.id
                 from team.member o
                where o.identity_id = v_row.id
                order by o.id) m;

    when 'invitation' then
      perform team.directory_put(v_row.id, false, null);

    when 'invitation_role', 'invitation_group' then
      perform team.directory_put(v_row.invitation_id, false, null);

    else
      perform team.directory_put(m.id, true, m.identity_id)
         from team.member m
        where m.id = v_row.member_id;
  end case;

  return null;
end
$$;

ALTER FUNCTION team.directory_follow() OWNER TO team_owner;

CREATE FUNCTION team.directory_items(p_account team.account, p_owner_role uuid, p_ids uuid[]) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_items  text;
begin
  with page as materialized (
    select d.*, p.n, i.last_login_at, team.time_text(d.created_at) as created
      from unnest(p_ids) with ordinality p (id, n)
      join team.directory d on d.id = p.id
      left join team.identity i on i.id = d.identity_id
  ), role as materialized (
    select array_agg(r.id order by r.key) as ids,
           array_agg(json_build_object('key', r.key, 'name', r.name)::text
                     order by r.key) as bodies
      from (select distinct unnest(p.roles) as id from page p) s
      join team.role r on r.id = s.id
  ), "group" as materialized (
    select array_agg(g.id order by g.name collate "C") as ids,
           array_agg(json_build_object('id', g.id, 'name', g.name)::text
                     order by g.name collate "C") as bodies
      from (select distinct unnest(p.groups) as id from page p) s
      join team.member_group g on g.id = s.id
  ), inviter as materialized (
    select array_agg(m.id) as ids,
           array_agg(json_build_object('id', m.id,
                                       'name', coalesce(m.name, i.name),
                                       'email', i.email)::text) as bodies
      from (select distinct p.inviter_id from page p) s
      join team.member m on m.id = s.inviter_id
      join team.identity i on i.id = m.identity_id
  )
  select '[' || string_agg(
           '{"kind":"' || p.kind
           || '","id":"' || coalesce(p.join_request_id, p.id)
           || case
                when p.kind = 'invitation' then '","member":null'
                else '","member":"' || p.id || '"'
              end
           || ',"name":' || coalesce(to_json(p.name)::text, 'null')
           || ',"email":' || case
                               when p.email = '' then 'null'
                               else to_json(p.email)::text
                             end
           || ',"roles":[' || case cardinality(p.roles)
                when 0 then ''
                when 1 then r.bodies[array_position(r.ids, p.roles[1])]
                else (select string_agg(b.body, ',' order by b.n)
                        from unnest(r.bodies) with ordinality b (body, n)
                       where r.ids[b.n] = any (p.roles))
              end
           || '],"groups":[' || case cardinality(p.groups)
                when 0 then ''
                when 1 then g.bodies[array_position(g.ids, p.groups[1])]
                else (select string_agg(b.body, ',' order by b.n)
                        from unnest(g.bodies) with ordinality b (body, n)
                       where g.ids[b.n] = any (p.groups))
              end
           || '],"status":"' || case
                when p.kind = 'invitation' and p.status = 'pending'
                     and p.expires_at <= statement_timestamp() then 'expired'
                else p.status
              end
           || '","is_owner":' || case
                when p_owner_role is not null then
                  p.kind <> 'invitation' and p_owner_role = any (p.roles)
                else p_account.owner_member_id is not distinct from p.id
              end
           || ',"inviter":'
           || coalesce(v.bodies[array_position(v.ids, p.inviter_id)], 'null')
           || ',"joined_at":' || case
                when p.joined_at = p.created_at then '"' || p.created || '"'
                when p.joined_at < 'infinity' then
                  '"' || team.time_text(p.joined_at) || '"'
                else 'null'
              end
           || ',"created_at":"' || p.created
           || '","expires_at":'
           || coalesce('"' || team.time_text(p.expires_at) || '"', 'null')
           || ',"last_login_at":'
           || coalesce('"' || team.time_text(p.last_login_at) || '"', 'null')
           || '}', ',' order by p.n) || ']'
    into v_items
    from page p
   cross join role r
   cross join "group" g
   cross join inviter v;

  return v_items;
end
$$;

ALTER FUNCTION team.directory_items(p_account team.account, p_owner_role uuid, p_ids uuid[]) OWNER TO team_owner;

CREATE FUNCTION team.directory_joined_at_down(p_query team.directory_query, p_after timestamp with time zone, p_id uuid, p_limit integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account    constant uuid := p_query.account_id;
  v_text       constant text := p_query.text;
  v_from       constant text := left(v_text, 64);
  v_to         constant text := v_from || U&'\+10FFFF';
  v_roles      constant uuid[] := p_query.text_roles;
  v_kind       constant text := p_query.kind;
  v_status     constant text := p_query.status;
  v_expired    constant boolean := p_query.expired;
  v_hide       constant boolean := not p_query.declined;
  v_role       constant uuid := p_query.role;
  v_group      constant uuid := p_query."group";
  v_after      timestamptz := p_after;
  v_id         uuid := p_id;
  v_budget     integer := 1000;
  v_ids        uuid[] := '{}';
  v_all        bigint[];
  v_any        bigint[];
  v_role_keys  bigint[];
begin
  loop
    v_ids := v_ids || array(
      select d.id
        from (select *
                from team.directory o
               where o.account_id = v_account
                 and (o.joined_at, o.id) < (v_after, v_id)
               order by o.joined_at desc, o.id desc
               limit v_budget) d
       where case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end
       limit p_limit - cardinality(v_ids));

    if cardinality(v_ids) = p_limit or v_budget is null then
      return v_ids;
    end if;

    select o.joined_at, o.id
      into v_after, v_id
      from team.directory o
     where o.account_id = v_account
       and (o.joined_at, o.id) < (v_after, v_id)
     order by o.joined_at desc, o.id desc
    offset v_budget - 1
     limit 1;

    if not found then
      return v_ids;
    end if;

    if v_budget = 1000 and cardinality(v_ids) >= 5 then
      v_budget := 19000;

    else
      select w.o_all, w.o_any
        into v_all, v_any
        from team.directory_keys_wanted(p_query, null) w;
      exit when v_any is not null or v_all <> '{}';
      v_budget := null;
    end if;
  end loop;

  v_role_keys := array(select team.directory_key('role ' || r.id)
                         from unnest(v_roles) r (id));

  -- "offset 0": no other index than that of the numbers is thought of

  if v_any is null then
    return array(
      select e.id
        from (
            select d.joined_at, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) @> v_all
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.joined_at, d.id) < (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end) e
       order by e.joined_at desc, e.id desc
       limit p_limit);
  end if;

  if v_all = '{}' then
    return array(
      select e.id
        from (
            select d.joined_at, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_any
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.joined_at, d.id) < (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end) e
       order by e.joined_at desc, e.id desc
       limit p_limit);
  end if;

  return array(
    select e.id
      from (
            select d.joined_at, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_any
                           and team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) @> v_all
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.joined_at, d.id) < (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end) e
     order by e.joined_at desc, e.id desc
     limit p_limit);
end
$$;

ALTER FUNCTION team.directory_joined_at_down(p_query team.directory_query, p_after timestamp with time zone, p_id uuid, p_limit integer) OWNER TO team_owner;

CREATE FUNCTION team.directory_joined_at_up(p_query team.directory_query, p_after timestamp with time zone, p_id uuid, p_limit integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account    constant uuid := p_query.account_id;
  v_text       constant text := p_query.text;
  v_from       constant text := left(v_text, 64);
  v_to         constant text := v_from || U&'\+10FFFF';
  v_roles      constant uuid[] := p_query.text_roles;
  v_kind       constant text := p_query.kind;
  v_status     constant text := p_query.status;
  v_expired    constant boolean := p_query.expired;
  v_hide       constant boolean := not p_query.declined;
  v_role       constant uuid := p_query.role;
  v_group      constant uuid := p_query."group";
  v_after      timestamptz := p_after;
  v_id         uuid := p_id;
  v_budget     integer := 1000;
  v_ids        uuid[] := '{}';
  v_all        bigint[];
  v_any        bigint[];
  v_role_keys  bigint[];
begin
  loop
    v_ids := v_ids || array(
      select d.id
        from (select *
                from team.directory o
               where o.account_id = v_account
                 and (o.joined_at, o.id) > (v_after, v_id)
               order by o.joined_at asc, o.id asc
               limit v_budget) d
       where case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end
       limit p_limit - cardinality(v_ids));

    if cardinality(v_ids) = p_limit or v_budget is null then
      return v_ids;
    end if;

    select o.joined_at, o.id
      into v_after, v_id
      from team.directory o
     where o.account_id = v_account
       and (o.joined_at, o.id) > (v_after, v_id)
     order by o.joined_at asc, o.id asc
    offset v_budget - 1
     limit 1;

    if not found then
      return v_ids;
    end if;

    if v_budget = 1000 and cardinality(v_ids) >= 5 then
      v_budget := 19000;

    else
      select w.o_all, w.o_any
        into v_all, v_any
        from team.directory_keys_wanted(p_query, null) w;
      exit when v_any is not null or v_all <> '{}';
      v_budget := null;
    end if;
  end loop;

  v_role_keys := array(select team.directory_key('role ' || r.id)
                         from unnest(v_roles) r (id));

  -- "offset 0": no other index than that of the numbers is thought of

  if v_any is null then
    return array(
      select e.id
        from (
            select d.joined_at, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) @> v_all
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.joined_at, d.id) > (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end) e
       order by e.joined_at asc, e.id asc
       limit p_limit);
  end if;

  if v_all = '{}' then
    return array(
      select e.id
        from (
            select d.joined_at, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_any
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.joined_at, d.id) > (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end) e
       order by e.joined_at asc, e.id asc
       limit p_limit);
  end if;

  return array(
    select e.id
      from (
            select d.joined_at, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_any
                           and team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) @> v_all
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.joined_at, d.id) > (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end) e
     order by e.joined_at asc, e.id asc
     limit p_limit);
end
$$;

ALTER FUNCTION team.directory_joined_at_up(p_query team.directory_query, p_after timestamp with time zone, p_id uuid, p_limit integer) OWNER TO team_owner;

CREATE FUNCTION team.directory_key(p_what text) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return hashtextextended(p_what, 256);
end
$$;

ALTER FUNCTION team.directory_key(p_what text) OWNER TO team_owner;

CREATE FUNCTION team.directory_keys(p_account uuid, p_kind text, p_status text, p_search text, p_roles uuid[], p_groups uuid[]) RETURNS bigint[]
    LANGUAGE plpgsql IMMUTABLE COST 1000 PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_text     constant text := p_search || E'\n';
  v_break    constant integer := strpos(p_search, E'\n');
  v_letters  constant text := team.directory_letters();
  v_within   constant bigint := team.directory_sort(p_account, 0);
  v_sort     bigint;
  v_id       uuid;
  v_keys     bigint[];
begin
  -- a loop takes a quarter of the time that a query would

  for i in 1 .. length(v_text) - 2 loop
    continue when i = v_break - 1 or i = v_break;

    v_sort := case i
                when 1 then team.directory_sort(p_account, 1)
                when v_break + 1 then team.directory_sort(p_account, 2)
                else v_within
              end;
    v_keys := v_keys || hashtextextended(substr(v_text, i, 3), v_sort);

    if strpos(v_letters, substr(v_text, i + 2, 1)) = 0 then
      v_keys := v_keys || hashtextextended(substr(v_text, i, 2), v_sort);
    end if;
  end loop;

  foreach v_id in array p_roles loop
    v_keys := v_keys || hashtextextended('role ' || v_id, 256);
  end loop;

  foreach v_id in array p_groups loop
    v_keys := v_keys || hashtextextended('group ' || v_id, 256);
  end loop;

  return v_keys
         || hashtextextended('kind ' || p_kind || ' ' || p_account, 256)
         || hashtextextended('status ' || p_status || ' ' || p_account, 256);
end
$$;

ALTER FUNCTION team.directory_keys(p_account uuid, p_kind text, p_status text, p_search text, p_roles uuid[], p_groups uuid[]) OWNER TO team_owner;

CREATE FUNCTION team.directory_keys_wanted(p_query team.directory_query, p_but integer, OUT o_all bigint[], OUT o_any bigint[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  constant uuid := p_query.account_id;
  v_text     constant text := coalesce(p_query.text, '');
  v_letters  constant text := team.directory_letters();
  v_sorts    bigint[];
  v_sample   text;
  v_but      text;
  v_count    integer;
begin
  o_all := '{}';

  if length(v_text) = 1 then
    return;
  end if;

  v_sorts := array(select team.directory_sort(v_account, place)
                     from generate_series(0, 2) place
                    where place is distinct from p_but);

  if length(v_text) = 2 then
    o_any := array(
      select hashtextextended(p.part, s.sort)
        from (select v_text
              union all
              select v_text || substr(v_letters, i, 1)
                from generate_series(1, length(v_letters)) i) p (part),
             unnest(v_sorts) s (sort));

  elsif length(v_text) > 2 then
    o_any := array(select hashtextextended(left(v_text, 3), s.sort)
                     from unnest(v_sorts) s (sort));
  end if;

  if length(v_text) > 3 then
    select string_agg(d.search, E'\n'), count(*),
           string_agg(case p_but
                        when 1 then substr(d.search, 2)
                        when 2 then d.name_key || E'\n' || substr(d.email, 2)
                        else d.search
                      end, E'\n')
      into v_sample, v_count, v_but
      from (select d.search, d.name_key, d.email
              from team.directory d
             where d.account_id = v_account
             order by d.created_at desc, d.id desc
             limit 200) d;

    o_all := array(
      select hashtextextended(p.part, team.directory_sort(v_account, 0))
        from (select substr(v_text, i, 3)
                from generate_series(2, least(length(v_text) - 2, 100)) i)
               p (part)
       order by length(v_sample) - length(replace(v_sample, p.part, ''))
       limit 4);

    if length(v_but) - length(replace(v_but, left(v_text, 3), ''))
       > 3 * v_count / 4
    then
      o_any := null;
    end if;
  end if;

  if p_query.role is not null and v_text = '' then
    o_all := o_all || team.directory_key('role ' || p_query.role);
  end if;

  if p_query."group" is not null then
    o_all := o_all || team.directory_key('group ' || p_query."group");
  end if;

  if p_query.status is not null and p_query.status <> 'active' then
    o_all := o_all || team.directory_key('status ' || p_query.status || ' '
                                         || v_account);
  end if;

  if p_query.kind is not null and p_query.kind <> 'member' then
    o_all := o_all || team.directory_key('kind ' || p_query.kind || ' '
                                         || v_account);
  end if;
end
$$;

ALTER FUNCTION team.directory_keys_wanted(p_query team.directory_query, p_but integer, OUT o_all bigint[], OUT o_any bigint[]) OWNER TO team_owner;

CREATE FUNCTION team.directory_letters() RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return E'abcdefghijklmnopqrstuvwxyz0123456789 .,-_@+\'\n';
end
$$;

ALTER FUNCTION team.directory_letters() OWNER TO team_owner;

CREATE FUNCTION team.directory_name_key_down(p_query team.directory_query, p_after text, p_id uuid, p_limit integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account    constant uuid := p_query.account_id;
  v_text       constant text := p_query.text;
  v_from       constant text := left(v_text, 64);
  v_to         constant text := v_from || U&'\+10FFFF';
  v_roles      constant uuid[] := p_query.text_roles;
  v_kind       constant text := p_query.kind;
  v_status     constant text := p_query.status;
  v_expired    constant boolean := p_query.expired;
  v_hide       constant boolean := not p_query.declined;
  v_role       constant uuid := p_query.role;
  v_group      constant uuid := p_query."group";
  v_after      text := p_after;
  v_id         uuid := p_id;
  v_budget     integer := 1000;
  v_ids        uuid[] := '{}';
  v_all        bigint[];
  v_any        bigint[];
  v_role_keys  bigint[];
begin
  loop
    v_ids := v_ids || array(
      select d.id
        from (select o.name_key, o.id, o.search, o.few_roles, o.kind, o.status, o.expires_at
                from team.directory o
               where o.account_id = v_account
                 and (o.name_key, o.id) < (v_after, v_id)
               order by o.name_key desc, o.id desc
               limit v_budget) d
       where case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id)) && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id))))
                    and (v_group is null or v_group = any (
                      (select o.groups
                         from team.directory o
                        where o.id = d.id)::uuid[]))
               else false
             end
       limit p_limit - cardinality(v_ids));

    if cardinality(v_ids) = p_limit or v_budget is null then
      return v_ids;
    end if;

    select o.name_key, o.id
      into v_after, v_id
      from team.directory o
     where o.account_id = v_account
       and (o.name_key, o.id) < (v_after, v_id)
     order by o.name_key desc, o.id desc
    offset v_budget - 1
     limit 1;

    if not found then
      return v_ids;
    end if;

    if v_budget = 1000 and cardinality(v_ids) >= 5 then
      v_budget := 19000;

    else
      select w.o_all, w.o_any
        into v_all, v_any
        from team.directory_keys_wanted(p_query, 1) w;
      exit when v_any is not null or v_all <> '{}';
      v_budget := null;
    end if;
  end loop;

  v_role_keys := array(select team.directory_key('role ' || r.id)
                         from unnest(v_roles) r (id));

  -- from where those begin that begin with the text, or where we are

  if p_after >= v_to collate "C" then
    v_after := v_to;
    v_id := '00000000-0000-0000-0000-000000000000';
  else
    v_after := p_after;
    v_id := p_id;
  end if;

  -- "offset 0": no other index than that of the numbers is thought of

  if v_any is null then
    return array(
      select e.id
        from ((
            select d.name_key, d.id
              from (select o.name_key, o.id, o.search, o.few_roles, o.kind, o.status, o.expires_at
                      from team.directory o
                     where o.account_id = v_account
                       and (o.name_key, o.id) < (v_after, v_id)
                       and o.name_key >= v_from) d
             where case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id)) && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id))))
                    and (v_group is null or v_group = any (
                      (select o.groups
                         from team.directory o
                        where o.id = d.id)::uuid[]))
               else false
             end
             order by d.name_key desc, d.id desc
             limit p_limit)
            union all (
            select d.name_key, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) @> v_all
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.name_key, d.id) < (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end
               and (v_text is null
                    or d.name_key < v_from
                    or d.name_key >= v_to))) e
       order by e.name_key desc, e.id desc
       limit p_limit);
  end if;

  if v_all = '{}' then
    return array(
      select e.id
        from ((
            select d.name_key, d.id
              from (select o.name_key, o.id, o.search, o.few_roles, o.kind, o.status, o.expires_at
                      from team.directory o
                     where o.account_id = v_account
                       and (o.name_key, o.id) < (v_after, v_id)
                       and o.name_key >= v_from) d
             where case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id)) && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id))))
                    and (v_group is null or v_group = any (
                      (select o.groups
                         from team.directory o
                        where o.id = d.id)::uuid[]))
               else false
             end
             order by d.name_key desc, d.id desc
             limit p_limit)
            union all (
            select d.name_key, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_any
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.name_key, d.id) < (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end
               and (v_text is null
                    or d.name_key < v_from
                    or d.name_key >= v_to))) e
       order by e.name_key desc, e.id desc
       limit p_limit);
  end if;

  return array(
    select e.id
      from ((
            select d.name_key, d.id
              from (select o.name_key, o.id, o.search, o.few_roles, o.kind, o.status, o.expires_at
                      from team.directory o
                     where o.account_id = v_account
                       and (o.name_key, o.id) < (v_after, v_id)
                       and o.name_key >= v_from) d
             where case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id)) && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id))))
                    and (v_group is null or v_group = any (
                      (select o.groups
                         from team.directory o
                        where o.id = d.id)::uuid[]))
               else false
             end
             order by d.name_key desc, d.id desc
             limit p_limit)
            union all (
            select d.name_key, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_any
                           and team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) @> v_all
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.name_key, d.id) < (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end
               and (v_text is null
                    or d.name_key < v_from
                    or d.name_key >= v_to))) e
     order by e.name_key desc, e.id desc
     limit p_limit);
end
$$;

ALTER FUNCTION team.directory_name_key_down(p_query team.directory_query, p_after text, p_id uuid, p_limit integer) OWNER TO team_owner;

CREATE FUNCTION team.directory_name_key_up(p_query team.directory_query, p_after text, p_id uuid, p_limit integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account    constant uuid := p_query.account_id;
  v_text       constant text := p_query.text;
  v_from       constant text := left(v_text, 64);
  v_to         constant text := v_from || U&'\+10FFFF';
  v_roles      constant uuid[] := p_query.text_roles;
  v_kind       constant text := p_query.kind;
  v_status     constant text := p_query.status;
  v_expired    constant boolean := p_query.expired;
  v_hide       constant boolean := not p_query.declined;
  v_role       constant uuid := p_query.role;
  v_group      constant uuid := p_query."group";
  v_after      text := p_after;
  v_id         uuid := p_id;
  v_budget     integer := 1000;
  v_ids        uuid[] := '{}';
  v_all        bigint[];
  v_any        bigint[];
  v_role_keys  bigint[];
begin
  loop
    v_ids := v_ids || array(
      select d.id
        from (select o.name_key, o.id, o.search, o.few_roles, o.kind, o.status, o.expires_at
                from team.directory o
               where o.account_id = v_account
                 and (o.name_key, o.id) > (v_after, v_id)
               order by o.name_key asc, o.id asc
               limit v_budget) d
       where case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id)) && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id))))
                    and (v_group is null or v_group = any (
                      (select o.groups
                         from team.directory o
                        where o.id = d.id)::uuid[]))
               else false
             end
       limit p_limit - cardinality(v_ids));

    if cardinality(v_ids) = p_limit or v_budget is null then
      return v_ids;
    end if;

    select o.name_key, o.id
      into v_after, v_id
      from team.directory o
     where o.account_id = v_account
       and (o.name_key, o.id) > (v_after, v_id)
     order by o.name_key asc, o.id asc
    offset v_budget - 1
     limit 1;

    if not found then
      return v_ids;
    end if;

    if v_budget = 1000 and cardinality(v_ids) >= 5 then
      v_budget := 19000;

    else
      select w.o_all, w.o_any
        into v_all, v_any
        from team.directory_keys_wanted(p_query, 1) w;
      exit when v_any is not null or v_all <> '{}';
      v_budget := null;
    end if;
  end loop;

  v_role_keys := array(select team.directory_key('role ' || r.id)
                         from unnest(v_roles) r (id));

  -- from where those begin that begin with the text, or where we are

  if p_after < v_from collate "C" then
    v_after := v_from;
    v_id := '00000000-0000-0000-0000-000000000000';
  else
    v_after := p_after;
    v_id := p_id;
  end if;

  -- "offset 0": no other index than that of the numbers is thought of

  if v_any is null then
    return array(
      select e.id
        from ((
            select d.name_key, d.id
              from (select o.name_key, o.id, o.search, o.few_roles, o.kind, o.status, o.expires_at
                      from team.directory o
                     where o.account_id = v_account
                       and (o.name_key, o.id) > (v_after, v_id)
                       and o.name_key < v_to) d
             where case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id)) && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id))))
                    and (v_group is null or v_group = any (
                      (select o.groups
                         from team.directory o
                        where o.id = d.id)::uuid[]))
               else false
             end
             order by d.name_key asc, d.id asc
             limit p_limit)
            union all (
            select d.name_key, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) @> v_all
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.name_key, d.id) > (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end
               and (v_text is null
                    or d.name_key < v_from
                    or d.name_key >= v_to))) e
       order by e.name_key asc, e.id asc
       limit p_limit);
  end if;

  if v_all = '{}' then
    return array(
      select e.id
        from ((
            select d.name_key, d.id
              from (select o.name_key, o.id, o.search, o.few_roles, o.kind, o.status, o.expires_at
                      from team.directory o
                     where o.account_id = v_account
                       and (o.name_key, o.id) > (v_after, v_id)
                       and o.name_key < v_to) d
             where case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id)) && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id))))
                    and (v_group is null or v_group = any (
                      (select o.groups
                         from team.directory o
                        where o.id = d.id)::uuid[]))
               else false
             end
             order by d.name_key asc, d.id asc
             limit p_limit)
            union all (
            select d.name_key, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_any
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.name_key, d.id) > (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end
               and (v_text is null
                    or d.name_key < v_from
                    or d.name_key >= v_to))) e
       order by e.name_key asc, e.id asc
       limit p_limit);
  end if;

  return array(
    select e.id
      from ((
            select d.name_key, d.id
              from (select o.name_key, o.id, o.search, o.few_roles, o.kind, o.status, o.expires_at
                      from team.directory o
                     where o.account_id = v_account
                       and (o.name_key, o.id) > (v_after, v_id)
                       and o.name_key < v_to) d
             where case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id)) && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id))))
                    and (v_group is null or v_group = any (
                      (select o.groups
                         from team.directory o
                        where o.id = d.id)::uuid[]))
               else false
             end
             order by d.name_key asc, d.id asc
             limit p_limit)
            union all (
            select d.name_key, d.id
              from (select *
                      from team.directory o
                     where team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_any
                           and team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) @> v_all
                        or team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups) && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.name_key, d.id) > (p_after, p_id)
               and case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and d.roles && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (d.roles))
                    and (v_group is null or v_group = any (d.groups))
               else false
             end
               and (v_text is null
                    or d.name_key < v_from
                    or d.name_key >= v_to))) e
     order by e.name_key asc, e.id asc
     limit p_limit);
end
$$;

ALTER FUNCTION team.directory_name_key_up(p_query team.directory_query, p_after text, p_id uuid, p_limit integer) OWNER TO team_owner;

CREATE FUNCTION team.directory_put(p_id uuid, p_member boolean, p_identity uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_old  team.directory;
  v_new  team.directory;
begin
  if p_identity is not null then
    perform
       from team.identity i
      where i.id = p_identity
        for share;
  end if;

  select *
    into v_old
    from team.directory d
   where d.id = p_id
     for update;

  if p_member then
    select *
      into v_new
      from team.directory_member s
     where s.id = p_id;

  else
    select *
      into v_new
      from team.directory_invitation s
     where s.id = p_id;
  end if;

  if v_new is not distinct from v_old then
    return;
  end if;

  if v_new.id is null then
    delete from team.directory d
     where d.id = p_id;
    return;
  end if;

  if v_old.id is not null then
    update team.directory d
       set (id, account_id, created_at, joined_at, status, kind, search, roles,
            groups, name_key, email, name, expires_at, identity_id,
            join_request_id, inviter_id, few_roles) = row (v_new.*)
     where d.id = p_id;
    return;
  end if;

  insert into team.directory
  select v_new.*
  on conflict (id) do nothing;

  -- not there a moment ago, and there now: once more, with a lock on it

  if not found then
    perform team.directory_put(p_id, p_member, p_identity);
  end if;
end
$$;

ALTER FUNCTION team.directory_put(p_id uuid, p_member boolean, p_identity uuid) OWNER TO team_owner;

CREATE FUNCTION team.directory_query_make(p_account team.account, p_q text, p_kind text, p_status text, p_role text, p_group text) RETURNS team.directory_query
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_nil    constant uuid := '00000000-0000-0000-0000-000000000000';
  v_query  team.directory_query;
begin
  if p_kind not in ('member', 'invitation', 'join_request') then
    perform team.fail_at(400, 'bad-kind', '?kind',
                         'kind is member, invitation or join_request.');
  end if;

  if p_status not in ('active', 'pending', 'suspended', 'declined', 'expired')
  then
    perform team.fail_at(400, 'bad-status', '?status',
                         'status is active, pending, suspended, declined or '
                         'expired.');
  end if;

  v_query.account_id := p_account.id;
  v_query.kind := p_kind;
  v_query.declined := p_account.decline_mode = 'shown';

  if p_status in ('pending', 'expired') then
    v_query.status := 'pending';
    v_query.expired := p_status = 'expired';
  else
    v_query.status := p_status;
  end if;

  if p_role is not null then
    v_query.role := coalesce((select r.id
                                from team.role r
                               where r.account_id = p_account.id
                                 and r.key = p_role), v_nil);
  end if;

  if p_group is not null then
    v_query."group" := coalesce(team.id_parse(p_group), v_nil);
  end if;

  if p_q <> '' then
    -- no name holds a line break, which is what ends one in an entry's text
    v_query.text := translate(team.name_normal(p_q), E'\n', E'\x01');
    v_query.text_roles := nullif(
      array(select r.id
              from team.role r
             where r.account_id = p_account.id
               and (strpos(team.name_normal(r.name), v_query.text) > 0
                    or strpos(r.key, v_query.text) > 0)), '{}');
  end if;

  return v_query;
end
$$;

ALTER FUNCTION team.directory_query_make(p_account team.account, p_q text, p_kind text, p_status text, p_role text, p_group text) OWNER TO team_owner;

CREATE FUNCTION team.directory_sort(p_account uuid, p_place integer) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (uuid_hash_extended(p_account, 0) & 255) + 1000 * p_place;
end
$$;

ALTER FUNCTION team.directory_sort(p_account uuid, p_place integer) OWNER TO team_owner;

CREATE FUNCTION team.domains_parse(p_domains jsonb) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

ALTER FUNCTION team.domains_parse(p_domains jsonb) OWNER TO team_owner;

CREATE FUNCTION team.email_check(p_email text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

ALTER FUNCTION team.email_check(p_email text) OWNER TO team_owner;

CREATE FUNCTION team.email_mask(p_email text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return left(p_email, 1) || '***' || substr(p_email, strpos(p_email, '@'));
end
$$;

ALTER FUNCTION team.email_mask(p_email text) OWNER TO team_owner;

CREATE FUNCTION team.email_normal(p_email text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select pg_catalog.translate(p_email, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
                              'abcdefghijklmnopqrstuvwxyz')
$$;

ALTER FUNCTION team.email_normal(p_email text) OWNER TO team_owner;

CREATE FUNCTION team.email_verified_check(p_email text, p_email_verified boolean) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_email is null or p_email_verified is not true then
    perform team.fail(403, 'email-unverified',
                      'Verify your email address first.');
  end if;

  return team.email_normal(p_email);
end
$$;

ALTER FUNCTION team.email_verified_check(p_email text, p_email_verified boolean) OWNER TO team_owner;

CREATE FUNCTION team.etag(p_body text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return '"' || substr(encode(sha256(convert_to(p_body, 'UTF8')), 'hex'), 1, 32)
         || '"';
end
$$;

ALTER FUNCTION team.etag(p_body text) OWNER TO team_owner;

CREATE FUNCTION team.fail(p_status integer, p_code text, p_detail text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  raise exception using
    errcode = 'TM' || p_status,
    message = p_code,
    detail = p_detail;
end
$$;

ALTER FUNCTION team.fail(p_status integer, p_code text, p_detail text) OWNER TO team_owner;

CREATE FUNCTION team.fail_at(p_status integer, p_code text, p_place text, p_detail text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  raise exception using
    errcode = 'TM' || p_status,
    message = p_code,
    detail = p_detail,
    hint = p_place;
end
$$;

ALTER FUNCTION team.fail_at(p_status integer, p_code text, p_place text, p_detail text) OWNER TO team_owner;

CREATE TABLE team.member_group (
    id uuid DEFAULT team.uuid_v7() NOT NULL,
    account_id uuid NOT NULL,
    name team.display_name NOT NULL,
    policy text,
    approver_member_id uuid,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    CONSTRAINT member_group_policy_check CHECK (((char_length(policy) <= 200) AND (policy !~ '[\x01-\x1f\x7f]'::text)))
);

ALTER TABLE team.member_group OWNER TO team_owner;

COMMENT ON COLUMN team.member_group.policy IS 'What the application reads: the name of a policy of its own.';

CREATE FUNCTION team.group_check(p_account team.account, p_group team.member_group, p_approver text) RETURNS team.member_group
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  p_group.name := team.name_check(p_group.name, 'name');

  if p_group.name is null then
    perform team.fail_at(422, 'invalid-name', '/name',
                         'A group needs a name.');
  end if;

  p_group.approver_member_id := null;

  if p_approver is not null then
    select m.id
      into p_group.approver_member_id
      from team.member m
     where m.id = team.id_parse(p_approver)
       and m.account_id = p_account.id
       and m.status = 'active';

    if not found then
      perform team.fail_at(422, 'unknown-approver', '/approver',
                           'The account has no active member of that id.');
    end if;
  end if;

  perform
     from team.member_group g
    where g.account_id = p_account.id
      and g.name = p_group.name
      and g.id is distinct from p_group.id;

  if found then
    perform team.fail(409, 'group-exists', 'There is a group of that name.');
  end if;

  return p_group;
end
$$;

ALTER FUNCTION team.group_check(p_account team.account, p_group team.member_group, p_approver text) OWNER TO team_owner;

CREATE FUNCTION team.group_find(p_account team.account, p_group text) RETURNS team.member_group
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_id     uuid := team.id_parse(p_group);
  v_group  team.member_group;
begin
  select *
    into v_group
    from team.member_group g
   where g.id = v_id
     and g.account_id = p_account.id;

  if v_group.id is null then
    perform team.not_found();
  end if;

  return v_group;
end
$$;

ALTER FUNCTION team.group_find(p_account team.account, p_group text) OWNER TO team_owner;

CREATE FUNCTION team.group_member_set(p_issuer text, p_subject text, p_account text, p_group text, p_member text, p_in boolean, p_if_match text) RETURNS team_api.reply
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_group    team.member_group;
  v_target   team.standing;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'groups:assign');
  v_group := team.group_find(v_account, p_group);
  v_target := team.target_find(v_account, v_actor, p_member);

  perform team.if_match_honour(
    p_if_match, team.etag(team.member_text(v_target.member_id)));

  if p_in then
    insert into team.group_member (group_id, member_id, account_id)
    values (v_group.id, v_target.member_id, v_account.id)
    on conflict (group_id, member_id) do nothing;

  else
    delete from team.group_member gm
     where gm.group_id = v_group.id
       and gm.member_id = v_target.member_id;
  end if;

  if found then
    perform team.audit(
      v_account.id, v_actor,
      case when p_in then 'group.enter' else 'group.leave' end,
      'member', v_target.member_id, null,
      jsonb_build_object('group', v_group.id, 'name', v_group.name));
  end if;

  v_reply.status := 204;
  return v_reply;
end
$$;

ALTER FUNCTION team.group_member_set(p_issuer text, p_subject text, p_account text, p_group text, p_member text, p_in boolean, p_if_match text) OWNER TO team_owner;

CREATE FUNCTION team.group_names(p_groups uuid[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select coalesce(jsonb_agg(g.name order by g.name collate "C"), '[]')
      from team.member_group g
     where g.id = any (p_groups));
end
$$;

ALTER FUNCTION team.group_names(p_groups uuid[]) OWNER TO team_owner;

CREATE FUNCTION team.group_text(p_group uuid) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select b.body::text
      from team.group_body b
     where b.group_id = p_group);
end
$$;

ALTER FUNCTION team.group_text(p_group uuid) OWNER TO team_owner;

CREATE FUNCTION team.groups_parse(p_account uuid, p_groups jsonb) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_texts  text[];
  v_ids    uuid[];
begin
  if p_groups is null or jsonb_typeof(p_groups) <> 'array'
     or jsonb_path_exists(p_groups, 'strict $[*] ? (@.type() != "string")')
  then
    perform team.fail_at(422, 'invalid-groups', '/groups',
                         'groups must be an array of group ids.');
  end if;

  if p_groups = '[]' then
    return '{}';
  end if;

  v_texts := array(select g.id from jsonb_array_elements_text(p_groups) g (id));

  if cardinality(v_texts) <> (select count(distinct g.id collate "C")
                                from unnest(v_texts) g (id))
  then
    perform team.fail_at(422, 'invalid-groups',
                         team.pointer_in('groups', v_texts, null),
                         'A group is named twice.');
  end if;

  v_ids := array(select g.id
                   from unnest(v_texts) t (id)
                   join team.member_group g on g.id = team.id_parse(t.id)
                  where g.account_id = p_account);

  if cardinality(v_ids) <> cardinality(v_texts) then
    perform team.fail_at(422, 'unknown-group',
                         team.pointer_in('groups', v_texts, v_ids::text[]),
                         'The account has no group of that id.');
  end if;

  return v_ids;
end
$_$;

ALTER FUNCTION team.groups_parse(p_account uuid, p_groups jsonb) OWNER TO team_owner;

CREATE FUNCTION team.id_parse(p_text text) RETURNS uuid
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  return case
           when p_text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
           then p_text::uuid
         end;
end
$_$;

ALTER FUNCTION team.id_parse(p_text text) OWNER TO team_owner;

CREATE FUNCTION team.idempotency_begin(p_issuer text, p_subject text, p_scope uuid, p_key text, p_request jsonb) RETURNS team_api.reply
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

ALTER FUNCTION team.idempotency_begin(p_issuer text, p_subject text, p_scope uuid, p_key text, p_request jsonb) OWNER TO team_owner;

CREATE FUNCTION team.idempotency_end(p_issuer text, p_subject text, p_scope uuid, p_key text, p_reply team_api.reply) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.idempotency_end(p_issuer text, p_subject text, p_scope uuid, p_key text, p_reply team_api.reply) OWNER TO team_owner;

CREATE FUNCTION team.identity_touch(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

ALTER FUNCTION team.identity_touch(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text) OWNER TO team_owner;

CREATE FUNCTION team.if_match_check(p_if_match text, p_etag text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_if_match is null then
    perform team.fail(428, 'precondition-required',
                      'Send If-Match with the ETag you have read.');
  end if;

  if btrim(p_if_match, E' \t') <> '*'
     and p_etag <> all (regexp_split_to_array(btrim(p_if_match, E' \t'),
                                              '[ \t]*,[ \t]*'))
  then
    perform team.fail(412, 'precondition-failed',
                      'It has been changed since you read it.');
  end if;
end
$$;

ALTER FUNCTION team.if_match_check(p_if_match text, p_etag text) OWNER TO team_owner;

CREATE FUNCTION team.if_match_honour(p_if_match text, p_etag text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_if_match is not null then
    perform team.if_match_check(p_if_match, p_etag);
  end if;
end
$$;

ALTER FUNCTION team.if_match_honour(p_if_match text, p_etag text) OWNER TO team_owner;

CREATE TABLE team.invitation (
    id uuid DEFAULT team.uuid_v7() NOT NULL,
    account_id uuid NOT NULL,
    email team.email NOT NULL,
    name team.display_name,
    locale team.locale,
    status team.invitation_status DEFAULT 'pending'::text NOT NULL,
    inviter_account_id uuid NOT NULL,
    inviter_member_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    sent_at timestamp with time zone,
    expires_at timestamp with time zone NOT NULL,
    decided_at timestamp with time zone,
    accepted_member_id uuid,
    CONSTRAINT invitation_decided_check CHECK ((((status)::text = 'pending'::text) = (decided_at IS NULL)))
);

ALTER TABLE team.invitation OWNER TO team_owner;

COMMENT ON TABLE team.invitation IS 'An emailed offer. "expired" is not stored: it is pending with expires_at past. Who invited is named by id without a foreign key: their standing is looked up again at acceptance.';

CREATE FUNCTION team.invitation_by_token(p_token text) RETURNS team.invitation
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.invitation_by_token(p_token text) OWNER TO team_owner;

CREATE FUNCTION team.invitation_create(p_account team.account, p_inviter_account uuid, p_actor team.standing, p_email text, p_name text, p_roles uuid[], p_permissions text[], p_groups uuid[], p_locale text, OUT o_invitation team.invitation, OUT o_refusal text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

ALTER FUNCTION team.invitation_create(p_account team.account, p_inviter_account uuid, p_actor team.standing, p_email text, p_name text, p_roles uuid[], p_permissions text[], p_groups uuid[], p_locale text, OUT o_invitation team.invitation, OUT o_refusal text) OWNER TO team_owner;

CREATE FUNCTION team.invitation_find(p_account team.account, p_invitation text) RETURNS team.invitation
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.invitation_find(p_account team.account, p_invitation text) OWNER TO team_owner;

CREATE FUNCTION team.invitation_groups(p_invitation uuid) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return array(
    select g.group_id
      from team.invitation_group g
     where g.invitation_id = p_invitation);
end
$$;

ALTER FUNCTION team.invitation_groups(p_invitation uuid) OWNER TO team_owner;

CREATE FUNCTION team.invitation_mail_cancel(p_invitation uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.invitation_mail_cancel(p_invitation uuid) OWNER TO team_owner;

CREATE FUNCTION team.invitation_make_way(p_account team.account, p_email text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.invitation_make_way(p_account team.account, p_email text) OWNER TO team_owner;

CREATE FUNCTION team.invitation_message() RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return 'Invitation email sent. It may take a moment to arrive.';
end
$$;

ALTER FUNCTION team.invitation_message() OWNER TO team_owner;

CREATE FUNCTION team.invitation_permissions(p_invitation uuid) RETURNS text[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return array(
    select p.permission::text
      from team.invitation_permission p
     where p.invitation_id = p_invitation);
end
$$;

ALTER FUNCTION team.invitation_permissions(p_invitation uuid) OWNER TO team_owner;

CREATE FUNCTION team.invitation_roles(p_invitation uuid) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return array(
    select r.role_id
      from team.invitation_role r
     where r.invitation_id = p_invitation);
end
$$;

ALTER FUNCTION team.invitation_roles(p_invitation uuid) OWNER TO team_owner;

CREATE FUNCTION team.invitation_row(p_account team.account, p_actor team.standing, p_row jsonb, p_csv boolean) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_row is null or jsonb_typeof(p_row) <> 'object' then
    perform team.fail(422, 'invalid-row',
                      case
                        when p_csv then
                          'The row has not as many cells as the first line.'
                        else 'An invitation must be an object.'
                      end);
  end if;

  if exists (select
               from jsonb_object_keys(p_row) k (name)
              where k.name not in ('email', 'name', 'roles', 'permissions',
                                   'groups', 'locale'))
  then
    perform team.fail(422, 'invalid-row',
                      'An invitation has an email and may have a name, roles, '
                      'permissions, groups and a locale.');
  end if;

  return team.invitation_create(
    p_account, team.member_account(p_actor.member_id), p_actor,
    team.row_text(p_row, 'email'), team.row_text(p_row, 'name'),
    team.roles_parse(p_account.id,
                     coalesce(nullif(p_row -> 'roles', 'null'), '[]')),
    team.offer_permissions_parse(nullif(p_row -> 'permissions', 'null')),
    team.offer_groups_parse(
      p_account.id,
      case
        when p_csv then team.csv_groups(p_account.id, p_row -> 'groups')
        else nullif(p_row -> 'groups', 'null')
      end),
    team.row_text(p_row, 'locale'));
end
$$;

ALTER FUNCTION team.invitation_row(p_account team.account, p_actor team.standing, p_row jsonb, p_csv boolean) OWNER TO team_owner;

CREATE FUNCTION team.invitation_row_try(p_account team.account, p_actor team.standing, p_n integer, p_row jsonb, p_csv boolean) RETURNS json
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_email    text := case jsonb_typeof(p_row)
                       when 'object' then left(p_row ->> 'email', 254)
                     end;
  v_made     record;
  v_code     text;
  v_detail   text;
begin
  begin
    v_made := team.invitation_row(p_account, p_actor, p_row, p_csv);

    if v_made.o_refusal is null then
      return json_build_object(
        'row', p_n,
        'email', v_email,
        'status', 'created',
        'code', null,
        'detail', team.invitation_message(),
        'invitation', team.invitation_text((v_made.o_invitation).id)::json);
    end if;

  exception
    when others then
      if sqlstate not like 'TM4__' then
        raise;
      end if;

      get stacked diagnostics v_detail = pg_exception_detail;
      v_code := sqlerrm;
  end;

  if v_code is null then
    v_code := v_made.o_refusal;
    v_detail := (team.refuse(
      p_account, p_actor, 'invitation.create', p_account.id, v_code,
      jsonb_build_object('email', v_email, 'roles', p_row -> 'roles',
                         'permissions', p_row -> 'permissions'),
      'account')).body::json ->> 'detail';
  end if;

  return json_build_object('row', p_n, 'email', v_email, 'status', 'refused',
                           'code', v_code, 'detail', v_detail,
                           'invitation', null);
end
$$;

ALTER FUNCTION team.invitation_row_try(p_account team.account, p_actor team.standing, p_n integer, p_row jsonb, p_csv boolean) OWNER TO team_owner;

CREATE FUNCTION team.invitation_text(p_invitation uuid) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select b.body::text
      from team.invitation_body b
     where b.invitation_id = p_invitation);
end
$$;

ALTER FUNCTION team.invitation_text(p_invitation uuid) OWNER TO team_owner;

CREATE FUNCTION team.invitation_token_issue(p_invitation uuid) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.invitation_token_issue(p_invitation uuid) OWNER TO team_owner;

CREATE FUNCTION team.invitation_withdraw(p_invitation uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update team.invitation i
     set status = 'withdrawn',
         decided_at = statement_timestamp()
   where i.id = p_invitation
     and i.status in ('pending', 'declined');

  perform team.invitation_mail_cancel(p_invitation);
end
$$;

ALTER FUNCTION team.invitation_withdraw(p_invitation uuid) OWNER TO team_owner;

CREATE FUNCTION team.join_decide(p_join uuid, p_status text, p_actor team.standing) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update team.join_request j
     set status = p_status,
         decided_at = statement_timestamp(),
         decided_by = p_actor.member_id
   where j.id = p_join
     and j.status = 'pending';
end
$$;

ALTER FUNCTION team.join_decide(p_join uuid, p_status text, p_actor team.standing) OWNER TO team_owner;

CREATE TABLE team.join_request (
    id uuid DEFAULT team.uuid_v7() NOT NULL,
    account_id uuid NOT NULL,
    member_id uuid,
    identity_id uuid NOT NULL,
    link_id uuid NOT NULL,
    status team.join_status DEFAULT 'pending'::text NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    decided_at timestamp with time zone,
    decided_by uuid,
    CONSTRAINT join_request_decided_check CHECK ((((status)::text = 'pending'::text) = (decided_at IS NULL)))
);

ALTER TABLE team.join_request OWNER TO team_owner;

CREATE FUNCTION team.join_find(p_account team.account, p_join text) RETURNS team.join_request
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_id    uuid := team.id_parse(p_join);
  v_join  team.join_request;
begin
  select *
    into v_join
    from team.join_request j
   where j.account_id = p_account.id
     and j.id = v_id;

  if v_join.id is null then
    perform team.not_found();
  end if;

  if v_join.status <> 'pending' or v_join.member_id is null then
    perform team.fail(409, 'not-pending',
                      'The request has been decided already.');
  end if;

  return v_join;
end
$$;

ALTER FUNCTION team.join_find(p_account team.account, p_join text) OWNER TO team_owner;

CREATE FUNCTION team.joined_reply(p_account team.account, p_member team.standing) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.joined_reply(p_account team.account, p_member team.standing) OWNER TO team_owner;

CREATE FUNCTION team.limit_check(p_limit integer) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_limit not between 1 and 200 then
    perform team.fail_at(400, 'bad-limit', '?limit',
                         'limit must be from 1 to 200.');
  end if;

  return coalesce(p_limit, 50);
end
$$;

ALTER FUNCTION team.limit_check(p_limit integer) OWNER TO team_owner;

CREATE TABLE team.invite_link (
    id uuid DEFAULT team.uuid_v7() NOT NULL,
    account_id uuid NOT NULL,
    code_hash bytea NOT NULL,
    role_id uuid,
    created_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    max_uses integer,
    uses integer DEFAULT 0 NOT NULL,
    domains text[] COLLATE pg_catalog."C",
    revoked_at timestamp with time zone,
    CONSTRAINT invite_link_uses_check CHECK (((uses >= 0) AND ((max_uses IS NULL) OR ((max_uses >= 1) AND (uses <= max_uses)))))
);

ALTER TABLE team.invite_link OWNER TO team_owner;

CREATE FUNCTION team.link_by_code(p_code text) RETURNS team.invite_link
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.link_by_code(p_code text) OWNER TO team_owner;

CREATE FUNCTION team.link_find(p_account team.account, p_link text) RETURNS team.invite_link
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.link_find(p_account team.account, p_link text) OWNER TO team_owner;

CREATE FUNCTION team.link_role(p_account team.account, p_role uuid) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return array(
    select r.id
      from team.role r
     where r.account_id = p_account.id
       and (r.id = p_role
            or p_role is null and r.key = p_account.link_role));
end
$$;

ALTER FUNCTION team.link_role(p_account team.account, p_role uuid) OWNER TO team_owner;

CREATE FUNCTION team.link_text(p_link uuid) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select b.body::text
      from team.invite_link_body b
     where b.link_id = p_link);
end
$$;

ALTER FUNCTION team.link_text(p_link uuid) OWNER TO team_owner;

CREATE FUNCTION team.list_reply(p_items json, p_cursor text) RETURNS team_api.reply
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_reply  team_api.reply;
begin
  v_reply.status := 200;
  v_reply.body := json_build_object('items', coalesce(p_items, '[]'),
                                    'next_cursor', p_cursor);
  v_reply.cursor := p_cursor;
  return v_reply;
end
$$;

ALTER FUNCTION team.list_reply(p_items json, p_cursor text) OWNER TO team_owner;

CREATE FUNCTION team.login_waiting_prune() RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_count  integer;
begin
  delete from team.login_waiting w
   where w.ctid = any (array(
           select o.ctid
             from team.login_waiting o
            where o.told_at <= greatest(
                    statement_timestamp() - interval '24 hours',
                    (select n.told_at
                       from team.login_waiting n
                      order by n.told_at desc
                     offset 10000
                      limit 1))
            order by o.told_at
            limit 1000
              for update skip locked));

  get diagnostics v_count = row_count;
  return v_count;
end
$$;

ALTER FUNCTION team.login_waiting_prune() OWNER TO team_owner;

CREATE FUNCTION team.login_waiting_take() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_ids    uuid[];
  v_times  timestamptz[];
begin
  insert into team.login_waiting as w (issuer, subject, at)
  select n.issuer, n.subject, '-infinity'
    from new_row n
   order by n.issuer, n.subject
  on conflict (issuer, subject) do update
    set at = w.at;

  if not found then
    return null;
  end if;

  with gone as (
    delete from team.login_waiting w
     using new_row n
     where w.issuer = n.issuer
       and w.subject = n.subject
    returning n.id, w.at
  )
  select array_agg(g.id), array_agg(g.at)
    into v_ids, v_times
    from gone g
   where g.at > '-infinity';

  if v_ids is not null then
    insert into team.login (identity_id, at)
    select l.id, l.at
      from unnest(v_ids, v_times) l (id, at);

    update team.identity i
       set last_login_at = l.at
      from unnest(v_ids, v_times) l (id, at)
     where i.id = l.id
       and (i.last_login_at is null or i.last_login_at < l.at);
  end if;

  return null;
end
$$;

ALTER FUNCTION team.login_waiting_take() OWNER TO team_owner;

CREATE FUNCTION team.member_account(p_member uuid) RETURNS uuid
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select m.account_id
      from team.member m
     where m.id = p_member);
end
$$;

ALTER FUNCTION team.member_account(p_member uuid) OWNER TO team_owner;

CREATE FUNCTION team.member_add(p_account text, p_issuer text, p_subject text, p_email text, p_name text, p_role text, p_status text DEFAULT 'active'::text) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account   team.account;
  v_identity  uuid;
  v_member    uuid;
  v_role      text := p_role;
begin
  v_account := team.account_find(p_account);

  select *
    into v_account
    from team.account a
   where a.id = v_account.id
     for no key update;

  if p_role = 'owner' then
    v_role := v_account.owner_role;

    if v_role is null then
      perform team.fail(409, 'no-owner', 'This account has no owners.');
    end if;

    if v_account.owner_member_id is not null then
      perform team.fail(409, 'owner-must-transfer',
                        'The account has its owner already.');
    end if;

    if v_account.owner_mode = 'single' and p_status <> 'active' then
      perform team.fail(409, 'not-active', 'The owner must be active.');
    end if;
  end if;

  insert into team.identity (issuer, subject, email, email_verified, name)
  values (p_issuer, p_subject, team.email_normal(p_email),
          p_email is not null, p_name)
  on conflict (issuer, subject) do nothing;

  select i.id
    into v_identity
    from team.identity i
   where i.issuer = p_issuer
     and i.subject = p_subject;

  insert into team.member (account_id, identity_id, status, joined_at)
  values (v_account.id, v_identity, p_status,
          case when p_status <> 'pending' then statement_timestamp() end)
  on conflict (identity_id, account_id) do nothing
  returning id into v_member;

  if v_member is null then
    perform team.fail(409, 'already-member',
                      'This person is a member already.');
  end if;

  if v_role is not null then
    insert into team.member_role (member_id, role_id, account_id)
    select v_member, r.id, v_account.id
      from team.role r
     where r.account_id = v_account.id
       and r.key = v_role;

    if not found then
      perform team.fail(422, 'unknown-role',
                        format('The account has no role "%s".', v_role));
    end if;

  else
    perform team.rule_cardinality(v_account, 0);
  end if;

  if p_role = 'owner' and v_account.owner_mode = 'single' then
    update team.account a
       set owner_member_id = v_member
     where a.id = v_account.id;
  end if;

  perform team.audit(v_account.id, null, 'member.add', 'member', v_member,
                     null, jsonb_build_object('role', v_role,
                                              'status', p_status));
  return v_member;
end
$$;

ALTER FUNCTION team.member_add(p_account text, p_issuer text, p_subject text, p_email text, p_name text, p_role text, p_status text) OWNER TO team_owner;

CREATE FUNCTION team.member_end(p_account team.account, p_actor team.standing, p_target team.standing, p_leaves boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.member_end(p_account team.account, p_actor team.standing, p_target team.standing, p_leaves boolean) OWNER TO team_owner;

CREATE FUNCTION team.member_join(p_account team.account, p_identity uuid, p_roles uuid[], p_permissions text[], p_groups uuid[], p_invited_by uuid, p_status text) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.member_join(p_account team.account, p_identity uuid, p_roles uuid[], p_permissions text[], p_groups uuid[], p_invited_by uuid, p_status text) OWNER TO team_owner;

CREATE FUNCTION team.member_label(p_member uuid) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select coalesce(m.name, i.name, i.email::text, m.id::text)
      from team.member m
      join team.identity i on i.id = m.identity_id
     where m.id = p_member);
end
$$;

ALTER FUNCTION team.member_label(p_member uuid) OWNER TO team_owner;

CREATE FUNCTION team.member_status_set(p_issuer text, p_subject text, p_account text, p_member text, p_status text, p_if_match text) RETURNS team_api.reply
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.member_status_set(p_issuer text, p_subject text, p_account text, p_member text, p_status text, p_if_match text) OWNER TO team_owner;

CREATE FUNCTION team.member_text(p_member uuid) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select b.body::text
      from team.member_body b
     where b.member_id = p_member);
end
$$;

ALTER FUNCTION team.member_text(p_member uuid) OWNER TO team_owner;

CREATE FUNCTION team.members_text(p_account team.account, p_ids uuid[]) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_owner_role  uuid;
  v_text        text;
begin
  if p_account.owner_mode = 'many' then
    v_owner_role := (
      select r.id
        from team.role r
       where r.account_id = p_account.id
         and r.key = p_account.owner_role);
  end if;

  with page as materialized (
    select m.id, m.status, coalesce(m.name, i.name) as name, i.email, m.title,
           m.invited_by, m.joined_at, m.created_at, p.n,
           array(select mr.role_id
                   from team.member_role mr
                  where mr.member_id = m.id
                  order by mr.role_id) as roles,
           array(select mp.permission
                   from team.member_permission mp
                  where mp.member_id = m.id
                  order by mp.permission) as permissions,
           array(select gm.group_id
                   from team.group_member gm
                  where gm.member_id = m.id
                  order by gm.group_id) as groups
      from unnest(p_ids) with ordinality p (id, n)
      join team.member m on m.id = p.id
      join team.identity i on i.id = m.identity_id
  ), roles as materialized (
    select s.roles,
           (select json_agg(json_build_object('key', r.key, 'name', r.name)
                            order by r.key)::text
              from team.role r
             where r.id = any (s.roles)) as body
      from (select distinct p.roles from page p where p.roles <> '{}') s
  ), groups as materialized (
    select s.groups,
           (select json_agg(json_build_object('id', g.id, 'name', g.name)
                            order by g.name collate "C")::text
              from team.member_group g
             where g.id = any (s.groups)) as body
      from (select distinct p.groups from page p where p.groups <> '{}') s
  ), inviters as materialized (
    select m.id,
           json_build_object('id', m.id, 'name', coalesce(m.name, i.name),
                             'email', i.email)::text as body
      from (select distinct p.invited_by from page p) s
      join team.member m on m.id = s.invited_by
      join team.identity i on i.id = m.identity_id
  )
  select string_agg(
           '{"id" : "' || p.id
           || '", "account" : "' || p_account.id
           || '", "status" : "' || p.status
           || '", "name" : ' || coalesce(to_json(p.name)::text, 'null')
           || ', "email" : ' || coalesce(to_json(p.email)::text, 'null')
           || ', "title" : ' || coalesce(to_json(p.title)::text, 'null')
           || ', "roles" : ' || coalesce(r.body, '[]')
           || ', "permissions" : ' || case
                when p.permissions = '{}' then '[]'
                else '["' || array_to_string(p.permissions, '", "') || '"]'
              end
           || ', "groups" : ' || coalesce(g.body, '[]')
           || ', "is_owner" : ' || case p_account.owner_mode
                when 'single' then p_account.owner_member_id is not distinct
                                   from p.id
                when 'many' then coalesce(v_owner_role = any (p.roles), false)
                else false
              end
           || ', "inviter" : ' || coalesce(v.body, 'null')
           || ', "joined_at" : '
           || coalesce('"' || team.time_text(p.joined_at) || '"', 'null')
           || ', "created_at" : "' || team.time_text(p.created_at)
           || '"}', ', ' order by p.n)
    into v_text
    from page p
    left join roles r on r.roles = p.roles
    left join groups g on g.groups = p.groups
    left join inviters v on v.id = p.invited_by;

  return '[' || coalesce(v_text, '') || ']';
end
$$;

ALTER FUNCTION team.members_text(p_account team.account, p_ids uuid[]) OWNER TO team_owner;

CREATE FUNCTION team.name_check(p_name text, p_what text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.name_check(p_name text, p_what text) OWNER TO team_owner;

CREATE FUNCTION team.name_normal(p_name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case
           when pg_catalog.octet_length(p_name)
                = pg_catalog.char_length(p_name)
           then pg_catalog.translate(p_name, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
                                     'abcdefghijklmnopqrstuvwxyz')
           else pg_catalog.translate(
                  pg_catalog.lower(p_name collate pg_catalog."und-x-icu"),
                  U&'\03C2\0307', U&'\03C3')
         end collate pg_catalog."C"
$$;

ALTER FUNCTION team.name_normal(p_name text) OWNER TO team_owner;

CREATE FUNCTION team.not_found() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform team.fail(404, 'not-found', 'There is no such thing here.');
end
$$;

ALTER FUNCTION team.not_found() OWNER TO team_owner;

CREATE FUNCTION team.offer_groups_parse(p_account uuid, p_groups jsonb) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return team.groups_parse(p_account, coalesce(p_groups, '[]'));
end
$$;

ALTER FUNCTION team.offer_groups_parse(p_account uuid, p_groups jsonb) OWNER TO team_owner;

CREATE FUNCTION team.offer_permissions_parse(p_permissions jsonb) RETURNS text[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return team.permissions_parse(coalesce(p_permissions, '[]'));
end
$$;

ALTER FUNCTION team.offer_permissions_parse(p_permissions jsonb) OWNER TO team_owner;

CREATE FUNCTION team.offer_void(p_account team.account, p_actor team.standing, p_action text, p_target_type text, p_target uuid) RETURNS team_api.reply
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.offer_void(p_account team.account, p_actor team.standing, p_action text, p_target_type text, p_target uuid) OWNER TO team_owner;

CREATE FUNCTION team.only_one_owner(p_account team.account, p_owner_role uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return p_account.owner_mode = 'many'
         and (select count(*)
                from (select
                        from (select mr.member_id
                                from team.member_role mr
                               where mr.role_id = p_owner_role
                               order by mr.member_id) mr
                        join team.member m on m.id = mr.member_id
                       where m.status = 'active'
                       limit 2) o) = 1;
end
$$;

ALTER FUNCTION team.only_one_owner(p_account team.account, p_owner_role uuid) OWNER TO team_owner;

CREATE FUNCTION team.outbox_add(p_account uuid, p_kind text, p_payload jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into team.outbox (account_id, kind, payload)
  values (p_account, p_kind, coalesce(p_payload, '{}'));
end
$$;

ALTER FUNCTION team.outbox_add(p_account uuid, p_kind text, p_payload jsonb) OWNER TO team_owner;

CREATE FUNCTION team.outbox_prune() RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.outbox_prune() OWNER TO team_owner;

CREATE FUNCTION team.owner_move(p_account team.account, p_from uuid, p_to uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_owner   uuid;
  v_former  uuid;
begin
  select r.id
    into v_owner
    from team.role r
   where r.account_id = p_account.id
     and r.key = p_account.owner_role;

  select r.id
    into v_former
    from team.role r
   where r.account_id = p_account.id
     and r.key = p_account.transfer_old_owner_role
     and r.key <> 'owner';

  if v_owner is null
     or v_former is null and p_account.role_cardinality = 'one'
  then
    perform team.fail(409, 'policy-conflict',
                      'The policy names no role for the former owner.');
  end if;

  update team.account a
     set owner_member_id = p_to
   where a.id = p_account.id
     and a.owner_member_id = p_from;

  if not found then
    perform team.fail(409, 'stale-owner', 'The owner has changed meanwhile.');
  end if;

  delete from team.member_role mr
   where mr.member_id in (p_from, p_to)
     and (p_account.role_cardinality <> 'many'
          or mr.member_id = p_from and mr.role_id = v_owner);

  insert into team.member_role (member_id, role_id, account_id)
  select n.member_id, n.role_id, p_account.id
    from (values (p_to, v_owner), (p_from, v_former)) n (member_id, role_id)
   where n.role_id is not null
  on conflict (member_id, role_id) do nothing;
end
$$;

ALTER FUNCTION team.owner_move(p_account team.account, p_from uuid, p_to uuid) OWNER TO team_owner;

CREATE FUNCTION team.patch_check(p_body jsonb, p_fields text[]) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_key    text;
  v_value  jsonb;
begin
  if p_body is null or jsonb_typeof(p_body) <> 'object' then
    perform team.fail_at(422, 'invalid-body', '',
                         'The body must be an object.');
  end if;

  for v_key, v_value in
    select e.key, e.value
      from jsonb_each(p_body) e
  loop
    if v_key <> all (p_fields) then
      perform team.fail_at(422, 'unknown-field', team.pointer(v_key),
                           'Only these can be changed here: '
                           || array_to_string(p_fields, ', ') || '.');
    end if;

    if jsonb_typeof(v_value) not in ('string', 'null') then
      perform team.fail_at(422, 'invalid-' || v_key, team.pointer(v_key),
                           format('%s must be a string or null.', v_key));
    end if;
  end loop;
end
$$;

ALTER FUNCTION team.patch_check(p_body jsonb, p_fields text[]) OWNER TO team_owner;

CREATE FUNCTION team.permission_has(p_member uuid, p_permission text) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return exists (
    select
      from team.member_right r
     where r.member_id = p_member
       and r.permission in (p_permission, '*'));
end
$$;

ALTER FUNCTION team.permission_has(p_member uuid, p_permission text) OWNER TO team_owner;

CREATE FUNCTION team.permissions_parse(p_permissions jsonb) RETURNS text[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_names  text[];
begin
  if p_permissions is null or jsonb_typeof(p_permissions) <> 'array'
     or jsonb_path_exists(p_permissions,
                          'strict $[*] ? (@.type() != "string")')
  then
    perform team.fail_at(422, 'invalid-permissions', '/permissions',
                         'permissions must be an array of permission '
                         'names.');
  end if;

  if p_permissions = '[]' then
    return '{}';
  end if;

  v_names := array(select p.name
                     from jsonb_array_elements_text(p_permissions) p (name));

  if cardinality(v_names) <> (select count(distinct p.name collate "C")
                                from unnest(v_names) p (name))
  then
    perform team.fail_at(422, 'invalid-permissions',
                         team.pointer_in('permissions', v_names, null),
                         'A permission is named twice.');
  end if;

  if cardinality(v_names) <> (select count(*)
                                from team.permission p
                               where p.name = any (v_names))
  then
    perform team.fail_at(422, 'unknown-permission',
                         team.pointer_in('permissions', v_names, array(
                           select p.name::text
                             from team.permission p
                            where p.name = any (v_names))),
                         'The catalogue has no such permission.');
  end if;

  return v_names;
end
$_$;

ALTER FUNCTION team.permissions_parse(p_permissions jsonb) OWNER TO team_owner;

CREATE FUNCTION team.place_make(p_kind text, p_list bytea, p_id uuid, p_place text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return rtrim(translate(encode(convert_to(p_kind, 'SQL_ASCII') || p_list
                                || uuid_send(p_id)
                                || convert_to(p_place, 'UTF8'), 'base64'),
                         E'+/\n', '-_'), '=');
end
$$;

ALTER FUNCTION team.place_make(p_kind text, p_list bytea, p_id uuid, p_place text) OWNER TO team_owner;

CREATE FUNCTION team.place_read(p_cursor text, p_kind text, p_list bytea, p_time boolean, OUT o_id uuid, OUT o_place text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_bytes  bytea;
begin
  begin
    v_bytes := decode(translate(p_cursor, '-_', '+/')
                      || repeat('=', -length(p_cursor) & 3), 'base64');
    o_id := encode(substring(v_bytes from 18 for 16), 'hex')::uuid;
    o_place := convert_from(substring(v_bytes from 34), 'UTF8');

    if p_time then
      perform o_place::timestamptz;
    end if;
  exception
    when data_exception then
      o_id := null;
  end;

  if o_id is null
     or team.place_make(p_kind, p_list, o_id, o_place)
        is distinct from p_cursor collate "C"
  then
    perform team.fail_at(400, 'bad-cursor', '?cursor',
                         'The cursor is not one of this list.');
  end if;
end
$$;

ALTER FUNCTION team.place_read(p_cursor text, p_kind text, p_list bytea, p_time boolean, OUT o_id uuid, OUT o_place text) OWNER TO team_owner;

CREATE FUNCTION team.place_time(p_time timestamp with time zone) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return case
           when isfinite(p_time) then
             to_char(timezone('UTC', p_time), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
           else 'infinity'
         end;
end
$$;

ALTER FUNCTION team.place_time(p_time timestamp with time zone) OWNER TO team_owner;

CREATE FUNCTION team.pointer(p_name text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return '/' || replace(replace(left(p_name, 100), '~', '~0'), '/', '~1');
end
$$;

ALTER FUNCTION team.pointer(p_name text) OWNER TO team_owner;

CREATE FUNCTION team.pointer_in(p_name text, p_texts text[], p_known text[]) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return team.pointer(p_name) || '/' || (
    select min(t.n) - 1
      from unnest(p_texts) with ordinality t (text, n)
     where case
             when p_known is null
             then t.text collate "C" = any (p_texts[:t.n - 1])
             else t.text collate "C" <> all (p_known)
           end);
end
$$;

ALTER FUNCTION team.pointer_in(p_name text, p_texts text[], p_known text[]) OWNER TO team_owner;

CREATE FUNCTION team.policy_conflict(p_detail text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform team.fail(409, 'policy-conflict', p_detail);
end
$$;

ALTER FUNCTION team.policy_conflict(p_detail text) OWNER TO team_owner;

CREATE FUNCTION team.policy_members_check(p_account team.account, p_old team.account) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_member   uuid;
  v_count    integer;
  v_missing  text;
  v_row      record;
begin
  select k.key
    into v_missing
    from unnest(array[p_account.owner_role, p_account.link_role,
                      p_account.transfer_target_role,
                      p_account.transfer_old_owner_role,
                      p_account.all_role]::text[]) k (key)
   where k.key is not null
     and not exists (select
                       from team.role r
                      where r.account_id = p_account.id
                        and r.key = k.key);

  if found then
    perform team.policy_conflict(
      format('The account has no role "%s".', v_missing));
  end if;

  -- the cardinality of roles, of members and of those invited

  if p_account.role_cardinality <> 'many' then
    select m.id, count(mr.role_id)
      into v_member, v_count
      from team.member m
      left join team.member_role mr on mr.member_id = m.id
     where m.account_id = p_account.id
     group by m.id
    having count(mr.role_id) > 1
        or count(mr.role_id) = 0 and p_account.role_cardinality = 'one'
     order by m.id
     limit 1;

    if found then
      perform team.policy_conflict(
        format('%s has %s roles.', team.member_label(v_member), v_count));
    end if;

    select i.email, count(ir.role_id) as count
      into v_row
      from team.invitation i
      left join team.invitation_role ir on ir.invitation_id = i.id
     where i.account_id = p_account.id
       and i.status = 'pending'
     group by i.id
    having count(ir.role_id) > 1
        or count(ir.role_id) = 0 and p_account.role_cardinality = 'one'
     order by i.id
     limit 1;

    if found then
      perform team.policy_conflict(
        format('%s is invited with %s roles.', v_row.email, v_row.count));
    end if;
  end if;

  if not p_account.direct_permissions then
    select m.id
      into v_member
      from team.member m
     where m.account_id = p_account.id
       and exists (select
                     from team.member_permission mp
                    where mp.member_id = m.id)
     order by m.id
     limit 1;

    if found then
      perform team.policy_conflict(
        format('%s has permissions of their own.',
               team.member_label(v_member)));
    end if;

    select i.email
      into v_row
      from team.invitation i
     where i.account_id = p_account.id
       and i.status = 'pending'
       and exists (select
                     from team.invitation_permission ip
                    where ip.invitation_id = i.id)
     order by i.id
     limit 1;

    if found then
      perform team.policy_conflict(
        format('%s is invited with permissions of their own.', v_row.email));
    end if;
  end if;

  -- nobody could let them in again

  if not p_account.suspend_enabled then
    select m.id
      into v_member
      from team.member m
     where m.account_id = p_account.id
       and m.status = 'suspended'
     order by m.id
     limit 1;

    if found then
      perform team.policy_conflict(
        format('%s is suspended.', team.member_label(v_member)));
    end if;
  end if;

  if p_account.seats_counted = 'active'
     and p_account.seat_limit < team.seats_used(p_account.id)
  then
    perform team.policy_conflict(
      format('%s members are active, for %s seats.',
             team.seats_used(p_account.id), p_account.seat_limit));
  end if;

  if (p_account.owner_mode <> 'single' or p_account.transfer_target = 'off')
     and exists (select
                   from team.ownership_transfer t
                  where t.account_id = p_account.id
                    and t.status = 'pending')
  then
    perform team.policy_conflict('An ownership transfer is pending.');
  end if;

  if p_account.membership_scope <> p_old.membership_scope then
    perform team.policy_scope_check(p_account);
  end if;
end
$$;

ALTER FUNCTION team.policy_members_check(p_account team.account, p_old team.account) OWNER TO team_owner;

CREATE FUNCTION team.policy_name_check(p_policy text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_policy  text := nullif(btrim(p_policy), '');
begin
  if char_length(v_policy) > 200 or v_policy ~ '[\x01-\x1f\x7f]' then
    perform team.fail_at(422, 'invalid-policy', '/policy',
                         'policy has at most 200 characters and no control '
                         'characters.');
  end if;

  return v_policy;
end
$$;

ALTER FUNCTION team.policy_name_check(p_policy text) OWNER TO team_owner;

CREATE TABLE team.preset (
    name team.slug NOT NULL,
    title team.display_name NOT NULL,
    owner_mode team.owner_mode NOT NULL,
    owner_role team.role_key,
    role_cardinality team.role_cardinality NOT NULL,
    direct_permissions boolean NOT NULL,
    self_change team.self_change NOT NULL,
    suspend_enabled boolean NOT NULL,
    suspend_label team.display_name NOT NULL,
    admin_may_remove_admin boolean NOT NULL,
    membership_scope team.membership_scope DEFAULT 'many'::text NOT NULL,
    join_email boolean DEFAULT true NOT NULL,
    join_subaccount boolean DEFAULT false NOT NULL,
    join_link boolean DEFAULT false NOT NULL,
    link_role team.role_key,
    link_requires_approval boolean DEFAULT true NOT NULL,
    link_ttl team.ttl_seconds DEFAULT 604800 NOT NULL,
    decline_mode team.decline_mode DEFAULT 'hidden'::text NOT NULL,
    reinvite_after_decline team.reinvite_mode DEFAULT 'allow'::text NOT NULL,
    invitation_ttl team.ttl_seconds DEFAULT 604800 NOT NULL,
    name_required boolean DEFAULT false NOT NULL,
    seats_counted team.seats_counted DEFAULT 'none'::text NOT NULL,
    remove_mode team.remove_mode DEFAULT 'delete'::text NOT NULL,
    transfer_target team.transfer_target DEFAULT 'off'::text NOT NULL,
    transfer_target_role team.role_key,
    transfer_old_owner_role team.role_key,
    transfer_acceptance boolean DEFAULT false NOT NULL,
    activation team.activation DEFAULT 'acceptance'::text NOT NULL,
    all_role team.role_key,
    CONSTRAINT preset_owner_role_check CHECK ((((owner_mode)::text = 'none'::text) = (owner_role IS NULL)))
);

ALTER TABLE team.preset OWNER TO team_owner;

CREATE FUNCTION team.policy_of(p_account team.account) RETURNS team.preset
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_policy  team.preset;
begin
  -- both have a name of their own
  v_policy := jsonb_populate_record(
    null::team.preset,
    to_jsonb(p_account) || jsonb_build_object('name', p_account.preset));
  return v_policy;
end
$$;

ALTER FUNCTION team.policy_of(p_account team.account) OWNER TO team_owner;

CREATE FUNCTION team.policy_owner_check(p_account team.account, p_owners uuid[]) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_role    team.role;
  v_member  uuid;
  v_email   text;
begin
  select *
    into v_role
    from team.role r
   where r.account_id = p_account.id
     and r.key = p_account.owner_role;

  if not found then
    return;
  end if;

  if not exists (select
                   from team.role_permission rp
                  where rp.role_id = v_role.id
                    and rp.permission in ('*', 'policy:update'))
  then
    perform team.policy_conflict(
      format('With the role "%s" no owner could change the policy.',
             v_role.key));
  end if;

  if p_account.owner_mode = 'many' then
    select min(mr.member_id::text)::uuid
      into v_member
      from team.member_role mr
     where mr.role_id = v_role.id
       and mr.member_id <> all (p_owners);

    if v_member is not null then
      perform team.policy_conflict(
        format('%s holds the role "%s" and would become an owner.',
               team.member_label(v_member), v_role.key));
    end if;

    select min(i.email::text)
      into v_email
      from team.invitation_role ir
      join team.invitation i on i.id = ir.invitation_id
     where ir.account_id = p_account.id
       and ir.role_id = v_role.id
       and i.status = 'pending';

    if v_email is not null then
      perform team.policy_conflict(
        format('%s is invited with the role "%s" and would become an owner.',
               v_email, v_role.key));
    end if;
  end if;

  select min(mr.member_id::text)::uuid
    into v_member
    from team.member_role mr
    join team.role r on r.id = mr.role_id
   where mr.account_id = p_account.id
     and mr.member_id <> all (p_owners)
     and r.rank > v_role.rank;

  if v_member is not null then
    perform team.policy_conflict(
      format('%s would stand above the owners.',
             team.member_label(v_member)));
  end if;
end
$$;

ALTER FUNCTION team.policy_owner_check(p_account team.account, p_owners uuid[]) OWNER TO team_owner;

CREATE FUNCTION team.policy_parse(p_account team.account, p_body jsonb) RETURNS team.preset
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_old     jsonb := team.policy_text(team.policy_of(p_account));
  v_policy  team.preset;
  v_key     text;
  v_type    text;
begin
  if p_body is null or jsonb_typeof(p_body) <> 'object' then
    perform team.fail_at(422, 'invalid-policy', '',
                         'A policy is a JSON object.');
  end if;

  if p_body - 'preset' = '{}' and jsonb_typeof(p_body -> 'preset') = 'string'
  then
    select *
      into v_policy
      from team.preset p
     where p.name = p_body ->> 'preset';

    if not found then
      perform team.fail_at(422, 'unknown-preset', '/preset',
                           'There is no such preset.');
    end if;

    return v_policy;
  end if;

  for v_key in
    select k.key
      from (select jsonb_object_keys(p_body)
            union
            select jsonb_object_keys(v_old)) k (key)
     where k.key <> 'preset'
     order by k.key collate "C"
  loop
    if not v_old ? v_key then
      perform team.fail_at(422, 'invalid-policy', team.pointer(v_key),
                           format('A policy has no "%s".', left(v_key, 100)));
    end if;

    if not p_body ? v_key then
      perform team.fail_at(422, 'invalid-policy', team.pointer(v_key),
                           format('"%s" is missing: a policy is put as a '
                                  'whole, or as {"preset": name}.', v_key));
    end if;

    -- what is null now may hold a role's key
    v_type := coalesce(nullif(jsonb_typeof(v_old -> v_key), 'null'), 'string');

    if jsonb_typeof(p_body -> v_key) <> v_type
       and not (jsonb_typeof(p_body -> v_key) = 'null'
                and v_key in ('owner_role', 'link_role',
                              'transfer_target_role',
                              'transfer_old_owner_role', 'all_role'))
    then
      perform team.fail_at(422, 'invalid-policy', team.pointer(v_key),
                           format('"%s" must be a %s.', v_key, v_type));
    end if;

    begin
      perform jsonb_populate_record(null::team.preset,
                                    jsonb_build_object(v_key,
                                                       p_body -> v_key));
    exception
      when check_violation or data_exception then
        perform team.fail_at(422, 'invalid-policy', team.pointer(v_key),
                             format('"%s" can''t be that.', v_key));
    end;
  end loop;

  if p_body ? 'preset' and p_body -> 'preset' <> v_old -> 'preset' then
    perform team.fail_at(422, 'invalid-policy', '/preset',
                         'To switch to another preset, put {"preset": name}.');
  end if;

  v_policy := jsonb_populate_record(null::team.preset, p_body);
  v_policy.name := p_account.preset;

  if (v_policy.owner_mode = 'none') <> (v_policy.owner_role is null) then
    perform team.fail_at(422, 'invalid-policy', '/owner_role',
                         'owner_role is null where owner_mode is "none", and '
                         'only there.');
  end if;

  if v_policy.transfer_target = 'role'
     and v_policy.transfer_target_role is null
  then
    perform team.fail_at(422, 'invalid-policy', '/transfer_target_role',
                         'transfer_target "role" needs a '
                         'transfer_target_role.');
  end if;

  return v_policy;
end
$$;

ALTER FUNCTION team.policy_parse(p_account team.account, p_body jsonb) OWNER TO team_owner;

CREATE FUNCTION team.policy_roles_prune(p_account uuid, p_preset text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  delete from team.role r
   where r.account_id = p_account
     and r.system
     and not exists (select
                       from team.preset_role pr
                      where pr.preset = p_preset
                        and pr.key = r.key)
     and not exists (select
                       from team.member_role mr
                      where mr.role_id = r.id)
     and not exists (select
                       from team.invitation_role ir
                      where ir.role_id = r.id)
     and not exists (select
                       from team.invite_link l
                      where l.role_id = r.id);
end
$$;

ALTER FUNCTION team.policy_roles_prune(p_account uuid, p_preset text) OWNER TO team_owner;

CREATE FUNCTION team.policy_roles_switch(p_account uuid, p_preset text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_own  text;
begin
  select min(r.key::text)
    into v_own
    from team.role r
    join team.preset_role pr on pr.preset = p_preset and pr.key = r.key
   where r.account_id = p_account
     and not r.system;

  if v_own is not null then
    perform team.policy_conflict(
      format('The account has a role "%s" of its own.', v_own));
  end if;

  update team.role r
     set name = pr.name,
         rank = pr.rank
    from team.preset_role pr
   where r.account_id = p_account
     and r.system
     and pr.preset = p_preset
     and pr.key = r.key
     and (r.name <> pr.name or r.rank <> pr.rank);

  delete from team.role_permission rp
   using team.role r
   join team.preset_role pr on pr.preset = p_preset and pr.key = r.key
   where r.account_id = p_account
     and r.system
     and rp.role_id = r.id
     and not exists (select
                       from team.preset_role_permission p
                      where p.preset = p_preset
                        and p.role = r.key
                        and p.permission = rp.permission);

  insert into team.role_permission (role_id, permission)
  select r.id, p.permission
    from team.role r
    join team.preset_role_permission p
      on p.preset = p_preset
     and p.role = r.key
   where r.account_id = p_account
     and r.system
  on conflict (role_id, permission) do nothing;

  perform team.preset_roles_add(p_account, p_preset);
end
$$;

ALTER FUNCTION team.policy_roles_switch(p_account uuid, p_preset text) OWNER TO team_owner;

CREATE FUNCTION team.policy_scope_check(p_account team.account) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_member  uuid;
begin
  if p_account.membership_scope = 'many' then
    return;
  end if;

  perform pg_advisory_xact_lock(team.scope_lock());

  -- what the root says holds among the accounts below, too

  select m.id
    into v_member
    from team.account a
    join team.member m on m.account_id = a.id
    join team.identity i on i.id = m.identity_id
   where (a.id = p_account.id
          or p_account.membership_scope = 'tree'
             and a.root_id = p_account.id
             and a.status = 'active')
     and exists (
       select
         from team.identity oi
         join team.member o on o.identity_id = oi.id
         join team.account oa on oa.id = o.account_id
        where (oi.id = i.id
               or oi.email = i.email
                  and oi.email_verified
                  and i.email_verified)
          and oa.status = 'active'
          and oa.id <> a.id
          and (oa.root_id = p_account.root_id
               or p_account.membership_scope = 'exclusive'))
   order by m.id
   limit 1;

  if found then
    perform team.policy_conflict(
      format('%s is a member of another account.',
             team.member_label(v_member)));
  end if;
end
$$;

ALTER FUNCTION team.policy_scope_check(p_account team.account) OWNER TO team_owner;

CREATE FUNCTION team.policy_set(p_account team.account, p_policy team.preset) RETURNS team.account
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account;
  v_owners   uuid[];
  v_active   integer;
begin
  select coalesce(array_agg(s.member_id order by s.member_id), '{}'),
         count(*) filter (where s.status = 'active')
    into v_owners, v_active
    from team.member_standing s
   where s.account_id = p_account.id
     and case
           when p_account.owner_mode <> 'none' then s.is_owner
           else exists (select
                          from team.member_role mr
                          join team.role r on r.id = mr.role_id
                         where mr.member_id = s.member_id
                           and r.key = p_policy.owner_role)
         end;

  -- not of a subaccount that stays as it is: it need not have an owner yet

  if (p_policy.owner_mode, p_policy.owner_role)
     is distinct from (p_account.owner_mode, p_account.owner_role)
  then
    if p_policy.owner_mode = 'single' and cardinality(v_owners) <> 1 then
      perform team.policy_conflict(
        format('The account has %s owners, and would have a single one.',
               cardinality(v_owners)));
    end if;

    if p_policy.owner_mode <> 'none' and v_active = 0 then
      perform team.policy_conflict('The account would have no active owner.');
    end if;

    if p_policy.owner_mode = 'none'
       and cardinality(v_owners) > 0
       and not team.all_held(p_account.id, null)
    then
      perform team.policy_conflict('Nobody could do everything.');
    end if;
  end if;

  if p_policy.owner_mode <> 'none' then
    insert into team.member_role (member_id, role_id, account_id)
    select o.id, r.id, p_account.id
      from unnest(v_owners) o (id)
      join team.role r
        on r.account_id = p_account.id
       and r.key = p_policy.owner_role
    on conflict (member_id, role_id) do nothing;

    delete from team.member_role mr
     using team.role r
     where mr.member_id = any (v_owners)
       and r.id = mr.role_id
       and r.key = p_account.owner_role
       and r.key <> p_policy.owner_role;
  end if;

  update team.account a
     set preset = p_policy.name,
         owner_member_id = case
                             when p_policy.owner_mode = 'single'
                             then v_owners[1]
                           end,
         owner_mode = p_policy.owner_mode,
         owner_role = p_policy.owner_role,
         role_cardinality = p_policy.role_cardinality,
         direct_permissions = p_policy.direct_permissions,
         self_change = p_policy.self_change,
         suspend_enabled = p_policy.suspend_enabled,
         suspend_label = p_policy.suspend_label,
         admin_may_remove_admin = p_policy.admin_may_remove_admin,
         membership_scope = p_policy.membership_scope,
         join_email = p_policy.join_email,
         join_subaccount = p_policy.join_subaccount,
         join_link = p_policy.join_link,
         link_role = p_policy.link_role,
         link_requires_approval = p_policy.link_requires_approval,
         link_ttl = p_policy.link_ttl,
         decline_mode = p_policy.decline_mode,
         reinvite_after_decline = p_policy.reinvite_after_decline,
         invitation_ttl = p_policy.invitation_ttl,
         name_required = p_policy.name_required,
         seats_counted = p_policy.seats_counted,
         remove_mode = p_policy.remove_mode,
         transfer_target = p_policy.transfer_target,
         transfer_target_role = p_policy.transfer_target_role,
         transfer_old_owner_role = p_policy.transfer_old_owner_role,
         transfer_acceptance = p_policy.transfer_acceptance,
         activation = p_policy.activation,
         all_role = p_policy.all_role
   where a.id = p_account.id
  returning * into v_account;

  if (v_account.owner_mode, v_account.owner_role)
     is distinct from (p_account.owner_mode, p_account.owner_role)
  then
    perform team.policy_owner_check(v_account, v_owners);
  end if;

  -- of several owners that were, none may be left with a single one's role

  if v_account.owner_mode = 'single'
     and exists (select
                   from team.member_role mr
                   join team.role r on r.id = mr.role_id
                  where mr.account_id = v_account.id
                    and mr.member_id <> v_account.owner_member_id
                    and r.key = 'owner')
  then
    perform team.policy_conflict(
      'Somebody who would not be the owner holds the role "owner".');
  end if;

  return v_account;
end
$$;

ALTER FUNCTION team.policy_set(p_account team.account, p_policy team.preset) OWNER TO team_owner;

CREATE FUNCTION team.policy_text(p_policy team.preset) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return to_jsonb(p_policy) - array['name', 'title']
         || jsonb_build_object('preset', p_policy.name);
end
$$;

ALTER FUNCTION team.policy_text(p_policy team.preset) OWNER TO team_owner;

CREATE FUNCTION team.preset_put(p_preset jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_unknown  text;
begin
  select k.key
    into v_unknown
    from jsonb_object_keys(p_preset) k (key)
   where not exists (select
                       from pg_attribute t
                      where t.attrelid = 'team.preset'::regclass
                        and t.attnum > 0
                        and t.attname = k.key);

  if found then
    perform team.fail(422, 'invalid-policy',
                      format('A preset has no "%s".', v_unknown));
  end if;

  insert into team.preset
  select p.*
    from jsonb_populate_record(null::team.preset, p_preset) p
  on conflict (name) do update
    set title = excluded.title,
        owner_mode = excluded.owner_mode,
        owner_role = excluded.owner_role,
        role_cardinality = excluded.role_cardinality,
        direct_permissions = excluded.direct_permissions,
        self_change = excluded.self_change,
        suspend_enabled = excluded.suspend_enabled,
        suspend_label = excluded.suspend_label,
        admin_may_remove_admin = excluded.admin_may_remove_admin,
        membership_scope = excluded.membership_scope,
        join_email = excluded.join_email,
        join_subaccount = excluded.join_subaccount,
        join_link = excluded.join_link,
        link_role = excluded.link_role,
        link_requires_approval = excluded.link_requires_approval,
        link_ttl = excluded.link_ttl,
        decline_mode = excluded.decline_mode,
        reinvite_after_decline = excluded.reinvite_after_decline,
        invitation_ttl = excluded.invitation_ttl,
        name_required = excluded.name_required,
        seats_counted = excluded.seats_counted,
        remove_mode = excluded.remove_mode,
        transfer_target = excluded.transfer_target,
        transfer_target_role = excluded.transfer_target_role,
        transfer_old_owner_role = excluded.transfer_old_owner_role,
        transfer_acceptance = excluded.transfer_acceptance,
        activation = excluded.activation,
        all_role = excluded.all_role;
end
$$;

ALTER FUNCTION team.preset_put(p_preset jsonb) OWNER TO team_owner;

CREATE FUNCTION team.preset_roles_add(p_account uuid, p_preset text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  with new as (
    insert into team.role (account_id, key, name, rank, system)
    select p_account, r.key, r.name, r.rank, true
      from team.preset_role r
     where r.preset = p_preset
    on conflict (account_id, key) do nothing
    returning id, key
  )
  insert into team.role_permission (role_id, permission)
  select n.id, p.permission
    from new n
    join team.preset_role_permission p
      on p.preset = p_preset
     and p.role = n.key;
end
$$;

ALTER FUNCTION team.preset_roles_add(p_account uuid, p_preset text) OWNER TO team_owner;

CREATE FUNCTION team.quota_limit(p_kind text) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return case p_kind when 'invitation' then 200 when 'resend' then 5 end;
end
$$;

ALTER FUNCTION team.quota_limit(p_kind text) OWNER TO team_owner;

CREATE FUNCTION team.quota_take(p_account uuid, p_kind text, p_per_hour integer, p_n integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.quota_take(p_account uuid, p_kind text, p_per_hour integer, p_n integer) OWNER TO team_owner;

CREATE FUNCTION team.refuse(p_account team.account, p_actor team.standing, p_action text, p_target uuid, p_code text, p_detail jsonb, p_target_type text DEFAULT 'member'::text) RETURNS team_api.reply
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_reply  team_api.reply;
begin
  perform team.audit(p_account.id, p_actor, p_action, p_target_type, p_target,
                     p_code, p_detail);

  v_reply.status := 403;
  v_reply.body := json_build_object(
    'code', p_code,
    'detail', case p_code
                when 'self-change' then
                  'Nobody changes their own standing here.'
                when 'rank' then
                  'Your rank is not above the one this is about.'
                when 'exceeds-own' then
                  'You can''t give permissions that you don''t have.'
                when 'owner-only' then
                  'Only an owner can do this.'
              end);
  return v_reply;
end
$$;

ALTER FUNCTION team.refuse(p_account team.account, p_actor team.standing, p_action text, p_target uuid, p_code text, p_detail jsonb, p_target_type text) OWNER TO team_owner;

CREATE FUNCTION team.role_check(p_name text, p_rank integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if team.name_check(p_name, 'name') is null then
    perform team.fail_at(422, 'invalid-name', '/name', 'A role needs a name.');
  end if;

  if p_rank is null or p_rank not between 1 and 999 then
    perform team.fail_at(422, 'invalid-rank', '/rank',
                         'rank must be from 1 to 999.');
  end if;
end
$$;

ALTER FUNCTION team.role_check(p_name text, p_rank integer) OWNER TO team_owner;

CREATE TABLE team.role (
    id uuid DEFAULT team.uuid_v7() NOT NULL,
    account_id uuid NOT NULL,
    key team.role_key NOT NULL,
    name team.display_name NOT NULL,
    rank integer NOT NULL,
    system boolean DEFAULT false NOT NULL,
    permission_list text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT role_rank_check CHECK (((rank >= 1) AND (rank <= 999)))
);

ALTER TABLE team.role OWNER TO team_owner;

COMMENT ON COLUMN team.role.permission_list IS 'The role''s permissions as a grant says them: ascending, one space between. Kept by the triggers of role_permission, never to be written by hand.';

CREATE FUNCTION team.role_find(p_account team.account, p_role text) RETURNS team.role
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_role  team.role;
begin
  select *
    into v_role
    from team.role r
   where r.account_id = p_account.id
     and r.key = p_role;

  if v_role.id is null then
    perform team.not_found();
  end if;

  return v_role;
end
$$;

ALTER FUNCTION team.role_find(p_account team.account, p_role text) OWNER TO team_owner;

CREATE FUNCTION team.role_keys(p_roles uuid[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select coalesce(jsonb_agg(r.key order by r.key), '[]')
      from team.role r
     where r.id = any (p_roles));
end
$$;

ALTER FUNCTION team.role_keys(p_roles uuid[]) OWNER TO team_owner;

CREATE FUNCTION team.role_text(p_role uuid) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select b.body::text
      from team.role_body b
     where b.role_id = p_role);
end
$$;

ALTER FUNCTION team.role_text(p_role uuid) OWNER TO team_owner;

CREATE FUNCTION team.roles_parse(p_account uuid, p_roles jsonb) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

ALTER FUNCTION team.roles_parse(p_account uuid, p_roles jsonb) OWNER TO team_owner;

CREATE FUNCTION team.row_text(p_row jsonb, p_key text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if jsonb_typeof(p_row -> p_key) not in ('string', 'null') then
    perform team.fail(422, 'invalid-row', p_key || ' must be text.');
  end if;

  return p_row ->> p_key;
end
$$;

ALTER FUNCTION team.row_text(p_row jsonb, p_key text) OWNER TO team_owner;

CREATE FUNCTION team.rule_addressee(p_invitation team.invitation, p_email text, p_email_verified boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if team.email_verified_check(p_email, p_email_verified)
     is distinct from p_invitation.email
  then
    perform team.fail(403, 'email-mismatch',
                      'The invitation is for another email address.');
  end if;
end
$$;

ALTER FUNCTION team.rule_addressee(p_invitation team.invitation, p_email text, p_email_verified boolean) OWNER TO team_owner;

CREATE FUNCTION team.rule_cardinality(p_account team.account, p_count integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_account.role_cardinality = 'one' and p_count <> 1 then
    perform team.fail(409, 'role-cardinality',
                      'A member of this account has exactly one role.');
  end if;

  if p_account.role_cardinality = 'zero_or_one' and p_count > 1 then
    perform team.fail(409, 'role-cardinality',
                      'A member of this account has at most one role.');
  end if;
end
$$;

ALTER FUNCTION team.rule_cardinality(p_account team.account, p_count integer) OWNER TO team_owner;

CREATE FUNCTION team.rule_channel(p_open boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if not coalesce(p_open, false) then
    perform team.fail(409, 'channel-disabled',
                      'Nobody joins this account in this way.');
  end if;
end
$$;

ALTER FUNCTION team.rule_channel(p_open boolean) OWNER TO team_owner;

CREATE FUNCTION team.rule_channel_email(p_account team.account, p_inviter_account uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform team.rule_channel(
    p_account.join_email
    or p_account.join_subaccount and p_inviter_account <> p_account.id);
end
$$;

ALTER FUNCTION team.rule_channel_email(p_account team.account, p_inviter_account uuid) OWNER TO team_owner;

CREATE FUNCTION team.rule_depth(p_account team.account) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_depth  integer;
begin
  with recursive up as (
    select p_account.parent_id as id, 1 as depth
    union all
    select a.parent_id, u.depth + 1
      from up u
      join team.account a on a.id = u.id
  )
  select max(u.depth) into v_depth from up u;

  if v_depth >= 8 then
    perform team.fail(409, 'too-deep',
                      'There are eight levels of accounts at most.');
  end if;
end
$$;

ALTER FUNCTION team.rule_depth(p_account team.account) OWNER TO team_owner;

CREATE FUNCTION team.rule_direct(p_account team.account, p_permissions text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if not p_account.direct_permissions then
    perform team.fail(409, 'direct-permissions-disabled',
                      'Members of this account have permissions by roles '
                      'only.');
  end if;

  if '*' = any (p_permissions) then
    perform team.fail(
      409, 'all-by-role',
      coalesce('Give the role "' || p_account.all_role || '" instead.',
               'All permissions are given by a role only.'));
  end if;
end
$$;

ALTER FUNCTION team.rule_direct(p_account team.account, p_permissions text[]) OWNER TO team_owner;

CREATE FUNCTION team.rule_grant(p_account team.account, p_actor team.standing, p_roles uuid[], p_permissions text[]) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if exists (
    select
      from team.role r
     where r.id = any (p_roles)
       and r.rank >= p_actor.rank
       and not (p_account.owner_mode = 'many'
                and p_actor.is_owner
                and r.key = p_account.owner_role))
  then
    return 'rank';
  end if;

  if exists (
    select rp.permission::text
      from team.role_permission rp
     where rp.role_id = any (p_roles)
    union all
    select p.permission
      from unnest(p_permissions) p (permission)
    except
    select r.permission::text
      from team.member_right r
     where r.member_id = p_actor.member_id)
     and not team.permission_has(p_actor.member_id, '*')
  then
    return 'exceeds-own';
  end if;

  return null;
end
$$;

ALTER FUNCTION team.rule_grant(p_account team.account, p_actor team.standing, p_roles uuid[], p_permissions text[]) OWNER TO team_owner;

CREATE FUNCTION team.rule_inviter(p_account team.account, p_inviter_account uuid, p_inviter uuid, p_permission text, p_roles uuid[], p_permissions text[], p_groups uuid[]) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.rule_inviter(p_account team.account, p_inviter_account uuid, p_inviter uuid, p_permission text, p_roles uuid[], p_permissions text[], p_groups uuid[]) OWNER TO team_owner;

CREATE FUNCTION team.rule_link_role(p_account team.account, p_roles uuid[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.rule_link_role(p_account team.account, p_roles uuid[]) OWNER TO team_owner;

CREATE FUNCTION team.rule_newcomer(p_account team.account, p_roles uuid[], p_permissions text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.rule_newcomer(p_account team.account, p_roles uuid[], p_permissions text[]) OWNER TO team_owner;

CREATE FUNCTION team.rule_offer(p_account team.account, p_actor team.standing, p_roles uuid[], p_permissions text[], p_groups uuid[]) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.rule_offer(p_account team.account, p_actor team.standing, p_roles uuid[], p_permissions text[], p_groups uuid[]) OWNER TO team_owner;

CREATE FUNCTION team.rule_one_owner(p_account team.account, p_roles uuid[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_account.owner_mode = 'single'
     and p_account.owner_member_id is not null
     and exists (select
                   from team.role r
                  where r.id = any (p_roles)
                    and r.key = 'owner')
  then
    perform team.fail(409, 'owner-must-transfer',
                      'Ownership changes by a transfer only.');
  end if;
end
$$;

ALTER FUNCTION team.rule_one_owner(p_account team.account, p_roles uuid[]) OWNER TO team_owner;

CREATE FUNCTION team.rule_owner(p_account team.account, p_actor team.standing) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return case
           when p_actor.is_owner then null
           when p_account.owner_mode = 'none'
                and team.permission_has(p_actor.member_id, '*') then null
           else 'owner-only'
         end;
end
$$;

ALTER FUNCTION team.rule_owner(p_account team.account, p_actor team.standing) OWNER TO team_owner;

CREATE FUNCTION team.rule_owner_role(p_account team.account, p_target team.standing, p_new uuid[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_account.owner_mode = 'single' then
    if p_target.is_owner
       and not exists (select
                         from team.role r
                        where r.id = any (p_new)
                          and r.key = p_account.owner_role)
       or not p_target.is_owner
          and exists (select
                        from team.role r
                       where r.id = any (p_new)
                         and r.key = 'owner')
    then
      perform team.fail(409, 'owner-must-transfer',
                        'Ownership changes by a transfer only.');
    end if;

  elsif p_account.owner_mode = 'many' then
    if not exists (select
                     from team.role r
                    where r.id = any (p_new)
                      and r.key = p_account.owner_role)
    then
      perform team.rule_owner_stays(p_account, p_target);
    end if;

  elsif not exists (select
                      from team.role_permission rp
                     where rp.role_id = any (p_new)
                       and rp.permission = '*')
  then
    perform team.rule_owner_stays(p_account, p_target);
  end if;
end
$$;

ALTER FUNCTION team.rule_owner_role(p_account team.account, p_target team.standing, p_new uuid[]) OWNER TO team_owner;

CREATE FUNCTION team.rule_owner_stays(p_account team.account, p_target team.standing) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_account.owner_mode = 'none'
     and p_target.status = 'active'
     and team.permission_has(p_target.member_id, '*')
     and not team.all_held(p_account.id, p_target.member_id)
  then
    perform team.fail(409, 'last-owner',
                      'Somebody who may do everything must remain.');
  end if;

  if not p_target.is_owner then
    return;
  end if;

  if p_account.owner_mode = 'single' then
    perform team.fail(409, 'owner-must-transfer',
                      'The owner must transfer the account first.');
  end if;

  if p_target.status <> 'active' then
    return;
  end if;

  perform
     from team.member_standing s
    where s.account_id = p_account.id
      and s.member_id <> p_target.member_id
      and s.is_owner
      and s.status = 'active';

  if not found then
    perform team.fail(409, 'last-owner',
                      'The account needs at least one active owner.');
  end if;
end
$$;

ALTER FUNCTION team.rule_owner_stays(p_account team.account, p_target team.standing) OWNER TO team_owner;

CREATE FUNCTION team.rule_rank(p_account team.account, p_actor team.standing, p_target team.standing, p_equal boolean) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return case
           when p_actor.member_id = p_target.member_id then null
           when p_actor.rank > p_target.rank then null
           when p_account.owner_mode = 'many'
                and p_actor.is_owner and p_target.is_owner then null
           when p_equal and p_actor.rank = p_target.rank then null
           else 'rank'
         end;
end
$$;

ALTER FUNCTION team.rule_rank(p_account team.account, p_actor team.standing, p_target team.standing, p_equal boolean) OWNER TO team_owner;

CREATE FUNCTION team.rule_role(p_account team.account, p_actor team.standing, p_role team.role, p_rank integer, p_permissions text[]) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if greatest(p_role.rank, p_rank) >= p_actor.rank then
    return 'rank';
  end if;

  if exists (
    select
      from team.role ro
      join team.member_role above on above.role_id = ro.id
      join team.member_role mr on mr.member_id = above.member_id
      join team.member_standing s on s.member_id = mr.member_id
     where ro.account_id = p_account.id
       and ro.rank >= p_actor.rank
       and mr.role_id = p_role.id
       and s.member_id <> p_actor.member_id
       and not (p_account.owner_mode = 'many'
                and p_actor.is_owner
                and s.is_owner)
    union all
    select
      from team.member_role mr
     where mr.role_id = p_role.id
       and mr.member_id = p_account.owner_member_id
       and mr.member_id <> p_actor.member_id)
  then
    return 'rank';
  end if;

  if exists (
    select
      from team.member_role mr
     where mr.role_id = p_role.id
       and mr.member_id = p_actor.member_id)
     and team.rule_self(p_account, p_actor, p_actor) is not null
  then
    return 'self-change';
  end if;

  return team.rule_grant(
    p_account, p_actor, '{}',
    array(select unnest(p_permissions)
          except
          select rp.permission::text
            from team.role_permission rp
           where rp.role_id = p_role.id));
end
$$;

ALTER FUNCTION team.rule_role(p_account team.account, p_actor team.standing, p_role team.role, p_rank integer, p_permissions text[]) OWNER TO team_owner;

CREATE FUNCTION team.rule_role_system(p_account team.account, p_role team.role) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_role.system or p_role.key = p_account.owner_role then
    perform team.fail(409, 'system-role',
                      'A built-in role can''t be changed.');
  end if;
end
$$;

ALTER FUNCTION team.rule_role_system(p_account team.account, p_role team.role) OWNER TO team_owner;

CREATE FUNCTION team.rule_role_unused(p_account team.account, p_role team.role) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_where  text;
begin
  v_where := case
               when p_role.key in (p_account.link_role, p_account.all_role,
                                   p_account.transfer_target_role,
                                   p_account.transfer_old_owner_role)
                 then 'The account''s policy names the role.'
               when exists (select
                              from team.member_role mr
                             where mr.role_id = p_role.id)
                 then 'Members have the role.'
               when exists (select
                              from team.invitation_role ir
                              join team.invitation i on i.id = ir.invitation_id
                             where ir.account_id = p_account.id
                               and ir.role_id = p_role.id
                               and i.status = 'pending')
                 then 'Pending invitations give the role.'
               when exists (select
                              from team.invite_link l
                             where l.account_id = p_account.id
                               and l.role_id = p_role.id
                               and l.revoked_at is null
                               and l.expires_at > statement_timestamp()
                               and l.uses < coalesce(l.max_uses, l.uses + 1))
                 then 'Invite links give the role.'
             end;

  if v_where is not null then
    perform team.fail(409, 'role-in-use', v_where);
  end if;
end
$$;

ALTER FUNCTION team.rule_role_unused(p_account team.account, p_role team.role) OWNER TO team_owner;

CREATE FUNCTION team.rule_self(p_account team.account, p_actor team.standing, p_target team.standing) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return case
           when p_actor.member_id <> p_target.member_id then null
           when p_account.self_change = 'another_owner'
                and p_actor.is_owner then null
           else 'self-change'
         end;
end
$$;

ALTER FUNCTION team.rule_self(p_account team.account, p_actor team.standing, p_target team.standing) OWNER TO team_owner;

CREATE FUNCTION team.rule_transfer(p_account team.account, p_target team.standing) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_account.owner_mode <> 'single' or p_account.transfer_target = 'off'
  then
    perform team.fail(409, 'transfer-disabled',
                      'Ownership of this account is not passed on.');
  end if;

  if p_target.status <> 'active' then
    perform team.fail(409, 'target-not-eligible',
                      'Only an active member can become the owner.');
  end if;

  if p_account.transfer_target = 'role'
     and not exists (
       select
         from team.member_role mr
         join team.role r on r.id = mr.role_id
        where mr.member_id = p_target.member_id
          and r.key = p_account.transfer_target_role)
  then
    perform team.fail(409, 'target-not-eligible',
                      format('Only a member with the role "%s" can become the '
                             'owner.', p_account.transfer_target_role));
  end if;
end
$$;

ALTER FUNCTION team.rule_transfer(p_account team.account, p_target team.standing) OWNER TO team_owner;

CREATE TABLE team.ownership_transfer (
    id uuid DEFAULT team.uuid_v7() NOT NULL,
    account_id uuid NOT NULL,
    from_member_id uuid NOT NULL,
    to_member_id uuid NOT NULL,
    status team.transfer_status NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    decided_at timestamp with time zone,
    CONSTRAINT ownership_transfer_decided_check CHECK ((((status)::text = 'pending'::text) = (decided_at IS NULL))),
    CONSTRAINT ownership_transfer_self_check CHECK ((from_member_id <> to_member_id))
);

ALTER TABLE team.ownership_transfer OWNER TO team_owner;

COMMENT ON TABLE team.ownership_transfer IS 'Members are named by id without foreign keys: a pending transfer whose members are no longer what they were can''t be accepted.';

CREATE FUNCTION team.rule_transfer_mine(p_transfer team.ownership_transfer, p_actor team.standing) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_transfer.to_member_id <> p_actor.member_id then
    perform team.fail(403, 'not-target',
                      'Only the one it is offered to can answer.');
  end if;
end
$$;

ALTER FUNCTION team.rule_transfer_mine(p_transfer team.ownership_transfer, p_actor team.standing) OWNER TO team_owner;

CREATE FUNCTION team.rule_transfer_owner(p_account team.account, p_actor team.standing) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return case
           when p_account.owner_mode <> 'single' then
             team.rule_owner(p_account, p_actor)
           when p_account.owner_member_id = p_actor.member_id then null
           else 'owner-only'
         end;
end
$$;

ALTER FUNCTION team.rule_transfer_owner(p_account team.account, p_actor team.standing) OWNER TO team_owner;

CREATE FUNCTION team.scope_check(p_account team.account, p_identity uuid, p_email text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_email      text := team.email_normal(p_email);
  v_member     boolean;
  v_tree       boolean;
  v_exclusive  boolean;
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

  select bool_or(p.named and a.id = p_account.id),
         bool_or(a.id <> p_account.id
                 and a.status = 'active'
                 and a.root_id = p_account.root_id
                 and 'tree' in (p_account.membership_scope,
                                a.membership_scope, r.membership_scope)),
         bool_or(a.id <> p_account.id
                 and a.status = 'active'
                 and 'exclusive' in (p_account.membership_scope,
                                     a.membership_scope))
    into v_member, v_tree, v_exclusive
    from (select p_identity, false
          union all
          select i.id, true
            from team.identity i
           where i.email = v_email
             and i.email_verified) p (id, named)
    join team.member m on m.identity_id = p.id
    join team.account a on a.id = m.account_id
    join team.account r on r.id = a.root_id;

  if v_member then
    perform team.fail(409, 'already-member',
                      'This person is a member already.');
  end if;

  if v_tree then
    perform team.fail(409, 'email-in-tree',
                      'User is already a member of an account of this '
                      'organization.');
  end if;

  if v_exclusive then
    perform team.fail(409, 'other-organization',
                      'User is already a member of one organization');
  end if;
end
$$;

ALTER FUNCTION team.scope_check(p_account team.account, p_identity uuid, p_email text) OWNER TO team_owner;

CREATE FUNCTION team.scope_lock() RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return hashtextextended('membership_scope', 0);
end
$$;

ALTER FUNCTION team.scope_lock() OWNER TO team_owner;

CREATE FUNCTION team.seat_check(p_account team.account) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.seat_check(p_account team.account) OWNER TO team_owner;

CREATE FUNCTION team.seats_used(p_account uuid) RETURNS integer
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select count(*)
      from team.member m
     where m.account_id = p_account
       and m.status = 'active');
end
$$;

ALTER FUNCTION team.seats_used(p_account uuid) OWNER TO team_owner;

CREATE FUNCTION team.slug_check(p_slug text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return p_slug::team.slug;

exception
  when check_violation then
    perform team.fail_at(422, 'invalid-slug', '/slug',
                         'A slug has 1 to 63 characters: a-z, 0-9 and "-", a '
                         'letter first, no "-" last; and is not like an id.');
end
$$;

ALTER FUNCTION team.slug_check(p_slug text) OWNER TO team_owner;

CREATE FUNCTION team.slug_make(p_name text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.slug_make(p_name text) OWNER TO team_owner;

CREATE FUNCTION team.standing_find(p_account uuid, p_member uuid) RETURNS team.standing
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team.standing_find(p_account uuid, p_member uuid) OWNER TO team_owner;

CREATE FUNCTION team.standing_find(p_account team.account, p_issuer text, p_subject text) RETURNS team.standing
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account := p_account;
  v_actor    team.standing;
begin
  loop
    select s.member_id, s.identity_id, s.issuer, s.subject, s.status, s.rank,
           s.is_owner
      into v_actor
      from team.member_standing s
     where s.account_id = v_account.id
       and s.issuer = p_issuer
       and s.subject = p_subject;

    exit when v_actor.member_id is not null or v_account.parent_id is null;

    select *
      into v_account
      from team.account a
     where a.id = v_account.parent_id;
  end loop;

  if v_account.id <> p_account.id
     and (v_account.status <> 'active'
          or v_actor.status <> 'active'
          or not team.permission_has(v_actor.member_id, 'subaccounts:read'))
  then
    return null;
  end if;

  return v_actor;
end
$$;

ALTER FUNCTION team.standing_find(p_account team.account, p_issuer text, p_subject text) OWNER TO team_owner;

CREATE FUNCTION team.stranger(p_issuer text, p_subject text) RETURNS team.standing
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_stranger  team.standing;
begin
  v_stranger.issuer := p_issuer;
  v_stranger.subject := p_subject;
  return v_stranger;
end
$$;

ALTER FUNCTION team.stranger(p_issuer text, p_subject text) OWNER TO team_owner;

CREATE FUNCTION team.target_find(p_account team.account, p_actor team.standing, p_member text) RETURNS team.standing
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_id      uuid;
  v_target  team.standing;
begin
  v_id := case
            when p_member = 'me' then p_actor.member_id
            else team.id_parse(p_member)
          end;

  select s.member_id, s.identity_id, s.issuer, s.subject, s.status, s.rank,
         s.is_owner
    into v_target
    from team.member_standing s
   where s.account_id = p_account.id
     and s.member_id = v_id;

  if v_target.member_id is null then
    perform team.not_found();
  end if;

  return v_target;
end
$$;

ALTER FUNCTION team.target_find(p_account team.account, p_actor team.standing, p_member text) OWNER TO team_owner;

CREATE FUNCTION team.texts_json(p_texts text[]) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return (
    select coalesce(jsonb_agg(t.x order by t.x collate "C"), '[]')
      from unnest(p_texts) t (x));
end
$$;

ALTER FUNCTION team.texts_json(p_texts text[]) OWNER TO team_owner;

CREATE FUNCTION team.time_check(p_text text, p_what text) RETURNS timestamp with time zone
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_detail  text;
begin
  return team.time_parse(p_text);
exception
  when sqlstate 'TM400' then
    get stacked diagnostics v_detail = pg_exception_detail;
    perform team.fail_at(400, 'bad-time', '?' || p_what, v_detail);
end
$$;

ALTER FUNCTION team.time_check(p_text text, p_what text) OWNER TO team_owner;

CREATE FUNCTION team.time_parse(p_text text) RETURNS timestamp with time zone
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  if p_text is null then
    return null;
  end if;

  if p_text ~ '^\d{4}-\d\d-\d\d$' then
    return (p_text || ' 00:00:00+00')::timestamptz;

  elsif p_text ~ ('^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d([.]\d{1,9})?'
                  '([Zz]|[+-]\d\d:\d\d)$')
  then
    return p_text::timestamptz;
  end if;

  raise exception using errcode = 'datetime_field_overflow';
exception
  when data_exception then
    perform team.fail(400, 'bad-time',
                      'A time is like 2030-12-31T23:59:59Z, or 2030-12-31.');
end
$_$;

ALTER FUNCTION team.time_parse(p_text text) OWNER TO team_owner;

CREATE FUNCTION team.time_text(p_time timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select pg_catalog.to_char(
           pg_catalog.timezone('UTC', p_time), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

ALTER FUNCTION team.time_text(p_time timestamp with time zone) OWNER TO team_owner;

CREATE FUNCTION team.time_zone_check(p_time_zone text) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

ALTER FUNCTION team.time_zone_check(p_time_zone text) OWNER TO team_owner;

CREATE FUNCTION team.token_hash(p_token text) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  return case
           when p_token ~ '^[A-Za-z0-9_-]{43}$'
           then sha256(convert_to(p_token, 'UTF8'))
         end;
end
$_$;

ALTER FUNCTION team.token_hash(p_token text) OWNER TO team_owner;

CREATE FUNCTION team.token_make() RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return rtrim(translate(encode(sha256(uuid_send(gen_random_uuid())
                                       || uuid_send(gen_random_uuid())
                                       || uuid_send(gen_random_uuid())),
                                'base64'), '+/', '-_'), '=');
end
$$;

ALTER FUNCTION team.token_make() OWNER TO team_owner;

CREATE FUNCTION team.transfer_decide(p_transfer team.ownership_transfer, p_status text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_transfer.status <> 'pending' then
    perform team.fail(409, 'not-pending', 'This is no longer pending.');
  end if;

  update team.ownership_transfer t
     set status = p_status,
         decided_at = statement_timestamp()
   where t.id = p_transfer.id;
end
$$;

ALTER FUNCTION team.transfer_decide(p_transfer team.ownership_transfer, p_status text) OWNER TO team_owner;

CREATE FUNCTION team.transfer_find(p_account team.account, p_actor team.standing, p_transfer text) RETURNS team.ownership_transfer
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_id        uuid := team.id_parse(p_transfer);
  v_transfer  team.ownership_transfer;
begin
  select *
    into v_transfer
    from team.ownership_transfer t
   where t.id = v_id
     and t.account_id = p_account.id
     and (p_actor.member_id in (t.from_member_id, t.to_member_id)
          or p_actor.is_owner);

  if v_transfer.id is null then
    perform team.not_found();
  end if;

  return v_transfer;
end
$$;

ALTER FUNCTION team.transfer_find(p_account team.account, p_actor team.standing, p_transfer text) OWNER TO team_owner;

CREATE FUNCTION team.transfer_note(p_account team.account, p_actor team.standing, p_action text, p_transfer uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_transfer  team.ownership_transfer;
begin
  select *
    into v_transfer
    from team.ownership_transfer t
   where t.id = p_transfer;

  perform team.audit(p_account.id, p_actor, p_action, 'member',
                     v_transfer.to_member_id, null,
                     jsonb_build_object('transfer', p_transfer,
                                        'from', v_transfer.from_member_id,
                                        'to', v_transfer.to_member_id));
end
$$;

ALTER FUNCTION team.transfer_note(p_account team.account, p_actor team.standing, p_action text, p_transfer uuid) OWNER TO team_owner;

CREATE FUNCTION team.transfer_reply(p_status integer, p_transfer uuid, p_message text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_body   jsonb;
  v_reply  team_api.reply;
begin
  select b.body
    into v_body
    from team.transfer_body b
   where b.transfer_id = p_transfer;

  if p_message is not null then
    v_body := v_body || jsonb_build_object('message', p_message);
  end if;

  v_reply.status := p_status;
  v_reply.body := v_body;
  return v_reply;
end
$$;

ALTER FUNCTION team.transfer_reply(p_status integer, p_transfer uuid, p_message text) OWNER TO team_owner;

CREATE FUNCTION team_api.account_close(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_confirm text, p_if_match text, p_idem text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.account_close(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_confirm text, p_if_match text, p_idem text) OWNER TO team_owner;

CREATE FUNCTION team_api.account_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account := team.account_find(p_account);
  v_reply    team_api.reply;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'account:read');

  v_reply.status := 200;
  v_reply.body := team.account_text(v_account);
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;

ALTER FUNCTION team_api.account_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) OWNER TO team_owner;

CREATE FUNCTION team_api.account_patch(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_body jsonb, p_if_match text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.account_patch(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_body jsonb, p_if_match text) OWNER TO team_owner;

CREATE FUNCTION team_api.account_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account_name text, p_preset text, p_time_zone text, p_slug text, p_idem text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.account_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account_name text, p_preset text, p_time_zone text, p_slug text, p_idem text) OWNER TO team_owner;

CREATE FUNCTION team_api.audit_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_actor text, p_action text, p_target text, p_from text, p_to text, p_limit integer, p_cursor text, p_format text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account := team.account_find(p_account);
  v_limit    integer := team.limit_check(p_limit);
  v_from     timestamptz := coalesce(team.time_check(p_from, 'from'), '-infinity');
  v_at       timestamptz := coalesce(team.time_check(p_to, 'to'), 'infinity');
  v_last     uuid;
  v_actor    uuid;
  v_who      text := p_actor;
  v_ids      uuid[];
  v_reply    team_api.reply;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'audit:read');

  -- events are never deleted, so the one that a cursor names is still there

  v_last := team.cursor_read(p_cursor, 'e', v_account.id);

  if v_last is not null then
    select e.at
      into v_at
      from team.audit_event e
     where e.id = v_last
       and e.account_id = v_account.id;

  else
    v_last := '00000000-0000-0000-0000-000000000000';
  end if;

  -- a subject may look like an id

  select e.actor_member_id, null
    into v_actor, v_who
    from team.audit_event e
   where e.account_id = v_account.id
     and e.actor_member_id = team.id_parse(p_actor)
   limit 1;

  if not found then
    v_who := p_actor;
  end if;

  v_ids := case
    when p_target is not null then
      team.audit_target(v_account.id, team.id_parse(p_target), v_actor, v_who,
                        p_action, v_from, v_at, v_last, v_limit + 1)
    when v_actor is not null then
      team.audit_actor(v_account.id, v_actor, null, null, p_action, v_from,
                       v_at, v_last, v_limit + 1)
    else
      team.audit_all(v_account.id, null, null, v_who, p_action, v_from, v_at,
                     v_last, v_limit + 1)
  end;

  if cardinality(v_ids) > v_limit then
    v_reply.cursor := team.cursor_make('e', v_account.id, v_ids[v_limit]);
  end if;

  v_reply.status := 200;
  v_reply.body := case
    when p_format = 'csv' then team.audit_csv(v_ids[1:v_limit])
    else team.audit_json(v_ids[1:v_limit], v_reply.cursor)
  end;
  return v_reply;
end
$$;

ALTER FUNCTION team_api.audit_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_actor text, p_action text, p_target text, p_from text, p_to text, p_limit integer, p_cursor text, p_format text) OWNER TO team_owner;

CREATE FUNCTION team_api.changes_prune() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_count  integer;
  v_floor  xid8;
begin
  perform
     from team.change_floor
      for update skip locked;

  if not found then
    return 0;
  end if;

  with old as (
    select c.id
      from team.change c
     where c.xid < pg_snapshot_xmin(pg_current_snapshot())
       and c.at < statement_timestamp() - interval '15 minutes'
     order by c.xid
     limit 1000
       for update skip locked
  ), gone as (
    delete from team.change c
     using old
     where c.id = old.id
    returning c.xid
  )
  select count(*), (array_agg(g.xid order by g.xid desc))[1]
    into v_count, v_floor
    from gone g;

  update team.change_floor
     set xid = v_floor
   where xid < v_floor;

  return greatest(v_count, team.outbox_prune(), team.login_waiting_prune());
end
$$;

ALTER FUNCTION team_api.changes_prune() OWNER TO team_owner;

CREATE FUNCTION team_api.changes_since(p_snapshot text) RETURNS TABLE(snapshot text, issuer text, subject text, account_id text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_now   pg_snapshot := pg_current_snapshot();
  v_then  pg_snapshot;
begin
  snapshot := v_now;
  return next;

  if p_snapshot is null then
    return;
  end if;

  begin
    v_then := p_snapshot;
  exception
    when others then
      perform team.fail(400, 'bad-snapshot', 'The snapshot is not one.');
  end;

  snapshot := null;

  if pg_snapshot_xmax(v_then) > pg_snapshot_xmax(v_now)
     or exists (select
                  from team.change_floor f
                 where f.xid >= pg_snapshot_xmin(v_then)
                   and f.xid < pg_snapshot_xmax(v_now))
  then
    return next;
    return;
  end if;

  return query
  select distinct null, c.issuer::text, c.subject::text, c.account_id::text
    from team.change c
   where c.xid >= pg_snapshot_xmin(v_then)
     and c.xid < pg_snapshot_xmax(v_now)
     and not pg_visible_in_snapshot(c.xid, v_then);
end
$$;

ALTER FUNCTION team_api.changes_since(p_snapshot text) OWNER TO team_owner;

CREATE FUNCTION team_api.directory_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_q text, p_kind text, p_status text, p_role text, p_group text, p_sort text, p_limit integer, p_cursor text, p_format text DEFAULT NULL::text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account := team.account_find(p_account);
  v_limit    integer := team.limit_check(p_limit);
  v_sort     text := coalesce(p_sort, '-created_at');
  v_query    team.directory_query;
  v_list     bytea;
  v_time     boolean;
  v_id       uuid;
  v_key      text;
  v_ids      uuid[];
  v_end      team.directory;
  v_owner    uuid;
  v_cursor   text;
  v_items    text;
  v_reply    team_api.reply;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'members:read');

  if v_sort not in ('name', '-name', 'email', '-email', 'created_at',
                    '-created_at', 'joined_at', '-joined_at')
  then
    perform team.fail_at(400, 'bad-sort', '?sort',
                         'sort is name, email, created_at or joined_at, with '
                         '"-" before it for downwards.');
  end if;

  v_query := team.directory_query_make(v_account, p_q, p_kind, p_status,
                                       p_role, p_group);
  v_time := v_sort like '%\_at';
  v_list := substring(sha256(convert_to(json_build_array(
              v_account.id, v_sort, p_q, p_kind, p_status, p_role,
              p_group)::text, 'UTF8')) for 16);

  if p_cursor is not null then
    select c.o_id, c.o_place
      into v_id, v_key
      from team.place_read(p_cursor, 'd', v_list, v_time) c;

  elsif v_sort like '-%' then
    v_id := 'ffffffff-ffff-ffff-ffff-ffffffffffff';
    v_key := case when v_time then 'infinity' else repeat(U&'\+10FFFF', 64) end;

  else
    v_id := '00000000-0000-0000-0000-000000000000';
    v_key := case when v_time then '-infinity' else '' end;
  end if;

  v_ids := case v_sort
    when 'name' then
      team.directory_name_key_up(v_query, v_key, v_id, v_limit + 1)
    when '-name' then
      team.directory_name_key_down(v_query, v_key, v_id, v_limit + 1)
    when 'email' then
      team.directory_email_up(v_query, v_key, v_id, v_limit + 1)
    when '-email' then
      team.directory_email_down(v_query, v_key, v_id, v_limit + 1)
    when 'created_at' then
      team.directory_created_at_up(v_query, v_key::timestamptz, v_id,
                                   v_limit + 1)
    when '-created_at' then
      team.directory_created_at_down(v_query, v_key::timestamptz, v_id,
                                     v_limit + 1)
    when 'joined_at' then
      team.directory_joined_at_up(v_query, v_key::timestamptz, v_id,
                                  v_limit + 1)
    when '-joined_at' then
      team.directory_joined_at_down(v_query, v_key::timestamptz, v_id,
                                    v_limit + 1)
  end;

  if cardinality(v_ids) > v_limit then
    select *
      into v_end
      from team.directory d
     where d.id = v_ids[v_limit];

    v_cursor := team.place_make(
      'd', v_list, v_end.id,
      case
        when v_sort like '%name' then v_end.name_key
        when v_sort like '%email' then v_end.email
        when v_sort like '%created\_at' then team.place_time(v_end.created_at)
        else team.place_time(v_end.joined_at)
      end);
  end if;

  if v_account.owner_mode = 'many' then
    v_owner := (
      select r.id
        from team.role r
       where r.account_id = v_account.id
         and r.key = v_account.owner_role);
  end if;

  v_items := coalesce(team.directory_items(v_account, v_owner,
                                           v_ids[1:v_limit]), '[]');

  v_reply.status := 200;
  v_reply.cursor := v_cursor;

  if p_format = 'csv' then
    v_reply.body := team.directory_csv(v_items::json);
    return v_reply;
  end if;

  v_reply.body :=
    '{"items":' || v_items
    || ',"next_cursor":' || coalesce('"' || v_cursor || '"', 'null')
    || ',"labels":' || json_build_object('suspended', v_account.suspend_label)
    || ',"hints":' || json_build_object('only_one_owner',
                                        team.only_one_owner(v_account, v_owner))
    || '}';
  return v_reply;
end
$$;

ALTER FUNCTION team_api.directory_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_q text, p_kind text, p_status text, p_role text, p_group text, p_sort text, p_limit integer, p_cursor text, p_format text) OWNER TO team_owner;

CREATE FUNCTION team_api.explain(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_identity text, p_permission text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

ALTER FUNCTION team_api.explain(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_identity text, p_permission text) OWNER TO team_owner;

CREATE FUNCTION team_api.grant_get(p_issuer text, p_subject text, p_account text, OUT status text, OUT account_id text, OUT member_id text, OUT roles text, OUT permissions text) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_account  uuid;
  v_member   uuid;
  v_choices  uuid[];
  v_more     boolean;
begin
  if p_account ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    v_account := p_account;

  elsif p_account <> '' then
    null;

  else
    -- the usable ones count first; two are as good as many

    v_choices := array(
      select m.account_id
        from team.identity i
        join team.member m on m.identity_id = i.id
        join team.account a on a.id = m.account_id
       where i.issuer = p_issuer
         and i.subject = p_subject
         and m.status = 'active'
         and a.status = 'active'
       limit 2);

    if v_choices = '{}' then
      v_choices := array(
        select m.account_id
          from team.identity i
          join team.member m on m.identity_id = i.id
         where i.issuer = p_issuer
           and i.subject = p_subject
         limit 2);
    end if;

    if cardinality(v_choices) = 2 then
      status := 'choice';
      roles := '';
      permissions := '';
      return;
    end if;

    v_account := v_choices[1];
  end if;

  -- the same twice, as one plan can't use either of two indexes

  if v_account is null then
    select case a.status when 'closed' then 'closed' else m.status end,
           m.id, m.account_id, m.id, r.key, r.permission_list,
           exists (select
                     from team.member_role o
                    where o.member_id = m.id
                      and o.role_id <> r.id)
           or exists (select
                        from team.member_permission mp
                       where mp.member_id = m.id)
      into status, v_member, account_id, member_id, roles, permissions, v_more
      from team.identity i
      join team.account a on a.slug = p_account
      join team.member m
        on m.identity_id = i.id
       and m.account_id = a.id
      left join team.member_role mr on mr.member_id = m.id
      left join team.role r on r.id = mr.role_id
     where i.issuer = p_issuer
       and i.subject = p_subject
     limit 1;

  else
    select case a.status when 'closed' then 'closed' else m.status end,
           m.id, m.account_id, m.id, r.key, r.permission_list,
           exists (select
                     from team.member_role o
                    where o.member_id = m.id
                      and o.role_id <> r.id)
           or exists (select
                        from team.member_permission mp
                       where mp.member_id = m.id)
      into status, v_member, account_id, member_id, roles, permissions, v_more
      from team.identity i
      join team.member m
        on m.identity_id = i.id
       and m.account_id = v_account
      join team.account a on a.id = m.account_id
      left join team.member_role mr on mr.member_id = m.id
      left join team.role r on r.id = mr.role_id
     where i.issuer = p_issuer
       and i.subject = p_subject
     limit 1;
  end if;

  if status is distinct from 'active' then
    status := coalesce(status, 'none');
    roles := '';
    permissions := '';

  elsif v_more or roles is null then
    select coalesce(
             (select string_agg(r.key, ' ' order by r.key)
                from team.member_role mr
                join team.role r on r.id = mr.role_id
               where mr.member_id = v_member),
             ''),
           coalesce(
             (select string_agg(distinct p.permission, ' '
                                order by p.permission)
                from team.member_right p
               where p.member_id = v_member),
             '')
      into roles, permissions;
  end if;
end
$_$;

ALTER FUNCTION team_api.grant_get(p_issuer text, p_subject text, p_account text, OUT status text, OUT account_id text, OUT member_id text, OUT roles text, OUT permissions text) OWNER TO team_owner;

CREATE FUNCTION team_api.group_delete(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group text, p_if_match text DEFAULT NULL::text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_group    team.member_group;
  v_old      text;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'groups:delete');
  v_group := team.group_find(v_account, p_group);
  v_old := team.group_text(v_group.id);

  perform team.if_match_honour(p_if_match, team.etag(v_old));

  delete from team.member_group g
   where g.id = v_group.id;

  perform team.audit(v_account.id, v_actor, 'group.delete', 'group',
                     v_group.id, null,
                     v_old::jsonb - array['id', 'account']);

  v_reply.status := 204;
  return v_reply;
end
$$;

ALTER FUNCTION team_api.group_delete(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group text, p_if_match text) OWNER TO team_owner;

CREATE FUNCTION team_api.group_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account := team.account_find(p_account);
  v_group    team.member_group;
  v_reply    team_api.reply;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'groups:read');
  v_group := team.group_find(v_account, p_group);

  v_reply.status := 200;
  v_reply.body := team.group_text(v_group.id);
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;

ALTER FUNCTION team_api.group_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group text) OWNER TO team_owner;

CREATE FUNCTION team_api.group_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account := team.account_find(p_account);
  v_limit    integer := team.limit_check(p_limit);
  v_after    uuid;
  v_items    json;
  v_last     uuid;
  v_count    integer;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'groups:read');

  v_after := coalesce(team.cursor_read(p_cursor, 'g', v_account.id),
                      '00000000-0000-0000-0000-000000000000');

  with page as (
    select g.id, row_number() over (order by g.id) as n
      from (select g.id
              from team.member_group g
             where g.account_id = v_account.id
               and g.id > v_after
             order by g.id
             limit v_limit + 1) g
  )
  select json_agg((select b.body
                     from team.group_body b
                    where b.group_id = p.id) order by p.n)
           filter (where p.n <= v_limit),
         (array_agg(p.id order by p.n))[v_limit],
         count(*)
    into v_items, v_last, v_count
    from page p;

  return team.list_reply(
    v_items,
    case when v_count > v_limit
         then team.cursor_make('g', v_account.id, v_last)
    end);
end
$$;

ALTER FUNCTION team_api.group_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) OWNER TO team_owner;

CREATE FUNCTION team_api.group_member_delete(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group text, p_member text, p_if_match text DEFAULT NULL::text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return team.group_member_set(p_issuer, p_subject, p_account, p_group,
                               p_member, false, p_if_match);
end
$$;

ALTER FUNCTION team_api.group_member_delete(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group text, p_member text, p_if_match text) OWNER TO team_owner;

CREATE FUNCTION team_api.group_member_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group text, p_member text, p_if_match text DEFAULT NULL::text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return team.group_member_set(p_issuer, p_subject, p_account, p_group,
                               p_member, true, p_if_match);
end
$$;

ALTER FUNCTION team_api.group_member_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group text, p_member text, p_if_match text) OWNER TO team_owner;

CREATE FUNCTION team_api.group_patch(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group text, p_body jsonb, p_if_match text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account   team.account;
  v_actor     team.standing;
  v_group     team.member_group;
  v_old       text;
  v_approver  text;
  v_reply     team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'groups:update');
  v_group := team.group_find(v_account, p_group);
  v_old := team.group_text(v_group.id);

  perform team.if_match_honour(p_if_match, team.etag(v_old));
  perform team.patch_check(p_body, array['name', 'policy', 'approver']);

  if p_body ? 'name' then
    v_group.name := team.name_check(p_body ->> 'name', 'name');
  end if;

  if p_body ? 'policy' then
    v_group.policy := team.policy_name_check(p_body ->> 'policy');
  end if;

  -- an approver who is suspended now is not looked at again

  v_approver := p_body ->> 'approver';

  if not p_body ? 'approver'
     or v_approver = v_group.approver_member_id::text
  then
    v_approver := v_group.approver_member_id;
    v_group := team.group_check(v_account, v_group, null);
    v_group.approver_member_id := v_approver;

  else
    v_group := team.group_check(v_account, v_group, v_approver);
  end if;

  update team.member_group g
     set name = v_group.name,
         policy = v_group.policy,
         approver_member_id = v_group.approver_member_id
   where g.id = v_group.id;

  v_reply.status := 200;
  v_reply.body := team.group_text(v_group.id);
  v_reply.etag := team.etag(v_reply.body);

  if v_reply.body <> v_old then
    perform team.audit(
      v_account.id, v_actor, 'group.update', 'group', v_group.id, null,
      jsonb_build_object(
        'from', v_old::jsonb - array['id', 'account'],
        'to', v_reply.body::jsonb - array['id', 'account']));
  end if;

  return v_reply;
end
$$;

ALTER FUNCTION team_api.group_patch(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group text, p_body jsonb, p_if_match text) OWNER TO team_owner;

CREATE FUNCTION team_api.group_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group_name text, p_policy text, p_approver text, p_idem text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_group    team.member_group;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'groups:create');

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_account.id, p_idem,
    jsonb_build_object('function', 'group_post', 'name', p_group_name,
                       'policy', p_policy, 'approver', p_approver));

  if v_reply.status is not null then
    return v_reply;
  end if;

  v_group.name := team.name_check(p_group_name, 'name');
  v_group.policy := team.policy_name_check(p_policy);
  v_group := team.group_check(v_account, v_group, p_approver);

  insert into team.member_group (account_id, name, policy,
                                 approver_member_id)
  values (v_account.id, v_group.name, v_group.policy,
          v_group.approver_member_id)
  returning * into v_group;

  v_reply.status := 201;
  v_reply.body := team.group_text(v_group.id);
  v_reply.etag := team.etag(v_reply.body);
  v_reply.location := '/v1/accounts/' || v_account.id || '/groups/'
                      || v_group.id;

  perform team.audit(v_account.id, v_actor, 'group.create', 'group',
                     v_group.id, null,
                     v_reply.body::jsonb - array['id', 'account']);
  perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                               v_reply);
  return v_reply;
end
$$;

ALTER FUNCTION team_api.group_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group_name text, p_policy text, p_approver text, p_idem text) OWNER TO team_owner;

CREATE FUNCTION team_api.healthz_get(p_issuer text DEFAULT NULL::text, p_subject text DEFAULT NULL::text, p_email text DEFAULT NULL::text, p_email_verified boolean DEFAULT NULL::boolean, p_name text DEFAULT NULL::text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_reply  team_api.reply;
begin
  select 200, json_build_object('status', 'ok', 'schema', max(m.number))
    into v_reply.status, v_reply.body
    from team.migration m;

  return v_reply;
end
$$;

ALTER FUNCTION team_api.healthz_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text) OWNER TO team_owner;

CREATE FUNCTION team_api.invitation_accept(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_token text, p_idem text DEFAULT NULL::text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.invitation_accept(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_token text, p_idem text) OWNER TO team_owner;

CREATE FUNCTION team_api.invitation_batch(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_invitations jsonb, p_csv text, p_idem text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_rows     jsonb;
  v_where    text := case when p_csv is null then '/invitations' else '' end;
  v_items    json[] := '{}';
  v_n        integer;
  v_row      jsonb;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'invitations:create');

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_account.id, p_idem,
    jsonb_build_array('invitation_batch', p_invitations, p_csv));
  if v_reply.status is not null then
    return v_reply;
  end if;

  if (p_invitations is null) = (p_csv is null) then
    perform team.fail_at(422, 'invalid-batch', '',
                         'Send either a JSON array of invitations or CSV.');
  end if;

  v_rows := coalesce(p_invitations, team.csv_invitations(p_csv));

  if jsonb_typeof(v_rows) <> 'array' or jsonb_array_length(v_rows) = 0 then
    perform team.fail_at(422, 'invalid-batch', v_where,
                         'There must be at least one invitation.');
  end if;

  if jsonb_array_length(v_rows) > 100 then
    perform team.fail_at(422, 'batch-too-large', v_where,
                         'There may be at most 100 invitations.');
  end if;

  for v_row, v_n in
    select r.value, r.n
      from jsonb_array_elements(v_rows) with ordinality r (value, n)
  loop
    v_items := v_items
               || team.invitation_row_try(v_account, v_actor, v_n, v_row,
                                          p_csv is not null);
  end loop;

  v_reply.status := 200;
  v_reply.body := json_build_object('items', array_to_json(v_items));

  perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                               v_reply);
  return v_reply;
end
$$;

ALTER FUNCTION team_api.invitation_batch(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_invitations jsonb, p_csv text, p_idem text) OWNER TO team_owner;

CREATE FUNCTION team_api.invitation_decline(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_token text, p_idem text DEFAULT NULL::text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.invitation_decline(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_token text, p_idem text) OWNER TO team_owner;

CREATE FUNCTION team_api.invitation_delete(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_invitation text, p_if_match text DEFAULT NULL::text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.invitation_delete(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_invitation text, p_if_match text) OWNER TO team_owner;

CREATE FUNCTION team_api.invitation_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_invitation text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.invitation_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_invitation text) OWNER TO team_owner;

CREATE FUNCTION team_api.invitation_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_status text, p_limit integer, p_cursor text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.invitation_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_status text, p_limit integer, p_cursor text) OWNER TO team_owner;

CREATE FUNCTION team_api.invitation_lookup(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_token text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.invitation_lookup(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_token text) OWNER TO team_owner;

CREATE FUNCTION team_api.invitation_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_invitee_email text, p_invitee_name text, p_roles jsonb, p_permissions jsonb, p_groups jsonb, p_locale text, p_idem text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.invitation_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_invitee_email text, p_invitee_name text, p_roles jsonb, p_permissions jsonb, p_groups jsonb, p_locale text, p_idem text) OWNER TO team_owner;

CREATE FUNCTION team_api.invitation_resend(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_invitation text, p_idem text, p_if_match text DEFAULT NULL::text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.invitation_resend(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_invitation text, p_idem text, p_if_match text) OWNER TO team_owner;

CREATE FUNCTION team_api.join_approve(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_join text, p_idem text DEFAULT NULL::text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_join     team.join_request;
  v_target   team.standing;
  v_refusal  text;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'members:approve');

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_account.id, p_idem,
    jsonb_build_array('join_approve', p_join));

  if v_reply.status is not null then
    return v_reply;
  end if;

  v_join := team.join_find(v_account, p_join);
  v_target := team.standing_find(v_account.id, v_join.member_id);

  if v_target.status <> 'pending' then
    perform team.fail(409, 'not-pending', 'The member is not pending.');
  end if;

  v_refusal := coalesce(
    team.rule_rank(v_account, v_actor, v_target, false),
    team.rule_offer(
      v_account, v_actor,
      array(select mr.role_id
              from team.member_role mr
             where mr.member_id = v_target.member_id),
      array(select mp.permission::text
              from team.member_permission mp
             where mp.member_id = v_target.member_id),
      '{}'));

  if v_refusal is not null then
    v_reply := team.refuse(v_account, v_actor, 'join-request.approve',
                           v_join.id, v_refusal, null, 'join_request');
    perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                                 v_reply);
    return v_reply;
  end if;

  perform team.seat_check(v_account);

  update team.member m
     set status = 'active',
         joined_at = statement_timestamp(),
         invited_by = v_actor.member_id
   where m.id = v_target.member_id;

  perform team.join_decide(v_join.id, 'approved', v_actor);
  perform team.audit(v_account.id, v_actor, 'join-request.approve',
                     'join_request', v_join.id, null,
                     jsonb_build_object('member', v_target.member_id));

  v_reply.status := 200;
  v_reply.body := team.member_text(v_target.member_id);
  v_reply.etag := team.etag(v_reply.body);
  v_reply.changed := team.changed_person(v_target);
  perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                               v_reply);
  return v_reply;
end
$$;

ALTER FUNCTION team_api.join_approve(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_join text, p_idem text) OWNER TO team_owner;

CREATE FUNCTION team_api.join_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account := team.account_find(p_account);
  v_limit    integer := team.limit_check(p_limit);
  v_after    uuid;
  v_items    json;
  v_last     uuid;
  v_count    integer;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'members:approve');

  v_after := coalesce(team.cursor_read(p_cursor, 'j', v_account.id),
                      '00000000-0000-0000-0000-000000000000');

  with page as (
    select j.id, row_number() over (order by j.id) as n
      from (select j.id
              from team.join_request j
             where j.account_id = v_account.id
               and j.id > v_after
               and j.status = 'pending'
               and j.member_id is not null
             order by j.id
             limit v_limit + 1) j
  )
  select json_agg((select b.body
                     from team.join_request_body b
                    where b.join_id = p.id) order by p.n)
           filter (where p.n <= v_limit),
         (array_agg(p.id order by p.n))[v_limit],
         count(*)
    into v_items, v_last, v_count
    from page p;

  return team.list_reply(
    v_items,
    case when v_count > v_limit
         then team.cursor_make('j', v_account.id, v_last)
    end);
end
$$;

ALTER FUNCTION team_api.join_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) OWNER TO team_owner;

CREATE FUNCTION team_api.join_reject(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_join text, p_idem text DEFAULT NULL::text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_join     team.join_request;
  v_target   team.standing;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'members:approve');

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_account.id, p_idem,
    jsonb_build_array('join_reject', p_join));

  if v_reply.status is not null then
    return v_reply;
  end if;

  v_join := team.join_find(v_account, p_join);
  v_target := team.standing_find(v_account.id, v_join.member_id);

  if v_target.status <> 'pending' then
    perform team.fail(409, 'not-pending', 'The member is not pending.');
  end if;

  perform team.member_end(v_account, v_actor, v_target, false);

  perform team.join_decide(v_join.id, 'rejected', v_actor);
  perform team.audit(v_account.id, v_actor, 'join-request.reject',
                     'join_request', v_join.id, null,
                     jsonb_build_object('issuer', v_target.issuer,
                                        'subject', v_target.subject));

  v_reply.status := 204;
  v_reply.changed := team.changed_person(v_target);
  perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                               v_reply);
  return v_reply;
end
$$;

ALTER FUNCTION team_api.join_reject(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_join text, p_idem text) OWNER TO team_owner;

CREATE FUNCTION team_api.link_delete(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_link text, p_if_match text DEFAULT NULL::text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.link_delete(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_link text, p_if_match text) OWNER TO team_owner;

CREATE FUNCTION team_api.link_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_link text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.link_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_link text) OWNER TO team_owner;

CREATE FUNCTION team_api.link_join(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_code text, p_idem text DEFAULT NULL::text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.link_join(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_code text, p_idem text) OWNER TO team_owner;

CREATE FUNCTION team_api.link_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.link_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) OWNER TO team_owner;

CREATE FUNCTION team_api.link_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_role text, p_max_uses integer, p_expires_in integer, p_domains jsonb, p_idem text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.link_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_role text, p_max_uses integer, p_expires_in integer, p_domains jsonb, p_idem text) OWNER TO team_owner;

CREATE FUNCTION team_api.login_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_limit integer, p_cursor text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account := team.account_find(p_account);
  v_limit    integer := team.limit_check(p_limit);
  v_actor    team.standing;
  v_target   team.standing;
  v_list     bytea;
  v_place    text := 'infinity';
  v_times    timestamptz[];
  v_cursor   text;
begin
  v_actor := team.actor_check(v_account, p_issuer, p_subject, null);

  if p_member is distinct from 'me'
     and p_member is distinct from v_actor.member_id::text
  then
    v_actor := team.actor_check(v_account, p_issuer, p_subject, 'logins:read');
  end if;

  v_target := team.target_find(v_account, v_actor, p_member);
  v_list := uuid_send(v_target.member_id);

  if p_cursor is not null then
    select c.o_place
      into v_place
      from team.place_read(p_cursor, 'l', v_list, true) c;
  end if;

  v_times := array(
    select l.at
      from team.login l
     where l.identity_id = v_target.identity_id
       and l.at < v_place::timestamptz
     order by l.at desc
     limit v_limit + 1);

  if cardinality(v_times) > v_limit then
    v_cursor := team.place_make('l', v_list, v_target.member_id,
                                team.place_time(v_times[v_limit]));
  end if;

  return team.list_reply(
    (select json_agg(json_build_object('at', team.time_text(l.at))
                     order by l.n)
       from unnest(v_times[1:v_limit]) with ordinality l (at, n)),
    v_cursor);
end
$$;

ALTER FUNCTION team_api.login_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_limit integer, p_cursor text) OWNER TO team_owner;

CREATE FUNCTION team_api.login_record(p_logins jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_issuers   text[];
  v_subjects  text[];
  v_ats       timestamptz[];
  v_waits     boolean;
  v_ids       uuid[];
  v_times     timestamptz[];
  v_count     integer;
begin
  if p_logins is null or jsonb_typeof(p_logins) <> 'array'
     or jsonb_array_length(p_logins) <> jsonb_array_length(
          jsonb_path_query_array(
            p_logins,
            'strict $[*] ? (@.issuer.type() == "string"
                            && @.subject.type() == "string"
                            && (@.at.type() == "number" && @.at >= 0
                                  && @.at <= 253402300799
                                || @.at.type() == "string"))'))
  then
    perform team.fail(422, 'invalid-logins',
                      'A login has an issuer, a subject and a time.');
  end if;

  select array_agg(v.login ->> 'issuer'), array_agg(v.login ->> 'subject'),
         array_agg(least(case jsonb_typeof(v.login -> 'at')
                           when 'number' then
                             to_timestamp((v.login ->> 'at')::double precision)
                           else team.time_parse(v.login ->> 'at')
                         end,
                         statement_timestamp()))
    into v_issuers, v_subjects, v_ats
    from jsonb_array_elements(p_logins) v (login);

  insert into team.login_waiting as w (issuer, subject, at)
  select l.issuer, l.subject, max(l.at)
    from (select u.issuer collate "C", u.subject collate "C", u.at
            from unnest(v_issuers, v_subjects, v_ats) u (issuer, subject, at)
           where octet_length(u.issuer) between 1 and 255
             and octet_length(u.subject) between 1 and 255
             and u.issuer || u.subject !~ '[\x01-\x1f\x7f]') l
   where not exists (
           select
             from team.identity i
            where i.issuer = l.issuer
              and i.subject = l.subject)
   group by l.issuer, l.subject
   order by l.issuer, l.subject
  on conflict (issuer, subject) do update
    set at = greatest(w.at, excluded.at),
        told_at = excluded.told_at;

  v_waits := found;

  -- in one order, against others who record at the same time

  select array_agg(i.id), array_agg(l.at)
    into v_ids, v_times
    from unnest(v_issuers, v_subjects, v_ats) l (issuer, subject, at)
    join team.identity i
      on i.issuer = l.issuer
     and i.subject = l.subject;

  perform
     from team.identity i
    where i.id = any (v_ids)
    order by i.id
      for no key update;

  if v_waits then

    -- who has got one since we looked first

    delete from team.login_waiting w
     using team.identity i
     where i.id = any (v_ids)
       and w.issuer = i.issuer
       and w.subject = i.subject;

    perform team.login_waiting_prune();
  end if;

  with new as (
    insert into team.login (identity_id, at)
    select l.id, l.at
      from unnest(v_ids, v_times) l (id, at)
    on conflict (identity_id, at) do nothing
    returning identity_id, at
  ), seen as (
    update team.identity i
       set last_login_at = n.at
      from (select n.identity_id, max(n.at) as at
              from new n
             group by n.identity_id) n
     where i.id = n.identity_id
       and (i.last_login_at is null or i.last_login_at < n.at)
  )
  select count(*)
    into v_count
    from new n;

  return v_count;
end
$_$;

ALTER FUNCTION team_api.login_record(p_logins jsonb) OWNER TO team_owner;

CREATE FUNCTION team_api.me_accounts(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_limit integer, p_cursor text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_nil    constant uuid := '00000000-0000-0000-0000-000000000000';
  v_limit  integer := team.limit_check(p_limit);
  v_id     uuid;
  v_after  uuid;
  v_items  json;
  v_last   uuid;
  v_count  integer;
begin
  perform team.actor_present(p_issuer, p_subject);

  select i.id
    into v_id
    from team.identity i
   where i.issuer = p_issuer
     and i.subject = p_subject;

  v_after := coalesce(team.cursor_read(p_cursor, 'a', coalesce(v_id, v_nil)),
                      v_nil);

  with page as (
    select m.id, m.account_id, row_number() over (order by m.account_id) as n
      from (select m.id, m.account_id
              from team.member m
             where m.identity_id = v_id
               and m.account_id > v_after
             order by m.account_id
             limit v_limit + 1) m
  )
  select json_agg(json_build_object(
                    'account', json_build_object(
                      'id', a.id,
                      'slug', a.slug,
                      'name', a.name,
                      'status', a.status),
                    'member', (select b.body
                                 from team.member_body b
                                where b.member_id = p.id)) order by p.n)
           filter (where p.n <= v_limit),
         (array_agg(p.account_id order by p.n))[v_limit],
         count(*)
    into v_items, v_last, v_count
    from page p
    join team.account a on a.id = p.account_id;

  return team.list_reply(
    v_items,
    case when v_count > v_limit then team.cursor_make('a', v_id, v_last) end);
end
$$;

ALTER FUNCTION team_api.me_accounts(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_limit integer, p_cursor text) OWNER TO team_owner;

CREATE FUNCTION team_api.me_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_id     uuid;
  v_reply  team_api.reply;
begin
  perform team.actor_present(p_issuer, p_subject);

  select i.id
    into v_id
    from team.identity i
   where i.issuer = p_issuer
     and i.subject = p_subject;

  v_reply.status := 200;
  v_reply.body := json_build_object(
    'id', v_id,
    'issuer', p_issuer,
    'subject', p_subject,
    'email', team.email_normal(p_email),
    'email_verified', coalesce(p_email_verified, false),
    'name', p_name);
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;

ALTER FUNCTION team_api.me_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text) OWNER TO team_owner;

CREATE FUNCTION team_api.me_grant(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.me_grant(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) OWNER TO team_owner;

CREATE FUNCTION team_api.me_invitations(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_limit integer, p_cursor text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.me_invitations(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_limit integer, p_cursor text) OWNER TO team_owner;

CREATE FUNCTION team_api.member_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account := team.account_find(p_account);
  v_actor    team.standing;
  v_target   team.standing;
  v_reply    team_api.reply;
begin
  v_actor := team.actor_check(v_account, p_issuer, p_subject, null);

  if p_member is distinct from 'me'
     and p_member is distinct from v_actor.member_id::text
  then
    v_actor := team.actor_check(v_account, p_issuer, p_subject,
                                'members:read');
  end if;

  v_target := team.target_find(v_account, v_actor, p_member);

  v_reply.status := 200;
  v_reply.body := team.member_text(v_target.member_id);
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;

ALTER FUNCTION team_api.member_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text) OWNER TO team_owner;

CREATE FUNCTION team_api.member_groups_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_groups jsonb, p_if_match text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_target   team.standing;
  v_old      uuid[];
  v_new      uuid[];
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'groups:assign');
  v_target := team.target_find(v_account, v_actor, p_member);

  perform team.if_match_honour(
    p_if_match, team.etag(team.member_text(v_target.member_id)));

  v_new := team.groups_parse(v_account.id, p_groups);
  v_old := array(select gm.group_id
                   from team.group_member gm
                  where gm.member_id = v_target.member_id);

  if not (v_new @> v_old and v_old @> v_new) then
    delete from team.group_member gm
     where gm.member_id = v_target.member_id
       and gm.group_id <> all (v_new);

    insert into team.group_member (group_id, member_id, account_id)
    select n.id, v_target.member_id, v_account.id
      from unnest(v_new) n (id)
     where n.id <> all (v_old);

    perform team.audit(
      v_account.id, v_actor, 'member.groups', 'member', v_target.member_id,
      null,
      jsonb_build_object('from', team.group_names(v_old),
                         'to', team.group_names(v_new)));
  end if;

  v_reply.status := 200;
  v_reply.body := team.member_text(v_target.member_id);
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;

ALTER FUNCTION team_api.member_groups_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_groups jsonb, p_if_match text) OWNER TO team_owner;

CREATE FUNCTION team_api.member_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account := team.account_find(p_account);
  v_limit    integer := team.limit_check(p_limit);
  v_after    uuid;
  v_ids      uuid[];
  v_reply    team_api.reply;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'members:read');

  v_after := coalesce(team.cursor_read(p_cursor, 'm', v_account.id),
                      '00000000-0000-0000-0000-000000000000');

  v_ids := array(
    select m.id
      from team.member m
     where m.account_id = v_account.id
       and m.id > v_after
     order by m.id
     limit v_limit + 1);

  if cardinality(v_ids) > v_limit then
    v_reply.cursor := team.cursor_make('m', v_account.id, v_ids[v_limit]);
  end if;

  v_reply.status := 200;
  v_reply.body := '{"items" : ' || team.members_text(v_account,
                                                     v_ids[1:v_limit])
                  || ', "next_cursor" : '
                  || coalesce('"' || v_reply.cursor || '"', 'null') || '}';
  return v_reply;
end
$$;

ALTER FUNCTION team_api.member_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) OWNER TO team_owner;

CREATE FUNCTION team_api.member_patch(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_body jsonb, p_if_match text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_target   team.standing;
  v_member   team.member;
  v_name     text;
  v_title    text;
  v_refusal  text;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'members:update');
  v_target := team.target_find(v_account, v_actor, p_member);

  perform team.if_match_honour(
    p_if_match, team.etag(team.member_text(v_target.member_id)));
  perform team.patch_check(p_body, array['name', 'title']);

  v_name := team.name_check(p_body ->> 'name', 'name');
  v_title := team.name_check(p_body ->> 'title', 'title');

  v_refusal := team.rule_rank(v_account, v_actor, v_target, true);

  if v_refusal is not null then
    return team.refuse(v_account, v_actor, 'member.update',
                       v_target.member_id, v_refusal, p_body);
  end if;

  select *
    into v_member
    from team.member m
   where m.id = v_target.member_id;

  if not p_body ? 'name' then
    v_name := v_member.name;
  end if;

  if not p_body ? 'title' then
    v_title := v_member.title;
  end if;

  if (v_name, v_title) is distinct from (v_member.name::text,
                                         v_member.title::text)
  then
    update team.member m
       set name = v_name,
           title = v_title
     where m.id = v_member.id;

    perform team.audit(
      v_account.id, v_actor, 'member.update', 'member', v_member.id, null,
      jsonb_build_object(
        'from', jsonb_build_object('name', v_member.name,
                                   'title', v_member.title),
        'to', jsonb_build_object('name', v_name, 'title', v_title)));
  end if;

  v_reply.status := 200;
  v_reply.body := team.member_text(v_member.id);
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;

ALTER FUNCTION team_api.member_patch(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_body jsonb, p_if_match text) OWNER TO team_owner;

CREATE FUNCTION team_api.member_permissions_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_permissions jsonb, p_if_match text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_target   team.standing;
  v_old      text[];
  v_new      text[];
  v_refusal  text;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'members:permissions');
  v_target := team.target_find(v_account, v_actor, p_member);

  perform team.if_match_check(
    p_if_match, team.etag(team.member_text(v_target.member_id)));

  v_new := team.permissions_parse(p_permissions);
  v_old := array(select mp.permission::text
                   from team.member_permission mp
                  where mp.member_id = v_target.member_id);

  v_refusal := coalesce(
    team.rule_self(v_account, v_actor, v_target),
    team.rule_rank(v_account, v_actor, v_target, false),
    team.rule_grant(
      v_account, v_actor, '{}',
      array(select unnest(v_new) except select unnest(v_old))));

  if v_refusal is not null then
    return team.refuse(v_account, v_actor, 'member.permissions',
                       v_target.member_id, v_refusal,
                       jsonb_build_object('permissions', p_permissions));
  end if;

  perform team.rule_direct(v_account, v_new);

  if not (v_new @> v_old and v_old @> v_new) then
    delete from team.member_permission mp
     where mp.member_id = v_target.member_id
       and mp.permission <> all (v_new);

    insert into team.member_permission (member_id, permission)
    select v_target.member_id, n.name
      from unnest(v_new) n (name)
     where n.name <> all (v_old);

    perform team.audit(
      v_account.id, v_actor, 'member.permissions', 'member',
      v_target.member_id, null,
      jsonb_build_object('from', team.texts_json(v_old),
                         'to', team.texts_json(v_new)));
  end if;

  v_reply.status := 200;
  v_reply.body := team.member_text(v_target.member_id);
  v_reply.etag := team.etag(v_reply.body);
  v_reply.changed := team.changed_person(v_target);
  return v_reply;
end
$$;

ALTER FUNCTION team_api.member_permissions_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_permissions jsonb, p_if_match text) OWNER TO team_owner;

CREATE FUNCTION team_api.member_remove(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_if_match text DEFAULT NULL::text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.member_remove(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_if_match text) OWNER TO team_owner;

CREATE FUNCTION team_api.member_resume(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_if_match text DEFAULT NULL::text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return team.member_status_set(p_issuer, p_subject, p_account, p_member,
                                'active', p_if_match);
end
$$;

ALTER FUNCTION team_api.member_resume(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_if_match text) OWNER TO team_owner;

CREATE FUNCTION team_api.member_roles_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_roles jsonb, p_if_match text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.member_roles_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_roles jsonb, p_if_match text) OWNER TO team_owner;

CREATE FUNCTION team_api.member_suspend(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_if_match text DEFAULT NULL::text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return team.member_status_set(p_issuer, p_subject, p_account, p_member,
                                'suspended', p_if_match);
end
$$;

ALTER FUNCTION team_api.member_suspend(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_if_match text) OWNER TO team_owner;

CREATE FUNCTION team_api.permission_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account := team.account_find(p_account);
  v_reply    team_api.reply;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'members:read');

  select json_build_object(
           'permissions',
           coalesce(json_agg(json_build_object(
                               'name', p.name,
                               'description', p.description,
                               'roles', coalesce(r.keys, '[]'))
                             order by p.name), '[]'))
    into v_reply.body
    from team.permission p
    left join lateral (
      select json_agg(distinct ro.key order by ro.key) as keys
        from team.role ro
        join team.role_permission rp on rp.role_id = ro.id
       where ro.account_id = v_account.id
         and rp.permission in (p.name, '*')
    ) r on true;

  v_reply.status := 200;
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;

ALTER FUNCTION team_api.permission_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) OWNER TO team_owner;

CREATE FUNCTION team_api.policy_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account := team.account_find(p_account);
  v_reply    team_api.reply;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'policy:read');

  v_reply.status := 200;
  v_reply.body := team.policy_text(team.policy_of(v_account));
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;

ALTER FUNCTION team_api.policy_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) OWNER TO team_owner;

CREATE FUNCTION team_api.policy_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_body jsonb, p_if_match text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_old      team.account;
  v_account  team.account;
  v_actor    team.standing;
  v_policy   team.preset;
  v_refusal  text;
  v_from     jsonb;
  v_to       jsonb;
  v_switch   boolean;
  v_reply    team_api.reply;
begin
  v_old := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_old, p_issuer, p_subject, 'policy:update');

  v_from := team.policy_text(team.policy_of(v_old));
  perform team.if_match_check(p_if_match, team.etag(v_from::text));

  v_policy := team.policy_parse(v_old, p_body);
  v_to := team.policy_text(v_policy);
  v_switch := p_body - 'preset' = '{}';

  if v_switch
     or (v_policy.owner_mode, v_policy.owner_role, v_policy.self_change,
         v_policy.admin_may_remove_admin, v_policy.transfer_target,
         v_policy.transfer_target_role, v_policy.transfer_old_owner_role,
         v_policy.transfer_acceptance)
        is distinct from
        (v_old.owner_mode, v_old.owner_role, v_old.self_change,
         v_old.admin_may_remove_admin, v_old.transfer_target,
         v_old.transfer_target_role, v_old.transfer_old_owner_role,
         v_old.transfer_acceptance)
  then
    v_refusal := team.rule_owner(v_old, v_actor);
  end if;

  -- what a link gives must be the giver's own, here as when making one

  if v_refusal is null and not v_switch
     and v_policy.link_role is distinct from v_old.link_role
  then
    v_refusal := team.rule_grant(
      v_old, v_actor,
      array(select r.id
              from team.role r
             where r.account_id = v_old.id
               and r.key = v_policy.link_role), '{}');
  end if;

  if v_refusal is not null then
    return team.refuse(v_old, v_actor, 'policy.update', v_old.id, v_refusal,
                       p_body, 'account');
  end if;

  if v_switch or v_to <> v_from then
    if v_switch then
      perform team.policy_roles_switch(v_old.id, v_policy.name);
    end if;

    v_account := team.policy_set(v_old, v_policy);

    if v_switch then
      perform team.policy_roles_prune(v_old.id, v_policy.name);
    end if;

    perform team.policy_members_check(v_account, v_old);

    perform team.audit(
      v_old.id, v_actor,
      case when v_switch then 'policy.switch' else 'policy.update' end,
      'account', v_old.id, null,
      jsonb_build_object(
        'from', (select jsonb_object_agg(f.key, f.value)
                   from jsonb_each(v_from) f
                  where v_to -> f.key is distinct from f.value),
        'to', (select jsonb_object_agg(t.key, t.value)
                 from jsonb_each(v_to) t
                where v_from -> t.key is distinct from t.value)));
  end if;

  v_reply.status := 200;
  v_reply.body := v_to;
  v_reply.etag := team.etag(v_reply.body);
  v_reply.changed := json_build_array(json_build_object('account', v_old.id));
  return v_reply;
end
$$;

ALTER FUNCTION team_api.policy_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_body jsonb, p_if_match text) OWNER TO team_owner;

CREATE FUNCTION team_api.preset_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.preset_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text) OWNER TO team_owner;

CREATE FUNCTION team_api.role_delete(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_role text, p_if_match text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_role     team.role;
  v_old      text;
  v_refusal  text;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject, 'roles:delete');
  v_role := team.role_find(v_account, p_role);
  v_old := team.role_text(v_role.id);

  perform team.if_match_check(p_if_match, team.etag(v_old));
  v_refusal := team.rule_role(v_account, v_actor, v_role, null, '{}');

  if v_refusal is not null then
    return team.refuse(v_account, v_actor, 'role.delete', v_role.id,
                       v_refusal, null, 'role');
  end if;

  perform team.rule_role_system(v_account, v_role);
  perform team.rule_role_unused(v_account, v_role);

  delete from team.role r
   where r.id = v_role.id;

  perform team.audit(v_account.id, v_actor, 'role.delete', 'role', v_role.id,
                     null, v_old::jsonb - array['id', 'account']);

  v_reply.status := 204;
  v_reply.changed := team.changed_account(v_account.id);
  return v_reply;
end
$$;

ALTER FUNCTION team_api.role_delete(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_role text, p_if_match text) OWNER TO team_owner;

CREATE FUNCTION team_api.role_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_role text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account := team.account_find(p_account);
  v_role     team.role;
  v_reply    team_api.reply;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'roles:read');
  v_role := team.role_find(v_account, p_role);

  v_reply.status := 200;
  v_reply.body := team.role_text(v_role.id);
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;

ALTER FUNCTION team_api.role_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_role text) OWNER TO team_owner;

CREATE FUNCTION team_api.role_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account := team.account_find(p_account);
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'roles:read');

  return team.list_reply(
    (select json_agg(b.body order by b.rank desc, b.key)
       from team.role_body b
      where b.account_id = v_account.id),
    null);
end
$$;

ALTER FUNCTION team_api.role_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) OWNER TO team_owner;

CREATE FUNCTION team_api.role_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_key text, p_role_name text, p_rank integer, p_permissions jsonb, p_idem text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_account      team.account;
  v_actor        team.standing;
  v_permissions  text[];
  v_refusal      text;
  v_id           uuid;
  v_reply        team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject, 'roles:create');

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_account.id, p_idem,
    jsonb_build_object('function', 'role_post', 'key', p_key,
                       'name', p_role_name, 'rank', p_rank,
                       'permissions', p_permissions));

  if v_reply.status is not null then
    return v_reply;
  end if;

  if p_key is null or p_key !~ '^[a-z][a-z0-9_-]{0,62}$' then
    perform team.fail_at(422, 'invalid-key', '/key',
                         'key starts with a letter and has at most 63 of a-z, '
                         '0-9, "-" and "_".');
  end if;

  perform team.role_check(p_role_name, p_rank);
  v_permissions := team.permissions_parse(p_permissions);
  v_refusal := team.rule_role(v_account, v_actor, null, p_rank,
                              v_permissions);

  if v_refusal is not null then
    v_reply := team.refuse(v_account, v_actor, 'role.create', v_account.id,
                           v_refusal,
                           jsonb_build_object('key', p_key, 'rank', p_rank,
                                              'permissions', p_permissions),
                           'account');
    perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                                 v_reply);
    return v_reply;
  end if;

  if (select count(*)
        from team.role r
       where r.account_id = v_account.id) >= 200
  then
    perform team.fail(409, 'role-limit', 'An account has at most 200 roles.');
  end if;

  insert into team.role (account_id, key, name, rank)
  select v_account.id, p_key, team.name_check(p_role_name, 'name'), p_rank
   where p_key <> 'owner'
  on conflict (account_id, key) do nothing
  returning id into v_id;

  if v_id is null then
    perform team.fail(409, 'role-exists',
                      'There is a role of that key, or it is reserved.');
  end if;

  insert into team.role_permission (role_id, permission)
  select v_id, p.name
    from unnest(v_permissions) p (name);

  perform team.audit(v_account.id, v_actor, 'role.create', 'role', v_id, null,
                     team.role_text(v_id)::jsonb - array['id', 'account']);

  v_reply.status := 201;
  v_reply.body := team.role_text(v_id);
  v_reply.etag := team.etag(v_reply.body);
  v_reply.location := '/v1/accounts/' || v_account.id || '/roles/' || p_key;
  perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                               v_reply);
  return v_reply;
end
$_$;

ALTER FUNCTION team_api.role_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_key text, p_role_name text, p_rank integer, p_permissions jsonb, p_idem text) OWNER TO team_owner;

CREATE FUNCTION team_api.role_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_role text, p_role_name text, p_rank integer, p_permissions jsonb, p_if_match text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account      team.account;
  v_actor        team.standing;
  v_role         team.role;
  v_permissions  text[];
  v_old          text;
  v_refusal      text;
  v_reply        team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject, 'roles:update');
  v_role := team.role_find(v_account, p_role);
  v_old := team.role_text(v_role.id);

  perform team.if_match_check(p_if_match, team.etag(v_old));
  perform team.role_check(p_role_name, p_rank);
  v_permissions := team.permissions_parse(p_permissions);
  v_refusal := team.rule_role(v_account, v_actor, v_role, p_rank,
                              v_permissions);

  if v_refusal is not null then
    return team.refuse(v_account, v_actor, 'role.update', v_role.id,
                       v_refusal,
                       jsonb_build_object('rank', p_rank,
                                          'permissions', p_permissions),
                       'role');
  end if;

  perform team.rule_role_system(v_account, v_role);

  update team.role r
     set name = team.name_check(p_role_name, 'name'),
         rank = p_rank
   where r.id = v_role.id;

  delete from team.role_permission rp
   where rp.role_id = v_role.id
     and rp.permission <> all (v_permissions);

  insert into team.role_permission (role_id, permission)
  select v_role.id, p.name
    from unnest(v_permissions) p (name)
  on conflict (role_id, permission) do nothing;

  v_reply.status := 200;
  v_reply.body := team.role_text(v_role.id);
  v_reply.etag := team.etag(v_reply.body);
  v_reply.changed := team.changed_account(v_account.id);

  if v_reply.body <> v_old then
    perform team.audit(
      v_account.id, v_actor, 'role.update', 'role', v_role.id, null,
      jsonb_build_object(
        'from', v_old::jsonb - array['id', 'account'],
        'to', v_reply.body::jsonb - array['id', 'account']));
  end if;

  return v_reply;
end
$$;

ALTER FUNCTION team_api.role_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_role text, p_role_name text, p_rank integer, p_permissions jsonb, p_if_match text) OWNER TO team_owner;

CREATE FUNCTION team_api.seats_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION team_api.seats_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) OWNER TO team_owner;

CREATE FUNCTION team_api.subaccount_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account := team.account_find(p_account);
  v_limit    integer := team.limit_check(p_limit);
  v_after    uuid;
  v_items    json;
  v_last     uuid;
  v_count    integer;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'subaccounts:read');

  v_after := coalesce(team.cursor_read(p_cursor, 's', v_account.id),
                      '00000000-0000-0000-0000-000000000000');

  with page as (
    select c.id, row_number() over (order by c.id) as n
      from (select a.id
              from team.account a
             where a.parent_id = v_account.id
               and a.id > v_after
             order by a.id
             limit v_limit + 1) c
  )
  select json_agg((select team.account_text(a)::json
                     from team.account a
                    where a.id = p.id) order by p.n)
           filter (where p.n <= v_limit),
         (array_agg(p.id order by p.n))[v_limit],
         count(*)
    into v_items, v_last, v_count
    from page p;

  return team.list_reply(
    v_items,
    case when v_count > v_limit
         then team.cursor_make('s', v_account.id, v_last)
    end);
end
$$;

ALTER FUNCTION team_api.subaccount_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) OWNER TO team_owner;

CREATE FUNCTION team_api.subaccount_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_account_name text, p_slug text, p_time_zone text, p_invitation jsonb, p_idem text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_parent       team.account;
  v_account      team.account;
  v_actor        team.standing;
  v_name         text;
  v_roles        jsonb := '[]';
  v_offered      uuid[];
  v_permissions  text[];
  v_detail       text;
  v_place        text;
  v_refusal      text;
  v_made         record;
  v_reply        team_api.reply;
begin
  v_parent := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_parent, p_issuer, p_subject,
                              'subaccounts:create');

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_parent.id, p_idem,
    jsonb_build_array('subaccount_post', p_account_name, p_slug, p_time_zone,
                      p_invitation));

  if v_reply.status is not null then
    return v_reply;
  end if;

  if not v_parent.join_subaccount then
    perform team.fail(409, 'subaccounts-disabled',
                      'This account has no subaccounts.');
  end if;

  perform team.rule_depth(v_parent);
  v_name := team.account_name_check(p_account_name);

  if p_invitation is not null then
    v_roles := coalesce(p_invitation -> 'roles', '[]');

    begin
      perform team.charge_check(p_invitation);
      v_permissions := team.offer_permissions_parse(
        p_invitation -> 'permissions');
      v_offered := team.roles_parse(v_parent.id, v_roles);
    exception
      when sqlstate 'TM422' then
        get stacked diagnostics v_detail = pg_exception_detail,
                                v_place = pg_exception_hint;
        perform team.fail_at(422, sqlerrm, '/invitation' || v_place, v_detail);
    end;

    v_refusal := team.rule_grant(v_parent, v_actor, v_offered, v_permissions);

    if v_refusal is not null then
      v_reply := team.refuse(v_parent, v_actor, 'subaccount.create',
                             v_parent.id, v_refusal, p_invitation, 'account');
      perform team.idempotency_end(p_issuer, p_subject, v_parent.id, p_idem,
                                   v_reply);
      return v_reply;
    end if;
  end if;

  v_account := team.account_make(
    to_jsonb(v_parent), v_parent.preset, team.slug_check(p_slug), v_name,
    team.time_zone_check(coalesce(p_time_zone, v_parent.time_zone)),
    v_parent);
  perform team.account_roles_copy(v_parent.id, v_account.id);

  perform team.audit(v_parent.id, v_actor, 'subaccount.create', 'account',
                     v_account.id, null,
                     jsonb_build_object('name', v_name));
  perform team.audit(v_account.id, v_actor, 'account.create', 'account',
                     v_account.id, null,
                     jsonb_build_object('name', v_name,
                                        'parent', v_parent.id));

  v_reply := team.account_reply(201, v_account);

  if p_invitation is not null then
    begin
      v_made := team.invitation_create(
        v_account, team.member_account(v_actor.member_id),
        v_actor, p_invitation ->> 'email', p_invitation ->> 'name',
        team.roles_parse(v_account.id, v_roles), v_permissions, '{}',
        p_invitation ->> 'locale');
    exception
      when sqlstate 'TM422' then
        get stacked diagnostics v_detail = pg_exception_detail,
                                v_place = pg_exception_hint;
        perform team.fail_at(422, sqlerrm, '/invitation' || v_place, v_detail);
    end;

    -- has been judged above; were it not so, nothing of this may stay
    if v_made.o_refusal is not null then
      perform team.fail(403, v_made.o_refusal, 'That is not yours to give.');
    end if;

    v_reply.body := v_reply.body::jsonb
                    || jsonb_build_object(
                         'invitation',
                         team.invitation_text(
                           (v_made.o_invitation).id)::jsonb);
  end if;

  perform team.idempotency_end(p_issuer, p_subject, v_parent.id, p_idem,
                               v_reply);
  return v_reply;
end
$$;

ALTER FUNCTION team_api.subaccount_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_account_name text, p_slug text, p_time_zone text, p_invitation jsonb, p_idem text) OWNER TO team_owner;

CREATE FUNCTION team_api.transfer_accept(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_transfer text, p_idem text DEFAULT NULL::text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account   team.account;
  v_actor     team.standing;
  v_former    team.standing;
  v_transfer  team.ownership_transfer;
  v_reply     team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject, null);

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_account.id, p_idem,
    jsonb_build_array('transfer_accept', p_transfer));

  if v_reply.status is not null then
    return v_reply;
  end if;

  v_transfer := team.transfer_find(v_account, v_actor, p_transfer);

  perform team.rule_transfer_mine(v_transfer, v_actor);
  perform team.transfer_decide(v_transfer, 'completed');
  perform team.rule_transfer(v_account, v_actor);

  perform team.owner_move(v_account, v_transfer.from_member_id,
                          v_actor.member_id);
  v_former := team.target_find(v_account, v_actor,
                               v_transfer.from_member_id::text);

  perform team.transfer_note(v_account, v_actor, 'ownership.transfer',
                             v_transfer.id);

  v_reply := team.transfer_reply(200, v_transfer.id, null);
  v_reply.changed := team.changed_persons(v_former, v_actor);
  perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                               v_reply);
  return v_reply;
end
$$;

ALTER FUNCTION team_api.transfer_accept(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_transfer text, p_idem text) OWNER TO team_owner;

CREATE FUNCTION team_api.transfer_cancel(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_transfer text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account   team.account;
  v_actor     team.standing;
  v_transfer  team.ownership_transfer;
  v_refusal   text;
  v_reply     team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject, null);
  v_transfer := team.transfer_find(v_account, v_actor, p_transfer);

  v_refusal := team.rule_owner(v_account, v_actor);

  if v_refusal is not null and v_transfer.status = 'pending' then
    return team.refuse(v_account, v_actor, 'ownership.cancel',
                       v_transfer.to_member_id, v_refusal,
                       jsonb_build_object('transfer', v_transfer.id));
  end if;

  v_reply.status := 204;

  if v_transfer.status <> 'cancelled' then
    perform team.transfer_decide(v_transfer, 'cancelled');
    perform team.transfer_note(v_account, v_actor, 'ownership.cancel',
                               v_transfer.id);
  end if;

  return v_reply;
end
$$;

ALTER FUNCTION team_api.transfer_cancel(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_transfer text) OWNER TO team_owner;

CREATE FUNCTION team_api.transfer_decline(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_transfer text, p_idem text DEFAULT NULL::text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account   team.account;
  v_actor     team.standing;
  v_transfer  team.ownership_transfer;
  v_reply     team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject, null);

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_account.id, p_idem,
    jsonb_build_array('transfer_decline', p_transfer));

  if v_reply.status is not null then
    return v_reply;
  end if;

  v_transfer := team.transfer_find(v_account, v_actor, p_transfer);

  perform team.rule_transfer_mine(v_transfer, v_actor);
  perform team.transfer_decide(v_transfer, 'declined');
  perform team.transfer_note(v_account, v_actor, 'ownership.decline',
                             v_transfer.id);

  v_reply.status := 204;
  perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                               v_reply);
  return v_reply;
end
$$;

ALTER FUNCTION team_api.transfer_decline(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_transfer text, p_idem text) OWNER TO team_owner;

CREATE FUNCTION team_api.transfer_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) RETURNS team_api.reply
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_account  team.account := team.account_find(p_account);
  v_limit    integer := team.limit_check(p_limit);
  v_actor    team.standing;
  v_after    uuid;
  v_items    json;
  v_last     uuid;
  v_count    integer;
begin
  v_actor := team.actor_check(v_account, p_issuer, p_subject, null);
  v_after := coalesce(team.cursor_read(p_cursor, 't', v_account.id),
                      '00000000-0000-0000-0000-000000000000');

  with page as (
    select t.id, row_number() over (order by t.id) as n
      from (select t.id
              from team.ownership_transfer t
             where t.account_id = v_account.id
               and t.id > v_after
               and (v_actor.is_owner
                    or v_actor.member_id in (t.from_member_id,
                                             t.to_member_id))
             order by t.id
             limit v_limit + 1) t
  )
  select json_agg((select b.body
                     from team.transfer_body b
                    where b.transfer_id = p.id) order by p.n)
           filter (where p.n <= v_limit),
         (array_agg(p.id order by p.n))[v_limit],
         count(*)
    into v_items, v_last, v_count
    from page p;

  return team.list_reply(
    v_items,
    case when v_count > v_limit
         then team.cursor_make('t', v_account.id, v_last)
    end);
end
$$;

ALTER FUNCTION team_api.transfer_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) OWNER TO team_owner;

CREATE FUNCTION team_api.transfer_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_to text, p_if_match text, p_idem text) RETURNS team_api.reply
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_before   team.account := team.account_find(p_account);
  v_account  team.account;
  v_actor    team.standing;
  v_target   team.standing;
  v_refusal  text;
  v_id       uuid;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject, null);

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_account.id, p_idem,
    jsonb_build_object('function', 'transfer_post', 'to', p_to));

  if v_reply.status is not null then
    return v_reply;
  end if;

  v_target := team.target_find(v_account, v_actor, p_to);

  if v_before.owner_member_id = v_actor.member_id
     and v_account.owner_member_id is distinct from v_actor.member_id
  then
    perform team.fail(409, 'stale-owner', 'The owner has changed meanwhile.');
  end if;

  v_refusal := team.rule_transfer_owner(v_account, v_actor);

  if v_refusal is not null then
    v_reply := team.refuse(v_account, v_actor, 'ownership.transfer',
                           v_target.member_id, v_refusal, null);
    perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                                 v_reply);
    return v_reply;
  end if;

  perform team.if_match_check(p_if_match,
                              team.etag(team.account_text(v_account)));

  if v_target.member_id = v_actor.member_id then
    perform team.fail_at(422, 'self', '/to', 'You are the owner already.');
  end if;

  perform team.rule_transfer(v_account, v_target);

  perform
     from team.ownership_transfer t
    where t.account_id = v_account.id
      and t.status = 'pending';

  if found then
    perform team.fail(409, 'transfer-pending',
                      'A transfer of ownership is already pending.');
  end if;

  insert into team.ownership_transfer (account_id, from_member_id,
                                       to_member_id, status, decided_at)
  values (v_account.id, v_actor.member_id, v_target.member_id,
          case when v_account.transfer_acceptance
               then 'pending' else 'completed' end,
          case when not v_account.transfer_acceptance
               then statement_timestamp() end)
  returning id into v_id;

  if v_account.transfer_acceptance then
    perform team.transfer_note(v_account, v_actor, 'ownership.offer', v_id);
    v_reply := team.transfer_reply(
      201, v_id, 'The transfer takes effect when the new owner accepts it.');

  else
    perform team.owner_move(v_account, v_actor.member_id,
                            v_target.member_id);
    perform team.transfer_note(v_account, v_actor, 'ownership.transfer', v_id);
    v_reply := team.transfer_reply(
      201, v_id,
      'Ownership is transferred; you will lose administrator privileges.');
    v_reply.changed := team.changed_persons(v_actor, v_target);
  end if;

  perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                               v_reply);
  return v_reply;
end
$$;

ALTER FUNCTION team_api.transfer_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_to text, p_if_match text, p_idem text) OWNER TO team_owner;

CREATE TABLE team.audit_event (
    id uuid DEFAULT team.uuid_v7() NOT NULL,
    at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    account_id uuid NOT NULL,
    actor_issuer text COLLATE pg_catalog."C",
    actor_subject text COLLATE pg_catalog."C",
    actor_member_id uuid,
    action text NOT NULL COLLATE pg_catalog."C",
    target_type text NOT NULL COLLATE pg_catalog."C",
    target_id uuid NOT NULL,
    outcome text NOT NULL COLLATE pg_catalog."C",
    code text COLLATE pg_catalog."C",
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT audit_event_code_check CHECK (((outcome = 'refused'::text) = (code IS NOT NULL))),
    CONSTRAINT audit_event_outcome_check CHECK ((outcome = ANY (ARRAY['done'::text, 'refused'::text])))
);

ALTER TABLE team.audit_event OWNER TO team_owner;

COMMENT ON TABLE team.audit_event IS 'Append only: no row is ever changed or deleted. It names things by id without foreign keys, as it outlives them.';

CREATE TABLE team.identity (
    id uuid DEFAULT team.uuid_v7() NOT NULL,
    issuer team.identifier NOT NULL,
    subject team.identifier NOT NULL,
    email team.email,
    email_verified boolean DEFAULT false NOT NULL,
    name team.display_name,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    last_login_at timestamp with time zone,
    CONSTRAINT identity_email_verified_check CHECK (((email IS NOT NULL) OR (NOT email_verified)))
);

ALTER TABLE team.identity OWNER TO team_owner;

COMMENT ON TABLE team.identity IS 'A person as an issuer knows them. The row appears with the first membership; somebody who is only signed in has none. What a look-up of a grant needs of it, and of a member, is in the index that finds it.';

CREATE TABLE team.member (
    id uuid DEFAULT team.uuid_v7() NOT NULL,
    account_id uuid NOT NULL,
    identity_id uuid NOT NULL,
    status team.member_status NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    joined_at timestamp with time zone,
    invited_by uuid,
    name team.display_name,
    title team.display_name,
    CONSTRAINT member_joined_check CHECK ((((status)::text = 'pending'::text) OR (joined_at IS NOT NULL)))
);

ALTER TABLE team.member OWNER TO team_owner;

COMMENT ON COLUMN team.member.invited_by IS 'The member who invited or approved; without a foreign key, as it outlives them.';

COMMENT ON COLUMN team.member.name IS 'What this account calls them; null: as their issuer does. Another account of the same person is none of an administrator''s business.';

CREATE VIEW team.audit_line AS
 SELECT e.id,
    e.at,
    e.actor_member_id,
    e.actor_issuer,
    e.actor_subject,
    COALESCE(am.name, ai.name) AS actor_name,
    e.action,
    e.target_type,
    e.target_id,
    COALESCE(tm.name, ti.name) AS target_name,
    e.outcome,
    e.code,
    e.detail
   FROM ((((team.audit_event e
     LEFT JOIN team.identity ai ON ((((ai.issuer)::text = e.actor_issuer) AND ((ai.subject)::text = e.actor_subject))))
     LEFT JOIN team.member am ON (((am.identity_id = ai.id) AND (am.account_id = e.account_id))))
     LEFT JOIN team.member tm ON (((tm.id = e.target_id) AND (tm.account_id = e.account_id) AND (e.target_type = 'member'::text))))
     LEFT JOIN team.identity ti ON ((ti.id = tm.identity_id)));

ALTER TABLE team.audit_line OWNER TO team_owner;

CREATE TABLE team.change (
    id bigint NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    issuer text COLLATE pg_catalog."C",
    subject text COLLATE pg_catalog."C",
    account_id uuid,
    CONSTRAINT change_what_check CHECK ((((issuer IS NULL) = (subject IS NULL)) AND ((issuer IS NULL) OR (account_id IS NULL))))
);

ALTER TABLE team.change OWNER TO team_owner;

COMMENT ON TABLE team.change IS 'Whose cached grants are void: a person (issuer, subject), everybody in an account, or, with all three null, everything. Read by transaction id through team_api.changes_since, so that a late commit is not overlooked.';

CREATE TABLE team.change_floor (
    one boolean DEFAULT true NOT NULL,
    xid xid8 NOT NULL,
    CONSTRAINT change_floor_one_check CHECK (one)
);

ALTER TABLE team.change_floor OWNER TO team_owner;

COMMENT ON TABLE team.change_floor IS 'The highest transaction id whose change rows have been pruned.';

ALTER TABLE team.change ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME team.change_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE team.directory (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    joined_at timestamp with time zone NOT NULL,
    status team.directory_status NOT NULL,
    kind team.directory_kind NOT NULL,
    search text NOT NULL COLLATE pg_catalog."C",
    roles uuid[] NOT NULL,
    groups uuid[] NOT NULL,
    name_key text NOT NULL COLLATE pg_catalog."C",
    email text NOT NULL COLLATE pg_catalog."C",
    name team.display_name,
    expires_at timestamp with time zone,
    identity_id uuid,
    join_request_id uuid,
    inviter_id uuid,
    few_roles uuid[]
);

ALTER TABLE team.directory OWNER TO team_owner;

COMMENT ON TABLE team.directory IS 'One row for each member and each open invitation, with the id of the one or the other; a member who waits to be let in is a join request. Kept by triggers, when a transaction commits; never to be written by hand. joined_at: infinity for who has not. search: name, line break, email, in lower case; name_key: as much of the name as fits into a cursor. What a search looks at comes first, as it costs least there. few_roles: roles, or null where they are more than eight.';

CREATE TABLE team.invitation_group (
    invitation_id uuid NOT NULL,
    group_id uuid NOT NULL,
    account_id uuid NOT NULL
);

ALTER TABLE team.invitation_group OWNER TO team_owner;

CREATE TABLE team.invitation_role (
    invitation_id uuid NOT NULL,
    role_id uuid NOT NULL,
    account_id uuid NOT NULL
);

ALTER TABLE team.invitation_role OWNER TO team_owner;

CREATE VIEW team.directory_invitation AS
 SELECT i.id,
    i.account_id,
    i.created_at,
    'infinity'::timestamp with time zone AS joined_at,
    (i.status)::text AS status,
    'invitation'::text AS kind,
    ((n.name_lower || '
'::text) || (i.email)::text) AS search,
    r.roles,
    ARRAY( SELECT ig.group_id
           FROM team.invitation_group ig
          WHERE (ig.invitation_id = i.id)
          ORDER BY ig.group_id) AS groups,
    "left"(n.name_lower, 64) AS name_key,
    (i.email)::text AS email,
    i.name,
    i.expires_at,
    NULL::uuid AS identity_id,
    NULL::uuid AS join_request_id,
    i.inviter_member_id AS inviter_id,
        CASE
            WHEN (cardinality(r.roles) <= 8) THEN r.roles
            ELSE NULL::uuid[]
        END AS few_roles
   FROM ((team.invitation i
     CROSS JOIN LATERAL ( SELECT COALESCE(team.name_normal((i.name)::text), ''::text) AS "coalesce"
         OFFSET 0) n(name_lower))
     CROSS JOIN LATERAL ( SELECT ARRAY( SELECT ir.role_id
                   FROM team.invitation_role ir
                  WHERE (ir.invitation_id = i.id)
                  ORDER BY ir.role_id) AS "array"
         OFFSET 0) r(roles))
  WHERE ((i.status)::text = ANY (ARRAY['pending'::text, 'declined'::text]));

ALTER TABLE team.directory_invitation OWNER TO team_owner;

CREATE TABLE team.group_member (
    group_id uuid NOT NULL,
    member_id uuid NOT NULL,
    account_id uuid NOT NULL
);

ALTER TABLE team.group_member OWNER TO team_owner;

CREATE TABLE team.member_role (
    member_id uuid NOT NULL,
    role_id uuid NOT NULL,
    account_id uuid NOT NULL
);

ALTER TABLE team.member_role OWNER TO team_owner;

CREATE VIEW team.directory_member AS
 SELECT m.id,
    m.account_id,
    m.created_at,
    COALESCE(m.joined_at, 'infinity'::timestamp with time zone) AS joined_at,
    (m.status)::text AS status,
        CASE
            WHEN (j.id IS NULL) THEN 'member'::text
            ELSE 'join_request'::text
        END AS kind,
    ((n.name_lower || '
'::text) || COALESCE((i.email)::text, ''::text)) AS search,
    r.roles,
    ARRAY( SELECT gm.group_id
           FROM team.group_member gm
          WHERE (gm.member_id = m.id)
          ORDER BY gm.group_id) AS groups,
    "left"(n.name_lower, 64) AS name_key,
    COALESCE((i.email)::text, ''::text) AS email,
    COALESCE(m.name, i.name) AS name,
    NULL::timestamp with time zone AS expires_at,
    m.identity_id,
    j.id AS join_request_id,
    m.invited_by AS inviter_id,
        CASE
            WHEN (cardinality(r.roles) <= 8) THEN r.roles
            ELSE NULL::uuid[]
        END AS few_roles
   FROM ((((team.member m
     JOIN team.identity i ON ((i.id = m.identity_id)))
     LEFT JOIN team.join_request j ON (((j.member_id = m.id) AND ((j.status)::text = 'pending'::text))))
     CROSS JOIN LATERAL ( SELECT COALESCE(team.name_normal((COALESCE(m.name, i.name))::text), ''::text) AS "coalesce"
         OFFSET 0) n(name_lower))
     CROSS JOIN LATERAL ( SELECT ARRAY( SELECT mr.role_id
                   FROM team.member_role mr
                  WHERE (mr.member_id = m.id)
                  ORDER BY mr.role_id) AS "array"
         OFFSET 0) r(roles));

ALTER TABLE team.directory_member OWNER TO team_owner;

CREATE VIEW team.directory_source AS
 SELECT directory_member.id,
    directory_member.account_id,
    directory_member.created_at,
    directory_member.joined_at,
    directory_member.status,
    directory_member.kind,
    directory_member.search,
    directory_member.roles,
    directory_member.groups,
    directory_member.name_key,
    directory_member.email,
    directory_member.name,
    directory_member.expires_at,
    directory_member.identity_id,
    directory_member.join_request_id,
    directory_member.inviter_id,
    directory_member.few_roles
   FROM team.directory_member
UNION ALL
 SELECT directory_invitation.id,
    directory_invitation.account_id,
    directory_invitation.created_at,
    directory_invitation.joined_at,
    directory_invitation.status,
    directory_invitation.kind,
    directory_invitation.search,
    directory_invitation.roles,
    directory_invitation.groups,
    directory_invitation.name_key,
    directory_invitation.email,
    directory_invitation.name,
    directory_invitation.expires_at,
    directory_invitation.identity_id,
    directory_invitation.join_request_id,
    directory_invitation.inviter_id,
    directory_invitation.few_roles
   FROM team.directory_invitation;

ALTER TABLE team.directory_source OWNER TO team_owner;

CREATE VIEW team.group_body AS
 SELECT g.account_id,
    g.id AS group_id,
    json_build_object('id', g.id, 'account', g.account_id, 'name', g.name, 'policy', g.policy, 'approver', g.approver_member_id, 'created_at', team.time_text(g.created_at)) AS body
   FROM team.member_group g;

ALTER TABLE team.group_body OWNER TO team_owner;

CREATE TABLE team.idempotency_key (
    issuer text NOT NULL COLLATE pg_catalog."C",
    subject text NOT NULL COLLATE pg_catalog."C",
    scope uuid NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    request bytea NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    reply team_api.reply,
    CONSTRAINT idempotency_key_key_check CHECK (((octet_length(key) >= 1) AND (octet_length(key) <= 255)))
);

ALTER TABLE team.idempotency_key OWNER TO team_owner;

COMMENT ON TABLE team.idempotency_key IS 'Answers to POST requests, kept for 24 hours. scope: the account''s id, or the nil id where there is none.';

CREATE TABLE team.invitation_permission (
    invitation_id uuid NOT NULL,
    permission team.permission_name NOT NULL
);

ALTER TABLE team.invitation_permission OWNER TO team_owner;

CREATE TABLE team.outbox (
    id uuid DEFAULT team.uuid_v7() NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    payload jsonb DEFAULT '{}'::jsonb NOT NULL,
    status team.outbox_status DEFAULT 'pending'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    available_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    sent_at timestamp with time zone,
    error text
);

ALTER TABLE team.outbox OWNER TO team_owner;

COMMENT ON TABLE team.outbox IS 'What is to be delivered, written in the transaction of what it tells of: mail (kind invitation.mail), and an event for each audit event that says "done", under the same id, with its action as kind. Payloads name things by id and never hold a token. Events are pruned after 7 days.';

CREATE VIEW team.invitation_body AS
 SELECT i.account_id,
    i.id AS invitation_id,
    s.status,
    ((s.status = ANY (ARRAY['pending'::text, 'expired'::text, 'declined'::text])) AND (NOT ((s.status = 'declined'::text) AND ((a.decline_mode)::text = 'hidden'::text)))) AS open,
    json_build_object('id', i.id, 'account', i.account_id, 'email', i.email, 'name', i.name, 'locale', i.locale, 'status', s.status, 'roles', COALESCE(r.roles, '[]'::json), 'permissions', COALESCE(p.permissions, '[]'::json), 'groups', COALESCE(g.groups, '[]'::json), 'inviter', ( SELECT json_build_object('id', m.id, 'name', COALESCE(m.name, ii.name), 'email', ii.email) AS json_build_object
           FROM (team.member m
             JOIN team.identity ii ON ((ii.id = m.identity_id)))
          WHERE (m.id = i.inviter_member_id)), 'member', i.accepted_member_id, 'created_at', team.time_text(i.created_at), 'expires_at', team.time_text(i.expires_at), 'decided_at', team.time_text(i.decided_at), 'delivery', d.delivery) AS body
   FROM ((((((team.invitation i
     JOIN team.account a ON ((a.id = i.account_id)))
     CROSS JOIN LATERAL ( SELECT
                CASE
                    WHEN (((i.status)::text = 'pending'::text) AND (i.expires_at <= statement_timestamp())) THEN 'expired'::text
                    ELSE (i.status)::text
                END AS status) s)
     LEFT JOIN LATERAL ( SELECT json_agg(json_build_object('key', ro.key, 'name', ro.name) ORDER BY ro.key) AS roles
           FROM (team.invitation_role ir
             JOIN team.role ro ON ((ro.id = ir.role_id)))
          WHERE (ir.invitation_id = i.id)) r ON (true))
     LEFT JOIN LATERAL ( SELECT json_agg(ip.permission ORDER BY ip.permission) AS permissions
           FROM team.invitation_permission ip
          WHERE (ip.invitation_id = i.id)) p ON (true))
     LEFT JOIN LATERAL ( SELECT json_agg(json_build_object('id', mg.id, 'name', mg.name) ORDER BY mg.id) AS groups
           FROM (team.invitation_group ig
             JOIN team.member_group mg ON ((mg.id = ig.group_id)))
          WHERE (ig.invitation_id = i.id)) g ON (true))
     LEFT JOIN LATERAL ( SELECT json_build_object('status',
                CASE o.status
                    WHEN 'pending'::text THEN 'queued'::text
                    WHEN 'sent'::text THEN 'sent'::text
                    ELSE 'failed'::text
                END, 'sent_at', team.time_text(o.sent_at), 'attempts', o.attempts) AS delivery
           FROM team.outbox o
          WHERE ((o.kind = 'invitation.mail'::text) AND ((o.payload ->> 'invitation'::text) = (i.id)::text))
          ORDER BY o.id DESC
         LIMIT 1) d ON (true));

ALTER TABLE team.invitation_body OWNER TO team_owner;

CREATE TABLE team.invitation_token (
    token_hash bytea NOT NULL,
    invitation_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    void boolean DEFAULT false NOT NULL,
    CONSTRAINT invitation_token_hash_check CHECK ((octet_length(token_hash) = 32))
);

ALTER TABLE team.invitation_token OWNER TO team_owner;

COMMENT ON TABLE team.invitation_token IS 'SHA-256 of the 256 random bits that a mail carries; the token itself is made when the mail is, and kept nowhere. A mail sent twice by accident leaves two that both work; a resend makes all earlier ones void.';

COMMENT ON COLUMN team.invitation_token.void IS 'A later mail has replaced the one that carries it.';

CREATE VIEW team.invite_link_body AS
 SELECT l.account_id,
    l.id AS link_id,
    json_build_object('id', l.id, 'account', l.account_id, 'status',
        CASE
            WHEN (l.revoked_at IS NOT NULL) THEN 'revoked'::text
            WHEN (l.expires_at <= statement_timestamp()) THEN 'expired'::text
            WHEN (l.uses >= l.max_uses) THEN 'used-up'::text
            ELSE 'active'::text
        END, 'role', ( SELECT json_build_object('key', r.key, 'name', r.name) AS json_build_object
           FROM team.role r
          WHERE (r.id = l.role_id)), 'max_uses', l.max_uses, 'uses', l.uses, 'domains', COALESCE(to_json(l.domains), '[]'::json), 'creator', ( SELECT json_build_object('id', m.id, 'name', COALESCE(m.name, i.name), 'email', i.email) AS json_build_object
           FROM (team.member m
             JOIN team.identity i ON ((i.id = m.identity_id)))
          WHERE (m.id = l.created_by)), 'created_at', team.time_text(l.created_at), 'expires_at', team.time_text(l.expires_at)) AS body
   FROM team.invite_link l;

ALTER TABLE team.invite_link_body OWNER TO team_owner;

CREATE VIEW team.join_request_body AS
 SELECT j.account_id,
    j.id AS join_id,
    json_build_object('id', j.id, 'account', j.account_id, 'status', j.status, 'member', j.member_id, 'name', COALESCE(m.name, i.name), 'email', i.email, 'roles', COALESCE(( SELECT json_agg(json_build_object('key', r.key, 'name', r.name) ORDER BY r.key) AS json_agg
           FROM (team.member_role mr
             JOIN team.role r ON ((r.id = mr.role_id)))
          WHERE (mr.member_id = j.member_id)), '[]'::json), 'created_at', team.time_text(j.created_at), 'decided_at', team.time_text(j.decided_at)) AS body
   FROM ((team.join_request j
     JOIN team.identity i ON ((i.id = j.identity_id)))
     LEFT JOIN team.member m ON ((m.id = j.member_id)));

ALTER TABLE team.join_request_body OWNER TO team_owner;

CREATE TABLE team.login (
    identity_id uuid NOT NULL,
    at timestamp with time zone NOT NULL
);

ALTER TABLE team.login OWNER TO team_owner;

CREATE TABLE team.login_waiting (
    issuer team.identifier NOT NULL,
    subject team.identifier NOT NULL,
    at timestamp with time zone NOT NULL,
    told_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL
);

ALTER TABLE team.login_waiting OWNER TO team_owner;

COMMENT ON TABLE team.login_waiting IS 'The last login of somebody who has no identity yet, and may get one within the next 24 hours. Of the 10000 who were told of last.';

CREATE TABLE team.member_permission (
    member_id uuid NOT NULL,
    permission team.permission_name NOT NULL
);

ALTER TABLE team.member_permission OWNER TO team_owner;

CREATE VIEW team.member_body AS
 SELECT m.account_id,
    m.id AS member_id,
    json_build_object('id', m.id, 'account', m.account_id, 'status', m.status, 'name', COALESCE(m.name, i.name), 'email', i.email, 'title', m.title, 'roles', COALESCE(r.roles, '[]'::json), 'permissions', COALESCE(p.permissions, '[]'::json), 'groups', COALESCE(g.groups, '[]'::json), 'is_owner',
        CASE a.owner_mode
            WHEN 'single'::text THEN (NOT (a.owner_member_id IS DISTINCT FROM m.id))
            WHEN 'many'::text THEN COALESCE(r.holds_owner_role, false)
            ELSE false
        END, 'inviter', v.inviter, 'joined_at', team.time_text(m.joined_at), 'created_at', team.time_text(m.created_at)) AS body
   FROM ((((((team.member m
     JOIN team.account a ON ((a.id = m.account_id)))
     JOIN team.identity i ON ((i.id = m.identity_id)))
     LEFT JOIN LATERAL ( SELECT json_agg(json_build_object('key', ro.key, 'name', ro.name) ORDER BY ro.key) AS roles,
            bool_or(((ro.key)::text = (a.owner_role)::text)) AS holds_owner_role
           FROM (team.member_role mr
             JOIN team.role ro ON ((ro.id = mr.role_id)))
          WHERE (mr.member_id = m.id)) r ON (true))
     LEFT JOIN LATERAL ( SELECT json_agg(mp.permission ORDER BY mp.permission) AS permissions
           FROM team.member_permission mp
          WHERE (mp.member_id = m.id)) p ON (true))
     LEFT JOIN LATERAL ( SELECT json_agg(json_build_object('id', mg.id, 'name', mg.name) ORDER BY (mg.name COLLATE "C")) AS groups
           FROM (team.group_member gm
             JOIN team.member_group mg ON ((mg.id = gm.group_id)))
          WHERE (gm.member_id = m.id)) g ON (true))
     LEFT JOIN LATERAL ( SELECT json_build_object('id', vm.id, 'name', COALESCE(vm.name, vi.name), 'email', vi.email) AS inviter
           FROM (team.member vm
             JOIN team.identity vi ON ((vi.id = vm.identity_id)))
          WHERE (vm.id = m.invited_by)) v ON (true));

ALTER TABLE team.member_body OWNER TO team_owner;

CREATE TABLE team.role_permission (
    role_id uuid NOT NULL,
    permission team.permission_name NOT NULL
);

ALTER TABLE team.role_permission OWNER TO team_owner;

CREATE VIEW team.member_right AS
 SELECT mr.member_id,
    rp.permission
   FROM (team.member_role mr
     JOIN team.role_permission rp ON ((rp.role_id = mr.role_id)))
UNION ALL
 SELECT mp.member_id,
    mp.permission
   FROM team.member_permission mp;

ALTER TABLE team.member_right OWNER TO team_owner;

CREATE VIEW team.member_standing AS
 SELECT m.account_id,
    m.id AS member_id,
    m.identity_id,
    (i.issuer)::text AS issuer,
    (i.subject)::text AS subject,
    (m.status)::text AS status,
        CASE
            WHEN (((a.owner_mode)::text = 'single'::text) AND (a.owner_member_id = m.id)) THEN 1000
            ELSE COALESCE(r.rank, 0)
        END AS rank,
        CASE a.owner_mode
            WHEN 'single'::text THEN (NOT (a.owner_member_id IS DISTINCT FROM m.id))
            WHEN 'many'::text THEN COALESCE(r.holds_owner_role, false)
            ELSE false
        END AS is_owner
   FROM (((team.member m
     JOIN team.account a ON ((a.id = m.account_id)))
     JOIN team.identity i ON ((i.id = m.identity_id)))
     LEFT JOIN LATERAL ( SELECT max(ro.rank) AS rank,
            bool_or(((ro.key)::text = (a.owner_role)::text)) AS holds_owner_role
           FROM (team.member_role mr
             JOIN team.role ro ON ((ro.id = mr.role_id)))
          WHERE (mr.member_id = m.id)) r ON (true));

ALTER TABLE team.member_standing OWNER TO team_owner;

CREATE TABLE team.migration (
    number integer NOT NULL,
    name text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE team.migration OWNER TO team_owner;

CREATE TABLE team.permission (
    name team.permission_name NOT NULL,
    description text NOT NULL
);

ALTER TABLE team.permission OWNER TO team_owner;

CREATE TABLE team.preset_role (
    preset team.slug NOT NULL,
    key team.role_key NOT NULL,
    name team.display_name NOT NULL,
    rank integer NOT NULL,
    CONSTRAINT preset_role_rank_check CHECK (((rank >= 1) AND (rank <= 999)))
);

ALTER TABLE team.preset_role OWNER TO team_owner;

CREATE TABLE team.preset_role_permission (
    preset team.slug NOT NULL,
    role team.role_key NOT NULL,
    permission team.permission_name NOT NULL
);

ALTER TABLE team.preset_role_permission OWNER TO team_owner;

CREATE TABLE team.quota_use (
    account_id uuid NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    starts_at timestamp with time zone NOT NULL,
    n integer NOT NULL
);

ALTER TABLE team.quota_use OWNER TO team_owner;

COMMENT ON TABLE team.quota_use IS 'How much of a quota a window of time has seen; windows begin at the hour or the day.';

CREATE VIEW team.role_body AS
 SELECT r.account_id,
    r.id AS role_id,
    r.key,
    r.rank,
    json_build_object('id', r.id, 'account', r.account_id, 'key', r.key, 'name', r.name, 'rank', r.rank, 'system', r.system, 'permissions', to_json(string_to_array(r.permission_list, ' '::text))) AS body
   FROM team.role r;

ALTER TABLE team.role_body OWNER TO team_owner;

CREATE VIEW team.transfer_body AS
 SELECT t.account_id,
    t.id AS transfer_id,
    t.from_member_id,
    t.to_member_id,
    jsonb_build_object('id', t.id, 'account', t.account_id, 'from', jsonb_build_object('id', t.from_member_id, 'name', COALESCE(fm.name, fi.name), 'email', fi.email), 'to', jsonb_build_object('id', t.to_member_id, 'name', COALESCE(tm.name, ti.name), 'email', ti.email), 'status', t.status, 'created_at', team.time_text(t.created_at), 'decided_at', team.time_text(t.decided_at)) AS body
   FROM ((((team.ownership_transfer t
     LEFT JOIN team.member fm ON ((fm.id = t.from_member_id)))
     LEFT JOIN team.identity fi ON ((fi.id = fm.identity_id)))
     LEFT JOIN team.member tm ON ((tm.id = t.to_member_id)))
     LEFT JOIN team.identity ti ON ((ti.id = tm.identity_id)));

ALTER TABLE team.transfer_body OWNER TO team_owner;

ALTER TABLE ONLY team.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);

ALTER TABLE ONLY team.account
    ADD CONSTRAINT account_slug_key UNIQUE (slug);

ALTER TABLE ONLY team.audit_event
    ADD CONSTRAINT audit_event_pkey PRIMARY KEY (id);

ALTER TABLE ONLY team.change_floor
    ADD CONSTRAINT change_floor_pkey PRIMARY KEY (one);

ALTER TABLE ONLY team.change
    ADD CONSTRAINT change_pkey PRIMARY KEY (id);

ALTER TABLE ONLY team.directory
    ADD CONSTRAINT directory_pkey PRIMARY KEY (id);

ALTER TABLE ONLY team.group_member
    ADD CONSTRAINT group_member_pkey PRIMARY KEY (group_id, member_id);

ALTER TABLE ONLY team.idempotency_key
    ADD CONSTRAINT idempotency_key_pkey PRIMARY KEY (issuer, subject, scope, key);

ALTER TABLE ONLY team.identity
    ADD CONSTRAINT identity_issuer_subject_key UNIQUE (issuer, subject) INCLUDE (id);

ALTER TABLE ONLY team.identity
    ADD CONSTRAINT identity_pkey PRIMARY KEY (id);

ALTER TABLE ONLY team.invitation
    ADD CONSTRAINT invitation_account_id_id_key UNIQUE (account_id, id);

ALTER TABLE ONLY team.invitation_group
    ADD CONSTRAINT invitation_group_pkey PRIMARY KEY (invitation_id, group_id);

ALTER TABLE ONLY team.invitation_permission
    ADD CONSTRAINT invitation_permission_pkey PRIMARY KEY (invitation_id, permission);

ALTER TABLE ONLY team.invitation
    ADD CONSTRAINT invitation_pkey PRIMARY KEY (id);

ALTER TABLE ONLY team.invitation_role
    ADD CONSTRAINT invitation_role_pkey PRIMARY KEY (invitation_id, role_id);

ALTER TABLE ONLY team.invitation_token
    ADD CONSTRAINT invitation_token_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY team.invite_link
    ADD CONSTRAINT invite_link_account_id_id_key UNIQUE (account_id, id);

ALTER TABLE ONLY team.invite_link
    ADD CONSTRAINT invite_link_code_hash_key UNIQUE (code_hash);

ALTER TABLE ONLY team.invite_link
    ADD CONSTRAINT invite_link_pkey PRIMARY KEY (id);

ALTER TABLE ONLY team.join_request
    ADD CONSTRAINT join_request_account_id_id_key UNIQUE (account_id, id);

ALTER TABLE ONLY team.join_request
    ADD CONSTRAINT join_request_pkey PRIMARY KEY (id);

ALTER TABLE ONLY team.login
    ADD CONSTRAINT login_pkey PRIMARY KEY (identity_id, at);

ALTER TABLE ONLY team.login_waiting
    ADD CONSTRAINT login_waiting_pkey PRIMARY KEY (issuer, subject);

ALTER TABLE ONLY team.member
    ADD CONSTRAINT member_account_id_id_key UNIQUE (account_id, id);

ALTER TABLE ONLY team.member_group
    ADD CONSTRAINT member_group_account_id_id_key UNIQUE (account_id, id);

ALTER TABLE ONLY team.member_group
    ADD CONSTRAINT member_group_account_id_name_key UNIQUE (account_id, name);

ALTER TABLE ONLY team.member_group
    ADD CONSTRAINT member_group_pkey PRIMARY KEY (id);

ALTER TABLE ONLY team.member
    ADD CONSTRAINT member_identity_id_account_id_key UNIQUE (identity_id, account_id) INCLUDE (id, status);

ALTER TABLE ONLY team.member_permission
    ADD CONSTRAINT member_permission_pkey PRIMARY KEY (member_id, permission);

ALTER TABLE ONLY team.member
    ADD CONSTRAINT member_pkey PRIMARY KEY (id);

ALTER TABLE ONLY team.member_role
    ADD CONSTRAINT member_role_pkey PRIMARY KEY (member_id, role_id);

ALTER TABLE ONLY team.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (number);

ALTER TABLE ONLY team.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY team.ownership_transfer
    ADD CONSTRAINT ownership_transfer_pkey PRIMARY KEY (id);

ALTER TABLE ONLY team.permission
    ADD CONSTRAINT permission_pkey PRIMARY KEY (name);

ALTER TABLE ONLY team.preset
    ADD CONSTRAINT preset_pkey PRIMARY KEY (name);

ALTER TABLE ONLY team.preset_role_permission
    ADD CONSTRAINT preset_role_permission_pkey PRIMARY KEY (preset, role, permission);

ALTER TABLE ONLY team.preset_role
    ADD CONSTRAINT preset_role_pkey PRIMARY KEY (preset, key);

ALTER TABLE ONLY team.quota_use
    ADD CONSTRAINT quota_use_pkey PRIMARY KEY (account_id, kind, starts_at);

ALTER TABLE ONLY team.role
    ADD CONSTRAINT role_account_id_id_key UNIQUE (account_id, id);

ALTER TABLE ONLY team.role
    ADD CONSTRAINT role_account_id_key_key UNIQUE (account_id, key);

ALTER TABLE ONLY team.role_permission
    ADD CONSTRAINT role_permission_pkey PRIMARY KEY (role_id, permission);

ALTER TABLE ONLY team.role
    ADD CONSTRAINT role_pkey PRIMARY KEY (id);

CREATE INDEX account_parent_id_idx ON team.account USING btree (parent_id);

CREATE INDEX account_root_id_idx ON team.account USING btree (root_id);

CREATE INDEX audit_event_account_id_at_idx ON team.audit_event USING btree (account_id, at, id);

CREATE INDEX audit_event_actor_idx ON team.audit_event USING btree (account_id, actor_member_id, at, id);

CREATE INDEX audit_event_target_id_idx ON team.audit_event USING btree (account_id, target_id, at, id);

CREATE INDEX change_xid_idx ON team.change USING btree (xid);

CREATE INDEX directory_created_at_idx ON team.directory USING btree (account_id, created_at, id);

CREATE INDEX directory_email_idx ON team.directory USING btree (account_id, email, id) INCLUDE (search, few_roles, kind, status, expires_at);

CREATE INDEX directory_joined_at_idx ON team.directory USING btree (account_id, joined_at, id);

CREATE INDEX directory_keys_idx ON team.directory USING gin (team.directory_keys(account_id, (kind)::text, (status)::text, search, roles, groups)) WITH (gin_pending_list_limit='64');
ALTER INDEX team.directory_keys_idx ALTER COLUMN 1 SET STATISTICS 0;

CREATE INDEX directory_name_idx ON team.directory USING btree (account_id, name_key, id) INCLUDE (search, few_roles, kind, status, expires_at);

CREATE INDEX group_member_member_id_idx ON team.group_member USING btree (member_id);

CREATE INDEX idempotency_key_created_at_idx ON team.idempotency_key USING btree (created_at);

CREATE INDEX identity_email_idx ON team.identity USING btree (email) WHERE email_verified;

CREATE INDEX invitation_declined_idx ON team.invitation USING btree (account_id, email) WHERE ((status)::text = 'declined'::text);

CREATE INDEX invitation_email_idx ON team.invitation USING btree (email) WHERE ((status)::text = 'pending'::text);

CREATE INDEX invitation_group_group_idx ON team.invitation_group USING btree (account_id, group_id);

CREATE INDEX invitation_open_idx ON team.invitation USING btree (account_id, id) WHERE ((status)::text = ANY (ARRAY['pending'::text, 'declined'::text]));

CREATE UNIQUE INDEX invitation_pending_key ON team.invitation USING btree (account_id, email) WHERE ((status)::text = 'pending'::text);

CREATE INDEX invitation_role_role_id_idx ON team.invitation_role USING btree (role_id);

CREATE INDEX invitation_role_role_idx ON team.invitation_role USING btree (account_id, role_id);

CREATE INDEX invitation_token_invitation_id_idx ON team.invitation_token USING btree (invitation_id);

CREATE INDEX join_request_member_id_idx ON team.join_request USING btree (member_id);

CREATE UNIQUE INDEX join_request_pending_key ON team.join_request USING btree (account_id, identity_id) WHERE ((status)::text = 'pending'::text);

CREATE INDEX login_waiting_told_at_idx ON team.login_waiting USING btree (told_at);

CREATE INDEX member_account_id_status_idx ON team.member USING btree (account_id, status);

CREATE INDEX member_group_approver_idx ON team.member_group USING btree (approver_member_id) WHERE (approver_member_id IS NOT NULL);

CREATE INDEX member_permission_permission_idx ON team.member_permission USING btree (permission);

CREATE INDEX member_role_role_id_idx ON team.member_role USING btree (role_id, member_id);

CREATE INDEX outbox_event_idx ON team.outbox USING btree (created_at) WHERE (kind <> 'invitation.mail'::text);

CREATE INDEX outbox_invitation_idx ON team.outbox USING btree (((payload ->> 'invitation'::text))) WHERE (kind = 'invitation.mail'::text);

CREATE INDEX outbox_mail_idx ON team.outbox USING btree (available_at) WHERE (((status)::text = 'pending'::text) AND (kind = 'invitation.mail'::text));

CREATE INDEX ownership_transfer_account_id_idx ON team.ownership_transfer USING btree (account_id, id);

CREATE UNIQUE INDEX ownership_transfer_pending_key ON team.ownership_transfer USING btree (account_id) WHERE ((status)::text = 'pending'::text);

CREATE INDEX role_permission_permission_idx ON team.role_permission USING btree (permission);

CREATE TRIGGER audit_keep_row BEFORE DELETE OR UPDATE ON team.audit_event FOR EACH ROW EXECUTE FUNCTION team.audit_keep();

CREATE TRIGGER audit_keep_truncate BEFORE TRUNCATE ON team.audit_event FOR EACH STATEMENT EXECUTE FUNCTION team.audit_keep();

CREATE TRIGGER change_delete AFTER DELETE ON team.account REFERENCING OLD TABLE AS old_row FOR EACH STATEMENT EXECUTE FUNCTION team.change_account();

CREATE TRIGGER change_delete AFTER DELETE ON team.identity REFERENCING OLD TABLE AS old_row FOR EACH STATEMENT EXECUTE FUNCTION team.change_identity();

CREATE TRIGGER change_delete AFTER DELETE ON team.member REFERENCING OLD TABLE AS old_row FOR EACH STATEMENT EXECUTE FUNCTION team.change_member();

CREATE TRIGGER change_delete AFTER DELETE ON team.member_permission REFERENCING OLD TABLE AS old_row FOR EACH STATEMENT EXECUTE FUNCTION team.change_member_part();

CREATE TRIGGER change_delete AFTER DELETE ON team.member_role REFERENCING OLD TABLE AS old_row FOR EACH STATEMENT EXECUTE FUNCTION team.change_member_part();

CREATE TRIGGER change_delete AFTER DELETE ON team.role REFERENCING OLD TABLE AS old_row FOR EACH STATEMENT EXECUTE FUNCTION team.change_role();

CREATE TRIGGER change_delete AFTER DELETE ON team.role_permission REFERENCING OLD TABLE AS old_row FOR EACH STATEMENT EXECUTE FUNCTION team.change_role_permission();

CREATE TRIGGER change_insert AFTER INSERT ON team.member REFERENCING NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION team.change_member();

CREATE TRIGGER change_insert AFTER INSERT ON team.member_permission REFERENCING NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION team.change_member_part();

CREATE TRIGGER change_insert AFTER INSERT ON team.member_role REFERENCING NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION team.change_member_part();

CREATE TRIGGER change_insert AFTER INSERT ON team.role_permission REFERENCING NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION team.change_role_permission();

CREATE TRIGGER change_truncate AFTER TRUNCATE ON team.account FOR EACH STATEMENT EXECUTE FUNCTION team.change_everything();

CREATE TRIGGER change_truncate AFTER TRUNCATE ON team.identity FOR EACH STATEMENT EXECUTE FUNCTION team.change_everything();

CREATE TRIGGER change_truncate AFTER TRUNCATE ON team.member FOR EACH STATEMENT EXECUTE FUNCTION team.change_everything();

CREATE TRIGGER change_truncate AFTER TRUNCATE ON team.member_permission FOR EACH STATEMENT EXECUTE FUNCTION team.change_everything();

CREATE TRIGGER change_truncate AFTER TRUNCATE ON team.member_role FOR EACH STATEMENT EXECUTE FUNCTION team.change_everything();

CREATE TRIGGER change_truncate AFTER TRUNCATE ON team.role FOR EACH STATEMENT EXECUTE FUNCTION team.change_everything();

CREATE TRIGGER change_truncate AFTER TRUNCATE ON team.role_permission FOR EACH STATEMENT EXECUTE FUNCTION team.change_everything();

CREATE TRIGGER change_update AFTER UPDATE ON team.account REFERENCING OLD TABLE AS old_row NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION team.change_account();

CREATE TRIGGER change_update AFTER UPDATE ON team.identity REFERENCING OLD TABLE AS old_row NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION team.change_identity();

CREATE TRIGGER change_update AFTER UPDATE ON team.member REFERENCING OLD TABLE AS old_row NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION team.change_member();

CREATE TRIGGER change_update AFTER UPDATE ON team.member_permission REFERENCING OLD TABLE AS old_row NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION team.change_member_part();

CREATE TRIGGER change_update AFTER UPDATE ON team.member_role REFERENCING OLD TABLE AS old_row NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION team.change_member_part();

CREATE TRIGGER change_update AFTER UPDATE ON team.role REFERENCING OLD TABLE AS old_row NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION team.change_role();

CREATE TRIGGER change_update AFTER UPDATE ON team.role_permission REFERENCING OLD TABLE AS old_row NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION team.change_role_permission();

CREATE CONSTRAINT TRIGGER directory_insert AFTER INSERT OR DELETE OR UPDATE ON team.group_member DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION team.directory_follow();

CREATE CONSTRAINT TRIGGER directory_insert AFTER INSERT OR DELETE ON team.invitation DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION team.directory_follow();

CREATE CONSTRAINT TRIGGER directory_insert AFTER INSERT OR DELETE OR UPDATE ON team.invitation_group DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION team.directory_follow();

CREATE CONSTRAINT TRIGGER directory_insert AFTER INSERT OR DELETE OR UPDATE ON team.invitation_role DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION team.directory_follow();

CREATE CONSTRAINT TRIGGER directory_insert AFTER INSERT OR DELETE OR UPDATE ON team.join_request DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION team.directory_follow();

CREATE CONSTRAINT TRIGGER directory_insert AFTER INSERT OR DELETE ON team.member DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION team.directory_follow();

CREATE CONSTRAINT TRIGGER directory_insert AFTER INSERT OR DELETE OR UPDATE ON team.member_role DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION team.directory_follow();

CREATE TRIGGER directory_truncate AFTER TRUNCATE ON team.group_member FOR EACH STATEMENT EXECUTE FUNCTION team.directory_everything();

CREATE TRIGGER directory_truncate AFTER TRUNCATE ON team.identity FOR EACH STATEMENT EXECUTE FUNCTION team.directory_everything();

CREATE TRIGGER directory_truncate AFTER TRUNCATE ON team.invitation FOR EACH STATEMENT EXECUTE FUNCTION team.directory_everything();

CREATE TRIGGER directory_truncate AFTER TRUNCATE ON team.invitation_group FOR EACH STATEMENT EXECUTE FUNCTION team.directory_everything();

CREATE TRIGGER directory_truncate AFTER TRUNCATE ON team.invitation_role FOR EACH STATEMENT EXECUTE FUNCTION team.directory_everything();

CREATE TRIGGER directory_truncate AFTER TRUNCATE ON team.join_request FOR EACH STATEMENT EXECUTE FUNCTION team.directory_everything();

CREATE TRIGGER directory_truncate AFTER TRUNCATE ON team.member FOR EACH STATEMENT EXECUTE FUNCTION team.directory_everything();

CREATE TRIGGER directory_truncate AFTER TRUNCATE ON team.member_role FOR EACH STATEMENT EXECUTE FUNCTION team.directory_everything();

CREATE CONSTRAINT TRIGGER directory_update AFTER UPDATE ON team.identity DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((((old.name)::text IS DISTINCT FROM (new.name)::text) OR ((old.email)::text IS DISTINCT FROM (new.email)::text))) EXECUTE FUNCTION team.directory_follow();

CREATE CONSTRAINT TRIGGER directory_update AFTER UPDATE ON team.invitation DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION team.directory_follow();

CREATE CONSTRAINT TRIGGER directory_update AFTER UPDATE ON team.member DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION team.directory_follow();

CREATE TRIGGER login_waiting_insert AFTER INSERT ON team.identity REFERENCING NEW TABLE AS new_row FOR EACH STATEMENT EXECUTE FUNCTION team.login_waiting_take();

ALTER TABLE ONLY team.account
    ADD CONSTRAINT account_owner_member_id_fkey FOREIGN KEY (id, owner_member_id) REFERENCES team.member(account_id, id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY team.account
    ADD CONSTRAINT account_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES team.account(id);

ALTER TABLE ONLY team.account
    ADD CONSTRAINT account_preset_fkey FOREIGN KEY (preset) REFERENCES team.preset(name);

ALTER TABLE ONLY team.account
    ADD CONSTRAINT account_root_id_fkey FOREIGN KEY (root_id) REFERENCES team.account(id);

ALTER TABLE ONLY team.directory
    ADD CONSTRAINT directory_account_id_fkey FOREIGN KEY (account_id) REFERENCES team.account(id) ON DELETE CASCADE;

ALTER TABLE ONLY team.group_member
    ADD CONSTRAINT group_member_group_fkey FOREIGN KEY (account_id, group_id) REFERENCES team.member_group(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY team.group_member
    ADD CONSTRAINT group_member_member_fkey FOREIGN KEY (account_id, member_id) REFERENCES team.member(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY team.invitation
    ADD CONSTRAINT invitation_account_id_fkey FOREIGN KEY (account_id) REFERENCES team.account(id) ON DELETE CASCADE;

ALTER TABLE ONLY team.invitation_group
    ADD CONSTRAINT invitation_group_group_fkey FOREIGN KEY (account_id, group_id) REFERENCES team.member_group(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY team.invitation_group
    ADD CONSTRAINT invitation_group_invitation_fkey FOREIGN KEY (account_id, invitation_id) REFERENCES team.invitation(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY team.invitation_permission
    ADD CONSTRAINT invitation_permission_invitation_id_fkey FOREIGN KEY (invitation_id) REFERENCES team.invitation(id) ON DELETE CASCADE;

ALTER TABLE ONLY team.invitation_permission
    ADD CONSTRAINT invitation_permission_permission_fkey FOREIGN KEY (permission) REFERENCES team.permission(name);

ALTER TABLE ONLY team.invitation_role
    ADD CONSTRAINT invitation_role_invitation_fkey FOREIGN KEY (account_id, invitation_id) REFERENCES team.invitation(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY team.invitation_role
    ADD CONSTRAINT invitation_role_role_fkey FOREIGN KEY (account_id, role_id) REFERENCES team.role(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY team.invitation_token
    ADD CONSTRAINT invitation_token_invitation_id_fkey FOREIGN KEY (invitation_id) REFERENCES team.invitation(id) ON DELETE CASCADE;

ALTER TABLE ONLY team.invite_link
    ADD CONSTRAINT invite_link_account_id_fkey FOREIGN KEY (account_id) REFERENCES team.account(id) ON DELETE CASCADE;

ALTER TABLE ONLY team.invite_link
    ADD CONSTRAINT invite_link_role_fkey FOREIGN KEY (account_id, role_id) REFERENCES team.role(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY team.join_request
    ADD CONSTRAINT join_request_account_id_fkey FOREIGN KEY (account_id) REFERENCES team.account(id) ON DELETE CASCADE;

ALTER TABLE ONLY team.join_request
    ADD CONSTRAINT join_request_identity_id_fkey FOREIGN KEY (identity_id) REFERENCES team.identity(id) ON DELETE CASCADE;

ALTER TABLE ONLY team.join_request
    ADD CONSTRAINT join_request_member_fkey FOREIGN KEY (account_id, member_id) REFERENCES team.member(account_id, id) ON DELETE SET NULL (member_id);

ALTER TABLE ONLY team.login
    ADD CONSTRAINT login_identity_id_fkey FOREIGN KEY (identity_id) REFERENCES team.identity(id) ON DELETE CASCADE;

ALTER TABLE ONLY team.member
    ADD CONSTRAINT member_account_id_fkey FOREIGN KEY (account_id) REFERENCES team.account(id) ON DELETE CASCADE;

ALTER TABLE ONLY team.member_group
    ADD CONSTRAINT member_group_account_id_fkey FOREIGN KEY (account_id) REFERENCES team.account(id) ON DELETE CASCADE;

ALTER TABLE ONLY team.member_group
    ADD CONSTRAINT member_group_approver_fkey FOREIGN KEY (account_id, approver_member_id) REFERENCES team.member(account_id, id) ON DELETE SET NULL (approver_member_id);

ALTER TABLE ONLY team.member
    ADD CONSTRAINT member_identity_id_fkey FOREIGN KEY (identity_id) REFERENCES team.identity(id) ON DELETE CASCADE;

ALTER TABLE ONLY team.member_permission
    ADD CONSTRAINT member_permission_member_id_fkey FOREIGN KEY (member_id) REFERENCES team.member(id) ON DELETE CASCADE;

ALTER TABLE ONLY team.member_permission
    ADD CONSTRAINT member_permission_permission_fkey FOREIGN KEY (permission) REFERENCES team.permission(name);

ALTER TABLE ONLY team.member_role
    ADD CONSTRAINT member_role_member_fkey FOREIGN KEY (account_id, member_id) REFERENCES team.member(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY team.member_role
    ADD CONSTRAINT member_role_role_fkey FOREIGN KEY (account_id, role_id) REFERENCES team.role(account_id, id);

ALTER TABLE ONLY team.outbox
    ADD CONSTRAINT outbox_account_id_fkey FOREIGN KEY (account_id) REFERENCES team.account(id) ON DELETE CASCADE;

ALTER TABLE ONLY team.ownership_transfer
    ADD CONSTRAINT ownership_transfer_account_id_fkey FOREIGN KEY (account_id) REFERENCES team.account(id) ON DELETE CASCADE;

ALTER TABLE ONLY team.preset_role_permission
    ADD CONSTRAINT preset_role_permission_permission_fkey FOREIGN KEY (permission) REFERENCES team.permission(name);

ALTER TABLE ONLY team.preset_role_permission
    ADD CONSTRAINT preset_role_permission_role_fkey FOREIGN KEY (preset, role) REFERENCES team.preset_role(preset, key) ON DELETE CASCADE;

ALTER TABLE ONLY team.preset_role
    ADD CONSTRAINT preset_role_preset_fkey FOREIGN KEY (preset) REFERENCES team.preset(name) ON DELETE CASCADE;

ALTER TABLE ONLY team.quota_use
    ADD CONSTRAINT quota_use_account_id_fkey FOREIGN KEY (account_id) REFERENCES team.account(id) ON DELETE CASCADE;

ALTER TABLE ONLY team.role
    ADD CONSTRAINT role_account_id_fkey FOREIGN KEY (account_id) REFERENCES team.account(id) ON DELETE CASCADE;

ALTER TABLE ONLY team.role_permission
    ADD CONSTRAINT role_permission_permission_fkey FOREIGN KEY (permission) REFERENCES team.permission(name);

ALTER TABLE ONLY team.role_permission
    ADD CONSTRAINT role_permission_role_id_fkey FOREIGN KEY (role_id) REFERENCES team.role(id) ON DELETE CASCADE;

GRANT USAGE ON SCHEMA team_api TO team_gateway;

REVOKE ALL ON TYPE team.account_status FROM PUBLIC;

REVOKE ALL ON TYPE team.activation FROM PUBLIC;

REVOKE ALL ON TYPE team.decline_mode FROM PUBLIC;

REVOKE ALL ON TYPE team.directory_kind FROM PUBLIC;

REVOKE ALL ON TYPE team.directory_query FROM PUBLIC;

REVOKE ALL ON TYPE team.directory_status FROM PUBLIC;

REVOKE ALL ON TYPE team.display_name FROM PUBLIC;

REVOKE ALL ON TYPE team.email FROM PUBLIC;

REVOKE ALL ON TYPE team.identifier FROM PUBLIC;

REVOKE ALL ON TYPE team.invitation_status FROM PUBLIC;

REVOKE ALL ON TYPE team.join_status FROM PUBLIC;

REVOKE ALL ON TYPE team.locale FROM PUBLIC;

REVOKE ALL ON TYPE team.member_status FROM PUBLIC;

REVOKE ALL ON TYPE team.membership_scope FROM PUBLIC;

REVOKE ALL ON TYPE team.outbox_status FROM PUBLIC;

REVOKE ALL ON TYPE team.owner_mode FROM PUBLIC;

REVOKE ALL ON TYPE team.permission_name FROM PUBLIC;

REVOKE ALL ON TYPE team.reinvite_mode FROM PUBLIC;

REVOKE ALL ON TYPE team.remove_mode FROM PUBLIC;

REVOKE ALL ON TYPE team.role_cardinality FROM PUBLIC;

REVOKE ALL ON TYPE team.role_key FROM PUBLIC;

REVOKE ALL ON TYPE team.seats_counted FROM PUBLIC;

REVOKE ALL ON TYPE team.self_change FROM PUBLIC;

REVOKE ALL ON TYPE team.slug FROM PUBLIC;

REVOKE ALL ON TYPE team.standing FROM PUBLIC;

REVOKE ALL ON TYPE team.transfer_status FROM PUBLIC;

REVOKE ALL ON TYPE team.transfer_target FROM PUBLIC;

REVOKE ALL ON TYPE team.ttl_seconds FROM PUBLIC;

REVOKE ALL ON TYPE team_api.reply FROM PUBLIC;
GRANT ALL ON TYPE team_api.reply TO team_gateway;

REVOKE ALL ON FUNCTION team.account_create(p_slug text, p_name text, p_preset text, p_time_zone text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.uuid_v7() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.account_find(p_account text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.account_hold(p_account uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.account_insert(p_like jsonb, p_preset text, p_slug text, p_name text, p_time_zone text, p_parent team.account) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.account_lock(p_account text, p_issuer text, p_subject text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.account_make(p_like jsonb, p_preset text, p_slug text, p_name text, p_time_zone text, p_parent team.account) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.account_name_check(p_name text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.account_reply(p_status integer, p_account team.account) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.account_roles_copy(p_from uuid, p_to uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.account_text(p_account team.account) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.actor_check(p_account team.account, p_issuer text, p_subject text, p_permission text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.actor_present(p_issuer text, p_subject text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.address_check(p_issuer text, p_subject text, p_email text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.all_held(p_account uuid, p_but uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.audit(p_account uuid, p_actor team.standing, p_action text, p_target_type text, p_target uuid, p_code text, p_detail jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.audit_actor(p_account uuid, p_id uuid, p_actor uuid, p_subject text, p_action text, p_from timestamp with time zone, p_at timestamp with time zone, p_last uuid, p_limit integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.audit_all(p_account uuid, p_id uuid, p_actor uuid, p_subject text, p_action text, p_from timestamp with time zone, p_at timestamp with time zone, p_last uuid, p_limit integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.audit_csv(p_ids uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.audit_json(p_ids uuid[], p_cursor text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.audit_keep() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.audit_target(p_account uuid, p_id uuid, p_actor uuid, p_subject text, p_action text, p_from timestamp with time zone, p_at timestamp with time zone, p_last uuid, p_limit integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.change_account() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.change_everything() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.change_identity() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.change_member() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.change_member_part() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.change_notify() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.change_role() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.change_role_permission() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.changed_account(p_account uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.changed_person(p_who team.standing) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.changed_persons(p_a team.standing, p_b team.standing) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.charge_check(p_invitation jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.csv_cell(p_text text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.csv_groups(p_account uuid, p_names jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.csv_invitations(p_csv text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.csv_names(p_field text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.csv_parse(p_csv text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.cursor_make(p_kind text, p_scope uuid, p_last uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.cursor_read(p_cursor text, p_kind text, p_scope uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.directory_build() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.directory_created_at_down(p_query team.directory_query, p_after timestamp with time zone, p_id uuid, p_limit integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.directory_created_at_up(p_query team.directory_query, p_after timestamp with time zone, p_id uuid, p_limit integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.directory_csv(p_items json) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.directory_email_down(p_query team.directory_query, p_after text, p_id uuid, p_limit integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.directory_email_up(p_query team.directory_query, p_after text, p_id uuid, p_limit integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.directory_everything() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.directory_follow() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.directory_items(p_account team.account, p_owner_role uuid, p_ids uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.directory_joined_at_down(p_query team.directory_query, p_after timestamp with time zone, p_id uuid, p_limit integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.directory_joined_at_up(p_query team.directory_query, p_after timestamp with time zone, p_id uuid, p_limit integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.directory_key(p_what text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.directory_keys(p_account uuid, p_kind text, p_status text, p_search text, p_roles uuid[], p_groups uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.directory_keys_wanted(p_query team.directory_query, p_but integer, OUT o_all bigint[], OUT o_any bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.directory_letters() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.directory_name_key_down(p_query team.directory_query, p_after text, p_id uuid, p_limit integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.directory_name_key_up(p_query team.directory_query, p_after text, p_id uuid, p_limit integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.directory_put(p_id uuid, p_member boolean, p_identity uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.directory_query_make(p_account team.account, p_q text, p_kind text, p_status text, p_role text, p_group text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.directory_sort(p_account uuid, p_place integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.domains_parse(p_domains jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.email_check(p_email text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.email_mask(p_email text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.email_normal(p_email text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.email_verified_check(p_email text, p_email_verified boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.etag(p_body text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.fail(p_status integer, p_code text, p_detail text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.fail_at(p_status integer, p_code text, p_place text, p_detail text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.group_check(p_account team.account, p_group team.member_group, p_approver text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.group_find(p_account team.account, p_group text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.group_member_set(p_issuer text, p_subject text, p_account text, p_group text, p_member text, p_in boolean, p_if_match text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.group_names(p_groups uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.group_text(p_group uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.groups_parse(p_account uuid, p_groups jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.id_parse(p_text text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.idempotency_begin(p_issuer text, p_subject text, p_scope uuid, p_key text, p_request jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.idempotency_end(p_issuer text, p_subject text, p_scope uuid, p_key text, p_reply team_api.reply) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.identity_touch(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.if_match_check(p_if_match text, p_etag text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.if_match_honour(p_if_match text, p_etag text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.invitation_by_token(p_token text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.invitation_create(p_account team.account, p_inviter_account uuid, p_actor team.standing, p_email text, p_name text, p_roles uuid[], p_permissions text[], p_groups uuid[], p_locale text, OUT o_invitation team.invitation, OUT o_refusal text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.invitation_find(p_account team.account, p_invitation text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.invitation_groups(p_invitation uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.invitation_mail_cancel(p_invitation uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.invitation_make_way(p_account team.account, p_email text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.invitation_message() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.invitation_permissions(p_invitation uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.invitation_roles(p_invitation uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.invitation_row(p_account team.account, p_actor team.standing, p_row jsonb, p_csv boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.invitation_row_try(p_account team.account, p_actor team.standing, p_n integer, p_row jsonb, p_csv boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.invitation_text(p_invitation uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.invitation_token_issue(p_invitation uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.invitation_withdraw(p_invitation uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.join_decide(p_join uuid, p_status text, p_actor team.standing) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.join_find(p_account team.account, p_join text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.joined_reply(p_account team.account, p_member team.standing) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.limit_check(p_limit integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.link_by_code(p_code text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.link_find(p_account team.account, p_link text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.link_role(p_account team.account, p_role uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.link_text(p_link uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.list_reply(p_items json, p_cursor text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.login_waiting_prune() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.login_waiting_take() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.member_account(p_member uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.member_add(p_account text, p_issuer text, p_subject text, p_email text, p_name text, p_role text, p_status text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.member_end(p_account team.account, p_actor team.standing, p_target team.standing, p_leaves boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.member_join(p_account team.account, p_identity uuid, p_roles uuid[], p_permissions text[], p_groups uuid[], p_invited_by uuid, p_status text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.member_label(p_member uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.member_status_set(p_issuer text, p_subject text, p_account text, p_member text, p_status text, p_if_match text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.member_text(p_member uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.members_text(p_account team.account, p_ids uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.name_check(p_name text, p_what text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.name_normal(p_name text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.not_found() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.offer_groups_parse(p_account uuid, p_groups jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.offer_permissions_parse(p_permissions jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.offer_void(p_account team.account, p_actor team.standing, p_action text, p_target_type text, p_target uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.only_one_owner(p_account team.account, p_owner_role uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.outbox_add(p_account uuid, p_kind text, p_payload jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.outbox_prune() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.owner_move(p_account team.account, p_from uuid, p_to uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.patch_check(p_body jsonb, p_fields text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.permission_has(p_member uuid, p_permission text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.permissions_parse(p_permissions jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.place_make(p_kind text, p_list bytea, p_id uuid, p_place text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.place_read(p_cursor text, p_kind text, p_list bytea, p_time boolean, OUT o_id uuid, OUT o_place text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.place_time(p_time timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.pointer(p_name text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.pointer_in(p_name text, p_texts text[], p_known text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.policy_conflict(p_detail text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.policy_members_check(p_account team.account, p_old team.account) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.policy_name_check(p_policy text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.policy_of(p_account team.account) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.policy_owner_check(p_account team.account, p_owners uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.policy_parse(p_account team.account, p_body jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.policy_roles_prune(p_account uuid, p_preset text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.policy_roles_switch(p_account uuid, p_preset text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.policy_scope_check(p_account team.account) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.policy_set(p_account team.account, p_policy team.preset) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.policy_text(p_policy team.preset) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.preset_put(p_preset jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.preset_roles_add(p_account uuid, p_preset text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.quota_limit(p_kind text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.quota_take(p_account uuid, p_kind text, p_per_hour integer, p_n integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.refuse(p_account team.account, p_actor team.standing, p_action text, p_target uuid, p_code text, p_detail jsonb, p_target_type text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.role_check(p_name text, p_rank integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.role_find(p_account team.account, p_role text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.role_keys(p_roles uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.role_text(p_role uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.roles_parse(p_account uuid, p_roles jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.row_text(p_row jsonb, p_key text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_addressee(p_invitation team.invitation, p_email text, p_email_verified boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_cardinality(p_account team.account, p_count integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_channel(p_open boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_channel_email(p_account team.account, p_inviter_account uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_depth(p_account team.account) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_direct(p_account team.account, p_permissions text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_grant(p_account team.account, p_actor team.standing, p_roles uuid[], p_permissions text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_inviter(p_account team.account, p_inviter_account uuid, p_inviter uuid, p_permission text, p_roles uuid[], p_permissions text[], p_groups uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_link_role(p_account team.account, p_roles uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_newcomer(p_account team.account, p_roles uuid[], p_permissions text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_offer(p_account team.account, p_actor team.standing, p_roles uuid[], p_permissions text[], p_groups uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_one_owner(p_account team.account, p_roles uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_owner(p_account team.account, p_actor team.standing) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_owner_role(p_account team.account, p_target team.standing, p_new uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_owner_stays(p_account team.account, p_target team.standing) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_rank(p_account team.account, p_actor team.standing, p_target team.standing, p_equal boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_role(p_account team.account, p_actor team.standing, p_role team.role, p_rank integer, p_permissions text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_role_system(p_account team.account, p_role team.role) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_role_unused(p_account team.account, p_role team.role) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_self(p_account team.account, p_actor team.standing, p_target team.standing) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_transfer(p_account team.account, p_target team.standing) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_transfer_mine(p_transfer team.ownership_transfer, p_actor team.standing) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.rule_transfer_owner(p_account team.account, p_actor team.standing) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.scope_check(p_account team.account, p_identity uuid, p_email text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.scope_lock() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.seat_check(p_account team.account) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.seats_used(p_account uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.slug_check(p_slug text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.slug_make(p_name text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.standing_find(p_account uuid, p_member uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.standing_find(p_account team.account, p_issuer text, p_subject text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.stranger(p_issuer text, p_subject text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.target_find(p_account team.account, p_actor team.standing, p_member text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.texts_json(p_texts text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.time_check(p_text text, p_what text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.time_parse(p_text text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.time_text(p_time timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.time_zone_check(p_time_zone text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.token_hash(p_token text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.token_make() FROM PUBLIC;

REVOKE ALL ON FUNCTION team.transfer_decide(p_transfer team.ownership_transfer, p_status text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.transfer_find(p_account team.account, p_actor team.standing, p_transfer text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.transfer_note(p_account team.account, p_actor team.standing, p_action text, p_transfer uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION team.transfer_reply(p_status integer, p_transfer uuid, p_message text) FROM PUBLIC;

REVOKE ALL ON FUNCTION team_api.account_close(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_confirm text, p_if_match text, p_idem text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.account_close(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_confirm text, p_if_match text, p_idem text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.account_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.account_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.account_patch(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_body jsonb, p_if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.account_patch(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_body jsonb, p_if_match text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.account_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account_name text, p_preset text, p_time_zone text, p_slug text, p_idem text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.account_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account_name text, p_preset text, p_time_zone text, p_slug text, p_idem text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.audit_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_actor text, p_action text, p_target text, p_from text, p_to text, p_limit integer, p_cursor text, p_format text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.audit_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_actor text, p_action text, p_target text, p_from text, p_to text, p_limit integer, p_cursor text, p_format text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.changes_prune() FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.changes_prune() TO team_gateway;

REVOKE ALL ON FUNCTION team_api.changes_since(p_snapshot text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.changes_since(p_snapshot text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.directory_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_q text, p_kind text, p_status text, p_role text, p_group text, p_sort text, p_limit integer, p_cursor text, p_format text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.directory_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_q text, p_kind text, p_status text, p_role text, p_group text, p_sort text, p_limit integer, p_cursor text, p_format text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.explain(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_identity text, p_permission text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.explain(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_identity text, p_permission text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.grant_get(p_issuer text, p_subject text, p_account text, OUT status text, OUT account_id text, OUT member_id text, OUT roles text, OUT permissions text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.grant_get(p_issuer text, p_subject text, p_account text, OUT status text, OUT account_id text, OUT member_id text, OUT roles text, OUT permissions text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.group_delete(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group text, p_if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.group_delete(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group text, p_if_match text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.group_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.group_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.group_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.group_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.group_member_delete(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group text, p_member text, p_if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.group_member_delete(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group text, p_member text, p_if_match text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.group_member_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group text, p_member text, p_if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.group_member_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group text, p_member text, p_if_match text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.group_patch(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group text, p_body jsonb, p_if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.group_patch(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group text, p_body jsonb, p_if_match text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.group_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group_name text, p_policy text, p_approver text, p_idem text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.group_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_group_name text, p_policy text, p_approver text, p_idem text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.healthz_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.healthz_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.invitation_accept(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_token text, p_idem text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.invitation_accept(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_token text, p_idem text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.invitation_batch(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_invitations jsonb, p_csv text, p_idem text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.invitation_batch(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_invitations jsonb, p_csv text, p_idem text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.invitation_decline(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_token text, p_idem text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.invitation_decline(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_token text, p_idem text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.invitation_delete(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_invitation text, p_if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.invitation_delete(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_invitation text, p_if_match text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.invitation_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_invitation text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.invitation_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_invitation text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.invitation_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_status text, p_limit integer, p_cursor text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.invitation_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_status text, p_limit integer, p_cursor text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.invitation_lookup(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_token text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.invitation_lookup(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_token text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.invitation_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_invitee_email text, p_invitee_name text, p_roles jsonb, p_permissions jsonb, p_groups jsonb, p_locale text, p_idem text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.invitation_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_invitee_email text, p_invitee_name text, p_roles jsonb, p_permissions jsonb, p_groups jsonb, p_locale text, p_idem text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.invitation_resend(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_invitation text, p_idem text, p_if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.invitation_resend(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_invitation text, p_idem text, p_if_match text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.join_approve(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_join text, p_idem text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.join_approve(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_join text, p_idem text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.join_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.join_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.join_reject(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_join text, p_idem text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.join_reject(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_join text, p_idem text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.link_delete(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_link text, p_if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.link_delete(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_link text, p_if_match text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.link_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_link text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.link_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_link text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.link_join(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_code text, p_idem text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.link_join(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_code text, p_idem text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.link_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.link_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.link_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_role text, p_max_uses integer, p_expires_in integer, p_domains jsonb, p_idem text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.link_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_role text, p_max_uses integer, p_expires_in integer, p_domains jsonb, p_idem text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.login_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_limit integer, p_cursor text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.login_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_limit integer, p_cursor text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.login_record(p_logins jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.login_record(p_logins jsonb) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.me_accounts(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_limit integer, p_cursor text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.me_accounts(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_limit integer, p_cursor text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.me_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.me_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.me_grant(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.me_grant(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.me_invitations(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_limit integer, p_cursor text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.me_invitations(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_limit integer, p_cursor text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.member_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.member_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.member_groups_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_groups jsonb, p_if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.member_groups_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_groups jsonb, p_if_match text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.member_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.member_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.member_patch(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_body jsonb, p_if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.member_patch(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_body jsonb, p_if_match text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.member_permissions_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_permissions jsonb, p_if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.member_permissions_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_permissions jsonb, p_if_match text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.member_remove(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.member_remove(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_if_match text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.member_resume(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.member_resume(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_if_match text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.member_roles_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_roles jsonb, p_if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.member_roles_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_roles jsonb, p_if_match text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.member_suspend(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.member_suspend(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_member text, p_if_match text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.permission_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.permission_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.policy_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.policy_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.policy_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_body jsonb, p_if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.policy_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_body jsonb, p_if_match text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.preset_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.preset_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.role_delete(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_role text, p_if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.role_delete(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_role text, p_if_match text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.role_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_role text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.role_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_role text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.role_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.role_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.role_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_key text, p_role_name text, p_rank integer, p_permissions jsonb, p_idem text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.role_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_key text, p_role_name text, p_rank integer, p_permissions jsonb, p_idem text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.role_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_role text, p_role_name text, p_rank integer, p_permissions jsonb, p_if_match text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.role_put(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_role text, p_role_name text, p_rank integer, p_permissions jsonb, p_if_match text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.seats_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.seats_get(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.subaccount_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.subaccount_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.subaccount_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_account_name text, p_slug text, p_time_zone text, p_invitation jsonb, p_idem text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.subaccount_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_account_name text, p_slug text, p_time_zone text, p_invitation jsonb, p_idem text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.transfer_accept(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_transfer text, p_idem text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.transfer_accept(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_transfer text, p_idem text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.transfer_cancel(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_transfer text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.transfer_cancel(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_transfer text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.transfer_decline(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_transfer text, p_idem text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.transfer_decline(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_transfer text, p_idem text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.transfer_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.transfer_list(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_limit integer, p_cursor text) TO team_gateway;

REVOKE ALL ON FUNCTION team_api.transfer_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_to text, p_if_match text, p_idem text) FROM PUBLIC;
GRANT ALL ON FUNCTION team_api.transfer_post(p_issuer text, p_subject text, p_email text, p_email_verified boolean, p_name text, p_account text, p_to text, p_if_match text, p_idem text) TO team_gateway;

