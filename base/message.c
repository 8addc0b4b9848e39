#include "base/message.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KIND_FIELD "message"     // of a datagram; the body is the rest of it

static const struct kind {
    const char *name;
    enum vt_role sender, receiver;
    int min_fds, max_fds;
    size_t max_bytes;
} kinds[] = {
#define VT_MESSAGE(kind, name, sender, receiver, min_fds, max_fds, max_bytes, doc)                                     \
    {name, VT_##sender, VT_##receiver, min_fds, max_fds, max_bytes},
#include "base/message.def"
#undef VT_MESSAGE
};

#define VT_MESSAGE(kind, name, sender, receiver, min_fds, max_fds, max_bytes, doc)                                     \
    _Static_assert((max_bytes) <= VT_MESSAGE_BYTES && (min_fds) <= (max_fds) && (max_fds) <= VT_MESSAGE_FDS, name);
#include "base/message.def"
#undef VT_MESSAGE

// A datagram that the socket did not take yet.
struct waiting {
    struct waiting *next;
    int fds[VT_MESSAGE_FDS];
    int n_fds;
    size_t size;
    char data[];
};

struct vt_link {
    int fd;
    enum vt_role self, peer;
    struct waiting *first, **last;
    size_t queued;
    char buffer[VT_MESSAGE_BYTES];
};

static void close_all(int *fds, int n)
{
    for (int i = 0; i < n; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
}

int vt_link_pair(int ret[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret) ? -errno : 0;
}

static int make_private(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC))
        return -errno;
    return 0;
}

int vt_link_new(struct vt_link **ret, int fd, enum vt_role self, enum vt_role peer)
{
    int err = make_private(fd);
    struct vt_link *link = err ? NULL : malloc(sizeof *link);
    if (!link) {
        if (fd >= 0)
            close(fd);
        return err ? err : -ENOMEM;
    }
    link->fd = fd;
    link->self = self;
    link->peer = peer;
    link->first = NULL;
    link->last = &link->first;
    link->queued = 0;
    *ret = link;
    return 0;
}

static void drop_first(struct vt_link *link)
{
    struct waiting *first = link->first;
    link->first = first->next;
    if (!link->first)
        link->last = &link->first;
    link->queued -= first->size;
    close_all(first->fds, first->n_fds);
    free(first);
}

void vt_link_free(struct vt_link **link)
{
    if (!*link)
        return;
    while ((*link)->first)
        drop_first(*link);
    close((*link)->fd);
    free(*link);
    *link = NULL;
}

int vt_link_fd(const struct vt_link *link)
{
    return link->fd;
}

static int send_now(struct vt_link *link, const char *data, size_t size, const int *fds, int n_fds)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(VT_MESSAGE_FDS * sizeof(int))];
    } control = {0};
    struct iovec part = {(char *)(uintptr_t)data, size};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (n_fds > 0) {
        header.msg_control = control.bytes;
        header.msg_controllen = CMSG_SPACE((size_t)n_fds * sizeof(int));
        struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN((size_t)n_fds * sizeof(int));
        memcpy(CMSG_DATA(rights), fds, (size_t)n_fds * sizeof(int));
    }
    ssize_t sent;
    do
        sent = sendmsg(link->fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return 0;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ETOOMANYREFS)
        return -EAGAIN;
    return errno == ECONNRESET || errno == ENOTCONN ? -EPIPE : -errno;
}

static int queue(struct vt_link *link, const char *data, size_t size, const int *fds, int n_fds)
{
    if (link->queued + size > VT_LINK_QUEUE)
        return -ENOBUFS;
    struct waiting *waiting = malloc(sizeof *waiting + size);
    if (!waiting)
        return -ENOBUFS;
    waiting->next = NULL;
    waiting->size = size;
    memcpy(waiting->data, data, size);
    for (waiting->n_fds = 0; waiting->n_fds < n_fds; waiting->n_fds++) {
        int copy = fcntl(fds[waiting->n_fds], F_DUPFD_CLOEXEC, 3);
        if (copy < 0) {
            int err = -errno;
            close_all(waiting->fds, waiting->n_fds);
            free(waiting);
            return err;
        }
        waiting->fds[waiting->n_fds] = copy;
    }
    *link->last = waiting;
    link->last = &waiting->next;
    link->queued += size;
    return 0;
}

// The datagram of a message, its kind first so that a trace reads well.
static char *encode(enum vt_message_kind kind, json_t *body)
{
    json_t *whole = json_pack("{s:s}", KIND_FIELD, kinds[kind].name);
    char *text = NULL;
    if (whole && json_object_update(whole, body) == 0)
        text = json_dumps(whole, JSON_COMPACT);
    json_decref(whole);
    return text;
}

static int send_text(struct vt_link *link, const struct kind *kind, const char *text, const int *fds, int n_fds)
{
    size_t size = strlen(text);
    if (size > kind->max_bytes)
        return -EMSGSIZE;
    int err = link->first ? -EAGAIN : send_now(link, text, size, fds, n_fds);
    return err == -EAGAIN ? queue(link, text, size, fds, n_fds) : err;
}

int vt_link_send(struct vt_link *link, enum vt_message_kind kind, json_t *body, const int *fds, int n_fds)
{
    if (!body)
        body = json_object();
    bool allowed = kind < VT_MESSAGE_KINDS && kinds[kind].sender == link->self &&
                   kinds[kind].receiver == link->peer && n_fds >= kinds[kind].min_fds &&
                   n_fds <= kinds[kind].max_fds && json_is_object(body);
    char *text = allowed ? encode(kind, body) : NULL;
    json_decref(body);
    if (!text)
        return allowed ? -ENOBUFS : -EINVAL;
    int err = send_text(link, &kinds[kind], text, fds, n_fds);
    free(text);
    return err;
}

int vt_link_flush(struct vt_link *link)
{
    while (link->first) {
        struct waiting *first = link->first;
        int err = send_now(link, first->data, first->size, first->fds, first->n_fds);
        if (err)
            return err == -EAGAIN ? 1 : err;
        drop_first(link);
    }
    return 0;
}

// Counts brackets outside of texts, so that the JSON parser never recurses deeper than a body may nest.
static bool too_deep(const char *data, size_t size)
{
    int depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < size; i++) {
        if (in_text && data[i] == '\\')
            i++;
        else if (data[i] == '"')
            in_text = !in_text;
        else if (!in_text && (data[i] == '{' || data[i] == '['))
            depth++;
        else if (!in_text && (data[i] == '}' || data[i] == ']'))
            depth--;
        if (depth > VT_MESSAGE_DEPTH)
            return true;
    }
    return false;
}

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; name && i < VT_MESSAGE_KINDS; i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}

int vt_message_decode(enum vt_role self, enum vt_role peer, const void *data, size_t size, int n_fds,
                      enum vt_message_kind *ret_kind, json_t **ret_body)
{
    if (size > VT_MESSAGE_BYTES || too_deep(data, size))
        return -EBADMSG;
    json_t *body = json_loadb(data, size, JSON_REJECT_DUPLICATES, NULL);
    const struct kind *kind = find_kind(vt_message_text(body, KIND_FIELD));
    bool fits = kind && kind->sender == peer && kind->receiver == self && size <= kind->max_bytes &&
                n_fds >= kind->min_fds && n_fds <= kind->max_fds;
    if (!fits) {
        json_decref(body);
        return -EBADMSG;
    }
    json_object_del(body, KIND_FIELD);
    *ret_kind = (enum vt_message_kind)(kind - kinds);
    *ret_body = body;
    return 0;
}

// Takes every descriptor that came with a datagram, so that none is lost; what is past `room` is closed.
static int take_rights(struct msghdr *header, int *fds, int room)
{
    int n = 0;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            if (n < room)
                fds[n++] = fd;
            else
                close(fd);
        }
    }
    return n;
}

int vt_link_receive(struct vt_link *link, struct vt_message *ret)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(VT_MESSAGE_FDS * sizeof(int))];
    } control;
    struct iovec part = {link->buffer, sizeof link->buffer};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
                            .msg_controllen = sizeof control.bytes};
    ssize_t size;
    do
        size = recvmsg(link->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (size < 0 && errno == EINTR);
    if (size < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : errno == ECONNRESET ? -EPIPE : -errno;

    struct vt_message message = {0};
    message.n_fds = take_rights(&header, message.fds, VT_MESSAGE_FDS);
    int err = size == 0 ? -EPIPE : header.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EBADMSG : 0;
    if (!err)
        err = vt_message_decode(link->self, link->peer, link->buffer, (size_t)size, message.n_fds, &message.kind,
                                &message.body);
    if (err) {
        close_all(message.fds, message.n_fds);
        return err;
    }
    *ret = message;
    return 1;
}

void vt_message_clear(struct vt_message *message)
{
    json_decref(message->body);
    close_all(message->fds, message->n_fds);
    *message = (struct vt_message){0};
}

int vt_message_take_fd(struct vt_message *message, int i)
{
    if (i < 0 || i >= message->n_fds)
        return -1;
    int fd = message->fds[i];
    message->fds[i] = -1;
    return fd;
}

const char *vt_message_text(const json_t *body, const char *field)
{
    return json_string_value(json_object_get(body, field));
}

int64_t vt_message_int(const json_t *body, const char *field, int64_t fallback)
{
    const json_t *value = json_object_get(body, field);
    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

bool vt_message_bool(const json_t *body, const char *field, bool fallback)
{
    const json_t *value = json_object_get(body, field);
    return json_is_boolean(value) ? json_boolean_value(value) : fallback;
}

const char *vt_message_name(enum vt_message_kind kind)
{
    assert(kind < VT_MESSAGE_KINDS);
    return kinds[kind].name;
}
