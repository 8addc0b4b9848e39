#include "studio/show.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define TREE_DEPTH 4                     // SHOW/OUTPUT/cues
#define SHOWS_MAX  256                   // looked at when old ones are removed
#define SHOW_BYTES (64 * 1024)           // of show.json

struct vt_show {
    char channel_name[VT_NAME_ROOM], name[VT_NAME_ROOM];
    char output_names[VT_OUTPUTS_MAX][VT_NAME_ROOM];
    int n_outputs;
    int channel, folder;                 // directories
    struct vt_folder *outputs[VT_OUTPUTS_MAX];
    int64_t epoch;
    uint64_t first_msn, reserved;        // `reserved`: what `sequence` says on disk
    json_t *form;                        // the channel's
    bool goes_on;
};

// -- files

static int open_folder(int at, const char *name)
{
    if (mkdirat(at, name, 0755) < 0 && errno != EEXIST)
        return -errno;
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

// -- old shows

static void remove_tree(int at, const char *name, int depth)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(fd, entry->d_name, 0) < 0 && (errno == EISDIR || errno == EPERM) && depth > 0)
            remove_tree(fd, entry->d_name, depth - 1);
    }
    closedir(dir);
    (void)unlinkat(at, name, AT_REMOVEDIR);
}

struct old_show {
    char name[VT_NAME_ROOM];
    int64_t written_ns;
};

static int by_age(const void *a, const void *b)
{
    const struct old_show *x = a, *y = b;
    return x->written_ns < y->written_ns ? 1 : x->written_ns > y->written_ns ? -1 : strcmp(y->name, x->name);
}

static int64_t written_ns(int folder)
{
    struct stat st;
    return fstat(folder, &st) < 0 ? INT64_MAX : st.st_mtim.tv_sec * VT_NS_PER_S + st.st_mtim.tv_nsec;
}

// When the show's playlists were last written: the newest of its folders' times. 0: not a show.
static int64_t show_time(int channel, const char *name, const char *output)
{
    char path[2 * VT_NAME_ROOM + 16], folder[VT_NAME_ROOM];
    struct stat st;
    if (vt_name_copy(folder, name) < 0)
        return 0;
    snprintf(path, sizeof path, "%s/show.json", folder);
    if (fstatat(channel, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    snprintf(path, sizeof path, "%s/%s", folder, output);
    int fd = openat(channel, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return st.st_mtim.tv_sec * VT_NS_PER_S + st.st_mtim.tv_nsec;
    int64_t time = written_ns(fd);
    close(fd);
    return time;
}

static void remove_old_shows(struct vt_show *show, const char *current, int64_t now_ns)
{
    struct old_show shows[SHOWS_MAX];
    int count = 0, fd = dup(show->channel);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    while (dir && (entry = readdir(dir)) && count < SHOWS_MAX) {
        int64_t time = show_time(show->channel, entry->d_name, show->output_names[0]);
        if (time == 0 || strcmp(entry->d_name, current) == 0)
            continue;
        vt_name_copy(shows[count].name, entry->d_name);
        shows[count++].written_ns = time;
    }
    if (dir)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
    qsort(shows, (size_t)count, sizeof shows[0], by_age);
    for (int i = VT_SHOWS_KEPT; i < count; i++)
        if (shows[i].written_ns < now_ns - VT_SHOW_KEEP_NS)
            remove_tree(show->channel, shows[i].name, TREE_DEPTH);
}

static bool has_output(const struct vt_show *show, const char *name)
{
    for (int i = 0; i < show->n_outputs; i++)
        if (strcmp(show->output_names[i], name) == 0)
            return true;
    return false;
}

// A folder beside those of the shows that holds nothing but a multivariant playlist.
static void remove_old_outputs(struct vt_show *show)
{
    int fd = dup(show->channel);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    if (dir)
        rewinddir(dir);                  // the descriptors share their place
    while (dir && (entry = readdir(dir))) {
        char path[VT_NAME_ROOM + 16], name[VT_NAME_ROOM];
        if (vt_name_copy(name, entry->d_name) < 0 || has_output(show, name))
            continue;
        snprintf(path, sizeof path, "%s/index.m3u8", name);
        if (unlinkat(show->channel, path, 0) == 0)
            (void)unlinkat(show->channel, name, AT_REMOVEDIR);
    }
    if (dir)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
}

// -- sequence numbers

static uint64_t read_sequence(const struct vt_show *show)
{
    char *text;
    size_t size;
    if (vt_read_file_at(show->channel, "sequence", 64, &text, &size) < 0)
        return 1;
    char *end;
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    bool good = errno == 0 && end != text && (*end == 0 || *end == '\n') && number > 0 && number < UINT64_MAX / 2;
    free(text);
    return good ? number : 0;
}

static int write_sequence(struct vt_show *show, uint64_t number)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%" PRIu64 "\n", number);
    int error = vt_put_file_at(show->channel, "sequence", text, (size_t)length, true);
    if (!error)
        show->reserved = number;
    return error;
}

int vt_show_used(struct vt_show *show, uint64_t msn)
{
    if (msn + VT_SHOW_RESERVE / 2 < show->reserved)
        return 0;
    return write_sequence(show, msn + VT_SHOW_RESERVE);
}

int vt_show_over(struct vt_show *show, uint64_t next_msn)
{
    return write_sequence(show, next_msn);
}

// -- show.json

static bool has_all(const json_t *list, const json_t *wanted)
{
    size_t i, j;
    json_t *one, *other;
    json_array_foreach((json_t *)wanted, i, one) {
        bool found = false;
        json_array_foreach((json_t *)list, j, other)
            found |= json_equal(one, other) != 0;
        if (!found)
            return false;
    }
    return true;
}

// Whether a show that began as `before` can go on as `now`: the same, but for outputs that have come.
static bool fits(const json_t *before, const json_t *now)
{
    json_t *one = json_copy((json_t *)before), *two = json_copy((json_t *)now);
    json_object_del(one, "outputs");
    json_object_del(two, "outputs");
    bool same = json_equal(one, two) && has_all(json_object_get(now, "outputs"), json_object_get(before, "outputs"));
    json_decref(one);
    json_decref(two);
    return same;
}

static int put_show(const struct vt_show *show)
{
    char start[VT_TIME_TEXT];
    vt_format_time(show->epoch, start);
    json_t *json = json_pack("{s:s, s:I, s:I, s:O}", "start", start, "epoch_ns", (json_int_t)show->epoch, "first_msn",
                             (json_int_t)show->first_msn, "form", show->form);
    char *text = json ? json_dumps(json, 0) : NULL;
    int error = text ? vt_put_file_at(show->folder, "show.json", text, strlen(text), true) : -ENOMEM;
    json_decref(json);
    free(text);
    return error;
}

static int read_show(struct vt_show *show)
{
    char *text;
    size_t size;
    int error = vt_read_file_at(show->folder, "show.json", SHOW_BYTES, &text, &size);
    if (error)
        return error;
    json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    free(text);
    json_t *epoch = json_object_get(json, "epoch_ns"), *msn = json_object_get(json, "first_msn");
    json_t *form = json_object_get(json, "form");
    bool good = json_is_integer(epoch) && json_is_integer(msn) && json_integer_value(msn) > 0;
    if (good) {
        show->epoch = json_integer_value(epoch);
        show->first_msn = (uint64_t)json_integer_value(msn);
        show->goes_on = true;
    }
    error = !good ? -EBADMSG : !fits(form, show->form) ? -ESTALE : json_equal(form, show->form) ? 0 : put_show(show);
    json_decref(json);
    return error;
}

static int write_show(struct vt_show *show, int64_t now_ns)
{
    show->epoch = now_ns / VT_NS_PER_MS * VT_NS_PER_MS;      // playlists say it in ms
    show->first_msn = read_sequence(show);
    if (show->first_msn == 0)
        return -EBADMSG;
    int error = write_sequence(show, show->first_msn + VT_SHOW_RESERVE);
    return error ? error : put_show(show);
}

static int read_or_begin(struct vt_show *show, int64_t now_ns)
{
    int error = read_show(show);
    if (error != -ENOENT)
        return error;
    error = write_show(show, now_ns);
    if (!error)
        remove_old_shows(show, show->name, now_ns);
    if (!error)
        remove_old_outputs(show);
    return error;
}

static int open_outputs(struct vt_show *show)
{
    int error = 0;
    for (int i = 0; i < show->n_outputs && !error; i++)
        error = vt_folder_open(&show->outputs[i], show->folder, show->output_names[i]);
    return error;
}

static int open_channel(struct vt_show *show, const char *data)
{
    int top = open_folder(AT_FDCWD, data);
    int live = top < 0 ? top : open_folder(top, "live");
    show->channel = live < 0 ? live : open_folder(live, show->channel_name);
    if (top >= 0)
        close(top);
    if (live >= 0)
        close(live);
    return show->channel < 0 ? show->channel : 0;
}

static struct vt_show *new_show(const struct vt_channel *channel, const char *name)
{
    struct vt_show *show = calloc(1, sizeof *show);
    if (!show)
        return NULL;
    show->channel = show->folder = -1;
    vt_name_copy(show->name, name);
    vt_name_copy(show->channel_name, channel->name);
    show->n_outputs = channel->n_outputs;
    for (int i = 0; i < channel->n_outputs; i++)
        vt_name_copy(show->output_names[i], channel->outputs[i].name);
    if (!(show->form = vt_channel_form(channel)))
        vt_show_free(&show);
    return show;
}

int vt_show_open(struct vt_show **ret, const char *data, const struct vt_channel *channel, const char *name,
                 int64_t now_ns)
{
    if (!vt_name_valid(channel->name) || !vt_name_valid(name))
        return -EINVAL;
    struct vt_show *show = new_show(channel, name);
    if (!show)
        return -ENOMEM;
    int error = open_channel(show, data);
    if (!error && (show->folder = open_folder(show->channel, name)) < 0)
        error = show->folder;
    if (!error)
        error = read_or_begin(show, now_ns);
    if (!error)
        error = open_outputs(show);
    if (!error && show->goes_on)
        show->reserved = read_sequence(show);
    if (error)
        vt_show_free(&show);
    else
        *ret = show;
    return error;
}

void vt_show_free(struct vt_show **show)
{
    struct vt_show *s = *show;
    if (!s)
        return;
    for (int i = 0; i < s->n_outputs; i++)
        vt_folder_free(&s->outputs[i]);
    json_decref(s->form);
    if (s->folder >= 0)
        close(s->folder);
    if (s->channel >= 0)
        close(s->channel);
    free(s);
    *show = NULL;
}

int64_t vt_show_epoch(const struct vt_show *show)
{
    return show->epoch;
}

uint64_t vt_show_first_msn(const struct vt_show *show)
{
    return show->first_msn;
}

uint64_t vt_show_free_msn(const struct vt_show *show)
{
    return show->reserved;
}

bool vt_show_goes_on(const struct vt_show *show)
{
    return show->goes_on;
}

struct vt_folder *vt_show_folder(const struct vt_show *show, int output)
{
    return show->outputs[output];
}

int vt_show_keep(struct vt_show *show, const char *data)
{
    int error = 0;
    for (int i = 0; i < show->n_outputs && !error; i++)
        error = vt_folder_keep(show->outputs[i], data, show->channel_name, show->name, show->output_names[i]);
    return error;
}

int vt_show_put_index(struct vt_show *show, const char *output, const void *data, size_t size)
{
    char path[VT_NAME_ROOM + 16] = "index.m3u8";
    if (output) {
        int folder = open_folder(show->channel, output);
        if (folder < 0)
            return folder;
        close(folder);
        snprintf(path, sizeof path, "%s/index.m3u8", output);
    }
    return vt_put_file_at(show->channel, path, data, size, false);
}
