/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* The gate. */

#ifndef NGX_TEAM_ACCESS_H
#define NGX_TEAM_ACCESS_H

#include "ngx_team.h"


/* Post-read and preaccess phases: what the client sent under X-Team- goes. */

ngx_int_t ngx_team_access_scrub(ngx_http_request_t *r);
ngx_int_t ngx_team_access_scrub_again(ngx_http_request_t *r);


/*
 * Access phase; it has to be the last handler there.  NGX_DECLINED: nothing is
 * asked for; NGX_OK: let through; NGX_AGAIN: waits for a grant; NGX_DONE: an
 * answer has been given.
 */

ngx_int_t ngx_team_access_handler(ngx_http_request_t *r);


#endif /* NGX_TEAM_ACCESS_H */
