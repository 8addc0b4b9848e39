// What anybody may ask for beside the shows themselves (live.c): the player, viewer events.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve/api.h"

#define WEB_MAX (8 * 1024 * 1024)

const struct vt_route vt_public_routes[] = {
    {"POST", "/live/{channel}/events", vt_public_event, true, VT_VIEWER_BYTES},
    {"GET", "/live/{channel}/authorized", vt_public_authorized, true, 0},
    {"GET", "/live/{channel}/outputs", vt_public_outputs, true, 0},
    {"GET", "/live/{channel}/{file}", vt_public_live, true, 0},
    {"GET", "/live/{channel}/{output}/{file}", vt_public_live, true, 0},
    {"GET", "/live/{channel}/{show}/{output}/{file}", vt_public_live, true, 0},
    {"GET", "/live/{channel}/{show}/{output}/cues/{file}", vt_public_live, true, 0},
    {"GET", "/live/{channel}/recordings/{show}/{output}/{file}", vt_public_live, true, 0},
    {"GET", "/live/{channel}/recordings/{show}/{output}/cues/{file}", vt_public_live, true, 0},
    {"GET", "/watch/{channel}", vt_public_watch, true, 0},
    {"GET", "/web/{file}", vt_public_web, true, 0},
    {"GET", "/web/vendor/{file}", vt_public_web, true, 0},
    {"GET", "/healthz", vt_healthz, true, 0},
    {0},
};

void vt_answer_missing(struct vt_request *request, const char *detail)
{
    vt_answer_problem(&request->answer, 404, "Not found", "%s", detail);
    vt_answer_header(&request->answer, "Cache-Control", "max-age=1");
}

// ---- files

// Reads a whole file of at most `most` bytes into the answer; closes `fd`. Returns 0 or a negative errno.
static int read_whole(struct vt_answer *answer, int fd, size_t most)
{
    struct stat st;
    int error = fstat(fd, &st) < 0 ? -errno : (uint64_t)st.st_size > most ? -EFBIG : 0;
    char *data = error == 0 ? malloc((size_t)st.st_size + 1) : NULL;
    size_t size = 0;
    ssize_t got = 1;
    while (data && size < (size_t)st.st_size && (got = read(fd, data + size, (size_t)st.st_size - size)) > 0)
        size += (size_t)got;
    close(fd);
    if (!data || got < 0) {
        free(data);
        return error ? error : data ? -EIO : -ENOMEM;
    }
    data[size] = 0;
    answer->data = data;
    answer->size = size;
    return 0;
}

// FNV-1a: equal text, equal tag.
static uint64_t hash_text(const char *data, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

void vt_set_etag(struct vt_request *request, const char *etag)
{
    struct vt_answer *answer = &request->answer;
    const char *known = vt_request_header(request, "If-None-Match");
    vt_answer_header(answer, "ETag", "%s", etag);
    if (!known || (strcmp(known, "*") != 0 && !strstr(known, etag)))
        return;
    answer->status = 304;
    answer->type = NULL;
    free(answer->data);
    answer->data = NULL;
    answer->size = 0;
    if (answer->fd >= 0)
        close(answer->fd);
    answer->fd = -1;
}

static void answer_text(struct vt_request *request, int fd, const char *type)
{
    struct vt_answer *answer = &request->answer;
    vt_answer_init(answer, 200);
    if (read_whole(answer, fd, WEB_MAX) < 0) {
        vt_answer_problem(answer, 503, "The file cannot be read", "Ask again in a second.");
        vt_answer_header(answer, "Retry-After", "1");
        return;
    }
    char etag[32];
    snprintf(etag, sizeof etag, "\"%016" PRIx64 "\"", hash_text(answer->data, answer->size));
    answer->type = type;
    vt_answer_header(answer, "Cache-Control", "no-cache");
    vt_set_etag(request, etag);
}

// ---- the player

static const struct web_file {
    const char *path, *type;
} web_files[] = {
    {"watch.html", "text/html; charset=utf-8"},
    {"watch.css", "text/css; charset=utf-8"},
    {"watch.js", "text/javascript; charset=utf-8"},
    {"vitrine-cues.js", "text/javascript; charset=utf-8"},
    {"cue-reading.js", "text/javascript; charset=utf-8"},
    {"cue-table.js", "text/javascript; charset=utf-8"},
    {"cues-of-hls.js", "text/javascript; charset=utf-8"},
    {"cues-of-shaka.js", "text/javascript; charset=utf-8"},
    {"cues-of-tracks.js", "text/javascript; charset=utf-8"},
    {"cues-of-vhs.js", "text/javascript; charset=utf-8"},
    {"keep-up.js", "text/javascript; charset=utf-8"},
    {"picture.js", "text/javascript; charset=utf-8"},
    {"vendor/hls.mjs", "text/javascript; charset=utf-8"},
};

static const char content_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https: http:; "
    "media-src 'self' blob: data:; connect-src 'self'; frame-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'";

static const struct web_file *find_web_file(const char *path)
{
    for (size_t i = 0; i < sizeof web_files / sizeof *web_files; i++)
        if (strcmp(web_files[i].path, path) == 0)
            return &web_files[i];
    return NULL;
}

static void answer_web(struct vt_request *request, const struct web_file *file)
{
    int fd = file ? openat(vt_request_origin(request)->web_fd, file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (fd < 0) {
        vt_answer_missing(request, file && strncmp(file->path, "vendor/", 7) == 0
                                    ? "The player's library is not installed: script/bootstrap fetches it."
                                    : "There is no such file.");
        return;
    }
    answer_text(request, fd, file->type);
}

void vt_public_web(struct vt_request *request)
{
    answer_web(request, find_web_file(request->path + strlen("/web/")));
}

void vt_public_watch(struct vt_request *request)
{
    if (!vt_origin_find(vt_request_origin(request), request->match.args[0])) {
        vt_answer_missing(request, "There is no such channel.");
        return;
    }
    answer_web(request, &web_files[0]);
    vt_answer_header(&request->answer, "Content-Security-Policy", "%s", content_policy);
    vt_answer_header(&request->answer, "Referrer-Policy", "strict-origin-when-cross-origin");
}

void vt_healthz(struct vt_request *request)
{
    vt_answer_json(&request->answer, 200, json_pack("{s:s}", "status", "ok"));
    vt_answer_header(&request->answer, "Cache-Control", "no-store");
}

// ---- what a player may choose from

static json_t *output_json(const json_t *output, const char *name)
{
    return json_pack("{s:s, s:O*, s:O*}", "name", name, "size",
                     json_object_get(json_object_get(output, "canvas"), "size"), "language",
                     json_object_get(output, "language"));
}

void vt_public_outputs(struct vt_request *request)
{
    struct vt_broadcast *broadcast = vt_origin_find(vt_request_origin(request), request->match.args[0]);
    if (!broadcast) {
        vt_answer_missing(request, "There is no such channel.");
        return;
    }
    json_t *list = json_array(), *output;
    size_t i;
    json_array_append_new(list, output_json(broadcast->config, "main"));
    json_array_foreach(json_object_get(broadcast->config, "outputs"), i, output)
        json_array_append_new(list, output_json(output, vt_message_text(output, "name")));
    vt_answer_json(&request->answer, 200, json_pack("{s:o}", "outputs", list));
    vt_answer_header(&request->answer, "Cache-Control", "max-age=10");
}

// ---- viewer events

void vt_public_event(struct vt_request *request)
{
    struct vt_origin *origin = vt_request_origin(request);
    struct vt_broadcast *broadcast = vt_origin_find(origin, request->match.args[0]);
    struct vt_viewer_event event;
    char why[VT_JSON_WHY];
    if (!broadcast) {
        vt_answer_missing(request, "There is no such channel.");
        return;
    }
    if (!vt_viewer_allowed(&broadcast->viewers, vt_now_ns())) {
        vt_answer_problem(&request->answer, 429, "Too many reports", "This channel takes %d reports a second.",
                          VT_VIEWER_RATE);
        vt_answer_header(&request->answer, "Retry-After", "1");
        return;
    }
    if (vt_viewer_parse(request->body ? request->body : "", request->body_size, &event, why) < 0) {
        broadcast->viewers.refused++;
        vt_answer_problem(&request->answer, 400, "Not a viewer event", "%s", why);
        return;
    }
    vt_viewer_count(&broadcast->viewers, &event);
    vt_feed_publish(&origin->feed, "viewer", broadcast->name, vt_viewer_to_json(&event));
    vt_answer_init(&request->answer, 204);
    vt_answer_header(&request->answer, "Cache-Control", "no-store");
}
