#include "ingest/amf0.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum marker {
    MARKER_NUMBER = 0,
    MARKER_BOOLEAN = 1,
    MARKER_STRING = 2,
    MARKER_OBJECT = 3,
    MARKER_NULL = 5,
    MARKER_UNDEFINED = 6,
    MARKER_ECMA_ARRAY = 8,
    MARKER_END = 9,
    MARKER_STRICT_ARRAY = 10,
    MARKER_DATE = 11,
    MARKER_LONG_STRING = 12,
    MARKER_XML = 15,
};

static bool skip_value(struct vt_reader *r, int depth, int *budget);

// Skips name and value pairs up to and with the empty name and end marker.
static bool skip_members(struct vt_reader *r, int depth, int *budget)
{
    for (;;) {
        uint16_t name = vt_read_u16be(r);
        vt_read_skip(r, name);
        if (r->failed)
            return false;
        if (name == 0 && r->left > 0 && *r->at == MARKER_END) {
            vt_read_skip(r, 1);
            return true;
        }
        if (!skip_value(r, depth, budget))
            return false;
    }
}

static bool skip_elements(struct vt_reader *r, int depth, int *budget)
{
    uint32_t count = vt_read_u32be(r);
    for (uint32_t i = 0; i < count; i++) {
        if (!skip_value(r, depth, budget))
            return false;
    }
    return !r->failed;
}

static bool skip_value(struct vt_reader *r, int depth, int *budget)
{
    uint8_t marker = vt_read_u8(r);
    if (r->failed || (*budget)-- <= 0)
        return false;
    switch (marker) {
    case MARKER_NUMBER:
        vt_read_skip(r, 8);
        break;
    case MARKER_BOOLEAN:
        vt_read_skip(r, 1);
        break;
    case MARKER_STRING:
        vt_read_skip(r, vt_read_u16be(r));
        break;
    case MARKER_NULL:
    case MARKER_UNDEFINED:
        break;
    case MARKER_OBJECT:
        return depth < VT_AMF0_DEPTH_MAX && skip_members(r, depth + 1, budget);
    case MARKER_ECMA_ARRAY:
        vt_read_skip(r, 4);
        return depth < VT_AMF0_DEPTH_MAX && skip_members(r, depth + 1, budget);
    case MARKER_STRICT_ARRAY:
        return depth < VT_AMF0_DEPTH_MAX && skip_elements(r, depth + 1, budget);
    case MARKER_DATE:
        vt_read_skip(r, 10);
        break;
    case MARKER_LONG_STRING:
    case MARKER_XML:
        vt_read_skip(r, vt_read_u32be(r));
        break;
    default:
        return false;
    }
    return !r->failed;
}

static void read_text(struct vt_reader *whole, size_t size, struct vt_amf0_value *value)
{
    value->type = VT_AMF0_STRING;
    value->text = (const char *)vt_read_bytes(whole, size);
    value->size = size;
}

// Fills `value` from its own bytes, which skip_value has found to be in order.
static void read_value(struct vt_reader whole, struct vt_amf0_value *value)
{
    uint8_t marker = vt_read_u8(&whole);
    switch (marker) {
    case MARKER_NUMBER:
    case MARKER_DATE:
        value->type = marker == MARKER_DATE ? VT_AMF0_DATE : VT_AMF0_NUMBER;
        value->number = vt_read_f64be(&whole);
        break;
    case MARKER_BOOLEAN:
        value->type = VT_AMF0_BOOLEAN;
        value->boolean = vt_read_u8(&whole) != 0;
        break;
    case MARKER_STRING:
        read_text(&whole, vt_read_u16be(&whole), value);
        break;
    case MARKER_LONG_STRING:
    case MARKER_XML:
        read_text(&whole, vt_read_u32be(&whole), value);
        break;
    case MARKER_OBJECT:
    case MARKER_ECMA_ARRAY:
        value->type = VT_AMF0_OBJECT;
        vt_read_skip(&whole, marker == MARKER_ECMA_ARRAY ? 4 : 0);
        value->members = vt_read_sub(&whole, whole.left - 3);
        break;
    case MARKER_STRICT_ARRAY:
        value->type = VT_AMF0_ARRAY;
        vt_read_skip(&whole, 4);
        value->members = whole;
        break;
    default:
        value->type = VT_AMF0_NULL;
    }
    assert(!whole.failed);
}

int vt_amf0_next(struct vt_reader *r, struct vt_amf0_value *ret)
{
    if (r->failed)
        return -EBADMSG;
    if (r->left == 0)
        return -ENODATA;
    struct vt_reader rest = *r;
    int budget = VT_AMF0_VALUES_MAX;
    if (!skip_value(&rest, 0, &budget))
        return -EBADMSG;
    struct vt_amf0_value value = {0};
    read_value(vt_read_sub(r, r->left - rest.left), &value);
    *ret = value;
    return 0;
}

bool vt_amf0_find(const struct vt_amf0_value *object, const char *name, struct vt_amf0_value *ret)
{
    if (object->type != VT_AMF0_OBJECT)
        return false;
    struct vt_reader r = object->members;
    size_t length = strlen(name);
    while (r.left > 0) {
        struct vt_amf0_value value;
        uint16_t size = vt_read_u16be(&r);
        const uint8_t *text = vt_read_bytes(&r, size);
        if (!text || vt_amf0_next(&r, &value) < 0)
            return false;
        if (size == length && memcmp(text, name, length) == 0) {
            *ret = value;
            return true;
        }
    }
    return false;
}

bool vt_amf0_is(const struct vt_amf0_value *value, const char *text)
{
    return value->type == VT_AMF0_STRING && value->size == strlen(text) &&
           memcmp(value->text, text, value->size) == 0;
}

int vt_amf0_copy(const struct vt_amf0_value *value, char *out, size_t room)
{
    if (value->type != VT_AMF0_STRING || memchr(value->text, 0, value->size))
        return -EINVAL;
    if (value->size >= room)
        return -EMSGSIZE;
    memcpy(out, value->text, value->size);
    out[value->size] = 0;
    return 0;
}

void vt_amf0_write_number(struct vt_writer *w, double number)
{
    vt_write_u8(w, MARKER_NUMBER);
    vt_write_f64be(w, number);
}

void vt_amf0_write_boolean(struct vt_writer *w, bool boolean)
{
    vt_write_u8(w, MARKER_BOOLEAN);
    vt_write_u8(w, boolean);
}

void vt_amf0_write_string(struct vt_writer *w, const char *text)
{
    vt_write_u8(w, MARKER_STRING);
    vt_amf0_write_name(w, text);
}

void vt_amf0_write_null(struct vt_writer *w)
{
    vt_write_u8(w, MARKER_NULL);
}

void vt_amf0_write_object(struct vt_writer *w)
{
    vt_write_u8(w, MARKER_OBJECT);
}

void vt_amf0_write_name(struct vt_writer *w, const char *name)
{
    size_t length = strlen(name);
    assert(length <= UINT16_MAX);
    vt_write_u16be(w, (uint16_t)length);
    vt_write_bytes(w, name, length);
}

void vt_amf0_write_end(struct vt_writer *w)
{
    vt_write_u24be(w, MARKER_END);
}
