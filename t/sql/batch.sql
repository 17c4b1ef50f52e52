-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Many invitations at once, as JSON and as CSV: a result per row, and no row
-- stops another.

\set ON_ERROR_STOP on
begin;
select plan(58);

create function pg_temp.json(p_actor text, p_account text, p_rows text)
returns jsonb language sql as $$
  select t.body('invitation_batch', p_actor, p_account, p_rows, null, null)
           -> 'items'
$$;

create function pg_temp.csv(p_actor text, p_account text, p_csv text)
returns jsonb language sql as $$
  select t.body('invitation_batch', p_actor, p_account, null, p_csv, null)
           -> 'items'
$$;

-- "1 created" or "2 code" of each

create function pg_temp.short(p_items jsonb) returns text
language sql as $$
  select string_agg((i ->> 'row') || ' '
                    || coalesce(i ->> 'code', i ->> 'status'), ', ' order by n)
    from jsonb_array_elements(p_items) with ordinality x (i, n)
$$;

create function pg_temp.refused(p_rows text, p_csv text) returns text
language sql as $$
  select t.try('invitation_batch', 'olga', 'acme', p_rows, p_csv, null)
$$;

create function pg_temp.emails(p_account text) returns text
language sql as $$
  select t.list(format($f$
    select i.email::text from team.invitation i
     where i.account_id = %L and i.status = 'pending' order by i.id$f$,
    t.a(p_account)))
$$;

insert into team.member_group (account_id, name)
values (t.a('tours')::uuid, 'Sales'), (t.a('tours')::uuid, 'Big Deals');

-- --- JSON --------------------------------------------------------------------

create temporary table mixed as
select pg_temp.json('acme-admin', 'acme', '[
  {"email": "One@example.com", "name": "One", "roles": ["member"]},
  {"email": "one@example.com", "name": "One", "roles": ["member"]},
  {"email": "no address", "name": "Two", "roles": ["member"]},
  {"email": "three@example.com", "name": "Three", "roles": ["owner"]},
  {"email": "four@example.com", "name": "Four", "roles": ["admin"]},
  {"email": "five@example.com", "name": "Five", "roles": "member"},
  {"email": "six@example.com", "name": "Six", "roles": ["none"]},
  {"email": ["seven@example.com"], "name": "Seven", "roles": ["member"]},
  {"email": "eight@example.com", "name": 8, "roles": ["member"]},
  {"email": "nine@example.com", "name": "Nine", "roles": ["member"],
   "status": "accepted"},
  null, 7, [], {},
  {"email": "acme-member@example.com", "name": "Mia", "roles": ["member"]},
  {"email": "tours-owner@example.com", "name": "Otto", "roles": ["member"]},
  {"email": "last@example.com", "name": "Last", "roles": ["finance"],
   "permissions": null, "groups": null, "locale": "de-CH"}
]') as items;

select is(pg_temp.short(items),
          '1 created, 2 pending-exists, 3 invalid-email, 4 rank, 5 rank, '
          '6 invalid-roles, 7 unknown-role, 8 invalid-row, 9 invalid-row, '
          '10 invalid-row, 11 invalid-row, 12 invalid-row, 13 invalid-row, '
          '14 invalid-email, 15 already-member, 16 other-organization, '
          '17 created',
          'a result per row') from mixed;
select is(pg_temp.emails('acme'), 'one@example.com,last@example.com',
          'the good ones are there, and only they');
select is(items -> 0 -> 'invitation' ->> 'email', 'one@example.com',
          'with the invitation') from mixed;
select is(items -> 0 ->> 'email', 'One@example.com', 'and the row''s address')
  from mixed;
select is(items -> 1 ->> 'detail',
          'Pending invitation already exists for this email',
          'S0.19 the message') from mixed;
select is(items -> 15 ->> 'detail',
          'User is already a member of one organization', 'S0.17 the message')
  from mixed;
select is(items -> 0 ->> 'detail',
          'Invitation email sent. It may take a moment to arrive.',
          'S0.18 the message') from mixed;
select is(items -> 3 -> 'invitation', 'null', 'none where refused') from mixed;
select is((select count(*) from team.audit_event e
            where e.action = 'invitation.create' and e.outcome = 'refused'
              and e.code = 'rank'), 2::bigint,
          'S0.7 no owner is minted by a batch; each attempt is audited');
select is((select count(*) from team.outbox
            where kind = 'invitation.mail'), 2::bigint, 'a mail each');
select is((select q.n from team.quota_use q), 2,
          'a refused row takes no quota');

update team.quota_use q set n = 199;
select is(pg_temp.short(pg_temp.json('olga', 'acme', '[
  {"email": "q1@example.com", "name": "Q", "roles": ["member"]},
  {"email": "q2@example.com", "name": "Q", "roles": ["member"]}]')),
  '1 created, 2 quota-exceeded', 'the quota may end in the middle');
delete from team.quota_use;

select is(pg_temp.refused(r, null), 'TM422 ' || c, 'refused as a whole: ' || r)
  from (values ('[]', 'invalid-batch'), ('{}', 'invalid-batch'),
               ('null', 'invalid-batch'), ('"x"', 'invalid-batch')) v (r, c);
select is(pg_temp.refused(null, null), 'TM422 invalid-batch', 'nothing');
select is(pg_temp.refused('[{}]', 'email'), 'TM422 invalid-batch', 'both');
select is(jsonb_array_length(pg_temp.json('olga', 'acme', (
            select jsonb_agg('{}'::jsonb)::text
              from generate_series(1, 100)))), 100, 'a hundred rows');
select is(pg_temp.refused((select jsonb_agg('{}'::jsonb)::text
                             from generate_series(1, 101)), null),
          'TM422 batch-too-large', 'not one more');
select is(t.try('invitation_batch', 'acme-finance', 'acme', '[{}]', null, null),
          'TM403 permission-missing', 'needs the right');
select is(t.try('invitation_batch', 'stranger', 'acme', '[{}]', null, null),
          'TM404 not-found', 'and a member');

-- repeats

create temporary table twice as
select t.body('invitation_batch', 'olga', 'acme',
              '[{"email": "rep@example.com", "name": "R",
                 "roles": ["member"]}]', null, 'key-b') as body
  from generate_series(1, 2);
select is((select count(distinct body) from twice), 1::bigint,
          'an Idempotency-Key makes a repeat harmless');
select is(pg_temp.short((select body from twice limit 1) -> 'items'),
          '1 created', 'and has the first answer');

-- --- CSV ---------------------------------------------------------------------

select is(pg_temp.short(pg_temp.csv('tours-owner', 'tours',
E'\uFEFFEmail,name,roles,groups,locale\r\n'
'a@example.com,"Ann, the ""First""",traveller,Sales,en\r\n'
'b@example.com,,approver,Sales; Big Deals,\r\n'
'\r\n'
'c@example.com,"two\nlines",traveller,,\r\n'
'd@example.com,Dan,traveller finance-admin,,\r\n'
'e@example.com,Eve,traveller,Nowhere,\r\n'
'f@example.com,Fay,traveller\r\n'
'g@example.com,Gil,traveller,,,\r\n'
'"h@example.com",Hal,owner,,de')),
  '1 created, 2 created, 3 invalid-name, 4 role-cardinality, 5 unknown-group, '
  '6 invalid-row, 7 invalid-row, 8 created',
  'a result per row');
select is(pg_temp.emails('tours'),
          'a@example.com,b@example.com,h@example.com', 'the good ones');
select is((select i.name::text from team.invitation i
            where i.email = 'a@example.com'), 'Ann, the "First"',
          'RFC 4180: commas and quotes in quotes');
select is(t.list($$
  select g.name::text from team.invitation_group ig
    join team.invitation i on i.id = ig.invitation_id
    join team.member_group g on g.id = ig.group_id
   where i.email = 'b@example.com' order by 1$$), 'Big Deals,Sales',
  'S2.31 groups by name');
select is((select jsonb_build_array(i.name, i.locale) from team.invitation i
            where i.email = 'h@example.com'), '["Hal", "de"]',
          'the last line may lack its end');

select is(pg_temp.short(pg_temp.csv('bento-owner', 'bento',
E'locale,roles,email\nen,team-admin,x@example.com\n'
',owner team-admin,y@example.com\n,,z@example.com\n')),
  '1 created, 2 created, 3 created', 'columns in any order, some left out');
select is(t.list($$
  select r.key::text from team.invitation_role ir
    join team.invitation i on i.id = ir.invitation_id
    join team.role r on r.id = ir.role_id
   where i.email = 'y@example.com' order by 1$$), 'owner,team-admin',
  'S1.15 several roles');
select is(pg_temp.short(pg_temp.csv('cloud-owner', 'cloud',
E'email,permissions,roles\np@example.com,billing:read products:read,\n'
'q@example.com,billing:read; products:read,\nr@example.com,,all\n'
's@example.com,no:such,\nt@example.com,*,\n')),
  '1 created, 2 created, 3 created, 4 unknown-permission, 5 all-by-role',
  'S3.9 chosen permissions, or all of them');
select is(t.list($$
  select split_part(i.email, '@', 1) || ' '
         || string_agg(ip.permission, ' ' order by ip.permission)
    from team.invitation_permission ip
    join team.invitation i on i.id = ip.invitation_id
   where i.account_id = t.a('cloud')::uuid
   group by i.email order by 1$$),
  'p billing:read products:read,q billing:read products:read',
  'as they were chosen');
select is(pg_temp.short(pg_temp.csv('bento-team', 'bento',
            E'email,permissions\nmuch@example.com,members:read funds:read\n')),
  '1 exceeds-own', 'nor more than one''s own');
select is(pg_temp.short(pg_temp.csv('olga', 'acme',
E'email,name,roles,permissions\nn@example.com,N,member,bills:manage\n')),
  '1 direct-permissions-disabled', 'nor where there are none');
select is(pg_temp.short(pg_temp.csv('bento-team', 'bento',
            E'email,roles\nboss@example.com,owner\n')), '1 rank',
          'no owner is minted by CSV');
select is((select t.last_audit()), 'invitation.create refused rank bento-team',
          'the attempt is audited');
select is(pg_temp.short(pg_temp.csv('olga', 'acme',
E'email,name,roles\n=1+1@example.com,=cmd|'' /C calc''!A0,member\n')),
  '1 created', 'a formula is a name like any other, until it is exported');

-- as spreadsheets write it

select is(pg_temp.short(pg_temp.csv('tours-owner', 'tours',
E'Email;Name;Roles;Groups\r\n'
's@example.com;"Semi; colon, comma";traveller;"Sales; Big Deals"\r\n'
';;;\r\n'
't@example.com;T;traveller finance-admin;\r\n'
'u@example.com,U,traveller,\r\n'
' ;; ; \r\n')),
  '1 created, 2 role-cardinality, 3 invalid-row',
  'semicolons between the cells, and lines of nothing else');
select is((select i.name::text from team.invitation i
            where i.email = 's@example.com'), 'Semi; colon, comma',
          'both in quotes');
select is(t.list($$
  select g.name::text from team.invitation_group ig
    join team.invitation i on i.id = ig.invitation_id
    join team.member_group g on g.id = ig.group_id
   where i.email = 's@example.com' order by 1$$), 'Big Deals,Sales',
  'and groups of names');
select is(pg_temp.short(pg_temp.csv('tours-owner', 'tours',
            E',,\n\nemail,name,roles\n,,\nv@example.com,V,traveller\n,,\n')),
          '1 created', 'lines of commas are blank');
select is(pg_temp.csv('tours-owner', 'tours', E'email,name\nw@example.com\n')
            #>> '{0,detail}',
          'The row has not as many cells as the first line.',
          'what is wrong with a row');
select is(pg_temp.json('tours-owner', 'tours', '[1]') #>> '{0,detail}',
          'An invitation must be an object.', '... that is JSON');

select is(pg_temp.refused(null, c), 'TM422 invalid-csv',
          'no CSV: ' || regexp_replace(left(c, 30), '[^ -~]', '?', 'g'))
  from unnest(array['', E'\n\n', 'name,roles', 'email,email',
                    'email,rank', E'email\n"a@example.com',
                    E'email\na"b@example.com', E'email\n"a"b@example.com\n',
                    E'e"mail\nx@example.com',
                    'email' || repeat(E'\n', 262140)]) c;
select is(pg_temp.refused(null, 'email'), 'TM422 invalid-batch',
          'a header alone');
select is(pg_temp.refused(null, E'email\n' || (
            select string_agg('u' || n || '@example.com', E'\n')
              from generate_series(1, 101) n)), 'TM422 batch-too-large',
          'more than a hundred');
select is(pg_temp.refused(null, E'email\n' || repeat(E'\n', 100000)
                                || repeat('x@example.com' || E'\r', 101)),
          'TM422 batch-too-large', 'blank lines are none');
select is(pg_temp.emails('acme'),
          'one@example.com,last@example.com,q1@example.com,rep@example.com,'
          '=1+1@example.com', 'nothing of what was refused is there');

select * from finish();
rollback;
