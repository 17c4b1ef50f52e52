#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Two owners act on each other at once; or the one owner gives the account away
# while the ground is taken from under it.  Where each looked before it leapt,
# this has ended with nobody who owns the account.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Team::Preset;
use Team::Race;

my $site = Team::Preset->new(
    'travel',
    acme => [[olga => 'owner'], [otto => 'owner'], [tom => 'traveller']]);
my $race = Team::Race->new($site);
my $dbh = $site->dbh;


sub owners {
    my ($slug) = @_;

    return $site->sql(<<'EOT', $slug);
select count(*)
  from team.member_standing s
  join team.account a on a.id = s.account_id
 where a.slug = ?
   and s.is_owner
   and s.status = 'active'
EOT
}


# What one does to another, or to oneself.

my %deed = (
    demote  => sub { [$_[0], PUT => $site->m($_[1], '/roles'),
                      { roles => ['traveller'] }] },
    suspend => sub { [$_[0], PUT => $site->m($_[1], '/suspension')] },
    remove  => sub { [$_[0], DELETE => $site->m($_[1])] },
    leave   => sub { [$_[0], DELETE => $site->a('/members/me')] },
    resign  => sub { [$_[0], PUT => $site->m($_[0], '/roles'),
                      { roles => ['traveller'] }] },
    transfer => sub { [$_[0], POST => $site->a('/ownership-transfers'),
                       { to => $site->member($_[1]) }] },
);


subtest 'two owners against each other' => sub {
    my @deeds = sort keys %deed;
    my $lost = qr/(?:403|404|409) [a-z-]+/;
    my $done = qr/20[04]/;

    for my $i (0 .. $#deeds) {
        for my $j ($i .. $#deeds) {
            my ($one, $two) = @deeds[$i, $j];

            # to step down is to be demoted, by oneself: only against the same

            next if ($one eq 'resign') != ($two eq 'resign');

            $race->pairs(
                "$one against $two",
                $two eq 'transfer' ? qr/^(?:$done|$lost) \| $lost$/
                : qr/^(?:$done \| (?:$lost|$done)|$lost \| $done)$/,
                sub {
                    $site->back('acme', 'owner', qw(olga otto));
                    return ($deed{$one}->('olga', 'otto'),
                            $deed{$two}->('otto', 'olga'));
                },
                sub { owners('acme') >= 1 ? '' : 'nobody owns it' });
        }
    }
};


# One owner, who gives it away: to two people, or to somebody whom it is just
# then taken from.

subtest 'a transfer against what makes it impossible' => sub {
    $site->back('acme', 'owner', qw(olga otto));
    $dbh->do("update team.account
                 set owner_mode = 'single', transfer_target = 'any',
                     transfer_old_owner_role = 'travel-admin',
                     owner_member_id = ?
               where slug = 'acme'", undef, $site->member('olga'));
    $dbh->do("delete from team.member where id = ?", undef,
             $site->member('otto'));
    $site->ok(201, olga => POST => $site->a('/roles'),
              { key => 'admin', name => 'Admin', rank => 90, permissions =>
                [qw(members:read members:roles members:remove
                    members:suspend)] }, 'a role for the adversary');

    my $ready = sub {
        $dbh->do("update team.account set owner_member_id = null
                   where slug = 'acme'");
        $site->back('acme', 'owner', 'olga');
        $site->back('acme', 'traveller', qw(tom tim));
        $site->back('acme', 'admin', 'ada');
        $dbh->do("update team.account set owner_member_id = ?
                   where slug = 'acme'", undef, $site->member('olga'));
    };
    my $give = sub { ['olga', POST => $site->a('/ownership-transfers'),
                      { to => $site->member($_[0]) }] };
    my $whole = sub {
        my $owner = $site->sql(<<'EOT');
select i.subject || ' ' || m.status || ' '
       || string_agg(r.key, ',' order by r.key)
  from team.account a
  join team.member m on m.id = a.owner_member_id
  join team.identity i on i.id = m.identity_id
  join team.member_role mr on mr.member_id = m.id
  join team.role r on r.id = mr.role_id
 where a.slug = 'acme'
 group by i.subject, m.status
EOT
        my $roles = $site->sql(<<'EOT');
select count(*)
  from team.member_role mr
  join team.role r on r.id = mr.role_id
  join team.account a on a.id = r.account_id
 where a.slug = 'acme'
   and r.key = 'owner'
EOT
        return '' if ($owner // '') =~ /^\w+ active owner$/ && $roles == 1;
        return 'owner: ' . ($owner // 'none') . ", $roles with the role";
    };

    my %against = (
        'another transfer' => sub { $give->('tim') },
        'the target leaves' => sub { $deed{leave}->('tom') },
        'the target is removed' => sub { $deed{remove}->('ada', 'tom') },
        'the target is suspended' => sub { $deed{suspend}->('ada', 'tom') },
        'the target is promoted' => sub {
            ['olga', PUT => $site->m('tom', '/roles'), { roles => ['admin'] }]
        },
        'the owner is removed' => sub { $deed{remove}->('ada', 'olga') },
        'the owner is demoted' => sub { $deed{demote}->('ada', 'olga') },
        'the owner is suspended' => sub { $deed{suspend}->('ada', 'olga') },
        'the new owner is demoted' => sub { $deed{demote}->('olga', 'tom') },
        'the new owner is removed' => sub { $deed{remove}->('olga', 'tom') },
        'the new owner is suspended' =>
            sub { $deed{suspend}->('olga', 'tom') },
        'the owner leaves' => sub { $deed{leave}->('olga') },
    );

    for my $name (sort keys %against) {
        $race->pairs($name, qr/20|201 \| (?:403|409)|(?:404|409) [\w-]+ \| 20/,
             sub { $ready->(); return ($give->('tom'), $against{$name}->()) },
             $whole);
    }
};


$race->done_ok;

done_testing;
