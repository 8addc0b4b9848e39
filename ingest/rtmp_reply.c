#include "ingest/rtmp_reply.h"

#include <assert.h>
#include <string.h>

#include "ingest/amf0.h"
#include "ingest/flv_tag.h"
#include "ingest/rtmp_chunk.h"
#include "ingest/rtmp_limits.h"

#define CONTROL_CHUNK_STREAM 2
#define COMMAND_CHUNK_STREAM 3
#define HEADER_BYTES         12
#define STREAM_BEGIN         0
#define PONG                 7
#define DYNAMIC_LIMIT        2
#define STRICT_ARRAY         0x0a    // AMF0's marker
#define CAN_DECODE           1       // of Enhanced RTMP's masks
#define CAPS_RECONNECT       1
#define CAPS_MULTITRACK      2
#define CAPS_MOD_EX          4
#define CAPS_NANOSECONDS     8

// Returns where the header begins, for end_message.
static size_t begin_message(struct vt_writer *w, uint32_t chunk_stream, uint8_t type, uint32_t stream)
{
    size_t at = w->size;
    vt_write_u8(w, (uint8_t)chunk_stream);
    vt_write_u24be(w, 0);               // timestamp
    vt_write_u24be(w, 0);               // length, later
    vt_write_u8(w, type);
    vt_write_u32le(w, stream);
    return at;
}

static void end_message(struct vt_writer *w, size_t at)
{
    if (w->failed)
        return;
    size_t size = w->size - at - HEADER_BYTES;
    assert(size <= VT_RTMP_OUR_CHUNK_SIZE);
    w->data[at + 4] = (uint8_t)(size >> 16);
    w->data[at + 5] = (uint8_t)(size >> 8);
    w->data[at + 6] = (uint8_t)size;
}

static void write_control(struct vt_writer *w, uint8_t type, uint32_t value)
{
    size_t at = begin_message(w, CONTROL_CHUNK_STREAM, type, 0);
    vt_write_u32be(w, value);
    end_message(w, at);
}

void vt_rtmp_write_window(struct vt_writer *w, uint32_t bytes)
{
    write_control(w, VT_RTMP_WINDOW_SIZE, bytes);
}

void vt_rtmp_write_chunk_size(struct vt_writer *w, uint32_t bytes)
{
    write_control(w, VT_RTMP_SET_CHUNK_SIZE, bytes);
}

void vt_rtmp_write_acknowledgement(struct vt_writer *w, uint32_t bytes)
{
    write_control(w, VT_RTMP_ACKNOWLEDGEMENT, bytes);
}

void vt_rtmp_write_peer_bandwidth(struct vt_writer *w, uint32_t bytes)
{
    size_t at = begin_message(w, CONTROL_CHUNK_STREAM, VT_RTMP_PEER_BANDWIDTH, 0);
    vt_write_u32be(w, bytes);
    vt_write_u8(w, DYNAMIC_LIMIT);
    end_message(w, at);
}

static void write_user_control(struct vt_writer *w, uint16_t event, uint32_t value)
{
    size_t at = begin_message(w, CONTROL_CHUNK_STREAM, VT_RTMP_USER_CONTROL, 0);
    vt_write_u16be(w, event);
    vt_write_u32be(w, value);
    end_message(w, at);
}

void vt_rtmp_write_stream_begin(struct vt_writer *w, uint32_t stream)
{
    write_user_control(w, STREAM_BEGIN, stream);
}

void vt_rtmp_write_pong(struct vt_writer *w, uint32_t stamp)
{
    write_user_control(w, PONG, stamp);
}

static size_t begin_command(struct vt_writer *w, const struct vt_rtmp_call *call, const char *name)
{
    bool short_form = call->chunk_stream >= 2 && call->chunk_stream <= 63;
    size_t at = begin_message(w, short_form ? call->chunk_stream : COMMAND_CHUNK_STREAM, VT_RTMP_COMMAND,
                              call->stream);
    vt_amf0_write_string(w, name);
    vt_amf0_write_number(w, call->transaction);
    return at;
}

static void write_text_member(struct vt_writer *w, const char *name, const char *text)
{
    vt_amf0_write_name(w, name);
    vt_amf0_write_string(w, text);
}

static void write_number_member(struct vt_writer *w, const char *name, double number)
{
    vt_amf0_write_name(w, name);
    vt_amf0_write_number(w, number);
}

static void write_codec_list(struct vt_writer *w)
{
    char fourcc[5];
    uint32_t count = 0;
    for (int video = 0; video < 2; video++)
        for (int i = 0; vt_flv_fourcc(fourcc, video, i); i++)
            count++;
    vt_amf0_write_name(w, "fourCcList");
    vt_write_u8(w, STRICT_ARRAY);
    vt_write_u32be(w, count);
    for (int video = 0; video < 2; video++)
        for (int i = 0; vt_flv_fourcc(fourcc, video, i); i++)
            vt_amf0_write_string(w, fourcc);
}

static void write_codec_map(struct vt_writer *w, const char *name, bool video)
{
    char fourcc[5];
    vt_amf0_write_name(w, name);
    vt_amf0_write_object(w);
    for (int i = 0; vt_flv_fourcc(fourcc, video, i); i++)
        write_number_member(w, fourcc, CAN_DECODE);
    vt_amf0_write_end(w);
}

void vt_rtmp_write_connected(struct vt_writer *w, const struct vt_rtmp_call *call, bool enhanced)
{
    size_t at = begin_command(w, call, "_result");
    vt_amf0_write_object(w);
    write_text_member(w, "fmsVer", "FMS/3,0,1,123");
    write_number_member(w, "capabilities", 31);
    vt_amf0_write_end(w);
    vt_amf0_write_object(w);
    write_text_member(w, "level", "status");
    write_text_member(w, "code", "NetConnection.Connect.Success");
    write_text_member(w, "description", "Connection succeeded.");
    write_number_member(w, "objectEncoding", 0);
    if (enhanced) {
        write_codec_list(w);
        write_codec_map(w, "videoFourCcInfoMap", true);
        write_codec_map(w, "audioFourCcInfoMap", false);
        write_number_member(w, "capsEx", CAPS_RECONNECT | CAPS_MULTITRACK | CAPS_MOD_EX | CAPS_NANOSECONDS);
    }
    vt_amf0_write_end(w);
    end_message(w, at);
}

void vt_rtmp_write_result(struct vt_writer *w, const struct vt_rtmp_call *call)
{
    size_t at = begin_command(w, call, "_result");
    vt_amf0_write_null(w);
    vt_amf0_write_null(w);
    end_message(w, at);
}

void vt_rtmp_write_created(struct vt_writer *w, const struct vt_rtmp_call *call, uint32_t stream)
{
    size_t at = begin_command(w, call, "_result");
    vt_amf0_write_null(w);
    vt_amf0_write_number(w, stream);
    end_message(w, at);
}

void vt_rtmp_write_fc(struct vt_writer *w, const struct vt_rtmp_call *call, const char *command,
                      const char *code)
{
    size_t at = begin_command(w, call, command);
    vt_amf0_write_null(w);
    vt_amf0_write_object(w);
    write_text_member(w, "code", code);
    write_text_member(w, "description", "");
    vt_amf0_write_end(w);
    end_message(w, at);
}

void vt_rtmp_write_status(struct vt_writer *w, const struct vt_rtmp_call *call, const char *level,
                          const char *code, const char *description)
{
    char cut[VT_RTMP_DESCRIPTION_MAX + 1];
    size_t length = strnlen(description, VT_RTMP_DESCRIPTION_MAX);
    bool whole = description[length] == 0;
    while (!whole && length > 0 && ((uint8_t)description[length] & 0xc0) == 0x80)
        length--;                       // not within a character
    memcpy(cut, description, length);
    cut[length] = 0;

    size_t at = begin_command(w, call, "onStatus");
    vt_amf0_write_null(w);
    vt_amf0_write_object(w);
    write_text_member(w, "level", level);
    write_text_member(w, "code", code);
    write_text_member(w, "description", cut);
    vt_amf0_write_end(w);
    end_message(w, at);
}
