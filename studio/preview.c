#include "studio/preview.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "studio/proof.h"
#include "studio/watch.h"

struct preview {
    const char *template, *data, *sample, *language, *out;
    int width, height;
    struct vt_proof_scene audience;      // market, output and step of it
    double at;
    bool watch;
};

static int parse_after(struct preview *p, int argc, char **argv)
{
    static const struct option options[] = {
        { "data", required_argument, NULL, 'd' }, { "sample", required_argument, NULL, 's' },
        { "size", required_argument, NULL, 'w' }, { "at", required_argument, NULL, 'a' },
        { "language", required_argument, NULL, 'l' }, { "out", required_argument, NULL, 'o' },
        { "watch", no_argument, NULL, 'f' }, VT_PROOF_AUDIENCE_OPTIONS, { 0 },
    };
    const char *why;
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'w' && vt_proof_parse_size(optarg, &p->width, &p->height) != 0) {
            fprintf(stderr, "vitrine preview: --size must be 16x16 to 8192x8192, not %s\n", optarg);
            return 2;
        }
        if (option == 'a' && vt_proof_parse_at(optarg, &p->at) != 0) {
            fprintf(stderr, "vitrine preview: --at must be seconds from 0 to 86400, not %s\n", optarg);
            return 2;
        }
        if ((option == 'm' || option == 'n' || option == 't') &&
            vt_proof_parse_audience(option, optarg, &p->audience, &why) != 0) {
            fprintf(stderr, "vitrine preview: %s, not %s\n", why, optarg);
            return 2;
        }
        p->data = option == 'd' ? optarg : p->data;
        p->sample = option == 's' ? optarg : p->sample;
        p->language = option == 'l' ? optarg : p->language;
        p->out = option == 'o' ? optarg : p->out;
        p->watch |= option == 'f';
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

// The data of --data, or NULL and said.
static json_t *load_data(const struct preview *p)
{
    json_error_t error;
    json_t *data = json_load_file(p->data, JSON_REJECT_DUPLICATES, &error);
    if (!data)
        fprintf(stderr, "%s:%d:%d: error: %s\n", p->data, error.line, error.column, error.text);
    return data;
}

static int refuse_sample(const struct preview *p, const struct vt_proof *proof)
{
    fprintf(stderr, "vitrine preview: the template has no sample \"%s\"; it has", p->sample);
    for (const char *const *name = vt_template_samples(proof->template); *name; name++)
        fprintf(stderr, " %s", *name);
    fputc('\n', stderr);
    return 1;
}

static int write_png(const struct preview *p, cairo_surface_t *surface)
{
    int err = vt_proof_write(surface, p->out);
    if (err)
        fprintf(stderr, "vitrine preview: cannot write %s: %s\n", p->out, strerror(-err));
    return err ? 1 : 0;
}

static int draw(const struct preview *p, const struct vt_proof *proof, const json_t *data)
{
    struct vt_view *view = NULL;
    cairo_surface_t *surface = NULL;
    struct vt_diagnostics said = { 0 };
    struct vt_proof_scene scene = p->audience;
    scene.sample = p->sample;
    scene.language = p->language;
    scene.data = data;
    scene.width = p->width;
    scene.height = p->height;
    int code = 1, err = vt_proof_view(proof, &scene, &view, &said);
    vt_diagnostics_print(&said, p->template, stderr);
    if (err == 0)
        err = vt_proof_paint(proof, view, p->at, p->width, p->height, &surface);
    if (err == 0)
        code = write_png(p, surface);
    else if (err == -ENOMEM)
        fputs("vitrine preview: out of memory\n", stderr);
    if (surface)
        cairo_surface_destroy(surface);
    vt_view_unref(&view);
    return code;
}

static int run(const struct preview *p)
{
    struct vt_proof proof;
    struct vt_diagnostics said = { 0 };
    int code = 1, err = vt_proof_open(&proof, p->template, NULL, &said);
    vt_diagnostics_print(&said, p->template, stderr);
    if (err)
        return 1;
    json_t *data = p->data ? load_data(p) : NULL;
    if (p->sample && !vt_proof_has_sample(&proof, p->sample))
        code = refuse_sample(p, &proof);
    else if (data || !p->data)
        code = draw(p, &proof, data);
    json_decref(data);
    vt_proof_close(&proof);
    return code;
}

// The folder that `path` lies in; `room` bytes.
static const char *folder_of(const char *path, char *folder, size_t room)
{
    const char *slash = strrchr(path, '/');
    snprintf(folder, room, "%.*s", slash == path ? 1 : slash ? (int)(slash - path) : 1, slash ? path : ".");
    return folder;
}

static int open_watch(const struct preview *p, struct vt_watch **ret)
{
    char template[PATH_MAX], above[PATH_MAX + 4], data[PATH_MAX];
    const char *folders[3] = { folder_of(p->template, template, sizeof template) }, *slash = strrchr(p->out, '/');
    int count = 1;
    snprintf(above, sizeof above, "%s/..", template);
    folders[count++] = above;            // products.json
    if (p->data)
        folders[count++] = folder_of(p->data, data, sizeof data);
    int err = vt_watch_new(ret, folders, count, slash ? slash + 1 : p->out);
    if (err)
        fprintf(stderr, "vitrine preview: cannot watch %s: %s\n", template, strerror(-err));
    return err;
}

static int watch(const struct preview *p)
{
    struct vt_watch *watch = NULL;
    int err = open_watch(p, &watch);
    if (err)
        return 1;
    while (!err) {
        if (run(p) == 0)
            printf("%s: drawn\n", p->out);
        else
            printf("%s: as it was\n", p->out);
        fflush(stdout);
        err = vt_watch_wait(watch);
    }
    fprintf(stderr, "vitrine preview: cannot watch any more: %s\n", strerror(-err));
    vt_watch_free(&watch);
    return 1;
}

int vt_preview_main(int argc, char **argv)
{
    struct preview p = { .width = 1280, .height = 720, .at = -1 };
    int code = parse(&p, argc, argv);
    return code != 0 ? code : p.watch ? watch(&p) : run(&p);
}
