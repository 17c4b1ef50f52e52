# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Bench::Pgbench;

# One run of pgbench -M prepared.
#
#     my $script = pgbench_script($statement, \@values, @lines);
#     my $r = pgbench(%$script, conninfo => ..., seconds => 3, clients => 8);
#
# A value is text, undef (null), or [an expression of SQL].  Texts are
# parameters of the prepared statement, as they are from nginx; pgbench has no
# null among its variables, so nulls stand in the text.

use strict;
use warnings;

use Bench::Options;
use Bench::Process;
use Carp qw(croak);
use Exporter 'import';
use File::Temp ();
use Team::Postgres;

our @EXPORT = qw(pgbench pgbench_mixed pgbench_script pgbench_try);


# The lines come first; where one of them is a reference, there the statement
# stands, with the values that it holds replaced: {9 => text}.

sub pgbench_script {
    my ($statement, $values, @lines) = @_;

    my (%define, $first);
    my $with = sub {
        my ($replaced) = @_;

        (my $text = $statement) =~ s{\$(\d+)}{
            my ($n, $value) = ($1, $replaced->{$1} // $values->[$1 - 1]);
            my $name = "p$n" . ($replaced->{$n} ? '_' . keys %define : '');

            $define{$name} = $value if defined $value && !ref $value;
            !defined $value ? 'null' : ref $value ? $value->[0] : ":$name";
        }ge;

        $first //= $text;
        return "$text;\n";
    };

    push @lines, {} unless grep { ref } @lines;

    return {
        text => join('', map { ref $_ ? $with->($_) : "$_\n" } @lines),
        define => \%define, first => $first
    };
}


# The first statement's row, with numbers of the script's own given.

sub pgbench_try {
    my ($script, $dbh, %number) = @_;

    my %value = (%number, map { $_ => $dbh->quote($script->{define}{$_}) }
                              keys %{ $script->{define} });

    (my $text = $script->{first}) =~ s/(?<!:):(\w+)/$value{$1}/g;

    return $dbh->selectrow_array($text);
}


# Options: text, define (variables), conninfo, seconds, clients, threads (1).
#
# pgbench's sessions are new ones: their first second, in which they prepare and
# plan, is not counted.  Returns requests (all of them), rate, p50 and p99 (us;
# undef), latency (us, the mean).

sub pgbench {
    my (%o) = @_;

    my $file = File::Temp->new;
    my $log = File::Temp->new;

    print {$file} $o{text};
    close $file or croak "pgbench: $!";

    my $run = Bench::Process->start('pgbench', "$log",
        Team::Postgres::bindir() . '/pgbench', '-n', '-M', 'prepared',
        '-c', $o{clients}, '-j', $o{threads} // 1, '-T', $o{seconds} + 1,
        '-P', 1, '-f', "$file",
        (map { ('-D', "$_=$o{define}{$_}") } sort keys %{ $o{define} }),
        $o{conninfo});

    $run->wait;

    my $text = do { local $/; <$log> // '' };
    my ($requests) = $text =~ /^number of transactions.*processed: (\d+)/m;
    my ($tps) = $text =~ /^tps = ([\d.]+) \(without initial/m;

    croak "pgbench failed:\n$text"
        if !$requests || !$tps
           || $text =~ /aborted|^number of failed.*: [1-9]/m;

    return { requests => $requests, _counted($text, $tps) };
}


# Several scripts in one session, drawn at random: what else the machine does
# hits all of them alike.  Options: scripts, conninfo, seconds.  Returns the
# median latency of each, in us.

sub pgbench_mixed {
    my (%o) = @_;

    my $dir = File::Temp->newdir;
    my @scripts = @{ $o{scripts} };
    my @options;

    for my $i (0 .. $#scripts) {
        (my $text = $scripts[$i]{text}) =~ s/:(p\d)/:s${i}_$1/g;

        open my $file, '>', "$dir/$i" or croak "$dir/$i: $!";
        print {$file} $text;
        close $file or croak "$dir/$i: $!";

        my $define = $scripts[$i]{define};

        # a script's own variables are the session's
        push @options, '-f', "$dir/$i", map {
            ('-D', (/^p\d/ ? "s${i}_$_" : $_) . "=$define->{$_}")
        } sort keys %$define;
    }

    my $run = Bench::Process->start('pgbench', "$dir/said",
        Team::Postgres::bindir() . '/pgbench', '-n', '-M', 'prepared',
        '-T', $o{seconds}, '-l', '--log-prefix', "$dir/log", @options,
        $o{conninfo});

    $run->wait;

    my ($log) = glob "$dir/log.*";
    my @times;

    if ($log) {
        open my $file, '<', $log or croak "$log: $!";

        while (<$file>) {
            my (undef, undef, $us, $i) = split ' ';

            push @{ $times[$i] }, $us;
        }
    }

    croak "pgbench failed:\n" . $run->tail
        if grep { !$times[$_] } 0 .. $#scripts;

    return map { median(@{ $times[$_] }) } 0 .. $#scripts;
}


# By its progress, a line a second; each has the rate since the one before.

sub _counted {
    my ($text, $tps) = @_;

    my ($n, $time, $wait, $last) = (0, 0, 0, 0);

    while ($text =~ /^progress: ([\d.]+) s, ([\d.]+) tps, lat ([\d.]+) ms/mg) {
        my ($at, $rate, $latency) = ($1, $2, $3);

        if ($last > 0) {
            $time += $at - $last;
            $n += $rate * ($at - $last);
            $wait += $rate * ($at - $last) * $latency;
        }

        $last = $at;
    }

    return $n > 0 ? (rate => $n / $time, latency => 1000 * $wait / $n)
                  : (rate => $tps);
}


1;
