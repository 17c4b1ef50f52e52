# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Bench::Peers;

# What people use today, beside us in the same run:
#
#     auth_request    to a small node service, with proxy_cache in front of it
#     HAProxy         jwt_verify, and the checks of claims that go with it
#
# Each looks at a token only: neither knows who is still a member.

use strict;
use warnings;

use Bench::Node;
use Bench::Process;
use Carp qw(croak);


# The service, or undef and why not.

sub verifier {
    my (%o) = @_;

    my $port = Bench::Process::free_port();

    return node_start(
        name => 'verifier', dir => $o{dir}, cache => $o{cache}, port => $port,
        packages => ['jose@5.10.0'], pin => 1,
        arguments => [$port, $o{jwks}, $o{issuer}, $o{audience}]);
}


# nginx's part of it: for http {} and for server {}.

sub auth_request {
    my ($dir, $port) = @_;

    return (http => <<"END", server => <<'END');
    proxy_cache_path $dir/cache levels=1:2 keys_zone=verified:32m
                     inactive=10m max_size=256m;

    upstream verifier {
        server 127.0.0.1:$port;
        keepalive 16;
    }
END
        location /auth_request {
            auth_request /verify;
            empty_gif;
        }

        location = /verify {
            internal;
            proxy_pass http://verifier/;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header Connection "";
            proxy_http_version 1.1;
            proxy_cache verified;
            proxy_cache_key $http_authorization;
            proxy_cache_valid 200 204 10m;
        }
END
}


# One thread on CPU 0; two ports: as it is, and with the token checked.

sub haproxy {
    my (%o) = @_;

    my $haproxy = find_program('haproxy') || '/usr/sbin/haproxy';

    return (undef, 'haproxy is not installed') unless -x $haproxy;

    my ($bare, $jwt) = map { Bench::Process::free_port() } 1 .. 2;
    my $answer = 'http-request return status 200 content-type image/gif '
                 . 'string ' . 'x' x 43;
    my $claim = 'var(txn.token),jwt_payload_query';
    my $refuse = 'http-request deny deny_status 401';
    my $conf = "$o{dir}/haproxy.cfg";

    open my $fh, '>', $conf or croak "$conf: $!";
    print {$fh} <<"END";
global
    nbthread 1
    maxconn 1000

defaults
    mode http
    timeout client 600s
    timeout server 600s
    timeout connect 5s
    timeout http-request 60s
    timeout http-keep-alive 600s

frontend bare
    bind 127.0.0.1:$bare
    $answer

frontend jwt
    bind 127.0.0.1:$jwt
    http-request set-var(txn.token) http_auth_bearer
    http-request set-var(txn.alg) var(txn.token),jwt_header_query('\$.alg')
    http-request set-var(txn.iss) $claim('\$.iss')
    http-request set-var(txn.aud) $claim('\$.aud')
    http-request set-var(txn.exp) $claim('\$.exp','int')
    http-request set-var(txn.now) date()
    $refuse unless { var(txn.alg) -m str RS256 }
    $refuse unless { var(txn.iss) -m str $o{issuer} }
    $refuse unless { var(txn.aud) -m str $o{audience} }
    $refuse if { var(txn.exp),sub(txn.now) -m int lt 0 }
    $refuse unless { var(txn.token),jwt_verify(txn.alg,"$o{public}") 1 }
    $answer
END
    close $fh or croak "$conf: $!";

    my $process = Bench::Process->start('haproxy', "$o{dir}/haproxy.log",
        'taskset', '-c', 0, $haproxy, '-db', '-f', $conf);

    $process->wait_port($bare);

    return { process => $process, bare => $bare, jwt => $jwt };
}


1;
