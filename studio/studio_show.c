// The show itself: time, the source, the end.
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sandbox.h"
#include "studio/studio_session.h"
#include "studio/unfinished.h"

int64_t session_now(const struct session *s)
{
    return vt_now_ns() - s->start_ns;
}

static int64_t program_time(const struct session *s, int64_t media_ns)
{
    return vt_show_epoch(s->show) + media_ns;
}

// -- what the outputs say

// Small files may still find room where segments do not: only those tell.
static void note_disk(struct session *s, enum vt_blob kind, const char *name, int error)
{
    bool full = error == -ENOSPC || error == -EDQUOT, media = kind == VT_BLOB_SEGMENT || kind == VT_BLOB_PART;
    int64_t now_ns = vt_now_ns();
    if (full && (s->disk_said_ns == 0 || now_ns - s->disk_said_ns > DISK_SAID)) {
        vt_error("%s cannot be written: %s. Segments are left out of the playlists until there is room: make some, or "
                 "set a shorter hls.window", name, strerror(-error));
        s->disk_said_ns = now_ns;
    }
    if (!full && !error && media && s->disk_full)
        vt_info("the disk has room again: segments are written");
    if (full || (media && !error))
        s->disk_full = full;
}

static int sink_put(void *opaque, enum vt_blob kind, const char *name, const void *data, size_t size)
{
    struct outlet *outlet = opaque;
    if (kind == VT_BLOB_MULTIVARIANT)
        outlet->index_changed = true;
    if (kind == VT_BLOB_INIT && vt_folder_differs(outlet->folder, name, data, size))
        return -ESTALE;                      // another version of the encoder
    int error = vt_folder_put(outlet->folder, kind, name, data, size);
    note_disk(outlet->session, kind, name, error);
    return error;
}

static int sink_append(void *opaque, const char *name, const void *data, size_t size)
{
    struct outlet *outlet = opaque;
    return vt_folder_append(outlet->folder, name, data, size);
}

static int sink_drop(void *opaque, const char *name)
{
    struct outlet *outlet = opaque;
    return vt_folder_drop(outlet->folder, name);
}

static int sink_get(void *opaque, const char *name, struct vt_writer *w)
{
    struct outlet *outlet = opaque;
    return vt_folder_get(outlet->folder, name, w);
}

static int sink_record(void *opaque, const char *name, uint64_t msn, const struct vt_writer *head,
                       const struct vt_writer *lines)
{
    struct outlet *outlet = opaque;
    return vt_folder_record(outlet->folder, name, msn, head, lines);
}

static void sink_ready(void *opaque, uint64_t msn, int part)
{
    struct outlet *outlet = opaque;
    if (part < 0) {
        outlet->last_msn = msn;
        int error = vt_show_used(outlet->session->show, msn);
        if (error)
            vt_error("the next sequence number cannot be kept: %s", strerror(-error));
    }
    session_part(outlet, msn, part);
}

static void on_receipt(void *opaque, json_t *body)
{
    struct session *s = opaque;
    session_send(&s->desk, VT_MSG_DESK_RECEIPT, body);
}

static void on_changed(void *opaque, json_t *cue)
{
    struct session *s = opaque;
    session_send(&s->desk, VT_MSG_DESK_CUE, json_pack("{s:o}", "cue", cue));
}

static void wake(void *opaque)
{
    struct session *s = opaque;
    uint64_t one = 1;
    if (write(s->wake_fd, &one, sizeof one) < 0)
        return;                              // full: it is awake already
}

static int put_index(struct session *s, int output, const char *folder, const char *prefix)
{
    struct vt_writer w = {.limit = 0};
    vt_packager_multivariant(vt_outputs_packager(s->outputs, output), prefix, &w);
    int error = w.failed ? -ENOMEM : vt_show_put_index(s->show, folder, w.data, w.size);
    vt_writer_free(&w);
    return error;
}

// The channel's own playlists point into the newest show; only once it has something to play.
static void write_index(struct session *s, int output)
{
    struct outlet *outlet = &s->outlets[output];
    char prefix[2 * VT_NAME_ROOM + 8];
    snprintf(prefix, sizeof prefix, "../%s/%s/", s->name, outlet->name);
    int error = put_index(s, output, outlet->name, prefix);
    if (!error && output == 0)
        error = put_index(s, 0, NULL, prefix + 3);
    if (error)
        vt_error("the channel's playlist: %s", strerror(-error));
    else
        outlet->index_changed = false;
}

// -- the start

static int64_t first_frame(struct session *s, int64_t now)
{
    if (!vt_show_goes_on(s->show))
        return 0;
    struct vt_packager_params timing = {.rate = s->channel.rate, .segment_ns = s->channel.segment_ns};
    int64_t frame = vt_ns_to_frame(now > 0 ? now : 0, s->channel.rate);
    return vt_segment_frame(&timing, vt_segment_of(&timing, frame) + 1);
}

static int open_outputs(struct session *s, int64_t first)
{
    struct vt_outputs_params params = {
        .channel = &s->channel, .epoch_ns = vt_show_epoch(s->show), .first_frame = first,
        .window_ns = s->channel.window_ns, .wardrobe = s->wardrobe,
        .load_picture = s->pictures ? vt_pictures_load : NULL, .picture_opaque = s->pictures,
        .wake = wake, .receipt = on_receipt, .changed = on_changed, .opaque = s,
    };
    for (int i = 0; i < s->channel.n_outputs; i++) {
        struct outlet *outlet = &s->outlets[i];
        *outlet = (struct outlet){.session = s, .name = s->channel.outputs[i].name,
                                  .folder = vt_show_folder(s->show, i)};
        struct vt_output_start *start = &params.starts[i];
        start->first_msn = vt_show_first_msn(s->show);
        start->free_msn = vt_show_goes_on(s->show) ? vt_show_free_msn(s->show) : 0;
        start->state = vt_folder_state(outlet->folder, &start->state_size);
        start->sink = (struct vt_sink){.opaque = outlet, .put = sink_put, .append = sink_append,
                                       .drop = sink_drop, .get = sink_get, .ready = sink_ready,
                                       .record = vt_folder_kept(outlet->folder) ? sink_record : NULL};
    }
    return vt_outputs_new(&s->outputs, &params);
}

static int open_show(struct session *s, const char *data)
{
    int64_t wall = vt_program_now_ns();
    int error = vt_show_open(&s->show, data, &s->channel, s->name, wall);
    if (error == -ESTALE)
        return error;
    if (error)
        vt_error("%s/live/%s/%s cannot be written: %s", data, s->channel.name, s->name, strerror(-error));
    else if (s->channel.record && (error = vt_show_keep(s->show, data)))
        vt_error("%s/recordings/%s/%s cannot be written: %s", data, s->channel.name, s->name, strerror(-error));
    else
        s->start_ns = vt_now_ns() - (wall - vt_show_epoch(s->show));
    return error;
}

static void open_pictures(struct session *s)
{
    const char *root = s->channel.picture_root;
    int error = root ? vt_pictures_new(&s->pictures, root) : 0;
    if (error)
        vt_warning("%s: %s; there are no pictures", root, strerror(-error));
}

// It writes its channel's folders and reads what its configuration names. Before the threads of encoders start.
static int confine(const char *data, const struct vt_channel *channel)
{
    char live[PATH_MAX], recordings[PATH_MAX];
    if (snprintf(live, sizeof live, "%s/live/%s", data, channel->name) >= (int)sizeof live ||
        snprintf(recordings, sizeof recordings, "%s/recordings/%s", data, channel->name) >= (int)sizeof recordings)
        return -ENAMETOOLONG;
    return vt_sandbox_confine(&(struct vt_landlock){.readable = {"/"},
                                                    .writable = {live, channel->record ? recordings : NULL}});
}

static int open_wardrobe(struct session *s, const char *data)
{
    char *kept = NULL;
    if (asprintf(&kept, "%s/templates", data) < 0)
        return -ENOMEM;
    int error = vt_wardrobe_new(&s->wardrobe, s->channel.templates, s->channel.n_templates, kept);
    free(kept);
    return error ? error : vt_wardrobe_watch(s->wardrobe);
}

// Under the names that its players know there would be another init segment: so that is over, and the next publisher
// starts another show.
static int end_stale(const struct session *s, const char *data)
{
    vt_info("show %s began with another configuration or encoder than there is now: it ends", s->name);
    int error = vt_unfinished_end(data, s->channel.name, s->name);
    if (error)
        vt_error("its playlists cannot be ended: %s", strerror(-error));
    return -ESTALE;
}

int show_begin(struct session *s, const json_t *body)
{
    struct vt_diagnostics diagnostics = {.count = 0};
    const char *data = vt_message_text(body, "data"), *name = vt_message_text(body, "show");
    vt_channel_init(&s->channel, "-");
    if (!data || !name || vt_name_copy(s->name, name) < 0 ||
        vt_channel_from_json(&s->channel, json_object_get(body, "channel"), &diagnostics) < 0) {
        vt_diagnostics_print(&diagnostics, "studio.start", stderr);
        return -EINVAL;
    }
    int error = open_show(s, data);
    if (!error)
        error = confine(data, &s->channel);
    if (!error)
        open_pictures(s);
    if (!error)
        error = open_wardrobe(s, data);
    int64_t first = error ? 0 : first_frame(s, session_now(s));
    if (!error)
        error = open_outputs(s, first);
    if (!error)
        error = vt_sandbox_enter(VT_SANDBOX_STUDIO);
    if (error)
        return error == -ESTALE ? end_stale(s, data) : error;
    vt_playout_init(&s->playout, &s->channel, s->outputs, first, false);
    s->lost_at = session_now(s);
    snprintf(s->reason, sizeof s->reason, "no publisher yet");
    vt_info("show %s %s at frame %lld, segment %llu", s->name, vt_show_goes_on(s->show) ? "goes on" : "begins",
            (long long)first, (unsigned long long)vt_show_first_msn(s->show));
    return 0;
}

// -- the source

void show_source(struct session *s, int fd)
{
    vt_source_free(&s->intake_io);
    vt_intake_free(&s->intake);
    int error = vt_intake_new(&s->intake, fd);
    if (error) {
        vt_warning("a publisher's link: %s", strerror(-error));
        return;
    }
    vt_clock_restart(&s->playout.clock);
    s->lost_at = -1;
    s->reason[0] = 0;
    session_intake_io(s);
    show_status(s);
}

void show_lost(struct session *s, const char *reason)
{
    vt_source_free(&s->intake_io);
    vt_intake_free(&s->intake);
    vt_clock_restart(&s->playout.clock);
    s->lost_at = session_now(s);
    snprintf(s->reason, sizeof s->reason, "%s", reason);
    vt_info("the publisher has gone: %s", reason);
    show_status(s);
}

static void pull(struct session *s, int64_t now)
{
    AVFrame *frame;
    int64_t pts;
    int got = 0, count = 0;
    while (s->intake && (got = vt_intake_frame(s->intake, &frame)) > 0)
        vt_playout_frame(&s->playout, frame, now);
    while (s->intake && got >= 0 && (count = vt_intake_samples(s->intake, &pts, s->samples, SAMPLES_ROOM)) > 0)
        vt_playout_samples(&s->playout, pts, s->samples, count, now);
    if (got < 0 || count < 0)
        show_lost(s, "its ingest spoilt the ring");
}

// -- time

// How long the show goes on without a publisher.
static int64_t grace(const struct session *s)
{
    const struct vt_channel *channel = &s->channel;
    bool goodbye = strcmp(s->reason, "unpublished") == 0 && channel->slate_ended_ns < channel->slate_grace_ns;
    return goodbye ? channel->slate_ended_ns : channel->slate_grace_ns;
}

// An encoder that is too slow gets half the frames until it has caught up; if that is too much, none for a while.
static bool must_leave_out(struct session *s, int64_t behind)
{
    if (behind > BEHIND_HALF)
        s->halved = true;
    else if (behind <= vt_frame_to_ns(1, s->channel.rate))
        s->halved = false;
    bool wanted = behind > BEHIND_MAX || (s->halved && s->playout.next % 2);
    return wanted && !vt_outputs_is_key(s->outputs, s->playout.next);
}

static int ticks(struct session *s)
{
    int64_t period = vt_frame_to_ns(1, s->channel.rate);
    for (;;) {
        int64_t behind = session_now(s) - vt_frame_to_ns(s->playout.next, s->channel.rate);
        if (behind < 0)
            return 0;
        s->lag_ns = behind;
        if (behind > period)
            s->playout.late++;
        if (must_leave_out(s, behind)) {
            vt_playout_skip(&s->playout);
            continue;
        }
        int error = vt_playout_tick(&s->playout);
        if (!error)
            error = vt_outputs_collect(s->outputs);
        if (error)
            return error;
        pull(s, session_now(s));
    }
}

static void reload(struct session *s)
{
    char id[VT_TEMPLATE_ID + 1];
    while (vt_wardrobe_changed(s->wardrobe, id)) {
        vt_info("template %s has a new form", id);
        vt_desk_template(vt_outputs_desk(s->outputs), id);
    }
}

static void second(struct session *s, int64_t now)
{
    reload(s);
    if (now >= s->status_at || s->playout.clock.state != s->said)
        show_status(s);
}

void show_run(struct session *s)
{
    pull(s, session_now(s));
    int error = ticks(s);
    int64_t now = session_now(s);
    if (!error)
        error = vt_outputs_sound(s->outputs, now - SOUND_MARGIN);
    if (!error)
        error = vt_outputs_collect(s->outputs);
    if (error) {
        session_fatal(s, "the show breaks off", error);
        return;
    }
    for (int i = 0; i < s->channel.n_outputs; i++)
        if (s->outlets[i].index_changed && s->outlets[i].last_msn)
            write_index(s, i);
    second(s, now);
    if (s->lost_at >= 0 && now - s->lost_at > grace(s)) {
        vt_info("nobody publishes any more: the show ends");
        show_end(s);
        return;
    }
    int64_t next = vt_frame_to_ns(s->playout.next, s->channel.rate);
    int64_t poll = now + vt_frame_to_ns(1, s->channel.rate) / 4;
    (void)vt_source_at(s->timer, s->start_ns + (next < poll ? next : poll));
}

void show_end(struct session *s)
{
    if (s->ended)
        return;
    s->ended = true;
    int64_t frame = s->playout.next;
    int error = vt_outputs_finish(s->outputs, frame);
    if (error)
        vt_error("the end of the show: %s", strerror(-error));
    for (int i = 0; i < s->channel.n_outputs; i++)
        if (s->outlets[i].last_msn)
            write_index(s, i);
    error = vt_show_over(s->show, vt_outputs_next_msn(s->outputs, frame));
    if (error)
        vt_error("the next sequence number cannot be kept: %s", strerror(-error));
    show_status(s);
    (void)vt_link_flush(s->supervisor.link);
    if (s->desk.link)
        (void)vt_link_flush(s->desk.link);
    vt_info("show %s has ended after %lld frames", s->name, (long long)s->playout.frames);
    vt_loop_exit(s->loop, 0);
}

// -- status

static const char *why(const struct session *s)
{
    if (s->lost_at >= 0)
        return s->reason;
    switch (s->playout.clock.state) {
    case VT_CLOCK_WAITING: return "no picture yet";
    case VT_CLOCK_STALLED:
    case VT_CLOCK_SLATE:   return "the publisher sends no pictures";
    default:               return "";
    }
}

void show_status(struct session *s)
{
    const struct vt_clock *clock = &s->playout.clock;
    char since[VT_TIME_TEXT];
    vt_format_time(program_time(s, clock->since), since);
    json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "show", s->name,
        "state", vt_clock_state_name(clock->state), "since", since, "reason", why(s),
        "frames", (json_int_t)s->playout.frames, "repeated", (json_int_t)clock->repeated,
        "dropped", (json_int_t)clock->skipped, "late", (json_int_t)s->playout.late,
        "skipped", (json_int_t)s->playout.skipped, "anchors", (json_int_t)clock->anchors);
    json_object_set_new(body, "lag_ms", json_integer(s->lag_ns / VT_NS_PER_MS));
    if (s->lost_at >= 0) {
        char ends[VT_TIME_TEXT];
        vt_format_time(program_time(s, s->lost_at + grace(s)), ends);
        json_object_set_new(body, "grace_ends", json_string(ends));
    }
    json_object_update_new(body, vt_outputs_status(s->outputs));
    json_object_set_new(body, "templates", vt_wardrobe_status(s->wardrobe));
    session_send(&s->supervisor, VT_MSG_STUDIO_STATUS, body);
    s->said = clock->state;
    s->status_at = session_now(s) + VT_NS_PER_S;
}
