#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Keys rotate: the file changes and nginx is reloaded.  Tokens of a key that is
# gone are refused, also those that were verified before and remembered; in the
# overlap nobody is refused.  A file that is half written, empty or huge leaves
# the old keys in force and one line in the log.

use strict;
use warnings;

use JSON;
use Test::More;

use Team::Fault;
use Team::HTTP;
use Team::Load;
use Team::Token;
use Team::Wait;

my ($pg, $nginx) = fault_site();

my %tokens = (
    old => token(sub => 'mia', { key => 'rsa' }),
    new => token(sub => 'mia', { key => 'rsa2' }),
);


sub client {
    my ($key) = @_;

    return Team::HTTP->new(port => $nginx->port, headers => [
        Authorization => "Bearer $tokens{$key}"]);
}


sub keys_are {
    my ($text) = @_;

    $nginx->write_file('jwks.json', ref $text ? encode_json($text) : $text);

    return $nginx->reload;
}


# The same bytes on kept connections, so that both workers remember them.

sub statuses {
    my ($key) = @_;

    my %seen;
    $seen{ client($key)->get('/app/')->status }++ for 1 .. 20;

    return join ' ', sort keys %seen;
}


is(statuses('old'), '200', 'a token of the first key');
is(statuses('new'), '401', 'a token of a key that is not known yet');

my $load = Team::Load->new(port => $nginx->port, rate => 200,
    requests => [[old => request('/app/', $tokens{old})]]);

$load->more(20);

is(keys_are(jwks('rsa', 'rsa2')), 1, 'a second key is added');
is(statuses('old'), '200', 'the first one goes on');
is(statuses('new'), '200', 'the second one counts');

$load->more(20);
my @answers = $load->stop;
is(scalar(grep { $_->{status} != 200 } @answers), 0,
   'no false 401 under load: ' . @answers . ' requests');

my %broken = (
    'half written' => substr(encode_json(jwks('rsa', 'rsa2')), 0, 300),
    'empty' => '',
    'without keys' => '{"keys":[]}',
    'of 2 MB' => '{"keys":[' . '      ' x 350_000 . ']}',
    'not JSON' => "<html><body>502 Bad Gateway</body></html>\n",
    'with a private key' => encode_json({ keys => [
        JSON->new->decode(key_private('rsa2')->export_key_jwk('private'))] }),
);

for my $name (sort keys %broken) {
    my $at = length $nginx->error_log;

    is(keys_are($broken{$name}), 0, "a file that is $name: not taken");

    my (undef, @lines) = error_lines($nginx, $at);
    is(scalar @lines, 1, 'one line in the log');
    like($lines[0], qr/\[emerg\].*jwks\.json/, 'names the file');
    is(statuses('old') . ' ' . statuses('new'), '200 200',
       'the keys as before');
}

is(keys_are(jwks('rsa2')), 1, 'the first key is taken out');
is(statuses('old'), '401', 'its tokens are refused, remembered or not');
is(statuses('new'), '200', 'those of the second are not');

my $res = client('old')->get('/app/');
like($res->header('WWW-Authenticate'), qr/error="invalid_token"/,
     'told which');

# the same kid, another key: a remembered token must not outlive its key

is(keys_are({ keys => [{ %{ key_public('ec256b') }, kid => 'rsa2' }] }), 1,
   'another key under the same kid');
is(statuses('new'), '401', 'tokens of the one before are refused');

$nginx->allow(qr/\[emerg\].*jwks\.json/);
$nginx->done_ok;

done_testing;
