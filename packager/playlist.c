#include "packager/playlist.h"

static bool has_kind(const struct vt_packager_params *params, enum vt_track_kind kind)
{
    for (int i = 0; i < params->n_tracks; i++)
        if (params->tracks[i].kind == kind)
            return true;
    return false;
}

bool vt_track_listed(const struct vt_packager_params *params, int track)
{
    return params->container == VT_CONTAINER_CMAF || params->tracks[track].kind == VT_TRACK_VIDEO ||
           !has_kind(params, VT_TRACK_VIDEO);
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
    bool group = with_audio && vt_track_listed(params, audio);
    int64_t fps = vt_muldiv(1000, params->rate.num, params->rate.den);
    vt_write_format(w, "#EXT-X-STREAM-INF:BANDWIDTH=%lld,AVERAGE-BANDWIDTH=%lld,CODECS=\"%s%s%s\"",
                    (long long)(rates[i].peak + (group ? rates[audio].peak : 0)),
                    (long long)(rates[i].average + (group ? rates[audio].average : 0)), rates[i].codecs,
                    with_audio ? "," : "", with_audio ? rates[audio].codecs : "");
    if (video)
        vt_write_format(w, ",RESOLUTION=%dx%d,FRAME-RATE=%d.%03d", track->width, track->height, (int)(fps / 1000),
                        (int)(fps % 1000));
    vt_write_text(w, group ? ",AUDIO=\"audio\"" : "");
    vt_write_text(w, video ? ",CLOSED-CAPTIONS=NONE\n" : "\n");
}

static void write_key_frames(struct vt_writer *w, const struct vt_packager_params *params,
                             const struct vt_track_rates *rates, int i, const char *prefix)
{
    const struct vt_track *track = &params->tracks[i];
    vt_write_format(w, "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=%lld,AVERAGE-BANDWIDTH=%lld,CODECS=\"%s\","
                    "RESOLUTION=%dx%d,URI=\"%s%s" VT_KEY_FRAMES_SUFFIX ".m3u8\"\n", (long long)rates[i].key_peak,
                    (long long)rates[i].key_average, rates[i].codecs, track->width, track->height, prefix, track->name);
}

void vt_playlist_multivariant(struct vt_writer *w, const struct vt_packager_params *params,
                              const struct vt_track_rates *rates, const char *prefix)
{
    bool video = has_kind(params, VT_TRACK_VIDEO), ts = params->container == VT_CONTAINER_TS;
    int audio = dearest_audio(params, rates);
    vt_write_text(w, "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n");       // nothing in it needs a version: §8
    if (video && !ts)
        write_audio_media(w, params, prefix);
    for (int i = 0; i < params->n_tracks; i++) {
        if (video && params->tracks[i].kind == VT_TRACK_AUDIO)
            continue;
        write_variant(w, params, rates, i, audio);
        vt_write_format(w, "%s%s.m3u8\n", prefix, params->tracks[i].name);
    }
    for (int i = 0; i < params->n_tracks; i++)
        if (params->tracks[i].kind == VT_TRACK_VIDEO)
            write_key_frames(w, params, rates, i, prefix);
}
