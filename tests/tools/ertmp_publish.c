// A publisher of Enhanced RTMP for tests: wraps the packets of media files into FourCC tags and sends them in real time.
//
//     ertmp_publish [--modex] [--multitrack] [--colour] [--times] PORT KEY FILE...
//
// The files follow each other on one connection and one timeline, so that a second one with other codecs is a change of
// codecs in mid-stream. --modex puts a nanosecond modifier before every tag; --multitrack sends each video tag as two
// tracks of one message, the second with bytes that are nobody's; --times says of each picture, in decoding order, when its
// last byte was given to the socket ("sent MONOTONIC_US REALTIME_US"); --colour sends a colorInfo of BT.2020 and PQ first.
// Prints each command that it is answered with, and ends with 1 when it is refused or the connection breaks.
#include <arpa/inet.h>
#include <errno.h>
#include <libavformat/avformat.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ingest/client.h"

#define CHUNK 60000
#define MS    1000000

enum { SEQUENCE_START, CODED_FRAMES, SEQUENCE_END, METADATA = 4, MULTITRACK_AUDIO, MULTITRACK_VIDEO, MOD_EX };

static struct {
    bool modex, multitrack, colour, times;
    int socket;
    int64_t start_ns, offset_ms, last_ms;
} p;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 * MS + t.tv_nsec;
}

static const char *fourcc(enum AVCodecID id)
{
    switch (id) {
    case AV_CODEC_ID_H264: return "avc1";
    case AV_CODEC_ID_HEVC: return "hvc1";
    case AV_CODEC_ID_AV1: return "av01";
    case AV_CODEC_ID_VP9: return "vp09";
    case AV_CODEC_ID_AAC: return "mp4a";
    case AV_CODEC_ID_OPUS: return "Opus";
    case AV_CODEC_ID_FLAC: return "fLaC";
    case AV_CODEC_ID_AC3: return "ac-3";
    case AV_CODEC_ID_EAC3: return "ec-3";
    case AV_CODEC_ID_MP3: return ".mp3";
    default: return NULL;
    }
}

static void say_time(void)
{
    struct timespec real;
    clock_gettime(CLOCK_REALTIME, &real);
    printf("sent %lld %lld\n", (long long)(now_ns() / 1000), (long long)real.tv_sec * 1000000 + real.tv_nsec / 1000);
    fflush(stdout);
}

// -- the connection

static bool send_all(struct vt_writer *w)
{
    for (size_t at = 0; at < w->size;) {
        ssize_t n = send(p.socket, w->data + at, w->size - at, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        at += (size_t)n;
    }
    vt_writer_free(w);
    return true;
}

// Reads what has come. False once the other side has hung up or refused; its bytes are searched for the words that a
// person would look for.
static bool listen_a_little(int wait_ms)
{
    static uint8_t heard[65536];
    static size_t size;
    struct pollfd fd = {.fd = p.socket, .events = POLLIN};
    while (poll(&fd, 1, wait_ms) > 0) {
        ssize_t n = recv(p.socket, heard + size, sizeof heard - size, 0);
        if (n <= 0)
            return false;
        size = size + (size_t)n < sizeof heard ? size + (size_t)n : 0;
        wait_ms = 0;
        if (memmem(heard, size, "Publish.Start", 13)) {
            puts("Publish.Start");
            size = 0;
        } else if (memmem(heard, size, "error", 5)) {
            for (size_t i = 0; i < size; i++)
                putchar(heard[i] >= ' ' && heard[i] < 127 ? heard[i] : '.');
            putchar('\n');
            return false;
        }
        fflush(stdout);
    }
    return true;
}

static bool open_connection(int port, const char *key)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct vt_writer w = {0};
    p.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (p.socket < 0 || connect(p.socket, (struct sockaddr *)&to, sizeof to) < 0)
        return false;
    client_publish(&w, key);
    client_number(&w, VT_RTMP_SET_CHUNK_SIZE, CHUNK);
    return send_all(&w) && listen_a_little(2000);
}

// -- tags

static void write_head(struct vt_writer *w, bool video, bool key, int packet)
{
    unsigned first = video ? 0x80u | (key ? 0x10u : 0x20u) : 0x90u;
    if (p.modex) {
        vt_write_u8(w, (uint8_t)(first | MOD_EX));
        vt_write_bytes(w, "\2\0\0\1", 4);           // three bytes: one nanosecond
        vt_write_u8(w, (uint8_t)packet);            // type 0 in the upper half
    } else {
        vt_write_u8(w, (uint8_t)(first | (unsigned)packet));
    }
}

static bool send_tag(const AVCodecParameters *codec, bool key, int packet, int64_t dts_ms, int32_t cts_ms,
                     const uint8_t *data, size_t size)
{
    bool video = codec->codec_type == AVMEDIA_TYPE_VIDEO, many = p.multitrack && video;
    bool nal = codec->codec_id == AV_CODEC_ID_H264 || codec->codec_id == AV_CODEC_ID_HEVC;
    bool cts = nal && packet == CODED_FRAMES;
    struct vt_writer body = {0}, w = {0};
    write_head(&body, video, key, many ? MULTITRACK_VIDEO : packet);
    if (many)
        vt_write_u8(&body, (uint8_t)(0x10 | packet));
    vt_write_bytes(&body, fourcc(codec->codec_id), 4);
    if (many) {
        vt_write_u8(&body, 0);
        vt_write_u24be(&body, (uint32_t)(size + (cts ? 3 : 0)));
    }
    if (cts)
        vt_write_u24be(&body, (uint32_t)cts_ms & 0xffffff);
    vt_write_bytes(&body, data, size);
    if (many)
        vt_write_bytes(&body, "\1\0\0\4zzzz", 8);
    client_message(&w, CHUNK, video ? 6 : 4, video ? VT_RTMP_VIDEO : VT_RTMP_AUDIO, 1, (uint32_t)dts_ms, body.data,
                   body.size);
    vt_writer_free(&body);
    return send_all(&w);
}

static bool send_colour(const AVCodecParameters *codec)
{
    static const struct { const char *name; double value; } members[] = {
        {"bitDepth", 10}, {"colorPrimaries", 9}, {"transferCharacteristics", 16}, {"matrixCoefficients", 9}};
    struct vt_writer body = {0}, w = {0};
    vt_write_u8(&body, 0x90 | METADATA);
    vt_write_bytes(&body, fourcc(codec->codec_id), 4);
    vt_amf0_write_string(&body, "colorInfo");
    vt_amf0_write_object(&body);
    vt_amf0_write_name(&body, "colorConfig");
    vt_amf0_write_object(&body);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        vt_amf0_write_name(&body, members[i].name);
        vt_amf0_write_number(&body, members[i].value);
    }
    vt_amf0_write_end(&body);
    vt_amf0_write_end(&body);
    client_message(&w, CHUNK, 6, VT_RTMP_VIDEO, 1, (uint32_t)p.offset_ms, body.data, body.size);
    vt_writer_free(&body);
    return send_all(&w);
}

// VP9 files carry no record; one that fits 8-bit 4:2:0.
static bool send_config(const AVCodecParameters *codec)
{
    static const uint8_t vpcc[12] = {1, 0, 0, 0, 0, 31, 0x82, 1, 1, 1};
    bool vp9 = codec->codec_id == AV_CODEC_ID_VP9;
    if (!vp9 && codec->extradata_size == 0 && codec->codec_id != AV_CODEC_ID_OPUS)
        return true;
    if (p.colour && codec->codec_type == AVMEDIA_TYPE_VIDEO && !send_colour(codec))
        return false;
    return send_tag(codec, true, SEQUENCE_START, p.offset_ms, 0, vp9 ? vpcc : codec->extradata,
                    vp9 ? sizeof vpcc : (size_t)codec->extradata_size);
}

// -- files

static bool send_packet(const AVStream *stream, const AVPacket *packet)
{
    AVRational ms = {1, 1000};
    int64_t at = packet->dts == AV_NOPTS_VALUE ? packet->pts : packet->dts;
    int64_t dts = p.offset_ms + av_rescale_q(at, stream->time_base, ms);
    int64_t pts = p.offset_ms + av_rescale_q(packet->pts, stream->time_base, ms);
    int64_t due_ns = p.start_ns + dts * MS, early_ns = due_ns - now_ns();
    if (early_ns > 0) {
        struct timespec t = {early_ns / (1000 * MS), early_ns % (1000 * MS)};
        nanosleep(&t, NULL);
    }
    if (dts > p.last_ms)
        p.last_ms = dts;
    bool ok = listen_a_little(0) && send_tag(stream->codecpar, packet->flags & AV_PKT_FLAG_KEY, CODED_FRAMES,
                                             dts < 0 ? 0 : dts, (int32_t)(pts - dts), packet->data,
                                             (size_t)packet->size);
    if (ok && p.times && stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO)
        say_time();
    return ok;
}

static bool send_file(const char *path)
{
    AVFormatContext *file = NULL;
    AVPacket *packet = av_packet_alloc();
    bool ok = packet && avformat_open_input(&file, path, NULL, NULL) == 0 &&
              avformat_find_stream_info(file, NULL) >= 0;
    if (!ok)
        fprintf(stderr, "ertmp_publish: cannot read %s\n", path);
    for (unsigned i = 0; ok && i < file->nb_streams; i++)
        ok = fourcc(file->streams[i]->codecpar->codec_id) && send_config(file->streams[i]->codecpar);
    while (ok && av_read_frame(file, packet) == 0) {
        ok = send_packet(file->streams[packet->stream_index], packet);
        av_packet_unref(packet);
    }
    p.offset_ms = p.last_ms + 40;
    av_packet_free(&packet);
    avformat_close_input(&file);
    return ok;
}

int main(int argc, char **argv)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        p.modex = p.modex || strcmp(argv[i], "--modex") == 0;
        p.multitrack = p.multitrack || strcmp(argv[i], "--multitrack") == 0;
        p.times = p.times || strcmp(argv[i], "--times") == 0;
        p.colour = p.colour || strcmp(argv[i], "--colour") == 0;
    }
    if (argc - i < 3) {
        fputs("usage: ertmp_publish [--modex] [--multitrack] [--colour] [--times] PORT KEY FILE...\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    av_log_set_level(AV_LOG_ERROR);
    bool ok = open_connection(atoi(argv[i]), argv[i + 1]);
    p.start_ns = now_ns();
    for (i += 2; ok && i < argc; i++)
        ok = send_file(argv[i]);
    if (ok) {
        struct vt_writer w = {0};
        client_command(&w, "deleteStream", 7, 0, NULL);
        ok = send_all(&w);
        shutdown(p.socket, SHUT_WR);
        listen_a_little(500);
    }
    close(p.socket);
    return ok ? 0 : 1;
}
