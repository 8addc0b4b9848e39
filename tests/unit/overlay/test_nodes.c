#include "check.h"

#include <errno.h>

#include "overlay/figures.h"
#include "overlay/overlay.h"

#define CLOCK INT64_C(1772391852000000000)       // 2026-03-01T19:04:12Z

static struct vt_diagnostics said;
static struct vt_drawing drawing;

static struct vt_template *template_of(const char *body)
{
    char text[16384];
    struct vt_template *t = NULL;
    memset(&said, 0, sizeof said);
    int size = snprintf(text, sizeof text, "id: com.example.t\nversion: 1.0.0\nname: T\ncanvas: { design: 1280x720, safe: none }\n%s", body);
    if (vt_template_load(&t, "t", text, (size_t)size, &said) != 0)
        check_fail(__FILE__, __LINE__, "line %d: %s", said.list[0].line, said.list[0].text);
    return t;
}

static struct vt_view *view_with(struct vt_template *t, const char *data, const char *products, int smallest)
{
    struct vt_view *view = NULL;
    json_t *json = data ? json_loads(data, 0, NULL) : NULL, *list = products ? json_loads(products, 0, NULL) : NULL;
    struct vt_view_params params = { .template = t, .width = 1280, .height = 720, .smallest_height = smallest,
                                     .data = json, .products = list, .at_ns = CLOCK, .rate = { 30, 1 } };
    if (vt_view_new(&view, &params, &said) != 0)
        check_fail(__FILE__, __LINE__, "%s", said.list[0].text);
    json_decref(json);
    json_decref(list);
    return view;
}

static struct vt_view *view_of(const char *body, const char *data)
{
    struct vt_template *t = template_of(body);
    struct vt_view *view = view_with(t, data, NULL, 0);
    vt_template_unref(&t);
    return view;
}

static const struct vt_hotspot *find(const struct vt_view *view, const char *name)
{
    int count;
    const struct vt_hotspot *list = vt_view_hotspots(view, &count);
    for (int i = 0; i < count; i++) {
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    }
    return NULL;
}

static const struct vt_drawing *draw(struct vt_painter **painter, const struct vt_view *view,
                                     const struct vt_moment *moment)
{
    if (!*painter)
        REQUIRE_INT(vt_painter_new(painter, 1280, 720), 0);
    REQUIRE_INT(vt_painter_draw(*painter, view, moment, &drawing), 0);
    return &drawing;
}

static uint32_t pixel(const struct vt_layer *layer, int x, int y)
{
    uint32_t value;
    const unsigned char *row = cairo_image_surface_get_data(layer->pixels) +
                               (y - layer->y) * cairo_image_surface_get_stride(layer->pixels);
    memcpy(&value, row + 4 * (x - layer->x + layer->source_x), 4);
    return value;
}

static const struct vt_moment rest = { CLOCK + VT_NS_PER_S, CLOCK, INT64_MAX, .change_ns = 0 };

TEST(a_bar_is_full_as_far_as_its_value)
{
    static const struct {
        const char *value;
        int filled;                      // pixels of 400
    } cases[] = { { "25", 100 }, { "0", 0 }, { "100", 400 }, { "150", 400 }, { "-3", 0 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[512];
        struct vt_painter *painter = NULL;
        snprintf(body, sizeof body, "layout: { type: progress, value: \"%s\", max: \"100\", style: { position: absolute, "
                 "inset: 100px auto auto 100px, width: 400px, height: 20px, color: \"#ff0000\" } }\n", cases[i].value);
        struct vt_view *view = view_of(body, NULL);
        const struct vt_layer *layer = &draw(&painter, view, &rest)->layers[0];
        int filled = 0;
        for (int x = 100; x < 500; x++)
            filled += pixel(layer, x, 110) == 0xffff0000;
        REQUIRE_INT(filled, cases[i].filled);
        vt_painter_free(&painter);
        vt_view_unref(&view);
    }
}

TEST(a_shadow_falls_outside_of_its_box_only)
{
    struct vt_painter *painter = NULL;
    struct vt_view *view = view_of("layout: { type: box, style: { position: absolute, inset: 200px auto auto 200px, "
                                   "width: 100px, height: 100px, background: \"#ffffff80\", "
                                   "box-shadow: \"0 10px 20px #000000\" } }\n", NULL);
    const struct vt_layer *layer = &draw(&painter, view, &rest)->layers[0];
    REQUIRE(pixel(layer, 250, 250) == 0x80808080);
    REQUIRE(pixel(layer, 250, 305) >> 24 > 60);
    REQUIRE(pixel(layer, 250, 195) >> 24 < pixel(layer, 250, 305) >> 24);
    REQUIRE((pixel(layer, 250, 320) & 0xffffff) == 0);
    vt_painter_free(&painter);
    vt_view_unref(&view);
}

TEST(a_small_target_grows_but_not_into_another)
{
    struct vt_view *view = view_of(
        "layout:\n  type: box\n  style: { position: absolute, inset: 300px auto auto 600px, gap: 4px }\n  children:\n"
        "    - { type: box, id: a, hotspot: { action: view_item, label: a, min-target: 44px }, style: { width: 40px, height: 40px } }\n"
        "    - { type: box, id: b, hotspot: { action: view_item, label: b }, style: { width: 40px, height: 40px } }\n", NULL);
    const struct vt_hotspot *a = find(view, "a"), *b = find(view, "b");
    REQUIRE(fabs(a->height - 88 / 7.2) < 0.01);          // 44 px of a player whose shorter side has 360
    REQUIRE(fabs(b->height - 40 / 7.2) < 0.01);
    REQUIRE(fabs(a->x - (620 - 44) / 12.8) < 0.01);
    REQUIRE(fabs(a->x + a->width - b->x) < 0.01);
    vt_view_unref(&view);
}

static const char priced[] =
    "schema: { properties: { product: { type: object, gddType: v_product } } }\n"
    "layout: { type: number, id: now, value: \"{{ price.current }}\", style: { position: absolute, inset: 100px auto auto 100px, font-size: 60px } }\n"
    "motion: { change: { now: { when: decreased, effect: roll-digits, duration: 600ms, easing: linear } } }\n";

static bool same_layers(const struct vt_layer *a, const uint8_t *bytes, size_t size)
{
    return memcmp(cairo_image_surface_get_data(a->pixels), bytes, size) == 0;
}

TEST(digits_roll_when_a_price_falls_and_stand_still_after)
{
    struct vt_template *t = template_of(priced);
    struct vt_view *high = view_with(t, "{\"product\":{\"price\":{\"amount\":5999,\"currency\":\"EUR\"}}}", NULL, 0);
    struct vt_view *low = view_with(t, "{\"product\":{\"price\":{\"amount\":4999,\"currency\":\"EUR\"}}}", NULL, 0);
    struct vt_painter *painter = NULL;
    struct vt_moment moment = { CLOCK, CLOCK - VT_NS_PER_S, INT64_MAX, .before = high, .change_ns = CLOCK };
    REQUIRE_INT(vt_view_change_ns(low), 600000000);
    uint64_t first = draw(&painter, low, &moment)->layers[0].change;
    moment.now_ns = CLOCK + 300000000;
    uint64_t middle = draw(&painter, low, &moment)->layers[0].change;
    size_t size = (size_t)cairo_image_surface_get_stride(drawing.layers[0].pixels) * (size_t)drawing.layers[0].height;
    uint8_t *bytes = malloc(size);
    memcpy(bytes, cairo_image_surface_get_data(drawing.layers[0].pixels), size);
    moment.now_ns = CLOCK + 600000000;
    uint64_t after = draw(&painter, low, &moment)->layers[0].change;
    REQUIRE(first != middle && middle != after);
    REQUIRE(!same_layers(&drawing.layers[0], bytes, size));
    REQUIRE(draw(&painter, low, &rest)->layers[0].change == after);
    moment.now_ns = CLOCK + 300000000;   // any instant again gives the same pixels
    REQUIRE(draw(&painter, low, &moment)->layers[0].change == middle && same_layers(&drawing.layers[0], bytes, size));
    moment.reduced = true;
    REQUIRE(draw(&painter, low, &moment)->layers[0].change == after);
    moment = (struct vt_moment){ CLOCK, CLOCK - VT_NS_PER_S, INT64_MAX, .before = low, .change_ns = CLOCK };
    uint64_t rising = draw(&painter, high, &moment)->layers[0].change;
    moment.now_ns += 100000000;
    REQUIRE(draw(&painter, high, &moment)->layers[0].change == rising);
    free(bytes);
    vt_painter_free(&painter);
    vt_view_unref(&high);
    vt_view_unref(&low);
    vt_template_unref(&t);
}

TEST(a_pulse_comes_at_most_so_often)
{
    struct vt_template *t = template_of(
        "schema: { properties: { n: { type: integer } } }\n"
        "layout: { type: number, id: n, value: \"{{ n }}\", format: plain, style: { position: absolute, inset: 0 auto auto 0 } }\n"
        "motion: { change: { n: { effect: pulse, duration: 300ms, max-rate: 1/s } } }\n");
    struct vt_view *one = view_with(t, "{\"n\":1}", NULL, 0), *two = view_with(t, "{\"n\":2}", NULL, 0);
    struct vt_painter *painter = NULL;
    struct vt_moment moment = { CLOCK + 100000000, 0, INT64_MAX, .before = one, .change_ns = CLOCK };
    REQUIRE(draw(&painter, two, &moment)->layers[0].opacity < 0.8f);
    moment.since_change_ns = 999999999;
    REQUIRE(draw(&painter, two, &moment)->layers[0].opacity >= 1);
    moment.since_change_ns = 1000000000;
    REQUIRE(draw(&painter, two, &moment)->layers[0].opacity < 0.8f);
    vt_painter_free(&painter);
    vt_view_unref(&one);
    vt_view_unref(&two);
    vt_template_unref(&t);
}

static const char lists[] =
    "layout:\n  type: repeat\n  items: \"{{ show.products }}\"\n  max: 3\n"
    "  style: { position: absolute, inset: 0 auto auto 0, flex-direction: column }\n  children:\n"
    "    - { type: box, id: tile, hotspot: { action: view_item, item: \"{{ item.id }}\", label: \"{{ item.title }}\" }, "
    "style: { width: 100px, height: 50px } }\n";

TEST(a_repetition_shows_its_children_for_each_entry)
{
    struct vt_template *t = template_of(lists);
    struct vt_view *view = view_with(t, NULL, "[{\"id\":\"a\",\"title\":\"A\"},{\"id\":\"b\",\"title\":\"B\"},"
                                              "{\"id\":\"c\",\"title\":\"C\"},{\"id\":\"d\",\"title\":\"D\"}]", 0);
    int count;
    vt_view_hotspots(view, &count);
    REQUIRE_INT(count, 3);
    REQUIRE_TEXT(find(view, "tile")->item, "a");
    REQUIRE_TEXT(find(view, "tile-2")->label, "B");
    REQUIRE(fabs(find(view, "tile-3")->y - 100 / 7.2) < 0.01);
    vt_view_unref(&view);
    vt_template_unref(&t);
}

TEST(a_staggered_entry_brings_children_one_by_one)
{
    struct vt_view *view = view_of(
        "layout:\n  type: box\n  id: row\n  style: { position: absolute, inset: 0 auto auto 0 }\n  children:\n"
        "    - { type: box, style: { width: 50px, height: 50px, background: \"#ffffff\" } }\n"
        "    - { type: box, style: { width: 50px, height: 50px, background: \"#ffffff\" } }\n"
        "motion: { enter: { row: { keyframes: [ { opacity: 0 }, {} ], duration: 200ms, stagger: 400ms } } }\n", NULL);
    struct vt_painter *painter = NULL;
    struct vt_moment moment = { CLOCK + 300000000, CLOCK, INT64_MAX, .change_ns = 0 };
    REQUIRE_INT(vt_view_enter_ns(view), 600000000);
    REQUIRE_INT(draw(&painter, view, &moment)->count, 1);
    moment.now_ns = CLOCK + 600000000;
    REQUIRE_INT(draw(&painter, view, &moment)->count, 2);
    moment.now_ns = CLOCK;
    moment.reduced = true;
    REQUIRE_INT(draw(&painter, view, &moment)->count, 2);
    vt_painter_free(&painter);
    vt_view_unref(&view);
}

static const char legible[] =
    "layout:\n  type: box\n  style: { position: absolute, inset: 0, flex-direction: column }\n  children:\n"
    "    - { type: text, id: big, text: Big, hotspot: { action: view_item, label: a }, style: { font-size: 24px } }\n"
    "    - { type: text, id: small, text: Small, hotspot: { action: view_item, label: a }, style: { font-size: 7px } }\n"
    "    - { type: box, id: button, hotspot: { action: view_item, label: a }, children: [ { type: text, id: word, text: Small, style: { font-size: 7px } } ] }\n";

TEST(what_is_too_small_to_read_goes_with_its_hotspot)
{
    struct vt_template *t = template_of(legible);
    struct vt_view *view = view_with(t, NULL, NULL, 720);
    REQUIRE(find(view, "big") && find(view, "small") && find(view, "button"));
    vt_view_unref(&view);
    view = view_with(t, NULL, NULL, 360);
    REQUIRE(find(view, "big") && !find(view, "small") && !find(view, "button"));
    vt_view_unref(&view);
    vt_template_unref(&t);
}

TEST(the_variant_for_small_pictures_is_picked_before_anything_goes)
{
    char body[2048];
    snprintf(body, sizeof body, "%svariants:\n  - when: { max-height: 480px }\n    set: { small: { style: { font-size: 16px } } }\n",
             legible);
    struct vt_template *t = template_of(body);
    struct vt_view *view = view_with(t, NULL, NULL, 360);
    REQUIRE(find(view, "big") && find(view, "small") && !find(view, "button"));
    vt_view_unref(&view);
    vt_template_unref(&t);
}

// `count` boxes with hotspots: what making a view of them gives.
static int view_of_targets(int count)
{
    char body[8192];
    int at = snprintf(body, sizeof body, "layout:\n  type: box\n  style: { position: absolute, inset: 0 }\n  children:\n");
    for (int i = 0; i < count; i++)
        at += snprintf(body + at, sizeof body - (size_t)at, "    - { type: box, id: spot%d, style: { width: 10px, height: 10px }, "
                       "hotspot: { action: view_item, label: \"Spot %d\" } }\n", i, i);
    struct vt_template *t = template_of(body);
    struct vt_view_params params = {.template = t, .width = 1280, .height = 720, .at_ns = CLOCK, .rate = {30, 1}};
    struct vt_view *view = NULL;
    int error = vt_view_new(&view, &params, &said);
    vt_view_unref(&view);
    vt_template_unref(&t);
    return error;
}

TEST(hotspots_are_bounded)
{
    REQUIRE_INT(view_of_targets(VT_HOTSPOTS_MAX), 0);
    REQUIRE_INT(view_of_targets(VT_HOTSPOTS_MAX + 1), -EINVAL);
    REQUIRE(strstr(said.list[0].text, "hotspots"));
}

static const char tape[] =
    "layout: { type: ticker, id: tape, items: \"{{ show.products }}\", item: { text: \"{{ item.title }}\", separator: \" - \" }, "
    "speed: 100px/s, style: { position: absolute, inset: auto 0 0 0, height: 40px, font-size: 20px } }\n";

TEST(a_longer_price_does_not_make_the_tape_jump)
{
    struct vt_template *t = template_of(tape);
    struct vt_view *one = view_with(t, NULL, "[{\"title\":\"Nine 9.99\"},{\"title\":\"Second thing\"}]", 0);
    struct vt_view *two = view_with(t, NULL, "[{\"title\":\"Nine 10.99\"},{\"title\":\"Second thing\"}]", 0);
    struct vt_painter *painter = NULL;
    for (int i = 1; i < 40; i++) {
        struct vt_moment moment = { CLOCK + i * 777 * INT64_C(1000000), CLOCK, INT64_MAX, .change_ns = 0 };
        const struct vt_layer *layer = &draw(&painter, one, &moment)->layers[0];
        int before = layer->source_x, length = cairo_image_surface_get_width(layer->pixels);
        moment.ticker_ns = vt_view_ticker_ahead(two, one, &moment, 1280);
        layer = &draw(&painter, two, &moment)->layers[0];
        int now = layer->source_x, longer = cairo_image_surface_get_width(layer->pixels) - length;
        int moved = now - before;        // within the first item, or by what it grew when the second stands there
        REQUIRE(abs(moved) <= 1 || abs(moved - longer) <= 2);
    }
    vt_painter_free(&painter);
    vt_view_unref(&one);
    vt_view_unref(&two);
    vt_template_unref(&t);
}

TEST(a_code_is_drawn_in_whole_modules)
{
    struct vt_painter *painter = NULL;
    struct vt_view *view = view_of("layout: { type: qr, text: \"https://shop.example/shoe\", style: { position: absolute, "
                                   "inset: 0 auto auto 0, width: 200px, height: 200px, background: \"#ffffff\", color: \"#000000\" } }\n", NULL);
    const struct vt_layer *layer = &draw(&painter, view, &rest)->layers[0];
    int dark = 0, other = 0;
    for (int y = 0; y < 200; y++) {
        for (int x = 0; x < 200; x++) {
            uint32_t p = pixel(layer, x, y);
            dark += p == 0xff000000;
            other += p != 0xff000000 && p != 0xffffffff;
        }
    }
    REQUIRE(dark > 6000 && dark < 24000);
    REQUIRE_INT(other, 0);
    vt_painter_free(&painter);
    vt_view_unref(&view);
}

TEST(drawings_hold_only_what_is_safe)
{
    static const struct {
        const char *source, *why;
    } cases[] = {
        { "<svg xmlns=\"http://www.w3.org/2000/svg\"><use href=\"#a\"/></svg>", "a drawing cannot hold <use>" },
        { "<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"file:///etc/passwd\"/></svg>", "a drawing cannot hold <image>" },
        { "<!DOCTYPE svg [<!ENTITY a \"b\">]><svg/>", "a drawing cannot hold <!DOCTYPE>" },
        { "<svg xmlns=\"http://www.w3.org/2000/svg\"><s:text xmlns:s=\"http://www.w3.org/2000/svg\">a</s:text></svg>", "a drawing cannot hold <s:text>" },
        { "<svg xmlns=\"http://www.w3.org/2000/svg\"><filter id=\"a\"/></svg>", "a drawing cannot hold <filter>" },
        { "<?xml version=\"1.0\" encoding=\"UTF-16\"?><svg/>", "a drawing is written in UTF-8" },
    };
    char why[160];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        REQUIRE_INT(vt_svg_check(cases[i].source, strlen(cases[i].source), why, sizeof why), -EINVAL);
        REQUIRE_TEXT(why, cases[i].why);
    }
    const char *good = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 4 4\"><!-- <use> --><path d=\"M0 0h4v4z\"/></svg>";
    REQUIRE_INT(vt_svg_check(good, strlen(good), why, sizeof why), 0);
    REQUIRE_INT(vt_svg_check("nothing", 7, why, sizeof why), -EINVAL);
    char *large = malloc(VT_SVG_BYTES + 2);
    memset(large, ' ', VT_SVG_BYTES + 1);
    large[VT_SVG_BYTES + 1] = 0;
    REQUIRE_INT(vt_svg_check(large, VT_SVG_BYTES + 1, why, sizeof why), -EFBIG);
    free(large);
}

TEST(a_drawing_fills_its_box)
{
    struct vt_painter *painter = NULL;
    struct vt_view *view = view_of("layout: { type: svg, source: \"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 4 2'>"
                                   "<rect width='4' height='2' fill='#ff0000'/></svg>\", "
                                   "style: { position: absolute, inset: 0 auto auto 0, width: 80px, height: 40px } }\n", NULL);
    const struct vt_layer *layer = &draw(&painter, view, &rest)->layers[0];
    REQUIRE(pixel(layer, 1, 1) == 0xffff0000 && pixel(layer, 78, 38) == 0xffff0000);
    vt_painter_free(&painter);
    vt_view_unref(&view);
}

static int load_beside(const char *tokens, struct vt_template **ret)
{
    char folder[] = "/tmp/vt-tokens-XXXXXX", path[64];
    static const char text[] = "id: a\nversion: 1\nname: a\ntokens: brand.json\n"
                               "layout: { type: box, style: { background: \"{color.card}\" } }\n";
    memset(&said, 0, sizeof said);
    REQUIRE(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/brand.json", folder);
    FILE *file = tokens ? fopen(path, "w") : NULL;
    if (file) {
        fputs(tokens, file);
        fclose(file);
    }
    int r = vt_template_load_in(ret, "t", folder, text, sizeof text - 1, &said);
    remove(path);
    remove(folder);
    return r;
}

TEST(tokens_come_from_a_file_beside_the_template)
{
    struct vt_template *t = NULL;
    REQUIRE_INT(load_beside("{\"color\":{\"$type\":\"color\",\"a\":{\"$value\":\"#00ff00\"},\"card\":{\"$value\":\"{color.a}\"}}}", &t), 0);
    const char *beside[VT_TEMPLATE_FILES];
    REQUIRE_INT(vt_template_files(t, beside, VT_TEMPLATE_FILES), 1);
    REQUIRE_TEXT(beside[0], "brand.json");
    struct vt_view *view = view_with(t, NULL, NULL, 0);
    vt_view_unref(&view);
    vt_template_unref(&t);
    REQUIRE_INT(load_beside(NULL, &t), -EINVAL);         // a warning, and then there is no such token
    REQUIRE_INT(said.warnings, 1);
    REQUIRE_TEXT(said.list[1].text, "there is no token \"color.card\"");
    REQUIRE_INT(load_beside("{\"color\":{\"card\":{\"$value\":\"{color.b}\"},\"b\":{\"$value\":\"{color.card}\"}}}", &t), -EINVAL);
    REQUIRE_INT(load_beside("{\"color\":", &t), -EINVAL);
    REQUIRE(strstr(said.list[0].text, "brand.json:"));
}

static uint64_t change_at(struct vt_painter **painter, const struct vt_view *view, int64_t ns)
{
    struct vt_moment moment = { CLOCK + ns, CLOCK, INT64_MAX, .change_ns = 0 };
    const struct vt_drawing *d = draw(painter, view, &moment);
    return d->count ? d->layers[0].change : 0;
}

TEST(a_timer_runs_for_a_time_and_hides_at_its_end)
{
    struct vt_painter *painter = NULL;
    struct vt_view *view = view_of("layout: { type: timer, for: 5s, at-zero: { action: hide }, thresholds: [ { below: 2s, color: \"#ff0000\" } ], "
                                   "style: { position: absolute, inset: 0 auto auto 0, font-size: 40px } }\n", NULL);
    uint64_t changes[6];
    int seen = 0;
    for (int frame = 0; frame < 150; frame++) {
        uint64_t change = change_at(&painter, view, vt_frame_to_ns(frame, (struct vt_rational){ 30, 1 }));
        if (frame % 30 == 0)
            changes[seen++] = change;
        REQUIRE(change && change == changes[seen - 1]);
    }
    REQUIRE_INT(seen, 5);
    REQUIRE_INT(change_at(&painter, view, 5 * VT_NS_PER_S), 0);
    change_at(&painter, view, 4 * VT_NS_PER_S);
    int red = 0, white = 0;
    const struct vt_layer *layer = &drawing.layers[0];
    for (int y = layer->y; y < layer->y + layer->height; y++) {
        for (int x = layer->x; x < layer->x + layer->width; x++) {
            red += pixel(layer, x, y) == 0xffff0000;
            white += pixel(layer, x, y) == 0xffffffff;
        }
    }
    REQUIRE(red > 50 && white == 0);
    vt_painter_free(&painter);
    vt_view_unref(&view);
}

TEST(a_flipping_ticker_shows_one_after_another)
{
    struct vt_template *t = template_of(
        "layout: { type: ticker, mode: flip, hold: 2s, items: \"{{ show.products }}\", item: { text: \"{{ item.title }}\" }, "
        "style: { position: absolute, inset: 0 auto auto 0 } }\n");
    struct vt_view *view = view_with(t, NULL, "[{\"title\":\"One\"},{\"title\":\"Two\"}]", 0);
    struct vt_painter *painter = NULL;
    uint64_t one = change_at(&painter, view, VT_NS_PER_S), two = change_at(&painter, view, 3 * VT_NS_PER_S);
    REQUIRE(one && two && one != two);
    REQUIRE(change_at(&painter, view, 5 * VT_NS_PER_S) == one);
    vt_painter_free(&painter);
    vt_view_unref(&view);
    vt_template_unref(&t);
}

int main(void)
{
    RUN(a_timer_runs_for_a_time_and_hides_at_its_end);
    RUN(a_flipping_ticker_shows_one_after_another);
    RUN(tokens_come_from_a_file_beside_the_template);
    RUN(a_bar_is_full_as_far_as_its_value);
    RUN(a_shadow_falls_outside_of_its_box_only);
    RUN(a_small_target_grows_but_not_into_another);
    RUN(digits_roll_when_a_price_falls_and_stand_still_after);
    RUN(a_pulse_comes_at_most_so_often);
    RUN(a_repetition_shows_its_children_for_each_entry);
    RUN(a_staggered_entry_brings_children_one_by_one);
    RUN(what_is_too_small_to_read_goes_with_its_hotspot);
    RUN(the_variant_for_small_pictures_is_picked_before_anything_goes);
    RUN(a_longer_price_does_not_make_the_tape_jump);
    RUN(hotspots_are_bounded);
    RUN(a_code_is_drawn_in_whole_modules);
    RUN(drawings_hold_only_what_is_safe);
    RUN(a_drawing_fills_its_box);
    return DONE();
}
