// HTTP/1.1 over libmicrohttpd, driven by the process's loop: requests in, answers out, now or later.
//
// A handler fills `request->answer` and returns, or calls vt_request_wait and lets somebody fill it later and call
// vt_request_resume; or it turns the request into a stream. Whatever a client may send too much of has a limit here
// and gets its own answer (413, 414, 431); a connection that says nothing is closed. One thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "serve/problem.h"
#include "serve/route.h"

#define VT_HTTP_URL         2048         // bytes of a request's address; past it 414
#define VT_HTTP_HEADERS     64           // header lines of a request; past it 431
#define VT_HTTP_HEADER_SIZE 8192         // bytes of them all; past it 431
#define VT_HTTP_MEMORY      16384        // bytes that a connection may hold for both
#define VT_HTTP_CONNECTIONS 25000        // of one socket; less where the process may open fewer descriptors
#define VT_HTTP_IDLE_S      30           // a connection without progress is closed after this
#define VT_STREAM_QUEUE     (256 * 1024) // bytes waiting for a subscriber that does not read; past it it is dropped

struct MHD_Connection;
struct vt_http;

// What one or more sockets serve.
struct vt_site {
    const struct vt_route *routes;
    bool (*enter)(struct vt_request *request);   // before a route is looked for: may shorten `path`; false once it has
                                                 // answered itself; NULL: nothing to do
    bool (*admit)(struct vt_request *request);   // false once it has answered itself; NULL: everyone may
    bool cors;                                   // any page may read the answers, and OPTIONS says so
    int connections;                             // most at once; 0: VT_HTTP_CONNECTIONS
    int per_address;                             // of them for one address of another machine; 0: all
    int64_t *answers;                            // [6]: counts answers by the hundreds of their status; NULL: not
    void *opaque;                                // the handlers' own
};

struct vt_request {
    const struct vt_site *site;
    struct vt_http *http;
    struct MHD_Connection *connection;
    struct vt_match match;                       // route and arguments
    char method[16];
    char *body;                                  // NUL-terminated; NULL when empty
    size_t body_size;
    struct vt_answer answer;
    struct vt_stream *stream;                    // what it became, or NULL
    int64_t allowed_until_s;                     // whoever set it says what it is; 0

    // http.c's own
    size_t url_size, body_room;
    bool begun, waiting, resumed, too_large, holds_nul, gone;
    struct vt_request *previous_waiting, *next_waiting;
    void (*on_gone)(void *opaque, struct vt_request *request);
    void *gone_opaque;

    char path[];                                 // decoded, without the query
};

// Serves `site` on the listening socket `fd`, which is taken over (also on failure). `site` lives as long. The process
// ignores SIGPIPE.
int vt_http_new(struct vt_http **ret, struct vt_loop *loop, int fd, const struct vt_site *site);

// Answers what still waits with 503, ends the streams and closes everything.
void vt_http_free(struct vt_http **http);

int vt_http_connections(const struct vt_http *http);

// A header or a query argument of the request, or NULL; lives as long as the request.
const char *vt_request_header(const struct vt_request *request, const char *name);
const char *vt_request_query(const struct vt_request *request, const char *name);

// Only from inside the handler: the answer comes later, by vt_request_resume. The request lives until then.
void vt_request_wait(struct vt_request *request);
void vt_request_resume(struct vt_request *request);

// The same for a client that may hang up meanwhile: then `on_gone` is called once, and the request is over; nobody
// resumes it.
void vt_request_wait_while_there(struct vt_request *request,
                                 void (*on_gone)(void *opaque, struct vt_request *request), void *opaque);

// ---- replies: one answer for many requests

struct vt_reply;

// Makes the answer (emptied) into a reply that any number of requests to a site may be given, each in
// `answer.reply`. NULL without memory.
struct vt_reply *vt_reply_new(const struct vt_site *site, struct vt_answer *answer);
struct vt_reply *vt_reply_ref(struct vt_reply *reply);
void vt_reply_unref(struct vt_reply **reply);

// ---- streams: an answer without an end

struct vt_stream;

// Turns the request (inside its handler) into a stream of content type `type`. `on_end` is called once when the
// client has gone or the stream was closed; the stream is gone after it. Returns NULL without memory (then the
// request has its answer).
struct vt_stream *vt_request_stream(struct vt_request *request, const char *type,
                                    void (*on_end)(void *opaque, struct vt_stream *stream), void *opaque);

// Queues bytes. -ENOBUFS: the client does not keep up; the stream closes.
int vt_stream_write(struct vt_stream *stream, const void *data, size_t size);
void vt_stream_close(struct vt_stream *stream);
