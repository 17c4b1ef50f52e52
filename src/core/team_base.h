/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * What every file of the core shares: a counted string, the reasons, the
 * limits.  Nothing under src/core includes an nginx header; there are no
 * globals, no I/O, no clock (time is an argument) and no logging (a reason
 * is returned instead).
 */

#ifndef TEAM_BASE_H
#define TEAM_BASE_H

#include <stddef.h>
#include <stdint.h>


/*
 * Limits.  Each is here with its reason, and nowhere else.
 */

#define TEAM_MAX_TOKEN        8192   /* bytes; nginx's header buffers are 8k */
#define TEAM_MIN_TOKEN        5      /* "a.b.c" */
#define TEAM_MAX_HEADER       2048   /* decoded JOSE header, bytes */
#define TEAM_MAX_JSON_DEPTH   32     /* nesting accepted before parsing */
#define TEAM_MAX_KID          256    /* bytes */
#define TEAM_MAX_SUBJECT      255    /* bytes, RFC 7519 gives none; OIDC: 255 */
#define TEAM_MAX_ISSUER       255    /* bytes */
#define TEAM_MAX_EMAIL        254    /* bytes, RFC 5321 path less brackets */
#define TEAM_MAX_NAME         200    /* bytes of a display name that is kept */
#define TEAM_MAX_KEYS         64     /* keys in one set */
#define TEAM_MAX_KEY_FILE     (256 * 1024)      /* bytes of a key file */
#define TEAM_MAX_TIME         253402300799LL    /* 9999-12-31T23:59:59Z */
#define TEAM_MAX_PERMISSION   100    /* bytes of "resource:action" */
#define TEAM_MAX_ROLE         63     /* bytes of a role's key */
#define TEAM_MAX_ACCOUNT      63     /* bytes of an account's id or slug */
#define TEAM_MAX_GRANT        32768  /* bytes of an encoded grant */
#define TEAM_MAX_REQUIRED     64     /* permissions in the configuration
                                        that get a bit; more are looked up */


/* Bytes with a length; not NUL-terminated unless a function says so. */

typedef struct {
    size_t       len;
    const char  *data;
} team_str_t;

#define team_string(s)  { sizeof(s) - 1, s }


/*
 * Why a request was let through or refused.  The order is also the order of
 * the counters in the shared zone; names are stable and are what $team_reason,
 * the status page and the "type" of a problem show.
 */

typedef enum {
    TEAM_OK = 0,                   /* "ok" */

    /* 401: there is no usable token */

    TEAM_TOKEN_MISSING,            /* "token-missing" */
    TEAM_TOKEN_MALFORMED,          /* "token-malformed": rule 1, bytes */
    TEAM_TOKEN_HEADER,             /* "token-header": rule 2, JOSE header */
    TEAM_TOKEN_ALGORITHM,          /* "token-algorithm": unknown, not allowed */
    TEAM_TOKEN_TYPE,               /* "token-type": typ */
    TEAM_TOKEN_KEY,                /* "token-key": no loaded key answers it */
    TEAM_TOKEN_SIGNATURE,          /* "token-signature" */
    TEAM_TOKEN_CLAIMS,             /* "token-claims": payload not as required */
    TEAM_TOKEN_ISSUER,             /* "token-issuer" */
    TEAM_TOKEN_AUDIENCE,           /* "token-audience" */
    TEAM_TOKEN_EXPIRED,            /* "token-expired" */
    TEAM_TOKEN_NOT_YET,            /* "token-not-yet-valid": nbf or iat ahead */

    /* 403: known, and may not */

    TEAM_ACCOUNT_REQUIRED,         /* "account-required" */
    TEAM_ACCOUNT_CLOSED,           /* "account-closed" */
    TEAM_NOT_MEMBER,               /* "not-member" */
    TEAM_MEMBER_PENDING,           /* "member-pending" */
    TEAM_MEMBER_SUSPENDED,         /* "member-suspended" */
    TEAM_PERMISSION_MISSING,       /* "permission-missing" */
    TEAM_ROLE_MISSING,             /* "role-missing" */

    /* 503: it can't be known */

    TEAM_UNAVAILABLE,              /* "unavailable": database away */
    TEAM_OVERLOADED,               /* "overloaded": queue full */

    /* 500 */

    TEAM_INTERNAL,                 /* "internal": out of memory, our fault */

    TEAM_REASONS                   /* how many */
} team_reason_e;


/* The stable name of a reason; never NULL ("internal" for a foreign value). */

const char *team_reason_name(team_reason_e reason);


/*
 * Compares two counted strings byte by byte.  Returns 1 if equal, else 0.
 * Not for secrets: it returns at the first difference.
 */

int team_str_eq(team_str_t a, team_str_t b);


/*
 * SipHash-1-3 (Aumasson, Bernstein) of len bytes under a 128-bit key.  For
 * hash tables that hold what strangers send; not a MAC.
 */

uint64_t team_siphash(const uint64_t key[2], const void *data, size_t len);


/*
 * Strict base64url (RFC 4648 section 5, no padding): only the 64 characters,
 * no length of 1 mod 4, unused bits zero, so one text has one meaning.
 *
 * Writes at most in.len * 3 / 4 bytes to out and their number to *len.
 * Returns 0, or -1 when the text is not such; *len is then undefined.
 */

int team_base64url_decode(unsigned char *out, size_t *len, team_str_t in);


/*
 * The same judgement without the bytes: 1 when team_base64url_decode() would
 * accept the text, else 0.
 */

int team_base64url_valid(team_str_t in);


/*
 * The reverse; writes (len * 4 + 2) / 3 characters to out, no NUL.
 * Returns how many.
 */

size_t team_base64url_encode(char *out, const void *data, size_t len);


#endif /* TEAM_BASE_H */
