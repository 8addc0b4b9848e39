#include "studio/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "check.h"
#include "packager/segmenter.h"

static char data[64];

static void fresh(void)
{
    snprintf(data, sizeof data, "/tmp/vitrine-recording-XXXXXX");
    REQUIRE(mkdtemp(data) != NULL);
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
    snprintf(path, sizeof path, "%s/%s", data, file);
    return path;
}

static const char *text_of(const char *file)
{
    static char *text;
    size_t size;
    free(text);
    text = NULL;
    REQUIRE_INT(vt_read_file(path_of(file), 1 << 20, &text, &size), 0);
    return text;
}

static struct vt_recording *open_recording(void)
{
    struct vt_recording *recording = NULL;
    REQUIRE_INT(vt_recording_new(&recording, data, "mango", "show", "main"), 0);
    return recording;
}

static int add(struct vt_recording *recording, uint64_t msn, const char *lines)
{
    struct vt_writer head = {0}, w = {0};
    vt_write_text(&head, "#EXTM3U\n");
    vt_write_text(&w, lines);
    int result = vt_recording_add(recording, "v.m3u8", msn, &head, &w);
    vt_writer_free(&head);
    vt_writer_free(&w);
    return result;
}

TEST(a_playlist_grows_and_no_segment_comes_twice)
{
    fresh();
    struct vt_recording *recording = open_recording();
    REQUIRE_INT(add(recording, 7, "#EXTINF:2,\nv-7.m4s\n"), 0);
    REQUIRE_INT(add(recording, 8, "#EXTINF:2,\nv-8.m4s\n"), 0);
    vt_recording_free(&recording);
    recording = open_recording();
    REQUIRE_INT(add(recording, 8, "#EXTINF:1,\nv-8.m4s\n"), 0);
    REQUIRE_INT(add(recording, 10, "#EXTINF:2,\nv-10.ts\n"), 0);
    REQUIRE_INT(add(recording, 10, "#EXTINF:2,\nv-10.ts\n"), 0);
    REQUIRE_INT(add(recording, 0, "#EXT-X-ENDLIST\n"), 0);
    REQUIRE_TEXT(text_of("recordings/mango/show/main/v.m3u8"),
                 "#EXTM3U\n#EXTINF:2,\nv-7.m4s\n#EXTINF:2,\nv-8.m4s\n#EXTINF:2,\nv-10.ts\n#EXT-X-ENDLIST\n");
    vt_recording_free(&recording);
    clean();
}

TEST(media_are_linked_and_the_rest_is_left_out)
{
    fresh();
    struct stat a, b;
    struct vt_recording *recording = open_recording();
    int live = open(data, O_RDONLY | O_DIRECTORY);
    REQUIRE(live >= 0);
    REQUIRE_INT(vt_put_file_at(live, "v-1.m4s", "one", 3, false), 0);
    REQUIRE_INT(vt_recording_put(recording, live, VT_BLOB_SEGMENT, "v-1.m4s", "one", 3), 0);
    REQUIRE_INT(stat(path_of("v-1.m4s"), &a), 0);
    REQUIRE_INT(stat(path_of("recordings/mango/show/main/v-1.m4s"), &b), 0);
    REQUIRE(a.st_ino == b.st_ino);
    // What is written anew is another file; the recording has it then.
    REQUIRE_INT(vt_put_file_at(live, "v-1.m4s", "two", 3, false), 0);
    REQUIRE_INT(vt_recording_put(recording, live, VT_BLOB_SEGMENT, "v-1.m4s", "two", 3), 0);
    REQUIRE_TEXT(text_of("recordings/mango/show/main/v-1.m4s"), "two");
    // Without links there is a copy.
    REQUIRE_INT(vt_recording_put(recording, live, VT_BLOB_INIT, "v-init.mp4", "init", 4), 0);
    REQUIRE_TEXT(text_of("recordings/mango/show/main/v-init.mp4"), "init");
    REQUIRE_INT(vt_recording_put(recording, live, VT_BLOB_PLAYLIST, "v.m3u8", "x", 1), 0);
    REQUIRE_INT(vt_recording_put(recording, live, VT_BLOB_PART, "v-1.0.m4s", "x", 1), 0);
    REQUIRE_INT(access(path_of("recordings/mango/show/main/v.m3u8"), F_OK), -1);
    REQUIRE_INT(access(path_of("recordings/mango/show/main/v-1.0.m4s"), F_OK), -1);
    close(live);
    vt_recording_free(&recording);
    clean();
}

TEST(names_that_are_none_are_refused)
{
    fresh();
    struct vt_recording *recording = NULL;
    REQUIRE_INT(vt_recording_new(&recording, data, "..", "show", "main"), -EINVAL);
    REQUIRE_INT(vt_recording_new(&recording, data, "mango", "a/b", "main"), -EINVAL);
    REQUIRE(!recording);
    FILE *file = fopen(path_of("recordings"), "w");
    REQUIRE(file);
    fclose(file);
    REQUIRE(vt_recording_new(&recording, data, "mango", "show", "main") < 0);
    REQUIRE(!recording);
    clean();
}

TEST(its_index_says_where_to_begin)
{
    static const char index[] = "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\nv.m3u8\n";
    fresh();
    struct vt_recording *recording = open_recording();
    for (int i = 0; i < 2; i++) {            // it is written again when rates are known better
        REQUIRE_INT(vt_recording_put(recording, -1, VT_BLOB_MULTIVARIANT, "index.m3u8", index, sizeof index - 1), 0);
        REQUIRE_TEXT(text_of("recordings/mango/show/main/index.m3u8"),
                     "#EXTM3U\n#EXT-X-START:TIME-OFFSET=0\n#EXT-X-INDEPENDENT-SEGMENTS\nv.m3u8\n");
    }
    vt_recording_free(&recording);
    clean();
}

int main(void)
{
    RUN(a_playlist_grows_and_no_segment_comes_twice);
    RUN(media_are_linked_and_the_rest_is_left_out);
    RUN(names_that_are_none_are_refused);
    RUN(its_index_says_where_to_begin);
    return DONE();
}
