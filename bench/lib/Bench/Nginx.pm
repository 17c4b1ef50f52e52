# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Bench::Nginx;

# An nginx with one worker, pinned to CPU 0 unless pin => 0.
#
#     my $n = Bench::Nginx->start($name, $dir, module => 1, http => '...',
#                                 server => '...');
#     $n->port; $n->process; $n->pids;

use strict;
use warnings;

use Bench::Process;
use Carp qw(croak);
use Team::Wait;


sub start {
    my ($class, $name, $dir, %o) = @_;

    my $port = Bench::Process::free_port();
    my $nginx = $ENV{TEAM_NGINX} || '/usr/sbin/nginx';
    my $pin = $o{pin} // 1 ? 'worker_cpu_affinity 01;' : '';
    my $load = $o{module} ? "load_module $ENV{TEAM_NGINX_MODULE};" : '';

    mkdir $dir or croak "$dir: $!";
    chmod 0755, $dir;
    mkdir "$dir/temp" or croak "$dir/temp: $!";

    _write("$dir/nginx.conf", <<"END");
$load
daemon off;
worker_processes 1;
$pin
pid $dir/nginx.pid;
error_log $dir/error.log warn;

events { worker_connections 1024; }

http {
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    client_body_temp_path $dir/temp/body;
    proxy_temp_path $dir/temp/proxy;
    fastcgi_temp_path $dir/temp/fastcgi;
    uwsgi_temp_path $dir/temp/uwsgi;
    scgi_temp_path $dir/temp/scgi;

    @{[ $o{http} // '' ]}

    server {
        listen 127.0.0.1:$port;

        location /bare { empty_gif; }

        @{[ $o{server} // '' ]}
    }
}
END

    my $process = Bench::Process->start("nginx ($name)", "$dir/error.log",
        $nginx, '-p', $dir, '-e', "$dir/error.log", '-c', "$dir/nginx.conf");

    $process->wait_port($port);

    my @worker;

    wait_until(sub { @worker = $process->children(qr/worker process/) })
        or croak "nginx ($name) has no worker";

    return bless {
        name => $name, port => $port, process => $process, worker => \@worker
    }, $class;
}


sub port    { return $_[0]{port} }
sub process { return $_[0]{process} }
sub pids    { return $_[0]{worker} }


# Memory of the worker's shared mappings is not counted: private only, KiB.

sub private_memory {
    my ($self) = @_;

    my $sum = 0;

    open my $fh, '<', "/proc/$self->{worker}[0]/smaps_rollup" or return 0;
    while (<$fh>) {
        $sum += $1 if /^Private_(?:Clean|Dirty):\s+(\d+)/;
    }

    return $sum;
}


sub _write {
    my ($path, $text) = @_;

    open my $fh, '>', $path or croak "$path: $!";
    print {$fh} $text;
    close $fh or croak "$path: $!";

    return;
}


1;
