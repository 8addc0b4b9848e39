#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static char folder[64];
static int at;

static void put(const char *name, const char *text)
{
    REQUIRE_INT(vt_put_file_at(at, name, text, strlen(text), false), 0);
}

TEST(a_file_is_read_up_to_its_limit)
{
    char path[128], *text = NULL;
    size_t size = 0;
    put("eight", "12345678");
    snprintf(path, sizeof path, "%s/eight", folder);
    REQUIRE_INT(vt_read_file(path, 8, &text, &size), 0);
    REQUIRE_TEXT(text, "12345678");
    REQUIRE_INT(size, 8);
    free(text);
    REQUIRE_INT(vt_read_file(path, 7, &text, &size), -EFBIG);
    REQUIRE_INT(vt_read_file_at(at, "eight", 8, &text, &size), 0);
    REQUIRE_INT(size, 8);
    free(text);
    REQUIRE_INT(vt_read_file_at(at, "eight", 7, &text, &size), -EFBIG);
}

TEST(an_empty_file_is_empty_text)
{
    char *text = NULL;
    size_t size = 1;
    put("empty", "");
    REQUIRE_INT(vt_read_file_at(at, "empty", 8, &text, &size), 0);
    REQUIRE_TEXT(text, "");
    REQUIRE_INT(size, 0);
    free(text);
}

TEST(what_others_may_write_is_read_with_care)
{
    char *text = NULL;
    size_t size;
    put("real", "x");
    REQUIRE_INT(symlinkat("real", at, "link"), 0);
    REQUIRE_INT(mkfifoat(at, "pipe", 0600), 0);
    REQUIRE_INT(mkdirat(at, "folder", 0700), 0);
    REQUIRE_INT(vt_read_file_at(at, "link", 8, &text, &size), -ELOOP);
    REQUIRE_INT(vt_read_file_at(at, "pipe", 8, &text, &size), -EFBIG);
    REQUIRE_INT(vt_read_file_at(at, "folder", 8, &text, &size), -EFBIG);
    REQUIRE_INT(vt_read_file_at(at, "nothing", 8, &text, &size), -ENOENT);
    REQUIRE(text == NULL);
}

TEST(a_file_takes_the_place_of_another)
{
    char *text = NULL;
    size_t size;
    put("same", "a longer text from before");
    REQUIRE_INT(vt_put_file_at(at, "same", "short", 5, true), 0);
    REQUIRE_INT(vt_read_file_at(at, "same", 64, &text, &size), 0);
    REQUIRE_TEXT(text, "short");
    free(text);
    REQUIRE_INT(faccessat(at, "same.tmp", F_OK, 0), -1);
}

TEST(a_file_that_cannot_be_put_leaves_what_was_there)
{
    char name[VT_FILE_NAME + 1];
    memset(name, 'n', sizeof name);
    name[VT_FILE_NAME] = 0;
    REQUIRE_INT(vt_put_file_at(at, name, "x", 1, false), -ENAMETOOLONG);
    name[VT_FILE_NAME - 1] = 0;
    put(name, "x");
    REQUIRE_INT(mkdirat(at, "taken", 0700), 0);
    REQUIRE_INT(vt_put_file_at(at, "taken", "x", 1, false), -EISDIR);
    REQUIRE_INT(faccessat(at, "taken.tmp", F_OK, 0), -1);
    REQUIRE_INT(vt_put_file_at(at, "no/such", "x", 1, false), -ENOENT);
}

TEST(writing_goes_on_until_all_is_written)
{
    int ends[2];
    static char data[300000], back[sizeof data];
    memset(data, 7, sizeof data);
    REQUIRE_INT(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        _exit(vt_write_all(ends[1], data, sizeof data) ? 1 : 0);
    }
    close(ends[1]);
    size_t got = 0;
    ssize_t n;
    while ((n = read(ends[0], back + got, sizeof back - got)) > 0)
        got += (size_t)n;
    close(ends[0]);
    REQUIRE_INT(got, sizeof data);
    REQUIRE(memcmp(back, data, sizeof data) == 0);
    REQUIRE_INT(vt_write_all(-1, data, 1), -EBADF);
}

int main(void)
{
    char command[96];
    snprintf(folder, sizeof folder, "/tmp/vitrine-file-XXXXXX");
    if (!mkdtemp(folder) || (at = open(folder, O_RDONLY | O_DIRECTORY)) < 0)
        return 1;
    RUN(a_file_is_read_up_to_its_limit);
    RUN(an_empty_file_is_empty_text);
    RUN(what_others_may_write_is_read_with_care);
    RUN(a_file_takes_the_place_of_another);
    RUN(a_file_that_cannot_be_put_leaves_what_was_there);
    RUN(writing_goes_on_until_all_is_written);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command) ? 1 : DONE();
}
