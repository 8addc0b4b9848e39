// An app and a name, with a NUL between them: a key that comes out is short enough and can be shown.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/streamid.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    const unsigned char *nul = memchr(data, 0, size);
    size_t first = nul ? (size_t)(nul - data) : size;
    char *app = strndup((const char *)data, first);
    char *name = nul ? strndup((const char *)nul + 1, size - first - 1) : strdup("");
    char key[VT_KEY_ROOM] = "untouched";
    if (vt_streamid_rtmp(key, app, name) == 0) {
        assert(strlen(key) >= 1 && strlen(key) <= VT_KEY_MAX);
        for (const char *c = key; *c; c++)
            assert((unsigned char)*c >= 0x20 && *c != 0x7f);
    } else {
        assert(strcmp(key, "untouched") == 0);
    }
    free(app);
    free(name);
    return 0;
}
