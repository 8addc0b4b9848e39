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

static void expect_srt(const char *streamid, const char *key, const char *resource)
{
    struct vt_streamid out;
    REQUIRE_INT(vt_streamid_srt(&out, streamid), 0);
    REQUIRE_TEXT(out.key, key);
    REQUIRE_TEXT(out.resource, resource);
}

static void expect_srt_error(const char *streamid, int error)
{
    struct vt_streamid out = {.key = "untouched"};
    int result = vt_streamid_srt(&out, streamid);
    if (result != error)
        check_fail(__FILE__, __LINE__, "\"%s\" gives %d, not %d", streamid, result, error);
    REQUIRE_TEXT(out.key, "untouched");
}

TEST(understands_what_srt_callers_send)
{
    expect_srt("demo-key", "demo-key", "");
    expect_srt("demo,key:with-marks", "demo,key:with-marks", "");
    expect_srt("#!::r=mango,m=publish,s=demo-key", "demo-key", "mango");
    expect_srt("#!::bmd_uuid=1,s=demo-key,u=me,bmd_name=x,t=stream,m=publish,r=live/mango,h=a.example", "demo-key",
               "mango");
    expect_srt("#!::r=live/demo-key,m=publish", "demo-key", "");
    expect_srt("#!::r=demo-key", "demo-key", "");
    expect_srt("%23!::r=mango%2Cm=publish,s=demo%2dkey", "demo-key", "mango");
    expect_srt("%23!::s=50%2525off", "50%25off", "");                       // once, not twice
    expect_srt("publish:demo-key", "demo-key", "");
    expect_srt("publish:live/demo-key#feedbackplay", "demo-key", "");
    expect_srt("publish:mango:user:demo-key", "demo-key", "mango");
    expect_srt("publish:mango:user:demo-key:a=1#feedbackplay", "demo-key", "mango");
    expect_srt("a.example/app/demo-key", "demo-key", "");
    expect_srt("srt://a.example:8890/app/demo-key", "demo-key", "");
    expect_srt("srt%3A%2F%2Fa.example%3A8890%2Fapp%2Fdemo-key", "demo-key", "");
    expect_srt("live/demo-key", "demo-key", "");
    expect_srt("live/mango?token=demo%2Dkey", "demo-key", "mango");
    expect_srt("mango?x=1&key=demo-key", "demo-key", "mango");
    expect_srt("demo-key,mode:publish", "demo-key", "");
    expect_srt("mango,token:demo-key,mode:publish", "demo-key", "mango");
}

TEST(refuses_other_streamids)
{
    expect_srt_error("", -ENOENT);
    expect_srt_error("#!::", -ENOENT);
    expect_srt_error("#!::m=publish", -ENOENT);
    expect_srt_error("publish:", -ENOENT);
    expect_srt_error("srt://a.example:8890", -ENOENT);
    expect_srt_error("#!::r=mango,m=request", -EPERM);
    expect_srt_error("#!::r=mango,m=bidirectional,s=k", -EPERM);
    expect_srt_error("read:mango", -EPERM);
    expect_srt_error("mango,mode:request", -EPERM);
    expect_srt_error("#!::r=mango,m=x", -EBADMSG);
    expect_srt_error("#!:{r=mango}", -EBADMSG);
    expect_srt_error("#!", -EBADMSG);
    expect_srt_error("%23!::s=%0", -EILSEQ);
    expect_srt_error("%23!::s=%00", -EILSEQ);
    expect_srt_error("a\nb", -EILSEQ);
    expect_srt_error("\xff\xfe", -EILSEQ);                                  // no UTF-8, raw and encoded
    expect_srt_error("#!::r=mango,s=k\xc3", -EILSEQ);
    expect_srt_error("%23!::s=%ff", -EILSEQ);
    expect_srt_error("live/mango?token=%c0%80", -EILSEQ);
    expect_srt_error("mango?token=%zz", -EILSEQ);
}

TEST(bounds_a_streamid)
{
    char text[VT_STREAMID_MAX + 2], key[VT_KEY_MAX + 2];
    REQUIRE_INT(VT_STREAMID_MAX, 512);                                      // as SRT has it
    memset(text, 'k', sizeof text);
    memcpy(text, "#!::x=", 6);
    text[VT_STREAMID_MAX + 1] = 0;
    expect_srt_error(text, -EMSGSIZE);
    memcpy(text + VT_STREAMID_MAX - 4, ",s=j", 5);
    expect_srt(text, "j", "");
    memset(key, 'k', sizeof key);
    key[VT_KEY_MAX + 1] = 0;
    expect_srt_error(key, -EMSGSIZE);
    key[VT_KEY_MAX] = 0;
    expect_srt(key, key, "");
}

int main(void)
{
    RUN(understands_what_srt_callers_send);
    RUN(refuses_other_streamids);
    RUN(bounds_a_streamid);
    RUN(finds_the_key_in_every_form);
    RUN(says_when_there_is_none);
    RUN(refuses_what_no_key_holds);
    RUN(bounds_the_length);
    return DONE();
}
