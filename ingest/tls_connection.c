#include "ingest/tls_connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "ingest/peer_address.h"
#include "ingest/proxy_header.h"

#define ROUNDS_AT_ONCE 64            // of one connection before others get their turn

struct buffer {
    uint8_t data[VT_TLS_BUFFER_BYTES];
    size_t at, size;                 // of what is still to be written
};

struct vt_tls_connection {
    struct vt_tls_gate *gate;
    struct vt_tls_connection *older, *newer;
    struct vt_peer_address address;  // the balancer's until its header is read
    struct vt_proxy_reader *proxy;   // while it is being read
    SSL *ssl;
    int fd, plain;                   // plain: -1 during the handshake
    struct vt_source *io, *plain_io, *deadline;
    bool wants_write;                // TLS waits for the socket to take more
    bool in_ended, out_ended;        // nothing more will come from the peer; from inside
    bool said_goodbye;
    struct buffer in, out;           // from the peer to the inside; back
};

static void free_connection(struct vt_tls_connection *c)
{
    struct vt_tls_gate *gate = c->gate;
    *(c->older ? &c->older->newer : &gate->oldest) = c->newer;
    *(c->newer ? &c->newer->older : &gate->newest) = c->older;
    gate->connections--;
    gate->handshakes -= c->plain < 0;
    vt_source_free(&c->io);
    vt_source_free(&c->plain_io);
    vt_source_free(&c->deadline);
    SSL_free(c->ssl);
    close(c->fd);
    if (c->plain >= 0)
        close(c->plain);
    free(c->proxy);
    OPENSSL_cleanse(&c->in, sizeof c->in);
    free(c);
    vt_gate_process_count(&gate->process, gate->connections);
}

static void close_connection(struct vt_tls_connection *c, const char *reason)
{
    vt_gate_process_closed(&c->gate->process, c->address.text, reason);
    free_connection(c);
}

static void on_deadline(void *opaque)
{
    struct vt_tls_connection *c = opaque;
    if (c->plain < 0)
        close_connection(c, "no TLS handshake in time");
    else
        free_connection(c);
}

// What a call that did not succeed waits for. False: nothing, the connection is broken.
static bool waits(struct vt_tls_connection *c, int result)
{
    int error = SSL_get_error(c->ssl, result);
    ERR_clear_error();
    if (error == SSL_ERROR_WANT_WRITE)
        c->wants_write = true;
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static void set_events(struct vt_tls_connection *c)
{
    bool reads = c->plain < 0 || (c->in.size == 0 && !c->in_ended);
    if (c->io)
        vt_source_events(c->io, (reads ? EPOLLIN : 0) | (c->wants_write ? EPOLLOUT : 0));
    if (c->plain_io)
        vt_source_events(c->plain_io, (c->out.size == 0 && !c->out_ended ? EPOLLIN : 0) |
                                          (c->in.size > 0 ? EPOLLOUT : 0));
}

// ---- pumping; each step returns whether it moved something

static bool read_peer(struct vt_tls_connection *c)
{
    if (c->in.size > 0 || c->in_ended)
        return false;
    ERR_clear_error();
    int n = SSL_read(c->ssl, c->in.data, sizeof c->in.data);
    c->in_ended = n <= 0 && !waits(c, n);
    // see acknowledge_now in ingest/ingest_main.c
    setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &(int){1}, sizeof(int));
    if (n <= 0)
        return c->in_ended;
    c->in.at = 0;
    c->in.size = (size_t)n;
    return true;
}

static bool write_inside(struct vt_tls_connection *c)
{
    if (c->in.size == 0)
        return false;
    ssize_t n = send(c->plain, c->in.data + c->in.at, c->in.size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR)
        return true;
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n < 0)
        n = (ssize_t)c->in.size;     // nobody listens inside: what it still says ends first
    c->in.at += (size_t)n;
    c->in.size -= (size_t)n;
    return true;
}

static bool read_inside(struct vt_tls_connection *c)
{
    if (c->out.size > 0 || c->out_ended)
        return false;
    ssize_t n = recv(c->plain, c->out.data, sizeof c->out.data, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    c->out_ended = n <= 0;
    c->out.at = 0;
    c->out.size = n > 0 ? (size_t)n : 0;
    return true;
}

static bool write_peer(struct vt_tls_connection *c)
{
    if (c->out.size == 0)
        return false;
    ERR_clear_error();
    int n = SSL_write(c->ssl, c->out.data + c->out.at, (int)c->out.size);
    if (n <= 0) {
        if (waits(c, n))
            return false;
        c->out.size = 0;
        c->in_ended = c->out_ended = true;
        return true;
    }
    c->out.at += (size_t)n;
    c->out.size -= (size_t)n;
    return true;
}

// Passes each side's end on to the other. Returns whether nothing is left to do.
static bool pass_ends(struct vt_tls_connection *c)
{
    if (c->in_ended && c->in.size == 0)
        shutdown(c->plain, SHUT_WR);
    if (!c->out_ended || c->out.size > 0)
        return false;
    if (!c->said_goodbye) {
        c->said_goodbye = true;
        vt_source_free(&c->plain_io);
        SSL_shutdown(c->ssl);
        ERR_clear_error();
        shutdown(c->fd, SHUT_WR);
        if (vt_loop_timer(c->gate->process.loop, &c->deadline, vt_now_ns() + VT_TLS_LINGER_NS, on_deadline, c) < 0)
            return true;
    }
    return c->in_ended;
}

static void pump(struct vt_tls_connection *c)
{
    bool moved = true;
    c->wants_write = false;
    for (int i = 0; i < ROUNDS_AT_ONCE && moved; i++) {
        moved = read_peer(c);
        moved |= write_inside(c);
        moved |= read_inside(c);
        moved |= write_peer(c);
    }
    if (moved)                       // OpenSSL may hold bytes that the socket does not show any more
        c->wants_write = true;
    if (pass_ends(c))
        free_connection(c);
    else
        set_events(c);
}

// A peer that has gone is reported again and again, while what it sent may still have to wait for the inside.
static void pump_peer(struct vt_tls_connection *c, uint32_t events)
{
    if ((events & (EPOLLERR | EPOLLHUP)) && c->in.size > 0)
        vt_source_free(&c->io);
    pump(c);
}

static void on_plain(void *opaque, int fd, uint32_t events)
{
    pump(opaque);
}

// ---- the handshake

// The plain bytes' other end goes to gate rtmp.
static int open_inside(struct vt_tls_connection *c)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
        return -errno;
    int error = vt_gate_process_send(&c->gate->process, VT_MSG_TLS_HAND,
                                     json_pack("{s:s}", "address", c->address.text), &ends[1], 1);
    close(ends[1]);
    if (!error)
        error = vt_loop_io(c->gate->process.loop, &c->plain_io, ends[0], EPOLLIN, on_plain, c);
    if (error < 0) {
        close(ends[0]);
        return error;
    }
    vt_source_free(&c->deadline);
    c->plain = ends[0];
    c->gate->handshakes--;
    return 0;
}

static void shake_hands(struct vt_tls_connection *c)
{
    c->wants_write = false;
    ERR_clear_error();
    int done = SSL_accept(c->ssl);
    if (done != 1 && waits(c, done))
        set_events(c);
    else if (done != 1)
        close_connection(c, "its TLS handshake failed");
    else if (open_inside(c) < 0)
        close_connection(c, "no resources to pass it on");
    else
        pump(c);
}

static int count_handshakes(const struct vt_tls_gate *gate, uint64_t group)
{
    int count = 0;
    for (const struct vt_tls_connection *c = gate->oldest; c; c = c->newer)
        count += c->plain < 0 && !c->proxy && c->address.group == group;
    return count;
}

static void read_proxy_header(struct vt_tls_connection *c)
{
    struct sockaddr_storage from;
    int done = vt_proxy_read(c->proxy, c->fd, &from);
    if (done == 0)
        return;
    if (done < 0) {
        close_connection(c, done == -EBADMSG ? "no PROXY header, from an address that must send one" : "hung up");
        return;
    }
    if (from.ss_family != AF_UNSPEC)
        c->address = vt_peer_address(&from);
    if (count_handshakes(c->gate, c->address.group) >= c->gate->process.limits.per_address) {
        close_connection(c, "too many handshakes of its address");
        return;
    }
    free(c->proxy);
    c->proxy = NULL;
}

static void on_io(void *opaque, int fd, uint32_t events)
{
    struct vt_tls_connection *c = opaque;
    if (c->proxy)
        read_proxy_header(c);
    else if (c->plain < 0)
        shake_hands(c);
    else if (c->said_goodbye && (events & (EPOLLERR | EPOLLHUP)))
        free_connection(c);
    else
        pump_peer(c, events);
}

// ---- all of them

bool vt_tls_drop_oldest(struct vt_tls_gate *gate)
{
    struct vt_tls_connection *c = gate->oldest;
    while (c && c->plain >= 0)
        c = c->newer;
    if (c)
        close_connection(c, "made room for a newer connection");
    return c != NULL;
}

static struct vt_tls_connection *make(struct vt_tls_gate *gate, int fd)
{
    struct vt_tls_connection *c = calloc(1, sizeof *c);
    SSL *ssl = c ? SSL_new(gate->context) : NULL;
    if (!ssl || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        free(c);
        return NULL;
    }
    c->gate = gate;
    c->ssl = ssl;
    c->fd = fd;
    c->plain = -1;
    c->older = gate->newest;
    *(gate->newest ? &gate->newest->newer : &gate->oldest) = c;
    gate->newest = c;
    gate->handshakes++;
    vt_gate_process_count(&gate->process, ++gate->connections);
    return c;
}

// Why somebody who has just connected cannot stay, or NULL.
static const char *complaint(struct vt_tls_gate *gate, const struct vt_peer_address *address, bool proxied)
{
    const struct vt_gate_limits *limits = &gate->process.limits;
    bool crowded = gate->connections >= VT_TLS_CONNECTIONS || gate->handshakes >= limits->connections;
    if (!proxied && count_handshakes(gate, address->group) >= limits->per_address)
        return "too many handshakes of its address";
    return crowded && !vt_tls_drop_oldest(gate) ? "too many connections" : NULL;
}

void vt_tls_connection_new(struct vt_tls_gate *gate, int fd, const struct sockaddr_storage *from)
{
    struct vt_peer_address address = vt_peer_address(from);
    const struct vt_gate_limits *limits = &gate->process.limits;
    int64_t handshake_ns = limits->setup_ns < VT_TLS_HANDSHAKE_NS ? limits->setup_ns : VT_TLS_HANDSHAKE_NS;
    bool proxied = vt_gate_process_proxied(&gate->process, from);
    struct vt_proxy_reader *proxy = proxied ? calloc(1, sizeof *proxy) : NULL;
    const char *full = complaint(gate, &address, proxied);
    struct vt_tls_connection *c = full || (proxied && !proxy) ? NULL : make(gate, fd);
    if (!c) {
        vt_gate_process_closed(&gate->process, address.text, full ? full : "out of memory");
        free(proxy);
        close(fd);
        return;
    }
    c->address = address;
    c->proxy = proxy;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (vt_loop_io(gate->process.loop, &c->io, fd, EPOLLIN, on_io, c) < 0 ||
        vt_loop_timer(gate->process.loop, &c->deadline, vt_now_ns() + handshake_ns, on_deadline, c) < 0)
        close_connection(c, "no resources to watch it");
}

void vt_tls_connections_free(struct vt_tls_gate *gate)
{
    while (gate->oldest)
        free_connection(gate->oldest);
}
