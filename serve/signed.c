// Signed addresses as the origin serves them: who may read /live/, what an edge asks, and the API that hands them out.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mediatime.h"
#include "serve/api.h"

#define ANSWER_LIFE_S   60               // an edge may believe "authorized" for so long
#define LIFE_S          3600             // of a signature, unless the request says otherwise
#define CHANNEL_ROOM    (sizeof "/live/" + VT_NAME_ROOM)

static bool refuse(struct vt_request *request, const char *detail)
{
    vt_answer_problem(&request->answer, 403, "Not allowed", "%s", detail);
    vt_answer_header(&request->answer, "Cache-Control", "no-store");
    return false;
}

// Only shows are behind signatures: the player's files are no secret.
static bool is_behind(const char *path)
{
    return strncmp(path, "/live/", strlen("/live/")) == 0;
}

bool vt_public_enter(struct vt_request *request)
{
    const struct vt_signing *signing = &vt_request_origin(request)->signing;
    char token[VT_SIGNED_TOKEN];
    const char *rest;
    if (signing->n_keys == 0)
        return true;
    if (!vt_signed_split(request->path, token, &rest))
        return !is_behind(request->path) ||
               refuse(request, "This server plays signed addresses only: ask whoever runs the shop for one.");
    switch (vt_signing_check(signing, token, rest, time(NULL))) {
    case 0:
        request->allowed_until_s = strtoll(token, NULL, 10);
        memmove(request->path, rest, strlen(rest) + 1);
        return true;
    case -ETIME:
        return refuse(request, "The address has expired: ask for a new one.");
    default:
        return refuse(request, "The address's signature is not for this path.");
    }
}

// What an edge that keeps answers asks before it gives one of them away.
void vt_public_authorized(struct vt_request *request)
{
    int64_t left = request->allowed_until_s ? request->allowed_until_s - time(NULL) : ANSWER_LIFE_S;
    vt_answer_init(&request->answer, 204);
    vt_answer_header(&request->answer, "Cache-Control", "max-age=%d", left < ANSWER_LIFE_S ? (int)left : ANSWER_LIFE_S);
}

// ---- handing them out

static bool read_life(struct vt_request *request, int64_t *ret)
{
    static const char *const known[] = {"expires_in", NULL};
    json_t *body = request->body ? vt_request_object(request) : json_object();
    if (!body || vt_request_unknown_member(request, body, known)) {
        json_decref(body);
        return false;
    }
    const json_t *value = json_object_get(body, "expires_in");
    int64_t life = value ? json_integer_value(value) : LIFE_S;
    json_decref(body);
    if (life < 1 || life > VT_SIGNED_LIFE_S) {
        vt_answer_problem(&request->answer, 422, "Bad expires_in", "expires_in must be whole seconds from 1 to %d.",
                          VT_SIGNED_LIFE_S);
        return false;
    }
    *ret = life;
    return true;
}

static void answer_signature(struct vt_request *request, const char *channel, const char *token, int64_t expires_s)
{
    char expires[VT_TIME_TEXT];
    vt_format_time(expires_s * VT_NS_PER_S, expires);
    vt_answer_json(&request->answer, 201,
                   json_pack("{s:s, s:o, s:o, s:s}", "token", token, "playlist",
                             json_sprintf("/@%s/live/%s/index.m3u8", token, channel), "watch",
                             json_sprintf("/watch/%s?token=%s", channel, token), "expires", expires));
}

void vt_api_sign_address(struct vt_request *request)
{
    const struct vt_broadcast *broadcast = vt_request_broadcast(request);
    char prefix[CHANNEL_ROOM], token[VT_SIGNED_TOKEN];
    int64_t life;
    if (!broadcast || !read_life(request, &life))
        return;
    int64_t expires_s = time(NULL) + life;
    snprintf(prefix, sizeof prefix, "/live/%s", broadcast->name);
    if (vt_signing_sign(&vt_request_origin(request)->signing, prefix, expires_s, token) == 0)
        answer_signature(request, broadcast->name, token, expires_s);
    else
        vt_answer_problem(&request->answer, 409, "Addresses are not signed",
                          "This server plays every address: playback.signing_keys names no file.");
}
