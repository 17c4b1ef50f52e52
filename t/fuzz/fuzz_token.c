/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/*
 * A token as a stranger sends it: split, header, signature against a fixed
 * set, claims.  The claims are read even when the signature is wrong, or they
 * would never be reached.
 *
 * What must hold: a token is accepted only if its signature is one byte string
 * with one spelling, and what comes out points into what went in.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "../../src/core/team_claims.h"
#include "../../src/core/team_header.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int condition, const char *what);
static void recall(const team_token_t *token);
static void verify(const team_token_t *token);
static void claims(team_str_t payload);
static int inside(team_str_t part, team_str_t whole);


/* what signed the seeds; the private halves are gone */

static const char  secret[] =
    "{\"kty\":\"oct\",\"k\":\""
    "ZnV6eiBzZWNyZXQgb2Ygc2l4dHktZm91ciBieXRlcywgaW4gdGhlIGNvcnB1"
    "cyBmb3IgYWxsIHRvIHNlZS4uLg\"}";

static const char  keys[] =
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\""
    "iHJ9kE5GHrZzwU8b0ujr3cJ_Ux-j1zzN4pJV1bYWkv0\",\"y\":\""
    "7xSQDDyT_6Q-CbdCAnDOgBWW0zr9YFLa1csvIVAveRo\"},{\"kty\":\"OKP\","
    "\"crv\":\"Ed25519\",\"kid\":\"ed\",\"x\":\""
    "vywgE1ge_mBG6znF6p9aeD9DuWy5F7-m6YivzT8jV6w\"}]}";


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    team_str_t     text;
    team_token_t   token;
    team_reason_e  reason;

    text.data = (const char *) data;
    text.len = size;

    reason = team_token_split(&token, text);

    if (reason != TEAM_OK) {
        expect(reason == TEAM_TOKEN_MALFORMED, "the reason of rule 1");
        return 0;
    }

    expect(inside(token.header, text) && inside(token.payload, text)
           && inside(token.signature, text) && inside(token.input, text),
           "the parts are inside of the text");

    if (team_token_header(&token) == TEAM_OK) {
        expect((unsigned) token.alg < TEAM_ALGS, "a known alg");
        expect(token.kid.len <= TEAM_MAX_KID, "a short kid");

        recall(&token);
        verify(&token);
    }

    claims(token.payload);

    return 0;
}


static void
expect(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "broken: %s\n", what);
        abort();
    }
}


/* What is remembered is what was read; over many inputs the memo wraps. */

static void
recall(const team_token_t *token)
{
    team_token_t               again;

    static team_header_memo_t  memo;

    (void) team_token_split(&again, token->text);

    if (!team_header_recall(&memo, &again)) {
        team_header_remember(&memo, token);

        expect(token->header.len > TEAM_MEMO_BYTES
               || team_header_recall(&memo, &again), "a header is remembered");
    }

    if (token->header.len <= TEAM_MEMO_BYTES) {
        expect(again.alg == token->alg && team_str_eq(again.kid, token->kid)
               && team_str_eq(again.typ, token->typ),
               "a header that is remembered says the same");
    }
}


static void
verify(const team_token_t *token)
{
    size_t               i;
    char                 copy[TEAM_MAX_TOKEN];
    team_token_t         other;
    team_jwk_error_t     error;
    const team_jwk_t    *key;

    static team_jwks_t  *sets[2];

    if (sets[0] == NULL) {
        sets[0] = team_jwks_load(secret, sizeof(secret) - 1, &error);
        sets[1] = team_jwks_load(keys, sizeof(keys) - 1, &error);
        expect(sets[0] != NULL && sets[1] != NULL, error.text);
    }

    for (i = 0; i < 2; i++) {
        key = team_jwks_find(sets[i], token->kid, token->alg);

        if (key != NULL && team_token_verify(token, key) == TEAM_OK) {

            /* then with any other last character it must not be */

            memcpy(copy, token->text.data, token->text.len);
            copy[token->text.len - 5] ^= 1;

            other = *token;
            other.signature.data = copy
                                   + (token->signature.data
                                      - token->text.data);

            expect(team_token_verify(&other, key) != TEAM_OK,
                   "another signature is refused");
        }

        expect(ERR_peek_error() == 0, "an empty error queue");
    }
}


static void
claims(team_str_t payload)
{
    team_claims_t        parsed;

    static const team_str_t          audience = team_string("app");
    static const team_claims_rule_t  rule = {
        &audience, 1, 60, "sub", "email", "email_verified", "name"
    };

    if (team_claims_parse(&parsed, payload) != TEAM_OK) {
        expect(parsed.root == NULL, "nothing to free");
        return;
    }

    if (team_claims_check(&parsed, &rule, 1500000000) == TEAM_OK) {
        expect(parsed.subject.len > 0
               && parsed.subject.len <= TEAM_MAX_SUBJECT, "a subject");
        expect(parsed.email.len <= TEAM_MAX_EMAIL, "a short email");
        expect(parsed.name.len <= TEAM_MAX_NAME, "a short name");
        expect(parsed.exp > 1500000000 - 60 && parsed.exp <= TEAM_MAX_TIME,
               "not expired");
    }

    team_claims_free(&parsed);
}


static int
inside(team_str_t part, team_str_t whole)
{
    return part.len > 0 && part.data >= whole.data
           && part.data + part.len <= whole.data + whole.len;
}
