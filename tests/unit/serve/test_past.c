#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "serve/past.h"

static char root[] = "/tmp/vitrine-past-XXXXXX";
static int live_fd;
static struct vt_hls_file playlist;

static void put(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/mango/s1/main/%s", root, name);
    FILE *file = fopen(path, "w");
    REQUIRE(file);
    fputs(text, file);
    fclose(file);
}

static void start(void)
{
    static const char *const folders[] = {"", "/mango", "/mango/s1", "/mango/s1/main"};
    REQUIRE(mkdtemp(root));
    for (int i = 1; i < 4; i++) {
        char path[200];
        snprintf(path, sizeof path, "%s%s", root, folders[i]);
        REQUIRE_INT(mkdir(path, 0700), 0);
    }
    live_fd = open(root, O_RDONLY | O_DIRECTORY);
    REQUIRE_INT(vt_hls_resolve("/live/mango/s1/main/v.m3u8", &playlist), 0);
    put("v.past-7", "gone\n#EXTINF:2,\nv-7.m4s\n#EXT-X-DATERANGE:ID=\"a\"\n#EXTINF:2,\nv-8.m4s\nnew\n");
}

static const char *written(const char *text, int *ret_error)
{
    static char out[400];
    struct vt_writer w = {.limit = 300};
    *ret_error = vt_past_write(&w, live_fd, &playlist, text, strlen(text));
    REQUIRE_INT(vt_past_look(live_fd, &playlist, text, strlen(text)) == 0, *ret_error == 0 || *ret_error == -EFBIG);
    snprintf(out, sizeof out, "%.*s", (int)w.size, w.data ? (const char *)w.data : "");
    vt_writer_free(&w);
    return out;
}

TEST(lines_come_from_the_file)
{
    int error;
    REQUIRE_TEXT(written("#EXTM3U\n#VITRINE-PAST:v.past-7,5,62,2\nlast\n", &error),
                 "#EXTM3U\n#EXTINF:2,\nv-7.m4s\n#EXT-X-DATERANGE:ID=\"a\"\n#EXTINF:2,\nv-8.m4s\nlast\n");
    REQUIRE_INT(error, 0);
    REQUIRE_TEXT(written("#EXTM3U\n#VITRINE-PAST:v.past-7,5,62,0\nlast\n", &error),
                 "#EXTM3U\n#EXT-X-DATERANGE:ID=\"a\"\nlast\n");
    REQUIRE_TEXT(written("#EXTM3U\nno end of line", &error), "#EXTM3U\nno end of line");
    REQUIRE_INT(error, 0);
}

TEST(what_is_not_there_is_told)
{
    static const struct { const char *text; int error; } cases[] = {
        {"#VITRINE-PAST:v.past-8,5,62,2\n", -ENOENT}, {"#VITRINE-PAST:v.past-7,5,900,2\n", -EBADMSG},
        {"#VITRINE-PAST:v.past-7,5,62\n", -EBADMSG}, {"#VITRINE-PAST:,5,62,2\n", -EBADMSG},
        {"#VITRINE-PAST:../v.past-7,5,62,2\n", -EBADMSG}, {"#VITRINE-PAST:/etc/passwd,0,1,2\n", -EBADMSG},
        {"#VITRINE-PAST:v.past-7,-5,67,2\n", -EBADMSG}, {"#VITRINE-PAST:v.past-7,5,62,2 \n", -EBADMSG},
        {"#VITRINE-PAST:v.past-7,99999999999999999999999,67,2\n", -EBADMSG},
        {"#VITRINE-PAST:.,5,62,2\n", -EBADMSG},
        {"#VITRINE-PAST:v.past-7,5,62,2\n#VITRINE-PAST:v.past-7,5,62,2\n#VITRINE-PAST:v.past-7,5,62,2\n"
         "#VITRINE-PAST:v.past-7,5,62,2\n#VITRINE-PAST:v.past-7,5,62,2\n", -EFBIG},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int error;
        written(cases[i].text, &error);
        REQUIRE_INT(error, cases[i].error);
    }
}

static int read_sizes(int64_t offset, int64_t size)
{
    char text[100];
    struct vt_past_lines past;
    snprintf(text, sizeof text, "v.past-7,%lld,%lld,1", (long long)offset, (long long)size);
    return vt_past_read(text, strlen(text), &past);
}

TEST(sizes_have_limits)
{
    REQUIRE_INT(read_sizes(VT_PAST_FILE_MAX, VT_PLAYLIST_MAX), 0);
    REQUIRE_INT(read_sizes(VT_PAST_FILE_MAX + INT64_C(1), VT_PLAYLIST_MAX), -EFBIG);
    REQUIRE_INT(read_sizes(VT_PAST_FILE_MAX, VT_PLAYLIST_MAX + INT64_C(1)), -EFBIG);
    char text[VT_HLS_NAME_MAX + 20] = {0};
    struct vt_past_lines past;
    memset(text, 'a', VT_HLS_NAME_MAX);
    strcpy(text + VT_HLS_NAME_MAX, ",1,2,3");
    REQUIRE_INT(vt_past_read(text, strlen(text), &past), 0);
    REQUIRE_INT(past.segments, 3);
    memset(text, 'a', VT_HLS_NAME_MAX + 1);
    strcpy(text + VT_HLS_NAME_MAX + 1, ",1,2,3");
    REQUIRE_INT(vt_past_read(text, strlen(text), &past), -EBADMSG);
}

int main(void)
{
    char command[100];
    start();
    RUN(lines_come_from_the_file);
    RUN(what_is_not_there_is_told);
    RUN(sizes_have_limits);
    snprintf(command, sizeof command, "rm -r %s", root);
    if (system(command) != 0)
        return 1;
    close(live_fd);
    return DONE();
}
