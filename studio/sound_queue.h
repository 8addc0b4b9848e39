// Sound that has come and waits for its time, so that it moves with the picture when the clock moves that. Samples are
// copied. No clock.
#pragma once

#include <stdint.h>

#define VT_SOUND_QUEUE_SAMPLES (4 * 48000)   // that may wait; with more of them the oldest run is due

struct vt_sound_run {
    struct vt_sound_run *next;
    int64_t at_ns;
    int count;
    float samples[];                     // interleaved stereo
};

struct vt_sound_queue {
    struct vt_sound_run *first, *last;
    int samples;                         // of all runs
};

// Zeroed is valid: empty.
void vt_sound_queue_clear(struct vt_sound_queue *queue);

// Appends `count` samples of two channels each. 0 or -ENOMEM.
int vt_sound_queue_put(struct vt_sound_queue *queue, int64_t at_ns, const float *interleaved, int count);

// The oldest run, if it begins before `until_ns` or too many wait; else NULL. Valid until it is popped.
const struct vt_sound_run *vt_sound_queue_due(const struct vt_sound_queue *queue, int64_t until_ns);
void vt_sound_queue_pop(struct vt_sound_queue *queue);
