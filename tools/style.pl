#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# House style, as far as a script can see it.  See CONTRIBUTING.md.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use TeamSource;

my $MAX_COLUMNS = 80;
my $MAX_FUNCTION = 80;
my $MAX_FILE = 500;
my $MAX_TEST = 700;              # most of a test is tables
my $MAX_TEST_FUNCTION = 130;

# Longer on purpose, or known and to be split: path => lines.

my %long = (
    'src/core/team_route_table.c' => 600,   # a table, a row an endpoint
    'src/core/team_openapi.c' => 3000,      # made of docs/openapi.yaml
);

my $BANNED = qr/\b(strcpy|strcat|sprintf|strtok|atoi|gets|alloca|usleep)\s*\(/;
my $BANNED_NGINX = qr/\b(malloc|calloc|realloc|PQexec|PQconnectdb)\s*\(/;

# What only one file may say: pattern, files, what it is.

my @only = (
    [qr/\bnginx_version\b/, qr{^src/ngx_team_compat\.h$}],
    [qr/<jwt\.h>/, qr{^src/core/team_assertion\.c$}],
    [qr/<libpq-fe\.h>/, qr{^src/ngx_team_pq\.h$}],
    [qr/<curl\/curl\.h>/, qr{^src/ngx_team_fetch\.c$}],
    [qr/\bjson_load\w*\s*\(/, qr{^src/core/team_json\.c$}],
    [qr/\bngx_http_finalize_request\s*\(/,
     qr{^src/ngx_team_(reply|api\w*)\.c$}],
);

# A machine's own paths and hosts; written so that this line is none.

my @machine = (
    qr{/wor[k]/}, qr{/home/\w+/}, qr{bash_job[s]}, qr{/tmp/[w]/},
    qr{https?://(?:deb|registry|snapshot|security)[.]}, qr{npmj[s]\.org},
    qr{pypi[.]org}, qr{crates[.]io}, qr{artifact-registr[y]},
);

my $SPDX = 'SPDX-License-Identifier: BSD-2-Clause';
my $COPYRIGHT = 'Copyright (C) the ngx_team authors';


for my $path (files(qr/./)) {
    my $text = slurp($path);

    next if $path =~ m{^t/fuzz/corpus/} || $text =~ /\0/;

    text($path, $text);

    c_file($path, $text) if $path =~ /\.[ch]$/;
    script($path, $text) if $path =~ /\.(?:pl|pm|t|mk)$|(?:^|\/)Makefile$/
                            || $text =~ /^#!.*\b(?:sh|bash|perl)\b/;
}

verdict('style');


# Any text.

sub text {
    my ($path, $text) = @_;

    my @lines = split /\n/, $text, -1;
    my $n = 0;

    complain($path, scalar @lines, 'no newline at the end')
        if length $text && pop @lines ne '';

    for my $line (@lines) {
        $n++;
        complain($path, $n, 'trailing space')
            if $line =~ /[ \t\r]$/
               && $path !~ /\.(?:tsv|diff|patch|md|out|expected)$/;

        for my $machine (@machine) {
            complain($path, $n, "a path or host of one machine: $&")
                if $line =~ $machine;
        }

        complain($path, $n, "left open: $&")
            if $line =~ /\b(?:TOD[O]|FIXM[E])\b/;
    }

    return;
}


sub script {
    my ($path, $text) = @_;

    my $make = $path =~ /\.mk$|Makefile$/;
    my $n = 0;

    licence($path, $text);

    for my $line (split /\n/, $text) {
        $n++;
        columns($path, $n, $line);
        complain($path, $n, 'tab') if $line =~ /\t/ && !$make;
        complain($path, $n, 'a test waits for a condition, it does not sleep')
            if $path =~ /\.t$/
               && $line =~ /^[^#]*\b(?:u|nano)?sleep\b\s*[(\d\$]/;
    }

    return;
}


sub c_file {
    my ($path, $text) = @_;

    my $code = code_only($text);
    my @lines = split /\n/, $text;
    my @code = split /\n/, $code;
    my $limit = $long{$path} // (product($path) ? $MAX_FILE : $MAX_TEST);

    licence($path, $text);

    complain($path, undef, @lines . " lines, $limit are allowed")
        if @lines > $limit;

    for my $i (0 .. $#lines) {
        columns($path, $i + 1, $lines[$i]);
        c_line($path, $i + 1, $lines[$i], $code[$i] // '', $code[$i - 1] // '');
    }

    macros($path, $code);
    functions($path, @code);

    return;
}


sub c_line {
    my ($path, $n, $line, $code, $before) = @_;

    complain($path, $n, 'tab') if $line =~ /\t/;
    complain($path, $n, '// comment') if $code =~ m{//};
    complain($path, $n, "banned: $1") if $code =~ $BANNED;
    complain($path, $n, "banned inside nginx: $1")
        if $path =~ m{^src/ngx_} && $code =~ $BANNED_NGINX;

    complain($path, $n, 'no blank line before "} else"')
        if $code =~ /^\s+\} else\b/ && $before =~ /\S/;

    complain($path, $n - 1, 'return type on the line of its function')
        if $code =~ /^\{/ && $before =~ /^\w[\w\s*]*?[\s*]\w+\([^;]*\)$/;

    # the machinery of tests may do what the product must not

    return unless product($path);

    for my $only (@only) {
        my ($pattern, $files) = @$only;

        complain($path, $n, "does not belong into this file: $&")
            if $code =~ $pattern && $path !~ $files;
    }

    return;
}


sub product { return $_[0] =~ m{^(?:src/|\w+\.c$)} }


# Constants and expressions only.

sub macros {
    my ($path, $code) = @_;

    while ($code =~ /^[ ]*#[ ]*define\b((?:[^\n]*\\\n)*[^\n]*)/mg) {
        my $body = $1;
        my $n = 1 + (substr($code, 0, $-[0]) =~ tr/\n//);

        complain($path, $n, "a macro with $1")
            if $body =~ /\b(return|goto)\b/;
    }

    return;
}


# Length, and two blank lines after each.

sub functions {
    my ($path, @code) = @_;

    my $most = product($path) ? $MAX_FUNCTION : $MAX_TEST_FUNCTION;
    my $open;

    for my $i (0 .. $#code) {
        if ($code[$i] =~ /^\{/) {
            $open = $i;

        } elsif ($code[$i] =~ /^\}$/ && defined $open) {
            my $length = $i - $open + 1;

            complain($path, $open + 1,
                     "$length lines, a function has at most $most")
                if $length > $most;

            $open = undef;

            my $next = $i + 1;
            $next++ while $next <= $#code && $code[$next] !~ /\S/
                          && !comment_at($path, $next);

            next if $next > $#code || $code[$next] =~ /^#/;

            complain($path, $i + 1, 'two blank lines follow a function')
                if $next - $i - 1 != 2;
        }
    }

    return;
}


# A line that is blank in code may hold a comment.

my %text_of;

sub comment_at {
    my ($path, $i) = @_;

    $text_of{$path} //= [split /\n/, slurp($path)];

    return ($text_of{$path}[$i] // '') =~ /\S/;
}


sub columns {
    my ($path, $n, $line) = @_;

    utf8::decode($line);
    complain($path, $n, length($line) . ' columns')
        if length($line =~ s/\t/        /gr) > $MAX_COLUMNS;

    return;
}


sub licence {
    my ($path, $text) = @_;

    my ($head) = $text =~ /\A((?:[^\n]*\n){1,5})/;

    complain($path, 1, 'no SPDX line and copyright on top')
        unless defined $head && index($head, $SPDX) >= 0
               && index($head, $COPYRIGHT) >= 0;

    return;
}
