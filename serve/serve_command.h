// `vitrine serve`: reads the configuration and becomes the supervisor.
#pragma once

// The arguments after `serve`. Returns the process's exit code: 0 after SIGTERM or SIGINT, 1 when it cannot start, 2
// for bad usage.
int vt_serve_main(int argc, char **argv);
