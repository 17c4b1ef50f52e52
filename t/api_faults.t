#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The API when things go wrong behind it or in front of it: no database, a slow
# one, functions that are broken, clients that go before their answer comes.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Team::HTTP;
use Team::Site;
use Team::Token;
use Team::Wait;

# nothing but its client ends a query, unless a slow database is looked at

my $site = Team::Site->new(database => 'connections=2 timeout=60s');

$site->pg->psql('alter role team_gateway set lock_timeout = 0;
                 alter role team_gateway set statement_timeout = 0');

my $adam = $site->as('adam');
my $mia = $site->path('mia', '/suspension');


sub is_problem {
    my ($res, $status, $code, $name) = @_;

    my $body = eval { $res->json } || {};

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return is(join(' ', $res->status, $res->header('content-type') // '-',
                   $body->{type} // '-'),
              "$status application/problem+json /problems/$code", $name);
}


sub figure {
    my ($name) = @_;

    return $site->anybody->get('/status')->json->{$name};
}


# The owner of a lock that writes to acme wait for; returns what lets it go.

sub hold {
    my $dbh = $site->pg->dbh;

    $dbh->begin_work;
    $dbh->do("select from team.account where slug = 'acme' for update");

    return sub {
        $dbh->rollback;
        $dbh->disconnect;
    };
}


sub waiting {
    return $site->dbh->selectrow_array(<<'EOT');
select count(*)
  from pg_catalog.pg_stat_activity
 where usename = 'team_gateway'
   and wait_event_type = 'Lock'
EOT
}


# The write goes on without its client, and so must what it leads to: nobody
# uses the old grant.

subtest 'a client goes during a write' => sub {
    for my $h2 (0, 1) {
        my $app = $site->as('mia');

        is($adam->delete($mia)->status, 204, 'she is active');
        is($app->get('/app/index.html')->status, 200, 'and has a grant');

        my $release = hold();

        if ($h2) {
            my $pid = fork // die "fork: $!";

            if (!$pid) {
                open STDOUT, '>', '/dev/null';
                open STDERR, '>&', \*STDOUT;
                exec qw(curl -s --http2-prior-knowledge -X PUT -H),
                     'Authorization: Bearer ' . token(sub => 'adam'),
                     $site->nginx->url(1) . $mia;
            }

            ok(wait_until(\&waiting), 'HTTP/2: it waits for the lock');
            kill 'KILL', $pid;
            waitpid $pid, 0;

        } else {
            my $client = $site->as('adam');

            $client->send($client->format(PUT => $mia));
            ok(wait_until(\&waiting), 'HTTP/1.1: it waits for the lock');
            $client->close;
        }

        ok(wait_until(sub {
            my $log = $site->nginx->access_log;
            my $n = () = $log =~ m{"PUT \Q$mia\E HTTP/\S+ 499 }g;
            return $n > $h2;
        }), 'the request is over');

        $release->();

        ok(wait_until(sub {
            $site->dbh->selectrow_array('select status from team.member '
                . 'where id = ?', undef, $site->member('mia')) eq 'suspended'
        }), 'the write came after it');
        ok(wait_until(sub { $app->get('/app/index.html')->status == 403 }),
           'and her access ended');
        ok(wait_until(sub { figure('connections_busy') == 0 }),
           'no connection is left busy');
    }
};


subtest 'a client goes during a read' => sub {
    my $lock = $site->pg->dbh;

    $lock->begin_work;
    $lock->do('lock table team.identity');

    my @clients = map { $site->as('adam') } 1 .. 6;

    $_->send($_->format(GET => '/team/v1/me')) for @clients;

    ok(wait_until(sub { waiting() == 2 && figure('queries_waiting') == 4 }),
       'two run, four wait');

    $_->close for @clients;

    ok(wait_until(sub { figure('queries_waiting') == 0 }),
       'what nobody waits for leaves the queue');

    $lock->rollback;
    $lock->disconnect;

    ok(wait_until(sub { figure('connections_busy') == 0 }),
       'no connection is left busy');
    is($adam->get('/team/v1/me')->status, 200, 'it goes on');
};


subtest 'a slow database' => sub {
    my $http = $site->nginx->{http};

    ok($site->nginx->reload(http => $http =~ s/timeout=60s/timeout=1s/r),
       'which may take a second');

    my $release = hold();
    my $before = now_ms();
    my $res = $adam->put($mia);

    is_problem($res, 503, 'unavailable', 'a write that takes too long');
    cmp_ok(now_ms() - $before, '<', 4000, 'in time');
    is($res->header('retry-after'), 1, 'Retry-After');
    like($res->json->{detail}, qr/not known/,
         'it says that nobody knows what was done');

    $release->();
    ok(wait_until(sub { figure('connections_busy') == 0 }), 'all is idle');
    ok($site->nginx->reload(http => $http), 'and as long as it likes');
};


subtest 'functions that are broken' => sub {

    # they answer what no document describes
    local $site->{contract} = 0;

    my $owner = $site->pg->dbh;

    my $healthz = sub {
        $owner->do('create or replace function team_api.healthz_get('
            . 'p_issuer text default null, p_subject text default null, '
            . 'p_email text default null, p_email_verified boolean default '
            . 'null, p_name text default null) returns team_api.reply '
            . 'language plpgsql security definer set search_path = '
            . "pg_catalog, pg_temp as \$\$ $_[0] \$\$");
        return $site->anybody->get('/team/v1/healthz');
    };

    my $row = sub {
        my $r = join ', ', map { defined ? "'$_'" : 'null' } @_;
        return $healthz->("begin return ($r)::team_api.reply; end");
    };

    my $res = $healthz->(q{begin perform 's3cret'::integer; return null; end});

    is_problem($res, 500, 'internal', 'an error of its own');
    unlike($res->body, qr/s3cret/, 'which shows nothing');
    like($site->nginx->error_log, qr/\[error\].*"healthz_get" .*SQLSTATE 22P02/,
         'the log has a line');
    unlike($site->nginx->error_log, qr/s3cret/, 'which shows nothing either');

    is_problem($healthz->('begin return null; end'), 500, 'internal',
               'no status');
    is_problem($row->(99, '{}', (undef) x 4), 500, 'internal', 'status 99');
    is_problem($row->(200, '{}', qq("a\r\nX-Evil: 1"), (undef) x 3), 500,
               'internal', 'a tag with a line break');

    $res = $row->(201, '{}', undef, "/v1/a\r\nX-Evil: 1", 'x>; rel="y', undef);
    is($res->status, 201, 'a good row');
    is($res->header('location'), '/team/v1/a%0D%0AX-Evil:%201',
       'a line break in Location');
    is($res->header('link'),
       '</team/v1/healthz?cursor=x%3E;%20rel=%22y>; rel="next"',
       'quotes in Link');
    is($res->header('x-evil'), undef, 'no header of their own');

    is_problem($row->(409, '{"code":"last-owner","detail":"d"}', (undef) x 4),
               409, 'last-owner', 'a refusal in a row');
    is_problem($row->(403, '{"code":1}', (undef) x 4), 403, 'forbidden',
               'a code that is none');
    is_problem($row->(403, '{', (undef) x 4), 500, 'internal',
               'a body that is no JSON');
    is_problem($row->(429, undef, (undef) x 4), 429, 'rate-limited',
               'a limit');
    is($row->(429, undef, (undef) x 4)->header('retry-after'), 1,
       'with Retry-After');
    is_problem($row->(503, undef, (undef) x 4), 503, 'unavailable',
               'not now');

    $owner->do('revoke execute on all functions in schema team_api '
               . 'from team_gateway, public');
    $res = $site->anybody->get('/team/v1/healthz');
    is_problem($res, 503, 'unavailable', 'EXECUTE is missing');
    ok(wait_until(sub {
        $site->anybody->get('/team/v1/healthz');
        return $site->nginx->error_log =~ /"healthz_get" .*SQLSTATE 42501/;
    }), 'the log says so, in its turn: a line a second');
    $owner->do('grant execute on all functions in schema team_api '
               . 'to team_gateway');
    $owner->disconnect;

    ok(wait_until(sub { $adam->get('/team/v1/me')->status == 200 }),
       'granted again');
};


subtest 'no database' => sub {
    my $h2 = Team::HTTP->new(port => $site->nginx->port(1));

    $site->dbh->disconnect;
    $site->pg->stop;

    my $before = now_ms();
    my $res;

    is_problem($res = $adam->get('/team/v1/me'), 503, 'unavailable', 'a read');
    is($res->header('retry-after'), 1, 'Retry-After');
    is_problem($adam->put($mia), 503, 'unavailable', 'a write');
    is_problem($site->anybody->get('/team/v1/healthz'), 503, 'unavailable',
               'healthz');
    is_problem($h2->h2(GET => '/team/v1/healthz'), 503, 'unavailable',
               'over HTTP/2');
    is_problem($site->anybody->get('/team/v1/me'), 401, 'token-missing',
               'without a token it makes no difference');
    is($site->anybody->get('/')->status, 200, 'other locations serve');
    cmp_ok(now_ms() - $before, '<', 8000, 'in time');

    $site->pg->start;

    ok(wait_until(sub { $adam->get('/team/v1/me')->status == 200 }),
       'back when it is back');
};


$site->done_ok;

done_testing;
