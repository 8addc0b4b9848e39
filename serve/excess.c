#include "serve/excess.h"

#include <stdio.h>
#include <string.h>

#include "base/message.h"

#define TOGETHER_NS (VT_NS_PER_S / 2)        // what comes closer has waited here: only the last is of now
#define BYTES_MAX   (INT64_MAX / 16)         // that an ingest can mean

// ---- size

static bool too_large(const struct vt_accept *accept, const json_t *video, char out[VT_EXCESS_WORDS])
{
    int64_t width = vt_message_int(video, "width", 0), height = vt_message_int(video, "height", 0);
    const struct vt_size *most = &accept->size;
    if (most->width == 0 || (width <= most->width && height <= most->height))
        return false;
    snprintf(out, VT_EXCESS_WORDS, "The stream is %lldx%lld; this channel takes at most %dx%d. Lower the output size.",
             (long long)width, (long long)height, most->width, most->height);
    return true;
}

// ---- bit rate

static void drop_marks(struct vt_excess *excess, int count)
{
    excess->n_marks -= count;
    memmove(excess->marks, excess->marks + count, (size_t)excess->n_marks * sizeof excess->marks[0]);
}

// Keeps one mark that is as old as the window, and those after it.
static void add_mark(struct vt_excess *excess, int64_t bytes, int64_t now_ns)
{
    int last = excess->n_marks - 1;
    if (last >= 0 && now_ns - excess->marks[last].at_ns < TOGETHER_NS)
        excess->n_marks--;
    while (excess->n_marks > 1 && now_ns - excess->marks[1].at_ns >= VT_EXCESS_WINDOW_NS)
        drop_marks(excess, 1);
    if (excess->n_marks == VT_EXCESS_MARKS)
        drop_marks(excess, 1);
    excess->marks[excess->n_marks].at_ns = now_ns;
    excess->marks[excess->n_marks++].bytes = bytes;
}

static bool too_much(struct vt_excess *excess, const struct vt_accept *accept, const json_t *status, int64_t now_ns,
                     char out[VT_EXCESS_WORDS])
{
    int64_t bytes = vt_message_int(status, "bytes", 0);
    if (now_ns - excess->since_ns < VT_EXCESS_START_NS || bytes < 0 || bytes > BYTES_MAX)
        return false;
    add_mark(excess, bytes, now_ns);
    int64_t span_ns = now_ns - excess->marks[0].at_ns, bits = 8 * (bytes - excess->marks[0].bytes);
    int64_t most = vt_muldiv(accept->bitrate, span_ns, VT_NS_PER_S);
    if (most == 0 || span_ns < VT_EXCESS_WINDOW_NS || bits <= most)
        return false;
    snprintf(out, VT_EXCESS_WORDS, "The stream has %lld kbit/s; this channel takes at most %lld. Lower the bit rate.",
             (long long)(vt_muldiv(bits, VT_NS_PER_S, span_ns) / 1000), (long long)(accept->bitrate / 1000));
    return true;
}

// ---- pictures and key frames

static bool too_fast(struct vt_excess *excess, const struct vt_accept *accept, const json_t *video,
                     char out[VT_EXCESS_WORDS])
{
    double fps = json_number_value(json_object_get(video, "fps"));
    double most = accept->fps.den ? (double)accept->fps.num / (double)accept->fps.den : 0;
    excess->fast = most > 0 && fps > most + VT_EXCESS_FPS_SLACK ? excess->fast + 1 : 0;
    if (excess->fast < VT_EXCESS_TIMES)
        return false;
    snprintf(out, VT_EXCESS_WORDS, "The stream has %.4g pictures a second; this channel takes at most %.4g. "
             "Lower the frame rate.", fps, most);
    return true;
}

static bool too_rare(struct vt_excess *excess, const struct vt_accept *accept, const json_t *video,
                     char out[VT_EXCESS_WORDS])
{
    double interval = json_number_value(json_object_get(video, "key_interval"));
    double most = (double)accept->keyframes_ns / VT_NS_PER_S, slack = (double)VT_EXCESS_KEYS_SLACK / VT_NS_PER_S;
    excess->rare = most > 0 && interval > most + slack ? excess->rare + 1 : 0;
    if (excess->rare < VT_EXCESS_TIMES)
        return false;
    snprintf(out, VT_EXCESS_WORDS, "Key frames are %.4g s apart; this channel takes at most %.4g s. "
             "Shorten the keyframe interval.", interval, most);
    return true;
}

bool vt_excess_found(struct vt_excess *excess, const struct vt_accept *accept, const json_t *status, int64_t now_ns,
                        char out[VT_EXCESS_WORDS])
{
    const json_t *video = json_object_get(status, "video");
    if (excess->since_ns == 0)
        excess->since_ns = now_ns;
    return too_large(accept, video, out) || too_much(excess, accept, status, now_ns, out) ||
           too_fast(excess, accept, video, out) || too_rare(excess, accept, video, out);
}
