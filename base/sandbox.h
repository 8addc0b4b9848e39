// What a process may still do once it has opened what it needs: a profile per role.
//
// vt_sandbox_enter sets resource limits, no_new_privs and a seccomp filter whose default is EPERM (kinder than
// a kill: libraries ask for things that they can do without). After it, open(2), socket(2) and execve(2) are
// refused where the profile says so. With VITRINE_SANDBOX=debug a refused call is logged by its name (through
// SIGSYS); with VITRINE_SANDBOX=none (for tests under sanitizers) nothing is locked and a warning is logged.
#pragma once

enum vt_sandbox_profile {
    VT_SANDBOX_GATE,      // accept, read, write; no files, no new sockets, no programs
    VT_SANDBOX_GATE_TLS,  // as that, plus pairs of sockets that are connected with each other
    VT_SANDBOX_GATE_SRT,  // as that, plus threads, for libsrt; accepts nothing
    VT_SANDBOX_INGEST,    // as VT_SANDBOX_GATE, plus memory and threads for decoding; only the descriptors it holds
    VT_SANDBOX_STUDIO,    // files under its data directory; no sockets but those it holds, no programs
    VT_SANDBOX_ORIGIN,    // files, accept; no programs
    VT_SANDBOX_HOOK,      // reads files (certificates, how names are resolved), connects to the network; no programs
};

// Returns 0 or a negative errno; on failure the process must not go on to read a stranger's bytes.
int vt_sandbox_enter(enum vt_sandbox_profile profile);
