#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# A PEM key and a secret that "keys" gives a kid: a token that names it is
# verified with it, one that names another never is, and one without is, where
# no other key fits.  Another kid at a reload ends what the one before had let
# in, remembered or not.

use strict;
use warnings;

use Test::More;

use Team::Fault;
use Team::HTTP;
use Team::Token;

my $PEM = 'https://pem.example.com';
my $SECRET = 'https://secret.example.com';

my ($pg, $nginx) = fault_site(start => 0, http => <<'EOT', server => <<'EOS');
include  %%TESTDIR%%/named.conf;
EOT
    location /who/ {
        team_permission  account:read;
        error_page  401 = /why;
    }
    location = /why {
        return  401 "$team_reason\n";
    }
EOS

my $dbh = $pg->dbh;

for my $issuer ($PEM, $SECRET) {
    $dbh->do('select team.member_add(?, ?, ?, ?, ?, ?)', undef, 'acme',
             $issuer, 'pia', 'pia@example.com', 'Pia', 'member');
}

$dbh->disconnect;

$nginx->write_file('ec.pem', key_pem('ec256'));
$nginx->write_file('hmac.key', key_private('hmac2') . "\n");
chmod 0600, $nginx->dir . '/hmac.key';


# The two issuers, with what stands behind their files.

sub issuers {
    my ($pem, $secret) = @_;

    my $dir = $nginx->dir;

    $nginx->write_file('named.conf', <<"EOT");
team_issuer  $PEM {
    keys      $dir/ec.pem $pem;
    audience  $AUDIENCE;
}
team_issuer  $SECRET {
    keys      $dir/hmac.key $secret;
    audience  $AUDIENCE;
}
EOT

    return;
}


sub pem {
    my ($kid, $key) = @_;

    return token(iss => $PEM, sub => 'pia',
                 { key => $key // 'ec256', kid => $kid });
}


sub secret {
    my ($kid, $key) = @_;

    return token(iss => $SECRET, sub => 'pia',
                 { key => $key // 'hmac2', kid => $kid });
}


# What twenty connections are told, so that each worker is asked more than once
# and remembers.

sub answers {
    my ($token) = @_;

    my %seen;

    for (1 .. 20) {
        my $res = Team::HTTP->new(port => $nginx->port, headers => [
            Authorization => "Bearer $token"])->get('/who/');

        # there is no such file: who gets past the gate gets 404

        $seen{ $res->status == 404 ? 'in' : $res->body =~ s/\s+\z//r }++;
    }

    return join ' ', sort keys %seen;
}


issuers('kid=key-1', '"kid=the secret"');
$nginx->start;

# kept: the same bytes are sent again after a reload

my $pem = pem('key-1');
my $next = pem('key-2');
my $secret = secret('the secret');
my %without = (pem => pem(undef), secret => secret(undef));

subtest 'a token finds the key that it names' => sub {
    is(answers($pem), 'in', 'the kid of a PEM key');
    is(answers($secret), 'in', 'the kid of a secret');
    is(answers($without{$_}), 'in', "none, and one key of the alg: $_")
        for sort keys %without;
};


subtest 'and no other' => sub {
    is(answers(pem($_)), 'token-key', "a PEM key is not \"$_\"")
        for 'key-2', 'Key-1', 'key-1 ', 'key-', 'the secret', '0';

    is(answers(secret($_)), 'token-key', "a secret is not \"$_\"")
        for 'secret', 'THE SECRET', 'key-1';

    is(answers(pem('key-1', 'ec256b')), 'token-signature',
       'its kid, signed by another key');
    is(answers(secret('the secret', 'hmac')), 'token-signature',
       'its kid, signed with another secret');
    is(answers(pem(undef, 'ec256b')), 'token-signature',
       'no kid, signed by another key');

    # the secret of $MANY is given none

    is(answers(token(iss => $MANY, sub => 'p1', { key => 'hmac' })),
       'token-key', 'a kid does not find a key without one');
};


subtest 'another kid at a reload' => sub {
    issuers('kid=key-2', 'kid=another');

    is($nginx->reload, 1, 'is taken');
    is(answers($pem), 'token-key', 'the one before, remembered or not');
    is(answers($secret), 'token-key', 'the same with a secret');
    is(answers($next), 'in', 'the new one');
    is(answers(secret('another')), 'in', 'the same with a secret');
    is(answers($without{$_}), 'in', "none: $_") for sort keys %without;
};


subtest 'a wrong kid at a reload' => sub {
    my $at = length $nginx->error_log;

    issuers('kid=', '');

    is($nginx->reload, 0, 'is not taken');
    like($nginx->error_log($at),
         qr{\[emerg\].*invalid "kid=".* in \S+/named\.conf:2$}m,
         'what is wrong, and where');
    is(answers($next), 'in', 'the kid as before');
    is(answers($pem), 'token-key', 'and no other');
};


subtest 'no kid any more' => sub {
    issuers('', '');

    is($nginx->reload, 1, 'is taken');
    is(answers($next), 'token-key', 'no token that names one');
    is(answers($without{$_}), 'in', "those without: $_") for sort keys %without;
};

$nginx->allow(qr/\[emerg\].*invalid "kid="/);
$nginx->done_ok;

done_testing;
