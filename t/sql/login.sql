-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Login times: from the gateway's keeper, to whom it may concern.

\set ON_ERROR_STOP on
begin;
select * from no_plan();

create function t.seen(p_logins text) returns text
language plpgsql as $$
begin
  return team_api.login_record(p_logins::jsonb);
exception
  when others then
    return sqlstate || ' ' || sqlerrm;
end
$$;

create function t.times(p_who text, p_account text, p_member text)
returns text
language sql as $$
  select coalesce(string_agg(i.item ->> 'at', ' ' order by i.n), '')
    from jsonb_array_elements(t.body('login_list', p_who, p_account, p_member,
                                     null, null) -> 'items')
         with ordinality i (item, n)
$$;

select is(t.seen('[
  {"issuer": "https://id.example.com", "subject": "olga", "at": 1700000000},
  {"issuer": "https://id.example.com", "subject": "olga", "at": 1700000100.25},
  {"issuer": "https://id.example.com", "subject": "acme-admin",
   "at": "2023-11-14T00:00:00Z"},
  {"issuer": "https://id.example.com", "subject": "nobody", "at": 1700000000},
  {"issuer": "https://other.example", "subject": "olga", "at": 1700000000}
]'), '3', 'S3.13 logins of those who are known');
select is(t.times('olga', 'acme', 'me'),
          '2023-11-14T22:15:00.250Z 2023-11-14T22:13:20.000Z',
          'S3.13 the login log, the latest first');
select is((select team.time_text(last_login_at) from team.identity
            where subject = 'olga'), '2023-11-14T22:15:00.250Z',
          'S3.2 the last of them');
select is(t.seen('[{"issuer": "https://id.example.com", "subject": "olga",
                    "at": 1700000000}]'), '0', 'what was told changes nothing');
select is(t.seen('[{"issuer": "https://id.example.com", "subject": "olga",
                    "at": 1600000000}]'), '1', 'an older one comes late');
select is((select team.time_text(last_login_at) from team.identity
            where subject = 'olga'), '2023-11-14T22:15:00.250Z',
          'S3.2 the last one stays');
select is(t.seen('[{"issuer": "https://id.example.com",
                    "subject": "acme-member", "at": 9000000000}]'), '1',
          'from a clock that is ahead');
select ok((select last_login_at <= clock_timestamp() from team.identity
            where subject = 'acme-member'), 'is not later than now');
select is(t.seen('[]'), '0', 'nothing');
select is(t.seen(v.bad), 'TM422 invalid-logins', 'refused: ' || v.bad)
  from unnest(array['null', '{}', '1', '[1]', '[{}]',
                    '[{"issuer": "i", "subject": "s"}]',
                    '[{"issuer": "i", "subject": 1, "at": 1}]',
                    '[{"issuer": "i", "subject": "s", "at": -1}]',
                    '[{"issuer": "i", "subject": "s", "at": 1e300}]',
                    '[{"issuer": "i", "subject": "s", "at": null}]']) v (bad);
select is(t.seen('[{"issuer": "https://id.example.com", "subject": "olga",
                    "at": "soon"}]'), 'TM400 bad-time', 'a time that is none');
select is((select count(*) from team.change
            where xid = pg_current_xact_id()), 0::bigint,
          'a login voids no cached grant');

-- who may read them

select is(t.times('acme-admin', 'acme', t.m('acme', 'acme-admin')),
          '2023-11-14T00:00:00.000Z', 'S3.13 oneself');
select is(t.times('acme-finance', 'acme', 'me'), '', 'who never has, too');
select is(t.times('acme-admin', 'acme', t.m('acme', 'olga')),
          t.times('olga', 'acme', 'me'), 'S2.32 others, with logins:read');
select is(t.try('login_list', 'acme-finance', 'acme', t.m('acme', 'olga'), null,
                null), 'TM403 permission-missing', 'and not without');
select is(t.try('login_list', 'acme-admin', 'acme', t.m('tours', 'olga'), null,
                null), 'TM404 not-found', 'nobody of another account');
select is(t.try('login_list', 'olga', 'acme', 'x', null, null),
          'TM404 not-found', 'nobody at all');

-- pages

create temporary table page as
select (t.reply('login_list', 'olga', 'acme', 'me', '2', null)).*;
select is(jsonb_array_length(p.body::jsonb -> 'items'), 2, 'two of three')
  from page p;
select is((t.reply('login_list', 'olga', 'acme', 'me', '2',
                   p.cursor)).body::jsonb,
          '{"items": [{"at": "2020-09-13T12:26:40.000Z"}],
            "next_cursor": null}'::jsonb, 'then the third') from page p;
select is(t.try('login_list', 'olga', 'acme', t.m('acme', 'acme-admin'), '2',
                p.cursor), 'TM400 bad-cursor', 'another member''s cursor')
  from page p;
select is(t.try('login_list', 'olga', 'acme', 'me', '2', 'x'),
          'TM400 bad-cursor', 'none at all');

select * from finish();
rollback;
