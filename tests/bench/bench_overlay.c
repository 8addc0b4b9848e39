// What the samples cost a frame: CPU microseconds of drawing ahead (painting and converting what changed) and of the frame
// path (blending), at one size or several; what a template costs when it is drawn for the first time, and what it keeps.
//
//     bench_overlay SAMPLES FOLDER
//
// Prints, and writes into FOLDER a picture of every overlay for others to blend:
//     frame CASE WIDTHxHEIGHT drawing blending
//     first TEMPLATE view drawing converting kilobytes        at 1920 x 1080
//     take TEMPLATE all                                       its picture decoded and scaled anew, at all sizes
//     picture NAME WIDTHxHEIGHT x y                           NAME-WIDTHxHEIGHT.png
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "studio/proof.h"
#include "studio/spritecache.h"

#define WIDTH   1920
#define HEIGHT  1080
#define FRAMES  300
#define ROUNDS  5
#define ENTRY   12                       // frames of the end card's entry
#define VIEWS   3
#define SPRITES 512
#define START   INT64_C(5)               // seconds on air before the first frame, at rest

static const struct vt_colour colour = {.primaries = 1, .transfer = 1, .matrix = 1, .chroma_site = 1};
static const struct { int width, height; } sizes[] = {{1920, 1080}, {1280, 720}, {640, 360}};

static const struct way {
    const char *name;
    const char *templates[VIEWS];
    bool enters;                         // shows its entry again and again
} ways[] = {
    {"card", {"product-card"}, false},
    {"all", {"product-card", "flash-sale", "price-ticker"}, false},
    {"full", {"end-card"}, true},
};

static const char *const all[] = {"product-card", "flash-sale", "price-ticker", "carousel", "coupon", "sold-out",
                                  "coming-soon", "lower-third", "bundle", "end-card"};

static void fail(const char *what)
{
    fprintf(stderr, "bench_overlay: %s\n", what);
    exit(1);
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

static double median(double *list)
{
    qsort(list, ROUNDS, sizeof *list, ascending);
    return list[ROUNDS / 2];
}

static void open_proof(struct vt_proof *proof, const char *samples, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/templates/%s.yaml", samples, name);
    if (vt_proof_open(proof, path, NULL, NULL) != 0)
        fail(path);
}

static struct vt_view *make_view(const struct vt_proof *proof)
{
    struct vt_view *view = NULL;
    struct vt_proof_scene scene = {.width = WIDTH, .height = HEIGHT};
    if (vt_proof_view(proof, &scene, &view, NULL) != 0)
        fail("a sample cannot be shown");
    return view;
}

struct stage {
    struct vt_view *views[VIEWS];
    int n_views;
    int64_t clock_ns;
    struct vt_painter *painter;
    struct vt_spritecache *sprites;
    struct vt_placement placement;
    struct vt_planes picture;
    bool enters;
};

static void draw_frame(struct stage *s, int frame)
{
    static struct vt_drawing drawing;
    int64_t enter_ns = s->clock_ns - (s->enters ? 0 : START * VT_NS_PER_S);
    int64_t at = vt_frame_to_ns(s->enters ? frame % ENTRY : frame, (struct vt_rational){30, 1});
    struct vt_moment moment = {.now_ns = s->clock_ns + at, .enter_ns = enter_ns, .exit_ns = INT64_MAX};
    for (int i = 0; i < s->n_views; i++) {
        if (vt_painter_draw(s->painter, s->views[i], &moment, &drawing) != 0 ||
            vt_spritecache_place(s->sprites, &drawing, frame, &s->placement) != 0)
            fail("out of memory");
    }
    vt_spritecache_sweep(s->sprites, frame - 60);
}

static void measure(struct stage *s, const char *name, int width, int height)
{
    double drawing[ROUNDS], blending[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        drawing[round] = blending[round] = 0;
        for (int i = 0; i < FRAMES; i++) {
            double start = cpu_us();
            draw_frame(s, round * FRAMES + i);
            double drawn = cpu_us();
            vt_blend(&s->picture, &s->placement);
            blending[round] += cpu_us() - drawn;
            drawing[round] += drawn - start;
            vt_placement_clear(&s->placement);
        }
        drawing[round] /= FRAMES;
        blending[round] /= FRAMES;
    }
    printf("frame %s %dx%d %.1f %.1f\n", name, width, height, median(drawing), median(blending));
}

static void run_way(const struct way *way, const char *samples, int width, int height)
{
    struct vt_proof proofs[VIEWS];
    struct stage *s = calloc(1, sizeof *s);
    uint8_t *data = malloc((size_t)width * (size_t)height * 3 / 2);
    if (!s || !data || vt_painter_new(&s->painter, width, height) != 0)
        fail("out of memory");
    memset(data, 100, (size_t)width * (size_t)height * 3 / 2);
    s->picture = (struct vt_planes){{data, data + width * height, data + width * height * 5 / 4},
                                    {width, width / 2, width / 2}, width, height};
    s->sprites = vt_spritecache_new(&colour, SPRITES, SIZE_MAX);
    s->enters = way->enters;
    for (; s->n_views < VIEWS && way->templates[s->n_views]; s->n_views++) {
        open_proof(&proofs[s->n_views], samples, way->templates[s->n_views]);
        s->views[s->n_views] = make_view(&proofs[s->n_views]);
        s->clock_ns = proofs[s->n_views].clock_ns;
    }
    measure(s, way->name, width, height);
    for (int i = 0; i < s->n_views; i++) {
        vt_view_unref(&s->views[i]);
        vt_proof_close(&proofs[i]);
    }
    vt_spritecache_free(&s->sprites);
    vt_painter_free(&s->painter);
    free(data);
    free(s);
}

static double kilobytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return (double)(info.uordblks + info.hblkhd) / 1024;
}

static void first_time(const char *samples, const char *name)
{
    static struct vt_drawing drawing;
    static struct vt_placement placement;
    double made[ROUNDS], drawn[ROUNDS], converted[ROUNDS], kept = 0;
    struct vt_proof proof;
    open_proof(&proof, samples, name);
    for (int i = 0; i < ROUNDS; i++) {
        struct vt_moment moment = {.now_ns = proof.clock_ns, .enter_ns = proof.clock_ns - START * VT_NS_PER_S,
                                   .exit_ns = INT64_MAX};
        struct vt_painter *painter = NULL;
        double before = kilobytes(), start = cpu_us();
        struct vt_view *view = make_view(&proof);
        struct vt_spritecache *sprites = vt_spritecache_new(&colour, SPRITES, SIZE_MAX);
        made[i] = cpu_us() - start;
        start = cpu_us();
        if (vt_painter_new(&painter, WIDTH, HEIGHT) != 0 || vt_painter_draw(painter, view, &moment, &drawing) != 0)
            fail("out of memory");
        drawn[i] = cpu_us() - start;
        start = cpu_us();
        if (vt_spritecache_place(sprites, &drawing, 0, &placement) != 0)
            fail("out of memory");
        converted[i] = cpu_us() - start;
        kept = kilobytes() - before;
        vt_placement_clear(&placement);
        vt_spritecache_free(&sprites);
        vt_painter_free(&painter);
        vt_view_unref(&view);
    }
    printf("first %s %.0f %.0f %.0f %.0f\n", name, median(made), median(drawn), median(converted), kept);
    vt_proof_close(&proof);
}

// All that a take costs before its first frame is there: nothing of it is known, its picture least of all.
static void take(const char *samples, const char *name)
{
    static struct vt_drawing drawing;
    static struct vt_placement placement;
    double spent[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        struct vt_proof proof;
        open_proof(&proof, samples, name);
        struct vt_moment moment = {.now_ns = proof.clock_ns, .enter_ns = proof.clock_ns, .exit_ns = INT64_MAX};
        double start = cpu_us();
        struct vt_view *view = make_view(&proof);
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            struct vt_painter *painter = NULL;
            struct vt_spritecache *sprites = vt_spritecache_new(&colour, SPRITES, SIZE_MAX);
            if (vt_painter_new(&painter, sizes[k].width, sizes[k].height) != 0 ||
                vt_painter_draw(painter, view, &moment, &drawing) != 0 ||
                vt_spritecache_place(sprites, &drawing, 0, &placement) != 0)
                fail("out of memory");
            vt_placement_clear(&placement);
            vt_spritecache_free(&sprites);
            vt_painter_free(&painter);
        }
        spent[i] = cpu_us() - start;
        vt_view_unref(&view);
        vt_proof_close(&proof);
    }
    printf("take %s %.0f\n", name, median(spent));
}

static void write_picture(const char *samples, const char *folder, const char *name, int width, int height)
{
    static struct vt_drawing drawing;
    struct vt_proof proof;
    struct vt_painter *painter = NULL;
    char path[4096];
    open_proof(&proof, samples, name);
    struct vt_view *view = make_view(&proof);
    struct vt_moment moment = {.now_ns = proof.clock_ns, .enter_ns = proof.clock_ns - START * VT_NS_PER_S, .exit_ns = INT64_MAX};
    if (vt_painter_new(&painter, width, height) != 0 || vt_painter_draw(painter, view, &moment, &drawing) != 0)
        fail("out of memory");
    int x0 = width, y0 = height, x1 = 0, y1 = 0;
    for (int i = 0; i < drawing.count; i++) {
        const struct vt_layer *l = &drawing.layers[i];
        x0 = (int)fmin(x0, fmax(0, l->x));
        y0 = (int)fmin(y0, fmax(0, l->y));
        x1 = (int)fmax(x1, fmin(width, l->x + l->width));
        y1 = (int)fmax(y1, fmin(height, l->y + l->height));
    }
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, x1 - x0, y1 - y0);
    cairo_t *cr = cairo_create(surface);
    cairo_translate(cr, -x0, -y0);
    vt_drawing_paint(&drawing, cr);
    cairo_destroy(cr);
    snprintf(path, sizeof path, "%s/%s-%dx%d.png", folder, name, width, height);
    if (cairo_surface_write_to_png(surface, path) != CAIRO_STATUS_SUCCESS)
        fail(path);
    printf("picture %s %dx%d %d %d\n", name, width, height, x0, y0);
    cairo_surface_destroy(surface);
    vt_painter_free(&painter);
    vt_view_unref(&view);
    vt_proof_close(&proof);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: bench_overlay SAMPLES FOLDER\n", stderr);
        return 2;
    }
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
            run_way(&ways[i], argv[1], sizes[k].width, sizes[k].height);
            for (int t = 0; t < VIEWS && ways[i].templates[t]; t++)
                write_picture(argv[1], argv[2], ways[i].templates[t], sizes[k].width, sizes[k].height);
        }
    }
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        first_time(argv[1], all[i]);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        take(argv[1], all[i]);
    return 0;
}
