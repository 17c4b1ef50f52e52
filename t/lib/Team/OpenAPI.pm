# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package Team::OpenAPI;

# Holds answers against docs/openapi.yaml.
#
#     my $api = Team::OpenAPI->shared;
#     my @faults = $api->faults('GET', '/v1/me', $res);      none: well
#     my $operation = $api->operation('GET', '/v1/me');
#     $api->operations                                       all of them
#
# The clients of Team::Site do so with every answer of the API; see observe().
# An answer may have no member that the document doesn't, though a program must
# be ready for more.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use JSON ();
use JSON::PP ();
use JSON::Validator;
use Test::Builder;
use YAML::XS ();

my $root = abs_path(dirname(__FILE__) . '/../../..');
my $shared;


sub shared { return $shared //= $_[0]->new }


sub new {
    my ($class) = @_;

    my $document = _load();

    $document->{'$schema'} = 'https://json-schema.org/draft/2019-09/schema';

    my $schema = JSON::Validator->new->schema($document)->schema;

    my $self = bless { schema => $schema, document => $schema->data,
                       operations => [] }, $class;

    for my $path (sort keys %{ $self->document->{paths} }) {
        my $item = $self->document->{paths}{$path};
        my $pattern = join '[^/]+',
                      map { quotemeta } split /\{\w+\}/, $path, -1;

        for my $method (sort keys %$item) {
            push @{ $self->{operations} }, {
                method => uc $method, path => $path, is => $item->{$method},
                id => $item->{$method}{operationId},
                pattern => qr/\A$pattern\z/,
            };
        }
    }

    return $self;
}


sub _load {
    local $YAML::XS::Boolean = 'JSON::PP';

    return YAML::XS::LoadFile("$root/docs/openapi.yaml");
}


# As it is written, while document() is as JSON::Validator has it.

sub plain      { return _load() }
sub document   { return $_[0]{document} }
sub operations { return @{ $_[0]{operations} } }


# The operation that a request means; a query is left out of account.

sub operation {
    my ($self, $method, $path) = @_;

    $method = 'GET' if $method eq 'HEAD';
    $path =~ s/\?.*//s;

    # fixed segments go before placeholders

    my ($found) = sort { ($a->{path} =~ tr/{//) <=> ($b->{path} =~ tr/{//) }
                  grep { $_->{method} eq $method && $path =~ $_->{pattern} }
                  $self->operations;

    return $found;
}


# What is wrong with an answer.

sub faults {
    my ($self, $method, $path, $res) = @_;

    my $operation = $self->operation($method, $path);
    my $status = $res->status;

    return $self->_problem($res) unless $operation;

    my $response = $operation->{is}{responses}{$status}
        or return "$operation->{id} never answers $status: "
                  . substr $res->body, 0, 300;

    $response = $self->resolve($response);

    return $self->_headers($response, $res),
           $method eq 'HEAD' ? () : $self->_content($response, $res);
}


# What is wrong with a body that is to be sent as JSON.

sub request_faults {
    my ($self, $method, $path, $body) = @_;

    my $operation = $self->operation($method, $path)
        or return "no operation: $method $path";
    my $content = ($operation->{is}{requestBody} || {})->{content};

    return defined $body ? ('a body') : () unless $content;

    # JSON::Validator wants the booleans of JSON::PP

    return map { "$_" } $self->{schema}->validate(
        JSON::PP->new->utf8->decode(JSON->new->utf8->encode($body)),
        $content->{'application/json'}{schema});
}


# What is no operation is answered with a problem all the same.

sub _problem {
    my ($self, $res) = @_;

    return 'an answer ' . $res->status . ' to what is no operation'
        if $res->status !~ /^(?:4\d\d|500|503)$/;

    return if $res->body eq '';

    return $self->_content({ content => { 'application/problem+json' => {
        schema => $self->document->{components}{schemas}{Problem} } } }, $res);
}


sub _headers {
    my ($self, $response, $res) = @_;

    my @faults;

    for my $name (sort keys %{ $response->{headers} || {} }) {
        my $header = $self->resolve($response->{headers}{$name});
        my @values = $res->header($name);

        push @faults, "no $name" if $header->{required} && !@values;
        push @faults, "$name is there twice" if @values > 1;
        push @faults, map { "$name: $_" }
                      $self->{schema}->validate($_, $header->{schema})
            for @values;
    }

    for my $name (qw(ETag Location Link)) {
        push @faults, "$name, which is not documented"
            if defined scalar $res->header($name)
               && !$response->{headers}{$name};
    }

    push @faults, 'may be stored'
        if ($res->header('cache-control') // '') ne 'no-store';

    return @faults;
}


sub _content {
    my ($self, $response, $res) = @_;

    my $type = ($res->header('content-type') // '') =~ s/\s*;.*//sr;
    my $content = $response->{content};

    return $res->body eq '' ? () : ('a body') unless $content;

    my $media = $content->{$type}
        or return "the type '$type': " . substr $res->body, 0, 300;

    return if $type eq 'text/csv';

    # JSON::Validator wants the booleans of JSON::PP

    my $data = eval { JSON::PP->new->utf8->decode($res->body) };

    return "no JSON: $@" if $@;

    my @faults = $self->{schema}->validate($data, $media->{schema});

    # the document itself is described by its own standard

    return @faults if ref $data eq 'HASH' && $data->{openapi};

    return map({ "$_" } @faults),
           @faults ? () : $self->_unknown($data, '', $media->{schema});
}


# Members that no schema of a value has.

sub _unknown {
    my ($self, $data, $where, @schemas) = @_;

    @schemas = map { $self->_parts($_) } @schemas;

    if (ref $data eq 'ARRAY') {
        my @items = map { $_->{items} || () } @schemas;

        return map { $self->_unknown($data->[$_], "$where/$_", @items) }
               0 .. $#$data;
    }

    my @properties = map { $_->{properties} || () } @schemas;

    return if ref $data ne 'HASH' || !@properties;

    my @faults;

    for my $name (sort keys %$data) {
        my @of = map { $_->{$name} || () } @properties;

        push @faults, @of ? $self->_unknown($data->{$name}, "$where/$name", @of)
                          : "$where/$name is not documented";
    }

    return @faults;
}


# A schema and all that it is made of.

sub _parts {
    my ($self, $schema) = @_;

    $schema = $self->resolve($schema);

    return $schema, map { $self->_parts($_) }
                    map { @{ $schema->{$_} || [] } } qw(allOf anyOf oneOf);
}


sub resolve {
    my ($self, $node) = @_;

    while (ref $node eq 'HASH' && ref \($node->{'$ref'} // []) eq 'SCALAR') {
        my @path = split m{/}, $node->{'$ref'} =~ s{^#/}{}r;

        $node = $self->document;
        $node = $node->{$_} // die "@path leads nowhere\n" for @path;
    }

    return $node;
}


# For clients: fails the test with an answer that is not as documented.  The
# path is as it was sent; all that is not below /team/ is not the API's.

sub observe {
    my ($self, $method, $uri, $res) = @_;

    my ($path) = $uri =~ m{\A/team(/[^?]*)} or return;

    # what nginx itself refuses never gets as far as the API

    return if $res->status =~ /^(?:400|408|414)$/
              && ($res->header('content-type') // '') eq 'text/html';

    my @faults = $self->faults($method, $path, $res);
    my $operation = $self->operation($method, $path);

    $self->{seen}{ $operation->{id} }{ $res->status }++ if $operation;

    return unless @faults;

    my $test = Test::Builder->new;

    $test->ok(0, "as docs/openapi.yaml says: $method $uri " . $res->status);
    $test->diag("  $_") for @faults;

    return;
}


# The answers so far: { operation => { status => how many } }.

sub seen { return $_[0]{seen} || {} }


1;
