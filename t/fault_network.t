#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The network between nginx and PostgreSQL becomes a black hole: nothing says
# that connections are dead.  The lease ends all the same, a right that was
# taken away meanwhile is not used beyond it, and nginx goes on serving.
#
# nginx and this test live in one network namespace, PostgreSQL in another, a
# pair of virtual interfaces between them; both vanish with the test.

use strict;
use warnings;

use POSIX ();
use Test::More;

my $HERE = '10.231.7.1';
my $THERE = '10.231.7.2';
my $CLONE_NEWNET = 0x40000000;
my $SETNS = (POSIX::uname())[4] eq 'x86_64' ? 308
          : (POSIX::uname())[4] =~ /^(?:aarch64|riscv64)$/ ? 268 : undef;

# not in there yet: again, inside of a new namespace

if (!$ENV{TEAM_NETWORK_TEST}) {
    plan skip_all => 'network namespaces need root' if $> != 0;
    plan skip_all => 'no number of setns() for this machine' unless $SETNS;

    for my $tool (qw(ip unshare nsenter)) {
        plan skip_all => "no program \"$tool\""
            unless grep { -x "$_/$tool" } split(/:/, $ENV{PATH}),
                                          qw(/usr/sbin /sbin);
    }

    $ENV{PATH} .= ':/usr/sbin:/sbin';

    plan skip_all => 'no network namespace can be made here'
        if system('unshare --net ip link add type veth 2>/dev/null') != 0;

    $ENV{TEAM_NETWORK_TEST} = 1;
    exec 'unshare', '--net', $^X, (map { "-I$_" } @INC), $0, @ARGV;
}

require Team::Fault;
require Team::Load;
require Team::Postgres;
require Team::Token;
require Team::Wait;

Team::Fault->import;
Team::Token->import;
Team::Wait->import;


sub run {
    my (@command) = @_;

    system(@command) == 0 or die "@command: status $?\n";

    return;
}


# Runs code with PostgreSQL's network; what it starts stays there.

sub over_there {
    my ($pid, $code) = @_;

    open my $own, '<', '/proc/self/ns/net' or die $!;
    open my $other, '<', "/proc/$pid/ns/net" or die $!;

    syscall($SETNS, fileno $other, $CLONE_NEWNET) == 0 or die "setns: $!";
    my $done = eval { $code->(); 1 };
    my $error = $@;
    syscall($SETNS, fileno $own, $CLONE_NEWNET) == 0 or die "setns: $!";

    die $error unless $done;

    return;
}


sub on_link {
    my ($pid, $state) = @_;

    run('nsenter', '-t', $pid, '-n', 'ip', 'link', 'set', 'there', $state);

    return;
}


# A process keeps the other namespace: it reads what nobody writes, until our
# end of its pipe closes.

pipe my $gate_read, my $gate_write or die "pipe: $!";
pipe my $up_read, my $up_write or die "pipe: $!";

defined(my $holder = fork) or die "fork: $!";

if (!$holder) {
    close $gate_write;
    close $up_read;
    open STDIN, '<&', $gate_read or POSIX::_exit(1);
    open STDOUT, '>&', $up_write or POSIX::_exit(1);
    exec 'unshare', '--net', 'sh', '-c', 'echo up; exec cat >/dev/null'
        or POSIX::_exit(127);
}

close $gate_read;
close $up_write;
<$up_read>;

run(qw(ip link set lo up));
run(qw(ip link add here type veth peer name there netns), $holder);
run('ip', 'addr', 'add', "$HERE/24", 'dev', 'here');
run(qw(ip link set here up));
run('nsenter', '-t', $holder, '-n', 'ip', 'link', 'set', 'lo', 'up');
run('nsenter', '-t', $holder, '-n', 'ip', 'addr', 'add', "$THERE/24", 'dev',
    'there');
on_link($holder, 'up');

my $pg = Team::Postgres->new(start => 0, conf => {
    listen_addresses => $THERE });

open my $hba, '>>', $pg->data . '/pg_hba.conf' or die $!;
print {$hba} "host all all $HERE/32 trust\n";
close $hba;

over_there($holder, sub { $pg->start });
people($pg);

my (undef, $nginx) = fault_site(pg => $pg, conninfo => { host => $THERE },
    database => 'connections=2 timeout=1s');

my %tokens = map { $_ => token(sub => $_) } qw(olga adam mia nina);
my $load = Team::Load->new(port => $nginx->port, connections => 16,
    rate => 100, timeout => 10_000,
    requests => [map { [$_, request('/app/', $tokens{$_})] }
                 sort keys %tokens]);
my $open = Team::Load->new(port => $nginx->port, rate => 50,
                           requests => [[open => request('/')]]);

ok(wait_until(sub { status_of($nginx)->{leased} }, 5), 'a lease');
$load->more(40);

on_link($holder, 'down');
my $down = now_ms();

# nginx can't hear of this

$pg->psql("update team.member m
              set status = 'suspended'
             from team.identity i
            where i.id = m.identity_id
              and i.subject = 'nina'");
my $suspended = now_ms();

# when we asked, and were told for the last time that there is a lease

my $leased = $down;

ok(wait_until(sub {
    my $asked = now_ms();

    return 1 unless status_of($nginx)->{leased};

    $leased = $asked;
    return 0;
}, 10), 'the lease ends');

my $lasted = $leased - $down;
cmp_ok($lasted, '<', 3000 + 50, sprintf 'within 3 s: %.0f ms', $lasted);

ok(wait_until(sub { who($nginx, 'nina')->get('/app/')->status == 503 }, 10),
   'then nobody knows who may');

wait_until(sub { now_ms() - $down > 6000 }, 10);

on_link($holder, 'up');
my $up = now_ms();

ok(wait_until(sub { who($nginx, 'mia')->get('/app/')->status == 200 }, 20),
   'the network is back');
my $back = now_ms() - $up;
cmp_ok($back, '<', 5000, sprintf 'and nginx %.0f ms later', $back);
ok(wait_until(sub { status_of($nginx)->{leased} }, 10), 'leased again');
ok(wait_until(sub { who($nginx, 'nina')->get('/app/')->status == 403 }, 5),
   'who was suspended is refused, by whichever worker');

my @answers = $load->stop;
my @open = $open->stop;

my @late = grep { $_->{tag} eq 'nina' && $_->{status} == 200
                  && $_->{at} + $_->{ms} > $suspended } @answers;
my ($last) = sort { $b <=> $a } map { $_->{at} - $suspended } @late;
cmp_ok($last // 0, '<', 4000,
       sprintf 'the last time she was let in: %.0f ms after', $last // 0);

# both: "stale" counts from a grant's load, the lease from its last proof

my @dark = grep { $_->{at} > $down + 4000 && $_->{at} + $_->{ms} < $up }
           @answers;
cmp_ok(scalar @dark, '>', 20, 'requests in the dark: ' . @dark);
is(scalar(grep { $_->{status} != 503 } @dark), 0, 'all of them 503')
    or diag(explain([grep { $_->{status} != 503 } @dark]));

my @first = grep { $_->{at} > $down && $_->{at} + $_->{ms} < $leased
                   && $_->{tag} ne 'nina' } @answers;
is(scalar(grep { $_->{status} != 200 } @first), 0,
   'within the lease the caches answered: ' . @first);

my ($slowest) = sort { $b <=> $a } map { $_->{ms} } @open;
is(scalar(grep { $_->{status} != 200 } @open), 0,
   'unprotected locations: ' . @open . ' requests, all served');

# a worker that waited for the network would do so for the timeout, a second

cmp_ok($slowest, '<', 500, sprintf 'the slowest in %.1f ms', $slowest);

# what the server still holds of the old connections ends as soon as it says
# something on them; those of now are counted

ok(wait_until(sub {
    my $status = status_of($nginx);
    return !$status->{connections_busy} && !$status->{queries_waiting};
}, 10), 'no query is left');

$nginx->done_ok;

close $gate_write;
waitpid $holder, 0;

done_testing;
