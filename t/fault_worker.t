#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Workers are killed with -9 under load, the keeper among them: others answer
# within a second, another one becomes the keeper, nothing that a dead process
# left is taken for a grant.

use strict;
use warnings;

use Test::More;

use Team::Fault;
use Team::Load;
use Team::Token;
use Team::Wait;

my $KILLS = $ENV{TEAM_KILLS} // 30;

my ($pg, $nginx) = fault_site(zone => '128k',
    cache => 'valid=1s stale=1s absent=1s tokens=64');

bulk_members($pg, 400);

# the zone is small and grants are short-lived, so that it is written to
# without a pause: some of the kills come just then

my @requests = map {
    my $i = 1 + $_ * 7 % 400;
    [$i % 10 ? 'active' : 'suspended', request('/app/', many_token("p$i"))]
} 1 .. 4000;

push @requests, map {
    [nobody => request('/app/', many_token("nobody$_"))] } 1 .. 200;

my $load = Team::Load->new(port => $nginx->port, connections => 12,
                           patience => 5000, requests => \@requests);

$load->more(200);

my ($killed, $keepers, $replaced, $dead) = (0, 0, 0, 0);

for my $round (1 .. $KILLS) {
    my @workers = $nginx->workers;
    my $keeper = status_of($nginx)->{keeper_pid};

    # each other time the keeper

    my ($victim) = $round % 2 ? grep { $_ != $keeper } @workers : $keeper;

    next unless $victim && grep { $_ == $victim } @workers;

    kill KILL => $victim;
    my $start = now_ms();
    $killed++;

    wait_until(sub { $nginx->workers == 2
                     && !grep { $_ == $victim } $nginx->workers }, 5)
        or $dead++;

    next unless $victim == $keeper;

    $keepers++;

    my $another = wait_until(sub {
        my $pid = status_of($nginx)->{keeper_pid};
        return $pid && $pid != $victim && kill(0, $pid);
    }, 5);

    $replaced++ if $another && now_ms() - $start < 2500;
}

cmp_ok($killed, '>=', $KILLS - 3, "$killed of $KILLS killed");
is($dead, 0, 'another worker each time');
cmp_ok($keepers, '>=', $KILLS / 3, "$keepers keepers killed");
is($replaced, $keepers, 'another one each time, within 2.5 s');

$load->more(200);
my @answers = $load->stop;

my %expected = (active => 200, suspended => 403, nobody => 403, load => 0);
my (%count, @wrong, @slow);

for my $answer (@answers) {
    $count{ $answer->{tag} }++;
    push @wrong, $answer if $answer->{status} != $expected{ $answer->{tag} };
    push @slow, $answer if $answer->{ms} > 1000;
}

cmp_ok($count{$_} // 0, '>', 30, "$_: " . ($count{$_} // 0))
    for qw(active suspended);
is(scalar @wrong, 0, 'every answer is right, by whichever worker')
    or diag(explain([splice @wrong, 0, 5]));
is(scalar @slow, 0, 'and came within 1 s, another try included')
    or diag(explain([splice @slow, 0, 5]));
diag('asked again: ' . grep { $_->{again} } @answers);

ok(wait_until(sub { status_of($nginx)->{leased} }, 5), 'leased');
ok(quiet($nginx, $pg), 'what the dead had open is closed');

my $status = status_of($nginx);
diag("zone_torn $status->{zone_torn}, takeovers $status->{keeper_takeovers}");

$nginx->allow(qr/\[alert\] \S+ worker process \d+ exited on signal 9$/);
$nginx->done_ok;

done_testing;
