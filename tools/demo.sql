-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- People of the demo: five accounts, one for each preset, in every state that
-- the preset knows.  :i is the issuer.  Prints who they are, as JSON.

\set ON_ERROR_STOP on
\o /dev/null

begin;

create temporary table person (
  subject  text primary key,
  name     text not null
);

insert into person
values
  ('olivia', 'Olivia Berg'), ('adam', 'Adam Novak'), ('fiona', 'Fiona Marsh'),
  ('deniz', 'Deniz Aydin'), ('maya', 'Maya Lind'), ('samir', 'Samir Haddad'),
  ('audra', 'Audra Vance'), ('pilar', 'Pilar Santos'), ('edgar', 'Edgar Blum'),
  ('dora', 'Dora Kiss'), ('wanda', 'Wanda Moss'), ('eva', 'Eva Thorn'),

  ('clara', 'Clara Jensen'), ('carl', 'Carl Sato'), ('tomas', 'Tomas Silva'),
  ('rita', 'Rita Lund'), ('bruno', 'Bruno Kato'), ('petra', 'Petra Vogel'),
  ('ebbe', 'Ebbe Dahl'), ('dario', 'Dario Neri'), ('willa', 'Willa Hart'),
  ('yuki', 'Yuki Mori'), ('noel', 'Noel Grant'), ('erik', 'Erik Sund'),

  ('oscar', 'Oscar Wu'), ('odile', 'Odile Roux'), ('megan', 'Megan Price'),
  ('tessa', 'Tessa Boyd'), ('farid', 'Farid Khan'), ('alice', 'Alice Romero'),
  ('tara', 'Tara Singh'), ('drew', 'Drew Lawson'), ('piet', 'Piet Bakker'),
  ('enid', 'Enid Shaw'), ('denise', 'Denise Faure'), ('wim', 'Wim Jansen'),
  ('esra', 'Esra Demir'),

  ('hugo', 'Hugo Weiss'), ('amina', 'Amina Diallo'), ('pavel', 'Pavel Horak'),
  ('paula', 'Paula Reyes'), ('elin', 'Elin Strand'), ('derek', 'Derek Cole'),
  ('wayne', 'Wayne Ford'), ('lena', 'Lena Fuchs'), ('elio', 'Elio Conti'),

  ('wendy', 'Wendy Zhao'), ('arno', 'Arno Petit'), ('stella', 'Stella Conti'),
  ('paul', 'Paul Meyer'), ('ruth', 'Ruth Adler'), ('emi', 'Emi Tanaka');


-- Who is nobody's member, and knocks at whose door.

create temporary table outsider (
  subject  text primary key,
  account  text not null
);

insert into outsider
values
  ('eva', 'acme'), ('erik', 'northwind'), ('esra', 'globetrot'),
  ('elio', 'stratus'), ('emi', 'atelier');


-- Somebody does something, as if by the API: the body of the answer, and an
-- error when that is not what should have happened.

select set_config('demo.issuer', :'i', true);

create function pg_temp.act(p_who text, p_function text,
  variadic p_arguments text[])
returns jsonb
language plpgsql
as $$
declare
  v_arguments  text;
  v_name       text;
  v_reply      team_api.reply;
begin
  select string_agg(format('%L', a.value), ', ' order by a.n)
    into v_arguments
    from unnest(p_arguments) with ordinality a (value, n);

  select p.name into strict v_name from person p where p.subject = p_who;

  execute format('select * from team_api.%I($1, $2, $3, true, $4, %s)',
                 p_function, v_arguments)
     into v_reply
    using current_setting('demo.issuer'), p_who, p_who || '@example.com',
          v_name;

  if v_reply.status >= 400 then
    raise '% by %: %', p_function, p_who, v_reply.body;
  end if;

  return v_reply.body;
end
$$;


-- Invites by mail; returns the invitation's id.

create function pg_temp.invite(p_by text, p_account text, p_who text,
  p_roles jsonb, p_permissions jsonb default null, p_groups jsonb default null)
returns uuid
language sql
as $$
  select (pg_temp.act(p_by, 'invitation_post', p_account,
                      p_who || '@example.com', p.name, p_roles::text,
                      p_permissions::text, p_groups::text, 'en', null)
          ->> 'id')::uuid
    from person p
   where p.subject = p_who
$$;


create function pg_temp.member(p_account text, p_who text)
returns text
language sql
as $$
  select m.id::text
    from team.member m
    join team.account a on a.id = m.account_id
    join team.identity i on i.id = m.identity_id
   where a.slug = p_account
     and i.subject = p_who
$$;


-- Five accounts, and who is there from the beginning.

select team.account_create('acme', 'Acme Payments', 'business',
                           'Europe/Berlin'),
       team.account_create('northwind', 'Northwind Group', 'branches',
                           'Asia/Tokyo'),
       team.account_create('globetrot', 'Globetrot Travel', 'travel',
                           'America/New_York'),
       team.account_create('stratus', 'Stratus Hosting', 'hosting', 'UTC'),
       team.account_create('atelier', 'Atelier Workspace', 'workspace',
                           'Asia/Shanghai');

select team.member_add(v.account, :'i', v.who, v.who || '@example.com',
                       (select p.name from person p where p.subject = v.who),
                       v.role)
  from (values
    ('acme', 'olivia', 'owner'),
    ('acme', 'adam', 'admin'),
    ('acme', 'fiona', 'finance'),
    ('acme', 'deniz', 'developer'),
    ('acme', 'maya', 'member'),
    ('acme', 'samir', 'member'),
    ('northwind', 'clara', 'owner'),
    ('northwind', 'carl', 'owner'),
    ('northwind', 'tomas', 'team-admin'),
    ('globetrot', 'oscar', 'owner'),
    ('globetrot', 'odile', 'owner'),
    ('globetrot', 'tessa', 'travel-admin'),
    ('globetrot', 'farid', 'finance-admin'),
    ('globetrot', 'alice', 'approver'),
    ('globetrot', 'tara', 'traveller'),
    ('globetrot', 'drew', 'traveller'),
    ('stratus', 'hugo', 'owner'),
    ('stratus', 'amina', 'all'),
    ('stratus', 'pavel', null),
    ('stratus', 'farid', null),
    ('atelier', 'wendy', 'owner'),
    ('atelier', 'arno', 'admin')
  ) v (account, who, role);

-- they have been there for some time

update team.account
   set created_at = created_at - interval '400 days',
       seat_limit = case when seats_counted = 'active' then 20 end;

update team.member m
   set created_at = m.created_at - o.ago,
       joined_at = m.joined_at - o.ago
  from (select n.id, interval '23 days' * (15 - row_number()
                 over (partition by n.account_id order by n.id)) as ago
          from team.member n) o
 where m.id = o.id;


-- acme: a role of its own, somebody suspended, each kind of invitation

select pg_temp.act('olivia', 'role_post', 'acme', 'auditor', 'Auditor', '30',
                   '["account:read", "audit:read", "members:read"]', null);

select pg_temp.act('adam', 'member_suspend', 'acme',
                   pg_temp.member('acme', 'samir'));

create temporary table invited as
select v.who, v.becomes, null::uuid as id, v.account, v.by, v.roles,
       v.permissions, v.groups
  from (values
    ('acme', 'olivia', 'audra', 'accepted', '["auditor"]', null, null),
    ('acme', 'adam', 'pilar', 'pending', '["finance"]', null, null),
    ('acme', 'adam', 'edgar', 'expired', '["member"]', null, null),
    ('acme', 'adam', 'dora', 'declined', '["developer"]', null, null),
    ('acme', 'adam', 'wanda', 'withdrawn', '["member"]', null, null),
    ('northwind', 'clara', 'rita', 'accepted', '["team-admin", "reporter"]',
     null, null),
    ('northwind', 'clara', 'bruno', 'accepted', '[]',
     '["account:read", "audit:read"]', null),
    ('northwind', 'tomas', 'petra', 'pending', '[]', '["account:read"]', null),
    ('northwind', 'clara', 'ebbe', 'expired', '["team-admin"]', null, null),
    ('northwind', 'clara', 'dario', 'declined', '["team-admin"]', null, null),
    ('northwind', 'clara', 'willa', 'withdrawn', '["reporter"]', null, null),
    ('globetrot', 'oscar', 'megan', 'accepted', '["office-manager"]', null,
     'Sales'),
    ('globetrot', 'oscar', 'piet', 'pending', '["traveller"]', null,
     'Engineering'),
    ('globetrot', 'oscar', 'enid', 'expired', '["traveller"]', null, 'Sales'),
    ('globetrot', 'oscar', 'denise', 'declined', '["approver"]', null, null),
    ('globetrot', 'oscar', 'wim', 'withdrawn', '["traveller"]', null, null),
    ('stratus', 'hugo', 'lena', 'accepted', '["support"]', '["billing:read"]',
     null),
    ('stratus', 'amina', 'paula', 'pending', '[]', '["products:manage"]',
     null),
    ('stratus', 'hugo', 'elin', 'expired', '["all"]', null, null),
    ('stratus', 'hugo', 'derek', 'declined', '[]', '["billing:manage"]', null),
    ('stratus', 'hugo', 'wayne', 'withdrawn', '["support"]', null, null)
  ) v (account, by, who, becomes, roles, permissions, groups);


-- northwind: branches, one whose head has come and one whose has not

select pg_temp.act('clara', 'role_post', 'northwind', 'reporter', 'Reporter',
                   '20', '["account:read", "reports:read"]', null);

select pg_temp.act('clara', 'subaccount_post', 'northwind',
                   'Northwind ' || v.town, 'northwind-' || lower(v.town),
                   v.zone, jsonb_build_object(
                     'email', v.who || '@example.com', 'name', p.name,
                     'roles', jsonb_build_array('team-admin'))::text, null)
  from (values
    ('Osaka', 'yuki', 'Asia/Tokyo'),
    ('Oslo', 'noel', 'Europe/Oslo')
  ) v (town, who, zone)
  join person p on p.subject = v.who;

select pg_temp.act('yuki', 'invitation_accept',
                   team.invitation_token_issue(n.id))
  from team.invitation n
 where n.email = 'yuki@example.com';


-- globetrot: groups, somebody disabled, a manager between owner and admins

select pg_temp.act('oscar', 'role_post', 'globetrot', 'office-manager',
                   'Office Manager', '80',
                   (select jsonb_agg(p.name)
                      from team.permission p
                     where p.name ~ '^(members|invitations|groups):'
                        or p.name in ('account:read', 'audit:read',
                                      'logins:read', 'own-trips:read',
                                      'policy:read', 'roles:read',
                                      'trips:book'))::text, null);

select pg_temp.act('tessa', 'group_post', 'globetrot', v.name, v.policy,
                   pg_temp.member('globetrot', 'alice'), null)
  from (values ('Sales', 'economy'), ('Engineering', 'rail first'))
       v (name, policy);

select pg_temp.act('tessa', 'group_member_put', 'globetrot', g.id::text,
                   pg_temp.member('globetrot', v.who))
  from (values ('tara', 'Sales'), ('drew', 'Sales'), ('drew', 'Engineering'),
               ('farid', 'Engineering')) v (who, name)
  join team.member_group g on g.name = v.name;

select pg_temp.act('oscar', 'member_suspend', 'globetrot',
                   pg_temp.member('globetrot', 'drew'));


-- stratus: hand-picked permissions, and a role of its own

select pg_temp.act('hugo', 'role_post', 'stratus', 'support', 'Support', '20',
                   '["account:read", "members:read", "products:read"]', null);

select pg_temp.act('hugo', 'member_permissions_put', 'stratus',
                   pg_temp.member('stratus', v.who), v.permissions, '*')
  from (values
    ('pavel', '["account:read", "billing:read", "products:read"]'),
    ('farid', '["account:read", "billing:manage", "members:read"]')
  ) v (who, permissions);


-- what became of the invitations; the expired ones are of last month

update invited v
   set id = pg_temp.invite(v.by, v.account, v.who, v.roles::jsonb,
                           v.permissions::jsonb,
                           (select jsonb_agg(g.id)
                              from team.member_group g
                             where g.name = v.groups));

select case v.becomes
         when 'accepted' then
           pg_temp.act(v.who, 'invitation_accept',
                       team.invitation_token_issue(v.id))
         when 'declined' then
           pg_temp.act(v.who, 'invitation_decline',
                       team.invitation_token_issue(v.id))
         when 'withdrawn' then
           pg_temp.act(v.by, 'invitation_delete', v.account, v.id::text)
       end
  from invited v;

update team.invitation n
   set created_at = n.created_at - interval '20 days',
       sent_at = n.sent_at - interval '20 days',
       expires_at = n.expires_at - interval '20 days'
  from invited v
 where v.id = n.id
   and v.becomes = 'expired';


-- atelier: a link to share; one was let in, one waits, one was turned away

select pg_temp.act('wendy', 'role_post', 'atelier', 'guide', 'Guide', '20',
                   '["account:read", "members:read", "workspace:use"]', null);

create temporary table link as
select pg_temp.act('wendy', 'link_post', 'atelier', null, '20', null, null,
                   null) as body;

select pg_temp.act(v.who, 'link_join', l.body ->> 'code')
  from link l
 cross join (values ('stella'), ('paul'), ('ruth')) v (who);

select pg_temp.act('arno', v.function, 'atelier', j.id::text)
  from (values ('stella', 'join_approve'), ('ruth', 'join_reject'))
       v (who, function)
  join team.identity i on i.subject = v.who
  join team.join_request j on j.identity_id = i.id;


-- they sign in now and then, two of them no more

insert into team.login (identity_id, at)
select i.id, statement_timestamp() - interval '11 hours' * v.first
             - interval '49 hours' * n
  from (values
    ('olivia', 1), ('adam', 2), ('fiona', 5), ('deniz', 3), ('samir', 200),
    ('clara', 1), ('tomas', 4), ('oscar', 2), ('megan', 1), ('farid', 6),
    ('tara', 9), ('drew', 220), ('hugo', 2), ('amina', 1), ('pavel', 30),
    ('wendy', 1), ('arno', 3)
  ) v (who, first)
  join team.identity i on i.subject = v.who
 cross join generate_series(0, 4) n;

update team.identity i
   set last_login_at = l.at
  from (select identity_id, max(at) as at from team.login group by 1) l
 where i.id = l.identity_id;


-- who may sign in: members, who is invited, who is nobody's member

\o

select jsonb_agg(jsonb_build_object(
         'account', w.account, 'preset', a.preset, 'name', p.name,
         'email', p.subject || '@example.com', 'subject', p.subject,
         'status', w.status, 'part', w.part, 'role', w.role)
       order by coalesce(a.parent_id, a.id), a.id, w.place, w.id)
  from (select a.slug, i.subject, m.status, 1, m.id,
               case
                 when (team.standing_find(a.id, m.id)).is_owner then 'owner'
                 when team.permission_has(m.id, 'members:remove') then 'manager'
                 else 'member'
               end,
               coalesce((select string_agg(r.name, ', ' order by r.rank desc)
                           from team.member_role mr
                           join team.role r on r.id = mr.role_id
                          where mr.member_id = m.id), 'none')
          from team.member m
          join team.account a on a.id = m.account_id
          join team.identity i on i.id = m.identity_id
        union all
        select a.slug, split_part(n.email, '@', 1), 'invited', 2, n.id,
               'invited',
               coalesce((select string_agg(r.name, ', ' order by r.rank desc)
                           from team.invitation_role nr
                           join team.role r on r.id = nr.role_id
                          where nr.invitation_id = n.id), 'none')
          from team.invitation n
          join team.account a on a.id = n.account_id
         where n.status = 'pending'
           and n.expires_at > statement_timestamp()
        union all
        select o.account, o.subject, 'outsider', 3, null, 'outsider', 'none'
          from outsider o)
       w (account, subject, status, place, id, part, role)
  join team.account a on a.slug = w.account
  join person p on p.subject = w.subject;

commit;
