#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# What holds where, in and around a location with team_api: what the server
# asks for, what the location itself asks for, and the blocks inside it.

use strict;
use warnings;

use Test::More;

use Team::HTTP;
use Team::Site;
use Team::Token;
use Team::Upstream;

my $app = Team::Upstream->new;
my $address = $app->address;

my $site = Team::Site->new(contract => 0, http => <<"EOF");
server {
    listen  127.0.0.1:%%PORT_2%%;

    team_account     acme;
    team_permission  bills:manage;

    location / { proxy_pass http://$address; }

    location /plain/ {
        team_api;

        location /plain/app/ { proxy_pass http://$address; }
    }

    location /own/ {
        team_api;
        team_permission  members:suspend;

        location /own/app/ { proxy_pass http://$address; }

        limit_except GET { allow all; }
    }

    location /on/ {
        team_api;
        team_access  on;

        limit_except GET { team_permission members:suspend; }
    }

    location /if/ {
        team_api;
        team_role  finance;

        if (\$arg_slow) { set \$limit_rate 100k; }
        if (\$arg_app)  { proxy_pass http://$address; }
    }

    location = /metrics {
        team_access  off;
        team_status  prometheus;

        if (\$arg_slow) { set \$limit_rate 100k; }
    }
}
EOF

# mia may nothing, fred manages bills, adam suspends members as well

my %client = (nobody => client(), map { $_ => client($_) } qw(mia fred adam));


sub client {
    my ($name) = @_;

    return Team::HTTP->new(port => $site->nginx->port(2), headers => $name
        ? [Authorization => 'Bearer ' . token(sub => $name)] : []);
}


# Statuses for nobody, mia, fred and adam.

sub statuses {
    my ($method, $uri) = @_;

    my $body = $method eq 'GET' ? undef : {};

    return join ' ', map {
        $client{$_}->request($method, $uri, [], $body)->status
    } qw(nobody mia fred adam);
}


# /v1/me answers whoever has a token; a POST of {} ends as 422 if it gets so far

my @table = (
    [GET => '/', '401 403 200 200', 'what the server asks for'],

    [GET => '/plain/v1/me', '401 200 200 200', 'team_api does not inherit it'],
    [GET => '/plain/app/', '401 403 200 200', 'but a location inside does'],

    [GET => '/own/v1/me', '401 403 403 200', 'what team_api asks for itself'],
    [POST => '/own/v1/accounts', '401 403 403 422', 'and in limit_except'],
    [GET => '/own/app/', '401 403 403 200', 'a location inside inherits it'],

    [GET => '/on/v1/me', '401 200 200 200', 'a member is asked for, no more'],
    [POST => '/on/v1/accounts', '401 403 403 422', 'limit_except has its own'],

    [GET => '/if/v1/me', '401 403 200 403', 'a role'],
    [GET => '/if/v1/me?slow=1', '401 403 400 403', '"if" is still the API'],
    [GET => '/if/v1/me?app=1', '401 403 200 403', 'unless it leads away'],
);

for my $row (@table) {
    my ($method, $uri, $expected, $name) = @$row;

    is(statuses($method, $uri), $expected, "$method $uri: $name");
}

like($client{nobody}->get('/metrics?slow=1')->body, qr/^# HELP /,
     '"if" is still the status, in its form');

$site->done_ok;
done_testing;
