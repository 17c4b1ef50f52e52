# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

# A private PostgreSQL for one test: its own directory, socket and processes,
# gone with the test however the test ends.
#
#     my $pg = Team::Postgres->new(%opt);
#
# The cluster comes with the database "team", into which sql/install.sql is
# loaded.  That is done once for each state of sql/, into a template under
# build/, and copied here, so a test waits a fraction of a second.
#
#     durable => 1      fsync and friends on (for tests that kill it)
#     tcp => 1          also listens on 127.0.0.1, see ->port
#     bare => 1         no database "team" yet; see ->install
#     conf => {...}     further settings of postgresql.conf
#     start => 0        is not started yet
#
# As root, PostgreSQL runs as the user postgres; else as ourselves.  Everybody
# who reaches the socket is whoever they say (trust).

package Team::Postgres;

use strict;
use warnings;

use Carp qw(croak);
use Cwd qw(abs_path);
use Digest::SHA;
use Fcntl qw(:flock);
use File::Basename qw(dirname);
use File::Find ();
use File::Path qw(make_path remove_tree);
use File::Temp ();
use POSIX ();
use Scalar::Util qw(refaddr weaken);
use Team::Port;
use Time::HiRes qw(sleep time);

my $ROOT = abs_path(dirname(__FILE__) . '/../../..');
my $USER = 'postgres';
my $DEADLINE = 60;

my %live;       # by address, weak: what END has to end
my %before;


# --- making one --------------------------------------------------------------

sub new {
    my ($class, %opt) = @_;

    my $self = bless {
        durable  => $opt{durable} // 0,
        tcp      => $opt{tcp} // 0,
        conf     => $opt{conf} // {},
        owner    => $$,
        dir      => undef,
        pid      => undef,
    }, $class;

    _catch_signals();

    $self->{dir} = abs_path(File::Temp::tempdir('team-pg-XXXXXXXX',
                                                TMPDIR => 1));
    weaken($live{refaddr $self} = $self);
    $self->{data} = "$self->{dir}/data";
    $self->{log} = "$self->{dir}/log";
    $self->{port} = $self->{tcp} ? free_port() : 5432;

    # others (nginx's workers) must reach the socket; the data stay private
    chmod 0755, $self->{dir} or croak "chmod $self->{dir}: $!";
    chown((getpwnam $USER)[2, 3], $self->{dir}) if _is_root();

    $self->_watch;

    my $kind = $opt{bare} ? 'bare' : 'team';
    my $template = $opt{initdb} ? undef : $class->_template($kind);

    if (defined $template) {
        _run('cp', '-a', '--reflink=auto', $template, $self->{data});
        $self->{installed} = 1 if $kind eq 'team';

    } else {
        $self->_initdb;
    }

    $self->_configure;

    if (!defined $template && !$opt{initdb} && $kind eq 'team') {
        $self->start->install->stop;
    }

    $self->start if $opt{start} // 1;

    return $self;
}


# The template's directory for this sql/, made by whoever comes first; undef
# where build/ is not ours to write, then each test makes its own.

sub _template {
    my ($class, $kind) = @_;

    my $build = ($ENV{TEAM_BUILD} // "$ROOT/build") . '/postgres';
    return unless eval { make_path($build); 1 };

    my $key = join '-', $kind, _version(), $>, substr(_digest($kind), 0, 16);
    my $path = "$build/$key";

    return $path if -d $path;

    open my $lock, '>>', "$build/lock" or return;
    flock $lock, LOCK_EX or croak "lock $build/lock: $!";

    return $path if -d $path;

    my $pg = $class->new(initdb => 1);
    $pg->install if $kind eq 'team';
    $pg->stop('fast');

    unlink "$pg->{data}/postmaster.opts";
    remove_tree("$path.new");
    _run('cp', '-a', $pg->{data}, "$path.new");
    rename "$path.new", $path or croak "rename $path: $!";
    $pg->destroy;

    # older states of sql/ are of no use any more
    for my $old (glob "$build/$kind-*") {
        next if $old eq $path || -M $old < 1 / 24;
        remove_tree($old);
    }

    return $path;
}


sub _digest {
    my ($kind) = @_;

    my $sha = Digest::SHA->new(256);
    my @files = (abs_path(__FILE__));

    if ($kind eq 'team') {
        my @sql;
        File::Find::find({ no_chdir => 1, wanted => sub {
            push @sql, $_ if -f && /\.sql\z/;
        } }, "$ROOT/sql");
        push @files, sort @sql;
    }

    for my $file (@files) {
        $sha->add("$file\0");
        $sha->addfile($file);
    }

    return $sha->hexdigest;
}


sub _initdb {
    my ($self) = @_;

    # ICU, so that a forgotten collate "C" shows; small WAL files copy fast
    _run(_as_postgres(bindir() . '/initdb'), '--no-sync', '--auth=trust',
         '--encoding=UTF8', '--locale=C.UTF-8', '--locale-provider=icu',
         '--icu-locale=en-US', '--wal-segsize=1', "--username=$USER",
         "--pgdata=$self->{data}");
}


sub _configure {
    my ($self) = @_;

    my $safe = $self->{durable} ? 'on' : 'off';
    my %conf = (
        listen_addresses        => $self->{tcp} ? '127.0.0.1' : '',
        unix_socket_directories => $self->{dir},
        port                    => $self->{port},
        max_connections         => 100,
        shared_buffers          => '64MB',
        fsync                   => $safe,
        full_page_writes        => $safe,
        synchronous_commit      => $safe,
        log_line_prefix         => '%m [%p] %u ',
        max_wal_size            => '256MB',
        %{$self->{conf}},
    );

    my $file = "$self->{data}/postgresql.auto.conf";
    open my $fh, '>', $file or croak "$file: $!";
    for my $name (sort keys %conf) {
        (my $value = $conf{$name}) =~ s/'/''/g;
        print {$fh} "$name = '$value'\n";
    }
    close $fh or croak "$file: $!";
}


# --- its life ----------------------------------------------------------------

sub start {
    my ($self) = @_;

    croak 'already started' if $self->{pid};

    unlink "$self->{data}/postmaster.pid";

    my @command = (_as_postgres(bindir() . '/postgres'), '-D', $self->{data});

    defined(my $pid = fork) or croak "fork: $!";

    if ($pid == 0) {
        POSIX::setsid();        # Ctrl-C is for us
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $self->{log};
        open STDERR, '>&', \*STDOUT;
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE CHLD);
        { no warnings 'exec'; exec @command; }
        POSIX::_exit(127);
    }

    $self->{pid} = $pid;

    my $end = time + $DEADLINE;
    until ($self->_is_ready) {
        if (waitpid($pid, POSIX::WNOHANG()) != 0) {
            $self->{pid} = undef;
            croak "PostgreSQL did not start:\n" . $self->log;
        }
        if (time > $end) {
            $self->stop('immediate');
            croak "PostgreSQL is not ready after $DEADLINE s:\n" . $self->log;
        }
        sleep 0.02;
    }

    return $self;
}


# The last line of postmaster.pid is its state.

sub _is_ready {
    my ($self) = @_;

    open my $fh, '<', "$self->{data}/postmaster.pid" or return 0;
    my @lines = <$fh>;
    return @lines >= 8 && $lines[7] =~ /^ready/;
}


# 'fast' ends the sessions, 'smart' waits for them, 'immediate' is a crash.

sub stop {
    my ($self, $mode) = @_;

    my %signal = (smart => 'TERM', fast => 'INT', immediate => 'QUIT');
    my $signal = $signal{$mode // 'fast'} or croak "no stop mode \"$mode\"";

    return unless $self->{pid};

    kill $signal, $self->{pid};
    $self->_wait or do {
        $self->kill9;
        croak "PostgreSQL did not stop within $DEADLINE s";
    };

    return;
}


# As the kernel's out-of-memory killer would, with every backend.

sub kill9 {
    my ($self) = @_;

    return unless $self->{pid};

    # the postmaster first, so that it starts no others
    my @children = _children($self->{pid});
    kill 'STOP', $self->{pid};
    @children = _children($self->{pid});
    kill 'KILL', $self->{pid}, @children;
    $self->_wait;

    my $end = time + $DEADLINE;
    while (grep { _alive($_) } @children) {
        croak 'backends survive SIGKILL' if time > $end;
        sleep 0.01;
    }

    return;
}


sub _wait {
    my ($self) = @_;

    my $end = time + $DEADLINE;
    while (time < $end) {
        my $got = waitpid $self->{pid}, POSIX::WNOHANG();
        if ($got != 0) {
            $self->{pid} = undef;
            return 1;
        }
        sleep 0.01;
    }

    return 0;
}


sub is_running { return defined $_[0]{pid} ? 1 : 0 }


# Pids of client sessions; $where is a condition on pg_stat_activity.

sub backends {
    my ($self, $where) = @_;

    $where //= 'true';
    my $out = $self->psql(<<"SQL");
select pid
  from pg_catalog.pg_stat_activity
 where backend_type = 'client backend'
   and pid <> pg_catalog.pg_backend_pid()
   and datname = 'team'
   and ($where)
 order by pid
SQL
    return split /\n/, $out;
}


sub log {
    my ($self) = @_;

    open my $fh, '<', $self->{log} or return '';
    local $/;
    return scalar <$fh> // '';
}


# --- talking to it -----------------------------------------------------------

sub dir  { return $_[0]{dir} }
sub data { return $_[0]{data} }
sub pid  { return $_[0]{pid} }
sub port { return $_[0]{port} }


# user, dbname; tcp => 1 for the TCP address; any other option of libpq.

sub conninfo {
    my ($self, %opt) = @_;

    my $tcp = delete $opt{tcp};
    croak 'made without tcp => 1' if $tcp && !$self->{tcp};

    my %all = (
        host   => $tcp ? '127.0.0.1' : $self->{dir},
        port   => $self->{port},
        dbname => 'team',
        user   => $USER,
        %opt,
    );
    return join ' ', map { "$_=$all{$_}" } grep { defined $all{$_} }
                     sort keys %all;
}


# Runs SQL text (backslash commands too), returns unaligned rows without a
# final newline; dies with psql's error.  Options as conninfo.

sub psql {
    my ($self, $sql, %opt) = @_;

    my ($status, $out, $err) = $self->try_psql($sql, %opt);
    croak $err if $status != 0;
    chomp $out;
    return $out;
}


# The same, never dies: (exit status, stdout, stderr).  file => runs a file.

sub try_psql {
    my ($self, $sql, %opt) = @_;

    my $file = delete $opt{file};
    my $set = delete $opt{set} // {};
    croak 'neither SQL nor a file' unless defined $sql || defined $file;

    my @command = (bindir() . '/psql', '-X', '-q', '-A', '-t',
                   '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=verbose',
                   (map { ('-v', "$_=$set->{$_}") } sort keys %$set),
                   '-d', $self->conninfo(%opt));

    my ($in, $out, $err) = map { File::Temp->new } 1 .. 3;
    if (defined $file) {
        push @command, '-f', $file;

    } else {
        binmode $in, ':utf8';
        print {$in} $sql;
        close $in;
    }

    defined(my $pid = fork) or croak "fork: $!";
    if ($pid == 0) {
        open STDIN, '<', "$in";
        open STDOUT, '>', "$out";
        open STDERR, '>', "$err";
        $ENV{PGOPTIONS} = '';
        $ENV{PGCLIENTENCODING} = 'UTF8';
        { no warnings 'exec'; exec @command; }
        POSIX::_exit(127);
    }
    waitpid $pid, 0;
    my $status = $?;

    return ($status, map {
        open my $fh, '<:utf8', "$_" or croak "$_: $!";
        local $/;
        scalar <$fh> // '';
    } $out, $err);
}


# A DBI handle that raises; options as conninfo.

sub dbh {
    my ($self, %opt) = @_;

    require DBI;
    my $user = delete $opt{user} // $USER;
    (my $dsn = $self->conninfo(%opt, user => undef)) =~ tr/ /;/;
    return DBI->connect("dbi:Pg:$dsn", $user, '', {
        RaiseError     => 1,
        PrintError     => 0,
        AutoCommit     => 1,
        pg_enable_utf8 => 1,
    });
}


# Loads sql/install.sql; does nothing where the template had it, unless forced.

sub install {
    my ($self, %opt) = @_;

    return $self if $self->{installed} && !$opt{force};

    my $has = $self->psql("select 1 from pg_catalog.pg_database
                            where datname = 'team'", dbname => 'postgres');
    $self->psql('create database team', dbname => 'postgres') unless $has;

    my ($status, undef, $err) = $self->try_psql(undef,
        file => "$ROOT/sql/install.sql");
    croak "sql/install.sql: $err" if $status != 0;

    $self->{installed} = 1;
    return $self;
}


# Accounts and people of t/data/sample.sql.

sub sample {
    my ($self) = @_;

    my ($status, undef, $err) = $self->try_psql(undef,
        file => "$ROOT/t/data/sample.sql");
    croak "t/data/sample.sql: $err" if $status != 0;

    return $self;
}


# --- its end -----------------------------------------------------------------

sub destroy {
    my ($self) = @_;

    return if !defined $self->{dir} || $self->{owner} != $$;

    my $dir = $self->{dir};

    if ($self->{pid}) {
        kill 'QUIT', $self->{pid};
        my $end = time + 10;
        until (waitpid($self->{pid}, POSIX::WNOHANG()) != 0) {
            kill 'KILL', $self->{pid} if time > $end;
            sleep 0.01;
        }
        $self->{pid} = undef;
    }

    remove_tree($dir);
    $self->{dir} = undef;
    delete $live{refaddr $self};

    # the watcher sees our end of its pipe close, finds nothing to do, ends
    if ($self->{pipe}) {
        close delete $self->{pipe};
        waitpid delete $self->{watcher}, 0;
    }

    return;
}


sub DESTROY {
    my ($self) = @_;

    local ($?, $@, $!);
    $self->destroy;
}


# A process that outlives even our SIGKILL: when the pipe's other end closes,
# it stops what is left and removes the directory.

sub _watch {
    my ($self) = @_;

    pipe my $read, my $write or croak "pipe: $!";

    defined(my $pid = fork) or croak "fork: $!";

    if ($pid) {
        close $read;
        $self->{pipe} = $write;
        $self->{watcher} = $pid;
        return;
    }

    close $write;
    POSIX::setsid();
    $SIG{$_} = 'IGNORE' for qw(INT TERM HUP);
    open STDIN, '<', '/dev/null';
    open STDOUT, '>', '/dev/null';
    open STDERR, '>', '/dev/null';

    # the pipes of others' watchers must not be held open by this one
    opendir my $fds, '/proc/self/fd' or POSIX::_exit(1);
    my @open = grep { /^\d+\z/ && $_ > 2 && $_ != fileno $read } readdir $fds;
    POSIX::close($_) for @open;

    sysread $read, my $nothing, 1;

    if (open my $fh, '<', "$self->{data}/postmaster.pid") {
        my $postmaster = <$fh>;
        if (defined $postmaster && $postmaster =~ /^(\d+)$/
            && _cwd($1) eq $self->{data})
        {
            my $pid = $1;
            my $end = time + 10;
            kill 'QUIT', $pid;
            while (_alive($pid)) {
                kill 'KILL', $pid if time > $end;
                sleep 0.02;
            }
        }
    }

    remove_tree($self->{dir}) if -d $self->{dir};
    POSIX::_exit(0);
}


END {
    local $?;
    $_->destroy for grep { defined } values %live;
}


# A signal ends the process through exit, so that objects are destroyed.

sub _catch_signals {
    for my $name (qw(INT TERM HUP)) {
        next if $before{$name};
        next if defined $SIG{$name} && $SIG{$name} !~ /^(?:DEFAULT)?\z/;
        $before{$name} = 1;
        my $number = { INT => 2, TERM => 15, HUP => 1 }->{$name};
        $SIG{$name} = sub { exit 128 + $number };
    }
}


# --- small things ------------------------------------------------------------

my $bindir;

# The newest installed version's programs; TEAM_PG_BIN names another one.

sub bindir {
    return $bindir if defined $bindir;

    if (defined $ENV{TEAM_PG_BIN}) {
        $bindir = $ENV{TEAM_PG_BIN};

    } else {
        ($bindir) = map { $_->[1] }
                    sort { $b->[0] <=> $a->[0] }
                    map { m{/(\d+)/bin\z} ? [$1, $_] : () }
                    grep { -x "$_/postgres" && -x "$_/initdb" }
                    glob '/usr/lib/postgresql/*/bin';
    }

    croak 'no PostgreSQL server found under /usr/lib/postgresql'
        unless defined $bindir && -x "$bindir/postgres";

    return $bindir;
}


my $version;

# The server's version as text: "15.20".

sub _version {
    my $postgres = bindir() . '/postgres';
    ($version) = `$postgres --version` =~ /(\d+(?:\.\d+)?)/
        unless defined $version;
    return $version;
}

sub major {
    my ($major) = _version() =~ /^(\d+)/;
    return $major;
}


sub root { return $ROOT }


sub _is_root { return $> == 0 }


sub _as_postgres {
    my (@command) = @_;

    return @command unless _is_root();
    return ('setpriv', "--reuid=$USER", "--regid=$USER", '--init-groups',
            @command);
}


sub _run {
    my (@command) = @_;

    my $out = File::Temp->new;
    defined(my $pid = fork) or croak "fork: $!";
    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$out";
        open STDERR, '>&', \*STDOUT;
        chdir '/';
        { no warnings 'exec'; exec @command; }
        POSIX::_exit(127);
    }
    waitpid $pid, 0;
    return if $? == 0;

    my $status = $?;
    local $/;
    my $text = <$out> // '';
    croak "@command: status $status\n$text";
}


sub _alive {
    my ($pid) = @_;

    open my $fh, '<', "/proc/$pid/stat" or return 0;
    my $stat = <$fh> // return 0;
    return $stat =~ /\) [ZX] / ? 0 : 1;
}


sub _cwd { return readlink("/proc/$_[0]/cwd") // '' }


sub _children {
    my ($pid) = @_;

    my @children;
    for my $file (glob '/proc/[0-9]*/stat') {
        open my $fh, '<', $file or next;
        my $stat = <$fh> // next;
        push @children, $1
            if $stat =~ /^(\d+) \(.*\) \S+ (\d+) /s && $2 == $pid;
    }
    return @children;
}


1;
