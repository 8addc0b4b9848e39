// Words of style, by the pixels that they give and the rectangles that they move.
#include "draw.h"

#define RED   0xffff0000u
#define GREEN 0xff00ff00u
#define BLUE  0xff0000ffu
#define WHITE 0xffffffffu

// A box of 100 × 60 at (100, 100) with these words.
static cairo_surface_t *box_with(const char *style)
{
    char body[1024];
    snprintf(body, sizeof body, "layout: { type: box, style: { position: absolute, inset: 100px auto auto 100px, width: 100px, "
             "height: 60px, %s } }\n", style);
    struct vt_view *view = draw_view(body, NULL);
    cairo_surface_t *all = draw_all(view, NULL);
    vt_view_unref(&view);
    return all;
}

static bool near(uint32_t a, uint32_t b, int most)
{
    for (int i = 0; i < 32; i += 8) {
        if (abs((int)(a >> i & 255) - (int)(b >> i & 255)) > most)
            return false;
    }
    return true;
}

TEST(a_linear_gradient_goes_from_colour_to_colour)
{
    static const struct {
        const char *background;
        int x, y;
        uint32_t colour;
    } cases[] = {
        { "linear-gradient(90deg, #ff0000, #0000ff)", 101, 130, 0xfffb0004 },
        { "linear-gradient(90deg, #ff0000, #0000ff)", 150, 130, 0xff7f0080 },
        { "linear-gradient(to right, #ff0000, #0000ff)", 198, 130, 0xff0400fb },
        { "linear-gradient(#ff0000, #0000ff)", 150, 101, 0xfff90006 },
        { "linear-gradient(to top, #ff0000, #0000ff)", 150, 101, 0xff0600f9 },
        { "linear-gradient(to left, #ff0000 50%, #0000ff 50%)", 149, 130, BLUE },
        { "linear-gradient(270deg, #ff0000 50%, #0000ff 50%)", 151, 130, RED },
        { "linear-gradient(90deg, #ff0000, #00ff00 20%, #00ff00 80%, #0000ff)", 150, 130, GREEN },
        { "linear-gradient(90deg, #ff0000, #00ff00, #0000ff)", 150, 130, 0xff02fd00 },
        { "linear-gradient(to bottom right, #ff0000, #0000ff)", 150, 130, 0xff7f0080 },
        { "linear-gradient(to bottom right, #ff0000, #0000ff)", 101, 158, 0xff7f0080 },     // the corners between
        { "linear-gradient(to bottom right, #ff0000, #0000ff)", 198, 101, 0xff7f0080 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char style[200];
        snprintf(style, sizeof style, "background: \"%s\"", cases[i].background);
        cairo_surface_t *all = box_with(style);
        uint32_t found = draw_pixel(all, cases[i].x, cases[i].y);
        if (!near(found, cases[i].colour, 4))
            check_fail(__FILE__, __LINE__, "%zu: %08x, not %08x", i, found, cases[i].colour);
        REQUIRE_INT(draw_pixel(all, 99, 130), 0);
        cairo_surface_destroy(all);
    }
}

TEST(a_gradient_to_transparent_does_not_darken)
{
    cairo_surface_t *all = box_with("background: \"linear-gradient(90deg, #ffffff, transparent)\"");
    for (int x = 100; x < 200; x++) {
        uint32_t p = draw_pixel(all, x, 130);
        REQUIRE(near(p, (p >> 24) * 0x01010101u, 1));        // premultiplied white
    }
    REQUIRE(near(draw_pixel(all, 150, 130), 0x7f7f7f7f, 3));
    cairo_surface_destroy(all);
}

TEST(a_radial_gradient_reaches_the_farthest_corner)
{
    cairo_surface_t *all = box_with("background: \"radial-gradient(circle at left top, #ff0000, #0000ff)\"");
    REQUIRE(near(draw_pixel(all, 101, 101), RED, 6));
    REQUIRE(near(draw_pixel(all, 198, 158), BLUE, 6));
    REQUIRE(near(draw_pixel(all, 158, 100), 0xff800080, 4));         // 58 of 116.6
    cairo_surface_destroy(all);
    all = box_with("background: \"radial-gradient(#ff0000, #0000ff)\"");
    REQUIRE(near(draw_pixel(all, 150, 130), RED, 6));
    REQUIRE(near(draw_pixel(all, 101, 101), BLUE, 12));
    REQUIRE(near(draw_pixel(all, 199, 130), draw_pixel(all, 150, 159), 8));      // an ellipse like the box
    cairo_surface_destroy(all);
}

TEST(a_picture_in_nine_parts_keeps_its_corners)
{
    cairo_surface_t *all = box_with("border-image: frame.png 10 fill");
    REQUIRE_INT(draw_count(all, 100, 100, 110, 110, RED), 100);
    REQUIRE_INT(draw_count(all, 190, 150, 200, 160, RED), 100);
    REQUIRE_INT(draw_count(all, 110, 100, 190, 110, GREEN), 800);
    REQUIRE_INT(draw_count(all, 100, 110, 110, 150, GREEN), 400);
    REQUIRE_INT(draw_count(all, 110, 110, 190, 150, BLUE), 80 * 40);
    cairo_surface_destroy(all);
    all = box_with("border-image: frame.png 10 / 20px");     // twice as wide, and nothing in the middle
    REQUIRE_INT(draw_count(all, 101, 101, 119, 119, RED), 18 * 18);
    REQUIRE_INT(draw_count(all, 121, 101, 179, 119, GREEN), 58 * 18);
    REQUIRE_INT(draw_count(all, 120, 120, 180, 140, 0), 60 * 20);
    cairo_surface_destroy(all);
    all = box_with("border-image: frame.png 10 / 200px");    // more than there is room for
    REQUIRE_INT(draw_count(all, 102, 102, 148, 128, RED), 46 * 26);
    cairo_surface_destroy(all);
    all = box_with("border-image: none.png 10, background: \"#00ff00\"");
    REQUIRE_INT(draw_count(all, 100, 100, 200, 160, GREEN), 6000);
    REQUIRE(strstr(said.list[0].text, "there is no picture \"none.png\""));
    cairo_surface_destroy(all);
}

TEST(each_corner_has_its_radius)
{
    cairo_surface_t *all = box_with("background: \"#ff0000\", border-radius: 20px 0 10px 0");
    REQUIRE_INT(draw_pixel(all, 101, 101), 0);
    REQUIRE_INT(draw_pixel(all, 199, 100), RED);
    REQUIRE_INT(draw_pixel(all, 199, 159), 0);
    REQUIRE_INT(draw_pixel(all, 195, 155), RED);
    REQUIRE_INT(draw_pixel(all, 100, 159), RED);
    cairo_surface_destroy(all);
}

// ---- pictures

static cairo_surface_t *picture_with(const char *style)
{
    char body[1024];
    snprintf(body, sizeof body, "layout: { type: image, src: half.png, style: { position: absolute, inset: 100px auto auto 100px, "
             "width: 100px, height: 100px, %s } }\n", style);
    struct vt_view *view = draw_view(body, NULL);
    cairo_surface_t *all = draw_all(view, NULL);
    vt_view_unref(&view);
    return all;
}

TEST(a_picture_stands_where_object_position_puts_it)
{
    cairo_surface_t *all = picture_with("object-fit: contain");      // 100 × 50
    REQUIRE_INT(draw_count(all, 100, 100, 200, 124, 0), 2400);
    REQUIRE_INT(draw_pixel(all, 110, 150), RED);
    cairo_surface_destroy(all);
    all = picture_with("object-fit: contain, object-position: top");
    REQUIRE_INT(draw_pixel(all, 110, 102), RED);
    REQUIRE_INT(draw_count(all, 100, 152, 200, 200, 0), 4800);
    cairo_surface_destroy(all);
    all = picture_with("object-fit: cover, object-position: left");
    REQUIRE_INT(draw_count(all, 100, 100, 198, 200, RED), 9800);
    cairo_surface_destroy(all);
    all = picture_with("object-fit: cover, object-position: 100% 0");
    REQUIRE_INT(draw_count(all, 102, 100, 200, 200, BLUE), 9800);
    cairo_surface_destroy(all);
    all = picture_with("object-fit: none, object-position: 10px bottom");
    REQUIRE_INT(draw_count(all, 110, 180, 130, 200, RED), 400);
    REQUIRE_INT(draw_count(all, 100, 100, 200, 180, 0), 8000);
    cairo_surface_destroy(all);
    all = picture_with("object-fit: scale-down, object-position: right bottom");
    REQUIRE_INT(draw_count(all, 180, 180, 200, 200, BLUE), 400);
    cairo_surface_destroy(all);
}

// ---- what stands out

static const char standing_out[] =
    "layout:\n  type: box\n  id: window\n  style: { position: absolute, inset: 100px auto auto 100px, width: 100px, height: 100px, "
    "overflow: %s, border-radius: %s, border: \"%s\" }\n  children:\n"
    "    - { type: box, id: large, hotspot: { action: view_item, label: a }, style: { width: 200px, height: 50px, flex-shrink: 0, "
    "background: \"#ff0000\" } }\n"
    "    - { type: box, id: gone, hotspot: { action: view_item, label: b }, style: { position: absolute, inset: 150px auto auto "
    "0, width: 10px, height: 10px, background: \"#00ff00\" } }\n%s";

static struct vt_view *window_of(const char *overflow, const char *radius, const char *border, const char *motion)
{
    char body[2048];
    snprintf(body, sizeof body, standing_out, overflow, radius, border, motion);
    return draw_view(body, NULL);
}

TEST(what_stands_out_of_a_box_is_cut_off_with_its_hotspot)
{
    struct vt_view *view = window_of("visible", "0", "none", "");
    cairo_surface_t *all = draw_all(view, NULL);
    REQUIRE_INT(draw_count(all, 100, 100, 300, 150, RED), 10000);
    REQUIRE_INT(draw_count(all, 100, 250, 110, 260, GREEN), 100);
    REQUIRE(draw_hotspot(view, "gone") != NULL);
    cairo_surface_destroy(all);
    vt_view_unref(&view);

    view = window_of("hidden", "0", "none", "");
    all = draw_all(view, NULL);
    REQUIRE_INT(draw_count(all, 100, 100, 200, 150, RED), 5000);
    REQUIRE_INT(draw_count(all, 200, 0, 400, 400, RED), 0);
    REQUIRE_INT(draw_count(all, 0, 0, 400, 400, GREEN), 0);
    REQUIRE(draw_hotspot(view, "gone") == NULL);
    REQUIRE(fabs(draw_hotspot(view, "large")->width - 100 / 12.8) < 0.001);
    cairo_surface_destroy(all);
    vt_view_unref(&view);

    view = window_of("hidden", "30px", "10px solid #0000ff", "");
    all = draw_all(view, NULL);
    REQUIRE_INT(draw_pixel(all, 112, 112), BLUE);            // the inner corner is round, too
    REQUIRE_INT(draw_pixel(all, 140, 112), RED);
    REQUIRE_INT(draw_pixel(all, 102, 102), 0);
    REQUIRE(fabs(draw_hotspot(view, "large")->width - 80 / 12.8) < 0.001);
    cairo_surface_destroy(all);
    vt_view_unref(&view);
}

TEST(what_moves_in_a_box_is_cut_off_where_it_stands)
{
    struct vt_view *view = window_of("hidden", "20px", "none",
        "motion: { enter: { large: { keyframes: [ { transform: \"translate(-100px, 60px)\" }, {} ], duration: 1s, easing: linear } } }\n");
    struct vt_moment moment = { CLOCK + VT_NS_PER_S / 2 - VT_NS_PER_S / 30, CLOCK, INT64_MAX, .change_ns = 0 };
    cairo_surface_t *all = draw_all(view, &moment);          // at (50, 130)
    REQUIRE_INT(draw_count(all, 0, 0, 400, 400, RED), 5000);
    REQUIRE_INT(draw_count(all, 100, 130, 200, 180, RED), 5000);
    cairo_surface_destroy(all);
    moment.now_ns = CLOCK;                                   // at (3.3, 158): its corners are cut
    all = draw_all(view, &moment);
    REQUIRE_INT(draw_count(all, 0, 0, 100, 400, RED), 0);
    REQUIRE_INT(draw_count(all, 100, 200, 400, 400, RED), 0);
    REQUIRE_INT(draw_pixel(all, 101, 198), 0);
    REQUIRE_INT(draw_pixel(all, 120, 190), RED);
    cairo_surface_destroy(all);
    moment.now_ns = CLOCK + 2 * VT_NS_PER_S;
    all = draw_all(view, &moment);
    REQUIRE_INT(draw_pixel(all, 101, 101), 0);
    REQUIRE_INT(draw_pixel(all, 150, 101), RED);
    cairo_surface_destroy(all);
    vt_view_unref(&view);
}

TEST(a_box_that_cuts_off_moves_with_what_it_cuts)
{
    struct vt_view *view = window_of("hidden", "20px", "none",
        "motion: { enter: { window: { keyframes: [ { transform: translateX(100px), opacity: 0.5 }, {} ], duration: 1s, easing: "
        "\"steps(1)\" } } }\n");
    struct vt_moment moment = { CLOCK, CLOCK, INT64_MAX, .change_ns = 0 };
    cairo_surface_t *all = draw_all(view, &moment);
    REQUIRE(near(draw_pixel(all, 250, 120), 0x7f7f0000, 2));
    REQUIRE_INT(draw_pixel(all, 201, 101), 0);
    REQUIRE_INT(draw_pixel(all, 301, 120), 0);
    REQUIRE_INT(draw_pixel(all, 150, 120), 0);
    cairo_surface_destroy(all);
    vt_view_unref(&view);
}

TEST(clocks_and_tapes_are_cut_off_too)
{
    static const char body[] =
        "layout:\n  type: box\n  style: { position: absolute, inset: 100px auto auto 100px, width: 60px, height: 100px, overflow: hidden, "
        "flex-direction: column }\n  children:\n"
        "    - { type: timer, for: 1h, format: \"hh:mm:ss\", style: { font-size: 40px, flex-shrink: 0, width: 300px } }\n"
        "    - { type: ticker, items: \"{{ show.products }}\", item: { text: \"{{ item.title }}\" }, style: { width: 300px, flex-shrink: 0 } }\n";
    json_t *products = json_loads("[{\"id\":\"a\",\"title\":\"MMMMMMMMMMMMMMMMMMMM\"}]", 0, NULL);
    struct vt_view_params params = { .products = products };
    struct vt_view *view = draw_view(body, &params);
    cairo_surface_t *all = draw_all(view, NULL);
    REQUIRE_INT(draw_count(all, 160, 0, WIDTH, HEIGHT, 0), (WIDTH - 160) * HEIGHT);
    REQUIRE(draw_count(all, 100, 100, 160, 150, WHITE) > 50);
    REQUIRE(draw_count(all, 100, 150, 160, 200, WHITE) > 50);
    cairo_surface_destroy(all);
    vt_view_unref(&view);
    json_decref(products);
}

// ---- lengths

TEST(lengths_are_of_the_canvas_and_of_the_letters)
{
    static const struct {
        const char *width;
        double pixels;
    } cases[] = { { "10vmin", 72 }, { "10vmax", 128 }, { "10vw", 128 }, { "10vh", 72 }, { "3em", 120 }, { "0.5em", 20 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[512];
        snprintf(body, sizeof body, "layout: { type: box, id: a, hotspot: { action: view_item, label: a }, style: { width: %s, height: 10px, "
                 "font-size: 40px } }\n", cases[i].width);
        struct vt_view *view = draw_view(body, NULL);
        REQUIRE(fabs(draw_hotspot(view, "a")->width - cases[i].pixels / 12.8) < 0.001);
        vt_view_unref(&view);
    }
}

// Letters twice as large as those around them, three times: 10, 20, 40, 80 px.
TEST(font_sizes_in_em_are_of_the_letters_around)
{
    struct vt_view *view = draw_view(
        "layout:\n  type: box\n  style: { font-size: 10px }\n  children:\n    - type: box\n      style: { font-size: 2em }\n"
        "      children:\n        - { type: box, id: a, hotspot: { action: view_item, label: a }, style: { font-size: 200%, width: 1em, "
        "height: 0.5em, padding: 0.1em } }\n"
        "    - { type: box, id: b, hotspot: { action: view_item, label: b }, style: { font-size: 10vmin, width: 1em, height: 1em } }\n", NULL);
    REQUIRE(fabs(draw_hotspot(view, "a")->width - 40 / 12.8) < 0.001);
    REQUIRE(fabs(draw_hotspot(view, "b")->width - 72 / 12.8) < 0.001);
    vt_view_unref(&view);
}

TEST(a_direction_turns_rows_and_texts)
{
    static const char body[] =
        "layout:\n  type: box\n  style: { position: absolute, inset: 0 auto auto 0, width: 200px, height: 50px, direction: %s }\n"
        "  children:\n"
        "    - { type: box, id: a, hotspot: { action: view_item, label: a }, style: { width: 20px } }\n"
        "    - { type: text, text: \"II\", style: { width: 100px } }\n";
    static const struct {
        const char *direction, *language;
        double x;
        int ink;                         // where the letters are
    } cases[] = { { "auto", "en", 0, 20 }, { "rtl", "en", 180, 160 }, { "ltr", "ar", 0, 20 }, { "auto", "ar", 180, 160 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        snprintf(text, sizeof text, body, cases[i].direction);
        struct vt_view_params params = { .language = cases[i].language };
        struct vt_view *view = draw_view(text, &params);
        REQUIRE(fabs(draw_hotspot(view, "a")->x - cases[i].x / 12.8) < 0.001);
        cairo_surface_t *all = draw_all(view, NULL);
        REQUIRE(draw_count(all, cases[i].ink, 0, cases[i].ink + 20, 50, WHITE) > 10);
        cairo_surface_destroy(all);
        vt_view_unref(&view);
    }
}

// ---- letters

static cairo_surface_t *letters_with(const char *type, const char *style)
{
    char body[1024];
    snprintf(body, sizeof body, "layout: { type: %s, style: { position: absolute, inset: 100px auto auto 100px, font-size: 60px, "
             "font-weight: 700, %s } }\n", type, style);
    struct vt_view *view = draw_view(body, NULL);
    cairo_surface_t *all = draw_all(view, NULL);
    vt_view_unref(&view);
    return all;
}

TEST(letters_have_a_shadow_and_an_outline)
{
    static const char *const types[] = { "text, text: IIII", "timer, for: 1h", "number, value: \"{{ 11 }}\", format: plain" };
    for (int i = 0; i < 3; i++) {
        cairo_surface_t *plain = letters_with(types[i], "color: \"#ffffff\"");
        cairo_surface_t *all = letters_with(types[i], "color: \"#ffffff\", text-shadow: \"0 100px #ff0000\"");
        int letters = draw_count(plain, 0, 0, WIDTH, HEIGHT, WHITE);
        if (letters <= 100)
            check_fail(__FILE__, __LINE__, "%s: %d", types[i], letters);
        REQUIRE_INT(draw_count(all, 0, 0, WIDTH, 190, WHITE), letters);
        REQUIRE_INT(draw_count(all, 0, 190, WIDTH, HEIGHT, RED), letters);
        cairo_surface_destroy(all);
        all = letters_with(types[i], "color: \"#ffffff\", text-stroke: \"3px #0000ff\"");
        REQUIRE_INT(draw_count(all, 0, 0, WIDTH, HEIGHT, WHITE), letters);       // the outline lies behind
        REQUIRE(draw_count(all, 0, 0, WIDTH, HEIGHT, BLUE) > letters / 3);
        cairo_surface_destroy(all);
        all = letters_with(types[i], "color: \"#ffffff\", text-shadow: \"0 100px 20px #ff0000\"");
        REQUIRE_INT(draw_count(all, 0, 190, WIDTH, HEIGHT, RED), 0);             // soft
        REQUIRE(draw_pixel(all, 0, 250) == 0);
        cairo_surface_destroy(all);
        cairo_surface_destroy(plain);
    }
}

TEST(letters_stand_apart_in_em)
{
    struct vt_view *view = draw_view(
        "layout:\n  type: box\n  style: { position: absolute, inset: 0 auto auto 0, flex-direction: column, align-items: flex-start }\n"
        "  children:\n"
        "    - { type: text, id: a, text: HHHH, hotspot: { action: view_item, label: a }, style: { font-size: 50px } }\n"
        "    - { type: text, id: b, text: HHHH, hotspot: { action: view_item, label: a }, style: { letter-spacing: 0.2em, font-size: 50px } }\n"
        "    - { type: text, id: c, text: HHHH, hotspot: { action: view_item, label: a }, style: { letter-spacing: 10px, font-size: 50px } }\n",
        NULL);
    double plain = draw_hotspot(view, "a")->width * 12.8, wide = draw_hotspot(view, "b")->width * 12.8;
    if (wide < plain + 29)
        check_fail(__FILE__, __LINE__, "%g, %g", plain, wide);
    REQUIRE(fabs(draw_hotspot(view, "b")->width - draw_hotspot(view, "c")->width) < 0.1);
    REQUIRE(fabs(draw_hotspot(view, "b")->height - draw_hotspot(view, "a")->height) < 0.1);
    cairo_surface_t *all = draw_all(view, NULL);
    double top = draw_hotspot(view, "b")->y * 7.2, right = draw_hotspot(view, "b")->width * 12.8;
    REQUIRE(draw_count(all, (int)right - 30, (int)top, (int)right, (int)top + 68, WHITE) > 50);      // on one line
    cairo_surface_destroy(all);
    vt_view_unref(&view);
}

// ---- refusals

TEST(values_that_no_word_has_are_refused)
{
    static const struct {
        const char *style, *why;
    } cases[] = {
        { "background: \"linear-gradient(#ff0000)\"", "`background` must be a colour, linear-gradient(…)" },
        { "background: \"linear-gradient(to nowhere, #ff0000, #0000ff)\"", "`background` must be" },
        { "background: \"linear-gradient(to left right, #ff0000, #0000ff)\"", "`background` must be" },
        { "background: \"radial-gradient(square, #ff0000, #0000ff)\"", "`background` must be" },
        { "background: \"linear-gradient(#f00 120%, #00f)\"", "`background` must be" },
        { "background: \"linear-gradient(#f00,#f00,#f00,#f00,#f00,#f00,#f00,#f00,#f00)\"", "of 2 to 8 colours" },
        { "overflow: scroll", "`overflow` must be one of visible, hidden" },
        { "overfow: hidden", "unknown style \"overfow\"; did you mean \"overflow\"?" },
        { "direction: up", "`direction` must be one of auto, ltr, rtl" },
        { "object-position: left left", "`object-position` must be a place" },
        { "object-position: top bottom", "`object-position` must be a place" },
        { "object-position: 1em 2em", "`object-position` must be a place" },
        { "border-image: frame.png", "`border-image` must be none, or a file" },
        { "border-image: frame.png 10 fill / 12", "`border-image` must be" },
        { "border-image: frame.png 10 11 12 13 14", "`border-image` must be" },
        { "border-image: frame.png 9000", "`border-image` must be" },
        { "text-shadow: \"1px 1px 1px 1px #000\"", "`text-shadow` must be" },
        { "text-shadow: \"201px 0 #000000\"", "`text-shadow` must be" },
        { "text-stroke: \"41px #000000\"", "a width up to 40px" },
        { "border-radius: 1px 2px 3px 4px 5px", "`border-radius` must be one to four lengths" },
        { "border-radius: -1px", "`border-radius` must be" },
        { "letter-spacing: 2%", "`letter-spacing` must be -100 to 100 px or em" },
        { "font-size: 2ex", "`font-size` must be 1 to 1000 px" },
        { "width: 3rem", "`width` must be a length" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        struct vt_template *t = NULL;
        memset(&said, 0, sizeof said);
        int size = snprintf(text, sizeof text, "id: t\nversion: 1.0.0\nname: T\nlayout: { type: text, text: a, style: { %s } }\n", cases[i].style);
        REQUIRE(vt_template_load(&t, "t", text, (size_t)size, &said) < 0);
        if (said.list[0].line != 4 || !strstr(said.list[0].text, cases[i].why))
            check_fail(__FILE__, __LINE__, "%s: line %d: %s", cases[i].style, said.list[0].line, said.list[0].text);
    }
}

// At a limit, and one past it.
TEST(limits_of_styles)
{
    static const struct {
        const char *style;
        bool good;
    } cases[] = {
        { "font-size: 1000px", true }, { "font-size: 1001px", false },
        { "font-size: 1px", true }, { "font-size: 0.9px", false },
        { "text-stroke: \"40px #000000\"", true }, { "text-stroke: \"41px #000000\"", false },
        { "text-shadow: \"200px -200px 200px #000000\"", true }, { "text-shadow: \"0 -201px #000000\"", false },
        { "box-shadow: \"0 0 200px 200px #000000\"", true }, { "box-shadow: \"0 0 201px #000000\"", false },
        { "background: \"linear-gradient(#f00,#f00,#f00,#f00,#f00,#f00,#f00,#f00)\"", true },
        { "background: \"linear-gradient(#f00,#f00,#f00,#f00,#f00,#f00,#f00,#f00,#f00)\"", false },
        { "border-image: f.png 8192 / 1000px", true }, { "border-image: f.png 8193", false },
        { "border-image: f.png 1 / 1001px", false },
        { "line-clamp: 100", true }, { "line-clamp: 101", false },
        { "border: \"100px solid #000000\"", true }, { "border: \"101px solid #000000\"", false },
        { "letter-spacing: 100px", true }, { "letter-spacing: 101px", false },
        { "width: 100000px", true }, { "width: 100001px", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        struct vt_template *t = NULL;
        int size = snprintf(text, sizeof text, "id: t\nversion: 1.0.0\nname: T\nlayout: { type: text, text: a, style: { %s } }\n", cases[i].style);
        int r = vt_template_load(&t, "t", text, (size_t)size, NULL);
        if ((r == 0) != cases[i].good)
            check_fail(__FILE__, __LINE__, "%s: %d", cases[i].style, r);
        vt_template_unref(&t);
    }
}

int main(void)
{
    RUN(a_linear_gradient_goes_from_colour_to_colour);
    RUN(a_gradient_to_transparent_does_not_darken);
    RUN(a_radial_gradient_reaches_the_farthest_corner);
    RUN(a_picture_in_nine_parts_keeps_its_corners);
    RUN(each_corner_has_its_radius);
    RUN(a_picture_stands_where_object_position_puts_it);
    RUN(what_stands_out_of_a_box_is_cut_off_with_its_hotspot);
    RUN(what_moves_in_a_box_is_cut_off_where_it_stands);
    RUN(a_box_that_cuts_off_moves_with_what_it_cuts);
    RUN(clocks_and_tapes_are_cut_off_too);
    RUN(lengths_are_of_the_canvas_and_of_the_letters);
    RUN(font_sizes_in_em_are_of_the_letters_around);
    RUN(a_direction_turns_rows_and_texts);
    RUN(letters_have_a_shadow_and_an_outline);
    RUN(letters_stand_apart_in_em);
    RUN(values_that_no_word_has_are_refused);
    RUN(limits_of_styles);
    return DONE();
}
