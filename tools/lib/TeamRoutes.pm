# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package TeamRoutes;

# src/core/team_route_table.c as Perl sees it: a list of
#
#     { method, path, function, public, write, fields => [
#         { type => 'TEXT', name => 'email', min => 1, max => 320,
#           required => 1 }, ...] }

use strict;
use warnings;

use Exporter 'import';

use TeamSource;

our @EXPORT = qw(route_source routes);


sub route_source { return 'src/core/team_route_table.c' }


sub routes {
    my $text = slurp(route_source());
    my %constant;

    for (slurp('src/core/team_base.h'), $text) {
        $constant{$1} = $2 while /^#define (TEAM_MAX_\w+)\s+(\d+)/mg;
    }

    my %fields = (NULL => []);

    while ($text =~ /^static\ const\ team_field_t\ \ (\w+)\[\]\ =\ \{\n
                     (.*?)^\};/gmsx)
    {
        my ($name, $rows) = ($1, $2);

        $fields{$name} = [map { field($_, \%constant) }
                          $rows =~ /\{ (TEAM_[^}]*) \}/g];
    }

    my @routes;

    while ($text =~ /\{\ TEAM_METHOD_(\w+),\s+"(\/\S+)",\s+"(\w+)",
                     \s+TEAM_SELECT\s[^;]*?\),?"?,?\s+
                     (?:team_fields\((\w+)\)|NULL,\ 0),
                     \ (\d),\ (\d)\ \}/gsx)
    {
        push @routes, {
            method => $1, path => $2, function => $3,
            fields => $fields{$4 // 'NULL'} || die("no fields $4\n"),
            public => $5, write => $6,
        };
    }

    my $rows = () = $text =~ /^    \{ TEAM_METHOD_/mg;

    die route_source(), ": $rows rows, and only ", scalar @routes, " read\n"
        if !$rows || $rows != @routes;

    return @routes;
}


sub field {
    my ($row, $constant) = @_;

    my ($type, $name, $min, $max, $required) = split /, /, $row;

    return {
        type => $type =~ s/^TEAM_FIELD_//r,
        name => $name eq 'NULL' ? undef : $name =~ tr/"//dr,
        min => $constant->{$min} // $min,
        max => $constant->{$max} // $max,
        required => $required,
    };
}


1;
