# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Bench::Calls;

# What is measured: each call as a statement for pgbench and as requests of HTTP
# for the others, with the same values, drawn in the same way.
#
# A call: name, script (for a run of pgbench), requests (for a run over HTTP:
# bytes, one each), counted (they have @COUNT@ in them), n (what pgbench draws
# where it is tried), try (takes the answer to the first request: status, body,
# ETag, Location; '' or what is wrong), written (SQL: how many rows there are of
# those that the calls write), reset (SQL before each run), sides (if not all).
#
# A run has a name of its own, and so have the addresses that it invites.

use strict;
use warnings;

use Bench::Members;
use Bench::Pgbench;
use Bench::Statement;
use Exporter 'import';
use JSON ();
use Team::HTTP;
use Team::Token;

our @EXPORT = qw(calls call_list call_grant deep_cursor);

my $MANY = 64;          # accounts, of the same owner
my $WRITERS = 8;        # clients of pgbench
my $EACH = 124;         # members, whose roles each of them changes

my $json = JSON->new->canonical;
my %token;


# The first parameters: who asks.

sub actor {
    my ($account) = @_;

    return ($ISSUER, "$account-0", "$account-0\@example.com", 'true',
            ucfirst $account);
}


# The bytes of a request of an owner.

sub request {
    my ($who, $method, $path, $body, @headers) = @_;

    my ($issuer, $subject, $email, undef, $name) = actor($who);

    $token{$who} //= token(iss => $issuer, sub => $subject, name => $name,
                           email => $email, exp => time + 86400);

    return Team::HTTP->new(port => 1)->format(
        $method, "/team/v1/accounts/$path",
        [Host => 'bench.example', Authorization => "Bearer $token{$who}",
         @headers], $body);
}


sub calls {
    my $large = call_list('list_large', 'large');

    # the others' is in Bench::Growth
    $large->{sides} = [qw(ngx better_auth)];

    my $many = _invite('invite_many', $MANY);

    $many->{sides} = [qw(pgbench ngx)];

    return (call_list('list', 'small'), $large, _member(),
            _invite('invite', 0), $many, _role());
}


# Parameters of directory_list as in a query: q, sort, cursor...  items: how
# many members an answer must have.

sub call_list {
    my ($name, $account, %query) = @_;

    my $items = delete $query{items} // 50;
    my @values = (actor($account), $account,
                  @query{qw(q kind status role group sort limit cursor
                            format)});
    my $args = join '&', map { "$_=" . $query{$_} =~ s/\@/%40/r }
                         sort keys %query;

    return {
        name => $name,
        script => sub {
            return pgbench_script(statement('directory_list'), \@values);
        },
        requests => sub {
            return request($account => GET => "$account/directory"
                           . (length $args ? "?$args" : ''));
        },
        try => sub {
            my ($status, $text) = @_;

            return _try(200, $status, $text, sub {
                $items == grep { $_->{kind} eq 'member' } @{ $_[0]{items} } });
        }
    };
}


# What the gate asks, of so many of the account's members from the first one on.
# The session maps the tables first, see Bench::Members.

sub call_grant {
    my ($name, $account, $first, $count) = @_;

    my @values = ($ISSUER, ["'$account-' || :n"], $account);
    my $last = $first + $count - 1;

    return {
        name => $name,
        script => sub {
            my $s = pgbench_script(statement('grant_get'), \@values,
                                  '\if :warm = 0', '\set warm 1',
                                  'select public.bench_touch();', '\endif',
                                  "\\set n random($first, $last)");

            $s->{define}{warm} = 0;
            return $s;
        },
        try => sub {
            my ($status, $id, $member, $roles) = @_;

            return $status eq 'active' && $roles eq 'owner' ? '' : $status;
        }
    };
}


# The cursor after so many rows of a list, by asking for page after page.

sub deep_cursor {
    my ($pg, $account, $rows) = @_;

    my $dbh = $pg->dbh(user => 'team_gateway');
    my $page = $dbh->prepare(statement('directory_list')
                             =~ s/^select .*? from/select cursor from/r);
    my $cursor;

    for (1 .. $rows / 200) {
        $page->execute(actor($account), $account, (undef) x 6, 200, $cursor,
                       undef);
        ($cursor) = $page->fetchrow_array;
    }

    $page->finish;
    $dbh->disconnect;

    return $cursor;
}


# Any of a thousand.

sub _member {
    my @values = (actor('small'), 'small',
                  [member_sql('small', ':n::integer')]);

    # in an order that looks like drawn, the same each time
    my @requests = map {
        my $id = member_id(small => $_ * 377 % 1000);
        request(small => GET => "small/members/$id")
    } 0 .. 999;

    return {
        name => 'member',
        script => sub {
            return pgbench_script(statement('member_get'), \@values,
                                  '\set n random(0, 999)');
        },
        requests => sub { return @requests },
        try => sub {
            my ($status, $text, $etag) = @_;

            return _try(200, $status, $text, sub {
                $etag && $_[0]{id} eq member_id(small => 0) });
        }
    };
}


# Into one account, or into so many in turn.

sub _invite {
    my ($name, $many) = @_;

    my $account = $many ? ["'many-' || :n % $many"] : 'busy';
    my @accounts = $many ? map { "many-$_" } 0 .. $many - 1 : 'busy';

    return {
        name => $name, counted => 1,
        script => sub {
            my ($run) = @_;

            my @values = (actor('busy'), $account,
                          ["'$run-' || :n || '\@example.org'"], 'New Person',
                          '["traveller"]', undef, undef, undef, undef);

            my $s = pgbench_script(statement('invitation_post'), \@values,
                '\set i :i + 1', '\set n :client_id * 1000000 + :i');

            $s->{define}{i} = 0;
            return $s;
        },
        requests => sub {
            my ($run) = @_;

            my %body = (email => "$run-" . '@COUNT@' . '@example.org',
                        name => 'New Person', roles => ['traveller']);

            return map { request(busy => POST => "$_/invitations", \%body) }
                       @accounts;
        },
        try => sub {
            my ($status, $text, undef, $location) = @_;

            return _try(201, $status, $text, sub {
                $location && $_[0]{status} eq 'pending' });
        },
        written => sub {
            my ($run) = @_;

            return "select count(*) from team.invitation i "
                   . "where i.email like '$run-%'";
        }
    };
}


# From traveller to approver and back.  A change that changed nothing would
# leave no row in the audit log.

sub _role {
    my @roles = map { "[\"$_\"]" } qw(approver traveller);
    my @values = (actor('busy'), 'busy', [member_sql('busy', ':n::integer')],
                  undef, '*');

    my @requests = map {
        my $roles = { roles => $json->decode($_) };

        map { request(busy => PUT => 'busy/members/' . member_id(busy => $_)
                      . '/roles', $roles, 'If-Match' => '*') }
            1 .. $WRITERS * $EACH;
    } @roles;

    return {
        name => 'role', n => 1,
        script => sub {
            my $s = pgbench_script(statement('member_roles_put'), \@values,
                "\\set n 1 + :client_id * $EACH + :i % $EACH",
                "\\set there (:i / $EACH + 1) % 2", '\set i :i + 1',
                '\if :there', { 8 => $roles[0] }, '\else', { 8 => $roles[1] },
                '\endif');

            $s->{define}{i} = 0;
            return $s;
        },
        requests => sub { return @requests },
        try => sub {
            my ($status, $text, $etag) = @_;

            return _try(200, $status, $text, sub {
                $etag && $_[0]{roles}[0]{key} eq 'approver'
                && $_[0]{id} eq member_id(busy => 1) });
        },
        reset => <<'SQL',
delete from team.member_role mr
 using team.account a, team.role r
 where a.slug = 'busy'
   and mr.account_id = a.id
   and r.id = mr.role_id
   and r.key not in ('traveller', 'owner');

insert into team.member_role (member_id, role_id, account_id)
select m.id, r.id, r.account_id
  from team.account a
  join team.role r on r.account_id = a.id and r.key = 'traveller'
  join team.member m on m.account_id = a.id
 where a.slug = 'busy'
   and not exists (select
                     from team.member_role mr
                    where mr.member_id = m.id)
SQL
        written => sub {
            return <<'SQL';
select count(*)
  from team.audit_event e
  join team.account a on a.id = e.account_id
 where a.slug = 'busy'
   and e.action = 'member.roles'
SQL
        }
    };
}


sub _try {
    my ($wanted, $status, $text, $is) = @_;

    return "$status instead of $wanted: $text" unless $status == $wanted;
    return $is->($json->decode($text)) ? '' : "not what was asked for: $text";
}


1;
