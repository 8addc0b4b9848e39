#include "serve/as_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/names.h"

struct vt_as_run {
    char *folder;
};

int vt_as_run_new(struct vt_as_run **ret, const char *data)
{
    struct vt_as_run *log = calloc(1, sizeof *log);
    if (!log || asprintf(&log->folder, "%s/as-run", data) < 0) {
        free(log);
        return -ENOMEM;
    }
    *ret = log;
    return 0;
}

void vt_as_run_free(struct vt_as_run **log)
{
    if (!*log)
        return;
    free((*log)->folder);
    free(*log);
    *log = NULL;
}

static int open_file(const struct vt_as_run *log, const char *channel, const char *show)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", log->folder, channel);
    if ((mkdir(log->folder, 0750) < 0 && errno != EEXIST) || (mkdir(path, 0750) < 0 && errno != EEXIST))
        return -errno;
    if ((size_t)snprintf(path, sizeof path, "%s/%s/%s.jsonl", log->folder, channel, show) >= sizeof path)
        return -ENAMETOOLONG;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    return fd < 0 ? -errno : fd;
}

int vt_as_run_note(struct vt_as_run *log, const char *channel, const char *show, const json_t *cue)
{
    struct stat st;
    if (!json_is_integer(json_object_get(cue, "pts")))
        return 0;                        // it has not been on air
    if (!vt_name_valid(channel) || !vt_name_valid(show))
        return -EINVAL;
    char *text = json_dumps(cue, JSON_COMPACT | JSON_REAL_PRECISION(10)), *line = NULL;
    int length = text ? asprintf(&line, "%s\n", text) : -1;
    int fd = length < 0 ? -ENOMEM : open_file(log, channel, show), error = fd < 0 ? fd : 0;
    if (!error && fstat(fd, &st) < 0)
        error = -errno;
    if (!error && st.st_size + length > VT_AS_RUN_BYTES)
        error = -EFBIG;
    if (!error)
        error = vt_write_all(fd, line, (size_t)length);
    if (fd >= 0)
        close(fd);
    if (length >= 0)
        free(line);
    free(text);
    return error;
}
