#include "serve/asks.h"

#include <unistd.h>

static int count(const struct vt_asks *asks)
{
    return asks->n_rtmp + asks->n_srt;
}

bool vt_ask_is_srt(const struct vt_ask *ask)
{
    return ask->socket >= 0;
}

struct vt_ask *vt_asks_add(struct vt_asks *asks, int64_t conn, const char *protocol, int socket)
{
    bool srt = socket >= 0, full = srt ? asks->n_srt == VT_ASKS_SRT : asks->n_rtmp == VT_ASKS_RTMP;
    if (full || vt_asks_find(asks, srt, conn))
        return NULL;
    struct vt_ask *ask = &asks->list[count(asks)];
    *ask = (struct vt_ask){.socket = socket, .candidate = {.conn = conn, .protocol = protocol}};
    *(srt ? &asks->n_srt : &asks->n_rtmp) += 1;
    return ask;
}

struct vt_ask *vt_asks_find(struct vt_asks *asks, bool srt, int64_t conn)
{
    for (int i = 0; i < count(asks); i++) {
        if (vt_ask_is_srt(&asks->list[i]) == srt && asks->list[i].candidate.conn == conn)
            return &asks->list[i];
    }
    return NULL;
}

struct vt_ask *vt_asks_find_hook(struct vt_asks *asks, int64_t hook)
{
    for (int i = 0; i < count(asks); i++) {
        if (asks->list[i].hook == hook)
            return &asks->list[i];
    }
    return NULL;
}

bool vt_asks_name(const struct vt_asks *asks, int channel)
{
    for (int i = 0; i < count(asks); i++) {
        const struct vt_ask *ask = &asks->list[i];
        bool decided = ask->known || !ask->hook;
        if (decided && ask->candidate.permit.channel == channel)
            return true;
    }
    return false;
}

void vt_asks_drop(struct vt_asks *asks, struct vt_ask *ask)
{
    bool srt = vt_ask_is_srt(ask);
    if (srt)
        close(ask->socket);
    *ask = asks->list[count(asks) - 1];
    *(srt ? &asks->n_srt : &asks->n_rtmp) -= 1;
}

void vt_asks_drop_rtmp(struct vt_asks *asks)
{
    for (int i = count(asks) - 1; i >= 0; i--) {
        if (!vt_ask_is_srt(&asks->list[i]))
            vt_asks_drop(asks, &asks->list[i]);
    }
}

void vt_asks_free(struct vt_asks *asks)
{
    while (count(asks) > 0)
        vt_asks_drop(asks, &asks->list[0]);
}
