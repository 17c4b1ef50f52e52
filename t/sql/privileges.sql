-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- The story: somebody has stolen nginx's database password.  They must reach
-- the functions of team_api and not one row besides.

\set ON_ERROR_STOP on
begin;
select plan(30);

create temporary view ours as
select c.oid, c.relname, c.relkind
  from pg_class c
 where c.relnamespace in ('team'::regnamespace, 'team_api'::regnamespace);

select is_empty($$
  select relname from ours
   where relkind in ('r', 'v', 'm', 'p', 'f')
     and (has_table_privilege('team_gateway', oid, 'select')
          or has_table_privilege('team_gateway', oid, 'insert')
          or has_table_privilege('team_gateway', oid, 'update')
          or has_table_privilege('team_gateway', oid, 'delete')
          or has_table_privilege('team_gateway', oid, 'truncate')
          or has_table_privilege('team_gateway', oid, 'references')
          or has_table_privilege('team_gateway', oid, 'trigger')
          or has_any_column_privilege('team_gateway', oid,
                                      'select, insert, update, references'))
$$, 'the gateway has no right on a table or view');

select is_empty($$
  select relname from ours
   where case relkind
           when 'S' then has_sequence_privilege('team_gateway', oid,
                                                'usage, select, update')
         end
$$, 'nor on a sequence');

select is_empty($$
  select p.oid::regprocedure from pg_proc p
   where p.pronamespace = 'team'::regnamespace
     and has_function_privilege('team_gateway', p.oid, 'execute')
$$, 'nor to execute a function of team');

select is_empty($$
  select p.oid::regprocedure from pg_proc p
   where p.pronamespace = 'team_api'::regnamespace
     and not has_function_privilege('team_gateway', p.oid, 'execute')
$$, 'it may execute every function of team_api');

-- apart from PostgreSQL's own, what this test brings along, and extensions

select is_empty($$
  select p.oid::regprocedure
    from pg_proc p
   where p.pronamespace not in ('pg_catalog'::regnamespace,
                                'information_schema'::regnamespace,
                                'team_api'::regnamespace, 't'::regnamespace,
                                pg_my_temp_schema())
     and not exists (select from pg_depend d
                      where d.classid = 'pg_proc'::regclass
                        and d.objid = p.oid and d.deptype = 'e')
     and has_function_privilege('team_gateway', p.oid, 'execute')
$$, 'and no function of another schema');

select is_empty($$
  select p.oid::regprocedure
    from pg_proc p
   where p.pronamespace = 'pg_catalog'::regnamespace
     and p.proname in ('pg_read_file', 'pg_read_binary_file', 'pg_ls_dir',
                       'pg_stat_file', 'lo_import', 'lo_export', 'pg_file_write',
                       'pg_reload_conf', 'pg_rotate_logfile', 'pg_promote',
                       'pg_switch_wal', 'pg_create_restore_point')
     and has_function_privilege('team_gateway', p.oid, 'execute')
$$, 'nor one of PostgreSQL''s that reaches the server');

-- a table's row type comes with the table, and is out of sight in team

select results_eq($$
  select t.oid::regtype::text from pg_type t
   where not exists (select from pg_class c
                      where c.oid = t.typrelid and c.relkind <> 'c')
     and t.typnamespace in ('team'::regnamespace, 'team_api'::regnamespace)
     and t.typelem = 0
     and has_type_privilege('team_gateway', t.oid, 'usage')
$$, array['team_api.reply'], 'nor use of a type but that of answers');

select is_empty($$
  select c.oid::regclass::text || ' ' || x.privilege_type
    from pg_class c, aclexplode(c.relacl) x
   where c.relnamespace in ('team'::regnamespace, 'team_api'::regnamespace)
     and x.grantee <> c.relowner
  union all
  select n.nspname || ' ' || x.privilege_type
    from pg_namespace n, aclexplode(n.nspacl) x
   where n.nspname in ('team', 'team_api')
     and x.grantee <> n.nspowner
     and (x.grantee, n.nspname::text, x.privilege_type)
         <> ('team_gateway'::regrole, 'team_api', 'USAGE')
  union all
  select t.oid::regtype::text || ' ' || x.privilege_type
    from pg_type t,
         aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) x
   where t.typnamespace in ('team'::regnamespace, 'team_api'::regnamespace)
     and t.typelem = 0
     and not exists (select from pg_class c
                      where c.oid = t.typrelid and c.relkind <> 'c')
     and x.grantee <> t.typowner
     and (x.grantee, t.typname::text)
         <> ('team_gateway'::regrole, 'reply')
$$, 'nobody has another right on a table, a schema or a type');

select is_empty($$
  select p.oid::regprocedure
    from pg_proc p
    cross join lateral aclexplode(coalesce(p.proacl,
                                           acldefault('f', p.proowner))) x
   where p.pronamespace in ('team'::regnamespace, 'team_api'::regnamespace)
     and (x.grantee = 0
          or x.grantee not in (p.proowner, 'team_gateway'::regrole))
$$, 'nobody else may execute anything');

select is_empty($$
  select p.oid::regprocedure from pg_proc p
   where p.pronamespace = 'team_api'::regnamespace
     and not (p.prosecdef
              and p.proconfig @> array['search_path=pg_catalog, pg_temp'])
$$, 'all of team_api is security definer with a search_path of its own');

select is_empty($$
  select p.oid::regprocedure from pg_proc p
   where p.pronamespace = 'team'::regnamespace
     and p.proname not in ('email_normal', 'name_normal', 'time_text')
     and not coalesce(p.proconfig @> array['search_path=pg_catalog, pg_temp'],
                      false)
$$, 'the rest has the search_path too');

select is_empty($$
  select p.oid::regprocedure from pg_proc p
   where p.pronamespace = 'team'::regnamespace
     and p.prosecdef
     and p.prorettype <> 'trigger'::regtype
$$, 'outside team_api only triggers are security definer');

select is_empty($$
  select oid::regclass::text from pg_class
   where relowner = 'team_gateway'::regrole
  union all
  select oid::regprocedure::text from pg_proc
   where proowner = 'team_gateway'::regrole
  union all
  select nspname from pg_namespace where nspowner = 'team_gateway'::regrole
$$, 'the gateway owns nothing');

select is_empty($$
  select oid::regclass::text from pg_class
   where relnamespace in ('team'::regnamespace, 'team_api'::regnamespace)
     and relowner <> 'team_owner'::regrole
  union all
  select oid::regprocedure::text from pg_proc
   where pronamespace in ('team'::regnamespace, 'team_api'::regnamespace)
     and proowner <> 'team_owner'::regrole
  union all
  select oid::regtype::text from pg_type
   where typnamespace in ('team'::regnamespace, 'team_api'::regnamespace)
     and typowner <> 'team_owner'::regrole
$$, 'everything is team_owner''s');

select is_empty($$
  select n.nspname from pg_namespace n
   where has_schema_privilege('team_gateway', n.oid, 'create')
$$, 'the gateway can create nothing in any schema');

select ok(not has_schema_privilege('team_gateway', 'team', 'usage'),
          'it doesn''t even see into team');
select ok(not has_database_privilege('team_gateway', current_database(),
                                     'create'),
          'no schemas');
select ok(not has_database_privilege('team_gateway', current_database(),
                                     'temporary'),
          'no temporary tables');
select is_empty($$
  select 1 from pg_auth_members
   where member = 'team_gateway'::regrole or roleid = 'team_gateway'::regrole
$$, 'it is a member of no role, and no role of it');
select is(
  (select (r.rolcanlogin, r.rolsuper, r.rolcreaterole, r.rolcreatedb,
           r.rolreplication, r.rolbypassrls)::text
     from pg_roles r where r.rolname = 'team_gateway'),
  '(t,f,f,f,f,f)', 'it logs in and that is all');
select is(
  (select (r.rolcanlogin, r.rolsuper)::text
     from pg_roles r where r.rolname = 'team_owner'),
  '(f,f)', 'the owner does not log in');

select throws_ok($$
  set local role team_gateway;
  select * from team.member
$$, '42501', 'permission denied for schema team', 'a table can not be read');
select throws_ok($$
  set local role team_gateway;
  select team.member_add('acme', 'i', 'thief', null, null, 'owner')
$$, '42501', 'permission denied for schema team', 'nor owners be made');


-- The audit log is append only, for everybody.

select t.try('member_suspend', 'olga', 'acme', t.m('acme', 'acme-member'));
select isnt(t.audits(), 0::bigint, 'there is something in the audit log');
select throws_ok('update team.audit_event set action = ''x''', '42501',
                 'audit events are never changed or deleted',
                 'a superuser can''t update it');
select throws_ok('delete from team.audit_event', '42501',
                 'audit events are never changed or deleted', 'nor delete');
select throws_ok('truncate team.audit_event', '42501',
                 'audit events are never changed or deleted', 'nor truncate');
select throws_ok($$
  set local role team_gateway;
  delete from team.audit_event
$$, '42501', 'permission denied for schema team', 'the gateway less than that');

-- Nor is what keeps it so in anybody's hands.

select is(
  (select array_agg(t.tgname || ' ' || t.tgenabled::text order by t.tgname)
     from pg_trigger t
    where t.tgrelid = 'team.audit_event'::regclass
      and t.tgname like 'audit\_keep%'),
  '{"audit_keep_row O","audit_keep_truncate O"}', 'both triggers are there');


-- What the gateway's sessions run under.

select is(
  (select array_agg(split_part(c, '=', 1) order by c)
     from pg_db_role_setting s, unnest(s.setconfig) c
    where s.setrole = 'team_gateway'::regrole and s.setdatabase = 0),
  '{default_transaction_isolation,enable_hashjoin,enable_mergejoin,idle_in_transaction_session_timeout,jit,lock_timeout,log_parameter_max_length,log_parameter_max_length_on_error,max_parallel_workers_per_gather,plan_cache_mode,random_page_cost,search_path,statement_timeout}',
  'the settings of its sessions');

select * from finish();
rollback;
