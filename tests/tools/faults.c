// A library that is loaded before others (LD_PRELOAD) and lets a machine fail for a process as its test says.
//
// VITRINE_FAULTS names a file of one struct vt_faults, which the test writes while the processes run: every process maps
// it before it is locked in. Counted calls fail while their field is not 0; `only`, if it is not empty, must stand in a
// process's command line for that.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define ROOM 32

struct vt_faults {
    int64_t clock_step_ns;               // of CLOCK_REALTIME, in every process
    int32_t fork, accept, disk;          // fail with EAGAIN, ENFILE, ENOSPC
    char only[ROOM];
};

static const volatile struct vt_faults *faults;
static char role[256];

__attribute__((constructor)) static void load(int argc, char **argv)
{
    const char *path = getenv("VITRINE_FAULTS");
    for (int i = 1; i < argc; i++) {
        strncat(role, i > 1 ? " " : "", sizeof role - strlen(role) - 1);
        strncat(role, argv[i], sizeof role - strlen(role) - 1);
    }
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof *faults, PROT_READ, MAP_SHARED, fd, 0);
    faults = map == MAP_FAILED ? NULL : map;
    close(fd);
}

static bool strikes(int32_t wanted)
{
    return wanted && (faults->only[0] == 0 || strstr(role, (const char *)(uintptr_t)faults->only));
}

// The function that this one stands before.
#define NEXT(name)                                                                                                     \
    ({                                                                                                                 \
        static __typeof__(&name) next;                                                                                 \
        if (!next)                                                                                                     \
            next = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                                                         \
        next;                                                                                                          \
    })

pid_t fork(void)
{
    if (faults && strikes(faults->fork)) {
        errno = EAGAIN;
        return -1;
    }
    return NEXT(fork)();
}

int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict size, int flags)
{
    if (faults && strikes(faults->accept)) {
        errno = ENFILE;
        return -1;
    }
    return NEXT(accept4)(fd, address, size, flags);
}

static bool is_full(void)
{
    if (!faults || !strikes(faults->disk))
        return false;
    errno = ENOSPC;
    return true;
}

static bool is_file(int fd)
{
    return lseek(fd, 0, SEEK_CUR) >= 0;
}

ssize_t write(int fd, const void *data, size_t size)
{
    return faults && faults->disk && is_file(fd) && is_full() ? -1 : NEXT(write)(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    return is_full() ? -1 : NEXT(pwrite)(fd, data, size, at);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = NEXT(clock_gettime)(clock, now);
    if (result == 0 && faults && clock == CLOCK_REALTIME) {
        int64_t ns = now->tv_sec * INT64_C(1000000000) + now->tv_nsec + faults->clock_step_ns;
        *now = (struct timespec){ns / INT64_C(1000000000), ns % INT64_C(1000000000)};
    }
    return result;
}
