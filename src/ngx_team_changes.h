/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* What team_api.changes_since() says, put into the zone. */

#ifndef NGX_TEAM_CHANGES_H
#define NGX_TEAM_CHANGES_H

#include "ngx_team.h"


#define NGX_TEAM_CHANGES_SNAPSHOT  1024     /* bytes kept of a position */


/*
 * A snapshot is "xmin:xmax:xip,...".  Many transactions under way make it
 * long; then "xmin:xmin:" takes its place, which only tells some changes
 * twice.  Writes at most NGX_TEAM_CHANGES_SNAPSHOT bytes to *to.  Returns the
 * length, 0 for what is no snapshot.
 */

size_t ngx_team_changes_position(char *to, ngx_str_t *snapshot);


/*
 * Applies a row: it names a person, or an account, or neither: then it is
 * everything.
 */

void ngx_team_changes_apply(ngx_team_query_t *query, ngx_uint_t row);


#endif /* NGX_TEAM_CHANGES_H */
