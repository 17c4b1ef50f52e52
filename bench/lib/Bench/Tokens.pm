# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Bench::Tokens;

# Keys and tokens, made once and kept under build/: 20,000 RSA signatures take
# a quarter of a minute.

use strict;
use warnings;

use Carp qw(croak);

my %issuer = (RS256 => 'https://id.bench.example',
              HS256 => 'https://secret.bench.example');


sub new {
    my ($class, %o) = @_;

    my $self = bless { %o, files => {} }, $class;

    $self->_build;
    $self->_keys;

    return $self;
}


sub issuer   { return $issuer{$_[1]} }
sub audience { return 'bench' }
sub public   { return "$_[0]{cache}/public.pem" }
sub file     { return $_[0]{files}{$_[1]} }

sub keys {
    my ($self, $alg) = @_;

    return "$self->{cache}/" . ($alg eq 'RS256' ? 'jwks.json' : 'secret.txt');
}


# The command that prints a token for each of so many people.

sub command {
    my ($self, $alg, $people, %o) = @_;

    my $key = "$self->{cache}/" . ($alg eq 'RS256' ? 'private.pem'
                                                   : 'secret.txt');

    return join ' ', "$self->{cache}/mint_many", '-a', $alg, '-k', $key,
        '-i', $issuer{$alg}, '-d', $self->audience, '-p', $people,
        $o{random} ? '-r' : (), '-f', $o{first} // 0,
        '-n', $o{count} // $people;
}


# Mints in as many processes as there are CPUs.

sub mint {
    my ($self, $name, $alg, %o) = @_;

    my $file = "$self->{cache}/$name-$o{people}-$o{count}.txt";

    $self->{files}{$name} = $file;

    # tokens live for 60 days; as old as the key, or older, is too old
    return if -s $file && -M $file < 30 && -M $file <= -M $self->keys($alg);

    my $jobs = 2;
    my $part = int(($o{count} + $jobs - 1) / $jobs);
    my @pids;

    for my $job (0 .. $jobs - 1) {
        my $first = $job * $part;
        my $count = $first + $part > $o{count} ? $o{count} - $first : $part;
        my $command = $self->command($alg, $o{people}, %o, first => $first,
                                     count => $count);

        defined(my $pid = fork) or croak "fork: $!";

        if ($pid == 0) {
            { no warnings 'exec'; exec "$command > '$file.$job'"; }
            require POSIX;
            POSIX::_exit(127);
        }

        push @pids, $pid;
    }

    for my $pid (@pids) {
        waitpid $pid, 0;
        croak 'mint_many failed' if $? != 0;
    }

    my @parts = map { "'$file.$_'" } 0 .. $jobs - 1;

    _run("cat @parts > '$file.new' && rm @parts && mv '$file.new' '$file'");

    return;
}


# Line N of a file: [token, account].

sub line {
    my ($self, $file, $n) = @_;

    open my $fh, '<', $file or croak "$file: $!";
    my $line;
    $line = <$fh> for 0 .. $n;
    close $fh;

    croak "$file has no line $n" unless defined $line;

    return [split ' ', $line];
}


sub _build {
    my ($self) = @_;

    my ($source, $program) = ("$self->{source}/mint_many.c",
                              "$self->{cache}/mint_many");

    return if -e $program && -M $program <= -M $source;

    _run("gcc -std=c11 -D_POSIX_C_SOURCE=200809L -O2 -Wall -Wextra "
         . "-o '$program' '$source' -lcrypto");

    return;
}


sub _keys {
    my ($self) = @_;

    my $cache = $self->{cache};

    unless (-s "$cache/secret.txt") {
        _run("umask 077; openssl rand -hex 32 > '$cache/secret.new'"
             . " && mv '$cache/secret.new' '$cache/secret.txt'");
    }

    return if -s "$cache/jwks.json";

    _run("umask 077; cd '$cache'"
         . " && openssl genrsa -out private.pem 2048 2>/dev/null"
         . " && openssl pkey -in private.pem -pubout -out public.pem"
         . " && ./mint_many -j -k private.pem > jwks.new"
         . " && mv jwks.new jwks.json");

    return;
}


sub _run {
    my ($command) = @_;

    system($command) == 0 or croak "failed: $command";

    return;
}


1;
