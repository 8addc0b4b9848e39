#include "check.h"

#include <errno.h>

#include "client.h"
#include "ingest/rtmp_publish.h"
#include "ingest/rtmp_reply.h"

static struct vt_rtmp_publish publish;
static struct vt_writer reply;

// Sends one command with its arguments already written.
static enum vt_rtmp_error send_raw(uint32_t stream, struct vt_writer *body)
{
    struct vt_rtmp_message message = {VT_RTMP_COMMAND, 3, stream, 0, body->data, body->size};
    vt_writer_free(&reply);
    enum vt_rtmp_error error = vt_rtmp_publish_command(&publish, &message, &reply);
    vt_writer_free(body);
    return error;
}

static enum vt_rtmp_error send_command(const char *name, double transaction, uint32_t stream,
                                       const char *argument)
{
    struct vt_writer body = {0};
    vt_amf0_write_string(&body, name);
    vt_amf0_write_number(&body, transaction);
    vt_amf0_write_null(&body);
    if (argument)
        vt_amf0_write_string(&body, argument);
    return send_raw(stream, &body);
}

static enum vt_rtmp_error send_connect(const char *member, const char *value)
{
    struct vt_writer body = {0};
    vt_amf0_write_string(&body, "connect");
    vt_amf0_write_number(&body, 1);
    vt_amf0_write_object(&body);
    vt_amf0_write_name(&body, member);
    vt_amf0_write_string(&body, value);
    vt_amf0_write_end(&body);
    return send_raw(0, &body);
}

static void connect_it(void)
{
    vt_rtmp_publish_init(&publish);
    REQUIRE_INT(send_connect("app", "live"), 0);
}

#define REPLIED(bytes)                                              \
    do {                                                            \
        static const char want_[] = bytes;                          \
        REQUIRE_INT(reply.size, sizeof want_ - 1);                  \
        REQUIRE(memcmp(reply.data, want_, reply.size) == 0);    \
    } while (0)

TEST(connect_is_answered_byte_for_byte)
{
    connect_it();
    REPLIED("\2\0\0\0\0\0\4\5\0\0\0\0\0\x26\x25\xa0"
            "\2\0\0\0\0\0\5\6\0\0\0\0\0\x26\x25\xa0\2"
            "\2\0\0\0\0\0\6\4\0\0\0\0\0\0\0\0\0\0"
            "\2\0\0\0\0\0\4\1\0\0\0\0\0\0\xea\x60"
            "\3\0\0\0\0\0\xbe\x14\0\0\0\0\2\0\7_result\0\x3f\xf0\0\0\0\0\0\0"
            "\3\0\6fmsVer\2\0\x0d"
            "FMS/3,0,1,123\0\x0c"
            "capabilities\0\x40\x3f\0\0\0\0\0\0\0\0\x09"
            "\3\0\5level\2\0\6status\0\4code\2\0\x1dNetConnection.Connect.Success"
            "\0\x0b"
            "description\2\0\x15"
            "Connection succeeded.\0\x0eobjectEncoding\0\0\0\0\0\0\0\0\0\0\0\x09");
}

// The same answer, with what is understood of Enhanced RTMP between its last member and its end.
TEST(an_encoder_of_enhanced_rtmp_is_told_what_is_understood)
{
    connect_it();
    REQUIRE(!memmem(reply.data, reply.size, "FourCc", 6) && !memmem(reply.data, reply.size, "capsEx", 6));
    static const char *const names[] = {"fourCcList", "videoFourCcInfoMap", "audioFourCcInfoMap", "capsEx"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        vt_rtmp_publish_init(&publish);
        REQUIRE_INT(send_connect(names[i], "*"), 0);
        static const char list[] = "\0\x0a" "fourCcList\x0a\0\0\0\x0b\2\0\4mp4a\2\0\4Opus\2\0\4fLaC\2\0\4ac-3\2\0\4ec-3"
                                   "\2\0\4.mp3\2\0\4avc1\2\0\4hvc1\2\0\4av01\2\0\4vp08\2\0\4vp09"
                                   "\0\x12videoFourCcInfoMap\3\0\4avc1\0\x3f\xf0\0\0\0\0\0\0";
        static const char last[] = "\0\6capsEx\0\x40\x2e\0\0\0\0\0\0\0\0\x09";
        REQUIRE(memmem(reply.data, reply.size, list, sizeof list - 1));
        REQUIRE(memcmp(reply.data + reply.size - sizeof last + 1, last, sizeof last - 1) == 0);
    }
}

// Connects with a capsEx, and publishes.
static void publish_with_caps(double caps)
{
    struct vt_writer body = {0};
    vt_rtmp_publish_init(&publish);
    vt_amf0_write_string(&body, "connect");
    vt_amf0_write_number(&body, 1);
    vt_amf0_write_object(&body);
    vt_amf0_write_name(&body, "capsEx");
    vt_amf0_write_number(&body, caps);
    vt_amf0_write_end(&body);
    REQUIRE_INT(send_raw(0, &body), 0);
    REQUIRE_INT(send_command("publish", 5, 1, "k"), 0);
    vt_writer_free(&reply);
}

TEST(who_can_is_asked_to_connect_again)
{
    publish_with_caps(1 | 4);
    REQUIRE(!vt_rtmp_publish_reconnect(&publish, "later", &reply));       // it does not publish yet
    vt_rtmp_publish_accept(&publish, &reply);
    vt_writer_free(&reply);
    REQUIRE(vt_rtmp_publish_reconnect(&publish, "later", &reply));
    REPLIED("\3\0\0\0\0\0\x6d\x14\0\0\0\0\2\0\x08onStatus\0\0\0\0\0\0\0\0\0\5\3\0\5level\2\0\6status\0\4"
            "code\2\0\x26NetConnection.Connect.ReconnectRequest\0\x0b" "description\2\0\5later\0\0\x09");
    REQUIRE_INT(publish.stage, VT_RTMP_STAGE_LIVE);                      // and goes on meanwhile
    REQUIRE(vt_rtmp_publish_valid(&publish));
    static const double others[] = {0, 2, 4, 14, -1, 65536, 1e300, INFINITY, NAN};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        publish_with_caps(others[i]);
        vt_rtmp_publish_accept(&publish, &reply);
        vt_writer_free(&reply);
        REQUIRE(!vt_rtmp_publish_reconnect(&publish, "later", &reply) && reply.size == 0);
    }
}

TEST(the_way_to_publish_is_answered_byte_for_byte)
{
    connect_it();
    REQUIRE_INT(send_command("releaseStream", 2, 0, "k"), 0);
    REPLIED("\3\0\0\0\0\0\x15\x14\0\0\0\0\2\0\7_result\0\x40\0\0\0\0\0\0\0\5\5");
    REQUIRE_INT(send_command("FCPublish", 0, 0, "k"), 0);            // GStreamer's transaction id
    REPLIED("\3\0\0\0\0\0\x4c\x14\0\0\0\0\2\0\x0bonFCPublish\0\0\0\0\0\0\0\0\0\5"
            "\3\0\4code\2\0\x17NetStream.Publish.Start\0\x0b" "description\2\0\0\0\0\x09");
    REQUIRE_INT(send_command("createStream", 4, 0, NULL), 0);
    REPLIED("\3\0\0\0\0\0\x1d\x14\0\0\0\0\2\0\7_result\0\x40\x10\0\0\0\0\0\0\5\0\x3f\xf0\0\0\0\0\0\0");
    REQUIRE_INT(send_command("_checkbw", 5, 0, NULL), 0);
    REQUIRE(reply.size > 0);
    REQUIRE_INT(send_command("getStreamLength", 6, 0, "k"), 0);      // unknown ones are passed over
    REQUIRE_INT(reply.size, 0);
    REQUIRE_INT(send_command("publish", 5, 1, "k"), 0);
    REQUIRE_INT(reply.size, 0);
    REQUIRE_INT(publish.stage, VT_RTMP_STAGE_ASKED);
    vt_rtmp_publish_accept(&publish, &reply);
    REPLIED("\2\0\0\0\0\0\6\4\0\0\0\0\0\0\0\0\0\1"
            "\3\0\0\0\0\0\x64\x14\1\0\0\0\2\0\x08onStatus\0\0\0\0\0\0\0\0\0\5"
            "\3\0\5level\2\0\6status\0\4code\2\0\x17NetStream.Publish.Start"
            "\0\x0b" "description\2\0\x0bPublishing.\0\0\x09");
}

TEST(a_refusal_is_written_byte_for_byte)
{
    connect_it();
    send_command("publish", 5, 1, "k");
    vt_rtmp_publish_refuse(&publish, NULL, "No.", &reply);
    REPLIED("\3\0\0\0\0\0\x5d\x14\1\0\0\0\2\0\x08onStatus\0\0\0\0\0\0\0\0\0\5"
            "\3\0\5level\2\0\5error\0\4code\2\0\x19NetStream.Publish.BadName"
            "\0\x0b" "description\2\0\3No.\0\0\x09");
    REQUIRE_INT(publish.stage, VT_RTMP_STAGE_ENDED);
    vt_writer_free(&reply);
    char text[VT_RTMP_DESCRIPTION_MAX + 8];                          // cut, but not within a character
    memset(text, 'x', sizeof text);
    memcpy(text + VT_RTMP_DESCRIPTION_MAX - 1, "\xc3\xa9", 3);
    vt_rtmp_publish_refuse(&publish, "NetStream.Publish.Denied", text, &reply);
    REQUIRE(memmem(reply.data, reply.size, "xxx\0\0\x09", 6));
    REQUIRE(!memchr(reply.data, 0xc3, reply.size));
}

TEST(the_app_is_found_in_the_url_too)
{
    const char *urls[] = {"rtmp://host:1935/live?x=1", "'rtmp://host/live?x=1'"};
    for (int i = 0; i < 2; i++) {
        vt_rtmp_publish_init(&publish);
        REQUIRE_INT(send_connect(i ? "tcurl" : "tcUrl", urls[i]), 0);
        REQUIRE_TEXT(publish.app, "live?x=1");
    }
    vt_rtmp_publish_init(&publish);
    REQUIRE_INT(send_connect("tcUrl", "nonsense"), 0);
    REQUIRE_TEXT(publish.app, "");
    vt_rtmp_publish_init(&publish);
    REQUIRE_INT(send_command("connect", 1, 0, NULL), 0);             // no object at all
}

TEST(names_are_bounded)
{
    static char text[VT_RTMP_NAME_MAX + 2];
    for (int more = 0; more < 2; more++) {
        memset(text, 'k', VT_RTMP_NAME_MAX + 1);
        text[VT_RTMP_NAME_MAX + more] = 0;
        connect_it();
        REQUIRE_INT(send_command("publish", 5, 1, text), more ? VT_RTMP_ERROR_NAME : 0);
        vt_rtmp_publish_init(&publish);
        REQUIRE_INT(send_connect("app", text), more ? VT_RTMP_ERROR_NAME : 0);
        vt_rtmp_publish_init(&publish);
        char url[VT_RTMP_NAME_MAX + 16] = "rtmp://h/";
        strcat(url, text);
        REQUIRE_INT(send_connect("tcUrl", url), more ? VT_RTMP_ERROR_NAME : 0);
    }
    vt_rtmp_publish_init(&publish);
    REQUIRE_INT(send_connect("flashVer", text), 0);                  // only cut
    REQUIRE_INT(strlen(publish.encoder), VT_RTMP_ENCODER_MAX);
}

TEST(commands_and_streams_are_counted)
{
    connect_it();
    for (int i = 0; i < VT_RTMP_STREAMS; i++)
        REQUIRE_INT(send_command("createStream", 4, 0, NULL), 0);
    REQUIRE_INT(send_command("createStream", 4, 0, NULL), VT_RTMP_ERROR_STREAM_COUNT);
    connect_it();
    for (int i = 1; i < VT_RTMP_SETUP_COMMANDS; i++)
        REQUIRE_INT(send_command("x", 0, 0, NULL), 0);
    REQUIRE_INT(send_command("x", 0, 0, NULL), VT_RTMP_ERROR_COMMAND_COUNT);
}

TEST(order_is_kept)
{
    vt_rtmp_publish_init(&publish);
    REQUIRE_INT(send_command("publish", 1, 1, "k"), VT_RTMP_ERROR_COMMAND_ORDER);
    connect_it();
    REQUIRE_INT(send_connect("app", "live"), VT_RTMP_ERROR_COMMAND_ORDER);
    REQUIRE_INT(send_command("publish", 1, 1, "k"), 0);
    vt_rtmp_publish_accept(&publish, &reply);
    REQUIRE_INT(send_command("publish", 1, 1, "k"), VT_RTMP_ERROR_PUBLISH_TWICE);
}

static void go_live(void)
{
    connect_it();
    send_command("publish", 5, 1, "k");
    vt_rtmp_publish_accept(&publish, &reply);
}

TEST(every_goodbye_is_understood)
{
    go_live();
    REQUIRE_INT(send_command("FCUnpublish", 6, 0, "k"), 0);
    REQUIRE(memmem(reply.data, reply.size, "onFCUnpublish", 13));
    REQUIRE_INT(publish.stage, VT_RTMP_STAGE_ENDED);
    go_live();
    REQUIRE_INT(send_command("deleteStream", 7, 0, "k"), 0);         // GStreamer sends the name
    REQUIRE_INT(publish.stage, VT_RTMP_STAGE_ENDED);
    go_live();
    REQUIRE_INT(send_command("closeStream", 7, 2, NULL), 0);
    REQUIRE_INT(publish.stage, VT_RTMP_STAGE_LIVE);
    REQUIRE_INT(send_command("closeStream", 7, 1, NULL), 0);
    REQUIRE_INT(publish.stage, VT_RTMP_STAGE_ENDED);
    for (int stream = 2; stream > 0; stream--) {
        struct vt_writer body = {0};
        if (stream == 2)
            go_live();
        vt_amf0_write_string(&body, "deleteStream");
        vt_amf0_write_number(&body, 7);
        vt_amf0_write_null(&body);
        vt_amf0_write_number(&body, stream);
        REQUIRE_INT(send_raw(0, &body), 0);
        REQUIRE_INT(publish.stage, stream == 2 ? VT_RTMP_STAGE_LIVE : VT_RTMP_STAGE_ENDED);
    }
    connect_it();                                                    // before publish they mean nothing
    REQUIRE_INT(send_command("FCUnpublish", 6, 0, "k"), 0);
    REQUIRE_INT(send_command("deleteStream", 6, 0, "k"), 0);
    REQUIRE_INT(publish.stage, VT_RTMP_STAGE_CONNECTED);
}

TEST(broken_commands_are_refused)
{
    const struct {
        const char *bytes;
        size_t size;
    } bad[] = {{"", 0}, {"\5", 1}, {"\2\0\1", 3}, {"\2\0\1x\x11", 5}, {"\2\0\1x\5\x11", 6}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct vt_writer body = {0};
        connect_it();
        vt_write_bytes(&body, bad[i].bytes, bad[i].size);
        REQUIRE_INT(send_raw(0, &body), VT_RTMP_ERROR_AMF);
    }
    const char *names[] = {"publish", "deleteStream"};
    for (int i = 0; i < 2; i++) {
        struct vt_writer body = {0};
        connect_it();
        vt_amf0_write_string(&body, names[i]);
        vt_write_bytes(&body, "\5\5\x11", 3);                        // a transaction id that is no number counts as 0
        REQUIRE_INT(send_raw(0, &body), VT_RTMP_ERROR_AMF);
    }
}

int main(void)
{
    RUN(connect_is_answered_byte_for_byte);
    RUN(an_encoder_of_enhanced_rtmp_is_told_what_is_understood);
    RUN(who_can_is_asked_to_connect_again);
    RUN(the_way_to_publish_is_answered_byte_for_byte);
    RUN(a_refusal_is_written_byte_for_byte);
    RUN(the_app_is_found_in_the_url_too);
    RUN(names_are_bounded);
    RUN(commands_and_streams_are_counted);
    RUN(order_is_kept);
    RUN(every_goodbye_is_understood);
    RUN(broken_commands_are_refused);
    vt_writer_free(&reply);
    return DONE();
}
