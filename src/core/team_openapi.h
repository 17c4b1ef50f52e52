/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* The API's own description, docs/openapi.yaml as JSON. */

#ifndef TEAM_OPENAPI_H
#define TEAM_OPENAPI_H

#include "team_base.h"


/* The document; it is there as long as the program. */

team_str_t team_openapi(void);


/*
 * Where in it the mount point stands, by default: a part of the text above, in
 * a JSON string.
 */

team_str_t team_openapi_mount(void);


/* Its strong entity tag, quotes included. */

team_str_t team_openapi_etag(void);


#endif /* TEAM_OPENAPI_H */
