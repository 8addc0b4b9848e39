#include "serve/hook_answer.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mediatime.h"
#include "base/message.h"

char *vt_hook_request(const struct vt_hook_question *question, int64_t program_ns)
{
    char now[VT_TIME_TEXT];
    vt_format_time(program_ns, now);
    json_t *body = json_pack("{s:i, s:s, s:s, s:s, s:s?, s:s, s:s, s:s}", "version", 1, "event", "publish", "time", now,
                             "key", question->key, "channel", question->channel, "protocol", question->protocol,
                             "address", question->address, "encoder", question->encoder);
    char *text = body ? json_dumps(body, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
    json_decref(body);
    return text;
}

void vt_hook_sign(char out[VT_HOOK_SIGNATURE], const char *secret, const char *body)
{
    unsigned char code[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)body, strlen(body), code, &size);
    for (unsigned i = 0; 2 * i + 2 < VT_HOOK_SIGNATURE; i++)
        snprintf(out + 2 * i, 3, "%02x", code[i]);
}

static const char *read_body(struct vt_hook_answer *ret, const json_t *body)
{
    const json_t *allow = json_object_get(body, "allow"), *channel = json_object_get(body, "channel");
    if (!json_is_boolean(allow))
        return "its body is no JSON object with allow: true or false";
    if (json_is_false(allow)) {
        ret->verdict = VT_HOOK_DENIED;
        return NULL;
    }
    if (channel && !json_is_null(channel) && vt_name_copy(ret->channel, json_string_value(channel)))
        return "it names a channel in a way that cannot be";
    ret->verdict = VT_HOOK_GRANTED;
    return NULL;
}

const char *vt_hook_read(struct vt_hook_answer *ret, long status, const char *body, size_t size)
{
    *ret = (struct vt_hook_answer){.verdict = VT_HOOK_FAILED};
    if (status == 401 || status == 403 || status == 404) {
        ret->verdict = VT_HOOK_DENIED;
        return NULL;
    }
    if (status >= 300 && status < 400)
        return "it redirects, which is not followed";
    if (status != 200)
        return "its status is none of 200, 401, 403 and 404";
    if (size > VT_HOOK_ANSWER_BYTES)
        return "its body is too long";
    json_t *json = json_loadb(body, size, JSON_REJECT_DUPLICATES, NULL);
    const char *why = read_body(ret, json);
    json_decref(json);
    return why;
}
