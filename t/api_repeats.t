#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# What protects a change from being made twice, or over what somebody else has
# made of it meanwhile: Idempotency-Key on every POST, If-Match everywhere, and
# needed where rights are given and accounts are changed.  Which requests there
# are is taken from docs/openapi.yaml.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON ();
use Test::More;

use Team::Race;
use Team::Requests;

my $requests = Team::Requests->new;
my $site = $requests->site;
my $json = JSON->new->utf8->canonical;

# where 428 says that it is missing: rights, policy, the account, its owner

my %required = map { $_ => 1 } qw(
    account_patch account_close policy_put member_roles_put
    member_permissions_put transfer_post role_put role_delete);


sub word {
    my ($res) = @_;

    my ($code) = $res->body =~ m{"type":"/problems/([^"]+)"};

    return $res->status . (defined $code ? " $code" : '');
}


subtest 'If-Match' => sub {
    for my $operation ($requests->writes) {
        my $id = $operation->{id};
        my ($who, $method, $path, $body, $tag) = $requests->fresh($id);
        my $before = $site->state;
        my $ask = sub {
            return $site->ask($who, $method, $path, $body, 'If-Match' => $_[0]);
        };

        is(word($ask->($_)), '412 precondition-failed', "$id: $_")
            for '"0123456789abcdef0123456789abcdef"', '"a", "b"', 'x';
        is(word($ask->(undef)), '428 precondition-required', "$id: needed")
            if $required{$id};
        ok($site->state eq $before, '... and nothing has changed');

        my $match = '*';

        if ($tag) {
            my $etag = $site->ask($who, GET => $tag)->header('etag');

            like($etag, qr/^"[0-9a-f]{32}"$/, "$id: there is a tag to match");
            is(word($ask->("W/$etag")), '412 precondition-failed',
               '... which is a strong one');
            $match = qq("other", $etag);
        }

        like(word($ask->($match)), qr/^2/, "$id: $match");

        next if $required{$id};

        ($who, $method, $path, $body) = $requests->fresh($id);
        like(word($ask->(undef)), qr/^2/, "$id: can be left out");
    }
};


# Each change is in the audit log, once, with who made it; a subaccount is in
# its own and in the one of the account above.

subtest 'the audit log' => sub {
    my %rows = (subaccount_post => 2);

    for my $operation ($requests->writes) {
        my $id = $operation->{id};
        my ($who, $method, $path, $body) = $requests->fresh($id);
        my $last = $site->sql('select max(id::text) from team.audit_event');
        my $res = $site->ask($who, $method, $path, $body);

        like($res->status, qr/^2/, $id);
        is_deeply($site->dbh->selectcol_arrayref(<<'EOT', undef, $last),
select actor_subject || ' ' || outcome
  from team.audit_event
 where id::text > ?
EOT
                  [("$who done") x ($rows{$id} // 1)], '... is told of');
    }
};


# An answer that is lost on its way, and asked for again.

subtest 'Idempotency-Key' => sub {
    my $n = 0;

    # of the same person and account, with that key, and not the same

    my %other = (
        account_close => sub { [@_[0 .. 2], { confirm => 'acme' }] },
        transfer_post => sub { [@_[0 .. 2], { to => $site->member('adam') }] },
        invitation_accept => sub { [@_[0 .. 2], { token => 'A' x 43 }] },
        invitation_decline => sub { [@_[0 .. 2], { token => 'A' x 43 }] },
        link_join => sub { [@_[0 .. 2], { code => 'A' x 43 }] },
        account_post => sub { [@_[0 .. 2], { %{ $_[3] }, name => 'Other' }] },
        transfer_accept => sub { [@_[0, 1], $_[2] =~ s/accept$/decline/r] },
        transfer_decline => sub { [@_[0, 1], $_[2] =~ s/decline$/accept/r] },
    );

    for my $operation ($requests->writes) {
        next if $operation->{method} ne 'POST';

        my $id = $operation->{id};
        my @request = $requests->fresh($id);
        my $key = 'key-' . ++$n;
        my $ask = sub {
            my ($key, $who, $method, $path, $body) = @_;
            return $site->ask($who, $method, $path, $body,
                              'Idempotency-Key' => $key);
        };

        my $before = $site->state;

        for my $bad ('a b', "\xc3\xa9", 'x' x 256) {
            like(word($ask->($bad, @request)),
                 qr/^(?:422 idempotency-key|4(?:00|22) )/,
                 "$id: no key is " . substr $bad, 0, 5);
        }

        ok($site->state eq $before, '... and nothing has changed');

        my $first = $ask->($key, @request);

        like($first->status, qr/^2/, "$id: once") or diag($first->body);
        $before = $site->state;

        my $second = $ask->($key, @request);

        is($second->status, $first->status, "$id: and again");
        is_deeply(body($second), body($first), '... with the same answer');
        is($second->header($_), $first->header($_), "... the same $_")
            for qw(ETag Location Content-Type);
        ok($site->state eq $before, '... and nothing is done twice');

        my $other = $other{$id} ? $other{$id}->(@request)
                                : [$requests->fresh($id)];

        $before = $site->state;
        is(word($ask->($key, @$other)), '422 idempotency-mismatch',
           "$id: another request with the key");
        ok($site->state eq $before, '... and nothing has changed');
    }
};


# A secret is shown once.

sub body {
    my ($res) = @_;

    my $body = length $res->body ? $res->json : {};

    delete @{$body}{qw(code token)} if ref $body eq 'HASH';

    return $body;
}


# The client's retry overtakes the first attempt.

subtest 'the same at once' => sub {
    my $race = Team::Race->new($site);
    my $running = '409 idempotency-running';
    my $allowed = qr/^(?:(20[12]) \| (?:\1|$running)|$running \| 20[12])$/;
    my %made = (account_post => 'account', group_post => 'member_group',
                invitation_accept => 'member', link_join => 'join_request');

    for my $id (sort keys %made) {
        my $count = "select count(*) from team.$made{$id}";
        my $before;

        $race->pairs($id, $allowed, sub {
            my ($round) = @_;
            my ($who, @request) = $requests->fresh($id);

            $before = $site->sql($count);
            return map { [$who, @request[0 .. 2],
                          'Idempotency-Key' => "at-once-$round"] } 1, 2;
        }, sub { $site->sql($count) == $before + 1 ? '' : 'done twice' });
    }
};


$site->done_ok;

done_testing;
