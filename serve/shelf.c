#include "serve/shelf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct book {
    char *path;                          // NULL: free
    uint64_t hash, used;
    size_t size;
    int64_t looked_ns;
    struct vt_reply *reply;
};

struct vt_shelf {
    size_t bytes;
    uint64_t turn;
    struct book list[VT_SHELF_FILES];
};

int vt_shelf_new(struct vt_shelf **ret)
{
    *ret = calloc(1, sizeof **ret);
    return *ret ? 0 : -ENOMEM;
}

static void remove_book(struct vt_shelf *shelf, struct book *book)
{
    shelf->bytes -= book->size;
    vt_reply_unref(&book->reply);
    free(book->path);
    *book = (struct book){0};
}

void vt_shelf_free(struct vt_shelf **shelf)
{
    if (!*shelf)
        return;
    for (int i = 0; i < VT_SHELF_FILES; i++)
        remove_book(*shelf, &(*shelf)->list[i]);
    free(*shelf);
    *shelf = NULL;
}

static uint64_t hash_path(const char *path)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *path; path++)
        hash = (hash ^ (unsigned char)*path) * UINT64_C(0x100000001b3);
    return hash;
}

static struct book *find(struct vt_shelf *shelf, const char *path, uint64_t hash)
{
    for (struct book *book = shelf->list; book < shelf->list + VT_SHELF_FILES; book++)
        if (book->hash == hash && book->path && strcmp(book->path, path) == 0)
            return book;
    return NULL;
}

struct vt_reply *vt_shelf_find(struct vt_shelf *shelf, const char *path, int64_t now_ns)
{
    struct book *book = find(shelf, path, hash_path(path));
    if (!book)
        return NULL;
    if (now_ns - book->looked_ns > VT_SHELF_TRUST_NS) {
        remove_book(shelf, book);
        return NULL;
    }
    book->used = ++shelf->turn;
    return book->reply;
}

static struct book *oldest(struct vt_shelf *shelf)
{
    struct book *found = NULL;
    for (struct book *book = shelf->list; book < shelf->list + VT_SHELF_FILES; book++)
        if (book->path && (!found || book->used < found->used))
            found = book;
    return found;
}

// A free place, with room for `size` bytes.
static struct book *make_room(struct vt_shelf *shelf, size_t size)
{
    while (shelf->bytes + size > VT_SHELF_BYTES)
        remove_book(shelf, oldest(shelf));
    for (struct book *book = shelf->list; book < shelf->list + VT_SHELF_FILES; book++)
        if (!book->path)
            return book;
    struct book *book = oldest(shelf);
    remove_book(shelf, book);
    return book;
}

static char *read_file(int fd, size_t size)
{
    char *data = malloc(size + 1);
    size_t got = 0;
    ssize_t step = 1;
    while (data && got < size && (step = pread(fd, data + got, size - got, (off_t)got)) > 0)
        got += (size_t)step;
    if (got == size)
        return data;
    free(data);
    return NULL;
}

struct vt_reply *vt_shelf_put(struct vt_shelf *shelf, const struct vt_site *site, const char *path, int fd, size_t size,
                              struct vt_answer *answer, int64_t now_ns)
{
    uint64_t hash = hash_path(path);
    struct book *old = find(shelf, path, hash);
    if (old)
        remove_book(shelf, old);
    char *data = size <= VT_SHELF_FILE_MAX ? read_file(fd, size) : NULL, *copy = data ? strdup(path) : NULL;
    if (!copy) {
        free(data);
        return NULL;
    }
    struct book *book = make_room(shelf, size);
    answer->data = data;
    answer->size = size;
    struct vt_reply *reply = vt_reply_new(site, answer);
    if (!reply) {
        free(copy);
        return NULL;
    }
    *book = (struct book){.path = copy, .hash = hash, .used = ++shelf->turn, .size = size, .looked_ns = now_ns,
                          .reply = reply};
    shelf->bytes += size;
    return reply;
}
