#include "check/media_rules.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/mediatime.h"

#define STAMP_BITS 33
#define STAMP_SLACK 0.15               // s; of transport streams, whose last sample's duration is not written
#define BITRATE_SLACK 0.1

void vt_check_init(const char *url, const struct vt_media *init, struct vt_findings *findings)
{
    if (init->transport)
        return;
    if (init->trouble[0])
        vt_find(findings, 47, url, 0, "%s", init->trouble);
    else if (!init->has_ftyp || !init->has_moov || !init->has_mvex)
        vt_find(findings, 47, url, 0, "it has no %s", !init->has_ftyp ? "ftyp" : !init->has_moov ? "moov" : "mvex");
    else if (init->old_brand)
        vt_find(findings, 47, url, 0, "no brand of ftyp is iso6 or later");
    else if (init->has_samples)
        vt_find(findings, 47, url, 0, "it has samples");
    else if (init->has_duration)
        vt_find(findings, 47, url, 0, "mvhd or tkhd has a duration");
    if (init->external)
        vt_find(findings, 48, url, 0, "a data reference is not to the file itself");
}

static void check_counters(const char *url, const struct vt_media *media, const struct vt_media *last,
                           struct vt_findings *findings)
{
    for (int i = 0; i < media->n_pids; i++) {
        if (media->pids[i].gap)
            vt_find(findings, 42, url, 0, "the continuity counter of PID 0x%x jumps", media->pids[i].pid);
        for (int j = 0; last && j < last->n_pids; j++)
            if (last->pids[j].pid == media->pids[i].pid && media->pids[i].first != ((last->pids[j].last + 1) & 15)
                && media->pids[i].first != last->pids[j].last)
                vt_find(findings, 42, url, 0, "the continuity counter of PID 0x%x is %d after %d", media->pids[i].pid,
                        media->pids[i].first, last->pids[j].last);
    }
}

static void check_transport(const char *url, const struct vt_media *media, struct vt_findings *findings)
{
    if (media->trouble[0])
        vt_find(findings, 49, url, 0, "%s", media->trouble);
    else if (!media->has_pat || !media->has_pmt)
        vt_find(findings, 49, url, 0, "it has no %s", media->has_pat ? "PMT" : "PAT");
    else if (media->programs > 1)
        vt_find(findings, 49, url, 0, "it has %d programs", media->programs);
    else if (!media->pat_first)
        vt_find_soft(findings, 49, url, 0, "its first packet is not the PAT");
}

static void check_fragments(const char *url, const struct vt_media *media, struct vt_findings *findings)
{
    if (media->trouble[0])
        vt_find(findings, 48, url, 0, "%s", media->trouble);
    else if (!media->has_moof)
        vt_find(findings, 48, url, 0, "it has no moof");
    if (media->no_tfdt)
        vt_find(findings, 48, url, 0, "a traf has no tfdt");
    if (media->not_moof_relative)
        vt_find(findings, 48, url, 0, "a traf is not addressed relative to its moof");
    for (int i = 0; i < media->n_tracks; i++)
        if (media->tracks[i].broken_line && media->tracks[i].any)
            vt_find(findings, 48, url, 0, "a tfdt of track %u is off by %" PRId64 " of %u a second", media->tracks[i].id,
                    media->tracks[i].line_apart, media->tracks[i].timescale);
}

static const struct vt_media_track *same_track(const struct vt_media *media, uint32_t id)
{
    for (int i = 0; i < media->n_tracks; i++)
        if (media->tracks[i].id == id)
            return &media->tracks[i];
    return NULL;
}

static bool same_format(const struct vt_media_track *one, const struct vt_media_track *two)
{
    return one->kind == two->kind && strcmp(one->codec, two->codec) == 0 && one->timescale == two->timescale
        && one->width == two->width && one->height == two->height;
}

// Timestamps and formats go on from the segment before.
static void check_line(const char *url, const struct vt_media *media, const struct vt_media *last,
                       struct vt_findings *findings)
{
    for (int i = 0; i < media->n_tracks; i++) {
        const struct vt_media_track *now = &media->tracks[i], *was = same_track(last, now->id);
        if (!was || !same_format(was, now)) {
            vt_find(findings, 41, url, 0, "track %u is \"%s\", %dx%d, and was \"%s\", %dx%d", now->id, now->codec, now->width,
                    now->height, was ? was->codec : "not there", was ? was->width : 0, was ? was->height : 0);
            continue;
        }
        if (!now->any || !was->any || now->kind == 'm' || now->kind == '?')
            continue;
        int64_t end = was->start + was->duration;
        int64_t start = media->transport ? vt_unwrap((uint64_t)now->start, STAMP_BITS, end) : now->start;
        double apart = vt_media_seconds(now, start - end);
        // How long the last PES packet of sound lasts is not written: as long as the longest before it, at most.
        double open = was->kind == 'a' ? vt_media_seconds(was, was->longest) : 0;
        if (media->transport ? apart > open + STAMP_SLACK || apart < -STAMP_SLACK : start != end)
            vt_find(findings, media->transport ? 42 : 48, url, 0, "track %u begins %.6f s after the one before ends", now->id,
                    apart);
    }
    if (last->n_tracks > media->n_tracks)
        vt_find(findings, 41, url, 0, "it has %d tracks, the one before %d", media->n_tracks, last->n_tracks);
}

static void check_duration(const struct vt_m3u_segment *segment, const char *url, const struct vt_media *media,
                           struct vt_findings *findings)
{
    const struct vt_media_track *track = vt_media_find(media, 'v');
    track = track ? track : vt_media_find(media, 'a');
    if (!track)
        return;
    double lasts = vt_media_seconds(track, track->duration), frame = vt_media_seconds(track, track->longest);
    double slack = (media->transport ? 2 : 1) * frame + 0.001;
    if (media->transport && track->kind == 'a')
        return;                        // several frames to a PES: what the last one holds is not known
    if (fabs(lasts - segment->duration) > slack)
        vt_find(findings, 22, url, 0, "EXTINF is %.6f, its media lasts %.6f s", segment->duration, lasts);
}

void vt_check_segment(const struct vt_m3u *m3u, const struct vt_m3u_segment *segment, const char *url,
                      const struct vt_media *media, size_t size, const struct vt_media *last, struct vt_findings *findings)
{
    const struct vt_media_track *video = vt_media_find(media, 'v');
    if (media->transport)
        check_transport(url, media, findings);
    else
        check_fragments(url, media, findings);
    if (media->trouble[0])
        return;
    if (last && last->transport == media->transport)
        check_line(url, media, last, findings);
    if (media->transport)
        check_counters(url, media, last, findings);
    if (!m3u->i_frames)
        check_duration(segment, url, media, findings);
    if (video && !video->any_sync)
        vt_find(findings, 50, url, 0, "no key frame");
    else if (video && !video->starts_sync)
        vt_find(findings, 50, url, 0, "it does not begin with a key frame");
    double rate = segment->duration > 0 ? (double)size * 8 / segment->duration / 1000 : 0;
    if (segment->bitrate && rate > 0 && fabs(rate / (double)segment->bitrate - 1) > BITRATE_SLACK)
        vt_find(findings, 37, url, 0, "EXT-X-BITRATE is %" PRId64 " kbit/s, the segment has %.0f", segment->bitrate, rate);
}

void vt_check_part_media(const struct vt_m3u_part *part, const char *url, const struct vt_media *media,
                         struct vt_findings *findings)
{
    const struct vt_media_track *track = vt_media_find(media, 'v');
    track = track ? track : vt_media_find(media, 'a');
    if (!track || media->trouble[0])
        return;
    if (part->independent && !track->any_sync)
        vt_find(findings, 80, url, 0, "INDEPENDENT=YES, and no key frame");
    if (!part->independent && track->any_sync)
        vt_find(findings, 80, url, 0, "a key frame, and INDEPENDENT=YES is missing");
    double lasts = vt_media_seconds(track, track->duration), frame = vt_media_seconds(track, track->longest);
    if (fabs(lasts - part->duration) > frame + 0.001)
        vt_find(findings, 22, url, 0, "its DURATION is %.6f, its media lasts %.6f s", part->duration, lasts);
}

void vt_check_parts_whole(const char *url, const void *segment, size_t size, const void *parts, size_t parts_size,
                          const struct vt_media *init, struct vt_findings *findings)
{
    struct vt_media whole, pieces;
    if (size == parts_size && memcmp(segment, parts, size) == 0)
        return;
    vt_media_read(&whole, init, segment, size);
    vt_media_read(&pieces, init, parts, parts_size);
    if (whole.metadata != pieces.metadata || whole.metadata_sum != pieces.metadata_sum)
        vt_find(findings, 81, url, 0, "its metadata (%d) is not that of its parts (%d)", whole.metadata, pieces.metadata);
    for (int i = 0; i < whole.n_tracks; i++) {
        const struct vt_media_track *one = &whole.tracks[i], *two = same_track(&pieces, one->id);
        if (!two || one->samples != two->samples || one->start != two->start || one->duration != two->duration)
            vt_find(findings, 81, url, 0, "track %u has %d samples, its parts %d", one->id, one->samples,
                    two ? two->samples : 0);
    }
}

// Whether a list of CODECS has an entry for a format; what follows the first four letters counts where both say it.
static bool names_codec(const char *codecs, const char *codec)
{
    for (const char *at = codecs; *at; at += strcspn(at, ","), at += *at == ',') {
        at += strspn(at, " ");
        size_t length = strcspn(at, ","), wanted = strlen(codec);
        bool same_name = length >= 4 && strncasecmp(at, codec, 4) == 0;
        if (same_name && (wanted <= 4 || length <= 4 || (length == wanted && strncasecmp(at, codec, length) == 0)
                          || (strncmp(codec, "avc", 3) != 0 && strncmp(codec, "mp4a", 4) != 0)))
            return true;
    }
    return false;
}

void vt_check_codecs(const char *url, int line, const char *codecs, const struct vt_media *media,
                     struct vt_findings *findings)
{
    for (int i = 0; i < media->n_tracks; i++) {
        const struct vt_media_track *one = &media->tracks[i];
        if ((one->kind == 'v' || one->kind == 'a') && one->codec[0] && !names_codec(codecs, one->codec))
            vt_find(findings, 121, url, line, "\"%s\" is not in CODECS=\"%.80s\"", one->codec, codecs);
    }
}
