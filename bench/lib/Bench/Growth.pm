# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Bench::Growth;

# What a large account costs more than a small one, and searching in it.
#
#     my $growth = Bench::Growth->new(pg => $pg, port => ..., pids => [...],
#                                     members => 1000000, only => qr/./);
#     $growth->round($seconds) for 1 .. 5;
#     $growth->report($report);
#
# One client at a time: nothing waits for anything else, so a figure is the
# call's own.

use strict;
use warnings;

use Bench::Calls;
use Bench::Options;
use Bench::Pgbench;
use Bench::Sides;

my $SMALL = 1000;
my @ORDERS = qw(default name email);

# Of the million: one is called Zoltan, one is an owner; of a hundred one is
# called Quentin, one has an address that ends on 99, one is a finance admin.

my @searches = (
    [name_narrow => 1, q => 'zoltan'], [email_narrow => 1, q => undef],
    [role_narrow => 1, q => 'owner'], [name_broad => 50, q => 'quentin'],
    [email_broad => 50, q => '99@'], [role_broad => 50, q => 'finance'],
    [role_filter_narrow => 1, role => 'owner'],
    [role_filter_broad => 50, role => 'finance-admin'],
);


sub new {
    my ($class, %o) = @_;

    my $self = bless {
        %o, round => 0,
        pgbench => side_pgbench($o{pg}, clients => 1),
        http => side_http('ngx', port => $o{port}, pids => $o{pids},
                          connections => 1)
    }, $class;

    $self->_pairs;
    $self->_searches;

    return $self;
}


# Calls of the small and the large account that are held against each other.

sub _pairs {
    my ($self) = @_;

    my %members = (small => $SMALL, large => $self->{members});
    my @kinds = grep { "growth_$_" =~ $self->{only} }
                qw(grant grant_few list page list_http);

    $self->{pairs} = \my @pairs;

    for my $kind (@kinds) {
        my %pair = (name => "growth_$kind",
                    side => $self->{$kind eq 'list_http' ? 'http' : 'pgbench'});

        for my $account (qw(small large)) {
            my $name = "growth_$kind.$account";
            my $n = $members{$account};

            $pair{$account} =
                $kind eq 'grant' ? call_grant($name, $account, 0, $n)
                : $kind eq 'grant_few'
                ? call_grant($name, $account, int(($n - $SMALL) / 2), $SMALL)
                : call_list($name, $account,
                    $kind eq 'page'
                    ? (cursor => deep_cursor($self->{pg}, $account, $n / 2))
                    : ());

            try_side($pair{side}, $pair{$account}, 'growth');
        }

        push @pairs, \%pair;
    }

    return;
}


sub _searches {
    my ($self) = @_;

    $self->{searches} = \my @calls;

    for my $search (@searches) {
        my ($what, $items, %query) = @$search;

        for my $account (qw(large small)) {
            my $n = $account eq 'large' ? $self->{members} : $SMALL;

            # ten in a thousand are no page
            my $found = $items == 1 ? 1 : $account eq 'large' ? 50 : 10;

            $query{q} = "$account-" . int($n * 0.6) . '@'
                if $what eq 'email_narrow';

            for my $order (@ORDERS) {
                next if $account eq 'small' && $order ne 'default';

                my $name = join '_', 'search',
                    $account eq 'small' ? 'small' : (), $what,
                    $order eq 'default' ? () : "by_$order";

                next if $name !~ $self->{only};

                my $call = call_list($name, $account, %query, items => $found,
                    $order eq 'default' ? () : (sort => $order));

                try_side($self->{http}, $call, 'search');
                push @calls, $call;
            }
        }
    }

    return;
}


sub round {
    my ($self, $seconds) = @_;

    my $round = ++$self->{round};

    for my $pair (@{ $self->{pairs} }) {
        my @us = $pair->{side}{port}
                 ? $self->_apart($pair, $seconds, $round % 2)
                 : pgbench_mixed(
                     scripts => [map { $pair->{$_}{script}->() }
                                     qw(small large)],
                     conninfo => $self->{pg}->conninfo(user => 'team_gateway'),
                     seconds => 2 * $seconds);

        push @{ $pair->{runs} }, \@us;
        say_step(sprintf 'round %d: %s: small %.0f us, large %.0f us', $round,
                 $pair->{name}, @us);
    }

    # there are many of them, and each is held against a goal far off

    return if $round > 3 || !@{ $self->{searches} };

    for my $call (@{ $self->{searches} }) {
        push @{ $call->{runs} },
            run_side($self->{http}, $call, pg => $self->{pg}, name => 'search',
                     seconds => 1);
    }

    say_step(sprintf 'round %d: %d searches', $round,
             scalar @{ $self->{searches} });

    return;
}


# wrk's, one after the other.

sub _apart {
    my ($self, $pair, $seconds, $large_last) = @_;

    my %us;

    for my $account ($large_last ? qw(small large) : qw(large small)) {
        $us{$account} = run_side($pair->{side}, $pair->{$account},
                                 pg => $self->{pg}, name => 'growth',
                                 seconds => $seconds)->{p50};
    }

    return @us{qw(small large)};
}


sub report {
    my ($self, $report) = @_;

    for my $pair (@{ $self->{pairs} }) {
        $report->add($pair->{name},
                     median(map { $_->[1] / $_->[0] } @{ $pair->{runs} }), 'x',
                     1.2);
    }

    for my $call (@{ $self->{searches} }) {
        my @p50 = map { $_->{p50} } @{ $call->{runs} };

        $report->add($call->{name}, least(@p50), 'us',
                     $call->{name} =~ /^search_small/ ? undef : 5000);
    }

    return;
}


sub details {
    my ($self, $report) = @_;

    for my $pair (@{ $self->{pairs} }) {
        $report->add("$pair->{name}.small",
                     median(map { $_->[0] } @{ $pair->{runs} }), 'us');
        $report->add("$pair->{name}.large",
                     median(map { $_->[1] } @{ $pair->{runs} }), 'us');
    }

    for my $call (@{ $self->{searches} }) {
        my $runs = $call->{runs};

        $report->add("$call->{name}.p99", median(map { $_->{p99} } @$runs),
                     'us');
        $report->add("$call->{name}.server", least(map { $_->{server} } @$runs),
                     'us');
    }

    return;
}


1;
