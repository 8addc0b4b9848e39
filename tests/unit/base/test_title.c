#include "base/title.h"

#include <fcntl.h>
#include <unistd.h>

#include "check.h"

static const char *command_line(void)
{
    static char text[4096];
    memset(text, 0, sizeof text);
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    REQUIRE(fd >= 0 && read(fd, text, sizeof text - 1) >= 0);
    close(fd);
    return text;
}

TEST(is_what_the_system_shows)
{
    vt_title_set("vitrine ingest mango");
    REQUIRE_TEXT(command_line(), "vitrine ingest mango");
    vt_title_set("vitrine studio a-rather-long-channel-name-0123456");
    REQUIRE_TEXT(command_line(), "vitrine studio a-rather-long-channel-name-0123456");
    vt_title_set("v");
    REQUIRE_TEXT(command_line(), "v");
}

TEST(the_environment_survives)
{
    vt_title_set("vitrine ingest 0123456789012345678901234567890123456789012345678901234567890123456789");
    REQUIRE_TEXT(getenv("TITLE_TEST"), "0123456789012345678901234567890123456789");
}

int main(int argc, char **argv)
{
    if (!getenv("TITLE_TEST")) {       // the environment that the kernel laid out must hold it
        setenv("TITLE_TEST", "0123456789012345678901234567890123456789", 1);
        execv("/proc/self/exe", argv);
        return 1;
    }
    if (vt_title_init(argc, argv))
        return 1;
    RUN(is_what_the_system_shows);
    RUN(the_environment_survives);
    return DONE();
}
