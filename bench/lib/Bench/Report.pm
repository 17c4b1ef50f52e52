# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Bench::Report;

# Collects figures; prints a table; writes a file.

use strict;
use warnings;

use Carp qw(croak);


sub new { return bless { rows => [] }, $_[0] }


# A figure with a goal (an upper bound, or ">=" and a lower one), or without.

sub add {
    my ($self, $metric, $value, $unit, $goal) = @_;

    my $verdict = !defined $goal ? '-' : _reached($value, $goal) ? 'pass'
                : 'fail';

    push @{ $self->{rows} }, {
        metric => $metric, value => _number($value), unit => $unit,
        goal => $goal // '-', verdict => $verdict
    };

    return $verdict;
}


# One that could not be taken, which never passes.

sub missing {
    my ($self, $metric, $unit, $goal) = @_;

    push @{ $self->{rows} }, {
        metric => $metric, value => '-', unit => $unit, goal => $goal // '-',
        verdict => defined $goal ? 'fail' : '-'
    };

    return;
}


sub table {
    my ($self) = @_;

    my $text = sprintf "%-38s %12s  %-10s %8s  %s\n",
                       qw(metric value unit goal verdict);

    $text .= sprintf "%-38s %12s  %-10s %8s  %s\n",
                     @$_{qw(metric value unit goal verdict)}
        for @{ $self->{rows} };

    return $text;
}


sub write {
    my ($self, $path) = @_;

    open my $fh, '>', "$path.new" or croak "$path.new: $!";
    print {$fh} join("\t", qw(metric value unit goal verdict)), "\n";
    print {$fh} join("\t", @$_{qw(metric value unit goal verdict)}), "\n"
        for @{ $self->{rows} };
    close $fh or croak "$path.new: $!";
    rename "$path.new", $path or croak "$path: $!";

    return;
}


# In one line.

sub outcome {
    my ($self) = @_;

    my @failed = map { $_->{metric} }
                 grep { $_->{verdict} eq 'fail' } @{ $self->{rows} };

    return @failed ? 'not reached: ' . join(', ', @failed)
                   : 'every goal is reached';
}


sub _reached {
    my ($value, $goal) = @_;

    return $goal =~ /^>=(.*)/ ? $value >= $1 : $value <= $goal;
}


sub _number {
    my ($value) = @_;

    return $value =~ /^\d+$/ ? $value
         : abs $value >= 1000 ? sprintf '%.0f', $value
         : sprintf '%.2f', $value;
}


1;
