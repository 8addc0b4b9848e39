#include "serve/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/log.h"
#include "ingest/gate.h"
#include "serve/listen.h"
#include "serve/policy.h"
#include "serve/program.h"
#include "serve/startup.h"

#define WARM_INGESTS    2
#define STATUS_NS       VT_NS_PER_S
#define SERVICES        (WARM_INGESTS + 4)      // three gates, the origin, the warm ingests
#define DRAIN_NS        (15 * VT_NS_PER_S)      // for the studios to end their shows
#define CHILD_END_NS    (3 * VT_NS_PER_S)       // for the others to end
#define START_ATTEMPTS  5                       // of the origin before it first served
#define ASK_KEY_BYTES   1024
#define SHUTDOWN_CODE   "NetConnection.Connect.AppShutdown"

// A publisher that was accepted and is about to be handed over.
struct ask {
    int64_t conn;
    struct vt_permit permit;
    char address[VT_PUBLISHER_TEXT], encoder[VT_PUBLISHER_TEXT];
    const char *protocol;
};

enum stage { RUNNING, ENDING_SHOWS, ENDING_CHILDREN };

struct supervisor {
    struct vt_loop *loop;
    struct vt_config *config;
    const char *config_path;                    // NULL: defaults
    struct vt_policy *policy;
    struct vt_guesses *guesses;
    bool keys_known[VT_CHANNELS_MAX];           // the origin has said which keys the API has made
    struct vt_startup startup;
    struct vt_source *on_term, *on_int, *on_hup, *on_second;
    struct vt_service gate, tls, srt, origin, warm[WARM_INGESTS];
    struct ask asks[VT_GATE_CONNECTIONS];
    int n_asks;
    struct vt_program programs[VT_CHANNELS_MAX];
    struct vt_publisher *publishers;            // everyone with an ingest, the stopped too
    int64_t publisher_count;
    int64_t second_ns;                          // when ingests were last looked at
    bool gates_open;                            // they have been started
    bool served;                                // the origin was ready once
    int failures;                               // of the origin before that
    enum stage stage;
    int code;                                   // to exit with
};

// ---- the end

static void stop_publishers(struct supervisor *s)
{
    for (struct vt_publisher *p = s->publishers; p; p = p->next) {
        if (!p->stopped)
            vt_publisher_stop(p, SHUTDOWN_CODE, "The server is shutting down.");
    }
}

static bool studios_run(const struct supervisor *s)
{
    for (int i = 0; i < s->config->n_channels; i++) {
        if (s->programs[i].studio.child)
            return true;
    }
    return false;
}

static struct vt_service *service_at(struct supervisor *s, int i)
{
    struct vt_service *others[] = {&s->gate, &s->origin, &s->tls, &s->srt};
    return i < 4 ? others[i] : &s->warm[i - 4];
}

static bool children_run(struct supervisor *s)
{
    for (int i = 0; i < SERVICES; i++) {
        if (service_at(s, i)->child)
            return true;
    }
    return s->publishers != NULL;
}

// Goes on with the end as far as it can: shows first, then the children, then the loop.
static void proceed(struct supervisor *s)
{
    if (s->stage == ENDING_SHOWS && !studios_run(s)) {
        s->stage = ENDING_CHILDREN;
        for (int i = 0; i < SERVICES; i++) {
            struct vt_service *service = service_at(s, i);
            if (service->child)
                vt_child_end(service->child, CHILD_END_NS);
        }
    }
    if (s->stage == ENDING_CHILDREN && !children_run(s))
        vt_loop_exit(s->loop, s->code);
}

static void on_studio_end(void *opaque)
{
    proceed(opaque);
}

static void drain(struct supervisor *s, int64_t limit_ns)
{
    sd_notify(0, "STOPPING=1");
    s->stage = ENDING_SHOWS;
    for (int i = 0; i < SERVICES; i++)
        vt_source_free(&service_at(s, i)->restart);
    for (int i = 0; i < s->config->n_channels; i++) {
        struct vt_program *program = &s->programs[i];
        program->draining = true;
        vt_source_free(&program->studio.restart);
        vt_program_end(program, "The server is shutting down.");
        if (program->studio.child)
            vt_child_limit(program->studio.child, limit_ns);
    }
    stop_publishers(s);
    proceed(s);
}

static void on_signal(void *opaque, int number)
{
    struct supervisor *s = opaque;
    if (s->stage == RUNNING) {
        vt_info("%s: ending all shows", strsignal(number));
        drain(s, DRAIN_NS);
        return;
    }
    vt_warning("%s again: ending at once", strsignal(number));
    for (int i = 0; i < s->config->n_channels; i++) {
        if (s->programs[i].studio.child)
            vt_child_kill(s->programs[i].studio.child);
    }
}

// ---- ingests

static void end_publisher(struct supervisor *s, struct vt_publisher *publisher)
{
    struct vt_publisher **place = &s->publishers;
    while (*place != publisher)
        place = &(*place)->next;
    *place = publisher->next;
    vt_child_free(&publisher->ingest);
    json_decref(publisher->status);
    json_decref(publisher->line);
    free(publisher);
    proceed(s);
}

static struct vt_publisher *publisher_of(const struct supervisor *s, const struct vt_child *ingest)
{
    struct vt_publisher *publisher = s->publishers;
    while (publisher && publisher->ingest != ingest)
        publisher = publisher->next;
    return publisher;
}

static void on_ingest_message(void *opaque, struct vt_child *child, struct vt_message *message)
{
    struct supervisor *s = opaque;
    struct vt_publisher *publisher = publisher_of(s, child);
    const char *id = vt_message_text(message->body, "publisher");
    if (!publisher || !id || strcmp(id, publisher->id) != 0) {
        vt_child_refuse(child, "it speaks of a publisher that is not its own");
    } else if (message->kind == VT_MSG_INGEST_STATUS) {
        publisher->heard_ns = vt_now_ns();
        bool first = !publisher->status;
        json_decref(publisher->status);
        publisher->status = json_incref(message->body);
        if (first)
            vt_program_report(publisher->program);
    } else if (message->kind == VT_MSG_INGEST_END) {
        char why[64];
        const char *reason = vt_message_text(message->body, "reason");
        vt_publisher_lost(publisher, vt_escape(why, sizeof why, reason ? reason : "", strlen(reason ? reason : "")));
    }
}

// A warm ingest of a service has been taken: it is no longer the service's to start again.
static void on_ingest_exit(void *opaque, struct vt_child *child, int status)
{
    struct supervisor *s = opaque;
    struct vt_publisher *publisher = publisher_of(s, child);
    vt_publisher_lost(publisher, "crashed");
    end_publisher(s, publisher);
}

static void on_warm_start(void *opaque)
{
}

static void on_warm_message(void *opaque, struct vt_child *child, struct vt_message *message)
{
    vt_child_refuse(child, "it speaks before it has a publisher");
}

static bool on_service_exit(void *opaque, int status)
{
    struct supervisor *s = opaque;
    proceed(s);
    return s->stage == RUNNING;
}

static int take_ingest(struct supervisor *s, struct vt_child **ret)
{
    for (int i = 0; i < WARM_INGESTS; i++) {
        struct vt_service *service = &s->warm[i];
        if (!service->child)
            continue;
        *ret = service->child;
        service->child = NULL;
        vt_child_adopt(*ret, on_ingest_message, on_ingest_exit, s);
        vt_service_start(service);
        return 0;
    }
    struct vt_child_params params = s->warm[0].params;
    params.on_message = on_ingest_message;
    params.on_exit = on_ingest_exit;
    params.opaque = s;
    return vt_child_new(ret, &params);
}

// ---- the gate

static struct ask *find_ask(struct supervisor *s, int64_t conn)
{
    for (int i = 0; i < s->n_asks; i++) {
        if (s->asks[i].conn == conn)
            return &s->asks[i];
    }
    return NULL;
}

static void drop_ask(struct supervisor *s, struct ask *ask)
{
    *ask = s->asks[--s->n_asks];
}

static void refuse(struct supervisor *s, int64_t conn, const char *code, const char *description)
{
    vt_child_send(s->gate.child, VT_MSG_PUBLISH_REFUSE,
                  json_pack("{s:I, s:s, s:s}", "conn", (json_int_t)conn, "code", code, "description", description),
                  NULL, 0);
}

static void copy_shown(char out[VT_PUBLISHER_TEXT], const json_t *body, const char *field)
{
    const char *text = vt_message_text(body, field);
    vt_escape(out, VT_PUBLISHER_TEXT, text ? text : "", text ? strlen(text) : 0);
}

// What a publisher is to be told, or NULL: it may. A wrong key and one that is not looked at are told alike.
static const char *judge(struct supervisor *s, struct ask *ask, const char *key)
{
    int64_t now_ns = vt_now_ns();
    char shown[32];
    bool known = vt_policy_find(s->policy, key, vt_program_now_ns() / VT_NS_PER_S, &ask->permit) == 0;
    if (!vt_guesses_allow(s->guesses, ask->address, now_ns))
        return VT_REFUSED_WORDS;
    if (known)
        return vt_program_admit(&s->programs[ask->permit.channel], &ask->permit, ask->address);
    vt_warning("%s was refused: no channel has the key %s", ask->address, vt_redact(shown, sizeof shown, key));
    if (!vt_guesses_note(s->guesses, ask->address, now_ns))
        vt_warning("%s has sent too many wrong keys: it is refused for a while, whatever it sends", ask->address);
    return VT_REFUSED_WORDS;
}

static void on_ask(struct supervisor *s, struct vt_child *gate, const json_t *body)
{
    int64_t conn = vt_message_int(body, "conn", -1);
    const char *key = vt_message_text(body, "key");
    if (conn < 0 || !key || strlen(key) > ASK_KEY_BYTES || find_ask(s, conn) || s->n_asks == VT_GATE_CONNECTIONS) {
        vt_child_refuse(gate, "it asks for a publisher in a way that cannot be");
        return;
    }
    struct ask ask = {.conn = conn};
    const char *why;
    copy_shown(ask.address, body, "address");
    copy_shown(ask.encoder, body, "encoder");
    const char *protocol = vt_message_text(body, "protocol");
    ask.protocol = protocol && strcmp(protocol, "rtmps") == 0 ? "rtmps" : "rtmp";
    if (s->stage != RUNNING) {
        refuse(s, conn, SHUTDOWN_CODE, "The server is shutting down.");
    } else if ((why = judge(s, &ask, key))) {
        refuse(s, conn, VT_REFUSED_CODE, why);
    } else {
        s->asks[s->n_asks++] = ask;
        vt_child_send(gate, VT_MSG_PUBLISH_ACCEPT, json_pack("{s:I}", "conn", (json_int_t)conn), NULL, 0);
    }
}

static int publish(struct supervisor *s, const struct ask *ask, int socket, int state)
{
    struct vt_publisher *publisher = calloc(1, sizeof *publisher);
    int err = publisher ? take_ingest(s, &publisher->ingest) : -ENOMEM;
    if (err) {
        free(publisher);
        return err;
    }
    snprintf(publisher->id, sizeof publisher->id, "p%d", (int)(++s->publisher_count % 1000000000));
    memcpy(publisher->address, ask->address, sizeof publisher->address);
    memcpy(publisher->encoder, ask->encoder, sizeof publisher->encoder);
    publisher->protocol = ask->protocol;
    publisher->permit = ask->permit;
    publisher->heard_ns = vt_now_ns();
    publisher->conn = ask->conn;
    publisher->since_ns = vt_program_now_ns();
    publisher->next = s->publishers;
    s->publishers = publisher;
    vt_info("%s: publisher %s from %s over %s (%s)", s->programs[ask->permit.channel].channel->name, publisher->id,
            publisher->address, publisher->protocol, publisher->encoder);
    err = vt_program_publish(&s->programs[ask->permit.channel], publisher, socket, state);
    if (err)
        vt_child_kill(publisher->ingest);
    return err;
}

static void on_hand(struct supervisor *s, struct vt_child *gate, struct vt_message *message)
{
    struct ask *ask = find_ask(s, vt_message_int(message->body, "conn", -1));
    if (!ask) {
        vt_child_refuse(gate, "it hands over a publisher that was not accepted");
        return;
    }
    struct ask taken = *ask;
    drop_ask(s, ask);
    int err = s->stage == RUNNING ? publish(s, &taken, message->fds[0], message->fds[1]) : 0;
    if (err)
        vt_error("publisher from %s could not be taken: %s", taken.address, strerror(-err));
}

static void on_gate_message(void *opaque, struct vt_child *child, struct vt_message *message)
{
    struct supervisor *s = opaque;
    if (message->kind == VT_MSG_PUBLISH_ASK) {
        on_ask(s, child, message->body);
    } else if (message->kind == VT_MSG_PUBLISH_HAND) {
        on_hand(s, child, message);
    } else if (message->kind != VT_MSG_PUBLISH_GONE) {
        vt_child_refuse(child, "it sent a message of another gate");
    } else {
        struct ask *ask = find_ask(s, vt_message_int(message->body, "conn", -1));
        if (ask)
            drop_ask(s, ask);
    }
}

static void on_gate_start(void *opaque)
{
    struct supervisor *s = opaque;
    char name[VT_ADDRESS_ROOM];
    vt_listen_name(s->startup.rtmp_fd, name);
    s->n_asks = 0;
    vt_child_send(s->gate.child, VT_MSG_GATE_START, json_pack("{s:[s]}", "listen", name), &s->startup.rtmp_fd, 1);
}

// ---- gate tls

static void send_certificate(struct supervisor *s)
{
    int files[2];
    if (!s->tls.child || vt_open_certificate(s->config, files))
        return;
    vt_child_send(s->tls.child, VT_MSG_GATE_CERTIFICATE, NULL, files, 2);
    close(files[0]);
    close(files[1]);
}

static void on_tls_start(void *opaque)
{
    struct supervisor *s = opaque;
    char name[VT_ADDRESS_ROOM];
    vt_listen_name(s->startup.rtmps_fd, name);
    send_certificate(s);
    vt_child_send(s->tls.child, VT_MSG_GATE_START, json_pack("{s:[s]}", "listen", name), &s->startup.rtmps_fd, 1);
}

static void on_tls_message(void *opaque, struct vt_child *child, struct vt_message *message)
{
    struct supervisor *s = opaque;
    char address[VT_PUBLISHER_TEXT];
    if (message->kind != VT_MSG_TLS_HAND) {
        vt_child_refuse(child, "it sent a message of another gate");
        return;
    }
    copy_shown(address, message->body, "address");
    if (s->gate.child)
        vt_child_send(s->gate.child, VT_MSG_GATE_CONNECTION, json_pack("{s:s}", "address", address), message->fds, 1);
}

// ---- gate srt

static void send_srt_keys(struct supervisor *s, int channel)
{
    if (s->srt.child)
        vt_child_send(s->srt.child, VT_MSG_GATE_KEYS,
                      vt_policy_srt_keys(s->policy, channel, &s->config->channels[channel]), NULL, 0);
}

static void on_srt_start(void *opaque)
{
    struct supervisor *s = opaque;
    char name[VT_ADDRESS_ROOM];
    vt_listen_name(s->startup.srt_fd, name);
    for (int i = 0; i < s->config->n_channels; i++)
        send_srt_keys(s, i);
    vt_child_send(s->srt.child, VT_MSG_GATE_START, json_pack("{s:[s]}", "listen", name), &s->startup.srt_fd, 1);
}

// The gate has let it in by what it knew; whoever is refused here finds its connection closed.
static void on_srt_hand(struct supervisor *s, struct vt_child *gate, struct vt_message *message)
{
    const char *key = vt_message_text(message->body, "key");
    int64_t conn = vt_message_int(message->body, "conn", -1);
    if (conn < 0 || !key || strlen(key) > ASK_KEY_BYTES) {
        vt_child_refuse(gate, "it hands over a publisher in a way that cannot be");
        return;
    }
    struct ask ask = {.conn = conn, .protocol = "srt"};
    copy_shown(ask.address, message->body, "address");
    copy_shown(ask.encoder, message->body, "encoder");
    const char *why = s->stage == RUNNING ? judge(s, &ask, key) : "The server is shutting down.";
    int err = why ? 0 : publish(s, &ask, message->fds[0], -1);
    if (why)
        vt_info("%s was refused: %s", ask.address, why);
    if (err)
        vt_error("publisher from %s could not be taken: %s", ask.address, strerror(-err));
}

static void on_srt_status(struct supervisor *s, const json_t *body)
{
    int64_t conn = vt_message_int(body, "conn", -1);
    for (struct vt_publisher *p = s->publishers; p; p = p->next) {
        if (p->conn == conn && strcmp(p->protocol, "srt") == 0) {
            json_decref(p->line);
            p->line = json_incref(json_object_get(body, "srt"));
        }
    }
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

static void on_hangup(void *opaque, int number)
{
    struct supervisor *s = opaque;
    vt_info("%s: %s", strsignal(number), s->config->rtmps ? "reading the certificate again" : "nothing to read again");
    send_certificate(s);
}

// ---- the origin

static void on_origin_start(void *opaque)
{
    struct supervisor *s = opaque;
    int fds[2] = {s->startup.http_fd, s->startup.admin_fd};
    json_t *body = json_pack("{s:s, s:s, s:s*, s:i}", "data", s->config->data, "token_file", s->config->token_file,
                             "products", s->config->products, "http", 1);
    vt_child_send(s->origin.child, VT_MSG_ORIGIN_START, body, fds, 2);
    for (int i = 0; i < s->config->n_channels; i++)
        vt_program_introduce(&s->programs[i]);
}

static void say_where(const struct supervisor *s)
{
    char rtmp[VT_ADDRESS_ROOM], http[VT_ADDRESS_ROOM], admin[VT_ADDRESS_ROOM];
    vt_listen_name(s->startup.rtmp_fd, rtmp);
    vt_listen_name(s->startup.http_fd, http);
    vt_listen_name(s->startup.admin_fd, admin);
    printf("push:  server rtmp://%s/live, stream key: the channel's key in %s\n", rtmp,
           s->config_path ? s->config_path : "the configuration");
    if (s->config->rtmps) {
        vt_listen_name(s->startup.rtmps_fd, rtmp);
        printf("push:  or server rtmps://%s/live\n", rtmp);
    }
    if (s->startup.srt_fd >= 0) {
        vt_listen_name(s->startup.srt_fd, rtmp);
        printf("push:  or srt://%s?streamid=KEY\n", rtmp);
    }
    for (int i = 0; i < s->config->n_channels; i++)
        printf("watch: http://%s/watch/%s\n", http, s->config->channels[i].name);
    if (s->config->n_channels == 0)
        printf("watch: no channel is configured: name one, with its keys, under channels: in %s\n",
               s->config_path ? s->config_path : VT_CONFIG_FILE);
    printf("API:   http://%s/v1, bearer token in %s\n", admin, s->config->token_file);
    fflush(stdout);
}

static struct vt_program *program_named(struct supervisor *s, const char *name)
{
    for (int i = 0; name && i < s->config->n_channels; i++) {
        if (strcmp(s->config->channels[i].name, name) == 0)
            return &s->programs[i];
    }
    return NULL;
}

// The gates open once every key is known; until then connections wait where the kernel keeps them.
static void open_gates(struct supervisor *s)
{
    for (int i = 0; i < s->config->n_channels; i++) {
        if (!s->keys_known[i])
            return;
    }
    if (!s->served || s->gates_open || s->stage != RUNNING)
        return;
    s->gates_open = true;
    vt_service_start(&s->gate);
    if (s->config->rtmps)
        vt_service_start(&s->tls);
    if (s->startup.srt_fd >= 0)
        vt_service_start(&s->srt);
}

static void take_keys(struct supervisor *s, struct vt_child *origin, const struct vt_program *program,
                      const json_t *body)
{
    int channel = (int)(program - s->programs);
    int err = vt_policy_set_made(s->policy, channel, json_object_get(body, "keys"));
    if (err) {
        vt_child_refuse(origin, "it sent keys that are none");
        return;
    }
    s->keys_known[channel] = true;
    send_srt_keys(s, channel);
    open_gates(s);
}

static void on_ready(struct supervisor *s)
{
    if (s->served)
        return;
    s->served = true;
    open_gates(s);
    sd_notify(0, "READY=1");
    say_where(s);
}

static void on_origin_message(void *opaque, struct vt_child *child, struct vt_message *message)
{
    struct supervisor *s = opaque;
    struct vt_program *program = program_named(s, vt_message_text(message->body, "channel"));
    if (message->kind == VT_MSG_ORIGIN_READY)
        on_ready(s);
    else if (!program)
        vt_child_refuse(child, "it names a channel that does not exist");
    else if (message->kind == VT_MSG_CHANNEL_KEYS)
        take_keys(s, child, program, message->body);
    else if (message->kind == VT_MSG_SHOW_END)
        vt_program_end(program, "The show has been ended.");
    else if (message->kind == VT_MSG_PUBLISHER_KICK && program->publisher)
        vt_publisher_stop(program->publisher, VT_REFUSED_CODE, "This stream has been ended by the producer.");
}

static bool on_origin_exit(void *opaque, int status)
{
    struct supervisor *s = opaque;
    if (s->served || s->stage != RUNNING)
        return on_service_exit(s, status);
    if (++s->failures < START_ATTEMPTS)
        return true;
    vt_error("the origin cannot start: the lines above say why");
    s->code = 1;
    drain(s, DRAIN_NS);
    return false;
}

// Kills ingests that hang, in a decoder or elsewhere. After a pause of this process itself nobody is to blame.
static void watch_ingests(struct supervisor *s)
{
    int64_t now_ns = vt_now_ns();
    bool paused = now_ns - s->second_ns > 2 * STATUS_NS;
    s->second_ns = now_ns;
    for (struct vt_publisher *p = s->publishers; p; p = p->next) {
        if (paused)
            p->heard_ns = now_ns;
        if (now_ns - p->heard_ns <= VT_INGEST_SILENCE_NS)
            continue;
        vt_warning("%s: the ingest of publisher %s has said nothing for %d s: killing it", p->program->channel->name, p->id,
                   (int)(VT_INGEST_SILENCE_NS / VT_NS_PER_S));
        vt_child_kill(p->ingest);
    }
}

static void on_second(void *opaque)
{
    struct supervisor *s = opaque;
    watch_ingests(s);
    for (int i = 0; i < s->config->n_channels; i++)
        vt_program_report(&s->programs[i]);
    vt_source_at(s->on_second, vt_now_ns() + STATUS_NS);
}

// ---- the beginning

static void describe_service(struct supervisor *s, struct vt_service *service, enum vt_role role, const char *verb,
                             const char *what)
{
    service->params = (struct vt_child_params){
        .loop = s->loop, .role = role, .words = {verb, what}, .identity = &s->startup.identity};
    service->opaque = s;
    service->on_exit = on_service_exit;
}

static void describe_services(struct supervisor *s)
{
    describe_service(s, &s->gate, VT_GATE, "gate", "rtmp");
    s->gate.on_start = on_gate_start;
    s->gate.on_message = on_gate_message;
    describe_service(s, &s->tls, VT_GATE, "gate", "tls");
    s->tls.on_start = on_tls_start;
    s->tls.on_message = on_tls_message;
    describe_service(s, &s->srt, VT_GATE, "gate", "srt");
    s->srt.on_start = on_srt_start;
    s->srt.on_message = on_srt_message;
    describe_service(s, &s->origin, VT_ORIGIN, "origin", NULL);
    s->origin.on_start = on_origin_start;
    s->origin.on_message = on_origin_message;
    s->origin.on_exit = on_origin_exit;
    for (int i = 0; i < WARM_INGESTS; i++) {
        describe_service(s, &s->warm[i], VT_INGEST, "ingest", "-");
        s->warm[i].on_start = on_warm_start;
        s->warm[i].on_message = on_warm_message;
    }
    for (int i = 0; i < s->config->n_channels; i++) {
        vt_program_init(&s->programs[i], s->loop, &s->config->channels[i], s->config->data, &s->origin,
                        &s->startup.identity);
        s->programs[i].on_studio_end = on_studio_end;
        s->programs[i].opaque = s;
    }
}

static int start(struct supervisor *s)
{
    int err = vt_loop_new(&s->loop);
    if (!err)
        err = vt_loop_signal(s->loop, &s->on_term, SIGTERM, on_signal, s);
    if (!err)
        err = vt_loop_signal(s->loop, &s->on_int, SIGINT, on_signal, s);
    if (!err)
        err = vt_loop_signal(s->loop, &s->on_hup, SIGHUP, on_hangup, s);
    if (!err)
        err = vt_loop_timer(s->loop, &s->on_second, vt_now_ns() + STATUS_NS, on_second, s);
    if (!err)
        err = vt_policy_new(&s->policy, s->config->channels, s->config->n_channels);
    if (!err)
        err = vt_guesses_new(&s->guesses);
    if (err)
        return err;
    describe_services(s);
    vt_service_start(&s->origin);
    for (int i = 0; i < WARM_INGESTS; i++)
        vt_service_start(&s->warm[i]);
    for (int i = 0; i < s->config->n_channels; i++)
        vt_program_take_up(&s->programs[i]);
    return 0;
}

static void finish(struct supervisor *s)
{
    for (int i = 0; i < s->config->n_channels; i++) {
        if (s->programs[i].channel)
            vt_program_free(&s->programs[i]);
    }
    for (int i = 0; i < SERVICES; i++)
        vt_service_stop(service_at(s, i));
    vt_source_free(&s->on_term);
    vt_source_free(&s->on_int);
    vt_source_free(&s->on_hup);
    vt_source_free(&s->on_second);
    vt_policy_free(&s->policy);
    vt_guesses_free(&s->guesses);
    vt_startup_free(&s->startup);
    vt_loop_free(&s->loop);
}

static int serve(struct vt_config *config, const char *path)
{
    struct supervisor *s = calloc(1, sizeof *s);
    if (!s)
        return 1;
    s->config = config;
    s->config_path = path;
    int code = 1;
    if (vt_startup(&s->startup, config) == 0) {
        int err = start(s);
        code = err ? err : vt_loop_run(s->loop);
        if (code < 0) {
            vt_error("the supervisor cannot go on: %s", strerror(-code));
            code = 1;
        }
        finish(s);
    } else {
        vt_startup_free(&s->startup);
    }
    free(s);
    return code;
}

static int load(struct vt_config **ret, const char *path)
{
    static struct vt_diagnostics diagnostics;       // 8 kB, used once
    int err = path ? vt_config_load(ret, path, &diagnostics)
                   : vt_config_parse(ret, "", 0, "/", &diagnostics);
    vt_diagnostics_print(&diagnostics, path ? path : "defaults", stderr);
    if (err == -ENOMEM)
        vt_error("out of memory");
    return err;
}

static int refuse_usage(const char *what, const char *why)
{
    fprintf(stderr, "vitrine serve: %s %s\nusage: vitrine serve [--config FILE]\n", what, why);
    return 2;
}

int vt_serve_main(int argc, char **argv)
{
    const char *path = access(VT_CONFIG_FILE, F_OK) == 0 ? VT_CONFIG_FILE : NULL;
    if (argc == 1 && strcmp(argv[0], "--config") == 0)
        return refuse_usage("--config", "needs the path of a file");
    if (argc == 2 && strcmp(argv[0], "--config") == 0)
        path = argv[1];
    else if (argc == 1 && strncmp(argv[0], "--config=", 9) == 0)
        path = argv[0] + 9;
    else if (argc > 0)
        return refuse_usage(argv[0], "is not understood");
    vt_log_init("supervisor");
    struct vt_config *config = NULL;
    int code = load(&config, path) ? 1 : serve(config, path);
    vt_config_free(&config);
    return code;
}
