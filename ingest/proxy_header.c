#include "ingest/proxy_header.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

#define V2_FIXED_BYTES 16
#define V2_LOCAL       0x20          // version 2 and the command
#define V2_PROXY       0x21
#define V2_UNSPEC      0x00          // families, each with the transport
#define V2_TCP4        0x11
#define V2_TCP6        0x21
#define V2_UNIX        0x31
#define WORDS          5             // behind "PROXY": family, addresses, ports

static const char v1_start[] = "PROXY ";
static const uint8_t v2_signature[12] = "\r\n\r\n\0\r\nQUIT\n";

static bool begins(const uint8_t *data, size_t size, const void *with, size_t with_size)
{
    return memcmp(data, with, size < with_size ? size : with_size) == 0;
}

static void fill(struct sockaddr_storage *ret, int family, const void *address, uint16_t port)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
    memset(ret, 0, sizeof *ret);
    ret->ss_family = (sa_family_t)family;
    if (family == AF_INET) {
        memcpy(&v4->sin_addr, address, sizeof v4->sin_addr);
        v4->sin_port = htons(port);
    } else if (family == AF_INET6) {
        memcpy(&v6->sin6_addr, address, sizeof v6->sin6_addr);
        v6->sin6_port = htons(port);
    }
}

// ---- version 1, a line of text

static bool parse_port(const char *text, uint16_t *ret)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits] != 0 || (digits > 1 && text[0] == '0') || atoi(text) > UINT16_MAX)
        return false;
    *ret = (uint16_t)atoi(text);
    return true;
}

static int parse_line(char *line, struct sockaddr_storage *ret)
{
    char *words[WORDS], *rest = line;
    int n = 0, family = strncmp(line, "TCP4 ", 5) == 0 ? AF_INET : strncmp(line, "TCP6 ", 5) == 0 ? AF_INET6 : AF_UNSPEC;
    struct in6_addr source, destination;
    uint16_t source_port, destination_port;
    if (family == AF_UNSPEC && (strcmp(line, "UNKNOWN") == 0 || strncmp(line, "UNKNOWN ", 8) == 0)) {
        fill(ret, AF_UNSPEC, NULL, 0);
        return 0;
    }
    while (n < WORDS && rest)
        words[n++] = strsep(&rest, " ");
    if (family == AF_UNSPEC || n != WORDS || rest || inet_pton(family, words[1], &source) != 1 ||
        inet_pton(family, words[2], &destination) != 1 || !parse_port(words[3], &source_port) ||
        !parse_port(words[4], &destination_port))
        return -EBADMSG;
    fill(ret, family, &source, source_port);
    return 0;
}

static int read_v1(const uint8_t *data, size_t size, struct sockaddr_storage *ret)
{
    char line[VT_PROXY_V1_BYTES];
    const size_t start = sizeof v1_start - 1;
    size_t most = size < VT_PROXY_V1_BYTES ? size : VT_PROXY_V1_BYTES;
    const uint8_t *end = memchr(data, '\n', most);
    if (!end)
        return size < VT_PROXY_V1_BYTES ? 0 : -EBADMSG;
    size_t length = (size_t)(end - data);
    if (length <= start || data[length - 1] != '\r' || memchr(data, 0, length))
        return -EBADMSG;
    memcpy(line, data + start, length - 1 - start);
    line[length - 1 - start] = 0;
    int error = parse_line(line, ret);
    return error ? error : (int)length + 1;
}

// ---- version 2, binary

static int read_v2(const uint8_t *data, size_t size, struct sockaddr_storage *ret)
{
    if (size < V2_FIXED_BYTES)
        return 0;
    struct vt_reader r = vt_reader(data + sizeof v2_signature, size - sizeof v2_signature);
    uint8_t command = vt_read_u8(&r), family = vt_read_u8(&r);
    size_t length = vt_read_u16be(&r);
    size_t address = family == V2_TCP4 ? 4 : family == V2_TCP6 ? 16 : 0, least = address ? 2 * address + 4 : 0;
    if ((command != V2_LOCAL && command != V2_PROXY) || V2_FIXED_BYTES + length > VT_PROXY_V2_BYTES ||
        (command == V2_PROXY && (length < least || (!address && family != V2_UNSPEC && family != V2_UNIX))))
        return -EBADMSG;
    if (r.left < length)
        return 0;
    if (command == V2_LOCAL || !address) {
        fill(ret, AF_UNSPEC, NULL, 0);
    } else {
        const uint8_t *source = vt_read_bytes(&r, address);
        vt_read_skip(&r, address);
        fill(ret, address == 4 ? AF_INET : AF_INET6, source, vt_read_u16be(&r));
    }
    return (int)(V2_FIXED_BYTES + length);
}

int vt_proxy_header(const uint8_t *data, size_t size, struct sockaddr_storage *ret)
{
    if (size == 0)
        return 0;
    if (!begins(data, size, v1_start, sizeof v1_start - 1))
        return begins(data, size, v2_signature, sizeof v2_signature) ? read_v2(data, size, ret) : -EBADMSG;
    return size < sizeof v1_start - 1 ? 0 : read_v1(data, size, ret);
}

// ---- off a socket

int vt_proxy_read(struct vt_proxy_reader *reader, int fd, struct sockaddr_storage *ret)
{
    ssize_t n;
    do
        n = recv(fd, reader->bytes + reader->have, sizeof reader->bytes - reader->have, MSG_PEEK | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? 0 : -errno;
    if (n == 0)
        return -EPIPE;
    int header = vt_proxy_header(reader->bytes, reader->have + (size_t)n, ret);
    if (header < 0)
        return header;
    // what a header that is not whole has looked at is all part of it
    size_t take = header ? (size_t)header - reader->have : (size_t)n;
    if (recv(fd, reader->bytes + reader->have, take, MSG_DONTWAIT) != (ssize_t)take)
        return -EPIPE;
    reader->have += (uint16_t)take;
    return header > 0;
}
