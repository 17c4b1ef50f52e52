#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The keeper prunes what nobody reads any more, and does not stop at the first
# thousand: more than that a minute would pile up for ever.

use strict;
use warnings;

use Test::More;

use Team::Site;
use Team::Wait;

my $site = Team::Site->new;
my $pg = $site->pg;

$pg->psql(<<'EOF');
insert into team.outbox (account_id, kind, created_at)
select a.id, k, statement_timestamp() - v.age
  from team.account a,
       (values ('x.do', interval '8 days', 2500),
               ('x.do', interval '6 days', 7),
               ('invitation.mail', interval '8 days', 5)) v (k, age, n),
       generate_series(1, v.n)
 where a.slug = 'acme';
insert into team.change (issuer, subject, at)
select 'i', 's' || n, statement_timestamp() - interval '16 minutes'
  from generate_series(1, 2500) n;
EOF

# a keeper prunes in its first second, then once a minute: a new one

ok($site->nginx->reload, 'a reload');

my $old = <<'EOF';
select (select count(*) from team.outbox
         where kind = 'x.do' and created_at < now() - interval '7 days')
       + (select count(*) from team.change where issuer = 'i')
EOF

ok(wait_until(sub { $pg->psql($old) == 0 }, 20), 'all that is old goes');

is($pg->psql("select count(*) from team.outbox where kind = 'x.do'"), 7,
   'events that are younger stay');
is($pg->psql("select count(*) from team.outbox
               where kind = 'invitation.mail'"), 5, 'and mail');

$site->done_ok;

done_testing;
