// Draws every sample of every template in every language, landscape and portrait, at ten instants, and compares each
// picture's hash with the committed one: exactly, because the fonts are pinned. What differs is written as a PNG.
//
//     test_instants TABLE SAMPLES             compares
//     test_instants TABLE SAMPLES --update    writes the table anew: look at `git diff` and at the pictures first
//
// Each is drawn twice, by one thread and by four, and each rectangle is held against the pixels of its node alone.
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "overlay/paint.h"
#include "studio/picture.h"

#define CASES_MAX     4096
#define TEMPLATES_MAX 64
#define INSTANTS      10
#define THREADS       4
#define EXIT_NS       (8 * VT_NS_PER_S)
#define DIFFERENCES   "golden-differences"       // in the working directory
#define WRITTEN_MOST  20

static const int64_t instants_ms[INSTANTS] = { 0, 67, 133, 233, 333, 1000, 2500, 7967, 8067, 8133 };
static const char *const languages[] = { "en", "zh", "ar" };

struct golden_case {
    struct vt_template *template;
    char name[160];                      // template sample aspect language
    const char *sample, *language;
    int width, height;
    uint64_t hashes[INSTANTS], again[INSTANTS];
    char wrong[160];
};

static struct vt_template *templates[TEMPLATES_MAX];
static struct golden_case cases[CASES_MAX];
static int n_templates, n_cases;
static const char *samples;
static json_t *products;
static int64_t clock_ns;

// ---- what is drawn

static int is_template(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && strcmp(dot, ".yaml") == 0;
}

static void load_template(const char *file)
{
    static char text[VT_TEMPLATE_BYTES];
    char path[4600], folder[4096];
    struct vt_diagnostics said = { 0 };
    snprintf(folder, sizeof folder, "%s/templates", samples);
    snprintf(path, sizeof path, "%s/%s", folder, file);
    FILE *stream = fopen(path, "rb");
    size_t size = stream ? fread(text, 1, sizeof text, stream) : 0;
    if (stream)
        fclose(stream);
    if (n_templates == TEMPLATES_MAX || vt_template_load_in(&templates[n_templates], path, folder, text, size, &said) != 0) {
        vt_diagnostics_print(&said, path, stderr);
        exit(1);
    }
    n_templates++;
}

static void add_case(struct vt_template *t, const char *file, const char *sample, const char *language, bool wide)
{
    if (n_cases == CASES_MAX)
        exit(1);
    struct golden_case *c = &cases[n_cases++];
    *c = (struct golden_case){ .template = t, .sample = sample, .language = language, .width = wide ? 1280 : 720,
                               .height = wide ? 720 : 1280 };
    snprintf(c->name, sizeof c->name, "%.*s %s %s %s", (int)strcspn(file, "."), file, sample, wide ? "wide" : "tall",
             language);
}

// Every sample in its own language, and in those that all samples speak.
static void add_cases(struct vt_template *t, const char *file)
{
    for (const char *const *sample = vt_template_samples(t); *sample; sample++) {
        const char *own = NULL;
        json_decref(vt_template_sample(t, *sample, products, &own));
        for (size_t i = 0; i < sizeof languages / sizeof *languages; i++) {
            add_case(t, file, *sample, languages[i], true);
            add_case(t, file, *sample, languages[i], false);
            own = own && strcmp(own, languages[i]) == 0 ? NULL : own;
        }
        if (own) {
            add_case(t, file, *sample, own, true);
            add_case(t, file, *sample, own, false);
        }
    }
}

static struct vt_view *make_view(struct golden_case *c, struct vt_pictures *pictures)
{
    struct vt_view *view = NULL;
    struct vt_diagnostics said = { 0 };
    json_t *data = vt_template_sample(c->template, c->sample, products, NULL);
    struct vt_view_params params = {
        .template = c->template, .width = c->width, .height = c->height, .language = c->language, .data = data,
        .products = products, .at_ns = clock_ns, .rate = { 30, 1 }, .load_picture = vt_pictures_load,
        .opaque = pictures, .strict = true,
    };
    if (vt_view_new(&view, &params, &said) != 0)
        snprintf(c->wrong, sizeof c->wrong, "%d:%d: %.120s", said.list[0].line, said.list[0].column, said.list[0].text);
    json_decref(data);
    return view;
}

// ---- pictures and their hashes

static cairo_surface_t *draw_at(const struct golden_case *c, struct vt_painter *painter, const struct vt_view *view,
                                const struct vt_moment *moment, struct vt_drawing *drawing)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, c->width / 2, c->height / 2);
    if (vt_painter_draw(painter, view, moment, drawing) != 0)
        exit(1);
    cairo_t *cr = cairo_create(surface);
    vt_drawing_paint(drawing, cr);
    cairo_destroy(cr);
    cairo_surface_flush(surface);
    return surface;
}

static cairo_surface_t *draw(const struct golden_case *c, struct vt_painter *painter, const struct vt_view *view, int at,
                             struct vt_drawing *drawing)
{
    struct vt_moment moment = { clock_ns + instants_ms[at] * 1000000, clock_ns, clock_ns + EXIT_NS };
    return draw_at(c, painter, view, &moment, drawing);
}

static uint64_t hash_of(cairo_surface_t *surface)
{
    uint64_t hash = VT_HASH_START;
    size_t size = (size_t)cairo_image_surface_get_stride(surface) * (size_t)cairo_image_surface_get_height(surface);
    const unsigned char *data = cairo_image_surface_get_data(surface);
    for (size_t i = 0; i + 4 <= size; i += 4) {
        uint32_t pixel;
        memcpy(&pixel, data + i, 4);
        hash = (hash ^ pixel) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static void hash_all(struct golden_case *c, struct vt_painter *painter, const struct vt_view *view,
                     uint64_t hashes[INSTANTS])
{
    struct vt_drawing *drawing = calloc(1, sizeof *drawing);
    if (!drawing)
        exit(1);
    for (int i = 0; i < INSTANTS; i++) {
        cairo_surface_t *surface = draw(c, painter, view, i, drawing);
        hashes[i] = hash_of(surface);
        cairo_surface_destroy(surface);
    }
    free(drawing);
}

static void write_difference(struct golden_case *c, int at)
{
    static int written;
    char path[256];
    struct vt_pictures *pictures = NULL;
    struct vt_painter *painter = NULL;
    static struct vt_drawing drawing;
    if (written++ >= WRITTEN_MOST || vt_pictures_new(&pictures, samples) != 0)
        return;
    struct vt_view *view = make_view(c, pictures);
    mkdir(DIFFERENCES, 0755);
    snprintf(path, sizeof path, DIFFERENCES "/%s %lld.png", c->name, (long long)instants_ms[at]);
    for (char *blank = path; (blank = strchr(blank, ' '));)
        *blank = '-';
    if (view && vt_painter_new(&painter, c->width / 2, c->height / 2) == 0) {
        cairo_surface_t *surface = draw(c, painter, view, at, &drawing);
        cairo_surface_write_to_png(surface, path);
        cairo_surface_destroy(surface);
        printf("# see %s\n", path);
    }
    vt_painter_free(&painter);
    vt_view_unref(&view);
    vt_pictures_free(&pictures);
}

// ---- rectangles

static bool is_within(const struct vt_item *item, const struct vt_item *around)
{
    while (item && item != around)
        item = item->parent;
    return item;
}

struct album {                           // pictures that were scaled already
    struct vt_scaled_picture kept[VT_SCALED_PICTURES];
    int next;
};

// The pixels of a node and what is in it, without its shadow, at canvas size.
static cairo_surface_t *draw_alone(const struct golden_case *c, struct album *album, const struct vt_view *view,
                                   const struct vt_item *node)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, c->width, c->height);
    struct vt_brush brush = { .cr = cairo_create(surface), .sx = 1, .sy = 1, .pictures = album->kept,
                              .next_picture = &album->next };
    for (int i = 0; i < view->n_items; i++) {
        struct vt_item item = *view->items[i];
        if (!is_within(view->items[i], node))
            continue;
        item.box.style.shadow.colour.a = 0;
        vt_paint_item(&brush, &item);
    }
    cairo_destroy(brush.cr);
    cairo_surface_flush(surface);
    return surface;
}

static bool bounds(cairo_surface_t *surface, int ret[4])
{
    int width = cairo_image_surface_get_width(surface), height = cairo_image_surface_get_height(surface);
    int stride = cairo_image_surface_get_stride(surface);
    const unsigned char *data = cairo_image_surface_get_data(surface);
    ret[0] = width, ret[1] = height, ret[2] = ret[3] = 0;
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            if (data[y * stride + 4 * x + 3] == 0)
                continue;
            ret[0] = x < ret[0] ? x : ret[0];
            ret[1] = y < ret[1] ? y : ret[1];
            ret[2] = x + 1 > ret[2] ? x + 1 : ret[2];
            ret[3] = y + 1 > ret[3] ? y + 1 : ret[3];
        }
    }
    return ret[2] > 0;
}

static const struct vt_item *node_of(const struct vt_view *view, const char *name)
{
    for (int i = 0; i < view->n_items; i++) {
        if (view->items[i]->node->id && strcmp(view->items[i]->node->id, name) == 0)
            return view->items[i];
    }
    return NULL;
}

// A target that is at least so large may reach beyond its pixels, as far as that needs.
static bool reaches(const struct golden_case *c, const struct vt_item *node, const double want[4], const int seen[4])
{
    const struct vt_yaml *min = vt_yaml_get(vt_yaml_get(node->node->yaml, "hotspot"), "min-target");
    double least = min ? strtod(min->text, NULL) / VT_PLAYER_SIDE * fmin(c->width, c->height) : 0;
    bool good = true;
    for (int k = 0; k < 2; k++) {
        double size = want[k + 2] - want[k];
        bool exact = fabs(want[k] - seen[k]) <= 1 && fabs(want[k + 2] - seen[k + 2]) <= 1;
        good &= exact || (size <= least + 1 && want[k] <= seen[k] + 1 && want[k + 2] >= seen[k + 2] - 1);
    }
    return good;
}

static void check_rectangles(struct golden_case *c, struct album *album, const struct vt_view *view)
{
    int count, seen[4];
    const struct vt_hotspot *list = vt_view_hotspots(view, &count);
    for (int i = 0; i < count; i++) {
        const struct vt_item *node = node_of(view, list[i].name);
        if (!node)                       // NAME-2 of a repetition: its first stands for all
            continue;
        double x = list[i].x * c->width / 100, y = list[i].y * c->height / 100;
        double want[4] = { x, y, x + list[i].width * c->width / 100, y + list[i].height * c->height / 100 };
        cairo_surface_t *alone = draw_alone(c, album, view, node);
        bool good = bounds(alone, seen) && reaches(c, node, want, seen);
        cairo_surface_destroy(alone);
        if (!good)
            snprintf(c->wrong, sizeof c->wrong, "%s: rectangle %.1f %.1f %.1f %.1f, pixels %d %d %d %d", list[i].name,
                     want[0], want[1], want[2], want[3], seen[0], seen[1], seen[2], seen[3]);
    }
}

// ---- calm

// Without its motion, a frame of the entry is the card at rest, and the exit is a cut. The ticker's place is the same.
static void check_reduced(struct golden_case *c, struct vt_painter *painter, const struct vt_view *view)
{
    struct vt_drawing *drawing = calloc(1, sizeof *drawing);
    int64_t now = clock_ns + 67000000, before = 10 * VT_NS_PER_S;
    struct vt_moment calm = { .now_ns = now, .enter_ns = clock_ns, .exit_ns = INT64_MAX, .reduced = true };
    struct vt_moment rest = { .now_ns = now, .enter_ns = clock_ns - before, .exit_ns = INT64_MAX, .ticker_ns = -before };
    struct vt_moment gone = { .now_ns = now, .enter_ns = clock_ns, .exit_ns = now, .reduced = true };
    if (!drawing)
        exit(1);
    cairo_surface_t *a = draw_at(c, painter, view, &calm, drawing), *b = draw_at(c, painter, view, &rest, drawing);
    if (hash_of(a) != hash_of(b))
        snprintf(c->wrong, sizeof c->wrong, "`reduced` leaves motion in its entry");
    cairo_surface_destroy(draw_at(c, painter, view, &gone, drawing));
    if (drawing->count)
        snprintf(c->wrong, sizeof c->wrong, "`reduced` leaves motion in its exit");
    cairo_surface_destroy(a);
    cairo_surface_destroy(b);
    free(drawing);
}

// ---- threads

struct worker {
    int index, count;
};

static void *work(void *opaque)
{
    const struct worker *w = opaque;
    struct vt_pictures *pictures = NULL;
    struct vt_painter *painters[2] = { NULL };       // portrait, landscape
    struct album album = { 0 };
    if (vt_pictures_new(&pictures, samples) != 0 || vt_painter_new(&painters[0], 360, 640) != 0 ||
        vt_painter_new(&painters[1], 640, 360) != 0)
        exit(1);
    for (int i = w->index; i < n_cases; i += w->count) {
        struct vt_view *view = make_view(&cases[i], pictures);
        if (!view)
            continue;
        struct vt_painter *painter = painters[cases[i].width > cases[i].height];
        hash_all(&cases[i], painter, view, w->count == 1 ? cases[i].hashes : cases[i].again);
        if (w->count == 1) {
            check_rectangles(&cases[i], &album, view);
            check_reduced(&cases[i], painter, view);
        }
        vt_painter_forget(painter, view);
        vt_view_unref(&view);
    }
    for (int i = 0; i < VT_SCALED_PICTURES; i++) {
        if (album.kept[i].surface)
            cairo_surface_destroy(album.kept[i].surface);
    }
    vt_painter_free(&painters[0]);
    vt_painter_free(&painters[1]);
    vt_pictures_free(&pictures);
    return NULL;
}

static void work_all(int count)
{
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    for (int i = 0; i < count; i++) {
        workers[i] = (struct worker){ i, count };
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
            exit(1);
    }
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

// ---- the table

static bool write_table(FILE *file)
{
    bool good = true;
    fputs("# template sample aspect language, then a hash per instant; written by test_instants --update\n", file);
    for (int i = 0; i < n_cases; i++) {
        fputs(cases[i].name, file);
        for (int k = 0; k < INSTANTS; k++)
            fprintf(file, " %016llx", (unsigned long long)cases[i].hashes[k]);
        fputc('\n', file);
        if (cases[i].wrong[0])
            printf("# %s: %s\n", cases[i].name, cases[i].wrong);
        good &= !cases[i].wrong[0];
    }
    return good;
}

static char *read_table(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, CASES_MAX * 256);
    if (file && text) {
        size_t size = fread(text, 1, CASES_MAX * 256 - 1, file);
        text[size] = 0;
    }
    if (file)
        fclose(file);
    return text;
}

static bool compare(struct golden_case *c, const char *table)
{
    char line[200];
    snprintf(line, sizeof line, "\n%s ", c->name);
    const char *at = strstr(table, line);
    if (memcmp(c->hashes, c->again, sizeof c->hashes) != 0)
        snprintf(c->wrong, sizeof c->wrong, "four threads draw it otherwise than one");
    if (!at && !c->wrong[0])
        snprintf(c->wrong, sizeof c->wrong, "is not in the table: run with --update and look at it");
    for (int k = 0; at && k < INSTANTS && !c->wrong[0]; k++) {
        char *end;
        at = k == 0 ? at + strlen(line) : at;
        if (strtoull(at, &end, 16) != c->hashes[k]) {
            snprintf(c->wrong, sizeof c->wrong, "differs at %lld ms", (long long)instants_ms[k]);
            write_difference(c, k);
        }
        at = end;
    }
    if (c->wrong[0])
        printf("# %s: %s\n", c->name, c->wrong);
    return !c->wrong[0];
}

static int report(const char *table)
{
    int failures = 0;
    printf("1..%d\n", n_templates);
    for (int t = 0, i = 0; t < n_templates; t++) {
        bool good = true;
        int first = i;
        for (; i < n_cases && cases[i].template == templates[t]; i++)
            good &= compare(&cases[i], table);
        printf("%sok %d - %s: %d pictures\n", good ? "" : "not ", t + 1, vt_template_id(templates[t]),
               (i - first) * INSTANTS);
        failures += !good;
    }
    return failures > 0;
}

int main(int argc, char **argv)
{
    char path[4096];
    struct dirent **list;
    bool update = argc == 4 && strcmp(argv[3], "--update") == 0;
    if (argc != 3 && !update) {
        fprintf(stderr, "usage: test_instants TABLE SAMPLES [--update]\n");
        return 2;
    }
    samples = argv[2];
    snprintf(path, sizeof path, "%s/products.json", samples);
    products = json_load_file(path, 0, NULL);
    snprintf(path, sizeof path, "%s/templates", samples);
    int count = scandir(path, &list, is_template, alphasort);
    if (!products || count < 1 || vt_parse_time(VT_SAMPLE_CLOCK, &clock_ns) != 0)
        return 1;
    for (int i = 0; i < count; i++) {
        load_template(list[i]->d_name);
        add_cases(templates[i], list[i]->d_name);
        free(list[i]);
    }
    free(list);
    work_all(1);
    work_all(THREADS);
    char *table = update ? NULL : read_table(argv[1]);
    FILE *file = update ? fopen(argv[1], "w") : NULL;
    int code = update ? !file || !write_table(file) : table ? report(table) : 1;
    if (file)
        fclose(file);
    free(table);
    for (int i = 0; i < n_templates; i++)
        vt_template_unref(&templates[i]);
    json_decref(products);
    return code;
}
