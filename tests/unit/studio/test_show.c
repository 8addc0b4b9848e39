#include "studio/show.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static char data[64];
static struct vt_channel channel;

static void fresh(void)
{
    snprintf(data, sizeof data, "/tmp/vitrine-show-XXXXXX");
    REQUIRE(mkdtemp(data) != NULL);
}

static void clean(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", data);
    REQUIRE_INT(system(command), 0);
}

static bool exists(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/live/mango/%s", data, name);
    return access(path, F_OK) == 0;
}

static uint64_t sequence(void)
{
    char path[256];
    unsigned long long number = 0;
    snprintf(path, sizeof path, "%s/live/mango/sequence", data);
    FILE *file = fopen(path, "r");
    REQUIRE(file != NULL);
    REQUIRE_INT(fscanf(file, "%llu", &number), 1);
    fclose(file);
    return number;
}

#define NOW INT64_C(1767225600123456789)

TEST(a_new_show_begins_at_one_and_now)
{
    struct vt_show *show = NULL;
    fresh();
    REQUIRE_INT(vt_show_open(&show, data, &channel, "a", NOW), 0);
    REQUIRE_INT(vt_show_epoch(show), INT64_C(1767225600123000000));
    REQUIRE_INT(vt_show_first_msn(show), 1);
    REQUIRE(!vt_show_goes_on(show));
    REQUIRE_INT(sequence(), 1 + VT_SHOW_RESERVE);
    vt_show_free(&show);
    clean();
}

TEST(a_show_that_broke_off_goes_on)
{
    struct vt_show *show = NULL;
    size_t size;
    fresh();
    REQUIRE_INT(vt_show_open(&show, data, &channel, "a", NOW), 0);
    REQUIRE_INT(vt_folder_put(vt_show_folder(show, 0), VT_BLOB_STATE, "state.json", "{\"k\":1}", 7), 0);
    vt_show_free(&show);
    REQUIRE_INT(vt_show_open(&show, data, &channel, "a", NOW + 5 * VT_NS_PER_S), 0);
    REQUIRE(vt_show_goes_on(show));
    REQUIRE_INT(vt_show_epoch(show), INT64_C(1767225600123000000));
    REQUIRE_INT(vt_show_first_msn(show), 1);
    REQUIRE_TEXT(vt_folder_state(vt_show_folder(show, 0), &size), "{\"k\":1}");
    REQUIRE_INT(size, 7);
    vt_show_free(&show);
    clean();
}

TEST(a_show_does_not_go_on_in_another_form)
{
    struct vt_show *show = NULL;
    fresh();
    REQUIRE_INT(vt_show_open(&show, data, &channel, "a", NOW), 0);
    vt_show_free(&show);
    int64_t bitrate = channel.audio_bitrate, grace = channel.slate_grace_ns;
    channel.slate_grace_ns = grace + 1;                      // that may change
    REQUIRE_INT(vt_show_open(&show, data, &channel, "a", NOW), 0);
    REQUIRE(vt_show_goes_on(show));
    vt_show_free(&show);
    channel.audio_bitrate = bitrate + 1000;
    REQUIRE_INT(vt_show_open(&show, data, &channel, "a", NOW), -ESTALE);
    REQUIRE(show == NULL);
    channel.audio_bitrate = bitrate;
    channel.slate_grace_ns = grace;
    clean();
}

TEST(an_init_segment_is_told_from_another)
{
    struct vt_show *show = NULL;
    fresh();
    REQUIRE_INT(vt_show_open(&show, data, &channel, "a", NOW), 0);
    struct vt_folder *folder = vt_show_folder(show, 0);
    REQUIRE(!vt_folder_differs(folder, "v-init.mp4", "one", 3));
    REQUIRE_INT(vt_folder_put(folder, VT_BLOB_INIT, "v-init.mp4", "one", 3), 0);
    REQUIRE(!vt_folder_differs(folder, "v-init.mp4", "one", 3));
    REQUIRE(vt_folder_differs(folder, "v-init.mp4", "two", 3));
    REQUIRE(vt_folder_differs(folder, "v-init.mp4", "on", 2));
    REQUIRE(vt_folder_differs(folder, "v-init.mp4", "one1", 4));
    REQUIRE_INT(vt_folder_put(folder, VT_BLOB_INIT, "v-init.mp4", "", 0), 0);
    REQUIRE(!vt_folder_differs(folder, "v-init.mp4", "two", 3));
    vt_show_free(&show);
    clean();
}

TEST(numbers_never_go_back)
{
    struct vt_show *show = NULL;
    fresh();
    REQUIRE_INT(vt_show_open(&show, data, &channel, "a", NOW), 0);
    for (uint64_t msn = 1; msn < 500; msn++) {
        REQUIRE_INT(vt_show_used(show, msn), 0);
        REQUIRE(sequence() > msn);
    }
    vt_show_free(&show);                                     // it broke off: what it may have used stays unused
    REQUIRE_INT(vt_show_open(&show, data, &channel, "b", NOW), 0);
    uint64_t second = vt_show_first_msn(show);
    REQUIRE(second > 499);
    REQUIRE_INT(vt_show_over(show, second + 7), 0);
    vt_show_free(&show);
    REQUIRE_INT(vt_show_open(&show, data, &channel, "c", NOW), 0);
    REQUIRE_INT(vt_show_first_msn(show), second + 7);
    vt_show_free(&show);
    clean();
}

TEST(a_spoilt_sequence_is_refused_rather_than_started_over)
{
    struct vt_show *show = NULL;
    char path[256];
    fresh();
    REQUIRE_INT(vt_show_open(&show, data, &channel, "a", NOW), 0);
    vt_show_free(&show);
    snprintf(path, sizeof path, "%s/live/mango/sequence", data);
    FILE *file = fopen(path, "w");
    REQUIRE(file != NULL);
    fputs("many\n", file);
    fclose(file);
    REQUIRE_INT(vt_show_open(&show, data, &channel, "b", NOW), -EBADMSG);
    REQUIRE(show == NULL);
    clean();
}

TEST(files_are_whole_or_not_there)
{
    struct vt_show *show = NULL;
    char text[16] = "";
    char path[256];
    fresh();
    REQUIRE_INT(vt_show_open(&show, data, &channel, "a", NOW), 0);
    REQUIRE_INT(vt_folder_put(vt_show_folder(show, 0), VT_BLOB_SEGMENT, "v-1.m4s", "one", 3), 0);
    REQUIRE_INT(vt_folder_put(vt_show_folder(show, 0), VT_BLOB_SEGMENT, "v-1.m4s", "two!", 4), 0);
    REQUIRE_INT(vt_folder_put(vt_show_folder(show, 0), VT_BLOB_MORE, "cues/c1.1.json", "{}", 2), 0);
    REQUIRE_INT(vt_show_put_index(show, NULL, "#EXTM3U\n", 8), 0);
    REQUIRE_INT(vt_show_put_index(show, "main", "#EXTM3U\n", 8), 0);
    REQUIRE(exists("a/main/v-1.m4s") && exists("a/main/cues/c1.1.json") && exists("index.m3u8") &&
            exists("main/index.m3u8"));
    REQUIRE(!exists("a/main/v-1.m4s.tmp"));
    snprintf(path, sizeof path, "%s/live/mango/a/main/v-1.m4s", data);
    FILE *file = fopen(path, "r");
    REQUIRE(file != NULL);
    REQUIRE_INT(fread(text, 1, 15, file), 4);
    fclose(file);
    REQUIRE_TEXT(text, "two!");
    REQUIRE_INT(vt_folder_drop(vt_show_folder(show, 0), "v-1.m4s"), 0);
    REQUIRE(!exists("a/main/v-1.m4s"));
    REQUIRE_INT(vt_folder_put(vt_show_folder(show, 0), VT_BLOB_SEGMENT, "no/such/folder", "x", 1), -ENOENT);
    vt_show_free(&show);
    clean();
}

static void age(const char *name, int64_t ns)
{
    char path[256];
    struct timespec times[2] = {{ns / VT_NS_PER_S, 0}, {ns / VT_NS_PER_S, 0}};
    snprintf(path, sizeof path, "%s/live/mango/%s/main", data, name);
    REQUIRE_INT(utimensat(AT_FDCWD, path, times, 0), 0);
}

TEST(old_shows_go_when_a_new_one_begins_but_not_the_last_ones_and_not_fresh_ones)
{
    struct vt_show *show = NULL;
    char names[6][2] = {"a", "b", "c", "d", "e", "f"};
    fresh();
    for (int i = 0; i < 5; i++) {
        REQUIRE_INT(vt_show_open(&show, data, &channel, names[i], NOW), 0);
        REQUIRE_INT(vt_folder_put(vt_show_folder(show, 0), VT_BLOB_MORE, "cues/c1.1.json", "{}", 2), 0);
        vt_show_free(&show);
    }
    int64_t old = NOW - 2 * VT_SHOW_KEEP_NS;
    age("a", old);
    age("b", old + VT_NS_PER_S);
    age("c", NOW - VT_NS_PER_S);
    age("d", NOW - 2 * VT_NS_PER_S);
    age("e", NOW - 3 * VT_NS_PER_S);
    REQUIRE_INT(vt_show_open(&show, data, &channel, "f", NOW), 0);
    REQUIRE(!exists("a") && !exists("b"));
    REQUIRE(exists("c") && exists("d") && exists("e") && exists("f/main/cues"));
    vt_show_free(&show);
    clean();
}

TEST(names_that_are_not_names_are_refused)
{
    struct vt_show *show = NULL;
    struct vt_channel wrong = channel;
    snprintf(wrong.name, sizeof wrong.name, "../x");
    REQUIRE_INT(vt_show_open(&show, "/tmp", &wrong, "a", NOW), -EINVAL);
    REQUIRE_INT(vt_show_open(&show, "/tmp", &channel, "a/b", NOW), -EINVAL);
    REQUIRE_INT(vt_show_open(&show, "/proc/nowhere", &channel, "a", NOW), -ENOENT);
}

static void add_output(const char *name)
{
    vt_name_copy(channel.outputs[channel.n_outputs++].name, name);
}

TEST(every_output_has_a_folder_of_its_own)
{
    struct vt_show *show = NULL;
    size_t size;
    fresh();
    add_output("tall");
    REQUIRE_INT(vt_show_open(&show, data, &channel, "a", NOW), 0);
    REQUIRE_INT(vt_folder_put(vt_show_folder(show, 0), VT_BLOB_STATE, "state.json", "{}", 2), 0);
    REQUIRE_INT(vt_folder_put(vt_show_folder(show, 1), VT_BLOB_STATE, "state.json", "{\"t\":1}", 7), 0);
    vt_show_free(&show);
    REQUIRE_INT(vt_show_open(&show, data, &channel, "a", NOW), 0);
    REQUIRE_TEXT(vt_folder_state(vt_show_folder(show, 0), &size), "{}");
    REQUIRE_TEXT(vt_folder_state(vt_show_folder(show, 1), &size), "{\"t\":1}");
    vt_show_free(&show);
    channel.n_outputs = 1;
    clean();
}

TEST(a_show_of_one_output_goes_on_with_two)
{
    struct vt_show *show = NULL;
    size_t size;
    fresh();
    REQUIRE_INT(vt_show_open(&show, data, &channel, "a", NOW), 0);
    REQUIRE_INT(vt_folder_put(vt_show_folder(show, 0), VT_BLOB_STATE, "state.json", "{}", 2), 0);
    vt_show_free(&show);
    add_output("tall");
    REQUIRE_INT(vt_show_open(&show, data, &channel, "a", NOW), 0);
    REQUIRE(vt_show_goes_on(show));
    REQUIRE_TEXT(vt_folder_state(vt_show_folder(show, 0), &size), "{}");
    REQUIRE(vt_folder_state(vt_show_folder(show, 1), &size) == NULL);
    vt_show_free(&show);
    channel.n_outputs = 1;
    clean();
}

TEST(the_playlist_of_an_output_that_is_no_more_goes_with_the_next_show)
{
    struct vt_show *show = NULL;
    fresh();
    add_output("tall");
    REQUIRE_INT(vt_show_open(&show, data, &channel, "a", NOW), 0);
    REQUIRE_INT(vt_show_put_index(show, "main", "#EXTM3U\n", 8), 0);
    REQUIRE_INT(vt_show_put_index(show, "tall", "#EXTM3U\n", 8), 0);
    vt_show_free(&show);
    channel.n_outputs = 1;
    REQUIRE_INT(vt_show_open(&show, data, &channel, "b", NOW), 0);
    REQUIRE(exists("main/index.m3u8") && !exists("tall") && exists("a/tall/cues"));
    vt_show_free(&show);
    clean();
}

int main(void)
{
    vt_channel_init(&channel, "mango");
    RUN(a_new_show_begins_at_one_and_now);
    RUN(a_show_that_broke_off_goes_on);
    RUN(a_show_does_not_go_on_in_another_form);
    RUN(an_init_segment_is_told_from_another);
    RUN(numbers_never_go_back);
    RUN(a_spoilt_sequence_is_refused_rather_than_started_over);
    RUN(files_are_whole_or_not_there);
    RUN(old_shows_go_when_a_new_one_begins_but_not_the_last_ones_and_not_fresh_ones);
    RUN(names_that_are_not_names_are_refused);
    RUN(every_output_has_a_folder_of_its_own);
    RUN(a_show_of_one_output_goes_on_with_two);
    RUN(the_playlist_of_an_output_that_is_no_more_goes_with_the_next_show);
    vt_channel_free(&channel);
    return DONE();
}
