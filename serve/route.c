#include "serve/route.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

// Steps over one argument of the path; it is never empty.
static bool take_argument(const char **path, char *out)
{
    size_t length = strcspn(*path, "/");
    if (length == 0 || length >= VT_ROUTE_ARG_ROOM)
        return false;
    memcpy(out, *path, length);
    out[length] = 0;
    *path += length;
    return true;
}

static bool path_fits(const char *pattern, const char *path, struct vt_match *match)
{
    int n = 0;
    while (*pattern) {
        if (*pattern == '{') {
            if (n == VT_ROUTE_ARGS || !take_argument(&path, match->args[n++]))
                return false;
            pattern = strchr(pattern, '}') + 1;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == 0;
}

static void add_allowed(char *allow, const char *method)
{
    size_t used = strlen(allow);
    snprintf(allow + used, VT_ROUTE_ALLOW - used, "%s%s%s", used ? ", " : "", method,
             strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

int vt_route_find(const struct vt_route *table, const char *method, const char *path, struct vt_match *ret)
{
    struct vt_match match = {0};
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    for (const struct vt_route *route = table; route->method; route++) {
        if (!path_fits(route->pattern, path, &match))
            continue;
        if (strcmp(route->method, wanted) == 0) {
            match.route = route;
            *ret = match;
            return 0;
        }
        add_allowed(match.allow, route->method);
    }
    if (!match.allow[0])
        return -ENOENT;
    *ret = match;
    return -EPERM;
}
