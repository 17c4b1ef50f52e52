#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# A hundred reloads under load, queries in flight each time; then two upgrades
# of the binary.  No request fails, no alert is logged, nothing is left behind.

use strict;
use warnings;

use Test::More;

use Team::Fault;
use Team::Load;
use Team::Nginx;
use Team::Token;
use Team::Wait;

my $RELOADS = $ENV{TEAM_RELOADS} // 100;


# mia, who is cached, and people of whom nothing is known, in turn.

sub load {
    my ($nginx, $prefix) = @_;

    my $mia = token(sub => 'mia');

    return Team::Load->new(port => $nginx->port, connections => 12,
        rate => 250, keepalive => 1, requests => [map {
            ([mia => request('/app/', $mia)],
             [nobody => request('/app/', many_token("$prefix$_"))])
        } 1 .. 3000]);
}


sub check {
    my (@answers) = @_;

    my %expected = (mia => 200, nobody => 403, load => 0);
    my @wrong = grep { $_->{status} != $expected{ $_->{tag} }
                       || $_->{error} } @answers;
    my @misses = grep { ($_->{cache} // '') eq 'MISS' } @answers;

    is(scalar @wrong, 0, 'no request failed: ' . @answers . ' of them')
        or diag(explain([splice @wrong, 0, 5]));
    cmp_ok(scalar @misses, '>', @answers / 5,
           'with queries in flight: ' . @misses);
    return;
}


subtest "$RELOADS reloads" => sub {
    my ($pg, $nginx) = fault_site(cache => 'valid=60s stale=3s absent=1s');
    slow_down($pg, 0.02);

    my $load = load($nginx, 'r');
    $load->more(50);

    my $done = 0;

    # old workers may still be ending when the next reload comes

    for my $round (1 .. $RELOADS) {
        $done++ if $nginx->reload(old => $round % 10);
    }

    is($done, $RELOADS, 'all done');
    check($load->stop);

    ok(wait_until(sub { $nginx->workers(all => 1) == 2 }, 20),
       'only the last workers are there');
    ok(wait_until(sub { status_of($nginx)->{leased} }, 5), 'leased');

    my $keeper = status_of($nginx)->{keeper_pid};
    ok((grep { $_ == $keeper } $nginx->workers), 'the keeper is one of them');
    ok(quiet($nginx, $pg), 'connections as counted');
    cmp_ok(sessions($pg), '<=', 5, "two a worker and the keeper's");

    # still in the shared zone, although no worker of then is there

    like(who($nginx, 'mia')->get('/app/')->header('X-Cache'),
         qr/^(ZONE|WORKER)$/, 'the zone outlives every reload');

    my ($most, @lines) = error_lines($nginx);
    is(scalar @lines, 0, 'no line at error level or above')
        or diag(join "\n", @lines);

    $nginx->done_ok;
};


# nginx refuses an upgrade while its parent is the one that started it, as it
# is under "daemon off": so a process in between ends when nginx is up.

sub orphaned {
    my $real = Team::Nginx->binary;
    my $dir = File::Temp::tempdir('team-upgrade-XXXXXXXX', TMPDIR => 1,
                                  CLEANUP => 1);

    open my $file, '>', "$dir/nginx" or die $!;
    print {$file} <<"EOT";
#!/bin/sh
case " \$* " in *" -V "*) exec $real -V ;; esac
( $real "\$@" & until [ -s "\$2/nginx.pid" ]; do :; done )
exec tail -f /dev/null
EOT
    close $file;
    chmod 0755, "$dir/nginx";

    return "$dir/nginx";
}


# Unlike a reload, an upgrade starts with a zone of its own: nginx maps shared
# memory anew in the new binary.  Old and new serve side by side, each with its
# keeper.

subtest 'upgrades of the binary' => sub {
    my ($pg, $nginx);
    {
        local $ENV{TEAM_NGINX} = orphaned();
        ($pg, $nginx) = fault_site();
    }
    slow_down($pg, 0.01);

    my $load = load($nginx, 'u');
    my $masters = 0;

    for my $way ('QUIT', 'WINCH, QUIT') {
        my $old = $nginx->pid;
        my @old = $nginx->workers;

        kill USR2 => $old;

        ok(wait_until(sub { ($nginx->pid // $old) != $old }, 20),
           'a new master') or last;

        my $new = $nginx->pid;

        ok(wait_until(sub { $nginx->workers(master => $new) == 2 }, 20),
           'with workers');
        is(scalar(@{[$nginx->workers(master => $old)]}), 2,
           'beside the old ones');

        # somebody loses a right while both serve: both keepers hear of it

        my $dbh = $pg->dbh;
        my $nina = who($nginx, 'nina');

        # the new keeper's first lease: changes reach both from now on

        ok(wait_until(sub {
            $pg->backends("query ~ 'changes_'") >= 2
        }), 'two keepers');
        is($nina->get('/app/')->status, 200, 'nina is let in');

        $dbh->do(<<'EOT', undef, $ISSUER);
update team.member m
   set status = 'suspended'
  from team.identity i
 where i.id = m.identity_id
   and i.issuer = ?
   and i.subject = 'nina'
EOT
        ok(wait_until(sub {
            !grep { who($nginx, 'nina')->get('/app/')->status != 403 } 1 .. 8
        }, 3), 'suspended: neither of them lets her in');

        $dbh->do("update team.member set status = 'active'
                   where id = (select m.id from team.member m
                                 join team.identity i on i.id = m.identity_id
                                where i.subject = 'nina')");

        if ($way =~ /WINCH/) {
            kill WINCH => $old;
            ok(wait_until(sub { !$nginx->workers(master => $old,
                                                 all => 1) }, 20),
               'WINCH: the old workers end');
        }

        kill QUIT => $old;

        ok(wait_until(sub { !kill 0, $old }, 20), 'the old master ends');
        ok(!(grep { kill 0, $_ } @old), 'and its workers');
        $masters++;

        wait_until(sub { who($nginx, 'nina')->get('/app/')->status == 200 }, 5);
    }

    is($masters, 2, 'two upgrades');
    check($load->stop);

    ok(wait_until(sub { status_of($nginx)->{leased} }, 5), 'leased');
    ok(quiet($nginx, $pg), 'connections as counted');

    $nginx->done_ok;
};

done_testing;
