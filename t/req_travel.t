#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The preset "travel", requirement by requirement: several owners, groups,
# seats, people who are disabled and enabled.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Team::Preset;

my $site = Team::Preset->new(
    'travel',
    acme => [[olga => 'owner'], [otto => 'owner'], [tina => 'travel-admin'],
             [fred => 'finance-admin'], [anna => 'approver'],
             [tom => 'traveller'], [tim => 'traveller']],
    lone => [[lena => 'owner'], [leo => 'traveller']],
    other => [[bob => 'owner']]);

my $invitations = $site->a('/invitations');
my $lone = '/accounts/lone/members/' . $site->member('lena');
my $leo = '/accounts/lone/members/' . $site->member('leo');


sub roles_of {
    my ($who) = @_;

    return join ' ', map { $_->{key} }
                     @{ $site->get('olga', $site->m($who))->{roles} };
}


subtest 'S2.1 one list of everyone' => sub {
    is(join(', ', sort map { "$_->{name}: $_->{roles}[0]{name}" }
                       $site->directory('olga')),
       'Anna: Approver, Fred: Finance Admin, Olga: Owner, Otto: Owner, '
       . 'Tim: Traveller, Tina: Travel Admin, Tom: Traveller',
       'travelers to owners');
};


subtest 'S2.2 one role a person' => sub {
    $site->refused(409, 'role-cardinality', olga => PUT =>
                   $site->m('tom', '/roles'),
                   { roles => ['traveller', 'approver'] }, 'not two');
    $site->refused(409, 'role-cardinality', olga => PUT =>
                   $site->m('tom', '/roles'), { roles => [] }, 'not none');
    $site->refused(409, 'direct-permissions-disabled', olga => PUT =>
                   $site->m('tom', '/permissions'),
                   { permissions => ['trips:read'] },
                   'no permission beside the role');
    $site->may('tom', ['trips:book'], ['trips:read'],
               'the role says what one may do');
};


subtest 'S2.3 owner' => sub {
    $site->may('olga', ['settings:manage', 'travel-policies:manage',
                        'members:remove', 'data:export', 'policy:update'],
               [], 'everything');
    $site->ok(200, olga => GET => $site->a('/policy'), undef, 'the policy');
};


subtest 'S2.4 travel admin' => sub {
    $site->may('tina', ['travel-policies:manage', 'trips:read',
                        'approvals:manage'],
               ['cost-codes:manage', 'data:export', 'members:remove'],
               'policies, all trips, approvals');
    is($site->rights('olga', 'travel-admin'),
       'account:read approvals:manage assigned-trips:approve groups:assign '
       . 'groups:create groups:delete groups:read groups:update '
       . 'invitations:read members:read own-trips:read roles:read '
       . 'travel-policies:manage trips:book trips:read',
       'of all there is');
};


subtest 'S2.5 finance admin' => sub {
    $site->may('fred', ['cost-codes:manage', 'reports:read', 'data:export'],
               ['travel-policies:manage', 'approvals:manage',
                'members:read'],
               'cost codes, reports, exports');
    is($site->rights('olga', 'finance-admin'),
       'account:read cost-codes:manage data:export own-trips:read '
       . 'reports:read trips:book',
       'of all there is');
};


subtest 'S2.6 approver' => sub {
    $site->may('anna', ['assigned-trips:approve'],
               ['approvals:manage', 'trips:read', 'members:read'],
               'the requests assigned to her');
    is($site->rights('olga', 'approver'),
       'account:read assigned-trips:approve own-trips:read trips:book',
       'of all there is');
};


subtest 'S2.7 traveller' => sub {
    $site->may('tom', ['trips:book', 'own-trips:read'],
               ['trips:read', 'assigned-trips:approve', 'members:read'],
               'books, and sees his own trips');
    is($site->rights('olga', 'traveller'),
       'account:read own-trips:read trips:book',
       'of all there is');
};


subtest 'S2.8 at least one active owner' => sub {
    $site->ok(204, olga => PUT => $site->m('otto', '/suspension'), undef,
              'of two one is disabled');
    $site->refused(409, 'last-owner', olga => DELETE =>
                   $site->a('/members/me'), undef,
                   'then the other does not leave');
    $site->refused(409, 'last-owner', olga => PUT =>
                   $site->m('olga', '/roles'), { roles => ['traveller'] },
                   'nor step down');
    $site->ok(204, olga => DELETE => $site->m('otto', '/suspension'), undef,
              'enabled again');
    $site->ok(200, olga => PUT => $site->m('otto', '/roles'),
              { roles => ['travel-admin'] }, 'with an active one left');
    $site->ok(200, olga => PUT => $site->m('otto', '/roles'),
              { roles => ['owner'] }, 'and back');
};


subtest 'S2.9 the last remaining owner can not be disabled' => sub {
    $site->refused(409, 'last-owner', lena => PUT => "$lone/suspension",
                   undef, 'by herself');
    $site->refused(403, 'permission-missing', leo => PUT =>
                   "$lone/suspension", undef, 'nor by anybody');
    $site->refused(409, 'last-owner', lena => DELETE => $lone, undef,
                   'nor removed');
    is($site->gate('lena', 'policy:update', 'lone'), 200, 'she is there');
};


subtest 'S2.10 nor can her role be changed' => sub {
    $site->refused(409, 'last-owner', lena => PUT => "$lone/roles",
                   { roles => ['traveller'] }, 'the last one');
    $site->ok(200, lena => PUT => "$leo/roles", { roles => ['owner'] },
              'with a second owner');
    $site->ok(200, lena => PUT => "$lone/roles",
              { roles => ['travel-admin'] }, 'it can');
    $site->refused(409, 'last-owner', leo => PUT => "$leo/roles",
                   { roles => ['traveller'] }, 'who is last now stays');

    # nor any other way: a policy without owners, the owners' role itself

    my $policy = $site->get('leo', '/accounts/lone/policy');

    $site->ok(200, leo => PUT => '/accounts/lone/policy',
              { %$policy, owner_mode => 'none', owner_role => undef },
              'an account may be without owners');
    $site->refused(409, 'last-owner', leo => DELETE => $leo, undef,
                   'but he stays');
    $site->ok(200, leo => PUT => '/accounts/lone/policy', $policy,
              'and is the owner again');
    $site->refused(409, 'policy-conflict', leo => PUT =>
                   '/accounts/lone/policy',
                   { %$policy, owner_role => 'traveller' },
                   'nor is another role the owners\'');
    $site->refused(403, 'rank', leo => PUT => '/accounts/lone/roles/owner',
                   { name => 'Owner', rank => 10, permissions => [] },
                   'nor theirs emptied');
};


my ($sales, $board);

subtest 'S2.15 a group has a policy and a default approver' => sub {
    $sales = $site->ok(201, olga => POST => $site->a('/groups'),
                       { name => 'Sales', policy => 'economy',
                         approver => $site->member('anna') }, 'made');
    $board = $site->ok(201, olga => POST => $site->a('/groups'),
                       { name => 'Board', policy => 'business' }, 'another');

    is("$sales->{policy} $sales->{approver}",
       'economy ' . $site->member('anna'), 'both are noted');
    $site->refused(422, 'unknown-approver', olga => POST =>
                   $site->a('/groups'), { name => 'Odd', approver =>
                   $site->member('bob') }, 'no stranger approves');
    $site->refused(403, 'permission-missing', tom => POST =>
                   $site->a('/groups'), { name => 'Mine' },
                   'a traveller makes none');
    is($site->ok(200, tina => PATCH => $site->a("/groups/$sales->{id}"),
                 { policy => 'premium' }, 'changed')->{policy}, 'premium',
       'by a travel admin');

    # people are organized before they join

    is($site->ok(201, olga => POST => $invitations,
                 { email => 'early@example.com', roles => ['traveller'],
                   groups => [$sales->{id}] }, 'invited into it')
       ->{groups}[0]{name}, 'Sales', 'the group is told');
};


subtest 'S2.11 an invitation has an email, a role, and groups' => sub {
    my $form = { email => 'gail@example.com', roles => ['traveller'],
                 groups => [$sales->{id}, $board->{id}] };
    my $made = $site->ok(201, olga => POST => $invitations, $form, 'sent');

    is(join(' ', $made->{email}, $made->{roles}[0]{key},
            sort map { $_->{name} } @{ $made->{groups} }),
       'gail@example.com traveller Board Sales', 'all of it');
    $site->refused(422, 'unknown-group', olga => POST => $invitations,
                   { %$form, email => 'x@example.com',
                     groups => ['01900000-0000-7000-8000-000000000000'] },
                   'an unknown group');
    $site->refused(422, 'invalid', olga => POST => $invitations,
                   { roles => ['traveller'] }, 'no email');
    $site->refused(409, 'role-cardinality', olga => POST => $invitations,
                   { email => 'x@example.com' }, 'no role');
};


subtest 'S2.12 the link is secure, and valid for seven days' => sub {
    my $made = $site->invite('olga', 'lisa', ['traveller']);
    my ($one, $two) = map { $site->mailed($made) } 1, 2;

    like($one, qr/^[A-Za-z0-9_-]{43}$/, '256 bits');
    isnt($one, $two, 'never the same');
    is($site->sql('select count(*) from team.invitation_token
                    where token_hash = sha256(?)', $one), 1,
       'only its hash is kept');
    is($site->sql('select extract(epoch from expires_at - created_at) / 86400
                     from team.invitation where id = ?', $made->{id}) + 0,
       7, 'seven days');
    $site->expire($made);
    $site->refused(410, 'invitation-expired', lisa => POST =>
                   '/invitations/accept', { token => $one }, 'then no more');
};


subtest 'S2.13 pending until accepted, then as the role says' => sub {
    my $token = $site->mailed($site->row('olga', 'gail'));

    is($site->row('olga', 'gail')->{status}, 'pending', 'pending');
    is($site->gate('gail', 'trips:book'), 403, 'no access');
    is($site->ok(201, gail => POST => '/invitations/accept',
                 { token => $token }, 'accepted')->{status}, 'active',
       'active');
    $site->may('gail', ['trips:book', 'own-trips:read'], ['trips:read'],
               'what a traveller may');
};


subtest 'S2.14 groups are joined at acceptance' => sub {
    my $in = sub {
        $site->sql('select count(*) from team.group_member gm
                      join team.member m on m.id = gm.member_id
                      join team.identity i on i.id = m.identity_id
                     where i.email = ?', "$_[0]\@example.com");
    };

    is($in->('early'), 0, 'not when invited');
    is($in->('gail'), 2, 'when accepted');
    is(join(' ', map { $_->{name} }
                 @{ $site->get('gail', $site->a('/members/me'))->{groups} }),
       'Board Sales', 'both');

    my $early = $site->row('olga', 'early');

    $site->ok(201, early => POST => '/invitations/accept',
              { token => $site->mailed($early) }, 'the other accepts');
    is($in->('early'), 1, 'and is in the group');
};


subtest 'S2.16 name, email, role, status, joined date' => sub {
    my $gail = $site->row('olga', 'gail');
    my $tom = $site->row('olga', 'tom');
    my $made = $site->invite('olga', 'paul', ['traveller']);
    my $paul = $site->row('olga', 'paul');

    is("$gail->{name} $gail->{email} $gail->{roles}[0]{name} "
       . $gail->{status}, 'Gail gail@example.com Traveller active', 'a row');

    $site->ok(204, olga => PUT => $site->m('tom', '/suspension'), undef,
              'one is disabled');
    is($site->row('olga', 'tom')->{status}, 'suspended', 'his status');
    is($site->get('olga', $site->a('/directory'))->{labels}{suspended},
       'Disabled', 'what it is called here');
    $site->ok(204, olga => DELETE => $site->m('tom', '/suspension'), undef,
              'enabled');

    is($paul->{status} . ' ' . ($paul->{joined_at} // '-'), 'pending -',
       'who has not accepted has not joined');

    $site->dbh->do("update team.invitation
                       set created_at = created_at - interval '2 days'
                     where id = ?", undef, $made->{id});
    $site->ok(201, paul => POST => '/invitations/accept',
              { token => $site->mailed($made) }, 'he accepts');
    is($site->row('olga', 'paul')->{joined_at},
       $site->sql("select team.time_text(decided_at) from team.invitation
                    where id = ?", $made->{id}), 'joined when accepted');
};


subtest 'S2.17 search by name, email or role' => sub {
    my $find = sub {
        my ($q) = @_;
        return join ' ', sort map { $_->{name} }
                         $site->directory('olga', "q=$q");
    };

    is($find->('gai'), 'Gail', 'name');
    is($find->('OTTO%40exam'), 'Otto', 'email, in any case');
    is($find->('finance%20adm'), 'Fred', 'role');
    is($find->('approver'), 'Anna', 'another role');
    is($find->('nobody'), '', 'nothing');
    is($find->('%25'), '', 'a wildcard is text');
    is($find->('t_m'), '', 'so is the other');
};


subtest 'S2.18 a role is changed in the row' => sub {
    $site->refused(403, 'permission-missing', tina => PUT =>
                   $site->m('tom', '/roles'), { roles => ['approver'] },
                   'not by a travel admin');
    is($site->ok(200, olga => PUT => $site->m('tom', '/roles'),
                 { roles => ['approver'] }, 'by an owner')
       ->{roles}[0]{name}, 'Approver', 'as chosen');
    is(roles_of('tom'), 'approver', 'it stays');
};


subtest 'S2.19 a role change takes effect immediately' => sub {
    is($site->gate('tom', 'assigned-trips:approve'), 200, 'an approver');

    for my $round (1 .. 20) {
        my ($role, $status) = $round % 2 ? ('traveller', 403)
                                         : ('approver', 200);

        $site->ask(olga => PUT => $site->m('tom', '/roles'),
                   { roles => [$role] });
        is($site->gate('tom', 'assigned-trips:approve'), $status,
           "the very next request, as $role");
    }
};


subtest 'S2.20 disabled: no access; enabled any time' => sub {
    my $path = $site->m('tim', '/suspension');

    is($site->gate('tim', 'trips:book'), 200, 'before');
    $site->refused(403, 'permission-missing', tina => PUT => $path, undef,
                   'not by just anybody');
    $site->ok(204, olga => PUT => $path, undef, 'disabled');
    is($site->gate('tim', 'trips:book'), 403, 'no access to the portal');
    is($site->ask(tim => GET => $site->a)->status, 403, 'nor to the API');
    $site->ok(204, olga => PUT => $path, undef, 'twice is once');
    $site->ok(204, olga => DELETE => $path, undef, 'enabled');
    is($site->gate('tim', 'trips:book'), 200, 'access');
};


subtest 'S2.21 disabling deletes nothing' => sub {
    my $gail = $site->a('/members/' . $site->row('olga', 'gail')->{id});
    my $before = $site->get('olga', $gail);

    $site->ok(204, olga => PUT => "$gail/suspension", undef, 'disabled');
    is($site->get('olga', $gail)->{status}, 'suspended', 'so');
    $site->ok(204, olga => DELETE => "$gail/suspension", undef, 'enabled');
    is_deeply($site->get('olga', $gail), $before,
              'role, groups and dates are as they were');
};


# Whoever runs the service sells the seats.

sub seats {
    my ($n) = @_;

    $site->dbh->do("update team.account set seat_limit = ?
                     where slug = 'acme'", undef, $n);

    return;
}


sub used { return $site->get('olga', $site->a('/seats'))->{used} }


subtest 'S2.22 who is disabled takes no seat' => sub {
    my $used = used();

    $site->ok(204, olga => PUT => $site->m('tim', '/suspension'), undef,
              'disabled');
    is(used(), $used - 1, 'one seat less');
    seats($used - 1);

    $site->refused(409, 'seat-limit', olga => DELETE =>
                   $site->m('tim', '/suspension'), undef,
                   'enabling needs one');
    seats($used);
    $site->ok(204, olga => DELETE => $site->m('tim', '/suspension'), undef,
              'when there is one');
    is(used(), $used, 'it is taken');
    seats(undef);
};


subtest 'S2.23 a pending or expired invitation is sent again' => sub {
    my $made = $site->invite('olga', 'resa', ['traveller']);
    my $path = "$invitations/$made->{id}/resend";
    my $mails = sub {
        $site->sql("select count(*) from team.audit_event
                     where action = 'invitation.resend'
                       and target_id = ?", $made->{id});
    };

    is($site->ok(202, olga => POST => $path, undef, 'pending')->{message},
       'Invitation email sent. It may take a moment to arrive.', 'told');
    $site->expire($made);
    is($site->ok(202, olga => POST => $path, undef, 'expired')->{status},
       'pending', 'pending again');
    is($mails->(), 2, 'two more mails');
    $site->refused(403, 'permission-missing', tom => POST => $path, undef,
                   'not by a traveller');
    $site->ok(201, resa => POST => '/invitations/accept',
              { token => $site->mailed($made) }, 'it is good');
    $site->refused(409, 'not-pending', olga => POST => $path, undef,
                   'accepted: not again');
};


subtest 'S2.24 a resend makes a new link, the old is dead' => sub {
    my $made = $site->invite('olga', 'rene', ['traveller']);
    my $old = $site->mailed($made);

    $site->ok(202, olga => POST => "$invitations/$made->{id}/resend", undef,
              'sent again');

    my $new = $site->mailed($made);

    isnt($new, $old, 'another link');
    $site->refused(410, 'invitation-replaced', rene => POST =>
                   '/invitations/accept', { token => $old }, 'the old one');
    is($site->sql("select count(*) from team.outbox
                    where kind = 'invitation.mail' and status = 'pending'
                      and payload ->> 'invitation' = ?", $made->{id}), 1,
       'one mail is on its way');
    $site->ok(201, rene => POST => '/invitations/accept',
              { token => $new }, 'the new one');
};


subtest 'S2.25 withdrawn: the link is invalid immediately' => sub {
    my $made = $site->invite('olga', 'wim', ['traveller']);
    my $token = $site->mailed($made);

    $site->refused(403, 'permission-missing', tina => DELETE =>
                   "$invitations/$made->{id}", undef,
                   'not by who may only see it');
    $site->ok(204, olga => DELETE => "$invitations/$made->{id}", undef,
              'withdrawn');
    $site->refused(410, 'invitation-withdrawn', wim => POST =>
                   '/invitations/accept', { token => $token }, 'invalid');
    is($site->row('olga', 'wim'), undef, 'the row is gone');
    $site->ok(204, olga => DELETE => "$invitations/$made->{id}", undef,
              'twice is once');
};


subtest 'S2.26 removal is permanent' => sub {
    my $groups = { groups => [$sales->{id}] };

    $site->join_by_mail('olga', 'rex', ['approver'], %$groups);

    my $old = $site->m('rex');

    $site->ok(204, olga => DELETE => $old, undef, 'removed');
    is($site->gate('rex', 'trips:book'), 403, 'no access');
    $site->refused(404, 'not-found', olga => GET => $old, undef, 'gone');
    $site->refused(404, 'not-found', olga => DELETE => "$old/suspension",
                   undef, 'can not be undone');

    # who comes back has what the new invitation says, and nothing of before

    $site->join_by_mail('olga', 'rex', ['traveller']);
    isnt($site->m('rex'), $old, 'another member');

    my $again = $site->get('olga', $site->m('rex'));

    is("$again->{roles}[0]{key} " . @{ $again->{groups} }, 'traveller 0',
       'with no old right');
};


subtest 'S2.27 the statuses' => sub {
    $site->invite('olga', 'sue', ['traveller']);
    $site->expire($site->row('olga', 'sue'));
    $site->invite('olga', 'sam', ['traveller']);
    $site->ok(204, olga => PUT => $site->m('tim', '/suspension'), undef,
              'one is disabled');

    is(join(' ', map { $site->row('olga', $_)->{status} }
                 qw(tom sam sue tim)), 'active pending expired suspended',
       'active, pending, expired, disabled');
    is(join(' ', map { $_->{name} }
                 $site->directory('olga', 'status=suspended')), 'Tim',
       'one can look for each');
    $site->ok(204, olga => DELETE => $site->m('tim', '/suspension'), undef,
              'enabled');
    is($site->row('olga', 'tim')->{status}, 'active', 'active');
};


subtest 'S2.28 only active users count' => sub {
    my $active = grep { $_->{kind} eq 'member' && $_->{status} eq 'active' }
                 $site->directory('olga', 'limit=200');

    seats(50);
    is_deeply($site->get('olga', $site->a('/seats')),
              { limit => 50, used => $active }, 'members who are active');
    $site->invite('olga', 'stan', ['traveller']);
    is(used(), $active, 'not who is invited');
    $site->ok(204, olga => PUT => $site->m('tim', '/suspension'), undef,
              'one is disabled');
    is(used(), $active - 1, 'nor who is disabled');
    $site->ok(204, olga => DELETE => $site->m('tim', '/suspension'), undef,
              'enabled');
    is($site->ask(tom => GET => $site->a('/seats'))->status, 403,
       'a traveller is not told');
    seats(undef);
};


subtest 'S2.29 an invitation takes a seat when it is accepted' => sub {
    my $made = $site->invite('olga', 'seda', ['traveller']);
    my $token = $site->mailed($made);

    seats(used());
    $site->ok(201, olga => POST => $invitations,
              { email => 'sonja@example.com', roles => ['traveller'] },
              'one may invite into a full account');
    is($site->refused(409, 'seat-limit', seda => POST =>
                      '/invitations/accept', { token => $token },
                      'but not join it')->{detail},
       'All seats of this account are taken.', 'she is told');
    is($site->get('olga', "$invitations/$made->{id}")->{status}, 'pending',
       'the invitation is still good');
    seats(used() + 1);
    $site->ok(201, seda => POST => '/invitations/accept',
              { token => $token }, 'when a seat is free');
    seats(undef);
};


subtest 'S2.30 roles of least privilege' => sub {
    my $list = $site->get('olga', $site->a('/permissions'))->{permissions};
    my %has;

    for my $permission (@$list) {
        $has{$_}{ $permission->{name} } = 1 for @{ $permission->{roles} };
    }

    my @sizes = map { scalar keys %{ $has{$_} } }
                qw(traveller approver travel-admin owner);

    is("@sizes", join(' ', sort { $a <=> $b } @sizes),
       'from traveller to owner each has more');
    is(join(' ', grep { /^(?:members|roles|policy|invitations):/
                        && !/:read$/ }
                 map { keys %{ $has{$_} } }
                 qw(traveller approver finance-admin travel-admin)), '',
       'users are managed by owners only');
    is(join(' ', grep { !$has{approver}{$_} } keys %{ $has{traveller} }), '',
       'an approver can travel too');
};


subtest 'S2.31 a policy holds from the first moment' => sub {
    $site->join_by_mail('olga', 'greta', ['traveller'],
                        groups => [$board->{id}]);

    my $mine = $site->get('greta', $site->a('/members/me'));
    my $group = $site->get('olga', $site->a("/groups/$board->{id}"));

    is("$mine->{groups}[0]{id} $group->{policy}", "$board->{id} business",
       'who is invited into a group is in it');
    is(join(' ', map { $_->{name} }
                 $site->directory('olga', "group=$board->{id}&sort=name")),
       'Gail Greta', 'the list by group');

    $site->ok(200, tina => PUT => $site->m('greta', '/groups'),
              { groups => [$sales->{id}] }, 'moved to another');
    $site->refused(403, 'permission-missing', anna => PUT =>
                   $site->m('greta', '/groups'), { groups => [] },
                   'not by an approver');
    is($site->get('greta', $site->a('/members/me'))->{groups}[0]{name},
       'Sales', 'at once');
};


subtest 'S2.32 dormant people and a lone owner can be seen' => sub {
    my $hint = sub {
        return $site->get($_[0], "/accounts/$_[1]/directory")
                    ->{hints}{only_one_owner} ? 'one' : 'more';
    };

    is($hint->('olga', 'acme'), 'more', 'two owners');
    is($hint->('leo', 'lone'), 'one', 'one owner');

    my ($tom) = $site->directory('olga', 'q=tom%40');

    ok(exists $tom->{last_login_at}, 'a row tells the last login');
    $site->logins_told;
    $site->dbh->do("update team.identity
                       set last_login_at = '2024-02-29T12:00:00Z'
                     where subject = 'anna'");
    is($site->row('olga', 'anna')->{last_login_at},
       '2024-02-29T12:00:00.000Z', 'as it was');
};


$site->done_ok;

done_testing;
