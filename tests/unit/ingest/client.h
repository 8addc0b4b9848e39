// The bytes that an RTMP publisher sends, for tests: handshake, chunks, commands.
#pragma once

#include <string.h>

#include "base/bytes.h"
#include "ingest/amf0.h"
#include "ingest/rtmp.h"
#include "ingest/rtmp_handshake.h"

__attribute__((unused)) static void client_handshake(struct vt_writer *w)
{
    vt_write_u8(w, 3);
    for (int i = 0; i < 2 * VT_RTMP_HANDSHAKE_BYTES; i++)
        vt_write_u8(w, (uint8_t)(i * 7));
}

// One whole message as a type 0 chunk and type 3 chunks of `chunk` bytes.
__attribute__((unused)) static void client_message(struct vt_writer *w, uint32_t chunk, uint8_t csid,
                                                   uint8_t type, uint32_t stream, uint32_t time,
                                                   const void *body, size_t size)
{
    vt_write_u8(w, csid);
    vt_write_u24be(w, time < 0xffffff ? time : 0xffffff);
    vt_write_u24be(w, (uint32_t)size);
    vt_write_u8(w, type);
    vt_write_u32le(w, stream);
    if (time >= 0xffffff)
        vt_write_u32be(w, time);
    for (size_t at = 0; at < size; at += chunk) {
        if (at > 0) {
            vt_write_u8(w, 0xc0 | csid);
            if (time >= 0xffffff)
                vt_write_u32be(w, time);
        }
        vt_write_bytes(w, (const uint8_t *)body + at, size - at < chunk ? size - at : chunk);
    }
}

__attribute__((unused)) static void client_number(struct vt_writer *w, uint8_t type, uint32_t value)
{
    uint8_t body[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    client_message(w, 128, 2, type, 0, 0, body, sizeof body);
}

// A command with a null command object and, unless NULL, one text argument and "live".
__attribute__((unused)) static void client_command(struct vt_writer *w, const char *name, double transaction,
                                                   uint32_t stream, const char *argument)
{
    struct vt_writer body = {0};
    vt_amf0_write_string(&body, name);
    vt_amf0_write_number(&body, transaction);
    vt_amf0_write_null(&body);
    if (argument) {
        vt_amf0_write_string(&body, argument);
        vt_amf0_write_string(&body, "live");
    }
    client_message(w, 128, 3, VT_RTMP_COMMAND, stream, 0, body.data, body.size);
    vt_writer_free(&body);
}

static double client_caps;               // capsEx of an encoder that says it; 0: it does not

__attribute__((unused)) static void client_connect(struct vt_writer *w, const char *app, const char *encoder)
{
    struct vt_writer body = {0};
    vt_amf0_write_string(&body, "connect");
    vt_amf0_write_number(&body, 1);
    vt_amf0_write_object(&body);
    vt_amf0_write_name(&body, "app");
    vt_amf0_write_string(&body, app);
    vt_amf0_write_name(&body, "type");
    vt_amf0_write_string(&body, "nonprivate");
    vt_amf0_write_name(&body, "flashVer");
    vt_amf0_write_string(&body, encoder);
    vt_amf0_write_name(&body, "tcUrl");
    vt_amf0_write_string(&body, "rtmp://127.0.0.1/live");
    if (client_caps > 0) {
        vt_amf0_write_name(&body, "capsEx");
        vt_amf0_write_number(&body, client_caps);
    }
    vt_amf0_write_end(&body);
    client_message(w, 128, 3, VT_RTMP_COMMAND, 0, 0, body.data, body.size);
    vt_writer_free(&body);
}

// Everything up to and with publish, as ffmpeg sends it.
__attribute__((unused)) static void client_publish(struct vt_writer *w, const char *name)
{
    client_handshake(w);
    client_connect(w, "live", "FMLE/3.0 (compatible; Lavf59.27.100)");
    client_number(w, VT_RTMP_SET_CHUNK_SIZE, 128);
    client_command(w, "releaseStream", 2, 0, name);
    client_command(w, "FCPublish", 3, 0, name);
    client_command(w, "createStream", 4, 0, NULL);
    client_command(w, "publish", 5, 1, name);
}
