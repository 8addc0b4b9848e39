// A child process of the supervisor: this program again in another role, with one link to it as descriptor 3.
//
// A child that breaks the table of messages, or does not read its own, is killed; nothing that it says harms the
// supervisor. Its death ends nothing but its own record. One thread.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/loop.h"
#include "base/message.h"

#define VT_CHILD_LINK   3
#define VT_CHILD_WORDS  4            // most words of its command line after "vitrine"
#define VT_CHILD_BURST  64           // messages read before others get their turn

// Whom a child becomes when the supervisor runs as root. `set` false: it stays who it is.
struct vt_identity {
    bool set;
    uid_t uid;
    gid_t gid;
    char name[64];
};

struct vt_child;

struct vt_child_params {
    struct vt_loop *loop;
    enum vt_role role;
    const char *words[VT_CHILD_WORDS];   // "gate", "rtmp"; up to the first NULL
    const struct vt_identity *identity;

    // `message` is cleared by the caller. The child may be killed in here, not freed.
    void (*on_message)(void *opaque, struct vt_child *child, struct vt_message *message);

    // It has ended; `status` as waitpid gives it. The last call: free the child in here.
    void (*on_exit)(void *opaque, struct vt_child *child, int status);
    void *opaque;
};

// Starts it. Returns 0 or a negative errno. The strings need live only during the call.
int vt_child_new(struct vt_child **ret, const struct vt_child_params *params);

// Gives it to somebody else: other callbacks from now on.
void vt_child_adopt(struct vt_child *child,
                    void (*on_message)(void *opaque, struct vt_child *child, struct vt_message *message),
                    void (*on_exit)(void *opaque, struct vt_child *child, int status), void *opaque);

// Frees the record; kills the process if it still runs.
void vt_child_free(struct vt_child **child);

// As vt_link_send, but a child that reads nothing is killed, and other failures are logged: callers may go on.
int vt_child_send(struct vt_child *child, enum vt_message_kind kind, json_t *body, const int *fds, int n_fds);

// Asks it to end (SIGTERM) and kills it after `limit_ns`; on_exit follows.
void vt_child_end(struct vt_child *child, int64_t limit_ns);

// Only the limit: it has been told to end in other words.
void vt_child_limit(struct vt_child *child, int64_t limit_ns);

// It said something that it must not: logs `why` and kills it.
void vt_child_refuse(struct vt_child *child, const char *why);
void vt_child_kill(struct vt_child *child);

const char *vt_child_name(const struct vt_child *child);     // "gate rtmp"; for logs
void vt_child_rename(struct vt_child *child, const char *name);
int64_t vt_child_age_ns(const struct vt_child *child);
