/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* What the zone has counted: for people and programs, and for Prometheus. */

#ifndef NGX_TEAM_STATUS_H
#define NGX_TEAM_STATUS_H

#include "ngx_team.h"


/* The content handler that team_status sets; tlcf->status says which form. */

ngx_int_t ngx_team_status_handler(ngx_http_request_t *r);


#endif /* NGX_TEAM_STATUS_H */
