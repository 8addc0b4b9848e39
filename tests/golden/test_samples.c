// Lints every sample as `vitrine lint` does, pixels and all: not a word may be said.
//
//     test_samples FOLDER
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve/lint.h"

static int is_template(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && strcmp(dot, ".yaml") == 0;
}

// What lint says goes on to standard output, as a remark.
static bool is_clean(const char *path)
{
    char said[4096];
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    if (!file || saved < 0)
        return false;
    dup2(fileno(file), STDERR_FILENO);
    int code = vt_lint_main(1, (char *[]){(char *)path, NULL});
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    bool clean = code == 0;
    while (fgets(said, sizeof said, file)) {
        clean = false;
        printf("# %s", said);
    }
    fclose(file);
    return clean;
}

int main(int argc, char **argv)
{
    struct dirent **list;
    int failures = 0, count = argc == 2 ? scandir(argv[1], &list, is_template, alphasort) : -1;
    if (count < 1) {
        fprintf(stderr, "usage: test_samples FOLDER\n");
        return 2;
    }
    printf("1..%d\n", count);
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", argv[1], list[i]->d_name);
        bool clean = is_clean(path);
        printf("%sok %d - %s\n", clean ? "" : "not ", i + 1, list[i]->d_name);
        fflush(stdout);
        failures += !clean;
        free(list[i]);
    }
    free(list);
    return failures > 0;
}
