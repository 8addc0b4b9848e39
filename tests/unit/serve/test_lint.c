#include "serve/lint.h"

#include <fcntl.h>
#include <unistd.h>

#include "check.h"

static char said[16384], path[64];

// Lints a file of this text; what it said stands in `said`, after the file's name.
static int lint(const char *text)
{
    strcpy(path, "/tmp/test_lint-XXXXXX");
    int fd = mkstemp(path), ends[2], saved = dup(STDERR_FILENO);
    REQUIRE(fd >= 0 && pipe(ends) == 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    fflush(stderr);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    char *arguments[] = {path, NULL};
    int code = vt_lint_main(1, arguments);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    ssize_t size = read(ends[0], said, sizeof said - 1);
    said[size > 0 ? size : 0] = 0;
    close(ends[0]);
    unlink(path);
    return code;
}

static void require_error(const char *text, const char *what)
{
    char line[1024];
    REQUIRE_INT(lint(text), 1);
    snprintf(line, sizeof line, "%s:%s\n", path, what);
    REQUIRE_TEXT(said, line);
}

TEST(configurations)
{
    REQUIRE_INT(lint("channels: {mango: {keys: [a]}}\n"), 0);
    REQUIRE_TEXT(said, "");
    require_error("channels:\n  mango:\n    keys: [a]\n    canvas: {size: 1280x720, fsp: 30}\n",
                  "4:30: error: unknown key fsp: did you mean fps?");
    REQUIRE_INT(lint("channels: {mango: {}}\n"), 0);
    REQUIRE(strstr(said, ": warning: channel mango has no keys") != NULL);
}

TEST(cue_files)
{
    REQUIRE_INT(lint("products: [{id: a, title: A}]\ncues:\n"
                     "  - {at: 1.5, template: com.example.card, product: a, duration: 4, id: c1}\n"), 0);
    REQUIRE_TEXT(said, "");
    REQUIRE_INT(lint("cues:\n  - {at: soon, template: x}\n"), 1);
    REQUIRE(strstr(said, ":2:") != NULL && strstr(said, "error:") != NULL);
}

TEST(templates)
{
    REQUIRE_INT(lint("layout: 7\n"), 1);
    REQUIRE(strstr(said, ":1:") != NULL && strstr(said, "error:") != NULL);
}

TEST(anything)
{
    require_error("a: [\n", "2:1: error: not YAML: did not find expected node content, while parsing a flow node");
    char *missing[] = {(char[]){"/nonexistent/x.yaml"}, NULL}, *option[] = {(char[]){"-x"}, NULL};
    int null = open("/dev/null", O_WRONLY), saved = dup(STDERR_FILENO);
    dup2(null, STDERR_FILENO);
    int code = vt_lint_main(1, missing), nothing = vt_lint_main(0, missing), wrong = vt_lint_main(1, option);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(null);
    REQUIRE_INT(code, 1);
    REQUIRE_INT(nothing, 2);
    REQUIRE_INT(wrong, 2);
}

int main(void)
{
    RUN(configurations);
    RUN(cue_files);
    RUN(templates);
    RUN(anything);
    return DONE();
}
