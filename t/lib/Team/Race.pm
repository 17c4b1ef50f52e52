# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Team::Race;

# Requests at once, of which some must lose.
#
#     my $race = Team::Race->new($site);
#     $race->pairs('accept against withdraw', qr/^201 \| 409|^410 .* \| 204/,
#                  sub { [$who => POST => $path, $body], [...] },
#                  sub { 'what is wrong now' or '' });
#
# Each request of a round goes out on a connection of its own before any answer
# is read; nginx has database connections for them, so they meet in the
# database.  TEAM_PAIRS: how many rounds (100).  Option: roles, of those who are
# invited, as JSON.

use strict;
use warnings;

use Test::More ();

use Team::HTTP;
use Team::Preset;
use Team::Token;


sub new {
    my ($class, $site, %options) = @_;

    return bless { site => $site, lines => [], tokens => {},
                   rounds => $ENV{TEAM_PAIRS} // 100, %options }, $class;
}


sub rounds { return $_[0]{rounds} }


# A person's token; an address that it says in place of their own.  Of
# newcomers, whose names have digits, there are many.

sub token_of {
    my ($self, $who, $email) = @_;

    return $self->{tokens}{$who} //= $who =~ /\d/ ? quick_token($who, $email)
                                                  : token(sub => $who);
}


# The words of the answers to [who, method, path, body, header => value, ...].
# Which one is sent first takes turns.

sub at_once {
    my ($self, $round, @requests) = @_;

    my $lines = $self->{lines};
    my @order = 0 .. $#requests;
    my @bytes;

    @order = reverse @order if $round % 2;

    for my $i (0 .. $#requests) {
        my ($who, $method, $path, $body, @headers) = @{ $requests[$i] };

        $lines->[$i] //= Team::HTTP->new(port => $self->{site}->nginx->port);
        $lines->[$i]->renew;
        $lines->[$i]->connect;
        $bytes[$i] = $lines->[$i]->format(
            $method, "/team/v1$path", [
                'If-Match' => '*', @headers,
                Authorization => 'Bearer ' . $self->token_of($who)], $body);
    }

    $lines->[$_]->send($bytes[$_]) for @order;

    return map { _word($lines->[$_]->read_response // die 'no answer') }
           0 .. $#requests;
}


# Of an answer: its status, and its problem's code.

sub _word {
    my ($res) = @_;

    my ($code) = $res->body =~ m{"type":"/problems/([^"]+)"};

    return $res->status . (defined $code ? " $code" : '');
}


# One kind of pair, so many times, as one test: each pair of answers is allowed,
# and nothing is wrong after it.  Returns how often there was which pair.

sub pairs {
    my ($self, $name, $allowed, $make, $check) = @_;

    my (%seen, @wrong);

    for my $round (1 .. $self->{rounds}) {
        my $pair = join ' | ', $self->at_once($round, $make->($round));
        my $wrong = $check->($round);

        $seen{$pair}++;
        push @wrong, "$pair: not allowed" unless $pair =~ $allowed;
        push @wrong, "$pair: $wrong" if length $wrong;
    }

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    $self->none_wrong($name, @wrong);
    Test::More::note(join ', ', map { "$seen{$_} x $_" } sort keys %seen);

    return \%seen;
}


sub none_wrong {
    my ($self, $name, @wrong) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return Test::More::is(scalar @wrong, 0, $name)
        || Test::More::diag(join "\n", grep { defined } @wrong[0 .. 5]);
}


# Invitations, made beforehand beside the hourly quota: what the names of their
# people begin with, and [id, token] by round.  NAME-N is the one of round N.

sub invitations {
    my ($self, $slug, $by, $n, $name) = @_;

    my $dbh = $self->{site}->dbh;

    $name //= 'i' . ++$self->{series};

    my $to = $n // $self->rounds;
    my @made;

    for (my $from = 1; $from <= $to; $from += 100) {
        $dbh->begin_work;
        $dbh->do('delete from team.quota_use');
        push @made, @{ $dbh->selectall_arrayref(<<'EOT', undef,
with made as materialized (
  select n.n,
         (team_api.invitation_post(
            'https://id.example.com', p.who, p.who || '@example.com', true,
            p.who, p.slug, p.name || '-' || n.n || '@example.com', 'Invited',
            p.roles, null, null, null, null)).body as body
    from (select ?::text as slug, ?::text as who, ?::text as name,
                 ?::jsonb as roles) p,
         generate_series(?::integer, ?::integer) n (n)
)
select m.body::jsonb ->> 'id',
       team.invitation_token_issue((m.body::jsonb ->> 'id')::uuid)
  from made m
 order by m.n
EOT
            $slug, $by, $name, $self->{roles} // '["traveller"]', $from,
            $from + 99 < $to ? $from + 99 : $to) };
        $dbh->commit;
    }

    return ($name, @made);
}


# A request, of an invitation as invitations() has it.

sub accepts {
    my ($who, $made) = @_;

    return [$who, POST => '/invitations/accept', { token => $made->[1] }];
}


# What must be so after all races: no deadlock, no fault of ours.

sub done_ok {
    my ($self) = @_;

    my $site = $self->{site};

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    Test::More::unlike($site->pg->log, qr/deadlock|FATAL|PANIC|XX000/,
                       'no deadlock');
    Test::More::unlike($site->nginx->error_log, qr/\[error\]/, 'no error');

    return $site->done_ok;
}


1;
