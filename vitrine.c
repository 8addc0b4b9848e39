// The command line: `vitrine VERB …`.
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/diagnostic.h"
#include "base/title.h"
#include "check/command.h"
#include "ingest/gate.h"
#include "ingest/ingest.h"
#include "serve/config.h"
#include "serve/hook.h"
#include "serve/lint.h"
#include "serve/origin.h"
#include "serve/render_command.h"
#include "serve/serve_command.h"
#include "studio/preview.h"
#include "studio/sheet.h"
#include "studio/studio.h"

#define SERVE_HELP                                                                                                     \
    "  --config FILE     without it: /etc/vitrine/vitrine.yaml if it is there, else defaults with ./var for the data\n"  \
    "\nvitrine --help-config has every key.\n"
#define LINT_HELP                                                                                                      \
    "  --no-pixels       do not draw templates to look at contrast, targets, flashing and cost\n"                       \
    "  --schema          print the JSON Schema of templates\n"                                                          \
    "\nExit code 1: a file has errors. Warnings alone are 0.\n"
#define PREVIEW_HELP                                                                                                   \
    "  --data FILE       JSON, the `data` of a take; or\n"                                                              \
    "  --sample NAME     one of the template's own samples (default: its first)\n"                                      \
    "  --size WxH        of the picture (default 1280x720)\n"                                                           \
    "  --at SECONDS      from the first frame; without it the entry is over\n"                                          \
    "  --language TAG    instead of the sample's own\n"                                                                 \
    "  --market NAME     none (default), eu, or the two letters of a country: its price rules and variants\n"           \
    "  --output NAME     of a channel, for variants that are for it (default main)\n"                                   \
    "  --step N          of a template with steps (default 0)\n"                                                        \
    "  --out FILE.png    written whole, then renamed\n"                                                                 \
    "  --watch           draw again at each save, until Ctrl-C; a mistake leaves the last good picture\n"
#define SHEET_HELP                                                                                                     \
    "  --samples, --languages   default: all that the template has\n"                                                   \
    "  --sizes                  default 1280x720,720x1280\n"                                                            \
    "  --at                     seconds from the first frame; default: the entry is over\n"                             \
    "  --market, --output, --step   one for all of it, as in preview\n"

// Each gets the arguments after its verb and returns the exit code.
static const struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage;               // NULL: `serve` starts it
    const char *doc;
    bool helps;                      // answers --help itself, with more than this
    const char *more;                // what --help adds; or NULL
} verbs[] = {
    {"serve", vt_serve_main, "[--config FILE]", "take live streams, put cards on them, hand them out",
     .more = SERVE_HELP},
    {"lint", vt_lint_main, VT_LINT_USAGE, "check templates, configurations and cue files", .more = LINT_HELP},
    {"preview", vt_preview_main, VT_PREVIEW_USAGE, "draw a template into a PNG", .more = PREVIEW_HELP},
    {"contact-sheet", vt_sheet_main, VT_SHEET_USAGE,
     "draw all samples, sizes and languages of a template into one PNG, and mark what lint finds", .more = SHEET_HELP},
    {"check", vt_check_main, VT_CHECK_USAGE, "hold HLS, of any server, against the rules", .helps = true},
    {"gate", vt_gate_main, NULL, NULL},
    {"render", vt_render_main, "INPUT --config FILE --channel NAME [--cues FILE] --out DIR", "render a file into a show",
     .helps = true},
    {"ingest", vt_ingest_main, NULL, NULL},
    {"studio", vt_studio_main, NULL, NULL},
    {"origin", vt_origin_main, NULL, NULL},
    {"hook", vt_hook_main, NULL, NULL},
};
#define VERBS (sizeof verbs / sizeof verbs[0])

static void print_help(FILE *to)
{
    fputs("usage:\n", to);
    for (size_t i = 0; i < VERBS; i++) {
        if (verbs[i].usage)
            fprintf(to, "  vitrine %s %s\n      %s\n", verbs[i].name, verbs[i].usage, verbs[i].doc);
    }
    fputs("  vitrine --version\n  vitrine --help\n  vitrine --help-config\n      every key of the configuration\n", to);
}

static int print_verb_help(const struct verb *verb)
{
    printf("usage: vitrine %s %s\n\n%s\n", verb->name, verb->usage, verb->doc);
    if (verb->more)
        printf("\n%s", verb->more);
    return 0;
}

static int print_config_help(void)
{
    struct vt_writer w = {.limit = 0};
    vt_config_document(&w);
    if (!w.failed)
        fwrite(w.data, 1, w.size, stdout);
    vt_writer_free(&w);
    return w.failed || fflush(stdout) ? 1 : 0;
}

static int refuse(const char *word)
{
    const char *names[VERBS + 1] = {NULL};
    size_t n = 0;
    for (size_t i = 0; i < VERBS; i++) {
        if (verbs[i].usage)
            names[n++] = verbs[i].name;
    }
    const char *nearest = vt_nearest_name(word, names);
    if (nearest)
        fprintf(stderr, "vitrine: %s is not a command: did you mean %s?\n", word, nearest);
    else
        fprintf(stderr, "vitrine: %s is not a command\n", word);
    print_help(stderr);
    return 2;
}

int main(int argc, char **argv)
{
    if (vt_title_init(argc, argv)) {
        fputs("vitrine: out of memory\n", stderr);
        return 1;
    }
    if (argc < 2) {
        print_help(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("vitrine " VT_VERSION);
        return 0;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--help-config") == 0)
        return print_config_help();
    for (size_t i = 0; i < VERBS; i++) {
        if (strcmp(argv[1], verbs[i].name) != 0)
            continue;
        if (verbs[i].usage && !verbs[i].helps && argc == 3 && strcmp(argv[2], "--help") == 0)
            return print_verb_help(&verbs[i]);
        return verbs[i].run(argc - 2, argv + 2);
    }
    return refuse(argv[1]);
}
