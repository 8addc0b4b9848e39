// The webhook as the supervisor sees it: a process that is asked, and an answer for every question within the time limit,
// whatever becomes of that process. One thread.
#pragma once

#include "serve/config.h"
#include "serve/hook_answer.h"
#include "serve/service.h"

#define VT_HOOK_PENDING  4224                // questions without an answer: every connection that the gates can have
#define VT_HOOK_LATE_NS  VT_NS_PER_S         // past its limit, the hook's process hangs: it is killed

// For each question once, and not within vt_hook_client_ask.
typedef void vt_on_hook_answer(void *opaque, int64_t ask, const struct vt_hook_answer *answer);

struct vt_hook_client {
    const struct vt_config *config;
    struct vt_service service;
    struct vt_hook_pending {
        int64_t ask, due_ns;
    } pending[VT_HOOK_PENDING];
    int n_pending;
    int64_t last_ask;
    int64_t granted, denied, failed;         // answers so far
    bool closing;                            // it does not start again
    vt_on_hook_answer *on_answer;
    void (*on_end)(void *opaque);            // its process has ended
    void *opaque;
};

// Zeroed but for on_answer, on_end and opaque.
void vt_hook_client_init(struct vt_hook_client *client, struct vt_loop *loop, const struct vt_config *config,
                         const struct vt_identity *identity);
bool vt_hook_client_wanted(const struct vt_hook_client *client);     // whether the configuration has a webhook
void vt_hook_client_start(struct vt_hook_client *client);

// Returns a number above 0 that the answer will have, or 0 when nobody can be asked now: that is a failure, too.
int64_t vt_hook_client_ask(struct vt_hook_client *client, const struct vt_hook_question *question);

// Each second: what is overdue has failed.
void vt_hook_client_watch(struct vt_hook_client *client);

// What its process says. Pure but for the callback and for killing a child that says what it must not; for
// service.on_message and for tests. Returns NULL, or what is wrong with the message.
const char *vt_hook_client_take(struct vt_hook_client *client, const struct vt_message *message);
