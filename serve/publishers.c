#include "serve/publishers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define LATE_NS (2 * VT_NS_PER_S)        // between two looks: this process itself was paused

// ---- one publisher

static void end_publisher(struct vt_publishers *all, struct vt_publisher *publisher)
{
    struct vt_publisher **place = &all->first;
    while (*place != publisher)
        place = &(*place)->next;
    *place = publisher->next;
    vt_child_free(&publisher->ingest);
    json_decref(publisher->status);
    json_decref(publisher->line);
    free(publisher);
    all->on_end(all->opaque);
}

static struct vt_publisher *publisher_of(const struct vt_publishers *all, const struct vt_child *ingest)
{
    struct vt_publisher *publisher = all->first;
    while (publisher && publisher->ingest != ingest)
        publisher = publisher->next;
    return publisher;
}

// Its encoder is told what the channel does not accept of it.
static void hold_to_limits(struct vt_publisher *publisher)
{
    char words[VT_EXCESS_WORDS];
    const struct vt_channel *channel = publisher->program->channel;
    if (publisher->stopped || !vt_excess_found(&publisher->excess, &channel->accept, publisher->status,
                                               publisher->heard_ns, words))
        return;
    vt_info("%s: publisher %s is sent away: %s", channel->name, publisher->id, words);
    vt_publisher_stop(publisher, VT_REFUSED_CODE, words);
}

// What the status says of a track as "H.264 1280×720"; "" before that is known.
static void describe_video(char *out, size_t room, const json_t *status)
{
    const json_t *video = json_object_get(status, "video");
    char codec[VT_PUBLISHER_TEXT];
    vt_escape_once(codec, sizeof codec, vt_message_text(video, "codec"));
    int width = (int)vt_message_int(video, "width", 0), height = (int)vt_message_int(video, "height", 0);
    out[0] = 0;
    if (codec[0] && width > 0)
        snprintf(out, room, "%s %d×%d", codec, width, height);
}

static void describe_audio(char *out, size_t room, const json_t *status)
{
    const json_t *audio = json_object_get(status, "audio");
    char codec[VT_PUBLISHER_TEXT];
    vt_escape_once(codec, sizeof codec, vt_message_text(audio, "codec"));
    int rate = (int)vt_message_int(audio, "rate", 0), channels = (int)vt_message_int(audio, "channels", 0);
    out[0] = 0;
    if (codec[0] && channels > 0)
        snprintf(out, room, "%s %d Hz, channels: %d", codec, rate, channels);
}

static void note_change(struct vt_publisher *publisher, const json_t *now, const char *track,
                        void (*describe)(char *out, size_t room, const json_t *status))
{
    char before[VT_HISTORY_TEXT], after[VT_HISTORY_TEXT];
    describe(before, sizeof before, publisher->status);
    describe(after, sizeof after, now);
    if (before[0] && after[0] && strcmp(before, after) != 0)
        vt_history_add(&publisher->program->history, vt_program_now_ns(), VT_HISTORY_FORMAT, publisher->id, track,
                       "%s, before: %s", after, before);
}

static void on_status(struct vt_publisher *publisher, json_t *body)
{
    bool first = !publisher->status;
    publisher->heard_ns = vt_now_ns();
    note_change(publisher, body, "video", describe_video);
    note_change(publisher, body, "audio", describe_audio);
    json_decref(publisher->status);
    publisher->status = json_incref(body);
    if (first)
        vt_program_report(publisher->program);
    hold_to_limits(publisher);
}

static void copy_escaped(char *out, size_t room, const json_t *body, const char *member)
{
    vt_escape_once(out, room, vt_message_text(body, member));
}

static void on_message(void *opaque, struct vt_child *child, struct vt_message *message)
{
    struct vt_publishers *all = opaque;
    struct vt_publisher *publisher = publisher_of(all, child);
    const char *id = vt_message_text(message->body, "publisher");
    if (!publisher || !id || strcmp(id, publisher->id) != 0) {
        vt_child_refuse(child, "it speaks of a publisher that is not its own");
    } else if (message->kind == VT_MSG_INGEST_STATUS) {
        on_status(publisher, message->body);
    } else if (message->kind == VT_MSG_INGEST_END) {
        copy_escaped(publisher->reason, sizeof publisher->reason, message->body, "reason");
        copy_escaped(publisher->detail, sizeof publisher->detail, message->body, "detail");
        vt_publisher_lost(publisher);
    }
}

static void note_crash(struct vt_publishers *all, const struct vt_publisher *publisher)
{
    struct vt_program *program = publisher->program;
    *(publisher->hung ? &program->faults.hangs : &program->faults.crashes) += 1;
    vt_history_add(&program->history, vt_program_now_ns(), VT_HISTORY_INGEST_DIED, publisher->id,
                   publisher->hung ? "hung" : "crashed", "%s", publisher->hung ? "Its ingest hung and was killed."
                                                                               : "Its ingest crashed.");
    if (!vt_crashes_note(&all->crashes, publisher->permit.key, vt_now_ns()))
        return;
    program->faults.bans++;
    vt_warning("%s: %d ingests of one key have crashed within a minute: it is not let in for %d minutes",
               program->channel->name, VT_CRASHES, (int)(VT_CRASHES_BAN_NS / VT_NS_PER_S / 60));
}

static void on_exit_of_ingest(void *opaque, struct vt_child *child, int status)
{
    struct vt_publishers *all = opaque;
    struct vt_publisher *publisher = publisher_of(all, child);
    if (status != 0 && !publisher->stopped)
        note_crash(all, publisher);
    if (!publisher->reason[0])
        snprintf(publisher->reason, sizeof publisher->reason, "crashed");
    vt_tally_end(&all->tally, publisher->reason);
    vt_publisher_lost(publisher);
    end_publisher(all, publisher);
}

// ---- warm ingests

static void on_warm_start(void *opaque)
{
}

static void on_warm_message(void *opaque, struct vt_child *child, struct vt_message *message)
{
    vt_child_refuse(child, "it speaks before it has a publisher");
}

static bool on_warm_exit(void *opaque, int status)
{
    struct vt_publishers *all = opaque;
    all->on_end(all->opaque);
    return !all->closing;
}

static int take_ingest(struct vt_publishers *all, struct vt_child **ret)
{
    for (int i = 0; i < VT_WARM_INGESTS; i++) {
        struct vt_service *service = &all->warm[i];
        if (!service->child)
            continue;
        *ret = service->child;
        service->child = NULL;           // no longer the service's to start again
        vt_child_adopt(*ret, on_message, on_exit_of_ingest, all);
        vt_service_start(service);
        return 0;
    }
    struct vt_child_params params = all->warm[0].params;
    params.on_message = on_message;
    params.on_exit = on_exit_of_ingest;
    params.opaque = all;
    return vt_child_new(ret, &params);
}

// ---- all of them

void vt_publishers_init(struct vt_publishers *all, struct vt_loop *loop, const struct vt_identity *identity,
                        void (*on_end)(void *opaque), void *opaque)
{
    *all = (struct vt_publishers){.on_end = on_end, .opaque = opaque};
    for (int i = 0; i < VT_WARM_INGESTS; i++) {
        all->warm[i] = (struct vt_service){
            .params = {.loop = loop, .role = VT_INGEST, .words = {"ingest", "-"}, .identity = identity},
            .on_start = on_warm_start,
            .on_message = on_warm_message,
            .on_exit = on_warm_exit,
            .opaque = all,
        };
    }
}

void vt_publishers_start(struct vt_publishers *all)
{
    for (int i = 0; i < VT_WARM_INGESTS; i++)
        vt_service_start(&all->warm[i]);
}

void vt_publishers_free(struct vt_publishers *all)
{
    for (int i = 0; i < VT_WARM_INGESTS; i++)
        vt_service_stop(&all->warm[i]);
}

int vt_publishers_add(struct vt_publishers *all, struct vt_program *program, const struct vt_candidate *candidate,
                      int socket, int state)
{
    struct vt_publisher *publisher = calloc(1, sizeof *publisher);
    int err = publisher ? take_ingest(all, &publisher->ingest) : -ENOMEM;
    if (err) {
        free(publisher);
        return err;
    }
    snprintf(publisher->id, sizeof publisher->id, "p%d", (int)(++all->count % 1000000000));
    memcpy(publisher->address, candidate->address, sizeof publisher->address);
    memcpy(publisher->encoder, candidate->encoder, sizeof publisher->encoder);
    publisher->protocol = candidate->protocol;
    publisher->permit = candidate->permit;
    publisher->conn = candidate->conn;
    publisher->heard_ns = vt_now_ns();
    publisher->since_ns = vt_program_now_ns();
    publisher->next = all->first;
    all->first = publisher;
    vt_info("%s: publisher %s from %s over %s (%s)", program->channel->name, publisher->id, publisher->address,
            publisher->protocol, publisher->encoder);
    vt_history_add(&program->history, vt_program_now_ns(), VT_HISTORY_PUBLISHER, publisher->id, NULL,
                   "It comes from %s over %s (%s).", publisher->address, publisher->protocol, publisher->encoder);
    err = vt_program_publish(program, publisher, socket, state);
    if (err)
        vt_child_kill(publisher->ingest);
    return err;
}

struct vt_publisher *vt_publishers_find_srt(const struct vt_publishers *all, int64_t conn)
{
    struct vt_publisher *publisher = all->first;
    while (publisher && (publisher->conn != conn || strcmp(publisher->protocol, "srt") != 0))
        publisher = publisher->next;
    return publisher;
}

bool vt_publishers_of(const struct vt_publishers *all, const struct vt_program *program)
{
    const struct vt_publisher *publisher = all->first;
    while (publisher && publisher->program != program)
        publisher = publisher->next;
    return publisher;
}

// After a pause of this process itself nobody is to blame.
void vt_publishers_watch(struct vt_publishers *all)
{
    int64_t now_ns = vt_now_ns();
    bool paused = now_ns - all->watched_ns > LATE_NS;
    all->watched_ns = now_ns;
    for (struct vt_publisher *p = all->first; p; p = p->next) {
        if (paused)
            p->heard_ns = now_ns;
        int64_t limit_ns = p->status ? VT_INGEST_SILENCE_NS : VT_INGEST_START_NS;
        if (now_ns - p->heard_ns <= limit_ns)
            continue;
        vt_warning("%s: the ingest of publisher %s has said nothing for %d s: killing it", p->program->channel->name,
                   p->id, (int)(limit_ns / VT_NS_PER_S));
        p->hung = true;
        vt_child_kill(p->ingest);
    }
}

void vt_publishers_stop(struct vt_publishers *all, const char *code, const char *description)
{
    for (struct vt_publisher *p = all->first; p; p = p->next) {
        if (!p->stopped)
            vt_publisher_stop(p, code, description);
    }
}

bool vt_publishers_run(const struct vt_publishers *all)
{
    for (int i = 0; i < VT_WARM_INGESTS; i++) {
        if (all->warm[i].child)
            return true;
    }
    return all->first != NULL;
}
