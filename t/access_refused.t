#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# A refusal among what nginx does around it: a body that is on its way, an
# error page that wants this body, an error page that is refused itself, a
# password that would have done as well.

use strict;
use warnings;

use Test::More;

use Team::HTTP;
use Team::Site;
use Team::Upstream;

my $app = Team::Upstream->new;
my $address = $app->address;

my $site = Team::Site->new(files => { htpasswd => "fay:{PLAIN}secret\n" },
                           server => <<"EOF");
    location /gate/   { team_access on; proxy_pass http://$address; }

    location /login/  { team_access on; error_page 401 = \@login;
                        proxy_pass http://$address; }
    location \@login  { proxy_pass http://$address; proxy_read_timeout 5s; }

    location /gone/   { error_page 404 /gate/; return 404; }

    location /either/ { satisfy any; team_access on;
                        auth_basic either;
                        auth_basic_user_file %%TESTDIR%%/htpasswd;
                        proxy_pass http://$address; }
EOF


# Sends the bytes of a request and returns the first line that comes back.

sub first_line {
    my ($bytes) = @_;

    my $http = Team::HTTP->new(port => $site->nginx->port);

    $http->send($bytes);
    $http->_fill;

    my ($line) = split /\r\n/, $http->{buffer};
    $http->close;

    return $line;
}


subtest 'a body that was announced is not asked for' => sub {
    my $head = "HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n"
               . "Expect: 100-continue\r\n\r\n";

    like(first_line("POST /gate/ $head"), qr{^HTTP/1.1 401 }, 'by the gate');
    like(first_line("POST /team/v1/accounts $head"), qr{^HTTP/1.1 401 },
         'by the API');
};


subtest 'a body in which the chunks are wrong' => sub {
    like(first_line("POST /gate/ HTTP/1.1\r\nHost: x\r\n"
                    . "Transfer-Encoding: chunked\r\n\r\nno chunk\r\n"),
         qr{^HTTP/1.1 401 }, 'does not change the answer');
};


subtest 'the body is for the error page' => sub {
    my $http = Team::HTTP->new(port => $site->nginx->port);

    for my $first (1000, 100_000) {
        $http->send("POST /login/ HTTP/1.1\r\nHost: x\r\n"
                    . "Content-Length: 100000\r\n\r\n" . 'a' x $first);
        $http->send('b' x (100_000 - $first));

        my $res = $http->read_response;

        is($res->status, 200, "$first bytes at first: the page answers");
        is(length $res->json->{body}, 100_000, 'and has seen all');
        like($res->header('WWW-Authenticate'), qr/^Bearer /, 'headers stay');
    }
};


subtest 'an error page that is refused' => sub {
    my $res = $site->anybody->get('/gone/');

    is($res->status, 401, 'is refused with its own status');
    is($res->json->{status}, 401, 'and a body that says the same');
    is($site->as('mia')->get('/gone/')->status, 404, 'one that is not');
};


subtest 'satisfy any: the other way in is still shown' => sub {
    my $res = $site->anybody->get('/either/');

    is($res->status, 401, 'nobody');
    is_deeply([sort $res->header('WWW-Authenticate')],
              ['Basic realm="either"', 'Bearer realm="team"'],
              'may come by either');

    $res = $site->anybody(Authorization => 'Basic ZmF5OnNlY3JldA==')
                ->get('/either/');

    is($res->status, 200, 'by password');
    is($res->header('WWW-Authenticate'), undef, 'and no challenge is left');

    $res = $site->as('mia')->get('/either/');

    is($res->status, 200, 'by token');
    is($res->header('WWW-Authenticate'), undef, 'and no challenge is left');
};


$site->done_ok;
done_testing;
