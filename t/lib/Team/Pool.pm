# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Team::Pool;

# An nginx with only the connection pool in it (t/module/ngx_team_pool_test)
# and a PostgreSQL with things to run.
#
#     my ($pg, $nginx) = pool_start(options => 'connections=4', workers => 1);
#     like(run($nginx, 'one'), qr/^OK/);
#
# TEAM_POOL_SANITIZE=1 builds the module with AddressSanitizer and preloads it;
# TEAM_POOL_SANITIZE=leaks also looks for leaks, which now and then fails by
# itself (LeakSanitizer stumbles over an nginx that it was only preloaded to).

use strict;
use warnings;

use Carp qw(croak);
use Cwd qw(abs_path);
use Exporter 'import';
use Fcntl qw(:flock);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use IO::Select;
use IO::Socket::INET;

use Team::HTTP;
use Team::Nginx;
use Team::Postgres;
use Team::Wait;

our @EXPORT = qw(pool_start pool_nginx pool_pg run many start_one finish_one
                 status gauges settled sessions);

my $ROOT = abs_path(dirname(__FILE__) . '/../../..');
my $SANITIZE = $ENV{TEAM_POOL_SANITIZE};


# The module, built when its sources are newer: its path.

sub pool_module {
    my $flavour = $SANITIZE ? 'sanitize' : 'debug';
    my $out = ($ENV{TEAM_BUILD} // "$ROOT/build") . "/pool_test_$flavour";
    my $flags = '-g -O1 -fPIC -Wextra -Wno-missing-field-initializers'
                . ($SANITIZE ? ' -fno-omit-frame-pointer -fsanitize=address'
                             : '');
    my $link = $SANITIZE ? '-fPIC -fsanitize=address' : '-fPIC';

    make_path($out);

    open my $lock, '>>', "$out/lock" or croak "$out/lock: $!";
    flock $lock, LOCK_EX or croak "lock: $!";

    my $script = <<'EOS';
set -eu
out=$1 module=$2 flags=$3 link=$4
cd /usr/share/nginx/src
. ./conf_flags
key=$(sha256sum "$module/config" ./conf_flags; echo "$flags")
if [ "$key" != "$(cat "$out/key" 2>/dev/null)" ]; then
    rm -rf "$out/objs"
    ./configure --with-cc-opt="$flags" --with-ld-opt="$link" \
        "${NGX_CONF_FLAGS[@]}" --add-dynamic-module="$module" \
        --builddir="$out/objs"
    echo "$key" > "$out/key"
fi
unset MAKEFLAGS MFLAGS MAKELEVEL
make -s -f "$out/objs/Makefile" modules
EOS

    my $log = "$out/log";

    defined(my $pid = fork) or croak "fork: $!";

    if ($pid == 0) {
        open STDOUT, '>', $log;
        open STDERR, '>&', \*STDOUT;
        exec 'bash', '-c', $script, 'build', $out,
             "$ROOT/t/module/ngx_team_pool_test", $flags, $link;
    }

    waitpid $pid, 0;

    if ($?) {
        open my $file, '<', $log or croak "$log: $!";
        local $/;
        croak "the test module does not compile:\n" . <$file>;
    }

    return "$out/objs/ngx_team_pool_test_module.so";
}


sub pool_pg {
    my (%options) = @_;

    my $pg = Team::Postgres->new(bare => 1, tcp => 1, %options);

    $pg->psql('create database team', dbname => 'postgres');
    $pg->psql(<<'SQL');
create role gateway login password 'correct';
create schema test;
grant usage on schema test to gateway;
create table test.row (value text);
create table test.forbidden (value text);
create table test.changing (a int);
insert into test.changing values (1);
create table test.deferred (value text);
create function test.refuse() returns trigger language plpgsql as $$
begin
  if new.value = 'bad' then
    raise exception 'not-at-commit' using errcode = 'TM409';
  end if;
  return null;
end $$;
create constraint trigger refuse after insert on test.deferred
  deferrable initially deferred for each row execute function test.refuse();
create function test.raise(p_code text) returns text language plpgsql as $$
begin
  raise exception 'the-message'
    using errcode = p_code, detail = 'the-detail', hint = 'the-hint';
end $$;
create function test.forget() returns text language plpgsql as $$
begin
  execute 'deallocate all';
  return 'forgotten';
end $$;
create function test.slow_write(p_value text) returns text language plpgsql
as $$
begin
  insert into test.row values (p_value);
  perform pg_sleep(1);
  return p_value;
end $$;
grant select, insert on test.row, test.deferred to gateway;
grant select on test.changing to gateway;
SQL

    return $pg;
}


# nginx alone; options: conninfo, options (of team_pool_test), workers.

sub pool_nginx {
    my (%options) = @_;

    my $module = pool_module();
    my %env;

    if ($SANITIZE) {
        chomp(my $libasan = `gcc -print-file-name=libasan.so`);
        $env{LD_PRELOAD} = $libasan;

        # what nginx allocates it leaves to the end of the process

        my $supp = dirname(dirname($module)) . '/lsan.supp';
        open my $file, '>', $supp or croak "$supp: $!";
        print {$file} "leak:ngx_alloc\nleak:ngx_memalign\n";
        close $file;

        my $leaks = $SANITIZE eq 'leaks' ? 1 : 0;
        $env{ASAN_OPTIONS} = "detect_leaks=$leaks:detect_odr_violation=0";
        $env{LSAN_OPTIONS} = "suppressions=$supp:print_suppressions=0";
    }

    local $ENV{TEAM_NGINX_MODULE} = $module;
    my $self = Team::Nginx->new(
        workers => $options{workers} // 1,
        level => $options{level} // 'info',
        env => \%env,
        vars => { LOAD_MODULE => "load_module  $module;" },
        http => <<"CONF");
    team_pool_test  "$options{conninfo}" @{[ $options{options} // '' ]};
    keepalive_requests  1000000;
    server {
        listen  127.0.0.1:%%PORT%%;
        location / { team_pool_run; }
        location = /status { team_pool_status; }
    }
CONF

    return $self;
}


sub pool_start {
    my (%options) = @_;

    my $pg = pool_pg(%{ $options{pg} // {} });
    my $nginx = pool_nginx(conninfo => $pg->conninfo(user => 'gateway'),
                           %options);

    $nginx->start;

    return ($pg, $nginx);
}


# One statement, one line back.

sub run {
    my ($nginx, $statement, $parameter) = @_;

    my $res = Team::HTTP->new(port => $nginx->port, timeout => 20)
              ->get(_uri($statement, $parameter));

    return $res->status == 200 ? $res->body : 'status ' . $res->status;
}


sub _uri {
    my ($statement, $parameter) = @_;

    return "/?s=$statement" . (defined $parameter ? "&p=$parameter" : '');
}


# Sends a request and does not wait for its answer.

sub start_one {
    my ($nginx, $statement, $parameter) = @_;

    my $socket = IO::Socket::INET->new(PeerHost => '127.0.0.1',
                                       PeerPort => $nginx->port)
        or croak "connect: $!";

    $socket->autoflush;
    print {$socket} 'GET ' . _uri($statement, $parameter)
                    . " HTTP/1.0\r\n\r\n";

    return $socket;
}


# The body of its answer.

sub finish_one {
    my ($socket, $seconds) = @_;

    my $text = '';
    my $end = now_ms() + 1000 * ($seconds // 20);

    while (1) {
        my $left = ($end - now_ms()) / 1000;
        return "no answer: $text" if $left <= 0;

        IO::Select->new($socket)->can_read($left) or next;
        my $n = sysread $socket, $text, 65536, length $text;

        last if !$n;
    }

    return $text =~ /^HTTP\/1\.\d 200 .*?\r\n\r\n(.*)/s ? $1 : "bad: $text";
}


# $n at once; all their answers.

sub many {
    my ($nginx, $n, $statement, $parameter) = @_;

    my @sockets = map { start_one($nginx, $statement, $parameter) } 1 .. $n;

    return map { finish_one($_) } @sockets;
}


# Counters, by name.

sub status {
    my ($nginx) = @_;

    my $text = Team::HTTP->new(port => $nginx->port)->get('/status')->body;

    return { $text =~ /(\w+)=(\w*)/g, text => $text };
}


# open, busy, waiting: summed over the workers.

sub gauges {
    my ($nginx) = @_;

    my %sum = (open => 0, busy => 0, waiting => 0, workers => 0);

    for my $line (split /\n/, status($nginx)->{text}) {
        $line =~ /^worker=\d+ open=(\d+) busy=(\d+) waiting=(\d+)/ or next;
        $sum{open} += $1;
        $sum{busy} += $2;
        $sum{waiting} += $3;
        $sum{workers}++;
    }

    return \%sum;
}


# Nobody works and nobody waits, here and in the database.

sub settled {
    my ($nginx, $pg, $seconds) = @_;

    return wait_until(sub {
        my $sum = gauges($nginx);
        return $sum->{busy} == 0 && $sum->{waiting} == 0
               && sessions($pg) == sessions($pg, "state = 'idle'")
               && sessions($pg) == $sum->{open};
    }, $seconds // 10);
}


# Our sessions, as the database sees them.

sub sessions {
    my ($pg, $where) = @_;

    my @pids = $pg->backends("application_name = 'ngx_team/worker' and ("
                             . ($where // 'true') . ')');

    return scalar @pids;
}


1;
