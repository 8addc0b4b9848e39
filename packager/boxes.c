#include "packager/boxes.h"

size_t vt_box(struct vt_writer *w, const char type[4])
{
    size_t start = w->size;
    vt_write_u32be(w, 0);
    vt_write_bytes(w, type, 4);
    return start;
}

size_t vt_full_box(struct vt_writer *w, const char type[4], uint8_t version, uint32_t flags)
{
    size_t start = vt_box(w, type);
    vt_write_u8(w, version);
    vt_write_u24be(w, flags);
    return start;
}

void vt_box_end(struct vt_writer *w, size_t start)
{
    if (!w->failed)
        vt_patch_u32be(w, start, (uint32_t)(w->size - start));
}

void vt_write_zeros(struct vt_writer *w, size_t count)
{
    while (count-- > 0)
        vt_write_u8(w, 0);
}
