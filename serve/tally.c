#include "serve/tally.h"

#include <string.h>

#define CRASHED (VT_ENDS - 1)

static const char *const ends[VT_ENDS] = {"unpublished", "lost", "idle", "invalid", "stopped", "crashed"};
static const char *const refusals[VT_REFUSALS] = {"key", "guesses", "busy", "hook", "passphrase", "shutdown"};

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

static json_t *counts(const char *const *names, const int64_t *values, int n)
{
    json_t *json = json_object();
    for (int i = 0; i < n; i++)
        json_object_set_new(json, names[i], json_integer(values[i]));
    return json;
}

json_t *vt_tally_json(const struct vt_tally *tally)
{
    return json_pack("{s:o, s:o}", "ended", counts(ends, tally->ended, VT_ENDS), "refused",
                     counts(refusals, tally->refused, VT_REFUSALS));
}
