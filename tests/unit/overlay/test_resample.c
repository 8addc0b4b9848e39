#include "check.h"

#include <math.h>

#include "overlay/resample.h"

static uint64_t seed = 1;

static unsigned number(unsigned below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % below;
}

static uint8_t *at(cairo_surface_t *surface, int x, int y)
{
    return cairo_image_surface_get_data(surface) + y * cairo_image_surface_get_stride(surface) + 4 * x;
}

static cairo_surface_t *filled(int width, int height, unsigned b, unsigned g, unsigned r, unsigned a)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            memcpy(at(surface, x, y), (uint8_t[4]){(uint8_t)b, (uint8_t)g, (uint8_t)r, (uint8_t)a}, 4);
    cairo_surface_mark_dirty(surface);
    return surface;
}

static cairo_surface_t *random_picture(int width, int height)
{
    cairo_surface_t *surface = filled(width, height, 0, 0, 0, 0);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            unsigned a = number(3) ? 255 : number(256);
            memcpy(at(surface, x, y), (uint8_t[4]){(uint8_t)number(a + 1), (uint8_t)number(a + 1), (uint8_t)number(a + 1), (uint8_t)a}, 4);
        }
    cairo_surface_mark_dirty(surface);
    return surface;
}

TEST(what_fits_already_stays_as_it_is)
{
    cairo_surface_t *picture = random_picture(37, 23);
    cairo_surface_t *same = vt_resample(picture, 37, 23, &(struct vt_resampling){.scale_x = 1, .scale_y = 1});
    cairo_surface_t *part = vt_resample(picture, 20, 10, &(struct vt_resampling){.x = -9, .y = -5, .scale_x = 1, .scale_y = 1});
    REQUIRE(same && part);
    for (int y = 0; y < 23; y++)
        REQUIRE(memcmp(at(same, 0, y), at(picture, 0, y), 4 * 37) == 0);
    for (int y = 0; y < 10; y++)
        REQUIRE(memcmp(at(part, 0, y), at(picture, 9, y + 5), 4 * 20) == 0);
    cairo_surface_destroy(picture);
    cairo_surface_destroy(same);
    cairo_surface_destroy(part);
}

// At every size, larger and smaller, down to one pixel of a very wide picture.
TEST(one_colour_stays_that_colour)
{
    static const int sizes[][4] = {{1, 1, 9, 7}, {8192, 3, 1, 1}, {3, 8192, 5, 2}, {480, 480, 97, 97}, {5, 5, 200, 3}, {641, 359, 320, 180}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const int *s = sizes[i];
        cairo_surface_t *picture = filled(s[0], s[1], 10, 200, 130, 210);
        cairo_surface_t *to = vt_resample(picture, s[2], s[3], &(struct vt_resampling){.scale_x = (double)s[2] / s[0],
                                                                                       .scale_y = (double)s[3] / s[1], .pad = true});
        REQUIRE(to);
        for (int y = 0; y < s[3]; y++)
            for (int x = 0; x < s[2]; x++)
                REQUIRE(memcmp(at(to, x, y), (uint8_t[]){10, 200, 130, 210}, 4) == 0);
        cairo_surface_destroy(picture);
        cairo_surface_destroy(to);
    }
}

static double cubic(double x)
{
    x = fabs(x);
    return x < 1 ? 1.5 * x * x * x - 2.5 * x * x + 1 : x < 2 ? -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2 : 0;
}

// The sum over the whole picture in floating point, one channel.
static double wanted(cairo_surface_t *picture, const struct vt_resampling *how, int x, int y, int channel)
{
    int width = cairo_image_surface_get_width(picture), height = cairo_image_surface_get_height(picture);
    double sum = 0, weights_x = 0, weights_y = 0, nx = fmin(1, how->scale_x), ny = fmin(1, how->scale_y);
    double mx = (x + 0.5 - how->x) / how->scale_x, my = (y + 0.5 - how->y) / how->scale_y;
    for (int v = -20; v < height + 20; v++) {
        double wy = cubic((v + 0.5 - my) * ny), row = 0;
        weights_y += wy;
        weights_x = 0;
        for (int u = -20; u < width + 20; u++) {
            double wx = cubic((u + 0.5 - mx) * nx);
            int cu = u < 0 ? 0 : u >= width ? width - 1 : u, cv = v < 0 ? 0 : v >= height ? height - 1 : v;
            bool there = how->pad || (cu == u && cv == v);
            weights_x += wx;
            row += there ? wx * *(at(picture, cu, cv) + channel) : 0;
        }
        sum += wy * row / weights_x;
    }
    return fmin(255, fmax(0, sum / weights_y));
}

TEST(every_pixel_is_the_kernels)
{
    for (int round = 0; round < 12; round++) {
        cairo_surface_t *picture = random_picture(8 + (int)number(20), 8 + (int)number(20));
        int width = 4 + (int)number(30), height = 4 + (int)number(30);
        struct vt_resampling how = {.x = number(80) / 10.0 - 4, .y = number(80) / 10.0 - 4, .scale_x = 0.35 + number(200) / 100.0,
                                    .scale_y = 0.35 + number(200) / 100.0, .pad = round & 1};
        cairo_surface_t *to = vt_resample(picture, width, height, &how);
        REQUIRE(to);
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) {
                double alpha = wanted(picture, &how, x, y, 3);
                REQUIRE_NEAR(*(at(to, x, y) + 3), alpha, 1);
                for (int c = 0; c < 3; c++) {
                    REQUIRE_NEAR(*(at(to, x, y) + c), fmin(alpha, wanted(picture, &how, x, y, c)), 1.5);
                    REQUIRE(*(at(to, x, y) + c) <= *(at(to, x, y) + 3));
                }
            }
        cairo_surface_destroy(picture);
        cairo_surface_destroy(to);
    }
}

// A picture many times too large is halved first: what is in its middle stays there, and what it shows keeps its level.
TEST(a_large_picture_keeps_its_middle_and_its_level)
{
    cairo_surface_t *picture = filled(1600, 1200, 0, 0, 0, 255);
    cairo_t *cr = cairo_create(picture);
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_arc(cr, 500, 700, 150, 0, 2 * M_PI);
    cairo_fill(cr);
    cairo_destroy(cr);
    cairo_surface_t *to = vt_resample(picture, 100, 75, &(struct vt_resampling){.scale_x = 1 / 16.0, .scale_y = 1 / 16.0, .pad = true});
    double x = 0, y = 0, sum = 0;
    for (int v = 0; v < 75; v++)
        for (int u = 0; u < 100; u++) {
            double level = at(to, u, v)[1];
            REQUIRE_INT(at(to, u, v)[3], 255);
            x += level * (u + 0.5);
            y += level * (v + 0.5);
            sum += level;
        }
    REQUIRE_NEAR(x / sum, 500 / 16.0, 0.02);
    REQUIRE_NEAR(y / sum, 700 / 16.0, 0.02);
    REQUIRE_NEAR(sum / 255, M_PI * 150 * 150 / 256, 1);
    cairo_surface_destroy(picture);
    cairo_surface_destroy(to);
}

TEST(what_has_no_alpha_is_opaque)
{
    cairo_surface_t *picture = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 16, 16);
    cairo_surface_t *to = vt_resample(picture, 4, 4, &(struct vt_resampling){.scale_x = 0.25, .scale_y = 0.25, .pad = true});
    REQUIRE(to);
    REQUIRE_INT(at(to, 2, 2)[3], 255);
    cairo_surface_destroy(picture);
    cairo_surface_destroy(to);
}

int main(void)
{
    RUN(what_fits_already_stays_as_it_is);
    RUN(one_colour_stays_that_colour);
    RUN(every_pixel_is_the_kernels);
    RUN(a_large_picture_keeps_its_middle_and_its_level);
    RUN(what_has_no_alpha_is_opaque);
    return DONE();
}
