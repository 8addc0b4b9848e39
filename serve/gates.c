#include "serve/gates.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "serve/listen.h"

// ---- who may

static void copy_shown(char out[VT_PUBLISHER_TEXT], const json_t *body, const char *field)
{
    const char *text = vt_message_text(body, field);
    vt_escape(out, VT_PUBLISHER_TEXT, text ? text : "", text ? strlen(text) : 0);
}

// What a publisher is to be told, or NULL: it may. A wrong key and one that is not looked at are told alike.
static const char *judge(struct vt_gates *gates, struct vt_candidate *candidate, const char *key)
{
    int64_t now_ns = vt_now_ns();
    char shown[32];
    const char *address = candidate->address;
    bool known = vt_policy_find(gates->policy, key, vt_program_now_ns() / VT_NS_PER_S, &candidate->permit) == 0;
    if (!vt_guesses_allow(gates->guesses, address, now_ns))
        return VT_REFUSED_WORDS;
    if (known)
        return vt_program_admit(&gates->programs[candidate->permit.channel], &candidate->permit, address);
    vt_warning("%s was refused: no channel has the key %s", address, vt_redact(shown, sizeof shown, key));
    if (!vt_guesses_note(gates->guesses, address, now_ns))
        vt_warning("%s has sent too many wrong keys: it is refused for a while, whatever it sends", address);
    return VT_REFUSED_WORDS;
}

static void publish(struct vt_gates *gates, const struct vt_candidate *candidate, int socket, int state)
{
    int err = vt_publishers_add(gates->publishers, &gates->programs[candidate->permit.channel], candidate, socket, state);
    if (err)
        vt_error("publisher from %s could not be taken: %s", candidate->address, strerror(-err));
}

// ---- gate rtmp

static struct vt_candidate *find_ask(struct vt_gates *gates, int64_t conn)
{
    for (int i = 0; i < gates->n_asks; i++) {
        if (gates->asks[i].conn == conn)
            return &gates->asks[i];
    }
    return NULL;
}

static void drop_ask(struct vt_gates *gates, struct vt_candidate *ask)
{
    *ask = gates->asks[--gates->n_asks];
}

static void refuse(struct vt_gates *gates, int64_t conn, const char *code, const char *description)
{
    vt_child_send(gates->rtmp.child, VT_MSG_PUBLISH_REFUSE,
                  json_pack("{s:I, s:s, s:s}", "conn", (json_int_t)conn, "code", code, "description", description),
                  NULL, 0);
}

static void on_ask(struct vt_gates *gates, struct vt_child *gate, const json_t *body)
{
    int64_t conn = vt_message_int(body, "conn", -1);
    const char *key = vt_message_text(body, "key");
    if (conn < 0 || !key || strlen(key) > VT_ASK_KEY_BYTES || find_ask(gates, conn) ||
        gates->n_asks == VT_GATE_CONNECTIONS) {
        vt_child_refuse(gate, "it asks for a publisher in a way that cannot be");
        return;
    }
    const char *why, *protocol = vt_message_text(body, "protocol");
    struct vt_candidate ask = {.conn = conn};
    ask.protocol = protocol && strcmp(protocol, "rtmps") == 0 ? "rtmps" : "rtmp";
    copy_shown(ask.address, body, "address");
    copy_shown(ask.encoder, body, "encoder");
    if (gates->closing) {
        refuse(gates, conn, VT_SHUTDOWN_CODE, VT_SHUTDOWN_WORDS);
    } else if ((why = judge(gates, &ask, key))) {
        refuse(gates, conn, VT_REFUSED_CODE, why);
    } else {
        gates->asks[gates->n_asks++] = ask;
        vt_child_send(gate, VT_MSG_PUBLISH_ACCEPT, json_pack("{s:I}", "conn", (json_int_t)conn), NULL, 0);
    }
}

static void on_hand(struct vt_gates *gates, struct vt_child *gate, struct vt_message *message)
{
    struct vt_candidate *ask = find_ask(gates, vt_message_int(message->body, "conn", -1));
    if (!ask) {
        vt_child_refuse(gate, "it hands over a publisher that was not accepted");
        return;
    }
    struct vt_candidate taken = *ask;
    drop_ask(gates, ask);
    if (!gates->closing)
        publish(gates, &taken, message->fds[0], message->fds[1]);
}

static void on_rtmp_message(void *opaque, struct vt_child *child, struct vt_message *message)
{
    struct vt_gates *gates = opaque;
    if (message->kind == VT_MSG_PUBLISH_ASK) {
        on_ask(gates, child, message->body);
    } else if (message->kind == VT_MSG_PUBLISH_HAND) {
        on_hand(gates, child, message);
    } else if (message->kind != VT_MSG_PUBLISH_GONE) {
        vt_child_refuse(child, "it sent a message of another gate");
    } else {
        struct vt_candidate *ask = find_ask(gates, vt_message_int(message->body, "conn", -1));
        if (ask)
            drop_ask(gates, ask);
    }
}

static void on_rtmp_start(void *opaque)
{
    struct vt_gates *gates = opaque;
    char name[VT_ADDRESS_ROOM];
    vt_listen_name(gates->startup->rtmp_fd, name);
    gates->n_asks = 0;
    vt_child_send(gates->rtmp.child, VT_MSG_GATE_START, json_pack("{s:[s]}", "listen", name),
                  &gates->startup->rtmp_fd, 1);
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
    char name[VT_ADDRESS_ROOM];
    vt_listen_name(gates->startup->rtmps_fd, name);
    vt_gates_send_certificate(gates);
    vt_child_send(gates->tls.child, VT_MSG_GATE_START, json_pack("{s:[s]}", "listen", name),
                  &gates->startup->rtmps_fd, 1);
}

static void on_tls_message(void *opaque, struct vt_child *child, struct vt_message *message)
{
    struct vt_gates *gates = opaque;
    char address[VT_PUBLISHER_TEXT];
    if (message->kind != VT_MSG_TLS_HAND) {
        vt_child_refuse(child, "it sent a message of another gate");
        return;
    }
    copy_shown(address, message->body, "address");
    if (gates->rtmp.child)
        vt_child_send(gates->rtmp.child, VT_MSG_GATE_CONNECTION, json_pack("{s:s}", "address", address), message->fds, 1);
}

// ---- gate srt

void vt_gates_send_keys(struct vt_gates *gates, int channel)
{
    if (gates->srt.child)
        vt_child_send(gates->srt.child, VT_MSG_GATE_KEYS,
                      vt_policy_srt_keys(gates->policy, channel, &gates->config->channels[channel]), NULL, 0);
}

static void on_srt_start(void *opaque)
{
    struct vt_gates *gates = opaque;
    char name[VT_ADDRESS_ROOM];
    vt_listen_name(gates->startup->srt_fd, name);
    for (int i = 0; i < gates->config->n_channels; i++)
        vt_gates_send_keys(gates, i);
    vt_child_send(gates->srt.child, VT_MSG_GATE_START, json_pack("{s:[s]}", "listen", name), &gates->startup->srt_fd, 1);
}

// The gate has let it in by what it knew; whoever is refused here finds its connection closed.
static void on_srt_hand(struct vt_gates *gates, struct vt_child *gate, struct vt_message *message)
{
    const char *key = vt_message_text(message->body, "key");
    int64_t conn = vt_message_int(message->body, "conn", -1);
    if (conn < 0 || !key || strlen(key) > VT_ASK_KEY_BYTES) {
        vt_child_refuse(gate, "it hands over a publisher in a way that cannot be");
        return;
    }
    struct vt_candidate candidate = {.conn = conn, .protocol = "srt"};
    copy_shown(candidate.address, message->body, "address");
    copy_shown(candidate.encoder, message->body, "encoder");
    const char *why = gates->closing ? VT_SHUTDOWN_WORDS : judge(gates, &candidate, key);
    if (why)
        vt_info("%s was refused: %s", candidate.address, why);
    else
        publish(gates, &candidate, message->fds[0], -1);
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
    return vt_guesses_new(&gates->guesses);
}

void vt_gates_free(struct vt_gates *gates)
{
    vt_service_stop(&gates->rtmp);
    vt_service_stop(&gates->tls);
    vt_service_stop(&gates->srt);
    vt_guesses_free(&gates->guesses);
}

void vt_gates_open(struct vt_gates *gates)
{
    vt_service_start(&gates->rtmp);
    if (gates->config->rtmps)
        vt_service_start(&gates->tls);
    if (gates->startup->srt_fd >= 0)
        vt_service_start(&gates->srt);
}
