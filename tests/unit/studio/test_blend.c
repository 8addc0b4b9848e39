#include "check.h"

#include "studio/sprite_planes.h"

#define SIDE   96
#define MARGIN 8

static uint64_t seed;

static unsigned number(unsigned below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % below;
}

// Pixels with transparent, opaque and mixed runs, so that every kind of span stands beside every other.
static cairo_surface_t *random_surface(int width, int height)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    uint8_t *data = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);
    for (int y = 0; y < height; y++) {
        int left = 0;
        unsigned kind = 0;
        for (int x = 0; x < width; x++) {
            if (left-- == 0) {
                left = (int)number(60);
                kind = number(3);
            }
            unsigned a = kind == 0 ? 0 : kind == 1 ? 255 : number(256);
            uint8_t p[4] = {(uint8_t)number(a + 1), (uint8_t)number(a + 1), (uint8_t)number(a + 1), (uint8_t)a};
            memcpy(data + y * stride + 4 * x, p, 4);
        }
    }
    cairo_surface_mark_dirty(surface);
    return surface;
}

// A picture inside a frame of bytes that nobody may touch.
struct canvas {
    uint8_t bytes[3][(SIDE + 2 * MARGIN) * (SIDE + 2 * MARGIN)];
    struct vt_planes planes;
};

static void canvas_random(struct canvas *c, int width, int height)
{
    int stride = SIDE + 2 * MARGIN;
    c->planes = (struct vt_planes){.width = width, .height = height};
    for (int i = 0; i < 3; i++) {
        for (size_t k = 0; k < sizeof c->bytes[i]; k++)
            c->bytes[i][k] = (uint8_t)number(256);
        c->planes.plane[i] = c->bytes[i] + MARGIN * stride + MARGIN;
        c->planes.stride[i] = stride;
    }
}

static void canvas_copy(struct canvas *to, const struct canvas *from)
{
    *to = *from;
    for (int i = 0; i < 3; i++)
        to->planes.plane[i] = to->bytes[i] + (from->planes.plane[i] - from->bytes[i]);
}

static int nearest_of_255(int v)
{
    return (v + 127) / 255;
}

TEST(every_alpha_and_value_is_rounded_to_nearest)
{
    uint8_t s[256 + VT_SPRITE_PAD], a[256 + VT_SPRITE_PAD], dst[256];
    memset(s, 0, sizeof s);
    for (int alpha = 0; alpha < 256; alpha++) {
        for (int i = 0; i < 256; i++)
            dst[i] = (uint8_t)i;
        memset(a, alpha, sizeof a);
        vt_blend_run_c(dst, s, a, 256, 256);
        for (int i = 0; i < 256; i++)
            REQUIRE_INT(dst[i], nearest_of_255(i * (255 - alpha)));
    }
}

TEST(opacity_scales_colour_and_alpha_together)
{
    // Grey 128 over grey 128 stays grey at every opacity and alpha; nothing changes at opacity 0.
    uint8_t s[1 + VT_SPRITE_PAD] = {0}, a[1 + VT_SPRITE_PAD] = {0};
    for (int opacity = 0; opacity <= 256; opacity++)
        for (int alpha = 0; alpha < 256; alpha++) {
            uint8_t dst = 128;
            a[0] = (uint8_t)alpha;
            s[0] = (uint8_t)nearest_of_255(128 * alpha);
            vt_blend_run_c(&dst, s, a, 1, opacity);
            REQUIRE_NEAR(dst, 128, 1);
            if (opacity == 0)
                REQUIRE_INT(dst, 128);
        }
}

#if defined(__x86_64__)
TEST(avx2_equals_c_in_every_bit)
{
    static uint8_t s[512 + VT_SPRITE_PAD], a[512 + VT_SPRITE_PAD], one[512], other[512];
    if (!__builtin_cpu_supports("avx2")) {
        printf("# no AVX2 here\n");
        return;
    }
    seed = 1;
    for (int round = 0; round < 20000; round++) {
        int at = (int)number(40), count = (int)number(400), opacity = number(2) ? 256 : (int)number(257);
        for (size_t i = 0; i < sizeof s; i++) {
            s[i] = (uint8_t)number(256);
            a[i] = (uint8_t)number(256);
        }
        for (size_t i = 0; i < sizeof one; i++)
            one[i] = other[i] = (uint8_t)number(256);
        vt_blend_run_c(one + at, s + at, a + at, count, opacity);
        vt_blend_run_avx2(other + at, s + at, a + at, count, opacity);
        REQUIRE(memcmp(one, other, sizeof one) == 0);
    }
}
#endif

static int plane_of(const struct vt_placed *placed, const struct vt_sprite_layer *layer, int plane, int x, int y,
                    int behind, bool chroma)
{
    int sx = x - (chroma ? placed->x >> 1 : placed->x), sy = y - (chroma ? placed->y >> 1 : placed->y);
    int column = chroma ? 2 * x : x;
    if (sx < 0 || sy < 0 || sx >= layer->width || sy >= layer->height)
        return behind;
    if (placed->clip_width && (column < placed->clip_x || column >= placed->clip_x + placed->clip_width))
        return behind;
    // At the left edge of the picture, where chroma sites are left or top left, the rest of the kernel is the whole.
    int share = chroma && x == 0 && placed->x == 0 && placed->sprite->cosited_x ? 342 : 256;
    int s = (layer->colour[plane][sy * layer->stride + sx] * (placed->opacity * share / 256) + 128) / 256;
    int a = (layer->alpha[sy * layer->stride + sx] * (placed->opacity * share / 256) + 128) / 256;
    int v = s + nearest_of_255(behind * (255 - a));
    return v > 255 ? 255 : v;
}

// Everything that a placement may do, against the formula pixel by pixel: places beyond every edge, odd pictures,
// all opacities, windows; what lies around the picture stays.
TEST(placements_equal_the_formula_and_stay_inside)
{
    static struct canvas before, after;
    static struct vt_placement placement;
    struct vt_colour colour = {.matrix = 1, .chroma_site = 1};
    seed = 2;
    for (int round = 0; round < 400; round++) {
        int width = 1 + (int)number(SIDE), height = 1 + (int)number(SIDE);
        cairo_surface_t *surface = random_surface(1 + (int)number(120), 1 + (int)number(40));
        int x = (int)number(240) - 120, y = (int)number(200) - 80;
        if (number(8) == 0)
            x = 0;
        struct vt_placed *placed = &placement.list[0];
        *placed = (struct vt_placed){.x = x, .y = y, .opacity = number(2) ? 256 : (int)number(257)};
        if (number(2)) {
            placed->clip_x = (int)number(100) - 10;
            placed->clip_width = 1 + (int)number(90);
        }
        colour.chroma_site = (uint8_t)number(4);
        REQUIRE_INT(vt_sprite_new(&placed->sprite, surface, 0, cairo_image_surface_get_width(surface),
                                  cairo_image_surface_get_height(surface), x & 1, y & 1, &colour), 0);
        placement.count = 1;
        canvas_random(&before, width, height);
        canvas_copy(&after, &before);
        vt_blend(&after.planes, &placement);
        for (int i = 0; i < 3; i++) {
            const struct vt_sprite_layer *layer = i ? &placed->sprite->chroma : &placed->sprite->luma;
            int w = i ? (width + 1) / 2 : width, h = i ? (height + 1) / 2 : height, stride = after.planes.stride[i];
            for (int py = -MARGIN; py < SIDE + MARGIN; py++)
                for (int px = -MARGIN; px < SIDE + MARGIN; px++) {
                    int was = before.planes.plane[i][py * stride + px];
                    bool inside = px >= 0 && py >= 0 && px < w && py < h;
                    int want = inside ? plane_of(placed, layer, i ? i - 1 : 0, px, py, was, i > 0) : was;
                    REQUIRE_INT(after.planes.plane[i][py * stride + px], want);
                }
        }
        vt_placement_clear(&placement);
        cairo_surface_destroy(surface);
    }
}

TEST(a_strip_behind_a_window_is_the_strip_cut_out)
{
    // One sprite of a long strip shows the same pixels as one made of just the columns in sight, except for the two
    // chroma columns at the window's edges, where the kernel sees what lies beyond.
    static struct canvas one, other;
    static struct vt_placement placement;
    struct vt_colour colour = {.matrix = 1, .chroma_site = 1};
    seed = 3;
    cairo_surface_t *surface = random_surface(300, 20);
    for (int scroll = 0; scroll < 100; scroll++) {
        canvas_random(&one, SIDE, SIDE);
        canvas_copy(&other, &one);
        struct vt_placed *placed = &placement.list[0];
        *placed = (struct vt_placed){.x = 10 - scroll, .y = 4, .opacity = 256, .clip_x = 10, .clip_width = 60};
        REQUIRE_INT(vt_sprite_new(&placed->sprite, surface, 0, 300, 20, scroll & 1, 0, &colour), 0);
        placement.count = 1;
        vt_blend(&one.planes, &placement);
        vt_placement_clear(&placement);
        *placed = (struct vt_placed){.x = 10, .y = 4, .opacity = 256};
        REQUIRE_INT(vt_sprite_new(&placed->sprite, surface, scroll, 60, 20, 0, 0, &colour), 0);
        placement.count = 1;
        vt_blend(&other.planes, &placement);
        vt_placement_clear(&placement);
        int stride = one.planes.stride[0];
        for (int y = 0; y < SIDE; y++)
            REQUIRE(!memcmp(one.planes.plane[0] + y * stride, other.planes.plane[0] + y * stride, SIDE));
        for (int y = 0; y < SIDE / 2; y++)
            for (int x = 6; x < 34; x++)
                REQUIRE_INT(one.planes.plane[1][y * stride + x], other.planes.plane[1][y * stride + x]);
    }
    cairo_surface_destroy(surface);
}

int main(void)
{
    RUN(every_alpha_and_value_is_rounded_to_nearest);
    RUN(opacity_scales_colour_and_alpha_together);
#if defined(__x86_64__)
    RUN(avx2_equals_c_in_every_bit);
#endif
    RUN(placements_equal_the_formula_and_stay_inside);
    RUN(a_strip_behind_a_window_is_the_strip_cut_out);
    return DONE();
}
