// `vitrine preview TEMPLATE …`: draws a template at one instant into a PNG.
#pragma once

#define VT_PREVIEW_USAGE                                                                                               \
    "TEMPLATE [--data FILE | --sample NAME] [--size WIDTHxHEIGHT] [--at SECONDS] [--language TAG] [--market NAME]\n"           \
    "                       [--output NAME] [--step N] --out FILE.png [--watch]"

// With --watch it goes on: whenever the template, a file beside it, its data or its products are saved, it draws again.
// Mistakes are printed, and the last good picture stays. It ends with a signal, or with 1 when a folder is gone.
//
// `argv` are the arguments after the verb. Returns the exit code: 0, 1 when it could not be drawn, 2 for bad usage.
int vt_preview_main(int argc, char **argv);
