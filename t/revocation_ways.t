#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Rights are not only lost by those who are suspended, demoted or removed
# (revocation.t): by an edited role, a permission taken away, a transfer,
# another preset, the account's end, by leaving.  The very next request, in
# every worker, whatever it has cached, is refused.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Team::HTTP;
use Team::Preset;
use Team::Token;
use Team::Wait;

my $site = Team::Preset->new(
    'business', options => { workers => 2 },
    acme => [[olga => 'owner'], [adam => 'admin'], [mia => 'member']],
    away => [[ada => 'owner'], [ben => 'admin']]);

$site->{preset} = 'workspace';
$site->settle(space => [[sam => 'owner'], [wim => 'admin']]);
$site->dbh->do("update team.account set direct_permissions = true
                 where slug = 'acme'");
$site->ok(201, olga => POST => $site->a('/roles'),
          { key => 'clerk', name => 'Clerk', rank => 20,
            permissions => ['account:read', 'reports:read'] }, 'a role');
$site->ok(200, olga => PUT => $site->m('mia', '/roles'),
          { roles => ['clerk'] }, 'which somebody has');
$site->ok(200, olga => PUT => $site->m('mia', '/permissions'),
          { permissions => ['apis:manage'] }, 'and a permission');

my $space = '/accounts/space';
my @ways = (
    ['a role is edited', mia => 'reports:read', 'acme',
     [200, olga => PUT => $site->a('/roles/clerk'),
      { name => 'Clerk', rank => 20, permissions => ['account:read'] }]],
    ['a permission is taken', mia => 'apis:manage', 'acme',
     [200, olga => PUT => $site->m('mia', '/permissions'),
      { permissions => [] }]],
    ['ownership is transferred', olga => 'account:close', 'acme',
     [201, olga => POST => $site->a('/ownership-transfers'),
      { to => $site->member('adam') }]],
    ['the preset is another', wim => 'policy:update', 'space',
     [200, sam => PUT => "$space/policy", { preset => 'business' }]],
    ['one leaves', mia => 'account:read', 'acme',
     [204, mia => DELETE => $site->a('/members/me')]],
    ['the account is closed', ben => 'account:read', 'away',
     [202, ada => POST => '/accounts/away/closure', { confirm => 'away' }]],
);

for my $way (@ways) {
    my ($name, $who, $permission, $account, $take) = @$way;
    my ($status, @request) = @$take;
    my $token = token(sub => $who);
    my $path = "/can/index.html?account=$account&permission=$permission";
    my @connections = map {
        Team::HTTP->new(port => $site->nginx->port,
                        headers => [Authorization => "Bearer $token"])
    } 1 .. 16;

    is(join(' ', map { $_->get($path)->status } @connections, @connections),
       join(' ', (200) x 32), "$name: before");
    $site->ok($status, @request, "$name");
    is(join(' ', map { $_->get($path)->status } @connections),
       join(' ', (403) x 16), '... and after');
}

$site->done_ok;

done_testing;
