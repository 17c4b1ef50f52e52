#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Public test vectors (Wycheproof, RFC 7515, the JOSE cookbook) through the
# core: whole tokens, and signatures alone.  They lie beside the checkout; what
# is not there is skipped.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use JSON ();
use MIME::Base64 qw(encode_base64url);
use Test::More;

use lib dirname(__FILE__) . '/lib';
use Team::Verify;

my $root = abs_path(dirname(__FILE__) . '/..');
my $folder = "$root/../shared/vectors";

-d $folder or plan skip_all => 'no ../shared/vectors';

my $json = JSON->new->utf8->canonical;
my $verify = Team::Verify->new;

# RFC 7518 section 3.2: an HMAC key must not be shorter than the hash.  These
# are valid as HMACs and can't be as keys.

my %hash = (HS256 => 32, HS384 => 48, HS512 => 64);


tokens('wycheproof_jose.jsonl', 427);
tokens('rfc7515.jsonl', 5);
tokens('rfc7520_cookbook.jsonl', 12);
signatures('wycheproof_signature_layer.jsonl', 2157);

is($verify->end, 0, 'the driver ended well');

done_testing;


# Every token against its key as JWK; a valid one also against the PEM, where
# there is one, and where the token names no kid (PEM has none).

sub tokens {
    my ($name, $atleast) = @_;

    my @vectors = vectors($name);
    my (%got, @wrong);

    for my $vector (@vectors) {
        my $valid = $vector->{expect_strict} eq 'valid';
        my $token = $vector->{token};

        my $answer = $verify->ask(
            { keys => $json->encode($vector->{key}), token => $token });

        $got{ $answer eq 'ok' ? 'accepted' : 'refused' }++;

        if (($answer eq 'ok') != $valid) {
            push @wrong, "$vector->{name}: $answer ($vector->{why})";
        }

        next if !$vector->{pem} || ref $vector->{token};

        my $pem = $verify->ask({ keys => $vector->{pem}, token => $token });

        $got{pem}++ if $pem eq 'ok';

        if ($pem eq 'ok' && !$valid) {
            push @wrong, "$vector->{name} with PEM: $pem ($vector->{why})";
        }
    }

    cmp_ok(scalar @vectors, '>=', $atleast, "$name: as many as there were");
    cmp_ok($got{accepted} // 0, '>', 0, "$name: some are accepted");
    verdict($name, \@wrong, \%got);

    return;
}


sub signatures {
    my ($name, $atleast) = @_;

    my @vectors = vectors($name);
    my (%got, @wrong);

    for my $vector (@vectors) {
        my $alg = $vector->{alg};
        my $hex = $vector->{key_hex};

        my $answer = $verify->ask({
            keys => defined $hex ? secret($hex) : $vector->{key_pem},
            alg => $alg, message => $vector->{msg_hex},
            signature => $vector->{sig_hex},
        });

        my $expected = $vector->{expect_sig};

        if (defined $hex && length($hex) / 2 < $hash{$alg}) {
            $expected = 'invalid';
            $got{'of short keys'}++;
        }

        # "acceptable": PKCS #1 without the NULL of the digest's parameters;
        # RFC 8017 asks for it

        $expected = 'invalid' if $expected eq 'acceptable';

        $got{ $answer eq 'ok' ? 'accepted' : 'refused' }++;

        if (($answer eq 'ok') != ($expected eq 'valid')) {
            push @wrong, "$vector->{name}: $answer, $vector->{expect_sig} "
                . "($vector->{why})";
        }
    }

    cmp_ok(scalar @vectors, '>=', $atleast, "$name: as many as there were");
    cmp_ok($got{accepted} // 0, '>', 0, "$name: some are accepted");
    verdict($name, \@wrong, \%got);

    return;
}


# Not as a raw file, of which a newline at the end would be taken away.

sub secret {
    my ($hex) = @_;

    return $json->encode(
        { kty => 'oct', k => encode_base64url(pack 'H*', $hex) });
}


sub verdict {
    my ($name, $wrong, $got) = @_;

    is(scalar @$wrong, 0, "$name: all as expected");
    diag($_) for splice @$wrong, 0, 20;
    note(join ', ', map { "$got->{$_} $_" } sort keys %$got);

    return;
}


sub vectors {
    my ($name) = @_;

    open my $file, '<', "$folder/$name" or die "$folder/$name: $!";

    return map { $json->decode($_) } readline $file;
}
