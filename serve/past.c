#include "serve/past.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "packager/packager.h"

#define DATE_RANGE "#EXT-X-DATERANGE:"

// ---- the line

// Digits, and behind them `stop`.
static bool take_number(const char **at, const char *end, char stop, int64_t *ret)
{
    int64_t value = 0;
    const char *from = *at;
    for (; *at < end && **at >= '0' && **at <= '9'; (*at)++) {
        if (value > INT64_MAX / 10 - 1)
            return false;
        value = value * 10 + (**at - '0');
    }
    *ret = value;
    bool stopped = stop ? *at < end && **at == stop : *at == end;
    bool good = *at > from && stopped;
    *at += stop && good;
    return good;
}

int vt_past_read(const char *text, size_t size, struct vt_past_lines *ret)
{
    struct vt_past_lines past = {.size = 0};
    const char *end = text + size, *comma = memchr(text, ',', size);
    if (!comma || comma == text || comma - text > VT_HLS_NAME_MAX || *text == '.' ||
        memchr(text, '/', (size_t)(comma - text)))
        return -EBADMSG;
    memcpy(past.name, text, (size_t)(comma - text));
    text = comma + 1;
    if (!take_number(&text, end, ',', &past.offset) || !take_number(&text, end, ',', &past.size) ||
        !take_number(&text, end, 0, &past.segments))
        return -EBADMSG;
    if (past.offset > VT_PAST_FILE_MAX || past.size > VT_PLAYLIST_MAX)
        return -EFBIG;
    *ret = past;
    return 0;
}

// ---- the file

static int open_past(int live_fd, const struct vt_hls_file *playlist, const struct vt_past_lines *past)
{
    struct vt_hls_file file = *playlist;
    struct stat st;
    strcpy(file.component[file.count - 1], past->name);
    int fd = vt_hls_open(live_fd, &file);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) == 0 && st.st_size >= past->offset + past->size)
        return fd;
    close(fd);
    return -EBADMSG;
}

static void write_ranges(struct vt_writer *w, const char *text, size_t size)
{
    const char *end = text + size;
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t line = (size_t)((stop ? stop + 1 : end) - text);
        if (line > strlen(DATE_RANGE) && memcmp(text, DATE_RANGE, strlen(DATE_RANGE)) == 0)
            vt_write_bytes(w, text, line);
        text += line;
    }
}

static int write_past(struct vt_writer *w, int fd, const struct vt_past_lines *past)
{
    char *text = malloc((size_t)past->size + 1);
    int64_t got = 0;
    ssize_t step = 1;
    while (text && got < past->size &&
           (step = pread(fd, text + got, (size_t)(past->size - got), past->offset + got)) > 0)
        got += step;
    int error = !text ? -ENOMEM : got < past->size ? -EIO : 0;
    if (error == 0 && past->segments == 0)
        write_ranges(w, text, (size_t)past->size);
    else if (error == 0)
        vt_write_bytes(w, text, (size_t)past->size);
    free(text);
    return error;
}

// ---- playlists

// `w` NULL: only looks.
static int write_or_look(struct vt_writer *w, int live_fd, const struct vt_hls_file *playlist, const char *text,
                         size_t size)
{
    const char *end = text + size, *next;
    size_t mark = strlen(VT_PAST_LINE);
    for (int error = 0; text < end; text = next) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        struct vt_past_lines past;
        next = stop ? stop + 1 : end;
        if (!stop || (size_t)(stop - text) < mark || memcmp(text, VT_PAST_LINE, mark) != 0) {
            if (w)
                vt_write_bytes(w, text, (size_t)(next - text));
            continue;
        }
        error = vt_past_read(text + mark, (size_t)(stop - text) - mark, &past);
        int fd = error < 0 ? error : open_past(live_fd, playlist, &past);
        if (fd < 0)
            return fd;
        error = w ? write_past(w, fd, &past) : 0;
        close(fd);
        if (error < 0)
            return error;
    }
    return 0;
}

int vt_past_look(int live_fd, const struct vt_hls_file *playlist, const char *text, size_t size)
{
    return write_or_look(NULL, live_fd, playlist, text, size);
}

int vt_past_write(struct vt_writer *w, int live_fd, const struct vt_hls_file *playlist, const char *text, size_t size)
{
    int error = write_or_look(w, live_fd, playlist, text, size);
    return error < 0 ? error : w->failed ? -EFBIG : 0;
}
