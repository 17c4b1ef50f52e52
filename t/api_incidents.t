#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# What has really happened to others, done to us over HTTP; each opens with its
# story.  Races are in api_races_*.t, ids of other accounts in api_foreign.t,
# the very next request of somebody removed in revocation.t, headers that a
# client makes up in access_headers.t, lists in api_lists.t, what logs tell in
# api_secrets.t.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON ();
use Test::More;

use Team::HTTP;
use Team::OpenAPI;
use Team::Preset;

my $json = JSON->new->utf8->canonical->allow_nonref;

# max manages people with a role of acme's own, and owns nothing

my $site = Team::Preset->new(
    'travel',
    acme => [[olga => 'owner'], [max => 'traveller'], [tom => 'traveller'],
             [tim => 'traveller']],
    other => [[bob => 'owner']]);

my $invitations = $site->a('/invitations');
my @manager = qw(account:read audit:read groups:assign groups:create
                 groups:read invitations:create invitations:delete
                 invitations:read invite-links:create invite-links:read
                 members:approve members:permissions members:read
                 members:remove members:roles members:suspend members:update
                 policy:read policy:update roles:create roles:delete
                 roles:read roles:update subaccounts:create subaccounts:read
                 trips:book own-trips:read);

$site->ok(201, olga => POST => $site->a('/roles'),
          { key => 'manager', name => 'Manager', rank => 60,
            permissions => \@manager }, 'a role of the account');
$site->ok(200, olga => PUT => $site->m('max', '/roles'),
          { roles => ['manager'] }, 'and who has it');


sub owners {
    return $site->sql(<<'EOT');
select string_agg(i.subject, ' ' order by i.subject)
  from team.member_standing s
  join team.identity i on i.id = s.identity_id
  join team.account a on a.id = s.account_id
 where a.slug = 'acme'
   and s.is_owner
EOT
}


sub status {
    my ($invitation) = @_;

    return $site->get('olga', "$invitations/$invitation->{id}")->{status};
}


# Keycloak let people in by tokens that were not theirs (CVE-2026-1529): made
# for another organization, or with a byte changed.

subtest 'accept with a token that is not one\'s own' => sub {
    my $mine = $site->invite('olga', 'eve', ['traveller']);
    my $token = $site->mailed($mine);
    my $foreign = $site->mailed($site->invite('bob', 'frank', ['owner'],
                                              account => 'other'));

    $site->refused(403, 'email-mismatch', eve => POST =>
                   '/invitations/accept', { token => $foreign },
                   "another account's, for somebody else");
    $site->refused(403, 'email-mismatch', eve => POST =>
                   '/invitations/decline', { token => $foreign },
                   'not to decline it either');

    for my $at (0, 20, 42) {
        my $tampered = $token;
        my $byte = substr $tampered, $at, 1;

        substr $tampered, $at, 1, $byte eq 'A' ? 'B' : 'A';
        $site->refused(404, 'not-found', eve => POST =>
                       '/invitations/accept', { token => $tampered },
                       "byte $at changed");
    }

    my %bad = (
        'cut short' => substr($token, 0, 42), 'too long' => "${token}A",
        'its hash' => $site->sql("select encode(sha256(?), 'hex')", $token),
        'its id' => $mine->{id}, 'blanks around' => " $token ",
        'padded' => "$token=", 'a wildcard' => '%',
        'another case' => $token =~ tr/a-zA-Z/A-Za-z/r,
    );

    delete $bad{'another case'} if $bad{'another case'} eq $token;

    $site->refused(404, 'not-found', eve => POST => '/invitations/accept',
                   { token => $bad{$_} }, $_) for sort keys %bad;

    for my $body ('{"token":""}', '{"token":null}', '{"token":1}', '{}',
                  '{"token":["' . $token . '"]}', '{"token":"a\u0000b"}',
                  qq({"token":"$token","token":"$token"}),
                  '{"token":"' . 'A' x 60000 . '"}', 'null', '')
    {
        $site->refused(422, 'invalid', eve => POST => '/invitations/accept',
                       $body, substr $body, 0, 40);
    }

    my $before = $site->state;
    my $res = $site->fresh('eve')->request(
        POST => '/team/v1/invitations/accept',
        ['Content-Type' => 'application/json'],
        '{"token":"' . 'A' x 1_000_000 . '"}');

    is($res->status, 413, 'a megabyte');
    is($site->state, $before, '... and nothing has changed');

    # the invitation is intact after all that

    $site->ok(201, eve => POST => '/invitations/accept',
              { token => $token }, 'her own is still good');
};


# Signed in as somebody else, or with an address that nobody has verified, and
# let in all the same (better-auth #9577).

subtest 'accept as another email, or an unverified one' => sub {
    my $made = $site->invite('olga', 'ursa', ['traveller']);
    my $token = $site->mailed($made);
    my %who = (
        mallory => ['email-mismatch', {}],
        m2 => ['email-unverified', { email => 'ursa@example.com',
                                     email_verified => JSON::false }],
        m3 => ['email-unverified', { email => 'ursa@example.com',
                                     email_verified => undef }],
        m4 => ['email-unverified', { email => 'ursa@example.com',
                                     email_verified => 'false' }],
        m5 => ['email-unverified', { email => undef }],
        m6 => ['email-mismatch', { email => 'ursa@example.com.evil.org' }],
        m7 => ['email-mismatch', { email => 'ursa+x@example.com' }],
        m8 => ['email-mismatch', { email => "urs\xd0\xb0\@example.com" }],
    );

    for my $name (sort keys %who) {
        my ($code, $claims) = @{ $who{$name} };

        $site->persona($name, %$claims);
        $site->refused(403, $code, $name => POST => "/invitations/$_",
                       { token => $token }, "$name: $_")
            for 'accept', 'decline';
    }

    $site->refused(403, 'email-unverified', m2 => GET => '/me/invitations',
                   undef, 'nor does one see what is offered to others');
    is(status($made), 'pending', 'the invitation is intact');

    # one address, another spelling: ASCII case only

    $site->persona('ursa', email => 'URSA@Example.COM');
    $site->ok(201, ursa => POST => '/invitations/accept',
              { token => $token }, 'she herself, in capitals');
};


# Somebody who is in an account tells their issuer another address, which nobody
# verifies, and is listed by it.

subtest 'an address that is another\'s' => sub {
    my $at = sub {
        return join ' ', map { $_->{email} }
                         $site->directory('olga', "q=$_[0]");
    };

    $site->persona('tim', email => 'olga@example.com',
                   email_verified => JSON::false);
    $site->ok(201, tim => POST => '/accounts',
              { name => 'Tim', preset => 'travel' }, 'he makes an account');
    is($at->('olga%40'), 'olga@example.com', 'olga is there once');
    is($at->('tim%40'), 'tim@example.com', 'he is who he was');
    $site->refused(409, 'already-member', olga => POST => $invitations,
                   { email => 'tim@example.com', roles => ['traveller'] },
                   'and known as a member');
    $site->persona('tim', email => 'tim@example.com',
                   email_verified => JSON::true);
};


# The inviter was fired before the invitation was accepted, and the offer stood
# (alkem-io PR #10299).

subtest 'the inviter has lost the right' => sub {
    my %loss = (
        'suspended' => [sub { $site->ok(204, olga => PUT =>
                                        $site->m('max', '/suspension'),
                                        undef, 'suspended') },
                        sub { $site->ok(204, olga => DELETE =>
                                        $site->m('max', '/suspension'),
                                        undef, 'back') }],
        'demoted' => [sub { $site->ok(200, olga => PUT =>
                                      $site->m('max', '/roles'),
                                      { roles => ['traveller'] },
                                      'demoted') },
                      sub { $site->ok(200, olga => PUT =>
                                      $site->m('max', '/roles'),
                                      { roles => ['manager'] }, 'back') }],
        'removed' => [sub { $site->ok(204, olga => DELETE =>
                                      $site->m('max'), undef, 'removed') },
                      sub { $site->join_by_mail('olga', 'max',
                                                ['manager']) }],
    );

    for my $what (sort keys %loss) {
        my ($lose, $again) = @{ $loss{$what} };
        my $made = $site->invite('max', "n-$what", ['traveller']);
        my $token = $site->mailed($made);

        $lose->();
        $site->refused(409, 'inviter-lost-right', "n-$what" => POST =>
                       '/invitations/accept', { token => $token }, $what);
        is(status($made), 'pending', 'the invitation waits');
        is($site->sql("select code from team.audit_event
                        where target_id = ? and outcome = 'refused'",
                      $made->{id}), 'inviter-lost-right', 'it is noted');
        $again->();

        # an owner stands in

        $site->ok(202, olga => POST => "$invitations/$made->{id}/resend",
                  undef, 'sent again by an owner');
        $site->ok(201, "n-$what" => POST => '/invitations/accept',
                  { token => $site->mailed($made) }, 'then it is good');
    }
};


# Scanners of mail and previews of chats fetch every link there is; what a GET
# does, they do (supabase/auth #368).

subtest 'a GET changes nothing' => sub {
    my $made = $site->invite('olga', 'gero', ['traveller']);
    my $token = $site->mailed($made);
    my $group = $site->ok(201, olga => POST => $site->a('/groups'),
                          { name => 'Scanned' }, 'a group');
    my %id = (a => 'acme', m => $site->member('tom'), i => $made->{id},
              r => 'manager', g => $group->{id}, l => $made->{id},
              j => $made->{id}, t => $made->{id});
    my $before = $site->state;
    my %statuses;

    for my $operation (Team::OpenAPI->shared->operations) {
        my $path = $operation->{path} =~ s/\{(\w+)\}/$id{$1} \/\/ 'x'/ger;

        for my $method ('GET', 'HEAD') {
            for my $who ('olga', 'gero', undef) {
                my $res = $site->client($who)->request(
                    $method, "/team$path?token=$token", []);

                $statuses{ $res->status }++;
            }
        }
    }

    is($site->state, $before, 'not one of all paths');
    is(join(' ', grep { !/^(?:200|400|401|403|404|405)$/ } keys %statuses),
       '', 'nor is one an error');
    is($site->client('gero')->get('/team/v1/invitations/accept')->status,
       405, 'accepting is no GET');
    is(status($made), 'pending', 'the invitation is as it was');
};


# Owners have been made by invitations, links and roles of people who were none
# (Shelf PR #2863, chainloop #3264).

subtest 'no way makes an owner' => sub {
    my $before = owners();
    my $form = { email => 'king@example.com', roles => ['owner'] };

    $site->refused(403, 'rank', max => POST => $invitations, $form,
                   'by an invitation');

    for my $case ([{ invitations => [$form] }, 'JSON'],
                  ["email,roles\r\nking\@example.com,owner\r\n", 'CSV'])
    {
        my ($body, $name) = @$case;
        my $res = $site->ask(max => POST => $site->a('/invitation-batches'),
                             $body, ref $body ? ()
                             : ('Content-Type' => 'text/csv'));
        my $row = $res->json->{items}[0];

        is($res->status . " $row->{status} $row->{code}",
           '200 refused rank', "by a batch, $name");
        ok(!$row->{invitation}, '... and there is no invitation');
    }

    my $owners_own = $site->invite('olga', 'queen', ['owner']);

    $site->refused(403, 'rank', max => POST =>
                   "$invitations/$owners_own->{id}/resend", undef,
                   'by sending an owner\'s invitation again');
    $site->ok(204, olga => DELETE => "$invitations/$owners_own->{id}", undef,
              'which is withdrawn');

    $site->refused(403, 'rank', max => PUT => $site->m('tom', '/roles'),
                   { roles => ['owner'] }, 'by a role');
    $site->refused(403, 'self-change', max => PUT =>
                   $site->a('/members/me/roles'), { roles => ['owner'] },
                   'oneself');

    # a role as strong as an owner's

    $site->refused(403, 'exceeds-own', max => POST => $site->a('/roles'),
                   { key => 'strong', name => 'S', rank => 50,
                     permissions => ['*'] }, 'a role with everything');
    $site->refused(403, 'exceeds-own', max => POST => $site->a('/roles'),
                   { key => 'strong', name => 'S', rank => 50, permissions =>
                     ['trips:book', 'account:close'] },
                   'a role with more than one\'s own');
    $site->refused(403, 'rank', max => POST => $site->a('/roles'),
                   { key => 'strong', name => 'S', rank => 60,
                     permissions => ['trips:book'] }, 'of one\'s own rank');
    $site->refused(403, 'rank', max => PUT => $site->a('/roles/manager'),
                   { name => 'M', rank => 60, permissions => ['*'] },
                   'one\'s own role, stronger');
    $site->refused(409, 'role-exists', olga => POST => $site->a('/roles'),
                   { key => 'owner', name => 'O', rank => 50,
                     permissions => [] }, 'a second role of that key');
    $site->ok(201, max => POST => $site->a('/roles'),
              { key => 'weak', name => 'W', rank => 50,
                permissions => ['trips:book'] }, 'a weak role');
    $site->refused(403, 'exceeds-own', max => PUT => $site->a('/roles/weak'),
                   { name => 'W', rank => 50, permissions =>
                     ['trips:book', 'billing:manage'] }, 'made stronger');
    $site->refused(403, 'rank', max => PUT => $site->a('/roles/weak'),
                   { name => 'W', rank => 99, permissions =>
                     ['trips:book'] }, 'made higher');

    # the policy says who owners are

    my $policy = $site->get('max', $site->a('/policy'));

    for my $change ([owner_role => 'manager'], [self_change => 'forbid'],
                    [admin_may_remove_admin => JSON::false],
                    [owner_mode => 'none'], [transfer_target => 'any'])
    {
        my ($key, $value) = @$change;
        my $body = { %$policy, $key => $value };

        $body->{owner_role} = undef if $value eq 'none';
        $site->refused(403, 'owner-only', max => PUT => $site->a('/policy'),
                       $body, "the policy: $key");
    }

    $site->refused(403, 'owner-only', max => PUT => $site->a('/policy'),
                   { preset => 'workspace' }, 'another preset');

    # links; even an owner's never makes one

    my $open = { %$policy, join_link => JSON::true,
                 link_role => 'traveller' };

    $site->ok(200, max => PUT => $site->a('/policy'), $open,
              'links are opened');
    $site->refused(403, 'rank', max => POST => $site->a('/invite-links'),
                   { role => 'owner' }, 'by a link');
    $site->refused(409, 'owner-role', olga => POST =>
                   $site->a('/invite-links'), { role => 'owner' },
                   'not even by an owner\'s');
    $site->refused(403, 'rank', max => PUT => $site->a('/policy'),
                   { %$open, link_role => 'owner' },
                   'by what links give');

    # a subaccount's person in charge

    $site->ok(200, max => PUT => $site->a('/policy'),
              { %$open, join_subaccount => JSON::true }, 'subaccounts, too');
    $site->refused(403, 'rank', max => POST => $site->a('/subaccounts'),
                   { name => 'Kingdom', invitation => $form },
                   'by a subaccount');

    my $below = $site->ok(201, max => POST => $site->a('/subaccounts'),
                          { name => 'Below' }, 'one without');

    $site->refused(403, 'rank', max => POST =>
                   "/accounts/$below->{id}/invitations", $form,
                   'by an invitation to it');

    is(owners(), $before, 'the owners are who they were');

    # single permissions

    $site->ok(200, olga => PUT => $site->a('/policy'),
              { %$open, direct_permissions => JSON::true }, 'allowed now');
    $site->refused(403, 'exceeds-own', max => PUT =>
                   $site->m('tom', '/permissions'),
                   { permissions => ['account:close'] },
                   'a permission that one has not');
    $site->refused(403, 'exceeds-own', max => PUT =>
                   $site->m('tom', '/permissions'),
                   { permissions => ['*'] }, 'all of them');
    $site->refused(403, 'self-change', max => PUT =>
                   $site->a('/members/me/permissions'),
                   { permissions => ['account:close'] }, 'for oneself');
    $site->refused(403, 'exceeds-own', max => POST => $invitations,
                   { email => 'king@example.com', roles => ['traveller'],
                     permissions => ['account:close'] },
                   'by an invitation');
    is($site->sql("select count(*) from team.audit_event e
                    where e.outcome = 'refused'
                      and e.actor_subject = 'max'
                      and e.code in ('rank', 'exceeds-own', 'self-change',
                                     'owner-only')") > 20, 1,
       'every attempt is in the audit log');
};


# A parameter that was a list where one thing was meant sent a reset mail to two
# people (GitLab CVE-2023-7028).

subtest 'one thing is one thing' => sub {
    my $email = '"email":"list@example.com"';

    for my $body (
        qq({$email,"roles":"owner"}), qq({$email,"roles":"traveller,owner"}),
        qq({$email,"roles":[["traveller"]]}), qq({$email,"roles":[1]}),
        qq({$email,"roles":[null]}), qq({$email,"roles":{"0":"traveller"}}),
        qq({$email,"roles":["traveller"],"roles":["owner"]}),
        qq({$email,"roles":["traveller","traveller"]}),
        qq({$email,"roles":["traveller,owner"]}),
        qq({$email,"roles":["Traveller"]}), qq({$email,"role":"owner"}),
        '{"email":["list@example.com","eve@evil.org"],"roles":["traveller"]}',
        qq({$email,"email":"eve\@evil.org","roles":["traveller"]}),
        '{"email":{"a":"list@example.com"},"roles":["traveller"]}',
        '{"email":"list@example.com,eve@evil.org","roles":["traveller"]}',
        '{"email":"list@example.com\neve@evil.org","roles":["traveller"]}',
        '{"email":null,"roles":["traveller"]}', '{"email":1,"roles":[]}',
    ) {
        my $before = $site->state;
        my $res = $site->ask(olga => POST => $invitations, $body);

        is($res->status, 422, $body);
        is($site->state, $before, '... and nothing has changed');
    }

    for my $body ('{"roles":"owner"}', '{"roles":["traveller,owner"]}',
                  '{"roles":[0]}', '{"roles":null}', '{"role":"owner"}',
                  '{"roles":["traveller"],"roles":["owner"]}')
    {
        my $before = $site->state;
        my $res = $site->ask(olga => PUT => $site->m('tom', '/roles'),
                             $body);

        is($res->status, 422, "of a member: $body");
        is($site->state, $before, '... and nothing has changed');
    }

    # in the rows of a batch, and in a subaccount's invitation; the row may be
    # what is refused

    $site->dbh->do("update team.account set join_subaccount = true
                     where slug = 'acme'");

    for my $roles ('"owner"', '"traveller,owner"', '[["traveller"]]', '[1]',
                   '[null]', '1', '{"0":"traveller"}', '["traveller,owner"]',
                   '["traveller","traveller"]', '["Traveller"]',
                   '["traveller"],"roles":["owner"]')
    {
        my $row = qq({$email,"roles":$roles});

        for my $case ([qq({"invitations":[$row]}), '/invitation-batches'],
                      [qq({"name":"L","invitation":$row}), '/subaccounts'])
        {
            my ($body, $path) = @$case;
            my $before = $site->state;
            my $res = $site->ask(olga => POST => $site->a($path), $body);
            my $is = $res->status == 200
                     ? $res->json->{items}[0]{code} : $res->json->{type};

            like($res->status . " $is",
                 qr/^(?:422 |200 (?:invalid|unknown)-role)/, "$path: $body");
            is($site->state, $before, '... and nothing has changed');
        }
    }

    my $csv = $site->ask(olga => POST => $site->a('/invitation-batches'),
                         'email,roles,roles', 'Content-Type' => 'text/csv');

    is($csv->json->{type}, '/problems/invalid-csv', 'a column twice');
    $csv = $site->ask(olga => POST => $site->a('/invitation-batches'),
                      "email,roles\nlist\@example.com,\"traveller,owner\"\n",
                      'Content-Type' => 'text/csv');
    is($csv->json->{items}[0]{code}, 'unknown-role', 'two in one, as CSV');

    for my $body ('{"role":["traveller","owner"]}', '{"role":1}',
                  '{"role":"traveller,owner"}',
                  '{"role":"traveller","role":"owner"}')
    {
        my $before = $site->state;
        my $res = $site->ask(olga => POST => $site->a('/invite-links'),
                             $body);

        is($res->status, 422, "of a link: $body");
        is($site->state, $before, '... and nothing has changed');
    }
};


# Names that are HTML, header lines, or formulas: shown by a page, put into
# mail, opened in a spreadsheet by an administrator.

subtest 'injection through names' => sub {
    my @lines = ("Max\r\nX-Evil: 1", "Max\nBcc: eve\@evil.org", "Max\tTab",
                 "Max\x{0}", "Max\x{1b}[2J", "Max\x{7f}");

    for my $name (@lines) {
        my $shown = $json->encode($name);

        $site->refused(422, $name =~ /\x{0}/ ? 'invalid' : 'invalid-name',
                       olga => PATCH => $_, { name => $name },
                       "$shown: $_") for $site->a, $site->m('tom');
        $site->refused(422, $name =~ /\x{0}/ ? 'invalid' : 'invalid-name',
                       olga => POST => $invitations,
                       { email => 'inj@example.com', name => $name,
                         roles => ['traveller'] }, "$shown: invited");
    }

    for my $locale ("en\r\nX: y", 'en;q=1', '../../etc', 'e', '<b>', '%0d%0a',
                    'en_US.UTF-8')
    {
        my $before = $site->state;
        my $res = $site->ask(olga => POST => $invitations,
                             { email => 'inj@example.com', name => 'I',
                               roles => ['traveller'], locale => $locale });

        is($res->status, 422, 'locale ' . $json->encode($locale));
        is($site->state, $before, '... and nothing has changed');
    }

    my @names = ('<script>alert(1)</script>', '"><img src=x onerror=y>',
                 "'; drop table team.member; --", '{{7*7}}', '${jndi:x}',
                 '</script>', '%0d%0aX-Evil: 1', "\x{202e}gro.live");

    for my $name (@names) {
        my $res = $site->ask(olga => PATCH => $site->m('tom'),
                             { name => $name });
        my $shown = $json->encode($name);

        is($res->json->{name}, $name, "$shown is a name");
        is($res->header('content-type'), 'application/json', '... as JSON');
        is($res->header('x-evil'), undef, '... and in no header');
    }

    # in a name that a person's token brings along, too

    $site->persona('odd', name => '<b>Odd</b>');
    $site->join_by_mail('olga', 'odd', ['traveller']);
    is($site->row('olga', 'odd')->{name}, '<b>Odd</b>', 'from a token');

    my $res = $site->ask(olga => POST => $invitations,
                         { email => 'loc@example.com', name => 'x',
                           roles => ['traveller'] });

    like($res->header('location'),
         qr{^(?:/team)?/v1/accounts/[0-9a-f-]{36}/invitations/[0-9a-f-]{36}$},
         'a Location is made of ids');

    # a spreadsheet

    for my $name ('=HYPERLINK("http://evil/")', '+1', '-1', '@SUM(A1)',
                  '  =1', '|x', "\x{ff1d}1")
    {
        $site->ok(200, olga => PATCH => $site->a('/members/me'),
                  { title => $name }, $json->encode($name));
    }

    $site->persona('=cmd', email => 'cmd@example.com', name => '=cmd');
    $site->ok(201, '=cmd' => POST => '/invitations/accept',
              { token => $site->mailed($site->invite(
                  'olga', 'cmd', ['traveller'])) },
              'somebody whose id is a formula');

    for my $list ('audit-events', 'directory') {
        my $csv = $site->client('olga')->get(
            "/team/v1/accounts/acme/$list?limit=200", Accept => 'text/csv');

        is($csv->status, 200, $list);
        like($csv->header('content-type'), qr{^text/csv}, 'as CSV');
        like($csv->body, qr/"'=cmd"/, 'it is in it, as text');

        my @cells = map { /((?:"(?:[^"]|"")*"|[^,\r\n]*))(?:,|\r?\n|$)/g }
                    $csv->body;

        is(join(' ', grep { /^"?\s*[=+\@|-]/ } @cells), '',
           'no cell is a formula');
    }
};


$site->done_ok;

done_testing;
