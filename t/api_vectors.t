#!/usr/bin/perl

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# Public lists of strings that have broken programs: in every text of a body, in
# paths, in queries, as addresses.  What is taken comes back to the byte, what
# is not changes nothing, and neither is ever our fault: no 5xx, no error in
# PostgreSQL's log but the problems that SQL raises itself.
#
# Skipped where the vectors are absent.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON ();
use Test::More;

use Team::Preset;

my $vectors = "$FindBin::Bin/../../shared/vectors";

plan skip_all => 'no vectors' unless -e "$vectors/naughty_strings.jsonl";

my $json = JSON->new->utf8->canonical->allow_nonref;
my @naughty = vectors('naughty_strings');
my @injections = vectors('sqli_strings');
my @addresses = vectors('emails_isemail');

cmp_ok(scalar @naughty, '>=', 515, 'naughty strings');
cmp_ok(scalar @injections, '>=', 248, 'injections');
cmp_ok(scalar @addresses, '>=', 164, 'addresses');

my $site = Team::Preset->new(
    'travel',
    acme => [[olga => 'owner'], [tom => 'traveller']],
    other => [[bob => 'owner']],
    options => { pg => { conf => { log_line_prefix => 'state %e ' } } });

my $group = $site->ask(olga => POST => $site->a('/groups'),
                       { name => 'Group' })->json->{id};
my (%words, %stored);

$stored{$_} = $site->ask(olga => GET => $_)->body
    for $site->a, $site->m('tom'), $site->a("/groups/$group");


sub vectors {
    my ($name) = @_;

    open my $file, '<:raw', "$vectors/$name.jsonl" or die "$name: $!";

    return map { $json->decode($_) } <$file>;
}


# As PostgreSQL's btrim() leaves it, and what may be stored at all.

sub kept {
    my ($text) = @_;

    $text =~ s/^ +| +$//g;

    return $text;
}


sub storable {
    my ($text) = @_;

    return length kept($text) <= 200 && $text !~ /[\x00-\x1f\x7f]/;
}


sub query {
    my ($text) = @_;

    utf8::encode($text);

    return $text =~ s/([^A-Za-z0-9])/sprintf '%%%02X', ord $1/ger;
}


# Faults of one string, as text: the answers must be of these statuses.

sub sent {
    my ($allowed, $method, $path, $body) = @_;

    my $res = $site->ask(olga => $method, $path, $body);

    $words{$method}{ $res->status }++;

    return ($res, $res->status =~ /^(?:$allowed)$/ ? ()
                  : "$method $path: " . $res->status . ' ' . $res->body);
}


# Each of the fields of a resource, set to the string: the answer has it as it
# is stored now.

sub round_trip {
    my ($path, $text, $required, @fields) = @_;

    my $well = storable($text) && (length kept($text) || !$required);
    my ($res, @faults) = sent($well ? '200' : '422', PATCH => $path,
                              { map { $_ => $text } @fields });

    return @faults if @faults;

    if (!$well) {
        my $now = $site->ask(olga => GET => $path)->body;
        return $now eq $stored{$path} ? () : "$path has changed";
    }

    $stored{$path} = $res->body;

    my $is = $res->json;

    for my $field (@fields) {
        my $want = kept($text);
        my $got = $is->{$field} // '';

        next if $got eq $want;

        # without a name of the account's the member has the issuer's

        next if $want eq '' && $field eq 'name' && $got eq 'Tom';

        push @faults, "$path: $field is " . $json->encode($got);
    }

    return @faults;
}


# The texts that bodies may hold.

sub in_bodies {
    my ($text) = @_;

    return (round_trip($site->a, $text, 1, 'name'),
            round_trip($site->m('tom'), $text, 0, 'name', 'title'),
            octet_limit($text) ? ()
            : round_trip($site->a("/groups/$group"), $text, 1, 'name',
                         'policy'));
}


# A policy's name is limited in bytes.

sub octet_limit {
    my ($text) = @_;

    utf8::encode($text);

    return length $text > 200;
}


# Where only certain words belong.

sub in_queries {
    my ($text) = @_;

    my $q = query($text);
    my @faults;
    my $add = sub { my (undef, @more) = sent(@_); push @faults, @more };

    $add->('200|400|414', GET => $site->a("/directory?q=$q"));

    $add->('400|414', GET => $site->a("/directory?sort=$q"));
    $add->('400|414', GET => $site->a("/members?cursor=$q")) if length $q;
    $add->('400|414', GET => $site->a("/members?limit=$q"))
        unless $text =~ /^0*(?:[1-9]\d?|1\d\d|200)$/;
    $add->('200|400|404|414|422', GET => $site->a(
        "/audit-events?actor=$q&action=$q&target=$q"));

    return @faults;
}


sub in_places_of_ids {
    my ($text) = @_;

    my $q = query($text);
    my @faults;
    my $add = sub { my (undef, @more) = sent(@_); push @faults, @more };

    $add->('400|404|414', GET => "/accounts/$q") unless $text =~ /^\.{0,2}$/;
    $add->('400|404|405|414', DELETE => $site->a("/members/$q"));
    $add->('404|422', POST => '/invitations/accept', { token => $text });
    $add->('403|404|409|410|422', POST => '/invite-links/join',
           { code => $text });
    $add->('404|422', POST => '/explain',
           { account => $text, identity => $text, permission => $text });
    $add->('422', PUT => $site->m('tom', '/roles'), { roles => [$text] });
    $add->('422', POST => $site->a('/invitations'),
           { email => $text, roles => ['traveller'], locale => $text,
             groups => [$text] });

    return @faults;
}


# The name of what is new; of each third, what else there is to write in words.

my $policy = $site->get('olga', $site->a('/policy'));

sub in_new_things {
    my ($text) = @_;

    my $well = storable($text) && length kept($text);
    my @faults;
    my $add = sub { my (undef, @more) = sent(@_); push @faults, @more };
    my $n = ++$words{new};

    $add->($well ? '201' : '422', POST => $site->a('/roles'),
           { key => "r$n", name => $text, rank => 1, permissions => [] });
    $add->('204', DELETE => $site->a("/roles/r$n")) if $well;

    return @faults if $n % 3;

    $add->('422', POST => $site->a('/roles'),
           { key => $text, name => 'x', rank => 1, permissions => [$text] });
    $add->('409|422', POST => $site->a('/invite-links'),
           { role => $text, domains => [$text] });
    $add->('404|409|422', POST => $site->a('/ownership-transfers'),
           { to => $text });
    $add->('422', POST => $site->a('/closure'), { confirm => $text });
    $add->('422', POST => '/accounts', { name => 'x', preset => $text,
                                         time_zone => $text, slug => $text });
    $add->('422', PUT => $site->a('/policy'),
           { %$policy, owner_mode => $text });
    $add->('422', PATCH => $site->a, { time_zone => $text })
        unless $text =~ /^[\w\/+-]+$/a;

    return @faults;
}


# Names in the rows of batches, by turns as JSON and as CSV: created as they
# are, or refused for their names.

sub in_batches {
    my @texts = @_;

    my $path = '/team/v1' . $site->a('/invitation-batches');
    my $turn = 0;
    my @faults;

    # each row is held against the document elsewhere: it takes its time

    my $client = do { local $site->{contract} = 0; $site->fresh('olga') };

    while (my @some = splice @texts, 0, 50) {
        my @rows = map { { email => 'b' . ++$words{batch} . '@example.com',
                           name => $_, roles => ['traveller'] } } @some;
        my $csv = join "\n", 'email,name,roles', map {
            my $name = $_->{name} =~ s/"/""/gr;
            utf8::encode($name);
            qq($_->{email},"$name",traveller);
        } @rows;

        $site->dbh->do('delete from team.quota_use');

        my $res = $client->post($path, $turn++ % 2
                                ? ($csv, 'Content-Type' => 'text/csv')
                                : { invitations => \@rows });

        # text with NUL is none as a whole

        next if $res->status == 422 && grep { /\x00/ } @some;

        if ($res->status != 200) {
            push @faults, 'batch: ' . $res->status . ' ' . $res->body;
            next;
        }

        for my $i (0 .. $#some) {
            my $item = $res->json->{items}[$i];
            my $told = "$item->{status} " . ($item->{code} // '-');
            my $want = storable($some[$i]) ? 'created -'
                                           : 'refused invalid-name';

            push @faults, "batch: $some[$i]: $told" if $told ne $want;
        }
    }

    return @faults;
}


# What a person's own token says of them; a name that is too long is cut.

my $n = 0;

sub in_tokens {
    my ($text) = @_;

    my $who = 'tok' . ++$n;

    utf8::encode(my $bytes = $text);
    $site->persona($who, name => $bytes, sub => length $text ? $bytes : $who);

    my $res = $site->ask($who, POST => '/invite-links/join',
                         { code => $words{code} });

    $words{tokens}{ $res->status }++;

    # of one subject there may be two strings

    return if $res->status == 401 || $res->status == 409;
    return "token: $text: " . $res->status . ' ' . $res->body
        if $res->status != 201;

    my $want = storable($text) ? kept($text) : '';
    my $is = $res->json->{name} // '';

    return if $is eq $want
              || length $bytes > 200 && length $is
                 && index($text, $is) == 0;
    return "token: $text: became $is";
}


sub all_well {
    my ($name, $code, @texts) = @_;

    my @faults = map { $code->($_) } @texts;

    utf8::encode($_) for @faults;

    return is(scalar @faults, 0, $name)
        || diag(join "\n", grep { defined } @faults[0 .. 9]);
}


my @texts = map { $_->{value} } @naughty;
my @hostile = map { $_->{value} } @injections;

all_well('naughty strings in bodies', \&in_bodies, @texts);
all_well('naughty strings in queries', \&in_queries, @texts);
all_well('naughty strings in places of ids', \&in_places_of_ids, @texts);
all_well('injections in bodies', \&in_bodies, @hostile);
all_well('injections in queries', \&in_queries, @hostile);
all_well('injections in places of ids', \&in_places_of_ids, @hostile);
all_well('both in names of what is new', \&in_new_things, @texts, @hostile);
all_well('both in batches', sub { in_batches(@texts, @hostile) }, 'once');

$site->dbh->do("update team.account
                   set join_link = true, link_role = 'traveller',
                       link_requires_approval = false
                 where slug = 'other'");
$words{code} = $site->ask(bob => POST => '/accounts/other/invite-links')
                    ->json->{code};

all_well('both in tokens', \&in_tokens, @texts, @hostile);


# The list's author tells what is an address by the book; ours are those that a
# mail server would take from a web page: no comments, no quotes, no literals.

subtest 'addresses' => sub {
    my (%taken, @faults);

    for my $case (@addresses) {
        my $email = $case->{email};
        my $plain = $email =~ /^[\w!#\$%&'*+\/=?^`{|}~.-]+
                               @[A-Za-z0-9.-]+$/ax;
        my $res = $site->ask(olga => POST => $site->a('/invitations'),
                             { email => $email, roles => ['traveller'] });
        my $status = $res->status;

        $taken{ $case->{category} }{$status}++;

        if ($status == 201) {
            push @faults, "$case->{name}: taken, $case->{category}"
                if $case->{category} eq 'ISEMAIL_ERR' || !$plain;
            push @faults, "$case->{name}: became " . $res->json->{email}
                if $res->json->{email} ne lc $email;

        } elsif ($status !~ /^(?:409|422)$/) {
            push @faults, "$case->{name}: $status";

        } elsif ($status == 422 && $plain
                 && $case->{category} eq 'ISEMAIL_VALID_CATEGORY')
        {
            push @faults, "$case->{name}: refused, and is good";
        }
    }

    is(scalar @faults, 0, 'taken or refused as they should be')
        or diag(join "\n", map { utf8::encode(my $t = $_); $t } @faults);
    cmp_ok($taken{ISEMAIL_VALID_CATEGORY}{201} // 0, '>=', 5,
           'good ones are taken');
    note($json->encode(\%taken));
};


is($site->sql(<<'EOT'), 0, 'nothing is stored that should not be');
select count(*)
  from (select a.name from team.account a
        union all select m.name from team.member m
        union all select m.title from team.member m
        union all select g.name from team.member_group g
        union all select g.policy from team.member_group g
        union all select i.email from team.invitation i
        union all select i.name from team.invitation i
        union all select i.email from team.identity i
        union all select i.name from team.identity i) t (x)
 where t.x ~ '[\x01-\x1f\x7f]'
    or char_length(t.x) > 254
EOT

is($site->sql("select count(*)
                 from team.member m
                 join team.account a on a.id = m.account_id
                where a.slug = 'acme'"), 2, 'nobody has come or gone');

my @errors = grep { /(?:ERROR|FATAL|PANIC):/ && !/^state TM4\d\d / }
             split /\n/, $site->pg->log;

is(scalar @errors, 0, "PostgreSQL's log has only what we raise")
    or diag(join "\n", @errors[0 .. ($#errors < 9 ? $#errors : 9)]);
unlike($site->pg->log, qr/WARNING/, 'and no warning');
unlike($site->nginx->error_log, qr/\[error\]/, "nor has nginx's an error");
note($json->encode(\%words));

$site->done_ok;

done_testing;
