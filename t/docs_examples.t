#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Every configuration that the documentation shows is one that nginx takes, and
# the recipes for logs and CORS do what they say.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use JSON;
use Test::More;

use Team::HTTP;
use Team::Nginx;
use Team::Site;
use Team::Token;
use Team::Upstream;
use Team::Wait;

my $root = abs_path(dirname(__FILE__) . '/..');

# Where a statement of a fragment belongs; others go into a server.

my %http = map { $_ => 1 } qw(team_zone team_database team_issuer team_cache
                              team_changes log_format map upstream server
                              limit_req_zone proxy_cache_path);
my %location = map { $_ => 1 } qw(proxy_pass fastcgi_pass grpc_pass uwsgi_pass
                                  scgi_pass proxy_cache_key);

my $rest = <<'EOF2';
upstream app {
    server  127.0.0.1:%%PORT_9%%;
}
EOF2

my $nginx = Team::Nginx->new(http => '', files => {
    'team/jwks.json' => encode_json(jwks('rsa', 'ec256')),
    'team/id.pem' => key_pem('rsa'),
    'team/assertion.pem' => key_private('ec256')->export_key_pem('private'),
    'fastcgi_params' => "fastcgi_param  REQUEST_METHOD  \$request_method;\n",
});

my $dir = $nginx->dir;

chmod 0600, "$dir/team/assertion.pem" or die $!;
mkdir "$dir/tls" or die $!;

is(system('openssl', qw(req -x509 -newkey ec -pkeyopt
          ec_paramgen_curve:prime256v1 -days 2 -subj /CN=test -batch),
          '-keyout', "$dir/tls/app.key", '-out', "$dir/tls/app.pem",
          '-outform', 'PEM', '-noenc'), 0, 'a certificate as a stand-in');


# The blocks of a language in a document: [line, text].

sub blocks {
    my ($path, $language) = @_;

    open my $file, '<:encoding(UTF-8)', "$root/$path" or die "$path: $!";

    my (@blocks, $block);

    # in a list they are indented

    while (my $line = <$file>) {
        if (defined $block) {
            if ($line =~ /^ *```\s*$/) {
                push @blocks, $block;
                undef $block;
            } else {
                $block->[1] .= $line;
            }

        } elsif ($line =~ /^ *```\Q$language\E\s*$/) {
            $block = [$. + 1, ''];
        }
    }

    die "$path: a block without its end\n" if defined $block;

    return @blocks;
}


# Splits a text into statements: up to ";" or a block's "}".

sub statements {
    my ($text) = @_;

    my @statements;
    my $depth = 0;
    my $now = '';

    while ($text =~ /\G( \#[^\n]* | "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*'
                       | [{};] | (?:\\.|\$\{|[^{};"'#\\])+? )/gxs)
    {
        my $part = $1;

        $now .= $part;
        $depth++ if $part eq '{';
        $depth-- if $part eq '}';

        if ($depth == 0 && ($part eq ';' || $part eq '}')) {
            push @statements, $now;
            $now = '';
        }
    }

    die "not a whole statement: $now\n" if $now =~ /^\s*[^#\s]/m;

    return @statements;
}


# What stands here instead of what the examples name.

sub stand_in {
    my ($text) = @_;

    my $port = 0;

    $text =~ s{/etc/nginx/}{$dir/}g;
    $text =~ s{/var/log/nginx/}{$dir/logs/}g;
    $text =~ s{\bdb\d*\.example\.com}{127.0.0.1}g;
    $text =~ s{(?<=listen)(\s+)(?:[\d.]+:)?\d+}{
               "${1}127.0.0.1:%%PORT_" . $port++ . '%%'}ge;

    return $text;
}


# A whole configuration for a fragment.

sub whole {
    my ($text) = @_;

    $text = stand_in($text);

    if ($text =~ /^http \{/m) {
        $text =~ s/^load_module [^;]*;/%%LOAD_MODULE%%/m
            or die "no load_module in a whole configuration\n";
        $text =~ s/^(%%LOAD_MODULE%%)/$1\n%%GLOBALS%%/m;
        $text =~ s/^(http \{)/$1\n%%GLOBALS_HTTP%%\n/m;
        $text =~ s/^(http \{)/$1\n$rest/m unless $text =~ /upstream app/;

        return (config => $text);
    }

    return (config => "%%LOAD_MODULE%%\n%%GLOBALS%%\nevents { }\n"
                      . "http { %%GLOBALS_HTTP%% }\n")
        if $text =~ /^load_module [^;]*;\s*\z/;

    my ($http, $server, $location) = ('', '', '');

    for my $statement (statements($text)) {
        my ($name) = $statement =~ /^\s*(?:#.*\n\s*)*(\S+)/
            or die "no name: $statement\n";

        $name =~ s/;$//;

        if ($http{$name}) {
            $http .= $statement;
        } elsif ($location{$name}) {
            $location .= $statement;
        } else {
            $server .= $statement;
        }
    }

    $http .= "\nteam_zone  team:1m;" unless $http =~ /team_zone/;
    $http .= "\nteam_database  \"host=$dir dbname=team user=team_gateway\";"
        unless $http =~ /team_database/;
    $http .= "\nteam_issuer  https://id.test { keys $dir/team/jwks.json; "
             . 'audience app; }' unless $http =~ /team_issuer/;

    $server .= "\nlocation /fragment/ { $location }" if length $location;

    return (http => "$rest\n$http\n"
                    . "server { listen 127.0.0.1:%%PORT_8%%; $server }\n");
}


my $examples = 0;

my @documents = ('README.md', map { s{^\Q$root/}{}r } glob "$root/docs/*.md");

for my $path (@documents) {
    for my $block (blocks($path, 'nginx')) {
        my ($line, $text) = @$block;
        my ($status, $out) = $nginx->test_config(whole($text));

        $examples++;

        subtest "$path:$line" => sub {
            is($status, 0, 'nginx -t') or diag($out, $text);
            unlike($out, qr/\[emerg\]|no "audience"|every user may read/,
                   'without a complaint');
        };
    }
}

cmp_ok($examples, '>', 20, "$examples examples");

my ($status) = $nginx->test_config(whole("team_zone  team:1k;\n"));
isnt($status, 0, 'a wrong one is found');


# The recipes themselves, as they stand in the documentation.

sub recipe {
    my ($what) = @_;

    my @found = grep { $_->[1] =~ $what } blocks('docs/directives.md', 'nginx');

    die "not one block has $what\n" unless @found == 1;

    return $found[0][1];
}


my $app = Team::Upstream->new;
my $address = $app->address;
my $cors = recipe(qr/team_preflight/);
my ($map) = grep { /\bmap\b/ } statements($cors);

like($cors, qr/team_bypass\s+\$team_preflight;/, 'CORS: what it is used for');

my $logs = recipe(qr/log_format +team_json/) =~ s{/var/log/nginx/}
                                                 {%%TESTDIR%%/}r;

my $site = Team::Site->new(http => "$map\n$logs\n", server => <<"EOF2");
    location /logged/ {
        team_account     acme;
        team_permission  bills:manage;
        team_bypass      \$team_preflight;
        proxy_pass       http://$address;
    }
EOF2

$site->as('fred')->get('/logged/1');
$site->as('mia')->get('/logged/2');
$site->anybody->get('/logged/3');

my $anybody = $site->anybody;
my @preflight = ('Access-Control-Request-Method' => 'GET');

is($anybody->request(OPTIONS => '/logged/4', [@preflight])->status, 200,
   'a preflight passes');
is($anybody->request(OPTIONS => '/logged/5', [])->status, 401,
   'another OPTIONS does not');
is($anybody->get('/logged/6', @preflight)->status, 401,
   'nor a GET that looks like one');

my @lines = @{ wait_until(sub {
    open my $file, '<', $site->nginx->dir . '/access.json' or return;
    my @lines = grep { m{/logged/} } <$file>;
    return @lines == 6 && $lines[5] =~ /\n\z/ ? \@lines : undef;
}) || [] };

my @log = map { JSON->new->decode($_) } @lines;

is_deeply([map { "$_->{uri} $_->{status} $_->{decision} $_->{reason}" } @log],
          ['/logged/1 200 ALLOW ok', '/logged/2 403 DENY permission-missing',
           '/logged/3 401 DENY token-missing', '/logged/4 200 BYPASS ',
           '/logged/5 401 DENY token-missing',
           '/logged/6 401 DENY token-missing'], 'what was decided, logged');

# $team_account $team_member $team_email $team_roles $team_permissions

is_deeply([@{ $log[1] }{qw(account member subject email roles permissions)}],
          [$site->account('acme'), $site->member('mia'), 'mia',
           'mia@example.com', 'member', 'account:read own-cards:read'],
          'who it was, and what she may do');
is_deeply([@{ $log[2] }{qw(account member subject email roles permissions)}],
          [('') x 6], 'nobody');

$nginx->done_ok;
$site->done_ok;

done_testing;
