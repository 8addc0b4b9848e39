// `vitrine hook`: asks the configured webhook who may publish. The only process that connects to anything outside for
// this, and the only one that reads what such a server answers. Descriptor 3 is the link to the supervisor.
#pragma once

#define VT_HOOK_CALLS    64                  // asked at the same time
#define VT_HOOK_WAITING  1024                // waiting for one of those to end; further ones have failed
#define VT_HOOK_URL_MAX  1024

// Returns the process's exit code.
int vt_hook_main(int argc, char **argv);
