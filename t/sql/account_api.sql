-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Accounts as people make, change and close them; seats.

\set ON_ERROR_STOP on
begin;
select plan(126);

-- making: S0.21, S2.3, S3.2, S4.15: the caller is the owner, in each preset

select is(t.try('account_post', 'new-' || p, 'New ' || p, p, null, null, null),
          '201', p || ': made')
  from team.preset pr, lateral (select pr.name::text) x (p) order by p;
select is(t.state('new-' || p, 'new-' || p), 'active ' || r, p || ': S' || s
          || ' the caller has the owner''s role')
  from (values ('business', 'owner', '0.21'), ('branches', 'owner', '1.21'),
               ('travel', 'owner', '2.3'), ('hosting', 'owner', '3.2'),
               ('workspace', 'admin', '4.15')) v (p, r, s);
select is(t.body('member_get', 'new-' || p, 'new-' || p, 'me') ->> 'is_owner',
          'true', p || ': and is the owner')
  from team.preset pr, lateral (select pr.name::text) x (p) order by p;
select is((select p from (select to_jsonb(a) from team.account a
                           where slug = 'new-travel') x (p))
            @> (select to_jsonb(p) - 'name' - 'title' from team.preset p
                 where name = 'travel'), true, 'with the preset''s policy');
select is(t.body('account_get', 'new-travel', 'new-travel')
            - array['id', 'created_at', 'owner'],
          '{"slug": "new-travel", "name": "New travel", "status": "active",
            "time_zone": "UTC", "preset": "travel", "parent": null}',
          'as it is read then');

select is(t.list($$
  select i ->> 'name'
    from jsonb_array_elements((t.reply('preset_list', 'anybody')).body::jsonb
                                -> 'items') i$$),
  'branches,business,hosting,travel,workspace',
  'whoever is signed in learns of what it may be made');
select is(jsonb_path_query_first(
            (t.reply('preset_list', 'anybody')).body::jsonb,
            '$.items[*] ? (@.name == "workspace")'),
          '{"name": "workspace", "title": "Workspace", "roles": [
             {"key": "admin", "name": "Administrator"},
             {"key": "staff", "name": "Staff"}]}',
          'S4.1 with the roles that there are then');
select throws_ok($$select team_api.preset_list(null, null, null, null, null)$$,
                 'TM401', 'token-missing', 'nobody learns of them');

create temporary table made as
select t.reply('account_post', 'maker', '  Über & Söhne 24 GmbH  ', 'travel',
               'Europe/Berlin', null, null) as r;
grant select on made to public;
select is((r).body::jsonb ->> 'name', 'Über & Söhne 24 GmbH',
          'a name without blanks around it') from made;
select is((r).body::jsonb ->> 'slug', 'ber-s-hne-24-gmbh',
          'a slug is made of it') from made;
select is((r).location, '/v1/accounts/' || ((r).body::jsonb ->> 'id'),
          'Location') from made;
select is((r).etag, team.etag((r).body), 'ETag') from made;
select is((r).changed::jsonb,
          '[{"issuer": "https://id.example.com", "subject": "maker"}]',
          'the caller is named as changed') from made;
select is(t.last_audit(), 'account.create done maker', 'it is audited');
select is((select (email, email_verified, name)::text from team.identity
            where subject = 'maker'), '(maker@example.com,t,maker)',
          'the caller is known now');
select matches(t.body('account_post', 'maker', 'Acme', 'travel', null, null,
                      null) ->> 'slug',
               '^acme-[0-9a-f]{6}$', 'a slug that is taken gets a tail');
select is(team.slug_make(n), s, 'slug ' || s)
  from (values ('Jane''s Team', 'jane-s-team'), ('42', 'team-42'),
               ('---', 'team'), ('日本', 'team'),
               (repeat('ab ', 60), 'ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-a'),
               ('abcdef01-2345-7678-9abc-def012345678',
                'team-abcdef01-2345-7678-9abc-def012345678')) v (n, s);

-- S0.16: one account per email

select is(t.try('account_post', 'acme-member', 'Mine', 'travel', null, null,
                null),
          'TM409 other-organization',
          'S0.26: who is in an exclusive account makes none');
select is(t.try('account_post', 'bento-plain', 'Mine', 'business', null, null,
                null),
          'TM409 other-organization',
          'S0.15: who is in any makes no exclusive one');
select is(t.try('account_post', 'bento-plain', 'Mine', 'hosting', null, null,
                null),
          '201', 'S3.11: but others, being in several');
select is((select count(*) from team.account where name = 'Mine'), 1::bigint,
          'what is refused is not there');
insert into team.identity (issuer, subject, email, email_verified)
values ('https://other.example', 'x', 'second@example.com', true);
insert into team.member (account_id, identity_id, status, joined_at)
select t.a('tours')::uuid, id, 'active', now() from team.identity
 where subject = 'x';
select is(t.try('account_post', 'second', 'Mine', 'business', null, null, null),
          'TM409 other-organization',
          'S0.16: by the same address from another issuer too');
update team.identity set email_verified = false where subject = 'x';
select is(t.try('account_post', 'second', 'Mine', 'business', null, null, null),
          '201', 'an address that nobody has verified is nobody''s');

-- what can't be

select is(t.try('account_post', 'maker', n, p, z, s, null), w,
          concat_ws(' ', to_json(left(n, 9)), p, z, s))
  from (values
    (null, 'travel', null, null, 'TM422 invalid-name'),
    ('', 'travel', null, null, 'TM422 invalid-name'),
    (' ', 'travel', null, null, 'TM422 invalid-name'),
    (E'a\nb', 'travel', null, null, 'TM422 invalid-name'),
    (repeat('x', 201), 'travel', null, null, 'TM422 invalid-name'),
    ('X', null, null, null, 'TM422 unknown-preset'),
    ('X', 'none', null, null, 'TM422 unknown-preset'),
    ('X', 'travel', 'Mars/Base', null, 'TM422 invalid-time-zone'),
    ('X', 'travel', '+03:00', null, 'TM422 invalid-time-zone'),
    ('X', 'travel', 'UTC+3', null, 'TM422 invalid-time-zone'),
    ('X', 'travel', 'posix/3', null, 'TM422 invalid-time-zone'),
    ('X', 'travel', '../../etc/passwd', null, 'TM422 invalid-time-zone'),
    ('X', 'travel', '', null, 'TM422 invalid-time-zone'),
    ('X', 'travel', null, 'Acme', 'TM422 invalid-slug'),
    ('X', 'travel', null, '', 'TM422 invalid-slug'),
    ('X', 'travel', null, 'a/b', 'TM422 invalid-slug'),
    ('X', 'travel', null, 'abcdef01-2345-7678-9abc-def012345678',
     'TM422 invalid-slug'),
    ('X', 'travel', null, 'acme', 'TM409 slug-taken')
  ) v (n, p, z, s, w);
select throws_ok($$select team_api.account_post('', '', null, null, null, 'X',
                    'travel', null, null, null)$$,
                 'TM401', 'token-missing', 'nobody makes no account');

-- Idempotency-Key

select is(t.body('account_post', 'maker', 'Twice', 'travel', null, null, 'k1'),
          t.body('account_post', 'maker', 'Twice', 'travel', null, null, 'k1'),
          'a repeat with the same key is answered as the first');
select is((select count(*) from team.account where name = 'Twice'), 1::bigint,
          'and makes no second account');
select is(t.try('account_post', 'maker', 'Thrice', 'travel', null, null, 'k1'),
          'TM422 idempotency-mismatch', 'the key is that request''s');
select is(t.try('account_post', 'maker2', 'Twice', 'travel', null, null, 'k1'),
          '201', 'and that person''s');
update team.idempotency_key
   set created_at = now() - interval '24 hours 1 second';
select is(t.try('account_post', 'maker', 'Thrice', 'travel', null, null, 'k1'),
          '201', 'for 24 hours');
select is((select count(*) from team.idempotency_key), 1::bigint,
          'old ones are cleared away');
select is(t.try('account_post', 'maker', 'X', 'travel', null, null, k),
          'TM422 idempotency-key', 'a key that is none')
  from (values (''), (repeat('x', 256)), (E'a\nb'), ('ü')) v (k);

-- changing

create function pg_temp.patch(p_subject text, p_account text, p_body text)
returns text language sql as $$
  select t.try('account_patch', p_subject, p_account, p_body,
               team.etag(team.account_text(a)))
    from team.account a where a.slug = p_account
$$;

select is(pg_temp.patch('acme-finance', 'acme', '{"name": "X"}'),
          'TM403 permission-missing', 'S0.9: Finance changes no settings');
select is(pg_temp.patch('tours-owner', 'acme', '{"name": "X"}'),
          'TM404 not-found', 'a stranger');
select is(t.try('account_patch', 'olga', 'acme', '{"name": "X"}', null),
          'TM428 precondition-required', 'not without If-Match');
select is(t.try('account_patch', 'olga', 'acme', '{"name": "X"}', '"x"'),
          'TM412 precondition-failed', 'nor with an old one');
select is(pg_temp.patch('olga', 'acme', b), w, 'body ' || b)
  from (values
    ('[]', 'TM422 invalid-account'), ('null', 'TM422 invalid-account'),
    ('"x"', 'TM422 invalid-account'),
    ('{"name": null}', 'TM422 invalid-account'),
    ('{"name": 1}', 'TM422 invalid-account'),
    ('{"slug": ["x"]}', 'TM422 invalid-account'),
    ('{"status": "closed"}', 'TM422 invalid-account'),
    ('{"owner": "x"}', 'TM422 invalid-account'),
    ('{"seat_limit": 5}', 'TM422 invalid-account'),
    ('{"name": " "}', 'TM422 invalid-name'),
    ('{"slug": "A"}', 'TM422 invalid-slug'),
    ('{"slug": "tours"}', 'TM409 slug-taken'),
    ('{"time_zone": "x"}', 'TM422 invalid-time-zone')
  ) v (b, w);
select is((select (name, slug, time_zone)::text from team.account
            where id = t.a('acme')::uuid), '("Acme Ltd",acme,Europe/Berlin)',
          'nothing of it is so');
select is(pg_temp.patch('olga', 'acme', '{}'), '200', 'no change');
select is((select count(*) from team.audit_event
            where action = 'account.update'), 0::bigint, 'leaves no trace');
select is(pg_temp.patch('acme-admin', 'acme', '{"time_zone": "Asia/Tokyo"}'),
          '200', 'S0.11: an Admin manages the settings');
select is((t.reply('account_patch', 'olga', 'acme', '{"name": "Acme AG"}',
                   '*')).changed, null, 'a name is in no grant');
select is((t.reply('account_patch', 'olga', 'acme',
                   '{"slug": "acme-ag"}', '*')).changed, '[{}]',
          'under a new slug everything must be looked up again');
select is(t.try('account_get', 'olga', 'acme'), 'TM404 not-found',
          'the old slug is nobody''s');
select is(t.body('account_get', 'olga', 'acme-ag') ->> 'name', 'Acme AG',
          'the new one is');
select is((select detail -> 'to' ->> 'slug' from team.audit_event
            where action = 'account.update' order by id desc limit 1),
          'acme-ag', 'is audited');
select is(pg_temp.patch('olga', 'acme-ag', '{"slug": "acme"}'), '200', 'back');

-- seats

select is(t.body('seats_get', 'olga', 'acme'), '{"limit": null, "used": 6}',
          'S0.20, S2.22: seats: pending and suspended members take none');
update team.account set seat_limit = 6 where slug = 'acme';
select is(t.body('seats_get', 'acme-admin', 'acme'), '{"limit": 6, "used": 6}',
          'S2.28: with a limit');
select is(t.try('seats_get', 'acme-member', 'acme'), 'TM403 permission-missing',
          'needs members:read');
select throws_ok($$select team.seat_check(a) from team.account a
                    where slug = 'acme'$$,
                 'TM409', 'seat-limit', 'S2.28: there is no seat left');
select is(t.try('member_resume', 'olga', 'acme', t.m('acme', 'acme-suspended')),
          'TM409 seat-limit', 'S2.22: nor for who is to be let in again');
select is(t.state('acme', 'acme-suspended'), 'suspended member', 'so is not');
update team.account set seat_limit = 7 where slug = 'acme';
select lives_ok($$select team.seat_check(a) from team.account a
                   where slug = 'acme'$$, 'now there is');
select is(t.try('member_resume', 'olga', 'acme', t.m('acme', 'acme-suspended')),
          '204', 'S2.20: they are let in again');
select is(t.body('seats_get', 'olga', 'acme'), '{"limit": 7, "used": 7}',
          'into the last seat');
update team.account set seat_limit = 1, seats_counted = 'none'
 where slug = 'acme';
select lives_ok($$select team.seat_check(a) from team.account a
                   where slug = 'acme'$$, 'nothing counts, where none do');

-- closing: S0.5

create function pg_temp.close(p_subject text, p_account text, p_confirm text)
returns text language sql as $$
  select t.try('account_close', p_subject, p_account, p_confirm,
               team.etag(team.account_text(a)), null)
    from team.account a where a.slug = p_account
$$;

select is(pg_temp.close('acme-admin', 'acme', 'acme'),
          'TM403 permission-missing', 'S0.11: an Admin can''t close it');
select is(pg_temp.close('cloud-all', 'cloud', 'cloud'), '403 owner-only',
          'S3.13: nor who has all permissions, but is not the owner');
select is((select (e.action, e.outcome, e.code, e.actor_subject)::text
             from team.audit_event e order by id desc limit 1),
          '(account.close,refused,owner-only,cloud-all)', 'which is audited');
select is(pg_temp.close('space-admin', 'space', 'space'), '403 owner-only',
          'S4.15: nor an Administrator who is not');
select is(pg_temp.close('tours-owner', 'acme', 'acme'), 'TM404 not-found',
          'nor a stranger');
select is(pg_temp.close('olga', 'acme', 'Acme'), 'TM422 confirm-mismatch',
          'S0.5: the Owner, who must say which');
select is(pg_temp.close('olga', 'acme', null), 'TM422 confirm-mismatch',
          'in words');
select is(t.try('account_close', 'olga', 'acme', 'acme', null, null),
          'TM428 precondition-required', 'and know its state');
select is((select count(*) from team.account where status <> 'active'),
          0::bigint, 'nothing has happened so far');

insert into team.invitation (account_id, email, inviter_account_id,
                             inviter_member_id, expires_at)
values (t.a('acme')::uuid, 'new@example.com', t.a('acme')::uuid,
        t.m('acme', 'olga')::uuid, now() + interval '1 day');
insert into team.invite_link (account_id, code_hash, created_by, expires_at)
values (t.a('acme')::uuid, sha256('x'), t.m('acme', 'olga')::uuid,
        now() + interval '1 day');
insert into team.ownership_transfer (account_id, from_member_id, to_member_id,
                                     status)
values (t.a('acme')::uuid, t.m('acme', 'olga')::uuid,
        t.m('acme', 'acme-admin')::uuid, 'pending');

create temporary table closed as
select t.reply('account_close', 'olga', 'acme', 'acme', '*', 'c1') as r;
select is((r).status, 202, 'S0.5: the Owner closes the account') from closed;
select is((r).body::jsonb ->> 'status', 'closed', 'it is closed') from closed;
select is((r).changed, '[{}]', 'which anybody''s grant may depend on')
  from closed;
select is((select count(*) from t.changes() c where c = 'everything') > 0, true,
          'other gateways are told');
select is((select closed_at is not null from team.account where slug = 'acme'),
          true, 'since now');
select is(t.g('olga', 'acme'), 'closed||', 'the gate lets nobody in');
select is(t.try('account_get', 'olga', 'acme'), 'TM403 account-closed',
          'nothing is done there any more');
select is((t.reply('account_close', 'olga', 'acme', 'acme', '*', 'c1')).status,
          202, 'a repeat with the key has the first answer');
select is(t.try('account_close', 'olga', 'acme', 'acme', '*', null),
          'TM403 account-closed', 'one without is too late');
select is((select (i.status, l.revoked_at is not null, o.status)::text
             from team.invitation i, team.invite_link l,
                  team.ownership_transfer o),
          '(withdrawn,t,cancelled)',
          'invitations, links and transfers are void');
select is(t.try('account_post', 'acme-member', 'Mine', 'business', null, null,
                null),
          '201', 'S0.16: whose account is closed is free for another');

select * from finish();
rollback;
