// What `ps` shows of this process: "vitrine ingest mango".
#pragma once

// Makes room for titles where the arguments and the environment of the process lie; the environment moves elsewhere,
// and `argv` is replaced by a copy. Call it once, first thing in main, before any thread. Returns 0 or -ENOMEM.
int vt_title_init(int argc, char **argv);

// Shows `title` from now on, cut to the room that there is; without vt_title_init only the short name (15 bytes)
// changes. Not thread-safe.
void vt_title_set(const char *title);
