# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Team::Port;

# A port for what is to listen on 127.0.0.1 later.  The kernel gives those from
# 32768 on to whoever asks for any; below that each process of ours has others.

use strict;
use warnings;

use Carp qw(croak);
use Exporter 'import';
use IO::Socket::INET;

our @EXPORT = qw(free_port);

my $used = 0;


sub free_port {
    for (1 .. 100) {
        my $port = 20_000 + ($$ * 8 + $used++) % 12_000;

        return $port if IO::Socket::INET->new(LocalAddr => '127.0.0.1',
            LocalPort => $port, Proto => 'tcp', Listen => 1, ReuseAddr => 1);
    }

    croak 'no free port';
}


1;
