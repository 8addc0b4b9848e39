#include "ingest/rtmp_publish.h"

#include <errno.h>
#include <string.h>

#include "ingest/amf0.h"
#include "ingest/rtmp_reply.h"

#define STREAM_NONE    0
#define CAPS_RECONNECT 1                 // of capsEx

// A command message taken apart as far as all commands are alike.
struct command {
    struct vt_rtmp_call call;            // how to answer
    struct vt_amf0_value name;
    struct vt_amf0_value object;         // the command object; null if there is none
    struct vt_reader arguments;
    uint32_t stream;                     // message stream id that it came on
};

typedef enum vt_rtmp_error handler(struct vt_rtmp_publish *publish, struct command *command,
                                   struct vt_writer *reply);

void vt_rtmp_publish_init(struct vt_rtmp_publish *publish)
{
    memset(publish, 0, sizeof *publish);
}

static int read_command(struct command *ret, const struct vt_rtmp_message *message)
{
    struct vt_reader r = vt_reader(message->data, message->size);
    struct vt_amf0_value transaction;
    struct command command = {.object.type = VT_AMF0_NULL, .stream = message->stream};
    if (vt_amf0_next(&r, &command.name) < 0 || command.name.type != VT_AMF0_STRING)
        return -EBADMSG;
    int error = vt_amf0_next(&r, &transaction);
    if (error == 0 && transaction.type == VT_AMF0_NUMBER)
        command.call.transaction = transaction.number;
    if (error == 0)
        error = vt_amf0_next(&r, &command.object);
    if (error == -EBADMSG)
        return error;
    command.call.chunk_stream = message->chunk_stream;
    command.arguments = r;
    *ret = command;
    return 0;
}

// The next argument as text; a missing one, or one of another type, is "".
static enum vt_rtmp_error copy_text(const struct vt_amf0_value *value, char *out, size_t room)
{
    if (value->type != VT_AMF0_STRING) {
        out[0] = 0;
        return VT_RTMP_ERROR_NONE;
    }
    return vt_amf0_copy(value, out, room) < 0 ? VT_RTMP_ERROR_NAME : VT_RTMP_ERROR_NONE;
}

// What stands after the host in a tcUrl, which some encoders put in quotes.
static struct vt_amf0_value app_of_url(struct vt_amf0_value url)
{
    int slashes = 0;
    while (url.size > 0 && slashes < 3) {
        slashes += *url.text == '/';
        url.text++;
        url.size--;
    }
    if (url.size > 0 && url.text[url.size - 1] == '\'')
        url.size--;
    return url;
}

// Whether it says anything of Enhanced RTMP; most that speak it do not.
static bool speaks_enhanced(const struct vt_amf0_value *object)
{
    static const char *const names[] = {"fourCcList", "videoFourCcInfoMap", "audioFourCcInfoMap", "capsEx"};
    struct vt_amf0_value value;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (vt_amf0_find(object, names[i], &value))
            return true;
    }
    return false;
}

static bool can_reconnect(const struct vt_amf0_value *object)
{
    struct vt_amf0_value value;
    return vt_amf0_find(object, "capsEx", &value) && value.type == VT_AMF0_NUMBER && value.number >= 0 &&
           value.number <= UINT16_MAX && ((unsigned)value.number & CAPS_RECONNECT);
}

static enum vt_rtmp_error on_connect(struct vt_rtmp_publish *publish, struct command *command,
                                     struct vt_writer *reply)
{
    if (publish->stage != VT_RTMP_STAGE_NEW)
        return VT_RTMP_ERROR_COMMAND_ORDER;
    struct vt_amf0_value value;
    if (vt_amf0_find(&command->object, "app", &value) && value.type == VT_AMF0_STRING) {
        if (copy_text(&value, publish->app, sizeof publish->app))
            return VT_RTMP_ERROR_NAME;
    } else if ((vt_amf0_find(&command->object, "tcUrl", &value) ||
                vt_amf0_find(&command->object, "tcurl", &value)) && value.type == VT_AMF0_STRING) {
        value = app_of_url(value);
        if (copy_text(&value, publish->app, sizeof publish->app))
            return VT_RTMP_ERROR_NAME;
    }
    if (vt_amf0_find(&command->object, "flashVer", &value) && value.type == VT_AMF0_STRING) {
        if (value.size > VT_RTMP_ENCODER_MAX)
            value.size = VT_RTMP_ENCODER_MAX;
        vt_amf0_copy(&value, publish->encoder, sizeof publish->encoder);
    }
    publish->reconnects = can_reconnect(&command->object);
    publish->stage = VT_RTMP_STAGE_CONNECTED;
    vt_rtmp_write_window(reply, VT_RTMP_WINDOW);
    vt_rtmp_write_peer_bandwidth(reply, VT_RTMP_WINDOW);
    vt_rtmp_write_stream_begin(reply, STREAM_NONE);
    vt_rtmp_write_chunk_size(reply, VT_RTMP_OUR_CHUNK_SIZE);
    vt_rtmp_write_connected(reply, &command->call, speaks_enhanced(&command->object));
    return VT_RTMP_ERROR_NONE;
}

static enum vt_rtmp_error on_release_stream(struct vt_rtmp_publish *publish, struct command *command,
                                            struct vt_writer *reply)
{
    vt_rtmp_write_result(reply, &command->call);
    return VT_RTMP_ERROR_NONE;
}

static enum vt_rtmp_error on_fc_publish(struct vt_rtmp_publish *publish, struct command *command,
                                        struct vt_writer *reply)
{
    vt_rtmp_write_fc(reply, &command->call, "onFCPublish", "NetStream.Publish.Start");
    return VT_RTMP_ERROR_NONE;
}

static enum vt_rtmp_error on_create_stream(struct vt_rtmp_publish *publish, struct command *command,
                                           struct vt_writer *reply)
{
    if (publish->streams == VT_RTMP_STREAMS)
        return VT_RTMP_ERROR_STREAM_COUNT;
    vt_rtmp_write_created(reply, &command->call, ++publish->streams);
    return VT_RTMP_ERROR_NONE;
}

static enum vt_rtmp_error on_publish(struct vt_rtmp_publish *publish, struct command *command,
                                     struct vt_writer *reply)
{
    if (publish->stage != VT_RTMP_STAGE_CONNECTED)
        return VT_RTMP_ERROR_PUBLISH_TWICE;
    struct vt_amf0_value name = {.type = VT_AMF0_NULL};
    if (vt_amf0_next(&command->arguments, &name) == -EBADMSG)
        return VT_RTMP_ERROR_AMF;
    if (copy_text(&name, publish->name, sizeof publish->name))
        return VT_RTMP_ERROR_NAME;
    publish->stream = command->stream;
    publish->chunk_stream = command->call.chunk_stream;
    publish->stage = VT_RTMP_STAGE_ASKED;
    return VT_RTMP_ERROR_NONE;
}

static enum vt_rtmp_error on_fc_unpublish(struct vt_rtmp_publish *publish, struct command *command,
                                          struct vt_writer *reply)
{
    vt_rtmp_write_fc(reply, &command->call, "onFCUnpublish", "NetStream.Unpublish.Success");
    if (publish->stage == VT_RTMP_STAGE_LIVE)
        publish->stage = VT_RTMP_STAGE_ENDED;
    return VT_RTMP_ERROR_NONE;
}

static enum vt_rtmp_error on_delete_stream(struct vt_rtmp_publish *publish, struct command *command,
                                           struct vt_writer *reply)
{
    struct vt_amf0_value stream = {.type = VT_AMF0_NULL};
    if (vt_amf0_next(&command->arguments, &stream) == -EBADMSG)
        return VT_RTMP_ERROR_AMF;
    bool another = stream.type == VT_AMF0_NUMBER && stream.number != publish->stream;   // GStreamer sends the name
    if (publish->stage == VT_RTMP_STAGE_LIVE && !another)
        publish->stage = VT_RTMP_STAGE_ENDED;
    return VT_RTMP_ERROR_NONE;
}

static enum vt_rtmp_error on_close_stream(struct vt_rtmp_publish *publish, struct command *command,
                                          struct vt_writer *reply)
{
    if (publish->stage == VT_RTMP_STAGE_LIVE && command->stream == publish->stream)
        publish->stage = VT_RTMP_STAGE_ENDED;
    return VT_RTMP_ERROR_NONE;
}

static const struct {
    const char *name;
    handler *handle;
} commands[] = {
    {"releaseStream", on_release_stream}, {"FCPublish", on_fc_publish},
    {"createStream", on_create_stream},   {"publish", on_publish},
    {"FCUnpublish", on_fc_unpublish},     {"deleteStream", on_delete_stream},
    {"closeStream", on_close_stream},     {"_checkbw", on_release_stream},
};

enum vt_rtmp_error vt_rtmp_publish_command(struct vt_rtmp_publish *publish,
                                           const struct vt_rtmp_message *message, struct vt_writer *reply)
{
    struct command command;
    if (publish->stage < VT_RTMP_STAGE_ASKED && publish->commands++ == VT_RTMP_SETUP_COMMANDS)
        return VT_RTMP_ERROR_COMMAND_COUNT;
    if (read_command(&command, message) < 0)
        return VT_RTMP_ERROR_AMF;
    if (vt_amf0_is(&command.name, "connect"))
        return on_connect(publish, &command, reply);
    if (publish->stage == VT_RTMP_STAGE_NEW)
        return VT_RTMP_ERROR_COMMAND_ORDER;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (vt_amf0_is(&command.name, commands[i].name))
            return commands[i].handle(publish, &command, reply);
    }
    return VT_RTMP_ERROR_NONE;
}

void vt_rtmp_publish_accept(struct vt_rtmp_publish *publish, struct vt_writer *reply)
{
    struct vt_rtmp_call call = {publish->chunk_stream, publish->stream, 0};
    publish->stage = VT_RTMP_STAGE_LIVE;
    vt_rtmp_write_stream_begin(reply, publish->stream);
    vt_rtmp_write_status(reply, &call, "status", "NetStream.Publish.Start", "Publishing.");
}

void vt_rtmp_publish_refuse(struct vt_rtmp_publish *publish, const char *code, const char *description,
                            struct vt_writer *reply)
{
    struct vt_rtmp_call call = {publish->chunk_stream, publish->stream, 0};
    publish->stage = VT_RTMP_STAGE_ENDED;
    vt_rtmp_write_status(reply, &call, "error", code ? code : "NetStream.Publish.BadName", description);
}

bool vt_rtmp_publish_reconnect(const struct vt_rtmp_publish *publish, const char *description, struct vt_writer *reply)
{
    struct vt_rtmp_call call = {publish->chunk_stream, STREAM_NONE, 0};
    if (!publish->reconnects || publish->stage != VT_RTMP_STAGE_LIVE)
        return false;
    vt_rtmp_write_status(reply, &call, "status", "NetConnection.Connect.ReconnectRequest", description);
    return true;
}

bool vt_rtmp_publish_valid(const struct vt_rtmp_publish *publish)
{
    return publish->stage <= VT_RTMP_STAGE_ENDED && publish->reconnects <= 1 &&
           publish->streams <= VT_RTMP_STREAMS && memchr(publish->app, 0, sizeof publish->app) && memchr(publish->name, 0, sizeof publish->name) &&
           memchr(publish->encoder, 0, sizeof publish->encoder);
}
