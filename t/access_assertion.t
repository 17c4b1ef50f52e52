#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# X-Team-Assertion: an application that does not trust the network checks one
# signature and knows who asks, in which account, with what rights.

use strict;
use warnings;

use Crypt::JWT qw(decode_jwt);
use Crypt::PK::RSA;
use Test::More;

use Team::Site;
use Team::Token;
use Team::Upstream;

my $app = Team::Upstream->new;
my $address = $app->address;

my $site = Team::Site->new(
    http => '', files => {
        'sign.pem' => key_private('rsa2')->export_key_pem('private'),
        'sign.key' => 's' x 64,
    },
    server => <<"EOF");
    team_account  acme;

    location /rsa/    { team_access on;
                        team_assertion key=sign.pem ttl=30s audience=app;
                        proxy_pass http://$address; }
    location /hmac/   { team_access on;
                        team_assertion key=sign.key alg=HS512 issuer=gate;
                        proxy_pass http://$address; }
    location /short/  { team_access on; team_assertion key=sign.pem ttl=2s;
                        proxy_pass http://$address; }
    location /off/    { team_assertion off; team_access on;
                        proxy_pass http://$address; }
    location /each/   { team_access on; team_account \$http_x_account;
                        team_assertion key=sign.pem ttl=1h;
                        proxy_pass http://$address; }
    location /mute/   { team_access on; team_account \$http_x_account;
                        proxy_pass http://$address; }
    location /report/ { team_access report; team_assertion key=sign.pem;
                        proxy_pass http://$address; }
EOF

my $public = key_private('rsa2');


sub assertion {
    my ($res) = @_;

    my @found = grep { lc $_->[0] eq 'x-team-assertion' }
                @{ $res->json->{headers} };

    return @found == 1 ? $found[0][1] : undef;
}


my $mia = $site->as('mia', 'X-Team-Assertion' => 'spoofed');
my $res = $mia->get('/rsa/');

is($res->status, 200, 'answers');

my $jwt = assertion($res);
my $claims = decode_jwt(token => $jwt, key => $public,
                        accepted_alg => 'RS256');

is($claims->{iss}, 'ngx_team', 'iss');
is($claims->{sub}, 'mia', 'sub');
is($claims->{aud}, 'app', 'aud');
is($claims->{idp}, $ISSUER, 'who vouched');
is($claims->{account}, $site->account('acme'), 'account');
is($claims->{member}, $site->member('mia'), 'member');
is_deeply([@{ $claims->{roles} }], ['member'], 'roles');
is_deeply([@{ $claims->{permissions} }], [qw(account:read own-cards:read)],
          'permissions');
is($claims->{exp} - $claims->{iat}, 30, 'lives for ttl');
like($claims->{jti}, qr/^[0-9a-f]{32}$/, 'jti');

is(assertion($mia->get('/rsa/')), $jwt, 'signed once for several requests');
isnt(assertion($site->as('nina')->get('/rsa/')), $jwt, 'not for another');

$claims = decode_jwt(token => assertion($mia->get('/hmac/')),
                     key => 's' x 64, accepted_alg => 'HS512');
is($claims->{iss}, 'gate', 'by a secret, with another issuer');
ok(!exists $claims->{aud}, 'no audience asked for, none told');

is(assertion($mia->get('/off/')), undef, 'off');
is(assertion($site->anybody('X-Team-Assertion' => 'spoofed')->get('/report/')),
   undef, 'nothing is asserted about nobody');

# after a change of rights the next assertion says so

my $before = assertion($mia->get('/rsa/'));
my $olga = $site->as('olga');
my $etag = $olga->get($site->path('mia'))->header('ETag');

is($olga->put($site->path('mia', '/roles'), { roles => ['finance'] },
              'If-Match' => $etag)->status, 200, 'promoted');

$claims = decode_jwt(token => assertion($mia->get('/rsa/')), key => $public,
                     accepted_alg => 'RS256');
is_deeply([@{ $claims->{roles} }], ['finance'], 'and asserted at once');

# somebody with equal rights in three accounts: what was signed about one of
# them is not sent for another, even if it comes to lie where that one lay

my @accounts = map { $site->account($_) } qw(acme other);
my $dbh = $site->dbh;

push @accounts, $dbh->selectrow_array(
    "select team.account_create('third', 'Third', 'business')");

$dbh->do('select team.member_add(?, ?, ?, ?, ?, ?)', undef, $_, $ISSUER,
         'pat', 'pat@example.com', 'Pat', 'member') for @accounts;

my $pat = $site->as('pat');

for my $round (1 .. 3) {
    $pat->get('/each/', 'X-Account' => $accounts[0]);
    $pat->get('/mute/', 'X-Account' => $accounts[1]);

    my $jwt = assertion($pat->get('/each/', 'X-Account' => $accounts[2]));

    is(decode_jwt(token => $jwt, key => $public)->{account}, $accounts[2],
       "round $round: the account that was asked for");
}

$site->done_ok;

done_testing;
