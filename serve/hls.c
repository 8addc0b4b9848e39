#include "serve/hls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/names.h"

static const struct ending {
    const char *text, *type;
    enum vt_hls_kind kind;
} endings[] = {
    {".m3u8", "application/vnd.apple.mpegurl", VT_HLS_PLAYLIST},
    {".m4s", "video/iso.segment", VT_HLS_MEDIA},
    {".mp4", "video/mp4", VT_HLS_MEDIA},
    {".ts", "video/mp2t", VT_HLS_MEDIA},
    {".json", "application/json", VT_HLS_MORE},
};

// Splits what follows "/live/" into components; none is empty or too long.
static bool split(const char *path, struct vt_hls_file *file)
{
    if (strncmp(path, "/live/", 6) != 0)
        return false;
    path += 6;
    for (;;) {
        size_t length = strcspn(path, "/");
        if (length == 0 || length > VT_HLS_NAME_MAX || file->count == VT_HLS_COMPONENTS)
            return false;
        memcpy(file->component[file->count], path, length);
        file->component[file->count++][length] = 0;
        path += length;
        if (*path++ == 0)
            return true;
    }
}

static bool file_name_valid(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    return name[0] != '.' && name[strspn(name, allowed)] == 0 && !strstr(name, "..");
}

static const struct ending *find_ending(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t tail = strlen(endings[i].text);
        if (length > tail && strcmp(name + length - tail, endings[i].text) == 0)
            return &endings[i];
    }
    return NULL;
}

static bool folders_valid(const struct vt_hls_file *file)
{
    for (int i = 0; i < file->count - 1; i++)
        if (!vt_name_valid(file->component[i]))
            return false;
    return true;
}

// A playlist's name has no other dot: NAME.ll.m3u8 is a form of NAME.m3u8, and no address.
static bool playlist_name_valid(const char *name)
{
    return strchr(name, '.') == strrchr(name, '.');
}

// Which files are published at which depth.
static bool published(const struct vt_hls_file *file, enum vt_hls_kind kind)
{
    const char *name = file->component[file->count - 1];
    bool media = kind == VT_HLS_MEDIA || (kind == VT_HLS_PLAYLIST && playlist_name_valid(name));
    if (file->recorded)
        return file->count == 5 ? media : file->count == 6 && kind == VT_HLS_MORE &&
                                          strcmp(file->component[4], "cues") == 0;
    switch (file->count) {
    case 2:
    case 3:
        return strcmp(name, "index.m3u8") == 0;
    case 4:
        return media;
    case 5:
        return kind == VT_HLS_MORE && strcmp(file->component[3], "cues") == 0;
    default:
        return false;
    }
}

int vt_hls_resolve(const char *path, struct vt_hls_file *ret)
{
    struct vt_hls_file file = {0};
    if (!split(path, &file) || !folders_valid(&file))
        return -ENOENT;
    const char *name = file.component[file.count - 1];
    file.recorded = file.count > 2 && strcmp(file.component[1], "recordings") == 0;
    const struct ending *ending = file_name_valid(name) ? find_ending(name) : NULL;
    if (!ending || !published(&file, ending->kind))
        return -ENOENT;
    file.kind = ending->kind;
    file.type = ending->type;
    *ret = file;
    return 0;
}

static int require_regular(int fd)
{
    struct stat st;
    int error = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -ENOENT;
    if (error == 0)
        return fd;
    close(fd);
    return error;
}

int vt_hls_open(int live_fd, const struct vt_hls_file *file)
{
    int folder = file->recorded ? openat(live_fd, "../recordings", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                                : live_fd;
    if (folder < 0)
        return -errno;
    for (int i = 0; i < file->count; i++) {
        if (file->recorded && i == 1)
            continue;
        int flags = i < file->count - 1 ? O_PATH | O_DIRECTORY : O_RDONLY | O_NONBLOCK;
        int fd = openat(folder, file->component[i], flags | O_NOFOLLOW | O_CLOEXEC);
        int error = -errno;
        if (folder != live_fd)
            close(folder);
        if (fd < 0)
            return error;
        folder = fd;
    }
    return require_regular(folder);
}

// Decimal digits only; at most 18 of them.
static bool take_number(const char **at, int64_t *ret)
{
    size_t digits = strspn(*at, "0123456789");
    if (digits == 0 || digits > 18)
        return false;
    *ret = strtoll(*at, NULL, 10);
    *at += digits;
    return true;
}

int vt_hls_range(const char *header, int64_t size, int64_t *ret_first, int64_t *ret_length)
{
    if (!header || strncmp(header, "bytes=", 6) != 0)
        return 0;
    const char *at = header + 6;
    int64_t first = 0, last = 0;
    bool has_first = take_number(&at, &first);
    if (*at++ != '-')
        return 0;
    bool has_last = take_number(&at, &last);
    if (*at != 0 || (!has_first && !has_last) || (has_first && has_last && last < first))
        return 0;
    if (!has_first) {                    // "-500": the last 500 bytes
        first = last < size ? size - last : 0;
        if (last == 0)
            return -ERANGE;
        last = size - 1;
    } else if (!has_last || last >= size) {
        last = size - 1;
    }
    if (first >= size)
        return -ERANGE;
    *ret_first = first;
    *ret_length = last - first + 1;
    return 1;
}
