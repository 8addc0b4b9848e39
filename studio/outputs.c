#include "studio/outputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "studio/sound.h"

struct vt_outputs {
    struct vt_outputs_params params;
    struct vt_output *list[VT_OUTPUTS_MAX];
    int count;
    struct vt_sound *sound;
    struct vt_stage *stage;
    struct vt_desk *desk;
    int64_t sound_until;                 // samples that are final
};

// -- what the desk needs

static struct vt_template *find_template(void *opaque, const char *name, bool *ret_all)
{
    struct vt_outputs *outputs = opaque;
    return vt_wardrobe_find(outputs->params.wardrobe, name, ret_all);
}

static char *template_names(void *opaque)
{
    struct vt_outputs *outputs = opaque;
    return vt_wardrobe_names(outputs->params.wardrobe);
}

static void make_views(void *opaque, struct vt_batch *batch)
{
    struct vt_outputs *outputs = opaque;
    vt_stage_make(outputs->stage, batch);
}

static void show_scene(void *opaque, const struct vt_scene *scene)
{
    struct vt_outputs *outputs = opaque;
    vt_stage_scene(outputs->stage, scene);
}

static int cue_fits(void *opaque, int output, const struct vt_cue *cue, bool more)
{
    struct vt_outputs *outputs = opaque;
    return vt_output_cue_fits(outputs->list[output], cue, more);
}

static int send_cue(void *opaque, int output, const struct vt_cue *cue, const char *more, size_t more_size)
{
    struct vt_outputs *outputs = opaque;
    return vt_output_cue(outputs->list[output], cue, more, more_size);
}

static void send_receipt(void *opaque, json_t *body)
{
    struct vt_outputs *outputs = opaque;
    outputs->params.receipt(outputs->params.opaque, body);
}

static void send_changed(void *opaque, json_t *cue)
{
    struct vt_outputs *outputs = opaque;
    outputs->params.changed(outputs->params.opaque, cue);
}

// -- building

static int open_sound(struct vt_outputs *outputs)
{
    const struct vt_channel *channel = outputs->params.channel;
    int64_t first = vt_muldiv(vt_frame_to_ns(outputs->params.first_frame, channel->rate), VT_SAMPLE_RATE, VT_NS_PER_S);
    first = (first + VT_SOUND_FRAME - 1) / VT_SOUND_FRAME * VT_SOUND_FRAME;
    outputs->sound_until = first;
    return vt_sound_new(&outputs->sound, channel->audio_bitrate, first);
}

static int open_outputs(struct vt_outputs *outputs)
{
    const struct vt_outputs_params *params = &outputs->params;
    struct vt_output_params one = {
        .channel = params->channel, .epoch_ns = params->epoch_ns, .first_frame = params->first_frame,
        .window_ns = params->window_ns, .offline = params->offline, .wake = params->wake, .opaque = params->opaque,
    };
    one.sound = vt_sound_config(outputs->sound, &one.sound_size);
    int error = 0;
    for (int i = 0; i < params->channel->n_outputs && !error; i++) {
        one.config = &params->channel->outputs[i];
        one.start = params->starts[i];
        error = vt_output_new(&outputs->list[i], &one);
        outputs->count += error == 0;
    }
    return error;
}

static int open_stage(struct vt_outputs *outputs)
{
    const struct vt_outputs_params *params = &outputs->params;
    struct vt_stage_params stage = {
        .rate = params->channel->rate, .epoch_ns = params->epoch_ns, .first_frame = params->first_frame,
        .without_thread = params->offline, .wake = params->wake, .opaque = params->opaque,
    };
    for (int i = 0; i < outputs->count; i++) {
        const struct vt_output_config *config = vt_output_config(outputs->list[i]);
        stage.makers[i] = (struct vt_maker){.rate = params->channel->rate, .load_picture = params->load_picture,
                                            .opaque = params->picture_opaque};
        vt_output_describe(outputs->list[i], &stage.makers[i]);
        for (int k = 0; k < config->n_renditions; k++)
            stage.lanes[stage.n_lanes++] = (struct vt_stage_lane){
                .output = i, .size = config->renditions[k].size, .colour = *vt_output_colour(outputs->list[i], k),
            };
    }
    return vt_stage_new(&outputs->stage, &stage);
}

static int open_desk(struct vt_outputs *outputs)
{
    struct vt_desk_params desk = {
        .timing = *vt_output_timing(outputs->list[0]), .next_frame = outputs->params.first_frame,
        .first_cue = (uint64_t)outputs->params.first_frame + 1, .n_outputs = outputs->count,
        .hooks = {
            .opaque = outputs, .template = find_template, .templates = template_names, .make = make_views,
            .scene = show_scene, .fits = cue_fits, .cue = send_cue, .receipt = send_receipt, .changed = send_changed,
        },
    };
    for (int i = 0; i < outputs->count; i++)
        desk.outputs[i] = (struct vt_desk_output){.name = vt_output_config(outputs->list[i])->name,
                                                  .first_msn = vt_output_timing(outputs->list[i])->first_msn};
    return vt_desk_new(&outputs->desk, &desk);
}

int vt_outputs_new(struct vt_outputs **ret, const struct vt_outputs_params *params)
{
    struct vt_outputs *outputs = calloc(1, sizeof *outputs);
    if (!outputs)
        return -ENOMEM;
    outputs->params = *params;
    int error = open_sound(outputs);
    if (!error)
        error = open_outputs(outputs);
    if (!error)
        error = open_stage(outputs);
    if (!error)
        error = open_desk(outputs);
    if (error)
        vt_outputs_free(&outputs);
    else
        *ret = outputs;
    return error;
}

void vt_outputs_free(struct vt_outputs **outputs)
{
    struct vt_outputs *o = *outputs;
    if (!o)
        return;
    vt_stage_free(&o->stage);
    for (int i = 0; i < VT_OUTPUTS_MAX; i++)
        vt_output_free(&o->list[i]);
    vt_desk_free(&o->desk);
    vt_sound_free(&o->sound);
    free(o);
    *outputs = NULL;
}

struct vt_desk *vt_outputs_desk(struct vt_outputs *outputs)
{
    return outputs->desk;
}

const struct vt_packager *vt_outputs_packager(const struct vt_outputs *outputs, int output)
{
    return vt_output_packager(outputs->list[output]);
}

uint64_t vt_outputs_next_msn(const struct vt_outputs *outputs, int64_t frame)
{
    uint64_t next = 0;
    for (int i = 0; i < outputs->count; i++) {
        const struct vt_packager_params *timing = vt_output_timing(outputs->list[i]);
        uint64_t own = timing->first_msn + (uint64_t)vt_segment_of(timing, frame) + 1;
        next = own > next ? own : next;
    }
    return next;
}

// -- the frame path

bool vt_outputs_is_key(const struct vt_outputs *outputs, int64_t frame)
{
    const struct vt_packager_params *timing = vt_output_timing(outputs->list[0]);
    return vt_segment_frame(timing, vt_segment_of(timing, frame)) == frame;
}

static void take_made(struct vt_outputs *outputs)
{
    struct vt_batch *batch;
    while ((batch = vt_stage_made(outputs->stage)))
        vt_desk_made(outputs->desk, batch);
}

int vt_outputs_frame(struct vt_outputs *outputs, int64_t frame, AVFrame *source)
{
    struct vt_placement *placements[VT_LANES_MAX];
    int64_t drawn, version;
    int first_error = 0, lane = 0;
    vt_desk_plan(outputs->desk, frame);
    take_made(outputs);
    vt_stage_take(outputs->stage, frame, placements, &drawn, &version);
    vt_desk_composed(outputs->desk, frame, drawn, version);
    bool key = vt_outputs_is_key(outputs, frame);
    for (int i = 0; i < outputs->count; i++) {
        int error = vt_output_frame(outputs->list[i], frame, key, source, placements + lane);
        lane += vt_output_config(outputs->list[i])->n_renditions;
        first_error = first_error ? first_error : error;
    }
    return first_error;
}

// -- sound

static int64_t sample_at(int64_t ns)
{
    return vt_muldiv(ns, VT_SAMPLE_RATE, VT_NS_PER_S);
}

void vt_outputs_samples(struct vt_outputs *outputs, int64_t at_ns, const float *interleaved, int count)
{
    (void)vt_sound_put(outputs->sound, sample_at(at_ns), interleaved, count);    // it counts what it drops
}

int vt_outputs_sound(struct vt_outputs *outputs, int64_t until_ns)
{
    int64_t until = sample_at(until_ns);
    if (until <= outputs->sound_until)
        return 0;
    int error = vt_sound_advance(outputs->sound, until);
    outputs->sound_until = until;
    struct vt_packet packet;
    while (!error && vt_sound_collect(outputs->sound, &packet) > 0)
        for (int i = 0; i < outputs->count && !error; i++)
            error = vt_output_sound(outputs->list[i], &packet);
    return error;
}

// -- what comes out

int vt_outputs_collect(struct vt_outputs *outputs)
{
    int error = 0;
    take_made(outputs);
    for (int i = 0; i < outputs->count && !error; i++)
        error = vt_output_collect(outputs->list[i]);
    return error;
}

int vt_outputs_finish(struct vt_outputs *outputs, int64_t frame)
{
    int64_t end = sample_at(vt_frame_to_ns(frame, outputs->params.channel->rate));
    int64_t sound_end = (end + VT_SOUND_FRAME - 1) / VT_SOUND_FRAME * VT_SOUND_FRAME + VT_SOUND_DELAY;
    int first_error = 0;
    vt_desk_finish(outputs->desk, frame);
    for (int i = 0; i < outputs->count; i++) {
        int error = vt_output_drain(outputs->list[i]);
        first_error = first_error ? first_error : error;
    }
    int error = vt_outputs_sound(outputs, vt_muldiv(sound_end, VT_NS_PER_S, VT_SAMPLE_RATE));
    first_error = first_error ? first_error : error;
    for (int i = 0; i < outputs->count; i++) {
        error = vt_output_finish(outputs->list[i]);
        first_error = first_error ? first_error : error;
    }
    return first_error;
}

json_t *vt_outputs_status(struct vt_outputs *outputs)
{
    json_t *list = json_array();
    json_int_t lost = 0;
    for (int i = 0; i < outputs->count; i++) {
        json_t *one = vt_output_status(outputs->list[i]);
        lost += json_integer_value(json_object_get(one, "lost_packets"));
        json_array_append_new(list, one);
    }
    struct vt_stage_cost stage;
    vt_stage_cost(outputs->stage, &stage);
    json_t *renditions = json_object_get(json_array_get(list, 0), "renditions");
    return json_pack("{s:O, s:o, s:{s:i, s:I, s:I, s:I, s:I, s:o, s:f}, s:I, s:I}", "renditions", renditions, "outputs", list,
                     "overlay", "cues", vt_desk_live(outputs->desk), "drawings", (json_int_t)stage.drawings,
                     "late_drawings", (json_int_t)stage.late, "sprites", (json_int_t)stage.sprites,
                     "reduced", (json_int_t)stage.reduced,
                     "reduced_cues", vt_desk_names(outputs->desk, stage.calm, stage.n_calm),
                     "cpu_s", stage.cpu_ns / 1e9,
                     "dropped_samples", (json_int_t)vt_sound_dropped(outputs->sound), "lost_packets", lost);
}
