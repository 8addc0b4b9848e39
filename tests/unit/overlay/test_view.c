#include "check.h"

#include <errno.h>

#include "overlay/live.h"

#define CLOCK INT64_C(1772391852000000000)       // 2026-03-01T19:04:12Z

static struct vt_diagnostics said;

static struct vt_template *template_of(const char *body)
{
    char text[8192];
    struct vt_template *t = NULL;
    memset(&said, 0, sizeof said);
    int size = snprintf(text, sizeof text, "id: com.example.t\nversion: 1.0.0\nname: T\ncanvas: { design: 1280x720 }\n%s", body);
    if (vt_template_load(&t, "t", text, (size_t)size, &said) != 0)
        check_fail(__FILE__, __LINE__, "line %d: %s", said.list[0].line, said.list[0].text);
    return t;
}

static struct vt_view *try_view(const char *body, const char *data, const char *language, int64_t at_ns, int *ret)
{
    struct vt_template *t = template_of(body);
    struct vt_view *view = NULL;
    json_t *json = data ? json_loads(data, 0, NULL) : NULL;
    struct vt_view_params params = {.template = t, .width = 1280, .height = 720, .language = language, .data = json,
                                    .at_ns = at_ns, .rate = {30, 1}};
    *ret = vt_view_new(&view, &params, &said);
    json_decref(json);
    vt_template_unref(&t);
    return view;
}

static struct vt_view *view_of(const char *body, const char *data)
{
    int r;
    struct vt_view *view = try_view(body, data, "en", CLOCK, &r);
    if (r != 0)
        check_fail(__FILE__, __LINE__, "%s", said.list[0].text);
    return view;
}

static const char product_layout[] =
    "schema: { required: [product], properties: { product: { type: object, gddType: v_product },"
    " offer: { type: object, gddType: v_offer } } }\n"
    "layout:\n  type: box\n  id: root\n  style: { position: absolute, inset: 0 }\n  children:\n"
    "    - { type: box, id: sale, when: price.sale, hotspot: { action: view_item, label: \"{{ price.current | money }}\" },"
    " style: { width: 10px, height: 10px } }\n"
    "    - { type: box, id: was, when: price.prior_lawful, hotspot: { action: view_item, label: \"{{ price.prior | money }}\" },"
    " style: { width: 10px, height: 10px } }\n"
    "    - { type: box, id: fresh, when: stock.fresh, hotspot: { action: view_item, label: a },"
    " style: { width: 10px, height: 10px } }\n"
    "    - { type: box, id: active, when: offer.active, hotspot: { action: view_item, label: a },"
    " style: { width: 10px, height: 10px } }\n";

static const char product_data[] =
    "{\"product\":{\"id\":\"x\",\"title\":\"T\",\"price\":{\"amount\":9999,\"currency\":\"EUR\"},"
    "\"sale_price\":{\"amount\":5999,\"currency\":\"EUR\"},"
    "\"stock\":{\"available\":3,\"as_of\":\"2026-03-01T19:00:00Z\"},"
    "\"offer\":{\"starts_at\":\"2026-03-01T19:04:00Z\",\"ends_at\":\"2026-03-01T19:14:12Z\"}}}";

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

TEST(prices_and_offers_are_derived_at_an_instant)
{
    int64_t amount;
    char currency[4];
    struct vt_view *view = view_of(product_layout, product_data);
    REQUIRE(vt_view_price(view, &amount, currency));
    REQUIRE_INT(amount, 5999);
    REQUIRE_TEXT(currency, "EUR");
    REQUIRE_TEXT(find(view, "sale")->label, "€59.99");
    REQUIRE_TEXT(find(view, "was")->label, "€99.99");
    REQUIRE(find(view, "active") && find(view, "fresh"));
    REQUIRE_INT(vt_view_expires_ns(view), CLOCK + 600 * VT_NS_PER_S);
    vt_view_unref(&view);
}

TEST(an_offer_ends_on_its_instant)
{
    int r;
    int64_t amount, end = CLOCK + 600 * VT_NS_PER_S;
    char currency[4];
    struct vt_view *before = try_view(product_layout, product_data, "en", end - 1, &r);
    struct vt_view *after = try_view(product_layout, product_data, "en", end, &r);
    REQUIRE(vt_view_price(before, &amount, currency) && amount == 5999);
    REQUIRE(vt_view_price(after, &amount, currency) && amount == 9999);
    REQUIRE(!find(after, "sale") && !find(after, "was") && !find(after, "active"));
    REQUIRE_INT(vt_view_expires_ns(before), end);
    vt_view_unref(&before);
    vt_view_unref(&after);
}

TEST(data_that_does_not_fit_is_refused)
{
    int r;
    static const struct {
        const char *data, *why;
    } cases[] = {
        {"{}", "`product` is missing"},
        {"{\"product\":7}", "`product` must be a product, an object"},
        {"{\"product\":{\"price\":{\"amount\":59.99,\"currency\":\"EUR\"}}}",
         "`product.price` must be {\"amount\": whole minor units, \"currency\": an ISO 4217 code}"},
        {"{\"product\":{\"offer\":{\"ends_at\":\"soon\"}}}", "`offer.ends_at` must be a time such as 2026-03-01T19:00:00Z"},
        {"{\"product\":{},\"headlin\":1}", "the template has no field \"headlin\""},
        {"[]", "data must be an object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct vt_view *view = try_view(product_layout, cases[i].data, "en", CLOCK, &r);
        REQUIRE_INT(r, -EINVAL);
        REQUIRE(!view);
        REQUIRE_TEXT(said.list[0].text, cases[i].why);
    }
}

TEST(a_text_that_must_not_be_cut_is_refused_when_it_does_not_fit)
{
    int r;
    const char *body = "schema: { properties: { t: { type: string } } }\n"
                       "layout: { type: text, text: \"{{ t }}\", fit: { mode: shrink, min-font-size: 20px, truncate: never },"
                       " style: { width: 200px, font-size: 40px, line-clamp: 1 } }\n";
    struct vt_view *view = try_view(body, "{\"t\":\"€59.99\"}", "en", CLOCK, &r);
    REQUIRE_INT(r, 0);
    vt_view_unref(&view);
    view = try_view(body, "{\"t\":\"€59.99 and much more than fits\"}", "en", CLOCK, &r);
    REQUIRE_INT(r, -EINVAL);
    REQUIRE(strstr(said.list[0].text, "does not fit"));
}

TEST(texts_keep_their_limit)
{
    int r;
    const char *body = "schema: { properties: { t: { type: string } } }\nlayout: { type: text, text: \"{{ t }}\" }\n";
    char *data = calloc(1, VT_TEXT_BYTES + 64);
    sprintf(data, "{\"t\":\"%0*d\"}", VT_TEXT_BYTES - 6, 0);         // with its isolates, exactly the limit
    struct vt_view *view = try_view(body, data, "en", CLOCK, &r);
    REQUIRE_INT(r, 0);
    vt_view_unref(&view);
    sprintf(data, "{\"t\":\"%0*d\"}", VT_TEXT_BYTES - 5, 0);
    view = try_view(body, data, "en", CLOCK, &r);
    REQUIRE_INT(r, -EINVAL);
    free(data);
}

// ---- drawing

static struct vt_drawing drawing;

static void draw(struct vt_painter *painter, const struct vt_view *view, int64_t now, int64_t exit)
{
    struct vt_moment moment = {CLOCK + now, CLOCK, exit == INT64_MAX ? exit : CLOCK + exit};
    REQUIRE_INT(vt_painter_draw(painter, view, &moment, &drawing), 0);
}

static uint64_t hash_pixels(cairo_surface_t *surface)
{
    const uint8_t *data = cairo_image_surface_get_data(surface);
    size_t size = (size_t)cairo_image_surface_get_stride(surface) * (size_t)cairo_image_surface_get_height(surface);
    uint64_t hash = 1;
    for (size_t i = 0; i < size; i++)
        hash = hash * 1099511628211u ^ data[i];
    return hash;
}

static uint64_t hash_drawing(void)
{
    uint64_t hash = (uint64_t)drawing.count;
    for (int i = 0; i < drawing.count; i++) {
        const struct vt_layer *l = &drawing.layers[i];
        hash = hash * 31 + hash_pixels(l->pixels) + l->id + l->change + (uint64_t)l->x * 7 + (uint64_t)l->y * 13 +
               (uint64_t)l->source_x * 17 + (uint64_t)(l->opacity * 1e6f);
    }
    return hash;
}

static const char moving[] =
    "schema: { properties: { offer: { type: object, gddType: v_offer } } }\n"
    "layout:\n  type: box\n  id: card\n  style: { position: absolute, inset: auto auto 20px 20px, width: 400px, padding: 10px,"
    " background: \"#102030\", flex-direction: column }\n  children:\n"
    "    - { type: text, id: t, text: Hello, style: { font-size: 30px } }\n"
    "    - { type: timer, id: clock, until: \"{{ offer.ends_at }}\", style: { font-size: 30px } }\n"
    "    - { type: text, id: u, text: World, style: { font-size: 30px } }\n"
    "motion:\n  enter: { card: { keyframes: [ { opacity: 0, transform: translateY(60px) }, {} ], duration: 200ms, easing: linear } }\n"
    "  exit: { card: { keyframes: [ {}, { opacity: 0 } ], duration: 200ms, easing: linear } }\n";
static const char ten_seconds[] = "{\"offer\":{\"ends_at\":\"2026-03-01T19:04:22Z\"}}";

TEST(what_stands_still_is_one_layer)
{
    struct vt_painter *painter = NULL;
    struct vt_view *view = view_of(moving, ten_seconds);
    REQUIRE_INT(vt_painter_new(&painter, 1280, 720), 0);
    draw(painter, view, VT_NS_PER_S, INT64_MAX);
    REQUIRE_INT(drawing.count, 2);
    REQUIRE(drawing.layers[0].id != 0 && drawing.layers[0].id != drawing.layers[1].id);
    uint64_t still = drawing.layers[0].change, clock = drawing.layers[1].change;
    draw(painter, view, VT_NS_PER_S + 900000000, INT64_MAX);
    REQUIRE(drawing.layers[0].change == still);
    REQUIRE(drawing.layers[1].change == clock);
    draw(painter, view, 2 * VT_NS_PER_S, INT64_MAX);
    REQUIRE(drawing.layers[0].change == still);
    REQUIRE(drawing.layers[1].change != clock);
    vt_painter_free(&painter);
    vt_view_unref(&view);
}

TEST(entry_and_exit_show_their_first_and_last_frame)
{
    struct vt_painter *painter = NULL;
    struct vt_view *view = view_of(moving, ten_seconds);
    const int64_t frame = VT_NS_PER_S / 30;
    REQUIRE_INT(vt_view_enter_ns(view), 200000000);
    REQUIRE_INT(vt_view_exit_ns(view), 200000000);
    REQUIRE_INT(vt_painter_new(&painter, 640, 360), 0);
    draw(painter, view, 0, INT64_MAX);
    REQUIRE(drawing.count > 0);
    REQUIRE_NEAR(drawing.layers[0].opacity, 1.0 / 6, 1e-3);
    int y = drawing.layers[0].y;
    draw(painter, view, 6 * frame, INT64_MAX);
    REQUIRE_NEAR(drawing.layers[0].opacity, 1, 0);
    REQUIRE_INT(y - drawing.layers[0].y, 25);        // five sixths of 60 px, at half the size
    draw(painter, view, VT_NS_PER_S, VT_NS_PER_S);
    REQUIRE_NEAR(drawing.layers[0].opacity, 1, 0);
    draw(painter, view, VT_NS_PER_S + 5 * frame, VT_NS_PER_S);
    REQUIRE(drawing.count > 0 && drawing.layers[0].opacity > 0.1);
    draw(painter, view, VT_NS_PER_S + 200000000, VT_NS_PER_S);
    REQUIRE_INT(drawing.count, 0);
    vt_painter_free(&painter);
    vt_view_unref(&view);
}

TEST(any_instant_can_be_drawn_alone_and_twice_the_same)
{
    enum { INSTANTS = 40 };
    struct vt_painter *painter = NULL;
    struct vt_view *view = view_of(moving, ten_seconds);
    uint64_t alone[INSTANTS];
    for (int i = 0; i < INSTANTS; i++) {
        REQUIRE_INT(vt_painter_new(&painter, 854, 480), 0);
        draw(painter, view, i * INT64_C(33333333), INT64_MAX);
        alone[i] = hash_drawing();
        vt_painter_free(&painter);
    }
    REQUIRE_INT(vt_painter_new(&painter, 854, 480), 0);
    for (int i = 0, at = 0; i < 3 * INSTANTS; i++, at = (at * 29 + 17) % INSTANTS) {
        draw(painter, view, at * INT64_C(33333333), INT64_MAX);
        REQUIRE(hash_drawing() == alone[at]);
    }
    vt_painter_free(&painter);
    vt_view_unref(&view);
}

TEST(an_unchanged_layer_of_a_new_revision_keeps_its_change)
{
    struct vt_painter *painter = NULL;
    struct vt_view *one = view_of(moving, ten_seconds);
    struct vt_view *two = view_of(moving, "{\"offer\":{\"ends_at\":\"2026-03-01T19:09:22Z\"}}");
    REQUIRE_INT(vt_painter_new(&painter, 1280, 720), 0);
    draw(painter, one, VT_NS_PER_S, INT64_MAX);
    struct vt_layer still = drawing.layers[0], clock = drawing.layers[1];
    draw(painter, two, VT_NS_PER_S, INT64_MAX);
    REQUIRE(drawing.layers[0].id == still.id && drawing.layers[0].change == still.change);
    REQUIRE(drawing.layers[1].id == clock.id && drawing.layers[1].change != clock.change);
    vt_painter_forget(painter, one);
    vt_painter_forget(painter, one);
    vt_painter_free(&painter);
    vt_view_unref(&one);
    vt_view_unref(&two);
}

static const char crawling[] =
    "layout:\n  type: ticker\n  id: tape\n  items: \"{{ show.products }}\"\n  item: { text: \"{{ item.title }}\", separator: \" - \" }\n"
    "  speed: 100px/s\n  style: { position: absolute, inset: auto 0 0 0, height: 40px, font-size: 20px }\n";

static struct vt_view *ticker_view(const char *language)
{
    struct vt_template *t = template_of(crawling);
    struct vt_view *view = NULL;
    json_t *products = json_loads("[{\"id\":\"a\",\"title\":\"One\"},{\"id\":\"b\",\"title\":\"Two\"}]", 0, NULL);
    struct vt_view_params params = {.template = t, .width = 1280, .height = 720, .language = language,
                                    .products = products, .at_ns = CLOCK, .rate = {30, 1}};
    REQUIRE_INT(vt_view_new(&view, &params, &said), 0);
    json_decref(products);
    vt_template_unref(&t);
    return view;
}

// Of the strip's column at the left edge of its window, in parts of a pixel.
static int place_of_strip(void)
{
    return drawing.layers[0].source_x * VT_PARTS - drawing.layers[0].part_x;
}

static void check_crawl(const char *language, int direction)
{
    struct vt_painter *painter = NULL;
    struct vt_view *view = ticker_view(language);
    REQUIRE_INT(vt_painter_new(&painter, 640, 360), 0);
    draw(painter, view, 0, INT64_MAX);
    REQUIRE_INT(drawing.count, 1);
    int start = place_of_strip(), width = drawing.layers[0].width;
    int period = (cairo_image_surface_get_width(drawing.layers[0].pixels) - width - VT_STRIP_MARGIN) * VT_PARTS;
    uint64_t change = drawing.layers[0].change;
    REQUIRE_INT(width, 640);
    for (int frame = 0; frame < 900; frame++) {
        int64_t now = vt_frame_to_ns(frame, (struct vt_rational){30, 1});
        draw(painter, view, now, INT64_MAX);
        int64_t moved = direction * ((now * 50 * VT_PARTS + VT_NS_PER_S / 2) / VT_NS_PER_S);
        int expected = (int)(((start + moved) % period + period) % period);
        REQUIRE_INT(place_of_strip() % period, expected);
        REQUIRE(drawing.layers[0].change == change && drawing.layers[0].part_y == 0);
        // Also the columns that stand in for those between: none lies outside of the strip.
        REQUIRE(!drawing.layers[0].part_x || drawing.layers[0].source_x >= 2);
        REQUIRE(drawing.layers[0].source_x + width + 1 <= cairo_image_surface_get_width(drawing.layers[0].pixels));
    }
    vt_painter_free(&painter);
    vt_view_unref(&view);
}

TEST(a_ticker_crawls_evenly_the_way_of_its_language)
{
    check_crawl("en", 1);
    check_crawl("ar", -1);
}

// The strip repeats after its period, pixel for pixel.
TEST(a_ticker_wraps_without_a_seam)
{
    struct vt_painter *painter = NULL;
    struct vt_view *view = ticker_view("en");
    REQUIRE_INT(vt_painter_new(&painter, 1280, 720), 0);
    draw(painter, view, 0, INT64_MAX);
    cairo_surface_t *strip = drawing.layers[0].pixels;
    int period = cairo_image_surface_get_width(strip) - drawing.layers[0].width - VT_STRIP_MARGIN;
    const uint8_t *data = cairo_image_surface_get_data(strip);
    for (int y = 0; y < cairo_image_surface_get_height(strip); y++) {
        const uint8_t *row = data + y * cairo_image_surface_get_stride(strip);
        REQUIRE(memcmp(row + 4 * 8, row + 4 * (8 + period), 4 * (size_t)(drawing.layers[0].width - 16)) == 0);
    }
    vt_painter_free(&painter);
    vt_view_unref(&view);
}

// The rectangle and the drawn box agree within a pixel at every size.
TEST(rectangles_are_where_the_pixels_are)
{
    static const int sizes[][2] = {{1280, 720}, {854, 480}, {640, 360}, {426, 240}, {1920, 1080}};
    const char *body = "layout:\n  type: box\n  id: b\n  hotspot: { action: view_item, label: B }\n"
                       "  style: { position: absolute, inset: 101.3px auto auto 33.7px, width: 217.9px, height: 77.1px,"
                       " background: \"#ffffff\" }\n";
    struct vt_view *view = view_of(body, NULL);
    const struct vt_hotspot *spot = find(view, "b");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct vt_painter *painter = NULL;
        REQUIRE_INT(vt_painter_new(&painter, sizes[i][0], sizes[i][1]), 0);
        draw(painter, view, 0, INT64_MAX);
        const struct vt_layer *l = &drawing.layers[0];
        int x0 = 1 << 20, y0 = 1 << 20, x1 = 0, y1 = 0;
        for (int y = 0; y < l->height; y++) {
            const uint8_t *row = cairo_image_surface_get_data(l->pixels) + y * cairo_image_surface_get_stride(l->pixels);
            for (int x = 0; x < l->width; x++) {
                if (row[4 * x + 3] < 128)
                    continue;
                x0 = x < x0 ? x : x0;
                y0 = y < y0 ? y : y0;
                x1 = x + 1 > x1 ? x + 1 : x1;
                y1 = y + 1 > y1 ? y + 1 : y1;
            }
        }
        REQUIRE_NEAR(l->x + x0, spot->x * sizes[i][0] / 100, 1);
        REQUIRE_NEAR(l->y + y0, spot->y * sizes[i][1] / 100, 1);
        REQUIRE_NEAR(l->x + x1, (spot->x + spot->width) * sizes[i][0] / 100, 1);
        REQUIRE_NEAR(l->y + y1, (spot->y + spot->height) * sizes[i][1] / 100, 1);
        vt_painter_free(&painter);
    }
    vt_view_unref(&view);
}

int main(void)
{
    RUN(prices_and_offers_are_derived_at_an_instant);
    RUN(an_offer_ends_on_its_instant);
    RUN(data_that_does_not_fit_is_refused);
    RUN(a_text_that_must_not_be_cut_is_refused_when_it_does_not_fit);
    RUN(texts_keep_their_limit);
    RUN(what_stands_still_is_one_layer);
    RUN(entry_and_exit_show_their_first_and_last_frame);
    RUN(any_instant_can_be_drawn_alone_and_twice_the_same);
    RUN(an_unchanged_layer_of_a_new_revision_keeps_its_change);
    RUN(a_ticker_crawls_evenly_the_way_of_its_language);
    RUN(a_ticker_wraps_without_a_seam);
    RUN(rectangles_are_where_the_pixels_are);
    return DONE();
}
