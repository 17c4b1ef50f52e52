#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Processes that die while they hold the lock of the table of grants.  The
# work is done by t/unit/table_kill.c, which prints TAP itself.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);

my $root = abs_path(dirname(__FILE__) . '/..');
my $build = $ENV{TEAM_BUILD} // "$root/build/release";
my $program = "$build/unit/table_kill";

{ no warnings 'exec'; exec $program; }

print "Bail out! $program: $!\n";
exit 127;
