#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Two come where there is room for one: for the last seat, by a link for one, or
# one person into two accounts that want their people for themselves.  Counting
# first and joining then, both find it free.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Team::Preset;
use Team::Race;

my $site = Team::Preset->new(
    'travel', full => [[sam => 'owner'], [sue => 'traveller'],
                       [sid => 'traveller']]);
my $race = Team::Race->new($site);
my $dbh = $site->dbh;


sub accepts { return Team::Race::accepts(@_) }


# One of the two wins, whichever, and the other is told that.

sub one_wins {
    my ($done, $code) = @_;

    return qr/^(?:$done \| $code|$code \| $done)$/;
}


$dbh->do("update team.account
             set join_link = true, link_role = 'traveller',
                 link_requires_approval = true");

my $code = $site->ask(sam => POST => '/accounts/full/invite-links')
                ->json->{code};


# --- the last seat -----------------------------------------------------------

# Somebody is suspended who may be let in again.

sub out {
    my ($who) = @_;

    $dbh->do("update team.member set status = 'suspended' where id = ?",
             undef, $site->member($who));

    return [sam => DELETE => '/accounts/full/members/' . $site->member($who)
                             . '/suspension'];
}


# Somebody waits to be approved.

sub waits {
    my ($who) = @_;

    my $path = '/accounts/full/join-requests';
    my ($res) = $race->at_once(0, [$who, POST => '/invite-links/join',
                                   { code => $code }]);

    die "$who: $res" if $res ne '202';

    return [sam => POST => "$path/" . $site->sql(<<'EOT', $who) . '/approve'];
select j.id
  from team.join_request j
  join team.identity i on i.id = j.identity_id
 where i.subject = ?
EOT
}


subtest 'the last seat' => sub {
    my ($series, @made) = $race->invitations('full', 'sam');
    my ($more, @two) = $race->invitations('full', 'sam');
    my ($third, @three) = $race->invitations('full', 'sam');
    my ($fourth, @four) = $race->invitations('full', 'sam');
    my %pairs = (
        'accept against accept' => sub {
            accepts("$series-$_[0]", $made[$_[0] - 1]),
            accepts("$more-$_[0]", $two[$_[0] - 1])
        },
        'accept against enable' => sub {
            accepts("$third-$_[0]", $three[$_[0] - 1]), out('sue')
        },
        'accept against approve' => sub {
            accepts("$fourth-$_[0]", $four[$_[0] - 1]), waits("a$_[0]")
        },
        'enable against enable' => sub { out('sue'), out('sid') },
        'enable against approve' => sub { out('sue'), waits("b$_[0]") },
        'approve against approve' => sub { waits("c$_[0]"), waits("d$_[0]") },
    );

    for my $name (sort keys %pairs) {
        $race->pairs($name, one_wins('20[014]', '409 seat-limit'), sub {
            my @requests = $pairs{$name}->(@_);

            $dbh->do("update team.account a
                         set seat_limit = team.seats_used(a.id) + 1");
            return @requests;
        }, sub {
            $site->sql('select team.seats_used(a.id) = a.seat_limit
                          from team.account a')
                ? '' : 'more members than seats, or less';
        });
    }
};


# --- a link for one ----------------------------------------------------------

subtest 'a link for one' => sub {
    my %second = ('two people' => sub { "f$_[0]" },
                  'one person, twice' => sub { "e$_[0]" });
    my %allowed = (
        'two people' => one_wins(202, '410 link-used-up'),
        'one person, twice' =>
            one_wins(202, '(?:410 link-used-up|409 already-member)'));

    for my $name (sort keys %second) {
        my ($round, $link) = 0;

        $race->pairs($name, $allowed{$name}, sub {
            $round = ($name =~ /one/ ? 1000 : 0) + $_[0];
            $link = $site->ask(sam => POST => '/accounts/full/invite-links',
                               { max_uses => 1 })->json;

            return map { [$_, POST => '/invite-links/join',
                          { code => $link->{code} }] }
                   "e$round", $second{$name}->($round);
        }, sub {
            my ($uses, $joined) = $dbh->selectrow_array(
                'select l.uses, (select count(*) from team.join_request j
                                  where j.link_id = l.id)
                   from team.invite_link l where l.id = ?', undef,
                $link->{id});

            return "$uses $joined" eq '1 1' ? '' : "$uses uses, $joined joined";
        });
    }
};


# --- one person, two accounts ------------------------------------------------

subtest 'two accounts that want their people for themselves' => sub {
    my $business = Team::Race->new($site, roles => '["member"]');
    my (%code, %made);

    $site->{preset} = 'business';

    for my $case (['one', 'ona'], ['two', 'tilo']) {
        my ($slug, $owner) = @$case;

        $site->settle($slug, [[$owner => 'owner']]);
        $dbh->do("update team.account
                     set join_link = true, link_role = 'member',
                         link_requires_approval = false
                   where slug = ?", undef, $slug);
        $code{$slug} = $site->ask($owner => POST =>
                                  "/accounts/$slug/invite-links")
                            ->json->{code};
    }

    my %way = (
        accept => sub {
            my ($who, $slug, $round) = @_;
            return accepts($who, $made{$slug}[$round - 1]);
        },
        join => sub { [$_[0], POST => '/invite-links/join',
                       { code => $code{$_[1]} }] },
        'account of one\'s own' => sub {
            [$_[0], POST => '/accounts',
             { name => "Own $_[0] $_[1]", preset => 'business' }]
        },
    );

    my @ways = sort keys %way;
    my $n = 0;

    for my $i (0 .. $#ways) {
        for my $j ($i .. $#ways) {
            for my $twin ('', '-twin') {
                my $name = 'x' . ++$n;

                (undef, @{ $made{one} }) = $business->invitations(
                    one => 'ona', undef, $name);
                (undef, @{ $made{two} }) = $business->invitations(
                    two => 'tilo', undef, $name);

                $business->pairs(
                    "$ways[$i] against $ways[$j]"
                    . ($twin && ', with another sign-in of that address'),
                    one_wins(201, '409 other-organization'), sub {
                    my ($round) = @_;
                    my $who = "$name-$round";

                    $business->token_of("$who-twin", "$who\@example.com");
                    return ($way{ $ways[$i] }->($who, 'one', $round),
                            $way{ $ways[$j] }->("$who$twin", 'two', $round));
                }, sub {
                    my $in = $site->sql(<<'EOT', "$name-$_[0]\@example.com");
select count(*)
  from team.member m
  join team.identity i on i.id = m.identity_id
 where i.email = ?
EOT
                    return $in == 1 ? '' : "in $in accounts";
                });
            }
        }
    }
};


$race->done_ok;

done_testing;
