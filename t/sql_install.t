#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# sql/install.sql: once, again, by two at once, beside another database, by
# somebody who may not; and what comes out is what schema.expected.sql says.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX ();
use Team::Postgres;
use Test::More;

my $root = Team::Postgres::root();
my $install = "$root/sql/install.sql";
my $pg = Team::Postgres->new(bare => 1);

sub dump_of {
    my ($name) = @_;

    my $conninfo = $pg->conninfo(dbname => $name);
    my $text = `$root/tools/schema-dump '$conninfo'`;
    is $?, 0, "the schema of $name can be dumped";
    return $text;
}

$pg->install;
my $first = dump_of('team');
like $first, qr/CREATE FUNCTION team_api\.grant_get/, 'it holds functions';

# again, over people who are there

$pg->sample;
my $people = 'select count(*) from team.member';
my $rights = 'select md5(string_agg(t::text, null order by t::text))
                from team.preset_role_permission t';
my @before = map { $pg->psql($_) } $people, $rights;
my $changes = $pg->psql('select count(*) from team.change');
my $entry = "select search || name_key from team.directory
              where name like 'Zo%'";

# a directory as it was before names were kept in another form

$pg->psql("update team.identity set name = 'Zo\x{cb}' where subject = 'olga'");
my $kept = $pg->psql($entry);
$pg->psql("update team.directory
              set search = replace(search, U&'\\00EB', U&'\\00CB'),
                  name_key = replace(name_key, U&'\\00EB', U&'\\00CB')
            where name like 'Zo%'");
isnt $pg->psql($entry), $kept, 'the directory is that of an older one';

$pg->install(force => 1);
is $pg->psql($entry), $kept, 'it is made anew';
is dump_of('team'), $first, 'a second installation changes nothing';
is_deeply [map { $pg->psql($_) } $people, $rights], \@before, 'no data either';
is $pg->psql('select count(*) from team.change'), $changes,
   'and voids no cached grant';
is $pg->psql('select number, name from team.migration order by number'),
   "1|members\n2|management\n3|directory",
   'each migration is noted once';

# two deployers of one database and one of another, at once, from nothing

my $fresh = Team::Postgres->new(bare => 1);
$fresh->psql("create database $_", dbname => 'postgres') for qw(team other);

my @pids;
for my $name (qw(team team other)) {
    defined(my $pid = fork) or die "fork: $!";
    if ($pid == 0) {
        my ($status, undef, $err) = $fresh->try_psql(undef, file => $install,
                                                     dbname => $name);
        print STDERR "# $name: $err" if $err;
        POSIX::_exit($status ? 1 : 0);
    }
    push @pids, $pid;
}
my @failed = grep { waitpid($_, 0); $? != 0 } @pids;
is scalar @failed, 0, 'deployers at the same time all succeed';

$pg = $fresh;
is dump_of($_), $first, "$_ is complete" for qw(team other);
is $pg->psql('select count(*) from team.migration'), 3,
   'each migration ran once';

# half an installation is none

$pg->psql('create database broken', dbname => 'postgres');
$pg->psql('create schema team authorization team_owner;
           create table team.preset (x int)', dbname => 'broken');
my ($status, undef, $err) = $pg->try_psql(undef, file => $install,
                                          dbname => 'broken');
isnt $status, 0, 'a name that is taken ends it';
like $err, qr/relation "preset" already exists/, 'with the reason';
is $pg->psql("select count(*) from pg_class c
               where c.relnamespace = 'team'::regnamespace
                 and c.relkind = 'r'", dbname => 'broken'), 1,
   'nothing was left behind';

# in UTF-8: without a locale, a cluster's databases are in no encoding

$pg->psql("create database ascii encoding 'SQL_ASCII' template template0
             lc_collate 'C' lc_ctype 'C'"
          . ($pg->major >= 15 ? ' locale_provider libc' : ''),
          dbname => 'postgres');
($status, undef, $err) = $pg->try_psql(undef, file => $install,
                                       dbname => 'ascii');
isnt $status, 0, 'a database in no encoding is refused';
like $err, qr/ngx_team needs a database in UTF-8.*createdb -E UTF8/s,
     'with what to do';

# nobody but a superuser

$pg->psql('create role somebody login', dbname => 'postgres');
($status, undef, $err) = $pg->try_psql(undef, file => $install,
                                       user => 'somebody');
isnt $status, 0, 'an ordinary role can not install';
like $err, qr/42501/, 'for want of privileges';

SKIP: {
    skip 'schema.expected.sql is spelled by PostgreSQL 15', 1
        if Team::Postgres::major() != 15;

    open my $fh, '<', "$root/sql/schema.expected.sql" or die $!;
    local $/;
    my $expected = <$fh>;
    ok $first eq $expected,
       'schema.expected.sql is current (else: tools/schema-dump > it)'
        or diag diff_of($expected, $first);
}

done_testing;


sub diff_of {
    my ($expected, $got) = @_;

    require File::Temp;
    my ($a, $b) = map { File::Temp->new } 1, 2;
    print {$a} $expected;
    print {$b} $got;
    close $_ for $a, $b;
    return `diff -u $a $b`;
}
