#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Somebody in psql holds the row of a person, and goes to lunch.  The login of
# that person waits; what everybody else may do is still known at once, and the
# login is not lost.

use strict;
use warnings;

use Test::More;

use Team::HTTP;
use Team::Site;
use Team::Token;
use Team::Wait;

my $site = Team::Site->new(workers => 2);
my $at = time - 100;


sub app {
    my (%claims) = @_;

    return $site->anybody(Authorization => 'Bearer ' . token(%claims))
                ->get('/app/')->status;
}


sub waiting {
    return $site->pg->psql("select count(*) from pg_stat_activity
                             where usename = 'team_gateway'
                               and wait_event_type = 'Lock'
                               and query like '%login_record%'");
}


sub login_count {
    my ($subject) = @_;

    return $site->pg->psql("select count(*)
                              from team.login l
                              join team.identity i on i.id = l.identity_id
                             where i.subject = '$subject'");
}

my @nina = (sub => 'nina', iat => $at);

is(app(@nina), 200, 'nina is known');
ok(wait_until(sub { login_count('nina') == 1 }), 'her login is recorded');

# as whoever repairs a name by hand does it

my $hand = $site->pg->dbh;
$hand->begin_work;
$hand->do("update team.identity set name = 'Mia M' where subject = 'mia'");

is(app(sub => 'mia', auth_time => $at), 200, 'mia signs in meanwhile');
ok(wait_until(sub { waiting() }), 'her login waits for the row');

my ($told, $worst) = (0, 0);

for my $round (1 .. 20) {
    for my $status ([suspended => 403], [active => 200]) {
        $site->pg->psql("update team.member m set status = '$status->[0]'
                           from team.identity i
                          where i.id = m.identity_id and i.subject = 'nina'");

        my $start = now_ms();

        wait_until(sub { app(@nina) == $status->[1] }) or last;

        my $took = int(now_ms() - $start);

        $worst = $took if $took > $worst;
        $told++;
    }
}

is($told, 40, 'nina is suspended and let in 20 times');
cmp_ok($worst, '<', 1000, "each time at once: within $worst ms");
ok(wait_until(sub {
       $site->nginx->error_log =~ /login_record was refused: .* \(55P03\)/ }),
   'the wait has an end, which is in the log');
ok(wait_until(sub { waiting() }), 'and a next time');

$hand->commit;
$hand->disconnect;

ok(wait_until(sub { login_count('mia') == 1 }), 'then the login is recorded');
is(login_count('nina'), 1, 'and no other one is lost or told twice');

$site->nginx->allow(qr/login_record was refused: .* \(55P03\)/);
$site->done_ok;

done_testing;
