// A picture from anyone: decoded within the limits, or refused.
#include <assert.h>
#include <libavutil/log.h>
#include <stdint.h>

#include "overlay/overlay.h"
#include "studio/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cairo_surface_t *surface = NULL;
    av_log_set_level(AV_LOG_QUIET);
    if (vt_picture_decode(&surface, data, size) != 0) {
        assert(!surface);
        return 0;
    }
    int64_t width = cairo_image_surface_get_width(surface), height = cairo_image_surface_get_height(surface);
    assert(width > 0 && height > 0 && width <= VT_PICTURE_SIDE && height <= VT_PICTURE_SIDE &&
           width * height <= VT_PICTURE_PIXELS);
    cairo_surface_destroy(surface);
    return 0;
}
