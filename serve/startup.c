#include "serve/startup.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "ingest/tls_context.h"
#include "serve/listen.h"
#include "serve/token.h"

#define TOKEN_BYTES 24

int vt_make_folders(const char *path)
{
    char *copy = strdup(path);
    if (!copy)
        return -ENOMEM;
    int err = 0;
    for (char *slash = strchr(copy + 1, '/'); slash && !err; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        err = mkdir(copy, 0755) && errno != EEXIST ? -errno : 0;
        *slash = '/';
    }
    if (!err && mkdir(copy, 0755) && errno != EEXIST)
        err = -errno;
    free(copy);
    return err;
}

static int write_token(int fd)
{
    unsigned char random[TOKEN_BYTES];
    char text[2 * TOKEN_BYTES + 2];
    if (getrandom(random, sizeof random, 0) != sizeof random)
        return -EIO;
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(text + 2 * i, 3, "%02x", random[i]);
    text[2 * TOKEN_BYTES] = '\n';
    ssize_t size = 2 * TOKEN_BYTES + 1, written = write(fd, text, (size_t)size);
    return written == size && fsync(fd) == 0 ? 0 : errno ? -errno : -EIO;
}

// Written beside its place and linked there, so that a token is whole or not there.
int vt_make_token(const char *path)
{
    char *draft = NULL;
    if (access(path, F_OK) == 0)
        return 0;
    if (asprintf(&draft, "%s.XXXXXX", path) < 0)
        return -ENOMEM;
    int fd = mkostemp(draft, O_CLOEXEC);      // mode 0600
    int err = fd < 0 ? -errno : write_token(fd);
    if (!err && link(draft, path) && errno != EEXIST)
        err = -errno;
    if (fd >= 0) {
        close(fd);
        unlink(draft);
    }
    free(draft);
    return err;
}

// ---- who the processes are

static int find_identity(struct vt_identity *ret, const char *user)
{
    *ret = (struct vt_identity){0};
    if (!user)
        return 0;
    errno = 0;
    const struct passwd *entry = getpwnam(user);
    if (!entry) {
        vt_error("there is no user %s: make it, or correct user: in the configuration", user);
        return -1;
    }
    if (geteuid() != 0) {
        if (entry->pw_uid != geteuid())
            vt_warning("user: %s has no effect: only root can become somebody else", user);
        return 0;
    }
    ret->set = true;
    ret->uid = entry->pw_uid;
    ret->gid = entry->pw_gid;
    snprintf(ret->name, sizeof ret->name, "%s", user);
    return 0;
}

static int give(const struct vt_identity *identity, const char *path)
{
    return identity->set && chown(path, identity->uid, identity->gid) ? -errno : 0;
}

// ---- the data folder

static int try_to_write(const struct vt_identity *identity, const char *folder)
{
    char *path = NULL;
    if (asprintf(&path, "%s/.writable-XXXXXX", folder) < 0)
        return -ENOMEM;
    if (identity->set && (setegid(identity->gid) || seteuid(identity->uid))) {
        free(path);
        return -errno;
    }
    int fd = mkostemp(path, O_CLOEXEC), err = fd < 0 ? -errno : 0;
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    if (identity->set && (seteuid(0) || setegid(0)))
        err = -errno;
    free(path);
    return err;
}

static int make_folder(const struct vt_identity *identity, const char *path)
{
    int err = vt_make_folders(path);
    if (!err)
        err = give(identity, path);
    if (!err)
        err = try_to_write(identity, path);
    if (err)
        vt_error("the data folder %s cannot be written: %s: make it writable, or choose another under data:", path,
                 strerror(-err));
    return err ? -1 : 0;
}

static int lock_folder(const char *folder, int *ret)
{
    char *path = NULL;
    if (asprintf(&path, "%s/lock", folder) < 0)
        return -1;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), error = errno;
    free(path);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *ret = fd;
        return 0;
    }
    error = fd >= 0 ? errno : error;
    if (fd >= 0)
        close(fd);
    if (error == EWOULDBLOCK)
        vt_error("another vitrine uses the data folder %s: stop it, or choose another under data:", folder);
    else
        vt_error("the data folder %s cannot be locked: %s", folder, strerror(error));
    return -1;
}

static int prepare_data(struct vt_startup *startup, const struct vt_config *config)
{
    char *live = NULL;
    if (make_folder(&startup->identity, config->data) || lock_folder(config->data, &startup->lock_fd))
        return -1;
    if (asprintf(&live, "%s/live", config->data) < 0)
        return -1;
    int err = make_folder(&startup->identity, live);
    free(live);
    return err;
}

static int prepare_token(const struct vt_identity *identity, const char *path)
{
    struct vt_token token;
    struct stat info;
    int err = vt_make_token(path);
    if (!err)
        err = give(identity, path);
    if (err) {
        vt_error("the token's file %s cannot be made: %s: choose another under admin: token_file:", path,
                 strerror(-err));
        return -1;
    }
    err = vt_token_load(&token, path);
    if (err == -EINVAL)
        vt_error("the token in %s must have %d to %d characters in one line: correct it, or remove the file for a new one",
                 path, VT_TOKEN_MIN, VT_TOKEN_MAX);
    else if (err)
        vt_error("the token's file %s cannot be read: %s", path, strerror(-err));
    else if (stat(path, &info) == 0 && (info.st_mode & 077))
        vt_warning("others on this machine can read the token's file %s: chmod 600 it", path);
    return err ? -1 : 0;
}

// ---- sockets

static int listen_on(const char *key, const struct vt_texts *addresses, struct vt_sockets *ret)
{
    char why[VT_LISTEN_WHY];
    for (int i = 0; i < addresses->count; i++) {
        int fd = vt_listen(addresses->text[i], addresses->count > 1, why);
        if (fd < 0) {
            vt_error("%s: %s", key, why);
            return -1;
        }
        ret->fds[ret->count++] = fd;
    }
    return 0;
}

// ---- the certificate

static int open_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        vt_error("tls: %s cannot be read: %s", path, strerror(errno));
    return fd;
}

int vt_open_certificate(const struct vt_config *config, int ret[2])
{
    char why[VT_TLS_WHY_ROOM];
    SSL_CTX *context = NULL;
    int certificate = open_file(config->certificate), key = certificate < 0 ? -1 : open_file(config->tls_key);
    int error = key < 0 ? -1 : vt_tls_context_new(&context, certificate, key, why);
    SSL_CTX_free(context);
    if (!error) {
        ret[0] = certificate;
        ret[1] = key;
        return 0;
    }
    if (key >= 0) {
        vt_error("tls: %s and %s cannot be used: %s", config->certificate, config->tls_key, why);
        close(key);
    }
    if (certificate >= 0)
        close(certificate);
    return -1;
}

static int prepare_tls(struct vt_startup *startup, const struct vt_config *config)
{
    int files[2];
    if (config->rtmps.count == 0)
        return 0;
    if (vt_open_certificate(config, files))
        return -1;
    close(files[0]);
    close(files[1]);
    return listen_on("rtmps", &config->rtmps, &startup->rtmps);
}

_Static_assert(VT_SRT_PORTS <= VT_LISTENERS_MAX, "they fit into a list of sockets");

static int prepare_srt(struct vt_startup *startup, const struct vt_config *config)
{
    char why[VT_LISTEN_WHY];
    for (int i = 0; i < config->srt.count; i++) {
        int fd = vt_listen_srt(config->srt.text[i], config->srt.count > 1, why);
        if (fd >= 0)
            startup->srt.fds[startup->srt.count++] = fd;
        else if (!config->srt_asked)
            vt_warning("srt: %s; going on without SRT, which the configuration does not name", why);
        else {
            vt_error("srt: %s", why);
            return -1;
        }
    }
    for (int i = 0; i < config->n_srt_ports; i++) {
        int fd = vt_listen_srt(config->srt_ports[i].address, true, why);
        if (fd < 0) {
            vt_error("srt_channels: %s: %s", config->srt_ports[i].channel, why);
            return -1;
        }
        startup->srt_ports.fds[startup->srt_ports.count++] = fd;
    }
    return 0;
}

int vt_startup(struct vt_startup *ret, const struct vt_config *config)
{
    *ret = (struct vt_startup){.lock_fd = -1};
    if (find_identity(&ret->identity, config->user) || prepare_data(ret, config) ||
        prepare_token(&ret->identity, config->token_file))
        return -1;
    if (config->products && access(config->products, R_OK))
        vt_warning("products: %s cannot be read: %s", config->products, strerror(errno));
    return listen_on("rtmp", &config->rtmp, &ret->rtmp) || listen_on("http", &config->http, &ret->http) ||
           listen_on("admin", &config->admin, &ret->admin) || prepare_tls(ret, config) ||
           prepare_srt(ret, config) ? -1 : 0;
}

void vt_startup_free(struct vt_startup *startup)
{
    struct vt_sockets *all[] = {&startup->rtmp, &startup->http, &startup->admin, &startup->rtmps, &startup->srt,
                                &startup->srt_ports};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        while (all[i]->count > 0)
            close(all[i]->fds[--all[i]->count]);
    }
    if (startup->lock_fd >= 0)
        close(startup->lock_fd);
    startup->lock_fd = -1;
}
