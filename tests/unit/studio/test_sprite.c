#include "check.h"

#include <errno.h>

#include "studio/sprite.h"
#include "studio/sprite_planes.h"

#define WIDTH  48
#define HEIGHT 20

static const uint8_t matrices[] = {1, 5, 6, 9};

// A picture of one colour behind the sprite.
struct picture {
    uint8_t y[WIDTH * HEIGHT], u[WIDTH * HEIGHT / 4], v[WIDTH * HEIGHT / 4];
    struct vt_planes planes;
};

static void picture_fill(struct picture *p, int y, int u, int v)
{
    memset(p->y, y, sizeof p->y);
    memset(p->u, u, sizeof p->u);
    memset(p->v, v, sizeof p->v);
    p->planes = (struct vt_planes){{p->y, p->u, p->v}, {WIDTH, WIDTH / 2, WIDTH / 2}, WIDTH, HEIGHT};
}

// A surface of premultiplied `argb`.
static cairo_surface_t *filled(int width, int height, uint32_t argb)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    uint8_t *data = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            memcpy(data + y * stride + 4 * x, &argb, 4);
    cairo_surface_mark_dirty(surface);
    return surface;
}

static uint32_t premultiplied(int a, int r, int g, int b)
{
    return (uint32_t)a << 24 | (uint32_t)((r * a + 127) / 255) << 16 | (uint32_t)((g * a + 127) / 255) << 8 |
           (uint32_t)((b * a + 127) / 255);
}

static void put(struct picture *p, cairo_surface_t *surface, int x, int y, struct vt_colour colour)
{
    static struct vt_placement placement;
    struct vt_sprite *sprite = NULL;
    REQUIRE_INT(vt_sprite_new(&sprite, surface, 0, cairo_image_surface_get_width(surface),
                              cairo_image_surface_get_height(surface), x & 1, y & 1, &colour), 0);
    placement.list[0] = (struct vt_placed){.sprite = sprite, .x = x, .y = y, .opacity = 256};
    placement.count = 1;
    vt_blend(&p->planes, &placement);
    vt_placement_clear(&placement);
    REQUIRE(!placement.list[0].sprite);
}

static void weights(int matrix, double *kr, double *kb)
{
    *kr = matrix == 1 ? 0.2126 : matrix == 9 ? 0.2627 : 0.299;
    *kb = matrix == 1 ? 0.0722 : matrix == 9 ? 0.0593 : 0.114;
}

// ITU-R BT.601, BT.709, BT.2020 in floating point: what R'G'B' (0..255) is as 8-bit Y, Cb, Cr.
static void coded(const struct vt_colour *colour, int r, int g, int b, double out[3])
{
    double kr, kb;
    weights(colour->matrix, &kr, &kb);
    double y = (kr * r + (1 - kr - kb) * g + kb * b) / 255;
    double u = (b / 255.0 - y) / (2 * (1 - kb)), v = (r / 255.0 - y) / (2 * (1 - kr));
    out[0] = colour->full_range ? 255 * y : 16 + 219 * y;
    out[1] = fmin(255, 128 + (colour->full_range ? 255 : 224) * u);
    out[2] = fmin(255, 128 + (colour->full_range ? 255 : 224) * v);
}

TEST(every_colour_at_every_alpha_is_within_one_code_value)
{
    static const int levels[] = {0, 1, 63, 128, 180, 254, 255}, alphas[] = {1, 64, 127, 128, 200, 254, 255};
    static struct picture p;
    for (size_t m = 0; m < 2 * sizeof matrices; m++) {
        struct vt_colour colour = {.matrix = matrices[m / 2], .full_range = m & 1, .chroma_site = 1};
        for (int i = 0; i < 7 * 7 * 7; i++)
            for (int a = 0; a < 7; a++) {
                int r = levels[i % 7], g = levels[i / 7 % 7], b = levels[i / 49];
                cairo_surface_t *surface = filled(8, 8, premultiplied(alphas[a], r, g, b));
                // Over a background, so that what was there must shine through in the right measure.
                picture_fill(&p, 90, 160, 100);
                put(&p, surface, 4, 4, colour);
                cairo_surface_destroy(surface);
                double want[3], share = alphas[a] / 255.0;
                coded(&colour, r, g, b, want);
                // Premultiplying to 8 bits has its own error of up to half a level.
                REQUIRE_NEAR(p.y[8 * WIDTH + 8], want[0] * share + 90 * (1 - share), 1.5);
                REQUIRE_NEAR(p.u[4 * WIDTH / 2 + 4], want[1] * share + 160 * (1 - share), 1.5);
                REQUIRE_NEAR(p.v[4 * WIDTH / 2 + 4], want[2] * share + 100 * (1 - share), 1.5);
                if (alphas[a] == 255) {
                    REQUIRE_NEAR(p.y[8 * WIDTH + 8], want[0], 0.51);
                    REQUIRE_NEAR(p.u[4 * WIDTH / 2 + 4], want[1], 0.51);
                    REQUIRE_NEAR(p.v[4 * WIDTH / 2 + 4], want[2], 0.51);
                }
            }
    }
}

TEST(premultiplied_grey_keeps_its_level)
{
    // The grey whose limited-range code is 180, opaque; half of it over a grey of 100: (180 + 100) / 2 = 140.
    static struct picture p;
    int grey = (int)lround((180 - 16) * 255 / 219.0);
    for (size_t m = 0; m < sizeof matrices; m++) {
        struct vt_colour colour = {.matrix = matrices[m], .chroma_site = 1};
        cairo_surface_t *whole = filled(16, 8, premultiplied(255, grey, grey, grey));
        picture_fill(&p, 100, 128, 128);
        put(&p, whole, 6, 6, colour);
        REQUIRE_NEAR(p.y[8 * WIDTH + 10], 180, 1);
        cairo_surface_t *half = filled(16, 8, premultiplied(128, grey, grey, grey));
        picture_fill(&p, 100, 128, 128);
        put(&p, half, 6, 6, colour);
        REQUIRE_NEAR(p.y[8 * WIDTH + 10], 140, 1);
        for (int i = 0; i < WIDTH * HEIGHT / 4; i++) {
            REQUIRE_INT(p.u[i], 128);
            REQUIRE_INT(p.v[i], 128);
        }
        cairo_surface_destroy(whole);
        cairo_surface_destroy(half);
    }
}

TEST(red_uses_the_tagged_matrix)
{
    static struct picture p;
    cairo_surface_t *red = filled(16, 8, 0xffff0000);
    picture_fill(&p, 16, 128, 128);
    put(&p, red, 6, 6, (struct vt_colour){.matrix = 1, .chroma_site = 1});
    REQUIRE_INT(p.y[8 * WIDTH + 10], 63);
    REQUIRE_INT(p.u[4 * WIDTH / 2 + 5], 102);
    REQUIRE_INT(p.v[4 * WIDTH / 2 + 5], 240);
    picture_fill(&p, 16, 128, 128);
    put(&p, red, 6, 6, (struct vt_colour){.matrix = 6, .chroma_site = 1});
    REQUIRE_INT(p.y[8 * WIDTH + 10], 81);
    REQUIRE_INT(p.u[4 * WIDTH / 2 + 5], 90);
    REQUIRE_INT(p.v[4 * WIDTH / 2 + 5], 240);
    cairo_surface_destroy(red);
}

// V of the red sprite's edge column and row: half covered 128 + 112 / 2, a quarter 128 + 112 / 4.
TEST(an_odd_edge_keeps_its_chroma)
{
    static struct picture p;
    cairo_surface_t *red = filled(16, 8, 0xffff0000);
    picture_fill(&p, 16, 128, 128);
    put(&p, red, 7, 6, (struct vt_colour){.matrix = 1, .chroma_site = 2});
    REQUIRE_INT(p.v[4 * WIDTH / 2 + 3], 184);
    REQUIRE_INT(p.v[4 * WIDTH / 2 + 4], 240);
    REQUIRE_INT(p.v[4 * WIDTH / 2 + 11], 184);
    picture_fill(&p, 16, 128, 128);
    put(&p, red, 6, 7, (struct vt_colour){.matrix = 1, .chroma_site = 1});
    REQUIRE_INT(p.v[3 * WIDTH / 2 + 6], 184);
    REQUIRE_INT(p.v[4 * WIDTH / 2 + 6], 240);
    REQUIRE_INT(p.v[7 * WIDTH / 2 + 6], 184);
    // Left-sited: the column's site is the even one; [1 2 1] reaches one column to either side.
    REQUIRE_INT(p.v[5 * WIDTH / 2 + 2], 128);
    REQUIRE_INT(p.v[5 * WIDTH / 2 + 3], 212);
    REQUIRE_INT(p.v[5 * WIDTH / 2 + 10], 240);
    REQUIRE_INT(p.v[5 * WIDTH / 2 + 11], 156);
    cairo_surface_destroy(red);
}

// The four faults that overlays in other programs have, in every matrix and range, at odd places: what is premultiplied
// gets no darker, colours have the tagged matrix, an edge keeps its half of the chroma, and nothing moves to even places.
TEST(the_four_faults_are_in_no_matrix_and_range)
{
    static struct picture p;
    for (size_t m = 0; m < 2 * sizeof matrices; m++) {
        struct vt_colour colour = {.matrix = matrices[m / 2], .full_range = m & 1, .chroma_site = 2};
        double red[3], grey[3], ground[3];
        coded(&colour, 255, 0, 0, red);
        coded(&colour, 191, 191, 191, grey);
        coded(&colour, 64, 64, 64, ground);
        for (int parity = 0; parity < 4; parity++) {
            int x = 6 + (parity & 1), y = 6 + (parity >> 1);
            cairo_surface_t *solid = filled(16, 8, 0xffff0000), *half = filled(16, 8, premultiplied(128, 191, 191, 191));
            picture_fill(&p, (int)lround(ground[0]), 128, 128);
            put(&p, solid, x, y, colour);
            REQUIRE_NEAR(p.y[(y + 2) * WIDTH + x], red[0], 1);           // its first column, and none before
            REQUIRE_NEAR(p.y[(y + 2) * WIDTH + x - 1], ground[0], 1);
            REQUIRE_NEAR(p.u[(y / 2 + 2) * WIDTH / 2 + x / 2 + 3], red[1], 1);
            REQUIRE_NEAR(p.v[(y / 2 + 2) * WIDTH / 2 + x / 2 + 3], red[2], 1);
            double covered = x & 1 ? 0.5 : 1;
            REQUIRE_NEAR(p.v[(y / 2 + 2) * WIDTH / 2 + x / 2], 128 + (red[2] - 128) * covered, 1);
            REQUIRE_NEAR(p.u[(y / 2 + 2) * WIDTH / 2 + x / 2], 128 + (red[1] - 128) * covered, 1);
            picture_fill(&p, (int)lround(ground[0]), 128, 128);
            put(&p, half, x, y, colour);
            REQUIRE_NEAR(p.y[(y + 2) * WIDTH + x + 4], ground[0] + (grey[0] - ground[0]) * 128 / 255, 1);
            REQUIRE_INT(p.u[(y / 2 + 2) * WIDTH / 2 + x / 2 + 3], 128);
            cairo_surface_destroy(solid);
            cairo_surface_destroy(half);
        }
    }
}

TEST(what_fills_the_picture_hides_all_of_it)
{
    static struct picture p;
    cairo_surface_t *red = filled(WIDTH, HEIGHT, 0xffff0000);
    for (int site = 0; site <= 2; site++) {
        picture_fill(&p, 200, 30, 30);
        put(&p, red, 0, 0, (struct vt_colour){.matrix = 1, .chroma_site = (uint8_t)site});
        for (int i = 0; i < WIDTH * HEIGHT; i++)
            REQUIRE_INT(p.y[i], 63);
        for (int i = 0; i < WIDTH * HEIGHT / 4; i++) {
            REQUIRE_NEAR(p.u[i], 102, 1);
            REQUIRE_NEAR(p.v[i], 240, 1);
        }
    }
    cairo_surface_destroy(red);
}

static double tap(int distance, bool cosited)
{
    if (cosited)
        return distance == 0 ? 0.5 : distance == 1 || distance == -1 ? 0.25 : 0;
    return distance == 0 || distance == 1 ? 0.5 : 0;
}

// How much of a `width` × `height` box at (x, y) lies under the kernel of chroma sample (cx, cy).
static double covered(int x, int y, int width, int height, int cx, int cy, int site)
{
    double across = 0, down = 0;
    for (int d = -1; d <= 1; d++) {
        if (2 * cx + d >= x && 2 * cx + d < x + width)
            across += tap(d, site != 2);
        if (2 * cy + d >= y && 2 * cy + d < y + height)
            down += tap(d, site == 3);
    }
    return across * down;
}

TEST(chroma_follows_the_site_at_every_parity_and_odd_size)
{
    static struct picture p;
    for (int i = 0; i < 3 * 4 * 9; i++) {
        int site = 1 + i % 3, x = 8 + (i / 3 & 1), y = 6 + (i / 6 & 1);
        int width = 1 + i / 12 % 3 * 4, height = 1 + i / 36 * 3;
        cairo_surface_t *red = filled(width, height, 0xffff0000);
        picture_fill(&p, 16, 128, 128);
        put(&p, red, x, y, (struct vt_colour){.matrix = 1, .chroma_site = (uint8_t)site});
        for (int cy = 0; cy < HEIGHT / 2; cy++)
            for (int cx = 0; cx < WIDTH / 2; cx++)
                REQUIRE_NEAR(p.v[cy * WIDTH / 2 + cx],
                             128 + 112 * covered(x, y, width, height, cx, cy, site), 1);
        for (int ly = 0; ly < HEIGHT; ly++)
            for (int lx = 0; lx < WIDTH; lx++)
                REQUIRE_INT(p.y[ly * WIDTH + lx],
                            lx >= x && lx < x + width && ly >= y && ly < y + height ? 63 : 16);
        cairo_surface_destroy(red);
    }
}

TEST(columns_outside_the_surface_are_transparent)
{
    static struct picture p;
    static struct vt_placement placement;
    struct vt_colour colour = {.matrix = 1, .chroma_site = 1};
    cairo_surface_t *red = filled(10, 4, 0xffff0000);
    for (int source = -30; source <= 30; source++) {
        struct vt_sprite *sprite;
        REQUIRE_INT(vt_sprite_new(&sprite, red, source, 12, 4, 0, 0, &colour), 0);
        placement.list[0] = (struct vt_placed){.sprite = sprite, .x = 8, .y = 4, .opacity = 256};
        placement.count = 1;
        picture_fill(&p, 16, 128, 128);
        vt_blend(&p.planes, &placement);
        vt_placement_clear(&placement);
        for (int x = 0; x < WIDTH; x++) {
            bool inside = x >= 8 && x < 20 && x - 8 + source >= 0 && x - 8 + source < 10;
            REQUIRE_INT(p.y[5 * WIDTH + x], inside ? 63 : 16);
        }
    }
    cairo_surface_destroy(red);
}

TEST(spans_leave_out_what_is_transparent_and_mark_what_is_opaque)
{
    struct vt_colour colour = {.matrix = 1, .chroma_site = 1};
    cairo_surface_t *surface = filled(200, 2, 0);
    uint32_t *row = (uint32_t *)(void *)cairo_image_surface_get_data(surface);
    row[10] = 0x80808080;
    row[14] = 0x80808080;                // a short gap: one span
    for (int x = 100; x < 150; x++)
        row[x] = 0xffffffff;
    row[150] = 0x40404040;
    struct vt_sprite *sprite;
    REQUIRE_INT(vt_sprite_new(&sprite, surface, 0, 200, 2, 0, 0, &colour), 0);
    REQUIRE_INT(sprite->luma.first_span[1], 3);
    REQUIRE_INT(sprite->luma.first_span[2], 3);
    const struct vt_span *s = sprite->luma.spans;
    REQUIRE_INT(s[0].x, 10);
    REQUIRE_INT(s[0].count, 5);
    REQUIRE(!s[0].opaque);
    REQUIRE_INT(s[1].x, 100);
    REQUIRE_INT(s[1].count, 50);
    REQUIRE(s[1].opaque);
    REQUIRE_INT(s[2].x, 150);
    REQUIRE_INT(s[2].count, 1);
    vt_sprite_unref(&sprite);
    cairo_surface_destroy(surface);
}

static bool same_layer(const struct vt_sprite_layer *a, const struct vt_sprite_layer *b, int colours)
{
    size_t size = (size_t)a->stride * (size_t)a->height;
    bool same = a->width == b->width && a->height == b->height && !memcmp(a->alpha, b->alpha, size);
    for (int i = 0; i < colours; i++)
        same = same && !memcmp(a->colour[i], b->colour[i], size);
    return same;
}

#if defined(__x86_64__)
TEST(avx2_converts_as_c_does_in_every_bit)
{
    uint64_t seed = 1;
    if (!__builtin_cpu_supports("avx2")) {
        printf("# no AVX2 here\n");
        return;
    }
    for (int round = 0; round < 600; round++) {
        int width = 1 + round % 150, height = 1 + round % 7;
        cairo_surface_t *surface = filled(width, height, 0);
        uint8_t *data = cairo_image_surface_get_data(surface);
        for (int i = 0; i < cairo_image_surface_get_stride(surface) * height; i++) {
            // Also what cairo never draws: colour above its alpha.
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            data[i] = (uint8_t)(seed >> 40);
        }
        struct vt_colour colour = {.matrix = matrices[round % 4], .full_range = round / 4 & 1,
                                   .chroma_site = (uint8_t)(round / 8 % 4)};
        struct vt_sprite *c, *avx2;
        int source = round % 11 - 5, parity = round / 3 & 1;
        REQUIRE_INT(vt_sprite_new_with(&vt_sprite_rows_c, &c, surface, source, width, height, parity, round & 1,
                                       &colour), 0);
        REQUIRE_INT(vt_sprite_new_with(&vt_sprite_rows_avx2, &avx2, surface, source, width, height, parity, round & 1,
                                       &colour), 0);
        REQUIRE(same_layer(&c->luma, &avx2->luma, 1));
        REQUIRE(same_layer(&c->chroma, &avx2->chroma, 2));
        vt_sprite_unref(&c);
        vt_sprite_unref(&avx2);
        cairo_surface_destroy(surface);
    }
}
#endif

static void scribble(cairo_surface_t *surface, int from, int count, uint64_t *seed)
{
    int stride = cairo_image_surface_get_stride(surface);
    uint8_t *data = cairo_image_surface_get_data(surface);
    for (int y = 0; y < cairo_image_surface_get_height(surface); y++) {
        for (int x = 4 * from; x < 4 * (from + count); x++) {
            *seed = *seed * 6364136223846793005u + 1442695040888963407u;
            data[y * stride + x] = *seed >> 62 ? (uint8_t)(*seed >> 40) : 0;
        }
    }
}

TEST(columns_that_changed_are_converted_as_all_are)
{
    uint64_t seed = 7;
    for (int round = 0; round < 1200; round++) {
        int width = 1 + round % 150, height = 1 + round % 7, first = (int)(seed >> 33) % width;
        int count = 1 + (int)(seed >> 13 & 0xffff) % (width - first);
        struct vt_colour colour = {.matrix = matrices[round % 4], .full_range = round / 4 & 1,
                                   .chroma_site = (uint8_t)(round / 8 % 4)};
        cairo_surface_t *surface = filled(width, height, 0);
        struct vt_sprite *before, *all, *like;
        scribble(surface, 0, width, &seed);
        REQUIRE_INT(vt_sprite_new(&before, surface, 0, width, height, round / 3 & 1, round & 1, &colour), 0);
        scribble(surface, first, count, &seed);
        REQUIRE_INT(vt_sprite_new(&all, surface, 0, width, height, round / 3 & 1, round & 1, &colour), 0);
        REQUIRE_INT(vt_sprite_new_like(&like, before, surface, first, count, &colour), 0);
        REQUIRE(same_layer(&all->luma, &like->luma, 1));
        REQUIRE(same_layer(&all->chroma, &like->chroma, 2));
        REQUIRE_INT((int)vt_sprite_bytes(like), (int)vt_sprite_bytes(all));
        vt_sprite_unref(&like);
        REQUIRE_INT(vt_sprite_new_like(&like, before, surface, first, width - first + 1, &colour), -EINVAL);
        REQUIRE_INT(vt_sprite_new_like(&like, before, surface, -1, 1, &colour), -EINVAL);
        REQUIRE_INT(vt_sprite_new_like(&like, before, surface, first, 0, &colour), -EINVAL);
        vt_sprite_unref(&before);
        vt_sprite_unref(&all);
        cairo_surface_destroy(surface);
    }
}

TEST(what_cannot_be_a_sprite_is_refused)
{
    struct vt_colour colour = {.matrix = 1};
    struct vt_sprite *sprite = NULL;
    cairo_surface_t *surface = filled(8, 8, 0), *other = cairo_image_surface_create(CAIRO_FORMAT_A8, 8, 8);
    REQUIRE_INT(vt_sprite_new(&sprite, NULL, 0, 8, 8, 0, 0, &colour), -EINVAL);
    REQUIRE_INT(vt_sprite_new(&sprite, other, 0, 8, 8, 0, 0, &colour), -EINVAL);
    REQUIRE_INT(vt_sprite_new(&sprite, surface, 0, 0, 8, 0, 0, &colour), -EINVAL);
    REQUIRE_INT(vt_sprite_new(&sprite, surface, 0, 8, 9, 0, 0, &colour), -EINVAL);
    REQUIRE_INT(vt_sprite_new(&sprite, surface, 0, 8, 0, 0, 0, &colour), -EINVAL);
    REQUIRE_INT(vt_sprite_new(&sprite, surface, 0, 8, 8, 2, 0, &colour), -EINVAL);
    REQUIRE_INT(vt_sprite_new(&sprite, surface, 0, VT_SPRITE_SIDE + 1, 8, 0, 0, &colour), -EINVAL);
    REQUIRE(!sprite);
    REQUIRE_INT(vt_sprite_new(&sprite, surface, 0, VT_SPRITE_SIDE, 8, 0, 0, &colour), 0);
    vt_sprite_unref(&sprite);
    vt_sprite_unref(&sprite);
    cairo_surface_destroy(surface);
    cairo_surface_destroy(other);
}

int main(void)
{
    RUN(every_colour_at_every_alpha_is_within_one_code_value);
    RUN(premultiplied_grey_keeps_its_level);
    RUN(red_uses_the_tagged_matrix);
    RUN(an_odd_edge_keeps_its_chroma);
    RUN(the_four_faults_are_in_no_matrix_and_range);
    RUN(what_fills_the_picture_hides_all_of_it);
    RUN(chroma_follows_the_site_at_every_parity_and_odd_size);
    RUN(columns_outside_the_surface_are_transparent);
    RUN(spans_leave_out_what_is_transparent_and_mark_what_is_opaque);
#if defined(__x86_64__)
    RUN(avx2_converts_as_c_does_in_every_bit);
#endif
    RUN(columns_that_changed_are_converted_as_all_are);
    RUN(what_cannot_be_a_sprite_is_refused);
    return DONE();
}
