#include "studio/preview.h"

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "overlay/overlay.h"
#include "studio/picture.h"

struct preview {
    const char *template, *data, *sample, *language, *out;
    int width, height;
    double at;
};

static int parse_size(const char *text, int *width, int *height)
{
    int w, h, end = 0;
    if (sscanf(text, "%dx%d%n", &w, &h, &end) != 2 || text[end] || w < 16 || h < 16 || w > 8192 || h > 8192)
        return -EINVAL;
    *width = w;
    *height = h;
    return 0;
}

static int parse_after(struct preview *p, int argc, char **argv)
{
    static const struct option options[] = {
        { "data", required_argument, NULL, 'd' }, { "sample", required_argument, NULL, 's' },
        { "size", required_argument, NULL, 'w' }, { "at", required_argument, NULL, 'a' },
        { "language", required_argument, NULL, 'l' }, { "out", required_argument, NULL, 'o' }, { 0 },
    };
    char *end;
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'w' && parse_size(optarg, &p->width, &p->height) != 0) {
            fprintf(stderr, "vitrine preview: --size must be 16x16 to 8192x8192, not %s\n", optarg);
            return 2;
        }
        if (option == 'a') {
            p->at = strtod(optarg, &end);
            if (end == optarg || *end || !(p->at >= 0 && p->at <= 86400)) {
                fprintf(stderr, "vitrine preview: --at must be seconds from 0 to 86400, not %s\n", optarg);
                return 2;
            }
        }
        p->data = option == 'd' ? optarg : p->data;
        p->sample = option == 's' ? optarg : p->sample;
        p->language = option == 'l' ? optarg : p->language;
        p->out = option == 'o' ? optarg : p->out;
        if (option == '?')
            break;
    }
    if (option != -1 || optind + 1 != argc || !p->out || (p->data && p->sample)) {
        fputs("usage: vitrine preview " VT_PREVIEW_USAGE "\n"
              "SECONDS count from the first frame; without --at, the entry is over.\n", stderr);
        return 2;
    }
    p->template = argv[optind];
    return 0;
}

// getopt wants a program's name in front.
static int parse(struct preview *p, int argc, char **argv)
{
    static char name[] = "vitrine preview";
    char **all = calloc((size_t)argc + 2, sizeof *all);
    if (!all)
        return 1;
    all[0] = name;
    memcpy(all + 1, argv, sizeof *all * (size_t)argc);
    int code = parse_after(p, argc + 1, all);
    free(all);
    return code;
}

static char *read_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    char *text = file ? malloc(VT_TEMPLATE_BYTES + 1) : NULL;
    *ret_size = text ? fread(text, 1, VT_TEMPLATE_BYTES + 1, file) : 0;
    if (!text || ferror(file)) {
        fprintf(stderr, "vitrine preview: cannot read %s: %s\n", path, strerror(errno));
        free(text);
        text = NULL;
    }
    if (file)
        fclose(file);
    return text;
}

static struct vt_template *load_template(const char *path)
{
    size_t size;
    struct vt_diagnostics diagnostics = { 0 };
    struct vt_template *template = NULL;
    char *text = read_file(path, &size);
    if (!text)
        return NULL;
    char *copy = strdup(path);
    vt_template_load_in(&template, path, copy ? dirname(copy) : NULL, text, size, &diagnostics);
    free(copy);
    vt_diagnostics_print(&diagnostics, path, stderr);
    free(text);
    return template;
}

// The products that samples speak of lie in samples/products.json: beside the template's folder, or here.
static json_t *load_products(const char *template, char *root, size_t room)
{
    char *copy = strdup(template), path[4096 + 16];
    if (!copy)
        return NULL;
    snprintf(root, room, "%s/..", dirname(copy));
    free(copy);
    snprintf(path, sizeof path, "%s/products.json", root);
    json_t *products = json_load_file(path, 0, NULL);
    if (products)
        return products;
    snprintf(root, room, "samples");
    return json_load_file("samples/products.json", 0, NULL);
}

static json_t *load_data(const struct preview *p, const struct vt_template *t, const json_t *products,
                         const char **language)
{
    json_error_t error;
    if (p->data) {
        json_t *data = json_load_file(p->data, JSON_REJECT_DUPLICATES, &error);
        if (!data)
            fprintf(stderr, "%s:%d:%d: error: %s\n", p->data, error.line, error.column, error.text);
        return data;
    }
    json_t *data = vt_template_sample(t, p->sample, products, language);
    if (data || !p->sample)
        return data ? data : json_object();
    fprintf(stderr, "vitrine preview: the template has no sample \"%s\"; it has", p->sample);
    for (const char *const *name = vt_template_samples(t); *name; name++)
        fprintf(stderr, " %s", *name);
    fputc('\n', stderr);
    return NULL;
}

// A grey picture with a slope, so that what is translucent shows as such.
static void paint_ground(cairo_t *cr, int width, int height)
{
    cairo_pattern_t *slope = cairo_pattern_create_linear(0, 0, width, height);
    cairo_pattern_add_color_stop_rgb(slope, 0, 0.62, 0.66, 0.70);
    cairo_pattern_add_color_stop_rgb(slope, 1, 0.34, 0.37, 0.42);
    cairo_set_source(cr, slope);
    cairo_paint(cr);
    cairo_pattern_destroy(slope);
}

static void paint_layer(cairo_t *cr, const struct vt_layer *layer)
{
    cairo_save(cr);
    cairo_rectangle(cr, layer->x, layer->y, layer->width, layer->height);
    cairo_clip(cr);
    cairo_set_source_surface(cr, layer->pixels, layer->x - layer->source_x, layer->y);
    cairo_paint_with_alpha(cr, layer->opacity);
    cairo_restore(cr);
}

static int write_png(const struct preview *p, const struct vt_drawing *drawing)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, p->width, p->height);
    cairo_t *cr = cairo_create(surface);
    paint_ground(cr, p->width, p->height);
    for (int i = 0; i < drawing->count; i++)
        paint_layer(cr, &drawing->layers[i]);
    cairo_destroy(cr);
    cairo_status_t status = cairo_surface_write_to_png(surface, p->out);
    cairo_surface_destroy(surface);
    if (status == CAIRO_STATUS_SUCCESS)
        return 0;
    fprintf(stderr, "vitrine preview: cannot write %s: %s\n", p->out, cairo_status_to_string(status));
    return 1;
}

static int draw(const struct preview *p, const struct vt_view *view, int64_t clock_ns)
{
    struct vt_painter *painter = NULL;
    struct vt_drawing *drawing = calloc(1, sizeof *drawing);
    int64_t at_ns = p->at >= 0 ? llround(p->at * 1e9) : vt_view_enter_ns(view);
    struct vt_moment moment = { .now_ns = clock_ns + at_ns, .enter_ns = clock_ns, .exit_ns = INT64_MAX };
    int code = 1;
    if (drawing && vt_painter_new(&painter, p->width, p->height) == 0 &&
        vt_painter_draw(painter, view, &moment, drawing) == 0)
        code = write_png(p, drawing);
    else
        fputs("vitrine preview: out of memory\n", stderr);
    vt_painter_free(&painter);
    free(drawing);
    return code;
}

static int run(const struct preview *p, struct vt_template *template)
{
    char root[4096];
    const char *language = NULL;
    struct vt_pictures *pictures = NULL;
    struct vt_view *view = NULL;
    struct vt_diagnostics diagnostics = { 0 };
    int64_t clock_ns;
    int code = 1;
    json_t *products = load_products(p->template, root, sizeof root);
    json_t *data = load_data(p, template, products, &language);
    vt_parse_time(VT_SAMPLE_CLOCK, &clock_ns);
    if (!data)
        goto fail;
    bool has_pictures = vt_pictures_new(&pictures, root) == 0;
    struct vt_view_params params = {
        .template = template, .width = p->width, .height = p->height,
        .language = p->language ? p->language : language, .data = data, .products = products, .at_ns = clock_ns,
        .rate = { 30, 1 }, .load_picture = has_pictures ? vt_pictures_load : NULL, .opaque = pictures,
    };
    int r = vt_view_new(&view, &params, &diagnostics);
    vt_diagnostics_print(&diagnostics, p->template, stderr);
    if (r == 0)
        code = draw(p, view, clock_ns);
fail:
    vt_view_unref(&view);
    vt_pictures_free(&pictures);
    json_decref(data);
    json_decref(products);
    return code;
}

int vt_preview_main(int argc, char **argv)
{
    struct preview p = { .width = 1280, .height = 720, .at = -1 };
    int code = parse(&p, argc, argv);
    if (code != 0)
        return code;
    struct vt_template *template = load_template(p.template);
    if (!template)
        return 1;
    code = run(&p, template);
    vt_template_unref(&template);
    return code;
}
