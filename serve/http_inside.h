// The HTTP server from inside, for the files that it is made of: http.c and stream.c. Nobody else includes this.
#pragma once

#include <microhttpd.h>

#include "serve/http.h"

struct vt_http {
    struct vt_loop *loop;
    const struct vt_site *site;
    struct MHD_Daemon *daemon;
    struct vt_crowd *crowd;
    int64_t complained_ns;               // when somebody had too many connections last
    struct vt_source *io, *timer, *hang_ups;
    int hang_up_fd;                      // epoll: the clients of vt_request_wait_while_there
    struct vt_request *waiting;
    struct vt_stream *streams;
};

// Lets the library look at its connections on the loop's next turn.
void vt_http_wake(struct vt_http *http);

// Gives the request this response, which is used up, with the status and headers of its answer.
enum MHD_Result vt_http_send(struct vt_request *request, struct MHD_Response *response);

void vt_http_close_streams(struct vt_http *http);
