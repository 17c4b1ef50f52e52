#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Tokens have been found in logs, in Referer and Location, in errors, in lists,
# and readable in the database (Keycloak CVE-2026-16072).  Here nginx and
# PostgreSQL log all that they can be told to, as somebody does who looks for a
# fault; a slow statement is logged with its parameters by many.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Team::Postgres;
use Team::Preset;

my $site = Team::Preset->new(
    'travel',
    options => { level => 'debug', pg => { conf => {
        log_statement => 'all', log_min_duration_statement => 0,
        log_min_messages => 'debug1', log_min_error_statement => 'debug1',
        log_error_verbosity => 'verbose', log_parameter_max_length => -1,
        log_parameter_max_length_on_error => -1 } } },
    acme => [[olga => 'owner'], [tom => 'traveller']]);

my $invitations = $site->a('/invitations');
my (@secrets, @answers);

$site->settle('links', [[lisa => 'owner']]);
$site->dbh->do("update team.account
                   set join_link = true, link_role = 'traveller'
                 where slug = 'links'");

sub ask {
    my ($allowed, @request) = @_;
    my $res = $site->ask(@request);

    like($res->status, qr/^(?:$allowed)$/, "$request[1] $request[2]");
    push @answers, join "\n", $res->body,
                   map { @$_ } @{ $res->headers };
    return $res;
}


my $made = $site->invite('olga', 'sec', ['traveller']);
my $path = "$invitations/$made->{id}";

push @secrets, $site->mailed($made);
ask(200, undef, POST => '/invitations/lookup',
    { token => $secrets[-1] });
ask(403, tom => POST => '/invitations/accept',
    { token => $secrets[-1] });
ask(422, sec => POST => '/invitations/accept',
    { token => $secrets[-1], more => 1 });
ask(202, olga => POST => "$path/resend");
ask(410, sec => POST => '/invitations/accept',
    { token => $secrets[-1] });
push @secrets, $site->mailed($made);
ask(404, sec => POST => "/invitations/$secrets[-1]/accept");
ask(201, sec => POST => '/invitations/accept',
    { token => $secrets[-1] });
ask(410, sec => POST => '/invitations/accept',
    { token => $secrets[-1] });
ask(200, olga => GET => $_)
    for $path, $invitations, $site->a('/directory'),
        $site->a('/audit-events'), $site->a('/audit-events?format=csv');
ask(200, sec => GET => $_) for '/me', '/me/accounts', '/me/invitations';

# a link's code is in the answer that makes it, and in no other, a repeat
# of that one included

my $links = '/accounts/links/invite-links';
my @key = ('Idempotency-Key' => 'once');
my $link = $site->ok(201, lisa => POST => $links, {}, 'a link', @key);

push @secrets, $link->{code};
ask(201, lisa => POST => $links, {}, @key);
ask(200, lisa => GET => $links);
ask(202, sec2 => POST => '/invite-links/join',
    { code => $link->{code} });
ask(409, sec2 => POST => '/invite-links/join',
    { code => $link->{code} });
ask(204, lisa => DELETE => "$links/$link->{id}");
ask(410, sec3 => POST => '/invite-links/join',
    { code => $link->{code} });
ask(200, lisa => GET => '/accounts/links/audit-events');

my $dump = qx{@{[ Team::Postgres::bindir() ]}/pg_dump -d '@{[
              $site->pg->conninfo ]}'};
my $path_seen = "/invitations/$secrets[1]";

cmp_ok(length $dump, '>', 50_000, 'the database, dumped');

# what a client writes into a path is logged: ours never is there

my %places = (answers => join("\n", @answers), dump => $dump,
              'access log' => $site->nginx->access_log =~ s/\Q$path_seen\E//gr,
              'error log' => $site->nginx->error_log =~ s/\Q$path_seen\E//gr,
              'PostgreSQL\'s log' => $site->pg->log);

for my $place (sort keys %places) {
    is(join(' ', grep { index($places{$place}, $_) >= 0 } @secrets), '',
       $place);
}

like($places{'PostgreSQL\'s log'}, qr/execute \w*invitation_accept/,
     'statements are logged');

# the dump has what it should, so a token in it would have been found

like($dump, qr/sec\@example\.com/, 'the dump is of these people');
is($site->sql('select count(*) from team.invitation_token
                where token_hash = any (array(select sha256(x::bytea)
                                from unnest(?::text[]) x))', \@secrets),
   2, 'and has the hashes');


$site->done_ok;

done_testing;
