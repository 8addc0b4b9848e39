#include "check.h"

#include <errno.h>

#include "ingest/streamid.h"

static void expect(const char *app, const char *name, const char *key)
{
    char out[VT_KEY_ROOM];
    REQUIRE_INT(vt_streamid_rtmp(out, app, name), 0);
    REQUIRE_TEXT(out, key);
}

static void expect_error(const char *app, const char *name, int error)
{
    char out[VT_KEY_ROOM] = "old";
    REQUIRE_INT(vt_streamid_rtmp(out, app, name), error);
    REQUIRE_TEXT(out, "old");
}

TEST(finds_the_key_in_every_form)
{
    expect("live", "demo-key", "demo-key");
    expect("live", "demo-key?bandwidthtest=true", "demo-key");
    expect("live", "demo-key?auth=abc", "demo-key");
    expect("live", "//demo-key/", "demo-key");
    expect("live", "mango?token=demo-key", "demo-key");
    expect("live", "mango?x=1&key=demo-key&y=2", "demo-key");
    expect("live", "mango?key=other&token=demo-key", "demo-key");
    expect("live", "?token=demo-key", "demo-key");
    expect("live", "mango?token=de%6Do%2dkey", "demo-key");
    expect("live", "demo-key?token=", "demo-key");
    expect("live", "demo-key?tokens=x", "demo-key");
    expect("live?token=demo-key", "mango", "demo-key");
    expect("live?x=1", "demo-key", "demo-key");
    expect("live/demo-key", "", "demo-key");
    expect("/live/a/demo-key/", "", "a/demo-key");
    expect("demo-key", "", "demo-key");
    expect("live", "sch\xc3\xb6n\xe4\xb8\xad\xf0\x9f\x98\x80", "sch\xc3\xb6n\xe4\xb8\xad\xf0\x9f\x98\x80");
    expect("live", "50%off", "50%off");                     // names are not decoded
}

TEST(says_when_there_is_none)
{
    expect_error("", "", -ENOENT);
    expect_error("/", "///", -ENOENT);
}

TEST(refuses_what_no_key_holds)
{
    const char *bad[] = {"a\nb",         "a\x7f",
                         "\xff",         "\xc0\x80",
                         "\xc3",         "\xe4\xb8",
                         "\xed\xa0\x80", "\xf4\x90\x80\x80",
                         "\xe0\x80\x80", "\xf0\x80\x80\x80",
                         "a\xc2\x85",    "\xc3\x28",
                         "?token=%00",   "?token=%",
                         "?token=%4",    "?token=%zz",
                         "?token=%0a"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect_error("live", bad[i], -EILSEQ);
}

TEST(bounds_the_length)
{
    char name[VT_KEY_MAX + 2], query[VT_KEY_MAX + 16];
    memset(name, 'k', sizeof name);
    name[VT_KEY_MAX + 1] = 0;
    snprintf(query, sizeof query, "?token=%s", name);
    expect_error("live", name, -EMSGSIZE);
    expect_error("live", query, -EMSGSIZE);
    name[VT_KEY_MAX] = 0;
    query[strlen(query) - 1] = 0;
    expect("live", name, name);
    expect("live", query, name);
    char longer[1000] = "?token=";
    memset(longer + 7, 'k', sizeof longer - 8);
    expect_error("live", longer, -EMSGSIZE);
}

int main(void)
{
    RUN(finds_the_key_in_every_form);
    RUN(says_when_there_is_none);
    RUN(refuses_what_no_key_holds);
    RUN(bounds_the_length);
    return DONE();
}
