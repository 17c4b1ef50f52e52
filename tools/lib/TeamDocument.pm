# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package TeamDocument;

# Whether a document is OpenAPI 3.1, in our strict reading: no member that the
# standard does not have, every reference leads somewhere, nothing is unused,
# examples are what their schemas say.  And ways to look things up in it.

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();
use JSON::Validator;

use TeamSource;

our @EXPORT = qw(document_check operations resolve problem_codes);

my %methods = map { $_ => 1 } qw(get post put patch delete);

# Members of each kind of object: "!" is needed, ":kind" is an object of that
# kind, "[kind" a list and "{kind" a map of such.

my %kinds = (
    document   => '!openapi !info:info servers[server !paths{path
                   components:components security tags[tag',
    info       => '!title !version summary description license:license',
    license    => '!name identifier',
    server     => '!url description variables{variable',
    variable   => '!default enum description',
    tag        => '!name description',
    components => 'securitySchemes{scheme parameters{parameter headers{header
                   responses{response schemas{schema',
    scheme     => '!type description name in scheme bearerFormat',
    path       => 'get:operation post:operation put:operation patch:operation
                   delete:operation',
    operation  => '!operationId !tags !summary description security
                   parameters[parameter requestBody:body
                   !responses{response x-permission',
    parameter  => '!name !in required !description !schema:schema',
    header     => '!description required !schema:schema',
    body       => '!required !content{media description',
    media      => '!schema:schema example',
    response   => '!description headers{header content{media',
    schema     => 'type enum const description format pattern minLength
                   maxLength minimum maximum items:schema minItems maxItems
                   properties{schema required additionalProperties default
                   examples allOf[schema anyOf[schema oneOf[schema',
);

my %section = (parameter => 'parameters', header => 'headers',
               response => 'responses', schema => 'schemas');

my ($source, $root, %used);


sub document_check {
    ($source, $root) = @_;
    %used = ();

    _complain('', 'openapi is not 3.1.x')
        unless ($root->{openapi} // '') =~ /^3\.1\.\d+$/;

    _object('document', '', $root);

    for my $section (values %section) {
        for my $name (sort keys %{ $root->{components}{$section} || {} }) {
            _complain("/components/$section/$name", 'is used nowhere')
                unless $used{"#/components/$section/$name"};
        }
    }

    _operations_check();
    _examples_check();

    return;
}


sub _complain {
    my ($where, $what) = @_;

    return complain($source, undef, ($where || '/') . ": $what");
}


sub _object {
    my ($kind, $where, $object) = @_;

    return _complain($where, 'must be an object') if ref $object ne 'HASH';

    return _reference($kind, $where, $object) if exists $object->{'$ref'};

    my %member;

    for (split ' ', $kinds{$kind}) {
        my ($needed, $name, $how, $of) = /^(!?)([\w-]+)(?:([:\[\{])(\w+))?$/
            or die "kinds: $_\n";

        $member{$name} = [$how, $of];
        _complain($where, "has no $name")
            if $needed && !exists $object->{$name};
    }

    for my $name (sort keys %$object) {
        my $value = $object->{$name};
        my $at = "$where/" . $name =~ s{~}{~0}gr =~ s{/}{~1}gr;

        if (!$member{$name}) {
            _complain($at, "is nothing that a $kind has");
            next;
        }

        my ($how, $of) = @{ $member{$name} };

        next unless $how;

        if ($how eq ':') {
            _object($of, $at, $value);

        } elsif ($how eq '[') {
            ref $value eq 'ARRAY' ? do { _object($of, "$at/$_", $value->[$_])
                                         for 0 .. $#$value }
                                  : _complain($at, 'must be a list');

        } else {
            ref $value eq 'HASH' ? do { _object($of, "$at/$_", $value->{$_})
                                        for sort keys %$value }
                                 : _complain($at, 'must be a map');
        }
    }

    return;
}


# A reference stands alone; beside one to a schema there may be a description.

sub _reference {
    my ($kind, $where, $object) = @_;

    my $ref = $object->{'$ref'};
    my ($section, $name) = $ref =~ m{^#/components/(\w+)/(\w+)$};

    _complain($where, "$ref leads nowhere")
        unless $name && exists $root->{components}{$section}{$name}
               && ($section{$kind} // '') eq $section;

    my $most = $kind eq 'schema' && exists $object->{description} ? 2 : 1;

    _complain($where, 'has more beside its $ref') if keys %$object > $most;

    $used{$ref} = 1;

    return;
}


# "GET /path" => operation.

sub operations {
    my ($document) = @_;

    my %operations;

    for my $path (keys %{ $document->{paths} }) {
        for my $method (keys %{ $document->{paths}{$path} }) {
            $operations{ uc($method) . " $path" } =
                $document->{paths}{$path}{$method} if $methods{$method};
        }
    }

    return %operations;
}


sub resolve {
    my ($document, $node) = @_;

    my $limit = 10;

    while (ref $node eq 'HASH' && exists $node->{'$ref'}) {
        my $ref = $node->{'$ref'};

        die "$ref: a circle\n" unless $limit--;
        $node = $document;

        for (split m{/}, $ref =~ s{^#/}{}r) {
            $node = $node->{$_} // die "$ref leads nowhere\n";
        }
    }

    return $node;
}


# The codes that a problem response may have.

sub problem_codes {
    my ($document, $response) = @_;

    return unless $response;

    my $content = resolve($document, $response)->{content} || {};
    my $media = $content->{'application/problem+json'} or return;

    return map { m{^/problems/(.+)} ? $1 : $_ }
           map { @{ $_->{properties}{type}{enum} || [] } }
           @{ $media->{schema}{allOf} || [] };
}


sub _operations_check {
    my %operations = operations($root);
    my %tags = map { $_->{name} => 1 } @{ $root->{tags} || [] };
    my %ids;

    for my $name (sort keys %operations) {
        my $operation = $operations{$name};
        my %declared;

        _complain($name, "operationId is there twice")
            if $ids{ $operation->{operationId} // '' }++;

        for (@{ $operation->{tags} || [] }) {
            _complain($name, "the tag $_ is not declared") unless $tags{$_};
        }

        for (map { resolve($root, $_) } @{ $operation->{parameters} || [] }) {
            _complain($name, "$_->{name} is there twice")
                if $declared{$_->{in}}{$_->{name}}++;
            _complain($name, "$_->{name} must be required")
                if $_->{in} eq 'path' && !$_->{required};
        }

        my %placeholder = map { $_ => 1 } $name =~ /\{(\w+)\}/g;

        for (sort keys %{ { %placeholder, %{ $declared{path} || {} } } }) {
            _complain($name, "{$_} in the path and its parameters differ")
                unless $placeholder{$_} && $declared{path}{$_};
        }

        my @statuses = keys %{ $operation->{responses} || {} };

        for (grep { !/^[2345]\d\d$/ } @statuses) {
            _complain($name, "no status: $_");
        }

        _complain($name, 'no success') unless grep { /^2/ } @statuses;

        for my $body (grep { $_ } $operation->{requestBody}) {
            my $json = $body->{content}{'application/json'} or next;

            _complain($name, 'lets unknown members into its body')
                if grep { !_closed($_) } _kinds_of($json->{schema});
        }
    }

    return;
}


# The schemas that a body may be of.

sub _kinds_of {
    my $schema = resolve($root, $_[0]);

    return map { resolve($root, $_) } @{ $schema->{oneOf} || [$schema] };
}


sub _closed {
    my ($schema) = @_;

    return exists $schema->{additionalProperties}
           && !$schema->{additionalProperties};
}


# Every example, where it stands, by its own schema.

sub _examples_check {
    my $schema = _validator($root) or return;
    my @todo = (['', $schema->data]);

    while (my $next = shift @todo) {
        my ($where, $node) = @$next;

        if (ref $node eq 'HASH') {

            # beside a member of that name there are members of any name

            my @examples = $where =~ m{/(?:properties|schemas)$} ? ()
                         : ref $node->{examples} eq 'ARRAY'
                         ? map { [$node, $_] } @{ $node->{examples} } : ();

            push @examples, [$node->{schema}, $node->{example}]
                if exists $node->{example} && $node->{schema};

            for (@examples) {
                my ($of, $example) = @$_;

                _complain($where, "its example: $_")
                    for $schema->validate($example, $of);
            }

            push @todo, map { ["$where/$_", $node->{$_}] } sort keys %$node;

        } elsif (ref $node eq 'ARRAY') {
            push @todo, map { ["$where/$_", $node->[$_]] } 0 .. $#$node;
        }
    }

    return;
}


# OpenAPI 3.1 is JSON Schema 2020-12; of that we use what 2019-09 has too.

sub _validator {
    my ($document) = @_;

    my $copy = JSON::PP->new->decode(JSON::PP->new->encode($document));

    $copy->{'$schema'} = 'https://json-schema.org/draft/2019-09/schema';

    my $schema = eval { JSON::Validator->new->schema($copy)->schema };

    _complain('', "the schemas can't be read: $@") unless $schema;

    return $schema;
}


1;
