// The PROXY protocol, versions 1 and 2: how a load balancer says whose connection it passes on, in front of everything
// else. Believed of those alone that the configuration trusts, and then it must be there: whether a peer sends a header
// must not be its own choice.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define VT_PROXY_V1_BYTES 107        // of the longest line, CR and LF included
#define VT_PROXY_V2_BYTES 1024       // of a header with all that stands behind the addresses, which is skipped

// Reads the header at the start of `data`. Returns its bytes; 0 when more must come; -EBADMSG when it is none, or longer
// than it may be. *ret (touched only on success) is the peer's address, or of family AF_UNSPEC when the header tells
// none (LOCAL, UNKNOWN): then the connection is the balancer's own. Pure.
int vt_proxy_header(const uint8_t *data, size_t size, struct sockaddr_storage *ret);

// Zeroed is valid.
struct vt_proxy_reader {
    uint16_t have;
    uint8_t bytes[VT_PROXY_V2_BYTES];
};

// Reads the header off a non-blocking socket, and not a byte of what follows it. Returns 1 with *ret; 0 when more must
// come; a negative errno: -EBADMSG as above, -EPIPE when the peer has hung up.
int vt_proxy_read(struct vt_proxy_reader *reader, int fd, struct sockaddr_storage *ret);
