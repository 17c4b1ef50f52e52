#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Invitations have a quota: whoever meets it is told when to come back.

use strict;
use warnings;

use Test::More;

use Team::Site;

my $site = Team::Site->new;

# the hour's quota of the account, all but one

$site->pg->psql(<<"EOF");
insert into team.quota_use (account_id, kind, starts_at, n)
select id, 'invitation', date_trunc('hour', statement_timestamp(), 'UTC'),
       team.quota_limit('invitation') - 1
  from team.account where slug = 'acme';
EOF

my $adam = $site->as('adam');

sub invite {
    my ($name) = @_;

    return $adam->post('/team/v1/accounts/acme/invitations',
                       { email => "$name\@example.org", name => $name,
                         roles => ['member'] });
}

is(invite('one')->status, 201, 'one more');

my $before = $site->pg->psql('select count(*) from team.invitation');
my $res = invite('two');

is($res->status, 429, 'and no more');
is($res->json->{type}, '/problems/quota-exceeded', 'because of the quota');
cmp_ok($res->header('Retry-After'), '>', 0, 'Retry-After is in the future');
cmp_ok($res->header('Retry-After'), '<=', 3600, 'and within the hour');
is($site->pg->psql('select count(*) from team.invitation'), $before,
   'nothing was written');

$site->done_ok;

done_testing;
