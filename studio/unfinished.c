#include "studio/unfinished.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/mediatime.h"
#include "packager/packager.h"

#define END_LINE "#EXT-X-ENDLIST\n"

// What the playlists of a show say.
struct standing {
    int playlists, ended;
    int64_t written_ns;                  // the newest of them
};

// ---- folders

static int open_folder(int at, const char *name)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

// `root`: "live" or "recordings".
static int open_channel(const char *data, const char *root, const char *channel)
{
    if (!vt_name_valid(channel))
        return -EINVAL;
    int top = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int live = top < 0 ? -errno : open_folder(top, root);
    int fd = live < 0 ? live : open_folder(live, channel);
    if (top >= 0)
        close(top);
    if (live >= 0)
        close(live);
    return fd;
}

// Calls `visit` for every entry that is no hidden one, until it returns a negative errno.
static int each(int folder, int (*visit)(void *opaque, int folder, const char *name), void *opaque)
{
    int fd = open_folder(folder, "."), err = 0, count = 0;
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        err = fd < 0 ? fd : -errno;
        if (fd >= 0)
            close(fd);
        return err;
    }
    struct dirent *entry;
    while (!err && (entry = readdir(dir)) && count < VT_UNFINISHED_FILES) {
        if (entry->d_name[0] == '.')
            continue;
        count++;
        err = visit(opaque, folder, entry->d_name);
    }
    closedir(dir);
    return err;
}

// ---- one show

// A media playlist's text, or NULL: another file, or one that cannot be read.
static char *read_media(int folder, const char *name, size_t *ret_size)
{
    size_t length = strlen(name);
    char *text = NULL;
    if (length < 6 || strcmp(name + length - 5, ".m3u8") != 0 ||
        vt_read_file_at(folder, name, VT_UNFINISHED_PLAYLIST, &text, ret_size))
        return NULL;
    if (strstr(text, "#EXT-X-TARGETDURATION:"))
        return text;
    free(text);
    return NULL;
}

static bool has_end(const char *text, size_t size)
{
    size_t end = strlen(END_LINE);
    return size >= end && memcmp(text + size - end, END_LINE, end) == 0;
}

static int look_at_file(void *opaque, int folder, const char *name)
{
    struct standing *standing = opaque;
    struct stat st;
    size_t size;
    char *text = read_media(folder, name, &size);
    if (!text)
        return 0;
    standing->playlists++;
    standing->ended += has_end(text, size);
    free(text);
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        int64_t written = st.st_mtim.tv_sec * VT_NS_PER_S + st.st_mtim.tv_nsec;
        standing->written_ns = written > standing->written_ns ? written : standing->written_ns;
    }
    return 0;
}

static bool starts(const char *line, const char *tag)
{
    return strncmp(line, tag, strlen(tag)) == 0;
}

// Of an open segment, and of what would come after it, an ended playlist says nothing.
static bool is_open(const char *line)
{
    return starts(line, "#EXT-X-PART:") || starts(line, "#EXT-X-PROGRAM-DATE-TIME:") ||
           starts(line, "#EXT-X-DATERANGE:") || starts(line, "#EXT-X-PRELOAD-HINT:") ||
           starts(line, "#EXT-X-RENDITION-REPORT:");
}

static void write_whole(struct vt_writer *w, const char *text, size_t size)
{
    size_t last = 0, next;               // where the last whole segment ends
    for (size_t at = 0; at < size; at = next) {
        next = at + strcspn(text + at, "\n") + 1;
        if ((text[at] != '#' && text[at] != '\n') || starts(text + at, VT_PAST_LINE))
            last = next;
    }
    for (size_t at = 0; at < size; at = next) {
        next = at + strcspn(text + at, "\n") + 1;
        next = next < size ? next : size;
        if (at < last || !is_open(text + at))
            vt_write_bytes(w, text + at, next - at);
    }
}

static int end_file(void *opaque, int folder, const char *name)
{
    size_t size;
    char *text = read_media(folder, name, &size);
    if (!text || has_end(text, size)) {
        free(text);
        return 0;
    }
    struct vt_writer w = {.limit = 0};
    write_whole(&w, text, size);
    vt_write_bytes(&w, END_LINE, strlen(END_LINE));
    int err = w.failed ? -ENOMEM : vt_put_file_at(folder, name, w.data, w.size, true);
    vt_writer_free(&w);
    free(text);
    return err;
}

struct visit {
    int (*file)(void *opaque, int folder, const char *name);
    void *opaque;
};

static int look_into_output(void *opaque, int show, const char *name)
{
    const struct visit *visit = opaque;
    int folder = vt_name_valid(name) ? open_folder(show, name) : -ENOENT;
    if (folder < 0)
        return 0;
    int err = each(folder, visit->file, visit->opaque);
    close(folder);
    return err;
}

// Calls `file` for every file in every output of the show.
static int each_file(int channel, const char *show, int (*file)(void *, int, const char *), void *opaque)
{
    struct visit visit = {file, opaque};
    int fd = open_folder(channel, show);
    if (fd < 0)
        return fd;
    int err = each(fd, look_into_output, &visit);
    close(fd);
    return err;
}

// Nothing stands there when it is no show.
static struct standing standing_of(int channel, const char *show)
{
    struct standing standing = {0};
    if (!vt_name_valid(show) || each_file(channel, show, look_at_file, &standing))
        return (struct standing){0};
    return standing;
}

// ---- all of a channel

struct newest {
    char name[VT_NAME_ROOM];
    int64_t written_ns;
};

static int look_at_show(void *opaque, int channel, const char *name)
{
    struct newest *newest = opaque;
    struct standing standing = standing_of(channel, name);
    if (standing.playlists > 0 && standing.ended == 0 && standing.written_ns > newest->written_ns) {
        newest->written_ns = standing.written_ns;
        vt_name_copy(newest->name, name);
    }
    return 0;
}

int vt_unfinished_find(const char *data, const char *channel, char ret[VT_NAME_ROOM], int64_t *ret_written_ns)
{
    struct newest newest = {.written_ns = INT64_MIN};
    int fd = open_channel(data, "live", channel);
    if (fd < 0)
        return fd;
    int err = each(fd, look_at_show, &newest);
    close(fd);
    if (err || !newest.name[0])
        return err ? err : -ENOENT;
    vt_name_copy(ret, newest.name);
    *ret_written_ns = newest.written_ns;
    return 0;
}

// Its recording ends with it, if it has one.
static int end_recording(const char *data, const char *channel, const char *show)
{
    int fd = open_channel(data, "recordings", channel);
    int err = fd < 0 ? fd : each_file(fd, show, end_file, NULL);
    if (fd >= 0)
        close(fd);
    return err == -ENOENT ? 0 : err;
}

int vt_unfinished_end(const char *data, const char *channel, const char *show)
{
    int fd = vt_name_valid(show) ? open_channel(data, "live", channel) : -EINVAL;
    if (fd < 0)
        return fd;
    int err = each_file(fd, show, end_file, NULL);
    close(fd);
    int recorded = end_recording(data, channel, show);
    return err ? err : recorded;
}

struct ending {
    const char *data, *channel;
    const char *except;
    int count;
};

static int end_show(void *opaque, int channel, const char *name)
{
    struct ending *ending = opaque;
    struct standing standing = standing_of(channel, name);
    if ((ending->except && strcmp(name, ending->except) == 0) || standing.playlists == standing.ended)
        return 0;
    int err = each_file(channel, name, end_file, NULL);
    if (!err)
        err = end_recording(ending->data, ending->channel, name);
    ending->count += err == 0;
    return err;
}

int vt_unfinished_end_all(const char *data, const char *channel, const char *except)
{
    struct ending ending = {.data = data, .channel = channel, .except = except};
    int fd = open_channel(data, "live", channel);
    if (fd < 0)
        return fd;
    int err = each(fd, end_show, &ending);
    close(fd);
    return err ? err : ending.count;
}
