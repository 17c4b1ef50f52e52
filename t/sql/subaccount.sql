-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Subaccounts: made, listed, and managed from above.

\set ON_ERROR_STOP on
begin;
select plan(99);

create function pg_temp.post(p_subject text, p_account text, p_name text,
  p_invitation text)
returns text language sql as $$
  select t.try('subaccount_post', p_subject, p_account, p_name, null, null,
               p_invitation, null)
$$;

-- who may

select is(pg_temp.post('bento-plain', 'bento', 'X', null),
          'TM403 permission-missing', 'somebody without subaccounts:create');
select is(pg_temp.post('tours-owner', 'bento', 'X', null), 'TM404 not-found',
          'a stranger');
select is(pg_temp.post('olga', 'acme', 'X', null),
          'TM409 subaccounts-disabled', 'C19: not where the policy has none');
select is(pg_temp.post('bento-owner', 'bento', ' ', null),
          'TM422 invalid-name', 'a name is needed');
select is_empty($$select from team.account where parent_id is not null$$,
                'there are none so far');

create temporary table made as
select t.reply('subaccount_post', 'bento-owner', 'bento', 'Bento North',
               'north', null, null, 'k') as r;
select is((r).status, 201, 'S1.10: a Company Account Admin makes one')
  from made;
select is((r).body::jsonb - array['id', 'created_at'],
          jsonb_build_object(
            'slug', 'north', 'name', 'Bento North', 'status', 'active',
            'time_zone', 'Asia/Tokyo', 'preset', 'branches',
            'parent', t.a('bento'), 'owner', null),
          'in the time zone of its parent') from made;
select is((r).location, '/v1/accounts/' || t.a('north'), 'Location') from made;
select is((t.reply('subaccount_post', 'bento-owner', 'bento', 'Bento North',
                   'north', null, null, 'k')).location,
          (r).location, 'a repeat makes no other') from made;
select is((select to_jsonb(team.policy_of(n)) from team.account n
            where slug = 'north'),
          (select to_jsonb(team.policy_of(b)) from team.account b
            where slug = 'bento'), 'it has the policy of its parent');
select is(t.list($$select key || ' ' || rank || ' ' || permission_list
                     from team.role where account_id = t.a('north')::uuid
                    order by key$$),
          t.list($$select key || ' ' || rank || ' ' || permission_list
                     from team.role where account_id = t.a('bento')::uuid
                    order by key$$), 'and its roles');
select is((select (root_id::text, parent_id::text)::text from team.account
            where slug = 'north'),
          (t.a('bento'), t.a('bento'))::text, 'in its tree');
select is(t.list($$select action || ' ' || (account_id = t.a('north')::uuid)
                     from team.audit_event
                    where action ~ 'account' order by id$$),
          'subaccount.create false,account.create true', 'audited in both');

-- the person in charge: S1.9, S1.10

select is(pg_temp.post('bento-owner', 'bento', 'South', i), w, i)
  from (values
    ('[]', 'TM422 invalid-invitation'),
    ('{}', 'TM422 invalid-invitation'),
    ('{"email": 1}', 'TM422 invalid-invitation'),
    ('{"email": "a@example.org", "owner": true}', 'TM422 invalid-invitation'),
    ('{"email": "a@example.org", "name": []}', 'TM422 invalid-invitation'),
    ('{"email": "nobody"}', 'TM422 invalid-email'),
    ('{"email": "a@example.org", "roles": "owner"}', 'TM422 invalid-roles'),
    ('{"email": "a@example.org", "roles": ["nobody"]}', 'TM422 unknown-role'),
    ('{"email": "a@example.org", "permissions": ["no:no"]}',
     'TM422 unknown-permission'),
    ('{"email": "bento-owner2@example.com", "roles": ["team-admin"]}',
     'TM409 email-in-tree')
  ) v (i, w);
select is_empty($$select from team.account where name = 'South'$$,
  'S1.20: a Company Account Admin is no Team Admin below; nothing is made');
select is(pg_temp.post('bento-team', 'bento', 'South',
                       '{"email": "a@example.org", "roles": ["owner"]}'),
          '403 rank', 'a Team Admin makes no owner of anybody');
select is(pg_temp.post('bento-team', 'bento', 'South',
                       '{"email": "a@example.org", "permissions": ["*"]}'),
          '403 exceeds-own', 'nor gives what is not theirs');
select is_empty($$select from team.account where name = 'South'$$,
                'no subaccount is left of that');
select is((select (action, outcome, code, target_type, actor_subject)::text
             from team.audit_event order by id desc limit 1),
          '(subaccount.create,refused,exceeds-own,account,bento-team)',
          'but an audit row');

create temporary table charge as
select t.body('subaccount_post', 'bento-owner', 'bento', 'South', 'south',
              'Europe/Paris', '{"email": "Chief@Example.org",
                                "roles": ["team-admin"]}', null) as b;
select is((b -> 'invitation') - array['id', 'created_at', 'expires_at',
                                       'delivery'],
          jsonb_build_object(
            'account', t.a('south'), 'email', 'chief@example.org',
            'name', null, 'locale', null, 'status', 'pending',
            'roles', '[{"key": "team-admin", "name": "Team Admin"}]'::jsonb,
            'permissions', '[]'::jsonb, 'groups', '[]'::jsonb,
            'inviter', jsonb_build_object(
              'id', t.m('bento', 'bento-owner'), 'name', 'Cora Company',
              'email', 'bento-owner@example.com'),
            'member', null, 'decided_at', null),
          'S1.10: with an invitation for its person in charge') from charge;
select is((select inviter_account_id::text from team.invitation),
          t.a('bento'), 'by a member of the parent');

create function pg_temp.accept(p_subject text, p_email text) returns text
language plpgsql as $$
declare
  v_reply  team_api.reply;
begin
  v_reply := team_api.invitation_accept(
    'https://id.example.com', p_subject, p_email, true, p_subject,
    (select team.invitation_token_issue(i.id) from team.invitation i
      where i.email = p_email and i.status = 'pending'));
  return concat_ws(' ', v_reply.status, v_reply.body::jsonb ->> 'code');
exception
  when others then
    return sqlstate || ' ' || sqlerrm;
end
$$;

select is(pg_temp.accept('chief', 'chief@example.org'), '201',
          'S1.9: who accepts it');
select is(t.state('south', 'chief'), 'active team-admin',
          'S1.21: is the Team Admin');
select is(t.body('member_get', 'chief', 'south', 'me') #>> '{inviter,name}',
          'Cora Company', 'S1.18: and sees who has invited them');
select is(t.g('chief', 'bento'), 'none||', 'but is nobody in the parent');
select is(t.try('account_get', 'chief', 'bento'), 'TM404 not-found',
          'nor are there subaccounts upwards');

-- listing

select is(t.list($$select x ->> 'slug' from jsonb_array_elements(
                     t.body('subaccount_list', 'bento-owner', 'bento', null,
                            null) -> 'items') x$$),
          'north,south', 'S1.1: the subaccounts');
select is(t.body('subaccount_list', 'bento-team', 'bento', '1', null)
            #>> '{items,0,slug}', 'north', 'page');
select is(t.body('subaccount_list', 'bento-team', 'bento', '1',
                 (t.reply('subaccount_list', 'bento-team', 'bento', '1',
                          null)).cursor) #>> '{items,0,slug}', 'south',
          'by page');
select is((t.reply('subaccount_list', 'bento-team', 'bento', '2', null)).cursor,
          null, 'to the end');
select is(t.try('subaccount_list', 'bento-plain', 'bento', null, null),
          'TM403 permission-missing', 'needs subaccounts:read');
select is(t.try('subaccount_list', 'bento-owner', 'south', null,
                (t.reply('subaccount_list', 'bento-owner', 'bento', '1',
                         null)).cursor),
          'TM400 bad-cursor', 'a cursor of another account');

-- from above: S1.1, S1.9

select is(t.try('member_list', 'bento-owner', 'south', null, null), '200',
          'S1.1: the parent''s administrator sees a subaccount''s users');
select is(t.try('member_list', 'bento-plain', 'south', null, null),
          'TM404 not-found', 'who may not see subaccounts sees none');
select is(t.try('member_list', 'olga', 'south', null, null), 'TM404 not-found',
          'nor does a stranger');
select is(t.try('member_get', 'bento-owner', 'south', 'me'), 'TM404 not-found',
          'they are no member there');
select is(t.try('member_get', 'bento-owner', 'south',
                t.m('bento', 'bento-owner')), 'TM404 not-found',
          'by id neither');
select is(t.try('member_remove', 'bento-owner', 'south', 'me'),
          'TM404 not-found', 'and leave nothing by leaving it');
select is(t.state('bento', 'bento-owner'), 'active owner',
          'least of all the parent');
select is(t.g('bento-owner', 'south'), 'none||', 'the gate knows them not');
select is(t.put('bento-owner', 'south', 'chief', '["owner"]'), '200',
          'they give roles there');
select is(t.put('bento-team', 'south', 'chief', '[]'), '403 rank',
          'as far as their rank goes');
update team.member set status = 'suspended'
 where id = t.m('bento', 'bento-team')::uuid;
select is(t.try('member_list', 'bento-team', 'south', null, null),
          'TM404 not-found', 'not when suspended above');
select is(t.try('member_remove', 'bento-owner', 'south', t.m('south', 'chief')),
          'TM409 last-owner', 'an owner stays there as anywhere');
select is(t.put('bento-owner', 'south', 'chief', '["team-admin"]'),
          'TM409 last-owner', 'in any case');

-- One that has no owner yet is run by those above, its policy too.

create function pg_temp.put(p_account text, p_change jsonb) returns text
language sql as $$
  select t.try('policy_put', 'bento-owner', p_account,
               (team.policy_text(team.policy_of(a))::jsonb || p_change)::text,
               '*')
    from team.account a where a.slug = p_account
$$;
select is(pg_temp.put('north', '{"invitation_ttl": 7200}'), '200',
          'C10: from above its policy is changed');
select is((select invitation_ttl::integer from team.account
            where slug = 'north'), 7200, 'it is');
select is(t.try('policy_put', 'bento-owner', 'north', '{"preset": "travel"}',
                '*'), '200', 'to another preset, too');
select is(t.try('policy_put', 'bento-owner', 'north', '{"preset": "branches"}',
                '*'), '200', 'and back');
select is(pg_temp.put('north', '{"owner_mode": "single"}'),
          'TM409 policy-conflict', 'but there is nobody to be its one owner');

-- Whom they invite from above comes in by their standing above.

select is(t.try('invitation_post', 'bento-owner', 'south', 'aide@example.org',
                null, '["team-admin"]', null, null, null, null), '201',
          'S1.9: they invite into a subaccount');
select is((select inviter_account_id::text from team.invitation
            where email = 'aide@example.org'), t.a('bento'),
          'as who they are above');
select is(t.try('invitation_resend', 'bento-owner2', 'south',
                (select id::text from team.invitation
                  where email = 'aide@example.org'), null), '202',
          'and again');
select is(pg_temp.accept('aide', 'aide@example.org'), '201',
          'it can be accepted');
select is(t.body('member_get', 'aide', 'south', 'me') #>> '{inviter,name}',
          'Carl Company', 'S1.18: from the one who was last');
select is(t.try('invitation_post', 'bento-owner2', 'south', 'late@example.org',
                null, '["team-admin"]', null, null, null, null), '201',
          'another');
update team.member set status = 'suspended'
 where id = t.m('bento', 'bento-owner2')::uuid;
select is(pg_temp.accept('late', 'late@example.org'), '409 inviter-lost-right',
          'is void when their standing above is');

-- or when they may not see subaccounts any more

savepoint unseen;
update team.member set status = 'active'
 where id = t.m('bento', 'bento-team')::uuid;
select is(t.try('invitation_post', 'bento-team', 'south', 'seen@example.org',
                null, '[]', '["members:read"]', null, null, null), '201',
          'by a Team Admin above');
update team.account set join_link = true where slug = 'south';
insert into team.member_permission
values (t.m('bento', 'bento-team')::uuid, 'invite-links:create');
select t.body('link_post', 'bento-team', 'south', null, null, null, null, null)
         ->> 'code' as code \gset
delete from team.role_permission rp
 using team.role r
 where r.id = rp.role_id
   and r.account_id = t.a('bento')::uuid
   and rp.permission in ('subaccounts:create', 'subaccounts:read');
select is(pg_temp.accept('seen', 'seen@example.org'),
          '409 inviter-lost-right', 'who does not see it any more');
select is(t.try('link_join', 'lin', :'code'), '409 inviter-lost-right',
          'by their link neither');
insert into team.member_permission
values (t.m('bento', 'bento-team')::uuid, 'subaccounts:read');
select is(t.try('link_join', 'lin', :'code'), '202', 'and again');
select is(pg_temp.accept('seen', 'seen@example.org'), '201', 'both');
rollback to unseen;


-- the tree: S1.19, S1.20

select is(t.try('invitation_post', 'bento-owner', 'bento', 'chief@example.org',
                null, '["team-admin"]', null, null, null, null),
          'TM409 email-in-tree', 'S1.19: each user''s email is unique');
select is(pg_temp.post('bento-owner', 'bento', 'West',
                       '{"email": "west@example.org",
                         "roles": ["team-admin"]}'),
          '201', 'two are invited');
select is(t.try('invitation_post', 'bento-owner', 'bento', 'west@example.org',
                null, '["team-admin"]', null, null, null, null), '201',
          'and to the parent as well');
update team.invitation set status = 'withdrawn', decided_at = now()
 where email = 'west@example.org' and account_id <> t.a('bento')::uuid;
select is(pg_temp.accept('west', 'west@example.org'), '201', 'one is accepted');
update team.invitation set status = 'pending', decided_at = null
 where email = 'west@example.org' and account_id <> t.a('bento')::uuid;
select is(pg_temp.accept('west', 'west@example.org'), 'TM409 email-in-tree',
          'S1.20: then the other can''t be');

-- whichever of the two says so: a subaccount's own policy lets nobody out

select is(pg_temp.put('south', '{"membership_scope": "many"}'), '200',
          'a subaccount would have people of anywhere');
select is(t.try('invitation_post', 'bento-owner', 'south',
                'bento-team@example.com', null, '["team-admin"]', null, null,
                null, null), 'TM409 email-in-tree',
          'S1.20: the tree''s own are not invited all the same');
select is(t.try('invitation_post', 'bento-owner', 'south', 'east@example.org',
                null, '["team-admin"]', null, null, null, null), '201',
          'somebody else is');
select team.member_add('bento', 'https://id.example.com', 'east',
                       'east@example.org', 'East', 'team-admin') \g /dev/null
select is(pg_temp.accept('east', 'east@example.org'), 'TM409 email-in-tree',
          'S1.20: and can''t accept once they are of the tree');
select is(t.state('south', 'east'), null, 'nor have they');
select throws_ok($$
  select team_api.account_post('https://id.example.com', 'chief',
                               'bento-team@example.com', true, null, 'Own',
                               'travel', null, null, null)$$,
  'TM409', 'email-in-tree', 'S1.20: nor is an address another''s later');
select is((select email::text from team.identity where subject = 'chief'),
          'chief@example.org', 'it is what it was');
select lives_ok($$
  select team_api.account_post('https://id.example.com', 'chief',
                               'head@example.org', true, null, 'Own',
                               'travel', null, null, null)$$,
  'a new one is well');
select is((select email::text from team.identity where subject = 'chief'),
          'head@example.org', 'and stays');
update team.identity set email = 'chief@example.org' where subject = 'chief';
select is(pg_temp.put('north', '{"membership_scope": "many"}'), '200',
          'two subaccounts would');
select is(t.try('invitation_post', 'bento-owner', 'north', 'chief@example.org',
                null, '["team-admin"]', null, null, null, null),
          'TM409 email-in-tree', 'S1.19: nobody is in both');
savepoint scope;
update team.member set status = 'active'
 where account_id = t.a('bento')::uuid and status = 'suspended';
select is(pg_temp.put('bento', '{"membership_scope": "many"}'), '200',
          'unless the account above them says so too');
select is(t.try('invitation_post', 'bento-owner', 'north', 'chief@example.org',
                null, '["team-admin"]', null, null, null, null), '201',
          'then somebody is');
select is(pg_temp.accept('chief', 'chief@example.org'), '201', 'in both');
select is(pg_temp.put('bento', '{"membership_scope": "tree"}'),
          'TM409 policy-conflict', 'who is in the way back');
rollback to scope;

-- depth

do $$
declare
  v_parent  text := 'north';
begin
  for n in 3 .. 8 loop
    perform t.reply('subaccount_post', 'bento-owner', v_parent, 'Deep',
                    'deep-' || n, null, null, null);
    v_parent := 'deep-' || n;
  end loop;
end $$;
select is(t.try('account_get', 'bento-owner', 'deep-8'), '200',
          'eight levels, all the owner''s');
select is(pg_temp.post('bento-owner', 'deep-8', 'X', null), 'TM409 too-deep',
          'not nine');
select is((select count(distinct root_id) from team.account
            where slug ~ '^deep'), 1::bigint, 'in one tree');

-- closing

select is(t.try('account_close', 'bento-owner', 'bento', 'bento', '*', null),
          'TM409 has-subaccounts', 'subaccounts are closed first');
select is(t.try('account_close', 'chief', 'south', 'south', '*', null), '202',
          'by their owner');
select is(t.try('account_close', 'bento-owner', 'deep-8', 'deep-8', '*', null),
          '202', 'or an owner above');
select is(t.try('account_close', 'bento-owner', 'deep-6', 'deep-6', '*', null),
          'TM409 has-subaccounts', 'from below');
select is(t.try('account_close', 'bento-owner', 'deep-7', 'deep-7', '*', null),
          '202', 'one after the other');

select * from finish();
rollback;
