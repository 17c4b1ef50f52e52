#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# A client goes while its query runs, and nginx does not end the request but
# leads it to what post_action names.  The answer of the query comes while the
# application there is still busy: it is nobody's any more, and must not run
# the request's phases again, nor answer or end the request a second time.

use strict;
use warnings;

use File::Temp ();
use Test::More;

use Team::Fault;
use Team::Token;
use Team::Upstream;
use Team::Wait;

my $dir = File::Temp->newdir;

# answers when it is told to

my $app = Team::Upstream->new(handler => sub {
    wait_until(sub { -e "$dir/go" });
    return [200, [], 'at last'];
});

my ($pg, $nginx) = fault_site(workers => 1, server => <<"EOF");
    location /gate/    { team_access on; post_action \@after;
                         alias %%TESTDIR%%/html/; }
    location /gone/    { team_api; post_action \@after; }
    location \@after   { proxy_pass http://@{[ $app->address ]}; }
EOF

my $dbh = $pg->dbh;


# Lines of the access log about this path.

sub logged {
    my ($path) = @_;

    open my $file, '<', $nginx->dir . '/access.log' or return 0;

    return scalar grep { m{"[A-Z]+ \Q$path\E } } <$file>;
}


sub gone {
    my ($method, $path, $body) = @_;

    my $before = $app->requests;
    my $http = who($nginx, 'olga');

    unlink "$dir/go";

    $dbh->begin_work;
    $dbh->do('lock table team.member in access exclusive mode');

    $http->send($http->format($method, $path, [], $body));
    wait_until(sub { status_of($nginx)->{connections_busy} })
        or die "$path does not wait";
    $http->close;

    ok(wait_until(sub { $app->requests == $before + 1 }),
       "$method $path: post_action");

    $dbh->rollback;
    wait_until(sub { !status_of($nginx)->{connections_busy} })
        or die "$path waits still";

    is(status_of($nginx)->{connections_busy}, 0, 'its query was answered');
    is(logged($path), 0, 'and the request goes on');

    open my $file, '>', "$dir/go" or die $!;
    close $file;

    ok(wait_until(sub { logged($path) }), 'until post_action is done');
    is($app->requests, $before + 1, 'which was done once');
    is(logged($path), 1, 'and logged once');

    return;
}


gone(GET => '/gate/');
gone(GET => '/gone/v1/accounts/acme/members');
gone(POST => '/gone/v1/accounts', { name => 'N', slug => 'n',
                                    preset => 'business' });

ok(quiet($nginx, $pg), 'every connection is idle and counted');
is(who($nginx, 'mia')->get('/app/')->status, 200, 'the gate works');
is(who($nginx, 'mia')->get('/team/v1/me')->status, 200, 'the API works');

$dbh->disconnect;
$nginx->done_ok;

done_testing;
