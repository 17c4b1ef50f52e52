# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Bench::Node;

# Peers that run in node: their packages are installed when they are needed, of
# exactly one version each, and kept in the cache.

use strict;
use warnings;

use Bench::Process;
use Carp qw(croak);
use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);
use File::Copy qw(copy);
use File::Path qw(make_path);

our @EXPORT = qw(node_start find_program);

my $here = abs_path(dirname(__FILE__) . '/../../peers');


# Starts peers/<name>.js; returns {process, port}, or undef and why not.
# Options: name, dir (of its log), cache, port, packages, arguments, pin (CPU).

sub node_start {
    my (%o) = @_;

    my $place = "$o{cache}/$o{name}";
    my $script = "$place/$o{name}.js";
    my $why = _install($place, @{ $o{packages} });

    return (undef, $why) if $why;

    # beside its packages, where import looks for them
    copy("$here/$o{name}.js", $script) or croak "$script: $!";

    my $process = Bench::Process->start($o{name}, "$o{dir}/$o{name}.log",
        defined $o{pin} ? ('taskset', '-c', $o{pin}) : (),
        'node', $script, @{ $o{arguments} });

    # too old a node, for one

    unless (eval { $process->wait_port($o{port}) }) {
        my ($why) = $process->tail =~ /^(.*Error.*)$/m;

        $process->stop;
        return (undef, "$o{name}.js did not start: " . ($why // 'who knows'));
    }

    return { process => $process, port => $o{port} };
}


# Returns why not.

sub _install {
    my ($place, @packages) = @_;

    my $wanted = join ' ', @packages;
    my $mark = "$place/installed";

    for my $tool (qw(node npm)) {
        return "$tool is not installed" unless find_program($tool);
    }

    make_path($place);

    if (open my $file, '<', $mark) {
        return if (<$file> // '') eq $wanted;
    }

    qx(cd '$place' && npm install --no-save --no-package-lock \\
        --ignore-scripts --no-fund --no-audit --prefix . $wanted 2>&1 \\
        < /dev/null);

    return "npm could not install $wanted" if $? != 0;

    open my $file, '>', $mark or croak "$mark: $!";
    print {$file} $wanted;
    close $file or croak "$mark: $!";

    return;
}


sub find_program {
    my ($name) = @_;

    my ($found) = grep { -x } map { "$_/$name" } split /:/, $ENV{PATH} // '';

    return $found;
}


1;
