#include "ingest/srt_admission.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

int vt_srt_admission_init(struct vt_srt_admission *admission, const struct vt_srt_keys *keys)
{
    *admission = (struct vt_srt_admission){.keys = *keys};
    return vt_guesses_new(&admission->guesses);
}

void vt_srt_admission_clear(struct vt_srt_admission *admission)
{
    vt_guesses_free(&admission->guesses);
    OPENSSL_cleanse(admission, sizeof *admission);
}

void vt_srt_admission_keys(struct vt_srt_admission *admission, const struct vt_srt_keys *keys)
{
    admission->keys = *keys;
}

static bool has_room(const struct vt_srt_admission *admission, uint64_t group)
{
    int count = 0;
    for (int i = 0; i < admission->n_connections; i++)
        count += admission->groups[i] == group;
    return admission->n_connections < VT_SRT_CONNECTIONS && count < VT_SRT_PER_ADDRESS;
}

static int read_streamid(struct vt_streamid *ret, const char *port, const char *streamid)
{
    if (!port[0] || streamid[0])
        return vt_streamid_srt(ret, streamid);
    *ret = (struct vt_streamid){.key = ""};
    snprintf(ret->key, sizeof ret->key, "SRT port of %s", port);
    return 0;
}

// The line of a channel's own listener: it must have a passphrase, for nothing else keeps strangers out.
static bool find_port(const struct vt_srt_keys *keys, const char *port, struct vt_srt_channel *ret)
{
    struct vt_srt_channel line = vt_srt_keys_line(keys, port);
    bool known = line.passphrase[0] && strcmp(line.name, port) == 0;
    if (known)
        *ret = line;
    OPENSSL_cleanse(&line, sizeof line);
    return known;
}

// Whose line it gets: its key's channel, or, where somebody else is asked about keys, the one that it names.
static bool find_line(const struct vt_srt_keys *keys, const struct vt_streamid *asked, struct vt_srt_channel *ret)
{
    const struct vt_srt_channel *channel = vt_srt_keys_find(keys, asked->key);
    bool other = channel && asked->resource[0] && strcmp(asked->resource, channel->name) != 0;
    bool known = channel && !other, open = !channel && keys->open;
    if (known)
        *ret = *channel;
    else if (open)
        *ret = vt_srt_keys_line(keys, asked->resource);
    return known || open;
}

// `port`: whose listener it came to without a streamid, or NULL.
static int judge(struct vt_srt_admission *admission, const char *port, const struct vt_streamid *asked,
                 const struct vt_peer_address *from, int64_t now_ns, struct vt_srt_channel *ret)
{
    struct vt_srt_channel line = {.name = ""};
    uint8_t who[32];
    vt_srt_refusals_name(who, from->group, asked->key);
    int before = vt_srt_refusals_get(&admission->refusals, who, now_ns);
    if (before)
        return before;
    bool known = port ? find_port(&admission->keys, port, &line) : find_line(&admission->keys, asked, &line);
    known = known && (admission->keys.open || vt_srt_channel_takes(&line, from));
    bool room = has_room(admission, from->group);
    bool allowed = vt_guesses_allow(admission->guesses, from->text, now_ns);
    if (room && allowed && known)
        *ret = line;
    if (room && allowed && !known)
        vt_guesses_note(admission->guesses, from->text, now_ns);
    OPENSSL_cleanse(&line, sizeof line);
    return !room ? VT_SRT_OVERLOAD : known && allowed ? 0 : VT_SRT_UNAUTHORIZED;
}

int vt_srt_admission_judge(struct vt_srt_admission *admission, const char *port, const char *streamid,
                           const struct vt_peer_address *from, int64_t now_ns, struct vt_srt_channel *ret)
{
    struct vt_streamid asked;
    int error = read_streamid(&asked, port, streamid);
    if (error)
        return error == -EPERM ? VT_SRT_BAD_MODE : VT_SRT_BAD_REQUEST;
    int code = judge(admission, port[0] && !streamid[0] ? port : NULL, &asked, from, now_ns, ret);
    OPENSSL_cleanse(&asked, sizeof asked);
    return code;
}

const char *vt_srt_admission_words(int code)
{
    return code == VT_SRT_BAD_MODE       ? "refused: it asks to play"
         : code == VT_SRT_UNAUTHORIZED   ? "refused: no channel has that key, or takes it from there, or it has sent too many wrong ones"
         : code == VT_SRT_OVERLOAD       ? "refused: there are too many publishers, in all or from its address"
         : code == VT_SRT_CONFLICT       ? "refused: another one publishes, as it has been told"
         : code == VT_SRT_DOWN           ? "refused: nobody is let in now, as it has been told"
         : code == VT_SRT_FAILED         ? "refused: it could not be set up"
                                         : "refused: its streamid names no key";
}

int vt_srt_admission_describe(const struct vt_srt_admission *admission, const char *port, const char *streamid,
                              char key[VT_KEY_ROOM], char channel[VT_NAME_ROOM])
{
    struct vt_streamid asked;
    struct vt_srt_channel line = {.name = ""};
    int error = read_streamid(&asked, port, streamid);
    if (error)
        return error;
    if (port[0] && !streamid[0])
        (void)find_port(&admission->keys, port, &line);
    else
        (void)find_line(&admission->keys, &asked, &line);
    snprintf(key, VT_KEY_ROOM, "%s", asked.key);
    snprintf(channel, VT_NAME_ROOM, "%s", line.name);
    OPENSSL_cleanse(&line, sizeof line);
    OPENSSL_cleanse(&asked, sizeof asked);
    return 0;
}

bool vt_srt_admission_enter(struct vt_srt_admission *admission, int64_t conn, uint64_t group, const char *key)
{
    if (!has_room(admission, group))
        return false;
    admission->groups[admission->n_connections++] = group;
    admission->lately[admission->next_lately].conn = conn;
    vt_srt_refusals_name(admission->lately[admission->next_lately].who, group, key);
    admission->next_lately = (admission->next_lately + 1) % VT_SRT_CONNECTIONS;
    return true;
}

void vt_srt_admission_leave(struct vt_srt_admission *admission, uint64_t group)
{
    int i = 0;
    while (admission->groups[i] != group)
        i++;
    admission->groups[i] = admission->groups[--admission->n_connections];
}

void vt_srt_admission_refuse(struct vt_srt_admission *admission, int64_t conn, int code, int64_t until_ns)
{
    for (int i = 0; i < VT_SRT_CONNECTIONS; i++) {
        if (admission->lately[i].conn == conn && conn > 0)
            vt_srt_refusals_put(&admission->refusals, admission->lately[i].who, code, until_ns);
    }
}
