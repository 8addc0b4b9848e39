#include "base/names.h"

#include <errno.h>
#include <string.h>

bool vt_name_valid(const char *name)
{
    size_t length = name ? strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") : 0;
    return length >= 1 && length <= VT_NAME_MAX && name[length] == 0;
}

int vt_name_copy(char *out, const char *name)
{
    if (!vt_name_valid(name))
        return -EINVAL;
    memmove(out, name, strlen(name) + 1);
    return 0;
}
