#include "check.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "overlay/overlay.h"
#include "overlay/text.h"

static struct vt_diagnostics said;
static char folder[64];

static uint64_t shape(const char *language, const char *words, unsigned *ret_missing)
{
    struct vt_fonts *fonts = NULL;
    struct vt_arena arena = {0};
    struct vt_text_style style = {.family = "Noto Sans", .size = 40, .weight = 400};
    struct vt_text text = {.text = words, .style = &style, .scale = 1};
    struct vt_shaped shaped;
    REQUIRE_INT(vt_fonts_new(&fonts), 0);
    struct vt_shaper *shaper = vt_shaper_new(fonts, language, false);
    vt_text_shape(shaper, &text, NAN, NAN, &arena, &shaped);
    uint64_t hash = vt_hash(shaped.hash, &shaped.width, sizeof shaped.width);
    *ret_missing = shaped.missing;
    vt_shaped_fini(&shaped);
    vt_shaper_free(&shaper);
    vt_arena_free(&arena);
    vt_fonts_free(&fonts);
    return hash;
}

TEST(every_script_that_is_promised_has_its_glyphs)
{
    static const char *const words[] = {"Größe Ελλάδα Цена", "中文 日本語 한국어", "حذاء جري", "נעלי ריצה", "รองเท้าวิ่ง",
                                        "दौड़ने के जूते", "জুতা", "காலணி", "బూట్లు", "🔥🛍️👟", "★ ✓ ∞"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        unsigned missing;
        shape("en", words[i], &missing);
        REQUIRE_INT(missing, 0);
    }
}

TEST(han_has_the_forms_of_the_language)
{
    unsigned missing;
    REQUIRE(shape("zh", "骨直", &missing) != shape("ja", "骨直", &missing));
    REQUIRE(shape("zh-Hant", "骨直", &missing) != shape("zh", "骨直", &missing));
    REQUIRE(strstr(vt_fonts_fallback("ko-KR"), "CJK KR") && strstr(vt_fonts_fallback(NULL), "CJK SC"));
}

// In a child, because a process keeps the machine's configuration once it has it.
static uint64_t shape_with(const char *configuration)
{
    char path[128];
    int ends[2], status;
    uint64_t hash = 0;
    snprintf(path, sizeof path, "%s/fonts.conf", folder);
    FILE *file = fopen(path, "w");
    REQUIRE(file && fputs(configuration, file) >= 0 && fclose(file) == 0 && pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        unsigned missing;
        setenv("FONTCONFIG_FILE", path, 1);
        hash = shape("en", "Price 59,99 € 价格 سعر 🔥", &missing);
        _exit(write(ends[1], &hash, sizeof hash) == sizeof hash ? 0 : 1);
    }
    REQUIRE(waitpid(child, &status, 0) == child && status == 0);
    REQUIRE(read(ends[0], &hash, sizeof hash) == sizeof hash);
    close(ends[0]);
    close(ends[1]);
    return hash;
}

TEST(the_machines_rules_do_not_matter)
{
    uint64_t plain = shape_with("<fontconfig><dir>/usr/share/fonts</dir></fontconfig>");
    REQUIRE_INT(shape_with("<fontconfig></fontconfig>"), plain);
    REQUIRE_INT(shape_with("<fontconfig><dir>/usr/share/fonts</dir><match target='pattern'><edit name='family' mode='assign'"
                           " binding='strong'><string>DejaVu Serif</string></edit></match></fontconfig>"), plain);
}

static struct vt_template *template_of(const char *body, int *ret)
{
    char text[4096];
    struct vt_template *t = NULL;
    memset(&said, 0, sizeof said);
    int size = snprintf(text, sizeof text, "id: t\nversion: 1.0.0\nname: T\n%s", body);
    *ret = vt_template_load_in(&t, "t", folder, text, (size_t)size, &said);
    return t;
}

static int view(struct vt_template *t, bool strict)
{
    struct vt_view *view = NULL;
    struct vt_view_params params = {.template = t, .width = 640, .height = 360, .rate = {30, 1}, .strict = strict};
    memset(&said, 0, sizeof said);
    int r = vt_view_new(&view, &params, &said);
    vt_view_unref(&view);
    return r;
}

#define OGHAM "layout: { type: text, id: runes, text: \"\u1681\" }\n"

TEST(a_missing_character_is_named_with_its_node)
{
    int r;
    struct vt_template *t = template_of(OGHAM, &r);
    REQUIRE_INT(r, 0);
    REQUIRE_INT(view(t, false), 0);
    REQUIRE_INT(said.list[0].severity, VT_WARNING);
    REQUIRE_INT(view(t, true), -EINVAL);
    REQUIRE_INT(said.list[0].severity, VT_ERROR);
    REQUIRE_TEXT(said.list[0].text, "no font has the character U+1681, which \"runes\" shows");
    vt_template_unref(&t);
}

static void copy_font(const char *name)
{
    char command[256];
    snprintf(command, sizeof command, "cp /usr/share/fonts/truetype/noto/NotoSansOgham-Regular.ttf %s/%s", folder, name);
    REQUIRE_INT(system(command), 0);
}

TEST(a_template_brings_its_own_fonts)
{
    int r;
    copy_font("runes.ttf");
    struct vt_template *t = template_of("fonts: [runes.ttf]\n" OGHAM, &r);
    REQUIRE_INT(r, 0);
    REQUIRE_INT(view(t, true), 0);
    vt_template_unref(&t);
    t = template_of("fonts: [runes.ttf]\nlayout: { type: text, text: a, style: { font-family: \"Noto Sans Ogham, Noto Sans\" } }\n",
                    &r);
    REQUIRE_INT(r, 0);
    vt_template_unref(&t);
}

static void require_refused(const char *body, const char *what)
{
    int r;
    struct vt_template *t = template_of(body, &r);
    REQUIRE(!t && r == -EINVAL);
    REQUIRE_TEXT(said.list[0].text, what);
}

TEST(fonts_that_are_not_there_are_refused)
{
    char path[128];
    require_refused("layout: { type: text, text: a, style: { font-family: Comic } }\n",
                    "there is no font family of this name: name its file in `fonts`, or use Noto Sans: \"Comic\"");
    require_refused("fonts: [no.ttf]\nlayout: { type: box }\n",
                    "the font \"no.ttf\" cannot be read: No such file or directory");
    require_refused("fonts: [../a.ttf]\nlayout: { type: box }\n",
                    "a font is the plain name of a file beside the template");
    require_refused("fonts: [fonts.conf]\nlayout: { type: box }\n", "\"fonts.conf\" is no font");
    snprintf(path, sizeof path, "%s/link.ttf", folder);
    REQUIRE_INT(symlink("/usr/share/fonts/truetype/noto/NotoSans-Bold.ttf", path), 0);
    require_refused("fonts: [link.ttf]\nlayout: { type: box }\n", "the font \"link.ttf\" cannot be read: it is a link");
    unlink(path);
}

TEST(fonts_have_limits)
{
    int r;
    char list[512] = "fonts: [", name[32];
    for (int i = 0; i <= VT_FONT_FILES; i++) {
        snprintf(name, sizeof name, "f%d.ttf", i);
        copy_font(name);
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", name);
        char body[640];
        snprintf(body, sizeof body, "%s]\nlayout: { type: box }\n", list);
        struct vt_template *t = template_of(body, &r);
        REQUIRE_INT(r, i < VT_FONT_FILES ? 0 : -EINVAL);
        vt_template_unref(&t);
    }
    REQUIRE_TEXT(said.list[0].text, "\"f8.ttf\" is too many: a template has at most 8 fonts (limit)");
    snprintf(list, sizeof list, "cp /usr/share/fonts/truetype/noto/NotoSans-Regular.ttf %s/large.ttf", folder);
    REQUIRE_INT(system(list), 0);
    snprintf(list, sizeof list, "%s/large.ttf", folder);
    REQUIRE_INT(truncate(list, VT_FONT_BYTES), 0);
    r = -1;
    struct vt_template *largest = template_of("fonts: [large.ttf]\nlayout: { type: box }\n", &r);
    REQUIRE_INT(r, 0);
    vt_template_unref(&largest);
    REQUIRE_INT(truncate(list, VT_FONT_BYTES + 1), 0);
    require_refused("fonts: [large.ttf]\nlayout: { type: box }\n",
                    "the font \"large.ttf\" cannot be read: it is no file, or larger than the limit");
}

int main(void)
{
    char command[128];
    strcpy(folder, "/tmp/test_fonts-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    RUN(the_machines_rules_do_not_matter);
    RUN(every_script_that_is_promised_has_its_glyphs);
    RUN(han_has_the_forms_of_the_language);
    RUN(a_missing_character_is_named_with_its_node);
    RUN(a_template_brings_its_own_fonts);
    RUN(fonts_that_are_not_there_are_refused);
    RUN(fonts_have_limits);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) != 0 || DONE();
}
