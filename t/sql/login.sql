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

-- The story: somebody is invited, signs in, looks around, and then accepts.
-- Their login came while nobody knew them.

create function t.waiting(p_subject text) returns text language sql as $$
  select coalesce((select team.time_text(w.at) from team.login_waiting w
                    where w.issuer = 'https://id.example.com'
                      and w.subject = p_subject), 'none')
$$;

create function t.last(p_subject text) returns text language sql as $$
  select coalesce((select team.time_text(i.last_login_at) from team.identity i
                    where i.issuer = 'https://id.example.com'
                      and i.subject = p_subject), 'none')
$$;

delete from team.login_waiting;
select is(t.seen('[
  {"issuer": "https://id.example.com", "subject": "ina", "at": 1700000100},
  {"issuer": "https://id.example.com", "subject": "ina", "at": 1700000200},
  {"issuer": "https://other.example", "subject": "ina", "at": 1700000300},
  {"issuer": "https://id.example.com", "subject": "olga", "at": 1700000400}
]'), '1', 'logins of strangers among others');
select is(t.waiting('ina'), '2023-11-14T22:16:40.000Z', 'the last one waits');
select is((select count(*) from team.login_waiting), 2::bigint,
          'one of each, and of nobody who is known');
select is(t.seen('[{"issuer": "https://id.example.com", "subject": "ina",
                    "at": 1700000150}]'), '0', 'an older one comes late');
select is(t.waiting('ina'), '2023-11-14T22:16:40.000Z', 'the last one stays');
create temporary table invited as
select team.invitation_token_issue((t.body(
         'invitation_post', 'olga', 'acme', 'ina@example.com', 'Ina',
         '["member"]', null, null, null, null) ->> 'id')::uuid) as token;
grant select on invited to public;
select is(t.try('invitation_accept', 'ina', token), '201', 'she accepts')
  from invited;
select is(t.times('ina', 'acme', 'me'), '2023-11-14T22:16:40.000Z',
          'S3.13 and it is in her login log');
select is(t.last('ina'), '2023-11-14T22:16:40.000Z', 'S3.2 her last one');
select is(t.waiting('ina'), 'none', 'it waits no more');
select is((select count(*) from team.login_waiting), 1::bigint,
          'that of somebody of her name does');
select is(t.seen('[{"issuer": "https://id.example.com", "subject": "ina",
                    "at": 1700000200}]'), '0', 'told again it is not new');

-- whichever way an identity comes

insert into team.login_waiting (issuer, subject, at)
select 'https://id.example.com', s, '2023-11-14T00:00:00Z'
  from unnest('{by-hand-1,by-hand-2,adder,maker}'::text[]) s;
insert into team.identity (issuer, subject)
select 'https://id.example.com', 'by-hand-' || n from generate_series(1, 3) n;
select is(t.last('by-hand-1') || ' ' || t.last('by-hand-2') || ' '
          || t.last('by-hand-3'),
          '2023-11-14T00:00:00.000Z 2023-11-14T00:00:00.000Z none',
          'several by hand');
select isnt(team.member_add('acme', 'https://id.example.com', 'adder', null,
                            null, 'member'), null, 'added by an administrator');
select is(t.last('adder'), '2023-11-14T00:00:00.000Z', 'has it too');
select is(t.try('account_post', 'maker', 'Made', 'travel', null, null, null),
          '201', 'who makes an account');
select is(t.last('maker'), '2023-11-14T00:00:00.000Z', 'has it too');
select is((select count(*) from team.login_waiting), 1::bigint,
          'none of these waits any more');

-- The story: anybody can sign in at the issuer, and somebody does so in the name
-- of thousands.

select is(t.seen(jsonb_build_array(jsonb_build_object(
                   'issuer', 'https://id.example.com', 'subject', v.s,
                   'at', 1700000000))::text), '0', 'nobody''s name: ' || v.d)
  from (values ('', 'empty'), (repeat('x', 256), 'long'),
               (E'a\nb', 'two lines')) v (s, d);
select is((select count(*) from team.login_waiting), 1::bigint,
          'is not kept, and no harm to others');

delete from team.login_waiting;
insert into team.login_waiting (issuer, subject, at, told_at)
select 'i', 's' || n, now(), now() - n * interval '1 second'
  from generate_series(1, 10500) n;
select is(t.seen('[{"issuer": "https://id.example.com", "subject": "late",
                    "at": 1700000000}]'), '0', 'one more');
select is((select count(*) from team.login_waiting), 10000::bigint,
          'ten thousand are kept');
select is((select string_agg(subject, ' ' order by told_at)
             from team.login_waiting
            where told_at > now() - interval '3 seconds'
               or told_at <= now() - interval '9999 seconds'),
          's9999 s2 s1 late', 'which are the latest');
update team.login_waiting set told_at = told_at - interval '1 day'
 where subject ~ '^s.*[05]$';
set role team_gateway;
select is(team_api.changes_prune(), 1000, 'a day old: pruned by the thousand');
select is(team_api.changes_prune(), 999, 'until all of them are gone');
reset role;
select is((select count(*) from team.login_waiting), 8001::bigint,
          'the others stay');

select * from finish();
rollback;
