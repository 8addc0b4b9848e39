// How many connections each address has: what one may have of them is limited, so that nobody takes all. Pure.
//
// Addresses are counted as ingest/peer_address.h groups them: one of IPv4, one /64 of IPv6. Those of this machine do not
// count: they are an edge's.
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

struct vt_crowd;

// Room for `connections` at once, of which each address may have `each` (0: all).
int vt_crowd_new(struct vt_crowd **ret, int connections, int each);
void vt_crowd_free(struct vt_crowd **crowd);

// Whether one more from there is within the limit.
bool vt_crowd_admits(const struct vt_crowd *crowd, const struct sockaddr_storage *from);

// One has come, or gone. What does not fit is not counted.
void vt_crowd_come(struct vt_crowd *crowd, const struct sockaddr_storage *from);
void vt_crowd_go(struct vt_crowd *crowd, const struct sockaddr_storage *from);
