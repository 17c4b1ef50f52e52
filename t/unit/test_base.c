/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

/* Strict base64url, reasons, SipHash-1-3. */

#include <stdio.h>
#include <string.h>

#include "team_unit.h"


static void reasons(void);
static void strings(void);
static void base64url_accepts(void);
static void base64url_refuses(void);
static void base64url_has_one_spelling(void);
static void siphash(void);


int
main(void)
{
    plan(0);

    reasons();
    strings();
    base64url_accepts();
    base64url_refuses();
    base64url_has_one_spelling();
    siphash();

    return done();
}


static void
reasons(void)
{
    int          a, b, same;
    size_t       len;
    const char  *name;

    is_str(team_reason_name(TEAM_OK), "ok", "TEAM_OK");
    is_str(team_reason_name(TEAM_TOKEN_MISSING), "token-missing",
           "the first refusal");
    is_str(team_reason_name(TEAM_TOKEN_NOT_YET), "token-not-yet-valid",
           "the last of the token's");
    is_str(team_reason_name(TEAM_ROLE_MISSING), "role-missing",
           "the last of the person's");
    is_str(team_reason_name(TEAM_INTERNAL), "internal", "TEAM_INTERNAL");
    is_str(team_reason_name(TEAM_REASONS), "internal", "a value too large");
    is_str(team_reason_name((team_reason_e) -1), "internal",
           "a negative value");

    same = 0;

    for (a = 0; a < TEAM_REASONS; a++) {
        name = team_reason_name((team_reason_e) a);

        if (name == NULL) {
            ok(0, "reason %d has a name", a);
            continue;
        }

        len = strspn(name, "abcdefghijklmnopqrstuvwxyz-");

        ok(len > 0 && name[len] == '\0', "reason %d has a name: %s", a, name);

        for (b = 0; b < a; b++) {
            same += (strcmp(name, team_reason_name((team_reason_e) b)) == 0);
        }
    }

    is_int(same, 0, "no two have the same name");
}


static void
strings(void)
{
    team_str_t  none;

    none.len = 0;
    none.data = NULL;

    is_int(team_str_eq(str("owner"), str("owner")), 1, "equal");
    is_int(team_str_eq(str("owner"), str("ownes")), 0, "another last byte");
    is_int(team_str_eq(str("owner"), str("own")), 0, "a prefix");
    is_int(team_str_eq(none, str("")), 1, "NULL and empty are equal");
    is_int(team_str_eq(none, str("a")), 0, "NULL and \"a\" are not");
}


/* RFC 4648 section 10, in the alphabet of section 5, and RFC 7515 A.1 */

static void
base64url_accepts(void)
{
    char           encoded[64];
    size_t         i, len, n;
    unsigned char  out[64];

    static const struct {
        const char  *text;
        const char  *plain;
        size_t       len;
    } rows[] = {
        { "", "", 0 },
        { "Zg", "f", 1 },
        { "Zm8", "fo", 2 },
        { "Zm9v", "foo", 3 },
        { "Zm9vYg", "foob", 4 },
        { "Zm9vYmE", "fooba", 5 },
        { "Zm9vYmFy", "foobar", 6 },
        { "A-z_4ME", "\x03\xec\xff\xe0\xc1", 5 },
        { "_____w", "\xff\xff\xff\xff", 4 },
        { "AAAA", "\0\0\0", 3 }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        memset(out, 0xee, sizeof(out));

        is_int(team_base64url_decode(out, &len, str(rows[i].text)), 0,
               "\"%s\" is decoded", rows[i].text);
        ok(len == rows[i].len && memcmp(out, rows[i].plain, len) == 0,
           "... to what it says");
        is_int(out[len], 0xee, "... and nothing is written after it");
        is_int(team_base64url_valid(str(rows[i].text)), 1, "... is valid");

        n = team_base64url_encode(encoded, rows[i].plain, rows[i].len);

        ok(n == strlen(rows[i].text) && memcmp(encoded, rows[i].text, n) == 0,
           "... and is what it is encoded to");
    }
}


static void
base64url_refuses(void)
{
    char           text[] = "Zm9v";
    int            c, accepted;
    size_t         i, len;
    team_str_t     s;
    unsigned char  out[64];

    static const struct {
        const char  *text;
        const char  *why;
    } rows[] = {
        { "Z", "1 mod 4" },
        { "Zm9vY", "1 mod 4, longer" },
        { "Zg==", "padding" },
        { "Zm8=", "padding of one" },
        { "Zm9v====", "padding that says nothing" },
        { "Zh", "two characters, unused bits set" },
        { "Zm9", "three characters, unused bits set" },
        { "Zm9vYh", "unused bits set at the end of a longer text" },
        { "A+z/", "base64's own two characters" },
        { "Zm9v\n", "a newline" },
        { "Zm 9", "a space" },
        { " Zm9", "a space in front" },
        { "Zm9.", "a dot" },
        { "Zm9\xc3\xa9", "UTF-8" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        is_int(team_base64url_decode(out, &len, str(rows[i].text)), -1,
               "refused: %s", rows[i].why);
        is_int(team_base64url_valid(str(rows[i].text)), 0, "... by both");
    }

    /* every byte, NUL included, at every place of a group */

    for (i = 0; i < 4; i++) {
        accepted = 0;

        for (c = 0; c < 256; c++) {
            memcpy(text, "Zm9v", 4);
            text[i] = (char) c;

            s.data = text;
            s.len = 4;

            accepted += team_base64url_valid(s);
        }

        is_int(accepted, 64, "64 bytes are characters, at place %zu", i);
    }
}


/*
 * One token has many spellings for lax decoders, which makes a list of revoked
 * tokens worthless.  Here two texts never decode to the same bytes.
 */

static void
base64url_has_one_spelling(void)
{
    char           text[3], back[8];
    int            a, b, c;
    size_t         len, n;
    unsigned       accepted, differ;
    team_str_t     s;
    unsigned char  out[8];

    accepted = 0;
    differ = 0;
    s.data = text;

    for (a = 0; a < 256; a++) {
        for (b = 0; b < 256; b++) {
            text[0] = (char) a;
            text[1] = (char) b;
            s.len = 2;

            if (team_base64url_decode(out, &len, s) == 0) {
                accepted++;
                n = team_base64url_encode(back, out, len);
                differ += (n != 2 || memcmp(back, text, 2) != 0);
            }

            /* three: the last over the printable ones is enough */

            for (c = 0x20; c < 0x7f; c++) {
                text[2] = (char) c;
                s.len = 3;

                if (team_base64url_decode(out, &len, s) == 0) {
                    accepted++;
                    n = team_base64url_encode(back, out, len);
                    differ += (n != 3 || memcmp(back, text, 3) != 0);
                }
            }
        }
    }

    is_int(accepted, 256 + 65536, "as many texts as there are bytes");
    is_int(differ, 0, "each is what its bytes are encoded to");
}


/*
 * Expected values are CPython's, which hashes bytes with SipHash-1-3 under a
 * key made from PYTHONHASHSEED (0, 1, 4242); message i is 0, 1, 2 ... of that
 * length.
 */

static void
siphash(void)
{
    size_t         i;
    uint64_t       got;
    unsigned char  message[256];

    static const struct {
        uint64_t  key[2];
        size_t    len;
        uint64_t  hash;
    } rows[] = {
        { { 0, 0 }, 1, 0x68a914128e01e473ULL },
        { { 0, 0 }, 7, 0x2f098ab0c751325aULL },
        { { 0, 0 }, 8, 0xead411e67ebe2eeaULL },
        { { 0, 0 }, 9, 0x75927f9d95124362ULL },
        { { 0, 0 }, 64, 0x75e05fd5bbc870c6ULL },
        { { 0xaed66ce184be2329ULL, 0xebe9bbf1f1499052ULL },
          15, 0xfa87985f39e97a53ULL },
        { { 0xaed66ce184be2329ULL, 0xebe9bbf1f1499052ULL },
          16, 0x12e9d283f9f37002ULL },
        { { 0xaed66ce184be2329ULL, 0xebe9bbf1f1499052ULL },
          255, 0x523ab5ebe2e15f94ULL },
        { { 0x41f6394f25dd9b43ULL, 0xc64ae48da2032d08ULL },
          31, 0xccd87f673f91302bULL },
        { { 0x41f6394f25dd9b43ULL, 0xc64ae48da2032d08ULL },
          256, 0x8c7cf478750a02d7ULL }
    };

    for (i = 0; i < sizeof(message); i++) {
        message[i] = (unsigned char) i;
    }

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        got = team_siphash(rows[i].key, message, rows[i].len);

        ok(got == rows[i].hash, "SipHash of %zu bytes, row %zu", rows[i].len,
           i);
    }

    ok(team_siphash(rows[0].key, NULL, 0) != team_siphash(rows[5].key, NULL, 0),
       "nothing at all has a hash of its key");
}
