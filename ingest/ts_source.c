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

#define READ_BYTES  (188 * 170)
#define NO_STREAM   -1

// The stream that is taken of a kind.
struct choice {
    int stream;
    int64_t last_ns;                             // arrival of its last unit
};

struct vt_ts_source {
    int fd, event;
    pthread_t thread;

    // the thread's own
    AVFormatContext *format;
    struct choice video, audio;
    int64_t next_sound;                          // ticks; AV_NOPTS_VALUE: unknown

    pthread_mutex_t lock;                        // guards the rest
    pthread_cond_t room;
    struct vt_ts_unit *first, **end;
    size_t queued_bytes;
    int queued_units;
    bool stop;
    int result;                                  // 0 while it runs; then what take returns once the queue is empty
    char why[VT_TS_WHY_ROOM];
    struct vt_ts_stats stats;
};

// ---- the thread

static int read_bytes(void *opaque, uint8_t *data, int room)
{
    struct vt_ts_source *source = opaque;
    for (;;) {
        ssize_t n = recv(source->fd, data, (size_t)room, MSG_DONTWAIT);
        if (n > 0) {
            pthread_mutex_lock(&source->lock);
            source->stats.bytes += n;
            pthread_mutex_unlock(&source->lock);
            return (int)n;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            return AVERROR_EOF;
        poll(&(struct pollfd){.fd = source->fd, .events = POLLIN}, 1, -1);
    }
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

static void count_damaged(struct vt_ts_source *source)
{
    pthread_mutex_lock(&source->lock);
    source->stats.damaged++;
    pthread_mutex_unlock(&source->lock);
}

static enum vt_codec codec_of(enum AVCodecID id)
{
    return id == AV_CODEC_ID_H264 ? VT_CODEC_H264 : id == AV_CODEC_ID_AAC ? VT_CODEC_AAC : VT_CODEC_NONE;
}

static const char *name_of(enum AVCodecID id)
{
    const AVCodecDescriptor *codec = avcodec_descriptor_get(id);
    if (id == AV_CODEC_ID_MP2 || id == AV_CODEC_ID_MP3)      // a program table does not tell them apart
        return "MPEG audio";
    return id == AV_CODEC_ID_H264 ? "H.264" : id == AV_CODEC_ID_AAC ? "AAC" : codec ? codec->name : "unknown";
}

static bool of_other_program(struct vt_ts_source *source, int stream, int other)
{
    if (other == NO_STREAM)
        return false;
    const AVProgram *program = av_find_program_from_stream(source->format, NULL, stream);
    return program && program != av_find_program_from_stream(source->format, NULL, other);
}

// Whether a packet's stream is the one that is taken of its kind: the first that came, until it has been silent.
static bool choose(struct vt_ts_source *source, int stream, bool video, int64_t now_ns)
{
    struct choice *choice = video ? &source->video : &source->audio;
    const struct choice *other = video ? &source->audio : &source->video;
    if (choice->stream != stream) {
        if (choice->stream != NO_STREAM && now_ns - choice->last_ns < VT_TS_SWITCH_NS)
            return false;
        bool others_live = other->stream != NO_STREAM && now_ns - other->last_ns < VT_TS_SWITCH_NS;
        if (others_live && of_other_program(source, stream, other->stream))
            return false;
        choice->stream = stream;
    }
    choice->last_ns = now_ns;
    return true;
}

// How long an AAC frame with an ADTS header lasts, in ticks; 0: it has none. libavformat does not know without opening
// a decoder.
static int64_t adts_ticks(const uint8_t *data, int size)
{
    static const int rates[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000,
                                7350};
    if (size < 7 || data[0] != 0xff || (data[1] & 0xf6) != 0xf0)
        return 0;
    unsigned rate = data[2] >> 2 & 15, blocks = (data[6] & 3) + 1u;
    return rate < sizeof rates / sizeof rates[0] ? 1024 * 90000 * (int64_t)blocks / rates[rate] : 0;
}

// Several frames of sound share one time, the first one's: the others follow it.
static void settle_time(struct vt_ts_source *source, AVPacket *packet, enum AVCodecID id)
{
    if (packet->pts == AV_NOPTS_VALUE)
        packet->pts = packet->dts == AV_NOPTS_VALUE ? source->next_sound : packet->dts;
    int64_t ticks = id == AV_CODEC_ID_AAC ? adts_ticks(packet->data, packet->size) : packet->duration;
    source->next_sound = packet->pts != AV_NOPTS_VALUE && ticks > 0 ? packet->pts + ticks : AV_NOPTS_VALUE;
}

static struct vt_ts_unit *unit_of(const AVPacket *packet, const AVCodecParameters *codec, int64_t now_ns)
{
    int64_t dts = packet->dts == AV_NOPTS_VALUE ? packet->pts : packet->dts;
    struct vt_ts_unit *unit = malloc(sizeof *unit + (size_t)packet->size);
    if (!unit)
        return NULL;
    *unit = (struct vt_ts_unit){
        .video = codec->codec_type == AVMEDIA_TYPE_VIDEO,
        .key = packet->flags & AV_PKT_FLAG_KEY,
        .codec = codec_of(codec->codec_id),
        .dts = (uint64_t)dts,
        .pts = (uint64_t)(packet->pts == AV_NOPTS_VALUE ? dts : packet->pts),
        .arrival_ns = now_ns,
        .size = (size_t)packet->size,
    };
    snprintf(unit->codec_name, sizeof unit->codec_name, "%s", name_of(codec->codec_id));
    memcpy(unit->data, packet->data, unit->size);
    return unit;
}

// Returns 0, or a negative errno that ends the source.
static int take_packet(struct vt_ts_source *source, AVPacket *packet, char *why)
{
    const AVCodecParameters *codec = source->format->streams[packet->stream_index]->codecpar;
    bool video = codec->codec_type == AVMEDIA_TYPE_VIDEO;
    int64_t now_ns = vt_now_ns();
    if ((!video && codec->codec_type != AVMEDIA_TYPE_AUDIO) || !choose(source, packet->stream_index, video, now_ns))
        return 0;
    if (codec_of(codec->codec_id) == VT_CODEC_NONE) {
        snprintf(why, VT_TS_WHY_ROOM, "%s of the kind %s is not supported: choose %s in the encoder",
                 video ? "video" : "sound", name_of(codec->codec_id), video ? "H.264" : "AAC");
        return -EINVAL;
    }
    if (!video)
        settle_time(source, packet, codec->codec_id);
    bool timeless = packet->dts == AV_NOPTS_VALUE && packet->pts == AV_NOPTS_VALUE;
    if ((packet->flags & AV_PKT_FLAG_CORRUPT) || packet->size > VT_TS_UNIT_BYTES || timeless) {
        count_damaged(source);
        return 0;
    }
    struct vt_ts_unit *unit = unit_of(packet, codec, now_ns);
    if (!unit)
        return -ENOMEM;
    if (put(source, unit))
        return 0;
    free(unit);
    return -EPIPE;
}

static int read_all(struct vt_ts_source *source, char *why)
{
    AVPacket *packet = av_packet_alloc();
    int error = packet ? 0 : -ENOMEM;
    while (!error) {
        int got = av_read_frame(source->format, packet);
        if (got == AVERROR(EAGAIN))
            continue;
        if (got < 0) {
            error = got == AVERROR(ENOMEM) ? -ENOMEM : -EPIPE;
            break;
        }
        error = take_packet(source, packet, why);
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    return error;
}

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
        return error == AVERROR(ENOMEM) ? -ENOMEM : error == AVERROR_EOF ? -EPIPE : -EINVAL;
    source->format = format;
    return 0;
}

static void end(struct vt_ts_source *source, int result, const char *why)
{
    pthread_mutex_lock(&source->lock);
    source->result = result;
    snprintf(source->why, sizeof source->why, "%s", why);
    wake(source);
    pthread_mutex_unlock(&source->lock);
}

static void *run(void *opaque)
{
    struct vt_ts_source *source = opaque;
    char why[VT_TS_WHY_ROOM] = "";
    uint8_t *buffer = av_malloc(READ_BYTES);
    AVIOContext *io = buffer ? avio_alloc_context(buffer, READ_BYTES, 0, source, read_bytes, NULL, NULL) : NULL;
    int result = -ENOMEM;
    if (io) {
        io->seekable = 0;
        result = open_format(source, io);
        if (result == -EINVAL)
            snprintf(why, sizeof why, "what it sends is not MPEG-TS");
        if (!result)
            result = read_all(source, why);
        avformat_close_input(&source->format);
        av_freep(&io->buffer);
        avio_context_free(&io);
    } else {
        av_free(buffer);
    }
    end(source, result, why);
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
    source->next_sound = AV_NOPTS_VALUE;
    source->video.stream = source->audio.stream = NO_STREAM;
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
    pthread_mutex_unlock(&source->lock);
}
