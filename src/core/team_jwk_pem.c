/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* Public keys and certificates in PEM, RFC 7468. */

#include <string.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "team_jwk_parse.h"


#define TEAM_DER_HEAD  8     /* bytes: a tag, its longest length, a tag */


static int team_jwks_load_block(team_jwks_t *set, const char *label,
    const unsigned char *der, long len, team_jwk_error_t *error);
static EVP_PKEY *team_jwk_from_der(const unsigned char *der, long len);
static EVP_PKEY *team_jwk_from_pkcs1(const unsigned char *der, long len);
static EVP_PKEY *team_jwk_from_certificate(const unsigned char *der,
    long len);
static int team_jwk_is_der(const unsigned char *der, size_t len);


int
team_jwks_load_pem(team_jwks_t *set, const char *data, size_t len,
    team_jwk_error_t *error)
{
    int                rc;
    BIO               *bio;
    char              *label, *header;
    long               size;
    size_t             i;
    unsigned long      why;
    unsigned char     *der;
    team_jwk_error_t   reason;

    bio = BIO_new_mem_buf(data, (int) len);
    if (bio == NULL) {
        team_jwk_set_error(error, "out of memory");
        return -1;
    }

    for (i = 1; /* void */ ; i++) {
        ERR_clear_error();

        if (PEM_read_bio(bio, &label, &header, &der, &size) != 1) {
            break;
        }

        reason.text[0] = '\0';
        rc = team_jwks_load_block(set, label, der, size, &reason);

        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_clear_free(der, (size_t) size);

        if (rc != 0) {
            team_jwk_set_error(error, "PEM block %zu: %.200s", i,
                               reason.text);
            BIO_free(bio);
            return -1;
        }
    }

    BIO_free(bio);

    /* "no start line" is how the end of the text looks; all else is damage */

    why = ERR_peek_last_error();

    if (ERR_GET_LIB(why) != ERR_LIB_PEM
        || ERR_GET_REASON(why) != PEM_R_NO_START_LINE)
    {
        team_jwk_set_error(error, "PEM block %zu is cut off or damaged, or "
                           "out of memory", i);
        return -1;
    }

    return 0;
}


static int
team_jwks_load_block(team_jwks_t *set, const char *label,
    const unsigned char *der, long len, team_jwk_error_t *error)
{
    int         rc;
    team_jwk_t  key;

    if (strstr(label, "PRIVATE KEY") != NULL) {
        team_jwk_set_error(error, "private key material");
        return -1;
    }

    memset(&key, 0, sizeof(team_jwk_t));

    if (strcmp(label, PEM_STRING_PUBLIC) == 0) {
        key.pkey = team_jwk_from_der(der, len);

    } else if (strcmp(label, PEM_STRING_RSA_PUBLIC) == 0) {
        key.pkey = team_jwk_from_pkcs1(der, len);

    } else if (strcmp(label, PEM_STRING_X509) == 0) {
        key.pkey = team_jwk_from_certificate(der, len);

    } else {
        team_jwk_set_error(error, "neither a public key nor a certificate");
        return -1;
    }

    if (key.pkey == NULL) {
        team_jwk_set_error(error, "can't be read, or out of memory");
        return -1;
    }

    rc = team_jwk_inspect(&key, error);

    if (rc == 0) {
        rc = team_jwks_add(set, &key, error);
    }

    team_jwk_clear(&key);

    return rc;
}


/* SubjectPublicKeyInfo and nothing after it */

static EVP_PKEY *
team_jwk_from_der(const unsigned char *der, long len)
{
    EVP_PKEY             *pkey;
    const unsigned char  *p;

    p = der;
    pkey = d2i_PUBKEY(NULL, &p, len);

    if (pkey != NULL && p != der + len) {
        EVP_PKEY_free(pkey);
        return NULL;
    }

    return pkey;
}


static EVP_PKEY *
team_jwk_from_pkcs1(const unsigned char *der, long len)
{
    EVP_PKEY             *pkey;
    const unsigned char  *p;

    p = der;
    pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, len);

    if (pkey != NULL && p != der + len) {
        EVP_PKEY_free(pkey);
        return NULL;
    }

    return pkey;
}


static EVP_PKEY *
team_jwk_from_certificate(const unsigned char *der, long len)
{
    X509                 *x509;
    EVP_PKEY             *pkey;
    const unsigned char  *p;

    p = der;
    pkey = NULL;

    x509 = d2i_X509(NULL, &p, len);

    if (x509 != NULL && p == der + len) {
        pkey = X509_get_pubkey(x509);
    }

    X509_free(x509);

    return pkey;
}


int
team_jwk_is_public(const char *data, size_t len)
{
    size_t          i, n, bits;
    unsigned        value;
    const char     *found;
    unsigned char   der[TEAM_DER_HEAD];

    static const char  chars[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    if ((len >= 4 && memcmp(data, "ssh-", 4) == 0)
        || (len >= 11 && memcmp(data, "ecdsa-sha2-", 11) == 0)
        || team_jwk_is_der((const unsigned char *) data, len))
    {
        return 1;
    }

    n = 0;
    bits = 0;
    value = 0;

    for (i = 0; i < len && data[i] != '='; i++) {

        if (data[i] == '\r' || data[i] == '\n') {
            continue;
        }

        found = memchr(chars, data[i], sizeof(chars) - 1);

        if (found == NULL) {
            return 0;
        }

        value = (value << 6 | (unsigned) (found - chars)) & 0xffff;
        bits += 6;

        if (bits >= 8) {
            bits -= 8;

            if (n < TEAM_DER_HEAD) {
                der[n] = (unsigned char) (value >> bits);
            }

            n++;
        }
    }

    return team_jwk_is_der(der, n);
}


/*
 * Is der, of which the first TEAM_DER_HEAD bytes are there, one SEQUENCE as
 * long as the whole, that begins with a SEQUENCE (SubjectPublicKeyInfo,
 * Certificate) or an INTEGER (RSAPublicKey)?  A random secret is once in about
 * 2^22.
 */

static int
team_jwk_is_der(const unsigned char *der, size_t len)
{
    size_t  i, n, size;

    if (len < TEAM_DER_HEAD || der[0] != 0x30) {
        return 0;
    }

    size = der[1];
    i = 2;

    if (size & 0x80) {
        n = size & 0x7f;

        if (n == 0 || n > 4) {
            return 0;
        }

        for (size = 0; n > 0; n--) {
            size = size << 8 | der[i++];
        }
    }

    return size == len - i && (der[i] == 0x30 || der[i] == 0x02);
}
