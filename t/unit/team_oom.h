/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * Memory that runs out where a test says.  Included by a test's one source
 * file: it replaces malloc(), calloc() and realloc() of the whole program,
 * libraries included.  A sanitizer has replaced them already; then only what
 * jansson asks for can fail.
 *
 *     for (i = 0; ; i++) {
 *         oom_after(i);
 *         rc = what_is_tested();
 *         if (!oom_happened()) {
 *             break;
 *         }
 *         ... rc says so, and nothing has leaked or crashed ...
 *     }
 */

#ifndef TEAM_OOM_H
#define TEAM_OOM_H

#include <errno.h>
#include <stdlib.h>

#include <jansson.h>


static long  oom_left = -1;
static int   oom_failed;


static int
oom_refuses(void)
{
    if (oom_left < 0) {
        return 0;
    }

    if (oom_left > 0) {
        oom_left--;
        return 0;
    }

    /* from here on there is none, as when memory is really out */

    oom_failed = 1;
    errno = ENOMEM;

    return 1;
}


#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OOM_SANITIZER  1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__) || !defined(__GLIBC__)
#define OOM_SANITIZER  1
#endif


#ifdef OOM_SANITIZER

static void *
oom_malloc(size_t size)
{
    return oom_refuses() ? NULL : malloc(size);
}


static void
oom_free(void *p)
{
    free(p);
}


static void
oom_start(void)
{
    json_set_alloc_funcs(oom_malloc, oom_free);
}

#else

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

void *
malloc(size_t size)
{
    return oom_refuses() ? NULL : __libc_malloc(size);
}


void *
calloc(size_t n, size_t size)
{
    return oom_refuses() ? NULL : __libc_calloc(n, size);
}


void *
realloc(void *p, size_t size)
{
    return oom_refuses() ? NULL : __libc_realloc(p, size);
}


static void
oom_start(void)
{
    /* the libraries call the three above already */
}

#endif


/* After n more allocations all fail, until oom_happened() is asked. */

static void
oom_after(long n)
{
    oom_start();
    oom_failed = 0;
    oom_left = n;
}


static int
oom_happened(void)
{
    oom_left = -1;

    return oom_failed;
}


#endif /* TEAM_OOM_H */
