# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Team::Nginx;

# An nginx of one test: its own directory, ports and processes, gone with the
# test however the test ends.
#
#     my $nginx = Team::Nginx->new(http => <<'EOF');
#         server {
#             listen  127.0.0.1:%%PORT%%;
#             location / { team_access on; proxy_pass http://%%APP%%; }
#         }
#     EOF
#     $nginx->start;
#     ...
#     $nginx->done_ok;
#
# Options of new():
#
#     http      what stands inside http { }, or
#     config    the whole file
#     vars      { APP => '127.0.0.1:1234' } fills %%APP%%
#     files     { 'jwks.json' => text } is written to the test's directory
#     workers   worker_processes (1)
#     level     of error_log (info)
#     main      more of the top level, with http
#     port      the first port, instead of a free one
#     user      whom workers run as when we are root (root)
#     env       { NAME => value } for the master
#
# Placeholders: %%PORT%%, %%PORT_0%% to %%PORT_9%% (free ports of 127.0.0.1;
# %%PORT%% is the first), %%TESTDIR%%, %%LOAD_MODULE%%, %%GLOBALS%%,
# %%GLOBALS_HTTP%%; the last three are in place already with http.
#
# TEAM_NGINX names the binary, TEAM_NGINX_MODULE the module; empty where the
# module is part of the binary.  TEAM_KEEP=1 keeps the directory.

use strict;
use warnings;

use Carp qw(croak);
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use File::Temp ();
use IO::Socket::INET;
use POSIX ();
use Scalar::Util qw(refaddr weaken);
use Test::Builder;

use Team::Wait;

my $ROOT = abs_path(dirname(__FILE__) . '/../../..');

my %live;       # by address, weak: what END has to end
my $failed;     # an nginx that nobody asked about was not well


sub new {
    my ($class, %options) = @_;

    croak 'http or config is needed'
        unless defined $options{http} || defined $options{config};

    my $self = bless {
        workers => 1, level => 'info', vars => {}, files => {}, env => {},
        main => '', %options, owner => $$, ports => [], allowed => [],
        checked => 0
    }, $class;

    $self->{dir} = abs_path(File::Temp::tempdir('team-nginx-XXXXXXXX',
                                                TMPDIR => 1));
    chmod 0755, $self->{dir};

    weaken($live{refaddr $self} = $self);
    _catch_signals();

    mkdir "$self->{dir}/$_" for qw(logs html);

    $self->write_file($_, $self->{files}{$_}) for keys %{ $self->{files} };
    $self->_ports;

    return $self;
}


sub dir    { return $_[0]{dir} }
sub binary { return $ENV{TEAM_NGINX} // '/usr/sbin/nginx' }

sub port   { return $_[0]{ports}[$_[1] // 0] }
sub url    { return "http://127.0.0.1:" . $_[0]->port($_[1]) }


# The path of a file in the test's directory, replaced in one step.

sub write_file {
    my ($self, $name, $text) = @_;

    my $path = "$self->{dir}/$name";

    make_path(dirname($path));

    open my $file, '>:raw', "$path.new" or croak "$path: $!";
    print {$file} $text;
    close $file or croak "$path: $!";
    rename "$path.new", $path or croak "$path: $!";

    return $path;
}


# Free ports: bound together, so that they differ; then given back.

sub _ports {
    my ($self) = @_;

    my @sockets = map {
        IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0,
                              Proto => 'tcp', Listen => 1, ReuseAddr => 1)
            or croak "no free port: $!"
    } 0 .. 9;

    $self->{ports} = [map { $_->sockport } @sockets];
    $self->{ports}[0] = $self->{port} if $self->{port};

    return;
}


# The configuration's text with everything filled in.

sub expand {
    my ($self, %text) = @_;

    my $text = $text{config};

    $text = <<"EOF" unless defined $text;
%%LOAD_MODULE%%
%%GLOBALS%%
@{[ $text{main} // '' ]}
events {
    worker_connections  1024;
}
http {
%%GLOBALS_HTTP%%
$text{http}
}
EOF

    my $dir = $self->{dir};
    my $module = $ENV{TEAM_NGINX_MODULE} // '';
    my $user = $> == 0 ? 'user  ' . ($self->{user} // 'root') . ';' : '';

    my %vars = (
        TESTDIR => $dir, PORT => $self->port,
        LOAD_MODULE => length $module ? "load_module  $module;" : '',
        GLOBALS => <<"EOF", GLOBALS_HTTP => <<"EOF", %{ $self->{vars} }
daemon  off;
$user
worker_processes  $self->{workers};
worker_shutdown_timeout  20s;
pid  $dir/nginx.pid;
error_log  $dir/error.log $self->{level};
env  ASAN_OPTIONS;
env  LSAN_OPTIONS;
env  UBSAN_OPTIONS;
EOF
    access_log  $dir/access.log;
    client_body_temp_path  $dir/client_body;
    proxy_temp_path  $dir/proxy;
    fastcgi_temp_path  $dir/fastcgi;
    uwsgi_temp_path  $dir/uwsgi;
    scgi_temp_path  $dir/scgi;
EOF
    );

    $vars{"PORT_$_"} = $self->port($_) for 0 .. 9;

    1 while $text =~ s/%%([A-Z][A-Z0-9_]*)%%/
                       $vars{$1} \/\/ croak "no value for %%$1%%"/gex;

    return $text;
}


# Starts nginx and waits until each port of its configuration takes
# connections.  Dies with the log if it does not come up.

sub start {
    my ($self) = @_;

    croak 'already started' if $self->{pid};

    for my $try (1 .. 5) {
        my $text = $self->expand(%$self);

        $self->write_file('nginx.conf', $text);
        $self->_spawn;

        my @ports = grep { $text =~ /\blisten\s+[^;]*\b$_\b/ }
                    @{ $self->{ports} };

        return $self if $self->_is_up(@ports);

        my $log = $self->error_log . $self->stderr;

        $self->_kill_group;

        # somebody was faster: other ports

        croak "nginx did not start:\n$log"
            if $log !~ /bind\(\).*\(98:/ || $self->{port} || $try == 5;

        unlink "$self->{dir}/error.log", "$self->{dir}/stderr";
        $self->_ports;
    }
}


sub _is_up {
    my ($self, @ports) = @_;

    my $up = wait_until(sub {
        return 'gone' if waitpid($self->{pid}, POSIX::WNOHANG()) != 0;
        return unless -s "$self->{dir}/nginx.pid";

        @ports = grep { !IO::Socket::INET->new(PeerHost => '127.0.0.1',
                            PeerPort => $_, Timeout => 1) } @ports;

        return !@ports && $self->workers >= $self->_worker_count;
    }, 30);

    return $up && $up ne 'gone';
}


sub _worker_count {
    my ($self) = @_;

    return $self->{config} ? 1 : $self->{workers};
}


sub _environment {
    my ($self) = @_;

    my $log = "log_path=$self->{dir}/sanitizer";
    my $supp = "suppressions=$ROOT/tools/lsan.supp:print_suppressions=0";

    return (
        ASAN_OPTIONS => "detect_leaks=1:detect_odr_violation=0:$log",
        UBSAN_OPTIONS => "print_stacktrace=1:$log",
        LSAN_OPTIONS => "$supp:$log", %{ $self->{env} }
    );
}


sub _spawn {
    my ($self) = @_;

    # what outlives even our SIGKILL: a process that waits for the pipe's end

    pipe my $read, my $write or croak "pipe: $!";

    defined(my $pid = fork) or croak "fork: $!";

    if (!$pid) {
        setpgrp 0, 0;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{dir}/stderr";
        open STDERR, '>&', \*STDOUT;
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE CHLD);
        %ENV = (%ENV, $self->_environment);
        { no warnings 'exec';
          exec $self->binary, '-p', "$self->{dir}/", '-c',
               "$self->{dir}/nginx.conf"; }
        print STDERR $self->binary . ": $!\n";
        POSIX::_exit(127);
    }

    # in both processes, so that it is done whichever comes first

    setpgrp $pid, $pid;

    $self->{pid} = $self->{group} = $pid;
    $self->_watch($read, $write);

    return;
}


sub _watch {
    my ($self, $read, $write) = @_;

    defined(my $pid = fork) or croak "fork: $!";

    if ($pid) {
        close $read;
        $self->_unwatch;
        $self->{pipe} = $write;
        $self->{watcher} = $pid;
        return;
    }

    POSIX::setsid();
    $SIG{$_} = 'IGNORE' for qw(INT TERM HUP);
    close_others(fileno $read);

    sysread $read, my $nothing, 1;

    kill 'KILL', -$self->{group} if _group($self->{group});
    remove_tree($self->{dir}) unless $ENV{TEAM_KEEP};
    POSIX::_exit(0);
}


# A test that ends in order ends its watcher: first it has nothing to do.

sub _unwatch {
    my ($self) = @_;

    my $watcher = delete $self->{watcher} or return;

    kill 'KILL', $watcher;
    waitpid $watcher, 0;
    close delete $self->{pipe};

    return;
}


# In a forked child: lets go of every file but those named.  The numbers stay
# in use, by /dev/null: Perl counts handles by number and would not close a new
# file under the number of one that was closed behind its back.

sub close_others {
    my %keep = map { $_ => 1 } @_;

    open STDIN, '<', '/dev/null';
    open STDOUT, '>', '/dev/null';
    open STDERR, '>', '/dev/null';

    opendir my $fds, '/proc/self/fd' or POSIX::_exit(1);
    my @open = grep { /^\d+\z/ && $_ > 2 && !$keep{$_} } readdir $fds;

    POSIX::dup2(0, $_) for @open;

    return;
}


# The master, as its pid file says.

sub pid {
    my ($self) = @_;

    open my $file, '<', "$self->{dir}/nginx.pid" or return;
    my ($pid) = (<$file> // '') =~ /(\d+)/;

    return $pid;
}


# The workers of a master (this one's), those that are shutting down left out
# unless all => 1.

sub workers {
    my ($self, %options) = @_;

    my $master = $options{master} // $self->pid or return;
    my @pids;

    for my $p (_group($self->{group})) {
        next unless $p->{parent} == $master && $p->{state} ne 'Z';

        push @pids, $p->{pid}
            if $p->{title} =~ /worker process$/
               || $options{all} && $p->{title} =~ /worker process is shutting/;
    }

    return @pids;
}


# Reloads, with another configuration if one is given (http or config), and
# waits until new workers serve and the old ones are gone.  old => 1 does not
# wait for the old ones.  Returns 1, or 0 if nginx kept the old configuration.

sub reload {
    my ($self, %options) = @_;

    my $master = $self->pid or croak 'not running';
    my %old = map { $_ => 1 } $self->workers(all => 1);
    my $at = length $self->error_log;

    for my $name (qw(http config main)) {
        $self->{$name} = $options{$name} if defined $options{$name};
    }

    $self->write_file('nginx.conf', $self->expand(%$self));

    kill 'HUP', $master;

    my $done = wait_until(sub {
        return 'refused' if $self->error_log($at) =~ /\[emerg\]/;

        my @new = grep { !$old{$_} } $self->workers;

        return if @new < $self->_worker_count;

        return $options{old}
               || !grep { $old{$_} } $self->workers(all => 1);
    }, $options{timeout} // 30);

    croak "nginx did not reload:\n" . $self->error_log($at) unless $done;

    return $done eq 'refused' ? 0 : 1;
}


sub signal {
    my ($self, $name) = @_;

    return kill $name, $self->pid;
}


# nginx -t with another configuration (http, main or config).  Returns the
# exit status and what it printed.

sub test_config {
    my ($self, %options) = @_;

    my $conf = $self->write_file('test.conf', $self->expand(%options));

    defined(my $pid = open my $pipe, '-|') or croak "fork: $!";

    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        %ENV = (%ENV, $self->_environment);

        # an nginx that ends at once with an error frees nothing, by design

        $ENV{ASAN_OPTIONS} =~ s/detect_leaks=1/detect_leaks=0/;
        { no warnings 'exec';
          exec $self->binary, '-t', '-p', "$self->{dir}/", '-c', $conf; }
        POSIX::_exit(127);
    }

    local $/;
    my $out = <$pipe> // '';
    close $pipe;

    return ($? >> 8 || $? & 127, $out);
}


sub error_log  { return $_[0]->_slurp('error.log', $_[1]) }
sub access_log { return $_[0]->_slurp('access.log', $_[1]) }
sub stderr     { return $_[0]->_slurp('stderr', $_[1]) }


sub _slurp {
    my ($self, $name, $at) = @_;

    open my $file, '<:raw', "$self->{dir}/$name" or return '';
    seek $file, $at, 0 if $at;

    local $/;
    return scalar <$file> // '';
}


# Waits until the error log matches, from offset $at on; returns false if not.

sub wait_log {
    my ($self, $pattern, $seconds, $at) = @_;

    return wait_until(sub { $self->error_log($at) =~ $pattern }, $seconds);
}


# Ends nginx: TERM, or QUIT for a graceful end, and KILL when that is of no
# use, which done_ok() then tells.

sub stop {
    my ($self, $signal) = @_;

    my $child = $self->{pid} or return 1;
    my $master = $self->pid // $child;

    kill $signal // 'TERM', $master, grep { $_ != $master } $child;

    my $gone = wait_until(sub {
        waitpid $child, POSIX::WNOHANG();
        return !_group($self->{group});
    }, 30);

    $self->{stuck} = 1 unless $gone;
    $self->_kill_group;

    return $gone;
}


sub _kill_group {
    my ($self) = @_;

    my $child = delete $self->{pid} or return;

    kill 'KILL', -$self->{group} if _group($self->{group});

    wait_until(sub {
        waitpid $child, POSIX::WNOHANG();
        return !_group($self->{group});
    }, 10);

    return;
}


# Lines of the error log that match are expected: not held against the test.

sub allow {
    my ($self, @patterns) = @_;

    push @{ $self->{allowed} }, @patterns;

    return;
}


# What is wrong with how this nginx ran, as text; '' if nothing.

sub problems {
    my ($self) = @_;

    my @lines = grep { /\[(?:alert|crit|emerg)\]/ }
                split /\n/, $self->error_log;

    for my $pattern (@{ $self->{allowed} }) {
        @lines = grep { $_ !~ $pattern } @lines;
    }

    for my $path (glob "$self->{dir}/sanitizer.*") {
        my ($name) = $path =~ m{([^/]+)\z};
        push @lines, $self->_slurp($name);
    }

    push @lines, grep {
        /runtime error:|(?:Address|Leak|UndefinedBehavior)Sanitizer/
    } split /\n/, $self->error_log . $self->stderr;

    push @lines, 'processes did not end' if $self->{stuck};

    return join "\n", @lines;
}


# Ends nginx and is one test: no alert, no crit, no emerg, no sanitizer's
# report, no process left.

sub done_ok {
    my ($self, $name) = @_;

    my $test = Test::Builder->new;

    $self->stop;

    my $problems = $self->problems;

    $self->{checked} = 1;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return $test->ok(!length $problems, $name // 'nginx: nothing in its log')
        || $test->diag($problems);
}


sub destroy {
    my ($self) = @_;

    return if !defined $self->{dir} || $self->{owner} != $$;

    $self->stop;

    my $problems = $self->{checked} ? '' : $self->problems;

    $self->_unwatch;
    remove_tree($self->{dir}) unless $ENV{TEAM_KEEP};
    print STDERR "# kept: $self->{dir}\n" if $ENV{TEAM_KEEP};

    $self->{dir} = undef;
    delete $live{refaddr $self};

    # a test that forgot to ask fails nevertheless

    if (length $problems) {
        print STDERR "# nginx was not well:\n$problems\n";
        $failed = 1;
    }

    return;
}


sub DESTROY {
    my ($self) = @_;

    local ($?, $@, $!);
    $self->destroy;
}


END {
    my $status = $?;

    $_->destroy for grep { defined } values %live;

    $? = $status || ($failed ? 1 : 0);
}


# A signal ends the process through exit, so that END comes.

sub _catch_signals {
    my %number = (INT => 2, TERM => 15, HUP => 1);

    for my $name (keys %number) {
        next if defined $SIG{$name} && $SIG{$name} !~ /^(?:DEFAULT)?\z/;
        $SIG{$name} = sub { exit 128 + $number{$name} };
    }

    return;
}


# The processes of a group that are not dead.

sub _group {
    my ($group) = @_;

    my @found;

    for my $path (glob '/proc/[0-9]*/stat') {
        open my $file, '<', $path or next;
        my $stat = <$file> // next;
        my ($pid, $state, $parent, $pgrp)
            = $stat =~ /^(\d+) \(.*\) (\S) (\d+) (\d+) /s or next;

        next if $pgrp != $group || $state =~ /[ZX]/;

        open my $line, '<', "/proc/$pid/cmdline" or next;
        my $title = do { local $/; <$line> } // '';
        $title =~ s/[\0 ]+\z//;

        push @found, { pid => $pid, state => $state, parent => $parent,
                       title => $title };
    }

    return @found;
}


1;
