-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- The story: somebody has nginx's database password, and somebody else, who may
-- create a schema, has put operators, functions and types there for which
-- team_owner's rights would be welcome.  The caller sets the path so that those
-- come first, before the session has ever compiled the function.

\set ON_ERROR_STOP on
set client_min_messages = warning;
begin;
select plan(11);

create schema evil;
grant usage on schema evil to public;

-- operators, functions and types that tell when they are used

create function evil.caught() returns text language plpgsql as $$
begin raise exception 'caught: ran as %', current_user; end $$;

do $$
declare
  v_type  text;
  v_op    text;
begin
  foreach v_type in array array[
    'text,text', 'uuid,uuid', 'integer,integer', 'uuid[],uuid[]',
    'team.identifier,text', 'team.slug,text', 'team.member_status,text',
    'team.account_status,text']
  loop
    execute format('create function evil.boom(%s) returns boolean '
                   'language sql as ''select evil.caught() is null''', v_type);
    foreach v_op in array array['=', '<>', '~', '>', '+'] loop
      execute format('create operator evil.%s (function = evil.boom, '
                     'leftarg = %s, rightarg = %s)', v_op,
                     split_part(v_type, ',', 1), split_part(v_type, ',', 2));
    end loop;
  end loop;
end $$;

create function evil.cardinality(uuid[]) returns integer
  language sql as 'select length(evil.caught())';
create function evil.boom_step(text, text) returns text
  language sql as 'select evil.caught()';
create function evil.boom_step(text, text, text) returns text
  language sql as 'select evil.caught()';
create aggregate evil.string_agg(text, text) (sfunc = evil.boom_step,
                                              stype = text, initcond = '');
create aggregate evil.string_agg(team.role_key, text) (
  sfunc = evil.boom_step, stype = text, initcond = '');
create aggregate evil.string_agg(team.permission_name, text) (
  sfunc = evil.boom_step, stype = text, initcond = '');
create domain evil.uuid as pg_catalog.uuid
  check (evil.caught() is null);
create domain evil.record as text;

create function evil.victim(p text) returns boolean language plpgsql as $$
begin return p = 'x'; end $$;

-- as the thief: the path, then everything the function does

create function pg_temp.under(p_subject text, p_account text) returns text
language plpgsql as $$
declare
  v_text  text;
begin
  perform set_config('search_path', 'evil, pg_catalog', true);
  perform set_config('role', 'team_gateway', true);
  select pg_catalog.concat_ws('|', g.status, g.roles, g.permissions)
    into v_text
    from team_api.grant_get('https://id.example.com', p_subject, p_account) g;
  perform set_config('role', 'none', true);
  perform set_config('search_path', '"$user", public', true);
  return v_text;
end
$$;

create function pg_temp.trap() returns text language plpgsql as $$
begin
  perform set_config('search_path', 'evil, pg_catalog', true);
  perform evil.victim('y');
  return 'nothing happened';
exception
  when others then return sqlerrm;
end
$$;

select is(pg_temp.trap(), 'caught: ran as postgres', 'the trap works');

select is(pg_temp.under('space-staff', 'space'),
          'active|staff|account:read members:read workspace:use', 'by slug');
select is(pg_temp.under('space-staff', t.a('space')),
          'active|staff|account:read members:read workspace:use', 'by id');
select is(pg_temp.under('space-staff', null),
          'active|staff|account:read members:read workspace:use',
          'the only account');
select is(pg_temp.under('olga', ''), 'choice||', 'a choice');
select is(pg_temp.under('bento-team', 'bento'),
          (select 'active|team-admin|'
                  || string_agg(distinct p.permission, ' '
                                order by p.permission)
             from team.member_right p
            where p.member_id = t.m('bento', 'bento-team')::uuid),
          'the union of role and single permissions');
select is(pg_temp.under('acme-suspended', null), 'suspended||', 'suspended');
select is(pg_temp.under('nobody', null), 'none||', 'nobody');
select is(pg_temp.under('nobody', 'acme'), 'none||', 'no member');

-- a function that writes, and the rules below it

create function pg_temp.put() returns text language plpgsql as $$
declare
  v_target  text := t.m('acme', 'acme-member');
  v_status  integer;
begin
  perform set_config('search_path', 'evil, pg_catalog', true);
  perform set_config('role', 'team_gateway', true);
  select r.status
    into v_status
    from team_api.member_roles_put('https://id.example.com', 'olga', null, null,
                                   null, 'acme', v_target, '["finance"]',
                                   '*') r;
  perform set_config('role', 'none', true);
  perform set_config('search_path', '"$user", public', true);
  return v_status;
end
$$;

select is(pg_temp.put(), '200', 'a change of roles');
select is(t.state('acme', 'acme-member'), 'active finance', 'is made');

select * from finish();
rollback;
