# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Team::Wait;

# Waiting for a condition with a deadline: what tests do instead of sleeping.

use strict;
use warnings;

use Exporter 'import';
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

our @EXPORT = qw(wait_until now_ms hour_lasts);


# Calls $condition until it is true, for at most $seconds (default 10).
# Returns its last value: false when time ran out.

sub wait_until {
    my ($condition, $seconds) = @_;

    my $deadline = now_ms() + 1000 * ($seconds // 10);
    my $step = 0.002;

    while (1) {
        my $value = $condition->();

        return $value if $value || now_ms() >= $deadline;

        select(undef, undef, undef, $step);
        $step *= 1.5 if $step < 0.05;
    }
}


# Waits for the next hour unless this one has so many seconds left: quotas are
# of an hour, in UTC.

sub hour_lasts {
    my ($seconds) = @_;

    return wait_until(sub { time % 3600 < 3600 - $seconds }, $seconds + 1);
}


sub now_ms {
    return 1000 * clock_gettime(CLOCK_MONOTONIC);
}


1;
