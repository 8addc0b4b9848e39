#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"

static int read_all(int fd, size_t limit, char **ret, size_t *ret_size)
{
    struct vt_writer w = {.limit = limit + 2};
    char block[16384];
    ssize_t n;
    while ((n = read(fd, block, sizeof block)) > 0 && !w.failed)
        vt_write_bytes(&w, block, (size_t)n);
    int err = n < 0 ? -errno : w.failed || w.size > limit ? -EFBIG : 0;
    vt_write_u8(&w, 0);
    if (!err && w.failed)
        err = -ENOMEM;
    if (err) {
        vt_writer_free(&w);
        return err;
    }
    *ret = (char *)w.data;
    *ret_size = w.size - 1;
    return 0;
}

int vt_read_file(const char *path, size_t limit, char **ret, size_t *ret_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int err = read_all(fd, limit, ret, ret_size);
    close(fd);
    return err;
}

int vt_read_file_at(int folder, const char *name, size_t limit, char **ret, size_t *ret_size)
{
    struct stat st;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int err = fstat(fd, &st) < 0 ? -errno : !S_ISREG(st.st_mode) ? -EFBIG : 0;
    if (!err)
        err = read_all(fd, limit, ret, ret_size);
    close(fd);
    return err;
}

int vt_write_all(int fd, const void *data, size_t size)
{
    const uint8_t *at = data;
    while (size > 0) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

int vt_put_file_at(int folder, const char *name, const void *data, size_t size, bool durable)
{
    char temporary[VT_FILE_NAME + 4];
    int length = snprintf(temporary, sizeof temporary, "%s.tmp", name);
    if (length >= (int)sizeof temporary)
        return -ENAMETOOLONG;
    int fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    int err = vt_write_all(fd, data, size);
    if (!err && durable && fsync(fd) < 0)
        err = -errno;
    if (close(fd) < 0 && !err)
        err = -errno;
    if (!err && renameat(folder, temporary, folder, name) < 0)
        err = -errno;
    if (err)
        (void)unlinkat(folder, temporary, 0);
    else if (durable)
        (void)fsync(folder);
    return err;
}
