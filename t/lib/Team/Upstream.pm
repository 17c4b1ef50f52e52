# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Team::Upstream;

# An application behind the gate that tells what it saw.
#
#     my $app = Team::Upstream->new;                  # or mode => 'fastcgi'
#     proxy_pass http://%%APP%%    with vars => { APP => $app->address }
#     $http->get('/')->json->{headers}     [["Host", "..."], ...] in order
#     $app->requests                       all that came, as hashes
#
# Modes: http, fastcgi, uwsgi, scgi.  handler => sub { my $request = shift;
# ... } answers [status, [name => value, ...], body] instead of the echo; it
# runs in the application's process.

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

my $json = JSON->new->latin1->canonical;


sub new {
    my ($class, %options) = @_;

    my $self = bless { mode => 'http', %options, owner => $$ }, $class;

    croak "no mode $self->{mode}"
        unless $self->can("_serve_$self->{mode}");

    $self->{log} = File::Temp->new(TEMPLATE => 'team-app-XXXXXXXX',
                                   TMPDIR => 1);

    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => 0, Proto => 'tcp', Listen => 128)
        or croak "no free port: $!";

    $self->{port} = $listen->sockport;

    pipe my $read, my $write or croak "pipe: $!";

    defined(my $pid = fork) or croak "fork: $!";

    if (!$pid) {
        Team::Nginx::close_others(fileno $listen, fileno $read,
                                  fileno $self->{log});
        $self->_run($listen, $read);
        POSIX::_exit(0);
    }

    close $read;
    $self->{pid} = $pid;
    $self->{pipe} = $write;

    return $self;
}


sub port    { return $_[0]{port} }
sub address { return "127.0.0.1:$_[0]{port}" }


# What came so far.

sub requests {
    my ($self) = @_;

    open my $file, '<:raw', "$self->{log}" or croak "$self->{log}: $!";

    return map { $json->decode($_) } <$file>;
}


# Ends it; connections that are open are cut.

sub stop {
    my ($self) = @_;

    return if !$self->{pid} || $self->{owner} != $$;

    # it ends itself and its children, one a connection

    syswrite $self->{pipe}, 'x';
    close delete $self->{pipe};
    waitpid delete $self->{pid}, 0;

    return;
}


sub DESTROY {
    my ($self) = @_;

    local ($?, $@, $!);
    $self->stop;
}


sub _run {
    my ($self, $listen, $read) = @_;

    setpgrp 0, 0;
    $SIG{CHLD} = 'IGNORE';
    $SIG{PIPE} = 'IGNORE';
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);

    my $select = IO::Select->new($listen, $read);

    while (1) {
        for my $ready ($select->can_read) {

            # a byte is an order to stop; none: the test is gone

            if ($ready == $read) {
                sysread $read, my $order, 1 or unlink "$self->{log}";
                kill 'KILL', -$$;
            }

            my $client = $listen->accept or next;

            defined(my $pid = fork) or next;

            if (!$pid) {
                close $listen;
                close $read;
                my $serve = "_serve_$self->{mode}";
                eval { 1 while $self->$serve($client) };
                POSIX::_exit(0);
            }

            close $client;
        }
    }
}


# Each of these reads one request, answers, and returns true to go on.

sub _serve_http {
    my ($self, $client) = @_;

    my $head = '';

    while ($head !~ /\r\n\r\n\z/) {
        my $line = <$client> // return 0;
        $head .= $line;
    }

    my ($line, @lines) = split /\r\n/, $head;
    my ($method, $uri, $version) = split / /, $line;
    my @headers = map { [split /: ?/, $_, 2] } @lines;
    my %value = map { lc $_->[0] => $_->[1] } @headers;

    my $request = {
        method => $method, uri => $uri, version => $version, raw => $head,
        headers => \@headers, body => _body($client, \%value)
    };

    my ($status, $list, $body) = @{ $self->_answer($request) };
    my $text = "HTTP/1.1 $status OK\r\n";

    while (my ($name, $value) = splice @$list, 0, 2) {
        $text .= "$name: $value\r\n";
    }

    my $close = $version eq 'HTTP/1.0'
                || ($value{connection} // '') =~ /close/i;

    $text .= "Connection: close\r\n" if $close;
    $text .= 'Content-Length: ' . length($body) . "\r\n\r\n";
    $text .= $body unless $method eq 'HEAD';

    _write($client, $text);

    return !$close;
}


sub _body {
    my ($client, $value) = @_;

    my $body = '';

    if (($value->{'transfer-encoding'} // '') =~ /chunked/i) {
        while (defined(my $line = <$client>)) {
            my $size = hex $line =~ s/[;\r\n].*//sr;

            $body .= _read($client, $size);
            <$client>;

            last unless $size;
        }

        return $body;
    }

    return _read($client, $value->{'content-length'} // 0);
}


# FastCGI: version, type, id, content length, padding length, reserved.

sub _serve_fastcgi {
    my ($self, $client) = @_;

    my %stream = (4 => '', 5 => '');
    my $keep = 0;
    my $id;

    while (1) {
        my $head = _read($client, 8);

        return 0 if length $head < 8;

        my ($type, $length, $padding);

        (undef, $type, $id, $length, $padding) = unpack 'CCnnC', $head;

        my $content = _read($client, $length);

        _read($client, $padding);

        $keep = (unpack 'nC', $content)[1] & 1 if $type == 1;
        $stream{$type} .= $content if exists $stream{$type};

        last if $type == 5 && !$length;
    }

    my @params;
    my $at = 0;

    my $number = sub {
        my $n = unpack 'C', substr $stream{4}, $at, 1;

        $at++, return $n if $n < 128;

        $at += 4;
        return 0x7fffffff & unpack 'N', substr $stream{4}, $at - 4, 4;
    };

    while ($at < length $stream{4}) {
        my ($n, $v) = ($number->(), $number->());

        push @params, [substr($stream{4}, $at, $n),
                       substr($stream{4}, $at + $n, $v)];
        $at += $n + $v;
    }

    my $out = _cgi($self->_answer({ params => \@params, body => $stream{5} }));
    my $text = '';

    while (length $out) {
        my $part = substr $out, 0, 32768, '';

        $text .= pack('CCnnCx', 1, 6, $id, length $part, 0) . $part;
    }

    _write($client, $text . pack('CCnnCx', 1, 6, $id, 0, 0)
                    . pack('CCnnCxNx4', 1, 3, $id, 8, 0, 0));

    return $keep;
}


# uwsgi: modifier, size (little-endian), modifier; then sized names, values.

sub _serve_uwsgi {
    my ($self, $client) = @_;

    my $head = _read($client, 4);

    return 0 if length $head < 4;

    my $vars = _read($client, (unpack 'CvC', $head)[1]);
    my @params;

    while (length $vars) {
        my ($name, $value, $rest) = unpack 'v/a v/a a*', $vars;

        push @params, [$name, $value];
        $vars = $rest;
    }

    my %value = map { $_->[0] => $_->[1] } @params;
    my $body = _read($client, $value{CONTENT_LENGTH} || 0);

    _write($client, _cgi($self->_answer({ params => \@params,
                                          body => $body })));

    return 0;
}


# SCGI: a netstring of names and values that end with NUL; then the body.

sub _serve_scgi {
    my ($self, $client) = @_;

    my $size = '';

    while ($size !~ /:\z/) {
        my $byte = _read($client, 1);

        return 0 unless length $byte;
        $size .= $byte;
    }

    my @list = split /\0/, _read($client, $size =~ s/:\z//r), -1;
    my @params;

    _read($client, 1);
    pop @list;

    push @params, [splice @list, 0, 2] while @list;

    my %value = map { $_->[0] => $_->[1] } @params;
    my $body = _read($client, $value{CONTENT_LENGTH} || 0);

    _write($client, _cgi($self->_answer({ params => \@params,
                                          body => $body })));

    return 0;
}


sub _cgi {
    my ($answer) = @_;

    my ($status, $list, $body) = @$answer;
    my $text = "Status: $status\r\n";

    while (my ($name, $value) = splice @$list, 0, 2) {
        $text .= "$name: $value\r\n";
    }

    return "$text\r\n$body";
}


sub _answer {
    my ($self, $request) = @_;

    my $text = $json->encode($request);

    # one write to a file opened for appending is not torn

    open my $log, '>>:raw', "$self->{log}" or die;
    syswrite $log, "$text\n";

    my $answer = $self->{handler} && $self->{handler}->($request);

    return $answer || [200, ['Content-Type' => 'application/json'], $text];
}


sub _read {
    my ($client, $n) = @_;

    my $bytes = '';

    read $client, $bytes, $n if $n;

    return $bytes;
}


sub _write {
    my ($client, $text) = @_;

    while (length $text) {
        my $n = syswrite $client, $text;

        die unless defined $n;
        substr $text, 0, $n, '';
    }

    return;
}


1;
