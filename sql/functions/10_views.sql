-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- What several functions ask for, once.


-- Every permission of a member, with repeats: through roles and directly.

create or replace view team.member_right as
select mr.member_id, rp.permission
  from team.member_role mr
  join team.role_permission rp on rp.role_id = mr.role_id
union all
select mp.member_id, mp.permission
  from team.member_permission mp;


-- Who the rules know.  A single owner stands above every role; with several
-- owners, an owner is who holds the account's owner_role.

create or replace view team.member_standing as
select m.account_id,
       m.id as member_id,
       m.identity_id,
       i.issuer::text as issuer,
       i.subject::text as subject,
       m.status::text as status,
       case
         when a.owner_mode = 'single' and a.owner_member_id = m.id then 1000
         else coalesce(r.rank, 0)
       end as rank,
       case a.owner_mode
         when 'single' then a.owner_member_id is not distinct from m.id
         when 'many' then coalesce(r.holds_owner_role, false)
         else false
       end as is_owner
  from team.member m
  join team.account a on a.id = m.account_id
  join team.identity i on i.id = m.identity_id
  left join lateral (
    select max(ro.rank) as rank,
           bool_or(ro.key = a.owner_role) as holds_owner_role
      from team.member_role mr
      join team.role ro on ro.id = mr.role_id
     where mr.member_id = m.id
  ) r on true;


-- A member as JSON, one text for one state of the database.

create or replace view team.member_body as
select m.account_id,
       m.id as member_id,
       json_build_object(
         'id', m.id,
         'account', m.account_id,
         'status', m.status,
         'name', coalesce(m.name, i.name),
         'email', i.email,
         'title', m.title,
         'roles', coalesce(r.roles, '[]'),
         'permissions', coalesce(p.permissions, '[]'),
         'groups', coalesce(g.groups, '[]'),
         'is_owner', case a.owner_mode
                       when 'single'
                         then a.owner_member_id is not distinct from m.id
                       when 'many' then coalesce(r.holds_owner_role, false)
                       else false
                     end,
         'inviter', v.inviter,
         'joined_at', team.time_text(m.joined_at),
         'created_at', team.time_text(m.created_at)
       ) as body
  from team.member m
  join team.account a on a.id = m.account_id
  join team.identity i on i.id = m.identity_id
  left join lateral (
    select json_agg(json_build_object('key', ro.key, 'name', ro.name)
                    order by ro.key) as roles,
           bool_or(ro.key = a.owner_role) as holds_owner_role
      from team.member_role mr
      join team.role ro on ro.id = mr.role_id
     where mr.member_id = m.id
  ) r on true
  left join lateral (
    select json_agg(mp.permission order by mp.permission) as permissions
      from team.member_permission mp
     where mp.member_id = m.id
  ) p on true
  left join lateral (
    select json_agg(json_build_object('id', mg.id, 'name', mg.name)
                    order by mg.name collate "C") as groups
      from team.group_member gm
      join team.member_group mg on mg.id = gm.group_id
     where gm.member_id = m.id
  ) g on true
  left join lateral (
    select json_build_object('id', vm.id,
                             'name', coalesce(vm.name, vi.name),
                             'email', vi.email) as inviter
      from team.member vm
      join team.identity vi on vi.id = vm.identity_id
     where vm.id = m.invited_by
  ) v on true;
