#include <string.h>

#include "packager/id3.h"

#define DESCRIPTION  "vitrine.cue.v1"
#define SCHEME       "https://aomedia.org/emsg/ID3"
#define VALUE        "0"
#define UTF8         3

// Seven bits a byte. ID3v2.4 has them in the frame's size too, unlike 2.3; below 128 nobody can tell.
static void write_synchsafe(struct vt_writer *w, size_t v)
{
    for (int shift = 21; shift >= 0; shift -= 7)
        vt_write_u8(w, (uint8_t)(v >> shift & 0x7F));
}

void vt_id3_txxx(struct vt_writer *w, const char *description, const char *value, size_t size)
{
    size_t body = 1 + strlen(description) + 1 + size;
    vt_write_text(w, "ID3");
    vt_write_u8(w, 4);
    vt_write_u8(w, 0);
    vt_write_u8(w, 0);
    write_synchsafe(w, 10 + body);
    vt_write_text(w, "TXXX");
    write_synchsafe(w, body);
    vt_write_u16be(w, 0);
    vt_write_u8(w, UTF8);
    vt_write_text(w, description);
    vt_write_u8(w, 0);
    vt_write_bytes(w, value, size);
}

void vt_cue_id3(struct vt_writer *w, const char *json, size_t size)
{
    vt_id3_txxx(w, DESCRIPTION, json, size);
}

void vt_id3_emsg(struct vt_writer *w, const struct vt_emsg *emsg, const char *description, const char *value,
                 size_t size)
{
    size_t start = w->size;
    vt_write_u32be(w, 0);
    vt_write_text(w, "emsg");
    vt_write_u32be(w, 0x01000000);
    vt_write_u32be(w, emsg->timescale);
    vt_write_u64be(w, emsg->presentation_time);
    vt_write_u32be(w, emsg->duration);
    vt_write_u32be(w, emsg->id);
    vt_write_bytes(w, SCHEME, sizeof SCHEME);
    vt_write_bytes(w, VALUE, sizeof VALUE);
    vt_id3_txxx(w, description, value, size);
    if (!w->failed)
        vt_patch_u32be(w, start, (uint32_t)(w->size - start));
}

void vt_cue_emsg(struct vt_writer *w, const struct vt_emsg *emsg, const char *json, size_t size)
{
    vt_id3_emsg(w, emsg, DESCRIPTION, json, size);
}

// FNV-1a. Only equality matters.
static uint32_t hash(uint32_t h, const void *data, size_t size)
{
    for (const uint8_t *p = data; size-- > 0; p++)
        h = (h ^ *p) * 16777619u;
    return h;
}

static uint32_t hash_number(uint32_t h, uint64_t v)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(v >> 8 * i);
    return hash(h, bytes, sizeof bytes);
}

uint32_t vt_cue_emsg_id(const char *id, int64_t rev, enum vt_cue_op op, uint64_t msn)
{
    uint32_t h = hash(2166136261u, id, strlen(id) + 1);
    h = hash_number(h, (uint64_t)rev);
    h = hash_number(h, op);
    h = hash_number(h, msn);
    return h ? h : 1;
}
