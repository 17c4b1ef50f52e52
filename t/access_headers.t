#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The attack: a client sends "X-Team-Roles: owner" itself, in some spelling or
# by some way that the gate does not look at, and the application believes it.
# So: whatever the way, the application sees only ours.

use strict;
use warnings;

use Test::More;

use Team::HTTP;
use Team::Site;
use Team::Token;
use Team::Upstream;

my $http = Team::Upstream->new;
my $fastcgi = Team::Upstream->new(mode => 'fastcgi');
my $uwsgi = Team::Upstream->new(mode => 'uwsgi');
my $scgi = Team::Upstream->new(mode => 'scgi');

my ($app, $fcgi, $wsgi, $cgi) = map { $_->address }
                                $http, $fastcgi, $uwsgi, $scgi;

# For grpc: HTTP/2 without a gate, in front of the application.

my $plain = Team::Nginx->new(config => <<"EOF");
%%GLOBALS%%
events { }
http {
    %%GLOBALS_HTTP%%
    server {
        listen  127.0.0.1:%%PORT%% http2;
        location / { proxy_pass http://$app; }
    }
}
EOF

$plain->start;

my $inner = '127.0.0.1:' . $plain->port;

my $site = Team::Site->new(http => <<"EOF", server => <<"EOS");
server {
    listen  127.0.0.1:%%PORT_3%%;
    underscores_in_headers  on;
    ignore_invalid_headers  off;

    team_account  acme;
    team_headers  on;

    location /open/    { proxy_pass http://$app; }
    location /gated/   { team_access on; proxy_pass http://$app; }
    location /fastcgi/ { team_access on; fastcgi_pass $fcgi; }
    location /uwsgi/   { team_access on; uwsgi_pass $wsgi; }
    location /scgi/    { team_access on; scgi_pass $cgi; }
}

EOF
    team_account  acme;

    location /open/     { proxy_pass http://$app; }
    location /mute/     { team_access on; proxy_pass http://$app; }
    location /gated/    { team_access on; team_headers on;
                          proxy_pass http://$app; }
    location /report/   { team_access report; team_headers on;
                          proxy_pass http://$app; }
    location /grpc/     { team_access on; team_headers on;
                          grpc_pass grpc://$inner; }
    location /error/    { return 404; error_page 404 = \@app; }
    location /rewrite/  { rewrite ^/rewrite/(.*) /open/\$1 last; }
    location /if/       { if (\$http_x_team_roles) { return 500; }
                          proxy_pass http://$app; }
    location /auth/     { auth_request /check; proxy_pass http://$app; }
    location = /check   { internal; proxy_pass http://$app; }
    location \@app      { proxy_pass http://$app; }
    location /mirror/   { mirror /copy; proxy_pass http://$app; }
    location = /copy    { internal; proxy_pass http://$app; }
EOS

my $nginx = $site->nginx;

my @spoofed = (
    'X-Team-Roles' => 'owner', 'x-team-roles' => 'owner',
    'X-TEAM-ROLES' => 'owner', 'X-Team-Roles' => 'again',
    'X-Team-Anything' => 'at all', 'X-Team-Permissions' => '*',
    'X-Team-Account' => 'other', 'X-Team-Assertion' => 'a.b.c',
    'X-Team-' => 'nothing', 'X-Team' => 'alone',
);

# valid only where underscores_in_headers is on, invalid ones where
# ignore_invalid_headers is off

my @strange = ('X_Team_Roles' => 'owner', 'X-Team_Roles' => 'owner',
               'x_team-roles' => 'owner', 'X.Team.Roles' => 'owner',
               'x+team+roles' => 'owner', 'x_team' => 'alone');


# What the application saw that it could take for ours: by a name with all but
# letters and digits gone, as CGI and frameworks fold them.

sub seen {
    my ($headers) = @_;

    my %seen;

    for my $header (@$headers) {
        my ($name, $value) = @$header;

        (my $folded = lc $name) =~ s/^http_//;
        $folded =~ s/[^a-z0-9]+/-/g;

        push @{ $seen{$folded} }, $value if $folded =~ /^x-team(?:-|$)/;
    }

    return \%seen;
}


my %ours = (
    'x-team-account' => [$site->account('acme')],
    'x-team-member' => [$site->member('mia')],
    'x-team-subject' => ['mia'],
    'x-team-email' => ['mia@example.com'],
    'x-team-roles' => ['member'],
    'x-team-permissions' => ['account:read own-cards:read'],
);


subtest 'HTTP/1.1, every kind of location' => sub {
    my $nobody = $site->anybody(@spoofed);
    my $mia = $site->as('mia', @spoofed);

    for my $path (qw(/open/ /report/ /error/ /rewrite/ /if/ /auth/)) {
        my $res = $nobody->get($path);

        is($res->status, 200, "$path answers");
        is_deeply(seen($res->json->{headers}), {}, "$path: nothing is left");
    }

    is_deeply(seen($mia->get('/mute/')->json->{headers}), {},
              'a gate without team_headers tells nothing');

    for my $path (qw(/gated/ /report/)) {
        my $res = $mia->get($path);

        is_deeply(seen($res->json->{headers}), \%ours, "$path: only ours");
    }

    ok(!(grep { %{ seen($_->{headers}) } } grep { $_->{uri} !~ /gated|report/ }
         $http->requests), 'nor did a subrequest or a mirror carry it');
};


subtest 'an email that nobody has verified is not told' => sub {
    my $token = token(sub => 'mia', email_verified => JSON::false);
    my $res = $site->anybody(Authorization => "Bearer $token")->get('/gated/');
    my %told = %ours;

    delete $told{'x-team-email'};

    is_deeply(seen($res->json->{headers}), \%told, 'all but the email');
};


subtest 'other headers stay as they are, in order' => sub {
    my @mixed = map { ("X-A$_" => $_, 'X-Team-Roles' => 'owner',
                       "X-B$_" => $_) } 1 .. 40;
    my $res = $site->anybody(@mixed, Cookie => 'a=b', 'User-Agent' => 'test')
                   ->get('/open/');
    my @got = grep { $_->[0] =~ /^X-[AB]/ } @{ $res->json->{headers} };

    is_deeply(\@got, [map { (["X-A$_", $_], ["X-B$_", $_]) } 1 .. 40],
              'eighty of them, forty spoofed ones between');
    is_deeply(seen($res->json->{headers}), {}, 'and those are gone');
    ok((grep { $_->[0] eq 'User-Agent' && $_->[1] eq 'test' }
        @{ $res->json->{headers} }), 'known headers too');

    # only spoofed headers, from the first to the last: HTTP/1.0 needs no Host

    my $raw = Team::HTTP->new(port => $nginx->port)->raw(
        "GET /open/ HTTP/1.0\r\n" . "X-Team-Roles: owner\r\n" x 50 . "\r\n");

    is($raw->status, 200, 'nothing but spoofed headers');
    is_deeply(seen($raw->json->{headers}), {}, 'none is left');

    for my $n (1 .. 45) {
        my $mia = $site->as('mia', map { ("X-Fill-$_" => 'f',
                                          'X-Team-Roles' => 'owner') } 1 .. $n);
        my $res = $mia->get('/gated/');
        my $fill = grep { $_->[0] =~ /^X-Fill-/ } @{ $res->json->{headers} };

        is_deeply([$fill, seen($res->json->{headers})], [$n, \%ours],
                  "$n spoofed ones between, ours behind");
    }
};


subtest 'underscores and other characters' => sub {
    my $token = token(sub => 'mia');
    my @headers = (@spoofed, @strange);
    my $open = Team::HTTP->new(port => $nginx->port(3), headers => \@headers);
    my $mia = Team::HTTP->new(port => $nginx->port(3), headers => [
        Authorization => "Bearer $token", @headers]);

    my $res = $open->get('/open/');
    is($res->status, 200, 'answers');
    is_deeply(seen($res->json->{headers}), {}, 'nothing is left');

    for my $path (qw(/gated/ /fastcgi/ /uwsgi/ /scgi/)) {
        my $res = $mia->get($path);

        is($res->status, 200, "$path answers");
        is_deeply(seen($res->json->{headers} // $res->json->{params}), \%ours,
                  "$path: only ours");
    }
};


subtest 'HTTP/2' => sub {
    my $mia = 'Bearer ' . token(sub => 'mia');
    my $http = Team::HTTP->new(port => $nginx->port(1));

    my $res = $http->h2(GET => '/open/', [@spoofed]);
    is($res->status, 200, 'open answers');
    is_deeply(seen($res->json->{headers}), {}, 'nothing is left');

    $res = $http->h2(GET => '/gated/', [@spoofed, Authorization => $mia]);
    is_deeply(seen($res->json->{headers}), \%ours, 'only ours');

    is($http->h2(GET => '/gated/', [@spoofed])->status, 401,
       'and the gate holds');
};


subtest 'grpc' => sub {
    my $res = $site->as('mia', @spoofed, TE => 'trailers')->get('/grpc/');

    is($res->status, 200, 'answers');
    is($site->anybody(@spoofed)->get('/grpc/')->status, 401, 'the gate holds');

    SKIP: {
        # a module that is part of the binary scrubs in the inner one too

        skip 'the inner nginx has the module as well', 1
            unless length($ENV{TEAM_NGINX_MODULE} // 'x');

        is_deeply(seen($res->json->{headers}), \%ours, 'only ours');
    }
};

$plain->done_ok;
$site->done_ok;

done_testing;
