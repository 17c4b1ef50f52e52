-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Five accounts, one per preset, for tests.  The issuer is
-- https://id.example.com; a subject is the account's slug, a hyphen and the
-- role or what is special; "olga" owns acme and is a traveller in tours.

\set ON_ERROR_STOP on

begin;

\set i '''https://id.example.com'''

select team.account_create('acme', 'Acme Ltd', 'business', 'Europe/Berlin'),
       team.account_create('bento', 'Bento Group', 'branches', 'Asia/Tokyo'),
       team.account_create('tours', 'Tours Inc', 'travel', 'America/New_York'),
       team.account_create('cloud', 'Cloud Hosting', 'hosting'),
       team.account_create('space', 'Work Space', 'workspace', 'Asia/Shanghai')
\g /dev/null

select team.member_add(a, :i, s, s || '@example.com', n, r, t)
  from (values
    ('acme', 'olga', 'Olga Owner', 'owner', 'active'),
    ('acme', 'acme-admin', 'Adam Admin', 'admin', 'active'),
    ('acme', 'acme-admin2', 'Ada Admin', 'admin', 'active'),
    ('acme', 'acme-finance', 'Fay Finance', 'finance', 'active'),
    ('acme', 'acme-developer', 'Dev Developer', 'developer', 'active'),
    ('acme', 'acme-member', 'Mia Member', 'member', 'active'),
    ('acme', 'acme-suspended', 'Sue Suspended', 'member', 'suspended'),
    ('acme', 'acme-pending', 'Pen Pending', 'member', 'pending'),
    ('bento', 'bento-owner', 'Cora Company', 'owner', 'active'),
    ('bento', 'bento-owner2', 'Carl Company', 'owner', 'active'),
    ('bento', 'bento-team', 'Tim Team', 'team-admin', 'active'),
    ('bento', 'bento-plain', 'Pia Plain', null, 'active'),
    ('tours', 'tours-owner', 'Otto Owner', 'owner', 'active'),
    ('tours', 'tours-owner2', 'Oda Owner', 'owner', 'active'),
    ('tours', 'tours-finance', 'Finn Finance', 'finance-admin', 'active'),
    ('tours', 'tours-approver', 'Apu Approver', 'approver', 'active'),
    ('tours', 'olga', 'Olga Owner', 'traveller', 'active'),
    ('cloud', 'cloud-owner', 'Hugo Host', 'owner', 'active'),
    ('cloud', 'cloud-all', 'Alma All', 'all', 'active'),
    ('cloud', 'cloud-picked', 'Pico Picked', null, 'active'),
    ('space', 'space-owner', 'Wanda Work', 'owner', 'active'),
    ('space', 'space-admin', 'Arno Admin', 'admin', 'active'),
    ('space', 'space-staff', 'Stan Staff', 'staff', 'active'),
    ('space', 'space-pending', 'Paul Pending', 'staff', 'pending')
  ) v (a, s, n, r, t)
\g /dev/null

insert into team.member_permission (member_id, permission)
select m.id, p.permission
  from team.member m
  join team.identity i on i.id = m.identity_id
  join (values ('bento-plain', 'members:read'),
               ('bento-team', 'audit:read'),
               ('cloud-picked', 'products:read'),
               ('cloud-picked', 'account:read'),
               ('cloud-picked', 'billing:read')) p (subject, permission)
    on p.subject = i.subject;

commit;
