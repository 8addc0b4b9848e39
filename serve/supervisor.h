// `vitrine serve`: starts the other processes, decides who may publish, passes connections on. It parses nothing that a
// stranger wrote, and dies of nothing that a child says.
#pragma once

// The arguments after `serve`. Returns the process's exit code: 0 after SIGTERM or SIGINT, 1 when it cannot start, 2
// for bad usage.
int vt_serve_main(int argc, char **argv);
