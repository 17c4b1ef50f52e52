#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The tests' own tools: nginx, applications behind it, the client.  An nginx
# that is not well must make its test fail.

use strict;
use warnings;

use Test::More;

use Team::HTTP;
use Team::Nginx;
use Team::Upstream;

my %app = map { $_ => Team::Upstream->new(mode => $_) }
          qw(http fastcgi uwsgi scgi);

my $nginx = Team::Nginx->new(
    workers => 2, vars => { map { uc $_ => $app{$_}->address } keys %app },
    http => <<'EOF');
server {
    listen  127.0.0.1:%%PORT_0%%;
    listen  127.0.0.1:%%PORT_1%% http2;

    location / {
        proxy_pass  http://%%HTTP%%;
    }
    location /fastcgi {
        fastcgi_pass   %%FASTCGI%%;
        fastcgi_param  A bc;
    }
    location /uwsgi {
        uwsgi_pass   %%UWSGI%%;
        uwsgi_param  A bc;
        uwsgi_param  CONTENT_LENGTH $content_length;
    }
    location /scgi {
        scgi_pass   %%SCGI%%;
        scgi_param  A bc;
    }
}
EOF

$nginx->start;
is(scalar(my @workers = $nginx->workers), 2, 'two workers');

my $http = Team::HTTP->new(port => $nginx->port);
my $res = $http->post('/x', { a => 1 }, 'X-A' => 1, 'x-a' => 2);

is($res->status, 200, 'an answer');
is($res->header('content-type'), 'application/json', 'a header of it');
is_deeply([grep { $_->[0] =~ /^x-a$/i } @{ $res->json->{headers} }],
          [['X-A', 1], ['x-a', 2]], 'headers as sent, in order, twice');
is($res->json->{body}, '{"a":1}', 'the body');

for my $mode (qw(fastcgi uwsgi scgi)) {
    $res = $http->post("/$mode", { a => 1 }, 'X-A' => 1);
    my %params = map { @$_ } @{ $res->json->{params} };

    is("$params{A} $params{HTTP_X_A}", 'bc 1', "$mode: parameters");
    is($res->json->{body}, '{"a":1}', "$mode: body");
}

$http->send(join '', map { $http->format(GET => "/p$_") } 1 .. 3);
is($http->read_response->json->{uri}, "/p$_", "pipelined $_") for 1 .. 3;

$res = Team::HTTP->new(port => $nginx->port(1))->h2(GET => '/2', [A => 'b']);
is($res->status, 200, 'HTTP/2');
is_deeply([grep { $_->[0] eq 'a' } @{ $res->json->{headers} }],
          [['a', 'b']], 'a header over HTTP/2');

is(scalar(my @requests = $app{http}->requests), 5, 'requests were kept');

ok($nginx->reload, 'reload');
isnt("@{[sort $nginx->workers]}", "@{[sort @workers]}", 'other workers');
is($http->post('/x', {})->status, 200, 'a connection that they closed is not '
                                       . 'used for what must not be repeated');

my ($status, $out) = $nginx->test_config(http => 'server { lisn; }');

is($status, 1, 'a wrong configuration');
like($out, qr/\[emerg\] .*unknown directive "lisn"/, 'what is wrong with it');

ok($nginx->reload(http => 'server { listen 127.0.0.1:%%PORT%%; return 201; }'),
   'reload with another configuration');
$http->close;
is($http->get('/')->status, 201, 'which serves');

is($nginx->reload(http => 'server { lisn; }'), 0, 'reload with a wrong one');
is($http->get('/')->status, 201, 'the old one serves');
like($nginx->problems, qr/unknown directive "lisn"/, 'an emerg is a problem');

my $dir = $nginx->dir;

$nginx->allow(qr/unknown directive "lisn"/);
$nginx->done_ok;

undef $nginx;
ok(!-e $dir, 'nothing is left');

done_testing;
