#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Public test vectors for JSON as a request's body, sent to every endpoint that
# takes one: what is no body of ours is never done, and never our fault.
# Skipped where the vectors are absent.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON ();
use MIME::Base64 qw(decode_base64);
use Test::More;

use Team::OpenAPI;
use Team::Requests;

my $path = "$FindBin::Bin/../../shared/vectors/json_bodies.jsonl";

open my $file, '<', $path or plan skip_all => 'no vectors';

my @cases = map { JSON::decode_json($_) } <$file>;

cmp_ok(scalar @cases, '>=', 318, 'the vectors are complete');

my $requests = Team::Requests->new(log_line_prefix => 'state %e ');
my $site = $requests->site;
my %seen;


# Where no member is needed an empty object says nothing, and that is well.

my %nothing = map { $_ => 1 } qw(account_patch member_patch group_patch
                                 link_post);

# one of the vectors is {"title": "..."}

my $title = qr/y_object_string_unicode/;

for my $operation (Team::OpenAPI->shared->operations) {
    next unless $operation->{is}{requestBody};

    my $id = $operation->{id};
    my ($who, $method, $uri, $good) = $requests->fresh($id);
    my $client = $site->client($who);
    my $before = $site->state;
    my @faults;

    for my $case (@cases) {
        my $body = decode_base64($case->{body_b64});
        my $res = eval {
            $client->request($method, "/team/v1$uri", [
                'If-Match' => '*', 'Content-Type' => 'application/json'],
                $body);
        };
        my $status = $res ? $res->status : "none: $@";
        my $empty = $body =~ /\A\s*(?:\{\s*\})?\s*\z/;
        my $well = $nothing{$id} && $empty
                   || $id eq 'member_patch' && $case->{name} =~ $title;
        my $allowed = length $body > 65536 ? '413'
                    : $well ? '20[01]|422' : '422';

        $before = $site->state if $well;
        $seen{$status}++;
        push @faults, "$case->{name}: $status" unless $status =~ /^$allowed$/;

        next unless $res && $status == 422;

        # what is told about it must be JSON again, whatever the body was

        my $problem = eval { $res->json };
        push @faults, "$case->{name}: no problem"
            unless $problem && $problem->{status} == 422;
    }

    is(join("\n", @faults), '', "$method $uri");
    ok($site->state eq $before, '... and nothing has changed');
    like($site->ask($who, $method, $uri, $good)->status, qr/^2/,
         '... a good body still works');
}

note(join ', ', map { "$_: $seen{$_}" } sort keys %seen);

my @errors = grep { /(?:ERROR|FATAL|PANIC|WARNING):/ && !/^state TM4\d\d / }
             split /\n/, $site->pg->log;

is(join("\n", @errors), '', "PostgreSQL's log has only what we raise");
unlike($site->nginx->error_log, qr/\[error\]/, "nor has nginx's an error");

$site->done_ok;

done_testing;
