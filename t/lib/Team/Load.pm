# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Team::Load;

# Requests side by side, in a process of their own, while the test does
# something else.
#
#     my $load = Team::Load->new(port => $nginx->port, connections => 8,
#                                rate => 500, requests => [[mia => $bytes]]);
#     ...
#     my @answers = $load->stop;
#
# Requests are taken in turn, from the first again after the last unless
# once => 1: then the process ends by itself and ->wait takes its answers.
# Each answer: {tag, status, at, ms, tries, worker}; at is now_ms() when it was
# sent; status 0 means that there was none, and then error says why.
#
# Options: keepalive (1): whether a connection is used again; where the server
# closes a used one without an answer, the request is sent once more, as any
# client of HTTP/1.1 does.  patience (0): for so many ms a failed request is
# tried again, on a new connection.  timeout (20,000 ms).

use strict;
use warnings;

use Carp qw(croak);
use File::Temp ();
use IO::Select;
use IO::Socket::INET;
use JSON ();
use POSIX ();

use Team::Nginx;
use Team::Wait;

my $json = JSON->new->canonical;


sub new {
    my ($class, %options) = @_;

    my $self = bless {
        connections => 4, rate => 0, keepalive => 1, patience => 0,
        timeout => 20_000, once => 0, %options, owner => $$
    }, $class;

    $self->{file} = File::Temp->new(TEMPLATE => 'team-load-XXXXXXXX',
                                    TMPDIR => 1);
    pipe my $read, my $write or croak "pipe: $!";

    defined(my $pid = fork) or croak "fork: $!";

    if (!$pid) {
        close $write;
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        $SIG{PIPE} = 'IGNORE';
        Team::Nginx::close_others(fileno $read, fileno $self->{file});
        eval { $self->_run($read); 1 } or print { $self->{file} }
            $json->encode({ tag => 'load', status => 0, error => "$@" }), "\n";
        $self->{file}->flush;
        POSIX::_exit(0);
    }

    close $read;
    $self->{pid} = $pid;
    $self->{pipe} = $write;

    return $self;
}


# Answers so far.

sub answers {
    my ($self) = @_;

    open my $file, '<', "$self->{file}" or croak "$self->{file}: $!";

    my @lines = <$file>;

    # the last one may not be whole yet
    pop @lines if @lines && $lines[-1] !~ /\n\z/;

    return map { $json->decode($_) } @lines;
}


# Waits until there are $n more answers than now.

sub more {
    my ($self, $n) = @_;

    my $have = -s "$self->{file}";

    return wait_until(sub {
        open my $file, '<', "$self->{file}" or croak $!;
        seek $file, $have, 0;
        my @lines = <$file>;
        return @lines >= $n;
    }, 30);
}


sub stop {
    my ($self) = @_;

    $self->_end;

    return $self->answers;
}


sub wait {
    my ($self) = @_;

    waitpid delete $self->{pid}, 0 if $self->{pid};

    return $self->stop;
}


sub _end {
    my ($self) = @_;

    close delete $self->{pipe} if $self->{pipe};
    waitpid delete $self->{pid}, 0 if $self->{pid};

    return;
}


sub DESTROY {
    my ($self) = @_;

    return if $self->{owner} != $$;

    local ($?, $@, $!);
    $self->_end;
}


# --- in the process ----------------------------------------------------------

sub _run {
    my ($self, $stop) = @_;

    my @slots = map { {} } 1 .. $self->{connections};
    my $start = now_ms();
    my $ending = 0;

    $self->{next} = 0;

    while (1) {
        my $now = now_ms();
        my $left = $self->{once} ? @{ $self->{requests} } - $self->{next} : 1;
        my $may = $self->{rate} ? ($now - $start) * $self->{rate} / 1000
                                : $self->{next} + 1;

        $ending = 1 if $left <= 0;

        for my $slot (@slots) {
            next if $slot->{request} || $ending;
            last if $self->{next} >= $may;
            last if $self->{once}
                    && $self->{next} >= @{ $self->{requests} };

            $self->_begin($slot);
        }

        my @busy = grep { $_->{request} } @slots;

        last if $ending && !@busy;

        my $select = IO::Select->new(map { $_->{socket} } @busy);

        $select->add($stop) unless $ending;

        for my $ready ($select->can_read($self->{rate} ? 0.005 : 0.05)) {
            if ($ready == $stop) {
                $ending = 1;
                next;
            }

            my ($slot) = grep { $_->{socket} && $_->{socket} == $ready } @busy;
            $self->_read($slot) if $slot;
        }

        $now = now_ms();

        for my $slot (@busy) {
            $self->_failed($slot, 'timeout')
                if $slot->{request}
                   && $now - $slot->{sent} > $self->{timeout};
        }

        $self->{file}->flush;
    }

    return;
}


sub _begin {
    my ($self, $slot) = @_;

    my $requests = $self->{requests};

    $slot->{request} = $requests->[$self->{next}++ % @$requests];
    $slot->{at} = now_ms();
    $slot->{tries} = 0;

    $self->_send($slot);

    return;
}


sub _send {
    my ($self, $slot) = @_;

    $slot->{sent} = now_ms();
    $slot->{buffer} = '';
    $slot->{used} = $slot->{socket} ? 1 : 0;
    $slot->{tries}++;

    $slot->{socket} ||= IO::Socket::INET->new(PeerHost => '127.0.0.1',
        PeerPort => $self->{port}, Proto => 'tcp', Timeout => 5);

    return $self->_failed($slot, "connect: $!") unless $slot->{socket};

    my $bytes = $slot->{request}[1];
    my $n = syswrite $slot->{socket}, $bytes;

    return $self->_failed($slot, "send: $!")
        if !defined $n || $n < length $bytes;

    return;
}


sub _read {
    my ($self, $slot) = @_;

    my $n = sysread $slot->{socket}, $slot->{buffer}, 65536,
                    length $slot->{buffer};

    return $self->_failed($slot, $n ? '' : defined $n ? 'closed' : "read: $!")
        unless $n;

    my $end = index $slot->{buffer}, "\r\n\r\n";

    return if $end < 0;

    my $head = substr $slot->{buffer}, 0, $end + 4;
    my ($length) = $head =~ /^Content-Length: (\d+)/mi;

    return if length($slot->{buffer}) < $end + 4 + ($length // 0);

    my ($status) = $head =~ m{^HTTP/1\.1 (\d+)};
    my ($worker) = $head =~ /^X-Worker: (\d+)/mi;
    my ($cache) = $head =~ /^X-Cache: (\w+)/mi;
    my ($retry) = $head =~ /^Retry-After: (\d+)/mi;

    $self->_done($slot, status => $status + 0, worker => $worker // 0,
                 cache => $cache // '', retry_after => $retry // '');

    if (!$self->{keepalive} || $head =~ /^Connection: close/mi) {
        close delete $slot->{socket};
    }

    return;
}


sub _failed {
    my ($self, $slot, $error) = @_;

    my $nothing = !length $slot->{buffer};
    my $used = $slot->{used};

    close delete $slot->{socket} if $slot->{socket};

    # the server let go of an idle connection just as we used it

    return $self->_send($slot)
        if $used && $nothing && $error ne 'timeout';

    if ($slot->{tries} < 10_000
        && now_ms() - $slot->{at} < $self->{patience})
    {
        $slot->{again} = 1;
        return $self->_send($slot);
    }

    return $self->_done($slot, status => 0, error => $error);
}


sub _done {
    my ($self, $slot, %answer) = @_;

    my $request = delete $slot->{request};

    print { $self->{file} } $json->encode({
        tag => $request->[0], at => $slot->{at}, tries => $slot->{tries},
        again => delete $slot->{again} ? 1 : 0, ms => now_ms() - $slot->{at},
        %answer
    }), "\n";

    return;
}


1;
