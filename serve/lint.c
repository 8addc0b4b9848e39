#include "serve/lint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "overlay/schema.h"
#include "serve/config.h"
#include "studio/cuefile.h"
#include "studio/proof.h"

static void lint_configuration(const char *path, const char *text, size_t size, struct vt_diagnostics *d)
{
    struct vt_config *config = NULL;
    char *folder = vt_folder_of(path);
    if (!folder || vt_config_parse(&config, text, size, folder, d) == -ENOMEM)
        vt_diagnose(d, VT_ERROR, 0, 0, "cannot be checked: %s", strerror(errno));
    vt_config_free(&config);
    free(folder);
}

// What is found once and again, in other sizes and languages, is said once, with the first of them.
struct found {
    int line, column;
    const char *form;
};

struct template_lint {
    struct vt_proof proof;
    struct vt_diagnostics *said;
    struct found found[VT_DIAGNOSTICS_MAX];
    int n_found;
    bool pixels;
};

static void say(struct template_lint *l, enum vt_severity severity, struct found at, const char *text,
                const struct vt_proof_scene *scene)
{
    for (int i = 0; i < l->n_found; i++) {
        const struct found *f = &l->found[i];
        if (f->line == at.line && f->column == at.column && strcmp(f->form, at.form) == 0)
            return;
    }
    if (l->n_found == VT_DIAGNOSTICS_MAX)
        return;
    l->found[l->n_found++] = at;
    vt_diagnose(l->said, severity, at.line, at.column, "%s (sample %s, %s, %dx%d)", text, scene->sample ? scene->sample : "-",
                scene->language, scene->width, scene->height);
}

static void say_all(struct template_lint *l, const struct vt_diagnostics *said, const struct vt_proof_scene *scene)
{
    for (int i = 0; i < said->count; i++) {
        const struct vt_diagnostic *d = &said->list[i];
        bool known = false;
        for (int k = 0; k < l->said->count && !known; k++)
            known = l->said->list[k].line == d->line && strncmp(l->said->list[k].text, d->text, strlen(d->text)) == 0;
        if (!known)
            vt_diagnose(l->said, d->severity, d->line, d->column, "%s (sample %s, %s, %dx%d)", d->text,
                        scene->sample ? scene->sample : "-", scene->language, scene->width, scene->height);
    }
}

static void inspect(struct template_lint *l, const struct vt_view *view, const struct vt_proof_scene *scene)
{
    struct vt_flaws *flaws = calloc(1, sizeof *flaws);
    if (!flaws || vt_inspect(view, flaws) != 0 || vt_inspect_motion(view, flaws) != 0)
        vt_diagnose(l->said, VT_ERROR, 0, 0, "cannot be checked: out of memory");
    for (int i = 0; flaws && i < flaws->count; i++) {
        const struct vt_flaw *f = &flaws->list[i];
        say(l, f->severity, (struct found){f->line, f->column, f->form}, f->text, scene);
    }
    free(flaws);
}

static void lint_scene(struct template_lint *l, const struct vt_proof_scene *scene)
{
    struct vt_diagnostics *said = calloc(1, sizeof *said);
    struct vt_view *view = NULL;
    if (said && vt_proof_view(&l->proof, scene, &view, said) == 0 && l->pixels)
        inspect(l, view, scene);
    if (said)
        say_all(l, said, scene);
    vt_view_unref(&view);
    free(said);
}

static void lint_sample(struct template_lint *l, const char *sample)
{
    const char *languages[VT_LANGUAGES_MAX + 1];
    int n = vt_proof_languages(&l->proof, sample, languages);
    for (int i = 0; i < n * vt_template_steps(l->proof.template); i++) {
        struct vt_proof_scene scene = {.sample = sample, .language = languages[i % n], .step = i / n, .width = 1280,
                                       .height = 720, .smallest_height = VT_PLAYER_SIDE, .strict = true};
        lint_scene(l, &scene);
        scene.width = 720;
        scene.height = 1280;
        scene.smallest_height = VT_PLAYER_SIDE * 1280 / 720;
        lint_scene(l, &scene);
    }
}

// What only shows with data: texts that do not fit, characters that no font has, and what is drawn.
static void lint_samples(struct template_lint *l)
{
    const char *const *names = vt_template_samples(l->proof.template);
    if (*names && !l->proof.products)
        vt_diagnose(l->said, VT_WARNING, 0, 0, "the samples were not tried: there is no products.json beside the template's folder");
    for (int i = 0; l->proof.products && names[i]; i++)
        lint_sample(l, names[i]);
    if (!*names)
        vt_diagnose(l->said, VT_WARNING, 0, 0, "it has no `samples`: what it draws was not looked at");
}

static void lint_template(const char *path, bool pixels, struct vt_diagnostics *d)
{
    struct template_lint *l = calloc(1, sizeof *l);
    int err = l ? vt_proof_open(&l->proof, path, d) : -ENOMEM;
    if (err && d->errors == 0)
        vt_diagnose(d, VT_ERROR, 0, 0, "cannot be checked: %s", strerror(-err));
    if (!err) {
        l->said = d;
        l->pixels = pixels;
        lint_samples(l);
        vt_proof_close(&l->proof);
    }
    free(l);
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
