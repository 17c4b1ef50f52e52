-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- People of the demo: five accounts, one for each preset.  :i is the issuer.

\set ON_ERROR_STOP on

begin;

select team.account_create('acme', 'Acme Payments', 'business',
                           'Europe/Berlin'),
       team.account_create('northwind', 'Northwind Group', 'branches',
                           'Asia/Tokyo'),
       team.account_create('globetrot', 'Globetrot Travel', 'travel',
                           'America/New_York'),
       team.account_create('stratus', 'Stratus Hosting', 'hosting', 'UTC'),
       team.account_create('atelier', 'Atelier Workspace', 'workspace',
                           'Asia/Shanghai')
\g /dev/null

select team.member_add(a, :'i', s, s || '@example.com', n, r, t)
  from (values
    ('acme', 'olivia', 'Olivia Berg', 'owner', 'active'),
    ('acme', 'adam', 'Adam Novak', 'admin', 'active'),
    ('acme', 'fiona', 'Fiona Marsh', 'finance', 'active'),
    ('acme', 'deniz', 'Deniz Aydin', 'developer', 'active'),
    ('acme', 'maya', 'Maya Lind', 'member', 'active'),
    ('acme', 'samir', 'Samir Haddad', 'member', 'suspended'),
    ('northwind', 'clara', 'Clara Jensen', 'owner', 'active'),
    ('northwind', 'carl', 'Carl Sato', 'owner', 'active'),
    ('northwind', 'tomas', 'Tomas Silva', 'team-admin', 'active'),
    ('globetrot', 'oscar', 'Oscar Wu', 'owner', 'active'),
    ('globetrot', 'odile', 'Odile Roux', 'owner', 'active'),
    ('globetrot', 'farid', 'Farid Khan', 'finance-admin', 'active'),
    ('globetrot', 'alice', 'Alice Romero', 'approver', 'active'),
    ('globetrot', 'maya', 'Maya Lind', 'traveller', 'active'),
    ('stratus', 'hugo', 'Hugo Weiss', 'owner', 'active'),
    ('stratus', 'amina', 'Amina Diallo', 'all', 'active'),
    ('stratus', 'pavel', 'Pavel Horak', null, 'active'),
    ('atelier', 'wendy', 'Wendy Zhao', 'owner', 'active'),
    ('atelier', 'arno', 'Arno Petit', 'admin', 'active'),
    ('atelier', 'stella', 'Stella Conti', 'staff', 'active'),
    ('atelier', 'paul', 'Paul Meyer', 'staff', 'pending')
  ) v (a, s, n, r, t)
\g /dev/null

insert into team.member_permission (member_id, permission)
select m.id, p.permission
  from team.member m
  join team.identity i on i.id = m.identity_id
  join (values ('tomas', 'audit:read'),
               ('pavel', 'products:read'),
               ('pavel', 'account:read'),
               ('pavel', 'billing:read')) p (subject, permission)
    on p.subject = i.subject;

commit;
