/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* Keys in PEM, and what is not taken as a secret. */

#include "team_unit.h"
#include "team_oom.h"
#include "team_sign.h"
#include "team_load.h"

#include <openssl/core_names.h>
#include <openssl/x509.h>


static void not_secrets(void);
static void pem(void);
static void pem_refused(void);
static void named(void);
static void named_is(const char *data, team_alg_e alg, const char *what);
static void unnamed(const char *data, const char *kid, const char *why);
static char *certificate(EVP_PKEY *pkey);


static EVP_PKEY  *rsa, *ec, *ec384, *eddsa;

static char  text2[20000];


int
main(void)
{
    char  *cert;

    plan(0);

    rsa = key_make(TEAM_ALG_RS256);
    ec = key_make(TEAM_ALG_ES256);
    ec384 = key_make(TEAM_ALG_ES384);
    eddsa = key_make(TEAM_ALG_EDDSA);

    not_secrets();
    pem();
    pem_refused();
    named();

    cert = certificate(ec);
    without_memory(cert, "a certificate");

    (void) snprintf(text2, sizeof(text2), "%s%s", cert, cert);
    without_memory(text2, "two certificates");

    free(cert);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
    EVP_PKEY_free(ec384);
    EVP_PKEY_free(eddsa);

    return done();
}


/*
 * The attack: the file is a public key in a form that is not read, so it is
 * taken as a secret, and everybody can sign.
 */

static void
not_secrets(void)
{
    int                i;
    char              *p, *end;
    team_jwks_t       *set;
    team_jwk_error_t   error;

    static const char  why[] = "neither a JWK Set nor PEM, and looks like a "
                               "public key: not taken as an HMAC secret";
    static const char  page[] = "neither a JWK Set nor PEM, and looks like a "
                                "page of text: not taken as an HMAC secret";

    refused("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 anna@example.com", why);
    refused("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ anna@example.com", why);
    refused("[{\"kty\":\"RSA\",\"n\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]",
            why);
    refused("\xef\xbb\xbf{\"keys\":[]}, and this is longer than a secret", why);
    refused("eys\":[{\"kty\":\"RSA\",\"n\":\"the second half of a file\"}]}",
            why);

    /* what a proxy said when the keys were fetched is known to everybody */

    refused("<html><head><title>502 Bad Gateway</title></head></html>\n", page);
    refused("<html>\n<body>502 Bad Gateway, d\xc3\xa9sol\xc3\xa9</body>\n",
            page);
    refused("The service is away.\r\nPlease try again in a minute.\r\n",
            page);

    accepted("<a passphrase of one line> with blanks", BIT(HS256),
             "a passphrase");
    accepted("<\xe1\xe2\xe3\xe4\xe5\xe6\xe7\xe8\n\xe9\xea\xeb\xec"
             "\xed\xee\xef\xf1\xf2\xf3\xf4\xf5\xf6 12345678901>",
             BIT(HS256), "random bytes");

    for (i = 0; i < 3; i++) {
        unsigned char  *der = NULL;
        int             len;
        char            base64[1000];
        X509           *x509;
        BIO            *bio;

        if (i == 0) {
            len = i2d_PUBKEY(rsa, &der);

        } else if (i == 1) {
            len = i2d_PublicKey(rsa, &der);

        } else {
            p = certificate(ec);
            bio = BIO_new_mem_buf(p, -1);
            x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
            len = i2d_X509(x509, &der);
            X509_free(x509);
            BIO_free(bio);
            free(p);
        }

        give_up(len <= 0 || len > 700);

        set = team_jwks_load((char *) der, (size_t) len, &error);
        ok(set == NULL && strcmp(error.text, why) == 0,
           "DER is not a secret, %d: %s", i, error.text);
        team_jwks_free(set);

        (void) EVP_EncodeBlock((unsigned char *) base64, der, len);
        refused(base64, why);

        OPENSSL_free(der);
    }

    /* PEM with a byte lost in front, or a line of text there */

    p = key_pem(ec, 0);
    end = p + strlen(p);

    set = team_jwks_load(p + 1, (size_t) (end - p - 1), &error);
    ok(set == NULL && strcmp(error.text, why) == 0,
       "PEM with four dashes is not a secret: %s", error.text);
    team_jwks_free(set);

    accepted(JWK("subject=an explanation\n%s", p), BIT(ES256),
             "PEM below a line of text");
    free(p);
}


static void
pem(void)
{
    char              *p, *q;
    team_jwks_t       *set;
    team_jwk_error_t   error;

    p = key_pem(rsa, 0);
    accepted(p, RSA_ALGS, "RSA in PEM");

    q = key_pem(ec, 0);
    (void) snprintf(text2, sizeof(text2), "\n%s\n# another\n%s", p, q);

    set = team_jwks_load(text2, strlen(text2), &error);

    if (ok(set != NULL, "two in one file: %s", error.text)) {
        is_int((int64_t) team_jwks_count(set), 2, "... are two");
        is_int((int64_t) team_jwks_get(set, 0)->kid.len, 0, "... without kid");
        is_int((int64_t) team_jwks_get(set, 0)->siglen, 256, "... RSA's size");
        is_int((int64_t) team_jwks_get(set, 1)->siglen, 64, "... P-256's size");
    }

    team_jwks_free(set);
    free(p);
    free(q);

    p = key_pem(eddsa, 0);
    accepted(p, BIT(EDDSA), "Ed25519 in PEM");
    free(p);

    p = certificate(ec384);
    accepted(p, BIT(ES384), "a certificate");
    free(p);
}


static void
pem_refused(void)
{
    char      *p;
    EVP_PKEY  *pkey;

    p = key_pem(rsa, 1);
    refused(p, "PEM block 1: private key material");
    free(p);

    p = key_pem(ec, 0);
    (void) snprintf(text2, sizeof(text2), "%s-----BEGIN EC PRIVATE KEY-----\n"
                    "AAAA\n-----END EC PRIVATE KEY-----\n", p);
    refused(text2, "PEM block 2: private key material");

    (void) snprintf(text2, sizeof(text2), "%s%.*s", p, (int) strlen(p) - 30, p);
    refused(text2, "PEM block 2 is cut off or damaged, or out of memory");

    p[40] = '*';
    refused(p, "PEM block 1 is cut off or damaged, or out of memory");
    free(p);

    refused("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
            "PEM block 1: can't be read, or out of memory");
    refused("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
            "PEM block 1: neither a public key nor a certificate");
    refused("-----BEGIN ", "no key in it that can verify a token");

    pkey = EVP_EC_gen("secp256k1");
    give_up(pkey == NULL);
    p = key_pem(pkey, 0);
    refused(p, "PEM block 1: EC curve is not P-256, P-384 or P-521");
    free(p);
    EVP_PKEY_free(pkey);

    /* CVE-2020-0601: a curve spelled out can have anybody's generator */

    pkey = EVP_EC_gen("P-256");
    give_up(pkey == NULL
            || EVP_PKEY_set_utf8_string_param(pkey,
                                              OSSL_PKEY_PARAM_EC_ENCODING,
                                              OSSL_PKEY_EC_ENCODING_EXPLICIT)
               != 1);
    p = key_pem(pkey, 0);
    refused(p, "PEM block 1: EC curve is not given by its name");
    free(p);
    EVP_PKEY_free(pkey);

    pkey = EVP_RSA_gen(1024);
    give_up(pkey == NULL);
    p = key_pem(pkey, 0);
    refused(p, "PEM block 1: RSA modulus of 1024 bits, under 2048");
    free(p);
    EVP_PKEY_free(pkey);

    pkey = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    give_up(pkey == NULL);
    p = key_pem(pkey, 0);
    refused(p, "PEM block 1: neither an RSA nor an EC nor an Ed25519 key");
    free(p);
    EVP_PKEY_free(pkey);
}


/* A kid from outside, and what can't be given one. */

static void
named(void)
{
    char  *p, *q;

    static const char  jwk[] = "{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZj"
                               "AxMjM0NTY3ODlhYmNkZWY\"}";
    static const char  inside[] = "a JWK has its \"kid\" inside, from outside "
                                  "only a PEM key or a secret is given one";
    static const char  invalid[] = "\"kid\" is not text of 1 to 256 bytes "
                                   "without control bytes";

    named_is(TEST_SECRET, TEAM_ALG_HS512, "a secret");

    p = key_pem(rsa, 0);
    named_is(p, TEAM_ALG_PS256, "RSA in PEM");

    unnamed(p, "", invalid);
    unnamed(p, "a\nb", invalid);
    unnamed(p, "\xff", invalid);
    unnamed(p, JWK("%0257d", 0), invalid);
    unnamed(jwk, "a", inside);
    unnamed(JWK("{\"keys\":[%s]}", jwk), "a", inside);

    q = key_pem(ec, 0);
    (void) snprintf(text2, sizeof(text2), "%s%s", p, q);
    unnamed(text2, "a", "2 keys, and a \"kid\" names only one");
    free(p);
    free(q);

    p = certificate(ec384);
    named_is(p, TEAM_ALG_ES384, "a certificate");
    free(p);
}


static void
named_is(const char *data, team_alg_e alg, const char *what)
{
    char               kid[] = "key 1";
    team_str_t         none;
    team_jwks_t       *set;
    team_jwk_error_t   error;
    const team_jwk_t  *key;

    none.data = NULL;
    none.len = 0;

    set = team_jwks_load(data, strlen(data), &error);
    give_up(set == NULL);

    key = team_jwks_get(set, 0);

#ifndef OOM_SANITIZER
    oom_after(0);
    is_int(team_jwks_name(set, str(kid), &error), -1, "%s, no memory", what);
    ok(oom_happened() && key->kid.len == 0, "... and no kid");
    is_str(error.text, "out of memory", "... and says why");
#endif

    is_int(team_jwks_name(set, str(kid), &error), 0, "named: %s", what);

    /* rule 3 from here on, as for a key that brought its kid along */

    ok(team_jwks_find(set, str("key 1"), alg) == key, "... by its kid");
    ok(team_jwks_find(set, str("key 2"), alg) == NULL, "... by no other");
    ok(team_jwks_find(set, none, alg) == key, "... and without one");

    kid[4] = '2';
    ok(team_jwks_find(set, str("key 1"), alg) == key, "... of its own");

    team_jwks_free(set);
}


static void
unnamed(const char *data, const char *kid, const char *why)
{
    team_jwks_t       *set;
    team_jwk_error_t   error;

    set = team_jwks_load(data, strlen(data), &error);
    give_up(set == NULL);

    is_int(team_jwks_name(set, str(kid), &error), -1, "no kid: %s", why);
    is_str(error.text, why, "... and says why");
    is_int((int64_t) team_jwks_get(set, 0)->kid.len, 0, "... as it was");

    team_jwks_free(set);
}


/* Self-signed, and long expired: only the key counts. */

static char *
certificate(EVP_PKEY *pkey)
{
    BIO   *bio;
    X509  *x509;
    char  *data, *out;
    long   len;

    x509 = X509_new();
    bio = BIO_new(BIO_s_mem());
    give_up(x509 == NULL || bio == NULL);

    give_up(ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) != 1
            || X509_gmtime_adj(X509_getm_notBefore(x509), -7200) == NULL
            || X509_gmtime_adj(X509_getm_notAfter(x509), -3600) == NULL
            || X509_set_pubkey(x509, pkey) != 1
            || X509_sign(x509, pkey, EVP_sha256()) == 0
            || PEM_write_bio_X509(bio, x509) != 1);

    len = BIO_get_mem_data(bio, &data);
    out = malloc((size_t) len + 1);
    give_up(out == NULL);

    memcpy(out, data, (size_t) len);
    out[len] = '\0';

    BIO_free(bio);
    X509_free(x509);

    return out;
}
