// A proxy that is a bad line: forwards UDP packets or TCP connections and loses, delays, reorders, duplicates and holds
// them back, the same way each time that the seed is the same.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "impair_line.h"

#define PEERS_MAX   64                           // callers at a time
#define WAITING_MAX 65536                        // packets on their way
#define PACKET_MAX  65536
#define TCP_PIECE   1400                         // bytes of a connection that count as one packet
#define RESEND_NS   200000000                    // a lost piece of a connection comes this much later
#define HELD_NS     INT64_C(1000000000)          // a connection with more than this on its way is not read from

static const char usage[] =
    "impair [OPTION...] udp|tcp TARGET_PORT\n"
    "Listens on a free port of 127.0.0.1, says \"port N\", and forwards to TARGET_PORT of 127.0.0.1. At SIGTERM it\n"
    "prints what became of the packets, as JSON, and ends.\n"
    "  --seed N               what chance begins with (1)\n"
    "  --loss PERCENT         packets that are lost\n"
    "  --delay MS             that each packet waits\n"
    "  --jitter MIN:MAX       ms that each packet waits, evenly distributed; over UDP they overtake each other\n"
    "  --reorder PERCENT      packets that wait 20 ms more than the others\n"
    "  --duplicate PERCENT    packets that come twice\n"
    "  --rate KBIT            kbit/s at most; a packet that would wait longer than --queue is dropped\n"
    "  --queue MS             (200)\n"
    "  --blackout START:LONG  seconds since the first packet, and how many: nothing comes through\n"
    "  --mtu BYTES            larger packets, headers of IP and UDP (28) included, are dropped\n"
    "  --forth                only from the caller to the target; the way back is a good line\n"
    "TCP loses nothing: a lost piece comes 200 ms late and holds up those behind it, and a blackout ends late.\n";

struct peer {
    int fd, upstream;                            // tcp: the caller's connection; udp: only upstream is one of its own
    struct sockaddr_in address;
    struct impair_line forth, back;
    int64_t last_ns[2];                          // tcp: when the last piece of a direction goes
    bool open, ended[2];
};

struct packet {
    int64_t at_ns, number;
    int peer;
    bool back;
    size_t size;
    uint8_t *data;
};

static struct {
    struct impair_options options, good;
    bool tcp, forth_only;
    int listening;
    struct sockaddr_in target;
    struct peer peers[PEERS_MAX];
    uint64_t peer_count;
    struct packet *waiting[WAITING_MAX];         // a heap, the earliest first
    size_t count;
    int64_t number;
    struct impair_counts forth, back;            // of peers that have gone
} proxy;

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    stopped = 1;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// ---- packets on their way

static bool before(const struct packet *a, const struct packet *b)
{
    return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->number < b->number);
}

static void push(struct packet *packet)
{
    size_t i = proxy.count++;
    for (; i > 0 && before(packet, proxy.waiting[(i - 1) / 2]); i = (i - 1) / 2)
        proxy.waiting[i] = proxy.waiting[(i - 1) / 2];
    proxy.waiting[i] = packet;
}

static struct packet *pop(void)
{
    struct packet *first = proxy.waiting[0], *last = proxy.waiting[--proxy.count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < proxy.count; i = child) {
        if (child + 1 < proxy.count && before(proxy.waiting[child + 1], proxy.waiting[child]))
            child++;
        if (!before(proxy.waiting[child], last))
            break;
        proxy.waiting[i] = proxy.waiting[child];
    }
    proxy.waiting[i] = last;
    return first;
}

static void queue(int peer, bool back, const uint8_t *data, size_t size, int64_t at_ns)
{
    if (proxy.count == WAITING_MAX)
        return;
    struct packet *packet = malloc(sizeof *packet);
    uint8_t *copy = malloc(size + 1);
    if (!packet || !copy)
        fail("malloc");
    memcpy(copy, data, size);
    *packet = (struct packet){at_ns, proxy.number++, peer, back, size, copy};
    push(packet);
}

static void drop_packets(int peer)
{
    size_t kept = 0, count = proxy.count;
    for (size_t i = 0; i < count; i++) {
        struct packet *packet = proxy.waiting[i];
        if (packet->peer != peer) {
            proxy.waiting[kept++] = packet;
            continue;
        }
        free(packet->data);
        free(packet);
    }
    proxy.count = 0;
    for (size_t i = 0; i < kept; i++)
        push(proxy.waiting[i]);
}

// ---- peers

static void add(struct impair_counts *sum, const struct impair_counts *more)
{
    sum->packets += more->packets;
    sum->lost += more->lost;
    sum->duplicated += more->duplicated;
    sum->reordered += more->reordered;
    sum->blacked_out += more->blacked_out;
    sum->too_big += more->too_big;
    sum->overrun += more->overrun;
}

static void close_peer(int index)
{
    struct peer *peer = &proxy.peers[index];
    drop_packets(index);
    add(&proxy.forth, &peer->forth.counts);
    add(&proxy.back, &peer->back.counts);
    if (peer->fd >= 0)
        close(peer->fd);
    close(peer->upstream);
    *peer = (struct peer){.fd = -1};
}

// Over UDP the place of the one that was there first is taken when all are.
static int open_peer(int fd, const struct sockaddr_in *address)
{
    int index = 0;
    while (index < PEERS_MAX && proxy.peers[index].open)
        index++;
    if (index == PEERS_MAX) {
        index = (int)(proxy.peer_count % PEERS_MAX);
        close_peer(index);
    }
    int type = (proxy.tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC;
    int upstream = socket(AF_INET, type, 0);
    if (upstream < 0 || connect(upstream, (struct sockaddr *)&proxy.target, sizeof proxy.target) < 0) {
        if (upstream >= 0)
            close(upstream);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    setsockopt(upstream, SOL_SOCKET, SO_RCVBUF, &(int){4 << 20}, sizeof(int));
    uint64_t number = proxy.peer_count++;
    proxy.peers[index] = (struct peer){.fd = fd, .upstream = upstream, .address = *address, .open = true,
                                       .forth = impair_line(&proxy.options, 2 * number),
                                       .back = impair_line(proxy.forth_only ? &proxy.good : &proxy.options,
                                                           2 * number + 1)};
    return index;
}

static int find_peer(const struct sockaddr_in *address)
{
    for (int i = 0; i < PEERS_MAX; i++) {
        const struct sockaddr_in *other = &proxy.peers[i].address;
        if (proxy.peers[i].open && other->sin_port == address->sin_port &&
            other->sin_addr.s_addr == address->sin_addr.s_addr)
            return i;
    }
    return open_peer(-1, address);
}

// ---- what comes

static void take_udp(int index, bool back, const uint8_t *data, size_t size)
{
    struct peer *peer = &proxy.peers[index];
    int64_t at_ns[IMPAIR_COPIES];
    int copies = impair_packet(back ? &peer->back : &peer->forth, size, now_ns(), at_ns);
    for (int i = 0; i < copies; i++)
        queue(index, back, data, size, at_ns[i]);
}

// A connection's pieces keep their order, and none is missing.
static void take_tcp(int index, bool back, const uint8_t *data, size_t size)
{
    struct peer *peer = &proxy.peers[index];
    struct impair_line *line = back ? &peer->back : &peer->forth;
    for (size_t at = 0, piece; at < size || size == 0; at += piece) {
        int64_t at_ns[IMPAIR_COPIES], now = now_ns();
        piece = size - at < TCP_PIECE ? size - at : TCP_PIECE;
        int64_t blackouts = line->counts.blacked_out;
        if (impair_packet(line, piece, now, at_ns) == 0)
            at_ns[0] = now + RESEND_NS;
        if (line->counts.blacked_out > blackouts)
            at_ns[0] = line->start_ns + line->options->blackout_at_ns + line->options->blackout_ns + RESEND_NS;
        if (at_ns[0] < peer->last_ns[back])
            at_ns[0] = peer->last_ns[back];
        peer->last_ns[back] = at_ns[0];
        queue(index, back, data + at, piece, at_ns[0]);
        if (size == 0)
            break;
    }
}

static void on_upstream(int index)
{
    static uint8_t data[PACKET_MAX];
    ssize_t size = recv(proxy.peers[index].upstream, data, sizeof data, MSG_DONTWAIT);
    if (!proxy.tcp && size >= 0)
        take_udp(index, true, data, (size_t)size);
    else if (proxy.tcp && (size >= 0 || errno != EAGAIN)) {
        take_tcp(index, true, data, size > 0 ? (size_t)size : 0);
        proxy.peers[index].ended[1] = size <= 0;
    }
}

static void on_caller(int index)
{
    static uint8_t data[PACKET_MAX];
    ssize_t size = recv(proxy.peers[index].fd, data, sizeof data, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN)
        return;
    take_tcp(index, false, data, size > 0 ? (size_t)size : 0);
    proxy.peers[index].ended[0] = size <= 0;
}

static void on_listening(void)
{
    static uint8_t data[PACKET_MAX];
    struct sockaddr_in from = {0};
    socklen_t room = sizeof from;
    if (proxy.tcp) {
        int fd = accept4(proxy.listening, (struct sockaddr *)&from, &room, SOCK_CLOEXEC);
        if (fd >= 0)
            open_peer(fd, &from);
        return;
    }
    ssize_t size = recvfrom(proxy.listening, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *)&from, &room);
    int index = size < 0 ? -1 : find_peer(&from);
    if (index >= 0)
        take_udp(index, false, data, (size_t)size);
}

// ---- what goes

// An empty piece of a connection is its end.
static bool deliver_tcp(struct peer *peer, const struct packet *packet)
{
    int to = packet->back ? peer->fd : peer->upstream;
    if (packet->size == 0)
        return shutdown(to, SHUT_WR) == 0;
    for (size_t at = 0; at < packet->size;) {
        ssize_t n = send(to, packet->data + at, packet->size - at, MSG_NOSIGNAL);
        if (n < 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

static void deliver(struct packet *packet)
{
    struct peer *peer = &proxy.peers[packet->peer];
    bool well = true;
    if (!peer->open)
        ;
    else if (proxy.tcp)
        well = deliver_tcp(peer, packet);
    else if (packet->back)
        (void)sendto(proxy.listening, packet->data, packet->size, MSG_DONTWAIT, (struct sockaddr *)&peer->address,
                     sizeof peer->address);
    else
        (void)send(peer->upstream, packet->data, packet->size, MSG_DONTWAIT);
    int index = packet->peer;
    free(packet->data);
    free(packet);
    if (!well)
        close_peer(index);
}

// ---- the proxy

static int wait_ms(void)
{
    if (proxy.count == 0)
        return 1000;
    int64_t left_ns = proxy.waiting[0]->at_ns - now_ns();
    return left_ns <= 0 ? 0 : (int)(left_ns / 1000000) + 1;
}

// Whether to read one direction of a peer now.
static bool reads(const struct peer *peer, bool back)
{
    bool held = proxy.tcp && (peer->last_ns[back] > now_ns() + HELD_NS || proxy.count > WAITING_MAX / 2);
    return peer->open && !peer->ended[back] && !held;
}

static void run(void)
{
    struct pollfd polls[1 + 2 * PEERS_MAX];
    while (!stopped) {
        polls[0] = (struct pollfd){.fd = proxy.listening, .events = POLLIN};
        for (int i = 0; i < PEERS_MAX; i++) {
            const struct peer *peer = &proxy.peers[i];
            polls[1 + 2 * i] = (struct pollfd){.fd = reads(peer, true) ? peer->upstream : -1, .events = POLLIN};
            polls[2 + 2 * i] = (struct pollfd){.fd = proxy.tcp && reads(peer, false) ? peer->fd : -1,
                                               .events = POLLIN};
        }
        int ready = poll(polls, 1 + 2 * PEERS_MAX, wait_ms());
        for (int i = 0; i < PEERS_MAX && ready > 0; i++) {
            if (polls[1 + 2 * i].revents && proxy.peers[i].open)
                on_upstream(i);
            if (polls[2 + 2 * i].revents && proxy.peers[i].open)
                on_caller(i);
        }
        if (ready > 0 && polls[0].revents)
            on_listening();
        while (proxy.count > 0 && proxy.waiting[0]->at_ns <= now_ns())
            deliver(pop());
    }
}

static void print_counts(const char *name, const struct impair_counts *c, const char *after)
{
    printf("\"%s\": {\"packets\": %lld, \"lost\": %lld, \"duplicated\": %lld, \"reordered\": %lld, \"blacked_out\": %lld, "
           "\"too_big\": %lld, \"overrun\": %lld}%s", name, (long long)c->packets, (long long)c->lost,
           (long long)c->duplicated, (long long)c->reordered, (long long)c->blacked_out, (long long)c->too_big,
           (long long)c->overrun, after);
}

static void start(int target_port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    proxy.target = here;
    proxy.target.sin_port = htons((uint16_t)target_port);
    proxy.listening = socket(AF_INET, (proxy.tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
    if (proxy.listening < 0 || bind(proxy.listening, (struct sockaddr *)&here, size) < 0 ||
        (proxy.tcp && listen(proxy.listening, 64) < 0) ||
        getsockname(proxy.listening, (struct sockaddr *)&here, &size) < 0)
        fail("listening");
    if (!proxy.tcp)
        setsockopt(proxy.listening, SOL_SOCKET, SO_RCVBUF, &(int){4 << 20}, sizeof(int));
    for (int i = 0; i < PEERS_MAX; i++)
        proxy.peers[i].fd = -1;
    printf("port %d\n", ntohs(here.sin_port));
    fflush(stdout);
}

// ---- the command line

static void bad(const char *what)
{
    fprintf(stderr, "impair: %s; impair --help lists the options\n", what);
    exit(2);
}

static double number(const char *text, char **end)
{
    double value = strtod(text, end);
    if (*end == text || value < 0 || value > 1e9)
        bad(text);
    return value;
}

static double only(const char *text)
{
    char *end;
    double value = number(text, &end);
    if (*end)
        bad(text);
    return value;
}

// "A:B", in units of `unit` nanoseconds.
static void pair(const char *text, double unit, int64_t *first, int64_t *second)
{
    char *end;
    *first = (int64_t)(number(text, &end) * unit);
    if (*end != ':')
        bad(text);
    *second = (int64_t)(only(end + 1) * unit);
}

static void read_option(int option, const char *value)
{
    struct impair_options *o = &proxy.options;
    switch (option) {
    case 's': o->seed = (uint64_t)only(value); break;
    case 'l': o->loss = only(value) / 100; break;
    case 'd': o->delay_ns = (int64_t)(only(value) * 1e6); break;
    case 'j':
        pair(value, 1e6, &o->delay_ns, &o->jitter_ns);
        o->jitter_ns -= o->delay_ns;
        if (o->jitter_ns < 0)
            bad(value);
        break;
    case 'r': o->reorder = only(value) / 100; break;
    case 'u': o->duplicate = only(value) / 100; break;
    case 'k': o->rate = (int64_t)(only(value) * 1e3); break;
    case 'q': o->queue_ns = (int64_t)(only(value) * 1e6); break;
    case 'b': pair(value, 1e9, &o->blackout_at_ns, &o->blackout_ns); break;
    case 'm':
        o->mtu = (size_t)only(value);
        if (o->mtu <= 28)
            bad(value);
        o->mtu -= 28;
        break;
    case 'f': proxy.forth_only = true; break;
    case 'h': fputs(usage, stdout); exit(0);
    default: exit(2);
    }
}

static int read_arguments(int argc, char **argv)
{
    static const struct option options[] = {
        {"seed", 1, NULL, 's'}, {"loss", 1, NULL, 'l'}, {"delay", 1, NULL, 'd'}, {"jitter", 1, NULL, 'j'},
        {"reorder", 1, NULL, 'r'}, {"duplicate", 1, NULL, 'u'}, {"rate", 1, NULL, 'k'}, {"queue", 1, NULL, 'q'},
        {"blackout", 1, NULL, 'b'}, {"mtu", 1, NULL, 'm'}, {"forth", 0, NULL, 'f'}, {"help", 0, NULL, 'h'}, {0}};
    proxy.options = (struct impair_options){.seed = 1, .overtake_ns = 20000000, .queue_ns = 200000000};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        read_option(option, optarg);
    if (argc - optind != 2)
        bad("it takes udp or tcp and a port");
    proxy.tcp = strcmp(argv[optind], "tcp") == 0;
    if (!proxy.tcp && strcmp(argv[optind], "udp") != 0)
        bad(argv[optind]);
    if (proxy.tcp)
        proxy.options.queue_ns = INT64_MAX / 4;                  // held back instead
    int port = (int)only(argv[optind + 1]);
    if (port < 1 || port > 65535)
        bad(argv[optind + 1]);
    return port;
}

int main(int argc, char **argv)
{
    int port = read_arguments(argc, argv);
    struct sigaction action = {.sa_handler = on_signal};         // without SA_RESTART: poll ends
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    start(port);
    run();
    for (int i = 0; i < PEERS_MAX; i++) {
        if (proxy.peers[i].open)
            close_peer(i);
    }
    printf("{");
    print_counts("forth", &proxy.forth, ", ");
    print_counts("back", &proxy.back, "}\n");
    return 0;
}
