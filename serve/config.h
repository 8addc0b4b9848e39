// The configuration file of `vitrine serve`. Every value has a default; unknown keys are errors.
//
// Paths of templates, products, slates, pictures and certificates are relative to the file's folder; `data` and the token's file are
// relative to the working directory.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/diagnostic.h"
#include "ingest/network.h"
#include "studio/channel.h"

#define VT_CHANNELS_MAX 32
#define VT_HOOK_SECRET_MIN 16
#define VT_CONFIG_FILE  "/etc/vitrine/vitrine.yaml"

#define VT_LISTENERS_MAX 4               // addresses of one kind
#define VT_SRT_PORTS     4               // addresses of SRT that are one channel's own

struct vt_texts {
    char *text[VT_NETWORKS_MAX];
    int count;
};

struct vt_config {
    struct vt_texts rtmp, http, admin;   // addresses that vt_address_parse takes, 1 to VT_LISTENERS_MAX
    struct vt_texts srt;                 // or none
    bool srt_asked;                      // the file names it: then not getting it is an error, else a warning
    struct vt_srt_port {
        char channel[VT_NAME_ROOM];      // one of the file's, with a passphrase: whoever comes there needs no key
        char *address;
    } srt_ports[VT_SRT_PORTS];
    int n_srt_ports;
    struct vt_texts rtmps;               // or none; if there are, both of these are there:
    char *certificate, *tls_key;         // absolute
    struct vt_texts proxies;             // networks that vt_network_parse takes, at most VT_NETWORKS_MAX
    int64_t connections, per_address;    // in set-up, as ingest/gate.h has them
    int64_t setup_ns;
    char *data;                          // absolute
    char *token_file;                    // absolute
    char *products;                      // absolute, or NULL
    int viewer_connections;              // connections of one address at http; 0: any number
    char *signing_keys;                  // absolute, or NULL: addresses need no signature
    char *user;                          // or NULL
    char *hook_url;                      // or NULL: no webhook
    char *hook_secret;                   // or NULL
    int64_t hook_timeout_ns, hook_cache_ns;
    const char *sandbox;                 // a mode of base/sandbox.h; static
    char *folder;                        // absolute: where the files of channels lie that the API makes; that of the file
    struct vt_channel channels[VT_CHANNELS_MAX];         // the file's, then those that the API has made (serve/made.h),
    int n_channels;                                      // where one without a name is none
};

// Reads text that stands in a file in `folder` (absolute). Returns 0 and a configuration, or -EINVAL with the reasons
// in `diagnostics`, or -ENOMEM. Warnings may stand there on success.
int vt_config_parse(struct vt_config **ret, const char *text, size_t size, const char *folder,
                    struct vt_diagnostics *diagnostics);

// The same from a file; a file that cannot be read is an error in `diagnostics` and its negative errno.
int vt_config_load(struct vt_config **ret, const char *path, struct vt_diagnostics *diagnostics);

// Every key that the file may hold, as Markdown: docs/configuration.md.
void vt_config_document(struct vt_writer *w);

void vt_config_free(struct vt_config **config);

// The absolute folder that `path` lies in; the caller frees it. NULL if it cannot be found.
char *vt_folder_of(const char *path);
