# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Team::HTTP;

# A small HTTP/1.1 client that sends exactly what it is told to: header names
# in any spelling, twice, or malformed; several requests in one write.
#
#     my $http = Team::HTTP->new(port => $nginx->port);
#     my $res = $http->get('/a', 'X-One' => 1, 'X-One' => 2);
#     is($res->status, 200);
#
# One connection serves all requests of an object until the server closes it;
# $http->close ends it.

use strict;
use warnings;

use Carp qw(croak);
use IO::Select;
use IO::Socket::INET;
use JSON ();
use Socket qw(MSG_PEEK);
use Time::HiRes ();


# Options: port, host (127.0.0.1), timeout (10 s for each read or write),
# headers (a list sent with each request), keepalive (1), observe (called with
# method, URI and answer of each request()).

sub new {
    my ($class, %options) = @_;

    croak 'port is needed' unless $options{port};

    return bless {
        host => '127.0.0.1', timeout => 10, headers => [], keepalive => 1,
        buffer => '', %options
    }, $class;
}


sub get    { my ($self, $uri, @h) = @_;
             return $self->request(GET => $uri, \@h) }
sub delete { my ($self, $uri, @h) = @_;
             return $self->request(DELETE => $uri, \@h) }


# A body that is a reference is sent as JSON.

sub post  { my ($self, $uri, $body, @h) = @_;
            return $self->request(POST => $uri, \@h, $body) }
sub put   { my ($self, $uri, $body, @h) = @_;
            return $self->request(PUT => $uri, \@h, $body) }
sub patch { my ($self, $uri, $body, @h) = @_;
            return $self->request(PATCH => $uri, \@h, $body) }


sub request {
    my ($self, $method, $uri, $headers, $body) = @_;

    my $bytes = $self->format($method, $uri, $headers, $body);

    $self->renew;
    $self->close unless $self->{keepalive};

    my $fresh = !$self->{socket};
    my $res = eval { $self->raw($bytes, $method) };

    # a kept connection may be closed just now: once more, unless something may
    # have been done already

    if (!$res && !$fresh && $method =~ /^(GET|HEAD)$/) {
        $self->close;
        $res = $self->raw($bytes, $method);
    }

    die $@ || "no answer to $method $uri" unless $res;

    $self->{observe}->($method, $uri, $res) if $self->{observe};

    return $res;
}


# The bytes of a request.

sub format {
    my ($self, $method, $uri, $headers, $body) = @_;

    my @headers = (@{ $self->{headers} }, @{ $headers || [] });
    my %seen;

    $seen{lc $headers[2 * $_]} = 1 for 0 .. @headers / 2 - 1;

    if (ref $body) {
        $body = JSON->new->utf8->canonical->encode($body);
        push @headers, 'Content-Type' => 'application/json'
            unless $seen{'content-type'};
    }

    unshift @headers, Host => 'localhost' unless $seen{host};

    push @headers, 'Content-Length' => length $body
        if defined $body && !$seen{'content-length'}
           && !$seen{'transfer-encoding'};

    push @headers, Connection => 'close'
        unless $self->{keepalive} || $seen{connection};

    my $text = "$method $uri HTTP/1.1\r\n";

    while (my ($name, $value) = splice @headers, 0, 2) {
        $text .= "$name: $value\r\n";
    }

    return $text . "\r\n" . ($body // '');
}


# Sends bytes as they are and reads one answer; undef if there is none.

sub raw {
    my ($self, $bytes, $method) = @_;

    $self->send($bytes);

    return $self->read_response($method);
}


sub connect {
    my ($self) = @_;

    return if $self->{socket};

    $self->{buffer} = '';
    $self->{socket} = IO::Socket::INET->new(
        PeerHost => $self->{host}, PeerPort => $self->{port},
        Proto => 'tcp', Timeout => $self->{timeout})
        or die "connect to $self->{host}:$self->{port}: $!\n";

    return;
}


# Lets go of a connection that the server has closed while it was idle.

sub renew {
    my ($self) = @_;

    return if !$self->{socket}
              || !IO::Select->new($self->{socket})->can_read(0);

    my $peer = recv $self->{socket}, my $byte, 1, MSG_PEEK;

    $self->close unless defined $peer && length $byte;

    return;
}


sub close {
    my ($self) = @_;

    $self->{socket}->close if $self->{socket};
    $self->{socket} = undef;
    $self->{buffer} = '';

    return;
}


sub send {
    my ($self, $bytes) = @_;

    $self->connect;

    local $SIG{PIPE} = 'IGNORE';

    # a server may answer and close before it has read everything

    while (length $bytes) {
        IO::Select->new($self->{socket})->can_write($self->{timeout})
            or die "timeout while sending\n";

        my $n = syswrite $self->{socket}, $bytes, 16384;

        last unless defined $n;
        substr $bytes, 0, $n, '';
    }

    return;
}


# The next answer on the connection (several may follow a pipelined send);
# undef at end of file.  Answers 1xx are skipped.

sub read_response {
    my ($self, $method) = @_;

    my ($res, $head);

    do {
        $head = $self->_until("\r\n\r\n");

        unless (defined $head) {
            $self->close;
            return;
        }

        $res = Team::HTTP::Response->parse($head);

    } while ($res->status =~ /^1/ && $res->status != 101);

    my $length = $res->header('content-length');
    my $encoding = $res->header('transfer-encoding') // '';

    if (($method // '') eq 'HEAD' || $res->status =~ /^(204|304)$/) {
        $res->{body} = '';

    } elsif ($encoding =~ /chunked/i) {
        $res->{body} = $self->_chunks;

    } elsif (defined $length) {
        $res->{body} = $self->_bytes($length);

    } else {
        1 while $self->_fill;
        $res->{body} = $self->{buffer};
        $self->close;
    }

    $self->close if ($res->header('connection') // '') =~ /close/i;

    return $res;
}


# Bytes until the server closes.

sub read_all {
    my ($self) = @_;

    1 while $self->_fill;

    my $bytes = $self->{buffer};
    $self->close;

    return $bytes;
}


# The same over HTTP/2 without TLS (listen ... http2), by curl.

sub h2 {
    my ($self, $method, $uri, $headers, $body) = @_;

    my @headers = (@{ $self->{headers} }, @{ $headers || [] });
    my @args = ('-sS', '-i', '--http2-prior-knowledge', '-X', $method,
                '--max-time', $self->{timeout});

    while (my ($name, $value) = splice @headers, 0, 2) {
        push @args, '-H', length $value ? "$name: $value" : "$name;";
    }

    push @args, '--data-binary', $body if defined $body;

    my ($status, $out) = curl(@args, "http://$self->{host}:$self->{port}$uri");

    die "curl ended with $status: $out\n" if $status;

    my ($head, $rest) = split /\r\n\r\n/, $out, 2;
    my $res = Team::HTTP::Response->parse($head);

    $res->{body} = $rest;

    return $res;
}


# Runs curl; returns its exit status and what it printed.

sub curl {
    my @args = @_;

    my $pid = open my $pipe, '-|';

    die "fork: $!" unless defined $pid;

    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        exec 'curl', @args or exit 127;
    }

    local $/;
    my $out = <$pipe>;

    CORE::close $pipe;

    return ($? >> 8, $out // '');
}


sub _fill {
    my ($self) = @_;

    return 0 unless $self->{socket};

    IO::Select->new($self->{socket})->can_read($self->{timeout})
        or die "timeout while reading\n";

    my $n = sysread $self->{socket}, $self->{buffer}, 65536,
                    length $self->{buffer};

    return $n || 0;
}


sub _until {
    my ($self, $mark) = @_;

    my $at;

    while (($at = index $self->{buffer}, $mark) < 0) {
        return unless $self->_fill;
    }

    return substr $self->{buffer}, 0, $at + length $mark, '';
}


sub _bytes {
    my ($self, $n) = @_;

    while (length $self->{buffer} < $n) {
        $self->_fill or die "the answer's body is cut short\n";
    }

    return substr $self->{buffer}, 0, $n, '';
}


sub _chunks {
    my ($self) = @_;

    my $body = '';

    while (1) {
        my $line = $self->_until("\r\n") // die "a chunk is cut short\n";
        my ($size) = $line =~ /^([0-9a-fA-F]+)/ or die "bad chunk: $line";

        $size = hex $size;
        $body .= $self->_bytes($size);
        $self->_until("\r\n") // die "a chunk is cut short\n";

        return $body unless $size;
    }
}


package Team::HTTP::Response;


sub parse {
    my ($class, $head) = @_;

    my ($line, @lines) = split /\r\n/, $head;
    my ($status, $reason) = $line =~ m{^HTTP/[\d.]+ (\d{3}) ?(.*)}
        or die "not an HTTP answer: $line\n";

    return bless {
        line => $line, status => $status, reason => $reason, body => '',
        headers => [map { [split /:[ \t]*/, $_, 2] } @lines]
    }, $class;
}


sub status  { return $_[0]{status} }
sub reason  { return $_[0]{reason} }
sub headers { return $_[0]{headers} }
sub body    { return $_[0]{body} }


# All values of a header, or in scalar context the first.

sub header {
    my ($self, $name) = @_;

    my @values = map { $_->[1] }
                 grep { lc $_->[0] eq lc $name } @{ $self->{headers} };

    return wantarray ? @values : $values[0];
}


sub json {
    my ($self) = @_;

    return JSON->new->utf8->allow_nonref->decode($self->{body});
}


1;
