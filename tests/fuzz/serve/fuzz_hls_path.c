// Any address: what it resolves to stays below one channel's folder. Any Range header: what it gives lies in the file.
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "serve/hls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_component(const char *name, bool last)
{
    assert(name[0] && strlen(name) <= VT_HLS_NAME_MAX);
    assert(!strchr(name, '/') && !strstr(name, "..") && name[0] != '.');
    assert(last || vt_name_valid(name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = 0;
    struct vt_hls_file file;
    if (vt_hls_resolve(text, &file) == 0) {
        assert(file.count >= 2 && file.count <= VT_HLS_COMPONENTS);
        for (int i = 0; i < file.count; i++)
            check_component(file.component[i], i == file.count - 1);
    }
    int64_t first, length;
    if (vt_hls_range(text, 1000, &first, &length) == 1)
        assert(first >= 0 && length >= 1 && first + length <= 1000);
    free(text);
    return 0;
}
