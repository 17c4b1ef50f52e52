# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Bench::Sides;

# Who answers a call, and one run of one of them.
#
#     my $side = side_pgbench($pg);
#     my $side = side_http('ngx', port => ..., pids => [...]);
#     my $result = run_side($side, $call, pg => $pg, name => 'r1',
#                           seconds => 3);
#
# A result: rate; requests, all there were; p50, p99 and latency (us), as far as
# the client tells; api, server and client: us of CPU a request, of the
# processes in between, of all of PostgreSQL's, of pgbench or wrk.

use strict;
use warnings;

use Bench::Members;
use Bench::Pgbench;
use Bench::Process;
use Bench::Wrk;
use Carp qw(croak);
use Exporter 'import';
use File::Temp ();
use Team::HTTP;
use Team::Wait;

our @EXPORT = qw(side_pgbench side_http can_call run_side try_side);


sub side_pgbench {
    my ($pg, %o) = @_;

    return {
        name => 'pgbench', pg => $pg, clients => 8, pids => [], %o,
        run => sub {
            my ($side, $call, $run) = @_;

            return pgbench(%{ $call->{script}->($run->{name}) },
                           conninfo => $pg->conninfo(user => 'team_gateway'),
                           clients => $side->{clients},
                           threads => $side->{threads} // 1,
                           seconds => $run->{seconds});
        }
    };
}


# Options: port, pids (whose CPU is its), connections (of wrk); for who has
# tables of its own: database; and requests, try, written by name of the call.

sub side_http {
    my ($name, %o) = @_;

    return { name => $name, connections => 16, run => \&run_http, %o };
}


sub run_http {
    my ($side, $call, $run) = @_;

    my $requests = _of($side, $call, 'requests');
    my $file = requests_file($requests->($run->{name}));
    my $r = wrk(port => $side->{port}, requests => "$file", pin => undef,
                counted => $call->{counted}, seconds => $run->{seconds},
                connections => $side->{connections});
    my $what = "$call->{name} by $side->{name}";

    croak "$what: $r->{status} answers were refusals" if $r->{status} > 0;
    croak "$what: $r->{errors} errors" if $r->{errors} > 0;
    croak "$what: no requests" if $r->{requests} == 0;

    my $size = $r->{bytes} / $r->{requests};
    my $looked = $side->{size}{$call->{name}};

    # of the same answers as the one that was looked at
    croak "$what: answers have $size bytes, where one has $looked"
        if abs($size - $looked) > $looked / 5;

    return { %$r, rate => $r->{requests} / $r->{us} * 1e6 };
}


# For wrk/requests.lua.

sub requests_file {
    my (@requests) = @_;

    my $file = File::Temp->new;

    print {$file} length, "\n", $_ for @requests;
    close $file or croak "$file: $!";

    return $file;
}


# What a side that has its own database does for a call is its own.

sub _of {
    my ($side, $call, $key) = @_;

    return $side->{database} ? $side->{$key}{$call->{name}} : $call->{$key};
}


sub can_call {
    my ($side, $call) = @_;

    return if $call->{sides} && !grep { $_ eq $side->{name} }
                                      @{ $call->{sides} };
    return !$side->{port} || defined _of($side, $call, 'requests');
}


# One request, whose answer is looked at; and the same without a right to it.

sub try_side {
    my ($side, $call, $name) = @_;

    my $what = "$call->{name} by $side->{name}";
    my @answer = $side->{port} ? _try_http($side, $call, $name)
                               : _try_pgbench($side, $call, $name);
    my $wrong = _of($side, $call, 'try')->(@answer);

    croak "$what: $wrong" if $wrong;

    return;
}


sub _try_pgbench {
    my ($side, $call, $name) = @_;

    my $dbh = $side->{pg}->dbh(user => 'team_gateway');
    my @row = pgbench_try($call->{script}->($name), $dbh,
                          n => $call->{n} // 0);

    $dbh->disconnect;

    return @row;
}


sub _try_http {
    my ($side, $call, $name) = @_;

    my ($request) = _of($side, $call, 'requests')->($name);
    my ($method) = $request =~ /^(\w+)/;

    $request =~ s/\@COUNT\@/9999999/;

    my $http = Team::HTTP->new(port => $side->{port});
    my $res = $http->raw($request, $method)
        or croak "$call->{name} by $side->{name}: no answer";

    $side->{size}{$call->{name}} = _size($res);
    $http->close;

    $request =~ s/^(?:Authorization|Cookie): [^\r]*\r\n//mg;

    my $without = $http->raw($request, $method);

    croak "$call->{name} by $side->{name}: without a token: "
          . $without->status
        unless $without->status == 401;

    return ($res->status, $res->body, map { scalar $res->header($_) }
                                          qw(ETag Location));
}


sub _size {
    my ($res) = @_;

    my $size = length($res->{line}) + 4 + length $res->body;

    $size += length("$_->[0]: $_->[1]") + 2 for @{ $res->headers };

    return $size;
}


# Options: pg, name (of the run), seconds.

sub run_side {
    my ($side, $call, %run) = @_;

    my $pg = $run{pg};
    my $sql = _of($side, $call, 'written');
    my $rows = sub {
        return $pg->psql($sql->($run{name}),
                         dbname => $side->{database} // 'team');
    };

    $pg->psql($call->{reset}) if $call->{reset};

    my $written = $sql && $rows->();
    my $server = server_time($pg);
    my $before = _times($side);
    my $result = $side->{run}->($side, $call, \%run);
    my $after = _times($side);
    my $n = $result->{requests};

    settle($pg);

    $result->{$_} = ($after->{$_} - $before->{$_}) / $n for keys %$after;
    $result->{server} = (server_time($pg) - $server) / $n;

    if ($sql) {
        my $more = $rows->() - $written - $n;

        # wrk does not wait for the last answers
        croak "$call->{name} by $side->{name}: $n done, $more more are there"
            if $more < 0 || $more > ($side->{connections} // 0);
    }

    return $result;
}


# wrk leaves requests behind that are still answered.  And what a session of
# pgbench has used is all known when it has ended.

sub settle {
    my ($pg) = @_;

    my $quiet = 0;

    my $settled = wait_until(sub {
        my @busy = $pg->backends(
            "state <> 'idle' or application_name = 'pgbench'");

        $quiet = @busy ? 0 : $quiet + 1;
        return $quiet == 2;
    }, 30);

    croak 'PostgreSQL has no end of work' unless $settled;

    return;
}


sub _times {
    my ($side) = @_;

    my $api = 0;
    my (undef, undef, $user, $system) = times;

    $api += Bench::Process::run_time($_) for @{ $side->{pids} };

    return { api => $api / 1000, client => ($user + $system) * 1e6 };
}


1;
