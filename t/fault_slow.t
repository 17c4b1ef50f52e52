#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Queries that do not end: another session holds the table under an exclusive
# lock.  Our timeout ends the wait, a cancel ends the query in the database, the
# client is told 503, and no connection is lost over it.

use strict;
use warnings;

use Test::More;

use Team::Fault;
use Team::Load;
use Team::Token;
use Team::Wait;

my $REQUESTS = 200;
my $TIMEOUT = 500;

my ($pg, $nginx) = fault_site(
    database => "connections=2 timeout=${TIMEOUT}ms queue=20");

my $dbh = $pg->dbh;
my $olga = token(sub => 'olga');

ok(wait_until(sub {
    !grep { who($nginx, 'olga')->get('/app/')->status != 200 } 1 .. 8
}), 'well before');

$dbh->begin_work;
$dbh->do('lock table team.member in access exclusive mode');

my $open = Team::Load->new(port => $nginx->port, rate => 50,
                           requests => [[open => request('/')]]);

# 40 at a time: twice what both workers' connections and queues hold is more
# than enough to see both ends, the timeout and the full queue

my $load = Team::Load->new(port => $nginx->port, connections => 40, once => 1,
    requests => [map { [nobody => request('/app/', many_token("nobody$_"))] }
                 1 .. $REQUESTS]);

ok(wait_until(sub { sessions($pg, "wait_event_type = 'Lock'") >= 2 }, 5),
   'the connections wait for the lock');

my @answers = $load->wait;

is(scalar @answers, $REQUESTS, "$REQUESTS requests, $REQUESTS answers");
is(scalar(grep { $_->{status} != 503 } @answers), 0, 'all of them 503')
    or diag(explain([grep { $_->{status} != 503 } @answers]));
is(scalar(grep { !$_->{retry_after} } @answers), 0, 'with Retry-After');

my @late = grep { $_->{ms} > 2 * $TIMEOUT } @answers;
cmp_ok(scalar @late, '<=', $REQUESTS / 20, 'within the timeout')
    or diag(join ' ', map { int $_->{ms} } @late);
is(scalar(grep { $_->{ms} > 4 * $TIMEOUT } @answers), 0, 'or little more');

my $status = status_of($nginx);

cmp_ok($status->{query_failures}{timeout}, '>=', $REQUESTS / 2,
       'timeouts are counted: ' . $status->{query_failures}{timeout});
cmp_ok($status->{query_cancels}, '>=', 4,
       "cancels were sent: $status->{query_cancels}");
ok(wait_until(sub {
    !sessions($pg, "query like '%grant_get%' and state <> 'idle'")
}, 5), 'no look-up is left in the database, though the lock is still held');

# one more round on the same connections: none of them was lost

is(who($nginx, 'dora')->get('/app/')->status, 503, 'still 503');

$dbh->rollback;

ok(wait_until(sub { who($nginx, 'dora')->get('/app/')->status == 403 }, 3),
   'without the lock: an answer');
ok(wait_until(sub { status_of($nginx)->{leased} }, 5), 'leased');
ok(quiet($nginx, $pg), 'every connection is idle');

@answers = Team::Load->new(port => $nginx->port, connections => 20, once => 1,
    requests => [map { [nobody => request('/app/', many_token("after$_"))] }
                 1 .. $REQUESTS])->wait;

is(scalar(grep { $_->{status} == 403 } @answers), $REQUESTS,
   "$REQUESTS more: all answered");
ok(quiet($nginx, $pg), 'the connections are there');

my $sessions = sessions($pg);
cmp_ok($sessions, '<=', 5, "two a worker and the keeper's: $sessions");

my @open = $open->stop;
is(scalar(grep { $_->{status} != 200 || $_->{ms} > 500 } @open), 0,
   'all the while unprotected locations: ' . @open . ' requests');

my ($most) = error_lines($nginx);
cmp_ok($most, '<=', 2, 'log lines in any second');

# an administrator who sees 503 finds the reason, and no false alarm with it

like($nginx->error_log, qr/\[error\].*database\ gave\ no\ answer\ in\ time:
                           \ grant_get\ /x, 'the log names what was slow');
unlike($nginx->error_log, qr/established again/, 'nothing was lost');

$nginx->done_ok;

done_testing;
