#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The status page in both forms: Prometheus' text format to the letter, the
# same figures in JSON, counters that count what was done, over all workers and
# over a reload.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Team::Site;
use Team::Token;
use Team::Wait;

my $site = Team::Site->new(workers => 2, server => <<'EOT');
    location /free/ {
        team_access  off;
        alias  %%TESTDIR%%/html/;
    }
EOT

my $anybody = $site->anybody;
my $app = '/app/index.html';


# A strict reader of the text exposition format 0.0.4.  Dies at the first thing
# that is not as it must be; returns name{labels} => value, and the types.

sub parse {
    my ($text) = @_;

    my (%value, %type, %help, $family);

    $text =~ /\n\z/ or die "the last line is cut\n";

    for my $line (split /\n/, $text) {

        if ($line =~ /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) \S.*$/) {
            $family = $1;
            die "HELP twice: $family\n" if $help{$family}++;
            next;
        }

        if ($line =~ /^# TYPE (\S+) (counter|gauge|histogram)$/) {
            die "TYPE without its HELP: $1\n" unless $1 eq ($family // '');
            die "TYPE twice: $1\n" if $type{$1};
            $type{$1} = $2;
            next;
        }

        my ($name, $labels, $number) = $line =~ /^([a-z_]+)
            (?:\{([a-z_]+="(?:[^"\\\n]|\\[\\"n])*"
                 (?:,[a-z_]+="(?:[^"\\\n]|\\[\\"n])*")*)\})?
            \ (\d+(?:\.\d+)?)$/x or die "not a sample: $line\n";

        my $base = $name;

        $base =~ s/_(?:bucket|sum|count)$//
            if ($type{$family} // '') eq 'histogram';

        die "$name is not of $family\n" unless $base eq $family;
        die "$name has no type\n" unless $type{$family};
        die "a counter without _total: $name\n"
            if $type{$family} eq 'counter' && $name !~ /_total$/;
        die "a gauge with _total: $name\n"
            if $type{$family} eq 'gauge' && $name =~ /_total$/;

        my $key = defined $labels ? "$name\{$labels}" : $name;

        die "$key twice\n" if exists $value{$key};
        $value{$key} = $number;
    }

    die "no family\n" unless %type;

    return (\%value, \%type);
}


sub metrics {
    my $res = $anybody->get('/metrics');

    return (parse($res->body))[0];
}


# How far a sample moved since $before.

sub moved {
    my ($before, $name) = @_;

    my $now = metrics();

    die "no $name\n" unless exists $now->{$name} && exists $before->{$name};

    return $now->{$name} - $before->{$name};
}


subtest 'the reader is strict' => sub {
    my $good = "# HELP a_total x\n# TYPE a_total counter\na_total 1\n";

    ok(eval { parse($good) }, 'a good text');

    for my $case (
        ['not a sample', $good . "a_total\n"],
        ['not a sample', $good . "a_total{b=\"c} 1\n"],
        ['twice', $good . "a_total 2\n"],
        ['is not of', $good . "b_total 2\n"],
        ['cut', substr $good, 0, -1],
        ['HELP twice', $good . $good],
        ['without _total', "# HELP a x\n# TYPE a counter\na 1\n"],
        ['has no type', "# HELP a x\na 1\n"],
        ['no family', "\n"],
    ) {
        my ($error, $text) = @$case;

        eval { parse($text) };
        like($@, qr/\Q$error\E/, "a bad text: $error");
    }
};


subtest 'the form' => sub {
    my $res = $anybody->get('/metrics');

    is($res->status, 200, 'an answer');
    is($res->header('content-type'),
       'text/plain; version=0.0.4; charset=utf-8', 'its type');
    is($res->header('cache-control'), 'no-store', 'not to be stored');

    my ($value, $type) = eval { parse($res->body) };

    is($@, '', 'the format');
    is(scalar(grep { !/^ngx_team_/ } keys %$type), 0, 'all names are ours');
    like(join(' ', keys %$value), qr/ngx_team_build_info\{version="\d/,
         'the version');

    is(scalar(grep { /^ngx_team_refusals_total\{reason="token-/ }
              keys %$value), 12, 'every reason about tokens');

    my @bounds = $res->body =~ /^ngx_team_query_seconds_bucket\{le="([^"]+)"/mg;

    is($bounds[-1], '+Inf', 'the last bucket takes all');
    is("@bounds[0 .. $#bounds - 1]",
       join(' ', sort { $a <=> $b } @bounds[0 .. $#bounds - 1]),
       'bounds ascend');

    my @counts = map { $value->{qq(ngx_team_query_seconds_bucket{le="$_"})} }
                 @bounds;

    is("@counts", join(' ', sort { $a <=> $b } @counts), 'buckets add up');
    is($counts[-1], $value->{ngx_team_query_seconds_count}, 'to the count');

    $res = $anybody->get('/status');
    is($res->status, 200, 'JSON');
    is($res->header('content-type'), 'application/json', 'its type');

    my $json = $res->json;
    my %in_json;

    for my $name (keys %$json) {
        next if $name eq 'version' || $name eq 'query_microseconds';

        my $family = "ngx_team_$name";
        $family .= '_total' unless $type->{$family};

        ok($type->{$family}, "$name is in both forms");

        if (ref $json->{$name}) {
            my ($label) = map { /^\Q$family\E\{([a-z_]+)=/ ? $1 : () }
                          keys %$value;

            $in_json{qq($family\{$label="$_"})} = 1
                for keys %{ $json->{$name} };
        } else {
            $in_json{$family} = 1;
        }
    }

    is(join(' ', sort keys %in_json),
       join(' ', sort grep { !/build_info|query_seconds/ } keys %$value),
       'nothing is in one form only');

    is($anybody->request(HEAD => '/status')->status, 200, 'HEAD');
    is($anybody->post('/status', 'x')->status, 405, 'POST');
};


subtest 'decisions and reasons' => sub {
    my $before = metrics();

    # a connection each, so that both workers take their part

    for (1 .. 10) {
        is($site->as('mia')->get($app)->status, 200, 'allowed');
    }

    is($site->anybody->get($app)->status, 401, 'no token') for 1 .. 3;
    is($site->as('dora')->get($app)->status, 403, 'not a member') for 1 .. 2;
    is($site->anybody->get('/free/index.html')->status, 200, 'not asked for');

    is($anybody->get($app, Authorization => 'Bearer '
                     . token(exp => time - 3600))->status, 401, 'expired');

    is(moved($before, 'ngx_team_decisions_total{decision="ALLOW"}'), 10,
       'allowed');
    is(moved($before, 'ngx_team_decisions_total{decision="DENY"}'), 6,
       'denied');
    is(moved($before, 'ngx_team_refusals_total{reason="token-missing"}'), 3,
       'token-missing');
    is(moved($before, 'ngx_team_refusals_total{reason="token-expired"}'), 1,
       'token-expired');
    is(moved($before, 'ngx_team_refusals_total{reason="not-member"}'), 2,
       'not-member');
    is(moved($before, 'ngx_team_tokens_total{how="verified"}')
       + moved($before, 'ngx_team_tokens_total{how="remembered"}'), 12,
       'tokens that were good');

    my $sum = 0;

    $sum += moved($before, qq(ngx_team_grants_total{cache="$_"}))
        for qw(WORKER ZONE MISS STALE);

    is($sum, 12, 'every decision about a person had a grant from somewhere');
    cmp_ok(moved($before, 'ngx_team_grants_total{cache="MISS"}'), '>=', 2,
           'two of them from the database');
    cmp_ok(metrics()->{ngx_team_zone_grants}, '>=', 2, 'they are in the zone');
    cmp_ok(metrics()->{ngx_team_zone_cells_used}, '<',
           metrics()->{ngx_team_zone_cells}, 'which has room');
};


subtest 'the API and queries' => sub {
    my $before = metrics();
    my $adam = $site->as('adam');

    is($adam->get('/team/v1/me')->status, 200, 'a query') for 1 .. 5;
    is($adam->delete($site->path('olga'))->status, 403, 'refused, as a row');
    is($adam->get($site->path('zoe'))->status, 404, 'refused, raised');
    is($anybody->get('/team/v1/me')->status, 401, 'refused before a query');
    is($anybody->get('/team/v1/none')->status, 404, 'no such path');

    is(moved($before, 'ngx_team_api_requests_total'), 9, 'requests');
    cmp_ok(moved($before, 'ngx_team_queries_total'), '>=', 7, 'queries');
    is(moved($before, 'ngx_team_query_failures_total{outcome="refused"}'), 1,
       'one was refused');
    is(moved($before, 'ngx_team_refusals_total{reason="token-missing"}'), 1,
       'tokens are counted in the API, too');

    cmp_ok(moved($before, 'ngx_team_query_seconds_count'), '>=', 7,
           'latencies');
    cmp_ok(moved($before, 'ngx_team_query_seconds_sum'), '>', 0, 'time');

    my $now = metrics();

    cmp_ok($now->{ngx_team_connects_total}, '>=', 1, 'connects');
    cmp_ok($now->{ngx_team_connections_open}, '>=', 1, 'open');
    is($now->{ngx_team_connections_busy}, 0, 'none busy');
    is($now->{ngx_team_queries_waiting}, 0, 'none waiting');
};


subtest 'keeper' => sub {
    ok(wait_until(sub { metrics()->{ngx_team_leased} == 1 }), 'leased');

    my $now = metrics();
    my $keeper = $now->{ngx_team_keeper_pid};

    like($now->{ngx_team_lease_remaining_seconds}, qr/^[0-3]\.[0-9]{3}$/,
         'the lease, in seconds');
    cmp_ok($now->{ngx_team_lease_remaining_seconds}, '<=', 3,
           'never longer than stale');
    is(scalar(grep { $_ == $keeper } $site->nginx->workers), 1,
       'the keeper is a worker');
    cmp_ok($now->{ngx_team_keeper_takeovers_total}, '>=', 1, 'it took over');

    my $changes = $now->{ngx_team_changes_total};

    is($site->as('adam')->put($site->path('mia', '/suspension'))->status, 204,
       'a change');
    ok(wait_until(sub { metrics()->{ngx_team_changes_total} > $changes }),
       'it was read');
};


subtest 'reload' => sub {
    my $before = metrics();

    ok($site->nginx->reload, 'reload');
    $anybody->close;

    my $now = metrics();

    is(scalar(grep { $now->{$_} < $before->{$_} }
              grep { /_total/ } keys %$before), 0, 'no counter went back');
    is($site->as('nina')->get($app)->status, 200, 'a request');
    is(moved($before, 'ngx_team_decisions_total{decision="ALLOW"}'), 1,
       'is counted with those before');
    ok(wait_until(sub {
        my $keeper = metrics()->{ngx_team_keeper_pid};
        return grep { $_ == $keeper } $site->nginx->workers;
    }), 'another keeper');
    ok(wait_until(sub { metrics()->{ngx_team_connections_busy} == 0 }),
       'nothing is left in the gauges of workers that went');
};


$site->done_ok;

done_testing;
