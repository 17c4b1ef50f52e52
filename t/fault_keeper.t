#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# A keeper that stands still, as in a virtual machine that is moved, while its
# read waits in the database: when it goes on, another has its seat, and its
# read has timed out in the same moment.

use strict;
use warnings;

use Test::More;

use Team::Fault;
use Team::HTTP;
use Team::Wait;

my ($pg, $nginx) = fault_site(cache => 'valid=60s stale=1s');


# Once more, if the kernel has woken the worker that was just stopped.

sub ask {
    my ($uri) = @_;

    return wait_until(sub {
        eval { Team::HTTP->new(port => $nginx->port, timeout => 1)->get($uri) }
    }) || die "no answer to $uri";
}


sub keeper {
    return ask('/status')->json->{keeper_pid};
}


my $keeper = wait_until(\&keeper) or die 'no keeper';
my $dbh = $pg->dbh;

$dbh->begin_work;
$dbh->do('lock table team.change in access exclusive mode');

ok(wait_until(sub {
    $pg->backends("usename = 'team_gateway' and wait_event_type = 'Lock'")
}), 'its read waits');

kill STOP => $keeper;

ok(wait_until(sub { my $pid = keeper(); $pid && $pid != $keeper }),
   'another takes the seat');

kill CONT => $keeper;

# the other one must not answer in its place

my ($other) = grep { $_ != $keeper } $nginx->workers;

kill STOP => $other;
my $res = ask('/');
kill CONT => $other;

is($res->header('X-Worker'), $keeper, 'the first goes on');

$dbh->rollback;
$dbh->disconnect;

ok(wait_until(sub { status_of($nginx)->{leased} }), 'and changes come again');
ok(quiet($nginx, $pg), 'over one connection');

$nginx->done_ok;

done_testing;
