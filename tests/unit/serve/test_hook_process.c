// The hook's process, the test as its supervisor, and a webhook that listens and never answers: how many questions it
// asks at a time, how many wait, and that each has its answer within the time limit.
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/mediatime.h"
#include "base/message.h"
#include "check.h"
#include "serve/hook.h"

#define PATIENCE_MS 30000
#define TIMEOUT_MS  3000

static struct vt_link *hook;
static pid_t pid;
static int webhook;                          // its listening socket
static char url[64];

static void open_webhook(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    webhook = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    REQUIRE(webhook >= 0 && bind(webhook, (struct sockaddr *)&address, size) == 0);
    REQUIRE(listen(webhook, 4 * VT_HOOK_CALLS) == 0 && getsockname(webhook, (struct sockaddr *)&address, &size) == 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/publish", ntohs(address.sin_port));
}

static int accept_all(void)
{
    int count = 0;
    for (int fd; (fd = accept4(webhook, NULL, NULL, SOCK_CLOEXEC)) >= 0; count++)
        REQUIRE(fd < 1000);                  // stays open: the answer never comes
    return count;
}

static void start(const char *address)
{
    int pair[2];
    REQUIRE(vt_link_pair(pair) == 0);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        dup2(pair[1], 3);
        close_range(4, ~0u, 0);
        _exit(vt_hook_main(0, NULL));
    }
    close(pair[1]);
    REQUIRE(vt_link_new(&hook, pair[0], VT_SUPERVISOR, VT_HOOK) == 0);
    REQUIRE(vt_link_send(hook, VT_MSG_HOOK_START, json_pack("{s:s, s:i, s:i}", "url", address, "timeout_ms", TIMEOUT_MS,
                                                            "cache_ms", 0), NULL, 0) == 0);
}

static int stop(void)
{
    int status;
    vt_link_free(&hook);
    REQUIRE(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void ask(int number)
{
    char key[32];
    struct pollfd link = {.fd = vt_link_fd(hook), .events = POLLOUT};
    snprintf(key, sizeof key, "key-%d", number);
    REQUIRE(vt_link_send(hook, VT_MSG_HOOK_ASK, json_pack("{s:i, s:s, s:s, s:s, s:s}", "ask", number, "key", key, "address",
                                                          "192.0.2.7", "encoder", "", "protocol", "rtmp"), NULL, 0) == 0);
    while (vt_link_flush(hook) > 0)
        REQUIRE_INT(poll(&link, 1, PATIENCE_MS), 1);
}

// The number of the next question that has an answer, which is that there is none; 0 when nothing comes within `ms`.
static int hear(int ms)
{
    struct vt_message message;
    struct pollfd link = {.fd = vt_link_fd(hook), .events = POLLIN};
    if (poll(&link, 1, ms) == 0)
        return 0;
    REQUIRE_INT(vt_link_receive(hook, &message), 1);
    REQUIRE_TEXT(vt_message_text(message.body, "verdict"), "failed");
    int number = (int)vt_message_int(message.body, "ask", -1);
    vt_message_clear(&message);
    return number;
}

TEST(so_many_are_asked_and_so_many_wait)
{
    static bool answered[VT_HOOK_CALLS + VT_HOOK_WAITING + 2];
    const int most = VT_HOOK_CALLS + VT_HOOK_WAITING;
    int64_t begin_ns = vt_now_ns();
    open_webhook();
    start(url);
    for (int i = 1; i <= most + 1; i++)
        ask(i);
    REQUIRE_INT(hear(PATIENCE_MS), most + 1);                // at once: the others have their time
    int calls = accept_all();
    for (int i = 0; i < most; i++) {
        int number = hear(PATIENCE_MS);
        REQUIRE(number >= 1 && number <= most && !answered[number]);
        answered[number] = true;
        if (i == 0) {
            REQUIRE(vt_now_ns() - begin_ns >= (TIMEOUT_MS - 10) * VT_NS_PER_MS);
            REQUIRE_INT(calls, VT_HOOK_CALLS);
        }
    }
    REQUIRE_INT(hear(0), 0);
    ask(most + 2);                                           // and there is room again
    REQUIRE_INT(hear(PATIENCE_MS), most + 2);
    REQUIRE_INT(stop(), 0);
    close(webhook);
}

TEST(its_address_is_bounded)
{
    static char text[VT_HOOK_URL_MAX + 2] = "http://127.0.0.1:1/";
    memset(text + strlen(text), 'x', VT_HOOK_URL_MAX - strlen(text));
    start(text);
    ask(1);
    REQUIRE_INT(hear(PATIENCE_MS), 1);                       // nobody is there, but it could be asked
    REQUIRE_INT(stop(), 0);
    text[VT_HOOK_URL_MAX] = 'x';
    start(text);
    REQUIRE_INT(stop(), 1);
}

int main(void)
{
    RUN(so_many_are_asked_and_so_many_wait);
    RUN(its_address_is_bounded);
    return DONE();
}
