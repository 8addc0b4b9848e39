#include "serve/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include "check.h"

TEST(reads_addresses)
{
    struct vt_address address;
    REQUIRE_INT(vt_address_parse("127.0.0.1:1935", &address), 0);
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address.where;
    REQUIRE_INT(ntohs(v4->sin_port), 1935);
    REQUIRE_INT(ntohl(v4->sin_addr.s_addr), 0x7f000001);
    REQUIRE_INT(vt_address_parse("*:0", &address), 0);
    REQUIRE_INT(v4->sin_addr.s_addr, 0);
    REQUIRE_INT(vt_address_parse("localhost:65535", &address), 0);
    REQUIRE_INT(ntohs(v4->sin_port), 65535);
    REQUIRE_INT(vt_address_parse("[::1]:80", &address), 0);
    REQUIRE_INT(address.where.ss_family, AF_INET6);
}

TEST(refuses_what_is_no_address)
{
    static const char *const texts[] = {"", ":", ":80", "80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                                        "127.0.0.1:x", "127.0.0.1:-1", "127.0.0.1: 1", "::1:80", "[::1]", "[]:80",
                                        "example.com:80", "127.0.0.1:123456", "256.0.0.1:80",
                                        "11111111111111111111111111111111111111111111111111111111111111111111:80"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct vt_address address = {.size = 7};
        REQUIRE_INT(vt_address_parse(texts[i], &address), -EINVAL);
        REQUIRE_INT(address.size, 7);
    }
}

TEST(says_what_to_do_when_it_is_in_use)
{
    char why[VT_LISTEN_WHY], name[VT_LISTEN_ROOM];
    int fd = vt_listen("127.0.0.1:0", false, why);
    REQUIRE(fd >= 0);
    vt_listen_name(fd, name);
    REQUIRE(strncmp(name, "127.0.0.1:", 10) == 0 && atoi(name + 10) > 0);
    REQUIRE_INT(vt_listen(name, false, why), -EADDRINUSE);
    REQUIRE(strncmp(why, name, strlen(name)) == 0 && strstr(why, "is in use") && strstr(why, "listen:"));
    close(fd);
    fd = vt_listen(name, false, why);
    REQUIRE(fd >= 0);
    close(fd);
}

TEST(every_address_is_opened_locally)
{
    char why[VT_LISTEN_WHY], name[VT_LISTEN_ROOM];
    int fd = vt_listen("*:0", false, why);
    REQUIRE(fd >= 0);
    vt_listen_name(fd, name);
    REQUIRE(strncmp(name, "127.0.0.1:", 10) == 0);
    close(fd);
}

TEST(both_kinds_of_address_share_a_port_among_others)
{
    char why[VT_LISTEN_WHY], name[VT_LISTEN_ROOM], other[VT_LISTEN_ROOM];
    int all = vt_listen("[::]:0", false, why);
    if (all < 0)
        return;                                          // no IPv6 here
    vt_listen_name(all, name);
    snprintf(other, sizeof other, "0.0.0.0%s", strrchr(name, ':'));
    REQUIRE_INT(vt_listen(other, false, why), -EADDRINUSE);
    close(all);
    snprintf(name, sizeof name, "[::]%s", strrchr(other, ':'));
    int v6 = vt_listen(name, true, why), v4 = vt_listen(other, true, why);
    REQUIRE(v6 >= 0 && v4 >= 0);
    close(v6);
    close(v4);
    v6 = vt_listen_srt("[::]:0", true, why);
    REQUIRE(v6 >= 0);
    vt_listen_name(v6, name);
    REQUIRE(strncmp(name, "[::1]:", 6) == 0);
    close(v6);
}

TEST(says_what_is_wrong_with_a_strange_address)
{
    char why[VT_LISTEN_WHY];
    REQUIRE_INT(vt_listen("192.0.2.1:1", false, why), -EADDRNOTAVAIL);
    REQUIRE(strstr(why, "192.0.2.1:1 is not an address of this machine") != NULL);
}

TEST(a_socket_for_srt_blocks)
{
    char why[VT_LISTEN_WHY];
    int fd = vt_listen_srt("127.0.0.1:0", false, why);
    REQUIRE(fd >= 0);
    REQUIRE_INT(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    REQUIRE_INT(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    close(fd);
}

int main(void)
{
    RUN(reads_addresses);
    RUN(refuses_what_is_no_address);
    RUN(says_what_to_do_when_it_is_in_use);
    RUN(every_address_is_opened_locally);
    RUN(both_kinds_of_address_share_a_port_among_others);
    RUN(says_what_is_wrong_with_a_strange_address);
    RUN(a_socket_for_srt_blocks);
    return DONE();
}
