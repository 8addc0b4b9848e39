#include "serve/edition.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/mediatime.h"

#define GZIP_LEVEL    6
#define GZIP_LEVEL_LONG 1
#define LONG_TEXT     (128 * 1024)           // bytes
#define GZIP_WINDOW   (15 + 16)              // zlib's way to ask for a gzip header
#define BLOCKING_LIFE 6                      // target durations
#define KEY_ROOM      (VT_HLS_COMPONENTS * (VT_HLS_NAME_MAX + 1) + 8)

static const char *const suffixes[] = {".m3u8", ".ll.m3u8", ".skip.m3u8", ".skip2.m3u8"};

// What tells one version of a file from the next.
struct mark {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct vt_edition {
    char *key;                               // NULL: free
    uint64_t hash;
    struct mark mark;
    uint64_t looked, used;                   // turns
    struct vt_hls_file file;
    int live_fd;
    char *text;                              // as the file has it
    size_t size;
    struct vt_edge edge;
    char etag[VT_EDITION_ETAG];
    struct vt_reply *replies[2][2];          // [blocking][gzip]; made when first asked for
};

struct vt_editions {
    int live_fd;
    bool frozen;
    uint64_t turn;
    struct vt_edition list[VT_EDITIONS_MAX];
};

// FNV-1a: equal text, equal number.
static uint64_t hash_text(const char *data, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static void clear_edition(struct vt_edition *edition)
{
    for (int i = 0; i < 4; i++)
        vt_reply_unref(&edition->replies[i / 2][i % 2]);
    free(edition->key);
    free(edition->text);
    *edition = (struct vt_edition){0};
}

int vt_editions_new(struct vt_editions **ret, int live_fd)
{
    struct vt_editions *editions = calloc(1, sizeof *editions);
    if (!editions)
        return -ENOMEM;
    editions->live_fd = live_fd;
    *ret = editions;
    return 0;
}

void vt_editions_free(struct vt_editions **editions)
{
    if (!*editions)
        return;
    for (int i = 0; i < VT_EDITIONS_MAX; i++)
        clear_edition(&(*editions)->list[i]);
    free(*editions);
    *editions = NULL;
}

void vt_editions_freeze(struct vt_editions *editions)
{
    editions->turn++;
    editions->frozen = true;
}

void vt_editions_thaw(struct vt_editions *editions)
{
    editions->frozen = false;
}

// ---- one version

static int read_all(int fd, size_t size, char **ret)
{
    char *text = malloc(size + 1);
    size_t got = 0;
    ssize_t step = 1;
    while (text && got < size && (step = read(fd, text + got, size - got)) > 0)
        got += (size_t)step;
    if (!text || got < size) {
        free(text);
        return text ? -EIO : -ENOMEM;
    }
    text[size] = 0;
    *ret = text;
    return 0;
}

static bool same_mark(const struct mark *a, const struct mark *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

// Takes up what `fd` holds, unless it is what the edition is already.
static int load(struct vt_editions *editions, struct vt_edition *edition, const char *key, uint64_t hash,
                const struct vt_hls_file *file, int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    struct mark mark = {st.st_dev, st.st_ino, st.st_size, st.st_mtim};
    if (edition->key && edition->hash == hash && strcmp(edition->key, key) == 0 && same_mark(&mark, &edition->mark))
        return 0;
    char *text = NULL, *copy = strdup(key);
    int error = !copy ? -ENOMEM : st.st_size > VT_PLAYLIST_MAX ? -EFBIG : read_all(fd, (size_t)st.st_size, &text);
    if (error == 0)
        error = vt_past_look(editions->live_fd, file, text, (size_t)st.st_size);
    if (error < 0) {
        free(copy);
        free(text);
        return error;
    }
    clear_edition(edition);
    *edition = (struct vt_edition){.key = copy, .hash = hash, .mark = mark, .file = *file,
                                   .live_fd = editions->live_fd, .text = text, .size = (size_t)st.st_size};
    vt_edge_read(text, edition->size, &edition->edge);
    snprintf(edition->etag, sizeof edition->etag, "%016" PRIx64, hash_text(text, edition->size));
    return 0;
}

// The edition of this key, or the one that may make room for it.
static struct vt_edition *find(struct vt_editions *editions, const char *key, uint64_t hash)
{
    struct vt_edition *oldest = &editions->list[0];
    for (struct vt_edition *edition = editions->list; edition < editions->list + VT_EDITIONS_MAX; edition++) {
        if (edition->key && edition->hash == hash && strcmp(edition->key, key) == 0)
            return edition;
        if (edition->used < oldest->used)
            oldest = edition;
    }
    return oldest;
}

// `file` with the form's own name.
static bool form_file(const struct vt_hls_file *file, enum vt_edition_form form, struct vt_hls_file *ret,
                      char key[KEY_ROOM])
{
    *ret = *file;
    char *name = ret->component[ret->count - 1];
    size_t stem = strlen(name) - strlen(suffixes[VT_EDITION_PLAIN]);
    if (stem + strlen(suffixes[form]) > VT_HLS_NAME_MAX)
        return false;
    memcpy(name + stem, suffixes[form], strlen(suffixes[form]) + 1);
    key[0] = 0;
    for (int i = 0; i < ret->count; i++) {
        strcat(key, "/");
        strcat(key, ret->component[i]);
    }
    return true;
}

int vt_editions_get(struct vt_editions *editions, const struct vt_hls_file *file, enum vt_edition_form form,
                    struct vt_edition **ret)
{
    struct vt_hls_file own;
    char key[KEY_ROOM];
    if (!form_file(file, form, &own, key))
        return -ENOENT;
    if (!editions->frozen)
        editions->turn++;
    uint64_t hash = hash_text(key, strlen(key));
    struct vt_edition *edition = find(editions, key, hash);
    bool known = edition->key && edition->hash == hash && strcmp(edition->key, key) == 0;
    if (!known || edition->looked != editions->turn) {
        int fd = vt_hls_open(editions->live_fd, &own);
        if (fd < 0) {
            if (known && fd == -ENOENT)
                clear_edition(edition);
            return fd;
        }
        int error = load(editions, edition, key, hash, &own, fd);
        close(fd);
        if (error < 0)
            return error;
    }
    edition->looked = edition->used = editions->turn;
    *ret = edition;
    return 0;
}

const struct vt_edge *vt_edition_edge(const struct vt_edition *edition)
{
    return &edition->edge;
}

// ---- answers

// A long playlist takes long to compress well, and everybody waits.
static int compress_text(const struct vt_writer *text, char **ret, size_t *ret_size)
{
    z_stream stream = {.next_in = text->data, .avail_in = (uInt)text->size};
    if (deflateInit2(&stream, text->size > LONG_TEXT ? GZIP_LEVEL_LONG : GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return -ENOMEM;
    size_t room = deflateBound(&stream, text->size);
    char *data = malloc(room);
    stream.next_out = (Bytef *)data;
    stream.avail_out = (uInt)room;
    int result = data ? deflate(&stream, Z_FINISH) : Z_MEM_ERROR;
    *ret_size = stream.total_out;
    (void)deflateEnd(&stream);
    if (result != Z_STREAM_END) {
        free(data);
        return -ENOMEM;
    }
    *ret = data;
    return 0;
}

// How long caches may keep it: whole seconds, at most half a target duration. None fit into a second, so that a playlist
// with such segments is asked about each time, which its ETag makes cheap.
static void add_lifetime(const struct vt_edition *edition, bool blocking, struct vt_answer *answer)
{
    const struct vt_edge *edge = &edition->edge;
    int target = (int)(edge->target_ns / VT_NS_PER_S), half = target / 2;
    bool media = target > 0, parts = edge->part_ns > 0 && !edge->ended;
    // For caches that many share. A browser's own would only hold back a player that asks for the same again: video.js does
    // at the end of each segment, and stood still until it was old.
    if (blocking)
        vt_answer_header(answer, "Cache-Control", "max-age=0, s-maxage=%d", BLOCKING_LIFE * target);
    else if (media && half == 0 && !edge->ended)
        vt_answer_header(answer, "Cache-Control", "no-cache");
    else
        vt_answer_header(answer, "Cache-Control", "max-age=%d", parts || half == 0 ? 1 : half);
}

// What a 200 and a 304 share.
static void add_headers(const struct vt_edition *edition, bool blocking, bool gzip, struct vt_answer *answer)
{
    vt_answer_header(answer, "ETag", gzip ? "\"%s-gz\"" : "\"%s\"", edition->etag);
    vt_answer_header(answer, "Vary", "Accept-Encoding");
    add_lifetime(edition, blocking, answer);
}

static struct vt_reply *make_reply(const struct vt_edition *edition, bool blocking, bool gzip,
                                   const struct vt_site *site)
{
    struct vt_writer whole = {.limit = VT_PLAYLIST_MAX};
    struct vt_answer answer;
    if (vt_past_write(&whole, edition->live_fd, &edition->file, edition->text, edition->size) < 0) {
        vt_writer_free(&whole);
        return NULL;
    }
    vt_answer_init(&answer, 200);
    answer.type = "application/vnd.apple.mpegurl";
    if (gzip) {
        int error = compress_text(&whole, &answer.data, &answer.size);
        vt_writer_free(&whole);
        if (error < 0)
            return NULL;
        vt_answer_header(&answer, "Content-Encoding", "gzip");
    } else {
        answer.data = (char *)whole.data;
        answer.size = whole.size;
    }
    add_headers(edition, blocking, gzip, &answer);
    return vt_reply_new(site, &answer);
}

void vt_edition_answer(struct vt_edition *edition, bool blocking, struct vt_request *request)
{
    bool gzip = vt_accepts_gzip(vt_request_header(request, "Accept-Encoding"));
    const char *known = vt_request_header(request, "If-None-Match");
    vt_answer_init(&request->answer, 304);
    if (known && (strcmp(known, "*") == 0 || strstr(known, edition->etag))) {
        add_headers(edition, blocking, gzip, &request->answer);
        return;
    }
    struct vt_reply **reply = &edition->replies[blocking][gzip];
    if (!*reply)
        *reply = make_reply(edition, blocking, gzip, request->site);
    if (*reply) {
        request->answer.reply = vt_reply_ref(*reply);
        return;
    }
    vt_answer_problem(&request->answer, 503, "Not now", "The playlist cannot be read or there is no memory. Ask again.");
    vt_answer_header(&request->answer, "Cache-Control", "no-store");
}
