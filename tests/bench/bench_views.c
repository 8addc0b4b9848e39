// What a card costs before it is a picture: views made, layers drawn for the first time and again.
//
//     bench_views SAMPLES ROUNDS TEMPLATE...
//
// Prints one line for each template: microseconds of CPU for a view, for its first drawing and for a drawing of one
// more frame, at 1280x720.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "overlay/overlay.h"
#include "studio/picture.h"

#define CLOCK INT64_C(1772391852000000000)       // when the samples' offers run

static double cpu_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static struct vt_template *load(const char *path)
{
    static char text[VT_TEMPLATE_BYTES];
    struct vt_template *t = NULL;
    struct vt_diagnostics diagnostics = { 0 };
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(text, 1, sizeof text, file) : 0;
    if (file)
        fclose(file);
    if (vt_template_load(&t, path, text, size, &diagnostics) != 0)
        vt_diagnostics_print(&diagnostics, path, stderr);
    return t;
}

static void measure(const struct vt_view_params *params, int rounds, const char *path)
{
    static struct vt_drawing drawing;
    double made = 0, first = 0, next = 0;
    for (int i = 0; i < rounds; i++) {
        struct vt_view *view = NULL;
        struct vt_painter *painter = NULL;
        struct vt_moment moment = { CLOCK + VT_NS_PER_S, CLOCK, INT64_MAX };
        double start = cpu_us();
        if (vt_view_new(&view, params, NULL) != 0 || vt_painter_new(&painter, 1280, 720) != 0)
            exit(1);
        double at = cpu_us();
        made += at - start;
        vt_painter_draw(painter, view, &moment, &drawing);
        start = cpu_us();
        first += start - at;
        for (int frame = 1; frame <= 30; frame++) {
            moment.now_ns = CLOCK + VT_NS_PER_S + vt_frame_to_ns(frame, params->rate);
            vt_painter_draw(painter, view, &moment, &drawing);
        }
        next += (cpu_us() - start) / 30;
        vt_painter_free(&painter);
        vt_view_unref(&view);
    }
    printf("%s: view %.0f, first drawing %.0f, next frame %.1f us\n", path, made / rounds, first / rounds,
           next / rounds);
}

int main(int argc, char **argv)
{
    char path[4096];
    struct vt_pictures *pictures = NULL;
    int rounds = argc > 2 ? atoi(argv[2]) : 0;
    if (argc < 4 || rounds < 1) {
        fprintf(stderr, "usage: bench_views SAMPLES ROUNDS TEMPLATE...\n");
        return 2;
    }
    snprintf(path, sizeof path, "%s/products.json", argv[1]);
    json_t *products = json_load_file(path, 0, NULL);
    if (vt_pictures_new(&pictures, argv[1]) != 0 || !products)
        return 1;
    for (int i = 3; i < argc; i++) {
        const char *language = NULL;
        struct vt_template *t = load(argv[i]);
        if (!t)
            return 1;
        json_t *data = vt_template_sample(t, NULL, products, &language);
        struct vt_view_params params = {
            .template = t, .width = 1280, .height = 720, .language = language, .data = data, .products = products,
            .at_ns = CLOCK, .rate = { 30, 1 }, .load_picture = vt_pictures_load, .opaque = pictures,
        };
        measure(&params, rounds, argv[i]);
        json_decref(data);
        vt_template_unref(&t);
    }
    vt_pictures_free(&pictures);
    json_decref(products);
    return 0;
}
