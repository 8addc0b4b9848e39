// Chunks and messages: headers, sizes, times, what is unfinished.
#include "session.h"

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

// -- chunk streams: limits at their value and one past it

TEST(message_sizes_are_bounded_by_type_and_stage)
{
    static const struct {
        uint8_t type;
        bool live;
        uint32_t most;
        enum vt_rtmp_error error;
    } cases[] = {
        {VT_RTMP_COMMAND, false, VT_RTMP_COMMAND_BYTES, VT_RTMP_ERROR_MESSAGE_SIZE},
        {VT_RTMP_COMMAND_AMF3, true, VT_RTMP_COMMAND_BYTES, VT_RTMP_ERROR_MESSAGE_SIZE},
        {VT_RTMP_SET_CHUNK_SIZE, false, VT_RTMP_CONTROL_BYTES, VT_RTMP_ERROR_MESSAGE_SIZE},
        {VT_RTMP_USER_CONTROL, true, VT_RTMP_CONTROL_BYTES, VT_RTMP_ERROR_MESSAGE_SIZE},
        {77, false, VT_RTMP_CONTROL_BYTES, VT_RTMP_ERROR_MESSAGE_SIZE},
        {77, true, VT_RTMP_DATA_BYTES, VT_RTMP_ERROR_MESSAGE_SIZE},
        {VT_RTMP_AUDIO, true, VT_RTMP_AUDIO_BYTES, VT_RTMP_ERROR_MESSAGE_SIZE},
        {VT_RTMP_VIDEO, true, VT_RTMP_VIDEO_BYTES, VT_RTMP_ERROR_MESSAGE_SIZE},
        {VT_RTMP_AGGREGATE, true, VT_RTMP_VIDEO_BYTES, VT_RTMP_ERROR_MESSAGE_SIZE},
        {VT_RTMP_DATA, true, VT_RTMP_DATA_BYTES, VT_RTMP_ERROR_MESSAGE_SIZE},
        {VT_RTMP_DATA_AMF3, true, VT_RTMP_DATA_BYTES, VT_RTMP_ERROR_MESSAGE_SIZE},
        {VT_RTMP_VIDEO, false, 0, VT_RTMP_ERROR_EARLY_MEDIA},
        {VT_RTMP_AUDIO, false, 0, VT_RTMP_ERROR_EARLY_MEDIA},
        {VT_RTMP_DATA, false, 0, VT_RTMP_ERROR_EARLY_MEDIA},
        {VT_RTMP_AGGREGATE, false, 0, VT_RTMP_ERROR_EARLY_MEDIA},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (uint32_t more = 0; more < 2; more++) {
            struct session s;
            struct vt_writer w = {0};
            if (cases[i].live)
                go_live(&s);
            else
                connected(&s);
            header(&w, 4, cases[i].type, cases[i].most + more, 0);
            if (more) {
                expect_error(&s, &w, cases[i].error);
            } else {
                REQUIRE(feed(&s, &w) > 0);
                end(&s);
            }
        }
    }
}

TEST(chunk_streams_are_bounded)
{
    struct session s;
    struct vt_writer w = {0};
    go_live(&s);                                 // uses 2 and 3
    for (uint8_t i = 0; i < VT_RTMP_CHUNK_STREAMS - 2; i++)
        header(&w, (uint8_t)(10 + i), 77, 0, 0);
    REQUIRE(feed(&s, &w) > 0);
    header(&w, 60, 77, 0, 0);
    expect_error(&s, &w, VT_RTMP_ERROR_CHUNK_STREAMS);
}

TEST(unfinished_messages_are_bounded_in_set_up)
{
    struct session s;
    struct vt_writer w = {0};
    connected(&s);
    header(&w, 4, VT_RTMP_COMMAND, VT_RTMP_COMMAND_BYTES, 0);
    vt_write_bytes(&w, (uint8_t[128]){0}, 128);
    header(&w, 5, VT_RTMP_COMMAND, VT_RTMP_SETUP_BYTES - VT_RTMP_COMMAND_BYTES, 0);
    vt_write_bytes(&w, (uint8_t[128]){0}, 128);
    REQUIRE(feed(&s, &w) > 0);
    header(&w, 6, VT_RTMP_COMMAND, 1, 0);
    expect_error(&s, &w, VT_RTMP_ERROR_PENDING_SIZE);
}

TEST(unfinished_messages_are_bounded_when_live)
{
    struct session s;
    struct vt_writer w = {0};
    go_live(&s);
    header(&w, 4, VT_RTMP_VIDEO, VT_RTMP_VIDEO_BYTES, 0);
    vt_write_bytes(&w, (uint8_t[128]){0}, 128);
    header(&w, 5, VT_RTMP_VIDEO, VT_RTMP_PENDING_BYTES - VT_RTMP_VIDEO_BYTES, 0);
    vt_write_bytes(&w, (uint8_t[128]){0}, 128);
    REQUIRE(feed(&s, &w) > 0);
    header(&w, 6, VT_RTMP_VIDEO, 1, 0);
    expect_error(&s, &w, VT_RTMP_ERROR_PENDING_SIZE);
}

TEST(a_chunk_stream_begins_with_a_header)
{
    for (uint8_t format = 2; format < 4; format++) {
        struct session s;
        struct vt_writer w = {0};
        go_live(&s);
        vt_write_u8(&w, (uint8_t)(format << 6 | 4));
        vt_write_u24be(&w, 0);
        expect_error(&s, &w, VT_RTMP_ERROR_NO_HEADER);
    }
    struct session s;                            // type 1 will do
    struct vt_writer w = {0};
    go_live(&s);
    vt_write_bytes(&w, "\x44\0\0\x28\0\0\1\x08\xaf", 9);
    expect_media(&s, &w, 40, 1);
    end(&s);
}

TEST(long_chunk_stream_ids_work)
{
    struct session s;
    struct vt_writer w = {0};
    go_live(&s);
    vt_write_bytes(&w, "\0\x10\0\0\5\0\0\1\x08\1\0\0\0x", 14);
    expect_media(&s, &w, 5, 1);
    vt_write_bytes(&w, "\1\x10\0\0\0\7\0\0\1\x08\1\0\0\0x", 15);     // the same stream, written with two bytes
    expect_media(&s, &w, 7, 1);
    vt_write_bytes(&w, "\xc0\x10y", 3);
    expect_media(&s, &w, 14, 1);
    end(&s);
}

TEST(chunk_sizes_are_checked)
{
    const uint32_t bad[] = {0, 0x80000000, 0x80000001};
    for (int i = 0; i < 3; i++) {
        struct session s;
        struct vt_writer w = {0};
        connected(&s);
        client_number(&w, VT_RTMP_SET_CHUNK_SIZE, bad[i]);
        expect_error(&s, &w, VT_RTMP_ERROR_CHUNK_SIZE);
    }
    struct session s;
    struct vt_writer w = {0};
    connected(&s);
    client_number(&w, VT_RTMP_SET_CHUNK_SIZE, 0x7fffffff);
    REQUIRE(feed(&s, &w) > 0);
    REQUIRE_INT(s.rtmp.chunks.chunk_size, VT_RTMP_CHUNK_SIZE_MAX);
    end(&s);
}

TEST(one_byte_chunks_work_and_change_in_mid_message)
{
    struct session s;
    struct vt_writer w = {0};
    go_live(&s);
    client_number(&w, VT_RTMP_SET_CHUNK_SIZE, 1);
    client_message(&w, 1, 4, VT_RTMP_AUDIO, 1, 20, "\xaf\1abc", 5);
    expect_media(&s, &w, 20, 5);
    REQUIRE(memcmp(s.event.data, "\xaf\1abc", 5) == 0);
    header(&w, 4, VT_RTMP_AUDIO, 5, 40);
    vt_write_u8(&w, 0xaf);
    client_message(&w, 1, 2, VT_RTMP_SET_CHUNK_SIZE, 0, 0, "\0\0\0\4", 4);
    vt_write_bytes(&w, "\xc4\1xyz", 5);
    expect_media(&s, &w, 40, 5);
    REQUIRE(memcmp(s.event.data, "\xaf\1xyz", 5) == 0);
    end(&s);
}

TEST(abort_drops_an_unfinished_message)
{
    struct session s;
    struct vt_writer w = {0};
    go_live(&s);
    header(&w, 4, VT_RTMP_VIDEO, 200, 0);
    vt_write_bytes(&w, (uint8_t[128]){0}, 128);
    client_number(&w, VT_RTMP_ABORT, 4);
    client_number(&w, VT_RTMP_ABORT, 4);         // nothing there any more
    client_number(&w, VT_RTMP_ABORT, 50);        // no such stream
    client_number(&w, VT_RTMP_ABORT, 2);         // its own
    client_message(&w, 128, 4, VT_RTMP_AUDIO, 1, 60, "\xaf", 1);
    expect_media(&s, &w, 60, 1);
    end(&s);
}

TEST(abort_keeps_the_other_messages_in_set_up)
{
    struct session s;
    struct vt_writer w = {0}, command = {0};
    connected(&s);
    header(&w, 5, VT_RTMP_COMMAND, 200, 0);
    vt_write_bytes(&w, (uint8_t[128]){0}, 128);
    client_connect(&command, "live", "a name that is long enough to need a second chunk");
    vt_write_bytes(&w, command.data, 12 + 128);
    client_number(&w, VT_RTMP_ABORT, 5);
    vt_write_bytes(&w, command.data + 12 + 128, command.size - 12 - 128);
    REQUIRE(feed(&s, &w) > 0);
    REQUIRE_TEXT(s.rtmp.publish.app, "live");
    REQUIRE_INT(s.rtmp.chunks.setup_used, 0);
    vt_writer_free(&command);
    end(&s);
}

TEST(extended_timestamps_are_taken_with_and_without_repetition)
{
    for (int repeated = 0; repeated < 2; repeated++) {
        struct session s;
        struct vt_writer w = {0};
        uint8_t body[300];
        memset(body, 0x11, sizeof body);
        go_live(&s);
        header(&w, 4, VT_RTMP_VIDEO, 300, 0xffffff);
        vt_write_u32be(&w, 0x01000000);
        for (int at = 0; at < 300; at += 128) {
            if (at > 0)
                vt_write_u8(&w, 0xc4);
            if (at > 0 && repeated)
                vt_write_u32be(&w, 0x01000000);
            vt_write_bytes(&w, body, at < 256 ? 128 : 44);
        }
        expect_media(&s, &w, 0x01000000, 300);
        REQUIRE(memcmp(s.event.data, body, 300) == 0);
        end(&s);
    }
}

TEST(what_only_began_like_an_extended_timestamp_is_read_again)
{
    // The last chunk of a message has two bytes, which equal the first of the timestamp; another message follows.
    struct session s;
    struct vt_writer w = {0};
    uint8_t body[130] = {[128] = 1, [129] = 0};
    go_live(&s);
    header(&w, 4, VT_RTMP_VIDEO, 130, 0xffffff);
    vt_write_u32be(&w, 0x01000000);
    vt_write_bytes(&w, body, 128);
    vt_write_u8(&w, 0xc4);
    vt_write_bytes(&w, body + 128, 2);
    size_t rest = w.size;
    header(&w, 5, VT_RTMP_AUDIO, 1, 9);
    vt_write_u8(&w, 0xaf);
    struct vt_writer all = w;
    ssize_t used = vt_rtmp_feed(&s.rtmp, &s.buffers, all.data, all.size, &s.reply, &s.event);
    REQUIRE_INT(s.event.kind, VT_RTMP_MEDIA);
    REQUIRE_INT(s.event.size, 130);
    REQUIRE_INT(s.event.data[128], 1);
    REQUIRE(used >= (ssize_t)rest);
    vt_rtmp_feed(&s.rtmp, &s.buffers, all.data + used, all.size - (size_t)used, &s.reply, &s.event);
    REQUIRE_INT(s.event.type, VT_RTMP_AUDIO);
    REQUIRE_INT(s.event.timestamp_ms, 9);
    vt_writer_free(&all);
    end(&s);
}

TEST(timestamps_follow_the_deltas)
{
    struct session s;
    struct vt_writer w = {0};
    go_live(&s);
    header(&w, 4, VT_RTMP_AUDIO, 1, 0xffffff);              // 0xffffff itself needs the long form
    vt_write_u32be(&w, 0xffffff);
    vt_write_u8(&w, 1);
    expect_media(&s, &w, 0xffffff, 1);
    vt_write_bytes(&w, "\x84\0\0\x17\1", 5);
    expect_media(&s, &w, 0xffffff + 23, 1);
    vt_write_bytes(&w, "\xc4\1", 2);
    expect_media(&s, &w, 0xffffff + 46, 1);
    vt_write_bytes(&w, "\x84\xff\xff\xff\xff\xff\xff\xf6\1", 9);   // a step of -10
    expect_media(&s, &w, 0xffffff + 36, 1);
    end(&s);
}

TEST(a_bare_chunk_after_a_full_header_repeats_only_a_small_time)
{
    const uint32_t times[][2] = {{VT_RTMP_TYPE0_DELTA_MAX_MS, 2 * VT_RTMP_TYPE0_DELTA_MAX_MS},
                                 {VT_RTMP_TYPE0_DELTA_MAX_MS + 1, VT_RTMP_TYPE0_DELTA_MAX_MS + 1}};
    for (int i = 0; i < 2; i++) {
        struct session s;
        struct vt_writer w = {0};
        go_live(&s);
        header(&w, 4, VT_RTMP_AUDIO, 1, times[i][0]);
        vt_write_u8(&w, 1);
        expect_media(&s, &w, times[i][0], 1);
        vt_write_bytes(&w, "\xc4\1", 2);
        expect_media(&s, &w, times[i][1], 1);
        end(&s);
    }
}

TEST(interleaved_messages_come_out_whole)
{
    struct session s;
    struct vt_writer w = {0};
    go_live(&s);
    for (uint8_t csid = 4; csid < 7; csid++) {
        header(&w, csid, VT_RTMP_VIDEO, 129, csid);
        for (int i = 0; i < 128; i++)
            vt_write_u8(&w, csid);
    }
    for (uint8_t csid = 6; csid > 3; csid--) {
        vt_write_u8(&w, 0xc0 | csid);
        vt_write_u8(&w, csid);
        expect_media(&s, &w, csid, 129);
        REQUIRE(s.event.data[0] == csid && s.event.data[128] == csid);
    }
    end(&s);
}

int main(void)
{
    RUN(header_inside_a_message_is_refused);
    RUN(message_sizes_are_bounded_by_type_and_stage);
    RUN(chunk_streams_are_bounded);
    RUN(unfinished_messages_are_bounded_in_set_up);
    RUN(unfinished_messages_are_bounded_when_live);
    RUN(a_chunk_stream_begins_with_a_header);
    RUN(long_chunk_stream_ids_work);
    RUN(chunk_sizes_are_checked);
    RUN(one_byte_chunks_work_and_change_in_mid_message);
    RUN(abort_drops_an_unfinished_message);
    RUN(abort_keeps_the_other_messages_in_set_up);
    RUN(extended_timestamps_are_taken_with_and_without_repetition);
    RUN(what_only_began_like_an_extended_timestamp_is_read_again);
    RUN(timestamps_follow_the_deltas);
    RUN(a_bare_chunk_after_a_full_header_repeats_only_a_small_time);
    RUN(interleaved_messages_come_out_whole);
    return DONE();
}
