#include "serve/lint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "overlay/schema.h"
#include "serve/config.h"
#include "studio/cuefile.h"
#include "studio/proofread.h"

static void lint_configuration(const char *path, const char *text, size_t size, struct vt_diagnostics *d)
{
    struct vt_config *config = NULL;
    char *folder = vt_folder_of(path);
    if (!folder || vt_config_parse(&config, text, size, folder, d) == -ENOMEM)
        vt_diagnose(d, VT_ERROR, 0, 0, "cannot be checked: %s", strerror(errno));
    vt_config_free(&config);
    free(folder);
}

static void lint_template(const char *path, bool pixels, struct vt_diagnostics *d)
{
    struct vt_proof proof;
    int err = vt_proof_open(&proof, path, NULL, d);
    if (err && d->errors == 0)
        vt_diagnose(d, VT_ERROR, 0, 0, "cannot be checked: %s", strerror(-err));
    if (err)
        return;
    (void)vt_proofread(&proof, &(struct vt_proofread_params){.pixels = pixels}, d);
    vt_proof_close(&proof);
}

static void lint_cues(const char *text, size_t size, struct vt_diagnostics *d)
{
    json_t *cues = NULL;
    int err = vt_cuefile_parse(&cues, text, size, d);
    if (err && d->errors == 0)
        vt_diagnose(d, VT_ERROR, 0, 0, "cannot be checked: %s", strerror(-err));
    json_decref(cues);
}

static void lint_text(const char *path, const char *text, size_t size, bool pixels, struct vt_diagnostics *d)
{
    struct vt_yaml_document *document = NULL;
    if (vt_yaml_parse(&document, text, size, d))
        return;
    const struct vt_yaml *root = vt_yaml_root(document);
    bool is_template = vt_yaml_get(root, "layout"), is_cues = vt_yaml_get(root, "cues");
    vt_yaml_free(&document);
    if (is_template)
        lint_template(path, pixels, d);
    else if (is_cues)
        lint_cues(text, size, d);
    else
        lint_configuration(path, text, size, d);
}

static int lint_file(const char *path, bool pixels)
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
        lint_text(path, text, size, pixels, d);
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
    bool pixels = true;
    int code = 0;
    if (argc == 1 && strcmp(argv[0], "--schema") == 0)
        return print_schema();
    if (argc > 0 && strcmp(argv[0], "--no-pixels") == 0) {
        pixels = false;
        argc--;
        argv++;
    }
    if (argc < 1 || argv[0][0] == '-') {
        fprintf(stderr, "vitrine lint: %s%sname the templates, configurations or cue files to check\n"
                "usage: vitrine lint " VT_LINT_USAGE "\n", argc < 1 ? "" : argv[0], argc < 1 ? "" : " is no file: ");
        return 2;
    }
    for (int i = 0; i < argc; i++)
        code |= lint_file(argv[i], pixels);
    return code;
}
