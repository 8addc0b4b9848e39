#include "ingest/ts_source.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"
#include "ingest/ts_sound.h"

#define READ_BYTES  (VT_TS_PACKET * 170)
#define SLICE_MS    500                          // a wait for bytes is no longer, so that limits of time hold

struct vt_ts_source {
    int fd, event;
    pthread_t thread;

    // the thread's own
    uint8_t bytes[READ_BYTES];                   // read, not looked at yet:
    struct vt_reader left;
    struct vt_ts_layout layout;                  // of `format`
    AVFormatContext *format;
    int64_t next_sound;                          // ticks; AV_NOPTS_VALUE: unknown
    int64_t latm_ticks;
    int64_t given[VT_TS_KINDS];                  // bytes of packets since the last unit
    bool any_given;                              // to `format`
    int stopped;                                 // why read_bytes said that it is the end: AGAIN, or a negative errno

    pthread_mutex_t lock;                        // guards the rest
    pthread_cond_t room;
    struct vt_ts_packets packets;
    struct vt_ts_unit *first, **end;
    size_t queued_bytes;
    int queued_units;
    bool stop;
    int result;                                  // 0 while it runs; then what take returns once the queue is empty
    char why[VT_TS_WHY_ROOM];
    struct vt_ts_stats stats;
};

#define AGAIN 1                                  // a demultiplexer ends and another begins

// ---- packets for libavformat, in the thread


// Returns 0, or -EPIPE at the end of the bytes.
static int receive(struct vt_ts_source *source)
{
    ssize_t n = recv(source->fd, source->bytes, sizeof source->bytes, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        return -EPIPE;
    if (n < 0) {
        poll(&(struct pollfd){.fd = source->fd, .events = POLLIN}, 1, SLICE_MS);
        n = 0;
    }
    source->left = vt_reader(source->bytes, (size_t)n);
    pthread_mutex_lock(&source->lock);
    source->stats.bytes += n;
    pthread_mutex_unlock(&source->lock);
    return 0;
}

// A demultiplexer keeps what it cannot end: it is given no more than a unit may have.
static bool is_too_long(struct vt_ts_source *source, const uint8_t *packet)
{
    int pid = (packet[1] & 0x1f) << 8 | packet[2];
    enum vt_ts_kind kind = pid == VT_TS_PID_VIDEO ? VT_TS_VIDEO : VT_TS_AUDIO;
    if (pid != VT_TS_PID_VIDEO && pid != VT_TS_PID_AUDIO)
        return false;
    source->given[kind] += VT_TS_PACKET;
    return source->given[kind] > VT_TS_UNIT_BYTES + VT_TS_UNIT_BYTES / 8;
}

// The next packet, as vt_ts_packets_next gives it.
static int next_packet(struct vt_ts_source *source, uint8_t *out)
{
    pthread_mutex_lock(&source->lock);
    int got = vt_ts_packets_next(&source->packets, &source->left, vt_now_ns(), out);
    if (got == -EINVAL)
        snprintf(source->why, sizeof source->why, "%s", source->packets.why);
    if (got == 1 && is_too_long(source, out)) {
        source->stats.damaged++;
        vt_ts_packets_again(&source->packets);
        got = VT_TS_CHANGED;
    }
    pthread_mutex_unlock(&source->lock);
    return got;
}

// Fills `data` with whole packets, at least one.
static int read_bytes(void *opaque, uint8_t *data, int room)
{
    struct vt_ts_source *source = opaque;
    int size = 0;
    while (!source->stopped && size + VT_TS_PACKET <= room) {
        int got = next_packet(source, data + size);
        if (got == 1) {
            size += VT_TS_PACKET;
            source->any_given = true;
        } else if (got == VT_TS_CHANGED && source->any_given) {
            source->stopped = AGAIN;
        } else if (got == VT_TS_CHANGED) {
            source->layout = source->packets.layout;
        } else if (got == 0 && size > 0) {
            break;
        } else {
            source->stopped = got < 0 ? got : receive(source);
        }
    }
    return size > 0 ? size : AVERROR_EOF;
}

// ---- units

static void count_damaged(struct vt_ts_source *source)
{
    pthread_mutex_lock(&source->lock);
    source->stats.damaged++;
    pthread_mutex_unlock(&source->lock);
}

static void wake(struct vt_ts_source *source)
{
    ssize_t n = write(source->event, &(uint64_t){1}, sizeof(uint64_t));
    (void)n;                                     // full: it is readable already
}

// Waits for room in the queue. False when the source is being freed.
static bool put(struct vt_ts_source *source, struct vt_ts_unit *unit)
{
    pthread_mutex_lock(&source->lock);
    while (!source->stop && (source->queued_units >= VT_TS_QUEUE_UNITS ||
                             source->queued_bytes + unit->size > VT_TS_QUEUE_BYTES))
        pthread_cond_wait(&source->room, &source->lock);
    bool taken = !source->stop;
    if (taken) {
        *source->end = unit;
        source->end = &unit->next;
        source->queued_bytes += unit->size;
        source->queued_units++;
        wake(source);
    }
    pthread_mutex_unlock(&source->lock);
    return taken;
}

static int64_t ticks_of(struct vt_ts_source *source, const AVPacket *packet, enum vt_codec codec)
{
    size_t size = (size_t)packet->size;
    return codec == VT_CODEC_AAC        ? vt_ts_adts_ticks(packet->data, size)
         : codec == VT_CODEC_AAC_LATM   ? vt_ts_latm_ticks(packet->data, size, &source->latm_ticks)
                                        : packet->duration;
}

// Several frames of sound share one time, the first one's: the others follow it.
static void settle_time(struct vt_ts_source *source, AVPacket *packet, enum vt_codec codec)
{
    if (packet->pts == AV_NOPTS_VALUE)
        packet->pts = packet->dts == AV_NOPTS_VALUE ? source->next_sound : packet->dts;
    packet->dts = packet->pts;
    int64_t ticks = ticks_of(source, packet, codec);
    source->next_sound = packet->pts != AV_NOPTS_VALUE && ticks > 0 ? packet->pts + ticks : AV_NOPTS_VALUE;
}

static struct vt_ts_unit *unit_of(const AVPacket *packet, const AVCodecParameters *parameters, enum vt_codec codec)
{
    int64_t dts = packet->dts == AV_NOPTS_VALUE ? packet->pts : packet->dts;
    size_t size = (size_t)packet->size;
    size_t config_size = codec == VT_CODEC_OPUS ? (size_t)parameters->extradata_size : 0;
    struct vt_ts_unit *unit = malloc(sizeof *unit + size + config_size);
    if (!unit)
        return NULL;
    *unit = (struct vt_ts_unit){
        .video = vt_codec_is_video(codec),
        .key = packet->flags & AV_PKT_FLAG_KEY,
        .codec = codec,
        .dts = (uint64_t)dts,
        .pts = (uint64_t)(packet->pts == AV_NOPTS_VALUE ? dts : packet->pts),
        .arrival_ns = vt_now_ns(),
        .size = size,
        .config_size = config_size,
    };
    memcpy(unit->data, packet->data, size);
    if (config_size > 0)
        memcpy(unit->data + size, parameters->extradata, config_size);
    return unit;
}

// Returns 0, or a negative errno that ends the source.
static int take_packet(struct vt_ts_source *source, AVPacket *packet)
{
    const AVStream *stream = source->format->streams[packet->stream_index];
    enum vt_ts_kind kind = stream->id == VT_TS_PID_VIDEO ? VT_TS_VIDEO : VT_TS_AUDIO;
    enum vt_codec codec = source->layout.tracks[kind].codec;
    if ((stream->id != VT_TS_PID_VIDEO && stream->id != VT_TS_PID_AUDIO) || codec == VT_CODEC_NONE)
        return 0;
    source->given[kind] = 0;
    if (codec == VT_CODEC_MP3)
        codec = vt_ts_mpeg_audio(packet->data, (size_t)packet->size);
    if (kind == VT_TS_AUDIO)
        settle_time(source, packet, codec);
    bool timeless = packet->dts == AV_NOPTS_VALUE && packet->pts == AV_NOPTS_VALUE;
    if ((packet->flags & AV_PKT_FLAG_CORRUPT) || packet->size > VT_TS_UNIT_BYTES || timeless) {
        count_damaged(source);
        return 0;
    }
    struct vt_ts_unit *unit = unit_of(packet, stream->codecpar, codec);
    if (!unit)
        return -ENOMEM;
    if (put(source, unit))
        return 0;
    free(unit);
    return -EPIPE;
}

static int read_all(struct vt_ts_source *source)
{
    AVPacket *packet = av_packet_alloc();
    int error = packet ? 0 : -ENOMEM;
    while (!error) {
        int got = av_read_frame(source->format, packet);
        if (got == AVERROR(EAGAIN))
            continue;
        if (got < 0) {
            error = got == AVERROR(ENOMEM) ? -ENOMEM : 0;
            break;
        }
        error = take_packet(source, packet);
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    return error;
}

// ---- the thread

static int open_format(struct vt_ts_source *source, AVIOContext *io)
{
    AVFormatContext *format = avformat_alloc_context();
    if (!format)
        return -ENOMEM;
    format->pb = io;
    format->flags |= AVFMT_FLAG_CUSTOM_IO;
    format->probesize = VT_TS_PROBE_BYTES;
    format->max_streams = VT_TS_STREAMS;
    format->correct_ts_overflow = 0;             // ingest/timestamps.h does that
    AVDictionary *options = NULL;
    av_dict_set(&options, "scan_all_pmts", "0", 0);
    int error = avformat_open_input(&format, NULL, av_find_input_format("mpegts"), &options);      // frees on failure
    av_dict_free(&options);
    if (error < 0)
        return error == AVERROR(ENOMEM) ? -ENOMEM : 0;
    source->format = format;
    return 0;
}

// One demultiplexer, from its first packet to its last.
static int run_format(struct vt_ts_source *source)
{
    uint8_t *buffer = av_malloc(READ_BYTES);
    AVIOContext *io = buffer ? avio_alloc_context(buffer, READ_BYTES, 0, source, read_bytes, NULL, NULL) : NULL;
    if (!io) {
        av_free(buffer);
        return -ENOMEM;
    }
    io->seekable = 0;
    source->stopped = 0;
    source->any_given = false;
    source->next_sound = AV_NOPTS_VALUE;
    source->latm_ticks = 0;
    memset(source->given, 0, sizeof source->given);
    source->layout = source->packets.layout;
    int error = open_format(source, io);
    if (!error && source->format)
        error = read_all(source);
    avformat_close_input(&source->format);
    av_freep(&io->buffer);
    avio_context_free(&io);
    return error;
}

static void end(struct vt_ts_source *source, int result)
{
    pthread_mutex_lock(&source->lock);
    source->result = result;
    wake(source);
    pthread_mutex_unlock(&source->lock);
}

static void *run(void *opaque)
{
    struct vt_ts_source *source = opaque;
    int error = 0;
    snprintf(source->why, sizeof source->why, "what it sends is not MPEG-TS");
    while (!error) {
        error = run_format(source);
        if (!error && source->stopped != AGAIN)
            error = source->stopped < 0 ? source->stopped : -EINVAL;
    }
    end(source, error);
    return NULL;
}

// ---- the owner

int vt_ts_source_warm_up(void)
{
    AVFormatContext *format = avformat_alloc_context();
    bool there = format && av_find_input_format("mpegts");
    avformat_free_context(format);
    return there ? 0 : -ENOTSUP;
}

int vt_ts_source_new(struct vt_ts_source **ret, int fd)
{
    struct vt_ts_source *source = calloc(1, sizeof *source);
    if (!source)
        return -ENOMEM;
    source->fd = fd;
    source->end = &source->first;
    source->left = vt_reader(source->bytes, 0);
    vt_ts_packets_init(&source->packets);
    pthread_mutex_init(&source->lock, NULL);
    pthread_cond_init(&source->room, NULL);
    source->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = source->event < 0 ? -errno : -pthread_create(&source->thread, NULL, run, source);
    if (error) {
        if (source->event >= 0)
            close(source->event);
        pthread_cond_destroy(&source->room);
        pthread_mutex_destroy(&source->lock);
        free(source);
        return error;
    }
    *ret = source;
    return 0;
}

void vt_ts_source_free(struct vt_ts_source **source)
{
    struct vt_ts_source *s = *source;
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_signal(&s->room);
    pthread_mutex_unlock(&s->lock);
    shutdown(s->fd, SHUT_RDWR);                  // a read that waits ends
    pthread_join(s->thread, NULL);
    for (struct vt_ts_unit *unit = s->first, *next; unit; unit = next) {
        next = unit->next;
        free(unit);
    }
    pthread_cond_destroy(&s->room);
    pthread_mutex_destroy(&s->lock);
    close(s->event);
    close(s->fd);
    free(s);
    *source = NULL;
}

int vt_ts_source_fd(const struct vt_ts_source *source)
{
    return source->event;
}

int vt_ts_source_take(struct vt_ts_source *source, struct vt_ts_unit **ret, char *why)
{
    pthread_mutex_lock(&source->lock);
    struct vt_ts_unit *unit = source->first;
    int result = unit ? 1 : source->result;
    if (unit) {
        source->first = unit->next;
        if (!source->first)
            source->end = &source->first;
        source->queued_bytes -= unit->size;
        source->queued_units--;
        pthread_cond_signal(&source->room);
        unit->next = NULL;
        *ret = unit;
    } else {
        uint64_t count;
        ssize_t n = read(source->event, &count, sizeof count);
        (void)n;
        if (result < 0)
            snprintf(why, VT_TS_WHY_ROOM, "%s", source->why);
    }
    pthread_mutex_unlock(&source->lock);
    return result;
}

void vt_ts_source_stats(struct vt_ts_source *source, struct vt_ts_stats *ret)
{
    pthread_mutex_lock(&source->lock);
    *ret = source->stats;
    ret->waiting_units = source->queued_units;
    ret->waiting_bytes = source->queued_bytes;
    ret->counts = source->packets.counts;
    ret->layout = source->packets.layout;
    vt_ts_packets_others(&source->packets, ret->others, sizeof ret->others);
    pthread_mutex_unlock(&source->lock);
}
