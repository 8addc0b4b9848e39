// The origin: HTTP for players and producers, and the state store. It decodes nothing and writes no media.
#pragma once

// `vitrine origin`: descriptor 3 is the link to the supervisor. Returns the process's exit status.
int vt_origin_main(int argc, char **argv);
