-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Reading the audit log.

\set ON_ERROR_STOP on
begin;
select * from no_plan();

-- one event a day in January 2030, most of them of the Admin's

insert into team.audit_event (at, account_id, actor_issuer, actor_subject,
                              actor_member_id, action, target_type, target_id,
                              outcome, code, detail)
select timestamptz '2030-01-01 12:00Z' + (n - 1) * interval '1 day',
       t.a('acme')::uuid, 'https://id.example.com', a.subject,
       t.m('acme', a.subject)::uuid,
       case when n % 2 = 0 then 'member.roles' else 'member.suspend' end,
       'member', t.m('acme', 'acme-member')::uuid,
       case when n = 31 then 'refused' else 'done' end,
       case when n = 31 then 'rank' end,
       jsonb_build_object('day', n)
  from generate_series(1, 31) n,
       lateral (select case when n % 10 = 0 then 'olga' else 'acme-admin' end)
         a (subject);
insert into team.audit_event (at, account_id, action, target_type, target_id,
                              outcome)
select '2030-01-15', t.a('tours')::uuid, 'member.roles', 'member',
       t.m('tours', 'olga')::uuid, 'done';

create function t.log(p_actor text default null, p_action text default null,
  p_target text default null, p_from text default '2030-01-01',
  p_to text default null, p_limit text default '200',
  p_cursor text default null, p_format text default null,
  p_who text default 'acme-admin')
returns team_api.reply
language sql as $$
  select t.reply('audit_list', p_who, 'acme', p_actor, p_action, p_target,
                 p_from, p_to, p_limit, p_cursor, p_format)
$$;

-- the days of a page

create function t.days(p_reply team_api.reply) returns text
language sql as $$
  select coalesce(string_agg(i.item #>> '{detail,day}', ' ' order by i.n), '')
    from jsonb_array_elements(p_reply.body::jsonb -> 'items')
         with ordinality i (item, n)
$$;

select is(t.try('audit_list', 'acme-finance', 'acme', null, null, null, null,
                null, null, null, null),
          'TM403 permission-missing', 'S0.9 not for Finance');
select is(t.try('audit_list', 'stranger', 'acme', null, null, null, null, null,
                null, null, null), 'TM404 not-found', 'nor for strangers');
select is(t.try('audit_list', 'bento-team', 'bento', null, null, null, null,
                null, null, null, null), '200',
          'S1.15 a single permission is enough');

select is(t.days(t.log()),
          (select string_agg(n::text, ' ' order by n desc)
             from generate_series(1, 31) n), 'the latest first');
select is(((t.log(p_limit => '1')).body::jsonb #> '{items,0}')
            - 'id',
          jsonb_build_object(
            'at', '2030-01-31T12:00:00.000Z',
            'actor', jsonb_build_object(
              'member', t.m('acme', 'acme-admin'),
              'issuer', 'https://id.example.com', 'subject', 'acme-admin',
              'name', 'Adam Admin'),
            'action', 'member.suspend',
            'target', jsonb_build_object(
              'type', 'member', 'id', t.m('acme', 'acme-member'),
              'name', 'Mia Member'),
            'outcome', 'refused', 'code', 'rank',
            'detail', '{"day": 31}'::jsonb),
          'who did what to whom, and what came of it');
select is(t.days(t.log(p_actor => t.m('acme', 'olga'))), '30 20 10',
          'of a member');
select is(t.days(t.log(p_actor => 'olga')), '30 20 10', 'of a subject');
select is(t.days(t.log(p_actor => team.uuid_v7()::text)), '', 'of nobody');
select is(t.days(t.log(p_actor => 'olga', p_action => 'member.suspend')), '',
          'doing something');
select is(t.days(t.log(p_action => 'member.roles', p_to => '2030-01-05')),
          '4 2', 'something done');
select is(t.days(t.log(p_target => t.m('acme', 'acme-member'),
                       p_to => '2030-01-03')), '2 1', 'to somebody');
select is(t.days(t.log(p_target => t.m('acme', 'acme-member'),
                       p_actor => t.m('acme', 'olga'))), '30 20 10',
          'by somebody');
select is(t.days(t.log(p_target => t.m('acme', 'acme-member'),
                       p_actor => 'olga')), '30 20 10', 'by a subject');
select is(t.days(t.log(p_target => t.m('tours', 'olga'))), '',
          'nothing of another account''s');
select is(t.days(t.log(p_target => 'x')), '', 'nothing of nothing');
select is(t.days(t.log(p_from => '2030-01-03T12:00:00Z',
                       p_to => '2030-01-05T12:00:00Z')), '4 3',
          'from a time on and before another');
select is(t.days(t.log(p_from => '2030-01-03T13:00:00.5+02:00',
                       p_to => '2030-01-04')), '3', 'with an offset');

select is(t.try('audit_list', 'olga', 'acme', null, null, null, v.bad, null,
                null, null, null),
          'TM400 bad-time', 'not a time: ' || v.bad)
  from unnest('{yesterday,2030-02-30,2030,infinity,2030-01-01T25:00:00Z,
                2030-01-01 00:00:00,now,10000-01-01}'::text[]) v (bad);
select is(t.try('audit_list', 'olga', 'acme', null, null, null, null, 'x',
                null, null, null), 'TM400 bad-time', 'nor as the end');

-- pages, while there is more to tell

create function t.walk(p_actor text, p_target text) returns text
language plpgsql as $$
declare
  v_reply  team_api.reply;
  v_days   text := '';
begin
  loop
    v_reply := t.log(p_actor => p_actor, p_target => p_target, p_limit => '4',
                     p_cursor => v_reply.cursor);
    v_days := v_days || t.days(v_reply) || ' ';
    exit when v_reply.cursor is null;
    insert into team.audit_event (at, account_id, actor_member_id, action,
                                  target_type, target_id, outcome)
    select '2031-01-01', t.a('acme')::uuid, t.m('acme', 'olga')::uuid, 'x',
           'member', t.m('acme', 'acme-member')::uuid, 'done';
  end loop;

  raise exception using errcode = 'T0000', message = btrim(v_days);
exception
  when sqlstate 'T0000' then
    -- all that was done is undone
    return sqlerrm;
end
$$;
select is(t.walk(null, null), (select string_agg(n::text, ' ' order by n desc)
                                 from generate_series(1, 31) n),
          'page by page, each once');
select is(t.walk(t.m('acme', 'acme-admin'), null),
          (select string_agg(n::text, ' ' order by n desc)
             from generate_series(1, 31) n where n % 10 > 0), 'of a member');
select is(t.walk(null, t.m('acme', 'acme-member')),
          (select string_agg(n::text, ' ' order by n desc)
             from generate_series(1, 31) n), 'about a member');
select is(t.try('audit_list', 'tours-owner', 'tours', null, null, null, null,
                null, null, (t.log(p_limit => '1')).cursor, null),
          'TM400 bad-cursor', 'a cursor of another account');
select is(t.try('audit_list', 'olga', 'acme', null, null, null, null, null,
                null, 'x', null), 'TM400 bad-cursor', 'none at all');

-- For a spreadsheet.  The story: somebody calls themselves =HYPERLINK(...), an
-- administrator opens the log, and their machine does as it says.

update team.identity set name = '=HYPERLINK("http://x","y")'
 where subject = 'acme-admin';
update team.member set name = '+1, or "two"'
 where id = t.m('acme', 'acme-member')::uuid;
select is((t.log(p_from => '2030-01-31', p_to => '2030-02-01',
                 p_format => 'csv')).body,
          E'id,at,actor_member,actor_issuer,actor_subject,actor_name,action,'
          'target_type,target,target_name,outcome,code,detail\r\n'
          || format(E'"%s","2030-01-31T12:00:00.000Z","%s",'
                    '"https://id.example.com","acme-admin",'
                    '"''=HYPERLINK(""http://x"",""y"")","member.suspend",'
                    '"member","%s","''+1, or ""two""","refused","rank",'
                    '"{""day"": 31}"\r\n',
                    (select id from team.audit_event where code = 'rank'
                      and at > '2030-01-01' and at < '2031-01-01'),
                    t.m('acme', 'acme-admin'), t.m('acme', 'acme-member')),
          'CSV: quoted, and a formula is none');
select is(team.csv_cell(v.cell), '"''' || v.cell || '"',
          'not a formula: '
          || encode(convert_to(v.cell, 'UTF8'), 'hex'))
  from unnest(array['=1', '+1', '-1', '@x', E'\t=1', E'\r=1', E'\n=1', ' =1',
                    '|x', '%x', '＝1', '＋1', '－1', '＠x']) v (cell);
select is(team.csv_cell(v.cell), '"' || v.cell || '"',
          'left as it is: '
          || encode(convert_to(v.cell, 'UTF8'), 'hex'))
  from unnest(array['', 'a=1', '1-1', 'ü', 'a@b']) v (cell);
select is(team.csv_cell(null), '""', 'nothing');
select is((t.log(p_action => 'none', p_format => 'csv')).body,
          E'id,at,actor_member,actor_issuer,actor_subject,actor_name,action,'
          'target_type,target,target_name,outcome,code,detail\r\n',
          'no events, only the heading');
select is(length((t.log(p_limit => '1', p_format => 'csv')).cursor), 44,
          'CSV has pages too');

-- the names of those who are gone go, the event stays

delete from team.member where id = t.m('acme', 'acme-member')::uuid;
select is((t.log(p_limit => '1')).body::jsonb #> '{items,0,target,name}',
          'null', 'the name of who is gone');
select is(t.days(t.log(p_limit => '1')), '31', 'is not needed');

select * from finish();
rollback;
