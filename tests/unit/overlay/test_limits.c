// Every named limit of templates that no other test looks at: what lies at it is taken, what lies one past it is not.
#include "draw.h"

#include <errno.h>
#include <malloc.h>
#include <unistd.h>

#include "overlay/beside.h"
#include "overlay/data.h"
#include "overlay/figures.h"
#include "overlay/template.h"
#include "overlay/view.h"

#define RED 0xffff0000u

// Loads what the words make: `times` times `each`, in which %d is the number.
static int load_list(const char *before, const char *each, int times, const char *after)
{
    size_t room = strlen(before) + strlen(after) + (size_t)times * (strlen(each) + 8) + 64, at;
    char *text = malloc(room);
    struct vt_template *t = NULL;
    at = (size_t)snprintf(text, room, "id: t\nversion: 1.0.0\nname: T\n%s", before);
    for (int i = 0; i < times; i++) {
        for (const char *c = each; *c; c++) {
            if (*c == '~')
                at += (size_t)sprintf(text + at, "%d", i);
            else
                text[at++] = *c;
        }
    }
    at += (size_t)sprintf(text + at, "%s", after);
    memset(&said, 0, sizeof said);
    int r = vt_template_load(&t, "t", text, at, &said);
    vt_template_unref(&t);
    free(text);
    return r;
}

static void require_list(int line, const char *before, const char *each, int most, const char *after)
{
    if (load_list(before, each, most, after) != 0)
        check_fail(__FILE__, line, "%d: %s", most, said.list[0].text);
    if (load_list(before, each, most + 1, after) == 0)
        check_fail(__FILE__, line, "%d are taken", most + 1);
    if (!said.errors || !said.list[0].text[0])
        check_fail(__FILE__, line, "refused without a word");
}

TEST(lists_of_a_template)
{
#define NODES "layout: { type: box, id: a }\n"
    require_list(__LINE__, NODES "variants:\n", "  - { when: { market: m~ }, set: {} }\n", VT_VARIANTS_MAX, "");
    require_list(__LINE__, NODES "motion: { enter: { a: { duration: 1s, keyframes: [ ", "{}, ", VT_KEYFRAMES_MAX, "] } } }\n");
    require_list(__LINE__, NODES "schema:\n  properties:\n", "    f~: { type: string }\n", VT_FIELDS_MAX, "");
    require_list(__LINE__, NODES "schema: { properties: { a: { type: string, enum: [ ", "v~, ", VT_CHOICES_MAX, "] } } }\n");
    require_list(__LINE__, NODES "schema: { properties: { a: { type: string, pattern: \"", "a", VT_PATTERN_BYTES, "\" } } }\n");
    require_list(__LINE__, NODES "samples:\n", "  s~: {}\n", VT_SAMPLES_MAX, "");
    require_list(__LINE__, "layout: { type: timer, for: 1s, thresholds: [ ", "{ below: 1s, color: '#123456' }, ", VT_THRESHOLDS_MAX, "] }\n");
}

// As many nodes that move.
TEST(nodes_that_move)
{
    static const char *const parts[] = { "enter", "exit", "step", "loop", "change" };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        for (int more = 0; more < 2; more++) {
            char *text = calloc(1, 64 * 1024);
            struct vt_template *t = NULL;
            size_t at = (size_t)sprintf(text, "id: t\nversion: 1.0.0\nname: T\nlayout:\n  type: box\n  children:\n");
            for (int k = 0; k < VT_MOTIONS_MAX + more; k++)
                at += (size_t)sprintf(text + at, "    - { type: box, id: n%d }\n", k);
            at += (size_t)sprintf(text + at, "motion:\n  %s:\n", parts[i]);
            for (int k = 0; k < VT_MOTIONS_MAX + more; k++)
                at += (size_t)sprintf(text + at, "    n%d: { duration: 1s, %s }\n", k,
                                      i == 4 ? "effect: pulse" : "keyframes: [ {}, {} ]");
            memset(&said, 0, sizeof said);
            REQUIRE_INT(vt_template_load(&t, "t", text, at, &said), more ? -EINVAL : 0);
            REQUIRE(!more || strstr(said.list[0].text, "at most 64 node ids (limit)"));
            vt_template_unref(&t);
            free(text);
        }
    }
}

TEST(numbers_of_a_template)
{
    static const struct {
        const char *at, *past;           // both words of a template
    } cases[] = {
        { NODES "stepCount: 32", NODES "stepCount: 33" },
        { "layout: { type: box, step: 32 }", "layout: { type: box, step: 33 }" },
        { NODES "motion: { enter: { a: { duration: 10s, keyframes: [ {}, {} ] } } }", NODES "motion: { enter: { a: { duration: 10.001s, keyframes: [ {}, {} ] } } }" },
        { NODES "motion: { loop: { a: { duration: 500ms, keyframes: [ {}, {} ] } } }", NODES "motion: { loop: { a: { duration: 499ms, keyframes: [ {}, {} ] } } }" },
        { NODES "motion: { loop: { a: { duration: 1s, iterations: 1000, keyframes: [ {}, {} ] } } }", NODES "motion: { loop: { a: { duration: 1s, iterations: 1001, keyframes: [ {}, {} ] } } }" },
        { NODES "motion: { change: { a: { duration: 1s, effect: pulse, max-rate: 2/s } } }", NODES "motion: { change: { a: { duration: 1s, effect: pulse, max-rate: 2.01/s } } }" },
        { NODES "motion: { enter: { a: { duration: 1s, keyframes: [ { transform: scale(4) }, {} ] } } }", NODES "motion: { enter: { a: { duration: 1s, keyframes: [ { transform: scale(4.01) }, {} ] } } }" },
        { NODES "motion: { enter: { a: { duration: 1s, easing: steps(100), keyframes: [ {}, {} ] } } }", NODES "motion: { enter: { a: { duration: 1s, easing: steps(101), keyframes: [ {}, {} ] } } }" },
        { "layout: { type: timer, for: 24h }", "layout: { type: timer, for: 1441m }" },
        { "layout: { type: timer, for: 100ms }", "layout: { type: timer, for: 99ms }" },
        { "layout: { type: box, id: a, hotspot: { action: view_item, label: a, min-target: 200px } }", "layout: { type: box, id: a, hotspot: { action: view_item, label: a, min-target: 201px } }" },
        { "layout: { type: box, id: a, hotspot: { action: view_item, label: a, quantity: 999 } }", "layout: { type: box, id: a, hotspot: { action: view_item, label: a, quantity: 1000 } }" },
        { "layout: { type: ticker, items: a, item: { text: a }, speed: 2000px/s }", "layout: { type: ticker, items: a, item: { text: a }, speed: 2001px/s }" },
        { "layout: { type: box }\ncanvas: { design: 16384x16 }", "layout: { type: box }\ncanvas: { design: 16385x16 }" },
        { "layout: { type: box, id: a2345678901234567890123456789012 }", "layout: { type: box, id: a23456789012345678901234567890123 }" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (load_list(cases[i].at, "", 0, "\n") != 0)
            check_fail(__FILE__, __LINE__, "%s: %s", cases[i].at, said.list[0].text);
        if (load_list(cases[i].past, "", 0, "\n") == 0)
            check_fail(__FILE__, __LINE__, "%s is taken", cases[i].past);
    }
}

TEST(names_and_texts_of_a_template)
{
    for (int more = 0; more < 2; more++) {
        char text[8192];
        struct vt_template *t = NULL;
        int size = snprintf(text, sizeof text, "id: t%0*d\nversion: 1.0.0\nname: T\nlayout: { type: box }\n", VT_TEMPLATE_ID - 1 + more, 0);
        REQUIRE_INT(vt_template_load(&t, "t", text, (size_t)size, NULL), more ? -EINVAL : 0);
        vt_template_unref(&t);
        size = snprintf(text, sizeof text, "id: t\nversion: 1.0.0\nname: %0*d\nlayout: { type: box }\n", 256 + more, 0);
        REQUIRE_INT(vt_template_load(&t, "t", text, (size_t)size, NULL), more ? -EINVAL : 0);
        vt_template_unref(&t);
        size = snprintf(text, sizeof text, "id: t\nversion: 1.0.0\nname: T\nlayout: { type: text, text: %0*d }\n", VT_TEXT_BYTES + more, 0);
        REQUIRE_INT(vt_template_load(&t, "t", text, (size_t)size, NULL), more ? -EINVAL : 0);
        vt_template_unref(&t);
    }
}

// ---- what is left out past the limit

// Squares of 100 pixels, one for each entry of a list.
TEST(entries_of_a_repetition)
{
    for (int more = 0; more < 2; more++) {
        json_t *products = json_array();
        for (int i = 0; i < VT_REPEAT_ITEMS + more; i++)
            json_array_append_new(products, json_pack("{s:s, s:s}", "id", "a", "title", "a"));
        struct vt_view_params params = { .products = products };
        struct vt_view *view = draw_view("layout: { type: repeat, items: \"{{ show.products }}\", children: [ { type: box, style: { width: 10px, "
                                         "height: 10px, background: \"#ff0000\" } } ] }\n", &params);
        cairo_surface_t *all = draw_all(view, NULL);
        REQUIRE_INT(draw_count(all, 0, 0, WIDTH, HEIGHT, RED), VT_REPEAT_ITEMS * 100);
        cairo_surface_destroy(all);
        vt_view_unref(&view);
        json_decref(products);
    }
}

// The item that a flipping ticker shows after all others: with one more than the limit, it is the first again.
TEST(items_of_a_ticker)
{
    for (int more = 0; more < 2; more++) {
        json_t *products = json_array();
        for (int i = 0; i < VT_TICKER_ITEMS + more; i++)
            json_array_append_new(products, json_pack("{s:s, s:s}", "id", "a", "title", i < VT_TICKER_ITEMS ? i ? "I" : "M" : "MM"));
        struct vt_view_params params = { .products = products };
        struct vt_view *view = draw_view("layout: { type: ticker, items: \"{{ show.products }}\", item: { text: \"{{ item.title }}\" }, mode: flip, "
                                         "hold: 500ms, style: { width: 200px } }\n", &params);
        struct vt_moment moment = { CLOCK, CLOCK, INT64_MAX, .change_ns = 0 };
        cairo_surface_t *first = draw_all(view, &moment);
        moment.now_ns += VT_TICKER_ITEMS * VT_NS_PER_S / 2;
        cairo_surface_t *after = draw_all(view, &moment);
        REQUIRE_INT(memcmp(cairo_image_surface_get_data(first), cairo_image_surface_get_data(after), (size_t)WIDTH * HEIGHT * 4), 0);
        cairo_surface_destroy(first);
        cairo_surface_destroy(after);
        vt_view_unref(&view);
        json_decref(products);
    }
}

// A crawling ticker of two texts with this much between their letters.
static struct vt_view *view_of_tape(double spacing)
{
    char body[512];
    json_t *products = json_loads("[{\"title\":\"a\"},{\"title\":\"b\"}]", 0, NULL);
    struct vt_view_params params = { .products = products };
    snprintf(body, sizeof body, "layout: { type: ticker, items: \"{{ show.products }}\", item: { text: \"%080d\" }, "
             "style: { width: 1280px, height: 40px, font-size: 20px, letter-spacing: %.4fpx } }\n", 0, spacing);
    struct vt_view *view = draw_view(body, &params);
    json_decref(products);
    return view;
}

static const struct vt_ticker_content *tape_of(const struct vt_view *view)
{
    for (int i = 0; i < view->n_items; i++) {
        if (view->items[i]->ticker)
            return view->items[i]->ticker;
    }
    return NULL;
}

// The second of two texts, each half as long as a tape may be, and then a pixel longer.
TEST(length_of_a_tape)
{
    struct vt_view *view = view_of_tape(0);
    double bare = tape_of(view)->widths[0];
    vt_view_unref(&view);
    view = view_of_tape(50);
    double each = (tape_of(view)->widths[0] - bare) / 50;
    vt_view_unref(&view);
    for (int more = 0; more < 2; more++) {
        view = view_of_tape((VT_TICKER_WIDTH / 2.0 - bare + (more ? 0.5 : -0.1)) / each);
        REQUIRE_INT(tape_of(view)->count, more ? 1 : 2);
        REQUIRE(fabs(tape_of(view)->widths[0] - VT_TICKER_WIDTH / 2.0) < 1);
        vt_view_unref(&view);
    }
}

// Columns of the tape's strip as it is drawn; 0: it is not.
static int strip_of(const struct vt_view *view, int width)
{
    struct vt_painter *painter = NULL;
    struct vt_drawing *drawing = calloc(1, sizeof *drawing);
    struct vt_moment moment = { CLOCK, CLOCK, INT64_MAX, .change_ns = 0 };
    REQUIRE_INT(vt_painter_new(&painter, width, width * HEIGHT / WIDTH), 0);
    REQUIRE_INT(vt_painter_draw(painter, view, &moment, drawing), 0);
    int columns = drawing->count ? cairo_image_surface_get_width(drawing->layers[0].pixels) : 0;
    vt_painter_free(&painter);
    free(drawing);
    return columns;
}

TEST(length_of_a_strip)
{
    struct vt_view *view = view_of_tape(50);
    int drawn = 1280, not_drawn = 16384;
    REQUIRE(strip_of(view, drawn) > 0 && strip_of(view, not_drawn) == 0);
    while (not_drawn - drawn > 1) {
        int middle = (drawn + not_drawn) / 2;
        if (strip_of(view, middle))
            drawn = middle;
        else
            not_drawn = middle;
    }
    int columns = strip_of(view, drawn);         // a picture one pixel wider has a strip of some more
    REQUIRE(columns <= VT_STRIP_MOST && columns > VT_STRIP_MOST - 16);
    vt_view_unref(&view);
}

static int view_of_layers(int count)
{
    char *body = calloc(1, 64 * 1024);
    size_t at = (size_t)sprintf(body, "layout:\n  type: box\n  children:\n");
    for (int i = 0; i < count; i++)
        at += (size_t)sprintf(body + at, "    - { type: timer, for: 10s }\n");
    struct vt_template *t = draw_template(body);
    struct vt_view *view = NULL;
    struct vt_view_params params = { .template = t, .width = WIDTH, .height = HEIGHT, .rate = { 30, 1 } };
    int r = vt_view_new(&view, &params, &said);
    vt_view_unref(&view);
    vt_template_unref(&t);
    free(body);
    return r;
}

TEST(layers_of_a_view)
{
    REQUIRE_INT(view_of_layers(VT_LAYERS_MAX), 0);
    REQUIRE_INT(view_of_layers(VT_LAYERS_MAX + 1), -EINVAL);
    REQUIRE(strstr(said.list[0].text, "more than 64 layers (limit)"));
}

// ---- pictures

static int picture_width, picture_height;

static cairo_surface_t *sized_picture(void *opaque, const char *folder, const char *src)
{
    (void)opaque;
    (void)folder;
    (void)src;
    return cairo_image_surface_create(CAIRO_FORMAT_RGB24, picture_width, picture_height);
}

static bool takes_picture(int width, int height)
{
    struct vt_template *t = draw_template("layout: { type: image, id: a, hotspot: { action: view_item, label: a }, src: a.png }\n");
    struct vt_view *view = NULL;
    struct vt_view_params params = { .template = t, .width = WIDTH, .height = HEIGHT, .rate = { 30, 1 }, .load_picture = sized_picture };
    picture_width = width;
    picture_height = height;
    REQUIRE_INT(vt_view_new(&view, &params, &said), 0);
    bool taken = said.warnings == 0;
    vt_view_unref(&view);
    vt_template_unref(&t);
    return taken;
}

TEST(pixels_of_a_picture)
{
    REQUIRE(takes_picture(VT_PICTURE_SIDE, 1) && takes_picture(1, VT_PICTURE_SIDE));
    REQUIRE(!takes_picture(VT_PICTURE_SIDE + 1, 1) && !takes_picture(1, VT_PICTURE_SIDE + 1));
    REQUIRE(takes_picture(4096, VT_PICTURE_PIXELS / 4096));
    REQUIRE(!takes_picture(4096, VT_PICTURE_PIXELS / 4096 + 1));
}

TEST(letters_of_the_smallest_rendition)
{
    for (int more = 0; more < 2; more++) {
        char body[256];
        // At half of the canvas, letters of twice the limit.
        snprintf(body, sizeof body, "layout: { type: text, id: a, text: a, hotspot: { action: view_item, label: a }, style: { font-size: %gpx } }\n",
                 2 * VT_LEGIBLE_PX - 0.1 * more);
        struct vt_view_params params = { .smallest_height = HEIGHT / 2 };
        struct vt_view *view = draw_view(body, &params);
        REQUIRE((draw_hotspot(view, "a") != NULL) == !more);
        vt_view_unref(&view);
    }
}

TEST(a_canvas)
{
    struct vt_template *t = draw_template("layout: { type: box }\n");
    for (int more = 0; more < 2; more++) {
        struct vt_view *view = NULL;
        struct vt_painter *painter = NULL;
        struct vt_view_params params = { .template = t, .width = 16384 + more, .height = 16, .rate = { 30, 1 } };
        REQUIRE_INT(vt_view_new(&view, &params, &said), more ? -EINVAL : 0);
        REQUIRE_INT(vt_painter_new(&painter, 16384 + more, 16), more ? -EINVAL : 0);
        vt_painter_free(&painter);
        vt_view_unref(&view);
    }
    vt_template_unref(&t);
}

// ---- figures

TEST(the_text_of_a_code)
{
    for (int more = 0; more < 2; more++) {
        char body[1024];
        snprintf(body, sizeof body, "layout: { type: qr, text: \"%0*d\", style: { width: 400px, height: 400px } }\n", VT_QR_BYTES + more, 0);
        struct vt_view *view = draw_view(body, NULL);
        REQUIRE_INT(said.warnings, more);
        vt_view_unref(&view);
    }
}

static int check_drawing(size_t bytes, int elements)
{
    char *text = calloc(1, bytes + 65536), why[160];
    size_t at = (size_t)sprintf(text, "<svg xmlns=\"http://www.w3.org/2000/svg\">");
    for (int i = 1; i < elements; i++)
        at += (size_t)sprintf(text + at, "<g/>");
    at += (size_t)sprintf(text + at, "</svg>");
    while (at < bytes)
        text[at++] = ' ';
    int r = vt_svg_check(text, at, why, sizeof why);
    free(text);
    return r;
}

TEST(a_drawing)
{
    REQUIRE_INT(check_drawing(VT_SVG_BYTES, 1), 0);
    REQUIRE_INT(check_drawing(VT_SVG_BYTES + 1, 1), -EFBIG);
    REQUIRE_INT(check_drawing(0, VT_SVG_ELEMENTS), 0);
    REQUIRE(check_drawing(0, VT_SVG_ELEMENTS + 1) < 0);
}

// ---- files beside a template

static char folder[64];

static void write_file(const char *name, const char *text, size_t size)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    REQUIRE(file && fwrite(text, 1, size, file) == size && fclose(file) == 0);
}

static int load_beside(const char *body)
{
    char text[4096];
    struct vt_template *t = NULL;
    memset(&said, 0, sizeof said);
    int size = snprintf(text, sizeof text, "id: t\nversion: 1.0.0\nname: T\n%s", body);
    int r = vt_template_load_in(&t, "t", folder, text, (size_t)size, &said);
    vt_template_unref(&t);
    return r;
}

TEST(files_beside_a_template)
{
    static const char drawing[] = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>", colour[] = "{\"a\":{\"$value\":\"#00ff00\"}}";
    char list[2048] = "layout:\n  type: box\n  children:\n", name[80], *tokens = malloc(VT_TOKEN_BYTES + 1);
    strcpy(folder, "/tmp/vitrine-limits-XXXXXX");
    REQUIRE(tokens && mkdtemp(folder) != NULL);
    for (int i = 0; i <= VT_DRAWINGS_MAX; i++) {
        snprintf(name, sizeof name, "d%d.svg", i);
        write_file(name, drawing, strlen(drawing));
        snprintf(list + strlen(list), sizeof list - strlen(list), "    - { type: svg, src: d%d.svg }\n", i);
        if (i >= VT_DRAWINGS_MAX - 1 && (load_beside(list) == 0) != (i < VT_DRAWINGS_MAX))
            check_fail(__FILE__, __LINE__, "%d drawings: %s", i + 1, said.list[0].text);
        if (i == VT_DRAWINGS_MAX)
            REQUIRE(strstr(said.list[0].text, "(limit)"));
    }
    memset(tokens, ' ', VT_TOKEN_BYTES + 1);
    memcpy(tokens, colour, strlen(colour));
    for (int more = 0; more < 2; more++) {
        write_file("t.json", tokens, (size_t)VT_TOKEN_BYTES + (size_t)more);
        int r = load_beside("tokens: t.json\nlayout: { type: box, style: { background: \"{a}\" } }\n");
        REQUIRE((r == 0) == !more);
    }
    free(tokens);
    snprintf(name, sizeof name, "%0*d", VT_ASSET_NAME, 0);
    REQUIRE(vt_asset_name_valid(name));
    snprintf(name, sizeof name, "%0*d", VT_ASSET_NAME + 1, 0);
    REQUIRE(!vt_asset_name_valid(name));
    for (int i = 0; i <= VT_DRAWINGS_MAX; i++) {
        snprintf(list, sizeof list, "%s/d%d.svg", folder, i);
        unlink(list);
    }
    snprintf(list, sizeof list, "%s/t.json", folder);
    unlink(list);
    rmdir(folder);
}

// ---- data

TEST(a_stock_count_is_fresh_for_its_time)
{
    for (int more = 0; more < 2; more++) {
        json_t *data = json_loads("{\"product\":{\"stock\":{\"available\":1,\"as_of\":\"2026-03-01T19:04:12Z\"}}}", 0, NULL);
        struct vt_view_params params = { .data = data, .at_ns = CLOCK + VT_STOCK_FRESH_NS - 1 + more };
        struct vt_view *view = draw_view("schema: { properties: { product: { type: object, gddType: v_product } } }\n"
                                         "layout: { type: box, id: a, when: stock.fresh, hotspot: { action: view_item, label: a }, style: { width: 1px, "
                                         "height: 1px } }\n", &params);
        REQUIRE((draw_hotspot(view, "a") != NULL) == !more);
        if (!more)
            REQUIRE_INT(vt_view_expires_ns(view), CLOCK + VT_STOCK_FRESH_NS);
        vt_view_unref(&view);
        json_decref(data);
    }
}

TEST(products_of_a_show)
{
    for (int more = 0; more < 2; more++) {
        json_t *products = json_array();
        for (int i = 0; i < VT_PRODUCTS_MAX + more; i++)
            json_array_append_new(products, json_pack("{s:s}", "title", "a"));
        struct vt_template *t = draw_template("layout: { type: box }\n");
        struct vt_data_params params = { .template = t, .products = products, .at_ns = CLOCK };
        int64_t expires;
        json_t *data = vt_data_derive(&params, &expires);
        REQUIRE_INT(json_array_size(json_object_get(json_object_get(data, "show"), "products")), VT_PRODUCTS_MAX);
        json_decref(data);
        json_decref(products);
        vt_template_unref(&t);
    }
}

// What templates and views take is given back. Where sanitizers stand in for malloc, they say so themselves.
TEST(hundreds_of_templates_leave_nothing_behind)
{
    struct mallinfo2 before = { 0 };
    for (int i = 0; i < 300; i++) {
        if (i == 100)
            before = mallinfo2();                // caches are full
        struct vt_view *view = draw_view("layout: { type: text, text: a }\n", NULL);
        vt_view_unref(&view);
    }
    struct mallinfo2 after = mallinfo2();
    long long more = (long long)(after.uordblks + after.hblkhd) - (long long)(before.uordblks + before.hblkhd);
    if (more > 512 * 1024)                       // pango's threads may still hold some
        check_fail(__FILE__, __LINE__, "200 templates have left %lld bytes", more);
}

int main(void)
{
    RUN(lists_of_a_template);
    RUN(nodes_that_move);
    RUN(numbers_of_a_template);
    RUN(names_and_texts_of_a_template);
    RUN(entries_of_a_repetition);
    RUN(items_of_a_ticker);
    RUN(layers_of_a_view);
    RUN(pixels_of_a_picture);
    RUN(letters_of_the_smallest_rendition);
    RUN(a_canvas);
    RUN(the_text_of_a_code);
    RUN(a_drawing);
    RUN(files_beside_a_template);
    RUN(a_stock_count_is_fresh_for_its_time);
    RUN(products_of_a_show);
    RUN(length_of_a_tape);
    RUN(length_of_a_strip);
    RUN(hundreds_of_templates_leave_nothing_behind);
    return DONE();
}
