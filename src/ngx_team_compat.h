/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* What differs between versions of nginx; nginx_version is tested here only. */

#ifndef NGX_TEAM_COMPAT_H
#define NGX_TEAM_COMPAT_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <nginx.h>


/* Since 1.23.0 headers of one name are chained, and the end must be told. */

#if (nginx_version >= 1023000)

#define ngx_team_header_alone(h)      (h)->next = NULL
#define ngx_team_header_before(h, n)  (h)->next = (n)

#else

#define ngx_team_header_alone(h)      (void) (h)
#define ngx_team_header_before(h, n)  (void) (h)

#endif


#endif /* NGX_TEAM_COMPAT_H */
