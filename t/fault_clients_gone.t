#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Clients that go away while their query runs, ten thousand times: closed
# connections, streams that are reset, connections with streams that are cut.
# Afterwards every database connection is idle and counted, and the workers have
# not grown by it.  Queries are held by a lock, so that each client is gone
# before its answer can come.

use strict;
use warnings;

use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;

use Team::Fault;
use Team::H2;
use Team::Token;
use Team::Wait;

my $GONE = $ENV{TEAM_GONE} // 10_000;
my $BATCH = 100;
my $STREAMS = 500;

# 25 queries in a batch run in each worker's connections, the others wait

my ($pg, $nginx) = fault_site(
    cache => 'valid=60s stale=3s absent=1s tokens=256',
    database => 'connections=12 timeout=30s queue=200');

$pg->psql('alter role team_gateway set lock_timeout = 0;
           alter role team_gateway set statement_timeout = 0');

my $dbh = $pg->dbh;
my $serial = 0;
my $gone = 0;
my $mia = token(sub => 'mia');


sub lock_members {
    $dbh->begin_work;
    $dbh->do('lock table team.member in access exclusive mode');
    return;
}


# Requests that nginx logged as gone before they were answered (499).

sub logged {
    my $path = $nginx->dir . '/access.log';

    open my $file, '<', $path or return 0;
    my $n = grep { /" 499 / } <$file>;

    return $n;
}


# The gate asks for somebody new each time, the API for the same person.

sub next_request {
    my ($path, $token) = $serial++ % 4
        ? ('/app/', many_token("gone$serial")) : ('/team/v1/me/accounts', $mia);

    return ($path, $token);
}


sub memory {
    my $most = 0;

    for my $pid ($nginx->workers) {
        open my $file, '<', "/proc/$pid/status" or next;
        my ($kb) = join('', <$file>) =~ /^VmRSS:\s+(\d+)/m;
        $most = $kb if $kb && $kb > $most;
    }

    return $most;
}


# Requests whose token nginx has looked at, which is just before they wait.

sub known {
    my $tokens = status_of($nginx)->{tokens};

    return $tokens->{verified} + $tokens->{remembered};
}


# Connections of HTTP/1.1; each other one with a reset instead of a goodbye.

sub plain {
    my ($n) = @_;

    lock_members();

    my $before = known();
    my @sockets = map {
        my $socket = IO::Socket::INET->new(PeerHost => '127.0.0.1',
            PeerPort => $nginx->port, Proto => 'tcp') or die "connect: $!";
        syswrite $socket, request(next_request());
        $socket;
    } 1 .. $n;

    # all have been read by nginx, which could not know that a client is gone
    # if its end came together with its request

    wait_until(sub { known() - $before >= $n })
        or die "not all of $n requests wait";

    for my $i (0 .. $#sockets) {
        setsockopt $sockets[$i], SOL_SOCKET, SO_LINGER, pack('ii', 1, 0)
            if $i % 2;
        close $sockets[$i];
    }

    @sockets = ();

    return;
}


sub unlock {
    my ($n) = @_;

    $gone += $n;

    wait_until(sub { logged() >= $gone }) or die 'gone: ' . logged()
                                                  . " of $gone";
    $dbh->rollback;
    wait_until(sub {
        my $status = status_of($nginx);
        return !$status->{connections_busy} && !$status->{queries_waiting};
    }) or die 'queries do not end';

    return;
}


subtest 'HTTP/1.1' => sub {
    my $rounds = int(($GONE - $STREAMS) / $BATCH);
    my $before;

    for my $round (1 .. $rounds) {
        plain($BATCH);
        unlock($BATCH);

        $before = memory() if $round == int($rounds / 4) + 1;
    }

    is(logged(), $gone, "$gone requests were gone before their answer");
    ok(quiet($nginx, $pg), 'every connection is idle and counted');

    my $after = memory();
    my $most = sanitized() ? 400_000 : 4000;

    cmp_ok($after - $before, '<', $most,
           "a worker's memory: $before kB, at the end $after kB");
};


subtest 'HTTP/2' => sub {
    for my $round (1 .. int($STREAMS / $BATCH)) {
        lock_members();

        my @h2 = map { Team::H2->new(port => $nginx->port(1)) } 1 .. 2;
        my @streams = map { [$h2[$_ % 2], $h2[$_ % 2]->get(next_request())] }
                      1 .. $BATCH;

        $_->sync for @h2;

        # of one connection each stream is reset, the other is cut; each
        # second time while streams are being reset

        $_->[0]->cancel($_->[1]) for grep { $_->[0] == $h2[0] } @streams;
        $h2[0]->sync if $round % 2;
        $_->cut for reverse @h2;

        unlock($BATCH);
    }

    is(logged(), $gone, "$gone requests in all");
    ok(quiet($nginx, $pg), 'every connection is idle and counted');
};


cmp_ok($gone, '>=', $GONE, "gone: $gone");
cmp_ok(sessions($pg), '<=', 2 * 12 + 1, 'as many sessions as there may be');
is(who($nginx, 'mia')->get('/app/')->status, 200, 'the gate works');
is(who($nginx, 'mia')->get('/team/v1/me')->status, 200, 'the API works');

my ($most, @lines) = error_lines($nginx);
is(scalar @lines, 0, 'not a line at error level') or diag(join "\n", @lines);

$dbh->disconnect;
$nginx->done_ok;

done_testing;
