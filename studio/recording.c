#include "studio/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define TAIL 256                         // bytes at a playlist's end in which its last segment's name stands

struct vt_recording {
    int folder;
};

static int open_folder(int at, const char *name)
{
    if (mkdirat(at, name, 0755) < 0 && errno != EEXIST)
        return -errno;
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int vt_recording_new(struct vt_recording **ret, const char *data, const char *channel, const char *show,
                     const char *output)
{
    const char *const path[] = {data, "recordings", channel, show, output, "cues"};
    int folder = AT_FDCWD, cues = -1;
    if (!vt_name_valid(channel) || !vt_name_valid(show) || !vt_name_valid(output))
        return -EINVAL;
    for (int i = 0; i < 6; i++) {
        int fd = open_folder(folder, path[i]);
        if (i == 5)
            cues = fd;
        else if (folder >= 0)
            close(folder);
        if (i < 5)
            folder = fd;
        if (fd < 0)
            break;
    }
    struct vt_recording *recording = cues >= 0 ? calloc(1, sizeof *recording) : NULL;
    if (!recording) {
        if (folder >= 0)
            close(folder);
        if (cues >= 0)
            close(cues);
        return cues >= 0 ? -ENOMEM : folder < 0 ? folder : cues;
    }
    close(cues);
    recording->folder = folder;
    *ret = recording;
    return 0;
}

void vt_recording_free(struct vt_recording **recording)
{
    if (*recording)
        close((*recording)->folder);
    free(*recording);
    *recording = NULL;
}

static int link_or_copy(struct vt_recording *recording, int output, const char *name, const void *data, size_t size)
{
    if (linkat(output, name, recording->folder, name, 0) == 0)
        return 0;
    if (errno == EEXIST && unlinkat(recording->folder, name, 0) == 0 &&
        linkat(output, name, recording->folder, name, 0) == 0)
        return 0;
    return vt_put_file_at(recording->folder, name, data, size, false);
}

// While it grows a recording is played from its beginning: without EXT-X-START players begin where the show is now.
static int put_index(const struct vt_recording *recording, const char *name, const char *data, size_t size)
{
    struct vt_writer w = {.limit = 0};
    const char *line = memchr(data, '\n', size);
    size_t first = line ? (size_t)(line - data) + 1 : 0;
    vt_write_bytes(&w, data, first);
    vt_write_text(&w, "#EXT-X-START:TIME-OFFSET=0\n");
    vt_write_bytes(&w, data + first, size - first);
    int error = w.failed ? -ENOMEM : vt_put_file_at(recording->folder, name, w.data, w.size, false);
    vt_writer_free(&w);
    return error;
}

int vt_recording_put(struct vt_recording *recording, int output, enum vt_blob kind, const char *name, const void *data,
                     size_t size)
{
    switch (kind) {
    case VT_BLOB_INIT:
    case VT_BLOB_SEGMENT:
    case VT_BLOB_MORE:         return link_or_copy(recording, output, name, data, size);
    case VT_BLOB_MULTIVARIANT: return put_index(recording, name, data, size);
    default:                   return 0;
    }
}

// The number in "\n720p-17.m4s\n" at the end of the file, or 0.
static uint64_t last_number(int fd, off_t size)
{
    char tail[TAIL + 1];
    size_t length = size < TAIL ? (size_t)size : TAIL;
    if (pread(fd, tail, length, size - (off_t)length) != (ssize_t)length)
        return 0;
    tail[length] = 0;
    char *line = length > 0 && tail[length - 1] == '\n' ? (tail[length - 1] = 0, strrchr(tail, '\n')) : NULL;
    const char *dash = line ? strrchr(line, '-') : NULL;
    return dash && line[1] != '#' ? strtoull(dash + 1, NULL, 10) : 0;
}

static int append(int fd, const struct vt_writer *text)
{
    for (size_t at = 0; at < text->size;) {
        ssize_t done = write(fd, text->data + at, text->size - at);
        if (done < 0 && errno != EINTR)
            return -errno;
        at += done < 0 ? 0 : (size_t)done;
    }
    return 0;
}

int vt_recording_add(struct vt_recording *recording, const char *name, uint64_t msn, const struct vt_writer *head,
                     const struct vt_writer *lines)
{
    struct stat st;
    int fd = openat(recording->folder, name, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    int result = fstat(fd, &st) < 0 ? -errno : 0;
    bool has_it = result == 0 && msn > 0 && st.st_size > 0 && last_number(fd, st.st_size) >= msn;
    // A file of which only a piece could be written once is cut back, so that lines stay whole.
    if (result == 0 && !has_it && st.st_size == 0)
        result = append(fd, head);
    if (result == 0 && !has_it)
        result = append(fd, lines);
    if (result < 0 && ftruncate(fd, st.st_size) < 0)
        result = -errno;
    close(fd);
    return result;
}
