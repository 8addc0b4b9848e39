// Addresses that somebody wrote ("127.0.0.1:8080", "[::]:8080", "*:8080") and sockets that listen on them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define VT_LISTEN_ROOM  64          // "[IPv6]:port" and its NUL
#define VT_LISTEN_WHY   240

struct vt_address {
    struct sockaddr_storage where;
    socklen_t size;
};

// Numeric addresses and a port from 0 (any free one) to 65535; "*" is every IPv4 address, "localhost" 127.0.0.1.
// Returns 0 or -EINVAL (*ret untouched).
int vt_address_parse(const char *text, struct vt_address *ret);

// Binds and listens. Returns a non-blocking, close-on-exec descriptor, or a negative errno with a sentence in `why`
// (VT_LISTEN_WHY bytes) that names the address and what to do. "[::]" takes IPv4 too, unless it stands among others.
int vt_listen(const char *text, bool among_others, char *why);

// The same for SRT: a bound UDP socket that takes no handshakes with an MTU out of range (ingest/srt_filter.h). It
// blocks: libsrt waits inside its reads, and would spin on one that does not.
int vt_listen_srt(const char *text, bool among_others, char *why);

// The address that a listening socket really has, as text (VT_LISTEN_ROOM bytes); every address is written as the
// local one, so that it can be opened from this machine.
void vt_listen_name(int fd, char *out);
