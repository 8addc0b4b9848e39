#include "base/title.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static char *area;
static size_t area_size;

// Copies the strings that directly follow `*end` in memory and moves `*end` past them.
static int adopt(char **list, char **end)
{
    for (; *list; list++) {
        if (*list == *end)
            *end += strlen(*list) + 1;
        *list = strdup(*list);
        if (!*list)
            return -ENOMEM;
    }
    return 0;
}

int vt_title_init(int argc, char **argv)
{
    if (argc < 1 || area)
        return 0;
    size_t count = 0;
    while (environ[count])
        count++;
    char **variables = malloc((count + 1) * sizeof *variables);
    if (!variables)
        return -ENOMEM;
    memcpy(variables, environ, (count + 1) * sizeof *variables);
    char *start = argv[0], *end = argv[0];
    int err = adopt(argv, &end);
    if (!err)
        err = adopt(variables, &end);
    if (err)
        return err;      // what was copied stays in use, and the process ends
    environ = variables;
    area = start;
    area_size = (size_t)(end - start);
    return 0;
}

void vt_title_set(const char *title)
{
    const char *space = strchr(title, ' ');
    prctl(PR_SET_NAME, space ? space + 1 : title);
    if (area_size < 2)
        return;
    // The kernel shows what lies behind the arguments too, up to a NUL, when their last byte is not one.
    size_t size = strlen(title);
    size = size < area_size - 1 ? size : area_size - 1;
    memset(area, 0, area_size);
    memcpy(area, title, size);
}
