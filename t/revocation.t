#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The promise: when a management call answers 2xx, nobody it was about uses the
# old right again: at once on the same nginx, in milliseconds on another, within
# the lease even when the other's connection has silently died.
#
# The story behind it: gates that read a token's claims, or cache for a minute,
# keep the door open for people who were removed (objectstack #15409).

use strict;
use warnings;

use Test::More;

use Team::HTTP;
use Team::Nginx;
use Team::Site;
use Team::Token;
use Team::Wait;

my $ROUNDS = $ENV{TEAM_ROUNDS} // 1000;
my $CONNECTIONS = 8;


# Connections of a person, spread over the workers by the kernel.

sub connections {
    my ($port, $name, $n) = @_;

    my $token = token(sub => $name);

    return map {
        Team::HTTP->new(port => $port,
                        headers => [Authorization => "Bearer $token"])
    } 1 .. $n;
}


# The three ways to lose a right, and the way back from each.

sub ways {
    my ($site) = @_;

    my $olga = $site->as('olga');
    my $dbh = $site->pg->dbh;

    return (
        suspend => [
            sub { $olga->put($site->path('adam', '/suspension'), undef) },
            sub { $olga->delete($site->path('adam', '/suspension')) },
        ],
        demote => [
            sub { roles($site, $olga, 'member') },
            sub { roles($site, $olga, 'admin') },
        ],
        remove => [
            sub { $olga->delete($site->path('adam')) },
            sub {
                ($site->{members}{adam}) = $dbh->selectrow_array(
                    'select team.member_add(?, ?, ?, ?, ?, ?)', undef, 'acme',
                    $ISSUER, 'adam', 'adam@example.com', 'Adam', 'admin');
                return;
            },
        ],
    );
}


sub roles {
    my ($site, $olga, @roles) = @_;

    my $etag = $olga->get($site->path('adam'))->header('ETag');

    return $olga->put($site->path('adam', '/roles'), { roles => \@roles },
                      'If-Match' => $etag);
}


for my $workers (2, 4) {
    subtest "the same nginx, $workers workers, $ROUNDS rounds" => sub {
        my $site = Team::Site->new(workers => $workers,
                                   server => <<'EOF');
            location /managers/ { team_permission members:suspend;
                                  team_account acme;
                                  add_header X-Worker $pid always;
                                  add_header X-Cache $team_cache always;
                                  alias %%TESTDIR%%/html/; }
EOF
        my %ways = ways($site);
        my @names = qw(suspend demote remove);
        my (%refused, %calls, %workers, %cached);
        my $stale = 0;
        my $late = 0;

        for my $round (1 .. $ROUNDS) {
            my $way = $names[$round % @names];
            my ($take, $give) = @{ $ways{$way} };

            # a few new connections each time, so that every worker is met

            my @connections = connections($site->nginx->port, 'adam',
                                          $CONNECTIONS / 2);

            for my $connection (@connections, @connections) {
                my $res = wait_until(sub {
                    my $res = $connection->get('/managers/index.html');
                    return $res->status == 200 ? $res : undef;
                });
                $workers{ $res->header('X-Worker') }++;
                $cached{ $res->header('X-Cache') }++;
            }

            my $res = $take->();
            $calls{$way}++ if $res->status =~ /^2/;

            for my $connection (@connections) {
                my $res = $connection->get('/managers/index.html');

                $stale++ if $res->status != 403;
                $refused{$way}++;
            }

            my $back = $give->();

            # what is given by the API is there as soon as what it takes

            if ($back && $connections[0]->get('/managers/index.html')->status
                         != 200)
            {
                $late++;
            }
        }

        is($stale, 0, 'stale answers');
        is($late, 0, 'rights given back that were not there at once');
        is($calls{suspend} + $calls{demote} + $calls{remove}, $ROUNDS,
           'every call answered 2xx');
        cmp_ok($refused{$_}, '>', $ROUNDS, "$_: refused on every connection")
            for @names;
        is(scalar keys %workers, $workers, 'all workers were asked');
        cmp_ok($cached{WORKER} // 0, '>', $ROUNDS, 'their caches were on');

        $site->done_ok;
    };
}


# A second nginx on the same database, whose connections bear another name.

sub second {
    my ($site, %options) = @_;

    my $database = $site->pg->conninfo(user => 'team_gateway')
                   . ' application_name=second';
    my $changes = $options{changes} // 'listen';

    my $nginx = Team::Nginx->new(workers => 2,
        files => { 'jwks.json' => JSON->new->encode(jwks('rsa')) },
        http => <<"EOF");
team_zone      team:1m;
team_database  "$database" connections=2;
team_cache     valid=60s stale=3s;
team_changes   $changes;

team_issuer  $ISSUER {
    keys      %%TESTDIR%%/jwks.json;
    audience  $AUDIENCE;
}

server {
    listen  127.0.0.1:%%PORT%%;

    location /managers/ {
        team_permission  members:suspend;
        team_account     acme;
        add_header       X-Cache \$team_cache always;
        alias            %%TESTDIR%%/html/;
    }
    location = /status { team_status; }
}
EOF
    $nginx->write_file('html/index.html', "the application\n");
    $nginx->start;

    # the lease: changes reach it from now on

    wait_until(sub {
        Team::HTTP->new(port => $nginx->port)->get('/status')->json->{leased}
    }) or die 'the second nginx got no lease';

    return $nginx;
}


sub percentile {
    my ($p, @values) = @_;

    @values = sort { $a <=> $b } @values;

    return $values[int($p / 100 * $#values + 0.5)];
}


# How long the other nginx goes on letting adam in, in 200 rounds.

sub spread {
    my ($site, $adam, $take, $give) = @_;

    my @ms;

    for my $round (1 .. 200) {
        wait_until(sub {
            $adam->get('/managers/index.html')->status == 200
        }) or die 'adam does not come back';

        die 'suspend' unless $take->()->status == 204;

        my $start = now_ms();

        1 while $adam->get('/managers/index.html')->status == 200
                && now_ms() - $start < 5000;

        push @ms, now_ms() - $start;

        die 'resume' unless $give->()->status == 204;
    }

    return @ms;
}


# The bounds are the product's, not the machine's: other tests may take both
# cores from us for a moment, so the best of five tries counts.

for my $way (['listen', 50], ['poll=20ms', 200]) {
    my ($changes, $bound) = @$way;

    subtest "another nginx, $changes" => sub {
        my $site = Team::Site->new;
        my $other = second($site, changes => $changes);
        my %ways = ways($site);
        my ($adam) = connections($other->port, 'adam', 1);
        my $p99;

        for my $try (1 .. 5) {
            my @ms = spread($site, $adam, @{ $ways{suspend} });

            $p99 = percentile(99, @ms);

            diag(sprintf '%s, try %d: p50 %.1f ms, p99 %.1f ms, max %.1f ms',
                 $changes, $try, percentile(50, @ms), $p99,
                 percentile(100, @ms));

            last if $p99 < $bound;
        }

        cmp_ok($p99, '<', $bound, "p99 under $bound ms");

        $other->done_ok;
        $site->done_ok;
    };
}


# Whether somebody is let in by what a worker remembers, leased or not.

sub cached {
    my ($who) = @_;

    my $res = $who->get('/managers/index.html');

    return $res->status == 200 && $res->header('X-Cache') =~ /^(WORKER|STALE)$/;
}


# The listening backend, stopped while it has nothing to do: in the middle of a
# statement it could hold locks that the change has to wait for.

sub stopped {
    my ($pg) = @_;

    my $listens = "application_name = 'second' "
                  . "and query ~ 'changes_'";
    my $pid;

    wait_until(sub {
        ($pid, my @others) = $pg->backends($listens);

        # one of the round before may be about to end

        return 0 if !$pid || @others;

        kill STOP => $pid;
        return 1 if $pg->backends("pid = $pid and state = 'idle'");

        kill CONT => $pid;
        return 0;
    }) or return;

    return $pid;
}


subtest 'another nginx whose listening backend is stopped' => sub {
    my $site = Team::Site->new;
    my $other = second($site);
    my %ways = ways($site);
    my ($take, $give) = @{ $ways{demote} };
    my ($adam) = connections($other->port, 'adam', 1);
    my $worst = 0;

    for my $round (1 .. 3) {
        wait_until(sub { $adam->get('/managers/index.html')->status == 200 })
            or die 'adam does not come back';

        my $pid = stopped($site->pg);

        ok($pid, 'the listening backend') or last;

        # what made him come back may have been told only now

        wait_until(sub { cached($adam) }) or die 'adam is not known';

        is($take->()->status, 200, 'demoted');
        my $done = now_ms();

        ok(cached($adam), 'the other nginx does not know yet');

        1 while $adam->get('/managers/index.html')->status == 200
                && now_ms() - $done < 10_000;

        my $ms = now_ms() - $done;
        $worst = $ms if $ms > $worst;

        cmp_ok($ms, '<', 4000, sprintf 'refused after %.0f ms: within 3 s and '
                                       . 'a heartbeat', $ms);

        kill CONT => $pid;

        is($give->()->status, 200, 'given back');
        wait_until(sub { my $s = Team::HTTP->new(port => $other->port)
                                 ->get('/status')->json;
                         $s->{leased} }) or die 'no lease again';
    }

    diag(sprintf 'listening backend stopped: worst %.0f ms', $worst);

    $other->allow(qr/timed? ?out|lost|cancel/i);
    $other->done_ok;
    $site->done_ok;
};

done_testing;
