#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# What is said twice says the same: directives, variables, reasons and routes
# in the code, in the documentation, in the tests, in SQL; and links in the
# documentation lead somewhere.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use TeamSource;

my %tests = map { $_ => slurp($_) } files(qr{^t/[^/]+\.t$});
my $tests = join "\n", values %tests;

directives();
variables();
reasons();
routes();
links();

verdict('drift');


# Text of a document, or a complaint once.

my %documents;

sub document {
    my ($path) = @_;

    return $documents{$path} if defined $documents{$path};

    complain($path, undef, 'missing, and all that it should say')
        unless -e $path;

    return $documents{$path} = -e $path ? slurp($path) : '';
}


# The code's command table.

sub directives {
    my $module = 'ngx_team_module.c';
    my $reference = document('docs/directives.md');
    my $readme = document('README.md');
    my %known;

    for (slurp($module) =~ /\{\s*ngx_string\("(team_\w+)"\),\s*NGX_/g) {
        $known{$_} = 1;

        complain('docs/directives.md', undef, "no directive `$_`")
            unless $reference =~ /`$_\b/;
        complain('README.md', undef, "no row for the directive `$_`")
            unless $readme =~ /^\|[^|]*`$_\b/m;
        complain($module, undef, "no test has a line with $_")
            unless $tests =~ /^\s*(?:[^\s#].*[{;]\s*)?$_\b[^;{]*[;{]/m;
    }

    complain($module, undef, 'no directives found') unless %known;

    for my $path ('README.md', 'docs/directives.md') {
        for (document($path) =~ /^\|\s*`(team_\w+)/mg) {
            complain($path, undef, "`$_` is not a directive")
                unless $known{$_};
        }
    }

    return;
}


sub variables {
    my $source = 'src/ngx_team_variables.c';
    my $reference = document('docs/directives.md');
    my @names = slurp($source) =~ /\{\s*ngx_string\("(team_\w+)"\)/g;

    complain($source, undef, 'no variables found') unless @names;

    for my $name (@names) {
        complain('docs/directives.md', undef, "no variable \$$name")
            unless $reference =~ /\$$name/;
        complain($source, undef, "no test reads \$$name")
            unless $tests =~ /\$$name|\$\{$name/;
    }

    return;
}


# team_reason_e: its comments hold the stable names.

sub reasons {
    my $source = 'src/core/team_base.h';
    my ($enum) = slurp($source) =~ /typedef enum \{(.*?)\} team_reason_e;/s;
    my @names = ($enum // '') =~ m{/\*\s*"([a-z-]+)"}g;
    my @members = ($enum // '') =~ /^\s+(TEAM_(?!REASONS\b)\w+)/mg;

    complain($source, undef, 'a reason without its name in a comment')
        if !@names || @names != @members;

    my $docs = join "\n", map { slurp($_) } files(qr{^docs/.*\.md$});

    for my $name (@names) {
        complain('docs', undef, "the reason `$name` is not documented")
            unless $docs =~ /`$name`/;
    }

    return;
}


# Rows of the route table against the functions of team_api, both ways, and
# against the documentation of the API.

sub routes {
    my $source = 'src/core/team_route_table.c';
    my $table = slurp($source);
    my $docs = document('docs/api.md');
    my $code = join "\n", map { slurp($_) } files(qr{^src/.*\.c$});
    my $sql = join "\n", map { slurp($_) } files(qr{^sql/functions/.*\.sql$});
    my %defined = map { $_ => 1 }
                  $sql =~ /create (?:or replace )?function team_api\.(\w+)/g;
    my %used = map { $_ => 1 } $code =~ /\bteam_api\.(\w+)/g;
    my $n = 0;

    while ($table =~ m<\{\s*TEAM_METHOD_(\w+),\s*"(/\S+)",\s*"(\w+)",>g) {
        my ($method, $path, $function) = ($1, $2, $3);

        $n++;
        $used{$function} = 1;

        complain($source, undef, "$function: no such function in sql/functions")
            unless $defined{$function};
        complain('docs/api.md', undef, "no line for $method $path")
            unless documented($docs, $method, $path);
    }

    complain($source, undef, 'no routes found') unless $n;

    for my $function (sort keys %defined) {
        complain('sql/functions', undef,
                 "team_api.$function is not called by the module")
            unless $used{$function};
    }

    return;
}


# Placeholders may have any name in the documentation.

sub documented {
    my ($docs, $method, $path) = @_;

    my $pattern = join '[^/\s`|]+',
                  map { quotemeta } split /\{\w+\}/, $path, -1;

    for my $line (split /\n/, $docs) {
        return 1 if $line =~ /\b$method\b/ && $line =~ m{$pattern(?![/\w\{])};
    }

    return 0;
}


# Links between documents, and to their headings as GitHub and others name them.

sub links {
    my %anchors;

    for my $path (files(qr{\.md$})) {
        my $text = prose($path);

        while ($text =~ /\]\(([^)\s]+)\)/g) {
            my $link = $1;
            my $line = 1 + (substr($text, 0, pos $text) =~ tr/\n//);

            next if $link =~ /^[a-z]+:/;

            my ($to, $anchor) = $link =~ /^([^#]*)(?:#(.*))?$/;

            $to = length $to ? beside($path, $to) : $path;

            if (!-e $to) {
                complain($path, $line, "no file $link");

            } elsif (defined $anchor) {
                $anchors{$to} //= { anchors($to) };
                complain($path, $line, "no heading $link")
                    unless $anchors{$to}{$anchor};
            }
        }
    }

    return;
}


# Without what stands in blocks of code, but with their lines.

sub prose {
    my ($path) = @_;

    return slurp($path) =~ s/^( *)```.*?^\1```$/$& =~ tr{\n}{}cdr/gmser;
}


sub beside {
    my ($path, $to) = @_;

    my @parts = split m{/}, $path =~ s{[^/]*$}{}r;

    for my $part (split m{/}, $to) {
        $part eq '..' ? pop @parts : push @parts, $part;
    }

    return join '/', @parts;
}


sub anchors {
    my ($path) = @_;

    my @headings = prose($path) =~ /^#+ +(.*?) *$/mg;

    return map { s/[^\w -]//gr =~ tr/ /-/r => 1 } map { lc } @headings;
}
