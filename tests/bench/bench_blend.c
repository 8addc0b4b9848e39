// What compositing costs at 1080p: microseconds of CPU a frame, medians, with the C path and with AVX2.
//
//     card      a static card of 640 × 240
//     all       card, a countdown that changes once a second, a ticker across the picture that moves every frame
//     all-new   the same, with the ticker's pixels converted anew for every frame
//
// Pictures rotate, so that each one is met cold as after a scaler or a copy. Prints one line a case: "name path µs",
// then the ratio of the two paths.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "studio/sprite_planes.h"

#define WIDTH     1920
#define HEIGHT    1080
#define PICTURES  8
#define FRAMES    300
#define ROUNDS    5
#define STRIP     6000                   // length of the ticker's text
#define TICKER    64                     // its height

static const struct vt_colour colour = {.primaries = 1, .transfer = 1, .matrix = 1, .chroma_site = 1};

struct bench {
    struct vt_planes pictures[PICTURES];
    cairo_surface_t *card, *countdown, *strip;
    struct vt_sprite *card_sprite, *countdown_sprite, *strip_sprites[2];
    struct vt_placement placement;
};

struct way {
    const char *name;
    bool countdown, ticker, converts;
};

static void fail(const char *what)
{
    fprintf(stderr, "bench_blend: %s\n", what);
    exit(1);
}

static void rounded(cairo_t *cr, double w, double h, double r)
{
    cairo_new_sub_path(cr);
    cairo_arc(cr, w - r, r, r, -1.5708, 0);
    cairo_arc(cr, w - r, h - r, r, 0, 1.5708);
    cairo_arc(cr, r, h - r, r, 1.5708, 3.1416);
    cairo_arc(cr, r, r, r, 3.1416, 4.7124);
    cairo_close_path(cr);
}

static cairo_surface_t *drawn(int width, int height, double radius, double alpha, const char *text)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    cairo_t *cr = cairo_create(surface);
    rounded(cr, width, height, radius);
    cairo_set_source_rgba(cr, 0.1, 0.1, 0.15, alpha);
    cairo_fill(cr);
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_set_font_size(cr, height * 0.5);
    cairo_move_to(cr, 20, height * 0.68);
    cairo_show_text(cr, text);
    if (cairo_status(cr) != CAIRO_STATUS_SUCCESS)
        fail("cannot draw");
    cairo_destroy(cr);
    cairo_surface_flush(surface);
    return surface;
}

static struct vt_sprite *sprite(cairo_surface_t *surface, int source_x, int width, int parity)
{
    struct vt_sprite *s;
    if (vt_sprite_new(&s, surface, source_x, width, cairo_image_surface_get_height(surface), parity, 0, &colour) < 0)
        fail("cannot make a sprite");
    return s;
}

static void set_up(struct bench *b)
{
    for (int i = 0; i < PICTURES; i++) {
        uint8_t *data = malloc(WIDTH * HEIGHT * 3 / 2);
        if (!data)
            fail("out of memory");
        memset(data, 100 + i, WIDTH * HEIGHT * 3 / 2);
        b->pictures[i] = (struct vt_planes){
            {data, data + WIDTH * HEIGHT, data + WIDTH * HEIGHT * 5 / 4}, {WIDTH, WIDTH / 2, WIDTH / 2}, WIDTH, HEIGHT,
        };
    }
    b->card = drawn(640, 240, 24, 0.85, "Trail shoe 59,99 €");
    b->countdown = drawn(280, 96, 16, 1, "09:59");
    b->strip = drawn(STRIP, TICKER, 0, 0.8, "Trail shoe 59,99 € · Running vest 24,90 € · Socks, three pairs 12,00 €");
    b->card_sprite = sprite(b->card, 0, 640, 0);
    b->countdown_sprite = sprite(b->countdown, 0, 280, 1);
    for (int i = 0; i < 2; i++)
        b->strip_sprites[i] = sprite(b->strip, 0, STRIP, i);
}

static void add(struct bench *b, struct vt_sprite *s, int x, int y, bool window)
{
    b->placement.list[b->placement.count++] = (struct vt_placed){
        .sprite = vt_sprite_ref(s), .x = x, .y = y, .opacity = 256, .clip_x = 0, .clip_width = window ? WIDTH : 0,
    };
}

static void compose(struct bench *b, const struct way *way, const struct vt_blend_ways *ways, int frame)
{
    int scroll = 3 * frame;
    if (way->countdown && frame % 30 == 0) {
        vt_sprite_unref(&b->countdown_sprite);
        b->countdown_sprite = sprite(b->countdown, 0, 280, 1);
    }
    add(b, b->card_sprite, 1200, 760, false);
    if (way->countdown)
        add(b, b->countdown_sprite, 61, 40, false);
    if (way->ticker && way->converts) {
        struct vt_sprite *fresh = sprite(b->strip, scroll, WIDTH, 0);
        add(b, fresh, 0, HEIGHT - TICKER, false);
        vt_sprite_unref(&fresh);
    } else if (way->ticker) {
        add(b, b->strip_sprites[scroll & 1], -scroll, HEIGHT - TICKER, true);
    }
    vt_blend_with(ways, &b->pictures[frame % PICTURES], &b->placement);
    vt_placement_clear(&b->placement);
}

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

// The median over the rounds of what a frame takes.
static double measure(struct bench *b, const struct way *way, const struct vt_blend_ways *ways)
{
    double us[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        double start = cpu_us();
        for (int frame = 0; frame < FRAMES; frame++)
            compose(b, way, ways, frame);
        us[i] = (cpu_us() - start) / FRAMES;
    }
    qsort(us, ROUNDS, sizeof *us, ascending);
    return us[ROUNDS / 2];
}

static void tear_down(struct bench *b)
{
    for (int i = 0; i < PICTURES; i++)
        free(b->pictures[i].plane[0]);
    vt_sprite_unref(&b->card_sprite);
    vt_sprite_unref(&b->countdown_sprite);
    vt_sprite_unref(&b->strip_sprites[0]);
    vt_sprite_unref(&b->strip_sprites[1]);
    cairo_surface_destroy(b->card);
    cairo_surface_destroy(b->countdown);
    cairo_surface_destroy(b->strip);
}

int main(void)
{
    static const struct way ways[] = {
        {"card", false, false, false}, {"all", true, true, false}, {"all-new", true, true, true},
    };
    static struct bench bench;
    set_up(&bench);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        double c = measure(&bench, &ways[i], &vt_blend_ways_c);
        printf("%-8s c    %7.1f\n", ways[i].name, c);
#if defined(__x86_64__)
        if (__builtin_cpu_supports("avx2")) {
            double avx2 = measure(&bench, &ways[i], &vt_blend_ways_avx2);
            printf("%-8s avx2 %7.1f\n%-8s c/avx2 %5.1f\n", ways[i].name, avx2, ways[i].name, c / avx2);
        }
#endif
    }
    tear_down(&bench);
    return 0;
}
