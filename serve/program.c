#include "serve/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "serve/policy.h"
#include "studio/unfinished.h"

#define TAKEN_OVER "NetStream.Publish.BadName"       // encoders show its description and do not fight back

static const char *name_of(const struct vt_program *program)
{
    return program->channel->name;
}

static bool runs(const struct vt_program *program)
{
    return program->studio.child && !program->ending;
}

// ---- what the origin knows

static json_t *publisher_json(const struct vt_publisher *publisher)
{
    char since[VT_TIME_TEXT];
    if (!publisher)
        return json_null();
    vt_format_time(publisher->since_ns, since);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s}", "publisher", publisher->id, "protocol", publisher->protocol,
                             "address", publisher->address, "encoder", publisher->encoder, "since", since);
    if (json && publisher->line)
        json_object_set(json, "srt", publisher->line);
    const char *encoder = publisher->status ? vt_message_text(publisher->status, "encoder") : NULL;
    char shown[VT_PUBLISHER_TEXT];
    if (json && encoder)
        json_object_set_new(json, "encoder", json_string(vt_escape_once(shown, sizeof shown, encoder)));
    if (json && publisher->status)
        json_object_update_missing(json, publisher->status);
    return json;
}

static const char *state_of(const struct vt_program *program)
{
    const char *state = vt_message_text(program->studio_status, "state");
    if (program->show[0] == 0)
        return program->failed ? "failed" : "off";
    return program->ending ? "ending" : state ? state : "starting";
}

static void send_history(struct vt_program *program)
{
    json_t *body = json_pack("{s:s, s:o}", "channel", name_of(program), "history", vt_history_json(&program->history));
    program->history.changed = false;
    if (body)
        vt_child_send(program->origin->child, VT_MSG_ORIGIN_HISTORY, body, NULL, 0);
}

void vt_program_report(struct vt_program *program)
{
    if (!program->origin->child)
        return;
    if (program->history.changed)
        send_history(program);
    json_t *body = json_pack("{s:s, s:s*, s:s, s:o, s:O?, s:O?, s:{s:I, s:I, s:I}}", "channel", name_of(program),
                             "show", program->show[0] ? program->show : NULL, "state", state_of(program), "publisher",
                             publisher_json(program->publisher), "studio", program->studio_status, "ended",
                             program->ended, "faults", "crashes", (json_int_t)program->faults.crashes, "hangs",
                             (json_int_t)program->faults.hangs, "bans", (json_int_t)program->faults.bans);
    if (body)
        vt_child_send(program->origin->child, VT_MSG_ORIGIN_STATUS, body, NULL, 0);
}

// A pair between two children: one end with each message. Both messages are made and sent in any case.
static int connect_children(struct vt_child *a, enum vt_message_kind kind_a, json_t *body_a, struct vt_child *b,
                            enum vt_message_kind kind_b, json_t *body_b)
{
    int ends[2];
    int err = vt_link_pair(ends);
    if (err) {
        vt_error("no link between %s and %s: %s", vt_child_name(a), vt_child_name(b), strerror(-err));
        json_decref(body_a);
        json_decref(body_b);
        return err;
    }
    vt_child_send(a, kind_a, body_a, &ends[0], 1);
    vt_child_send(b, kind_b, body_b, &ends[1], 1);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

static void connect_desk(struct vt_program *program)
{
    if (!program->studio.child || !program->origin->child)
        return;
    json_t *show = json_pack("{s:s, s:s}", "channel", name_of(program), "show", program->show);
    connect_children(program->origin->child, VT_MSG_ORIGIN_SHOW, show, program->studio.child, VT_MSG_STUDIO_DESK, NULL);
}

void vt_program_introduce(struct vt_program *program)
{
    json_t *body = json_pack("{s:o, s:b}", "channel", vt_channel_to_json(program->channel), "fixed", !program->made);
    vt_child_send(program->origin->child, VT_MSG_ORIGIN_CHANNEL, body, NULL, 0);
    connect_desk(program);
    program->history.changed = true;
    vt_program_report(program);
}

// ---- the studio

// Of the channel as a whole.
static void note(struct vt_program *program, enum vt_history_what what, const char *text)
{
    vt_history_add(&program->history, vt_program_now_ns(), what, NULL, NULL, "%s", text);
}

static void note_show(struct vt_program *program, enum vt_history_what what, const char *reason, const char *text)
{
    vt_history_add(&program->history, vt_program_now_ns(), what, NULL, reason, "Show %s %s.", program->show, text);
}

static bool show_exists(const struct vt_program *program, const char *show)
{
    char *path = NULL;
    struct stat info;
    if (asprintf(&path, "%s/live/%s/%s", program->data, name_of(program), show) < 0)
        return false;
    bool exists = stat(path, &info) == 0;
    free(path);
    return exists;
}

static void run_show(struct vt_program *program)
{
    program->ending = program->failed = false;
    program->studio.backoff = (struct vt_backoff){0};
    vt_service_start(&program->studio);
}

static void start_show(struct vt_program *program)
{
    int64_t now = vt_program_now_ns();
    int n = 1;
    do
        vt_show_id(program->show, now, n++);
    while (show_exists(program, program->show));
    vt_info("%s: show %s starts", name_of(program), program->show);
    note_show(program, VT_HISTORY_SHOW_STARTED, NULL, "starts");
    run_show(program);
}

// Ends the playlists of a show that no studio will go on with.
static void end_on_disk(const struct vt_program *program)
{
    int err = vt_unfinished_end(program->data, name_of(program), program->show);
    if (err && err != -ENOENT)
        vt_error("%s: the playlists of show %s cannot be ended: %s", name_of(program), program->show, strerror(-err));
}

static void give_up(struct vt_program *program)
{
    vt_error("%s: the studio of show %s died %d times in a row, each time soon after its start; the lines above say why. "
             "The show ends; the next publisher starts another one", name_of(program), program->show,
             program->studio.backoff.deaths);
    end_on_disk(program);
    if (program->publisher)
        vt_publisher_stop(program->publisher, VT_REFUSED_CODE, "This show cannot be made: see the server's log.");
    program->failed = true;
}

void vt_program_take_up(struct vt_program *program)
{
    char show[VT_NAME_ROOM];
    int64_t written_ns;
    const char *data = program->data, *name = name_of(program), *going_on = NULL;
    int err = vt_unfinished_find(data, name, show, &written_ns);
    int64_t since_ns = err ? 0 : vt_program_now_ns() - written_ns;
    if (!err && since_ns < program->channel->slate_grace_ns)
        going_on = show;
    int ended = vt_unfinished_end_all(data, name, going_on);
    if (ended > 0)
        vt_info("%s: %d show%s that broke off before ended now", name, ended, ended == 1 ? "" : "s");
    else if (ended < 0 && ended != -ENOENT)
        vt_error("%s: shows that broke off before cannot be ended: %s", name, strerror(-ended));
    if (!going_on)
        return;
    vt_info("%s: show %s goes on; it broke off %lld s ago", name, show, (long long)(since_ns / VT_NS_PER_S));
    vt_name_copy(program->show, show);
    note_show(program, VT_HISTORY_SHOW_STARTED, NULL, "goes on after a break");
    run_show(program);
}

// The studio is new: the publisher's ingest gets a new link to it.
static void connect_source(struct vt_program *program)
{
    struct vt_publisher *publisher = program->publisher;
    if (publisher)
        connect_children(publisher->ingest, VT_MSG_INGEST_SOURCE, NULL, program->studio.child, VT_MSG_STUDIO_SOURCE,
                         json_pack("{s:s}", "publisher", publisher->id));
}

static void on_studio_start(void *opaque)
{
    struct vt_program *program = opaque;
    json_t *body = json_pack("{s:o, s:s, s:s}", "channel", vt_channel_to_json(program->channel), "data", program->data,
                             "show", program->show);
    vt_child_send(program->studio.child, VT_MSG_STUDIO_START, body, NULL, 0);
    connect_desk(program);
    connect_source(program);
    if (program->studio.backoff.deaths > 0)
        note(program, VT_HISTORY_STUDIO_BACK, "The studio runs again and goes on with the show.");
    if (program->ending)
        vt_child_send(program->studio.child, VT_MSG_STUDIO_END, NULL, NULL, 0);
    vt_program_report(program);
}

// What the pictures do now; `before`: what they did, or NULL.
static void note_state(struct vt_program *program, const char *before, const char *state)
{
    bool first = !before || strcmp(before, "waiting") == 0;
    char why[VT_PUBLISHER_TEXT], text[VT_HISTORY_TEXT];
    vt_escape_once(why, sizeof why, vt_message_text(program->studio_status, "reason"));
    if (strcmp(state, "live") == 0) {
        note(program, VT_HISTORY_LIVE, first ? "The first picture is there." : "Pictures come again.");
    } else if (strcmp(state, "stalled") == 0) {
        snprintf(text, sizeof text, "The last picture is held%s%s.", why[0] ? ": " : "", why);
        note(program, VT_HISTORY_STALLED, text);
    } else if (strcmp(state, "slate") == 0) {
        snprintf(text, sizeof text, "The slate is shown%s%s.", why[0] ? ": " : "", why);
        note(program, VT_HISTORY_SLATE, text);
    }
}

static void on_studio_message(void *opaque, struct vt_child *child, struct vt_message *message)
{
    struct vt_program *program = opaque;
    if (message->kind != VT_MSG_STUDIO_STATUS) {
        vt_child_refuse(child, "it sent a message that nobody waits for");
        return;
    }
    json_t *last = program->studio_status;
    const char *before = vt_message_text(last, "state");
    const char *state = vt_message_text(message->body, "state");
    bool changed = !before || !state || strcmp(before, state) != 0;
    program->studio_status = json_incref(message->body);
    if (changed && state)
        note_state(program, before, state);
    json_decref(last);
    if (changed)
        vt_program_report(program);
}

static void forget_show(struct vt_program *program)
{
    vt_info("%s: show %s is over", name_of(program), program->show);
    note_show(program, VT_HISTORY_SHOW_ENDED, program->failed ? "failed" : NULL, "is over");
    if (program->origin->child)
        vt_child_send(program->origin->child, VT_MSG_ORIGIN_OVER,
                      json_pack("{s:s, s:s}", "channel", name_of(program), "show", program->show), NULL, 0);
    program->show[0] = 0;
    program->ending = false;
}

static void note_death(struct vt_program *program, int status)
{
    bool killed = WIFSIGNALED(status);
    char text[64];
    snprintf(text, sizeof text, "The studio ended %s %d.", killed ? "by signal" : "with code",
             killed ? WTERMSIG(status) : WEXITSTATUS(status));
    note(program, VT_HISTORY_STUDIO_DIED, text);
}

static bool on_studio_exit(void *opaque, int status)
{
    struct vt_program *program = opaque;
    bool over = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    bool hopeless = !over && !program->draining && program->studio.backoff.deaths >= VT_STUDIO_DEATHS;
    json_decref(program->studio_status);
    program->studio_status = NULL;
    if (!over)
        note_death(program, status);
    if (hopeless)
        give_up(program);
    else if (!over && program->draining)
        end_on_disk(program);
    if (over || hopeless)
        forget_show(program);
    bool waits = program->publisher && !program->publisher->stopped;     // it came while the show was ending
    bool again = over && waits && !program->draining;
    if (again)
        start_show(program);
    vt_program_report(program);
    if (program->on_studio_end)
        program->on_studio_end(program->opaque);
    return !over && !hopeless && !program->draining;
}

void vt_program_init(struct vt_program *program, struct vt_loop *loop, const struct vt_channel *channel,
                     const char *data, struct vt_service *origin, const struct vt_identity *identity)
{
    *program = (struct vt_program){.loop = loop, .channel = channel, .data = data, .origin = origin};
    program->studio = (struct vt_service){
        .params = {.loop = loop, .role = VT_STUDIO, .words = {"studio", channel->name}, .identity = identity},
        .on_start = on_studio_start,
        .on_message = on_studio_message,
        .on_exit = on_studio_exit,
        .opaque = program,
    };
}

void vt_program_free(struct vt_program *program)
{
    vt_service_stop(&program->studio);
    json_decref(program->studio_status);
    json_decref(program->ended);
    *program = (struct vt_program){0};
}

// ---- publishers

void vt_publisher_stop(struct vt_publisher *publisher, const char *code, const char *description)
{
    bool away = strcmp(code, VT_SHUTDOWN_CODE) == 0;
    json_t *body = json_pack("{s:s, s:s, s:b}", "code", code, "description", description, "reconnect", away);
    publisher->stopped = true;
    vt_child_send(publisher->ingest, VT_MSG_INGEST_STOP, body, NULL, 0);
    vt_child_limit(publisher->ingest, VT_PUBLISHER_LIMIT_NS);
}

// What the status says of it from now on.
static void keep_end(struct vt_program *program, const struct vt_publisher *publisher)
{
    char at[VT_TIME_TEXT];
    vt_format_time(vt_program_now_ns(), at);
    json_decref(program->ended);
    program->ended = json_pack("{s:s, s:s, s:s, s:s}", "publisher", publisher->id, "reason", publisher->reason,
                               "detail", publisher->detail, "at", at);
}

void vt_publisher_lost(struct vt_publisher *publisher)
{
    struct vt_program *program = publisher->program;
    if (program->publisher != publisher)
        return;
    program->publisher = NULL;
    keep_end(program, publisher);
    vt_history_add(&program->history, vt_program_now_ns(), VT_HISTORY_CLOSED, publisher->id, publisher->reason, "%s",
                   publisher->detail[0] ? publisher->detail : publisher->reason);
    vt_info("%s: publisher %s has gone: %s", name_of(program), publisher->id, publisher->reason);
    if (program->studio.child)
        vt_child_send(program->studio.child, VT_MSG_STUDIO_LOST,
                      json_pack("{s:s, s:s}", "publisher", publisher->id, "reason", publisher->reason), NULL, 0);
    vt_program_report(program);
}

void vt_program_kick(struct vt_program *program)
{
    static const char words[] = "This stream has been ended by the producer.";
    if (!program->publisher)
        return;
    vt_history_add(&program->history, vt_program_now_ns(), VT_HISTORY_KICKED, program->publisher->id, NULL, "%s", words);
    vt_publisher_stop(program->publisher, VT_REFUSED_CODE, words);
    vt_program_report(program);
}

static bool may_take_over(const struct vt_program *program, const struct vt_permit *permit, const char *address)
{
    const struct vt_publisher *now = program->publisher;
    if (permit->key == now->permit.key && strcmp(address, now->address) == 0)
        return true;
    switch (program->channel->takeover) {
    case VT_TAKEOVER_REFUSE:
        return false;
    case VT_TAKEOVER_PRIORITY:
        return permit->rank <= now->permit.rank;
    default:
        return true;
    }
}

const char *vt_program_admit(struct vt_program *program, const struct vt_permit *permit, const char *address)
{
    if (!program->publisher || program->publisher->stopped)
        return NULL;
    if (!may_take_over(program, permit, address))
        return "Another encoder is publishing to this channel, and may not be replaced. Stop it first.";
    if (!vt_bucket_take(&program->takeovers, VT_TAKEOVER_BURST, VT_TAKEOVER_REFILL_NS, vt_now_ns()))
        return "Encoders keep replacing each other on this channel. Stop all but one of them, and wait a minute.";
    return NULL;
}

// The ingest's end of a new source link, and the studio's if one runs.
static int hand_over(struct vt_program *program, struct vt_publisher *publisher, int socket, int state)
{
    int ends[2];
    int err = vt_link_pair(ends);
    if (err)
        return err;
    int with_state[3] = {socket, state, ends[0]}, without[2] = {socket, ends[0]};
    json_t *start = json_pack("{s:s, s:s, s:s, s:s}", "publisher", publisher->id, "channel", name_of(program),
                              "protocol", publisher->protocol, "encoder", publisher->encoder);
    err = vt_child_send(publisher->ingest, VT_MSG_INGEST_START, start, state < 0 ? without : with_state,
                        state < 0 ? 2 : 3);
    if (!err && runs(program))
        vt_child_send(program->studio.child, VT_MSG_STUDIO_SOURCE, json_pack("{s:s}", "publisher", publisher->id),
                      &ends[1], 1);
    close(ends[0]);
    close(ends[1]);
    return err;
}

int vt_program_publish(struct vt_program *program, struct vt_publisher *publisher, int socket, int state)
{
    struct vt_publisher *before = program->publisher;
    char title[64];
    snprintf(title, sizeof title, "ingest %s", name_of(program));
    vt_child_rename(publisher->ingest, title);
    publisher->program = program;
    program->publisher = NULL;       // a show that starts now has no source to be given again
    if (program->show[0] == 0)
        start_show(program);
    int err = hand_over(program, publisher, socket, state);
    program->publisher = err ? before : publisher;
    if (!err && before) {
        vt_info("%s: publisher %s takes over from %s", name_of(program), publisher->id, before->id);
        vt_history_add(&program->history, vt_program_now_ns(), VT_HISTORY_TAKEN_OVER, publisher->id, NULL,
                       "It takes over from %s.", before->id);
        vt_publisher_stop(before, TAKEN_OVER, "Another encoder publishes with this stream key now.");
    }
    vt_program_report(program);
    return err;
}

void vt_program_end(struct vt_program *program, const char *description)
{
    if (program->show[0] == 0)
        return;
    if (program->draining && !program->studio.child)
        end_on_disk(program);
    if (program->ending)
        return;
    program->ending = true;
    if (program->publisher && !program->publisher->stopped)
        vt_publisher_stop(program->publisher, TAKEN_OVER, description);
    if (program->studio.child)
        vt_child_send(program->studio.child, VT_MSG_STUDIO_END, NULL, NULL, 0);
    vt_program_report(program);
}
