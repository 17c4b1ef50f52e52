# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Team::Preset;

# A site whose accounts are of one preset, and short words for what tests of
# management do all day:
#
#     my $site = Team::Preset->new('travel', acme => [[olga => 'owner'], ...],
#                                  other => [[bob => 'owner']]);
#     my $res = $site->ok(201, olga => POST => '/accounts/acme/invitations',
#                         { email => ... }, 'she is invited');
#     $site->refused(403, 'rank', adam => DELETE => $site->m('olga'), undef,
#                    'by an admin');
#
# Paths begin after /team/v1; m() and a() make them.  A person's token says
# NAME@example.com, verified, unless persona() has said otherwise.
#
# refused() also asserts that nothing has changed, in no table but the audit
# log, where refusals may be told.

use strict;
use warnings;

use parent 'Team::Site';

use Exporter 'import';
use JSON ();
use Test::More ();

use Team::Token;
use Team::Wait;

our @EXPORT = qw(quick_token);

my $QUICK = 'https://quick.example.com';

# What may differ afterwards is left out: what was refused is told in the audit
# log, and sessions are seen by the keeper.

my %state = (
    account => '*', change => 'max(x.id)', ownership_transfer => '*',
    group_member => '*', identity =>
        'id, x.issuer, x.subject, x.email, x.email_verified, x.name',
    invitation => '*', invitation_group => '*', invitation_permission => '*',
    invitation_role => '*', invitation_token => '*', invite_link => '*',
    join_request => '*', member => '*', member_group => '*',
    member_permission => '*', member_role => '*', role => '*',
    role_permission => '*', audit_event => 'outcome', outbox => 'kind',
    idempotency_key => 'key',
);


sub new {
    my ($class, $preset, %people) = @_;

    my $options = delete $people{options} // {};
    my $self = $class->SUPER::new(
        %$options,
        database => $options->{database} // 'connections=4',
        files => { %{ $options->{files} // {} },
                   'quick.key' => key_private('hmac') . "\n" },
        http => ($options->{http} // '') . <<"EOT",
team_issuer  $QUICK {
    keys      %%TESTDIR%%/quick.key;
    audience  $AUDIENCE;
}
EOT
        server => ($options->{server} // '') . <<'EOT');
    location /can/ {
        team_account     $arg_account;
        team_permission  $arg_permission;
        alias  %%TESTDIR%%/html/;
    }
EOT

    $self->{preset} = $preset;
    $self->settle($_, $people{$_}) for sort keys %people;

    return $self;
}


# The site's own people are of another preset.

sub _people { return }


# An account of the preset, and its people: [name, role or undef, status].

sub settle {
    my ($self, $slug, $people) = @_;

    ($self->{accounts}{$slug}) = $self->dbh->selectrow_array(
        'select team.account_create(?, ?, ?)', undef, $slug, ucfirst $slug,
        $self->{preset});

    for my $person (@$people) {
        my ($name, $role, $status) = @$person;

        ($self->{members}{$name}) = $self->dbh->selectrow_array(
            'select team.member_add(?, ?, ?, ?, ?, ?, ?)', undef, $slug,
            $ISSUER, $name, "$name\@example.com", ucfirst $name, $role,
            $status // 'active');
    }

    return;
}


# --- paths -------------------------------------------------------------------

sub a { return "/accounts/acme" . ($_[1] // '') }
sub m { return "/accounts/acme/members/" . $_[0]->member($_[1])
               . ($_[2] // '') }


# --- asking ------------------------------------------------------------------

# What a person's token says of them, from now on.

sub persona {
    my ($self, $name, %claims) = @_;

    $self->{claims}{$name} = { %{ $self->{claims}{$name} // {} }, %claims };
    delete $self->{clients}{$name};

    return;
}


# A person's connection, the same each time; undef: nobody's.

sub client {
    my ($self, $name) = @_;

    return $self->{clients}{ $name // '' } //= $self->fresh($name);
}


sub fresh {
    my ($self, $name) = @_;

    return $self->anybody unless defined $name;

    $self->{tokens}{$name} = token(sub => $name, %{ $self->{claims}{$name} })
        if $self->{claims}{$name};

    return $self->anybody(
        Authorization => 'Bearer '
            . ($self->{tokens}{$name} //= token(sub => $name)));
}


# body: a reference, or text that is sent as JSON.  Changes that need If-Match
# get "*" unless they bring their own; undef: none.

sub ask {
    my ($self, $who, $method, $path, $body, @headers) = @_;

    my %given = @headers;

    push @headers, 'Content-Type' => 'application/json'
        if defined $body && !ref $body && !$given{'Content-Type'};
    push @headers, 'If-Match' => '*'
        if $method ne 'GET' && !exists $given{'If-Match'};
    @headers = map { @$_ } grep { defined $_->[1] }
               map { [@headers[2 * $_, 2 * $_ + 1]] } 0 .. @headers / 2 - 1;

    return $self->client($who)->request($method, "/team/v1$path",
                                        [@headers], $body);
}


# One test: the answer's status.  Returns the body, decoded; {} for none.

sub ok {
    my ($self, $status, $who, $method, $path, $body, $name, @headers) = @_;

    my $res = $self->ask($who, $method, $path, $body, @headers);

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    Test::More::is($res->status, $status, $name)
        or Test::More::diag($res->body);

    return length $res->body ? $res->json : {};
}


sub get {
    my ($self, $who, $path) = @_;

    my $res = $self->ask($who, GET => $path);

    die "GET $path: " . $res->status . ' ' . $res->body
        unless $res->status == 200;

    return $res->json;
}


# Every login until now is recorded: the keeper tells of them in their order,
# once a second, and last of somebody who is new.

sub logins_told {
    my ($self) = @_;

    my $name = 'signed-in-' . ++$self->{signed_in};

    $self->get($name, '/me');

    wait_until(sub {
        $self->sql('select count(*) from team.login_waiting
                     where subject = ?', $name)
    }) or die 'no login is recorded';

    return;
}


# Two tests: that problem, and nothing has changed.  Returns the body.

sub refused {
    my ($self, $status, $code, $who, $method, $path, $body, $name,
        @headers) = @_;

    my $before = $self->state;
    my $res = $self->ask($who, $method, $path, $body, @headers);
    my $problem = eval { $res->json } // {};

    $problem = {} unless ref $problem eq 'HASH';

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    Test::More::is(join(' ', $res->status,
                        $res->header('content-type') // '-',
                        $problem->{type} // $res->body),
                   "$status application/problem+json /problems/$code", $name);
    Test::More::is($self->state, $before, '... and nothing has changed');

    return $problem;
}


# Everything there is, as text.

sub state {
    my ($self) = @_;

    my $sql = $self->{state_sql} //= join "\nunion all\n", map {
        my $columns = $state{$_} =~ s/^(?=\w+(?:,|$))/x./r;

        $state{$_} eq '*'
        ? "select '$_ ' || string_agg(x::text, E'\\n' order by x::text)
             from team.$_ x"
        : $state{$_} =~ /^max/
        ? "select '$_ ' || $columns from team.$_ x"
        : "select '$_ ' || string_agg(row($columns)::text, E'\\n'
                                      order by row($columns)::text)
             from team.$_ x"
             . ($_ eq 'audit_event' ? " where x.outcome = 'done'" : '')
    } sort keys %state;

    return join "\n", map { $_ // '-' }
                      @{ $self->dbh->selectcol_arrayref($sql) };
}


# Whether somebody gets past a gate that asks for a permission: the status.

sub gate {
    my ($self, $who, $permission, $account) = @_;

    $account //= 'acme';

    return $self->client($who)->get(
        "/can/index.html?account=$account&permission=$permission")->status;
}


# One test: of these permissions the person has exactly those.

sub may {
    my ($self, $who, $yes, $no, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return Test::More::is(
        join(' ', grep { $self->gate($who, $_) == 200 } @$yes, @$no),
        join(' ', @$yes), $name);
}


# All that a role of acme permits, as who may see it is told: names, no more and
# no less.

sub rights {
    my ($self, $who, $role) = @_;

    return join ' ', sort map { $_->{name} }
                     grep { grep { $_ eq $role } @{ $_->{roles} } }
                     @{ $self->get($who, $self->a('/permissions'))
                        ->{permissions} };
}


# A token of another issuer, in some 20 us: for many people who are nobody yet.
# It says an address in place of NAME@example.com if there is one.

sub quick_token {
    my ($name, $email) = @_;

    my $now = time;

    $email //= "$name\@example.com";

    return raw_token('{"alg":"HS256","typ":"JWT"}',
        qq({"iss":"$QUICK","sub":"$name","aud":"$AUDIENCE","exp":)
        . ($now + 7200)
        . qq(,"iat":$now,"email":"$email","email_verified":true}),
        { key => 'hmac' });
}


# --- invitations -------------------------------------------------------------

# Invites, dies unless that is done; returns the invitation.

sub invite {
    my ($self, $by, $name, $roles, %more) = @_;

    my $account = delete $more{account} // 'acme';
    my $res = $self->ask($by, POST => "/accounts/$account/invitations", {
        email => "$name\@example.com", name => ucfirst $name,
        roles => $roles, %more });

    die 'invite ' . $name . ': ' . $res->status . ' ' . $res->body
        unless $res->status == 201;

    return $res->json;
}


# What the mail will carry.

sub mailed {
    my ($self, $invitation) = @_;

    my $id = ref $invitation ? $invitation->{id} : $invitation;

    return ($self->dbh->selectrow_array(
        'select team.invitation_token_issue(?)', undef, $id))[0];
}


# Invites and lets accept; the member's id is known by the name then.

sub join_by_mail {
    my ($self, $by, $name, $roles, %more) = @_;

    my $token = $self->mailed($self->invite($by, $name, $roles, %more));
    my $res = $self->ask($name, POST => '/invitations/accept',
                         { token => $token });

    die "accept $name: " . $res->status . ' ' . $res->body
        unless $res->status == 201;

    return $self->{members}{$name} = $res->json->{id};
}


# Time passes for an invitation.

sub expire {
    my ($self, $invitation) = @_;

    $self->dbh->do(<<'EOT', undef, $invitation->{id});
update team.invitation
   set expires_at = statement_timestamp() - interval '1 second'
 where id = ?
EOT
    return;
}


# People of an account are back in it, active, with that role alone, whatever
# has become of them; who comes back as another member has another id.

my $back = <<'EOT';
create function pg_temp.back(p_slug text, p_people text[], p_role text)
returns uuid[]
language plpgsql
as $$
declare
  v_ids     uuid[] := '{}';
  v_member  uuid;
begin
  for n in 1 .. cardinality(p_people) loop
    select m.id
      into v_member
      from team.member m
      join team.identity i on i.id = m.identity_id
      join team.account a on a.id = m.account_id
     where a.slug = p_slug
       and i.subject = p_people[n];

    if v_member is null then
      v_member := team.member_add(
        p_slug, 'https://id.example.com', p_people[n],
        p_people[n] || '@example.com', initcap(p_people[n]), p_role);

    else
      update team.member
         set status = 'active'
       where id = v_member
         and status <> 'active';

      if not exists (select
                       from team.member_role mr
                       join team.role r on r.id = mr.role_id
                      where mr.member_id = v_member
                        and r.key = p_role)
      then
        delete from team.member_role where member_id = v_member;
        insert into team.member_role (member_id, role_id, account_id)
        select v_member, r.id, r.account_id
          from team.role r
          join team.account a on a.id = r.account_id
         where a.slug = p_slug
           and r.key = p_role;
      end if;
    end if;

    v_ids := v_ids || v_member;
  end loop;

  return v_ids;
end
$$
EOT


sub back {
    my ($self, $slug, $role, @people) = @_;

    $self->{back}++ or $self->dbh->do($back);

    @{ $self->{members} }{@people} = @{ $self->sql(
        'select pg_temp.back(?, ?, ?)', $slug, \@people, $role) };

    return;
}


# The directory's rows; query: text to append.

sub directory {
    my ($self, $who, $query, $account) = @_;

    return @{ $self->get($who, '/accounts/' . ($account // 'acme')
                               . '/directory?' . ($query // ''))->{items} };
}


# The row of a name or an email's local part.

sub row {
    my ($self, $who, $name, $account) = @_;

    my ($row) = grep { ($_->{email} // '') eq "$name\@example.com" }
                $self->directory($who, 'limit=200', $account);

    return $row;
}


sub sql {
    my ($self, $sql, @values) = @_;

    return scalar $self->dbh->selectrow_array($sql, undef, @values);
}


1;
