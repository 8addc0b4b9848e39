// Addresses and networks that somebody wrote ("192.0.2.1", "10.0.0.0/8", "2001:db8::/32"), and who belongs to them. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VT_NETWORKS_MAX     16
#define VT_NETWORK_TEXT_MAX 49       // bytes of the longest: an IPv6 address and "/128"
#define VT_ACCEPT_MAX       64       // networks that one channel takes encoders from

struct sockaddr_storage;

struct vt_network {
    uint8_t address[16];             // IPv4 as it is mapped into IPv6
    int bits;                        // of `address` that count
};

// Returns 0 or -EINVAL (*ret untouched): no address, or a number of bits that its kind does not have.
int vt_network_parse(const char *text, struct vt_network *ret);

// The way back: the shortest text that is parsed to the same.
void vt_network_text(const struct vt_network *network, char out[VT_NETWORK_TEXT_MAX + 1]);

// Whether one of `count` networks holds the address. One that is neither IPv4 nor IPv6 is in none.
bool vt_networks_hold(const struct vt_network *networks, int count, const struct sockaddr_storage *who);
