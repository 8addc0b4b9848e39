// What `vitrine serve` needs before its first process starts: a folder that can be written, the API's token, sockets,
// and whom its processes become. Every failure is logged as a sentence that says what to do.
#pragma once

#include "serve/child.h"
#include "serve/config.h"

struct vt_sockets {
    int fds[VT_LISTENERS_MAX];
    int count;
};

struct vt_startup {
    struct vt_identity identity;
    int lock_fd;                         // holds the data folder for this process
    struct vt_sockets rtmp, http, admin; // listen
    struct vt_sockets rtmps, srt;        // none: not configured
    struct vt_sockets srt_ports;         // those of one channel each, as the configuration has them
};

// Returns 0, or -1 when something was wrong and has been logged. vt_startup_free in both cases.
int vt_startup(struct vt_startup *ret, const struct vt_config *config);
void vt_startup_free(struct vt_startup *startup);

// The token's file: made with mode 0600 and 192 random bits unless it is there. Returns 0 or a negative errno.
int vt_make_token(const char *path);

// `path` and the folders above it. Returns 0 or a negative errno.
int vt_make_folders(const char *path);

// Opens the configured certificate and its key for reading, after trying them. Returns 0, or -1 when something was
// wrong and has been logged.
int vt_open_certificate(const struct vt_config *config, int ret[2]);
