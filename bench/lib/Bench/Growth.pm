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
                qw(grant list page list_http);

    $self->{pairs} = \my @pairs;

    for my $kind (@kinds) {
        my %pair = (name => "growth_$kind",
                    side => $self->{$kind eq 'list_http' ? 'http' : 'pgbench'});

        for my $account (qw(small large)) {
            my $name = "growth_$kind.$account";
            my $n = $members{$account};

            $pair{$account} =
                $kind eq 'grant' ? call_grant($name, $account, $n)
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
        for my $account ($round % 2 ? qw(small large) : qw(large small)) {
            push @{ $pair->{runs}{$account} },
                run_side($pair->{side}, $pair->{$account}, pg => $self->{pg},
                         name => 'growth', seconds => $seconds);
        }

        say_step(sprintf 'round %d: %s: small %.0f/s, large %.0f/s', $round,
                 $pair->{name},
                 map { $pair->{runs}{$_}[-1]{rate} } qw(small large));
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


sub report {
    my ($self, $report) = @_;

    for my $pair (@{ $self->{pairs} }) {
        my ($small, $large) = @{ $pair->{runs} }{qw(small large)};

        $report->add($pair->{name}, median(map {
            $small->[$_]{rate} / $large->[$_]{rate} } 0 .. $#$small), 'x', 1.2);
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
        for my $account (qw(small large)) {
            my $runs = $pair->{runs}{$account};

            $report->add("$pair->{name}.$account.rate",
                         median(map { $_->{rate} } @$runs), '1/s');
            $report->add("$pair->{name}.$account.server",
                         median(map { $_->{server} } @$runs), 'us');
        }
    }

    for my $call (@{ $self->{searches} }) {
        $report->add("$call->{name}.p99", median(map { $_->{p99} }
                                                 @{ $call->{runs} }), 'us');
    }

    return;
}


1;
