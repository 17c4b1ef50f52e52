#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# What docs/api.md says once for all requests, tried on each one that
# docs/openapi.yaml has: methods, HEAD, tokens, cookies, types of bodies,
# members and parameters that are not known, lists page by page, merge patches.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON ();
use Test::More;

use Team::OpenAPI;
use Team::Requests;
use Team::Token;

my $api = Team::OpenAPI->shared;
my $requests = Team::Requests->new;
my $site = $requests->site;
my $json = JSON->new->utf8->canonical;

my @operations = grep { $_->{id} !~ /^openapi_get/ } $api->operations;
my @reads = grep { $_->{method} eq 'GET' } @operations;


sub code {
    my ($res) = @_;

    my ($code) = $res->body =~ m{"type":"/problems/([^"]+)"};

    return $res->status . ' ' . ($code // '-');
}


# All of an answer but its date.

sub head {
    my ($res) = @_;

    return join "\n", $res->status,
           sort map { "$_->[0]: $_->[1]" }
                grep { lc $_->[0] ne 'date' } @{ $res->headers };
}


subtest 'methods' => sub {
    my %methods;

    $methods{ $_->{path} }{ $_->{method} } = 1 for @operations;

    for my $path (sort keys %methods) {
        my %is = %{ $methods{$path} };

        $is{HEAD} = 1 if $is{GET};

        my $uri = '/team' . $path =~ s/\{\w\}/x/gr;
        my @wrong;

        for my $method (grep { !$is{$_} } qw(GET HEAD POST PUT PATCH DELETE
                                             OPTIONS))
        {
            my $res = $site->client('olga')->request($method, $uri, []);
            my %allow = map { $_ => 1 }
                        split /, /, $res->header('allow') // '';

            push @wrong, "$method " . head($res)
                unless $res->status == 405
                       && "@{[sort keys %allow]}" eq "@{[sort keys %is]}";
        }

        is(join("\n", @wrong), '', "$path: @{[sort keys %is]}");
    }
};


subtest 'HEAD is GET without the body' => sub {
    $site->logins_told;

    for my $operation (@reads) {
        my $path = '/team/v1' . $requests->path($operation);
        my ($get, $head) = map { $site->client('olga')->request($_, $path, []) }
                           qw(GET HEAD);

        is($get->status, 200, $path);
        is(head($head), head($get), '... and HEAD');
        is($head->body, '', '... without a body');

        my $etag = $get->header('etag') // next;

        is($site->client('olga')->get($path, 'If-None-Match' => $etag)->status,
           304, '... and nothing new');
    }
};


# A client that has made something goes on with what Location says, and the tag.

subtest 'what was made is where Location says' => sub {
    my $made = 0;

    for my $operation ($requests->writes) {
        my $answer = $operation->{is}{responses}{201} // next;

        next unless $answer->{headers}{Location};

        my ($who, $method, $path, $body) = $requests->fresh($operation->{id});
        my $res = $site->ask($who, $method, $path, $body);

        # who joins by a link may have to be approved first

        next if $res->status == 202;

        is($res->status, 201, "$method $path");

        my $at = $res->header('location') // '';
        my $get = $site->client($who)->get($at);

        is(join(' ', $get->status, $get->header('etag') // '-'),
           '200 ' . ($res->header('etag') // '?'), "... is at $at");

        my %all = %{ $res->json };
        my %is = %{ $get->json };

        is_deeply({ map { $_ => $all{$_} } keys %is }, \%is,
                  '... as it was told');
        $made++;
    }

    cmp_ok($made, '>=', 7, 'all there are');
};


subtest 'without a token' => sub {
    my $nobody = $site->client(undef);
    my $before = $site->state;
    my %public = map { $_ => 1 } qw(healthz_get invitation_lookup);

    for my $operation (@operations) {
        next if $public{ $operation->{id} };

        my $path = '/team' . $operation->{path} =~ s/\{\w\}/x/gr;
        my $res = $nobody->request($operation->{method}, $path,
                                   ['If-Match' => '*'], {});

        is(code($res) . ' ' . ($res->header('www-authenticate') // '-'),
           '401 token-missing Bearer realm="team"',
           "$operation->{method} $path");
    }

    ok($site->state eq $before, 'nothing has changed');
};


# What the document says of permissions: without that one a member is told so,
# with that one alone they are not.

subtest 'permissions' => sub {
    my $give = sub {
        $site->dbh->do('delete from team.member_permission
                         where member_id = ?', undef, $site->member('tom'));
        $site->dbh->do('insert into team.member_permission values (?, ?)',
                       undef, $site->member('tom'), $_) for @_;
    };
    my $adam = $site->member('adam');
    my $tried = 0;

    for my $operation (@operations) {
        my $permission = $operation->{is}{'x-permission'} // next;

        next unless $permission =~ /^([a-z-]+:[a-z-]+)/;

        my $needed = $1;
        my ($id, $method) = @{$operation}{qw(id method)};
        my (undef, undef, $path, $body) = $method eq 'GET'
            ? (undef, undef, $requests->path($operation))
            : $requests->fresh($id);

        # of an account that he is in, and about somebody else

        next if $path !~ m{^/accounts/acme}
                && $path !~ m{/closure$} && $id ne 'explain';

        if ($id eq 'explain') {
            $body = { %{ ($requests->fresh($id))[3] }, identity => $adam };
            $path = '/explain';
        }

        $path = '/accounts/acme/closure' if $path =~ m{/closure$};
        $path =~ s{/members/\Q@{[ $site->member('tom') ]}\E}{/members/$adam};

        my $ask = sub { code($site->ask(tom => $method, $path, $body)) };

        $give->();

        if ($needed ne 'account:read') {
            my $before = $site->state;

            is($ask->(), '403 permission-missing', "$method $path: without");
            ok($site->state eq $before, '... and nothing has changed');
        }

        $give->($needed);
        unlike($ask->(), qr/permission-missing|^5/, "... with $needed");
        $tried++;
    }

    cmp_ok($tried, '>=', 40, "$tried requests that need one");
    $give->();
};


# A page of another site can make a browser send its cookie.

subtest 'changes with a cookie' => sub {
    for my $operation ($requests->writes) {
        my ($who, $method, $path, $body) = $requests->fresh($operation->{id});
        my $cookie = 'session=' . token(sub => $who);
        my $before = $site->state;
        my $ask = sub {
            return code($site->client(undef)->request(
                $method, "/team/v1$path",
                [Cookie => $cookie, 'If-Match' => '*', @_], $body));
        };

        is($ask->(@$_), '403 origin-not-allowed', "$method $path: @$_")
            for [], [Origin => 'http://evil.example'],
                ['Sec-Fetch-Site' => 'cross-site'];
        ok($site->state eq $before, '... and nothing has changed');
        like($ask->('Sec-Fetch-Site' => 'same-origin'), qr/^2/,
             '... but by a page of ours');
    }
};


subtest 'bodies' => sub {
    for my $operation (@operations) {
        my $content = ($operation->{is}{requestBody} // next)->{content};
        my ($who, $method, $path, $body) = $requests->fresh($operation->{id});
        my $name = "$method $path";
        my $text = $json->encode($body);
        my $before = $site->state;
        my $send = sub {
            my ($body, @headers) = @_;
            return code($site->client($who)->request(
                $method, "/team/v1$path", ['If-Match' => '*', @headers],
                $body));
        };

        for my $type ('text/plain', 'application/x-www-form-urlencoded',
                      'multipart/form-data; boundary=x', 'text/csv',
                      'application/merge-patch+json', '')
        {
            is($send->($text, 'Content-Type' => $type), '415 media-type',
               "$name: $type")
                unless $content->{$type};
        }

        is($send->($text), '415 media-type', "$name: of no type");
        is($send->($text, 'Content-Type' => 'application/json',
                   'Content-Encoding' => 'gzip'), '415 media-type',
           "$name: encoded");

        my @json = ('Content-Type' => 'application/json');
        my ($first) = sort keys %$body;
        my $twice = $text =~ s/\}\z/,"$first":null}/r;
        my $more = $text =~ s/\}\z/,"no_such_member":1}/r;
        my @none = $operation->{is}{requestBody}{required} ? '' : ();

        is($send->($_, @json) =~ s/ (?:invalid-|unknown-).*/ invalid/r,
           '422 invalid', "$name: " . substr $_, 0, 20)
            for @none, 'null', '[]', '"x"', '1', '{', "$text x", $twice, $more,
                "\xef\xbb\xbf$text", $text =~ s/\}\z/,"a":"\\u0000"}/r,
                $text =~ s/\}\z/,"a":"\xff"}/r, '[' x 20000,
                '{"a":' x 5000 . '1' . '}' x 5000;
        is($send->($text . ' ' x 65536, @json), '413 body-too-large',
           "$name: too large");
        ok($site->state eq $before, "$name: nothing has changed");
        like($site->ask($who, $method, $path, $body)->status, qr/^2/,
             "$name: as it should be");
    }
};


subtest 'tables' => sub {
    my $batch = '/team/v1/accounts/acme/invitation-batches';
    my $send = sub {
        my ($type, $body) = @_;
        return $site->client('olga')->post($batch, $body,
                                           'Content-Type' => $type);
    };

    for my $type ('text/csv', 'TEXT/CSV;charset=UTF-8',
                  'text/csv; header=present',
                  'text/csv; charset="utf-8"; header=present',
                  'text/csv; header=present ;charset=utf-8 ')
    {
        is($send->($type, "email\nx\n")->status, 200, $type);
    }

    for my $type ('text/csv; charset=iso-8859-1', 'text/csv; header=absent',
                  'text/csvx', 'text/csv;', 'application/json; header=present')
    {
        my $res = $send->($type, "email\nx\n");

        is(code($res), '415 media-type', "not $type");
        is($res->json->{detail}, 'Content-Type must be application/json or '
           . 'text/csv, in UTF-8.', '... and what it may be');
    }

    is($send->('text/csv', "email,name\nx,Zo\xeb\n")->json->{detail},
       'The body must be UTF-8 without NUL.', 'in another encoding');

    my %accept = (
        'text/csv' => 1, 'Text/CSV' => 1, 'text/csv ' => 1,
        'text/csv, */*' => 1, 'text/csv;q=0.5' => 1,
        'text/csv; header=present; q=0.001, application/json;q=0' => 1,
        'text/csvx' => 0, 'text/csv-schema' => 0, 'text/csv;q=0' => 0,
        'text/csv; q=0.000, */*' => 0, 'application/json, text/csv' => 0,
        'text/*' => 0, '*/*' => 0, '' => 0,
    );

    for my $accept (sort keys %accept) {
        is($site->client('olga')->get(
               '/team/v1/accounts/acme/audit-events?limit=1',
               Accept => $accept)->header('content-type') =~ s/;.*//sr,
           $accept{$accept} ? 'text/csv' : 'application/json',
           "Accept: '$accept'");
    }
};


# --- queries -----------------------------------------------------------------

subtest 'parameters' => sub {
    for my $operation (@reads) {
        my $path = '/team/v1' . $requests->path($operation);
        my %known = map { $_->{name} => $_->{schema} }
                    grep { $_->{in} eq 'query' }
                    map { $api->resolve($_) }
                    @{ $operation->{is}{parameters} || [] };

        for my $query ('x=1', 'Limit=1', 'limit=1&limit=1', 'limit=0',
                       'limit=201', 'limit=-1', 'limit=1.5', 'limit=',
                       'limit=1e1', 'cursor=', 'cursor=x', 'cursor=%00',
                       'limit=%31%30%30%30')
        {
            my $res = $site->client('olga')->get("$path?$query");

            like(code($res), qr/^400 (?:bad-request|bad-cursor|-)$/,
                 "$path?$query");
        }

        is(!!$known{limit}, !!$known{cursor}, '... is a list or is not');
    }
};


# Each list in pages of one, by the links, is the list.

subtest 'lists' => sub {
    my @lists = grep { grep { $_->{name} eq 'limit' }
                       map { $api->resolve($_) }
                       @{ $_->{is}{parameters} || [] } } @reads;

    # of each thing there are three

    for (1 .. 3) {
        $requests->fresh($_) for qw(
            member_patch group_delete invitation_delete link_delete
            join_reject role_delete);
        $requests->fresh('invitation_decline');
        $site->ask(olga => POST => $site->a('/subaccounts'),
                   { name => "List $_" });
        $site->ask(olga => POST => '/accounts',
                   { name => "Many $_", preset => 'hosting' });
        $site->settle("many$_", [["owner$_" => 'owner']]);
        $site->dbh->do("update team.account set membership_scope = 'many'
                         where slug = ?", undef, "many$_");
        $site->invite("owner$_", 'olga', ['member'], account => "many$_");

        # a transfer that is offered and taken back, three times

        my $path = $site->a('/ownership-transfers');
        my $offer = $site->ask(olga => POST => $path,
                               { to => $site->member('tom') })->json;

        $site->ask(olga => DELETE => "$path/$offer->{id}");
        $site->dbh->do("insert into team.login (identity_id, at)
                        select id, now() - make_interval(days => ?)
                          from team.identity where subject = 'tom'", undef,
                       $_);
    }

    $site->logins_told;

    for my $operation (@lists) {
        my ($sort) = grep { $_->{name} eq 'sort' }
                     map { $api->resolve($_) }
                     @{ $operation->{is}{parameters} };

        for my $query ('', map { "sort=$_" } @{ $sort->{schema}{enum} // [] }) {
            my $path = '/team/v1' . $requests->path($operation);
            my $whole = $site->client('olga')->get("$path?limit=200&$query");

            is($whole->status, 200, "$path?$query") or next;

            my @all = rows($whole);
            my ($uri, @seen) = "$path?$query&limit=1";

            cmp_ok(scalar @all, '>=', 3, '... has some');
            is(($whole->header('link') // '-') . ' '
               . ($whole->json->{next_cursor} // 'null'), '- null',
               '... and no more');

            while (defined $uri && @seen <= @all) {
                my $res = $site->client('olga')->get($uri);
                my $link = $res->header('link');
                my $cursor = $res->json->{next_cursor};

                push @seen, rows($res);
                is(defined $link, defined $cursor, 'Link and next_cursor')
                    if defined $link ne defined $cursor;
                ($uri) = ($link // '') =~ m{^<(/team/v1/[^>]+)>; rel="next"$};
            }

            is(join("\n", @seen), join("\n", @all),
               '... is in its pages what it is');
        }
    }
};


sub rows {
    my ($res) = @_;

    return map { $json->encode($_) } @{ $res->json->{items} };
}


# RFC 7396: what is not there stays, null takes away.

subtest 'merge patches' => sub {
    my $m = $site->m('tom');
    my $g = $site->a('/groups/' . $site->ask(
        olga => POST => $site->a('/groups'),
        { name => 'Patched', policy => 'p', approver => $site->member('tom') })
        ->json->{id});

    $site->ask(olga => PATCH => $m, { name => 'Thomas', title => 'Clerk' });

    my %cases = (
        $site->a => [{ name => 'Patched', time_zone => 'Asia/Tokyo' }, {}],
        $m => [{ name => 'T.', title => 'Boss' },
               { title => undef, name => 'Tom' }],
        $g => [{ name => 'G', policy => 'q' },
               { policy => undef, approver => undef }],
    );

    is(scalar keys %cases, scalar(grep { $_->{method} eq 'PATCH' } @operations),
       'all there are');

    for my $path (sort keys %cases) {
        my ($values, $nulls) = @{ $cases{$path} };

        is($site->ask(olga => PATCH => $path, {})->body,
           $site->ask(olga => GET => $path)->body, "$path: {} is nothing");

        for my $key (sort keys %$values) {
            my $before = $site->get('olga', $path);
            my $after = $site->ok(200, olga => PATCH => $path,
                                  { $key => $values->{$key} }, "$path: $key");

            is_deeply($after, { %$before, $key => $values->{$key} },
                      '... and all else stays');
        }

        for my $key (sort grep { !defined $nulls->{$_} } keys %$nulls) {
            my $before = $site->get('olga', $path);
            my $after = $site->ok(200, olga => PATCH => $path,
                                  { $key => undef }, "$path: no $key");

            is_deeply($after, { %$before, $key => undef },
                      '... and all else stays');
        }

        my $code = $path eq $site->a ? 'invalid-account' : 'invalid-name';

        $site->refused(422, $code, olga => PATCH => $path, { name => $_ },
                       "$path: name " . $json->encode([$_]))
            for 1, [], {}, JSON::true;
    }

    $site->ok(200, olga => PATCH => $m, { name => undef }, 'no name');
    is($site->get('olga', $m)->{name}, 'Tom', 'is the one of the token');
    $site->refused(422, 'invalid-account', olga => PATCH => $site->a,
                   { name => undef }, 'an account needs a name');
    $site->refused(422, 'invalid-name', olga => PATCH => $g,
                   { name => undef }, 'so does a group');
};


$site->done_ok;

done_testing;
