#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The database misbehaves: slow queries, killed and stopped backends, a crash,
# refusals, hosts that are not there.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Team::Pool;
use Team::Wait;

my ($pg, $nginx) = pool_start(
    options => 'connections=4 queue=100 timeout=1s');

my $start;


# --- slow queries: our timeout, a cancel, no slot lost -----------------------

for my $round (1 .. 3) {
    $start = now_ms();
    my @answers = many($nginx, 12, 'sleep', 30);

    is(scalar(grep { /^TIMEOUT / } @answers), 12, "round $round: 12 time out");
    cmp_ok(now_ms() - $start, '<', 4000, 'in time');

    ok(wait_until(sub { !sessions($pg, "state = 'active'") }, 3),
       'and are cancelled in the database');
    like(run($nginx, 'one'), qr/^OK /, 'the next query is answered');
}

ok(settled($nginx, $pg), 'no slot is lost');
is(status($nginx)->{timeouts}, 36, 'timeouts are counted');
cmp_ok(status($nginx)->{cancels}, '>=', 9, 'so are cancels');
is(status($nginx)->{connects}, 4, 'the connections were kept');


# A cancel that comes late must not hit the query after it.

my $wrong = 0;

for my $round (1 .. 8) {
    my $one = start_one($nginx, 'sleep', 1);
    my @answers = map { run($nginx, 'sleep', 0.01) } 1 .. 2;
    $wrong += grep { !/^OK / } @answers;
    finish_one($one);
    $wrong += grep { !/^OK / } many($nginx, 4, 'sleep', 0.02);
}

is($wrong, 0, 'no query was hit by the cancel of another one');


# --- killed backends ---------------------------------------------------------

my $killed = kill_backends($pg);

cmp_ok($killed, '>', 1, 'idle backends are killed');
ok(wait_until(sub { gauges($nginx)->{open} == 0 }, 3), 'which is noticed');
like(run($nginx, 'write', 'after-idle-kill'), qr/^OK /,
     'a write afterwards finds a new connection');
ok($nginx->wait_log(qr/\[error\].*\ connection\ was\ lost:\ terminating
                    \ connection\ due\ to\ administrator\ command/x, 3),
   'the log has the reason');
ok($nginx->wait_log(qr/\[notice\].*database connection established again after/,
                    3), 'and that it is well again');

kill_backends($pg);
like(run($nginx, 'write', 'at-once'), qr/^OK /,
     'a write at once after the kill is not lost either');

my $admin = $pg->dbh;

{
    my $read = start_one($nginx, 'wait_pid', 0.45);
    my $pid = kill_busy($admin);
    my $answer = finish_one($read);
    my ($other) = $answer =~ /value=(\d+)/;

    like($answer, qr/^OK /, 'a read whose backend is killed ...');
    isnt($other, $pid, '... is repeated on another');
}

{
    my $before = status($nginx)->{unavailable};
    my $write = start_one($nginx, 'slow_write', 'never');

    kill_busy($admin);
    like(finish_one($write), qr/^UNAVAILABLE /,
         'a write whose backend is killed is not repeated');
    is($pg->psql("select count(*) from test.row where value = 'never'"), 0,
       'and is not there');
    is(status($nginx)->{unavailable}, $before + 1, 'it is counted');
}

$admin->disconnect;


# --- a crash -----------------------------------------------------------------

like(run($nginx, 'one'), qr/^OK /, 'well before the crash');

my $at = length $nginx->error_log;
my $down = now_ms();

$pg->stop('immediate');

ok(wait_until(sub { run($nginx, 'one') =~ /^UNAVAILABLE / }, 3),
   'unavailable after the crash');

my ($slowest, $asked) = (0, 0);
my $end = now_ms() + 3000;

while (now_ms() < $end) {
    $start = now_ms();
    my @answers = many($nginx, 20, 'one');
    my $took = now_ms() - $start;

    $slowest = $took if $took > $slowest;
    $asked += grep { !/^UNAVAILABLE / } @answers;
    select undef, undef, undef, 0.02;
}

is($asked, 0, 'and nothing but unavailable for 3 s');
cmp_ok($slowest, '<', 950, 'told at once');

my $seconds = (now_ms() - $down) / 1000;
my @lines = $nginx->error_log($at) =~ /\[error\].*\bdatabase\b/g;

cmp_ok(scalar @lines, '<=', $seconds + 1.5, 'at most a line a second');
cmp_ok(scalar @lines, '>=', 1, 'but one');
cmp_ok(status($nginx)->{connect_failures}, '<', 20, 'attempts back off');

$pg->start;
$start = now_ms();

ok(wait_until(sub { run($nginx, 'one') =~ /^OK / }, 5), 'it is back');
cmp_ok(now_ms() - $start, '<', 3000, 'within 3 s of "ready"');
ok($nginx->wait_log(qr/\[notice\].*established again after/, 3, $at),
   'which is logged');
is(scalar(grep { /^OK / } many($nginx, 30, 'one')), 30, 'as good as before');


# --- a stopped backend -------------------------------------------------------

{
    my ($pid) = run($nginx, 'pid') =~ /value=(\d+)/;

    kill 'STOP', $pid;

    $start = now_ms();
    like(run($nginx, 'pid'), qr/^TIMEOUT /, 'a stopped backend: a timeout');
    cmp_ok(now_ms() - $start, '<', 2000, 'in time');

    my @answers = map { run($nginx, 'pid') } 1 .. 20;

    is(scalar(grep { /^OK / && !/value=$pid / } @answers), 20,
       'others go on without it');
    ok($nginx->wait_log(qr/no answer after a query was cancelled/, 3),
       'its connection is given up');

    kill 'CONT', $pid;
}

ok(settled($nginx, $pg), 'all is well again');


# --- a server that became read-only ------------------------------------------

{
    my ($pid) = run($nginx, 'pid') =~ /value=(\d+)/;

    like(run($nginx, 'set', 'on'), qr/^OK /, 'one session becomes read-only');

    # idle connections are taken in order, so it is this one again
    like(run($nginx, 'write', 'x'), qr/^REFUSED .* sqlstate=25006 /,
         'a write is refused');
    unlike(run($nginx, 'pid'), qr/value=$pid /,
           'and the connection is not used again');
    like(run($nginx, 'write', 'x'), qr/^OK /, 'the next write succeeds');
}

is($nginx->stop('QUIT'), 1, 'a graceful end');
$nginx->done_ok;
ok(wait_until(sub { sessions($pg) == 0 }), 'no session is left');


# --- refusals ----------------------------------------------------------------

$pg->psql(q{alter role gateway connection limit 2});

$nginx = pool_nginx(conninfo => $pg->conninfo(user => 'gateway'),
                    options => 'connections=6 queue=100 timeout=3s');
$nginx->start;

my @answers = many($nginx, 20, 'sleep', 0.02);

is(scalar(grep { /^OK / } @answers), 20,
   'two connections of six allowed: all are served');

# of several that come together PostgreSQL may refuse too many

ok(wait_until(sub {
    many($nginx, 4, 'sleep', 0.02);
    return sessions($pg) == 2;
}), 'by those two');
like($nginx->error_log, qr/\[error\].*too many connections for role/,
     'the log tells');
$nginx->done_ok;
$pg->psql('alter role gateway connection limit -1');

rules("local all postgres trust\n"
      . "host all gateway 127.0.0.1/32 scram-sha-256\n");

$nginx = pool_nginx(
    conninfo => $pg->conninfo(user => 'gateway', tcp => 1,
                              password => 'wr0ng'));
$nginx->start;

ok(wait_until(sub { run($nginx, 'one') =~ /^UNAVAILABLE / }, 5),
   'a wrong password: unavailable');
like($nginx->error_log, qr/\[error\].*password authentication failed/,
     'the log tells why');
unlike($nginx->error_log, qr/wr0ng/, 'but not the password');
$nginx->done_ok;

$nginx = pool_nginx(
    conninfo => $pg->conninfo(user => 'gateway', tcp => 1,
                              password => 'correct'));
$nginx->start;
like(run($nginx, 'one'), qr/^OK /, 'the right password, with SCRAM');
$nginx->done_ok;


# --- hosts -------------------------------------------------------------------

sub conf_of {
    my ($conninfo) = @_;
    my ($status, $out) = $nginx->test_config(
        http => "team_pool_test \"$conninfo\"; access_log off;");
    return $out;
}

$nginx = pool_nginx(conninfo => 'host=/none');
$nginx->{vars}{LOAD_MODULE} or BAIL_OUT('no module');
$nginx->start;

like(conf_of('host=no-such-host.invalid'),
     qr/\[emerg\].*team_pool_test:\ can't\ be\ resolved:
       \ host\ "no-such-host\.invalid":.*:\d+$/mx,
     'a host that does not exist, at nginx -t');
like(conf_of('host=/x nonsense=1'),
     qr/\[emerg\].*invalid connection option "nonsense"/, 'an unknown key');
unlike(conf_of('host=/x password=open sesame'), qr/sesame"/,
       'a password with a space is not repeated');
like(conf_of('host=/x password=open sesame'),
     qr/\[emerg\].*is not a connection string/, 'but refused');
like(conf_of('host=a,b port=1,2,3'), qr/\[emerg\].*"port" has not as many/,
     'ports that do not fit');
like(conf_of('host=/x port=x'), qr/\[emerg\].*"port" is not a number/,
     'a port that is none');
like(conf_of('service=x'), qr/\[emerg\].*"service" is not supported/,
     'a service file');
like(conf_of('host=/x client_encoding=LATIN1'),
     qr/\[emerg\].*can only be UTF8/, 'another encoding');
like(conf_of('postgresql://u:p%27w@localhost:1,127.0.0.1:2/db'),
     qr/test is successful/, 'a URI with two hosts');

like(run($nginx, 'one'), qr/^UNAVAILABLE /, 'a socket that is not there');
$nginx->done_ok;

rules("local all all trust\nhost all all 127.0.0.1/32 trust\n");

{
    # a port that accepts and never says a word

    my $silent = IO::Socket::INET->new(Listen => 64, LocalAddr => '127.0.0.1')
        or die "listen: $!";
    my $ports = join ',', $silent->sockport, $pg->port;

    $nginx = pool_nginx(
        conninfo => "host=localhost,localhost hostaddr=127.0.0.1,127.0.0.1"
                    . " port=$ports user=gateway dbname=team"
                    . ' target_session_attrs=read-write',
        options => 'timeout=300ms');
    $nginx->start;

    $start = now_ms();
    ok(wait_until(sub { run($nginx, 'write', 'second-host') =~ /^OK / }, 5),
       'the first of two hosts is silent: the second serves');
    cmp_ok(now_ms() - $start, '<', 2000, 'soon');

    $nginx->done_ok;
}

done_testing();


# Each has ended then, or nginx may talk to one that is about to.

sub kill_backends {
    my ($pg) = @_;

    return $pg->psql(q{select count(pg_terminate_backend(pid, 10000))
                         from pg_stat_activity
                        where application_name = 'ngx_team/worker'});
}


# Kills the backend that runs a query, as soon as one does; its pid.

sub kill_busy {
    my ($admin) = @_;

    my $pid;

    wait_until(sub {
        ($pid) = $admin->selectrow_array(<<'EOT');
select pid
  from pg_stat_activity
 where application_name = 'ngx_team/worker'
   and state = 'active'
EOT
        return $pid;
    }) or die 'no query runs';

    $admin->do('select pg_terminate_backend(?)', undef, $pid);

    return $pid;
}


# Who may connect, from now on.

sub rules {
    my ($text) = @_;

    my $path = $pg->data . '/pg_hba.conf';
    my $loaded = $pg->psql('select pg_conf_load_time()');

    open my $hba, '>', $path or die "$path: $!";
    print {$hba} $text;
    close $hba or die "$path: $!";

    $pg->psql('select pg_reload_conf()');
    wait_until(sub { $pg->psql('select pg_conf_load_time()') ne $loaded })
        or die 'the server does not read its rules';

    return;
}
