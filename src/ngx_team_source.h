/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* Where a request carries its token. */

#ifndef NGX_TEAM_SOURCE_H
#define NGX_TEAM_SOURCE_H

#include "ngx_team.h"


/*
 * Takes the token's text from the first of the location's sources that is
 * present.  *text is borrowed from the request; *type is the ngx_team_source_e
 * it came from.
 *
 * Returns TEAM_OK; TEAM_TOKEN_MISSING; TEAM_TOKEN_MALFORMED if the source is
 * there twice: whoever is behind us might read the other one.
 */

team_reason_e ngx_team_source_find(ngx_http_request_t *r, team_str_t *text,
    ngx_uint_t *type);


#endif /* NGX_TEAM_SOURCE_H */
