#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The core's unit tests: each t/unit/test_*.c is a program that prints TAP;
# here each is a subtest.  Programs of other names are driven by other tests.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use Test::More;

my $root = abs_path(dirname(__FILE__) . '/..');
my $build = $ENV{TEAM_BUILD} // "$root/build/release";

my @names = map { basename($_, '.c') } sort glob "$root/t/unit/test_*.c";

plan tests => 1 + @names;
cmp_ok(scalar @names, '>', 0, 'there are unit tests');

for my $name (@names) {
    subtest $name => sub { run("$build/unit/$name") };
}


# Every line counts: a program that stops early, prints another number of
# results than it planned, or exits with an error has failed.

sub run {
    my ($program) = @_;

    defined(my $pid = open my $pipe, '-|') or die "fork: $!";

    if (!$pid) {
        chdir $root;
        open STDERR, '>&', \*STDOUT;
        { no warnings 'exec'; exec $program; }
        print "$program: $!\n";
        exit 127;
    }

    my ($planned, $ran, $skip, @other) = (undef, 0);

    while (my $line = <$pipe>) {
        chomp $line;

        if ($line =~ /^(not )?ok\b *\d* *-? *(.*)/) {
            $ran++;
            $1 ? fail($2) : pass($2);

        } elsif ($line =~ /^1\.\.(\d+)(?: *# *SKIP *(.*))?/i) {
            $planned = $1;
            $skip = $2;

        } else {
            push @other, $line;
        }
    }

    close $pipe;

    is($?, 0, 'exit status');

    if ($planned || !defined $skip) {
        is($ran, $planned, 'as many results as planned');
    }

    # what a sanitizer or the program itself had to say

    diag(join "\n", @other) unless Test::More->builder->is_passing;
    done_testing;

    return;
}
