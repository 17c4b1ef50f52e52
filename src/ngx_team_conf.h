/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * From text to configuration.  What is made here is const everywhere else.
 * Every setter returns NGX_CONF_OK, or logs at [emerg] with file and line what
 * was expected and returns NGX_CONF_ERROR.
 */

#ifndef NGX_TEAM_CONF_H
#define NGX_TEAM_CONF_H

#include "ngx_team.h"


void *ngx_team_conf_create_main(ngx_conf_t *cf);
char *ngx_team_conf_init_main(ngx_conf_t *cf, void *conf);
void *ngx_team_conf_create_loc(ngx_conf_t *cf);
char *ngx_team_conf_merge_loc(ngx_conf_t *cf, void *parent, void *child);


/* After merging: what is used must have been given.  NGX_OK or NGX_ERROR. */

ngx_int_t ngx_team_conf_check(ngx_conf_t *cf);


/* http */

char *ngx_team_conf_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_team_conf_database(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_team_conf_issuer(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_team_conf_cache(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_team_conf_changes(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* http, server, location */

char *ngx_team_conf_token(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_team_conf_access(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_team_conf_names(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_team_conf_bypass(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_team_conf_assertion(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* location */

char *ngx_team_conf_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_team_conf_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


/* in team_issuer { } */

char *ngx_team_conf_keys(ngx_conf_t *cf, ngx_team_issuer_t *issuer);


/*
 * "limit_except" and "if" are locations inside the location, which answer as
 * the one around them does, unless they lead to somewhere else.  Returns 1 for
 * such a block, else 0.
 */

ngx_uint_t ngx_team_conf_inherit_place(ngx_conf_t *cf,
    ngx_team_loc_conf_t *conf, const ngx_team_loc_conf_t *prev);


/*
 * A location of the API gets an error_page for what nginx itself refuses there;
 * after inherit_place.  NGX_OK or NGX_ERROR (no memory).
 */

ngx_int_t ngx_team_conf_problem(ngx_conf_t *cf, ngx_team_loc_conf_t *conf);


/*
 * Reads a file of 1 to TEAM_MAX_KEY_FILE bytes, named relative to the
 * configuration; *name becomes its full name, *text is from cf->temp_pool, and
 * *open_to_all tells whether every user may read it.
 * NGX_OK; NGX_ERROR: logged.
 */

ngx_int_t ngx_team_conf_read(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *text, ngx_uint_t *open_to_all);


/* Warns about a secret that every user may read. */

void ngx_team_conf_warn_secret(ngx_conf_t *cf, ngx_str_t *name,
    ngx_uint_t open_to_all);


/* "name=value" whose name is as given?  Then *value is the rest; 1 or 0. */

ngx_uint_t ngx_team_conf_option(ngx_str_t *arg, const char *name,
    ngx_str_t *value);


#endif /* NGX_TEAM_CONF_H */
