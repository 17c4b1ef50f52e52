#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The preset "business", requirement by requirement: one owner, five built-in
# roles, one account per email.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON ();
use Test::More;

use Team::Preset;

my $site = Team::Preset->new(
    'business',
    acme => [[olga => 'owner'], [adam => 'admin'], [anke => 'admin'],
             [fred => 'finance'], [dina => 'developer'], [mia => 'member']],
    other => [[bob => 'owner'], [zoe => 'member']]);

my $invitations = $site->a('/invitations');
my $elsewhere = 'User is already a member of one organization';


# What a client sends to invite somebody.

sub form {
    my ($name, $role, %more) = @_;

    return { email => "$name\@example.com", name => ucfirst $name,
             roles => [$role], %more };
}


subtest 'S0.3 the invitee joins the organization of who invites' => sub {
    my $member = $site->join_by_mail('adam', 'ines', ['member']);
    my $accounts = $site->get('ines', '/me/accounts')->{items};

    is(join(' ', map { $_->{account}{slug} } @$accounts), 'acme',
       'she is in that one and no other');
    is($accounts->[0]{member}{id}, $member, 'as that member');
    is($site->get('olga', $site->m('ines'))->{inviter}{name}, 'Adam',
       'it is told who invited her');
};


subtest 'S0.4 five built-in roles' => sub {
    my $roles = $site->get('adam', $site->a('/roles'))->{items};

    is(join(', ', map { $_->{name} } @$roles),
       'Owner, Admin, Developer, Finance, Member', 'their names');
    is(scalar(grep { $_->{system} } @$roles), 5, 'all are built in');
    $site->refused(409, 'system-role', olga => DELETE =>
                   $site->a('/roles/finance'), undef, 'none can be deleted');
    $site->refused(403, 'permission-missing', mia => GET =>
                   $site->a('/roles'), undef, 'a member does not see them');
};


subtest 'S0.5 only the owner closes the account' => sub {
    my $path = '/accounts/closing/closure';

    $site->settle('closing', [[cleo => 'owner'], [carl => 'admin']]);

    $site->refused(403, 'permission-missing', carl => POST => $path,
                   { confirm => 'closing' }, 'an admin does not');
    $site->refused(404, 'not-found', olga => POST => $path,
                   { confirm => 'closing' }, "another account's owner");
    $site->refused(422, 'confirm-mismatch', cleo => POST => $path,
                   { confirm => 'acme' }, 'not by mistake');
    is($site->gate('carl', 'account:read', 'closing'), 200, 'it is open');
    $site->ok(202, cleo => POST => $path, { confirm => 'closing' },
              'the owner does');
    is($site->gate('carl', 'account:read', 'closing'), 403,
       'nobody gets in any more');
};


subtest 'S0.6 only the owner removes other admins' => sub {
    $site->refused(403, 'rank', adam => DELETE => $site->m('anke'), undef,
                   'an admin does not remove an admin');
    is($site->sql("select code from team.audit_event
                    where action = 'member.remove' and outcome = 'refused'
                    order by id desc limit 1"), 'rank',
       'the attempt is in the audit log');
    $site->refused(403, 'rank', adam => PUT => $site->m('anke', '/roles'),
                   { roles => ['member'] },
                   'nor makes one into somebody who can be removed');
    $site->refused(403, 'rank', adam => PUT =>
                   $site->m('anke', '/suspension'), undef, 'nor suspends one');
    $site->ok(204, olga => DELETE => $site->m('anke'), undef,
              'the owner does');
    is($site->gate('anke', 'account:read'), 403, 'she has no access');
};


subtest 'S0.7 only one owner' => sub {
    $site->refused(409, 'owner-must-transfer', olga => POST => $invitations,
                   form(otto => 'owner'), 'the owner invites no other');
    $site->refused(403, 'rank', adam => POST => $invitations,
                   form(otto => 'owner'), 'an admin even less');
    $site->refused(403, 'rank', adam => PUT => $site->m('mia', '/roles'),
                   { roles => ['owner'] }, 'an admin makes none');
    $site->refused(409, 'owner-must-transfer', olga => PUT =>
                   $site->m('mia', '/roles'), { roles => ['owner'] },
                   'nor does the owner, by giving the role');
    is(join(' ', map { $_->{name} } grep { $_->{is_owner} }
             @{ $site->get('olga', $site->a('/members'))->{items} }),
       'Olga', 'there is one');
};


subtest 'S0.8 a member has the least privilege' => sub {
    $site->may('mia', ['account:read', 'own-cards:read'],
               ['cards:read', 'funds:read', 'bills:manage', 'members:read',
                'settings:manage', 'apis:manage'],
               'own cards, no more');
    is($site->rights('olga', 'member'), 'account:read own-cards:read',
       'of all there is');

    for my $path ('/members', '/invitations', '/audit-events', '/policy') {
        $site->refused(403, 'permission-missing', mia => GET =>
                       $site->a($path), undef, $path);
    }
};


subtest 'S0.9 finance' => sub {
    $site->may('fred',
               ['bills:manage', 'payees:manage', 'funds:read', 'cards:read',
                'reports:read'],
               ['members:read', 'members:remove', 'invitations:create',
                'settings:manage', 'account:update', 'funds:manage'],
               'views all, manages bills and payees');
    is($site->rights('olga', 'finance'),
       'account:read bills:manage cards:read funds:read own-cards:read '
       . 'payees:manage reports:read roles:read',
       'no users and no settings of any kind');
    $site->refused(403, 'permission-missing', fred => POST => $invitations,
                   form(ivo => 'member'), 'manages no users');
    $site->refused(403, 'permission-missing', fred => PATCH => $site->a,
                   { name => 'Mine' }, 'changes no settings');
};


subtest 'S0.10 developer' => sub {
    $site->may('dina', ['apis:manage', 'checkout:manage'],
               ['funds:read', 'funds:manage', 'bills:manage', 'cards:read',
                'reports:read', 'payees:manage', 'members:read'],
               'APIs and checkout, no financial data');
    is($site->rights('olga', 'developer'),
       'account:read apis:manage checkout:manage own-cards:read roles:read',
       'of all there is');
};


subtest 'S0.11 admin' => sub {
    $site->may('adam',
               ['members:remove', 'members:roles', 'invitations:create',
                'funds:manage', 'settings:manage', 'account:update'],
               ['account:close', 'policy:update'],
               'users, funds and settings, no closing');
    $site->refused(403, 'permission-missing', adam => POST =>
                   $site->a('/closure'), { confirm => 'acme' },
                   'does not close the account');
    $site->refused(403, 'rank', adam => DELETE => $site->m('olga'), undef,
                   'does not remove the owner');
    $site->refused(403, 'rank', adam => PUT => $site->m('olga',
                   '/suspension'), undef, 'nor suspend');
    $site->refused(403, 'rank', adam => PUT => $site->m('olga', '/roles'),
                   { roles => ['member'] }, 'nor demote');
};


subtest 'S0.12 the permissions of each role can be read' => sub {
    my $list = $site->get('adam', $site->a('/permissions'))->{permissions};
    my %roles = map { $_->{name} => join ' ', @{ $_->{roles} } } @$list;

    is($roles{'bills:manage'}, 'admin finance owner', 'bills');
    is($roles{'apis:manage'}, 'admin developer owner', 'APIs');
    is($roles{'own-cards:read'}, 'admin developer finance member owner',
       'own cards');
    is($roles{'account:close'}, 'owner', 'closing');
    is(scalar(grep { !length $_->{description} } @$list), 0,
       'each is described');
};


subtest 'S0.13 an invitation has a name, a role and an email' => sub {
    for my $case ([email => 422, 'invalid'], [name => 422, 'name-required'],
                  [roles => 409, 'role-cardinality'])
    {
        my ($field, $status, $code) = @$case;
        my $form = form(ivo => 'member');

        delete $form->{$field};
        $site->refused($status, $code, adam => POST => $invitations, $form,
                       "without $field");
    }

    my $made = $site->ok(201, adam => POST => $invitations,
                         form(ivo => 'member'), 'with all three');
    is($made->{email} . $made->{name} . $made->{roles}[0]{name},
       'ivo@example.comIvoMember', 'they are what was sent');
};


subtest 'S0.14 an invitee who has made an account of their own' => sub {
    $site->ok(201, hugo => POST => '/accounts',
              { name => 'Hugo Ltd', preset => 'business' }, 'he makes one');

    my $problem = $site->refused(
        409, 'other-organization', adam => POST => $invitations,
        form(hugo => 'member'), 'then he is not invited');
    is($problem->{detail}, $elsewhere, 'the words');

    # the other way round: first the invitation, then the account

    my $token = $site->mailed($site->invite('adam', 'hans', ['member']));

    $site->ok(201, hans => POST => '/accounts',
              { name => 'Hans Ltd', preset => 'business' },
              'one who is invited makes an account');
    $problem = $site->refused(409, 'other-organization', hans => POST =>
                              '/invitations/accept', { token => $token },
                              'then he does not accept');
    is($problem->{detail}, $elsewhere, 'the words');
};


subtest 'S0.15 an invitee who has joined another organization' => sub {
    is($site->refused(409, 'other-organization', adam => POST =>
                      $invitations, form(zoe => 'member'), 'not invited')
       ->{detail}, $elsewhere, 'the words');

    my $token = $site->mailed($site->invite('adam', 'yara', ['member']));

    $site->join_by_mail('bob', 'yara', ['member'], account => 'other');
    is($site->refused(409, 'other-organization', yara => POST =>
                      '/invitations/accept', { token => $token },
                      'who has joined since does not accept')
       ->{detail}, $elsewhere, 'the words');
};


subtest 'S0.16 one account per email is a switch' => sub {
    $site->refused(409, 'other-organization', mia => POST => '/accounts',
                   { name => 'Second', preset => 'business' },
                   'a member makes no account beside');

    $site->settle($_->[0], [[ $_->[1] => 'owner' ]])
        for ['one', 'ona'], ['two', 'tilo'];

    $site->refused(409, 'other-organization', ona => POST =>
                   '/accounts/one/invitations', form(tilo => 'member'),
                   'while both want people for themselves');

    for my $case (['one', 'ona'], ['two', 'tilo']) {
        my ($slug, $owner) = @$case;
        my $policy = $site->get($owner, "/accounts/$slug/policy");

        is($policy->{membership_scope}, 'exclusive', "$slug is exclusive");
        $site->ok(200, $owner => PUT => "/accounts/$slug/policy",
                  { %$policy, membership_scope => 'many' },
                  "$slug is not any more");
    }

    $site->join_by_mail('ona', 'tilo', ['member'], account => 'one');
    is(scalar @{ $site->get('tilo', '/me/accounts')->{items} }, 2,
       'then one person is in both');
};


subtest 'S0.17 the message for who is elsewhere' => sub {
    my $res = $site->ask(adam => POST => $invitations,
                         form(zoe => 'member'));

    is($res->status, 409, 'a conflict');
    is($res->json->{detail}, 'User is already a member of one organization',
       'to the letter');
};


subtest 'S0.18 sending is asynchronous' => sub {
    my $made = $site->ok(201, adam => POST => $invitations,
                         form(sven => 'member'), 'invited');

    is($made->{message},
       'Invitation email sent. It may take a moment to arrive.',
       'to the letter');
    is($made->{delivery}{status}, 'queued', 'the mail waits to be sent');
    is($site->sql("select count(*) from team.outbox
                    where kind = 'invitation.mail'
                      and payload ->> 'invitation' = ?", $made->{id}), 1,
       'one mail');
};


subtest 'S0.19 inviting somebody twice' => sub {
    $site->invite('adam', 'tom', ['member']);

    for my $email ('tom@example.com', 'TOM@Example.COM') {
        is($site->refused(409, 'pending-exists', adam => POST =>
                          $invitations, form(tom => 'finance',
                                             email => $email), $email)
           ->{detail}, 'Pending invitation already exists for this email',
           'the words');
    }

    # one that is dead is in nobody's way

    my ($tom) = $site->directory('adam', 'q=tom%40');

    $site->expire($tom);
    isnt($site->invite('adam', 'tom', ['finance'])->{id}, $tom->{id},
         'after it has expired there can be another');
    is(join(' ', map { "$_->{status} $_->{roles}[0]{key}" }
                 $site->directory('adam', 'q=tom%40')), 'pending finance',
       'and only the other is there');
};


subtest 'S0.20 edit, transfer ownership, suspend, delete' => sub {
    $site->settle('menu', [[mona => 'owner'], [max => 'admin'],
                           [moe => 'member']]);

    my $path = '/accounts/menu/members/' . $site->member('moe');

    is($site->ok(200, max => PATCH => $path,
                 { name => 'Moe B.', title => 'Clerk' }, 'edited')->{title},
       'Clerk', 'as it was said');
    $site->refused(403, 'permission-missing', moe => PATCH => $path,
                   { title => 'Boss' }, 'not by a member');
    $site->ok(204, max => PUT => "$path/suspension", undef, 'suspended');
    is($site->gate('moe', 'account:read', 'menu'), 403, 'he is out');
    $site->ok(204, max => DELETE => "$path/suspension", undef, 'resumed');
    is($site->gate('moe', 'account:read', 'menu'), 200, 'he is in again');
    $site->ok(201, mona => POST => '/accounts/menu/ownership-transfers',
              { to => $site->member('max') }, 'ownership transferred');
    ok($site->get('max', '/accounts/menu/members/me')->{is_owner},
       'he is the owner');
    $site->ok(204, max => DELETE => $path, undef, 'deleted');
    is($site->gate('moe', 'account:read', 'menu'), 403, 'he is out for good');
};


subtest 'S0.21 the owner may do everything' => sub {
    my @all = map { $_->{name} }
              @{ $site->get('olga', $site->a('/permissions'))
                 ->{permissions} };

    cmp_ok(scalar @all, '>', 40, 'the catalogue');
    $site->may('olga', [grep { $_ ne '*' } @all], [], 'all of it');

    my $why = $site->ok(200, olga => POST => '/explain',
                        { account => 'acme', identity => 'me',
                          permission => 'account:close' }, 'explained');
    is("$why->{allowed} @{ $why->{roles} }", '1 owner', 'by the role');
};


subtest 'S0.22 full permissions are transferred to a target user' => sub {
    my $path = '/accounts/giving/ownership-transfers';

    $site->settle('giving', [[gina => 'owner'], [gary => 'admin'],
                             [greg => 'member']]);

    my $greg = { to => $site->member('greg') };

    $site->refused(403, 'owner-only', gary => POST => $path, $greg,
                   'not by one who is only an admin');
    $site->refused(403, 'owner-only', greg => POST => $path,
                   { to => $site->member('gary') }, 'nor by a member');
    $site->refused(422, 'self', gina => POST => $path,
                   { to => $site->member('gina') }, 'not to oneself');
    $site->refused(404, 'not-found', gina => POST => $path,
                   { to => $site->member('olga') }, 'not to a stranger');
    $site->ok(201, gina => POST => $path, $greg, 'by the owner');

    my %row = map { $_->{name} => $_ }
              @{ $site->get('greg', '/accounts/giving/members')->{items} };

    is($row{Greg}{roles}[0]{key} . $row{Greg}{is_owner}, 'owner1',
       'the target is the owner');
    is($row{Gina}{roles}[0]{key} . !!$row{Gina}{is_owner}, 'admin',
       'who was the owner is an admin');
    is($site->gate('gina', 'account:close', 'giving'), 403,
       'whose very next request is refused what is the owner\'s');
    is($site->gate('greg', 'account:close', 'giving'), 200,
       'and the new owner\'s is not');
};


subtest 'S0.23 accepting takes a registration' => sub {
    my $token = $site->mailed($site->invite('adam', 'rosa', ['member']));
    my $seen = $site->ok(200, undef, POST => '/invitations/lookup',
                         { token => $token },
                         'a page can show it to who is not registered');

    is($seen->{account}{name} . ' ' . $seen->{email}, 'Acme r***@example.com',
       'what it needs to');

    my $before = $site->state;
    my $res = $site->ask(undef, POST => '/invitations/accept',
                         { token => $token });

    is($res->status, 401, 'accepting needs to be signed in');
    is($site->state, $before, 'nothing has changed');
};


subtest 'S0.24 active only after the registration is complete' => sub {
    my $token = $site->mailed($site->invite('adam', 'rita', ['member']));
    my $accept = sub { $site->ask('rita', POST => '/invitations/accept',
                                  { token => $token }) };

    # she has begun to register, and not yet confirmed her address

    $site->persona('rita', email_verified => JSON::false);
    $site->refused(403, 'email-unverified', rita => POST =>
                   '/invitations/accept', { token => $token },
                   'before it is');
    is($site->gate('rita', 'account:read'), 403, 'no access');

    my ($mine) = grep { $_->{email} eq 'rita@example.com' }
                 @{ $site->get('adam', "$invitations?limit=200")->{items} };
    is($mine->{status}, 'pending', 'pending');

    $site->persona('rita', email_verified => JSON::true);
    my $res = $accept->();
    is($res->status . $res->json->{status}, '201active', 'after it is');
    is($site->gate('rita', 'account:read'), 200, 'access');
};


subtest 'S0.25 an active user is edited, suspended, deleted' => sub {
    $site->join_by_mail('adam', 'rudi', ['member']);

    is($site->ok(200, adam => PATCH => $site->m('rudi'),
                 { title => 'Clerk' }, 'edited')->{title}, 'Clerk', 'so');
    $site->refused(403, 'rank', adam => PATCH => $site->m('olga'),
                   { title => 'Clerk' }, 'not one of higher rank');
    $site->ok(204, adam => PUT => $site->m('rudi', '/suspension'), undef,
              'suspended');
    is($site->get('adam', $site->m('rudi'))->{status}, 'suspended', 'so');
    $site->ok(204, adam => DELETE => $site->m('rudi'), undef, 'deleted');
    $site->refused(404, 'not-found', adam => GET => $site->m('rudi'), undef,
                   'so');
};


subtest 'S0.26 who has an account can not join another\'s' => sub {
    $site->refused(409, 'other-organization', bob => POST =>
                   '/accounts/other/invitations', form(mia => 'member'),
                   'a member of ours is not invited elsewhere');
    $site->refused(409, 'other-organization', adam => POST => $invitations,
                   form(bob => 'member'), 'nor another owner by us');
};


subtest 'S0.27 a link is valid for seven days' => sub {
    my $made = $site->invite('adam', 'udo', ['member']);
    my $token = $site->mailed($made);

    is($site->sql("select extract(epoch from expires_at - created_at)
                     from team.invitation where id = ?", $made->{id}) / 86400,
       7, 'seven days');
    $site->dbh->do("update team.invitation
                       set expires_at = statement_timestamp() + '1 minute'
                     where id = ?", undef, $made->{id});
    $site->ok(200, undef, POST => '/invitations/lookup',
              { token => $token }, 'good to the end');
    $site->expire($made);
    $site->refused(410, 'invitation-expired', udo => POST =>
                   '/invitations/accept', { token => $token }, 'then not');
    $site->refused(410, 'invitation-expired', undef, POST =>
                   '/invitations/lookup', { token => $token },
                   'not even to look at');
};


subtest 'S0.28 an expired one is sent again by who invited' => sub {
    my $made = $site->invite('adam', 'ulla', ['member']);
    my $old = $site->mailed($made);
    my $path = "$invitations/$made->{id}";

    $site->expire($made);
    is($site->get('adam', $path)->{status}, 'expired', 'it has expired');
    like($site->refused(410, 'invitation-expired', ulla => POST =>
                        '/invitations/accept', { token => $old }, 'to her')
         ->{detail}, qr/Ask who invited you to send it again/,
         'whom to ask');
    $site->refused(403, 'permission-missing', mia => POST =>
                   "$path/resend", undef, 'not by just anybody');
    is($site->ok(202, adam => POST => "$path/resend", undef, 'resent')
       ->{status}, 'pending', 'pending again');

    my $new = $site->mailed($made);

    $site->refused(410, 'invitation-replaced', ulla => POST =>
                   '/invitations/accept', { token => $old },
                   'the old link is dead');
    $site->ok(201, ulla => POST => '/invitations/accept',
              { token => $new }, 'the new one is good');
};


$site->done_ok;

done_testing;
