#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The preset "hosting", requirement by requirement: no fixed roles, all
# permissions or hand-picked ones, people in several accounts.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON ();
use Test::More;

use Team::Preset;
use Team::Wait;

my $site = Team::Preset->new(
    'hosting',
    acme => [[olga => 'owner'], [alan => 'all'], [pam => undef],
             [rick => undef], [lou => undef]],
    other => [[bob => 'owner'], [zoe => undef]]);

my $invitations = $site->a('/invitations');


sub picked {
    my ($name, @permissions) = @_;

    return { email => "$name\@example.com", permissions => [@permissions] };
}


subtest 'S3.2 email, last login, role' => sub {
    $site->dbh->do("update team.identity
                       set last_login_at = '2024-02-29T12:00:00Z'
                     where subject = 'alan'");

    my $olga = $site->row('olga', 'olga');
    my $alan = $site->row('olga', 'alan');

    is("$olga->{email} $olga->{roles}[0]{name}", 'olga@example.com Owner',
       'the owner\'s row');
    is($alan->{last_login_at}, '2024-02-29T12:00:00.000Z', 'last login');
    is(join(' ', map { $_->{email} } $site->directory('olga', 'sort=email')),
       join(' ', map { "$_\@example.com" } qw(alan lou olga pam rick)),
       'by email');
};


subtest 'S3.3 two actions: manage permissions, remove access' => sub {
    $site->ok(200, olga => PUT => $site->m('rick', '/permissions'),
              { permissions => ['products:read'] }, 'permissions');
    $site->refused(403, 'permission-missing', pam => PUT =>
                   $site->m('rick', '/permissions'), { permissions => [] },
                   'not by just anybody');
    $site->ok(204, olga => DELETE => $site->m('rick'), undef, 'access');
    is($site->gate('rick', 'products:read'), 403, 'he has none');
    $site->refused(409, 'suspend-disabled', olga => PUT =>
                   $site->m('pam', '/suspension'), undef,
                   'there is no third');
};


subtest 'S3.4 a page for one user\'s permissions' => sub {
    my $body = $site->ok(200, olga => PUT => $site->m('pam', '/permissions'),
                         { permissions => ['products:manage',
                                           'account:update'] }, 'given');

    is("@{ $body->{permissions} }", 'account:update products:manage',
       'what is ticked');
    is("@{ $site->get('olga', $site->m('pam'))->{permissions} }",
       'account:update products:manage', 'and read again');
    $site->may('pam', ['account:update', 'products:manage'],
               ['billing:manage'], 'and what she may do');
    $site->ok(200, pam => PATCH => $site->a, { name => 'Acme Hosting' },
              'as changing the account');
    $site->refused(412, 'precondition-failed', olga => PUT =>
                   $site->m('pam', '/permissions'), { permissions => [] },
                   'two pages do not overwrite each other',
                   'If-Match' => '"stale"');
};


subtest 'S3.5 the permissions are data' => sub {
    $site->refused(422, 'unknown-permission', olga => PUT =>
                   $site->m('pam', '/permissions'),
                   { permissions => ['domains:transfer'] },
                   'one that the platform does not know');
    $site->dbh->do("insert into team.permission (name, description)
                    values ('domains:transfer', 'Transfer domains')");

    my ($new) = grep { $_->{name} eq 'domains:transfer' }
                @{ $site->get('olga', $site->a('/permissions'))
                   ->{permissions} };

    is($new->{description}, 'Transfer domains', 'added without new code');
    $site->ok(200, olga => PUT => $site->m('pam', '/permissions'),
              { permissions => ['domains:transfer', 'products:manage'] },
              'and given');
    is($site->gate('pam', 'domains:transfer'), 200, 'it counts');
};


subtest 'S3.6 removing access leaves the person\'s own account' => sub {
    $site->ok(201, petra => POST => '/accounts',
              { name => 'Petra', preset => 'hosting', slug => 'petra' },
              'she has an account of her own');
    $site->join_by_mail('olga', 'petra', [], permissions =>
                        ['products:read']);
    is($site->gate('petra', 'products:read'), 200, 'and access to ours');
    $site->ok(204, olga => DELETE => $site->m('petra'), undef, 'removed');
    is($site->gate('petra', 'products:read'), 403, 'no access to ours');
    is($site->gate('petra', 'products:manage', 'petra'), 200,
       'she still runs her own');
    $site->join_by_mail('olga', 'petra', []);
    is($site->gate('petra', 'products:read'), 403,
       'invited again she has what the new invitation says');
};


subtest 'S3.7 anybody with the right invites' => sub {
    is($site->ok(201, olga => POST => $invitations,
                 picked(ina => 'products:read'), 'the owner')->{status},
       'pending', 'an invitation');
    $site->refused(403, 'permission-missing', pam => POST => $invitations,
                   picked(ivo => 'products:manage'), 'who has it not');
    $site->ok(200, olga => PUT => $site->m('pam', '/permissions'),
              { permissions => ['products:manage', 'invitations:create'] },
              'given the right');
    $site->refused(403, 'exceeds-own', pam => POST => $invitations,
                   picked(ivo => 'billing:manage'),
                   'no more than one has');
    $site->ok(201, pam => POST => $invitations,
              picked(ivo => 'products:manage'), 'what one has');
};


subtest 'S3.8 the email must be correct' => sub {
    for my $email ('', 'x', 'x@', '@example.com', 'a b@example.com',
                   'x@example..com', 'x@-example.com', 'x@@example.com',
                   '.x@example.com', "x\@example.com\r\nBcc: y\@example.com",
                   'x@127.0.0.1', 'x' x 65 . '@example.com',
                   "x\@b\x{fc}cher.example", 'x' x 250 . '@example.com',
                   'Xe <x@example.com>', 'x@example.com,y@example.com')
    {
        my $code = length $email < 1 || length $email > 254
                   ? qr/^inval/ : qr/^invalid-email$/;
        my $before = $site->state;
        my $res = $site->ask(olga => POST => $invitations,
                             { email => $email });

        is($res->status, 422, JSON->new->ascii->allow_nonref->encode($email));
        like($res->json->{type} =~ s{.*/}{}r, $code, '... and why');
        is($site->state, $before, '... and nothing has changed');
    }

    for my $email ('x+tag@example.com', "o'neil\@example.com",
                   'x@xn--bcher-kva.example')
    {
        is($site->ok(201, olga => POST => $invitations, { email => $email },
                     $email)->{email}, $email, '... as it was written');
    }
};


subtest 'S3.9 all permissions, or chosen ones' => sub {
    $site->join_by_mail('olga', 'alma', ['all']);
    $site->may('alma', ['products:manage', 'billing:manage',
                        'members:remove', 'domains:transfer'], [],
               'all, those of tomorrow too');
    is($site->row('olga', 'alma')->{roles}[0]{name}, 'All Permissions',
       'what it is called');
    ok(!$site->get('olga', $site->m('alma'))->{is_owner},
       'and yet not the owner');

    $site->join_by_mail('olga', 'cho', [], permissions =>
                        ['products:read', 'billing:read']);
    $site->may('cho', ['products:read', 'billing:read'],
               ['products:manage', 'members:read'], 'chosen ones');

    is($site->refused(409, 'all-by-role', olga => PUT =>
                      $site->m('cho', '/permissions'),
                      { permissions => ['*'] }, 'all is not a choice')
       ->{detail}, 'Give the role "all" instead.', 'what to do');
    $site->ok(201, olga => POST => $site->a('/roles'),
              { key => 'clerk', name => 'Clerk', rank => 20,
                permissions => ['billing:read'] }, 'a role of our own');
    $site->refused(409, 'role-cardinality', olga => PUT =>
                   $site->m('cho', '/roles'), { roles => ['all', 'clerk'] },
                   'at most one role');
    $site->refused(403, 'rank', alan => POST => $invitations,
                   { email => 'x@example.com', roles => ['all'] },
                   'who has all does not give all away');
};


subtest 'S3.9 many at once, from a table' => sub {
    my $path = $site->a('/invitation-batches');
    my $rows = $site->ok(200, olga => POST => $path, <<'EOT', 'sent',
email,permissions,roles
chris@example.com,products:read billing:read,
charly@example.com,,all
carol@example.com,no:such,
EOT
                         'Content-Type' => 'text/csv')->{items};

    is(join(', ', map { $_->{code} // $_->{status} } @$rows),
       'created, created, unknown-permission', 'a result for each row');

    for my $case ([$rows->[0], 'chris', ['products:read', 'billing:read'],
                   ['products:manage']],
                  [$rows->[1], 'charly', ['products:manage'], []])
    {
        my ($row, $who, $yes, $no) = @$case;

        $site->ok(201, $who => POST => '/invitations/accept',
                  { token => $site->mailed($row->{invitation}) }, $who);
        $site->may($who, $yes, $no, '... has what the row says');
    }
};


subtest 'S3.10 a link is sent by email' => sub {
    my $made = $site->ok(201, olga => POST => $invitations,
                         { email => 'lin@example.com' }, 'sent');

    is($made->{message},
       'Invitation email sent. It may take a moment to arrive.', 'told');
    is($site->sql("select payload ->> 'invitation' from team.outbox
                    where kind = 'invitation.mail'
                    order by id desc limit 1"), $made->{id},
       'the mail is on its way');
    unlike(JSON->new->encode($made), qr/token|code/,
           'the link is in the mail only');
};


subtest 'S3.11 an existing account is associated' => sub {
    my $before = $site->get('zoe', '/me')->{id};

    $site->join_by_mail('olga', 'zoe', [], permissions => ['billing:read']);
    is(join(' ', sort map { $_->{account}{slug} }
                 @{ $site->get('zoe', '/me/accounts')->{items} }),
       'acme other', 'one person in both');
    is($site->get('zoe', '/me')->{id}, $before, 'the same person');
    is($site->gate('zoe', 'billing:read'), 200, 'with rights in one');
    is($site->gate('zoe', 'billing:read', 'other'), 403,
       'that are none in the other');
};


subtest 'S3.12 who registers by the link joins automatically' => sub {
    my $token = $site->mailed($site->invite(
        'olga', 'neu', [], permissions => ['products:manage']));

    is($site->sql("select count(*) from team.identity
                    where email = 'neu\@example.com'"), 0,
       'nobody knows her yet');
    is($site->gate('neu', 'products:manage'), 403, 'no access');

    my $member = $site->ok(201, neu => POST => '/invitations/accept',
                           { token => $token },
                           'signed in for the first time, with the link');

    is("@{ $member->{permissions} } $member->{status}",
       'products:manage active', 'with the assigned permissions');
    is($site->gate('neu', 'products:manage'), 200, 'at once');
};


subtest 'S3.13 login logs, and the primary account' => sub {
    my $when = time - 7200;

    # a token that is new, of somebody who signed in two hours ago

    $site->persona('lou', auth_time => $when);
    is($site->client('lou')->get('/team/v1/accounts/acme/members/me')->status,
       200, 'she works with it');

    my $path = $site->m('lou', '/logins');
    my $logins;

    ok(wait_until(sub {
        $logins = $site->get('olga', $path)->{items};
        return scalar @$logins;
    }), 'the login is in the log');

    is($logins->[0]{at},
       $site->sql('select team.time_text(to_timestamp(?))', $when),
       'when it was');
    is($site->row('olga', 'lou')->{last_login_at}, $logins->[0]{at},
       'and is the last login');
    $site->refused(403, 'permission-missing', pam => GET => $path, undef,
                   'not for everybody to see');
    is(scalar @{ $site->get('lou', $site->a('/members/me/logins'))
                 ->{items} }, 1, 'one sees one\'s own');

    is($site->get('olga', $site->a('/members/me'))->{is_owner}, 1,
       'the primary account');
    $site->may('olga', ['members:permissions', 'account:close',
                        'billing:manage'], [], 'manages broadly');
};


$site->done_ok;

done_testing;
