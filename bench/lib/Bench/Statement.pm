# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Bench::Statement;

# The statements that the module sends, read from its source: so what pgbench
# and others send is the very same text.
#
#     statement('member_get');    # "select ... member_get($1, ..., $6, $7)"

use strict;
use warnings;

use Carp qw(croak);
use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);

our @EXPORT = qw(statement);

my $src = abs_path(dirname(__FILE__) . '/../../../src');


sub statement {
    my ($function) = @_;

    my $text = $function eq 'grant_get' ? _slurp('ngx_team_load.c')
                                        : _slurp('core/team_route_table.c');
    my %macro;

    $macro{$1} = $2
        while $text =~ /^\#define \s+ (TEAM_\w+) [\s\\]+ "([^"]*)"/xmg;

    # a name in quotes, then the text in one or more parts

    $text =~ / "\Q$function\E", \s* ( (?: "[^"]*" \s* | TEAM_\w+ \s* )+ ) , /x
        or croak "no statement $function in the module's source";

    return join '', map { /^"(.*)"$/ ? $1 : $macro{$_} // croak "what is $_?" }
                    $1 =~ /"[^"]*"|\w+/g;
}


sub _slurp {
    my ($name) = @_;

    open my $file, '<', "$src/$name" or croak "$src/$name: $!";
    local $/;

    return scalar <$file>;
}


1;
