#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "ingest/peer_address.h"
#include "serve/crowd.h"
#include "serve/http_inside.h"

#define TURNS    32                      // of the library in one turn of the loop
#define HANG_UPS 256                     // handled in one turn of the loop
#define COMPLAINT_NS INT64_C(60000000000)

struct vt_reply {
    int refs, status;
    struct MHD_Response *response;
};

const char *vt_request_header(const struct vt_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *vt_request_query(const struct vt_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

// ---- driving the library from the loop

// Runs while the library has something to do at once, to a point: others want their turn too.
static void run(struct vt_http *http)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;
    bool timed;
    int turns = 0;
    do {
        MHD_run(http->daemon);
        timed = MHD_get_timeout(http->daemon, &wait_ms) == MHD_YES;
    } while (timed && wait_ms == 0 && ++turns < TURNS);
    if (timed)
        vt_source_at(http->timer, vt_now_ns() + (int64_t)(wait_ms < 60000 ? wait_ms : 60000) * 1000000);
}

static void on_time(void *opaque)
{
    run(opaque);
}

static void on_io(void *opaque, int fd, uint32_t events)
{
    run(opaque);
}

void vt_http_wake(struct vt_http *http)
{
    vt_source_at(http->timer, vt_now_ns());
}

// ---- answers

static void add_cors(struct MHD_Response *response)
{
    MHD_add_response_header(response, "Access-Control-Allow-Origin", "*");
    MHD_add_response_header(response, "Access-Control-Expose-Headers",
                            "Age, Date, Content-Range, Content-Length, ETag, Retry-After");
}

static struct MHD_Response *make_response(struct vt_answer *answer)
{
    if (answer->fd >= 0) {
        int fd = answer->fd;
        answer->fd = -1;
        struct MHD_Response *response =
            MHD_create_response_from_fd_at_offset64(answer->size, fd, (uint64_t)answer->offset);
        if (!response)
            close(fd);
        return response;
    }
    char *data = answer->data;
    answer->data = NULL;
    if (!data)
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *response = MHD_create_response_from_buffer(answer->size, data, MHD_RESPMEM_MUST_FREE);
    if (!response)
        free(data);
    return response;
}

static void add_headers(struct MHD_Response *response, const struct vt_site *site, const struct vt_answer *answer)
{
    if (answer->type)
        MHD_add_response_header(response, "Content-Type", answer->type);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (site->cors)
        add_cors(response);
    else if (!vt_answer_header_value(answer, "Cache-Control"))
        MHD_add_response_header(response, "Cache-Control", "no-store");
    for (int i = 0; i < answer->n_headers; i++)
        MHD_add_response_header(response, answer->headers[i].name, answer->headers[i].value);
}

static enum MHD_Result queue(struct vt_request *request, int status, struct MHD_Response *response)
{
    if (request->site->answers && status < 600)
        request->site->answers[status / 100]++;
    return MHD_queue_response(request->connection, (unsigned)status, response);
}

enum MHD_Result vt_http_send(struct vt_request *request, struct MHD_Response *response)
{
    if (!response)
        return MHD_NO;
    add_headers(response, request->site, &request->answer);
    enum MHD_Result result = queue(request, request->answer.status, response);
    MHD_destroy_response(response);
    return result;
}

struct vt_reply *vt_reply_new(const struct vt_site *site, struct vt_answer *answer)
{
    struct vt_reply *reply = calloc(1, sizeof *reply);
    struct MHD_Response *response = reply ? make_response(answer) : NULL;
    if (response) {
        add_headers(response, site, answer);
        *reply = (struct vt_reply){.refs = 1, .status = answer->status, .response = response};
    }
    vt_answer_free(answer);
    if (response)
        return reply;
    free(reply);
    return NULL;
}

struct vt_reply *vt_reply_ref(struct vt_reply *reply)
{
    reply->refs++;
    return reply;
}

void vt_reply_unref(struct vt_reply **reply)
{
    if (*reply && --(*reply)->refs == 0) {
        MHD_destroy_response((*reply)->response);
        free(*reply);
    }
    *reply = NULL;
}

static enum MHD_Result send_answer(struct vt_request *request)
{
    if (request->gone)
        return MHD_NO;
    if (request->answer.reply)
        return queue(request, request->answer.reply->status, request->answer.reply->response);
    if (request->answer.status == 0)
        vt_answer_problem(&request->answer, 500, "No answer", "The server found no answer. Its log may say why.");
    return vt_http_send(request, make_response(&request->answer));
}

// ---- what is checked before a handler sees a request

static enum MHD_Result count_header(void *opaque, enum MHD_ValueKind kind, const char *name, const char *value)
{
    *(size_t *)opaque += strlen(name) + (value ? strlen(value) : 0) + 4;
    return MHD_YES;
}

static bool within_limits(struct vt_request *request)
{
    struct vt_answer *answer = &request->answer;
    size_t bytes = 0;
    int lines = MHD_get_connection_values(request->connection, MHD_HEADER_KIND, count_header, &bytes);
    if (request->url_size > VT_HTTP_URL) {
        vt_answer_problem(answer, 414, "Address too long", "An address has at most %d bytes.", VT_HTTP_URL);
        return false;
    }
    if (request->holds_nul) {
        vt_answer_problem(answer, 400, "Bad address", "An address holds no NUL.");
        return false;
    }
    if (lines > VT_HTTP_HEADERS || bytes > VT_HTTP_HEADER_SIZE) {
        vt_answer_problem(answer, 431, "Headers too large", "A request has at most %d header lines of %d bytes in all.",
                          VT_HTTP_HEADERS, VT_HTTP_HEADER_SIZE);
        return false;
    }
    return true;
}

static void answer_options(struct vt_request *request)
{
    vt_answer_init(&request->answer, 204);
    vt_answer_header(&request->answer, "Allow", "%s, OPTIONS", request->match.allow);
    if (!request->site->cors)
        return;
    vt_answer_header(&request->answer, "Access-Control-Allow-Methods", "%s, OPTIONS", request->match.allow);
    vt_answer_header(&request->answer, "Access-Control-Allow-Headers", "Range, Content-Type");
    vt_answer_header(&request->answer, "Access-Control-Max-Age", "86400");
    vt_answer_header(&request->answer, "Cache-Control", "max-age=86400");
}

static bool routed(struct vt_request *request)
{
    struct vt_answer *answer = &request->answer;
    int error = vt_route_find(request->site->routes, request->method, request->path, &request->match);
    if (error == -EPERM && strcmp(request->method, "OPTIONS") == 0) {
        answer_options(request);
    } else if (error == -EPERM) {
        vt_answer_problem(answer, 405, "Method not allowed", "This address takes %s.", request->match.allow);
        vt_answer_header(answer, "Allow", "%s", request->match.allow);
    } else if (error < 0) {
        vt_answer_problem(answer, 404, "Not found", "There is nothing at this address.");
        vt_answer_header(answer, "Cache-Control", "max-age=1");
    }
    return error == 0;
}

static void refuse_size(struct vt_request *request)
{
    vt_answer_problem(&request->answer, 413, "Body too large", "A body for this address has at most %zu bytes.",
                      request->match.route->body);
}

static bool body_fits(struct vt_request *request)
{
    const char *declared = vt_request_header(request, "Content-Length");
    if (!declared || strtoull(declared, NULL, 10) <= request->match.route->body)
        return true;
    refuse_size(request);
    return false;
}

// Everything that can be said from the head alone. False: the request has its answer.
static bool begin(struct vt_request *request)
{
    return within_limits(request) && (!request->site->enter || request->site->enter(request)) && routed(request) &&
           (!request->site->admit || request->match.route->open || request->site->admit(request)) &&
           body_fits(request);
}

static bool add_body(struct vt_request *request, const char *data, size_t size)
{
    if (size > request->match.route->body - request->body_size) {
        request->too_large = true;
        return true;
    }
    if (request->body_size + size + 1 > request->body_room) {
        size_t room = 2 * (request->body_size + size) + 256;
        char *body = realloc(request->body, room);
        if (!body)
            return false;
        request->body = body;
        request->body_room = room;
    }
    memcpy(request->body + request->body_size, data, size);
    request->body_size += size;
    request->body[request->body_size] = 0;
    return true;
}

// ---- the library's callbacks

static void *on_address(void *opaque, const char *uri, struct MHD_Connection *connection)
{
    size_t size = strlen(uri);
    struct vt_request *request = calloc(1, sizeof *request + (size < VT_HTTP_URL ? size : VT_HTTP_URL) + 1);
    if (!request)
        return NULL;
    request->http = opaque;
    request->site = request->http->site;
    request->connection = connection;
    request->url_size = size;
    request->holds_nul = strstr(uri, "%00") != NULL;
    vt_answer_init(&request->answer, 0);
    return request;
}

static enum MHD_Result call(struct vt_request *request)
{
    if (request->too_large)
        refuse_size(request);
    else
        request->match.route->handle(request);
    if (request->waiting || request->stream)
        return MHD_YES;
    return send_answer(request);
}

static enum MHD_Result on_request(void *opaque, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload, size_t *upload_size,
                                  void **state)
{
    struct vt_request *request = *state;
    if (!request)
        return MHD_NO;
    if (!request->begun) {
        request->begun = true;
        strncpy(request->method, method, sizeof request->method - 1);
        size_t room = request->url_size < VT_HTTP_URL ? request->url_size : VT_HTTP_URL;
        memcpy(request->path, url, strnlen(url, room));      // decoding makes it no longer
        return begin(request) ? MHD_YES : send_answer(request);
    }
    if (*upload_size > 0) {
        // What is too large is swallowed, to a point, so that the client hears why.
        size_t size = *upload_size;
        *upload_size = 0;
        if (request->too_large) {
            request->body_room += size;
            return request->body_room < 8 * 1024 * 1024 ? MHD_YES : MHD_NO;
        }
        return add_body(request, upload, size) ? MHD_YES : MHD_NO;
    }
    if (request->resumed)
        return send_answer(request);
    return call(request);
}

static void on_completed(void *opaque, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode how)
{
    struct vt_request *request = *state;
    if (!request)
        return;
    vt_reply_unref(&request->answer.reply);
    vt_answer_free(&request->answer);
    free(request->body);
    free(request);
    *state = NULL;
}

__attribute__((format(printf, 2, 0)))
static void on_library_log(void *opaque, const char *format, va_list args)
{
    char text[256], escaped[400];
    int length = vsnprintf(text, sizeof text, format, args);
    size_t size = length < 0 ? 0 : length < (int)sizeof text ? (size_t)length : sizeof text - 1;
    while (size > 0 && text[size - 1] == '\n')
        size--;
    vt_debug("http: %s", vt_escape(escaped, sizeof escaped, text, size));
}

// ---- waiting

void vt_request_wait(struct vt_request *request)
{
    request->waiting = true;
    request->next_waiting = request->http->waiting;
    if (request->next_waiting)
        request->next_waiting->previous_waiting = request;
    request->http->waiting = request;
    MHD_suspend_connection(request->connection);
}

static int client_fd(const struct vt_request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

void vt_request_wait_while_there(struct vt_request *request,
                                 void (*on_gone)(void *opaque, struct vt_request *request), void *opaque)
{
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLONESHOT, .data.ptr = request};
    if (epoll_ctl(request->http->hang_up_fd, EPOLL_CTL_ADD, client_fd(request), &event) == 0) {
        request->on_gone = on_gone;
        request->gone_opaque = opaque;
    }
    vt_request_wait(request);
}

void vt_request_resume(struct vt_request *request)
{
    struct vt_request *previous = request->previous_waiting, *next = request->next_waiting;
    *(previous ? &previous->next_waiting : &request->http->waiting) = next;
    if (next)
        next->previous_waiting = previous;
    request->previous_waiting = request->next_waiting = NULL;
    if (request->on_gone)
        (void)epoll_ctl(request->http->hang_up_fd, EPOLL_CTL_DEL, client_fd(request), NULL);
    request->on_gone = NULL;
    request->waiting = false;
    request->resumed = true;
    MHD_resume_connection(request->connection);
    vt_http_wake(request->http);
}

// Each event's request still waits: what ends a wait takes it out of the set, and only its own event is handled
// before the next are asked for.
static void on_hang_up(void *opaque, int fd, uint32_t events)
{
    struct vt_http *http = opaque;
    struct epoll_event event;
    for (int i = 0; i < HANG_UPS && epoll_wait(http->hang_up_fd, &event, 1, 0) == 1; i++) {
        struct vt_request *request = event.data.ptr;
        request->gone = true;
        request->on_gone(request->gone_opaque, request);
        vt_request_resume(request);
    }
}

// ---- start and end

static unsigned connection_limit(const struct vt_site *site)
{
    unsigned wanted = site->connections ? (unsigned)site->connections : VT_HTTP_CONNECTIONS;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return wanted < 500 ? wanted : 500;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    // The rest is for files; whoever finds none left is told to ask again.
    rlim_t most = limit.rlim_max / 4 * 3 > 64 ? limit.rlim_max / 4 * 3 : 64;
    if (most < wanted && !site->connections)
        vt_info("at most %d viewers' connections: this process may open %lld files (ulimit -Hn, or LimitNOFILE= of systemd)",
                (int)most, (long long)limit.rlim_max);
    return most < wanted ? (unsigned)most : wanted;
}

static struct sockaddr_storage copy_address(const struct sockaddr *from, socklen_t size)
{
    struct sockaddr_storage copy = {0};
    if (from)
        memcpy(&copy, from, size < sizeof copy ? size : sizeof copy);
    return copy;
}

// One too many is closed unanswered: an answer each is what a flood would like.
static enum MHD_Result on_accept(void *opaque, const struct sockaddr *from, socklen_t size)
{
    struct vt_http *http = opaque;
    struct sockaddr_storage address = copy_address(from, size);
    if (vt_crowd_admits(http->crowd, &address))
        return MHD_YES;
    if (vt_now_ns() - http->complained_ns > COMPLAINT_NS) {
        vt_warning("%s has %d connections: more are closed (playback.per_address)", vt_peer_address(&address).text,
                   http->site->per_address);
        http->complained_ns = vt_now_ns();
    }
    return MHD_NO;
}

static void on_connection(void *opaque, struct MHD_Connection *connection, void **state,
                          enum MHD_ConnectionNotificationCode what)
{
    struct vt_http *http = opaque;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *from = info ? info->client_addr : NULL;
    struct sockaddr_storage address =
        copy_address(from, from && from->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        vt_crowd_come(http->crowd, &address);
    else
        vt_crowd_go(http->crowd, &address);
}

static struct MHD_Daemon *start_daemon(struct vt_http *http, int fd)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, on_accept, http, on_request, http,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
        MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,            // else files would be copied instead of sent
        MHD_OPTION_CONNECTION_LIMIT, connection_limit(http->site),
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)VT_HTTP_IDLE_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)VT_HTTP_MEMORY,
        MHD_OPTION_URI_LOG_CALLBACK, on_address, http,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
        MHD_OPTION_END);
}

int vt_http_new(struct vt_http **ret, struct vt_loop *loop, int fd, const struct vt_site *site)
{
    struct vt_http *http = calloc(1, sizeof *http);
    if (!http) {
        close(fd);
        return -ENOMEM;
    }
    *http = (struct vt_http){.loop = loop, .site = site, .hang_up_fd = epoll_create1(EPOLL_CLOEXEC)};
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    int error = vt_crowd_new(&http->crowd, (int)connection_limit(site), site->per_address);
    http->daemon = error == 0 ? start_daemon(http, fd) : NULL;
    if (!http->daemon) {
        close(fd);
        error = error ? error : -EIO;
    }
    if (error == 0)
        error = vt_loop_timer(loop, &http->timer, INT64_MAX, on_time, http);
    if (error == 0)
        error = http->hang_up_fd < 0 ? -EMFILE : vt_loop_io(loop, &http->hang_ups, http->hang_up_fd, EPOLLIN,
                                                             on_hang_up, http);
    if (error == 0) {
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
        error = info ? vt_loop_io(loop, &http->io, info->epoll_fd, EPOLLIN, on_io, http) : -EIO;
    }
    if (error < 0) {
        vt_http_free(&http);
        return error;
    }
    run(http);
    *ret = http;
    return 0;
}

static void release_all(struct vt_http *http)
{
    while (http->waiting) {
        vt_answer_problem(&http->waiting->answer, 503, "Stopping", "The server is stopping. Ask again in a moment.");
        vt_request_resume(http->waiting);
    }
    vt_http_close_streams(http);
}

void vt_http_free(struct vt_http **http)
{
    if (!*http)
        return;
    if ((*http)->daemon) {
        release_all(*http);
        MHD_run((*http)->daemon);
        vt_source_free(&(*http)->io);
        MHD_stop_daemon((*http)->daemon);
    }
    vt_source_free(&(*http)->timer);
    vt_source_free(&(*http)->hang_ups);
    if ((*http)->hang_up_fd >= 0)
        close((*http)->hang_up_fd);
    vt_crowd_free(&(*http)->crowd);
    free(*http);
    *http = NULL;
}

int vt_http_connections(const struct vt_http *http)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    return info ? (int)info->num_connections : 0;
}
