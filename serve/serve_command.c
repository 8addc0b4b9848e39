#include "serve/serve_command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sandbox.h"
#include "serve/supervisor.h"

static int load(struct vt_config **ret, const char *path)
{
    static struct vt_diagnostics diagnostics;       // 8 kB, used once
    int err = path ? vt_config_load(ret, path, &diagnostics)
                   : vt_config_parse(ret, "", 0, "/", &diagnostics);
    vt_diagnostics_print(&diagnostics, path ? path : "defaults", stderr);
    if (err == -ENOMEM)
        vt_error("out of memory");
    return err;
}

// Without a file the folder would be the root, and the API could name any file there is.
static int settle_folder(struct vt_config *config, const char *path)
{
    if (path)
        return 0;
    free(config->folder);
    config->folder = strdup(config->data);
    return config->folder ? 0 : -ENOMEM;
}

static int refuse_usage(const char *what, const char *why)
{
    fprintf(stderr, "vitrine serve: %s %s\nusage: vitrine serve [--config FILE]\n", what, why);
    return 2;
}

int vt_serve_main(int argc, char **argv)
{
    const char *path = access(VT_CONFIG_FILE, F_OK) == 0 ? VT_CONFIG_FILE : NULL;
    if (argc == 1 && strcmp(argv[0], "--config") == 0)
        return refuse_usage("--config", "needs the path of a file");
    if (argc == 2 && strcmp(argv[0], "--config") == 0)
        path = argv[1];
    else if (argc == 1 && strncmp(argv[0], "--config=", 9) == 0)
        path = argv[0] + 9;
    else if (argc > 0)
        return refuse_usage(argv[0], "is not understood");
    vt_log_init("supervisor");
    struct vt_config *config = NULL;
    int code = load(&config, path) || settle_folder(config, path) || vt_sandbox_prepare(config->sandbox)
                   ? 1 : vt_supervise(config, path);
    vt_config_free(&config);
    return code;
}
