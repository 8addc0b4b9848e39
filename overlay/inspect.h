// Holds what a view draws against what viewers need, before it goes on air: by its pixels where only they tell. Pure;
// takes some milliseconds to some tens of them at canvas size, so for checking, not for the path of a frame.
#pragma once

#include "overlay/overlay.h"

#define VT_LANGUAGES_MAX 16              // of a template's `strings` that are looked at
#define VT_AUDIENCES_MAX 32              // of its `variants`
#define VT_FLAWS_MAX     32              // of one view; more are left out

// WCAG 2.x: contrast of text (1.4.3; large: from 24 px, or from 18.66 px bold) and targets (2.5.5). px are CSS pixels of
// the smallest player, whose shorter side has VT_PLAYER_SIDE of them.
#define VT_CONTRAST_LEAST       4.5
#define VT_CONTRAST_LEAST_LARGE 3.0
#define VT_LARGE_PX             24.0
#define VT_LARGE_BOLD_PX        (56.0 / 3)
#define VT_TARGET_LEAST_PX      44.0
#define VT_TEXT_LEAST_PX        6.0      // below it nobody reads a text there

// WCAG 2.3.1: more than three flashes within a second, each a pair of opposing changes, in a quarter of a central ten
// degrees, at 1024 × 768.
#define VT_FLASHES_MOST 3
#define VT_FLASH_AREA   (341.0 * 256 / 4 / (1024 * 768))       // of the picture

#define VT_LOOP_INSTANTS 16              // of the longest round of a loop

// What a frame may cost, in pictures of blended pixels: a pixel that is drawn anew and converted counts as
// VT_COST_DRAWN blended ones. Over VT_COST_MOST in VT_COST_FRAMES frames in a row, and a channel with little room takes
// the motion away from a cue.
#define VT_COST_DRAWN  50.0
#define VT_COST_MOST   25.0
#define VT_COST_FRAMES 8

struct vt_flaw {
    enum vt_severity severity;
    int line, column;                    // of its node
    double x, y, width, height;          // of what it is about, canvas pixels; 0: the whole
    const char *form;                    // static: flaws with the same one break the same rule
    char text[VT_DIAGNOSTIC_TEXT];       // what is wrong, and what to do
};

struct vt_flaws {
    struct vt_flaw list[VT_FLAWS_MAX];
    int count;
};

// The view at rest: contrast of texts with what really lies behind them, over any video and any product's picture, as
// each threshold of a clock has it and in VT_LOOP_INSTANTS instants of its loops; prices that are cut; texts too small for
// the smallest player; what lies outside of the safe area; small targets. Adds to `to`. Returns 0 or -ENOMEM.
int vt_inspect(const struct vt_view *view, struct vt_flaws *to);

// The view in all that moves of it, drawn small: flashing, and what frames cost. Adds to `to`. Returns 0 or -ENOMEM.
int vt_inspect_motion(const struct vt_view *view, struct vt_flaws *to);

void vt_flaw_add(struct vt_flaws *to, enum vt_severity severity, const struct vt_flaw *where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

// The languages that the template has texts for, as it lists them. Returns how many, at most `room`; they live as long
// as the template.
int vt_template_languages(const struct vt_template *t, const char **ret, int room);

struct vt_audience {
    const char *language, *market, *output;      // NULL: any
};

// For whom the template has variants, each once. Returns how many, at most `room`; they live as long as the template.
int vt_template_audiences(const struct vt_template *t, struct vt_audience *ret, int room);

// How many forms it has, from step 0 on: its `stepCount`, and at least 1.
int vt_template_steps(const struct vt_template *t);
