// Every value of a message, and every value within it: what was given out can be walked without a failure.
#include <assert.h>
#include <string.h>

#include "ingest/amf0.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int walk(const struct vt_amf0_value *value, int depth)
{
    struct vt_reader r = value->members;
    struct vt_amf0_value member;
    int count = 1;
    char text[64];
    assert(depth <= VT_AMF0_DEPTH_MAX);
    if (vt_amf0_copy(value, text, sizeof text) == 0)
        assert(strlen(text) == value->size);
    vt_amf0_find(value, "app", &member);
    while ((value->type == VT_AMF0_OBJECT || value->type == VT_AMF0_ARRAY) && r.left > 0) {
        if (value->type == VT_AMF0_OBJECT)
            vt_read_skip(&r, vt_read_u16be(&r));
        int error = vt_amf0_next(&r, &member);
        assert(error == 0);
        count += walk(&member, depth + 1);
    }
    assert(count <= VT_AMF0_VALUES_MAX);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vt_reader r = vt_reader(data, size);
    struct vt_amf0_value value;
    while (vt_amf0_next(&r, &value) == 0)
        walk(&value, 0);
    return 0;
}
