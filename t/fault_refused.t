#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# PostgreSQL is there but does not let us in: no connection left, a wrong
# password, a missing right.  Nobody is let in on a guess, everybody is told at
# once, the log has a line a second at most and never a password.

use strict;
use warnings;

use Test::More;

use Team::Fault;
use Team::Load;
use Team::Token;
use Team::Wait;

my $PASSWORD = 'open-sesame-1';

# the gateway needs its password; everybody else is trusted

my $pg = Team::Postgres->new(start => 0);
my $hba = $pg->data . '/pg_hba.conf';

open my $file, '+<', $hba or die "$hba: $!";
my $rules = do { local $/; <$file> };
seek $file, 0, 0;
print {$file} "local all team_gateway scram-sha-256\n$rules";
close $file or die "$hba: $!";

$pg->start;
people($pg);
$pg->psql("alter role team_gateway password '$PASSWORD'");

my (undef, $nginx) = fault_site(pg => $pg,
    conninfo => { password => $PASSWORD }, cache => 'valid=1s stale=1s',
    database => 'connections=2 timeout=1s');

my $mia = token(sub => 'mia');
my @requests = map {
    ([mia => request('/app/', $mia, close => 1)],
     [open => request('/', undef, close => 1)],
     [nobody => request('/app/', many_token("nobody$_"))])
} 1 .. 1000;


sub cut {
    $pg->psql("select pg_terminate_backend(pid)
                 from pg_stat_activity
                where usename = 'team_gateway'");
    return;
}


# Breaks it, sees it through for 2.5 s, mends it, sees that it is well.

sub trouble {
    my ($name, $break, $mend, $line) = @_;

    subtest $name => sub {
        ok(wait_until(sub {
            !grep { who($nginx, 'mia')->get('/app/')->status != 200 } 1 .. 8
        }, 5), 'well before, by whichever worker');
        ok(wait_until(sub { status_of($nginx)->{leased} }, 5), 'and leased');

        my $at = length $nginx->error_log;
        my $broken = now_ms();

        $break->();

        ok(wait_until(sub {
            who($nginx, 'mia')->get('/app/')->status == 503
        }, 5), 'then not');

        my $start = now_ms();
        my $load = Team::Load->new(port => $nginx->port, connections => 8,
            rate => 400, keepalive => 0, requests => \@requests);

        # of which a third is each

        $load->more(160);
        wait_until(sub { now_ms() - $start > 2500 }, 5);

        my %by;
        push @{ $by{ $_->{tag} } }, $_ for $load->stop;

        for my $who (qw(mia nobody)) {
            cmp_ok(scalar @{ $by{$who} }, '>', 50, "$who asks");
            is(scalar(grep { $_->{status} != 503 } @{ $by{$who} }), 0,
               'always 503');
            is(scalar(grep { $_->{retry_after} !~ /^[1-9]/ } @{ $by{$who} }),
               0, 'with Retry-After');
            is(scalar(grep { $_->{ms} > 1500 } @{ $by{$who} }), 0, 'soon');
        }

        is(scalar(grep { $_->{status} != 200 } @{ $by{open} }), 0,
           'unprotected locations are served');

        my $seconds = int((now_ms() - $broken) / 1000) + 2;
        my ($most, @lines) = error_lines($nginx, $at);

        cmp_ok(scalar @lines, '>=', 1, 'the log says so');
        cmp_ok(scalar @lines, '<=', $seconds, 'a line a second at most')
            or diag(join "\n", @lines);
        ok((grep { $_ =~ $line } @lines), 'with the reason')
            or diag(join "\n", @lines);

        $mend->();

        my $mended = now_ms();
        ok(wait_until(sub {
            who($nginx, 'mia')->get('/app/')->status == 200
        }, 10), 'it is mended');
        cmp_ok(now_ms() - $mended, '<', 3500, 'soon');
        ok(wait_until(sub {
            who($nginx, 'dora')->get('/app/')->status == 403
        }, 5), 'by either worker, whose pauses between attempts differ');
        ok(wait_until(sub { status_of($nginx)->{leased} }, 5), 'leased');
        ok(quiet($nginx, $pg), 'and quiet');
    };

    return;
}


my $holder;

trouble('no connection left',
    sub {
        $pg->psql('alter role team_gateway connection limit 1');
        cut();

        # ours is the only one that there may be

        wait_until(sub {
            $holder = eval {
                $pg->dbh(user => 'team_gateway', password => $PASSWORD)
            };
            cut_others() unless $holder;
            return $holder;
        }) or die 'no connection of our own';
    },
    sub {
        $holder->disconnect;
        $pg->psql('alter role team_gateway connection limit -1');
    },
    qr/too many connections for role/);


sub cut_others {
    $pg->psql("select pg_terminate_backend(pid)
                 from pg_stat_activity
                where application_name like 'ngx_team%'");
    return;
}


trouble('a wrong password',
    sub {
        $pg->psql("alter role team_gateway password 'another'");
        cut();
    },
    sub { $pg->psql("alter role team_gateway password '$PASSWORD'") },
    qr/password authentication failed for user "team_gateway"/);

my $function = 'function team_api.grant_get(text, text, text)';

trouble('a missing EXECUTE',
    sub { $pg->psql("revoke execute on $function from team_gateway") },
    sub { $pg->psql("grant execute on $function to team_gateway") },
    qr/permission denied for function grant_get/);

my $grant_get = 'team_api.grant_get(text, text, text)';

# what the server refuses for reasons of its own

trouble('every look-up is refused by the server',
    sub {
        $pg->psql(<<"EOT");
alter function $grant_get rename to grant_get_kept;
create function team_api.grant_get(p_issuer text, p_subject text,
  p_account text, out status text, out account_id text, out member_id text,
  out roles text, out permissions text)
language plpgsql
as \$\$
begin
  raise exception 'out of shared memory' using errcode = '53200';
end \$\$;
grant execute on function $grant_get to team_gateway;
EOT
    },
    sub {
        $pg->psql("drop function $grant_get;
                   alter function team_api.grant_get_kept(text, text, text)
                     rename to grant_get");
    },
    qr/grants can't be read: out of shared memory .53200 in grant_get/);

unlike($nginx->error_log, qr/\Q$PASSWORD\E/, 'no password in the log');

$nginx->done_ok;

done_testing;
