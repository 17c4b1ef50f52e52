-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Nobody has a right that is not named here.

revoke all on schema team, team_api from public;
revoke all on all tables in schema team from public, team_gateway;
revoke all on all functions in schema team, team_api from public;
revoke all on all functions in schema team from team_gateway;

grant usage on schema team_api to team_gateway;
grant execute on all functions in schema team_api to team_gateway;
grant usage on type team_api.reply to team_gateway;

-- the rest needs the one who runs the installation, not team_owner
reset role;

revoke create on schema public from public;

do $$
begin
  execute pg_catalog.format('revoke create, temporary on database %I from public',
                            pg_catalog.current_database());
end $$;
