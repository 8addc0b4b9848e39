// A channel as it is configured: what `channels:` holds in the configuration file and what STUDIO_START carries.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/names.h"
#include "base/options.h"
#include "packager/packager.h"
#include "studio/accept.h"

#define VT_RENDITIONS_MAX  6              // of one output
#define VT_OUTPUTS_MAX     8              // of a channel, main among them
#define VT_LANES_MAX       16             // renditions of all its outputs together
#define VT_TEMPLATES_MAX   64
#define VT_KEYS_MAX        16
#define VT_KEY_BYTES       128            // of one key in plain text

enum vt_fit { VT_FIT_CONTAIN, VT_FIT_COVER, VT_FIT_BLUR };
enum vt_latency { VT_LATENCY_LOW, VT_LATENCY_NORMAL };
enum vt_takeover { VT_TAKEOVER_NEWEST, VT_TAKEOVER_REFUSE, VT_TAKEOVER_PRIORITY };

struct vt_rendition_config {
    char name[VT_NAME_ROOM];
    struct vt_size size;
    int64_t bitrate;
};

#define VT_OUTPUT_MAIN "main"

// What one audience sees.
struct vt_output_config {
    char name[VT_NAME_ROOM];
    struct vt_size canvas;
    int fit;                             // enum vt_fit
    char *language, *market;             // market NULL: none
    struct vt_rendition_config renditions[VT_RENDITIONS_MAX];
    int n_renditions;
};

struct vt_channel {
    char name[VT_NAME_ROOM];
    char *keys[VT_KEYS_MAX];             // as configured: plain, or "sha256:<hex>"; the supervisor's alone
    int n_keys;
    int takeover;                        // enum vt_takeover

    struct vt_accept accept;             // the supervisor's alone, as keys are; may change while a show runs

    char *srt_passphrase;                // or NULL; the supervisor's and gate srt's alone
    int64_t srt_latency_ns;

    struct vt_rational rate;             // frames a second, of all outputs: they change on the same frames
    struct vt_output_config outputs[VT_OUTPUTS_MAX];     // the first is main
    int n_outputs;

    int64_t audio_bitrate;
    char *encoder, *preset;              // "libx264", "veryfast"
    int latency;                         // enum vt_latency
    int64_t segment_ns, part_ns, window_ns;
    int container;
    bool record;

    char *slate_image;                   // absolute path, or NULL: the built-in slate
    int64_t slate_after_ns, slate_grace_ns, slate_ended_ns;
    char *templates[VT_TEMPLATES_MAX];   // absolute paths
    int n_templates;
    char *picture_root;                  // absolute: what image_link and src are relative to
};

void vt_channel_init(struct vt_channel *channel, const char *name);      // the defaults
void vt_channel_free(struct vt_channel *channel);

// From an entry of `channels:` in a configuration file; what it does not say stays as it is. Relative paths are taken
// from `folder` (absolute), which is also the root of pictures unless `pictures` says another. A file that cannot be
// read is a warning. Returns 0 or -EINVAL.
int vt_channel_from_yaml(struct vt_channel *channel, const struct vt_yaml *map, const char *folder,
                         struct vt_diagnostics *diagnostics);

// What an entry of `channels:` may hold, as tables in Markdown.
void vt_channel_document(struct vt_writer *w);

// As JSON without its keys, whom and what it accepts, and what SRT needs, and back; a studio gets it this way.
json_t *vt_channel_to_json(const struct vt_channel *channel);
int vt_channel_from_json(struct vt_channel *channel, const json_t *json, struct vt_diagnostics *diagnostics);

// What may not change while a show runs: of that, the part that its playlists and segments are made from. As JSON, a new
// reference; NULL when out of memory.
json_t *vt_channel_form(const struct vt_channel *channel);
