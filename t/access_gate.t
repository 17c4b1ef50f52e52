#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# The gate from end to end: a token, a grant, a decision, an answer, the
# headers that the application sees, the variables that logs show.

use strict;
use warnings;

use Test::More;

use Team::HTTP;
use Team::Site;
use Team::Token;
use Team::Upstream;
use Team::Wait;

my $app = Team::Upstream->new;
my $address = $app->address;

my $claims = '$team_claim_department|$team_claim_n|$team_claim_list|'
             . '$team_claim_none';

my $site = Team::Site->new(http => <<'EOF', server => <<"EOS");
log_format  gate  '$uri $team_decision:$team_reason:$team_cache:$team_subject';
access_log  %%TESTDIR%%/gate.log  gate;

map $request_method $need {
    GET      funds:read;
    POST     "funds:read bills:manage";
    DELETE   "";
    default  no-such-form;
}
EOF
    team_account  \$http_x_account;
    team_headers  on;

    error_page 502 /plain/;

    location /bills/    { team_permission bills:manage funds:read;
                          proxy_pass http://$address; }
    location /methods/  { team_permission \$need;
                          proxy_pass http://$address; }
    location /roles/    { team_role owner admin;
                          proxy_pass http://$address; }
    location /both/     { team_role owner finance; team_permission bills:manage;
                          proxy_pass http://$address; }
    location /on/       { team_access on;
                          proxy_pass http://$address; }
    location /report/   { team_permission bills:manage; team_access report;
                          proxy_pass http://$address; }
    location /bypass/   { team_permission bills:manage; team_bypass \$arg_skip;
                          proxy_pass http://$address; }
    location /plain/    { proxy_pass http://$address; }
    location /off/      { team_permission bills:manage; team_access off;
                          proxy_pass http://$address; }
    location /any/      { satisfy any; deny all; team_permission bills:manage;
                          proxy_pass http://$address; }
    location /any-ip/   { satisfy any; allow 127.0.0.1;
                          team_permission bills:manage;
                          proxy_pass http://$address; }
    location /all-ip/   { deny all; team_permission bills:manage;
                          proxy_pass http://$address; }
    location /fallback/ { team_permission bills:manage;
                          proxy_pass http://127.0.0.1:%%PORT_2%%; }
    location /page/     { team_permission bills:manage;
                          error_page 403 /why.html;
                          proxy_pass http://$address; }
    location /why.html  { return 403 "ask your manager\\n"; }
    location /claim/    { team_access on;
                          add_header X-Claim "$claims";
                          proxy_pass http://$address; }
EOS

my %acme = ('X-Account' => 'acme');


# What the application saw under X-Team-, by lower-case name.

sub team_headers {
    my ($res) = @_;

    my %seen;

    for my $header (@{ $res->json->{headers} }) {
        my ($name, $value) = @$header;

        push @{ $seen{lc $name} }, $value if $name =~ /^x.?team/i;
    }

    return \%seen;
}


subtest 'who may, passes, and the application is told who' => sub {
    my $res = $site->as('fred', %acme)->get('/bills/7');

    is($res->status, 200, 'finance manages bills');

    my $seen = team_headers($res);

    is_deeply($seen->{'x-team-account'}, [$site->account('acme')], 'account');
    is_deeply($seen->{'x-team-member'}, [$site->member('fred')], 'member');
    is_deeply($seen->{'x-team-subject'}, ['fred'], 'subject');
    is_deeply($seen->{'x-team-email'}, ['fred@example.com'], 'email');
    is_deeply($seen->{'x-team-roles'}, ['finance'], 'roles');
    like($seen->{'x-team-permissions'}[0], qr{\bbills:manage\b}, 'permissions');
};


subtest 'who may not, gets a problem that says why' => sub {
    my $before = $app->requests;
    my $res = $site->as('mia', %acme)->get('/bills/7');

    is($res->status, 403, 'a plain member');
    is($res->header('Content-Type'), 'application/problem+json', 'a problem');
    is($res->json->{type}, '/problems/permission-missing', 'its type');
    is($res->json->{status}, 403, 'its status');
    like($res->header('WWW-Authenticate'), qr/error="insufficient_scope"/,
         'RFC 6750');
    is($app->requests, $before, 'the application was not asked');

    $res = $site->as('zoe', %acme)->get('/bills/7');
    is($res->status, 403, 'somebody of another account');
    is($res->json->{type}, '/problems/not-member', 'is no member');

    $res = $site->as('fred', 'X-Account' => 'no-such')->get('/bills/7');
    is($res->json->{type}, '/problems/not-member', 'unknown account: the same');

    $res = $site->as('fred', 'X-Account' => 'a' x 64)->get('/bills/7');
    is($res->json->{type}, '/problems/not-member', 'too long for an account');

    for my $bytes ("\xff", "acm\xe9", "\xed\xa0\x80", "\xc0\x80") {
        $res = $site->as('fred', 'X-Account' => $bytes)->get('/bills/7');
        is($res->json->{type}, '/problems/not-member', 'no text: the same');
    }

    unlike($site->nginx->error_log, qr/grants can't be read/,
           'and nothing that an operator would have to look at');

    $res = $site->as('fred')->get('/bills/7');
    is($res->status, 200, 'no account named: the only one');
};


subtest 'without a usable token: 401 with a challenge' => sub {
    my $res = $site->anybody(%acme)->get('/bills/7');

    is($res->status, 401, 'none');
    is($res->header('WWW-Authenticate'), 'Bearer realm="team"',
       'no error, as RFC 6750 section 3.1 wants it');
    is($res->json->{type}, '/problems/token-missing', 'its type');

    my %bad = (
        'token-malformed' => 'a.b',
        'token-expired' => token(sub => 'fred', exp => time - 5),
        'token-not-yet-valid' => token(sub => 'fred', nbf => time + 60),
        'token-audience' => token(sub => 'fred', aud => 'other'),
        'token-issuer' => token(sub => 'fred', iss => 'https://evil.example'),
        'token-key' => token(sub => 'fred', { key => 'rsa2' }),
        'token-signature' => token(sub => 'fred', { key => 'rsa2',
                                                    kid => 'rsa' }),
        'token-algorithm' => token(sub => 'fred', { key => 'hmac',
                                                    kid => 'rsa' }),
        'token-type' => token(sub => 'fred', { header => { typ => 'evil' } }),
        'token-claims' => token(sub => undef),
    );

    for my $reason (sort keys %bad) {
        my $client = $site->anybody(%acme,
                                    Authorization => "Bearer $bad{$reason}");
        my $res = $client->get('/bills/7');

        is($res->status, 401, "$reason: 401");
        is($res->json->{type}, "/problems/$reason", "$reason: type");
        like($res->header('WWW-Authenticate'), qr/error="invalid_token"/,
             "$reason: challenge");
    }
};


subtest 'a token that is there twice is none' => sub {
    my $token = token(sub => 'fred');
    my $res = $site->as('fred', %acme, Authorization => "Bearer $token")
                   ->get('/bills/7');

    # nginx refuses two such headers itself since 1.23, and Debian's before

    like($res->status, qr/^40[01]$/, 'two bearer tokens');

    $res = $site->as('fred', %acme, Authorization => 'Basic Zm9vOmJhcg==')
                ->get('/bills/7');
    like($res->status, qr/^40[01]$/, 'a bearer token beside another scheme');

    $res = $site->anybody(%acme, Cookie => "a=b; session=$token; c=d")
                ->get('/bills/7');
    is($res->status, 200, 'a cookie');

    $res = $site->anybody(%acme, Cookie => "session=$token; session=$token")
                ->get('/bills/7');
    is($res->status, 401, 'the cookie twice');

    $res = $site->anybody(%acme, Authorization => 'Basic Zm9vOmJhcg==',
                          Cookie => "session=$token")->get('/bills/7');
    is($res->status, 200, 'another scheme is no token: the next source');
};


subtest 'roles, permissions by variable, all of several' => sub {
    is($site->as('olga', %acme)->get('/roles/')->status, 200, 'owner');
    is($site->as('adam', %acme)->get('/roles/')->status, 200, 'or admin');

    my $res = $site->as('fred', %acme)->get('/roles/');
    is($res->status, 403, 'finance is neither');
    is($res->json->{type}, '/problems/role-missing', 'role missing');

    is($site->as('fred', %acme)->get('/both/')->status, 200, 'both');
    is($site->as('mia', %acme)->get('/on/')->status, 200, 'any member');
    is($site->as('zoe', %acme)->get('/on/')->status, 403, 'no member');

    my $fred = $site->as('fred', %acme);

    is($fred->get('/methods/')->status, 200, 'GET needs what he has');
    is($fred->request('POST', '/methods/', [], 'x')->status, 200, 'POST: two');
    is($fred->delete('/methods/')->status, 403, 'a variable that is empty');
    is($fred->put('/methods/', 'x')->status, 403, 'that is no permission');
    is($site->as('olga', %acme)->delete('/methods/')->status, 403,
       'not even for the owner');
};


subtest 'report, bypass, off' => sub {
    my $res = $site->as('mia', %acme)->get('/report/');

    is($res->status, 200, 'reported, not refused');
    is_deeply(team_headers($res)->{'x-team-subject'}, ['mia'], 'and told');

    is($site->anybody->get('/report/')->status, 200, 'even without a token');
    is_deeply(team_headers($site->anybody('X-Team-Roles' => 'owner')
                                ->get('/report/')), {}, 'who is nobody');

    is($site->anybody->get('/bypass/?skip=1')->status, 200, 'bypass');
    is($site->anybody->get('/bypass/?skip=0')->status, 401, '0 is no bypass');
    is($site->anybody->get('/bypass/')->status, 401, 'nor is nothing');
    is($site->anybody->get('/off/')->status, 200, 'off');
};


subtest 'satisfy any' => sub {
    is($site->as('fred', %acme)->get('/any/')->status, 200, 'the gate lets in');
    is($site->anybody->get('/any-ip/')->status, 200, 'the address does');

    my $res = $site->anybody->get('/any/');
    is($res->status, 401, 'neither');
    is($res->json->{type}, '/problems/token-missing', 'a problem');

    is($site->as('fred', %acme)->get('/all-ip/')->status, 403,
       'satisfy all: both are needed');
};


subtest 'an error page takes the place of the problem' => sub {
    my $res = $site->as('mia', %acme)->get('/page/');

    is($res->status, 403, 'status');
    is($res->body, "ask your manager\n", 'the page');
};


subtest 'what one location was told is not told to another' => sub {
    my $res = $site->as('fred', %acme)->get('/fallback/');

    is_deeply(team_headers($res), {}, 'the error page saw nothing of fred');
};


subtest 'claims as variables' => sub {
    my $token = token(sub => 'mia', department => 'sales', n => 7,
                      list => [1, 'a']);
    my $res = $site->anybody(%acme, Authorization => "Bearer $token")
                   ->get('/claim/');

    is($res->header('X-Claim'), 'sales|7|[1,"a"]|', 'string, number, array');
};


subtest 'variables in the log' => sub {
    my $nginx = $site->nginx;

    my $nina = $site->as('nina', %acme);

    $nina->get('/bills/log') for 1 .. 2;
    $nina->get('/page/log');
    $site->anybody->get('/plain/log');
    $site->anybody->get('/bypass/log?skip=yes');

    my $log = wait_until(sub {
        open my $fh, '<', $nginx->dir . '/gate.log' or return;
        local $/;
        my $text = <$fh>;
        return $text =~ m{/bypass/log} ? $text : undef;
    });

    like($log, qr{^/bills/log DENY:permission-missing:MISS:nina$}m, 'miss');
    like($log, qr{^/bills/log DENY:permission-missing:WORKER:nina$}m, 'hit');
    like($log, qr{^/why.html DENY:permission-missing:WORKER:nina$}m,
         'what was decided is still known on the error page');
    like($log, qr{^/plain/log NONE:-:-:-$}m, 'nothing asked for');
    like($log, qr{^/bypass/log BYPASS:-:-:-$}m, 'bypass');
};

$site->done_ok;

done_testing;
