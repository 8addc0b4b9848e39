// /v1/channels/{channel}/keys: stream keys that are made, listed and revoked. A key itself is shown once and kept nowhere.
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/random.h>

#include "serve/api.h"
#include "serve/policy.h"

#define KEY_BYTES 20                     // of chance
#define KEY_CHARS (KEY_BYTES * 8 / 5)

static void add_bound(json_t *object, const char *name, int64_t s, bool as_text)
{
    char text[VT_TIME_TEXT];
    if (s == INT64_MIN || s == INT64_MAX)
        return;
    vt_format_time(s * VT_NS_PER_S, text);
    json_object_set_new(object, name, as_text ? json_string(text) : json_integer(s));
}

static json_t *key_json(const struct vt_key_record *key)
{
    char made[VT_TIME_TEXT];
    vt_format_time(key->made_s * VT_NS_PER_S, made);
    json_t *object = json_pack("{s:s, s:s}", "id", key->id, "made", made);
    add_bound(object, "not_before", key->not_before_s, true);
    add_bound(object, "not_after", key->not_after_s, true);
    return object;
}

int vt_keys_tell(const struct vt_broadcast *broadcast)
{
    struct vt_key_record keys[VT_MADE_KEYS_MAX];
    int count = vt_store_keys(broadcast->origin->store, broadcast->name, keys, VT_MADE_KEYS_MAX);
    json_t *list = json_array();
    for (int i = 0; i < count; i++) {
        json_t *key = json_pack("{s:s}", "sha256", keys[i].sha256);
        add_bound(key, "not_before", keys[i].not_before_s, false);
        add_bound(key, "not_after", keys[i].not_after_s, false);
        json_array_append_new(list, key);
    }
    // without its store a channel still has the keys of its configuration
    int error = vt_link_send(broadcast->origin->supervisor, VT_MSG_CHANNEL_KEYS,
                             json_pack("{s:s, s:o}", "channel", broadcast->name, "keys", list), NULL, 0);
    return count < 0 ? count : error;
}

void vt_api_list_keys(struct vt_request *request)
{
    struct vt_broadcast *broadcast = vt_request_broadcast(request);
    struct vt_key_record keys[VT_MADE_KEYS_MAX];
    if (!broadcast)
        return;
    int count = vt_store_keys(broadcast->origin->store, broadcast->name, keys, VT_MADE_KEYS_MAX);
    if (count < 0) {
        vt_answer_store_failure(&request->answer, count);
        return;
    }
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, key_json(&keys[i]));
    vt_answer_json(&request->answer, 200, json_pack("{s:o}", "keys", list));
}

// A time of the body. Answers with a problem and returns false when it is none.
static bool read_bound(struct vt_request *request, const json_t *body, const char *name, int64_t *ret)
{
    const json_t *value = json_object_get(body, name);
    int64_t ns;
    if (!value || json_is_null(value))
        return true;
    if (json_is_string(value) && vt_parse_time(json_string_value(value), &ns) == 0) {
        *ret = ns / VT_NS_PER_S;
        return true;
    }
    vt_answer_problem(&request->answer, 422, "Not a time", "\"%s\" must be a time like 2026-03-01T19:00:00Z.", name);
    return false;
}

static bool read_times(struct vt_request *request, struct vt_key_record *key)
{
    static const char *const members[] = {"not_before", "not_after", NULL};
    json_t *body = request->body_size ? vt_request_object(request) : json_object();
    bool good = body && !vt_request_unknown_member(request, body, members) &&
                read_bound(request, body, "not_before", &key->not_before_s) &&
                read_bound(request, body, "not_after", &key->not_after_s);
    if (good && key->not_after_s <= key->not_before_s) {
        vt_answer_problem(&request->answer, 422, "Never valid", "\"not_after\" must be later than \"not_before\".");
        good = false;
    }
    json_decref(body);
    return good;
}

// Letters and digits that are not taken for each other.
static int make_text(char text[KEY_CHARS + 1])
{
    static const char digits[] = "abcdefghijkmnpqrstuvwxyz23456789";
    uint8_t chance[KEY_BYTES];
    if (getrandom(chance, sizeof chance, 0) != (ssize_t)sizeof chance)
        return -EIO;
    uint32_t bits = 0;
    int held = 0, at = 0;
    for (int i = 0; i < KEY_BYTES; i++) {
        bits = bits << 8 | chance[i];
        for (held += 8; held >= 5; held -= 5)
            text[at++] = digits[bits >> (held - 5) & 31];
    }
    text[at] = 0;
    OPENSSL_cleanse(chance, sizeof chance);
    return 0;
}

static void make_key(struct vt_request *request, struct vt_broadcast *broadcast, struct vt_key_record *key)
{
    char text[KEY_CHARS + 1];
    int error = make_text(text);
    if (!error) {
        vt_sha256_hex(text, strlen(text), key->sha256);
        memcpy(key->id, key->sha256, sizeof key->id - 1);
        key->id[sizeof key->id - 1] = 0;
        key->made_s = vt_program_now_ns() / VT_NS_PER_S;
        error = vt_store_put_key(broadcast->origin->store, broadcast->name, key);
    }
    if (error) {
        vt_answer_store_failure(&request->answer, error);
    } else {
        json_t *body = key_json(key);
        json_object_set_new(body, "key", json_string(text));
        vt_answer_json(&request->answer, 201, body);
        vt_answer_header(&request->answer, "Cache-Control", "no-store");
        vt_keys_tell(broadcast);
    }
    OPENSSL_cleanse(text, sizeof text);
}

void vt_api_make_key(struct vt_request *request)
{
    struct vt_broadcast *broadcast = vt_request_broadcast(request);
    struct vt_key_record key = {.not_before_s = INT64_MIN, .not_after_s = INT64_MAX}, keys[VT_MADE_KEYS_MAX];
    if (!broadcast || !read_times(request, &key))
        return;
    int count = vt_store_keys(broadcast->origin->store, broadcast->name, keys, VT_MADE_KEYS_MAX);
    if (count < 0)
        vt_answer_store_failure(&request->answer, count);
    else if (count == VT_MADE_KEYS_MAX)
        vt_answer_problem(&request->answer, 409, "Too many keys", "A channel has at most %d of them. Revoke one first.",
                          VT_MADE_KEYS_MAX);
    else
        make_key(request, broadcast, &key);
}

void vt_api_revoke_key(struct vt_request *request)
{
    struct vt_broadcast *broadcast = vt_request_broadcast(request);
    if (!broadcast)
        return;
    int error = vt_store_delete_key(broadcast->origin->store, broadcast->name, request->match.args[1]);
    if (error == -ENOENT) {
        vt_answer_problem(&request->answer, 404, "No such key",
                          "GET /v1/channels/%s/keys lists those that were made here; the configuration's are not among them.",
                          broadcast->name);
    } else if (error) {
        vt_answer_store_failure(&request->answer, error);
    } else {
        vt_keys_tell(broadcast);
        vt_answer_init(&request->answer, 204);
    }
}
