// What a process may still do once it has opened what it needs: a profile per role (docs/sandbox.md).
//
// vt_sandbox_enter sets resource limits, no_new_privs, a seccomp filter whose default is EPERM (kinder than a kill:
// libraries ask for things that they can do without) and, where no files are part of the profile, Landlock. Afterwards
// open(2), socket(2) and execve(2) are refused where the profile says so, and nobody of the same user can look into the
// process.
//
// VITRINE_SANDBOX says how, in every process:
//   on        the default: what the kernel cannot do is done without
//   required  a kernel that cannot do all of it is an error
//   log       as on; what is refused is named (through SIGSYS), with the path of a file, and debuggers may look in
//   show      as on; each process tries what it must not and logs what came of it
//   off       nothing is locked, and a warning says so: for sanitizers, whose own calls would be refused
#pragma once

#include "base/landlock.h"

enum vt_sandbox_profile {
    VT_SANDBOX_GATE,      // accept, read, write; no files, no new sockets, no programs
    VT_SANDBOX_GATE_TLS,  // as that, plus pairs of sockets that are connected with each other
    VT_SANDBOX_GATE_SRT,  // as that, plus threads, for libsrt; accepts nothing
    VT_SANDBOX_INGEST,    // as VT_SANDBOX_GATE, plus memory and threads for decoding; only the descriptors it holds
    VT_SANDBOX_STUDIO,    // files; no sockets but those it holds, no programs
    VT_SANDBOX_ORIGIN,    // files, accept; no programs
    VT_SANDBOX_HOOK,      // reads files (certificates, how names are resolved), connects to the network; no programs
};

// For a profile with files, before its first thread starts: these are all the files that it reaches from now on. Returns
// 0 or a negative errno.
int vt_sandbox_confine(const struct vt_landlock *allowed);

// Returns 0 or a negative errno; on failure the process must not go on to read a stranger's bytes.
int vt_sandbox_enter(enum vt_sandbox_profile profile);

// Once, in the process that starts the others: sets `mode` for them unless VITRINE_SANDBOX stands there already, and
// warns of what the kernel cannot do. Returns 0, -EINVAL for a mode that is none (logged), or -ENOSYS where all is
// required and something is missing (logged).
int vt_sandbox_prepare(const char *mode);

// Tries what a locked-in process must not do, and logs one line: "may: …; may not: …". Inside base/ and for tests.
void vt_sandbox_show(void);
