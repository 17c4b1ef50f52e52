-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- The directory's rows: how team.directory is kept.


-- What team.directory has to say of members and of invitations, column by
-- column.

create or replace view team.directory_member as
select m.id,
       m.account_id,
       m.created_at,
       coalesce(m.joined_at, 'infinity') as joined_at,
       m.status::text as status,
       case when j.id is null then 'member' else 'join_request' end as kind,
       n.name_lower || E'\n' || coalesce(i.email, '') as search,
       r.roles,
       array(select gm.group_id
               from team.group_member gm
              where gm.member_id = m.id
              order by gm.group_id) as groups,
       left(n.name_lower, 64) as name_key,
       coalesce(i.email, '') as email,
       coalesce(m.name, i.name) as name,
       null::timestamptz as expires_at,
       m.identity_id,
       j.id as join_request_id,
       m.invited_by as inviter_id,
       case when cardinality(r.roles) <= 8 then r.roles end as few_roles
  from team.member m
  join team.identity i on i.id = m.identity_id
  left join team.join_request j
    on j.member_id = m.id
   and j.status = 'pending'
 cross join lateral (
    select coalesce(team.name_normal(coalesce(m.name, i.name)), '')
    offset 0
  ) n (name_lower)
 cross join lateral (
    select array(select mr.role_id
                   from team.member_role mr
                  where mr.member_id = m.id
                  order by mr.role_id)
    offset 0
  ) r (roles);

create or replace view team.directory_invitation as
select i.id,
       i.account_id,
       i.created_at,
       'infinity'::timestamptz as joined_at,
       i.status::text as status,
       'invitation' as kind,
       n.name_lower || E'\n' || i.email as search,
       r.roles,
       array(select ig.group_id
               from team.invitation_group ig
              where ig.invitation_id = i.id
              order by ig.group_id) as groups,
       left(n.name_lower, 64) as name_key,
       i.email::text as email,
       i.name,
       i.expires_at,
       null::uuid as identity_id,
       null::uuid as join_request_id,
       i.inviter_member_id as inviter_id,
       case when cardinality(r.roles) <= 8 then r.roles end as few_roles
  from team.invitation i
 cross join lateral (
    select coalesce(team.name_normal(i.name), '')
    offset 0
  ) n (name_lower)
 cross join lateral (
    select array(select ir.role_id
                   from team.invitation_role ir
                  where ir.invitation_id = i.id
                  order by ir.role_id)
    offset 0
  ) r (roles)
 where i.status in ('pending', 'declined');

create or replace view team.directory_source as
select *
  from team.directory_member
 union all
select *
  from team.directory_invitation;


-- Brings a row up to date.  The locks first, and in statements of their own, so
-- that of two who change parts of one person the second sees what the first
-- has done: the identity's against who is renaming it now, then the row's.
-- p_member: it is a member's, not an invitation's; p_identity: whose, or null.

create or replace function team.directory_put(p_id uuid, p_member boolean,
  p_identity uuid)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
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


-- Everything anew: after rows were loaded with triggers disabled.

create or replace function team.directory_build()
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
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


-- What a row of one of the tables belongs to: members, or an invitation.  The
-- triggers run as their owner: whoever may write a table needs no right on
-- team.directory.

create or replace function team.directory_follow()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
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


create or replace function team.directory_everything()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform team.directory_build();
  return null;
end
$$;


-- When the transaction commits: what it writes to several tables is then one
-- row here, and the first event to find it does the work for all.  Only where
-- they are missing, since there is no "or replace" for constraint triggers.

do $$
declare
  v_table  text;
  v_event  text;
  v_when   text;
begin
  for v_table, v_event, v_when in
    values ('member', 'insert or delete', ''),
           ('member', 'update', 'when (old is distinct from new)'),
           ('member_role', 'insert or delete or update', ''),
           ('group_member', 'insert or delete or update', ''),
           ('join_request', 'insert or delete or update', ''),
           ('identity', 'update',
            'when ((old.name, old.email) is distinct from '
            '(new.name, new.email))'),
           ('invitation', 'insert or delete', ''),
           ('invitation', 'update', 'when (old is distinct from new)'),
           ('invitation_role', 'insert or delete or update', ''),
           ('invitation_group', 'insert or delete or update', '')
  loop
    if not exists (
      select
        from pg_trigger t
       where t.tgrelid = ('team.' || v_table)::regclass
         and t.tgname = 'directory_' || split_part(v_event, ' ', 1))
    then
      execute format('create constraint trigger %I after %s on team.%I '
                     'deferrable initially deferred for each row %s '
                     'execute function team.directory_follow()',
                     'directory_' || split_part(v_event, ' ', 1), v_event,
                     v_table, v_when);
    end if;

    execute format('create or replace trigger directory_truncate '
                   'after truncate on team.%I for each statement '
                   'execute function team.directory_everything()', v_table);
  end loop;

  -- also where names were kept in another form

  if not exists (select from team.directory)
     and exists (select from team.directory_source)
     or exists (select
                  from team.directory d
                 where d.name_key <> left(team.name_normal(d.name_key), 64))
  then
    perform team.directory_build();
  end if;
end $$;
