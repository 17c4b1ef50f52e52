-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Installs or updates ngx_team in the database psql is connected to:
--
--     psql -d team -f sql/install.sql
--
-- As a superuser.  One transaction under one lock: running it again changes
-- nothing, a second deployer waits for the first, a failure leaves the
-- database as it was.

\set ON_ERROR_STOP on

set client_min_messages = warning;
set client_encoding = 'UTF8';

begin;

-- any number will do, as long as it is always the same one
select pg_catalog.pg_advisory_xact_lock(7236832512884108653) \g /dev/null

do $$
begin
  if getdatabaseencoding() <> 'UTF8' then
    raise exception using
      message = 'ngx_team needs a database in UTF-8',
      hint = 'Make it with createdb -E UTF8 -T template0.';
  end if;
end $$;

\ir roles.sql

set local role team_owner;
set local search_path = pg_catalog, pg_temp;

\ir functions/00_base.sql

\ir migrations/0000_migration.sql

select not exists (select from team.migration where number = 1) as pending
\gset
\if :pending
\ir migrations/0001_members.sql
\endif

select not exists (select from team.migration where number = 2) as pending
\gset
\if :pending
\ir migrations/0002_management.sql
\endif

select not exists (select from team.migration where number = 3) as pending
\gset
\if :pending
\ir migrations/0003_directory.sql
\endif

\ir functions/10_views.sql
\ir functions/15_changes.sql
\ir functions/18_who.sql
\ir functions/19_trail.sql
\ir functions/20_rules.sql
\ir functions/21_common.sql
\ir functions/22_joining.sql
\ir functions/30_grant.sql
\ir functions/40_read.sql
\ir functions/50_members.sql
\ir functions/51_member_more.sql
\ir functions/53_invitation_rules.sql
\ir functions/54_acceptance.sql
\ir functions/55_invitations.sql
\ir functions/55_batches.sql
\ir functions/56_links.sql
\ir functions/56_link_joining.sql
\ir functions/56_join_requests.sql
\ir functions/57_transfer_rules.sql
\ir functions/57_transfers.sql
\ir functions/58_roles.sql
\ir functions/59_groups.sql
\ir functions/59_group_members.sql
\ir functions/60_accounts.sql
\ir functions/61_explain.sql
\ir functions/62_policy_rules.sql
\ir functions/62_policy_roles.sql
\ir functions/62_policy.sql
\ir functions/63_account_api.sql
\ir functions/64_subaccounts.sql
\ir functions/68_places.sql
\ir functions/69_directory_rows.sql
\ir functions/70_directory_search.sql
\ir functions/70_directory.sql
\ir functions/71_audit.sql
\ir functions/72_logins.sql

\ir presets/permissions.sql
\ir presets/business.sql
\ir presets/branches.sql
\ir presets/travel.sql
\ir presets/hosting.sql
\ir presets/workspace.sql

\ir privileges.sql

commit;
