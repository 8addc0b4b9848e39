// `vitrine check URL`: holds the HLS of any server against the rules of check/rules.def.
#pragma once

#define VT_CHECK_USAGE "URL|FILE [--seconds N] [--low-latency] [--ca FILE]"

// Gets the arguments after the verb. 0: no MUST is broken; 1: one is, or nothing could be read; 2: bad usage.
int vt_check_main(int argc, char **argv);
