#include "studio/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "studio/slate.h"
#include "studio/sound.h"

#define AUDIO_TRACK "audio"

struct vt_output {
    const struct vt_channel *channel;
    const struct vt_output_config *config;
    struct vt_packager_params timing;
    struct vt_lane *lanes[VT_RENDITIONS_MAX];
    int n_lanes;
    AVFrame *slate;
    struct vt_packager *packager;
    int64_t lost_packets;                // that the packager or the disk refused
    int last_error;
};

// -- building

static int smallest_height(const struct vt_output_config *config)
{
    int smallest = config->canvas.height;
    for (int i = 0; i < config->n_renditions; i++)
        if (config->renditions[i].size.height < smallest)
            smallest = config->renditions[i].size.height;
    return smallest;
}

static int open_lanes(struct vt_output *output, const struct vt_output_params *params)
{
    const struct vt_channel *channel = output->channel;
    for (int i = 0; i < output->config->n_renditions; i++) {
        int error = vt_lane_new(&output->lanes[i], &(struct vt_lane_params) {
            .rendition = &output->config->renditions[i], .rate = channel->rate, .canvas = output->config->canvas,
            .fit = output->config->fit, .encoder = channel->encoder, .preset = channel->preset,
            .latency = channel->latency, .segment_ns = channel->segment_ns,
            .threads = params->offline ? 1 : 0,          // x264's slices and its buffer model race
            .wake = params->wake, .opaque = params->opaque,
        });
        if (error)
            return error;
        output->n_lanes++;
    }
    return 0;
}

static void set_tracks(const struct vt_output *output, const struct vt_output_params *params,
                       struct vt_track tracks[VT_RENDITIONS_MAX + 1])
{
    for (int i = 0; i < output->n_lanes; i++) {
        const struct vt_rendition_config *rendition = &output->config->renditions[i];
        tracks[i] = (struct vt_track) {
            .kind = VT_TRACK_VIDEO, .width = rendition->size.width, .height = rendition->size.height,
            .bitrate = rendition->bitrate,
        };
        vt_name_copy(tracks[i].name, rendition->name);
        tracks[i].config = vt_lane_config(output->lanes[i], &tracks[i].config_size);
    }
    // What is said is the same for every audience, whatever language it reads.
    tracks[output->n_lanes] = (struct vt_track) {
        .name = AUDIO_TRACK, .kind = VT_TRACK_AUDIO, .bitrate = output->channel->audio_bitrate,
        .sample_rate = VT_SAMPLE_RATE, .channels = 2, .language = output->channel->outputs[0].language,
        .config = params->sound, .config_size = params->sound_size,
    };
}

static int open_packager(struct vt_output *output, const struct vt_output_params *params)
{
    struct vt_track tracks[VT_RENDITIONS_MAX + 1];
    set_tracks(output, params, tracks);
    struct vt_packager_params packager = output->timing;
    packager.tracks = tracks;
    packager.n_tracks = output->n_lanes + 1;
    if (!packager.state)
        packager.least_msn = params->start.free_msn;
    int error = vt_packager_new(&output->packager, &packager);
    if (error && error != -ESTALE && packager.state) {
        vt_warning("output %s: the state from before cannot be taken up (%s); its playlists begin anew",
                   output->config->name, strerror(-error));
        packager.state = NULL;
        packager.state_size = 0;
        packager.least_msn = params->start.free_msn;
        error = vt_packager_new(&output->packager, &packager);
    }
    if (!error)
        output->timing.first_msn = vt_packager_first_msn(output->packager);
    return error;
}

// Nobody waits for a file's parts, and MPEG-TS has none.
static bool has_parts(const struct vt_output_params *params)
{
    return !params->offline && params->channel->container == VT_CONTAINER_CMAF;
}

int vt_output_new(struct vt_output **ret, const struct vt_output_params *params)
{
    struct vt_output *output = calloc(1, sizeof *output);
    if (!output)
        return -ENOMEM;
    output->channel = params->channel;
    output->config = params->config;
    output->timing = (struct vt_packager_params) {
        .rate = params->channel->rate, .segment_ns = params->channel->segment_ns,
        .container = (enum vt_container)params->channel->container,
        .part_ns = has_parts(params) ? params->channel->part_ns : 0,
        .window_ns = params->window_ns, .vod = params->offline, .epoch_ns = params->epoch_ns,
        .first_msn = params->start.first_msn, .first_frame = params->first_frame,
        .state = params->start.state, .state_size = params->start.state_size, .sink = params->start.sink,
    };
    int error = open_lanes(output, params);
    if (!error)
        error = vt_slate_new(&output->slate, params->config->canvas, params->channel->slate_image);
    if (!error)
        error = open_packager(output, params);
    if (error)
        vt_output_free(&output);
    else
        *ret = output;
    return error;
}

void vt_output_free(struct vt_output **output)
{
    struct vt_output *o = *output;
    if (!o)
        return;
    for (int i = 0; i < VT_RENDITIONS_MAX; i++)
        vt_lane_free(&o->lanes[i]);
    av_frame_free(&o->slate);
    vt_packager_free(&o->packager);
    free(o);
    *output = NULL;
}

const struct vt_output_config *vt_output_config(const struct vt_output *output)
{
    return output->config;
}

const struct vt_packager *vt_output_packager(const struct vt_output *output)
{
    return output->packager;
}

const struct vt_packager_params *vt_output_timing(const struct vt_output *output)
{
    return &output->timing;
}

const struct vt_colour *vt_output_colour(const struct vt_output *output, int rendition)
{
    return vt_lane_colour(output->lanes[rendition]);
}

void vt_output_describe(const struct vt_output *output, struct vt_maker *ret)
{
    ret->width = output->config->canvas.width;
    ret->height = output->config->canvas.height;
    ret->smallest_height = smallest_height(output->config);
    ret->language = output->config->language;
    ret->market = output->config->market;
    ret->output = output->config->name;
}

// -- the frame path

static int submit(struct vt_output *output, int i, int64_t frame, bool key, AVFrame *source,
                  struct vt_placement *placement)
{
    struct vt_job job = { .frame = frame, .key = key, .placement = placement };
    if (!(job.source = av_frame_clone(source))) {
        vt_placement_unref(&placement);
        return -ENOMEM;
    }
    int error = vt_lane_submit(output->lanes[i], &job, true);
    if (error) {
        av_frame_free(&job.source);
        vt_placement_unref(&placement);
    }
    return error;
}

int vt_output_frame(struct vt_output *output, int64_t frame, bool key, AVFrame *source,
                    struct vt_placement *const placements[])
{
    int first_error = 0;
    for (int i = 0; i < output->n_lanes; i++) {
        int error = submit(output, i, frame, key, source ? source : output->slate, placements[i]);
        first_error = first_error ? first_error : error;
    }
    return first_error;
}

// -- what comes out

static int package(struct vt_output *output, int track, const struct vt_packet *packet)
{
    int error = vt_packager_packet(output->packager, track, packet);
    if (error && error != output->last_error)
        vt_warning("output %s, %s: a packet was not stored: %s", output->config->name,
                   track < output->n_lanes ? output->config->renditions[track].name : AUDIO_TRACK, strerror(-error));
    if (error)
        output->lost_packets++;
    output->last_error = error;
    return error == -ENOMEM ? error : 0;         // a full disk may have room again
}

int vt_output_sound(struct vt_output *output, const struct vt_packet *packet)
{
    return package(output, output->n_lanes, packet);
}

int vt_output_cue_fits(const struct vt_output *output, const struct vt_cue *cue, bool more)
{
    return vt_packager_cue_fits(output->packager, cue, more);
}

int vt_output_cue(struct vt_output *output, const struct vt_cue *cue, const char *more, size_t more_size)
{
    return vt_packager_cue(output->packager, cue, more, more_size);
}

static int collect_lane(struct vt_output *output, int i, bool wait)
{
    struct vt_lane_packet packet;
    int got;
    while ((got = vt_lane_collect(output->lanes[i], &packet, wait)) > 0) {
        int error = package(output, i, &packet.packet);
        vt_lane_packet_free(&packet);
        if (error)
            return error;
    }
    return got == -EPIPE ? 0 : got;
}

int vt_output_collect(struct vt_output *output)
{
    for (int i = 0; i < output->n_lanes; i++) {
        int error = collect_lane(output, i, false);
        if (error)
            return error;
    }
    return 0;
}

int vt_output_drain(struct vt_output *output)
{
    int first_error = 0;
    for (int i = 0; i < output->n_lanes; i++)
        vt_lane_finish(output->lanes[i]);
    for (int i = 0; i < output->n_lanes; i++) {
        int error = collect_lane(output, i, true);
        first_error = first_error ? first_error : error;
    }
    return first_error;
}

int vt_output_finish(struct vt_output *output)
{
    return vt_packager_finish(output->packager);
}

json_t *vt_output_status(const struct vt_output *output)
{
    const struct vt_output_config *config = output->config;
    json_t *renditions = json_array();
    char size[32];
    for (int i = 0; i < output->n_lanes; i++) {
        struct vt_lane_cost cost;
        vt_lane_cost(output->lanes[i], &cost);
        json_array_append_new(renditions, json_pack("{s:s, s:I, s:f, s:f, s:f}", "name", config->renditions[i].name,
            "frames", (json_int_t)cost.frames, "scale_s", cost.scale_ns / 1e9, "blend_s", cost.blend_ns / 1e9,
            "encode_s", cost.encode_ns / 1e9));
    }
    snprintf(size, sizeof size, "%dx%d", config->canvas.width, config->canvas.height);
    return json_pack("{s:s, s:s, s:s, s:s*, s:o, s:I}", "name", config->name, "size", size, "language", config->language,
                     "market", config->market, "renditions", renditions, "lost_packets",
                     (json_int_t)output->lost_packets);
}
