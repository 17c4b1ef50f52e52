# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Bench::ApiPeers;

# What people use today for members, beside us in the same run:
#
#     node            a lean server that calls the same functions (fastify, pg
#                     with named statements, fast-jwt)
#     better_auth     the organization plugin of better-auth, with tables and
#                     people of its own
#
# Each is {name, port, pids, ...} for Bench::Sides, or undef and why not.

use strict;
use warnings;

use Bench::Node;
use Bench::Process;
use Bench::Statement;
use Carp qw(croak);
use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);
use JSON ();
use Team::HTTP;
use Team::Token;

our @EXPORT = qw(peer_node peer_better_auth);

my $PG = 'pg@8.23.1';
my $DATABASE = 'organization';

my $people = abs_path(dirname(__FILE__) . '/../../peers/organization.sql');


# Options: pg, dir, cache.

sub peer_node {
    my (%o) = @_;

    my %statements = map { $_ => statement($_) }
        qw(directory_list member_get invitation_post member_roles_put);

    my ($node, $why) = _start(
        %o, name => 'members', user => 'team_gateway', database => 'team',
        packages => ['fastify@5.12.8', 'fast-jwt@6.3.6', $PG],
        config => { key => key_private('rsa')->export_key_pem('public_x509'),
                    issuer => $ISSUER, audience => $AUDIENCE,
                    statements => \%statements });

    return ($node, $why);
}


sub _start {
    my (%o) = @_;

    my $port = Bench::Process::free_port();
    my $config = "$o{dir}/$o{name}.json";

    my %database = (host => $o{pg}->dir, port => $o{pg}->port,
                    user => $o{user}, database => $o{database});

    open my $file, '>', $config or croak "$config: $!";
    print {$file} JSON->new->canonical->encode(
        { port => $port + 0, database => \%database, %{ $o{config} } });
    close $file or croak "$config: $!";

    my ($node, $why) = node_start(
        name => $o{name}, dir => $o{dir}, cache => $o{cache}, port => $port,
        packages => $o{packages}, arguments => [$config]);

    return (undef, $why) unless $node;
    return { %$node, pids => [$node->{process}->pid] };
}


# Its owner signs up and makes two organizations, over HTTP; other members are
# written into its tables.  Option: members, of the larger one.

sub peer_better_auth {
    my (%o) = @_;

    my $pg = $o{pg};

    $pg->psql("create database $DATABASE", dbname => 'postgres');
    $pg->psql("alter database $DATABASE set jit = off", dbname => 'postgres');

    my ($node, $why) = _start(
        %o, name => 'organization', user => 'postgres', database => $DATABASE,
        packages => ['better-auth@1.7.25', $PG], config => {});

    return (undef, $why) unless $node;

    my $origin = "http://127.0.0.1:$node->{port}";
    my $http = Team::HTTP->new(port => $node->{port},
                               headers => [Host => "127.0.0.1:$node->{port}",
                                           Origin => $origin]);
    my $res = $http->post('/api/auth/sign-up/email', {
        email => 'owner@example.com', password => 'correct horse battery',
        name => 'Owner' });

    my $cookie = join '; ', map { /^([^;]+)/ } $res->header('Set-Cookie');
    my %id;

    for my $name (qw(small large)) {
        $res = $http->post('/api/auth/organization/create',
                           { name => ucfirst $name, slug => $name },
                           Cookie => $cookie);
        croak 'better-auth: ' . $res->status . ' ' . $res->body
            unless $res->status == 200;
        $id{$name} = $res->json->{id};
    }

    my ($status, undef, $err) = $pg->try_psql(undef, file => $people,
        dbname => $DATABASE, set => { members => $o{members} });

    croak "bench/peers/organization.sql: $err" if $status != 0;

    return { %$node, database => $DATABASE, _requests($http, $cookie, %id) };
}


sub _requests {
    my ($http, $cookie, %id) = @_;

    my @headers = (Cookie => $cookie);
    my $list = sub {
        my ($id) = @_;

        my $text = $http->format(
            GET => '/api/auth/organization/list-members?limit=50'
                   . "&organizationId=$id", \@headers);

        return sub { return $text };
    };
    my $try_list = sub {
        my ($status, $text) = @_;

        return $status == 200 && @{ JSON::decode_json($text)->{members} } == 50
               ? '' : "$status $text";
    };

    return (
        requests => {
            list => $list->($id{small}), list_large => $list->($id{large}),
            invite => sub {
                my ($run) = @_;

                my $count = '@COUNT@';
                my $text = $http->format(
                    POST => '/api/auth/organization/invite-member', \@headers,
                    { email => "$run-$count\@example.org", role => 'member',
                      organizationId => $id{small} });

                return $text;
            }
        },
        try => {
            list => $try_list, list_large => $try_list,
            invite => sub {
                my ($status, $text) = @_;

                return $status == 200
                       && JSON::decode_json($text)->{status} eq 'pending'
                       ? '' : "$status $text";
            }
        },
        written => {
            invite => sub {
                return 'select count(*) from invitation';
            }
        }
    );
}


1;
