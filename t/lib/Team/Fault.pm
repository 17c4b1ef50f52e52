# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Team::Fault;

# What the fault tests share: a site whose zone, caches and database parameters
# are the test's to choose, and tokens for many people.
#
#     my ($pg, $nginx) = fault_site(database => 'connections=2',
#                                   cache => 'valid=1s stale=1s');
#     my $res = who($nginx, 'mia')->get('/app/');
#
# In the account "acme": olga owner, adam admin, mia and nina members, sid a
# suspended member; dora is nowhere.  /app/ asks for account:read, /managers/
# for members:suspend, / for nothing.  Tokens of "many" people are signed with
# a secret, by the issuer $MANY.
#
# Options: workers (2), zone (1m), database, cache, http, server, pg (options of
# Team::Postgres, or a Team::Postgres), conninfo (a hash), connections (of a
# worker: 4096), listen (more of the first port's), start (1).

use strict;
use warnings;

use Exporter 'import';
use JSON ();

use Team::HTTP;
use Team::Nginx;
use Team::Postgres;
use Team::Token;
use Team::Wait;

our @EXPORT = qw(fault_site people who many_token request status_of
                 error_lines quiet sessions sanitized bulk_members slow_down
                 $MANY);

our $MANY = 'https://many.example.com';


sub fault_site {
    my (%options) = @_;

    my $pg = $options{pg};

    if (!ref $pg || ref $pg eq 'HASH') {
        $pg = Team::Postgres->new(%{ $pg || {} });
        people($pg);
    }

    my $conninfo = $pg->conninfo(user => 'team_gateway',
                                 %{ $options{conninfo} || {} });
    my $zone = $options{zone} // '1m';
    my $database = $options{database} // 'connections=2';
    my $cache = $options{cache} // 'valid=60s stale=3s';
    my $http = $options{http} // '';
    my $server = $options{server} // '';
    my $connections = $options{connections} // 4096;
    my $listen = $options{listen} // '';

    my $nginx = Team::Nginx->new(
        workers => $options{workers} // 2,
        files => {
            'jwks.json' => JSON->new->encode(jwks('rsa')),
            'many.key' => key_private('hmac') . "\n",
            'html/index.html' => "the application\n",
        },
        config => <<"EOT");
%%LOAD_MODULE%%
%%GLOBALS%%
worker_rlimit_nofile  16384;
events {
    worker_connections  $connections;
}
http {
%%GLOBALS_HTTP%%
team_zone      team:$zone;
team_database  "$conninfo" $database;
team_cache     $cache;

team_issuer  $ISSUER {
    keys      %%TESTDIR%%/jwks.json;
    audience  $AUDIENCE;
}

team_issuer  $MANY {
    keys      %%TESTDIR%%/many.key;
    audience  $AUDIENCE;
}

$http

keepalive_requests  1000000;

server {
    listen  127.0.0.1:%%PORT_0%% backlog=4096 $listen;
    listen  127.0.0.1:%%PORT_1%% http2 backlog=4096;

    team_account  acme;

    add_header  X-Cache \$team_cache always;
    add_header  X-Worker \$pid always;

    location / {
        return  200 "open\\n";
    }
    location /app/ {
        team_permission  account:read;
        alias  %%TESTDIR%%/html/;
    }
    location /managers/ {
        team_permission  members:suspend;
        alias  %%TESTDIR%%/html/;
    }
    location /team/ {
        team_api;
    }
    location = /status {
        team_status;
    }

$server
}
}
EOT

    chmod 0600, $nginx->dir . '/many.key';
    $nginx->start if $options{start} // 1;

    return ($pg, $nginx);
}


sub people {
    my ($pg) = @_;

    my $dbh = $pg->dbh;
    my @people = ([olga => 'owner'], [adam => 'admin'], [mia => 'member'],
                  [nina => 'member'], [sid => 'member']);

    $dbh->do("select team.account_create('acme', 'Acme', 'business')");

    for my $person (@people) {
        my ($name, $role) = @$person;

        $dbh->do('select team.member_add(?, ?, ?, ?, ?, ?)', undef, 'acme',
                 $ISSUER, $name, "$name\@example.com", ucfirst $name, $role);
    }

    $dbh->do(<<'EOT', undef, $ISSUER);
update team.member m
   set status = 'suspended'
  from team.identity i
 where i.id = m.identity_id
   and i.issuer = ?
   and i.subject = 'sid'
EOT
    $dbh->disconnect;

    return;
}


# Members p1 to pN of $MANY, in one go; every tenth is suspended.

sub bulk_members {
    my ($pg, $n) = @_;

    my $dbh = $pg->dbh;

    $dbh->do(<<'EOT', undef, $MANY, $n);
select count(team.member_add('acme', ?, 'p' || i, 'p' || i || '@example.com',
                             'P ' || i, 'member'))
  from generate_series(1, ?) i
EOT
    $dbh->do(<<'EOT', undef, $MANY);
update team.member m
   set status = 'suspended'
  from team.identity i
 where i.id = m.identity_id
   and i.issuer = ?
   and i.subject like 'p%0'
EOT
    $dbh->disconnect;

    return;
}


# Every look-up takes so much more, so that there are always some under way.

sub slow_down {
    my ($pg, $seconds) = @_;

    $pg->psql(<<"EOT");
alter function team_api.grant_get(text, text, text) rename to grant_get_fast;
create function team_api.grant_get(p_issuer text, p_subject text,
  p_account text, out status text, out account_id text, out member_id text,
  out roles text, out permissions text)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as \$\$
begin
  perform pg_sleep($seconds);
  select g.* into status, account_id, member_id, roles, permissions
    from team_api.grant_get_fast(p_issuer, p_subject, p_account) g;
end \$\$;
grant execute on function team_api.grant_get(text, text, text)
  to team_gateway;
EOT
    return;
}


# A client with the token of somebody.

sub who {
    my ($nginx, $name, %options) = @_;

    return Team::HTTP->new(port => $nginx->port, %options, headers => [
        Authorization => 'Bearer ' . token(sub => $name)]);
}


# A token of $MANY, in some 20 us.

sub many_token {
    my ($subject) = @_;

    my $now = time;

    return raw_token('{"alg":"HS256","typ":"JWT"}',
        qq({"iss":"$MANY","sub":"$subject","aud":"$AUDIENCE","exp":)
        . ($now + 7200) . qq(,"iat":$now}), { key => 'hmac' });
}


# The bytes of a request with a token.

sub request {
    my ($uri, $token, %options) = @_;

    return "GET $uri HTTP/1.1\r\nHost: localhost\r\n"
           . ($token ? "Authorization: Bearer $token\r\n" : '')
           . ($options{close} ? "Connection: close\r\n" : '') . "\r\n";
}


sub status_of {
    my ($nginx) = @_;

    return Team::HTTP->new(port => $nginx->port)->get('/status')->json;
}


# The lines at error level or above about us, from offset $at of the log on,
# and the most that any second has of them.

sub error_lines {
    my ($nginx, $at) = @_;

    my (@lines, %second);

    for my $line (split /\n/, $nginx->error_log($at)) {
        $line =~ /^(\S+ \S+) \[(?:error|crit|alert|emerg)\]/ or next;
        push @lines, $line;
        $second{$1}++;
    }

    my ($most) = sort { $b <=> $a } values %second, 0;

    return ($most, @lines);
}


# Our sessions in the database; of the pools only with $where.

sub sessions {
    my ($pg, $where) = @_;

    my @pids = $pg->backends("usename = 'team_gateway' and ("
                             . ($where // 'true') . ')');

    return scalar @pids;
}


# No query is under way or waits, here and in the database, and nginx counts as
# many connections as the database (which has the keeper's in addition).

sub quiet {
    my ($nginx, $pg, $seconds) = @_;

    return wait_until(sub {
        my $status = status_of($nginx);

        return $status->{connections_busy} == 0
               && $status->{queries_waiting} == 0
               && sessions($pg, "state <> 'idle'") == 0
               && sessions($pg) == $status->{connections_open} + 1;
    }, $seconds // 10);
}


# True with an nginx that was built with sanitizers: slower, and what it frees
# is kept for a while.

sub sanitized {
    my $binary = Team::Nginx->binary;
    my $text = `$binary -V 2>&1`;

    return $text =~ /fsanitize/ || ($ENV{LD_PRELOAD} // '') =~ /san/;
}


1;
