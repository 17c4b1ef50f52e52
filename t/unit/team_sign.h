/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * Keys and tokens for unit tests, by OpenSSL alone: the other side of what is
 * tested.  Included by a test's one source file.  Everything returned is the
 * caller's; without memory these end the test.
 */

#ifndef TEAM_SIGN_H
#define TEAM_SIGN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "../../src/core/team_jwk.h"


#define UNUSED  __attribute__((unused))


/* 64 bytes, enough for every HS. */

#define TEST_SECRET  \
    "a secret of the tests, sixty-four bytes of it, and not one more."


static void
give_up(int condition)
{
    if (condition) {
        printf("Bail out! OpenSSL can't make what the test needs\n");
        exit(1);
    }
}


/* A fresh key for an alg; NULL for HS. */

static UNUSED EVP_PKEY *
key_make(team_alg_e alg)
{
    EVP_PKEY  *pkey;

    switch (alg) {

    case TEAM_ALG_HS256:
    case TEAM_ALG_HS384:
    case TEAM_ALG_HS512:
        return NULL;

    case TEAM_ALG_ES256:
        pkey = EVP_EC_gen("P-256");
        break;

    case TEAM_ALG_ES384:
        pkey = EVP_EC_gen("P-384");
        break;

    case TEAM_ALG_ES512:
        pkey = EVP_EC_gen("P-521");
        break;

    case TEAM_ALG_EDDSA:
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        break;

    default:
        pkey = EVP_RSA_gen(2048);
        break;
    }

    give_up(pkey == NULL);

    return pkey;
}


/* NUL-terminated PEM of the public half, or of the private one. */

static UNUSED char *
key_pem(EVP_PKEY *pkey, int private)
{
    BIO   *bio;
    char  *data, *pem;
    long   len;

    bio = BIO_new(BIO_s_mem());
    give_up(bio == NULL);

    if (private) {
        give_up(PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL)
                != 1);

    } else {
        give_up(PEM_write_bio_PUBKEY(bio, pkey) != 1);
    }

    len = BIO_get_mem_data(bio, &data);
    pem = malloc((size_t) len + 1);
    give_up(pem == NULL);

    memcpy(pem, data, (size_t) len);
    pem[len] = '\0';

    BIO_free(bio);

    return pem;
}


/* base64url of bytes, NUL-terminated. */

static UNUSED char *
b64(const void *data, size_t len)
{
    char    *text;
    size_t   n;

    text = malloc(len * 2 + 3);
    give_up(text == NULL);

    n = team_base64url_encode(text, data, len);
    text[n] = '\0';

    return text;
}


/* Signs raw bytes as alg would have it; returns the length, <= 1024. */

static UNUSED size_t
sign_raw(unsigned char *out, EVP_PKEY *pkey, team_alg_e alg, const char *input)
{
    size_t                n, half;
    unsigned              len;
    ECDSA_SIG            *sig;
    EVP_MD_CTX           *ctx;
    EVP_PKEY_CTX         *pctx;
    unsigned char         der[1024];
    const unsigned char  *p;

    if (pkey == NULL) {
        give_up(HMAC(team_alg_md(alg), TEST_SECRET, 64,
                     (const unsigned char *) input, strlen(input), out, &len)
                == NULL);
        return len;
    }

    n = sizeof(der);
    ctx = EVP_MD_CTX_new();
    give_up(ctx == NULL);
    give_up(EVP_DigestSignInit(ctx, &pctx, team_alg_md(alg), NULL, pkey) != 1);

    if (alg >= TEAM_ALG_PS256 && alg <= TEAM_ALG_PS512) {
        give_up(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) != 1
                || EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx,
                                                    RSA_PSS_SALTLEN_DIGEST)
                   != 1);
    }

    give_up(EVP_DigestSign(ctx, der, &n, (const unsigned char *) input,
                           strlen(input))
            != 1);
    EVP_MD_CTX_free(ctx);

    if (alg < TEAM_ALG_ES256 || alg > TEAM_ALG_ES512) {
        memcpy(out, der, n);
        return n;
    }

    p = der;
    sig = d2i_ECDSA_SIG(NULL, &p, (long) n);
    give_up(sig == NULL);

    half = alg == TEAM_ALG_ES256 ? 32 : alg == TEAM_ALG_ES384 ? 48 : 66;

    give_up(BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, (int) half) < 0
            || BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + half, (int) half)
               < 0);
    ECDSA_SIG_free(sig);

    return 2 * half;
}


/* A token of a header and a payload, both as they are. */

static UNUSED char *
mint(EVP_PKEY *pkey, team_alg_e alg, const char *header, const char *payload)
{
    char           *h, *p, *s, *token;
    size_t          size;
    unsigned char   raw[1024];

    h = b64(header, strlen(header));
    p = b64(payload, strlen(payload));

    size = strlen(h) + strlen(p) + 2 * sizeof(raw) + 8;
    token = malloc(size);
    give_up(token == NULL);

    (void) snprintf(token, size, "%s.%s", h, p);

    s = b64(raw, sign_raw(raw, pkey, alg, token));

    (void) snprintf(token, size, "%s.%s.%s", h, p, s);

    free(h);
    free(p);
    free(s);

    return token;
}


#endif /* TEAM_SIGN_H */
