#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Three that share no code: Crypt::JWT (on LibTomCrypt) mints with fresh keys
# and every algorithm, ours must accept; libjwt mints, ours must accept; what
# ours accepts as RS, ES or HS, libjwt must accept too.  And of each token,
# nothing changed may pass.

use strict;
use warnings;

use Crypt::JWT qw(encode_jwt);
use Crypt::PK::ECC ();
use Crypt::PK::Ed25519 ();
use Crypt::PK::RSA ();
use Crypt::PRNG qw(random_bytes_hex);
use File::Basename qw(dirname);
use JSON ();
use MIME::Base64 qw(encode_base64url decode_base64url);
use Test::More;

use lib dirname(__FILE__) . '/lib';
use Team::Verify;

my $json = JSON->new->canonical;
my $verify = Team::Verify->new;
my $libjwt = Team::Verify->new('team_libjwt');
my $now = time;

my %claims = (
    iss => 'https://id.example.com', sub => 'anna', aud => ['app'],
    iat => $now, exp => $now + 3600, email => 'anna@example.com',
    email_verified => JSON::true, name => 'Anna',
);

# Fresh keys, two of each kind; a foreign one signs what must not pass.

my %keys = (
    RSA => [map { Crypt::PK::RSA->new->generate_key(256) } 1, 2],
    ES256 => [map { Crypt::PK::ECC->new->generate_key('nistp256') } 1, 2],
    ES384 => [map { Crypt::PK::ECC->new->generate_key('nistp384') } 1, 2],
    ES512 => [map { Crypt::PK::ECC->new->generate_key('nistp521') } 1, 2],
    EdDSA => [map { Crypt::PK::Ed25519->new->generate_key } 1, 2],
    HMAC => [map { random_bytes_hex(32) } 1, 2],
);

my @algs = qw(HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512
              ES256 ES384 ES512 EdDSA);

for my $alg (@algs) {
    subtest $alg => sub { one_alg($alg) };
}

subtest 'minted by libjwt' => \&minted_by_libjwt;

is($verify->end, 0, 'our driver ended well');
is($libjwt->end, 0, "libjwt's driver ended well");

done_testing;


sub one_alg {
    my ($alg) = @_;

    my ($key, $foreign) = @{ $keys{ kind($alg) } };
    my $token = encode_jwt(payload => {%claims}, key => $key, alg => $alg);

    my %forms = forms($key, $alg);

    for my $form (sort keys %forms) {
        is(ask($forms{$form}, $token), 'ok', "accepted with $form");
    }

    my ($any) = @forms{ (sort keys %forms)[0] };

    is(ask($any, encode_jwt(payload => {%claims}, key => $foreign,
                            alg => $alg)),
       'token-signature', 'a foreign key');
    is(ask($any, encode_jwt(payload => { %claims, exp => $now - 1 },
                            key => $key, alg => $alg)),
       'token-expired', 'expired');
    is(ask($any, encode_jwt(payload => { %claims, aud => 'other' },
                            key => $key, alg => $alg)),
       'token-audience', 'for another audience');
    is(ask($any, encode_jwt(payload => { %claims, nbf => $now + 60 },
                            key => $key, alg => $alg)),
       'token-not-yet-valid', 'not yet valid');
    is(ask($any, encode_jwt(payload => {%claims}, key => $key, alg => $alg,
                            extra_headers => { kid => 'unknown' })),
       'token-key', 'a kid that no key has');

    mutations($any, $token);
    second_opinion($key, $alg, $token) if $alg =~ /^(?:RS|ES|HS)/;

    return;
}


# Every part of a token changed, and what the parsers of others let through.

sub mutations {
    my ($keys, $token) = @_;

    my ($header, $payload, $signature) = split /\./, $token;
    my $raw = decode_base64url($signature);
    my $body = decode_base64url($payload);
    my $len = length $raw;

    my @other = (
        ["$header.$payload.", 'no signature'],
        ["$header.$payload", 'no signature and no dot'],
        ["$header..$signature", 'no payload'],
        ["$header.$payload.$signature.", 'a dot more'],
        ["$token=", 'padding'],
        ["$token\n", 'a newline'],
        [" $token", 'a space'],
        [join('.', encode_base64url('{"alg":"none"}'), $payload, ''),
         'none, without a signature'],
        [join('.', encode_base64url('{"alg":"none"}'), $payload, $signature),
         'none, with one'],
        [join('.', $header, encode_base64url($body =~ s/anna/anne/r),
              $signature), 'another subject'],
        [join('.', $header, encode_base64url("$body "), $signature),
         'a space behind the claims'],
    );

    for my $bytes ('', "\0", $raw . "\0", "\0$raw", $raw . $raw,
                   substr($raw, 0, -1), substr($raw, 1), "\0" x $len,
                   "\xff" x $len, scalar reverse($raw))
    {
        push @other, [join('.', $header, $payload, encode_base64url($bytes)),
                      'signature of ' . length($bytes) . ' bytes'];
    }

    # one bit in each eighth byte of the signature

    for (my $i = 0; $i < $len; $i += 8) {
        my $changed = $raw;

        substr($changed, $i, 1) ^= "\x01";
        push @other, [join('.', $header, $payload, encode_base64url($changed)),
                      "bit in byte $i of the signature"];
    }

    my @passed;

    for my $case (@other) {
        my ($text, $what) = @$case;

        next if $text eq $token;

        my $answer = ask($keys, $text);

        if ($answer !~ /^token-(?!claims|issuer|audience|expired)/) {
            push @passed, "$what: $answer";
        }
    }

    cmp_ok(scalar @other, '>', 20, 'changed in many ways');
    is(scalar @passed, 0, '... and always refused before the claims');
    diag($_) for @passed;

    return;
}


# libjwt's view of what we have accepted, with the same key in its form.

sub second_opinion {
    my ($key, $alg, $token) = @_;

    my $text = ref $key ? public_pem($key) : $key;

    is($libjwt->ask({ key => $text, token => $token }), 'ok',
       'libjwt accepts it too');

    return;
}


sub minted_by_libjwt {
    for my $alg (grep { /^(?:RS|ES|HS)/ } @algs) {
        my ($key) = @{ $keys{ kind($alg) } };

        my $token = $libjwt->ask({
            key => ref $key ? private_pem($key) : $key, alg => $alg,
            claims => $json->encode(\%claims),
        });

        like($token, qr/^[\w-]+\.[\w-]+\.[\w-]+\z/, "libjwt mints $alg");

        my %forms = forms($key, $alg);

        for my $form (sort keys %forms) {
            is(ask($forms{$form}, $token), 'ok', "... accepted with $form");
        }
    }

    return;
}


sub kind {
    my ($alg) = @_;

    return $alg =~ /^[RP]S/ ? 'RSA' : $alg =~ /^HS/ ? 'HMAC' : $alg;
}


# The ways to give us a key.

sub forms {
    my ($key, $alg) = @_;

    if (!ref $key) {
        my $jwk = { kty => 'oct', k => encode_base64url($key) };

        return ('a file' => "$key\n", 'a JWK' => $json->encode($jwk),
                'a JWK with alg' => $json->encode({ %$jwk, alg => $alg }));
    }

    my $jwk = $json->decode($key->export_key_jwk('public'));

    delete $jwk->{kid};

    return (
        'PEM' => public_pem($key), 'a JWK' => $json->encode($jwk),
        'a JWK Set' => $json->encode(
            { keys => [{ %$jwk, alg => $alg, use => 'sig' },
                       { %$jwk, use => 'enc' }] }),
    );
}


# "short": the curve by its name; ours refuses one that is spelled out.

sub public_pem {
    my ($key) = @_;

    return $key->export_key_pem('public_x509') if $key->isa('Crypt::PK::RSA');
    return $key->export_key_pem('public_short') if $key->isa('Crypt::PK::ECC');
    return $key->export_key_pem('public');
}


sub private_pem {
    my ($key) = @_;

    return $key->export_key_pem('private_short')
        if $key->isa('Crypt::PK::ECC');

    return $key->export_key_pem('private');
}


sub ask {
    my ($keys, $token) = @_;

    return $verify->ask({ keys => $keys, token => $token, now => $now,
                          audience => ['app'] });
}
