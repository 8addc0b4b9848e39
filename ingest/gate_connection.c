#include "ingest/gate_connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mediatime.h"
#include "ingest/handover.h"
#include "ingest/peer_address.h"
#include "ingest/proxy_header.h"
#include "ingest/rtmp.h"
#include "ingest/streamid.h"

enum stage {
    PROXIED,                         // reading the balancer's header
    SETUP,                           // speaking RTMP up to publish
    ASKED,                           // waiting for the supervisor
    LINGERING,                       // refused; reads and discards until the peer has seen why
};

struct vt_connection {
    struct vt_gate *gate;
    struct vt_connection *older, *newer;
    int64_t id;
    int fd;
    bool tls;
    enum stage stage;
    struct vt_source *io, *deadline;
    struct vt_peer_address address;  // while PROXIED: the balancer's
    struct vt_proxy_reader *proxy;   // NULL otherwise
    struct vt_writer reply;          // not sent yet
    uint8_t *unread;                 // after publish
    size_t unread_size;
    struct vt_rtmp rtmp;
};

static void free_connection(struct vt_connection *connection)
{
    struct vt_gate *gate = connection->gate;
    *(connection->older ? &connection->older->newer : &gate->oldest) = connection->newer;
    *(connection->newer ? &connection->newer->older : &gate->newest) = connection->older;
    gate->connections--;
    vt_source_free(&connection->io);
    vt_source_free(&connection->deadline);
    close(connection->fd);
    vt_writer_free(&connection->reply);
    free(connection->unread);
    free(connection->proxy);
    free(connection);
    vt_gate_process_count(&gate->process, gate->connections);
}

static void close_connection(struct vt_connection *connection, const char *reason)
{
    vt_gate_process_closed(&connection->gate->process, connection->address.text, reason);
    if (connection->stage == ASKED)
        vt_gate_process_send(&connection->gate->process, VT_MSG_PUBLISH_GONE,
                     json_pack("{s:I}", "conn", (json_int_t)connection->id), NULL, 0);
    free_connection(connection);
}

static void set_events(struct vt_connection *connection)
{
    uint32_t events = connection->stage == ASKED ? EPOLLRDHUP : EPOLLIN;
    if (connection->reply.size > 0)
        events |= EPOLLOUT;
    vt_source_events(connection->io, events);
}

// Sends what the socket takes. Returns 0 or a negative errno.
static int send_reply(struct vt_connection *connection)
{
    struct vt_writer *reply = &connection->reply;
    while (reply->size > 0) {
        ssize_t n = send(connection->fd, reply->data, reply->size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? 0 : -errno;
        reply->size -= (size_t)n;
        memmove(reply->data, reply->data + n, reply->size);
    }
    if (connection->stage == LINGERING)
        shutdown(connection->fd, SHUT_WR);
    return 0;
}

static void refuse(struct vt_connection *connection, const char *code, const char *description)
{
    vt_rtmp_refuse(&connection->rtmp, code, description, &connection->reply);
    connection->stage = LINGERING;
    vt_source_at(connection->deadline, vt_now_ns() + VT_GATE_LINGER_NS);
    if (send_reply(connection) < 0)
        close_connection(connection, "hung up while being refused");
    else
        set_events(connection);
}

static const char *key_complaint(int error)
{
    return error == -ENOENT ? "No stream key: enter the key of your channel."
         : error == -EMSGSIZE ? "The stream key is too long."
                              : "The stream key holds characters that no key has.";
}

// publish has arrived: keeps what follows it and asks the supervisor.
static void ask(struct vt_connection *connection, const uint8_t *unread, size_t size)
{
    char key[VT_KEY_ROOM], encoder[4 * VT_RTMP_ENCODER_MAX + 8];
    int error = vt_streamid_rtmp(key, connection->rtmp.publish.app, connection->rtmp.publish.name);
    if (error < 0) {
        vt_gate_process_log(&connection->gate->process, connection->address.text, key_complaint(error));
        vt_gate_process_refused(&connection->gate->process, VT_GATE_KEY);
        refuse(connection, NULL, key_complaint(error));
        return;
    }
    connection->unread = malloc(size ? size : 1);
    if (!connection->unread) {
        close_connection(connection, "out of memory");
        return;
    }
    if (size > 0)
        memcpy(connection->unread, unread, size);
    connection->unread_size = size;
    vt_escape(encoder, sizeof encoder, connection->rtmp.publish.encoder,
              strlen(connection->rtmp.publish.encoder));
    json_t *body = json_pack("{s:I,s:s,s:s,s:s,s:s}", "conn", (json_int_t)connection->id, "address",
                             connection->address.text, "key", key, "encoder", encoder, "protocol",
                             connection->tls ? "rtmps" : "rtmp");
    explicit_bzero(key, sizeof key);
    if (vt_gate_process_send(&connection->gate->process, VT_MSG_PUBLISH_ASK, body, NULL, 0) < 0) {
        close_connection(connection, "the supervisor could not be asked");
        return;
    }
    connection->stage = ASKED;
    set_events(connection);
}

static void feed(struct vt_connection *connection, const uint8_t *data, size_t size)
{
    struct vt_rtmp_event event;
    ssize_t used = vt_rtmp_feed(&connection->rtmp, NULL, data, size, &connection->reply, &event);
    if (used < 0) {
        close_connection(connection, vt_rtmp_error_text(vt_rtmp_why(&connection->rtmp)));
        return;
    }
    if (send_reply(connection) < 0) {
        close_connection(connection, "hung up");
        return;
    }
    if (event.kind == VT_RTMP_ASKED)
        ask(connection, data + used, size - (size_t)used);
    else
        set_events(connection);
}

static int count_group(const struct vt_gate *gate, uint64_t group)
{
    int count = 0;
    for (const struct vt_connection *c = gate->oldest; c; c = c->newer)
        count += c->stage != PROXIED && c->address.group == group;
    return count;
}

static void read_proxy_header(struct vt_connection *connection)
{
    struct sockaddr_storage from;
    int done = vt_proxy_read(connection->proxy, connection->fd, &from);
    if (done == 0)
        return;
    if (done < 0) {
        close_connection(connection, done == -EBADMSG ? "no PROXY header, from an address that must send one" : "hung up");
        return;
    }
    if (from.ss_family != AF_UNSPEC)
        connection->address = vt_peer_address(&from);
    if (count_group(connection->gate, connection->address.group) >= connection->gate->process.limits.per_address) {
        close_connection(connection, "too many connections of its address");
        return;
    }
    free(connection->proxy);
    connection->proxy = NULL;
    connection->stage = SETUP;
}

static void on_readable(struct vt_connection *connection)
{
    if (connection->stage == PROXIED) {
        read_proxy_header(connection);
        return;
    }
    struct vt_gate *gate = connection->gate;
    ssize_t n = recv(connection->fd, gate->buffer, sizeof gate->buffer, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        close_connection(connection, connection->stage == LINGERING ? "refused" : "hung up");
        return;
    }
    if (connection->stage == SETUP)
        feed(connection, gate->buffer, (size_t)n);
}

static void on_io(void *opaque, int fd, uint32_t events)
{
    struct vt_connection *connection = opaque;
    if (events & EPOLLOUT) {
        if (send_reply(connection) < 0) {
            close_connection(connection, "hung up");
            return;
        }
        set_events(connection);
    }
    if (connection->stage == ASKED) {
        if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
            close_connection(connection, "hung up before the answer");
    } else if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        on_readable(connection);
    }
}

static void on_deadline(void *opaque)
{
    struct vt_connection *connection = opaque;
    close_connection(connection, connection->stage == LINGERING ? "refused"
                               : connection->stage == ASKED     ? "no answer from the supervisor in time"
                                                                : "not publishing in time");
}

// Whether others go first: it has got through its handshake, which a crowd that only holds places does not.
static bool is_earnest(const struct vt_connection *connection)
{
    return connection->stage == SETUP && vt_rtmp_handshake_done(&connection->rtmp.handshake);
}

bool vt_connection_drop_oldest(struct vt_gate *gate)
{
    struct vt_connection *oldest = NULL, *first = NULL;
    for (struct vt_connection *c = gate->oldest; c && !first; c = c->newer) {
        if (c->stage != ASKED && !oldest)
            oldest = c;
        if (c->stage != ASKED && !is_earnest(c))
            first = c;
    }
    if (!oldest)
        return false;
    close_connection(first ? first : oldest, "made room for a newer connection");
    return true;
}

static void link_newest(struct vt_gate *gate, struct vt_connection *connection)
{
    connection->older = gate->newest;
    *(gate->newest ? &gate->newest->newer : &gate->oldest) = connection;
    gate->newest = connection;
    vt_gate_process_count(&gate->process, ++gate->connections);
}

static struct vt_connection *make(bool proxied)
{
    struct vt_connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return NULL;
    connection->stage = proxied ? PROXIED : SETUP;
    if (proxied && !(connection->proxy = calloc(1, sizeof *connection->proxy))) {
        free(connection);
        return NULL;
    }
    return connection;
}

// Why somebody who has just connected cannot stay, or NULL.
static const char *complaint(struct vt_gate *gate, const struct vt_peer_address *address, bool proxied)
{
    const struct vt_gate_limits *limits = &gate->process.limits;
    if (!proxied && count_group(gate, address->group) >= limits->per_address)
        return "too many connections of its address";
    return gate->connections >= limits->connections && !vt_connection_drop_oldest(gate) ? "too many connections" : NULL;
}

void vt_connection_new(struct vt_gate *gate, int fd, const struct sockaddr_storage *from, bool tls)
{
    const struct vt_gate_limits *limits = &gate->process.limits;
    struct vt_peer_address address = vt_peer_address(from);
    bool proxied = !tls && vt_gate_process_proxied(&gate->process, from);
    const char *full = complaint(gate, &address, proxied);
    struct vt_connection *connection = full ? NULL : make(proxied);
    if (!connection) {
        vt_gate_process_closed(&gate->process, address.text, full ? full : "out of memory");
        close(fd);
        return;
    }
    connection->gate = gate;
    connection->fd = fd;
    connection->id = ++gate->last_id;
    connection->address = address;
    connection->tls = tls;
    connection->reply.limit = VT_GATE_REPLY_BYTES;
    vt_rtmp_init(&connection->rtmp, (uint32_t)connection->id * 2654435761u);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    link_newest(gate, connection);
    if (vt_loop_io(gate->process.loop, &connection->io, fd, EPOLLIN, on_io, connection) < 0 ||
        vt_loop_timer(gate->process.loop, &connection->deadline, vt_now_ns() + limits->setup_ns, on_deadline,
                      connection) < 0)
        close_connection(connection, "no resources to watch it");
}

static struct vt_connection *find_asked(struct vt_gate *gate, int64_t id)
{
    struct vt_connection *connection = gate->oldest;
    while (connection && (connection->id != id || connection->stage != ASKED))
        connection = connection->newer;
    return connection;
}

void vt_connection_accepted(struct vt_gate *gate, int64_t id)
{
    struct vt_connection *connection = find_asked(gate, id);
    if (!connection)
        return;
    if (connection->reply.size > 0) {
        close_connection(connection, vt_rtmp_error_text(VT_RTMP_ERROR_PEER_DEAF));
        return;
    }
    int state;
    int error = vt_handover_write(&state, &connection->rtmp, connection->unread, connection->unread_size);
    if (error < 0) {
        vt_error("could not hand over a connection: %s", strerror(-error));
        close_connection(connection, "could not be handed over");
        return;
    }
    error = vt_gate_process_send(&gate->process, VT_MSG_PUBLISH_HAND, json_pack("{s:I}", "conn", (json_int_t)id),
                         (int[]){connection->fd, state}, 2);
    close(state);
    if (error < 0)
        close_connection(connection, "could not be handed over");
    else
        free_connection(connection);
}

void vt_connection_refused(struct vt_gate *gate, int64_t id, const char *code, const char *description)
{
    struct vt_connection *connection = find_asked(gate, id);
    if (connection)
        refuse(connection, code, description ? description : "Publishing was refused.");
}

void vt_connections_free(struct vt_gate *gate)
{
    while (gate->oldest)
        free_connection(gate->oldest);
}
