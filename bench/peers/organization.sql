-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Members for the two organizations of better-auth, beside their owner: 1,000
-- in "small", in "large" as many as said:
--
--     psql -d organization -v members=1000000 -f bench/peers/organization.sql

\set ON_ERROR_STOP on

begin;

set local maintenance_work_mem = '256MB';

insert into "user" (id, name, email, "emailVerified")
select o.slug || '-' || n, 'Person ' || n,
       o.slug || '-' || n || '@example.com', true
  from organization o
 cross join lateral generate_series(
         1, case o.slug when 'small' then 1000 else :members end - 1) n;

insert into member (id, "organizationId", "userId", role, "createdAt")
select o.slug || '-' || n, o.id, o.slug || '-' || n, 'member',
       timestamptz '2020-01-01 00:00Z' + n * interval '1 minute'
  from organization o
 cross join lateral generate_series(
         1, case o.slug when 'small' then 1000 else :members end - 1) n;

commit;

vacuum analyze;
