# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Bench::Options;

# What the parts of the benchmark have in common: options from the environment,
# what must be there, and how they say what they do.

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw(number fail say_step need exit_on_signals least
                 median);


sub number {
    my ($name, $default) = @_;

    my $value = $ENV{$name};

    return $default unless length($value // '');
    return $value if $value =~ /^[1-9]\d{0,8}$/;
    fail("$name must be a whole number from 1 on");
}


sub fail {
    print STDERR "bench: $_[0]\n";
    exit 1;
}


sub say_step { printf "# %s\n", $_[0] }


# What can't be measured here is better said before than after minutes.

sub need {
    my (@tools) = @_;

    -e '/proc/self/schedstat' or fail('this kernel keeps no schedstat');

    my $cpus = qx(nproc);
    $cpus >= 2 or fail('two CPUs are needed');

    for my $tool (@tools) {
        grep { -x "$_/$tool" } split /:/, $ENV{PATH}
            or fail("$tool is not installed: tools/install-deps bench");
    }

    -e ($ENV{TEAM_NGINX_MODULE} // '')
        or fail('no module in TEAM_NGINX_MODULE: use "make bench"');

    return;
}


# Through exit, so that every server ends too, also when nobody reads any more.

sub exit_on_signals {
    $SIG{$_} = sub { exit 130 } for qw(INT TERM HUP PIPE);
    $| = 1;

    return;
}


sub least {
    my ($least) = sort { $a <=> $b } @_;

    return $least;
}


sub median {
    my @sorted = sort { $a <=> $b } @_;

    return ($sorted[$#sorted / 2] + $sorted[@sorted / 2]) / 2;
}


1;
