#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Each setting of a policy, changed by the owner of an account that is there,
# has its effect, one way and the other; each preset can be switched to each
# other; and what those who are there would violate is refused, with the reason.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON ();
use Test::More;

use Team::Preset;

my ($T, $F) = (JSON::true, JSON::false);
my $site = Team::Preset->new(
    'business', other => [[zora => 'owner'], [zoe => 'member']]);
my $dbh = $site->dbh;
my $n = 0;

# the account of now, and its people
my ($slug, $own, $adm, $adm2, $mem);


# An account of its own for each case: its owner, and who else has which role.

sub settle {
    my ($preset, %people) = @_;

    $slug = 'case' . ++$n;
    ($own, $adm, $adm2, $mem) = map { "$slug-$_" } qw(own adm adm2 mem);
    $site->{preset} = $preset;
    $site->settle($slug, [[$own => 'owner'],
                          map { ["$slug-$_", $people{$_}] } sort keys %people]);

    return;
}


sub a { return "/accounts/$slug" . ($_[0] // '') }
sub m_ { return a('/members/' . $site->member($_[0])) . ($_[1] // '') }


# An answer in a word: its status, and its problem's code.

sub word {
    my $res = $site->ask(@_);
    my ($code) = $res->body =~ m{"type":"/problems/([^"]+)"};

    return $res->status . (defined $code ? " $code" : '');
}


sub change {
    my (%change) = @_;

    my $policy = $site->get($own, a('/policy'));

    return word($own, PUT => a('/policy'), { %$policy, %change });
}


sub form {
    my ($name, %more) = @_;

    return { email => "$slug-$name\@example.com", name => $name,
             roles => ['member'], %more };
}


sub invite { return word($own, POST => a('/invitations'), form(@_)) }


sub invited {
    my ($name, %more) = @_;

    my $made = $site->ask($own, POST => a('/invitations'), form($name, %more))
                    ->json;

    return ("$slug-$name", $site->mailed($made), $made);
}


sub let_in {
    my ($who, $token) = @_;

    return word($who, POST => '/invitations/accept', { token => $token });
}


sub declined {
    my ($who, $token, $made) = invited('dec');

    return ($made, word($who, POST => '/invitations/decline',
                        { token => $token }));
}


sub join_link {
    my $link = $site->ask($own, POST => a('/invite-links'), {})->json;

    return $site->ask("$slug-jo", POST => '/invite-links/join',
                      { code => $link->{code} });
}


sub days {
    my ($thing) = @_;

    return $site->sql('select round(extract(epoch from ?::timestamptz
                                            - ?::timestamptz))::integer',
                      $thing->{expires_at}, $thing->{created_at});
}


sub transfer {
    my ($to) = @_;

    return word($own, POST => a('/ownership-transfers'),
                { to => $site->member($to) });
}


sub roles_of {
    my ($who) = @_;

    return join ' ', map { $_->{key} }
                     @{ $site->get($own, m_($who))->{roles} };
}


sub seats {
    my ($limit) = @_;

    $dbh->do('update team.account set seat_limit = ? where slug = ?', undef,
             $limit, $slug);

    return;
}


# Of a key its values, each with what is seen then; what else is changed, and
# how it is seen.

my @links = (join_link => $T, link_role => 'member');
my %keys = (
    membership_scope => [
        { exclusive => '409 other-organization', many => '201' }, {},
        sub {
            # also of the other account, which is exclusive itself
            my @token = invited('both');
            my $other = 'other' . $n;

            $site->settle($other, [["$slug-both" => 'owner']]);
            $dbh->do("update team.account set membership_scope = 'many'
                       where slug = ?", undef, $other);
            return let_in(@token);
        }],
    owner_mode => [
        { single => '409 owner-must-transfer', many => '201' }, {},
        sub { invite(two => (roles => ['owner'])) }],
    owner_role => [
        { owner => 'owner 1', boss => 'boss 1' }, {},
        sub {
            my $me = $site->get($own, a('/members/me'));
            return "$me->{roles}[0]{key} $me->{is_owner}";
        }],
    role_cardinality => [
        { one => '409 role-cardinality, 409 role-cardinality',
          zero_or_one => '409 role-cardinality, 200', many => '200, 200' }, {},
        sub {
            join ', ', map {
                word($own, PUT => m_($mem, '/roles'), { roles => $_ })
            } ['member', 'finance'], []
        }],
    direct_permissions => [
        { $T => '200', $F => '409 direct-permissions-disabled' }, {},
        sub { word($own, PUT => m_($mem, '/permissions'),
                   { permissions => ['cards:read'] }) }],
    self_change => [
        { forbid => '403 self-change', another_owner => '200' },
        { owner_mode => 'many' },
        sub {
            $site->ask($own, PUT => m_($mem, '/roles'),
                       { roles => ['owner'] });
            word($own, PUT => m_($own, '/roles'), { roles => ['finance'] });
        }],
    join_email => [
        { $T => '201, 201', $F => '409 channel-disabled, '
                                  . '409 channel-disabled' }, {},
        sub {
            # one was invited while it was so

            my $is = $site->sql('select join_email from team.account
                                  where slug = ?', $slug);
            my $turn = sub {
                $dbh->do('update team.account set join_email = ?
                           where slug = ?', undef, $_[0], $slug);
            };

            $turn->(1);
            my @before = invited('was');
            $turn->($is);
            invite('new') . ', ' . let_in(@before);
        }],
    join_subaccount => [
        { $T => '201', $F => '409 subaccounts-disabled' }, {},
        sub { word($own, POST => a('/subaccounts'), { name => 'Sub' }) }],
    join_link => [
        { $T => '201', $F => '409 channel-disabled' },
        { link_role => 'member' },
        sub { word($own, POST => a('/invite-links'), {}) }],
    link_role => [
        { member => 'member', finance => 'finance' }, { join_link => $T },
        sub { join_link()->json->{roles}[0]{key} }],
    link_requires_approval => [
        { $T => '202 pending', $F => '201 active' }, { @links },
        sub {
            my $res = join_link();
            $res->status . ' ' . $res->json->{status};
        }],
    link_ttl => [
        { 3600 => 3600, 86400 => 86400 }, { @links },
        sub { days($site->ask($own, POST => a('/invite-links'), {})->json) }],
    decline_mode => [
        { off => '409 decline-disabled, 1 pending',
          hidden => '204, 0 -', shown => '204, 1 declined' }, {},
        sub {
            my ($made, $word) = declined();
            my @rows = grep { $_->{id} eq $made->{id} }
                       $site->directory($own, 'kind=invitation', $slug);
            "$word, " . @rows . ' ' . (@rows ? $rows[0]{status} : '-');
        }],
    reinvite_after_decline => [
        { allow => '201', remove_first => '409 declined-exists' },
        { decline_mode => 'shown' },
        sub { declined(); invite('dec') }],
    invitation_ttl => [
        { 3600 => 3600, 7776000 => 7776000 }, {},
        sub { days((invited('ttl'))[2]) }],
    name_required => [
        { $T => '422 name-required', $F => '201' }, {},
        sub { word($own, POST => a('/invitations'),
                   { email => "$slug\@example.com", roles => ['member'] }) }],
    suspend_enabled => [
        { $T => '204', $F => '409 suspend-disabled' }, {},
        sub { word($own, PUT => m_($mem, '/suspension')) }],
    suspend_label => [
        { Suspended => 'Suspended', Disabled => 'Disabled' }, {},
        sub { $site->get($own, a('/directory'))->{labels}{suspended} }],
    transfer_target => [
        { any => '201', off => '409 transfer-disabled',
          role => '409 target-not-eligible' },
        { transfer_target_role => 'finance' },
        sub { transfer($mem) }],
    transfer_target_role => [
        { member => '201', finance => '409 target-not-eligible' },
        { transfer_target => 'role' },
        sub { transfer($mem) }],
    transfer_old_owner_role => [
        { admin => '201 admin', finance => '201 finance' }, {},
        sub {
            my $word = transfer($adm);
            ($own, $adm) = ($adm, $own);
            "$word " . roles_of($adm);
        }],
    transfer_acceptance => [
        { $T => '201 pending owner', $F => '201 completed admin' }, {},
        sub {
            my $res = $site->ask($own, POST => a('/ownership-transfers'),
                                 { to => $site->member($adm) });
            join ' ', $res->status, $res->json->{status}, roles_of($own);
        }],
    admin_may_remove_admin => [
        { $T => '204', $F => '403 rank' }, {},
        sub { word($adm, DELETE => m_($adm2)) }],
    seats_counted => [
        { active => '409 seat-limit', none => '201' }, {},
        sub { seats(4); let_in(invited('seat')) }],

    # what a page says, not what is done: however one left, nothing of it is
    # left; and nobody is active before they have signed in

    remove_mode => [
        { delete => '204, 404 not-found, 201', revoke =>
                    '204, 404 not-found, 201' }, {},
        sub { join ', ', word($own, DELETE => m_($mem)),
                         word($mem, GET => a), invite('mem') }],
    activation => [
        { registration => '401 token-missing, 201 active',
          acceptance => '401 token-missing, 201 active',
          approval => '401 token-missing, 201 active' }, {},
        sub {
            my ($who, $token) = invited('act');
            my $word = word(undef, POST => '/invitations/accept',
                            { token => $token });
            $word . ', ' . let_in($who, $token) . ' '
                  . $site->row($own, $who, $slug)->{status};
        }],
    all_role => [
        { admin => 'Give the role "admin" instead.',
          '' => 'All permissions are given by a role only.' },
        { direct_permissions => $T },
        sub { $site->ask($own, PUT => m_($mem, '/permissions'),
                         { permissions => ['*'] })->json->{detail} }],
);


# Of a text of the table.

sub value {
    my ($text) = @_;

    return $text ? $T : $F if $text =~ /^[01]$/;
    return $text + 0 if $text =~ /^\d+$/;
    return length $text ? $text : undef;
}


subtest 'each setting, each way' => sub {
    settle('business');
    is(join(' ', sort keys %keys, 'preset'),
       join(' ', sort keys %{ $site->get($own, a('/policy')) }),
       'those are all');

    for my $key (sort keys %keys) {
        my ($seen, $more, $look) = @{ $keys{$key} };

        for my $value (sort keys %$seen) {
            settle('business', adm => 'admin', adm2 => 'admin',
                   mem => 'member');

            $site->ask($own, POST => a('/roles'), {
                key => 'boss', name => 'Boss', rank => 90, permissions =>
                [qw(account:read policy:read policy:update)] });

            # from another one to this

            my ($other) = grep { $_ ne $value } sort keys %$seen;

            is(change(%$more, $key => value($_)), '200', "$key: $_")
                for $other, $value;
            is($look->(), $seen->{$value}, '... is what is seen');
        }
    }
};


# --- what those who are here are in the way of -------------------------------

sub conflict {
    my ($change, $detail, $name) = @_;

    my $policy = $site->get($own, a('/policy'));
    my $body = $change->{preset} ? $change : { %$policy, %$change };

    is($site->refused(409, 'policy-conflict', $own => PUT => a('/policy'),
                      $body, $name)->{detail}, $detail, '... with the reason');

    return;
}


subtest 'what the members violate' => sub {
    settle('travel', adm => 'owner', mem => 'traveller');
    seats(2);
    conflict({ owner_mode => 'single' },
             'The account has 2 owners, and would have a single one.',
             'two owners');
    conflict({ preset => $_ },
             'The account has 2 owners, and would have a single one.',
             "two owners: $_") for qw(business hosting workspace);
    is(change(seats_counted => 'none'), '200', 'seats do not count');
    conflict({ seats_counted => 'active' },
             '3 members are active, for 2 seats.', 'too many');
    seats(undef);
    $site->ok(204, $own, PUT => m_($mem, '/suspension'), undef, 'suspended');
    conflict({ suspend_enabled => $F }, ucfirst($mem) . ' is suspended.',
             'somebody is suspended');
    conflict({ preset => 'branches' }, ucfirst($mem) . ' is suspended.',
             'branches: the same');
    conflict({ link_role => 'nobody' }, 'The account has no role "nobody".',
             'a role that is not');
    conflict({ owner_role => 'traveller' },
             'With the role "traveller" no owner could change the policy.',
             'an owner who is none');

    settle('travel', adm => 'travel-admin');
    $site->ok(201, $own, POST => a('/roles'), {
        key => 'second', name => 'Second', rank => 10,
        permissions => ['policy:update'] }, 'a role to be the owners\'');
    conflict({ owner_role => 'second' },
             ucfirst($adm) . ' would stand above the owners.', 'a low one');
    $site->ok(200, $own, PUT => m_($adm, '/roles'), { roles => ['second'] },
              'whom nobody outranks');
    conflict({ owner_role => 'second' }, ucfirst($adm)
             . ' holds the role "second" and would become an owner.',
             'but which somebody has');

    settle('workspace', adm => 'admin');
    conflict({ owner_mode => 'many' }, ucfirst($adm)
             . ' holds the role "admin" and would become an owner.',
             'an owner is one, administrators are several');

    settle('branches', mem => 'team-admin');
    $site->ok(200, $own, PUT => m_($mem, '/permissions'),
              { permissions => ['bills:manage'] }, 'a permission of their own');
    conflict({ direct_permissions => $F },
             ucfirst($mem) . ' has permissions of their own.', 'somebody does');
    conflict({ preset => $_ },
             ucfirst($mem) . ' has permissions of their own.', "$_: the same")
        for qw(business travel workspace);
    $site->ok(200, $own, PUT => m_($mem, '/permissions'),
              { permissions => [] }, 'not any more');
    $site->ok(200, $own, PUT => m_($mem, '/roles'), { roles => [] }, 'no role');
    conflict({ role_cardinality => 'one' }, ucfirst($mem) . ' has 0 roles.',
             'somebody without');
    conflict({ preset => $_ }, ucfirst($mem) . ' has 0 roles.', "$_: the same")
        for qw(business travel workspace);

    $site->settle("more$n", [[$mem => 'owner']]);
    conflict({ membership_scope => 'exclusive' },
             ucfirst($mem) . ' is a member of another account.',
             'somebody is elsewhere');
};


# --- from each preset to each other ------------------------------------------

subtest 'switching' => sub {
    my %low = (business => 'member', branches => 'team-admin',
               travel => 'traveller', hosting => 'all', workspace => 'staff');
    my @presets = sort keys %low;
    my %fresh;

    for my $preset (@presets) {
        settle($preset);
        $fresh{$preset} = $site->get($own, a('/policy'));
        $fresh{"$preset roles"} = [sort map { $_->{key} }
                                   @{ $site->get($own, a('/roles'))->{items} }];
    }

    for my $from (@presets) {
        for my $to (grep { $_ ne $from } @presets) {
            settle($from, mem => $low{$from});

            is_deeply($site->ok(200, $own, PUT => a('/policy'),
                                { preset => $to }, "$from to $to"),
                      $fresh{$to}, '... has all its settings');
            ok($site->get($own, a('/members/me'))->{is_owner},
               '... the owner is the owner');
            is($site->gate($own, 'policy:update', $slug), 200,
               '... and may what an owner may');
            is($site->gate($mem, 'account:read', $slug), 200,
               '... the others are members');

            my %roles = map { $_->{key} => 1 }
                        @{ $site->get($own, a('/roles'))->{items} };

            is_deeply([grep { $roles{$_} } @{ $fresh{"$to roles"} }],
                      $fresh{"$to roles"}, '... and its roles are there');
            is(word($own, PUT => a('/policy'), { preset => $from }), '200',
               '... and back');
        }
    }
};


$site->done_ok;

done_testing;
