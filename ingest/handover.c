#include "ingest/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

static int read_all(int fd, void *data, size_t size, off_t from)
{
    uint8_t *at = data;
    while (size > 0) {
        ssize_t n = pread(fd, at, size, from);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EBADMSG;
        at += n;
        from += n;
        size -= (size_t)n;
    }
    return 0;
}

int vt_handover_write(int *ret_fd, const struct vt_rtmp *rtmp, const void *unread, size_t size)
{
    if (size > VT_HANDOVER_UNREAD_MAX)
        return -EMSGSIZE;
    int fd = memfd_create("handover", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    struct vt_handover_head head = {VT_HANDOVER_MAGIC, sizeof *rtmp, (uint32_t)size, 0};
    struct vt_rtmp state = *rtmp;
    vt_rtmp_forget(&state);
    int error = vt_write_all(fd, &head, sizeof head);
    if (error == 0)
        error = vt_write_all(fd, &state, sizeof state);
    if (error == 0)
        error = vt_write_all(fd, unread, size);
    if (error == 0 && fcntl(fd, F_ADD_SEALS, SEALS) < 0)
        error = -errno;
    if (error < 0) {
        close(fd);
        return error;
    }
    *ret_fd = fd;
    return 0;
}

// Whether `fd` cannot change any more and is of the size that its head speaks of.
static int check(int fd, struct vt_handover_head *ret)
{
    struct stat file;
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &file) < 0)
        return -EBADMSG;
    int error = read_all(fd, ret, sizeof *ret, 0);
    if (error < 0)
        return error;
    if (ret->magic != VT_HANDOVER_MAGIC || ret->state_size != sizeof(struct vt_rtmp) ||
        ret->unread_size > VT_HANDOVER_UNREAD_MAX ||
        file.st_size != (off_t)(sizeof *ret + sizeof(struct vt_rtmp) + ret->unread_size))
        return -EBADMSG;
    return 0;
}

int vt_handover_read(int fd, struct vt_rtmp *ret, uint8_t **ret_unread, size_t *ret_size)
{
    struct vt_handover_head head;
    int error = check(fd, &head);
    if (error < 0)
        return error;
    struct vt_rtmp *rtmp = malloc(sizeof *rtmp);
    uint8_t *unread = malloc(head.unread_size ? head.unread_size : 1);
    error = rtmp && unread ? 0 : -ENOMEM;
    if (error == 0)
        error = read_all(fd, rtmp, sizeof *rtmp, sizeof head);
    if (error == 0)
        error = read_all(fd, unread, head.unread_size, sizeof head + sizeof *rtmp);
    if (error == 0 && !vt_rtmp_valid(rtmp))
        error = -EBADMSG;
    if (error == 0) {
        *ret = *rtmp;
        *ret_unread = unread;
        *ret_size = head.unread_size;
        unread = NULL;
    }
    free(unread);
    free(rtmp);
    return error;
}
