// Fetches over HTTP or from files, several at once, within limits of size and time.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "check/findings.h"

#define VT_FETCH_PLAYLIST_BYTES (4 * 1024 * 1024)
#define VT_FETCH_MEDIA_BYTES    (64 * 1024 * 1024)
#define VT_FETCH_HEAD_BYTES     (32 * 1024)
#define VT_FETCH_REDIRECTS      5
#define VT_FETCH_SECONDS        30.0
#define VT_FETCH_BATCH          256        // at once

struct vt_fetch {
    // What is asked for; set by the caller.
    char url[VT_CHECK_URL];
    char range[48];                    // "0-99", "" for all
    size_t limit;                      // most bytes
    double seconds;                    // most time; 0: VT_FETCH_SECONDS
    bool head;                         // HEAD
    void *owner;                       // the caller's

    // What came; vt_fetch_clear frees it.
    int status;                        // 200 for files; 0: no answer
    char error[160];                   // why there is none, or why it broke off; "" if all is well
    char *body;                        // NUL behind it
    size_t size;
    char *headers;                     // of the last answer, lines ended by CRLF
    size_t headers_size;
    char final_url[VT_CHECK_URL];
    int redirects, http_version;       // 10, 11, 20, 30
    double started, first_byte, done;  // s, of the monotonic clock
    double connect_time;               // s; 0: a kept connection
};

struct vt_fetcher;
// `ca`: a file of certificates that count instead of the system's, or NULL; borrowed. 0 or -ENOMEM.
int vt_fetcher_new(struct vt_fetcher **ret, const char *ca);
void vt_fetcher_free(struct vt_fetcher **fetcher);

// Fetches all of them at once and returns when each is done or its time is over. What an earlier fetch left is freed.
void vt_fetch_all(struct vt_fetcher *fetcher, struct vt_fetch *list, int count);
void vt_fetch_clear(struct vt_fetch *fetch);

// A header's value, copied into `out`; false if it is not there.
bool vt_fetch_header(const struct vt_fetch *fetch, const char *name, char *out, size_t room);
double vt_fetch_now(void);                           // s, monotonic
