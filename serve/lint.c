#include "serve/lint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "serve/config.h"

#define AT_MAX_NS (24 * 3600 * VT_NS_PER_S)

// ---- cue files: {products: […], cues: [{at, …the body of POST …/cues}]}

struct cue {
    char *template, *product, *output, *at, *duration;
    char id[VT_NAME_ROOM];
    int64_t step;
};

#define CUE(field) .offset = offsetof(struct cue, field)
static const struct vt_option cue_table[] = {
    {"at", VT_OPTION_TEXT, CUE(at), NULL, .doc = "seconds since the show's start"},
    {"template", VT_OPTION_TEXT, CUE(template), NULL, .doc = "id, or id@version"},
    {"product", VT_OPTION_TEXT, CUE(product), NULL, .doc = "a product's id"},
    {"id", VT_OPTION_NAME, CUE(id), NULL, .doc = "the cue's name"},
    {"duration", VT_OPTION_TEXT, CUE(duration), NULL, .doc = "seconds"},
    {"output", VT_OPTION_TEXT, CUE(output), NULL, .doc = "the audience that sees it"},
    {"step", VT_OPTION_INT, CUE(step), "0", 0, 1000, .doc = "which step of the template is shown"},
    {NULL},
};
static const char *const cue_others[] = {"data", NULL};
static const struct vt_option no_options[] = {{NULL}};
static const char *const file_keys[] = {"products", "cues", NULL};

static void complain(struct vt_diagnostics *d, const struct vt_yaml *at, const char *text)
{
    vt_diagnose(d, VT_ERROR, at->line, at->column, "%s", text);
}

static void check_seconds(struct vt_diagnostics *d, const struct vt_yaml *entry)
{
    char *end = NULL;
    if (!entry || entry->kind != VT_YAML_SCALAR)
        return;
    double seconds = strtod(entry->text, &end);
    if (entry->size == 0 || *end != 0 || !(seconds >= 0 && seconds * 1e9 <= (double)AT_MAX_NS))
        vt_diagnose(d, VT_ERROR, entry->line, entry->column, "%s must be seconds from 0 to 86400", entry->key);
}

static void lint_cue(const struct vt_yaml *map, struct vt_diagnostics *d)
{
    struct cue cue = {0};
    vt_options_defaults(cue_table, &cue);
    int err = vt_options_from_yaml(cue_table, cue_others, &cue, map, d);
    const struct vt_yaml *data = vt_yaml_get(map, "data");
    if (!err && (!cue.template || !cue.at))
        complain(d, map, "a cue needs at and template");
    check_seconds(d, vt_yaml_get(map, "at"));
    check_seconds(d, vt_yaml_get(map, "duration"));
    if (data && data->kind != VT_YAML_MAP)
        complain(d, data, "data must be a map");
    vt_options_free(cue_table, &cue);
}

static void lint_product(const struct vt_yaml *product, struct vt_diagnostics *d)
{
    const struct vt_yaml *id = vt_yaml_get(product, "id");
    if (product->kind != VT_YAML_MAP || !id || id->kind != VT_YAML_SCALAR || id->size == 0)
        complain(d, product, "a product must be a map with an id");
}

static void lint_list(const struct vt_yaml *list, void (*check)(const struct vt_yaml *, struct vt_diagnostics *),
                      struct vt_diagnostics *d)
{
    if (!list || vt_yaml_is_null(list))
        return;
    if (list->kind != VT_YAML_LIST) {
        vt_diagnose(d, VT_ERROR, list->line, list->column, "%s must be a list", list->key);
        return;
    }
    for (const struct vt_yaml *entry = list->first; entry; entry = entry->next)
        check(entry, d);
}

static void lint_cues(const struct vt_yaml *root, struct vt_diagnostics *d)
{
    vt_options_from_yaml(no_options, file_keys, NULL, root, d);
    lint_list(vt_yaml_get(root, "products"), lint_product, d);
    lint_list(vt_yaml_get(root, "cues"), lint_cue, d);
}

// ---- any file

static void lint_configuration(const char *path, const char *text, size_t size, struct vt_diagnostics *d)
{
    struct vt_config *config = NULL;
    char *folder = vt_folder_of(path);
    if (!folder || vt_config_parse(&config, text, size, folder, d) == -ENOMEM)
        vt_diagnose(d, VT_ERROR, 0, 0, "cannot be checked: %s", strerror(errno));
    vt_config_free(&config);
    free(folder);
}

static void lint_text(const char *path, const char *text, size_t size, struct vt_diagnostics *d)
{
    struct vt_yaml_document *document = NULL;
    if (vt_yaml_parse(&document, text, size, d))
        return;
    const struct vt_yaml *root = vt_yaml_root(document);
    if (vt_yaml_get(root, "cues"))
        lint_cues(root, d);
    else
        lint_configuration(path, text, size, d);
    vt_yaml_free(&document);
}

static int lint_file(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    struct vt_diagnostics *d = calloc(1, sizeof *d);
    if (!d)
        return 1;
    int err = vt_read_file(path, VT_YAML_BYTES, &text, &size);
    if (err)
        vt_diagnose(d, VT_ERROR, 0, 0, "cannot be read: %s", strerror(-err));
    else
        lint_text(path, text, size, d);
    vt_diagnostics_print(d, path, stderr);
    int errors = d->errors;
    free(text);
    free(d);
    return errors ? 1 : 0;
}

int vt_lint_main(int argc, char **argv)
{
    int code = 0;
    if (argc < 1 || argv[0][0] == '-') {
        fputs("vitrine lint: name the templates, configurations or cue files to check\n"
              "usage: vitrine lint FILE...\n", stderr);
        return 2;
    }
    for (int i = 0; i < argc; i++)
        code |= lint_file(argv[i]);
    return code;
}
