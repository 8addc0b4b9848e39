#include "serve/gates.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "ingest/srt_refusals.h"
#include "serve/listen.h"

// ---- what comes of a question

static const char *const words_down = "The server cannot check stream keys at the moment. Try again in a minute.";

static void copy_shown(char out[VT_PUBLISHER_TEXT], const json_t *body, const char *field)
{
    vt_escape_once(out, VT_PUBLISHER_TEXT, vt_message_text(body, field));
}

static void publish(struct vt_gates *gates, const struct vt_candidate *candidate, int socket, int state)
{
    int err = vt_publishers_add(gates->publishers, &gates->programs[candidate->permit.channel], candidate, socket, state);
    if (err)
        vt_error("publisher from %s could not be taken: %s", candidate->address, strerror(-err));
}

// What the next attempt of the same caller is told.
static void refuse_srt(struct vt_gates *gates, const struct vt_ask *ask, enum vt_refusal reason, const char *description)
{
    bool wrong = reason == VT_REFUSAL_KEY || reason == VT_REFUSAL_ADDRESS, key = wrong || reason == VT_REFUSAL_GUESSES;
    bool busy = reason == VT_REFUSAL_BUSY || reason == VT_REFUSAL_CRASHES;
    int64_t hold_ns = wrong ? gates->config->hook_cache_ns : VT_SRT_HOLD_NS;
    vt_info("%s was refused: %s", ask->candidate.address, description);
    bool may_mend = reason == VT_REFUSAL_PASSPHRASE;         // with another streamid, at once
    if (gates->srt.child && !may_mend)
        vt_child_send(gates->srt.child, VT_MSG_SRT_REFUSE,
                      json_pack("{s:I, s:i, s:I}", "conn", (json_int_t)ask->candidate.conn, "code",
                                key ? VT_SRT_UNAUTHORIZED : busy ? VT_SRT_CONFLICT : VT_SRT_DOWN, "hold_ms",
                                (json_int_t)(hold_ns / VT_NS_PER_MS)), NULL, 0);
}

static int channel_named(const struct vt_gates *gates, const char *name)
{
    int i = 0;
    while (i < gates->config->n_channels && strcmp(gates->config->channels[i].name, name) != 0)
        i++;
    return i < gates->config->n_channels ? i : -1;
}

// Where it is known which channel was meant: by the key, by the webhook, or by the passphrase of an SRT line.
static void note_refusal(struct vt_gates *gates, const struct vt_ask *ask, enum vt_refusal reason, const char *description)
{
    int channel = ask->known ? ask->candidate.permit.channel : ask->vouched.channel;
    if (channel < 0 && ask->line_channel[0])
        channel = channel_named(gates, ask->line_channel);
    if (channel >= 0)
        vt_history_add(&gates->programs[channel].history, vt_program_now_ns(), VT_HISTORY_REFUSED, NULL,
                       vt_refusal_name(reason), "%s over %s: %s", ask->candidate.address, ask->candidate.protocol,
                       description);
}

// Over SRT a connection that is closed says all there is to say.
static void refuse(struct vt_gates *gates, struct vt_ask *ask, enum vt_refusal reason, const char *code,
                   const char *description)
{
    vt_tally_refusal(&gates->publishers->tally, reason);
    note_refusal(gates, ask, reason, description);
    if (vt_ask_is_srt(ask))
        refuse_srt(gates, ask, reason, description);
    else if (gates->rtmp.child)
        vt_child_send(gates->rtmp.child, VT_MSG_PUBLISH_REFUSE,
                      json_pack("{s:I, s:s, s:s}", "conn", (json_int_t)ask->candidate.conn, "code", code,
                                "description", description), NULL, 0);
    vt_asks_drop(&gates->asks, ask);
}

static void note_guess(struct vt_gates *gates, const char *address)
{
    if (!vt_guesses_note(gates->guesses, address, vt_now_ns()))
        vt_warning("%s has sent too many wrong keys: it is refused for a while, whatever it sends", address);
}

// To whoever sends it from elsewhere a right key is a wrong one in all that follows.
static void deny_stranger(struct vt_gates *gates, struct vt_ask *ask)
{
    const char *address = ask->candidate.address;
    vt_warning("%s was refused: channel %s takes nobody from there (accept.addresses); its key is right", address,
               gates->config->channels[ask->candidate.permit.channel].name);
    note_guess(gates, address);
    refuse(gates, ask, VT_REFUSAL_ADDRESS, VT_REFUSED_CODE, VT_REFUSED_WORDS);
}

// Its key is right.
static void accept_ask(struct vt_gates *gates, struct vt_ask *ask)
{
    struct vt_candidate *candidate = &ask->candidate;
    if (!vt_accept_from(&gates->config->channels[candidate->permit.channel].accept, candidate->address)) {
        deny_stranger(gates, ask);
        return;
    }
    bool crashes = !vt_crashes_allow(&gates->publishers->crashes, candidate->permit.key, vt_now_ns());
    const char *why = crashes ? VT_CRASHES_WORDS
                              : vt_program_admit(&gates->programs[candidate->permit.channel], &candidate->permit,
                                                 candidate->address);
    ask->hook = 0;
    if (why) {
        refuse(gates, ask, crashes ? VT_REFUSAL_CRASHES : VT_REFUSAL_BUSY, VT_REFUSED_CODE, why);
    } else if (vt_ask_is_srt(ask)) {
        publish(gates, candidate, ask->socket, -1);
        vt_asks_drop(&gates->asks, ask);
    } else if (!gates->rtmp.child) {
        vt_asks_drop(&gates->asks, ask);            // its gate has died meanwhile
    } else {
        vt_child_send(gates->rtmp.child, VT_MSG_PUBLISH_ACCEPT,
                      json_pack("{s:I}", "conn", (json_int_t)candidate->conn), NULL, 0);
    }
}

static void deny(struct vt_gates *gates, struct vt_ask *ask)
{
    const char *address = ask->candidate.address;
    vt_warning("%s was refused: %s the key %s", address, ask->known ? "the webhook denied" : "no channel has", ask->shown);
    note_guess(gates, address);
    refuse(gates, ask, VT_REFUSAL_KEY, VT_REFUSED_CODE, VT_REFUSED_WORDS);
}

// ---- the webhook

// The channel that it grants, or -1 when that cannot be: logs why.
static int granted_channel(const struct vt_gates *gates, const struct vt_ask *ask, const char *named)
{
    int known = ask->known ? ask->candidate.permit.channel : -1;
    int channel = named[0] ? channel_named(gates, named) : known;
    if (channel < 0)
        vt_warning("the webhook granted %s, which no channel here has, without naming a channel that is here", ask->shown);
    else if (known >= 0 && channel != known)
        vt_warning("the webhook granted %s for channel %s: it is a key of %s", ask->shown, named,
                   gates->config->channels[known].name);
    return known >= 0 && channel != known ? -1 : channel;
}

// Only whom the channel's own passphrase let in may publish to a channel that has one.
static bool line_fits(const struct vt_gates *gates, const struct vt_ask *ask, int channel)
{
    const struct vt_channel *c = &gates->config->channels[channel];
    if (!vt_ask_is_srt(ask) || !c->srt_passphrase || strcmp(ask->line_channel, c->name) == 0)
        return true;
    vt_warning("%s was let in for %s over SRT without its passphrase: its streamid must name the channel",
               ask->candidate.address, c->name);
    return false;
}

static void on_grant(struct vt_gates *gates, struct vt_ask *ask, const char *named)
{
    int channel = granted_channel(gates, ask, named);
    if (channel < 0) {
        refuse(gates, ask, VT_REFUSAL_HOOK, VT_REFUSED_CODE, words_down);
        return;
    }
    if (!ask->known) {
        ask->vouched.channel = channel;
        ask->candidate.permit = ask->vouched;
    }
    if (line_fits(gates, ask, channel))
        accept_ask(gates, ask);
    else
        refuse(gates, ask, VT_REFUSAL_PASSPHRASE, VT_REFUSED_CODE, VT_REFUSED_WORDS);
}

static void on_hook_answer(void *opaque, int64_t number, const struct vt_hook_answer *answer)
{
    struct vt_gates *gates = opaque;
    struct vt_ask *ask = vt_asks_find_hook(&gates->asks, number);
    if (!ask)
        return;                          // it has gone meanwhile
    if (gates->closing)
        refuse(gates, ask, VT_REFUSAL_SHUTDOWN, VT_SHUTDOWN_CODE, VT_SHUTDOWN_WORDS);
    else if (answer->verdict == VT_HOOK_GRANTED)
        on_grant(gates, ask, answer->channel);
    else if (answer->verdict == VT_HOOK_DENIED)
        deny(gates, ask);
    else
        refuse(gates, ask, VT_REFUSAL_HOOK, VT_REFUSED_CODE, words_down);
}

static void ask_hook(struct vt_gates *gates, struct vt_ask *ask, const char *key)
{
    const struct vt_candidate *candidate = &ask->candidate;
    const char *channel = ask->known ? gates->config->channels[candidate->permit.channel].name : NULL;
    ask->hook = vt_hook_client_ask(&gates->hook, &(struct vt_hook_question){
        .key = key, .address = candidate->address, .encoder = candidate->encoder, .protocol = candidate->protocol,
        .channel = channel});
    if (!ask->hook)
        refuse(gates, ask, VT_REFUSAL_HOOK, VT_REFUSED_CODE, words_down);
}

// Decides now, or asks the webhook. A wrong key and one that is not looked at are told alike.
static void judge(struct vt_gates *gates, struct vt_ask *ask, const char *key)
{
    struct vt_candidate *candidate = &ask->candidate;
    if (ask->by_port)
        candidate->permit = vt_policy_vouched(channel_named(gates, ask->line_channel), key);
    ask->known = ask->by_port ||
                 vt_policy_find(gates->policy, key, vt_program_now_ns() / VT_NS_PER_S, &candidate->permit) == 0;
    ask->vouched = vt_policy_vouched(-1, key);
    vt_redact(ask->shown, sizeof ask->shown, key);
    if (gates->closing)
        refuse(gates, ask, VT_REFUSAL_SHUTDOWN, VT_SHUTDOWN_CODE, VT_SHUTDOWN_WORDS);
    else if (!vt_guesses_allow(gates->guesses, candidate->address, vt_now_ns()))
        refuse(gates, ask, VT_REFUSAL_GUESSES, VT_REFUSED_CODE, VT_REFUSED_WORDS);
    else if (vt_hook_client_wanted(&gates->hook))
        ask_hook(gates, ask, ask->by_port ? "" : key);
    else if (ask->known)
        accept_ask(gates, ask);
    else
        deny(gates, ask);
}

// What a gate says of a candidate. False when that cannot be.
static bool read_question(struct vt_candidate *candidate, const json_t *body, const char *protocol, const char **ret_key)
{
    const char *key = vt_message_text(body, "key");
    candidate->conn = vt_message_int(body, "conn", -1);
    candidate->protocol = protocol;
    copy_shown(candidate->address, body, "address");
    copy_shown(candidate->encoder, body, "encoder");
    *ret_key = key;
    return candidate->conn >= 0 && key && strlen(key) <= VT_ASK_KEY_BYTES;
}

static struct vt_ask *add_ask(struct vt_gates *gates, const struct vt_candidate *candidate, int socket)
{
    struct vt_ask *ask = vt_asks_add(&gates->asks, candidate->conn, candidate->protocol, socket);
    if (ask)
        ask->candidate = *candidate;
    return ask;
}

_Static_assert(VT_LISTENERS_MAX + VT_SRT_PORTS <= VT_MESSAGE_FDS, "gate srt's sockets fit into one message");

static void add_sockets(int fds[VT_MESSAGE_FDS], json_t *listen, const struct vt_sockets *sockets)
{
    char name[VT_LISTEN_ROOM];
    for (int i = 0; i < sockets->count; i++) {
        vt_listen_name(sockets->fds[i], name);
        fds[json_array_size(listen)] = sockets->fds[i];
        json_array_append_new(listen, json_string(name));
    }
}

// `ports`: of one channel each, or NULL.
static void send_start(struct vt_gates *gates, struct vt_child *gate, const struct vt_sockets *sockets,
                       const struct vt_sockets *ports)
{
    const struct vt_config *config = gates->config;
    json_t *listen = json_array(), *proxies = json_array(), *channels = json_array();
    int fds[VT_MESSAGE_FDS];
    add_sockets(fds, listen, sockets);
    if (ports)
        add_sockets(fds, listen, ports);
    for (int i = 0; ports && i < ports->count; i++)
        json_array_append_new(channels, json_string(config->srt_ports[i].channel));
    int count = (int)json_array_size(listen);
    for (int i = 0; i < config->proxies.count; i++)
        json_array_append_new(proxies, json_string(config->proxies.text[i]));
    vt_child_send(gate, VT_MSG_GATE_START,
                  json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:b}", "listen", listen, "proxies", proxies, "channels", channels,
                            "connections", (json_int_t)config->connections, "per_address", (json_int_t)config->per_address,
                            "setup_ns", (json_int_t)config->setup_ns, "open", vt_hook_client_wanted(&gates->hook)),
                  fds, count);
}

// ---- gate rtmp

static void on_ask(struct vt_gates *gates, struct vt_child *gate, const json_t *body)
{
    const char *key, *protocol = vt_message_text(body, "protocol");
    bool tls = protocol && strcmp(protocol, "rtmps") == 0;
    struct vt_candidate candidate;
    struct vt_ask *ask = NULL;
    if (read_question(&candidate, body, tls ? "rtmps" : "rtmp", &key))
        ask = add_ask(gates, &candidate, -1);
    if (ask)
        judge(gates, ask, key);
    else
        vt_child_refuse(gate, "it asks for a publisher in a way that cannot be");
}

static void on_hand(struct vt_gates *gates, struct vt_child *gate, struct vt_message *message)
{
    struct vt_ask *ask = vt_asks_find(&gates->asks, false, vt_message_int(message->body, "conn", -1));
    if (!ask || ask->hook) {
        vt_child_refuse(gate, "it hands over a publisher that was not accepted");
        return;
    }
    struct vt_candidate taken = ask->candidate;
    vt_asks_drop(&gates->asks, ask);
    if (!gates->closing)
        publish(gates, &taken, message->fds[0], message->fds[1]);
}

static void on_tally(struct vt_gates *gates, struct vt_child *child, enum vt_tally_gate gate, const json_t *body)
{
    if (vt_tally_add(&gates->publishers->tally, gate, body))
        vt_child_refuse(child, "it counts what cannot be");
}

static void on_rtmp_message(void *opaque, struct vt_child *child, struct vt_message *message)
{
    struct vt_gates *gates = opaque;
    if (message->kind == VT_MSG_PUBLISH_ASK) {
        on_ask(gates, child, message->body);
    } else if (message->kind == VT_MSG_PUBLISH_HAND) {
        on_hand(gates, child, message);
    } else if (message->kind == VT_MSG_GATE_TALLY) {
        on_tally(gates, child, VT_TALLY_RTMP, message->body);
    } else if (message->kind != VT_MSG_PUBLISH_GONE) {
        vt_child_refuse(child, "it sent a message of another gate");
    } else {
        struct vt_ask *ask = vt_asks_find(&gates->asks, false, vt_message_int(message->body, "conn", -1));
        if (ask)
            vt_asks_drop(&gates->asks, ask);
    }
}

// The questions of the gate before are nobody's now.
static void on_rtmp_start(void *opaque)
{
    struct vt_gates *gates = opaque;
    vt_asks_drop_rtmp(&gates->asks);
    send_start(gates, gates->rtmp.child, &gates->startup->rtmp, NULL);
}

// ---- gate tls

void vt_gates_send_certificate(struct vt_gates *gates)
{
    int files[2];
    if (!gates->tls.child || vt_open_certificate(gates->config, files))
        return;
    vt_child_send(gates->tls.child, VT_MSG_GATE_CERTIFICATE, NULL, files, 2);
    close(files[0]);
    close(files[1]);
}

static void on_tls_start(void *opaque)
{
    struct vt_gates *gates = opaque;
    vt_gates_send_certificate(gates);
    send_start(gates, gates->tls.child, &gates->startup->rtmps, NULL);
}

static void on_tls_message(void *opaque, struct vt_child *child, struct vt_message *message)
{
    struct vt_gates *gates = opaque;
    char address[VT_PUBLISHER_TEXT];
    if (message->kind == VT_MSG_GATE_TALLY) {
        on_tally(gates, child, VT_TALLY_TLS, message->body);
        return;
    }
    if (message->kind != VT_MSG_TLS_HAND) {
        vt_child_refuse(child, "it sent a message of another gate");
        return;
    }
    copy_shown(address, message->body, "address");
    if (gates->rtmp.child)
        vt_child_send(gates->rtmp.child, VT_MSG_GATE_CONNECTION, json_pack("{s:s}", "address", address), message->fds, 1);
}

// ---- gate srt

static int64_t now_s(void)
{
    return vt_program_now_ns() / VT_NS_PER_S;
}

void vt_gates_send_keys(struct vt_gates *gates, int channel)
{
    gates->keys_at_s = now_s();
    gates->keys_until_s = vt_policy_next_s(gates->policy, gates->keys_at_s);
    if (gates->srt.child)
        vt_child_send(gates->srt.child, VT_MSG_GATE_KEYS, vt_policy_srt_keys(gates->policy, channel,
                      &gates->config->channels[channel], gates->keys_at_s), NULL, 0);
}

static void send_all_keys(struct vt_gates *gates)
{
    for (int i = 0; i < gates->config->n_channels; i++) {
        if (gates->config->channels[i].name[0])
            vt_gates_send_keys(gates, i);
    }
}

// After the policy has forgotten its keys.
void vt_gates_forget(struct vt_gates *gates, int channel)
{
    const struct vt_channel *gone = &gates->config->channels[channel];
    json_t *body = gates->srt.child ? vt_policy_srt_keys(gates->policy, channel, gone, now_s()) : NULL;
    if (!body)
        return;
    json_object_set_new(body, "gone", json_true());
    vt_child_send(gates->srt.child, VT_MSG_GATE_KEYS, body, NULL, 0);
}

bool vt_gates_use(const struct vt_gates *gates, int channel)
{
    return vt_asks_name(&gates->asks, channel) || vt_publishers_of(gates->publishers, &gates->programs[channel]);
}

static void on_srt_start(void *opaque)
{
    struct vt_gates *gates = opaque;
    send_all_keys(gates);
    send_start(gates, gates->srt.child, &gates->startup->srt, &gates->startup->srt_ports);
}

static bool is_port_of(const struct vt_gates *gates, const char *channel)
{
    int i = 0;
    while (i < gates->config->n_srt_ports && (!channel || strcmp(gates->config->srt_ports[i].channel, channel) != 0))
        i++;
    return i < gates->config->n_srt_ports;
}

// The gate has let it in by what it knew; whoever is refused here finds its connection closed.
static void on_srt_hand(struct vt_gates *gates, struct vt_child *gate, struct vt_message *message)
{
    const char *key, *line = vt_message_text(message->body, "channel");
    struct vt_candidate candidate;
    bool by_port = vt_message_bool(message->body, "port", false);
    if (!read_question(&candidate, message->body, "srt", &key) || vt_asks_find(&gates->asks, true, candidate.conn) ||
        (by_port && !is_port_of(gates, line))) {
        vt_child_refuse(gate, "it hands over a publisher in a way that cannot be");
        return;
    }
    struct vt_ask *ask = add_ask(gates, &candidate, message->fds[0]);
    if (!ask) {
        vt_tally_refusal(&gates->publishers->tally, VT_REFUSAL_HOOK);
        refuse_srt(gates, &(struct vt_ask){.candidate = candidate}, VT_REFUSAL_HOOK, words_down);
        return;
    }
    vt_message_take_fd(message, 0);
    if (line)
        vt_name_copy(ask->line_channel, line);
    ask->by_port = by_port;
    judge(gates, ask, key);
}

static void on_srt_gone(struct vt_gates *gates, const json_t *body)
{
    struct vt_ask *ask = vt_asks_find(&gates->asks, true, vt_message_int(body, "conn", -1));
    if (ask)
        vt_asks_drop(&gates->asks, ask);
}

static void on_srt_status(struct vt_gates *gates, const json_t *body)
{
    struct vt_publisher *publisher = vt_publishers_find_srt(gates->publishers, vt_message_int(body, "conn", -1));
    if (!publisher)
        return;
    json_decref(publisher->line);
    publisher->line = json_incref(json_object_get(body, "srt"));
}

static void on_srt_message(void *opaque, struct vt_child *child, struct vt_message *message)
{
    if (message->kind == VT_MSG_SRT_HAND)
        on_srt_hand(opaque, child, message);
    else if (message->kind == VT_MSG_SRT_STATUS)
        on_srt_status(opaque, message->body);
    else if (message->kind == VT_MSG_PUBLISH_GONE)
        on_srt_gone(opaque, message->body);
    else if (message->kind == VT_MSG_GATE_TALLY)
        on_tally(opaque, child, VT_TALLY_SRT, message->body);
    else
        vt_child_refuse(child, "it sent a message of another gate");
}

// ---- all of them

static bool on_exit_of_gate(void *opaque, int status)
{
    struct vt_gates *gates = opaque;
    gates->on_end(gates->opaque);
    return !gates->closing;
}

static void on_end_of_hook(void *opaque)
{
    struct vt_gates *gates = opaque;
    gates->on_end(gates->opaque);
}

static struct vt_service gate(struct vt_gates *gates, struct vt_loop *loop, const char *what, void (*on_start)(void *),
                              void (*on_message)(void *, struct vt_child *, struct vt_message *))
{
    return (struct vt_service){
        .params = {.loop = loop, .role = VT_GATE, .words = {"gate", what}, .identity = &gates->startup->identity},
        .on_start = on_start,
        .on_message = on_message,
        .on_exit = on_exit_of_gate,
        .opaque = gates,
    };
}

int vt_gates_init(struct vt_gates *gates, struct vt_loop *loop, const struct vt_config *config,
                  const struct vt_startup *startup, struct vt_policy *policy, struct vt_program *programs,
                  struct vt_publishers *publishers)
{
    gates->config = config;
    gates->startup = startup;
    gates->policy = policy;
    gates->programs = programs;
    gates->publishers = publishers;
    gates->rtmp = gate(gates, loop, "rtmp", on_rtmp_start, on_rtmp_message);
    gates->tls = gate(gates, loop, "tls", on_tls_start, on_tls_message);
    gates->srt = gate(gates, loop, "srt", on_srt_start, on_srt_message);
    gates->hook.on_answer = on_hook_answer;
    gates->hook.on_end = on_end_of_hook;
    gates->hook.opaque = gates;
    vt_hook_client_init(&gates->hook, loop, config, &startup->identity);
    return vt_guesses_new(&gates->guesses);
}

void vt_gates_free(struct vt_gates *gates)
{
    vt_service_stop(&gates->rtmp);
    vt_service_stop(&gates->tls);
    vt_service_stop(&gates->srt);
    vt_service_stop(&gates->hook.service);
    vt_asks_free(&gates->asks);
    vt_guesses_free(&gates->guesses);
}

void vt_gates_watch(struct vt_gates *gates)
{
    gates->hook.closing = gates->closing;
    vt_hook_client_watch(&gates->hook);
    // the time of some key has come or gone, or the clock was set back
    if (now_s() >= gates->keys_until_s || now_s() < gates->keys_at_s)
        send_all_keys(gates);
}

void vt_gates_open(struct vt_gates *gates)
{
    vt_hook_client_start(&gates->hook);
    vt_service_start(&gates->rtmp);
    if (gates->config->rtmps.count > 0)
        vt_service_start(&gates->tls);
    if (gates->startup->srt.count + gates->startup->srt_ports.count > 0)
        vt_service_start(&gates->srt);
}
