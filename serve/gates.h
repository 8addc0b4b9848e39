// The gates, and what they ask: who may publish, and whose connection goes to which program. gate tls and gate srt run
// only where the configuration has a place for them. Where it has a webhook, that is asked about everybody whom the token
// bucket lets ask. One thread.
#pragma once

#include "base/bucket.h"
#include "serve/asks.h"
#include "serve/hook_client.h"
#include "serve/startup.h"

#define VT_ASK_KEY_BYTES 1024
#define VT_SHUTDOWN_WORDS "The server is shutting down."

struct vt_gates {
    const struct vt_config *config;
    const struct vt_startup *startup;
    struct vt_policy *policy;
    struct vt_program *programs;             // VT_CHANNELS_MAX, of the configuration's channels
    struct vt_publishers *publishers;
    struct vt_guesses *guesses;
    struct vt_service rtmp, tls, srt;
    struct vt_hook_client hook;
    struct vt_asks asks;
    int64_t keys_at_s, keys_until_s;         // gate srt has the keys whose time it is between these
    bool closing;                            // nobody is let in, and no gate starts again
    void (*on_end)(void *opaque);            // a gate has ended
    void *opaque;
};

// What is borrowed lives as long as the gates. Returns 0 or -ENOMEM.
int vt_gates_init(struct vt_gates *gates, struct vt_loop *loop, const struct vt_config *config,
                  const struct vt_startup *startup, struct vt_policy *policy, struct vt_program *programs,
                  struct vt_publishers *publishers);
void vt_gates_free(struct vt_gates *gates);

// Each second: whoever waits too long for the webhook is refused, and gate srt told of keys whose time has come or gone.
void vt_gates_watch(struct vt_gates *gates);

// Starts them: every key must be known by now.
void vt_gates_open(struct vt_gates *gates);

// Whether somebody publishes to a channel, or is about to.
bool vt_gates_use(const struct vt_gates *gates, int channel);

// The keys of a channel have changed; it is about to go; and the certificate has changed.
void vt_gates_send_keys(struct vt_gates *gates, int channel);
void vt_gates_forget(struct vt_gates *gates, int channel);
void vt_gates_send_certificate(struct vt_gates *gates);
