#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Invitations and resends have a quota, by whatever way they are made: whoever
# meets it is told when to come back, and nothing is done.

use strict;
use warnings;

use Test::More;

use Team::Site;
use Team::Wait;

my $site = Team::Site->new;

hour_lasts(30);

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

is_over($res, 'and no more');
is($site->pg->psql('select count(*) from team.invitation'), $before,
   'nothing was written');


# of a batch the rows are told, of which there was no more

$res = $adam->post('/team/v1/accounts/acme/invitation-batches', {
    invitations => [map { { email => "$_\@example.org", name => $_,
                            roles => ['member'] } } 'three', 'four'] });

is(join(' ', $res->status, map { "$_->{status} $_->{code}" }
                           @{ $res->json->{items} }),
   '200 refused quota-exceeded refused quota-exceeded', 'nor by a batch');
is($site->pg->psql('select count(*) from team.invitation'), 1,
   'nothing was written');


# a subaccount's person in charge

$site->pg->psql('update team.account set join_subaccount = true');
is_over($site->as('olga')->post('/team/v1/accounts/acme/subaccounts', {
    name => 'Below', invitation => { email => 'five@example.org', name => 'F',
                                     roles => ['member'] } }),
        'nor with a subaccount');
is($site->pg->psql('select count(*) from team.account'), 2,
   'which is not made');


# one invitation is mailed so often and not more; another still is

$site->pg->psql("delete from team.quota_use");

my ($six, $seven) = map { invite($_)->json->{id} } 'six', 'seven';

is(resend($six)->status, 202, "resend $_") for 1 .. 5;

$before = $site->pg->psql('select t::text from team.invitation t order by 1');
is_over(resend($six), 'and no more');
is($site->pg->psql('select t::text from team.invitation t order by 1'),
   $before, 'nothing was written');
is(resend($seven)->status, 202, 'another one');


sub resend {
    my ($id) = @_;

    return $adam->post("/team/v1/accounts/acme/invitations/$id/resend");
}


sub is_over {
    my ($res, $name) = @_;

    is($res->status, 429, $name);
    is($res->json->{type}, '/problems/quota-exceeded',
       'because of the quota');
    cmp_ok($res->header('Retry-After'), '>', 0,
           'Retry-After is in the future');
    cmp_ok($res->header('Retry-After'), '<=', 3600, 'and within the hour');

    return;
}


$site->done_ok;

done_testing;
