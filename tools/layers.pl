#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Includes go down only.  A unit is a header and the sources that share its
# name (api, api_body, api_call, ... are "api"); each has a layer below, and
# within one layer there is no circle.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use TeamSource;

# Layers from the bottom up; the first is without any library.

my @layers = (
    [qw(base text perm grant decide route table
        openapi)],
    [qw(json claims body problem)],
    [qw(jwk token header assertion)],
    [qw(ngx_compat ngx_pg ngx_pool ngx)],
    [qw(ngx_source ngx_zone ngx_fetch ngx_reply)],
    [qw(ngx_changes ngx_ctx ngx_logins ngx_identity ngx_grants ngx_headers
        ngx_keeper)],
    [qw(ngx_access ngx_api ngx_status ngx_variables ngx_conf)],
    [qw(ngx_module)],
);

# Files of another name that are parts of a unit.

my %part = (
    reader => 'body', query => 'body',
    ngx_pq => 'ngx_pg', ngx_query => 'ngx_pg', ngx_cancel => 'ngx_pg',
    ngx_conninfo => 'ngx_pg', ngx_hosts => 'ngx_pg',
    ngx_load => 'ngx_grants', ngx_tokens => 'ngx_identity',
    route_table => 'route',
);

my @lower = qw(nothing jansson libcrypto/libjwt nginx nginx nginx nginx nginx);

# Libraries, and from which layer on they may be seen.

my %library = ('jansson.h' => 1, 'openssl' => 2, 'jwt.h' => 2);

my %layer;
my %edges;

for my $i (0 .. $#layers) {
    $layer{$_} = $i for @{ $layers[$i] };
}

for my $path (files(qr{^(?:src/.*|ngx_team_module)\.[ch]$})) {
    my $unit = unit($path);

    unless (defined $unit) {
        complain($path, undef, 'has no layer: see tools/layers.pl');
        next;
    }

    my $n = 0;

    for my $line (split /\n/, slurp($path)) {
        $n++;
        my ($system, $name) = $line =~ /^\s*#\s*include\s*([<"])([^>"]+)[>"]/
            or next;

        $system eq '<' ? system_header($path, $n, $unit, $name)
                       : own_header($path, $n, $unit, $name);
    }
}

circles();
verdict('layers');


# The longest name of a unit that the file's name begins with.

sub unit {
    my ($path) = @_;

    my ($name) = $path =~ m{([^/]+)\.[ch]$};

    $name =~ s/^ngx_team_/ngx_/ || $name =~ s/^ngx_team$/ngx/
        || $name =~ s/^team_// || return;

    while (!defined $layer{$name}) {
        return $part{$name} if $part{$name};
        $name =~ s/_[^_]*$// or return;
    }

    # an unknown ngx_team_x is not a part of ngx_team.h

    return if $name eq 'ngx' && $path !~ m{/ngx_team\.[ch]$};

    return $name;
}


sub own_header {
    my ($path, $n, $unit, $name) = @_;

    my $other = unit($name =~ m{/} ? $name : "src/$name");

    if (!defined $other) {
        complain($path, $n, "includes $name, which has no layer");

    } elsif ($layer{$other} > $layer{$unit}) {
        complain($path, $n, "includes upwards: $unit is below $other");

    } elsif ($other ne $unit) {
        $edges{$unit}{$other} //= "$path:$n";
    }

    return;
}


sub system_header {
    my ($path, $n, $unit, $name) = @_;

    my $core = $path =~ m{^src/core/};

    complain($path, $n, "nginx or PostgreSQL in the core: <$name>")
        if $core && $name =~ /^(?:ngx_|nginx|libpq)/;

    for my $library (keys %library) {
        next unless $name eq $library || $name =~ m{^\Q$library\E/};

        complain($path, $n, "<$name> in the layer of $lower[$layer{$unit}]")
            if $layer{$unit} < $library{$library};
    }

    return;
}


sub circles {
    my %state;
    my $walk;

    $walk = sub {
        my ($unit, @way) = @_;

        return if ($state{$unit} // '') eq 'done';

        if (grep { $_ eq $unit } @way) {
            my ($last) = $way[-1];
            my ($path, $n) = split /:/, $edges{$last}{$unit};
            complain($path, $n, 'a circle: ' . join ' -> ', @way, $unit);
            return;
        }

        $walk->($_, @way, $unit) for sort keys %{ $edges{$unit} // {} };
        $state{$unit} = 'done';
    };

    $walk->($_) for sort keys %edges;

    return;
}
