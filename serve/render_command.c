#include "serve/render_command.h"

#include <errno.h>
#include <getopt.h>
#include <libavutil/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "serve/config.h"
#include "studio/cuefile.h"
#include "studio/render.h"

#define CUE_FILE_BYTES (1024 * 1024)
#define PRODUCTS_BYTES (16 * 1024 * 1024)

static const char help[] =
    "usage: vitrine render INPUT --config FILE --channel NAME [--cues FILE] --out DIR\n"
    "\n"
    "Renders a video file into a finished show, with the channel's overlays: DIR/index.m3u8, and DIR/OUTPUT/index.m3u8\n"
    "for each further output that the channel has.\n"
    "\n"
    "  --config FILE      the configuration that the channel stands in\n"
    "  --channel NAME     the channel\n"
    "  --cues FILE        what goes on air, and when (docs/render.md)\n"
    "  --out DIR          where the show is written; made if it is not there\n"
    "  --epoch TIME       program time of the first frame (default " VT_RENDER_EPOCH ")\n"
    "  --seconds N        stop after so many seconds\n"
    "  --quiet            no progress\n";

struct wish {
    const char *input, *config, *channel, *cues, *out, *epoch;
    double seconds;
    int quiet;
};

static int bad_usage(const char *what)
{
    fprintf(stderr, "vitrine render: %s\n%s", what, help);
    return 2;
}

// Returns -1 to go on, else the exit code.
static int read_arguments(int argc, char **argv, struct wish *wish)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' }, { "channel", required_argument, NULL, 'n' },
        { "cues", required_argument, NULL, 'q' },   { "out", required_argument, NULL, 'o' },
        { "epoch", required_argument, NULL, 'e' },  { "seconds", required_argument, NULL, 's' },
        { "quiet", no_argument, NULL, 'Q' },        { "help", no_argument, NULL, 'h' }, { 0 },
    };
    int option;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'c': wish->config = optarg; break;
        case 'n': wish->channel = optarg; break;
        case 'q': wish->cues = optarg; break;
        case 'o': wish->out = optarg; break;
        case 'e': wish->epoch = optarg; break;
        case 's': wish->seconds = atof(optarg); break;
        case 'Q': wish->quiet = 1; break;
        case 'h': fputs(help, stdout); return 0;
        default:  fputs(help, stderr); return 2;
        }
    }
    wish->input = optind < argc ? argv[optind] : NULL;
    if (!wish->input || optind + 1 != argc)
        return bad_usage("give one input file");
    if (!wish->config || !wish->channel || !wish->out)
        return bad_usage("--config, --channel and --out are needed");
    return -1;
}

static const struct vt_channel *find_channel(const struct vt_config *config, const char *name)
{
    for (int i = 0; i < config->n_channels; i++)
        if (strcmp(config->channels[i].name, name) == 0)
            return &config->channels[i];
    fprintf(stderr, "vitrine render: the configuration has no channel \"%s\"; it has:", name);
    for (int i = 0; i < config->n_channels; i++)
        fprintf(stderr, " %s", config->channels[i].name);
    fputs("\n", stderr);
    return NULL;
}

static json_t *load_products(const char *path)
{
    char *text;
    size_t size;
    json_error_t why;
    int error = vt_read_file(path, PRODUCTS_BYTES, &text, &size);
    if (error) {
        fprintf(stderr, "%s: error: %s\n", path, strerror(-error));
        return NULL;
    }
    json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
    free(text);
    if (!json)
        fprintf(stderr, "%s:%d:%d: error: %s\n", path, why.line, why.column, why.text);
    json_t *list = json_is_object(json) ? json_object_get(json, "products") : json;
    list = json_is_array(list) ? json_incref(list) : NULL;
    if (json && !list)
        fprintf(stderr, "%s: error: not a list of products\n", path);
    json_decref(json);
    return list;
}

static json_t *load_cues(const char *path)
{
    struct vt_diagnostics diagnostics = { .count = 0 };
    char *text;
    size_t size;
    json_t *script = NULL;
    int error = vt_read_file(path, CUE_FILE_BYTES, &text, &size);
    if (error) {
        fprintf(stderr, "%s: error: %s\n", path, strerror(-error));
        return NULL;
    }
    (void)vt_cuefile_parse(&script, text, size, &diagnostics);
    vt_diagnostics_print(&diagnostics, path, stderr);
    free(text);
    return script;
}

static int render(const struct wish *wish, const struct vt_config *config, struct vt_render_params *params)
{
    json_t *products = NULL, *script = NULL;
    int code = 1;
    params->channel = find_channel(config, wish->channel);
    if (!params->channel)
        return 2;
    if (config->products)
        products = load_products(config->products);
    if (wish->cues)
        script = load_cues(wish->cues);
    if ((products || !config->products) && (script || !wish->cues)) {
        params->products = products;
        params->script = script;
        code = vt_render(params) ? 1 : 0;
    }
    json_decref(products);
    json_decref(script);
    return code;
}

int vt_render_main(int argc, char **argv)
{
    struct wish wish = { .epoch = VT_RENDER_EPOCH };
    struct vt_diagnostics diagnostics = { .count = 0 };
    struct vt_config *config;
    vt_log_init("render");
    av_log_set_level(AV_LOG_ERROR);
    optind = 0;
    // getopt skips its first argument: the verb, which stands right before these.
    int code = read_arguments(argc + 1, argv - 1, &wish);
    if (code >= 0)
        return code;
    struct vt_render_params params = {
        .input = wish.input, .folder = wish.out, .seconds = wish.seconds,
        .progress = wish.quiet || !isatty(STDERR_FILENO) ? NULL : stderr,
    };
    if (vt_parse_time(wish.epoch, &params.epoch_ns) < 0)
        return bad_usage("--epoch takes a time such as " VT_RENDER_EPOCH);
    int error = vt_config_load(&config, wish.config, &diagnostics);
    vt_diagnostics_print(&diagnostics, wish.config, stderr);
    if (error)
        return 1;
    code = render(&wish, config, &params);
    vt_config_free(&config);
    return code;
}
