#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Lists: read page by page while they change, with cursors of other lists, and
# searched for what is a wildcard elsewhere.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Team::Preset;

my $site = Team::Preset->new(
    'travel', acme => [[olga => 'owner']], other => [[bob => 'owner']]);

my $invitations = $site->a('/invitations');


# Lists that are read page by page while others come and go have had rows twice
# and not at all.

subtest 'pages while rows come and go' => sub {
    my %lists = (
        members => $site->a('/members'), invitations => $invitations,
        'the directory' => $site->a('/directory'),
        'the directory by name' => $site->a('/directory?sort=name'),
        'the directory by email, downwards' =>
            $site->a('/directory?sort=-email'),
        groups => $site->a('/groups'),
    );

    $site->back('acme', 'traveller', map { "page$_" } 1 .. 12);
    $site->invite('olga', "inv$_", ['traveller']) for 1 .. 12;
    $site->ask(olga => POST => $site->a('/groups'), { name => "Group $_" })
        for 1 .. 12;

    my $round = 0;

    for my $name (sort keys %lists) {
        my $path = $lists{$name};
        my $sep = $path =~ /\?/ ? '&' : '?';
        my %before = map { $_->{id} => 1 }
                     @{ $site->get('olga', "$path${sep}limit=200")
                        ->{items} };
        my (%seen, %gone, $cursor);
        my $pages = 0;

        do {
            my $page = $site->get('olga', "$path${sep}limit=5"
                                  . ($cursor ? "&cursor=$cursor" : ''));

            $seen{ $_->{id} }++ for @{ $page->{items} };
            $cursor = $page->{next_cursor};
            $pages++;
            $round++;

            # one comes at each end of the order, and the last that was seen
            # goes: the cursor stands on it

            my ($last) = $page->{items}[-1];

            if ($cursor && $path =~ /members|directory/) {
                $site->back('acme', 'traveller', "aa$round", "zz$round");

                if (($last->{name} // '') =~ /^(?:Page|Aa|Zz)/) {
                    $site->ask(olga => DELETE =>
                               $site->a("/members/$last->{id}"));
                    $gone{ $last->{id} } = 1;
                }

            } elsif ($cursor && $path =~ /invitations/) {
                $site->ask(olga => DELETE => "$path/$last->{id}");
                $site->invite('olga', "aa-inv$round", ['traveller']);

            } elsif ($cursor) {
                $site->ask(olga => DELETE => "$path/$last->{id}");
                $site->ask(olga => POST => $path, { name => "A $round" });
            }

        } while ($cursor && $pages < 100);

        is(join(' ', grep { $seen{$_} > 1 } keys %seen), '',
           "$name: none twice");
        is(join(' ', grep { !$seen{$_} } keys %before), '',
           "$name: none missed, in $pages pages");
    }
};


# A cursor that says where to go on, and is believed: another account's rows.

subtest 'a cursor of another account or list' => sub {
    my %mine = map {
        $_ => $site->get('olga', $site->a("/$_?limit=1"))->{next_cursor}
    } qw(members invitations groups directory audit-events);

    $site->back('other', 'traveller', 'zed', 'zoe');

    for my $from (sort keys %mine) {
        ok($mine{$from}, "a cursor of $from");

        for my $to (sort keys %mine) {
            my $theirs = $site->ask(bob => GET =>
                "/accounts/other/$to?cursor=$mine{$from}");
            my $ours = $site->ask(olga => GET =>
                $site->a("/$to?cursor=$mine{$from}"));

            is($theirs->status . ' ' . $theirs->json->{type},
               '400 /problems/bad-cursor', "$from of ours: $to of theirs");
            is($ours->status, $from eq $to ? 200 : 400, "$from: $to");
        }
    }

    my $other_order = $site->ask(olga => GET =>
        $site->a("/directory?sort=name&cursor=$mine{directory}"));
    is($other_order->status, 400, 'of another order of the directory');
};


# Wildcards in a search have shown everybody, or cost minutes.

subtest 'wildcards are text' => sub {
    $site->back('acme', 'traveller', 'per', 'und');
    $site->ok(200, olga => PATCH => $site->m('per'), { name => '100%' },
              'one is called 100%');
    $site->ok(200, olga => PATCH => $site->m('und'), { name => 'a_b\\c' },
              'and one a_b\\c');

    my $find = sub {
        my ($q) = @_;
        return join ' ', sort map { $_->{name} } $site->directory(
            'olga', 'q=' . $q =~ s/(\W)/sprintf '%%%02X', ord $1/ger);
    };

    is($find->('%'), '100%', '%');
    is($find->('0%'), '100%', 'at an end');
    is($find->('_'), 'a_b\\c', '_');
    is($find->('a_b'), 'a_b\\c', 'in the middle');
    is($find->('\\'), 'a_b\\c', 'a backslash');
    is($find->('%%%%%%%%%%'), '', 'many');
    is($find->('.*'), '', 'nor is it a regular expression');
};


$site->done_ok;

done_testing;
