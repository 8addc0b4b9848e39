#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mediatime.h"
#include "base/sandbox.h"
#include "base/title.h"
#include "serve/api.h"
#include "serve/origin.h"
#include "serve/product.h"

#define SUPERVISOR_FD     3
#define ADMIN_CONNECTIONS 256

// ---- products of the configuration

static json_t *load_product_list(const char *path)
{
    json_error_t error;
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!file) {
        vt_error("products %s:%d:%d: %s", path, error.line, error.column, error.text);
        return NULL;
    }
    json_t *list = json_is_array(file) ? json_incref(file) : json_incref(json_object_get(file, "products"));
    json_decref(file);
    if (!json_is_array(list)) {
        vt_error("products %s: must be a list of products, or {\"products\": […]}", path);
        json_decref(list);
        return NULL;
    }
    return list;
}

static bool list_valid(const json_t *list, const char *path)
{
    size_t i;
    json_t *product;
    json_array_foreach((json_t *)list, i, product) {
        struct vt_flaw flaw;
        const char *id = vt_message_text(product, "id");
        if (vt_product_check(product, id, &flaw) == 0)
            continue;
        vt_error("products %s: product %zu (%s): %s %s", path, i + 1, id ? id : "without an id", flaw.where, flaw.why);
        return false;
    }
    return true;
}

// A list that does not load costs its products, not the start.
static void import_products(struct vt_store *store, const char *path)
{
    json_t *list = path && path[0] ? load_product_list(path) : NULL;
    if (list && list_valid(list, path)) {
        int count = vt_store_import(store, list);
        if (count > 0)
            vt_info("loaded %d products from %s", count, path);
        else if (count < 0)
            vt_error("products %s: %s", path, strerror(-count));
    }
    json_decref(list);
}

// ---- what the supervisor says

// A log that cannot be written is said once, and again after it could.
static void note_as_run(struct vt_broadcast *broadcast, const json_t *cue)
{
    struct vt_origin *origin = broadcast->origin;
    const char *show = vt_desk_client_show(broadcast->desk);
    int error = show ? vt_as_run_note(origin->as_run, broadcast->name, show, cue) : 0;
    if (error && !origin->as_run_failed)
        vt_error("the as-run log of %s, show %s, cannot be written: %s", broadcast->name, show, strerror(-error));
    origin->as_run_failed = error != 0;
}

static void on_cue(void *opaque, const json_t *cue, bool anew)
{
    struct vt_broadcast *broadcast = opaque;
    if (anew)
        note_as_run(broadcast, cue);
    vt_feed_publish(&broadcast->origin->feed, "cue", broadcast->name, json_copy((json_t *)cue));
}

static void on_part(void *opaque, const char *output)
{
    struct vt_broadcast *broadcast = opaque;
    const char *show = vt_desk_client_show(broadcast->desk);
    char folder[VT_WAITER_FOLDER];
    if (!show)
        return;
    snprintf(folder, sizeof folder, "%s/%s%s%s", broadcast->name, show, output ? "/" : "", output ? output : "");
    vt_waiting_wake(broadcast->origin->waiting, folder);
}

static void free_broadcast(struct vt_broadcast *broadcast)
{
    vt_desk_client_free(&broadcast->desk);
    vt_viewer_counts_free(&broadcast->viewers);
    json_decref(broadcast->config);
    json_decref(broadcast->status);
    json_decref(broadcast->history);
    free(broadcast);
}

static struct vt_broadcast *new_broadcast(struct vt_origin *origin, const char *name)
{
    struct vt_broadcast *broadcast = calloc(1, sizeof *broadcast);
    if (!broadcast)
        return NULL;
    broadcast->origin = origin;
    vt_name_copy(broadcast->name, name);
    struct vt_desk_client_params params = {.loop = origin->loop, .store = origin->store, .channel = broadcast->name,
                                           .on_cue = on_cue, .on_part = on_part, .opaque = broadcast};
    if (vt_viewer_counts_init(&broadcast->viewers) == 0 && vt_desk_client_new(&broadcast->desk, &params) == 0)
        return broadcast;
    free_broadcast(broadcast);
    return NULL;
}

static void take_channel(struct vt_origin *origin, const json_t *body)
{
    json_t *config = json_object_get(body, "channel");
    const char *name = vt_message_text(config, "name");
    struct vt_broadcast *broadcast = vt_name_valid(name) ? vt_origin_find(origin, name) : NULL;
    if (!broadcast && vt_name_valid(name) && origin->n_broadcasts < VT_BROADCASTS_MAX) {
        broadcast = new_broadcast(origin, name);
        if (broadcast)
            origin->broadcasts[origin->n_broadcasts++] = broadcast;
    }
    if (!broadcast) {
        vt_error("channel %s: not taken up; at most %d with valid names", name ? name : "?", VT_BROADCASTS_MAX);
        return;
    }
    json_decref(broadcast->config);
    broadcast->config = json_incref(config);
    broadcast->fixed = vt_message_bool(body, "fixed", true);
    int error = vt_keys_tell(broadcast);
    if (error < 0)
        vt_error("channel %s: its keys cannot be told: %s", broadcast->name, strerror(-error));
}

static void drop_channel(struct vt_origin *origin, const json_t *body)
{
    const char *name = vt_message_text(body, "channel");
    for (int i = 0; name && i < origin->n_broadcasts; i++) {
        struct vt_broadcast *broadcast = origin->broadcasts[i];
        if (strcmp(broadcast->name, name) != 0)
            continue;
        memmove(&origin->broadcasts[i], &origin->broadcasts[i + 1],
                sizeof origin->broadcasts[0] * (size_t)(--origin->n_broadcasts - i));
        free_broadcast(broadcast);
        return;
    }
}

static struct vt_broadcast *named_broadcast(struct vt_origin *origin, const json_t *body)
{
    const char *name = vt_message_text(body, "channel");
    return name ? vt_origin_find(origin, name) : NULL;
}

static void take_show(struct vt_origin *origin, struct vt_message *message)
{
    struct vt_broadcast *broadcast = named_broadcast(origin, message->body);
    const char *show = vt_message_text(message->body, "show");
    if (!broadcast || !vt_name_valid(show)) {
        vt_warning("a show of an unknown channel");
        return;
    }
    int error = vt_desk_client_connect(broadcast->desk, show, vt_message_take_fd(message, 0));
    if (error < 0)
        vt_error("channel %s: desk link: %s", broadcast->name, strerror(-error));
    vt_feed_publish(&origin->feed, "show", broadcast->name, json_pack("{s:s, s:s}", "show", show, "state", "running"));
}

static void end_show(struct vt_origin *origin, const json_t *body)
{
    struct vt_broadcast *broadcast = named_broadcast(origin, body);
    const char *show = vt_message_text(body, "show");
    const char *running = broadcast ? vt_desk_client_show(broadcast->desk) : NULL;
    if (!running || !show || strcmp(running, show) != 0)
        return;
    char folder[VT_WAITER_FOLDER];
    snprintf(folder, sizeof folder, "%s/%s", broadcast->name, show);
    vt_desk_client_over(broadcast->desk);
    vt_waiting_end(origin->waiting, folder);
    vt_feed_publish(&origin->feed, "show", broadcast->name, json_pack("{s:s, s:s}", "show", show, "state", "over"));
}

static void take_status(struct vt_origin *origin, json_t *body)
{
    struct vt_broadcast *broadcast = named_broadcast(origin, body);
    if (!broadcast)
        return;
    json_decref(broadcast->status);
    broadcast->status = json_incref(body);
    vt_feed_publish(&origin->feed, "status", broadcast->name, json_copy(body));
}

static void take_history(struct vt_origin *origin, json_t *body)
{
    struct vt_broadcast *broadcast = named_broadcast(origin, body);
    json_t *history = json_object_get(body, "history");
    if (!broadcast || !json_is_array(history))
        return;
    json_decref(broadcast->history);
    broadcast->history = json_incref(history);
}

static void take_message(struct vt_origin *origin, struct vt_message *message)
{
    switch (message->kind) {
    case VT_MSG_ORIGIN_CHANNEL:
        take_channel(origin, message->body);
        break;
    case VT_MSG_ORIGIN_SHOW:
        take_show(origin, message);
        break;
    case VT_MSG_ORIGIN_OVER:
        end_show(origin, message->body);
        break;
    case VT_MSG_ORIGIN_STATUS:
        take_status(origin, message->body);
        break;
    case VT_MSG_ORIGIN_HISTORY:
        take_history(origin, message->body);
        break;
    case VT_MSG_ORIGIN_GONE:
        drop_channel(origin, message->body);
        break;
    case VT_MSG_CHANNEL_ANSWER:
        vt_wish_answered(origin, message->body);
        break;
    case VT_MSG_ORIGIN_TALLY:
        json_decref(origin->tally);
        origin->tally = json_incref(message->body);
        break;
    default:
        vt_warning("unexpected %s", vt_message_name(message->kind));
    }
}

static void on_supervisor(void *opaque, int fd, uint32_t events)
{
    struct vt_origin *origin = opaque;
    struct vt_message message;
    int got;
    while ((got = vt_link_receive(origin->supervisor, &message)) == 1) {
        take_message(origin, &message);
        vt_message_clear(&message);
    }
    int left = got == 0 ? vt_link_flush(origin->supervisor) : got;
    if (left < 0) {
        if (left != -EPIPE)
            vt_error("the supervisor's link: %s", strerror(-left));
        vt_loop_exit(origin->loop, left == -EPIPE ? 0 : 1);
    }
}

// ---- start

// Waits for the first message, which must be ORIGIN_START.
static int receive_start(struct vt_link *link, struct vt_message *ret)
{
    (void)fcntl(vt_link_fd(link), F_SETFL, fcntl(vt_link_fd(link), F_GETFL) & ~O_NONBLOCK);
    int got = vt_link_receive(link, ret);
    (void)fcntl(vt_link_fd(link), F_SETFL, fcntl(vt_link_fd(link), F_GETFL) | O_NONBLOCK);
    if (got == 1 && ret->kind == VT_MSG_ORIGIN_START)
        return 0;
    if (got == 1)
        vt_message_clear(ret);
    return got < 0 ? got : -EPROTO;
}

static int open_folder(const char *path)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        vt_error("%s: %s", path, strerror(errno));
    return fd;
}

// Without its keys the origin does not start: it would show everybody what few may see.
static int load_signing(struct vt_origin *origin, const char *path)
{
    int error = path ? vt_signing_load(&origin->signing, path) : 0;
    if (error == -EINVAL || error == -E2BIG || error == -ENODATA)
        vt_error("signing keys %s: the file must hold 1 to %d lines of %d to %d characters", path, VT_SIGNING_KEYS,
                 VT_SIGNING_KEY_MIN, VT_SIGNING_KEY_MAX);
    else if (error < 0)
        vt_error("signing keys %s: %s", path, strerror(-error));
    return error;
}

static int open_data(struct vt_origin *origin, const json_t *start)
{
    const char *data = vt_message_text(start, "data"), *token = vt_message_text(start, "token_file");
    char path[4096];
    if (!data || !token)
        return -EPROTO;
    snprintf(path, sizeof path, "%s/live", data);
    if (mkdir(path, 0755) < 0 && errno != EEXIST)
        vt_error("%s: %s", path, strerror(errno));
    origin->live_fd = open_folder(path);
    const char *folder = vt_message_text(start, "folder");
    if (asprintf(&origin->templates, "%s/templates", data) < 0 || !(origin->folder = strdup(folder ? folder : "/")))
        return -ENOMEM;
    origin->web_fd = open_folder(VT_WEB_DIR);
    if (origin->live_fd < 0 || origin->web_fd < 0)
        return -ENOENT;
    int error = vt_as_run_new(&origin->as_run, data);
    if (error < 0)
        return error;
    error = vt_token_load(&origin->token, token);
    if (error < 0) {
        vt_error("token file %s: %s", token, error == -EINVAL ? "holds no token of 16 to 512 bytes" : strerror(-error));
        return error;
    }
    snprintf(path, sizeof path, "%s/state.db", data);
    error = vt_store_open(&origin->store, path);
    if (error < 0)
        vt_error("%s: %s", path, error == -EPROTO ? "was written by a newer version" : strerror(-error));
    else
        import_products(origin->store, vt_message_text(start, "products"));
    return error;
}

static void look_once(void *opaque)
{
    vt_editions_freeze(((struct vt_origin *)opaque)->editions);
}

static void look_always(void *opaque)
{
    vt_editions_thaw(((struct vt_origin *)opaque)->editions);
}

static int open_waiting(struct vt_origin *origin)
{
    struct vt_waiting_params params = {.loop = origin->loop, .attempt = vt_live_attempt, .before = look_once,
                                       .after = look_always, .opaque = origin, .most = VT_WAITERS_MAX};
    int error = vt_editions_new(&origin->editions, origin->live_fd);
    if (error == 0)
        error = vt_shelf_new(&origin->shelf);
    return error ? error : vt_waiting_new(&origin->waiting, &params);
}

static int listen_all(struct vt_origin *origin, struct vt_message *start, const struct vt_site *public,
                      const struct vt_site *admin, struct vt_http **https)
{
    int n_public = (int)vt_message_int(start->body, "http", 1);
    for (int i = 0; i < start->n_fds; i++) {
        int error = vt_http_new(&https[i], origin->loop, vt_message_take_fd(start, i),
                                i < n_public ? public : admin);
        if (error < 0) {
            vt_error("socket %d of %d: %s", i + 1, start->n_fds, strerror(-error));
            return error;
        }
    }
    return 0;
}

struct beat {
    struct vt_origin *origin;
    struct vt_source *timer;
};

static void on_beat(void *opaque)
{
    struct beat *beat = opaque;
    vt_feed_beat(&beat->origin->feed);
    vt_source_at(beat->timer, vt_now_ns() + VT_FEED_BEAT_S * VT_NS_PER_S);
}

static void on_stop(void *opaque, int signal)
{
    vt_loop_exit(opaque, 0);
}

static void free_origin(struct vt_origin *origin)
{
    for (int i = 0; i < origin->n_broadcasts; i++)
        free_broadcast(origin->broadcasts[i]);
    json_decref(origin->tally);
    vt_waiting_free(&origin->waiting);
    vt_editions_free(&origin->editions);
    vt_shelf_free(&origin->shelf);
    vt_source_free(&origin->supervisor_io);
    vt_link_free(&origin->supervisor);
    vt_store_free(&origin->store);
    vt_signing_clear(&origin->signing);
    vt_examiner_free(&origin->examiner);
    vt_as_run_free(&origin->as_run);
    vt_wishes_free(&origin->wishes);
    free(origin->templates);
    free(origin->folder);
    if (origin->live_fd >= 0)
        close(origin->live_fd);
    if (origin->web_fd >= 0)
        close(origin->web_fd);
    vt_loop_free(&origin->loop);
}

// It writes the data folder and reads what the configuration names. Before the threads of the HTTP server start.
static int confine(const json_t *start)
{
    const char *data = vt_message_text(start, "data");
    return data ? vt_sandbox_confine(&(struct vt_landlock){.readable = {"/"}, .writable = {data}}) : -EPROTO;
}

// Everything up to the loop. Returns 0 or a negative errno; what was made stays for the caller to free.
static int prepare(struct vt_origin *origin, struct beat *beat, struct vt_site sites[2],
                   struct vt_http **https)
{
    struct vt_message start;
    int error = vt_link_new(&origin->supervisor, SUPERVISOR_FD, VT_ORIGIN, VT_SUPERVISOR);
    if (error == 0)
        error = receive_start(origin->supervisor, &start);
    if (error < 0)
        return error;
    error = confine(start.body);
    if (error == 0)
        error = open_data(origin, start.body);
    if (error == 0)
        error = load_signing(origin, vt_message_text(start.body, "signing_keys"));
    sites[0].per_address = (int)vt_message_int(start.body, "per_address", 0);
    if (error == 0)
        error = open_waiting(origin);
    if (error == 0)
        error = vt_examiner_new(&origin->examiner, origin->loop, origin->templates);
    if (error == 0)
        error = listen_all(origin, &start, &sites[0], &sites[1], https);
    vt_message_clear(&start);
    if (error == 0)
        error = vt_loop_io(origin->loop, &origin->supervisor_io, vt_link_fd(origin->supervisor), EPOLLIN,
                           on_supervisor, origin);
    if (error == 0)
        error = vt_loop_timer(origin->loop, &beat->timer, vt_now_ns() + VT_FEED_BEAT_S * VT_NS_PER_S, on_beat, beat);
    if (error == 0)
        error = vt_sandbox_enter(VT_SANDBOX_ORIGIN);
    if (error == 0)
        error = vt_channels_tell(origin);
    return error ? error : vt_link_send(origin->supervisor, VT_MSG_ORIGIN_READY, NULL, NULL, 0);
}

int vt_origin_main(int argc, char **argv)
{
    struct vt_origin origin = {.live_fd = -1, .web_fd = -1};
    struct beat beat = {.origin = &origin};
    struct vt_http *https[VT_MESSAGE_FDS] = {0};
    struct vt_source *term = NULL, *interrupt = NULL;
    struct vt_site sites[2] = {
        {.routes = vt_public_routes, .enter = vt_public_enter, .cors = true, .answers = origin.answers, .opaque = &origin},
        {.routes = vt_api_routes, .admit = vt_api_admit, .connections = ADMIN_CONNECTIONS, .answers = origin.answers, .opaque = &origin},
    };
    vt_log_init("origin");
    vt_title_set("vitrine origin");
    signal(SIGPIPE, SIG_IGN);
    int error = vt_loop_new(&origin.loop);
    if (error == 0)
        error = vt_loop_signal(origin.loop, &term, SIGTERM, on_stop, origin.loop);
    if (error == 0)
        error = vt_loop_signal(origin.loop, &interrupt, SIGINT, on_stop, origin.loop);
    if (error == 0)
        error = prepare(&origin, &beat, sites, https);
    if (error == 0)
        error = vt_loop_run(origin.loop);
    else if (error != -EPIPE)
        vt_error("cannot start: %s", strerror(-error));
    for (int i = 0; i < origin.n_broadcasts; i++)
        vt_desk_client_over(origin.broadcasts[i]->desk);
    for (int i = 0; i < VT_MESSAGE_FDS; i++)
        vt_http_free(&https[i]);
    vt_source_free(&beat.timer);
    vt_source_free(&term);
    vt_source_free(&interrupt);
    free_origin(&origin);
    return error < 0 ? 1 : error;
}
