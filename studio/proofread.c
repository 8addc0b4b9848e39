#include "studio/proofread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// What is found once and again, in other sizes and languages, is said once, with the first of them.
struct found {
    int line, column;
    const char *form;
};

struct reading {
    const struct vt_proof *proof;
    struct vt_proofread_params params;
    struct vt_diagnostics *said;
    struct found found[VT_DIAGNOSTICS_MAX];
    int n_found;
    int64_t began_ns;
};

static int64_t spent_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * VT_NS_PER_S + t.tv_nsec;
}

static int may_go_on(const struct reading *r)
{
    if (r->params.stop && atomic_load(r->params.stop))
        return -ECANCELED;
    if (!r->params.most_ns || spent_ns() - r->began_ns <= r->params.most_ns)
        return 0;
    vt_diagnose(r->said, VT_ERROR, 0, 0, "checking it takes more than %d s of processor time (limit): give it fewer samples, "
                "languages or steps, or simpler drawings", (int)(r->params.most_ns / VT_NS_PER_S));
    return -ETIME;
}

// "sample one, en, 1280x720", and when, if that is later than the first frame.
static void describe(const struct reading *r, const struct vt_proof_scene *scene, char *ret, size_t room)
{
    int64_t later = scene->at_ns ? (scene->at_ns - r->proof->clock_ns) / VT_NS_PER_S : 0;
    snprintf(ret, room, "sample %s, %s, %dx%d", scene->sample ? scene->sample : "-", scene->language, scene->width, scene->height);
    if (scene->market)
        snprintf(ret + strlen(ret), room - strlen(ret), ", market %s", scene->market);
    if (scene->output)
        snprintf(ret + strlen(ret), room - strlen(ret), ", output %s", scene->output);
    if (later > 0)
        snprintf(ret + strlen(ret), room - strlen(ret), ", %lld s later", (long long)later);
}

static void say(struct reading *r, const struct vt_proof_scene *scene, const struct vt_flaw *flaw)
{
    char where[160];
    for (int i = 0; i < r->n_found; i++) {
        const struct found *f = &r->found[i];
        if (f->line == flaw->line && f->column == flaw->column && strcmp(f->form, flaw->form) == 0)
            return;
    }
    if (r->n_found < VT_DIAGNOSTICS_MAX)
        r->found[r->n_found++] = (struct found){flaw->line, flaw->column, flaw->form};
    describe(r, scene, where, sizeof where);
    vt_diagnose(r->said, flaw->severity, flaw->line, flaw->column, "%s (%s)", flaw->text, where);
}

static void say_all(struct reading *r, const struct vt_proof_scene *scene, const struct vt_diagnostics *said)
{
    char where[160];
    describe(r, scene, where, sizeof where);
    for (int i = 0; i < said->count; i++) {
        const struct vt_diagnostic *d = &said->list[i];
        bool known = false;
        for (int k = 0; k < r->said->count && !known; k++)
            known = r->said->list[k].line == d->line && strncmp(r->said->list[k].text, d->text, strlen(d->text)) == 0;
        if (!known)
            vt_diagnose(r->said, d->severity, d->line, d->column, "%s (%s)", d->text, where);
    }
}

static void inspect(struct reading *r, const struct vt_view *view, const struct vt_proof_scene *scene)
{
    struct vt_flaws *flaws = calloc(1, sizeof *flaws);
    if (!flaws || vt_inspect(view, flaws) != 0 || (!scene->at_ns && vt_inspect_motion(view, flaws) != 0))
        vt_diagnose(r->said, VT_ERROR, 0, 0, "cannot be checked: out of memory");
    for (int i = 0; flaws && i < flaws->count; i++)
        say(r, scene, &flaws->list[i]);
    free(flaws);
}

// *ret_expires is when what it shows changes by itself; as it was when nothing can be drawn.
static int read_state(struct reading *r, const struct vt_proof_scene *scene, int64_t *ret_expires)
{
    struct vt_diagnostics *said = calloc(1, sizeof *said);
    struct vt_view *view = NULL;
    int err = may_go_on(r);
    if (!err && said && vt_proof_view(r->proof, scene, &view, said) == 0) {
        *ret_expires = vt_view_expires_ns(view);
        if (r->params.pixels)
            inspect(r, view, scene);
    }
    if (said)
        say_all(r, scene, said);
    else
        vt_diagnose(r->said, VT_ERROR, 0, 0, "cannot be checked: out of memory");
    vt_view_unref(&view);
    free(said);
    return err;
}

// As it comes, and as it is when its offer has begun or ended and its stock has grown old.
static int read_scene(struct reading *r, struct vt_proof_scene scene)
{
    int err = 0;
    for (int state = 0; state < VT_PROOFREAD_STATES && !err && scene.at_ns != INT64_MAX; state++) {
        int64_t expires_ns = INT64_MAX;
        err = read_state(r, &scene, &expires_ns);
        scene.at_ns = expires_ns;
    }
    return err;
}

// Wide and upright.
static int read_sizes(struct reading *r, struct vt_proof_scene scene)
{
    scene.width = 1280;
    scene.height = 720;
    scene.smallest_height = VT_PLAYER_SIDE;
    int err = read_scene(r, scene);
    scene.width = 720;
    scene.height = 1280;
    scene.smallest_height = VT_PLAYER_SIDE * 1280 / 720;
    return err ? err : read_scene(r, scene);
}

static int read_sample(struct reading *r, const char *sample)
{
    const char *languages[VT_LANGUAGES_MAX + 1];
    struct vt_audience audiences[VT_AUDIENCES_MAX];
    int n = vt_proof_languages(r->proof, sample, languages), err = 0;
    int n_audiences = vt_template_audiences(r->proof->template, audiences, VT_AUDIENCES_MAX);
    for (int step = 0; step < vt_template_steps(r->proof->template); step++) {
        struct vt_proof_scene scene = {.sample = sample, .step = step, .strict = true};
        for (int i = 0; i < n && !err; i++) {
            scene.language = languages[i];
            err = read_sizes(r, scene);
        }
        for (int i = 0; i < n_audiences && !err; i++) {
            scene.language = audiences[i].language ? audiences[i].language : languages[0];
            scene.market = audiences[i].market;
            scene.output = audiences[i].output;
            err = read_sizes(r, scene);
        }
    }
    return err;
}

// A sample that speaks of a product which is nowhere would be one without data.
static bool lacks_product(struct reading *r, const char *sample)
{
    int line, column;
    const char *product = vt_template_sample_lacks(r->proof->template, sample, r->proof->products, &line, &column);
    if (product)
        vt_diagnose(r->said, VT_WARNING, line, column, "the sample %.60s was not tried: there is no product or offer \"%.60s\"%s",
                    sample, product, r->proof->products ? "" : ", and no products.json beside the template or its folder");
    return product;
}

int vt_proofread(const struct vt_proof *proof, const struct vt_proofread_params *params, struct vt_diagnostics *said)
{
    struct reading *r = calloc(1, sizeof *r);
    const char *const *names = vt_template_samples(proof->template);
    int err = 0;
    if (!r) {
        vt_diagnose(said, VT_ERROR, 0, 0, "cannot be checked: out of memory");
        return 0;
    }
    *r = (struct reading){.proof = proof, .params = *params, .said = said, .began_ns = spent_ns()};
    for (int i = 0; names[i] && !err; i++) {
        if (!lacks_product(r, names[i]))
            err = read_sample(r, names[i]);
    }
    if (!*names)
        vt_diagnose(said, VT_WARNING, 0, 0, "it has no `samples`: what it draws was not looked at");
    free(r);
    return err;
}
