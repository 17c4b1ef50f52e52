#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The variables that tell logs and headers who it was: there once the gate has
# decided, empty where there was nobody.

use strict;
use warnings;

use Test::More;

use Team::Site;

my $site = Team::Site->new(server => <<'EOF');
    location /who/ {
        team_account     acme;
        team_permission  bills:manage;

        add_header  X-Who "$team_subject|$team_email" always;
        add_header  X-Where "$team_account|$team_member" always;
        add_header  X-What "$team_roles|$team_permissions" always;
        alias  %%TESTDIR%%/html/;
    }
EOF

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

$site->done_ok;
done_testing;
