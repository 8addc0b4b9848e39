#include "studio/proof.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/names.h"
#include "overlay/market.h"
#include "studio/picture.h"

static char *folder_of(const char *path)
{
    char *copy = strdup(path), *folder = copy ? strdup(dirname(copy)) : NULL;
    free(copy);
    return folder;
}

static void open_products(struct vt_proof *proof, const json_t *products)
{
    char root[4096], path[4096 + 16], above[4096];
    snprintf(above, sizeof above, "%s/..", proof->folder);
    const char *const places[] = {proof->folder, above, "samples"};
    for (size_t i = 0; i < sizeof places / sizeof *places && !proof->products; i++) {
        snprintf(root, sizeof root, "%s", places[i]);
        snprintf(path, sizeof path, "%s/products.json", root);
        proof->products = json_load_file(path, 0, NULL);
    }
    if (!proof->products)
        proof->products = json_incref((json_t *)products);
    if (vt_pictures_new(&proof->pictures, root) != 0)
        proof->pictures = NULL;
}

int vt_proof_open(struct vt_proof *ret, const char *path, const json_t *products, struct vt_diagnostics *said)
{
    struct vt_proof proof = {.folder = folder_of(path)};
    char *text = NULL;
    size_t size = 0;
    int err = proof.folder ? vt_read_file(path, VT_TEMPLATE_BYTES, &text, &size) : -ENOMEM;
    if (err)
        vt_diagnose(said, VT_ERROR, 0, 0, "cannot be read: %s", strerror(-err));
    else
        err = vt_template_load_in(&proof.template, path, proof.folder, text, size, said);
    free(text);
    if (err) {
        free(proof.folder);
        return err;
    }
    open_products(&proof, products);
    vt_parse_time(VT_SAMPLE_CLOCK, &proof.clock_ns);
    *ret = proof;
    return 0;
}

void vt_proof_close(struct vt_proof *proof)
{
    vt_template_unref(&proof->template);
    vt_pictures_free(&proof->pictures);
    json_decref(proof->products);
    free(proof->folder);
    *proof = (struct vt_proof){0};
}

bool vt_proof_has_sample(const struct vt_proof *proof, const char *sample)
{
    for (const char *const *name = vt_template_samples(proof->template); *name; name++) {
        if (strcmp(*name, sample) == 0)
            return true;
    }
    return false;
}

int vt_proof_languages(const struct vt_proof *proof, const char *sample, const char *ret[VT_LANGUAGES_MAX + 1])
{
    const char *own = NULL, *declared[VT_LANGUAGES_MAX];
    int count = 0, n = vt_template_languages(proof->template, declared, VT_LANGUAGES_MAX);
    json_decref(vt_template_sample(proof->template, sample, proof->products, &own));
    if (own || n == 0)
        ret[count++] = own ? own : "en";
    for (int i = 0; i < n; i++) {
        if (!own || strcmp(own, declared[i]) != 0)
            ret[count++] = declared[i];
    }
    return count;
}

int vt_proof_view(const struct vt_proof *proof, const struct vt_proof_scene *scene, struct vt_view **ret,
                  struct vt_diagnostics *said)
{
    const char *language = NULL;
    json_t *data = scene->data ? json_incref((json_t *)scene->data)
                               : vt_template_sample(proof->template, scene->sample, proof->products, &language);
    if (!data)
        data = json_object();
    struct vt_view_params params = {
        .template = proof->template, .width = scene->width, .height = scene->height,
        .smallest_height = scene->smallest_height, .language = scene->language ? scene->language : language,
        .data = data, .products = proof->products, .market = scene->market, .output = scene->output,
        .at_ns = scene->at_ns ? scene->at_ns : proof->clock_ns, .step = scene->step, .rate = {30, 1},
        .load_picture = proof->pictures ? vt_pictures_load : NULL, .opaque = proof->pictures, .strict = scene->strict,
    };
    int err = vt_view_new(ret, &params, said);
    json_decref(data);
    return err;
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

static cairo_surface_t *paint_drawing(const struct vt_drawing *drawing, int width, int height)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    cairo_t *cr = cairo_create(surface);
    paint_ground(cr, width, height);
    vt_drawing_paint(drawing, cr);
    bool good = cairo_status(cr) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(cr);
    cairo_surface_flush(surface);
    if (good)
        return surface;
    cairo_surface_destroy(surface);
    return NULL;
}

int vt_proof_paint(const struct vt_proof *proof, const struct vt_view *view, double at, int width, int height,
                   cairo_surface_t **ret)
{
    struct vt_painter *painter = NULL;
    struct vt_drawing *drawing = calloc(1, sizeof *drawing);
    int64_t at_ns = at >= 0 ? llround(at * 1e9) : vt_view_enter_ns(view);
    struct vt_moment moment = {.now_ns = proof->clock_ns + at_ns, .enter_ns = proof->clock_ns, .exit_ns = INT64_MAX};
    cairo_surface_t *surface = NULL;
    if (drawing && vt_painter_new(&painter, width, height) == 0 && vt_painter_draw(painter, view, &moment, drawing) == 0)
        surface = paint_drawing(drawing, width, height);
    vt_painter_free(&painter);
    free(drawing);
    if (!surface)
        return -ENOMEM;
    *ret = surface;
    return 0;
}

static cairo_status_t append(void *opaque, const unsigned char *data, unsigned size)
{
    struct vt_writer *out = opaque;
    vt_write_bytes(out, data, size);
    return out->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

// A pipe or a device cannot be renamed over.
static int write_into(const char *path, const struct vt_writer *png)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int err = fd < 0 ? -errno : vt_write_all(fd, png->data, png->size);
    if (fd >= 0)
        close(fd);
    return err;
}

static int put_file(const char *path, const struct vt_writer *png)
{
    char *folder = folder_of(path);
    const char *slash = strrchr(path, '/');
    int fd = folder ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    int err = !folder ? -ENOMEM : fd < 0 ? -errno :
              vt_put_file_at(fd, slash ? slash + 1 : path, png->data, png->size, false);
    if (fd >= 0)
        close(fd);
    free(folder);
    return err;
}

int vt_proof_write(cairo_surface_t *surface, const char *path)
{
    struct vt_writer png = {.limit = 0};
    struct stat there;
    int err = cairo_surface_write_to_png_stream(surface, append, &png) == CAIRO_STATUS_SUCCESS ? 0 : -ENOMEM;
    bool exists = stat(path, &there) == 0;
    if (!err && exists && S_ISDIR(there.st_mode))
        err = -EISDIR;
    else if (!err)
        err = exists && !S_ISREG(there.st_mode) ? write_into(path, &png) : put_file(path, &png);
    vt_writer_free(&png);
    return err;
}

int vt_proof_parse_size(const char *text, int *ret_width, int *ret_height)
{
    int width, height, end = 0;
    if (sscanf(text, "%5dx%5d%n", &width, &height, &end) != 2 || text[end] || width < VT_PROOF_SIDE_MIN ||
        height < VT_PROOF_SIDE_MIN || width > VT_PROOF_SIDE_MAX || height > VT_PROOF_SIDE_MAX)
        return -EINVAL;
    *ret_width = width;
    *ret_height = height;
    return 0;
}

int vt_proof_parse_at(const char *text, double *ret)
{
    char *end;
    double at = strtod(text, &end);
    if (end == text || *end || !(at >= 0 && at <= VT_PROOF_AT_MAX))
        return -EINVAL;
    *ret = at;
    return 0;
}

int vt_proof_parse_audience(int option, const char *value, struct vt_proof_scene *to, const char **ret_why)
{
    char *end;
    long step = option == 't' ? strtol(value, &end, 10) : 0;
    *ret_why = NULL;
    if (option == 'm' && !vt_market_valid(value))
        *ret_why = "--market must be none, eu, or the two letters of a country";
    else if (option == 'n' && !vt_name_valid(value))
        *ret_why = "--output must be an output's name, up to 32 letters, digits, _ and -";
    else if (option == 't' && (end == value || *end || step < 0 || step > VT_PROOF_STEP_MAX))
        *ret_why = "--step must be a number from 0 to 31";
    if (*ret_why)
        return -EINVAL;
    if (option == 'm')
        to->market = value;
    else if (option == 'n')
        to->output = value;
    else
        to->step = (int)step;
    return 0;
}
