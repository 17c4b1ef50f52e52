#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The demo as a newcomer meets it: it says what to try, what it says is true,
# Ctrl-C leaves nothing behind, and what is wrong is told in one line.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp;
use JSON;
use POSIX ();
use Test::More;

use Team::HTTP;
use Team::Port;
use Team::Wait;

my $root = abs_path(dirname(__FILE__) . '/..');
my $tmp = File::Temp->newdir;

# Everything the demo makes is made here.

$ENV{TMPDIR} = "$tmp/t";
mkdir "$tmp/t" or die $!;
chmod 0755, "$tmp", "$tmp/t";

my $port = free_port();
my $demo = start($port);
my $ready = "ngx_team demo is ready: http://127.0.0.1:$port/\n";

wait_until(sub { $demo->{out}->() =~ /Ctrl-C/ || $demo->{ended}->() }, 120);
like($demo->{out}->(), qr/^\Q$ready\E/, 'it is ready');

my @lines = $demo->{out}->() =~ /^\s+(curl .*)$/mg;

is(scalar @lines, 3, 'three lines to try');

my @answers = map { scalar `$_ -s --max-time 10` } @lines;

like($answers[0], qr{^HTTP/1.1 200 .*^Hello fiona\@example.com}ms, 'may');
like($answers[0], qr/^ *X-Team-Roles: finance$/m, 'the application is told');
like($answers[1], qr{^HTTP/1.1 403 .*/problems/permission-missing}ms,
     'may not');
like($answers[2], qr{^HTTP/1.1 401 .*/problems/token-missing}ms, 'is nobody');

my $http = Team::HTTP->new(port => $port);
my $people = $http->get('/demo/tokens.json')->json;
my %presets = map { $_->{preset} => 1 } @$people;

is_deeply([sort keys %presets],
          [qw(branches business hosting travel workspace)],
          'people of five presets');

for my $account (qw(acme northwind globetrot stratus atelier)) {
    my %parts = map { $_->{part} => 1 }
                grep { $_->{account} eq $account } @$people;

    is(join(' ', grep { $parts{$_} } qw(owner manager member outsider)),
       'owner manager member outsider', "$account: a token for each part");
}

for my $person (@$people) {
    my $res = $http->get('/app/',
                         Authorization => "Bearer $person->{token}",
                         'X-Account' => $person->{account});

    is($res->status, $person->{status} eq 'active' ? 200 : 403,
       "$person->{name}: $person->{role} in $person->{account}, "
       . $person->{status});
}

my ($owner) = grep { $_->{role} eq 'Owner' } @$people;

$http->close;
is($http->get('/team/v1/me', Authorization => "Bearer $owner->{token}")
        ->json->{email}, $owner->{email}, 'the API answers');

states();
day();

my @pids = processes();

cmp_ok(scalar @pids, '>', 3, 'processes are there');


# a second demo on the same port

my $second = start($port);

ok(wait_until($second->{ended}, 60), 'a second one on the port ends');
is($second->{status}->(), 1, 'with status 1');
like($second->{out}->(),
     qr/^demo: can't listen on 127.0.0.1:$port: address already in use .*\n\z/,
     'one line');

is($http->get('/')->status =~ /^(200|302)$/ ? 1 : 0, 1, 'the first one runs');


# Ctrl-C

kill 'INT', $demo->{pid};
ok(wait_until($demo->{ended}, 60), 'it ends');
is($demo->{status}->(), 0, 'with status 0');
is_deeply([grep { kill 0, $_ } @pids], [], 'no process is left');
is_deeply([glob "$tmp/t/*"], [], 'no file is left');


# what is wrong

for my $case (
    ['a port', { DEMO_PORT => 'http' },
     qr/^demo: DEMO_PORT is no port: 'http'/],
    ['a port', { DEMO_PORT => 65536 }, qr/^demo: DEMO_PORT is no port/],
    ['the module', { TEAM_NGINX_MODULE => "$tmp/none.so" },
     qr/^demo: the module is missing/],
    ['PostgreSQL', { TEAM_PG_BIN => "$tmp" }, qr/^demo: PostgreSQL: no /])
{
    my ($what, $env, $line) = @$case;
    local %ENV = (%ENV, %$env);
    my $wrong = start($ENV{DEMO_PORT} // free_port());

    ok(wait_until($wrong->{ended}, 60), "$what: ends");
    is($wrong->{status}->(), 1, "$what: status");
    like($wrong->{out}->(), qr/$line[^\n]*\n\z/, "$what: one line says why");
    is_deeply([glob "$tmp/t/*"], [], "$what: nothing left");
}

done_testing;


# As an account's owner sees it: nobody is missing whom its preset knows.

sub states {
    my %expected = (
        acme => 'invitation expired, invitation pending, member active, '
                . 'member suspended; auditor',
        northwind => 'invitation declined, invitation expired, '
                     . 'invitation pending, member active; reporter',
        globetrot => 'invitation expired, invitation pending, member active, '
                     . 'member suspended; office-manager',
        stratus => 'invitation expired, invitation pending, member active; '
                   . 'support',
        atelier => 'join_request pending, member active; guide'
    );

    for my $account (sort keys %expected) {
        my @rows = items($account, 'directory');
        my @custom = grep { !$_->{system} } items($account, 'roles');

        is(words(', ', map { "$_->{kind} $_->{status}" } @rows) . '; '
           . words(' ', map { $_->{key} } @custom), $expected{$account},
           "$account: who is there");
        cmp_ok(scalar(items($account, 'members/me/logins')), '>=', 5,
               '... and the owner signs in');

        next if $account eq 'atelier';

        is(scalar(items($account, 'invitations?status=withdrawn')), 1,
           '... and one was not to come');
        is(scalar(items($account, 'audit-events?action=invitation.decline')),
           1, '... and one did not want to');
    }

    is(words(' ', map { $_->{slug} } items('northwind', 'subaccounts')),
       'northwind-osaka northwind-oslo', 'northwind: branches');
    is(words(' ', map { $_->{name} } items('globetrot', 'groups')),
       'Engineering Sales', 'globetrot: groups');
    is(scalar(items('atelier', 'invite-links')), 1, 'atelier: a link');
    is(scalar(items('atelier', "audit-events?action=join-request.$_")), 1,
       "atelier: $_") for qw(approve reject);

    return;
}


# One of an account's lists, by its owner.

sub items {
    my ($account, $list) = @_;

    my ($by) = grep { $_->{account} eq $account && $_->{part} eq 'owner' }
               @$people;
    my $res = $http->get("/team/v1/accounts/$account/$list",
                         Authorization => "Bearer $by->{token}");

    is($res->status, 200, "$account/$list") or diag($res->body);

    return @{ $res->json->{items} // [] };
}


sub words {
    my ($between, @words) = @_;
    my %words = map { $_ => 1 } @words;

    return join $between, sort keys %words;
}


# The README's ten lines, by a shell, as they stand there.

sub day {
    open my $file, '<', "$root/README.md" or die "README.md: $!";
    my $readme = do { local $/; <$file> };
    my ($block) = $readme =~ /^## A manager's day.*?^```sh\n(.*?)^```/ms
        or die 'README.md has no such block';

    is($block =~ s/127\.0\.0\.1:8080/127.0.0.1:$port/g, 1, 'one address');

    my @day = $block =~ /^curl .*$/mg;

    is(scalar @day, 10, 'ten lines');
    is(scalar(grep { /  # \d{3}$/ } @day), 10, 'each with its status');

    my $script = File::Temp->new(DIR => "$tmp");

    print {$script} 'curl() { command curl -s --max-time 10 "$@"; }', "\n",
        $block =~ s/^(curl )/echo; echo "=== next"; $1/mgr;
    close $script;

    my (undef, @shown) = split /^=== next\n/m, `sh $script 2>&1`;

    for my $n (0 .. $#day) {
        my ($expected) = $day[$n] =~ /# (\d+)$/;
        my ($status) = ($shown[$n] // '') =~ m{^HTTP/1\.1 (\d{3})};

        is($status, $expected, $day[$n] =~ s/  #.*//r) or diag($shown[$n]);
    }

    like($shown[1], qr/"Invitation email sent\. It may take a moment to arr/,
         'the invitation is on its way');
    like($shown[6], qr{/problems/member-suspended}, 'refused for that reason');
    like($shown[9], qr/"Ownership is transferred; you will lose admin/,
         'the account is handed over');

    return;
}


# Runs the demo; its output, whether it ended, and how, by functions.

sub start {
    my ($number) = @_;

    my $out = File::Temp->new(DIR => "$tmp");
    my $status;

    defined(my $pid = fork) or die "fork: $!";

    if (!$pid) {
        $ENV{DEMO_PORT} //= $number;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$out";
        open STDERR, '>&', \*STDOUT;
        { no warnings 'exec'; exec "$root/tools/demo"; }
        POSIX::_exit(127);
    }

    return {
        pid => $pid,
        status => sub { return $status >> 8 || $status & 127 },
        out => sub {
            open my $file, '<', "$out" or die $!;
            local $/;
            return scalar <$file> // '';
        },
        ended => sub {
            return 1 if defined $status;
            return 0 unless waitpid($pid, POSIX::WNOHANG()) == $pid;
            $status = $?;
            return 1;
        }
    };
}


# Those that work in or were started with the demo's directory.

sub processes {
    my @found;

    for my $path (glob '/proc/[0-9]*') {
        my ($pid) = $path =~ /(\d+)/;
        open my $file, '<', "$path/cmdline" or next;
        my $line = do { local $/; <$file> } // '';
        my $cwd = readlink("$path/cwd") // '';

        push @found, $pid if index("$line $cwd", "$tmp/t") >= 0;
    }

    return @found;
}


END {
    local $?;
    kill 'TERM', $demo->{pid} if $demo && !$demo->{ended}->();
}
