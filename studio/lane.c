#include "studio/lane.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/mediatime.h"
#include "studio/encoder.h"
#include "studio/scale.h"

#define BITRATE_MIN 10000
#define BITRATE_MAX 200000000

struct vt_lane {
    // immutable
    char name[VT_NAME_ROOM];
    struct vt_colour colour;
    void (*wake)(void *opaque);
    void *opaque;
    pthread_t thread;
    bool started;

    // owned by the lane's thread
    struct vt_scaler *scaler;
    struct vt_encoder *encoder;
    bool source_failed;                  // the last source could not be read

    // protected by lock
    pthread_mutex_t lock;
    pthread_cond_t changed;              // any of what follows
    struct vt_job jobs[VT_LANE_JOBS];
    unsigned jobs_in, jobs_out;
    struct vt_lane_packet packets[VT_LANE_PACKETS];
    unsigned packets_in, packets_out;
    bool finishing, quitting;
    int end;                             // 0 while it runs, -EPIPE after the last packet, else why it failed
    int64_t last_frame;
    struct vt_lane_cost cost;
};

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * VT_NS_PER_S + t.tv_nsec;
}

static void job_clear(struct vt_job *job)
{
    av_frame_free(&job->source);
    vt_placement_unref(&job->placement);
}

// Waits for a job. False: there will be none; *ret_drain says whether what the encoder holds is still wanted.
static bool next_job(struct vt_lane *lane, struct vt_job *ret, bool *ret_drain)
{
    pthread_mutex_lock(&lane->lock);
    while (!lane->quitting && !lane->finishing && lane->jobs_in == lane->jobs_out)
        pthread_cond_wait(&lane->changed, &lane->lock);
    bool found = !lane->quitting && lane->jobs_in != lane->jobs_out;
    *ret_drain = !lane->quitting;
    if (found) {
        *ret = lane->jobs[lane->jobs_out++ % VT_LANE_JOBS];
        pthread_cond_broadcast(&lane->changed);
    }
    pthread_mutex_unlock(&lane->lock);
    return found;
}

static int put_packet(struct vt_lane *lane, struct vt_lane_packet *packet)
{
    pthread_mutex_lock(&lane->lock);
    bool room = lane->packets_in - lane->packets_out < VT_LANE_PACKETS;
    if (room)
        lane->packets[lane->packets_in++ % VT_LANE_PACKETS] = *packet;
    pthread_cond_broadcast(&lane->changed);
    pthread_mutex_unlock(&lane->lock);
    if (room)
        return 0;
    vt_lane_packet_free(packet);
    return -ENOBUFS;
}

// Moves what the encoder has ready. 0: it needs another picture; -EPIPE: it is empty for good.
static int take_packets(struct vt_lane *lane)
{
    struct vt_lane_packet packet;
    bool any = false;
    int r;
    while ((r = vt_encoder_receive(lane->encoder, &packet)) > 0) {
        any = true;
        r = put_packet(lane, &packet);
        if (r < 0)
            break;
    }
    if (any && lane->wake)
        lane->wake(lane->opaque);
    return r;
}

// A source that cannot be read costs its picture, not the output.
static int scale(struct vt_lane *lane, const struct vt_job *job, bool writable, AVFrame **ret)
{
    int r = vt_scaler_run(lane->scaler, job->source, writable, ret);
    if (r != -EINVAL) {
        lane->source_failed = false;
        return r;
    }
    if (!lane->source_failed)
        vt_warning("rendition %s: a source of %dx%d (format %d) cannot be scaled; black instead", lane->name,
                   job->source->width, job->source->height, job->source->format);
    lane->source_failed = true;
    return vt_scaler_run(lane->scaler, NULL, writable, ret);
}

static void add_cost(struct vt_lane *lane, const int64_t at[4])
{
    pthread_mutex_lock(&lane->lock);
    lane->cost.frames++;
    lane->cost.scale_ns += at[1] - at[0];
    lane->cost.blend_ns += at[2] - at[1];
    lane->cost.encode_ns += at[3] - at[2];
    pthread_mutex_unlock(&lane->lock);
}

static int work(struct vt_lane *lane, const struct vt_job *job)
{
    AVFrame *picture;
    bool blends = job->placement && job->placement->count > 0;
    int64_t at[4] = {cpu_ns()};
    int r = scale(lane, job, blends, &picture);
    if (r < 0)
        return r;
    at[1] = cpu_ns();
    if (blends) {
        struct vt_planes planes = {
            {picture->data[0], picture->data[1], picture->data[2]},
            {picture->linesize[0], picture->linesize[1], picture->linesize[2]},
            picture->width, picture->height,
        };
        vt_blend(&planes, job->placement);
    }
    at[2] = cpu_ns();
    r = vt_encoder_send(lane->encoder, picture, job->frame, job->key);
    if (r < 0)
        return r;
    r = take_packets(lane);
    at[3] = cpu_ns();
    add_cost(lane, at);
    return r;
}

static int drain(struct vt_lane *lane)
{
    int r = vt_encoder_drain(lane->encoder);
    return r < 0 ? r : take_packets(lane);
}

static void *run(void *opaque)
{
    struct vt_lane *lane = opaque;
    struct vt_job job;
    bool wanted;
    int r = 0;
    while (r == 0 && next_job(lane, &job, &wanted)) {
        r = work(lane, &job);
        job_clear(&job);
    }
    if (r == 0 && wanted)
        r = drain(lane);
    if (r < 0 && r != -EPIPE)
        vt_error("rendition %s: the encoder failed: %s", lane->name, strerrordesc_np(-r));
    pthread_mutex_lock(&lane->lock);
    lane->end = r < 0 ? r : -EPIPE;
    pthread_cond_broadcast(&lane->changed);
    pthread_mutex_unlock(&lane->lock);
    if (lane->wake)
        lane->wake(lane->opaque);
    return NULL;
}

static int check_params(const struct vt_lane_params *params)
{
    const struct vt_rendition_config *rendition = params->rendition;
    if (params->rate.num < 1 || params->rate.den < 1 || params->segment_ns < 1 ||
        rendition->bitrate < BITRATE_MIN || rendition->bitrate > BITRATE_MAX) {
        vt_error("rendition %s: its frame rate, segment or bit rate is out of range", rendition->name);
        return -EINVAL;
    }
    return 0;
}

static int start(struct vt_lane *lane, const struct vt_lane_params *params)
{
    struct vt_scaler_params scaler = {
        .size = params->rendition->size, .canvas = params->canvas, .fit = params->fit,
    };
    int r = check_params(params);
    if (r < 0)
        return r;
    r = vt_scaler_new(&lane->scaler, &scaler);
    if (r == -EINVAL)
        vt_error("rendition %s: %dx%d is not a size that it can have: even, at most %dx%d", lane->name,
                 scaler.size.width, scaler.size.height, VT_RING_WIDTH_MAX, VT_RING_HEIGHT_MAX);
    if (r >= 0)
        r = vt_encoder_new(&lane->encoder, params);
    if (r < 0)
        return r;
    r = -pthread_create(&lane->thread, NULL, run, lane);
    lane->started = r == 0;
    return r;
}

int vt_lane_new(struct vt_lane **ret, const struct vt_lane_params *params)
{
    struct vt_lane *lane = calloc(1, sizeof *lane);
    if (!lane)
        return -ENOMEM;
    pthread_mutex_init(&lane->lock, NULL);
    pthread_cond_init(&lane->changed, NULL);
    memcpy(lane->name, params->rendition->name, sizeof lane->name);
    lane->colour = (struct vt_colour){.primaries = 1, .transfer = 1, .matrix = 1, .chroma_site = 1};
    lane->wake = params->wake;
    lane->opaque = params->opaque;
    lane->last_frame = INT64_MIN;
    int r = start(lane, params);
    if (r < 0) {
        vt_lane_free(&lane);
        return r;
    }
    *ret = lane;
    return 0;
}

void vt_lane_free(struct vt_lane **ref)
{
    struct vt_lane *lane = *ref;
    *ref = NULL;
    if (!lane)
        return;
    pthread_mutex_lock(&lane->lock);
    lane->quitting = true;
    pthread_cond_broadcast(&lane->changed);
    pthread_mutex_unlock(&lane->lock);
    if (lane->started)
        pthread_join(lane->thread, NULL);
    while (lane->jobs_in != lane->jobs_out)
        job_clear(&lane->jobs[lane->jobs_out++ % VT_LANE_JOBS]);
    while (lane->packets_in != lane->packets_out)
        vt_lane_packet_free(&lane->packets[lane->packets_out++ % VT_LANE_PACKETS]);
    vt_encoder_free(&lane->encoder);
    vt_scaler_free(&lane->scaler);
    pthread_cond_destroy(&lane->changed);
    pthread_mutex_destroy(&lane->lock);
    free(lane);
}

const struct vt_colour *vt_lane_colour(const struct vt_lane *lane)
{
    return &lane->colour;
}

const uint8_t *vt_lane_config(const struct vt_lane *lane, size_t *ret_size)
{
    return vt_encoder_config(lane->encoder, ret_size);
}

int vt_lane_submit(struct vt_lane *lane, struct vt_job *job, bool wait)
{
    pthread_mutex_lock(&lane->lock);
    assert(job->frame > lane->last_frame && !lane->finishing);
    while (wait && !lane->end && lane->jobs_in - lane->jobs_out == VT_LANE_JOBS)
        pthread_cond_wait(&lane->changed, &lane->lock);
    int r = lane->end ? lane->end : lane->jobs_in - lane->jobs_out == VT_LANE_JOBS ? -EAGAIN : 0;
    if (r == 0) {
        lane->jobs[lane->jobs_in++ % VT_LANE_JOBS] = *job;
        lane->last_frame = job->frame;
        job->source = NULL;
        job->placement = NULL;
        pthread_cond_broadcast(&lane->changed);
    }
    pthread_mutex_unlock(&lane->lock);
    return r;
}

void vt_lane_finish(struct vt_lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    lane->finishing = true;
    pthread_cond_broadcast(&lane->changed);
    pthread_mutex_unlock(&lane->lock);
}

int vt_lane_collect(struct vt_lane *lane, struct vt_lane_packet *ret, bool wait)
{
    pthread_mutex_lock(&lane->lock);
    while (wait && !lane->end && lane->packets_in == lane->packets_out)
        pthread_cond_wait(&lane->changed, &lane->lock);
    int r = lane->end;
    if (lane->packets_in != lane->packets_out) {
        *ret = lane->packets[lane->packets_out++ % VT_LANE_PACKETS];
        r = 1;
    }
    pthread_mutex_unlock(&lane->lock);
    return r;
}

void vt_lane_cost(const struct vt_lane *lane, struct vt_lane_cost *ret)
{
    pthread_mutex_t *lock = (pthread_mutex_t *)&lane->lock;
    pthread_mutex_lock(lock);
    *ret = lane->cost;
    pthread_mutex_unlock(lock);
}
