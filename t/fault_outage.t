#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# PostgreSQL is killed with -9 and comes back.  What the caches know counts
# within the lease; then nobody is let in, since somebody may have been removed
# meanwhile.  The outage lasts some 6 s: longer than the lease and "stale" (3 s
# each), after which nothing more can change but the pool's backoff, and that
# has its longest step (2.5 s) by then.

use strict;
use warnings;

use Test::More;

use Team::Fault;
use Team::HTTP;
use Team::Load;
use Team::Token;
use Team::Wait;

my $LEASE = 3000;

my ($pg, $nginx) = fault_site(pg => started());
my %tokens = map { $_ => token(sub => $_) } qw(olga adam mia nina);


# Durable, or a commit of the last half second may be lost with the crash.

sub started {
    my $pg = Team::Postgres->new(durable => 1);
    people($pg);
    return $pg;
}


# Somebody, and whether nginx may come in from then on: both at once.

sub suspend {
    my ($name, $login) = @_;

    $pg->psql(<<"EOT");
begin;
update team.member m
   set status = 'suspended'
  from team.identity i
 where i.id = m.identity_id
   and i.issuer = '$ISSUER'
   and i.subject = '$name';
alter role team_gateway $login;
commit;
EOT
    return;
}


sub asking {
    my (@names) = @_;

    return Team::Load->new(port => $nginx->port, connections => 2,
        rate => 100, timeout => 5000,
        requests => [map { [$_, request('/app/', $tokens{$_})] } @names]);
}


subtest 'down for longer than the lease' => sub {
    my $load = asking(qw(olga adam mia nina));
    my $open = Team::Load->new(port => $nginx->port, rate => 50,
                               requests => [[open => request('/')]]);

    ok(wait_until(sub { status_of($nginx)->{leased} }, 5), 'a lease');
    $load->more(50);

    # committed, and then at once the crash: nginx can't have heard of it yet,
    # or just has

    suspend('nina', 'nologin');
    my $down = now_ms();
    $pg->kill9;

    # a grant that was loaded in the last moment counts as long as the lease

    my $end = now_ms() + $LEASE + 50;

    ok(wait_until(sub { who($nginx, 'mia')->get('/app/')->status == 503 }, 10),
       'the lease ends');

    cmp_ok(now_ms() - $down, '<', $LEASE + 1000, 'in time');

    wait_until(sub { now_ms() - $down > 2 * $LEASE }, 10);

    my $res = who($nginx, 'mia')->get('/app/');
    is($res->status, 503, 'nobody is let in');
    like($res->header('Retry-After'), qr/^[1-9]\d*$/, 'told when to retry');
    is($res->header('Content-Type'), 'application/problem+json', 'and why');
    is($res->json->{type} =~ s{.*/}{}r, 'unavailable', 'by its code');

    # it is back, and adam is suspended before nginx can ask for him

    $pg->start;

    my $letting_in = now_ms();

    suspend('adam', 'login');

    my $ready = now_ms();

    ok(wait_until(sub { who($nginx, 'mia')->get('/app/')->status == 200 }, 10),
       'back again');

    my $back = now_ms() - $ready;
    cmp_ok($back, '<', 3000, sprintf '%.0f ms after "ready"', $back);

    ok(wait_until(sub { status_of($nginx)->{leased} }, 5), 'leased again');
    $load->more(100);

    my @answers = $load->stop;
    my %by;
    push @{ $by{ $_->{tag} } }, $_ for @answers;

    # one of a thousand shares nina's place in the zone, and is forgotten with
    # her; but not two

    my @early = grep { $_->{at} > $down && $_->{at} < $down + 1500
                       && $_->{tag} ne 'nina' } @answers;
    my %lost = map { $_->{tag} => 1 } grep { $_->{status} != 200 } @early;

    cmp_ok(scalar @early, '>', 20, 'the first 1.5 s');
    cmp_ok(scalar keys %lost, '<=', 1, 'were answered from the caches')
        or diag(explain(\%lost));

    my @late = grep { $_->{at} > $end
                      && $_->{at} + $_->{ms} < $letting_in } @answers;

    cmp_ok(scalar @late, '>', 100, 'after the lease');
    is(scalar(grep { $_->{status} != 503 } @late), 0, 'all were 503')
        or diag(explain([grep { $_->{status} != 503 } @late]));
    is(scalar(grep { !length $_->{retry_after} } @late), 0,
       'with Retry-After');

    my @slow = grep { $_->{ms} > 1000 } @answers;
    is(scalar @slow, 0, 'every answer within 1 s')
        or diag(explain(\@slow));

    my @nina = grep { $_->{status} == 200 && $_->{at} > $end }
               @{ $by{nina} };
    is(scalar @nina, 0, 'suspended just before the crash: not let in after');

    my @adam = grep { $_->{status} == 200 && $_->{at} > $ready }
               @{ $by{adam} };
    is(scalar @adam, 0, 'suspended after it was back: not let in');
    is(who($nginx, $_)->get('/app/')->status, 403, "$_ is refused")
        for qw(adam nina);

    my @open = $open->stop;
    is(scalar(grep { $_->{status} != 200 } @open), 0,
       'unprotected locations: ' . @open . ' requests, no error');
    is(scalar(grep { $_->{ms} > 500 } @open), 0, 'and none slow');

    ok(quiet($nginx, $pg), 'connections as before');

    my ($most, @lines) = error_lines($nginx);
    cmp_ok($most, '<=', 2, 'at most a line a second (two nginx seconds may '
                           . 'share one of the log)');
    cmp_ok(scalar @lines, '<', 12, 'few lines in all: ' . @lines);
};


subtest 'nginx starts while the database is down' => sub {
    $pg->kill9;

    my (undef, $other) = fault_site(pg => $pg);

    is(who($other, 'mia')->get('/')->status, 200, 'unprotected: served');

    my $res = who($other, 'mia')->get('/app/');
    is($res->status, 503, 'protected: 503');
    ok($res->header('Retry-After'), 'with Retry-After');
    is(Team::HTTP->new(port => $other->port)->get('/app/')->status, 401,
       'who has no token is told so');
    is(who($other, 'mia')->get('/team/v1/me')->status, 503, 'the API: 503');
    is(status_of($other)->{leased}, 0, 'no lease');

    $pg->start;

    my $ready = now_ms();
    ok(wait_until(sub { who($other, 'mia')->get('/app/')->status == 200 }, 10),
       'when the database comes');
    my $ms = now_ms() - $ready;
    cmp_ok($ms, '<', 3000, sprintf 'it is right %.0f ms later', $ms);
    ok(wait_until(sub { status_of($other)->{leased} }, 5), 'leased');
    is(who($other, 'nina')->get('/app/')->status, 403, 'suspended: 403');

    $other->done_ok;
};

$nginx->done_ok;

done_testing;
