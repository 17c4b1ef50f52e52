# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Bench::Process;

# Servers that the benchmark starts, ends and weighs.
#
#     my $p = Bench::Process->start('nginx', $log, @command);
#     $p->wait_port($port);
#     my $ns = $p->cpu;           # run time of the process so far

use strict;
use warnings;

use Carp qw(croak);
use IO::Socket::INET;
use POSIX ();
use Team::Wait;

my %live;


sub start {
    my ($class, $name, $log, @command) = @_;

    defined(my $pid = fork) or croak "fork: $!";

    if ($pid == 0) {
        POSIX::setsid();                # Ctrl-C is for us
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $log;
        open STDERR, '>&', \*STDOUT;
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE CHLD);
        { no warnings 'exec'; exec @command; }
        print STDERR "$command[0]: $!\n";
        POSIX::_exit(127);
    }

    my $self = bless {
        name => $name, pid => $pid, log => $log, owner => $$
    }, $class;

    return $live{$pid} = $self;
}


sub pid { return $_[0]{pid} }


# Until the port answers; dies with the log's end if the process ends first.

sub wait_port {
    my ($self, $port) = @_;

    my $up = wait_until(sub {
        $self->running or croak "$self->{name} did not start:\n" . $self->tail;
        return IO::Socket::INET->new("127.0.0.1:$port");
    }, 30);

    croak "$self->{name} does not listen on $port:\n" . $self->tail unless $up;

    return $self;
}


sub running {
    my ($self) = @_;

    return 0 unless $self->{pid};
    return 1 if waitpid($self->{pid}, POSIX::WNOHANG()) == 0;

    delete $live{delete $self->{pid}};

    return 0;
}


# Until it ends by itself.

sub wait {
    my ($self) = @_;

    return unless $self->{pid};

    waitpid $self->{pid}, 0;
    delete $live{delete $self->{pid}};

    return;
}


sub tail {
    my ($self) = @_;

    open my $fh, '<', $self->{log} or return '';
    my @lines = <$fh>;

    return join '', splice @lines, -10 < -@lines ? 0 : -10;
}


# Nanoseconds that the threads of a process have run.

sub cpu {
    my ($self, $pid) = @_;

    my $sum = run_time($pid // $self->{pid});

    $sum > 0 or croak "$self->{name}: no run time: is CONFIG_SCHEDSTATS on?";

    return $sum;
}


# The same of any process; 0 if it is gone.

sub run_time {
    my ($pid) = @_;

    my $sum = 0;

    for my $file (glob "/proc/$pid/task/*/schedstat") {
        open my $fh, '<', $file or next;
        $sum += (split ' ', <$fh> // '')[0] // 0;
    }

    return $sum;
}


# The pids of its children whose title matches.

sub children {
    my ($self, $title) = @_;

    return grep {
        open my $cmd, '<', "/proc/$_/cmdline";
        $cmd && (<$cmd> // '') =~ $title;
    } children_of($self->{pid});
}


sub children_of {
    my ($of) = @_;

    my @found;

    for my $file (glob '/proc/[0-9]*/stat') {
        open my $fh, '<', $file or next;
        my ($pid, $parent) = (<$fh> // '') =~ /^(\d+) \(.*\) \S (\d+) /s
            or next;

        push @found, $pid if $parent == $of;
    }

    return @found;
}


sub stop {
    my ($self) = @_;

    return unless $self->running;

    for my $signal (qw(TERM KILL)) {
        kill $signal, $self->{pid};
        return if wait_until(sub { !$self->running }, 10);
    }

    return;
}


sub free_port {
    my $socket = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 1)
        or croak "no port: $!";

    return $socket->sockport;
}


END {
    my $status = $?;

    $_->stop for grep { $_->{owner} == $$ } values %live;
    $? = $status;
}


1;
