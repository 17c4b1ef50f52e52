#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# What the keeper does beside reading changes, also where a read is due each
# time it looks: it prunes what nobody reads any more, and does not stop at the
# first thousand, for more than that a minute would pile up for ever; and it
# tells of logins.

use strict;
use warnings;

use Test::More;

use Team::Site;
use Team::Wait;

my $old = <<'EOF';
select (select count(*) from team.outbox
         where kind = 'x.do' and created_at < now() - interval '7 days')
       + (select count(*) from team.change where issuer = 'i')
EOF

for my $changes ('listen', 'poll=20ms') {
    subtest "team_changes $changes" => sub {
        my $site = Team::Site->new(http => "team_changes  $changes;");
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
        is($site->as('mia')->get('/app/')->status, 200, 'somebody signs in');
        ok(wait_until(sub { $pg->psql($old) == 0 }, 20), 'what is old goes');

        is($pg->psql("select count(*) from team.outbox where kind = 'x.do'"),
           7, 'events that are younger stay');
        is($pg->psql("select count(*) from team.outbox
                       where kind = 'invitation.mail'"), 5, 'and mail');
        ok(wait_until(sub { $pg->psql('select count(*) from team.login') }),
           'the login is recorded');

        $site->done_ok;
    };
}

done_testing;
