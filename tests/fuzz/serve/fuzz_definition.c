// A channel's definition as PUT sends it: what is taken can be told to a studio and read by it, keeps no key in plain text, and
// names no file outside of its folder; what is refused says why.
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "serve/definition.h"
#include "serve/json.h"

#define FOLDER "/no/such/folder"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_taken(const struct vt_channel *channel)
{
    struct vt_channel again;
    json_t *told = vt_channel_to_json(channel), *form = vt_channel_form(channel);
    vt_channel_init(&again, "-");
    assert(told && vt_channel_from_json(&again, told, NULL) == 0);
    json_t *form_again = vt_channel_form(&again);
    assert(json_equal(form, form_again));
    for (int i = 0; i < channel->n_templates; i++)
        assert(strncmp(channel->templates[i], FOLDER "/", sizeof FOLDER) == 0);
    assert(strncmp(channel->picture_root, FOLDER, sizeof FOLDER - 1) == 0);
    vt_channel_free(&again);
    json_decref(form_again);
    json_decref(form);
    json_decref(told);
}

// What is kept is read like what was sent.
static void check_kept(const json_t *definition)
{
    struct vt_channel channel;
    json_t *kept = vt_definition_hashed(definition), *shown = vt_definition_shown(kept), *key;
    size_t i;
    json_array_foreach(json_object_get(kept, "keys"), i, key)
        assert(strncmp(json_string_value(key), "sha256:", 7) == 0);
    assert(!json_object_get(shown, "keys"));
    int error = vt_definition_read(&channel, "stall", kept, FOLDER, NULL);
    assert(error == 0 || error == -EMSGSIZE);            // hashes are longer than keys
    if (error == 0)
        vt_channel_free(&channel);
    json_decref(shown);
    json_decref(kept);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct vt_diagnostics said;
    struct vt_channel channel;
    char why[VT_JSON_WHY];
    json_t *definition = vt_json_parse((const char *)data, size, 12, why);
    said.count = said.errors = said.warnings = 0;
    int error = definition ? vt_definition_read(&channel, "stall", definition, FOLDER, &said) : 0;
    if (definition && error == 0) {
        check_taken(&channel);
        check_kept(definition);
        vt_channel_free(&channel);
    } else if (error == -EINVAL && json_is_object(definition)) {
        json_t *list = vt_definition_said(definition, &said, VT_ERROR);
        assert(json_array_size(list) > 0);
        json_decref(list);
    }
    json_decref(definition);
    return 0;
}
