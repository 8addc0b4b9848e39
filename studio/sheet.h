// `vitrine contact-sheet TEMPLATE …`: samples × sizes × languages × instants of a template in one labelled PNG, with what
// lint finds marked in it.
#pragma once

#define VT_SHEET_SIZES  8
#define VT_SHEET_AT     16               // instants
#define VT_SHEET_CELLS  400
#define VT_SHEET_PIXELS (96 * 1024 * 1024)
#define VT_SHEET_SIDE   32000            // of the picture; cairo's end at 32767
#define VT_SHEET_USAGE                                                                                                 \
    "TEMPLATE --out FILE.png [--samples NAME,…] [--sizes WIDTHxHEIGHT,…] [--languages TAG,…] [--at SECONDS,…]\n" \
    "                       [--market NAME] [--output NAME] [--step N]"

// `argv` are the arguments after the verb. Returns the exit code: 0 (also when something is marked), 1 when it could not
// be drawn, 2 for bad usage.
int vt_sheet_main(int argc, char **argv);
