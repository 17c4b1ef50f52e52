#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The cache is cold and ten thousand requests of one person are there at once
# (a deploy, a stampede after an outage): one query a worker answers them all.

use strict;
use warnings;

use Test::More;

use Team::Fault;
use Team::H2;
use Team::HTTP;
use Team::Token;
use Team::Wait;

my $REQUESTS = $ENV{TEAM_CONCURRENT} // 10_000;
my $PLAIN = 200;        # of them over HTTP/1.1, the rest in streams
my $CONNECTIONS = 14;

my ($pg, $nginx) = fault_site(
    http => 'http2_max_concurrent_streams  2000; '
            . 'large_client_header_buffers  4 8k;',
    database => 'connections=4 timeout=60s',
    pg => with_log());


# Each statement and its parameters in the server's log, which the role's own
# settings keep out.  Nor must its limits end the wait on a slow machine.

sub with_log {
    my $pg = Team::Postgres->new(conf => {
        log_min_duration_statement => -1, log_statement => 'all' });

    people($pg);
    $pg->psql('alter role team_gateway set lock_timeout = 0;
               alter role team_gateway set statement_timeout = 0;
               alter role team_gateway set log_parameter_max_length = -1');
    return $pg;
}


sub lookups {
    my ($name) = @_;

    my $n = () = $pg->log =~ /execute \w*grant_get.*\n.*\$2 = '$name'/g;

    return $n;
}


# the keeper's first read makes a look-up that is under way repeat

ok(wait_until(sub { status_of($nginx)->{leased} }), 'leased');

for my $case ([mia => 200], [sid => 403], [dora => 403]) {
    my ($name, $expected) = @$case;

    subtest "$name: $expected" => sub {
        my $token = token(sub => $name);
        my $dbh = $pg->dbh;

        # nobody is answered before everybody has asked

        $dbh->begin_work;
        $dbh->do('lock table team.member in access exclusive mode');

        my $count = $name eq 'mia' ? $REQUESTS : $REQUESTS / 10;
        my @streams = map { Team::H2->new(port => $nginx->port(1),
                                          timeout => 60) } 1 .. $CONNECTIONS;
        my @plain = map { Team::HTTP->new(port => $nginx->port,
                                          timeout => 60) } 1 .. $PLAIN;

        $_->send(request('/app/', $token)) for @plain;

        for my $i (0 .. $count - $PLAIN - 1) {
            $streams[$i % @streams]->get('/app/', $token);
        }

        $_->sync for @streams;

        ok(wait_until(sub { lookups($name) }), 'somebody asks the database');

        $dbh->rollback;
        $dbh->disconnect;

        my %seen;

        for my $h2 (@streams) {
            my %status = $h2->answers;
            $seen{$_}++ for values %status;
            $h2->cut;
        }

        $seen{ $_->read_response->status }++ for @plain;

        is_deeply(\%seen, { $expected => $count },
                  "$count requests, $count answers of $expected")
            or diag(explain(\%seen));
        cmp_ok(lookups($name), '<=', 2, 'queries of two workers: '
                                        . lookups($name));
    };
}

ok(quiet($nginx, $pg), 'nothing is left');

$nginx->done_ok;

done_testing;
