-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Who must forget what: triggers write team.change and wake the listeners, so
-- that a change made by hand counts as much as one made by a function.
--
-- One row for each person or account in a statement, however many rows it
-- touched.  The triggers run as their owner: whoever may write a table needs
-- no right on team.change.


create or replace function team.change_notify()
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_notify('team_change', '');
end
$$;


-- truncate, and whatever has no narrower answer

create or replace function team.change_everything()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
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


-- An account under a new slug or with a new status can change the answer for
-- people who did not name it, or named it by a slug that was nobody's: no list
-- of persons covers those.  A deleted one's members are told one by one.

create or replace function team.change_account()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
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


create or replace function team.change_identity()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
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


-- Of a member whose identity went in the same statement, the identity's own
-- trigger tells.

create or replace function team.change_member()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
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


-- member_role and member_permission: both have a member_id.

create or replace function team.change_member_part()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
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


-- A role's key is in grants, its name and rank are not.  A new role has no
-- holders yet.

create or replace function team.change_role()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
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


-- Keeps role.permission_list as well.  The lock first, and in a statement of
-- its own, so that two who change one role at once each see the other's rows.

create or replace function team.change_role_permission()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
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


-- A trigger with transition tables takes one event, so there are many.

do $$
declare
  v_table   text;
  v_fn      text;
  v_events  text[];
  v_event   text;
  v_tables  text;
begin
  for v_table, v_fn, v_events in
    values ('account', 'change_account', array['update', 'delete']),
           ('identity', 'change_identity', array['update', 'delete']),
           ('member', 'change_member', array['insert', 'update', 'delete']),
           ('member_role', 'change_member_part',
            array['insert', 'update', 'delete']),
           ('member_permission', 'change_member_part',
            array['insert', 'update', 'delete']),
           ('role', 'change_role', array['update', 'delete']),
           ('role_permission', 'change_role_permission',
            array['insert', 'update', 'delete'])
  loop
    foreach v_event in array v_events loop
      v_tables := case v_event
                    when 'insert' then 'new table as new_row'
                    when 'delete' then 'old table as old_row'
                    else 'old table as old_row new table as new_row'
                  end;
      execute format('create or replace trigger %I after %s on team.%I '
                     'referencing %s for each statement '
                     'execute function team.%I()',
                     'change_' || v_event, v_event, v_table, v_tables, v_fn);
    end loop;

    execute format('create or replace trigger change_truncate '
                   'after truncate on team.%I for each statement '
                   'execute function team.change_everything()', v_table);
  end loop;
end $$;


-- What has changed since an earlier answer: p_snapshot is the text that came
-- in its first row.  The first row here: the present one, three nulls.  Then
-- what has become visible since; so a transaction that was under way then and
-- has committed now is told, and nothing is told twice.
--
-- Where that can't be known, one row says "everything": rows that this reader
-- has not seen are pruned, or the snapshot is of a later time than ours.
-- Transaction ids from the future came with a dump from elsewhere and mean
-- nothing here.
--
-- A snapshot is good for the connection that it was read on: a server that
-- crashed or failed over may use transaction ids again.

create or replace function team_api.changes_since(p_snapshot text)
returns table (snapshot text, issuer text, subject text, account_id text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
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


-- Deletes what no reader still asks for: changes, at most 1000, and as many
-- events of the outbox and logins of strangers; returns how many of the kind
-- that had most of them.
-- One at a time: who finds another at it has nothing to do.  Rows of
-- transactions that are not older than every running one stay, so that the
-- floor never passes a snapshot that is taken later.

create or replace function team_api.changes_prune()
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
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
