#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Queries through the pool: answers, errors, sizes, queue and notifications.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Team::Pool;
use Team::Wait;

my ($pg, $nginx) = pool_start(
    options => 'connections=4 queue=40 timeout=8s listen');


# --- answers -----------------------------------------------------------------

is(gauges($nginx)->{open}, 0, 'nothing is opened before the first query');

like(run($nginx, 'one'), qr/^OK rows=1 columns=1 len=1 value=1 last=value /,
     'a row');
like(run($nginx, 'one'), qr/^OK rows=1 .* value=1 /, 'the same, prepared');
like(run($nginx, 'many', 3), qr/^OK rows=3 columns=2 len=1 value=1 last=null/,
     'rows, and a null');
like(run($nginx, 'many', 0), qr/^OK rows=0 columns=2 /, 'no row');
like(run($nginx, 'echo'), qr/^OK rows=1 columns=1 len=0 .* last=null /,
     'a null parameter');
like(run($nginx, 'echo', "a'b"), qr/^OK .* value=a'b /, 'a quote is text');
like(run($nginx, 'write', 'kept'), qr/^OK rows=1 .* value=kept /, 'a write');
is($pg->psql('select value from test.row'), 'kept', 'is there');

for my $size (1000, 100_000, 2_000_000, 20_000_000) {
    like(run($nginx, 'big', $size), qr/^OK rows=1 columns=1 len=$size /,
         "a value of $size bytes");
}

like(run($nginx, 'many', 50_000), qr/^OK rows=50000 /, '50,000 rows');

is(gauges($nginx)->{open}, 1, 'one after the other needs one connection');


# --- errors ------------------------------------------------------------------

like(run($nginx, 'divide', 0),
     qr/^REFUSED rows=0 .* sqlstate=22012 message=division by zero /,
     'an error');
like(run($nginx, 'raise', 'TM404'),
     qr/^REFUSED .*\ sqlstate=TM404\ message=the-message
        \ detail=the-detail\ hint=the-hint$/mx,
     'an error of our own, with detail and hint');
like(run($nginx, 'missing'), qr/^REFUSED .* sqlstate=42883 /,
     'a missing function');
like(run($nginx, 'missing'), qr/^REFUSED .* sqlstate=42883 /,
     'still missing: it was not taken for prepared');
$pg->psql("create function test.missing() returns text language sql
           as 'select ''found''::text'");
like(run($nginx, 'missing'), qr/^OK .* value=found /, 'found once it is there');
like(run($nginx, 'forbidden'), qr/^REFUSED .* sqlstate=42501 /,
     'a missing right');
like(run($nginx, 'syntax'), qr/^REFUSED .* sqlstate=42601 /, 'bad SQL');
like(run($nginx, 'one'), qr/^OK /, 'the connection is as good as before');

like(run($nginx, 'deferred', 'good'), qr/^OK .* value=good /,
     'a constraint checked at commit holds');
like(run($nginx, 'deferred', 'bad'),
     qr/^REFUSED rows=0 .* sqlstate=TM409 message=not-at-commit /,
     'rows that came before a failing commit are no answer');
is($pg->psql('select pg_catalog.string_agg(value, \',\') from test.deferred'),
   'good', 'only what was committed is there');
like(run($nginx, 'one'), qr/^OK /, 'and on it goes');

is(gauges($nginx)->{open}, 1, 'errors cost no connection');
is(status($nginx)->{connects}, 2, 'nor a new one (one listens)');

unlike($nginx->error_log, qr/division by zero|the-message/,
       'what people cause is not logged');
like($nginx->error_log, qr/\[error\].*database\ refused\ a\ statement:
     .*test\.missing.*while\ talking\ to\ database,\ database:/x,
     'what the operator must mend is');


# --- statements that the server has forgotten --------------------------------

like(run($nginx, 'forget'), qr/^OK .* value=forgotten /, 'deallocate all');
like(run($nginx, 'one'), qr/^OK .* value=1 /, 'a statement is prepared again');
like(run($nginx, 'write', 'again'), qr/^OK .* value=again /, 'a write as well');
is($pg->psql("select count(*) from test.row where value = 'again'"), 1,
   'once');

like(run($nginx, 'changing'), qr/^OK rows=1 columns=1 /, 'a table');
$pg->psql('alter table test.changing add b text');
like(run($nginx, 'changing'), qr/^OK rows=1 columns=2 /,
     'that changed its columns');
$pg->psql('alter table test.changing drop a');
like(run($nginx, 'changing'), qr/^OK rows=1 columns=1 /, 'and again');


# --- many at once ------------------------------------------------------------

my @answers = many($nginx, 30, 'sleep', '0.05');

is(scalar(grep { /^OK / } @answers), 30, '30 at once on 4 connections');
is(gauges($nginx)->{open}, 4, 'which are all open now');
is(gauges($nginx)->{busy}, 0, 'and idle');

# nobody is served before all have come, nor in the first 0.3 s

my $lock = $pg->dbh;

$lock->begin_work;
$lock->do('lock table test.row in access exclusive mode');

my @sockets = map { start_one($nginx, 'write', 'held') } 1 .. 100;

ok(wait_until(sub {
    return gauges($nginx)->{waiting} == 40
           && status($nginx)->{overloaded} == 56;
}), '40 wait, 56 are told at once');

my $come = now_ms();

wait_until(sub { now_ms() - $come > 300 });
$lock->rollback;
$lock->disconnect;

@answers = map { finish_one($_) } @sockets;

my $ok = grep { /^OK / } @answers;
my $over = grep { /^OVERLOADED / } @answers;

is($ok, 44, '4 connections and a queue of 40 take 44');
is($over, 56, 'the others are told');
is(status($nginx)->{overloaded}, 56, 'and counted');
is(gauges($nginx)->{waiting}, 0, 'nobody waits');


# --- notifications -----------------------------------------------------------

my $before = status($nginx)->{notified};

like(run($nginx, 'notify', 'hello'), qr/^OK /, 'a notification from elsewhere');
ok(wait_until(sub { status($nginx)->{notified} > $before }), 'arrives');
is(status($nginx)->{payload}, '', 'is not our own');

like(run($nginx, 'self', 'nonce7'), qr/^OK /,
     'one through the same connection');
ok(wait_until(sub { status($nginx)->{payload} eq 'nonce7' }),
   'arrives and is known as our own');


# --- counters ----------------------------------------------------------------

my ($latency) = status($nginx)->{text} =~ /^latency:((?: \d+)+)$/m;
my @buckets = split ' ', $latency;
my $sum = 0;
$sum += $_ for @buckets;

is(scalar @buckets, 12, 'twelve buckets');
cmp_ok($sum, '>', 70, 'all that was answered is in them');
cmp_ok($buckets[10] + $buckets[11], '>=', 40, 'those of 0.3 s high');
cmp_ok($sum - $buckets[10] - $buckets[11], '>', 30, 'short ones lower');
cmp_ok(status($nginx)->{latency_us}, '>', 44 * 300_000, 'the sum fits');


is($nginx->stop('QUIT'), 1, 'a graceful end');
ok(wait_until(sub { sessions($pg) == 0 }), 'leaves no session');

$nginx->done_ok;

done_testing();
