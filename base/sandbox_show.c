#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

static bool close_it(int fd)
{
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool read_file(void)
{
    return close_it(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static bool write_file(void)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/vitrine-%d", getpid());
    bool wrote = close_it(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (wrote)
        unlink(path);
    return wrote;
}

static bool make_socket(void)
{
    return close_it(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static bool make_local_socket(void)
{
    return close_it(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

// With no path to run: the call fails in any case, and says whether it was refused before that.
static bool run_program(void)
{
    return syscall(SYS_execve, NULL, NULL, NULL) == 0 || errno != EPERM;
}

static bool start_process(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return pid > 0;
}

static bool map_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED)
        munmap(page, 4096);
    return page != MAP_FAILED;
}

static bool read_memory(void)
{
    char byte;
    struct iovec here = {&byte, 1}, there = {&byte, 1};
    return process_vm_readv(getppid(), &here, 1, &there, 1, 0) >= 0 || errno != EPERM;
}

static bool trace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool signal_others(void)
{
    return kill(getppid(), 0) == 0;
}

static bool change_user(void)
{
    return setuid(getuid()) == 0;
}

static const struct attempt {
    const char *what;
    bool (*may)(void);
} attempts[] = {
    {"read files", read_file}, {"write files", write_file}, {"make sockets", make_socket},
    {"make local sockets", make_local_socket}, {"run programs", run_program}, {"start processes", start_process},
    {"map code", map_code}, {"read memory of others", read_memory}, {"be traced", trace},
    {"signal others", signal_others}, {"change its user", change_user},
};
#define ATTEMPTS (sizeof attempts / sizeof attempts[0])

static void add(char *list, size_t room, const char *what)
{
    size_t used = strlen(list);
    snprintf(list + used, room - used, "%s%s", used ? ", " : "", what);
}

void vt_sandbox_show(void)
{
    char may[256] = "", may_not[256] = "";
    for (size_t i = 0; i < ATTEMPTS; i++) {
        if (attempts[i].may())
            add(may, sizeof may, attempts[i].what);
        else
            add(may_not, sizeof may_not, attempts[i].what);
    }
    vt_info("locked in; may: %s; may not: %s", may[0] ? may : "nothing", may_not);
}
