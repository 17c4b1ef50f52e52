# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Bench::Wrk;

# One run of wrk, and what it did to a server.

use strict;
use warnings;

use Bench::Process;
use Carp qw(croak);
use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);
use File::Temp ();
use Team::Wait;
use Time::HiRes qw(time);

our @EXPORT = qw(wrk weigh);

my $scripts = abs_path(dirname(__FILE__) . '/../../wrk');


# Options: port; what is sent: path, tokens (file), skip, count, start, or
# stream (command), see wrk/tokens.lua; or requests (file), and counted, see
# wrk/requests.lua; seconds, connections (32), pin (CPU 1; undef: none), until
# (is asked now and then, and ends the run early once it says yes).
#
# Returns requests, us, bytes, p50, p99 (both us), status (answers that are not
# 2xx or 3xx), errors.

sub wrk {
    my (%o) = @_;

    local %ENV = (%ENV, BENCH_DONE => "$scripts/done.lua", _told(%o));

    my $pin = exists $o{pin} ? $o{pin} : 1;
    my $script = defined $o{requests} ? 'requests' : 'tokens';
    my @command = (
        defined $pin ? ('taskset', '-c', $pin) : (),
        'wrk', '-t1', '-c', $o{connections} // 32, '-d', "$o{seconds}s",
        '--timeout', '10s', '-s', "$scripts/$script.lua",
        "http://127.0.0.1:$o{port}/");

    my $log = File::Temp->new;
    my $wrk = Bench::Process->start('wrk', "$log", @command);

    if ($o{until}) {
        my $done = wait_until(sub { !$wrk->running || $o{until}->() },
                              $o{seconds});

        croak "wrk: not done after $o{seconds} seconds" unless $done;
        kill 'INT', $wrk->pid if $wrk->running;
    }

    $wrk->wait;

    my $text = do { local $/; <$log> // '' };

    my ($line) = $text =~ /^bench (.*)$/m or croak "wrk failed:\n$text";

    return { map { split /=/ } split ' ', $line };
}


# What the script finds in its environment.

sub _told {
    my (%o) = @_;

    return (BENCH_REQUESTS => $o{requests},
            $o{counted} ? (BENCH_COUNT => 1) : ())
        if defined $o{requests};

    return (
        BENCH_PATH => $o{path}, BENCH_TOKENS => $o{tokens} // '',
        BENCH_SKIP => $o{skip} // 0, BENCH_COUNT => $o{count} // 1,
        BENCH_START => $o{start} // 0,
        $o{stream} ? (BENCH_STREAM => $o{stream}) : ());
}


# The same, with the run time of a process: us of its CPU for each request.
# A refused request is a mistake of the benchmark, never a figure.

sub weigh {
    my ($case) = @_;

    my @pids = @{ $case->{pids} };
    my $cpu = sub {
        my $sum = 0;
        $sum += $case->{process}->cpu($_) for @pids;
        return $sum;
    };

    my $start = time;
    my $before = $cpu->();
    my $result = wrk(%$case);
    my $spent = $cpu->() - $before;

    croak "$case->{name}: $result->{status} answers were refusals"
        if $result->{status} > 0;
    croak "$case->{name}: $result->{errors} errors" if $result->{errors} > 0;
    croak "$case->{name}: no requests" if $result->{requests} == 0;

    # go on where this run ended, so that what is sent next was sent longest ago
    $case->{start} = (($case->{start} // 0) + $result->{requests})
                     % ($case->{count} // 1);

    $result->{cpu} = $spent / 1000 / $result->{requests};
    $result->{rate} = $result->{requests} / $result->{us} * 1e6;
    $result->{busy} = $spent / 1e9 / (time - $start);

    return $result;
}


1;
