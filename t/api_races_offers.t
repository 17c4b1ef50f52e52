#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# An invitation is accepted while somebody ends it, a link is used by many, a
# seat is wanted by many.  Elsewhere one invitation has made two members
# (basejump, better-auth #9154), and a withdrawn one has let somebody in.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Team::Preset;
use Team::Race;

my $site = Team::Preset->new(
    'travel', mail => [[mona => 'owner'], [maud => 'owner']]);
my $race = Team::Race->new($site);
my $dbh = $site->dbh;


sub invitations { return $race->invitations('mail', @_) }
sub accepts     { return Team::Race::accepts(@_) }


# The invitation and the member agree: it is accepted and there is one member,
# or it is not and there is none.

sub agree {
    my ($made) = @_;

    my ($status, $expired, $members, $audits) = $dbh->selectrow_array(
        <<'EOT', undef, $made->[0]);
select i.status, i.expires_at <= clock_timestamp(),
       (select count(*)
          from team.member m
          join team.identity o on o.id = m.identity_id
         where m.account_id = i.account_id
           and o.email = i.email),
       (select count(*)
          from team.audit_event e
         where e.target_id = i.id
           and e.action = 'invitation.accept'
           and e.outcome = 'done')
  from team.invitation i
 where i.id = ?
EOT

    return '' if $members == ($status eq 'accepted' ? 1 : 0)
                 && $audits == $members;
    return "$status with $members members, accepted $audits times";
}


subtest 'accept against what ends an invitation' => sub {
    my $path = '/accounts/mail/invitations';
    my $gone = qr/410 invitation-\w+/;

    my %against = (
        # two tabs
        'accept by the same person' => [
            qr/^(?:201 \| $gone|$gone \| 201)$/,
            sub { accepts($_[0], $_[1]) }],
        # two people who share a mailbox
        'accept by another of that address' => [
            qr/^(?:201 \| $gone|$gone \| 201)$/,
            sub {
                my ($who, $made) = @_;
                $race->token_of("$who-two", "$who\@example.com");
                return accepts("$who-two", $made);
            }],
        'withdraw' => [
            qr/^(?:201 \| 409 already-accepted|$gone \| 204)$/,
            sub { ['mona', DELETE => "$path/$_[1][0]"] }],
        'resend' => [
            qr/^(?:201 \| 409 not-pending|$gone \| 202)$/,
            sub { ['mona', POST => "$path/$_[1][0]/resend"] }],
        'decline' => [
            qr/^(?:201 \| $gone|$gone \| 204)$/,
            sub { [$_[0], POST => '/invitations/decline',
                   { token => $_[1][1] }] }],
    );

    for my $name (sort keys %against) {
        my ($allowed, $other) = @{ $against{$name} };
        my ($series, @made) = invitations('mona');

        $race->pairs($name, $allowed, sub {
            my ($round) = @_;
            my $who = "$series-$round";

            return (accepts($who, $made[$round - 1]),
                    $other->($who, $made[$round - 1]));
        }, sub { agree($made[$_[0] - 1]) });
    }

    # nobody has a state for a moment that has passed: it expires about when the
    # request is there, and the clock decides

    my ($series, @made) = invitations('mona');

    $race->pairs('expiry', qr/^(?:201|410 invitation-expired)$/, sub {
        my ($round) = @_;

        $race->token_of("$series-$round");
        $dbh->do("update team.invitation
                     set expires_at = clock_timestamp()
                                      + ? * interval '0.1 ms'
                   where id = ?", undef, $round % 40, $made[$round - 1][0]);
        return accepts("$series-$round", $made[$round - 1]);
    }, sub { agree($made[$_[0] - 1]) });
};


subtest 'accept against the loss of the inviter\'s right' => sub {
    my %against = (
        demoted => sub { ['mona', PUT => "$_[0]/roles",
                          { roles => ['traveller'] }] },
        suspended => sub { ['mona', PUT => "$_[0]/suspension"] },
        removed => sub { ['mona', DELETE => $_[0]] },
    );

    for my $name (sort keys %against) {
        $site->back('mail', 'owner', 'maud');

        my ($series, @made) = invitations('maud');

        # a removed one comes back as another member: nobody's invitations

        $race->pairs("the inviter is $name",
             qr/^(?:201|409 inviter-lost-right) \| 20[04]$/, sub {
            my ($round) = @_;

            $site->back('mail', 'owner', 'maud');
            $dbh->do('update team.invitation set inviter_member_id = ?
                       where id = ?', undef, $site->member('maud'),
                     $made[$round - 1][0]);
            return (accepts("$series-$round", $made[$round - 1]),
                    $against{$name}->('/accounts/mail/members/'
                                      . $site->member('maud')));
        }, sub { agree($made[$_[0] - 1]) });
    }
};


# --- the last seat -----------------------------------------------------------

subtest 'many accept, one seat is left' => sub {
    my $rounds = int($race->rounds / 10) || 1;
    my @wrong;

    $site->back('mail', 'owner', 'maud');

    my ($series, @made) = invitations('mona', 8 * $rounds);

    for my $round (1 .. $rounds) {
        my @mine = map { 8 * ($round - 1) + $_ } 1 .. 8;

        $dbh->do("update team.account a
                     set seat_limit = team.seats_used(a.id) + 1
                   where a.slug = 'mail'");

        my @words = $race->at_once($round, map {
            accepts("$series-$_", $made[$_ - 1])
        } @mine);

        push @wrong, "@words"
            unless (grep { $_ eq '201' } @words) == 1
                   && (grep { $_ eq '409 seat-limit' } @words) == 7;
        push @wrong, grep { length } map { agree($made[$_ - 1]) } @mine;

        push @wrong, 'more members than seats'
            unless $site->sql("select team.seats_used(a.id) = a.seat_limit
                                 from team.account a
                                where a.slug = 'mail'");
    }

    is(scalar @wrong, 0, "one of eight, $rounds times")
        or diag(join "\n", @wrong[0 .. ($#wrong < 5 ? $#wrong : 5)]);
};


# --- a link's uses -----------------------------------------------------------

subtest 'many join by a link for three' => sub {
    my $rounds = int($race->rounds / 10) || 1;
    my @wrong;

    $site->ok(201, cora => POST => '/accounts',
              { name => 'Cora', preset => 'workspace', slug => 'cora' },
              'an account of links');

    for my $round (1 .. $rounds) {
        my $link = $site->ask(cora => POST => '/accounts/cora/invite-links',
                              { max_uses => 3 })->json;
        my @words = $race->at_once($round, map {
            ["j$round-$_", POST => '/invite-links/join',
             { code => $link->{code} }]
        } 1 .. 8);

        my ($uses, $joined) = $dbh->selectrow_array(
            'select l.uses, (select count(*) from team.join_request j
                              where j.link_id = l.id)
               from team.invite_link l where l.id = ?', undef, $link->{id});

        push @wrong, "@words ($uses uses, $joined joined)"
            unless (grep { $_ eq '202' } @words) == 3
                   && (grep { $_ eq '410 link-used-up' } @words) == 5
                   && $uses == 3 && $joined == 3;
    }

    is(scalar @wrong, 0, "three of eight, $rounds times")
        or diag(join "\n", @wrong);
};


$race->done_ok;

done_testing;
