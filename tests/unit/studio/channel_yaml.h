// Reads a channel's configuration from YAML, for the tests of what it says. One channel at a time.
#pragma once

#include <errno.h>

#include "check.h"
#include "studio/channel.h"

static struct vt_channel channel;
static struct vt_diagnostics diagnostics;

static int read_yaml(const char *text)
{
    struct vt_yaml_document *document = NULL;
    vt_channel_free(&channel);
    vt_channel_init(&channel, "mango");
    diagnostics = (struct vt_diagnostics){0};
    REQUIRE_INT(vt_yaml_parse(&document, text, strlen(text), &diagnostics), 0);
    int err = vt_channel_from_yaml(&channel, vt_yaml_root(document), "/srv/shop", &diagnostics);
    vt_yaml_free(&document);
    return err;
}

static void require_error(const char *text, int line, int column, const char *message)
{
    REQUIRE_INT(read_yaml(text), -EINVAL);
    REQUIRE(diagnostics.count >= 1);
    REQUIRE_TEXT(diagnostics.list[0].text, message);
    REQUIRE_INT(diagnostics.list[0].line, line);
    REQUIRE_INT(diagnostics.list[0].column, column);
    REQUIRE_INT(diagnostics.errors, 1);
}
