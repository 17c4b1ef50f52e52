#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# An owner puts ids of another account, which they have seen in a link or a log
# or have guessed, into every place of every request that takes one (as in
# keycloak #47080 and daytona #4264): of a stranger's account, of a subaccount
# of theirs, of one that is closed.  All such are as unknown as an id that
# nobody has: the same answer to the byte, and nothing is written.
#
# Which requests there are is taken from docs/openapi.yaml; what this test has
# no ids or bodies for makes it fail.

use strict;
use warnings;

use JSON ();
use Test::More;

use Team::OpenAPI;
use Team::Site;
use Team::Token;

my $api = Team::OpenAPI->shared;
my $site = Team::Site->new;
my $dbh = $site->dbh;
my $olga = $site->as('olga');
my $json = JSON->new->canonical;

my $unknown = '01a20137-2682-7724-8a9a-2a7c3e4b178e';
my $v = '/team/v1';


# --- two accounts with everything in them ------------------------------------

# What the API makes, and what only a join could.

sub furnish {
    my ($slug, $owner, $other) = @_;

    my $a = "$v/accounts/$slug";
    my $http = $site->as($owner);
    my $must = sub {
        my $method = shift;
        my $res = $http->$method(@_, 'If-Match' => '*');

        die "$_[0]: ", $res->status, ' ', $res->body if $res->status >= 300;
        return $res->json;
    };

    $dbh->do(<<'EOT', undef, $slug);
update team.account
   set join_link = true, link_role = 'member', transfer_acceptance = true,
       direct_permissions = true, join_subaccount = true
 where slug = ?
EOT

    my %id = (account => $site->account($slug), slug => $slug,
              owner => $site->member($owner),
              member => $site->member($other));

    $id{group} = $must->(post => "$a/groups", { name => 'Sales' })->{id};
    $id{invitation} = $must->(post => "$a/invitations", {
        email => "new\@$slug.example", name => 'New', roles => ['member'],
    })->{id};
    $id{token} = $dbh->selectrow_array('select team.invitation_token_issue(?)',
                                       undef, $id{invitation});

    my $link = $must->(post => "$a/invite-links", { role => 'member' });

    $id{link} = $link->{id};

    my $joins = $site->as("guest$slug")->post("$v/invite-links/join",
                                              { code => $link->{code} });

    $id{join} = $joins->json->{id} // die $joins->body;
    $id{transfer} = $must->(post => "$a/ownership-transfers",
                            { to => $id{member} })->{id};
    $must->(post => "$a/roles", {
        key => "only-$slug", name => 'Only here', rank => 1,
        permissions => ['account:read'] });
    $id{role} = "only-$slug";

    return \%id;
}


my $own = furnish(acme => 'olga', 'mia');
my $foreign = furnish(other => 'bob', 'zoe');


# One more account, with people of its own.

sub settle {
    my ($slug, $owner, $other) = @_;

    ($site->{accounts}{$slug}) = $dbh->selectrow_array(
        'select a.id from team.account a where a.slug = ?', undef, $slug);
    ($site->{members}{ $_->[0] }) = $dbh->selectrow_array(
        'select team.member_add(?, ?, ?, ?, ?, ?)', undef, $slug, $ISSUER,
        $_->[0], "$_->[0]\@example.com", ucfirst $_->[0], $_->[1])
        for [$owner, 'owner'], [$other, 'member'];

    return furnish($slug, $owner, $other);
}


$olga->post("$v/accounts/acme/subaccounts", { name => 'B', slug => 'below' });
$dbh->do(q{select team.account_create('gone', 'Gone', 'business')});

my $below = settle(below => 'sven', 'sara');
my $gone = settle(gone => 'greta', 'gus');

is($site->as('greta')->post("$v/accounts/gone/closure", { confirm => 'gone' },
                            'If-Match' => '*')->status, 202, 'one is closed');

# What there is for a placeholder: of one's own, and what must not be found.

my @kinds = qw(owner member group invitation link join transfer);
my @uuids = (map({ $foreign->{$_} } 'account', @kinds), $gone->{account},
             map({ ($below->{$_}, $gone->{$_}) } @kinds), $unknown,
             '00000000-0000-0000-0000-000000000000');
my @odd = (uc $own->{member}, "{$own->{member}}", $own->{member} =~ tr/-//dr,
           "$own->{member}0", 'x', '0', '-1', '%00', '%27', 'null',
           "$own->{member}%20", '%F0%9F%A6%8A', '1%3B--', 'a' x 200);

my %place = (
    a => { own => 'acme', not => [@uuids, 'other', @odd] },
    m => { own => $own->{member},
           not => [@uuids, @{$own}{qw(group invitation account)}, @odd] },
    i => { own => $own->{invitation}, not => [@uuids, $own->{member}, @odd] },
    l => { own => $own->{link}, not => [@uuids, $own->{invitation}, @odd] },
    j => { own => $own->{join}, not => [@uuids, $own->{member}, @odd] },
    t => { own => $own->{transfer}, not => [@uuids, $own->{member}, @odd] },
    g => { own => $own->{group}, not => [@uuids, $own->{member}, @odd] },
    r => { own => $own->{role},
           not => ["only-other", @uuids, map({ $own->{$_} } qw(group)), @odd] },
);

# What the document's examples say is not what there is here.

my %body = (
    account_patch => { name => 'Taken' },
    policy_put => { preset => 'travel' },
    account_close => { confirm => 'acme' },
    subaccount_post => { name => 'Taken' },
    member_patch => { title => 'Taken' },
    member_roles_put => { roles => ['finance'] },
    member_permissions_put => { permissions => ['cards:read'] },
    member_groups_put => { groups => [$own->{group}] },
    invitation_post => { email => 'taken@example.com', name => 'Taken',
                         roles => ['member'] },
    invitation_batch => { invitations => [
        { email => 'taken@example.com', name => 'T', roles => ['member'] }] },
    link_post => { role => 'member' },
    transfer_post => { to => $own->{member} },
    role_post => { key => 'taken', name => 'Taken', rank => 2,
                   permissions => [] },
    role_put => { name => 'Taken', rank => 2, permissions => [] },
    group_post => { name => 'Taken' },
    group_patch => { name => 'Taken' },
);


# All tables, but for what tells of refusals in the account itself.

my @tables = @{ $dbh->selectcol_arrayref(<<'EOT') };
select relname
  from pg_class
 where relnamespace = 'team'::regnamespace
   and relkind = 'r'
   and relname not in ('audit_event', 'login', 'login_waiting',
                       'identity')
 order by 1
EOT

my $state = join "\nunion all\n", map {
    "select '$_ ' || coalesce(string_agg(t::text, E'\\n' order by t::text), '')
       from team.$_ t"
} @tables;


# of identities without what a login changes
$state .= "\n" . <<'EOT';
union all
select 'done ' || count(*)
  from team.audit_event e
 where e.outcome = 'done'
union all
select 'elsewhere ' || count(*)
  from team.audit_event e
  join team.account a on a.id = e.account_id
 where a.slug <> 'acme'
union all
select 'identity ' || string_agg(concat_ws(' ', i.id, i.issuer, i.subject,
                                           i.email, i.email_verified, i.name),
                                 E'\n' order by i.id)
  from team.identity i
EOT


sub state { return join "\n", @{ $dbh->selectcol_arrayref($state) } }


# All of an answer but its date.

sub answer {
    my ($res) = @_;

    return join "\n", $res->status,
           (sort map { "$_->[0]: $_->[1]" }
                 grep { lc $_->[0] ne 'date' } @{ $res->headers }),
           $res->body;
}


# An id that nobody has, where the answer is known.

my $nothing = answer($olga->get("$v/accounts/acme/members/$unknown"));

like($nothing, qr/^404\n/, 'what an unknown id is told');


# One test: nothing of this is found, and nothing was written.

sub not_found {
    my ($operation, $name, @paths) = @_;

    return nobody_finds($olga, $operation, $name, @paths);
}


sub nobody_finds {
    my ($client, $operation, $name, @paths) = @_;

    my $body = $body{ $operation->{id} };
    my $before = state();
    my @found;

    for my $path (@paths) {
        my $res = $client->request($operation->{method}, $v . $path,
                                   ['If-Match' => '*'], $body);
        my $is = answer($res);

        # nginx itself takes no NUL

        push @found, "$path: $is"
            unless $is eq $nothing
                   || $path =~ /%00/ && $res->status == 400;
    }

    local $Test::Builder::Level = $Test::Builder::Level + 2;

    is(join("\n", @found), '', $name);
    ok(state() eq $before, '... and nothing is written');

    return;
}


my $tried = 0;

for my $operation ($api->operations) {
    my @names = $operation->{path} =~ /\{(\w)\}/g or next;

    my $what = "$operation->{method} $operation->{path}";

    ok(!$operation->{is}{requestBody} || $body{ $operation->{id} },
       "$what: there is a body for it");

    for my $name (@names) {
        my @paths;

        for my $bad (@{ $place{$name}{not} // die "what is {$name}?" }) {
            my $path = $operation->{path} =~ s{^/v1}{}r;

            # one of the ids is wrong, the others are one's own

            $path =~ s/\{$name\}/$bad/;
            $path =~ s/\{(\w)\}/$place{$1}{own}/g;
            push @paths, $path;
            $tried++;
        }

        not_found($operation, "$what: another {$name}", @paths);
    }

    # who has no account, and who has another, with ids that are right

    my $right = $operation->{path} =~ s{^/v1}{}r
                                   =~ s/\{(\w)\}/$place{$1}{own}/gr;

    nobody_finds($_->[0], $operation, "$what: $_->[1]", $right)
        for [$site->as('dora'), 'by a stranger'],
            [$site->as('zoe'), "by another account's member"],
            [$site->as('bob'), "by another account's owner"],
            [$site->as('sven'), "by a subaccount's owner"],
            [$site->as('greta'), "by a closed account's owner"];

    # nor does an account that is closed do anything any more

    {
        my %closed = (a => 'gone', m => $gone->{member}, r => $gone->{role},
                      i => $gone->{invitation}, l => $gone->{link},
                      j => $gone->{join}, t => $gone->{transfer},
                      g => $gone->{group});
        my $path = $operation->{path} =~ s/\{(\w)\}/$closed{$1}/gr;
        my $before = state();
        my $res = $site->as('greta')->request(
            $operation->{method}, "/team$path", ['If-Match' => '*'],
            $body{ $operation->{id} });

        is($res->status . ' ' . ($res->json->{type} // ''),
           '403 /problems/account-closed', "$what: in a closed account");
        ok(state() eq $before, '... and nothing is written');
    }

    # an account of one's own around all that is another's, and the reverse

    if (@names > 1) {
        my %their = (a => 'other', m => $foreign->{member},
                     i => $foreign->{invitation}, l => $foreign->{link},
                     j => $foreign->{join}, t => $foreign->{transfer},
                     g => $foreign->{group}, r => $foreign->{role});
        my $path = $operation->{path} =~ s{^/v1}{}r;

        not_found($operation, "$what: all of the other account",
                  $path =~ s/\{(\w)\}/$their{$1}/gr,
                  $path =~ s/\{(\w)\}/$1 eq 'a' ? 'acme' : $their{$1}/gre);
    }
}

cmp_ok($tried, '>', 500, "$tried paths with an id that is not one's own");


# --- ids in bodies -----------------------------------------------------------

# Told the same for an id of the other account, of another kind, and none.

sub alike {
    my ($status, $code, $method, $path, $make, $name) = @_;

    my @ids = grep { length $_ <= 36 && !/%/ } @uuids, @odd;
    my $before = state();
    my %seen;

    for my $id (@ids) {
        my $res = $olga->request($method, $v . $path, ['If-Match' => '*'],
                                 $make->($id));

        push @{ $seen{ answer($res) } }, $id;
    }

    is(scalar keys %seen, 1, "$name: one answer for all")
        or diag(map { "$_\n  @{ $seen{$_} }\n" } sort keys %seen);
    like((keys %seen)[0], qr/^$status\n.*\Q$code\E"/s, '... which is that');
    is(state(), $before, '... and nothing is written');

    return;
}


my $m = "/accounts/acme/members/$own->{member}";

$dbh->do(q{delete from team.ownership_transfer where id = ?}, undef,
         $own->{transfer});

alike(404, 'not-found', POST => '/accounts/acme/ownership-transfers',
      sub { { to => $_[0] } }, 'to');
alike(422, 'unknown-group', PUT => "$m/groups",
      sub { { groups => [$own->{group}, $_[0]] } }, 'groups of a member');
alike(422, 'unknown-group', POST => '/accounts/acme/invitations',
      sub { { email => 'taken@example.com', name => 'Taken',
              roles => ['member'], groups => [$_[0]] } },
      'groups of an invitation');
alike(422, 'unknown-approver', POST => '/accounts/acme/groups',
      sub { { name => 'Taken', approver => $_[0] } }, 'approver');
alike(422, 'unknown-approver', PATCH => "/accounts/acme/groups/$own->{group}",
      sub { { approver => $_[0] } }, 'approver, changed');
alike(200, 'not-member', POST => '/explain',
      sub { { account => 'acme', identity => $_[0],
              permission => 'members:read' } }, 'identity');
alike(404, 'not-found', POST => '/explain',
      sub { { account => $_[0], identity => $own->{member},
              permission => 'members:read' } }, 'account');

for my $case ([PUT => "$m/roles", sub { { roles => [$_[0]] } }],
              [POST => '/accounts/acme/invite-links',
               sub { { role => $_[0] } }],
              [POST => '/accounts/acme/invitations',
               sub { { email => 'taken@example.com', name => 'T',
                       roles => [$_[0]] } }],
              [POST => '/accounts/acme/subaccounts',
               sub { { name => 'Taken', invitation => {
                       email => 'taken@example.com', name => 'T',
                       roles => [$_[0]] } } }])
{
    my ($method, $path, $make) = @$case;
    my $before = state();
    my @answers = map {
        answer($olga->request($method, $v . $path, ['If-Match' => '*'],
                              $make->($_)))
    } 'only-other', 'only-nowhere', $foreign->{member};

    is_deeply([@answers[1, 2]], [@answers[0, 0]],
              "$method $path: a role of the other account is unknown");
    like($answers[0], qr/^422\n.*"\/problems\/unknown-role"/s, '... it says');
    is(state(), $before, '... and nothing is written');
}


# Of a batch each row is told by itself.

sub rows_alike {
    my ($code, $name, $type, $make) = @_;

    my $before = state();
    my %seen;

    for my $id ($name =~ /role/ ? ('only-other', 'only-nowhere', 'only-below')
                                : @uuids)
    {
        my $res = $olga->request(POST => "$v/accounts/acme/invitation-batches",
                                 ['Content-Type' => $type], $make->($id));
        my ($row) = @{ $res->json->{items} };

        $seen{ join ' ', $res->status, map { $row->{$_} // '-' }
                                       qw(status code detail invitation) }++;
    }

    is(scalar keys %seen, 1, "$name: one answer for all")
        or diag(join "\n", sort keys %seen);
    like((keys %seen)[0], qr/^200 refused $code .* -$/, '... which is that');
    is(state(), $before, '... and nothing is written');

    return;
}


my $row = 'taken@example.com';

rows_alike('unknown-role', 'role of a row', 'application/json', sub {
    $json->encode({ invitations => [{ email => $row, name => 'T',
                                      roles => [$_[0]] }] }) });
rows_alike('unknown-role', 'role of a line', 'text/csv',
           sub { "email,name,roles\n$row,T,$_[0]\n" });
rows_alike('unknown-group', 'group of a row', 'application/json', sub {
    $json->encode({ invitations => [{ email => $row, name => 'T',
                                      roles => ['member'],
                                      groups => [$_[0]] }] }) });
rows_alike('unknown-group', 'group of a line', 'text/csv', sub {
    "email,name,roles,groups\n$row,T,member,$_[0]\n" });

# the role that links give

my $policy = $olga->get("$v/accounts/acme/policy")->json;
my %told;

for my $role ('only-other', 'only-nowhere', 'only-below') {
    my $before = state();
    my $res = $olga->request(PUT => "$v/accounts/acme/policy",
                             ['If-Match' => '*'],
                             { %$policy, link_role => $role });

    $told{ $res->status . ' ' . $res->body =~ s/$role/ROLE/gr }++;
    is(state(), $before, "a policy with the role $role");
}

is(scalar keys %told, 1, '... all are told the same');
like((keys %told)[0], qr/^409 .*policy-conflict/, '... which is that');


# Ids in queries: what is the other account's is not there to be found.

for my $query ("directory?group=$foreign->{group}", 'directory?role=only-other',
               "audit-events?target=$foreign->{member}",
               "audit-events?actor=$foreign->{owner}",
               'audit-events?actor=bob', "directory?group=$below->{group}",
               "audit-events?target=$below->{member}",
               'directory?role=only-below')
{
    my $res = $olga->get("$v/accounts/acme/$query");

    is($res->status . ' ' . @{ $res->json->{items} // [] }, '200 0', $query);
}


# Tokens: another's, signed in as somebody else; and what is none.

my $other = $olga->post("$v/invitations/accept",
                        { token => $foreign->{token} });

is($other->status . ' ' . $other->json->{type},
   '403 /problems/email-mismatch', "another's invitation");

my %seen;

for my $token ('x', 'A' x 43, 'A' x 200, $foreign->{invitation}) {
    for my $what (qw(accept decline lookup)) {
        $seen{ answer($olga->post("$v/invitations/$what",
                                  { token => $token })) }++;
    }
}

is_deeply([keys %seen], [$nothing], 'no token');


my $log = $site->nginx->error_log;

unlike($log, qr/\[error\](?!.*login_record)/, 'nothing has failed');

$site->done_ok;

done_testing;
