// A streamid as an SRT caller sends it: what comes out is short enough and can be shown.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/streamid.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check(const char *text, size_t least)
{
    assert(strlen(text) >= least && strlen(text) <= VT_KEY_MAX);
    for (const char *c = text; *c; c++)
        assert((unsigned char)*c >= 0x20 && *c != 0x7f);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct vt_streamid out = {.key = "untouched"};
    char *text = strndup((const char *)data, size);
    if (vt_streamid_srt(&out, text) == 0) {
        check(out.key, 1);
        check(out.resource, 0);
    } else {
        assert(strcmp(out.key, "untouched") == 0);
    }
    free(text);
    return 0;
}
