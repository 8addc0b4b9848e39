#include "serve/tally.h"

#include <errno.h>
#include <string.h>

#include "base/message.h"

#define CRASHED (VT_ENDS - 1)

static const char *const ends[VT_ENDS] = {"unpublished", "lost", "idle", "invalid", "stopped", "crashed"};
static const char *const refusals[VT_REFUSALS] = {"key",     "address",  "guesses", "busy", "hook",  "passphrase", "shutdown",
                                                  "crashes", "streamid", "full",    "play", "again", "failed"};
static const char *const gates[VT_TALLY_GATES] = {"rtmp", "tls", "srt"};

void vt_tally_end(struct vt_tally *tally, const char *reason)
{
    int i = 0;
    while (i < CRASHED && (!reason || strcmp(ends[i], reason) != 0))
        i++;
    tally->ended[i]++;
}

void vt_tally_refusal(struct vt_tally *tally, enum vt_refusal refusal)
{
    tally->refused[refusal]++;
}

const char *vt_refusal_name(enum vt_refusal refusal)
{
    return refusals[refusal];
}

static int find_refusal(const char *name)
{
    int i = 0;
    while (i < VT_REFUSALS && strcmp(refusals[i], name) != 0)
        i++;
    return i;
}

static bool plausible(int64_t count)
{
    return count >= 0 && count <= VT_TALLY_MAX;
}

int vt_tally_add(struct vt_tally *tally, enum vt_tally_gate gate, const json_t *body)
{
    struct vt_tally sum = *tally;
    int64_t closed = vt_message_int(body, "closed", -1);
    const char *name;
    json_t *count;
    if (!plausible(closed))
        return -EBADMSG;
    sum.closed[gate] += closed;
    json_object_foreach(json_object_get(body, "refused"), name, count) {
        int i = find_refusal(name);
        if (i == VT_REFUSALS || !json_is_integer(count) || !plausible(json_integer_value(count)))
            return -EBADMSG;
        sum.refused[i] += json_integer_value(count);
    }
    *tally = sum;
    return 0;
}

static json_t *counts(const char *const *names, const int64_t *values, int n)
{
    json_t *json = json_object();
    for (int i = 0; i < n; i++)
        json_object_set_new(json, names[i], json_integer(values[i]));
    return json;
}

json_t *vt_tally_json(const struct vt_tally *tally)
{
    return json_pack("{s:o, s:o, s:o}", "ended", counts(ends, tally->ended, VT_ENDS), "refused",
                     counts(refusals, tally->refused, VT_REFUSALS), "closed",
                     counts(gates, tally->closed, VT_TALLY_GATES));
}
