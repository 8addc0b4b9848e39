// What changes as time goes: clocks, long texts, motions, and who sees which variant.
#include "draw.h"

#define RED   0xffff0000u
#define GREEN 0xff00ff00u
#define BLUE  0xff0000ffu
#define WHITE 0xffffffffu

static struct vt_moment at_ms(int ms)
{
    return (struct vt_moment){ CLOCK + ms * INT64_C(1000000), CLOCK, INT64_MAX, .change_ns = 0 };
}

static cairo_surface_t *all_at(const struct vt_view *view, int ms)
{
    struct vt_moment moment = at_ms(ms);
    return draw_all(view, &moment);
}

static bool same_pictures(cairo_surface_t *a, cairo_surface_t *b)
{
    return memcmp(cairo_image_surface_get_data(a), cairo_image_surface_get_data(b), (size_t)WIDTH * HEIGHT * 4) == 0;
}

// How many pixels of the whole picture have this colour at `ms`.
static int count_at(const struct vt_view *view, int ms, uint32_t colour)
{
    cairo_surface_t *all = all_at(view, ms);
    int count = draw_count(all, 0, 0, WIDTH, HEIGHT, colour);
    cairo_surface_destroy(all);
    return count;
}

#define PLACED "position: absolute, inset: 100px auto auto 100px"

// ---- clocks

TEST(a_clock_changes_its_style_as_time_runs_out)
{
    struct vt_view *view = draw_view(
        "layout: { type: timer, for: 60s, thresholds: [ { below: 10s, style: { color: \"#ff0000\", background: \"#0000ff\" } },\n"
        "  { below: 5s, color: \"#00ff00\", style: { text-stroke: \"2px #ff0000\" } } ], at-zero: { style: { background: \"#ff0000\" } },\n"
        "  style: { " PLACED ", font-size: 60px, padding: 10px } }\n", NULL);
    REQUIRE(count_at(view, 49999, WHITE) > 200);
    REQUIRE_INT(count_at(view, 49999, BLUE), 0);
    REQUIRE(count_at(view, 50000, RED) > 200 && count_at(view, 50000, BLUE) > 2000);       // 10 s left
    REQUIRE(count_at(view, 55000, GREEN) > 200 && count_at(view, 55000, RED) > 50);
    REQUIRE_INT(count_at(view, 55000, BLUE), 0);                                           // each look is the whole
    REQUIRE(count_at(view, 60000, RED) > 2000 && count_at(view, 60000, WHITE) > 200);
    REQUIRE_INT(count_at(view, 60000, GREEN), 0);
    vt_view_unref(&view);
}

// A painter's only layer at a moment, drawn.
static struct vt_layer layer_of(struct vt_painter *painter, const struct vt_view *view, int ms)
{
    static struct vt_drawing drawing;
    struct vt_moment moment = at_ms(ms);
    REQUIRE_INT(vt_painter_draw(painter, view, &moment, &drawing), 0);
    REQUIRE_INT(drawing.count, 1);
    return drawing.layers[0];
}

// Whether two surfaces of one size are equal but for these columns.
static bool same_but(cairo_surface_t *a, cairo_surface_t *b, int x, int width)
{
    int all = cairo_image_surface_get_width(a), stride = cairo_image_surface_get_stride(a);
    const uint8_t *left = cairo_image_surface_get_data(a), *right = cairo_image_surface_get_data(b);
    for (int y = 0; y < cairo_image_surface_get_height(a); y++, left += stride, right += stride) {
        if (memcmp(left, right, 4 * (size_t)x) != 0 ||
            memcmp(left + 4 * (x + width), right + 4 * (x + width), 4 * (size_t)(all - x - width)) != 0)
            return false;
    }
    return true;
}

// 100 seconds of a clock at a size: every picture is that of a painter that draws all of it. Returns the columns that
// were drawn, as a share of all.
static double tick(const struct vt_view *view, int width, int height)
{
    struct vt_painter *painter = NULL;
    cairo_surface_t *before = NULL;
    uint64_t change = 0;
    double drawn = 0;
    REQUIRE_INT(vt_painter_new(&painter, width, height), 0);
    for (int i = 0; i < 100; i++) {
        struct vt_painter *fresh = NULL;
        REQUIRE_INT(vt_painter_new(&fresh, width, height), 0);
        struct vt_layer whole = layer_of(fresh, view, i * 1000), now = layer_of(painter, view, i * 1000);
        REQUIRE_INT(now.width, whole.width);
        REQUIRE_INT(now.height, whole.height);
        REQUIRE(now.x == whole.x && now.y == whole.y && now.id == whole.id && now.change == whole.change);
        REQUIRE_INT(whole.before, 0);
        REQUIRE(same_but(now.pixels, whole.pixels, 0, 0));
        if (now.before) {
            REQUIRE(now.before == change && now.changed_x >= 0 && now.changed_width > 0);
            REQUIRE(now.changed_x + now.changed_width <= now.width);
            REQUIRE(same_but(now.pixels, before, now.changed_x, now.changed_width));
        }
        drawn += (double)(now.before ? now.changed_width : now.width) / now.width;
        change = now.change;
        if (before)
            cairo_surface_destroy(before);
        before = cairo_surface_reference(whole.pixels);
        vt_painter_free(&fresh);
    }
    cairo_surface_destroy(before);
    vt_painter_free(&painter);
    return drawn / 100;
}

TEST(a_tick_draws_the_digits_that_changed_as_a_drawing_of_all_has_them)
{
    static const struct { const char *keys, *style; double most; } looks[] = {
        { "format: \"mm:ss\"", "font-size: 60px", 0.4 },
        { "format: \"hh:mm:ss\"", "font-size: 37px, font-weight: 700, color: \"#ff000080\"", 0.3 },
        { "up: true", "font-size: 61px, text-align: right, width: 400px", 0.4 },
        { "format: \"mm:ss\"", "font-size: 44px, text-stroke: \"1.5px #0000ff\", text-align: center", 0.6 },
        { "format: \"mm:ss\"", "font-size: 44px, text-stroke: \"6px #0000ff\"", 1 },
        { "format: \"hh:mm:ss\"", "font-size: 53px, text-shadow: \"3px -2px 8px #000000c0\"", 0.6 },
        { "format: \"mm:ss\"", "font-size: 53px, text-stroke: \"2px #0000ff80\", text-shadow: \"-30px 4px 20px #ff0000\"", 1 },
        { "thresholds: [ { below: 150s, color: \"#00ff00\" }, { below: 120s, style: { background: \"#0000ff\" } } ]",
          "font-size: 48px, padding: 10px", 1 },
        { "at-zero: { text: \"over\" }", "font-size: 48px", 1 },
    };
    static const char *const languages[] = { "en", "ar" };
    static const int widths[] = { WIDTH * 3 / 2, WIDTH * 2 / 3, WIDTH / 3 };
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        struct vt_view_params params = { .language = languages[i % 2] };
        char body[512];
        snprintf(body, sizeof body, "layout: { type: timer, for: %s, %s, style: { position: absolute, inset: 101px auto auto 103px, %s } }\n",
                 strstr(looks[i].keys, "zero") ? "90s" : "200s", looks[i].keys, looks[i].style);
        struct vt_view *view = draw_view(body, &params);
        for (size_t k = 0; k < sizeof widths / sizeof *widths; k++)
            REQUIRE(tick(view, widths[k], widths[k] * HEIGHT / WIDTH) <= looks[i].most);
        vt_view_unref(&view);
    }
}

TEST(a_clock_counts_up_after_zero)
{
    static const char up[] = "layout: { type: timer, for: 2s, at-zero: { action: %s }, style: { " PLACED ", font-size: 60px } }\n";
    char body[256];
    snprintf(body, sizeof body, up, "count-up");
    struct vt_view *counting = draw_view(body, NULL);
    snprintf(body, sizeof body, up, "stop");
    struct vt_view *stopping = draw_view(body, NULL);
    cairo_surface_t *one = all_at(counting, 1000), *zero = all_at(counting, 2000), *still = all_at(counting, 2999);
    cairo_surface_t *gone = all_at(counting, 3000), *stopped = all_at(stopping, 3000);
    REQUIRE(same_pictures(zero, still));                     // 00:00 for its second
    REQUIRE(same_pictures(one, gone));                       // 00:01, down and up
    REQUIRE(same_pictures(zero, stopped));
    cairo_surface_t *minute = all_at(counting, 2000 + 61000);
    REQUIRE(!same_pictures(minute, gone));
    cairo_surface_t *const all[] = { one, zero, still, gone, stopped, minute };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cairo_surface_destroy(all[i]);
    vt_view_unref(&counting);
    vt_view_unref(&stopping);
}

TEST(a_text_stands_in_place_of_zero)
{
    struct vt_view *view = draw_view(
        "layout: { type: timer, id: a, hotspot: { action: view_item, label: a }, for: 2s, at-zero: { text: HHHHHHHHHH, style: { color: "
        "\"#ff0000\" } }, style: { " PLACED ", font-size: 60px } }\n", NULL);
    struct vt_view *plain = draw_view(
        "layout: { type: text, id: a, hotspot: { action: view_item, label: a }, text: HHHHHHHHHH, style: { " PLACED
        ", font-size: 60px, color: \"#ff0000\", font-variant-numeric: tabular-nums } }\n", NULL);
    REQUIRE_INT(count_at(view, 1999, RED), 0);
    REQUIRE(count_at(view, 1999, WHITE) > 200);
    cairo_surface_t *there = all_at(view, 2000), *text = all_at(plain, 2000);
    REQUIRE(same_pictures(there, text));
    REQUIRE(fabs(draw_hotspot(view, "a")->width - draw_hotspot(plain, "a")->width) < 0.1);       // room for it from the start
    cairo_surface_destroy(there);
    cairo_surface_destroy(text);
    vt_view_unref(&view);
    vt_view_unref(&plain);
}

// ---- long texts

static struct vt_view *long_text(const char *fit, const char *text, const char *language)
{
    char body[512];
    snprintf(body, sizeof body, "layout: { type: text, text: \"%s\", fit: { %s }, style: { " PLACED ", width: 200px, font-size: 40px, "
             "color: \"#ff0000\" } }\n", text, fit);
    struct vt_view_params params = { .language = language };
    return draw_view(body, &params);
}

TEST(a_text_that_is_too_long_crawls_and_comes_again)
{
    struct vt_view *view = long_text("mode: marquee, speed: 100px/s", "MMMMMMMMMMMMMMMMMMMM", "en");
    cairo_surface_t *start = all_at(view, 0), *later = all_at(view, 1000);
    REQUIRE_INT(draw_count(start, 0, 0, 100, HEIGHT, 0), 100 * HEIGHT);
    REQUIRE_INT(draw_count(start, 300, 0, WIDTH, HEIGHT, 0), (WIDTH - 300) * HEIGHT);
    REQUIRE(draw_count(start, 100, 100, 300, 200, RED) > 500);
    for (int x = 100; x < 200; x++)      // a second later it stands 100 px further left
        for (int y = 100; y < 160; y++)
            REQUIRE_INT(draw_pixel(later, x, y), draw_pixel(start, x + 100, y));
    cairo_surface_destroy(start);
    cairo_surface_destroy(later);
    struct vt_moment calm = at_ms(1000);
    calm.reduced = true;
    cairo_surface_t *reduced = draw_all(view, &calm), *still = all_at(view, 0);
    REQUIRE(same_pictures(reduced, still));
    cairo_surface_destroy(reduced);
    cairo_surface_destroy(still);
    vt_view_unref(&view);
}

TEST(a_text_that_fits_stands_still)
{
    static const char *const fits[] = { "mode: marquee", "mode: clip", "mode: wrap" };
    cairo_surface_t *first = NULL;
    for (int i = 0; i < 3; i++) {
        struct vt_view *view = long_text(fits[i], "MM", "en");
        cairo_surface_t *a = all_at(view, 0), *b = all_at(view, 5000);
        REQUIRE(same_pictures(a, b));
        REQUIRE(!first || same_pictures(first, a));
        cairo_surface_destroy(b);
        if (first)
            cairo_surface_destroy(a);
        else
            first = a;
        vt_view_unref(&view);
    }
    cairo_surface_destroy(first);
}

TEST(a_text_is_cut_at_the_side_where_it_ends)
{
    struct vt_view *view = long_text("mode: clip", "IIIIIIIIIIMMMMMMMMMMMMMMMM", "en");
    cairo_surface_t *all = all_at(view, 0);
    REQUIRE_INT(draw_count(all, 0, 0, 100, HEIGHT, 0), 100 * HEIGHT);
    REQUIRE_INT(draw_count(all, 300, 0, WIDTH, HEIGHT, 0), (WIDTH - 300) * HEIGHT);
    REQUIRE_INT(draw_count(all, 0, 170, WIDTH, HEIGHT, 0), WIDTH * (HEIGHT - 170));      // one line
    REQUIRE(draw_count(all, 280, 100, 300, 170, RED) > 50);                              // up to the edge: no …
    cairo_surface_destroy(all);
    vt_view_unref(&view);
    struct vt_template *t = draw_template("layout: { type: text, text: \"IIIIIIIIIIMMMMMMMMMMMMMMMM\", fit: { mode: clip, truncate: never }, style: { "
                                          "width: 100px } }\n");
    struct vt_view_params params = { .template = t, .width = WIDTH, .height = HEIGHT, .rate = { 30, 1 } };
    REQUIRE(vt_view_new(&view, &params, &said) < 0);
    REQUIRE(strstr(said.list[0].text, "`truncate: never` forbids to cut it"));
    vt_template_unref(&t);
}

// ---- motions

#define BOX(more) "layout: { type: box, id: a, style: { " PLACED ", width: 100px, height: 100px, background: \"#ff0000\" " more "} }\n"

static int left_edge(const struct vt_view *view, struct vt_moment moment)
{
    cairo_surface_t *all = draw_all(view, &moment);
    int x = 0;
    while (x < WIDTH && draw_count(all, x, 0, x + 1, HEIGHT, 0) == HEIGHT)
        x++;
    cairo_surface_destroy(all);
    return x;
}

TEST(keyframes_stand_where_they_say)
{
    struct vt_view *view = draw_view(
        BOX("") "motion: { loop: { a: { keyframes: [ {}, { offset: 20%, transform: translateX(100px) }, { offset: 80%, transform: "
        "translateX(100px) }, {} ], duration: 1s, easing: linear } } }\n", NULL);
    static const struct {
        int ms, x;
    } cases[] = { { 100 - 33, 150 }, { 200, 200 }, { 500, 200 }, { 700, 200 }, { 900 - 33, 150 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int x = left_edge(view, at_ms(cases[i].ms));
        if (abs(x - cases[i].x) > 1)
            check_fail(__FILE__, __LINE__, "%d ms: %d", cases[i].ms, x);
    }
    vt_view_unref(&view);
}

TEST(a_loop_may_end_turn_back_and_wait)
{
    struct vt_view *view = draw_view(
        BOX("") "motion: { loop: { a: { keyframes: [ {}, { transform: translateX(100px) } ], duration: 1s, easing: linear, delay: 1s, "
        "iterations: 2, direction: alternate } } }\n", NULL);
    static const struct {
        int ms, x;
    } cases[] = { { 0, 100 }, { 900, 100 }, { 1500 - 33, 150 }, { 1900 - 33, 190 }, { 2100 - 33, 190 }, { 2500 - 33, 150 },
                  { 3100, 100 }, { 9000, 100 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int x = left_edge(view, at_ms(cases[i].ms));
        if (abs(x - cases[i].x) > 1)
            check_fail(__FILE__, __LINE__, "%d ms: %d", cases[i].ms, x);
    }
    vt_view_unref(&view);
}

TEST(an_exit_may_wait)
{
    struct vt_view *view = draw_view(
        BOX("") "motion: { exit: { a: { keyframes: [ {}, { transform: translateX(100px) } ], duration: 1s, delay: 500ms, easing: linear } } }\n",
        NULL);
    struct vt_moment moment = at_ms(400);
    moment.exit_ns = CLOCK;
    REQUIRE_INT(vt_view_exit_ns(view), 1500000000);
    REQUIRE_INT(left_edge(view, moment), 100);
    moment.now_ns = CLOCK + 1000000000;
    REQUIRE_INT(left_edge(view, moment), 150);
    moment.now_ns = CLOCK + 1500000000;
    REQUIRE_INT(left_edge(view, moment), WIDTH);
    vt_view_unref(&view);
}

TEST(what_a_step_brings_comes_with_its_motion)
{
    struct vt_template *t = draw_template(
        "layout:\n  type: box\n  style: { " PLACED ", width: 100px, height: 100px }\n  children:\n"
        "    - { type: box, id: a, step: 1, style: { width: 100px, background: \"#ff0000\" } }\n"
        "motion: { step: { a: { keyframes: [ { transform: translateX(100px) }, {} ], duration: 1s, delay: 500ms, easing: linear } } }\n");
    struct vt_view *first = NULL, *second = NULL, *third = NULL;
    struct vt_view_params params = { .template = t, .width = WIDTH, .height = HEIGHT, .at_ns = CLOCK, .rate = { 30, 1 } };
    REQUIRE_INT(vt_view_new(&first, &params, &said), 0);
    params.step = 1;
    REQUIRE_INT(vt_view_new(&second, &params, &said), 0);
    params.step = 2;
    REQUIRE_INT(vt_view_new(&third, &params, &said), 0);
    struct vt_moment moment = { CLOCK + 10 * VT_NS_PER_S, CLOCK, INT64_MAX, .before = first, .change_ns = CLOCK + 10 * VT_NS_PER_S };
    REQUIRE_INT(vt_view_change_ns(second), 1500000000);
    REQUIRE_INT(left_edge(first, moment), WIDTH);
    REQUIRE_INT(left_edge(second, moment), 200);
    moment.now_ns += VT_NS_PER_S - VT_NS_PER_S / 30;
    REQUIRE_INT(left_edge(second, moment), 150);
    moment.reduced = true;
    REQUIRE_INT(left_edge(second, moment), 100);
    moment.reduced = false;
    moment.before = second;              // it was there already
    REQUIRE_INT(left_edge(third, moment), 100);
    moment.before = NULL;
    REQUIRE_INT(left_edge(second, moment), 100);
    vt_view_unref(&first);
    vt_view_unref(&second);
    vt_view_unref(&third);
    vt_template_unref(&t);
}

// Each motion says itself whether a calm picture keeps it.
TEST(a_calm_picture_keeps_what_a_motion_says)
{
    static const struct {
        const char *own, *all;
        int x;
    } cases[] = { { "", "", 100 }, { "", "enter: keep", 150 }, { "reduced: keep, ", "", 150 }, { "reduced: cut, ", "enter: keep", 100 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[768];
        snprintf(body, sizeof body, BOX("") "motion:\n  enter: { a: { keyframes: [ { transform: translateX(100px) }, {} ], %sduration: 1s, easing: "
                 "linear } }\n  reduced: { %s }\n", cases[i].own, cases[i].all);
        struct vt_view *view = draw_view(body, NULL);
        struct vt_moment moment = at_ms(0);
        moment.now_ns += VT_NS_PER_S / 2 - VT_NS_PER_S / 30;
        REQUIRE_INT(left_edge(view, moment), 150);
        moment.reduced = true;
        REQUIRE_INT(left_edge(view, moment), cases[i].x);
        vt_view_unref(&view);
    }
}

// ---- outputs

TEST(a_variant_is_for_an_output)
{
    static const struct {
        const char *output;
        uint32_t colour;
    } cases[] = { { NULL, GREEN }, { "main", GREEN }, { "portrait", BLUE }, { "other", RED } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct vt_view_params params = { .output = cases[i].output };
        struct vt_view *view = draw_view(BOX("") "variants:\n  - { when: { output: main }, set: { a: { style: { background: \"#00ff00\" } } } }\n"
                                         "  - { when: { output: portrait }, set: { a: { style: { background: \"#0000ff\" } } } }\n", &params);
        REQUIRE_INT(count_at(view, 0, cases[i].colour), 10000);
        vt_view_unref(&view);
    }
}

// ---- prices before

#define SHOE(price, sale, prior, rest) \
    "{\"product\":{\"price\":" price ",\"sale_price\":" sale ",\"prior_price\":" prior rest "}}"
#define EUR(amount)         "{\"amount\":" #amount ",\"currency\":\"EUR\"}"
#define PRIOR(amount, type) "{\"amount\":" #amount ",\"currency\":\"EUR\",\"type\":\"" type "\",\"from\":\"2026-01-30\"," \
                            "\"to\":\"2026-02-28\"}"
#define SALE                ",\"sale_price_effective_date\":\"2026-03-01T19:00:00Z/2027-03-01T19:00:00Z\""
#define OFFER               ",\"offer\":{\"starts_at\":\"2026-03-01T19:00:00Z\",\"ends_at\":\"2027-03-01T19:00:00Z\"}"

TEST(a_prior_price_stands_where_its_market_allows_it)
{
    static const struct {
        const char *data;
        bool anywhere, in_a_market;
    } cases[] = {
        { SHOE(EUR(9999), EUR(5999), PRIOR(8999, "lowest_30d"), SALE), true, true },
        { SHOE(EUR(9999), EUR(5999), PRIOR(8999, "lowest_30d"), OFFER), true, true },
        { SHOE(EUR(9999), EUR(5999), PRIOR(8999, "lowest_30d"), ""), true, false },      // reduced nobody knows when
        { SHOE(EUR(9999), EUR(5999), PRIOR(8999, "list"), SALE), true, false },
        { SHOE(EUR(9999), EUR(5999), EUR(8999), SALE), true, false },
        { SHOE(EUR(9999), EUR(5999), "null", SALE), true, false },                       // the regular price
        { SHOE(EUR(9999), "null", PRIOR(9999, "lowest_30d"), SALE), false, false },      // no higher
        { SHOE(EUR(9999), "null", PRIOR(8999, "lowest_30d"), SALE), false, false },
        { SHOE(EUR(5999), "null", PRIOR(8999, "lowest_30d"), SALE), true, false },       // not on sale
        { SHOE(EUR(9999), EUR(5999), "{\"amount\":8999,\"currency\":\"USD\",\"type\":\"lowest_30d\"}", SALE), false, false },
        { SHOE(EUR(9999), "null", "null", SALE), false, false },
    };
    static const struct {
        const char *market;
        bool ruled;
    } markets[] = { { NULL, false }, { "none", false }, { "eu", true }, { "de", true }, { "fr", true } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *data = json_loads(cases[i].data, 0, NULL);
        for (size_t k = 0; k < sizeof markets / sizeof *markets; k++) {
            struct vt_view_params params = { .data = data, .market = markets[k].market };
            struct vt_view *view = draw_view(
                "schema: { properties: { product: { type: object, gddType: v_product } } }\n"
                "layout: { type: box, id: a, when: price.prior_lawful, style: { width: 10px, height: 10px }, hotspot: { action: view_item, label: a } }\n",
                &params);
            bool shown = draw_hotspot(view, "a") != NULL;
            if (shown != (markets[k].ruled ? cases[i].in_a_market : cases[i].anywhere))
                check_fail(__FILE__, __LINE__, "case %zu, market %s", i, markets[k].market ? markets[k].market : "-");
            vt_view_unref(&view);
        }
        json_decref(data);
    }
}

// A market's rule holds for the price itself, too, and for what is reckoned from it, so that no template can forget it.
TEST(what_is_not_lawful_is_not_there)
{
    static const struct {
        const char *data, *market;
        bool prior, percent;
    } cases[] = {
        { SHOE(EUR(9999), EUR(5999), PRIOR(8999, "lowest_30d"), SALE), NULL, true, true },
        { SHOE(EUR(9999), EUR(5999), PRIOR(8999, "lowest_30d"), SALE), "eu", true, true },
        { SHOE(EUR(9999), EUR(5999), PRIOR(8999, "list"), SALE), "eu", false, false },
        { SHOE(EUR(9999), EUR(5999), PRIOR(8999, "list"), SALE), "us", false, false },
        { SHOE(EUR(9999), EUR(5999), "null", SALE), "none", true, false },               // 40 %, see below
        { SHOE(EUR(10000), EUR(9901), "null", SALE), "none", true, false },              // less than 1 %
        { SHOE(EUR(0), EUR(0), "null", SALE), "none", true, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *data = json_loads(cases[i].data, 0, NULL);
        struct vt_view_params params = { .data = data, .market = cases[i].market };
        struct vt_view *view = draw_view(
            "schema: { properties: { product: { type: object, gddType: v_product } } }\n"
            "layout: { type: box, children: [ { type: box, id: a, when: price.prior, style: { width: 10px, height: 10px }, hotspot: { action: view_item, label: a } },\n"
            "  { type: box, id: b, when: price.percent_off == 33, style: { width: 10px, height: 10px }, hotspot: { action: view_item, label: b } } ] }\n",
            &params);
        if ((draw_hotspot(view, "a") != NULL) != cases[i].prior || (draw_hotspot(view, "b") != NULL) != cases[i].percent)
            check_fail(__FILE__, __LINE__, "case %zu", i);
        vt_view_unref(&view);
        json_decref(data);
    }
}

// ---- tickers that roll

TEST(a_rolling_ticker_pushes_the_item_before_out)
{
    json_t *products = json_loads("[{\"title\":\"MM\"},{\"title\":\"II\"}]", 0, NULL);
    struct vt_view_params params = { .products = products };
    struct vt_view *view = draw_view("layout: { type: ticker, items: \"{{ show.products }}\", item: { text: \"{{ item.title }}\" }, mode: roll, "
                                     "hold: 1s, style: { " PLACED ", width: 200px, height: 80px, font-size: 60px } }\n", &params);
    struct vt_view *flips = draw_view("layout: { type: ticker, items: \"{{ show.products }}\", item: { text: \"{{ item.title }}\" }, mode: flip, "
                                      "hold: 1s, style: { " PLACED ", width: 200px, height: 80px, font-size: 60px } }\n", &params);
    cairo_surface_t *first = all_at(view, 500), *as_flip = all_at(flips, 500), *second = all_at(view, 1500);
    REQUIRE(same_pictures(first, as_flip));
    REQUIRE(!same_pictures(first, second));
    cairo_surface_t *middle = all_at(view, 1200 - 33);       // half-way: the one above leaves, the one below comes
    REQUIRE(draw_count(middle, 100, 100, 300, 140, WHITE) > 100 && draw_count(middle, 100, 140, 300, 180, WHITE) > 50);
    REQUIRE_INT(draw_count(middle, 0, 0, WIDTH, 100, WHITE) + draw_count(middle, 0, 180, WIDTH, HEIGHT, WHITE), 0);
    struct vt_moment calm = at_ms(1200);
    calm.reduced = true;
    cairo_surface_t *reduced = draw_all(view, &calm);
    REQUIRE(same_pictures(reduced, second));
    cairo_surface_t *const all[] = { first, as_flip, second, middle, reduced };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cairo_surface_destroy(all[i]);
    vt_view_unref(&view);
    vt_view_unref(&flips);
    json_decref(products);
}

// ---- fields

TEST(fields_hold_what_they_say)
{
    static const char schema[] =
        "schema:\n  properties:\n    size: { type: string, gddType: select, enum: [ S, M, no ], default: M, gddOptions: { labels: { S: Small } } }\n"
        "    code: { type: string, pattern: \"^[A-Z]{3}$\" }\n    share: { type: number, gddType: percentage, minimum: 0, maximum: 100 }\n"
        "    wait: { type: integer, gddType: duration-ms, minimum: 100 }\n    slow: { type: string, pattern: \"^(a+)+$\" }\n"
        "    photo: { type: string, gddType: image-path }\nlayout: { type: box }\n";
    static const struct {
        const char *data, *why;          // NULL: it fits
    } cases[] = {
        { "{}", NULL }, { "{\"size\":\"no\"}", NULL }, { "{\"size\":\"L\"}", "`size` cannot be \"L\"; it is \"S\", for one" },
        { "{\"code\":\"ABC\"}", NULL }, { "{\"code\":\"ABCD\"}", "`code` does not have the form" },
        { "{\"share\":100}", NULL }, { "{\"share\":100.5}", "`share` must be at most 100, not 100.5" },
        { "{\"wait\":100}", NULL }, { "{\"wait\":99}", "`wait` must be at least 100, not 99" }, { "{\"wait\":1.5}", "`wait` must be a whole number" },
        { "{\"photo\":\"a.png\"}", NULL }, { "{\"slow\":\"aaaa\"}", NULL },
        { "{\"slow\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"}", "`slow` does not have the form" },
    };
    struct vt_template *t = draw_template(schema);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct vt_view *view = NULL;
        json_t *data = json_loads(cases[i].data, 0, NULL);
        struct vt_view_params params = { .template = t, .data = data, .width = WIDTH, .height = HEIGHT, .rate = { 30, 1 } };
        memset(&said, 0, sizeof said);
        int r = vt_view_new(&view, &params, &said);
        if ((r == 0) != !cases[i].why || (r != 0 && !strstr(said.list[0].text, cases[i].why)))
            check_fail(__FILE__, __LINE__, "%s: %d, %s", cases[i].data, r, said.list[0].text);
        vt_view_unref(&view);
        json_decref(data);
    }
    vt_template_unref(&t);
}

// ---- refusals

TEST(words_that_do_not_go_together_are_refused)
{
    static const struct {
        const char *body, *why;
    } cases[] = {
        { "layout: { type: timer, for: 1s, thresholds: [ { below: 1s } ] }", "a threshold needs `color` or `style`" },
        { "layout: { type: timer, for: 1s, thresholds: [ { below: 1s, style: { font-size: 2px } } ] }", "a clock's style can change its color" },
        { "layout: { type: timer, for: 1s, thresholds: [ { below: 1s, style: { background: red } } ] }", "`background` must be" },
        { "layout: { type: timer, for: 1s, at-zero: { action: count-down } }", "`action` cannot be \"count-down\"" },
        { "layout: { type: timer, for: 1s, at-zero: { txt: a } }", "unknown key \"txt\" of `at-zero`; did you mean \"text\"?" },
        { "layout: { type: box }\nschema: { properties: { a: { type: string, gddType: select } } }", "needs `enum`" },
        { "layout: { type: box }\nschema: { properties: { a: { type: integer, enum: [ 1 ] } } }", "`enum` must be a list" },
        { "layout: { type: box }\nschema: { properties: { a: { type: string, enum: [ x ], default: y } } }", "its default does not fit: `a` cannot be" },
        { "layout: { type: box }\nschema: { properties: { a: { type: string, pattern: \"[\" } } }", "`pattern` must be a regular expression" },
        { "layout: { type: box }\nschema: { properties: { a: { type: string, minimum: 1 } } }", "`minimum` must be a number, of a number" },
        { "layout: { type: box }\nschema: { properties: { a: { type: string, gddOptions: { lables: {} } } } }", "did you mean \"labels\"?" },
        { "layout: { type: ticker, items: a, item: { text: a }, mode: rol }", "did you mean \"roll\"?" },
        { "layout: { type: text, text: a, fit: { mode: marque } }", "did you mean \"marquee\"?" },
        { "layout: { type: text, text: a, fit: { mode: marquee, speed: 0px/s } }", "`speed` must be 1 to 2000 px/s" },
        { "layout: { type: box, id: a }\nvariants: [ { when: { ouput: a }, set: {} } ]", "did you mean \"output\"?" },
        { "layout: { type: box, id: a }\nmotion: { enter: { a: { keyframes: [ {}, { offset: 120% }, {} ], duration: 1s } } }", "`offset` must be 0% to 100%" },
        { "layout: { type: box, id: a }\nmotion: { enter: { a: { keyframes: [ {}, { offset: 60% }, { offset: 50% }, {} ], duration: 1s } } }", "each `offset` comes after" },
        { "layout: { type: box, id: a }\nmotion: { enter: { a: { keyframes: [ { offset: 10% }, {} ], duration: 1s } } }", "the first keyframe stands at 0%" },
        { "layout: { type: box, id: a }\nmotion: { enter: { a: { keyframes: [ {}, {} ], duration: 1s, reduced: no } } }", "`reduced` cannot be this; it is \"keep\"" },
        { "layout: { type: box, id: a }\nmotion: { exit: { a: { keyframes: [ {}, {} ], duration: 1s, stagger: 1s } } }", "unknown key \"stagger\" of an exit" },
        { "layout: { type: box, id: a }\nmotion: { loop: { a: { keyframes: [ {}, {} ], duration: 1s, iterations: 1001 } } }", "from 1 to 1000" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        struct vt_template *t = NULL;
        memset(&said, 0, sizeof said);
        int size = snprintf(text, sizeof text, "id: t\nversion: 1.0.0\nname: T\n%s\n", cases[i].body);
        REQUIRE(vt_template_load(&t, "t", text, (size_t)size, &said) < 0);
        if (said.list[0].line < 4 || said.list[0].column < 1 || !strstr(said.list[0].text, cases[i].why))
            check_fail(__FILE__, __LINE__, "%zu: line %d: %s", i, said.list[0].line, said.list[0].text);
    }
}

int main(void)
{
    RUN(a_clock_changes_its_style_as_time_runs_out);
    RUN(a_tick_draws_the_digits_that_changed_as_a_drawing_of_all_has_them);
    RUN(a_clock_counts_up_after_zero);
    RUN(a_text_stands_in_place_of_zero);
    RUN(a_text_that_is_too_long_crawls_and_comes_again);
    RUN(a_text_that_fits_stands_still);
    RUN(a_text_is_cut_at_the_side_where_it_ends);
    RUN(keyframes_stand_where_they_say);
    RUN(a_loop_may_end_turn_back_and_wait);
    RUN(an_exit_may_wait);
    RUN(what_a_step_brings_comes_with_its_motion);
    RUN(a_calm_picture_keeps_what_a_motion_says);
    RUN(a_variant_is_for_an_output);
    RUN(a_prior_price_stands_where_its_market_allows_it);
    RUN(what_is_not_lawful_is_not_there);
    RUN(a_rolling_ticker_pushes_the_item_before_out);
    RUN(fields_hold_what_they_say);
    RUN(words_that_do_not_go_together_are_refused);
    return DONE();
}
