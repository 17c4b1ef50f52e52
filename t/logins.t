#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The first sight of a new token is a login: it reaches the database in batches
# of the keeper, by auth_time, else iat, once however many workers saw it.

use strict;
use warnings;

use POSIX qw(strftime);
use Test::More;

use Team::HTTP;
use Team::Site;
use Team::Token;
use Team::Wait;

my $site = Team::Site->new(workers => 2);
my $at = time - 100;


sub logins {
    my ($subject) = @_;

    return [split /\n/, $site->pg->psql(<<"EOF")];
select extract(epoch from l.at)::bigint
  from team.login l
  join team.identity i on i.id = l.identity_id
 where i.subject = '$subject'
 order by 1;
EOF
}


sub seen {
    my (%claims) = @_;

    return $site->anybody(Authorization => 'Bearer ' . token(%claims))
                ->get('/app/');
}


sub rfc3339 {
    my ($time) = @_;

    return strftime('%Y-%m-%dT%H:%M:%S', gmtime $time);
}

is(seen(sub => 'mia', auth_time => $at)->status, 200, 'a token of mia');

ok(wait_until(sub { @{ logins('mia') } == 1 }), 'is a login');
is_deeply(logins('mia'), [$at], 'at its auth_time');

# refreshed: the same login, by another token, in every worker

seen(sub => 'mia', auth_time => $at, iat => time - $_, jti => "$_")
    for 1 .. 10;
seen(sub => 'nina', iat => $at + 7);

ok(wait_until(sub { @{ logins('nina') } == 1 }), 'nina came after');
is_deeply(logins('nina'), [$at + 7], 'without auth_time: iat');
is_deeply(logins('mia'), [$at], 'and mia is still at one');

# a subject that JSON has to escape, of nobody the database knows, is no harm

is(seen(sub => 'a"b\\c', iat => $at)->status, 403, 'a stranger');
seen(sub => 'fred', iat => $at + 9);

ok(wait_until(sub { @{ logins('fred') } == 1 }), 'those behind are recorded');

# more than a batch

my $n = 100;

seen(sub => 'adam', iat => $at - $_) for 1 .. $n;

ok(wait_until(sub { @{ logins('adam') } == $n }, 20), "$n of adam");

is($site->pg->psql("select extract(epoch from last_login_at)::bigint
                      from team.identity where subject = 'adam'"),
   $at - 1, 'the last of them is his last login');

# The story: somebody is invited and signs in; told so by the keeper, while they
# still look around, the database doesn't know them.  Then they accept.

my $invited = $site->as('olga')->post('/team/v1/accounts/acme/invitations', {
    email => 'newt@example.com', name => 'Newt', roles => ['member'] });
is($invited->status, 201, 'somebody is invited');

my $newt = $site->anybody(Authorization => 'Bearer ' . token(
    sub => 'newt', email => 'newt@example.com', auth_time => $at + 11));
is($newt->get('/app/')->status, 403, 'signs in, and may not enter yet');
ok(wait_until(sub {
    $site->pg->psql("select count(*) from team.login_waiting
                      where subject = 'newt'") == 1 }),
   'their login waits for them');

is($newt->post('/team/v1/invitations/accept', {
       token => $site->dbh->selectrow_array(
           'select team.invitation_token_issue(?)', undef,
           $invited->json->{id}) })->status, 201, 'accepts');
is($newt->get('/app/')->status, 200, 'enters with the same token');
is_deeply(logins('newt'), [$at + 11], 'and that login is recorded');

my ($entry) = grep { $_->{email} eq 'newt@example.com' }
    @{ $site->as('olga')->get('/team/v1/accounts/acme/directory?q=newt')
            ->json->{items} };
like($entry->{last_login_at}, qr/^\Q${\ rfc3339($at + 11) }\E/,
     'the directory shows it');
is($site->pg->psql("select count(*) from team.login_waiting
                     where subject = 'newt'"), 0, 'nothing waits any more');

# while the database is away they wait

$site->pg->stop('fast');
seen(sub => 'zoe', auth_time => $at + 20);
$site->pg->start;

ok(wait_until(sub { @{ logins('zoe') } == 1 }, 20), 'one from an outage');

$site->nginx->allow(qr/database/);
$site->done_ok;

done_testing;
