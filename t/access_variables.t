#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The variables that tell logs and headers who it was: there once the gate has
# decided, empty where there was nobody.

use strict;
use warnings;

use Test::More;

use Team::Site;
use Team::Token;
use Team::Upstream;

my $app = Team::Upstream->new;

my $site = Team::Site->new(server => <<'EOF' . <<"EOS");
    location /who/ {
        team_account     acme;
        team_permission  bills:manage;

        add_header  X-Who "$team_subject|$team_email" always;
        add_header  X-Where "$team_account|$team_member" always;
        add_header  X-What "$team_roles|$team_permissions" always;
        alias  %%TESTDIR%%/html/;
    }
EOF
    location /claims/ {
        team_access   on;
        team_headers  on;

        proxy_set_header  X-Nick \$team_claim_nick;
        proxy_set_header  X-List \$team_claim_list;
        proxy_pass        http://@{[ $app->address ]};
    }
EOS

my $res = $site->as('fred')->get('/who/');

is($res->status, 200, 'who may');
is($res->header('X-Who'), 'fred|fred@example.com', 'subject and email');
is($res->header('X-Where'),
   $site->account('acme') . '|' . $site->member('fred'), 'account, member');
like($res->header('X-What'), qr/^finance\|account:read bills:manage /,
     'roles, permissions');

$res = $site->as('mia')->get('/who/');

is($res->status, 403, 'who may not');
is($res->header('X-Who'), 'mia|mia@example.com', 'is known nevertheless');
like($res->header('X-What'), qr/^member\|/, 'with what was not enough');

$res = $site->as('zoe')->get('/who/');

is($res->status, 403, 'who is no member');
is($res->header('X-Who'), 'zoe|zoe@example.com', 'is known');
is($res->header('X-What'), '|', 'and may nothing');

$res = $site->anybody->get('/who/');

is($res->status, 401, 'nobody');
is($res->header('X-Who'), '|', 'has no name');
is($res->header('X-Where'), '|', 'is nowhere');

# The attack: somebody chooses a nickname with a line's end in it, the issuer
# signs it, and what follows is a header of its own for the application.

for my $end ("\r\n", "\n", "\r", "\x7f") {
    my $nick = "joe${end}X-Team-Roles: owner";
    my $token = token(sub => 'mia', nick => $nick, list => [$nick]);

    $res = $site->anybody(Authorization => "Bearer $token")->get('/claims/');

    my %seen;
    push @{ $seen{$_->[0]} }, $_->[1] for @{ $res->json->{headers} };

    my $what = sprintf 'a nickname with 0x%vx', $end;

    is($res->status, 200, "$what: passes");
    is_deeply($seen{'X-Team-Roles'}, ['member'], 'without a role of its own');
    is($seen{'X-Nick'}, undef, 'is not told');
    like($seen{'X-List'}[0], qr/^\["joe.*owner"\]$/, 'but as JSON');
}

my $token = token(sub => 'mia', nick => "jos\xc3\xa9 o'neill");

$res = $site->anybody(Authorization => "Bearer $token")->get('/claims/');
is((grep { $_->[0] eq 'X-Nick' } @{ $res->json->{headers} })[0][1],
   "jos\x{e9} o'neill", 'any other comes as it is');

$site->done_ok;
done_testing;
