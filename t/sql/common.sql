-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- What the functions share: repeats, quotas, addresses, secrets, joining.

\set ON_ERROR_STOP on
begin;
select plan(112);

-- email addresses: S3.8

select is(team.email_check(e), n, 'address ' || n)
  from (values
    ('Jane.Doe+x@Example.ORG', 'jane.doe+x@example.org'),
    ('!#$%&''*/=?^_`{|}~-@x.org', '!#$%&''*/=?^_`{|}~-@x.org'),
    ('a@xn--bcher-kva.example', 'a@xn--bcher-kva.example'),
    ('1@2.com', '1@2.com'), ('a@io', 'a@io'),
    (repeat('a', 64) || '@x.org', repeat('a', 64) || '@x.org'),
    ('a@' || repeat('b', 63) || '.org', 'a@' || repeat('b', 63) || '.org'),
    ('a@' || repeat('b.', 125) || 'cc', 'a@' || repeat('b.', 125) || 'cc')
  ) v (e, n);

create function pg_temp.email(p_email text) returns text language plpgsql as $$
declare
  v_detail  text;
begin
  return team.email_check(p_email);
exception
  when others then
    get stacked diagnostics v_detail = pg_exception_detail;
    return sqlstate || ' ' || sqlerrm || ': ' || v_detail;
end
$$;

select is(pg_temp.email(e), 'TM422 invalid-email: That is no email address.',
          'no address ' || to_json(left(e, 30)))
  from (values
    (''), ('a'), ('@'), ('a@'), ('@x.org'), ('a b@x.org'), (' a@x.org'),
    ('a@x.org '), ('a@x..org'), ('a@.x.org'), ('a@x.org.'), ('.a@x.org'),
    ('a.@x.org'), ('a..b@x.org'), ('a@-x.org'), ('a@x-.org'), ('a@b@x.org'),
    ('a@x_y.org'), ('"a"@x.org'), ('a@[127.0.0.1]'), ('a@127.0.0.1'),
    (E'a@x.org\n'), (E'a@x.org\r\nBcc: b@x.org'), ('a@x.org,b@x.org'),
    ('<a@x.org>'), ('a(b)@x.org'), (repeat('a', 65) || '@x.org'),
    ('a@' || repeat('b', 64) || '.org'),
    ('a@' || repeat('b.', 125) || 'ccc')
  ) v (e);
select is(pg_temp.email(e), 'TM422 invalid-email: Write an internationalized '
          'domain in its ASCII form ("xn--...").',
          'a domain in its own letters')
  from (values ('a@bücher.example'), ('a@x.日本')) v (e);
select is(pg_temp.email('jané@x.org'),
          'TM422 invalid-email: That is no email address.',
          'a local part in other than ASCII');
-- U+212A is a k to lower(), and another letter to mail servers
select is(left(pg_temp.email(U&'\212Aate@x.org'), 19), 'TM422 invalid-email',
          'and not one that only looks alike');
select is(pg_temp.email(null),
          'TM422 invalid-email: An email address is needed.', 'none');

-- names

select is(team.name_check('  Jane  Doe ', 'name'), 'Jane  Doe', 'a name');
select is(team.name_check(n, 'name'), null, 'none')
  from (values (null), (''), ('  ')) v (n);
select is(team.name_check(repeat('ü', 200), 'name'), repeat('ü', 200),
          'of 200 characters');
select throws_ok(format('select team.name_check(%L, %L)', n, 'title'), 'TM422',
                 'invalid-title', 'no title')
  from (values (repeat('x', 201)), (E'a\r\nBcc: x'), (E'a\x7f')) v (n);

-- secrets

select is((select count(distinct team.token_make())
             from generate_series(1, 100)), 100::bigint, 'each is another');
select matches(team.token_make(), '^[A-Za-z0-9_-]{43}$', '43 of base64url');
select is(octet_length(decode(translate(team.token_make(), '-_', '+/') || '=',
                              'base64')), 32, 'which are 256 bits');
select is(team.token_hash(repeat('a', 43)), sha256(repeat('a', 43)::bytea),
          'SHA-256 is what is kept');
select is(team.token_hash(x), null, 'nothing is asked for by what is none')
  from (values (null), (''), (repeat('a', 42)), (repeat('a', 44)),
               (repeat('a', 42) || '='), (repeat('a', 42) || ' '),
               (repeat('a', 43) || E'\n')) v (x);

insert into team.invitation (id, account_id, email, inviter_account_id,
                             inviter_member_id, expires_at)
values ('00000000-0000-7000-8000-000000000001', t.a('acme')::uuid,
        'new@example.com', t.a('acme')::uuid, t.m('acme', 'olga')::uuid,
        now() + interval '1 day');
create temporary table issued as
select team.invitation_token_issue('00000000-0000-7000-8000-000000000001') t;
select is((select token_hash from team.invitation_token),
          (select sha256(t::bytea) from issued),
          'S2.12: an invitation''s token is kept as its hash only');
select is_empty($$select from team.invitation_token k, issued
                   where strpos(encode(k.token_hash, 'escape'), t) > 0$$,
                'not in clear');
update team.invitation set status = 'withdrawn', decided_at = now();
select throws_ok($$select team.invitation_token_issue(
                     '00000000-0000-7000-8000-000000000001')$$,
                 'TM409', 'not-pending', 'no token for what is withdrawn');

-- quotas

select lives_ok($$select team.quota_take(t.a('acme')::uuid, 'x', 3, 2)$$,
                'two of three');
select lives_ok($$select team.quota_take(t.a('acme')::uuid, 'x', 3, 1)$$,
                'the third');
select throws_ok($$select team.quota_take(t.a('acme')::uuid, 'x', 3, 1)$$,
                 'TM429', 'quota-exceeded', 'no more');
select lives_ok($$select team.quota_take(t.a('tours')::uuid, 'x', 3, 3)$$,
                'another account has its own');
select lives_ok($$select team.quota_take(t.a('acme')::uuid, 'y', 3, 3)$$,
                'and another kind');
create function pg_temp.wait() returns integer language plpgsql as $$
declare
  v_hint  text;
begin
  perform team.quota_take(t.a('acme')::uuid, 'x', 3, 1);
exception
  when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return v_hint;
end
$$;
select ok(pg_temp.wait() between 1 and 3600, 'it says when there is more');
update team.quota_use set starts_at = starts_at - interval '1 hour';
select lives_ok($$select team.quota_take(t.a('acme')::uuid, 'x', 3, 3)$$,
                'in the next hour');
select is((select count(*) from team.quota_use
            where account_id = t.a('acme')::uuid and kind = 'x'), 1::bigint,
          'and past hours are forgotten');

-- repeats

create function pg_temp.begin(p_key text, p_request jsonb,
  p_subject text default 's', p_scope text default 'acme') returns text
language plpgsql as $$
declare
  v_reply  team_api.reply;
begin
  v_reply := team.idempotency_begin('i', p_subject, t.a(p_scope)::uuid, p_key,
                                    p_request);
  return coalesce(v_reply.status || ' ' || v_reply.body, 'go on');
exception
  when others then
    return sqlstate || ' ' || sqlerrm;
end
$$;
create function pg_temp.end(p_key text, p_body text) returns void
language sql as $$
  select team.idempotency_end('i', 's', t.a('acme')::uuid, p_key,
                              row(201, p_body, null, null, null,
                                  null)::team_api.reply)
$$;

select is(pg_temp.begin(null, '1'), 'go on', 'without a key');
select is(pg_temp.begin('k', '[1]'), 'go on', 'with a new one');
select pg_temp.end('k', '{"id": 1}');
select pg_temp.end(null, '{"id": 2}');
select is(pg_temp.begin('k', '[1]'), '201 {"id": 1}', 'again');
select is(pg_temp.begin('k', '[2]'), 'TM422 idempotency-mismatch',
          'with another request');
select is(pg_temp.begin('k', null), 'TM422 idempotency-mismatch',
          'or none');
select is(pg_temp.begin('k', '[1]', 's2'), 'go on', 'another person''s');
select is(pg_temp.begin('k', '[1]', 's', 'tours'), 'go on',
          'in another account');
select pg_temp.begin('l', '[1]');
select pg_temp.end('l', '{"id": 1, "code": "secret", "token": "secret"}');
select is(pg_temp.begin('l', '[1]'), '201 {"id": 1}',
          'what is shown once is not kept');
select is_empty($$select from team.idempotency_key k
                   where k::text ~ 'secret'$$, 'anywhere');

-- whom a token names

select isnt(team.identity_touch('i', 'p', 'P@X.org', true, 'Pat'), null,
            'a new person');
select is(team.identity_touch('i', 'p', null, null, null),
          (select id from team.identity where subject = 'p'),
          'is who they are');
select is((select (email, email_verified, name)::text from team.identity
            where subject = 'p'), '(p@x.org,t,Pat)',
          'what a token doesn''t say stays');
select team.identity_touch('i', 'p', 'p@x.org', false, E'Pat\nX');
select is((select (email, email_verified, name)::text from team.identity
            where subject = 'p'), '(p@x.org,f,Pat)',
          'an address is as verified as the last token says');
select team.identity_touch('i', 'p', 'other@x.org', false, null);
select is((select (email, email_verified)::text from team.identity
            where subject = 'p'), '(other@x.org,f)', 'or another one');
select team.identity_touch('i', 'p', 'p@x.org', true, null);
select team.identity_touch('i', 'p', 'boss@x.org', false, null);
select is((select (email, email_verified)::text from team.identity
            where subject = 'p'), '(p@x.org,t)',
          'a verified one stays where another one isn''t');
select team.identity_touch('i', 'p', 'p2@x.org', true, null);
select is((select (email, email_verified)::text from team.identity
            where subject = 'p'), '(p2@x.org,t)', 'until it is');
select team.identity_touch('i', 'p', 'p@x.org', true, null);
select team.identity_touch('i', 'p', 'p@x.org', false, null);
select team.identity_touch('i', 'p', 'no address', true, ' ');
select is((select (email, email_verified, name)::text from team.identity
            where subject = 'p'), '(p@x.org,f,Pat)',
          'and what is none is not stored');
select throws_ok($$select team.identity_touch('i', '', null, null, null)$$,
                 'TM401', 'token-missing', 'nobody has no row');

-- joining, by whatever way

create function pg_temp.join(p_account text, p_subject text, p_roles text[],
  p_status text default 'active', p_permissions text[] default null,
  p_email text default null)
returns text language plpgsql as $$
declare
  v_account  team.account;
  v_member   uuid;
begin
  select * into v_account from team.account a where a.slug = p_account;
  v_member := team.member_join(
    v_account,
    team.identity_touch('i', p_subject,
                        coalesce(p_email, p_subject || '@example.net'), true,
                        p_subject),
    array(select r.id from team.role r
           where r.account_id = v_account.id and r.key = any (p_roles)),
    p_permissions, null, t.m(p_account, 'olga')::uuid, p_status);
  return (select concat_ws(' ', m.status, m.joined_at is not null)
            from team.member m where m.id = v_member);
exception
  when others then
    return sqlstate || ' ' || sqlerrm;
end
$$;

select is(pg_temp.join('tours', 'n1', array['traveller']), 'active t', 'joins');
select is(pg_temp.join('tours', 'n1', array['traveller']),
          'TM409 already-member', 'once');
select is(pg_temp.join('tours', 'n1-again', array['traveller'],
                       p_email => 'N1@example.net'), 'TM409 already-member',
          'S1.19: nor under another identity with the same address');
select is(pg_temp.join('tours', 'n2', array[]::text[]),
          'TM409 role-cardinality', 'S2.2: with a role');
select is(pg_temp.join('tours', 'n2', array['traveller', 'approver']),
          'TM409 role-cardinality', 'S2.2: and one only');
select is(pg_temp.join('space', 'n2', array['staff'], 'pending'), 'pending f',
          'S4.7: pending');
select is(pg_temp.join('space', 'n2-again', array['staff'], 'pending',
                       p_email => 'n2@example.net'), 'TM409 already-member',
          'S1.19: nobody waits beside themselves');
select is(pg_temp.join('cloud', 'n3', array[]::text[], 'active',
                       array['products:read']), 'active t',
          'S3.9: with hand-picked permissions');
select is(t.list($$select permission::text from team.member_permission mp
                     join team.member m on m.id = mp.member_id
                     join team.identity i on i.id = m.identity_id
                    where i.subject = 'n3'$$), 'products:read', 'those');
select is(pg_temp.join('cloud', 'n4', array['owner']),
          'TM409 owner-must-transfer', 'S0.7: nobody joins as a second owner');
select is(pg_temp.join('acme', 'n5', array['owner']),
          'TM409 owner-must-transfer', 'in no preset with one');
select is(pg_temp.join('tours', 'n6', array['owner']), 'active t',
          'S2.8: but where there are several');
select is(pg_temp.join('acme', 'n1', array['member']),
          'TM409 other-organization',
          'S0.15: who is in another joins no exclusive one');
select is(pg_temp.join('acme', 'n7', array['member']), 'active t', 'others do');
select is(pg_temp.join('cloud', 'n7', array[]::text[]),
          'TM409 other-organization', 'S0.26: and then join no other');
select is(pg_temp.join('tours', 'n3', array['traveller']), 'active t',
          'S3.11: a person can be in several accounts');
update team.account set status = 'closed', closed_at = now(),
       owner_member_id = null
 where slug = 'cloud';
delete from team.member where id = t.m('tours', 'n3')::uuid;
select is(pg_temp.join('acme', 'n3', array['member']), 'active t',
          'S0.16: a closed account is none');
update team.account set seat_limit = 8 where slug = 'acme';
select is(pg_temp.join('acme', 'n8', array['member'], 'pending'), 'pending f',
          'S2.29: a pending member takes no seat');
select is(pg_temp.join('acme', 'n9', array['member']), 'TM409 seat-limit',
          'S2.29: an active one needs one');
select throws_ok(format('select team.scope_check(a, null, %L)
                          from team.account a where slug = %L', e, s),
                 'TM409', w, d)
  from (values
    ('acme', 'N1@Example.net', 'other-organization',
     'S0.14: known by the address, when inviting'),
    ('tours', 'acme-member@example.com', 'other-organization',
     'S0.15: in whatever account')) v (s, e, w, d);
select lives_ok($$select team.scope_check(a, null, 'nobody@example.net')
                    from team.account a where slug = 'acme'$$,
                'nobody is nowhere');

select * from finish();
rollback;
