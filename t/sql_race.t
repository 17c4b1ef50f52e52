#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Runs t/race/*.spec with PostgreSQL's isolationtester (postgresql-server-dev)
# and compares with t/race/expected/*.out.  TEAM_RACE_WRITE=1 writes those
# anew; what must hold in any case is asserted apart from them.

use strict;
use warnings;

use File::Path qw(make_path);
use FindBin;
use lib "$FindBin::Bin/lib";
use Team::Postgres;
use Test::More;

my $lib = Team::Postgres::bindir();
$lib =~ s{/bin\z}{/lib};
my ($tester) = grep { -x } "$lib/pgxs/src/test/isolation/isolationtester";

plan skip_all => 'isolationtester is not installed: postgresql-server-dev-'
                 . Team::Postgres::major()
    unless defined $tester;

# specs that must always end with an active owner: how many runs they have, in
# how many of those one waits for the other

my %owners = (
    last_owner => [50, 40],
    transfer   => [52, 49],
);

my $pg = Team::Postgres->new;
my $dir = "$FindBin::Bin/race";
my @specs = sort glob "$dir/*.spec";
ok scalar @specs, 'there are specs';

for my $spec (@specs) {
    my ($name) = $spec =~ m{([^/]+)\.spec\z};
    my $conninfo = $pg->conninfo;

    my $got = `'$tester' '$conninfo' < '$spec' 2>&1`;
    is $?, 0, "$name: isolationtester came to the end";

    my $file = "$dir/expected/$name.out";
    if ($ENV{TEAM_RACE_WRITE}) {
        make_path("$dir/expected");
        open my $fh, '>', $file or die "$file: $!";
        print {$fh} $got;
        close $fh;
    }

    open my $fh, '<', $file or die "$file: $!";
    my $expected = do { local $/; <$fh> };
    is $got, $expected, "$name: as expected";
    unlike $got, qr/deadlock/, "$name: without a deadlock";

    # where a spec asks whether all that is left agrees, it does in every run

    if ($got =~ /^(?:.*\|)?agree *$/m) {
        my @runs = split /^starting permutation: /m, $got;
        shift @runs;

        my @bad = grep { !/^(?:.*\|)?agree *\n[-+]+\n(?:.*\|)?t *\n/m } @runs;
        is scalar @bad, 0, "$name: the states agree in each of " . @runs
            or diag join "\n", @bad;
    }

    if (my $counts = $owners{$name}) {
        my @runs = split /^starting permutation: /m, $got;
        shift @runs;
        is scalar @runs, $counts->[0], 'every pair, both ways';

        my @waited = grep { /<waiting \.\.\.>/ } @runs;
        is scalar @waited, $counts->[1], 'one waits for the other';

        my @bad = grep { !/active_owners\n-+\n\s+[1-9]\n\(1 row\)\s*\z/ } @runs;
        is scalar @bad, 0, 'an active owner stays in each'
            or diag join "\n", @bad;
    }
}

done_testing;
