// A bad line, one direction of it: which packets come through, how often and when. Pure: what becomes of the n-th packet
// depends on the seed, the options and the times that come in, on nothing else.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMPAIR_COPIES 2

struct impair_options {
    uint64_t seed;
    double loss, duplicate, reorder;             // share of packets, 0..1
    int64_t delay_ns, jitter_ns;                 // each packet waits delay .. delay + jitter, evenly
    int64_t overtake_ns;                         // a reordered packet waits this long on top
    int64_t rate;                                // bits a second; 0: no limit
    int64_t queue_ns;                            // more than this waiting for the rate: dropped
    int64_t blackout_at_ns, blackout_ns;         // since the first packet; 0 ns: none
    size_t mtu;                                  // bytes of a packet's payload; 0: no limit
};

struct impair_counts {
    int64_t packets, lost, duplicated, reordered, blacked_out, too_big, overrun;
};

struct impair_line {
    const struct impair_options *options;        // borrowed
    uint64_t random;
    bool started;
    int64_t start_ns, free_ns;                   // free_ns: when the rate lets the next packet go
    struct impair_counts counts;
};

// `number` tells the lines of one proxy apart.
struct impair_line impair_line(const struct impair_options *options, uint64_t number);

// What becomes of a packet that comes at now_ns: returns how many copies go on (0 to IMPAIR_COPIES) and when each does.
int impair_packet(struct impair_line *line, size_t size, int64_t now_ns, int64_t at_ns[IMPAIR_COPIES]);
