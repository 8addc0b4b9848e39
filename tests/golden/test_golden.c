// Draws the samples and compares them with the pictures that were looked at and committed.
//
//     test_golden FOLDER SAMPLES             compares
//     test_golden FOLDER SAMPLES --update    writes the pictures anew: look at them before committing
//
// The comparison forgives what another patch level of FreeType or cairo does to edges, not a box that moved.
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "overlay/overlay.h"
#include "studio/picture.h"

#define CLOCK INT64_C(1772391852000000000)       // 2026-03-01T19:04:12Z, when the samples' offers run

#define MEAN_DIFFERENCE 1.5              // of 255, over the drawn part
#define FAR_OFF         96               // a pixel this far off is wrong
#define FAR_OFF_SHARE   0.003            // of the drawn part may be
#define MOVED           0.1              // percent of the picture, of a rectangle

struct scene {
    const char *template, *sample;
    int width, height;                   // canvas; drawn at half its size
    double at;                           // seconds; below 0: at rest
};

#define BOTH(template, sample) { template, sample, 1280, 720, -1 }, { template, sample, 720, 1280, -1 }

static const struct scene scenes[] = {
    BOTH("product-card", "en"), BOTH("product-card", "zh"), BOTH("product-card", "ar"), BOTH("price-ticker", "en"),
    BOTH("price-ticker", "zh"), BOTH("price-ticker", "ar"), BOTH("flash-sale", "en"),   BOTH("flash-sale", "zh"),
    BOTH("flash-sale", "ar"),
    BOTH("flash-sale-card", "plain"), BOTH("flash-sale-card", "rtl"),
    { "carousel", "en", 1280, 720, -1 },        { "carousel", "ar", 720, 1280, -1 },
    { "coupon", "en", 1280, 720, -1 },          { "coupon", "ar", 720, 1280, -1 },
    { "sold-out", "en", 1280, 720, -1 },        { "sold-out", "ar", 720, 1280, -1 },
    { "coming-soon", "en", 1280, 720, -1 },     { "coming-soon", "ar", 720, 1280, -1 },
    { "bundle", "en", 1280, 720, -1 },          { "bundle", "ar", 720, 1280, -1 },
    { "product-card", "long", 1280, 720, -1 },  { "product-card", "sale", 1280, 720, 0.1 },
    { "flash-sale", "en", 720, 1280, 0.1 },     { "flash-sale", "over", 1280, 720, -1 },
};

#define SCENES ((int)(sizeof scenes / sizeof *scenes))

static const char *folder, *samples;

static struct vt_template *load_template(const char *name)
{
    static char text[VT_TEMPLATE_BYTES];
    char path[4096], folder_of[4096];
    struct vt_template *t = NULL;
    struct vt_diagnostics diagnostics = { 0 };
    snprintf(path, sizeof path, "%s/templates/%s.yaml", samples, name);
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(text, 1, sizeof text, file) : 0;
    if (file)
        fclose(file);
    snprintf(folder_of, sizeof folder_of, "%s/templates", samples);
    if (vt_template_load_in(&t, path, folder_of, text, size, &diagnostics) != 0)
        vt_diagnostics_print(&diagnostics, path, stdout);
    return t;
}

static struct vt_view *make_view(const struct scene *scene, struct vt_pictures *pictures, const json_t *products)
{
    const char *language = NULL;
    struct vt_view *view = NULL;
    struct vt_diagnostics diagnostics = { 0 };
    struct vt_template *t = load_template(scene->template);
    if (!t)
        return NULL;
    json_t *data = vt_template_sample(t, scene->sample, products, &language);
    struct vt_view_params params = {
        .template = t, .width = scene->width, .height = scene->height, .language = language, .data = data,
        .products = products, .at_ns = CLOCK, .rate = { 30, 1 }, .load_picture = vt_pictures_load, .opaque = pictures,
    };
    if (vt_view_new(&view, &params, &diagnostics) != 0 || diagnostics.count)
        vt_diagnostics_print(&diagnostics, scene->template, stdout);
    json_decref(data);
    vt_template_unref(&t);
    return view;
}

static cairo_surface_t *draw(const struct scene *scene, const struct vt_view *view)
{
    static struct vt_drawing drawing;
    struct vt_painter *painter = NULL;
    int width = scene->width / 2, height = scene->height / 2;
    int64_t at = scene->at < 0 ? VT_NS_PER_S : llround(scene->at * 1e9);
    struct vt_moment moment = { CLOCK + at, CLOCK, INT64_MAX };
    if (vt_painter_new(&painter, width, height) != 0 || vt_painter_draw(painter, view, &moment, &drawing) != 0)
        exit(1);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
    cairo_t *cr = cairo_create(surface);
    vt_drawing_paint(&drawing, cr);
    cairo_destroy(cr);
    cairo_surface_flush(surface);
    vt_painter_free(&painter);
    return surface;
}

// ---- comparing

static const uint8_t *pixel(cairo_surface_t *s, int x, int y)
{
    return cairo_image_surface_get_data(s) + y * cairo_image_surface_get_stride(s) + 4 * x;
}

static bool same_bytes(cairo_surface_t *a, cairo_surface_t *b)
{
    size_t size = (size_t)cairo_image_surface_get_stride(a) * (size_t)cairo_image_surface_get_height(a);
    return memcmp(cairo_image_surface_get_data(a), cairo_image_surface_get_data(b), size) == 0;
}

static bool alike(cairo_surface_t *a, cairo_surface_t *b, char *why, size_t room)
{
    int width = cairo_image_surface_get_width(a), height = cairo_image_surface_get_height(a);
    double sum = 0, drawn = 0, far_off = 0;
    snprintf(why, room, "another size");
    if (cairo_image_surface_get_width(b) != width || cairo_image_surface_get_height(b) != height)
        return false;
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            const uint8_t *p = pixel(a, x, y), *q = pixel(b, x, y);
            int worst = 0;
            for (int i = 0; i < 4; i++)
                worst = abs(p[i] - q[i]) > worst ? abs(p[i] - q[i]) : worst;
            drawn += p[3] > 0 || q[3] > 0;
            sum += worst;
            far_off += worst > FAR_OFF;
        }
    }
    snprintf(why, room, "differs by %.3f on average, %.3f %% of the pixels are far off", sum / fmax(drawn, 1),
             100 * far_off / fmax(drawn, 1));
    return drawn > 0 && sum / drawn <= MEAN_DIFFERENCE && far_off / drawn <= FAR_OFF_SHARE;
}

static void name_of(const struct scene *scene, char *out, size_t room)
{
    snprintf(out, room, "%s-%s-%s%s", scene->template, scene->sample, scene->width > scene->height ? "wide" : "tall",
             scene->at < 0 ? "" : "-entry");
}

static void describe(const char *name, const struct vt_view *view, FILE *to)
{
    int count;
    const struct vt_hotspot *list = vt_view_hotspots(view, &count);
    for (int i = 0; i < count; i++)
        fprintf(to, "%s %s %.3f %.3f %.3f %.3f\n", name, list[i].name, list[i].x, list[i].y, list[i].width,
                list[i].height);
}

static bool rectangles_stand(const char *name, const struct vt_view *view)
{
    char path[4096], scene[128], spot[64];
    double x, y, w, h;
    int count, found = 0;
    const struct vt_hotspot *list = vt_view_hotspots(view, &count);
    snprintf(path, sizeof path, "%s/rectangles.txt", folder);
    FILE *file = fopen(path, "r");
    while (file && fscanf(file, "%127s %63s %lf %lf %lf %lf", scene, spot, &x, &y, &w, &h) == 6) {
        for (int i = 0; i < count && strcmp(scene, name) == 0; i++)
            found += strcmp(list[i].name, spot) == 0 && fabs(list[i].x - x) <= MOVED && fabs(list[i].y - y) <= MOVED &&
                     fabs(list[i].width - w) <= MOVED && fabs(list[i].height - h) <= MOVED;
    }
    if (file)
        fclose(file);
    return count > 0 && found == count;
}

static bool run(const struct scene *scene, const struct vt_view *view, bool update, FILE *rectangles)
{
    char name[128], path[4096], why[160] = "cannot be written";
    name_of(scene, name, sizeof name);
    snprintf(path, sizeof path, "%s/%s.png", folder, name);
    cairo_surface_t *surface = draw(scene, view), *again = draw(scene, view);
    bool good = same_bytes(surface, again);
    if (!good)
        printf("# %s: drawn twice, it differs\n", name);
    if (update) {
        describe(name, view, rectangles);
        good &= cairo_surface_write_to_png(surface, path) == CAIRO_STATUS_SUCCESS;
    } else {
        cairo_surface_t *golden = cairo_image_surface_create_from_png(path);
        bool same = cairo_surface_status(golden) == CAIRO_STATUS_SUCCESS && alike(surface, golden, why, sizeof why);
        bool placed = rectangles_stand(name, view);
        if (!same)
            printf("# %s: %s\n", path, why);
        if (!placed)
            printf("# %s: a rectangle moved\n", name);
        good &= same && placed;
        cairo_surface_destroy(golden);
    }
    cairo_surface_destroy(surface);
    cairo_surface_destroy(again);
    return good;
}

int main(int argc, char **argv)
{
    char path[4096];
    int failures = 0;
    bool update = argc == 4 && strcmp(argv[3], "--update") == 0;
    if (argc != 3 && !update) {
        fprintf(stderr, "usage: test_golden FOLDER SAMPLES [--update]\n");
        return 2;
    }
    folder = argv[1];
    samples = argv[2];
    snprintf(path, sizeof path, "%s/products.json", samples);
    json_t *products = json_load_file(path, 0, NULL);
    struct vt_pictures *pictures = NULL;
    snprintf(path, sizeof path, "%s/rectangles.txt", folder);
    FILE *rectangles = update ? fopen(path, "w") : NULL;
    if (vt_pictures_new(&pictures, samples) != 0 || !products || (update && !rectangles))
        return 1;
    printf("1..%d\n", SCENES);
    for (int i = 0; i < SCENES; i++) {
        char name[128];
        struct vt_view *view = make_view(&scenes[i], pictures, products);
        bool good = view && run(&scenes[i], view, update, rectangles);
        name_of(&scenes[i], name, sizeof name);
        printf("%sok %d - %s\n", good ? "" : "not ", i + 1, name);
        failures += !good;
        vt_view_unref(&view);
    }
    if (rectangles)
        fclose(rectangles);
    vt_pictures_free(&pictures);
    json_decref(products);
    return failures > 0;
}
