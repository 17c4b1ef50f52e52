# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Bench::People;

# A database with many people, and a zone that knows them all.
#
# mint_many and this agree on who is who: person N of an issuer has the
# subject 00000000-0000-4000-8000-N (in hex) and is a member of the account
# org-(N / 1000).  One in twenty is an admin, one in five a viewer.

use strict;
use warnings;

use Carp qw(croak);
use Exporter 'import';
use JSON ();
use POSIX ();
use Team::HTTP;
use Team::Postgres;

our @EXPORT = qw(database status);

my $SIZE = 1000;        # people an account

my $permissions = join ', ', map { "'$_'" } qw(
    customers:read customers:write invoices:read invoices:send invoices:write
    members:invite members:read members:suspend projects:read projects:write
    reports:read roles:read);


# $people is {issuer => number}.  Their rows are written without triggers: they
# are there before any nginx is, which has nothing to forget.

sub database {
    my ($people) = @_;

    my $pg = Team::Postgres->new(conf => {
        shared_buffers => '256MB', max_wal_size => '4GB',
        wal_level => 'minimal', max_wal_senders => 0, autovacuum => 'off'
    });

    my ($most) = sort { $b <=> $a } values %$people;
    my $accounts = int(($most + $SIZE - 1) / $SIZE);

    $pg->psql(_accounts($accounts));

    # what does not depend on each other at the same time

    my $set = 0;
    my @jobs = map { _people($_, $people->{$_}, $set++) } sort keys %$people;
    my @pids = map { _psql($pg, "set session_replication_role = replica; $_") }
               @jobs;

    for my $pid (@pids) {
        waitpid $pid, 0;
        croak 'the people could not be written: ' . $pg->log if $? != 0;
    }

    $pg->psql('analyze');

    return $pg;
}


sub _psql {
    my ($pg, $sql) = @_;

    defined(my $pid = fork) or croak "fork: $!";

    if ($pid == 0) {
        open STDOUT, '>', '/dev/null';
        { no warnings 'exec';
          exec Team::Postgres::bindir() . '/psql', '-X', '-q', '-v',
               'ON_ERROR_STOP=1', '-d', $pg->conninfo, '-c', $sql; }
        POSIX::_exit(127);
    }

    return $pid;
}


sub _accounts {
    my ($accounts) = @_;

    return <<"SQL";
insert into team.permission (name, description)
select p, 'of the benchmark'
  from unnest(array[$permissions]) p
    on conflict do nothing;

insert into team.preset (name, title, owner_mode, owner_role, role_cardinality,
                         direct_permissions, self_change, suspend_enabled,
                         suspend_label, admin_may_remove_admin)
values ('bench', 'Benchmark', 'none', null, 'many', false, 'forbid', true,
        'Suspend', true);

insert into team.account (id, slug, name, preset, root_id, owner_mode,
                          role_cardinality, direct_permissions, self_change,
                          suspend_enabled, suspend_label,
                          admin_may_remove_admin)
select a.id, 'org-' || lpad(a.n::text, greatest(4, length(a.n::text)), '0'),
       'Organization ' || a.n, 'bench', a.id, 'none', 'many', false, 'forbid',
       true, 'Suspend', true
  from (select n, ('00000000-0000-4000-a000-' || lpad(to_hex(n), 12, '0'))::uuid
          from generate_series(0, $accounts - 1) n) a (n, id);

insert into team.role (id, account_id, key, name, rank)
select ('00000000-0000-4000-b' || r.n || '00-' || right(a.id::text, 12))::uuid,
       a.id, r.key, r.key, r.rank
  from team.account a
 cross join (values (0, 'admin', 800), (1, 'member', 500),
                    (2, 'viewer', 200)) r (n, key, rank)
 where a.preset = 'bench';

insert into team.role_permission (role_id, permission)
select r.id, p.name
  from team.role r
  join team.account a on a.id = r.account_id and a.preset = 'bench'
  join team.permission p on p.name = any (array[$permissions])
 where case r.key
         when 'admin' then true
         when 'member' then p.name !~ '^(members|roles):' or p.name ~ ':read'
         else p.name ~ ':read'
       end;
SQL
}


sub _people {
    my ($issuer, $count, $set) = @_;

    # ids that tell the set and the number, so that no join is needed

    my $id = sub {
        my ($kind) = @_;
        return "('00000000-0000-$kind-8${set}00-' "
               . "|| lpad(to_hex(n), 12, '0'))::uuid";
    };

    my $account = "('00000000-0000-4000-a000-' "
                  . "|| lpad(to_hex(n / $SIZE), 12, '0'))::uuid";

    return (<<"SQL", <<"SQL");
insert into team.identity (id, issuer, subject, email, email_verified, name)
select @{[ $id->(4001) ]}, '$issuer',
       '00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'),
       'person-' || n || '\@example.com', true, 'Person ' || n
  from generate_series(0, $count - 1) n;
SQL
insert into team.member (id, account_id, identity_id, status, joined_at)
select @{[ $id->(4002) ]}, $account, @{[ $id->(4001) ]}, 'active', now()
  from generate_series(0, $count - 1) n;

insert into team.member_role (member_id, role_id, account_id)
select @{[ $id->(4002) ]},
       ('00000000-0000-4000-b' || case when n % 20 = 0 then 0
                                       when n % 5 = 1 then 2
                                       else 1
                                  end
        || '00-' || lpad(to_hex(n / $SIZE), 12, '0'))::uuid,
       $account
  from generate_series(0, $count - 1) n;
SQL
}


# What team_status says.

sub status {
    my ($port) = @_;

    my $res = Team::HTTP->new(port => $port)->get('/status');

    die '/status answers ' . $res->status . "\n" unless $res->status == 200;

    return JSON::decode_json($res->body);
}


1;
