-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Which migrations this database has had.  A migration starts by inserting its
-- own row, so two of them can't run at once, and is frozen once released.

create table if not exists team.migration (
  number      integer not null,
  name        text not null,
  applied_at  timestamptz not null default pg_catalog.clock_timestamp(),
  constraint migration_pkey primary key (number)
);
