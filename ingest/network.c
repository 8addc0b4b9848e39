#include "ingest/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAPPED_BYTES 12              // in front of an IPv4 address within IPv6

static void map(uint8_t address[16], const void *ipv4)
{
    memset(address, 0, 10);
    memset(address + 10, 0xff, 2);
    memcpy(address + MAPPED_BYTES, ipv4, 4);
}

static int parse_bits(const char *text, int most)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 3 || text[digits] != 0)
        return -EINVAL;
    int bits = atoi(text);
    return bits <= most ? bits : -EINVAL;
}

int vt_network_parse(const char *text, struct vt_network *ret)
{
    char host[VT_NETWORK_TEXT_MAX + 1];
    struct vt_network network;
    struct in_addr v4;
    size_t size = strcspn(text, "/");
    if (size >= sizeof host)
        return -EINVAL;
    memcpy(host, text, size);
    host[size] = 0;
    bool is_v4 = inet_pton(AF_INET, host, &v4) == 1;
    if (is_v4)
        map(network.address, &v4);
    else if (inet_pton(AF_INET6, host, network.address) != 1)
        return -EINVAL;
    int most = is_v4 ? 32 : 128, bits = text[size] ? parse_bits(text + size + 1, most) : most;
    if (bits < 0)
        return -EINVAL;
    network.bits = bits + (is_v4 ? 8 * MAPPED_BYTES : 0);
    *ret = network;
    return 0;
}

void vt_network_text(const struct vt_network *network, char out[VT_NETWORK_TEXT_MAX + 1])
{
    static const uint8_t mapped[MAPPED_BYTES] = {[10] = 0xff, [11] = 0xff};
    bool is_v4 = network->bits >= 8 * MAPPED_BYTES && memcmp(network->address, mapped, sizeof mapped) == 0;
    int front = is_v4 ? MAPPED_BYTES : 0;
    inet_ntop(is_v4 ? AF_INET : AF_INET6, network->address + front, out, VT_NETWORK_TEXT_MAX + 1);
    if (network->bits < 128)
        sprintf(out + strlen(out), "/%d", network->bits - 8 * front);
}

static bool holds(const struct vt_network *network, const uint8_t address[16])
{
    int whole = network->bits / 8, rest = network->bits % 8;
    if (memcmp(network->address, address, (size_t)whole) != 0)
        return false;
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return rest == 0 || ((network->address[whole] ^ address[whole]) & mask) == 0;
}

bool vt_networks_hold(const struct vt_network *networks, int count, const struct sockaddr_storage *who)
{
    uint8_t address[16];
    if (who->ss_family == AF_INET)
        map(address, &((const struct sockaddr_in *)who)->sin_addr);
    else if (who->ss_family == AF_INET6)
        memcpy(address, &((const struct sockaddr_in6 *)who)->sin6_addr, sizeof address);
    else
        return false;
    for (int i = 0; i < count; i++) {
        if (holds(&networks[i], address))
            return true;
    }
    return false;
}
