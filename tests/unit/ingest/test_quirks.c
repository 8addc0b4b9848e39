// Streams with what encoders do wrong, and one without: what the publisher says that it met.
#include "check.h"
#include "client.h"
#include "ingest/publisher.h"
#include "ingest/quirks.h"

#define PICTURE "\x27\1\0\0\0picture"

static struct vt_publisher *publisher;
static struct vt_writer reply;
static int64_t now_ns;

static int on_frame(void *opaque, const AVFrame *frame)
{
    return 0;
}

static int on_samples(void *opaque, int64_t pts_ns, const float *interleaved, int count)
{
    return 0;
}

static void begin(void)
{
    static struct vt_rtmp rtmp;
    struct vt_writer bytes = {0};
    struct vt_rtmp_event event = {.kind = VT_RTMP_MORE};
    struct vt_decode_sink sink = {.frame = on_frame, .samples = on_samples};
    client_publish(&bytes, "key");
    vt_rtmp_init(&rtmp, 1);
    const uint8_t *at = bytes.data;
    for (size_t left = bytes.size; event.kind != VT_RTMP_ASKED;) {
        ssize_t used = vt_rtmp_feed(&rtmp, NULL, at, left, &reply, &event);
        REQUIRE(used >= 0 && (used > 0 || event.kind == VT_RTMP_ASKED));
        at += used, left -= (size_t)used;
    }
    vt_writer_free(&bytes);
    REQUIRE_INT(vt_publisher_new(&publisher, &rtmp, &sink, 1), 0);
    vt_publisher_accept(publisher, &reply);
    now_ns = 0;
}

static void send(uint8_t type, uint32_t time_ms, const void *body, size_t size)
{
    struct vt_writer bytes = {0};
    client_message(&bytes, 128, 4, type, 1, time_ms, body, size);
    REQUIRE_INT(vt_publisher_feed(publisher, bytes.data, bytes.size, now_ns, &reply), 0);
    reply.size = 0;
    vt_writer_free(&bytes);
}

#define SEND(type, time_ms, body) send(type, time_ms, body, sizeof body - 1)

static void send_metadata(void)
{
    struct vt_writer body = {0};
    vt_amf0_write_string(&body, "onMetaData");
    vt_amf0_write_object(&body);
    vt_amf0_write_name(&body, "width");
    vt_amf0_write_number(&body, 640);
    vt_amf0_write_end(&body);
    send(VT_RTMP_DATA, 0, body.data, body.size);
    vt_writer_free(&body);
}

static void send_configs(void)
{
    SEND(VT_RTMP_VIDEO, 0, "\x17\0\0\0\0picture's");
    SEND(VT_RTMP_AUDIO, 0, "\xaf\0sound's");
}

// Three pictures and the sound of their time, from `from_ms` on.
static void send_media(uint32_t from_ms)
{
    for (uint32_t i = 0; i < 3; i++) {
        now_ns += 40 * VT_NS_PER_MS;
        SEND(VT_RTMP_VIDEO, from_ms + 40 * i, PICTURE);
        SEND(VT_RTMP_AUDIO, from_ms + 40 * i, "\xaf\1sound");
    }
}

static uint32_t finish(void)
{
    struct vt_publisher_status status;
    vt_publisher_status(publisher, &status);
    vt_publisher_free(&publisher);
    vt_writer_free(&reply);
    return status.quirks;
}

// As it should be, up to where a test adds what should not.
static void begin_well(void)
{
    begin();
    send_metadata();
    send_configs();
    send_media(0);
}

TEST(a_stream_as_it_should_be_has_none)
{
    begin_well();
    send_media(120);
    SEND(VT_RTMP_VIDEO, 0, "\x17\0\0\0\0another picture's");
    send_media(240);
    REQUIRE_INT(finish(), 0);
}

TEST(timestamps_that_go_back)
{
    begin_well();
    send_media(60);
    REQUIRE_INT(finish(), VT_QUIRK_WENT_BACK);
}

TEST(timestamps_that_wrap_do_not_go_back)
{
    begin();
    send_metadata();
    send_configs();
    send_media(UINT32_MAX - 50);
    REQUIRE_INT(finish(), 0);
}

TEST(timestamps_that_stand_still)
{
    begin();
    send_metadata();
    send_configs();
    for (int i = 0; i < 10; i++) {
        now_ns += 400 * VT_NS_PER_MS;
        SEND(VT_RTMP_VIDEO, 0, PICTURE);
    }
    REQUIRE_INT(finish(), VT_QUIRK_STOOD_STILL);
}

TEST(composition_times)
{
    begin_well();
    SEND(VT_RTMP_VIDEO, 120, "\x27\1\0\0\x28picture");
    REQUIRE_INT(finish(), 0);
    begin_well();
    SEND(VT_RTMP_VIDEO, 120, "\x27\1\xff\xff\xffpicture");
    REQUIRE_INT(finish(), VT_QUIRK_NEGATIVE_COMPOSITION);
    begin_well();
    SEND(VT_RTMP_VIDEO, 120, "\x27\1\0\x27\x10picture");
    REQUIRE_INT(finish(), 0);
    begin_well();
    SEND(VT_RTMP_VIDEO, 120, "\x27\1\0\x27\x11picture");
    REQUIRE_INT(finish(), VT_QUIRK_FAR_COMPOSITION);
}

TEST(sequence_headers_repeated)
{
    begin_well();
    SEND(VT_RTMP_VIDEO, 120, "\x17\0\0\0\0picture's");
    REQUIRE_INT(finish(), VT_QUIRK_REPEATED_CONFIG);
}

TEST(no_metadata_at_first)
{
    begin();
    send_configs();
    send_media(0);
    send_metadata();
    REQUIRE_INT(finish(), VT_QUIRK_NO_METADATA);
}

TEST(empty_messages)
{
    begin_well();
    SEND(VT_RTMP_AUDIO, 120, "");
    REQUIRE_INT(finish(), VT_QUIRK_EMPTY_MESSAGE);
}

TEST(sound_without_its_header)
{
    begin();
    send_metadata();
    send_media(0);
    REQUIRE_INT(finish(), VT_QUIRK_NO_SOUND_CONFIG);
}

TEST(hevc_under_a_number)
{
    begin();
    send_metadata();
    SEND(VT_RTMP_VIDEO, 0, "\x1c\0\0\0\0picture's");
    SEND(VT_RTMP_VIDEO, 0, "\x1c\1\0\0\0picture");
    REQUIRE_INT(finish(), VT_QUIRK_HEVC_NUMBER);
    begin();
    send_metadata();
    SEND(VT_RTMP_VIDEO, 0, "\x90hvc1picture's");
    SEND(VT_RTMP_VIDEO, 0, "\x93hvc1picture");
    REQUIRE_INT(finish(), 0);
}

TEST(each_has_its_words)
{
    json_t *none = vt_quirks_json(0), *all = vt_quirks_json((1u << VT_QUIRKS) - 1), *one = vt_quirks_json(1u << 4);
    REQUIRE_INT(json_array_size(none), 0);
    REQUIRE_INT(json_array_size(all), VT_QUIRKS);
    REQUIRE_INT(json_array_size(one), 1);
    REQUIRE_TEXT(json_string_value(json_array_get(one, 0)), "sequence header repeated");
    json_decref(none);
    json_decref(all);
    json_decref(one);
}

int main(void)
{
    RUN(a_stream_as_it_should_be_has_none);
    RUN(timestamps_that_go_back);
    RUN(timestamps_that_wrap_do_not_go_back);
    RUN(timestamps_that_stand_still);
    RUN(composition_times);
    RUN(sequence_headers_repeated);
    RUN(no_metadata_at_first);
    RUN(empty_messages);
    RUN(sound_without_its_header);
    RUN(hevc_under_a_number);
    RUN(each_has_its_words);
    return DONE();
}
