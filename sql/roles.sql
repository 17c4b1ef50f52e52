-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- The two roles, and the schemas.  Roles belong to the whole cluster, so
-- another database's deployer may create them at the same moment.

do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'team_owner')
  then
    create role team_owner nologin;
  end if;
exception
  when duplicate_object or unique_violation then null;
end $$;

do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'team_gateway')
  then
    create role team_gateway login noinherit;
  end if;
exception
  when duplicate_object or unique_violation then null;
end $$;

-- What nginx's sessions run under.  The functions' statements are shaped for
-- the generic plan: one chosen by the accident of the first five calls has
-- cost twice as much.  They look up a few rows by index, so a nested loop is
-- always right; in the generic plan a merge join can look cheaper and then
-- read the index of an unrelated table from its start.  Every wait ends before
-- nginx has given up for long.  Parameters are not logged, with slow statements
-- or others: tokens of invitations are among them.
-- Only where something differs, since two databases' deployers would collide.

do $$
declare
  v_wanted constant text[] := array[
    'default_transaction_isolation=read committed',
    'enable_hashjoin=off',
    'enable_mergejoin=off',
    'idle_in_transaction_session_timeout=5s',
    'jit=off',
    'lock_timeout=3s',
    'log_parameter_max_length=0',
    'log_parameter_max_length_on_error=0',
    'max_parallel_workers_per_gather=0',
    'plan_cache_mode=force_generic_plan',
    'random_page_cost=1.1',
    'search_path=pg_catalog, pg_temp',
    'statement_timeout=5s'];
  v_have text[];
begin
  select coalesce(s.setconfig, '{}')
    into v_have
    from pg_catalog.pg_roles r
    left join pg_catalog.pg_db_role_setting s
      on s.setrole = r.oid
     and s.setdatabase = 0
   where r.rolname = 'team_gateway';

  if v_have @> v_wanted then
    return;
  end if;

  alter role team_gateway set default_transaction_isolation = 'read committed';
  alter role team_gateway set enable_hashjoin = off;
  alter role team_gateway set enable_mergejoin = off;
  alter role team_gateway set idle_in_transaction_session_timeout = '5s';
  alter role team_gateway set jit = off;
  alter role team_gateway set lock_timeout = '3s';
  alter role team_gateway set log_parameter_max_length = 0;
  alter role team_gateway set log_parameter_max_length_on_error = 0;
  alter role team_gateway set max_parallel_workers_per_gather = 0;
  alter role team_gateway set plan_cache_mode = force_generic_plan;
  alter role team_gateway set random_page_cost = 1.1;
  alter role team_gateway set search_path = pg_catalog, pg_temp;
  alter role team_gateway set statement_timeout = '5s';
end $$;

create schema if not exists team authorization team_owner;
create schema if not exists team_api authorization team_owner;

-- functions are born without rights for everybody
alter default privileges for role team_owner
  revoke execute on functions from public;
alter default privileges for role team_owner
  revoke usage on types from public;
