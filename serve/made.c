#include "serve/made.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ingest/srt_keys.h"
#include "serve/definition.h"

_Static_assert(VT_POLICY_CHANNELS >= VT_CHANNELS_MAX && VT_SRT_CHANNELS >= VT_CHANNELS_MAX, "each channel has its keys");

// What became of a wish, for the answer to whoever asked.
struct outcome {
    int status;
    const char *title, *detail;
};

static const struct outcome done = {.status = 200};
static const struct outcome fixed = {
    409, "The channel is fixed", "It stands in the configuration file. Change it there and start the server anew."};
static const struct outcome on_air = {
    409, "A show is running", "What its segments are made from cannot change now. POST …/end ends the show; then ask again."};
static const struct outcome in_use = {
    409, "The channel is in use", "A show runs or an encoder is connected. POST …/end ends the show; then ask again."};
static const struct outcome taken = {
    409, "The key is taken", "Another channel has one of these keys. A key names one channel: choose others."};
static const struct outcome full = {
    409, "Too many channels", "There are as many as one server has. DELETE one that the API has made, or start another server."};
static const struct outcome invalid = {422, "The channel cannot be read", "Its definition is not a channel's."};
static const struct outcome no_memory = {503, "Not now", "There is no memory. Ask again."};

void vt_made_init(struct vt_made *made)
{
    made->n_fixed = made->config->n_channels;
}

static void answer(const struct vt_made *made, const json_t *body, const struct outcome *outcome)
{
    int64_t request = vt_message_int(body, "request", 0);
    if (request > 0 && made->origin->child)
        vt_child_send(made->origin->child, VT_MSG_CHANNEL_ANSWER,
                      json_pack("{s:I, s:i, s:s*, s:s*}", "request", (json_int_t)request, "status", outcome->status, "title",
                                outcome->title, "detail", outcome->detail), NULL, 0);
    else if (outcome->status >= 300)
        vt_warning("channel %s of the state store: %s: %s", vt_message_text(body, "channel"), outcome->title, outcome->detail);
}

static int place_of(const struct vt_made *made, const char *name)
{
    for (int i = 0; i < made->config->n_channels; i++) {
        if (strcmp(made->config->channels[i].name, name) == 0)
            return i;
    }
    return -1;
}

static int free_place(const struct vt_made *made)
{
    int i = made->n_fixed;
    while (i < made->config->n_channels && made->config->channels[i].name[0])
        i++;
    return i < VT_CHANNELS_MAX ? i : -1;
}

// ---- changes

static bool same_form(const struct vt_channel *one, const struct vt_channel *two)
{
    json_t *before = vt_channel_form(one), *after = vt_channel_form(two);
    bool same = before && json_equal(before, after);
    json_decref(before);
    json_decref(after);
    return same;
}

// Everybody who knows a channel learns what it is now. `channel` is taken over.
static void put(struct vt_made *made, int place, struct vt_channel *channel)
{
    vt_channel_free(&made->config->channels[place]);
    made->config->channels[place] = *channel;
    vt_policy_set_channel(made->policy, place, &made->config->channels[place]);
    if (made->origin->child)
        vt_program_introduce(&made->programs[place]);
    vt_gates_send_keys(made->gates, place);
}

static void begin(struct vt_made *made, int place, struct vt_channel *channel)
{
    struct vt_channel *slot = &made->config->channels[place];
    struct vt_program *program = &made->programs[place];
    if (place == made->config->n_channels)
        made->config->n_channels++;
    vt_channel_init(slot, channel->name);
    made->keys_known[place] = false;
    vt_program_init(program, made->loop, slot, made->config->data, made->origin, made->identity);
    program->made = true;
    program->on_studio_end = made->on_studio_end;
    program->opaque = made->opaque;
    put(made, place, channel);
    vt_info("channel %s: made through the API", slot->name);
    vt_program_take_up(program);
}

// `channel` is taken over if it comes to "done".
static const struct outcome *define(struct vt_made *made, struct vt_channel *channel)
{
    int place = place_of(made, channel->name);
    if (place >= 0 && place < made->n_fixed)
        return &fixed;
    if (vt_policy_taken(made->policy, place, channel))
        return &taken;
    if (place < 0) {
        if ((place = free_place(made)) < 0)
            return &full;
        begin(made, place, channel);
    } else if (made->programs[place].show[0] && !same_form(&made->config->channels[place], channel)) {
        return &on_air;
    } else {
        put(made, place, channel);
    }
    made->told[place] = true;
    return &done;
}

void vt_made_define(struct vt_made *made, const json_t *body)
{
    struct vt_channel channel;
    const char *name = vt_message_text(body, "channel");
    int err = vt_name_valid(name) ? vt_definition_read(&channel, name, json_object_get(body, "definition"),
                                                       made->config->folder, NULL)
                                  : -EINVAL;
    const struct outcome *outcome = err == -ENOMEM ? &no_memory : err ? &invalid : define(made, &channel);
    if (!err && outcome != &done)
        vt_channel_free(&channel);
    answer(made, body, outcome);
}

// ---- the end of one

static bool is_used(const struct vt_made *made, int place)
{
    const struct vt_program *program = &made->programs[place];
    return program->show[0] || program->studio.child || vt_gates_use(made->gates, place);
}

static void drop(struct vt_made *made, int place)
{
    struct vt_channel *slot = &made->config->channels[place];
    vt_info("channel %s: removed through the API", slot->name);
    vt_policy_forget(made->policy, place);
    vt_gates_forget(made->gates, place);
    if (made->origin->child)
        vt_child_send(made->origin->child, VT_MSG_ORIGIN_GONE, json_pack("{s:s}", "channel", slot->name), NULL, 0);
    vt_program_free(&made->programs[place]);
    vt_channel_free(slot);
    made->told[place] = made->keys_known[place] = false;
}

void vt_made_remove(struct vt_made *made, const json_t *body)
{
    const char *name = vt_message_text(body, "channel");
    int place = vt_name_valid(name) ? place_of(made, name) : -1;
    const struct outcome *outcome = place >= 0 && place < made->n_fixed ? &fixed : place >= 0 && is_used(made, place) ? &in_use : &done;
    if (outcome == &done && place >= 0)
        drop(made, place);
    answer(made, body, outcome);
}

void vt_made_begin(struct vt_made *made)
{
    memset(made->told, 0, sizeof made->told);
}

void vt_made_settle(struct vt_made *made)
{
    for (int i = made->n_fixed; i < made->config->n_channels; i++) {
        if (made->config->channels[i].name[0] && !made->told[i] && !is_used(made, i))
            drop(made, i);
    }
}
