#include "base/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Newer than the headers that it may be compiled with.
#define FS_REFER     (UINT64_C(1) << 13)         // ABI 2
#define FS_TRUNCATE  (UINT64_C(1) << 14)         // ABI 3
#define FS_IOCTL_DEV (UINT64_C(1) << 15)         // ABI 5
#define NET_BIND     (UINT64_C(1) << 0)          // ABI 4
#define NET_CONNECT  (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT (UINT64_C(1) << 0)        // ABI 6
#define SCOPE_SIGNAL   (UINT64_C(1) << 1)
#define RULE_PORT    2

#define FS_OF_ABI_1  ((UINT64_C(1) << 13) - 1)
#define FS_READ      ((uint64_t)(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR))
#define FS_OF_A_FILE ((uint64_t)(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |                           \
                                 LANDLOCK_ACCESS_FS_READ_FILE) | FS_TRUNCATE | FS_IOCTL_DEV)

struct ruleset {
    uint64_t fs, net, scoped;
};

struct port_rule {
    uint64_t access, port;
};

int vt_landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi > 0 ? (int)abi : 0;
}

static struct ruleset all_of(int abi)
{
    return (struct ruleset){
        .fs = FS_OF_ABI_1 | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) | (abi >= 5 ? FS_IOCTL_DEV : 0),
        .net = abi >= 4 ? NET_BIND | NET_CONNECT : 0,
        .scoped = abi >= 6 ? SCOPE_ABSTRACT | SCOPE_SIGNAL : 0,
    };
}

static size_t size_of(int abi)
{
    return abi >= 6 ? sizeof(struct ruleset) : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

static int allow_path(int rules, const char *path, uint64_t access)
{
    struct stat info;
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == EACCES ? 0 : -errno;
    if (fstat(fd, &info) == 0 && !S_ISDIR(info.st_mode))
        access &= FS_OF_A_FILE;
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};
    int error = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) ? -errno : 0;
    close(fd);
    return error;
}

static int allow_all(int rules, const struct vt_landlock *allowed, const struct ruleset *handled)
{
    int error = 0;
    for (int i = 0; i < VT_LANDLOCK_PATHS && allowed->readable[i] && !error; i++)
        error = allow_path(rules, allowed->readable[i], FS_READ);
    for (int i = 0; i < VT_LANDLOCK_PATHS && allowed->writable[i] && !error; i++)
        error = allow_path(rules, allowed->writable[i], handled->fs & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE);
    for (int i = 0; i < VT_LANDLOCK_PORTS && allowed->ports[i] && handled->net && !error; i++) {
        struct port_rule rule = {NET_CONNECT, allowed->ports[i]};
        error = syscall(SYS_landlock_add_rule, rules, RULE_PORT, &rule, 0) ? -errno : 0;
    }
    return error;
}

int vt_landlock_enter(const struct vt_landlock *allowed)
{
    int abi = vt_landlock_abi();
    if (abi == 0)
        return 0;
    struct ruleset handled = all_of(abi);
    int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, size_of(abi), 0);
    if (rules < 0)
        return -errno;
    int error = allow_all(rules, allowed, &handled);
    if (!error && syscall(SYS_landlock_restrict_self, rules, 0))
        error = -errno;
    close(rules);
    return error;
}
