/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* Rule 5: claims as a table, at one point in time. */

#include "team_unit.h"
#include "team_oom.h"

#include <stdio.h>
#include <string.h>

#include "../../src/core/team_claims.h"


#define NOW      1000
#define LEEWAY   10

#define GOOD     "\"iss\":\"https://id.example.com\",\"sub\":\"anna\"," \
                 "\"aud\":\"app\",\"exp\":2000"

/* all but one claim */

#define NO_SUB   "\"iss\":\"i\",\"aud\":\"app\",\"exp\":2000"
#define NO_AUD   "\"iss\":\"i\",\"sub\":\"anna\",\"exp\":2000"
#define NO_EXP   "\"iss\":\"i\",\"sub\":\"anna\",\"aud\":\"app\""


static team_reason_e check(team_claims_t *claims, const char *text,
    int64_t now);
static team_reason_e parse(team_claims_t *claims, const char *text,
    size_t len);
static void table(void);
static void edges(void);
static void issuers(void);
static void subjects(void);
static void people(void);
static void audiences(void);
static void payloads(void);
static void without_memory(void);


static const team_str_t  wanted[] = { team_string("other"),
                                      team_string("app") };

static const team_claims_rule_t  rule = {
    wanted, 2, LEEWAY, "sub", "email", "email_verified", "name"
};


int
main(void)
{
    plan(0);

    table();
    edges();
    issuers();
    subjects();
    people();
    audiences();
    payloads();
    without_memory();

    return done();
}


static team_reason_e
check(team_claims_t *claims, const char *text, int64_t now)
{
    team_reason_e  reason;

    reason = parse(claims, text, strlen(text));

    return reason == TEAM_OK ? team_claims_check(claims, &rule, now) : reason;
}


static team_reason_e
parse(team_claims_t *claims, const char *text, size_t len)
{
    char        payload[8192];
    team_str_t  s;

    s.len = team_base64url_encode(payload, text, len);
    s.data = payload;

    return team_claims_parse(claims, s);
}


static void
table(void)
{
    size_t         i;
    team_claims_t  claims;

    static const struct {
        team_reason_e  reason;
        const char    *text;
    } rows[] = {
        { TEAM_OK, "{" GOOD "}" },
        { TEAM_OK, "{" GOOD ",\"nbf\":1000,\"iat\":1000,\"auth_time\":1}" },
        { TEAM_OK, "{" GOOD ",\"nbf\":0,\"iat\":0,\"auth_time\":0}" },
        { TEAM_OK, "{" GOOD ",\"iat\":999.5,\"nbf\":0.5}" },
        { TEAM_OK, "{" NO_EXP ",\"exp\":2e3}" },
        { TEAM_OK, "{" NO_EXP ",\"exp\":253402300799}" },
        { TEAM_OK, "{" NO_EXP ",\"exp\":253402300799.0}" },

        { TEAM_TOKEN_CLAIMS, "{" NO_EXP "}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_EXP ",\"exp\":null}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_EXP ",\"exp\":\"2000\"}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_EXP ",\"exp\":true}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_EXP ",\"exp\":[2000]}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_EXP ",\"exp\":-1}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_EXP ",\"exp\":-0.5}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_EXP ",\"exp\":253402300800}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_EXP ",\"exp\":253402300799.5}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_EXP ",\"exp\":9223372036854775807}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_EXP ",\"exp\":1e300}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_EXP ",\"exp\":1e999}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_EXP ",\"exp\":18446744073709551616}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_EXP ",\"exp\":2000,\"exp\":9000}" },
        { TEAM_TOKEN_CLAIMS, "{" GOOD ",\"nbf\":\"0\"}" },
        { TEAM_TOKEN_CLAIMS, "{" GOOD ",\"nbf\":null}" },
        { TEAM_TOKEN_CLAIMS, "{" GOOD ",\"nbf\":-1}" },
        { TEAM_TOKEN_CLAIMS, "{" GOOD ",\"iat\":{}}" },
        { TEAM_TOKEN_CLAIMS, "{" GOOD ",\"iat\":false}" },
        { TEAM_TOKEN_CLAIMS, "{" GOOD ",\"iat\":253402300800}" },
        { TEAM_TOKEN_CLAIMS, "{" GOOD ",\"auth_time\":\"yesterday\"}" },

        { TEAM_TOKEN_CLAIMS, "{" NO_SUB "}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_SUB ",\"sub\":\"\"}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_SUB ",\"sub\":1}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_SUB ",\"sub\":null}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_SUB ",\"sub\":[\"anna\"]}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_SUB ",\"sub\":\"a\\nb\"}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_SUB ",\"sub\":\"a\\u007f\"}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_SUB ",\"sub\":\"a\\u0000\"}" },
        { TEAM_OK, "{" NO_SUB ",\"sub\":\"\xd0\x90\xd0\xbd\xd0\xb0\"}" },

        { TEAM_OK, "{" NO_AUD ",\"aud\":\"other\"}" },
        { TEAM_OK, "{" NO_AUD ",\"aud\":[\"x\",\"app\"]}" },
        { TEAM_TOKEN_AUDIENCE, "{" NO_AUD "}" },
        { TEAM_TOKEN_AUDIENCE, "{" NO_AUD ",\"aud\":\"\"}" },
        { TEAM_TOKEN_AUDIENCE, "{" NO_AUD ",\"aud\":\"App\"}" },
        { TEAM_TOKEN_AUDIENCE, "{" NO_AUD ",\"aud\":\"app \"}" },
        { TEAM_TOKEN_AUDIENCE, "{" NO_AUD ",\"aud\":\"app,other\"}" },
        { TEAM_TOKEN_AUDIENCE, "{" NO_AUD ",\"aud\":[]}" },
        { TEAM_TOKEN_AUDIENCE, "{" NO_AUD ",\"aud\":[\"ap\",\"appl\"]}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_AUD ",\"aud\":null}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_AUD ",\"aud\":{\"app\":1}}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_AUD ",\"aud\":[\"app\",1]}" },
        { TEAM_TOKEN_CLAIMS, "{" NO_AUD ",\"aud\":[[\"app\"]]}" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        is_str(team_reason_name(check(&claims, rows[i].text, NOW)),
               team_reason_name(rows[i].reason), "row %zu: %s", i,
               rows[i].text);
        team_claims_free(&claims);
        ok(claims.root == NULL, "... and freed");
    }
}


/* To the second, with 10 seconds of leeway. */

static void
edges(void)
{
    size_t         i;
    team_claims_t  claims;

    static const struct {
        const char    *text;
        int64_t        now;
        team_reason_e  reason;
    } rows[] = {
        { "{" GOOD "}", 2009, TEAM_OK },
        { "{" GOOD "}", 2010, TEAM_TOKEN_EXPIRED },
        { "{" NO_EXP ",\"exp\":2000.9}", 2009, TEAM_OK },
        { "{" NO_EXP ",\"exp\":2000.9}", 2010, TEAM_TOKEN_EXPIRED },
        { "{" NO_EXP ",\"exp\":0}", 9, TEAM_OK },
        { "{" NO_EXP ",\"exp\":0}", 10, TEAM_TOKEN_EXPIRED },
        { "{" GOOD ",\"nbf\":1500}", 1490, TEAM_OK },
        { "{" GOOD ",\"nbf\":1500}", 1489, TEAM_TOKEN_NOT_YET },
        { "{" GOOD ",\"nbf\":1499.1}", 1490, TEAM_OK },
        { "{" GOOD ",\"nbf\":1499.1}", 1489, TEAM_TOKEN_NOT_YET },
        { "{" GOOD ",\"iat\":1500}", 1490, TEAM_OK },
        { "{" GOOD ",\"iat\":1500}", 1489, TEAM_TOKEN_NOT_YET },
        { "{" NO_EXP ",\"exp\":253402300799}", 253402300808, TEAM_OK },
        { "{" NO_EXP ",\"exp\":253402300799}", 253402300809,
          TEAM_TOKEN_EXPIRED }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        is_str(team_reason_name(check(&claims, rows[i].text, rows[i].now)),
               team_reason_name(rows[i].reason), "at %lld: %s",
               (long long) rows[i].now, rows[i].text);
        team_claims_free(&claims);
    }

    (void) check(&claims, "{" NO_EXP ",\"exp\":2000.9,\"iat\":900.1,"
                 "\"nbf\":901,\"auth_time\":899.9}", NOW);

    is_int(claims.exp, 2000, "exp is rounded down");
    is_int(claims.iat, 901, "iat is rounded up");
    is_int(claims.nbf, 901, "nbf is as it is");
    is_int(claims.auth_time, 899, "auth_time is rounded down");
    team_claims_free(&claims);

    (void) check(&claims, "{" GOOD "}", NOW);

    ok(claims.iat == 0 && claims.nbf == 0 && claims.auth_time == 0,
       "those that are absent are 0");
    team_claims_free(&claims);
}


static void
issuers(void)
{
    char           text[600], name[300];
    size_t         i;
    team_claims_t  claims;

    static const char  *rows[] = {
        "{\"sub\":\"anna\",\"exp\":2000}",
        "{\"iss\":\"\"}", "{\"iss\":null}", "{\"iss\":1}",
        "{\"iss\":[\"i\"]}", "{\"iss\":\"a\\nb\"}"
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        is_str(team_reason_name(parse(&claims, rows[i], strlen(rows[i]))),
               "token-issuer", "%s", rows[i]);
        ok(claims.root == NULL, "... there is nothing to free");
    }

    memset(name, 'i', sizeof(name));

    for (i = TEAM_MAX_ISSUER; i <= TEAM_MAX_ISSUER + 1; i++) {
        (void) snprintf(text, sizeof(text), "{\"iss\":\"%.*s\"}", (int) i,
                        name);

        is_int(parse(&claims, text, strlen(text)),
               i == TEAM_MAX_ISSUER ? TEAM_OK : TEAM_TOKEN_ISSUER,
               "an issuer of %zu bytes", i);
        team_claims_free(&claims);
    }

    (void) parse(&claims, "{" GOOD "}", strlen("{" GOOD "}"));
    ok(team_str_eq(claims.issuer, str("https://id.example.com")),
       "the issuer is there before the rule is known");
    team_claims_free(&claims);
}


static void
subjects(void)
{
    char                text[800], name[300];
    size_t              i;
    team_claims_t       claims;
    team_claims_rule_t  other;

    memset(name, 's', sizeof(name));

    for (i = TEAM_MAX_SUBJECT; i <= TEAM_MAX_SUBJECT + 1; i++) {
        (void) snprintf(text, sizeof(text), "{" NO_SUB ",\"sub\":\"%.*s\"}",
                        (int) i, name);

        is_int(check(&claims, text, NOW),
               i == TEAM_MAX_SUBJECT ? TEAM_OK : TEAM_TOKEN_CLAIMS,
               "a subject of %zu bytes", i);
        team_claims_free(&claims);
    }

    other = rule;
    other.subject = "oid";

    (void) snprintf(text, sizeof(text), "{" GOOD ",\"oid\":\"12\"}");
    (void) parse(&claims, text, strlen(text));

    is_int(team_claims_check(&claims, &other, NOW), TEAM_OK,
           "the subject is read from another claim");
    ok(team_str_eq(claims.subject, str("12")), "... and is what it says");
    team_claims_free(&claims);

    (void) parse(&claims, "{" GOOD "}", strlen("{" GOOD "}"));

    is_int(team_claims_check(&claims, &other, NOW), TEAM_TOKEN_CLAIMS,
           "... and not from sub when it is absent");
    ok(claims.subject.len == 0, "... there is none then");
    team_claims_free(&claims);
}


static void
people(void)
{
    char           text[1200], name[400];
    size_t         i;
    team_claims_t  claims;

    static const struct {
        const char  *claims;
        const char  *email;
        int          verified;
        const char  *name;
    } rows[] = {
        { "\"x\":1", "", 0, "" },
        { "\"email\":\"a@b.c\",\"email_verified\":true,\"name\":\"Anna\"",
          "a@b.c", 1, "Anna" },
        { "\"email_verified\":\"true\"", "", 1, "" },
        { "\"email_verified\":false", "", 0, "" },
        { "\"email_verified\":\"false\"", "", 0, "" },
        { "\"email_verified\":\"True\"", "", 0, "" },
        { "\"email_verified\":1", "", 0, "" },
        { "\"email_verified\":[true]", "", 0, "" },
        { "\"email\":7,\"name\":null", "", 0, "" },
        { "\"email\":\"a@b.c\\r\\nBcc: x\",\"name\":\"a\\tb\"", "", 0, "" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void) snprintf(text, sizeof(text), "{" GOOD ",%s}", rows[i].claims);

        is_int(check(&claims, text, NOW), TEAM_OK, "%s", rows[i].claims);
        ok(team_str_eq(claims.email, str(rows[i].email)), "... email");
        is_int(claims.email_verified, rows[i].verified, "... verified");
        ok(team_str_eq(claims.name, str(rows[i].name)), "... name");
        team_claims_free(&claims);
    }

    memset(name, 'n', sizeof(name));

    for (i = TEAM_MAX_EMAIL; i <= TEAM_MAX_EMAIL + 1; i++) {
        (void) snprintf(text, sizeof(text), "{" GOOD ",\"email\":\"%.*s\"}",
                        (int) i, name);
        (void) check(&claims, text, NOW);

        is_int((int64_t) claims.email.len, i == TEAM_MAX_EMAIL ? (int) i : 0,
               "an email of %zu bytes", i);
        team_claims_free(&claims);
    }

    /* a character of four bytes at every place across the limit */

    for (i = TEAM_MAX_NAME - 5; i <= TEAM_MAX_NAME + 1; i++) {
        (void) snprintf(text, sizeof(text), "{" GOOD ",\"name\":"
                        "\"%.*s\xf0\x9f\x98\x80%.*s\"}", (int) i, name, 20,
                        name);
        (void) check(&claims, text, NOW);

        is_int((int64_t) claims.name.len,
               i + 4 > TEAM_MAX_NAME && i < TEAM_MAX_NAME
               ? (int) i : TEAM_MAX_NAME,
               "a name is cut beside a character at byte %zu", i);
        team_claims_free(&claims);
    }
}


/* None asked for: any will do, but it has to be an aud. */

static void
audiences(void)
{
    size_t              i;
    team_claims_t       claims;
    team_claims_rule_t  none;

    static const struct {
        const char    *text;
        team_reason_e  reason;
    } rows[] = {
        { "{" NO_AUD "}", TEAM_OK },
        { "{" NO_AUD ",\"aud\":\"x\"}", TEAM_OK },
        { "{" NO_AUD ",\"aud\":[]}", TEAM_OK },
        { "{" NO_AUD ",\"aud\":7}", TEAM_TOKEN_CLAIMS },
        { "{" NO_AUD ",\"aud\":[7]}", TEAM_TOKEN_CLAIMS }
    };

    none = rule;
    none.audiences = NULL;
    none.n_audiences = 0;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void) parse(&claims, rows[i].text, strlen(rows[i].text));

        is_int(team_claims_check(&claims, &none, NOW), rows[i].reason,
               "without an audience asked for: %s", rows[i].text);
        team_claims_free(&claims);
    }
}


static void
payloads(void)
{
    char           deep[256];
    size_t         i;
    team_str_t     s;
    team_claims_t  claims;

    static const char  *rows[] = {
        "", "null", "[]", "\"iss\"", "{", "{} {}", "{\"iss\":\"i\"}x",
        "{\"iss\":\"i\",\"iss\":\"j\"}", "{\"iss\":\"i\",\"a\":\"\xff\"}"
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        is_int(parse(&claims, rows[i], strlen(rows[i])), TEAM_TOKEN_CLAIMS,
               "no payload: %s", rows[i]);
        ok(claims.root == NULL, "... nothing to free");
    }

    memset(deep, '[', sizeof(deep));
    memcpy(deep, "{\"iss\":\"i\",\"a\":", 15);

    is_int(parse(&claims, deep, sizeof(deep)), TEAM_TOKEN_CLAIMS,
           "too deep a payload");

    s.len = TEAM_MAX_TOKEN + 4;
    s.data = calloc(1, s.len);

    is_int(team_claims_parse(&claims, s), TEAM_TOKEN_CLAIMS,
           "a payload longer than a token");
    free((char *) s.data);

    is_int(team_claims_parse(&claims, str("e30=")), TEAM_TOKEN_CLAIMS,
           "padding");
    team_claims_free(&claims);
    ok(claims.root == NULL, "freeing what was refused does nothing");
}


static void
without_memory(void)
{
    long            i;
    unsigned        wrong;
    team_claims_t   claims;
    team_reason_e   reason;

    wrong = 0;

    for (i = 0; i < 10000; i++) {
        oom_after(i);
        reason = check(&claims, "{" GOOD ",\"name\":\"a name that needs a "
                       "buffer of its own\"}", NOW);

        if (!oom_happened()) {
            break;
        }

        wrong += (reason != TEAM_INTERNAL || claims.root != NULL);
    }

    ok(i > 3 && i < 10000 && wrong == 0,
       "memory ends after 0 to %ld allocations: an internal error", i - 1);
    is_int(reason, TEAM_OK, "... and with enough of it all is well");
    team_claims_free(&claims);
}
