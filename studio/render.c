#include "studio/render.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libavformat/avformat.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ingest/decode.h"
#include "studio/folder.h"
#include "studio/picture.h"
#include "studio/playout.h"
#include "studio/sound.h"

#define SOUND_WAIT (4 * VT_NS_PER_S)     // how far sound may lie behind the picture in a file

struct render {
    const struct vt_render_params *params;
    struct vt_folder *folders[VT_OUTPUTS_MAX];
    struct vt_pictures *pictures;
    struct vt_wardrobe *wardrobe;
    struct vt_outputs *outputs;
    struct vt_playout playout;
    json_t *products;                    // by id, with rising revisions
    size_t next_event;
    int refused;

    AVFormatContext *file;
    int video, audio;                    // stream indices; audio -1: none
    struct vt_decoder *decoder;
    int64_t origin;                      // pts of the first picture
    int64_t picture_end;                 // media time of the newest frame
    int64_t sound_end;                   // media time after the last sample that came
    int64_t limit;                       // media time
};

// -- what the desk says

static void on_receipt(void *opaque, json_t *body)
{
    struct render *r = opaque;
    json_int_t status = json_integer_value(json_object_get(body, "status"));
    if (status >= 400) {
        const char *request = json_string_value(json_object_get(body, "request"));
        vt_error("%s: %s", request ? request : "a cue", json_string_value(json_object_get(body, "detail")));
        r->refused++;
    }
    json_decref(body);
}

static void on_changed(void *opaque, json_t *cue)
{
    json_decref(cue);
}

// -- the script

static void put_product(struct render *r, const json_t *change)
{
    const char *id = json_string_value(json_object_get(change, "id"));
    if (!id) {
        vt_error("a product without id (quote it if it is a number)");
        r->refused++;
        return;
    }
    json_t *product = json_object_get(r->products, id);
    if (!product) {
        product = json_object();
        json_object_set_new(r->products, id, product);
    }
    json_int_t rev = json_integer_value(json_object_get(product, "rev"));
    json_object_update(product, (json_t *)change);
    json_object_set_new(product, "rev", json_integer(rev + 1));
    vt_desk_product(vt_outputs_desk(r->outputs), product);
}

static void put_products(struct render *r, const json_t *list)
{
    size_t i;
    json_t *product;
    json_array_foreach(list, i, product)
        put_product(r, product);
}

static void play(struct render *r, const json_t *event)
{
    struct vt_desk *desk = vt_outputs_desk(r->outputs);
    json_t *take = json_object_get(event, "take"), *patch = json_object_get(event, "patch");
    json_t *product = json_object_get(event, "product"), *remove = json_object_get(event, "remove");
    json_t *withdraw = json_object_get(event, "withdraw");
    char request[64];
    snprintf(request, sizeof request, "line %d", (int)json_integer_value(json_object_get(event, "line")));
    json_t *body = take ? json_deep_copy(take) : patch ? json_deep_copy(patch) : json_object();
    json_object_set_new(body, "request", json_string(request));
    if (remove)
        json_object_set(body, "id", remove);
    if (take)
        vt_desk_take(desk, body);
    else if (patch)
        vt_desk_patch(desk, body);
    else if (remove)
        vt_desk_remove(desk, body);
    else if (product)
        put_product(r, product);
    else
        vt_desk_withdraw(desk, json_string_value(withdraw));
    json_decref(body);
}

// Everything that is due at this frame.
static void play_until(struct render *r, int64_t frame)
{
    json_t *events = json_object_get(r->params->script, "events"), *event;
    while ((event = json_array_get(events, r->next_event))) {
        int64_t at = (int64_t)(json_number_value(json_object_get(event, "at")) * 1e9 + 0.5);
        if (vt_ns_to_nearest_frame(at, r->params->channel->rate) > frame)
            return;
        play(r, event);
        r->next_event++;
    }
}

// -- frames and samples

static int sound_until(struct render *r, int64_t video)
{
    int64_t until = r->audio < 0 ? video : r->sound_end < video ? r->sound_end : video;
    if (until < video - SOUND_WAIT)
        until = video - SOUND_WAIT;
    return vt_outputs_sound(r->outputs, until);
}

static int compose(struct render *r)
{
    int64_t frame = r->playout.next;
    play_until(r, frame);
    int error = vt_playout_tick(&r->playout);
    if (!error)
        error = sound_until(r, vt_frame_to_ns(frame + 1, r->params->channel->rate));
    if (!error)
        error = vt_outputs_collect(r->outputs);
    if (r->params->progress && frame % 30 == 0)
        fprintf(r->params->progress, "\r%.1f s", (double)vt_frame_to_ns(frame, r->params->channel->rate) / 1e9);
    return error;
}

// Composes the ticks whose picture is known: those before the newest frame.
static int compose_until(struct render *r, int64_t media_ns)
{
    int64_t quarter = vt_frame_to_ns(1, r->params->channel->rate) / 4;
    int error = 0;
    while (!error && vt_frame_to_ns(r->playout.next, r->params->channel->rate) + quarter < media_ns &&
           vt_frame_to_ns(r->playout.next, r->params->channel->rate) < r->limit)
        error = compose(r);
    return error;
}

static int on_frame(void *opaque, const AVFrame *picture)
{
    struct render *r = opaque;
    int64_t at = picture->pts - r->origin;
    AVFrame *frame = av_frame_clone(picture);
    if (!frame)
        return -ENOMEM;
    vt_playout_frame(&r->playout, frame, at);
    r->picture_end = at;
    return compose_until(r, at);
}

static int on_samples(void *opaque, int64_t pts, const float *interleaved, int count)
{
    struct render *r = opaque;
    int64_t at = pts - r->origin;
    vt_playout_samples(&r->playout, pts, interleaved, count, at);
    r->sound_end = at + vt_muldiv(count, VT_NS_PER_S, VT_SAMPLE_RATE);
    return 0;
}

// -- the file

static int64_t stream_ns(const AVStream *stream, int64_t ts)
{
    return av_rescale_q(ts, stream->time_base, (AVRational){1, 1000000000});
}

static int av_error(const char *what, int error)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    av_strerror(error, text, sizeof text);
    vt_error("%s: %s", what, text);
    return error == AVERROR(ENOMEM) ? -ENOMEM : error == AVERROR(ENOENT) ? -ENOENT : -EINVAL;
}

static int open_file(struct render *r)
{
    int error = avformat_open_input(&r->file, r->params->input, NULL, NULL);
    if (!error)
        error = avformat_find_stream_info(r->file, NULL);
    if (error < 0)
        return av_error(r->params->input, error);
    r->video = av_find_best_stream(r->file, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    r->audio = av_find_best_stream(r->file, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0);
    const AVCodecParameters *video = r->video >= 0 ? r->file->streams[r->video]->codecpar : NULL;
    if (!video || video->codec_id != AV_CODEC_ID_H264 || video->extradata_size < 7 || video->extradata[0] != 1) {
        vt_error("%s: needs an H.264 video track as MP4, FLV or Matroska files have it", r->params->input);
        return -EINVAL;
    }
    if (r->audio >= 0 && r->file->streams[r->audio]->codecpar->codec_id != AV_CODEC_ID_AAC) {
        vt_warning("%s: its sound is not AAC and is left out", r->params->input);
        r->audio = -1;
    }
    const AVStream *stream = r->file->streams[r->video];
    r->origin = stream->start_time == AV_NOPTS_VALUE ? 0 : stream_ns(stream, stream->start_time);
    return 0;
}

static int decode(struct render *r, const AVPacket *packet)
{
    const AVStream *stream = r->file->streams[packet->stream_index];
    bool video = packet->stream_index == r->video;
    int64_t pts = packet->pts == AV_NOPTS_VALUE ? packet->dts : packet->pts;
    int64_t dts = packet->dts == AV_NOPTS_VALUE ? pts : packet->dts;
    if (pts == AV_NOPTS_VALUE)
        return 0;
    struct vt_access_unit unit = {
        .video = video, .codec = video ? VT_CODEC_H264 : VT_CODEC_AAC,
        .data = packet->data, .size = (size_t)packet->size,
        .dts_ns = stream_ns(stream, dts), .pts_ns = stream_ns(stream, pts),
        .duration_ns = stream_ns(stream, packet->duration), .key = packet->flags & AV_PKT_FLAG_KEY,
        .config = stream->codecpar->extradata, .config_size = (size_t)stream->codecpar->extradata_size,
    };
    return vt_decoder_packet(r->decoder, &unit);
}

static bool past_limit(const struct render *r)
{
    return vt_frame_to_ns(r->playout.next, r->params->channel->rate) >= r->limit;
}

static int read_all(struct render *r)
{
    AVPacket *packet = av_packet_alloc();
    int error = packet ? 0 : -ENOMEM;
    while (!error && !past_limit(r)) {
        int got = av_read_frame(r->file, packet);
        if (got == AVERROR_EOF)
            break;
        if (got < 0)
            error = av_error(r->params->input, got);
        else if (packet->stream_index == r->video || packet->stream_index == r->audio)
            error = decode(r, packet);
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    if (!error)
        error = vt_decoder_flush(r->decoder);
    if (!error)
        error = compose_until(r, r->picture_end + vt_frame_to_ns(1, r->params->channel->rate) / 2);
    return error;
}

// -- all together

// main becomes the folder itself, every other output a folder in it.
static int open_folders(struct render *r)
{
    const struct vt_channel *channel = r->params->channel;
    int error = 0;
    for (int i = 0; i < channel->n_outputs && !error; i++) {
        char path[PATH_MAX];
        int length = i == 0 ? snprintf(path, sizeof path, "%s", r->params->folder)
                            : snprintf(path, sizeof path, "%s/%s", r->params->folder, channel->outputs[i].name);
        error = length < (int)sizeof path ? vt_folder_open(&r->folders[i], AT_FDCWD, path) : -ENAMETOOLONG;
    }
    if (error)
        vt_error("%s cannot be written: %s", r->params->folder, strerror(-error));
    return error;
}

static int open_outputs(struct render *r)
{
    struct vt_outputs_params params = {
        .channel = r->params->channel, .epoch_ns = r->params->epoch_ns, .wardrobe = r->wardrobe,
        .load_picture = r->pictures ? vt_pictures_load : NULL, .picture_opaque = r->pictures,
        .offline = true, .receipt = on_receipt, .changed = on_changed, .opaque = r,
    };
    for (int i = 0; i < r->params->channel->n_outputs; i++)
        params.starts[i] = (struct vt_output_start){
            .first_msn = 1, .sink = {.opaque = r->folders[i], .put = vt_folder_put, .drop = vt_folder_drop},
        };
    return vt_outputs_new(&r->outputs, &params);
}

static int open_render(struct render *r)
{
    const struct vt_channel *channel = r->params->channel;
    int pictures = 0, error = open_file(r);
    if (!error)
        error = open_folders(r);
    if (!error && channel->picture_root && (pictures = vt_pictures_new(&r->pictures, channel->picture_root)))
        vt_warning("%s: %s; there are no pictures", channel->picture_root, strerror(-pictures));
    if (!error)
        error = vt_wardrobe_new(&r->wardrobe, channel->templates, channel->n_templates, NULL);
    if (!error)
        error = open_outputs(r);
    if (!error)
        error = vt_decoder_new(&r->decoder, &(struct vt_decode_sink){.opaque = r, .frame = on_frame,
                                                                      .samples = on_samples}, 1);
    if (!error)
        vt_playout_init(&r->playout, channel, r->outputs, 0, true);
    return error;
}

static void close_render(struct render *r)
{
    vt_decoder_free(&r->decoder);
    vt_outputs_free(&r->outputs);
    vt_playout_clear(&r->playout);
    vt_wardrobe_free(&r->wardrobe);
    vt_pictures_free(&r->pictures);
    for (int i = 0; i < VT_OUTPUTS_MAX; i++)
        vt_folder_free(&r->folders[i]);
    avformat_close_input(&r->file);
    json_decref(r->products);
}

int vt_render(const struct vt_render_params *params)
{
    struct render r = {.params = params, .audio = -1, .products = json_object()};
    r.limit = params->seconds > 0 ? (int64_t)(params->seconds * 1e9) : INT64_MAX;
    int error = open_render(&r);
    if (!error) {
        vt_desk_sync(vt_outputs_desk(r.outputs));
        put_products(&r, params->products);
        put_products(&r, json_object_get(params->script, "products"));
        vt_desk_synced(vt_outputs_desk(r.outputs));
        error = read_all(&r);
        int ended = vt_outputs_finish(r.outputs, r.playout.next);
        error = error ? error : ended;
    }
    if (params->progress)
        fprintf(params->progress, "\r%" PRId64 " frames\n", r.playout.frames);
    if (!error && r.refused > 0)
        error = -EINVAL;
    close_render(&r);
    return error;
}
