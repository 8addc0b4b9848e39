#include "serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/srt_filter.h"

#define BACKLOG 4096

static bool parse_port(const char *text, in_port_t *ret)
{
    char *end;
    size_t digits = strspn(text, "0123456789");
    unsigned long port = strtoul(text, &end, 10);
    if (digits == 0 || digits > 5 || *end != 0 || port > 65535)
        return false;
    *ret = htons((uint16_t)port);
    return true;
}

static int parse_host(const char *host, in_port_t port, struct vt_address *ret)
{
    struct vt_address address = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address.where;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address.where;
    const char *numeric = strcmp(host, "*") == 0 ? "0.0.0.0" : strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    if (inet_pton(AF_INET, numeric, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = port;
        address.size = sizeof *v4;
    } else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = port;
        address.size = sizeof *v6;
    } else {
        return -EINVAL;
    }
    *ret = address;
    return 0;
}

int vt_address_parse(const char *text, struct vt_address *ret)
{
    char host[VT_LISTEN_ROOM];
    const char *colon = strrchr(text, ':');
    in_port_t port;
    if (!colon || colon == text || (size_t)(colon - text) >= sizeof host || !parse_port(colon + 1, &port))
        return -EINVAL;
    size_t size = (size_t)(colon - text);
    bool bracketed = text[0] == '[' && colon[-1] == ']' && size > 2;
    if (!bracketed && memchr(text, ':', size))
        return -EINVAL;
    memcpy(host, text + bracketed, size - 2 * bracketed);
    host[size - 2 * bracketed] = 0;
    return parse_host(host, port, ret);
}

static int fail(char *why, const char *text, int error)
{
    if (error == EADDRINUSE)
        snprintf(why, VT_LISTEN_WHY, "%s is in use: stop what listens there, or choose another address under listen:",
                 text);
    else if (error == EADDRNOTAVAIL)
        snprintf(why, VT_LISTEN_WHY, "%s is not an address of this machine: choose another under listen:", text);
    else if (error == EACCES)
        snprintf(why, VT_LISTEN_WHY, "%s needs more rights (ports below 1024 do): choose another under listen:", text);
    else
        snprintf(why, VT_LISTEN_WHY, "cannot listen on %s: %s", text, strerror(error));
    return -error;
}

static bool only_v6(int fd, const struct vt_address *address, bool among_others)
{
    return address->where.ss_family != AF_INET6 || !among_others ||
           setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int)) == 0;
}

int vt_listen(const char *text, bool among_others, char *why)
{
    struct vt_address address;
    int yes = 1;
    if (vt_address_parse(text, &address))
        return fail(why, text, EINVAL);
    int fd = socket(address.where.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail(why, text, errno);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) || !only_v6(fd, &address, among_others) ||
        bind(fd, (struct sockaddr *)&address.where, address.size) || listen(fd, BACKLOG)) {
        int error = errno;
        close(fd);
        return fail(why, text, error);
    }
    return fd;
}

int vt_listen_srt(const char *text, bool among_others, char *why)
{
    struct vt_address address;
    if (vt_address_parse(text, &address))
        return fail(why, text, EINVAL);
    int fd = socket(address.where.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail(why, text, errno);
    int error = vt_srt_filter_attach(fd);
    if (!error && !only_v6(fd, &address, among_others))
        error = -errno;
    if (!error && bind(fd, (struct sockaddr *)&address.where, address.size))
        error = -errno;
    if (error) {
        close(fd);
        return fail(why, text, -error);
    }
    return fd;
}

void vt_listen_name(int fd, char *out)
{
    struct sockaddr_storage where = {0};
    socklen_t size = sizeof where;
    char host[INET6_ADDRSTRLEN] = "";
    getsockname(fd, (struct sockaddr *)&where, &size);
    if (where.ss_family == AF_INET6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&where;
        if (IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
            v6->sin6_addr = in6addr_loopback;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(out, VT_LISTEN_ROOM, "[%s]:%u", host, ntohs(v6->sin6_port));
    } else {
        struct sockaddr_in *v4 = (struct sockaddr_in *)&where;
        if (v4->sin_addr.s_addr == htonl(INADDR_ANY))
            v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(out, VT_LISTEN_ROOM, "%s:%u", host, ntohs(v4->sin_port));
    }
}
