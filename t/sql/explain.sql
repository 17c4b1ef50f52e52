-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Why somebody may, or may not.

\set ON_ERROR_STOP on
begin;
select plan(47);

create function t.why(p_subject text, p_account text, p_whom text,
  p_permission text)
returns text
language sql as $$
  select concat_ws(' ', b ->> 'allowed', b ->> 'reason', b -> 'roles',
                   b ->> 'direct')
    from t.body('explain', p_subject, p_account, p_whom, p_permission) b
$$;

select is(t.body('explain', 'olga', 'acme', t.m('acme', 'acme-finance'),
                 'bills:manage'),
          '{"allowed": true, "reason": "ok", "roles": ["finance"],
            "direct": false}', 'S0.9: Finance manages bills, by that role');
select is(t.why('olga', 'acme', t.m('acme', 'acme-finance'), 'members:remove'),
          'false permission-missing [] false', 'S0.9: and no users');
select is(t.why('olga', 'acme', t.m('acme', 'acme-developer'), 'funds:read'),
          'false permission-missing [] false', 'S0.10: no funds');
select is(t.why('olga', 'acme', t.m('acme', 'acme-admin'), 'account:close'),
          'false permission-missing [] false', 'S0.11: nor close the account');
select is(t.why('olga', 'acme', 'me', 'account:close'),
          'true ok ["owner"] false', 'S0.5, S0.21: the Owner does, by "*"');
select is(t.why('olga', 'acme', 'me', 'not-in:catalogue'),
          'true ok ["owner"] false', 'as the gate would say of any');
select is(t.why('acme-admin', 'acme', t.m('acme', 'acme-suspended'),
                'own-cards:read'), 'false member-suspended [] false',
          'S2.20: a suspended one');
select is(t.why('acme-admin', 'acme', t.m('acme', 'acme-pending'),
                'own-cards:read'), 'false member-pending [] false',
          'S4.7: a pending one');
select is(t.why('acme-admin', 'acme', team.uuid_v7()::text, 'funds:read'),
          'false not-member [] false', 'nobody');
select is(t.why('acme-admin', 'acme', t.m('tours', 'tours-owner'),
                'funds:read'), 'false not-member [] false',
          'another account''s member is nobody');
select is(t.why('acme-admin', 'acme', t.m('tours', 'olga'), 'funds:read'),
          'false not-member [] false', 'also who is a member here as well');
select is(t.why('acme-admin', 'acme', 'olga', 'funds:read'),
          'false not-member [] false', 'a name is no id');
select is(t.why('acme-admin', 'acme', null, 'funds:read'),
          'false not-member [] false', 'nor is null');

-- roles and single permissions together

insert into team.member_permission
values (t.m('bento', 'bento-team')::uuid, 'members:read');
select is(t.why('bento-owner', 'bento', t.m('bento', 'bento-team'),
                'members:read'), 'true ok ["team-admin"] true',
          'S1.15: by a role and directly');
select is(t.why('bento-owner', 'bento', t.m('bento', 'bento-plain'),
                'members:read'), 'true ok [] true', 'S3.9: directly only');
insert into team.member_role (member_id, role_id, account_id)
select t.m('bento', 'bento-owner2')::uuid, r.id, r.account_id
  from team.role r
 where r.account_id = t.a('bento')::uuid and r.key = 'team-admin';
select is(t.why('bento-owner', 'bento', t.m('bento', 'bento-owner2'),
                'members:read'), 'true ok ["owner", "team-admin"] false',
          'S1.15: by two roles');

-- who may ask

select is(t.why('acme-member', 'acme', 'me', 'own-cards:read'),
          'true ok ["member"] false', 'about oneself');
select is(t.why('acme-member', 'acme', t.m('acme', 'acme-member'),
                'funds:read'), 'false permission-missing [] false',
          'by one''s id too');
select is(t.try('explain', 'acme-member', 'acme', t.m('acme', 'olga'),
                'funds:read'), 'TM403 permission-missing',
          'members:read is needed for others');
select is(t.why('acme-suspended', 'acme', 'me', 'own-cards:read'),
          'false member-suspended [] false', 'S2.20: suspended, and why not');
select is(t.why('acme-pending', 'acme', 'me', 'own-cards:read'),
          'false member-pending [] false', 'S4.7: pending');
select is(t.try('explain', 'acme-suspended', 'acme', t.m('acme', 'olga'),
                'own-cards:read'), 'TM403 member-suspended',
          'but not about others');
select is(t.try('explain', 'stranger', 'acme', 'me', 'funds:read'),
          'TM404 not-found', 'a stranger');
select is(t.try('explain', 'stranger', 'nowhere', 'me', 'funds:read'),
          'TM404 not-found', 'as in no account');
select throws_ok($$select team_api.explain(null, null, null, null, null,
                                           'acme', 'me', 'funds:read')$$,
                 'TM401', 'token-missing', 'no actor');
select is(t.try('explain', 'olga', 'acme', 'me', null),
          'TM422 invalid-permission', 'no permission');
select is(t.try('explain', 'olga', 'acme', 'me', 'funds'),
          'TM422 invalid-permission', 'half of one');
select is(t.try('explain', 'olga', 'acme', 'me', 'a:b c:d'),
          'TM422 invalid-permission', 'two');
select is(t.why('olga', 'acme', 'me', '*'), 'true ok ["owner"] false',
          'everything');

-- the grant: all that one may do

create function t.may(p_subject text, p_account text)
returns text
language sql as $$
  select concat_ws(' ', b ->> 'status', b ->> 'is_owner', b ->> 'rank',
                   jsonb_path_query_array(b -> 'roles', '$[*].key'),
                   b -> 'permissions')
    from t.body('me_grant', p_subject, p_account) b
$$;

select is(t.may('acme-member', 'acme'),
          'active false 10 ["member"] ["account:read", "own-cards:read"]',
          'S0.8: what a Member may do');
select is(t.may('olga', 'acme'), 'active true 1000 ["owner"] ["*"]',
          'S0.21: an owner');
select is(t.may('bento-plain', 'bento'),
          'active false 0 [] ["members:read"]', 'S3.9: without a role');
select is(t.body('me_grant', 'bento-team', 'bento') -> 'permissions',
          (select jsonb_agg(distinct r.permission::text collate "C")
             from team.member_right r
            where r.member_id = t.m('bento', 'bento-team')::uuid),
          'S1.15: what one has twice is there once');
select is(t.may('acme-suspended', 'acme'),
          'suspended false 10 [] []', 'S2.20: a suspended one has nothing');
select is(t.may('acme-pending', 'acme'), 'pending false 10 [] []',
          'S4.7: nor has one who waits');
select is(t.body('me_grant', 'acme-member', 'acme') ->> 'member',
          t.m('acme', 'acme-member'), 'it says who one is');
select is(t.try('me_grant', 'stranger', 'acme'), 'TM404 not-found',
          'a stranger');
select throws_ok($$select team_api.me_grant(null, null, null, null, null,
                                            'acme')$$,
                 'TM401', 'token-missing', 'nobody');

-- who acts from an account above sees, and gets past no gate

update team.account
   set parent_id = t.a('acme')::uuid, root_id = t.a('acme')::uuid
 where slug = 'cloud';
select is(t.why('olga', 'cloud', 'me', 'members:read'),
          'false not-member [] false', 'S1.1: no member of a subaccount');
select is(t.may('olga', 'cloud') || ' '
          || (t.body('me_grant', 'olga', 'cloud') -> 'member'),
          'active true 1000 ["owner"] ["*"] null',
          'S1.1: who may do there what they may do above');
select is(t.why('olga', 'cloud', t.m('cloud', 'cloud-all'), 'members:read'),
          'true ok ["all"] false', 'S1.1: but asks about who is');

-- it agrees with the gate

select is_empty($$
  select s.subject, p.name
    from (values ('olga'), ('acme-admin'), ('acme-finance'),
                 ('acme-developer'), ('acme-member'), ('acme-suspended'),
                 ('acme-pending')) s (subject)
    cross join team.permission p
   where (t.body('explain', s.subject, 'acme', 'me', p.name) ->> 'allowed')
           ::boolean
         is distinct from
         (string_to_array(split_part(t.g(s.subject, 'acme'), '|', 3), ' ')
            && array['*', p.name::text])$$,
  'what it says is what the gate decides');
select is_empty($$
  select s.subject
    from (values ('olga'), ('acme-admin'), ('acme-finance'),
                 ('acme-developer'), ('acme-member'), ('acme-suspended'),
                 ('acme-pending')) s (subject)
   where array(select jsonb_array_elements_text(
                        t.body('me_grant', s.subject, 'acme') -> 'permissions'))
         is distinct from
         array(select p.name collate "C"
                 from string_to_table(split_part(t.g(s.subject, 'acme'),
                                                 '|', 3), ' ') p (name)
                where p.name <> ''
                order by 1)$$,
  'and the grant is what the gate has');

update team.account set status = 'closed', closed_at = now()
 where slug = 'acme';
select is(t.why('acme-admin', 'acme', 'me', 'funds:read'),
          'false account-closed [] false', 'S0.5: a closed account');
select is(t.try('me_grant', 'acme-admin', 'acme'), 'TM403 account-closed',
          'S0.5: where nobody has anything');
select is(t.try('explain', 'acme-admin', 'acme', t.m('acme', 'olga'),
                'funds:read'), 'TM403 account-closed', 'is nobody''s to see');
select is((select count(*) from team.audit_event
            where action like 'explain%'), 0::bigint, 'asking writes nothing');

select * from finish();
rollback;
