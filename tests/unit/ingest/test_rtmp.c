#include "check.h"

#include <errno.h>

#include "client.h"

// A parser with what it needs, and the last event.
struct session {
    struct vt_rtmp rtmp;
    struct vt_rtmp_buffers buffers;
    struct vt_writer reply;
    struct vt_rtmp_event event;
    size_t left;                         // of the bytes fed last
};

static void begin(struct session *s)
{
    memset(s, 0, sizeof *s);
    vt_rtmp_init(&s->rtmp, 1);
}

static void end(struct session *s)
{
    vt_rtmp_buffers_free(&s->buffers);
    vt_writer_free(&s->reply);
}

// Feeds until something happens; frees the writer.
static ssize_t feed(struct session *s, struct vt_writer *w)
{
    ssize_t n = vt_rtmp_feed(&s->rtmp, &s->buffers, w->data, w->size, &s->reply, &s->event);
    s->left = n < 0 ? 0 : w->size - (size_t)n;
    vt_writer_free(w);
    return n;
}

static void go_live(struct session *s)
{
    struct vt_writer w = {0};
    begin(s);
    client_publish(&w, "demo-key");
    feed(s, &w);
    vt_rtmp_accept(&s->rtmp, &s->reply);
    vt_writer_free(&s->reply);
}

static void expect_error(struct session *s, struct vt_writer *w, enum vt_rtmp_error error)
{
    REQUIRE(feed(s, w) == -EPROTO);
    REQUIRE_TEXT(vt_rtmp_error_name(vt_rtmp_why(&s->rtmp)), vt_rtmp_error_name(error));
    struct vt_writer again = {0};
    vt_write_u8(&again, 0);
    REQUIRE(feed(s, &again) == -EPROTO);
    end(s);
}

// What we say, in order: message types, commands with their transaction.
static void describe(const struct vt_writer *reply, size_t from, char *out, size_t room)
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
            snprintf(out + at, room - at, "%.*s(%g)@%u ", (int)name.size, name.text, transaction.number, stream);
        } else {
            snprintf(out + at, room - at, "%u ", type);
        }
    }
}

#define HANDSHAKE_REPLY (1 + 2 * VT_RTMP_HANDSHAKE_BYTES)

TEST(ffmpeg_publishes)
{
    struct session s;
    struct vt_writer w = {0};
    char text[512];
    begin(&s);
    client_publish(&w, "demo-key?auth=abc");
    client_message(&w, 128, 4, VT_RTMP_VIDEO, 1, 0, "\x17", 1);
    REQUIRE(feed(&s, &w) > 0);
    REQUIRE_INT(s.event.kind, VT_RTMP_ASKED);
    REQUIRE_INT(s.left, 13);                    // what follows publish is not touched
    REQUIRE_TEXT(s.rtmp.publish.app, "live");
    REQUIRE_TEXT(s.rtmp.publish.name, "demo-key?auth=abc");
    REQUIRE_TEXT(s.rtmp.publish.encoder, "FMLE/3.0 (compatible; Lavf59.27.100)");
    describe(&s.reply, HANDSHAKE_REPLY, text, sizeof text);
    REQUIRE_TEXT(text, "5 6 4 1 _result(1)@0 _result(2)@0 onFCPublish(3)@0 _result(4)@0 ");

    size_t before = s.reply.size;
    vt_rtmp_accept(&s.rtmp, &s.reply);
    describe(&s.reply, before, text, sizeof text);
    REQUIRE_TEXT(text, "4 onStatus(0)@1 ");

    client_message(&w, 128, 4, VT_RTMP_VIDEO, 1, 40, "\x17\x01", 2);
    REQUIRE(feed(&s, &w) > 0);
    REQUIRE_INT(s.event.kind, VT_RTMP_MEDIA);
    REQUIRE_INT(s.event.type, VT_RTMP_VIDEO);
    REQUIRE_INT(s.event.timestamp_ms, 40);
    REQUIRE_INT(s.event.size, 2);
    client_command(&w, "FCUnpublish", 6, 0, "demo-key");
    REQUIRE(feed(&s, &w) > 0);
    REQUIRE_INT(s.event.kind, VT_RTMP_UNPUBLISHED);
    end(&s);
}

TEST(asks_again_until_answered)
{
    struct session s;
    struct vt_writer w = {0};
    begin(&s);
    client_publish(&w, "k");
    feed(&s, &w);
    vt_write_u8(&w, 4);
    REQUIRE_INT(feed(&s, &w), 0);
    REQUIRE_INT(s.event.kind, VT_RTMP_ASKED);
    end(&s);
}

TEST(encrypted_handshake_is_refused)
{
    struct session s;
    struct vt_writer w = {0};
    begin(&s);
    vt_write_u8(&w, 6);
    expect_error(&s, &w, VT_RTMP_ERROR_VERSION);
}

TEST(header_inside_a_message_is_refused)
{
    for (uint8_t format = 0; format < 3; format++) {
        struct session s;
        struct vt_writer w = {0};
        go_live(&s);
        client_message(&w, 128, 4, VT_RTMP_VIDEO, 1, 0, (uint8_t[200]){0x17}, 200);
        w.size -= 73;                            // one chunk of two, then another header
        vt_write_u8(&w, (uint8_t)(format << 6 | 4));
        vt_write_bytes(&w, "\0\0\0\0\xff\xff\x09\1\0\0\0", 11);
        expect_error(&s, &w, VT_RTMP_ERROR_HEADER_IN_MESSAGE);
    }
}

int main(void)
{
    RUN(ffmpeg_publishes);
    RUN(asks_again_until_answered);
    RUN(encrypted_handshake_is_refused);
    RUN(header_inside_a_message_is_refused);
    return DONE();
}
