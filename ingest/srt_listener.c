#include "ingest/srt_listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <srt/access_control.h>
#include <srt/srt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/mediatime.h"
#include "ingest/srt_admission.h"

#define BACKLOG          32
#define RECEIVE_BUFFER   (12 * 1024 * 1024)          // bytes of one connection: 1 s at 96 Mb/s
#define UDP_BUFFER       (4 * 1024 * 1024)           // as far as the kernel lets it
#define INSIDE_BUFFER    (1024 * 1024)               // towards an ingest
#define WAIT_MS          200
#define RETRY_MS         5                           // while an ingest does not keep up
#define MESSAGE_BYTES    1456                        // the longest payload of one packet
#define REORDER_PACKETS  40                          // may overtake each other before one counts as lost

_Static_assert(VT_SRT_BAD_REQUEST == SRT_REJX_BAD_REQUEST && VT_SRT_UNAUTHORIZED == SRT_REJX_UNAUTHORIZED &&
               VT_SRT_OVERLOAD == SRT_REJX_OVERLOAD && VT_SRT_BAD_MODE == SRT_REJX_BAD_MODE &&
               VT_SRT_CONFLICT == SRT_REJX_CONFLICT && VT_SRT_FAILED == SRT_REJX_ISE && VT_SRT_DOWN == SRT_REJX_DOWN,
               "libsrt has these reject reasons");

struct connection {
    SRTSOCKET caller;
    int inside;                                      // where its bytes go
    int64_t id;
    struct vt_peer_address address;
    size_t at, size;                                 // of `data`: not taken by the inside yet
    char data[VT_SRT_PUMP_BYTES];
};

struct door {
    struct vt_srt_listener *listener;
    SRTSOCKET socket;
    char channel[VT_NAME_ROOM];                      // whose it is, or ""
};

struct vt_srt_listener {
    struct door doors[VT_SRT_LISTENERS];
    int n_doors;
    int poll, event;
    bool started, running;
    pthread_t thread;

    // the pumping thread's own
    struct connection *connections[VT_SRT_CONNECTIONS];
    int64_t last_id;

    pthread_mutex_t lock;                            // guards the rest
    struct vt_srt_admission admission;
    struct vt_srt_event events[VT_SRT_EVENTS];
    int first_event, n_events;
    bool stop;
};

// ---- events

// False: there are too many already.
static bool tell(struct vt_srt_listener *l, const struct vt_srt_event *event)
{
    pthread_mutex_lock(&l->lock);
    bool room = l->n_events < VT_SRT_EVENTS;
    if (room) {
        l->events[(l->first_event + l->n_events++) % VT_SRT_EVENTS] = *event;
        ssize_t n = write(l->event, &(uint64_t){1}, sizeof(uint64_t));
        (void)n;                                     // full: it is readable already
    }
    pthread_mutex_unlock(&l->lock);
    return room;
}

static struct vt_peer_address address_of(const struct sockaddr *peer)
{
    struct sockaddr_storage from = {0};
    memcpy(&from, peer, peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
    return vt_peer_address(&from);
}

// ---- callers; in libsrt's thread

static int set_up_caller(SRTSOCKET caller, const struct vt_srt_channel *channel)
{
    bool set = srt_setsockflag(caller, SRTO_RCVLATENCY, &channel->latency_ms, sizeof channel->latency_ms) == 0;
    if (set && channel->passphrase[0])
        set = srt_setsockflag(caller, SRTO_PASSPHRASE, channel->passphrase, (int)strlen(channel->passphrase)) == 0;
    return set ? 0 : VT_SRT_FAILED;
}

static int judge(const struct door *door, const char *streamid, const struct vt_peer_address *from,
                 struct vt_srt_channel *ret)
{
    struct vt_srt_listener *l = door->listener;
    pthread_mutex_lock(&l->lock);
    int code = vt_srt_admission_judge(&l->admission, door->channel, streamid ? streamid : "", from, vt_now_ns(), ret);
    pthread_mutex_unlock(&l->lock);
    return code;
}

static int on_caller(void *opaque, SRTSOCKET caller, int version, const struct sockaddr *peer, const char *streamid)
{
    const struct door *door = opaque;
    struct vt_srt_channel channel = {.name = ""};
    struct vt_peer_address from = address_of(peer);
    int code = version < 5 ? VT_SRT_BAD_REQUEST : judge(door, streamid, &from, &channel);
    if (!code)
        code = set_up_caller(caller, &channel);
    OPENSSL_cleanse(&channel, sizeof channel);
    if (!code)
        return 0;
    srt_setrejectreason(caller, code);
    tell(door->listener, &(struct vt_srt_event){.kind = VT_SRT_REFUSED, .address = from, .code = code,
                                   .why = vt_srt_admission_words(code)});
    return -1;
}

// ---- one connection

// Counts a connection, unless too many have come in the meantime; or no longer.
static bool enter(struct vt_srt_listener *l, const struct vt_srt_event *event)
{
    pthread_mutex_lock(&l->lock);
    bool room = vt_srt_admission_enter(&l->admission, event->conn, event->address.group, event->key);
    pthread_mutex_unlock(&l->lock);
    return room;
}

static void leave(struct vt_srt_listener *l, uint64_t group)
{
    pthread_mutex_lock(&l->lock);
    vt_srt_admission_leave(&l->admission, group);
    pthread_mutex_unlock(&l->lock);
}

static void close_connection(struct vt_srt_listener *l, int i, const char *why)
{
    struct connection *c = l->connections[i];
    struct vt_srt_event event = {.kind = VT_SRT_GONE, .conn = c->id, .address = c->address, .why = why};
    srt_epoll_remove_usock(l->poll, c->caller);
    srt_close(c->caller);
    close(c->inside);
    free(c);
    l->connections[i] = NULL;
    leave(l, event.address.group);
    tell(l, &event);
}

// Its key once more, and its version.
static int describe(const struct door *door, SRTSOCKET caller, struct vt_srt_event *event)
{
    struct vt_srt_listener *l = door->listener;
    char streamid[VT_STREAMID_MAX + 1];
    int size = sizeof streamid, version = 0, version_size = sizeof version;
    if (srt_getsockflag(caller, SRTO_STREAMID, streamid, &size) || size < 0 || size >= (int)sizeof streamid)
        return -EINVAL;
    streamid[size] = 0;
    pthread_mutex_lock(&l->lock);
    int error = vt_srt_admission_describe(&l->admission, door->channel, streamid, event->key, event->channel);
    event->by_port = !error && door->channel[0] && !streamid[0];
    pthread_mutex_unlock(&l->lock);
    OPENSSL_cleanse(streamid, sizeof streamid);
    srt_getsockflag(caller, SRTO_PEERVERSION, &version, &version_size);
    snprintf(event->encoder, sizeof event->encoder, "SRT %d.%d.%d", version >> 16 & 0xff, version >> 8 & 0xff,
             version & 0xff);
    return error;
}

static int free_place(const struct vt_srt_listener *l)
{
    for (int i = 0; i < VT_SRT_CONNECTIONS; i++) {
        if (!l->connections[i])
            return i;
    }
    return -1;
}

// Opens the way inside and tells the owner. On failure the caller is still to be closed.
static int open_connection(const struct door *door, SRTSOCKET caller, const struct sockaddr *peer)
{
    struct vt_srt_listener *l = door->listener;
    int ends[2], place = free_place(l), events = SRT_EPOLL_IN | SRT_EPOLL_ERR;
    struct vt_srt_event event = {.kind = VT_SRT_PUBLISHES, .address = address_of(peer)};
    struct connection *c = place < 0 || describe(door, caller, &event) ? NULL : calloc(1, sizeof *c);
    if (!c || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
        free(c);
        return -ENOBUFS;
    }
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &(int){INSIDE_BUFFER}, sizeof(int));
    *c = (struct connection){.caller = caller, .inside = ends[0], .id = ++l->last_id, .address = event.address};
    event.conn = c->id;
    event.fd = ends[1];
    bool entered = enter(l, &event);
    if (!entered || srt_epoll_add_usock(l->poll, caller, &events) || !tell(l, &event)) {
        if (entered)
            leave(l, c->address.group);
        close(ends[0]);
        close(ends[1]);
        free(c);
        return -ENOBUFS;
    }
    l->connections[place] = c;
    return 0;
}

static void accept_all(const struct door *door)
{
    for (;;) {
        struct sockaddr_storage peer = {0};
        int size = sizeof peer;
        SRTSOCKET caller = srt_accept(door->socket, (struct sockaddr *)&peer, &size);
        if (caller == SRT_INVALID_SOCK)
            return;
        if (open_connection(door, caller, (const struct sockaddr *)&peer))
            srt_close(caller);
    }
}

// Gives on what waits. Returns 1 when all of it went, 0 when the inside is full, -EPIPE when it has ended.
static int write_inside(struct connection *c)
{
    while (c->size > 0) {
        ssize_t n = send(c->inside, c->data + c->at, c->size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? 0 : -EPIPE;
        c->at += (size_t)n;
        c->size -= (size_t)n;
    }
    c->at = 0;
    return 1;
}

// Reads what fits and is there. Returns 1 when something came, 0 when nothing did, -EPIPE at the end.
static int read_caller(struct connection *c)
{
    size_t before = c->size;
    while (c->at + c->size + MESSAGE_BYTES <= sizeof c->data) {
        int n = srt_recvmsg(c->caller, c->data + c->at + c->size, MESSAGE_BYTES);
        if (n <= 0)
            return c->size > before ? 1 : n == 0 || srt_getlasterror(NULL) != SRT_EASYNCRCV ? -EPIPE : 0;
        c->size += (size_t)n;
    }
    return c->size > before;
}

static void watch(struct vt_srt_listener *l, const struct connection *c)
{
    int events = SRT_EPOLL_ERR | (c->size == 0 ? SRT_EPOLL_IN : 0);
    srt_epoll_update_usock(l->poll, c->caller, &events);
}

static void pump(struct vt_srt_listener *l, int i)
{
    struct connection *c = l->connections[i];
    bool waited = c->size > 0;
    int wrote = write_inside(c), came = wrote > 0 ? read_caller(c) : 0;
    if (came > 0)
        wrote = write_inside(c);
    if (wrote < 0)
        close_connection(l, i, "ended from inside");
    else if (came < 0)
        close_connection(l, i, "the caller has gone");
    else if (waited != (c->size > 0))
        watch(l, c);
}

// ---- the pumping thread

static json_t *status_of(SRTSOCKET caller)
{
    SRT_TRACEBSTATS s;
    int state = 0, size = sizeof state;
    if (srt_bistats(caller, &s, 0, 1))
        return NULL;
    srt_getsockflag(caller, SRTO_RCVKMSTATE, &state, &size);
    return json_pack("{s:f, s:f, s:f, s:I, s:I, s:i, s:i, s:i, s:I, s:i, s:i, s:i, s:i, s:i, s:b}",
                     "rtt_ms", s.msRTT, "receive_mbps", s.mbpsRecvRate, "bandwidth_mbps", s.mbpsBandwidth,
                     "packets", (json_int_t)s.pktRecvTotal, "unique", (json_int_t)s.pktRecvUniqueTotal,
                     "lost", s.pktRcvLossTotal, "dropped", s.pktRcvDropTotal, "retransmitted", s.pktRcvRetrans,
                     "belated", (json_int_t)s.pktRcvBelated, "reorder_distance", s.pktReorderDistance,
                     "undecrypted", s.pktRcvUndecryptTotal, "naks", s.pktSentNAKTotal, "buffered_ms", s.msRcvBuf,
                     "latency_ms", s.msRcvTsbPdDelay, "encrypted", state == SRT_KM_S_SECURED);
}

// Each second: how its line is, and whether both ends are still there. libsrt tells nothing of a caller that hung up
// before it was watched.
static void look_after(struct vt_srt_listener *l, int i)
{
    char byte;
    pump(l, i);
    struct connection *c = l->connections[i];
    if (!c)
        return;
    if (recv(c->inside, &byte, 1, MSG_DONTWAIT) == 0) {
        close_connection(l, i, "ended from inside");
        return;
    }
    struct vt_srt_event event = {.kind = VT_SRT_STATUS, .conn = c->id, .fd = -1, .status = status_of(c->caller)};
    if (event.status && !tell(l, &event))
        json_decref(event.status);
}

static void on_event(struct vt_srt_listener *l, SRTSOCKET socket)
{
    for (int i = 0; i < l->n_doors; i++) {
        if (l->doors[i].socket == socket)
            accept_all(&l->doors[i]);
    }
    for (int i = 0; i < VT_SRT_CONNECTIONS; i++) {
        if (l->connections[i] && l->connections[i]->caller == socket)
            pump(l, i);
    }
}

static bool retry(struct vt_srt_listener *l)
{
    bool waiting = false;
    for (int i = 0; i < VT_SRT_CONNECTIONS; i++) {
        if (l->connections[i] && l->connections[i]->size > 0)
            pump(l, i);
        waiting |= l->connections[i] && l->connections[i]->size > 0;
    }
    return waiting;
}

static bool stopped(struct vt_srt_listener *l)
{
    pthread_mutex_lock(&l->lock);
    bool stop = l->stop;
    pthread_mutex_unlock(&l->lock);
    return stop;
}

static void *run(void *opaque)
{
    struct vt_srt_listener *l = opaque;
    SRT_EPOLL_EVENT events[64];
    int64_t second_ns = vt_now_ns() + VT_NS_PER_S;
    bool waiting = false;
    while (!stopped(l)) {
        int n = srt_epoll_uwait(l->poll, events, 64, waiting ? RETRY_MS : WAIT_MS);
        for (int i = 0; i < n && i < 64; i++)
            on_event(l, events[i].fd);
        waiting = retry(l);
        if (vt_now_ns() < second_ns)
            continue;
        second_ns = vt_now_ns() + VT_NS_PER_S;
        for (int i = 0; i < VT_SRT_CONNECTIONS; i++) {
            if (l->connections[i])
                look_after(l, i);
        }
    }
    return NULL;
}

// ---- the owner

static void ignore_log(void *opaque, int level, const char *file, int line, const char *area, const char *message)
{
}

static bool set_flag(SRTSOCKET socket, SRT_SOCKOPT option, int value)
{
    return srt_setsockflag(socket, option, &value, sizeof value) == 0;
}

static bool set_bool(SRTSOCKET socket, SRT_SOCKOPT option, bool value)
{
    return srt_setsockflag(socket, option, &value, sizeof value) == 0;
}

static bool set_options(SRTSOCKET s)
{
    return set_bool(s, SRTO_RCVSYN, false) && set_bool(s, SRTO_SNDSYN, false) && set_bool(s, SRTO_TLPKTDROP, true) &&
           set_bool(s, SRTO_NAKREPORT, true) && set_bool(s, SRTO_ENFORCEDENCRYPTION, true) &&
           set_flag(s, SRTO_MINVERSION, VT_SRT_LEAST_VERSION) && set_flag(s, SRTO_PEERIDLETIMEO, VT_SRT_IDLE_MS) &&
           set_flag(s, SRTO_RCVBUF, RECEIVE_BUFFER) && set_flag(s, SRTO_UDP_RCVBUF, UDP_BUFFER) &&
           set_flag(s, SRTO_LOSSMAXTTL, REORDER_PACKETS);
}

static int listen_on(struct vt_srt_listener *l, const struct vt_srt_socket *socket)
{
    int events = SRT_EPOLL_IN | SRT_EPOLL_ERR;
    SRTSOCKET s = srt_create_socket();
    if (s == SRT_INVALID_SOCK)
        return -ENOMEM;
    struct door *door = &l->doors[l->n_doors++];
    *door = (struct door){.listener = l, .socket = s};
    memcpy(door->channel, socket->channel, sizeof door->channel);
    if (!set_options(s) || srt_bind_acquire(s, socket->fd) || srt_listen_callback(s, on_caller, door) ||
        srt_listen(s, BACKLOG) || srt_epoll_add_usock(l->poll, s, &events)) {
        vt_error("SRT cannot listen: %s", srt_getlasterror_str());
        return -EIO;
    }
    return 0;
}

static int start(struct vt_srt_listener *l, const struct vt_srt_socket *sockets, int n_sockets)
{
    if (srt_startup() < 0)
        return -EIO;
    l->started = true;
    srt_setloglevel(0);
    srt_setloghandler(NULL, ignore_log);             // it would print what a stranger wrote
    l->poll = srt_epoll_create();
    l->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = l->poll < 0 ? -EIO : l->event < 0 ? -errno : 0;
    for (int i = 0; i < n_sockets && !error; i++)
        error = listen_on(l, &sockets[i]);
    if (!error)
        error = -pthread_create(&l->thread, NULL, run, l);
    l->running = !error;
    return error;
}

int vt_srt_listener_new(struct vt_srt_listener **ret, const struct vt_srt_socket *sockets, int n_sockets,
                        const struct vt_srt_keys *keys)
{
    struct vt_srt_listener *l = n_sockets <= VT_SRT_LISTENERS ? calloc(1, sizeof *l) : NULL;
    if (!l)
        return -ENOMEM;
    l->poll = l->event = -1;
    l->last_id = vt_now_ns() / VT_NS_PER_MS;         // another process's ids do not come again
    pthread_mutex_init(&l->lock, NULL);
    int error = vt_srt_admission_init(&l->admission, keys);
    if (!error)
        error = start(l, sockets, n_sockets);
    if (error)
        vt_srt_listener_free(&l);
    else
        *ret = l;
    return error;
}

void vt_srt_listener_free(struct vt_srt_listener **listener)
{
    struct vt_srt_listener *l = *listener;
    struct vt_srt_event event;
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_mutex_unlock(&l->lock);
    if (l->running)
        pthread_join(l->thread, NULL);
    for (int i = 0; i < l->n_doors; i++)
        srt_close(l->doors[i].socket);
    for (int i = 0; i < VT_SRT_CONNECTIONS; i++) {
        if (l->connections[i])
            close_connection(l, i, "the gate ends");
    }
    while (l->event >= 0 && vt_srt_listener_take(l, &event) == 1) {
        json_decref(event.status);
        if (event.kind == VT_SRT_PUBLISHES)
            close(event.fd);
    }
    if (l->poll >= 0)
        srt_epoll_release(l->poll);
    if (l->started)
        srt_cleanup();
    if (l->event >= 0)
        close(l->event);
    vt_srt_admission_clear(&l->admission);
    pthread_mutex_destroy(&l->lock);
    OPENSSL_cleanse(l, sizeof *l);
    free(l);
    *listener = NULL;
}

void vt_srt_listener_keys(struct vt_srt_listener *listener, const struct vt_srt_keys *keys)
{
    pthread_mutex_lock(&listener->lock);
    vt_srt_admission_keys(&listener->admission, keys);
    pthread_mutex_unlock(&listener->lock);
}

void vt_srt_listener_refuse(struct vt_srt_listener *listener, int64_t conn, int code, int64_t hold_ns)
{
    pthread_mutex_lock(&listener->lock);
    vt_srt_admission_refuse(&listener->admission, conn, code, vt_now_ns() + hold_ns);
    pthread_mutex_unlock(&listener->lock);
}

int vt_srt_listener_fd(const struct vt_srt_listener *listener)
{
    return listener->event;
}

int vt_srt_listener_take(struct vt_srt_listener *listener, struct vt_srt_event *ret)
{
    pthread_mutex_lock(&listener->lock);
    bool there = listener->n_events > 0;
    if (there) {
        struct vt_srt_event *event = &listener->events[listener->first_event];
        *ret = *event;
        OPENSSL_cleanse(event->key, sizeof event->key);
        listener->first_event = (listener->first_event + 1) % VT_SRT_EVENTS;
        listener->n_events--;
    } else {
        uint64_t count;
        ssize_t n = read(listener->event, &count, sizeof count);
        (void)n;
    }
    pthread_mutex_unlock(&listener->lock);
    return there;
}
