#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# What nginx itself refuses in a location of the API is a problem, too: a body
# over client_max_body_size, one that breaks off, a rate limit.  A client that
# reads JSON was given nginx's page in HTML.  An error_page of the
# administrator's stays what it is.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Team::HTTP;
use Team::Site;
use Team::Token;
use Team::Wait;

my $site = Team::Site->new(http => <<'EOH', server => <<'EOT');
limit_req_zone  $binary_remote_addr zone=one:64k rate=1r/m;
EOH
    location /small/ {
        client_max_body_size  100;
        team_api;
    }
    location /rare/ {
        limit_req         zone=one;
        limit_req_status  429;
        team_api;
    }
    location /busy/ {
        limit_req  zone=one;
        team_api;
    }
    location /own/ {
        client_max_body_size  100;
        error_page            413 /page;
        error_page            404 /missing;
        limit_req_status      429;
        team_api;

        location /own/rare/ {
            limit_req  zone=one;
            team_api;
        }
    }
    location /again/ {
        client_max_body_size   100;
        recursive_error_pages  on;
        team_api;
        team_permission        account:read;
        team_account           acme;
    }
    location /closed/ {
        deny  all;
        team_api;
    }
    location = /page {
        internal;
        return  200 "a page of ours\n";
    }
EOT

my $token = token(sub => 'olga');
my $large = '{"name":"' . 'x' x 200 . '","preset":"hosting"}';
my @json = ('Content-Type' => 'application/json');


sub http {
    my ($port) = @_;

    return Team::HTTP->new(port => $port // $site->nginx->port,
                           headers => [Authorization => "Bearer $token"]);
}


# One test: that problem, as all others are.

sub is_problem {
    my ($res, $status, $code, $name) = @_;

    my $body = eval { $res->json } || {};

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return is(join(' ', $res->status, $res->header('content-type') // '-',
                   $res->header('cache-control') // '-',
                   $body->{type} // $res->body, $body->{status} // '-'),
              "$status application/problem+json no-store /problems/$code "
              . $status, $name);
}


subtest 'a body over client_max_body_size' => sub {
    is_problem(http()->post('/small/v1/accounts', $large, @json),
               413, 'body-too-large', 'by its length');
    is_problem(http()->request(GET => '/small/v1/me', [@json], $large),
               413, 'body-too-large', 'of a GET');
    is_problem(Team::HTTP->new(port => $site->nginx->port)
               ->post('/small/v1/accounts', $large, @json),
               413, 'body-too-large', 'of nobody');

    my $res = http()->request(HEAD => '/small/v1/me', [@json], $large);

    is($res->status . ' ' . $res->header('content-type'),
       '413 application/problem+json', 'HEAD');
    is($res->body, '', '... has no body');

    # curl finds fault with an answer that comes before all was sent, so what
    # was answered is told by its length in the access log

    my $length = length http()->post('/small/v1/accounts', $large, @json)
                        ->body;
    my $at = length $site->nginx->access_log;

    eval { http($site->nginx->port(1))->h2(
               POST => '/small/v1/accounts', [@json], $large) };

    ok(wait_until(sub {
        substr($site->nginx->access_log, $at) =~ m{ HTTP/2\.0" 413 $length }
    }), 'over HTTP/2') or diag(substr $site->nginx->access_log, $at);

    # what comes later is read by nginx, and not by the module's handler

    for my $case ([sprintf("%x\r\n%s\r\n", length $large, $large), 413,
                   'body-too-large', 'too much'],
                  ["zz\r\n", 400, 'bad-request', 'no chunk'])
    {
        my ($chunk, $status, $code, $name) = @$case;
        my $http = http();

        $http->send($http->format(POST => '/small/v1/accounts',
            [@json, 'Transfer-Encoding' => 'chunked', Expect =>
             '100-continue'], ''));
        like($http->_until("\r\n\r\n"), qr/ 100 /, 'nginx waits');
        $http->send($chunk);
        is_problem($http->read_response('POST'), $status, $code,
                   "... $name, in chunks");
    }

    is(http()->get('/small/v1/me')->status, 200, 'the next request');

    is_problem(http()->post('/again/v1/accounts', $large, @json),
               413, 'body-too-large', 'under recursive_error_pages');
    is_problem($site->anybody->post('/again/v1/accounts', $large, @json),
               413, 'body-too-large', '... whoever it is');
    is_problem($site->anybody->get('/again/v1/me'), 401, 'token-missing',
               '... which is asked otherwise');
};


subtest 'limit_req' => sub {
    is(http()->get('/rare/v1/me')->status, 200, 'the first');

    my $http = http();
    my $res = $http->get('/rare/v1/me');

    is_problem($res, 429, 'rate-limited', 'limit_req_status 429');
    is($res->header('retry-after'), 1, '... with Retry-After');

    my $socket = $http->{socket};

    is_problem($http->post('/busy/v1/accounts', $large, @json),
               503, 'unavailable', 'its default');
    is($http->{socket}, $socket, '... the connection is kept');
};


subtest 'pages of the administrator' => sub {
    my $res = http()->post('/own/v1/accounts', $large, @json);

    is($res->status . ' ' . $res->body, "413 a page of ours\n",
       'an error_page stays');
    is_problem(http()->get('/own/rare/v1/me'), 429, 'rate-limited',
               'what it has none for is a problem');
    is($site->anybody->get('/app/nothing')->header('content-type'),
       'application/problem+json', 'the gate is as before');
};


subtest 'and nothing else' => sub {
    for my $path ('/small/problem', '/small/v1/problem') {
        is_problem(http()->get($path), 404, 'not-found', $path);
    }

    my $res = http()->get('/closed/v1/me');

    is($res->status . ' ' . $res->header('content-type'), '403 text/html',
       'who is denied is denied the problem, too');
    is(http()->get('/small/v1/me')->header('content-type'),
       'application/json', 'an answer');
};


$site->done_ok;

done_testing;
