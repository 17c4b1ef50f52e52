#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# A walk through all that docs/openapi.yaml describes, with success each time:
# what the document takes the API takes, and what the API answers is what the
# document says.

use strict;
use warnings;

use JSON ();
use Test::More;

use Team::OpenAPI;
use Team::Site;
use Team::Token;

my $api = Team::OpenAPI->shared;
my $site = Team::Site->new(server => <<'EOT');
    location "/an API/" {
        team_api;
    }
EOT
my $nobody = $site->anybody;
my %client;
my $a = '/accounts/paper';


# One test: the request as the document has it, and this success.  Who: a name,
# or undef for nobody.  Returns the body, decoded, or as it is where it is CSV.

sub walk {
    my ($status, $who, $method, $path, $body, @headers) = @_;

    my $client = defined $who ? $client{$who} //= $site->as($who) : $nobody;
    my $bare = "/v1$path" =~ s/\?.*//r;
    my @faults = !ref $body && defined $body
                 ? () : $api->request_faults($method, $bare, $body);
    my $res = $client->request($method, "/team/v1$path", \@headers, $body);

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is(join("\n", $res->status, @faults), $status,
       ($who // 'nobody') . " $method $path") or diag($res->body);

    return $res->body unless ($res->header('content-type') // '') =~ /json/;
    return $res->json;
}


# The tag of something as it is now.

sub match {
    my ($who, $path) = @_;

    my $client = $client{$who} //= $site->as($who);

    return ('If-Match' => $client->get("/team/v1$path")->header('etag') // '');
}


# What the mail would say.

sub token_of {
    my ($invitation) = @_;

    return $site->dbh->selectrow_array('select team.invitation_token_issue(?)',
                                       undef, $invitation);
}


for my $path ('/openapi.json', '/v1/openapi.json') {
    my $res = $nobody->get("/team$path");

    is($res->status, 200, $path);
    is_deeply($res->json->{paths}, $api->plain->{paths},
              'what is served is what is written');
    is($nobody->get("/team$path", 'If-None-Match' => $res->header('etag'))
       ->status, 304, 'it is known by its tag');
    is($nobody->request(HEAD => "/team$path")->status, 200, 'HEAD');
    is($nobody->post("/team$path", {})->header('allow'), 'GET, HEAD',
       'nothing else');
}


# A client that is made of it calls the place that it is read from.

for my $case (['/team' => '/team'], ['/an%20API' => '/an%20API']) {
    my ($at, $mount) = @$case;
    my $res = $nobody->get("$at/openapi.json");
    my ($server) = @{ $res->json->{servers} };

    is($server->{url} =~ s/\{(\w+)\}/$server->{variables}{$1}{default}/gr,
       $mount, "at $at it says so");
    is(length $res->body, $res->header('content-length'), '... to its end');
    is_deeply([map { $_->{description} // () } $server], [
        'The location that says team_api.'], '... and what it is');
}


subtest 'an account' => sub {
    walk(200, undef, GET => '/healthz');
    walk(200, 'wanda', GET => '/me');
    walk(200, 'wanda', GET => '/presets');

    my $made = { name => 'Paper', preset => 'branches', slug => 'paper',
                 time_zone => 'Europe/Berlin' };

    my $id = walk(201, 'wanda', POST => '/accounts', $made,
                  'Idempotency-Key' => 'one')->{id};

    is(walk(201, 'wanda', POST => '/accounts', $made,
            'Idempotency-Key' => 'one')->{id}, $id, 'once');
    walk(200, 'wanda', GET => '/me/accounts');
    walk(200, 'wanda', GET => $a);
    walk(200, 'wanda', GET => "$a/grant");
    walk(200, 'wanda', PATCH => $a, { name => 'Paper Ltd' },
         match(wanda => $a));

    my $policy = walk(200, 'wanda', GET => "$a/policy");

    walk(200, 'wanda', PUT => "$a/policy", {
        %$policy, owner_mode => 'single', transfer_target => 'any',
        transfer_old_owner_role => 'team-admin',
        transfer_acceptance => JSON::true, join_link => JSON::true,
        link_role => 'team-admin', suspend_enabled => JSON::true,
    }, match(wanda => "$a/policy"));

    walk(200, 'wanda', GET => "$a/seats");
    walk(201, 'wanda', POST => "$a/subaccounts", {
        name => 'Paper North', slug => 'north',
        invitation => { email => 'nora@example.com', roles => ['team-admin'] },
    });
    walk(200, 'wanda', GET => "$a/subaccounts");
    walk(201, 'wanda', POST => '/accounts',
         { name => 'A', preset => 'travel' });
    walk(200, 'wanda', PUT => '/accounts/a/policy', { preset => 'hosting' },
         'If-Match' => '*');
};


subtest 'groups' => sub {
    my $me = walk(200, 'wanda', GET => "$a/members/me")->{id};
    my $group = walk(201, 'wanda', POST => "$a/groups", {
        name => 'Sales', policy => 'economy', approver => $me });
    my $g = "$a/groups/$group->{id}";

    walk(200, 'wanda', GET => "$a/groups");
    walk(200, 'wanda', GET => $g);
    walk(200, 'wanda', PATCH => $g, { approver => undef, policy => 'first' });
    walk(200, 'wanda', PATCH => $g, { name => 'Sellers' }, match(wanda => $g));
    walk(204, 'wanda', PUT => "$g/members/$me");
    walk(200, 'wanda', GET => "$a/members/$me");
    walk(204, 'wanda', DELETE => "$g/members/$me");
};

my ($group) = map { $_->{id} } @{ walk(200, 'wanda', GET => "$a/groups")
                                  ->{items} };


subtest 'invitations' => sub {
    my $ivy = walk(201, 'wanda', POST => "$a/invitations", {
        email => 'ivy@example.com', name => 'Ivy', roles => ['team-admin'],
        permissions => ['billing:read'], groups => [$group], locale => 'de-CH',
    });
    my $path = "$a/invitations/$ivy->{id}";

    walk(200, 'wanda', GET => $path);
    walk(202, 'wanda', POST => "$path/resend");
    walk(200, 'ivy', GET => '/me/invitations');

    my $token = token_of($ivy->{id});

    walk(200, undef, POST => '/invitations/lookup', { token => $token });
    walk(201, 'ivy', POST => '/invitations/accept', { token => $token });
    walk(200, 'wanda', GET => $path);

    my $dan = walk(201, 'wanda', POST => "$a/invitations", {
        email => 'dan@example.com', roles => ['team-admin'] });

    walk(204, 'dan', POST => '/invitations/decline',
         { token => token_of($dan->{id}) });
    walk(200, 'wanda', GET => "$a/invitations?status=declined");
    walk(204, 'wanda', DELETE => "$a/invitations/$dan->{id}");

    my $batch = walk(200, 'wanda', POST => "$a/invitation-batches", {
        invitations => [{ email => 'bo@example.com', roles => ['team-admin'] },
                        { email => 'bo@example.com', roles => ['nothing'] }] });

    is(join(' ', map { $_->{status} } @{ $batch->{items} }), 'created refused',
       'each row is told of');
    walk(200, 'wanda', POST => "$a/invitation-batches",
         "email,roles\ncy\@example.com,team-admin\n",
         'Content-Type' => 'text/csv');
    walk(200, 'wanda', GET => "$a/invitations?limit=1");
};


subtest 'links' => sub {
    my $link = walk(201, 'wanda', POST => "$a/invite-links", {
        role => 'team-admin', max_uses => 3, expires_in => 7200,
        domains => ['example.com'] });
    my $code = { code => $link->{code} };

    walk(200, 'wanda', GET => "$a/invite-links");
    walk(202, 'kim', POST => '/invite-links/join', $code);
    walk(202, 'lee', POST => '/invite-links/join', $code);

    my %join = map { $_->{email} => "$a/join-requests/$_->{id}" }
               @{ walk(200, 'wanda', GET => "$a/join-requests")->{items} };

    walk(200, 'wanda', POST => $join{'kim@example.com'} . '/approve');
    walk(204, 'wanda', POST => $join{'lee@example.com'} . '/reject');

    my $policy = walk(200, 'wanda', GET => "$a/policy");

    walk(200, 'wanda', PUT => "$a/policy",
         { %$policy, link_requires_approval => JSON::false },
         match(wanda => "$a/policy"));
    walk(201, 'lee', POST => '/invite-links/join', $code);
    walk(200, 'wanda', GET => "$a/invite-links/$link->{id}");
    walk(204, 'wanda', DELETE => "$a/invite-links/$link->{id}", undef,
         match(wanda => "$a/invite-links/$link->{id}"));
};

my %member = map { $_->{email} => $_->{id} }
             @{ walk(200, 'wanda', GET => "$a/members")->{items} };
my $ivy = "$a/members/" . ($member{'ivy@example.com'} // 'nobody');


subtest 'roles and permissions' => sub {
    my $role = { key => 'clerk', name => 'Clerk', rank => 20,
                 permissions => ['account:read'] };

    walk(201, 'wanda', POST => "$a/roles", $role);
    delete $role->{key};
    walk(200, 'wanda', GET => "$a/roles");
    walk(200, 'wanda', GET => "$a/roles/clerk");
    walk(200, 'wanda', PUT => "$a/roles/clerk", { %$role, rank => 21 },
         match(wanda => "$a/roles/clerk"));
    walk(200, 'wanda', PUT => "$ivy/roles", { roles => ['clerk'] },
         match(wanda => $ivy));
    walk(200, 'wanda', PUT => "$ivy/roles", { roles => ['team-admin'] },
         match(wanda => $ivy));
    walk(204, 'wanda', DELETE => "$a/roles/clerk", undef,
         match(wanda => "$a/roles/clerk"));
    walk(200, 'wanda', GET => "$a/permissions");
    walk(200, 'wanda', PUT => "$ivy/permissions",
         { permissions => ['billing:read'] }, match(wanda => $ivy));
    walk(200, 'wanda', POST => '/explain', {
        account => 'paper', identity => $member{'ivy@example.com'},
        permission => 'members:read' });
};


subtest 'members' => sub {
    walk(200, 'wanda', GET => "$a/members?limit=1");
    walk(200, 'wanda', PATCH => $ivy, { title => 'Head', name => undef });
    walk(200, 'wanda', PUT => "$ivy/groups", { groups => [$group] },
         match(wanda => $ivy));
    walk(204, 'wanda', PUT => "$ivy/suspension");
    walk(204, 'wanda', DELETE => "$ivy/suspension");
    walk(204, 'wanda', DELETE => "$a/members/$member{'lee@example.com'}");
    walk(204, 'kim', DELETE => "$a/members/me");
};


subtest 'ownership' => sub {
    my $to = { to => $member{'ivy@example.com'} };
    my $t = "$a/ownership-transfers";

    for my $case ([DELETE => 'wanda', 204, ''],
                  [POST => 'ivy', 204, '/decline'],
                  [POST => 'ivy', 200, '/accept'])
    {
        my ($method, $who, $status, $rest) = @$case;
        my $id = walk(201, 'wanda', POST => $t, $to, match(wanda => $a))->{id};

        walk(200, 'wanda', GET => $t);
        walk($status, $who, $method => "$t/$id$rest");
    }
};


subtest 'what is read of it all' => sub {
    walk(200, 'ivy', GET => "$a/directory?limit=2");
    walk(200, 'ivy', GET => "$a/directory?sort=name&status=pending");
    like(walk(200, 'ivy', GET => "$a/directory?format=csv"),
         qr/\A.*,email,.*\r\n.*"ivy\@/s, 'as CSV');
    walk(200, 'ivy', GET => "$a/members/me/logins");
    walk(200, 'ivy', GET => "$a/audit-events?limit=2");
    like(walk(200, 'ivy', GET => "$a/audit-events?format=csv"), qr/\r\n/,
         'as CSV');
};


subtest 'groups and accounts end' => sub {
    walk(204, 'ivy', DELETE => "$a/groups/$group");
    walk(202, 'ivy', POST => '/accounts/north/closure', { confirm => 'north' },
         match(ivy => '/accounts/north'));
    walk(202, 'ivy', POST => "$a/closure", { confirm => 'paper' },
         match(ivy => $a));
};


my $seen = $api->seen;

is(join(' ', sort grep { my $id = $_;
                         !grep { /^2/ } keys %{ $seen->{$id} || {} } }
             map { $_->{id} } $api->operations),
   '', 'every operation has succeeded once');

$site->done_ok;

done_testing;
