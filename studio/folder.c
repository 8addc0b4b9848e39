#include "studio/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "studio/recording.h"

struct vt_folder {
    int fd;
    char *state;
    size_t state_size;
    struct vt_recording *recording;      // or NULL
    int recording_error;                 // the last one that was told of
};

static int open_directory(int at, const char *name)
{
    if (mkdirat(at, name, 0755) < 0 && errno != EEXIST)
        return -errno;
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int vt_folder_open(struct vt_folder **ret, int at, const char *name)
{
    struct vt_folder *folder = calloc(1, sizeof *folder);
    if (!folder)
        return -ENOMEM;
    folder->fd = open_directory(at, name);
    int cues = folder->fd < 0 ? folder->fd : open_directory(folder->fd, "cues");
    if (cues < 0) {
        vt_folder_free(&folder);
        return cues;
    }
    close(cues);
    (void)vt_read_file_at(folder->fd, "state.json", VT_FOLDER_STATE, &folder->state, &folder->state_size);
    *ret = folder;
    return 0;
}

void vt_folder_free(struct vt_folder **folder)
{
    struct vt_folder *f = *folder;
    if (!f)
        return;
    if (f->fd >= 0)
        close(f->fd);
    vt_recording_free(&f->recording);
    free(f->state);
    free(f);
    *folder = NULL;
}

const char *vt_folder_state(const struct vt_folder *folder, size_t *ret_size)
{
    *ret_size = folder->state_size;
    return folder->state;
}

// The live show goes on without its recording.
static void check_recording(struct vt_folder *folder, int error)
{
    if (error && error != folder->recording_error)
        vt_error("the recording is not whole: %s", strerror(-error));
    folder->recording_error = error;
}

bool vt_folder_differs(const struct vt_folder *folder, const char *name, const void *data, size_t size)
{
    char *text;
    size_t length;
    int error = vt_read_file_at(folder->fd, name, size, &text, &length);
    if (error)
        return error == -EFBIG;
    bool differs = length > 0 && (length != size || memcmp(text, data, size) != 0);
    free(text);
    return differs;
}

int vt_folder_put(void *opaque, enum vt_blob kind, const char *name, const void *data, size_t size)
{
    struct vt_folder *folder = opaque;
    int error = vt_put_file_at(folder->fd, name, data, size, false);
    if (!error && folder->recording)
        check_recording(folder, vt_recording_put(folder->recording, folder->fd, kind, name, data, size));
    return error;
}

int vt_folder_append(void *opaque, const char *name, const void *data, size_t size)
{
    struct vt_folder *folder = opaque;
    int fd = openat(folder->fd, name, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int error = vt_write_all(fd, data, size);
    close(fd);
    return error;
}

int vt_folder_drop(void *opaque, const char *name)
{
    struct vt_folder *folder = opaque;
    return unlinkat(folder->fd, name, 0) < 0 ? -errno : 0;
}

int vt_folder_get(void *opaque, const char *name, struct vt_writer *w)
{
    struct vt_folder *folder = opaque;
    char *text;
    size_t size;
    int error = vt_read_file_at(folder->fd, name, VT_SEGMENT_BYTES_MAX, &text, &size);
    if (error)
        return error;
    vt_write_bytes(w, text, size);
    free(text);
    return w->failed ? -ENOMEM : 0;
}

int vt_folder_keep(struct vt_folder *folder, const char *data, const char *channel, const char *show,
                   const char *output)
{
    return vt_recording_new(&folder->recording, data, channel, show, output);
}

bool vt_folder_kept(const struct vt_folder *folder)
{
    return folder->recording;
}

int vt_folder_record(void *opaque, const char *name, uint64_t msn, const struct vt_writer *head,
                     const struct vt_writer *lines)
{
    struct vt_folder *folder = opaque;
    if (folder->recording)
        check_recording(folder, vt_recording_add(folder->recording, name, msn, head, lines));
    return 0;
}
