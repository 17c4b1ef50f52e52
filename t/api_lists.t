#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Lists: read page by page while they change, with cursors of other lists, and
# searched for what is a wildcard elsewhere.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Team::OpenAPI;
use Team::Preset;

my $site = Team::Preset->new(
    'travel', acme => [[olga => 'owner']], other => [[bob => 'owner']]);

my $dbh = $site->dbh;
my $invitations = $site->a('/invitations');


# Everything that there are lists of, in both accounts.

$dbh->do(<<'EOT');
update team.account
   set join_link = true, link_role = 'traveller', join_subaccount = true
EOT

my %code = map {
    my ($who, $slug) = @$_;
    $slug => $site->ask($who => POST => "/accounts/$slug/invite-links")
                  ->json->{code}
} ['olga', 'acme'], ['bob', 'other'];


sub joins {
    my ($name, $slug) = @_;

    my $res = $site->ask($name, POST => '/invite-links/join',
                         { code => $code{$slug} });

    die "$name: " . $res->body unless $res->status == 202;
    return;
}


# As if somebody had wanted to give the account away, and had not.

sub offers {
    my ($n, $slug) = @_;

    $dbh->do(<<'EOT', undef, $n, $slug);
insert into team.ownership_transfer (account_id, from_member_id, to_member_id,
                                     status, decided_at)
select m.account_id, m.id,
       (select o.id
          from team.member o
         where o.account_id = m.account_id
           and o.id <> m.id
         limit 1), 'cancelled', now()
  from generate_series(1, ?),
       team.member m
  join team.account a on a.id = m.account_id
  join team.member_standing s on s.member_id = m.id and s.is_owner
 where a.slug = ?
EOT
    return;
}


sub logs_in {
    my ($who, $minutes) = @_;

    $dbh->do(<<'EOT', undef, $minutes, $who);
insert into team.login (identity_id, at)
select id, now() - make_interval(mins => ?)
  from team.identity
 where subject = ?
EOT
    return;
}


# An account that asks olga in, or has her.

sub elsewhere {
    my ($slug, $in) = @_;

    $site->settle($slug, [["$slug-o" => 'owner'],
                          $in ? ([olga => 'traveller']) : ()]);
    $site->invite("$slug-o", 'olga', ['traveller'], account => $slug)
        unless $in;
    return;
}


# Of each list: its path, and what comes and goes while it is read.  come: one
# at each end of the order, where that can be; go: the row that was seen last,
# on which the cursor stands; whether it may.

my $round = 0;

sub gone {
    my ($last) = @_;

    $site->ask(olga => DELETE => $site->a("/members/$last->{id}"))
        if ($last->{name} // '') =~ /^(?:Page|Aa|Zz)/;
    return;
}


my @people = (sub { $site->back('acme', 'traveller', "aa$round", "zz$round") },
              \&gone);
my $me = 'members/me/logins';
my %lists = (
    'members' => [@people],
    'directory' => [@people],
    'directory?sort=name' => [@people],
    'directory?sort=-email' => [@people],
    'directory?sort=created_at' => [@people],
    'directory?sort=-joined_at' => [@people],
    'invitations' => [
        sub { $site->invite('olga', "aa-inv$round", ['traveller']) },
        sub { $site->ask(olga => DELETE => "$invitations/$_[0]{id}") }],
    'groups' => [
        sub { $site->ask(olga => POST => $site->a('/groups'),
                         { name => "A $round" }) },
        sub { $site->ask(olga => DELETE => $site->a("/groups/$_[0]{id}")) }],
    'invite-links' => [
        sub { $site->ask(olga => POST => $site->a('/invite-links'), {}) },
        sub { $site->ask(olga => DELETE =>
                         $site->a("/invite-links/$_[0]{id}")) }],
    'join-requests' => [
        sub { joins("join$round", 'acme') },
        sub { $site->ask(olga => POST => $site->a(
              "/join-requests/$_[0]{id}/reject")) }],
    'ownership-transfers' => [
        sub { offers(2, 'acme') },
        sub { $dbh->do('delete from team.ownership_transfer where id = ?',
                       undef, $_[0]{id}) }],
    'subaccounts' => [
        sub { $site->ask(olga => POST => $site->a('/subaccounts'),
                         { name => "Aa$round" }) },
        sub { $dbh->do("update team.account set status = 'closed',
                               closed_at = now() where id = ?",
                       undef, $_[0]{id}) }],
    'audit-events' => [
        sub { $site->ask(olga => PATCH => $site->a, { name => "N$round" }) }],
    $me => [
        sub { logs_in(olga => $_) for -1 - $round, 10_000 + $round },
        sub { $dbh->do('delete from team.login where at = ?', undef,
                       $_[0]{at}) }],
    '/me/accounts' => [
        sub { elsewhere("new$round", 1) },
        sub { $dbh->do('delete from team.member where id = ?', undef,
                       $_[0]{member}{id})
              if $_[0]{account}{slug} =~ /^(?:in|new)/ }],
    '/me/invitations' => [
        sub { elsewhere("asks$round") },
        sub { $dbh->do("update team.invitation set status = 'withdrawn',
                               decided_at = now() where id = ?", undef,
                       $_[0]{id}) }],
);


sub path_of {
    my ($list, $slug) = @_;

    return $list =~ m{^/} ? $list : "/accounts/$slug/$list";
}


# What a row is known by.

sub known {
    my ($row) = @_;

    return $row->{id} // $row->{at} // $row->{account}{id};
}


# Lists that are read page by page while others come and go have had rows twice
# and not at all.

subtest 'pages while rows come and go' => sub {
    $site->back('acme', 'traveller', map { "page$_" } 1 .. 12);

    for my $n (1 .. 12) {
        $site->invite('olga', "inv$n", ['traveller']);
        $site->ask(olga => POST => $site->a($_->[0]), $_->[1])
            for ['/groups', { name => "Group $n" }], ['/invite-links', {}],
                ['/subaccounts', { name => "Sub $n" }];
        joins("asks$n", 'acme');
        logs_in(olga => $n);
        elsewhere("in$n", 1);
        elsewhere("out$n");
    }

    offers(12, 'acme');

    my %of_document = map { $_->{path} => 1 }
        grep { grep { ($_->{'$ref'} // '') =~ /Limit/ }
               @{ $_->{is}{parameters} || [] } }
        Team::OpenAPI->shared->operations;
    is(scalar(keys %of_document),
       scalar(keys %{ { map { s/\?.*//r => 1 } keys %lists } }),
       'those are all lists');

    for my $list (sort keys %lists) {
        my ($come, $go) = @{ $lists{$list} };
        my $path = path_of($list, 'acme');
        my $sep = $path =~ /\?/ ? '&' : '?';
        my %before = map { known($_) => 1 }
                     @{ $site->get('olga', "$path${sep}limit=200")
                        ->{items} };
        my (%seen, $cursor);
        my $pages = 0;

        cmp_ok(scalar keys %before, '>', 10, "$list: there are some");

        do {
            my $page = $site->get('olga', "$path${sep}limit=5"
                                  . ($cursor ? "&cursor=$cursor" : ''));

            $seen{ known($_) }++ for @{ $page->{items} };
            $cursor = $page->{next_cursor};
            $pages++;
            $round++;

            if ($cursor) {
                $come->();
                $go->($page->{items}[-1]) if $go;
            }

        } while ($cursor && $pages < 100);

        is(join(' ', grep { $seen{$_} > 1 } keys %seen), '',
           "$list: none twice");
        is(join(' ', grep { !$seen{$_} } keys %before), '',
           "$list: none missed, in $pages pages");
    }
};


# A cursor that says where to go on, and is believed: another account's rows.

subtest 'a cursor of another account or list' => sub {
    my %mine = map {
        $_ => $site->get('olga', path_of($_, 'acme')
                         . (/\?/ ? '&' : '?') . 'limit=1')->{next_cursor}
    } keys %lists;

    $site->back('other', 'traveller', 'zed', 'zoe');

    for my $from (sort keys %mine) {
        my @wrong;

        ok($mine{$from}, "a cursor of $from");

        for my $to (sort keys %mine) {
            my $sep = $to =~ /\?/ ? '&' : '?';
            my $ask = sub {
                my ($who, $slug) = @_;
                my $res = $site->ask($who, GET => path_of($to, $slug)
                                     . "${sep}cursor=$mine{$from}");
                return $res->status . ' ' . ($res->json->{type} // '-');
            };
            my $theirs = $ask->(bob => 'other');
            my $ours = $ask->(olga => 'acme');

            push @wrong, "$to of theirs: $theirs"
                if $theirs ne '400 /problems/bad-cursor';
            push @wrong, "$to of ours: $ours"
                if $ours ne ($from eq $to ? '200 -'
                                          : '400 /problems/bad-cursor');
        }

        is(join("\n", @wrong), '', "$from: good for nothing else");
    }
};


# Wildcards in a search have shown everybody, or cost minutes.

subtest 'wildcards are text' => sub {
    $site->back('acme', 'traveller', 'per', 'und');
    $site->ok(200, olga => PATCH => $site->m('per'), { name => '100%' },
              'one is called 100%');
    $site->ok(200, olga => PATCH => $site->m('und'), { name => 'a_b\\c' },
              'and one a_b\\c');

    my $find = sub {
        my ($q) = @_;
        return join ' ', sort map { $_->{name} } $site->directory(
            'olga', 'q=' . $q =~ s/(\W)/sprintf '%%%02X', ord $1/ger);
    };

    is($find->('%'), '100%', '%');
    is($find->('0%'), '100%', 'at an end');
    is($find->('_'), 'a_b\\c', '_');
    is($find->('a_b'), 'a_b\\c', 'in the middle');
    is($find->('\\'), 'a_b\\c', 'a backslash');
    is($find->('%%%%%%%%%%'), '', 'many');
    is($find->('.*'), '', 'nor is it a regular expression');
};


$site->done_ok;

done_testing;
