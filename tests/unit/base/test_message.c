#include "base/message.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static struct vt_link *left, *right;
static int raw = -1;                 // another descriptor of the left end, to write what no link would

static void start(enum vt_role a, enum vt_role b)
{
    int ends[2];
    vt_link_free(&left);
    vt_link_free(&right);
    if (raw >= 0)
        close(raw);
    REQUIRE_INT(vt_link_pair(ends), 0);
    raw = dup(ends[0]);
    REQUIRE_INT(vt_link_new(&left, ends[0], a, b), 0);
    REQUIRE_INT(vt_link_new(&right, ends[1], b, a), 0);
}

static int open_fds(void)
{
    int n = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (readdir(folder))
        n++;
    closedir(folder);
    return n;
}

static int send_raw(const char *text, size_t size, int fds)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(64 * sizeof(int))];
    } control = {0};
    struct iovec part = {(char *)(uintptr_t)text, size};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (fds) {
        header.msg_control = control.bytes;
        header.msg_controllen = CMSG_SPACE((size_t)fds * sizeof(int));
        struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN((size_t)fds * sizeof(int));
        int *list = (int *)CMSG_DATA(rights);
        for (int i = 0; i < fds; i++)
            list[i] = STDOUT_FILENO;
    }
    return sendmsg(raw, &header, MSG_DONTWAIT) < 0 ? -errno : 0;
}

TEST(carries_a_body_and_descriptors)
{
    start(VT_GATE, VT_SUPERVISOR);
    int before = open_fds(), fds[2] = {STDIN_FILENO, STDOUT_FILENO};
    REQUIRE_INT(vt_link_send(left, VT_MSG_PUBLISH_HAND, json_pack("{s:i}", "conn", 7), fds, 2), 0);
    struct vt_message message;
    REQUIRE_INT(vt_link_receive(right, &message), 1);
    REQUIRE_INT(message.kind, VT_MSG_PUBLISH_HAND);
    REQUIRE_INT(vt_message_int(message.body, "conn", 0), 7);
    REQUIRE_INT(json_object_size(message.body), 1);
    REQUIRE_INT(message.n_fds, 2);
    REQUIRE(fcntl(message.fds[0], F_GETFD) & FD_CLOEXEC);
    int taken = vt_message_take_fd(&message, 1);
    REQUIRE(taken >= 0);
    REQUIRE_INT(vt_message_take_fd(&message, 1), -1);
    REQUIRE_INT(vt_message_take_fd(&message, 2), -1);
    REQUIRE_INT(vt_message_take_fd(&message, -1), -1);
    vt_message_clear(&message);
    close(taken);
    REQUIRE_INT(open_fds(), before);
    REQUIRE_INT(vt_link_receive(right, &message), 0);
}

TEST(only_the_right_end_sends)
{
    start(VT_GATE, VT_SUPERVISOR);
    REQUIRE_INT(vt_link_send(right, VT_MSG_PUBLISH_ASK, NULL, NULL, 0), -EINVAL);
    REQUIRE_INT(vt_link_send(left, VT_MSG_STUDIO_END, NULL, NULL, 0), -EINVAL);
    REQUIRE_INT(vt_link_send(left, VT_MSG_PUBLISH_HAND, NULL, NULL, 0), -EINVAL);
    REQUIRE_INT(vt_link_send(left, VT_MSG_PUBLISH_ASK, json_array(), NULL, 0), -EINVAL);
    REQUIRE_INT(vt_link_send(left, VT_MESSAGE_KINDS, NULL, NULL, 0), -EINVAL);
    REQUIRE_INT(vt_link_send(left, VT_MSG_PUBLISH_ASK, NULL, NULL, 0), 0);
}

// {"message":"publish.gone","x":"…"} of exactly `size` bytes.
static char *padded(const char *kind, size_t size)
{
    char *text = malloc(size + 1);
    REQUIRE(text != NULL);
    int head = snprintf(text, size, "{\"message\":\"%s\",\"x\":\"", kind);
    memset(text + head, 'x', size - (size_t)head);
    memcpy(text + size - 2, "\"}", 3);
    return text;
}

TEST(sizes_hold_at_their_limit)
{
    struct vt_message message;
    start(VT_GATE, VT_SUPERVISOR);
    char *text = padded("publish.gone", 512);
    REQUIRE_INT(send_raw(text, 512, 0), 0);
    REQUIRE_INT(vt_link_receive(right, &message), 1);
    vt_message_clear(&message);
    free(text);
    text = padded("publish.gone", 513);
    REQUIRE_INT(send_raw(text, 513, 0), 0);
    REQUIRE_INT(vt_link_receive(right, &message), -EBADMSG);
    free(text);

    size_t frame = strlen("{\"message\":\"publish.gone\",\"x\":\"\"}");
    char value[513] = {0};
    memset(value, 'x', 512 - frame);
    REQUIRE_INT(vt_link_send(left, VT_MSG_PUBLISH_GONE, json_pack("{s:s}", "x", value), NULL, 0), 0);
    value[512 - frame] = 'x';
    REQUIRE_INT(vt_link_send(left, VT_MSG_PUBLISH_GONE, json_pack("{s:s}", "x", value), NULL, 0), -EMSGSIZE);
}

TEST(the_longest_datagram_and_one_past)
{
    struct vt_message message;
    start(VT_SUPERVISOR, VT_STUDIO);
    char *text = padded("studio.start", VT_MESSAGE_BYTES);
    REQUIRE_INT(send_raw(text, VT_MESSAGE_BYTES, 0), 0);
    REQUIRE_INT(vt_link_receive(right, &message), 1);
    vt_message_clear(&message);
    free(text);
    text = padded("studio.start", VT_MESSAGE_BYTES + 1);
    REQUIRE_INT(send_raw(text, VT_MESSAGE_BYTES + 1, 0), 0);
    REQUIRE_INT(vt_link_receive(right, &message), -EBADMSG);
    free(text);
}

static int receive_text(const char *text)
{
    struct vt_message message;
    start(VT_GATE, VT_SUPERVISOR);
    REQUIRE_INT(send_raw(text, strlen(text), 0), 0);
    int got = vt_link_receive(right, &message);
    if (got == 1)
        vt_message_clear(&message);
    return got;
}

TEST(refuses_what_is_no_message)
{
    REQUIRE_INT(receive_text("{\"message\":\"publish.ask\"}"), 1);
    REQUIRE_INT(receive_text("{\"message\":\"publish.ask\"} "), 1);
    REQUIRE_INT(receive_text("{\"message\":\"publish.ask\"}{}"), -EBADMSG);
    REQUIRE_INT(receive_text("{\"message\":\"publish.accept\"}"), -EBADMSG);
    REQUIRE_INT(receive_text("{\"message\":\"publish.hand\"}"), -EBADMSG);
    REQUIRE_INT(receive_text("{\"message\":\"mango\"}"), -EBADMSG);
    REQUIRE_INT(receive_text("{\"message\":7}"), -EBADMSG);
    REQUIRE_INT(receive_text("{}"), -EBADMSG);
    REQUIRE_INT(receive_text("[\"publish.ask\"]"), -EBADMSG);
    REQUIRE_INT(receive_text("{\"message\":\"publish.ask\",\"a\":1,\"a\":2}"), -EBADMSG);
    REQUIRE_INT(receive_text("{\"message\":\"publish.ask\",\"a\":\"\xff\"}"), -EBADMSG);
    REQUIRE_INT(receive_text("{\"message\":\"publish.ask\",\"a\":\"\\u0000\"}"), -EBADMSG);
    REQUIRE_INT(receive_text("x"), -EBADMSG);
}

static int receive_depth(int depth)
{
    char text[128];
    int used = snprintf(text, sizeof text, "{\"message\":\"publish.ask\",\"[\":");
    for (int i = 1; i < depth; i++)
        text[used++] = '[';
    for (int i = 1; i < depth; i++)
        text[used++] = ']';
    text[used++] = '}';
    text[used] = 0;
    return receive_text(text);
}

TEST(depth_holds_at_its_limit)
{
    REQUIRE_INT(receive_depth(VT_MESSAGE_DEPTH), 1);
    REQUIRE_INT(receive_depth(VT_MESSAGE_DEPTH + 1), -EBADMSG);
}

TEST(descriptors_never_leak)
{
    struct vt_message message;
    start(VT_GATE, VT_SUPERVISOR);
    int before = open_fds();
    const char *hand = "{\"message\":\"publish.hand\"}";
    REQUIRE_INT(send_raw(hand, strlen(hand), 2), 0);
    REQUIRE_INT(vt_link_receive(right, &message), 1);
    vt_message_clear(&message);
    static const int counts[] = {1, 3, VT_MESSAGE_FDS, VT_MESSAGE_FDS + 1, 60};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        REQUIRE_INT(send_raw(hand, strlen(hand), counts[i]), 0);
        REQUIRE_INT(vt_link_receive(right, &message), -EBADMSG);
    }
    REQUIRE_INT(send_raw("", 0, 3), 0);
    REQUIRE_INT(vt_link_receive(right, &message), -EPIPE);
    REQUIRE_INT(open_fds(), before);
}

TEST(queues_while_the_peer_is_slow)
{
    start(VT_ORIGIN, VT_STUDIO);
    int before = open_fds(), err, sent = 0;
    static char value[16000];
    memset(value, 'x', sizeof value - 1);
    while ((err = vt_link_send(left, VT_MSG_DESK_PRODUCT, json_pack("{s:i, s:s}", "n", sent, "x", value), NULL, 0)) == 0)
        sent++;
    REQUIRE_INT(err, -ENOBUFS);
    REQUIRE(sent * 16000 > VT_LINK_QUEUE);
    REQUIRE_INT(vt_link_flush(left), 1);
    int received = 0;
    for (;;) {
        struct vt_message message;
        int got = vt_link_receive(right, &message);
        if (got == 0 && vt_link_flush(left) == 0 && (got = vt_link_receive(right, &message)) == 0)
            break;
        if (got == 0)
            continue;
        REQUIRE_INT(got, 1);
        REQUIRE_INT(vt_message_int(message.body, "n", -1), received);
        received++;
        vt_message_clear(&message);
    }
    REQUIRE_INT(received, sent);
    REQUIRE_INT(open_fds(), before);
}

TEST(queued_descriptors_are_kept_and_closed)
{
    struct vt_message message;
    start(VT_SUPERVISOR, VT_INGEST);
    int before = open_fds(), fds[3], queued = 0;
    while (vt_link_flush(left) == 0) {
        for (int i = 0; i < 3; i++)
            REQUIRE((fds[i] = dup(STDOUT_FILENO)) >= 0);
        REQUIRE_INT(vt_link_send(left, VT_MSG_INGEST_START, json_pack("{s:i}", "n", queued++), fds, 3), 0);
        for (int i = 0; i < 3; i++)
            close(fds[i]);
        REQUIRE(queued < 100000);
    }
    REQUIRE_INT(open_fds(), before + 3);
    for (int i = 0; i < queued; i++) {
        REQUIRE_INT(vt_link_receive(right, &message), 1);
        REQUIRE_INT(message.n_fds, 3);
        REQUIRE(vt_link_flush(left) == 0);
        if (i < queued - 1)
            vt_message_clear(&message);
    }
    REQUIRE(fcntl(message.fds[2], F_GETFD) >= 0);
    vt_message_clear(&message);
    REQUIRE_INT(open_fds(), before);
}

TEST(says_when_the_peer_has_gone)
{
    struct vt_message message;
    start(VT_GATE, VT_SUPERVISOR);
    REQUIRE_INT(vt_link_send(left, VT_MSG_PUBLISH_ASK, NULL, NULL, 0), 0);
    vt_link_free(&left);
    close(raw);
    raw = -1;
    REQUIRE_INT(vt_link_receive(right, &message), 1);
    vt_message_clear(&message);
    REQUIRE_INT(vt_link_receive(right, &message), -EPIPE);
    REQUIRE_INT(vt_link_send(right, VT_MSG_PUBLISH_ACCEPT, NULL, NULL, 0), -EPIPE);
}

TEST(fields_have_types)
{
    json_t *body = json_pack("{s:s, s:i, s:b}", "t", "x", "i", 7, "b", 1);
    REQUIRE_TEXT(vt_message_text(body, "t"), "x");
    REQUIRE(vt_message_text(body, "i") == NULL);
    REQUIRE(vt_message_text(body, "none") == NULL);
    REQUIRE_INT(vt_message_int(body, "i", 1), 7);
    REQUIRE_INT(vt_message_int(body, "t", 1), 1);
    REQUIRE(vt_message_bool(body, "b", false));
    REQUIRE(vt_message_bool(body, "i", true));
    REQUIRE_TEXT(vt_message_name(VT_MSG_STUDIO_END), "studio.end");
    json_decref(body);
}

TEST(a_bad_descriptor_is_no_link)
{
    struct vt_link *link = NULL;
    REQUIRE_INT(vt_link_new(&link, -1, VT_GATE, VT_SUPERVISOR), -EBADF);
    REQUIRE(link == NULL);
}

int main(void)
{
    RUN(carries_a_body_and_descriptors);
    RUN(only_the_right_end_sends);
    RUN(sizes_hold_at_their_limit);
    RUN(the_longest_datagram_and_one_past);
    RUN(refuses_what_is_no_message);
    RUN(depth_holds_at_its_limit);
    RUN(descriptors_never_leak);
    RUN(queues_while_the_peer_is_slow);
    RUN(queued_descriptors_are_kept_and_closed);
    RUN(says_when_the_peer_has_gone);
    RUN(fields_have_types);
    RUN(a_bad_descriptor_is_no_link);
    vt_link_free(&left);
    vt_link_free(&right);
    if (raw >= 0)
        close(raw);
    return DONE();
}
