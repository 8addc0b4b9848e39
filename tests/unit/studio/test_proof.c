// What `vitrine preview` and `vitrine contact-sheet` take, at their limits and one past them.
#include "studio/proof.h"

#include <stdarg.h>
#include <unistd.h>

#include "check.h"
#include "studio/preview.h"
#include "studio/sheet.h"

static char folder[64], said[8192];

// Runs a command with up to 12 arguments, NULL-terminated; what it printed stands in `said`.
static int run(int (*command)(int argc, char **argv), ...)
{
    char *argv[16];
    int argc = 0, ends[2], out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    va_list arguments;
    va_start(arguments, command);
    while (argc < 14 && (argv[argc] = va_arg(arguments, char *)))
        argc++;
    va_end(arguments);
    argv[argc] = NULL;
    REQUIRE_INT(pipe(ends), 0);
    fflush(stdout);
    fflush(stderr);
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    int code = command(argc, argv);
    fflush(stdout);
    fflush(stderr);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    ssize_t size = read(ends[0], said, sizeof said - 1);
    said[size > 0 ? size : 0] = 0;
    close(ends[0]);
    return code;
}

// An option that is taken lets the command look for its template, which is not there: 1; one that is not: 2.
static void require_option(int (*command)(int argc, char **argv), const char *option, const char *good, const char *bad)
{
    char one[8192];
    snprintf(one, sizeof one, "%s", good);
    if (run(command, "nowhere.yaml", "--out", "x.png", option, one, NULL) != 1 || !strstr(said, "nowhere.yaml"))
        check_fail(__FILE__, __LINE__, "%s %.40s is refused: %.80s", option, good, said);
    snprintf(one, sizeof one, "%s", bad);
    if (run(command, "nowhere.yaml", "--out", "x.png", option, one, NULL) != 2 || !strstr(said, option))
        check_fail(__FILE__, __LINE__, "%s %.40s is taken", option, bad);
}

// "WORD,WORD…", so many.
static const char *list_of(const char *word, int count)
{
    static char texts[2][8192];
    static int turn;
    char *text = texts[turn = !turn];
    text[0] = 0;
    for (int i = 0; i < count; i++)
        snprintf(text + strlen(text), 8192 - strlen(text), "%s%s", i ? "," : "", word);
    return text;
}

static const char *long_list(size_t bytes)
{
    static char texts[2][8192];
    static int turn;
    char *text = texts[turn = !turn];
    memset(text, 'a', bytes);
    text[bytes] = 0;
    return text;
}

TEST(preview_takes_what_it_says)
{
    require_option(vt_preview_main, "--size", "16x16", "15x16");
    require_option(vt_preview_main, "--size", "8192x8192", "8192x8193");
    require_option(vt_preview_main, "--at", "86400", "86400.1");
    require_option(vt_preview_main, "--at", "0", "-0.1");
    require_option(vt_preview_main, "--step", "31", "32");
    require_option(vt_preview_main, "--step", "0", "-1");
    require_option(vt_preview_main, "--market", "eu", "euro");
    require_option(vt_preview_main, "--output", "abcdefghijklmnopqrstuvwxyz012345", "abcdefghijklmnopqrstuvwxyz0123456");
}

TEST(contact_sheet_takes_what_it_says)
{
    require_option(vt_sheet_main, "--sizes", list_of("16x16", VT_SHEET_SIZES), list_of("16x16", VT_SHEET_SIZES + 1));
    require_option(vt_sheet_main, "--at", list_of("rest", VT_SHEET_AT), list_of("rest", VT_SHEET_AT + 1));
    require_option(vt_sheet_main, "--samples", list_of("a", 64), list_of("a", 65));
    require_option(vt_sheet_main, "--samples", long_list(4095), long_list(4096));
    require_option(vt_sheet_main, "--languages", list_of("en", VT_LANGUAGES_MAX), list_of("en", VT_LANGUAGES_MAX + 1));
    require_option(vt_sheet_main, "--step", "31", "32");
    require_option(vt_sheet_main, "--market", "DE", "d");
    require_option(vt_sheet_main, "--output", "tv", "t v");
}

// `count` samples, of which the first `more` have a language of their own beside the six that the template has.
static const char *write_template(int count, int more)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/card.yaml", folder);
    FILE *file = fopen(path, "w");
    REQUIRE(file != NULL);
    fputs("id: com.example.card\nversion: 1.0.0\nname: Card\nlayout: {type: box}\n"
          "strings: {en: {a: a}, de: {a: a}, fr: {a: a}, es: {a: a}, it: {a: a}, pl: {a: a}}\nsamples:\n", file);
    for (int i = 0; i < count; i++)
        fprintf(file, i < more ? "  s%d: {lang: zh}\n" : "  s%d: {}\n", i);
    fclose(file);
    return path;
}

static int draw(const char *template, const char *at)
{
    char out[128];
    snprintf(out, sizeof out, "%s/sheet.png", folder);
    return run(vt_sheet_main, template, "--sizes", "16x8192", "--at", at, "--out", out, NULL);
}

TEST(a_sheet_has_so_many_pictures)
{
    REQUIRE_INT(draw(write_template(64, 16), "rest"), 0);
    REQUIRE(strstr(said, "400 pictures") != NULL);
    REQUIRE_INT(draw(write_template(64, 17), "rest"), 1);
    REQUIRE(strstr(said, "401 pictures") != NULL && strstr(said, "limits 400") != NULL);
}

static int draw_rows(int samples, const char *at)
{
    char out[128];
    snprintf(out, sizeof out, "%s/sheet.png", folder);
    return run(vt_sheet_main, write_template(samples, 0), "--sizes", "16x8192", "--languages", "en", "--at", at, "--out", out,
               NULL);
}

TEST(a_sheet_is_so_high)
{
    REQUIRE_INT(draw_rows(47, "0,rest"), 0);             // 94 rows of 338 pixels, 31784 in all
    REQUIRE_INT(draw_rows(19, "0,1,2,3,rest"), 1);       // 95
    REQUIRE(strstr(said, "x 32122 pixels") != NULL);
}

TEST(a_sheet_has_so_many_pixels)
{
    char out[128];
    snprintf(out, sizeof out, "%s/sheet.png", folder);
    REQUIRE_INT(run(vt_sheet_main, write_template(19, 0), "--sizes", list_of("8192x512", 3), "--languages", "en", "--at",
                    "0,1,2,3", "--out", out, NULL), 1);
    REQUIRE(strstr(said, "100 million pixels") != NULL && strstr(said, "228 pictures") != NULL);
    REQUIRE(access(out, F_OK) == 0);                     // the one from before
}

// A price before that only the market `none` shows, and a word that is for one output.
TEST(the_audience_decides_what_is_drawn)
{
    char path[128], out[3][128], command[400];
    static const char *const options[3][2] = {{"--market", "none"}, {"--market", "eu"}, {"--output", "tv"}};
    snprintf(path, sizeof path, "%s/was.yaml", folder);
    FILE *file = fopen(path, "w");
    REQUIRE(file != NULL);
    fputs("id: com.example.was\nversion: 1.0.0\nname: Was\ncanvas: {safe: none}\n"
          "schema: {properties: {product: {type: object, gddType: v_product}}}\n"
          "samples: {one: {product: {id: a, title: A, price: {amount: 200, currency: EUR}, sale_price: {amount: 100, currency: EUR}}}}\n"
          "variants: [{when: {output: tv}, set: {was: {style: {background: \"#ff0000\"}}}}]\n"
          "layout: {id: was, type: text, text: \"{{ price.prior | money | default: none }}\", style: {background: \"#000000\", font-size: 90px}}\n",
          file);
    fclose(file);
    for (int i = 0; i < 3; i++) {
        snprintf(out[i], sizeof out[i], "%s/was%d.png", folder, i);
        REQUIRE_INT(run(vt_preview_main, path, options[i][0], options[i][1], "--size", "320x180", "--out", out[i], NULL), 0);
        snprintf(command, sizeof command, "cmp -s %s %s", out[0], out[i]);
        REQUIRE(i == 0 || system(command) != 0);
    }
}

int main(void)
{
    char command[80];
    snprintf(folder, sizeof folder, "/tmp/vitrine-proof-XXXXXX");
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return 1;
    RUN(preview_takes_what_it_says);
    RUN(contact_sheet_takes_what_it_says);
    RUN(a_sheet_has_so_many_pictures);
    RUN(a_sheet_is_so_high);
    RUN(a_sheet_has_so_many_pixels);
    RUN(the_audience_decides_what_is_drawn);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) != 0 || DONE();
}
