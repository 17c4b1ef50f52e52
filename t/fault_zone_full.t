#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The smallest zone and far more people than it can hold: grants make room for
# each other, nobody sees an error, nobody gets what is another's.

use strict;
use warnings;

use Test::More;

use Team::Fault;
use Team::Load;
use Team::Wait;

my $PEOPLE = $ENV{TEAM_PEOPLE} // 5000;

my ($pg, $nginx) = fault_site(zone => '128k',
    cache => 'valid=60s stale=3s tokens=100',
    database => 'connections=2 timeout=20s');

bulk_members($pg, $PEOPLE);

# in turn: members, every tenth of them suspended, and who is none

my @requests;

for my $i (1 .. $PEOPLE) {
    push @requests, [$i % 10 ? 'active' : 'suspended',
                     request('/app/', many_token("p$i"))];
    push @requests, [nobody => request('/app/', many_token("q$i"))]
        if $i % 10 == 5;
    push @requests, [rightless => request('/managers/', many_token("p$i"))]
        if $i % 10 == 7;
}

my %expected = (active => 200, suspended => 403, nobody => 403,
                rightless => 403, load => 0);

for my $turn (1, 2) {
    my @answers = Team::Load->new(port => $nginx->port, connections => 16,
                                  once => 1, requests => \@requests)->wait;
    my (%seen, @wrong);

    for my $answer (@answers) {
        $seen{"$answer->{tag} $answer->{status}"}++;
        push @wrong, $answer
            if $answer->{status} != $expected{ $answer->{tag} };
    }

    is(scalar @answers, scalar @requests, "turn $turn: all were answered");
    is(scalar @wrong, 0, 'each as it should be')
        or diag(explain(\%seen, [splice @wrong, 0, 5]));
    is($seen{'active 200'}, $PEOPLE - int($PEOPLE / 10), 'members are in');
    is($seen{'suspended 403'}, int($PEOPLE / 10), 'the suspended are not');

    my $status = status_of($nginx);

    cmp_ok($status->{zone_evicted}, '>', $turn * $PEOPLE / 2,
           "evicted: $status->{zone_evicted}");
    cmp_ok($status->{zone_cells_used}, '<=', $status->{zone_cells},
           "cells: $status->{zone_cells_used} of $status->{zone_cells}");
    is($status->{zone_torn}, 0, 'the table is whole');
}

my ($most, @lines) = error_lines($nginx);
is(scalar @lines, 0, 'not a line at error level') or diag(join "\n", @lines);

ok(quiet($nginx, $pg), 'quiet');

$nginx->done_ok;

done_testing;
