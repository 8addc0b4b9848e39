#include "studio/unfinished.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mediatime.h"

#include "check.h"

#define OPEN  "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\na.m4s\n"
#define ENDED OPEN "#EXT-X-ENDLIST\n"
#define TOP   "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nbig.m3u8\n"

static char data[64], name[VT_NAME_ROOM];
static int64_t written_ns;

static void make_folder(const char *path)
{
    char command[256];
    snprintf(command, sizeof command, "mkdir -p '%s/live/mango/%s'", data, path);
    REQUIRE_INT(system(command), 0);
}

static void fresh(void)
{
    snprintf(data, sizeof data, "/tmp/vitrine-unfinished-XXXXXX");
    REQUIRE(mkdtemp(data) != NULL);
    name[0] = 0;
}

static void clean(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", data);
    REQUIRE_INT(system(command), 0);
}

static const char *path_of(const char *file)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/live/mango/%s", data, file);
    return path;
}

// Written `seconds` after the epoch.
static void put_in(const char *show, const char *output, const char *file, const char *text, int64_t seconds)
{
    char inside[128];
    snprintf(inside, sizeof inside, "%s/%s", show, output);
    make_folder(inside);
    snprintf(inside, sizeof inside, "%s/%s/%s", show, output, file);
    FILE *out = fopen(path_of(inside), "w");
    REQUIRE(out != NULL);
    fputs(text, out);
    fclose(out);
    struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    REQUIRE_INT(utimensat(AT_FDCWD, path_of(inside), times, 0), 0);
}

static void put(const char *show, const char *file, const char *text, int64_t seconds)
{
    put_in(show, "main", file, text, seconds);
}

static const char *text_of(const char *file)
{
    static char text[4096];
    FILE *in = fopen(path_of(file), "r");
    REQUIRE(in != NULL);
    text[fread(text, 1, sizeof text - 1, in)] = 0;
    fclose(in);
    return text;
}

TEST(without_shows_there_is_none)
{
    fresh();
    REQUIRE_INT(vt_unfinished_find(data, "mango", name, &written_ns), -ENOENT);
    make_folder("");
    REQUIRE_INT(vt_unfinished_find(data, "mango", name, &written_ns), -ENOENT);
    REQUIRE_INT(vt_unfinished_end_all(data, "mango", NULL), 0);
    put("a", "index.m3u8", TOP, 5);             // nothing was ever listed
    REQUIRE_INT(vt_unfinished_find(data, "mango", name, &written_ns), -ENOENT);
    REQUIRE_INT(vt_unfinished_end_all(data, "mango", NULL), 0);
    clean();
}

TEST(the_newest_that_broke_off_is_found)
{
    fresh();
    put("z", "big.m3u8", OPEN, 1000);
    put("b", "big.m3u8", OPEN, 2000);
    put("b", "small.m3u8", OPEN, 2002);
    put("c", "big.m3u8", ENDED, 3000);
    REQUIRE_INT(vt_unfinished_find(data, "mango", name, &written_ns), 0);
    REQUIRE_TEXT(name, "b");
    REQUIRE_INT(written_ns, 2002 * VT_NS_PER_S);
    clean();
}

TEST(the_others_are_ended_and_nothing_else_is_touched)
{
    fresh();
    put("a", "index.m3u8", TOP, 1000);
    put("a", "big.m3u8", OPEN, 1000);
    put("a", "small.m3u8", OPEN, 1000);
    put("a", "notes.txt", OPEN, 1000);
    put("b", "big.m3u8", OPEN, 2000);
    put("c", "big.m3u8", ENDED, 3000);
    REQUIRE_INT(vt_unfinished_end_all(data, "mango", "b"), 1);
    REQUIRE_TEXT(text_of("a/main/big.m3u8"), ENDED);
    REQUIRE_TEXT(text_of("a/main/small.m3u8"), ENDED);
    REQUIRE_TEXT(text_of("a/main/index.m3u8"), TOP);
    REQUIRE_TEXT(text_of("a/main/notes.txt"), OPEN);
    REQUIRE_TEXT(text_of("b/main/big.m3u8"), OPEN);
    REQUIRE_TEXT(text_of("c/main/big.m3u8"), ENDED);
    REQUIRE_INT(vt_unfinished_end_all(data, "mango", "b"), 0);
    REQUIRE_INT(vt_unfinished_end(data, "mango", "b"), 0);
    REQUIRE_TEXT(text_of("b/main/big.m3u8"), ENDED);
    REQUIRE_INT(vt_unfinished_end(data, "mango", "b"), 0);
    REQUIRE_TEXT(text_of("b/main/big.m3u8"), ENDED);
    clean();
}

// Dying between two playlists of the end: it cannot go on, since one of them is over for good.
TEST(a_half_ended_show_is_ended_not_gone_on_with)
{
    fresh();
    put("a", "big.m3u8", ENDED, 1000);
    put("a", "small.m3u8", OPEN, 1000);
    REQUIRE_INT(vt_unfinished_find(data, "mango", name, &written_ns), -ENOENT);
    REQUIRE_INT(vt_unfinished_end_all(data, "mango", NULL), 1);
    REQUIRE_TEXT(text_of("a/main/small.m3u8"), ENDED);
    clean();
}

#define LONG "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-DATERANGE:ID=\"c1.1\"\n#VITRINE-PAST:long.past-1,0,900,8\n"

TEST(every_output_of_a_show_is_ended)
{
    fresh();
    put("a", "v.m3u8", OPEN, 5);
    put_in("a", "upright", "v.m3u8", OPEN, 6);
    REQUIRE_INT(vt_unfinished_find(data, "mango", name, &written_ns), 0);
    REQUIRE_TEXT(name, "a");
    REQUIRE_INT(written_ns, 6 * INT64_C(1000000000));
    REQUIRE_INT(vt_unfinished_end(data, "mango", "a"), 0);
    REQUIRE(strstr(text_of("a/main/v.m3u8"), "#EXT-X-ENDLIST\n") != NULL);
    REQUIRE(strstr(text_of("a/upright/v.m3u8"), "#EXT-X-ENDLIST\n") != NULL);
    clean();
}

TEST(an_open_segment_is_left_out)
{
    fresh();
    put("a", "big.m3u8", OPEN, 1000);
    put("a", "big.ll.m3u8", OPEN "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:02.000Z\n#EXT-X-DATERANGE:ID=\"c1.1\"\n"
        "#EXT-X-PART:DURATION=0.3,URI=\"b.m4s\"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"c.m4s\"\n"
        "#EXT-X-RENDITION-REPORT:URI=\"small.m3u8\"\n", 1000);
    put("a", "new.ll.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PART:DURATION=0.3,URI=\"b.m4s\"\n", 1000);
    put("a", "long.ll.m3u8", LONG "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T19:00:02.000Z\n"
        "#EXT-X-PART:DURATION=0.3,URI=\"b.m4s\"\n", 1000);
    REQUIRE_INT(vt_unfinished_end(data, "mango", "a"), 0);
    REQUIRE_TEXT(text_of("a/main/big.m3u8"), ENDED);
    REQUIRE_TEXT(text_of("a/main/big.ll.m3u8"), ENDED);
    REQUIRE_TEXT(text_of("a/main/new.ll.m3u8"), "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-ENDLIST\n");
    REQUIRE_TEXT(text_of("a/main/long.ll.m3u8"), LONG "#EXT-X-ENDLIST\n");
    clean();
}

TEST(links_out_of_the_folder_are_not_followed)
{
    char target[128];
    fresh();
    put("a", "big.m3u8", OPEN, 1000);
    snprintf(target, sizeof target, "%s/outside", data);
    REQUIRE_INT(rename(path_of("a"), target), 0);
    REQUIRE_INT(symlink(target, path_of("a")), 0);
    REQUIRE_INT(vt_unfinished_find(data, "mango", name, &written_ns), -ENOENT);
    put("b", "big.m3u8", ENDED, 1000);
    snprintf(target, sizeof target, "%s/outside/main/big.m3u8", data);
    REQUIRE_INT(symlink(target, path_of("b/main/link.m3u8")), 0);
    REQUIRE_INT(vt_unfinished_end_all(data, "mango", NULL), 0);
    REQUIRE_TEXT(text_of("../../outside/main/big.m3u8"), OPEN);
    clean();
}

TEST(names_that_are_none_are_refused)
{
    fresh();
    REQUIRE_INT(vt_unfinished_find(data, "../live", name, &written_ns), -EINVAL);
    REQUIRE_INT(vt_unfinished_end(data, "mango", ".."), -EINVAL);
    REQUIRE_INT(vt_unfinished_end(data, "mango", "none"), -ENOENT);
    clean();
}

TEST(a_playlist_past_its_limit_is_left_alone)
{
    static char text[VT_UNFINISHED_PLAYLIST + 2];
    struct stat st;
    fresh();
    memset(text, '\n', sizeof text);
    memcpy(text, OPEN, strlen(OPEN));
    text[VT_UNFINISHED_PLAYLIST + 1] = 0;
    put("a", "big.m3u8", text, 1000);
    REQUIRE_INT(vt_unfinished_find(data, "mango", name, &written_ns), -ENOENT);
    text[VT_UNFINISHED_PLAYLIST] = 0;
    put("a", "big.m3u8", text, 1000);
    REQUIRE_INT(vt_unfinished_find(data, "mango", name, &written_ns), 0);
    REQUIRE_INT(vt_unfinished_end(data, "mango", "a"), 0);
    REQUIRE_INT(stat(path_of("a/main/big.m3u8"), &st), 0);
    REQUIRE_INT(st.st_size, VT_UNFINISHED_PLAYLIST + strlen("#EXT-X-ENDLIST\n"));
    clean();
}

int main(void)
{
    RUN(without_shows_there_is_none);
    RUN(the_newest_that_broke_off_is_found);
    RUN(the_others_are_ended_and_nothing_else_is_touched);
    RUN(a_half_ended_show_is_ended_not_gone_on_with);
    RUN(every_output_of_a_show_is_ended);
    RUN(an_open_segment_is_left_out);
    RUN(links_out_of_the_folder_are_not_followed);
    RUN(names_that_are_none_are_refused);
    RUN(a_playlist_past_its_limit_is_left_alone);
    return DONE();
}
