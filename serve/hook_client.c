#include "serve/hook_client.h"

#include <string.h>

#include "base/log.h"

static int place_of(const struct vt_hook_client *client, int64_t ask)
{
    int i = 0;
    while (i < client->n_pending && client->pending[i].ask != ask)
        i++;
    return i;
}

static void settle(struct vt_hook_client *client, int place, const struct vt_hook_answer *answer)
{
    int64_t ask = client->pending[place].ask;
    client->pending[place] = client->pending[--client->n_pending];
    client->granted += answer->verdict == VT_HOOK_GRANTED;
    client->denied += answer->verdict == VT_HOOK_DENIED;
    client->failed += answer->verdict == VT_HOOK_FAILED;
    client->on_answer(client->opaque, ask, answer);
}

static void fail_all(struct vt_hook_client *client)
{
    while (client->n_pending > 0)
        settle(client, 0, &(struct vt_hook_answer){.verdict = VT_HOOK_FAILED});
}

static bool read_verdict(struct vt_hook_answer *ret, const json_t *body)
{
    const char *verdict = vt_message_text(body, "verdict"), *channel = vt_message_text(body, "channel");
    *ret = (struct vt_hook_answer){.verdict = VT_HOOK_FAILED};
    if (!verdict)
        return false;
    if (strcmp(verdict, "granted") == 0)
        ret->verdict = VT_HOOK_GRANTED;
    else if (strcmp(verdict, "denied") == 0)
        ret->verdict = VT_HOOK_DENIED;
    else if (strcmp(verdict, "failed") != 0)
        return false;
    return !channel || vt_name_copy(ret->channel, channel) == 0;
}

const char *vt_hook_client_take(struct vt_hook_client *client, const struct vt_message *message)
{
    struct vt_hook_answer answer;
    int64_t ask = vt_message_int(message->body, "ask", 0);
    if (message->kind != VT_MSG_HOOK_ANSWER)
        return "it sent a message that nobody waits for";
    if (ask <= 0 || ask > client->last_ask)
        return "it answers what nobody has asked";
    if (!read_verdict(&answer, message->body))
        return "its answer is none";
    int place = place_of(client, ask);
    if (place < client->n_pending)           // else it came too late
        settle(client, place, &answer);
    return NULL;
}

// ---- its process

static void on_start(void *opaque)
{
    struct vt_hook_client *client = opaque;
    const struct vt_config *config = client->config;
    json_t *body = json_pack("{s:s, s:s*, s:I, s:I}", "url", config->hook_url, "secret", config->hook_secret,
                             "timeout_ms", (json_int_t)(config->hook_timeout_ns / VT_NS_PER_MS), "cache_ms",
                             (json_int_t)(config->hook_cache_ns / VT_NS_PER_MS));
    vt_child_send(client->service.child, VT_MSG_HOOK_START, body, NULL, 0);
}

static void on_message(void *opaque, struct vt_child *child, struct vt_message *message)
{
    const char *why = vt_hook_client_take(opaque, message);
    if (why)
        vt_child_refuse(child, why);
}

static bool on_exit_of_hook(void *opaque, int status)
{
    struct vt_hook_client *client = opaque;
    fail_all(client);
    client->on_end(client->opaque);
    return !client->closing;
}

void vt_hook_client_init(struct vt_hook_client *client, struct vt_loop *loop, const struct vt_config *config,
                         const struct vt_identity *identity)
{
    client->config = config;
    client->service = (struct vt_service){
        .params = {.loop = loop, .role = VT_HOOK, .words = {"hook"}, .identity = identity},
        .on_start = on_start,
        .on_message = on_message,
        .on_exit = on_exit_of_hook,
        .opaque = client,
    };
}

bool vt_hook_client_wanted(const struct vt_hook_client *client)
{
    return client->config->hook_url;
}

void vt_hook_client_start(struct vt_hook_client *client)
{
    if (vt_hook_client_wanted(client))
        vt_service_start(&client->service);
}

int64_t vt_hook_client_ask(struct vt_hook_client *client, const struct vt_hook_question *question)
{
    if (!client->service.child || client->n_pending == VT_HOOK_PENDING)
        return 0;
    int64_t ask = ++client->last_ask;
    json_t *body = json_pack("{s:I, s:s, s:s*, s:s, s:s, s:s}", "ask", (json_int_t)ask, "key", question->key, "channel",
                             question->channel, "address", question->address, "encoder", question->encoder, "protocol",
                             question->protocol);
    if (!body || vt_child_send(client->service.child, VT_MSG_HOOK_ASK, body, NULL, 0))
        return 0;
    client->pending[client->n_pending++] = (struct vt_hook_pending){
        ask, vt_now_ns() + client->config->hook_timeout_ns + VT_HOOK_LATE_NS};
    return ask;
}

void vt_hook_client_watch(struct vt_hook_client *client)
{
    int64_t now_ns = vt_now_ns();
    bool late = false;
    for (int i = client->n_pending - 1; i >= 0; i--) {
        if (client->pending[i].due_ns > now_ns)
            continue;
        late = true;
        settle(client, i, &(struct vt_hook_answer){.verdict = VT_HOOK_FAILED});
    }
    if (!late || !client->service.child)
        return;
    vt_warning("the hook's process does not answer within its time limit: killing it");
    vt_child_kill(client->service.child);
}
