#include "check/media.h"

#include <string.h>

double vt_media_seconds(const struct vt_media_track *track, int64_t time)
{
    return track->timescale ? (double)time / track->timescale : 0;
}

const struct vt_media_track *vt_media_find(const struct vt_media *media, char kind)
{
    for (int i = 0; i < media->n_tracks; i++)
        if (media->tracks[i].kind == kind && media->tracks[i].any)
            return &media->tracks[i];
    return NULL;
}

void vt_media_read(struct vt_media *ret, const struct vt_media *init, const void *data, size_t size)
{
    *ret = (struct vt_media){.n_tracks = 0};
    if (init) {
        memcpy(ret->tracks, init->tracks, sizeof ret->tracks);
        ret->n_tracks = init->n_tracks;
    }
    if (size && *(const uint8_t *)data == 0x47)
        vt_media_read_transport(ret, data, size);
    else
        vt_media_read_boxes(ret, data, size);
}
