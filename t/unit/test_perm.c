/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (C) the ngx_team authors */

#include <stdio.h>
#include <string.h>

#include "team_unit.h"
#include "../../src/core/team_perm.h"
#include "../../src/core/team_text.h"


typedef struct {
    const char  *text;
    int          expected;
} row_t;


static void forms(void);
static void lists(void);
static void masks(void);
static void texts(void);
static void decoding(void);


static const row_t  permissions[] = {
    { "*", 1 }, { "a:b", 1 }, { "invoices:read", 1 }, { "a-b:c-d", 1 },
    { "a1:b2", 1 }, { "a-:b-", 1 },
    { "", 0 }, { "a", 0 }, { "ab", 0 }, { ":b", 0 }, { "a:", 0 }, { ":", 0 },
    { "::b", 0 }, { "a::", 0 }, { "a:b:c", 0 }, { "**", 0 }, { "*:b", 0 },
    { "a:*", 0 }, { "A:b", 0 }, { "a:B", 0 }, { "1:b", 0 }, { "a:1", 0 },
    { "-a:b", 0 }, { "a:-b", 0 }, { "a_b:c", 0 }, { "a b:c", 0 }, { "a:b ", 0 },
    { " a:b", 0 }, { "a:b\n", 0 }, { "a:\xc3\xa9", 0 }, { "a.b", 0 }
};

static const row_t  roles[] = {
    { "a", 1 }, { "owner", 1 }, { "company_admin", 1 }, { "a-1_b", 1 },
    { "", 0 }, { "*", 0 }, { "Owner", 0 }, { "1a", 0 }, { "_a", 0 },
    { "-a", 0 }, { "a b", 0 }, { "a:b", 0 }, { "a\n", 0 }, { "\xc3\xa9", 0 }
};

static const row_t  valid[] = {
    { "", 1 }, { "a", 1 }, { "a b", 1 }, { "a ab b", 1 }, { "* a:b", 1 },
    { "a:read a:read-own", 1 }, { "a-b:c a:c", 1 },
    { " ", 0 }, { " a", 0 }, { "a ", 0 }, { "a  b", 0 }, { "b a", 0 },
    { "a a", 0 }, { "ab a", 0 }, { "a:read-own a:read", 0 }, { "a\tb", 0 },
    { "a\nb", 0 }, { "a\r\nX-Team-Roles: owner", 0 }, { "a \x7f", 0 },
    { "a \xc3\xa9", 0 }, { "a b a", 0 }
};

static const row_t  utf8[] = {
    { "", 1 }, { "plain", 1 }, { "\x01\x7f", 1 }, { "\xc2\x80", 1 },
    { "\xdf\xbf", 1 }, { "\xe0\xa0\x80", 1 }, { "\xed\x9f\xbf", 1 },
    { "\xee\x80\x80", 1 }, { "\xef\xbf\xbf", 1 }, { "\xf0\x90\x80\x80", 1 },
    { "\xf4\x8f\xbf\xbf", 1 },
    { "\x80", 0 }, { "\xbf", 0 }, { "\xc0\x80", 0 }, { "\xc1\xbf", 0 },
    { "\xc2", 0 }, { "\xc2 ", 0 }, { "\xc2\xc2", 0 }, { "\xe0\x9f\xbf", 0 },
    { "\xe1\x80", 0 }, { "\xe1\x80 ", 0 }, { "\xed\xa0\x80", 0 },
    { "\xed\xbf\xbf", 0 }, { "\xf0\x8f\xbf\xbf", 0 }, { "\xf1\x80\x80", 0 },
    { "\xf1\x80\x80 ", 0 }, { "\xf4\x90\x80\x80", 0 },
    { "\xf5\x80\x80\x80", 0 }, { "\xff", 0 }
};

#define rows(table)  (sizeof(table) / sizeof(table[0]))


int
main(void)
{
    plan(0);

    forms();
    lists();
    masks();
    texts();
    decoding();

    return done();
}


static void
forms(void)
{
    char        long_name[TEAM_MAX_PERMISSION + 2];
    size_t      i;
    team_str_t  name;

    for (i = 0; i < rows(permissions); i++) {
        is_int(team_perm_valid(str(permissions[i].text)),
               permissions[i].expected, "permission %u", (unsigned) i);
    }

    for (i = 0; i < rows(roles); i++) {
        is_int(team_role_valid(str(roles[i].text)), roles[i].expected,
               "role %u", (unsigned) i);
    }

    memset(long_name, 'a', sizeof(long_name));
    long_name[1] = ':';
    name.data = long_name;

    name.len = TEAM_MAX_PERMISSION;
    is_int(team_perm_valid(name), 1, "the longest permission");
    name.len++;
    is_int(team_perm_valid(name), 0, "a permission one byte longer");

    long_name[1] = 'a';

    name.len = TEAM_MAX_ROLE;
    is_int(team_role_valid(name), 1, "the longest role");
    name.len++;
    is_int(team_role_valid(name), 0, "a role one byte longer");

    name.data = "a:b\0c";
    name.len = 5;
    is_int(team_perm_valid(name), 0, "a permission with NUL");
    is_int(team_list_valid(name), 0, "a list with NUL");
}


static void
lists(void)
{
    size_t      i;
    team_str_t  list, name;

    for (i = 0; i < rows(valid); i++) {
        is_int(team_list_valid(str(valid[i].text)), valid[i].expected,
               "list %u", (unsigned) i);
    }

    list = str("a ab abc b");

    is_int(team_list_has(list, str("a")), 1, "has the first");
    is_int(team_list_has(list, str("ab")), 1, "has the second");
    is_int(team_list_has(list, str("abc")), 1, "has the third");
    is_int(team_list_has(list, str("b")), 1, "has the last");
    is_int(team_list_has(list, str("abcd")), 0, "not a longer one");
    is_int(team_list_has(list, str("bc")), 0, "not the end of one");
    is_int(team_list_has(list, str("a ab")), 0, "not two at once");
    is_int(team_list_has(list, str("")), 0, "not the empty name");
    is_int(team_list_has(str(""), str("")), 0, "not even in an empty list");
    is_int(team_list_has(str(""), str("a")), 0, "an empty list has nothing");

    for (i = 0; team_list_next(&list, &name); i++) {
        ok(team_str_eq(name, str(i == 0 ? "a" : i == 1 ? "ab"
                                 : i == 2 ? "abc" : "b")),
           "name %u of the list", (unsigned) i);
    }

    is_int((int64_t) i, 4, "four names were taken");
    is_int(team_list_next(&list, &name), 0, "and no fifth");
}


static void
masks(void)
{
    size_t      i;
    char        text[TEAM_MAX_REQUIRED + 1][8];
    team_str_t  names[TEAM_MAX_REQUIRED + 1];

    for (i = 0; i <= TEAM_MAX_REQUIRED; i++) {
        snprintf(text[i], sizeof(text[i]), "p%02u:x", (unsigned) i);
        names[i] = str(text[i]);
    }

    ok(team_perm_mask(str("p00:x p02:x"), names, 3) == 5, "bits 0 and 2");
    ok(team_perm_mask(str("p01:xx p02:x"), names, 3) == 4, "bit 2 alone");
    ok(team_perm_mask(str(""), names, 64) == 0, "no bit");
    ok(team_perm_mask(str("p63:x"), names, 64) == (uint64_t) 1 << 63,
       "the last bit");
    ok(team_perm_mask(str("*"), names, 64) == ~(uint64_t) 0, "all 64 bits");
    ok(team_perm_mask(str("* a:b"), names, 2) == 3, "all of two bits");
    ok(team_perm_mask(str("*"), names, 0) == 0, "all of none");
    ok(team_perm_mask(str("p64:x"), names, 65) == 0,
       "a name beyond the last bit has none");
}


static void
texts(void)
{
    size_t      i;
    team_str_t  nul;

    for (i = 0; i < rows(utf8); i++) {
        is_int(team_text_valid(str(utf8[i].text)), utf8[i].expected,
               "UTF-8 %u", (unsigned) i);
    }

    nul.data = "a\0b";
    nul.len = 3;

    is_int(team_text_valid(nul), 0, "NUL is not text");
    is_int(team_text_control(nul), 1, "NUL is a control byte");
    is_int(team_text_control(str("a\x1f")), 1, "so is 0x1f");
    is_int(team_text_control(str("\x7f")), 1, "so is 0x7f");
    is_int(team_text_control(str(" ~\xc3\xa9")), 0, "these are not");
}


static void
decoding(void)
{
    char                 out[64];
    size_t               i, len;
    static const struct {
        const char  *in;
        int          plus;
        const char  *out;
    } table[] = {
        { "", 0, "" }, { "abc", 0, "abc" }, { "a%20b", 0, "a b" },
        { "a+b", 0, "a+b" }, { "a+b", 1, "a b" }, { "a%2Bb", 1, "a+b" },
        { "%c3%A9", 0, "\xc3\xa9" }, { "%2525", 0, "%25" },
        { "%", 0, NULL }, { "%4", 0, NULL }, { "a%4", 0, NULL },
        { "%4g", 0, NULL }, { "%g4", 0, NULL }, { "%%41", 0, NULL },
        { "%00", 0, NULL }, { "a%00b", 1, NULL }, { "%ff", 0, NULL },
        { "%c0%af", 0, NULL }, { "%u0041", 0, NULL }, { "\xe9", 0, NULL }
    };

    for (i = 0; i < rows(table); i++) {

        if (team_text_decode(out, &len, str(table[i].in), table[i].plus) != 0) {
            ok(table[i].out == NULL, "\"%s\" is refused", table[i].in);
            continue;
        }

        out[len] = '\0';
        is_str(out, table[i].out, "\"%s\" is decoded", table[i].in);
    }
}
