-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- What can be read, by whom, page by page.

\set ON_ERROR_STOP on
begin;
select plan(64);

select is((team_api.healthz_get()).status, 200, 'healthz');
select is((team_api.healthz_get()).body::jsonb,
          '{"status": "ok", "schema": 3}', 'and its body');
select is((t.reply('healthz_get', 'olga')).status, 200,
          'healthz with an actor''s five parameters');

-- me

select is(t.body('me_get', 'olga', variadic '{}') - 'id',
          '{"issuer": "https://id.example.com", "subject": "olga",
            "email": "olga@example.com", "email_verified": true,
            "name": "olga"}'::jsonb, 'me, as the token says');
select is(t.body('me_get', 'olga', variadic '{}') ->> 'id',
          (select id::text from team.identity where subject = 'olga'),
          'with the id of a known person');
select is(t.body('me_get', 'stranger', variadic '{}') -> 'id', 'null'::jsonb,
          'a stranger has none');
select is_empty($$select from team.identity where subject = 'stranger'$$,
                'and gets none by asking');
select is((select (team_api.me_get('i', 's', 'A.B@EXAMPLE.ORG', null, null))
             .body::jsonb ->> 'email'), 'a.b@example.org',
          'email in ASCII lower case');
select throws_ok($$select team_api.me_get(null, null, null, null, null)$$,
                 'TM401', 'token-missing', 'nobody is not me');
select throws_ok($$select team_api.me_get('', '', null, null, null)$$,
                 'TM401', 'token-missing', 'nor is an empty one');

select is(jsonb_path_query_array(t.body('me_accounts', 'olga', null, null),
                                 '$.items[*].account.slug'),
          '["acme", "tours"]', 'my accounts');
select is(jsonb_path_query_array(t.body('me_accounts', 'olga', null, null),
                                 '$.items[*].member.roles[*].key'),
          '["owner", "traveller"]', 'and what I am there');
select is(t.body('me_accounts', 'stranger', null, null),
          '{"items": [], "next_cursor": null}', 'a stranger has none');
select is(jsonb_path_query_array(
            t.body('me_accounts', 'acme-suspended', null, null),
            '$.items[*].member.status'),
          '["suspended"]', 'also where I am suspended');
select is(
  jsonb_path_query_array(t.body('me_accounts', 'olga', '1', null),
                         '$.items[*].account.slug')
  || jsonb_path_query_array(
       t.body('me_accounts', 'olga', '1',
              (t.reply('me_accounts', 'olga', '1', null)).cursor),
       '$.items[*].account.slug'),
  '["acme", "tours"]', 'page by page');
select is((t.reply('me_accounts', 'olga', '1',
             (t.reply('me_accounts', 'olga', '1', null)).cursor)).cursor,
          null, 'to the end');
select is(t.try('me_accounts', 'acme-admin', '1',
                (t.reply('me_accounts', 'olga', '1', null)).cursor),
          'TM400 bad-cursor', 'another person''s cursor');

-- account

select is(t.body('account_get', 'acme-member', 'acme') - 'created_at',
          jsonb_build_object(
            'id', t.a('acme'), 'slug', 'acme', 'name', 'Acme Ltd',
            'status', 'active', 'time_zone', 'Europe/Berlin',
            'preset', 'business', 'parent', null,
            'owner', t.m('acme', 'olga')), 'an account');
select is(t.body('account_get', 'acme-member', t.a('acme')) ->> 'slug', 'acme',
          'by id');
select matches(t.body('account_get', 'acme-member', 'acme') ->> 'created_at',
               '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$', 'times are UTC');
select matches((t.reply('account_get', 'acme-member', 'acme')).etag,
               '^"[0-9a-f]{32}"$', 'with a strong entity tag');

-- Unknown, malformed, somebody else's: one answer.

select is(t.try('account_get', 'acme-member', 'nowhere'), 'TM404 not-found',
          'no such account');
select is(t.try('account_get', 'acme-member', 'tours'), 'TM404 not-found',
          'another''s account');
select is(t.try('account_get', 'acme-member', team.uuid_v7()::text),
          'TM404 not-found', 'an unknown id');
select is(t.try('account_get', 'acme-member', ''' or true --'),
          'TM404 not-found', 'not an id at all');
select is(t.try('account_get', 'acme-member', null), 'TM404 not-found', 'null');
select is(t.try('account_get', 'stranger', 'acme'), 'TM404 not-found',
          'a stranger');

-- Inside, and not allowed.

select is(t.try('account_get', 'acme-suspended', 'acme'),
          'TM403 member-suspended', 'a suspended member');
select is(t.try('account_get', 'acme-pending', 'acme'), 'TM403 member-pending',
          'a pending member');
select is(t.try('account_get', 'bento-plain', 'bento'),
          'TM403 permission-missing', 'account:read is needed');
select is(t.try('member_list', 'acme-finance', 'acme', null, null),
          'TM403 permission-missing', 'S0.9: Finance does not see the members');
select is(t.try('member_get', 'acme-finance', 'acme', t.m('acme', 'olga')),
          'TM403 permission-missing', 'nor one of them');
select is(t.try('member_get', 'acme-finance', 'acme', 'nonsense'),
          'TM403 permission-missing', 'nor whether there is one');

-- member

select is(t.body('member_get', 'olga', 'acme', t.m('acme', 'acme-admin'))
            - 'created_at' - 'joined_at',
          jsonb_build_object(
            'id', t.m('acme', 'acme-admin'), 'account', t.a('acme'),
            'status', 'active', 'name', 'Adam Admin',
            'email', 'acme-admin@example.com',
            'roles', '[{"key": "admin", "name": "Admin"}]'::jsonb,
            'permissions', '[]'::jsonb, 'groups', '[]'::jsonb,
            'title', null, 'inviter', null, 'is_owner', false), 'a member');
select is(t.body('member_get', 'acme-finance', 'acme', 'me') ->> 'id',
          t.m('acme', 'acme-finance'), 'me needs no permission');
select is(t.body('member_get', 'acme-finance', 'acme',
                 t.m('acme', 'acme-finance')) ->> 'id',
          t.m('acme', 'acme-finance'), 'nor oneself by id');
select is(t.body('member_get', 'cloud-picked', 'cloud', 'me') -> 'permissions',
          '["account:read", "billing:read", "products:read"]',
          'single permissions');
select is(t.body('member_get', 'olga', 'acme', t.m('acme', 'acme-pending'))
            -> 'joined_at', 'null'::jsonb, 'pending has not joined');
select is(t.body('member_get', 'olga', 'acme', 'me') -> 'is_owner',
          'true'::jsonb, 'S0.7: the owner, where there is one');
select is(t.body('member_get', 'space-owner', 'space', 'me') -> 'is_owner',
          'true'::jsonb, 'S4.15: the owner of a workspace');
select is(t.body('member_get', 'space-owner', 'space', 'me') #> '{roles,0,name}',
          '"Administrator"', 'S4.1: is an administrator');
select is(t.body('member_get', 'space-admin', 'space', 'me') -> 'is_owner',
          'false'::jsonb, 'another administrator is no owner');
select is(t.body('member_get', 'tours-owner2', 'tours', 'me') -> 'is_owner',
          'true'::jsonb, 'S2.8: one of several');
select is(t.try('member_get', 'olga', 'acme', t.m('tours', 'tours-owner')),
          'TM404 not-found', 'another account''s member');
select is(t.try('member_get', 'olga', 'acme', 'x'), 'TM404 not-found',
          'not an id');
select is(t.try('member_get', 'olga', 'acme', null), 'TM404 not-found',
          'no id');

-- A page of members is put together in another way than one of them.

insert into team.member_group (id, account_id, name)
select ('01900000-0000-7000-8000-00000000000' || n)::uuid, a.id,
       'Group "' || (9 - n) || '" \ é'
  from team.account a, generate_series(1, 2) n
 where a.slug in ('bento')
 union all
select '01900000-0000-7000-8000-000000000003', t.a('acme')::uuid, 'One';
insert into team.group_member (group_id, member_id, account_id)
select g.id, m.id, m.account_id
  from team.member m
  join team.member_group g on g.account_id = m.account_id
 where m.id in (t.m('acme', 'acme-admin')::uuid,
                t.m('bento', 'bento-team')::uuid,
                t.m('bento', 'bento-plain')::uuid);
insert into team.member_role (member_id, role_id, account_id)
select t.m('bento', 'bento-owner2')::uuid, r.id, r.account_id
  from team.role r
 where r.account_id = t.a('bento')::uuid
   and r.key <> 'owner';
insert into team.member_permission (member_id, permission)
select t.m('bento', 'bento-owner2')::uuid, p.name
  from unnest('{members:read,audit:read,*}'::text[]) p (name);
update team.member
   set invited_by = t.m('bento', 'bento-owner')::uuid,
       name = E'"Quoted" \\ \U0001F600 </script>',
       title = 'Boss "of" é'
 where id = t.m('bento', 'bento-team')::uuid;
update team.identity set email = null, email_verified = false, name = null
 where subject in ('bento-plain', 'bento-owner');

select is(team.members_text(a, array(select m.id
                                       from team.member m
                                      where m.account_id = a.id
                                      order by m.id)),
          (select json_agg(b.body order by b.member_id)::text
             from team.member_body b
            where b.account_id = a.id),
          'a page has each member byte by byte: ' || a.slug)
  from team.account a
 order by a.slug;
select is(team.members_text(a, '{}'), '[]', 'or nobody')
  from team.account a
 where a.slug = 'acme';

-- lists

select is(jsonb_array_length(t.body('member_list', 'olga', 'acme', null, null)
                             -> 'items'), 8, 'all members');
select is((t.reply('member_list', 'olga', 'acme', '8', null)).cursor, null,
          'a page that just fits has no next');
select isnt((t.reply('member_list', 'olga', 'acme', '7', null)).cursor, null,
            'one that does not has');
select is(t.body('member_list', 'olga', 'acme', '7', null) ->> 'next_cursor',
          (t.reply('member_list', 'olga', 'acme', '7', null)).cursor,
          'in the body too');

create function pg_temp.walk(p_limit text) returns text[] language plpgsql as $$
declare
  v_reply  team_api.reply;
  v_ids    text[] := '{}';
begin
  loop
    v_reply := t.reply('member_list', 'olga', 'acme', p_limit, v_reply.cursor);
    v_ids := v_ids || array(select jsonb_array_elements(
                              v_reply.body::jsonb -> 'items') ->> 'id');
    exit when v_reply.cursor is null;
    -- whom we have seen goes, and nobody is missed for it
    delete from team.member where id = v_ids[1]::uuid
       and id <> t.m('acme', 'olga')::uuid;
  end loop;
  return v_ids;
end
$$;

create temporary table everybody as
select array_agg(id::text order by id) as ids
  from team.member where account_id = t.a('acme')::uuid;
select is(pg_temp.walk('3'), (select ids from everybody),
          'page by page: everybody once, in order, while rows go');

select is(t.try('member_list', 'tours-owner', 'tours', null,
                (t.reply('member_list', 'olga', 'acme', '1', null)).cursor),
          'TM400 bad-cursor', 'a cursor of another account');
select is(t.try('me_accounts', 'olga', null,
                (t.reply('member_list', 'olga', 'acme', '1', null)).cursor),
          'TM400 bad-cursor', 'of another list');
select is(t.try('member_list', 'olga', 'acme', null, 'x'), 'TM400 bad-cursor',
          'a broken one');
select is(t.try('member_list', 'olga', 'acme', null, ''), 'TM400 bad-cursor',
          'an empty one');
select is(t.try('member_list', 'olga', 'acme', null, repeat('_', 44)),
          'TM400 bad-cursor', 'one made up');
select is(t.try('member_list', 'olga', 'acme', '0', null), 'TM400 bad-limit',
          'limit 0');
select is(t.try('member_list', 'olga', 'acme', '201', null), 'TM400 bad-limit',
          'limit 201');

select * from finish();
rollback;
