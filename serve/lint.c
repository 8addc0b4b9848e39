#include "serve/lint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mediatime.h"
#include "overlay/overlay.h"
#include "overlay/schema.h"
#include "serve/config.h"
#include "studio/cuefile.h"

static void lint_configuration(const char *path, const char *text, size_t size, struct vt_diagnostics *d)
{
    struct vt_config *config = NULL;
    char *folder = vt_folder_of(path);
    if (!folder || vt_config_parse(&config, text, size, folder, d) == -ENOMEM)
        vt_diagnose(d, VT_ERROR, 0, 0, "cannot be checked: %s", strerror(errno));
    vt_config_free(&config);
    free(folder);
}

// The products that samples speak of: beside the template's folder, or in samples/ here.
static json_t *load_products(const char *folder)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/../products.json", folder);
    json_t *products = json_load_file(path, 0, NULL);
    return products ? products : json_load_file("samples/products.json", 0, NULL);
}

static void merge(struct vt_diagnostics *to, const struct vt_diagnostics *from, const char *sample)
{
    for (int i = 0; i < from->count; i++) {
        const struct vt_diagnostic *d = &from->list[i];
        char text[VT_DIAGNOSTIC_TEXT];
        bool known = false;
        snprintf(text, sizeof text, "%s (sample %s)", d->text, sample);
        for (int k = 0; k < to->count && !known; k++)
            known = to->list[k].line == d->line && strncmp(to->list[k].text, d->text, strlen(d->text)) == 0;
        if (!known && d->severity == VT_ERROR)
            vt_diagnose(to, d->severity, d->line, d->column, "%s", text);
    }
}

static void lint_sample(struct vt_template *template, const char *sample, const json_t *products, bool portrait,
                        struct vt_diagnostics *d)
{
    struct vt_diagnostics *own = calloc(1, sizeof *own);
    struct vt_view *view = NULL;
    const char *language = NULL;
    json_t *data = vt_template_sample(template, sample, products, &language);
    struct vt_view_params params = {
        .template = template, .width = portrait ? 1080 : 1920, .height = portrait ? 1920 : 1080, .language = language,
        .data = data, .products = products, .rate = {30, 1}, .strict = true,
    };
    vt_parse_time(VT_SAMPLE_CLOCK, &params.at_ns);
    if (own && vt_view_new(&view, &params, own) != 0)
        merge(d, own, sample);
    vt_view_unref(&view);
    json_decref(data);
    free(own);
}

// What only shows with data: texts that do not fit, characters that no font has.
static void lint_samples(struct vt_template *template, const char *folder, struct vt_diagnostics *d)
{
    const char *const *names = vt_template_samples(template);
    json_t *products = *names ? load_products(folder) : NULL;
    if (*names && !products)
        vt_diagnose(d, VT_WARNING, 0, 0, "the samples were not tried: there is no products.json beside the template's folder");
    for (int i = 0; products && names[i]; i++) {
        lint_sample(template, names[i], products, false, d);
        lint_sample(template, names[i], products, true, d);
    }
    json_decref(products);
}

static void lint_template(const char *path, const char *text, size_t size, struct vt_diagnostics *d)
{
    struct vt_template *template = NULL;
    char *folder = vt_folder_of(path);
    int err = vt_template_load_in(&template, path, folder, text, size, d);
    if (err && d->errors == 0)
        vt_diagnose(d, VT_ERROR, 0, 0, "cannot be checked: %s", strerror(-err));
    if (!err)
        lint_samples(template, folder ? folder : ".", d);
    free(folder);
    vt_template_unref(&template);
}

static void lint_cues(const char *text, size_t size, struct vt_diagnostics *d)
{
    json_t *cues = NULL;
    int err = vt_cuefile_parse(&cues, text, size, d);
    if (err && d->errors == 0)
        vt_diagnose(d, VT_ERROR, 0, 0, "cannot be checked: %s", strerror(-err));
    json_decref(cues);
}

static void lint_text(const char *path, const char *text, size_t size, struct vt_diagnostics *d)
{
    struct vt_yaml_document *document = NULL;
    if (vt_yaml_parse(&document, text, size, d))
        return;
    const struct vt_yaml *root = vt_yaml_root(document);
    bool is_template = vt_yaml_get(root, "layout"), is_cues = vt_yaml_get(root, "cues");
    vt_yaml_free(&document);
    if (is_template)
        lint_template(path, text, size, d);
    else if (is_cues)
        lint_cues(text, size, d);
    else
        lint_configuration(path, text, size, d);
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

// The JSON Schema of templates, as docs/template.schema.json has it.
static int print_schema(void)
{
    json_t *schema = vt_template_schema();
    int code = json_dumpf(schema, stdout, JSON_INDENT(1) | JSON_SORT_KEYS) != 0 || putchar('\n') == EOF;
    json_decref(schema);
    return code;
}

int vt_lint_main(int argc, char **argv)
{
    int code = 0;
    if (argc == 1 && strcmp(argv[0], "--schema") == 0)
        return print_schema();
    if (argc < 1 || argv[0][0] == '-') {
        fprintf(stderr, "vitrine lint: %s%sname the templates, configurations or cue files to check\n"
                "usage: vitrine lint FILE... | --schema\n", argc < 1 ? "" : argv[0], argc < 1 ? "" : " is no file: ");
        return 2;
    }
    for (int i = 0; i < argc; i++)
        code |= lint_file(argv[i]);
    return code;
}
