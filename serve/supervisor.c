#include "serve/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/log.h"
#include "serve/gates.h"
#include "serve/listen.h"
#include "serve/made.h"
#include "serve/policy.h"
#include "serve/program.h"
#include "serve/publishers.h"
#include "serve/startup.h"

#define STATUS_NS       VT_NS_PER_S
#define SERVICES        (VT_WARM_INGESTS + 5)   // three gates, the hook, the origin, the warm ingests
#define DRAIN_NS        (15 * VT_NS_PER_S)      // for the studios to end their shows
#define CHILD_END_NS    (3 * VT_NS_PER_S)       // for the others to end
#define START_ATTEMPTS  5                       // of the origin before it first served

enum stage { RUNNING, ENDING_SHOWS, ENDING_CHILDREN };

struct supervisor {
    struct vt_loop *loop;
    struct vt_config *config;
    const char *config_path;                    // NULL: defaults
    struct vt_policy *policy;
    bool keys_known[VT_CHANNELS_MAX];           // the origin has said which keys the API has made
    struct vt_startup startup;
    struct vt_source *on_term, *on_int, *on_hup, *on_second;
    struct vt_service origin;
    struct vt_program programs[VT_CHANNELS_MAX];
    struct vt_publishers publishers;
    struct vt_gates gates;
    struct vt_made made;
    bool gates_open;                            // they have been started
    bool served;                                // the origin was ready once
    int failures;                               // of the origin before that
    enum stage stage;
    int code;                                   // to exit with
};

// ---- the end

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
    struct vt_service *others[] = {&s->gates.rtmp, &s->origin, &s->gates.tls, &s->gates.srt, &s->gates.hook.service};
    return i < 5 ? others[i] : &s->publishers.warm[i - 5];
}

static bool children_run(struct supervisor *s)
{
    for (int i = 0; i < SERVICES; i++) {
        if (service_at(s, i)->child)
            return true;
    }
    return vt_publishers_run(&s->publishers);
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

static void on_child_end(void *opaque)
{
    proceed(opaque);
}

static void drain(struct supervisor *s, int64_t limit_ns)
{
    sd_notify(0, "STOPPING=1");
    s->stage = ENDING_SHOWS;
    s->gates.closing = s->gates.hook.closing = s->publishers.closing = true;
    for (int i = 0; i < SERVICES; i++)
        vt_source_free(&service_at(s, i)->restart);
    vt_publishers_stop(&s->publishers, VT_SHUTDOWN_CODE, VT_SHUTDOWN_WORDS);
    for (int i = 0; i < s->config->n_channels; i++) {
        struct vt_program *program = &s->programs[i];
        if (!program->channel)
            continue;
        program->draining = true;
        vt_source_free(&program->studio.restart);
        vt_program_end(program, VT_SHUTDOWN_WORDS);
        if (program->studio.child)
            vt_child_limit(program->studio.child, limit_ns);
    }
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

static void on_hangup(void *opaque, int number)
{
    struct supervisor *s = opaque;
    vt_info("%s: %s", strsignal(number), s->config->rtmps.count > 0 ? "reading the certificate again" : "nothing to read again");
    vt_gates_send_certificate(&s->gates);
}

// ---- the origin

static void on_origin_start(void *opaque)
{
    struct supervisor *s = opaque;
    const struct vt_sockets *http = &s->startup.http, *admin = &s->startup.admin;
    int fds[2 * VT_LISTENERS_MAX];
    memcpy(fds, http->fds, sizeof(int) * (size_t)http->count);
    memcpy(fds + http->count, admin->fds, sizeof(int) * (size_t)admin->count);
    json_t *body = json_pack("{s:s, s:s, s:s*, s:s*, s:i, s:s, s:i}", "data", s->config->data, "token_file",
                             s->config->token_file, "products", s->config->products, "signing_keys", s->config->signing_keys,
                             "per_address", s->config->viewer_connections, "folder", s->config->folder, "http", http->count);
    vt_child_send(s->origin.child, VT_MSG_ORIGIN_START, body, fds, http->count + admin->count);
    vt_made_begin(&s->made);
    for (int i = 0; i < s->config->n_channels; i++) {
        if (s->programs[i].channel)
            vt_program_introduce(&s->programs[i]);
    }
}

static void say_each(const struct vt_sockets *sockets, const char *before, const char *after)
{
    char name[VT_LISTEN_ROOM];
    for (int i = 0; i < sockets->count; i++) {
        vt_listen_name(sockets->fds[i], name);
        printf("%s%s%s\n", before, name, after);
    }
}

static void say_where(const struct supervisor *s)
{
    char name[VT_LISTEN_ROOM], key[512];
    snprintf(key, sizeof key, "/live, stream key: the channel's key in %s",
             s->config_path ? s->config_path : "the configuration");
    say_each(&s->startup.rtmp, "push:  server rtmp://", key);
    say_each(&s->startup.rtmps, "push:  or server rtmps://", "/live");
    say_each(&s->startup.srt, "push:  or srt://", "?streamid=KEY");
    for (int i = 0; i < s->startup.srt_ports.count; i++) {
        vt_listen_name(s->startup.srt_ports.fds[i], name);
        printf("push:  or srt://%s with the passphrase of %s, and no streamid\n", name, s->config->srt_ports[i].channel);
    }
    vt_listen_name(s->startup.http.fds[0], name);
    for (int i = 0; i < s->config->n_channels; i++)
        printf("watch: http://%s/watch/%s\n", name, s->config->channels[i].name);
    if (s->config->n_channels == 0)
        printf("watch: no channel is configured: name one, with its keys, under channels: in %s, or PUT one to the API\n",
               s->config_path ? s->config_path : VT_CONFIG_FILE);
    vt_listen_name(s->startup.admin.fds[0], name);
    printf("API:   http://%s/v1, bearer token in %s\n", name, s->config->token_file);
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
        if (s->programs[i].channel && !s->keys_known[i])
            return;
    }
    if (!s->served || s->gates_open || s->stage != RUNNING)
        return;
    s->gates_open = true;
    vt_gates_open(&s->gates);
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
    vt_gates_send_keys(&s->gates, channel);
    open_gates(s);
}

static void on_ready(struct supervisor *s)
{
    vt_made_settle(&s->made);
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
    else if (message->kind == VT_MSG_CHANNEL_DEFINE && s->stage == RUNNING)
        vt_made_define(&s->made, message->body);
    else if (message->kind == VT_MSG_CHANNEL_REMOVE && s->stage == RUNNING)
        vt_made_remove(&s->made, message->body);
    else if (s->stage != RUNNING && !program)
        return;
    else if (!program)
        vt_child_refuse(child, "it names a channel that does not exist");
    else if (message->kind == VT_MSG_CHANNEL_KEYS)
        take_keys(s, child, program, message->body);
    else if (message->kind == VT_MSG_SHOW_END)
        vt_program_end(program, "The show has been ended.");
    else if (message->kind == VT_MSG_PUBLISHER_KICK)
        vt_program_kick(program);
}

static bool on_origin_exit(void *opaque, int status)
{
    struct supervisor *s = opaque;
    proceed(s);
    if (s->served || s->stage != RUNNING)
        return s->stage == RUNNING;
    if (++s->failures < START_ATTEMPTS)
        return true;
    vt_error("the origin cannot start: the lines above say why");
    s->code = 1;
    drain(s, DRAIN_NS);
    return false;
}

static void send_tally(struct supervisor *s)
{
    const struct vt_hook_client *hook = &s->gates.hook;
    json_t *body = s->origin.child ? vt_tally_json(&s->publishers.tally) : NULL;
    if (!body)
        return;
    json_object_set_new(body, "hook", json_pack("{s:I, s:I, s:I}", "granted", (json_int_t)hook->granted, "denied",
                                                (json_int_t)hook->denied, "failed", (json_int_t)hook->failed));
    vt_child_send(s->origin.child, VT_MSG_ORIGIN_TALLY, body, NULL, 0);
}

static void on_second(void *opaque)
{
    struct supervisor *s = opaque;
    vt_publishers_watch(&s->publishers);
    vt_gates_watch(&s->gates);
    for (int i = 0; i < s->config->n_channels; i++) {
        if (s->programs[i].channel)
            vt_program_report(&s->programs[i]);
    }
    send_tally(s);
    vt_source_at(s->on_second, vt_now_ns() + STATUS_NS);
}

// ---- the beginning

static void describe(struct supervisor *s)
{
    s->origin = (struct vt_service){
        .params = {.loop = s->loop, .role = VT_ORIGIN, .words = {"origin"}, .identity = &s->startup.identity},
        .on_start = on_origin_start,
        .on_message = on_origin_message,
        .on_exit = on_origin_exit,
        .opaque = s,
    };
    vt_publishers_init(&s->publishers, s->loop, &s->startup.identity, on_child_end, s);
    for (int i = 0; i < s->config->n_channels; i++) {
        vt_program_init(&s->programs[i], s->loop, &s->config->channels[i], s->config->data, &s->origin,
                        &s->startup.identity);
        s->programs[i].on_studio_end = on_child_end;
        s->programs[i].opaque = s;
    }
    s->gates.on_end = on_child_end;
    s->gates.opaque = s;
    s->made = (struct vt_made){
        .loop = s->loop, .config = s->config, .programs = s->programs, .policy = s->policy, .gates = &s->gates,
        .origin = &s->origin, .identity = &s->startup.identity, .keys_known = s->keys_known, .on_studio_end = on_child_end,
        .opaque = s,
    };
    vt_made_init(&s->made);
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
        err = vt_gates_init(&s->gates, s->loop, s->config, &s->startup, s->policy, s->programs, &s->publishers);
    if (err)
        return err;
    describe(s);
    vt_service_start(&s->origin);
    vt_publishers_start(&s->publishers);
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
    vt_service_stop(&s->origin);
    vt_publishers_free(&s->publishers);
    vt_gates_free(&s->gates);
    vt_source_free(&s->on_term);
    vt_source_free(&s->on_int);
    vt_source_free(&s->on_hup);
    vt_source_free(&s->on_second);
    vt_policy_free(&s->policy);
    vt_startup_free(&s->startup);
    vt_loop_free(&s->loop);
}

int vt_supervise(struct vt_config *config, const char *path)
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
