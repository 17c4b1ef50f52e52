# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Team::H2;

# HTTP/2 without TLS, frame by frame: many streams of one connection, left
# alone, reset or cut off.
#
#     my $h2 = Team::H2->new(port => $nginx->port(1));
#     my $id = $h2->get('/app/', $token);
#     $h2->sync;                      # all that was sent has been read
#     $h2->cancel($id);
#     my %status = $h2->answers;      # stream => status
#     $h2->cut;

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;

my ($DATA, $HEADERS, $RESET, $SETTINGS, $PING, $WINDOW) = (0, 1, 3, 4, 6, 8);

# of HPACK's static table: what nginx can encode a status as
my %STATUS = (8 => 200, 9 => 204, 10 => 206, 11 => 304, 12 => 400, 13 => 404,
              14 => 500);


sub new {
    my ($class, %options) = @_;

    my $self = bless { timeout => 20, next => 1, buffer => '', status => {},
                       ended => {}, acks => 0, pings => 0, %options }, $class;

    $self->{socket} = IO::Socket::INET->new(PeerHost => '127.0.0.1',
        PeerPort => $self->{port}, Proto => 'tcp') or die "connect: $!";

    $self->_write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                  . _frame($SETTINGS, 0, 0, pack('nN', 4, 0x7fffffff))
                  . _frame($WINDOW, 0, 0, pack('N', 0x7fff0000 - 65535)));

    return $self;
}


# Begins a request and returns its stream.

sub get {
    my ($self, $uri, $token) = @_;

    my $id = $self->{next};
    $self->{next} += 2;

    # :method GET and :scheme http by index, the others as literals

    my $block = "\x82\x86" . "\x04" . _text($uri) . "\x01" . _text('localhost')
                . "\x0f\x08" . _text("Bearer $token");

    $self->_write(_frame($HEADERS, 0x05, $id, $block));

    return $id;
}


sub cancel {
    my ($self, $id) = @_;

    $self->_write(_frame($RESET, 0, $id, pack 'N', 8));

    return;
}


# Frames are read in order: when a ping is answered, all before it was read.

sub sync {
    my ($self) = @_;

    $self->{pings}++;
    $self->_write(_frame($PING, 0, 0, pack 'NN', 0, $self->{pings}));

    $self->_read while $self->{acks} < $self->{pings};

    return;
}


# Waits for the answers of $n streams, or of all that were begun.

sub answers {
    my ($self, $n) = @_;

    $n //= ($self->{next} - 1) / 2;

    $self->_read while keys %{ $self->{ended} } < $n;

    return %{ $self->{status} };
}


sub cut {
    my ($self) = @_;

    close delete $self->{socket} if $self->{socket};

    return;
}


sub _frame {
    my ($type, $flags, $stream, $payload) = @_;

    return substr(pack('N', length $payload), 1)
           . pack('CCN', $type, $flags, $stream) . $payload;
}


# A string that is not Huffman-coded, its length in HPACK's 7-bit form.

sub _text {
    my ($text) = @_;

    my $n = length $text;

    return pack('C', $n) . $text if $n < 127;

    my $length = "\x7f";

    for ($n -= 127; $n >= 128; $n >>= 7) {
        $length .= pack 'C', $n & 127 | 128;
    }

    return $length . pack('C', $n) . $text;
}


sub _write {
    my ($self, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';

    while (length $bytes) {
        my $n = syswrite $self->{socket}, $bytes;

        die "HTTP/2 write: $!" unless defined $n;
        substr $bytes, 0, $n, '';
    }

    return;
}


sub _read {
    my ($self) = @_;

    IO::Select->new($self->{socket})->can_read($self->{timeout})
        or die 'HTTP/2: timeout';

    my $n = sysread $self->{socket}, $self->{buffer}, 65536,
                    length $self->{buffer};

    die 'HTTP/2: closed' unless $n;

    while (length $self->{buffer} >= 9) {
        my ($high, $low, $type, $flags, $stream)
            = unpack 'CnCCN', $self->{buffer};
        my $length = $high << 16 | $low;

        last if length $self->{buffer} < 9 + $length;

        my $frame = substr $self->{buffer}, 0, 9 + $length, '';

        $self->_frame_is($type, $flags, $stream, substr $frame, 9);
    }

    return;
}


sub _frame_is {
    my ($self, $type, $flags, $stream, $payload) = @_;

    if ($type == $SETTINGS && !($flags & 1)) {
        $self->_write(_frame($SETTINGS, 1, 0, ''));

    } elsif ($type == $PING && $flags & 1) {
        $self->{acks}++;

    } elsif ($type == $HEADERS) {
        my $first = ord $payload;

        # a change of the table's size comes before it, once a connection

        $first = ord substr $payload, 1 if $first >> 5 == 1;

        my $index = $first & 0x7f;

        # else a literal of three digits, as index 8 with a value

        $self->{status}{$stream} = $first & 0x80 && $STATUS{$index}
            || _literal($payload);
    }

    $self->{ended}{$stream} = 1
        if $type == $RESET
           || ($type == $DATA || $type == $HEADERS) && $flags & 1;

    return;
}


# nginx writes other statuses as a plain string of three digits.

sub _literal {
    my ($payload) = @_;

    return $payload =~ /^.{0,1}[\x08\x48]\x03(\d{3})/s ? $1 : 0;
}


1;
