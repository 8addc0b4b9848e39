// A child that is hostile to its parent: datagrams of every kind with any body, up to what the handlers make of them.
//
// The input is a datagram. It is sent by whom the kind that it names has as sender, with as many descriptors as that has,
// so that nothing but the body is wrong with it.
#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/message.h"
#include "ingest/srt_keys.h"
#include "serve/definition.h"
#include "serve/hook_client.h"
#include "serve/policy.h"
#include "serve/tally.h"
#include "studio/channel.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static const struct {
    const char *name;
    enum vt_role sender, receiver;
    int fds;
} kinds[] = {
#define VT_MESSAGE(kind, name, sender, receiver, min_fds, max_fds, max_bytes, doc) {name, VT_##sender, VT_##receiver, min_fds},
#include "base/message.def"
#undef VT_MESSAGE
};

static void on_answer(void *opaque, int64_t ask, const struct vt_hook_answer *answer)
{
    assert(ask > 0 && (answer->channel[0] == 0 || vt_name_valid(answer->channel)));
}

static void take_hook_answer(const struct vt_message *message)
{
    static struct vt_hook_client client;
    client.on_answer = on_answer;
    client.last_ask = 9;
    client.n_pending = 1;
    client.pending[0] = (struct vt_hook_pending){7, 0};
    vt_hook_client_take(&client, message);
    assert(client.n_pending == 0 || client.n_pending == 1);
}

static void take_channel_keys(const json_t *body)
{
    static struct vt_policy *policy;
    static struct vt_channel channel;
    struct vt_permit permit;
    if (!policy)
        assert(vt_policy_new(&policy, &channel, 1) == 0);
    int error = vt_policy_set_made(policy, 0, json_object_get(body, "keys"));
    assert(error == 0 || error == -EINVAL);
    vt_policy_find(policy, "any", 0, &permit);
}

static void take_gate_keys(const json_t *body)
{
    static struct vt_srt_keys keys;
    vt_srt_keys_put(&keys, body);
    assert(keys.n_channels <= VT_SRT_CHANNELS);
    vt_srt_keys_find(&keys, "any");
}

static void take_tally(const json_t *body)
{
    static struct vt_tally tally;
    struct vt_tally before = tally;
    int error = vt_tally_add(&tally, VT_TALLY_SRT, body);
    assert(error == 0 || (error == -EBADMSG && memcmp(&before, &tally, sizeof tally) == 0));
    for (int i = 0; i < VT_REFUSALS; i++)
        assert(tally.refused[i] >= before.refused[i] && tally.refused[i] <= before.refused[i] + VT_TALLY_MAX);
    json_decref(vt_tally_json(&tally));
}

static void take_definition(const json_t *body)
{
    struct vt_channel channel;
    const char *name = vt_message_text(body, "channel");
    if (vt_name_valid(name) &&
        vt_definition_read(&channel, name, json_object_get(body, "definition"), "/no/such/folder", NULL) == 0)
        vt_channel_free(&channel);
}

static void take_studio_start(const json_t *body)
{
    struct vt_channel channel;
    struct vt_diagnostics diagnostics = {.count = 0};
    vt_channel_init(&channel, "-");
    vt_channel_from_json(&channel, json_object_get(body, "channel"), &diagnostics);
    vt_channel_free(&channel);
}

static void take(const struct vt_message *message)
{
    switch (message->kind) {
    case VT_MSG_HOOK_ANSWER:
        take_hook_answer(message);
        break;
    case VT_MSG_CHANNEL_KEYS:
        take_channel_keys(message->body);
        break;
    case VT_MSG_GATE_KEYS:
        take_gate_keys(message->body);
        break;
    case VT_MSG_GATE_TALLY:
        take_tally(message->body);
        break;
    case VT_MSG_CHANNEL_DEFINE:
        take_definition(message->body);
        break;
    case VT_MSG_STUDIO_START:
        take_studio_start(message->body);
        break;
    default:
        break;
    }
}

// The kind that a datagram names, VT_MESSAGE_KINDS for none.
static unsigned kind_of(const unsigned char *data, size_t size)
{
    json_t *body = json_loadb((const char *)data, size, 0, NULL);
    const char *name = vt_message_text(body, "message");
    unsigned kind = 0;
    while (kind < VT_MESSAGE_KINDS && (!name || strcmp(kinds[kind].name, name) != 0))
        kind++;
    json_decref(body);
    return kind;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    unsigned named = kind_of(data, size), kind = named < VT_MESSAGE_KINDS ? named : VT_MSG_GATE_TALLY;
    struct vt_message message = {.kind = VT_MESSAGE_KINDS};
    if (vt_message_decode(kinds[kind].receiver, kinds[kind].sender, (const char *)data, size, kinds[kind].fds, &message.kind,
                          &message.body) == 0) {
        assert(message.kind == named);
        take(&message);
        json_decref(message.body);
    }
    return 0;
}
