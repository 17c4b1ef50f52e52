-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

insert into team.migration (number, name) values (1, 'members');


-- Names compare byte by byte, whatever the database's locale is: that is the
-- order of the lists in a grant, and no locale can make two issuers equal.

create domain team.identifier as text collate "C"
  constraint identifier_check check (
    octet_length(value) between 1 and 255
    and value !~ '[\x01-\x1f\x7f]');

create domain team.email as text collate "C"
  constraint email_check check (
    octet_length(value) between 3 and 254
    and value ~ '^[^\x01-\x20\x7f@]+@[^\x01-\x20\x7f@]+$'
    and value !~ '[A-Z]');

create domain team.display_name as text
  constraint display_name_check check (
    char_length(value) <= 200
    and value !~ '[\x01-\x1f\x7f]');

-- never like an id, so that a path names one account only

create domain team.slug as text collate "C"
  constraint slug_check check (
    value ~ '^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$'
    and value !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$');

create domain team.role_key as text collate "C"
  constraint role_key_check check (value ~ '^[a-z][a-z0-9_-]{0,62}$');

create domain team.permission_name as text collate "C"
  constraint permission_name_check check (
    octet_length(value) <= 100
    and value ~ '^([*]|[a-z][a-z0-9-]*:[a-z][a-z0-9-]*)$');

create domain team.account_status as text collate "C"
  constraint account_status_check check (value in ('active', 'closed'));

create domain team.member_status as text collate "C"
  constraint member_status_check check (
    value in ('pending', 'active', 'suspended'));


-- Policy: the settings in which products differ.

create domain team.owner_mode as text collate "C"
  constraint owner_mode_check check (value in ('single', 'many', 'none'));

create domain team.role_cardinality as text collate "C"
  constraint role_cardinality_check check (
    value in ('one', 'zero_or_one', 'many'));

create domain team.self_change as text collate "C"
  constraint self_change_check check (value in ('forbid', 'another_owner'));


-- What a new account starts from; a preset's rows are data, see sql/presets.

create table team.preset (
  name                     team.slug not null,
  title                    team.display_name not null,
  owner_mode               team.owner_mode not null,
  owner_role               team.role_key,
  role_cardinality         team.role_cardinality not null,
  direct_permissions       boolean not null,
  self_change              team.self_change not null,
  suspend_enabled          boolean not null,
  suspend_label            team.display_name not null,
  admin_may_remove_admin   boolean not null,
  constraint preset_pkey primary key (name),
  constraint preset_owner_role_check check (
    (owner_mode = 'none') = (owner_role is null))
);

-- The catalogue: a permission can be granted when it is here.

create table team.permission (
  name         team.permission_name not null,
  description  text not null,
  constraint permission_pkey primary key (name)
);

create table team.preset_role (
  preset  team.slug not null,
  key     team.role_key not null,
  name    team.display_name not null,
  rank    integer not null,
  constraint preset_role_pkey primary key (preset, key),
  constraint preset_role_preset_fkey foreign key (preset)
    references team.preset (name) on delete cascade,
  constraint preset_role_rank_check check (rank between 1 and 999)
);

create table team.preset_role_permission (
  preset      team.slug not null,
  role        team.role_key not null,
  permission  team.permission_name not null,
  constraint preset_role_permission_pkey primary key (preset, role, permission),
  constraint preset_role_permission_role_fkey foreign key (preset, role)
    references team.preset_role (preset, key) on delete cascade,
  constraint preset_role_permission_permission_fkey foreign key (permission)
    references team.permission (name)
);


create table team.account (
  id                       uuid not null default team.uuid_v7(),
  slug                     team.slug not null,
  name                     team.display_name not null,
  time_zone                text not null default 'UTC',
  status                   team.account_status not null default 'active',
  preset                   team.slug not null,
  parent_id                uuid,
  root_id                  uuid not null,
  owner_member_id          uuid,
  created_at               timestamptz not null default statement_timestamp(),
  closed_at                timestamptz,
  owner_mode               team.owner_mode not null,
  owner_role               team.role_key,
  role_cardinality         team.role_cardinality not null,
  direct_permissions       boolean not null,
  self_change              team.self_change not null,
  suspend_enabled          boolean not null,
  suspend_label            team.display_name not null,
  admin_may_remove_admin   boolean not null,
  constraint account_pkey primary key (id),
  constraint account_slug_key unique (slug),
  constraint account_preset_fkey foreign key (preset)
    references team.preset (name),
  constraint account_parent_id_fkey foreign key (parent_id)
    references team.account (id),
  constraint account_root_id_fkey foreign key (root_id)
    references team.account (id),
  constraint account_root_check check ((parent_id is null) = (root_id = id)),
  constraint account_closed_check check (
    (status = 'closed') = (closed_at is not null)),
  constraint account_owner_role_check check (
    (owner_mode = 'none') = (owner_role is null)),
  constraint account_owner_member_check check (
    owner_member_id is null or owner_mode = 'single')
);

create index account_parent_id_idx on team.account (parent_id);
create index account_root_id_idx on team.account (root_id);

comment on column team.account.owner_member_id is
  'The owner where owner_mode is single; else null, and every member that '
  'holds the role owner_role is an owner. The single owner holds that role '
  'too: the role carries the rights, the pointer says whose account it is.';


create table team.identity (
  id              uuid not null default team.uuid_v7(),
  issuer          team.identifier not null,
  subject         team.identifier not null,
  email           team.email,
  email_verified  boolean not null default false,
  name            team.display_name,
  created_at      timestamptz not null default statement_timestamp(),
  constraint identity_pkey primary key (id),
  constraint identity_issuer_subject_key unique (issuer, subject)
    include (id),
  constraint identity_email_verified_check check (
    email is not null or not email_verified)
);

comment on table team.identity is
  'A person as an issuer knows them. The row appears with the first '
  'membership; somebody who is only signed in has none. What a look-up of a '
  'grant needs of it, and of a member, is in the index that finds it.';


create table team.member (
  id           uuid not null default team.uuid_v7(),
  account_id   uuid not null,
  identity_id  uuid not null,
  status       team.member_status not null,
  created_at   timestamptz not null default statement_timestamp(),
  joined_at    timestamptz,
  constraint member_pkey primary key (id),
  constraint member_account_id_id_key unique (account_id, id),
  constraint member_identity_id_account_id_key unique (identity_id, account_id)
    include (id, status),
  constraint member_account_id_fkey foreign key (account_id)
    references team.account (id) on delete cascade,
  constraint member_identity_id_fkey foreign key (identity_id)
    references team.identity (id) on delete cascade,
  constraint member_joined_check check (
    status = 'pending' or joined_at is not null)
);

-- deferred, so that account, member and pointer can appear in one transaction;
-- it also keeps anybody from deleting the single owner

alter table team.account
  add constraint account_owner_member_id_fkey
    foreign key (id, owner_member_id)
    references team.member (account_id, id)
    deferrable initially deferred;


create table team.role (
  id               uuid not null default team.uuid_v7(),
  account_id       uuid not null,
  key              team.role_key not null,
  name             team.display_name not null,
  rank             integer not null,
  system           boolean not null default false,
  permission_list  text collate "C" not null default '',
  constraint role_pkey primary key (id),
  constraint role_account_id_key_key unique (account_id, key),
  constraint role_account_id_id_key unique (account_id, id),
  constraint role_account_id_fkey foreign key (account_id)
    references team.account (id) on delete cascade,
  constraint role_rank_check check (rank between 1 and 999)
);

comment on column team.role.permission_list is
  'The role''s permissions as a grant says them: ascending, one space between. '
  'Kept by the triggers of role_permission, never to be written by hand.';

create table team.role_permission (
  role_id     uuid not null,
  permission  team.permission_name not null,
  constraint role_permission_pkey primary key (role_id, permission),
  constraint role_permission_role_id_fkey foreign key (role_id)
    references team.role (id) on delete cascade,
  constraint role_permission_permission_fkey foreign key (permission)
    references team.permission (name)
);

create index role_permission_permission_idx
  on team.role_permission (permission);

-- account_id is here so that member and role are of one account

create table team.member_role (
  member_id   uuid not null,
  role_id     uuid not null,
  account_id  uuid not null,
  constraint member_role_pkey primary key (member_id, role_id),
  constraint member_role_member_fkey foreign key (account_id, member_id)
    references team.member (account_id, id) on delete cascade,
  constraint member_role_role_fkey foreign key (account_id, role_id)
    references team.role (account_id, id)
);

create index member_role_role_id_idx on team.member_role (role_id, member_id);

create table team.member_permission (
  member_id   uuid not null,
  permission  team.permission_name not null,
  constraint member_permission_pkey primary key (member_id, permission),
  constraint member_permission_member_id_fkey foreign key (member_id)
    references team.member (id) on delete cascade,
  constraint member_permission_permission_fkey foreign key (permission)
    references team.permission (name)
);

create index member_permission_permission_idx
  on team.member_permission (permission);


create table team.change (
  id          bigint generated always as identity,
  xid         xid8 not null default pg_current_xact_id(),
  at          timestamptz not null default statement_timestamp(),
  issuer      text collate "C",
  subject     text collate "C",
  account_id  uuid,
  constraint change_pkey primary key (id),
  constraint change_what_check check (
    (issuer is null) = (subject is null)
    and (issuer is null or account_id is null))
);

create index change_xid_idx on team.change (xid);

comment on table team.change is
  'Whose cached grants are void: a person (issuer, subject), everybody in an '
  'account, or, with all three null, everything. Read by transaction id '
  'through team_api.changes_since, so that a late commit is not overlooked.';

create table team.change_floor (
  one  boolean not null default true,
  xid  xid8 not null,
  constraint change_floor_pkey primary key (one),
  constraint change_floor_one_check check (one)
);

insert into team.change_floor (xid) values ('0');

comment on table team.change_floor is
  'The highest transaction id whose change rows have been pruned.';


create table team.audit_event (
  id               uuid not null default team.uuid_v7(),
  at               timestamptz not null default statement_timestamp(),
  account_id       uuid not null,
  actor_issuer     text collate "C",
  actor_subject    text collate "C",
  actor_member_id  uuid,
  action           text collate "C" not null,
  target_type      text collate "C" not null,
  target_id        uuid not null,
  outcome          text collate "C" not null,
  code             text collate "C",
  detail           jsonb not null default '{}',
  constraint audit_event_pkey primary key (id),
  constraint audit_event_outcome_check check (outcome in ('done', 'refused')),
  constraint audit_event_code_check check (
    (outcome = 'refused') = (code is not null))
);

create index audit_event_account_id_idx on team.audit_event (account_id, id);

comment on table team.audit_event is
  'Append only: no row is ever changed or deleted. It names things by id '
  'without foreign keys, as it outlives them.';


create type team_api.reply as (
  status    integer,
  body      text,
  etag      text,
  location  text,
  cursor    text,
  changed   text
);

comment on type team_api.reply is
  'What the gateway answers. From status 400 on the body is '
  '{"code": ..., "detail": ...}, to be sent as a problem: such a refusal is '
  'not raised, as it has left an audit row. changed, if not null, is a JSON '
  'array of {"issuer": ..., "subject": ...} and {"account": ...} whose cached '
  'grants must be forgotten before the answer is sent; {} means all.';

-- A member as the rules see one: the actor, or whom it is done to.

create type team.standing as (
  member_id    uuid,
  identity_id  uuid,
  issuer       text,
  subject      text,
  status       text,
  rank         integer,
  is_owner     boolean
);
