#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/bytes.h"
#include "ingest/network.h"
#include "ingest/peer_address.h"
#include "ingest/proxy_header.h"

static int parse(const void *data, size_t size, char out[VT_ADDRESS_ROOM])
{
    struct sockaddr_storage from = {.ss_family = AF_UNIX};
    int used = vt_proxy_header(data, size, &from);
    struct vt_peer_address address = vt_peer_address(&from);
    snprintf(out, VT_ADDRESS_ROOM, "%s", used > 0 ? address.text : from.ss_family == AF_UNIX ? "untouched" : "touched");
    return used;
}

// A whole header: no byte less is enough, and what follows it is not looked at.
static void require_header(const void *data, size_t size, const char *address)
{
    char text[VT_ADDRESS_ROOM];
    uint8_t more[2048];
    for (size_t n = 0; n < size; n++) {
        REQUIRE_INT(parse(data, n, text), 0);
        REQUIRE_TEXT(text, "untouched");
    }
    memcpy(more, data, size);
    memset(more + size, 0x03, 16);
    REQUIRE_INT(parse(more, size + 16, text), (int)size);
    REQUIRE_TEXT(text, address);
}

static void require_line(const char *line, const char *address)
{
    require_header(line, strlen(line), address);
}

static void require_none(const void *data, size_t size)
{
    char text[VT_ADDRESS_ROOM];
    REQUIRE_INT(parse(data, size, text), -EBADMSG);
    REQUIRE_TEXT(text, "untouched");
}

TEST(lines_of_version_1)
{
    require_line("PROXY TCP4 192.0.2.7 198.51.100.1 56324 1935\r\n", "192.0.2.7");
    require_line("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255");
    require_line("PROXY TCP6 2001:db8::7 2001:db8::1 0 1935\r\n", "2001:db8::7");
    require_line("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 1935\r\n", "192.0.2.7");
    require_line("PROXY UNKNOWN\r\n", "unknown");
    require_line("PROXY UNKNOWN ffff:f...f:ffff whatever it is\r\n", "unknown");
}

TEST(lines_that_are_none)
{
    static const char *const lines[] = {
        "GET / HTTP/1.1\r\n", "PROXX", "proxy TCP4 ", "\x03", "PROXY TCP4 192.0.2.7 198.51.100.1 56324 1935\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n", "PROXY TCP4 192.0.2.7 198.51.100.1 56324 1935 1\r\n",
        "PROXY TCP4  192.0.2.7 198.51.100.1 56324 1935\r\n", "PROXY TCP4 192.0.2.7 198.51.100.1 65536 1935\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 01 1935\r\n", "PROXY TCP4 192.0.2.7 198.51.100.1 -1 1935\r\n",
        "PROXY TCP4 2001:db8::7 2001:db8::1 1 1935\r\n", "PROXY TCP6 192.0.2.7 198.51.100.1 1 1935\r\n",
        "PROXY TCP5 192.0.2.7 198.51.100.1 1 1935\r\n", "PROXY UNKNOWNS\r\n", "PROXY \r\n", "PROXY TCP4\r\n",
        "PROXY TCP4 localhost 198.51.100.1 1 1935\r\n", "PROXY TCP4 192.0.2.7 198.51.100.1 1 1935 \r\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        require_none(lines[i], strlen(lines[i]));
    require_none("PROXY TCP4 192.0.2.7\0 198.51.100.1 1 1935\r\n", 43);
}

TEST(a_line_is_bounded)
{
    char line[VT_PROXY_V1_BYTES + 2], text[VT_ADDRESS_ROOM];
    memset(line, 'x', sizeof line);
    memcpy(line, "PROXY UNKNOWN ", 14);
    memcpy(line + VT_PROXY_V1_BYTES - 2, "\r\n", 2);
    REQUIRE_INT(parse(line, sizeof line, text), VT_PROXY_V1_BYTES);
    memcpy(line + VT_PROXY_V1_BYTES - 2, "x\r\n", 3);
    REQUIRE_INT(parse(line, VT_PROXY_V1_BYTES - 1, text), 0);
    require_none(line, VT_PROXY_V1_BYTES);
    require_none(line, sizeof line);
}

// A header of version 2 with `length` bytes behind its first 16.
static size_t write_v2(uint8_t *out, uint8_t command, uint8_t family, size_t length)
{
    static const uint8_t addresses[] = {192, 0, 2, 7, 198, 51, 100, 1, 0xdc, 4, 7, 0x8f};
    memcpy(out, "\r\n\r\n\0\r\nQUIT\n", 12);
    out[12] = command;
    out[13] = family;
    out[14] = (uint8_t)(length >> 8);
    out[15] = (uint8_t)length;
    memset(out + 16, 0, length);
    if (family == 0x11 && length >= sizeof addresses)
        memcpy(out + 16, addresses, sizeof addresses);
    if (family == 0x21 && length >= 36)
        inet_pton(AF_INET6, "2001:db8::7", out + 16);
    return 16 + length;
}

TEST(headers_of_version_2)
{
    uint8_t data[2048];
    require_header(data, write_v2(data, 0x21, 0x11, 12), "192.0.2.7");
    require_header(data, write_v2(data, 0x21, 0x11, 300), "192.0.2.7");
    require_header(data, write_v2(data, 0x21, 0x21, 36), "2001:db8::7");
    require_header(data, write_v2(data, 0x21, 0x00, 0), "unknown");
    require_header(data, write_v2(data, 0x21, 0x31, 216), "unknown");
    require_header(data, write_v2(data, 0x20, 0x11, 12), "unknown");      // LOCAL
    require_header(data, write_v2(data, 0x20, 0x00, 0), "unknown");
    require_header(data, write_v2(data, 0x21, 0x11, VT_PROXY_V2_BYTES - 16), "192.0.2.7");
}

TEST(headers_of_version_2_that_are_none)
{
    uint8_t data[2048];
    static const struct {
        uint8_t command, family;
        size_t length;
    } bad[] = {{0x11, 0x11, 12}, {0x22, 0x11, 12}, {0x31, 0x11, 12}, {0x21, 0x11, 11}, {0x21, 0x21, 35},
               {0x21, 0x12, 12}, {0x21, 0x22, 36}, {0x21, 0x32, 216}, {0x21, 0xff, 12},
               {0x21, 0x11, VT_PROXY_V2_BYTES - 15}, {0x20, 0x00, VT_PROXY_V2_BYTES - 15}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        require_none(data, write_v2(data, bad[i].command, bad[i].family, bad[i].length));
    memset(data, 0xff, sizeof data);
    memcpy(data, "\r\n\r\n\0\r\nQUIT\r", 12);
    require_none(data, 12);
    write_v2(data, 0x21, 0x11, 0);
    data[14] = data[15] = 0xff;
    require_none(data, 16);
}

TEST(nothing_behind_a_header_is_read_off_the_socket)
{
    static const char line[] = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 1935\r\n\x03rest";
    int ends[2];
    char rest[16];
    struct vt_proxy_reader reader = {0};
    struct sockaddr_storage from;
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    REQUIRE_INT(vt_proxy_read(&reader, ends[0], &from), 0);
    for (int i = 0; i < 20; i++) {
        REQUIRE_INT(write(ends[1], line + i, 1), 1);
        REQUIRE_INT(vt_proxy_read(&reader, ends[0], &from), 0);
    }
    REQUIRE_INT(write(ends[1], line + 20, sizeof line - 21), (int64_t)sizeof line - 21);
    REQUIRE_INT(vt_proxy_read(&reader, ends[0], &from), 1);
    REQUIRE_TEXT(vt_peer_address(&from).text, "192.0.2.7");
    REQUIRE_INT(read(ends[0], rest, sizeof rest), 5);
    REQUIRE(memcmp(rest, "\x03rest", 5) == 0);
    reader.have = 0;
    close(ends[1]);
    REQUIRE_INT(vt_proxy_read(&reader, ends[0], &from), -EPIPE);
    close(ends[0]);
}

static bool holds(const char *network, const char *who)
{
    struct vt_network parsed;
    struct sockaddr_storage from;
    REQUIRE_INT(vt_network_parse(network, &parsed), 0);
    vt_peer_sockaddr(&from, who);
    return vt_networks_hold(&parsed, 1, &from);
}

TEST(networks_hold_their_addresses)
{
    REQUIRE(holds("192.0.2.7", "192.0.2.7") && !holds("192.0.2.7", "192.0.2.6"));
    REQUIRE(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
    REQUIRE(holds("192.0.2.128/25", "192.0.2.129") && !holds("192.0.2.128/25", "192.0.2.127"));
    REQUIRE(holds("0.0.0.0/0", "203.0.113.1") && !holds("0.0.0.0/0", "2001:db8::1"));
    REQUIRE(holds("192.0.2.7/32", "::ffff:192.0.2.7"));
    REQUIRE(holds("2001:db8::/32", "2001:db8:ffff::1") && !holds("2001:db8::/32", "2001:db9::1"));
    REQUIRE(holds("::1", "::1") && !holds("::1", "::2"));
    REQUIRE(holds("::/0", "2001:db8::1"));
    REQUIRE(!holds("::/0", "unknown"));
}

TEST(networks_that_are_none)
{
    static const char *const bad[] = {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/ 8",
                                      "10.0.0/8", "::/129", "::/1280", "localhost", "10.0.0.1:80", "[::1]"};
    struct vt_network network;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        REQUIRE_INT(vt_network_parse(bad[i], &network), -EINVAL);
    char longest[VT_NETWORK_TEXT_MAX + 2];
    memset(longest, '0', sizeof longest);
    longest[sizeof longest - 1] = 0;
    REQUIRE_INT(vt_network_parse(longest, &network), -EINVAL);
    REQUIRE_INT(vt_network_parse("0000:0000:0000:0000:0000:ffff:255.255.255.255/128", &network), 0);
}

int main(void)
{
    RUN(lines_of_version_1);
    RUN(lines_that_are_none);
    RUN(a_line_is_bounded);
    RUN(headers_of_version_2);
    RUN(headers_of_version_2_that_are_none);
    RUN(nothing_behind_a_header_is_read_off_the_socket);
    RUN(networks_hold_their_addresses);
    RUN(networks_that_are_none);
    return DONE();
}
