// An RTMP parser with what it needs, fed by a test.
#pragma once

#include <errno.h>

#include "check.h"
#include "client.h"

// A parser with what it needs, and the last event.
struct session {
    struct vt_rtmp rtmp;
    struct vt_rtmp_buffers buffers;
    struct vt_writer reply;
    struct vt_rtmp_event event;
    size_t left;                         // of the bytes fed last
};

__attribute__((unused)) static void begin(struct session *s)
{
    memset(s, 0, sizeof *s);
    vt_rtmp_init(&s->rtmp, 1);
}

__attribute__((unused)) static void end(struct session *s)
{
    vt_rtmp_buffers_free(&s->buffers);
    vt_writer_free(&s->reply);
}

// Feeds until something happens; frees the writer.
__attribute__((unused)) static ssize_t feed(struct session *s, struct vt_writer *w)
{
    ssize_t n = vt_rtmp_feed(&s->rtmp, &s->buffers, w->data, w->size, &s->reply, &s->event);
    s->left = n < 0 ? 0 : w->size - (size_t)n;
    vt_writer_free(w);
    return n;
}

__attribute__((unused)) static void go_live(struct session *s)
{
    struct vt_writer w = {0};
    begin(s);
    client_publish(&w, "demo-key");
    feed(s, &w);
    vt_rtmp_accept(&s->rtmp, &s->reply);
    vt_writer_free(&s->reply);
}

__attribute__((unused)) static void expect_error(struct session *s, struct vt_writer *w, enum vt_rtmp_error error)
{
    REQUIRE(feed(s, w) == -EPROTO);
    REQUIRE_TEXT(vt_rtmp_error_name(vt_rtmp_why(&s->rtmp)), vt_rtmp_error_name(error));
    struct vt_writer again = {0};
    vt_write_u8(&again, 0);
    REQUIRE(feed(s, &again) == -EPROTO);
    end(s);
}

// What we say, in order: message types, commands with their transaction.
__attribute__((unused)) static void describe(const struct vt_writer *reply, size_t from, char *out, size_t room)
{
    struct vt_reader r = vt_reader(reply->data + from, reply->size - from);
    out[0] = 0;
    while (r.left > 0) {
        vt_read_skip(&r, 4);
        uint32_t size = vt_read_u24be(&r);
        uint8_t type = vt_read_u8(&r);
        uint32_t stream = vt_read_u32le(&r);
        struct vt_reader body = vt_read_sub(&r, size);
        REQUIRE(!r.failed);
        size_t at = strlen(out);
        struct vt_amf0_value name, transaction;
        if (type == VT_RTMP_COMMAND) {
            REQUIRE(vt_amf0_next(&body, &name) == 0 && vt_amf0_next(&body, &transaction) == 0);
            snprintf(out + at, room - at, "%.*s(%g)@%u ", (int)name.size, name.text, transaction.number,
                     stream);
        } else {
            snprintf(out + at, room - at, "%u ", type);
        }
    }
}

__attribute__((unused)) static void header(struct vt_writer *w, uint8_t csid, uint8_t type, uint32_t size, uint32_t time)
{
    vt_write_u8(w, csid);
    vt_write_u24be(w, time);
    vt_write_u24be(w, size);
    vt_write_u8(w, type);
    vt_write_u32le(w, 1);
}

__attribute__((unused)) static void connected(struct session *s)
{
    begin(s);
    s->rtmp.handshake.have = 1 + 2 * VT_RTMP_HANDSHAKE_BYTES;
}

__attribute__((unused)) static void expect_media(struct session *s, struct vt_writer *w, uint32_t time, size_t size)
{
    REQUIRE(feed(s, w) >= 0);
    REQUIRE_INT(s->event.kind, VT_RTMP_MEDIA);
    REQUIRE_INT(s->event.timestamp_ms, time);
    REQUIRE_INT(s->event.size, size);
}
