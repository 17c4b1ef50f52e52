#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Clients that go away, and workers that come and go, with queries in flight.
#
# TEAM_POOL_GONE and TEAM_POOL_RELOADS say how often (2000, 20).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use POSIX ();
use Test::More;

use Team::Nginx;
use Team::Pool;
use Team::Wait;

my $gone = $ENV{TEAM_POOL_GONE} // 2000;
my $reloads = $ENV{TEAM_POOL_RELOADS} // 20;

my ($pg, $nginx) = pool_start(
    options => 'connections=4 queue=500 timeout=5s listen', workers => 2);


# --- clients go away ---------------------------------------------------------

# some while their query waits, some while it runs, some as its answer comes

for my $batch (1 .. $gone / 20) {
    my @sockets = map {
        start_one($nginx, $_ % 3 ? 'sleep' : 'big', $_ % 3 ? 0.003 : 3000)
    } 1 .. 20;

    finish_one(pop @sockets) if $batch % 10 == 0;
    close $_ for @sockets;
}

ok(settled_with($nginx, $pg, 2), "$gone clients gone: all is idle again");
cmp_ok(gauges($nginx)->{open}, '<=', 8, 'no more connections than allowed');
is(scalar(grep { /^OK / } many($nginx, 50, 'one')), 50, 'everybody is served');
is(status($nginx)->{unavailable}, 0, 'nothing was unavailable');

{
    # a slow one: abandoned, but still timed out and cancelled

    my $slow = start_one($nginx, 'sleep', 60);
    ok(wait_until(sub { sessions($pg, "query like '%pg_sleep%'
                                       and state = 'active'") }),
       'a slow query runs');
    close $slow;
    ok(wait_until(sub { !sessions($pg, "state = 'active'") }, 8),
       'and is ended although nobody waits');
    ok(settled_with($nginx, $pg, 2), 'its slot is free again');
}


# --- reloads under load ------------------------------------------------------

my $load = load_start($nginx);

for my $i (1 .. $reloads) {
    $nginx->reload(old => $i % 4);
}

my ($count, @bad) = load_stop($load);

cmp_ok($count, '>', 100, "$reloads reloads under load ($count requests)");
is_deeply(\@bad, [], 'no request failed');
ok(wait_until(sub { $nginx->workers(all => 1) == 2 }, 20),
   'the old workers are gone');
ok(settled_with($nginx, $pg, 2), 'and their connections');


# --- the last of a worker ----------------------------------------------------

{
    # a graceful end lets queries finish, those that still wait too

    my $lock = $pg->dbh;

    $lock->begin_work;
    $lock->do('lock table test.row in access exclusive mode');

    my @sockets = map { start_one($nginx, 'write', 'last') } 1 .. 16;
    ok(wait_until(sub {
        my $sum = gauges($nginx);
        return $sum->{busy} >= 4 && $sum->{busy} + $sum->{waiting} == 16;
    }), 'queries run or wait');

    $nginx->signal('QUIT');
    ok(wait_until(sub { !$nginx->workers }), 'the workers are to end');
    $lock->rollback;
    $lock->disconnect;

    ok($nginx->stop('QUIT'), 'a graceful end');
    is(scalar(grep { /^OK / } map { finish_one($_) } @sockets), 16,
       'answers them all');
    ok(wait_until(sub { sessions($pg) == 0 }), 'no session is left');
    $nginx->done_ok;
}

{
    # a fast end does not

    $nginx = pool_nginx(conninfo => $pg->conninfo(user => 'gateway'),
                        options => 'connections=2 queue=50 timeout=5s listen');
    $nginx->start;

    my @sockets = map { start_one($nginx, 'sleep', 3) } 1 .. 20;
    ok(wait_until(sub { sessions($pg, "state = 'active'") >= 2 }),
       'queries run, others wait');

    ok($nginx->stop('TERM'), 'a fast end');
    unlike($nginx->error_log, qr/open socket/, 'leaves no socket open');
    ok(wait_until(sub { sessions($pg) == 0 }, 8), 'nor a session');
    $nginx->done_ok;
}

{
    # worker_shutdown_timeout ends what would take longer

    $nginx = pool_nginx(conninfo => $pg->conninfo(user => 'gateway'),
                        options => 'connections=2 queue=50 timeout=60s listen');
    $nginx->{config} = $nginx->expand(%$nginx)
                       =~ s/worker_shutdown_timeout  \K20s/300ms/r;
    $nginx->start;

    my @sockets = map { start_one($nginx, 'sleep', 30) } 1 .. 4;
    ok(wait_until(sub { sessions($pg, "state = 'active'") >= 2 }),
       'queries of 30 s run');

    my $before = now_ms();
    $nginx->signal('QUIT');
    is(scalar(grep { /^OK / } map { finish_one($_, 10) } @sockets), 0,
       'are cut off');
    cmp_ok(now_ms() - $before, '<', 10_000, 'long before they end');
    ok($nginx->stop('QUIT'), 'the worker ends');

    $nginx->done_ok;
}

done_testing();


# Like settled, with the listeners' connections beside the pool's.

sub settled_with {
    my ($nginx, $pg, $listeners) = @_;

    return wait_until(sub {
        my $sum = gauges($nginx);
        return $sum->{busy} == 0 && $sum->{waiting} == 0
               && $sum->{workers} == 2
               && !sessions($pg, "state <> 'idle'")
               && sessions($pg) == $sum->{open} + $listeners;
    }, 15);
}


# A process that asks until it is told to stop, one connection a request.

sub load_start {
    my ($nginx) = @_;

    pipe my $stop_read, my $stop or die "pipe: $!";
    pipe my $report, my $report_write or die "pipe: $!";

    defined(my $pid = fork) or die "fork: $!";

    if (!$pid) {
        close $stop;
        load($nginx, $stop_read, $report_write);
        POSIX::_exit(0);
    }

    close $stop_read;
    close $report_write;

    return { pid => $pid, stop => $stop, report => $report };
}


sub load {
    my ($nginx, $stop, $report) = @_;

    my ($count, @bad) = (0);

    while (!IO::Select->new($stop)->can_read(0)) {
        my @sockets = (
            (map { start_one($nginx, 'one') } 1 .. 4),
            (map { start_one($nginx, 'sleep', 0.02) } 1 .. 4),
            (map { start_one($nginx, 'write', 'load') } 1 .. 2),
        );

        for my $answer (map { finish_one($_) } @sockets) {
            $count++;
            push @bad, $answer unless $answer =~ /^OK /;
        }
    }

    syswrite $report, join "\n", $count, map { s/\s+/ /gr } @bad;

    return;
}


sub load_stop {
    my ($load) = @_;

    close $load->{stop};
    local $/;
    my $text = readline $load->{report};
    waitpid $load->{pid}, 0;

    return split /\n/, $text // 0;
}
