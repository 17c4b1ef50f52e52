#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Runs t/sql/*.sql (pgTAP), each in a transaction that is rolled back, in one
# private cluster.  Names as arguments run only those.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Team::Postgres;
use Team::Wait;
use Test::More;

my $pg = Team::Postgres->new;

if (!$pg->psql("select count(*) from pg_available_extensions
                 where name = 'pgtap'"))
{
    plan skip_all => 'pgTAP is not installed: postgresql-'
                     . Team::Postgres::major() . '-pgtap';
}

my ($status, undef, $err) = $pg->try_psql(undef,
    file => "$FindBin::Bin/sql/setup.psql");
die $err if $status != 0;
$pg->sample;
$pg->psql('vacuum analyze');

# names of tests are in any alphabet

binmode Test::More->builder->$_, ':encoding(UTF-8)'
    for qw(output failure_output todo_output);

my @files = @ARGV ? @ARGV : sort glob "$FindBin::Bin/sql/*.sql";
ok scalar @files, 'there are files to run';

for my $file (@files) {
    my ($name) = $file =~ m{([^/]+)\.sql\z};

    hour_lasts(10);

    subtest $name => sub {
        my ($status, $out, $err) = $pg->try_psql(undef, file => $file);
        my ($planned, $seen) = (undef, 0);

        for my $line (split /\n/, $out) {
            if ($line =~ /^1\.\.(\d+)/) {
                $planned = $1;

            } elsif ($line =~ /^(not )?ok \d+(?: - (.*))?/) {
                $seen++;
                ok !$1, $2;

            } elsif ($line =~ /^#/) {
                diag $line if $line =~ /\S/ && $line !~ /^# Subtest/;
            }
        }

        is $status, 0, 'psql came to the end';
        diag $err if $err =~ /\S/;
        is $seen, $planned, 'every planned test ran';
    };
}

is $pg->psql("select count(*) from team.member"), 24,
   'and nothing was left behind';

done_testing;
