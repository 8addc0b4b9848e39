#include "base/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#if defined __SANITIZE_ADDRESS__
#define SANITIZED 1
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static char folder[] = "/tmp/vitrine-sandbox-XXXXXX";
static int listener, abi;           // abi: of Landlock; a process that is locked in cannot ask
static struct sockaddr_in address;

// In a locked child: the first expectation that does not hold ends it with its line as exit status.
#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            _exit(__LINE__ % 250 + 1);                                                                                 \
    } while (0)
#define EXPECT_REFUSED(call) EXPECT((errno = 0, (call)) == -1 && errno == EPERM)

static void *answer(void *opaque)
{
    *(int *)opaque = 42;
    return NULL;
}

static void expect_threads(void)
{
    pthread_t thread;
    int answered = 0;
    EXPECT(pthread_create(&thread, NULL, answer, &answered) == 0);
    EXPECT(pthread_join(thread, NULL) == 0 && answered == 42);
}

static void expect_no_programs(void)
{
    char name[] = "true", *const argv[] = {name, NULL};
    EXPECT_REFUSED(execve("/bin/true", argv, argv));
    EXPECT_REFUSED(execveat(AT_FDCWD, "/bin/true", argv, argv, 0));
    EXPECT_REFUSED(fork());
    EXPECT_REFUSED(vfork());
    EXPECT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    struct rlimit core;
    EXPECT(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0);
    EXPECT_REFUSED(setrlimit(RLIMIT_CORE, &core));
}

static void expect_pairs_only(void)
{
    int pair[2];
    EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    EXPECT_REFUSED(socket(AF_UNIX, SOCK_STREAM, 0));
    EXPECT_REFUSED(socket(AF_INET, SOCK_STREAM, 0));
    EXPECT_REFUSED(socket(AF_INET6, SOCK_DGRAM, 0));
    EXPECT_REFUSED(connect(listener, (struct sockaddr *)&address, sizeof address));
    EXPECT_REFUSED(bind(listener, (struct sockaddr *)&address, sizeof address));
}

static void expect_no_new_sockets(void)
{
    int pair[2];
    EXPECT_REFUSED(socket(AF_INET, SOCK_STREAM, 0));
    EXPECT_REFUSED(socket(AF_INET6, SOCK_DGRAM, 0));
    EXPECT_REFUSED(socket(AF_UNIX, SOCK_STREAM, 0));
    EXPECT_REFUSED(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    EXPECT_REFUSED(connect(listener, (struct sockaddr *)&address, sizeof address));
    EXPECT_REFUSED(bind(listener, (struct sockaddr *)&address, sizeof address));
}

static void expect_no_files(void)
{
    EXPECT_REFUSED(open("/etc/passwd", O_RDONLY));
    EXPECT_REFUSED(openat(AT_FDCWD, folder, O_RDONLY));
    EXPECT_REFUSED(unlink(folder));
    EXPECT_REFUSED(mkdir(folder, 0700));
    EXPECT_REFUSED(chdir("/"));
    EXPECT_REFUSED(access("/etc/passwd", R_OK));
    struct stat stat_of;
    EXPECT_REFUSED(stat("/etc/passwd", &stat_of));
    EXPECT(fstat(listener, &stat_of) == 0);
}

static void expect_no_new_code(void)
{
    EXPECT(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EPERM);
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT(page != MAP_FAILED);
    EXPECT_REFUSED(mprotect(page, 4096, PROT_READ | PROT_EXEC));
    EXPECT(mprotect(page, 4096, PROT_READ) == 0);
}

static void expect_others_are_safe(void)
{
    EXPECT_REFUSED(kill(getppid(), 0));
    EXPECT_REFUSED(prctl(PR_SET_DUMPABLE, 1));
    EXPECT_REFUSED(setuid(getuid()));
    EXPECT_REFUSED(chroot("/"));
    EXPECT_REFUSED(setsid());
}

static void expect_waiting(void)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    EXPECT(epoll >= 0 && timer >= 0 && eventfd(0, EFD_CLOEXEC) >= 0);
    struct epoll_event event = {.events = EPOLLIN};
    EXPECT(epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event) == 0);
    struct itimerspec soon = {.it_value.tv_nsec = 1000};
    EXPECT(timerfd_settime(timer, 0, &soon, NULL) == 0 && epoll_wait(epoll, &event, 1, 5000) == 1);
}

static void expect_sealed_memory(void)
{
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    EXPECT(fd >= 0 && ftruncate(fd, 1 << 20) == 0);
    EXPECT(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0);
    EXPECT(mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED);
}

static void expect_files(void)
{
    char from[128], to[128];
    snprintf(from, sizeof from, "%s/part.tmp", folder);
    snprintf(to, sizeof to, "%s/part", folder);
    int fd = open(from, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    EXPECT(fd >= 0 && pwrite(fd, "12345678", 8, 0) == 8 && fsync(fd) == 0 && fdatasync(fd) == 0);
    struct flock lock = {.l_type = F_WRLCK, .l_start = 1 << 30, .l_len = 1};
    EXPECT(fcntl(fd, F_SETLK, &lock) == 0);
    EXPECT(rename(from, to) == 0 && access(to, R_OK) == 0);
    EXPECT(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED);
    EXPECT(ftruncate(fd, 4) == 0 && close(fd) == 0 && unlink(to) == 0);
}

// A client that connected before the lock is accepted and answered after it.
static void expect_accept(void)
{
    int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    EXPECT(peer >= 0);
    EXPECT(send(peer, "hello", 5, MSG_NOSIGNAL) == 5);
    EXPECT(shutdown(peer, SHUT_RDWR) == 0 && close(peer) == 0);
}

static void gate(void)
{
    EXPECT(vt_sandbox_enter(VT_SANDBOX_GATE) == 0);
    expect_no_programs();
    expect_no_new_sockets();
    expect_no_files();
    expect_no_new_code();
    expect_others_are_safe();
    expect_waiting();
    expect_sealed_memory();
    expect_accept();
    pthread_t thread;
    int answered;
    EXPECT(pthread_create(&thread, NULL, answer, &answered) != 0);
}

static void gate_tls(void)
{
    EXPECT(vt_sandbox_enter(VT_SANDBOX_GATE_TLS) == 0);
    expect_no_programs();
    expect_pairs_only();
    expect_no_files();
    expect_no_new_code();
    expect_others_are_safe();
    expect_waiting();
    expect_accept();
    pthread_t thread;
    int answered;
    EXPECT(pthread_create(&thread, NULL, answer, &answered) != 0);
}

static void gate_srt(void)
{
    EXPECT(vt_sandbox_enter(VT_SANDBOX_GATE_SRT) == 0);
    expect_no_programs();
    expect_pairs_only();
    expect_no_files();
    expect_no_new_code();
    expect_others_are_safe();
    expect_waiting();
    EXPECT_REFUSED(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    expect_threads();
}

static void ingest(void)
{
    EXPECT(vt_sandbox_enter(VT_SANDBOX_INGEST) == 0);
    expect_no_programs();
    expect_no_new_sockets();
    expect_no_files();
    expect_no_new_code();
    expect_others_are_safe();
    expect_waiting();
    expect_sealed_memory();
    expect_threads();
    EXPECT_REFUSED(accept(listener, NULL, NULL));
}

static void studio(void)
{
    EXPECT(vt_sandbox_enter(VT_SANDBOX_STUDIO) == 0);
    expect_no_programs();
    expect_no_new_sockets();
    expect_others_are_safe();
    expect_waiting();
    expect_sealed_memory();
    expect_threads();
    expect_files();
    EXPECT_REFUSED(accept(listener, NULL, NULL));
}

static void origin(void)
{
    EXPECT(vt_sandbox_enter(VT_SANDBOX_ORIGIN) == 0);
    expect_no_programs();
    expect_no_new_sockets();
    expect_no_new_code();
    expect_others_are_safe();
    expect_waiting();
    expect_threads();
    expect_files();
    expect_accept();
}

static void unlocked(void)
{
    setenv("VITRINE_SANDBOX", "off", 1);
    EXPECT(vt_sandbox_enter(VT_SANDBOX_INGEST) == 0);
    EXPECT(open("/etc/passwd", O_RDONLY) >= 0);
    EXPECT(socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
}

static void unknown_mode(void)
{
    setenv("VITRINE_SANDBOX", "none", 1);
    EXPECT(vt_sandbox_enter(VT_SANDBOX_INGEST) == -EINVAL);
    EXPECT(vt_sandbox_prepare("on") == -EINVAL);
}

static void logged(void)
{
    setenv("VITRINE_SANDBOX", "log", 1);
    EXPECT(vt_sandbox_enter(VT_SANDBOX_INGEST) == 0);
    EXPECT_REFUSED(socket(AF_INET, SOCK_STREAM, 0));
    EXPECT_REFUSED(socket(AF_INET6, SOCK_STREAM, 0));
    expect_threads();
}

static void shown(void)
{
    setenv("VITRINE_SANDBOX", "show", 1);
    EXPECT(vt_sandbox_enter(VT_SANDBOX_INGEST) == 0);
}

static void hook(void)
{
    struct vt_landlock allowed = {.readable = {"/etc"}, .ports = {443}};
    EXPECT(vt_sandbox_confine(&allowed) == 0);
    EXPECT(vt_sandbox_enter(VT_SANDBOX_HOOK) == 0);
    expect_no_programs();
    expect_no_new_code();
    expect_others_are_safe();
    expect_waiting();
    expect_threads();
    EXPECT(open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
    EXPECT_REFUSED(open("/etc/passwd", O_WRONLY));
    EXPECT_REFUSED(open("/etc/passwd", O_RDONLY | O_TRUNC));
    EXPECT_REFUSED(open("/tmp", O_RDWR | O_TMPFILE, 0600));
    EXPECT_REFUSED(unlink(folder));
    EXPECT(socket(AF_UNIX, SOCK_STREAM, 0) == -1 && errno == EAFNOSUPPORT);
    EXPECT_REFUSED(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
    EXPECT_REFUSED(socket(AF_PACKET, SOCK_DGRAM, 0));
    EXPECT_REFUSED(bind(listener, (struct sockaddr *)&address, sizeof address));
    EXPECT_REFUSED(listen(listener, 1));
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT(client >= 0 && socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0);
    int connected = connect(client, (struct sockaddr *)&address, sizeof address);       // not to port 443
    EXPECT(abi >= 4 ? connected == -1 && errno == EACCES : connected == 0);
    EXPECT(abi == 0 || open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) == -1);
}

static void confined(void)
{
    char inside[128];
    struct vt_landlock allowed = {.readable = {"/etc", "/nowhere/at/all"}, .writable = {folder}};
    EXPECT(vt_sandbox_confine(&allowed) == 0);
    EXPECT(vt_sandbox_enter(VT_SANDBOX_STUDIO) == 0);
    expect_files();
    expect_sealed_memory();
    EXPECT(open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
    snprintf(inside, sizeof inside, "%s/below", folder);
    EXPECT(mkdir(inside, 0700) == 0 && rmdir(inside) == 0);
    if (abi == 0)
        return;
    EXPECT(open("/etc/passwd", O_WRONLY | O_CLOEXEC) == -1 && errno == EACCES);
    EXPECT(open("/proc/self/environ", O_RDONLY | O_CLOEXEC) == -1 && errno == EACCES);
    EXPECT(open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC) == -1 && errno == EACCES);
    EXPECT(mkdir("/tmp/vitrine-sandbox-outside", 0700) == -1 && errno == EACCES);
}

static void prepared(void)
{
    unsetenv("VITRINE_SANDBOX");
    EXPECT(vt_sandbox_prepare("off") == 0 && vt_sandbox_enter(VT_SANDBOX_INGEST) == 0);
    EXPECT(open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
    EXPECT(vt_sandbox_prepare("on") == 0 && strcmp(getenv("VITRINE_SANDBOX"), "off") == 0);     // it stands there already
}

// Runs `body` in a child and returns its wait status; what it wrote to standard error is in `said`.
static int in_child(void (*body)(void), char *said, size_t room)
{
    int out[2];
    REQUIRE(pipe(out) == 0);
    pid_t pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
        dup2(out[1], STDERR_FILENO);
        body();
        _exit(0);
    }
    close(out[1]);
    size_t size = 0;
    for (ssize_t got; size + 1 < room && (got = read(out[0], said + size, room - size - 1)) > 0;)
        size += (size_t)got;
    said[size] = 0;
    close(out[0]);
    int status;
    REQUIRE(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

// Expectations give their line (modulo 250) + 1 as status.
#define CHILD_TEST(name, body)                                                                                         \
    TEST(name)                                                                                                         \
    {                                                                                                                  \
        char said[4096];                                                                                               \
        REQUIRE_INT(in_child(body, said, sizeof said), 0);                                                             \
    }

CHILD_TEST(a_gate_accepts_and_opens_nothing, gate)
CHILD_TEST(a_gate_that_pumps_has_pairs_of_sockets, gate_tls)
CHILD_TEST(gate_srt_has_threads_too_and_accepts_nothing, gate_srt)
CHILD_TEST(an_ingest_has_threads_and_memory_and_nothing_else, ingest)
CHILD_TEST(a_studio_has_files_and_threads_but_no_programs_or_sockets, studio)
CHILD_TEST(an_origin_has_files_and_accepts_but_no_programs_or_sockets, origin)
CHILD_TEST(a_hook_reads_and_connects, hook)
CHILD_TEST(a_studio_reaches_only_what_it_is_told, confined)
CHILD_TEST(an_unknown_mode_is_refused, unknown_mode)
CHILD_TEST(a_mode_is_set_once, prepared)

TEST(off_locks_nothing_and_says_so)
{
    char said[4096];
    REQUIRE_INT(in_child(unlocked, said, sizeof said), 0);
    REQUIRE(strstr(said, "not locked in") != NULL);
}

TEST(log_names_what_it_refuses_once)
{
    char said[4096];
    REQUIRE_INT(in_child(logged, said, sizeof said), 0);
    char *named = strstr(said, "sandbox: refused socket\n");
    REQUIRE(named && !strstr(named + strlen("sandbox: "), "sandbox: refused socket"));
}

TEST(show_says_what_came_of_it)
{
    char said[4096];
    REQUIRE_INT(in_child(shown, said, sizeof said), 0);
    REQUIRE(strstr(said, "may: nothing; may not: read files, write files, make sockets, make local sockets, run programs, "
                         "start processes, map code, read memory of others, be traced, signal others, change its user\n"));
}

// A listener with connections that wait for the children above.
static void listen_with_guests(int guests)
{
    socklen_t size = sizeof address;
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 16) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        exit(1);
    while (guests-- > 0) {
        int guest = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(guest, (struct sockaddr *)&address, sizeof address) < 0)
            exit(1);
    }
}

int main(void)
{
#ifdef SANITIZED
    printf("1..0 # SKIP a sanitizer's own calls would be refused\n");
    return 0;
#endif
    if (!mkdtemp(folder))
        return 1;
    unsetenv("VITRINE_SANDBOX");
    abi = vt_landlock_abi();
    listen_with_guests(3);
    RUN(a_gate_accepts_and_opens_nothing);
    RUN(a_gate_that_pumps_has_pairs_of_sockets);
    RUN(gate_srt_has_threads_too_and_accepts_nothing);
    RUN(an_ingest_has_threads_and_memory_and_nothing_else);
    RUN(a_studio_has_files_and_threads_but_no_programs_or_sockets);
    RUN(an_origin_has_files_and_accepts_but_no_programs_or_sockets);
    RUN(a_hook_reads_and_connects);
    RUN(a_studio_reaches_only_what_it_is_told);
    RUN(an_unknown_mode_is_refused);
    RUN(a_mode_is_set_once);
    RUN(off_locks_nothing_and_says_so);
    RUN(log_names_what_it_refuses_once);
    RUN(show_says_what_came_of_it);
    rmdir(folder);
    return DONE();
}
