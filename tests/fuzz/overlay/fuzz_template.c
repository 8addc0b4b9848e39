// A template from anyone: loaded, its samples bound, solved and drawn small.
#include <stdint.h>
#include <string.h>

#include "overlay/overlay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Every picture is there: small, and with an odd size.
static cairo_surface_t *load_picture(void *opaque, const char *folder, const char *src)
{
    (void)opaque;
    (void)folder;
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 9, 7);
    cairo_t *cr = cairo_create(surface);
    cairo_set_source_rgba(cr, 0.5, (src[0] & 15) / 15.0, 1, 0.8);
    cairo_paint(cr);
    cairo_destroy(cr);
    return surface;
}

static void draw(const struct vt_view *view)
{
    static struct vt_drawing drawing;
    struct vt_painter *painter = NULL;
    struct vt_moment moment = {INT64_C(1772391852500000000), INT64_C(1772391852000000000), INT64_MAX};
    if (vt_painter_new(&painter, 64, 36) != 0)
        return;
    vt_painter_draw(painter, view, &moment, &drawing);
    moment.exit_ns = moment.now_ns - 50000000;
    moment.reduced = true;
    vt_painter_draw(painter, view, &moment, &drawing);
    vt_painter_free(&painter);
}

static void try_sample(struct vt_template *t, const char *name, const json_t *products)
{
    struct vt_view *view = NULL;
    const char *language = NULL;
    json_t *data = vt_template_sample(t, name, products, &language);
    struct vt_view_params params = {
        .template = t, .width = 128, .height = 72, .language = language, .data = data, .products = products,
        .at_ns = INT64_C(1772391852000000000), .rate = {30, 1}, .load_picture = load_picture,
    };
    if (vt_view_new(&view, &params, NULL) == 0)
        draw(view);
    vt_view_unref(&view);
    json_decref(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vt_template *t = NULL;
    if (vt_template_load(&t, "fuzz", (const char *)data, size, NULL) != 0)
        return 0;
    json_t *products = json_loads("[{\"id\":\"shoe\",\"title\":\"Trail shoe\",\"price\":{\"amount\":5999,"
                                  "\"currency\":\"EUR\"}},{\"id\":\"headphones\",\"title\":\"Headphones\","
                                  "\"price\":{\"amount\":5999,\"currency\":\"SAR\"},\"offer\":{\"id\":\"flash10\","
                                  "\"ends_at\":\"2026-03-01T19:14:12Z\"}}]",
                                  0, NULL);
    const char *const *names = vt_template_samples(t);
    for (int i = 0; i < 2 && (i == 0 || names[i]); i++)
        try_sample(t, names[i], products);
    json_decref(products);
    vt_template_unref(&t);
    return 0;
}
