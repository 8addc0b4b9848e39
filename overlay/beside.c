#include "overlay/beside.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

bool vt_asset_name_valid(const char *name)
{
    size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    return length >= 1 && length <= VT_ASSET_NAME && !name[length] && name[0] != '.' && name[0] != '-';
}

int vt_asset_read(const char *folder, const char *name, size_t limit, char **ret, size_t *ret_size)
{
    int fd = folder ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0)
        return -ENOENT;
    int r = vt_read_file_at(fd, name, limit, ret, ret_size);
    close(fd);
    return r;
}

const char *vt_asset_why(int error)
{
    return error == -EFBIG ? "it is no file, or larger than the limit" : error == -ELOOP ? "it is a link" : strerror(-error);
}
