#include "serve/startup.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#include "check.h"

static char top[64], path[256];

static int remove_entry(const char *name, const struct stat *info, int kind, struct FTW *walk)
{
    return remove(name);
}

static void open_folder(void)
{
    strcpy(top, "/tmp/test_startup-XXXXXX");
    REQUIRE(mkdtemp(top) != NULL);
}

static void close_folder(void)
{
    nftw(top, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static char *under(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", top, name);
    return path;
}

static char *read_text(const char *name)
{
    char *text = NULL;
    size_t size;
    REQUIRE_INT(vt_read_file(under(name), 4096, &text, &size), 0);
    return text;
}

TEST(makes_folders)
{
    open_folder();
    REQUIRE_INT(vt_make_folders(under("a/b/c")), 0);
    REQUIRE_INT(access(under("a/b/c"), W_OK), 0);
    REQUIRE_INT(vt_make_folders(under("a/b/c")), 0);
    FILE *file = fopen(under("file"), "w");
    fclose(file);
    REQUIRE_INT(vt_make_folders(under("file/x")), -ENOTDIR);
    close_folder();
}

TEST(makes_a_token_once)
{
    struct stat info;
    open_folder();
    REQUIRE_INT(vt_make_token(under("token")), 0);
    REQUIRE_INT(stat(path, &info), 0);
    REQUIRE_INT(info.st_mode & 07777, 0600);
    char *first = read_text("token");
    REQUIRE_INT(strspn(first, "0123456789abcdef"), 48);
    REQUIRE_TEXT(first + 48, "\n");
    REQUIRE_INT(vt_make_token(under("token")), 0);
    char *again = read_text("token");
    REQUIRE_TEXT(again, first);
    REQUIRE_INT(vt_make_token(under("other")), 0);
    char *other = read_text("other");
    REQUIRE(strcmp(first, other) != 0);
    free(first);
    free(again);
    free(other);
    REQUIRE_INT(vt_make_token(under("none/token")), -ENOENT);
    close_folder();
}

static struct vt_config config_of(char *data, char *token)
{
    static char any[] = "127.0.0.1:0";
    struct vt_texts one = {{any}, 1};
    return (struct vt_config){.rtmp = one, .http = one, .admin = one, .data = data, .token_file = token};
}

TEST(prepares_everything)
{
    char data[128], token[128];
    open_folder();
    snprintf(data, sizeof data, "%s/var", top);
    snprintf(token, sizeof token, "%s/var/admin.token", top);
    struct vt_config config = config_of(data, token);
    struct vt_startup startup;
    REQUIRE_INT(vt_startup(&startup, &config), 0);
    REQUIRE(startup.rtmp.count == 1 && startup.http.count == 1 && startup.admin.count == 1 && startup.lock_fd >= 0);
    REQUIRE_INT(access(under("var/live"), W_OK), 0);
    REQUIRE_INT(access(under("var/admin.token"), R_OK), 0);

    struct vt_startup second;
    REQUIRE_INT(vt_startup(&second, &config), -1);          // the folder is in use
    vt_startup_free(&second);
    vt_startup_free(&startup);
    REQUIRE_INT(vt_startup(&second, &config), 0);
    vt_startup_free(&second);
    REQUIRE_INT(second.rtmp.count, 0);
    close_folder();
}

TEST(refuses_what_it_cannot_use)
{
    char data[128], token[128], nobody[] = "no-such-user-here";
    struct vt_startup startup;
    open_folder();
    fclose(fopen(under("file"), "w"));
    snprintf(data, sizeof data, "%s/file/var", top);
    snprintf(token, sizeof token, "%s/token", top);
    struct vt_config config = config_of(data, token);
    REQUIRE_INT(vt_startup(&startup, &config), -1);
    vt_startup_free(&startup);

    snprintf(data, sizeof data, "%s/var", top);
    config.user = nobody;
    REQUIRE_INT(vt_startup(&startup, &config), -1);
    vt_startup_free(&startup);
    config.user = NULL;

    FILE *file = fopen(token, "w");
    fputs("short\n", file);
    fclose(file);
    REQUIRE_INT(vt_startup(&startup, &config), -1);
    vt_startup_free(&startup);
    close_folder();
}

int main(void)
{
    RUN(makes_folders);
    RUN(makes_a_token_once);
    RUN(prepares_everything);
    RUN(refuses_what_it_cannot_use);
    return DONE();
}
