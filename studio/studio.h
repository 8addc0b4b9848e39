// The studio process: one show of one channel. `vitrine studio CHANNEL`, started by the supervisor with the link to it
// as descriptor 3. Returns the exit code: 0 when the show has ended.
#pragma once

// `argv`: what follows the verb.
int vt_studio_main(int argc, char **argv);
