// Who is at the other end: as text, and as what its limits are counted by.
#pragma once

#include <stdint.h>
#include <sys/socket.h>

#define VT_ADDRESS_ROOM 48

struct vt_peer_address {
    char text[VT_ADDRESS_ROOM];      // "192.0.2.7", "2001:db8::7"; "unknown" for what is neither
    uint64_t group;                  // one IPv4 address, or one IPv6 /64: whoever has one address has them all
};

// IPv4 addresses mapped into IPv6 count as IPv4.
struct vt_peer_address vt_peer_address(const struct sockaddr_storage *from);

// The way back: an address as a peer_address's text has it. What is none becomes one of no family.
void vt_peer_sockaddr(struct sockaddr_storage *ret, const char *text);
