# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Team::Verify;

# The core's token rules, asked from Perl:
#
#     my $verify = Team::Verify->new;
#     is($verify->ask({ keys => $pem, token => $token }), 'ok');
#
# What can be asked is told in t/unit/team_verify.c.

use strict;
use warnings;

use Carp qw(croak);
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IPC::Open2 qw(open2);
use JSON ();

my $root = abs_path(dirname(__FILE__) . '/../../..');
my $json = JSON->new->ascii->canonical;


# Starts the driver, or another one of t/unit that talks in lines.

sub new {
    my ($class, $name) = @_;

    my $build = $ENV{TEAM_BUILD} // "$root/build/release";
    my $program = "$build/unit/" . ($name // 'team_verify');

    -x $program or croak "no $program; 'make unit-programs' builds it";

    my $pid = open2(my $out, my $in, $program);
    binmode $out, ':utf8';

    return bless { pid => $pid, out => $out, in => $in }, $class;
}


sub ask {
    my ($self, $order) = @_;

    print { $self->{in} } $json->encode($order), "\n";
    $self->{in}->flush;

    my $line = readline $self->{out};

    croak 'the driver ended' if !defined $line;
    chomp $line;

    return $line;
}


# Ends the driver; returns its exit status, which a sanitizer may have set.

sub end {
    my ($self) = @_;

    close $self->{in};
    waitpid $self->{pid}, 0;

    return $?;
}


1;
