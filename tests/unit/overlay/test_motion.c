#include "check.h"

#include <errno.h>
#include <unistd.h>

#include "overlay/easing.h"
#include "overlay/money.h"
#include "overlay/overlay.h"

#define CLOCK INT64_C(1772391852000000000)       // 2026-03-01T19:04:12Z

static struct vt_diagnostics said;
static struct vt_drawing drawing;
static char folder[64];

static int load(const char *body, struct vt_template **ret)
{
    char text[8192];
    memset(&said, 0, sizeof said);
    int size = snprintf(text, sizeof text, "id: t\nversion: 1.0.0\nname: T\ncanvas: { design: 1280x720, safe: none }\n%s", body);
    return vt_template_load_in(ret, "t", folder, text, (size_t)size, &said);
}

static struct vt_view *view_in(const char *body, const char *market)
{
    struct vt_template *t = NULL;
    struct vt_view *view = NULL;
    if (load(body, &t) != 0)
        check_fail(__FILE__, __LINE__, "line %d: %s", said.list[0].line, said.list[0].text);
    struct vt_view_params params = {.template = t, .width = 1280, .height = 720, .at_ns = CLOCK, .rate = {30, 1},
                                    .market = market};
    REQUIRE_INT(vt_view_new(&view, &params, &said), 0);
    vt_template_unref(&t);
    return view;
}

// The picture of a template at `ms`, composed; the caller destroys it.
static cairo_surface_t *shown(const char *body, int ms, bool reduced)
{
    struct vt_painter *painter = NULL;
    struct vt_view *view = view_in(body, NULL);
    struct vt_moment moment = {CLOCK + ms * INT64_C(1000000), CLOCK, INT64_MAX, .reduced = reduced};
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 1280, 720);
    cairo_t *cr = cairo_create(surface);
    REQUIRE_INT(vt_painter_new(&painter, 1280, 720), 0);
    REQUIRE_INT(vt_painter_draw(painter, view, &moment, &drawing), 0);
    vt_drawing_paint(&drawing, cr);
    cairo_destroy(cr);
    cairo_surface_flush(surface);
    vt_painter_free(&painter);
    vt_view_unref(&view);
    return surface;
}

static uint32_t pixel_of(const char *body, int ms, int x, int y)
{
    cairo_surface_t *surface = shown(body, ms, false);
    uint32_t value;
    memcpy(&value, cairo_image_surface_get_data(surface) + y * cairo_image_surface_get_stride(surface) + 4 * x, 4);
    cairo_surface_destroy(surface);
    return value;
}

#define ROOT "layout:\n  type: box\n  id: root\n  style: { position: absolute, inset: 0, align-items: flex-start }\n  children:\n"

// A red card with a timer, which is a layer of its own, on a blue one: all at half opacity.
TEST(a_fading_group_does_not_show_what_it_covers)
{
    static const char group[] = ROOT
        "    - { type: box, id: card, style: { width: 400px, height: 400px, background: \"#0000ff\", opacity: 0.5 }, children: [\n"
        "        { type: box, id: a, style: { position: absolute, inset: 0, background: \"#ff0000\" } },\n"
        "        { type: timer, for: 1h, style: { position: absolute, inset: 0, font-size: 200px, background: \"#00ff00\" } } ] }\n";
    uint32_t p = pixel_of(group, 1000, 390, 390);
    REQUIRE(p == 0x80008000 || p == 0x7f007f00);
    static const char leaf[] = ROOT
        "    - { type: text, text: \"█████████\", style: { color: \"#ff0000\", background: \"#0000ff\", opacity: 0.5,"
        " font-size: 100px } }\n";
    p = pixel_of(leaf, 1000, 40, 70);
    REQUIRE(p == 0x80800000 || p == 0x7f7f0000);
}

TEST(an_entry_fades_its_whole_card_as_one)
{
    static const char card[] = ROOT
        "    - { type: box, id: card, style: { width: 400px, height: 400px, background: \"#0000ff\" }, children: [\n"
        "        { type: timer, for: 1h, style: { position: absolute, inset: 0, background: \"#00ff00\" } } ] }\n"
        "motion: { enter: { card: { keyframes: [ { opacity: 0 }, { opacity: 1 } ], duration: 1s, easing: linear } } }\n";
    uint32_t p = pixel_of(card, 500, 390, 390);
    REQUIRE((p >> 24) > 120 && (p >> 24) < 150 && (p & 0xff) == 0);
    REQUIRE_INT(pixel_of(card, 1000, 390, 390), 0xff00ff00);
}

TEST(a_box_grows_and_turns_about_its_middle)
{
    static const char grows[] = ROOT
        "    - { type: box, id: card, style: { width: 400px, height: 400px, background: \"#0000ff\" } }\n"
        "motion: { enter: { card: { keyframes: [ { transform: scale(0.5) }, { transform: scale(0.5) } ], duration: 1s } } }\n";
    REQUIRE_INT(pixel_of(grows, 500, 95, 200), 0);
    REQUIRE_INT(pixel_of(grows, 500, 105, 200), 0xff0000ff);
    REQUIRE_INT(pixel_of(grows, 500, 295, 200), 0xff0000ff);
    REQUIRE_INT(pixel_of(grows, 500, 305, 200), 0);
    REQUIRE_INT(pixel_of(grows, 1000, 395, 200), 0xff0000ff);
    static const char turns[] = ROOT
        "    - { type: box, id: bar, style: { width: 400px, height: 100px, margin: 200px, background: \"#0000ff\" } }\n"
        "motion: { loop: { bar: { keyframes: [ { transform: rotate(90deg) translateX(10px) },"
        " { transform: rotate(90deg) translateX(10px) } ], duration: 1s } } }\n";
    REQUIRE_INT(pixel_of(turns, 500, 410, 100), 0xff0000ff);
    REQUIRE_INT(pixel_of(turns, 500, 300, 250), 0);
}

TEST(colours_change_between_keyframes)
{
    static const char tint[] = ROOT
        "    - { type: box, id: card, style: { width: 400px, height: 400px, background: \"#0000ff\" } }\n"
        "motion: { loop: { card: { keyframes: [ { background: \"#000000\" }, { background: \"#ff0000\" } ], duration: 1s,"
        " easing: linear } } }\n";
    uint32_t half = pixel_of(tint, 467, 200, 200);
    REQUIRE((half >> 16 & 255) > 120 && (half >> 16 & 255) < 135 && (half & 0xffff) == 0);
    cairo_surface_t *calm = shown(tint, 467, true);      // a calm output leaves loops out
    REQUIRE_INT(*(const uint32_t *)(const void *)cairo_image_surface_get_data(calm), 0xff0000ff);
    cairo_surface_destroy(calm);
}

TEST(wrong_transforms_are_refused)
{
    static const char *const wrong[] = {"scale(0)", "scale(4.1)", "scale(2", "skew(3deg)", "rotate(3)", "translate(3px)",
                                        "translateX(3vw)", "none none"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char body[512];
        struct vt_template *t = NULL;
        snprintf(body, sizeof body, "layout: { type: box, id: a }\nmotion: { enter: { a: { keyframes: [ { transform: \"%s\" },"
                 " {} ], duration: 1s } } }\n", wrong[i]);
        REQUIRE_INT(load(body, &t), -EINVAL);
        REQUIRE(strstr(said.list[0].text, "`transform` must be"));
    }
}

TEST(steps_jump)
{
    struct vt_easing e;
    REQUIRE_INT(vt_easing_parse("steps(4)", &e), 0);
    REQUIRE_NEAR(vt_ease(&e, 0.24), 0, 0);
    REQUIRE_NEAR(vt_ease(&e, 0.26), 0.25, 0);
    REQUIRE_NEAR(vt_ease(&e, 1), 1, 0);
    REQUIRE_INT(vt_easing_parse("steps(2, start)", &e), 0);
    REQUIRE_NEAR(vt_ease(&e, 0.1), 0.5, 0);
    REQUIRE_INT(vt_easing_parse("step-end", &e), 0);
    REQUIRE_NEAR(vt_ease(&e, 0.99), 0, 0);
    REQUIRE_INT(vt_easing_parse("steps(100)", &e), 0);
    REQUIRE_INT(vt_easing_parse("steps(101)", &e), -EINVAL);
    REQUIRE_INT(vt_easing_parse("steps(0)", &e), -EINVAL);
    REQUIRE_INT(vt_easing_parse("steps(2, middle)", &e), -EINVAL);
}

TEST(numbers_are_grouped_as_the_language_does)
{
    char text[VT_MONEY_TEXT];
    REQUIRE_INT(vt_number_format(1234567.891, 2, "en", text), 0);
    REQUIRE_TEXT(text, "1,234,567.89");
    REQUIRE_INT(vt_number_format(-1234.5, 0, "de", text), 0);
    REQUIRE_TEXT(text, "−1.235");
    REQUIRE_INT(vt_number_format(0, 0, NULL, text), 0);
    REQUIRE_TEXT(text, "0");
    REQUIRE_INT(vt_number_format(1e16, 0, "en", text), -EINVAL);
    REQUIRE_INT(vt_number_format(NAN, 0, "en", text), -EINVAL);
    REQUIRE_INT(vt_number_format(1, 7, "en", text), -EINVAL);
}

TEST(a_variant_is_for_a_market)
{
    static const char body[] = ROOT
        "    - { type: box, id: legal, style: { display: none, width: 10px, height: 10px },"
        " hotspot: { action: view_item, label: a } }\n"
        "variants: [ { when: { market: de }, set: { legal: { style: { display: flex } } } } ]\n";
    int count;
    struct vt_view *view = view_in(body, "de");
    vt_view_hotspots(view, &count);
    REQUIRE_INT(count, 1);
    vt_view_unref(&view);
    view = view_in(body, "fr");
    vt_view_hotspots(view, &count);
    REQUIRE_INT(count, 0);
    vt_view_unref(&view);
}

static void write_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    REQUIRE(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

TEST(a_drawing_comes_from_a_file_beside_the_template)
{
    write_file("logo.svg", "<svg xmlns='http://www.w3.org/2000/svg' width='40' height='40'><rect width='40' height='40'"
                           " fill='#f00'/></svg>");
    static const char body[] = ROOT "    - { type: svg, src: logo.svg, style: { width: 80px, height: 80px } }\n";
    REQUIRE_INT(pixel_of(body, 0, 60, 60), 0xffff0000);
    struct vt_template *t = NULL;
    write_file("evil.svg", "<svg xmlns='http://www.w3.org/2000/svg'><image href='/etc/passwd'/></svg>");
    REQUIRE_INT(load("layout: { type: svg, src: evil.svg }\n", &t), -EINVAL);
    REQUIRE_TEXT(said.list[0].text, "evil.svg: a drawing cannot hold <image>");
    REQUIRE_INT(load("layout: { type: svg, src: ../logo.svg }\n", &t), -EINVAL);
    REQUIRE_INT(load("layout: { type: svg, src: no.svg }\n", &t), -EINVAL);
    REQUIRE_INT(load("layout: { type: svg }\n", &t), -EINVAL);
    REQUIRE_TEXT(said.list[0].text, "a drawing needs `source` or `src`, and not both");
}

int main(void)
{
    char command[128];
    strcpy(folder, "/tmp/test_motion-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    RUN(a_fading_group_does_not_show_what_it_covers);
    RUN(an_entry_fades_its_whole_card_as_one);
    RUN(a_box_grows_and_turns_about_its_middle);
    RUN(colours_change_between_keyframes);
    RUN(wrong_transforms_are_refused);
    RUN(steps_jump);
    RUN(numbers_are_grouped_as_the_language_does);
    RUN(a_variant_is_for_a_market);
    RUN(a_drawing_comes_from_a_file_beside_the_template);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) != 0 || DONE();
}
