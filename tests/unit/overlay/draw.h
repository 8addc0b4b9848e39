// For tests of what is drawn: templates from a few lines, and the pixels of a drawing.
#pragma once

#include "check.h"

#include "overlay/overlay.h"

#define CLOCK  INT64_C(1772391852000000000)      // 2026-03-01T19:04:12Z
#define WIDTH  1280
#define HEIGHT 720

static struct vt_diagnostics said;

// Pixels of the picture "frame.png": 30 × 30 in nine squares, corners red, edges green, the middle blue; of "half.png":
// 40 × 20, its left half red, its right half blue.
__attribute__((unused)) static cairo_surface_t *draw_picture(void *opaque, const char *folder, const char *src)
{
    (void)opaque;
    (void)folder;
    bool frame = strcmp(src, "frame.png") == 0;
    if (!frame && strcmp(src, "half.png") != 0)
        return NULL;
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, frame ? 30 : 40, frame ? 30 : 20);
    cairo_t *cr = cairo_create(surface);
    for (int i = 0; i < (frame ? 9 : 2); i++) {
        bool middle = i == 4, corner = i % 2 == 0 && !middle;
        if (frame)
            cairo_set_source_rgb(cr, corner, !corner && !middle, middle);
        else
            cairo_set_source_rgb(cr, i == 0, 0, i == 1);
        cairo_rectangle(cr, frame ? i % 3 * 10 : i * 20, frame ? i / 3 * 10 : 0, frame ? 10 : 20, frame ? 10 : 20);
        cairo_fill(cr);
    }
    cairo_destroy(cr);
    return surface;
}

__attribute__((unused)) static struct vt_template *draw_template(const char *body)
{
    char text[16384];
    struct vt_template *t = NULL;
    memset(&said, 0, sizeof said);
    int size = snprintf(text, sizeof text, "id: com.example.t\nversion: 1.0.0\nname: T\ncanvas: { design: 1280x720, safe: none }\n%s", body);
    if (vt_template_load(&t, "t", text, (size_t)size, &said) != 0)
        check_fail(__FILE__, __LINE__, "line %d: %s", said.list[0].line, said.list[0].text);
    return t;
}

// With `params`' language, data, output …; NULL: none of them.
__attribute__((unused)) static struct vt_view *draw_view(const char *body, const struct vt_view_params *params)
{
    struct vt_view_params all = params ? *params : (struct vt_view_params){ .width = WIDTH, .height = HEIGHT };
    struct vt_view *view = NULL;
    all.template = draw_template(body);
    all.width = all.width ? all.width : WIDTH;
    all.height = all.height ? all.height : HEIGHT;
    all.at_ns = all.at_ns ? all.at_ns : CLOCK;
    all.rate = (struct vt_rational){ 30, 1 };
    all.load_picture = draw_picture;
    if (vt_view_new(&view, &all, &said) != 0)
        check_fail(__FILE__, __LINE__, "%s", said.list[0].text);
    vt_template_unref(&all.template);
    return view;
}

// A whole picture, transparent where nothing stands; destroy it.
__attribute__((unused)) static cairo_surface_t *draw_all(const struct vt_view *view, const struct vt_moment *moment)
{
    static const struct vt_moment rest = { CLOCK + VT_NS_PER_S, CLOCK, INT64_MAX, .change_ns = 0 };
    static struct vt_drawing drawing;
    struct vt_painter *painter = NULL;
    cairo_surface_t *all = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, WIDTH, HEIGHT);
    cairo_t *cr = cairo_create(all);
    REQUIRE_INT(vt_painter_new(&painter, WIDTH, HEIGHT), 0);
    REQUIRE_INT(vt_painter_draw(painter, view, moment ? moment : &rest, &drawing), 0);
    vt_drawing_paint(&drawing, cr);
    cairo_destroy(cr);
    vt_painter_free(&painter);
    cairo_surface_flush(all);
    return all;
}

__attribute__((unused)) static uint32_t draw_pixel(cairo_surface_t *all, int x, int y)
{
    uint32_t value;
    memcpy(&value, cairo_image_surface_get_data(all) + y * cairo_image_surface_get_stride(all) + 4 * x, 4);
    return value;
}

// How many pixels of a rectangle have this colour.
__attribute__((unused)) static int draw_count(cairo_surface_t *all, int x0, int y0, int x1, int y1, uint32_t colour)
{
    int count = 0;
    for (int y = y0; y < y1; y++) {
        for (int x = x0; x < x1; x++)
            count += draw_pixel(all, x, y) == colour;
    }
    return count;
}

__attribute__((unused)) static const struct vt_hotspot *draw_hotspot(const struct vt_view *view, const char *name)
{
    int count;
    const struct vt_hotspot *list = vt_view_hotspots(view, &count);
    for (int i = 0; i < count; i++) {
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    }
    return NULL;
}
