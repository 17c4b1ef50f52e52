/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* $team_decision and the others, for logs, maps and upstreams. */

#ifndef NGX_TEAM_VARIABLES_H
#define NGX_TEAM_VARIABLES_H

#include "ngx_team.h"


/* Preconfiguration: makes the variables known.  NGX_OK or NGX_ERROR. */

ngx_int_t ngx_team_variables_add(ngx_conf_t *cf);


#endif /* NGX_TEAM_VARIABLES_H */
