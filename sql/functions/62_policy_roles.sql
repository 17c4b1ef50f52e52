-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- The roles of an account that takes a preset.


-- The preset's roles: those that are missing come, the built-in ones of its
-- keys become what it says.  One that the account has made itself is in the
-- way: left as it is, it would be what the preset's policy gives to people; made
-- into the preset's, its holders would have what nobody gave them.

create or replace function team.policy_roles_switch(p_account uuid,
  p_preset text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
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


-- Built-in roles of an earlier preset go when nobody holds or is offered them.

create or replace function team.policy_roles_prune(p_account uuid,
  p_preset text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
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
