#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# docs/api.md shows requests and the answers they got.  They are held against
# docs/openapi.yaml, which every answer of the tests is held against too: so
# what is shown has each member that an answer has today, and no other.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use JSON;
use Test::More;

use Team::OpenAPI;

my $root = abs_path(dirname(__FILE__) . '/..');
my $api = Team::OpenAPI->shared;


# An answer as it is printed by "curl -i".

package Shown {
    sub new {
        my ($class, $text) = @_;

        my ($head, $body) = split /\n\n/, $text, 2;
        my ($status, @headers) = split /\n/, $head;

        my ($code) = $status =~ m{^HTTP/1\.1 (\d{3})}
            or die "no status: $status\n";

        return bless { status => $code, body => ($body // '') =~ s/\n\z//r,
                       headers => [map { /^([\w-]+): (.*)/ or die "$_\n";
                                         [lc $1, $2] } @headers] }, $class;
    }

    sub status { return $_[0]{status} }
    sub body   { return $_[0]{body} }

    sub header {
        my ($self, $name) = @_;

        my @values = map { $_->[1] }
                     grep { $_->[0] eq lc $name } @{ $self->{headers} };

        return wantarray ? @values : $values[0];
    }
}


# The blocks without a language: [line, text].

sub blocks {
    my ($path) = @_;

    open my $file, '<:raw', "$root/$path" or die "$path: $!";

    my (@blocks, $block, $inside);

    while (my $line = <$file>) {
        if (!defined $inside) {
            ($inside) = $line =~ /^```(.*)/ or next;
            $block = [$. + 1, ''];

        } elsif ($line =~ /^```$/) {
            push @blocks, $block if $inside eq '';
            undef $inside;

        } else {
            $block->[1] .= $line;
        }
    }

    return @blocks;
}


my $shown = 0;
my @request;

for my $block (blocks('docs/api.md')) {
    my ($line, $text) = @$block;
    my ($command, $answer) = $text =~ m{\A(.*?)^(HTTP/1\.1 .*)\z}ms
        or next;

    # a block without a command is about the one before it

    if ($command =~ /^\$ curl (.*)/ms) {
        my $curl = $1 =~ s/\\\n\s*/ /gr;
        my ($path) = $curl =~ m{"?(\$[UM][^\s"]*)};
        my ($data) = $curl =~ /-d '(.*)'/;

        $path =~ s{^\$U}{/v1} or $path =~ s{^\$M}{/v1/accounts/a/members/m};
        @request = ($curl =~ /-X (\w+)/ ? $1 : defined $data ? 'POST' : 'GET',
                    $path, $data);
    }

    my ($method, $path, $data) = @request;
    my $res = Shown->new($answer);

    $shown++;

    is_deeply([$api->faults($method, $path, $res)], [],
              "line $line: $method $path, " . $res->status);
    is($res->header('content-length') // 0, length $res->body, 'all of it');

    is_deeply([$api->request_faults($method, $path, decode_json($data))], [],
              'and what was sent') if defined $data && $res->status < 300;
}

cmp_ok($shown, '>=', 20, "$shown answers");

done_testing;
