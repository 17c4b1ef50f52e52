-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Groups, and who is in them.

\set ON_ERROR_STOP on
begin;
select plan(85);

create function t.gr(p_name text) returns text
language sql stable as $$
  select g.id::text from team.member_group g where g.name = p_name
$$;

create function t.in_group(p_name text) returns text
language sql stable as $$
  select string_agg(i.subject, ',' order by i.subject)
    from team.group_member gm
    join team.member m on m.id = gm.member_id
    join team.identity i on i.id = m.identity_id
   where gm.group_id = t.gr(p_name)::uuid
$$;

create function t.group(p_name text) returns text
language sql stable as $$
  select concat_ws('|', g.name, g.policy, i.subject)
    from team.member_group g
    left join team.member m on m.id = g.approver_member_id
    left join team.identity i on i.id = m.identity_id
   where g.id = t.gr(p_name)::uuid
$$;

create function t.groups() returns bigint
language sql stable as 'select count(*) from team.member_group';

-- --- making ------------------------------------------------------------------

create temporary table made as
select r.* from t.reply('group_post', 'tours-owner', 'tours', ' Sales ',
                        'economy', t.m('tours', 'tours-approver'), 'key-1') r;
select is((select status from made), 201, 'S2.31: a group by department');
select is((select location from made),
          '/v1/accounts/' || t.a('tours') || '/groups/' || t.gr('Sales'),
          'is there');
select is((select body::jsonb - 'created_at' from made),
          jsonb_build_object('id', t.gr('Sales'), 'account', t.a('tours'),
                             'name', 'Sales', 'policy', 'economy',
                             'approver', t.m('tours', 'tours-approver')),
          'S2.15: with a policy and an approver');
select is((select etag from made),
          (t.reply('group_get', 'tours-owner', 'tours', t.gr('Sales'))).etag,
          'with its entity tag');
select is((select concat_ws(' ', action, outcome, target_type,
                            detail ->> 'name')
             from team.audit_event order by id desc limit 1),
          'group.create done group Sales', 'is audited');
select results_eq($$
  select r.status, r.body
    from t.reply('group_post', 'tours-owner', 'tours', ' Sales ', 'economy',
                 t.m('tours', 'tours-approver'), 'key-1') r$$,
  'select status, body from made', 'a repeat has the same answer');
select is(t.groups(), 1::bigint, 'and makes no other');
select is(t.try('group_post', 'tours-owner', 'tours', 'Board', null, null,
                null), '201', 'S2.15: both may be wanting');
select is(t.try('group_post', 'tours-owner', 'tours', 'Sales', null, null,
                null), 'TM409 group-exists', 'a name is there once');
select is(t.try('group_post', 'olga', 'acme', 'Sales', null, null, null),
          '201', 'in each account');
delete from team.member_group where account_id = t.a('acme')::uuid;
select is(t.try('group_post', 'tours-owner', 'tours', ' ', null, null, null),
          'TM422 invalid-name', 'no name');
select is(t.try('group_post', 'tours-owner', 'tours', null, null, null, null),
          'TM422 invalid-name', 'null for a name');
select is(t.try('group_post', 'tours-owner', 'tours', E'a\tb', null, null,
                null), 'TM422 invalid-name', 'a tab in it');
select is(t.try('group_post', 'tours-owner', 'tours', 'x', repeat('x', 201),
                null, null), 'TM422 invalid-policy', 'a policy too long');
select is(t.try('group_post', 'tours-owner', 'tours', 'x', null,
                t.m('acme', 'acme-admin'), null), 'TM422 unknown-approver',
          'an approver of another account');
select is(t.try('group_post', 'tours-owner', 'tours', 'x', null,
                team.uuid_v7()::text, null), 'TM422 unknown-approver',
          'as one who is nobody');
select is(t.try('group_post', 'olga', 'acme', 'x', null,
                t.m('acme', 'acme-suspended'), null),
          'TM422 unknown-approver', 'a suspended one');
select is(t.try('group_post', 'tours-finance', 'tours', 'x', null, null,
                null), 'TM403 permission-missing', 'groups:create is needed');
select is(t.try('group_post', 'acme-admin', 'tours', 'x', null, null, null),
          'TM404 not-found', 'in an account of others');
select is(t.groups(), 2::bigint, 'none of which made a group');

-- --- reading -----------------------------------------------------------------

select is((select string_agg(g ->> 'name', ',' order by n)
             from jsonb_array_elements(t.body('group_list', 'tours-owner',
                                              'tours', null, null) -> 'items')
                  with ordinality x (g, n)), 'Sales,Board', 'S2.31: the list');
create temporary table page as
select t.body('group_list', 'tours-owner', 'tours', '1', null) as body;
select is((select body -> 'items' -> 0 ->> 'name' from page), 'Sales',
          'a page');
select is(t.body('group_list', 'tours-owner', 'tours', '1',
                 (select body ->> 'next_cursor' from page))
            -> 'items' -> 0 ->> 'name', 'Board', 'the next');
select is(t.body('group_list', 'tours-owner', 'tours', '1',
                 team.cursor_make('g', t.a('tours')::uuid,
                                  t.gr('Board')::uuid)) ->> 'next_cursor',
          null, 'the end');
select is(t.try('group_list', 'olga', 'acme', '1',
                (select body ->> 'next_cursor' from page)),
          'TM400 bad-cursor', 'a cursor of another account');
select is(t.try('group_list', 'tours-approver', 'tours', null, null),
          'TM403 permission-missing', 'groups:read is needed');
select is(t.try('group_get', 'tours-approver', 'tours', t.gr('Sales')),
          'TM403 permission-missing', 'for one too');
select is(t.try('group_get', 'olga', 'acme', t.gr('Sales')),
          'TM404 not-found', 'a group of another account');
select is(t.try('group_get', 'tours-owner', 'tours', 'Sales'),
          'TM404 not-found', 'a group has no other name than its id');
select is(t.try('group_get', 'stranger', 'tours', t.gr('Sales')),
          'TM404 not-found', 'a stranger');

-- --- changing ----------------------------------------------------------------

select is(t.try('group_patch', 'tours-owner', 'tours', t.gr('Sales'),
                '{"policy": "business class"}', null), '200',
          'S2.15: another policy');
select is(t.group('Sales'), 'Sales|business class|tours-approver',
          'RFC 7396: the rest stays');
select is((select concat_ws(' ', action, detail -> 'from' ->> 'policy',
                            detail -> 'to' ->> 'policy')
             from team.audit_event order by id desc limit 1),
          'group.update economy business class', 'is audited');
select is(t.try('group_patch', 'tours-owner', 'tours', t.gr('Sales'),
                '{"approver": null, "policy": null}', null), '200',
          'taken away');
select is(t.group('Sales'), 'Sales', 'they are');
select is(t.try('group_patch', 'tours-owner', 'tours', t.gr('Sales'),
                json_build_object('approver',
                                  t.m('tours', 'tours-finance'))::text, null),
          '200', 'another approver');
select is(t.group('Sales'), 'Sales|tours-finance', 'it is');
create temporary table before as select t.audits() as n;
select is(t.try('group_patch', 'tours-owner', 'tours', t.gr('Sales'), '{}',
                null), '200', 'nothing');
select is(t.try('group_patch', 'tours-owner', 'tours', t.gr('Sales'),
                '{"name": "Sales"}', '*'), '200', 'the same');
select is(t.audits(), (select n from before), 'is nothing to note');
select is(t.try('group_patch', 'tours-owner', 'tours', t.gr('Sales'),
                '{"name": "Board"}', null), 'TM409 group-exists',
          'a name that is taken');
select is(t.try('group_patch', 'tours-owner', 'tours', t.gr('Sales'),
                '{"name": null}', null), 'TM422 invalid-name', 'no name');
select is(t.try('group_patch', 'tours-owner', 'tours', t.gr('Sales'),
                '{"approver": 7}', null), 'TM422 invalid-approver',
          'a number for a person');
select is(t.try('group_patch', 'tours-owner', 'tours', t.gr('Sales'),
                json_build_object('approver', t.m('acme', 'olga'))::text,
                null), 'TM422 unknown-approver',
          'an approver of another account');
select is(t.try('group_patch', 'tours-owner', 'tours', t.gr('Sales'),
                '{"account": "x"}', null), 'TM422 unknown-field',
          'what a group hasn''t');
select is(t.try('group_patch', 'tours-owner', 'tours', t.gr('Sales'),
                '{"name": "X"}', '"x"'), 'TM412 precondition-failed',
          'If-Match is honoured');
select is(t.try('group_patch', 'tours-approver', 'tours', t.gr('Sales'),
                '{"name": "X"}', null), 'TM403 permission-missing',
          'groups:update is needed');
select is(t.try('group_patch', 'olga', 'acme', t.gr('Sales'),
                '{"name": "X"}', null), 'TM404 not-found',
          'a group of another account');
select is(t.group('Sales'), 'Sales|tours-finance',
          'none of which changed anything');
update team.member set status = 'suspended'
 where id = t.m('tours', 'tours-finance')::uuid;
select is(t.try('group_patch', 'tours-owner', 'tours', t.gr('Sales'),
                json_build_object('policy', 'x', 'approver',
                                  t.m('tours', 'tours-finance'))::text, null),
          '200', 'an approver who is suspended meanwhile may stay');
select is(t.group('Sales'), 'Sales|x|tours-finance', 'and does');

-- --- members -----------------------------------------------------------------

select is(t.try('group_member_put', 'tours-owner', 'tours', t.gr('Sales'),
                t.m('tours', 'olga')), '204', 'S2.31: put into a group');
select is(t.in_group('Sales'), 'olga', 'is in it');
select is((select concat_ws(' ', action, detail ->> 'name')
             from team.audit_event order by id desc limit 1),
          'group.enter Sales', 'is audited');
select is(t.try('group_member_put', 'tours-owner', 'tours', t.gr('Sales'),
                t.m('tours', 'olga')), '204', 'idempotent');
select is(t.try('group_member_put', 'tours-owner', 'tours', t.gr('Sales'),
                'me'), '204', 'oneself too');
select is(t.in_group('Sales'), 'olga,tours-owner', 'two of them');
select is(t.body('member_get', 'tours-owner', 'tours', t.m('tours', 'olga'))
            -> 'groups',
          jsonb_build_array(jsonb_build_object('id', t.gr('Sales'),
                                               'name', 'Sales')),
          'S2.15: a member''s groups are seen');
select is(t.try('group_member_delete', 'tours-owner', 'tours', t.gr('Sales'),
                'me'), '204', 'taken out');
select is(t.try('group_member_delete', 'tours-owner', 'tours', t.gr('Sales'),
                'me'), '204', 'idempotent');
select is(t.in_group('Sales'), 'olga', 'one is left');
select is((select count(*) from team.audit_event
            where action in ('group.enter', 'group.leave')), 3::bigint,
          'repeats are not audited');
select is(t.try('group_member_put', 'tours-owner', 'tours', t.gr('Sales'),
                t.m('acme', 'acme-admin')), 'TM404 not-found',
          'a member of another account');
select is(t.try('group_member_put', 'tours-owner', 'tours', t.gr('Sales'),
                t.m('acme', 'olga')), 'TM404 not-found',
          'the same person''s membership there');
select is(t.try('group_member_put', 'olga', 'acme', t.gr('Sales'), 'me'),
          'TM404 not-found', 'a group of another account');
select is(t.try('group_member_delete', 'olga', 'acme', t.gr('Sales'),
                t.m('tours', 'olga')), 'TM404 not-found', 'nor out of it');
select is(t.try('group_member_put', 'olga', 'tours', t.gr('Sales'), 'me'),
          'TM403 permission-missing', 'groups:assign is needed');
select is(t.in_group('Sales'), 'olga', 'none of which changed anything');

select is(t.try('member_groups_put', 'tours-owner', 'tours',
                t.m('tours', 'olga'),
                json_build_array(t.gr('Board'))::text, null), '200',
          'S2.31: all of a member''s groups at once');
select is(coalesce(t.in_group('Sales'), '-') || ' ' || t.in_group('Board'),
          '- olga', 'out of one, into the other');
select is((select detail from team.audit_event order by id desc limit 1),
          '{"from": ["Sales"], "to": ["Board"]}', 'is audited');
select is(t.try('member_groups_put', 'tours-owner', 'tours',
                t.m('tours', 'olga'), '["Board"]', null),
          'TM422 unknown-group', 'a name is no id');
select is(t.try('member_groups_put', 'olga', 'acme', 'me',
                json_build_array(t.gr('Board'))::text, null),
          'TM422 unknown-group', 'a group of another account');
select is(t.try('member_groups_put', 'tours-owner', 'tours',
                t.m('tours', 'olga'),
                json_build_array(t.gr('Board'), t.gr('Board'))::text, null),
          'TM422 invalid-groups', 'twice the same');
select is(t.try('member_groups_put', 'tours-owner', 'tours',
                t.m('tours', 'olga'), '"x"', null), 'TM422 invalid-groups',
          'a string');
select is(t.try('member_groups_put', 'tours-owner', 'tours',
                t.m('tours', 'olga'), '[]', '"x"'),
          'TM412 precondition-failed', 'If-Match is honoured');
select is(t.in_group('Board'), 'olga', 'none of which changed anything');
select is(t.try('member_groups_put', 'tours-owner', 'tours',
                t.m('tours', 'olga'), '[]', '*'), '200', 'none at all');

-- --- deleting ----------------------------------------------------------------

select t.try('group_member_put', 'tours-owner', 'tours', t.gr('Sales'), 'me');
select is(t.try('member_remove', 'tours-owner', 'tours',
                t.m('tours', 'tours-finance')), '204', 'an approver leaves');
select is(t.group('Sales'), 'Sales|x', 'the group has none then');
select is(t.try('group_delete', 'tours-approver', 'tours', t.gr('Sales')),
          'TM403 permission-missing', 'groups:delete is needed');
select is(t.try('group_delete', 'olga', 'acme', t.gr('Sales')),
          'TM404 not-found', 'a group of another account');
select is(t.try('group_delete', 'tours-owner', 'tours', t.gr('Sales')), '204',
          'deleted');
select is(t.gr('Sales') is null and t.state('tours', 'tours-owner')
            = 'active owner', true, 'without its members');
select is((select concat_ws(' ', action, detail ->> 'name')
             from team.audit_event order by id desc limit 1),
          'group.delete Sales', 'is audited');

select * from finish();
rollback;
