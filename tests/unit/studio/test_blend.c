#include "check.h"

#include "overlay/shift.h"
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

// ---- between pixels

static int sample_of(const struct vt_sprite_layer *layer, int plane, int row, int column)
{
    if (row < 0 || column < 0 || row >= layer->height || column >= layer->width)
        return 0;
    return (plane < 0 ? layer->alpha : layer->colour[plane])[row * layer->stride + column];
}

// The plane at luma's resolution, at a place of the sprite's surface: luma's own, or the chroma sample of the sprite whose
// samples lie there.
static int at_place(const struct vt_placed *placed, bool chroma, int plane, int y, int x)
{
    if (!chroma)
        return sample_of(&placed->sprite->luma, plane, y, x);
    int other = ((x ^ placed->sprite->parity_x) & 1) | ((y ^ placed->sprite->parity_y) & 1) << 1;
    const struct vt_sprite *sprite = other ? placed->beside[other - 1] : placed->sprite;
    return sample_of(&sprite->chroma, plane, (y + sprite->parity_y) >> 1, (x + sprite->parity_x) >> 1);
}

static int mixed(const int in[4], const int8_t weights[4], int most)
{
    int sum = 32;
    for (int i = 0; i < 4; i++)
        sum += in[i] * weights[i];
    sum = sum < 0 ? 0 : sum >> 6;
    return sum < most ? sum : most;
}

static int between(const struct vt_placed *placed, bool chroma, int plane, int y, int x)
{
    int most = plane < 0 ? 255 : chroma ? 240 : 235, across[4], down[4];
    int8_t to_right[4], to_bottom[4];
    vt_shift_weights(placed->part_x, to_right);
    vt_shift_weights(placed->part_y, to_bottom);
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 4 && placed->part_y; k++)
            down[k] = at_place(placed, chroma, plane, y - 2 + k, x - 2 + i);
        if (!placed->part_x && i != 2)
            continue;
        across[i] = placed->part_y ? mixed(down, to_bottom, most) : at_place(placed, chroma, plane, y, x - 2 + i);
    }
    return placed->part_x ? mixed(across, to_right, most) : across[2];
}

static void check_between(const struct canvas *before, const struct canvas *after, const struct vt_placed *placed, int i)
{
    bool chroma = i > 0;
    int step = chroma ? 2 : 1, stride = after->planes.stride[i];
    int w = (after->planes.width + chroma) / step, h = (after->planes.height + chroma) / step;
    for (int py = -MARGIN; py < SIDE + MARGIN; py++)
        for (int px = -MARGIN; px < SIDE + MARGIN; px++) {
            int want = before->planes.plane[i][py * stride + px], x = px * step - placed->x, y = py * step - placed->y;
            bool clipped = placed->clip_width && (px * step < placed->clip_x || px * step >= placed->clip_x + placed->clip_width);
            if (px >= 0 && py >= 0 && px < w && py < h && !clipped) {
                int alpha = between(placed, chroma, -1, y, x), colour = between(placed, chroma, chroma ? i - 1 : 0, y, x);
                int s = ((colour < alpha ? colour : alpha) * placed->opacity + 128) / 256;
                int a = (alpha * placed->opacity + 128) / 256;
                want = s + nearest_of_255(want * (255 - a));
                want = want > 255 ? 255 : want;
            }
            REQUIRE_INT(after->planes.plane[i][py * stride + px], want);
        }
}

TEST(between_pixels_everything_equals_the_formula)
{
    static struct canvas before, after, other;
    static struct vt_placement placement;
    struct vt_colour colour = {.matrix = 1};
    seed = 4;
    for (int round = 0; round < 300; round++) {
        cairo_surface_t *surface = random_surface(1 + (int)number(120), 1 + (int)number(40));
        struct vt_placed *placed = &placement.list[0];
        *placed = (struct vt_placed){.x = (int)number(240) - 120, .y = (int)number(200) - 80,
                                     .opacity = number(2) ? 256 : (int)number(257)};
        placed->part_x = round % 3 == 0 ? 0 : (int)number(VT_PARTS);
        placed->part_y = placed->part_x && round % 3 == 1 ? 0 : 1 + (int)number(VT_PARTS - 1);
        if (number(2)) {
            placed->clip_x = (int)number(100) - 10;
            placed->clip_width = 1 + (int)number(90);
        }
        colour.chroma_site = (uint8_t)number(4);
        for (int k = 0; k < 4; k++)
            REQUIRE_INT(vt_sprite_new(k ? &placed->beside[k - 1] : &placed->sprite, surface, 0,
                                      cairo_image_surface_get_width(surface), cairo_image_surface_get_height(surface),
                                      (placed->x ^ k) & 1, (placed->y ^ k >> 1) & 1, &colour), 0);
        placement.count = 1;
        canvas_random(&before, 1 + (int)number(SIDE), 1 + (int)number(SIDE));
        canvas_copy(&after, &before);
        vt_blend_with(&vt_blend_ways_c, &after.planes, &placement);
        for (int i = 0; i < 3; i++)
            check_between(&before, &after, placed, i);
#if defined(__x86_64__)
        if (__builtin_cpu_supports("avx2")) {
            canvas_copy(&other, &before);
            vt_blend_with(&vt_blend_ways_avx2, &other.planes, &placement);
            REQUIRE(memcmp(other.bytes, after.bytes, sizeof other.bytes) == 0);
        }
#endif
        vt_placement_clear(&placement);
        cairo_surface_destroy(surface);
    }
}

// Whatever the part, level and centre are kept: the weights' sum is 64, their moment the part itself.
TEST(weights_keep_the_level_and_move_the_middle_exactly)
{
    for (int part = 0; part < VT_PARTS; part++) {
        int8_t w[4];
        vt_shift_weights(part, w);
        REQUIRE_INT(w[0] + w[1] + w[2] + w[3], 64);
        REQUIRE_INT(2 * w[0] + w[1] - w[3], 64 * part / VT_PARTS);
        for (int i = 0; i < 4; i++)
            REQUIRE(w[i] >= -5 && w[i] <= 64);
    }
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
    RUN(between_pixels_everything_equals_the_formula);
    RUN(weights_keep_the_level_and_move_the_middle_exactly);
    return DONE();
}
