# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Bench::Members;

# A PostgreSQL with the accounts of bench/members.sql.
#
#     my $pg = database(cache => $dir, members => 1000000);
#     member_id('large', 7);
#
# To load a million members takes a minute and a half, so the loaded cluster is
# kept in the cache and copied, as long as sql/ and members.sql are the same.

use strict;
use warnings;

use Bench::Options;
use Bench::Process;
use Carp qw(croak);
use Cwd qw(abs_path);
use Digest::SHA;
use Exporter 'import';
use File::Basename qw(dirname);
use File::Find ();
use File::Path qw(make_path remove_tree);
use POSIX ();
use Team::Postgres;

our @EXPORT = qw(database member_id member_sql server_time %ACCOUNT);

# What members.sql makes: its number in ids.

our %ACCOUNT = (small => 1, large => 2, busy => 3);

my $top = abs_path(dirname(__FILE__) . '/../../..');

# Beside what the tests' clusters have.  Sessions are as sql/roles.sql says.

my %conf = (
    shared_buffers => '3GB', wal_level => 'minimal', max_wal_senders => 0,
    max_wal_size => '8GB', checkpoint_timeout => '1h', autovacuum => 'off',
);

# Two hundred invitations an hour are soon used up.  They are still counted.
#
# Then accounts to spread invitations over, and some of what the calls write:
# what the planner knows of these tables is not to be that they are empty.

my $more = <<'SQL';
create or replace function team.quota_limit(p_kind text)
returns integer
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return 2000000000;
end
$$;

select team.account_create('many-' || n, 'Many Tours ' || n, 'travel'),
       team.member_add('many-' || n, 'https://id.example.com', 'busy-0',
                       'busy-0@example.com', 'Busy', 'owner')
  from generate_series(0, 63) n;

do $$
declare
  v_i  integer;
begin
  for v_i in 1 .. 2000 loop
    perform team_api.invitation_post(
      'https://id.example.com', 'busy-0', 'busy-0@example.com', true, 'Busy',
      'busy', 'before-' || v_i || '@example.org', 'New Person',
      '["traveller"]', null, null, null, null);
    commit;
  end loop;

  for v_i in 1 .. 999 loop
    perform team_api.member_roles_put(
      'https://id.example.com', 'busy-0', 'busy-0@example.com', true, 'Busy',
      'busy', '01900000-0000-7000-8003-' || lpad(to_hex(v_i), 12, '0'),
      '["approver"]', '*');
    commit;
  end loop;
end
$$;

vacuum analyze;
SQL


# Else a large account's first readers would pay for reading it in; and each new
# session for mapping each page of it that it meets, which one of a pool has
# long behind it.

my $warm = <<'SQL';
create extension pg_prewarm;
create extension pageinspect;

create function public.bench_touch()
returns bigint
language sql
security definer
set search_path = pg_catalog, public
as $$
  select sum(length(get_raw_page(c.oid::regclass::text, n::integer)))
    from pg_class t
    join pg_class c
      on c.oid = t.oid
      or c.oid in (select i.indexrelid from pg_index i where i.indrelid = t.oid)
   cross join lateral generate_series(
           0, pg_relation_size(c.oid) / current_setting('block_size')::integer
              - 1) n
   where t.oid in ('team.identity'::regclass, 'team.member'::regclass,
                   'team.member_role'::regclass)
$$;

select pg_prewarm(c.oid)
  from pg_class c
 where c.relnamespace = 'team'::regnamespace
   and c.relkind in ('r', 'i')
SQL


sub database {
    my (%o) = @_;

    my $cluster = _cluster("$o{cache}/postgres", $o{members});
    my $pg = Team::Postgres->new(bare => 1, start => 0, conf => \%conf,
                                 durable => $o{durable});
    my $settings = $pg->data . '/postgresql.auto.conf';
    my $kept = $pg->dir . '/conf';

    rename $settings, $kept or croak "$settings: $!";
    remove_tree($pg->data);
    _run('cp', '-a', '--reflink=auto', $cluster, $pg->data);
    rename $kept, $settings or croak "$settings: $!";

    $pg->start->psql($warm);

    return $pg;
}


sub member_id {
    my ($account, $n) = @_;

    return sprintf '01900000-0000-7000-800%d-%012x', $ACCOUNT{$account}, $n;
}


# The same, of the number that an expression of SQL gives.

sub member_sql {
    my ($account, $sql) = @_;

    return "'01900000-0000-7000-800$ACCOUNT{$account}-' "
           . "|| lpad(to_hex($sql), 12, '0')";
}


# us of CPU that the server has used, all of its processes together, ended ones
# included (to 10,000 us).

sub server_time {
    my ($pg) = @_;

    my $sum = 0;

    $sum += Bench::Process::run_time($_)
        for $pg->pid, Bench::Process::children_of($pg->pid);

    open my $fh, '<', '/proc/' . $pg->pid . '/stat' or croak "stat: $!";
    my @field = split ' ', (<$fh> =~ /.*\) (.*)/s)[0];

    return $sum / 1000
           + ($field[13] + $field[14]) * 1e6
             / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}


sub _cluster {
    my ($cache, $members) = @_;

    my $path = "$cache/$members-" . substr _digest(), 0, 16;

    return $path if -d $path;

    say_step("PostgreSQL with $members members");
    make_path($cache);
    remove_tree(grep { $_ ne $path } glob "$cache/$members-*");

    my $pg = Team::Postgres->new(conf => \%conf);
    my ($status, undef, $err) = $pg->try_psql(undef,
        file => "$top/bench/members.sql", set => { members => $members });

    croak "bench/members.sql: $err" if $status != 0;

    $pg->psql($more);

    # without the files of its log that it would keep for later
    $pg->psql("alter system set max_wal_size = '32MB'");
    $pg->psql('select pg_reload_conf()');
    $pg->psql('checkpoint') for 1 .. 2;
    $pg->stop;
    unlink $pg->data . '/postmaster.opts';
    remove_tree("$path.new");
    _run('cp', '-a', $pg->data, "$path.new");
    rename "$path.new", $path or croak "$path: $!";
    $pg->destroy;

    return $path;
}


sub _digest {
    my @files = ("$top/bench/members.sql", "$top/t/lib/Team/Postgres.pm");

    File::Find::find({ no_chdir => 1, wanted => sub {
        push @files, $_ if -f && /\.sql\z/;
    } }, "$top/sql");

    my $sha = Digest::SHA->new(256);

    $sha->add($more, Team::Postgres::bindir(), $>);
    $sha->addfile($_) for sort @files;

    return $sha->hexdigest;
}


sub _run {
    my (@command) = @_;

    system(@command) == 0 or croak "failed: @command";

    return;
}


1;
