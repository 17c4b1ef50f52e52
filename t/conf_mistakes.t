#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Every mistake in the configuration is told with file and line, and with what
# was expected.  A table: what is wrong, where it stands, what nginx -t says.

use strict;
use warnings;

use JSON;
use Test::More;

use Team::Nginx;
use Team::Token;

my $issuer = 'team_issuer https://id.example.com { keys jwks.json; '
             . 'audience app; }';
my $zone = 'team_zone team:1m;';
my $database = 'team_database "host=/tmp dbname=team user=team_gateway";';
my $all = "$zone $issuer $database";

my $longest = 'k' x 256;
my $rsa = jwks('rsa');
my ($key) = @{ $rsa->{keys} };

my %files = (
    'jwks.json'    => encode_json($rsa),
    'single.json'  => encode_json(key_public('rsa')),
    'empty.json'   => '{"keys":[]}',
    'half.json'    => '{"keys":[',
    'twice.json'   => encode_json({ keys => [$key, $key] }),
    'mixed.json'   => encode_json({ keys => [$key, { kty => 'oct', kid => 's',
                                             k => 'A' x 64 }] }),
    'small.json'   => encode_json({ keys => [{ kty => 'RSA', e => 'AQAB',
                                    kid => 'a', n => 'v' . 'A' x 170 }] }),
    'private.pem'  => key_private('rsa')->can('export_key_pem')
                      ? key_private('rsa')->export_key_pem('private') : '',
    'short.key'    => "tooshort\n",
    'secret.key'   => 'k' x 64,
    'one.pem'      => key_pem('rsa'),
    'two.pem'      => key_pem('rsa', 'ec256'),
    'nothing'      => '',
);

# [http, server, what nginx -t says], or [.., .., undef] for what is right

my @table = (
    # what is left out
    ['', 'team_access on;', qr/need "team_zone" in the http block/],
    [$zone, 'team_access on;', qr/need "team_issuer" in the http block/],
    ["$zone $issuer", 'team_access on;',
     qr/need "team_database" in the http block/],
    [$all, 'team_access on;', undef],
    ['', '', undef],
    ['', 'team_access off;', undef],

    # team_zone
    ['team_zone team;', '', qr/invalid zone "team", expected "name:size"/],
    ['team_zone :1m;', '', qr/invalid zone ":1m"/],
    ['team_zone team:big;', '', qr/invalid size "big" of zone "team"/],
    ['team_zone team:4k;', '', qr/zone "team" of 4k is too small, the least/],
    ["$zone team_zone other:1m;", '', qr/"team_zone" directive is duplicate/],

    # team_database
    ['team_database "host=/tmp nonsense=1";', '',
     qr/team_database: .*nonsense/],
    ['team_database "host=/tmp" connections=0;', '',
     qr/"connections=0", expected a number from 1 to 256/],
    ['team_database "host=/tmp" timeout=1;', '', undef],
    ['team_database "host=/tmp" timeout=forever;', '',
     qr/"timeout=forever", expected a time from 10ms/],
    ['team_database "host=/tmp" queue=-1;', '', qr/"queue=-1", expected/],
    ['team_database "host=/tmp" colour=red;', '',
     qr/invalid parameter "colour=red", expected "connections="/],
    ['team_database "host=no-such-host.invalid";', '',
     qr/team_database: .*no-such-host\.invalid/],
    ["$database $database", '', qr/"team_database" directive is duplicate/],

    # team_issuer
    ['team_issuer a { }', '', qr/issuer "a" has no "keys"/],
    ['team_issuer a { keys no-such-file; }', '', qr/no-such-file" failed \(2:/],
    ['team_issuer a { keys nothing; }', '', qr/not a file of 1 to \d+ bytes/],
    ['team_issuer a { keys empty.json; }', '', qr/empty\.json": .*key/i],
    ['team_issuer a { keys half.json; }', '', qr/half\.json": /],
    ['team_issuer a { keys twice.json; }', '', qr/twice\.json": .*kid/],
    ['team_issuer a { keys mixed.json; }', '', qr/mixed\.json": .*secret/],
    ['team_issuer a { keys small.json; }', '', qr/small\.json": .*2048/],
    ['team_issuer a { keys private.pem; }', '', qr/private\.pem": .*private/],
    ['team_issuer a { keys short.key; }', '', qr/short\.key": .*(?:short|32)/],
    ['team_issuer a { keys https://id.example.com/jwks; }', '',
     qr/takes a file, not a URL: let a timer fetch it and reload/],
    ['team_issuer a { keys jwks.json; keys jwks.json; }', '',
     qr/"keys" is duplicate/],
    ['team_issuer a { keys one.pem kid=k1; audience x; }', '', undef],
    ['team_issuer a { keys one.pem "kid=the key"; audience x; }', '', undef],
    ["team_issuer a { keys one.pem kid=$longest; audience x; }", '',
     undef],
    ['team_issuer a { keys secret.key kid=k1; audience x; }', '', undef],
    ['team_issuer a { keys one.pem kid=; }', '',
     qr/invalid "kid=", expected UTF-8 text of 1 to 256 bytes without control/],
    ["team_issuer a { keys one.pem kid=k$longest; }", '',
     qr/invalid "kid=", expected UTF-8 text of 1 to 256 bytes/],
    ['team_issuer a { keys one.pem "kid=a\nb"; }', '',
     qr/invalid "kid=", expected .* without control bytes/],
    ["team_issuer a { keys one.pem kid=\xff; }", '',
     qr/invalid "kid=", expected UTF-8/],
    ['team_issuer a { keys one.pem kid=a kid=a; }', '',
     qr/"keys" takes "kid=" only once/],
    ['team_issuer a { keys one.pem kid=a; keys secret.key kid=b; }', '',
     qr/"keys" is duplicate/],
    ['team_issuer a { keys one.pem alg=RS256; }', '',
     qr/invalid parameter "alg=RS256", expected a file .*"kid=" if it is one/],
    ['team_issuer a { keys one.pem two.pem; }', '',
     qr/invalid parameter "two\.pem", expected a file with a JWKS, PEM keys/],
    ['team_issuer a { keys two.pem kid=a; }', '',
     qr/"kid=" for the keys in ".*two\.pem": 2 keys, and a "kid" names only/],
    ['team_issuer a { keys jwks.json kid=a; }', '',
     qr/"kid=" for the keys in ".*jwks\.json": a JWK has its "kid" inside/],
    ['team_issuer a { keys single.json kid=a; }', '',
     qr/single\.json": a JWK has its "kid" inside, .* only a PEM key or a sec/],
    ['team_issuer a { keys https://id.example.com/jwks kid=a; }', '',
     qr/takes a file, not a URL: let a timer fetch it and reload/],
    ['team_issuer a { keys jwks.json; algorithms none; }', '',
     qr/unknown algorithm "none"/],
    ['team_issuer a { keys jwks.json; algorithms rs256; }', '',
     qr/unknown algorithm "rs256"/],
    ['team_issuer a { keys jwks.json; algorithms RS256 ES256; }', '',
     qr/allows ES256, but no key in ".*jwks\.json" can verify it/],
    ['team_issuer a { keys jwks.json; algorithms HS256; }', '',
     qr/allows HS256, but no key/],
    ['team_issuer a { keys jwks.json; leeway 11m; }', '',
     qr/"leeway" takes a time in seconds, at most 10m/],
    ['team_issuer a { keys jwks.json; leeway 30s; audience x; }', '', undef],
    ['team_issuer a { keys jwks.json; claims sub=x; }', '',
     qr/"claims" takes subject=, email=/],
    ['team_issuer a { keys jwks.json; claims subject=x subject=y; }', '',
     qr/names one claim twice/],
    ['team_issuer a { keys jwks.json; typ jose; }', '',
     qr/"typ" takes "JWT", "at\+jwt"/],
    ['team_issuer a { keys jwks.json; audience; }', '',
     qr/"audience" needs a value/],
    ['team_issuer a { keys jwks.json; issuer x; }', '',
     qr/unknown directive "issuer" in team_issuer, expected keys/],
    ["$issuer $issuer", '', qr/issuer "https:.*" is duplicate/],
    ['team_issuer a { keys jwks.json; }', '',
     qr/\[warn\].*issuer "a" has no "audience": tokens that it made for other/],
    ['team_issuer a { keys secret.key; audience x; }', '',
     qr/\[warn\].*secret\.key" holds a secret that every user may read/],

    # team_cache, team_changes
    ['team_cache valid=1ms;', '', qr/"valid=1ms", expected a time from 1000ms/],
    ['team_cache valid=2s stale=3s;', '', qr/"stale" must not be longer/],
    ['team_cache tokens=0;', '', qr/"tokens=0", expected a number/],
    ['team_cache size=1;', '', qr/invalid parameter "size=1", expected "valid/],
    ['team_cache valid=10s; team_cache stale=1s;', '', qr/is duplicate/],
    ['team_changes now;', '', qr/invalid value "now", expected "listen" or/],
    ['team_changes poll=1ms;', '', qr/"poll=1ms", expected a time from 20ms/],
    ['team_changes poll=200ms;', '', undef],
    ['team_changes poll=3s;', '', qr/must be shorter than "stale"/],
    ['team_changes poll=3s; team_cache stale=4s;', '', undef],
    ['team_changes listen; team_changes listen;', '', qr/is duplicate/],

    # team_token, team_account, team_access
    [$all, 'team_token basic;', qr/invalid source "basic", expected "bearer"/],
    [$all, 'team_token cookie=;', qr/invalid source "cookie="/],
    [$all, 'team_token header=X-Team-Token;',
     qr/a token can't come in "x-team-token": headers under X-Team- are/],
    [$all, 'team_token header=X_Team_Token;', qr/can't come in "x_team_token"/],
    [$all, 'team_token header=X-Team;', qr/can't come in "x-team"/],
    [$all, 'team_token header=X-Teamwork;', undef],
    [$all, 'team_token bearer; team_token bearer;', qr/is duplicate/],
    [$all, 'team_token bearer cookie=s header=X-Auth;', undef],
    [$all, 'team_account $no_such;', qr/unknown "no_such" variable/],
    [$all, 'team_access maybe;', qr/invalid value "maybe", expected "on"/],

    # team_permission, team_role, team_bypass
    [$all, 'team_permission Invoices:Read;',
     qr/invalid permission "Invoices:Read", expected "resource:action"/],
    [$all, 'team_permission invoices;', qr/invalid permission "invoices"/],
    [$all, 'team_permission invoices:read $arg_x;', undef],
    [$all, 'team_permission a:b; team_permission c:d;', qr/is duplicate/],
    [$all, 'team_role Owner;', qr/invalid role "Owner", expected a role's key/],
    [$all, 'team_role owner admin;', undef],
    [$all, 'team_bypass 1;', qr/"1" has no variable: .*"team_access off"/],
    [$all, 'team_bypass $arg_x $http_y;', undef],

    # team_assertion
    [$all, 'team_assertion alg=RS256;', qr/needs "key=" with the file/],
    [$all, 'team_assertion key=secret.key alg=HS256 ttl=1s;',
     qr/invalid parameter "ttl=1s", expected .*from 2s to 1h/],
    [$all, 'team_assertion key=secret.key alg=none;',
     qr/invalid parameter "alg=none"/],
    [$all, 'team_assertion key=secret.key;', qr/secret\.key": /],
    [$all, 'team_assertion key=private.pem alg=HS256;', qr/private\.pem": /],
    [$all, 'team_assertion key=private.pem ttl=30s audience=app;', undef],
    [$all, 'team_assertion off;', undef],

    # team_api, team_status
    [$all, 'location = /team { team_api; }', qr/"team_api" directive needs a/],
    [$all, 'location = /team/ { team_api; }', qr/"team_api" directive needs/],
    [$all, 'location ~ ^/team/ { team_api; }', qr/"team_api" directive needs/],
    [$all, 'location ^~ /team/ { team_api; }', undef],
    [$all, 'location / { team_api; }', qr/needs a prefix of its own/],
    [$all, 'location /team/ { team_api; }', undef],
    ['', 'location /team/ { team_api; }', qr/need "team_zone"/],
    [$all, 'location /s { team_status xml; }',
     qr/invalid value "xml", expected "json" or "prometheus"/],
    [$all, 'location /s { team_status; }', undef],
    ['', 'location /s { team_status; }', undef],
);

my $nginx = Team::Nginx->new(http => '', files => \%files);

for my $row (@table) {
    my ($http, $server, $expected) = @$row;

    my ($status, $out) = $nginx->test_config(http => <<"EOF");
$http
server {
    listen  127.0.0.1:%%PORT%%;
    $server
}
EOF
    my $name = $http =~ s/\Q$all\E//r . $server;
    my $warning = defined $expected && "$expected" =~ /warn/;

    subtest $name => sub {
        if (!defined $expected || $warning) {
            is($status, 0, 'is right') or diag($out);
            unlike($out, qr/\[emerg\]/, 'no complaint');
        }

        if (defined $expected) {
            isnt($status, 0, 'is refused') unless $warning;
            like($out, $expected, 'what nginx says');
            like($out, qr/ in \S+:\d+$/m, 'with file and line')
                unless $out =~ /in the http block|must (?:not )?be|"no_such"/;
        }
    };
}

$nginx->done_ok;

done_testing;
