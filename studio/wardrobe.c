#include "studio/wardrobe.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"
#include "studio/bundle.h"
#include "studio/proofread.h"

#define NICE   10                        // of the thread that looks at what is saved: frames go before it
#define LISTED 32                        // templates in the status; more of those that were kept are not named

struct dress {
    char *path;                          // NULL: an empty place
    struct vt_bundle bundle;             // rev 0: a file of the configuration
    struct timespec written;             // owned by whoever checks
    off_t size;
    uint64_t beside;                     // of the files beside it

    // protected by lock
    struct vt_template *template;        // the last good one, or NULL
    bool shows_all, changed;
    char error[VT_DIAGNOSTIC_TEXT + 64];
};

struct vt_wardrobe {
    pthread_mutex_t lock;
    pthread_cond_t news;                 // the thread has begun; it shall stop
    pthread_t thread;
    bool watched, begun;
    bool opened;                         // the templates of the start are loaded
    atomic_bool stop;
    char *kept;                          // folder of bundles, or NULL
    int count;                           // places, those of the configuration's files first
    struct dress list[];
};

static void say(struct dress *dress, const struct vt_diagnostics *diagnostics, int error)
{
    dress->error[0] = 0;
    for (int i = 0; i < diagnostics->count; i++) {
        const struct vt_diagnostic *d = &diagnostics->list[i];
        if (d->severity != VT_ERROR)
            continue;
        char where[32] = "";             // empty: the whole file
        if (d->line)
            snprintf(where, sizeof where, "%d:%d: ", d->line, d->column);
        if (!dress->error[0])
            snprintf(dress->error, sizeof dress->error, "%serror: %s", where, d->text);
        vt_warning("%s:%s%serror: %s", dress->path, where, *where ? "" : " ", d->text);
    }
    if (!dress->error[0])
        snprintf(dress->error, sizeof dress->error, "%s", strerror(-error));
    vt_warning("%s: not loaded; %s", dress->path,
               dress->template ? "the one from before stays" : "there is no such template now");
}

static void folder_of(const char *path, char ret[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    snprintf(ret, PATH_MAX, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
}

// A number that changes when a file beside the template is written, comes or goes.
static uint64_t files_beside(struct vt_wardrobe *wardrobe, const struct dress *dress)
{
    const char *names[VT_TEMPLATE_FILES];
    char folder[PATH_MAX], path[PATH_MAX + 256];
    uint64_t sum = 0;
    struct stat st;
    folder_of(dress->path, folder);
    pthread_mutex_lock(&wardrobe->lock);
    struct vt_template *template = dress->template ? vt_template_ref(dress->template) : NULL;
    pthread_mutex_unlock(&wardrobe->lock);
    for (int i = 0, count = template ? vt_template_files(template, names, VT_TEMPLATE_FILES) : 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (stat(path, &st) != 0)
            memset(&st, 0, sizeof st);
        sum = sum * 31 + (uint64_t)st.st_mtim.tv_sec * VT_NS_PER_S + (uint64_t)st.st_mtim.tv_nsec + (uint64_t)st.st_size;
    }
    vt_template_unref(&template);
    return sum;
}

// What was saved must read without errors and draw without errors; a template of the API has been looked at already,
// and of what is there when a show starts there is none from before that could stay.
static int look(struct vt_wardrobe *wardrobe, struct dress *dress, struct vt_proof *proof, struct vt_diagnostics *said)
{
    const struct vt_proofread_params params = {.pixels = true, .most_ns = VT_PROOFREAD_NS, .stop = &wardrobe->stop};
    int error = vt_proof_open(proof, dress->path, NULL, said);
    if (error || !wardrobe->opened || dress->bundle.rev)
        return error;
    error = vt_proofread(proof, &params, said);
    if (!error && said->errors)
        error = -EINVAL;
    if (error)
        vt_proof_close(proof);
    return error;
}

static void load(struct vt_wardrobe *wardrobe, struct dress *dress)
{
    struct vt_diagnostics said = {.count = 0};
    struct vt_proof proof;
    int error = look(wardrobe, dress, &proof, &said);
    if (error == -ECANCELED)
        return;
    pthread_mutex_lock(&wardrobe->lock);
    if (error) {
        say(dress, &said, error);
    } else {
        vt_template_unref(&dress->template);
        dress->template = vt_template_ref(proof.template);
        dress->shows_all = vt_template_shows_products(dress->template);
        dress->changed = true;
        dress->error[0] = 0;
    }
    pthread_mutex_unlock(&wardrobe->lock);
    if (!error)
        vt_proof_close(&proof);
}

static struct dress *bundle_of(struct vt_wardrobe *wardrobe, const char *id)
{
    struct dress *empty = NULL;
    for (int i = 0; i < wardrobe->count; i++) {
        struct dress *dress = &wardrobe->list[i];
        if (dress->path && dress->bundle.rev && strcmp(dress->bundle.id, id) == 0)
            return dress;
        if (!dress->path && !empty)
            empty = dress;
    }
    return empty;
}

// The template in a place is now that of another revision, in another folder; the old one stays until that is loaded.
static void point(struct vt_wardrobe *wardrobe, struct dress *dress, const struct vt_bundle *bundle)
{
    char folder[PATH_MAX], *path = NULL;
    if (!vt_bundle_folder(wardrobe->kept, bundle, folder, sizeof folder) ||
        asprintf(&path, "%s/" VT_BUNDLE_FILE, folder) < 0)
        return;
    pthread_mutex_lock(&wardrobe->lock);
    free(dress->path);
    dress->path = path;
    dress->bundle = *bundle;
    dress->size = -1;
    pthread_mutex_unlock(&wardrobe->lock);
}

static void empty(struct vt_wardrobe *wardrobe, struct dress *dress)
{
    pthread_mutex_lock(&wardrobe->lock);
    vt_template_unref(&dress->template);
    free(dress->path);
    *dress = (struct dress){.size = -1};
    pthread_mutex_unlock(&wardrobe->lock);
}

// Which bundles there are now, and which have gone.
static void look_for_bundles(struct vt_wardrobe *wardrobe)
{
    struct vt_bundle list[VT_BUNDLES_MAX];
    int count = wardrobe->kept ? vt_bundles_scan(wardrobe->kept, list) : 0;
    for (int i = 0; i < wardrobe->count; i++) {
        struct dress *dress = &wardrobe->list[i];
        bool there = !dress->path || !dress->bundle.rev;
        for (int k = 0; k < count && !there; k++)
            there = strcmp(list[k].id, dress->bundle.id) == 0;
        if (!there)
            empty(wardrobe, dress);
    }
    for (int k = 0; k < count; k++) {
        struct dress *dress = bundle_of(wardrobe, list[k].id);
        if (dress && (!dress->path || dress->bundle.rev != list[k].rev))
            point(wardrobe, dress, &list[k]);
    }
}

void vt_wardrobe_check(struct vt_wardrobe *wardrobe)
{
    look_for_bundles(wardrobe);
    for (int i = 0; i < wardrobe->count; i++) {
        struct dress *dress = &wardrobe->list[i];
        struct stat st;
        if (!dress->path)
            continue;
        if (stat(dress->path, &st) < 0)
            memset(&st, 0, sizeof st);
        uint64_t beside = files_beside(wardrobe, dress);
        if (beside == dress->beside &&
            st.st_mtim.tv_sec == dress->written.tv_sec && st.st_mtim.tv_nsec == dress->written.tv_nsec &&
            st.st_size == dress->size)
            continue;
        dress->written = st.st_mtim;
        dress->size = st.st_size;
        const struct vt_template *before = dress->template;
        load(wardrobe, dress);
        dress->beside = dress->template == before ? beside : files_beside(wardrobe, dress);
    }
}

int vt_wardrobe_new(struct vt_wardrobe **ret, char *const *paths, int count, const char *kept)
{
    int places = count + (kept ? VT_BUNDLES_MAX : 0);
    struct vt_wardrobe *wardrobe = calloc(1, sizeof *wardrobe + (size_t)places * sizeof wardrobe->list[0]);
    if (!wardrobe)
        return -ENOMEM;
    pthread_mutex_init(&wardrobe->lock, NULL);
    pthread_cond_init(&wardrobe->news, NULL);
    wardrobe->count = places;
    wardrobe->kept = kept ? strdup(kept) : NULL;
    bool failed = kept && !wardrobe->kept;
    for (int i = 0; i < places; i++) {
        wardrobe->list[i].path = i < count ? strdup(paths[i]) : NULL;
        wardrobe->list[i].size = -1;
        failed |= i < count && !wardrobe->list[i].path;
    }
    if (failed) {
        vt_wardrobe_free(&wardrobe);
        return -ENOMEM;
    }
    vt_wardrobe_check(wardrobe);
    for (int i = 0; i < places; i++)
        wardrobe->list[i].changed = false;
    wardrobe->opened = true;
    *ret = wardrobe;
    return 0;
}

static void *watch(void *opaque)
{
    struct vt_wardrobe *w = opaque;
    struct timespec until;
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    pthread_mutex_lock(&w->lock);
    w->begun = true;
    pthread_cond_broadcast(&w->news);
    while (!atomic_load(&w->stop)) {
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec++;
        if (pthread_cond_timedwait(&w->news, &w->lock, &until) != ETIMEDOUT)
            continue;
        pthread_mutex_unlock(&w->lock);
        vt_wardrobe_check(w);
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

int vt_wardrobe_watch(struct vt_wardrobe *wardrobe)
{
    int error = pthread_create(&wardrobe->thread, NULL, watch, wardrobe);
    if (error)
        return -error;
    wardrobe->watched = true;
    pthread_mutex_lock(&wardrobe->lock);
    while (!wardrobe->begun)
        pthread_cond_wait(&wardrobe->news, &wardrobe->lock);
    pthread_mutex_unlock(&wardrobe->lock);
    return 0;
}

static void stop_watching(struct vt_wardrobe *wardrobe)
{
    pthread_mutex_lock(&wardrobe->lock);
    atomic_store(&wardrobe->stop, true);
    pthread_cond_broadcast(&wardrobe->news);
    pthread_mutex_unlock(&wardrobe->lock);
    pthread_join(wardrobe->thread, NULL);
}

void vt_wardrobe_free(struct vt_wardrobe **wardrobe)
{
    struct vt_wardrobe *w = *wardrobe;
    if (!w)
        return;
    if (w->watched)
        stop_watching(w);
    for (int i = 0; i < w->count; i++) {
        free(w->list[i].path);
        vt_template_unref(&w->list[i].template);
    }
    free(w->kept);
    pthread_cond_destroy(&w->news);
    pthread_mutex_destroy(&w->lock);
    free(w);
    *wardrobe = NULL;
}

bool vt_wardrobe_changed(struct vt_wardrobe *wardrobe, char id[VT_TEMPLATE_ID + 1])
{
    bool found = false;
    pthread_mutex_lock(&wardrobe->lock);
    for (int i = 0; i < wardrobe->count && !found; i++) {
        found = wardrobe->list[i].changed;
        wardrobe->list[i].changed = false;
        if (found)
            snprintf(id, VT_TEMPLATE_ID + 1, "%s", vt_template_id(wardrobe->list[i].template));
    }
    pthread_mutex_unlock(&wardrobe->lock);
    return found;
}

static bool is_called(const struct vt_template *template, const char *name)
{
    const char *id = vt_template_id(template);
    size_t length = strlen(id);
    if (strncmp(name, id, length) != 0)
        return false;
    return name[length] == 0 || (name[length] == '@' && strcmp(name + length + 1, vt_template_version(template)) == 0);
}

struct vt_template *vt_wardrobe_find(struct vt_wardrobe *wardrobe, const char *name, bool *ret_all)
{
    struct vt_template *found = NULL;
    pthread_mutex_lock(&wardrobe->lock);
    for (int i = 0; i < wardrobe->count && !found; i++)
        if (wardrobe->list[i].template && is_called(wardrobe->list[i].template, name)) {
            found = vt_template_ref(wardrobe->list[i].template);
            *ret_all = wardrobe->list[i].shows_all;
        }
    pthread_mutex_unlock(&wardrobe->lock);
    return found;
}

char *vt_wardrobe_names(struct vt_wardrobe *wardrobe)
{
    struct vt_writer w = { .limit = 0 };
    pthread_mutex_lock(&wardrobe->lock);
    for (int i = 0; i < wardrobe->count; i++) {
        const struct vt_template *t = wardrobe->list[i].template;
        if (t)
            vt_write_format(&w, "%s%s@%s", w.size ? ", " : "", vt_template_id(t), vt_template_version(t));
    }
    pthread_mutex_unlock(&wardrobe->lock);
    vt_write_u8(&w, 0);
    if (w.failed || w.size == 1) {
        vt_writer_free(&w);
        return NULL;
    }
    return (char *)w.data;
}

json_t *vt_wardrobe_status(struct vt_wardrobe *wardrobe)
{
    json_t *list = json_array();
    pthread_mutex_lock(&wardrobe->lock);
    for (int i = 0; i < wardrobe->count; i++) {
        const struct dress *dress = &wardrobe->list[i];
        if (!dress->path || (dress->bundle.rev && !dress->error[0] && json_array_size(list) >= LISTED))
            continue;
        json_t *entry = json_pack("{s:s}", "file", dress->path);
        if (dress->template)
            json_object_update_new(entry, json_pack("{s:s, s:s}", "id", vt_template_id(dress->template), "version",
                                                    vt_template_version(dress->template)));
        if (dress->error[0])
            json_object_set_new(entry, "error", json_string(dress->error));
        json_array_append_new(list, entry);
    }
    pthread_mutex_unlock(&wardrobe->lock);
    return list;
}
