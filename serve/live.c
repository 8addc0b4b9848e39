// /live/: the shows' playlists, parts and segments, at once or as soon as they are there.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve/api.h"

#define SEGMENT_AGE 86400                // seconds; their names never hold anything else
#define PATIENCE    3                    // target durations that a request waits at most

// What a request that cannot be answered yet waits for.
struct hold {
    char folder[VT_WAITER_FOLDER];
    int64_t limit_ns;
};

static void set_hold(struct hold *ret, const struct vt_hls_file *file, const struct vt_edge *edge)
{
    snprintf(ret->folder, sizeof ret->folder, "%s/%s/%s", file->component[0], file->component[1], file->component[2]);
    ret->limit_ns = PATIENCE * edge->target_ns;
}

// ---- media

static void answer_range(struct vt_request *request, int64_t size)
{
    struct vt_answer *answer = &request->answer;
    int64_t first = 0, length = size;
    switch (vt_hls_range(vt_request_header(request, "Range"), size, &first, &length)) {
    case 1:
        answer->status = 206;
        answer->offset = first;
        answer->size = (size_t)length;
        vt_answer_header(answer, "Content-Range", "bytes %" PRId64 "-%" PRId64 "/%" PRId64, first,
                         first + length - 1, size);
        break;
    case -ERANGE:
        vt_answer_problem(answer, 416, "Range not satisfiable", "The file has %" PRId64 " bytes.", size);
        vt_answer_header(answer, "Content-Range", "bytes */%" PRId64, size);
        break;
    default:
        break;
    }
}

static bool wants_whole(const struct vt_request *request)
{
    return !vt_request_header(request, "Range") && !vt_request_header(request, "If-None-Match");
}

// Lets others who ask for the same file share the answer; one that is too large for that goes out from the page cache.
static void shelve(struct vt_request *request, size_t size)
{
    struct vt_answer whole = request->answer;
    whole.fd = -1;
    struct vt_reply *reply = vt_shelf_put(vt_request_origin(request)->shelf, request->site, request->path,
                                          request->answer.fd, size, &whole, vt_now_ns());
    if (!reply)
        return;
    vt_answer_free(&request->answer);
    request->answer.reply = vt_reply_ref(reply);
}

// A file that never changes.
static void answer_file(struct vt_request *request, int fd, const char *type)
{
    struct vt_answer *answer = &request->answer;
    struct stat st;
    vt_answer_init(answer, 200);
    if (fstat(fd, &st) < 0) {
        close(fd);
        vt_answer_missing(request, "The file is gone.");
        return;
    }
    char etag[64];
    snprintf(etag, sizeof etag, "\"%" PRIx64 "-%" PRIx64 "\"", (uint64_t)st.st_size,
             (uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec);
    answer->type = type;
    answer->fd = fd;
    answer->size = (size_t)st.st_size;
    vt_answer_header(answer, "Cache-Control", "public, max-age=%d, immutable", SEGMENT_AGE);
    vt_answer_header(answer, "Accept-Ranges", "bytes");
    if (wants_whole(request)) {
        vt_answer_header(answer, "ETag", "%s", etag);
        shelve(request, (size_t)st.st_size);
        return;
    }
    vt_set_etag(request, etag);
    if (answer->fd >= 0)
        answer_range(request, st.st_size);
}

static void answer_open_failure(struct vt_request *request, const struct vt_hls_file *file, int error)
{
    if (error == -EMFILE || error == -ENFILE || error == -ENOMEM) {
        vt_answer_problem(&request->answer, 503, "Too many open files", "Ask again in a second.");
        vt_answer_header(&request->answer, "Retry-After", "1");
        vt_answer_header(&request->answer, "Cache-Control", "no-store");
    } else {
        vt_answer_missing(request, file->count == 2 ? "This channel has not had a show yet. Ask again once it is live."
                                                    : "There is no such file, or it has left the window.");
    }
}

// Whether the low-latency playlist beside this part or segment says that it is about to come.
static bool comes_soon(struct vt_origin *origin, const struct vt_hls_file *file, struct hold *hold)
{
    struct vt_hls_file playlist = *file;
    char rendition[VT_NAME_ROOM];
    int64_t msn, part;
    struct vt_edition *edition;
    if (file->count != 4 || !vt_media_name(file->component[3], rendition, &msn, &part))
        return false;
    snprintf(playlist.component[3], sizeof playlist.component[3], "%s.m3u8", rendition);
    if (vt_editions_get(origin->editions, &playlist, VT_EDITION_LOW_LATENCY, &edition) < 0)
        return false;
    const struct vt_edge *edge = vt_edition_edge(edition);
    set_hold(hold, file, edge);
    return vt_media_decide(edge, msn, part) == VT_ANSWER_LATER;
}

static bool try_media(struct vt_request *request, const struct vt_hls_file *file, struct hold *hold)
{
    struct vt_origin *origin = vt_request_origin(request);
    struct vt_reply *reply = wants_whole(request) ? vt_shelf_find(origin->shelf, request->path, vt_now_ns()) : NULL;
    if (reply) {
        request->answer.reply = vt_reply_ref(reply);
        return true;
    }
    int fd = vt_hls_open(origin->live_fd, file);
    if (fd == -ENOENT && comes_soon(origin, file, hold))
        return false;
    if (fd == -ENOENT)                   // it may have come between the two looks
        fd = vt_hls_open(origin->live_fd, file);
    if (fd < 0)
        answer_open_failure(request, file, fd);
    else
        answer_file(request, fd, file->type);
    return true;
}

// ---- playlists

// The form that the directives ask for; whatever a form lacks, the next one has.
static int choose(struct vt_origin *origin, const struct vt_hls_file *file, enum vt_skip skip, struct vt_edition **ret)
{
    bool media = file->count == 4;
    if (media && skip == VT_SKIP_DATES && vt_editions_get(origin->editions, file, VT_EDITION_SKIP_DATES, ret) == 0 &&
        vt_edition_edge(*ret)->skips_dates)
        return 0;
    if (media && skip != VT_SKIP_NONE && vt_editions_get(origin->editions, file, VT_EDITION_SKIP, ret) == 0)
        return 0;
    if (media && vt_editions_get(origin->editions, file, VT_EDITION_LOW_LATENCY, ret) == 0)
        return 0;
    return vt_editions_get(origin->editions, file, VT_EDITION_PLAIN, ret);
}

static void refuse_directives(struct vt_request *request, const char *why)
{
    vt_answer_problem(&request->answer, 400, "Bad delivery directive", "%s", why);
    vt_answer_header(&request->answer, "Cache-Control", "max-age=1");
}

static bool try_playlist(struct vt_request *request, const struct vt_hls_file *file, struct hold *hold)
{
    struct vt_origin *origin = vt_request_origin(request);
    struct vt_directives directives;
    vt_directives_read(vt_request_query(request, "_HLS_msn"), vt_request_query(request, "_HLS_part"),
                       vt_request_query(request, "_HLS_skip"), &directives);
    struct vt_edition *edition;
    int error = choose(origin, file, VT_SKIP_NONE, &edition);
    if (error < 0) {
        answer_open_failure(request, file, error);
        return true;
    }
    // An ended playlist, and one that offers no deltas, is sent whole.
    if (directives.skip != VT_SKIP_NONE && vt_edition_edge(edition)->skips && !vt_edition_edge(edition)->ended)
        (void)choose(origin, file, directives.skip, &edition);
    const struct vt_edge *edge = vt_edition_edge(edition);
    const char *why;
    switch (vt_directives_decide(edge, &directives, &why)) {
    case VT_ANSWER_NOW:
        vt_edition_answer(edition, vt_directives_block(edge, &directives), request);
        return true;
    case VT_ANSWER_LATER:
        set_hold(hold, file, edge);
        return false;
    default:
        refuse_directives(request, why);
        return true;
    }
}

// ---- now or later

static bool attempt(struct vt_request *request, struct hold *hold)
{
    struct vt_hls_file file;
    if (vt_hls_resolve(request->path, &file) < 0) {
        vt_answer_missing(request, "Nothing is published at this address.");
        return true;
    }
    return file.kind == VT_HLS_PLAYLIST ? try_playlist(request, &file, hold) : try_media(request, &file, hold);
}

bool vt_live_attempt(void *opaque, struct vt_request *request)
{
    struct hold hold;
    return attempt(request, &hold);
}

void vt_public_live(struct vt_request *request)
{
    struct vt_origin *origin = vt_request_origin(request);
    struct hold hold;
    if (attempt(request, &hold) ||
        vt_waiting_add(origin->waiting, request, hold.folder, hold.limit_ns) == 0)
        return;
    vt_answer_problem(&request->answer, 503, "Too many wait", "At most %d requests wait. Ask again in a second.",
                      VT_WAITERS_MAX);
    vt_answer_header(&request->answer, "Retry-After", "1");
    vt_answer_header(&request->answer, "Cache-Control", "no-store");
}
