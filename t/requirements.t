#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Each requirement is named by a test; and the tool that says so tells when one
# is not, when its test fails, and when it never ran.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Temp ();
use FindBin;
use Test::More;

my $tool = abs_path("$FindBin::Bin/../tools/requirements");
my $dir = File::Temp->newdir;


sub write_file {
    my ($name, $text) = @_;

    open my $file, '>', "$dir/$name" or die "$name: $!";
    print {$file} $text;
    close $file or die "$name: $!";

    return;
}


sub tool {
    my @args = @_;

    my $pid = open my $pipe, '-|';

    die "fork: $!" unless defined $pid;

    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        exec $^X, $tool, @args or exit 127;
    }

    local $/;
    my $out = <$pipe> // '';

    close $pipe;

    return ($? >> 8, $out);
}


sub small { return tool('--table', "$dir/table.tsv", '--tests', $dir, @_) }


my ($status, $out) = tool('--named');

is($status, 0, 'every requirement has a test') or diag($out);
like($out, qr/^111 requirements: /m, 'the table is complete');
like($out, qr/^waiting for the console: .*\bS4\.14\b/m,
     'what only a page can show waits');

write_file('table.tsv', "S9.1\thttp\tone\nS9.2\thttp,browser\ttwo\n"
                        . "S9.3\tbrowser\tthree\n");
write_file('a.t', <<'EOT');
print "ok 1 - S9.1 is well\n";
print "    ok 1 - S9.2 within\nok 2 - more\n1..2\n";
EOT

($status, $out) = small();
is($status, 0, 'all pass') or diag($out);
like($out, qr/^S9\.1 +pass +one\n +- a\.t$/m, 'one that passes');
like($out, qr/^S9\.2 +pass, page waits +two$/m, 'one half of which waits');
like($out, qr/^S9\.3 +waits +three$/m, 'one that waits');

write_file('b.t', "print 'not ok 1 - S9.1 is ill';\n");
($status, $out) = small();
is($status, 1, 'one fails');
like($out, qr/^S9\.1 +FAIL +one\n +- a\.t, b\.t$/m, 'that one');

write_file('b.t', "die; print 'ok 1 - S9.1 is not reached';\n");
($status, $out) = small();
is($status . ($out =~ /^(S9\.1) +FAIL/m ? $1 : $out), '1S9.1',
   'one never ran');

write_file('b.t', "# S9.1 in a comment, 'S9.2' too\n");
unlink "$dir/a.t";
($status, $out) = small('--named');
is($status, 1, 'one has no test');
like($out, qr/^S9\.1 +no test/m, 'that one');

write_file('b.t', "print 'ok 1 - S9.9 is what?';\n");
($status, $out) = small('--named');
isnt($status, 0, 'a number that there is not');
like($out, qr/b\.t:1: there is no requirement S9\.9/, 'is told');

done_testing;
