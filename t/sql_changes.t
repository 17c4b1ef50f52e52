#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# team_api.changes_since and changes_prune between sessions: what a node that
# polls or listens is told, and when.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Team::Postgres;
use Test::More;

eval { require DBD::Pg; 1 } or plan skip_all => 'DBD::Pg is not installed';

my $pg = Team::Postgres->new;
$pg->sample;

my $reader = $pg->dbh(user => 'team_gateway');
my $hand = $pg->dbh;
my $other = $pg->dbh;

# one poll: what came, and the snapshot for the next

my $snapshot;

sub told {
    my ($since) = @_;

    $since = $snapshot unless @_;
    my $rows = $reader->selectall_arrayref(
        'select * from team_api.changes_since(?)', undef, $since);

    my $first = shift @$rows;
    die 'the first row has no snapshot' unless defined $first->[0];
    die 'the first row says more' if grep { defined } @$first[1 .. 3];
    die 'another row has a snapshot' if grep { defined $_->[0] } @$rows;
    $snapshot = $first->[0];

    return join ',', sort map {
        defined $_->[2] ? $_->[2]
                        : defined $_->[3] ? "account $_->[3]" : 'everything'
    } @$rows;
}

sub set_status {
    my ($dbh, $subject, $status) = @_;

    return $dbh->do('update team.member set status = ?
                      where identity_id = (select id from team.identity
                                            where subject = ?)', undef,
                    $status, $subject);
}

is told(undef), '', 'the first poll tells nothing';
is told(), '', 'nor does one without changes';

set_status($hand, 'acme-admin', 'suspended');
is told(), 'acme-admin', 'a change by hand is told';
is told(), '', 'once';

my $acme = $hand->selectrow_array("select id from team.account
                                    where slug = 'acme'");
$hand->do("delete from team.role_permission
            where permission = 'apis:manage'");
is told(), "account $acme", 'a change of roles names the account';

# a transaction that began before what was read, and commits after it

$hand->begin_work;
set_status($hand, 'acme-admin', 'active');
set_status($other, 'acme-finance', 'suspended');
is told(), 'acme-finance', 'what is committed is told';
is told(), '', 'what is under way is not, yet';
set_status($other, 'acme-member', 'suspended');
is told(), 'acme-member', 'later ones pass it';
$hand->commit;
is told(), 'acme-admin', 'the late one is told when it commits';
is told(), '', 'and nothing twice';

$hand->begin_work;
set_status($hand, 'acme-admin', 'suspended');
$hand->rollback;
is told(), '', 'what is rolled back never was';

# the same inside a savepoint

$hand->begin_work;
$hand->do('savepoint s');
set_status($hand, 'acme-admin', 'suspended');
set_status($other, 'acme-member', 'active');
is told(), 'acme-member', 'one commits in between';
$hand->do('release savepoint s');
$hand->commit;
is told(), 'acme-admin', 'the change of a savepoint is its transaction\'s';

# woken

$reader->do('listen team_change');
$hand->begin_work;
set_status($hand, 'acme-admin', 'active');
set_status($hand, 'acme-member', 'suspended');
is_deeply $reader->pg_notifies, undef, 'no wake-up before the commit';
$hand->commit;
my @wakes;
my $end = time + 10;
while (!@wakes && time < $end) {
    while (my $notify = $reader->pg_notifies) {
        push @wakes, $notify;
    }
    select undef, undef, undef, 0.01 unless @wakes;
}
is scalar @wakes, 1, 'one wake-up for a transaction';
is $wakes[0][0], 'team_change', 'on the channel';
is $wakes[0][2], '', 'without a word: whoever listens learns nothing by it';
is told(), 'acme-admin,acme-member', 'the reading says it';

# bad and strange snapshots

for my $bad ('x', '1:2', '5:1:', '') {
    eval { told($bad) };
    is $reader->state, 'TM400', "snapshot \"$bad\" is refused";
    like $@, qr/bad-snapshot/, 'by its name';
}
is told('900000000:900000000:'), 'everything',
   'a snapshot of the future: everything';
is told(), '', 'and one of ours again: nothing';

# a dump from elsewhere brings transaction ids that are ours tomorrow

$hand->do("insert into team.change (xid, issuer, subject)
           values ('800000000', 'i', 'from the future')");
$hand->do("update team.change_floor set xid = '800000000'");
is told(), '', 'ids from the future say nothing';
$hand->do("delete from team.change where xid = '800000000'");
$hand->do("update team.change_floor set xid = '0'");

# pruning

$hand->do("update team.change set at = at - interval '16 minutes'");
set_status($hand, 'acme-admin', 'suspended');
my $before_prune = $snapshot;
is told($before_prune) =~ /acme-admin/, 1, 'there is something to tell';
my $old = '3:3:';

$other->begin_work;
set_status($other, 'acme-finance', 'active');
my ($rows) = $hand->selectrow_array('select count(*) from team.change
    where at < statement_timestamp() - interval \'15 minutes\'');
cmp_ok $rows, '>', 0, 'rows are old enough';
my ($pruned) = $reader->selectrow_array('select team_api.changes_prune()');
is $pruned, $rows, 'they are pruned';
is $reader->selectrow_array('select team_api.changes_prune()'), 0, 'once';
is $hand->selectrow_array('select count(*) from team.change'), 1,
   'newer ones stay';
is told($old), 'everything', 'who has missed some of them is told everything';
told(undef);
is told(), '', 'who has not is not';
$other->commit;
is told(), 'acme-finance', 'a transaction under way then is told after it';

# two at once: the second has nothing to do, and doesn't wait

$hand->do("update team.change set at = at - interval '16 minutes'");
$hand->begin_work;
cmp_ok $hand->selectrow_array('select team_api.changes_prune()'), '>', 0,
   'one prunes';
is $reader->selectrow_array('select team_api.changes_prune()'), 0,
   'another meanwhile does not';
$hand->commit;

# an old transaction holds pruning back, so that no floor passes a snapshot

$other->begin_work;
$other->selectrow_array('select pg_current_xact_id()');
set_status($hand, 'acme-admin', 'active');
$hand->do("update team.change set at = at - interval '16 minutes'");
is $reader->selectrow_array('select team_api.changes_prune()'), 0,
   'nothing newer than a running transaction is pruned';
is told(), 'acme-admin', 'so its reader is told what it is about';
is told(), '', 'and not everything, poll after poll';
$other->commit;

# the poll must be cheap when nothing happens: by the index, whatever it holds

$hand->do("insert into team.change (issuer, subject)
           select 'i', 's' || g from generate_series(1, 20000) g");
$hand->do('analyze team.change');
told(undef);
my $plan = join "\n", map { $_->[0] } @{ $hand->selectall_arrayref(
    "explain select from team.change c
      where c.xid >= pg_snapshot_xmin('$snapshot'::pg_snapshot)") };
like $plan, qr/change_xid_idx/, 'the index by transaction is used';

$_->disconnect for $reader, $hand, $other;
done_testing;
