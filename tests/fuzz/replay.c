// Runs a fuzz target over every file of its corpus, in an ordinary build: one TAP line a file.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void replay(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(1);
    }
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    uint8_t *data = malloc(size ? (size_t)size : 1);    // exact size: a sanitizer sees the first byte past it
    if (!data || fread(data, 1, (size_t)size, file) != (size_t)size)
        exit(1);
    fclose(file);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
}

int main(int argc, char **argv)
{
    struct dirent **list;
    int count = argc == 2 ? scandir(argv[1], &list, is_file, alphasort) : -1;
    if (count < 1) {
        fprintf(stderr, "no corpus in %s\n", argc == 2 ? argv[1] : "(no argument)");
        return 1;
    }
    printf("1..%d\n", count);
    for (int i = 0; i < count; i++) {
        replay(argv[1], list[i]->d_name);
        printf("ok %d - %s\n", i + 1, list[i]->d_name);
        free(list[i]);
    }
    free(list);
    return 0;
}
