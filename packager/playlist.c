#include "packager/playlist.h"

#include <stdio.h>

#include "packager/segmenter.h"

void vt_segment_name(const struct vt_packager_params *params, int track, int64_t k, char out[VT_NAME_OF_SEGMENT])
{
    snprintf(out, VT_NAME_OF_SEGMENT, "%s-%llu.m4s", params->tracks[track].name,
             (unsigned long long)params->first_msn + (unsigned long long)k);
}

// Tags listed with segment k or, where `earlier`, with those before it, which have left.
static void write_tags(struct vt_writer *w, const struct vt_timeline *timeline, int64_t k, bool earlier)
{
    for (int i = 0; i < timeline->n_tags; i++) {
        const struct vt_tag *tag = &timeline->tags[i];
        if (tag->k == k || (earlier && tag->k < k))
            vt_cue_daterange(w, tag->id, tag->rev, tag->start_ns, tag->reach_ns - tag->start_ns, tag->json,
                             (size_t)tag->size);
    }
}

static void write_segment(struct vt_writer *w, const struct vt_playlist *p, int track, const struct vt_listed *segment)
{
    const struct vt_listed_track *t = &segment->track[track];
    char name[VT_NAME_OF_SEGMENT], time[VT_TIME_TEXT];
    vt_segment_name(p->params, track, segment->k, name);
    vt_format_time(p->params->epoch_ns + t->start_us * 1000, time);
    vt_write_format(w, "#EXT-X-PROGRAM-DATE-TIME:%s\n%s#EXTINF:%lld.%06d,\n%s\n", time, t->gap ? "#EXT-X-GAP\n" : "",
                    (long long)(t->duration_us / 1000000), (int)(t->duration_us % 1000000), name);
}

void vt_playlist_media(struct vt_writer *w, const struct vt_playlist *p, int track)
{
    const struct vt_window *window = p->window;
    int64_t first = window->first < window->count ? window->list[window->first].k : 0;
    vt_write_format(w, "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:%llu\n%s"
                    "#EXT-X-MAP:URI=\"%s-init.mp4\"\n", vt_target_duration(p->params),
                    (unsigned long long)p->params->first_msn + (unsigned long long)first,
                    p->params->window_ns == 0 ? "#EXT-X-PLAYLIST-TYPE:EVENT\n" : "", p->params->tracks[track].name);
    for (int i = window->first; i < window->count; i++) {
        write_tags(w, p->timeline, window->list[i].k, i == window->first);
        if (!window->list[i].track[track].absent)
            write_segment(w, p, track, &window->list[i]);
    }
    if (p->ended)
        vt_write_text(w, "#EXT-X-ENDLIST\n");
}

static bool has_kind(const struct vt_packager_params *params, enum vt_track_kind kind)
{
    for (int i = 0; i < params->n_tracks; i++)
        if (params->tracks[i].kind == kind)
            return true;
    return false;
}

static void write_audio_media(struct vt_writer *w, const struct vt_packager_params *params, const char *prefix)
{
    bool first = true;
    for (int i = 0; i < params->n_tracks; i++) {
        const struct vt_track *track = &params->tracks[i];
        if (track->kind != VT_TRACK_AUDIO)
            continue;
        vt_write_format(w, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"%s\"", track->name);
        if (track->language)
            vt_write_format(w, ",LANGUAGE=\"%s\"", track->language);
        vt_write_format(w, ",DEFAULT=%s,AUTOSELECT=YES,CHANNELS=\"%d\",URI=\"%s%s.m3u8\"\n", first ? "YES" : "NO",
                        track->channels, prefix, track->name);
        first = false;
    }
}

// The sound that costs most: any of the group may play with a variant.
static int dearest_audio(const struct vt_packager_params *params, const struct vt_track_rates *rates)
{
    int found = -1;
    for (int i = 0; i < params->n_tracks; i++)
        if (params->tracks[i].kind == VT_TRACK_AUDIO && (found < 0 || rates[i].peak > rates[found].peak))
            found = i;
    return found;
}

static void write_variant(struct vt_writer *w, const struct vt_packager_params *params,
                          const struct vt_track_rates *rates, int i, int audio)
{
    const struct vt_track *track = &params->tracks[i];
    bool video = track->kind == VT_TRACK_VIDEO, with_audio = video && audio >= 0;
    int64_t fps = vt_muldiv(1000, params->rate.num, params->rate.den);
    vt_write_format(w, "#EXT-X-STREAM-INF:BANDWIDTH=%lld,AVERAGE-BANDWIDTH=%lld,CODECS=\"%s%s%s\"",
                    (long long)(rates[i].peak + (with_audio ? rates[audio].peak : 0)),
                    (long long)(rates[i].average + (with_audio ? rates[audio].average : 0)), rates[i].codecs,
                    with_audio ? "," : "", with_audio ? rates[audio].codecs : "");
    if (video)
        vt_write_format(w, ",RESOLUTION=%dx%d,FRAME-RATE=%d.%03d", track->width, track->height, (int)(fps / 1000),
                        (int)(fps % 1000));
    vt_write_text(w, with_audio ? ",AUDIO=\"audio\"" : "");
    vt_write_text(w, video ? ",CLOSED-CAPTIONS=NONE\n" : "\n");
}

void vt_playlist_multivariant(struct vt_writer *w, const struct vt_packager_params *params,
                              const struct vt_track_rates *rates, const char *prefix)
{
    bool video = has_kind(params, VT_TRACK_VIDEO);
    int audio = dearest_audio(params, rates);
    vt_write_text(w, "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n");
    if (video)
        write_audio_media(w, params, prefix);
    for (int i = 0; i < params->n_tracks; i++) {
        if (video && params->tracks[i].kind == VT_TRACK_AUDIO)
            continue;
        write_variant(w, params, rates, i, audio);
        vt_write_format(w, "%s%s.m3u8\n", prefix, params->tracks[i].name);
    }
}
