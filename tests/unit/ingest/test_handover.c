#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "client.h"
#include "ingest/handover.h"

static struct vt_rtmp rtmp, back;
static uint8_t *unread;
static size_t unread_size;

static void ask(void)
{
    struct vt_writer w = {0}, reply = {0};
    struct vt_rtmp_event event;
    vt_rtmp_init(&rtmp, 1);
    client_publish(&w, "secret-key");
    REQUIRE(vt_rtmp_feed(&rtmp, NULL, w.data, w.size, &reply, &event) > 0);
    REQUIRE_INT(event.kind, VT_RTMP_ASKED);
    vt_writer_free(&w);
    vt_writer_free(&reply);
}

TEST(what_is_written_is_read)
{
    int fd;
    ask();
    REQUIRE_INT(vt_handover_write(&fd, &rtmp, "abc", 3), 0);
    REQUIRE_INT(vt_handover_read(fd, &back, &unread, &unread_size), 0);
    REQUIRE(unread_size == 3 && memcmp(unread, "abc", 3) == 0);
    REQUIRE_TEXT(back.publish.encoder, rtmp.publish.encoder);
    REQUIRE(!memmem(&back, sizeof back, "secret-key", 10));
    REQUIRE(pwrite(fd, "x", 1, 0) < 0);                      // sealed
    free(unread);
    close(fd);
}

TEST(unread_bytes_are_bounded)
{
    static uint8_t bytes[VT_HANDOVER_UNREAD_MAX + 1];
    int fd = -7;
    ask();
    REQUIRE_INT(vt_handover_write(&fd, &rtmp, bytes, sizeof bytes), -EMSGSIZE);
    REQUIRE_INT(fd, -7);
    REQUIRE_INT(vt_handover_write(&fd, &rtmp, bytes, sizeof bytes - 1), 0);
    REQUIRE_INT(vt_handover_read(fd, &back, &unread, &unread_size), 0);
    REQUIRE_INT(unread_size, VT_HANDOVER_UNREAD_MAX);
    free(unread);
    close(fd);
}

TEST(what_cannot_be_written_leaves_nothing_behind)
{
    struct rlimit before, none;
    int fd = -7, free_fd = dup(1);
    ask();
    close(free_fd);
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    none = before;
    none.rlim_cur = (rlim_t)free_fd;
    REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
    int error = vt_handover_write(&fd, &rtmp, "abc", 3);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
    REQUIRE_INT(error, -EMFILE);

    signal(SIGXFSZ, SIG_IGN);
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    none = before;
    none.rlim_cur = sizeof(struct vt_handover_head);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &none) == 0);
    error = vt_handover_write(&fd, &rtmp, "abc", 3);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
    REQUIRE_INT(error, -EFBIG);
    REQUIRE_INT(fd, -7);
    int next = dup(1);
    REQUIRE_INT(next, free_fd);                              // the memfd is closed
    close(next);
}

static int read_forged(struct vt_handover_head head, size_t size, int seals)
{
    int fd = memfd_create("forged", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    REQUIRE(fd >= 0 && write(fd, &head, sizeof head) == sizeof head &&
            write(fd, &rtmp, sizeof rtmp) == sizeof rtmp);
    REQUIRE(ftruncate(fd, (off_t)size) == 0);
    REQUIRE(fcntl(fd, F_ADD_SEALS, seals) == 0);
    unread = NULL;
    int error = vt_handover_read(fd, &back, &unread, &unread_size);
    free(unread);
    close(fd);
    return error;
}

TEST(a_forged_one_is_refused)
{
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
    const struct vt_handover_head good = {VT_HANDOVER_MAGIC, sizeof rtmp, 4, 0};
    const size_t size = sizeof good + sizeof rtmp + 4;
    struct vt_handover_head head;
    ask();
    REQUIRE_INT(read_forged(good, size, seals), 0);
    REQUIRE_INT(read_forged(good, size, seals & ~F_SEAL_WRITE), -EBADMSG);
    REQUIRE_INT(read_forged(good, size, F_SEAL_SEAL), -EBADMSG);
    REQUIRE_INT(read_forged(good, size - 1, seals), -EBADMSG);
    REQUIRE_INT(read_forged(good, size + 1, seals), -EBADMSG);
    REQUIRE_INT(read_forged(good, 3, seals), -EBADMSG);
    head = good, head.magic++;
    REQUIRE_INT(read_forged(head, size, seals), -EBADMSG);
    head = good, head.state_size--;
    REQUIRE_INT(read_forged(head, size, seals), -EBADMSG);
    head = good, head.unread_size = VT_HANDOVER_UNREAD_MAX + 1;
    REQUIRE_INT(read_forged(head, size, seals), -EBADMSG);
    rtmp.chunks.current = 99;
    REQUIRE_INT(read_forged(good, size, seals), -EBADMSG);
    int pipes[2];
    REQUIRE(pipe(pipes) == 0);
    REQUIRE_INT(vt_handover_read(pipes[0], &back, &unread, &unread_size), -EBADMSG);
    close(pipes[0]);
    close(pipes[1]);
}

int main(void)
{
    RUN(what_is_written_is_read);
    RUN(unread_bytes_are_bounded);
    RUN(what_cannot_be_written_leaves_nothing_behind);
    RUN(a_forged_one_is_refused);
    return DONE();
}
