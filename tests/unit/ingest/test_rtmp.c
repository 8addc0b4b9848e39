// A whole connection: handshake, replies, aggregates, floods, and a state that is handed over.
#include "session.h"

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

TEST(empty_messages_of_every_type_are_harmless)
{
    struct session s;
    struct vt_writer w = {0};
    go_live(&s);
    for (int type = 0; type < 256; type++) {
        bool needs_body = type == VT_RTMP_SET_CHUNK_SIZE || type == VT_RTMP_ABORT ||
                          type == VT_RTMP_WINDOW_SIZE || type == VT_RTMP_COMMAND ||
                          type == VT_RTMP_COMMAND_AMF3;
        if (needs_body)
            continue;
        header(&w, 4, (uint8_t)type, 0, 0);
        REQUIRE(feed(&s, &w) >= 0);
        REQUIRE(s.event.kind == VT_RTMP_MORE || (s.event.kind == VT_RTMP_MEDIA && s.event.size == 0));
    }
    header(&w, 2, VT_RTMP_ABORT, 3, 0);
    vt_write_u24be(&w, 0);
    expect_error(&s, &w, VT_RTMP_ERROR_CONTROL);
}

// -- aggregates

static void part(struct vt_writer *w, uint8_t type, uint32_t size, uint32_t time, uint8_t fill)
{
    vt_write_u8(w, type);
    vt_write_u24be(w, size);
    vt_write_u24be(w, time & 0xffffff);
    vt_write_u8(w, (uint8_t)(time >> 24));
    vt_write_u24be(w, 0);
    vt_write_u8(w, fill);
    vt_write_u32be(w, size + 11);
}

TEST(aggregates_are_split_and_shifted)
{
    struct session s;
    struct vt_writer w = {0}, body = {0};
    go_live(&s);
    part(&body, VT_RTMP_AUDIO, 1, 5000, 1);
    part(&body, 77, 1, 5001, 1);
    part(&body, VT_RTMP_VIDEO, 1, 5020, 2);
    client_message(&w, 128, 6, VT_RTMP_AGGREGATE, 1, 100, body.data, body.size - 4);     // last trailer left out
    vt_writer_free(&body);
    expect_media(&s, &w, 100, 1);
    REQUIRE_INT(s.event.type, VT_RTMP_AUDIO);
    struct vt_writer nothing = {0};
    expect_media(&s, &nothing, 120, 1);
    REQUIRE_INT(s.event.data[0], 2);
    REQUIRE_INT(feed(&s, &nothing), 0);
    REQUIRE_INT(s.event.kind, VT_RTMP_MORE);
    end(&s);
}

TEST(aggregates_that_lie_are_refused)
{
    for (int i = 0; i < 3; i++) {
        struct session s;
        struct vt_writer w = {0}, body = {0};
        go_live(&s);
        if (i == 0)
            part(&body, VT_RTMP_AUDIO, 100, 0, 1);           // longer than what is there
        else if (i == 1)
            part(&body, VT_RTMP_AGGREGATE, 1, 0, 1);
        else
            vt_write_bytes(&body, "\x08\0\0", 3);
        client_message(&w, 128, 6, VT_RTMP_AGGREGATE, 1, 100, body.data, body.size);
        vt_writer_free(&body);
        expect_error(&s, &w, VT_RTMP_ERROR_AGGREGATE);
    }
}

// -- control

TEST(pings_are_answered_byte_for_byte)
{
    struct session s;
    struct vt_writer w = {0};
    connected(&s);
    client_message(&w, 128, 9, VT_RTMP_USER_CONTROL, 5, 0, "\0\6\x12\x34\x56\x78", 6);
    client_message(&w, 128, 9, VT_RTMP_USER_CONTROL, 5, 0, "\0\x1f\0\0\0\0", 6);     // unknown: nothing
    client_message(&w, 128, 9, VT_RTMP_USER_CONTROL, 5, 0, "\0", 1);
    REQUIRE(feed(&s, &w) > 0);
    REQUIRE_INT(s.reply.size, 18);
    REQUIRE(memcmp(s.reply.data, "\2\0\0\0\0\0\6\4\0\0\0\0\0\7\x12\x34\x56\x78", 18) == 0);
    end(&s);
}

TEST(bytes_are_acknowledged_every_half_window)
{
    struct session s;
    struct vt_writer w = {0};
    go_live(&s);
    uint64_t before = s.rtmp.received;
    client_number(&w, VT_RTMP_WINDOW_SIZE, 1);               // taken as the least
    feed(&s, &w);
    REQUIRE_INT(s.rtmp.window, VT_RTMP_WINDOW_MIN);
    vt_writer_free(&s.reply);
    s.rtmp.acknowledged = s.rtmp.received;
    static uint8_t body[VT_RTMP_WINDOW_MIN / 2 - 12];
    header(&w, 4, VT_RTMP_AUDIO, sizeof body, 0);
    s.rtmp.chunks.chunk_size = 0x10000;
    vt_write_bytes(&w, body, sizeof body - 1);
    feed(&s, &w);
    REQUIRE_INT(s.reply.size, 0);
    vt_write_u8(&w, 0);
    feed(&s, &w);
    REQUIRE_INT(s.reply.size, 16);
    REQUIRE_INT(s.reply.data[7], VT_RTMP_ACKNOWLEDGEMENT);
    struct vt_reader r = vt_reader(s.reply.data + 12, 4);
    REQUIRE_INT(vt_read_u32be(&r), s.rtmp.received);
    REQUIRE(s.rtmp.received > before);
    client_number(&w, VT_RTMP_WINDOW_SIZE, 0);               // changes nothing
    feed(&s, &w);
    REQUIRE_INT(s.rtmp.window, VT_RTMP_WINDOW_MIN);
    end(&s);
}

TEST(a_peer_that_does_not_read_is_given_up)
{
    struct session s;
    struct vt_writer w = {0};
    connected(&s);
    s.reply.limit = 17;                                      // one short of a pong
    client_message(&w, 128, 2, VT_RTMP_USER_CONTROL, 0, 0, "\0\6\0\0\0\0", 6);
    REQUIRE_INT(feed(&s, &w), -ENOBUFS);
    REQUIRE_TEXT(vt_rtmp_error_name(vt_rtmp_why(&s.rtmp)), "peer-deaf");
    end(&s);
}

TEST(commands_and_data_of_amf3_lose_their_first_byte)
{
    struct session s;
    struct vt_writer w = {0};
    connected(&s);
    struct vt_writer body = {0};
    vt_write_u8(&body, 0);
    vt_amf0_write_string(&body, "connect");
    vt_amf0_write_number(&body, 1);
    vt_amf0_write_object(&body);
    vt_amf0_write_end(&body);
    client_message(&w, 128, 3, VT_RTMP_COMMAND_AMF3, 0, 0, body.data, body.size);
    vt_writer_free(&body);
    REQUIRE(feed(&s, &w) > 0);
    REQUIRE_INT(s.rtmp.publish.stage, VT_RTMP_STAGE_CONNECTED);
    end(&s);
    go_live(&s);
    client_message(&w, 128, 5, VT_RTMP_DATA_AMF3, 1, 40, "\0\2\0\1x", 5);
    REQUIRE(feed(&s, &w) > 0);
    REQUIRE(s.event.kind == VT_RTMP_MEDIA && s.event.type == VT_RTMP_DATA && s.event.size == 4);
    end(&s);
}

TEST(a_large_body_is_given_back_and_a_small_one_kept)
{
    struct session s;
    struct vt_writer w = {0};
    static uint8_t body[VT_RTMP_KEEP_BYTES + 1];
    for (size_t more = 0; more < 2; more++) {
        go_live(&s);
        s.rtmp.chunks.chunk_size = VT_RTMP_CHUNK_SIZE_MAX;
        header(&w, 6, VT_RTMP_VIDEO, (uint32_t)(VT_RTMP_KEEP_BYTES + more), 0);
        vt_write_bytes(&w, body, VT_RTMP_KEEP_BYTES + more);
        expect_media(&s, &w, 0, VT_RTMP_KEEP_BYTES + more);
        vt_rtmp_chunks_release(&s.rtmp.chunks, &s.buffers);
        size_t kept = 0;
        for (int i = 0; i < VT_RTMP_CHUNK_STREAMS; i++)
            kept += s.buffers.room[i];
        REQUIRE_INT(kept, more ? 0 : VT_RTMP_KEEP_BYTES);
        end(&s);
    }
}

static size_t reply_after(struct session *s, size_t waiting, const char *what)
{
    struct vt_writer w = {0};
    vt_writer_free(&s->reply);
    while (s->reply.size < waiting)
        vt_write_u8(&s->reply, 0);
    if (what)
        client_command(&w, what, 9, 0, NULL);
    else
        client_message(&w, 128, 2, VT_RTMP_USER_CONTROL, 0, 0, "\0\6\0\0\0\0", 6);
    REQUIRE(feed(s, &w) > 0);
    return s->reply.size - waiting;
}

TEST(a_flood_is_answered_up_to_a_backlog)
{
    struct session s;
    connected(&s);
    REQUIRE_INT(reply_after(&s, VT_RTMP_REPLY_BACKLOG - 1, NULL), 18);
    REQUIRE_INT(reply_after(&s, VT_RTMP_REPLY_BACKLOG, NULL), 0);
    end(&s);
    go_live(&s);
    REQUIRE(reply_after(&s, VT_RTMP_REPLY_BACKLOG - 1, "_checkbw") > 0);
    REQUIRE_INT(reply_after(&s, VT_RTMP_REPLY_BACKLOG, "_checkbw"), 0);
    REQUIRE_INT(reply_after(&s, VT_RTMP_REPLY_BACKLOG, "FCPublish"), 0);
    end(&s);
}

// -- the handshake

TEST(handshake_in_single_bytes)
{
    struct session s;
    struct vt_writer all = {0};
    begin(&s);
    client_handshake(&all);
    for (size_t i = 0; i < all.size; i++) {
        REQUIRE_INT(vt_rtmp_feed(&s.rtmp, NULL, all.data + i, 1, &s.reply, &s.event), 1);
        REQUIRE_INT(s.reply.size, i < VT_RTMP_HANDSHAKE_BYTES ? 0 : HANDSHAKE_REPLY);
    }
    REQUIRE(vt_rtmp_handshake_done(&s.rtmp.handshake));
    REQUIRE_INT(s.reply.data[0], 3);
    REQUIRE(memcmp(s.reply.data + 5, "\0\0\0\0", 4) == 0);   // S1's version: no digest
    REQUIRE(memcmp(s.reply.data + 1 + VT_RTMP_HANDSHAKE_BYTES, all.data + 1, VT_RTMP_HANDSHAKE_BYTES) == 0);
    vt_writer_free(&all);
    end(&s);
}

TEST(a_spoiled_state_is_not_valid)
{
    struct session s;
    struct vt_writer w = {0};
    begin(&s);
    client_publish(&w, "k");
    feed(&s, &w);
    REQUIRE(vt_rtmp_valid(&s.rtmp));
    static struct vt_rtmp good, bad;
    good = s.rtmp;
#define SPOIL(change)                     \
    do {                                  \
        bad = good;                       \
        change;                           \
        REQUIRE(!vt_rtmp_valid(&bad));    \
    } while (0)
    SPOIL(bad.error = VT_RTMP_ERROR_AMF);
    SPOIL(bad.handshake.have = 5);
    SPOIL(bad.aggregate = 1);
    SPOIL(bad.window = 0);
    SPOIL(bad.acknowledged = bad.received + 1);
    SPOIL(bad.publish.stage = VT_RTMP_STAGE_LIVE);
    SPOIL(bad.publish.streams = VT_RTMP_STREAMS + 1);
    SPOIL(memset(bad.publish.name, 'x', sizeof bad.publish.name));
    SPOIL(bad.chunks.live = 1);
    SPOIL(bad.chunks.error = 1);
    SPOIL(bad.chunks.current = VT_RTMP_CHUNK_STREAMS);
    SPOIL(bad.chunks.current = -2);
    SPOIL(bad.chunks.current = 0);
    SPOIL(bad.chunks.delivered = 0);
    SPOIL(bad.chunks.chunk_size = 0);
    SPOIL(bad.chunks.chunk_size = VT_RTMP_CHUNK_SIZE_MAX + 1);
    SPOIL(bad.chunks.setup_used = VT_RTMP_SETUP_BYTES + 1);
    SPOIL(bad.chunks.setup_used = 1);
    SPOIL(bad.chunks.head_have = VT_RTMP_HEADER_MAX + 1);
    SPOIL((bad.chunks.head_have = 12, bad.chunks.head[0] = 4));
    SPOIL(bad.chunks.ahead_have = 5);
    SPOIL(bad.chunks.ahead_at = 1);
    SPOIL((bad.chunks.streams[0].pending = 1, bad.chunks.streams[0].length = 5));
    vt_rtmp_forget(&s.rtmp);
    REQUIRE(!memmem(&s.rtmp.publish, sizeof s.rtmp.publish, "k", 1) || s.rtmp.publish.name[0] == 0);
    end(&s);
}

TEST(every_error_has_a_name)
{
    for (int i = 0; i < VT_RTMP_ERROR_COUNT; i++)
        REQUIRE(vt_rtmp_error_name(i)[0] && vt_rtmp_error_text(i)[0]);
    REQUIRE_TEXT(vt_rtmp_error_name(VT_RTMP_ERROR_COUNT), "unknown");
    REQUIRE_TEXT(vt_rtmp_error_text(VT_RTMP_ERROR_COUNT), "unknown error");
}

int main(void)
{
    RUN(ffmpeg_publishes);
    RUN(asks_again_until_answered);
    RUN(encrypted_handshake_is_refused);
    RUN(empty_messages_of_every_type_are_harmless);
    RUN(aggregates_are_split_and_shifted);
    RUN(aggregates_that_lie_are_refused);
    RUN(pings_are_answered_byte_for_byte);
    RUN(bytes_are_acknowledged_every_half_window);
    RUN(a_peer_that_does_not_read_is_given_up);
    RUN(commands_and_data_of_amf3_lose_their_first_byte);
    RUN(a_large_body_is_given_back_and_a_small_one_kept);
    RUN(a_flood_is_answered_up_to_a_backlog);
    RUN(handshake_in_single_bytes);
    RUN(a_spoiled_state_is_not_valid);
    RUN(every_error_has_a_name);
    return DONE();
}
