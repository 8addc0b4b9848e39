#include "studio/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "studio/sound.h"

#define AUDIO_TRACK "audio"

struct vt_output {
    const struct vt_channel *channel;
    struct vt_output_params params;
    struct vt_packager_params timing;
    struct vt_lane *lanes[VT_RENDITIONS_MAX];
    int n_lanes;
    struct vt_sound *sound;
    struct vt_packager *packager;
    struct vt_stage *stage;
    struct vt_desk *desk;
    int64_t sound_until;                 // samples that are final
    int64_t lost_packets;                // that the packager or the disk refused
    int last_error;
};

// -- what the desk needs

static struct vt_template *find_template(void *opaque, const char *name, bool *ret_all)
{
    struct vt_output *output = opaque;
    return vt_wardrobe_find(output->params.wardrobe, name, ret_all);
}

static char *template_names(void *opaque)
{
    struct vt_output *output = opaque;
    return vt_wardrobe_names(output->params.wardrobe);
}

static void make_views(void *opaque, struct vt_batch *batch)
{
    struct vt_output *output = opaque;
    vt_stage_make(output->stage, batch);
}

static void show_scene(void *opaque, const struct vt_scene *scene)
{
    struct vt_output *output = opaque;
    vt_stage_scene(output->stage, scene);
}

static int send_cue(void *opaque, const struct vt_cue *cue, const char *more, size_t more_size)
{
    struct vt_output *output = opaque;
    return vt_packager_cue(output->packager, cue, more, more_size);
}

static void send_receipt(void *opaque, json_t *body)
{
    struct vt_output *output = opaque;
    output->params.receipt(output->params.opaque, body);
}

static void send_changed(void *opaque, json_t *cue)
{
    struct vt_output *output = opaque;
    output->params.changed(output->params.opaque, cue);
}

// -- building

static int smallest_height(const struct vt_channel *channel)
{
    int smallest = channel->canvas.height;
    for (int i = 0; i < channel->n_renditions; i++)
        if (channel->renditions[i].size.height < smallest)
            smallest = channel->renditions[i].size.height;
    return smallest;
}

static int open_lanes(struct vt_output *output)
{
    const struct vt_channel *channel = output->channel;
    for (int i = 0; i < channel->n_renditions; i++) {
        int error = vt_lane_new(&output->lanes[i], &(struct vt_lane_params) {
            .rendition = &channel->renditions[i], .rate = channel->rate, .canvas = channel->canvas,
            .fit = channel->fit, .encoder = channel->encoder, .preset = channel->preset,
            .latency = channel->latency, .segment_ns = channel->segment_ns,
            .threads = output->params.offline ? 1 : 0,           // x264's slices and its buffer model race
            .wake = output->params.wake, .opaque = output->params.opaque,
        });
        if (error)
            return error;
        output->n_lanes++;
    }
    return 0;
}

static int open_sound(struct vt_output *output)
{
    int64_t first = vt_muldiv(vt_frame_to_ns(output->params.first_frame, output->timing.rate), VT_SAMPLE_RATE,
                              VT_NS_PER_S);
    first = (first + VT_SOUND_FRAME - 1) / VT_SOUND_FRAME * VT_SOUND_FRAME;
    output->sound_until = first;
    return vt_sound_new(&output->sound, output->channel->audio_bitrate, first);
}

static int open_packager(struct vt_output *output)
{
    struct vt_track tracks[VT_RENDITIONS_MAX + 1] = { 0 };
    for (int i = 0; i < output->n_lanes; i++) {
        const struct vt_rendition_config *rendition = &output->channel->renditions[i];
        tracks[i] = (struct vt_track) {
            .kind = VT_TRACK_VIDEO, .width = rendition->size.width, .height = rendition->size.height,
            .bitrate = rendition->bitrate,
        };
        vt_name_copy(tracks[i].name, rendition->name);
        tracks[i].config = vt_lane_config(output->lanes[i], &tracks[i].config_size);
    }
    struct vt_track *audio = &tracks[output->n_lanes];
    *audio = (struct vt_track) {
        .name = AUDIO_TRACK, .kind = VT_TRACK_AUDIO, .bitrate = output->channel->audio_bitrate,
        .sample_rate = VT_SAMPLE_RATE, .channels = 2, .language = output->channel->language,
    };
    audio->config = vt_sound_config(output->sound, &audio->config_size);
    struct vt_packager_params params = output->timing;
    params.tracks = tracks;
    params.n_tracks = output->n_lanes + 1;
    if (!params.state)
        params.least_msn = output->params.free_msn;
    int error = vt_packager_new(&output->packager, &params);
    if (error && params.state) {
        vt_warning("the state from before cannot be taken up (%s); the playlists begin anew", strerror(-error));
        params.state = NULL;
        params.state_size = 0;
        params.least_msn = output->params.free_msn;
        error = vt_packager_new(&output->packager, &params);
    }
    if (!error)
        output->timing.first_msn = vt_packager_first_msn(output->packager);
    return error;
}

static int open_stage(struct vt_output *output)
{
    const struct vt_channel *channel = output->channel;
    const char *market = channel->market && strcmp(channel->market, "none") != 0 ? channel->market : NULL;
    struct vt_stage_params params = {
        .rate = channel->rate, .epoch_ns = output->params.epoch_ns, .first_frame = output->params.first_frame,
        .maker = {
            .width = channel->canvas.width, .height = channel->canvas.height,
            .smallest_height = smallest_height(channel), .language = channel->language, .market = market,
            .rate = channel->rate, .load_picture = output->params.load_picture,
            .opaque = output->params.picture_opaque,
        },
        .n_renditions = output->n_lanes, .without_thread = output->params.offline,
        .wake = output->params.wake, .idle = output->params.idle, .opaque = output->params.opaque,
    };
    for (int i = 0; i < output->n_lanes; i++) {
        params.sizes[i] = channel->renditions[i].size;
        params.colours[i] = *vt_lane_colour(output->lanes[i]);
    }
    return vt_stage_new(&output->stage, &params);
}

static int open_desk(struct vt_output *output)
{
    return vt_desk_new(&output->desk, &(struct vt_desk_params) {
        .output = output->params.name, .timing = output->timing, .next_frame = output->params.first_frame,
        .first_cue = (uint64_t)output->params.first_frame + 1,
        .hooks = {
            .opaque = output, .template = find_template, .templates = template_names, .make = make_views,
            .scene = show_scene, .cue = send_cue, .receipt = send_receipt, .changed = send_changed,
        },
    });
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
    output->params = *params;
    output->timing = (struct vt_packager_params) {
        .rate = params->channel->rate, .segment_ns = params->channel->segment_ns,
        .container = (enum vt_container)params->channel->container,
        .part_ns = has_parts(params) ? params->channel->part_ns : 0,
        .window_ns = params->window_ns, .vod = params->offline, .epoch_ns = params->epoch_ns,
        .first_msn = params->first_msn, .first_frame = params->first_frame,
        .state = params->state, .state_size = params->state_size, .sink = params->sink,
    };
    int error = open_lanes(output);
    if (!error)
        error = open_sound(output);
    if (!error)
        error = open_packager(output);
    if (!error)
        error = open_stage(output);
    if (!error)
        error = open_desk(output);
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
    vt_stage_free(&o->stage);
    for (int i = 0; i < VT_RENDITIONS_MAX; i++)
        vt_lane_free(&o->lanes[i]);
    vt_desk_free(&o->desk);
    vt_sound_free(&o->sound);
    vt_packager_free(&o->packager);
    free(o);
    *output = NULL;
}

struct vt_desk *vt_output_desk(struct vt_output *output)
{
    return output->desk;
}

const struct vt_packager *vt_output_packager(const struct vt_output *output)
{
    return output->packager;
}

const struct vt_packager_params *vt_output_timing(const struct vt_output *output)
{
    return &output->timing;
}

// -- the frame path

bool vt_output_is_key(const struct vt_output *output, int64_t frame)
{
    return vt_segment_frame(&output->timing, vt_segment_of(&output->timing, frame)) == frame;
}

static void take_made(struct vt_output *output)
{
    struct vt_batch *batch;
    while ((batch = vt_stage_made(output->stage)))
        vt_desk_made(output->desk, batch);
}

static void free_placement(struct vt_placement *placement)
{
    if (placement)
        vt_placement_clear(placement);
    free(placement);
}

static int submit(struct vt_output *output, int i, int64_t frame, bool key, AVFrame *source,
                  struct vt_placement *placement)
{
    struct vt_job job = { .frame = frame, .key = key, .placement = placement };
    if (source && !(job.source = av_frame_clone(source))) {
        free_placement(placement);
        return -ENOMEM;
    }
    int error = vt_lane_submit(output->lanes[i], &job, true);
    if (error) {
        av_frame_free(&job.source);
        free_placement(placement);
    }
    return error;
}

int vt_output_frame(struct vt_output *output, int64_t frame, AVFrame *source)
{
    struct vt_placement *placements[VT_RENDITIONS_MAX];
    int64_t drawn, version;
    int first_error = 0;
    vt_desk_plan(output->desk, frame);
    take_made(output);
    vt_stage_take(output->stage, frame, placements, &drawn, &version);
    vt_desk_composed(output->desk, frame, drawn, version);
    bool key = vt_output_is_key(output, frame);
    for (int i = 0; i < output->n_lanes; i++) {
        int error = submit(output, i, frame, key, source, placements[i]);
        first_error = first_error ? first_error : error;
    }
    return first_error;
}

// -- sound

static int64_t sample_at(int64_t ns)
{
    return vt_muldiv(ns, VT_SAMPLE_RATE, VT_NS_PER_S);
}

void vt_output_samples(struct vt_output *output, int64_t at_ns, const float *interleaved, int count)
{
    (void)vt_sound_put(output->sound, sample_at(at_ns), interleaved, count);     // it counts what it drops
}

static int package(struct vt_output *output, int track, const struct vt_packet *packet)
{
    int error = vt_packager_packet(output->packager, track, packet);
    if (error && error != output->last_error)
        vt_warning("%s: a packet was not stored: %s",
                   track < output->n_lanes ? output->channel->renditions[track].name : AUDIO_TRACK, strerror(-error));
    if (error)
        output->lost_packets++;
    output->last_error = error;
    return error == -ENOMEM ? error : 0;         // a full disk may have room again
}

int vt_output_sound(struct vt_output *output, int64_t until_ns)
{
    int64_t until = sample_at(until_ns);
    if (until <= output->sound_until)
        return 0;
    int error = vt_sound_advance(output->sound, until);
    output->sound_until = until;
    struct vt_packet packet;
    int got;
    while (!error && (got = vt_sound_collect(output->sound, &packet)) > 0)
        error = package(output, output->n_lanes, &packet);
    return error;
}

// -- what comes out

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
    take_made(output);
    for (int i = 0; i < output->n_lanes; i++) {
        int error = collect_lane(output, i, false);
        if (error)
            return error;
    }
    return 0;
}

int vt_output_finish(struct vt_output *output, int64_t frame)
{
    int64_t end = vt_frame_to_ns(frame, output->timing.rate);
    vt_desk_finish(output->desk, frame);
    for (int i = 0; i < output->n_lanes; i++)
        vt_lane_finish(output->lanes[i]);
    int first_error = 0;
    for (int i = 0; i < output->n_lanes; i++) {
        int error = collect_lane(output, i, true);
        first_error = first_error ? first_error : error;
    }
    int64_t sound_end = (sample_at(end) + VT_SOUND_FRAME - 1) / VT_SOUND_FRAME * VT_SOUND_FRAME + VT_SOUND_DELAY;
    int error = vt_output_sound(output, vt_muldiv(sound_end, VT_NS_PER_S, VT_SAMPLE_RATE));
    first_error = first_error ? first_error : error;
    error = vt_packager_finish(output->packager);
    return first_error ? first_error : error;
}

json_t *vt_output_status(struct vt_output *output)
{
    json_t *renditions = json_array();
    for (int i = 0; i < output->n_lanes; i++) {
        struct vt_lane_cost cost;
        vt_lane_cost(output->lanes[i], &cost);
        json_array_append_new(renditions, json_pack("{s:s, s:I, s:f, s:f, s:f}", "name",
            output->channel->renditions[i].name, "frames", (json_int_t)cost.frames, "scale_s", cost.scale_ns / 1e9,
            "blend_s", cost.blend_ns / 1e9, "encode_s", cost.encode_ns / 1e9));
    }
    struct vt_stage_cost stage;
    vt_stage_cost(output->stage, &stage);
    return json_pack("{s:o, s:{s:i, s:I, s:I, s:I, s:I, s:f}, s:I, s:I}", "renditions", renditions,
                     "overlay", "cues", vt_desk_live(output->desk), "drawings", (json_int_t)stage.drawings,
                     "late_drawings", (json_int_t)stage.late, "sprites", (json_int_t)stage.sprites,
                     "reduced", (json_int_t)stage.reduced,
                     "cpu_s", stage.cpu_ns / 1e9,
                     "dropped_samples", (json_int_t)vt_sound_dropped(output->sound),
                     "lost_packets", (json_int_t)output->lost_packets);
}
