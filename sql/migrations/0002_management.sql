-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Member management: the rest of the policy, invitations, links, transfers,
-- groups, logins, and what makes requests safe to repeat.

insert into team.migration (number, name) values (2, 'management');

-- it has one argument more now
drop function if exists team.refuse(team.account, team.standing, text, uuid,
                                    text, jsonb);


-- --- policy ------------------------------------------------------------------

create domain team.membership_scope as text collate "C"
  constraint membership_scope_check check (
    value in ('exclusive', 'tree', 'many'));

create domain team.decline_mode as text collate "C"
  constraint decline_mode_check check (value in ('off', 'hidden', 'shown'));

create domain team.reinvite_mode as text collate "C"
  constraint reinvite_mode_check check (value in ('allow', 'remove_first'));

create domain team.seats_counted as text collate "C"
  constraint seats_counted_check check (value in ('none', 'active'));

create domain team.remove_mode as text collate "C"
  constraint remove_mode_check check (value in ('delete', 'revoke'));

create domain team.transfer_target as text collate "C"
  constraint transfer_target_check check (value in ('off', 'any', 'role'));

create domain team.activation as text collate "C"
  constraint activation_check check (
    value in ('registration', 'acceptance', 'approval'));

-- seconds; an invitation of an hour to one of ninety days

create domain team.ttl_seconds as integer
  constraint ttl_seconds_check check (value between 3600 and 7776000);

create domain team.locale as text collate "C"
  constraint locale_check check (
    value ~ '^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$');

-- a preset's columns and an account's are the same; defaults are the cautious
-- end of each, for presets that administrators have added

alter table team.preset
  add column membership_scope         team.membership_scope not null
    default 'many',
  add column join_email               boolean not null default true,
  add column join_subaccount          boolean not null default false,
  add column join_link                boolean not null default false,
  add column link_role                team.role_key,
  add column link_requires_approval   boolean not null default true,
  add column link_ttl                 team.ttl_seconds not null default 604800,
  add column decline_mode             team.decline_mode not null
    default 'hidden',
  add column reinvite_after_decline   team.reinvite_mode not null
    default 'allow',
  add column invitation_ttl           team.ttl_seconds not null default 604800,
  add column name_required            boolean not null default false,
  add column seats_counted            team.seats_counted not null
    default 'none',
  add column remove_mode              team.remove_mode not null
    default 'delete',
  add column transfer_target          team.transfer_target not null
    default 'off',
  add column transfer_target_role     team.role_key,
  add column transfer_old_owner_role  team.role_key,
  add column transfer_acceptance      boolean not null default false,
  add column activation               team.activation not null
    default 'acceptance',
  add column all_role                 team.role_key;

alter table team.account
  add column membership_scope         team.membership_scope not null
    default 'many',
  add column join_email               boolean not null default true,
  add column join_subaccount          boolean not null default false,
  add column join_link                boolean not null default false,
  add column link_role                team.role_key,
  add column link_requires_approval   boolean not null default true,
  add column link_ttl                 team.ttl_seconds not null default 604800,
  add column decline_mode             team.decline_mode not null
    default 'hidden',
  add column reinvite_after_decline   team.reinvite_mode not null
    default 'allow',
  add column invitation_ttl           team.ttl_seconds not null default 604800,
  add column name_required            boolean not null default false,
  add column seats_counted            team.seats_counted not null
    default 'none',
  add column remove_mode              team.remove_mode not null
    default 'delete',
  add column transfer_target          team.transfer_target not null
    default 'off',
  add column transfer_target_role     team.role_key,
  add column transfer_old_owner_role  team.role_key,
  add column transfer_acceptance      boolean not null default false,
  add column activation               team.activation not null
    default 'acceptance',
  add column all_role                 team.role_key,
  add column seat_limit               integer,
  add constraint account_seat_limit_check check (seat_limit >= 1),
  add constraint account_transfer_role_check check (
    transfer_target <> 'role' or transfer_target_role is not null);

comment on column team.account.all_role is
  'The role that stands for "All Permissions" where roles are otherwise '
  'hand-picked permissions.';

comment on column team.account.seat_limit is
  'How many seats there are; null: no limit. What takes one: seats_counted.';


-- --- members -----------------------------------------------------------------

alter table team.identity
  add column last_login_at  timestamptz;

alter table team.member
  add column invited_by  uuid,
  add column name        team.display_name,
  add column title       team.display_name;

comment on column team.member.invited_by is
  'The member who invited or approved; without a foreign key, as it outlives '
  'them.';

comment on column team.member.name is
  'What this account calls them; null: as their issuer does. Another account '
  'of the same person is none of an administrator''s business.';

create index member_account_id_status_idx on team.member (account_id, status);

-- who is it that an address means: only a verified one means anybody

create index identity_email_idx on team.identity (email)
  where email_verified;

-- One row a login: the first sight of a new token, by its auth_time, else iat.

create table team.login (
  identity_id  uuid not null,
  at           timestamptz not null,
  constraint login_pkey primary key (identity_id, at),
  constraint login_identity_id_fkey foreign key (identity_id)
    references team.identity (id) on delete cascade
);

create table team.login_waiting (
  issuer   team.identifier not null,
  subject  team.identifier not null,
  at       timestamptz not null,
  told_at  timestamptz not null default statement_timestamp(),
  constraint login_waiting_pkey primary key (issuer, subject)
);

create index login_waiting_told_at_idx on team.login_waiting (told_at);

comment on table team.login_waiting is
  'The last login of somebody who has no identity yet, and may get one within '
  'the next 24 hours. Of the 10000 who were told of last.';


-- --- groups ------------------------------------------------------------------

create table team.member_group (
  id                  uuid not null default team.uuid_v7(),
  account_id          uuid not null,
  name                team.display_name not null,
  policy              text,
  approver_member_id  uuid,
  created_at          timestamptz not null default statement_timestamp(),
  constraint member_group_pkey primary key (id),
  constraint member_group_account_id_id_key unique (account_id, id),
  constraint member_group_account_id_name_key unique (account_id, name),
  constraint member_group_account_id_fkey foreign key (account_id)
    references team.account (id) on delete cascade,
  constraint member_group_approver_fkey
    foreign key (account_id, approver_member_id)
    references team.member (account_id, id)
    on delete set null (approver_member_id),
  constraint member_group_policy_check check (
    char_length(policy) <= 200 and policy !~ '[\x01-\x1f\x7f]')
);

create index member_group_approver_idx
  on team.member_group (approver_member_id)
  where approver_member_id is not null;

comment on column team.member_group.policy is
  'What the application reads: the name of a policy of its own.';

create table team.group_member (
  group_id    uuid not null,
  member_id   uuid not null,
  account_id  uuid not null,
  constraint group_member_pkey primary key (group_id, member_id),
  constraint group_member_group_fkey foreign key (account_id, group_id)
    references team.member_group (account_id, id) on delete cascade,
  constraint group_member_member_fkey foreign key (account_id, member_id)
    references team.member (account_id, id) on delete cascade
);

create index group_member_member_id_idx on team.group_member (member_id);


-- --- invitations -------------------------------------------------------------

create domain team.invitation_status as text collate "C"
  constraint invitation_status_check check (
    value in ('pending', 'accepted', 'declined', 'withdrawn'));

create table team.invitation (
  id                  uuid not null default team.uuid_v7(),
  account_id          uuid not null,
  email               team.email not null,
  name                team.display_name,
  locale              team.locale,
  status              team.invitation_status not null default 'pending',
  inviter_account_id  uuid not null,
  inviter_member_id   uuid not null,
  created_at          timestamptz not null default statement_timestamp(),
  sent_at             timestamptz,
  expires_at          timestamptz not null,
  decided_at          timestamptz,
  accepted_member_id  uuid,
  constraint invitation_pkey primary key (id),
  constraint invitation_account_id_id_key unique (account_id, id),
  constraint invitation_account_id_fkey foreign key (account_id)
    references team.account (id) on delete cascade,
  constraint invitation_decided_check check (
    (status = 'pending') = (decided_at is null))
);

create unique index invitation_pending_key
  on team.invitation (account_id, email) where status = 'pending';
create index invitation_email_idx
  on team.invitation (email) where status = 'pending';

comment on table team.invitation is
  'An emailed offer. "expired" is not stored: it is pending with expires_at '
  'past. Who invited is named by id without a foreign key: their standing is '
  'looked up again at acceptance.';

-- account_id is here so that role and invitation are of one account

create table team.invitation_role (
  invitation_id  uuid not null,
  role_id        uuid not null,
  account_id     uuid not null,
  constraint invitation_role_pkey primary key (invitation_id, role_id),
  constraint invitation_role_invitation_fkey
    foreign key (account_id, invitation_id)
    references team.invitation (account_id, id) on delete cascade,
  constraint invitation_role_role_fkey foreign key (account_id, role_id)
    references team.role (account_id, id) on delete cascade
);

create index invitation_role_role_id_idx on team.invitation_role (role_id);

create table team.invitation_permission (
  invitation_id  uuid not null,
  permission     team.permission_name not null,
  constraint invitation_permission_pkey primary key (invitation_id, permission),
  constraint invitation_permission_invitation_id_fkey
    foreign key (invitation_id)
    references team.invitation (id) on delete cascade,
  constraint invitation_permission_permission_fkey foreign key (permission)
    references team.permission (name)
);

create table team.invitation_group (
  invitation_id  uuid not null,
  group_id       uuid not null,
  account_id     uuid not null,
  constraint invitation_group_pkey primary key (invitation_id, group_id),
  constraint invitation_group_invitation_fkey
    foreign key (account_id, invitation_id)
    references team.invitation (account_id, id) on delete cascade,
  constraint invitation_group_group_fkey foreign key (account_id, group_id)
    references team.member_group (account_id, id) on delete cascade
);

create table team.invitation_token (
  token_hash     bytea not null,
  invitation_id  uuid not null,
  created_at     timestamptz not null default statement_timestamp(),
  constraint invitation_token_pkey primary key (token_hash),
  constraint invitation_token_invitation_id_fkey foreign key (invitation_id)
    references team.invitation (id) on delete cascade,
  constraint invitation_token_hash_check check (octet_length(token_hash) = 32)
);

create index invitation_token_invitation_id_idx
  on team.invitation_token (invitation_id);

comment on table team.invitation_token is
  'SHA-256 of the 256 random bits that a mail carries; the token itself is '
  'made when the mail is, and kept nowhere. A mail sent twice by accident '
  'leaves two that both work; a resend makes all earlier ones void.';


-- --- links and join requests -------------------------------------------------

create table team.invite_link (
  id               uuid not null default team.uuid_v7(),
  account_id       uuid not null,
  code_hash        bytea not null,
  role_id          uuid,
  created_by       uuid not null,
  created_at       timestamptz not null default statement_timestamp(),
  expires_at       timestamptz not null,
  max_uses         integer,
  uses             integer not null default 0,
  domains          text[] collate "C",
  revoked_at       timestamptz,
  constraint invite_link_pkey primary key (id),
  constraint invite_link_account_id_id_key unique (account_id, id),
  constraint invite_link_code_hash_key unique (code_hash),
  constraint invite_link_account_id_fkey foreign key (account_id)
    references team.account (id) on delete cascade,
  constraint invite_link_role_fkey foreign key (account_id, role_id)
    references team.role (account_id, id) on delete cascade,
  constraint invite_link_uses_check check (
    uses >= 0 and (max_uses is null or (max_uses >= 1 and uses <= max_uses)))
);

create domain team.join_status as text collate "C"
  constraint join_status_check check (
    value in ('pending', 'approved', 'rejected'));

-- A join request comes with a member of status pending; rejecting deletes that
-- member, and the request tells what became of it.

create table team.join_request (
  id           uuid not null default team.uuid_v7(),
  account_id   uuid not null,
  member_id    uuid,
  identity_id  uuid not null,
  link_id      uuid not null,
  status       team.join_status not null default 'pending',
  created_at   timestamptz not null default statement_timestamp(),
  decided_at   timestamptz,
  decided_by   uuid,
  constraint join_request_pkey primary key (id),
  constraint join_request_account_id_id_key unique (account_id, id),
  constraint join_request_account_id_fkey foreign key (account_id)
    references team.account (id) on delete cascade,
  constraint join_request_member_fkey foreign key (account_id, member_id)
    references team.member (account_id, id) on delete set null (member_id),
  constraint join_request_identity_id_fkey foreign key (identity_id)
    references team.identity (id) on delete cascade,
  constraint join_request_decided_check check (
    (status = 'pending') = (decided_at is null))
);

create unique index join_request_pending_key
  on team.join_request (account_id, identity_id) where status = 'pending';
create index join_request_member_id_idx on team.join_request (member_id);


-- --- ownership transfers -----------------------------------------------------

create domain team.transfer_status as text collate "C"
  constraint transfer_status_check check (
    value in ('pending', 'completed', 'declined', 'cancelled'));

create table team.ownership_transfer (
  id              uuid not null default team.uuid_v7(),
  account_id      uuid not null,
  from_member_id  uuid not null,
  to_member_id    uuid not null,
  status          team.transfer_status not null,
  created_at      timestamptz not null default statement_timestamp(),
  decided_at      timestamptz,
  constraint ownership_transfer_pkey primary key (id),
  constraint ownership_transfer_account_id_fkey foreign key (account_id)
    references team.account (id) on delete cascade,
  constraint ownership_transfer_self_check check (
    from_member_id <> to_member_id),
  constraint ownership_transfer_decided_check check (
    (status = 'pending') = (decided_at is null))
);

create unique index ownership_transfer_pending_key
  on team.ownership_transfer (account_id) where status = 'pending';

comment on table team.ownership_transfer is
  'Members are named by id without foreign keys: a pending transfer whose '
  'members are no longer what they were can''t be accepted.';


-- --- deliveries, repeats, quotas ---------------------------------------------

create domain team.outbox_status as text collate "C"
  constraint outbox_status_check check (value in ('pending', 'sent', 'dead'));

create table team.outbox (
  id            uuid not null default team.uuid_v7(),
  account_id    uuid not null,
  kind          text collate "C" not null,
  payload       jsonb not null default '{}',
  status        team.outbox_status not null default 'pending',
  attempts      integer not null default 0,
  created_at    timestamptz not null default statement_timestamp(),
  available_at  timestamptz not null default statement_timestamp(),
  sent_at       timestamptz,
  error         text,
  constraint outbox_pkey primary key (id),
  constraint outbox_account_id_fkey foreign key (account_id)
    references team.account (id) on delete cascade
);

-- mail waits for nothing but its time, however many events there are

create index outbox_mail_idx
  on team.outbox (available_at)
  where status = 'pending' and kind = 'invitation.mail';
create index outbox_event_idx
  on team.outbox (created_at) where kind <> 'invitation.mail';
create index outbox_invitation_idx
  on team.outbox ((payload ->> 'invitation')) where kind = 'invitation.mail';

comment on table team.outbox is
  'What is to be delivered, written in the transaction of what it tells of: '
  'mail (kind invitation.mail), and an event for each audit event that says '
  '"done", under the same id, with its action as kind. Payloads name things by '
  'id and never hold a token. Events are pruned after 7 days.';

create table team.idempotency_key (
  issuer      text collate "C" not null,
  subject     text collate "C" not null,
  scope       uuid not null,
  key         text collate "C" not null,
  request     bytea not null,
  created_at  timestamptz not null default statement_timestamp(),
  reply       team_api.reply,
  constraint idempotency_key_pkey primary key (issuer, subject, scope, key),
  constraint idempotency_key_key_check check (
    octet_length(key) between 1 and 255)
);

create index idempotency_key_created_at_idx
  on team.idempotency_key (created_at);

comment on table team.idempotency_key is
  'Answers to POST requests, kept for 24 hours. scope: the account''s id, or '
  'the nil id where there is none.';

create table team.quota_use (
  account_id  uuid not null,
  kind        text collate "C" not null,
  starts_at   timestamptz not null,
  n           integer not null,
  constraint quota_use_pkey primary key (account_id, kind, starts_at),
  constraint quota_use_account_id_fkey foreign key (account_id)
    references team.account (id) on delete cascade
);

comment on table team.quota_use is
  'How much of a quota a window of time has seen; windows begin at the hour '
  'or the day.';


-- --- invitations, continued ---------------------------------------------------

alter table team.invitation_token
  add column void  boolean not null default false;

comment on column team.invitation_token.void is
  'A later mail has replaced the one that carries it.';

create index invitation_declined_idx
  on team.invitation (account_id, email) where status = 'declined';


-- --- what deleting a role or a group, and listing transfers, look up -----------

create index invitation_role_role_idx
  on team.invitation_role (account_id, role_id);
create index invitation_group_group_idx
  on team.invitation_group (account_id, group_id);
create index ownership_transfer_account_id_idx
  on team.ownership_transfer (account_id, id);

create index invitation_open_idx
  on team.invitation (account_id, id) where status in ('pending', 'declined');
