// The process that starts the others, keeps them, and ends them in order. It parses nothing that a stranger wrote, and
// dies of nothing that a child says. What it knows of gates and publishers: serve/gates.h, serve/publishers.h; of a
// channel and its studio: serve/program.h.
#pragma once

#include "serve/config.h"

// Serves until SIGTERM or SIGINT. Channels that the API makes are added to `config`. `path` is the configuration's, or NULL: defaults. Returns the process's exit code.
int vt_supervise(struct vt_config *config, const char *path);
