-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- The directory: members, invitations and requests to join as one list, kept in
-- the form in which it is searched and sorted.

insert into team.migration (number, name) values (3, 'directory');


-- What an entry can be found by when reading the list in its order would take
-- too long: every three characters of its text that follow one another, its
-- kind, its status, its roles and its groups, as numbers.
--
-- The text is the name and the email, each with a line break behind it.  The
-- break counts as a third character; where the third is none of
-- team.directory_letters(), the two before it have a number of their own.  So
-- whoever looks for two characters asks for them with each of the letters
-- behind, and for the two: half as many numbers as if all twos had one.
--
-- The first three of a name, and of an email, have other numbers than those
-- inside (team.directory_sort): sorted by name, those whose name begins with
-- what is looked for are met in the list's order, and only the others are asked
-- of the index.
--
-- An index is made of it: it is never to be changed, only to be replaced by
-- another one with another index.

create function team.directory_letters()
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return E'abcdefghijklmnopqrstuvwxyz0123456789 .,-_@+\'\n';
end
$$;


-- Numbers are different in 256 sorts of accounts, so that a small account's
-- search seldom meets a large one's entries, and a million small ones still
-- share theirs.  p_place: 0 within a name or an email, 1 where a name begins, 2
-- where an email does.

create function team.directory_sort(p_account uuid, p_place integer)
returns bigint
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (uuid_hash_extended(p_account, 0) & 255) + 1000 * p_place;
end
$$;


create function team.directory_keys(p_account uuid, p_kind text, p_status text,
  p_search text, p_roles uuid[], p_groups uuid[])
returns bigint[]
language plpgsql
immutable
parallel safe
cost 1000
set search_path = pg_catalog, pg_temp
as $$
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


create domain team.directory_kind as text collate "C"
  constraint directory_kind_check check (
    value in ('member', 'invitation', 'join_request'));

create domain team.directory_status as text collate "C"
  constraint directory_status_check check (
    value in ('pending', 'active', 'suspended', 'declined'));

create table team.directory (
  id               uuid not null,
  account_id       uuid not null,
  created_at       timestamptz not null,
  joined_at        timestamptz not null,
  status           team.directory_status not null,
  kind             team.directory_kind not null,
  search           text collate "C" not null,
  roles            uuid[] not null,
  groups           uuid[] not null,
  name_key         text collate "C" not null,
  email            text collate "C" not null,
  name             team.display_name,
  expires_at       timestamptz,
  identity_id      uuid,
  join_request_id  uuid,
  inviter_id       uuid,
  few_roles        uuid[],
  constraint directory_pkey primary key (id),
  constraint directory_account_id_fkey foreign key (account_id)
    references team.account (id) on delete cascade
);

comment on table team.directory is
  'One row for each member and each open invitation, with the id of the one or '
  'the other; a member who waits to be let in is a join request. Kept by '
  'triggers, when a transaction commits; never to be written by hand. '
  'joined_at: infinity for who has not. search: name, line break, email, in '
  'lower case; name_key: as much of the name as fits into a cursor. What a '
  'search looks at comes first, as it costs least there. few_roles: roles, or '
  'null where they are more than eight.';

-- By time the rows lie as they came, by name and email anywhere: there the index
-- holds what a search looks at.  Only as much of it as fits into an index: some
-- 1,500 bytes at most of the 2,700 that it may be.

create index directory_created_at_idx
  on team.directory (account_id, created_at, id);
create index directory_joined_at_idx
  on team.directory (account_id, joined_at, id);
create index directory_name_idx
  on team.directory (account_id, name_key, id)
  include (search, few_roles, kind, status, expires_at);
create index directory_email_idx
  on team.directory (account_id, email, id)
  include (search, few_roles, kind, status, expires_at);

-- New entries wait in a list, of 64 kB at most, which every search reads: some
-- 0.1 ms of it, and a tenth of what an invitation costs saved.  Statistics of
-- the numbers would be of use to nobody.

create index directory_keys_idx on team.directory
 using gin (team.directory_keys(account_id, kind, status, search, roles,
                                groups))
  with (gin_pending_list_limit = 64);

alter index team.directory_keys_idx
  alter column 1 set statistics 0;


-- The audit log by time, and of one person or thing.

drop index team.audit_event_account_id_idx;

create index audit_event_account_id_at_idx
  on team.audit_event (account_id, at, id);
create index audit_event_target_id_idx
  on team.audit_event (account_id, target_id, at, id);
create index audit_event_actor_idx
  on team.audit_event (account_id, actor_member_id, at, id);
