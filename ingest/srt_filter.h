// What may reach libsrt at all: a packet filter on the UDP socket, in the kernel, that drops handshakes with an MTU out of
// range. Media and other control packets pass.
#pragma once

#define VT_SRT_MTU_MIN 500               // bytes, as the handshake says it
#define VT_SRT_MTU_MAX 1500

// Attaches it to a UDP socket, for as long as that lives; before bind(2), so that nothing slips through. Returns 0 or a
// negative errno.
int vt_srt_filter_attach(int fd);
