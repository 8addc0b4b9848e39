// Landlock, as far as the running kernel has it (its ABI, landlock(7)): what files, ports and processes outside a thread
// can reach, and those that it starts later. Descriptors that are open stay as they are.
#pragma once

#include <stdint.h>

#define VT_LANDLOCK_PATHS 12
#define VT_LANDLOCK_PORTS 4

// Ended by NULL and 0. A path that is not there is passed over.
struct vt_landlock {
    const char *readable[VT_LANDLOCK_PATHS];     // these and what lies beneath them
    const char *writable[VT_LANDLOCK_PATHS];     // these too, in every way
    uint16_t ports[VT_LANDLOCK_PORTS];           // of TCP, to connect to (ABI 4)
};

// 1 and above; 0 when the kernel has none or it is turned off.
int vt_landlock_abi(void);

// Reaches nothing else from now on: no other file, no TCP port, from ABI 6 no signal to and no abstract socket of
// processes that are not locked in with it. Nothing happens under ABI 0. Needs no_new_privs. Returns 0 or a negative
// errno.
int vt_landlock_enter(const struct vt_landlock *allowed);
