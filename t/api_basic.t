#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The first endpoints over HTTP, with a real database: who may do what, how
# answers look, and what is done to requests that are not as they should be.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON ();
use Test::More;

use Team::HTTP;
use Team::Site;
use Team::Token;
use Team::Wait;

my $site = Team::Site->new(server => <<'EOT');
    location /small/ {
        client_body_buffer_size     16;
        client_body_in_file_only    clean;
        rewrite  ^/small(/.*)  /filed$1;
    }
    location /filed/ {
        client_body_buffer_size     16;
        client_body_in_file_only    clean;
        team_api;
    }
    location /pages/ {
        error_page  404  /page;
        error_page  401 = /page;
        team_api;
    }
    location = /page {
        internal;
        return  200 "a page";
    }
    location = /whoami {
        rewrite  ^  /team/v1/me  last;
    }
EOT

my %http = map { $_ => $site->as($_) } qw(olga adam fred mia nina bob zoe dora);
my $anybody = $site->anybody;
my $acme = '/team/v1/accounts/acme';


# One test: the answer is that problem, and says so in each place.

sub is_problem {
    my ($res, $status, $code, $name) = @_;

    my $body = eval { $res->json } || {};
    my $found = join ' ', $res->status, $res->header('content-type') // '-',
                     $body->{type} // '-', $body->{status} // '-',
                     length($body->{title} // '') ? 'title' : 'no title',
                     $res->header('cache-control') // '-';

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return is($found, "$status application/problem+json /problems/$code "
                      . "$status title no-store", $name);
}


# The same, and that nothing has changed.

sub is_refused {
    my ($code, $status, $problem, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $before = $site->state;
    my $res = $code->();

    is_problem($res, $status, $problem, $name);
    is($site->state, $before, '... and nothing has changed');

    return $res;
}


subtest 'without a token' => sub {
    my $res = $anybody->get('/team/v1/healthz');

    is($res->status, 200, 'healthz');
    is($res->json->{status}, 'ok', 'healthz says ok');
    is($res->header('content-type'), 'application/json', 'its type');
    is($res->header('cache-control'), 'no-store', 'not to be stored');

    $res = $anybody->request(HEAD => '/team/v1/healthz');
    is($res->status, 200, 'HEAD');
    cmp_ok($res->header('content-length'), '>', 10, 'HEAD has the length');

    is_problem($anybody->get('/team/v1/nothing'), 404, 'not-found',
               'an unknown path');
    is_problem($anybody->get('/team/v1/healthz/'), 404, 'not-found',
               'one spelling of a path');
    is_problem($anybody->get('/team/v1/' . 'a' x 4000), 404, 'not-found',
               'a long path');
    is_problem($anybody->get('/team/v1/me%2F%3F%22%0d%0aX:y'), 404,
               'not-found', 'a path of odd bytes');

    $res = $anybody->get('/team/v1/me');
    is_problem($res, 401, 'token-missing', 'me');
    is($res->header('www-authenticate'), 'Bearer realm="team"',
       'a challenge without an error');

    $res = $anybody->get('/team/v1/me', Authorization => 'Bearer a.b.c');
    is($res->status, 401, 'a malformed token');
    like($res->header('www-authenticate'),
         qr/^Bearer realm="team", error="invalid_token"/, 'its challenge');

    $res = $anybody->get('/team/v1/me', Authorization => 'Bearer '
                         . token(exp => time - 3600));
    is_problem($res, 401, 'token-expired', 'an expired token');

    $res = $anybody->post('/team/v1/me', {});
    is_problem($res, 405, 'method-not-allowed', 'POST /me');
    is($res->header('allow'), 'GET, HEAD', 'what is allowed');

    $res = $anybody->request(BREW => "$acme/members/x/suspension");
    is_problem($res, 405, 'method-not-allowed', 'an unknown method');
    is($res->header('allow'), 'PUT, DELETE', 'what is allowed');
};


subtest 'me' => sub {
    my $res = $http{olga}->get('/team/v1/me');

    is($res->status, 200, 'me');
    is($res->json->{subject}, 'olga', 'subject');
    is($res->json->{issuer}, $ISSUER, 'issuer');
    is($res->json->{email}, 'olga@example.com', 'email');
    ok($res->json->{email_verified}, 'verified');

    my $etag = $res->header('etag');

    like($etag, qr/^"[0-9a-f]+"$/, 'a strong tag');

    for my $tags ($etag, "W/$etag", qq("a", $etag), qq("a,b",$etag , "c"),
                  '*')
    {
        $res = $http{olga}->get('/team/v1/me', 'If-None-Match' => $tags);
        is($res->status, 304, "not modified: $tags");
        is($res->header('etag'), $etag, 'with the tag');
        is($res->header('content-length'), undef, 'without a length');
    }

    for my $tags ('"a"', substr($etag, 0, -1), "x$etag", '') {
        is($http{olga}->get('/team/v1/me', 'If-None-Match' => $tags)->status,
           200, "another tag: $tags");
    }

    is($http{olga}->get('/team/v1/me', 'If-Match' => '"other"')->status, 200,
       'nginx does not judge If-Match');

    $res = $http{dora}->get('/team/v1/me');
    is($res->status, 200, 'who is nowhere');
    is($res->json->{id}, undef, 'has no id');

    $res = $http{olga}->get('/team/v1/me/accounts');
    is_deeply([map { $_->{account}{slug} } @{ $res->json->{items} }],
              ['acme'], 'her accounts');

    is($http{olga}->get('/whoami')->json->{subject}, 'olga', 'rewritten');

    my $odd = token(sub => qq(o'l"ga\\ \xc3\xa9), name => qq(<b>'"\\),
                    email => undef);
    $res = $anybody->get('/team/v1/me', Authorization => "Bearer $odd");
    is($res->status, 200, 'a subject of odd bytes');
    is($res->json->{name}, qq(<b>'"\\), 'comes back as it was');
    is($res->json->{email}, undef, 'no email');
};


subtest 'accounts' => sub {
    my $res = $http{olga}->get($acme);

    is($res->status, 200, 'by slug');
    is($res->json->{id}, $site->account('acme'), 'its id');
    is($http{mia}->get('/team/v1/accounts/' . $site->account('acme'))->status,
       200, 'by id');

    my @same = map {
        my $answer = $http{bob}->get("/team/v1/accounts/$_");
        is_problem($answer, 404, 'not-found', "an outsider: $_");
        join "\n", $answer->body,
             map { "@$_" } grep { $_->[0] ne 'Date' } @{ $answer->headers };
    } 'acme', $site->account('acme'), 'nothing',
      '00000000-0000-7000-8000-000000000000';

    is(scalar(grep { $_ ne $same[0] } @same), 0,
       'foreign and unknown accounts look the same');

    is_problem($http{olga}->get("$acme?x=1"), 400, 'bad-request',
               'an unknown query member');
};


subtest 'lists' => sub {
    my $uri = "$acme/members?limit=2";
    my ($pages, @seen) = 0;

    while (defined $uri && $pages < 10) {
        my $res = $http{adam}->get($uri);

        is($res->status, 200, 'a page');
        push @seen, map { $_->{id} } @{ $res->json->{items} };
        $pages++;

        my $link = $res->header('link');

        is(defined $link, defined $res->json->{next_cursor},
           'Link says what next_cursor does');

        ($uri) = ($link // '') =~ m{^<(/team/v1/[^>]+)>; rel="next"$};
    }

    is($pages, 3, 'three pages');
    is("@{[sort @seen]}",
       "@{[sort map { $site->member($_) } qw(olga adam fred mia nina)]}",
       'everybody once');

    my $res = $http{adam}->get("$acme/members?limit=2");
    my $cursor = $res->json->{next_cursor};

    $res = $http{adam}->get("$acme/members?%63ursor=$cursor&limit=2");
    is(() = ($res->header('link') =~ /ursor=/g), 1,
       'one cursor in the link, however it was spelled');

    is_problem($http{bob}->get('/team/v1/accounts/other/members?cursor='
                               . $cursor), 400, 'bad-cursor',
               'a cursor of another account');

    $res = $http{adam}->get("$acme/members?limit=0");
    is_problem($res, 400, 'bad-request', 'limit=0');
    is($res->json->{errors}[0]{pointer}, '?limit', 'what was wrong');

    is_problem($http{mia}->get("$acme/members"), 403, 'permission-missing',
               'without the permission');
    is_problem($http{dora}->get("$acme/members"), 404, 'not-found',
               'an outsider');
};


subtest 'one member' => sub {
    is($http{mia}->get("$acme/members/me")->json->{id}, $site->member('mia'),
       'me');
    is($http{mia}->get($site->path('mia'))->status, 200, 'herself by id');
    is_problem($http{mia}->get($site->path('nina')), 403,
               'permission-missing', 'somebody else, without the permission');
    is($http{adam}->get($site->path('nina'))->json->{id},
       $site->member('nina'), 'somebody else, with it');
    is_problem($http{adam}->get("$acme/members/" . $site->member('zoe')), 404,
               'not-found', "another account's member");
    is_problem($http{adam}->get("$acme/members/x'--"), 404, 'not-found',
               'no id at all');
};


subtest 'suspension' => sub {
    my $mia = $site->path('mia', '/suspension');
    my $app = '/app/index.html';

    is($http{mia}->get($app)->status, 200, 'she uses the application');

    is_refused(sub { $http{nina}->put($mia) }, 403, 'permission-missing',
               'by a plain member');
    is_refused(sub { $http{bob}->put($mia) }, 404, 'not-found',
               'by an outsider');
    is_refused(sub { $http{adam}->put($site->path('olga', '/suspension')) },
               403, 'rank', 'of the owner by an admin');
    is_refused(sub { $http{adam}->put("$acme/members/me/suspension") },
               403, 'self-change', 'of oneself');
    is($site->pg->psql("select string_agg(code, ' ' order by code)
                          from team.audit_event where outcome = 'refused'"),
       'rank self-change', 'both are in the audit log');

    my $res = $http{adam}->put($mia);

    is($res->status, 204, 'by an admin');
    is($res->body, '', 'no body');
    is($res->header('content-length'), undef, 'no length');
    is($res->header('content-type'), undef, 'no type');

    $res = $http{mia}->get($app);
    is_problem($res, 403, 'member-suspended', 'her very next request');
    is_problem($http{mia}->get($acme), 403, 'member-suspended', 'in the API');

    is($http{adam}->put($mia)->status, 204, 'once more');
    is($http{adam}->get($site->path('mia'))->json->{status}, 'suspended',
       'her status');

    is($http{adam}->delete($mia)->status, 204, 'resumed');
    is($http{mia}->get($app)->status, 200, 'her very next request');
};


subtest 'roles' => sub {
    my $path = $site->path('nina');
    my $roles = "$path/roles";
    my $etag = $http{adam}->get($path)->header('etag');

    my $put = sub {
        my ($body, @headers) = @_;
        return $http{adam}->put($roles, $body, 'If-Match' => $etag, @headers);
    };

    is_refused(sub { $http{adam}->put($roles, { roles => ['finance'] }) },
               428, 'precondition-required', 'without If-Match');
    is_refused(sub { $http{adam}->put($roles, { roles => ['finance'] },
                                      'If-Match' => '"old"') },
               412, 'precondition-failed', 'with an old tag');

    # nginx itself refuses it, or we do

    is($http{adam}->put($roles, { roles => ['finance'] }, 'If-Match' => $etag,
                        'If-Match' => '"old"')->status, 400,
       'with two of them');
    is_refused(sub { $put->({ roles => ['finance'] },
                            'Idempotency-Key' => 1, 'Idempotency-Key' => 2) },
               400, 'bad-request', 'with two keys');

    for my $case (
        ['{"roles":"admin"}', '/roles'], ['{"roles":[1]}', '/roles/0'],
        ['{"roles":null}', '/roles'], ['{"roles":{}}', '/roles'],
        ['{"roles":["member"],"rank":1}', '/rank'], ['{}', '/roles'],
        ['{"a/b~c":1,"roles":["member"]}', '/a~1b~0c'],
    ) {
        my ($body, $pointer) = @$case;
        my $res = is_refused(
            sub { $put->($body, 'Content-Type' => 'application/json') },
            422, 'invalid', $body);

        is($res->json->{errors}[0]{pointer}, $pointer, "... for $pointer");
    }

    for my $body ('{', '[]', '"x"', '{"roles":["member"],"roles":["admin"]}',
                  '{"roles":["member"]}x', "{\"roles\":[\"\xff\"]}",
                  '[' x 60000, '{"roles":["\u0000"]}')
    {
        is_refused(sub { $put->($body,
                                'Content-Type' => 'application/json') },
                   422, 'invalid', substr $body, 0, 40);
    }

    is_refused(sub { $http{adam}->put($roles, undef, 'If-Match' => $etag) },
               422, 'invalid', 'no body');

    my $good = '{"roles":["finance"]}';

    for my $type ('text/plain', 'application/x-www-form-urlencoded', '',
                  'application/jsonx', 'application/json; charset=latin1',
                  'application/json, text/plain', 'application/json;x=y')
    {
        is_refused(sub { $put->($good, 'Content-Type' => $type) },
                   415, 'media-type', "type \"$type\"");
    }

    is_refused(sub { $put->($good) }, 415, 'media-type', 'no type');
    is_refused(sub { $put->($good, 'Content-Type' => 'application/json',
                            'Content-Encoding' => 'gzip') },
               415, 'media-type', 'encoded');

    is_refused(sub { $put->({ roles => ['admin'] }) }, 403, 'rank',
               "the giver's own rank");
    is_refused(sub { $put->({ roles => ['owner'] }) }, 403, 'rank',
               'a higher rank');
    is_refused(sub { $put->({ roles => ['king'] }) }, 422, 'unknown-role',
               'an unknown role');
    is_refused(sub { $put->({ roles => [] }) }, 409, 'role-cardinality',
               'no role where one is needed');
    is_refused(sub { $http{nina}->put($roles, { roles => ['admin'] },
                                      'If-Match' => '*') },
               403, 'permission-missing', 'by a plain member');

    # each changes the role, and so the tag

    my @good = (
        ['its type', '/team', 'Content-Type' => 'application/json'],
        ['a charset', '/team',
         'Content-Type' => 'Application/JSON ; charset="UTF-8"'],
        ['identity', '/team', 'Content-Type' => 'application/json',
         'Content-Encoding' => 'identity'],
        ['a body in a file', '/filed', 'Content-Type' => 'application/json'],
        ['a rewritten one', '/small', 'Content-Type' => 'application/json'],
    );

    for my $case (@good) {
        my ($name, $mount, @headers) = @$case;
        my $new = $good =~ /finance/ ? 'developer' : 'finance';

        $good = qq({"roles":["$new"]});

        my $res = $http{adam}->put($roles =~ s/^\/team/$mount/r, $good,
                                   'If-Match' => $etag, @headers);

        is($res->status, 200, "roles with $name") or diag($res->body);
        isnt($res->header('etag'), $etag, 'another tag');
        is($res->header('etag'),
           $http{adam}->get($path)->header('etag'), 'that of a GET');

        $etag = $res->header('etag');
    }

    my $body = '{"roles":["member"]}' . ' ' x 40000;
    my $chunked = join '', map { sprintf "%x\r\n%s\r\n", length, $_ }
                           unpack('(a7000)*', $body), '';

    for my $mount ('/team', '/filed') {
        my $res = $http{adam}->put(
            $roles =~ s/^\/team/$mount/r, $chunked, 'If-Match' => '*',
            'Transfer-Encoding' => 'chunked',
            'Content-Type' => 'application/json');

        is($res->status, 200, "a chunked body, $mount") or diag($res->body);
    }
};


subtest 'bodies that are too large' => sub {
    my $roles = $site->path('nina', '/roles');
    my $large = '{"roles":["finance"]}' . ' ' x 65536;
    my @headers = ('If-Match' => '*', 'Content-Type' => 'application/json');

    my $res = is_refused(sub { $http{adam}->put($roles, $large, @headers) },
                         413, 'body-too-large', 'with a length');

    is($res->header('connection'), 'close', '... and the connection closes');

    is_refused(sub {
        $http{adam}->put($roles, sprintf("%x\r\n%s\r\n0\r\n\r\n",
                                         length $large, $large),
                         'Transfer-Encoding' => 'chunked', @headers)
    }, 413, 'body-too-large', 'chunked');

    $large = substr $large, 0, 65536;

    is($http{adam}->put($roles, $large, @headers)->status, 200,
       'the largest one');
};


# A request that is refused before its body was read leaves the connection
# where the next one begins.

subtest 'one connection' => sub {
    my $one = $site->as('mia');
    my $path = $site->path('nina', '/roles');

    $one->send($one->format(POST => '/team/v1/me', [], 'x' x 20000)
               . $one->format(PUT => $path, [], 'not json')
               . $one->format(DELETE => $path, [], '{}')
               . $one->format(GET => '/team/v1/me'));

    is(join(' ', map { $one->read_response->status } 1 .. 4),
       '405 415 405 200', 'four answers on it');
};


subtest 'removal' => sub {
    my $fred = $site->path('fred');

    is_refused(sub { $http{nina}->delete($fred) }, 403, 'permission-missing',
               'by a plain member');
    is_refused(sub { $http{adam}->delete($site->path('olga')) }, 403, 'rank',
               'of the owner');
    is_refused(sub { $http{olga}->delete("$acme/members/me") }, 409,
               'owner-must-transfer', 'the owner leaves');

    is($http{fred}->get('/app/index.html')->status, 200, 'he has access');
    is($http{adam}->delete($fred)->status, 204, 'by an admin');
    is_problem($http{fred}->get('/app/index.html'), 403, 'not-member',
               'his very next request');
    is_refused(sub { $http{adam}->delete($fred) }, 404, 'not-found',
               'once more');
    is($http{nina}->delete("$acme/members/me")->status, 204, 'leaving');
    is_problem($http{nina}->get($acme), 404, 'not-found', 'gone');
};


# Ids of another account in each path, by the most powerful people here.

subtest 'foreign ids' => sub {
    my $zoe = $site->member('zoe');
    my %body = ('If-Match' => '*');

    for my $account ('acme', 'other') {
        my $base = "/team/v1/accounts/$account/members/"
                   . ($account eq 'acme' ? $zoe : $zoe);

        for my $case (['GET', ''], ['DELETE', ''], ['PUT', '/suspension'],
                      ['DELETE', '/suspension'], ['PUT', '/roles'])
        {
            my ($method, $rest) = @$case;
            my $body = $rest eq '/roles' ? { roles => ['member'] } : undef;

            is_refused(sub { $http{olga}->request($method, "$base$rest",
                                                  [%body], $body) },
                       404, 'not-found', "$method $account/zoe$rest");
        }
    }
};


subtest 'HTTP/2' => sub {
    my $h2 = Team::HTTP->new(port => $site->nginx->port(1), headers => [
        authorization => 'Bearer ' . token(sub => 'adam')]);
    my $mia = $site->path('mia');

    my $res = $h2->h2(GET => $mia);
    is($res->status, 200, 'GET');

    my $etag = $res->header('etag');

    $res = $h2->h2(PUT => "$mia/roles", ['content-type' => 'application/json',
                   'if-match' => $etag], '{"roles":["developer"]}');
    is($res->status, 200, 'PUT');
    isnt($res->header('etag'), $etag, 'another tag');

    $res = $h2->h2(PUT => "$mia/roles", ['content-type' => 'application/json',
                   'if-match' => $etag], '{"roles":["finance"]}');
    is_problem($res, 412, 'precondition-failed', 'the old tag');

    is($h2->h2(PUT => "$mia/suspension")->status, 204, 'suspend');
    is($h2->h2(DELETE => "$mia/suspension")->status, 204, 'resume');

    # curl finds fault with an answer that comes before all was sent, so what
    # was answered is read in the access log

    for my $case ([PUT => "$mia/roles", ' ' x 70000, 413],
                  [POST => '/team/v1/me', '{}', 405])
    {
        my ($method, $uri, $body, $status) = @$case;
        my $at = length $site->nginx->access_log;

        eval { $h2->h2($method => $uri, ['content-type' => 'application/json',
                       'if-match' => '*'], $body) };

        ok(wait_until(sub {
            substr($site->nginx->access_log, $at) =~ m{ HTTP/2\.0" $status }
        }), "$method with a body that is not read: $status");
    }
};


# A page on another site can make a browser send its cookie; it can't make it
# send our Origin.

subtest 'cookies' => sub {
    my $browser = $site->anybody(Cookie => 'session=' . token(sub => 'adam'),
                                 Host => 'team.example.com:8443');
    my $mia = $site->path('mia', '/suspension');

    is($browser->get('/team/v1/me')->status, 200, 'reading');
    is($browser->get('/team/v1/me', Origin => 'https://evil.example')->status,
       200, 'reading needs no Origin');

    for my $case (
        ['no Origin'],
        ['another', Origin => 'http://evil.example'],
        ['a part of ours', Origin => 'http://team.example.com'],
        ['ours and more', Origin => 'http://team.example.com:8443.evil'],
        ['another scheme', Origin => 'https://team.example.com:8443'],
        ['null', Origin => 'null'],
        ['two', Origin => 'http://team.example.com:8443',
         Origin => 'http://evil.example'],
        ['cross-site', 'Sec-Fetch-Site' => 'cross-site',
         Origin => 'http://team.example.com:8443'],
        ['same-site', 'Sec-Fetch-Site' => 'same-site'],
    ) {
        my ($name, @headers) = @$case;

        is_refused(sub { $browser->put($mia, undef, @headers) }, 403,
                   'origin-not-allowed', $name);
    }

    is($browser->put($mia, undef, Origin => 'http://team.example.com:8443')
       ->status, 204, 'our Origin');
    is($browser->delete($mia, 'Sec-Fetch-Site' => 'same-origin')->status, 204,
       'Sec-Fetch-Site');
    is($http{adam}->put($mia, undef, Origin => 'https://evil.example')->status,
       204, 'a bearer token is nothing a browser sends by itself');
    is($http{adam}->delete($mia)->status, 204, 'undone');
};


subtest 'error pages' => sub {
    my $res = $http{olga}->get('/pages/v1/nothing');

    is($res->status . $res->body, '404a page', "the administrator's page");
    is($res->header('cache-control'), 'no-store', 'still not to be stored');

    $res = $anybody->get('/pages/v1/me');
    is($res->status . $res->body, '200a page', 'with another status');
    is($res->header('www-authenticate'), 'Bearer realm="team"',
       'the challenge stays');

    is_problem($http{olga}->post('/pages/v1/me', {}), 405,
               'method-not-allowed', 'a status without a page');
};


my $log = $site->nginx->error_log;

unlike($log, qr/eyJ/, 'no token in the log');
unlike($log, qr/\[error\]/, 'refusals are no errors');
like($log, qr/\[info\].*team_api refused: 403 rank/, 'a refusal is told');

$site->done_ok;

done_testing;
