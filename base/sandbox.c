#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/log.h"

// What a profile is made of. Sets below are lists of system calls, each ended by END.
#define END INT32_MIN

enum feature {
    THREADS  = 1 << 0,
    FILES    = 1 << 1,
    READ     = 1 << 2,     // opens files, for reading only
    ACCEPT   = 1 << 3,
    PAIRS    = 1 << 4,     // socketpair(2), which reaches nobody by itself
    CONNECT  = 1 << 5,     // opens sockets of its own and connects them
    FCNTL    = 1 << 6,     // any fcntl, record locks too; else only the harmless ones
    MAP_CODE = 1 << 7,     // may map files executable: libraries that load others late
    DECODE   = 1 << 8,     // has the calls that decoding needs instead of the basic ones
};

struct limit {
    int resource;          // RLIMIT_*
    rlim_t value;
};

#define MB ((rlim_t)1 << 20)
#define LIMITS_MAX 4
#define SOCKET_TYPE 0xf    // of socket(2)'s second argument, beside its flags

// RLIMIT_NPROC counts all threads of a user, so only who starts none can have it. RLIMIT_FSIZE would forbid a memfd to
// grow. Address space: two rings of the largest picture and a decoder's references for an ingest.
static const struct profile {
    unsigned features;
    struct limit limits[LIMITS_MAX];
} profiles[] = {
    [VT_SANDBOX_GATE]   = {ACCEPT, {{RLIMIT_AS, 1024 * MB}, {RLIMIT_NOFILE, 16384}, {RLIMIT_NPROC, 0}}},
    [VT_SANDBOX_GATE_TLS] = {ACCEPT | PAIRS, {{RLIMIT_AS, 2048 * MB}, {RLIMIT_NOFILE, 16384}, {RLIMIT_NPROC, 0}}},
    [VT_SANDBOX_GATE_SRT] = {THREADS | PAIRS, {{RLIMIT_AS, 8192 * MB}, {RLIMIT_NOFILE, 1024}}},
    [VT_SANDBOX_INGEST] = {THREADS | DECODE, {{RLIMIT_AS, 4096 * MB}, {RLIMIT_NOFILE, 64}}},
    [VT_SANDBOX_STUDIO] = {THREADS | FILES | FCNTL | MAP_CODE, {{RLIMIT_AS, 16384 * MB}, {RLIMIT_NOFILE, 1024}}},
    [VT_SANDBOX_HOOK] = {THREADS | READ | PAIRS | CONNECT, {{RLIMIT_AS, 2048 * MB}, {RLIMIT_NOFILE, 256}}},
    [VT_SANDBOX_ORIGIN] = {THREADS | FILES | FCNTL | ACCEPT, {{RLIMIT_AS, 16384 * MB}, {RLIMIT_NOFILE, 65536}}},
};

static const int32_t basic_calls[] = {
    // descriptors that it holds
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(pwrite64),
    SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(ftruncate), SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(dup),
    SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(memfd_create), SCMP_SYS(pipe2),
    // sockets that it holds
    SCMP_SYS(recvmsg), SCMP_SYS(recvfrom), SCMP_SYS(recvmmsg), SCMP_SYS(sendmsg), SCMP_SYS(sendto),
    SCMP_SYS(sendmmsg), SCMP_SYS(shutdown), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    // waiting
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(eventfd2),
    SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_gettime), SCMP_SYS(signalfd4),
    SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(futex), SCMP_SYS(futex_waitv), SCMP_SYS(sched_yield),
    SCMP_SYS(restart_syscall),
    // time, chance, and who it is
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(times),
    SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid),
    SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getresuid), SCMP_SYS(getresgid), SCMP_SYS(uname),
    SCMP_SYS(sysinfo), SCMP_SYS(getrusage), SCMP_SYS(getrlimit), SCMP_SYS(getcpu), SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_getparam), SCMP_SYS(sched_getscheduler),
    // memory, signals, the end
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(msync), SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigtimedwait), SCMP_SYS(sigaltstack),
    SCMP_SYS(exit), SCMP_SYS(exit_group),
    END,
};

// An ingest's own: what decoding was seen to call (docs/sandbox.md), and what the same functions of the C library call on
// other kernels or processors. Nothing of it names a file, an address or another process.
static const int32_t decode_calls[] = {
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(fstat),
    SCMP_SYS(ftruncate), SCMP_SYS(close), SCMP_SYS(memfd_create),
    SCMP_SYS(recvmsg), SCMP_SYS(recvfrom), SCMP_SYS(sendmsg), SCMP_SYS(sendto), SCMP_SYS(shutdown),
    SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(eventfd2), SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(futex), SCMP_SYS(futex_waitv),
    SCMP_SYS(sched_yield), SCMP_SYS(restart_syscall),
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom),
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getcpu), SCMP_SYS(getrusage), SCMP_SYS(sysinfo),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(exit), SCMP_SYS(exit_group),
    END,
};

static const int32_t thread_calls[] = {
    SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(set_tid_address), SCMP_SYS(membarrier),
    SCMP_SYS(sched_setaffinity), SCMP_SYS(get_mempolicy),
    END,
};

static const int32_t file_calls[] = {
    SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(creat), SCMP_SYS(stat), SCMP_SYS(lstat),
    SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(getdents), SCMP_SYS(getdents64),
    SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(unlink),
    SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(truncate),
    SCMP_SYS(fallocate), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(sync_file_range), SCMP_SYS(fadvise64),
    SCMP_SYS(pwritev), SCMP_SYS(preadv), SCMP_SYS(flock), SCMP_SYS(umask), SCMP_SYS(fchmod), SCMP_SYS(fchown),
    SCMP_SYS(utimensat), SCMP_SYS(copy_file_range), SCMP_SYS(sendfile),
    END,
};

static const int32_t accept_calls[] = {SCMP_SYS(accept), SCMP_SYS(accept4), END};

static int allow(scmp_filter_ctx filter, const int32_t *calls)
{
    for (; *calls != END; calls++) {
        int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, *calls, 0);
        if (error < 0)
            return error;
    }
    return 0;
}

// Allows `call` when (argument & mask) == value.
static int allow_masked(scmp_filter_ctx filter, int call, unsigned argument, uint64_t mask, uint64_t value)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1, SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, mask, value));
}

// Allows `call` when its argument is one of `values`, ended by END.
static int allow_values(scmp_filter_ctx filter, int call, unsigned argument, const int64_t *values)
{
    for (; *values != END; values++) {
        int error = allow_masked(filter, call, argument, UINT32_MAX, (uint32_t)*values);
        if (error < 0)
            return error;
    }
    return 0;
}

// A thread of this process, in its own namespaces: never a fork.
static int allow_threads(scmp_filter_ctx filter)
{
    const uint64_t must = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND;
    const uint64_t never = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                           CLONE_NEWPID | CLONE_NEWNET | CLONE_VFORK | CLONE_PTRACE;
    int error = allow(filter, thread_calls);
    if (!error)
        error = allow_masked(filter, SCMP_SYS(clone), 0, must | never, must);
    // its flags lie in memory, where a filter cannot look: the C library then takes clone
    if (!error)
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return error;
}

static int allow_arguments(scmp_filter_ctx filter, unsigned features)
{
    static const int64_t fcntl_commands[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, F_ADD_SEALS,
                                             F_GET_SEALS, END};
    static const int64_t ioctl_requests[] = {FIONREAD, FIONBIO, TIOCOUTQ, END};
    static const int64_t prctl_options[] = {PR_SET_NAME, PR_GET_NAME, PR_GET_NO_NEW_PRIVS, PR_GET_DUMPABLE, END};
    const int64_t own_pid[] = {getpid(), END};

    int error = allow_values(filter, SCMP_SYS(ioctl), 1, ioctl_requests);
    if (!error)
        error = allow_values(filter, SCMP_SYS(prctl), 0, prctl_options);
    if (!error)
        error = allow_values(filter, SCMP_SYS(tgkill), 0, own_pid);
    if (!error)                             // its own limits, read only
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, SCMP_A0(SCMP_CMP_EQ, 0),
                                 SCMP_A2(SCMP_CMP_EQ, 0));
    if (!error && !(features & (FILES | READ)))      // fstat(2) of a descriptor, as the C library asks it
        error = allow_masked(filter, SCMP_SYS(newfstatat), 3, UINT32_MAX, AT_EMPTY_PATH);
    if (!error && !(features & FCNTL))
        error = allow_values(filter, SCMP_SYS(fcntl), 1, fcntl_commands);
    else if (!error)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 0);

    uint64_t exec = features & MAP_CODE ? 0 : PROT_EXEC;
    if (!error)
        error = allow_masked(filter, SCMP_SYS(mmap), 2, exec, 0);
    if (!error)
        error = allow_masked(filter, SCMP_SYS(mprotect), 2, exec, 0);
    return error;
}

static const int32_t read_calls[] = {
    SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(getdents64), END,
};

static int allow_reading(scmp_filter_ctx filter)
{
    const uint64_t never = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
    int error = allow(filter, read_calls);
    if (!error)
        error = allow_masked(filter, SCMP_SYS(openat), 2, never, O_RDONLY);
    if (!error)
        error = allow_masked(filter, SCMP_SYS(open), 1, never, O_RDONLY);
    return error;
}

// Only of these kinds: no raw sockets, none that lie in the file system.
static int allow_connecting(scmp_filter_ctx filter)
{
    static const uint32_t families[] = {AF_INET, AF_INET6}, types[] = {SOCK_STREAM, SOCK_DGRAM};
    int error = 0;
    for (int i = 0; i < 4 && !error; i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, SCMP_CMP32(0, SCMP_CMP_EQ, families[i / 2]),
                                 SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, SOCKET_TYPE, types[i % 2]));
    if (!error)             // a resolver's ways to a daemon and to the list of interfaces: it can do without
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                                 SCMP_CMP32(0, SCMP_CMP_EQ, AF_UNIX));
    if (!error)
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                                 SCMP_CMP32(0, SCMP_CMP_EQ, AF_NETLINK));
    return error ? error : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(connect), 0);
}

static int fill_filter(scmp_filter_ctx filter, unsigned features)
{
    int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (!error)
        error = allow(filter, features & DECODE ? decode_calls : basic_calls);
    if (!error)
        error = allow_arguments(filter, features);
    if (!error && (features & THREADS))
        error = allow_threads(filter);
    if (!error && (features & FILES))
        error = allow(filter, file_calls);
    if (!error && (features & ACCEPT))
        error = allow(filter, accept_calls);
    if (!error && (features & READ))
        error = allow_reading(filter);
    if (!error && (features & CONNECT))
        error = allow_connecting(filter);
    if (!error && (features & PAIRS))
        error = allow_masked(filter, SCMP_SYS(socketpair), 0, UINT32_MAX, AF_UNIX);
    return error;
}

// -- naming what is refused

#define NAMED_CALLS 512
#define NAMED_FILES 32
#define NAMED_PATH  200

static const char *call_names[NAMED_CALLS];     // for the handler, which may not look them up
static atomic_int call_count[NAMED_CALLS];      // refused so far

static void say(const char *text)
{
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written;
}

// A path is this process's own, but a stranger may have had a say in it.
static void say_path(const char *path)
{
    char shown[NAMED_PATH];
    size_t size = 0;
    for (; path[size] && size + 1 < sizeof shown; size++)
        shown[size] = path[size] > ' ' && path[size] < 0x7f ? path[size] : '?';
    shown[size] = 0;
    say(" ");
    say(shown);
}

// `path`: of a file that was to be opened, or NULL. Files are named each time, up to a limit; other calls once.
static void name_call(int number, const char *path)
{
    bool known = number >= 0 && number < NAMED_CALLS && call_names[number];
    int before = known ? atomic_fetch_add(&call_count[number], 1) : 0;
    if (before >= (path ? NAMED_FILES : 1))
        return;
    say("sandbox: refused ");
    say(known ? call_names[number] : "a call without a name");
    if (path)
        say_path(path);
    say("\n");
}

static void on_refused(int signal, siginfo_t *info, void *context)
{
    int saved = errno;
    ucontext_t *at = context;
    const char *path = NULL;
#if defined __x86_64__
    if (info->si_syscall == SCMP_SYS(openat))
        path = (const char *)at->uc_mcontext.gregs[REG_RSI];
    name_call(info->si_syscall, path);
    at->uc_mcontext.gregs[REG_RAX] = -EPERM;
#elif defined __aarch64__
    if (info->si_syscall == SCMP_SYS(openat))
        path = (const char *)at->uc_mcontext.regs[1];
    name_call(info->si_syscall, path);
    at->uc_mcontext.regs[0] = (unsigned long long)-EPERM;
#else
    name_call(info->si_syscall, path);
    (void)at;
#endif
    errno = saved;
}

static int watch_refusals(void)
{
    for (int i = 0; i < NAMED_CALLS; i++)
        call_names[i] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);
    struct sigaction action = {.sa_sigaction = on_refused, .sa_flags = SA_SIGINFO | SA_NODEFER};
    return sigaction(SIGSYS, &action, NULL) < 0 ? -errno : 0;
}

// -- entering

// Lowers limits, never raises them.
static int set_limit(int resource, rlim_t value)
{
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) < 0)
        return -errno;
    if (limit.rlim_cur > value)
        limit.rlim_cur = value;
    if (limit.rlim_max > value)
        limit.rlim_max = value;
    return setrlimit((__rlimit_resource_t)resource, &limit) < 0 ? -errno : 0;
}

static int set_limits(const struct profile *profile)
{
    int error = set_limit(RLIMIT_CORE, 0);
    if (!error)
        error = set_limit(RLIMIT_MEMLOCK, 0);
    for (int i = 0; !error && i < LIMITS_MAX; i++)
        if (profile->limits[i].resource || profile->limits[i].value)
            error = set_limit(profile->limits[i].resource, profile->limits[i].value);
    return error;
}

static int load_filter(const struct profile *profile, bool log)
{
    scmp_filter_ctx filter = seccomp_init(log ? SCMP_ACT_TRAP : SCMP_ACT_ERRNO(EPERM));
    if (!filter)
        return -ENOMEM;
    int error = fill_filter(filter, profile->features);
    if (!error)
        error = seccomp_load(filter);
    seccomp_release(filter);
    return error;
}

enum mode { ON, REQUIRED, LOG, SHOW, OFF };

static const char *const modes[] = {[ON] = "on", [REQUIRED] = "required", [LOG] = "log", [SHOW] = "show", [OFF] = "off"};
#define MODES (int)(sizeof modes / sizeof modes[0])

static int find_mode(enum mode *ret)
{
    const char *name = getenv("VITRINE_SANDBOX");
    for (int i = 0; i < MODES; i++) {
        if (strcmp(name && *name ? name : modes[ON], modes[i]) == 0) {
            *ret = (enum mode)i;
            return 0;
        }
    }
    vt_error("VITRINE_SANDBOX is \"%s\": it can be on, required, log, show or off", name);
    return -EINVAL;
}

// A filter that lies nowhere is looked for only where there are filters.
static bool has_seccomp(void)
{
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) < 0 && errno == EFAULT;
}

static int lose_privileges(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

int vt_sandbox_prepare(const char *mode)
{
    enum mode set;
    if (setenv("VITRINE_SANDBOX", mode, 0) < 0)
        return -errno;
    int error = find_mode(&set);
    if (error || set == OFF)
        return error;
    bool missing = !has_seccomp() || vt_landlock_abi() == 0;
    if (!has_seccomp())
        vt_log(set == REQUIRED ? VT_LOG_ERROR : VT_LOG_WARNING, "this kernel has no seccomp filters: what a process may "
               "call is not limited");
    if (vt_landlock_abi() == 0)
        vt_log(set == REQUIRED ? VT_LOG_ERROR : VT_LOG_WARNING, "this kernel has no Landlock: which files a process "
               "reaches is limited by its user and by seccomp only");
    return missing && set == REQUIRED ? -ENOSYS : 0;
}

int vt_sandbox_confine(const struct vt_landlock *allowed)
{
    enum mode mode;
    int error = find_mode(&mode);
    if (error || mode == OFF)
        return error;
    error = lose_privileges();
    if (!error)
        error = vt_landlock_enter(allowed);
    if (error)
        vt_error("cannot limit what files this process reaches: %s", strerror(-error));
    return error;
}

// What libraries would open on first use: the seed of JSON's hashes, which would be a guess without it, and the time zone.
static void open_what_is_left(void)
{
    json_object_seed(0);
    tzset();
}

static int lock_in(const struct profile *profile, enum mode mode)
{
    int error = mode == LOG ? watch_refusals() : 0;
    open_what_is_left();
    if (!error)
        error = set_limits(profile);
    if (!error && mode != LOG && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        error = -errno;
    if (!error)
        error = lose_privileges();
    if (!error && !(profile->features & (FILES | READ)))
        error = vt_landlock_enter(&(struct vt_landlock){0});
    if (!error && (has_seccomp() || mode == REQUIRED))
        error = load_filter(profile, mode == LOG);
    return error;
}

int vt_sandbox_enter(enum vt_sandbox_profile profile)
{
    enum mode mode;
    int error = find_mode(&mode);
    if (!error && mode == OFF)
        vt_warning("VITRINE_SANDBOX=off: this process is not locked in");
    if (error || mode == OFF)
        return error;
    error = lock_in(&profiles[profile], mode);
    if (error)
        vt_error("cannot lock this process in: %s", strerror(-error));
    else if (mode == SHOW)
        vt_sandbox_show();
    return error;
}
