# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Team::Site;

# A whole site for a test: PostgreSQL with two accounts, nginx with the API at
# /team/, the status pages, and a location /app/ that asks for account:read.
#
#     my $site = Team::Site->new;
#     my $res = $site->as('olga')->get('/team/v1/me');
#     $site->member('mia')      her id in the account "acme"
#     $site->done_ok;
#
# In "acme" (preset business): olga owner, adam admin, fred finance, mia and
# nina members.  In "other": bob owner, zoe member.  dora is nowhere.
#
# Options: workers (1), level (of error_log: info), http, server (more text for
# either), database (more parameters of team_database), pg (options of
# Team::Postgres), files (as Team::Nginx takes them), contract (1: answers are
# held against the document).

use strict;
use warnings;

use Team::HTTP;
use Team::Nginx;
use Team::OpenAPI;
use Team::Postgres;
use Team::Token;
use Team::Wait;

my %people = (
    acme  => [[olga => 'owner'], [adam => 'admin'], [fred => 'finance'],
              [mia => 'member'], [nina => 'member']],
    other => [[bob => 'owner'], [zoe => 'member']],
);


sub new {
    my ($class, %options) = @_;

    my $self = bless { members => {},
                       contract => $options{contract} // 1 }, $class;

    $self->{pg} = Team::Postgres->new(%{ $options{pg} || {} });
    $self->_people;

    my $database = $self->{pg}->conninfo(user => 'team_gateway');
    my $more = $options{database} // 'connections=2';
    my $http = $options{http} // '';
    my $server = $options{server} // '';

    $self->{nginx} = Team::Nginx->new(
        workers => $options{workers} // 1,
        level => $options{level} // 'info',
        files => { 'jwks.json' => JSON->new->encode(jwks('rsa', 'ec256')),
                   %{ $options{files} // {} } },
        http => <<"EOT");
team_zone      team:1m;
team_database  "$database" $more;
team_cache     valid=60s stale=3s;

team_issuer  $ISSUER {
    keys      %%TESTDIR%%/jwks.json;
    audience  $AUDIENCE;
}

$http

server {
    listen  127.0.0.1:%%PORT_0%%;
    listen  127.0.0.1:%%PORT_1%% http2;

    team_token  bearer cookie=session;

    location / {
        return  200 "open\\n";
    }
    location /app/ {
        team_account     acme;
        team_permission  account:read;

        add_header  X-Cache \$team_cache always;
        add_header  X-Reason \$team_reason always;
        alias  %%TESTDIR%%/html/;
    }
    location /team/ {
        team_api;
    }
    location = /status {
        team_status;
    }
    location = /metrics {
        team_status  prometheus;
    }

$server
}
EOT

    $self->{nginx}->write_file('html/index.html', "the application\n");
    $self->{nginx}->start;

    # its keeper's first read forgets what was cached before it

    wait_until(sub { $self->leased }) or die 'no lease';

    return $self;
}


sub pg    { return $_[0]{pg} }
sub nginx { return $_[0]{nginx} }


# Whether changes reach nginx.

sub leased {
    my ($self) = @_;

    return Team::HTTP->new(port => $self->{nginx}->port)->get('/status')
                                                        ->json->{leased};
}


sub _people {
    my ($self) = @_;

    my $dbh = $self->dbh;

    for my $account (sort keys %people) {
        ($self->{accounts}{$account}) = $dbh->selectrow_array(
            'select team.account_create(?, ?, ?)', undef,
            $account, ucfirst $account, 'business');

        for my $person (@{ $people{$account} }) {
            my ($name, $role) = @$person;

            ($self->{members}{$name}) = $dbh->selectrow_array(
                'select team.member_add(?, ?, ?, ?, ?, ?)', undef, $account,
                $ISSUER, $name, "$name\@example.com", ucfirst $name, $role);
        }
    }

    return;
}


# Ids.

sub member  { return $_[0]{members}{$_[1]} // die "no member $_[1]" }
sub account { return $_[0]{accounts}{$_[1]} // die "no account $_[1]" }


# The path of a member of acme, below the mount point.

sub path {
    my ($self, $name, $rest) = @_;

    return '/team/v1/accounts/acme/members/' . $self->member($name)
           . ($rest // '');
}


# A client with a person's token; more => headers.

sub as {
    my ($self, $name, @headers) = @_;

    return $self->anybody(Authorization => 'Bearer ' . token(sub => $name),
                          @headers);
}


# Every answer of the API is held against docs/openapi.yaml.

sub anybody {
    my ($self, @headers) = @_;

    my $api = $self->{contract} ? Team::OpenAPI->shared : undef;

    return Team::HTTP->new(
        port => $self->{nginx}->port, headers => [@headers],
        observe => $api && sub { $api->observe(@_) });
}


# All that a write would leave, as text: what a refused one must not change.

sub state {
    my ($self) = @_;

    my $rows = $self->dbh->selectall_arrayref(<<'EOT');
select m.id::text, m.status, array_to_string(array(
         select r.key
           from team.member_role mr
           join team.role r on r.id = mr.role_id
          where mr.member_id = m.id
          order by 1), ',')
  from team.member m
union all
select 'changes', max(id)::text, ''
  from team.change
 order by 1
EOT

    return join "\n", map { join ' ', map { $_ // '' } @$_ } @$rows;
}


# One session that is kept; it ends before PostgreSQL does.

sub dbh {
    my ($self) = @_;

    return $self->{dbh} //= $self->{pg}->dbh;
}


sub done_ok {
    my ($self) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return $self->{nginx}->done_ok;
}


1;
