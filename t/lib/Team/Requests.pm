# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Team::Requests;

# For each operation of docs/openapi.yaml a request that succeeds, as often as
# one likes: what it needs is made anew each time.
#
#     my $requests = Team::Requests->new;
#     my ($who, $method, $path, $body, $tag) = $requests->fresh('group_delete');
#     my $res = $requests->site->ask($who, $method, $path, $body);
#
# $tag: where the tag is read that If-Match may say; undef where there is none.
# An operation of which nothing is known here dies, so a new one is not
# forgotten.
#
# The account "acme" is one of everything: olga owns it, adam is an admin, tom
# a member.  Options: settings of PostgreSQL.

use strict;
use warnings;

use Test::More ();

use Team::OpenAPI;
use Team::Preset;

my $none = '01a20137-2682-7724-8a9a-2a7c3e4b178e';


sub new {
    my ($class, %conf) = @_;

    my $site = Team::Preset->new(
        'business',
        acme => [[olga => 'owner'], [adam => 'admin'], [tom => 'member']],
        options => { pg => { conf => \%conf } });
    my $self = bless { site => $site, n => 0 }, $class;

    $self->_open('acme');

    # what is read has something to show

    $self->fresh($_) for qw(invitation_delete link_delete join_reject
                            group_delete);
    $site->ask(olga => POST => $site->a('/subaccounts'), { name => 'Below' });

    return $self;
}


sub site { return $_[0]{site} }


# All ways in are open.

sub _open {
    my ($self, $slug) = @_;

    $self->{site}->dbh->do(<<'EOT', undef, $slug);
update team.account
   set membership_scope = 'many', join_link = true, link_role = 'member',
       join_subaccount = true, direct_permissions = true,
       transfer_acceptance = true, decline_mode = 'shown'
 where slug = ?
EOT

    return;
}


# Of the document: operations that change something, by name.

sub writes {
    return grep { $_->{method} ne 'GET'
                  && $_->{id} !~ /^(?:invitation_lookup|explain)$/ }
           Team::OpenAPI->shared->operations;
}


sub fresh {
    my ($self, $id) = @_;

    my $make = $self->can("_$id") or die "how is a $id made?\n";
    my ($operation) = grep { $_->{id} eq $id }
                      Team::OpenAPI->shared->operations;
    my ($who, $path, $body, $tag) = $self->$make;

    return ($who, $operation->{method}, $path, $body, $tag);
}


# --- what is needed ----------------------------------------------------------

sub _name { return $_[1] . ++$_[0]{n} }


# Must succeed; returns the answer's body.

sub _must {
    my ($self, $who, $method, $path, $body) = @_;

    my $res = $self->{site}->ask($who, $method, $path, $body);

    die "$method $path: " . $res->status . ' ' . $res->body
        if $res->status >= 300;

    return length $res->body ? $res->json : {};
}


sub _member {
    my ($self, $role) = @_;

    my $name = $self->_name('mem');

    $self->{site}->back('acme', $role // 'member', $name);

    return $self->{site}->m($name);
}


sub _group {
    my ($self) = @_;

    return '/accounts/acme/groups/' . $self->_must(
        olga => POST => '/accounts/acme/groups',
        { name => $self->_name('Group ') })->{id};
}


sub _role {
    my ($self) = @_;

    my $key = $self->_name('role-');

    $self->_must(olga => POST => '/accounts/acme/roles',
                 { key => $key, name => $key, rank => 5, permissions => [] });

    return "/accounts/acme/roles/$key";
}


# Somebody's name, and the invitation; the hour's quota is another test's.

sub _invited {
    my ($self) = @_;

    my $name = $self->_name('inv');

    $self->{site}->dbh->do('delete from team.quota_use');

    return ($name, $self->{site}->invite('olga', $name, ['member']));
}


sub _link {
    my ($self) = @_;

    return $self->_must(olga => POST => '/accounts/acme/invite-links', {});
}


sub _join_request {
    my ($self) = @_;

    return '/accounts/acme/join-requests/' . $self->_must(
        $self->_name('join'), POST => '/invite-links/join',
        { code => $self->_link->{code} })->{id};
}


# Another account: its slug, its owner, a member's name and id.

sub _account {
    my ($self) = @_;

    my $slug = $self->_name('more');

    $self->{site}->settle($slug, [["$slug-o", 'owner'],
                                  ["$slug-m", 'member']]);
    $self->_open($slug);

    return ($slug, "$slug-o", "$slug-m", $self->{site}->member("$slug-m"));
}


sub _transfer {
    my ($self) = @_;

    my ($slug, $owner, $name, $id) = $self->_account;
    my $path = "/accounts/$slug/ownership-transfers";

    return ($owner, $name, "$path/" . $self->_must(
        $owner, POST => $path, { to => $id })->{id});
}


# --- requests: who, path, body, tag -------------------------------------------

sub _account_post {
    my ($self) = @_;

    return ($self->_name('founder'), '/accounts',
            { name => $self->_name('Founded '), preset => 'hosting' });
}


sub _account_patch {
    my ($self) = @_;

    return ('olga', '/accounts/acme', { name => $self->_name('Acme ') },
            '/accounts/acme');
}


sub _policy_put {
    my ($self) = @_;

    my $path = '/accounts/acme/policy';

    return ('olga', $path, { %{ $self->{site}->get('olga', $path) },
                             suspend_label => $self->_name('Out ') }, $path);
}


sub _account_close {
    my ($self) = @_;

    my ($slug, $owner) = $self->_account;

    return ($owner, "/accounts/$slug/closure", { confirm => $slug },
            "/accounts/$slug");
}


sub _subaccount_post {
    my ($self) = @_;

    return ('olga', '/accounts/acme/subaccounts',
            { name => $self->_name('Sub ') });
}


sub _member_patch {
    my ($self) = @_;

    my $m = $self->_member;

    return ('olga', $m, { title => $self->_name('Title ') }, $m);
}


sub _member_remove {
    my ($self) = @_;

    my $m = $self->_member;

    return ('olga', $m, undef, $m);
}


sub _member_suspend {
    my ($self) = @_;

    my $m = $self->_member;

    return ('olga', "$m/suspension", undef, $m);
}


sub _member_resume {
    my ($self) = @_;

    my $m = $self->_member;

    $self->_must(olga => PUT => "$m/suspension");

    return ('olga', "$m/suspension", undef, $m);
}


sub _member_roles_put {
    my ($self) = @_;

    my $m = $self->_member;

    return ('olga', "$m/roles", { roles => ['finance'] }, $m);
}


sub _member_permissions_put {
    my ($self) = @_;

    my $m = $self->_member;

    return ('olga', "$m/permissions", { permissions => ['cards:read'] }, $m);
}


sub _member_groups_put {
    my ($self) = @_;

    my $m = $self->_member;
    my ($id) = $self->_group =~ m{([^/]+)\z};

    return ('olga', "$m/groups", { groups => [$id] }, $m);
}


sub _invitation_post {
    my ($self) = @_;

    my $name = $self->_name('new');

    $self->{site}->dbh->do('delete from team.quota_use');

    return ('olga', '/accounts/acme/invitations',
            { email => "$name\@example.com", name => $name,
              roles => ['member'] });
}


sub _invitation_batch {
    my ($self) = @_;

    my (undef, undef, $row) = $self->_invitation_post;

    return ('olga', '/accounts/acme/invitation-batches',
            { invitations => [$row] });
}


sub _invitation_delete {
    my ($self) = @_;

    my (undef, $made) = $self->_invited;
    my $path = "/accounts/acme/invitations/$made->{id}";

    return ('olga', $path, undef, $path);
}


sub _invitation_resend {
    my ($self) = @_;

    my ($who, $path) = $self->_invitation_delete;

    return ($who, "$path/resend", undef, $path);
}


sub _invitation_accept {
    my ($self) = @_;

    my ($name, $made) = $self->_invited;

    return ($name, '/invitations/accept',
            { token => $self->{site}->mailed($made) });
}


sub _invitation_decline {
    my ($self) = @_;

    my ($name, $made) = $self->_invited;

    return ($name, '/invitations/decline',
            { token => $self->{site}->mailed($made) });
}


sub _link_post {
    my ($self) = @_;

    return ('olga', '/accounts/acme/invite-links',
            { max_uses => ++$self->{n} });
}


sub _link_delete {
    my ($self) = @_;

    my $path = '/accounts/acme/invite-links/' . $self->_link->{id};

    return ('olga', $path, undef, $path);
}


sub _link_join {
    my ($self) = @_;

    return ($self->_name('join'), '/invite-links/join',
            { code => $self->_link->{code} });
}


sub _join_approve {
    my ($self) = @_;

    return ('olga', $self->_join_request . '/approve');
}


sub _join_reject {
    my ($self) = @_;

    return ('olga', $self->_join_request . '/reject');
}


sub _transfer_post {
    my ($self) = @_;

    my ($slug, $owner, undef, $id) = $self->_account;

    return ($owner, "/accounts/$slug/ownership-transfers", { to => $id },
            "/accounts/$slug");
}


sub _transfer_accept {
    my ($self) = @_;

    my (undef, $who, $path) = $self->_transfer;

    return ($who, "$path/accept");
}


sub _transfer_decline {
    my ($self) = @_;

    my (undef, $who, $path) = $self->_transfer;

    return ($who, "$path/decline");
}


sub _transfer_cancel {
    my ($self) = @_;

    my ($owner, undef, $path) = $self->_transfer;

    return ($owner, $path);
}


sub _role_post {
    my ($self) = @_;

    my $key = $self->_name('made-');

    return ('olga', '/accounts/acme/roles',
            { key => $key, name => $key, rank => 5, permissions => [] });
}


sub _role_put {
    my ($self) = @_;

    my $r = $self->_role;

    return ('olga', $r, { name => $self->_name('Role '), rank => 6,
                          permissions => ['account:read'] }, $r);
}


sub _role_delete {
    my ($self) = @_;

    my $r = $self->_role;

    return ('olga', $r, undef, $r);
}


sub _group_post {
    my ($self) = @_;

    return ('olga', '/accounts/acme/groups',
            { name => $self->_name('Group ') });
}


sub _group_patch {
    my ($self) = @_;

    my $g = $self->_group;

    return ('olga', $g, { name => $self->_name('Group ') }, $g);
}


sub _group_delete {
    my ($self) = @_;

    my $g = $self->_group;

    return ('olga', $g, undef, $g);
}


# A membership in a group is the member's.

sub _group_member_put {
    my ($self) = @_;

    my $m = $self->_member;

    return ('olga', $self->_group . ($m =~ m{(/members/.*)})[0], undef, $m);
}


sub _group_member_delete {
    my ($self) = @_;

    my ($who, $path, undef, $m) = $self->_group_member_put;

    $self->_must($who, PUT => $path);

    return ($who, $path, undef, $m);
}


# What changes nothing.

sub _invitation_lookup {
    my ($self) = @_;

    my (undef, $made) = $self->_invited;

    return (undef, '/invitations/lookup',
            { token => $self->{site}->mailed($made) });
}


sub _explain {
    return ('olga', '/explain', { account => 'acme', identity => 'me',
                                  permission => 'account:read' });
}


# --- reading -----------------------------------------------------------------

# The path of a GET, with ids of what is there.

sub path {
    my ($self, $operation) = @_;

    my $site = $self->{site};
    my $list = sub {
        my ($what, $member) = @_;
        my $items = $site->get('olga', "/accounts/acme/$what")->{items};
        return $items->[0]{ $member // 'id' } // $none;
    };
    my %id = (
        a => sub { 'acme' }, m => sub { $site->member('tom') },
        i => sub { $list->('invitations') }, g => sub { $list->('groups') },
        l => sub { $list->('invite-links') },
        r => sub { $list->('roles', 'key') },
    );

    return $operation->{path} =~ s{^/v1}{}r
                              =~ s/\{(\w)\}/($id{$1} || die "{$1}?")->()/ger;
}


1;
