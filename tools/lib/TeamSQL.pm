# SPDX-License-Identifier: BSD-2-Clause
# Copyright (C) the ngx_team authors

package TeamSQL;

# Which problems a function of team_api can answer with: those that it, or what
# it calls, raises or refuses with, as far as the text of sql/functions says.
#
#     my $sql = TeamSQL->new;
#     $sql->functions               names in team_api
#     $sql->problems('me_get')      { 401 => { 'token-missing' => 1 } }

use strict;
use warnings;

use TeamSource;

# Not looked into: what is raised in there is caught, and becomes a part of the
# answer; or only some of it can be raised.

my %opaque = map { $_ => 1 } qw(invitation_row_try if_match_honour);


sub new {
    my ($class) = @_;

    my $self = bless { bodies => {}, api => {} }, $class;

    for my $path (files(qr{^sql/functions/.*\.sql$})) {
        my $text = slurp($path) =~ s/--[^\n]*//gr;

        while ($text =~ /^create\ or\ replace\ function
                         \ (team|team_api)\.(\w+)\s*\(
                         (.*?)\bas\ \$\$(.*?)\$\$;/gmsx)
        {
            my ($schema, $name, $body) = ($1, $2, $4);

            if ($schema eq 'team_api') {
                $self->{api}{$name} = $body;
            } else {
                $self->{bodies}{$name} .= $body;
            }
        }
    }

    return $self;
}


sub functions { return sort keys %{ $_[0]{api} } }


sub problems {
    my ($self, $function) = @_;

    my %seen;
    my $text = $self->{api}{$function} // return {};

    $text .= $self->_called($text, \%seen);

    my %problems;

    $problems{$1}{$2} = 1
        while $text =~ /\bteam\.fail(?:_at)?\(\s*(\d{3}),
                        \s*'([a-z]+(?:-[a-z]+)*)'/gx;

    $problems{$1}{$2} = 1
        while $text =~ /errcode\ =\ 'TM(\d{3})',
                        \s*message\ =\ '([a-z]+(?:-[a-z]+)*)'/gx;

    $problems{422}{"invalid-$1"} = 1
        while $text =~ /\bteam\.name_check\([^;()]*(?:\([^;()]*\)[^;()]*)*
                        '(\w+)'\)/gx;

    while ($text =~ /\bteam\.patch_check\([^,]+,\s*array\[([^\]]*)\]/g) {
        $problems{422}{"invalid-$_"} = 1 for $1 =~ /'(\w+)'/g;
    }

    $problems{412}{'precondition-failed'} = 1
        if $text =~ /\bteam\.if_match_honour\(/;

    # written into the reply: a status, and near it a code

    $problems{$1}{$2} = 1
        while $text =~ /\.status\ :=\ ([45]\d\d);\s*\S+\.body\ :=[^;]*?
                        'code',\s*'([a-z]+(?:-[a-z]+)*)'/gx;

    return \%problems unless $seen{refuse};

    for my $rule (grep { /^rule_/ } keys %seen) {
        next if $rule eq 'rule_inviter';

        $problems{403}{$1} = 1
            while $self->{bodies}{$rule}
                  =~ /\b(?:return|then|else)\s+'([a-z]+(?:-[a-z]+)*)'/g;
    }

    return \%problems;
}


# The bodies of all that is called from a text, each once.

sub _called {
    my ($self, $text, $seen) = @_;

    my $all = '';

    while ($text =~ /\bteam\.(\w+)\s*\(/g) {
        my $name = $1;

        next if $seen->{$name}++ || $opaque{$name}
                || !defined $self->{bodies}{$name};

        my $body = $self->{bodies}{$name};

        $all .= $body . $self->_called($body, $seen);
    }

    return $all;
}


1;
