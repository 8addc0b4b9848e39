// A template opened to be looked at: with the products, pictures and clock that its samples speak of. What `vitrine
// preview`, `contact-sheet` and `lint` have in common. One thread.
#pragma once

#include <cairo.h>
#include <jansson.h>

#include "overlay/inspect.h"
#include "overlay/overlay.h"

#define VT_PROOF_SIDE_MIN 16             // of a picture that is drawn, pixels
#define VT_PROOF_SIDE_MAX 8192
#define VT_PROOF_AT_MAX   86400          // seconds after the first frame
#define VT_PROOF_STEP_MAX 31

struct vt_proof {
    char *folder;                        // of the template
    struct vt_template *template;
    struct vt_pictures *pictures;        // NULL: there is no folder of them
    json_t *products;                    // NULL: there are none
    int64_t clock_ns;                    // on which the samples' offers run
};

// Opens the template at `path`. products.json and the pictures lie beside it, above its folder, or in samples/ here; where
// there is no such file, the products are `products` (borrowed; NULL: none). Returns 0, or a negative errno with the
// reasons in `said`. Warnings may stand there on success. Free with vt_proof_close.
int vt_proof_open(struct vt_proof *ret, const char *path, const json_t *products, struct vt_diagnostics *said);
void vt_proof_close(struct vt_proof *proof);

struct vt_proof_scene {
    const char *sample;                  // NULL: the first one, or no data where the template has none
    const char *language;                // NULL: the sample's own, or else English
    const json_t *data;                  // in place of a sample's; NULL
    int width, height;                   // canvas
    int smallest_height;                 // of the output's smallest rendition; 0: the canvas
    int step;
    int64_t at_ns;                       // program time at which it is bound; 0: the proof's clock
    const char *market, *output;         // as in struct vt_view_params
    bool strict;
};

bool vt_proof_has_sample(const struct vt_proof *proof, const char *sample);

// The languages to look at a sample in: its own, then all that the template has texts for; at least one. Returns how
// many.
int vt_proof_languages(const struct vt_proof *proof, const char *sample, const char *ret[VT_LANGUAGES_MAX + 1]);

// Binds and solves. Returns as vt_view_new does.
int vt_proof_view(const struct vt_proof *proof, const struct vt_proof_scene *scene, struct vt_view **ret,
                  struct vt_diagnostics *said);

// Paints the view over a grey slope, `at` seconds after its first frame (below 0: when its entry is over), at a size of
// the canvas's aspect. Returns 0 and a surface (RGB24) that the caller owns, or -ENOMEM.
int vt_proof_paint(const struct vt_proof *proof, const struct vt_view *view, double at, int width, int height,
                   cairo_surface_t **ret);

// Writes a PNG: whole and renamed, so that whoever looks at `path` never sees half of one. Returns 0 or a negative errno;
// then what was there stays.
int vt_proof_write(cairo_surface_t *surface, const char *path);

// ---- what is written on command lines

// "1280x720". Returns 0, or -EINVAL when it is no size from VT_PROOF_SIDE_MIN to VT_PROOF_SIDE_MAX.
int vt_proof_parse_size(const char *text, int *ret_width, int *ret_height);

// Seconds from 0 to VT_PROOF_AT_MAX. Returns 0 or -EINVAL.
int vt_proof_parse_at(const char *text, double *ret);

// For whom and which form: --market, --output (a name) and --step (from 0 to VT_PROOF_STEP_MAX), as `option` 'm', 'n' and
// 't' of getopt's. Returns 0, or -EINVAL and in *ret_why what the option must be.
int vt_proof_parse_audience(int option, const char *value, struct vt_proof_scene *to, const char **ret_why);
#define VT_PROOF_AUDIENCE_OPTIONS                                                                                      \
    {"market", required_argument, NULL, 'm'}, {"output", required_argument, NULL, 'n'}, {"step", required_argument, NULL, 't'}
