# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package TeamSource;

# What the check scripts share: the project's files, C without its comments,
# and one way to complain.

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);
use File::Find ();

our @EXPORT = qw(files slurp code_only complain verdict);

my $root = abs_path(dirname(__FILE__) . '/../..');
my $complaints = 0;

chdir $root or die "$root: $!";


# The files that are, or would be, in the repository; without git: all that is
# not made.

sub files {
    my ($pattern) = @_;

    my @files;

    if (-e '.git') {
        open my $git, '-|', qw(git -c safe.directory=* ls-files -z -co
                               --exclude-standard) or die "git: $!";
        local $/ = "\0";
        chomp(@files = <$git>);
        close $git or die "git ls-files failed\n";

    } else {
        File::Find::find({ no_chdir => 1, wanted => sub {
            push @files, $_ =~ s{^\./}{}r if -f && !m{^\./build/};
        } }, '.');
    }

    return grep { -f && $_ =~ $pattern } sort @files;
}


sub slurp {
    my ($path) = @_;

    open my $file, '<:raw', $path or die "$path: $!\n";
    local $/;
    return scalar <$file> // '';
}


# C with comments and the insides of literals blanked out; the lines stay.

sub code_only {
    my ($text) = @_;

    $text =~ s{
        ( /\* .*? \*/ ) | ( " (?: [^"\\\n] | \\. )* " )
        | ( ' (?: [^'\\\n] | \\. )* ' )
    }{
        defined $1 ? $1 =~ s/[^\n]/ /gr
                   : do { my $l = $2 // $3;
                          my $q = substr $l, 0, 1;
                          $q . ' ' x (length($l) - 2) . $q }
    }gsex;

    return $text;
}


sub complain {
    my ($path, $line, $what) = @_;

    $complaints++;
    print STDERR defined $line ? "$path:$line: $what\n" : "$path: $what\n";

    return;
}


# Ends the script.

sub verdict {
    my ($name) = @_;

    print "$name: ", $complaints ? "$complaints to mend" : 'fine', "\n";
    exit($complaints ? 1 : 0);
}


1;
