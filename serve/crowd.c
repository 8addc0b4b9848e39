#include "serve/crowd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>

#include "ingest/peer_address.h"

// Open addressing with linear probing; at most half of the places are ever taken.
struct place {
    uint64_t group;
    int count;                           // 0: free
};

struct vt_crowd {
    int each, taken, most;
    size_t mask;
    struct place places[];
};

int vt_crowd_new(struct vt_crowd **ret, int connections, int each)
{
    size_t room = 64;
    while (room < 2 * (size_t)connections)
        room *= 2;
    struct vt_crowd *crowd = calloc(1, sizeof *crowd + room * sizeof crowd->places[0]);
    if (!crowd)
        return -ENOMEM;
    crowd->each = each;
    crowd->most = (int)(room / 2);
    crowd->mask = room - 1;
    *ret = crowd;
    return 0;
}

void vt_crowd_free(struct vt_crowd **crowd)
{
    free(*crowd);
    *crowd = NULL;
}

static bool is_here(const struct sockaddr_storage *from)
{
    if (from->ss_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)from)->sin_addr.s_addr) >> 24) == IN_LOOPBACKNET;
    if (from->ss_family != AF_INET6)
        return false;
    const struct in6_addr *address = &((const struct sockaddr_in6 *)from)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(address) || (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == IN_LOOPBACKNET);
}

static size_t home_of(const struct vt_crowd *crowd, uint64_t group)
{
    return (size_t)((group * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & crowd->mask;
}

// The group's place, or the free one where it belongs.
static size_t find(const struct vt_crowd *crowd, uint64_t group)
{
    size_t at = home_of(crowd, group);
    while (crowd->places[at].count > 0 && crowd->places[at].group != group)
        at = (at + 1) & crowd->mask;
    return at;
}

bool vt_crowd_admits(const struct vt_crowd *crowd, const struct sockaddr_storage *from)
{
    if (crowd->each == 0 || is_here(from))
        return true;
    return crowd->places[find(crowd, vt_peer_address(from).group)].count < crowd->each;
}

void vt_crowd_come(struct vt_crowd *crowd, const struct sockaddr_storage *from)
{
    if (crowd->each == 0 || is_here(from))
        return;
    uint64_t group = vt_peer_address(from).group;
    struct place *place = &crowd->places[find(crowd, group)];
    if (place->count == 0 && crowd->taken == crowd->most)
        return;
    crowd->taken += place->count == 0;
    *place = (struct place){group, place->count + 1};
}

// Moves back whatever stands behind the hole only because something stood there.
static void close_hole(struct vt_crowd *crowd, size_t hole)
{
    for (size_t at = (hole + 1) & crowd->mask; crowd->places[at].count > 0; at = (at + 1) & crowd->mask) {
        size_t home = home_of(crowd, crowd->places[at].group);
        if (((at - home) & crowd->mask) < ((at - hole) & crowd->mask))
            continue;
        crowd->places[hole] = crowd->places[at];
        crowd->places[at].count = 0;
        hole = at;
    }
}

void vt_crowd_go(struct vt_crowd *crowd, const struct sockaddr_storage *from)
{
    if (crowd->each == 0 || is_here(from))
        return;
    size_t at = find(crowd, vt_peer_address(from).group);
    if (crowd->places[at].count == 0 || --crowd->places[at].count > 0)
        return;
    crowd->taken--;
    close_hole(crowd, at);
}
