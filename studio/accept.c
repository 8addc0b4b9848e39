#include "studio/accept.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "ingest/peer_address.h"

#define ACCEPT(field) .offset = offsetof(struct vt_accept, field)

static const struct vt_option accept_table[] = {
    {"bitrate", VT_OPTION_BITRATE, ACCEPT(bitrate), NULL, 1000, 1000000000,
     .doc = "the most that an encoder may send, sound and all, over ten seconds; default: any"},
    {"size", VT_OPTION_SIZE, ACCEPT(size), NULL, 16, 4096,
     .doc = "the largest picture, neither wider nor higher; default: any that can be decoded"},
    {"fps", VT_OPTION_RATE, ACCEPT(fps), NULL, 1, 240, .doc = "the most pictures a second; default: any"},
    {"keyframes", VT_OPTION_DURATION, ACCEPT(keyframes_ns), NULL, VT_NS_PER_S, 60 * VT_NS_PER_S,
     .doc = "the longest time from one key frame to the next; default: any"},
    {NULL},
};
static const char *const other_keys[] = {"addresses", NULL};

static int take_address(struct vt_accept *accept, const struct vt_yaml *entry, struct vt_diagnostics *d)
{
    char shown[VT_NETWORK_TEXT_MAX + 1];
    const char *text = entry->kind == VT_YAML_SCALAR && !vt_yaml_is_null(entry) ? entry->text : "";
    if (vt_network_parse(text, &accept->addresses[accept->n_addresses]) == 0) {
        accept->n_addresses++;
        return 0;
    }
    vt_diagnose(d, VT_ERROR, entry->line, entry->column, "must be an address or a network such as 10.0.0.0/8, is %s",
                *text ? vt_escape(shown, sizeof shown, text, strlen(text)) : "empty");
    return -EINVAL;
}

static int read_addresses(struct vt_accept *accept, const struct vt_yaml *list, struct vt_diagnostics *d)
{
    int err = 0;
    if (!list)
        return 0;
    if (list->kind != VT_YAML_LIST || list->count > VT_ACCEPT_MAX) {
        vt_diagnose(d, VT_ERROR, list->line, list->column, "addresses must be a list of at most %d", VT_ACCEPT_MAX);
        return -EINVAL;
    }
    accept->n_addresses = 0;
    for (const struct vt_yaml *entry = list->first; entry; entry = entry->next)
        err = take_address(accept, entry, d) ? -EINVAL : err;
    return err;
}

int vt_accept_from_yaml(struct vt_accept *accept, const struct vt_yaml *map, struct vt_diagnostics *diagnostics)
{
    int err = vt_options_from_yaml(accept_table, other_keys, accept, map, diagnostics);
    bool is_map = map->kind == VT_YAML_MAP;
    return is_map && read_addresses(accept, vt_yaml_get(map, "addresses"), diagnostics) ? -EINVAL : err;
}

void vt_accept_document(struct vt_writer *w)
{
    vt_write_format(w, "| `accept.addresses` | list | at most %d | | addresses and networks (10.0.0.0/8, 2001:db8::/32) that its"
                    " encoders may come from; empty: all |\n", VT_ACCEPT_MAX);
    vt_options_document(accept_table, "accept.", w);
}

bool vt_accept_from(const struct vt_accept *accept, const char *address)
{
    struct sockaddr_storage who;
    vt_peer_sockaddr(&who, address);
    return accept->n_addresses == 0 || vt_networks_hold(accept->addresses, accept->n_addresses, &who);
}

json_t *vt_accept_addresses(const struct vt_accept *accept)
{
    json_t *list = json_array();
    for (int i = 0; list && i < accept->n_addresses; i++) {
        char text[VT_NETWORK_TEXT_MAX + 1];
        vt_network_text(&accept->addresses[i], text);
        json_array_append_new(list, json_string(text));
    }
    return list;
}
