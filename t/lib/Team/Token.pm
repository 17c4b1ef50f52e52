# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Team::Token;

# Keys and tokens for tests.  Keys are made once and kept in the build folder:
#
#     rsa rsa2  ec256 ec256b ec384 ec521  ed25519 ed25519b  hmac hmac2
#
# and the kid of each is its name.
#
#     write_jwks("$dir/jwks.json", 'rsa', 'ec256');
#     my $token = token(sub => 'anna', email => 'anna@example.com');
#     my $late = token(exp => time - 3600, { key => 'ec256' });

use strict;
use warnings;

use Carp qw(croak);
use Crypt::JWT qw(encode_jwt);
use Crypt::Mac::HMAC ();
use Crypt::PK::ECC ();
use Crypt::PK::Ed25519 ();
use Crypt::PK::RSA ();
use Exporter 'import';
use Fcntl qw(:flock);
use File::Path qw(make_path);
use JSON ();
use MIME::Base64 qw(encode_base64url decode_base64url);

our @EXPORT = qw(token raw_token write_jwks write_secret write_pem
                 jwks key_public key_private key_pem $ISSUER $AUDIENCE);

our $ISSUER = 'https://id.example.com';
our $AUDIENCE = 'app';

my %make = (
    rsa      => ['RS256', \&_rsa],
    rsa2     => ['RS256', \&_rsa],
    ec256    => ['ES256', sub { _ec('nistp256') }],
    ec256b   => ['ES256', sub { _ec('nistp256') }],
    ec384    => ['ES384', sub { _ec('nistp384') }],
    ec521    => ['ES512', sub { _ec('nistp521') }],
    ed25519  => ['EdDSA', \&_ed],
    ed25519b => ['EdDSA', \&_ed],
    hmac     => ['HS256', undef],
    hmac2    => ['HS256', undef],
);

my $json = JSON->new->canonical;
my $store;


# A token.  Claims replace the defaults, an undef takes one out; times are
# numbers.  A last hash reference says how: key (rsa), alg (the key's own),
# kid (the key's name, undef: none), header (more members).

sub token {
    my $how = @_ && ref $_[-1] eq 'HASH' ? pop : {};

    croak 'claims come in pairs' if @_ % 2;

    my %given = @_;
    my $now = time;
    my $sub = exists $given{sub} ? $given{sub} : 'anna';
    my $local = defined $sub && !ref $sub && $sub =~ /^[\w.-]+$/ ? $sub : 'x';

    my %claims = (
        iss => $ISSUER, sub => $sub, aud => $AUDIENCE, iat => $now,
        exp => $now + 3600, email => "$local\@example.com",
        email_verified => JSON::true, name => ucfirst $local, %given
    );

    defined $claims{$_} or delete $claims{$_} for keys %claims;

    my $name = $how->{key} // 'rsa';
    my %header = (typ => 'JWT', %{ $how->{header} // {} });
    my $kid = exists $how->{kid} ? $how->{kid} : $name;

    $header{kid} = $kid if defined $kid;

    return encode_jwt(
        payload => $json->encode(\%claims), extra_headers => \%header,
        key => key_private($name), alg => $how->{alg} // key_alg($name),
        allow_none => 1);
}


# A token of exactly these header and payload bytes, signed over them.
# How: key, alg (of the signature), signature (raw bytes instead).

sub raw_token {
    my ($header, $payload, $how) = @_;

    $how //= {};

    my $name = $how->{key} // 'rsa';
    my $input = encode_base64url($header) . '.' . encode_base64url($payload);
    my $signature = $how->{signature}
        // _sign($how->{alg} // key_alg($name), $name, $input);

    return $input . '.' . encode_base64url($signature);
}


# The public halves as a JWK Set; a secret as itself, in a set of its own.

sub jwks {
    my @names = @_ ? @_ : ('rsa');

    return { keys => [map { +{ %{ key_public($_) }, kid => $_,
                               use => 'sig' } } @names] };
}


sub write_jwks {
    my ($path, @names) = @_;

    return _write($path, $json->encode(jwks(@names)) . "\n");
}


# The public halves in PEM.

sub key_pem {
    return join '', map { _load()->{$_}{pem} } @_;
}


sub write_pem {
    my ($path, @names) = @_;

    return _write($path, key_pem(@names));
}


sub write_secret {
    my ($path, $name) = @_;

    return _write($path, key_private($name // 'hmac') . "\n");
}


# For Crypt::JWT and CryptX: a key object, or an HMAC key's bytes.

sub key_private {
    my ($name) = @_;

    my $key = _load()->{$name} or croak "no key named $name";

    return $key->{secret} if $key->{secret};

    my $class = $name =~ /^rsa/ ? 'Crypt::PK::RSA'
              : $name =~ /^ed/ ? 'Crypt::PK::Ed25519' : 'Crypt::PK::ECC';

    return $class->new(\$key->{private});
}


# A JWK as a hash.

sub key_public {
    my ($name) = @_;

    my $key = _load()->{$name} or croak "no key named $name";

    return $key->{jwk};
}


sub key_alg {
    my ($name) = @_;

    return ($make{$name} or croak "no key named $name")->[0];
}


sub _sign {
    my ($alg, $name, $input) = @_;

    my $key = key_private($name);
    my ($family, $bits) = $alg =~ /^(HS|RS|PS|ES|EdDSA)(\d*)$/
        or croak "cannot sign with $alg";

    # a key of another kind: the bytes that a confused verifier would use

    $key = $store->{$name}{pem} if $family eq 'HS' && ref $key;

    return Crypt::Mac::HMAC::hmac("SHA$bits", $key, $input)
        if $family eq 'HS';
    return $key->sign_message($input, "SHA$bits", 'v1.5')
        if $family eq 'RS';
    return $key->sign_message($input, "SHA$bits", 'pss', $bits / 8)
        if $family eq 'PS';
    return $key->sign_message_rfc7518($input, "SHA$bits")
        if $family eq 'ES';

    return $key->sign_message($input);
}


sub _load {
    return $store if $store;

    my $dir = $ENV{TEAM_CACHE} // 'build/cache';
    my $path = "$dir/test-keys.json";

    make_path($dir);

    # tests start side by side: one makes the keys, the others wait

    open my $lock, '>', "$dir/.test-keys.lock" or die "$dir: $!";
    flock $lock, LOCK_EX or die "flock: $!";

    if (open my $file, '<', $path) {
        local $/;
        $store = eval { $json->decode(<$file>) };
    }

    my $missing = grep { !$store || !$store->{$_} } keys %make;

    if ($missing) {
        $store = { map { $_ => _generate($_) } keys %make };
        _write("$path.new", $json->encode($store));
        rename "$path.new", $path or die "$path: $!";
    }

    return $store;
}


sub _rsa { return Crypt::PK::RSA->new->generate_key(256) }
sub _ec  { return Crypt::PK::ECC->new->generate_key($_[0]) }
sub _ed  { return Crypt::PK::Ed25519->new->generate_key }


sub _generate {
    my ($name) = @_;

    my ($alg, $code) = @{ $make{$name} };

    unless ($code) {
        open my $random, '<:raw', '/dev/urandom' or die $!;
        read $random, my $bytes, 48;

        my $secret = encode_base64url($bytes);

        return {
            secret => $secret,
            jwk => { kty => 'oct', k => encode_base64url($secret),
                     alg => $alg }
        };
    }

    my $key = $code->();
    my $jwk = $json->decode($key->export_key_jwk('public'));

    # no alg in an RSA key, so that it serves RS and PS

    $jwk->{alg} = $alg unless $name =~ /^rsa/;

    # the forms that name a curve, and say what kind of key it is

    my ($public, $private)
        = $name =~ /^rsa/ ? ('public_x509', 'private')
        : $name =~ /^ec/ ? ('public_short', 'private_short')
        : ('public', 'private');

    return {
        private => $key->export_key_pem($private), jwk => $jwk,
        pem => $key->export_key_pem($public)
    };
}


sub _write {
    my ($path, $text) = @_;

    open my $file, '>', "$path.$$" or die "$path: $!";
    print {$file} $text;
    close $file or die "$path: $!";
    rename "$path.$$", $path or die "$path: $!";

    return $path;
}


1;
