// The part of a channel's configuration that says what each audience sees: its outputs and their renditions.
//
// In a file, the channel's own lines (canvas, language, market, renditions) are the output `main`; `outputs:` lists
// more of them. What an entry there does not say is main's. All of them have the frame rate of the channel, so that a
// change comes on the same frame everywhere.
#pragma once

#include "studio/channel.h"

extern const char *const vt_fit_names[];

// Where an entry of a map stands in the file; without a file, nowhere (0, 0).
struct vt_place {
    int line, column;
};
struct vt_place vt_place_of(const struct vt_yaml *map, const char *section, const char *key);

// The canvas itself and half of its size, at bit rates that suit their pixels.
void vt_renditions_default(struct vt_output_config *output);

// Settles what one value alone does not say: a market called none, an empty language, an odd canvas. `map` is where it
// was read from, or NULL. Returns 0 or -EINVAL.
int vt_output_config_check(struct vt_output_config *output, const struct vt_yaml *map, struct vt_diagnostics *d);
void vt_output_config_free(struct vt_output_config *output);

// A list of renditions; NULL: the default ones. Return 0 or -EINVAL.
int vt_renditions_from_yaml(struct vt_output_config *output, const struct vt_yaml *list, struct vt_diagnostics *d);
int vt_renditions_from_json(struct vt_output_config *output, const json_t *list, struct vt_diagnostics *d);
json_t *vt_renditions_to_json(const struct vt_output_config *output);

// The outputs beside main, which is complete; NULL: none. Return 0, -EINVAL or -ENOMEM.
int vt_outputs_from_yaml(struct vt_channel *channel, const struct vt_yaml *list, struct vt_diagnostics *d);
int vt_outputs_from_json(struct vt_channel *channel, const json_t *list, struct vt_diagnostics *d);
json_t *vt_outputs_to_json(const struct vt_channel *channel);

void vt_outputs_document(struct vt_writer *w);
