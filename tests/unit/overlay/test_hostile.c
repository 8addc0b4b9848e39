// Templates that mean harm: each is loaded in a process of its own that may use little memory, and must be refused with
// words. That process is this program anew (`--load`), with the text on descriptor 0 and its data on 3: nothing of it
// is left over from a fork.
#include "check.h"

#include <errno.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "overlay/overlay.h"

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#define ROOM  (160ul * 1024 * 1024)      // of address space more than at the start
#define TIME  60                         // seconds of processor time: an end for what would have none
#define WAIT  100                        // seconds of any time: pango waits for ever for fonts that found no memory
#define DATA  3                          // the descriptor

#define HEAD "id: t\nversion: 1.0.0\nname: T\n"

static char *text;
static size_t size, room;

static void start(const char *words)
{
    size = 0;
    room = 64 * 1024 * 1024;
    text = malloc(room);
    size = (size_t)snprintf(text, room, "%s", words);
}

static void add(const char *words, int times)
{
    for (int i = 0; i < times; i++) {
        size_t length = strlen(words);
        if (size + length >= room)
            abort();
        memcpy(text + size, words, length + 1);
        size += length;
    }
}

static void limit(void)
{
    struct rlimit memory, time = {TIME, TIME};
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%lu", &pages) != 1)
        _exit(3);
    fclose(file);
    memory.rlim_cur = memory.rlim_max = pages * (unsigned long)sysconf(_SC_PAGESIZE) + ROOM;
    setrlimit(RLIMIT_CPU, &time);
#ifndef SANITIZED                        // whose shadow takes terabytes of address space
    setrlimit(RLIMIT_AS, &memory);
#endif
}

// Loads the text, and binds and draws it with `data`; says what was wrong first.
static int try_it(const json_t *data, struct vt_diagnostics *said)
{
    static struct vt_drawing drawing;
    struct vt_template *t = NULL;
    struct vt_view *view = NULL;
    struct vt_painter *painter = NULL;
    int r = vt_template_load(&t, "t", text, size, said);
    if (r != 0)
        return r;
    struct vt_view_params params = {.template = t, .width = 1920, .height = 1080, .data = data, .rate = {30, 1}};
    r = vt_view_new(&view, &params, said);
    struct vt_moment moment = {VT_NS_PER_S, 0, INT64_MAX};
    if (r == 0 && vt_painter_new(&painter, 1920, 1080) == 0)
        r = vt_painter_draw(painter, view, &moment, &drawing);
    vt_painter_free(&painter);
    vt_view_unref(&view);
    vt_template_unref(&t);
    return r;
}

// What the new process does.
static int load(void)
{
    static struct vt_diagnostics said;
    ssize_t got;
    alarm(WAIT);
    limit();
    struct stat given;
    if (fstat(0, &given) != 0)
        _exit(3);
    size = 0;
    room = (size_t)given.st_size + 1;    // no more than that: it counts as what the template takes
    text = malloc(room);
    while (size + 1 < room && (got = read(0, text + size, room - size)) > 0)
        size += (size_t)got;
    json_t *data = json_loadfd(DATA, 0, NULL);
    int r = try_it(data, &said);
    json_decref(data);
    free(text);
    fputs(r == 0 ? "" : said.count ? said.list[0].text : "refused without a word", stdout);
    return 0;
}

// ---- the tests

static int file_of(const char *bytes, size_t count)
{
    int fd = memfd_create("hostile", 0);
    if (fd < 0 || write(fd, bytes, count) != (ssize_t)count || lseek(fd, 0, SEEK_SET) != 0)
        abort();
    return fd;
}

// In a process of its own: what it said, or "" when the template was taken.
static const char *outcome(const char *data)
{
    static char words[VT_DIAGNOSTIC_TEXT + 16];
    char arenas[] = "MALLOC_ARENA_MAX=1", self[] = "/proc/self/exe", how[] = "--load";      // an arena takes 64 MB
    char *environment[64] = {arenas}, *arguments[] = {self, how, NULL};
    int ends[2], status, given = file_of(text, size), values = file_of(data ? data : "", data ? strlen(data) : 0);
    size_t had = 0;
    ssize_t got;
    pid_t child;
    posix_spawn_file_actions_t actions;
    memset(words, 0, sizeof words);
    for (int i = 0; environ[i] && i < 62; i++)
        environment[i + 1] = environ[i];
    if (pipe(ends) < 0)
        return "no pipe";
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, given, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, values, DATA);
    if (posix_spawn(&child, self, &actions, NULL, arguments, environment) != 0)
        return "no process";
    close(ends[1]);
    while (had < sizeof words - 1 && (got = read(ends[0], words + had, sizeof words - 1 - had)) > 0)
        had += (size_t)got;
    close(ends[0]);
    close(given);
    close(values);
    waitpid(child, &status, 0);
    if (status != 0)
        snprintf(words, sizeof words, "died: %d", status);
    posix_spawn_file_actions_destroy(&actions);
    free(text);
    text = NULL;
    return words;
}

static void require_refused(const char *what)
{
    const char *words = outcome(NULL);
    if (!strstr(words, what))
        check_fail(__FILE__, __LINE__, "said \"%s\"", words);
}

TEST(nodes_without_end)
{
    start(HEAD "layout:\n  type: box\n  children:\n");
    add("    - { type: box }\n", 5000);
    require_refused("a template has at most 512 nodes (limit)");
    start(HEAD "layout:\n  type: box\n  children:\n");
    add("    - { type: box }\n", 10000);
    require_refused("too many values in one file");
}

TEST(boxes_in_boxes)
{
    start(HEAD "layout: ");
    add("{ type: box, children: [ ", 30);
    add("{ type: box }", 1);
    add(" ] }", 30);
    require_refused("boxes are nested deeper than 16 (limit)");
    start(HEAD "layout: ");
    add("[", 100000);
    require_refused("nested too deeply");
    start(HEAD "layout:\n");
    for (int i = 1; i < 300; i++) {
        add(" ", i);
        add("a:\n", 1);
    }
    require_refused("nested too deeply");
}

TEST(giants)
{
    start(HEAD "layout: { type: text, text: a, style: { font-size: 50000px } }\n");
    require_refused("`font-size` must be 1 to 1000 px");
    start(HEAD "canvas: { design: 30000x30000 }\nlayout: { type: box }\n");
    require_refused("`design` must be a size");
    start(HEAD "layout: { type: box, style: { box-shadow: \"0 0 9999px #000000\" } }\n");
    require_refused("`box-shadow` must be");
    start(HEAD "layout: { type: text, text: \"");
    add("aaaaaaaaaa", 410);
    add("\" }\n", 1);
    require_refused("`text` has at most 4096 bytes");
    start(HEAD "description: \"");
    add("aaaaaaaaaa", 4000000);
    require_refused("a template has at most 262144 bytes (limit)");
    start(HEAD "layout: { type: text, text: \"{{ ");
    add("(", 1000);
    require_refused("not YAML");
}

TEST(bombs)
{
    start(HEAD "a: &a [x, x]\nb: &b [*a, *a]\nlayout: { type: box }\n");
    require_refused("anchors (&…) are not supported");
    start(HEAD "layout: { type: svg, source: '<!DOCTYPE svg [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><svg/>' }\n");
    require_refused("a drawing cannot hold <!DOCTYPE>");
    start(HEAD "layout: { type: svg, source: '<svg><use href=\"http://127.0.0.1/a.svg#b\"/></svg>' }\n");
    require_refused("a drawing cannot hold <use>");
    start(HEAD "layout: { type: svg, source: '<svg>");
    add("<g/>", 4001);
    add("</svg>' }\n", 1);
    require_refused("at most 2000 elements");
}

// What keeps all limits and still is as large as it can be, within the same memory.
TEST(the_largest_that_is_allowed)
{
    start(HEAD "layout:\n  type: box\n  style: { position: absolute, inset: 0, flex-wrap: wrap, background: \"#000000\" }\n  children:\n");
    for (int i = 0; i < 511; i++)
        add("    - { type: text, text: \"🔥 Größe 价格 سعر\", style: { font-size: 1000px, background: \"#ff000080\","
            " box-shadow: \"0 0 200px #000000\" } }\n", i < 40);
    add("    - { type: box, style: { width: 100000px, height: 100000px, background: \"#00ff00\" } }\n", 471);
    REQUIRE_TEXT(outcome(NULL), "");
}

TEST(data_that_is_too_much)
{
    static char data[2 * 1024 * 1024];
    int at = snprintf(data, sizeof data, "{\"title\":\"");
    memset(data + at, 'a', 1024 * 1024);
    strcpy(data + at + 1024 * 1024, "\"}");
    start(HEAD "schema: { properties: { title: { type: string } } }\nlayout: { type: text, text: \"{{ title }}\" }\n");
    REQUIRE_TEXT(outcome(data), "`title` has at most 4096 bytes, not 1048576");
    start(HEAD "schema: { properties: { title: { type: string } } }\nlayout: { type: text, text: \"{{ title }}{{ title }}\" }\n");
    memset(data + at, 'a', 4000);
    strcpy(data + at + 4000, "\"}");
    REQUIRE_TEXT(outcome(data), "`text` has more than 4096 bytes (limit) with its data");
}

int main(int count, char **words)
{
    if (count > 1 && strcmp(words[1], "--load") == 0)
        return load();
    RUN(nodes_without_end);
    RUN(boxes_in_boxes);
    RUN(giants);
    RUN(bombs);
    RUN(the_largest_that_is_allowed);
    RUN(data_that_is_too_much);
    return DONE();
}
