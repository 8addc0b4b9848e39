#include "serve/hook.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/mediatime.h"
#include "base/message.h"
#include "base/sandbox.h"
#include "serve/hook_cache.h"

#define SUPERVISOR_FD  3
#define BURST          64                    // messages before calls get their turn
#define IDLE_MS        60000
#define LOG_NS         VT_NS_PER_S           // at most one line about failures in this time

// One question, from when it came to its answer.
struct call {
    struct call *next;                       // while it waits
    int64_t ask, due_ns;
    json_t *told;                            // the message that brought it: the question's texts
    struct vt_hook_question question;
    CURL *easy;                              // NULL while it waits
    struct curl_slist *headers;
    char *body;
    size_t size;
    bool too_long;
    char answer[VT_HOOK_ANSWER_BYTES];
};

struct hook {
    struct vt_link *link;
    CURLM *multi;
    char *url, *secret;
    int64_t timeout_ns;
    struct vt_hook_cache *cache;
    struct call *first, **last;
    int waiting, active;
    int64_t logged_ns;
    bool ended;                              // the link has
};

// ---- answers

static void free_call(struct hook *hook, struct call *call)
{
    if (call->easy) {
        curl_multi_remove_handle(hook->multi, call->easy);
        curl_easy_cleanup(call->easy);
        hook->active--;
    }
    curl_slist_free_all(call->headers);
    if (call->body)
        OPENSSL_cleanse(call->body, strlen(call->body));
    free(call->body);
    json_decref(call->told);
    free(call);
}

static void answer(struct hook *hook, int64_t ask, const struct vt_hook_answer *answer)
{
    static const char *const verdicts[] = {[VT_HOOK_FAILED] = "failed", [VT_HOOK_DENIED] = "denied",
                                           [VT_HOOK_GRANTED] = "granted"};
    json_t *body = json_pack("{s:I, s:s, s:s*}", "ask", (json_int_t)ask, "verdict", verdicts[answer->verdict], "channel",
                             answer->channel[0] ? answer->channel : NULL);
    if (vt_link_send(hook->link, VT_MSG_HOOK_ANSWER, body, NULL, 0) < 0)
        hook->ended = true;
}

// A server that is down fails every question: one line a second says why.
static void fail(struct hook *hook, int64_t ask, const char *why)
{
    int64_t now_ns = vt_now_ns();
    if (hook->logged_ns == 0 || now_ns - hook->logged_ns >= LOG_NS) {
        vt_warning("the webhook failed, and nobody is let in meanwhile: %s", why);
        hook->logged_ns = now_ns;
    }
    answer(hook, ask, &(struct vt_hook_answer){.verdict = VT_HOOK_FAILED});
}

static void finish(struct hook *hook, struct call *call, CURLcode result)
{
    struct vt_hook_answer got;
    long status = 0;
    const char *why = call->too_long ? "its body is too long" : curl_easy_strerror(result);
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    if (result == CURLE_OK)
        why = vt_hook_read(&got, status, call->answer, call->size);
    if (why) {
        fail(hook, call->ask, why);
    } else {
        vt_hook_cache_put(hook->cache, &call->question, vt_now_ns(), &got);
        answer(hook, call->ask, &got);
    }
    free_call(hook, call);
}

// ---- asking

static size_t on_data(char *data, size_t one, size_t size, void *opaque)
{
    struct call *call = opaque;
    if (size > sizeof call->answer - call->size) {
        call->too_long = true;
        return 0;
    }
    memcpy(call->answer + call->size, data, size);
    call->size += size;
    return size;
}

static bool add_header(struct call *call, const char *header)
{
    struct curl_slist *longer = curl_slist_append(call->headers, header);
    call->headers = longer ? longer : call->headers;
    return longer;
}

static bool sign(struct call *call, const char *secret)
{
    char header[64 + VT_HOOK_SIGNATURE] = "X-Vitrine-Signature: sha256=";
    if (!secret)
        return true;
    vt_hook_sign(header + strlen(header), secret, call->body);
    return add_header(call, header);
}

// Nothing but the URL itself is asked: no redirect is followed, no proxy of the environment, no compression. Each question
// has a connection of its own: they are rare, and none finds one that the server is about to close.
static bool set_up(const struct hook *hook, struct call *call)
{
    CURL *e = call->easy;
    long left_ms = (long)((call->due_ns - vt_now_ns()) / VT_NS_PER_MS);
    return curl_easy_setopt(e, CURLOPT_URL, hook->url) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, left_ms > 1 ? left_ms : 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_USERAGENT, "vitrine/" VT_VERSION) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HTTPHEADER, call->headers) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_POSTFIELDS, call->body) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEDATA, call) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PRIVATE, call) == CURLE_OK;
}

static void begin(struct hook *hook, struct call *call)
{
    call->body = vt_hook_request(&call->question, vt_program_now_ns());
    bool ready = call->body && add_header(call, "Content-Type: application/json") &&
                 add_header(call, "Accept: application/json") && add_header(call, "Expect:") &&
                 sign(call, hook->secret) && (call->easy = curl_easy_init());
    hook->active += call->easy != NULL;
    if (ready && set_up(hook, call) && curl_multi_add_handle(hook->multi, call->easy) == CURLM_OK)
        return;
    fail(hook, call->ask, "out of memory");
    free_call(hook, call);
}

static struct call *take_first(struct hook *hook)
{
    struct call *call = hook->first;
    hook->first = call->next;
    if (!hook->first)
        hook->last = &hook->first;
    hook->waiting--;
    return call;
}

static void begin_waiting(struct hook *hook)
{
    int64_t now_ns = vt_now_ns();
    while (hook->first && (hook->active < VT_HOOK_CALLS || hook->first->due_ns <= now_ns)) {
        struct call *call = take_first(hook);
        if (call->due_ns > now_ns) {
            begin(hook, call);
        } else {
            fail(hook, call->ask, "too many are waiting for it");
            free_call(hook, call);
        }
    }
}

// ---- the supervisor's link

static int on_ask(struct hook *hook, json_t *body)
{
    struct vt_hook_question question = {
        .key = vt_message_text(body, "key"),
        .channel = vt_message_text(body, "channel"),
        .address = vt_message_text(body, "address"),
        .encoder = vt_message_text(body, "encoder"),
        .protocol = vt_message_text(body, "protocol"),
    };
    int64_t ask = vt_message_int(body, "ask", 0), now_ns = vt_now_ns();
    struct vt_hook_answer known;
    if (ask <= 0 || !question.key || !question.address || !question.encoder || !question.protocol)
        return -EBADMSG;
    if (vt_hook_cache_get(hook->cache, &question, now_ns, &known)) {
        answer(hook, ask, &known);
        return 0;
    }
    struct call *call = hook->waiting < VT_HOOK_WAITING ? calloc(1, sizeof *call) : NULL;
    if (!call) {
        fail(hook, ask, "too many are waiting for it");
        return 0;
    }
    call->ask = ask;
    call->due_ns = now_ns + hook->timeout_ns;
    call->told = json_incref(body);
    call->question = question;
    *hook->last = call;
    hook->last = &call->next;
    hook->waiting++;
    return 0;
}

static void receive(struct hook *hook)
{
    struct vt_message message;
    int got = 0;
    for (int i = 0; i < BURST && (got = vt_link_receive(hook->link, &message)) > 0; i++) {
        int error = message.kind == VT_MSG_HOOK_ASK ? on_ask(hook, message.body) : -EBADMSG;
        vt_message_clear(&message);
        got = error ? error : got;
        if (error)
            break;
    }
    if (got < 0 || vt_link_flush(hook->link) < 0)
        hook->ended = true;
}

// ---- the process

static void take_results(struct hook *hook)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(hook->multi, &left))) {
        struct call *call = NULL;
        if (message->msg == CURLMSG_DONE &&
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call) == CURLE_OK)
            finish(hook, call, message->data.result);
    }
}

static int run(struct hook *hook)
{
    while (!hook->ended) {
        int running, left = vt_link_flush(hook->link);
        struct curl_waitfd link = {.fd = SUPERVISOR_FD, .events = (short)(CURL_WAIT_POLLIN | (left > 0 ? CURL_WAIT_POLLOUT : 0))};
        if (left < 0 || curl_multi_poll(hook->multi, &link, 1, IDLE_MS, NULL) != CURLM_OK)
            break;
        receive(hook);
        begin_waiting(hook);
        if (curl_multi_perform(hook->multi, &running) != CURLM_OK)
            return 1;
        take_results(hook);
        begin_waiting(hook);
    }
    return 0;
}

// Libraries load what they need while they still can.
static int warm_up(void)
{
    struct addrinfo *found = NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return -ENOMEM;
    if (getaddrinfo("localhost", NULL, NULL, &found) == 0)
        freeaddrinfo(found);
    return 0;
}

// The port of the address, and that of name servers.
static int confine(const char *url)
{
    struct vt_landlock allowed = {
        .readable = {"/etc", "/usr", "/lib", "/lib64", "/run/systemd/resolve", "/run/resolvconf"}, .ports = {53}};
    char *port = NULL;
    CURLU *parsed = curl_url();
    bool known = parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
                 curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
    if (known)
        allowed.ports[1] = (uint16_t)strtoul(port, NULL, 10);
    curl_free(port);
    curl_url_cleanup(parsed);
    return known ? vt_sandbox_confine(&allowed) : -EINVAL;
}

static int read_start(struct hook *hook, const json_t *body)
{
    const char *url = vt_message_text(body, "url"), *secret = vt_message_text(body, "secret");
    int64_t timeout_ms = vt_message_int(body, "timeout_ms", 0), cache_ms = vt_message_int(body, "cache_ms", -1);
    if (!url || strlen(url) > VT_HOOK_URL_MAX || timeout_ms <= 0 || cache_ms < 0)
        return -EBADMSG;
    hook->timeout_ns = timeout_ms * VT_NS_PER_MS;
    hook->url = strdup(url);
    hook->secret = secret ? strdup(secret) : NULL;
    if (!hook->url || (secret && !hook->secret))
        return -ENOMEM;
    return vt_hook_cache_new(&hook->cache, cache_ms * VT_NS_PER_MS);
}

// The first message says where the webhook is; it was sent before this process could ask for it.
static int open_hook(struct hook *hook)
{
    struct vt_message message;
    struct pollfd link = {.fd = SUPERVISOR_FD, .events = POLLIN};
    hook->last = &hook->first;
    int error = vt_link_new(&hook->link, SUPERVISOR_FD, VT_HOOK, VT_SUPERVISOR);
    if (error)
        return error;
    while (poll(&link, 1, -1) < 0 && errno == EINTR)
        ;
    int got = vt_link_receive(hook->link, &message);
    if (got <= 0)
        return got < 0 ? got : -EPIPE;
    error = message.kind == VT_MSG_HOOK_START ? read_start(hook, message.body) : -EBADMSG;
    vt_message_clear(&message);
    if (!error)
        error = warm_up();
    if (!error && !(hook->multi = curl_multi_init()))
        error = -ENOMEM;
    if (!error)
        error = confine(hook->url);
    return error ? error : vt_sandbox_enter(VT_SANDBOX_HOOK);
}

static void close_hook(struct hook *hook)
{
    while (hook->first)
        free_call(hook, take_first(hook));
    vt_hook_cache_free(&hook->cache);
    vt_link_free(&hook->link);
    if (hook->secret)
        OPENSSL_cleanse(hook->secret, strlen(hook->secret));
    free(hook->secret);
    free(hook->url);
}

int vt_hook_main(int argc, char **argv)
{
    if (argc != 0 || fcntl(SUPERVISOR_FD, F_GETFD) < 0) {
        fputs("vitrine: hook is started by vitrine serve\n", stderr);
        return 2;
    }
    vt_log_init("hook");
    signal(SIGPIPE, SIG_IGN);
    struct hook hook = {0};
    int error = open_hook(&hook);
    if (error && error != -EPIPE)
        vt_error("cannot start: %s", strerror(-error));
    int code = error ? error != -EPIPE : run(&hook);
    close_hook(&hook);
    return code;
}
