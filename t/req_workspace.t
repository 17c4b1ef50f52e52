#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The preset "workspace", requirement by requirement: a link that is shared,
# approval, administrators and staff.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Team::Preset;

my $site = Team::Preset->new(
    'workspace',
    acme => [[olga => 'owner'], [adam => 'admin'], [stan => 'staff'],
             [stef => 'staff']],
    other => [[bob => 'owner'], [zoe => 'staff']]);

my $links = $site->a('/invite-links');
my $requests = $site->a('/join-requests');
my $transfers = $site->a('/ownership-transfers');


sub link_code {
    my ($who, %how) = @_;

    my $res = $site->ask($who, POST => $links, { %how });

    die 'link: ' . $res->body unless $res->status == 201;

    return $res->json->{code};
}


my $code = link_code('adam');


# Somebody joins by the link; returns the join request.

sub asks {
    my ($name) = @_;

    my $res = $site->ask($name, POST => '/invite-links/join',
                         { code => $code });

    die "$name: " . $res->body unless $res->status == 202;

    return $res->json;
}


subtest 'S4.1 names, emails, status, roles, the owner' => sub {
    asks('pia');

    is(join(', ', map { "$_->{name} $_->{email} $_->{status} "
                        . "$_->{roles}[0]{name}"
                        . ($_->{is_owner} ? ' owner' : '') }
                  $site->directory('stan', 'sort=name')),
       'Adam adam@example.com active Administrator, '
       . 'Olga olga@example.com active Administrator owner, '
       . 'Pia pia@example.com pending Staff, '
       . 'Stan stan@example.com active Staff, '
       . 'Stef stef@example.com active Staff', 'all of it');
};


subtest 'S4.2 a link with a code and the team\'s name' => sub {
    my $link = $site->ok(201, adam => POST => $links, {}, 'made');

    like($link->{code}, qr/^[A-Za-z0-9_-]{43}$/, 'the code');
    is($link->{account_name}, 'Acme', 'the name');
    is($link->{status}, 'active', 'it can be used');

    # the code is shown this once

    my $all = $site->ask(adam => GET => $links);
    is($all->status, 200, 'the links there are');
    unlike($all->body, qr/$link->{code}|"code"/, 'without their codes');
    is($site->sql('select count(*) from team.invite_link
                    where code_hash = sha256(?)', $link->{code}), 1,
       'only its hash is kept');
};


subtest 'S4.3 no email is sent' => sub {
    $site->refused(409, 'channel-disabled', adam => POST =>
                   $site->a('/invitations'),
                   { email => 'x@example.com', roles => ['staff'] },
                   'nobody is invited by email');
    is($site->sql("select count(*) from team.outbox
                    where kind = 'invitation.mail'"), 0, 'no mail');
};


subtest 'S4.4 inviting takes an administrator' => sub {
    $site->refused(403, 'permission-missing', stan => POST => $links, {},
                   'staff makes no link');
    $site->refused(403, 'permission-missing', stan => GET => $links, undef,
                   'nor sees them');
    $site->refused(404, 'not-found', bob => POST => $links, {},
                   'nor does an outsider');
    $site->refused(403, 'rank', adam => POST => $links,
                   { role => 'admin' }, 'and no link makes an equal');
    ok(link_code('adam'), 'an administrator does');
};


subtest 'S4.5 approved: pending becomes active' => sub {
    my $join = asks('paul');
    my $path = "$requests/$join->{id}/approve";

    is($site->row('adam', 'paul')->{status}, 'pending', 'pending');
    is($site->ok(200, adam => POST => $path, undef, 'approved')->{status},
       'active', 'active');
    is($site->row('adam', 'paul')->{status}, 'active', 'the list says so');
    is($site->gate('paul', 'workspace:use'), 200, 'he gets in');
    $site->refused(409, 'not-pending', adam => POST => $path, undef,
                   'only a pending one is approved');
};


subtest 'S4.6 approving takes an administrator' => sub {
    my $join = asks('petra');

    for my $what ('approve', 'reject') {
        $site->refused(403, 'permission-missing', stan => POST =>
                       "$requests/$join->{id}/$what", undef,
                       "staff: $what");
        $site->refused(403, 'member-pending', petra => POST =>
                       "$requests/$join->{id}/$what", undef,
                       "she herself: $what");
        $site->refused(404, 'not-found', bob => POST =>
                       "$requests/$join->{id}/$what", undef,
                       "another administrator: $what");
    }

    $site->refused(403, 'permission-missing', stan => GET => $requests,
                   undef, 'staff does not see the requests');
    # who may approve, and has not what would be given

    $site->ok(201, olga => POST => $site->a('/roles'),
              { key => 'porter', name => 'Porter', rank => 40, permissions =>
                ['account:read', 'members:read', 'members:approve'] },
              'a role that approves');
    $site->back('acme', 'porter', 'pol');
    $site->refused(403, 'exceeds-own', pol => POST =>
                   "$requests/$join->{id}/approve", undef,
                   'nobody gives more than they have');

    $site->ok(200, adam => POST => "$requests/$join->{id}/approve", undef,
              'an administrator');
    $site->ok(204, adam => DELETE => $site->m('pol'), undef, 'he has left');
};


subtest 'S4.7 pending: joined by link, awaiting approval' => sub {
    my $join = asks('pete');

    is("$join->{status} $join->{email}", 'pending pete@example.com',
       'the request');
    is($site->gate('pete', 'workspace:use'), 403, 'no access yet');
    is($site->ask(pete => GET => $site->a)->json->{type},
       '/problems/member-pending', 'he is told why');
    $site->refused(409, 'already-member', pete => POST =>
                   '/invite-links/join', { code => $code },
                   'asking twice is once');
    is(join(' ', map { $_->{email} }
                 @{ $site->get('adam', $requests)->{items} }),
       'pia@example.com pete@example.com', 'in the order they came');
    $site->ok(204, pete => DELETE => $site->a('/members/me'), undef,
              'he may take it back');
    is($site->row('adam', 'pete'), undef, '... is off the list');
    $site->refused(409, 'not-pending', adam => POST =>
                   "$requests/$join->{id}/approve", undef,
                   '... and nobody to approve');
    $join = asks('pete');
    $site->ok(204, adam => POST => "$requests/$join->{id}/reject", undef,
              'rejected');
    is($site->row('adam', 'pete'), undef, 'he is gone');
    is($site->ask(pete => GET => $site->a)->status, 404, 'and a stranger');
};


subtest 'S4.8 removing takes an administrator' => sub {
    $site->refused(403, 'permission-missing', stan => DELETE =>
                   $site->m('stef'), undef, 'staff does not');
    $site->refused(404, 'not-found', bob => DELETE => $site->m('stef'),
                   undef, 'nor another administrator');
    is($site->get('adam', $site->m('stef'))->{name}, 'Stef',
       'the name for the question');
    $site->ok(204, adam => DELETE => $site->m('stef'), undef,
              'an administrator');
    is($site->row('adam', 'stef'), undef, 'gone from the list');
    is($site->gate('stef', 'workspace:use'), 403, 'no access');

    # any administrator removes any other, but the owner

    $site->back('acme', 'admin', 'anton');
    $site->ok(204, adam => DELETE => $site->m('anton'), undef,
              'another administrator');
    $site->refused(403, 'rank', adam => DELETE => $site->m('olga'), undef,
                   'not the owner, who is one as well');
};


subtest 'S4.9 only the owner transfers ownership' => sub {
    my $to = { to => $site->member('stan') };

    $site->refused(403, 'owner-only', adam => POST => $transfers, $to,
                   'an administrator who is not the owner');
    $site->refused(403, 'owner-only', stan => POST => $transfers,
                   { to => $site->member('adam') }, 'staff');
    $site->refused(404, 'not-found', bob => POST => $transfers, $to,
                   'another owner');
    is(join(' ', map { $_->{name} } grep { $_->{is_owner} }
                 $site->directory('adam')), 'Olga', 'she is the owner');
};


subtest 'S4.10 to an active member of the staff' => sub {
    my %to = (
        'an administrator' => [$site->member('adam'), 409,
                               'target-not-eligible'],
        'who is pending' => [$site->sql(
            "select m.id from team.member m
               join team.identity i on i.id = m.identity_id
              where i.subject = 'pia'"), 409, 'target-not-eligible'],
        'a stranger' => [$site->member('zoe'), 404, 'not-found'],
        'oneself' => [$site->member('olga'), 422, 'self'],
        'no id' => ['stan', 404, 'not-found'],
    );

    for my $name (sort keys %to) {
        my ($id, $status, $code) = @{ $to{$name} };

        $site->refused($status, $code, olga => POST => $transfers,
                       { to => $id }, $name);
    }

    for my $q ('stan', 'STAN%40example') {
        my @found = $site->directory('olga',
                                     "kind=member&status=active&role=staff"
                                     . "&q=$q");
        is(join(' ', map { $_->{id} } @found), $site->member('stan'),
           "found by $q");
    }
};


subtest 'S4.11 two steps' => sub {
    my $account = $site->ask(olga => GET => $site->a);
    my $to = { to => $site->member('stan') };

    # what was seen at the first step is what the second one confirms

    $site->refused(428, 'precondition-required', olga => POST => $transfers,
                   $to, 'not in one step', 'If-Match' => undef);

    $site->ok(200, olga => PATCH => $site->a, { name => 'Acme 2' },
              'meanwhile the account changes');
    $site->refused(412, 'precondition-failed', olga => POST => $transfers,
                   $to, 'then not by what was seen before',
                   'If-Match' => $account->header('etag'));
};


subtest 'S4.12 after the transfer' => sub {
    my $account = $site->ask(olga => GET => $site->a);
    my $done = $site->ok(201, olga => POST => $transfers,
                         { to => $site->member('stan') }, 'transferred',
                         'If-Match' => $account->header('etag'));

    is($done->{message},
       'Ownership is transferred; you will lose administrator privileges.',
       'to the letter');
    is($site->gate('olga', 'members:remove'), 403, 'she has lost them');
    is($site->gate('stan', 'members:remove'), 200, 'he has them');
    is(join(', ', map { "$_->{name} $_->{roles}[0]{name}" }
                  grep { $_->{name} =~ /Olga|Stan/ }
                  $site->directory('adam', 'sort=name')),
       'Olga Staff, Stan Administrator', 'their roles');
};


subtest 'S4.13 it takes being the owner and an administrator' => sub {
    $site->refused(403, 'owner-only', olga => POST => $transfers,
                   { to => $site->member('adam') },
                   'who was the owner is not any more');
    $site->ok(201, stan => POST => $transfers,
              { to => $site->member('olga') }, 'who is, gives it back');
    $site->refused(409, 'owner-must-transfer', olga => DELETE =>
                   $site->a('/members/me'), undef, 'the owner can not leave');
    is($site->sql("select count(*) from team.account a
                     join team.member m on m.id = a.owner_member_id
                    where a.slug = 'acme' and m.status = 'active'"), 1,
       'there is always one');
};


subtest 'S4.15 the owner is one, beside the role' => sub {
    my ($olga) = grep { $_->{name} eq 'Olga' } $site->directory('adam');
    my ($adam) = grep { $_->{name} eq 'Adam' } $site->directory('adam');

    is("$olga->{roles}[0]{key} $adam->{roles}[0]{key}", 'admin admin',
       'two of one role');
    ok($olga->{is_owner} && !$adam->{is_owner}, 'one is the owner');
    $site->ok(201, cora => POST => '/accounts',
              { name => 'Cora', preset => 'workspace', slug => 'cora' },
              'a creator');
    is($site->get('cora', '/accounts/cora/members/me')->{is_owner}, 1,
       'is the owner');
};


subtest 'S4.16 joined: the creation time, in UTC' => sub {
    my $stan = $site->get('adam', $site->m('stan'));

    like($stan->{created_at}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
         'UTC');
    is($stan->{created_at},
       $site->sql("select to_char(created_at at time zone 'UTC',
                                  'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')
                     from team.member where id = ?", $stan->{id}),
       'when the member was made');
    is($site->get('adam', $site->a)->{time_zone}, 'UTC',
       'the zone to show it in');
    is($site->ok(200, adam => PATCH => $site->a,
                 { time_zone => 'Asia/Shanghai' }, 'can be set')
       ->{time_zone}, 'Asia/Shanghai', 'as this one');
    $site->refused(422, 'invalid-time-zone', adam => PATCH => $site->a,
                   { time_zone => 'Peking' }, 'to one that there is');
    is($site->get('adam', $site->m('stan'))->{created_at},
       $stan->{created_at}, 'the time itself stays');
};


subtest 'S4.17 who joins by a link becomes staff' => sub {
    my $join = asks('wanda');

    is($join->{roles}[0]{key}, 'staff', 'staff');
    $site->refused(422, 'invalid', wilma => POST => '/invite-links/join',
                   { code => $code, role => 'admin' },
                   'whatever one asks for');
    is($site->ok(200, adam => POST => "$requests/$join->{id}/approve",
                 undef, 'approved')->{roles}[0]{name}, 'Staff',
       'and stays staff');
    $site->may('wanda', ['workspace:use', 'members:read'],
               ['members:remove', 'members:approve', 'invite-links:create'],
               'with the rights of one');
    is($site->rights('adam', 'staff'),
       'account:read members:read workspace:use', 'of all there is');
};


$site->done_ok;

done_testing;
