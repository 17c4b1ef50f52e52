#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Public test vectors for JSON as a request's body: what is no body of ours is
# never done, and never our fault.  Skipped where the vectors are absent.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON ();
use MIME::Base64 qw(decode_base64);
use Test::More;

use Team::Site;

my $path = "$FindBin::Bin/../../shared/vectors/json_bodies.jsonl";

open my $file, '<', $path or plan skip_all => 'no vectors';

my @cases = map { JSON::decode_json($_) } <$file>;

cmp_ok(scalar @cases, '>', 300, 'the vectors are complete');

my $site = Team::Site->new;
my $adam = $site->as('adam');
my $roles = $site->path('mia', '/roles');
my $before = $site->state;
my %seen;

for my $case (@cases) {
    my $body = decode_base64($case->{body_b64});
    my $res = eval {
        $adam->put($roles, $body, 'If-Match' => '*',
                   'Content-Type' => 'application/json')
    };
    my $status = $res ? $res->status : "none: $@";
    my $limit = length $body > 65536 ? '413' : '400|422';

    $seen{$status}++;
    like($status, qr/^(?:$limit)$/, $case->{name});

    next unless $res && $res->status == 422;

    # what is told about it must be JSON again, whatever the body was

    my $problem = eval { $res->json };
    ok($problem && $problem->{status} == 422, '... a problem');
}

diag(join ', ', map { "$_: $seen{$_}" } sort keys %seen);

is($site->state, $before, 'nothing has changed');
is($adam->put($roles, { roles => ['finance'] }, 'If-Match' => '*')->status,
   200, 'a good body still works');

$site->done_ok;

done_testing;
