#include "serve/desk_client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/log.h"
#include "base/mediatime.h"

#define SYNC_PAGE 16                     // products sent before the link is looked at again

// A request that waits for its receipt; while the products are being sent, its message waits too.
struct ask {
    char name[VT_NAME_ROOM + 96];
    enum vt_message_kind kind;
    json_t *held;
    int64_t deadline_ns;
    vt_on_receipt *on;
    void *opaque;
    struct ask *next;
};

struct vt_desk_client {
    struct vt_loop *loop;
    struct vt_store *store;
    char channel[VT_NAME_ROOM], show[VT_NAME_ROOM];
    void (*on_cue)(void *opaque, const json_t *cue, bool anew);
    void (*on_part)(void *opaque, const char *output);
    void *opaque;
    struct vt_link *link;                // NULL: no studio now
    struct vt_source *io, *timer;
    struct ask *asks;                    // oldest first
    int n_asks;
    uint64_t last_name;
    json_t *cues;
    char sync_after[256];                // the last product sent
    bool synced;
};

// ---- receipts

static void finish_ask(struct vt_desk_client *client, struct ask **at, int status, const json_t *body)
{
    struct ask *ask = *at;
    *at = ask->next;
    client->n_asks--;
    ask->on(ask->opaque, status, body);
    json_decref(ask->held);
    free(ask);
}

static void fail_all(struct vt_desk_client *client, int status, const char *title, const char *detail)
{
    json_t *body = json_pack("{s:s, s:s}", "title", title, "detail", detail);
    while (client->asks)
        finish_ask(client, &client->asks, status, body);
    json_decref(body);
}

static void set_timer(struct vt_desk_client *client)
{
    int64_t next = INT64_MAX;
    for (const struct ask *ask = client->asks; ask; ask = ask->next)
        next = ask->deadline_ns < next ? ask->deadline_ns : next;
    vt_source_at(client->timer, next);
}

static void on_time(void *opaque)
{
    struct vt_desk_client *client = opaque;
    json_t *body = json_pack("{s:s, s:s}", "title", "No receipt in time", "detail",
                             "The studio has not said that this is on air. It may still come: GET the channel's cues.");
    int64_t now = vt_now_ns();
    struct ask **at = &client->asks;
    while (*at) {
        if ((*at)->deadline_ns <= now)
            finish_ask(client, at, 504, body);
        else
            at = &(*at)->next;
    }
    json_decref(body);
    set_timer(client);
}

static void take_receipt(struct vt_desk_client *client, json_t *body)
{
    const char *name = vt_message_text(body, "request");
    int status = (int)vt_message_int(body, "status", 0);
    struct ask **at = &client->asks;
    while (name && *at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    if (!name || !*at || status < 200 || status > 599)
        return;
    json_t *answer = json_copy(body);
    json_object_del(answer, "request");
    json_object_del(answer, "status");
    finish_ask(client, at, status, answer);
    json_decref(answer);
    set_timer(client);
}

// ---- cues

bool vt_cue_state_on_air(const json_t *cue)
{
    const char *state = vt_message_text(cue, "state");
    return state && (strcmp(state, "preparing") == 0 || strcmp(state, "scheduled") == 0 || strcmp(state, "live") == 0);
}

static bool cue_is_over(const json_t *cue)
{
    const char *state = vt_message_text(cue, "state");
    return !state || strcmp(state, "ended") == 0 || strcmp(state, "failed") == 0;
}

static void forget_oldest(json_t *cues)
{
    const char *id;
    json_t *cue;
    json_object_foreach(cues, id, cue) {
        if (cue_is_over(cue)) {
            json_object_del(cues, id);
            return;
        }
    }
}

static void take_cue(struct vt_desk_client *client, json_t *body)
{
    json_t *cue = json_object_get(body, "cue");
    const char *id = vt_message_text(cue, "id");
    if (!vt_name_valid(id))
        return;
    const json_t *old = json_object_get(client->cues, id);
    bool changed = !old || vt_cue_state_on_air(old) != vt_cue_state_on_air(cue) ||
                   vt_message_int(old, "rev", 0) != vt_message_int(cue, "rev", 0);
    bool anew = changed || !json_equal(json_object_get(old, "state"), json_object_get(cue, "state"));
    if (!old && json_object_size(client->cues) >= VT_CUES_LISTED)
        forget_oldest(client->cues);
    if (json_object_size(client->cues) > VT_CUES_LISTED)
        return;
    json_object_set(client->cues, id, cue);
    if (changed)
        (void)vt_store_note_cue(client->store, client->channel, client->show, id, vt_message_int(cue, "rev", 0),
                                vt_cue_state_on_air(cue));
    client->on_cue(client->opaque, cue, anew);
}

static void take_part(struct vt_desk_client *client, const json_t *body)
{
    const char *output = vt_message_text(body, "output");
    if (vt_name_valid(output))
        client->on_part(client->opaque, output);
}

// ---- the link

static void drop_link(struct vt_desk_client *client)
{
    client->on_part(client->opaque, NULL);
    vt_source_free(&client->io);
    vt_link_free(&client->link);
    fail_all(client, 503, "The studio broke off",
             "It comes back within a second, with everything that was on air. Ask again then.");
    set_timer(client);
}

static int send_message(struct vt_desk_client *client, enum vt_message_kind kind, json_t *body)
{
    int error = vt_link_send(client->link, kind, body, NULL, 0);
    vt_source_events(client->io, EPOLLIN | EPOLLOUT);
    return error;
}

// The take of a cue that was on air, as it would be asked for now; NULL when its time is over.
static json_t *resumed_take(const struct vt_cue_record *record, int64_t now_ns)
{
    int64_t start_ns = record->taken_ns;
    const char *started = vt_message_text(record->answer, "at");
    if (!started)
        started = vt_message_text(record->answer, "program_date_time");
    if (started)
        (void)vt_parse_time(started, &start_ns);
    json_t *take = json_deep_copy(record->take);
    json_object_set_new(take, "id", json_string(record->id));
    json_object_set_new(take, "resume", json_integer(record->rev));
    if (start_ns <= now_ns)
        json_object_del(take, "at");
    double duration = json_number_value(json_object_get(take, "duration"));
    if (duration <= 0 || start_ns > now_ns)
        return take;
    double left = duration - (double)(now_ns - start_ns) / 1e9;
    json_object_set_new(take, "duration", json_real(left));
    if (left > 0.1)
        return take;
    json_decref(take);
    return NULL;
}

struct resumption {
    struct vt_desk_client *client;
    char id[VT_NAME_ROOM];
};

static void on_resumed(void *opaque, int status, const json_t *body)
{
    struct resumption *resumption = opaque;
    struct vt_desk_client *client = resumption->client;
    if (status >= 400 && status < 500 && status != 409) {
        const char *detail = vt_message_text(body, "detail");
        vt_warning("channel %s: cue %s could not go on: %s", client->channel, resumption->id, detail ? detail : "?");
        (void)vt_store_note_cue(client->store, client->channel, client->show, resumption->id, 0, false);
    }
    free(resumption);
}

static void resume_cue(void *opaque, const struct vt_cue_record *record)
{
    struct vt_desk_client *client = opaque;
    const json_t *known = json_object_get(client->cues, record->id);
    json_t *take = known && cue_is_over(known) ? NULL : resumed_take(record, vt_program_now_ns());
    struct resumption *resumption = take ? calloc(1, sizeof *resumption) : NULL;
    if (!resumption) {
        json_decref(take);
        return;
    }
    resumption->client = client;
    vt_name_copy(resumption->id, record->id);
    if (vt_desk_client_ask(client, VT_MSG_DESK_TAKE, take, NULL, VT_TAKE_LIMIT_NS, on_resumed, resumption) < 0)
        free(resumption);
}

static void send_held(struct vt_desk_client *client)
{
    for (struct ask *ask = client->asks; ask && client->link; ask = ask->next) {
        if (!ask->held)
            continue;
        (void)send_message(client, ask->kind, ask->held);
        ask->held = NULL;
    }
}

static int send_page(struct vt_desk_client *client, size_t *ret_count)
{
    json_t *page = NULL;
    int error = vt_store_products(client->store, client->sync_after, SYNC_PAGE, &page);
    size_t i;
    json_t *product;
    json_array_foreach(page, i, product) {
        snprintf(client->sync_after, sizeof client->sync_after, "%s", vt_message_text(product, "id"));
        error = send_message(client, VT_MSG_DESK_PRODUCT, json_pack("{s:O}", "product", product));
        if (error < 0)
            break;
    }
    *ret_count = json_array_size(page);
    json_decref(page);
    return error;
}

// Sends products while the link takes them; then what came meanwhile, and what was on air.
static int sync_products(struct vt_desk_client *client)
{
    size_t count = SYNC_PAGE;
    while (!client->synced) {
        int error = send_page(client, &count);
        if (error < 0)
            return error;
        if (count == 0) {
            client->synced = true;
            send_message(client, VT_MSG_DESK_SYNCED, NULL);
            (void)vt_store_cues(client->store, client->channel, client->show, false, resume_cue, client);
            send_held(client);
        }
        int more = vt_link_flush(client->link);
        if (more != 0)
            return more < 0 ? more : 0;
    }
    return 0;
}

static int receive(struct vt_desk_client *client)
{
    for (;;) {
        struct vt_message message;
        int got = vt_link_receive(client->link, &message);
        if (got <= 0)
            return got;
        if (message.kind == VT_MSG_DESK_RECEIPT)
            take_receipt(client, message.body);
        else if (message.kind == VT_MSG_DESK_CUE)
            take_cue(client, message.body);
        else if (message.kind == VT_MSG_DESK_PART)
            take_part(client, message.body);
        vt_message_clear(&message);
        if (!client->link)
            return 0;
    }
}

static void on_io(void *opaque, int fd, uint32_t events)
{
    struct vt_desk_client *client = opaque;
    int error = 0;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        error = receive(client);
    if (error == 0 && client->link) {
        int left = vt_link_flush(client->link);
        if (left == 0 && !client->synced)
            left = sync_products(client) < 0 ? -EPIPE : vt_link_flush(client->link);
        error = left < 0 ? left : 0;
        if (error == 0)
            vt_source_events(client->io, left > 0 || !client->synced ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
    if (error < 0) {
        if (error != -EPIPE)
            vt_warning("channel %s: the studio's desk link: %s", client->channel, strerror(-error));
        drop_link(client);
    }
}

// ---- what the rest of the origin asks for

int vt_desk_client_new(struct vt_desk_client **ret, const struct vt_desk_client_params *params)
{
    struct vt_desk_client *client = calloc(1, sizeof *client);
    if (!client)
        return -ENOMEM;
    *client = (struct vt_desk_client){.loop = params->loop, .store = params->store, .on_cue = params->on_cue,
                                      .on_part = params->on_part, .opaque = params->opaque, .cues = json_object()};
    vt_name_copy(client->channel, params->channel);
    int error = client->cues ? vt_loop_timer(params->loop, &client->timer, INT64_MAX, on_time, client) : -ENOMEM;
    if (error < 0) {
        vt_desk_client_free(&client);
        return error;
    }
    *ret = client;
    return 0;
}

void vt_desk_client_free(struct vt_desk_client **client)
{
    if (!*client)
        return;
    vt_desk_client_over(*client);
    vt_source_free(&(*client)->timer);
    json_decref((*client)->cues);
    free(*client);
    *client = NULL;
}

int vt_desk_client_connect(struct vt_desk_client *client, const char *show, int fd)
{
    if (client->link)
        drop_link(client);
    if (strcmp(client->show, show) != 0)
        json_object_clear(client->cues);
    vt_name_copy(client->show, show);
    client->synced = false;
    client->sync_after[0] = 0;
    int error = vt_link_new(&client->link, fd, VT_ORIGIN, VT_STUDIO);
    if (error == 0)
        error = vt_loop_io(client->loop, &client->io, vt_link_fd(client->link), EPOLLIN | EPOLLOUT, on_io, client);
    if (error < 0)
        vt_link_free(&client->link);
    return error;
}

static void end_cues(struct vt_desk_client *client)
{
    const char *id;
    json_t *cue;
    json_object_foreach(client->cues, id, cue)
        if (!cue_is_over(cue))
            json_object_set_new(cue, "state", json_string("ended"));
}

void vt_desk_client_over(struct vt_desk_client *client)
{
    if (client->link)
        (void)receive(client);
    end_cues(client);
    vt_source_free(&client->io);
    vt_link_free(&client->link);
    fail_all(client, 409, "The show has ended", "Start to push again, then ask again.");
    client->show[0] = 0;
}

const char *vt_desk_client_show(const struct vt_desk_client *client)
{
    return client->show[0] ? client->show : NULL;
}

static struct ask *new_ask(struct vt_desk_client *client, const char *name, int64_t limit_ns, vt_on_receipt *on,
                           void *opaque)
{
    struct ask *ask = calloc(1, sizeof *ask);
    if (!ask)
        return NULL;
    *ask = (struct ask){.deadline_ns = vt_now_ns() + limit_ns, .on = on, .opaque = opaque};
    if (name)
        snprintf(ask->name, sizeof ask->name, "%s", name);
    else
        snprintf(ask->name, sizeof ask->name, "r%" PRIu64, ++client->last_name);
    return ask;
}

int vt_desk_client_ask(struct vt_desk_client *client, enum vt_message_kind kind, json_t *body, const char *name,
                       int64_t limit_ns, vt_on_receipt *on, void *opaque)
{
    int error = !client->link ? -ENOTCONN : client->n_asks >= VT_ASKS_MAX ? -EBUSY : 0;
    struct ask *ask = error == 0 ? new_ask(client, name, limit_ns, on, opaque) : NULL;
    if (!ask) {
        json_decref(body);
        return error < 0 ? error : -ENOMEM;
    }
    if (kind != VT_MSG_DESK_PRODUCT)
        json_object_set_new(body, "request", json_string(ask->name));
    ask->kind = kind;
    if (client->synced)
        error = send_message(client, kind, body);
    else
        ask->held = body;
    if (error < 0) {
        free(ask);
        return error;
    }
    struct ask **end = &client->asks;
    while (*end)
        end = &(*end)->next;
    *end = ask;
    client->n_asks++;
    set_timer(client);
    return 0;
}

void vt_desk_client_tell(struct vt_desk_client *client, enum vt_message_kind kind, json_t *body)
{
    if (client->link)
        (void)send_message(client, kind, body);
    else
        json_decref(body);
}

const json_t *vt_desk_client_cues(const struct vt_desk_client *client)
{
    return client->cues;
}
