#include "serve/lint.h"

#include <cairo.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
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

// ---- what templates draw

static char shop[64];                    // a folder with products.json, a picture and templates/

TEST(open_shop)
{
    char name[128];
    strcpy(shop, "/tmp/test_lint-XXXXXX");
    REQUIRE(mkdtemp(shop) != NULL);
    snprintf(name, sizeof name, "%s/templates", shop);
    REQUIRE_INT(mkdir(name, 0700), 0);
    snprintf(name, sizeof name, "%s/products.json", shop);
    FILE *file = fopen(name, "w");
    REQUIRE(file && fputs("[]", file) >= 0 && fclose(file) == 0);
    cairo_surface_t *picture = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 64, 64);
    snprintf(name, sizeof name, "%s/dark.png", shop);
    REQUIRE_INT(cairo_surface_write_to_png(picture, name), CAIRO_STATUS_SUCCESS);
    cairo_surface_destroy(picture);
}

TEST(close_shop)
{
    static const char *const names[] = {"templates/card.yaml", "templates", "products.json", "dark.png", ""};
    char name[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(name, sizeof name, "%s/%s", shop, names[i]);
        REQUIRE_INT(remove(name), 0);
    }
}

#define TOP "id: com.example.card\nversion: 1.0.0\nname: Card\ncanvas: { design: 1920x1080, safe: auto }\n" \
            "schema: { type: object, properties: { cost: { type: object, gddType: v_money } } }\n" \
            "samples: { one: { cost: { amount: 123456789, currency: EUR } } }\n"
#define INSIDE INSIDE_LAYOUT
#define INSIDE_LAYOUT "layout:\n  type: box\n  style: { position: absolute, inset: safe, align-items: flex-start }\n  children:\n"

// Lints a template of `head` and `body`; the text that its first complaint should have, or NULL for none at all.
static void require_all(const char *head, const char *body, int code, const char *first)
{
    char name[128], text[4096];
    snprintf(name, sizeof name, "%s/templates/card.yaml", shop);
    snprintf(text, sizeof text, "%s%s", head, body);
    FILE *file = fopen(name, "w");
    REQUIRE(file && fputs(text, file) >= 0 && fclose(file) == 0);
    int ends[2], saved = dup(STDERR_FILENO);
    REQUIRE(pipe(ends) == 0);
    fflush(stderr);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    char *arguments[] = {name, NULL};
    int got = vt_lint_main(1, arguments);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    ssize_t size = read(ends[0], said, sizeof said - 1);
    said[size > 0 ? size : 0] = 0;
    close(ends[0]);
    if (first) {
        REQUIRE(strncmp(said, name, strlen(name)) == 0);
        if (!strstr(said, first))
            printf("# wanted %s, got %s\n", first, said);
        REQUIRE(strstr(said, first) != NULL);
    } else {
        REQUIRE_TEXT(said, "");
    }
    REQUIRE_INT(got, code);
}

static void require_lint(const char *body, int code, const char *first)
{
    require_all(TOP, body, code, first);
}

// The same with fields and samples of its own.
static void require_bare(const char *body, int code, const char *first)
{
    require_all("id: com.example.card\nversion: 1.0.0\nname: Card\n", body, code, first);
}

#define TEXT(more) INSIDE "    - { id: t, type: text, text: Hello, style: { " more " } }\n"

TEST(contrast)
{
    require_lint(TEXT("font-size: 30px, background: \"#000000\", color: \"#777777\""), 0, NULL);
    require_lint(TEXT("font-size: 30px, background: \"#000000\", color: \"#707070\""), 0,
                 ":11:7: warning: the contrast of \"t\" with what is behind it is 4.2:1 over the worst video; 4.5:1 is needed");
    require_lint(TEXT("font-size: 72px, background: \"#000000\", color: \"#5d5d5d\""), 0, NULL);
    require_lint(TEXT("font-size: 72px, background: \"#000000\", color: \"#525252\""), 1, ":11:7: error: the contrast of \"t\"");
}

TEST(backing)
{
    require_lint(TEXT("font-size: 30px, color: \"#ffffff\""), 1, "is 1.0:1 over the worst video; 4.5:1 is needed: give it");
    require_lint(TEXT("font-size: 30px, color: \"#ffffff\", background: \"#000000a0\""), 0, NULL);
    require_lint(TEXT("font-size: 30px, color: \"#ffffff\", background: \"#00000060\""), 1, "the contrast of \"t\"");
}

TEST(text_on_pictures)
{
    static const char page[] = INSIDE "    - { type: image, src: dark.png, style: { width: 400px, height: 200px } }\n"
        "    - { id: t, type: text, text: Hello, style: { position: absolute, inset: 20px auto auto 20px%s } }\n";
    char text[1024];
    snprintf(text, sizeof text, page, "");
    require_lint(text, 0, ":12:7: warning: \"t\" stands on a picture, and with another picture its contrast may fall to 1.0:1");
    snprintf(text, sizeof text, page, ", background: \"#000000\"");
    require_lint(text, 0, NULL);
}

TEST(prices)
{
    require_lint(INSIDE "    - { id: t, type: text, text: \"{{ cost | money }}\", style: { background: \"#000000\", width: 90px, "
                 "line-clamp: 1, text-overflow: ellipsis } }\n", 1, ":11:7: error: the price in \"t\" does not fit and is cut");
    require_lint(INSIDE "    - { id: t, type: text, text: \"{{ cost | money }}\", style: { background: \"#000000\", width: 300px, "
                 "line-clamp: 1, text-overflow: ellipsis } }\n", 0, NULL);
    require_lint(INSIDE "    - { id: t, type: number, value: \"{{ cost }}\", fit: { mode: shrink, min-font-size: 27px, "
                 "truncate: never }, style: { background: \"#000000\", width: 90px } }\n", 1, ":11:7: error: \"");
}

TEST(characters)
{
    require_lint(INSIDE "    - { id: t, type: text, text: \"\\U0010FFFD\", style: { background: \"#000000\" } }\n", 1,
                 ":11:7: error: no font has the character U+10FFFD");
    require_lint(INSIDE "    - { id: t, type: text, text: \"\\u00e9\\u4e2d\\u0639\", style: { background: \"#000000\" } }\n", 0, NULL);
}

TEST(small_text)
{
    require_lint(TEXT("font-size: 18px, background: \"#000000\""), 0, NULL);
    require_lint(TEXT("font-size: 17px, background: \"#000000\""), 0, ":11:7: warning: \"t\" is 5.7 px high on the smallest player");
}

TEST(safe_area)
{
    static const char page[] = "layout:\n  type: box\n  style: { position: absolute, inset: %s }\n  children:\n"
        "    - { id: t, type: text, text: Hello, style: { background: \"#000000\" } }\n";
    char text[1024];
    snprintf(text, sizeof text, page, "safe");
    require_lint(text, 0, NULL);
    snprintf(text, sizeof text, page, "0px");
    require_lint(text, 0, ":11:7: warning: \"t\" reaches ");
    require_lint(INSIDE "    - { id: t, type: ticker, items: \"{{ show.products }}\", item: { text: \"{{ item.title }}\" }, "
                 "style: { width: 100vw, height: 48px } }\n", 0, NULL);
}

TEST(targets)
{
    static const char page[] = INSIDE "    - { id: b, type: box, hotspot: { action: view_item, label: Buy%s }, "
        "style: { width: %s, height: 300px, background: \"#000000\" } }\n";
    char text[1024];
    snprintf(text, sizeof text, page, "", "132px");
    require_lint(text, 0, NULL);
    snprintf(text, sizeof text, page, "", "130px");
    require_lint(text, 0, ":11:7: warning: the target of \"b\" is 43 x 100 px on the smallest player (360 px on its shorter side), "
                 "and a finger needs 44: give its hotspot `min-target: 44px`");
    snprintf(text, sizeof text, page, ", min-target: 44px", "20px");
    require_lint(text, 0, NULL);
}

#define LOOP(size, frames, time) INSIDE "    - { id: b, type: box, style: { width: " size ", height: " size \
    ", background: \"#ffffff\" } }\nmotion: { loop: { b: { keyframes: [" frames "], duration: " time " } } }\n"
#define TO_AND_FRO "{opacity: 1}, {opacity: 0.1}, {opacity: 1}, {opacity: 0.1}, {opacity: 1}, {opacity: 0.1}, {opacity: 1}"

TEST(flashing)
{
    require_lint(LOOP("600px", TO_AND_FRO, "1s"), 0, NULL);                     // three times a second
    require_lint(LOOP("600px", TO_AND_FRO, "700ms"), 1, ":12:1: error: ");
    REQUIRE(strstr(said, "of the picture flash more than 3 times a second") != NULL);
    require_lint(LOOP("160px", TO_AND_FRO, "500ms"), 0, NULL);                  // too small to harm
}

#define RED_TO_AND_FRO(red) "{background: \"" red "\"}, {background: \"#3a3a3a\"}, {background: \"" red "\"}, " \
    "{background: \"#3a3a3a\"}, {background: \"" red "\"}, {background: \"#3a3a3a\"}, {background: \"" red "\"}"

TEST(flashing_red)
{
    require_lint(LOOP("600px", RED_TO_AND_FRO("#a00000"), "700ms"), 1, ":12:1: error: ");    // hardly lighter, but red
    require_lint(LOOP("600px", RED_TO_AND_FRO("#4a4a4a"), "700ms"), 0, NULL);
    require_lint(LOOP("600px", RED_TO_AND_FRO("#a00000"), "1s"), 0, NULL);
}

#define LOOP_BETWEEN "{ n: { keyframes: [ {offset: 0%}, {opacity: 1, offset: 60%}, {opacity: 0.4, offset: 80%}, {offset: 100%} ], " \
    "duration: 500ms, easing: linear } }\n"

// Two pulses a second, two flashes of a loop between them: each is slow enough, both together are not.
TEST(flashing_changes)
{
    static const char page[] = INSIDE "    - { id: n, type: progress, value: 50, style: { width: 1000px, height: 500px, "
        "color: \"#ffffff\", background: \"#ffffff\" } }\nmotion:\n";
    char text[2048];
    snprintf(text, sizeof text, "%s  change: { n: { when: changed, effect: pulse, duration: 300ms, max-rate: 2/s } }\n", page);
    require_lint(text, 0, NULL);
    snprintf(text, sizeof text, "%s  loop: %s", page, LOOP_BETWEEN);
    require_lint(text, 0, NULL);
    snprintf(text, sizeof text, "%s  loop: %s  change: { n: { when: changed, effect: pulse, duration: 300ms, max-rate: 2/s } }\n",
             page, LOOP_BETWEEN);
    require_lint(text, 1, ":12:1: error: ");
    REQUIRE(strstr(said, " s after a new value, which can harm viewers") != NULL);
    snprintf(text, sizeof text, "%s  loop: %s  change: { n: { when: changed, effect: pulse, duration: 300ms, max-rate: 0.5/s } }\n",
             page, LOOP_BETWEEN);
    require_lint(text, 0, NULL);
}

// Three flashes of a loop in each second, and a clock whose background goes and comes in the rest of one of them.
TEST(flashing_clocks)
{
    static const char page[] = INSIDE "    - { id: c, type: timer, for: 60s, format: \"mm:ss\", thresholds: [%s], style: { width: 1200px, "
        "height: 700px, font-size: 300px, background: \"#ffffff\", color: \"#000000\" } }\n"
        "motion: { loop: { c: { easing: linear, duration: 1s, keyframes: [ {offset: 0%%}, {opacity: 0.1, offset: 10%%}, {offset: 20%%}, "
        "{opacity: 0.1, offset: 30%%}, {offset: 40%%}, {opacity: 0.1, offset: 50%%}, {offset: 60%%}, {offset: 100%%} ] } } }\n";
#define LOOK(below, colour) "{ below: " below ", style: { background: \"" colour "\" } }"
    char text[2048];
    snprintf(text, sizeof text, page, LOOK("9300ms", "#ffffff"));
    require_lint(text, 0, "falls to");
    snprintf(text, sizeof text, page, LOOK("9300ms", "#202020") ", " LOOK("9100ms", "#ffffff"));
    require_lint(text, 1, "just before a threshold of a clock, which can harm viewers");
}

// In a loop, after an offer and under a threshold: wherever a text stands for long.
TEST(contrast_at_the_worst_instant)
{
    static const char loop[] = INSIDE "    - { id: t, type: text, text: Hello, style: { background: \"#000000\", color: \"#ffffff\" } }\n"
        "motion: { loop: { t: { keyframes: [ {%s}, {%s}, {%s} ], duration: 2s } } }\n";
    static const char clock[] = INSIDE "    - { id: c, type: timer, for: 60s, format: \"mm:ss\", thresholds: [ { below: 10s, color: \"%s\" } ], "
        "style: { background: \"#000000\", color: \"#ffffff\" } }\n";
    static const char offer[] = "schema: { properties: { offer: { type: object, gddType: v_offer } } }\n"
        "samples: { one: { offer: { ends_at: \"2026-03-01T19:10:00Z\" } } }\n" INSIDE_LAYOUT
        "    - { id: t, type: text, text: Now, when: offer.active, style: { background: \"#000000\", color: \"#ffffff\" } }\n"
        "    - { id: u, type: text, text: Over, when: not offer.active, style: { background: \"#000000\", color: \"%s\" } }\n";
    char text[2048];
    snprintf(text, sizeof text, loop, "opacity: 1", "opacity: 0.2", "opacity: 1");
    require_lint(text, 0, ":11:7: warning: the contrast of \"t\" with what is behind it falls to ");
    snprintf(text, sizeof text, loop, "opacity: 1", "opacity: 0.8", "opacity: 1");
    require_lint(text, 0, NULL);
    snprintf(text, sizeof text, loop, "color: \"#ffffff\"", "color: \"#404040\"", "color: \"#ffffff\"");
    require_lint(text, 0, ":11:7: warning: the contrast of \"t\" with what is behind it falls to ");
    snprintf(text, sizeof text, loop, "background: \"#000000\"", "background: \"#505050\"", "background: \"#000000\"");
    require_lint(text, 0, NULL);
    snprintf(text, sizeof text, loop, "background: \"#000000\"", "background: \"#d0d0d0\"", "background: \"#000000\"");
    require_lint(text, 0, ":11:7: warning: the contrast of \"t\" with what is behind it falls to ");
    snprintf(text, sizeof text, clock, "#400000");
    require_lint(text, 1, ":11:7: error: the contrast of \"c\"");
    snprintf(text, sizeof text, clock, "#ff9090");
    require_lint(text, 0, NULL);
    snprintf(text, sizeof text, offer, "#404040");
    require_bare(text, 1, "the contrast of \"u\"");
    REQUIRE(strstr(said, "(sample one, en, 1280x720, 348 s later)") != NULL);
    snprintf(text, sizeof text, offer, "#ffffff");
    require_bare(text, 0, NULL);
}

#define GROWS "{}, {transform: scale(0.9)}, {}"

TEST(cost)
{
    require_lint(LOOP("1500px", GROWS, "1s"), 0, ":12:1: warning: ");
    REQUIRE(strstr(said, "a frame costs as much as blending ") != NULL);
    require_lint(LOOP("500px", GROWS, "1s"), 0, NULL);
}

TEST(steps)
{
    static const char page[] = "stepCount: %d\n" INSIDE
        "    - { id: t, type: text, text: Hello, step: 1, style: { color: \"#ffffff\" } }\n";
    char text[1024];
    snprintf(text, sizeof text, page, 1);
    require_lint(text, 0, NULL);
    snprintf(text, sizeof text, page, 2);
    require_lint(text, 1, ":12:7: error: the contrast of \"t\"");
}

// What only some see is looked at, too.
TEST(variants)
{
    static const char page[] = INSIDE "    - { id: t, type: text, text: Hello, style: { background: \"#000000\", color: \"#ffffff\" } }\n"
        "variants: [ { when: { %s }, set: { t: { style: { color: \"%s\" } } } } ]\n";
    static const struct {
        const char *when, *where;
    } cases[] = {{"market: de", "(sample one, en, 1280x720, market de)"}, {"output: tv", "(sample one, en, 1280x720, output tv)"},
                 {"lang: fr", "(sample one, fr, 1280x720)"}, {"orientation: portrait", "(sample one, en, 720x1280)"}};
    char text[1024];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text, page, cases[i].when, "#404040");
        require_lint(text, 1, ":11:7: error: the contrast of");
        REQUIRE(strstr(said, cases[i].where) != NULL);
        snprintf(text, sizeof text, page, cases[i].when, "#e0e0e0");
        require_lint(text, 0, NULL);
    }
}

TEST(without_pixels)
{
    char name[128];
    require_lint(TEXT("font-size: 30px, color: \"#ffffff\""), 1, "the contrast of");
    snprintf(name, sizeof name, "%s/templates/card.yaml", shop);
    char *arguments[] = {(char[]){"--no-pixels"}, name, NULL};
    REQUIRE_INT(vt_lint_main(2, arguments), 0);
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
    RUN(open_shop);
    RUN(configurations);
    RUN(cue_files);
    RUN(templates);
    RUN(contrast);
    RUN(backing);
    RUN(text_on_pictures);
    RUN(prices);
    RUN(characters);
    RUN(small_text);
    RUN(safe_area);
    RUN(targets);
    RUN(flashing);
    RUN(flashing_red);
    RUN(flashing_changes);
    RUN(flashing_clocks);
    RUN(contrast_at_the_worst_instant);
    RUN(cost);
    RUN(steps);
    RUN(variants);
    RUN(without_pixels);
    RUN(anything);
    RUN(close_shop);
    return DONE();
}
