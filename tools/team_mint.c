/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * Mints tokens for demo and tests, with libjwt.  Reads JSON, one object a line:
 *
 *     {"alg":"RS256","kid":"k1","key_file":"key.pem","claims":{"sub":"a"}}
 *
 * and prints one token a line.  alg is one of RS, ES, HS 256, 384, 512; the key
 * file holds a private key in PEM, or a secret whose trailing newline does not
 * count; kid and "typ" may be left out.  The first line that can't be minted
 * ends it with a message and status 1; bad usage is 2.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <jwt.h>

#include "../src/core/team_assertion.h"
#include "../src/core/team_json.h"


#define MAX_LINE  (256 * 1024)     /* bytes of one request */
#define MAX_KEY   (256 * 1024)     /* bytes of a key file */


typedef struct {
    const char  *alg_name;
    const char  *kid;           /* NULL: none */
    const char  *typ;           /* NULL: libjwt's own, "JWT" */
    const char  *key_file;
    json_t      *claims;
} request_t;


static int mint_line(const char *line, size_t len);
static int request_read(request_t *request, json_t *root);
static int request_member(request_t *request, const char *name,
    json_t *value);
static unsigned char *key_read(const request_t *request, size_t *len);
static int key_check(const request_t *request, const unsigned char *key,
    size_t len);
static int token_print(const request_t *request, const unsigned char *key,
    size_t len);
static int token_prepare(jwt_t *jwt, const request_t *request,
    const unsigned char *key, size_t len);
static int complain(const char *format, ...)
    __attribute__((format(printf, 1, 2)));


static unsigned long  line_number;


int
main(int argc, char **argv)
{
    int           rc;
    size_t        len;
    static char   line[MAX_LINE + 2];

    (void) argv;

    if (argc != 1) {
        fprintf(stderr, "usage: team_mint < requests\n"
                "one JSON object a line: alg, key_file, claims; kid, typ\n");
        return 2;
    }

    rc = 0;

    while (rc == 0 && fgets(line, sizeof(line), stdin) != NULL) {
        line_number++;
        len = strlen(line);

        if (len > 0 && line[len - 1] == '\n') {
            len--;

        } else if (len > MAX_LINE) {
            return complain("longer than %d bytes", MAX_LINE);
        }

        if (len > 0) {
            rc = mint_line(line, len);
        }
    }

    if (rc == 0 && ferror(stdin)) {
        return complain("can't read standard input");
    }

    return rc;
}


static int
mint_line(const char *line, size_t len)
{
    int                 rc;
    json_t             *root;
    size_t              key_len;
    request_t           request;
    unsigned char      *key;
    team_json_error_t   error;

    if (team_json_load(&root, line, len, &error) != TEAM_JSON_OK) {
        return complain("not JSON: %s", error.text);
    }

    key = NULL;
    rc = request_read(&request, root);

    if (rc == 0) {
        key = key_read(&request, &key_len);
        rc = (key == NULL) ? 1 : token_print(&request, key, key_len);
    }

    free(key);
    json_decref(root);

    return rc;
}


static int
request_read(request_t *request, json_t *root)
{
    json_t      *value;
    const char  *name;

    memset(request, 0, sizeof(request_t));

    if (!json_is_object(root)) {
        return complain("not a JSON object");
    }

    json_object_foreach(root, name, value) {
        if (request_member(request, name, value) != 0) {
            return 1;
        }
    }

    if (request->alg_name == NULL || request->key_file == NULL
        || request->claims == NULL)
    {
        return complain("alg, key_file and claims are needed");
    }

    return 0;
}


static int
request_member(request_t *request, const char *name, json_t *value)
{
    const char  **text;

    if (strcmp(name, "claims") == 0) {
        if (!json_is_object(value)) {
            return complain("claims is not an object");
        }

        request->claims = value;
        return 0;
    }

    if (strcmp(name, "alg") == 0) {
        text = &request->alg_name;

    } else if (strcmp(name, "kid") == 0) {
        text = &request->kid;

    } else if (strcmp(name, "typ") == 0) {
        text = &request->typ;

    } else if (strcmp(name, "key_file") == 0) {
        text = &request->key_file;

    } else {
        return complain("\"%s\" is not known", name);
    }

    if (!json_is_string(value)) {
        return complain("%s is not a string", name);
    }

    *text = json_string_value(value);

    return 0;
}


/* The key's bytes, to be freed; NULL: said why. */

static unsigned char *
key_read(const request_t *request, size_t *len)
{
    FILE           *file;
    unsigned char  *key;

    file = fopen(request->key_file, "rb");

    if (file == NULL) {
        complain("can't open key file \"%s\"", request->key_file);
        return NULL;
    }

    key = malloc(MAX_KEY + 1);
    *len = (key == NULL) ? 0 : fread(key, 1, MAX_KEY + 1, file);

    if (*len == 0 || *len > MAX_KEY || ferror(file)) {
        complain("key file \"%s\" can't be read, is empty or too long",
                 request->key_file);
        goto failed;
    }

    if (strncmp(request->alg_name, "HS", 2) == 0 && key[*len - 1] == '\n') {
        (*len)--;
    }

    if (key_check(request, key, *len) != 0) {
        goto failed;
    }

    fclose(file);

    return key;

failed:

    fclose(file);
    free(key);

    return NULL;
}


/* libjwt takes keys that do not fit, and asks for passwords: so not first. */

static int
key_check(const request_t *request, const unsigned char *key, size_t len)
{
    int             alg;
    char            error[120];
    team_str_t      name;
    team_signer_t  *signer;

    name.data = request->alg_name;
    name.len = strlen(name.data);

    alg = team_alg_find(name);

    if (alg < 0) {
        return complain("alg \"%s\" is not known", request->alg_name);
    }

    signer = team_signer_create((const char *) key, len, (team_alg_e) alg,
                                error, sizeof(error));
    if (signer == NULL) {
        return complain("%s, \"%s\": %s", request->alg_name,
                        request->key_file, error);
    }

    team_signer_free(signer);

    return 0;
}


static int
token_print(const request_t *request, const unsigned char *key, size_t len)
{
    int     rc;
    char   *text;
    jwt_t  *jwt;

    if (jwt_new(&jwt) != 0) {
        return complain("out of memory");
    }

    rc = token_prepare(jwt, request, key, len);

    if (rc == 0) {
        text = jwt_encode_str(jwt);

        if (text == NULL) {
            rc = complain("libjwt can't sign %s with this key",
                          request->alg_name);

        } else if (request->typ != NULL
                   && (jwt_get_header(jwt, "typ") == NULL
                       || strcmp(jwt_get_header(jwt, "typ"), request->typ)
                          != 0))
        {
            rc = complain("this libjwt writes no other typ than \"%s\"",
                          jwt_get_header(jwt, "typ"));

        } else if (printf("%s\n", text) < 0 || fflush(stdout) != 0) {
            rc = complain("can't write to standard output");
        }

        free(text);
    }

    jwt_free(jwt);

    return rc;
}


static int
token_prepare(jwt_t *jwt, const request_t *request, const unsigned char *key,
    size_t len)
{
    int    rc;
    char  *claims;

    if (jwt_set_alg(jwt, jwt_str_alg(request->alg_name), key, (int) len) != 0)
    {
        return complain("libjwt does not take this key for %s",
                        request->alg_name);
    }

    if ((request->kid != NULL
         && jwt_add_header(jwt, "kid", request->kid) != 0)
        || (request->typ != NULL
            && jwt_add_header(jwt, "typ", request->typ) != 0))
    {
        return complain("libjwt does not take kid or typ");
    }

    claims = json_dumps(request->claims, JSON_COMPACT);

    if (claims == NULL) {
        return complain("out of memory");
    }

    rc = jwt_add_grants_json(jwt, claims);

    free(claims);

    return rc == 0 ? 0 : complain("libjwt does not take the claims");
}


/* Returns 1, what main() is to return. */

static int
complain(const char *format, ...)
{
    va_list  args;

    fprintf(stderr, "team_mint: line %lu: ", line_number);

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);

    fprintf(stderr, "\n");

    return 1;
}
