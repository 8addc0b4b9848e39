#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "serve/hls.h"

static struct vt_hls_file resolved;

static int resolve(const char *path)
{
    return vt_hls_resolve(path, &resolved);
}

TEST(published_files_have_addresses)
{
    REQUIRE_INT(resolve("/live/mango/index.m3u8"), 0);
    REQUIRE_INT(resolved.count, 2);
    REQUIRE_TEXT(resolved.type, "application/vnd.apple.mpegurl");
    REQUIRE_INT(resolve("/live/mango/tall/index.m3u8"), 0);
    REQUIRE_INT(resolve("/live/mango/20260301T190000Z/main/720p.m3u8"), 0);
    REQUIRE_TEXT(resolved.component[1], "20260301T190000Z");
    REQUIRE_TEXT(resolved.component[3], "720p.m3u8");
    REQUIRE_INT(resolve("/live/mango/s1/main/720p-init.mp4"), 0);
    REQUIRE_TEXT(resolved.type, "video/mp4");
    REQUIRE_INT(resolve("/live/mango/s1/main/720p-17.m4s"), 0);
    REQUIRE_TEXT(resolved.type, "video/iso.segment");
    REQUIRE_INT(resolved.kind, VT_HLS_MEDIA);
    REQUIRE_INT(resolve("/live/mango/s1/main/720p-17.3.m4s"), 0);
    REQUIRE_INT(resolved.kind, VT_HLS_MEDIA);
    REQUIRE_INT(resolve("/live/mango/s1/main/cues/c42.7.json"), 0);
    REQUIRE_INT(resolved.kind, VT_HLS_MORE);
}

TEST(everything_else_has_none)
{
    static const char *const paths[] = {
        "", "/", "/live", "/live/", "/live/mango", "/live/mango/", "/live//index.m3u8", "/live/mango/sequence",
        "/live/mango/s1/show.json", "/live/mango/s1/main/", "/live/mango/s1/main/state.json",
        "/live/mango/s1/main/.720p.m3u8", "/live/mango/s1/main/720p.m3u8~", "/live/mango/s1/main/720p.m4s.tmp",
        "/live/mango/s1/main/cues/c1.m4s", "/live/mango/s1/main/other/c1.json", "/live/mango/s1/main/cues/x/c1.json",
        "/live/mango/720p.m3u8", "/live/mango/s1/main/720p.ll.m3u8", "/live/mango/s1/main/720p.skip.m3u8",
        "/live/mango/s1/main/720p.skip2.m3u8", "/live/mango/index.ll.m3u8", "/live/mango/s1/main/.m4s", "/live/man go/index.m3u8", "/other/mango/index.m3u8",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (resolve(paths[i]) != -ENOENT)
            check_fail(__FILE__, __LINE__, "%s has an address", paths[i]);
}

TEST(no_path_leaves_its_channel)
{
    static const char *const paths[] = {
        "/live/../state.db", "/live/../index.m3u8", "/live/mango/../index.m3u8", "/live/mango/../../index.m3u8",
        "/live/mango/s1/../index.m3u8", "/live/mango/s1/main/../../x.m3u8", "/live/./mango/index.m3u8",
        "/live/mango/s1/main/..m4s", "/live/mango/s1/main/a..m4s", "/live/mango/s1/main/cues/../x.json",
        "/live/mango\\..\\index.m3u8", "/live/..", "/live/mango/s1/..%2f/a.m3u8",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (resolve(paths[i]) != -ENOENT)
            check_fail(__FILE__, __LINE__, "%s has an address", paths[i]);
}

TEST(names_are_limited)
{
    char path[256];
    snprintf(path, sizeof path, "/live/%032d/index.m3u8", 1);
    REQUIRE_INT(resolve(path), 0);
    snprintf(path, sizeof path, "/live/%033d/index.m3u8", 1);
    REQUIRE_INT(resolve(path), -ENOENT);
    snprintf(path, sizeof path, "/live/a/b/c/%076d.m4s", 1);
    REQUIRE_INT(resolve(path), 0);
    snprintf(path, sizeof path, "/live/a/b/c/%077d.m4s", 1);
    REQUIRE_INT(resolve(path), -ENOENT);
}

static void write_file(int folder, const char *name)
{
    int fd = openat(folder, name, O_CREAT | O_WRONLY, 0600);
    REQUIRE(fd >= 0);
    REQUIRE_INT(write(fd, "x", 1), 1);
    close(fd);
}

TEST(symbolic_links_are_not_followed)
{
    char root[] = "/tmp/vitrine-hls-XXXXXX";
    REQUIRE(mkdtemp(root) != NULL);
    int live = open(root, O_PATH | O_DIRECTORY);
    REQUIRE_INT(mkdirat(live, "mango", 0700), 0);
    int mango = openat(live, "mango", O_RDONLY | O_DIRECTORY);
    write_file(mango, "index.m3u8");
    REQUIRE_INT(symlinkat("mango", live, "link"), 0);
    REQUIRE_INT(mkdirat(mango, "tall", 0700), 0);
    REQUIRE_INT(symlinkat("../index.m3u8", mango, "tall/index.m3u8"), 0);
    REQUIRE_INT(mkdirat(mango, "dir", 0700), 0);
    REQUIRE_INT(mkdirat(mango, "dir/index.m3u8", 0700), 0);

    REQUIRE_INT(resolve("/live/mango/index.m3u8"), 0);
    int fd = vt_hls_open(live, &resolved);
    REQUIRE(fd >= 0);
    close(fd);
    REQUIRE_INT(resolve("/live/link/index.m3u8"), 0);
    REQUIRE(vt_hls_open(live, &resolved) < 0);
    REQUIRE_INT(resolve("/live/mango/tall/index.m3u8"), 0);
    REQUIRE(vt_hls_open(live, &resolved) < 0);
    REQUIRE_INT(resolve("/live/mango/dir/index.m3u8"), 0);
    REQUIRE_INT(vt_hls_open(live, &resolved), -ENOENT);
    REQUIRE_INT(resolve("/live/melon/index.m3u8"), 0);
    REQUIRE_INT(vt_hls_open(live, &resolved), -ENOENT);

    unlinkat(mango, "dir/index.m3u8", AT_REMOVEDIR);
    unlinkat(mango, "dir", AT_REMOVEDIR);
    unlinkat(mango, "tall/index.m3u8", 0);
    unlinkat(mango, "tall", AT_REMOVEDIR);
    unlinkat(mango, "index.m3u8", 0);
    unlinkat(live, "link", 0);
    unlinkat(live, "mango", AT_REMOVEDIR);
    close(mango);
    close(live);
    rmdir(root);
}

TEST(ranges_are_read)
{
    int64_t first = -1, length = -1;
    REQUIRE_INT(vt_hls_range("bytes=0-99", 1000, &first, &length), 1);
    REQUIRE_INT(first, 0);
    REQUIRE_INT(length, 100);
    REQUIRE_INT(vt_hls_range("bytes=990-", 1000, &first, &length), 1);
    REQUIRE_INT(length, 10);
    REQUIRE_INT(vt_hls_range("bytes=-5", 1000, &first, &length), 1);
    REQUIRE_INT(first, 995);
    REQUIRE_INT(vt_hls_range("bytes=-5000", 1000, &first, &length), 1);
    REQUIRE_INT(first, 0);
    REQUIRE_INT(length, 1000);
    REQUIRE_INT(vt_hls_range("bytes=999-5000", 1000, &first, &length), 1);
    REQUIRE_INT(length, 1);
    REQUIRE_INT(vt_hls_range("bytes=1000-", 1000, &first, &length), -ERANGE);
    REQUIRE_INT(vt_hls_range("bytes=-0", 1000, &first, &length), -ERANGE);
    REQUIRE_INT(vt_hls_range("bytes=0-", 0, &first, &length), -ERANGE);
}

TEST(odd_ranges_give_the_whole)
{
    static const char *const odd[] = {"bytes=", "bytes=-", "bytes=5-4", "bytes=0-1,5-6", "items=0-5", "bytes=a-b",
                                      "bytes=0-1x", "bytes=99999999999999999999-", "bytes= 0-1", ""};
    int64_t first = 7, length = 7;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        REQUIRE_INT(vt_hls_range(odd[i], 1000, &first, &length), 0);
    REQUIRE_INT(vt_hls_range(NULL, 1000, &first, &length), 0);
    REQUIRE_INT(first, 7);
}

int main(void)
{
    RUN(published_files_have_addresses);
    RUN(everything_else_has_none);
    RUN(no_path_leaves_its_channel);
    RUN(names_are_limited);
    RUN(symbolic_links_are_not_followed);
    RUN(ranges_are_read);
    RUN(odd_ranges_give_the_whole);
    return DONE();
}
