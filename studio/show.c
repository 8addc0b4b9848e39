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
#include "base/log.h"
#include "studio/recording.h"

#define TREE_DEPTH 4                     // SHOW/OUTPUT/cues
#define SHOWS_MAX  256                   // looked at when old ones are removed

struct vt_show {
    int channel, folder, output;         // directories
    char output_name[VT_NAME_ROOM];
    int64_t epoch;
    uint64_t first_msn, reserved;        // `reserved`: what `sequence` says on disk
    bool goes_on;
    struct vt_recording *recording;      // or NULL
    int recording_error;                 // the last one that was told of
    char *state;
    size_t state_size;
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
        int64_t time = show_time(show->channel, entry->d_name, show->output_name);
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

static int read_show(struct vt_show *show)
{
    char *text;
    size_t size;
    int error = vt_read_file_at(show->folder, "show.json", 4096, &text, &size);
    if (error)
        return error;
    json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    free(text);
    json_t *epoch = json_object_get(json, "epoch_ns"), *msn = json_object_get(json, "first_msn");
    bool good = json_is_integer(epoch) && json_is_integer(msn) && json_integer_value(msn) > 0;
    if (good) {
        show->epoch = json_integer_value(epoch);
        show->first_msn = (uint64_t)json_integer_value(msn);
        show->goes_on = true;
    }
    json_decref(json);
    return good ? 0 : -EBADMSG;
}

static int write_show(struct vt_show *show, int64_t now_ns)
{
    char start[VT_TIME_TEXT], text[256];
    show->epoch = now_ns / VT_NS_PER_MS * VT_NS_PER_MS;      // playlists say it in ms
    show->first_msn = read_sequence(show);
    if (show->first_msn == 0)
        return -EBADMSG;
    vt_format_time(show->epoch, start);
    int error = write_sequence(show, show->first_msn + VT_SHOW_RESERVE);
    int length = snprintf(text, sizeof text, "{\"start\": \"%s\", \"epoch_ns\": %" PRId64 ", \"first_msn\": %" PRIu64 "}\n",
                          start, show->epoch, show->first_msn);
    return error ? error : vt_put_file_at(show->folder, "show.json", text, (size_t)length, true);
}

static int read_or_begin(struct vt_show *show, const char *name, int64_t now_ns)
{
    int error = read_show(show);
    if (error != -ENOENT)
        return error;
    error = write_show(show, now_ns);
    if (!error)
        remove_old_shows(show, name, now_ns);
    return error;
}

static int open_output(struct vt_show *show, int at, const char *output)
{
    show->output = open_folder(at, output);
    if (show->output < 0)
        return show->output;
    int cues = open_folder(show->output, "cues");
    if (cues < 0)
        return cues;
    close(cues);
    return 0;
}

static int open_channel(struct vt_show *show, const char *data, const char *channel)
{
    int top = open_folder(AT_FDCWD, data);
    int live = top < 0 ? top : open_folder(top, "live");
    show->channel = live < 0 ? live : open_folder(live, channel);
    if (top >= 0)
        close(top);
    if (live >= 0)
        close(live);
    return show->channel < 0 ? show->channel : 0;
}

static struct vt_show *new_show(void)
{
    struct vt_show *show = calloc(1, sizeof *show);
    if (show)
        show->channel = show->folder = show->output = -1;
    return show;
}

int vt_show_open(struct vt_show **ret, const char *data, const char *channel, const char *name, const char *output,
                 int64_t now_ns)
{
    struct vt_show *show = vt_name_valid(channel) && vt_name_valid(name) ? new_show() : NULL;
    if (!show)
        return -EINVAL;
    int error = vt_name_copy(show->output_name, output);
    if (!error)
        error = open_channel(show, data, channel);
    if (!error && (show->folder = open_folder(show->channel, name)) < 0)
        error = show->folder;
    if (!error)
        error = read_or_begin(show, name, now_ns);
    if (!error)
        error = open_output(show, show->folder, output);
    if (!error && show->goes_on) {
        (void)vt_read_file_at(show->output, "state.json", VT_SHOW_STATE, &show->state, &show->state_size);
        show->reserved = read_sequence(show);
    }
    if (error)
        vt_show_free(&show);
    else
        *ret = show;
    return error;
}

int vt_show_open_folder(struct vt_show **ret, const char *folder)
{
    struct vt_show *show = new_show();
    if (!show)
        return -ENOMEM;
    int error = open_output(show, AT_FDCWD, folder);
    if (!error && (show->channel = dup(show->output)) < 0)
        error = -errno;
    show->first_msn = 1;
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
    int folders[] = { s->channel, s->folder, s->output };
    for (int i = 0; i < 3; i++)
        if (folders[i] >= 0)
            close(folders[i]);
    vt_recording_free(&s->recording);
    free(s->state);
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

const char *vt_show_state(const struct vt_show *show, size_t *ret_size)
{
    *ret_size = show->state_size;
    return show->state;
}

// The live show goes on without its recording.
static void check_recording(struct vt_show *show, int error)
{
    if (error && error != show->recording_error)
        vt_error("the recording is not whole: %s", strerror(-error));
    show->recording_error = error;
}

int vt_show_put(void *opaque, enum vt_blob kind, const char *name, const void *data, size_t size)
{
    struct vt_show *show = opaque;
    int error = vt_put_file_at(show->output, name, data, size, false);
    if (!error && show->recording)
        check_recording(show, vt_recording_put(show->recording, show->output, kind, name, data, size));
    return error;
}

int vt_show_keep(struct vt_show *show, const char *data, const char *channel, const char *name)
{
    return vt_recording_new(&show->recording, data, channel, name, show->output_name);
}

bool vt_show_kept(const struct vt_show *show)
{
    return show->recording;
}

int vt_show_record(void *opaque, const char *name, uint64_t msn, const struct vt_writer *head,
                   const struct vt_writer *lines)
{
    struct vt_show *show = opaque;
    if (show->recording)
        check_recording(show, vt_recording_add(show->recording, name, msn, head, lines));
    return 0;
}

int vt_show_get(void *opaque, const char *name, struct vt_writer *w)
{
    struct vt_show *show = opaque;
    char *text;
    size_t size;
    int error = vt_read_file_at(show->output, name, VT_SEGMENT_BYTES_MAX, &text, &size);
    if (error)
        return error;
    vt_write_bytes(w, text, size);
    free(text);
    return w->failed ? -ENOMEM : 0;
}

int vt_show_drop(void *opaque, const char *name)
{
    struct vt_show *show = opaque;
    return unlinkat(show->output, name, 0) < 0 ? -errno : 0;
}

int vt_show_put_channel(struct vt_show *show, const char *name, const void *data, size_t size)
{
    if (strchr(name, '/')) {
        int folder = open_folder(show->channel, show->output_name);
        if (folder < 0)
            return folder;
        close(folder);
    }
    return vt_put_file_at(show->channel, name, data, size, false);
}
