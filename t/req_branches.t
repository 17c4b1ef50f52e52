#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The preset "branches", requirement by requirement: an account with
# subaccounts, several roles and single permissions for a person.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON ();
use Test::More;

use Team::Preset;

my $site = Team::Preset->new(
    'branches',
    acme => [[olga => 'owner'], [tess => 'team-admin'], [theo => 'team-admin'],
             [pia => undef]],
    other => [[bob => 'owner']]);

my $invitations = $site->a('/invitations');


# A subaccount of acme, by olga; returns its id, and the invitation of who is
# in charge of it.

sub branch {
    my ($name, $who, @roles) = @_;

    my $res = $site->ask(olga => POST => $site->a('/subaccounts'), {
        name => $name,
        $who ? (invitation => { email => "$who\@example.com",
                                roles => [@roles] }) : () });

    die "$name: " . $res->body unless $res->status == 201;

    return ($res->json->{id}, $res->json->{invitation});
}


# Links are opened in an account, and what else of its policy is said; returns
# a link's code.

sub open_link {
    my ($account, %more) = @_;

    my $policy = $site->get('olga', "$account/policy");

    $site->ok(200, olga => PUT => "$account/policy",
              { %$policy, join_link => JSON::true, %more },
              'links are opened');

    return $site->ok(201, olga => POST => "$account/invite-links", {},
                     'one is made')->{code};
}


my ($north, $for_nils) = branch('North', 'nils', 'team-admin');


subtest 'S1.1 people of the account and of a subaccount are listed' => sub {
    $site->invite('olga', 'ada', ['team-admin']);

    is(join(' ', sort map { $_->{email} } $site->directory('olga')),
       'ada@example.com olga@example.com pia@example.com tess@example.com '
       . 'theo@example.com', 'of the account');
    is(join(' ', map { $_->{email} }
                 $site->directory('olga', '', $north)), 'nils@example.com',
       'of a subaccount, by who is in the account');
    is($site->ask(bob => GET => "/accounts/$north/directory")->status, 404,
       'not by an outsider');
    is($site->ask(pia => GET => "/accounts/$north/directory")->status, 404,
       'nor by who may not see subaccounts');
};


subtest 'S1.2 a row has the person, the roles and the status' => sub {
    my $ada = $site->row('olga', 'ada');
    my $tess = $site->row('olga', 'tess');

    is("$ada->{kind} $ada->{name} $ada->{status} $ada->{roles}[0]{name}",
       'invitation Ada pending Team Admin', 'who is invited');
    is("$tess->{kind} $tess->{name} $tess->{status} $tess->{roles}[0]{name}",
       'member Tess active Team Admin', 'who is a member');
    is($site->row('olga', 'olga')->{roles}[0]{name}, 'Company Account Admin',
       'the company\'s admin');
};


subtest 'S1.3 three states: accepted, pending, declined' => sub {
    my %made = map { $_ => $site->invite('olga', $_, ['team-admin']) }
               qw(nora norm nell);

    $site->ok(201, nora => POST => '/invitations/accept',
              { token => $site->mailed($made{nora}) }, 'one accepts');
    $site->ok(204, norm => POST => '/invitations/decline',
              { token => $site->mailed($made{norm}) }, 'one declines');

    is(join(' ', map { my $row = $site->row('olga', $_);
                       "$row->{kind}:$row->{status}" } qw(nora norm nell)),
       'member:active invitation:declined invitation:pending', 'all three');

    my %states = map { ("$_->{kind} $_->{status}" => 1) }
                 $site->directory('olga');
    is(join(', ', sort keys %states),
       'invitation declined, invitation pending, member active',
       'there is no other');
};


subtest 'S1.4 accepted means an account and access' => sub {
    is($site->row('olga', 'nora')->{status}, 'active', 'nora has accepted');
    is($site->gate('nora', 'account:read'), 200, 'she gets in');
    ok($site->get('nora', '/me')->{id}, 'she has a user account');
};


subtest 'S1.5 pending means no access' => sub {
    is($site->gate('nell', 'account:read'), 403, 'not through the gate');
    is($site->ask(nell => GET => $site->a)->status, 404, 'nor in the API');

    my $token = $site->mailed($site->row('olga', 'nell'));

    is($site->gate('nell', 'account:read'), 403, 'nor with a link unused');
    is($site->ask(undef, POST => '/invitations/accept', { token => $token })
       ->status, 401, 'not without a user account');
};


subtest 'S1.6 declined means no access' => sub {
    is($site->gate('norm', 'account:read'), 403, 'not through the gate');
    is($site->ask(norm => GET => $site->a)->status, 404, 'nor in the API');
};


my $norm = $site->row('olga', 'norm');

subtest 'S1.8 a declined entry must be removed first' => sub {
    $site->refused(409, 'declined-exists', olga => POST => $invitations,
                   { email => 'norm@example.com', roles => ['team-admin'] },
                   'no new invitation while it is there');
    $site->refused(409, 'not-pending', olga => POST =>
                   "$invitations/$norm->{id}/resend", undef,
                   'nor the old one again');
    $site->ok(204, olga => DELETE => "$invitations/$norm->{id}", undef,
              'removed');
    is($site->row('olga', 'norm'), undef, 'it is gone');
};


subtest 'S1.7 who declined can be invited again' => sub {
    $site->join_by_mail('olga', 'norm', ['team-admin']);
    is($site->row('olga', 'norm')->{status}, 'active', 'and accept');
};


subtest 'S1.9 re-invited here, or with a new sub-account' => sub {
    my $made = $site->invite('olga', 'rolf', ['team-admin']);

    $site->ok(204, rolf => POST => '/invitations/decline',
              { token => $site->mailed($made) }, 'declined');

    my ($id, $again) = branch('West', 'rolf', 'team-admin');

    $site->ok(201, rolf => POST => '/invitations/accept',
              { token => $site->mailed($again) }, 'accepted this time');
    is($site->get('rolf', "/accounts/$id/members/me")->{roles}[0]{key},
       'team-admin', 'in the new one');
};


subtest 'S1.10 a sub-account invites who is in charge of it' => sub {
    is("$for_nils->{email} $for_nils->{status} $for_nils->{account}",
       "nils\@example.com pending $north", 'an invitation to it');

    # a refused invitation makes no sub-account either

    $site->refused(403, 'rank', tess => POST => $site->a('/subaccounts'),
                   { name => 'Tess', invitation =>
                     { email => 'x@example.com', roles => ['owner'] } },
                   'one cannot give more than one has');
    $site->refused(409, 'email-in-tree', olga => POST =>
                   $site->a('/subaccounts'),
                   { name => 'East', invitation =>
                     { email => 'theo@example.com',
                       roles => ['team-admin'] } }, 'nor invite a member');

    $site->ok(201, nils => POST => '/invitations/accept',
              { token => $site->mailed($for_nils) }, 'he accepts');
    $site->ok(200, nils => PATCH => "/accounts/$north",
              { name => 'North Branch' }, 'and is in charge');
    is($site->ask(nils => GET => $site->a)->status, 404,
       'of that one, not of the account above');
};


subtest 'S1.11 an invitation is cancelled only while pending' => sub {
    my $made = $site->invite('olga', 'cora', ['team-admin']);
    my $path = "$invitations/$made->{id}";

    $site->refused(404, 'not-found', bob => DELETE => $path, undef,
                   'not by an outsider');
    $site->ok(204, olga => DELETE => $path, undef, 'pending: cancelled');
    is($site->row('olga', 'cora'), undef, 'it is gone');

    $made = $site->invite('olga', 'carl', ['team-admin']);
    $site->ok(201, carl => POST => '/invitations/accept',
              { token => $site->mailed($made) }, 'accepted');
    $site->refused(409, 'already-accepted', olga => DELETE =>
                   "$invitations/$made->{id}", undef,
                   'then it is not cancelled');
    is($site->gate('carl', 'account:read'), 200, 'he stays');
};


subtest 'S1.12 a cancelled invitation lets nobody in' => sub {
    my $made = $site->invite('olga', 'cher', ['team-admin']);
    my $token = $site->mailed($made);

    $site->ok(204, olga => DELETE => "$invitations/$made->{id}", undef,
              'cancelled after the mail was sent');
    $site->refused(410, 'invitation-withdrawn', cher => POST =>
                   '/invitations/accept', { token => $token }, 'accepting');
    $site->refused(410, 'invitation-withdrawn', cher => POST =>
                   '/invitations/decline', { token => $token }, 'declining');

    # she registers nevertheless

    $site->ok(200, cher => GET => '/me', undef, 'she has a user account');
    is($site->gate('cher', 'account:read'), 403, 'and no access');
    is_deeply($site->get('cher', '/me/invitations')->{items}, [],
              'nothing is offered to her');
};


subtest 'S1.13 a pending row is not removed as a user' => sub {
    my $made = $site->invite('olga', 'rena', ['team-admin']);

    $site->refused(404, 'not-found', olga => DELETE =>
                   $site->a("/members/$made->{id}"), undef, 'pending');
    is($site->row('olga', 'rena')->{status}, 'pending', 'still pending');
    $site->ok(204, rena => POST => '/invitations/decline',
              { token => $site->mailed($made) }, 'she declines');
    $site->ok(204, olga => DELETE => "$invitations/$made->{id}", undef,
              'declined: removed');
    $site->join_by_mail('olga', 'rena', ['team-admin']);
    $site->ok(204, olga => DELETE => $site->m('rena'), undef,
              'accepted: removed');
};


subtest 'S1.14 a removed user has no access' => sub {
    is($site->gate('norm', 'account:read'), 200, 'before');
    $site->refused(403, 'permission-missing', pia => DELETE =>
                   $site->m('norm'), undef, 'not removed by just anybody');
    $site->ok(204, olga => DELETE => $site->m('norm'), undef, 'removed');
    is($site->gate('norm', 'account:read'), 403, 'not through the gate');
    is($site->ask(norm => GET => $site->a)->status, 404, 'nor in the API');

    # one who was invited as well, and came by a link

    my $token = $site->mailed($site->invite('olga', 'lina', ['team-admin']));
    my $asked = $site->ok(202, lina => POST => '/invite-links/join',
                          { code => open_link($site->a) }, 'she asks');

    $site->ok(200, olga => POST =>
              $site->a("/join-requests/$asked->{id}/approve"), undef,
              'is let in');
    $site->ok(204, olga => DELETE => $site->a("/members/$asked->{member}"),
              undef, 'and removed');
    is($site->row('olga', 'lina'), undef, 'there is nothing of her');
    $site->refused(410, 'invitation-withdrawn', lina => POST =>
                   '/invitations/accept', { token => $token },
                   'nor a way back by the invitation');
};


subtest 'S1.15 several roles and several permissions a person' => sub {
    $site->ok(201, olga => POST => $site->a('/roles'),
              { key => 'auditor', name => 'Auditor', rank => 20,
                permissions => ['audit:read', 'reports:read'] }, 'a role');

    $site->ok(200, olga => PUT => $site->m('pia', '/roles'),
              { roles => ['team-admin', 'auditor'] }, 'two roles');

    my $body = $site->ok(200, olga => PUT => $site->m('pia', '/permissions'),
                         { permissions => ['bills:manage', 'cards:read'] },
                         'two permissions');

    is(join(' ', map { $_->{key} } @{ $body->{roles} }),
       'auditor team-admin', 'roles');
    is("@{ $body->{permissions} }", 'bills:manage cards:read', 'permissions');
    $site->may('pia', ['reports:read', 'members:remove', 'bills:manage',
                       'cards:read'], ['funds:manage'], 'she has them all');
};


subtest 'S1.16 one at a time is activated or deactivated' => sub {
    my $roles = sub {
        $site->ok(200, olga => PUT => $site->m('pia', '/roles'),
                  { roles => [@_] }, "roles: @_");
    };
    my $permissions = sub {
        $site->ok(200, olga => PUT => $site->m('pia', '/permissions'),
                  { permissions => [@_] }, "permissions: @_");
    };

    $roles->('auditor');
    $site->may('pia', ['reports:read', 'bills:manage'], ['members:remove'],
               'one role less');
    $permissions->('cards:read');
    $site->may('pia', ['reports:read', 'cards:read'], ['bills:manage'],
               'one permission less');
    $permissions->('cards:read', 'funds:read');
    $site->may('pia', ['cards:read', 'funds:read'], ['bills:manage'],
               'one permission more');
    $roles->();
    $site->may('pia', ['cards:read', 'funds:read'], ['reports:read'],
               'no role at all');

    $site->refused(428, 'precondition-required', olga => PUT =>
                   $site->m('pia', '/permissions'), { permissions => [] },
                   'not without having seen what is ticked',
                   'If-Match' => undef);
    $site->refused(422, 'unknown-permission', olga => PUT =>
                   $site->m('pia', '/permissions'),
                   { permissions => ['no:such'] }, 'nor what there is not');
};


subtest 'S1.17 nobody changes their own roles or permissions' => sub {
    for my $who (qw(olga tess)) {
        $site->refused(403, 'self-change', $who => PUT =>
                       $site->m($who, '/roles'), { roles => ['team-admin'] },
                       "${who}'s roles");
        $site->refused(403, 'self-change', $who => PUT =>
                       $site->m($who, '/permissions'),
                       { permissions => ['bills:manage'] },
                       "${who}'s permissions");
    }

    $site->refused(403, 'self-change', tess => PUT =>
                   $site->a('/members/me/roles'), { roles => [] },
                   'by any name');
};


subtest 'S1.18 it is seen who invited' => sub {
    $site->ok(201, olga => POST => $invitations,
              { email => 'vera@example.com', roles => [] }, 'invited');

    my $row = $site->row('olga', 'vera');
    is($row->{inviter}{email}, 'olga@example.com', 'in the list');

    my $offer = $site->get('vera', '/me/invitations')->{items}[0];
    is("$offer->{inviter}{name} $offer->{inviter}{email}",
       'Olga olga@example.com', 'by who is invited');

    $site->ok(201, vera => POST => '/invitations/accept',
              { token => $site->mailed($row) }, 'accepted');
    is($site->get('vera', $site->a('/members/me'))->{inviter}{email},
       'olga@example.com', 'and afterwards too');
};


subtest 'S1.19 an email is there once' => sub {
    for my $email ('tess@example.com', 'TESS@EXAMPLE.COM') {
        $site->refused(409, 'already-member', olga => POST => $invitations,
                       { email => $email, roles => ['team-admin'] }, $email);
    }

    $site->invite('olga', 'uma', ['team-admin']);
    $site->refused(409, 'pending-exists', olga => POST => $invitations,
                   { email => 'Uma@example.com', roles => [] },
                   'who is invited already');

    # whoever signs in by another way, with the same address

    $site->persona('tess-by-phone', email => 'Tess@example.com');

    my $code = open_link($site->a);

    $site->refused(409, 'already-member', 'tess-by-phone' => POST =>
                   '/invite-links/join', { code => $code },
                   'nor does one come by a link');
};


subtest 'S1.20 not in the account and in a sub-account' => sub {
    $site->refused(409, 'email-in-tree', nils => POST =>
                   "/accounts/$north/invitations",
                   { email => 'olga@example.com', roles => [] },
                   'the company\'s admin is no team admin below');
    $site->refused(409, 'email-in-tree', olga => POST => $invitations,
                   { email => 'nils@example.com', roles => ['owner'] },
                   'nor a team admin below the company\'s');

    # invited to both: the first to be accepted is the only one

    my ($south, $below) = branch('South', 'both', 'team-admin');
    my $above = $site->invite('olga', 'both', ['team-admin']);

    $site->ok(201, both => POST => '/invitations/accept',
              { token => $site->mailed($below) }, 'below');
    $site->refused(409, 'email-in-tree', both => POST =>
                   '/invitations/accept',
                   { token => $site->mailed($above) }, 'then not above');
    # by a link, and with a policy of the subaccount's own

    my $code = open_link("/accounts/$south", membership_scope => 'many');

    $site->refused(409, 'email-in-tree', tess => POST =>
                   '/invite-links/join', { code => $code },
                   'nor by a link, whatever the policy below');
    $site->persona('tess-by-phone', email => 'tess@example.com');
    $site->refused(409, 'email-in-tree', 'tess-by-phone' => POST =>
                   '/invite-links/join', { code => $code },
                   'nor as anybody else with that address');
    $site->refused(409, 'email-in-tree', olga => POST =>
                   "/accounts/$south/invitations",
                   { email => 'tess@example.com', roles => [] },
                   'nor invited there');
    $site->ok(202, lea => POST => '/invite-links/join', { code => $code },
              'somebody else waits below');
    $site->refused(409, 'email-in-tree', olga => POST => $invitations,
                   { email => 'lea@example.com', roles => [] },
                   'and is not invited above meanwhile');
    # who is below has become an administrator's namesake at their issuer's

    $site->persona('nils', email => 'olga@example.com');
    $site->refused(409, 'email-in-tree', nils => POST => '/accounts',
                   { name => 'Own', preset => 'branches' },
                   'an address does not become another\'s later');
    is($site->row('olga', 'nils', $north)->{status}, 'active',
       'he is known by his own');
    $site->persona('nils', email => 'nils@example.com');

    $site->ok(201, nils => POST => '/accounts',
              { name => 'Own', preset => 'branches' },
              'another tree is another matter');
};


subtest 'S1.21 the names of the roles' => sub {
    my %names = map { $_->{key} => $_->{name} }
                grep { $_->{system} }
                @{ $site->get('olga', $site->a('/roles'))->{items} };

    is_deeply(\%names, { owner => 'Company Account Admin',
                         'team-admin' => 'Team Admin' }, 'both');
};


$site->done_ok;

done_testing;
