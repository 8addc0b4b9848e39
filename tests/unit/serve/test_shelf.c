#include "serve/shelf.h"

#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "serve/http.h"

static const struct vt_site site = {0};
static struct vt_shelf *shelf;
static int file;

static void open_shelf(size_t size)
{
    char name[] = "/tmp/vitrine-shelf-XXXXXX";
    file = mkstemp(name);
    REQUIRE(file >= 0);
    unlink(name);
    REQUIRE_INT(ftruncate(file, (off_t)size), 0);
    REQUIRE_INT(vt_shelf_new(&shelf), 0);
}

static void close_shelf(void)
{
    vt_shelf_free(&shelf);
    close(file);
}

static struct vt_reply *put(const char *path, size_t size, int64_t now_ns)
{
    struct vt_answer answer;
    vt_answer_init(&answer, 200);
    answer.type = "video/iso.segment";
    return vt_shelf_put(shelf, &site, path, file, size, &answer, now_ns);
}

TEST(what_was_put_is_found_while_it_is_trusted)
{
    open_shelf(1000);
    struct vt_reply *reply = put("/live/a", 1000, 5);
    REQUIRE(reply);
    REQUIRE(vt_shelf_find(shelf, "/live/a", 5 + VT_SHELF_TRUST_NS) == reply);
    REQUIRE(!vt_shelf_find(shelf, "/live/b", 5));
    REQUIRE(!vt_shelf_find(shelf, "/live/a", 6 + VT_SHELF_TRUST_NS));
    REQUIRE(!vt_shelf_find(shelf, "/live/a", 5));
    close_shelf();
}

TEST(a_file_put_again_replaces_itself)
{
    open_shelf(VT_SHELF_FILE_MAX);
    for (int i = 0; i < 100; i++)
        REQUIRE(put("/live/a", VT_SHELF_FILE_MAX, i));
    REQUIRE(vt_shelf_find(shelf, "/live/a", 99));
    close_shelf();
}

TEST(files_have_a_limit)
{
    open_shelf(VT_SHELF_FILE_MAX + 1);
    REQUIRE(put("/live/a", VT_SHELF_FILE_MAX, 0));
    REQUIRE(!put("/live/b", VT_SHELF_FILE_MAX + 1, 0));
    REQUIRE(put("/live/c", VT_SHELF_FILE_MAX, 0));
    close_shelf();
}

TEST(a_file_shorter_than_said_is_not_put)
{
    open_shelf(10);
    REQUIRE(!put("/live/a", 11, 0));
    REQUIRE(put("/live/a", 0, 0));
    close_shelf();
}

TEST(what_was_unused_for_longest_goes_first)
{
    open_shelf(VT_SHELF_FILE_MAX);
    char path[32];
    int fit = VT_SHELF_BYTES / VT_SHELF_FILE_MAX;
    for (int i = 0; i < fit; i++) {
        snprintf(path, sizeof path, "/live/%d", i);
        REQUIRE(put(path, VT_SHELF_FILE_MAX, 0));
    }
    REQUIRE(vt_shelf_find(shelf, "/live/0", 0));
    REQUIRE(put("/live/one-more", 1, 0));
    REQUIRE(vt_shelf_find(shelf, "/live/0", 0));
    REQUIRE(!vt_shelf_find(shelf, "/live/1", 0));
    REQUIRE(vt_shelf_find(shelf, "/live/2", 0));
    close_shelf();
}

TEST(no_more_files_than_places)
{
    open_shelf(1);
    char path[32];
    for (int i = 0; i <= VT_SHELF_FILES; i++) {
        snprintf(path, sizeof path, "/live/%d", i);
        REQUIRE(put(path, 1, 0));
    }
    REQUIRE(!vt_shelf_find(shelf, "/live/0", 0));
    REQUIRE(vt_shelf_find(shelf, "/live/1", 0));
    REQUIRE(vt_shelf_find(shelf, path, 0));
    close_shelf();
}

int main(void)
{
    RUN(what_was_put_is_found_while_it_is_trusted);
    RUN(a_file_put_again_replaces_itself);
    RUN(files_have_a_limit);
    RUN(a_file_shorter_than_said_is_not_put);
    RUN(what_was_unused_for_longest_goes_first);
    RUN(no_more_files_than_places);
    return DONE();
}
