// A drawing from anyone: what is accepted can be drawn, small.
#include <assert.h>
#include <librsvg/rsvg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "overlay/figures.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void draw(const char *source)
{
    source += strspn(source, " \t\r\n");
    RsvgHandle *handle = rsvg_handle_new_from_data((const guint8 *)source, strlen(source), NULL);
    assert(handle);
    RsvgRectangle box = {0, 0, 32, 32};
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 32, 32);
    cairo_t *cr = cairo_create(surface);
    rsvg_handle_render_document(handle, cr, &box, NULL);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    g_object_unref(handle);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[160] = "", *text = calloc(1, size + 1);
    if (!text || memchr(data, 0, size)) {
        free(text);
        return 0;
    }
    memcpy(text, data, size);
    if (vt_svg_check(text, size, why, sizeof why) == 0)
        draw(text);
    else
        assert(why[0]);
    free(text);
    return 0;
}
