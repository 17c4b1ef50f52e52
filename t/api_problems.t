#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Who sends bad input is told where it is bad: `errors` has a JSON Pointer into
# the body, or the parameter's or the header's name, whoever has found it, nginx
# or a function of the database.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Encode ();
use JSON ();
use Test::More;

use Team::Preset;

my $site = Team::Preset->new(
    'branches', acme => [[olga => 'owner'], [adam => 'team-admin']]);
my $a = $site->a;
my $json = JSON->new->canonical->ascii;
my $none = '01a20137-2682-7724-8a9a-2a7c3e4b178e';
my $policy = $site->get('olga', "$a/policy");
my $group = $site->ask(olga => POST => "$a/groups", { name => 'One' })->json
            ->{id};
my $mail = { email => 'new@example.com', name => 'New' };

$site->dbh->do("update team.account
                   set join_link = true, owner_mode = 'single',
                       transfer_target = 'any', name_required = true
                 where slug = 'acme'");
$site->dbh->do('update team.account set owner_member_id = ? where id = ?',
               undef, $site->member('olga'), $site->account('acme'));


# One test: the problem, and where.

sub at {
    my ($status, $code, $place, $method, $path, $body, @headers) = @_;

    my $res = $site->ask(olga => $method, $path, $body, @headers);
    my $problem = eval { $res->json } // {};

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is(join(' ', $res->status, $problem->{type} // '-',
            map { $_->{pointer} } @{ $problem->{errors} // [] }),
       "$status /problems/$code $place",
       "$method $path " . (ref $body ? $json->encode($body) : $body // ''))
        or diag($res->body);

    is($problem->{errors}[0]{detail}, $problem->{detail}, '... and what')
        if $code !~ /^(?:invalid|bad-request)$/;
}


subtest 'bodies' => sub {
    my $m = $site->m('adam');
    my @csv = ('Content-Type' => 'text/csv');

    # name, slug and the like of an account

    at(422, 'invalid-name', '/name', POST => '/accounts',
       { name => ' ', preset => 'hosting' });
    at(422, 'invalid', '/name', POST => '/accounts',
       { name => 'x' x 201, preset => 'hosting' });
    at(422, 'unknown-preset', '/preset', POST => '/accounts',
       { name => 'x', preset => 'x' });
    at(422, 'invalid-slug', '/slug', POST => '/accounts',
       { name => 'x', preset => 'hosting', slug => 'X' });
    at(422, 'invalid-time-zone', '/time_zone', POST => '/accounts',
       { name => 'x', preset => 'hosting', time_zone => 'Mars' });
    at(422, 'invalid-account', '/time_zone', PATCH => $a,
       { name => 'x', time_zone => undef });
    at(422, 'invalid-account', '/a~1b~0', PATCH => $a, { 'a/b~' => 'x' });
    at(422, 'invalid-slug', '/slug', PATCH => $a, { slug => '' });
    at(422, 'confirm-mismatch', '/confirm', POST => "$a/closure",
       { confirm => 'x' });

    # the policy

    at(422, 'invalid-policy', '/owner_mode', PUT => "$a/policy",
       { %$policy, owner_mode => 'x' });
    at(422, 'invalid-policy', '/link_ttl', PUT => "$a/policy",
       { %$policy, link_ttl => '1' });
    at(422, 'invalid-policy', '/no~1pe', PUT => "$a/policy",
       { %$policy, 'no/pe' => 1 });
    at(422, 'invalid-policy', '/activation', PUT => "$a/policy", {});
    at(422, 'invalid-policy', '/preset', PUT => "$a/policy",
       { %$policy, preset => 'hosting' });
    at(422, 'invalid-policy', '/owner_role', PUT => "$a/policy",
       { %$policy, owner_mode => 'none', owner_role => 'owner' });
    at(422, 'invalid-policy', '/transfer_target_role', PUT => "$a/policy",
       { %$policy, transfer_target => 'role', transfer_target_role => undef });
    at(422, 'unknown-preset', '/preset', PUT => "$a/policy",
       { preset => 'x' });

    # subaccounts, with whom they are for

    my $sub = "$a/subaccounts";

    at(422, 'invalid-name', '/name', POST => $sub,
       { name => ' ', invitation => $mail });
    at(422, 'invalid-invitation', '/invitation', POST => $sub,
       { name => 'x', invitation => [] });
    at(422, 'invalid-invitation', '/invitation/email', POST => $sub,
       { name => 'x', invitation => {} });
    at(422, 'invalid-invitation', '/invitation/groups', POST => $sub,
       { name => 'x', invitation => { %$mail, groups => [] } });
    at(422, 'invalid-email', '/invitation/email', POST => $sub,
       { name => 'x', invitation => { email => 'x' } });
    at(422, 'name-required', '/invitation/name', POST => $sub,
       { name => 'x', invitation => { email => 'x@example.com' } });
    at(422, 'unknown-role', '/invitation/roles/1', POST => $sub,
       { name => 'x', invitation => {
           %$mail, roles => ['team-admin', 'x'] } });
    at(422, 'invalid-permissions', '/invitation/permissions', POST => $sub,
       { name => 'x', invitation => { %$mail, permissions => 'x' } });
    at(422, 'invalid-locale', '/invitation/locale', POST => $sub,
       { name => 'x', invitation => { %$mail, locale => 'x' } });

    # members

    at(422, 'unknown-field', '/status', PATCH => $m, { status => 'active' });
    at(422, 'invalid-title', '/title', PATCH => $m, { title => 1 });
    at(422, 'invalid-title', '/title', PATCH => $m, { title => "\t" });
    at(422, 'invalid-name', '/name', PATCH => $m, { name => "a\nb" });
    at(422, 'unknown-role', '/roles/1', PUT => "$m/roles",
       { roles => ['owner', 'x', 'y'] });
    at(422, 'invalid-roles', '/roles/2', PUT => "$m/roles",
       { roles => ['owner', 'team-admin', 'owner'] });
    at(422, 'unknown-permission', '/permissions/0', PUT => "$m/permissions",
       { permissions => ['x:y', 'members:read'] });
    at(422, 'invalid-permissions', '/permissions/1', PUT => "$m/permissions",
       { permissions => [('members:read') x 2] });
    at(422, 'unknown-group', '/groups/1', PUT => "$m/groups",
       { groups => [$group, $none] });
    at(422, 'unknown-group', '/groups/0', PUT => "$m/groups",
       { groups => ['x'] });
    at(422, 'invalid-groups', '/groups/1', PUT => "$m/groups",
       { groups => [($group) x 2] });

    # invitations

    my $i = "$a/invitations";

    at(422, 'invalid-email', '/email', POST => $i, { %$mail, email => 'x' });
    at(422, 'invalid-email', '/email', POST => $i,
       { %$mail, email => "x\@b\x{fc}cher.example" });
    at(422, 'name-required', '/name', POST => $i,
       { email => 'new@example.com' });
    at(422, 'invalid-locale', '/locale', POST => $i,
       { %$mail, locale => 'x_y' });
    at(422, 'unknown-role', '/roles/0', POST => $i,
       { %$mail, roles => ['x'] });
    at(422, 'unknown-group', '/groups/0', POST => $i,
       { %$mail, groups => [$none] });

    my $batch = "$a/invitation-batches";

    at(422, 'invalid-batch', '/invitations', POST => $batch,
       { invitations => [] });
    at(422, 'batch-too-large', '/invitations', POST => $batch,
       { invitations => [(1) x 101] });
    at(422, 'invalid-batch', '', POST => $batch, {});
    at(422, 'invalid-csv', '', POST => $batch, 'x', @csv);
    at(422, 'invalid-csv', '', POST => $batch, "email\n\"x\n", @csv);
    at(422, 'invalid-csv', '', POST => $batch, "\n", @csv);
    at(422, 'invalid-batch', '', POST => $batch, "email\n", @csv);

    for my $case (["email,phone\n" => 'phone'], ["E-mail;name\n" => 'e-mail'],
                  ["x\ty\n" => "x\ty"])
    {
        my ($table, $column) = @$case;

        is($site->ask(olga => POST => $batch, $table, @csv)->json->{detail},
           'The first line names the columns: email, and any of name, roles, '
           . "permissions, groups, locale; not \"$column\".",
           'a column that is none');
    }

    is($site->ask(olga => POST => $batch, "name\n", @csv)->json->{detail},
       'The first line names the columns: email, and any of name, roles, '
       . 'permissions, groups, locale.', 'no email');

    # links

    my $l = "$a/invite-links";

    at(422, 'unknown-role', '/role', POST => $l, { role => 'x' });
    at(422, 'invalid-max-uses', '/max_uses', POST => $l,
       { max_uses => 200000 });
    at(422, 'invalid-domains', '/domains', POST => $l, { domains => ['x'] });

    # roles, groups and the rest

    my $role = { key => 'x', name => 'X', rank => 5, permissions => [] };

    at(422, 'invalid-key', '/key', POST => "$a/roles",
       { %$role, key => 'X' });
    at(422, 'invalid-name', '/name', POST => "$a/roles",
       { %$role, name => ' ' });
    at(422, 'unknown-permission', '/permissions/0', POST => "$a/roles",
       { %$role, permissions => ['x:y'] });
    at(422, 'invalid-name', '/name', POST => "$a/groups", { name => ' ' });
    at(422, 'invalid-policy', '/policy', POST => "$a/groups",
       { name => 'x', policy => "\t" });
    at(422, 'unknown-approver', '/approver', PATCH => "$a/groups/$group",
       { approver => $none });
    at(422, 'self', '/to', POST => "$a/ownership-transfers",
       { to => $site->member('olga') });
    at(422, 'invalid-permission', '/permission', POST => '/explain',
       { account => 'acme', identity => 'me', permission => 'x' });
};


# As JSON Schema counts: a name or a text to look for may have 200 characters,
# whatever they are, as may a group's policy.

subtest 'lengths' => sub {
    my $long = "\x{10400}" x 200;
    my $query = join '', map { sprintf '%%%02X', ord }
                         split //, Encode::encode('UTF-8', $long);
    my $res = $site->ok(201, olga => POST => "$a/groups",
                        { name => $long, policy => $long },
                        '200 characters of four bytes');

    is($res->{name} . $res->{policy}, $long x 2, '... are kept');
    $site->ok(200, olga => GET => "$a/directory?q=$query", undef,
              '... and looked for');

    at(422, 'invalid', '/name', POST => "$a/groups", { name => "${long}x" });
    at(422, 'invalid', '/policy', POST => "$a/groups",
       { name => 'x', policy => "${long}x" });
    at(400, 'bad-request', '?q', GET => "$a/directory?q=${query}x");
};


subtest 'queries' => sub {
    at(400, 'bad-request', '?limit', GET => "$a/members?limit=x");
    at(400, 'bad-cursor', '?cursor', GET => "$a/members?cursor=x");
    at(400, 'bad-cursor', '?cursor', GET => "$a/directory?cursor=x");
    at(400, 'bad-kind', '?kind', GET => "$a/directory?kind=x");
    at(400, 'bad-sort', '?sort', GET => "$a/directory?sort=x");
    at(400, 'bad-status', '?status', GET => "$a/directory?status=x");
    at(400, 'bad-status', '?status', GET => "$a/invitations?status=x");
    at(400, 'bad-time', '?from', GET => "$a/audit-events?from=x");
    at(400, 'bad-time', '?to', GET => "$a/audit-events?to=2030-13-01");
};


# Where people look first: nginx knows the names of older statuses only.

subtest 'status lines' => sub {
    my %reason = (
        422 => ['Unprocessable Content', POST => "$a/groups", {}],
        428 => ['Precondition Required', PATCH => $a, { name => 'x' },
                'If-Match' => undef],
        404 => ['Not Found', GET => "$a/groups/$none"],
    );

    for my $status (sort keys %reason) {
        my ($reason, @request) = @{ $reason{$status} };

        is($site->ask(olga => @request)->reason, $reason, "$status is $reason");
    }
};


subtest 'headers' => sub {
    my @key = ('Idempotency-Key' => 'once');

    at(422, 'idempotency-key', 'Idempotency-Key', POST => "$a/groups",
       { name => 'Two' }, 'Idempotency-Key' => 'a b');
    $site->ok(201, olga => POST => "$a/groups", { name => 'Two' }, 'a group',
              @key);
    at(422, 'idempotency-mismatch', 'Idempotency-Key', POST => "$a/groups",
       { name => 'Three' }, @key);

    is($site->ask(olga => POST => "$a/groups", { name => 'Three' }, @key,
                  'Idempotency-Key' => 'twice')->json->{detail},
       'If-Match and Idempotency-Key come once each.', 'two of them');
    is($site->ask(olga => POST => "$a/groups", { name => 'Three' },
                  'If-Match' => '"x"')->json->{detail},
       'This has no tag that If-Match could name.', 'what has no tag');
};


$site->done_ok;

done_testing;
