#include "ingest/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static void fill_ipv4(struct vt_peer_address *address, const uint8_t bytes[4])
{
    inet_ntop(AF_INET, bytes, address->text, sizeof address->text);
    memcpy(&address->group, bytes, 4);
}

struct vt_peer_address vt_peer_address(const struct sockaddr_storage *from)
{
    struct vt_peer_address address = {.text = "unknown"};
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)from;
        fill_ipv4(&address, (const uint8_t *)&in->sin_addr);
    } else if (from->ss_family == AF_INET6) {
        const struct in6_addr *in6 = &((const struct sockaddr_in6 *)from)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(in6)) {
            fill_ipv4(&address, in6->s6_addr + 12);
        } else {
            inet_ntop(AF_INET6, in6, address.text, sizeof address.text);
            memcpy(&address.group, in6->s6_addr, sizeof address.group);
        }
    }
    return address;
}

void vt_peer_sockaddr(struct sockaddr_storage *ret, const char *text)
{
    struct sockaddr_in *in = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;
    memset(ret, 0, sizeof *ret);
    if (inet_pton(AF_INET, text, &in->sin_addr) == 1)
        in->sin_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1)
        in6->sin6_family = AF_INET6;
}
